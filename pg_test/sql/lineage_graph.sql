-- upstream, downstream, flows, rights, odd names.
SET client_min_messages = warning;
CREATE SCHEMA sales;
CREATE SCHEMA "Odd.Schema";
CREATE TABLE sales.orders (id int PRIMARY KEY, total numeric, net numeric GENERATED ALWAYS AS (total * 0.8) STORED, state text);
CREATE VIEW sales.paid AS SELECT id, net FROM sales.orders WHERE state = 'paid';
CREATE VIEW sales.daily AS SELECT sum(net) AS income FROM sales.paid;
CREATE MATERIALIZED VIEW sales.board AS SELECT income * 2 AS twice FROM sales.daily;
CREATE TABLE "Odd.Schema"."Ta""ble" ("Col.umn" int, "col.umn" int, gone int, "ünï cödé abcdefghijklmnopqrstuvwxyz abcdefghijklmnopqrstuvwx" int);
ALTER TABLE "Odd.Schema"."Ta""ble" DROP COLUMN gone;
CREATE VIEW "Odd.Schema"."V" AS SELECT t AS whole FROM "Odd.Schema"."Ta""ble" t;

SELECT * FROM governance.upstream('sales.board', 'twice');
SELECT depth, relation, column_name, kind, subtype, via, path FROM governance.downstream('sales.orders', 'total');
SELECT depth, relation, column_name FROM governance.upstream('sales.board', max_depth => 1);
SELECT depth, column_name, path FROM governance.upstream('"Odd.Schema"."V"', 'whole');
SELECT count(*) FROM governance.downstream('sales.board');

-- Renames of columns are seen, since trees keep numbers.
ALTER VIEW sales.daily RENAME COLUMN income TO "In.come";
ALTER TABLE sales.orders RENAME COLUMN state TO status;
SELECT depth, column_name, subtype, path FROM governance.upstream('sales.daily', 'In.come');
\set VERBOSITY sqlstate
SELECT * FROM governance.upstream('sales.daily', 'income');
SELECT * FROM governance.upstream('sales.daily', repeat('x', 64));
SELECT * FROM governance.upstream('sales.daily', max_depth => 0);
\set VERBOSITY default
SELECT * FROM governance.downstream('sales.daily', max_depth => -1);

-- Declared flows.
SELECT governance.declare_flow('kafka://orders/total', 'sales.orders.total', 'nightly load');
SELECT governance.declare_flow('kafka://orders/total', 'sales.orders.total');
SELECT governance.declare_flow('sales.board', 'https://bi.example/board');
SELECT governance.declare_flow('https://bi.example/board', 'kafka://orders/total');   -- a circle
SELECT source_relation, source_column, target_relation, target_column, kind, subtype, evidence, times, description FROM governance.flows;
SELECT depth, relation_name, column_name, via, path FROM governance.upstream('sales.board', 'twice') WHERE via = 'declared';
SELECT depth, relation_name, via, path FROM governance.downstream('sales.daily') ORDER BY depth, path;
SELECT governance.declare_flow('orders', 'sales.orders');
SELECT governance.declare_flow('sales.nowhere', 'sales.orders');
SELECT governance.declare_flow('sales.orders', 'sales.orders');
SELECT governance.forget_flow('https://bi.example/board', 'kafka://orders/total', 'no longer');
SELECT governance.forget_flow('https://bi.example/board', 'kafka://orders/total');
SELECT op, object, reason FROM governance.audit_entry WHERE op LIKE '%flow' ORDER BY id;

-- Recorded statements: once per session and statement, rolled back with its transaction.
CREATE TABLE sales.copy (id int, amount numeric, state text);
SET search_path = sales;
SELECT governance._record_statement('copy', 'INSERT INTO copy (amount, id) SELECT total, id FROM orders');
SELECT governance._record_statement('copy', 'INSERT INTO copy (amount, id) SELECT total, id FROM orders');
BEGIN;
SELECT governance._record_statement('copy', 'UPDATE copy SET state = o.status FROM orders o WHERE o.id = copy.id');
ROLLBACK;
BEGIN;
SAVEPOINT a;
SELECT governance._record_statement('copy', 'DELETE FROM copy USING orders o WHERE o.id = copy.id');
ROLLBACK TO a;
COMMIT;
SELECT source_relation, source_column, target_relation, target_column, subtype, evidence, times FROM governance.flows WHERE evidence <> 'declared';
SELECT governance._record_statement('copy', 'UPDATE copy SET state = o.status FROM orders o WHERE o.id = copy.id');
-- Parameters, several statements, what is broken or does not write: never an error.
SELECT governance._record_statement('copy', 'INSERT INTO copy (id, state) SELECT $1, $2 || status FROM orders');
SELECT governance._record_statement('copy', 'CREATE TABLE x (i int); INSERT INTO x VALUES (1); INSERT INTO copy (amount) SELECT net FROM orders');
SELECT governance._record_statement('copy', 'this is no SQL');
SELECT governance._record_statement('copy', 'SELECT * FROM copy');
SELECT governance._record_statement('copy', '');
SELECT source_relation, source_column, target_relation, target_column, subtype, times FROM governance.flows WHERE evidence = 'statement';
RESET search_path;

