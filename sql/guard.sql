-- guard: rules, what DDL did, break-glass.

----------------------------------------------------------------------------------------------------------------- tables
CREATE TABLE governance.rule (
    rule text PRIMARY KEY,
    hazard text NOT NULL CHECK (hazard IN ('data_loss', 'breaks_clients', 'availability', 'security')),
    reason text NOT NULL,
    safe_alternative text NOT NULL,
    lock_mode text,
    mode text NOT NULL DEFAULT 'installed' CHECK (mode = ANY ('{installed,attached}'))
);
COMMENT ON TABLE governance.rule IS 'what the guard looks for; ids as in squawk where it has one';
COMMENT ON COLUMN governance.rule.rule IS 'id; its level is set as guard.<id>';
COMMENT ON COLUMN governance.rule.hazard IS 'data_loss, breaks_clients, availability or security';
COMMENT ON COLUMN governance.rule.reason IS 'why it is a hazard';
COMMENT ON COLUMN governance.rule.safe_alternative IS 'what to do instead';
COMMENT ON COLUMN governance.rule.lock_mode IS 'lock that the hazardous form takes on the relation concerned; null where none matters';
COMMENT ON COLUMN governance.rule.mode IS 'least mode that holds it everywhere';

-- Written by event triggers, so no sequence key: rows of a restore's own DDL would collide with those it brings.
CREATE TABLE governance.ddl_entry (
    id uuid PRIMARY KEY DEFAULT governance._uuid(),
    occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    xid xid8 DEFAULT pg_current_xact_id(),
    tag text,
    object text NOT NULL,
    schema_name text,
    relation_name text,
    rule text,
    hazard text,
    level text,
    verdict text NOT NULL,
    change bigint,
    db_role text NOT NULL,
    session_role text NOT NULL,
    application text,
    statement text,
    refusal bigint
);
CREATE INDEX ddl_entry_occurred_at_idx ON governance.ddl_entry (occurred_at);
COMMENT ON TABLE governance.ddl_entry IS 'what DDL did and what the guard said; refusals in mode preloaded only, written by another process since they roll back with their statement';
COMMENT ON COLUMN governance.ddl_entry.id IS 'UUID of version 7: orders by time';
COMMENT ON COLUMN governance.ddl_entry.occurred_at IS 'when';
COMMENT ON COLUMN governance.ddl_entry.xid IS 'transaction; null for a refusal before one had a number';
COMMENT ON COLUMN governance.ddl_entry.tag IS 'command tag of a command that ran';
COMMENT ON COLUMN governance.ddl_entry.object IS 'what it hit';
COMMENT ON COLUMN governance.ddl_entry.schema_name IS 'schema of the relation concerned';
COMMENT ON COLUMN governance.ddl_entry.relation_name IS 'name of the relation concerned';
COMMENT ON COLUMN governance.ddl_entry.rule IS 'rule of the guard, for a verdict';
COMMENT ON COLUMN governance.ddl_entry.hazard IS 'its hazard class';
COMMENT ON COLUMN governance.ddl_entry.level IS 'level that applied';
COMMENT ON COLUMN governance.ddl_entry.verdict IS 'done, recorded, warned, passed by a change, break-glass with its reason, refused; gap: refusals without a row';
COMMENT ON COLUMN governance.ddl_entry.change IS 'the change it belongs to';
COMMENT ON COLUMN governance.ddl_entry.db_role IS 'current_user';
COMMENT ON COLUMN governance.ddl_entry.session_role IS 'session_user';
COMMENT ON COLUMN governance.ddl_entry.application IS 'application_name';
COMMENT ON COLUMN governance.ddl_entry.statement IS 'text the client sent';
COMMENT ON COLUMN governance.ddl_entry.refusal IS 'number in the message of a refusal and in its line of the server log';

