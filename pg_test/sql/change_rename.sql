-- A column gets another name while clients of both shapes work.
\set SHOW_CONTEXT never
CREATE ROLE change_rename_owner;
CREATE ROLE change_rename_app;
CREATE SCHEMA shop AUTHORIZATION change_rename_owner;
SET ROLE change_rename_owner;
CREATE TABLE shop.customer (id int PRIMARY KEY, "Name" varchar(40) NOT NULL DEFAULT 'anonymous', doc json, touched int DEFAULT 0);
CREATE INDEX ON shop.customer ("Name");
CREATE VIEW shop.names AS SELECT id, "Name" FROM shop.customer;
CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.touched := OLD.touched + 1; RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON shop.customer FOR EACH ROW EXECUTE FUNCTION shop.touch();
INSERT INTO shop.customer (id, "Name", doc) SELECT g, 'n' || g, '{"a": 1}' FROM generate_series(1, 20000) g;
CREATE TABLE shop.event (id int, at date, note text) PARTITION BY RANGE (at);
CREATE TABLE shop.event_2020 PARTITION OF shop.event FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE shop.event_2021 (note text, junk int, at date, id int);
ALTER TABLE shop.event_2021 DROP COLUMN junk;
ALTER TABLE shop.event ATTACH PARTITION shop.event_2021 FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
INSERT INTO shop.event SELECT g, date '2020-01-01' + g % 700, 'note ' || g FROM generate_series(1, 5000) g;
CREATE TABLE shop.empty (a int, b int);
GRANT USAGE ON SCHEMA shop TO change_rename_app;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA shop TO change_rename_app;
RESET ROLE;
SELECT governance.declare_party('sales', db_roles => '{change_rename_owner}');
SELECT governance.declare_dataset('shop.customer', 'sales', 'master');
SELECT governance.declare_dataset('shop.event', 'sales', 'transactional');
SELECT governance.tag_column('shop.customer', 'Name', 'pii.name');
SET ROLE change_rename_owner;

SELECT governance.propose_change('ALTER TABLE shop.customer RENAME COLUMN "Name" TO id', 'x');
SELECT governance.propose_change('ALTER TABLE shop.event RENAME COLUMN at TO happened_at', 'x');
SELECT governance.propose_change('ALTER TABLE shop.customer RENAME COLUMN "Name" TO full_name', 'clearer');
SELECT * FROM governance.change_plan(1);
SELECT governance.approve_change(1, 'yes', '{not_observed}');
CALL governance.advance_change(1);
SELECT phase, rows_done, pct, waits_for FROM governance.change_progress;
-- the copy fired no user trigger, and the tag came along
SELECT count(*) FILTER (WHERE touched > 0) AS touched, count(*) FILTER (WHERE full_name IS DISTINCT FROM "Name") AS different FROM shop.customer;
SELECT relation, column_name, tag, source FROM governance.column_tags;

-- clients of both shapes
SET ROLE change_rename_app;
INSERT INTO shop.customer (id, "Name") VALUES (30001, 'old insert');
INSERT INTO shop.customer (id, full_name) VALUES (30002, 'new insert');
INSERT INTO shop.customer (id) VALUES (30003);
UPDATE shop.customer SET full_name = 'new update' WHERE id = 1;
UPDATE shop.customer SET "Name" = 'old update' WHERE id = 2;
UPDATE shop.customer SET "Name" = 'old both', full_name = 'new both' WHERE id = 3;
UPDATE shop.customer SET touched = 7 WHERE id = 4;
INSERT INTO shop.customer (id, "Name") VALUES (5, 'x') ON CONFLICT (id) DO UPDATE SET "Name" = 'old upsert';
INSERT INTO shop.customer (id, full_name) VALUES (6, 'x') ON CONFLICT (id) DO UPDATE SET full_name = 'new upsert';
COPY shop.customer (id, full_name) FROM stdin;
30004	new copy
\.
COPY shop.customer (id, "Name") FROM stdin;
30005	old copy
\.
MERGE INTO shop.customer c USING (VALUES (7)) v (id) ON c.id = v.id WHEN MATCHED THEN UPDATE SET full_name = 'new merge';
DO $$ BEGIN UPDATE shop.customer SET "Name" = 'old plpgsql' WHERE id = 8; END $$;
SELECT id, "Name", full_name FROM shop.customer WHERE id IN (1, 2, 3, 4, 5, 6, 7, 8, 30001, 30002, 30003, 30004, 30005) ORDER BY id;
RESET ROLE;
SET session_replication_role = replica;
UPDATE shop.customer SET "Name" = 'applied' WHERE id = 9;
RESET session_replication_role;
SELECT "Name", full_name FROM shop.customer WHERE id = 9;

