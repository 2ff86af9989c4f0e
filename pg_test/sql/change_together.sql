-- Two changes on different columns of one table, side by side through every phase: each order of ends and ways back.
\set SHOW_CONTEXT never
\pset null -
CREATE ROLE together_owner;
CREATE SCHEMA shop AUTHORIZATION together_owner;
SET ROLE together_owner;
SET lock_timeout = '2 s';
CREATE TABLE shop.item (id int PRIMARY KEY, name text NOT NULL, price int NOT NULL DEFAULT 1 CHECK (price > 0), fax text, memo text, code text UNIQUE);
CREATE INDEX item_price ON shop.item (price, name);
INSERT INTO shop.item SELECT g, 'n' || g, g, 'f' || g, 'm', 'c' || g FROM generate_series(1, 2000) g;
RESET ROLE;
SELECT governance.declare_party('sales', db_roles => '{together_owner}');
SELECT governance.declare_dataset('shop.item', 'sales', 'transactional');
SET client_min_messages = error;
SELECT governance.set_level('guard', 'enforce', 'dataset:shop.item');
RESET client_min_messages;
CREATE FUNCTION public.shape() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT format('column %s %s%s%s', attname, format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN ' not null' END, ' default ' || pg_get_expr(adbin, adrelid))
      FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
     WHERE attrelid = 'shop.item'::regclass AND attnum > 0 AND NOT attisdropped
    UNION ALL SELECT format('%s %s%s', conname, pg_get_constraintdef(oid), CASE WHEN NOT convalidated THEN ' !' END) FROM pg_constraint WHERE conrelid = 'shop.item'::regclass
    UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'shop' AND tablename = 'item'
    UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = 'shop.item'::regclass AND NOT tgisinternal
    ORDER BY 1 $$;
CREATE TABLE before AS SELECT * FROM public.shape() AS line;
GRANT SELECT ON before TO together_owner;
SET ROLE together_owner;
CREATE PROCEDURE shop.to_gate(wish text, INOUT change bigint) LANGUAGE plpgsql AS $$
BEGIN
    change := governance.propose_change(wish, 'suite');
    PERFORM governance.approve_change(change, 'suite', '{not_observed}');
END $$;
-- What differs from the beginning, and whether every change that is left is as sound as it says.
CREATE VIEW shop.differs AS
    SELECT 'gone' AS how, line FROM before WHERE line NOT IN (SELECT public.shape())
    UNION ALL SELECT 'new', line FROM public.shape() line WHERE line NOT IN (SELECT line FROM before);
CREATE VIEW shop.open AS
    SELECT change, kind, state, governance.certificate(change) -> 'problems' AS problems
      FROM governance.changes WHERE state NOT IN ('aborted', 'undone', 'done') ORDER BY change;

-- a rename beside a type change: both expand, the first is contracted, the second given up
CALL shop.to_gate('ALTER TABLE shop.item RENAME COLUMN name TO title', NULL) \gset
\set one :change
CALL shop.to_gate('ALTER TABLE shop.item ALTER COLUMN price TYPE bigint', NULL) \gset
\set two :change
CALL governance.advance_change(:one);
CALL governance.advance_change(:two);
SELECT * FROM shop.open;
INSERT INTO shop.item (id, name, price) VALUES (3001, 'old', 7);
INSERT INTO shop.item (id, title, price) VALUES (3002, 'new', 8);
UPDATE shop.item SET title = 'both', price = 9 WHERE id = 1;
SELECT id, name, title, price, "_dg2_price" FROM shop.item WHERE id IN (1, 3001, 3002) ORDER BY id;
CALL governance.advance_change(:one);
SELECT * FROM shop.open;
INSERT INTO shop.item (id, title, price) VALUES (3003, 'after', 10);
SELECT governance.abort_change(:two);
SELECT * FROM shop.open;
SELECT * FROM shop.differs;
SELECT governance.undo_change(:one);
SELECT * FROM shop.differs;

