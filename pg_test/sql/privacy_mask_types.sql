-- Every mask on every type, as a masked role sees it. CANARY, 4711 and the like stand in values that must not appear.
\set SHOW_CONTEXT never
\pset null NULL
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET session_preload_libraries = data_governance', current_database()); END $$;
\c
COPY (SELECT repeat('0b', 32)) TO '/tmp/data_governance_mask_types.key';
ALTER SYSTEM SET governance.key_file = '/tmp/data_governance_mask_types.key'; SELECT pg_reload_conf(); SELECT pg_sleep(0.2);
SET client_min_messages = warning;
SELECT governance.create_key();
CREATE EXTENSION citext;
CREATE ROLE mask_types_m; SELECT governance.mask_role('mask_types_m');
CREATE DOMAIN short AS varchar(8) CHECK (VALUE LIKE 'CAN%'); CREATE DOMAIN positive AS integer CHECK (VALUE > 4000); CREATE DOMAIN present AS text NOT NULL;
CREATE DOMAIN born AS date; CREATE TYPE mood AS ENUM ('fine', 'CANARY');
CREATE TABLE every (id int PRIMARY KEY, person int, country text, t text, v varchar(6), b char(12), ci citext, td short, i2 int2, i4 int4, i8 int8, idp positive, n numeric, n2 numeric(9,2), ns numeric(3,3), f4 float4, f8 float8, d date, db born, ts timestamp, tz timestamptz, u uuid, ip inet, net cidr, j json, jb jsonb, en mood, y bytea, bo bool, ti time, iv interval, x point, nm name, ta text[], va varchar(4)[], ia int[], ea mood[],
    t_ text NOT NULL, i_ int NOT NULL, d_ date NOT NULL, jb_ jsonb NOT NULL, en_ mood NOT NULL, u_ uuid NOT NULL, ta_ text[] NOT NULL, p_ present, ip_ inet NOT NULL, y_ bytea NOT NULL, c_ char(5) NOT NULL, n_ numeric(4,1) NOT NULL, tz_ timestamptz NOT NULL, bo_ bool NOT NULL);
INSERT INTO every VALUES (1, 7, 'DE', 'CANARY one', 'CANARY', 'CANARY two', 'CANARY three', 'CANARY', 4711, 4711471, 4711471147, 4711, 4711.4711, 4711471.47, 0.471, 4711.5, 4711.25, '1987-06-05', '1987-06-05', '1987-06-05 10:11:12', '1987-06-05 10:11:12+00', '47114711-4711-4711-4711-471147114711', '47.11.47.11', '47.11.47.0/28',
    '{"a": "CANARY", "b" : 4711.0}', '{"a": "CANARY", "b": 4711.00}', 'CANARY', 'CANARY', true, '04:07:11', '4 hours 7 min', '(47,11)', 'CANARY', '{CANARY,NULL,"CANARY two"}', '{CANA,RY}', '{4711}', '{CANARY}',
    'CANARY', 4711, '1987-06-05', '{"a": "CANARY"}', 'CANARY', '47114711-4711-4711-4711-471147114711', '{CANARY}', 'CANARY', '47.11.47.11', 'CANARY', 'CANAR', 471.1, '1987-06-05 10:11:12+00', true);
