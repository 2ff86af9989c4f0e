-- Constraints, policies, NOT NULL, defaults, indexes and spellings of enum values that go, and come back.
\set SHOW_CONTEXT never
SET lock_timeout = '5s';
CREATE ROLE change_rules_owner;
CREATE ROLE change_rules_app;
CREATE SCHEMA shop AUTHORIZATION change_rules_owner;
GRANT USAGE ON SCHEMA shop TO change_rules_app;
SET ROLE change_rules_owner;
CREATE TYPE shop.mood AS ENUM ('sad', 'it''s ok', 'happy');
CREATE TYPE shop.lonely AS ENUM ('a');
CREATE TABLE shop.customer (id int PRIMARY KEY, name text UNIQUE, mood shop.mood DEFAULT 'sad');
CREATE TABLE shop.orders (
    id int PRIMARY KEY, customer int CONSTRAINT "Of Customer" REFERENCES shop.customer DEFERRABLE INITIALLY DEFERRED,
    amount int NOT NULL DEFAULT 7, note text, CONSTRAINT positive CHECK (amount > 0), CONSTRAINT alone UNIQUE (note, id),
    EXCLUDE (amount WITH =) WHERE (amount > 1000000));
COMMENT ON CONSTRAINT positive ON shop.orders IS 'nobody pays us to take it';
CREATE INDEX by_note ON shop.orders (note) WHERE note IS NOT NULL;
INSERT INTO shop.customer SELECT g, 'n' || g FROM generate_series(1, 3000) g;
INSERT INTO shop.orders SELECT g, g, g, 'o' || g FROM generate_series(1, 3000) g;
ALTER TABLE shop.orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY "No Notes" ON shop.orders AS RESTRICTIVE FOR UPDATE TO change_rules_app, change_rules_owner USING (note IS NOT NULL) WITH CHECK (amount < 100);
CREATE POLICY all_rows ON shop.orders TO change_rules_app USING (true);
COMMENT ON POLICY all_rows ON shop.orders IS 'for now';
GRANT ALL ON shop.orders, shop.customer TO change_rules_app;
RESET ROLE;
SELECT governance.declare_party('sales', db_roles => '{change_rules_owner}');
SELECT governance.declare_dataset('shop.orders', 'sales', 'transactional');
SELECT governance.declare_dataset('shop.customer', 'sales', 'master');
SELECT governance.set_level('guard', 'enforce');

-- what a dump would show of a relation
CREATE FUNCTION public.facts(relation regclass) RETURNS TABLE (fact text) LANGUAGE sql AS $$
    SELECT format('column %s %s%s %s %s', attname, format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN ' not null' END,
                  (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = attrelid AND adnum = attnum), attacl)
      FROM pg_attribute WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped
    UNION ALL SELECT format('constraint %s %s %s %s', conname, pg_get_constraintdef(oid), convalidated, obj_description(oid, 'pg_constraint')) FROM pg_constraint WHERE conrelid = relation
    UNION ALL SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = relation
    UNION ALL SELECT format('comment %s %s', objsubid, description) FROM pg_description WHERE classoid = 'pg_class'::regclass AND objoid = relation
    UNION ALL SELECT format('trigger %s', tgname) FROM pg_trigger WHERE tgrelid = relation AND NOT tgisinternal
    UNION ALL SELECT format('policy %s %s %s %s %s %s %s', polname, polcmd, polpermissive, polroles::regrole[], pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid), obj_description(oid, 'pg_policy')) FROM pg_policy WHERE polrelid = relation
    UNION ALL SELECT format('acl %s', x) FROM pg_class, unnest(relacl) x WHERE oid = relation
    UNION ALL SELECT format('tag %s.%s %s', t.relation, t.column_name, t.tag) FROM governance.column_tags t WHERE t.relation = facts.relation
    UNION ALL SELECT format('owner %s, kind %s', pg_get_userbyid(relowner), relkind) FROM pg_class WHERE oid = relation
    ORDER BY 1 $$;
CREATE TABLE public.before AS SELECT fact FROM public.facts('shop.orders');
CREATE FUNCTION public.differs() RETURNS TABLE (how text, fact text) LANGUAGE sql SECURITY DEFINER AS $$
    (SELECT 'gone', fact FROM public.before EXCEPT SELECT 'gone', fact FROM public.facts('shop.orders'))
    UNION ALL (SELECT 'new', fact FROM public.facts('shop.orders') EXCEPT SELECT 'new', fact FROM public.before) ORDER BY 1, 2 $$;