-- contracted: the index, the view, NOT NULL and the default are the new name's
SET ROLE change_rename_owner;
CALL governance.advance_change(1);
SELECT attname, attnotnull, atthasdef FROM pg_attribute WHERE attrelid = 'shop.customer'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum;
SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'shop.customer'::regclass ORDER BY 1;
SELECT * FROM shop.names WHERE id IN (1, 2);
SELECT column_name, tag FROM governance.column_tags ORDER BY 1;
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'shop.customer'::regclass AND NOT tgisinternal;
ALTER TABLE shop.customer RENAME COLUMN "Name" TO full_name;
SELECT governance.undo_change(1);
SELECT attname FROM pg_attribute WHERE attrelid = 'shop.customer'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum;
SELECT "Name" FROM shop.customer WHERE id = 1;

-- completed by a tool's own rename
SELECT governance.propose_change('ALTER TABLE shop.customer RENAME COLUMN "Name" TO full_name', 'clearer');
SELECT governance.approve_change(2, 'yes', '{not_observed}');
ALTER TABLE shop.customer RENAME COLUMN "Name" TO full_name;
ALTER TABLE shop.customer RENAME COLUMN full_name TO "Name";
CALL governance.advance_change(2);
ALTER TABLE shop.customer RENAME COLUMN "Name" TO full_name;
SELECT count(*) FROM shop.customer WHERE full_name IS NULL;

-- given up: the old shape is as before
SELECT governance.propose_change('ALTER TABLE shop.event RENAME COLUMN note TO remark', 'clearer');
SELECT governance.approve_change(3, 'yes', '{not_observed}');
CALL governance.advance_change(3);
INSERT INTO shop.event (id, at, remark) VALUES (9001, '2020-05-05', 'by new');
INSERT INTO shop.event_2021 (id, at, note) VALUES (9002, '2021-05-05', 'by old into the partition');
SELECT note, remark FROM shop.event WHERE id > 9000 ORDER BY id;
SELECT count(*) FROM shop.event WHERE note IS DISTINCT FROM remark;
SELECT governance.abort_change(3, 'not needed');
SELECT attname FROM pg_attribute WHERE attrelid = 'shop.event'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum;
SELECT count(*) FROM pg_trigger WHERE tgrelid IN ('shop.event'::regclass, 'shop.event_2020'::regclass);

-- an empty table, and a type without an equality operator
SELECT governance.propose_change('ALTER TABLE shop.empty RENAME COLUMN b TO c', 'x');
SELECT governance.approve_change(4, 'yes', '{not_observed}');
CALL governance.advance_change(4);
CALL governance.advance_change(4);
SELECT governance.propose_change('ALTER TABLE shop.customer RENAME COLUMN doc TO document', 'x');
SELECT governance.approve_change(5, 'yes', '{not_observed}');
CALL governance.advance_change(5);
SELECT count(*) FROM shop.customer WHERE document::text IS DISTINCT FROM doc::text;
CALL governance.advance_change(5);
RESET ROLE;
SELECT change, state, ddl FROM governance.changes;

-- the dual write switched off after it was verified: the gate closes; switched on again, the copy is made anew
SET ROLE change_rename_owner;
SELECT governance.propose_change('ALTER TABLE shop.customer RENAME COLUMN touched TO touches', 'x') AS six \gset
SELECT governance.approve_change(:six, 'yes', '{not_observed}');
CALL governance.advance_change(:six);
SELECT 'ALTER TABLE shop.customer DISABLE TRIGGER zz_data_governance_change_' || :six AS off \gset
:off;
UPDATE shop.customer SET touches = 99 WHERE id = 1;
CALL governance.advance_change(:six);
ALTER TABLE shop.customer RENAME COLUMN touched TO touches;
SELECT governance.abort_change(:six);

