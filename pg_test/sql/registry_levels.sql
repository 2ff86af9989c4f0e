-- Levels: precedence, floors, ends, weakening that waits for commit, and what is refused.
\pset format unaligned
\pset tuples_only on
\pset null '-'
SET client_min_messages = warning;
CREATE SCHEMA sales;
CREATE SCHEMA "class";
CREATE TABLE sales.orders (id int);
CREATE TABLE sales."Orders" (id int);
CREATE TABLE "class"."master" (id int);
SELECT governance.declare_dataset('sales.orders', class => 'master');
SELECT governance.declare_dataset('"class".master', class => 'reference');
CREATE FUNCTION pg_temp.level(relation regclass, feature text DEFAULT 'guard.data_loss') RETURNS text LANGUAGE sql AS
    'SELECT level || '': '' || source FROM governance.effective_levels($1) WHERE feature = $2';

-- defaults; a twin in another case is another relation
SELECT pg_temp.level('sales.orders'), pg_temp.level('sales."Orders"');
-- narrowest scope wins, then narrowest feature
SELECT governance.set_level('guard', 'warn', reason => 'trial');
SELECT pg_temp.level('sales.orders'), pg_temp.level('sales."Orders"');
SELECT governance.set_level('guard.data_loss', 'enforce', 'schema:sales');
SELECT pg_temp.level('sales.orders'), pg_temp.level('sales."Orders"'), pg_temp.level('"class".master');
SELECT governance.set_level('guard', 'observe', 'class:master', 'trial');
SELECT pg_temp.level('sales.orders'), pg_temp.level('"class".master');
SELECT governance.set_level('guard', 'off', 'dataset:sales.orders', 'trial');
SELECT pg_temp.level('sales.orders'), pg_temp.level('sales."Orders"');
SELECT governance.set_level('guard', 'off', 'dataset:sales."Orders"', 'trial');
SELECT feature, scope, level, floor, reason FROM governance.levels;
-- setting twice is no error and leaves one row
SELECT governance.set_level('guard', 'off', 'dataset:sales."Orders"', 'trial');
SELECT count(*) FROM governance.levels WHERE scope = 'dataset:sales."Orders"';
-- a floor cannot be undercut
SELECT governance.set_level('guard.data_loss', 'warn', reason => 'trial', floor => true);
SELECT pg_temp.level('sales.orders'), pg_temp.level('sales."Orders"');

-- weakening waits for commit: lowering, resetting, a floor taken away
BEGIN;
SELECT governance.set_level('guard.data_loss', 'enforce', 'dataset:"class".master');
SELECT pg_temp.level('"class".master');
COMMIT;
BEGIN;
SELECT governance.set_level('guard.data_loss', 'off', 'dataset:"class".master', 'trial');
SELECT pg_temp.level('"class".master');
-- twice in one transaction changes nothing about that
SELECT governance.set_level('guard.data_loss', 'off', 'dataset:"class".master', 'trial');
SELECT governance.reset_level('guard.data_loss', 'dataset:"class".master', 'trial');
SELECT pg_temp.level('"class".master');
ROLLBACK;
BEGIN;
SAVEPOINT s;
SELECT governance.reset_level('guard.data_loss', NULL, 'trial');
SELECT pg_temp.level('sales.orders');
ROLLBACK TO s;
SELECT pg_temp.level('sales.orders');
SELECT governance.reset_level('guard.data_loss', NULL, 'trial');
COMMIT;
SELECT pg_temp.level('sales.orders');
DO $$ BEGIN
    PERFORM governance.set_level('guard.data_loss', 'off', 'dataset:"class".master', 'trial');
    RAISE WARNING '%', pg_temp.level('"class".master');
END $$;
SELECT pg_temp.level('"class".master');

