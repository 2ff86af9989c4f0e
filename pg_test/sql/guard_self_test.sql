-- needs: attached
-- The self-test: what it tries is caught, nothing of it stays, and what was missed would be a finding.
CREATE TABLE t (id int);
SELECT governance.declare_dataset('t', class => 'master');
SELECT attempt, layer, detail FROM governance.self_test('guard') WHERE NOT caught;
SELECT layer, count(*) > 0 AS caught FROM governance.self_test_result GROUP BY layer ORDER BY layer;
SELECT status FROM governance.assess('{D3}') WHERE check_id = 'EVO-014';
SELECT count(*) AS left_over FROM pg_class WHERE relnamespace::regnamespace::text LIKE 'governance_bait%';
SELECT count(*) AS left_over FROM pg_roles WHERE rolname LIKE 'governance_bait%';
SELECT feature, scope, level FROM governance.levels;
SELECT object FROM governance.ddl_log WHERE object LIKE '%bait%';
SELECT object FROM governance.audit_log WHERE object LIKE '%bait%';
-- inside a transaction that has begun, and with a savepoint
BEGIN;
SAVEPOINT s;
SELECT count(*) FROM governance.self_test('guard') WHERE NOT caught;
ROLLBACK TO s;
SELECT count(*) FROM t;
COMMIT;
-- a guard that was softened is missed, and that is a finding
SELECT governance.set_level('guard.disabling-guard', 'off', reason => 'suite');
SELECT attempt, layer, detail FROM governance.self_test() WHERE NOT caught;
SELECT severity, object, finding FROM governance.assess('{D3}') WHERE check_id = 'EVO-014' ORDER BY object;
-- what cannot be asked for
SELECT governance.self_test('audit');
SELECT governance.self_test('nothing');
SELECT governance.self_test('guard', 'postgres');
CREATE ROLE guard_self_test_operator;
SELECT governance.grant_duty('operator', 'guard_self_test_operator');
SET ROLE guard_self_test_operator;
SELECT governance.self_test('guard');