-- DDL of somebody's code inside a step of ours is judged like any other
CREATE FUNCTION shop.evil(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN DROP TABLE shop.event; RETURN true; END $$;
CREATE DOMAIN shop.evil AS text;
CREATE TABLE shop.trap (id int, v shop.evil);
INSERT INTO shop.trap VALUES (1, 'x');
ALTER DOMAIN shop.evil ADD CONSTRAINT evil CHECK (shop.evil(VALUE)) NOT VALID;
SELECT governance.propose_change('ALTER TABLE shop.trap RENAME COLUMN v TO w', 'x') AS seven \gset
SELECT governance.approve_change(:seven, 'yes', '{not_observed}');
CALL governance.advance_change(:seven);
SELECT to_regclass('shop.event') IS NOT NULL AS event_survives;
RESET ROLE;

-- the trigger function under any other trigger
CREATE TABLE shop.misuse (a int, b int);
CREATE TRIGGER misuse AFTER INSERT ON shop.misuse FOR EACH STATEMENT EXECUTE FUNCTION governance._dual_write('a', 'b');
INSERT INTO shop.misuse VALUES (1, 2);
CREATE OR REPLACE TRIGGER misuse BEFORE DELETE ON shop.misuse FOR EACH ROW EXECUTE FUNCTION governance._dual_write('a', 'b');
ALTER TABLE shop.misuse DISABLE TRIGGER misuse;
INSERT INTO shop.misuse VALUES (1, 2);
ALTER TABLE shop.misuse ENABLE TRIGGER misuse;
DELETE FROM shop.misuse;
-- users' functions never run with triggers switched off, as they are for the copy of other tables
SET ROLE change_rename_owner;
CREATE FUNCTION shop.seen(text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE 'session_replication_role is %', current_setting('session_replication_role');
    RETURN true;
END $$;
CREATE TABLE shop.checked (id int, v text CHECK (shop.seen(v)));
INSERT INTO shop.checked VALUES (1, 'x');
SELECT governance.propose_change('ALTER TABLE shop.checked RENAME COLUMN v TO w', 'x') AS eight \gset
SELECT governance.approve_change(:eight, 'yes', '{not_observed}');
CALL governance.advance_change(:eight);
CREATE FUNCTION shop.seen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM shop.seen(''); RETURN NEW; END $$;
CREATE TABLE shop.watched (id int, v text);
INSERT INTO shop.watched VALUES (1, 'x');
CREATE TRIGGER seen BEFORE UPDATE ON shop.watched FOR EACH ROW EXECUTE FUNCTION shop.seen();
ALTER TABLE shop.watched ENABLE ALWAYS TRIGGER seen;
SELECT governance.propose_change('ALTER TABLE shop.watched RENAME COLUMN v TO w', 'x') AS nine \gset
SELECT governance.approve_change(:nine, 'yes', '{not_observed}');
CALL governance.advance_change(:nine);

-- the twin gets another type: no value is taken for one of another type
ALTER TABLE shop.watched ALTER COLUMN w TYPE bigint USING 1;
INSERT INTO shop.watched (id, v) VALUES (2, 'text');
INSERT INTO shop.watched (id, w) VALUES (2, 4711);
RESET ROLE;

-- a table that others inherit from: each writes both shapes, and one that comes meanwhile keeps the gate closed
CREATE TABLE shop.above (id int, name text NOT NULL DEFAULT 'none', CHECK (name <> ''));
CREATE TABLE shop.heir (more int) INHERITS (shop.above);
CREATE TABLE shop."Heir of heir" () INHERITS (shop.heir);
CREATE INDEX heir_name ON shop.heir (name);
INSERT INTO shop.above VALUES (1, 'a'); INSERT INTO shop.heir VALUES (2, 'b'); INSERT INTO shop."Heir of heir" VALUES (3, 'c');
SELECT governance.propose_change('ALTER TABLE shop.above RENAME COLUMN name TO id', 'x');
SELECT governance.propose_change('ALTER TABLE shop.above RENAME COLUMN name TO more', 'x');
SELECT governance.propose_change('ALTER TABLE shop.heir RENAME COLUMN name TO title', 'x');
SELECT governance.propose_change('ALTER TABLE shop.above RENAME COLUMN name TO title', 'x') AS above \gset
SELECT statement FROM governance.change_plan(:above) WHERE statement LIKE '%TRIGGER%';
SELECT governance.approve_change(:above, 'x', '{not_observed}') \g /dev/null
CALL governance.advance_change(:above);
INSERT INTO shop."Heir of heir" (id, title) VALUES (4, 'new');
INSERT INTO shop.heir (id, name) VALUES (5, 'old');
UPDATE shop.above SET title = 'by the new' WHERE id = 3;
UPDATE shop.above SET name = 'by the old' WHERE id = 2;
SELECT tableoid::regclass, id, name, title FROM shop.above ORDER BY id;
CREATE TABLE shop.late () INHERITS (shop.above);
CALL governance.advance_change(:above);
DROP TABLE shop.late;
CALL governance.advance_change(:above);
SELECT state FROM governance.changes WHERE change = :above;
SELECT tableoid::regclass, id, title FROM shop.above ORDER BY id;
SELECT governance.undo_change(:above) \g /dev/null
INSERT INTO shop.heir (id, name) VALUES (6, 'old');
SELECT tableoid::regclass, id, name FROM shop.above ORDER BY id;
SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgrelid IN ('shop.above'::regclass, 'shop.heir'::regclass, 'shop."Heir of heir"'::regclass) AND NOT tgisinternal;
