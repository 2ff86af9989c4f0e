-- Every way to change a row leaves what it changed, and what was rolled back leaves nothing.
SET client_min_messages = notice;
CREATE VIEW log AS
    SELECT op, relation_name, partition_name AS part, key, old_row AS old, new_row AS new, changed_columns AS changed
      FROM governance.audit_log WHERE kind = 'row' ORDER BY id;
-- What came since the last look.
CREATE TABLE seen (id uuid);
CREATE FUNCTION news() RETURNS TABLE (op text, rel text, key jsonb, old jsonb, new jsonb, changed text[]) LANGUAGE sql AS $$
    WITH new AS (INSERT INTO seen SELECT l.id FROM governance.audit_log l
                  WHERE l.kind = 'row' AND NOT EXISTS (SELECT FROM seen s WHERE s.id = l.id) RETURNING id)
    SELECT l.op, coalesce(l.partition_name, l.relation_name), l.key, l.old_row, l.new_row, l.changed_columns
      FROM governance.audit_log l JOIN new USING (id) ORDER BY l.id $$;

CREATE TABLE item (id int PRIMARY KEY, name text, price numeric(12,2));
SELECT governance.start_audit('item');

-- one statement of each kind
INSERT INTO item VALUES (1, 'one', 1.50), (2, 'two', NULL);
UPDATE item SET price = 2 WHERE id = 1;
UPDATE item SET price = price;
INSERT INTO item VALUES (1, 'again', 9), (3, 'three', 3) ON CONFLICT (id) DO UPDATE SET name = excluded.name;
INSERT INTO item VALUES (1, 'never', 9) ON CONFLICT DO NOTHING;
MERGE INTO item i USING (VALUES (2, 'merged'), (4, 'four')) v (id, name) ON i.id = v.id
    WHEN MATCHED THEN UPDATE SET name = v.name WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.name, 4);
COPY item FROM STDIN;
5	five	5.00
6	\N	\N
\.
WITH gone AS (DELETE FROM item WHERE id = 5 RETURNING *) INSERT INTO item SELECT id + 10, name, price FROM gone;
UPDATE item SET id = 60 WHERE id = 6;
TRUNCATE item;
SELECT * FROM news();

-- savepoints, exceptions, errors
BEGIN;
INSERT INTO item VALUES (1, 'kept', 1);
SAVEPOINT s;
INSERT INTO item VALUES (2, 'rolled back', 2);
SELECT count(*) AS both_while_it_lasts FROM governance.audit_log WHERE op = 'INSERT' AND new_row ->> 'name' IN ('kept', 'rolled back');
ROLLBACK TO s;
INSERT INTO item VALUES (3, 'after', 3);
COMMIT;
BEGIN;
INSERT INTO item VALUES (4, 'whole transaction', 4);
ROLLBACK;
DO $$ BEGIN
    INSERT INTO item VALUES (7, 'seven', 7);
    BEGIN
        INSERT INTO item VALUES (8, 'eight', 8);
        INSERT INTO item VALUES (7, 'duplicate', 7);
    EXCEPTION WHEN unique_violation THEN NULL;
    END;
    INSERT INTO item VALUES (9, 'nine', 9);
END $$;
SELECT * FROM news();
-- every row that was logged has its statement, also after the savepoint that wrote it was rolled back
SELECT count(*) FROM governance.audit_entry e WHERE e.kind = 'row' AND NOT EXISTS (SELECT FROM governance.audit_statement s WHERE s.id = e.statement_id);
BEGIN;
SAVEPOINT a;
UPDATE item SET price = 10 WHERE id = 1;
ROLLBACK TO a;
UPDATE item SET price = 11 WHERE id = 1;
COMMIT;
SELECT count(*) FROM governance.audit_log WHERE kind = 'row' AND statement IS NULL;
SELECT * FROM news();

-- who, why and by which statement; prepared statements
SET governance.actor = 'alice@example.org';
SET governance.reason = 'ticket 7';
SET application_name = 'billing';
PREPARE p(int) AS UPDATE item SET price = price + 1 WHERE id = $1;
EXECUTE p(1);
EXECUTE p(3);
RESET governance.actor;
RESET governance.reason;
RESET application_name;
DO $$ BEGIN
    PERFORM set_config('governance.actor', 'first', false);
    UPDATE item SET price = 0 WHERE id = 1;
    PERFORM set_config('governance.actor', 'second', false);
    UPDATE item SET price = 1 WHERE id = 1;
