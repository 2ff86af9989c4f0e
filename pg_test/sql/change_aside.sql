-- What a column in quarantine must not keep: checks, foreign keys and unique indexes. Clients of the new shape never fail on
-- them; undo_change brings them back without reading a row, and advance_change proves them.
\set SHOW_CONTEXT never
\pset null -
CREATE ROLE aside_owner;
CREATE ROLE aside_other;
CREATE SCHEMA shop AUTHORIZATION aside_owner;
CREATE SCHEMA hr AUTHORIZATION aside_other;
SET ROLE aside_other;
CREATE TABLE hr.person (id int PRIMARY KEY);
INSERT INTO hr.person SELECT generate_series(1, 20);
GRANT USAGE ON SCHEMA hr TO aside_owner;
GRANT REFERENCES ON hr.person TO aside_owner;
RESET ROLE;
SET ROLE aside_owner;
CREATE TABLE shop.rep (id int PRIMARY KEY);
INSERT INTO shop.rep SELECT generate_series(1, 20);
CREATE TABLE shop.sale (
    id int PRIMARY KEY,
    rep int CONSTRAINT sale_rep REFERENCES shop.rep,
    person int CONSTRAINT sale_person REFERENCES hr.person ON DELETE CASCADE,
    low int, high int CONSTRAINT sale_high CHECK (high IS NOT NULL),
    kind text, place text, at int DEFAULT 7, ref text UNIQUE,
    CONSTRAINT sale_range CHECK (low < high AND low IS NOT NULL),
    CONSTRAINT sale_kind UNIQUE (kind, place),
    CONSTRAINT sale_at UNIQUE (at) DEFERRABLE);
COMMENT ON CONSTRAINT sale_range ON shop.sale IS 'low is below high';
COMMENT ON CONSTRAINT sale_kind ON shop.sale IS 'one of a kind';
CREATE UNIQUE INDEX sale_places ON shop.sale (place) INCLUDE (kind) WHERE id > 0;
ALTER TABLE shop.sale ADD CONSTRAINT sale_old CHECK (low > 5) NOT VALID;
INSERT INTO shop.sale SELECT g, g, g, 5 + g, 10 + g, 'k' || g, 'p' || g, g, 'r' || g FROM generate_series(1, 20) g;
RESET ROLE;
CREATE VIEW rules AS SELECT c.conrelid::regclass AS of, c.conname, c.convalidated AS valid, pg_get_constraintdef(c.oid), obj_description(c.oid, 'pg_constraint') AS says
    FROM pg_constraint c WHERE c.connamespace = 'shop'::regnamespace AND c.contype <> 'p' ORDER BY 1, 2;
GRANT SELECT ON rules TO aside_owner;
CREATE TABLE before AS SELECT * FROM rules;
GRANT SELECT ON before TO aside_owner;
SELECT governance.declare_party('sales', db_roles => '{aside_owner}');
SELECT governance.declare_dataset('shop.sale', 'sales', 'transactional');
SET client_min_messages = error;
SELECT governance.set_level('guard', 'enforce', 'dataset:shop.sale');
RESET client_min_messages;
SET ROLE aside_owner;
SET lock_timeout = '2 s';
CREATE PROCEDURE shop.to_gate(wish text, INOUT change bigint) LANGUAGE plpgsql AS $$
BEGIN
    change := governance.propose_change(wish, 'suite');
    PERFORM governance.approve_change(change, 'suite', '{not_observed}');
END $$;

-- two columns that share a check; the plan, and its way back
CALL shop.to_gate('ALTER TABLE shop.sale DROP COLUMN low, DROP COLUMN high', NULL) \gset
SELECT phase, statement, lock_mode FROM governance.change_plan(:change);
CALL governance.advance_change(:change);
SELECT * FROM rules WHERE of = 'shop.sale'::regclass;
INSERT INTO shop.sale (id, rep, person, kind, place, at) VALUES (100, 1, 1, 'x', 'y', 100);
SELECT governance.undo_change(:change);
SELECT * FROM rules WHERE conname IN ('sale_range', 'sale_high', 'sale_old');
SELECT state FROM governance.changes WHERE change = :change;
-- new rows obey at once; old ones are named, one after the other
INSERT INTO shop.sale (id, low, high) VALUES (101, 9, 8);
CALL governance.advance_change(:change);
UPDATE shop.sale SET low = 6, high = 7 WHERE id = 100;
CALL governance.advance_change(:change);
SELECT * FROM rules EXCEPT SELECT * FROM before;
DELETE FROM shop.sale WHERE id = 100;

