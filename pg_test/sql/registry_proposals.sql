-- Proposals from evidence: what each kind goes by, who may decide, and that what is accepted at once weakens and raises nothing.
\pset format unaligned
\pset null '-'
\set SHOW_CONTEXT never
-- an empty database proposes nothing
SELECT count(*) FROM governance.proposals;
SELECT * FROM governance.accept_proposals();

CREATE ROLE proposals_crm;
CREATE ROLE proposals_app;
CREATE ROLE proposals_other;
CREATE ROLE proposals_reader;
CREATE ROLE proposals_group;
CREATE ROLE proposals_member LOGIN;
GRANT proposals_group TO proposals_member;
CREATE ROLE proposals_backup;
CREATE ROLE proposals_super SUPERUSER;
CREATE ROLE proposals_op;
CREATE ROLE proposals_steward;
CREATE ROLE "Proposals Röle";
CREATE ROLE crm_data;
SELECT governance.grant_duty('operator', 'proposals_op');
SET client_min_messages = warning;
SELECT governance.grant_duty('backup', 'proposals_backup');
RESET client_min_messages;

--------------------------------------------------------------------------------------------------------------- owners
CREATE SCHEMA crm AUTHORIZATION proposals_crm;
CREATE SCHEMA crm_data;
CREATE SCHEMA billing;
COMMENT ON SCHEMA billing IS 'Invoices and payments. Owner: finance.';
CREATE TABLE crm.customer (id int PRIMARY KEY, name text, email text, phone text, city text);
ALTER TABLE crm.customer OWNER TO proposals_crm;
CREATE TABLE crm_data.lead (id int PRIMARY KEY, customer_id int REFERENCES crm.customer, source text, met_at timestamptz DEFAULT now());
CREATE TABLE billing.invoice (id int PRIMARY KEY, customer_id int REFERENCES crm.customer, invoiced_on date, total numeric);
CREATE TABLE billing.invoice_line (invoice_id int REFERENCES billing.invoice, line int, quantity int, article text, PRIMARY KEY (invoice_id, line));
CREATE TABLE billing.dunning_level (code char(2) PRIMARY KEY, name text);
COMMENT ON TABLE billing.dunning_level IS '@owner "proposals_crm", see the handbook';
COMMENT ON TABLE billing.invoice_line IS 'the owner: the finance department knows';
GRANT SELECT, INSERT, UPDATE ON crm.customer TO proposals_app;
GRANT INSERT ON crm_data.lead TO proposals_app, proposals_other;
GRANT ALL ON billing.invoice TO proposals_app, proposals_super, PUBLIC;
SELECT object, value, confidence, evidence FROM governance.proposals WHERE kind = 'owner' ORDER BY object;
-- recorded writes say more than grants: of rows that are audited, and of writes by others than the declared writers
SET client_min_messages = warning;
SELECT governance.start_audit('billing.invoice');
GRANT USAGE ON SCHEMA billing, crm_data TO proposals_app, proposals_other;
SET ROLE proposals_app;
INSERT INTO billing.invoice SELECT i, NULL, '2026-01-01', 1 FROM generate_series(1, 40) i;
RESET ROLE;
INSERT INTO governance.boundary_violation (schema_name, relation_name, role, application, op, level, times)
    VALUES ('crm_data', 'lead', 'proposals_other', 'x', 'INSERT', 'observe', 12), ('crm_data', 'lead', 'proposals_app', 'x', 'INSERT', 'observe', 4);
RESET client_min_messages;
SELECT object, value, confidence, evidence FROM governance.proposals WHERE kind = 'owner' AND object IN ('billing.invoice', 'crm_data.lead') ORDER BY object;
-- how often is for those who may read the log
GRANT SELECT ON billing.invoice TO proposals_reader;
SET ROLE proposals_reader;
SELECT object, value, evidence FROM governance.proposals WHERE kind = 'owner';
RESET ROLE;

-------------------------------------------------------------------------------------------------------------- classes
SELECT pg_stat_force_next_flush();
SELECT object, value, confidence, evidence FROM governance.proposals WHERE kind = 'class' ORDER BY object;
-- behaviour speaks against a name: rows that come and go, a list that is written all the time
CREATE TABLE billing.mail_type (id int PRIMARY KEY, payload text);
INSERT INTO billing.mail_type SELECT i, 'x' FROM generate_series(1, 300) i;
UPDATE billing.mail_type SET payload = 'y';
DELETE FROM billing.mail_type WHERE id > 1;
SELECT pg_stat_force_next_flush();
SELECT value, confidence, evidence -> 'signals' AS signals, evidence -> 'others' AS others
  FROM governance.proposals WHERE kind = 'class' AND object = 'billing.mail_type';
