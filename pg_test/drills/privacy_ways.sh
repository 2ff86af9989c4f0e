#!/usr/bin/env bash
# Every way out as a client takes it: a masked role logs in, and neither what it receives nor the server log holds a raw value.
. "$(dirname "$0")/../lib.sh"
dg_work
key=$DG_WORK/privacy_ways.key
dg_as sh -c "head -c 32 /dev/urandom >'$key' && chmod 600 '$key'"
dg_start privacy_ways "governance.key_file=$key" "session_preload_libraries=data_governance,auto_explain" \
    auto_explain.log_min_duration=0 auto_explain.log_analyze=on auto_explain.log_verbose=on auto_explain.log_nested_statements=on \
    log_error_verbosity=verbose log_min_error_statement=error wal_level=logical
trap 'dg_stop privacy_ways' EXIT
dg_sql -c "SET client_min_messages = warning; CREATE EXTENSION data_governance" -c "CREATE DATABASE far"
dg_sql -d far -c "CREATE TABLE person (id int, name text, email text); INSERT INTO person SELECT g, 'Rawcanary ' || g, 'rawcanary' || g || '@far.org' FROM generate_series(1, 100) g; GRANT SELECT ON person TO PUBLIC"
dg_sql >/dev/null <<SQL
SET client_min_messages = warning;
CREATE ROLE masked LOGIN; GRANT CREATE ON SCHEMA public TO masked;
CREATE TABLE person (id int PRIMARY KEY, name text NOT NULL, email text UNIQUE DEFERRABLE INITIALLY DEFERRED, born date, ssn bigint, doc jsonb, n int CHECK (n > 0), g text GENERATED ALWAYS AS (lower(name)) STORED);
INSERT INTO person SELECT g, 'Rawcanary ' || g, 'rawcanary' || g || '@x.org', '1911-04-17', 471147110000 + g, '{"deep": {"name": "rawcanary"}}', 1 FROM generate_series(1, 500) g;
CREATE TABLE tree (k int, who text) PARTITION BY RANGE (k); CREATE TABLE leaf PARTITION OF tree FOR VALUES FROM (0) TO (1000);
INSERT INTO tree SELECT g, 'rawcanary' FROM generate_series(1, 50) g;
CREATE VIEW face AS SELECT id, upper(name) AS name, email FROM person; CREATE VIEW barrier WITH (security_barrier) AS SELECT * FROM face;
CREATE MATERIALIZED VIEW copied AS SELECT id, name || '' AS n FROM face;
CREATE FUNCTION definer() RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN QUERY SELECT name FROM person; END';
CREATE FUNCTION inlined() RETURNS SETOF text LANGUAGE sql STABLE AS 'SELECT name FROM person';
CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$DG_WORK/privacy_ways', dbname 'far');
CREATE USER MAPPING FOR masked SERVER far OPTIONS (user 'postgres', password_required 'false');
CREATE FOREIGN TABLE distant (id int, name text, email text) SERVER far OPTIONS (table_name 'person');
GRANT ALL ON ALL TABLES IN SCHEMA public TO masked;
ANALYZE;
SELECT governance.tag_column('person', c, t) FROM (VALUES ('name', 'pii.name'), ('email', 'pii.contact.email'), ('born', 'secret'), ('ssn', 'pii.national_id')) v(c, t);
SELECT governance.tag_column('person', 'doc', 'secret', '\$.deep.name'), governance.tag_column('tree', 'who', 'secret'), governance.tag_column('distant', 'name', 'pii.name'), governance.tag_column('distant', 'email', 'pii.contact.email');
SELECT governance.mask_role('masked');
SQL
out=$DG_WORK/privacy_ways.out
: >"$DG_WORK/privacy_ways/log"
"$DG_BIN/psql" -X -U masked -d postgres -v ON_ERROR_STOP=0 -v VERBOSITY=verbose >"$out" 2>&1 <<'SQL'
\pset pager off
SELECT * FROM person; SELECT p FROM person p; TABLE face; TABLE barrier; TABLE copied; TABLE distant; TABLE tree; TABLE leaf;
SELECT to_jsonb(p), row_to_json(p), doc #>> '{deep,name}' FROM person p;
SELECT * FROM definer(); SELECT * FROM inlined();
SELECT name FROM distant WHERE email LIKE 'r%' ORDER BY name; EXPLAIN (VERBOSE) SELECT name FROM distant WHERE email LIKE 'r%' ORDER BY name;
COPY person TO STDOUT; COPY person (name, email) TO STDOUT (FORMAT csv, HEADER); COPY leaf TO STDOUT; COPY (SELECT * FROM person) TO STDOUT (FORMAT binary);
COPY (UPDATE person SET n = 2 WHERE id = 1 RETURNING name, email) TO STDOUT; COPY (TABLE distant) TO STDOUT; COPY (TABLE copied) TO STDOUT;
\copy person to pstdout
BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT name, email FROM person; FETCH 5 FROM c; COMMIT; FETCH 5 FROM c; CLOSE c;
BEGIN; DECLARE b BINARY CURSOR FOR SELECT name FROM person; FETCH 2 FROM b; SELECT cursor_to_xml('b', 5, true, true, ''); COMMIT;
PREPARE p AS SELECT name FROM person WHERE id = $1; EXECUTE p(1); EXPLAIN (ANALYZE, VERBOSE) EXECUTE p(2); SELECT name FROM person WHERE id = 1 \bind \g
CREATE TEMP TABLE t AS SELECT * FROM person; TABLE t; SELECT name INTO TEMP t2 FROM person; TABLE t2; CREATE TABLE mine AS TABLE face; TABLE mine;
CREATE MATERIALIZED VIEW mine_m AS SELECT name, email FROM person; TABLE mine_m; REFRESH MATERIALIZED VIEW mine_m; TABLE mine_m; CREATE VIEW mine_v AS TABLE person; TABLE mine_v;
INSERT INTO mine SELECT id, name, email FROM person RETURNING *; MERGE INTO mine m USING person p ON m.email = p.email WHEN MATCHED THEN UPDATE SET name = p.name; TABLE mine;
UPDATE person SET n = 3 WHERE id < 5 RETURNING *; DELETE FROM person WHERE id = 500 RETURNING *; INSERT INTO person (id, name, email) VALUES (9000, 'new', 'new') RETURNING *, (SELECT max(name) FROM person);
UPDATE person SET n = -1 WHERE id = 1; UPDATE person SET id = 2 WHERE id = 1; INSERT INTO person (id) VALUES (9001); UPDATE person SET name = NULL WHERE id = 3;
BEGIN; UPDATE person SET email = 'rawcan' || 'ary7@x.org' WHERE id = 8; COMMIT;
SELECT name::int FROM person; SELECT email::date FROM person; SELECT 1 / (length(name) - length(name)) FROM person; SELECT ssn::int2 FROM person; SELECT name::xml FROM person; SELECT ('{' || email)::json FROM person;
SELECT query_to_xml('SELECT name FROM person', true, true, ''), table_to_xml('person', true, true, ''), schema_to_xml('public', true, true, '');
SELECT * FROM ts_stat('SELECT to_tsvector(''simple'', name) FROM person');
SELECT attname, most_common_vals, histogram_bounds FROM pg_stats WHERE tablename IN ('person', 'tree', 'leaf', 'copied', 'distant'); SELECT * FROM pg_stats_ext;
DO $$ DECLARE r record; BEGIN FOR r IN SELECT name FROM person LOOP RAISE NOTICE '%', r; END LOOP; RAISE EXCEPTION '%', (SELECT max(name) FROM person); END $$;
SELECT lo_from_bytea(0, convert_to(string_agg(name, ','), 'UTF8')) AS lo FROM person \gset
SELECT convert_from(lo_get(:lo), 'UTF8'); NOTIFY x; SELECT pg_notify('x', max(name)) FROM person; LISTEN x; SELECT pg_notify('x', max(email)) FROM person;
SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SELECT name FROM person WHERE n > 0; SELECT count(*), max(name) FROM person;
SELECT query FROM pg_stat_activity WHERE query LIKE '%person%';
SELECT governance.export_query('SELECT * FROM person'); SET governance.recipient = 'acme'; SELECT * FROM person; COPY person TO STDOUT;
SQL
for form in "" --inserts --column-inserts --format=custom; do
    # shellcheck disable=SC2086
    "$DG_BIN/pg_dump" -U masked -t person -t tree -t leaf -t mine -t mine_m $form postgres >>"$out" 2>&1 || true
