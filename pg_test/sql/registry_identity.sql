-- Declarations, tags and levels follow their relation through renames and their name through drop and create.
\set SHOW_CONTEXT never
SET client_min_messages = error;
CREATE SCHEMA a;
CREATE SCHEMA "B.b";
SELECT governance.declare_party('team', db_roles => '{postgres}');
CREATE TABLE a.orders (id int PRIMARY KEY, email text, "Odd col" text);
SELECT governance.declare_dataset('a.orders', 'team', 'master');
SELECT governance.tag_column('a.orders', 'email', 'pii.contact.email');
SELECT governance.tag_column('a.orders', 'Odd col', 'pii.name');
SELECT governance.set_level('guard', 'observe', 'dataset:a.orders', 'tests');
CREATE VIEW everything AS
    SELECT relation::text, owner, class,
           (SELECT string_agg(column_name || '=' || tag, ',' ORDER BY column_name) FROM governance.column_tags t WHERE t.relation = d.relation) AS tags,
           (SELECT string_agg(feature || ' ' || level, ',') FROM governance.levels l WHERE l.scope = 'dataset:' || format('%I.%I', d.schema_name, d.relation_name)) AS levels
      FROM governance.datasets d WHERE declared ORDER BY 1;
TABLE everything;

-- renames of table, schema and column; a move; back again
ALTER TABLE a.orders RENAME TO "Orders ""x""";
ALTER TABLE a."Orders ""x""" SET SCHEMA "B.b";
ALTER SCHEMA "B.b" RENAME TO "C";
ALTER TABLE "C"."Orders ""x""" RENAME COLUMN email TO "E Mail";
TABLE everything;
BEGIN;
ALTER TABLE "C"."Orders ""x""" RENAME TO gone;
ROLLBACK;
TABLE everything;
ALTER TABLE "C"."Orders ""x""" SET SCHEMA a;
ALTER TABLE a."Orders ""x""" RENAME TO orders;
ALTER TABLE a.orders RENAME COLUMN "E Mail" TO email;
TABLE everything;

-- drop and create: the declaration waits under the name
DROP TABLE a.orders;
TABLE everything;
SELECT count(*) FROM governance.dataset;
CREATE TABLE a.orders (id int, email text, extra int);
TABLE everything;
CREATE TABLE a.orders2 AS SELECT * FROM a.orders;
TABLE everything;

-- rename-swap, as dbt and gh-ost do: both are governed, and a person is asked
BEGIN;
ALTER TABLE a.orders RENAME TO orders_old;
ALTER TABLE a.orders2 RENAME TO orders;
COMMIT;
TABLE everything;
SELECT kind, object, value, evidence FROM governance.proposals WHERE kind = 'identity';
DROP TABLE a.orders_old;
TABLE everything;

-- case-twins
CREATE TABLE a."Orders" (id int);
TABLE everything;
SELECT governance.declare_dataset('a."Orders"', 'team', 'reference');
ALTER TABLE a."Orders" RENAME TO "ORDERS";
TABLE everything;

-- partitions and inheritance: a renamed column is renamed in the whole tree
CREATE TABLE a.event (at date, mail text) PARTITION BY RANGE (at);
CREATE TABLE a.event_1 PARTITION OF a.event FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
SELECT governance.tag_column('a.event', 'mail', 'pii.contact.email');
SELECT governance.tag_column('a.event_1', 'mail', 'pii.contact.email');
ALTER TABLE a.event RENAME COLUMN mail TO email;
SELECT relation, column_name FROM governance.column_tags WHERE relation_name LIKE 'event%';

-- a view replaced, a materialized view re-created
CREATE VIEW a.v AS SELECT 1 AS x;
SELECT governance.declare_dataset('a.v', 'team', 'analytical');
CREATE OR REPLACE VIEW a.v AS SELECT 1 AS x, 2 AS y;
DROP VIEW a.v;
CREATE MATERIALIZED VIEW a.v AS SELECT 1 AS x;
TABLE everything;