DROP TABLE billing.mail_type;
-- nothing to go by: no guess
CREATE TABLE billing.xyzzy (a int);
SELECT kind FROM governance.proposals WHERE object = 'billing.xyzzy' ORDER BY 1;
DROP TABLE billing.xyzzy;
-- a rejected class makes room for the second best
SELECT id AS best FROM governance.proposals WHERE kind = 'class' AND object = 'crm_data.lead' \gset
SELECT governance.reject_proposal(:best, 'a lead is somebody');
SELECT value, confidence FROM governance.proposals WHERE kind = 'class' AND object = 'crm_data.lead';

-------------------------------------------------------------------------------------------------------------- domains
CREATE TABLE public.hr_person (id int PRIMARY KEY, x text);
CREATE TABLE public.hr_absence (id int PRIMARY KEY, y text);
CREATE TABLE public.hr_wage (id int PRIMARY KEY, z text);
CREATE TABLE public.ware (id int PRIMARY KEY);
CREATE TABLE public.ware_price (id int PRIMARY KEY, ware_id int REFERENCES public.ware);
CREATE TABLE public.ware_picture (id int PRIMARY KEY, ware_id int REFERENCES public.ware);
SELECT object, value, confidence, evidence FROM governance.proposals WHERE kind = 'domain' ORDER BY object;
-- what people declared counts more; what was accepted in bulk proves nothing
SELECT governance.declare_party('finance');
SET client_min_messages = warning;
SELECT governance.declare_dataset('public.ware', domain => 'catalogue', description => 'x');
SELECT governance.declare_dataset('public.ware_price', domain => 'catalogue');
RESET client_min_messages;
SELECT object, value, confidence, evidence FROM governance.proposals WHERE kind = 'domain' AND object LIKE 'public.%' ORDER BY object;
DROP TABLE public.hr_person, public.hr_absence, public.hr_wage;

------------------------------------------------------------------------------------------------------------- concepts
CREATE SCHEMA shop;
CREATE TABLE shop.customers (customer_no bigint PRIMARY KEY, name text, email text, phone text, city text, created_at timestamptz DEFAULT now());
CREATE TABLE shop.customers_old (name varchar(80), email text, phone text, city text, gone text);
ALTER TABLE shop.customers_old DROP COLUMN gone;
CREATE TABLE shop.colour (code text, name text);
CREATE TABLE shop.size (code text, name text);
CREATE VIEW shop.customer_view AS SELECT * FROM shop.customers;
CREATE TABLE shop.part_of (LIKE shop.customers) PARTITION BY RANGE (created_at);
CREATE TABLE shop.part_of_1 PARTITION OF shop.part_of DEFAULT;
SELECT object, value, confidence, evidence FROM governance.proposals WHERE kind = 'concept' ORDER BY object;
DROP TABLE shop.part_of, shop.colour, shop.size;

------------------------------------------------------------------------------------------------------------ consumers
GRANT SELECT ON crm.customer TO proposals_reader, proposals_group, proposals_backup, proposals_super, PUBLIC;
GRANT SELECT (name, city) ON crm.customer TO "Proposals Röle";
GRANT SELECT ON crm.customer TO pg_read_all_stats;
SELECT object, value, confidence, evidence FROM governance.proposals WHERE kind = 'consumer' AND object = 'crm.customer' ORDER BY value;
-- accepted: a party for the role, the columns that were granted
SELECT object, value, action FROM governance.accept_proposals('consumer', 0, 'schema:crm') ORDER BY value;
SELECT governance.accept_proposal(id) FROM governance.proposals WHERE kind = 'consumer' AND value = 'Proposals Röle';
SELECT relation, party, columns FROM governance.consumers;
SELECT name, kind, db_roles FROM governance.parties ORDER BY 1;
-- once declared, no proposal; nor for the owner's own role
SELECT governance.declare_party('customers', db_roles => '{proposals_crm,proposals_reader}');
SET client_min_messages = warning;
SELECT governance.declare_dataset('crm.customer', owner => 'customers');
RESET client_min_messages;
SELECT value FROM governance.proposals WHERE kind = 'consumer' AND object = 'crm.customer' ORDER BY value;
-- two roles of one party are one consumer
SELECT governance.declare_party('readers', db_roles => '{proposals_reader,proposals_other}');
GRANT SELECT ON shop.customers TO proposals_other;
GRANT SELECT ON shop.customers TO proposals_group;
SELECT governance.declare_party('readers', db_roles => '{proposals_group,proposals_other}');
SELECT value, action FROM governance.accept_proposals('consumer', 0, 'dataset:shop.customers') ORDER BY value;
SELECT value, action FROM governance.accept_proposals('consumer', 0, 'dataset:shop.customers', dry_run => false) ORDER BY value;
SELECT value FROM governance.proposals WHERE kind = 'consumer' AND object = 'shop.customers';

