-- assess: what the checks stand on. The checks themselves are views, grouped by theme in the files assess_*.sql; the
-- answers (assess, findings, checklist) come last, in assess_answers.sql.
--
-- A check is a view governance._check_<id> with one row per finding. It names only the columns it has something to say
-- in; governance.assess() fills the others. The views read our own tables with their owner's rights, so what they show
-- of a relation goes through _seen_relation, which asks _may_see for the caller.

----------------------------------------------------------------------------------------------------------------- tables
CREATE TABLE governance.checklist_item (
    item text PRIMARY KEY,
    position int NOT NULL UNIQUE,
    title text NOT NULL,
    controls text[] NOT NULL,
    advice text NOT NULL
);
COMMENT ON TABLE governance.checklist_item IS 'the twenty items that the product answers';
COMMENT ON COLUMN governance.checklist_item.item IS 'D1 to D10, P1 to P10';
COMMENT ON COLUMN governance.checklist_item.position IS 'order of the items';
COMMENT ON COLUMN governance.checklist_item.title IS 'what the item claims';
COMMENT ON COLUMN governance.checklist_item.controls IS 'controls of NIST 800-53 r5, GDPR and ISO 27001:2022 that the item serves';
COMMENT ON COLUMN governance.checklist_item.advice IS 'the next step where no finding offers one';

CREATE TABLE governance.assess_check (
    check_id text PRIMARY KEY,
    item text NOT NULL REFERENCES governance.checklist_item,
    title text NOT NULL,
    severity text NOT NULL CHECK (severity = ANY ('{critical,high,medium,low,info}')),
    evidence_kind text NOT NULL CHECK (evidence_kind = ANY ('{catalog,statistics,observed,receipt,declaration}')),
    scope text NOT NULL,
    passes text NOT NULL
);
COMMENT ON TABLE governance.assess_check IS 'the checks of assess(): each has a view _check_<id> with one row per finding';
COMMENT ON COLUMN governance.assess_check.check_id IS 'group and number: OWN-001';
COMMENT ON COLUMN governance.assess_check.item IS 'item of the checklist';
COMMENT ON COLUMN governance.assess_check.title IS 'what is looked for';
COMMENT ON COLUMN governance.assess_check.severity IS 'severity of its findings where the finding does not say another';
COMMENT ON COLUMN governance.assess_check.evidence_kind IS 'catalog, statistics, observed, receipt or declaration';
COMMENT ON COLUMN governance.assess_check.scope IS 'what it looks at, a name of governance._scope; without any of it the check says not_assessed';
COMMENT ON COLUMN governance.assess_check.passes IS 'what is true when there is no finding';

CREATE TABLE governance.waiver (
    fingerprint text PRIMARY KEY,
    check_id text NOT NULL,
    object text NOT NULL,
    schema_name text,
    relation_name text,
    reason text NOT NULL,
    owner text NOT NULL,
    valid_until timestamptz NOT NULL,
    waived_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    waived_by text NOT NULL,
    waived_by_xid xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id()
);
COMMENT ON TABLE governance.waiver IS 'findings that somebody answers for until a date';
COMMENT ON COLUMN governance.waiver.fingerprint IS 'fingerprint of the finding';
COMMENT ON COLUMN governance.waiver.check_id IS 'the check that found it';
COMMENT ON COLUMN governance.waiver.object IS 'what it is about';
COMMENT ON COLUMN governance.waiver.schema_name IS 'schema of the relation it is about; NULL where it is about none';
COMMENT ON COLUMN governance.waiver.relation_name IS 'name of the relation it is about';
COMMENT ON COLUMN governance.waiver.reason IS 'why it is accepted';
COMMENT ON COLUMN governance.waiver.owner IS 'party or role that answers for it';
COMMENT ON COLUMN governance.waiver.valid_until IS 'end; after it the finding is open again';
COMMENT ON COLUMN governance.waiver.waived_at IS 'when';
COMMENT ON COLUMN governance.waiver.waived_by IS 'current_user of that moment';
COMMENT ON COLUMN governance.waiver.waived_by_xid IS 'transaction that waived it; it counts once that has committed';

