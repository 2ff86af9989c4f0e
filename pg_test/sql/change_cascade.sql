-- DROP … CASCADE where only views depend: they wait in quarantine too, and come back.
\set SHOW_CONTEXT never
SET lock_timeout = '5s';
CREATE ROLE change_cascade_owner;
CREATE ROLE change_cascade_app;
CREATE ROLE change_cascade_other;
CREATE SCHEMA shop AUTHORIZATION change_cascade_owner;
CREATE SCHEMA "Reports";
GRANT USAGE, CREATE ON SCHEMA "Reports" TO change_cascade_other;
GRANT USAGE ON SCHEMA shop TO change_cascade_app, change_cascade_other;
SET ROLE change_cascade_owner;
CREATE TABLE shop.customer (id int PRIMARY KEY, name text, phone text NOT NULL, note text);
INSERT INTO shop.customer SELECT g, 'n' || g, 'p' || g, 'x' FROM generate_series(1, 2000) g;
GRANT SELECT ON shop.customer TO change_cascade_other;
SET ROLE change_cascade_other;
CREATE VIEW "Reports"."All Phones" AS SELECT id, phone FROM shop.customer;
COMMENT ON VIEW "Reports"."All Phones" IS 'who to call';
GRANT SELECT ON "Reports"."All Phones" TO change_cascade_owner WITH GRANT OPTION;
GRANT SELECT (id) ON "Reports"."All Phones" TO change_cascade_app;
SET ROLE change_cascade_owner;
CREATE MATERIALIZED VIEW shop.counted AS SELECT count(phone) AS n FROM shop.customer;
CREATE UNIQUE INDEX ON shop.counted (n);
RESET ROLE;
GRANT USAGE ON SCHEMA "Reports" TO change_cascade_owner;
SET ROLE change_cascade_owner;
CREATE VIEW shop.called AS SELECT a.id FROM "Reports"."All Phones" a, shop.counted;
CREATE VIEW shop.names AS SELECT id, name FROM shop.customer;
GRANT SELECT ON shop.called, shop.counted TO change_cascade_app;
RESET ROLE;
SELECT governance.declare_party('sales', db_roles => '{change_cascade_owner}');
SELECT governance.declare_dataset('shop.customer', 'sales', 'master');
SELECT governance.tag_column('shop.customer', 'phone', 'pii.contact.phone');
SELECT governance.tag_column('"Reports"."All Phones"', 'phone', 'pii.contact.phone');
SELECT governance.set_level('guard.data_loss', 'enforce');

CREATE FUNCTION public.facts() RETURNS TABLE (fact text) LANGUAGE sql AS $$
    SELECT format('%s %s %s %s', c.oid::regclass, c.relkind, c.relacl, obj_description(c.oid, 'pg_class'))
      FROM pg_class c WHERE relnamespace IN ('shop'::regnamespace, '"Reports"'::regnamespace)
    UNION ALL SELECT format('%s.%s %s %s', c.oid::regclass, attname, attacl, attnotnull)
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE relnamespace IN ('shop'::regnamespace, '"Reports"'::regnamespace)
    UNION ALL SELECT pg_get_viewdef(c.oid) FROM pg_class c
     WHERE relnamespace IN ('shop'::regnamespace, '"Reports"'::regnamespace) AND relkind IN ('v', 'm')
    UNION ALL SELECT format('tag %s.%s %s', t.relation, t.column_name, t.tag) FROM governance.column_tags t
    ORDER BY 1 $$;
CREATE TABLE public.before AS SELECT * FROM public.facts();
CREATE FUNCTION public.differs() RETURNS TABLE (how text, fact text) LANGUAGE sql SECURITY DEFINER AS $$
    (SELECT 'gone', fact FROM public.before EXCEPT SELECT 'gone', fact FROM public.facts())
    UNION ALL (SELECT 'new', fact FROM public.facts() EXCEPT SELECT 'new', fact FROM public.before) ORDER BY 1, 2 $$;
SET ROLE change_cascade_owner;

-- other dependents stay refused
CREATE FUNCTION shop.typed(shop.customer) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
SELECT governance.propose_change('DROP TABLE shop.customer CASCADE', 'x');
DROP FUNCTION shop.typed(shop.customer);
SELECT governance.propose_change('DROP TABLE shop.customer', 'x');
SELECT governance.propose_change('ALTER TABLE shop.customer DROP COLUMN phone', 'x');
ALTER TABLE shop.customer DROP COLUMN phone CASCADE;

