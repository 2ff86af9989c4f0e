-- needs: attached
-- The column-read ledger: which role and application read which column, known from plans.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
SET governance.read_flush_after = 0;
CREATE SCHEMA shop;
CREATE TABLE shop.customer (id int PRIMARY KEY, email text, name text, phone text, city text);
CREATE TABLE shop.buys (id int PRIMARY KEY, customer int REFERENCES shop.customer ON DELETE CASCADE, total numeric, note text);
CREATE TABLE shop.other (id int, email text);
INSERT INTO shop.customer SELECT i, 'e' || i, 'n' || i, 'p' || i, 'c' || i FROM generate_series(1, 5) i;
INSERT INTO shop.buys SELECT i, i, i * 10, 'x' FROM generate_series(1, 5) i;
INSERT INTO shop.other VALUES (1, 'o');
SELECT governance.declare_party('team');
SELECT governance.declare_dataset('shop.customer', 'team');
SELECT governance.declare_dataset('shop.buys', 'team');
-- What was read since the last look.
CREATE TABLE look (at timestamptz);
INSERT INTO look VALUES (clock_timestamp());
CREATE FUNCTION seen() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY
        SELECT relation_name || '.' || coalesce(nullif(column_name, ''), '-') || ' ' || evidence || ' ' || role
               || coalesce(nullif(' ' || application, ' psql'), '') || ' ' || sum(reads)
          FROM governance._column_reads() WHERE first_seen > (SELECT at FROM look)
         GROUP BY relation_name, column_name, evidence, role, application ORDER BY 1;
    UPDATE look SET at = clock_timestamp();
END $$;

\echo -- a plain SELECT, and use in WHERE only
SELECT email FROM shop.customer WHERE phone = 'p1';
SELECT * FROM seen();
\echo -- nothing of a table that is not watched
SELECT email FROM shop.other;
SELECT * FROM seen();
\echo -- rows without columns
SELECT count(*) FROM shop.customer;
SELECT * FROM seen();
\echo -- a subquery that names more than is used: it would break without
SELECT id FROM (SELECT id, email FROM shop.customer) s WHERE id = 1;
WITH c AS (SELECT id, name FROM shop.customer) SELECT id FROM c WHERE id = 1;
SELECT * FROM seen();
\echo -- a join, its columns and a left join that is removed
SELECT c.name, b.total FROM shop.customer c JOIN shop.buys b ON b.customer = c.id WHERE b.id = 2;
SELECT * FROM seen();
SELECT b.id FROM shop.buys b LEFT JOIN shop.customer c ON c.id = b.customer WHERE b.id = 2;
SELECT * FROM seen();

\echo -- views: only what the query uses of them
CREATE VIEW shop.v AS SELECT id, email, name, phone FROM shop.customer WHERE city <> 'x';
CREATE VIEW shop.vv AS SELECT id, email, name FROM shop.v;
CREATE VIEW shop.secure WITH (security_barrier) AS SELECT id, email, name FROM shop.customer WHERE phone <> 'x';
CREATE VIEW shop.invoker WITH (security_invoker) AS SELECT id, email, name FROM shop.customer;
CREATE VIEW shop.counts AS SELECT city, count(email) AS emails, count(phone) AS phones FROM shop.customer GROUP BY city;
SELECT count(*) >= 0 FROM seen();
SELECT name FROM shop.v WHERE id = 1;
SELECT * FROM seen();
SELECT email FROM shop.vv WHERE id = 1;
SELECT * FROM seen();
SELECT name FROM shop.secure WHERE id = 1;
SELECT * FROM seen();
SELECT name FROM shop.invoker WHERE id = 1;
SELECT * FROM seen();
SELECT phones FROM shop.counts WHERE city = 'c1';
SELECT * FROM seen();
SELECT v FROM shop.vv v WHERE id = 1;
SELECT * FROM seen();
\echo -- UNION ALL of tables, set operations
SELECT email FROM shop.customer WHERE id = 1 UNION ALL SELECT note FROM shop.buys WHERE id = 1;
SELECT name FROM shop.customer INTERSECT SELECT note FROM shop.buys;
SELECT * FROM seen();

