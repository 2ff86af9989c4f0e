-- Consumers, decisions, duties and proposals: what they do and what they refuse.
\pset format unaligned
\pset null '-'
\set VERBOSITY default
CREATE ROLE registry_acts_app LOGIN;
CREATE ROLE registry_acts_op LOGIN;
CREATE ROLE registry_acts_member LOGIN;
CREATE ROLE registry_acts_stranger LOGIN;
CREATE ROLE registry_acts_group;
GRANT registry_acts_group TO registry_acts_op;
CREATE SCHEMA shop AUTHORIZATION registry_acts_app;
SET ROLE registry_acts_app;
CREATE TABLE shop.customer (id int PRIMARY KEY, email text, "Odd ""Col" text, gone int);
ALTER TABLE shop.customer DROP COLUMN gone;
CREATE TABLE shop."Order.s" (id int PRIMARY KEY, customer int REFERENCES shop.customer);
CREATE VIEW shop.report AS SELECT count(*) AS n FROM shop.customer;
RESET ROLE;

-- duties
SELECT governance.grant_duty('operator', 'registry_acts_op');
SELECT governance.grant_duty('operator', 'registry_acts_op');
SELECT governance.grant_duty('king', 'registry_acts_op');
SELECT governance.grant_duty('operator', 'registry_acts_nobody');
SELECT governance.grant_duty('operator', NULL);
SELECT governance.grant_duty('operator', 'registry_acts_op', 'schema:shop');
SELECT governance.grant_duty('operator', 'postgres');
SELECT duty, role, scope FROM governance.duties;
SET SESSION AUTHORIZATION registry_acts_op;
SELECT governance.grant_duty('auditor', 'registry_acts_op');
SELECT governance.grant_duty('auditor', 'registry_acts_group');
SELECT governance.grant_duty('auditor', 'registry_acts_stranger', 'dataset:shop.customer');
RESET SESSION AUTHORIZATION;
-- a scoped auditor sees what lies within, and nothing else
SET ROLE registry_acts_stranger;
SELECT relation, declared FROM governance.datasets;
SELECT governance.manifest();
RESET ROLE;
-- a revoked duty ends at once
SELECT governance.revoke_duty('auditor', 'registry_acts_stranger');
SELECT governance.revoke_duty('auditor', 'registry_acts_stranger', 'dataset:shop.customer');
SET ROLE registry_acts_stranger;
SELECT relation FROM governance.datasets;
RESET ROLE;
-- membership counts from the statement on in which it is granted
GRANT pg_monitor TO registry_acts_stranger;
SET ROLE registry_acts_stranger;
SELECT count(*) FROM governance.datasets;
RESET ROLE;
REVOKE pg_monitor FROM registry_acts_stranger;
SET ROLE registry_acts_stranger;
SELECT count(*) FROM governance.datasets;
RESET ROLE;
-- the duty of a role that is dropped is named, with the way out
CREATE ROLE registry_acts_gone;
SELECT governance.grant_duty('auditor', 'registry_acts_gone');
DROP ROLE registry_acts_gone;
SELECT feature, active, detail, fix FROM governance.status() WHERE feature = 'roles';
SELECT governance.revoke_duty('auditor', 'registry_acts_gone');

-- backup: SELECT on everything that a dump reads, and back
SELECT governance.grant_duty('backup', 'registry_acts_app');
SELECT count(*) = 0 AS all_readable FROM pg_extension e, unnest(e.extconfig) AS t(relid)
 WHERE extname = 'data_governance' AND NOT has_table_privilege('registry_acts_app', t.relid, 'SELECT');
SELECT governance.revoke_duty('backup', 'registry_acts_app');
SELECT count(*) AS still_readable FROM pg_extension e, unnest(e.extconfig) AS t(relid)
 WHERE extname = 'data_governance' AND has_table_privilege('registry_acts_app', t.relid, 'SELECT');

-- declarations name what is refused from now on, once
SELECT governance.declare_party('sales', db_roles => '{registry_acts_app}');
SELECT governance.declare_dataset('shop.customer', owner => 'sales', class => 'master');
SELECT governance.declare_dataset('shop.customer', domain => 'sales');
SELECT governance.declare_dataset('shop.report', owner => 'sales', class => 'analytical');

-- consumers
SELECT governance.declare_party('crm', db_roles => '{registry_acts_member}');
SET ROLE registry_acts_app;
SELECT governance.declare_consumer('shop.customer', 'crm', '{email,"Odd \"Col"}', 'newsletter', now() + '1 year');
SELECT governance.declare_consumer('shop.customer', 'crm', purpose => 'newsletter and invoices');
SELECT governance.declare_consumer('shop.customer', 'nobody');
SELECT governance.declare_consumer('shop.customer', 'crm', '{Email}');
SELECT governance.declare_consumer('shop.customer', 'crm', '{gone}');
SELECT governance.declare_consumer('shop.customer', 'crm', ARRAY['email', NULL]);
SELECT governance.declare_consumer('shop.customer', 'crm', ARRAY[repeat('x', 64)]);
SELECT governance.declare_consumer('shop.customer', 'crm', valid_until => '2020-01-01');
SELECT governance.declare_consumer(NULL, 'crm');
SELECT governance.declare_consumer('pg_class', 'crm');
SELECT relation, party, columns, purpose, valid_until > now() AS open FROM governance.consumers;
GRANT USAGE ON SCHEMA shop TO registry_acts_member;
RESET ROLE;
SET ROLE registry_acts_member;
SELECT governance.declare_consumer('shop.customer', 'crm', purpose => 'everything');
SELECT governance.forget_consumer('shop.customer', 'crm');
RESET ROLE;
-- what a savepoint takes back is gone
BEGIN;
SAVEPOINT s;
SELECT governance.forget_consumer('shop.customer', 'crm');
ROLLBACK TO s;
SELECT count(*) FROM governance.consumers;
COMMIT;
SELECT governance.forget_consumer('shop.customer', 'crm');
SELECT governance.forget_consumer('shop.customer', 'crm');

