-- assess: checks of how structures evolve and what they are for: migrations, read models, analytics, time-series,
-- embeddings.

INSERT INTO governance.assess_check (check_id, item, title, severity, evidence_kind, scope, passes) VALUES
    ('EVO-000', 'D3', 'the product is switched off', 'critical', 'catalog', 'server', 'governance.enabled is on'),
    ('EVO-001', 'D3', 'constraint that was never validated', 'medium', 'catalog', 'relations', 'no constraint waits for validation'),
    ('EVO-002', 'D3', 'invalid index', 'medium', 'catalog', 'relations', 'no index is invalid'),
    ('EVO-007', 'D3', 'DDL that may wait for ever', 'low', 'catalog', 'relations', 'every role that owns relations and can log in has a lock_timeout'),
    ('EVO-008', 'D3', 'guard switched off by a level', 'high', 'declaration', 'server', 'no level set for the database switches the guard off'),
    ('EVO-009', 'D3', 'event trigger of the product disabled', 'critical', 'catalog', 'server', 'no event trigger of the product is disabled'),
    ('EVO-010', 'D3', 'sequence that runs out', 'high', 'catalog', 'relations', 'no sequence has used 70 % of its range'),
    ('EVO-011', 'P2', 'evidence of routine changes', 'low', 'observed', 'relations', 'a change was completed in the last 92 days'),
    ('EVO-012', 'P2', 'trigger left disabled', 'medium', 'catalog', 'relations', 'no trigger is disabled'),
    ('EVO-013', 'P2', 'leftover of a migration', 'low', 'catalog', 'tables', 'no table is named like the leftover of a migration'),
    ('EVO-014', 'D3', 'attack that the guard missed', 'high', 'observed', 'server', 'the last self_test() caught every attack'),
    ('CQR-001', 'D4', 'wide reads on a table that is written all the time', 'low', 'statistics', 'tables', 'no busy table is read by whole scans most of the time'),
    ('CQR-002', 'D4', 'read models are declared', 'low', 'declaration', 'relations', 'at least one read model is declared'),
    ('CQR-004', 'D4', 'materialized view that was never filled', 'high', 'catalog', 'materialized views', 'every materialized view is filled'),
    ('OLA-001', 'P6', 'queries that spill to disk', 'low', 'statistics', 'server', 'queries spilled less than 1 GB a day to disk'),
    ('OLA-002', 'P6', 'snapshot that is held for long', 'medium', 'observed', 'server', 'no transaction has been open for an hour'),
    ('OLA-003', 'P6', 'freshness of analytic data not declared', 'medium', 'declaration', 'relations', 'every materialized view and analytic dataset states how old it may be'),
    ('OLA-005', 'P6', 'refresh that blocks readers', 'low', 'catalog', 'materialized views', 'every materialized view can be refreshed concurrently'),
    ('TSR-001', 'P4', 'time-series in a plain table', 'medium', 'statistics', 'tables', 'no big append-only table with a time column is unpartitioned'),
    ('TSR-002', 'P4', 'retention not declared', 'low', 'declaration', 'partitioned tables', 'every table partitioned by time has a declared retention'),
    ('TSR-005', 'P4', 'default partition fills', 'medium', 'statistics', 'partitioned tables', 'no default partition holds rows'),
    ('TSR-006', 'P4', 'partitions end soon', 'high', 'catalog', 'partitioned tables', 'every table partitioned by time has partitions for the next 7 days'),
    ('EMB-001', 'P3', 'vector column without lifecycle', 'medium', 'declaration', 'tables', 'every vector column has a declared model and version'),
    ('EMB-004', 'P3', 'vector index with default parameters', 'info', 'catalog', 'vector columns', 'every vector index states its parameters'),
    ('EMB-006', 'P3', 'vector column without dimensions', 'medium', 'catalog', 'vector columns', 'every vector column fixes its dimensions');

