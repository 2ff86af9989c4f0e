-- Who starts, stops and reads; nobody changes the log.
CREATE ROLE audit_rights_owner;
CREATE ROLE audit_rights_writer;
CREATE ROLE audit_rights_auditor;
CREATE ROLE audit_rights_all;
GRANT pg_read_all_data TO audit_rights_all;
CREATE ROLE audit_rights_monitor;
GRANT pg_monitor TO audit_rights_monitor;
CREATE SCHEMA shut;
CREATE TABLE shut.hidden (id int PRIMARY KEY);
SELECT governance.start_audit('shut.hidden');
INSERT INTO shut.hidden VALUES (1);
CREATE TABLE t (id int PRIMARY KEY, v text);
ALTER TABLE t OWNER TO audit_rights_owner;
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON t TO audit_rights_writer;

-- a plain role may not, an owner may
SET ROLE audit_rights_writer;
SELECT governance.start_audit('t');
SET ROLE audit_rights_owner;
SELECT governance.start_audit('t');
SELECT governance.start_audit('t');
RESET ROLE;
SELECT op, object, db_role, session_role, new_row FROM governance.audit_log WHERE op = 'start_audit' AND object = 'public.t';

-- a writer needs no right on anything of ours
SET ROLE audit_rights_writer;
INSERT INTO t VALUES (1, 'a');
UPDATE t SET v = 'b';
SELECT current_user;
-- and reads nothing, its own rows neither
SELECT count(*) FROM governance.audit_log;
SELECT * FROM governance.history('t', '1');
SELECT * FROM governance.audit_entry;
INSERT INTO governance.audit_entry (kind, op, db_role, session_role) VALUES ('act', 'forged', 'x', 'x');
UPDATE governance.audit_entry SET op = 'x';
DELETE FROM governance.audit_log;
SELECT governance.stop_audit('t', 'I want to');
ALTER TABLE t DISABLE TRIGGER data_governance_audit_row;
-- a function of the reader's own sees nothing either
CREATE FUNCTION pg_temp.leak(jsonb) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN RAISE NOTICE 'leaked %', $1; RETURN true; END $$;
SELECT count(*) FROM governance.audit_log WHERE pg_temp.leak(new_row);
RESET ROLE;

-- owners read the rows of their relations, and not of others
SET ROLE audit_rights_owner;
SELECT op, relation, key, new_row, db_role FROM governance.audit_log ORDER BY id;
SELECT op, new_row FROM governance.history('t', '1');
-- stopping weakens: the steward's, here an operator's
SELECT governance.stop_audit('t', 'I want to');
-- so does leaving out more
SELECT governance.start_audit('t', '{v}');
RESET ROLE;
SET ROLE audit_rights_monitor;
SELECT count(*) FROM governance.audit_log;
RESET ROLE;
-- pg_read_all_data reads any table and so the log's: docs/audit.md says so; the view shows it nothing
SET ROLE audit_rights_all;
SELECT count(*) FROM governance.audit_log;
RESET ROLE;
INSERT INTO governance.duty (duty, role) VALUES ('auditor', 'audit_rights_auditor');
SET ROLE audit_rights_auditor;
SELECT op, relation_name, key FROM governance.audit_log ORDER BY id;
RESET ROLE;
SELECT governance.declare_party('audit_rights_party', db_roles => '{audit_rights_all}');
SELECT governance.declare_dataset('t', owner => 'audit_rights_party');
SET ROLE audit_rights_all;
SELECT op, relation_name FROM governance.audit_log WHERE kind = 'row' ORDER BY id;
RESET ROLE;

-- append-only, for superusers too
UPDATE governance.audit_entry SET op = 'x';
DELETE FROM governance.audit_entry WHERE false;
TRUNCATE governance.audit_entry;
DELETE FROM governance.audit_statement;
MERGE INTO governance.audit_entry e USING (SELECT 1) o ON true WHEN MATCHED THEN DELETE;
SET session_replication_role = replica;
DELETE FROM governance.audit_entry;
RESET session_replication_role;

