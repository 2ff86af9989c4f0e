-- needs: attached
-- Every rule of the guard, a bad and a good case at least, on tables that hold rows, are empty, or were made in the same transaction, as
-- the owner and as a superuser: what explain_ddl() says beside what the guard then does. The cases are in guard_rules/cases.sql.
\set SHOW_CONTEXT never
\set ECHO none
\ir guard_rules/fixture.sql
\ir guard_rules/run.sql
\ir guard_rules/cases.sql
\ir guard_rules/judge.sql

-- what cannot run in a transaction block, at level enforce and, where it has one, in its harmless form
\set ECHO all
\pset tuples_only off
\o /dev/null
SELECT governance.set_level('guard', 'enforce', reason => 'suite');
SET allow_in_place_tablespaces = on;
CREATE TABLESPACE guard_rules_space LOCATION '';
\o
VACUUM FULL g."full";
VACUUM FULL;
VACUUM FULL g.empty;
VACUUM g."full";
CLUSTER;
CREATE INDEX CONCURRENTLY fresh_idx ON g."full" (n);
REINDEX SCHEMA g;
REINDEX INDEX CONCURRENTLY g.fresh_idx;
DROP INDEX CONCURRENTLY g.fresh_idx;
ALTER TABLE g.part2 DETACH PARTITION g.nosuch CONCURRENTLY;
ALTER TABLE g.part DETACH PARTITION g.part_2020 CONCURRENTLY;
ALTER SYSTEM SET work_mem = '8MB';
ALTER SYSTEM RESET work_mem;
DROP DATABASE template0;
DROP DATABASE IF EXISTS guard_rules_nosuch;
ALTER DATABASE template1 SET TABLESPACE guard_rules_space;
ALTER TABLE ALL IN TABLESPACE pg_default OWNED BY guard_rules_owner SET TABLESPACE guard_rules_space;
ALTER TABLE ALL IN TABLESPACE guard_rules_space SET TABLESPACE pg_default;
DROP TABLESPACE guard_rules_space;
SELECT DISTINCT rule, verdict, level FROM governance.explain_ddl('VACUUM FULL g."full"; DROP TABLESPACE guard_rules_space; ALTER SYSTEM SET work_mem = ''8MB''; DROP DATABASE template0') ORDER BY 1;
\o /dev/null
SELECT governance.set_level('guard', 'observe', reason => 'suite');
DROP TABLESPACE guard_rules_space;
\o