-------------------------------------------------------------------------------------------------------------- migrations
CREATE VIEW governance._check_evo_000 AS
    SELECT 'setting governance.enabled' AS object, 'governance.enabled is off: nothing is guarded, masked or recorded' AS finding,
           'ALTER SYSTEM RESET governance.enabled;' AS remediation_sql,
           'none, outside a transaction block; remove it from postgresql.conf, then SELECT pg_reload_conf();' AS remediation_lock
     WHERE lower(current_setting('governance.enabled', true)) IN ('off', 'of', 'false', 'no', '0');

CREATE VIEW governance._check_evo_001 AS
    SELECT r.object || ' constraint ' || quote_ident(k.conname) AS object, r.schema_name, r.relation_name,
           format('constraint %I of %s was never validated: older rows may break it', k.conname, r.object) AS finding,
           jsonb_build_object('definition', pg_get_constraintdef(k.oid)) AS evidence,
           format('SET lock_timeout = ''5s''; ALTER TABLE %s VALIDATE CONSTRAINT %I;', r.object, k.conname) AS remediation_sql,
           'SHARE UPDATE EXCLUSIVE' || CASE k.contype WHEN 'f' THEN ', ROW SHARE on the parent' ELSE '' END AS remediation_lock
      FROM pg_constraint k JOIN governance._seen_relation r ON r.relid = k.conrelid
     WHERE NOT k.convalidated AND k.conparentid = 0 AND k.contype IN ('f', 'c') AND k.coninhcount = 0 AND r.relkind IN ('r', 'p')
    UNION ALL
    SELECT format('domain %I.%I constraint %I', n.nspname, y.typname, k.conname), NULL, NULL,
           format('constraint %I of domain %I.%I was never validated: older values may break it', k.conname, n.nspname, y.typname),
           jsonb_build_object('definition', pg_get_constraintdef(k.oid)),
           format('SET lock_timeout = ''5s''; ALTER DOMAIN %I.%I VALIDATE CONSTRAINT %I;', n.nspname, y.typname, k.conname), 'SHARE on the tables that use it'
      FROM pg_constraint k JOIN pg_type y ON y.oid = k.contypid JOIN pg_namespace n ON n.oid = y.typnamespace
     WHERE NOT k.convalidated;

-- Concurrent builds that run right now are not invalid yet. What REINDEX CONCURRENTLY left behind is dropped.
CREATE VIEW governance._check_evo_002 AS
    SELECT format('%I.%I', n.nspname, c.relname) AS object, r.schema_name, r.relation_name,
           format('index %I of %s is invalid: it is maintained and never used', c.relname, r.object)
             || CASE WHEN c.relkind = 'I' THEN '; attach an index for each partition' ELSE '' END AS finding,
           CASE WHEN c.relkind = 'i' AND c.relname ~ '_cc(new|old)[0-9]*$' THEN format('DROP INDEX CONCURRENTLY %I.%I;', n.nspname, c.relname)
                WHEN c.relkind = 'i' THEN format('REINDEX INDEX CONCURRENTLY %I.%I;', n.nspname, c.relname) END AS remediation_sql,
           CASE WHEN c.relkind = 'i' THEN 'SHARE UPDATE EXCLUSIVE, outside a transaction block' END AS remediation_lock
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN governance._seen_relation r ON r.relid = i.indrelid
     WHERE NOT i.indisvalid AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid);

CREATE VIEW governance._check_evo_007 AS
    SELECT format('role %I', o.rolname) AS object, 'warn' AS status,
           format('DDL of role %I waits for locks without end (lock_timeout 0)', o.rolname) AS finding,
           jsonb_build_object('owns_relations', (SELECT count(*) FROM governance._seen_relation r WHERE r.relowner = o.oid)) AS evidence,
           format('ALTER ROLE %I IN DATABASE %I SET lock_timeout = ''5s'';', o.rolname, current_database()) AS remediation_sql, 'none' AS remediation_lock
      FROM pg_roles o
     WHERE o.rolcanlogin AND EXISTS (SELECT FROM governance._seen_relation r WHERE r.relowner = o.oid)
       AND coalesce((SELECT s.value FROM governance._role_setting s
                      WHERE s.name = 'lock_timeout' AND s.setrole IN (0, o.oid)
                      ORDER BY s.setrole = 0, s.setdatabase = 0 LIMIT 1),
                    governance._server_setting('lock_timeout')) ~ '^0+ *[a-z]*$';

