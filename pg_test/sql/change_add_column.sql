-- needs: attached
-- Columns are added whose values have to be made for every row.
\set SHOW_CONTEXT never
CREATE ROLE change_add_column_owner;
CREATE ROLE change_add_column_app;
CREATE SCHEMA shop AUTHORIZATION change_add_column_owner;
CREATE FUNCTION shape(t regclass) RETURNS TABLE (fact text) LANGUAGE sql AS $$ SELECT f FROM (
    SELECT format('column %s %s%s%s%s', a.attname, format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN ' not null' END,
                  ' default ' || pg_get_expr(d.adbin, d.adrelid), ' identity ' || nullif(a.attidentity::text, ''))
      FROM pg_attribute a LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
     WHERE a.attrelid = t AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL SELECT format('constraint %s %s%s', c.conname, pg_get_constraintdef(c.oid), CASE WHEN NOT c.convalidated THEN ' not valid' END)
      FROM pg_constraint c WHERE c.conrelid = t
    UNION ALL SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i WHERE i.indrelid = t
    UNION ALL SELECT format('trigger %s', g.tgname) FROM pg_trigger g WHERE g.tgrelid = t AND NOT g.tgisinternal
    UNION ALL SELECT format('sequence %s', c.oid::regclass) FROM pg_class c WHERE c.relkind = 'S' AND c.relnamespace = 'shop'::regnamespace) x (f)
    ORDER BY f COLLATE "C"
