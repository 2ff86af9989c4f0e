-- Changes that drop: proposed by whoever may run the statement, approved, contracted by call or by a tool's own DDL,
-- brought back.
\set SHOW_CONTEXT never
CREATE ROLE change_drop_owner;
CREATE ROLE change_drop_app;
CREATE ROLE change_drop_other;
CREATE SCHEMA shop AUTHORIZATION change_drop_owner;
GRANT USAGE ON SCHEMA shop TO change_drop_app, change_drop_other;
SET ROLE change_drop_owner;
CREATE TABLE shop.customer (id int PRIMARY KEY, name text, phone text NOT NULL, email text UNIQUE, note text);
CREATE INDEX ON shop.customer (phone);
CREATE VIEW shop.emails AS SELECT id, email FROM shop.customer;
CREATE TABLE shop.event (id int, at date, note text) PARTITION BY RANGE (at);
CREATE TABLE shop.event_2020 PARTITION OF shop.event FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
INSERT INTO shop.customer SELECT g, 'n' || g, 'p' || g, 'e' || g, 'x' FROM generate_series(1, 1000) g;
GRANT SELECT, INSERT, UPDATE ON shop.customer TO change_drop_app;
GRANT SELECT ON shop.customer TO change_drop_other WITH GRANT OPTION;
RESET ROLE;
SELECT governance.declare_party('sales', db_roles => '{change_drop_owner}');
SELECT governance.declare_dataset('shop.customer', 'sales', 'master');
SELECT governance.declare_dataset('shop.event', 'sales', 'transactional');

-- bad wishes
SET ROLE change_drop_owner;
SET search_path = shop;
SELECT governance.propose_change('ALTER TABLE customer DROP COLUMN', 'x');
SELECT governance.propose_change('ALTER TABLE customer DROP COLUMN phone; DROP TABLE customer', 'x');
SELECT governance.propose_change('', 'x');
SELECT governance.propose_change('ALTER TABLE customer DROP COLUMN fax', 'x');
SELECT governance.propose_change('ALTER TABLE nowhere DROP COLUMN fax', 'x');
SELECT governance.propose_change('ALTER TABLE customer DROP COLUMN id', 'x');
SELECT governance.propose_change('ALTER TABLE customer DROP COLUMN email', 'x');
SELECT governance.propose_change('ALTER TABLE customer ADD COLUMN more int', 'x');
SELECT governance.propose_change('ALTER TABLE customer DROP COLUMN phone', NULL);
SELECT governance.propose_change('ALTER TABLE customer DROP COLUMN phone', 'x', up => 'y');
SELECT governance.propose_change('DROP TABLE event', 'x');
SELECT governance.propose_change('ALTER TABLE event DROP COLUMN at', 'x');
SELECT governance.propose_change('ALTER TABLE customer OWNER TO change_drop_app', 'x');
SELECT governance.propose_change('VACUUM FULL customer', 'x');
SET ROLE change_drop_app;
SELECT governance.propose_change('ALTER TABLE shop.customer DROP COLUMN phone', 'x');
SELECT governance.change_plan(1);
SET ROLE change_drop_owner;

-- through advance_change
SELECT governance.propose_change('ALTER TABLE customer DROP COLUMN phone', 'moved to contacts');
SELECT governance.propose_change('alter table shop.customer drop phone', 'again');
SELECT governance.propose_change('DROP TABLE customer', 'x');
SELECT * FROM governance.change_plan(1);
CALL governance.advance_change(1);
SELECT governance.approve_change(1, 'fine');
SELECT governance.approve_change(1, waive => '{not_observed}');
SELECT governance.approve_change(1, 'fine', '{everything}');
SELECT governance.approve_change(99, 'fine', '{not_observed}');
RESET ROLE;
SET ROLE change_drop_other;
SELECT governance.approve_change(1, 'fine', '{not_observed}');
RESET ROLE;
SET ROLE change_drop_owner;
SELECT governance.approve_change(1, 'nobody calls', '{not_observed}');
SELECT governance.certificate(1) - 'catalog' AS certificate;
BEGIN;
CALL governance.advance_change(1);
ROLLBACK;
DO $$ BEGIN CALL governance.advance_change(1); END $$;
CALL governance.advance_change(1);
SELECT column_name, is_nullable FROM information_schema.columns WHERE table_schema = 'shop' AND table_name = 'customer' ORDER BY ordinal_position;
INSERT INTO customer (id, name) VALUES (2000, 'new shape');
DELETE FROM customer WHERE id = 2000;
CALL governance.advance_change(1);
SELECT governance.abort_change(1);
ALTER TABLE customer DROP COLUMN phone;
ALTER TABLE customer DROP COLUMN IF EXISTS phone;
SELECT governance.undo_change(1, 'somebody did call');
SELECT count(phone), count(*) FROM customer;
SELECT is_nullable FROM information_schema.columns WHERE table_schema = 'shop' AND column_name = 'phone';
ALTER TABLE customer DROP COLUMN phone;
SELECT governance.undo_change(1);