CREATE VIEW governance._check_evo_008 AS
    SELECT 'level of ' || feature AS object, format('level of %s is %s for the whole database', feature, level) AS finding,
           jsonb_build_object('level', level, 'reason', reason, 'valid_until', valid_until, 'set_by', set_by) AS evidence,
           format('SELECT governance.reset_level(%L, reason => %L);', feature, 'assessment: the guard must act') AS remediation_sql, 'none' AS remediation_lock
      FROM governance.levels WHERE scope IS NULL AND level = 'off' AND (feature = 'guard' OR feature LIKE 'guard.%');

CREATE VIEW governance._check_evo_009 AS
    SELECT 'event trigger ' || quote_ident(e.evtname) AS object, format('event trigger %I of the product is disabled', e.evtname) AS finding,
           format('ALTER EVENT TRIGGER %I ENABLE ALWAYS;', e.evtname) AS remediation_sql, 'none' AS remediation_lock
      FROM pg_event_trigger e JOIN pg_depend d ON d.classid = 'pg_event_trigger'::regclass AND d.objid = e.oid AND d.deptype = 'e'
      JOIN pg_extension x ON x.oid = d.refobjid AND x.extname = 'data_governance'
     WHERE e.evtenabled IN ('D', 'R');

-- A column narrower than its sequence runs out first.
CREATE VIEW governance._check_evo_010 AS
    SELECT s.object, s.schema_name, s.relation_name, s.top::text AS facts,
           format('%s has used %s %% of the range of %s', s.sequence, round(100.0 * s.last_value / s.top), s.object) AS finding,
           jsonb_build_object('sequence', s.sequence, 'last_value', s.last_value, 'top', s.top) AS evidence
      FROM (SELECT r.object || '.' || quote_ident(a.attname) AS object, r.schema_name, r.relation_name,
                   format('%I.%I', q.schemaname, q.sequencename) AS sequence, q.last_value,
                   least(q.max_value, CASE a.atttypid WHEN 'int2'::regtype THEN 32767 WHEN 'int4'::regtype THEN 2147483647
                                                      WHEN 'int8'::regtype THEN 9223372036854775807 END) AS top
              FROM pg_sequences q JOIN pg_namespace n ON n.nspname = q.schemaname
              JOIN pg_class c ON c.relname = q.sequencename AND c.relnamespace = n.oid AND c.relkind = 'S'
              JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i') AND d.refclassid = 'pg_class'::regclass
              JOIN governance._seen_relation r ON r.relid = d.refobjid
              JOIN pg_attribute a ON a.attrelid = r.relid AND a.attnum = d.refobjsubid
             WHERE NOT q.cycle AND q.increment_by > 0) s
     WHERE s.last_value >= 0.7 * s.top;

CREATE VIEW governance._check_evo_011 AS
    SELECT 'database' AS object, 'not_assessed' AS status, 'this version does not record changes yet, so their routine cannot be seen' AS finding
     WHERE to_regclass('governance.changes') IS NULL
    UNION ALL
    SELECT 'database', 'manual', 'no change was completed here in 92 days; the routine of other tools cannot be seen'
     WHERE to_regclass('governance.changes') IS NOT NULL
       AND NOT EXISTS (SELECT FROM governance._of_view('changes') c WHERE (c ->> 'contracted_at')::timestamptz > now() - interval '92 days');

