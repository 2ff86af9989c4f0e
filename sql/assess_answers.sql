-- assess: the answers. They only read, take no transaction id and work on a standby: subtransactions of PL/pgSQL's
-- EXCEPTION blocks get one only when they write.

-- One check, isolated: what it finds, or one row that says why it could not look. A check that fails must not hide the
-- others, nor pass for clean.
CREATE FUNCTION governance._run_check(check_id text) RETURNS SETOF jsonb LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found jsonb[];
BEGIN
    EXECUTE format('SELECT array_agg(to_jsonb(v)) FROM governance.%I v', '_check_' || lower(replace(check_id, '-', '_'))) INTO found;
    RETURN QUERY SELECT unnest(found);
EXCEPTION WHEN OTHERS THEN
    RETURN NEXT jsonb_build_object('status', 'error', 'object', 'check ' || check_id, 'severity', 'low',
                                   'finding', 'the check failed: ' || SQLERRM, 'evidence', jsonb_build_object('sqlstate', SQLSTATE));
END $$;

CREATE FUNCTION governance.assess(items text[] DEFAULT NULL)
    RETURNS TABLE (check_id text, item text, title text, status text, severity text, object text, finding text, evidence jsonb,
                   evidence_kind text, observed_since timestamptz, confidence real, remediation_sql text, remediation_lock text,
                   fingerprint text, baseline text, controls text[], schema_name text, relation_name text, waived_until timestamptz)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    unknown text;
    scopes jsonb;
    base text[];
BEGIN
    SELECT i INTO unknown FROM unnest(items) i
     WHERE i IS NULL OR NOT EXISTS (SELECT FROM governance.checklist_item c WHERE c.item = upper(i)) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'item "%" is not known', unknown USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'Items: D1 to D10 and P1 to P10.', HINT = 'SELECT * FROM governance.assess(''{D1,D9}'');';
    END IF;
    SELECT jsonb_object_agg(s.scope, s.n) INTO scopes FROM governance._scope s;
    SELECT b.fingerprints INTO base FROM governance._baseline b;
    RETURN QUERY
    WITH raw AS (
        SELECT c.*, i.controls, i.position, coalesce(r.found, '{}') AS found, r.found IS NULL AS silent, (scopes ->> c.scope)::bigint AS in_scope,
               c.evidence_kind = 'statistics' AND c.scope = 'tables' AND (scopes ->> 'writes')::bigint = 0 AS blind
          FROM governance.assess_check c JOIN governance.checklist_item i USING (item)
          LEFT JOIN LATERAL (SELECT f AS found FROM governance._run_check(c.check_id) f) r ON true
         WHERE items IS NULL OR c.item IN (SELECT upper(x) FROM unnest(items) x)
    ), rows AS (
        SELECT raw.check_id, raw.item, raw.title, raw.position, raw.controls, raw.evidence_kind,
               CASE WHEN silent AND (in_scope = 0 OR blind) THEN 'not_assessed' WHEN silent THEN 'pass' ELSE coalesce(found ->> 'status', 'fail') END AS status,
               coalesce(found ->> 'severity', raw.severity) AS severity,
               coalesce(found ->> 'object', CASE WHEN raw.scope IN ('server', 'replication slots') THEN 'server' ELSE 'database' END) AS object,
               CASE WHEN silent AND in_scope = 0 THEN 'there are no ' || raw.scope || ' that the caller may see'
                    WHEN silent AND blind THEN 'statistics have counted no write to any table yet'
                    WHEN silent THEN raw.passes ELSE found ->> 'finding' END AS finding,
               CASE WHEN silent AND raw.scope <> 'server' THEN jsonb_build_object('in_scope', in_scope) ELSE found -> 'evidence' END AS evidence,
               (found ->> 'observed_since')::timestamptz AS observed_since, coalesce((found ->> 'confidence')::real, 1) AS confidence,
               found ->> 'remediation_sql' AS remediation_sql,
               CASE WHEN found ->> 'remediation_sql' IS NOT NULL THEN coalesce(found ->> 'remediation_lock', 'none') END AS remediation_lock,
               found ->> 'schema_name' AS schema_name, found ->> 'relation_name' AS relation_name, coalesce(found ->> 'facts', '') AS facts
          FROM raw
    ), marked AS (
        SELECT rows.*, left(encode(sha256(convert_to(rows.check_id || E'\n' || rows.object || E'\n' || facts, 'UTF8')), 'hex'), 16) AS fingerprint
          FROM rows
    )
    SELECT m.check_id, m.item, m.title, CASE WHEN w.fingerprint IS NOT NULL AND m.status IN ('fail', 'warn') THEN 'waived' ELSE m.status END,
           m.severity, m.object, m.finding, m.evidence, m.evidence_kind, m.observed_since, m.confidence, m.remediation_sql, m.remediation_lock,
           m.fingerprint, CASE WHEN m.status IN ('fail', 'warn') AND base IS NOT NULL THEN CASE WHEN m.fingerprint = ANY (base) THEN 'known' ELSE 'new' END END,
           m.controls, m.schema_name, m.relation_name, w.valid_until
      FROM marked m LEFT JOIN governance._waiver w ON w.fingerprint = m.fingerprint
     ORDER BY m.position, m.check_id, array_position('{critical,high,medium,low,info}', m.severity), m.object, m.fingerprint;
