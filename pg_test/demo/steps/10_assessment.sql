
-- ======================================================================================================================
-- 10. The assessment again
-- ======================================================================================================================
SELECT item, title, declared_pct, observed_pct, enforced_pct, proven_pct, open_findings FROM governance.checklist();
--! ^ D9 +\|

-- What is on, what is not there yet, and what to do about it.
SELECT feature, level, active, detail FROM governance.status();
--! attached