END $$;
RESET governance.actor;
SELECT op, key, db_role, session_role, actor, reason, application, statement, depth
  FROM governance.audit_log WHERE kind = 'row' ORDER BY id DESC LIMIT 4;
SELECT * FROM news();

-- triggers that write other audited tables; foreign keys
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE item SET price = 100 WHERE id = 1; RETURN NULL; END $$;
CREATE TRIGGER touch AFTER DELETE ON child FOR EACH ROW EXECUTE FUNCTION touch();
SELECT governance.start_audit('parent'), governance.start_audit('child');
INSERT INTO parent VALUES (1), (2);
INSERT INTO child VALUES (10, 1), (20, 2);
UPDATE parent SET id = 3 WHERE id = 2;
DELETE FROM parent WHERE id = 1;
SELECT op, coalesce(relation_name), key, depth, statement FROM governance.audit_log WHERE kind = 'row' ORDER BY id DESC LIMIT 5;
SELECT * FROM news();

-- session_replication_role is no way around
SET session_replication_role = replica;
DELETE FROM child;
TRUNCATE child;
RESET session_replication_role;
SELECT * FROM news();

-- types: one spelling, whatever the session's settings are
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TABLE kinds (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, flag bool, small smallint, real float8, exact numeric,
    at timestamptz, plain timestamp, day date, span interval, bytes bytea, doc jsonb, raw json, list int[], grid text[][],
    feeling mood, two pair, dom positive, uid uuid, net inet, bits bit(3), ran int4range, rel regclass,
    twice int GENERATED ALWAYS AS (small * 2) STORED);
SELECT governance.start_audit('kinds');
SET timezone = 'Asia/Kolkata'; SET intervalstyle = 'iso_8601'; SET bytea_output = 'escape'; SET extra_float_digits = -10; SET datestyle = 'German, DMY';
INSERT INTO kinds (flag, small, real, exact, at, plain, day, span, bytes, doc, raw, list, grid, feeling, two, dom, uid, net, bits, ran)
VALUES (true, 21, 0.1::float8 + 0.2, 12345678901234567890.123456789000, '2024-05-05 12:00+00', '2024-05-05 12:00', '2024-05-05', '1 day 2 hours',
    '\x00ff', '{"b": 1, "a": [1, 2.50]}', '{"b":1,  "a":2}', '{1,NULL,3}', '{{a,b},{c,"d e"}}', 'ok', ROW(1, 'x"y'), 5,
    '00000000-0000-0000-0000-000000000001', '10.0.0.1/8', B'101', '[1,5)');
SHOW timezone;
SHOW intervalstyle;
UPDATE kinds SET list = list || 4, doc = doc || '{"c": null}', feeling = 'sad', flag = NULL;
RESET timezone; RESET intervalstyle; RESET bytea_output; RESET extra_float_digits; RESET datestyle;
\x on
SELECT * FROM news();
\x off

-- a hostile search_path gets nothing of ours to run
CREATE SCHEMA evil;
GRANT USAGE ON SCHEMA evil TO PUBLIC;
CREATE FUNCTION evil.eq(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'attacked as %', current_user; RETURN $1 OPERATOR(pg_catalog.=) $2; END $$;
CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.eq);
CREATE FUNCTION evil.now() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'attacked as %', current_user; RETURN clock_timestamp(); END $$;
SET search_path = evil, pg_catalog, public;
SELECT 'a'::text = 'b'::text;
CREATE TABLE public.attacked (id text PRIMARY KEY);
SELECT governance.start_audit('public.attacked');
INSERT INTO public.attacked VALUES ('1');
UPDATE public.attacked SET id = '2';
TRUNCATE public.attacked;
SELECT op, key FROM governance.history('public.attacked', '"2"');
SELECT governance.stop_audit('public.attacked', 'end');
UPDATE governance.audit_entry SET op = 'x' WHERE false;
RESET search_path;
INSERT INTO seen SELECT id FROM governance.audit_log WHERE relation_name = 'public.attacked';

-- wide values that live in TOAST: an untouched one is not a change
CREATE TABLE wide (id int PRIMARY KEY, body text, n int);
SELECT governance.start_audit('wide');
INSERT INTO wide SELECT 1, string_agg(md5(i::text), ''), 0 FROM generate_series(1, 1000) i;
UPDATE wide SET n = 1;
UPDATE wide SET body = body || '';
UPDATE wide SET body = body || '!';
SELECT op, length(old_row ->> 'body') AS was, length(new_row ->> 'body') AS now, changed_columns
  FROM governance.audit_log WHERE relation = 'wide'::regclass AND kind = 'row' ORDER BY id;