CREATE TABLE governance.break_glass_entry (
    id uuid PRIMARY KEY DEFAULT governance._uuid(),
    hazards text[] NOT NULL,
    scope text NOT NULL DEFAULT '',
    for_role text NOT NULL,
    role_oid oid NOT NULL,
    uses_left integer NOT NULL,
    valid_until timestamptz NOT NULL,
    reason text NOT NULL,
    opened_by text NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT now(),
    opened_by_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    last_used_at timestamptz
);
COMMENT ON TABLE governance.break_glass_entry IS 'exceptions that operators opened; not dumped';
COMMENT ON COLUMN governance.break_glass_entry.id IS 'id';
COMMENT ON COLUMN governance.break_glass_entry.hazards IS 'hazards it lets pass';
COMMENT ON COLUMN governance.break_glass_entry.scope IS 'where; empty for the database';
COMMENT ON COLUMN governance.break_glass_entry.for_role IS 'whose statements pass';
COMMENT ON COLUMN governance.break_glass_entry.role_oid IS 'oid of that role: one of the same name that comes later is another';
COMMENT ON COLUMN governance.break_glass_entry.uses_left IS 'statements left';
COMMENT ON COLUMN governance.break_glass_entry.valid_until IS 'end';
COMMENT ON COLUMN governance.break_glass_entry.reason IS 'why';
COMMENT ON COLUMN governance.break_glass_entry.opened_by IS 'current_user who opened it';
COMMENT ON COLUMN governance.break_glass_entry.opened_at IS 'when';
COMMENT ON COLUMN governance.break_glass_entry.opened_by_xid IS 'transaction that opened it: it takes effect when that has committed';
COMMENT ON COLUMN governance.break_glass_entry.last_used_at IS 'when a statement last passed by it';

CREATE TABLE governance.self_test_result (
    feature text NOT NULL,
    attempt text NOT NULL,
    caught boolean,
    layer text,
    detail text NOT NULL,
    mode text NOT NULL,
    tested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (feature, attempt)
);
COMMENT ON TABLE governance.self_test_result IS 'what the last self_test() of a feature found in this database; not dumped';
COMMENT ON COLUMN governance.self_test_result.feature IS 'feature that was attacked';
COMMENT ON COLUMN governance.self_test_result.attempt IS 'what was tried';
COMMENT ON COLUMN governance.self_test_result.caught IS 'whether it was held; NULL for what nothing in the database can hold';
COMMENT ON COLUMN governance.self_test_result.layer IS 'where it was caught';
COMMENT ON COLUMN governance.self_test_result.detail IS 'which rule caught it, or what happened';
COMMENT ON COLUMN governance.self_test_result.mode IS 'mode of the session that tested';
COMMENT ON COLUMN governance.self_test_result.tested_at IS 'when';

