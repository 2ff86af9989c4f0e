-- TRUNCATE in mode installed: it fires no event trigger, so only audited tables are covered, and everything says so.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE TABLE plain (id int PRIMARY KEY);
CREATE TABLE audited (id int PRIMARY KEY);
CREATE TABLE child (id int REFERENCES audited);
INSERT INTO plain VALUES (1);
INSERT INTO audited VALUES (1);
SELECT governance.declare_party('team', db_roles => '{postgres}');
SELECT governance.declare_dataset('plain', 'team', 'master');
SELECT governance.declare_dataset('audited', 'team', 'master');
SELECT governance.declare_dataset('child', 'team', 'master');
SELECT governance.start_audit('audited');
TRUNCATE audited;
TRUNCATE audited, plain CASCADE;
SELECT (SELECT count(*) FROM plain) AS plain, (SELECT count(*) FROM audited) AS audited;
TRUNCATE plain;
SELECT count(*) FROM plain;
SELECT feature, active, detail, fix FROM governance.status() WHERE feature = 'guard.below_event_triggers';
SELECT governance.set_level('guard.ban-truncate', 'enforce');
SELECT governance.set_level('guard.ban-truncate', 'enforce', 'dataset:public.plain');
SELECT governance.set_level('guard.ban-truncate', 'enforce', 'dataset:public.audited');
SELECT governance.set_level('guard.ban-truncate', 'warn', 'dataset:public.audited', 'a test');
TRUNCATE audited CASCADE;
SELECT op, relation FROM governance.audit_log WHERE op = 'TRUNCATE';
