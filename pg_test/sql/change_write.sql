-- What the triggers of changes do for each row, and how the copy tells rows: values of every kind of storage, paths of strangers, an
-- expression of several that fails.
\set VERBOSITY terse
CREATE SCHEMA shop;
CREATE TABLE shop.item (id int PRIMARY KEY, gone int, name text, price int, tags int[], pair point, at timestamptz);
ALTER TABLE shop.item DROP COLUMN gone;
ALTER TABLE shop.item ALTER name SET STORAGE EXTERNAL;
INSERT INTO shop.item SELECT g, CASE WHEN g % 3 > 0 THEN 'item ' || g END, g, ARRAY[g, NULL], point(g, g) FROM generate_series(1, 300) g;
SELECT governance.declare_party('team', db_roles => '{postgres}') \g /dev/null
-- the copy takes rows that have nothing yet, and leaves alone those that are to have nothing
SELECT governance.propose_change('ALTER TABLE shop.item RENAME COLUMN name TO title', 'suite') AS ren \gset
SELECT governance.approve_change(:ren, 'suite', '{not_observed}') \g /dev/null
CALL governance.advance_change(:ren);
SELECT c.state, p.rows_done FROM governance.changes c JOIN governance.change_progress p USING (change) WHERE c.change = :ren;
SELECT count(*) AS differ FROM shop.item WHERE name IS DISTINCT FROM title;
-- short, long, out of line, compressed, none: from either side, with the other left as it is
UPDATE shop.item SET name = repeat('a', 200) WHERE id = 1;
UPDATE shop.item SET title = (SELECT string_agg(md5(g::text), '') FROM generate_series(1, 1000) g) WHERE id = 2;
UPDATE shop.item SET name = repeat('long ', 5000) WHERE id = 4;
UPDATE shop.item SET title = NULL WHERE id = 5;
UPDATE shop.item SET name = 'not null' WHERE id = 3;
UPDATE shop.item SET price = price + 1, tags = NULL WHERE id IN (2, 4, 5, 6);
UPDATE shop.item SET name = 'old', title = 'new' WHERE id = 7;
UPDATE shop.item SET name = title, title = name WHERE id = 8;
INSERT INTO shop.item (id, name) VALUES (1001, 'old'), (1002, NULL);
INSERT INTO shop.item (id, title) VALUES (1003, 'new');
INSERT INTO shop.item (id, name, title) VALUES (1004, 'old', 'new');
INSERT INTO shop.item (id, name) SELECT 1005, name FROM shop.item WHERE id = 2;
INSERT INTO shop.item (id, title) VALUES (1, 'again') ON CONFLICT (id) DO UPDATE SET title = excluded.title;
SELECT id, left(name, 10) AS name, left(title, 10) AS title, length(title), name IS NOT DISTINCT FROM title AS same, price, tags, pair
  FROM shop.item WHERE id < 9 OR id > 1000 ORDER BY id;