\echo -- functions
CREATE FUNCTION shop.f_sql(int) RETURNS text LANGUAGE sql STABLE AS 'SELECT name FROM shop.customer WHERE id = $1';
CREATE FUNCTION shop.f_set(int) RETURNS SETOF text LANGUAGE sql STABLE AS 'SELECT phone FROM shop.customer WHERE id = $1';
CREATE FUNCTION shop.f_atomic(int) RETURNS text STABLE BEGIN ATOMIC SELECT city FROM shop.customer WHERE id = $1; END;
CREATE FUNCTION shop.f_pl(int) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT email FROM shop.customer WHERE id = $1); END $$;
CREATE FUNCTION shop.f_dynamic(c text) RETURNS text LANGUAGE plpgsql AS
    $$ DECLARE r text; BEGIN EXECUTE format('SELECT %I FROM shop.customer WHERE id = 1', c) INTO r; RETURN r; END $$;
CREATE FUNCTION shop.f_row(int) RETURNS text LANGUAGE plpgsql AS
    $$ DECLARE r shop.customer; BEGIN SELECT * INTO r FROM shop.customer WHERE id = $1; RETURN r.name; END $$;
SELECT shop.f_sql(1);
SELECT * FROM seen();
SELECT * FROM shop.f_set(1);
SELECT * FROM seen();
SELECT shop.f_atomic(1);
SELECT * FROM seen();
SELECT shop.f_pl(i) FROM generate_series(1, 3) i;
SELECT * FROM seen();
SELECT shop.f_dynamic('city');
SELECT * FROM seen();
SELECT shop.f_row(1);
SELECT * FROM seen();
\echo -- DO, cursors, prepared statements whose plan is cached
DO $$ DECLARE r record; BEGIN FOR r IN SELECT email FROM shop.customer WHERE id < 3 LOOP PERFORM name FROM shop.customer WHERE id = 1; END LOOP; END $$;
SELECT * FROM seen();
BEGIN;
DECLARE c CURSOR FOR SELECT phone FROM shop.customer;
FETCH 1 FROM c;
MOVE 1 FROM c;
FETCH 1 FROM c;
COMMIT;
SELECT * FROM seen();
PREPARE p(int) AS SELECT email FROM shop.customer WHERE id = $1;
SET plan_cache_mode = force_generic_plan;
EXECUTE p(1);
SELECT * FROM seen();
EXECUTE p(1);
EXECUTE p(2);
SELECT * FROM seen();
CREATE TABLE shop.made AS EXECUTE p(1);
SELECT * FROM seen();
RESET plan_cache_mode;
DEALLOCATE p;

\echo -- COPY
COPY shop.buys TO STDOUT;
COPY shop.customer (id, email) TO STDOUT;
SELECT * FROM seen();
COPY (SELECT name FROM shop.customer WHERE id = 1) TO STDOUT;
SELECT * FROM seen();
\echo -- whole rows
SELECT b FROM shop.buys b WHERE id = 1;
SELECT * FROM seen();
SELECT row_to_json(b) FROM shop.buys b WHERE id = 1;
SELECT * FROM seen();
SELECT count(b) FROM shop.buys b;
SELECT * FROM seen();
SELECT (b).note FROM (SELECT b FROM shop.buys b WHERE id = 1) s;
SELECT * FROM seen();

\echo -- writes that read
UPDATE shop.customer SET city = 'z' WHERE id = 1;
SELECT * FROM seen();
UPDATE shop.customer SET city = b.note FROM shop.buys b WHERE b.customer = customer.id AND b.total = 20;
SELECT * FROM seen();
UPDATE shop.customer SET city = 'y' WHERE id = 2 RETURNING phone;
SELECT * FROM seen();
INSERT INTO shop.customer (id, email) VALUES (6, 'e6') RETURNING name;
SELECT * FROM seen();
INSERT INTO shop.customer AS c (id, email) VALUES (6, 'e6') ON CONFLICT (id) DO UPDATE SET city = c.phone WHERE c.name IS NULL;
SELECT * FROM seen();
MERGE INTO shop.customer c USING shop.buys b ON c.id = b.customer
 WHEN MATCHED AND c.phone = 'p3' THEN UPDATE SET name = c.email || b.note WHEN NOT MATCHED THEN DO NOTHING;
