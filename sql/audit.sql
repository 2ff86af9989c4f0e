-- audit: one log for row changes and for the product's own acts.

----------------------------------------------------------------------------------------------------------------- tables
-- What is audited, or was. The id outlives renames and the relation itself; log rows point to it.
CREATE TABLE governance.audited_relation (
    id uuid PRIMARY KEY DEFAULT governance._uuid(),
    schema_name text NOT NULL,
    relation_name text NOT NULL,
    exclude_columns text[] NOT NULL DEFAULT '{}',
    was_exclude_columns text[] NOT NULL DEFAULT '{}',
    changed_by_xid xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id(),
    started_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    started_by text NOT NULL DEFAULT current_user,
    stopped_at timestamptz,
    stopped_by text,
    stopped_by_xid xid8,
    owned_by text,
    left_by_owner boolean NOT NULL DEFAULT false,
    left_party text,
    comment text
);
CREATE INDEX audited_relation_name_idx ON governance.audited_relation (schema_name, relation_name);
COMMENT ON TABLE governance.audited_relation IS 'relations whose rows are or were audited';
COMMENT ON COLUMN governance.audited_relation.comment IS 'comment that the manifest keeps';
COMMENT ON COLUMN governance.audited_relation.id IS 'what log rows refer to; stays when the relation is renamed';
COMMENT ON COLUMN governance.audited_relation.schema_name IS 'schema of the relation, followed through renames';
COMMENT ON COLUMN governance.audited_relation.relation_name IS 'name of the relation, followed through renames';
COMMENT ON COLUMN governance.audited_relation.exclude_columns IS 'columns whose values are not logged';
COMMENT ON COLUMN governance.audited_relation.was_exclude_columns IS 'the same before the last change; until that commits only columns in both are left out';
COMMENT ON COLUMN governance.audited_relation.changed_by_xid IS 'transaction that last changed the excluded columns';
COMMENT ON COLUMN governance.audited_relation.started_at IS 'when the audit was started, last';
COMMENT ON COLUMN governance.audited_relation.started_by IS 'current_user of that moment';
COMMENT ON COLUMN governance.audited_relation.stopped_at IS 'when it was stopped; NULL while rows are logged';
COMMENT ON COLUMN governance.audited_relation.stopped_by IS 'current_user of that moment';
COMMENT ON COLUMN governance.audited_relation.stopped_by_xid IS 'transaction that stopped it; until that commits rows are still logged';
COMMENT ON COLUMN governance.audited_relation.owned_by IS 'owner of the relation when last seen';
COMMENT ON COLUMN governance.audited_relation.left_by_owner IS 'another role made a new relation of that name: owning it is no right to read these entries';
COMMENT ON COLUMN governance.audited_relation.left_party IS 'party that the dataset belonged to until then: it goes on reading these entries while the dataset is its own';

-- Every name under which a relation was audited: a new relation that takes such a name is audited too.
CREATE TABLE governance.audited_name (
    schema_name text NOT NULL,
    relation_name text NOT NULL,
    relation_id uuid NOT NULL,
    since timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    PRIMARY KEY (schema_name, relation_name)
);
COMMENT ON TABLE governance.audited_name IS 'names that audited relations bear or bore';
COMMENT ON COLUMN governance.audited_name.schema_name IS 'schema of the name';
COMMENT ON COLUMN governance.audited_name.relation_name IS 'the name';
COMMENT ON COLUMN governance.audited_name.relation_id IS 'the audited relation that bore it last';
COMMENT ON COLUMN governance.audited_name.since IS 'when it was seen first';

-- Who, from where and by which statement: once per statement, so that the rows it changed stay small.
CREATE TABLE governance.audit_statement (
    id uuid PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id(),
    started_at timestamptz NOT NULL DEFAULT pg_catalog.statement_timestamp(),
    db_role text NOT NULL,
    session_role text NOT NULL,
    actor text,
    application text,
    client_addr inet DEFAULT pg_catalog.inet_client_addr(),
    reason text,
    statement text
);
COMMENT ON TABLE governance.audit_statement IS 'statements that changed audited rows, with who sent them';
COMMENT ON COLUMN governance.audit_statement.id IS 'what log rows refer to';
COMMENT ON COLUMN governance.audit_statement.xid IS 'transaction';
COMMENT ON COLUMN governance.audit_statement.started_at IS 'when the client''s statement arrived';
COMMENT ON COLUMN governance.audit_statement.db_role IS 'current_user while the rows were changed';
COMMENT ON COLUMN governance.audit_statement.session_role IS 'role that logged in';
COMMENT ON COLUMN governance.audit_statement.actor IS 'governance.actor: who acts, as the application claims';
COMMENT ON COLUMN governance.audit_statement.application IS 'application_name';
COMMENT ON COLUMN governance.audit_statement.client_addr IS 'address of the client; NULL for local sockets';
COMMENT ON COLUMN governance.audit_statement.reason IS 'governance.reason';
COMMENT ON COLUMN governance.audit_statement.statement IS 'the client''s statement, cut after 64 kB';

