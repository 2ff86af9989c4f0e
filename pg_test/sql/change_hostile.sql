-- An owner without privileges who wants to become more by what a plan is made of: the statements of a plan have control characters
-- for names, and some run with the rights of the extension's owner.
\set VERBOSITY terse
\set SHOW_CONTEXT never
CREATE ROLE change_hostile;
\set evil 'x\'); ALTER ROLE change_hostile SUPERUSER; --'
CREATE SCHEMA shop AUTHORIZATION change_hostile;
SELECT format('CREATE SCHEMA %I AUTHORIZATION change_hostile', 'x"; ALTER ROLE change_hostile SUPERUSER; --') \gexec
SELECT governance.declare_party('hostile', db_roles => '{change_hostile}') \g /dev/null
SET ROLE change_hostile;
-- walks a wish to its end, and back; what is refused on the way is said
CREATE PROCEDURE shop.try(wish text, up text DEFAULT NULL, down text DEFAULT NULL) LANGUAGE plpgsql AS $$
DECLARE id bigint;
BEGIN
    id := governance.propose_change(wish, 'mine', up => up, down => down);
    IF id IS NULL THEN RETURN; END IF;
    PERFORM governance.approve_change(id, 'mine', '{not_observed}');
    FOR i IN 1..20 LOOP
        EXIT WHEN NOT governance._advance_step(id);
    END LOOP;
    FOR i IN 1..20 LOOP
        EXIT WHEN (SELECT state FROM governance.changes c WHERE c.change = id) IN ('done', 'contracted') OR NOT governance._advance_step(id);
    END LOOP;
    PERFORM governance.undo_change(id);
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE '% %', SQLSTATE, SQLERRM;
END $$;
SET client_min_messages = notice;
-- a column, an expression, a default, an index, a constraint, a heir, a partition, a comment
SELECT format('CREATE TABLE shop.%I (id int PRIMARY KEY, %I int, plain int, name text)', :'evil', 'b' || chr(1) || 'c') \gexec
SELECT format('INSERT INTO shop.%I VALUES (1, 1, NULL, ''n'')', :'evil') \gexec
SELECT format('CALL shop.try(%L)', format('ALTER TABLE shop.%I RENAME COLUMN %I TO d', :'evil', 'b' || chr(1) || 'c')) \gexec
SELECT format('CALL shop.try(%L)', format('ALTER TABLE shop.%I RENAME COLUMN plain TO %I', :'evil', 'e' || chr(1))) \gexec
SELECT format('CALL shop.try(%L)', format('ALTER TABLE shop.%I DROP COLUMN %I', :'evil', 'b' || chr(1) || 'c')) \gexec
SELECT format('CALL shop.try(%L, up => %L)', format('ALTER TABLE shop.%I ALTER plain SET NOT NULL', :'evil'), 'length(''' || chr(1) || ''')') \gexec
SELECT format('CALL shop.try(%L, up => %L)', format('ALTER TABLE shop.%I ALTER plain SET NOT NULL', :'evil'), 'length(E''\x01'')') \gexec
SELECT format('CALL shop.try(%L, up => %L, down => %L)', format('ALTER TABLE shop.%I ALTER plain TYPE text', :'evil'), 'plain::text || E''\x01''', 'length(plain)') \gexec
SELECT format('CALL shop.try(%L)', format('ALTER TABLE shop.%I ADD COLUMN fresh text NOT NULL DEFAULT E''\x01'' || random()', :'evil')) \gexec
SELECT format('CALL shop.try(%L)', format('ALTER TABLE shop.%I ADD CONSTRAINT %I CHECK (plain > 0)', :'evil', 'k' || chr(1))) \gexec
SELECT format('CREATE INDEX %I ON shop.%I (plain)', 'i' || chr(3) || 'j', :'evil') \gexec
SELECT format('CALL shop.try(%L)', format('ALTER TABLE shop.%I ALTER plain TYPE bigint', :'evil')) \gexec
SELECT format('CALL shop.try(%L)', format('DROP INDEX shop.%I', 'i' || chr(3) || 'j')) \gexec
SELECT format('DROP INDEX shop.%I', 'i' || chr(3) || 'j') \gexec
SELECT format('COMMENT ON COLUMN shop.%I.plain IS %L', :'evil', chr(1)) \gexec
SELECT format('CALL shop.try(%L)', format('ALTER TABLE shop.%I ALTER plain TYPE bigint', :'evil')) \gexec
SELECT format('CREATE TABLE shop.%I () INHERITS (shop.%I)', 'heir' || chr(1), :'evil') \gexec
SELECT format('CALL shop.try(%L)', format('ALTER TABLE shop.%I RENAME COLUMN plain TO d', :'evil')) \gexec
-- names of the table and its schema that hold such characters are filled in as they are
SELECT format('CREATE TABLE %I.%I (id int PRIMARY KEY, plain int)', 'x"; ALTER ROLE change_hostile SUPERUSER; --', 't' || chr(2) || chr(3) || chr(1)) \gexec
SELECT format('CALL shop.try(%L)', format('ALTER TABLE %I.%I RENAME COLUMN plain TO d', 'x"; ALTER ROLE change_hostile SUPERUSER; --', 't' || chr(2) || chr(3) || chr(1))) \gexec
SELECT format('CALL shop.try(%L)', format('ALTER TABLE %I.%I ALTER plain TYPE bigint', 'x"; ALTER ROLE change_hostile SUPERUSER; --', 't' || chr(2) || chr(3) || chr(1))) \gexec
SELECT format('CALL shop.try(%L)', format('DROP TABLE %I.%I', 'x"; ALTER ROLE change_hostile SUPERUSER; --', 't' || chr(2) || chr(3) || chr(1))) \gexec
-- and what is only quoted does no harm
SELECT format('CREATE TABLE shop.%I (id int PRIMARY KEY, %I int)', :'evil' || '2', :'evil') \gexec
SELECT format('CALL shop.try(%L)', format('ALTER TABLE shop.%I RENAME COLUMN %I TO d', :'evil' || '2', :'evil')) \gexec
SELECT format('CALL shop.try(%L)', format('ALTER TABLE shop.%I ALTER %I TYPE bigint', :'evil' || '2', :'evil')) \gexec
-- code that runs while a superuser advances the change, and would like to run when that commits
CREATE TABLE shop.trap (id int PRIMARY KEY, v int, later int UNIQUE DEFERRABLE INITIALLY DEFERRED);
INSERT INTO shop.trap VALUES (1, 1, 1), (2, 2, 2);
CREATE FUNCTION shop.grab() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE 'as %', current_user;
    EXECUTE 'ALTER ROLE change_hostile SUPERUSER';
    RETURN 1;
