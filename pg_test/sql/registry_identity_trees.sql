-- Partitions and children take along what governed them; where two declarations meet the strictest of both stays and a
-- person is asked.
\set SHOW_CONTEXT never
SET client_min_messages = error;
SET governance.reason = 'tests';
CREATE SCHEMA a;
CREATE ROLE registry_identity_trees_app;
CREATE ROLE registry_identity_trees_etl;
SELECT governance.declare_party('team', db_roles => '{postgres}');
CREATE VIEW everything AS
    SELECT relation::text, class, in_bulk AS bulk,
           (SELECT string_agg(column_name || '=' || tag || ' ' || source, ', ' ORDER BY column_name, tag) FROM governance.column_tags t WHERE t.relation = d.relation) AS tags,
           (SELECT string_agg(feature || ' ' || level || CASE WHEN floor THEN ' floor' ELSE '' END, ', ' ORDER BY feature) FROM governance.levels l WHERE l.scope = 'dataset:' || format('%I.%I', d.schema_name, d.relation_name)) AS levels
      FROM governance.datasets d
     WHERE declared OR EXISTS (SELECT FROM governance.column_tags t WHERE t.relation = d.relation) ORDER BY 1;
CREATE VIEW asked AS SELECT object, evidence FROM governance.proposals WHERE kind = 'identity' ORDER BY object;
CREATE FUNCTION hazards(of regclass) RETURNS TABLE (feature text, level text, source text) LANGUAGE sql AS
    $$SELECT feature, level, source FROM governance.effective_levels(of) WHERE feature IN ('guard.data_loss', 'guard.breaks_clients')$$;

-- a partition that is detached keeps what governed it in the tree
CREATE TABLE a.event (id int, at date, mail text, secret text) PARTITION BY RANGE (at);
CREATE TABLE a.event_1 PARTITION OF a.event FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
CREATE TABLE a.event_2 PARTITION OF a.event FOR VALUES FROM ('2022-01-01') TO ('2023-01-01');
SELECT governance.declare_dataset('a.event', 'team', 'transactional'), governance.tag_column('a.event', 'mail', 'pii.contact.email'),
       governance.tag_column('a.event_2', 'secret', 'secret.credential'), governance.declare_writer('a.event', 'registry_identity_trees_app'),
       governance.start_audit('a.event', '{secret}'), governance.set_level('guard.breaks_clients', 'enforce', 'dataset:a.event');
SELECT * FROM hazards('a.event_1');
ALTER TABLE a.event DETACH PARTITION a.event_1;
TABLE everything;
TABLE asked;
SELECT * FROM hazards('a.event_1');
SELECT relation, exclude_columns FROM governance.audited ORDER BY relation::text;
SELECT relation, role FROM governance.writers ORDER BY 1, 2;
DROP TABLE a.event_1;

-- tags that only one partition bore stay behind, whether it is detached or dropped
BEGIN;
ALTER TABLE a.event DETACH PARTITION a.event_2;
SELECT relation, column_name, tag, source FROM governance.column_tags ORDER BY 1, 2;
ROLLBACK;
BEGIN;
SELECT governance.set_level('guard', 'warn', 'dataset:a.event');
COMMIT;
SELECT governance.set_level('guard.breaks_clients', 'warn', 'dataset:a.event');
DROP TABLE a.event_2;
SELECT relation, column_name, tag, source FROM governance.column_tags WHERE relation IS NOT NULL ORDER BY 1, 2;
TABLE asked;

-- no: what was carried goes, after commit; what was said since stays
SELECT governance.tag_column('a.event_1', 'secret', 'pii.name');
BEGIN;
SELECT governance.reject_proposal(id, 'rows of 2021 are anonymous') FROM governance.proposals WHERE kind = 'identity' AND object = 'a.event_1';
SELECT relation, class, tags, levels FROM everything WHERE relation = 'a.event_1';
COMMIT;
SELECT relation, class, tags, levels FROM everything WHERE relation = 'a.event_1';
SELECT relation, role FROM governance.writers ORDER BY 1, 2;
SELECT op, object, reason FROM governance.audit_log WHERE op = 'reject_proposal';
DROP TABLE a.event_1;

-- attached, detached and attached again, audited by itself meanwhile
CREATE TABLE a.again (id int, at date, mail text, secret text);
SELECT governance.start_audit('a.again');
ALTER TABLE a.event ATTACH PARTITION a.again FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO a.event VALUES (1, '2025-05-05', 'attached', 'x');
ALTER TABLE a.event DETACH PARTITION a.again;
INSERT INTO a.again VALUES (2, '2025-05-05', 'detached', 'x');
ALTER TABLE a.event ATTACH PARTITION a.again FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO a.event VALUES (3, '2025-05-05', 'attached again', 'x');
SELECT op, relation_name, partition_name, new_row FROM governance.audit_log WHERE kind = 'row' ORDER BY id;