CREATE VIEW governance._check_evo_012 AS
    SELECT r.object || ' trigger ' || quote_ident(t.tgname) AS object, r.schema_name, r.relation_name,
           CASE WHEN t.tgisinternal THEN 'high' END AS severity,
           CASE WHEN t.tgisinternal THEN format('foreign key %I of %s is not enforced: its trigger is disabled', k.conname, r.object)
                ELSE format('trigger %I of %s is disabled', t.tgname, r.object) END AS finding,
           format('SET lock_timeout = ''5s''; ALTER TABLE %s ENABLE TRIGGER %I;', r.object, t.tgname) AS remediation_sql,
           'SHARE ROW EXCLUSIVE' AS remediation_lock, coalesce(k.conname::text, '') AS facts
      FROM pg_trigger t JOIN governance._seen_relation r ON r.relid = t.tgrelid LEFT JOIN pg_constraint k ON k.oid = t.tgconstraint
     WHERE t.tgenabled = 'D' AND t.tgparentid = 0;

CREATE VIEW governance._check_evo_013 AS
    SELECT object, schema_name, relation_name, 'warn' AS status, 0.6 AS confidence,
           format('%s is named like the leftover of a migration', object) AS finding
      FROM governance._seen_table WHERE relation_name ~* '_(old|bak|backup|tmp|orig|deleteme|to_delete)_?[0-9]*$';

CREATE VIEW governance._check_evo_014 AS
    SELECT 'attack "' || attempt || '"' AS object, format('the guard missed an attack: %s; %s', attempt, detail) AS finding,
           jsonb_build_object('mode', mode, 'tested_at', tested_at) AS evidence,
           'SELECT * FROM governance.self_test(''guard'');' AS remediation_sql, 'none' AS remediation_lock
      FROM governance.self_test_result WHERE feature = 'guard' AND NOT caught AND mode <> 'installed'
    UNION ALL
    SELECT 'mode installed', format('%s of %s attacks pass in mode installed', count(*) FILTER (WHERE NOT caught), count(*)),
           jsonb_build_object('mode', 'installed', 'missed', jsonb_agg(attempt ORDER BY attempt) FILTER (WHERE NOT caught)),
           'SELECT * FROM governance.attach();', 'none'
      FROM governance.self_test_result WHERE feature = 'guard' AND mode = 'installed' HAVING bool_or(NOT caught);

------------------------------------------------------------------------------------------------------------- read models
CREATE VIEW governance._check_cqr_001 AS
    SELECT t.object, t.schema_name, t.relation_name, 'warn' AS status, 0.5 AS confidence, d.stats_reset AS observed_since,
           format('%s took %s writes and %s whole scans of about %s rows', t.object, s.n_tup_ins + s.n_tup_upd + s.n_tup_del, s.seq_scan, s.n_live_tup) AS finding,
           jsonb_build_object('writes', s.n_tup_ins + s.n_tup_upd + s.n_tup_del, 'seq_scan', s.seq_scan, 'idx_scan', s.idx_scan, 'rows', s.n_live_tup) AS evidence
      FROM governance._seen_table t JOIN pg_stat_user_tables s USING (relid) JOIN pg_stat_database d ON d.datname = current_database()
     WHERE s.n_live_tup > 100000 AND s.n_tup_upd + s.n_tup_del > 10000 AND s.seq_scan > 100
       AND s.seq_tup_read > 10 * coalesce(s.idx_tup_fetch, 0);

CREATE VIEW governance._check_cqr_002 AS
    SELECT 'database' AS object, 'manual' AS status,
           'no read model is declared; the server cannot tell a projection from a table that is written directly' AS finding,
           (SELECT format('SELECT governance.declare_dataset(%L, class => ''analytical'', max_staleness => ''1 day'');', object)
              FROM governance._seen_relation WHERE relkind = 'm' ORDER BY object LIMIT 1) AS remediation_sql
     WHERE NOT EXISTS (SELECT FROM governance._seen_relation WHERE class = 'analytical');