---------------------------------------------------------------------------------------------------------------- rights
-- neither an owner nor a plain role accepts; a steward does for its dataset, but makes no parties
SET ROLE proposals_other;
SELECT * FROM governance.accept_proposals(min_confidence => 0);
RESET ROLE;
SELECT governance.declare_party('stewards', db_roles => '{proposals_steward}');
SET client_min_messages = warning;
SELECT governance.declare_dataset('billing.invoice', steward => 'stewards');
RESET client_min_messages;
GRANT SELECT ON billing.invoice TO proposals_other;
SET ROLE proposals_steward;
SELECT kind, object, value, action FROM governance.accept_proposals(min_confidence => 0);
SELECT governance.accept_proposal(governance._proposal_id('owner', 'billing', 'invoice', NULL, 'proposals_app'));
SELECT governance.accept_proposal(governance._proposal_id('consumer', 'billing', 'invoice', NULL, 'proposals_reader'));
SELECT governance.accept_proposal(governance._proposal_id('class', 'billing', 'invoice', NULL, 'transactional'));
SELECT governance.accept_proposal(governance._proposal_id('class', 'billing', 'invoice', NULL, 'transactional'));
-- what one has no privilege on is not there
SELECT DISTINCT object FROM governance.proposals;
SELECT governance.accept_proposal(governance._proposal_id('class', 'shop', 'customers', NULL, 'master'));
RESET ROLE;
-- a class that was declared singly by another means is not overwritten by a guess that this statement remembers
DO $$
DECLARE
    guess bigint := governance._proposal_id('class', 'shop', 'customers', NULL, 'master');
    other bigint := governance._proposal_id('class', 'shop', 'customers_old', NULL, 'master');
BEGIN
    RAISE NOTICE 'accepted: %', governance.accept_proposal(other);
    PERFORM governance.declare_dataset('shop.customers', class => 'reference');
    PERFORM governance.accept_proposal(guess);
EXCEPTION WHEN undefined_object THEN RAISE NOTICE '%', SQLERRM;
END $$;

------------------------------------------------------------------------------------------------------------- rejecting
CREATE TABLE shop."Odd ""Näme; --" (id int PRIMARY KEY, "Straße" text, email text, phone text, fax text);
CREATE TABLE shop.abcdefghijklmnopqrstuvwxyz_abcdefghijklmnopqrstuvwxyz_customer (id int PRIMARY KEY, email text);
SELECT kind, object, value, confidence FROM governance.proposals WHERE object ~ 'Odd|abcdef' AND kind IN ('class', 'domain') ORDER BY 1, 2;
SELECT governance.reject_proposal(id, 'no') FROM governance.proposals WHERE object ~ 'Odd|abcdef' AND kind IN ('class', 'domain', 'owner');
SELECT kind, object FROM governance.proposals WHERE object ~ 'Odd|abcdef' AND kind IN ('class', 'domain', 'owner') ORDER BY 1, 2;
-- also when the name is dropped and comes again, and under another name
DROP TABLE shop.abcdefghijklmnopqrstuvwxyz_abcdefghijklmnopqrstuvwxyz_customer;
CREATE TABLE shop.abcdefghijklmnopqrstuvwxyz_abcdefghijklmnopqrstuvwxyz_customer (id int PRIMARY KEY, email text);
ALTER TABLE shop."Odd ""Näme; --" RENAME TO "Even";
SELECT kind, object FROM governance.proposals WHERE object ~ 'Even|abcdef' AND kind IN ('class', 'domain', 'owner') ORDER BY 1, 2;
SELECT count(*) AS ids_that_are_wrong FROM governance.proposal p
 WHERE p.id <> governance._proposal_id(p.kind, p.schema_name, p.relation_name, p.column_name, p.value);
