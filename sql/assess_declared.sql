-- assess: checks of what people state and choose: owners, aggregates, classes, stores, consistency, graphs.

INSERT INTO governance.assess_check (check_id, item, title, severity, evidence_kind, scope, passes) VALUES
    ('OWN-001', 'D1', 'table without owner', 'medium', 'declaration', 'tables', 'every table has a declared owner'),
    ('OWN-004', 'D1', 'everybody may write', 'high', 'catalog', 'tables', 'no table grants INSERT, UPDATE, DELETE or TRUNCATE to PUBLIC'),
    ('OWN-005', 'D1', 'relations belong to a superuser that can log in', 'low', 'catalog', 'relations', 'no relation belongs to a superuser that can log in'),
    ('OWN-006', 'D1', 'two sources of truth for one concept', 'high', 'declaration', 'tables', 'no two datasets claim the same concept'),
    ('OWN-007', 'D1', 'mixed owners inside a schema', 'low', 'catalog', 'tables', 'the tables of each schema belong to one role'),
    ('OWN-008', 'D1', 'everybody may create objects', 'high', 'catalog', 'server', 'no schema grants CREATE to PUBLIC'),
    ('OWN-009', 'D1', 'reader without contract', 'low', 'catalog', 'relations', 'no role reads a dataset that has contracts or deprecated columns without a contract of its own'),
    ('OWN-010', 'D1', 'declaration of what is gone', 'low', 'declaration', 'server', 'nothing is declared or tagged that is not there'),
    ('AGG-002', 'D2', 'tables that share a key and are in no aggregate', 'low', 'catalog', 'tables', 'no table shares its key with a parent, or the pair is declared'),
    ('AGG-003', 'D2', 'cascade into another schema', 'medium', 'catalog', 'tables', 'no ON DELETE CASCADE crosses schemas'),
    ('AGG-007', 'D2', 'foreign key without index', 'low', 'catalog', 'tables', 'every foreign key is served by an index'),
    ('CLS-001', 'D5', 'tables without class', 'medium', 'declaration', 'tables', 'every table has a class'),
    ('CLS-002', 'D5', 'reference data that is written all the time', 'medium', 'statistics', 'tables', 'no table of class reference takes steady writes'),
    ('CLS-003', 'D5', 'table without primary key', 'medium', 'catalog', 'tables', 'every table has a primary key'),
    ('CLS-004', 'D5', 'unlogged table', 'medium', 'catalog', 'tables', 'no table is UNLOGGED'),
    ('ADR-001', 'D6', 'extension without decision', 'low', 'declaration', 'server', 'no extension lacks a recorded decision'),
    ('ADR-002', 'D6', 'decision past its review', 'medium', 'declaration', 'server', 'no recorded decision is past its review'),
    ('ADR-005', 'D6', 'server, publication, subscription or slot without decision', 'medium', 'declaration', 'server', 'no foreign server, publication, subscription or replication slot lacks a recorded decision'),
    ('ADR-006', 'P1', 'special column type without access pattern', 'low', 'declaration', 'tables', 'no column of a special type lacks a decision that names its access pattern'),
    ('ADR-007', 'P1', 'special index method without access pattern', 'low', 'declaration', 'tables', 'no index of a method other than btree lacks a decision that names its access pattern'),
    ('ADR-008', 'P1', 'decision for another workload', 'medium', 'statistics', 'server', 'no decision was recorded for a mix of reads and writes that the database no longer has'),
    ('ADR-009', 'D6', 'decision about what is not there', 'low', 'declaration', 'server', 'every relation, extension, server, publication, subscription and slot that a decision names is there'),
    ('ADR-004', 'P1', 'index that nothing uses', 'low', 'statistics', 'tables', 'no index over 1 MB stayed unused for 30 days'),
    ('ADR-003', 'P1', 'access pattern of this database', 'low', 'declaration', 'server', 'a decision names the access pattern of this database'),
    ('CON-001', 'D7', 'consistency not declared', 'low', 'declaration', 'tables', 'every table has a declared consistency'),
    ('CON-002', 'D7', 'commits that do not wait for the disk', 'high', 'catalog', 'server', 'synchronous_commit is not off for the server, this database or a role'),
    ('CON-003', 'D7', 'staleness without bound', 'medium', 'declaration', 'relations', 'no causal or eventual dataset lacks max_staleness'),
    ('GRF-001', 'P5', 'recursive view without evaluation', 'low', 'catalog', 'relations', 'no view recurses without a recorded evaluation'),
    ('GRF-002', 'P5', 'hierarchy without evaluation', 'info', 'catalog', 'tables', 'no table refers to itself without a recorded evaluation'),
    ('GRF-003', 'P5', 'edge without index', 'low', 'catalog', 'tables', 'every foreign key to its own table is served by an index');