-- decisions
SELECT governance.record_decision('ledger in PostgreSQL', objects => '{shop.customer}', access_pattern => 'by key',
    alternatives => '[{"what": "MongoDB", "why_not": "no joins"}]', owner => 'sales', review_by => current_date + 365);
SELECT governance.record_decision('ledger in PostgreSQL', access_pattern => 'by key and by day');
SELECT governance.record_decision('  ');
SELECT governance.record_decision(NULL);
SELECT governance.record_decision('x', owner => 'nobody');
SELECT governance.record_decision('x', review_by => '2020-01-01');
SELECT governance.record_decision('x', alternatives => '{"what": "MongoDB"}');
SELECT governance.record_decision('x', objects => ARRAY[NULL]::text[]);
SELECT title, kind, objects, access_pattern, alternatives, owner, review_by > current_date AS open FROM governance.decisions;
-- the party that answers for it may change it, another may not
SET ROLE registry_acts_app;
SELECT governance.record_decision('ledger in PostgreSQL', kind => 'store');
SELECT governance.record_decision('ledger in PostgreSQL', owner => 'crm');
SELECT governance.record_decision('another one');
SELECT governance.record_decision('another one', owner => 'sales');
SELECT governance.forget_decision('another one');
RESET ROLE;
SET ROLE registry_acts_member;
SELECT governance.forget_decision('ledger in PostgreSQL');
RESET ROLE;
SELECT governance.forget_decision('ledger in PostgreSQL');
SELECT governance.forget_decision('ledger in PostgreSQL');

-- proposals
SELECT kind, object, value, confidence FROM governance.proposals ORDER BY kind, object;
SELECT kind, object, value, action FROM governance.accept_proposals(min_confidence => 0.3) ORDER BY kind, object;
SELECT count(*) AS declared_by_a_dry_run FROM governance.datasets WHERE declared AND relation_name = 'Order.s';
SELECT * FROM governance.accept_proposals(min_confidence => 1.5);
SELECT * FROM governance.accept_proposals(kind => 'wish');
SELECT * FROM governance.accept_proposals(scope => 'table:x');
SET ROLE registry_acts_stranger;
SELECT * FROM governance.accept_proposals();
SELECT governance.accept_proposal(1);
RESET ROLE;
SET ROLE registry_acts_app;
SELECT governance.accept_proposal(id) FROM governance.proposals WHERE kind = 'class' AND object = 'shop."Order.s"';
SELECT governance.reject_proposal(id, 'no') FROM governance.proposals WHERE kind = 'class' AND object = 'shop."Order.s"';
RESET ROLE;
-- the class is rejected for good; the owner is accepted, in bulk: nothing above warn
SELECT id AS class_id FROM governance.proposals WHERE kind = 'class' AND object = 'shop."Order.s"' \gset
SELECT governance.reject_proposal(:class_id, '');
SELECT governance.reject_proposal(:class_id, NULL);
SELECT governance.reject_proposal(:class_id, 'it is reference data');
SELECT governance.reject_proposal(:class_id, 'again');
DO $$ BEGIN PERFORM governance.accept_proposal((SELECT id FROM governance.proposal WHERE kind = 'class' AND state = 'rejected'));
EXCEPTION WHEN object_not_in_prerequisite_state THEN RAISE NOTICE 'refused with 55000'; END $$;
SELECT kind, object, value, action FROM governance.accept_proposals(min_confidence => 0, scope => 'schema:shop', dry_run => false) ORDER BY kind, object;
SELECT kind, object FROM governance.proposals WHERE object LIKE 'shop.%' ORDER BY 1, 2;
SELECT relation, owner, class, in_bulk FROM governance.datasets WHERE schema_name = 'shop';
SELECT feature, level, source FROM governance.effective_levels('shop."Order.s"') WHERE feature LIKE 'guard%';
-- what is forgotten may be guessed again; accepting needs a party that bears the role
SELECT governance.forget_dataset('shop."Order.s"', 'test');
SELECT kind, object, value FROM governance.proposals WHERE object = 'shop."Order.s"';
SELECT governance.accept_proposal(id) FROM governance.proposals WHERE kind = 'owner' AND object = 'shop."Order.s"';
-- tags come in as proposals
INSERT INTO governance.proposal (id, kind, schema_name, relation_name, column_name, value, confidence)
    VALUES (1, 'tag', 'shop', 'customer', 'email', 'pii.contact.email', 0.95), (2, 'tag', 'shop', 'customer', 'gone', 'pii.name', 0.95),
           (3, 'tag', 'shop', 'dropped', 'x', 'pii.name', 0.95);
SELECT kind, object, value, action FROM governance.accept_proposals('tag');
SELECT governance.accept_proposal(1);
SELECT governance.accept_proposal(1);
SELECT governance.accept_proposal(2);
SELECT governance.accept_proposal(3);
SELECT relation, column_name, tag, source FROM governance.column_tags;
-- every act is a row of the log
SELECT op, count(*) FROM governance.audit_entry WHERE kind = 'act' GROUP BY op ORDER BY op;
SELECT declared, tags, open_proposals, expired, mode, restoring FROM governance.health;