-- bad wishes
SET ROLE change_rules_owner;
SELECT governance.propose_change('ALTER TABLE shop.orders DROP CONSTRAINT nowhere', 'x');
SELECT governance.propose_change('ALTER TABLE shop.orders DROP CONSTRAINT orders_amount_excl', 'x');
SELECT governance.propose_change('ALTER TABLE shop.customer DROP CONSTRAINT customer_pkey', 'x');
SELECT governance.propose_change('ALTER TABLE shop.customer DROP CONSTRAINT customer_pkey CASCADE', 'x');
SELECT governance.propose_change('DROP POLICY nowhere ON shop.orders', 'x');
SELECT governance.propose_change('ALTER TABLE shop.orders ALTER COLUMN id DROP NOT NULL', 'x');
SELECT governance.propose_change('ALTER TABLE shop.orders ALTER COLUMN note DROP NOT NULL', 'x');
SELECT governance.propose_change('ALTER TABLE shop.orders ALTER COLUMN note DROP DEFAULT', 'x');
SELECT governance.propose_change('ALTER TABLE shop.orders ALTER COLUMN fax DROP DEFAULT', 'x');
SELECT governance.propose_change('DROP INDEX shop.orders_pkey', 'x');
SELECT governance.propose_change('ALTER TYPE shop.mood RENAME VALUE ''bad'' TO ''worse''', 'x');
SELECT governance.propose_change('ALTER TYPE shop.mood RENAME VALUE ''sad'' TO ''happy''', 'x');
SELECT governance.propose_change('ALTER TYPE shop.lonely RENAME VALUE ''a'' TO ''b''', 'x');
ALTER TABLE shop.orders DROP CONSTRAINT positive;

-- a CHECK: contracted by call, and brought back
SELECT governance.propose_change('ALTER TABLE shop.orders DROP CONSTRAINT positive', 'refunds');
SELECT * FROM governance.change_plan(1);
SELECT governance.approve_change(1, 'yes');
CALL governance.advance_change(1);
SELECT * FROM public.differs();
INSERT INTO shop.orders (id, amount) VALUES (4000, -1);
SELECT governance.undo_change(1);
SELECT * FROM public.differs();
INSERT INTO shop.orders (id, amount) VALUES (4001, -1);
SELECT state, next_step FROM governance.changes;
CALL governance.advance_change(1);
DELETE FROM shop.orders WHERE id = 4000;
CALL governance.advance_change(1);
SELECT * FROM public.differs();
CALL governance.advance_change(1);

-- given up; completed by a tool's own statement, once and again
SELECT governance.propose_change('ALTER TABLE shop.orders DROP CONSTRAINT positive', 'refunds');
SELECT governance.abort_change(2);
SELECT governance.propose_change('ALTER TABLE shop.orders DROP CONSTRAINT positive', 'refunds');
SELECT governance.approve_change(3, 'yes');
ALTER TABLE shop.orders DROP CONSTRAINT positive;
ALTER TABLE shop.orders DROP CONSTRAINT positive;
SELECT * FROM public.differs();
SELECT governance.undo_change(3);
CALL governance.advance_change(3);
SELECT * FROM public.differs();

-- a foreign key
SELECT governance.propose_change('ALTER TABLE shop.orders DROP CONSTRAINT "Of Customer"', 'other shop');
SELECT * FROM governance.change_plan(4);
SELECT governance.approve_change(4, 'yes');
CALL governance.advance_change(4);
INSERT INTO shop.orders (id, customer) VALUES (4002, 99999);
SELECT governance.undo_change(4);
CALL governance.advance_change(4);
DELETE FROM shop.orders WHERE id = 4002;
CALL governance.advance_change(4);
SELECT * FROM public.differs();

-- what an index enforces
SELECT governance.propose_change('ALTER TABLE shop.orders DROP CONSTRAINT alone', 'twins');
SELECT * FROM governance.change_plan(5);
SELECT governance.approve_change(5, 'yes');
ALTER TABLE shop.orders DROP CONSTRAINT alone;
SELECT * FROM public.differs();
SELECT governance.undo_change(5);
SELECT governance.propose_change('DROP INDEX shop.by_note', 'unused');
SELECT * FROM governance.change_plan(6);
SELECT governance.approve_change(6, 'yes');
DROP INDEX shop.by_note;
SELECT state FROM governance.changes WHERE change = 6;
SELECT governance.undo_change(6);
CALL governance.advance_change(5);
CALL governance.advance_change(6);
CREATE INDEX CONCURRENTLY IF NOT EXISTS by_note ON shop.orders USING btree (note) WHERE (note IS NOT NULL);
SELECT * FROM public.differs();