-- the other order: the second is contracted, the first given up
CALL shop.to_gate('ALTER TABLE shop.item RENAME COLUMN name TO title', NULL) \gset
\set one :change
CALL shop.to_gate('ALTER TABLE shop.item ALTER COLUMN price TYPE bigint', NULL) \gset
\set two :change
CALL governance.advance_change(:two);
CALL governance.advance_change(:one);
SELECT * FROM shop.open;
CALL governance.advance_change(:two);
SELECT * FROM shop.open;
INSERT INTO shop.item (id, title, price) VALUES (3004, 'big', 3000000000);
SELECT governance.abort_change(:one);
SELECT * FROM shop.differs;
DELETE FROM shop.item WHERE id = 3004;
SELECT governance.undo_change(:two);
CALL governance.advance_change(:two);
SELECT * FROM shop.differs;

-- both contracted; the ways back in the order of the proposals, and in the other
CALL shop.to_gate('ALTER TABLE shop.item RENAME COLUMN name TO title', NULL) \gset
\set one :change
CALL shop.to_gate('ALTER TABLE shop.item ALTER COLUMN price TYPE bigint', NULL) \gset
\set two :change
CALL governance.advance_change(:one);
CALL governance.advance_change(:two);
CALL governance.advance_change(:one);
CALL governance.advance_change(:two);
SELECT * FROM shop.open;
UPDATE shop.item SET title = 'later', price = 11 WHERE id = 2;
SELECT governance.undo_change(:one);
UPDATE shop.item SET name = 'last', price = 12 WHERE id = 2;
SELECT governance.undo_change(:two);
CALL governance.advance_change(:two);
SELECT * FROM shop.differs;
SELECT name, price FROM shop.item WHERE id = 2;
CALL shop.to_gate('ALTER TABLE shop.item RENAME COLUMN name TO title', NULL) \gset
\set one :change
CALL shop.to_gate('ALTER TABLE shop.item ALTER COLUMN price TYPE bigint', NULL) \gset
\set two :change
CALL governance.advance_change(:two);
CALL governance.advance_change(:one);
CALL governance.advance_change(:one);
CALL governance.advance_change(:two);
SELECT governance.undo_change(:two);
CALL governance.advance_change(:two);
SELECT governance.undo_change(:one);
SELECT * FROM shop.differs;