-- what is refused
SELECT governance.set_level('gard', 'off');
SELECT governance.set_level('guard', 'strict');
SELECT governance.set_level('privacy.masks', 'warn');
SELECT governance.set_level('guard', 'off', 'schema:other');
SELECT governance.set_level('guard', 'off', 'class:gold');
SELECT governance.set_level('guard', 'off', 'dataset:orders');
SELECT governance.set_level('guard', 'off', 'dataset:sales.none');
SELECT governance.set_level('guard', 'off', 'sales');
SELECT governance.set_level('guard', 'off', valid_until => '2020-01-01', reason => 'trial');
SELECT governance.set_level('guard.security', 'off');
SELECT governance.reset_level('guard.security');
SELECT governance.reset_level('guard', 'schema:sales');
-- the reason may be the session's
SET governance.reason = 'because';
SELECT governance.set_level('guard.security', 'off');
SELECT reason FROM governance.levels WHERE feature = 'guard.security';
RESET governance.reason;
-- an end: before it the level counts, after it it does not, and it is no longer listed but as expired
SELECT governance.set_level('guard', 'off', 'schema:class', 'trial', now() + '100 ms');
SELECT governance.reset_level('guard.data_loss', 'dataset:"class".master', 'trial');
SELECT pg_temp.level('"class".master');
SELECT pg_sleep(0.2);
SELECT pg_temp.level('"class".master');
SELECT count(*) FROM governance.levels WHERE scope = 'schema:class';
SELECT kind, object, valid_until < now() AS ended FROM governance.expirations;
-- what was set for something that is gone can be taken away
CREATE SCHEMA brief;
SELECT governance.set_level('guard', 'observe', 'schema:brief', 'trial');
DROP SCHEMA brief;
SELECT governance.reset_level('guard', 'schema:brief', 'gone');
-- a class that lowers levels needs a reason of the session
CREATE TABLE sales.facts (id int);
SELECT governance.reset_level('guard.data_loss', 'schema:sales', 'trial');
SELECT governance.reset_level('guard', reason => 'trial');
SELECT governance.declare_dataset('sales.facts', class => 'transactional');
SELECT governance.declare_dataset('sales.facts', class => 'analytical');
SELECT action FROM governance.apply_manifest('{"format": "data_governance manifest", "version": 1, "datasets": [{"relation": "sales.facts", "class": "analytical"}]}');
SET governance.reason = 'rebuilt every night';
SELECT governance.declare_dataset('sales.facts', class => 'analytical');
SELECT op, object, reason FROM governance.audit_entry WHERE new_row->>'class' = 'analytical';
RESET governance.reason;
-- nor does a proposal: a view is guessed to be analytical
CREATE VIEW sales.report AS SELECT 1 AS one;
SELECT governance.declare_dataset('sales.report', domain => 'sales');
SELECT kind, value, action FROM governance.accept_proposals('class', 0, 'dataset:sales.report');

-- a level that protects is given an end: it would lapse, so somebody has to say why
SELECT governance.set_level('guard.security', 'enforce');
SELECT governance.set_level('guard.security', 'enforce', valid_until => '2999-01-01');
SELECT governance.set_level('guard.security', 'enforce', valid_until => '2999-01-01', reason => 'a trial');
SELECT governance.set_level('guard.security', 'enforce', valid_until => '2998-01-01');
SELECT governance.set_level('guard.security', 'enforce', valid_until => '2999-06-01');
SELECT governance.set_level('guard.security', 'enforce');
SELECT level, valid_until FROM governance.levels WHERE feature = 'guard.security';
-- a declaration that weakens counts after its transaction has committed, and is the steward's
CREATE ROLE registry_levels_owner;
SELECT governance.declare_party('owners', db_roles => '{registry_levels_owner}');
CREATE TABLE sales.ledger (id int);
SELECT governance.declare_dataset('sales.ledger', owner => 'owners', class => 'transactional');
GRANT USAGE ON SCHEMA sales TO registry_levels_owner;
SET governance.reason = 'rebuilt every night';
SET ROLE registry_levels_owner;
SELECT governance.declare_dataset('sales.ledger', class => 'analytical');
RESET ROLE;
BEGIN;
SELECT governance.declare_dataset('sales.ledger', class => 'analytical');
SELECT governance.declare_dataset('sales.ledger', class => 'analytical', domain => 'again');
SELECT pg_temp.level('sales.ledger');
DROP TABLE sales.ledger;
ROLLBACK;
BEGIN;
SELECT governance.forget_dataset('sales.ledger');
SELECT governance.declare_dataset('sales.ledger', class => 'analytical');
SELECT pg_temp.level('sales.ledger');
COMMIT;
SELECT pg_temp.level('sales.ledger');
RESET governance.reason;