-- in another schema, as part of one that is renamed, and back
CREATE SCHEMA store;
ALTER TABLE shop."Even" SET SCHEMA store;
ALTER SCHEMA store RENAME TO depot;
SELECT kind, object FROM governance.proposals WHERE object ~ 'Even' AND kind IN ('class', 'owner') ORDER BY 1, 2;
ALTER TABLE depot."Even" SET SCHEMA shop;
SELECT kind, object FROM governance.proposals WHERE object ~ 'Even' AND kind IN ('class', 'domain', 'owner') ORDER BY 1, 2;
DROP SCHEMA depot;
-- a new relation under the old name is another matter
CREATE TABLE shop."Odd ""Näme; --" (id int PRIMARY KEY, "Straße" text, email text);
SELECT kind, value FROM governance.proposals WHERE object ~ 'Odd' AND kind = 'class';
SELECT governance.reject_proposal(id, 'no') FROM governance.proposals WHERE object ~ 'Odd' AND kind = 'class';
SELECT kind, object FROM governance.proposals WHERE object ~ 'Odd|Even' AND kind = 'class' ORDER BY 1, 2;
SELECT kind, object, action FROM governance.accept_proposals(min_confidence => 0, dry_run => true) WHERE object ~ 'Even|abcdef' AND kind IN ('class', 'domain', 'owner');
-- what a run accepts it does once; the second finds nothing of it
SELECT kind, object, value, action FROM governance.accept_proposals(min_confidence => 0.5, scope => 'schema:billing', dry_run => false) ORDER BY 1, 2;
SELECT kind, object, value, action FROM governance.accept_proposals(min_confidence => 0.5, scope => 'schema:billing', dry_run => false) ORDER BY 1, 2;
SELECT relation_name, owner, class, domain, concept, in_bulk FROM governance.datasets WHERE schema_name = 'billing';

------------------------------------------------------------------------------------------------------- 300 at once
CREATE ROLE proposals_team;
CREATE SCHEMA many AUTHORIZATION proposals_team;
SET ROLE proposals_team;
DO $$
DECLARE
    nouns text[] := '{customer,order,status,shipment,product,daily_summary}';
BEGIN
    FOR i IN 1..300 LOOP
        EXECUTE format('CREATE TABLE many.%I (id int PRIMARY KEY, name text, email text, other text, c%s int)',
            format('t%s_%s', i, nouns[1 + i % 6]), i);
        EXECUTE format('GRANT SELECT ON many.%I TO proposals_reader', format('t%s_%s', i, nouns[1 + i % 6]));
    END LOOP;
    CREATE MATERIALIZED VIEW many.report AS SELECT 1 AS n;
END $$;
RESET ROLE;
-- declared one by one: the class analytical would lower what it has
SET client_min_messages = warning;
SELECT governance.declare_dataset('many.report', description => 'declared singly');
SELECT governance.declare_dataset('many.t5_daily_summary', description => 'declared singly');
RESET client_min_messages;
CREATE TEMP TABLE before AS SELECT d.relation, l.feature, l.level FROM governance.datasets d, governance.effective_levels(d.relation) l WHERE d.schema_name = 'many';
CREATE TEMP TABLE dry AS SELECT * FROM governance.accept_proposals(min_confidence => 0, scope => 'schema:many');
CREATE TEMP TABLE done AS SELECT * FROM governance.accept_proposals(min_confidence => 0, scope => 'schema:many', dry_run => false);
-- the dry run said exactly what was done
SELECT count(*) FROM (TABLE dry EXCEPT TABLE done UNION ALL (TABLE done EXCEPT TABLE dry)) x;
SELECT kind, count(*), count(*) FILTER (WHERE action LIKE 'skip%') AS skipped, count(DISTINCT value) AS different FROM done GROUP BY 1 ORDER BY 1;
SELECT object, action FROM done WHERE action LIKE 'skip%' ORDER BY 1;
SELECT action, count(*) FROM done WHERE kind IN ('owner', 'consumer') GROUP BY 1 ORDER BY 1;
-- no level above warn, but those of what was declared singly; and for these none was lowered
CREATE TEMP TABLE now AS SELECT d.relation, d.in_bulk, l.feature, l.level FROM governance.datasets d, governance.effective_levels(d.relation) l WHERE d.schema_name = 'many';
-- disabling-guard is enforced whether anything is declared or not
SELECT in_bulk, level, count(DISTINCT relation) AS relations FROM now WHERE feature <> 'guard.disabling-guard' AND feature <> 'privacy' AND feature NOT LIKE 'privacy.%' GROUP BY 1, 2 ORDER BY 1, 2;
SELECT DISTINCT feature, level FROM now WHERE in_bulk AND feature ~ '^(privacy|guard\.[a-z_]+$)' ORDER BY 1, 2;
SELECT count(*) AS lowered FROM now n JOIN before b USING (relation, feature)
 WHERE NOT n.in_bulk AND array_position('{off,observe,warn,enforce}', n.level) < array_position('{off,observe,warn,enforce}', b.level);