EXCEPTION WHEN insufficient_privilege THEN RETURN 0;
END $$;
CREATE FUNCTION shop.later() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM shop.grab(); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER later AFTER UPDATE ON shop.trap DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.id = 1) EXECUTE FUNCTION shop.later();
ALTER TABLE shop.trap ENABLE ALWAYS TRIGGER later;
CREATE FUNCTION shop.hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SET CONSTRAINTS ALL DEFERRED;
    EXECUTE 'DECLARE held CURSOR WITH HOLD FOR SELECT shop.grab()';
    RETURN NEW;
EXCEPTION WHEN OTHERS THEN RAISE NOTICE '%', SQLERRM; RETURN NEW;
END $$;
CREATE TRIGGER hold BEFORE UPDATE ON shop.trap FOR EACH ROW WHEN (NEW.id = 1) EXECUTE FUNCTION shop.hold();
ALTER TABLE shop.trap ENABLE ALWAYS TRIGGER hold;
SELECT governance.propose_change('ALTER TABLE shop.trap ALTER v TYPE bigint', 'x') AS trap \gset
SELECT governance.approve_change(:trap, 'x', '{not_observed}') \g /dev/null
RESET ROLE;
CALL governance.advance_change(:trap);
ALTER TABLE shop.trap DISABLE TRIGGER hold;
CALL governance.advance_change(:trap);
SELECT state FROM governance.changes WHERE change = :trap;
-- a cast between a key and what refers to it is a function of the owner's, and runs when a foreign key is proven
SET ROLE change_hostile;
CREATE TYPE shop.sneaky AS ENUM ('1');
CREATE FUNCTION shop.as_int(shop.sneaky) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN shop.grab() + 1; END';
CREATE FUNCTION shop.as_bigint(shop.sneaky) RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN shop.grab() + 1; END';
CREATE CAST (shop.sneaky AS int) WITH FUNCTION shop.as_int(shop.sneaky) AS IMPLICIT;
CREATE CAST (shop.sneaky AS bigint) WITH FUNCTION shop.as_bigint(shop.sneaky) AS IMPLICIT;
CREATE TABLE shop.parent (id int PRIMARY KEY);
INSERT INTO shop.parent VALUES (1);
CREATE TABLE shop.child (parent shop.sneaky REFERENCES shop.parent);
INSERT INTO shop.child VALUES ('1');
SELECT governance.propose_change('ALTER TABLE shop.parent ALTER id TYPE bigint', 'x') AS parent \gset
SELECT governance.approve_change(:parent, 'x', '{not_observed}') \g /dev/null
RESET ROLE;
CALL governance.advance_change(:parent);
CALL governance.advance_change(:parent);
SELECT state FROM governance.changes WHERE change = :parent;
SELECT governance.undo_change(:parent) \g /dev/null
CALL governance.advance_change(:parent);
SELECT conname, convalidated FROM pg_constraint WHERE conrelid = 'shop.child'::regclass;
RESET ROLE;
-- a view in the place of the table, when what went is counted before it comes back
SET ROLE change_hostile;
CREATE TABLE shop.swapped (id int, n int NOT NULL);
SELECT governance.propose_change('ALTER TABLE shop.swapped DROP COLUMN n', 'x') AS swapped \gset
SELECT governance.approve_change(:swapped, 'x', '{not_observed}') \g /dev/null
CALL governance.advance_change(:swapped);
DROP TABLE shop.swapped;
SELECT format('CREATE VIEW shop.swapped AS SELECT 1 AS id, shop.grab() AS %I', '_dg' || :swapped || '_n') \gexec
SELECT governance.undo_change(:swapped);
RESET ROLE;
SELECT rolname, rolsuper FROM pg_roles WHERE rolname = 'change_hostile';
SELECT state, count(*) FROM governance.changes GROUP BY 1 ORDER BY 1;
DROP OWNED BY change_hostile CASCADE;