------------------------------------------------------------------------------------------------------------------ owners
-- The party is the relation owner's: one that acts through that role if there is one, else one of its name.
CREATE VIEW governance._check_own_001 AS
    SELECT t.object, t.schema_name, t.relation_name, format('%s has no declared owner; role %I owns the relation', t.object, t.relation_owner) AS finding,
           jsonb_build_object('relation_owner', t.relation_owner, 'declared', t.declared) AS evidence,
           CASE WHEN p.name IS NULL THEN format('SELECT governance.declare_party(%L, db_roles => ARRAY[%L]); ', t.relation_owner, t.relation_owner) ELSE '' END
             || format('SELECT governance.declare_dataset(%L, owner => %L);', t.object, coalesce(p.name, t.relation_owner)) AS remediation_sql,
           'none' AS remediation_lock
      FROM governance._seen_table t
      LEFT JOIN LATERAL (SELECT name FROM governance.party
                          WHERE t.relation_owner = ANY (db_roles) OR name = t.relation_owner
                          ORDER BY t.relation_owner = ANY (db_roles) DESC, name LIMIT 1) p ON true
     WHERE t.owner IS NULL;

CREATE VIEW governance._check_own_004 AS
    SELECT r.object, r.schema_name, r.relation_name,
           format('everybody may %s %s', lower(string_agg(x.privilege_type, ', ' ORDER BY x.privilege_type)), r.object) AS finding,
           jsonb_build_object('privileges', jsonb_agg(x.privilege_type ORDER BY x.privilege_type)) AS evidence,
           format('REVOKE %s ON %s FROM PUBLIC;', string_agg(x.privilege_type, ', ' ORDER BY x.privilege_type), r.object) AS remediation_sql,
           'none' AS remediation_lock
      FROM governance._seen_relation r JOIN pg_class c ON c.oid = r.relid, aclexplode(c.relacl) x
     WHERE x.grantee = 0 AND x.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')
     GROUP BY r.object, r.schema_name, r.relation_name;

CREATE VIEW governance._check_own_005 AS
    SELECT format('schema %I', r.schema_name) AS object, r.relation_owner AS facts,
           format('%s of schema %I %s to superuser %I, who can log in', governance._count_of(count(*), 'relation'),
                  r.schema_name, CASE count(*) WHEN 1 THEN 'belongs' ELSE 'belong' END, r.relation_owner) AS finding,
           jsonb_build_object('relations', count(*), 'relation_owner', r.relation_owner) AS evidence
      FROM governance._seen_relation r JOIN pg_roles o ON o.oid = r.relowner
     WHERE o.rolsuper AND o.rolcanlogin
     GROUP BY r.schema_name, r.relation_owner;

CREATE VIEW governance._check_own_006 AS
    SELECT 'concept ' || d.concept AS object, format('%s datasets claim to be the source of truth for concept "%s"', count(*), d.concept) AS finding,
           jsonb_build_object('datasets', jsonb_agg(t.object ORDER BY t.object)) AS evidence
      FROM governance._dataset d JOIN governance._seen_table t USING (schema_name, relation_name)
     WHERE d.concept IS NOT NULL GROUP BY d.concept HAVING count(*) > 1;

CREATE VIEW governance._check_own_007 AS
    SELECT format('schema %I', schema_name) AS object, 'warn' AS status,
           format('tables of schema %I belong to %s roles: %s', schema_name, count(DISTINCT relation_owner), string_agg(DISTINCT relation_owner, ', ')) AS finding,
           jsonb_build_object('owners', jsonb_agg(DISTINCT relation_owner)) AS evidence
      FROM governance._seen_table GROUP BY schema_name HAVING count(DISTINCT relation_owner) > 1;

CREATE VIEW governance._check_own_008 AS
    SELECT format('schema %I', n.nspname) AS object, format('everybody may create objects in schema %I', n.nspname) AS finding,
           format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC;', n.nspname) AS remediation_sql, 'none' AS remediation_lock
      FROM pg_namespace n, aclexplode(n.nspacl) x
     WHERE x.grantee = 0 AND x.privilege_type = 'CREATE' AND n.nspname !~ '^pg_';