-- No sequence key: rows written while a dump is restored would collide with those it brings. The id is a UUID of
-- version 7 (RFC 9562): it orders by time, and the rows of one session exactly.
CREATE TABLE governance.audit_entry (
    id uuid PRIMARY KEY DEFAULT governance._uuid(),
    kind text NOT NULL CHECK (kind IN ('row', 'act')),
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    op text NOT NULL,
    object text,
    relation_id uuid,
    schema_name text,
    relation_name text,
    partition_name text,
    key jsonb,
    new_key jsonb,
    old_row jsonb,
    new_row jsonb,
    changed_columns text[],
    depth integer,
    statement_id uuid,
    db_role text,
    session_role text,
    actor text,
    application text,
    client_addr inet,
    reason text,
    statement text,
    owned_by text,
    party text,
    CHECK (statement_id IS NOT NULL OR (db_role IS NOT NULL AND session_role IS NOT NULL))
);
-- Keys are looked up by hash: they may be longer than an index row can be.
CREATE INDEX audit_entry_key_idx ON governance.audit_entry (relation_id, pg_catalog.jsonb_hash_extended(key, 0))
    WHERE relation_id IS NOT NULL;
CREATE INDEX audit_entry_new_key_idx ON governance.audit_entry (relation_id, pg_catalog.jsonb_hash_extended(new_key, 0))
    WHERE new_key IS NOT NULL;
CREATE INDEX audit_entry_act_idx ON governance.audit_entry (schema_name, relation_name) WHERE kind = 'act';
COMMENT ON TABLE governance.audit_entry IS 'the audit log: row changes and the product''s own acts; read it through governance.audit_log';
COMMENT ON COLUMN governance.audit_entry.id IS 'orders by time';
COMMENT ON COLUMN governance.audit_entry.kind IS 'row (a change of a row) or act (a declaration, level, grant, change)';
COMMENT ON COLUMN governance.audit_entry.xid IS 'transaction';
COMMENT ON COLUMN governance.audit_entry.occurred_at IS 'when, by the server''s clock';
COMMENT ON COLUMN governance.audit_entry.op IS 'INSERT, UPDATE, DELETE or TRUNCATE; for acts the function that did it';
COMMENT ON COLUMN governance.audit_entry.object IS 'what an act was done to';
COMMENT ON COLUMN governance.audit_entry.relation_id IS 'the audited relation (audited_relation.id); NULL for acts';
COMMENT ON COLUMN governance.audit_entry.schema_name IS 'schema of the relation at that moment';
COMMENT ON COLUMN governance.audit_entry.relation_name IS 'name of the relation at that moment';
COMMENT ON COLUMN governance.audit_entry.partition_name IS 'partition or child table the row was in; NULL when it was in the relation itself';
COMMENT ON COLUMN governance.audit_entry.key IS 'primary key of the row, before the change where there was one; NULL without primary key';
COMMENT ON COLUMN governance.audit_entry.new_key IS 'primary key after an UPDATE that changed it';
COMMENT ON COLUMN governance.audit_entry.old_row IS 'the row before, or for acts the state before';
COMMENT ON COLUMN governance.audit_entry.new_row IS 'the row after, or for acts the state after';
COMMENT ON COLUMN governance.audit_entry.changed_columns IS 'columns that an UPDATE changed';
COMMENT ON COLUMN governance.audit_entry.depth IS 'how many triggers deep: 1 when a statement changed the row itself';
COMMENT ON COLUMN governance.audit_entry.statement_id IS 'who, from where and by which statement (audit_statement.id)';
COMMENT ON COLUMN governance.audit_entry.db_role IS 'current_user of an act';
COMMENT ON COLUMN governance.audit_entry.session_role IS 'role that logged in, for acts';
COMMENT ON COLUMN governance.audit_entry.actor IS 'governance.actor, for acts';
COMMENT ON COLUMN governance.audit_entry.application IS 'application_name, for acts';
COMMENT ON COLUMN governance.audit_entry.client_addr IS 'address of the client, for acts';
COMMENT ON COLUMN governance.audit_entry.reason IS 'why, for acts';
COMMENT ON COLUMN governance.audit_entry.statement IS 'the client''s statement, for acts';
COMMENT ON COLUMN governance.audit_entry.owned_by IS 'owner of the relation at that moment, for acts';
COMMENT ON COLUMN governance.audit_entry.party IS 'party that owned the dataset at that moment, for acts';

------------------------------------------------------------------------------------------------------- trigger functions
-- The one function without a fixed search_path: it runs once per row, resolves nothing by name, and the lineage of the
-- client's statement has to be read under the client's own path.
CREATE FUNCTION governance._audit_row() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'data_governance_audit_row';

