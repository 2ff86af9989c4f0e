-- What no mask reaches is named by a finding.
-- needs: attached
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE privacy_findings_app LOGIN; CREATE ROLE privacy_findings_owner;
CREATE TABLE "Per son" (id int PRIMARY KEY, "E mail" text, name text); INSERT INTO "Per son" VALUES (1, 'raw@canary', 'RAWCANARY'); GRANT SELECT ON "Per son" TO PUBLIC;
SELECT governance.tag_column('"Per son"', 'E mail', 'pii.contact.email'), governance.tag_column('"Per son"', 'name', 'pii.name'), governance.mask_role('privacy_findings_app');
-- functions with their owner's rights
CREATE FUNCTION reads_text() RETURNS text LANGUAGE sql SECURITY DEFINER AS $$SELECT "E mail" FROM "Per son"$$;
CREATE FUNCTION reads_body() RETURNS text LANGUAGE sql SECURITY DEFINER BEGIN ATOMIC SELECT name FROM "Per son"; END;
CREATE FUNCTION reads_not() RETURNS text LANGUAGE sql SECURITY DEFINER AS $$SELECT id::text FROM "Per son"$$;
CREATE FUNCTION for_nobody() RETURNS text LANGUAGE sql SECURITY DEFINER AS $$SELECT name FROM "Per son"$$; REVOKE EXECUTE ON FUNCTION for_nobody() FROM PUBLIC;
CREATE FUNCTION as_caller() RETURNS text LANGUAGE sql AS $$SELECT name FROM "Per son"$$;
-- files
GRANT pg_read_server_files TO privacy_findings_app;
-- copies by whom no mask concerns; what only counts is no copy
CREATE TABLE copy1 AS SELECT id, upper("E mail") AS m, length(name) AS n FROM "Per son";
CREATE TABLE copy2 AS SELECT count(name) AS n FROM "Per son";
CREATE TABLE copy3 (k int, who text); SELECT governance.start_audit('copy3'); INSERT INTO copy3 SELECT id, name FROM "Per son";
-- unclassified columns
SELECT governance.set_level('privacy.unclassified', 'observe'); ALTER TABLE "Per son" ADD COLUMN more text;
-- other servers
CREATE EXTENSION postgres_fdw; CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw; GRANT USAGE ON FOREIGN SERVER loop TO privacy_findings_app;
CREATE USER MAPPING FOR privacy_findings_app SERVER loop;
SELECT check_id, severity, object, finding, remediation_sql FROM governance.findings WHERE check_id ~ '^PII-0(05|06|07|10|11)$' ORDER BY 1, 3;
SELECT check_id, object, evidence FROM governance.assess('{D9}') WHERE check_id IN ('PII-005', 'PII-010') AND status <> 'pass' ORDER BY 1, 2;
-- remediations can be pasted
SELECT remediation_sql FROM governance.findings WHERE check_id ~ '^PII-0(05|06|10|11)$' ORDER BY check_id, object \gexec
SELECT governance.untag_column('"Per son"', 'more', 'unclassified', 'nothing');
SELECT check_id, object FROM governance.findings WHERE check_id ~ '^PII-0(05|06|07|10|11)$' ORDER BY 1, 2;