------------------------------------------------------------------------------------------------------------ shipped rows
-- Mode attached: PostgreSQL fires no event trigger for these statements, or not for all of their forms.
INSERT INTO governance.rule (rule, hazard, lock_mode, mode, reason, safe_alternative) VALUES
    ('ban-drop-table', 'data_loss', 'ACCESS EXCLUSIVE', 'installed', 'the rows are gone for every reader, at once and for good', 'propose_change(): the table is kept in quarantine for a while before it goes'),
    ('ban-drop-column', 'data_loss', 'ACCESS EXCLUSIVE', 'installed', 'the values are gone, and statements that name the column fail', 'propose_change(): the column is kept in quarantine for a while before it goes'),
    ('ban-drop-schema', 'data_loss', 'ACCESS EXCLUSIVE', 'installed', 'everything in the schema goes with it', 'drop its relations one by one, each as a change'),
    ('ban-truncate', 'data_loss', 'ACCESS EXCLUSIVE', 'attached', 'all rows are gone, and no row trigger sees them', 'delete in batches, or detach and keep a partition'),
    ('ban-truncate-cascade', 'data_loss', 'ACCESS EXCLUSIVE', 'attached', 'tables that the statement does not name lose all their rows', 'name every table that is meant, without CASCADE'),
    ('unbounded_write', 'data_loss', 'ROW EXCLUSIVE', 'attached', 'a forgotten WHERE changes or deletes every row', 'name the rows: WHERE, in batches by key'),
    ('ban-detach-inheritance', 'data_loss', 'ACCESS EXCLUSIVE', 'installed', 'the rows vanish from the parent for everybody who reads it', 'keep the partition attached until nobody reads its rows through the parent'),
    ('ban-drop-database', 'data_loss', NULL, 'attached', 'a whole database is gone', 'rename it, revoke CONNECT, and drop it after a backup was restored'),
    ('ban-drop-tablespace', 'data_loss', NULL, 'attached', 'what is stored there has to have gone before', 'move what is in it first'),
    ('ban-drop-large-object', 'data_loss', NULL, 'attached', 'the value is gone, and rows that refer to it point nowhere', 'delete the rows that refer to it first, then run vacuumlo'),
    ('ban-set-unlogged', 'data_loss', 'ACCESS EXCLUSIVE', 'installed', 'a crash empties the table, and replicas have no rows of it', 'keep it logged; use a table of its own for what may be lost'),
    ('ban-alter-sequence-values', 'data_loss', 'SHARE ROW EXCLUSIVE', 'installed', 'numbers are given out twice, and new rows collide with old ones', 'only ever set a sequence forward'),
    ('ban-replica-identity', 'data_loss', 'ACCESS EXCLUSIVE', 'installed', 'updates and deletes are no longer replicated, or fail', 'REPLICA IDENTITY USING INDEX with a unique index'),
    ('ban-drop-publication', 'data_loss', NULL, 'installed', 'subscribers no longer get changes', 'tell the subscribers and stop their subscriptions first'),
    ('shrinking-column-type', 'data_loss', 'ACCESS EXCLUSIVE', 'installed', 'values are cut or rounded in silence, or the statement fails on them', 'add a column of the new type, fill it and look at what would be lost'),
    ('ban-catalog-dml', 'data_loss', 'ROW EXCLUSIVE', 'attached', 'the catalogs can be broken so that tables are lost, and the guard be switched off', 'use the statement that PostgreSQL has for it'),
    ('ban-drop-view', 'breaks_clients', 'ACCESS EXCLUSIVE', 'installed', 'statements that read the view fail', 'keep the view until its readers have moved'),
    ('renaming-column', 'breaks_clients', 'ACCESS EXCLUSIVE', 'installed', 'statements with the old name fail from one moment to the next', 'propose_change(): both names work until the old one is no longer used'),
    ('renaming-table', 'breaks_clients', 'ACCESS EXCLUSIVE', 'installed', 'statements with the old name fail from one moment to the next', 'create a view with the new name and move readers to it first'),
    ('ban-set-schema', 'breaks_clients', 'ACCESS EXCLUSIVE', 'installed', 'statements with the old schema fail from one moment to the next', 'create a view in the new schema and move readers to it first'),
    ('renaming-object', 'breaks_clients', NULL, 'installed', 'statements with the old name fail from one moment to the next', 'make the new one beside the old one and move clients to it first'),
    ('changing-column-type', 'breaks_clients', 'ACCESS EXCLUSIVE', 'installed', 'the table is rewritten under an exclusive lock and clients get another type', 'add a column of the new type, fill it in batches, and move readers to it'),
    ('adding-not-nullable-field', 'breaks_clients', 'ACCESS EXCLUSIVE', 'installed', 'every row is read under an exclusive lock, and writers of NULL fail', 'ADD CONSTRAINT … CHECK (column IS NOT NULL) NOT VALID, VALIDATE CONSTRAINT, then SET NOT NULL'),
    ('adding-required-field', 'breaks_clients', 'ACCESS EXCLUSIVE', 'installed', 'the statement fails on rows that exist, and writers that do not know the column fail', 'add the column with a default, or nullable, and fill it first'),
    ('ban-drop-not-null', 'breaks_clients', 'ACCESS EXCLUSIVE', 'installed', 'readers that count on a value meet NULL', 'make readers ready for NULL first'),
    ('ban-drop-default', 'breaks_clients', 'ACCESS EXCLUSIVE', 'installed', 'writers that leave the column out write NULL or fail', 'make every writer give a value first'),
    ('ban-alter-identity', 'breaks_clients', 'ACCESS EXCLUSIVE', 'installed', 'writers that leave the column out fail', 'make every writer give a number first'),
    ('ban-drop-generated-expression', 'breaks_clients', 'ACCESS EXCLUSIVE', 'installed', 'the column is no longer computed, and keeps its old values', 'make every writer give a value first'),
    ('ban-drop-constraint', 'breaks_clients', 'ACCESS EXCLUSIVE', 'installed', 'what readers count on is no longer checked', 'find out who counts on it; add what takes its place first'),
    ('ban-drop-index', 'breaks_clients', 'ACCESS EXCLUSIVE', 'installed', 'statements that use it get slow, and ON CONFLICT may fail', 'look at pg_stat_user_indexes.idx_scan first, and build what takes its place'),
    ('ban-drop-trigger', 'breaks_clients', 'ACCESS EXCLUSIVE', 'installed', 'what the trigger did no longer happens', 'make what takes its place first'),
    ('ban-drop-rule', 'breaks_clients', 'ACCESS EXCLUSIVE', 'installed', 'what the rule did no longer happens', 'make what takes its place first'),
    ('ban-drop-statistics', 'breaks_clients', 'SHARE UPDATE EXCLUSIVE', 'installed', 'plans get worse from one moment to the next', 'compare plans in a transaction that is rolled back'),
    ('ban-drop-function', 'breaks_clients', NULL, 'installed', 'statements that call it fail', 'keep it until its callers have moved; mind string bodies, which PostgreSQL does not follow'),
    ('ban-drop-type', 'breaks_clients', NULL, 'installed', 'statements that name it fail', 'keep it until nothing names it'),
    ('ban-drop-domain', 'breaks_clients', NULL, 'installed', 'statements that name it fail', 'keep it until nothing names it'),
    ('ban-drop-sequence', 'breaks_clients', 'ACCESS EXCLUSIVE', 'installed', 'statements that take numbers from it fail', 'keep it until its users have moved'),
    ('ban-drop-extension', 'breaks_clients', NULL, 'installed', 'everything that uses its types and functions fails or goes', 'find out what uses it: pg_depend'),
    ('ban-replace-view-function', 'breaks_clients', NULL, 'installed', 'it behaves differently for everybody who uses it, with another user''s rights or without its protection', 'repeat the options it has, or make a new one beside it'),
    ('ban-alter-function-options', 'breaks_clients', NULL, 'installed', 'it behaves differently for everybody who calls it', 'make a new one beside it'),
    ('require-enum-value-ordering', 'breaks_clients', NULL, 'installed', 'the value sorts last, and cannot be moved', 'ADD VALUE … BEFORE or AFTER'),
    ('prefer-jsonb', 'breaks_clients', NULL, 'installed', 'type json has no equality: DISTINCT, UNION and GROUP BY fail', 'jsonb'),
    ('ban-revoke', 'breaks_clients', NULL, 'installed', 'statements of that role fail from one moment to the next', 'find out who still uses the privilege first'),
    ('adding-field-with-default', 'availability', 'ACCESS EXCLUSIVE', 'installed', 'every row is written anew while nobody can read or write', 'add the column, then SET DEFAULT, then fill it in batches'),
    ('adding-serial-primary-key-field', 'availability', 'ACCESS EXCLUSIVE', 'installed', 'every row is written anew and an index built while nobody can read or write', 'add the column, fill it in batches, build the index CONCURRENTLY, then ADD PRIMARY KEY USING INDEX'),
    ('constraint-missing-not-valid', 'availability', 'ACCESS EXCLUSIVE', 'installed', 'every row is read while nobody can read or write', 'NOT VALID, then VALIDATE CONSTRAINT'),
    ('adding-foreign-key-constraint', 'availability', 'SHARE ROW EXCLUSIVE', 'installed', 'every row is read while nobody can write to either table', 'NOT VALID, then VALIDATE CONSTRAINT'),
    ('disallowed-unique-constraint', 'availability', 'ACCESS EXCLUSIVE', 'installed', 'an index is built while nobody can read or write', 'CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT … USING INDEX'),
    ('adding-exclusion-constraint', 'availability', 'ACCESS EXCLUSIVE', 'installed', 'an index is built while nobody can read or write, and there is no other way', 'at a quiet hour, with lock_timeout and statement_timeout'),
    ('require-concurrent-index-creation', 'availability', 'SHARE', 'installed', 'nobody can write while the index is built', 'CREATE INDEX CONCURRENTLY'),
    ('require-concurrent-index-deletion', 'availability', 'ACCESS EXCLUSIVE', 'installed', 'nobody can read or write the table until every reader before has ended', 'DROP INDEX CONCURRENTLY'),
    ('require-concurrent-reindex', 'availability', 'SHARE', 'attached', 'nobody can write, and readers of the index wait', 'REINDEX … CONCURRENTLY'),
    ('require-concurrent-partition-detach', 'availability', 'ACCESS EXCLUSIVE', 'installed', 'nobody can read or write the whole table until every reader before has ended', 'DETACH PARTITION … CONCURRENTLY'),
    ('require-concurrent-refresh', 'availability', 'ACCESS EXCLUSIVE', 'installed', 'nobody can read the view while it is filled', 'REFRESH MATERIALIZED VIEW CONCURRENTLY, with a unique index'),
    ('ban-alter-domain-with-add-constraint', 'availability', 'SHARE', 'installed', 'every table that uses the domain is read while nobody can write to it', 'NOT VALID, then VALIDATE CONSTRAINT'),
    ('changing-column-collation', 'availability', 'ACCESS EXCLUSIVE', 'installed', 'indexes of the column are built anew while nobody can read or write', 'add a column with the new collation and move readers to it'),
    ('prefer-repack', 'availability', 'ACCESS EXCLUSIVE', 'attached', 'the table is written anew while nobody can read or write', 'pg_repack, or plain VACUUM'),
    ('moving-table-storage', 'availability', 'ACCESS EXCLUSIVE', 'installed', 'the table is copied while nobody can read or write', 'pg_repack with --tablespace, or at a quiet hour'),
    ('attaching-partition', 'availability', 'ACCESS EXCLUSIVE', 'installed', 'every row is read under an exclusive lock', 'a CHECK constraint that says what the bounds say, NOT VALID and validated, before ATTACH'),
    ('require-lock-timeout', 'availability', NULL, 'installed', 'while it waits for its lock, everybody who comes after waits behind it', 'SET lock_timeout = ''2 s'', and try again when it fails'),
    ('waiting-for-lock', 'availability', NULL, 'installed', 'everybody who comes after waits behind it for as long as the transaction in front takes', 'wait until those sessions have ended, or end them; explain_ddl() names them'),
    ('invalid-index', 'availability', 'SHARE UPDATE EXCLUSIVE', 'installed', 'IF NOT EXISTS finds a half-built index, which costs every write and helps nobody', 'DROP INDEX CONCURRENTLY, then build it again'),
    ('ban-alter-row-level-security', 'security', 'ACCESS EXCLUSIVE', 'installed', 'rows that policies kept from roles are visible to them', 'change the policy instead'),
    ('ban-drop-policy', 'security', 'ACCESS EXCLUSIVE', 'installed', 'what the policy allowed or kept is decided by the others', 'make what takes its place in the same transaction'),
    ('ban-alter-policy-condition', 'security', 'ACCESS EXCLUSIVE', 'installed', 'other rows are visible and can be written', 'a second policy beside it, then drop the first'),
    ('ban-alter-policy-roles', 'security', 'ACCESS EXCLUSIVE', 'installed', 'the policy holds for other roles', 'a second policy beside it, then drop the first'),
    ('granting-access', 'security', NULL, 'installed', 'rows become visible, or can be changed, to a role that has no contract', 'declare_consumer() first'),
    ('publishing-tagged-column', 'security', NULL, 'installed', 'subscribers get the column as it is, and no mask holds there', 'a column list without it'),
    ('ban-alter-default-privileges', 'security', NULL, 'installed', 'whatever is made from now on is open to those roles', 'grant on each relation'),
    ('granting-role', 'security', NULL, 'attached', 'the new member has every right of the role', 'grant what is needed only'),
    ('ban-alter-role-options', 'security', NULL, 'attached', 'the role passes what others are held by', 'grant what is needed only'),
    ('ban-drop-role', 'security', NULL, 'attached', 'what was the role''s duty is nobody''s', 'transfer_party() and REASSIGN OWNED first'),
    ('changing-owner', 'security', 'ACCESS EXCLUSIVE', 'installed', 'the new owner can do everything with it', 'transfer_party(), then the owner'),
    ('ban-alter-system-options', 'security', NULL, 'attached', 'the whole server behaves differently', 'set it for a role or database, or in the configuration that is under review'),
    ('ban-alter-database-options', 'security', NULL, 'attached', 'every new session of the database behaves differently', 'set it for a role'),
    ('ban-disable-trigger', 'security', 'SHARE ROW EXCLUSIVE', 'installed', 'what the trigger checks or records no longer happens', 'leave it on; make the trigger itself skip what must be skipped'),
    ('bypassing-triggers', 'security', NULL, 'attached', 'triggers and foreign keys do not work in this session', 'load with triggers on, or defer constraints'),
    ('removing-label', 'security', NULL, 'installed', 'what a label or comment says about it is gone', 'write a new one in its place'),
    ('disabling-guard', 'security', NULL, 'attached', 'the guard, or what it stands on, is taken away', 'SELECT * FROM governance.detach(reason => ''why''), as an operator');