CREATE TABLE governance.baseline (
    id uuid PRIMARY KEY DEFAULT governance._uuid(),
    taken_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    taken_by text NOT NULL,
    fingerprints text[] NOT NULL
);
COMMENT ON TABLE governance.baseline IS 'findings that were there when set_baseline() was called; the latest counts';
COMMENT ON COLUMN governance.baseline.id IS 'orders by time';
COMMENT ON COLUMN governance.baseline.taken_at IS 'when';
COMMENT ON COLUMN governance.baseline.taken_by IS 'current_user of that moment';
COMMENT ON COLUMN governance.baseline.fingerprints IS 'fingerprints of the findings of that moment, waived ones too';
CREATE VIEW governance._baseline AS SELECT b.fingerprints FROM governance.baseline b ORDER BY b.id DESC LIMIT 1;
COMMENT ON VIEW governance._baseline IS 'the baseline that counts; everybody may ask whether a finding is in it';

------------------------------------------------------------------------------------------------------------ shipped rows
-- Control numbers follow the standards' published outlines; quote the standard itself before printing them anywhere.
INSERT INTO governance.checklist_item (position, item, title, controls, advice) VALUES
    (1, 'D1', 'every data class has one owner and one source of truth', '{NIST CM-8,NIST PM-5(1),NIST AC-6,GDPR 5(2),GDPR 30,ISO A.5.9}', 'declare an owner with governance.declare_party() and governance.declare_dataset()'),
    (2, 'D2', 'aggregates are documented; a transaction spans one', '{NIST SI-7,NIST SI-10,GDPR 5(1)(d),ISO A.8.26}', 'say which tables change together: governance.declare_aggregate(), once this version has it'),
    (3, 'D3', 'migrations are online and routine', '{NIST CM-3,NIST CM-4,GDPR 25,ISO A.8.32}', 'make the next schema change with governance.propose_change()'),
    (4, 'D4', 'read and write models can separate', '{NIST SI-7,GDPR 5(1)(d),ISO A.8.26}', 'declare what is a read model: governance.declare_dataset(…, class => ''analytical'', max_staleness => ''1 day'')'),
    (5, 'D5', 'data is classified: master, reference, transactional, analytical', '{NIST RA-2,NIST AC-16,GDPR 5(1),GDPR 30,ISO A.5.12,ISO A.5.13}', 'keep classes current as tables come: governance.declare_dataset(…, class => …)'),
    (6, 'D6', 'store choices are recorded decisions', '{NIST CM-3,NIST CM-8,ISO A.8.32}', 'record why each store was chosen: governance.record_decision(), once this version has it'),
    (7, 'D7', 'consistency is chosen per capability: strong, causal, eventual', '{NIST SI-7,NIST SI-10,GDPR 5(1)(d),ISO A.8.26}', 'say what readers may rely on: governance.declare_dataset(…, consistency => …)'),
    (8, 'D8', 'lineage and provenance are captured', '{NIST AU-2,NIST AU-3,NIST AU-10,NIST AU-12,NIST SI-7,GDPR 5(2),GDPR 15,GDPR 30,ISO A.8.15}', 'record the row changes of every new table too'),
    (9, 'D9', 'PII is tagged and the tag is enforced', '{NIST PT-2,NIST PT-3,NIST SI-19,NIST AC-3,NIST SC-28,GDPR 5(1)(b),GDPR 5(1)(c),GDPR 25,GDPR 32,ISO A.5.34,ISO A.8.11,ISO A.8.12}', 'tag what names do not give away: governance.tag_column()'),
    (10, 'D10', 'recovery was exercised this quarter: restore, backfill, roll-back', '{NIST CP-4,NIST CP-9(1),NIST CP-10,GDPR 32(1)(c),GDPR 32(1)(d),ISO A.5.30,ISO A.8.13}', 'restore a backup elsewhere this quarter and keep the evidence'),
    (11, 'P1', 'each store has an access-pattern rationale, current to the workload', '{NIST CM-3,NIST CM-8,ISO A.8.32}', 'record the access pattern with each decision'),
    (12, 'P2', 'migrations are additive, the tools exercised regularly', '{NIST CM-3,NIST CM-4,GDPR 25,ISO A.8.32}', 'make the next schema change with governance.propose_change()'),
    (13, 'P3', 'embeddings have a lifecycle: model version, re-embedding, drift', '{NIST SI-7,NIST CM-8,ISO A.8.26}', 'declare a model and version with each vector column'),
    (14, 'P4', 'time-series live on purpose-built structure, with retention and rollups', '{NIST SI-12,NIST MP-6,GDPR 5(1)(e),GDPR 17,ISO A.5.33,ISO A.8.10}', 'partition what grows with time and say how long it is kept'),
    (15, 'P5', 'traversal depth of three and more is evaluated for graph fit', '{NIST CM-3,ISO A.8.26}', 'measure the deepest traversal and record the result'),
    (16, 'P6', 'OLTP and OLAP paths are separate, freshness known', '{NIST SC-5,NIST SC-6,ISO A.8.6}', 'declare how old each analytic dataset may be: governance.declare_dataset(…, max_staleness => …)'),
    (17, 'P7', 'backups are proven by restore', '{NIST CP-4,NIST CP-9(1),NIST CP-10,GDPR 32(1)(c),GDPR 32(1)(d),ISO A.5.30,ISO A.8.13}', 'archive WAL, take base backups, restore one and keep the evidence'),
    (18, 'P8', 'replicas have known lag and are never assumed durable', '{NIST CP-2,NIST SC-5,GDPR 32(1)(b),ISO A.8.14}', 'bound the lag of each standby'),
    (19, 'P9', 'connections are budgeted per service', '{NIST SC-5,NIST SC-6,GDPR 32(1)(b),ISO A.8.6}', 'give each service a role with a CONNECTION LIMIT'),
    (20, 'P10', 'cross-store consistency contracts are documented and tested', '{NIST SI-7,NIST SC-16,GDPR 5(1)(d),ISO A.8.13}', 'write down what leaves and enters this server, and who compares both sides');

