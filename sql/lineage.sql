-- lineage: flows that were recorded or declared.

----------------------------------------------------------------------------------------------------------------- tables
-- Both ends are stored by name and followed through renames (registry::identity). The key is the edge itself: rows are
-- written by triggers, and a sequence would collide with a restore.
CREATE TABLE governance.flow (
    source_schema_name text NOT NULL,
    source_relation_name text NOT NULL,
    source_column_name text NOT NULL DEFAULT '',
    target_schema_name text NOT NULL,
    target_relation_name text NOT NULL,
    target_column_name text NOT NULL DEFAULT '',
    kind text NOT NULL CHECK (kind = ANY ('{DIRECT,INDIRECT}')),
    subtype text NOT NULL,
    evidence text NOT NULL CHECK (evidence = ANY ('{statement,ddl,declared}')),
    statement text,
    first_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    last_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    times bigint NOT NULL DEFAULT 1,
    description text,
    recorded_by text NOT NULL DEFAULT current_user,
    CONSTRAINT flow_pkey PRIMARY KEY (target_schema_name, target_relation_name, target_column_name,
                                      source_schema_name, source_relation_name, source_column_name, subtype, evidence)
);
CREATE INDEX flow_source_idx ON governance.flow (source_schema_name, source_relation_name);
COMMENT ON TABLE governance.flow IS 'column-lineage edges that were recorded or declared';
COMMENT ON COLUMN governance.flow.source_schema_name IS 'schema of the source, followed through renames; empty for something outside';
COMMENT ON COLUMN governance.flow.source_relation_name IS 'relation of the source, or the name of something outside';
COMMENT ON COLUMN governance.flow.source_column_name IS 'column of the source; empty for the whole';
COMMENT ON COLUMN governance.flow.target_schema_name IS 'schema of the target, followed through renames; empty for something outside';
COMMENT ON COLUMN governance.flow.target_relation_name IS 'relation of the target, or the name of something outside';
COMMENT ON COLUMN governance.flow.target_column_name IS 'column of the target; empty for its rows as a whole';
COMMENT ON COLUMN governance.flow.kind IS 'DIRECT: values flow; INDIRECT: they decide about values or rows';
COMMENT ON COLUMN governance.flow.subtype IS 'IDENTITY, TRANSFORMATION, AGGREGATION; JOIN, GROUP_BY, FILTER, SORT, WINDOW, CONDITIONAL';
COMMENT ON COLUMN governance.flow.evidence IS 'statement, ddl or declared';
COMMENT ON COLUMN governance.flow.statement IS 'the last statement that moved it';
COMMENT ON COLUMN governance.flow.first_at IS 'when it was first recorded';
COMMENT ON COLUMN governance.flow.last_at IS 'when it was last recorded';
COMMENT ON COLUMN governance.flow.times IS 'how often it was recorded: once per session and statement';
COMMENT ON COLUMN governance.flow.description IS 'what was said when it was declared';
COMMENT ON COLUMN governance.flow.recorded_by IS 'current_user of the last record';

------------------------------------------------------------------------------------------------------------------- views
CREATE VIEW governance.flows WITH (security_barrier) AS
    SELECT CASE f.source_schema_name WHEN '' THEN f.source_relation_name
                ELSE format('%I.%I', f.source_schema_name, f.source_relation_name) END AS source_relation,
           nullif(f.source_column_name, '') AS source_column,
           CASE f.target_schema_name WHEN '' THEN f.target_relation_name
                ELSE format('%I.%I', f.target_schema_name, f.target_relation_name) END AS target_relation,
           nullif(f.target_column_name, '') AS target_column,
           f.kind, f.subtype, f.evidence, f.statement, f.first_at, f.last_at, f.times, f.description, f.recorded_by
      FROM governance.flow f
     WHERE (f.source_schema_name = ''
            OR governance._may_see(governance._relation_named(f.source_schema_name, f.source_relation_name)))
       AND (f.target_schema_name = ''
            OR governance._may_see(governance._relation_named(f.target_schema_name, f.target_relation_name)))
       AND (f.source_schema_name <> '' OR f.target_schema_name <> '' OR governance._may_see(NULL))
     ORDER BY 3, 4, 1, 2, f.subtype, f.evidence;

------------------------------------------------------------------------------------------------------------------ grants
GRANT SELECT ON governance.flows TO PUBLIC;

---------------------------------------------------------------------------------------------------------------- comments
COMMENT ON VIEW governance.flows IS 'column-lineage edges recorded from audited statements and DDL, or declared, as far as the caller may see both ends';

------------------------------------------------------------------------------------------- configuration data for pg_dump
SELECT pg_extension_config_dump('governance.flow', '');