-- masks mask what is tagged: untagged tables have nothing to mask, and a tag is accepted on its own
SELECT count(*) FROM governance.column_tags WHERE schema_name = 'many';
SELECT name, db_roles, owns FROM governance.parties WHERE owns > 100;
SELECT count(*) FROM governance.proposals WHERE object LIKE 'many.%';
-- one act per dataset and one for the run
SELECT op, count(*) FROM governance.audit_entry WHERE kind = 'act' AND (schema_name = 'many' OR op = 'accept_proposals') GROUP BY 1 ORDER BY 1;
-- levels that are set for a class hold for what is accepted, and never lower
SELECT governance.set_level('guard', 'enforce', 'schema:shop');
SELECT governance.set_level('guard', 'off', 'class:reference', 'lists are small');
CREATE TABLE shop.colour_type (id int PRIMARY KEY, name text);
CREATE TABLE shop.paint (id int PRIMARY KEY, colour_type_id int REFERENCES shop.colour_type);
SELECT object, value, action FROM governance.accept_proposals('class', 0, 'dataset:shop.colour_type', dry_run => false);
-- one by one in one statement
CREATE TABLE shop.address (id int PRIMARY KEY, email text);
CREATE TABLE shop.payment (id int PRIMARY KEY, paid_at timestamptz, address_id int REFERENCES shop.address);
SELECT p.object, governance.accept_proposal(p.id) FROM governance.proposals p WHERE p.kind = 'class' AND p.object IN ('shop.address', 'shop.payment') ORDER BY 1;
-- what an exception takes back may be accepted again in the same statement
CREATE TABLE shop.refund (id int PRIMARY KEY, at timestamptz);
DO $$
DECLARE
    id bigint := (SELECT p.id FROM governance.proposals p WHERE p.kind = 'class' AND p.object = 'shop.refund');
BEGIN
    BEGIN
        RAISE NOTICE '%', governance.accept_proposal(id);
        RAISE EXCEPTION 'taken back';
    EXCEPTION WHEN raise_exception THEN RAISE NOTICE '%', SQLERRM;
    END;
    RAISE NOTICE '%', governance.accept_proposal(id);
    RAISE NOTICE '%', governance.accept_proposal(id);
END $$;
-- what changed between the guess and the decision
CREATE TABLE crm_data.fleeting_order (id int PRIMARY KEY, a text);
GRANT SELECT (a) ON crm_data.fleeting_order TO proposals_group;
SELECT id AS fleeting FROM governance.proposals WHERE object = 'crm_data.fleeting_order' AND kind = 'consumer' \gset
ALTER TABLE crm_data.fleeting_order DROP COLUMN a;
SELECT governance.accept_proposal(:fleeting);
-- an operator who is no superuser accepts too, and makes no party for itself
SELECT governance.set_level('guard.granting-access', 'observe', 'dataset:shop.payment', 'suite');
GRANT SELECT ON shop.payment TO proposals_op;
SET ROLE proposals_op;
SELECT kind, value, action FROM governance.accept_proposals('consumer', 0, 'dataset:shop.payment');
SELECT kind, value, action FROM governance.accept_proposals('consumer', 0, 'dataset:shop.payment', dry_run => false);
RESET ROLE;
