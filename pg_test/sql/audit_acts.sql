-- Everything that changes in what is stated is a row of the log: also what nobody named.
\pset format unaligned
SET client_min_messages = error;
SET governance.reason = 'tests';
CREATE SCHEMA a;
CREATE ROLE audit_acts_etl;
CREATE ROLE audit_acts_auditor;
SELECT governance.declare_party('team', db_roles => '{postgres}'), governance.declare_party('crm'), governance.declare_party('erp');
CREATE TABLE seen (id uuid);
-- what the log has since the last look
CREATE FUNCTION news() RETURNS TABLE (op text, object text, before text, after text) LANGUAGE sql AS $$
    WITH new AS (INSERT INTO seen SELECT l.id FROM governance.audit_log l WHERE l.kind = 'act' AND l.id NOT IN (SELECT id FROM seen) RETURNING id)
    SELECT l.op, l.object, jsonb_pretty(l.old_row - 'id')::jsonb::text, (l.new_row - 'id')::text
      FROM governance.audit_log l JOIN new USING (id) ORDER BY l.id $$;
CREATE FUNCTION quiet() RETURNS void LANGUAGE sql AS 'INSERT INTO seen SELECT l.id FROM governance.audit_log l WHERE l.id NOT IN (SELECT id FROM seen)';

-- columns: dropped, renamed, in a tree
CREATE TABLE a.c (id int, fax text, mail text, gone text);
SELECT governance.declare_dataset('a.c', 'team', 'reference'), governance.tag_column('a.c', 'mail', 'pii.contact.email'),
       governance.deprecate_column('a.c', 'fax', '2100-01-01', 'mail'), governance.declare_consumer('a.c', 'crm', '{mail,id}'),
       governance.set_level('guard', 'observe', 'dataset:a.c');
CREATE TABLE a.tree (id int, mail text) PARTITION BY LIST (id);
CREATE TABLE a.tree_1 PARTITION OF a.tree FOR VALUES IN (1);
SELECT governance.tag_column('a.tree', 'mail', 'pii.contact.email'), governance.tag_column('a.tree_1', 'mail', 'pii.name');
SELECT quiet();
ALTER TABLE a.c RENAME mail TO "e mail";
SELECT * FROM news();
ALTER TABLE a.c RENAME gone TO went;
SELECT * FROM news();
ALTER TABLE a.c DROP fax, DROP went;
SELECT * FROM news();
ALTER TABLE a.tree RENAME mail TO email;
SELECT * FROM news();

-- renames: what waited under the new name is told, and what comes of both
CREATE TABLE a.q (id int, old text, mail text);
SELECT governance.declare_dataset('a.q', 'team', 'master'), governance.tag_column('a.q', 'mail', 'pii.contact.email'),
       governance.deprecate_column('a.q', 'old', '2100-01-01'), governance.declare_consumer('a.q', 'erp'), governance.set_level('guard', 'observe', 'dataset:a.q');
DROP TABLE a.q;
CREATE TABLE a.r (id int, old text, mail text);
SELECT governance.declare_dataset('a.r', 'team', 'reference'), governance.declare_consumer('a.r', 'crm'), governance.set_level('guard', 'observe', 'dataset:a.r');
SELECT quiet();
ALTER TABLE a.r RENAME TO q;
SELECT * FROM news();
SELECT governance.reject_proposal(id, 'another') FROM governance.proposals WHERE kind = 'identity';
SELECT * FROM news();
-- a schema
CREATE SCHEMA b;
CREATE TABLE b.t (id int, v text);
SELECT governance.declare_dataset('b.t', 'team'), governance.set_level('guard', 'warn', 'schema:b'), governance.grant_duty('auditor', 'audit_acts_auditor', 'schema:b');
SELECT quiet();
ALTER SCHEMA b RENAME TO bb;
SELECT * FROM news();
ALTER SCHEMA bb RENAME TO b;
SELECT quiet();
-- what concerns nobody leaves no row
CREATE SCHEMA empty;
ALTER SCHEMA empty RENAME TO hollow;
CREATE TABLE hollow.t (id int, v text);
ALTER TABLE hollow.t RENAME v TO w;
ALTER TABLE hollow.t RENAME TO u;
SELECT * FROM news();

-- a swap, and the answer
CREATE TABLE a.s (id int, mail text, fax text);
CREATE TABLE a.s_new (id int, mail text, fax text);
SELECT governance.declare_dataset('a.s', 'team', 'master'), governance.tag_column('a.s', 'mail', 'pii.contact.email'),
       governance.deprecate_column('a.s', 'fax', '2100-01-01'), governance.declare_consumer('a.s', 'crm', '{mail}'),
       governance.declare_writer('a.s', 'audit_acts_etl'), governance.set_level('guard.breaks_clients', 'enforce', 'dataset:a.s'),
       governance.grant_duty('auditor', 'audit_acts_auditor', 'dataset:a.s'), governance.record_decision('why', objects => '{a.s}');
SELECT governance.set_level('guard.data_loss', 'observe', 'dataset:a.s_new', valid_until => '2100-01-01');
SELECT governance.set_level('guard', 'observe', 'dataset:a.s');
SELECT governance.set_level('guard.breaks_clients', 'warn', 'dataset:a.s');
SELECT quiet();
BEGIN;
ALTER TABLE a.s RENAME TO s_old;
ALTER TABLE a.s_new RENAME TO s;
COMMIT;
SELECT * FROM news();
SELECT governance.reject_proposal(id, 'another') FROM governance.proposals WHERE kind = 'identity' AND object = 'a.s';
SELECT * FROM news();
-- a column swap
CREATE TABLE a.cs (id int, mail text, mail_new text);
SELECT governance.tag_column('a.cs', 'mail', 'pii.contact.email');
ALTER TABLE a.cs RENAME mail TO mail_old;
SELECT quiet();
ALTER TABLE a.cs RENAME mail_new TO mail;
SELECT * FROM news();
-- a partition that leaves
SELECT governance.declare_dataset('a.tree', 'team', 'transactional'), governance.declare_consumer('a.tree', 'crm'), governance.start_audit('a.tree', '{email}');
SELECT quiet();
ALTER TABLE a.tree DETACH PARTITION a.tree_1;
SELECT * FROM news();

-- forgotten, with the contracts
SELECT governance.declare_consumer('a.c', 'erp', purpose => 'planning');
SELECT quiet();
SELECT governance.forget_dataset('a.c', 'the end');
SELECT * FROM news();
SELECT op, reason FROM governance.audit_log WHERE op LIKE 'forget%' ORDER BY id;

-- a party's things go to another, each with a row; of two contracts both are told
CREATE TABLE a.w (id int);
SELECT governance.declare_consumer('a.q', 'erp', '{id}', 'planning', '2100-01-01'), governance.declare_consumer('a.q', 'crm', '{mail}', 'mailing', '2110-01-01');
SELECT governance.declare_consumer('a.w', 'crm', '{id}', 'mailing');
SELECT governance.record_decision('why not', owner => 'crm');
SELECT governance.waive_finding(fingerprint, 'tests', owner => 'crm') FROM governance.findings WHERE object = 'a.w' AND check_id LIKE 'OWN%' ORDER BY check_id LIMIT 1;
SELECT quiet();
SELECT * FROM governance.transfer_party('crm', 'erp');
SELECT * FROM news();
