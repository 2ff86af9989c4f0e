-- What Flyway, Liquibase and Rails send for the same operations: settings, advisory locks, records of their own. The drill
-- change_tools runs Alembic and Django themselves.
\set SHOW_CONTEXT never
CREATE ROLE change_tools_owner;
CREATE SCHEMA shop AUTHORIZATION change_tools_owner;
SET ROLE change_tools_owner;
SET search_path = shop;
CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, phone text NOT NULL, fax text, telex text, a int, b int, cable text, morse text, wire text);
CREATE INDEX index_customer_on_name ON customer (name);
CREATE INDEX index_customer_on_cable ON customer (cable);
CREATE INDEX index_customer_on_wire ON customer (wire);
CREATE TABLE legacy (id int PRIMARY KEY);
CREATE TABLE older (id int PRIMARY KEY);
CREATE VIEW telexes AS SELECT id, telex FROM customer;
INSERT INTO customer SELECT g, 'n' || g, 'p' || g, 'f', 't', g, g, 'c', 'm', 'w' FROM generate_series(1, 10) g;
RESET ROLE;
SELECT governance.declare_party('sales', db_roles => '{change_tools_owner}');
SELECT governance.declare_dataset('customer', 'sales', 'master'), governance.declare_dataset('legacy', 'sales', 'master'), governance.declare_dataset('older', 'sales', 'master');
SET client_min_messages = error;
SELECT governance.set_level('guard', 'enforce', 'dataset:shop.' || t) FROM unnest('{customer,legacy,older}'::text[]) t;
RESET client_min_messages;
SET ROLE change_tools_owner;
SET lock_timeout = '2 s';

-- Flyway: a lock of its own, its record, one transaction for each file
SELECT pg_try_advisory_lock(77431072717000) IS NOT NULL AS locked;
SELECT set_config('search_path', '"shop", "$user"', false) IS NOT NULL AS set;
CREATE TABLE IF NOT EXISTS "shop"."flyway_schema_history" ("installed_rank" INT NOT NULL, "version" VARCHAR(50), "description" VARCHAR(200) NOT NULL, "success" BOOLEAN NOT NULL);
ALTER TABLE "shop"."flyway_schema_history" ADD CONSTRAINT "flyway_schema_history_pk" PRIMARY KEY ("installed_rank");
CREATE INDEX "flyway_schema_history_s_idx" ON "shop"."flyway_schema_history" ("success");
BEGIN;
ALTER TABLE customer DROP COLUMN phone;
INSERT INTO "shop"."flyway_schema_history" VALUES (1, '2', 'drop phone', true);
ROLLBACK;
SELECT count(*) FROM "shop"."flyway_schema_history";
SELECT governance.propose_change('ALTER TABLE shop.customer DROP COLUMN phone', 'flyway') AS one \gset
SELECT governance.approve_change(:one, 'flyway', '{not_observed}');
BEGIN;
ALTER TABLE customer DROP COLUMN phone;
INSERT INTO "shop"."flyway_schema_history" VALUES (1, '2', 'drop phone', true);
COMMIT;
SELECT change, state, by_own_ddl FROM governance.changes;
SELECT pg_advisory_unlock(77431072717000);

