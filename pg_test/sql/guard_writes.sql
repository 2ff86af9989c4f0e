-- needs: attached
-- Writes that the guard is asked about: catalogs, the product's own tables, without triggers, without WHERE.
\set SHOW_CONTEXT never
\set VERBOSITY terse
CREATE TABLE t (id int PRIMARY KEY, v text);
CREATE TABLE u (id int REFERENCES t);
CREATE TABLE plain AS SELECT generate_series(1, 5) AS id;
INSERT INTO t SELECT i, 'x' FROM generate_series(1, 10) i;
-- nothing is declared: recorded only
UPDATE pg_class SET reltuples = 10 WHERE relname = 't';
SELECT governance.declare_dataset('t', class => 'master');
-- as soon as one dataset is, the strictest of all decides about a write that can hit any
UPDATE pg_class SET reltuples = 10 WHERE relname = 't';
COPY pg_class TO '/dev/null';
UPDATE pg_settings SET setting = '5MB' WHERE name = 'work_mem';
BEGIN;
DELETE FROM t;
ROLLBACK;
SELECT governance.set_level('guard.unbounded_write', 'enforce', 'dataset:public.t');
DELETE FROM t;
UPDATE t SET v = 'y' WHERE true;
WITH d AS (DELETE FROM t RETURNING 1) SELECT count(*) FROM d;
DELETE FROM t WHERE 1 = 1;
DELETE FROM t WHERE NOT false;
UPDATE t SET v = 'y' FROM (plain a LEFT JOIN plain b ON true);
PREPARE p AS DELETE FROM t;
EXECUTE p;
DELETE FROM t WHERE id > 0 OR true;
DELETE FROM t WHERE id IS NOT NULL;
DELETE FROM t WHERE id = id AND (v IS NULL OR 1 < 2);
DELETE FROM t WHERE coalesce(true, v = 'x');
MERGE INTO t USING plain p ON true WHEN MATCHED THEN DELETE;
MERGE INTO t USING plain p ON t.id = t.id WHEN MATCHED AND p.id > 3 THEN DO NOTHING WHEN MATCHED THEN UPDATE SET v = 'y';
DO $$ BEGIN DELETE FROM t; EXCEPTION WHEN object_not_in_prerequisite_state THEN RAISE NOTICE 'caught: %', SQLERRM; END $$;
-- these name their rows, or lose nothing, or are nobody's
DELETE FROM t WHERE id > 9;
DELETE FROM t USING u WHERE u.id = t.id;
UPDATE t SET v = 'y' WHERE 1 = 2;
UPDATE t SET v = 'y' WHERE v = v AND id < 0;
UPDATE t SET v = 'y' WHERE v IS NOT NULL AND id < 0;
MERGE INTO t USING plain p ON t.id = p.id + 100 WHEN MATCHED THEN DELETE;
MERGE INTO t USING plain p ON true WHEN MATCHED AND t.id < 0 THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (1, 'x');
DELETE FROM plain;
BEGIN;
DELETE FROM t WHERE id > 0;
DELETE FROM t;
ROLLBACK;
-- the guard's own
UPDATE pg_event_trigger SET evtenabled = 'D';
DELETE FROM governance.level;
UPDATE governance.dataset SET class = 'analytical';
COPY governance.level FROM '/dev/null';
CREATE RULE r AS ON INSERT TO governance.ddl_entry DO INSTEAD NOTHING;
CREATE TRIGGER g BEFORE INSERT ON governance.ddl_entry FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
TRUNCATE governance.rule;
-- the settings of a dump let rows in where nothing is declared yet, and none out
SET row_security = off;
SET check_function_bodies = off;
INSERT INTO governance.database_identity (system_identifier, database_oid) VALUES (1, 1);
COPY governance.level FROM '/dev/null';
DELETE FROM governance.rule;
UPDATE governance.dataset SET class = 'analytical';
TRUNCATE governance.rule CASCADE;
RESET row_security;
RESET check_function_bodies;
SELECT count(*) > 50 AS rules FROM governance.rule;
-- triggers and foreign keys off, however they came to be off
SET session_replication_role = replica;
INSERT INTO t VALUES (21, 'a');
INSERT INTO t VALUES (22, 'a');
RESET session_replication_role;
SELECT governance.set_level('guard.bypassing-triggers', 'enforce', 'dataset:public.t');
SET session_replication_role = replica;
SET "Session_Replication_Role" = 'REPLICA';
SELECT set_config('session_replication_role', 'replica', false);
INSERT INTO t VALUES (23, 'a');
INSERT INTO t VALUES (24, 'a');
INSERT INTO plain VALUES (1);
RESET session_replication_role;
-- a condition that does not name the table, a rule, a cascade, and a plan that was made when the table was empty
UPDATE t SET v = 'y' FROM plain f WHERE f.id = 2;
DELETE FROM t WHERE EXISTS (SELECT FROM plain);
DELETE FROM t WHERE EXISTS (SELECT FROM plain WHERE plain.id = t.id + 1000);
DELETE FROM t USING plain WHERE plain.id = t.id + 1000 AND plain.id > 0;
CREATE TABLE boss (id int PRIMARY KEY);
INSERT INTO boss VALUES (1);
CREATE TABLE worker (id int PRIMARY KEY, boss int REFERENCES boss ON DELETE CASCADE);
SELECT governance.declare_dataset('worker', class => 'transactional');
SELECT governance.set_level('guard.unbounded_write', 'enforce', 'dataset:public.worker');
CREATE FUNCTION wipe() RETURNS void LANGUAGE plpgsql AS 'BEGIN DELETE FROM worker; END';
SELECT wipe();
SELECT wipe();
INSERT INTO worker VALUES (1, 1);
SELECT wipe();
DELETE FROM boss;
CREATE RULE sweep AS ON INSERT TO plain DO ALSO DELETE FROM worker;
INSERT INTO plain VALUES (100);
DROP RULE sweep ON plain;
-- what is above a dataset reaches its rows
BEGIN;
CREATE TABLE above (id int NOT NULL, v text);
ALTER TABLE t INHERIT above;
SAVEPOINT s;
DELETE FROM above;
ROLLBACK TO s;
ALTER TABLE above RENAME v TO w;
ROLLBACK TO s;
ALTER TABLE above ALTER v TYPE varchar(1);
ROLLBACK TO s;
ALTER TABLE above ADD CHECK (id > 0);
ROLLBACK TO s;
GRANT SELECT ON above TO PUBLIC;
ROLLBACK;
-- what is PostgreSQL's own
SET allow_system_table_mods = on;
TRUNCATE pg_event_trigger;
CREATE RULE r AS ON INSERT TO pg_event_trigger DO INSTEAD NOTHING;
SELECT governance.set_level('guard.ban-catalog-dml', 'enforce');
TRUNCATE pg_trigger;
RESET allow_system_table_mods;
SELECT governance.reset_level('guard.ban-catalog-dml', reason => 'suite');
-- and the product's
ALTER TABLE governance.database_identity ALTER system_identifier TYPE bigint USING 1;
ALTER TABLE governance.level OWNER TO CURRENT_USER;
GRANT ALL ON governance.level TO PUBLIC;
ALTER TABLE governance.level ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON governance.level USING (false);
ALTER VIEW governance._dataset RENAME TO gone;
ALTER TABLE governance.ddl_entry SET SCHEMA public;
ALTER SCHEMA governance OWNER TO CURRENT_USER;
ALTER FUNCTION governance._on_ddl_start() OWNER TO CURRENT_USER;
ALTER FUNCTION governance._on_ddl_start() RENAME TO gone;
ALTER INDEX governance.ddl_entry_pkey RENAME TO gone;
REINDEX TABLE governance.level;
-- statements that must come first in their transaction
CREATE INDEX t_v ON t (v);
BEGIN;
LOCK TABLE t IN SHARE MODE;
SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;
COMMIT;
SELECT governance.set_level('guard', 'observe', 'dataset:public.t', 'suite');
DROP INDEX CONCURRENTLY t_v;
SELECT rule, verdict FROM governance.ddl_log WHERE statement IN ('DROP INDEX CONCURRENTLY t_v;', 'LOCK TABLE t IN SHARE MODE;') AND rule IS NOT NULL ORDER BY id;
-- a large object is nobody's as long as no dataset can refer to one
SELECT lo_create(4242);
SELECT lo_unlink(4242);
CREATE TABLE letters (id int, body oid);
INSERT INTO letters VALUES (1, lo_create(4243));
SELECT governance.declare_dataset('letters', class => 'transactional');
SELECT lo_unlink(4243);
-- what a schema brings with it
SELECT governance.set_level('guard.granting-access', 'enforce', 'dataset:public.t');
CREATE SCHEMA brings GRANT ALL ON public.t TO PUBLIC;
-- what somebody else runs while the script of an extension runs is not the extension's
CREATE SCHEMA guard_writes_ext;
CREATE FUNCTION guard_writes_ext.strike() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('guard_writes.strike', true) <> '' THEN EXECUTE current_setting('guard_writes.strike'); END IF;
END $$;
CREATE EVENT TRIGGER strike ON ddl_command_end EXECUTE FUNCTION guard_writes_ext.strike();
SELECT governance.set_level('guard', 'enforce', 'dataset:public.t');
SET guard_writes.strike = 'DROP TABLE public.t CASCADE';
CREATE EXTENSION hstore SCHEMA guard_writes_ext;
SET guard_writes.strike = 'DELETE FROM governance.level';
CREATE EXTENSION hstore SCHEMA guard_writes_ext;
SET guard_writes.strike = 'DO $d$ BEGIN ALTER EVENT TRIGGER data_governance_ddl_start DISABLE; END $d$';
CREATE EXTENSION hstore SCHEMA guard_writes_ext;
RESET guard_writes.strike;
CREATE EXTENSION hstore SCHEMA guard_writes_ext;
DROP EVENT TRIGGER strike;
-- explain_ddl() follows what a script sets, and says what it does not follow
SELECT statement, rule, verdict, lock_mode FROM governance.explain_ddl($$
    LOCK TABLE t IN SHARE MODE; SET lock_timeout = '2s'; LOCK TABLE t IN SHARE MODE; RESET lock_timeout; LOCK TABLE t IN SHARE MODE;
    SET LOCAL Search_Path TO nowhere, pg_catalog; LOCK TABLE t IN SHARE MODE; SET search_path = "public"; LOCK TABLE t IN SHARE MODE;
    SET lock_timeout = 'nonsense'; DO 'BEGIN DROP TABLE t; END'; EXPLAIN (ANALYZE) DELETE FROM t; EXPLAIN DELETE FROM t; SELECT lo_unlink(1) $$);