SELECT count(*) AS differ FROM shop.item WHERE name IS DISTINCT FROM title;
-- a path of somebody else's: operators, casts and functions of its are not ours
CREATE SCHEMA evil;
CREATE FUNCTION evil.wrong(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'the operator of a stranger'; END $$;
CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.wrong);
CREATE FUNCTION evil.upper(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'the function of a stranger'; END $$;
SELECT governance.abort_change(:ren) \g /dev/null
SELECT governance.propose_change('ALTER TABLE shop.item ADD COLUMN loud text, ADD COLUMN half int, DROP COLUMN name', 'suite',
    up => '{"loud": "upper(name)", "half": "100 / (length(name) - 4)"}', down => '{"name": "lower(loud)"}') AS spl \gset
SELECT governance.approve_change(:spl, 'suite', '{not_observed}') \g /dev/null
UPDATE shop.item SET name = 'item ' || id WHERE length(name) = 4;
CALL governance.advance_change(:spl);
SELECT state FROM governance.changes WHERE change = :spl;
\c -
SET search_path = evil, pg_catalog;
UPDATE shop.item SET name = 'stranger' WHERE id OPERATOR(pg_catalog.=) 1;
RESET search_path;
SELECT name, loud, half FROM shop.item WHERE id = 1;
-- the second of two expressions fails: it is the one that is named, with the row, and the session goes on
UPDATE shop.item SET name = 'four' WHERE id = 2;
INSERT INTO shop.item (id, name) SELECT g, 'item ' || g FROM generate_series(2001, 2003) g UNION ALL SELECT 2004, 'four';
BEGIN;
SAVEPOINT s;
UPDATE shop.item SET name = 'four' WHERE id = 3;
ROLLBACK TO s;
UPDATE shop.item SET name = 'five5' WHERE id = 3;
COMMIT;
SELECT id, name, loud, half FROM shop.item WHERE id IN (3, 2001);
-- a client of the new shape: the old side follows, unless it says so already
UPDATE shop.item SET loud = 'NEW' WHERE id = 3;
UPDATE shop.item SET loud = 'Newer' WHERE id = 7;
SELECT id, name, loud, half FROM shop.item WHERE id IN (3, 7) ORDER BY id;
SELECT count(*) AS differ FROM shop.item WHERE name IS DISTINCT FROM lower(loud) AND upper(name) IS DISTINCT FROM loud;
-- a value that is given stays, one that is not is made
CREATE TABLE shop.note (id int PRIMARY KEY, body text);
SELECT governance.propose_change('ALTER TABLE shop.note ALTER body SET NOT NULL', 'suite', up => '''none ''') AS fil \gset
SELECT governance.approve_change(:fil, 'suite', '{not_observed}') \g /dev/null
INSERT INTO shop.note VALUES (1, NULL), (2, 'two');
CALL governance.advance_change(:fil);
INSERT INTO shop.note VALUES (3, 'three'), (4, NULL), (5, 'five');
SELECT * FROM shop.note ORDER BY id;
-- what a copy notes with every batch makes no other session plan anew
SELECT count(*) FILTER (WHERE attname = 'state') AS state, count(*) FILTER (WHERE attname IN ('waits_for', 'last_error', 'verified_at')) AS progress
  FROM pg_trigger JOIN pg_attribute ON attrelid = tgrelid AND attnum = ANY (tgattr)
 WHERE tgrelid = 'governance.change'::regclass AND tgname = 'data_governance_touch';
-- a partition that is attached after the copy is compared, too
CREATE TABLE shop.event (id int PRIMARY KEY, name text) PARTITION BY RANGE (id);
CREATE TABLE shop.event_1 PARTITION OF shop.event FOR VALUES FROM (1) TO (100);
INSERT INTO shop.event SELECT g, 'event ' || g FROM generate_series(1, 99) g;
SELECT governance.propose_change('ALTER TABLE shop.event RENAME COLUMN name TO title', 'suite') AS par \gset
SELECT governance.approve_change(:par, 'suite', '{not_observed}') \g /dev/null
DO $$ BEGIN
    WHILE EXISTS (SELECT FROM governance.change_step s WHERE s.change = 4 AND action = 'copy' AND done_at IS NULL) LOOP
        PERFORM governance._advance_step(4);
    END LOOP;
END $$;
CREATE TABLE shop.event_2 (id int PRIMARY KEY, name text, title text);
INSERT INTO shop.event_2 SELECT g, 'event ' || g FROM generate_series(100, 199) g;
SET client_min_messages = error;
ALTER TABLE shop.event ATTACH PARTITION shop.event_2 FOR VALUES FROM (100) TO (200);
RESET client_min_messages;
CALL governance.advance_change(:par);
CALL governance.advance_change(:par);
SELECT state FROM governance.changes WHERE change = :par;
SELECT count(*) AS rows, count(*) FILTER (WHERE name IS DISTINCT FROM title) AS differ FROM shop.event;
