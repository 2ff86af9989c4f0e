-- Whose rights an owner's code has, what it can leave behind, and what the guard says of what it does, while somebody else takes a
-- change on or back.
\set VERBOSITY terse
\set SHOW_CONTEXT never
CREATE ROLE change_rights;
CREATE ROLE change_rights_nobody;
CREATE SCHEMA shop AUTHORIZATION change_rights;
SELECT governance.declare_party('rights', db_roles => '{change_rights}') \g /dev/null
SET ROLE change_rights;
SET client_min_messages = notice;
CREATE FUNCTION shop.grab() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE 'as %', current_user;
    EXECUTE 'ALTER ROLE change_rights SUPERUSER';
    RETURN 1;
EXCEPTION WHEN insufficient_privilege THEN RETURN 0;
END $$;
-- the foreign key of a partitioned table comes back while a partition has another constraint under its name: its rows are proven
-- anew, by a cast that the owner has written
CREATE TYPE shop.sneaky AS ENUM ('1');
CREATE FUNCTION shop.as_int(shop.sneaky) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN shop.grab() + 1; END';
CREATE CAST (shop.sneaky AS int) WITH FUNCTION shop.as_int(shop.sneaky) AS IMPLICIT;
CREATE TABLE shop.parent (id int PRIMARY KEY);
INSERT INTO shop.parent VALUES (1), (2);
CREATE TABLE shop.child (k int, parent shop.sneaky REFERENCES shop.parent) PARTITION BY LIST (k);
CREATE TABLE shop.child1 PARTITION OF shop.child FOR VALUES IN (1);
CREATE TABLE shop.child2 PARTITION OF shop.child FOR VALUES IN (2);
SET client_min_messages = warning;
INSERT INTO shop.child VALUES (1, '1'), (2, '1');
SELECT governance.propose_change('ALTER TABLE shop.child DROP COLUMN parent', 'x') AS child \gset
SELECT governance.approve_change(:child, 'x', '{not_observed}') \g /dev/null
CALL governance.advance_change(:child);
SELECT governance.undo_change(:child) \g /dev/null
ALTER TABLE shop.child1 DROP CONSTRAINT child_parent_fkey;
ALTER TABLE shop.child1 ADD CONSTRAINT child_parent_fkey CHECK (k > 0);
SET client_min_messages = notice;
CALL governance.advance_change(:child);
SELECT conrelid::regclass, conname, convalidated FROM pg_constraint WHERE contype = 'f' ORDER BY 1, 2;
-- what the constraint refers to is another table by now, to which its owner may not refer
RESET ROLE;
CREATE SCHEMA meet;
GRANT ALL ON SCHEMA meet TO change_rights, change_rights_nobody;
SET ROLE change_rights;
CREATE TABLE meet.place (id int PRIMARY KEY);
CREATE TABLE shop.visit (id int, place int REFERENCES meet.place);
SELECT governance.propose_change('ALTER TABLE shop.visit DROP COLUMN place', 'x') AS visit \gset
SELECT governance.approve_change(:visit, 'x', '{not_observed}') \g /dev/null
CALL governance.advance_change(:visit);
DROP TABLE meet.place;
SET ROLE change_rights_nobody;
CREATE TABLE meet.place (id int PRIMARY KEY);
SET ROLE change_rights;
SELECT governance.undo_change(:visit);
-- views that would go, and a type, when others bear their names
SET ROLE change_rights;
CREATE TABLE shop.base (id int, c int);
CREATE VIEW meet.shown AS SELECT c FROM shop.base;
SELECT governance.propose_change('ALTER TABLE shop.base DROP COLUMN c CASCADE', 'x') AS base \gset
SELECT governance.approve_change(:base, 'x', '{not_observed}') \g /dev/null
CREATE TABLE meet.old (id int);
SELECT governance.propose_change('ALTER TABLE meet.old RENAME TO young', 'x') AS old \gset
SELECT governance.approve_change(:old, 'x', '{not_observed}') \g /dev/null
CALL governance.advance_change(:old);
CREATE TYPE meet.mood AS ENUM ('good');
CREATE DOMAIN meet.temper AS meet.mood;
CREATE TABLE meet.use (mood meet.temper);
SELECT governance.propose_change('ALTER TYPE meet.mood RENAME VALUE ''good'' TO ''bad''', 'x') AS mood \gset
SELECT governance.approve_change(:mood, 'x', '{not_observed}') \g /dev/null
DROP VIEW meet.shown, meet.old;
ALTER TYPE meet.mood RENAME TO humour;
SET ROLE change_rights_nobody;
CREATE VIEW meet.shown AS SELECT 1 AS one;
CREATE VIEW meet.old AS SELECT 2 AS two;
CREATE TYPE meet.mood AS ENUM ('good');
SET ROLE change_rights;
CALL governance.advance_change(:base);
CALL governance.advance_change(:old);
CALL governance.advance_change(:mood);
SELECT change, state FROM governance.changes WHERE change IN (:base, :old, :mood) ORDER BY 1;
RESET ROLE;
TABLE meet.shown;
TABLE meet.old;
SELECT enum_range(NULL::meet.mood);
SET ROLE change_rights;
-- a table of somebody else's in the place of a declared one: the party that owns the name has no say in whose rights are used
CREATE TABLE meet.place_of (id int, w int);
SET client_min_messages = warning;
SELECT governance.declare_dataset('meet.place_of', 'rights', 'analytical') \g /dev/null
SET client_min_messages = notice;
SELECT governance.propose_change('ALTER TABLE meet.place_of ALTER w SET NOT NULL', 'x', up => 'shop.grab() + id') AS place \gset
SELECT governance.approve_change(:place, 'x') \g /dev/null
DROP TABLE meet.place_of;
SET ROLE change_rights_nobody;
CREATE TABLE meet.place_of (id int, w int);
INSERT INTO meet.place_of VALUES (1, NULL);
SET ROLE change_rights;
CALL governance.advance_change(:place);
SELECT governance.abort_change(:place);
-- a constraint of another table's under the name of a foreign key that the plan makes anew
CREATE TABLE shop.root (id int PRIMARY KEY);
CREATE TABLE meet.leaf (root int CONSTRAINT leaf_root REFERENCES shop.root);
SELECT governance.propose_change('ALTER TABLE shop.root ALTER id TYPE bigint', 'x') AS root \gset
SELECT governance.approve_change(:root, 'x', '{not_observed}') \g /dev/null
DROP TABLE meet.leaf;
SET ROLE change_rights_nobody;
CREATE TABLE meet.leaf (root int CONSTRAINT leaf_root PRIMARY KEY);
SET ROLE change_rights;
CALL governance.advance_change(:root);
CALL governance.advance_change(:root);
SELECT contype FROM pg_constraint WHERE conname = 'leaf_root';
-- a CHECK is looked at for what it proves, and its functions are called for that, when NOT NULL comes back
CREATE FUNCTION shop.constant(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM shop.grab(); RETURN 1; END $$;
CREATE TABLE shop.checked (id int, n int NOT NULL, CHECK (shop.constant(1) = 1 OR id > 0));
SELECT governance.propose_change('ALTER TABLE shop.checked DROP COLUMN n', 'x') AS checked \gset
SELECT governance.approve_change(:checked, 'x', '{not_observed}') \g /dev/null
CALL governance.advance_change(:checked);
RESET ROLE;
SELECT governance.undo_change(:checked);
-- settings of whoever advances the change
SET ROLE change_rights;
CREATE FUNCTION shop.astray(int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    PERFORM set_config('search_path', 'shop, pg_catalog', false), set_config('row_security', 'off', false);
    RETURN true;
END $$;
CREATE TABLE shop.lead (id int);
INSERT INTO shop.lead VALUES (1);
SELECT governance.propose_change('ALTER TABLE shop.lead ADD CONSTRAINT way CHECK (shop.astray(id))', 'x') AS lead \gset
SELECT governance.approve_change(:lead, 'x') \g /dev/null
RESET ROLE;
CALL governance.advance_change(:lead);
SELECT current_setting('search_path'), current_setting('row_security');
-- DDL that hides in what a step runs is no part of the step
SET ROLE change_rights;
CREATE TABLE shop.event (k int, x int) PARTITION BY LIST (k);
CREATE TABLE shop.event1 PARTITION OF shop.event FOR VALUES IN (1);
CREATE TABLE shop.event2 PARTITION OF shop.event FOR VALUES IN (2);
INSERT INTO shop.event VALUES (1, 1), (2, 2);
SET client_min_messages = warning;
SELECT governance.declare_dataset('shop.event', 'rights', 'transactional') \g /dev/null
SET client_min_messages = notice;
CREATE FUNCTION shop.lose(k int) RETURNS bool LANGUAGE plpgsql AS $$
DECLARE
    command text;
BEGIN
    FOREACH command IN ARRAY CASE WHEN k = 2 THEN '{DROP TABLE shop.event1,ALTER TABLE shop.event DROP COLUMN x}'::text[] ELSE '{}' END LOOP
        BEGIN
            EXECUTE command;
            RAISE NOTICE '% has passed', command;
        EXCEPTION WHEN OTHERS THEN RAISE NOTICE '% %', SQLSTATE, SQLERRM;
        END;
    END LOOP;
    RETURN true;
END $$;
SELECT governance.propose_change('ALTER TABLE shop.event ADD CONSTRAINT harmless CHECK (shop.lose(k))', 'x') AS event \gset
SELECT governance.approve_change(:event, 'x') \g /dev/null
CALL governance.advance_change(:event);
SELECT * FROM shop.event ORDER BY k;
-- the process of a step is its owner's for good
CREATE TABLE shop.seen (what text);
CREATE FUNCTION shop.none() RETURNS text LANGUAGE sql SET role = 'none' AS 'SELECT current_user::text';
CREATE FUNCTION shop.ways() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    command text;
BEGIN
    FOREACH command IN ARRAY '{SET SESSION AUTHORIZATION postgres,RESET SESSION AUTHORIZATION,RESET ROLE,SELECT shop.none(),DISCARD ALL,ALTER ROLE change_rights SUPERUSER}'::text[] LOOP
        BEGIN
            EXECUTE command;
            INSERT INTO shop.seen VALUES (format('%s has passed as %s of %s', command, current_user, session_user));
        EXCEPTION WHEN OTHERS THEN INSERT INTO shop.seen VALUES (SQLERRM);
        END;
    END LOOP;
END $$;
CREATE FUNCTION shop.key(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM shop.ways(); RETURN $1; END $$;
SELECT governance.propose_change('CREATE INDEX lead_key ON shop.lead (shop.key(id))', 'x') AS key \gset
SELECT governance.approve_change(:key, 'x') \g /dev/null
-- and nobody keeps an owner from it by a lock that anybody may take: this is what it was
SET ROLE change_rights_nobody;
SELECT pg_advisory_lock(1684500343, :key) \g /dev/null
RESET ROLE;
SET statement_timeout = '20s';
TRUNCATE shop.seen;
CALL governance.advance_change(:key);
RESET statement_timeout;
SELECT what, count(*) FROM shop.seen GROUP BY 1 ORDER BY 1;
SELECT state FROM governance.changes WHERE change = :key;
SELECT rolname, rolsuper FROM pg_roles WHERE rolname LIKE 'change\_rights%' ORDER BY 1;
SET client_min_messages = warning;
SELECT governance.forget_dataset('shop.event', 'over') \g /dev/null
DROP OWNED BY change_rights, change_rights_nobody CASCADE;
