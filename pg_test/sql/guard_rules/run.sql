-- Cases run one by one in a subtransaction that is rolled back: first explain_ddl(), then the statement itself.
CREATE TEMP TABLE case_ (n int GENERATED ALWAYS AS IDENTITY, rule text, kind text, who text, statement text, setup text, explained text, did text);

-- What explain_ddl() says: rules with their verdict, and with details the lock, and whether it writes the table anew or reads it.
-- The guard stops at the first statement that it refuses.
CREATE FUNCTION pg_temp.says(ddl text, details boolean) RETURNS text LANGUAGE sql AS $$
    WITH e AS (SELECT * FROM governance.explain_ddl(ddl, 'g, pg_catalog') WITH ORDINALITY AS e
                      (statement, rule, hazard, level, verdict, object, lock_mode, rewrites, scan_bytes, victims, readers, blocked_by, advice, n))
    SELECT coalesce(string_agg(DISTINCT concat_ws(', ', concat_ws(' ', rule, verdict),
               CASE WHEN details THEN lock_mode END, CASE WHEN details AND rewrites THEN 'writes anew' END,
               CASE WHEN details AND NOT rewrites AND scan_bytes > 0 THEN 'reads rows' END), '; '), 'passes')
      FROM e
     WHERE (details OR verdict = 'not explained' OR rule IS NOT NULL AND verdict NOT LIKE 'not seen%' AND verdict <> 'passes')
       AND n <= coalesce((SELECT max(n) FROM e WHERE statement = (SELECT statement FROM e WHERE verdict = 'refused' ORDER BY n LIMIT 1)), n)
$$;

-- What the guard did: refused by these rules, or these rows of ddl_log, or nothing.
CREATE FUNCTION pg_temp.try(ddl text, setup text, who text, OUT explained text, OUT details text, OUT did text) LANGUAGE plpgsql AS $$
DECLARE
    before uuid[];
    detail text;
BEGIN
    PERFORM set_config('search_path', 'g, pg_catalog', true);
    IF who = 'owner' THEN SET LOCAL ROLE guard_rules_owner; END IF;
    IF setup IS NOT NULL THEN EXECUTE setup; END IF;
    explained := pg_temp.says(ddl, false);
    details := pg_temp.says(ddl, true);
    RESET ROLE;
    before := ARRAY(SELECT id FROM governance.ddl_entry WHERE xid = pg_current_xact_id_if_assigned());
    IF who = 'owner' THEN SET LOCAL ROLE guard_rules_owner; END IF;
    EXECUTE ddl;
    RESET ROLE;
    SELECT coalesce(string_agg(DISTINCT rule || ' ' || verdict, '; '), 'passes') INTO did
      FROM governance.ddl_entry WHERE xid = pg_current_xact_id_if_assigned() AND rule IS NOT NULL AND id <> ALL (before);
    RAISE SQLSTATE 'ZZ000';
EXCEPTION
    WHEN SQLSTATE 'ZZ000' THEN NULL;
    WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
        did := CASE WHEN detail LIKE 'Refusal % by rule%'
            THEN (SELECT string_agg(r || ' refused', '; ' ORDER BY r) FROM regexp_split_to_table(substring(detail FROM 'by rules? ([^:]+):'), ', ') r)
            ELSE SQLERRM END;
END $$;

CREATE FUNCTION pg_temp.run() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    c record;
    t record;
BEGIN
    FOR c IN SELECT * FROM case_ ORDER BY n LOOP
        t := pg_temp.try(c.statement, c.setup, c.who);
        UPDATE case_ SET explained = t.explained || '|' || t.details, did = t.did WHERE n = c.n;
    END LOOP;
END $$;
