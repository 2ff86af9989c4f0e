-- Statements with the edges they must have, written down from what they mean. Nothing but failures is printed.
-- Notation: output<relation.column ROLE, where ROLE is I(dentity) T(ransformation) A(ggregation), J(oin) G(roup by)
-- F(ilter) S(ort) W(indow) C(onditional); output * is the rows as a whole, column * a relation as a whole.
SET client_min_messages = warning;
CREATE SCHEMA lab;
SET search_path = lab, public;
CREATE TABLE s (id int PRIMARY KEY, a text, gone int, b int, c int, tags text[], doc jsonb);
ALTER TABLE s DROP COLUMN gone;
CREATE TABLE r (id int, s_id int, x text, v int);
CREATE TABLE t (id int PRIMARY KEY, a text, n int, g int GENERATED ALWAYS AS (n * 2) STORED);
CREATE TYPE pair AS (p int, q text);
CREATE TABLE w (id int, k pair);
CREATE VIEW v1 AS SELECT id, a AS name, b + c AS total FROM s WHERE b > 0;
CREATE VIEW v2 AS SELECT name, sum(total) AS total FROM v1 GROUP BY name;
CREATE MATERIALIZED VIEW m AS SELECT * FROM v2;
CREATE FUNCTION opaque(int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN $1; END';
CREATE TABLE part (id int, a text) PARTITION BY RANGE (id);
CREATE TABLE part1 (a text, id int NOT NULL);
ALTER TABLE part ATTACH PARTITION part1 FOR VALUES FROM (0) TO (10);
CREATE TABLE secret (id int, owner_name text, val text);
ALTER TABLE secret ENABLE ROW LEVEL SECURITY;

CREATE FUNCTION edges(sql text) RETURNS text[] LANGUAGE sql AS $$
    SELECT coalesce(array_agg(e ORDER BY e COLLATE "C"), '{}') FROM (
        SELECT coalesce(output_relation::text, output_name, '') || CASE WHEN output_relation IS NULL AND output_name IS NULL THEN '' ELSE '.' END
               || coalesce(output_column, '*') || '<' || input_relation || '.' || coalesce(input_column, '*') || ' '
               || CASE WHEN subtype = 'GROUP_BY' THEN 'G' ELSE left(subtype, 1) END AS e
          FROM governance.lineage(sql)) x $$;
CREATE TABLE battery (n int GENERATED ALWAYS AS IDENTITY, sql text, expected text);
INSERT INTO battery (sql, expected) VALUES
('SELECT a FROM s', 'a<s.a I'),
('SELECT a AS x, upper(a) AS y, a || b AS z FROM s', 'x<s.a I; y<s.a T; z<s.a T; z<s.b T'),
('SELECT 1 AS one', ''),
('SELECT 1 AS one FROM s', '*<s.* F'),
('SELECT count(*) FROM s', '*<s.* F'),
('SELECT count(b), min(a) AS m FROM s', 'count<s.b A; m<s.a A'),
('SELECT a FROM s WHERE b > 1 AND c = 2', 'a<s.a I; *<s.b F; *<s.c F'),
('SELECT s.a, r.x FROM s, r WHERE s.id = r.s_id AND r.v > 3', 'a<s.a I; x<r.x I; *<s.id J; *<r.s_id J; *<r.v F'),
('SELECT s.a, r.x FROM s JOIN r ON s.id = r.s_id', 'a<s.a I; x<r.x I; *<s.id J; *<r.s_id J'),
('SELECT id, x FROM s JOIN r USING (id)', 'id<s.id I; x<r.x I; *<s.id J; *<r.id J'),
('SELECT id FROM s FULL JOIN r USING (id)', 'id<s.id T; id<r.id T; *<s.id J; *<r.id J'),
('SELECT id, a FROM s NATURAL LEFT JOIN (SELECT id, v AS z FROM r) q', 'id<s.id I; a<s.a I; *<s.id J; *<r.id J'),
('SELECT a, sum(b) AS n FROM s GROUP BY a HAVING max(c) > 2', 'a<s.a I; n<s.b A; *<s.a G; *<s.c F'),
('SELECT DISTINCT a FROM s', 'a<s.a I; *<s.a G'),
('SELECT DISTINCT ON (b) a FROM s ORDER BY b, c', 'a<s.a I; *<s.b G; *<s.b S; *<s.c S'),
('SELECT a FROM s ORDER BY c LIMIT 1', 'a<s.a I; *<s.c S'),
('SELECT a, b, count(*) FROM s GROUP BY ROLLUP (a, b)', 'a<s.a I; b<s.b I; *<s.a G; *<s.b G'),
('SELECT sum(b) FILTER (WHERE c > 1) AS n FROM s', 'n<s.b A; n<s.c C'),
('SELECT array_agg(a ORDER BY c DESC) AS l FROM s', 'l<s.a A; l<s.c S'),
('SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY b) AS p FROM s', 'p<s.b A'),
('SELECT sum(b) OVER (PARTITION BY a ORDER BY c) AS n FROM s', 'n<s.b A; n<s.a W; n<s.c W'),
('SELECT lag(b) OVER w AS n, rank() OVER w AS k FROM s WINDOW w AS (ORDER BY c)', 'n<s.b T; n<s.c W; k<s.c W'),
('SELECT CASE WHEN b > 1 THEN a ELSE doc::text END AS z FROM s', 'z<s.b C; z<s.a T; z<s.doc T'),
('SELECT CASE b WHEN 1 THEN a END AS z FROM s', 'z<s.b C; z<s.a T'),
('SELECT coalesce(a, doc::text) AS z, nullif(b, c) AS y, greatest(b, c) AS x FROM s', 'z<s.a T; z<s.doc T; y<s.b T; y<s.c C; x<s.b T; x<s.c T'),
('SELECT b > 1 AND c > 2 AS flag FROM s', 'flag<s.b T; flag<s.c T'),
('SELECT a FROM s WHERE EXISTS (SELECT FROM r WHERE r.s_id = s.id)', 'a<s.a I; *<r.s_id F; *<s.id F'),
('SELECT a FROM s WHERE id IN (SELECT s_id FROM r JOIN t USING (id))', 'a<s.a I; *<s.id F; *<r.s_id F; *<r.id F; *<t.id F'),
('SELECT a, (SELECT max(v) FROM r WHERE r.s_id = s.id) AS m FROM s', 'a<s.a I; m<r.v A; m<r.s_id F; m<s.id F'),
('SELECT ARRAY(SELECT x FROM r ORDER BY v) AS l', 'l<r.x A; l<r.v S'),
('SELECT EXISTS (SELECT FROM r WHERE v > 1) AS e', 'e<r.v F'),
('SELECT a FROM s UNION ALL SELECT x FROM r', 'a<s.a I; a<r.x I'),
('SELECT a FROM s EXCEPT SELECT x FROM r WHERE v = 1', 'a<s.a I; *<r.x F; *<r.v F'),
('SELECT a FROM s INTERSECT SELECT x FROM r', 'a<s.a I; a<r.x I'),
('SELECT a FROM s UNION SELECT x FROM r EXCEPT SELECT a FROM t ORDER BY a', 'a<s.a I; a<r.x I; *<t.a F; *<s.a S; *<r.x S'),
('WITH q AS (SELECT a AS z, b FROM s WHERE c = 1) SELECT z FROM q WHERE b = 2', 'z<s.a I; *<s.c F; *<s.b F'),
('WITH RECURSIVE q(x, y) AS (SELECT id, b FROM s UNION ALL SELECT y, x FROM q WHERE x < 9) SELECT x FROM q', 'x<s.id I; x<s.b I; *<s.id F; *<s.b F'),
('WITH RECURSIVE q(n) AS (SELECT b FROM s UNION ALL SELECT n + 1 FROM q) SELECT n FROM q', 'n<s.b I; n<s.b T'),
('SELECT u FROM s, unnest(tags) AS u', 'u<s.tags T; *<s.tags J'),
('SELECT q.z FROM s, LATERAL (SELECT v + s.b AS z FROM r WHERE r.s_id = s.id) q', 'z<r.v T; z<s.b T; *<r.s_id F; *<s.id F'),
('SELECT k.key, k.value FROM s, jsonb_each(s.doc) k', 'key<s.doc T; value<s.doc T; *<s.doc J'),
('SELECT column1 AS z FROM (VALUES (1), (2)) q', ''),
('SELECT q.z FROM s, LATERAL (VALUES (s.b), (s.c)) q(z)', 'z<s.b I; z<s.c I'),
('SELECT s FROM s', 's<s.id T; s<s.a T; s<s.b T; s<s.c T; s<s.tags T; s<s.doc T'),
('SELECT row_to_json(q) AS j FROM (SELECT a, b FROM s) q', 'j<s.a T; j<s.b T'),
('SELECT (k).p FROM w', 'p<w.k T'),
('SELECT (q).b AS z FROM s q', 'z<s.b I'),
('SELECT (ROW(a, b)::record) AS z FROM s', 'z<s.a T; z<s.b T'),
('SELECT doc -> ''x'' AS z, doc ->> a AS y FROM s', 'z<s.doc T; y<s.doc T; y<s.a T'),
('SELECT opaque(b) AS z FROM s', 'z<s.b T'),
('SELECT b::bigint AS z, a::varchar AS y, a COLLATE "C" AS x FROM s', 'z<s.b T; y<s.a I; x<s.a I'),
('SELECT ctid FROM s', 'ctid<s.ctid I'),
('SELECT name, total FROM v2', 'name<s.a I; total<s.b A; total<s.c A; *<s.b F; *<s.a G'),
('SELECT name FROM m', 'name<m.name I'),
('SELECT $1 || a AS z FROM s WHERE b = $2', 'z<s.a T; *<s.b F'),
('SELECT a FROM part', 'a<part.a I'),
('INSERT INTO t (n, id) SELECT b, id FROM s WHERE c = 1', 't.n<s.b I; t.id<s.id I; t.g<t.n T; t.*<s.c F'),
('INSERT INTO t VALUES (1, ''x'', 2)', 't.g<t.n T'),
('INSERT INTO t (id, a) VALUES (1, (SELECT max(x) FROM r))', 't.a<r.x A'),
('INSERT INTO t (id, a, n) SELECT id, a, b FROM s ON CONFLICT (id) DO UPDATE SET a = excluded.a || t.a WHERE t.n > 5', 't.id<s.id I; t.a<s.a I; t.a<s.a T; t.a<t.a T; t.n<s.b I; t.g<t.n T; t.*<t.id F; t.*<t.n F'),
('INSERT INTO t (id, n) SELECT id, b FROM s ON CONFLICT ON CONSTRAINT t_pkey DO UPDATE SET n = excluded.n', 't.id<s.id I; t.n<s.b I; t.g<t.n T; t.*<t.id F'),
('INSERT INTO v1 (id, name) SELECT s_id, x FROM r', 's.id<r.s_id I; s.a<r.x I'),
('UPDATE t SET a = n::text', 't.a<t.n T'),
('UPDATE t SET n = s.b FROM s WHERE s.id = t.id AND s.c > 1', 't.n<s.b I; t.g<t.n T; t.*<s.id J; t.*<t.id J; t.*<s.c F'),
('UPDATE t SET (a, n) = (SELECT x, v FROM r WHERE r.id = t.id)', 't.a<r.x I; t.a<r.id F; t.a<t.id F; t.n<r.v I; t.n<r.id F; t.n<t.id F; t.g<t.n T'),
('DELETE FROM t USING r WHERE r.id = t.id AND r.v = 1', 't.*<r.id J; t.*<t.id J; t.*<r.v F'),
('DELETE FROM t', ''),
('MERGE INTO t USING s ON t.id = s.id WHEN MATCHED AND s.c > 1 THEN UPDATE SET n = s.b WHEN NOT MATCHED THEN INSERT (id, a) VALUES (s.id, s.a)', 't.n<s.b I; t.id<s.id I; t.a<s.a I; t.g<t.n T; t.*<t.id J; t.*<s.id J; t.*<s.c C'),
('WITH x AS (INSERT INTO t (id, a) SELECT id, a FROM s RETURNING a AS z, id) SELECT z FROM x', 'z<t.a I; *<s.* F; t.id<s.id I; t.a<s.a I'),
('WITH x AS (DELETE FROM r WHERE v = 1 RETURNING *) INSERT INTO t (id, a) SELECT id, x FROM x', 't.id<r.id I; t.a<r.x I; t.*<r.v F; r.*<r.v F'),
('CREATE TABLE fresh (one, two) AS SELECT a, b FROM s WHERE c = 1', 'lab.fresh.one<s.a I; lab.fresh.two<s.b I; lab.fresh.*<s.c F'),
('SELECT a INTO "Fresh.er" FROM s', 'lab."Fresh.er".a<s.a I'),
('SELECT a INTO TEMP fresh FROM s', 'pg_temp.fresh.a<s.a I'),
('CREATE VIEW fresh (one) AS SELECT a, b FROM v1 JOIN s USING (id)', 'lab.fresh.one<s.a I; lab.fresh.b<s.b I; lab.fresh.*<s.id J; lab.fresh.*<s.b F'),
('CREATE OR REPLACE VIEW v2 AS SELECT a AS name, 1::bigint AS total FROM s', 'v2.name<s.a I'),
('CREATE MATERIALIZED VIEW fresh AS SELECT total FROM v2', 'lab.fresh.total<s.b A; lab.fresh.total<s.c A; lab.fresh.*<s.b F; lab.fresh.*<s.a G'),
('EXPLAIN SELECT a FROM s', 'a<s.a I'),
('PREPARE p AS SELECT a FROM s WHERE id = $1', 'a<s.a I; *<s.id F'),
('DECLARE k CURSOR FOR SELECT a FROM s', 'a<s.a I'),
('COPY (SELECT a FROM s) TO STDOUT', 'a<s.a I'),
('TABLE r', 'id<r.id I; s_id<r.s_id I; x<r.x I; v<r.v I'),
('SELECT sum(CASE WHEN c = 1 THEN b ELSE 0 END) AS n FROM s', 'n<s.c C; n<s.b A'),
('SELECT max(total) AS m FROM v1 WHERE name IN (SELECT x FROM r)', 'm<s.b A; m<s.c A; *<s.b F; *<s.a F; *<r.x F'),
('SELECT x.* FROM (SELECT a, b FROM s) x JOIN LATERAL generate_series(1, x.b) g(i) ON true', 'a<s.a I; b<s.b I; *<s.b J'),
('SELECT tags[b] AS z FROM s', 'z<s.tags T; z<s.b T'),
('UPDATE s SET tags[1] = r.x FROM r', 's.tags<s.tags T; s.tags<r.x T');

-- Nothing: every statement has exactly the edges written down.
SELECT n, sql, missing, surplus
  FROM battery, LATERAL (SELECT edges(sql) AS got, string_to_array(nullif(expected, ''), '; ') AS want) q,
       LATERAL (SELECT ARRAY(SELECT unnest(want) EXCEPT SELECT unnest(got)) AS missing,
                       ARRAY(SELECT unnest(got) EXCEPT SELECT unnest(want)) AS surplus) d
 WHERE missing <> '{}' OR surplus <> '{}' ORDER BY n;
SELECT count(*) AS statements FROM battery;

-- Policies of row level security filter, for those they hold for.
CREATE ROLE lineage_battery_reader;
GRANT USAGE ON SCHEMA lab TO lineage_battery_reader;
GRANT SELECT ON secret, s TO lineage_battery_reader;
CREATE POLICY mine ON secret USING (owner_name = current_user);
SET ROLE lineage_battery_reader;
SELECT edges('SELECT val FROM secret');
RESET ROLE;
SELECT edges('SELECT val FROM secret');

-- A statement that cannot be followed says why; the server's own errors keep their SQLSTATE.
\set VERBOSITY sqlstate
SELECT governance.lineage('SELEC 1');
SELECT governance.lineage('SELECT nope FROM s');
SELECT governance.lineage('SELECT 1 FROM nowhere');
SELECT governance.lineage('CREATE VIEW nowhere.x AS SELECT 1');
SELECT governance.lineage('  -- nothing');
SELECT governance.lineage('SELECT 1; SELECT 2');
SELECT governance.lineage('DROP TABLE s');
\set VERBOSITY default
SELECT governance.lineage('');
SELECT governance.lineage('SELECT 1; SELECT 2');
SELECT governance.lineage('DROP TABLE s');
SELECT governance.lineage('CREATE TABLE x AS EXECUTE p');
SELECT governance.lineage('DO $$BEGIN DELETE FROM s; END$$');
SELECT governance.lineage('COPY s TO STDOUT');

-- Nothing ran, and no transaction id was taken.
SELECT to_regclass('lab.fresh') AS fresh, (SELECT count(*) FROM t) AS rows_in_t;
BEGIN;
SELECT count(*) > 0 AS edges FROM governance.lineage('INSERT INTO t (id) SELECT id FROM s');
SELECT count(*) > 0 AS edges FROM governance.upstream('v2');
SELECT pg_current_xact_id_if_assigned() IS NULL AS no_transaction_id;
COMMIT;
DROP OWNED BY lineage_battery_reader;
DROP ROLE lineage_battery_reader;
