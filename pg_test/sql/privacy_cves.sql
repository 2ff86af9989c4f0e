-- One attack for each disclosed way round of PostgreSQL Anonymizer, and names that break what is put together from text.
-- RAWCANARY stands in every value that must not appear.
\set SHOW_CONTEXT never
\set VERBOSITY terse
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET session_preload_libraries = data_governance', current_database()); END $$;
\c
SET client_min_messages = warning;
CREATE ROLE privacy_cves_app; CREATE ROLE privacy_cves_own;
CREATE SCHEMA s AUTHORIZATION privacy_cves_own; GRANT ALL ON SCHEMA s TO PUBLIC;
CREATE TABLE s.heard (what text); GRANT ALL ON s.heard TO PUBLIC;
SET ROLE privacy_cves_own;
CREATE FUNCTION s.hear(text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO s.heard VALUES (current_user || ' ' || $1); RETURN true; END $$;
CREATE DOMAIN s.hearing AS text CHECK (s.hear(VALUE));
CREATE TABLE s.t (id int PRIMARY KEY, email text, heard s.hearing);
INSERT INTO s.t VALUES (1, 'rawcanary@RAWCANARY.org', 'RAWCANARY');
CREATE TABLE s.p (k int, email text) PARTITION BY LIST (k); CREATE TABLE s.p1 PARTITION OF s.p FOR VALUES IN (1); INSERT INTO s.p VALUES (1, 'rawcanary@RAWCANARY.org');
GRANT SELECT, INSERT, UPDATE, DELETE ON s.t, s.p, s.p1 TO PUBLIC;
RESET ROLE;
TRUNCATE s.heard;
SELECT governance.tag_column('s.t', 'email', 'pii.contact.email'), governance.tag_column('s.t', 'heard', 'pii.name'), governance.tag_column('s.p1', 'email', 'pii.contact.email');
SELECT governance.mask_role('privacy_cves_app');
-- CVE-2024-2338: an expression as the value of a mask
SELECT governance.set_mask('pii.name', 'constant', '{"value": "''||(SELECT email FROM s.t)||''"}', role => 'privacy_cves_app', reason => 'test');
SET ROLE privacy_cves_app; SELECT heard FROM s.t; RESET ROLE;
-- CVE-2024-2339: a function of the owner's as a mask
SELECT governance.set_mask('pii.name', 's.hear');
SELECT governance.set_mask('pii.name', 'constant(s.hear(''x''))');
-- without a number, fixed in 2.2: cursors and pg_dump --inserts
SET ROLE privacy_cves_app;
BEGIN; DECLARE c CURSOR FOR SELECT * FROM ONLY s.t; FETCH 1 FROM c; DECLARE h BINARY CURSOR WITH HOLD FOR SELECT convert_from(textsend(email), 'UTF8') FROM s.t; COMMIT; FETCH h; CLOSE h;
RESET ROLE;
-- CVE-2026-2360: operators in the path when the extension is made
SELECT current_database() AS here \gset
CREATE DATABASE privacy_cves_other;
\c privacy_cves_other
SET client_min_messages = warning;
CREATE TABLE public.heard (what text);
CREATE FUNCTION public.spy(text, text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.heard VALUES ('operator'); RETURN true; END $$;
CREATE FUNCTION public.spy(name, text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.heard VALUES ('operator'); RETURN true; END $$;
CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = public.spy); CREATE OPERATOR public.= (LEFTARG = name, RIGHTARG = text, FUNCTION = public.spy); CREATE OPERATOR public.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = public.spy);
SET search_path = public, pg_catalog;
CREATE EXTENSION data_governance;
CREATE TABLE public.t (name text); SELECT governance.tag_column('t', 'name', 'pii.name');
SELECT count(*) FROM public.heard;
\c :here
DROP DATABASE privacy_cves_other;
SET client_min_messages = warning;
-- CVE-2026-2361: temporary objects that shadow those of the catalog and the product
SET ROLE privacy_cves_app;
CREATE TEMP TABLE masked_role (role text, role_oid oid, unmasked_by_xid xid8); CREATE TEMP TABLE column_tag (x int); CREATE TEMP VIEW pg_class AS SELECT 1 AS oid; CREATE TEMP VIEW pg_inherits AS SELECT 1 AS inhrelid, 1 AS inhparent; CREATE TEMP TABLE pg_proc (oid oid);
SET search_path = pg_temp, s, pg_catalog;
RESET ROLE; SELECT governance.tag_column('s.t', 'id', 'quasi'); SELECT governance.untag_column('s.t', 'id', 'quasi', 'test'); SET ROLE privacy_cves_app;
SELECT email FROM t; COPY t (email) TO STDOUT;
RESET search_path; DISCARD TEMP; RESET ROLE;
-- CVE-2026-19633: a domain's check, and operators, evaluated for a mask
SET ROLE privacy_cves_app;
SELECT heard FROM s.t WHERE heard = 'x';
SELECT heard FROM s.t;
RESET ROLE;
SELECT * FROM s.heard;
-- CVE-2026-83534: functions left to PUBLIC; those that need a key are not
SELECT p.oid::regprocedure FROM pg_proc p WHERE pronamespace = 'governance'::regnamespace AND proname ~ '^mask_(pseudonym|fpe|fake|date_shift|noise|json)$' AND has_function_privilege('privacy_cves_app', p.oid, 'EXECUTE');
-- CVE-2026-105614: what a mask allocates is bounded
SELECT governance.set_mask('pii.name', 'pseudonym', '{"digits": 1000000000}');
SELECT governance.set_mask('pii.name', 'partial', '{"left": 2, "right": 2, "pad": "****************************************************************************************************"}', role => 'privacy_cves_app', reason => 'test');
UPDATE s.t SET heard = repeat('RAWCANARY', 1000000); TRUNCATE s.heard;
SET ROLE privacy_cves_app; SELECT length(heard) <= 9000000, heard LIKE '%CANARY%' FROM s.t; RESET ROLE;
-- CVE-2026-105616: secrets where everybody may look
SET ROLE privacy_cves_app;
SELECT count(*) FROM pg_db_role_setting WHERE setconfig::text LIKE '%governance%key%';
SELECT wrapped FROM governance.key;
RESET ROLE;
-- CVE-2026-105618: a tag on a partition holds through the parent, and beside it
SET ROLE privacy_cves_app; SELECT email FROM s.p; SELECT email FROM s.p1; COPY s.p1 TO STDOUT; RESET ROLE;
-- CVE-2026-9617 and CVE-2026-19634: names in SQL that is put together, and in what is imported
CREATE TABLE s.kept (x int);
CREATE FUNCTION s.fuzz(n text) RETURNS TABLE (act text, said text) LANGUAGE plpgsql AS $$
DECLARE
    rel text; statement text; role_name text := left(n, 20) || ' r';
BEGIN
    EXECUTE format('CREATE ROLE %I; CREATE SCHEMA %I; CREATE TABLE %2$I.%3$I (id int PRIMARY KEY, %3$I text, js jsonb); GRANT ALL ON SCHEMA %2$I TO PUBLIC; GRANT ALL ON %2$I.%3$I TO PUBLIC',
        role_name, left(n, 20) || ' s', n);
    rel := format('%I.%I', left(n, 20) || ' s', n);
    EXECUTE format('INSERT INTO %s VALUES (1, %L, %L)', rel, 'RAWCANARY', '{"x": "RAWCANARY"}');
    FOREACH statement IN ARRAY ARRAY[
        format('SELECT governance.tag_column(%L, %L, %L)', rel, n, 'pii.name'),
        format('SELECT governance.tag_column(%L, %L, %L, %L)', rel, 'js', 'pii.name', '$.' || to_json(n)),
        format('SELECT governance.mask_role(%L)', role_name),
        format('SELECT governance.set_mask(%L, %L, %L, role => %L, reason => %L)', 'pii.name', 'constant', json_build_object('value', n), role_name, n),
        format('SELECT governance.set_mask(%L, %L, recipient => %L, reason => %L)', 'pii.name', 'null', n, n),
        format('SELECT governance.create_mask_index(%L, %L, %L)', rel, n, n),
        format('SELECT governance.declare_tag(%L, %L, %L)', n, n, 'null'),
        format('SELECT governance.grant_unmask(%L, %L, %L, now() + interval %L)', role_name, 'pii.contact', n, '1 hour'),
        format('SELECT count(*) FROM governance.export_query(%L, recipient => %L)', format('SELECT %I FROM %s', n, rel), n),
        format('SELECT count(*) FROM governance.detect_pii(%L)', 'schema:' || quote_ident(left(n, 20) || ' s')),
        format('SELECT count(*) FROM governance.self_test(%L, %L) WHERE NOT caught', 'privacy', role_name),
        'SELECT count(*) FROM governance.apply_manifest(governance.manifest())',
        format('SELECT governance.revoke_unmask(%L, %L)', role_name, 'pii.contact'),
        format('SELECT governance.reset_mask(%L, recipient => %L, reason => %L)', 'pii.name', n, n),
        format('SELECT governance.create_key(%L)', n),
        format('SELECT governance.rotate_key(%L, %L)', n, n)]
    LOOP
        act := substring(statement FROM 'governance\.(\w+)');
        BEGIN
            EXECUTE statement INTO said;
            said := coalesce(said, 'done');
        EXCEPTION WHEN OTHERS THEN
            said := SQLSTATE;
        END;
        RETURN NEXT;
    END LOOP;
    EXECUTE format('SET LOCAL ROLE %I', role_name);
    act := 'reads';
    EXECUTE format('SELECT CASE WHEN t::text LIKE %L THEN t::text ELSE %L END FROM %s t', '%RAWCANARY%RAWCANARY%', 'masked', rel) INTO said;
    RETURN NEXT;
    RESET ROLE;
    EXECUTE format('SELECT governance.unmask_role(%L, %L); DROP SCHEMA %I CASCADE; DROP ROLE %I', role_name, 'test', left(n, 20) || ' s', role_name);
END $$;
SELECT act, said, count(*) FROM unnest(ARRAY['a"b', 'a''b', 'a\b', 'a$$b', E'a\nb', 'größe名', repeat('é', 31), 'a.b', '"; DROP TABLE s.kept; --', '''; DROP TABLE s.kept; --', '%s%I%L', '$1', '{"x":1}', '"', '''', '$q$', ' ', E'\t', 'E''\''']) n, s.fuzz(n) GROUP BY 1, 2 ORDER BY 1, 2;
SELECT * FROM s.kept;