-- a column
SELECT governance.propose_change('ALTER TABLE shop.customer DROP COLUMN phone CASCADE', 'nobody calls');
SELECT * FROM governance.change_plan(1);
SELECT governance.approve_change(1, 'yes', '{not_observed}');
CREATE VIEW shop.late AS SELECT phone FROM shop.customer;
CALL governance.advance_change(1);
DROP VIEW shop.late;
CALL governance.advance_change(1);
SELECT relname FROM pg_class WHERE relnamespace IN ('shop'::regnamespace, '"Reports"'::regnamespace) AND relkind <> 'i' ORDER BY 1;
SELECT has_table_privilege('change_cascade_app', c.oid, 'SELECT'), has_any_column_privilege('change_cascade_app', c.oid, 'SELECT')
  FROM pg_class c WHERE relname LIKE E'\\_dg%';
INSERT INTO shop.customer (id, name) VALUES (2001, 'new');
DELETE FROM shop.customer WHERE id = 2001;
ALTER TABLE shop.customer DROP COLUMN phone CASCADE;
SELECT governance.undo_change(1);
SELECT * FROM public.differs();
SELECT count(*) FROM shop.called;

-- two columns that one view reads, beside a new column: written by clients of both shapes
SELECT governance.propose_change('ALTER TABLE shop.customer DROP COLUMN phone CASCADE, DROP COLUMN name CASCADE, ADD COLUMN fax text', 'x') AS two \gset
SELECT phase, statement FROM governance.change_plan(:two);
SELECT governance.approve_change(:two, 'yes', '{not_observed}');
CALL governance.advance_change(:two);
SELECT state FROM governance.changes WHERE change = :two;
INSERT INTO shop.customer (id, phone) VALUES (2001, 'old shape');
INSERT INTO shop.customer (id, phone, fax) VALUES (2002, 'needs it', 'new shape');
CALL governance.advance_change(:two);
INSERT INTO shop.customer (id, fax) VALUES (2003, 'new shape');
SELECT column_name FROM information_schema.columns WHERE table_name = 'customer' ORDER BY ordinal_position;
SELECT relname FROM pg_class WHERE relnamespace IN ('shop'::regnamespace, '"Reports"'::regnamespace) AND relkind IN ('v', 'm') ORDER BY 1;
DELETE FROM shop.customer WHERE id > 2000;
SELECT governance.undo_change(:two);
SELECT * FROM public.differs();

-- a table, by a tool's own statement
SELECT governance.propose_change('DROP TABLE shop.customer CASCADE', 'replaced') AS three \gset
SELECT * FROM governance.change_plan(:three);
SELECT governance.abort_change(:three);
SELECT governance.propose_change('DROP TABLE shop.customer CASCADE', 'replaced') AS four \gset
SELECT governance.approve_change(:four, 'yes', '{not_observed}');
DROP TABLE shop.customer CASCADE;
DROP TABLE shop.customer CASCADE;
SELECT relname FROM pg_class WHERE relnamespace IN ('shop'::regnamespace, '"Reports"'::regnamespace) AND relkind <> 'i' ORDER BY 1;
SELECT governance.undo_change(:four);
SELECT * FROM public.differs();
REFRESH MATERIALIZED VIEW shop.counted;
SELECT * FROM shop.counted;

-- a view, and the end of the quarantine
RESET ROLE;
SET ROLE change_cascade_other;
SELECT governance.propose_change('DROP VIEW "Reports"."All Phones" CASCADE', 'unused') AS five \gset
SELECT statement FROM governance.change_plan(:five);
RESET ROLE;
SELECT governance.approve_change(:five, 'yes', '{not_observed}');
CALL governance.advance_change(:five);
UPDATE governance.change SET quarantine_until = now() - interval '1 s' WHERE id = :five;
CALL governance.advance_change(:five);
SELECT relname FROM pg_class WHERE relnamespace IN ('shop'::regnamespace, '"Reports"'::regnamespace) AND relkind <> 'i' ORDER BY 1;
SELECT change, kind, state, ddl FROM governance.changes;
