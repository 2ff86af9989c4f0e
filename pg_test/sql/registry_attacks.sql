-- needs: attached
-- What hostile readers of the registry tried: a way round a duty, a reason, a floor, or to make everybody's statements
-- fail. Each found its way once.
\pset format unaligned
\pset null '-'
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE registry_attacks_owner LOGIN;
CREATE ROLE registry_attacks_steward;
CREATE ROLE registry_attacks_op LOGIN;
CREATE ROLE registry_attacks_reader;
CREATE SCHEMA s AUTHORIZATION registry_attacks_owner;
GRANT USAGE ON SCHEMA s TO PUBLIC;
SET ROLE registry_attacks_owner;
CREATE TABLE s.t (id int PRIMARY KEY, a text, fax text);
CREATE TABLE s.u (id int PRIMARY KEY, a text);
CREATE TABLE s.gone (id int PRIMARY KEY, a text);
CREATE TABLE s.p (at date, fax text) PARTITION BY RANGE (at);
CREATE VIEW s.v AS SELECT id, fax FROM s.t;
GRANT SELECT ON s.v TO registry_attacks_reader;
RESET ROLE;
SELECT governance.grant_duty('operator', 'registry_attacks_op');
SELECT governance.declare_party('owners', db_roles => '{registry_attacks_owner}');
SELECT governance.declare_party('stewards', db_roles => '{registry_attacks_steward}');
SELECT governance.declare_party('ops', db_roles => '{registry_attacks_op}');
SELECT governance.declare_dataset('s.t', 'owners', 'master', steward => 'stewards');
SELECT governance.tag_column('s.t', 'a', 'pii.name');
SELECT governance.start_audit('s.t');
\set head '{"format": "data_governance manifest", "version": 1, '

-- a sunset that is no date would make every statement of the database fail
SET ROLE registry_attacks_owner;
SELECT governance.deprecate_column('s.t', 'fax', 'infinity');
SELECT governance.deprecate_column('s.t', 'fax', '-infinity');
RESET ROLE;
-- rows by hand, as if time had passed
SELECT governance.set_level('guard.disabling-guard', 'off', reason => 'suite');
INSERT INTO governance.deprecation (schema_name, relation_name, column_name, sunset) VALUES ('s', 't', 'fax', 'infinity');

-- by manifest an operator does not do what is the steward's
SET ROLE registry_attacks_op;
SELECT governance.untag_column('s.t', 'a', 'pii.name', 'why');
SELECT action, object FROM governance.apply_manifest((:'head' || '"column_tags": []}')::jsonb, false, true, 'why');
SELECT action, object FROM governance.apply_manifest((:'head' || '"audits": []}')::jsonb, false, true, 'why');
SELECT action, object FROM governance.apply_manifest((:'head' || '"datasets": []}')::jsonb, false, true, 'why');
-- nor make a dataset its own, nor empty the party that has it
SELECT governance.declare_dataset('s.t', owner => 'ops');
SELECT governance.declare_dataset('s.t', steward => 'ops');
SELECT action, object FROM governance.apply_manifest((:'head' || '"datasets": [{"relation": "s.t", "owner": "ops"}]}')::jsonb);
SELECT governance.declare_party('empty');
SELECT * FROM governance.transfer_party('owners', 'empty');
SELECT governance.declare_party('stewards', db_roles => '{}');

-- a level is not lowered by the reason of another act, below a wider feature, nor over one that has ended
SELECT governance.set_level('guard', 'enforce', reason => 'audit of 2024');
SELECT action, object FROM governance.apply_manifest((:'head' || '"levels": [{"feature": "guard", "level": "observe"}]}')::jsonb, false);
SELECT action, object FROM governance.apply_manifest((:'head' || '"levels": [{"feature": "guard", "level": "observe", "reason": "audit of 2024"}]}')::jsonb, false);
SELECT action, difference FROM governance.apply_manifest((:'head' || '"levels": [{"feature": "guard", "level": "warn"}]}')::jsonb, false, reason => 'go-live');
SELECT level, reason FROM governance.levels WHERE feature = 'guard';
SELECT governance.set_level('guard', 'enforce');
SELECT governance.set_level('guard.availability', 'warn');
SELECT governance.reset_level('guard', NULL, 'tests');
SELECT governance.set_level('guard', 'off', reason => 'm', valid_until => clock_timestamp() + interval '50 ms');
SELECT pg_sleep(0.1);
SELECT governance.set_level('guard', 'observe');
RESET ROLE;

