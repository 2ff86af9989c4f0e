-- Declared writers: who may write is judged by current_user, at the level of boundary.writers.
CREATE ROLE boundary_writers_owner;
CREATE ROLE boundary_writers_app;
CREATE ROLE boundary_writers_member IN ROLE boundary_writers_app;
CREATE ROLE boundary_writers_job;
CREATE ROLE boundary_writers_super SUPERUSER;
CREATE SCHEMA "Sales";
GRANT USAGE ON SCHEMA "Sales" TO PUBLIC;
CREATE TABLE "Sales"."Order" (id int PRIMARY KEY, n int);
CREATE TABLE "Sales".line (id int PRIMARY KEY, "order" int REFERENCES "Sales"."Order" ON DELETE CASCADE);
ALTER TABLE "Sales"."Order" OWNER TO boundary_writers_owner;
GRANT ALL ON ALL TABLES IN SCHEMA "Sales" TO boundary_writers_app, boundary_writers_job;
SET application_name = 'suite';
CREATE VIEW seen AS SELECT relation, role, application, op, level, times FROM governance.boundary_violations ORDER BY relation::text, role, op, level;

-- who declares
SET ROLE boundary_writers_job;
SELECT governance.declare_writer('"Sales"."Order"', 'boundary_writers_job');
RESET ROLE;
SET ROLE boundary_writers_owner;
SELECT governance.declare_writer('"Sales"."Order"', 'nobody');
SELECT governance.declare_writer('"Sales"."Order"', 'boundary_writers_app');
SELECT governance.declare_writer('"Sales"."Order"', 'boundary_writers_app');
RESET ROLE;
SELECT relation, role, declared_by FROM governance.writers;
SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = '"Sales"."Order"'::regclass AND NOT tgisinternal;
CREATE VIEW a_view AS SELECT 1 AS x;
SELECT governance.declare_writer('a_view', 'boundary_writers_app');

-- not declared as a dataset: off
SET ROLE boundary_writers_job;
INSERT INTO "Sales"."Order" VALUES (1, 1);
RESET ROLE;
SELECT * FROM seen;
-- declared: observed, and the client hears nothing
SELECT governance.declare_party('boundary_writers_party', db_roles => '{boundary_writers_owner}');
SELECT governance.declare_dataset('"Sales"."Order"', owner => 'boundary_writers_party', class => 'transactional');
SET ROLE boundary_writers_member;
INSERT INTO "Sales"."Order" VALUES (2, 2);
SET ROLE boundary_writers_job;
INSERT INTO "Sales"."Order" VALUES (3, 3);
UPDATE "Sales"."Order" SET n = n + 1;
UPDATE "Sales"."Order" SET n = n + 1 WHERE false;
INSERT INTO "Sales"."Order" VALUES (3, 4) ON CONFLICT (id) DO UPDATE SET n = 4;
MERGE INTO "Sales"."Order" o USING (VALUES (9)) v (id) ON o.id = v.id WHEN MATCHED THEN DELETE;
COPY "Sales"."Order" FROM STDIN;
10	10
\.
DELETE FROM "Sales"."Order" WHERE id = 10;
BEGIN;
DELETE FROM "Sales"."Order";
ROLLBACK;
RESET ROLE;
INSERT INTO "Sales"."Order" VALUES (11, 11);
SELECT * FROM seen;
-- one snapshot: recording does not fail
BEGIN ISOLATION LEVEL SERIALIZABLE;
SET LOCAL ROLE boundary_writers_job;
UPDATE "Sales"."Order" SET n = 0 WHERE id = 1;
COMMIT;
SELECT * FROM seen WHERE op = 'UPDATE';
-- who may see it: any privilege on the relation
SET ROLE boundary_writers_app;
SELECT count(*) > 0 AS sees FROM governance.boundary_violations;
SELECT count(*) > 0 AS sees FROM governance.writers;
SELECT * FROM governance.boundary_violation;
RESET ROLE;

-- warn
SELECT governance.set_level('boundary.writers', 'warn', 'dataset:"Sales"."Order"');
SET ROLE boundary_writers_job;
UPDATE "Sales"."Order" SET n = 1 WHERE id = 1;
RESET ROLE;
SELECT * FROM seen WHERE level = 'warn';

-- a hostile search_path gets nothing of ours to run
CREATE SCHEMA evil;
GRANT USAGE ON SCHEMA evil TO PUBLIC;
CREATE FUNCTION evil.eq(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'attacked as %', current_user; RETURN $1 OPERATOR(pg_catalog.=) $2; END $$;
CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.eq);
CREATE FUNCTION evil.now() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'attacked as %', current_user; RETURN clock_timestamp(); END $$;
SET search_path = evil, pg_catalog, public;
SELECT 'a'::text = 'b'::text;
DISCARD PLANS;
INSERT INTO "Sales"."Order" VALUES (30, 30);
SELECT governance.declare_writer('"Sales"."Order"', 'postgres');
SELECT governance.forget_writer('"Sales"."Order"', 'postgres');
INSERT INTO "Sales"."Order" VALUES (31, 31);
RESET search_path;