SELECT * FROM seen();
DELETE FROM shop.buys WHERE id = 5 RETURNING note;
SELECT * FROM seen();
UPDATE shop.v SET name = 'via' WHERE id = 3 RETURNING email;
SELECT * FROM seen();
UPDATE shop.invoker SET name = 'via' WHERE id = 3 RETURNING email;
SELECT * FROM seen();
WITH d AS (DELETE FROM shop.buys WHERE id = 4 RETURNING total) SELECT * FROM d;
SELECT * FROM seen();
\echo -- sublinks, LATERAL, windows
SELECT id FROM shop.other o WHERE EXISTS (SELECT FROM shop.customer c WHERE c.id = o.id AND c.city <> 'q');
SELECT * FROM seen();
SELECT o.id, s.note FROM shop.other o, LATERAL (SELECT note FROM shop.buys b WHERE b.id = o.id) s;
SELECT * FROM seen();
SELECT row_number() OVER (ORDER BY name) FROM shop.customer LIMIT 1;
SELECT * FROM seen();
\echo -- foreign keys and what PostgreSQL does for itself
INSERT INTO shop.buys VALUES (7, 1, 1, 'y');
DELETE FROM shop.customer WHERE id = 2;
ALTER TABLE shop.buys ADD CHECK (total > 0);
CREATE INDEX ON shop.customer (lower(name));
ANALYZE shop.customer;
SELECT * FROM seen();

\echo -- EXPLAIN reads nothing, EXPLAIN ANALYZE does
EXPLAIN (COSTS OFF) SELECT email FROM shop.customer WHERE id = 1;
SELECT * FROM seen();
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT email FROM shop.customer WHERE id = 1;
SELECT * FROM seen();
\echo -- who rolled back, did read; who was refused, did not
BEGIN;
SELECT email FROM shop.customer WHERE id = 1;
ROLLBACK;
BEGIN;
SAVEPOINT a;
SELECT phone FROM shop.customer WHERE id = 1;
ROLLBACK TO a;
SELECT name FROM shop.customer WHERE id = 1;
COMMIT;
SELECT * FROM seen();
CREATE ROLE reader;
GRANT USAGE ON SCHEMA shop TO reader;
SET ROLE reader;
SELECT email FROM shop.customer;
RESET ROLE;
SELECT * FROM seen();
\echo -- SET ROLE, SECURITY DEFINER, application_name
GRANT SELECT ON shop.customer TO reader;
CREATE FUNCTION shop.f_definer() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN (SELECT phone FROM shop.customer WHERE id = 1); END $$;
SET application_name = 'billing';
SET ROLE reader;
SELECT name FROM shop.customer WHERE id = 1;
SELECT shop.f_definer();
RESET ROLE;
RESET application_name;
SELECT * FROM seen();
BEGIN;
SELECT name FROM shop.customer WHERE id = 1;
SET LOCAL ROLE reader;
SELECT name FROM shop.customer WHERE id = 1;
COMMIT;
SELECT * FROM seen();
\echo -- a masked role reads as everybody does
SELECT governance.tag_column('shop.customer', 'email', 'pii.contact.email');
SELECT governance.tag_column('shop.customer', 'phone', 'secret');
SELECT governance.mask_role('reader');
SET ROLE reader;
SELECT email, phone FROM shop.customer WHERE id = 1;
COPY shop.customer (email) TO STDOUT;
RESET ROLE;
SELECT * FROM seen();
SELECT governance.unmask_role('reader', 'end of test');

