-- Ways round masks that were found by attack, in mode attached. RAWCANARY stands in every value that must not appear.
\set SHOW_CONTEXT never
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET session_preload_libraries = data_governance', current_database()); END $$;
\c
SET client_min_messages = warning;
CREATE ROLE privacy_attacks_app; CREATE ROLE privacy_attacks_m; CREATE ROLE privacy_attacks_own;
GRANT privacy_attacks_m TO privacy_attacks_app;
CREATE SCHEMA s AUTHORIZATION privacy_attacks_own; GRANT ALL ON SCHEMA s TO PUBLIC;
SET ROLE privacy_attacks_own;
CREATE TABLE s.t (id int PRIMARY KEY, email text, phone text, nick text, tail text DEFAULT 'x');
INSERT INTO s.t VALUES (1, 'rawcanary@RAWCANARY.org', '49170RAWCANARY', 'RAWCANARY', 'x');
GRANT SELECT, INSERT, UPDATE, DELETE ON s.t TO PUBLIC;
RESET ROLE;
SELECT governance.tag_column('s.t', 'email', 'pii.contact.email');
SELECT governance.tag_column('s.t', 'phone', 'pii.contact.phone');
SELECT governance.tag_column('s.t', 'nick', 'pii.name');
SELECT governance.mask_role('privacy_attacks_m');
SET client_min_messages = notice;

-- a cast of the attacker's runs while the check of a foreign key is planned, or its partitions are pruned
SET ROLE privacy_attacks_app;
CREATE TYPE s.ev AS ENUM ('a');
CREATE FUNCTION s.spy(s.ev) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ DECLARE v text; BEGIN SELECT email INTO v FROM s.t WHERE id = 1; RAISE NOTICE 'got %', v; RETURN 'a'::text; END $$;
CREATE CAST (s.ev AS text) WITH FUNCTION s.spy(s.ev) AS IMPLICIT;
CREATE TABLE s.pk (k text PRIMARY KEY); INSERT INTO s.pk VALUES ('a');
CREATE TABLE s.fk (k s.ev REFERENCES s.pk);
INSERT INTO s.fk VALUES ('a');
CREATE OR REPLACE FUNCTION s.spy(s.ev) RETURNS text LANGUAGE plpgsql STABLE AS $$ DECLARE v text; BEGIN SELECT phone INTO v FROM s.t WHERE id = 1; RAISE NOTICE 'got %', v; RETURN 'a'::text; END $$;
CREATE TABLE s.ppk (k text PRIMARY KEY) PARTITION BY LIST (k); CREATE TABLE s.ppk_a PARTITION OF s.ppk FOR VALUES IN ('a'); CREATE TABLE s.ppk_b PARTITION OF s.ppk FOR VALUES IN ('b'); INSERT INTO s.ppk VALUES ('a');
CREATE TABLE s.pfk (k s.ev REFERENCES s.ppk);
SET plan_cache_mode = force_generic_plan; INSERT INTO s.pfk VALUES ('a'); RESET plan_cache_mode;
RESET ROLE;

