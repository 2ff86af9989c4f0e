-- A generator of random queries, the same in every database: query(seed) gives a text, answer(seed) its rows.
CREATE SCHEMA gen;
CREATE FUNCTION gen.rnd(n int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE s bigint := current_setting('gen.state')::bigint;
BEGIN
    s := (s * 1103515245 + 12345) % 2147483648;
    PERFORM set_config('gen.state', s::text, false);
    RETURN (s >> 8) % n;
END $$;

-- A column of a scope ("alias.column:type"), NULL where there is none of that type.
CREATE FUNCTION gen.col(scope text[], wanted text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE fit text[];
BEGIN
    SELECT array_agg(split_part(c, ':', 1) ORDER BY n) INTO fit FROM unnest(scope) WITH ORDINALITY u(c, n) WHERE split_part(c, ':', 2) = wanted;
    RETURN fit[1 + gen.rnd(greatest(cardinality(fit), 1))];
END $$;

CREATE FUNCTION gen.expr(wanted text, scope text[], depth int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE k int := gen.rnd(CASE WHEN depth <= 0 THEN 3 ELSE 13 END); c text;
BEGIN
    IF k < 3 THEN
        c := gen.col(scope, wanted);
        RETURN coalesce(c, CASE wanted WHEN 'text' THEN '''x''::text' WHEN 'int' THEN '7' WHEN 'date' THEN 'date ''2001-02-03''' ELSE 'true' END);
    END IF;
    IF wanted = 'text' THEN
        CASE k
            WHEN 3 THEN RETURN format('upper(%s)', gen.expr('text', scope, depth - 1));
            WHEN 4 THEN RETURN format('substr(%s, 1, %s)', gen.expr('text', scope, depth - 1), 1 + gen.rnd(9));
            WHEN 5 THEN RETURN format('coalesce(%s, %s)', gen.expr('text', scope, depth - 1), gen.expr('text', scope, depth - 1));
            WHEN 6 THEN RETURN format('(%s || %s)', gen.expr('text', scope, depth - 1), gen.expr('text', scope, depth - 1));
            WHEN 7 THEN RETURN format('md5(%s)', gen.expr('text', scope, depth - 1));
            WHEN 8 THEN RETURN format('reverse(%s)', gen.expr('text', scope, depth - 1));
            WHEN 9 THEN RETURN format('CASE WHEN %s THEN %s ELSE %s END', gen.expr('bool', scope, depth - 1), gen.expr('text', scope, depth - 1), gen.expr('text', scope, depth - 1));
            WHEN 10 THEN RETURN format('(%s)::text', gen.expr('date', scope, depth - 1));
            WHEN 11 THEN RETURN format('(SELECT max(q.c1) FROM (%s) q)', gen.query(scope, '{text}', depth - 1));
            ELSE RETURN format('gen.shout(%s)', gen.expr('text', scope, depth - 1));
        END CASE;
    ELSIF wanted = 'int' THEN
        CASE WHEN k < 7 THEN RETURN format('length(%s)', gen.expr('text', scope, depth - 1));
             WHEN k < 9 THEN RETURN format('(%s + %s)', gen.expr('int', scope, depth - 1), gen.rnd(100));
             WHEN k < 11 THEN RETURN format('(SELECT count(*)::int FROM (%s) q)', gen.query(scope, '{text}', depth - 1));
             ELSE RETURN format('extract(year FROM %s)::int', gen.expr('date', scope, depth - 1));
        END CASE;
    ELSIF wanted = 'date' THEN
        RETURN format('(%s + %s)', gen.expr('date', scope, depth - 1), gen.rnd(30));
    ELSE
        CASE WHEN k < 5 THEN RETURN format('%s %s %s', gen.expr('text', scope, depth - 1), (ARRAY['=', '<', '<>', 'IS DISTINCT FROM'])[1 + gen.rnd(4)], gen.expr('text', scope, depth - 1));
             WHEN k < 7 THEN RETURN format('%s LIKE ''%%%s%%''', gen.expr('text', scope, depth - 1), (ARRAY['a', 'R', 'canary', '@'])[1 + gen.rnd(4)]);
             WHEN k < 8 THEN RETURN format('%s IS %s NULL', gen.expr('date', scope, depth - 1), (ARRAY['', 'NOT'])[1 + gen.rnd(2)]);
             WHEN k < 9 THEN RETURN format('EXISTS (%s)', gen.query(scope, '{int}', depth - 1));
             WHEN k < 10 THEN RETURN format('%s IN (%s)', gen.expr('text', scope, depth - 1), gen.query(scope, '{text}', depth - 1));
             WHEN k < 11 THEN RETURN format('(%s) IS NOT TRUE', gen.expr('bool', scope, depth - 1));
             ELSE RETURN format('%s > %s', gen.expr('int', scope, depth - 1), gen.expr('int', scope, depth - 1));
        END CASE;
    END IF;
END $$;

-- Something to select from, and its columns.
CREATE FUNCTION gen.source(outer_scope text[], depth int, OUT sql text, OUT scope text[]) LANGUAGE plpgsql AS $$
DECLARE k int := gen.rnd(CASE WHEN depth <= 0 THEN 5 ELSE 10 END); a text := 't' || gen.rnd(100000); l record; r record; kind text;
BEGIN
    IF k < 5 THEN
        CASE k
            WHEN 0 THEN sql := 'person ' || a; scope := ARRAY['id:int', 'name:text', 'email:text', 'birth:date', 'city:text'];
            WHEN 1 THEN sql := 'orders ' || a; scope := ARRAY['id:int', 'person_id:int', 'note:text'];
            WHEN 2 THEN sql := 'part ' || a; scope := ARRAY['k:int', 'who:text'];
            WHEN 3 THEN sql := 'person_v ' || a; scope := ARRAY['id:int', 'called:text', 'born:date', 'note:text'];
            ELSE sql := 'part_old ' || a; scope := ARRAY['k:int', 'who:text'];
        END CASE;
        SELECT array_agg(a || '.' || c) INTO scope FROM unnest(scope) c;
    ELSIF k < 7 THEN
        sql := format('%s(%s) %s', CASE WHEN cardinality(outer_scope) > 0 AND gen.rnd(2) = 0 THEN 'LATERAL ' ELSE '' END, gen.query('{}', '{text,int,date}', depth - 1), a);
        scope := ARRAY[a || '.c1:text', a || '.c2:int', a || '.c3:date'];
    ELSIF k < 8 THEN
        sql := format('(SELECT w.*, row_number() OVER (PARTITION BY w.c1 ORDER BY w.c2, w.c3) AS n, max(w.c1) OVER () AS m FROM (%s) w) %s(c1, c2, c3, c4, c5)', gen.query('{}', '{text,int,date}', depth - 1), a);
        scope := ARRAY[a || '.c1:text', a || '.c2:int', a || '.c3:date', a || '.c5:text'];
    ELSE
        l := gen.source('{}', depth - 1); r := gen.source(l.scope, depth - 1);
        kind := (ARRAY['JOIN', 'LEFT JOIN', 'FULL JOIN', 'RIGHT JOIN'])[1 + gen.rnd(4)];
        IF kind IN ('FULL JOIN', 'RIGHT JOIN') OR r.sql LIKE '%LATERAL%' THEN kind := 'JOIN'; END IF;
        sql := format('(%s %s %s ON %s)', l.sql, kind, r.sql, CASE WHEN kind = 'FULL JOIN' THEN 'true' ELSE format('%s = %s', gen.expr('text', l.scope, 0), gen.expr('text', r.scope, 0)) END);
        scope := l.scope || r.scope;
    END IF;
END $$;

CREATE FUNCTION gen.query(outer_scope text[], types text[], depth int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE s record; scope text[]; outs text := ''; t text; i int := 0; groups bool := gen.rnd(5) = 0; sql text; keys text := '';
BEGIN
    IF depth > 0 AND gen.rnd(8) = 0 THEN
        RETURN format('(%s) %s (%s)', gen.query(outer_scope, types, depth - 1), (ARRAY['UNION', 'UNION ALL', 'EXCEPT', 'INTERSECT'])[1 + gen.rnd(4)], gen.query(outer_scope, types, depth - 1));
    END IF;
    IF depth > 1 AND gen.rnd(8) = 0 THEN
        SELECT string_agg(format('cte.c%s', n), ', ') INTO outs FROM generate_series(1, cardinality(types)) n;
        RETURN format('WITH cte AS %s (%s) SELECT %s FROM cte', (ARRAY['MATERIALIZED', 'NOT MATERIALIZED'])[1 + gen.rnd(2)], gen.query('{}', types, depth - 1), outs);
    END IF;
    s := gen.source(outer_scope, depth); scope := s.scope || outer_scope;
    FOREACH t IN ARRAY types LOOP
        i := i + 1;
        outs := outs || CASE WHEN i > 1 THEN ', ' ELSE '' END
             || CASE WHEN groups AND gen.rnd(2) = 0 THEN format('%s(%s)', (ARRAY['min', 'max'])[1 + gen.rnd(2)], gen.expr(t, s.scope, depth - 1))
                     ELSE gen.expr(t, scope, depth - 1) END || format(' AS c%s', i);
        keys := keys || CASE WHEN i > 1 THEN ', ' ELSE '' END || i;
    END LOOP;
    sql := format('SELECT %s%s FROM %s', CASE WHEN gen.rnd(6) = 0 AND NOT groups THEN 'DISTINCT ' ELSE '' END, outs, s.sql);
    IF gen.rnd(2) = 0 THEN sql := sql || ' WHERE ' || gen.expr('bool', scope, depth - 1); END IF;
    IF groups AND outs !~ '^(min|max)\(' AND outs !~ ', (min|max)\(' THEN sql := sql || ' GROUP BY ' || keys; END IF;
    RETURN sql;
END $$;

CREATE FUNCTION gen.text_of(seed int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('gen.state', ((seed::bigint * 7919 + 104729) % 2147483648)::text, false);
    RETURN gen.query('{}', '{text,int,date}', 3);
END $$;

-- Number and hash of the rows, or the error's code. In whatever way it is run.
CREATE FUNCTION gen.answer(seed int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text; q text := gen.text_of(seed); c refcursor; r record; n int := 0; h text := 'x';
BEGIN
    IF seed % 3 = 0 THEN
        OPEN c FOR EXECUTE format('SELECT t::text AS line FROM (%s) t ORDER BY t::text COLLATE "C"', q);
        LOOP FETCH c INTO r; EXIT WHEN NOT FOUND; n := n + 1; h := md5(h || r.line); END LOOP;
        CLOSE c;
        RETURN n || ' ' || h;
    END IF;
    EXECUTE format('SELECT count(*) || '' '' || md5(coalesce(string_agg(t::text, E''\n'' ORDER BY t::text COLLATE "C"), '''')) FROM (%s) t', q) INTO answer;
    RETURN answer;
EXCEPTION WHEN query_canceled THEN
    RETURN 'timeout x';
WHEN OTHERS THEN
    RETURN 'error ' || SQLSTATE;
END $$;

-- A function that the planner would inline.
CREATE FUNCTION gen.shout(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT upper($1) || ''!''';
GRANT USAGE ON SCHEMA gen TO PUBLIC;
