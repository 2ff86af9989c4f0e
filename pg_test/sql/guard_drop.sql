-- The guard by event triggers, mode installed: what is refused, what passes, and the way forward.
\set SHOW_CONTEXT never
CREATE ROLE guard_drop_owner;
CREATE SCHEMA shop AUTHORIZATION guard_drop_owner;
SET ROLE guard_drop_owner;
CREATE TABLE shop.customer (id int PRIMARY KEY, name text, phone text NOT NULL);
CREATE TABLE shop.orders (id int PRIMARY KEY, customer int REFERENCES shop.customer);
CREATE TABLE shop.event (id int, at date, note text) PARTITION BY RANGE (at);
CREATE TABLE shop.event_2020 PARTITION OF shop.event FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE shop.event_2021 PARTITION OF shop.event FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
CREATE VIEW shop.names AS SELECT id, name FROM shop.customer;
RESET ROLE;
SELECT governance.declare_party('sales', db_roles => '{guard_drop_owner}');
SELECT governance.declare_dataset('shop.customer', 'sales', 'master');
SELECT governance.declare_dataset('shop.event', 'sales', 'transactional');
SELECT governance.declare_dataset('shop.names', 'sales', 'transactional');
SET ROLE guard_drop_owner;

-- refused, by whatever command
ALTER TABLE shop.customer DROP COLUMN phone;
DROP TABLE shop.customer CASCADE;
CREATE TYPE shop.mood AS ENUM ('good');
ALTER TABLE shop.customer ADD COLUMN mood shop.mood;
DROP TYPE shop.mood CASCADE;
DROP TABLE shop.event_2020;
ALTER TABLE shop.event DROP COLUMN note;
DROP TABLE shop.event;
RESET ROLE;
DROP SCHEMA shop CASCADE;
DROP OWNED BY guard_drop_owner CASCADE;
SET session_replication_role = replica;
DROP TABLE shop.customer CASCADE;
RESET session_replication_role;
SET ROLE guard_drop_owner;

-- hidden in functions and exception blocks
DO $$ BEGIN
    DROP TABLE shop.customer CASCADE;
EXCEPTION WHEN object_not_in_prerequisite_state THEN
    RAISE NOTICE 'caught: %', SQLERRM;
END $$;
CREATE FUNCTION shop.sneaky() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'DROP TABLE shop.customer CASCADE'; END $$;
SELECT shop.sneaky();

-- a warning and a record only
ALTER TABLE shop.customer RENAME COLUMN name TO full_name;
ALTER TABLE shop.customer RENAME COLUMN full_name TO name;
ALTER TABLE shop.customer ALTER COLUMN id TYPE bigint;
DROP VIEW shop.names;
ALTER TABLE shop.event RENAME TO happening;
SELECT relation, owner, class FROM governance.datasets WHERE declared;
ALTER TABLE shop.happening RENAME TO event;

-- passes: undeclared, temporary, made in this transaction, of an extension
DROP TABLE shop.orders;
CREATE TEMP TABLE customer (id int);
ALTER TABLE customer RENAME TO client;
DROP TABLE client;
BEGIN;
ALTER TABLE shop.customer ADD COLUMN fresh int;
ALTER TABLE shop.customer DROP COLUMN fresh;
CREATE TABLE shop.fresh (id int);
SELECT governance.declare_dataset('shop.fresh', 'sales');
DROP TABLE shop.fresh;
SAVEPOINT s;
CREATE TABLE shop.gone (id int);
ROLLBACK TO s;
COMMIT;
RESET ROLE;

-- quoted, dotted and 63-byte names
CREATE TABLE "Odd.Na""me" (a int, "B b" int);
SELECT governance.declare_dataset('"Odd.Na""me"', 'sales');
ALTER TABLE "Odd.Na""me" DROP COLUMN "B b";
CREATE TABLE a23456789012345678901234567890123456789012345678901234567890123 (b int);
SELECT governance.declare_dataset('a23456789012345678901234567890123456789012345678901234567890123', 'sales');
DROP TABLE a23456789012345678901234567890123456789012345678901234567890123;

-- break-glass: not in its own transaction, then once, then no more; only for its hazard, scope and role
BEGIN;
SELECT governance.break_glass('cleaning up', '{data_loss}', 'dataset:shop.customer') IS NOT NULL AS opened;
DROP TABLE shop.customer CASCADE;
ROLLBACK;
SELECT governance.break_glass('cleaning up', '{data_loss}', 'dataset:shop.customer') IS NOT NULL AS opened;
DROP TABLE shop.event;
ALTER TABLE shop.customer DROP COLUMN mood;
ALTER TABLE shop.customer DROP COLUMN phone;
SELECT hazards, scope, for_role, uses_left, reason, open FROM governance.break_glasses;
SELECT governance.break_glass(NULL);
SELECT governance.break_glass('x', '{everything}');
SELECT governance.break_glass('x', for_role => 'nobody_at_all');
SELECT governance.break_glass('x', uses => 0);
SELECT governance.break_glass('x', valid_until => now() + '3 days');
SELECT governance.break_glass('x', scope => 'shop');
SET ROLE guard_drop_owner;
SELECT governance.break_glass('mine');
RESET ROLE;
SELECT governance.end_break_glass();

-- lowering a level takes effect after commit
BEGIN;
SELECT governance.set_level('guard', 'off', reason => 'testing');
DROP TABLE shop.customer;
ROLLBACK;
SELECT governance.set_level('guard.ban-drop-table', 'warn', 'dataset:shop.event', reason => 'testing');
DROP TABLE shop.event_2020;
DROP TABLE shop.customer;

-- what is recorded
SELECT coalesce(tag, '') AS tag, object, rule, level, verdict FROM governance.ddl_log WHERE rule IS NOT NULL;
SELECT rule, hazard, level FROM governance.rules;

-- a password in a statement is not kept
CREATE FOREIGN DATA WRAPPER guard_drop;
CREATE SERVER guard_drop FOREIGN DATA WRAPPER guard_drop;
CREATE USER MAPPING FOR CURRENT_USER SERVER guard_drop OPTIONS (password 'hunter2');
SELECT tag, statement FROM governance.ddl_log WHERE tag LIKE '%USER MAPPING' OR statement LIKE '%hunter%';
-- what the transaction itself made is known by number, not by a name that another column may bear by now
SET ROLE guard_drop_owner;
BEGIN;
ALTER TABLE shop.customer ADD COLUMN IF NOT EXISTS phone text;
ALTER TABLE shop.customer DROP COLUMN phone;
ROLLBACK;
BEGIN;
SET LOCAL client_min_messages = error;
ALTER TABLE shop.customer ADD COLUMN spare text;
ALTER TABLE shop.customer RENAME COLUMN spare TO other;
ALTER TABLE shop.customer RENAME COLUMN phone TO spare;
ALTER TABLE shop.customer DROP COLUMN spare;
ROLLBACK;
BEGIN;
SET LOCAL client_min_messages = error;
ALTER TABLE shop.customer ADD COLUMN spare text;
ALTER TABLE shop.customer RENAME COLUMN spare TO other;
ALTER TABLE shop.customer DROP COLUMN other;
SELECT 'its own passes under any name';
ROLLBACK;

-- ALTER INDEX and ALTER SEQUENCE rename tables as well
ALTER INDEX shop.customer RENAME TO client;
ALTER INDEX shop.client RENAME TO customer;
RESET ROLE;
SELECT DISTINCT object, rule, verdict FROM governance.ddl_log WHERE rule = 'renaming-table' ORDER BY 1;
