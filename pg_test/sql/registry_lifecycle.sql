-- needs: attached
-- What happens to declarations over time: levels previewed before they are raised, columns deprecated, parties
-- reorganised.
\pset format unaligned
\pset null '-'
\set VERBOSITY default
SET client_min_messages = notice;
CREATE ROLE registry_life_owner LOGIN;
CREATE ROLE registry_life_reader LOGIN;
CREATE ROLE registry_life_op LOGIN;
CREATE SCHEMA s;
GRANT USAGE ON SCHEMA s TO PUBLIC;
SELECT governance.declare_party('sales', db_roles => '{registry_life_owner}');
SELECT governance.declare_party('crm', db_roles => '{registry_life_reader}');
CREATE ROLE registry_life_erp;
SELECT governance.declare_party('erp', db_roles => '{registry_life_erp}');
SELECT governance.grant_duty('operator', 'registry_life_op');
CREATE TABLE s.customer (id int PRIMARY KEY, email text, "Fax №" text, phone text);
CREATE TABLE s.orders (id int PRIMARY KEY, note text);
INSERT INTO s.customer VALUES (1, 'a@b.c', '1', '2');
GRANT SELECT ON s.customer TO registry_life_reader;

-- preview_level: who would have been refused
ALTER TABLE s.orders DROP COLUMN note;
SET application_name = 'flyway';
CREATE TABLE s.old_one (id int);
CREATE TABLE s.old_two (id int);
ALTER TABLE s.old_two RENAME TO old_three;
DROP TABLE s.old_one;
RESET application_name;
SELECT object, role, application, times, example, verdict FROM governance.preview_level('guard', 'enforce') ORDER BY object;
SELECT object, verdict FROM governance.preview_level('guard.breaks_clients', 'warn', 'schema:s') ORDER BY object;
SELECT object, verdict FROM governance.preview_level('guard.ban-drop-table', 'enforce', since => now() + '1 h');
-- a narrower level decides already
SELECT governance.set_level('guard', 'off', 'dataset:s.orders', 'tests');
SELECT object FROM governance.preview_level('guard', 'enforce') ORDER BY object;
SELECT object FROM governance.preview_level('guard', 'enforce', 'dataset:s.orders') ORDER BY object;
SELECT governance.reset_level('guard', 'dataset:s.orders', 'tests');
-- what cannot be replayed, and bad input
SELECT * FROM governance.preview_level('privacy.masks', 'enforce');
SELECT * FROM governance.preview_level('guard.nothing', 'enforce');
SELECT * FROM governance.preview_level('guard', 'loud');
SELECT * FROM governance.preview_level('guard', 'enforce', 'table:x');
-- boundaries
SELECT governance.declare_writer('s.orders', 'registry_life_owner');
SELECT governance.declare_dataset('s.orders', class => 'transactional');
SET application_name = 'nightly';
INSERT INTO s.orders VALUES (3);
INSERT INTO s.orders VALUES (4);
DELETE FROM s.orders;
RESET application_name;
SELECT object, role, application, times, verdict FROM governance.preview_level('boundary', 'enforce') ORDER BY object;
SELECT object, role, application, times, verdict FROM governance.preview_level('boundary.writers', 'warn', 'class:transactional') ORDER BY object;
SELECT governance.forget_dataset('s.orders', 'tests');
SELECT governance.forget_writer('s.orders', 'registry_life_owner', 'tests');
-- a plain role sees what it may see: nothing here
SET ROLE registry_life_reader;
SELECT count(*) FROM governance.preview_level('boundary', 'enforce');
RESET ROLE;