INSERT INTO every (id, person, t_, i_, d_, jb_, en_, u_, ta_, p_, ip_, y_, c_, n_, tz_, bo_) SELECT 2, 7, t_, i_, d_, jb_, en_, u_, ta_, p_, ip_, y_, c_, n_, tz_, bo_ FROM every;
INSERT INTO every SELECT (jsonb_populate_record(r, '{"id": 3, "country": null, "person": null, "t": "", "v": "", "b": "", "ci": "", "td": null, "i2": -32768, "i4": -2147483648, "i8": -9223372036854775808, "n": "NaN", "n2": 0, "ns": -0.999, "f4": "Infinity", "f8": "NaN", "d": "infinity", "db": "-infinity", "ts": "-infinity", "tz": "infinity", "ip": "::1/64", "net": "::/0", "j": null, "jb": "5", "y": "", "ta": [], "va": []}')).* FROM every r WHERE id = 1;
GRANT SELECT ON every TO PUBLIC;
-- a tag of one's own, whose mask is set without the checks of set_mask
SELECT governance.set_level('guard.disabling-guard', 'off', reason => 'test');
CREATE FUNCTION set_quietly(m text, a jsonb) RETURNS void LANGUAGE sql AS $$UPDATE governance.tag SET mask = m, mask_args = a WHERE name = 'own.any'$$;
INSERT INTO governance.tag (name, description, mask) VALUES ('own.any', 'anything', 'null'), ('own.date', 'a date', 'default');
SELECT count(governance.tag_column('every', attname, 'own.any')) FROM pg_attribute WHERE attrelid = 'every'::regclass AND attnum > 3;
-- under each mask: what it gives for each type, and whether anything raw is left that the mask does not allow
CREATE TABLE trial (n int, mask text, args jsonb);
INSERT INTO trial SELECT row_number() OVER (), mask, CASE mask WHEN 'date_shift' THEN '{"subject": "person"}' WHEN 'json' THEN '{"paths": {"$.a": {"mask": "partial"}, "$.b": {"mask": "noise"}}}' ELSE arguments END FROM governance.masks;
INSERT INTO trial VALUES (30, 'pseudonym', '{"digits": 64}'), (31, 'constant', '{"value": "7"}'), (32, 'constant', '{"value": "fine"}'), (33, 'card', '{"synthetic": true}'), (34, 'name', '{"form": "fake", "locale": "de"}'), (35, 'iban', '{"distinct": true}'), (36, 'fake', '{"kind": "city"}'), (37, 'date_trunc', '{"unit": "hour"}'), (38, 'partial', '{"left": 1, "pad": "ÄÖÜäöü"}'), (39, 'date_shift', '{"subject": "no_such_column"}'), (40, 'conditional', '{"when": {"column": "no_such_column", "is_null": true}, "then": {"mask": "null"}, "else": {"mask": "partial"}}');
-- what is drawn by a key is shown as #
CREATE FUNCTION shown(keyed bool) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT string_agg(key || '=' || CASE WHEN keyed AND value !~ '^( *|0|false|0[.]0+|[{}\[\]]+|1970-.*|0000.*|0[.]0[.]0[.]0|fine|\\x)$' THEN '#' ELSE value END, ' ')
      FROM jsonb_each_text((SELECT to_jsonb(r) - '{id,person,country}'::text[] FROM every r WHERE id = 1)) WHERE value IS NOT NULL $$;
CREATE FUNCTION nulls() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT string_agg(key, ' ') FROM jsonb_each_text((SELECT to_jsonb(r) FROM every r WHERE id = 2)) WHERE value IS NULL AND key ~ '_$' $$;
CREATE FUNCTION unlike() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT string_agg(key, ' ') FROM jsonb_each_text((SELECT to_jsonb(r) FROM every r WHERE id = 2)) WHERE value IS NOT NULL AND key !~ '_$' AND key NOT IN ('id', 'person') $$;
CREATE FUNCTION raw() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT string_agg(key, ' ') FROM jsonb_each_text((SELECT to_jsonb(r) - '{id,person,country}'::text[] FROM every r WHERE id = 1))
     WHERE value ~ '(CANAR|4711|47\.11\.47\.11|1987-06-05|10:11:12)' $$;
\t on
\pset format unaligned
\set ECHO none
SELECT format($q$SELECT set_quietly(%L, %L); SET ROLE mask_types_m;
    SELECT %L || ': ' || coalesce(shown(%L ~ 'pseudonym|fpe|fake|noise|date_shift|distinct": true|synthetic": true'), '(nothing)');
    SELECT '    raw: ' || raw() WHERE raw() IS NOT NULL;
    SELECT '    NULL in a column that is NOT NULL: ' || nulls() WHERE nulls() IS NOT NULL;
    SELECT '    no NULL where NULL was: ' || unlike() WHERE unlike() IS NOT NULL;
    SELECT '    rows: ' || count(r::text) FROM every r HAVING count(r::text) <> 3; RESET ROLE; $q$, mask, args, mask || ' ' || args, mask || ' ' || args) FROM trial ORDER BY n \gexec