-- stop: needs a reason, and nothing it weakens before commit
SELECT governance.stop_audit('t');
BEGIN;
SELECT governance.stop_audit('t', 'migration');
INSERT INTO t VALUES (2, 'still logged');
SET CONSTRAINTS ALL IMMEDIATE;
UPDATE t SET v = 'still' WHERE id = 2;
COMMIT;
INSERT INTO t VALUES (3, 'not logged');
TRUNCATE t;
SELECT op, key, new_row FROM governance.audit_log WHERE relation = 't'::regclass AND kind = 'row' ORDER BY id OFFSET 2;
SELECT op, reason, old_row, new_row FROM governance.audit_log WHERE op = 'stop_audit';
SELECT governance.start_audit('t');
-- rolled back, it never was: whether or not the backend looked in between
BEGIN;
SELECT governance.stop_audit('t', 'oops');
INSERT INTO t VALUES (4, 'logged');
ROLLBACK;
BEGIN;
SAVEPOINT s;
SELECT governance.stop_audit('t', 'oops');
INSERT INTO t VALUES (5, 'rolled back');
ROLLBACK TO s;
INSERT INTO t VALUES (6, 'logged');
COMMIT;
INSERT INTO t VALUES (7, 'logged');
-- columns: leaving out more needs a reason and waits for the commit, leaving out less does neither
SELECT governance.start_audit('t', '{v}');
BEGIN;
SELECT governance.start_audit('t', '{v}', 'too wide');
INSERT INTO t VALUES (8, 'seen');
COMMIT;
INSERT INTO t VALUES (9, 'unseen');
SELECT governance.start_audit('t', '{}');
INSERT INTO t VALUES (10, 'seen');
SELECT op, key, new_row FROM governance.audit_log WHERE relation = 't'::regclass AND kind = 'row' ORDER BY id OFFSET 4;
SELECT op, reason, old_row, new_row FROM governance.audit_log WHERE op = 'start_audit' AND object = 'public.t' ORDER BY id;

-- the kill switch is not for the session
SET governance.enabled = off;

-- triggers that an owner takes away come back at once
CREATE ROLE audit_rights_heir;
GRANT CREATE ON SCHEMA public TO audit_rights_owner, audit_rights_heir;
SET ROLE audit_rights_owner;
CREATE TABLE public.pay (id int PRIMARY KEY, v text);
SELECT governance.start_audit('pay');
DROP TRIGGER data_governance_audit_row ON pay;
CREATE OR REPLACE TRIGGER data_governance_audit_row AFTER INSERT ON pay FOR EACH ROW EXECUTE FUNCTION public.nothing();
-- where the guard is told to let that pass, they come back
RESET ROLE;
SELECT governance.set_level('guard.disabling-guard', 'off', reason => 'suite');
SET ROLE audit_rights_owner;
DROP TRIGGER data_governance_audit_row ON pay;
INSERT INTO pay VALUES (1, 'dropped');
ALTER TRIGGER data_governance_audit_row ON pay RENAME TO mine;
INSERT INTO pay VALUES (2, 'renamed');
CREATE FUNCTION public.nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE OR REPLACE TRIGGER data_governance_audit_row AFTER INSERT ON pay FOR EACH ROW EXECUTE FUNCTION public.nothing();
INSERT INTO pay VALUES (3, 'replaced');
SELECT new_row FROM governance.audit_log WHERE relation = 'pay'::regclass AND kind = 'row' ORDER BY id;
SELECT tgname, tgenabled, tgfoid::regproc FROM pg_trigger WHERE tgrelid = 'pay'::regclass ORDER BY 1;

-- another role's table of the same name is audited, but is no key to what was logged before
DROP TABLE pay;
SET ROLE audit_rights_heir;
CREATE TABLE public.pay (id int PRIMARY KEY, v text);
INSERT INTO pay VALUES (1, 'of the heir');
SELECT op, new_row FROM governance.history('pay', '1');
SELECT op, new_row FROM governance.audit_log WHERE kind = 'row';
DROP TABLE pay;
CREATE TABLE public.other_pay (id int PRIMARY KEY, v text);
SET ROLE audit_rights_owner;
CREATE TABLE public.pay (id int PRIMARY KEY, v text);
INSERT INTO pay VALUES (1, 'of the owner again');
DROP TABLE pay;
SET ROLE audit_rights_heir;
ALTER TABLE other_pay RENAME TO pay;
INSERT INTO pay VALUES (1, 'renamed by the heir');
SELECT op, new_row FROM governance.history('pay', '1');
RESET ROLE;
SELECT op, new_row FROM governance.history('pay', '1');
