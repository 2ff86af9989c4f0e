-- What detection looks at, with whose rights, and what it says of it.
SET client_min_messages = warning;

-- Names, domains, comments, enums, checks; look-alikes of them say nothing.
CREATE DOMAIN email_address AS text;
CREATE TYPE sex AS ENUM ('female', 'male', 'other');
CREATE TABLE customer (id int PRIMARY KEY, first_name text, email text UNIQUE, email_verified bool, phone_type text, d1 email_address, g sex,
    x varchar(40), code varchar(2), born date);
COMMENT ON COLUMN customer.x IS 'street address';
CREATE TABLE product (id int, name text, description text, city text, latitude numeric, ean text, version text);
CREATE TABLE newsletter (address_of text REFERENCES customer (email), sent_on date);
SELECT relation, column_name, tag, confidence, evidence FROM governance.detect_pii() ORDER BY relation::text, column_name, tag;

-- Values: those of a column without a name, of an array, of JSON; blanks and NULLs are not counted.
CREATE TABLE t001 (f1 text, f2 text, f3 text[], f4 jsonb, f5 text, f6 text, f7 text);
INSERT INTO t001
    SELECT CASE WHEN n % 3 = 0 THEN NULL WHEN n % 3 = 1 THEN '' ELSE 'canary' || n || '@example.org' END,
           '10.0.' || n || '.7', ARRAY['canary@' || n || '.example.org', 'x@example.org'],
           jsonb_build_object('user', jsonb_build_object('email', 'canary@example.org', 'note', n), 'canary' || n, 'a@b.example'),
           '1.2.3.' || n, '97803064061' || lpad(n::text, 2, '0'), '$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga3' || lpad(n::text, 3, '0')
      FROM generate_series(1, 90) n;
SELECT column_name, tag, confidence, evidence FROM governance.detect_pii('dataset:public.t001') ORDER BY column_name, tag;
-- No value is in the evidence.
SELECT count(*) FROM governance.proposals WHERE evidence::text LIKE '%canary%' OR evidence::text LIKE '%10.0.%';
-- Statistics tell the same without a row being read.
ANALYZE t001;
SELECT column_name, tag, evidence ->> 'from' AS "from" FROM governance.detect_pii('dataset:public.t001', 0) ORDER BY column_name, tag;

-- What was rejected stays so; what was accepted is not proposed again; a better guess replaces an open one.
SELECT governance.reject_proposal((SELECT id FROM governance.proposals WHERE object = 'public.t001.f2'), 'machines');
SELECT count(*) FROM governance.accept_proposals('tag', 0.9, 'dataset:public.customer', dry_run => false);
SELECT column_name, tag FROM governance.detect_pii('dataset:public.customer') ORDER BY column_name, tag;
SELECT object, value FROM governance.proposals WHERE kind = 'tag' AND object LIKE 'public.t001.%' ORDER BY object, value;

-- A tag that people set is passed on along foreign keys.
SELECT column_name, tag, evidence FROM governance.detect_pii('dataset:public.newsletter') ORDER BY column_name, tag;

-- Partitions are seen through their root; materialized views without data and tables without rows are no obstacle.
CREATE TABLE visit (at date, c text) PARTITION BY RANGE (at);
CREATE TABLE visit_2024 PARTITION OF visit FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO visit SELECT '2024-05-01', 'canary' || n || '@example.org' FROM generate_series(1, 50) n;
CREATE MATERIALIZED VIEW mailing AS SELECT c AS mail_of FROM visit WITH NO DATA;
CREATE TABLE empty_one (e_mail text);
SELECT relation, column_name, tag, confidence FROM governance.detect_pii() WHERE relation::text IN ('visit', 'visit_2024', 'mailing', 'empty_one') ORDER BY 1, 2;
-- Blocks of a large table, the same each time.
CREATE TABLE large (n int, c text, filler text);
INSERT INTO large SELECT n, CASE WHEN n > 100 THEN 'canary' || n || '@example.org' ELSE 'none' END, repeat('x', 200) FROM generate_series(1, 20000) n;
CREATE TABLE large_analyzed AS SELECT n FROM generate_series(1, 10) n;
VACUUM large;
SELECT column_name, tag, confidence, (evidence ->> 'sampled')::int BETWEEN 50 AND 1000 AS bounded FROM governance.detect_pii('dataset:public.large');

-- A foreign server that is down costs its own table only.
CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE far (email text) SERVER files OPTIONS (filename '/nonexistent');
SELECT column_name, tag, confidence, evidence FROM governance.detect_pii('dataset:public.far');

-- With the rights of the caller: policies hold, and of columns that cannot be read the names are all there is.
CREATE ROLE detect_reader;
GRANT USAGE ON SCHEMA public TO detect_reader;
CREATE TABLE secret_mail (owner text, c text, email text);
INSERT INTO secret_mail SELECT CASE WHEN n <= 10 THEN 'detect_reader' ELSE 'other' END, 'canary' || n || '@example.org', 'canary' || n || '@example.org' FROM generate_series(1, 100) n;
ANALYZE secret_mail;
ALTER TABLE secret_mail ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON secret_mail USING (owner = current_user);
GRANT SELECT (owner, email) ON secret_mail TO detect_reader;
SET ROLE detect_reader;
SELECT column_name, tag, confidence, evidence FROM governance.detect_pii('dataset:public.secret_mail');
RESET ROLE;

-- Names that are SQL.
CREATE TABLE "odd""; DROP TABLE customer; --" ("e mail'; --" text, "first name" text);
INSERT INTO "odd""; DROP TABLE customer; --" VALUES ('canary@example.org', 'Anna');
SELECT column_name, tag, confidence FROM governance.detect_pii() WHERE relation::text LIKE '%odd%' ORDER BY 1;
SELECT governance.detect_pii(NULL, -1);
SELECT governance.detect_pii(NULL, NULL);