END $$;

CREATE VIEW governance.findings AS
    SELECT a.severity, a.item, a.object, CASE WHEN length(a.finding) > 100 THEN left(a.finding, 99) || '…' ELSE a.finding END AS finding,
           a.remediation_sql, a.fingerprint, a.check_id, a.status, a.baseline
      FROM governance.assess() a
     WHERE a.status IN ('fail', 'warn')
     ORDER BY array_position('{critical,high,medium,low,info}', a.severity), a.status, a.item, a.check_id, a.object;

--------------------------------------------------------------------------------------------------------------- checklist
-- What is declared, observed, enforced and proven of each item: part of a whole, both visible. An item and a verb
-- without a row here have no denominator, and their percentage is NULL: nothing is never 100 %.
CREATE VIEW governance._measure AS
    WITH t AS (
        SELECT s.*, u.relid IS NOT NULL AS audited,
               EXISTS (SELECT FROM governance._foreign_key k WHERE k.conrelid = s.relid AND k.confrelid = s.relid) AS hierarchy
          FROM governance._seen_table s LEFT JOIN governance._audited u ON u.relid = s.relid
    ), personal AS (
        SELECT relid, attnum, true AS tagged FROM governance._seen_tag UNION SELECT relid, attnum, false FROM governance._lookalike l
         WHERE NOT EXISTS (SELECT FROM governance._seen_tag g WHERE (g.relid, g.attnum) = (l.relid, l.attnum))
    ), writers AS MATERIALIZED (
        SELECT w FROM governance._of_view('writers') w
    ), m(item, verb, part, whole, meaning) AS (
        SELECT 'D1', 'declared', count(*) FILTER (WHERE owner IS NOT NULL), count(*), 'tables with a declared owner' FROM t
        UNION ALL SELECT 'D1', 'observed', count(*) FILTER (WHERE audited), count(*), 'tables whose writers are recorded' FROM t WHERE NOT governance._hides('audited')
        UNION ALL SELECT 'D5', 'declared', count(*) FILTER (WHERE class IS NOT NULL), count(*), 'tables with a class' FROM t
        UNION ALL SELECT 'D7', 'declared', count(*) FILTER (WHERE consistency IS NOT NULL), count(*), 'tables with a declared consistency' FROM t
        UNION ALL SELECT 'D8', 'observed', count(*) FILTER (WHERE audited), count(*), 'tables whose row changes are recorded' FROM t WHERE NOT governance._hides('audited')
        UNION ALL SELECT 'D3', 'enforced', count(*) FILTER (WHERE e.level IN ('warn', 'enforce')), count(*), 'tables where guard.data_loss warns or refuses'
                    FROM t LEFT JOIN LATERAL (SELECT level FROM governance.effective_levels(t.relid) WHERE feature = 'guard.data_loss') e
                           ON EXISTS (SELECT FROM pg_event_trigger x JOIN pg_depend d ON d.classid = 'pg_event_trigger'::regclass AND d.objid = x.oid
                                        JOIN pg_extension y ON y.oid = d.refobjid AND y.extname = 'data_governance')
        UNION ALL SELECT 'D4', 'declared', count(*) FILTER (WHERE class = 'analytical'), count(*), 'materialized views declared as read models' FROM governance._seen_relation WHERE relkind = 'm'
        UNION ALL SELECT 'P6', 'declared', count(*) FILTER (WHERE max_staleness IS NOT NULL), count(*), 'materialized views and analytic datasets with max_staleness'
                    FROM governance._seen_relation WHERE relkind = 'm' OR class = 'analytical' AND relkind IN ('r', 'p', 'f')
        UNION ALL SELECT 'D6', 'declared', count(*) FILTER (WHERE EXISTS (SELECT FROM governance._decision d WHERE d.objects && ARRAY[s.name, s.kind || ' ' || s.name])), count(*),
                         'extensions, servers, publications, subscriptions and slots with a decision' FROM governance._store s
        UNION ALL SELECT 'P10', 'declared', count(*) FILTER (WHERE EXISTS (SELECT FROM governance._decision d WHERE d.kind = 'contract' AND d.objects && ARRAY[s.name, s.kind || ' ' || s.name])), count(*),
                         'hops to other stores with a contract' FROM governance._store s WHERE s.kind NOT IN ('extension', 'physical slot')
        UNION ALL SELECT 'D9', 'declared', count(*) FILTER (WHERE tagged), count(*), 'columns tagged, of those tagged or named like personal data' FROM personal
        UNION ALL SELECT 'D9', 'enforced', count(*) FILTER (WHERE e.level = 'enforce' AND EXISTS (SELECT FROM governance._of_view('masked_roles'))), count(*),
                         'tagged columns whose masks are enforced for at least one role'
                    FROM (SELECT DISTINCT relid, attnum FROM governance._seen_tag) g
                    LEFT JOIN LATERAL (SELECT level FROM governance.effective_levels(g.relid) WHERE feature = 'privacy.masks') e ON true
                   WHERE to_regclass('governance.masked_roles') IS NOT NULL AND NOT governance._hides('masked_roles')
        UNION ALL SELECT 'D1', 'enforced', count(*) FILTER (WHERE e.level IN ('warn', 'enforce') AND w.declared), count(*), 'tables where a write by another than the declared writers is warned about or refused'
                    FROM t LEFT JOIN LATERAL (SELECT level FROM governance.effective_levels(t.relid) WHERE feature = 'boundary.writers') e ON true
                   CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM writers v WHERE v.w ->> 'relation' = t.object
                                                         OR (v.w ->> 'schema_name', v.w ->> 'relation_name') = (t.schema_name, t.relation_name)) AS declared) w
                   WHERE to_regclass('governance.writers') IS NOT NULL AND NOT governance._hides('writers')
        UNION ALL SELECT 'P5', 'declared', count(*) FILTER (WHERE EXISTS (SELECT FROM governance._decision d WHERE d.kind = 'graph' AND t.object = ANY (d.objects))), count(*),
                         'tables that refer to themselves with an evaluation' FROM t WHERE hierarchy
        UNION ALL SELECT 'P9', 'enforced', count(*) FILTER (WHERE own_limit >= 0), count(*), 'roles that can log in and have a connection limit' FROM governance._connection_limit
        UNION ALL SELECT i, 'proven', least(1, (SELECT count(*) FROM governance._of_view('recovery_drills'))), 1, 'restore of this quarter with a receipt'
                    FROM unnest('{D10,P7}'::text[]) i
    )
    SELECT item, verb, part, whole, meaning FROM m WHERE whole > 0;

