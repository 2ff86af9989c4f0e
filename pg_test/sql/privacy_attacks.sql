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