-- Rules whose level is another one than their hazard's.
INSERT INTO governance.feature (feature, default_undeclared, default_declared, default_bulk, default_analytical, rungs, mode, description) VALUES
    ('guard.unbounded_write', 'observe', 'observe', 'observe', 'observe', '{off,observe,warn,enforce}', 'attached', 'DELETE and UPDATE without WHERE'),
    ('guard.require-lock-timeout', 'observe', 'observe', 'observe', 'observe', '{off,observe,warn,enforce}', 'installed', 'strong locks without lock_timeout'),
    ('guard.disabling-guard', 'enforce', 'enforce', 'enforce', 'enforce', '{off,observe,warn,enforce}', 'installed', 'taking away the guard or what it stands on');

------------------------------------------------------------------------------------------------------------------- views
CREATE VIEW governance.rules AS
    SELECT r.rule, r.hazard,
           coalesce((SELECT l.level FROM governance.levels l
                      WHERE l.scope IS NULL AND (l.feature = 'guard.' || r.rule
                            OR r.rule <> 'disabling-guard' AND l.feature IN ('guard.' || r.hazard, 'guard'))
                      ORDER BY array_position(ARRAY['guard.' || r.rule, 'guard.' || r.hazard, 'guard'], l.feature) LIMIT 1),
                    own.default_declared, f.default_declared) AS level,
           r.reason, r.safe_alternative, r.mode, r.lock_mode
      FROM governance.rule r JOIN governance.feature f ON f.feature = 'guard.' || r.hazard
      LEFT JOIN governance.feature own ON own.feature = 'guard.' || r.rule
     ORDER BY r.hazard, r.rule;