--------------------------------------------------------------------------------------------------------------- functions
-- What other features offer may not be there in this version: these three are the only places that ask. A check calls
-- _offers() for its remediation and _of_view() for what another feature has seen, which is nothing where there is no
-- such view. _hides() tells that the view is there and the caller may not read it: then nothing can be said.
CREATE FUNCTION governance._offers(function_name text) RETURNS boolean LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM pg_proc p WHERE p.proname = function_name AND p.pronamespace = 'governance'::regnamespace
                      AND p.prosrc <> '_not_yet_wrapper') -- declared, but not in this version: see sql/not_yet.sql
$$;

CREATE FUNCTION governance._hides(view_name text) RETURNS boolean LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(NOT has_table_privilege(to_regclass(format('governance.%I', view_name))::oid, 'SELECT'), false)
$$;

CREATE FUNCTION governance._of_view(view_name text) RETURNS SETOF jsonb LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF to_regclass(format('governance.%I', view_name)) IS NOT NULL AND NOT governance._hides(view_name) THEN
        RETURN QUERY EXECUTE format('SELECT to_jsonb(v) FROM governance.%I v', view_name);
    END IF;
END $$;

-- What a setting is for sessions that nothing overrides. A session sees what it started with: where that may come from
-- its own role, database or client, the server's value is unknown (NULL), as is what the role may not see.
CREATE FUNCTION governance._server_setting(setting_name text) RETURNS text LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN s.source <> 'client'
                 AND NOT EXISTS (SELECT FROM pg_db_role_setting d, unnest(d.setconfig) c
                                  WHERE split_part(c, '=', 1) = setting_name
                                    AND d.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
                                    AND d.setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = session_user)))
                THEN s.reset_val END
      FROM pg_settings s WHERE s.name = setting_name
