-- Settings, roles, slots and other stores: planted, found, mended. The cluster is shared: roles bear the suite's name.
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE ROLE assess_server_a LOGIN CONNECTION LIMIT 90;
CREATE ROLE assess_server_b LOGIN REPLICATION CONNECTION LIMIT 50;
CREATE ROLE "assess_server c" LOGIN IN ROLE pg_read_all_data;
ALTER ROLE assess_server_a SET synchronous_commit = off;
ALTER ROLE assess_server_a IN DATABASE suite_assess_server SET log_statement = 'mod';
ALTER ROLE assess_server_b SET log_statement = 'ddl';
ALTER DATABASE suite_assess_server SET lock_timeout = '2s';
CREATE TABLE t (id int PRIMARY KEY, email text);
CREATE TABLE u (id int PRIMARY KEY);
ALTER TABLE u OWNER TO assess_server_a;
ALTER ROLE assess_server_a SET lock_timeout = 0;
CREATE EXTENSION postgres_fdw;
CREATE SERVER "far away" FOREIGN DATA WRAPPER postgres_fdw;
CREATE FOREIGN TABLE far (id int) SERVER "far away";
CREATE SUBSCRIPTION "sub.1" CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = false);
SELECT 1 FROM pg_create_physical_replication_slot('assess_server_slot', true);
SELECT governance.tag_column('t', 'email', 'pii.contact.email');
SELECT governance.set_level('guard', 'off', reason => 'test');
SELECT check_id, status, severity, object, finding FROM governance.assess()
 WHERE status IN ('fail', 'warn') AND check_id ~ '^(ADR-00[15]|CON-002|EVO-00[78]|LIN-002|PII-0(04|08|09|13)|POOL|REP|XST)'
   AND (object !~ '^role ' OR object ~ 'assess_server') ORDER BY 1, 4;
SELECT * FROM governance.assess() WHERE status = 'error';
-- A session that set the value itself, or a client that did, is not taken for the server: not a false pass either way.
SET synchronous_commit = off;
SET log_statement = 'all';
SELECT check_id, object FROM governance.assess() WHERE status = 'fail' AND object IN ('setting synchronous_commit', 'setting log_statement');
RESET synchronous_commit;
RESET log_statement;
-- The same settings of the server are found, and so is the kill switch.
ALTER SYSTEM SET synchronous_commit = off;
ALTER SYSTEM SET log_min_duration_statement = 1000;
ALTER SYSTEM SET governance.enabled = off;
SELECT pg_reload_conf(), pg_sleep(1);
SELECT severity, object, finding, remediation_sql FROM governance.findings WHERE check_id IN ('CON-002', 'PII-004', 'EVO-000') AND object NOT LIKE '%of role%' ORDER BY object;
ALTER SYSTEM RESET ALL;
SELECT pg_reload_conf(), pg_sleep(1);
SELECT count(*) FROM governance.findings WHERE check_id IN ('CON-002', 'PII-004', 'EVO-000') AND object NOT LIKE '%of role%';
-- What can be mended by a statement is.
\set ECHO errors
\o /dev/null
SELECT DISTINCT remediation_sql FROM governance.assess()
 WHERE check_id ~ '^(CON-002|EVO-00[78]|PII-00[489]|POOL-00[16])' AND (object !~ '^role ' OR object ~ 'assess_server') \gexec
\o
\set ECHO all
SELECT check_id, object FROM governance.assess()
 WHERE status IN ('fail', 'warn') AND check_id ~ '^(CON-002|EVO-00[78]|PII-00[489]|POOL-00[16])' AND (object !~ '^role ' OR object ~ 'assess_server');
SELECT rolname, rolconnlimit > 0 FROM pg_roles WHERE rolname ~ '^assess_server' ORDER BY 1;
\set ECHO errors
SELECT pg_drop_replication_slot('assess_server_slot');
ALTER SUBSCRIPTION "sub.1" SET (slot_name = NONE);
DROP SUBSCRIPTION "sub.1";
DROP TABLE u;
DROP ROLE assess_server_a, assess_server_b, "assess_server c";