-- under session_replication_role = replica, and in a function
SET session_replication_role = replica;
ALTER TABLE a.event RENAME TO happening;
RESET session_replication_role;
DO $$ BEGIN EXECUTE 'ALTER TABLE a.v RENAME TO w'; END $$;
SELECT relation, column_name FROM governance.column_tags WHERE relation_name LIKE 'happening%';
TABLE everything;

-- a column takes a name under which a dropped one was tagged: its own tag stays, once
CREATE TABLE a.person (id int, email text, mail text);
SELECT governance.tag_column('a.person', 'email', 'pii.contact.email');
SELECT governance.tag_column('a.person', 'mail', 'pii.contact.email');
SELECT governance.tag_column('a.person', 'mail', 'pii.name');
ALTER TABLE a.person DROP COLUMN email;
ALTER TABLE a.person RENAME COLUMN mail TO email;
SELECT column_name, tag FROM governance.column_tags WHERE relation_name = 'person' ORDER BY 1, 2;

-- what was untagged or forgotten under a name takes nothing from the relation that gets the name
CREATE TABLE a.was (id int, email text);
SELECT governance.declare_dataset('a.was', 'team', 'master');
SELECT governance.tag_column('a.was', 'email', 'pii.contact.email');
SELECT governance.untag_column('a.was', 'email', 'pii.contact.email', 'tests');
SELECT governance.forget_dataset('a.was', 'tests');
DROP TABLE a.was;
CREATE TABLE a.fresh (id int, email text);
SELECT governance.declare_dataset('a.fresh', 'team', 'reference');
SELECT governance.tag_column('a.fresh', 'email', 'pii.contact.email');
ALTER TABLE a.fresh RENAME TO was;
SELECT * FROM everything WHERE relation = 'a.was';

-- blue and green: a schema takes the name of one that is gone, with declarations that wait under it
CREATE SCHEMA green;
CREATE SCHEMA blue;
CREATE TABLE green.item (id int, email text);
CREATE TABLE blue.item (id int, email text);
SELECT governance.declare_dataset('green.item', 'team', 'reference');
SELECT governance.declare_dataset('blue.item', 'team', 'reference');
SELECT governance.tag_column('green.item', 'email', 'pii.contact.email');
SELECT governance.tag_column('blue.item', 'email', 'pii.contact.email');
SELECT governance.set_level('guard', 'observe', 'schema:green', 'tests'), governance.set_level('guard', 'observe', 'schema:blue', 'tests');
DROP SCHEMA green CASCADE;
ALTER SCHEMA blue RENAME TO green;
SELECT * FROM everything WHERE relation = 'green.item';
SELECT feature, scope, level FROM governance.levels WHERE scope IN ('schema:blue', 'schema:green') ORDER BY scope;

-- Scopes of duties and objects of decisions are names too: they follow, declared or not, and mean both after a swap.
CREATE ROLE registry_identity_auditor;
CREATE SCHEMA "m.s";
CREATE TABLE "m.s".declared (id int PRIMARY KEY);
CREATE TABLE "m.s".undeclared (id int);
SELECT governance.declare_dataset('"m.s".declared', class => 'reference');
SELECT governance.grant_duty('auditor', 'registry_identity_auditor', s)
  FROM unnest('{"schema:\"m.s\"","dataset:\"m.s\".declared","dataset:\"m.s\".undeclared"}'::text[]) s;
SELECT governance.record_decision('why these', objects => '{"\"m.s\".declared","\"m.s\".undeclared","extension plpgsql"}');
ALTER TABLE "m.s".declared RENAME TO "de""clared";
ALTER TABLE "m.s".undeclared RENAME TO un;
SELECT scope FROM governance.duty ORDER BY scope COLLATE "C";
SELECT objects FROM governance.decision;
ALTER SCHEMA "m.s" RENAME TO ms;
SELECT scope FROM governance.duty ORDER BY scope COLLATE "C";
SELECT objects FROM governance.decision;
BEGIN;
ALTER TABLE ms."de""clared" RENAME TO old;
CREATE TABLE ms."de""clared" (id int PRIMARY KEY);
COMMIT;
SELECT scope FROM governance.duty ORDER BY scope COLLATE "C";
SELECT objects FROM governance.decision;