-- several levels: the middle is declared for itself; concurrently; a part that is attached is judged by the strictest
CREATE TABLE a.event_3 PARTITION OF a.event FOR VALUES FROM ('2023-01-01') TO ('2024-01-01') PARTITION BY LIST (id);
CREATE TABLE a.event_3_1 PARTITION OF a.event_3 FOR VALUES IN (1);
SELECT governance.declare_dataset('a.event_3', 'team', 'master'), governance.set_level('guard', 'enforce', 'dataset:a.event_3');
SELECT * FROM hazards('a.event_3_1');
DROP TABLE a.event_3_1;
ALTER TABLE a.event DETACH PARTITION a.event_3 CONCURRENTLY;
SELECT relation, class, tags, levels FROM everything WHERE relation LIKE 'a.event_3%';
CREATE TABLE a.mine (id int, at date, mail text, secret text);
SELECT governance.declare_dataset('a.mine', 'team', 'reference'), governance.set_level('guard', 'off', 'dataset:a.mine'),
       governance.set_level('guard', 'enforce', 'dataset:a.event');
SELECT * FROM hazards('a.mine');
ALTER TABLE a.event ATTACH PARTITION a.mine FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
SELECT * FROM hazards('a.mine');
DROP TABLE a.mine;
ALTER TABLE a.event DETACH PARTITION a.mine CONCURRENTLY;
SELECT * FROM hazards('a.mine');
SELECT relation, class, tags, levels FROM everything WHERE relation = 'a.mine';

-- inheritance
CREATE TABLE a.person (id int, mail text);
CREATE TABLE a.child (more text) INHERITS (a.person);
SELECT governance.declare_dataset('a.person', 'team', 'master'), governance.tag_column('a.person', 'mail', 'pii.contact.email');
DROP TABLE a.child;
ALTER TABLE a.child NO INHERIT a.person;
SELECT relation, class, tags FROM everything WHERE relation = 'a.child';
DROP TABLE a.child;

-- a swap of two that are both declared: the strictest of both, feature by feature
CREATE TABLE a.old (id int, mail text);
CREATE TABLE a.new (id int, mail text);
SELECT governance.declare_dataset('a.old', 'team', 'master'), governance.tag_column('a.old', 'mail', 'pii.contact.email'),
       governance.declare_consumer('a.old', 'team'), governance.set_level('guard.breaks_clients', 'enforce', 'dataset:a.old', floor => true),
       governance.declare_writer('a.old', 'registry_identity_trees_app');
SELECT count(*) FROM governance.apply_manifest('{"format": "data_governance manifest", "version": 1,
    "datasets": [{"relation": "a.new", "owner": "team", "class": "reference", "in_bulk": true}]}', dry_run => false);
SELECT governance.set_level('guard.data_loss', 'off', 'dataset:a.new'), governance.declare_writer('a.new', 'registry_identity_trees_etl');
SELECT governance.set_level('guard.ban-drop-table', 'observe', 'dataset:a.new');
SELECT governance.break_glass('swap', '{breaks_clients}', 'dataset:a.old', 'postgres');
BEGIN;
ALTER TABLE a.old RENAME TO older;
ALTER TABLE a.new RENAME TO old;
COMMIT;
SELECT * FROM everything WHERE relation LIKE 'a.old%';
SELECT * FROM hazards('a.old');
SELECT object, evidence FROM asked WHERE object = 'a.old';
SELECT relation, party FROM governance.consumers ORDER BY 1;
SELECT relation, role FROM governance.writers WHERE relation::text LIKE 'a.old%' ORDER BY 1, 2;
DROP TABLE a.old;

-- no: the levels of its own come back
SELECT governance.reject_proposal(id, 'another table') FROM governance.proposals WHERE object = 'a.old';
SELECT * FROM everything WHERE relation = 'a.old';
SELECT relation, party FROM governance.consumers ORDER BY 1;

-- a name whose declaration waits; asked once, not each night, when that was accepted
CREATE TABLE a.daily (id int, mail text);
SELECT governance.declare_dataset('a.daily', 'team', 'analytical'), governance.tag_column('a.daily', 'mail', 'pii.contact.email');
CREATE TABLE a.daily_tmp AS TABLE a.daily;
BEGIN;
ALTER TABLE a.daily RENAME TO daily_backup;
ALTER TABLE a.daily_tmp RENAME TO daily;
DROP TABLE a.daily_backup;
COMMIT;
SELECT governance.accept_proposal(id) FROM governance.proposals WHERE object = 'a.daily';
CREATE TABLE a.daily_tmp AS TABLE a.daily;
BEGIN;
ALTER TABLE a.daily RENAME TO daily_backup;
ALTER TABLE a.daily_tmp RENAME TO daily;
DROP TABLE a.daily_backup;
COMMIT;
SELECT * FROM everything WHERE relation LIKE 'a.daily%';
SELECT object, evidence ->> 'why' AS why FROM asked WHERE object LIKE 'a.daily%';