-- explain_ddl() tells a stranger neither sizes nor members
CREATE ROLE guard_writes_stranger;
CREATE SCHEMA secret;
CREATE TABLE secret.payroll AS SELECT i FROM generate_series(1, 1000) i;
CREATE FUNCTION secret.hid(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
SET ROLE guard_writes_stranger;
SELECT rule, object, rewrites, scan_bytes, victims, advice FROM governance.explain_ddl('VACUUM FULL secret.payroll; DROP SCHEMA secret CASCADE');
SELECT rule, object, verdict, lock_mode FROM governance.explain_ddl('ALTER TABLE secret.payroll ADD c int; ALTER TABLE secret.nosuch ADD c int; DROP TABLE secret.payroll; DROP TABLE secret.nosuch');
RESET ROLE;
SELECT rule, object, verdict FROM governance.ddl_log WHERE rule IS NOT NULL ORDER BY id;
-- what is only explained, what finds nothing to replace, what is where it goes already
EXPLAIN (COSTS off) DELETE FROM worker;
BEGIN READ ONLY;
EXPLAIN (COSTS off) DELETE FROM worker;
DROP TABLE boss;
ROLLBACK;
BEGIN;
CREATE OR REPLACE FUNCTION fresh() RETURNS int LANGUAGE sql AS 'SELECT 1';
ALTER FUNCTION fresh() SECURITY DEFINER;
CREATE OR REPLACE FUNCTION fresh() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';
DROP FUNCTION fresh();
COMMIT;
SELECT count(*) FROM governance.ddl_log WHERE object LIKE '%fresh%' AND rule IS NOT NULL;
-- values that USING loses, a function that would fail while somebody looks, a constraint that is only made anew
CREATE TABLE kept (id int PRIMARY KEY, v text, n int UNIQUE, other int);
INSERT INTO kept VALUES (1, 'x', 1, 1);
SELECT governance.declare_dataset('kept', class => 'master');
SELECT governance.set_level('guard', 'enforce', 'dataset:public.kept'), governance.set_level('guard.require-lock-timeout', 'off', 'dataset:public.kept', 'suite');
ALTER TABLE kept ALTER v TYPE text USING NULL;
ALTER TABLE kept ALTER v TYPE varchar(2) USING v::varchar(2);
ALTER TABLE kept ALTER n TYPE bigint USING n::bigint;
CREATE SEQUENCE tries;
CREATE FUNCTION flaky(x text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN IF nextval('tries') % 2 = 1 THEN RAISE EXCEPTION 'no'; END IF; RETURN x; END $$;
ALTER TABLE kept ALTER v TYPE varchar(1) USING flaky('q');
SELECT verdict, rule FROM governance.explain_ddl('ALTER TABLE kept ALTER v TYPE text USING flaky(''q'')');
SELECT is_called AS ran FROM tries;
BEGIN;
ALTER TABLE kept ALTER n TYPE int;
ALTER TABLE kept DROP CONSTRAINT kept_n_key;
ROLLBACK;
-- values that are rows of a type, or of another table
CREATE TYPE pair AS (a int, b int);
CREATE TABLE rowed (x int, y int);
CREATE TABLE held (p pair, ps pair[], r rowed);
INSERT INTO held VALUES ('(1,2)', '{"(1,2)"}', '(1,2)');
SELECT governance.declare_dataset('held', class => 'transactional');
ALTER TYPE pair DROP ATTRIBUTE a;
ALTER TYPE pair RENAME ATTRIBUTE a TO c;
ALTER TABLE rowed DROP COLUMN y;
-- a reference that is NULL everywhere reads nothing
ALTER TABLE kept ADD COLUMN boss int REFERENCES boss;
ALTER TABLE kept ADD COLUMN boss2 int DEFAULT 1 REFERENCES boss;
ALTER TABLE kept SET SCHEMA public;
-- the guard itself is lowered by its own name only; a break-glass is for one role, and says for what
SELECT governance.break_glass('x', '{security}', NULL, 'postgres') IS NOT NULL AS opened;
ALTER EVENT TRIGGER data_governance_ddl_start DISABLE;
SELECT governance.end_break_glass();
SELECT governance.break_glass('x', '{}');
SELECT governance.break_glass('x', '{security}', '');
CREATE ROLE guard_writes_once;
SELECT governance.break_glass('x', '{data_loss}', NULL, 'guard_writes_once') IS NOT NULL AS opened;
DROP ROLE guard_writes_once;
CREATE ROLE guard_writes_once;
ALTER TABLE kept OWNER TO guard_writes_once;
SELECT governance.set_level('guard.changing-owner', 'off', 'dataset:public.kept', 'suite');
ALTER TABLE kept OWNER TO guard_writes_once;
SET ROLE guard_writes_once;
ALTER TABLE kept DROP COLUMN other;
RESET ROLE;
SELECT verdict FROM governance.explain_ddl('-- nothing but a comment');
-- what is rolled back did not happen; what is renamed out of sight is not explained
SELECT statement, rule, verdict FROM governance.explain_ddl('SET lock_timeout = 1000; BEGIN; DROP TABLE kept; SAVEPOINT a; DROP TABLE kept; ROLLBACK TO a; ROLLBACK; DROP TABLE kept');
SELECT statement, rule, verdict FROM governance.explain_ddl('ALTER SCHEMA guard_writes_ext RENAME TO elsewhere; DROP TABLE elsewhere.t; CREATE TABLE x (a int); ALTER TYPE mood RENAME TO moods; DROP TYPE moods');
-- what a client sent along with DDL is not for everybody who may see a table
CREATE ROLE guard_writes_reader;
CREATE TABLE free (id int);
GRANT SELECT ON free TO guard_writes_reader;
DO $$ BEGIN EXECUTE 'ALTER TABLE free ADD c int'; END $$;
CREATE TABLE secrets (v text)\; INSERT INTO secrets VALUES ('topsecret')\; ALTER TABLE free ADD d int;
SELECT tag, statement FROM governance.ddl_log WHERE object = 'public.free' ORDER BY id;
SET SESSION AUTHORIZATION guard_writes_reader;
SELECT tag, statement FROM governance.ddl_log WHERE object = 'public.free' ORDER BY id;
RESET SESSION AUTHORIZATION;
-- a rule that somebody took out of the table of rules holds all the same
SELECT governance.set_level('guard.disabling-guard', 'off', reason => 'suite');
DELETE FROM governance.rule WHERE rule = 'ban-drop-table';
\c
DROP TABLE t CASCADE;
SELECT rule, hazard, verdict FROM governance.explain_ddl('DROP TABLE t');
UPDATE pg_extension SET extversion = '0.0.1' WHERE extname = 'data_governance';
DROP TABLE t CASCADE;