CREATE VIEW governance.ddl_log WITH (security_barrier) AS
    SELECT e.id, e.occurred_at, e.xid, e.tag, e.object,
           governance._relation_named(e.schema_name, e.relation_name) AS relation,
           e.rule, e.hazard, e.level, e.verdict, e.change, e.db_role, e.session_role, e.application,
           -- The client's text says more than what happened to one relation.
           CASE WHEN (SELECT governance._has_duty('operator') OR governance._has_duty('auditor'))
                  OR e.db_role = current_user OR e.session_role = session_user
                  OR pg_has_role((SELECT c.relowner FROM pg_class c
                                   WHERE c.oid = governance._relation_named(e.schema_name, e.relation_name)), 'USAGE')
                THEN e.statement END AS statement,
           e.refusal
      FROM governance.ddl_entry e
     WHERE governance._may_see(governance._relation_named(e.schema_name, e.relation_name))
     ORDER BY e.id;

CREATE VIEW governance.break_glasses WITH (security_barrier) AS
    SELECT b.id, b.hazards, nullif(b.scope, '') AS scope, b.for_role, b.uses_left, b.valid_until, b.reason, b.opened_by,
           b.opened_at, b.last_used_at, b.uses_left > 0 AND b.valid_until > now() AND EXISTS (SELECT FROM pg_roles r WHERE r.oid = b.role_oid) AS open
      FROM governance.break_glass_entry b
     WHERE governance._may_see(NULL)
     ORDER BY b.id;

---------------------------------------------------------------------------------------------------------------- grants
GRANT SELECT ON governance.rules, governance.ddl_log TO PUBLIC;
GRANT SELECT ON governance.break_glasses TO PUBLIC;

---------------------------------------------------------------------------------------------------------------- comments
COMMENT ON VIEW governance.rules IS 'rules of the guard; level is the one for a dataset declared one by one';
COMMENT ON VIEW governance.ddl_log IS 'what DDL did and what the guard said';
COMMENT ON VIEW governance.break_glasses IS 'exceptions that operators opened';

------------------------------------------------------------------------------------------- configuration data for pg_dump
SELECT pg_extension_config_dump('governance.ddl_entry', '');