-- Where nobody has a contract, proposals of kind consumer say who reads. Roles through which the owner acts, or that a
-- dump uses, need none.
CREATE VIEW governance._check_own_009 AS
    WITH seen AS MATERIALIZED (
        SELECT r.* FROM governance._seen_relation r
         WHERE EXISTS (SELECT FROM governance.consumer c WHERE (c.schema_name, c.relation_name) = (r.schema_name, r.relation_name))
            OR EXISTS (SELECT FROM governance.deprecation d WHERE (d.schema_name, d.relation_name) = (r.schema_name, r.relation_name)))
    SELECT s.object, s.schema_name, s.relation_name, g.rolname::text AS facts, 'warn' AS status,
           format('role %I may read %s and has no contract', g.rolname, s.object) AS finding,
           jsonb_build_object('role', g.rolname, 'consumers', (SELECT jsonb_agg(c.party ORDER BY c.party) FROM governance.consumer c
                                WHERE (c.schema_name, c.relation_name) = (s.schema_name, s.relation_name))) AS evidence,
           CASE WHEN p.name IS NULL THEN format('SELECT governance.declare_party(%L, db_roles => ARRAY[%L]); ', g.rolname, g.rolname) ELSE '' END
             || format('SELECT governance.declare_consumer(%L, %L, purpose => ''describe it here'');', s.object, coalesce(p.name, g.rolname)) AS remediation_sql,
           'none; or REVOKE what it does not need' AS remediation_lock
      FROM seen s
     CROSS JOIN LATERAL (
           SELECT DISTINCT o.oid, o.rolname FROM pg_class c, aclexplode(c.relacl) x JOIN pg_roles o ON o.oid = x.grantee
            WHERE c.oid = s.relid AND x.privilege_type = 'SELECT' AND NOT o.rolsuper AND o.oid <> s.relowner
           UNION
           SELECT DISTINCT o.oid, o.rolname FROM pg_attribute a, aclexplode(a.attacl) x JOIN pg_roles o ON o.oid = x.grantee
            WHERE a.attrelid = s.relid AND NOT a.attisdropped AND x.privilege_type = 'SELECT' AND NOT o.rolsuper AND o.oid <> s.relowner) g
      LEFT JOIN LATERAL (SELECT name FROM governance.party WHERE g.rolname = ANY (db_roles) OR name = g.rolname
                          ORDER BY g.rolname = ANY (db_roles) DESC, name LIMIT 1) p ON true
     WHERE NOT EXISTS (SELECT FROM governance.party q WHERE g.rolname = ANY (q.db_roles)
                          AND (q.name = s.owner OR EXISTS (SELECT FROM governance.consumer c
                                WHERE (c.schema_name, c.relation_name, c.party) = (s.schema_name, s.relation_name, q.name)
                                  AND (c.valid_until IS NULL OR c.valid_until > now()))))
       AND NOT EXISTS (SELECT FROM governance.duty d WHERE d.duty = 'backup' AND d.role = g.rolname)
    UNION ALL
    SELECT s.object, s.schema_name, s.relation_name, 'PUBLIC', 'fail',
           format('everybody may read %s, which has contracts', s.object), NULL,
           format('REVOKE SELECT ON %s FROM PUBLIC;', s.object), 'none; grant it to the roles of its consumers first'
      FROM seen s JOIN pg_class c ON c.oid = s.relid, aclexplode(c.relacl) x
     WHERE x.grantee = 0 AND x.privilege_type = 'SELECT';

-- What waits under a name holds for whatever takes it: right for a table that is made anew every night, and otherwise
-- forgotten. Names of what is gone are for those who hold a duty.
CREATE VIEW governance._check_own_010 AS
    SELECT format('%I.%I', d.schema_name, d.relation_name) AS object, d.schema_name, d.relation_name, 'warn' AS status,
           format('%I.%I is declared, and there is no such relation', d.schema_name, d.relation_name) AS finding,
           jsonb_build_object('owner', d.owner, 'declared_at', d.declared_at) AS evidence,
           NULL::text AS remediation_sql, 'none; apply the manifest without it, with prune' AS remediation_lock
      FROM governance._dataset d
     WHERE governance._relation_named(d.schema_name, d.relation_name) IS NULL AND governance._may_see(NULL)
    UNION ALL
    SELECT format('%I.%I.%I', t.schema_name, t.relation_name, t.column_name), t.schema_name, t.relation_name, 'warn',
           format('column %I of %I.%I bears tag %s, and is not there', t.column_name, t.schema_name, t.relation_name, t.tag),
           jsonb_build_object('tag', t.tag, 'tagged_at', t.tagged_at),
           format('SELECT governance.untag_column(%L, %L, %L, reason => ''the column is gone'');',
                  format('%I.%I', t.schema_name, t.relation_name), t.column_name, t.tag), 'none'
      FROM governance._column_tag t
     WHERE governance._may_see(governance._relation_named(t.schema_name, t.relation_name))
       AND governance._relation_named(t.schema_name, t.relation_name) IS NOT NULL
       AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = governance._relation_named(t.schema_name, t.relation_name)
                          AND a.attname = t.column_name AND a.attnum > 0 AND NOT a.attisdropped);