CREATE FUNCTION governance.checklist()
    RETURNS TABLE (item text, title text, declared_pct int, observed_pct int, enforced_pct int, proven_pct int, open_findings int,
                   next_step text, denominators jsonb)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH a AS MATERIALIZED (
        SELECT *, array_position('{critical,high,medium,low,info}', x.severity) AS rank FROM governance.assess() x
    ), m AS MATERIALIZED (
        SELECT item, jsonb_object_agg(verb, jsonb_build_object('part', part, 'of', whole, 'meaning', meaning)) AS parts,
               -- Rounded down, so that 100 means all.
               jsonb_object_agg(verb, floor(100.0 * part / whole)::int) AS pct
          FROM governance._measure GROUP BY item
    )
    SELECT i.item, i.title, (m.pct ->> 'declared')::int, (m.pct ->> 'observed')::int, (m.pct ->> 'enforced')::int, (m.pct ->> 'proven')::int,
           (SELECT count(*)::int FROM a WHERE a.item = i.item AND a.status IN ('fail', 'warn')),
           coalesce((SELECT a.remediation_sql FROM a WHERE a.item = i.item AND a.status IN ('fail', 'warn', 'manual') AND a.remediation_sql IS NOT NULL
                      ORDER BY a.status = 'manual', a.rank, length(a.remediation_sql), a.object LIMIT 1),
                    (SELECT a.finding FROM a WHERE a.item = i.item AND a.status IN ('fail', 'warn') ORDER BY a.rank, a.object LIMIT 1), i.advice),
           m.parts
      FROM governance.checklist_item i LEFT JOIN m ON m.item = i.item
     ORDER BY i.position