------------------------------------------------------------------------------------------------------------------- views
-- What is audited now: what was stopped is audited until that transaction has committed.
CREATE VIEW governance._audited_relation AS
    SELECT id, schema_name, relation_name, started_at, started_by,
           CASE WHEN changed_by_xid = pg_current_xact_id_if_assigned()
                THEN ARRAY(SELECT c FROM unnest(exclude_columns) c WHERE c = ANY (was_exclude_columns))
                ELSE exclude_columns END AS exclude_columns
      FROM governance.audited_relation
     WHERE stopped_at IS NULL OR stopped_by_xid = pg_current_xact_id_if_assigned();

-- A barrier, so that no function of the reader sees a row before _may_read_log() has passed it.
CREATE VIEW governance.audit_log WITH (security_barrier) AS
    SELECT e.id, e.xid, e.occurred_at,
           governance._relation_named(coalesce(a.schema_name, e.schema_name), coalesce(a.relation_name, e.relation_name)) AS relation,
           e.op, e.key, e.old_row, e.new_row, e.changed_columns,
           coalesce(e.db_role, s.db_role) AS db_role,
           coalesce(e.actor, s.actor) AS actor,
           coalesce(e.application, s.application) AS application,
           coalesce(e.client_addr, s.client_addr) AS client_addr,
           coalesce(e.reason, s.reason) AS reason,
           coalesce(e.statement, s.statement) AS statement,
           quote_ident(e.schema_name) || '.' || quote_ident(e.relation_name) AS relation_name,
           e.kind, e.object,
           coalesce(e.session_role, s.session_role) AS session_role,
           e.partition_name, e.depth
      FROM governance.audit_entry e
      LEFT JOIN governance.audited_relation a ON a.id = e.relation_id
      LEFT JOIN governance.audit_statement s ON s.id = e.statement_id
     WHERE governance._may_read_log(coalesce(a.schema_name, e.schema_name), coalesce(a.relation_name, e.relation_name),
                                    e.kind = 'act' OR coalesce(a.left_by_owner, false), e.owned_by,
                                    coalesce(e.party, a.left_party));

CREATE VIEW governance.audited WITH (security_barrier) AS
    SELECT governance._relation_named(a.schema_name, a.relation_name) AS relation, a.exclude_columns,
           a.started_at, a.started_by, a.schema_name, a.relation_name
      FROM governance._audited_relation a
     WHERE governance._may_see(governance._relation_named(a.schema_name, a.relation_name))
     ORDER BY a.schema_name, a.relation_name;

-------------------------------------------------------------------------------------------------------------- functions
-- The rows themselves come through the view, so whoever calls sees what the view shows them.
CREATE FUNCTION governance.history(relation regclass, key jsonb) RETURNS SETOF governance.audit_log
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS 'SELECT l.* FROM governance.audit_log l WHERE l.id IN (SELECT governance._history($1, $2::text)) ORDER BY l.id';

---------------------------------------------------------------------------------------------------------------- triggers
CREATE TRIGGER data_governance_touch AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON governance.audited_relation
    FOR EACH STATEMENT EXECUTE FUNCTION governance._touch_cache();
ALTER TABLE governance.audited_relation ENABLE ALWAYS TRIGGER data_governance_touch;

-- Nothing in the log is changed or removed, by superusers neither. New rows are a matter of privileges, which nobody
-- but the extension's owner has: the COPY of a restore has to pass.
CREATE TRIGGER data_governance_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON governance.audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION governance._append_only();
CREATE TRIGGER data_governance_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON governance.audit_statement
    FOR EACH STATEMENT EXECUTE FUNCTION governance._append_only();
ALTER TABLE governance.audit_entry ENABLE ALWAYS TRIGGER data_governance_append_only;
ALTER TABLE governance.audit_statement ENABLE ALWAYS TRIGGER data_governance_append_only;

------------------------------------------------------------------------------------------------------------------ grants
GRANT SELECT ON governance.audit_log, governance.audited TO PUBLIC;

---------------------------------------------------------------------------------------------------------------- comments
COMMENT ON VIEW governance._audited_relation IS 'relations whose rows are logged now';
COMMENT ON VIEW governance.audited IS 'relations whose rows are logged';
COMMENT ON VIEW governance.audit_log IS 'the log of row changes and of the product''s own acts, as far as the caller may read it';

------------------------------------------------------------------------------------------- configuration data for pg_dump
SELECT pg_extension_config_dump('governance.audited_relation', '');
SELECT pg_extension_config_dump('governance.audited_name', '');
SELECT pg_extension_config_dump('governance.audit_statement', '');
SELECT pg_extension_config_dump('governance.audit_entry', '');