$$;
SET ROLE change_add_column_owner;
CREATE TABLE shop.region (id int PRIMARY KEY);
INSERT INTO shop.region VALUES (1), (2);
CREATE TABLE shop.customer (id int, name text, touched int DEFAULT 0);
CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.touched := OLD.touched + 1; RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON shop.customer FOR EACH ROW EXECUTE FUNCTION shop.touch();
INSERT INTO shop.customer (id, name) SELECT g, 'n' || g FROM generate_series(1, 3000) g;
CREATE TABLE shop.event (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE shop.event_2020 PARTITION OF shop.event FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE shop.event_2021 PARTITION OF shop.event FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
INSERT INTO shop.event SELECT g, date '2020-01-01' + g % 700 FROM generate_series(1, 2000) g;
GRANT USAGE ON SCHEMA shop TO change_add_column_app;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA shop TO change_add_column_app;
RESET ROLE;
SELECT governance.declare_party('sales', db_roles => '{change_add_column_owner}');
SELECT governance.declare_dataset('shop.customer', 'sales', 'master');
SELECT governance.declare_dataset('shop.event', 'sales', 'transactional');
SET ROLE change_add_column_owner;
SELECT * FROM shape('shop.customer');

-- a volatile default
SELECT governance.propose_change('ALTER TABLE shop.customer ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE', 'x') AS c \gset
SELECT phase, statement, lock_mode FROM governance.change_plan(:c);
SELECT governance.approve_change(:c);
CALL governance.advance_change(:c);
SET ROLE change_add_column_app;
INSERT INTO shop.customer (id, name) VALUES (9001, 'old shape');
INSERT INTO shop.customer (id, name, token) VALUES (9002, 'new shape', '00000000-0000-0000-0000-000000000001');
INSERT INTO shop.customer (id, name, token) VALUES (9003, 'none', NULL);
UPDATE shop.customer SET name = 'old update' WHERE id = 1;
SET ROLE change_add_column_owner;
SELECT count(*), count(DISTINCT token), sum(touched) AS touched FROM shop.customer;
SELECT governance.abort_change(:c);
SELECT * FROM shape('shop.customer');
SELECT governance.propose_change('ALTER TABLE shop.customer ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE', 'x') AS c \gset
SELECT governance.approve_change(:c);
CALL governance.advance_change(:c);
ALTER TABLE shop.customer ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE;
SELECT * FROM shape('shop.customer');
ALTER TABLE shop.customer ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE;
SELECT governance.undo_change(:c);
SELECT * FROM shape('shop.customer');

-- identity: numbers go on where they were, for clients of both shapes
SELECT governance.propose_change('ALTER TABLE shop.customer ADD COLUMN "No" bigint GENERATED ALWAYS AS IDENTITY (START WITH 100 INCREMENT BY 2) PRIMARY KEY', 'x') AS c \gset
SELECT phase, statement, lock_mode FROM governance.change_plan(:c);
SELECT governance.approve_change(:c);
CALL governance.advance_change(:c);
SET ROLE change_add_column_app;
INSERT INTO shop.customer (id, name) VALUES (9010, 'between');
SET ROLE change_add_column_owner;
CALL governance.advance_change(:c);
SET ROLE change_add_column_app;
INSERT INTO shop.customer (id, name) VALUES (9011, 'after');
SET ROLE change_add_column_owner;
SELECT * FROM shape('shop.customer');
SELECT count(DISTINCT "No"), min("No"), max("No") FROM shop.customer;
SELECT id, "No" FROM shop.customer WHERE id IN (9010, 9011) ORDER BY id;
SELECT governance.undo_change(:c);
SELECT * FROM shape('shop.customer');

-- serial
SELECT governance.propose_change('ALTER TABLE shop.customer ADD COLUMN nr bigserial', 'x') AS c \gset
SELECT governance.approve_change(:c);
CALL governance.advance_change(:c);
SET ROLE change_add_column_app;
INSERT INTO shop.customer (id) VALUES (9020);
SET ROLE change_add_column_owner;
CALL governance.advance_change(:c);
SELECT count(DISTINCT nr), min(nr), max(nr) FROM shop.customer;
SELECT * FROM shape('shop.customer');
SELECT governance.undo_change(:c);
SELECT * FROM shape('shop.customer');

-- NOT NULL without a default, and what is demanded of it
SELECT governance.propose_change('ALTER TABLE shop.customer ADD COLUMN region int NOT NULL REFERENCES shop.region', 'x');
SELECT governance.propose_change('ALTER TABLE shop.customer ADD COLUMN region int NOT NULL REFERENCES shop.region CHECK (region > 0 AND id > 0)', 'x', up => '{"region": "1 + id % 2"}') AS c \gset
SELECT phase, statement, lock_mode FROM governance.change_plan(:c);
SELECT governance.approve_change(:c);
CALL governance.advance_change(:c);
SET ROLE change_add_column_app;
INSERT INTO shop.customer (id) VALUES (9030);
INSERT INTO shop.customer (id, region) VALUES (9031, 3);
COPY shop.customer (id) FROM stdin;
9032
\.
SET ROLE change_add_column_owner;
CALL governance.advance_change(:c);
SELECT region, count(*) FROM shop.customer GROUP BY 1 ORDER BY 1;
SELECT * FROM shape('shop.customer');
SELECT governance.undo_change(:c);
SELECT * FROM shape('shop.customer');

-- an up that gives a row no value: resumable when the row is mended
SELECT governance.propose_change('ALTER TABLE shop.customer ADD COLUMN initial text NOT NULL', 'x', up => 'left(name, 1)') AS c \gset
SELECT governance.approve_change(:c);
CALL governance.advance_change(:c);
UPDATE shop.customer SET name = 'mended' WHERE name IS NULL;
CALL governance.advance_change(:c);
SELECT state FROM governance.changes WHERE change = :c;
SELECT governance.abort_change(:c);
-- one that fails
SELECT governance.propose_change('ALTER TABLE shop.customer ADD COLUMN share numeric NOT NULL', 'x', up => '1.0 / (id - 7)') AS c \gset
SELECT governance.approve_change(:c);
CALL governance.advance_change(:c);
SELECT governance.abort_change(:c);
SELECT * FROM shape('shop.customer');

-- a partitioned table, and code of users: its triggers fire
CREATE FUNCTION shop.next_day(date) RETURNS date LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';
SELECT governance.propose_change('ALTER TABLE shop.event ADD COLUMN due date NOT NULL', 'x', up => 'shop.next_day(at)') AS c \gset
SELECT governance.approve_change(:c);
CALL governance.advance_change(:c);
INSERT INTO shop.event_2021 (id, at) VALUES (9001, '2021-05-05');
CALL governance.advance_change(:c);
SELECT count(*) FILTER (WHERE due <> at + 1) AS wrong, count(*) FROM shop.event;
SELECT * FROM shape('shop.event_2021');

-- the same value for all rows: none is read, but for the CHECK
SELECT governance.propose_change('ALTER TABLE shop.customer ADD COLUMN level int NOT NULL DEFAULT 1 CHECK (level > 0)', 'x') AS c \gset
SELECT phase, statement, lock_mode FROM governance.change_plan(:c);
SELECT governance.approve_change(:c);
CALL governance.advance_change(:c);
SELECT state FROM governance.changes WHERE change = :c;
SELECT * FROM shape('shop.customer');
ALTER TABLE shop.customer ADD COLUMN level int NOT NULL DEFAULT 1 CHECK (level > 0);

-- no form
SELECT governance.propose_change('ALTER TABLE shop.customer ADD CHECK (id + touched > 0), ADD CHECK (id + touched > 1)', 'x');
SELECT governance.propose_change('ALTER TABLE shop.customer ALTER name SET NOT NULL', 'x', up => '''x''', down => 'name');
SELECT governance.propose_change('ALTER TABLE shop.customer ADD COLUMN g int GENERATED ALWAYS AS (id * 2) STORED', 'x');
CREATE DOMAIN shop.positive AS int CHECK (VALUE > 0);
SELECT governance.propose_change('ALTER TABLE shop.customer ADD COLUMN p shop.positive', 'x');
SELECT governance.propose_change('ALTER TABLE shop.customer ADD COLUMN a int NOT NULL, ADD CHECK (a > 0)', 'x', up => '1');
SELECT governance.propose_change('ALTER TABLE shop.customer ADD COLUMN a text DEFAULT ''x''', 'x');
SELECT governance.propose_change('ALTER TABLE shop.customer ADD COLUMN name uuid DEFAULT gen_random_uuid()', 'x');
SELECT governance.propose_change('ALTER TABLE shop.customer ADD COLUMN IF NOT EXISTS name uuid DEFAULT gen_random_uuid()', 'x');
RESET ROLE;

-- An old row that is written before the copy has reached it gets its value then, with the rights of the owner: who updates needs none
-- on what the default calls. Of partitions it is the owner of the table above, whose expression it is.
CREATE ROLE change_add_column_other;
GRANT CREATE, USAGE ON SCHEMA shop TO change_add_column_other;
SET ROLE change_add_column_owner;
CREATE FUNCTION shop.who() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN current_user; END $$;
REVOKE ALL ON FUNCTION shop.who() FROM PUBLIC;
CREATE TABLE shop.moved (id int, n int) PARTITION BY RANGE (id);
CREATE TABLE shop.moved_1 PARTITION OF shop.moved FOR VALUES FROM (0) TO (10);
CREATE TABLE shop.moved_2 PARTITION OF shop.moved FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (id);
CREATE TABLE shop.moved_2_1 PARTITION OF shop.moved_2 FOR VALUES FROM (10) TO (20);
INSERT INTO shop.moved VALUES (1, 0), (2, 0), (11, 0), (12, 0);
GRANT SELECT, UPDATE ON shop.moved TO change_add_column_app;
SELECT governance.propose_change('ALTER TABLE shop.moved ADD COLUMN made_by text DEFAULT shop.who()', 'x') AS c \gset
SELECT governance.approve_change(:c);
SELECT governance._advance_step(:c);
RESET ROLE;
ALTER TABLE shop.moved_2_1 OWNER TO change_add_column_other;
SET ROLE change_add_column_app;
UPDATE shop.moved SET n = 1 WHERE id IN (1, 11) RETURNING id, made_by;
SELECT id, made_by FROM shop.moved ORDER BY id;
RESET ROLE;
ALTER TABLE shop.moved_2_1 OWNER TO change_add_column_owner;
SET ROLE change_add_column_owner;
CALL governance.advance_change(:c);
SELECT id, made_by FROM shop.moved ORDER BY id;
SELECT state FROM governance.changes WHERE change = :c;
SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'zz%made_by';
RESET ROLE;