-- what a role of more rights refreshes for a masked owner, with that owner's functions in it, holds masks
SET ROLE privacy_attacks_app;
CREATE TABLE s.loot (what text);
CREATE FUNCTION s.steal(what text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO s.loot VALUES (what); RETURN 1; END $$;
RESET ROLE;
CREATE FUNCTION s.definer() RETURNS text LANGUAGE sql SECURITY DEFINER AS $$ SELECT email FROM s.t WHERE id = 1 $$;
SET ROLE privacy_attacks_app;
CREATE MATERIALIZED VIEW s.mine AS SELECT id, email, s.steal(phone), s.definer() FROM s.t;
RESET ROLE;
REFRESH MATERIALIZED VIEW s.mine;
SET ROLE privacy_attacks_app;
TABLE s.mine; SELECT DISTINCT what FROM s.loot; TRUNCATE s.loot;
-- the same for what ANALYZE evaluates
CREATE FUNCTION s.loots() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO s.loot SELECT email FROM s.t; END $$;
CREATE FUNCTION s.indexed(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM s.loots(); RETURN $1; END $$;
CREATE TABLE s.indexes (i int); CREATE INDEX ON s.indexes (s.indexed(i)); INSERT INTO s.indexes VALUES (1), (2);
TRUNCATE s.loot;
RESET ROLE;
ANALYZE s.indexes; REINDEX TABLE s.indexes;
SELECT DISTINCT what FROM s.loot; DROP TABLE s.indexes;

-- masks are not data either where a CTE carries them into a statement beside it
SET ROLE privacy_attacks_app;
WITH src AS (SELECT id, nick FROM s.t), up AS (UPDATE s.t SET nick = src.nick FROM src WHERE src.id = t.id RETURNING 1) SELECT count(*) FROM up;
WITH src AS (SELECT nick FROM s.t), more AS (SELECT * FROM src), up AS (UPDATE s.t SET nick = (SELECT max(nick) FROM more)) SELECT 1;
WITH RECURSIVE src(id, nick) AS (SELECT id + 10, nick FROM s.t UNION ALL SELECT id + 1, nick FROM src WHERE id < 12), ins AS (INSERT INTO s.t (id, nick) TABLE src) SELECT 1;
WITH gone AS (DELETE FROM s.t RETURNING *), back AS (INSERT INTO s.t TABLE gone) SELECT 1;
WITH src AS (SELECT id FROM s.t), up AS (UPDATE s.t SET tail = 'y' FROM src WHERE src.id = t.id RETURNING email) SELECT * FROM up;
RESET ROLE;
CREATE FUNCTION s.around() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$ WITH src AS (SELECT id, nick FROM s.t), up AS (UPDATE s.t SET nick = (SELECT nick FROM src) RETURNING 1) SELECT count(*) FROM up $$;
CREATE FUNCTION s.within() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$ WITH src AS (SELECT id FROM s.t), up AS (UPDATE s.t SET nick = (WITH a AS (SELECT nick FROM s.t) SELECT nick FROM a) FROM src WHERE src.id = t.id RETURNING 1) SELECT count(*) FROM up $$;
SET ROLE privacy_attacks_app;
SELECT s.around();
SELECT s.within();
RESET ROLE;
SELECT nick, tail FROM s.t;

-- plans that a role of more rights left in the session: of SECURITY DEFINER functions that the planner evaluates, and of what it inlined
CREATE FUNCTION s.folded() RETURNS text LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER AS $$ DECLARE v text; BEGIN SELECT max(email) INTO v FROM s.t; RETURN v; END $$;
CREATE FUNCTION s.inlined() RETURNS SETOF text LANGUAGE sql STABLE AS $$ SELECT email FROM s.t $$;
CREATE FUNCTION s.calls() RETURNS text LANGUAGE plpgsql AS $$ DECLARE v text; BEGIN SELECT max(x) INTO v FROM s.inlined() x; RETURN v; END $$;
CREATE FUNCTION s.switches() RETURNS text LANGUAGE plpgsql AS $$ BEGIN SET LOCAL ROLE privacy_attacks_app; RETURN s.folded(); END $$;
SELECT s.folded() LIKE '%RAW%', s.calls() LIKE '%RAW%';
BEGIN; SELECT set_config('role', 'privacy_attacks_app', true), s.calls(); ROLLBACK;
BEGIN; SELECT s.switches(); ROLLBACK;
SELECT s.folded() LIKE '%RAW%';
SET ROLE privacy_attacks_app; SELECT s.folded(); RESET ROLE;
SELECT s.folded() LIKE '%RAW%', s.calls() LIKE '%RAW%';

-- numbers that a materialized view makes of texts and dates are values, not counts
CREATE TABLE s.nums (phone text, born date); INSERT INTO s.nums VALUES ('4917055501', '1971-02-03'), ('4917055502', '1980-01-01');
CREATE VIEW s.between AS SELECT phone::bigint AS p, born FROM s.nums;
CREATE MATERIALIZED VIEW s.made AS
    SELECT max(phone::bigint) a, sum(ascii(phone)) b, (array_agg(phone))[1]::bigint c, min(extract(epoch FROM born)) d, max(born - date '1970-01-01') e,
           (SELECT max(p) FROM s.between) f, first_value(max(phone::bigint)) OVER () g, mode() WITHIN GROUP (ORDER BY phone::bigint) h,
           count(phone) i, count(DISTINCT born) j, count(*) FILTER (WHERE phone LIKE '4%') k, (SELECT sum(n) FROM (SELECT count(phone) n FROM s.nums) c) l
      FROM s.nums;
SELECT governance.tag_column('s.nums', 'phone', 'pii.contact.phone'), governance.tag_column('s.nums', 'born', 'pii.birth_date');
GRANT SELECT ON s.made TO PUBLIC;
SET ROLE privacy_attacks_app; TABLE s.made; RESET ROLE;

-- whoever may only read a table does not tag it for others through a view, nor by showing it in a view that is tagged
CREATE ROLE privacy_attacks_other;
SET ROLE privacy_attacks_other;
CREATE VIEW s.shows AS SELECT id, tail FROM s.t;
SELECT governance.tag_column('s.shows', 'id', 'secret.credential');
CREATE TABLE s.theirs (id int, tail text); CREATE VIEW s.shows_theirs AS SELECT id, tail FROM s.theirs;
SELECT governance.tag_column('s.shows_theirs', 'id', 'secret.credential');
CREATE OR REPLACE VIEW s.shows_theirs AS SELECT id, tail FROM s.t;
CREATE VIEW s.catalog AS SELECT oid, relname::text FROM pg_class;
SELECT governance.tag_column('s.catalog', 'relname', 'secret.credential');
SET ROLE privacy_attacks_app;
SELECT id, tail FROM s.t;
SELECT relname FROM pg_class WHERE oid = 'pg_class'::regclass;
RESET ROLE;
-- who owns what a view shows may
SET ROLE privacy_attacks_own;
CREATE VIEW s.own_view AS SELECT id, tail FROM s.t;
SELECT governance.tag_column('s.own_view', 'tail', 'secret.credential');
SET ROLE privacy_attacks_app; SELECT id, tail FROM s.t; RESET ROLE;
SELECT governance.untag_column('s.own_view', 'tail', 'secret.credential', 'test');

-- what PostgreSQL evaluates raw fails by the reader's own settings, and its message quotes the value
CREATE TABLE s.dates (id int PRIMARY KEY, born text CHECK (born::date > '1900-01-01'), tail text);
CREATE TABLE s.secured (LIKE s.dates);
SET datestyle = 'ISO, MDY';
INSERT INTO s.dates VALUES (1, '12/31/1990', 'x'); INSERT INTO s.secured TABLE s.dates;
GRANT ALL ON s.dates, s.secured TO PUBLIC;
ALTER TABLE s.secured ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON s.secured USING (born::date > '1900-01-01');
SELECT governance.tag_column('s.dates', 'born', 'pii.birth_date'), governance.tag_column('s.secured', 'born', 'pii.birth_date');
SET ROLE privacy_attacks_app;
SELECT count(*) FROM s.secured;
SET datestyle = 'ISO, DMY';
UPDATE s.dates SET tail = 'y';
DO $$ BEGIN UPDATE s.dates SET tail = 'y'; EXCEPTION WHEN OTHERS THEN RAISE WARNING 'caught % %', SQLSTATE, SQLERRM; END $$;
SELECT count(*) FROM s.secured;
COPY s.secured TO STDOUT;
-- what fails elsewhere says why
SELECT x::int FROM (VALUES ('a')) v(x);
SELECT tail::int FROM s.dates;
INSERT INTO s.loot SELECT what FROM (SELECT 1 / id FROM (VALUES (0)) v(id)) w(what);
RESET ROLE;
UPDATE s.dates SET tail = 'y';
RESET datestyle;

-- the function that masks, over values of the attacker's own: in a parallel worker, and while what calls it is being made
SET ROLE privacy_attacks_app;
CREATE TABLE s.guess (x text); INSERT INTO s.guess VALUES ('rawcanary@example.org');
CREATE FUNCTION s.tells(text) RETURNS bool LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$ BEGIN RAISE NOTICE 'it is %', $1; RETURN true; END $$;
SELECT governance._mask(x, '[{"mask":"email"},-1,false]', '', '') FROM s.guess;
SET force_parallel_mode = on;
SELECT governance._mask(x, '[{"mask":"email"},-1,false]', '', '') FROM s.guess;
SELECT email FROM s.t;
RESET force_parallel_mode;
CREATE INDEX CONCURRENTLY guess_idx ON s.guess (s.tells(governance._mask(x, '[{"mask":"email"},-1,false]', '', '')));
SELECT count(*) FROM pg_index WHERE indrelid = 's.guess'::regclass;
ALTER TABLE s.guess ADD y text GENERATED ALWAYS AS (governance._mask(x, '[{"mask":"email"},-1,false]', '', '')) STORED, ADD CHECK (s.tells(y));
ALTER TABLE s.guess ADD CONSTRAINT c CHECK (s.tells(governance._mask(x, '[{"mask":"email"},-1,false]', '', ''))) NOT VALID, VALIDATE CONSTRAINT c;
CREATE MATERIALIZED VIEW s.guesses AS SELECT governance._mask(x, '[{"mask":"email"},-1,false]', '', '') FROM s.guess;
CREATE VIEW s.guessed AS SELECT governance._mask(x, '[{"mask":"email"},-1,false]', '', '') FROM s.guess;
RESET ROLE;
-- the product's own is made, and made anew
SELECT governance.create_mask_index('s.t', 'email');
SET ROLE privacy_attacks_own; REINDEX TABLE s.t; REINDEX TABLE CONCURRENTLY s.t; RESET ROLE;
SET ROLE privacy_attacks_app; SET enable_seqscan = off; EXPLAIN (COSTS OFF) SELECT id FROM s.t WHERE email = 'x'; RESET enable_seqscan; RESET ROLE;