-- deprecate_column
SELECT governance.declare_dataset('s.customer', 'sales', 'master');
SELECT governance.declare_consumer('s.customer', 'crm', '{id,"Fax №"}', valid_until => '2150-01-01');
GRANT SELECT, INSERT, UPDATE ON s.customer TO registry_life_owner;
SET ROLE registry_life_owner;
SELECT governance.deprecate_column('s.customer', 'Fax №', '2100-01-01', 'phone');
SELECT governance.deprecate_column('s.customer', 'fax', '2100-01-01');
SELECT governance.deprecate_column('s.customer', 'phone', '2000-01-01');
SELECT governance.deprecate_column('s.customer', 'phone', '2100-01-01', 'phone');
SELECT governance.deprecate_column('s.customer', 'phone', '2100-01-01', ' ');
SELECT governance.deprecate_column('s.customer', 'phone', NULL);
SELECT governance.deprecate_column('s.customer', NULL, '2100-01-01');
RESET ROLE;
SET ROLE registry_life_reader;
SELECT governance.deprecate_column('s.customer', 'phone', '2100-01-01');
-- a reader is told once, whatever the way it reads
SELECT email FROM s.customer;
SELECT * FROM s.customer;
SELECT * FROM s.customer;
\c - registry_life_reader
SET client_min_messages = notice;
SELECT count(*) FROM s.customer;
SELECT c FROM s.customer c;
\c - postgres
SET client_min_messages = notice;
SELECT id FROM s.customer WHERE "Fax №" = '1';
CREATE VIEW s.v AS SELECT id, "Fax №" AS fax FROM s.customer;
\c - postgres
SET client_min_messages = notice;
SELECT id FROM s.v;
\c - postgres
SET client_min_messages = notice;
PREPARE p AS INSERT INTO s.customer (id, "Fax №") VALUES ($1, 'x');
EXECUTE p(2);
EXECUTE p(3);
\c - postgres
SET client_min_messages = notice;
DO $$ DECLARE x text; BEGIN SELECT "Fax №" INTO x FROM s.customer LIMIT 1; END $$;
-- COPY of the table, and so pg_dump, says nothing
\c - postgres
SET client_min_messages = notice;
COPY s.customer TO '/dev/null';
-- partitions and children say it too
CREATE TABLE s.event (at date, old text) PARTITION BY RANGE (at);
CREATE TABLE s.event_1 PARTITION OF s.event DEFAULT;
SELECT governance.deprecate_column('s.event', 'old', '2100-01-01');
SELECT old FROM s.event_1;
SELECT relation, column_name, sunset::date, replacement, is_over FROM governance.deprecations;
SELECT kind, object, valid_until::date, is_over FROM governance.expirations;
-- it follows renames, and so does its replacement
ALTER TABLE s.event RENAME COLUMN old TO older;
ALTER TABLE s.event RENAME TO happening;
SELECT governance.set_level('guard', 'off', 'dataset:s.customer', 'tests');
ALTER TABLE s.customer RENAME COLUMN phone TO phone_number;
SELECT relation, column_name, replacement FROM governance.deprecations;
-- levels: off is quiet, enforce refuses after the sunset
SELECT governance.set_level('deprecation', 'off', 'dataset:s.customer', 'tests');
\c - postgres
SET client_min_messages = notice;
SELECT "Fax №" FROM s.customer WHERE id = 1;
SELECT governance.set_level('deprecation', 'enforce', 'dataset:s.customer');
SELECT "Fax №" FROM s.customer WHERE id = 1;
-- rows by hand, as if time had passed
SELECT governance.set_level('guard.disabling-guard', 'off', reason => 'suite');
UPDATE governance.deprecation SET sunset = '2001-01-01' WHERE relation_name = 'customer';
SELECT "Fax №" FROM s.customer WHERE id = 1;
SELECT id FROM s.customer WHERE id = 1;
SELECT governance.set_level('deprecation', 'warn', 'dataset:s.customer', 'tests');
SELECT "Fax №" FROM s.customer WHERE id = 1;
SELECT governance.undeprecate_column('s.customer', 'Fax №');
SELECT governance.undeprecate_column('s.customer', 'Fax №');
\c - postgres
SET client_min_messages = notice;
SELECT "Fax №" FROM s.customer WHERE id = 1;
-- what is rolled back leaves nothing
BEGIN;
SELECT governance.deprecate_column('s.customer', 'email', '2100-01-01');
ROLLBACK;
SELECT email FROM s.customer WHERE id = 1;

