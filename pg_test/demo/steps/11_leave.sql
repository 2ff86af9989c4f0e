
-- ======================================================================================================================
-- 11. How to leave
-- ======================================================================================================================
-- While the library is in the sessions' settings, its files would be missed at the next login.
DROP EXTENSION data_governance;
--! ERROR: .*cannot drop extension
--! HINT:.*detach

-- The log goes with the extension, so copy it out first.
\! psql -X -q -c "\copy (SELECT * FROM governance.audit_log) TO '$DEMO_FILES/audit_log.csv' CSV HEADER" && head -n 1 $DEMO_FILES/audit_log.csv
SELECT governance.detach(reason => 'end of the demo');
\c -
DROP EXTENSION data_governance;
DROP EXTENSION data_governance CASCADE;

-- The shop is as it was, but for the two columns that were changed on purpose.
\! pg_dump --schema-only | grep -vE '^.(un)?restrict' >$DEMO_FILES/schema_after.sql; diff $DEMO_FILES/schema_before.sql $DEMO_FILES/schema_after.sql
SELECT count(*) AS objects_left FROM pg_proc WHERE prosrc ~ 'governance' OR proname ~ 'governance';
--! ^ +0$
