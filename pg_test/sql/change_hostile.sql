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
RESET ROLE;
SELECT rolname, rolsuper FROM pg_roles WHERE rolname = 'change_hostile';
SELECT state, count(*) FROM governance.changes GROUP BY 1 ORDER BY 1;
DROP OWNED BY change_hostile CASCADE;