-- a drop beside an addition; a tool's statements complete both
CALL shop.to_gate('ALTER TABLE shop.item DROP COLUMN fax', NULL) \gset
\set one :change
CALL shop.to_gate('ALTER TABLE shop.item ADD COLUMN region serial', NULL) \gset
\set two :change
CALL shop.to_gate('ALTER TABLE shop.item ADD CONSTRAINT item_memo CHECK (memo <> '''')', NULL) \gset
\set three :change
CALL governance.advance_change(:two);
SELECT * FROM shop.open;
CALL governance.advance_change(:one);
SELECT * FROM shop.open;
CALL governance.advance_change(:three);
CALL governance.advance_change(:two);
SELECT * FROM shop.open;
INSERT INTO shop.item (id, name, memo) VALUES (3005, 'x', 'y') RETURNING region;
SELECT governance.undo_change(:one);
SELECT governance.undo_change(:two);
SELECT * FROM shop.differs;
-- given up in the middle of the other's expansion, and the drop completed by the owner's own statement
CALL shop.to_gate('ALTER TABLE shop.item DROP COLUMN fax', NULL) \gset
\set one :change
CALL shop.to_gate('ALTER TABLE shop.item ALTER COLUMN memo SET NOT NULL', NULL) \gset
\set two :change
UPDATE shop.item SET memo = NULL WHERE id = 5;
CALL governance.advance_change(:two);
ALTER TABLE shop.item DROP COLUMN fax;
UPDATE shop.item SET memo = 'm' WHERE memo IS NULL;
CALL governance.advance_change(:two);
CALL governance.advance_change(:two);
SELECT * FROM shop.open;
SELECT governance.undo_change(:one);
SELECT governance.undo_change(:two);
SELECT * FROM shop.differs;

-- a split beside an index that is built alone, beside a drop
SELECT governance.propose_change('ALTER TABLE shop.item ADD COLUMN first text, ADD COLUMN last text, DROP COLUMN name', 'x',
    up => '{"first": "left(name, 1)", "last": "substr(name, 2)"}', down => '{"name": "first || last"}') AS one \gset
SELECT governance.approve_change(:one, 'x', '{not_observed}');
CALL shop.to_gate('CREATE INDEX item_memo ON shop.item (memo)', NULL) \gset
\set two :change
CALL shop.to_gate('ALTER TABLE shop.item DROP COLUMN code', NULL) \gset
\set three :change
CALL governance.advance_change(:one);
CALL governance.advance_change(:two);
CALL governance.advance_change(:three);
SELECT * FROM shop.open;
CALL governance.advance_change(:one);
INSERT INTO shop.item (id, first, last) VALUES (3006, 'a', 'b'), (3007, 'a', 'c');
SELECT governance.undo_change(:three);
SELECT governance.undo_change(:one);
SELECT name FROM shop.item WHERE id > 3005;
SELECT * FROM shop.differs;

-- one is purged while the other stands at its gate
CALL shop.to_gate('ALTER TABLE shop.item DROP COLUMN fax', NULL) \gset
\set one :change
CALL shop.to_gate('ALTER TABLE shop.item ALTER COLUMN price TYPE bigint', NULL) \gset
\set two :change
CALL governance.advance_change(:one);
CALL governance.advance_change(:two);
RESET ROLE;
UPDATE governance.change SET quarantine_until = now() - interval '1 s' WHERE id = :one;
SET ROLE together_owner;
CALL governance.advance_change(:one);
SELECT * FROM shop.open;
CALL governance.advance_change(:two);
SELECT governance.undo_change(:two);
CALL governance.advance_change(:two);
SELECT * FROM shop.differs;

-- rules over columns of both: one is renamed, another put aside, before the type change begins; each way back
RESET ROLE;
DROP VIEW shop.differs;
DROP TABLE before;
SET ROLE together_owner;
UPDATE shop.item SET memo = 'm' WHERE memo IS NULL;
ALTER TABLE shop.item ADD CONSTRAINT item_both CHECK (price > 0 AND name <> '' AND memo IS NOT NULL) NOT VALID;
ALTER TABLE shop.item VALIDATE CONSTRAINT item_both;
CREATE UNIQUE INDEX CONCURRENTLY item_all ON shop.item (name DESC, price, id) INCLUDE (memo);
RESET ROLE;
CREATE TABLE before AS SELECT * FROM public.shape() AS line;
GRANT SELECT ON before TO together_owner;
SET ROLE together_owner;
CREATE VIEW shop.differs AS
    SELECT 'gone' AS how, line FROM before WHERE line NOT IN (SELECT public.shape())
    UNION ALL SELECT 'new', line FROM public.shape() line WHERE line NOT IN (SELECT line FROM before);
CALL shop.to_gate('ALTER TABLE shop.item ALTER COLUMN price TYPE bigint', NULL) \gset
\set one :change
CALL shop.to_gate('ALTER TABLE shop.item RENAME COLUMN name TO title', NULL) \gset
\set two :change
SELECT statement FROM governance.change_plan(:one) WHERE statement ~ 'item_all|item_both' AND phase < 'gate';
CALL governance.advance_change(:two);
CALL governance.advance_change(:two);
CALL governance.advance_change(:one);
SELECT * FROM shop.open;
SELECT line FROM shop.differs WHERE line ~ 'item_all|item_both';
SELECT governance.abort_change(:one);
SELECT governance.undo_change(:two);
SELECT * FROM shop.differs;
CALL shop.to_gate('ALTER TABLE shop.item ALTER COLUMN price TYPE bigint', NULL) \gset
\set one :change
CALL shop.to_gate('ALTER TABLE shop.item RENAME COLUMN name TO title', NULL) \gset
\set two :change
CALL governance.advance_change(:one);
CALL governance.advance_change(:two);
CALL governance.advance_change(:two);
CALL governance.advance_change(:one);
SELECT governance.undo_change(:two);
SELECT governance.undo_change(:one);
CALL governance.advance_change(:one);
SELECT * FROM shop.differs;
-- a rule that both would have to make anew or take away is one change's at a time
CALL shop.to_gate('ALTER TABLE shop.item ALTER COLUMN price TYPE bigint', NULL) \gset
\set one :change
SELECT governance.propose_change('ALTER TABLE shop.item DROP COLUMN memo', 'x');
SELECT governance.propose_change('ALTER TABLE shop.item DROP COLUMN memo CASCADE', 'x');
SELECT governance.propose_change('ALTER TABLE shop.item ALTER COLUMN name TYPE varchar(10)', 'x');
SELECT governance.propose_change('ALTER TABLE shop.item ALTER COLUMN id TYPE bigint, DROP COLUMN memo', 'x');
CALL shop.to_gate('ALTER TABLE shop.item DROP COLUMN code', NULL) \gset
\set two :change
CALL governance.advance_change(:one);
CALL governance.advance_change(:one);
CALL shop.to_gate('ALTER TABLE shop.item DROP COLUMN memo', NULL) \gset
\set three :change
SELECT governance.propose_change('ALTER TABLE shop.item ALTER COLUMN price TYPE numeric', 'x');
CALL governance.advance_change(:two);
CALL governance.advance_change(:three);
SELECT * FROM shop.open;
INSERT INTO shop.item (id, name) VALUES (3008, 'x');
DELETE FROM shop.item WHERE id = 3008;
SELECT governance.undo_change(:two);
SELECT governance.undo_change(:three);
CALL governance.advance_change(:three);
SELECT governance.undo_change(:one);
CALL governance.advance_change(:one);
SELECT * FROM shop.differs;

-- what somebody else does to the table still voids both, and columns of the same name are still one at a time
CALL shop.to_gate('ALTER TABLE shop.item RENAME COLUMN memo TO remark', NULL) \gset
\set one :change
SELECT governance.propose_change('ALTER TABLE shop.item ADD COLUMN remark int', 'x');
SELECT governance.propose_change('ALTER TABLE shop.item ALTER COLUMN memo TYPE varchar(10)', 'x');
SELECT governance.propose_change('ALTER TABLE shop.item RENAME TO items', 'x');
CALL shop.to_gate('ALTER TABLE shop.item DROP COLUMN code', NULL) \gset
\set two :change
CALL governance.advance_change(:one);
ALTER TABLE shop.item ADD COLUMN stranger int;
SELECT * FROM shop.open;
CALL governance.advance_change(:one);
SELECT governance.abort_change(:two);
SELECT governance.abort_change(:one);
SELECT * FROM shop.differs;

-- a key and what refers to it get another type, each by a change: what refers comes first, and the HINT says so
CREATE TABLE shop.parent (id int PRIMARY KEY);
CREATE TABLE shop.child (id int PRIMARY KEY, parent int REFERENCES shop.parent);
INSERT INTO shop.parent SELECT generate_series(1, 10);
INSERT INTO shop.child SELECT g, g FROM generate_series(1, 10) g;
SELECT governance.propose_change('ALTER TABLE shop.parent ALTER id TYPE bigint', 'x') AS parent \gset
SELECT governance.propose_change('ALTER TABLE shop.child ALTER parent TYPE bigint', 'x') AS child \gset
SELECT governance.approve_change(c, 'x', '{not_observed}') FROM unnest(ARRAY[:parent, :child]) c \g /dev/null
CALL governance.advance_change(:parent);
CALL governance.advance_change(:child);
CALL governance.advance_change(:parent);
CALL governance.advance_change(:child);
CALL governance.advance_change(:parent);
SELECT conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint WHERE conrelid = 'shop.child'::regclass AND contype = 'f';
SELECT governance.undo_change(:parent) \g /dev/null
CALL governance.advance_change(:parent);
SELECT governance.undo_change(:child) \g /dev/null
CALL governance.advance_change(:child);
SELECT conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint WHERE conrelid = 'shop.child'::regclass AND contype = 'f';
SELECT attrelid::regclass, attname, format_type(atttypid, atttypmod) FROM pg_attribute
 WHERE attrelid IN ('shop.parent'::regclass, 'shop.child'::regclass) AND attnum > 0 AND NOT attisdropped ORDER BY attrelid::regclass::text, attname;
