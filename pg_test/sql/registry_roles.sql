-- needs: attached
-- A role is a person, not a name: rights follow a role that is renamed, and a new role of a dropped one's name gets none.
\pset format unaligned
\pset null '-'
SET client_min_messages = warning;
CREATE ROLE registry_roles_op LOGIN;
CREATE ROLE registry_roles_app LOGIN;
CREATE ROLE registry_roles_writer LOGIN;
CREATE ROLE registry_roles_seer LOGIN;
CREATE TABLE customer (id int PRIMARY KEY, email text);
INSERT INTO customer VALUES (1, 'someone@example.org');
SELECT governance.grant_duty('operator', 'registry_roles_op');
SELECT governance.declare_party('sales', db_roles => '{registry_roles_app}');
SELECT governance.declare_dataset('customer', 'sales', 'master');
SELECT governance.tag_column('customer', 'email', 'pii.contact.email');
SELECT governance.declare_writer('customer', 'registry_roles_writer');
SELECT governance.set_level('boundary.writers', 'enforce', 'dataset:public.customer');
SELECT governance.mask_role('public');
SELECT governance.grant_unmask('registry_roles_seer', 'pii.contact.email', 'support');
GRANT SELECT, INSERT ON customer TO PUBLIC;
CREATE FUNCTION who() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    said text := '';
BEGIN
    BEGIN PERFORM governance.declare_party('x'); said := said || 'operator '; EXCEPTION WHEN insufficient_privilege THEN NULL; END;
    BEGIN PERFORM governance.declare_dataset('customer', description => clock_timestamp()::text); said := said || 'owner '; EXCEPTION WHEN insufficient_privilege THEN NULL; END;
    BEGIN INSERT INTO customer VALUES ((random() * 1e9)::int); said := said || 'writer '; EXCEPTION WHEN insufficient_privilege THEN NULL; END;
    IF (SELECT email FROM customer WHERE id = 1) = 'someone@example.org' THEN said := said || 'sees '; END IF;
    RETURN said;
END $$;
SET ROLE registry_roles_op; SELECT who(); RESET ROLE;
SET ROLE registry_roles_app; SELECT who(); RESET ROLE;
SET ROLE registry_roles_writer; SELECT who(); RESET ROLE;
SET ROLE registry_roles_seer; SELECT who(); RESET ROLE;

-- renamed: the same rights
ALTER ROLE registry_roles_op RENAME TO registry_roles_op2;
ALTER ROLE registry_roles_app RENAME TO registry_roles_app2;
ALTER ROLE registry_roles_writer RENAME TO registry_roles_writer2;
ALTER ROLE registry_roles_seer RENAME TO registry_roles_seer2;
SET ROLE registry_roles_op2; SELECT who(); RESET ROLE;
SET ROLE registry_roles_app2; SELECT who(); RESET ROLE;
SET ROLE registry_roles_writer2; SELECT who(); RESET ROLE;
SET ROLE registry_roles_seer2; SELECT who(); RESET ROLE;
SELECT jsonb_path_query_array(governance.manifest(), '$.*[*].role'), jsonb_path_query_array(governance.manifest(), '$.parties[*].db_roles');
-- somebody takes a name that became free: none of them
CREATE ROLE registry_roles_op;
CREATE ROLE registry_roles_app;
CREATE ROLE registry_roles_writer;
CREATE ROLE registry_roles_seer;
SET ROLE registry_roles_op; SELECT who(); RESET ROLE;
SET ROLE registry_roles_app; SELECT who(); RESET ROLE;
SET ROLE registry_roles_writer; SELECT who(); RESET ROLE;
SET ROLE registry_roles_seer; SELECT who(); RESET ROLE;
-- the next act calls them by their names of today
SELECT governance.grant_duty('auditor', 'registry_roles_op');
SELECT duty, role FROM governance.duties;
SELECT name, db_roles FROM governance.parties WHERE name = 'sales';
SELECT relation, role FROM governance.writers;
SELECT op, object, old_row, new_row FROM governance.audit_entry WHERE op = 'follow_role' ORDER BY object;
-- the auditor is the new role, and not an operator
SET ROLE registry_roles_op; SELECT who(), governance._has_duty('auditor'); RESET ROLE;

-- dropped, and the name taken: nothing, until it is granted again
SELECT feature, detail, fix FROM governance.status() WHERE feature = 'roles';
DROP ROLE registry_roles_op2;
SELECT feature, detail, fix FROM governance.status() WHERE feature = 'roles';
CREATE ROLE registry_roles_op2;
SET ROLE registry_roles_op2; SELECT who(); RESET ROLE;
SELECT feature, detail, fix FROM governance.status() WHERE feature = 'roles';
SELECT governance.grant_duty('operator', 'registry_roles_op2');
SET ROLE registry_roles_op2; SELECT who(); RESET ROLE;
SELECT op, object FROM governance.audit_entry WHERE op = 'grant_duty' ORDER BY id;
-- the new role of a party's name cannot bring itself back in
DROP OWNED BY registry_roles_app2;
DROP ROLE registry_roles_app2;
CREATE ROLE registry_roles_app2;
SELECT governance.grant_duty('operator', 'registry_roles_app2');
SET SESSION AUTHORIZATION registry_roles_app2;
SELECT governance.declare_party('sales', db_roles => '{registry_roles_app2}');
RESET SESSION AUTHORIZATION;
SELECT governance.revoke_duty('operator', 'registry_roles_app2', reason => 'tests');
SET ROLE registry_roles_app2; SELECT who(); RESET ROLE;
SELECT governance.declare_party('sales', db_roles => '{registry_roles_app2}');
SET ROLE registry_roles_app2; SELECT who(); RESET ROLE;
-- a rolled back rename changes nothing
BEGIN;
ALTER ROLE registry_roles_app2 RENAME TO registry_roles_app3;
SELECT governance.declare_party('y');
SELECT db_roles FROM governance.parties WHERE name = 'sales';
ROLLBACK;
SELECT db_roles FROM governance.parties WHERE name = 'sales';
SET ROLE registry_roles_app2; SELECT who(); RESET ROLE;
SELECT governance.unmask_role('public', 'tests');
