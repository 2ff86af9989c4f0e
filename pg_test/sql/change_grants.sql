-- Grants through changes: on columns, passed on, with the grant option; and what the log says about the gate.
\set SHOW_CONTEXT never
CREATE ROLE change_grants_owner;
CREATE ROLE change_grants_app;
CREATE ROLE change_grants_other;
CREATE SCHEMA shop AUTHORIZATION change_grants_owner;
GRANT USAGE ON SCHEMA shop TO change_grants_app, change_grants_other;
SET ROLE change_grants_owner;
CREATE TABLE shop.customer (id int PRIMARY KEY, name text, "Tel." text);
INSERT INTO shop.customer VALUES (1, 'n', 't');
GRANT SELECT ON shop.customer TO change_grants_app WITH GRANT OPTION;
GRANT UPDATE ("Tel.") ON shop.customer TO change_grants_app WITH GRANT OPTION;
GRANT SELECT (name), UPDATE (name) ON shop.customer TO change_grants_other;
SET ROLE change_grants_app;
GRANT SELECT ON shop.customer TO change_grants_other;
RESET ROLE;
CREATE VIEW grants AS
    SELECT grantee::text, NULL AS column_name, privilege_type, is_grantable FROM information_schema.table_privileges
     WHERE table_schema = 'shop' AND grantee <> 'change_grants_owner'
    UNION ALL
    SELECT x.grantee::regrole::text, a.attname, x.privilege_type, CASE WHEN x.is_grantable THEN 'YES' ELSE 'NO' END
      FROM pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) x
     WHERE a.attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'shop'::regnamespace) AND NOT a.attisdropped
     ORDER BY 1, 2 NULLS FIRST, 3;
TABLE grants;

-- in quarantine nobody reads the table; undone, everybody may what they might
SET ROLE change_grants_owner;
SELECT governance.propose_change('DROP TABLE shop.customer', 'replaced');
SELECT governance.approve_change(1, 'replaced', '{not_observed}');
CALL governance.advance_change(1);
RESET ROLE;
TABLE grants;
SET ROLE change_grants_owner;
SELECT governance.undo_change(1);
RESET ROLE;
TABLE grants;

-- a renamed column keeps its grants as they were
SET ROLE change_grants_owner;
SELECT governance.propose_change('ALTER TABLE shop.customer RENAME COLUMN "Tel." TO phone', 'plain');
SELECT governance.approve_change(2, 'plain', '{not_observed}');
CALL governance.advance_change(2);
CALL governance.advance_change(2);
RESET ROLE;
SELECT * FROM grants WHERE column_name = 'phone';

-- the log keeps the certificate that opened the gate
SELECT object, new_row #> '{certificate,valid}' AS valid, new_row #> '{certificate,problems}' AS problems
  FROM governance.audit_entry WHERE op = 'contract_change' ORDER BY id;

-- a table that is renamed while its column is in quarantine: undone, and ended, under its new name
SET ROLE change_grants_owner;
SELECT governance.propose_change('ALTER TABLE shop.customer DROP COLUMN name', 'x');
SELECT governance.approve_change(3, 'x', '{not_observed}');
CALL governance.advance_change(3);
RESET ROLE;
SET client_min_messages = error;
ALTER TABLE shop.customer RENAME TO client;
ALTER SCHEMA shop RENAME TO store;
RESET client_min_messages;
SELECT change, relation, state FROM governance.changes WHERE change = 3;
SET ROLE change_grants_owner;
SELECT governance.undo_change(3, 'needed');
SELECT name FROM store.client;