-- what is empty says nothing, and no manifest could bring it back
SET ROLE registry_attacks_owner;
SELECT governance.declare_dataset('s.u', description => '');
SELECT governance.declare_dataset('s.u', domain => '  ');
SELECT governance.declare_consumer('s.u', 'stewards', purpose => '');
RESET ROLE;
SELECT governance.declare_party('ops', contact => ' ');
SELECT governance.record_decision('d', access_pattern => '');
-- NULL leaves as it is, the kind too
SELECT governance.declare_party('bot', 'service');
SELECT governance.declare_party('bot', contact => 'bot@example.org');
SELECT governance.record_decision('g', kind => 'graph');
SELECT governance.record_decision('g', access_pattern => 'deep');
SELECT name, kind FROM governance.parties WHERE name = 'bot' UNION ALL SELECT title, kind FROM governance.decisions WHERE title = 'g';

-- past the sunset: refused to everybody, whatever the way; opened by the steward, with a reason
SET ROLE registry_attacks_owner;
SELECT governance.deprecate_column('s.t', 'fax', '2100-01-01', 'a');
SELECT governance.deprecate_column('s.p', 'fax', '2100-01-01');
RESET ROLE;
SELECT governance.set_level('deprecation', 'enforce', floor => true);
UPDATE governance.deprecation SET sunset = '2001-01-01';
SET ROLE registry_attacks_owner;
SELECT fax FROM s.t;
SELECT governance.undeprecate_column('s.t', 'fax');
SELECT governance.deprecate_column('s.t', 'fax', '2100-01-01');
SELECT governance.declare_dataset('s.p', 'owners');
CREATE TABLE s.p1 PARTITION OF s.p DEFAULT;
SELECT fax FROM s.p1;
RESET ROLE;
-- who may not see the table is told nothing about it
SET ROLE registry_attacks_reader;
SELECT id FROM s.v;
SELECT fax FROM s.t;
RESET ROLE;
-- a manifest that fails has not opened it
SELECT action, object FROM governance.apply_manifest((:'head' || '"deprecations": [], "decisions": [{"title": "x", "owner": "nobody"}]}')::jsonb, false, true, 'why');
SELECT fax FROM s.t;
CREATE FUNCTION s.read_fax() RETURNS bigint LANGUAGE plpgsql PARALLEL SAFE AS 'BEGIN RETURN (SELECT count(fax) FROM s.t); END';
SET force_parallel_mode = on;
SELECT s.read_fax();
RESET force_parallel_mode;
-- the product's own changes go through: a change that drops the column
SELECT governance.set_level('guard', 'enforce', 'dataset:s.t');
DROP VIEW s.v;
SELECT governance.propose_change('ALTER TABLE s.t DROP COLUMN fax', 'past its sunset') AS change \gset
SELECT governance.approve_change(:change, 'nobody reads it', '{not_observed}');
CALL governance.advance_change(:change);
SELECT * FROM s.t;
SELECT relation, column_name FROM governance.deprecations;
SELECT jsonb_path_query_array(governance.manifest(), '$.deprecations[*].column');
SET ROLE registry_attacks_steward;
SELECT governance.undeprecate_column('s.t', 'fax', 'not read any more');
RESET ROLE;