CREATE VIEW governance._check_cqr_004 AS
    SELECT r.object, r.schema_name, r.relation_name, format('materialized view %s was never filled: reading it fails', r.object) AS finding,
           format('SET lock_timeout = ''5s''; REFRESH MATERIALIZED VIEW %s;', r.object) AS remediation_sql, 'ACCESS EXCLUSIVE while it is filled' AS remediation_lock
      FROM governance._seen_relation r JOIN pg_class c ON c.oid = r.relid WHERE r.relkind = 'm' AND NOT c.relispopulated;

--------------------------------------------------------------------------------------------------------------- analytics
CREATE VIEW governance._check_ola_001 AS
    SELECT 'database' AS object, 'warn' AS status, 0.5 AS confidence, d.stats_reset AS observed_since,
           format('queries spilled %s to disk in %s files since %s', pg_size_pretty(d.temp_bytes), d.temp_files, d.stats_reset::date) AS finding,
           jsonb_build_object('temp_bytes', d.temp_bytes, 'temp_files', d.temp_files) AS evidence
      FROM pg_stat_database d
     WHERE d.datname = current_database()
       AND d.temp_bytes > 1073741824 * greatest(1, extract(epoch FROM now() - d.stats_reset) / 86400) AND d.stats_reset IS NOT NULL
    UNION ALL
    SELECT 'database', 'not_assessed', NULL, NULL, 'statistics do not say since when they count', NULL
      FROM pg_stat_database d WHERE d.datname = current_database() AND d.stats_reset IS NULL;

-- Other roles' sessions are seen by members of pg_read_all_stats only.
CREATE VIEW governance._check_ola_002 AS
    SELECT 'session of ' || quote_ident(coalesce(a.usename, '?')) AS object, 'fail' AS status, a.xact_start::text AS facts,
           format('a transaction of %I is open since %s minutes (%s); vacuum cannot clean behind it', a.usename,
                  round(extract(epoch FROM now() - a.xact_start) / 60), a.state) AS finding,
           jsonb_build_object('pid', a.pid, 'state', a.state, 'application', a.application_name) AS evidence, a.xact_start AS observed_since
      FROM pg_stat_activity a
     WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.xact_start < now() - interval '1 hour'
    UNION ALL
    SELECT 'server', 'not_assessed', NULL, 'sessions of other roles are shown to members of pg_read_all_stats only', NULL, NULL
     WHERE NOT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE');

CREATE VIEW governance._check_ola_003 AS
    SELECT r.object, r.schema_name, r.relation_name,
           format('%s %s does not say how old it may be', CASE r.relkind WHEN 'm' THEN 'materialized view' ELSE 'analytic dataset' END, r.object) AS finding,
           format('SELECT governance.declare_dataset(%L, class => ''analytical'', consistency => ''eventual'', max_staleness => ''1 day'');', r.object) AS remediation_sql,
           'none' AS remediation_lock
      FROM governance._seen_relation r WHERE (r.relkind = 'm' OR r.class = 'analytical' AND r.relkind IN ('r', 'p', 'f')) AND r.max_staleness IS NULL;

CREATE VIEW governance._check_ola_005 AS
    SELECT r.object, r.schema_name, r.relation_name, 'warn' AS status,
           format('%s has no unique index over all rows, so each refresh locks its readers out', r.object) AS finding
      FROM governance._seen_relation r
     WHERE r.relkind = 'm' AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = r.relid AND i.indisunique AND i.indisvalid
                                               AND i.indpred IS NULL AND i.indexprs IS NULL);

