-- Who reads the log: auditors within their scope; owners what was logged while it was theirs, not what a name brings.
CREATE ROLE audit_readers_aud;
CREATE ROLE audit_readers_cls;
CREATE ROLE audit_readers_one;
CREATE ROLE audit_readers_own;
CREATE ROLE audit_readers_thief;
CREATE SCHEMA s;
CREATE SCHEMA t;
GRANT USAGE, CREATE ON SCHEMA s, t TO audit_readers_own, audit_readers_thief;
GRANT USAGE ON SCHEMA s, t TO audit_readers_aud;
SET client_min_messages = warning;
SELECT governance.declare_party('p1', db_roles => '{audit_readers_own}');
SELECT governance.declare_party('gang', db_roles => '{audit_readers_thief}');
SELECT governance.declare_party('paper');
CREATE TABLE s.a (id int PRIMARY KEY, v text);
CREATE TABLE t.b (id int PRIMARY KEY, v text);
SELECT governance.declare_dataset('s.a', class => 'master', owner => 'p1');
SELECT governance.declare_dataset('t.b', class => 'reference');
SELECT governance.start_audit('s.a');
SELECT governance.start_audit('t.b');
INSERT INTO s.a VALUES (1, 'in s');
INSERT INTO t.b VALUES (1, 'in t');
RESET client_min_messages;

-------------------------------------------------------------------------------------------------- auditors with a scope
SELECT governance.grant_duty('auditor', 'audit_readers_aud', 'schema:s');
SELECT governance.grant_duty('auditor', 'audit_readers_cls', 'class:reference');
SELECT governance.grant_duty('auditor', 'audit_readers_one', 'dataset:s.a');
SET ROLE audit_readers_aud;
SELECT kind, op, relation_name, new_row ->> 'v' AS v FROM governance.audit_log ORDER BY id;
SELECT op, new_row ->> 'v' AS v FROM governance.history('s.a', '1');
SELECT op, new_row ->> 'v' AS v FROM governance.history('t.b', '1');
SET ROLE audit_readers_cls;
SELECT kind, op, relation_name, new_row ->> 'v' AS v FROM governance.audit_log ORDER BY id;
SET ROLE audit_readers_one;
SELECT kind, op, relation_name, new_row ->> 'v' AS v FROM governance.audit_log ORDER BY id;
RESET ROLE;
-- also of what is gone
SELECT governance.forget_dataset('s.a', 'gone');
SELECT governance.stop_audit('s.a', 'gone');
DROP TABLE s.a;
SET ROLE audit_readers_aud;
SELECT op, relation_name FROM governance.audit_log WHERE op IN ('forget_dataset', 'stop_audit') ORDER BY id;
RESET ROLE;

---------------------------------------------------------------------------- a name is no key to what was logged about it
SET ROLE audit_readers_own;
CREATE TABLE s.sec (id int PRIMARY KEY, v text);
SELECT governance.declare_dataset('s.sec', description => 'project of the owner');
SELECT op FROM governance.audit_log WHERE object = 's.sec' ORDER BY id;
RESET ROLE;
SELECT governance.forget_dataset('s.sec', 'the reason is nobody''s business');
SET ROLE audit_readers_own;
SELECT op, reason FROM governance.audit_log WHERE object = 's.sec' ORDER BY id;
DROP TABLE s.sec;
SET ROLE audit_readers_thief;
CREATE TABLE s.sec (id int PRIMARY KEY);
SELECT op, reason, statement FROM governance.audit_log;
-- nor with a declaration of their own
SELECT governance.declare_dataset('s.sec', description => 'mine');
SELECT governance.declare_dataset('s.sec', owner => 'gang');
SELECT op, db_role, new_row FROM governance.audit_log WHERE object = 's.sec' ORDER BY id;
-- nor under the name of a party without members
SELECT governance.declare_dataset('s.sec', owner => 'paper');
SELECT DISTINCT db_role FROM governance.audit_log WHERE object = 's.sec';
-- nor by a rename
RESET ROLE;
SELECT governance.forget_dataset('s.sec', 'again');
SET ROLE audit_readers_thief;
DROP TABLE s.sec;
CREATE TABLE s.other (id int PRIMARY KEY);
ALTER TABLE s.other RENAME TO sec;
SELECT op, db_role FROM governance.audit_log WHERE db_role <> current_user;
DROP TABLE s.sec;
RESET ROLE;

---------------------------------------------------------- the party that a dataset belonged to goes on reading, and rows
SET client_min_messages = warning;
SET ROLE audit_readers_own;
CREATE TABLE t.pay (id int PRIMARY KEY, v text);
SELECT governance.declare_dataset('t.pay', owner => 'p1', description => 'salaries');
SELECT governance.start_audit('t.pay');
INSERT INTO t.pay VALUES (1, 'of the owner');
RESET ROLE;
SELECT governance.set_level('guard', 'observe', 'dataset:t.pay', reason => 'drill');
SET ROLE audit_readers_own;
DROP TABLE t.pay;
SET ROLE audit_readers_thief;
CREATE TABLE t.pay (id int PRIMARY KEY, v text);
INSERT INTO t.pay VALUES (1, 'of the thief');
SELECT op, new_row FROM governance.history('t.pay', '1');
SELECT op, db_role FROM governance.audit_log WHERE relation = 't.pay'::regclass;
SET ROLE audit_readers_own;
SELECT kind, op, new_row ->> 'v' AS v FROM governance.audit_log WHERE relation = 't.pay'::regclass ORDER BY id;
RESET ROLE;
-- where another party gets it, that one reads from then on
SELECT governance.declare_dataset('t.pay', owner => 'gang');
SET ROLE audit_readers_thief;
INSERT INTO t.pay VALUES (2, 'of the gang');
SELECT kind, op, new_row ->> 'v' AS v, new_row ->> 'owner' AS owner FROM governance.audit_log WHERE relation = 't.pay'::regclass ORDER BY id;
RESET ROLE;