-------------------------------------------------------------------------------------------------------------- aggregates
-- What is seen is gathered once: the planner cannot know how many rows _may_see leaves, and would ask it for each pair.
-- A primary key that begins with the whole key of a parent: the child lives inside it.
CREATE VIEW governance._check_agg_002 AS
    WITH seen AS MATERIALIZED (SELECT * FROM governance._seen_table), known AS MATERIALIZED (SELECT replace(a::text, '\"', '"') AS a FROM governance._of_view('aggregates') a)
    SELECT c.object, c.schema_name, c.relation_name, 'warn' AS status, 0.7 AS confidence,
           format('the key of %s begins with that of %s; no aggregate holds both', c.object, p.object) AS finding,
           jsonb_build_object('parent', p.object, 'foreign_key', k.name) AS evidence, p.object AS facts,
           CASE WHEN governance._offers('declare_aggregate') THEN
               format('SELECT governance.declare_aggregate(%L, %L, ARRAY[%L]::regclass[]);', p.relation_name, p.object, c.object) END AS remediation_sql
      FROM governance._foreign_key k
      JOIN seen c ON c.relid = k.conrelid JOIN seen p ON p.relid = k.confrelid
      JOIN pg_constraint pk ON pk.conrelid = c.relid AND pk.contype = 'p'
     WHERE c.relid <> p.relid AND pk.conkey[1:cardinality(k.conkey)] = k.conkey
       AND NOT EXISTS (SELECT FROM known WHERE strpos(a, c.object) > 0 AND strpos(a, p.object) > 0);

CREATE VIEW governance._check_agg_003 AS
    WITH seen AS MATERIALIZED (SELECT * FROM governance._seen_table)
    SELECT c.object, c.schema_name, c.relation_name, 'warn' AS status, k.name AS facts,
           format('deleting from %s cascades into %s, another schema, by %I', p.object, c.object, k.name) AS finding,
           jsonb_build_object('parent', p.object, 'foreign_key', k.name) AS evidence
      FROM governance._foreign_key k
      JOIN seen c ON c.relid = k.conrelid JOIN seen p ON p.relid = k.confrelid
     WHERE k.confdeltype = 'c' AND c.schema_name <> p.schema_name;

-- Sizes come from pg_class everywhere in these files: pg_relation_size() would wait for whoever holds the table locked.
-- Indexes are built CONCURRENTLY; a partitioned table allows only the locking form.
CREATE VIEW governance._unindexed_key AS
    WITH seen AS MATERIALIZED (SELECT * FROM governance._seen_relation)
    SELECT c.object, c.schema_name, c.relation_name, 'warn' AS status, k.name AS facts, k.conrelid = k.confrelid AS own,
           format('foreign key %s (%s) to %s has no index', c.object,
                  (SELECT string_agg(quote_ident(x), ', ') FROM unnest(k.columns) x), p.object) AS finding,
           jsonb_build_object('foreign_key', k.name, 'columns', k.columns, 'parent', p.object) AS evidence,
           CASE WHEN c.relkind = 'p' THEN 'SET lock_timeout = ''5s''; CREATE INDEX ON ' ELSE 'CREATE INDEX CONCURRENTLY ON ' END
             || c.object || ' (' || (SELECT string_agg(quote_ident(x), ', ') FROM unnest(k.columns) x) || ');' AS remediation_sql,
           CASE WHEN c.relkind = 'p' THEN 'SHARE' ELSE 'SHARE UPDATE EXCLUSIVE, outside a transaction block' END AS remediation_lock
      FROM governance._foreign_key k
      JOIN seen c ON c.relid = k.conrelid AND NOT c.relispartition JOIN seen p ON p.relid = k.confrelid
     WHERE NOT k.indexed;
CREATE VIEW governance._check_agg_007 AS SELECT * FROM governance._unindexed_key WHERE NOT own;
CREATE VIEW governance._check_grf_003 AS SELECT * FROM governance._unindexed_key WHERE own;