-- Liquibase: qualified names, cascadeConstraints
CREATE TABLE shop.databasechangeloglock (ID INTEGER NOT NULL, LOCKED BOOLEAN NOT NULL, LOCKGRANTED TIMESTAMP WITHOUT TIME ZONE, LOCKEDBY VARCHAR(255), CONSTRAINT databasechangeloglock_pkey PRIMARY KEY (ID));
DELETE FROM shop.databasechangeloglock;
INSERT INTO shop.databasechangeloglock (ID, LOCKED) VALUES (1, FALSE);
UPDATE shop.databasechangeloglock SET LOCKED = TRUE, LOCKEDBY = 'somebody', LOCKGRANTED = NOW() WHERE ID = 1 AND LOCKED = FALSE;
SET SEARCH_PATH TO shop, "$user","public";
DROP TABLE shop.legacy CASCADE;
SELECT governance.propose_change('DROP TABLE shop.legacy CASCADE', 'liquibase') AS two \gset
SELECT governance.approve_change(:two, 'liquibase', '{not_observed}');
DROP TABLE shop.legacy CASCADE;
-- the same wish, with and without
DROP TABLE shop.legacy;
ALTER TABLE shop.customer DROP COLUMN phone CASCADE;
-- a view that depends on it is put aside by the plan, and only where the proposal says CASCADE
ALTER TABLE shop.customer DROP COLUMN telex CASCADE;
SELECT governance.propose_change('ALTER TABLE shop.customer DROP COLUMN telex', 'liquibase');
SELECT governance.propose_change('ALTER TABLE shop.customer DROP COLUMN telex CASCADE', 'liquibase') AS telex \gset
SELECT statement FROM governance.change_plan(:telex) WHERE phase = 'contract';
SELECT governance.abort_change(:telex, 'the view stays');
-- nor does one pass that was approved before that came
SELECT governance.propose_change('ALTER TABLE shop.customer DROP COLUMN fax', 'liquibase') AS three \gset
SELECT governance.approve_change(:three, 'liquibase', '{not_observed}');
CREATE VIEW shop.faxes AS SELECT id, fax FROM shop.customer;
ALTER TABLE shop.customer DROP COLUMN fax CASCADE;
DROP VIEW shop.faxes;
SELECT governance.abort_change(:three, 'a view came');
UPDATE shop.databasechangeloglock SET LOCKED = FALSE, LOCKEDBY = NULL, LOCKGRANTED = NULL WHERE ID = 1;

-- Rails: settings of the session, names in quotes, several columns at once, indexes that follow a rename
SET client_min_messages TO 'warning';
SET standard_conforming_strings = on;
SET intervalstyle = iso_8601;
SET SESSION timezone TO 'UTC';
SELECT pg_try_advisory_lock(4961467460467374315) IS NOT NULL AS locked;
CREATE TABLE "schema_migrations" ("version" character varying NOT NULL PRIMARY KEY);
-- what is refused is proposed as the statement that it is; where there is no plan for all of it, what there is one for
BEGIN;
ALTER TABLE "customer" DROP COLUMN "a", DROP COLUMN "b";
ROLLBACK;
ALTER TABLE "customer" ADD COLUMN more int, DROP COLUMN "a", ALTER COLUMN "b" TYPE bigint;
ALTER TABLE "customer" DROP COLUMN "a" CASCADE, DROP COLUMN "b" CASCADE;
ALTER TABLE "customer" DROP COLUMN "a", SET (fillfactor = 90);
SELECT statement, advice FROM governance.explain_ddl('ALTER TABLE "customer" DROP COLUMN "a", DROP COLUMN "b"');
SELECT governance.propose_change('ALTER TABLE "customer" DROP COLUMN "a", DROP COLUMN "b"', 'rails') AS four \gset
SELECT governance.approve_change(:four, 'rails', '{not_observed}');
SELECT governance.propose_change('ALTER TABLE "customer" RENAME COLUMN "name" TO "full_name"', 'rails') AS five \gset
SELECT governance.approve_change(:five, 'rails', '{not_observed}');
CALL governance.advance_change(:five);
SELECT governance.propose_change('DROP TABLE "older"', 'rails') AS six \gset
SELECT governance.approve_change(:six, 'rails', '{not_observed}');
SET client_min_messages TO 'notice';
BEGIN;
ALTER TABLE "customer" ADD "email" character varying;
ALTER TABLE "customer" DROP COLUMN "a", DROP COLUMN "b";
ALTER TABLE "customer" RENAME COLUMN "name" TO "full_name";
ALTER INDEX "index_customer_on_name" RENAME TO "index_customer_on_full_name";
DROP TABLE "older";
INSERT INTO "schema_migrations" ("version") VALUES ('20260101000000') RETURNING "version";
COMMIT;
SELECT kind, state, by_own_ddl FROM governance.changes WHERE change >= :four ORDER BY change;
SELECT attname, attnotnull FROM pg_attribute WHERE attrelid = 'customer'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum;