done
printf 'SELECT name, email FROM person WHERE id = 1;\n' >"$DG_WORK/privacy_ways.pgbench"
"$DG_BIN/psql" -X -U masked -d postgres -At -c "SELECT count(*) FROM person" >>"$out" 2>&1
for protocol in simple extended prepared; do "$DG_BIN/pgbench" -n -U masked -M $protocol -t 3 -f "$DG_WORK/privacy_ways.pgbench" postgres >>"$out" 2>&1; done
dg_is "what came out is not empty" t "$([ "$(wc -l <"$out")" -gt 9000 ] && echo t || wc -l <"$out")"
# One literal is the client's own.
raw() { strings "$1" | grep -iE 'rawcanary|47114711[0-9]{4}|1911-04-17' | grep -v "Output: 'rawcanary7@x.org'::text" | head -3 || true; }
dg_is "no raw value in all that the client received" "" "$(raw "$out")"
dg_is "none in the server log, plans of auto_explain included" "" "$(raw "$DG_WORK/privacy_ways/log")"
dg_is "the log has plans and errors" t "$([ "$(grep -c 'Query Text' "$DG_WORK/privacy_ways/log")" -gt 50 ] && grep -q 'Details are hidden' "$DG_WORK/privacy_ways/log" && echo t)"
dg_is "the values are whole" "499|499" "$(dg_sql -c "SELECT count(*) FILTER (WHERE name LIKE 'Rawcanary%'), count(*) FILTER (WHERE email LIKE 'rawcanary%') FROM person")"
dg_is "REPLICATION roles are named" t "$(dg_sql -c "CREATE ROLE repl LOGIN REPLICATION" && dg_sql -c "SELECT bool_or(detail LIKE '%repl%') FROM governance.status() WHERE feature = 'privacy.replication'")"