-- transfer_party
SELECT governance.declare_dataset('s.orders', 'sales', steward => 'sales', arbiter => 'crm');
SELECT governance.declare_consumer('s.orders', 'sales', '{id}', 'billing', '2100-01-01');
SELECT governance.declare_consumer('s.orders', 'erp', '{id}', 'planning', '2120-01-01');
SELECT governance.declare_consumer('s.customer', 'sales');
SELECT governance.record_decision('why PostgreSQL', owner => 'sales');
SELECT governance.transfer_party('sales', 'nobody');
SELECT governance.transfer_party('sales', 'sales');
SELECT governance.transfer_party(NULL, 'sales');
SET ROLE registry_life_reader;
SELECT * FROM governance.transfer_party('sales', 'crm');
RESET ROLE;
-- nobody takes over for themselves
SELECT governance.declare_party('ops', db_roles => '{registry_life_op}');
SET SESSION AUTHORIZATION registry_life_op;
SELECT * FROM governance.transfer_party('sales', 'ops');
SELECT * FROM governance.transfer_party('sales', 'erp');
SELECT * FROM governance.transfer_party('sales', 'erp');
RESET SESSION AUTHORIZATION;
SELECT relation, owner, steward, arbiter FROM governance.datasets WHERE declared;
SELECT relation, party, columns, purpose, valid_until::date FROM governance.consumers;
SELECT title, owner FROM governance.decisions;
SELECT governance.forget_party('sales');
SELECT op, object, old_row, new_row FROM governance.audit_entry WHERE op IN ('transfer_party', 'deprecate_column', 'undeprecate_column') ORDER BY id;

-- readers without a contract are findings, where there are contracts
CREATE ROLE registry_life_stranger;
GRANT SELECT ON s.customer TO registry_life_stranger;
GRANT SELECT (id) ON s.orders TO registry_life_stranger;
SELECT object, finding, remediation_sql FROM governance.assess('{D1}') WHERE check_id = 'OWN-009' AND status <> 'pass' ORDER BY object, finding;
SELECT remediation_sql FROM governance.assess('{D1}') WHERE check_id = 'OWN-009' AND status <> 'pass' ORDER BY object, finding \gexec
SELECT count(*) AS left FROM governance.assess('{D1}') WHERE check_id = 'OWN-009' AND status <> 'pass';

-- decisions: only accepted ones count; the workload of the day stands in them
CREATE INDEX doc_idx ON s.orders USING hash (id);
CREATE EXTENSION pg_trgm;
SELECT governance.record_decision('trigrams', objects => '{extension pg_trgm}', status => 'proposed');
SELECT check_id, object FROM governance.assess('{D6,P1}') WHERE check_id IN ('ADR-001', 'ADR-007') AND status <> 'pass' ORDER BY 1, 2;
SELECT governance.record_decision('trigrams', status => 'accepted');
SELECT governance.record_decision('trigrams', status => 'maybe');
SELECT governance.record_decision('hash', objects => '{index method hash}', access_pattern => 'equality only');
SELECT check_id, object FROM governance.assess('{D6,P1}') WHERE check_id IN ('ADR-001', 'ADR-007') AND status <> 'pass' ORDER BY 1, 2;
CREATE TABLE s.counter (id int PRIMARY KEY, n int);
INSERT INTO s.counter SELECT i, 0 FROM generate_series(1, 2000) i;
SELECT pg_stat_force_next_flush();
SELECT governance.record_decision('counters in a table', objects => '{s.counter}', access_pattern => 'append only');
SELECT title, status, workload -> 'tables' ->> 'inserted' AS inserted, workload -> 'tables' ->> 'updated' AS updated FROM governance.decisions WHERE title LIKE 'counters%';
SELECT count(*) AS drifted FROM governance.assess('{P1}') WHERE check_id = 'ADR-008' AND status <> 'pass';
UPDATE s.counter SET n = n + 1;
SELECT pg_stat_force_next_flush();
SELECT object, finding, remediation_sql FROM governance.assess('{P1}') WHERE check_id = 'ADR-008' AND status <> 'pass';
SELECT remediation_sql FROM governance.assess('{P1}') WHERE check_id = 'ADR-008' AND status <> 'pass' ORDER BY object, finding \gexec
SELECT count(*) AS drifted FROM governance.assess('{P1}') WHERE check_id = 'ADR-008' AND status <> 'pass';
-- counters that were reset meanwhile
SELECT governance._drift('{"a": 5000, "b": 5000}', '{"a": 10, "b": 1990}'), governance._drift('{"a": 5000, "b": 5000}', '{"a": 10, "b": 10}'),
       governance._drift('{"a": 5000, "b": 5000}', '{"a": 10000, "b": 10000}');