-- policies
SELECT governance.propose_change('DROP POLICY "No Notes" ON shop.orders', 'x');
SELECT governance.propose_change('DROP POLICY all_rows ON shop.orders', 'x');
SELECT * FROM governance.change_plan(7);
SELECT statement FROM governance.change_plan(8);
SELECT governance.approve_change(7, 'yes');
SELECT governance.approve_change(8, 'yes');
CALL governance.advance_change(7);
DROP POLICY all_rows ON shop.orders;
DROP POLICY all_rows ON shop.orders;
SET ROLE change_rules_app;
SELECT count(*) FROM shop.orders;
SET ROLE change_rules_owner;
SELECT governance.undo_change(7);
SELECT governance.undo_change(8);
SELECT * FROM public.differs();

-- NOT NULL and a default, in one wish with columns that nobody has to wait for
SELECT governance.propose_change('ALTER TABLE shop.orders ALTER amount DROP NOT NULL, ALTER amount DROP DEFAULT, ADD COLUMN more varchar(9) DEFAULT ''it''''s'', ADD plain int', 'x');
SELECT * FROM governance.change_plan(9);
SELECT governance.approve_change(9, 'yes');
CALL governance.advance_change(9);
SELECT * FROM public.differs();
INSERT INTO shop.orders (id, more) VALUES (4003, 'new');
INSERT INTO shop.orders (id) VALUES (4004) RETURNING amount, more;
UPDATE shop.orders SET plain = 1 WHERE id = 4004;
COPY shop.orders (id, amount) FROM stdin;
4005	5
\.
SELECT governance.abort_change(9);
SELECT * FROM public.differs();
SELECT governance.propose_change('ALTER TABLE shop.orders ALTER amount DROP NOT NULL, ALTER amount DROP DEFAULT, ADD plain int', 'x');
SELECT governance.approve_change(10, 'yes');
CALL governance.advance_change(10);
ALTER TABLE shop.orders ALTER amount DROP NOT NULL, ALTER amount DROP DEFAULT, ADD plain int;
ALTER TABLE shop.orders ALTER amount DROP NOT NULL, ALTER amount DROP DEFAULT, ADD IF NOT EXISTS plain int;
SELECT * FROM public.differs();
ALTER TABLE shop.orders ALTER amount DROP NOT NULL, ALTER amount DROP DEFAULT, ADD IF NOT EXISTS plain int;
INSERT INTO shop.orders (id, plain) VALUES (4006, 1);
SELECT governance.undo_change(10);
CALL governance.advance_change(10);
UPDATE shop.orders SET amount = 1 WHERE amount IS NULL;
CALL governance.advance_change(10);
DELETE FROM shop.orders WHERE id >= 4000;
SELECT * FROM public.differs();
SELECT count(*), sum(amount) FROM shop.orders;

-- the spelling of a value
CREATE FUNCTION shop.sad() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM shop.customer WHERE mood::text = 'sad' $$;
SELECT governance.propose_change('ALTER TYPE shop.mood RENAME VALUE ''sad'' TO ''blue''', 'kinder');
SELECT * FROM governance.change_plan(11);
SELECT governance.approve_change(11, 'yes', '{not_observed}');
SELECT mood, count(*) FROM shop.customer GROUP BY 1;
CALL governance.advance_change(11);
SELECT mood, count(*) FROM shop.customer GROUP BY 1;
SELECT governance.undo_change(11);
SELECT mood, count(*) FROM shop.customer GROUP BY 1;
SELECT governance.propose_change('ALTER TYPE shop.mood RENAME VALUE ''it''''s ok'' TO ''fine''', 'shorter');
SELECT governance.approve_change(12, 'yes', '{not_observed}');
ALTER TYPE shop.mood RENAME VALUE 'it''s ok' TO 'fine';
ALTER TYPE shop.mood RENAME VALUE 'it''s ok' TO 'fine';
SELECT enum_range(NULL::shop.mood);
SELECT governance.undo_change(12);
SELECT enum_range(NULL::shop.mood);
RESET ROLE;
SELECT change, kind, state, ddl FROM governance.changes;