-- foreign keys: nothing is blocked and nothing goes along
CALL shop.to_gate('ALTER TABLE shop.sale DROP COLUMN rep', NULL) \gset
CALL governance.advance_change(:change);
\set one :change
CALL shop.to_gate('ALTER TABLE shop.sale DROP COLUMN person', NULL) \gset
ALTER TABLE shop.sale DROP COLUMN person;
DELETE FROM shop.rep WHERE id > 18;
RESET ROLE;
DELETE FROM hr.person WHERE id = 3;
SELECT count(*) FROM shop.sale;
-- the right to refer is gone, and the way back is not
REVOKE REFERENCES ON hr.person FROM aside_owner;
SET ROLE aside_owner;
SELECT governance.undo_change(:change);
SELECT governance.undo_change(:one);
CALL governance.advance_change(:one);
INSERT INTO shop.rep VALUES (19), (20);
CALL governance.advance_change(:one);
CALL governance.advance_change(:change);
DELETE FROM shop.sale WHERE id = 3;
CALL governance.advance_change(:change);
SELECT * FROM rules EXCEPT SELECT * FROM before;

-- unique over several columns, under a default, with others included
CALL shop.to_gate('ALTER TABLE shop.sale DROP COLUMN kind', NULL) \gset
\set one :change
SELECT phase, statement, lock_mode FROM governance.change_plan(:one);
CALL governance.advance_change(:one);
CALL shop.to_gate('ALTER TABLE shop.sale DROP COLUMN at, DROP COLUMN ref', NULL) \gset
ALTER TABLE shop.sale DROP COLUMN at, DROP COLUMN ref;
SELECT indexname FROM pg_indexes WHERE schemaname = 'shop' AND tablename = 'sale' ORDER BY 1;
INSERT INTO shop.sale (id, low, high, place) VALUES (200, 6, 9, 'p1'), (201, 6, 9, 'p1');
UPDATE shop.sale SET place = 'p2' WHERE id = 1;
SELECT governance.undo_change(:change);
CALL governance.advance_change(:change);
UPDATE shop.sale SET at = id WHERE id > 199;
CALL governance.advance_change(:change);
SELECT governance.undo_change(:one);
CALL governance.advance_change(:one);
UPDATE shop.sale SET place = 'p' || id;
CALL governance.advance_change(:one);
SELECT * FROM rules EXCEPT SELECT * FROM before;
SELECT * FROM before EXCEPT SELECT * FROM rules;
SELECT indexname FROM pg_indexes WHERE schemaname = 'shop' AND tablename = 'sale' ORDER BY 1;
DELETE FROM shop.sale WHERE id > 199;

