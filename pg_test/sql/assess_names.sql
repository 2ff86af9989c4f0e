-- Every check of structures finds what is planted, in a schema with odd names; its remediation runs and mends it.
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE ROLE "assess_names Owner" LOGIN;
CREATE SCHEMA "Odd ""schema"".x" AUTHORIZATION "assess_names Owner";
CREATE SCHEMA assess_other;
GRANT CREATE ON SCHEMA assess_other TO PUBLIC;
SET search_path = "Odd ""schema"".x", public;
-- 63 bytes, dots, quotes, case-twins, a dropped column, a domain, an inherited table, partitions.
CREATE DOMAIN "e.Mail" AS text;
CREATE DOMAIN small AS int;
ALTER DOMAIN small ADD CONSTRAINT "not 'neg" CHECK (VALUE >= 0) NOT VALID;
CREATE TABLE "it's" (id int PRIMARY KEY, gone text, "EMail" "e.Mail", email_template text, is_email boolean, "workEmail" varchar(90), "Pass""word" text, password_hash text);
ALTER TABLE "it's" DROP COLUMN gone;
CREATE TABLE "It's" (LIKE "it's");
CREATE UNIQUE INDEX "Key.of It's" ON "It's" (id);
ALTER TABLE "It's" ALTER id SET NOT NULL;
CREATE TABLE a23456789012345678901234567890123456789012345678901234567890123 (b23456789012345678901234567890123456789012345678901234567890123 int PRIMARY KEY, phone text);
CREATE TABLE heir () INHERITS ("it's");
CREATE UNLOGGED TABLE "Un.logged" (id bigint PRIMARY KEY, parent bigint REFERENCES "Un.logged", note jsonb);
CREATE TABLE "Child" ("Parent.id" int REFERENCES "it's" ON DELETE CASCADE, n int, PRIMARY KEY ("Parent.id", n));
CREATE TABLE assess_other."Cousin" (id smallserial PRIMARY KEY, "other.id" int REFERENCES "it's" ON DELETE CASCADE);
SELECT setval('assess_other."Cousin_id_seq"', 30000);
ALTER TABLE "Child" ADD CONSTRAINT "n ""ok""" CHECK (n > 0) NOT VALID;
CREATE TABLE "Events.log" ("At" timestamptz NOT NULL, v text) PARTITION BY RANGE ("At");
CREATE TABLE "Events.log 1" PARTITION OF "Events.log" FOR VALUES FROM ('2020-01-01') TO ('2020-02-01');
CREATE TABLE measures (day date NOT NULL, id int REFERENCES "it's") PARTITION BY RANGE (day);
CREATE TABLE measures_rest PARTITION OF measures DEFAULT;
INSERT INTO measures VALUES ('2020-01-01', NULL);
ANALYZE measures_rest;
CREATE TABLE docs_old (id int PRIMARY KEY, "Embedding" real[], embedding_model text, photo bytea);
CREATE FUNCTION "t.f"() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER "a.T" BEFORE INSERT ON "Child" FOR EACH ROW EXECUTE FUNCTION "t.f"();
ALTER TABLE "Child" DISABLE TRIGGER "a.T";
CREATE RECURSIVE VIEW "Numbers" (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM "Numbers" WHERE n < 5;
CREATE VIEW "not recursive" AS SELECT 'WITH RECURSIVE :hasRecursive true'::text AS ":hasRecursive true";
CREATE MATERIALIZED VIEW "Sum.mary" AS SELECT 1 AS one WITH NO DATA;
GRANT SELECT, INSERT ON "It's" TO PUBLIC;
GRANT SELECT ("EMail") ON "it's" TO PUBLIC;
CREATE PUBLICATION "pub.1" FOR TABLE "It's", a23456789012345678901234567890123456789012345678901234567890123;
ALTER TABLE "Child" OWNER TO "assess_names Owner";
SELECT governance.tag_column('a23456789012345678901234567890123456789012345678901234567890123', 'phone', 'pii.contact.phone');
INSERT INTO "Child" SELECT 1, 1 WHERE false;
CREATE TABLE dup (id int PRIMARY KEY, x int);
INSERT INTO dup VALUES (1, 1), (2, 1);
CREATE UNIQUE INDEX CONCURRENTLY "Dup.x" ON dup (x);
DELETE FROM dup WHERE id = 2;
-- What is found.
SELECT check_id, status, severity, object, finding FROM governance.assess()
 WHERE status NOT IN ('pass', 'not_assessed', 'manual', 'error') AND check_id ~ '^(OWN-00[4-8]|AGG|ADR-00[56]|CLS|CON-00[13]|CQR-004|EMB|EVO-0(01|02|10|12|13)|GRF|LIN-00[12]|OLA-00[35]|PII-00[123]|TSR|XST-006)';
SELECT check_id, object, finding FROM governance.assess() WHERE check_id = 'EVO-007' AND object LIKE '%assess_names%';
SELECT * FROM governance.assess() WHERE status = 'error';
-- No object has two fingerprints alike, and none depends on an oid.
SELECT count(*) - count(DISTINCT fingerprint) FROM governance.assess() WHERE status NOT IN ('pass', 'not_assessed');
CREATE TABLE assess_prints AS SELECT check_id, object, fingerprint FROM governance.assess() WHERE schema_name IS NOT NULL;
ALTER TABLE docs_old RENAME TO docs_x;
CREATE TABLE docs_old (LIKE docs_x INCLUDING ALL);
DROP TABLE docs_x;
SELECT check_id, object FROM assess_prints p WHERE NOT EXISTS (SELECT FROM governance.assess() a WHERE a.fingerprint = p.fingerprint);
DROP TABLE assess_prints;
-- Every remediation runs as it is; one each, so that what one mends does not stand in the way of the next.
\set ECHO errors
\o /dev/null
SELECT DISTINCT remediation_sql FROM governance.assess() WHERE remediation_lock NOT LIKE '%outside a transaction block%' AND object NOT LIKE 'role %' OR object = 'role "assess_names Owner"' \gexec
SELECT DISTINCT remediation_sql FROM governance.assess() WHERE remediation_lock LIKE '%outside a transaction block%' AND remediation_sql NOT LIKE 'ALTER SYSTEM%' \gexec
\o
\set ECHO all
-- What is left has no remediation, or is the server's.
SELECT check_id, object, remediation_sql FROM governance.assess()
 WHERE status IN ('fail', 'warn') AND remediation_sql IS NOT NULL AND remediation_sql NOT LIKE 'ALTER SYSTEM%' AND (object NOT LIKE 'role %' OR object LIKE '%assess_names%');
SELECT item, declared_pct FROM governance.checklist() WHERE item IN ('D1', 'D4', 'D5', 'D6', 'D7', 'D9', 'P5', 'P6');
\set ECHO errors
