-- registry: what the database does, as decisions record it on their day and compare it later.

-- Counters of the tables: of the relations that are named, with their partitions, where any is; else of all. Views have
-- none.
CREATE FUNCTION governance._table_workload(objects text[]) RETURNS jsonb LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE named AS (
        SELECT c.oid AS relid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE format('%I.%I', n.nspname, c.relname) = ANY (objects)
        UNION SELECT i.inhrelid FROM named JOIN pg_inherits i ON i.inhparent = named.relid
    )
    SELECT jsonb_build_object('lookups', coalesce(sum(s.idx_scan), 0), 'scans', coalesce(sum(s.seq_scan), 0),
                              'inserted', coalesce(sum(s.n_tup_ins), 0), 'updated', coalesce(sum(s.n_tup_upd), 0),
                              'deleted', coalesce(sum(s.n_tup_del), 0))
      FROM pg_stat_user_tables s
     WHERE s.schemaname <> 'governance'
       AND (s.relid IN (SELECT relid FROM named) OR NOT EXISTS (SELECT FROM named))
$$;
COMMENT ON FUNCTION governance._table_workload(text[]) IS 'what was done to the tables named, or to all of the database: counters by kind of work';

-- Counters by kind of work. Table statistics count since
-- they were last reset; statements only where pg_stat_statements is there and shows them to the caller.
CREATE FUNCTION governance._workload(objects text[]) RETURNS jsonb LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    tables jsonb := governance._table_workload(objects);
    statements jsonb;
    place text;
BEGIN
    SELECT format('%I.pg_stat_statements', n.nspname) INTO place
      FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements';
    IF place IS NOT NULL THEN
        BEGIN
            EXECUTE format($q$
                SELECT jsonb_object_agg(kind, calls) FROM (
                    SELECT CASE WHEN query ~* '^\s*(insert|update|delete|merge|copy)' THEN 'writes'
                                WHEN query ~* '\mwith\s+recursive\M' THEN 'traversals'
                                WHEN query ~ '@@|<->|<=>|<#>' THEN 'searches'
                                WHEN query ~* '\m(group\s+by|count|sum|avg)\M' THEN 'aggregates'
                                ELSE 'reads' END AS kind, sum(calls) AS calls
                      FROM %s WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
                       AND query ~* '^\s*(insert|update|delete|merge|copy|select|with)'
                     GROUP BY 1) k $q$, place) INTO statements;
        EXCEPTION WHEN OTHERS THEN
            statements := NULL;     -- the library behind it is not loaded
        END;
    END IF;
    RETURN jsonb_strip_nulls(jsonb_build_object('taken_at', now(), 'tables', tables, 'statements', statements));
END $$;
COMMENT ON FUNCTION governance._workload(text[]) IS 'what the database, or the relations named, did so far: counters by kind of work';

-- Half the sum of the differences between the shares then and since (total variation distance): 0 the same mix, 1 nothing
-- in common. NULL while fewer than a thousand operations were counted since. Counters that went down were reset.
CREATE FUNCTION governance._drift(was jsonb, now jsonb) RETURNS real LANGUAGE sql IMMUTABLE
    SET search_path = pg_catalog, pg_temp AS $$
    WITH counted AS (
        SELECT k.key, coalesce((was ->> k.key)::numeric, 0) AS was, k.value::numeric AS now FROM jsonb_each_text(now) k
    ), reset AS (
        SELECT bool_or(c.now < c.was) AS is FROM counted c
    ), since AS (
        SELECT c.was, CASE WHEN r.is THEN c.now ELSE c.now - c.was END AS since FROM counted c, reset r
    ), total AS (
        SELECT sum(s.was) AS was, sum(s.since) AS since FROM since s
    )
    SELECT CASE WHEN t.since >= 1000 AND t.was >= 1000
                THEN (SELECT sum(abs(s.since / t.since - s.was / t.was)) / 2 FROM since s)::real END
      FROM total t
$$;
COMMENT ON FUNCTION governance._drift(jsonb, jsonb) IS 'how far the mix of work has moved between two readings of _workload(): 0 the same, 1 nothing in common';

-- Decisions that count.
CREATE VIEW governance._decision AS SELECT * FROM governance.decision WHERE status = 'accepted';
COMMENT ON VIEW governance._decision IS 'accepted decisions';
