-- Every public function with NULL for each of its arguments, and with a list that holds a NULL: whatever is refused is
-- refused in the user's words, by the argument's name. The calls are made from the catalog, so that a new function is
-- in the test from its first day.
\pset format unaligned
\pset tuples_only on
SET client_min_messages = error;
CREATE TABLE public.t (id integer PRIMARY KEY, a text);

CREATE FUNCTION pg_temp.value_of(type oid) RETURNS text LANGUAGE sql AS $$
    SELECT CASE format_type(type, NULL)
        WHEN 'regclass' THEN '''public.t''::regclass'
        WHEN 'boolean' THEN 'true'
        WHEN 'text[]' THEN '''{a}''::text[]'
        WHEN 'regclass[]' THEN '''{public.t}''::regclass[]'
        WHEN 'jsonb' THEN '''{"id": 1}''::jsonb'
        WHEN 'integer' THEN '1'
        WHEN 'bigint' THEN '1::bigint'
        WHEN 'real' THEN '0.5::real'
        WHEN 'text' THEN '''a'''
        WHEN 'timestamp with time zone' THEN 'now() + interval ''1 day'''
        WHEN 'anyelement' THEN 'NULL::public.t'
        ELSE 'NULL::' || format_type(type, NULL)
    END
$$;

CREATE FUNCTION pg_temp.null_of(type oid) RETURNS text LANGUAGE sql AS $$
    SELECT 'NULL::' || CASE WHEN format_type(type, NULL) = 'anyelement' THEN 'public.t' ELSE format_type(type, NULL) END
$$;

CREATE TEMPORARY TABLE answers (call text, sqlstate text, message text);

DO $$
DECLARE
    f record;
    wrong text;
    call text;
BEGIN
    FOR f IN
        SELECT p.oid, p.proname, p.prokind, p.proargtypes::oid[] AS types, n
        FROM pg_proc p, generate_series(1, greatest(p.pronargs, 1)) AS n
        WHERE p.pronamespace = 'governance'::regnamespace AND p.proname !~ '^_'
        ORDER BY p.proname, n
    LOOP
        FOR wrong IN
            SELECT pg_temp.null_of(f.types[f.n - 1])
            UNION ALL
            SELECT '''{NULL}''::' || format_type(f.types[f.n - 1], NULL) WHERE format_type(f.types[f.n - 1], NULL) LIKE '%[]'
        LOOP
            SELECT format('%s governance.%I(%s)', CASE f.prokind WHEN 'p' THEN 'CALL' ELSE 'SELECT * FROM' END, f.proname,
                          string_agg(CASE WHEN k = f.n THEN wrong ELSE pg_temp.value_of(f.types[k - 1]) END, ', ' ORDER BY k))
            INTO call
            FROM generate_series(1, cardinality(f.types)) AS k;
            BEGIN
                EXECUTE call;
                RAISE EXCEPTION 'undo' USING ERRCODE = 'U0001';
            EXCEPTION
                WHEN SQLSTATE 'U0001' THEN INSERT INTO answers VALUES (call, '00000', '');
                WHEN OTHERS THEN INSERT INTO answers VALUES (call, SQLSTATE, SQLERRM);
            END;
        END LOOP;
    END LOOP;
END
$$;

-- Most of them were refused for the NULL or for the nonsense beside it, none by accident.
SELECT count(*) > 150 AS tried, count(*) FILTER (WHERE sqlstate = '22004') > 60 AS null_refused FROM answers;
SELECT call, sqlstate, message
FROM answers
WHERE sqlstate ~ '^(XX|F0|P0)' OR message ~ 'argument [0-9]|internal|column [0-9]+ of|violates'
ORDER BY call COLLATE "C";