$$;

------------------------------------------------------------------------------------------------------------------ grants
-- Every check filters by what the caller may see, so everybody may ask.
GRANT SELECT ON governance.findings, governance.waivers, governance.checklist_item, governance.assess_check, governance._baseline TO PUBLIC;
GRANT SELECT ON governance._waiver, governance._seen_relation, governance._seen_table, governance._scope, governance._measure TO PUBLIC;

---------------------------------------------------------------------------------------------------------------- comments
COMMENT ON VIEW governance.findings IS 'what assess() found and nobody waived, worst first';
COMMENT ON VIEW governance._measure IS 'part and whole behind each percentage of checklist()';
COMMENT ON VIEW governance._unindexed_key IS 'foreign keys that no index serves';
COMMENT ON VIEW governance._undecided IS 'stores without a recorded decision';
COMMENT ON VIEW governance._time_partition IS 'partitions of tables partitioned by time, with their upper bounds';
COMMENT ON VIEW governance._vector_column IS 'columns that hold vectors';
COMMENT ON VIEW governance._lookalike IS 'columns named like personal data, whole words only';
COMMENT ON VIEW governance._seen_tag IS 'tagged columns that exist and that the caller may see';
COMMENT ON VIEW governance._slot IS 'replication slots and the WAL they keep back';
COMMENT ON VIEW governance._connection_limit IS 'connection limits of roles that can log in here';
-- Each check's view is granted and described from its row. Barriers, since they join what the caller may see to tables of
-- ours: no function of the reader's gets at these.
DO $$
DECLARE
    c record;
BEGIN
    FOR c IN SELECT check_id, title, '_check_' || lower(replace(check_id, '-', '_')) AS name FROM governance.assess_check LOOP
        EXECUTE format('ALTER VIEW governance.%I SET (security_barrier)', c.name);
        EXECUTE format('GRANT SELECT ON governance.%I TO PUBLIC', c.name);
        EXECUTE format('COMMENT ON VIEW governance.%I IS %L', c.name, 'check ' || c.check_id || ': ' || c.title);
    END LOOP;
END $$;
