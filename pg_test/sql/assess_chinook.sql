-- needs: chinook
-- What assess() says of a database that nobody prepared: stable facts only, and every remediation runs and mends.
SET client_min_messages = warning;
\pset format unaligned
\pset tuples_only on
-- Checks of structures, by item; those of the server differ from machine to machine.
SELECT item, check_id, status, count(*) FROM governance.assess()
 WHERE check_id ~ '^(OWN|AGG|CLS|CQR|GRF|TSR|PII-001|EVO-001|EVO-002|EVO-010|EVO-012|EVO-013|OLA-003|OLA-005|ADR-006|CON-001)' AND evidence_kind <> 'statistics'
 GROUP BY 1, 2, 3 ORDER BY 2, 3;
SELECT check_id, object, finding FROM governance.assess()
 WHERE status IN ('fail', 'warn') AND check_id ~ '^(OWN-00[4678]|AGG|CLS|CQR|GRF|TSR|PII|EVO-0(01|02|10|12|13)|OLA-00[35]|ADR-006|CON-001)';
-- Every item answers, no check fails to run.
SELECT count(DISTINCT item) FROM governance.assess();
SELECT * FROM governance.assess() WHERE status = 'error';
-- Every remediation runs as it is, one by one, and leaves nothing: each is rolled back.
DO $$
DECLARE
    a record;
    failed int := 0;
BEGIN
    FOR a IN SELECT DISTINCT remediation_sql AS sql FROM governance.assess() WHERE remediation_sql IS NOT NULL AND remediation_lock NOT LIKE '%outside a transaction block%' LOOP
        BEGIN
            EXECUTE a.sql;
            RAISE EXCEPTION USING ERRCODE = 'DG000', MESSAGE = 'done';
        EXCEPTION
            WHEN SQLSTATE 'DG000' THEN NULL;
            WHEN OTHERS THEN
                failed := failed + 1;
                RAISE WARNING '%: %', a.sql, SQLERRM;
        END;
    END LOOP;
    RAISE WARNING 'remediations that fail: %', failed;
END $$;
-- Now all of them for good, first those that run inside a transaction; the settings of the server are put back.
\set ECHO errors
\o /dev/null
SELECT DISTINCT remediation_sql FROM governance.assess() WHERE remediation_lock NOT LIKE '%outside a transaction block%' \gexec
SELECT DISTINCT remediation_sql FROM governance.assess() WHERE /* what the first round brought up: tags that nothing enforces */ remediation_lock NOT LIKE '%outside a transaction block%' \gexec
SELECT DISTINCT remediation_sql FROM governance.assess() WHERE remediation_lock LIKE '%outside a transaction block%' \gexec
ALTER SYSTEM RESET ALL;
\o
\set ECHO all
-- What a remediation says to mend is mended. (Changed settings of the server wait for a reload.)
SELECT check_id, object FROM governance.assess() WHERE status IN ('fail', 'warn') AND remediation_sql IS NOT NULL AND remediation_sql NOT LIKE 'ALTER SYSTEM%';
SELECT item, declared_pct FROM governance.checklist() WHERE item IN ('D1', 'D5', 'D7', 'D9');
