-- needs: attached
-- The scream test: readers of what goes are warned, or fail, for a short while.
\set SHOW_CONTEXT never
CREATE ROLE scream_owner;
CREATE ROLE scream_app;
CREATE ROLE scream_other;
CREATE SCHEMA shop AUTHORIZATION scream_owner;
GRANT USAGE ON SCHEMA shop TO scream_app, scream_other;
SET ROLE scream_owner;
CREATE TABLE shop.customer (id int PRIMARY KEY, phone text, note text);
INSERT INTO shop.customer VALUES (1, 'p', 'n');
GRANT SELECT ON shop.customer TO scream_app, scream_other;
CREATE VIEW shop.phones AS SELECT id, phone FROM shop.customer;
DROP VIEW shop.phones;
SELECT governance.propose_change('ALTER TABLE shop.customer DROP COLUMN phone', 'unused');
SELECT governance.start_scream_test(1, 'loud');
SELECT governance.start_scream_test(1, 'warn', '{scream_nobody}');
SELECT governance.start_scream_test(1, valid_until => now() + interval '2 days');
SELECT governance.start_scream_test(1, valid_until => now() - interval '1 s');
SELECT governance.start_scream_test(NULL), governance.start_scream_test(99);
SET ROLE scream_app;
SELECT governance.start_scream_test(1);
SET ROLE scream_owner;
\set VERBOSITY terse
SELECT governance.start_scream_test(1, 'warn', reason => 'who is there');
SET ROLE scream_app;
SELECT phone FROM shop.customer;
SELECT phone FROM shop.customer;
SELECT note FROM shop.customer;
SET ROLE scream_owner;
SELECT governance.start_scream_test(1, 'enforce', '{scream_app}');
SET ROLE scream_app;
SELECT phone FROM shop.customer;
SELECT count(*) FROM shop.customer WHERE phone = 'p';
SELECT note FROM shop.customer;
SET ROLE scream_other;
SELECT phone FROM shop.customer;
SET ROLE scream_owner;
SELECT governance.stop_scream_test(1, 'heard enough');
SET ROLE scream_app;
SELECT phone FROM shop.customer;
RESET ROLE;
SELECT level, roles, valid_until > started_at AS ended FROM governance.change_scream ORDER BY started_at;
SELECT jsonb_array_length(governance.certificate(1) -> 'scream_tests') AS tests;
SELECT op, object, reason, new_row FROM governance.audit_entry WHERE op LIKE '%scream%' ORDER BY id;
