-- boundary: who may write what.

----------------------------------------------------------------------------------------------------------------- tables
-- Keyed by id: when a relation is renamed to a name that has writers too, both lists hold.
CREATE TABLE governance.declared_writer (
    id uuid PRIMARY KEY DEFAULT governance._uuid(),
    schema_name text NOT NULL,
    relation_name text NOT NULL,
    role text NOT NULL,
    declared_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    declared_by text NOT NULL DEFAULT current_user,
    widens_by_xid xid8,
    forgotten_by_xid xid8,
    comment text
);
CREATE INDEX declared_writer_name_idx ON governance.declared_writer (schema_name, relation_name);
COMMENT ON TABLE governance.declared_writer IS 'roles that write a dataset';
COMMENT ON COLUMN governance.declared_writer.comment IS 'comment that the manifest keeps';
COMMENT ON COLUMN governance.declared_writer.id IS 'key';
COMMENT ON COLUMN governance.declared_writer.schema_name IS 'schema of the relation, followed through renames';
COMMENT ON COLUMN governance.declared_writer.relation_name IS 'name of the relation, followed through renames';
COMMENT ON COLUMN governance.declared_writer.role IS 'role that writes; its members do too';
COMMENT ON COLUMN governance.declared_writer.declared_at IS 'when it was declared';
COMMENT ON COLUMN governance.declared_writer.declared_by IS 'current_user of that moment';
COMMENT ON COLUMN governance.declared_writer.widens_by_xid IS 'transaction that added it to others; until that commits it does not count';
COMMENT ON COLUMN governance.declared_writer.forgotten_by_xid IS 'transaction that forgot it; until that commits it still holds';

-- Insert-only for whoever cannot have the row at once: recording must never make writers wait for each other. The view
-- adds up.
CREATE TABLE governance.boundary_violation (
    id uuid PRIMARY KEY DEFAULT governance._uuid(),
    day date NOT NULL DEFAULT current_date,
    schema_name text NOT NULL,
    relation_name text NOT NULL,
    role text NOT NULL,
    application text NOT NULL,
    op text NOT NULL,
    level text NOT NULL,
    times bigint NOT NULL DEFAULT 1,
    first_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    last_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
CREATE INDEX boundary_violation_day_idx ON governance.boundary_violation (day, schema_name, relation_name, role);
COMMENT ON TABLE governance.boundary_violation IS 'writes by roles that are not declared writers, counted per day';
COMMENT ON COLUMN governance.boundary_violation.id IS 'key';
COMMENT ON COLUMN governance.boundary_violation.day IS 'day';
COMMENT ON COLUMN governance.boundary_violation.schema_name IS 'schema of the relation whose writers are declared, followed through renames';
COMMENT ON COLUMN governance.boundary_violation.relation_name IS 'name of that relation, followed through renames';
COMMENT ON COLUMN governance.boundary_violation.role IS 'role that wrote';
COMMENT ON COLUMN governance.boundary_violation.application IS 'application_name, empty where none was set';
COMMENT ON COLUMN governance.boundary_violation.op IS 'INSERT, UPDATE, DELETE or TRUNCATE';
COMMENT ON COLUMN governance.boundary_violation.level IS 'level that held: observe or warn; what enforce refuses leaves a line in the server log';
COMMENT ON COLUMN governance.boundary_violation.times IS 'how many statements';
COMMENT ON COLUMN governance.boundary_violation.first_at IS 'the first of them';
COMMENT ON COLUMN governance.boundary_violation.last_at IS 'the last of them';

------------------------------------------------------------------------------------------------------------------- views
-- Writers that count now: one added to others counts once that has committed, a forgotten one until then.
CREATE VIEW governance._declared_writer AS
    SELECT * FROM governance.declared_writer w
     WHERE w.widens_by_xid IS DISTINCT FROM coalesce(pg_current_xact_id_if_assigned(), '0'::xid8)
       AND (w.forgotten_by_xid IS NULL OR w.forgotten_by_xid = pg_current_xact_id_if_assigned());

CREATE VIEW governance.writers WITH (security_barrier) AS
    SELECT governance._relation_named(w.schema_name, w.relation_name) AS relation, w.role, w.declared_at, w.declared_by,
           w.schema_name, w.relation_name
      FROM governance.declared_writer w
     WHERE w.forgotten_by_xid IS NULL
       AND governance._may_see(governance._relation_named(w.schema_name, w.relation_name))
     ORDER BY w.schema_name, w.relation_name, w.role;

CREATE VIEW governance.boundary_violations WITH (security_barrier) AS
    SELECT governance._relation_named(v.schema_name, v.relation_name) AS relation, v.role,
           nullif(v.application, '') AS application, sum(v.times)::bigint AS times, min(v.first_at) AS first_at,
           max(v.last_at) AS last_at, v.level, v.op, v.schema_name, v.relation_name
      FROM governance.boundary_violation v
     WHERE governance._may_see(governance._relation_named(v.schema_name, v.relation_name))
     GROUP BY v.schema_name, v.relation_name, v.role, v.application, v.level, v.op
     ORDER BY max(v.last_at) DESC;

---------------------------------------------------------------------------------------------------------------- triggers
CREATE TRIGGER data_governance_touch AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON governance.declared_writer
    FOR EACH STATEMENT EXECUTE FUNCTION governance._touch_cache();
ALTER TABLE governance.declared_writer ENABLE ALWAYS TRIGGER data_governance_touch;

------------------------------------------------------------------------------------------------------------------ grants
GRANT SELECT ON governance.writers, governance.boundary_violations TO PUBLIC;

---------------------------------------------------------------------------------------------------------------- comments
COMMENT ON VIEW governance._declared_writer IS 'declared writers that count now';
COMMENT ON VIEW governance.writers IS 'roles that write a dataset';
COMMENT ON VIEW governance.boundary_violations IS 'writes by roles that are not declared writers';

------------------------------------------------------------------------------------------- configuration data for pg_dump
SELECT pg_extension_config_dump('governance.declared_writer', '');
SELECT pg_extension_config_dump('governance.boundary_violation', '');