------------------------------------------------------------------------------------------------------------- time-series
CREATE VIEW governance._check_tsr_001 AS
    SELECT t.object, t.schema_name, t.relation_name, 'warn' AS status, 0.7 AS confidence, d.stats_reset AS observed_since,
           format('%s only grows (%s rows, %s inserted, %s changed) and is not partitioned', t.object, s.n_live_tup, s.n_tup_ins, s.n_tup_upd + s.n_tup_del) AS finding,
           jsonb_build_object('rows', s.n_live_tup, 'inserted', s.n_tup_ins, 'updated', s.n_tup_upd, 'deleted', s.n_tup_del) AS evidence
      FROM governance._seen_table t JOIN pg_stat_user_tables s USING (relid) JOIN pg_stat_database d ON d.datname = current_database()
     WHERE t.relkind = 'r' AND s.n_live_tup >= 1000000 AND s.n_tup_ins >= 100000 AND s.n_tup_upd + s.n_tup_del < s.n_tup_ins / 100
       AND NOT EXISTS (SELECT FROM pg_inherits i WHERE t.relid IN (i.inhrelid, i.inhparent))
       AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = t.relid AND a.attnum > 0 AND NOT a.attisdropped
                      AND a.atttypid IN ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype));

-- Partitioned by range over one date or time column, with the upper bound of each partition.
CREATE VIEW governance._time_partition AS
    SELECT t.relid, t.object, t.schema_name, t.relation_name, a.attname::text AS time_column, c.relname::text AS partition, p.partdefid,
           CASE WHEN b.bound = 'DEFAULT' THEN NULL
                WHEN b.bound ~ 'TO \(MAXVALUE\)$' THEN 'infinity'::timestamp
                ELSE substring(b.bound FROM 'TO \(''([^'']+)''\)$')::timestamp END AS upto
      FROM governance._seen_table t JOIN pg_partitioned_table p ON p.partrelid = t.relid
      JOIN pg_attribute a ON a.attrelid = t.relid AND a.attnum = p.partattrs[0]
      LEFT JOIN pg_inherits i ON i.inhparent = t.relid LEFT JOIN pg_class c ON c.oid = i.inhrelid
      LEFT JOIN LATERAL (SELECT pg_get_expr(c.relpartbound, c.oid) AS bound) b ON true
     WHERE p.partstrat = 'r' AND p.partnatts = 1 AND a.atttypid IN ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype);

CREATE VIEW governance._check_tsr_002 AS
    SELECT object, schema_name, relation_name, CASE WHEN governance._offers('declare_retention') THEN 'warn' ELSE 'manual' END AS status,
           format('%s is partitioned by %I, but nothing says how long its rows are kept', object, time_column) AS finding,
           CASE WHEN governance._offers('declare_retention') THEN
               format('SELECT governance.declare_retention(%L, time_column => %L, keep => ''2 years'');', object, time_column) END AS remediation_sql
      FROM (SELECT DISTINCT object, schema_name, relation_name, time_column FROM governance._time_partition) p
     WHERE NOT EXISTS (SELECT FROM governance._of_view('retentions') v
                        WHERE (v ->> 'schema_name', v ->> 'relation_name') = (p.schema_name, p.relation_name) OR v ->> 'relation' = p.object);

CREATE VIEW governance._check_tsr_005 AS
    SELECT t.object, t.schema_name, t.relation_name, 'warn' AS status, 0.8 AS confidence, d.stats_reset AS observed_since,
           format('default partition %I of %s holds about %s: no partition takes them', c.relname, t.object,
                  governance._count_of(greatest(pg_stat_get_live_tuples(c.oid), c.reltuples::bigint), 'row')) AS finding,
           jsonb_build_object('partition', c.relname, 'rows', greatest(pg_stat_get_live_tuples(c.oid), c.reltuples::bigint)) AS evidence
      FROM governance._seen_table t JOIN pg_partitioned_table p ON p.partrelid = t.relid JOIN pg_class c ON c.oid = p.partdefid
      JOIN pg_stat_database d ON d.datname = current_database()
     WHERE greatest(pg_stat_get_live_tuples(c.oid), c.reltuples::bigint) > 0;

