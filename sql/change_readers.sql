-- change.readers: who reads which column of a watched relation.
--
-- Sessions write what they have seen in batches, as part of transactions of their users or at their end. So a row here may
-- never be in anybody's way: it is added, never updated, and has no key that two sessions could meet in.

----------------------------------------------------------------------------------------------------------------- tables
CREATE TABLE governance.column_read (
    schema_name text NOT NULL,
    relation_name text NOT NULL,
    column_name text NOT NULL,
    role text NOT NULL,
    application text NOT NULL,
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,
    reads bigint NOT NULL,
    evidence text NOT NULL CHECK (evidence IN ('plan', 'named', 'copy')),
    longest_interval interval
);
CREATE INDEX column_read_schema_name_relation_name_idx ON governance.column_read (schema_name, relation_name);
COMMENT ON TABLE governance.column_read IS 'who read which column of a watched relation, in batches; the rows of one reader are merged now and then';
COMMENT ON COLUMN governance.column_read.schema_name IS 'schema of the relation';
COMMENT ON COLUMN governance.column_read.relation_name IS 'the relation, for a partition or child the watched one above it';
COMMENT ON COLUMN governance.column_read.column_name IS 'the column; empty where rows were read without any column';
COMMENT ON COLUMN governance.column_read.role IS 'current_user of the reader';
COMMENT ON COLUMN governance.column_read.application IS 'application_name of the reader';
COMMENT ON COLUMN governance.column_read.first_seen IS 'first read of the batch';
COMMENT ON COLUMN governance.column_read.last_seen IS 'last read of the batch';
COMMENT ON COLUMN governance.column_read.reads IS 'executions that read it';
COMMENT ON COLUMN governance.column_read.longest_interval IS 'longest time between two reads of the batch; NULL where there was one';
COMMENT ON COLUMN governance.column_read.evidence IS 'plan: an executed plan reads it; named: the statement names it, though its plan does without; copy: COPY of the table';

CREATE TABLE governance.read_watch (
    schema_name text NOT NULL,
    relation_name text NOT NULL,
    since timestamptz NOT NULL
);
COMMENT ON TABLE governance.read_watch IS 'since when reads of a relation are watched in this database; not part of a dump';
COMMENT ON COLUMN governance.read_watch.schema_name IS 'schema of the relation';
COMMENT ON COLUMN governance.read_watch.relation_name IS 'the relation';
COMMENT ON COLUMN governance.read_watch.since IS 'since when';

CREATE TABLE governance.read_gap (
    scope text NOT NULL,
    at timestamptz NOT NULL,
    cause text NOT NULL
);
COMMENT ON TABLE governance.read_gap IS 'when reads may have gone unseen in this database; not part of a dump';
COMMENT ON COLUMN governance.read_gap.scope IS 'what is concerned, as in levels; empty for everything';
COMMENT ON COLUMN governance.read_gap.at IS 'when the gap ended';
COMMENT ON COLUMN governance.read_gap.cause IS 'why';

------------------------------------------------------------------------------------------------------------ shipped rows
INSERT INTO governance.feature
    (feature, default_undeclared, default_declared, default_bulk, default_analytical, rungs, mode, description) VALUES
    ('change.readers', 'off', 'observe', 'observe', 'observe', '{off,observe}', 'attached',
     'recording which role and application reads which column');

------------------------------------------------------------------------------------------------------------------- views
CREATE VIEW governance.column_readers WITH (security_barrier) AS
    SELECT governance._relation_named(r.schema_name, r.relation_name) AS relation, nullif(r.column_name, '') AS column_name,
           r.role, r.application, min(r.first_seen) AS first_seen, max(r.last_seen) AS last_seen, sum(r.reads)::bigint AS reads,
           r.evidence, r.schema_name, r.relation_name,
           max(greatest(r.longest_interval, CASE WHEN r.before < r.first_seen THEN r.first_seen - r.before END)) AS longest_interval
      FROM (SELECT a.*, max(a.last_seen) OVER (
                       PARTITION BY a.schema_name, a.relation_name, a.column_name, a.role, a.application, a.evidence
                       ORDER BY a.first_seen, a.last_seen ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
              FROM governance._column_reads() a) r
     WHERE governance._may_see(governance._relation_named(r.schema_name, r.relation_name))
     GROUP BY r.schema_name, r.relation_name, r.column_name, r.role, r.application, r.evidence
     ORDER BY r.schema_name, r.relation_name, r.column_name, max(r.last_seen) DESC, r.role, r.application, r.evidence;

---------------------------------------------------------------------------------------------------------------- triggers
-- How a change gets on (waits_for, last_error, verified_at) is cached by nobody, and is noted with every batch of a copy: all
-- sessions would plan their statements anew each time.
CREATE TRIGGER data_governance_touch
    AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE OF id, kind, schema_name, relation_name, ddl, up, down, reason, state, fingerprint, proposed_by,
        proposed_session, proposed_at, approved_by, approved_session, approved_at, approved_until, comment, waived, columns, adds, takes,
        whole, quarantine_name, aliases, prelude, stand_in, probe, kept, contracted_by, contracted_at, by_own_ddl, quarantine_until, ended_at
    ON governance.change
    FOR EACH STATEMENT EXECUTE FUNCTION governance._touch_cache();

-- A level that changes may have let reads pass unseen; where it did not, the watch starts over once too often.
CREATE FUNCTION governance._note_read_level() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.feature IN ('change', 'change.readers') THEN
        INSERT INTO governance.read_gap VALUES (OLD.scope, clock_timestamp(), 'the level of change.readers was changed');
    ELSIF TG_OP <> 'DELETE' AND NEW.feature IN ('change', 'change.readers') THEN
        INSERT INTO governance.read_gap VALUES (NEW.scope, clock_timestamp(), 'the level of change.readers was changed');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION governance._note_read_level() IS 'trigger: a changed level of change.readers is a gap of the column-read ledger';
CREATE TRIGGER data_governance_note_read_level AFTER INSERT OR UPDATE OR DELETE ON governance.level
    FOR EACH ROW EXECUTE FUNCTION governance._note_read_level();

------------------------------------------------------------------------------------------------------------------ grants
GRANT SELECT ON governance.column_readers TO PUBLIC;

---------------------------------------------------------------------------------------------------------------- comments
COMMENT ON VIEW governance.column_readers IS 'who reads which column of a watched relation, when first, when last, how often, and with which longest time between two reads';

------------------------------------------------------------------------------------------- configuration data for pg_dump
SELECT pg_extension_config_dump('governance.column_read', '');