$$;

-- "12 tables", "1 table".
CREATE FUNCTION governance._count_of(n bigint, noun text) RETURNS text LANGUAGE sql IMMUTABLE
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT n || ' ' || CASE WHEN n = 1 THEN noun ELSE noun || 's' END
$$;

------------------------------------------------------------------------------------------------------------------- views
CREATE VIEW governance._seen_relation WITH (security_barrier) AS
    SELECT r.relid, r.schema_name, r.relation_name, format('%I.%I', r.schema_name, r.relation_name) AS object,
           r.relkind, r.relowner, pg_get_userbyid(r.relowner)::text AS relation_owner, r.relispartition, r.relpersistence,
           d.schema_name IS NOT NULL AS declared, d.owner, d.class, d.consistency, d.max_staleness
      FROM governance._user_relation r
      LEFT JOIN governance._dataset d USING (schema_name, relation_name)
     WHERE governance._may_see(r.relid);

-- What holds rows of its own. A partition answers through its root.
CREATE VIEW governance._seen_table WITH (security_barrier) AS
    SELECT * FROM governance._seen_relation WHERE relkind IN ('r', 'p', 'f') AND NOT relispartition;

CREATE VIEW governance._role_setting AS
    SELECT d.setrole, CASE WHEN d.setrole <> 0 THEN pg_get_userbyid(d.setrole)::text END AS role, d.setdatabase,
           CASE WHEN d.setdatabase <> 0 THEN current_database()::text END AS database,
           split_part(c, '=', 1) AS name, substr(c, strpos(c, '=') + 1) AS value,
           'ALTER ' || CASE WHEN d.setrole <> 0 THEN format('ROLE %I', pg_get_userbyid(d.setrole))
                                 || CASE WHEN d.setdatabase <> 0 THEN format(' IN DATABASE %I', current_database()) ELSE '' END
                            WHEN d.setdatabase <> 0 THEN format('DATABASE %I', current_database())
                            ELSE 'ROLE ALL' END AS alter_it
      FROM pg_db_role_setting d, unnest(d.setconfig) c
     WHERE d.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()));

-- What checks look at, and how much of it there is.
CREATE VIEW governance._scope AS
    SELECT 'server' AS scope, 1::bigint AS n
    UNION ALL SELECT 'relations', count(*) FROM governance._seen_relation
    UNION ALL SELECT 'materialized views', count(*) FROM governance._seen_relation WHERE relkind = 'm'
    UNION ALL SELECT 'foreign tables', count(*) FROM governance._seen_relation WHERE relkind = 'f'
    UNION ALL SELECT 'tables', count(*) FROM governance._seen_table
    UNION ALL SELECT 'partitioned tables', count(*) FROM governance._seen_table WHERE relkind = 'p'
    UNION ALL SELECT 'tagged columns', count(*) FROM governance._column_tag t JOIN governance._seen_relation r USING (schema_name, relation_name)
    UNION ALL SELECT 'writes', coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint FROM pg_stat_user_tables WHERE schemaname <> 'governance'
    UNION ALL SELECT 'replication slots', count(*) FROM pg_replication_slots WHERE NOT temporary
    UNION ALL SELECT 'subscriptions', count(*) FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid WHERE d.datname = current_database()
    UNION ALL SELECT 'publications', count(*) FROM pg_publication
    UNION ALL SELECT 'vector columns', count(*) FROM governance._seen_table t JOIN pg_attribute a ON a.attrelid = t.relid
                JOIN pg_type y ON y.oid = a.atttypid WHERE NOT a.attisdropped AND y.typname IN ('vector', 'halfvec', 'sparsevec');

