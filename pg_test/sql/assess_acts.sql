-- Who may ask and see what; waivers, the baseline; a check that fails; nothing is written by looking.
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
-- An empty database: every item answers, nothing is 100 % of nothing.
SELECT status, count(*) > 0 FROM governance.assess() GROUP BY 1 ORDER BY 1;
SELECT item, declared_pct, observed_pct, enforced_pct, proven_pct FROM governance.checklist() WHERE item NOT IN ('P9');
SELECT status, finding FROM governance.assess('{d1,D9}') WHERE check_id IN ('OWN-001', 'PII-001');
SELECT governance.assess('{D11}');
SELECT governance.assess('{D1,NULL}');
CREATE ROLE assess_acts_owner;
CREATE ROLE assess_acts_plain;
CREATE ROLE assess_acts_steward;
CREATE TABLE mine (id int, email text);
CREATE TABLE hidden (id int, phone text);
ALTER TABLE mine OWNER TO assess_acts_owner;
SELECT governance.declare_party('stewards', db_roles => '{assess_acts_steward}');
-- A plain role sees what it holds a privilege on, an owner the own tables; nobody else's.
SET ROLE assess_acts_plain;
SELECT check_id, object FROM governance.assess() WHERE schema_name = 'public';
SELECT count(DISTINCT item) FROM governance.checklist();
SELECT check_id, finding FROM governance.assess() WHERE status = 'error';
SELECT check_id, finding FROM governance.assess() WHERE finding LIKE '%members of%';
SET ROLE assess_acts_owner;
SELECT check_id, object FROM governance.assess() WHERE schema_name = 'public';
SELECT count(*) FROM governance.assess() WHERE object ~ 'hidden' OR finding ~ 'hidden' OR evidence::text ~ 'hidden' OR remediation_sql ~ 'hidden';
RESET ROLE;
-- Looking takes no transaction id, in a read-only transaction either.
BEGIN READ ONLY;
SELECT count(*) > 60 FROM governance.assess();
SELECT count(*) FROM governance.checklist();
SELECT count(*) > 2 FROM governance.findings;
SELECT pg_current_xact_id_if_assigned() IS NULL;
COMMIT;
-- A waiver: a reason, an end, a duty; in effect after commit only.
SELECT fingerprint AS f FROM governance.findings WHERE check_id = 'CLS-003' AND object = 'public.mine' \gset
SELECT governance.waive_finding(:'f');
SELECT governance.waive_finding(:'f', 'why', valid_until => now() - interval '1 day');
SELECT governance.waive_finding(:'f', 'why', valid_until => NULL);
SELECT governance.waive_finding(:'f', 'why', valid_until => 'infinity');
SELECT governance.waive_finding(:'f', 'why', owner => 'nobody there');
SELECT governance.waive_finding('zz', 'why');
SELECT governance.waive_finding('0123456789abcdef', 'why');
SET ROLE assess_acts_owner;
SELECT governance.waive_finding(:'f', 'I own it');
SET ROLE assess_acts_plain;
SELECT governance.waive_finding(:'f', 'I cannot see it');
SELECT governance.set_baseline();
RESET ROLE;
SELECT governance.declare_dataset('mine', steward => 'stewards');
GRANT SELECT ON mine TO assess_acts_steward;
SET ROLE assess_acts_steward;
BEGIN;
SELECT governance.waive_finding(:'f', 'a log without key', owner => 'stewards', valid_until => '2100-01-01');
SELECT status FROM governance.assess() WHERE fingerprint = :'f';
COMMIT;
SELECT status, waived_until FROM governance.assess() WHERE fingerprint = :'f';
SELECT count(*) FROM governance.findings WHERE fingerprint = :'f';
SELECT check_id, object, reason, owner, valid_until, waived_by FROM governance.waivers;
RESET ROLE;
SELECT open_findings = (SELECT count(*) FROM governance.findings f WHERE f.item = 'D5') FROM governance.checklist() WHERE item = 'D5';
-- Rolled back, it never was.
BEGIN;
SAVEPOINT s;
SELECT governance.unwaive_finding(:'f');
ROLLBACK TO s;
COMMIT;
SELECT status FROM governance.assess() WHERE fingerprint = :'f';
-- The baseline tells new from known; a waived finding is known.
SELECT governance.set_baseline() > 0;
CREATE TABLE later (id int);
SELECT object, baseline FROM governance.findings WHERE check_id = 'CLS-003' ORDER BY 1;
SELECT governance.unwaive_finding(:'f');
SELECT governance.unwaive_finding(:'f');
SELECT status, baseline FROM governance.assess() WHERE fingerprint = :'f';
SELECT op, object, reason FROM governance.audit_entry WHERE op ~ 'waive|baseline' ORDER BY id;
-- An end that has passed opens the finding again.
SET governance.reason = 'from the setting';
SELECT governance.waive_finding(:'f');
SELECT status FROM governance.assess() WHERE fingerprint = :'f';
SELECT reason, owner, valid_until > now() + interval '89 days' FROM governance.waivers;
UPDATE governance.waiver SET valid_until = now() - interval '1 day';
SELECT status FROM governance.assess() WHERE fingerprint = :'f';
-- Another feature's view that the caller may not read is not taken for an empty one, and spoils no other answer.
SELECT governance.set_level('guard.disabling-guard', 'off', reason => 'suite');
CREATE VIEW governance.audited_relations_test AS SELECT 1;
SET ROLE assess_acts_owner;
SELECT governance._hides('audited_relations_test'), governance._hides('no such view');
SELECT count(*) FROM governance._of_view('audited_relations_test');
RESET ROLE;
DROP VIEW governance.audited_relations_test;
-- A check that fails says so and hides no other.
CREATE OR REPLACE VIEW governance._check_own_006 AS SELECT 'x'::text AS object, (1 / (random() * 0)::int)::text AS finding, NULL::jsonb AS evidence;
SELECT check_id, status, finding, evidence FROM governance.assess('{D1}') WHERE check_id = 'OWN-006';
SELECT count(DISTINCT check_id) FROM governance.assess('{D1}');
-- Documents.
SELECT line FROM governance.assess_export('junit') WITH ORDINALITY d(line, n) WHERE n = 1 OR line ~ 'public.mine.email';
SELECT line FROM governance.assess_export('prometheus') line WHERE line ~ '^#|D5.*fail';
SELECT governance.assess_export('sarif');
SELECT governance.assess_export('pdf');
-- Everything is described.
SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'governance'::regnamespace AND c.relkind IN ('r', 'v') AND obj_description(c.oid, 'pg_class') IS NULL
   AND c.relname ~ 'assess|check|waiver|baseline|finding|_seen|_scope|_store|_measure|_slot|_lookalike|_vector|_time_partition';
SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'governance'::regnamespace AND p.proname ~ 'assess|check|waive|baseline|_offers|_hides|_of_view|_server_setting|_count_of'
   AND (obj_description(p.oid, 'pg_proc') IS NULL OR NOT coalesce(p.proconfig::text ~ 'search_path', false));
\set ECHO errors