-- The partition offered begins where the last one ends and reaches to the end of next month.
CREATE VIEW governance._check_tsr_006 AS
    SELECT p.object, p.schema_name, p.relation_name, CASE WHEN p.partdefid <> 0 THEN 'medium' END AS severity,
           CASE WHEN p.upto IS NULL THEN format('%s has no partition by time', p.object)
                ELSE format('the last partition of %s ends at %s', p.object, to_char(p.upto, 'YYYY-MM-DD')) END
             || CASE WHEN p.partdefid <> 0 THEN '; later rows go to the default partition' ELSE '; later rows are refused' END AS finding,
           jsonb_build_object('ends_at', p.upto, 'partitions', p.partitions, 'default_partition', p.partdefid <> 0) AS evidence,
           CASE WHEN p.upto > '-infinity' AND p.partdefid = 0 AND to_regclass(format('%I.%I', p.schema_name, n.name)) IS NULL THEN
               format('SET lock_timeout = ''5s''; CREATE TABLE %I.%I PARTITION OF %s FOR VALUES FROM (%L) TO (%L);', p.schema_name, n.name, p.object, p.upto,
                      date_trunc('month', greatest(p.upto, now()::timestamp)) + interval '2 months') END AS remediation_sql,
           'ACCESS EXCLUSIVE, short' AS remediation_lock
      FROM (SELECT object, schema_name, relation_name, partdefid, max(upto) AS upto, count(partition) AS partitions
              FROM governance._time_partition GROUP BY object, schema_name, relation_name, partdefid) p
     CROSS JOIN LATERAL (SELECT left(p.relation_name, 40) || '_from_' || to_char(p.upto, 'YYYYMMDD') AS name) n
     WHERE coalesce(p.upto, '-infinity') < (now() + interval '7 days')::timestamp;

-------------------------------------------------------------------------------------------------------------- embeddings
CREATE VIEW governance._vector_column AS
    SELECT t.object || '.' || quote_ident(a.attname) AS object, t.object AS relation, t.schema_name, t.relation_name, t.relid,
           a.attname::text AS column_name, a.attnum, y.typname::text AS type, a.atttypmod
      FROM governance._seen_table t JOIN pg_attribute a ON a.attrelid = t.relid AND a.attnum > 0 AND NOT a.attisdropped
      JOIN pg_type b ON b.oid = a.atttypid JOIN pg_type y ON y.oid = CASE WHEN b.typtype = 'd' THEN b.typbasetype ELSE b.oid END
     WHERE y.typname IN ('vector', 'halfvec', 'sparsevec')
        OR y.oid IN ('real[]'::regtype, 'double precision[]'::regtype) AND a.attname ~* '(^|_)embeddings?($|_)';

CREATE VIEW governance._check_emb_001 AS
    SELECT object, schema_name, relation_name, 'fail' AS status, format('vector column %s states no model, version and source', object) AS finding,
           jsonb_build_object('type', type) AS evidence
      FROM governance._vector_column v
     WHERE NOT EXISTS (SELECT FROM governance._of_view('embeddings') e WHERE e ->> 'column_name' = v.column_name
                          AND (e ->> 'relation' = v.relation OR (e ->> 'schema_name', e ->> 'relation_name') = (v.schema_name, v.relation_name)))
    UNION ALL
    SELECT 'database', NULL, NULL, 'not_assessed', 'there is no vector-like column that the caller may see', NULL WHERE NOT EXISTS (SELECT FROM governance._vector_column);

CREATE VIEW governance._check_emb_004 AS
    SELECT v.object || ' index ' || quote_ident(c.relname) AS object, v.schema_name, v.relation_name, 'warn' AS status,
           format('vector index %I uses default parameters; nothing says which recall they give', c.relname) AS finding
      FROM governance._vector_column v JOIN pg_index i ON i.indrelid = v.relid AND v.attnum = ANY (i.indkey::int2[])
      JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
     WHERE m.amname IN ('hnsw', 'ivfflat') AND c.reloptions IS NULL;

CREATE VIEW governance._check_emb_006 AS
    SELECT object, schema_name, relation_name, format('vector column %s takes vectors of any length', object) AS finding
      FROM governance._vector_column WHERE type IN ('vector', 'halfvec', 'sparsevec') AND atttypmod = -1;
