-- What an export leaves behind: receipts of whole, stopped, failed and refused exports, and checking them.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE privacy_receipts_app;
CREATE TABLE person (id int PRIMARY KEY, name text, email text, zip text, age int, note text);
INSERT INTO person SELECT g, 'Name ' || g, 'p' || g || '@corp.de', '101' || g % 3, 30 + g % 2, CASE WHEN g % 4 = 0 THEN 'write to q' || g || '@corp.de' ELSE 'nothing' END FROM generate_series(1, 60) g;
CREATE TABLE contact (id int, reach text); INSERT INTO contact SELECT g, 'c' || g || '@corp.de' FROM generate_series(1, 20) g;
SELECT governance.tag_column('person', c, t) FROM (VALUES ('name', 'pii.name'), ('email', 'pii.contact.email')) x(c, t);
CREATE VIEW last_receipt AS SELECT receipt FROM governance.export_receipts ORDER BY id DESC LIMIT 1;
-- the form that COPY FROM reads
CREATE TABLE odd (a text, b text); INSERT INTO odd VALUES (E'tab\there', E'line\nfeed'), (NULL, ''), ('\N', E'back\\slash\r'), ('\.', 'ü');
SELECT governance.export_query('SELECT * FROM odd', 'copy');
SELECT governance.export_query('SELECT * FROM odd', 'csv');
SELECT governance.export_query('SELECT * FROM odd', 'jsonl');
-- in the select list, in FROM, several at once, beside other queries
SELECT id, governance.export_query('SELECT id, name FROM person WHERE id < 3') AS masked, (SELECT p.name FROM person p WHERE p.id = 1) AS raw FROM person WHERE id = 1;
SELECT governance.export_query('SELECT id FROM person WHERE id < 3 ORDER BY 1') AS a, governance.export_query('SELECT email FROM person WHERE id < 3 ORDER BY id') AS b;
SELECT count(*), count(DISTINCT e) FROM generate_series(1, 3) g, LATERAL governance.export_query('SELECT id FROM person WHERE id <= 5') e;
-- masks end with the rows that are fetched, in a cursor too
BEGIN; DECLARE c CURSOR FOR SELECT governance.export_query('SELECT name FROM person ORDER BY id');
FETCH 2 FROM c; SELECT name FROM person WHERE id = 1; SAVEPOINT s; FETCH 1 FROM c; ROLLBACK TO s; FETCH 1 FROM c; COMMIT;
SELECT receipt->>'outcome' AS outcome, receipt->>'row_count' AS rows, receipt->>'complete' AS complete FROM last_receipt;
-- the receipt of a whole export
SELECT count(*) FROM governance.export_query('SELECT id, name, upper(email) AS mail, age FROM person', recipient => 'acme');
SELECT key, value FROM last_receipt, jsonb_each(receipt) WHERE key NOT IN ('id', 'started_at', 'finished_at', 'snapshot', 'lsn', 'digest', 'database', 'masked', 'policy_digest', 'sha256') ORDER BY key;
SELECT jsonb_path_query_array(receipt, '$.masked[*].column') AS masked, length(receipt->>'policy_digest') AS policy, length(receipt->>'digest') AS digest, (receipt->>'snapshot') ~ '^\d+:\d+:' AS snapshot, (receipt->>'lsn') ~ '^[0-9A-F]+/[0-9A-F]+$' AS lsn, (receipt->>'started_at')::timestamptz BETWEEN now() - interval '1 minute' AND clock_timestamp() AS time FROM last_receipt;
-- stopped by a LIMIT
SELECT governance.export_query('SELECT id FROM person ORDER BY id') LIMIT 3;
SELECT receipt->>'outcome' AS outcome, receipt->>'row_count' AS rows, receipt->>'sha256' = encode(sha256(E'id\n1\n2\n'), 'hex') AS hash FROM last_receipt;
SELECT v.* FROM governance.verify_receipt((SELECT receipt->>'id' FROM last_receipt)) v;
BEGIN; DECLARE c CURSOR FOR SELECT governance.export_query('SELECT name FROM person ORDER BY id'); SAVEPOINT s; FETCH 1 FROM c; ROLLBACK TO s; FETCH 1 FROM c; ROLLBACK;
BEGIN; DECLARE c CURSOR FOR SELECT governance.export_query('SELECT name FROM person ORDER BY id'); FETCH 1 FROM c; CLOSE ALL; FETCH 1 FROM c; ROLLBACK;
DO $$DECLARE l text; BEGIN FOR l IN SELECT governance.export_query('SELECT id FROM person ORDER BY id') LOOP EXIT WHEN l = '4'; END LOOP; END$$;
SELECT receipt->>'outcome' AS outcome FROM last_receipt;
DO $$DECLARE l text; n int := 0; BEGIN FOR l IN SELECT governance.export_query('SELECT name FROM person ORDER BY id') LOOP n := n + (l LIKE 'N. *.')::int; COMMIT; END LOOP; RAISE WARNING '% masked lines', n; END$$;
SELECT receipt->>'outcome' AS outcome, receipt->>'row_count' AS rows FROM last_receipt;
-- in an exception block
DO $$BEGIN PERFORM governance.export_query('SELECT 1 / (20 - id) FROM person ORDER BY id'); EXCEPTION WHEN division_by_zero THEN NULL; END$$;
SELECT receipt->>'outcome' AS outcome FROM last_receipt;
-- a function that catches what it raises
CREATE FUNCTION caught(i int) RETURNS text LANGUAGE plpgsql AS 'BEGIN PERFORM 1 / (i % 2); RETURN (SELECT name FROM person WHERE id = i); EXCEPTION WHEN division_by_zero THEN RETURN ''caught''; END';
SELECT governance.export_query('SELECT caught(id) FROM person WHERE id < 4 ORDER BY id'), caught(1);
SELECT count(*) FROM governance.export_receipts WHERE query LIKE '%caught%';
-- refused before the first line
SELECT governance.export_query('SELECT * FROM (SELECT id FROM person FOR UPDATE) q');
SELECT governance.export_query('SELECT set_config(''transaction_read_only'', ''off'', true)');
CREATE SEQUENCE s; SELECT governance.export_query('SELECT nextval(''s'')');
SELECT governance.export_query('SELECT nothing'); SELECT governance.export_query('SELECT 1', NULL); SELECT governance.export_query(NULL);
-- an error on the way, in a savepoint: the row is written when the rest commits
BEGIN; SAVEPOINT s; SELECT governance.export_query('SELECT 1 / (20 - id) FROM person ORDER BY id'); ROLLBACK TO s; COMMIT;
SELECT receipt->>'outcome' AS outcome, receipt->>'complete' AS complete FROM last_receipt;
SELECT name FROM person WHERE id = 1;
-- a savepoint that is rolled back takes no receipt along
BEGIN; SAVEPOINT s; SELECT count(*) FROM governance.export_query('SELECT 77 AS seventy_seven'); ROLLBACK TO s; COMMIT;
SELECT receipt->>'query' AS query FROM last_receipt;
-- a prepared plan of a function that is called inside stays masked there and raw outside
CREATE FUNCTION of(i int) RETURNS text LANGUAGE plpgsql STABLE AS 'BEGIN RETURN (SELECT name FROM person WHERE id = i); END';
SELECT of(1), governance.export_query('SELECT of(id) FROM person WHERE id < 3 ORDER BY id'), of(2);
-- files
SELECT id AS last FROM governance.export_receipts ORDER BY id DESC LIMIT 1 \gset
SELECT v.* FROM governance.verify_receipt(:'last', E'of\nN. *.\nN. *.\n') v WHERE "check" = 'content';
SELECT ok FROM governance.verify_receipt(:'last', E'of\nN. *.\nN. *.') v WHERE "check" = 'content';
SELECT ok FROM governance.verify_receipt(:'last', encode(sha256(E'of\nN. *.\nN. *.\n'), 'hex') || '  file.csv') v WHERE "check" = 'content';
SELECT ok FROM governance.verify_receipt(:'last', E'of\nN. *.\nName 2\n') v WHERE "check" = 'content';
SELECT ok FROM governance.verify_receipt(:'last'::uuid, '{of,N. *.,N. *.}'::text[]) v WHERE "check" = 'content';
SELECT * FROM governance.verify_receipt('00000000-0000-0000-0000-000000000000');
SELECT * FROM governance.verify_receipt('nothing');
SELECT * FROM governance.verify_receipt(NULL::uuid);
-- a line of the log, and one that somebody changed
SELECT 'x@y LOG:  governance export receipt: ' || receipt::text AS line FROM governance.export_receipt ORDER BY id DESC LIMIT 1 \gset
SELECT "check", ok FROM governance.verify_receipt(:'line');
SELECT * FROM governance.verify_receipt(replace(:'line', '"row_count": 2', '"row_count": 3'));
-- the policy of today: another mask, a tag on what was read raw
SELECT count(*) FROM governance.export_query('SELECT name, note FROM person');
SELECT id AS last FROM governance.export_receipts ORDER BY id DESC LIMIT 1 \gset
SELECT ok, detail FROM governance.verify_receipt(:'last') WHERE "check" = 'policy';
SELECT governance.tag_column('person', 'note', 'pii.free_text');
SELECT ok, detail FROM governance.verify_receipt(:'last') WHERE "check" = 'policy';
SELECT governance.set_mask('pii.name', 'null');
SELECT ok, detail FROM governance.verify_receipt(:'last') WHERE "check" = 'policy';
SELECT governance.untag_column('person', 'note', 'pii.free_text', 'test'); SELECT governance.set_mask('pii.name', 'partial', reason => 'test');
SELECT ok, detail FROM governance.verify_receipt(:'last') WHERE "check" = 'policy';
-- what the output looks like: addresses of masks do not count, others do
SELECT count(*) FROM governance.export_query('SELECT email FROM person'); SELECT receipt->'found' AS found FROM last_receipt;
SELECT count(*) FROM governance.export_query('SELECT id, reach FROM contact'); SELECT receipt->'found' AS found FROM last_receipt;
-- small classes
SELECT governance.tag_column('person', c, 'quasi'), governance.set_mask('quasi', 'partial', '{"left": 2}', reason => 'test') FROM (VALUES ('zip'), ('age')) x(c);
SELECT governance.declare_tag('quasi.postcode', 'a postcode', 'partial', '{"left": 1}'); SELECT governance.untag_column('person', 'zip', 'quasi', 'test'), governance.tag_column('person', 'zip', 'quasi.postcode');
SELECT count(*) FROM governance.export_query('SELECT zip FROM person WHERE id < 5'); SELECT receipt->'k_anonymity' AS k FROM last_receipt;
SELECT count(*) FROM governance.export_query('SELECT zip FROM person'); SELECT receipt->'k_anonymity' AS k FROM last_receipt;
SELECT count(*) FROM governance.export_query('SELECT count(*) FROM person'); SELECT receipt->'k_anonymity' AS k FROM last_receipt;
-- levels
SELECT governance.set_level('privacy.exports', 'warn');
SELECT count(*) FROM governance.export_query('SELECT zip FROM person WHERE id < 5');
SELECT count(*) FROM governance.export_query('SELECT zip FROM person', min_k => 61);
SELECT count(*) FROM governance.export_query('SELECT zip FROM person', min_k => 2);
-- the threshold: lower needs a reason and takes effect at commit, a recipient's own wins, the argument only raises it
SELECT governance.set_export_threshold(3); SELECT governance.set_export_threshold(1); SELECT governance.set_export_threshold(NULL);
BEGIN; SELECT governance.set_export_threshold(3, reason => 'test'); SELECT count(*) FROM governance.export_query('SELECT zip FROM person WHERE id < 5'); COMMIT;
SELECT count(*) FROM governance.export_query('SELECT zip FROM person WHERE id < 5');
SELECT governance.set_export_threshold(50, 'acme'); SELECT count(*) FROM governance.export_query('SELECT zip FROM person WHERE id < 20', recipient => 'acme');
SELECT count(*) FROM governance.export_query('SELECT zip FROM person', recipient => 'acme', min_k => 49);
SELECT governance.reset_export_threshold('acme'); BEGIN; SELECT governance.reset_export_threshold('acme', 'test'); SELECT count(*) FROM governance.export_query('SELECT zip FROM person WHERE id < 20', recipient => 'acme'); COMMIT;
SELECT count(*) FROM governance.export_query('SELECT zip FROM person WHERE id < 20', recipient => 'acme');
SELECT governance.reset_export_threshold(); SELECT count(*) FROM governance.export_query('SELECT zip FROM person WHERE id < 5');
SELECT recipient, min_k FROM governance.export_threshold ORDER BY 1;
SELECT op, object, old_row, new_row, reason FROM governance.audit_entry WHERE op LIKE '%threshold' ORDER BY id;
SELECT governance.set_level('privacy.exports', 'enforce');
SELECT governance.export_query('SELECT zip FROM person WHERE id < 5');
SELECT governance.export_query('SELECT reach FROM contact', 'jsonl');
SELECT governance.export_query('SELECT id, zip FROM person WHERE id > 54 ORDER BY id');
SELECT governance.export_query('SELECT id, name, zip FROM person ORDER BY id') LIMIT 2;
SELECT receipt->>'outcome' AS outcome, receipt->>'row_count' AS rows FROM last_receipt;
SELECT governance.set_level('privacy.exports', 'off', reason => 'test');
SELECT count(*) FROM governance.export_query('SELECT reach FROM contact'); SELECT receipt->'k_anonymity' AS k, receipt->'found' AS found FROM last_receipt;
SELECT governance.reset_level('privacy.exports', reason => 'test');
-- who sees them, and who may change them
GRANT SELECT ON person TO privacy_receipts_app; SET ROLE privacy_receipts_app;
SELECT count(*) FROM governance.export_query('SELECT zip FROM person');
SELECT count(*), bool_and(exported_by = 'privacy_receipts_app') AS mine FROM governance.export_receipts;
SELECT ok FROM governance.verify_receipt(:'last'); SELECT "check", ok FROM governance.verify_receipt((SELECT id FROM governance.export_receipts));
SELECT governance.set_export_threshold(50); SELECT governance.reset_export_threshold();
UPDATE governance.export_receipt SET exported_by = 'x'; DELETE FROM governance.export_receipt; INSERT INTO governance.export_receipt SELECT * FROM governance.export_receipt; SELECT * FROM governance.export_receipt; SELECT * FROM governance.export_receipt_gap;
RESET ROLE;
SELECT object = (SELECT receipt->>'id' FROM last_receipt) AS same, new_row->>'digest' = (SELECT receipt->>'digest' FROM last_receipt) AS digest, new_row->>'row_count' AS rows FROM governance.audit_entry WHERE op = 'export_query' ORDER BY id DESC LIMIT 1;
-- names that need quotes
CREATE SCHEMA "Odd.S"; CREATE TABLE "Odd.S"."T'1 ""x""" ("e mail" text, "line
feed" int); INSERT INTO "Odd.S"."T'1 ""x""" VALUES ('a@corp.de', 1);
SELECT governance.tag_column('"Odd.S"."T''1 ""x"""', 'e mail', 'pii.contact.email');
SELECT governance.export_query('TABLE "Odd.S"."T''1 ""x"""', 'jsonl');
SELECT receipt->'masked'->0->'output' AS output, receipt->'read' AS read FROM last_receipt;
SELECT "check", ok FROM governance.verify_receipt((SELECT receipt::text FROM last_receipt));
