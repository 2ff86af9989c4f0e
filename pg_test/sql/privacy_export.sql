-- Exports in mode installed: masked for everybody, one SELECT only, with a receipt.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE privacy_export_app;
CREATE TABLE person (id int, name text, email text, born date, address varchar(12), zip int); INSERT INTO person VALUES (1, 'RAWCANARY, "A"', 'rawcanary@x.org', '1990-01-01', 'RAWCANARY 12', 12345), (2, '', NULL, NULL, NULL, NULL);
SELECT governance.tag_column('person', c, t) FROM (VALUES ('name', 'pii.name'), ('email', 'pii.contact.email'), ('born', 'pii.birth_date'), ('address', 'pii.contact.address'), ('zip', 'pii.contact.address')) x(c, t);
SELECT governance.mask_role('privacy_export_app');
SELECT * FROM governance.export_query('SELECT * FROM person ORDER BY id');
SELECT * FROM governance.export_query('SELECT * FROM person ORDER BY id; -- all', 'jsonl', 'acme');
SELECT * FROM governance.export_query('SELECT 1 AS one WHERE false');
SELECT * FROM governance.export_query('VALUES (1, ''a,b'')');
-- masks end with the export, and cached plans do not leak into it
PREPARE p AS SELECT name FROM person WHERE id = 1; EXECUTE p;
CREATE FUNCTION who() RETURNS text LANGUAGE plpgsql AS 'DECLARE a text; BEGIN SELECT name INTO a FROM person WHERE id = 1; RETURN a; END';
SELECT who(); SELECT * FROM governance.export_query('SELECT who()'); SELECT who(); EXECUTE p;
-- a mask of its own for a recipient
SELECT governance.set_mask('pii.name', 'constant', '{"value": "somebody"}', 'acme');
SELECT * FROM governance.export_query('SELECT name FROM person ORDER BY id', recipient => 'acme');
SELECT * FROM governance.export_query('SELECT name FROM person ORDER BY id', recipient => 'other');
-- a search path is the caller's
CREATE SCHEMA s; CREATE TABLE s.only_here AS SELECT 7 AS seven; SET search_path = s, public;
SELECT * FROM governance.export_query('SELECT * FROM only_here'); RESET search_path;
-- refused before anything happens
SELECT * FROM governance.export_query('DELETE FROM person');
SELECT * FROM governance.export_query('SELECT 1; SELECT 2');
SELECT * FROM governance.export_query('');
SELECT * FROM governance.export_query('SELECT 1 INTO t');
SELECT * FROM governance.export_query('WITH d AS (DELETE FROM person RETURNING *) SELECT * FROM d');
SELECT * FROM governance.export_query('SELECT * FROM person FOR UPDATE');
SELECT * FROM governance.export_query('COPY person TO STDOUT');
SELECT * FROM governance.export_query('EXPLAIN SELECT 1');
SELECT * FROM governance.export_query('SELECT 1', 'xml');
CREATE FUNCTION sneaky() RETURNS int LANGUAGE sql AS 'DELETE FROM person RETURNING id';
SELECT * FROM governance.export_query('SELECT sneaky()');
SELECT * FROM governance.export_query('SELECT name::int FROM person');
-- an export inside another would end the masks of the outer
CREATE FUNCTION nested() RETURNS text LANGUAGE plpgsql AS 'DECLARE a text; BEGIN PERFORM * FROM governance.export_query(''SELECT 1''); SELECT name INTO a FROM person WHERE id = 1; RETURN a; END';
SELECT * FROM governance.export_query('SELECT nested()');
SELECT name FROM person WHERE id = 1;
SET ROLE privacy_export_app; SELECT * FROM governance.export_query('SELECT * FROM person'); RESET ROLE;
GRANT SELECT ON person TO privacy_export_app; SET ROLE privacy_export_app; SELECT * FROM governance.export_query('SELECT email FROM person ORDER BY id'); SELECT exported_by, format, row_count, length(sha256), masked FROM governance.export_receipts; RESET ROLE;
SELECT exported_by = current_user AS mine, query, format, recipient, row_count FROM governance.export_receipts ORDER BY id;
SELECT m->>'relation' AS relation, m->>'column' AS column, m->>'tags' AS tags, m->>'mask' AS mask, m->>'output' AS output FROM (SELECT masked FROM governance.export_receipts ORDER BY id LIMIT 1) r, jsonb_array_elements(masked) m;
SELECT v.* FROM (SELECT id FROM governance.export_receipts ORDER BY id LIMIT 1) r, governance.verify_receipt(r.id) v WHERE "check" <> 'content';
BEGIN READ ONLY; SELECT * FROM governance.export_query('SELECT email FROM person ORDER BY id'); COMMIT;
SELECT count(*) FROM governance.export_receipts;
-- the setting cannot be held here
SET governance.recipient = 'acme';
SELECT name FROM person;
COPY person TO STDOUT;
SELECT * FROM governance.export_query('SELECT email FROM person ORDER BY id');
RESET governance.recipient;
SELECT count(*) FROM person;
-- keyed masks without a key are NULL
SELECT governance.create_key();
SELECT governance.mask_pseudonym('a') IS NULL AS without_key;
SELECT mask, arguments, types FROM governance.masks;
SELECT governance.mask_email('rawcanary@x.org'), governance.mask_phone('+1 555 123 4567'), governance.mask_partial('Alice', 1), governance.mask_partial('Al', 2, 2), governance.mask_null('x'), governance.mask_constant(NULL, 'c');
DROP OWNED BY privacy_export_app; DROP ROLE privacy_export_app;
