-- needs: attached
-- PostgreSQL's own errors pass through our hooks with everything clients rely on: names of constraint, table and column,
-- CONTEXT, and the position in the statement. Also where masks are in force.
SET client_min_messages = warning;
CREATE ROLE guard_errors_masked;
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int CONSTRAINT child_key PRIMARY KEY, parent int CONSTRAINT child_parent REFERENCES parent,
                    email text CONSTRAINT child_email NOT NULL, n int CONSTRAINT child_n CHECK (n > 0));
SELECT governance.declare_party('team', db_roles => '{postgres}');
SELECT governance.declare_dataset('child', 'team', 'master');
SELECT governance.tag_column('child', 'email', 'pii.contact.email');
SELECT governance.mask_role('guard_errors_masked');
INSERT INTO child VALUES (1, NULL, 'a@example.org', 1);
RESET client_min_messages;
\set SHOW_CONTEXT always

CREATE FUNCTION what(statement text) RETURNS TABLE (state text, con text, tab text, col text, context text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, con = CONSTRAINT_NAME, tab = TABLE_NAME, col = COLUMN_NAME,
                            context = PG_EXCEPTION_CONTEXT;
    RETURN NEXT;
END $$;
SELECT * FROM what($$INSERT INTO child VALUES (1, NULL, 'x', 1)$$);
SELECT * FROM what($$INSERT INTO child VALUES (2, 99, 'x', 1)$$);
SELECT * FROM what($$INSERT INTO child VALUES (2, NULL, NULL, 1)$$);
SELECT * FROM what($$INSERT INTO child VALUES (2, NULL, 'x', 0)$$);
SELECT * FROM what($$ALTER TABLE child ADD CONSTRAINT too_large CHECK (n > 100)$$);
SELECT * FROM what($$DROP TABLE parent$$);

CREATE FUNCTION deep() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1 / (SELECT n - 1 FROM child WHERE id = 1); END $$;
SELECT deep();
DO $$ BEGIN PERFORM deep(); END $$;
SELECT no_such_column FROM child;
CREATE TABLE bad (a no_such_type);
ALTER TABLE child ALTER COLUMN n TYPE no_such_type;
CREATE VIEW v AS SELECT no_such_column FROM child;

-- an error, then a refusal, then an error again: nothing is left behind
DO $$ BEGIN
    BEGIN DROP TABLE no_such_table; EXCEPTION WHEN undefined_table THEN NULL; END;
    BEGIN TRUNCATE child; EXCEPTION WHEN object_not_in_prerequisite_state THEN NULL; END;
    BEGIN DROP TABLE child; EXCEPTION WHEN object_not_in_prerequisite_state THEN NULL; END;
    BEGIN DROP TABLE parent; EXCEPTION WHEN dependent_objects_still_exist THEN NULL; END;
END $$;
CREATE TABLE harmless (id int);
DROP TABLE harmless;
SELECT count(*) FROM child;

-- a masked role still gets no values
GRANT ALL ON child TO guard_errors_masked;
SET ROLE guard_errors_masked;
INSERT INTO child VALUES (3, NULL, 'secret@example.org', 0);
SELECT * FROM what($$INSERT INTO child VALUES (3, NULL, 'secret@example.org', 0)$$);