----------------------------------------------------------------------------------------------------------------- classes
CREATE VIEW governance._check_cls_001 AS
    SELECT format('schema %I', t.schema_name) AS object,
           format('%s of %s in schema %I %s no class', count(*) FILTER (WHERE t.class IS NULL), governance._count_of(count(*), 'table'), t.schema_name,
                  CASE count(*) FILTER (WHERE t.class IS NULL) WHEN 1 THEN 'has' ELSE 'have' END) AS finding,
           jsonb_build_object('tables', count(*), 'without_class', jsonb_agg(t.object ORDER BY t.object) FILTER (WHERE t.class IS NULL)) AS evidence,
           string_agg(format('SELECT governance.declare_dataset(%L, class => %L);', t.object, coalesce(g.value, 'transactional')), ' ' ORDER BY t.object)
             FILTER (WHERE t.class IS NULL) AS remediation_sql,
           'none; classes are guessed, look before you run it' AS remediation_lock
      FROM governance._seen_table t
      LEFT JOIN governance._guess g ON g.kind = 'class' AND (g.schema_name, g.relation_name) = (t.schema_name, t.relation_name)
     GROUP BY t.schema_name HAVING count(*) FILTER (WHERE t.class IS NULL) > 0;

CREATE VIEW governance._check_cls_002 AS
    SELECT t.object, t.schema_name, t.relation_name, 'warn' AS status, 0.7 AS confidence,
           format('%s is declared reference, yet took %s writes on %s rows', t.object, s.n_tup_ins + s.n_tup_upd + s.n_tup_del, s.n_live_tup) AS finding,
           jsonb_build_object('inserted', s.n_tup_ins, 'updated', s.n_tup_upd, 'deleted', s.n_tup_del, 'rows', s.n_live_tup) AS evidence,
           (SELECT stats_reset FROM pg_stat_database WHERE datname = current_database()) AS observed_since,
           format('SELECT governance.declare_dataset(%L, class => ''transactional'');', t.object) AS remediation_sql, 'none' AS remediation_lock
      FROM governance._seen_table t JOIN pg_stat_user_tables s USING (relid)
     WHERE t.class = 'reference' AND s.n_tup_upd + s.n_tup_del > greatest(1000, s.n_live_tup);

-- An index can become the primary key when it is plain: whole, not deferrable, without expression, on NOT NULL columns.
CREATE VIEW governance._check_cls_003 AS
    SELECT t.object, t.schema_name, t.relation_name,
           format('%s has no primary key', t.object)
             || CASE WHEN i.name IS NOT NULL THEN format('; unique index %I could serve', i.name) ELSE '; no unique index on NOT NULL columns could serve' END AS finding,
           jsonb_build_object('candidate_index', i.name) AS evidence,
           CASE WHEN i.name IS NOT NULL THEN format('SET lock_timeout = ''5s''; ALTER TABLE %s ADD PRIMARY KEY USING INDEX %I;', t.object, i.name) END AS remediation_sql,
           CASE WHEN i.name IS NOT NULL THEN 'ACCESS EXCLUSIVE, short' END AS remediation_lock
      FROM governance._seen_table t
      LEFT JOIN LATERAL (
           SELECT c.relname::text AS name FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid JOIN pg_am m ON m.oid = c.relam
            WHERE t.relkind = 'r' AND x.indrelid = t.relid AND x.indisunique AND x.indisvalid AND x.indpred IS NULL AND x.indexprs IS NULL
              AND m.amname = 'btree' AND NOT x.indnullsnotdistinct
              AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.indexrelid)
              AND NOT EXISTS (SELECT FROM unnest(x.indoption) o WHERE o <> 0)
              AND NOT EXISTS (SELECT FROM generate_series(0, x.indnkeyatts - 1) g
                                JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[g]
                                JOIN pg_type y ON y.oid = a.atttypid
                               WHERE NOT a.attnotnull OR x.indcollation[g] NOT IN (0, a.attcollation)
                                  OR NOT EXISTS (SELECT FROM pg_opclass o WHERE o.oid = x.indclass[g] AND o.opcdefault))
            ORDER BY x.indnkeyatts, 1 LIMIT 1) i ON true
     WHERE t.relkind IN ('r', 'p') AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = t.relid AND k.contype = 'p');

CREATE VIEW governance._check_cls_004 AS
    SELECT r.object, r.schema_name, r.relation_name,
           CASE WHEN r.class IN ('transactional', 'master') THEN 'high' END AS severity,
           format('%s is UNLOGGED: a crash empties it, no replica has it', r.object)
             || CASE WHEN r.class IS NOT NULL THEN ', and its class is ' || r.class ELSE '' END AS finding,
           jsonb_build_object('class', r.class, 'bytes', (SELECT c.relpages FROM pg_class c WHERE c.oid = r.relid) * current_setting('block_size')::bigint) AS evidence,
           CASE WHEN NOT EXISTS (SELECT FROM pg_constraint k JOIN pg_class p ON p.oid = k.confrelid
                                  WHERE k.conrelid = r.relid AND k.contype = 'f' AND p.oid <> r.relid AND p.relpersistence = 'u')
                THEN 'SET lock_timeout = ''5s''; ALTER TABLE ' || r.object || ' SET LOGGED;' END AS remediation_sql,
           'ACCESS EXCLUSIVE while it is rewritten' AS remediation_lock
      FROM governance._seen_relation r WHERE r.relkind = 'r' AND r.relpersistence = 'u';

