-- guard: rules, what DDL did, break-glass.

----------------------------------------------------------------------------------------------------------------- tables
CREATE TABLE governance.rule (
    rule text PRIMARY KEY,
    hazard text NOT NULL CHECK (hazard IN ('data_loss', 'breaks_clients', 'availability', 'security')),
    reason text NOT NULL,
    safe_alternative text NOT NULL,
    mode text NOT NULL DEFAULT 'installed'
);
COMMENT ON TABLE governance.rule IS 'what the guard looks for; ids as in squawk where it has one';
COMMENT ON COLUMN governance.rule.rule IS 'id; its level is set as guard.<id>';
COMMENT ON COLUMN governance.rule.hazard IS 'data_loss, breaks_clients, availability or security';
COMMENT ON COLUMN governance.rule.reason IS 'why it is a hazard';
COMMENT ON COLUMN governance.rule.safe_alternative IS 'what to do instead';
COMMENT ON COLUMN governance.rule.mode IS 'least mode that holds it everywhere';

-- Written by event triggers, so no sequence key: rows of a restore's own DDL would collide with those it brings.
CREATE TABLE governance.ddl_entry (
    id uuid PRIMARY KEY DEFAULT governance._uuid(),
    occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
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
    statement text
);
CREATE INDEX ddl_entry_occurred_at_idx ON governance.ddl_entry (occurred_at);
COMMENT ON TABLE governance.ddl_entry IS 'what DDL did and what the guard said; refusals roll back with their statement and are lines of the server log';
COMMENT ON COLUMN governance.ddl_entry.id IS 'UUID of version 7: orders by time';
COMMENT ON COLUMN governance.ddl_entry.occurred_at IS 'when';
COMMENT ON COLUMN governance.ddl_entry.xid IS 'transaction';
COMMENT ON COLUMN governance.ddl_entry.tag IS 'command tag of a command that ran';
COMMENT ON COLUMN governance.ddl_entry.object IS 'what it hit';
COMMENT ON COLUMN governance.ddl_entry.schema_name IS 'schema of the relation concerned';
COMMENT ON COLUMN governance.ddl_entry.relation_name IS 'name of the relation concerned';
COMMENT ON COLUMN governance.ddl_entry.rule IS 'rule of the guard, for a verdict';
COMMENT ON COLUMN governance.ddl_entry.hazard IS 'its hazard class';
COMMENT ON COLUMN governance.ddl_entry.level IS 'level that applied';
COMMENT ON COLUMN governance.ddl_entry.verdict IS 'done, recorded, warned, passed by a change, break-glass with its reason';
COMMENT ON COLUMN governance.ddl_entry.change IS 'the change it belongs to';
COMMENT ON COLUMN governance.ddl_entry.db_role IS 'current_user';
COMMENT ON COLUMN governance.ddl_entry.session_role IS 'session_user';
COMMENT ON COLUMN governance.ddl_entry.application IS 'application_name';
COMMENT ON COLUMN governance.ddl_entry.statement IS 'text the client sent';

CREATE TABLE governance.break_glass_entry (
    id uuid PRIMARY KEY DEFAULT governance._uuid(),
    hazards text[] NOT NULL,
    scope text NOT NULL DEFAULT '',
    for_role text NOT NULL,
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
COMMENT ON COLUMN governance.break_glass_entry.uses_left IS 'statements left';
COMMENT ON COLUMN governance.break_glass_entry.valid_until IS 'end';
COMMENT ON COLUMN governance.break_glass_entry.reason IS 'why';
COMMENT ON COLUMN governance.break_glass_entry.opened_by IS 'current_user who opened it';
COMMENT ON COLUMN governance.break_glass_entry.opened_at IS 'when';
COMMENT ON COLUMN governance.break_glass_entry.opened_by_xid IS 'transaction that opened it: it takes effect when that has committed';
COMMENT ON COLUMN governance.break_glass_entry.last_used_at IS 'when a statement last passed by it';

------------------------------------------------------------------------------------------------------------ shipped rows
INSERT INTO governance.rule (rule, hazard, reason, safe_alternative) VALUES
    ('ban-drop-table', 'data_loss', 'the rows are gone for every reader, at once and for good', 'propose_change(): the table is kept in quarantine for a while before it goes'),
    ('ban-drop-column', 'data_loss', 'the values are gone, and statements that name the column fail', 'propose_change(): the column is kept in quarantine for a while before it goes'),
    ('ban-drop-schema', 'data_loss', 'everything in the schema goes with it', 'drop its relations one by one, each as a change'),
    ('ban-drop-view', 'breaks_clients', 'statements that read the view fail', 'keep the view until its readers have moved'),
    ('renaming-column', 'breaks_clients', 'statements with the old name fail from one moment to the next', 'propose_change(): both names work until the old one is no longer used'),
    ('renaming-table', 'breaks_clients', 'statements with the old name fail from one moment to the next', 'create a view with the new name and move readers to it first'),
    ('ban-set-schema', 'breaks_clients', 'statements with the old schema fail from one moment to the next', 'create a view in the new schema and move readers to it first'),
    ('renaming-object', 'breaks_clients', 'statements with the old name fail from one moment to the next', 'create the new schema with views and move readers to it first'),
    ('changing-column-type', 'breaks_clients', 'the table is rewritten under an exclusive lock and clients get another type', 'add a column of the new type, fill it in batches, and move readers to it');
-- TRUNCATE fires no event trigger.
INSERT INTO governance.rule (rule, hazard, reason, safe_alternative, mode) VALUES
    ('ban-truncate', 'data_loss', 'all rows are gone, and no row trigger sees them', 'delete in batches, or detach and keep a partition', 'attached');

------------------------------------------------------------------------------------------------------------------- views
CREATE VIEW governance.rules AS
    SELECT r.rule, r.hazard,
           coalesce((SELECT l.level FROM governance.levels l
                      WHERE l.scope IS NULL AND l.feature IN ('guard.' || r.rule, 'guard.' || r.hazard, 'guard')
                      ORDER BY array_position(ARRAY['guard.' || r.rule, 'guard.' || r.hazard, 'guard'], l.feature) LIMIT 1),
                    f.default_declared) AS level,
           r.reason, r.safe_alternative, r.mode
      FROM governance.rule r JOIN governance.feature f ON f.feature = 'guard.' || r.hazard
     ORDER BY r.hazard, r.rule;

CREATE VIEW governance.ddl_log WITH (security_barrier) AS
    SELECT e.id, e.occurred_at, e.xid, e.tag, e.object,
           governance._relation_named(e.schema_name, e.relation_name) AS relation,
           e.rule, e.hazard, e.level, e.verdict, e.change, e.db_role, e.session_role, e.application, e.statement
      FROM governance.ddl_entry e
     WHERE governance._may_see(governance._relation_named(e.schema_name, e.relation_name))
     ORDER BY e.id;

CREATE VIEW governance.break_glasses WITH (security_barrier) AS
    SELECT b.id, b.hazards, nullif(b.scope, '') AS scope, b.for_role, b.uses_left, b.valid_until, b.reason, b.opened_by,
           b.opened_at, b.last_used_at, b.uses_left > 0 AND b.valid_until > now() AS open
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