\echo -- partitions and children count as their declared parent
CREATE TABLE shop.event (at int, kind text, what text) PARTITION BY RANGE (at);
CREATE TABLE shop.event_1 PARTITION OF shop.event FOR VALUES FROM (0) TO (10);
CREATE TABLE shop.event_2 (what text, dropped int, kind text, at int);
ALTER TABLE shop.event_2 DROP COLUMN dropped;
ALTER TABLE shop.event ATTACH PARTITION shop.event_2 FOR VALUES FROM (10) TO (20);
INSERT INTO shop.event VALUES (1, 'a', 'x'), (11, 'b', 'y');
SELECT governance.declare_dataset('shop.event', 'team');
SELECT what FROM shop.event WHERE at > 5;
SELECT * FROM seen();
SELECT kind FROM shop.event_2;
SELECT * FROM seen();
CREATE TABLE shop.event_3 PARTITION OF shop.event FOR VALUES FROM (20) TO (30);
SELECT kind FROM shop.event_3;
SELECT * FROM seen();
CREATE TABLE shop.special (extra text) INHERITS (shop.customer);
SELECT name, extra FROM shop.special;
SELECT * FROM seen();
SELECT what FROM shop.event_1 UNION ALL SELECT what FROM shop.event_2;
SELECT * FROM seen();
\echo -- a view that is declared
SELECT governance.declare_dataset('shop.v', 'team');
SELECT name FROM shop.v WHERE id = 1;
SELECT * FROM seen();
SELECT governance.forget_dataset('shop.v', 'end of test');

\echo -- a parallel plan counts once
CREATE TABLE shop.big AS SELECT i AS id, i % 7 AS kind FROM generate_series(1, 20000) i;
ANALYZE shop.big;
SELECT governance.declare_dataset('shop.big', 'team');
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT count(*) > 0 FROM seen();
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT sum(kind) FROM shop.big;
SELECT * FROM seen();
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;

\echo -- names are those of the moment of writing
SET governance.read_flush_after = 3600;
SELECT name FROM shop.customer WHERE id = 1;
SELECT count(*) FROM governance.column_read WHERE last_seen > (SELECT at FROM look);
\echo -- what this session has not written is seen by itself and announced to others
SELECT column_name, reads, evidence FROM governance.column_readers WHERE column_name = 'name';
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 18533 AND pid = pg_backend_pid();
DISCARD ALL;
SET client_min_messages = warning;
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 18533 AND pid = pg_backend_pid();
ALTER TABLE shop.customer RENAME COLUMN name TO full_name;
ALTER TABLE shop.customer RENAME TO client;
SET governance.read_flush_after = 0;
SELECT * FROM seen();
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 18533 AND pid = pg_backend_pid();
\echo -- and rows follow later
SELECT full_name FROM shop.client WHERE id = 1;
ALTER TABLE shop.client RENAME COLUMN full_name TO called;
ALTER SCHEMA shop RENAME TO market;
SELECT relation, column_name, evidence FROM governance.column_readers;
SELECT count(*) > 0 FROM governance.read_watch WHERE schema_name = 'market';
ALTER SCHEMA market RENAME TO shop;
\echo -- what is dropped before it is written is left out
SET governance.read_flush_after = 3600;
SELECT id FROM shop.big WHERE id = 1;
SELECT phone FROM shop.client WHERE id = 1;
SELECT governance.set_level('guard', 'off', reason => 'test');
DROP TABLE shop.big;
SET governance.read_flush_after = 0;
SELECT * FROM seen();

\echo -- a prepared transaction, a read-only one, a serializable one
BEGIN READ ONLY;
SELECT phone FROM shop.client WHERE id = 1;
COMMIT;
SELECT count(*) FROM governance.column_read WHERE last_seen > (SELECT at FROM look);
SELECT * FROM seen();
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT phone FROM shop.client WHERE id = 1;
SELECT count(*) > 0 FROM governance.column_readers;
COMMIT;
SELECT * FROM seen();