--------------------------------------------------------------------------------------------------------------- decisions
CREATE VIEW governance._undecided AS
    SELECT s.kind, s.name, format('%s %I', s.kind, s.name) AS object,
           format('%s %I has no recorded decision', s.kind, s.name) AS finding,
           CASE WHEN governance._offers('record_decision') THEN
               format('SELECT governance.record_decision(%L, objects => ARRAY[%L]);', 'why ' || s.kind || ' ' || s.name, s.kind || ' ' || s.name) END AS remediation_sql
      FROM governance._store s
     WHERE NOT EXISTS (SELECT FROM governance._decision d WHERE d.objects && ARRAY[s.name, s.kind || ' ' || s.name]);
CREATE VIEW governance._check_adr_001 AS SELECT object, finding, remediation_sql FROM governance._undecided WHERE kind = 'extension';
CREATE VIEW governance._check_adr_005 AS SELECT object, finding, remediation_sql FROM governance._undecided WHERE kind <> 'extension';

CREATE VIEW governance._check_adr_002 AS
    SELECT 'decision ' || title AS object, format('decision "%s" was to be reviewed by %s', title, review_by) AS finding,
           jsonb_build_object('review_by', review_by, 'owner', owner) AS evidence
      FROM governance._decision WHERE review_by < current_date;

-- Names of relations and of stores are told by their form; anything else may be a word, or live elsewhere.
CREATE VIEW governance._check_adr_009 AS
    SELECT 'decision ' || d.title AS object, 'warn' AS status,
           format('decision "%s" is about %s, which is not there', d.title, string_agg(o.name, ', ' ORDER BY o.name)) AS finding,
           jsonb_build_object('missing', jsonb_agg(o.name ORDER BY o.name), 'owner', d.owner) AS evidence,
           CASE WHEN governance._offers('record_decision') THEN
               format('SELECT governance.record_decision(%L, objects => %L);', d.title,
                      ARRAY(SELECT k.name FROM unnest(d.objects) WITH ORDINALITY k (name, n)
                             WHERE NOT (k.name = ANY (array_agg(o.name))) ORDER BY k.n)) END AS remediation_sql,
           'none' AS remediation_lock
      FROM governance._decision d, unnest(d.objects) o (name)
     WHERE CASE WHEN o.name ~ '^(extension|foreign server|publication|subscription|logical slot|physical slot) .'
                THEN o.name NOT IN (SELECT s.kind || ' ' || s.name FROM governance._store s)
                     AND o.name NOT IN (SELECT 'extension ' || extname FROM pg_extension)
                WHEN o.name ~ '^("([^"]|"")+"|[a-z_][a-z0-9_$]*)\.("([^"]|"")+"|[a-z_][a-z0-9_$]*)$'
                THEN o.name NOT IN (SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace) END
     GROUP BY d.title, d.objects, d.owner;

CREATE VIEW governance._check_adr_003 AS
    SELECT 'database' AS object, 'manual' AS status,
           'no recorded decision names an access pattern; the server cannot know why this store was chosen' AS finding,
           CASE WHEN governance._offers('record_decision') THEN
               format('SELECT governance.record_decision(%L, objects => ARRAY[''database''], access_pattern => ''describe it here'');', 'why PostgreSQL') END AS remediation_sql
     WHERE NOT EXISTS (SELECT FROM governance._decision WHERE kind = 'store' AND access_pattern <> '');

CREATE VIEW governance._check_adr_004 AS
    SELECT t.object || ' index ' || quote_ident(s.indexrelname) AS object, t.schema_name, t.relation_name, 'warn' AS status, 0.6 AS confidence,
           format('index %I (%s) was not used on this server since %s', s.indexrelname, pg_size_pretty(z.bytes), d.stats_reset::date) AS finding,
           jsonb_build_object('bytes', z.bytes, 'scans', s.idx_scan) AS evidence, d.stats_reset AS observed_since,
           format('DROP INDEX CONCURRENTLY %I.%I;', s.schemaname, s.indexrelname) AS remediation_sql,
           'SHARE UPDATE EXCLUSIVE, outside a transaction block; ask the standbys first' AS remediation_lock
      FROM pg_stat_user_indexes s JOIN governance._seen_table t USING (relid) JOIN pg_index i ON i.indexrelid = s.indexrelid
     CROSS JOIN LATERAL (SELECT c.relpages * current_setting('block_size')::bigint AS bytes FROM pg_class c WHERE c.oid = s.indexrelid) z
      JOIN pg_stat_database d ON d.datname = current_database()
     WHERE s.idx_scan = 0 AND NOT i.indisunique AND NOT i.indisreplident AND i.indisvalid AND z.bytes > 1048576
       AND d.stats_reset < now() - interval '30 days'
       AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = s.indexrelid)
       AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = s.indexrelid)
    UNION ALL
    SELECT 'database', NULL, NULL, 'not_assessed', NULL, 'statistics do not say since when they count, or for less than 30 days', NULL, d.stats_reset, NULL, NULL
      FROM pg_stat_database d WHERE d.datname = current_database() AND (d.stats_reset < now() - interval '30 days') IS NOT TRUE;