-- two changes share a check: each order of the ways back
CALL shop.to_gate('ALTER TABLE shop.sale DROP COLUMN low', NULL) \gset
\set one :change
CALL shop.to_gate('ALTER TABLE shop.sale DROP COLUMN high', NULL) \gset
CALL governance.advance_change(:one);
CALL governance.advance_change(:change);
SELECT governance.undo_change(:one);
SELECT governance.undo_change(:change);
SELECT conname FROM rules WHERE conname LIKE 'sale_%' AND of = 'shop.sale'::regclass;
CALL governance.advance_change(:change);
SELECT governance.undo_change(:one);
CALL governance.advance_change(:one);
SELECT * FROM rules EXCEPT SELECT * FROM before;
SELECT * FROM before EXCEPT SELECT * FROM rules;
-- one is purged: what they shared is gone with it, and that is said
CALL shop.to_gate('ALTER TABLE shop.sale DROP COLUMN low', NULL) \gset
\set one :change
CALL governance.advance_change(:one);
CALL shop.to_gate('ALTER TABLE shop.sale DROP COLUMN high', NULL) \gset
CALL governance.advance_change(:change);
RESET ROLE;
UPDATE governance.change SET quarantine_until = now() - interval '1 s' WHERE id = :change;
SET ROLE aside_owner;
CALL governance.advance_change(:change);
SELECT governance.undo_change(:one);
SELECT conname, valid FROM rules WHERE of = 'shop.sale'::regclass;
-- a rule that came after the proposal is not silently lost
CALL shop.to_gate('ALTER TABLE shop.sale DROP COLUMN low', NULL) \gset
ALTER TABLE shop.sale ADD CONSTRAINT sale_later CHECK (low > 0) NOT VALID;
CALL governance.advance_change(:change);
ALTER TABLE shop.sale DROP COLUMN low;
SELECT governance.abort_change(:change);

-- not planned
CREATE DOMAIN shop.code AS text CHECK (VALUE IS NOT NULL);
CREATE TABLE shop.odd (id int PRIMARY KEY, code shop.code, given shop.code DEFAULT 'x', a int UNIQUE, b int REFERENCES shop.odd (a), c int, d int, EXCLUDE USING btree (c WITH =, d WITH =));
CREATE TABLE shop.whole (id int, a int, CONSTRAINT full_row CHECK (whole IS NOT NULL));
CREATE FUNCTION shop.nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER of_d BEFORE UPDATE OF d ON shop.odd FOR EACH ROW EXECUTE FUNCTION shop.nothing();
CREATE TABLE shop.keys (id int PRIMARY KEY, b int NOT NULL, extra int, CONSTRAINT keys_b UNIQUE (b) INCLUDE (extra));
CREATE TABLE shop.keyed (b int REFERENCES shop.keys (b));
RESET ROLE;
SET client_min_messages = error;
SELECT governance.declare_dataset('shop.' || t, 'sales', 'transactional'), governance.set_level('guard', 'enforce', 'dataset:shop.' || t) FROM unnest('{odd,whole,keys}'::text[]) t;
RESET client_min_messages;
SET ROLE aside_owner;
SELECT governance.propose_change('ALTER TABLE shop.odd DROP COLUMN code', 'x');
SELECT governance.propose_change('ALTER TABLE shop.odd DROP COLUMN a', 'x');
SELECT governance.propose_change('ALTER TABLE shop.odd DROP COLUMN c', 'x');
SELECT governance.propose_change('ALTER TABLE shop.odd DROP COLUMN d', 'x');
SELECT governance.propose_change('ALTER TABLE shop.whole DROP COLUMN a', 'x');
SELECT governance.propose_change('ALTER TABLE shop.keys DROP COLUMN extra', 'x');
-- a default is what a domain without NULL needs
CALL shop.to_gate('ALTER TABLE shop.odd DROP COLUMN given', NULL) \gset
CALL governance.advance_change(:change);
INSERT INTO shop.odd (id, code) VALUES (1, 'c');
SELECT governance.undo_change(:change);
SELECT given FROM shop.odd;