\echo -- levels, and what an open change watches anyway
SELECT governance.set_level('change.readers', 'off', 'dataset:shop.buys', reason => 'test');
SELECT note FROM shop.buys WHERE id = 1;
SELECT * FROM seen();
SELECT governance.set_level('change.readers', 'observe', 'schema:shop', reason => 'test');
SELECT email FROM shop.other;
SELECT * FROM seen();
SELECT governance.propose_change('ALTER TABLE shop.buys DROP COLUMN note', 'test');
SELECT note FROM shop.buys WHERE id = 1;
SELECT * FROM seen();
SELECT cause FROM governance.read_gap;
SELECT jsonb_typeof(o -> 'since'), jsonb_array_length(o -> 'gaps'), o -> 'unwritten' FROM governance._reads_observed('shop.client', 'phone') o;
SELECT governance.set_level('change.readers', 'enforce');

\echo -- who may see what
SELECT phone FROM shop.client WHERE id = 1;
SET ROLE reader;
SELECT relation, column_name, role FROM governance.column_readers;
SELECT * FROM governance.column_read;
RESET ROLE;
CREATE ROLE nobody_special;
SET ROLE nobody_special;
SELECT count(*) FROM governance.column_readers;
SELECT governance._reads_observed('shop.client', 'phone');
RESET ROLE;
GRANT pg_monitor TO nobody_special;
SET ROLE nobody_special;
SELECT relation, column_name, role, reads FROM governance.column_readers WHERE column_name = 'phone';
RESET ROLE;
\echo -- what explain_ddl() says
SELECT r ->> 'column_name', readers -> 'recent' -> 0 ->> 'role' FROM governance.explain_ddl('ALTER TABLE shop.client DROP COLUMN phone'), jsonb_build_object('column_name', 'phone') r;
SELECT readers -> 'recent' FROM governance.explain_ddl('ALTER TABLE shop.made DROP COLUMN email');
SELECT active, detail LIKE '% relations are watched, %' FROM governance.status() WHERE feature = 'change.readers';

\echo -- how often they came: the longest time between two reads, however they were written
CREATE TABLE shop.old (id int, a text, b text, c text);
SELECT governance.declare_dataset('shop.old', 'team');
-- Nobody writes them by hand in a session that has the library.
\connect -reuse-previous=on "options='-c session_preload_libraries='"
INSERT INTO governance.column_read (schema_name, relation_name, column_name, role, application, first_seen, last_seen, reads, evidence, longest_interval) VALUES
    -- each month, then each week; a batch that was written late, of a day that others have covered
    ('shop', 'old', 'a', 'rep', 'cron', '2020-03-01 00:00Z', '2020-04-01 00:00Z', 9, 'plan', '7 days'),
    ('shop', 'old', 'a', 'rep', 'cron', '2020-01-01 00:00Z', '2020-01-01 00:00Z', 1, 'plan', NULL),
    ('shop', 'old', 'a', 'rep', 'cron', '2020-01-31 12:00Z', '2020-01-31 12:00Z', 1, 'plan', NULL),
    ('shop', 'old', 'a', 'rep', 'cron', '2020-03-15 00:00Z', '2020-03-15 00:05Z', 2, 'plan', '5 min'),
    -- another name each time, then one that was seen once
    ('shop', 'old', 'b', 'etl', 'job 1', '2020-01-01 00:00Z', '2020-01-01 00:00Z', 1, 'plan', NULL),
    ('shop', 'old', 'b', 'etl', 'job 2', '2020-01-10 00:00Z', '2020-01-10 01:00Z', 2, 'plan', '1 hour'),
    ('shop', 'old', 'b', 'guest', 'psql', '2020-02-01 00:00Z', '2020-02-01 00:00Z', 1, 'copy', NULL),
    ('shop', 'old', 'c', 'etl', 'job 1', '2020-01-01 00:00Z', '2020-01-06 00:00Z', 6, 'plan', '1 day');