CREATE VIEW governance._check_adr_006 AS
    SELECT 'type ' || y.typname AS object, 'warn' AS status,
           format('%s of type %I without a decision that names the access pattern', governance._count_of(count(*), 'column'), y.typname) AS finding,
           jsonb_build_object('columns', (jsonb_agg(t.object || '.' || quote_ident(a.attname) ORDER BY t.object, a.attnum))) AS evidence,
           CASE WHEN governance._offers('record_decision') THEN
               format('SELECT governance.record_decision(%L, objects => ARRAY[%L], access_pattern => ''describe it here'');', 'why columns of type ' || y.typname, 'type ' || y.typname) END AS remediation_sql
      FROM governance._seen_table t JOIN pg_attribute a ON a.attrelid = t.relid AND a.attnum > 0 AND NOT a.attisdropped
      JOIN pg_type b ON b.oid = a.atttypid
      JOIN pg_type y ON y.oid = CASE WHEN b.typtype = 'd' THEN b.typbasetype ELSE b.oid END
     WHERE y.typname IN ('json', 'jsonb', 'xml', 'bytea', 'tsvector', 'hstore', 'ltree', 'cube', 'geometry', 'geography', 'raster', 'vector', 'halfvec', 'sparsevec')
       AND NOT EXISTS (SELECT FROM governance._decision d WHERE d.objects && ARRAY[y.typname::text, 'type ' || y.typname] AND d.access_pattern <> '')
     GROUP BY y.typname;

CREATE VIEW governance._check_adr_007 AS
    SELECT 'index method ' || m.amname AS object, 'warn' AS status,
           format('%s of method %I without a decision that names the access pattern',
                  CASE count(*) WHEN 1 THEN '1 index' ELSE count(*) || ' indexes' END, m.amname) AS finding,
           jsonb_build_object('indexes', jsonb_agg(quote_ident(c.relname) ORDER BY c.relname)) AS evidence,
           format('SELECT governance.record_decision(%L, objects => ARRAY[%L], access_pattern => ''describe it here'');',
                  'why indexes of method ' || m.amname, 'index method ' || m.amname) AS remediation_sql
      FROM governance._seen_table t JOIN pg_index i ON i.indrelid = t.relid JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
     WHERE m.amname <> 'btree'
       AND NOT EXISTS (SELECT FROM governance._decision d WHERE d.objects && ARRAY[m.amname::text, 'index method ' || m.amname] AND d.access_pattern <> '')
     GROUP BY m.amname;

-- Three tenths of the work being of another kind is a judgement: half of that is what two quiet weeks differ by.
CREATE VIEW governance._check_adr_008 AS
    WITH compared AS (
        SELECT d.*, n.now, governance._drift(d.workload -> 'tables', n.now) AS drift
          FROM governance._decision d
         CROSS JOIN LATERAL (SELECT governance._table_workload(d.objects) AS now OFFSET 0) n
         WHERE d.access_pattern <> '')
    SELECT 'decision ' || c.title AS object, 'warn' AS status, 0.6 AS confidence,
           format('decision "%s" was recorded for another workload: %s %% of the work since is of another kind', c.title, round((c.drift * 100)::numeric)) AS finding,
           jsonb_build_object('then', c.workload -> 'tables', 'now', c.now, 'recorded_at', c.recorded_at) AS evidence,
           c.recorded_at AS observed_since,
           format('SELECT governance.record_decision(%L);', c.title) AS remediation_sql,
           'none; look whether its access pattern and alternatives still hold' AS remediation_lock
      FROM compared c WHERE c.drift > 0.3
    UNION ALL
    SELECT 'decision ' || c.title, 'not_assessed', NULL,
           format('fewer than a thousand operations were counted before or after decision "%s" was recorded', c.title),
           jsonb_build_object('then', c.workload -> 'tables', 'now', c.now), c.recorded_at, NULL, NULL
      FROM compared c WHERE c.drift IS NULL;

