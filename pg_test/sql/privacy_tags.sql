-- Where tags hold beyond the column that bears them, whose masks they have, and columns that nobody has classified.
\set SHOW_CONTEXT never
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET session_preload_libraries = data_governance', current_database()); END $$;
\c
SET client_min_messages = warning;
CREATE ROLE privacy_tags_app; CREATE ROLE privacy_tags_support; CREATE ROLE privacy_tags_agent;
GRANT privacy_tags_support TO privacy_tags_agent;
CREATE TABLE person (id int PRIMARY KEY, name text, email text, salary int, domain text GENERATED ALWAYS AS (substr(email, 5)) STORED, letters int GENERATED ALWAYS AS (length(name)) STORED);
INSERT INTO person VALUES (1, 'Rawcanary', 'raw@canary.test', 100), (2, 'Rawcanary Two', 'raw@canary2.test', 200);
GRANT SELECT ON person TO PUBLIC;
SELECT governance.tag_column('person', 'name', 'pii.name'), governance.tag_column('person', 'email', 'pii.contact.email'), governance.mask_role('public');
-- generated columns hold what they are made of; a length is a number made by a transformation
SET ROLE privacy_tags_app; SELECT * FROM person ORDER BY id; RESET ROLE;
-- materialized views hold copies, also through views, and under other names
CREATE VIEW person_v AS SELECT id, upper(name) AS called, email, salary FROM person;
CREATE MATERIALIZED VIEW person_m AS SELECT id AS k, called AS who, email || '' AS mail, salary FROM person_v;
CREATE MATERIALIZED VIEW person_mm AS SELECT min(who) AS first, count(mail) AS mails, string_agg(mail, ',' ORDER BY k) AS all_mails, sum(salary) AS total, max(p) IS NULL AS none FROM person_m, LATERAL (SELECT who) AS l(p);
GRANT SELECT ON person_v, person_m, person_mm TO PUBLIC;
SET ROLE privacy_tags_app; SELECT * FROM person_m ORDER BY k; SELECT * FROM person_mm; COPY (SELECT * FROM person_m ORDER BY k) TO STDOUT; RESET ROLE;
SELECT * FROM person_m ORDER BY k;
-- whole rows
CREATE MATERIALIZED VIEW person_row AS SELECT p AS r, to_jsonb(p) AS j FROM person p; GRANT SELECT ON person_row TO PUBLIC;
SET ROLE privacy_tags_app; SELECT * FROM person_row; RESET ROLE; DROP MATERIALIZED VIEW person_row;
-- a tag on a view is that of the columns it shows
CREATE TABLE plain (a text, b text, c text); INSERT INTO plain VALUES ('rawcanary a', 'rawcanary b', 'open c');
CREATE VIEW plain_v AS SELECT a || b AS ab, c FROM plain; CREATE VIEW plain_vv AS SELECT ab AS x, c FROM plain_v; GRANT SELECT ON plain, plain_v, plain_vv TO PUBLIC;
SELECT governance.tag_column('plain_vv', 'x', 'secret');
SET ROLE privacy_tags_app; SELECT * FROM plain; SELECT * FROM plain_v; SELECT * FROM plain_vv; RESET ROLE;
-- a masked role that makes a materialized view stores masks
-- the nearest choice up a tag's path wins; a shipped default is no choice
SELECT governance.set_mask('pii.contact', 'constant', '{"value": "[contact]"}', reason => 'test');
SET ROLE privacy_tags_app; SELECT name, email FROM person WHERE id = 1; RESET ROLE;
SELECT tag, mask, args, chosen_at FROM governance.tag_masks WHERE tag LIKE 'pii.contact%' AND recipient IS NULL AND role IS NULL;
-- a mask of a role: milder needs a reason, the strictest of several wins
SELECT governance.set_mask('pii.contact', 'partial', '{"left": 3}', role => 'privacy_tags_support');
SELECT governance.set_mask('pii.contact', 'partial', '{"left": 3}', role => 'privacy_tags_support', reason => 'they call people');
SELECT governance.set_mask('pii.contact', 'partial', '{"left": 3}', role => 'nobody', reason => 'x');
SELECT governance.set_mask('pii.contact', 'partial', '{"left": 3}', role => 'privacy_tags_support', recipient => 'acme', reason => 'x');
SET ROLE privacy_tags_agent; SELECT name, email FROM person WHERE id = 1; SET ROLE privacy_tags_app; SELECT name, email FROM person WHERE id = 1; RESET ROLE;
SELECT governance.set_mask('pii.contact.email', 'null', role => 'privacy_tags_agent');
SET ROLE privacy_tags_agent; SELECT name, email FROM person WHERE id = 1; SET ROLE privacy_tags_support; SELECT email FROM person WHERE id = 1; RESET ROLE;
SELECT tag, recipient, role, mask, args FROM governance.tag_masks WHERE role IS NOT NULL;
ALTER ROLE privacy_tags_agent RENAME TO privacy_tags_agent2;
SET ROLE privacy_tags_agent2; SELECT email FROM person WHERE id = 1; RESET ROLE;
SELECT jsonb_pretty(governance.manifest() -> 'masks');
SELECT governance.reset_mask('pii.contact.email', role => 'privacy_tags_agent2', reason => 'test');
SELECT governance.set_mask('pii', 'null', recipient => 'acme');
SET governance.recipient = 'acme'; SELECT name, email FROM person WHERE id = 1; RESET governance.recipient;
-- weakening what is below counts as weakening
SELECT governance.set_mask('secret', 'partial');
SELECT governance.reset_mask('pii.contact', reason => 'test');
-- tags of one's own
SELECT governance.declare_tag('pii.contact.fax', 'fax number', 'constant', '{"value": "[fax]"}');
SELECT governance.declare_tag('pii.contact.fax', 'number of a fax', 'constant', '{"value": "[fax]"}');
SELECT governance.declare_tag('pii.contact.fax', 'number of a fax', 'null');
SELECT governance.declare_tag('Fax', 'x'); SELECT governance.declare_tag('a..b', 'x'); SELECT governance.declare_tag('pii', 'x'); SELECT governance.declare_tag('mine', 'x', 'rot13');
SELECT governance.tag_column('plain', 'c', 'pii.contact.fax');
SET ROLE privacy_tags_app; SELECT c FROM plain; SELECT governance.declare_tag('mine', 'x'); RESET ROLE;
SELECT governance.forget_tag('pii.contact.fax', 'test');
SELECT governance.forget_tag('pii', 'test'); SELECT governance.forget_tag('nothing', 'test');
SELECT governance.untag_column('plain', 'c', 'pii.contact.fax', 'test'); SELECT governance.forget_tag('pii.contact.fax', 'test');
-- new columns of a governed dataset are masked until somebody classifies them
ALTER TABLE person ADD COLUMN before_level text DEFAULT 'open';
SELECT governance.set_level('privacy.unclassified', 'enforce');
SET client_min_messages = notice;
ALTER TABLE person ADD COLUMN note text DEFAULT 'rawcanary', ADD COLUMN shoe int DEFAULT 44;
ALTER TABLE plain ADD COLUMN d text; -- its tags are a view's
CREATE TABLE undeclared (a int); ALTER TABLE undeclared ADD COLUMN b int;
SET client_min_messages = warning;
SELECT relation, column_name, tag, source FROM governance.column_tags WHERE tag = 'unclassified';
SET ROLE privacy_tags_app; SELECT before_level, note, shoe FROM person; RESET ROLE;
SELECT governance.untag_column('person', 'shoe', 'unclassified', 'a size');
SELECT governance.tag_column('person', 'note', 'pii.free_text');
SET ROLE privacy_tags_app; SELECT note, shoe FROM person; RESET ROLE;
SELECT column_name, tag, source FROM governance.column_tags WHERE relation = 'person'::regclass AND column_name IN ('note', 'shoe');
-- said only
SELECT governance.set_level('privacy.unclassified', 'warn', reason => 'test');
ALTER TABLE person ADD COLUMN more text DEFAULT 'open';
SET ROLE privacy_tags_app; SELECT more FROM person; RESET ROLE;
BEGIN; ALTER TABLE person ADD COLUMN other text; ROLLBACK;
SELECT column_name FROM governance.column_tags WHERE tag = 'unclassified' ORDER BY 1;
-- paths want JSON
SELECT governance.tag_column('person', 'note', 'pii.name', '$.a'); SELECT governance.tag_column('person', 'note', 'pii.name', 'a');
SET ROLE privacy_tags_app; SELECT note FROM person WHERE id = 1; RESET ROLE;
-- paths inside JSON
CREATE TABLE event (id int PRIMARY KEY, body jsonb, raw json, kind text GENERATED ALWAYS AS (body ->> 'kind') STORED);
INSERT INTO event (id, body, raw) VALUES
    (1, '{"kind": "login", "user": {"email": "rawcanary@x.org", "name": "Rawcanary", "age": 1234567890123456789012}, "items": [{"phone": "+49 170 1234567"}, {"phone": null}, {}]}', '{"user" : {"email":"rawcanary@x.org"}, "keep" : 1.50}'),
    (2, '[]', '3'), (3, '"rawcanary"', NULL), (4, NULL, NULL);