\set ECHO all
\t off
\pset format aligned
-- lengths hold where the result is stored
SELECT set_quietly('pseudonym', '{}'); SET ROLE mask_types_m; CREATE TEMP TABLE kept AS SELECT * FROM every; SELECT length(v) AS v, length(b || '|') AS b, length(td) AS td, n2 < 10000000 AS n2, abs(ns) < 1 AS ns, va[1] ~ '^....$' AS va, atttypmod AS va_typmod FROM kept, pg_attribute WHERE attrelid = 'kept'::regclass AND attname = 'va' AND id = 1; DROP TABLE kept; RESET ROLE;
-- the same person gets the same pseudonym in two tables
CREATE TABLE a (k int8); CREATE TABLE b (k int8); INSERT INTO a VALUES (4711), (5); INSERT INTO b VALUES (4711); SELECT governance.tag_column('a', 'k', 'own.any'), governance.tag_column('b', 'k', 'own.any'); GRANT SELECT ON a, b TO PUBLIC;
SET ROLE mask_types_m; SELECT count(*) FROM a JOIN b USING (k); SELECT count(DISTINCT k) FROM a; RESET ROLE;
-- subjects: intervals of a person stay true, persons differ
CREATE TABLE visit (who int, came date, went date, at timestamptz); INSERT INTO visit SELECT n % 50, d, d + n % 9, d FROM (SELECT n, '2020-01-01'::date + n AS d FROM generate_series(1, 500) n) x; GRANT SELECT ON visit TO PUBLIC;
SELECT count(governance.tag_column('visit', c, 'own.any')) FROM unnest('{came,went,at}'::text[]) c; SELECT set_quietly('date_shift', '{"subject": "who", "days": 20}'); CREATE TABLE true_visit AS SELECT row_number() OVER () AS n, v.* FROM visit v; GRANT SELECT ON true_visit TO PUBLIC;
SET ROLE mask_types_m; SELECT bool_and(v.went - v.came = t.went - t.came) AS stays, bool_and(v.at::date = v.came) AS times, max(abs(v.came - t.came)) <= 20 AS within, bool_and(v.came <> t.came) AS moved, count(DISTINCT v.came - t.came) > 5 AS differ FROM (SELECT row_number() OVER () AS n, * FROM visit) v JOIN true_visit t USING (n); RESET ROLE;
-- conditions on another column: equal, NULL, of other types, in joins and whole rows, through views
CREATE TABLE client (id int, country char(2), vip bool, score int, name text NOT NULL); INSERT INTO client VALUES (1, 'DE', true, 5, 'CANARY one'), (2, 'US', false, 6, 'Visible two'), (3, NULL, NULL, NULL, 'Visible three'); GRANT SELECT ON client TO PUBLIC;
SELECT governance.tag_column('client', 'name', 'own.any'); CREATE VIEW clients AS SELECT name AS who, id FROM client; GRANT SELECT ON clients TO PUBLIC;
SELECT set_quietly('conditional', '{"when": {"column": "country", "in": ["DE", "AT"]}, "then": {"mask": "null"}, "else": {"mask": "partial", "left": 4}}');
SET ROLE mask_types_m; SELECT * FROM client ORDER BY id; SELECT c FROM client c ORDER BY id; SELECT * FROM clients ORDER BY id; SELECT x.id, c.name FROM generate_series(1, 4) x(id) LEFT JOIN client c USING (id) ORDER BY 1; SELECT (SELECT who FROM clients s WHERE s.id = x.id) FROM generate_series(1, 3) x(id); RESET ROLE;
SELECT set_quietly('conditional', '{"when": {"column": "score", "equals": 5}, "then": {"mask": "constant", "value": "five"}, "else": {"mask": "conditional", "when": {"column": "vip", "is_null": true}, "then": {"mask": "constant", "value": "none"}, "else": {"mask": "default"}}}');
SET ROLE mask_types_m; SELECT id, name FROM client ORDER BY id; EXPLAIN (VERBOSE, COSTS OFF) SELECT name FROM client; RESET ROLE;
-- JSON: places, types, numbers, in jsonb, json and text
CREATE TABLE doc (id int, jb jsonb, j json, t text); INSERT INTO doc SELECT 1, x::jsonb, x::json, x FROM (VALUES ('{"big": 123456789012345678901234567890.10, "contact" : {"email": "canary@CANARY.org", "tel": ["+49 170 5551234", 4711]}, "items": [{"k": "CANARY", "n": 4711}, {"k": null}], "odd key": {"CANARY": 1}, "flag": true}')) v(x); INSERT INTO doc VALUES (2, NULL, NULL, NULL), (3, '"x"', '[]', 'CANARY, no JSON'); GRANT SELECT ON doc TO PUBLIC;
SELECT count(governance.tag_column('doc', c, 'own.any')) FROM unnest('{jb,j,t}'::text[]) c;
SELECT set_quietly('json', '{"paths": {"$.contact.email": {"mask": "email"}, "$.contact.tel[*]": {"mask": "phone"}, "$.items.k": {"mask": "constant", "value": "k"}, "$.**.n": {"mask": "default"}, "$.\"odd key\"": {"mask": "partial"}, "$.flag": {"mask": "null"}, "$.missing[3].path": {"mask": "null"}}}');
SET ROLE mask_types_m; SELECT jb FROM doc ORDER BY id; SELECT j FROM doc ORDER BY id; SELECT t FROM doc ORDER BY id; SELECT id FROM doc WHERE jb::text LIKE '%CANARY%' OR j::text LIKE '%CANARY%' OR t LIKE '%CANARY%'; RESET ROLE;
-- parallel workers mask, too
CREATE TABLE many AS SELECT n, 'canary' || n || '@x.org' AS mail FROM generate_series(1, 50000) n; GRANT SELECT ON many TO PUBLIC; SELECT governance.tag_column('many', 'mail', 'own.any'); SELECT set_quietly('pseudonym', '{}'); ANALYZE many;
SET ROLE mask_types_m; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; EXPLAIN (COSTS OFF) SELECT count(DISTINCT mail) FROM many WHERE mail > 'c'; SELECT count(DISTINCT mail) = count(*) FROM many WHERE mail ~ '^[0-9a-f]{32}$' HAVING count(*) = 50000; RESET ROLE;
-- a mask that does not fit is refused when it is set, with one that does
SELECT governance.set_mask('own.any', 'email', reason => 'test');
CREATE TABLE lone (b date NOT NULL, a date); SELECT governance.tag_column('lone', 'b', 'own.date'), governance.tag_column('lone', 'a', 'own.date');
SELECT governance.set_mask('own.date', 'email', reason => 'test');
SELECT governance.set_mask('own.date', 'null');
SELECT governance.set_mask('own.date', 'date_shift', '{"subject": "missing"}', reason => 'test');
SELECT governance.set_mask('own.date', 'date_shift', '{}', reason => 'test');
SELECT governance.set_mask('own.date', 'date_trunc', '{"unit": "day"}', reason => 'test');
SELECT governance.set_mask('own.date', 'constant', '{"value": "tomorrow-ish"}');
SELECT governance.set_mask('own.date', 'conditional', '{"when": {"column": "a", "is_null": true}, "then": {"mask": "null"}, "else": {"mask": "default"}}', reason => 'test');
SELECT governance.set_mask('own.date', 'date_trunc', reason => 'test');
SELECT mask, args FROM governance.tag_masks WHERE tag = 'own.date';
-- the shipped ones fit what they are for
SELECT tag, mask, args FROM governance.tag_masks WHERE tag ~ '^(pii|secret|health|quasi)' ORDER BY tag;
ALTER SYSTEM RESET governance.key_file; SELECT pg_reload_conf();
DROP OWNED BY mask_types_m; DROP ROLE mask_types_m;