\connect -reuse-previous=on "options=''"
SET client_min_messages = warning;
CREATE FUNCTION habits() RETURNS SETOF text LANGUAGE sql AS
    $$ SELECT concat_ws(' ', column_name, role, application, evidence, reads, longest_interval)
         FROM governance.column_readers WHERE relation = 'shop.old'::regclass ORDER BY 1 $$;
SELECT * FROM habits();
SELECT governance._merge_reads() > 0;
SELECT * FROM habits();
SELECT count(*) FROM governance.column_read WHERE relation_name = 'old' AND column_name = 'a';
SELECT r ->> 'role', r ->> 'application', r ->> 'longest_interval'
  FROM governance._reads_observed('shop.old', 'b') o, jsonb_array_elements(o -> 'readers') r;
\echo -- own reads that are not written count too
SET governance.read_flush_after = 3600;
SELECT a FROM shop.old;
SELECT pg_sleep(0.01);
SELECT a FROM shop.old;
SELECT longest_interval BETWEEN '0.01 s' AND '1 hour' FROM governance.column_readers WHERE relation = 'shop.old'::regclass AND role <> 'rep' AND column_name = 'a';
SET governance.read_flush_after = 0;
SELECT longest_interval BETWEEN '0.01 s' AND '1 hour' FROM governance.column_readers WHERE relation = 'shop.old'::regclass AND role <> 'rep' AND column_name = 'a';
SELECT longest_interval BETWEEN '0.01 s' AND '1 hour' FROM governance.column_read WHERE relation_name = 'old' AND role <> 'rep' AND column_name = 'a';
\echo -- a window that is not longer proves nothing, and whoever approves is told
SET client_min_messages = notice;
\set VERBOSITY default
SELECT governance.propose_change('ALTER TABLE shop.old DROP COLUMN a', 'unused') AS a \gset
SELECT governance.approve_change(:a, 'agreed');
SELECT governance.propose_change('ALTER TABLE shop.old DROP COLUMN b', 'unused') AS b \gset
SELECT governance.approve_change(:b, 'agreed');
\set VERBOSITY terse
-- What the certificate says of intervals.
CREATE FUNCTION seldom(id bigint) RETURNS SETOF text LANGUAGE sql AS
    $$ SELECT p FROM jsonb_array_elements_text(governance.certificate(id) -> 'problems') p WHERE p LIKE '%longest%' $$;
SELECT * FROM seldom(:a);
SELECT * FROM seldom(:b);
SELECT governance.certificate(:a) ->> 'readers';
SELECT governance.set_change_window('', soak => '9 days');
SELECT * FROM seldom(:b);
SELECT governance.set_change_window('', soak => '9 days 1 min');
SELECT * FROM seldom(:b);
SELECT governance.set_change_window('', soak => '30 days 12:00');
SELECT * FROM seldom(:a);
SELECT governance.set_change_window('', soak => '31 days');
SELECT * FROM seldom(:a);
SELECT governance.reset_change_window('', 'test');
\echo -- the waiver covers it
SELECT governance.abort_change(:a, 'again');
SELECT governance.abort_change(:b, 'again');
SELECT governance.propose_change('ALTER TABLE shop.old DROP COLUMN a', 'unused') AS a \gset
SELECT governance.approve_change(:a, 'the monthly report is gone', '{not_observed}');
SELECT * FROM seldom(:a);
SELECT governance.abort_change(:a, 'the whole table goes');
\echo -- of a table that goes as a whole each column counts, whatever it is called now
ALTER TABLE shop.old RENAME COLUMN b TO bb;
ALTER TABLE shop.old RENAME TO older;
SELECT governance.propose_change('DROP TABLE shop.older', 'unused') AS gone \gset
SELECT governance.approve_change(:gone, 'agreed');
SELECT * FROM seldom(:gone);
SELECT governance.abort_change(:gone, 'test');
SELECT governance.propose_change('ALTER TABLE shop.older DROP COLUMN bb', 'unused') AS b \gset
SELECT governance.approve_change(:b, 'agreed');
