#!/usr/bin/env bash
# pg_dump under a masked role: no raw value leaves, the dump restores, and keyed pseudonyms stay equal; then the same with
# the key gone, and the way out.
. "$(dirname "$0")/../lib.sh"
dg_work
key=$DG_WORK/privacy_dump.key
dg_as sh -c "head -c 32 /dev/urandom >'$key' && chmod 600 '$key'"
dg_start privacy_dump "governance.key_file=$key" session_preload_libraries=data_governance
trap 'dg_stop privacy_dump' EXIT
dg_sql -c "SET client_min_messages = warning; CREATE EXTENSION data_governance"
dg_sql >/dev/null <<'SQL'
CREATE ROLE masked LOGIN;
CREATE SCHEMA shop;
CREATE TABLE shop.person (id int PRIMARY KEY, "E.mail" text, ssn varchar(40), gone int, total numeric GENERATED ALWAYS AS (id * 2) STORED);
ALTER TABLE shop.person DROP COLUMN gone;
CREATE TABLE shop.log (ssn text, at int) PARTITION BY RANGE (at);
CREATE TABLE shop.log1 PARTITION OF shop.log FOR VALUES FROM (0) TO (100000);
INSERT INTO shop.person SELECT g, 'rawcanary' || g || '@x.org', 'RAWCANARY' || g FROM generate_series(1, 20000) g;
INSERT INTO shop.log SELECT 'RAWCANARY' || g, g FROM generate_series(1, 1000) g;
GRANT USAGE ON SCHEMA shop TO masked;
GRANT SELECT ON ALL TABLES IN SCHEMA shop TO masked;
SELECT governance.tag_column('shop.person', 'E.mail', 'pii.contact.email'), governance.tag_column('shop.person', 'ssn', 'pii.national_id'),
       governance.tag_column('shop.log', 'ssn', 'pii.national_id');
SELECT governance.set_mask('pii.national_id', 'pseudonym', reason => 'test');
SELECT governance.mask_role('masked');
SQL
dg_is "a key was made, wrapped" "1|48" "$(dg_sql -c "SELECT count(*), max(length(wrapped)) FROM governance.key")"
for form in "" "--inserts" "--format=custom"; do
    # shellcheck disable=SC2086
    "$DG_BIN/pg_dump" -U masked -n shop $form postgres >"$DG_WORK/privacy_dump.out"
    dg_is "pg_dump ${form:-(COPY)}: raw values" 0 "$(strings "$DG_WORK/privacy_dump.out" | grep -ci rawcanary || true)"
done
"$DG_BIN/pg_dump" -U masked -n shop postgres >"$DG_WORK/privacy_dump.out"
"$DG_BIN/pg_dump" -n shop postgres >"$DG_WORK/privacy_dump.raw"
dg_is "a dump by the superuser is raw" 21000 "$(grep -c RAWCANARY "$DG_WORK/privacy_dump.raw")"
dg_sql -c "CREATE DATABASE other"
dg_sql -d other -f "$DG_WORK/privacy_dump.out" >/dev/null
dg_is "it restores, and pseudonyms join" "20000|1000" \
    "$(dg_sql -d other -c "SELECT (SELECT count(*) FROM shop.person), (SELECT count(*) FROM shop.person JOIN shop.log USING (ssn))")"
dg_is "pseudonyms are 32 hexadecimal digits" t \
    "$(dg_sql -d other -c "SELECT bool_and(ssn ~ '^[0-9a-f]{32}$') FROM shop.person")"
dg_is "in parallel workers too" 0 "$(dg_sql -U masked -c "SET force_parallel_mode = on; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SELECT count(*) FROM shop.person WHERE ssn LIKE 'RAW%' OR \"E.mail\" LIKE 'raw%'")"
dg_is "two recipients cannot join" 0 "$(dg_sql <<'SQL'
CREATE TEMP TABLE a AS SELECT * FROM governance.export_query('SELECT ssn FROM shop.log', recipient => 'a');
CREATE TEMP TABLE b AS SELECT * FROM governance.export_query('SELECT ssn FROM shop.log', recipient => 'b');
SELECT count(*) FROM a JOIN b USING (export_query) WHERE export_query <> 'ssn';
SQL
)"
dg_is "the receipt's hash is the file's" "$(dg_sql -c "COPY (SELECT * FROM governance.export_query('SELECT id FROM shop.person WHERE id < 4')) TO STDOUT" | sha256sum | cut -c1-64)" \
    "$(dg_sql -c "SELECT sha256 FROM governance.export_receipts ORDER BY id DESC LIMIT 1")"
dg_as rm "$key"
dg_is "without the wrapping key keyed masks are NULL" 0 "$(dg_sql -U masked -c "SELECT count(ssn) FROM shop.person")"
dg_is "neither key nor its file's content is in the log" 0 "$(grep -ci "wrapped" "$DG_WORK/privacy_dump/log" || true)"
dg_is "another session learns of a new mask at once" "" "$(dg_sql -c "SELECT governance.set_mask('pii.contact.email', 'null')" && dg_sql -U masked -c 'SELECT "E.mail" FROM shop.person LIMIT 1')"
# Attached by postgresql.conf here, so that is where it ends.
sed "s/^session_preload_libraries/# &/" "$DG_WORK/privacy_dump/data/postgresql.conf" | dg_as tee "$DG_WORK/privacy_dump/conf" >/dev/null
dg_as cp "$DG_WORK/privacy_dump/conf" "$DG_WORK/privacy_dump/data/postgresql.conf"
dg_sql -c "SELECT pg_reload_conf()" >/dev/null
sleep 1
dg_sql -c "DROP EXTENSION data_governance CASCADE" 2>/dev/null
dg_is "after DROP EXTENSION tables are as before" "RAWCANARY1" "$(dg_sql -U masked -c "SELECT ssn FROM shop.person WHERE id = 1")"