GRANT SELECT ON event TO PUBLIC;
CREATE VIEW event_v AS SELECT id AS i, body AS b FROM event; CREATE MATERIALIZED VIEW event_m AS SELECT b AS c, b -> 'user' AS u FROM event_v; GRANT SELECT ON event_v, event_m TO PUBLIC;
SELECT governance.tag_column('event', 'body', 'pii.contact.email', '$.user.email'), governance.tag_column('event', 'body', 'pii.name', '$.user.name'), governance.tag_column('event', 'body', 'pii.contact.phone', '$.items[*].phone'), governance.tag_column('event', 'raw', 'secret', '$.user.email');
SET ROLE privacy_tags_app;
SELECT id, body, raw FROM event ORDER BY id; SELECT b FROM event_v WHERE i = 1; SELECT * FROM event_m LIMIT 1;
SELECT count(*) FROM event WHERE body #>> '{user,email}' LIKE 'raw%';
RESET ROLE;
SELECT relation, column_name, tag, path FROM governance.column_tags WHERE relation = 'event'::regclass ORDER BY tag, path;
-- a column with a tag as a whole, and with one at a path
SELECT governance.tag_column('event', 'body', 'secret'); SET ROLE privacy_tags_app; SELECT body FROM event WHERE id = 1; RESET ROLE; SELECT governance.untag_column('event', 'body', 'secret', 'test');
SELECT governance.untag_column('event', 'body', 'pii.name', 'test'); SELECT governance.untag_column('event', 'body', 'pii.name', 'test', '$.user.name');
SET ROLE privacy_tags_app; SELECT body -> 'user' AS u FROM event WHERE id = 1; RESET ROLE;
SELECT governance.tag_column('event', 'body', 'pii.name', '$.a['); SELECT governance.tag_column('event', 'body', 'pii.name', '$');
-- paths follow renames, and the manifest brings them
ALTER TABLE event RENAME body TO payload;
SET ROLE privacy_tags_app; SELECT payload -> 'user' AS u FROM event WHERE id = 1; RESET ROLE;
SELECT t -> 'path' AS path FROM jsonb_array_elements(governance.manifest() -> 'column_tags') t WHERE t ->> 'column' = 'payload' ORDER BY 1;
SELECT action, object FROM governance.apply_manifest(governance.manifest());