------------------------------------------------------------------------------------------------------------- consistency
CREATE VIEW governance._check_con_001 AS
    SELECT format('schema %I', schema_name) AS object,
           format('%s of %s in schema %I %s what readers may rely on', count(*) FILTER (WHERE consistency IS NULL), governance._count_of(count(*), 'table'), schema_name,
                  CASE count(*) FILTER (WHERE consistency IS NULL) WHEN 1 THEN 'does not say' ELSE 'do not say' END) AS finding,
           jsonb_build_object('tables', count(*), 'undeclared', count(*) FILTER (WHERE consistency IS NULL)) AS evidence,
           string_agg(format('SELECT governance.declare_dataset(%L, consistency => ''strong'');', object), ' ' ORDER BY object)
             FILTER (WHERE consistency IS NULL) AS remediation_sql,
           'none; strong is what a single primary gives, choose eventual where readers use a replica' AS remediation_lock
      FROM governance._seen_table GROUP BY schema_name HAVING count(*) FILTER (WHERE consistency IS NULL) > 0;

CREATE VIEW governance._check_con_002 AS
    SELECT 'setting synchronous_commit' AS object, 'synchronous_commit is off for the server: a crash loses the last commits' AS finding,
           jsonb_build_object('value', governance._server_setting('synchronous_commit')) AS evidence,
           'ALTER SYSTEM SET synchronous_commit = on;' AS remediation_sql, 'none, outside a transaction block; then SELECT pg_reload_conf();' AS remediation_lock
     WHERE governance._server_setting('synchronous_commit') = 'off'
    UNION ALL
    SELECT 'setting synchronous_commit of ' || coalesce('role ' || quote_ident(role), 'all roles') || CASE WHEN database IS NOT NULL THEN ' in the database' ELSE '' END,
           format('synchronous_commit is off for %s: a crash loses its last commits', coalesce('role ' || quote_ident(role), 'database ' || quote_ident(database), 'all roles')),
           jsonb_build_object('value', value), alter_it || ' RESET synchronous_commit;', 'none'
      FROM governance._role_setting WHERE name = 'synchronous_commit' AND value IN ('off', 'false', 'no', '0');

CREATE VIEW governance._check_con_003 AS
    SELECT object, schema_name, relation_name, format('%s is %s, but states no bound on its staleness', object, consistency) AS finding,
           format('SELECT governance.declare_dataset(%L, max_staleness => ''1 hour'');', object) AS remediation_sql, 'none' AS remediation_lock
      FROM governance._seen_relation WHERE consistency IN ('causal', 'eventual') AND max_staleness IS NULL;

------------------------------------------------------------------------------------------------------------------ graphs
CREATE VIEW governance._check_grf_001 AS
    SELECT r.object, r.schema_name, r.relation_name, 'warn' AS status, format('view %s recurses; no evaluation of its depth is recorded', r.object) AS finding,
           CASE WHEN governance._offers('record_decision') THEN
               format('SELECT governance.record_decision(%L, kind => ''graph'', objects => ARRAY[%L]);', 'graph fit of ' || r.object, r.object) END AS remediation_sql
      FROM governance._seen_relation r
     WHERE r.relkind IN ('v', 'm') AND EXISTS (SELECT FROM pg_rewrite w WHERE w.ev_class = r.relid AND w.ev_action::text ~ ':hasRecursive true')
       AND NOT EXISTS (SELECT FROM governance._decision d WHERE d.kind = 'graph' AND r.object = ANY (d.objects));

CREATE VIEW governance._check_grf_002 AS
    SELECT t.object, t.schema_name, t.relation_name, 'warn' AS status, min(k.name) AS facts,
           format('%s refers to itself (%s); its traversal depth is not evaluated', t.object, string_agg(quote_ident(k.name), ', ' ORDER BY k.name)) AS finding,
           jsonb_build_object('foreign_keys', jsonb_agg(k.name ORDER BY k.name)) AS evidence,
           CASE WHEN governance._offers('record_decision') THEN
               format('SELECT governance.record_decision(%L, kind => ''graph'', objects => ARRAY[%L]);', 'graph fit of ' || t.object, t.object) END AS remediation_sql
      FROM governance._foreign_key k JOIN governance._seen_table t ON t.relid = k.conrelid
     WHERE k.conrelid = k.confrelid AND NOT EXISTS (SELECT FROM governance._decision d WHERE d.kind = 'graph' AND t.object = ANY (d.objects))
     GROUP BY t.object, t.schema_name, t.relation_name;