-- DDL.
CREATE TABLE sales.snapshot AS SELECT id AS key, total FROM sales.orders WHERE status = 'paid';
SELECT governance._record_ddl('sales.snapshot', 'CREATE TABLE sales.snapshot AS SELECT id AS key, total FROM sales.orders WHERE status = ''paid''');
SELECT governance._record_ddl('sales.daily', 'CREATE VIEW …');
SELECT source_relation, source_column, target_relation, target_column, subtype FROM governance.flows WHERE evidence = 'ddl';
SELECT depth, relation, column_name, via, path FROM governance.upstream('sales.snapshot', 'total');

-- Rights: what PostgreSQL would ask for running it; flows as far as both ends may be seen.
CREATE ROLE lineage_graph_reader;
CREATE ROLE lineage_graph_owner;
GRANT USAGE ON SCHEMA sales TO lineage_graph_reader;
GRANT SELECT (id) ON sales.orders TO lineage_graph_reader;
GRANT SELECT ON sales.paid TO lineage_graph_reader;
CREATE VIEW sales.invoked WITH (security_invoker) AS SELECT net FROM sales.orders;
GRANT SELECT ON sales.invoked TO lineage_graph_reader;
SET ROLE lineage_graph_reader;
SELECT input_column FROM governance.lineage('SELECT id FROM sales.orders');
SELECT input_column FROM governance.lineage('SELECT total FROM sales.orders');
SELECT input_column, subtype FROM governance.lineage('SELECT net FROM sales.paid');
SELECT input_column FROM governance.lineage('SELECT net FROM sales.invoked');
SELECT input_column FROM governance.lineage('SELECT 1 FROM (SELECT 2 WHERE EXISTS (SELECT FROM sales.copy)) q');
SELECT input_column FROM governance.lineage('DELETE FROM sales.paid');
SELECT input_column FROM governance.lineage('CREATE VIEW sales.leak AS SELECT * FROM sales.copy');
SELECT count(*) FROM governance.upstream('sales.copy');
SELECT count(*) > 0 AS sees FROM governance.upstream('sales.paid');
SELECT source_relation, target_relation FROM governance.flows;
SELECT governance.declare_flow('kafka://x', 'sales.orders');
SELECT governance._record_statement('sales.orders', 'SELECT 1');
RESET ROLE;

-- Tricks with names do not catch us: our own look-ups are qualified.
CREATE SCHEMA trick;
CREATE TABLE trick.pg_attribute (attnum int);
CREATE FUNCTION trick.eq(oid, oid) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RAISE ''caught''; END';
CREATE OPERATOR trick.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = trick.eq);
SET search_path = trick, pg_catalog, sales;
SELECT output_column, input_column FROM governance.lineage('INSERT INTO orders (total) SELECT attnum FROM pg_attribute');
RESET search_path;
CREATE TEMP TABLE passing (a int);
SELECT output_column, input_relation FROM governance.lineage('SELECT a FROM passing');
SELECT governance._record_statement('sales.copy', 'INSERT INTO sales.copy (id) SELECT a FROM passing');

-- Thirty nested views of sixteen columns, each made of two.
CREATE TABLE deep (c1 int, c2 int, c3 int, c4 int, c5 int, c6 int, c7 int, c8 int, c9 int, c10 int, c11 int, c12 int, c13 int, c14 int, c15 int, c16 int);
DO $$
BEGIN
    FOR i IN 1..30 LOOP
        EXECUTE format('CREATE VIEW deep%s AS SELECT %s FROM %s', i,
            (SELECT string_agg(format('c%s + c%s AS c%s', n, n % 16 + 1, n), ', ') FROM generate_series(1, 16) n),
            CASE i WHEN 1 THEN 'deep' ELSE 'deep' || i - 1 END);
    END LOOP;
END $$;
SET statement_timeout = '5s';
SELECT count(*), count(DISTINCT input_column) FROM governance.lineage('SELECT * FROM deep30');
SELECT count(*), max(depth) FROM governance.upstream('deep30');
RESET statement_timeout;

-- From triggers: plain statements, prepared ones, PL/pgSQL, a statement that is rolled back, a failing one.
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM governance._record_statement(TG_RELID::regclass, current_query());
    RETURN NULL;
END $$;
CREATE TABLE sink (id int PRIMARY KEY, val text) PARTITION BY RANGE (id);
CREATE TABLE sink1 (val text, id int NOT NULL);
ALTER TABLE sink ATTACH PARTITION sink1 FOR VALUES FROM (0) TO (1000);
CREATE TABLE source (id int, val text, extra text);
INSERT INTO source VALUES (1, 'a', 'x'), (2, 'b', 'y');
CREATE TRIGGER note AFTER INSERT OR UPDATE ON sink FOR EACH ROW EXECUTE FUNCTION note();
INSERT INTO sink SELECT id, val FROM source;
BEGIN;
SAVEPOINT one;
UPDATE sink SET val = extra FROM source WHERE source.id = sink.id;
ROLLBACK TO one;
COMMIT;
INSERT INTO sink SELECT 1, extra FROM source;      -- fails: duplicate key
PREPARE more AS INSERT INTO sink SELECT id + $1, val FROM source;
EXECUTE more(10);
DO $$ BEGIN INSERT INTO sink SELECT id + 20, extra FROM source; END $$;
SELECT source_column, target_relation, target_column, subtype FROM governance.flows WHERE target_relation LIKE '%sink%';
SELECT count(*) FROM sink;

-- Flows follow renames once event triggers say so (registry::identity); here the rows themselves.
SELECT schema_name, relation_name FROM governance.binding ORDER BY 1, 2;
DROP OWNED BY lineage_graph_reader;
DROP ROLE lineage_graph_reader, lineage_graph_owner;