-- op.drop_index before op.drop_column, RemoveIndex: the index is a change of its own, and the file completes both; one that
-- goes CONCURRENTLY comes first in its transaction. One of a column in quarantine has another name there
DROP INDEX CONCURRENTLY "index_customer_on_cable";
DROP INDEX "index_customer_on_cable";
SELECT governance.propose_change('DROP INDEX shop.index_customer_on_wire', 'rails') AS wire \gset
SELECT governance.propose_change('ALTER TABLE shop.customer DROP COLUMN wire', 'rails') AS seven \gset
SELECT governance.approve_change(:wire, 'rails', '{not_observed}'), governance.approve_change(:seven, 'rails', '{not_observed}');
BEGIN;
DROP INDEX "index_customer_on_wire";
ALTER TABLE "customer" DROP COLUMN "wire";
COMMIT;
SELECT governance.undo_change(:wire);
CALL governance.advance_change(:wire);
SELECT governance.undo_change(:seven);
CALL governance.advance_change(:wire);
SELECT count(wire), to_regclass('index_customer_on_wire') FROM customer;
SELECT governance.propose_change('DROP INDEX shop.index_customer_on_wire', 'rails') AS wire \gset
SELECT governance.approve_change(:wire, 'rails', '{not_observed}');
DROP INDEX CONCURRENTLY "index_customer_on_wire";
SELECT state, by_own_ddl FROM governance.changes WHERE change = :wire;
DROP INDEX CONCURRENTLY IF EXISTS "index_customer_on_wire";
-- without IF EXISTS too; several at once are more than the change, and fail as ever
DROP INDEX CONCURRENTLY "index_customer_on_wire";
DROP INDEX "index_customer_on_wire";
DROP INDEX "index_customer_on_wire", "index_nowhere";
DROP INDEX "index_nowhere";
SELECT governance.undo_change(:wire);
CALL governance.advance_change(:wire);
SELECT to_regclass('index_customer_on_wire');
SELECT governance.propose_change('ALTER TABLE customer DROP COLUMN cable', 'rails') AS seven \gset
SELECT governance.approve_change(:seven, 'rails', '{not_observed}');
ALTER TABLE "customer" DROP COLUMN "cable";
SELECT indexname FROM pg_indexes WHERE schemaname = 'shop' AND tablename = 'customer' ORDER BY 1;

-- the tool's way back takes the names; then what is in quarantine cannot come back until they are free
ALTER TABLE "customer" ADD "cable" character varying;
CREATE INDEX CONCURRENTLY "index_customer_on_cable" ON "customer" ("cable");
CREATE TABLE "older" ("id" serial NOT NULL PRIMARY KEY);
SELECT governance.undo_change(:seven);
SELECT governance.undo_change(:six);
DROP TABLE "older";
ALTER TABLE "customer" RENAME COLUMN "cable" TO "cable_again";
SELECT governance.propose_change('ALTER TABLE shop.customer RENAME COLUMN cable TO cable_again', 'undo') AS eight \gset
SELECT governance.approve_change(:eight, 'undo', '{not_observed}');
CALL governance.advance_change(:eight);
ALTER TABLE "customer" RENAME COLUMN "cable" TO "cable_again";
SELECT governance.undo_change(:seven);
SELECT count(cable) FROM customer;

-- a column with a default, as tools add it: the default of a new column is nobody's loss
BEGIN;
ALTER TABLE "customer" ADD COLUMN "country" varchar(2) DEFAULT 'GR' NOT NULL;
ALTER TABLE "customer" ALTER COLUMN "country" DROP DEFAULT;
COMMIT;
ALTER TABLE "customer" ADD COLUMN "city" text DEFAULT 'Athens' NOT NULL;
ALTER TABLE "customer" ALTER COLUMN "city" DROP DEFAULT;
ALTER TABLE "customer" ALTER COLUMN "morse" TYPE varchar(10);
SELECT pg_advisory_unlock(4961467460467374315);