-- whoever makes a trigger of the product's function says himself what it evaluates: users' triggers are not switched off for that
RESET ROLE;
CREATE ROLE change_hostile_maker;
CREATE SCHEMA made AUTHORIZATION change_hostile_maker;
SET ROLE change_hostile_maker;
CREATE TABLE made.seen (role text);
CREATE FUNCTION made.look() RETURNS int LANGUAGE plpgsql AS $$
BEGIN INSERT INTO made.seen VALUES (current_setting('session_replication_role')); RETURN 1; END $$;
CREATE TABLE made.t (id int, x int, a int);
INSERT INTO made.t SELECT g, NULL, g FROM generate_series(1, 5) g;
CREATE TRIGGER zz_data_governance_change_1 BEFORE INSERT OR UPDATE ON made.t FOR EACH ROW EXECUTE FUNCTION governance._convert('1', 'both', '{"x":"made.look()"}', '{}');
ALTER TABLE made.t ENABLE ALWAYS TRIGGER zz_data_governance_change_1;
SELECT governance.propose_change('ALTER TABLE made.t ALTER a TYPE bigint', 'x') AS made \gset
SELECT governance.approve_change(:made, 'yes', '{not_observed}');
CALL governance.advance_change(:made);
SELECT role, count(*) > 0 FROM made.seen GROUP BY 1;
SELECT state FROM governance.changes WHERE change = :made;
-- those of a change say what its plan says, so that the copy of another fires nothing
CREATE TABLE made.u (LIKE made.t);
INSERT INTO made.u SELECT g, g, g FROM generate_series(1, 5) g;
TRUNCATE made.seen;
CREATE FUNCTION made.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM made.look(); RETURN NEW; END $$;
CREATE TRIGGER note BEFORE UPDATE ON made.u FOR EACH ROW EXECUTE FUNCTION made.note();
SELECT governance.propose_change('ALTER TABLE made.u ALTER a TYPE bigint', 'x') AS made \gset
SELECT governance.propose_change('ALTER TABLE made.u ALTER x TYPE text', 'x', down => 'x::int') AS beside \gset
SELECT governance.approve_change(:made, 'yes', '{not_observed}'), governance.approve_change(:beside, 'yes', '{not_observed}');
CALL governance.advance_change(:made);
CALL governance.advance_change(:made);
CALL governance.advance_change(:beside);
SELECT state FROM governance.changes WHERE change IN (:made, :beside) ORDER BY change;
SELECT count(*) FROM made.seen;