-- partitions: rules of the whole, and one partition's own
CREATE TABLE shop.log (id int, part int, rep int CONSTRAINT log_rep REFERENCES shop.rep, size int CONSTRAINT log_size CHECK (size IS NOT NULL)) PARTITION BY LIST (part);
CREATE TABLE shop.log_1 PARTITION OF shop.log FOR VALUES IN (1);
CREATE TABLE shop.log_2 PARTITION OF shop.log FOR VALUES IN (2);
ALTER TABLE shop.log_1 ADD CONSTRAINT log_1_own CHECK (size < 100 AND rep IS NOT NULL);
CREATE UNIQUE INDEX log_1_unique ON shop.log_1 (id, rep);
INSERT INTO shop.log SELECT g, 1 + g % 2, g, g FROM generate_series(1, 10) g;
RESET ROLE;
SELECT governance.declare_dataset('shop.log', 'sales', 'transactional');
SET client_min_messages = error;
SELECT governance.set_level('guard', 'enforce', 'dataset:shop.log');
RESET client_min_messages;
CREATE TABLE before_log AS SELECT * FROM rules WHERE of::text LIKE 'shop.log%';
GRANT SELECT ON before_log TO aside_owner;
SET ROLE aside_owner;
CALL shop.to_gate('ALTER TABLE shop.log DROP COLUMN rep, DROP COLUMN size', NULL) \gset
SELECT phase, statement, lock_mode FROM governance.change_plan(:change);
ALTER TABLE shop.log DROP COLUMN rep, DROP COLUMN size;
SELECT * FROM rules WHERE of::text LIKE 'shop.log%';
INSERT INTO shop.log SELECT 11, 1 FROM generate_series(1, 2);
DELETE FROM shop.rep WHERE id = 3;
SELECT governance.undo_change(:change);
SELECT * FROM rules WHERE of::text LIKE 'shop.log%';
INSERT INTO shop.log VALUES (12, 1, 77, 1);
CALL governance.advance_change(:change);
UPDATE shop.log SET rep = 5 WHERE rep = 3;
CALL governance.advance_change(:change);
UPDATE shop.log SET rep = 6, size = 7 WHERE id = 11;
CALL governance.advance_change(:change);
DELETE FROM shop.log WHERE id = 11;
CALL governance.advance_change(:change);
SELECT * FROM rules WHERE of::text LIKE 'shop.log%' EXCEPT SELECT * FROM before_log;
SELECT * FROM before_log EXCEPT SELECT * FROM rules;
SELECT indexname FROM pg_indexes WHERE tablename = 'log_1';

-- a type change and a merge: the old columns are made from the new ones, and judged there
CREATE TABLE shop.item (
    id int PRIMARY KEY,
    rep int CONSTRAINT item_rep REFERENCES shop.rep CONSTRAINT item_positive CHECK (rep > 0),
    first text CONSTRAINT item_first CHECK (first <> ''), last text CONSTRAINT item_last CHECK (last IS NOT NULL));
COMMENT ON CONSTRAINT item_rep ON shop.item IS 'who sold it';
INSERT INTO shop.item SELECT g, g + 3, 'f' || g, 'l' || g FROM generate_series(1, 3) g;
RESET ROLE;
SELECT governance.declare_dataset('shop.item', 'sales', 'transactional');
CREATE TABLE before_item AS SELECT * FROM rules WHERE of = 'shop.item'::regclass;
GRANT SELECT ON before_item TO aside_owner;
SET ROLE aside_owner;
CALL shop.to_gate('ALTER TABLE shop.item ALTER COLUMN rep TYPE bigint', NULL) \gset
CALL governance.advance_change(:change);
CALL governance.advance_change(:change);
SELECT * FROM rules WHERE of = 'shop.item'::regclass;
-- the new shape lets go of what only the old one would hold on to
ALTER TABLE shop.item DROP CONSTRAINT item_rep;
SELECT governance.propose_change('ALTER TABLE shop.item ADD COLUMN name text, DROP COLUMN first, DROP COLUMN last', 'x',
    up => '{"name": "first || '' '' || last"}', down => '{"first": "split_part(name, '' '', 1)", "last": "nullif(split_part(name, '' '', 2), '''')"}') AS two \gset
SELECT governance.approve_change(:two, 'x', '{not_observed}');
CALL governance.advance_change(:two);
CALL governance.advance_change(:two);
INSERT INTO shop.item (id, rep, name) VALUES (4, 4000000000, 'solo');
SELECT governance.undo_change(:two);
CALL governance.advance_change(:two);
UPDATE shop.item SET last = 'y' WHERE id = 4;
CALL governance.advance_change(:two);
SELECT governance.undo_change(:change);
CALL governance.advance_change(:change);
SELECT * FROM rules WHERE of = 'shop.item'::regclass EXCEPT SELECT * FROM before_item;
SELECT * FROM before_item EXCEPT SELECT * FROM rules;
