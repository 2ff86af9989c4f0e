
-- ======================================================================================================================
-- 1. Day zero: a shop that has been running for years, and nothing declared yet
-- ======================================================================================================================
CREATE EXTENSION data_governance;

-- Nothing was changed by that. What can be known from catalogs, statistics and settings alone:
SELECT item, title, declared_pct AS declared, observed_pct AS observed, enforced_pct AS enforced, proven_pct AS proven,
       open_findings AS findings FROM governance.checklist();
--! ^ D1 +\|
--! ^ P10 +\|

-- The worst first, each with a statement that mends it.
SELECT severity, item, object, finding FROM governance.findings LIMIT 6;
--! critical|high|medium

SELECT item, remediation_sql FROM governance.findings WHERE remediation_sql IS NOT NULL LIMIT 3;
--! governance\.