-- completed by a migration tool's own DDL, other sub-commands with it
SELECT governance.propose_change('ALTER TABLE customer DROP COLUMN note', 'empty');
ALTER TABLE customer DROP COLUMN note;
SELECT governance.approve_change(2, 'empty', '{not_observed}');
ALTER TABLE customer ADD COLUMN memo text, DROP COLUMN note;
SELECT attname FROM pg_attribute WHERE attrelid = 'customer'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum;
SELECT governance.undo_change(2);
SELECT count(note) FROM customer;
SELECT governance.propose_change('ALTER TABLE customer DROP COLUMN note', 'empty');
SELECT governance.approve_change(3, 'empty', '{not_observed}');
BEGIN;
ALTER TABLE customer DROP COLUMN note;
ROLLBACK;
SELECT state FROM governance.changes WHERE change = 3;
SELECT count(note) FROM customer;
-- drift voids the plan
ALTER TABLE customer ADD COLUMN drift int;
ALTER TABLE customer DROP COLUMN note;
CALL governance.advance_change(3);
SELECT governance.abort_change(3, 'drifted');
SELECT governance.abort_change(3);

-- a table
SELECT governance.propose_change('DROP TABLE customer', 'replaced');
DROP VIEW emails;
SELECT governance.propose_change('DROP TABLE customer', 'replaced');
SELECT governance.approve_change(4, 'replaced', '{not_observed}');
DROP TABLE customer;
DROP TABLE customer;
DROP TABLE IF EXISTS customer;
SELECT c.relname FROM pg_class c WHERE relnamespace = 'shop'::regnamespace AND relkind = 'r' ORDER BY 1;
SELECT has_table_privilege('change_drop_app', 'shop._dg4_customer', 'SELECT') AS app_reads_quarantine;
SELECT governance.undo_change(4);
SELECT count(*) FROM customer;
SELECT grantee, privilege_type, is_grantable FROM information_schema.role_table_grants
 WHERE table_name = 'customer' AND grantee <> 'change_drop_owner' ORDER BY 1, 2;
RESET ROLE;
SELECT relation, owner, class FROM governance.datasets WHERE declared;
SELECT kind, object FROM governance.proposals WHERE kind = 'identity';

-- the end of the quarantine
SET ROLE change_drop_owner;
SELECT governance.propose_change('DROP TABLE customer', 'replaced');
SELECT governance.approve_change(5, 'replaced', '{not_observed}');
CALL governance.advance_change(5);
CALL governance.advance_change(5);
RESET ROLE;
UPDATE governance.change SET quarantine_until = now() - interval '1 s' WHERE id = 5;
SET ROLE change_drop_owner;
CALL governance.advance_change(5);
CALL governance.advance_change(5);
SELECT to_regclass('shop._dg5_customer');
RESET ROLE;
SELECT change, kind, state, next_step, ddl FROM governance.changes;
SELECT op, object, reason, db_role FROM governance.audit_entry WHERE object LIKE 'change %' ORDER BY id;

-- what belongs to the table itself is no obstacle: its policies, also over its own columns, generated columns, and what a publication
-- says of its columns
SET ROLE change_drop_owner;
CREATE TABLE own (id int PRIMARY KEY, c int, g int GENERATED ALWAYS AS (c * 2) STORED, i int GENERATED ALWAYS AS IDENTITY);
CREATE POLICY mine ON own USING (c > 0);
CREATE TABLE other (id int);
CREATE POLICY reads ON other USING (id IN (SELECT id FROM own));
INSERT INTO own (id, c) VALUES (1, 1);
SELECT governance.propose_change('DROP TABLE own', 'x');
DROP POLICY reads ON other;
RESET ROLE;
CREATE PUBLICATION change_drop_some FOR TABLE shop.own (id, c) WHERE (id > 0);
SET ROLE change_drop_owner;
SELECT governance.propose_change('DROP TABLE own', 'x') AS own \gset
SELECT governance.approve_change(:own, 'x', '{not_observed}');
CALL governance.advance_change(:own);
SELECT governance.undo_change(:own);
SELECT * FROM own;
SELECT polname FROM pg_policy WHERE polrelid = 'own'::regclass;
SELECT attnames, rowfilter FROM pg_publication_tables WHERE pubname = 'change_drop_some';
RESET ROLE;
DROP PUBLICATION change_drop_some;
SET ROLE change_drop_owner;

-- an identity keeps its NOT NULL in quarantine, and needs it
SELECT governance.propose_change('ALTER TABLE own ALTER i DROP NOT NULL', 'x');
SELECT governance.propose_change('ALTER TABLE own ADD COLUMN j int, DROP COLUMN i', 'x', up => 'i', down => 'j');
SELECT governance.propose_change('ALTER TABLE own DROP COLUMN i', 'x') AS own \gset
SELECT governance.approve_change(:own, 'x', '{not_observed}');
CALL governance.advance_change(:own);
INSERT INTO own VALUES (2, 2);
SELECT governance.undo_change(:own);
INSERT INTO own (id, c) VALUES (3, 3);
SELECT * FROM own ORDER BY id;
ALTER TABLE own ALTER c SET NOT NULL;
CREATE UNIQUE INDEX own_c ON own (c);
ALTER TABLE own REPLICA IDENTITY USING INDEX own_c;
SELECT governance.propose_change('ALTER TABLE own ALTER c DROP NOT NULL', 'x');
RESET ROLE;

-- NULL is no change
SELECT governance.propose_change(NULL, 'x');
SELECT governance.approve_change(NULL, 'x');
SELECT governance.certificate(NULL);
CALL governance.advance_change(NULL);