-- another schema, with softer levels: those of the first are kept
CREATE SCHEMA strict;
CREATE TABLE strict.item (id int);
SELECT governance.declare_dataset('strict.item', 'team', 'analytical'), governance.set_level('guard.data_loss', 'enforce', 'schema:strict');
ALTER TABLE strict.item SET SCHEMA a;
SELECT relation, levels FROM everything WHERE relation = 'a.item';
SELECT object, evidence FROM asked WHERE object = 'a.item';

-- blue and green with schemas: tables of the new schema take the place of those of the old one
CREATE SCHEMA live;
CREATE SCHEMA stage;
CREATE TABLE live.item (id int, mail text);
CREATE TABLE stage.item (id int, mail text);
SELECT governance.declare_dataset('live.item', 'team', 'analytical'), governance.tag_column('live.item', 'mail', 'pii.contact.email'), governance.start_audit('live.item');
BEGIN;
ALTER SCHEMA live RENAME TO old_live;
ALTER SCHEMA stage RENAME TO live;
COMMIT;
SELECT relation, class, tags FROM everything WHERE relation LIKE '%live.item';
SELECT relation FROM governance.audited WHERE relation::text LIKE '%live.item' ORDER BY 1;
CREATE TABLE old_live.fresh (id int, mail text);
ALTER TABLE old_live.item RENAME TO item_old;
ALTER TABLE old_live.fresh RENAME TO item;
SELECT relation FROM governance.audited WHERE relation::text LIKE 'old_live%' ORDER BY relation::text;

-- columns: swapped, dropped and added again, renamed by their type or through a view
CREATE TABLE a.swap (id int, mail text, mail_new text);
SELECT governance.tag_column('a.swap', 'mail', 'pii.contact.email'), governance.start_audit('a.swap', '{mail}');
BEGIN;
ALTER TABLE a.swap RENAME COLUMN mail TO mail_old;
ALTER TABLE a.swap RENAME COLUMN mail_new TO mail;
COMMIT;
SELECT column_name, tag, source FROM governance.column_tags WHERE relation = 'a.swap'::regclass;
SELECT relation, exclude_columns FROM governance.audited WHERE relation = 'a.swap'::regclass;
SELECT object, evidence FROM asked WHERE object LIKE 'a.swap%';
SELECT governance.reject_proposal(id, 'hashes') FROM governance.proposals WHERE object = 'a.swap.mail';
SELECT column_name, tag, source FROM governance.column_tags WHERE relation = 'a.swap'::regclass;
ALTER TABLE a.swap DROP COLUMN mail_old, ADD COLUMN mail_old text;
SELECT column_name, tag, source FROM governance.column_tags WHERE relation = 'a.swap'::regclass;
CREATE TYPE a.made AS (id int, mail text);
CREATE TABLE a.typed OF a.made;
CREATE VIEW a.seen AS SELECT * FROM a.person;
SELECT governance.tag_column('a.typed', 'mail', 'pii.contact.email'), governance.tag_column('a.seen', 'mail', 'pii.contact.email');
ALTER TYPE a.made RENAME ATTRIBUTE mail TO email CASCADE;
ALTER VIEW a.seen RENAME COLUMN mail TO email;
ALTER VIEW a.seen RENAME TO sighted;
CREATE OR REPLACE VIEW a.sighted AS SELECT id, mail AS email, 'x' AS more FROM a.person;
SELECT relation, column_name FROM governance.column_tags WHERE relation::text IN ('a.typed', 'a.sighted');

-- open questions follow a rename, and do not stand in the way of others
CREATE TABLE a.mail (id int);
ALTER TABLE a.child RENAME TO child_old;
ALTER TABLE a.mail RENAME TO child;
SELECT object, evidence ->> 'why' AS why FROM asked WHERE object LIKE 'a.child%';

-- only a level is set for it
CREATE TABLE a.level_only (id int);
SELECT governance.set_level('guard', 'enforce', 'dataset:a.level_only');
SELECT governance.break_glass('rename', '{breaks_clients}', 'dataset:a.level_only', 'postgres');
ALTER TABLE a.level_only RENAME TO leveled;
SELECT scope, level FROM governance.levels WHERE scope LIKE '%level%';