-- enforce
SELECT governance.set_level('boundary.writers', 'enforce', 'dataset:"Sales"."Order"');
SET ROLE boundary_writers_job;
UPDATE "Sales"."Order" SET n = 2 WHERE id = 1;
INSERT INTO "Sales"."Order" VALUES (20, 20);
TRUNCATE "Sales"."Order" CASCADE;
PREPARE p AS DELETE FROM "Sales"."Order";
EXECUTE p;
DO $$ BEGIN UPDATE "Sales"."Order" SET n = 3; EXCEPTION WHEN insufficient_privilege THEN RAISE NOTICE 'caught: %', SQLERRM; END $$;
SET session_replication_role = replica;
RESET ROLE;
SET session_replication_role = replica;
UPDATE "Sales"."Order" SET n = 2 WHERE id = 1;
RESET session_replication_role;
SET ROLE boundary_writers_super;
DELETE FROM "Sales"."Order";
SET ROLE boundary_writers_member;
UPDATE "Sales"."Order" SET n = 5 WHERE id = 1;
RESET ROLE;
-- a definer function writes as its owner
CREATE FUNCTION by_app() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'UPDATE "Sales"."Order" SET n = 6 WHERE id = 1';
ALTER FUNCTION by_app() OWNER TO boundary_writers_app;
SET ROLE boundary_writers_job;
SELECT by_app();
RESET ROLE;
SELECT n FROM "Sales"."Order" WHERE id = 1;

-- the action of a foreign key is judged by who caused it
SELECT governance.declare_writer('"Sales".line', 'boundary_writers_job');
SELECT governance.set_level('boundary.writers', 'enforce', 'dataset:"Sales".line');
SET ROLE boundary_writers_job;
INSERT INTO "Sales".line VALUES (1, 1), (2, 2);
SET ROLE boundary_writers_app;
DELETE FROM "Sales"."Order" WHERE id = 1;
RESET ROLE;
SELECT governance.declare_writer('"Sales".line', 'boundary_writers_app');
SET ROLE boundary_writers_app;
DELETE FROM "Sales"."Order" WHERE id = 1;
RESET ROLE;
SELECT * FROM "Sales".line;

-- a writer added to others counts after commit; the first one at once
BEGIN;
SELECT governance.declare_writer('"Sales"."Order"', 'boundary_writers_job');
SAVEPOINT s;
SET LOCAL ROLE boundary_writers_job;
UPDATE "Sales"."Order" SET n = 7;
ROLLBACK TO s;
COMMIT;
SET ROLE boundary_writers_job;
UPDATE "Sales"."Order" SET n = 7 WHERE id = 2;
RESET ROLE;
-- forgetting one of several narrows, at once
SET ROLE boundary_writers_owner;
SELECT governance.forget_writer('"Sales"."Order"', 'boundary_writers_job');
SELECT governance.forget_writer('"Sales"."Order"', 'boundary_writers_job');
-- nor does a writer that does not count yet make room
BEGIN;
SELECT governance.declare_writer('"Sales"."Order"', 'boundary_writers_owner');
SELECT governance.forget_writer('"Sales"."Order"', 'boundary_writers_app');
ROLLBACK;
-- forgetting the last weakens: steward, reason, after commit
SELECT governance.forget_writer('"Sales"."Order"', 'boundary_writers_app', 'mine');
RESET ROLE;
SELECT governance.forget_writer('"Sales"."Order"', 'boundary_writers_app');
BEGIN;
SELECT governance.forget_writer('"Sales"."Order"', 'boundary_writers_app', 'no longer needed');
SAVEPOINT s;
UPDATE "Sales"."Order" SET n = 8 WHERE id = 2;
ROLLBACK TO s;
COMMIT;
UPDATE "Sales"."Order" SET n = 8 WHERE id = 2;
SELECT relation, role FROM governance.writers;
SELECT op, object, old_row, new_row, reason FROM governance.audit_log WHERE op LIKE '%writer' AND object LIKE '%Order%' ORDER BY id;

-- lowering the level counts after commit
SELECT governance.declare_writer('"Sales"."Order"', 'boundary_writers_app');
BEGIN;
SELECT governance.set_level('boundary.writers', 'off', 'dataset:"Sales"."Order"', 'maintenance');
SAVEPOINT s;
UPDATE "Sales"."Order" SET n = 9 WHERE id = 2;
ROLLBACK TO s;
COMMIT;
UPDATE "Sales"."Order" SET n = 9 WHERE id = 2;

-- partitions and children, present and new, through the root or directly; renames
CREATE TABLE event (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE event_2024 PARTITION OF event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE base (id int);
CREATE TABLE derived () INHERITS (base);
SELECT governance.declare_writer('event', 'boundary_writers_app'), governance.declare_writer('base', 'boundary_writers_app');
SELECT governance.set_level('boundary.writers', 'enforce');
INSERT INTO event VALUES (1, '2024-01-01');
INSERT INTO event_2024 VALUES (1, '2024-01-01');
TRUNCATE event_2024;
INSERT INTO derived VALUES (1);
UPDATE base SET id = 2;
CREATE TABLE event_2025 PARTITION OF event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
SELECT governance._follow('event_2025');
INSERT INTO event_2025 VALUES (1, '2025-01-01');
ALTER TABLE event RENAME TO happening;
SELECT governance._follow('happening');
INSERT INTO happening VALUES (1, '2024-01-01');
SELECT relation, role FROM governance.writers;
DROP TABLE base CASCADE;
CREATE TABLE base (id int);
SELECT governance._follow('base');
INSERT INTO base VALUES (1);
-- rename-swap
BEGIN;
CREATE TABLE base_new (id int);
ALTER TABLE base RENAME TO base_old;
SELECT governance._follow('base_old');
ALTER TABLE base_new RENAME TO base;
SELECT governance._follow('base');
COMMIT;
INSERT INTO base VALUES (1);
INSERT INTO base_old VALUES (1);
-- a rename that no event trigger saw
ALTER TABLE base RENAME TO basis;
INSERT INTO basis VALUES (1);
SELECT governance.reset_level('boundary.writers', reason => 'end');
SELECT governance.declare_writer('basis', NULL);
SELECT governance.forget_writer('basis', 'nobody', 'x');

