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
