
-- ======================================================================================================================
-- 11. How to leave
-- ======================================================================================================================
-- While the library is in the sessions' settings, its files would be missed at the next login.
DROP EXTENSION data_governance;
--! ERROR: .*cannot drop extension
--! HINT:.*detach

-- The log goes with the extension, so copy it out first.
\! psql -X -q -c "\copy (SELECT * FROM governance.audit_log) TO '$DEMO_FILES/audit_log.csv' CSV HEADER" && head -n 1 $DEMO_FILES/audit_log.csv
SELECT * FROM governance.detach(reason => 'end of the demo');
\c -
-- What changes took away is still in quarantine, in columns of the user's own table.
SELECT change, kind, ddl, quarantine_until > now() AS can_be_undone FROM governance.changes WHERE state = 'contracted';
DROP EXTENSION data_governance;
DROP EXTENSION data_governance CASCADE;
SELECT format('ALTER TABLE %s DROP COLUMN %I;', attrelid::regclass, attname) AS quarantine
  FROM pg_attribute WHERE attrelid = 'people.customer'::regclass AND attname ~ '^_dg[0-9]+_' AND NOT attisdropped \gexec

-- The shop is as it was, but for the two columns that were changed on purpose.
\! pg_dump --schema-only | grep -vE '^.(un)?restrict' >$DEMO_FILES/schema_after.sql; diff $DEMO_FILES/schema_before.sql $DEMO_FILES/schema_after.sql
--! ^> +mobile_phone text
--! ^< +fax text
SELECT (SELECT count(*) FROM pg_proc WHERE prosrc ~ 'governance')
     + (SELECT count(*) FROM pg_trigger WHERE tgname ~ 'governance')
     + (SELECT count(*) FROM pg_event_trigger) + (SELECT count(*) FROM pg_extension WHERE extname = 'data_governance') AS left_behind;
--! ^ +0$
