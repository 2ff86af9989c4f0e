-- Relations that belong to an extension: they move, and are made, without a statement that names them.
\pset format unaligned
SET client_min_messages = warning;
CREATE SCHEMA one;
CREATE SCHEMA "t.wo";
CREATE EXTENSION pg_stat_statements SCHEMA one VERSION '1.8';
CREATE TABLE one.member (id int PRIMARY KEY, email text);
CREATE TABLE one.loose (id int PRIMARY KEY);
ALTER EXTENSION pg_stat_statements ADD TABLE one.member;
SELECT governance.declare_dataset('one.pg_stat_statements', class => 'analytical');
SELECT governance.tag_column('one.pg_stat_statements', 'query', 'pii.name');
SELECT governance.tag_column('one.member', 'email', 'pii.contact.email');
SELECT governance.start_audit('one.member');
CREATE VIEW stated AS
    SELECT 'dataset' AS what, format('%I.%I', schema_name, relation_name) AS relation, class AS value FROM governance.dataset
    UNION ALL SELECT 'tag', format('%I.%I', schema_name, relation_name), column_name || ': ' || tag FROM governance.column_tag
    UNION ALL SELECT 'audit', format('%I.%I', schema_name, relation_name), NULL FROM governance.audited_relation
    ORDER BY 1, 2, 3;
ALTER EXTENSION pg_stat_statements SET SCHEMA "t.wo";
SELECT * FROM stated;
SELECT before, now FROM (SELECT old_row ->> 'relation' AS before, new_row ->> 'relation' AS now FROM governance.audit_log WHERE op = 'follow_rename' ORDER BY id) l;
INSERT INTO "t.wo".member VALUES (1, 'x@example.com');
SELECT op, new_row FROM governance.history('"t.wo".member', '1');
-- undone with the transaction, and after a restore, where nothing is bound
BEGIN;
ALTER EXTENSION pg_stat_statements SET SCHEMA one;
SELECT * FROM stated;
ROLLBACK;
SELECT * FROM stated;
DELETE FROM governance.binding;
ALTER EXTENSION pg_stat_statements SET SCHEMA one;
SELECT * FROM stated;
-- a script that drops and creates: the name keeps what is stated, and a rename of what it made is followed
ALTER EXTENSION pg_stat_statements UPDATE TO '1.10';
SELECT * FROM stated;
SELECT b.relid = 'one.pg_stat_statements'::regclass AS bound FROM governance.binding b WHERE relation_name = 'pg_stat_statements';
ALTER EXTENSION pg_stat_statements SET SCHEMA "t.wo";
SELECT * FROM stated;
-- extensions that come and go
ALTER EXTENSION pg_stat_statements DROP TABLE "t.wo".member;
DROP EXTENSION pg_stat_statements;
CREATE EXTENSION pg_stat_statements SCHEMA "t.wo";
SELECT b.relid = '"t.wo".pg_stat_statements'::regclass AS bound FROM governance.binding b WHERE relation_name = 'pg_stat_statements';