-- below what is set for a wider scope, or an earlier end: both weaken
SELECT governance.set_level('guard.breaks_clients', 'enforce', 'schema:sales');
SELECT governance.set_level('guard.breaks_clients', 'warn', 'dataset:sales.ledger');
SELECT governance.set_level('guard.breaks_clients', 'enforce', 'schema:sales', valid_until => now() + '1 day');
SELECT governance.set_level('guard.breaks_clients', 'enforce', 'schema:sales', 'trial', now() + '1 day');
SELECT governance.set_level('guard.breaks_clients', 'enforce', 'schema:sales', valid_until => now() + '1 hour');
SELECT governance.set_level('guard.breaks_clients', 'enforce', 'schema:sales', valid_until => now() + '2 days');

SELECT count(governance.reset_level(feature, scope, 'trial')) FROM governance.levels;

-- a coarse feature undercuts a finer one: by its default, or by what is set for it at a wider scope
CREATE SCHEMA s;
CREATE TABLE s.a (id int, note text);
CREATE TABLE s.b (id int, note text);
CREATE TABLE s.c (id int, note text);
SELECT governance.declare_party('p1');
SELECT governance.declare_dataset('s.a', 'p1'), governance.declare_dataset('s.b', 'p1');
SELECT governance.set_level('guard', 'warn', 'dataset:s.a');
SELECT governance.set_level('guard', 'warn', 'schema:s');
SELECT governance.set_level('guard', 'enforce', 'schema:s');
SELECT governance.set_level('guard', 'warn', 'dataset:s.a');
SELECT pg_temp.level('s.a');
SELECT governance.reset_level('guard', 'schema:s', 'trial');
SELECT governance.set_level('guard.renaming-table', 'enforce', 'schema:s');
SELECT governance.set_level('guard.breaks_clients', 'warn', 'dataset:s.b');
SELECT pg_temp.level('s.b', 'guard.renaming-table');
SELECT action FROM governance.apply_manifest('{"format": "data_governance manifest", "version": 1, "levels": [{"feature": "guard.breaks_clients", "scope": "dataset:s.b", "level": "warn"}]}', false);
-- where the finer one is set beside it, nothing falls; once that ends, it would
SELECT governance.set_level('guard.data_loss', 'enforce', 'schema:s', valid_until => now() + '1 day');
SELECT governance.set_level('guard', 'warn', 'schema:s');
SELECT governance.set_level('guard.data_loss', 'enforce', 'schema:s');
SELECT governance.set_level('guard.renaming-table', 'warn', 'schema:s', 'trial');
SELECT governance.set_level('guard.breaks_clients', 'warn', 'schema:s'), governance.set_level('guard', 'warn', 'schema:s');
SELECT op, object, reason FROM governance.audit_entry WHERE op = 'set_level' AND object LIKE '% on %:s%' ORDER BY id;
-- by manifest in whatever order, as long as nothing falls in the end
SELECT jsonb_build_object('format', 'data_governance manifest', 'version', 1, 'levels', '[
    {"feature": "guard", "scope": "schema:s", "level": "warn"}, {"feature": "guard.data_loss", "scope": "schema:s", "level": "enforce"},
    {"feature": "guard", "scope": "class:reference", "level": "enforce"}, {"feature": "guard.security", "scope": "dataset:s.b", "level": "warn"},
    {"feature": "guard", "scope": "class:master", "level": "observe", "reason": "trial"}, {"feature": "guard.security", "scope": "class:master", "level": "warn"}]'::jsonb) AS m \gset