-- What is audited, whatever shape the audit's view has: every check that asks, asks here.
CREATE VIEW governance._audited AS
    WITH RECURSIVE tree AS (
        SELECT r.relid
          FROM governance._of_view('audited') v
          JOIN governance._seen_relation r ON (v ->> 'schema_name', v ->> 'relation_name') = (r.schema_name, r.relation_name)
                                           OR v ->> 'relation' = r.object
        UNION
        -- What inherits from an audited table is audited with it.
        SELECT i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.relid)
    SELECT relid FROM tree;

-- Foreign keys as written: those that partitions inherit are left out.
CREATE VIEW governance._foreign_key AS
    SELECT k.oid, k.conname::text AS name, k.conrelid, k.confrelid, k.conkey, k.confdeltype,
           (SELECT array_agg(a.attname::text ORDER BY u.n)
              FROM unnest(k.conkey) WITH ORDINALITY u(attnum, n)
              JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum) AS columns,
           EXISTS (SELECT FROM pg_index i
                    WHERE i.indrelid = k.conrelid AND i.indisvalid AND i.indpred IS NULL
                      AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey) AS indexed
      FROM pg_constraint k
     WHERE k.contype = 'f' AND k.conparentid = 0;

-- Things beside plain tables that somebody chose: each wants a recorded decision or a contract.
CREATE VIEW governance._store AS
    SELECT 'extension' AS kind, extname::text AS name FROM pg_extension WHERE extname NOT IN ('plpgsql', 'data_governance')
    UNION ALL SELECT 'foreign server', srvname::text FROM pg_foreign_server
    UNION ALL SELECT 'publication', pubname::text FROM pg_publication
    UNION ALL SELECT 'subscription', s.subname::text FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
               WHERE d.datname = current_database()
    UNION ALL SELECT slot_type || ' slot', slot_name::text FROM pg_replication_slots
               WHERE NOT temporary AND (slot_type = 'physical' OR database = current_database());

-- Waivers that count: not those of the running transaction, nor those that have ended. What they say is in waivers.
CREATE VIEW governance._waiver AS
    SELECT w.fingerprint, w.valid_until FROM governance.waiver w
     WHERE w.valid_until > now() AND w.waived_by_xid IS DISTINCT FROM pg_current_xact_id_if_assigned();

CREATE VIEW governance.waivers WITH (security_barrier) AS
    SELECT w.fingerprint, w.check_id, w.object, w.reason, w.owner, w.valid_until, w.waived_at, w.waived_by
      FROM governance.waiver w
     WHERE w.relation_name IS NULL OR governance._may_see(governance._relation_named(w.schema_name, w.relation_name))
     ORDER BY w.valid_until, w.object;

---------------------------------------------------------------------------------------------------------------- comments
COMMENT ON VIEW governance._seen_relation IS 'user relations that the caller may see, with what is declared about them';
COMMENT ON VIEW governance._seen_table IS 'user tables that the caller may see: roots of partition trees, no partitions';
COMMENT ON VIEW governance._scope IS 'what checks look at, and how much of it the caller may see';
COMMENT ON VIEW governance._audited IS 'relations whose row changes are recorded';
COMMENT ON VIEW governance._role_setting IS 'settings of roles and of this database';
COMMENT ON VIEW governance._foreign_key IS 'foreign keys as written, and whether an index serves them';
COMMENT ON VIEW governance._store IS 'extensions, foreign servers, publications, subscriptions and logical slots of this database, physical slots of the server';
COMMENT ON VIEW governance._waiver IS 'waivers that count now';
COMMENT ON VIEW governance.waivers IS 'findings that somebody answers for, why and until when';

------------------------------------------------------------------------------------------- configuration data for pg_dump
SELECT pg_extension_config_dump('governance.waiver', '');
SELECT pg_extension_config_dump('governance.baseline', '');