INSERT INTO seen SELECT id FROM governance.audit_log;

-- tables that change: dropped, added and renamed columns
CREATE TABLE shape (a int, id int PRIMARY KEY, b text, c text);
INSERT INTO shape VALUES (1, 1, 'b', 'c');
SELECT governance.start_audit('shape', '{c}');
ALTER TABLE shape DROP COLUMN a;
ALTER TABLE shape ADD COLUMN d int NOT NULL DEFAULT 7;
UPDATE shape SET b = 'b2';
ALTER TABLE shape RENAME COLUMN b TO "B ""quoted""";
UPDATE shape SET "B ""quoted""" = 'b3', c = 'not logged';
UPDATE shape SET c = 'nor this';
SELECT * FROM news();

-- names; a table without key; an empty statement; columns named like SQL
CREATE SCHEMA "My.Schema";
CREATE TABLE "My.Schema"."Order.""Items""" ("Id" int, "select" text, "ключ" text, PRIMARY KEY ("Id", "select"));
CREATE TABLE "My.Schema"."order.""items""" ("Id" int);
CREATE TABLE "My.Schema".very_long_name_that_has_exactly_sixty_three_bytes_in_it_abcdefgh (id int PRIMARY KEY);
SELECT governance.start_audit('"My.Schema"."Order.""Items"""');
SELECT governance.start_audit('"My.Schema"."order.""items"""');
SELECT governance.start_audit('"My.Schema".very_long_name_that_has_exactly_sixty_three_bytes_in_it_abcdefgh');
INSERT INTO "My.Schema"."Order.""Items""" VALUES (1, 's', 'ä€');
INSERT INTO "My.Schema"."order.""items""" VALUES (2), (2);
INSERT INTO "My.Schema".very_long_name_that_has_exactly_sixty_three_bytes_in_it_abcdefgh VALUES (1);
DELETE FROM "My.Schema"."Order.""Items""" WHERE false;
SELECT * FROM news();
CREATE TABLE nothing ();
SELECT governance.start_audit('nothing');
INSERT INTO nothing DEFAULT VALUES;
SELECT * FROM news();

-- history: keys in any spelling
SELECT op, key FROM governance.history('"My.Schema"."Order.""Items"""', '{"Id": "1", "select": "s"}');
SELECT op, key, new_row ->> 'price' AS price FROM governance.history('item', '1') WHERE op <> 'UPDATE';
SELECT count(*) FROM governance.history('item', '"1"') WHERE op <> 'UPDATE';
SELECT count(*) FROM governance.history('item', '{"id": 1.0}') WHERE op <> 'UPDATE';
SELECT op, key FROM governance.history('item', '60');
SELECT op, key FROM governance.history('item', '6');
SELECT count(*) FROM governance.history('item', '424242');
SELECT * FROM governance.history('item', '"x"');
SELECT * FROM governance.history('item', '{"ID": 1}');
SELECT * FROM governance.history('item', 'null');
SELECT * FROM governance.history('item', '{}');
SELECT * FROM governance.history('item', NULL);
SELECT * FROM governance.history(NULL, '1');
SELECT * FROM governance.history('"My.Schema"."Order.""Items"""', '1');
SELECT * FROM governance.history('nothing', '1');
CREATE TABLE at (t timestamptz PRIMARY KEY);
SELECT governance.start_audit('at');
SET timezone = 'America/New_York';
INSERT INTO at VALUES ('2024-05-05 12:00+02');
SET timezone = 'Asia/Tokyo';
SELECT op FROM governance.history('at', '"2024-05-05 10:00+00"');
SELECT op FROM governance.history('at', '"2024-05-05 19:00"');
RESET timezone;
CREATE TABLE big (k numeric PRIMARY KEY);
CREATE TABLE keys (doc jsonb, list int[], PRIMARY KEY (doc));
SELECT governance.start_audit('big'), governance.start_audit('keys');
INSERT INTO big VALUES (123456789012345678901234567890);
INSERT INTO keys VALUES ('{"a": 1}', '{1}');
SELECT op, key FROM governance.history('big', '123456789012345678901234567890');
SELECT op, key FROM governance.history('keys', '{"a": 1}');
SELECT op, key FROM governance.history('keys', '{"doc": {"a": 1}}');
-- a key longer than an index row can be
CREATE TABLE longkey (k text PRIMARY KEY);
SELECT governance.start_audit('longkey');
INSERT INTO longkey VALUES (repeat('k', 100000));
SELECT op, length(key ->> 'k') FROM governance.history('longkey', to_jsonb(repeat('k', 100000)));