SELECT count(governance.reset_level(feature, scope, 'trial')) FROM governance.levels WHERE scope IN ('schema:s', 'class:master', 'dataset:s.b');
SELECT count(*) FROM governance.apply_manifest(:'m', false);
SELECT action FROM governance.apply_manifest(:'m');
-- one that falls in the end still needs its reason
SELECT count(governance.reset_level(feature, scope, 'trial')) FROM governance.levels WHERE scope = 'schema:s';
SELECT action FROM governance.apply_manifest(:'m'::jsonb #- '{levels,1}');
SELECT count(governance.reset_level(feature, scope, 'trial')) FROM governance.levels;

-- what has ended by itself is not what held before: weakening over it waits for commit as over nothing
SELECT governance.set_level('guard.data_loss', 'observe', 'dataset:s.a', 'tonight', clock_timestamp() + '50 ms');
SELECT pg_sleep(0.1);
BEGIN;
SELECT governance.set_level('guard.data_loss', 'observe', 'dataset:s.a', 'tonight');
SELECT pg_temp.level('s.a');
DROP TABLE s.a;
ROLLBACK;
-- nor does an end that passes within the transaction open what was closed before it
SELECT governance.set_level('guard.breaks_clients', 'enforce', 'dataset:s.b');
BEGIN;
SELECT governance.set_level('guard.breaks_clients', 'enforce', 'dataset:s.b', 'tonight', clock_timestamp() + '50 ms');
SELECT pg_sleep(0.1);
SELECT pg_temp.level('s.b', 'guard.breaks_clients');
ALTER TABLE s.b RENAME TO b_old;
ROLLBACK;
BEGIN;
SELECT governance.set_level('guard.breaks_clients', 'observe', 'dataset:s.b', 'tonight', clock_timestamp() + '50 ms');
SELECT pg_sleep(0.1);
SELECT governance.set_level('guard.breaks_clients', 'off', 'dataset:s.b', 'tonight');
SELECT pg_temp.level('s.b', 'guard.breaks_clients');
COMMIT;
SELECT pg_temp.level('s.b', 'guard.breaks_clients');

-- a swap that is rejected gives back what was set before: with its end, and nothing that had ended
SELECT governance.set_level('guard.data_loss', 'enforce', 'dataset:s.a'), governance.set_level('guard.security', 'enforce', 'dataset:s.a');
SELECT governance.declare_dataset('s.c', 'p1');
SELECT governance.set_level('guard.data_loss', 'observe', 'dataset:s.c', 'tonight', '2999-01-01 00:00+00');
SELECT governance.set_level('guard.availability', 'observe', 'dataset:s.c', 'tonight', clock_timestamp() + '300 ms');
SELECT governance.set_level('guard.security', 'off', 'dataset:s.c', 'tonight', clock_timestamp() + '50 ms', floor => true);
SELECT pg_sleep(0.1);
ALTER TABLE s.a RENAME TO a_old;
ALTER TABLE s.c RENAME TO a;
SELECT feature, level, floor, valid_until FROM governance.levels WHERE scope = 'dataset:s.a';
SELECT pg_sleep(0.3);
SELECT evidence #> '{levels,guard.data_loss}' AS was, evidence #> '{levels,guard.security}' AS had_ended,
       governance.reject_proposal(id, 'another thing') FROM governance.proposals WHERE kind = 'identity';
SELECT feature, level, floor, valid_until = '2999-01-01 00:00+00' AS ends FROM governance.levels WHERE scope = 'dataset:s.a';
SELECT feature, level FROM governance.effective_levels('s.a') WHERE feature IN ('guard.data_loss', 'guard.security', 'guard.availability');

-- what a level refuses from now on, the way back, and what this mode does not hold of it
SET client_min_messages = notice;
SELECT governance.set_level('guard', 'enforce', 'schema:s');
SELECT governance.set_level('guard', 'enforce', 'schema:s');
SELECT governance.set_level('guard', 'warn', 'schema:s', 'trial');
SELECT governance.set_level('guard.renaming-table', 'enforce', 'dataset:s.b');
SELECT governance.set_level('boundary', 'warn');
SELECT governance.set_level('guard.ban-truncate', 'enforce', 'schema:s');
SELECT action, object FROM governance.apply_manifest('{"format": "data_governance manifest", "version": 1, "levels": [
    {"feature": "guard.data_loss", "scope": "dataset:s.a", "level": "enforce"}, {"feature": "guard", "scope": "schema:sales", "level": "enforce"}]}', false);
