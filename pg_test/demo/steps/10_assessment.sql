
-- ======================================================================================================================
-- 10. The assessment again
-- ======================================================================================================================
SELECT item, title, declared_pct AS declared, observed_pct AS observed, enforced_pct AS enforced, proven_pct AS proven,
       open_findings AS findings FROM governance.checklist();
--! ^ D9 +\|.*\| +100 +\|

-- What is on in this database, and what of it is not held; functions of later versions are listed there too.
SELECT feature, level, active, detail FROM governance.status() WHERE feature NOT LIKE '%()';
--! guard.not_seen
