COPY case_ (rule, kind, who, statement, setup) FROM stdin WITH (DELIMITER '|', NULL '');
ban-drop-table|bad|owner|DROP TABLE "Order Items"|
ban-drop-table|bad|super|DROP TABLE "full" CASCADE|
ban-drop-table|bad|owner|DROP TABLE part_2020|
ban-drop-table|bad|owner|DROP TABLE IF EXISTS nosuch, viewed CASCADE|
ban-drop-table|bad|super|DROP OWNED BY guard_rules_owner CASCADE|
ban-drop-table|good|owner|DROP TABLE fresh|CREATE TABLE fresh AS SELECT 1 AS id
ban-drop-table|good|owner|DROP TABLE fresh|CREATE TEMP TABLE fresh AS SELECT 1 AS id
ban-drop-table|good|owner|DROP TABLE IF EXISTS nosuch|
ban-drop-column|bad|owner|ALTER TABLE "full" DROP COLUMN "Qu""oted"|
ban-drop-column|bad|super|ALTER TABLE part DROP COLUMN v|
ban-drop-column|bad|owner|DROP TYPE mood CASCADE|
ban-drop-column|bad|owner|DROP DOMAIN positive CASCADE|
ban-drop-column|bad|owner|ALTER TYPE point3 DROP ATTRIBUTE z CASCADE|
ban-drop-column|bad|owner|ALTER TABLE parent DROP COLUMN v|
ban-drop-column|good|owner|ALTER TABLE "full" DROP COLUMN fresh|ALTER TABLE "full" ADD COLUMN fresh int
ban-drop-column|good|owner|ALTER TABLE "full" DROP COLUMN IF EXISTS nosuch|
ban-drop-schema|bad|owner|DROP SCHEMA g CASCADE|
ban-drop-schema|good|owner|DROP SCHEMA hollow|
ban-drop-schema|good|owner|DROP SCHEMA fresh CASCADE|CREATE SCHEMA fresh CREATE TABLE t (id int)
ban-truncate|bad|owner|TRUNCATE "Order Items"|
ban-truncate|bad|super|TRUNCATE part|
ban-truncate|good|owner|TRUNCATE empty|
ban-truncate|good|owner|TRUNCATE fresh|CREATE TABLE fresh AS SELECT 1 AS id
ban-truncate-cascade|bad|owner|TRUNCATE "full" CASCADE|
ban-truncate-cascade|good|owner|TRUNCATE empty CASCADE|
ban-detach-inheritance|bad|owner|ALTER TABLE part DETACH PARTITION part_2020|
ban-detach-inheritance|bad|owner|ALTER TABLE child NO INHERIT parent|
ban-detach-inheritance|good|owner|ALTER TABLE hollow_child NO INHERIT parent|
ban-detach-inheritance|good|owner|ALTER TABLE part2 DETACH PARTITION fresh|CREATE TABLE fresh PARTITION OF part2 DEFAULT
ban-drop-large-object|bad|super|SELECT lo_unlink(4711)|
ban-drop-large-object|good|super|SELECT lo_unlink(4712)|SELECT lo_create(4712)
ban-set-unlogged|bad|owner|ALTER TABLE solo SET UNLOGGED|
ban-set-unlogged|good|owner|ALTER TABLE unlogged SET UNLOGGED|
ban-alter-sequence-values|bad|owner|ALTER SEQUENCE seq RESTART|
ban-alter-sequence-values|bad|owner|ALTER TABLE "full" ALTER COLUMN id RESTART WITH 2|
ban-alter-sequence-values|bad|owner|ALTER SEQUENCE seq AS smallint|
ban-alter-sequence-values|good|owner|ALTER SEQUENCE seq RESTART WITH 100|
ban-replica-identity|bad|owner|ALTER TABLE solo REPLICA IDENTITY NOTHING|
ban-replica-identity|good|owner|ALTER TABLE solo REPLICA IDENTITY FULL|
publishing-tagged-column|bad|super|CREATE PUBLICATION pub2 FOR TABLE g.tagged|
publishing-tagged-column|bad|super|CREATE PUBLICATION pub2 FOR ALL TABLES|
publishing-tagged-column|bad|super|CREATE PUBLICATION pub2 FOR TABLES IN SCHEMA g|
publishing-tagged-column|bad|super|ALTER PUBLICATION pub ADD TABLE g.tagged (id, mail)|
publishing-tagged-column|good|super|CREATE PUBLICATION pub2 FOR TABLE g.tagged (id)|
publishing-tagged-column|good|super|ALTER PUBLICATION pub ADD TABLE g.tagged (id)|
ban-drop-publication|bad|super|DROP PUBLICATION pub|
ban-drop-publication|bad|super|ALTER PUBLICATION pub DROP TABLE g.viewed|
ban-drop-publication|bad|super|ALTER PUBLICATION pub SET TABLE g.viewed|
ban-drop-publication|good|super|ALTER PUBLICATION pub ADD TABLE g.part|
ban-drop-publication|good|super|DROP PUBLICATION IF EXISTS nosuch|
shrinking-column-type|bad|owner|ALTER TABLE solo ALTER COLUMN v TYPE varchar(3)|
shrinking-column-type|bad|owner|ALTER TABLE "full" ALTER COLUMN n TYPE numeric(10,1)|
shrinking-column-type|bad|owner|ALTER TABLE "full" ALTER COLUMN ts TYPE timestamp(3)|
shrinking-column-type|good|owner|ALTER TABLE solo ALTER COLUMN v TYPE varchar|
shrinking-column-type|good|owner|ALTER TABLE "full" ALTER COLUMN n TYPE numeric(12,2)|
shrinking-column-type|good|owner|ALTER TABLE "full" ALTER COLUMN b TYPE varchar(40)|
ban-drop-view|bad|owner|DROP VIEW plain|
ban-drop-view|bad|owner|DROP MATERIALIZED VIEW mat|
ban-drop-view|good|owner|DROP VIEW fresh|CREATE VIEW fresh AS SELECT 1 AS id
renaming-column|bad|owner|ALTER TABLE "full" RENAME COLUMN a TO "A"|
renaming-column|bad|owner|ALTER TYPE point3 RENAME ATTRIBUTE x TO x2 CASCADE|
renaming-column|good|owner|ALTER TABLE "full" RENAME COLUMN fresh TO fresh2|ALTER TABLE "full" ADD COLUMN fresh int
renaming-table|bad|owner|ALTER TABLE "Order Items" RENAME TO "Order Lines"|
renaming-table|bad|owner|ALTER VIEW plain RENAME TO simple|
renaming-table|good|owner|ALTER TABLE fresh RENAME TO fresh2|CREATE TABLE fresh (id int)
renaming-table|good|owner|ALTER INDEX full_a_idx RENAME TO full_a_idx2|
ban-set-schema|bad|owner|ALTER TABLE solo SET SCHEMA "Other One"|
ban-set-schema|bad|owner|ALTER TYPE mood SET SCHEMA "Other One"|
ban-set-schema|bad|super|ALTER EXTENSION pg_trgm SET SCHEMA "Other One"|
ban-set-schema|good|owner|ALTER TABLE fresh SET SCHEMA "Other One"|CREATE TABLE fresh (id int)
renaming-object|bad|owner|ALTER SCHEMA g RENAME TO g2|
renaming-object|bad|owner|ALTER TYPE mood RENAME VALUE 'good' TO 'fine'|
renaming-object|bad|owner|ALTER TABLE seq RENAME TO seq2|
renaming-object|bad|owner|ALTER FUNCTION f(int) RENAME TO f2|
renaming-object|good|owner|ALTER TYPE fresh RENAME TO fresh2|CREATE TYPE fresh AS ENUM ('a')
renaming-object|good|owner|ALTER TABLE "full" RENAME CONSTRAINT full_a_check TO full_a_check2|
changing-column-type|bad|owner|ALTER TABLE solo ALTER COLUMN id TYPE bigint|
changing-column-type|bad|owner|ALTER TABLE part ALTER COLUMN n TYPE bigint|
changing-column-type|bad|owner|ALTER TABLE solo ALTER COLUMN v TYPE int USING length(v)|
changing-column-type|good|owner|ALTER TABLE "full" ALTER COLUMN b TYPE text|
changing-column-type|good|owner|ALTER TABLE fresh ALTER COLUMN id TYPE bigint|CREATE TABLE fresh AS SELECT 1 AS id
adding-not-nullable-field|bad|owner|ALTER TABLE solo ALTER COLUMN v SET NOT NULL|
adding-not-nullable-field|bad|owner|ALTER TABLE part ALTER COLUMN n SET NOT NULL|
adding-not-nullable-field|bad|owner|ALTER TABLE solo ADD PRIMARY KEY USING INDEX solo_idx|
adding-not-nullable-field|good|super|ALTER FOREIGN TABLE far ALTER COLUMN id SET NOT NULL|
adding-not-nullable-field|good|owner|ALTER TABLE "full" ALTER COLUMN proven SET NOT NULL|
adding-not-nullable-field|good|owner|ALTER TABLE empty ALTER COLUMN b SET NOT NULL|
adding-required-field|bad|owner|ALTER TABLE solo ADD COLUMN c int NOT NULL|
adding-required-field|good|owner|ALTER TABLE solo ADD COLUMN c int NOT NULL DEFAULT 1|
adding-required-field|good|owner|ALTER TABLE empty ADD COLUMN c int NOT NULL|
ban-drop-not-null|bad|owner|ALTER TABLE "full" ALTER COLUMN a DROP NOT NULL|
ban-drop-not-null|bad|owner|ALTER DOMAIN filled DROP NOT NULL|
ban-drop-not-null|good|owner|ALTER TABLE "full" ALTER COLUMN b DROP NOT NULL|
ban-drop-not-null|good|owner|ALTER DOMAIN free DROP NOT NULL|
ban-drop-default|bad|owner|ALTER TABLE "full" ALTER COLUMN a DROP DEFAULT|
ban-drop-default|bad|owner|ALTER DOMAIN filled DROP DEFAULT|
ban-drop-default|good|owner|ALTER TABLE "full" ALTER COLUMN b DROP DEFAULT|
ban-drop-default|good|owner|ALTER TABLE "full" ALTER COLUMN a SET DEFAULT 2|
ban-alter-identity|bad|owner|ALTER TABLE "full" ALTER COLUMN id DROP IDENTITY|
ban-alter-identity|good|owner|ALTER TABLE "full" ALTER COLUMN a DROP IDENTITY IF EXISTS|
ban-drop-generated-expression|bad|owner|ALTER TABLE "full" ALTER COLUMN double_id DROP EXPRESSION|
ban-drop-generated-expression|good|owner|ALTER TABLE "full" ALTER COLUMN a DROP EXPRESSION IF EXISTS|
ban-drop-constraint|bad|owner|ALTER TABLE "full" DROP CONSTRAINT full_a_check|
ban-drop-constraint|bad|owner|ALTER DOMAIN positive DROP CONSTRAINT positive_check|
ban-drop-constraint|good|owner|ALTER TABLE "full" DROP CONSTRAINT IF EXISTS nosuch|
ban-drop-constraint|good|owner|ALTER TABLE solo DROP CONSTRAINT fresh|ALTER TABLE solo ADD CONSTRAINT fresh CHECK (id > 0) NOT VALID
ban-drop-index|bad|owner|DROP INDEX empty_a_idx|
ban-drop-index|good|owner|DROP INDEX fresh|CREATE INDEX fresh ON empty (a)
ban-drop-trigger|bad|owner|DROP TRIGGER trig ON "full"|
ban-drop-trigger|bad|owner|DROP FUNCTION trg() CASCADE|
ban-drop-trigger|bad|owner|CREATE OR REPLACE TRIGGER trig AFTER INSERT ON "full" FOR EACH ROW EXECUTE FUNCTION trg()|
ban-drop-trigger|bad|owner|CREATE OR REPLACE TRIGGER trig BEFORE INSERT ON "full" FOR EACH ROW WHEN (NEW.id > 1) EXECUTE FUNCTION trg('x')|
ban-drop-trigger|bad|owner|CREATE OR REPLACE TRIGGER picky BEFORE UPDATE OF id ON "full" FOR EACH ROW WHEN (NEW.id > 1) EXECUTE FUNCTION trg('a', 'b')|
ban-drop-trigger|good|owner|CREATE OR REPLACE TRIGGER picky BEFORE UPDATE OF id ON "full" FOR EACH ROW WHEN (OLD.id IS DISTINCT FROM  NEW.id) EXECUTE FUNCTION trg('a', 'b')|
ban-drop-trigger|good|owner|CREATE OR REPLACE TRIGGER trig BEFORE INSERT ON "full" FOR EACH ROW EXECUTE FUNCTION trg()|
ban-drop-trigger|good|owner|CREATE OR REPLACE TRIGGER newone BEFORE INSERT ON "full" FOR EACH ROW EXECUTE FUNCTION trg()|
ban-drop-trigger|good|owner|DROP TRIGGER IF EXISTS nosuch ON "full"|
ban-drop-rule|bad|owner|DROP RULE rul ON viewed|
ban-drop-rule|bad|owner|CREATE OR REPLACE RULE rul AS ON DELETE TO viewed DO INSTEAD NOTHING|
ban-drop-rule|good|owner|CREATE OR REPLACE RULE newone AS ON UPDATE TO viewed DO ALSO NOTHING|
ban-drop-rule|good|owner|DROP RULE fresh ON viewed|CREATE RULE fresh AS ON UPDATE TO viewed DO ALSO NOTHING
ban-drop-statistics|bad|owner|DROP STATISTICS stat|
ban-drop-statistics|good|owner|ALTER STATISTICS stat SET STATISTICS 10|
ban-drop-function|bad|owner|DROP FUNCTION f|
ban-drop-function|bad|owner|DROP PROCEDURE proc(int)|
ban-drop-function|good|owner|DROP FUNCTION fresh|CREATE FUNCTION fresh() RETURNS int LANGUAGE sql AS 'SELECT 1'
ban-drop-type|bad|owner|DROP TYPE mood CASCADE|
ban-drop-type|bad|owner|DROP TYPE point3 CASCADE|
ban-drop-type|bad|owner|DROP TYPE lone|
ban-drop-type|good|owner|DROP TYPE fresh|CREATE TYPE fresh AS (x int)
ban-drop-domain|bad|owner|DROP DOMAIN filled|
ban-drop-domain|good|owner|DROP DOMAIN fresh|CREATE DOMAIN fresh AS int
ban-drop-sequence|bad|owner|DROP SEQUENCE seq|
ban-drop-sequence|good|owner|DROP SEQUENCE fresh|CREATE SEQUENCE fresh
ban-drop-extension|bad|super|DROP EXTENSION pg_trgm|
ban-drop-extension|good|super|ALTER EXTENSION pg_trgm UPDATE|
ban-replace-view-function|bad|owner|CREATE OR REPLACE VIEW guarded AS SELECT id, a FROM "full"|
ban-replace-view-function|bad|owner|CREATE OR REPLACE VIEW checked AS SELECT id, v FROM viewed WHERE id > 0|
ban-replace-view-function|bad|owner|ALTER VIEW guarded RESET (security_barrier)|
ban-replace-view-function|bad|owner|CREATE OR REPLACE FUNCTION f(int) RETURNS int LANGUAGE sql STABLE AS 'SELECT $1 + 1'|
ban-replace-view-function|bad|owner|CREATE OR REPLACE FUNCTION fixed() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'|
ban-replace-view-function|good|owner|CREATE OR REPLACE FUNCTION fixed() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS 'SELECT 2'|
ban-replace-view-function|good|owner|CREATE OR REPLACE VIEW guarded WITH (security_barrier) AS SELECT id, a FROM "full" WHERE id > 0|
ban-replace-view-function|good|owner|CREATE OR REPLACE FUNCTION f(int) RETURNS int LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT $1 + 1'|
ban-replace-view-function|good|owner|CREATE OR REPLACE PROCEDURE proc(int) LANGUAGE sql AS 'SELECT 2'|
ban-alter-function-options|bad|owner|ALTER FUNCTION f(int) SECURITY INVOKER|
ban-alter-function-options|bad|owner|ALTER FUNCTION fixed() RESET ALL|
ban-alter-function-options|good|owner|ALTER FUNCTION f(int) COST 7|
ban-alter-function-options|good|owner|ALTER FUNCTION f(int) SECURITY DEFINER|
require-enum-value-ordering|bad|owner|ALTER TYPE mood ADD VALUE 'ugly'|
require-enum-value-ordering|good|owner|ALTER TYPE mood ADD VALUE 'fair' BEFORE 'bad'|
require-enum-value-ordering|good|owner|ALTER TYPE mood ADD VALUE IF NOT EXISTS 'bad'|
prefer-jsonb|bad|owner|ALTER TABLE empty ADD COLUMN c json|
prefer-jsonb|good|owner|ALTER TABLE empty ADD COLUMN c jsonb|
prefer-jsonb|good|owner|ALTER TABLE fresh ADD COLUMN c json|CREATE TABLE fresh (id int)
ban-revoke|bad|owner|REVOKE SELECT ON "full" FROM guard_rules_app|
ban-revoke|bad|owner|REVOKE EXECUTE ON FUNCTION f(int) FROM PUBLIC|
ban-revoke|bad|owner|REVOKE USAGE ON SCHEMA g FROM guard_rules_app|GRANT USAGE ON SCHEMA g TO guard_rules_app
ban-revoke|good|owner|REVOKE USAGE ON SCHEMA g FROM guard_rules_app|
ban-revoke|bad|super|REVOKE guard_rules_group FROM guard_rules_member|
ban-revoke|bad|owner|REVOKE EXECUTE ON ALL ROUTINES IN SCHEMA g FROM PUBLIC|
ban-revoke|bad|super|DROP OWNED BY guard_rules_app|
ban-revoke|good|owner|REVOKE SELECT ON solo FROM guard_rules_app|
adding-field-with-default|bad|owner|ALTER TABLE solo ADD COLUMN c float DEFAULT random()|
adding-field-with-default|bad|owner|ALTER TABLE part ADD COLUMN c int GENERATED ALWAYS AS (n + 1) STORED|
adding-field-with-default|bad|owner|ALTER TABLE solo ADD COLUMN c positive|
adding-field-with-default|good|owner|ALTER TABLE solo ADD COLUMN c timestamptz DEFAULT now()|
adding-field-with-default|good|owner|ALTER TABLE solo ADD COLUMN c free|
adding-field-with-default|good|owner|ALTER TABLE empty ADD COLUMN c float DEFAULT random()|
adding-field-with-default|good|owner|ALTER TABLE fresh ADD COLUMN c float DEFAULT random()|CREATE TABLE fresh AS SELECT 1 AS id
adding-serial-primary-key-field|bad|owner|ALTER TABLE solo ADD COLUMN c serial PRIMARY KEY|
adding-serial-primary-key-field|good|owner|ALTER TABLE parent ADD COLUMN c int|
constraint-missing-not-valid|bad|owner|ALTER TABLE solo ADD CHECK (id > 0)|
constraint-missing-not-valid|bad|owner|ALTER TABLE parent ADD CHECK (id > 0)|
constraint-missing-not-valid|good|owner|ALTER TABLE solo ADD CHECK (id > 0) NOT VALID|
constraint-missing-not-valid|good|owner|ALTER TABLE solo VALIDATE CONSTRAINT fresh|ALTER TABLE solo ADD CONSTRAINT fresh CHECK (id > 0) NOT VALID
constraint-missing-not-valid|good|owner|ALTER TABLE parent ADD CHECK (id > 0) NO INHERIT|
constraint-missing-not-valid|good|owner|ALTER TABLE empty ADD CHECK (a > 0)|
adding-foreign-key-constraint|bad|owner|ALTER TABLE "Order Items" ADD FOREIGN KEY (qty) REFERENCES "full"|
adding-foreign-key-constraint|good|owner|ALTER TABLE "Order Items" ADD FOREIGN KEY (qty) REFERENCES "full" NOT VALID|
disallowed-unique-constraint|bad|owner|ALTER TABLE solo ADD UNIQUE (v)|
disallowed-unique-constraint|bad|owner|ALTER TABLE part ADD UNIQUE (id, at)|
disallowed-unique-constraint|good|owner|ALTER TABLE solo ADD UNIQUE USING INDEX solo_idx|
disallowed-unique-constraint|good|owner|ALTER TABLE ONLY part ADD UNIQUE (id, at)|
adding-exclusion-constraint|bad|owner|ALTER TABLE solo ADD EXCLUDE USING btree (id WITH =)|
adding-exclusion-constraint|good|owner|ALTER TABLE empty ADD EXCLUDE USING btree (a WITH =)|
require-concurrent-index-creation|bad|owner|CREATE INDEX ON solo (w)|
require-concurrent-index-creation|bad|owner|CREATE INDEX ON part (v)|
require-concurrent-index-creation|good|owner|CREATE INDEX ON ONLY part (v)|
require-concurrent-index-creation|good|owner|CREATE INDEX ON empty (n)|
require-concurrent-index-deletion|bad|owner|DROP INDEX full_a_idx|
require-concurrent-index-deletion|good|owner|DROP INDEX fresh|CREATE INDEX fresh ON empty (a)
require-concurrent-reindex|bad|owner|REINDEX TABLE "full"|
require-concurrent-reindex|bad|owner|REINDEX INDEX full_a_idx|
require-concurrent-reindex|good|owner|REINDEX TABLE empty|
require-concurrent-partition-detach|bad|owner|ALTER TABLE part DETACH PARTITION part_2021|
require-concurrent-partition-detach|good|owner|ALTER TABLE part2 DETACH PARTITION fresh|CREATE TABLE fresh PARTITION OF part2 DEFAULT
require-concurrent-refresh|bad|owner|REFRESH MATERIALIZED VIEW mat|
require-concurrent-refresh|good|owner|REFRESH MATERIALIZED VIEW CONCURRENTLY mat|
ban-alter-domain-with-add-constraint|bad|owner|ALTER DOMAIN free ADD CHECK (VALUE < 100)|
ban-alter-domain-with-add-constraint|good|owner|ALTER DOMAIN free ADD CHECK (VALUE < 100) NOT VALID|
ban-alter-domain-with-add-constraint|good|owner|ALTER DOMAIN filled SET NOT NULL|
changing-column-collation|bad|owner|ALTER TABLE solo ALTER COLUMN v TYPE text COLLATE "C"|
changing-column-collation|good|owner|ALTER TABLE solo ALTER COLUMN w TYPE text COLLATE "C"|
prefer-repack|bad|owner|CLUSTER solo USING solo_idx|
prefer-repack|good|owner|CLUSTER empty USING empty_a_idx|
moving-table-storage|bad|super|ALTER TABLE solo SET ACCESS METHOD heap2|
moving-table-storage|bad|owner|ALTER TABLE unlogged SET LOGGED|
moving-table-storage|good|owner|ALTER TABLE solo SET ACCESS METHOD heap|
moving-table-storage|good|owner|ALTER TABLE solo SET TABLESPACE pg_default|
moving-table-storage|good|owner|ALTER TABLE solo SET (fillfactor = 50)|
attaching-partition|bad|owner|ALTER TABLE part2 ATTACH PARTITION loose FOR VALUES FROM ('2022-01-01') TO ('2023-01-01')|
attaching-partition|bad|owner|CREATE TABLE fresh PARTITION OF part FOR VALUES FROM ('2040-01-01') TO ('2041-01-01')|
attaching-partition|good|owner|ALTER TABLE part2 ATTACH PARTITION proven FOR VALUES FROM ('2022-01-01') TO ('2023-01-01')|
attaching-partition|good|owner|CREATE TABLE fresh PARTITION OF part2 FOR VALUES FROM ('2040-01-01') TO ('2041-01-01')|
require-lock-timeout|bad|owner|ALTER TABLE "full" ADD COLUMN c int|SET LOCAL lock_timeout = 0
require-lock-timeout|bad|owner|LOCK TABLE part|SET LOCAL lock_timeout = 0
require-lock-timeout|good|owner|ALTER TABLE "full" ADD COLUMN c int|
require-lock-timeout|good|owner|ALTER TABLE "full" ALTER COLUMN a SET STATISTICS 10|SET LOCAL lock_timeout = 0
invalid-index|bad|owner|CREATE INDEX IF NOT EXISTS solo_v ON solo (v)|
invalid-index|good|owner|CREATE INDEX IF NOT EXISTS solo_idx ON solo (id)|
ban-alter-row-level-security|bad|owner|ALTER TABLE "full" DISABLE ROW LEVEL SECURITY|
ban-alter-row-level-security|good|owner|ALTER TABLE solo DISABLE ROW LEVEL SECURITY|
ban-alter-row-level-security|good|owner|ALTER TABLE solo ENABLE ROW LEVEL SECURITY|
ban-drop-policy|bad|owner|DROP POLICY pol ON "full"|
ban-drop-policy|good|owner|DROP POLICY IF EXISTS pol ON solo|
ban-alter-policy-condition|bad|owner|ALTER POLICY pol ON "full" USING (id > 0)|
ban-alter-policy-condition|good|owner|CREATE POLICY pol2 ON "full" USING (id > 0)|
ban-alter-policy-roles|bad|owner|ALTER POLICY pol ON "full" TO guard_rules_app|
ban-alter-policy-roles|good|owner|ALTER POLICY pol ON "full" RENAME TO pol2|
granting-access|bad|owner|GRANT SELECT ON solo TO PUBLIC|
granting-access|bad|owner|GRANT SELECT ON ALL TABLES IN SCHEMA g TO guard_rules_group|
granting-access|bad|owner|GRANT SELECT, INSERT ON "full" TO guard_rules_app|
granting-access|bad|owner|GRANT SELECT ON "full" TO guard_rules_app WITH GRANT OPTION|
granting-access|good|owner|GRANT SELECT ON "full" TO guard_rules_app|
granting-access|good|owner|GRANT SELECT ON part TO guard_rules_app|
granting-access|bad|owner|GRANT INSERT ON part TO guard_rules_app|
granting-access|bad|owner|GRANT SELECT ON part TO guard_rules_app WITH GRANT OPTION|
ban-revoke|good|owner|REVOKE INSERT ON "full" FROM guard_rules_app|
ban-alter-policy-roles|good|owner|ALTER POLICY pol ON "full" TO PUBLIC|
ban-set-schema|good|owner|ALTER TABLE solo SET SCHEMA g|
granting-access|good|owner|GRANT SELECT ON solo TO guard_rules_owner|
ban-alter-default-privileges|bad|owner|ALTER DEFAULT PRIVILEGES IN SCHEMA g GRANT SELECT ON TABLES TO PUBLIC|
ban-alter-default-privileges|good|owner|ALTER DEFAULT PRIVILEGES IN SCHEMA g REVOKE EXECUTE ON FUNCTIONS FROM guard_rules_app|
ban-alter-default-privileges|good|owner|GRANT SELECT ON fresh TO PUBLIC|CREATE TABLE fresh (id int)
granting-role|bad|super|GRANT guard_rules_owner TO guard_rules_app|
granting-role|bad|super|CREATE ROLE guard_rules_new IN ROLE guard_rules_owner|
granting-role|bad|super|ALTER GROUP guard_rules_owner ADD USER guard_rules_app|
granting-role|good|super|CREATE ROLE guard_rules_new|
ban-alter-role-options|bad|super|ALTER ROLE guard_rules_app SUPERUSER|
ban-alter-role-options|bad|super|CREATE ROLE guard_rules_new BYPASSRLS|
ban-alter-role-options|bad|super|ALTER ROLE guard_rules_app SET session_replication_role = replica|
ban-alter-role-options|good|super|ALTER ROLE guard_rules_app CONNECTION LIMIT 3|
ban-alter-role-options|good|super|ALTER ROLE guard_rules_app SET work_mem = '8MB'|
ban-drop-role|bad|super|DROP ROLE guard_rules_group|
ban-drop-role|good|super|DROP ROLE guard_rules_new|CREATE ROLE guard_rules_new
ban-drop-role|good|super|DROP ROLE IF EXISTS guard_rules_nosuch|
changing-owner|bad|super|ALTER TABLE "full" OWNER TO guard_rules_app|
changing-owner|bad|super|REASSIGN OWNED BY guard_rules_owner TO guard_rules_app|
changing-owner|bad|super|ALTER FUNCTION f(int) OWNER TO guard_rules_app|
changing-owner|good|owner|ALTER TABLE "full" OWNER TO guard_rules_owner|
changing-owner|good|owner|ALTER FUNCTION f(int) OWNER TO guard_rules_owner|
ban-alter-database-options|bad|super|ALTER DATABASE template1 SET work_mem = '8MB'|
ban-alter-database-options|bad|super|ALTER DATABASE template1 CONNECTION LIMIT 5|
ban-alter-database-options|good|super|ALTER ROLE guard_rules_app SET work_mem = '8MB'|
ban-disable-trigger|bad|owner|ALTER TABLE "full" DISABLE TRIGGER trig|
ban-disable-trigger|bad|owner|ALTER TABLE viewed DISABLE RULE rul|
ban-disable-trigger|good|owner|ALTER TABLE "full" DISABLE TRIGGER off|
ban-disable-trigger|good|owner|ALTER TABLE "full" ENABLE TRIGGER off|
removing-label|bad|owner|COMMENT ON COLUMN "full".a IS NULL|
removing-label|good|owner|COMMENT ON TABLE "full" IS 'another'|
removing-label|good|owner|COMMENT ON TABLE solo IS NULL|
disabling-guard|bad|super|ALTER EVENT TRIGGER data_governance_sql_drop DISABLE|
disabling-guard|bad|super|ALTER EXTENSION data_governance DROP FUNCTION governance._on_ddl_end()|
disabling-guard|bad|super|CREATE OR REPLACE FUNCTION governance._on_ddl_end() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'|
disabling-guard|good|super|ALTER EVENT TRIGGER guard_rules_other ENABLE|
several|bad|owner|CREATE TABLE fresh (id int); ALTER TABLE fresh ADD COLUMN c int; DROP TABLE fresh; DROP TABLE viewed CASCADE|
several|bad|owner|ALTER TABLE solo RENAME COLUMN w TO w2; ALTER TABLE solo DROP COLUMN w2|
several|bad|owner|ALTER TABLE viewed RENAME TO viewed2; DROP TABLE viewed2 CASCADE|
several|good|owner|CREATE TABLE fresh AS SELECT 1 AS id; ALTER TABLE fresh RENAME TO fresh2; DROP TABLE fresh2|
several|good|owner|ALTER TABLE solo ADD COLUMN c int; ALTER TABLE solo RENAME COLUMN c TO d; ALTER TABLE solo DROP COLUMN d|
several|good|owner|ALTER TABLE solo ADD CONSTRAINT nn CHECK (v IS NOT NULL) NOT VALID; ALTER TABLE solo VALIDATE CONSTRAINT nn; ALTER TABLE solo ALTER COLUMN v SET NOT NULL|
several|bad|owner|ALTER TABLE part RENAME COLUMN n TO n2; ALTER TABLE part ALTER COLUMN n2 SET NOT NULL|
several|bad|owner|ALTER TABLE solo ADD CONSTRAINT nn CHECK (v IS NOT NULL) NOT VALID; ALTER TABLE solo ALTER COLUMN v SET NOT NULL|
several|bad|owner|ALTER TABLE solo SET SCHEMA "Other One"; TRUNCATE "Other One".solo|
several|good|owner|CREATE FUNCTION fresh() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION fresh() SECURITY DEFINER; DROP FUNCTION fresh()|
several|good|owner|CREATE VIEW fresh AS SELECT 1 AS id; DROP VIEW fresh; CREATE TYPE t AS ENUM ('a'); DROP TYPE t|
\.
