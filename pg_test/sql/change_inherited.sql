-- Columns that other tables inherit are dropped, get another type, and are split, while clients write parents and children.
\set SHOW_CONTEXT never
CREATE ROLE inherited_owner;
CREATE ROLE inherited_app;
CREATE SCHEMA shop AUTHORIZATION inherited_owner;
GRANT USAGE ON SCHEMA shop TO inherited_app;
SET ROLE inherited_owner;
CREATE TABLE shop.person (id int PRIMARY KEY, name text, age int NOT NULL DEFAULT 7 CONSTRAINT person_age CHECK (age >= 0), fax text UNIQUE);
CREATE TABLE shop.client (since date, UNIQUE (fax)) INHERITS (shop.person);
CREATE TABLE shop."Best client" (discount int, CONSTRAINT own_check CHECK (age < 1000 OR discount > 0)) INHERITS (shop.client);
CREATE TABLE shop.staff (age int, CONSTRAINT staff_key PRIMARY KEY (id)) INHERITS (shop.person);
CREATE INDEX person_age_index ON shop.person (age);
CREATE INDEX client_age ON shop.client (age, since) WHERE age > 1;
ALTER TABLE shop."Best client" ADD CONSTRAINT best_once UNIQUE (age, id, discount);
ALTER TABLE shop."Best client" ADD PRIMARY KEY (id, age);
COMMENT ON INDEX shop.client_age IS 'how old';
COMMENT ON CONSTRAINT best_once ON shop."Best client" IS 'once';
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA shop TO inherited_app;
GRANT SELECT (age) ON shop.client TO PUBLIC;
INSERT INTO shop.person SELECT g, 'p' || g || ' l' || g, g % 50, 'fax ' || g FROM generate_series(1, 1000) g;
INSERT INTO shop.client SELECT g, 'c' || g || ' l' || g, g % 50, 'fax ' || g, '2024-01-01' FROM generate_series(1001, 2000) g;
INSERT INTO shop."Best client" SELECT g, 'b' || g || ' l' || g, g % 50, 'fax ' || g, '2024-01-01', 5 FROM generate_series(2001, 3000) g;
RESET ROLE;
CREATE SCHEMA elsewhere AUTHORIZATION inherited_owner;
CREATE FUNCTION public.facts() RETURNS TABLE (fact text) LANGUAGE sql SECURITY DEFINER AS $$
    SELECT format('%s column %s %s%s %s %s %s %s', c.relname, attname, format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN ' not null' END,
                  (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = attrelid AND adnum = attnum), attislocal, attinhcount, attacl)
      FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
     WHERE c.relnamespace = 'shop'::regnamespace AND c.relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped
    UNION ALL SELECT format('%s constraint %s %s %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated, conislocal, coninhcount)
      FROM pg_constraint WHERE connamespace = 'shop'::regnamespace AND conrelid <> 0
    UNION ALL SELECT pg_get_indexdef(indexrelid) FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid WHERE c.relnamespace = 'shop'::regnamespace
    UNION ALL SELECT format('comment on %s: %s', pg_describe_object(classoid, objoid, objsubid), description)
      FROM pg_description WHERE pg_describe_object(classoid, objoid, objsubid) ~ 'shop'
    UNION ALL SELECT format('%s trigger %s', tgrelid::regclass, tgname) FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
      WHERE c.relnamespace = 'shop'::regnamespace AND NOT tgisinternal $$;
CREATE TABLE public.before (fact text);
CREATE FUNCTION public.remember() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$
    TRUNCATE public.before; INSERT INTO public.before SELECT fact FROM public.facts() $$;
CREATE FUNCTION public.differs() RETURNS TABLE (how text, fact text) LANGUAGE sql SECURITY DEFINER AS $$
    (SELECT 'gone', fact FROM public.before EXCEPT SELECT 'gone', fact FROM public.facts())
    UNION ALL (SELECT 'new', fact FROM public.facts() EXCEPT SELECT 'new', fact FROM public.before) ORDER BY 1 DESC, 2 $$;
SET ROLE inherited_owner;

-- what is not planned
SELECT governance.propose_change('ALTER TABLE shop.person DROP COLUMN age', 'x');
DROP TABLE shop.staff;
CREATE TABLE shop.other (age int);
CREATE TABLE shop.both () INHERITS (shop.person, shop.other);
SELECT governance.propose_change('ALTER TABLE shop.person ALTER age TYPE bigint', 'x');
DROP TABLE shop.both, shop.other;
CREATE TABLE shop.right_side () INHERITS (shop.person);
CREATE TABLE shop.both () INHERITS (shop.client, shop.right_side);
SELECT governance.propose_change('ALTER TABLE shop.person DROP COLUMN name', 'x');
DROP TABLE shop.both, shop.right_side;
CREATE VIEW shop.seen AS SELECT fax FROM shop.client;
SELECT governance.propose_change('ALTER TABLE shop.person DROP COLUMN fax', 'x');
DROP VIEW shop.seen;
ALTER TABLE shop.client ALTER fax SET NOT NULL;
SELECT governance.propose_change('ALTER TABLE shop.person DROP COLUMN fax', 'x');
ALTER TABLE shop.client ALTER fax DROP NOT NULL;
SELECT governance.propose_change('ALTER TABLE shop.client DROP COLUMN fax', 'x');
CREATE TABLE shop.strict (CONSTRAINT person_age CHECK (age >= 0)) INHERITS (shop.person);
SELECT governance.propose_change('ALTER TABLE shop.person ALTER age TYPE bigint', 'x');
DROP TABLE shop.strict;
RESET ROLE;
SELECT governance.declare_party('sales', db_roles => '{inherited_owner}');
SELECT governance.declare_dataset('shop.person', 'sales', 'transactional');
SET ROLE inherited_owner;
SELECT public.remember();

-- dropped: contracted, taken back, given up, purged
SELECT governance.propose_change('ALTER TABLE shop.person DROP COLUMN fax', 'paper') AS one \gset
SELECT phase, statement FROM governance.change_plan(:one);
SELECT governance.approve_change(:one, 'yes', '{not_observed}');
CALL governance.advance_change(:one);
SELECT * FROM shop."Best client" WHERE id = 2001;
SET ROLE inherited_app;
INSERT INTO shop.person (id, name) VALUES (5001, 'n');
INSERT INTO shop.client (id, name) VALUES (5002, 'n');
INSERT INTO shop."Best client" (id, name) VALUES (5003, 'n');
SET ROLE inherited_owner;
CREATE TABLE elsewhere.late () INHERITS (shop.client);
INSERT INTO elsewhere.late (id, name) VALUES (5004, 'n');
SELECT governance.undo_change(:one);
CALL governance.advance_change(:one);
SELECT id, fax FROM shop.person WHERE id IN (1, 1001, 2001) OR id > 5000 ORDER BY id;
ALTER TABLE elsewhere.late NO INHERIT shop.client;
SELECT * FROM public.differs();
SELECT governance.propose_change('ALTER TABLE shop.person DROP COLUMN fax', 'paper') AS two \gset
SELECT governance.approve_change(:two, 'yes', '{not_observed}');
SELECT governance.abort_change(:two);
SELECT * FROM public.differs();
SELECT governance.propose_change('ALTER TABLE shop.person DROP COLUMN fax', 'paper') AS three \gset
SELECT governance.approve_change(:three, 'yes', '{not_observed}');
ALTER TABLE shop.person DROP COLUMN fax;
RESET ROLE;
UPDATE governance.change SET quarantine_until = now() - interval '1 s' WHERE id = :three;
SET ROLE inherited_owner;
CALL governance.advance_change(:three);
SELECT * FROM public.differs();
SELECT public.remember();

-- another type
SELECT governance.propose_change('ALTER TABLE shop.person ALTER age TYPE bigint', 'more') AS four \gset
SELECT phase, statement, lock_mode FROM governance.change_plan(:four);
SELECT governance.approve_change(:four, 'yes', '{not_observed}');
CALL governance.advance_change(:four);
SELECT fact FROM public.differs() WHERE fact ~ 'column';
SET ROLE inherited_app;
INSERT INTO shop.person (id, age) VALUES (6001, 41);
INSERT INTO shop.client (id, age) VALUES (6002, 42);
INSERT INTO shop.client (id) VALUES (6003);
INSERT INTO shop."Best client" (id, _dg4_age) VALUES (6004, 44);
INSERT INTO shop."Best client" (id, age) VALUES (6005, 1045);
UPDATE shop.person SET age = 46 WHERE id IN (1, 1001, 2001);
UPDATE shop.client SET _dg4_age = 47 WHERE id IN (1002, 2002);
COPY shop.client (id, age) FROM stdin;
6006	48
\.
SELECT tableoid::regclass, id, age, _dg4_age FROM shop.person WHERE id IN (1, 1001, 1002, 2001, 2002) OR id > 6000 ORDER BY id;
SELECT count(*) FROM shop.person WHERE age IS DISTINCT FROM _dg4_age;
SET ROLE inherited_owner;
-- a table that begins to inherit closes the gate
CREATE TABLE elsewhere.later () INHERITS (shop.client);
CALL governance.advance_change(:four);
ALTER TABLE elsewhere.later NO INHERIT shop.client;
ALTER TABLE shop."Best client" DISABLE TRIGGER zz_data_governance_change_4;
CALL governance.advance_change(:four);
ALTER TABLE shop."Best client" ENABLE ALWAYS TRIGGER zz_data_governance_change_4;
CALL governance.advance_change(:four);
CALL governance.advance_change(:four);
SELECT * FROM public.differs();
SET ROLE inherited_app;
INSERT INTO shop.person (id, age) VALUES (7001, 51);
INSERT INTO shop.client (id, age) VALUES (7002, 52);
INSERT INTO shop."Best client" (id, age, discount) VALUES (7003, 53, 1);
INSERT INTO shop."Best client" (id, age, discount) VALUES (7003, 53, 1);
INSERT INTO shop."Best client" (id, age) VALUES (7004, 1053);
UPDATE shop.person SET age = 54 WHERE id = 2003;
SELECT tableoid::regclass, id, age, _dg4_age FROM shop.person WHERE id = 2003 OR id > 7000 ORDER BY id;
SET ROLE inherited_owner;
SELECT governance.undo_change(:four);
CALL governance.advance_change(:four);
SELECT * FROM public.differs();
SELECT tableoid::regclass, id, age FROM shop.person WHERE id = 2003 OR id > 6000 ORDER BY id;
SELECT governance.propose_change('ALTER TABLE shop.person ALTER age TYPE bigint', 'more') AS five \gset
SELECT governance.approve_change(:five, 'yes', '{not_observed}');
CALL governance.advance_change(:five);
SELECT governance.abort_change(:five);
SELECT * FROM public.differs();
SELECT governance.propose_change('ALTER TABLE shop.person ALTER age TYPE bigint', 'more') AS six \gset
SELECT governance.approve_change(:six, 'yes', '{not_observed}');
CALL governance.advance_change(:six);
CALL governance.advance_change(:six);
RESET ROLE;
UPDATE governance.change SET quarantine_until = now() - interval '1 s' WHERE id = :six;
SET ROLE inherited_owner;
CALL governance.advance_change(:six);
SELECT * FROM public.differs();
SELECT public.remember();

-- split
SELECT governance.propose_change('ALTER TABLE shop.person ADD COLUMN first text, ADD COLUMN last text, DROP COLUMN name', 'two names',
    up => '{"first": "split_part(name, '' '', 1)", "last": "split_part(name, '' '', 2)"}', down => '{"name": "first || '' '' || last"}') AS seven \gset
SELECT governance.approve_change(:seven, 'yes', '{not_observed}');
CALL governance.advance_change(:seven);
SET ROLE inherited_app;
UPDATE shop.person SET name = 'a b' WHERE id IN (1, 1001, 2001);
UPDATE shop.client SET first = 'x' WHERE id IN (1002, 2002);
INSERT INTO shop."Best client" (id, first, last) VALUES (8001, 'c', 'd');
INSERT INTO shop.client (id, name) VALUES (8002, 'e f');
SELECT tableoid::regclass, id, name, first, last FROM shop.person WHERE id IN (1, 2, 1001, 1002, 2001, 2002) OR id > 8000 ORDER BY id;
SET ROLE inherited_owner;
CALL governance.advance_change(:seven);
UPDATE shop.person SET last = 'z' WHERE id IN (1, 1001, 2001);
INSERT INTO shop."Best client" (id, first, last) VALUES (8003, 'g', 'h');
SELECT governance.undo_change(:seven);
SELECT tableoid::regclass, id, name FROM shop.person WHERE id IN (1, 2, 1001, 1002, 2001, 2002) OR id > 8000 ORDER BY id;
SELECT * FROM public.differs();
SELECT governance.propose_change('ALTER TABLE shop.person ADD COLUMN first text, ADD COLUMN last text, DROP COLUMN name', 'two names',
    up => '{"first": "split_part(name, '' '', 1)", "last": "split_part(name, '' '', 2)"}', down => '{"name": "first || '' '' || last"}') AS eight \gset
SELECT governance.approve_change(:eight, 'yes', '{not_observed}');
CALL governance.advance_change(:eight);
SELECT governance.abort_change(:eight);
SELECT * FROM public.differs();
SELECT relname FROM pg_class WHERE relnamespace = 'shop'::regnamespace AND relname ~ '_dg';

-- what a table below has of its own goes with the column, and comes back
SELECT governance.propose_change('ALTER TABLE shop.person DROP COLUMN age', 'x');
RESET ROLE;
ALTER TABLE shop."Best client" DROP CONSTRAINT "Best client_pkey";
SET ROLE inherited_owner;
SELECT public.remember();
SELECT governance.propose_change('ALTER TABLE shop.person DROP COLUMN age', 'x') AS nine \gset
SELECT phase, statement FROM governance.change_plan(:nine);
SELECT governance.approve_change(:nine, 'yes', '{not_observed}');
CALL governance.advance_change(:nine);
SET ROLE inherited_app;
INSERT INTO shop.person (id) VALUES (9001);
INSERT INTO shop."Best client" (id) VALUES (9002);
INSERT INTO shop."Best client" (id) VALUES (9002);
SET ROLE inherited_owner;
DELETE FROM shop."Best client" WHERE id = 9002;
SELECT governance.undo_change(:nine);
CALL governance.advance_change(:nine);
SELECT * FROM public.differs();

-- a table that began to inherit after contraction gets old values before the old shape comes back
SELECT governance.propose_change('ALTER TABLE shop.person ADD COLUMN label text, DROP COLUMN name', 'x', up => 'upper(name)', down => 'lower(label)') AS ten \gset
SELECT governance.approve_change(:ten, 'yes', '{not_observed}');
CALL governance.advance_change(:ten);
CALL governance.advance_change(:ten);
CREATE TABLE elsewhere.last () INHERITS (shop.client);
INSERT INTO elsewhere.last (id, label) VALUES (9501, 'LATE'), (9502, NULL);
SELECT governance.undo_change(:ten);
SELECT id, name FROM shop.person WHERE id > 9500 ORDER BY id;
