-- registry: deprecated columns, which say so to whoever still uses them.

----------------------------------------------------------------------------------------------------------------- tables
CREATE TABLE governance.deprecation (
    schema_name text NOT NULL,
    relation_name text NOT NULL,
    column_name text NOT NULL,
    sunset timestamptz NOT NULL CHECK (isfinite(sunset)),
    replacement text,
    carried boolean NOT NULL DEFAULT false,
    own_sunset timestamptz,
    comment text,
    declared_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    declared_by text NOT NULL DEFAULT current_user,
    PRIMARY KEY (schema_name, relation_name, column_name)
);
COMMENT ON TABLE governance.deprecation IS 'columns that go away, when, and what takes their place';
COMMENT ON COLUMN governance.deprecation.schema_name IS 'schema of the relation, followed through renames';
COMMENT ON COLUMN governance.deprecation.relation_name IS 'name of the relation, followed through renames';
COMMENT ON COLUMN governance.deprecation.column_name IS 'name of the column, followed through renames';
COMMENT ON COLUMN governance.deprecation.sunset IS 'from then on nobody may rely on it';
COMMENT ON COLUMN governance.deprecation.replacement IS 'what to use instead: a column of the same relation, or words';
COMMENT ON COLUMN governance.deprecation.carried IS 'its sunset comes from another relation, by a swap, a rename or a tree';
COMMENT ON COLUMN governance.deprecation.own_sunset IS 'sunset that it had before; NULL where the deprecation itself was carried';
COMMENT ON COLUMN governance.deprecation.comment IS 'comment that the manifest keeps';
COMMENT ON COLUMN governance.deprecation.declared_at IS 'when it was declared or last changed';
COMMENT ON COLUMN governance.deprecation.declared_by IS 'current_user of that moment';

------------------------------------------------------------------------------------------------------------ shipped rows
INSERT INTO governance.feature
    (feature, default_undeclared, default_declared, default_bulk, default_analytical, rungs, mode, description, refuses) VALUES
    ('deprecation', 'off', 'warn', 'observe', 'observe', '{off,observe,warn,enforce}', 'attached',
     'use of deprecated columns: warn tells the client, once per session and column; enforce refuses it after the sunset',
     'use of deprecated columns after their sunset');

------------------------------------------------------------------------------------------------------------------- views
CREATE VIEW governance.deprecations WITH (security_barrier) AS
    SELECT governance._relation_named(d.schema_name, d.relation_name) AS relation, d.column_name, d.sunset, d.replacement,
           d.sunset <= now() AS is_over, d.declared_at, d.declared_by, d.schema_name, d.relation_name
      FROM governance.deprecation d
     WHERE governance._may_see(governance._relation_named(d.schema_name, d.relation_name))
     ORDER BY d.sunset, d.schema_name, d.relation_name, d.column_name;

---------------------------------------------------------------------------------------------------------------- triggers
CREATE TRIGGER data_governance_touch AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON governance.deprecation
    FOR EACH STATEMENT EXECUTE FUNCTION governance._touch_cache();
ALTER TABLE governance.deprecation ENABLE ALWAYS TRIGGER data_governance_touch;

------------------------------------------------------------------------------------------------------------------ grants
GRANT SELECT ON governance.deprecations TO PUBLIC;

---------------------------------------------------------------------------------------------------------------- comments
COMMENT ON VIEW governance.deprecations IS 'deprecated columns, the first to go first';

------------------------------------------------------------------------------------------- configuration data for pg_dump
SELECT pg_extension_config_dump('governance.deprecation', '');
