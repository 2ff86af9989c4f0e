-- The manifest: what is exported can be applied elsewhere and exported again unchanged; what is wrong is named with its
-- path; nothing is half applied.
\pset format unaligned
\pset tuples_only on
\pset null '-'
CREATE ROLE registry_manifest_app;
CREATE ROLE registry_manifest_op;
CREATE SCHEMA "Sa.les";
CREATE TABLE "Sa.les"."Or""der" (id int PRIMARY KEY, "E Mail" text, note text);
CREATE TABLE public.aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff123 (id int);
CREATE TABLE public.empty ();
CREATE VIEW public.v AS SELECT 1 AS one;
SET client_min_messages = warning;
SELECT governance.declare_party('sales', db_roles => '{registry_manifest_app}', contact => 'sales@example.com');
SELECT governance.declare_party('crm', 'service');
SELECT governance.declare_dataset('"Sa.les"."Or""der"', 'sales', 'transactional', steward => 'crm', consistency => 'eventual', max_staleness => '1 month 2 days 03:04:05.5');
SELECT governance.declare_dataset('aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff123', class => 'master');
SELECT governance.declare_dataset('empty', 'sales', 'reference');
SELECT governance.declare_dataset('v', 'sales', 'analytical', description => 'Zeile 1
"Zeile" 2 — ü');
SELECT governance.tag_column('"Sa.les"."Or""der"', 'E Mail', 'pii.contact.email');
SELECT governance.declare_consumer('"Sa.les"."Or""der"', 'crm', '{"E Mail"}', 'mail', '2999-01-01 00:00+00');
SELECT governance.record_decision('d1', objects => '{a,b}', alternatives => '[{"x": null}]', review_by => '2999-01-01');
SELECT governance.set_level('guard', 'enforce', 'schema:"Sa.les"', floor => true);
SELECT governance.set_level('guard.data_loss', 'observe', 'dataset:public.empty', reason => 'test data', valid_until => '2999-01-01 00:00+00');
SELECT governance.grant_duty('operator', 'registry_manifest_op');
SELECT governance.grant_duty('auditor', 'registry_manifest_app', 'schema:"Sa.les"');
SELECT jsonb_pretty(governance.manifest());
SELECT governance.manifest() AS m \gset
-- independent of how the session writes times and intervals
SET intervalstyle = 'sql_standard'; SET datestyle = 'German'; SET timezone = 'Asia/Tokyo';
SELECT governance.manifest() = :'m'::jsonb AS the_same;
-- applied to itself it changes nothing, pruning or not
SELECT * FROM governance.apply_manifest(:'m', dry_run => false);
SELECT * FROM governance.apply_manifest(:'m', dry_run => false, prune => true);
RESET intervalstyle; RESET datestyle; RESET timezone;

-- what is wrong is named
SELECT * FROM governance.apply_manifest(NULL);
SELECT * FROM governance.apply_manifest('[]');
SELECT * FROM governance.apply_manifest('{}');
SELECT * FROM governance.apply_manifest('{"format": "data_governance manifest", "version": 2}');
\set head '{"format": "data_governance manifest", "version": 1, '
SELECT * FROM governance.apply_manifest((:'head' || '"partys": []}')::jsonb);
SELECT * FROM governance.apply_manifest((:'head' || '"parties": [{"name": "a", "colour": "red"}]}')::jsonb);
SELECT * FROM governance.apply_manifest((:'head' || '"parties": [{"name": "ok"}, {"name": "a", "kind": "gang"}]}')::jsonb);
SELECT * FROM governance.apply_manifest((:'head' || '"parties": [{"name": "ok"}, {"name": "a", "db_roles": ["registry_manifest_none"]}]}')::jsonb);
SELECT * FROM governance.apply_manifest((:'head' || '"datasets": [{"relation": "orders"}]}')::jsonb);
SELECT * FROM governance.apply_manifest((:'head' || '"datasets": [{"relation": "public.none"}]}')::jsonb);
SELECT * FROM governance.apply_manifest((:'head' || '"datasets": [{"relation": "public.empty", "max_staleness": "soon"}]}')::jsonb);
SELECT * FROM governance.apply_manifest((:'head' || '"datasets": [{"relation": "public.v"}, {"relation": "public.empty", "owner": "nobody"}]}')::jsonb, dry_run => false);
SELECT * FROM governance.apply_manifest((:'head' || '"column_tags": [{"relation": "public.v", "column": "two", "tag": "pii"}]}')::jsonb);
SELECT * FROM governance.apply_manifest((:'head' || '"column_tags": [{"relation": "public.v", "column": "one", "tag": "nonsense"}]}')::jsonb);
SELECT * FROM governance.apply_manifest((:'head' || '"levels": [{"feature": "guard", "scope": "table:x"}]}')::jsonb);
SELECT * FROM governance.apply_manifest((:'head' || '"levels": [{"feature": "gard", "level": "off"}]}')::jsonb);
SELECT * FROM governance.apply_manifest((:'head' || '"levels": [{"feature": "guard"}]}')::jsonb);
SELECT * FROM governance.apply_manifest((:'head' || '"duties": [{"duty": "operator", "role": "postgres"}]}')::jsonb);
SELECT * FROM governance.apply_manifest((:'head' || '"tags": [{"tag": "own.secret", "mask": "rot13"}]}')::jsonb);
SELECT * FROM governance.apply_manifest((:'head' || '"datasets": [{"relation": "public.none"}]}')::jsonb, missing => 'perhaps');
-- missing relations can be left out
SELECT action, object FROM governance.apply_manifest((:'head' || '"datasets": [{"relation": "public.none"}]}')::jsonb, missing => 'skip');
-- after all these the declarations are as before
SELECT governance.manifest() = :'m'::jsonb AS unchanged;

-- a rehearsal shows what a run does, and does nothing
\set change '"parties": [{"name": "ok"}], "datasets": [{"relation": "public.v", "description": null, "owner": "ok"}]}'
SELECT action, object, before->>'owner' AS was, after->>'owner' AS now, after ? 'description' AS described FROM governance.apply_manifest((:'head' || :'change')::jsonb);
SELECT governance.manifest() = :'m'::jsonb AS unchanged;
SELECT action, object, before->>'owner' AS was, after->>'owner' AS now, after ? 'description' AS described FROM governance.apply_manifest((:'head' || :'change')::jsonb, dry_run => false);
SELECT owner, description FROM governance.datasets WHERE relation = 'v'::regclass;
SELECT governance.manifest() = :'m'::jsonb AS unchanged;
-- back again; the party that is new is taken away by prune
SELECT action, object FROM governance.apply_manifest(:'m', dry_run => false, prune => true);
SELECT governance.manifest() = :'m'::jsonb AS unchanged;

-- weakening needs a reason, and holds until commit
\set less '"levels": [], "column_tags": []}'
SELECT action, object FROM governance.apply_manifest((:'head' || :'less')::jsonb, dry_run => false, prune => true);
BEGIN;
SELECT action, object FROM governance.apply_manifest((:'head' || :'less')::jsonb, dry_run => false, prune => true, reason => 'test');
SELECT level, source FROM governance.effective_levels('"Sa.les"."Or""der"') WHERE feature = 'guard.breaks_clients';
SELECT count(*) AS tags_until_commit FROM governance.column_tags;
COMMIT;
SELECT level, source FROM governance.effective_levels('"Sa.les"."Or""der"') WHERE feature = 'guard.breaks_clients';
SELECT count(*) AS tags FROM governance.column_tags;
SELECT op, object, reason FROM governance.audit_entry WHERE op IN ('untag_column', 'reset_level', 'apply_manifest') ORDER BY id;

-- everything away, and from nothing to the same manifest
SELECT action, object FROM governance.apply_manifest((:'head' || '"parties": [], "datasets": [], "consumers": [], "decisions": [], "duties": [], "tags": []}')::jsonb, dry_run => false, prune => true, reason => 'test');
SELECT action, object FROM governance.apply_manifest((:'head' || '"parties": [], "datasets": []}')::jsonb, dry_run => false, prune => true, reason => 'test');
SELECT governance.manifest();
SELECT action, object FROM governance.apply_manifest(:'m', dry_run => false);
SELECT governance.manifest() = :'m'::jsonb AS the_same;

-- without levels a new dataset is declared in bulk; own tags come along
CREATE TABLE public.fresh (id int);
\set own '"tags": [{"tag": "own.secret", "description": "ours", "mask": "null"}], "datasets": [{"relation": "public.fresh"}], "column_tags": [{"relation": "public.fresh", "column": "id", "tag": "own.secret"}]}'
SELECT action, object FROM governance.apply_manifest((:'head' || :'own')::jsonb, dry_run => false);
SELECT relation, in_bulk FROM governance.datasets WHERE relation = 'fresh'::regclass;
SELECT governance.manifest()->'tags', governance.manifest()->'column_tags'->0;
SELECT action, object FROM governance.apply_manifest((:'head' || '"tags": []}')::jsonb, dry_run => false, prune => true, reason => 'test');
SET ROLE registry_manifest_app;
SELECT * FROM governance.apply_manifest((:'head' || '"parties": []}')::jsonb);
RESET ROLE;
SET ROLE registry_manifest_op;
SELECT * FROM governance.apply_manifest((:'head' || '"parties": [{"name": "by operator"}]}')::jsonb, dry_run => false);
RESET ROLE;

-- all that is wrong is named at once
SELECT * FROM governance.apply_manifest((:'head' || '"partys": [], "parties": [{"name": "a", "kind": "gang", "colour": "red"}, 7], "datasets": [{"relation": "orders"}]}')::jsonb);
-- comments are kept, on items and on the whole, and what changes is said in words
\set noted '"comment": "reviewed by risk", "parties": [{"name": "crm", "comment": "bought in 2019"}], "datasets": [{"relation": "public.v", "owner": "crm", "comment": "see wiki"}], "levels": [{"feature": "guard", "scope": "schema:public", "level": "warn", "comment": "until the move"}]}'
SELECT action, object, difference FROM governance.apply_manifest((:'head' || :'noted')::jsonb, reason => 'test');
SELECT action, object, difference FROM governance.apply_manifest((:'head' || :'noted')::jsonb, dry_run => false, reason => 'test');
SELECT action, object, difference FROM governance.apply_manifest((:'head' || :'noted')::jsonb, dry_run => false);
SELECT governance.manifest() ->> 'comment', jsonb_path_query_array(governance.manifest(), '$.*[*].comment');
SELECT action, object, difference FROM governance.apply_manifest((:'head' || '"comment": null, "parties": [{"name": "crm", "comment": null}]}')::jsonb, dry_run => false);
SELECT governance.manifest() ? 'comment', jsonb_path_query_array(governance.manifest(), '$.*[*].comment');
SELECT op, object, old_row, new_row FROM governance.audit_entry WHERE op = 'comment' ORDER BY id;
ALTER VIEW public.v RENAME TO w;
SELECT jsonb_path_query(governance.manifest(), '$.datasets[*] ? (@.relation == "public.w").comment');
ALTER VIEW public.w RENAME TO v;

-- what other features declare
\set features '"audits": [{"relation": "public.fresh"}], "writers": [{"relation": "public.fresh", "role": "registry_manifest_app"}], "deprecations": [{"relation": "public.fresh", "column": "id", "sunset": "2100-01-01T00:00:00Z", "replacement": "none yet"}], "masks": [{"tag": "pii.name", "mask": "null", "comment": "hide all"}]}'
SELECT action, object, difference FROM governance.apply_manifest((:'head' || :'features')::jsonb, dry_run => false);
SELECT governance.manifest() AS all \gset
SELECT action, object, difference FROM governance.apply_manifest(:'all', dry_run => false, prune => true);
SELECT s.key, s.value FROM jsonb_each(governance.manifest()) s WHERE s.key IN ('audits', 'writers', 'deprecations', 'masks', 'masked_roles');
SELECT action, object FROM governance.apply_manifest((:'head' || '"masked_roles": [{"role": "registry_manifest_app"}]}')::jsonb);
SELECT action, object FROM governance.apply_manifest((:'head' || '"audits": [], "writers": [], "deprecations": [], "masks": []}')::jsonb, dry_run => false, prune => true);
SELECT action, object FROM governance.apply_manifest((:'head' || '"audits": [], "writers": [], "deprecations": [], "masks": []}')::jsonb, dry_run => false, prune => true, reason => 'test');
SELECT s.key, s.value FROM jsonb_each(governance.manifest()) s WHERE s.key IN ('audits', 'writers', 'deprecations', 'masks', 'masked_roles');
SELECT action, object FROM governance.apply_manifest(:'all', dry_run => false, prune => true, reason => 'test');
SELECT governance.manifest() = :'all'::jsonb AS the_same;

-- what waits under the name of a column that is gone says so: the same is stated where the column is missing too, and a
-- name that is only mistyped is an error, or left out
CREATE TABLE public.worn (id int, mail text, phone text, keep text);
SELECT governance.tag_column('worn', 'mail', 'pii.contact.email'), governance.declare_consumer('worn', 'crm', '{mail,id}'),
       governance.start_audit('worn', '{mail}'), governance.deprecate_column('worn', 'keep', '2100-01-01 00:00+00', 'phone');
ALTER TABLE public.worn DROP COLUMN mail, DROP COLUMN phone;
SELECT governance.manifest() AS worn \gset
SELECT s.key, i FROM jsonb_each(:'worn') s, jsonb_path_query(s.value, 'strict $[*] ? (@.relation == "public.worn")') i WHERE s.key NOT IN ('format', 'version', 'domain');
SELECT action, object, difference FROM governance.apply_manifest(:'worn', dry_run => false, prune => true);
SELECT action, object FROM governance.apply_manifest((:'head' || '"column_tags": [], "consumers": [], "deprecations": [], "audits": []}')::jsonb, dry_run => false, prune => true, reason => 'test');
SELECT action, object, difference FROM governance.apply_manifest(:'worn', dry_run => false);
SELECT governance.manifest() = :'worn'::jsonb AS the_same;
-- a file of before the column went changes nothing; another field of what waits can change
SELECT action, object, difference FROM governance.apply_manifest((:'head' || '"column_tags": [{"relation": "public.worn", "column": "mail", "tag": "pii.contact.email"}], "consumers": [{"relation": "public.worn", "party": "crm", "purpose": "mail"}]}')::jsonb, dry_run => false);
SELECT action, object, difference FROM governance.apply_manifest((:'head' || '"consumers": [{"relation": "public.worn", "party": "crm", "columns": ["mail", "mial"]}]}')::jsonb);
\set typed '"column_tags": [{"relation": "public.worn", "column": "mial", "tag": "pii.contact.email"}], "consumers": [{"relation": "public.worn", "party": "sales", "columns": ["id", "mial"]}], "deprecations": [{"relation": "public.worn", "column": "id", "sunset": "2100-01-01", "replacement": "mial"}], "audits": [{"relation": "public.empty", "exclude_columns": ["mial"]}]}'
SELECT action, object FROM governance.apply_manifest((:'head' || :'typed')::jsonb);
SELECT action, object FROM governance.apply_manifest((:'head' || :'typed')::jsonb, dry_run => false, missing => 'skip');
-- once the column is back it holds, and waits no more
ALTER TABLE public.worn ADD COLUMN mail text;
SELECT jsonb_path_query_array(governance.manifest(), '$.column_tags[*] ? (@.relation == "public.worn")');
DROP TABLE public.worn;
SELECT action, object FROM governance.apply_manifest(:'all', dry_run => false, prune => true, reason => 'test');

-- a bad value is named with its field, whatever else is wrong
SELECT * FROM governance.apply_manifest((:'head' || '"comment": "", "deprecations": [{"relation": "public.fresh", "column": "id", "sunset": "soon"}], "consumers": [{"relation": "public.fresh", "party": "crm", "valid_until": 7}], "decisions": [{"title": "d", "review_by": "2030-02-30"}], "levels": [{"feature": "guard"}]}')::jsonb);
SELECT * FROM governance.apply_manifest((:'head' || '"consumers": [{"relation": "public.fresh", "party": "crm", "columns": []}]}')::jsonb);
SELECT * FROM governance.apply_manifest((:'head' || '"column_tags": [{"relation": "public.fresh", "column": "ctid", "tag": "pii"}]}')::jsonb);

-- a domain is a part of its own: nothing outside is touched
SELECT governance.declare_dataset('public.fresh', domain => 'fresh');
SELECT governance.manifest('fresh') AS part \gset
SELECT jsonb_pretty(:'part');
SELECT action, object, difference FROM governance.apply_manifest(:'part', dry_run => false, prune => true);
SELECT action, object, difference FROM governance.apply_manifest(jsonb_set(:'part', '{datasets,0,description}', '"new"'), dry_run => false, prune => true);
SELECT action, object, difference FROM governance.apply_manifest(:'part'::jsonb || '{"datasets": [{"relation": "public.empty"}], "parties": [{"name": "x"}], "levels": [{"feature": "guard", "level": "off"}]}');
SELECT action, object, difference FROM governance.apply_manifest(jsonb_set(:'part', '{datasets,0,domain}', '"other"'));
SELECT action, object, difference FROM governance.apply_manifest((:'head' || '"domain": "fresh", "datasets": [{"relation": "public.empty"}]}')::jsonb);
SELECT action, object, difference FROM governance.apply_manifest((:'head' || '"domain": "fresh", "datasets": []}')::jsonb, prune => true, reason => 'test');
SELECT action, object FROM governance.apply_manifest((:'head' || '"domain": ""}')::jsonb);
SELECT governance.manifest('nothing');

-- the shape, as a JSON Schema
SELECT s ->> '$schema', s -> 'required', jsonb_object_keys(s -> 'properties') FROM governance.manifest_schema() s;
SELECT jsonb_pretty(governance.manifest_schema() #> '{properties,levels}');