-- a part of the manifest does not reach into another domain
SELECT governance.declare_dataset('s.u', 'owners', domain => 'bobland');
SELECT action, object FROM governance.apply_manifest((:'head' || '"domain": "sales", "datasets": [{"relation": "s.u"}]}')::jsonb);
-- what is stated about a relation that is gone can be taken away, with a reason
SELECT governance.declare_dataset('s.gone', 'owners');
SELECT governance.tag_column('s.gone', 'a', 'pii.name');
SELECT governance.set_level('guard', 'off', 'dataset:s.gone', 'tests');
DROP TABLE s.gone;
SELECT jsonb_set(m, '{column_tags}', '[{"tag": "pii.name", "column": "a", "relation": "s.t"}]') AS less FROM governance.manifest() m \gset
SELECT action, object FROM governance.apply_manifest(:'less', false, true);
SELECT action, object FROM governance.apply_manifest(:'less', false, true, 'the table is gone');
SELECT count(*) FROM governance.column_tag WHERE relation_name = 'gone';
-- an expired contract comes and goes as it is
INSERT INTO governance.consumer (schema_name, relation_name, party, valid_until) VALUES ('s', 'u', 'bot', '2001-01-01');
SELECT governance.manifest() AS m \gset
SELECT action, object FROM governance.apply_manifest(:'m', false, true);
-- a custom tag that once had a mask can be taken away, one with a mask cannot
SELECT action, object FROM governance.apply_manifest((:'head' || '"tags": [{"tag": "own.thing"}]}')::jsonb, false);
SELECT governance.set_mask('own.thing', 'constant', '{"value": "x"}', reason => 'tests');
SELECT action, object FROM governance.apply_manifest((:'head' || '"tags": []}')::jsonb, false, true, 'tests');
SELECT governance.reset_mask('own.thing', reason => 'tests');
SELECT action, object FROM governance.apply_manifest((:'head' || '"tags": []}')::jsonb, false, true, 'tests');
SELECT action, object FROM governance.apply_manifest((:'head' || '"tags": [{"tag": "own.thing", "mask": "partial", "mask_args": {"left": "zzz"}}]}')::jsonb, false);
-- a comment is no act on what it comments
SELECT action, object FROM governance.apply_manifest((:'head' || '"parties": [{"name": "bot", "contact": null}], "decisions": [{"title": "g", "comment": "see wiki"}]}')::jsonb, false);
SELECT op, old_row ->> 'contact' AS was, new_row ->> 'contact' AS is FROM governance.audit_entry WHERE op = 'declare_party' AND object = 'bot' ORDER BY id;
SELECT count(*) FROM governance.audit_entry WHERE op = 'record_decision' AND object = 'g';
-- statements are for those who answer for the relation
CREATE TABLE s.w (id int, a text);
GRANT SELECT ON s.w TO registry_attacks_reader;
ALTER TABLE s.w OWNER TO registry_attacks_owner;
ALTER TABLE s.w DROP COLUMN a;
SET ROLE registry_attacks_reader;
SELECT object, example FROM governance.preview_level('guard', 'enforce', 'dataset:s.w');
RESET ROLE;
SET ROLE registry_attacks_owner;
SELECT object, example FROM governance.preview_level('guard', 'enforce', 'dataset:s.w');
RESET ROLE;
SELECT governance.preview_level(NULL, 'enforce');

-- what is stated about what is gone is a finding
SELECT object, finding, remediation_sql FROM governance.assess('{D1}') WHERE check_id = 'OWN-010' AND status <> 'pass' ORDER BY object;
CREATE TABLE s.x (id int, mail text);
SELECT governance.tag_column('s.x', 'mail', 'pii.contact.email');
ALTER TABLE s.x DROP COLUMN mail;
SELECT object, finding FROM governance.assess('{D1}') WHERE check_id = 'OWN-010' AND status <> 'pass' ORDER BY object;
SELECT remediation_sql FROM governance.assess('{D1}') WHERE check_id = 'OWN-010' AND remediation_sql IS NOT NULL ORDER BY object \gexec
SELECT object FROM governance.assess('{D1}') WHERE check_id = 'OWN-010' AND status <> 'pass' ORDER BY object;

-- what names nothing is refused, or found
CREATE TABLE s.y (id int, a text, b text);
SELECT governance.tag_column('s.y', 'ctid', 'pii'), governance.tag_column('s.y', 'tableoid', 'pii');
SELECT governance.deprecate_column('s.y', 'xmin', '2100-01-01');
SELECT governance.declare_consumer('s.y', 'bot', '{id,ctid}');
SELECT governance.declare_consumer('s.y', 'bot', '{}');
SELECT governance.declare_consumer('s.y', 'bot', '{id,a,id}');
SELECT governance.deprecate_column('s.y', 'a', '2100-01-01', 'nope');
SELECT governance.deprecate_column('s.y', 'a', '2100-01-01', 'ctid');
SELECT governance.deprecate_column('s.y', 'a', '2100-01-01', 'b');
SELECT governance.deprecate_column('s.y', 'b', '2100-01-01', 'none yet');
SELECT column_name, replacement FROM governance.deprecations WHERE relation = 's.y'::regclass;
SELECT governance.declare_consumer('s.y', 'bot', '{id}');
SELECT governance.forget_party('bot');
SELECT governance.record_decision('odd', objects => '{extension nosuch,s.nope,s.y,words,extension plpgsql,database}');
SELECT governance.record_decision('gone', objects => '{publication nosuch}');
SELECT object, finding, remediation_sql FROM governance.assess('{D6}') WHERE check_id = 'ADR-009' AND status <> 'pass' ORDER BY object;
SELECT remediation_sql FROM governance.assess('{D6}') WHERE check_id = 'ADR-009' AND remediation_sql IS NOT NULL ORDER BY object \gexec
SELECT title, objects FROM governance.decisions WHERE title IN ('odd', 'gone');
SELECT object, status FROM governance.assess('{D6}') WHERE check_id = 'ADR-009';
