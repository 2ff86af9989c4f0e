#!/usr/bin/env bash
# Receipts of exports and of sessions with a recipient, also where the transaction rolls back, may not write, ends with its
# session, or runs on a standby: in mode attached as lines of the server log, in mode preloaded as rows as well. And an export
# of two million rows in little memory.
. "$(dirname "$0")/../lib.sh"
dg_work
name=privacy_receipts
standby=${name}_standby
trap 'dg_stop $standby immediate; dg_stop $name immediate' EXIT
export PGOPTIONS='-c client_min_messages=warning'
setup() {
    dg_sql >/dev/null <<'SQL'
CREATE EXTENSION data_governance;
CREATE SCHEMA shop;
CREATE TABLE shop.person (id int PRIMARY KEY, mail text, note text);
CREATE TABLE shop.plain (id int);
CREATE VIEW shop.v AS SELECT mail FROM shop.person;
INSERT INTO shop.person SELECT g, 'rawcanary' || g || '@corp.de', 'n' FROM generate_series(1, 100) g;
INSERT INTO shop.plain SELECT generate_series(1, 10);
SELECT governance.tag_column('shop.person', 'mail', 'pii.contact.email');
SQL
}
# Receipts in the log, as their JSON, one a line.
logged() { sed -n 's/^.*LOG:  governance export receipt: //p' "$DG_WORK/${1:-$name}/log"; }
# A field of the last one: last JQ-PATH, as PostgreSQL reads it.
last() { dg_sql -v line="$(logged "${2:-$name}" | tail -n 1)" <<<"SELECT :'line'::jsonb #>> '$1'"; }
# verify LINE [CONTENT]: the checks of a pasted line.
verify() { dg_sql -v line="$1" -v content="${2:-}" <<<"SELECT string_agg(format('%s=%s', \"check\", ok), ' ') FROM governance.verify_receipt(:'line', nullif(:'content', ''))"; }
rows() { dg_sql -c "SELECT count(*) FROM governance.export_receipts"; }
# Waits until there are so many rows.
wait_rows() {
    for _ in $(seq 100); do
        [ "$(rows)" = "$1" ] && break
        sleep 0.1
    done
    rows
}
as_acme() { PGOPTIONS="$PGOPTIONS -c governance.recipient=acme" "$@"; }

dg_say "attached"
dg_start $name session_preload_libraries=data_governance max_prepared_transactions=5
setup
file=$DG_WORK/$name.csv
dg_sql -c "SELECT governance.export_query('SELECT * FROM shop.person ORDER BY id')" >"$file"
dg_is "psql writes the file whose hash the receipt has" "$(sha256sum "$file" | cut -d ' ' -f 1)" "$(last '{sha256}')"
dg_is "no raw value in it" 0 "$(grep -c rawcanary "$file" || true)"
dg_is "the line is verified with the file" "stored=t digest=t complete=t policy=t content=t" "$(verify "$(logged | tail -n 1)" "$(cat "$file")")"
dg_is "and with what sha256sum says" "stored=t digest=t complete=t policy=t content=t" "$(verify "$(logged | tail -n 1)" "$(sha256sum "$file")")"
dg_sql -c "BEGIN; SELECT count(*) FROM governance.export_query('SELECT 1 AS rolled_back'); ROLLBACK" >/dev/null
dg_is "rolled back: in the log, not in the table" "SELECT 1 AS rolled_back 1" "$(last '{query}') $(rows)"
dg_is "which verification says" "stored= digest=t complete=t policy=t content=" "$(verify "$(logged | tail -n 1)")"
dg_sql -c "BEGIN READ ONLY; SELECT count(*) FROM governance.export_query('SELECT 2 AS read_only'); COMMIT" >/dev/null
dg_is "READ ONLY: in the log" "SELECT 2 AS read_only 1" "$(last '{query}') $(rows)"
dg_sql -c "SELECT governance.export_query('SELECT 1 / (90 - id) FROM shop.person ORDER BY id')" >/dev/null 2>&1 || true
dg_is "an error on the way: the log has what had left" "failed" "$(last '{outcome}')"
(dg_sql -c "SELECT pg_backend_pid(), governance.export_query('SELECT id, pg_sleep(0.05) FROM shop.person')" >/dev/null 2>&1 || true) &
sleep 1
dg_sql -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()" >/dev/null
wait $!
dg_is "a session that was ended" "failed SELECT id, pg_sleep(0.05) FROM shop.person" "$(last '{outcome}') $(last '{query}')"
dg_sql >/dev/null <<'SQL'
SELECT count(*) FROM governance.export_query('SELECT * FROM shop.person');
CREATE TABLE back (LIKE shop.person);
CREATE TABLE odd (a text, b text); INSERT INTO odd VALUES (E'tab\there', E'line\nfeed'), (NULL, ''), ('\N', E'back\\slash\r'), ('\.', E'\b\f\v'); CREATE TABLE odd_back (LIKE odd);
SQL
dg_sql -c "SELECT governance.export_query('SELECT * FROM odd', 'copy')" | dg_sql -c "COPY odd_back FROM STDIN"
dg_is "COPY FROM reads what format copy writes" 0 "$(dg_sql -c "SELECT count(*) FROM ((TABLE odd EXCEPT ALL TABLE odd_back) UNION ALL (TABLE odd_back EXCEPT ALL TABLE odd)) d")"
dg_sql -c "TRUNCATE odd_back"
dg_sql -c "SELECT governance.export_query('SELECT * FROM odd', 'csv')" >"$file"
dg_sql -c "COPY odd_back FROM STDIN (FORMAT csv, HEADER)" <"$file"
dg_is "and csv" 0 "$(dg_sql -c "SELECT count(*) FROM ((TABLE odd EXCEPT ALL TABLE odd_back) UNION ALL (TABLE odd_back EXCEPT ALL TABLE odd)) d")"

dg_say "sessions with a recipient"
before=$(rows)
as_acme dg_sql -c "SELECT * FROM shop.v WHERE mail <> ''" >"$file"
dg_is "SELECT: masked" "0 100" "$(grep -c rawcanary "$file" || true) $(wc -l <"$file")"
dg_is "and a receipt" 'session acme 100 [{"kind": "select", "rows": 100, "times": 1, "relations": ["shop.person"]}] mail' \
    "$(last '{kind}') $(last '{recipient}') $(last '{row_count}') $(last '{statements}') $(last '{masked,0,column}')"
dg_is "a row, too" $((before + 1)) "$(rows)"
dg_is "it is verified" "stored=t digest=t complete=t policy=t content=" "$(verify "$(logged | tail -n 1)")"
as_acme dg_sql -c "COPY shop.person TO STDOUT" >"$file"
dg_is "COPY of a table: masked, and hashed" "0 copy 100 $(sha256sum "$file" | cut -d ' ' -f 1)" "$(grep -c rawcanary "$file" || true) $(last '{statements,0,kind}') $(last '{row_count}') $(last '{sha256}')"
dg_is "the file is verified" "stored=t digest=t complete=t policy=t content=t" "$(verify "$(logged | tail -n 1)" "$(cat "$file")")"
dg_sql -c "CREATE FUNCTION caught(i int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1 / (i % 2); EXCEPTION WHEN division_by_zero THEN RETURN 0; END'"
as_acme dg_sql -c "COPY (SELECT caught(id), mail FROM shop.person) TO STDOUT" >"$file"
dg_is "hashed to the end when a function catches an error" "$(sha256sum "$file" | cut -d ' ' -f 1)" "$(last '{sha256}')"
before=$(logged | wc -l)
dg_sql -c "SELECT governance.export_query('SELECT caught(id) FROM shop.person')" >"$file"
dg_is "an export, too, and one line" "$((before + 1)) complete $(sha256sum "$file" | cut -d ' ' -f 1)" "$(logged | wc -l) $(last '{outcome}') $(last '{sha256}')"
as_acme dg_sql -c "BEGIN; COPY (SELECT id, 1 / (50 - id) FROM shop.person) TO STDOUT; ROLLBACK" >/dev/null 2>&1 || true
dg_is "a COPY that fails leaves the session as it was" "ok" "$(as_acme dg_sql -c "BEGIN" -c "SAVEPOINT s" -v ON_ERROR_STOP=0 -c "COPY (SELECT 1 / (50 - id) FROM shop.person) TO STDOUT" -c "ROLLBACK TO s" -c "SELECT 'ok'" 2>/dev/null | tail -n 1)"
as_acme dg_sql -c "COPY (SELECT note FROM shop.person LIMIT 7) TO STDOUT" >/dev/null
dg_is "COPY of a query, what was read raw" 'copy 7 ["shop.person"] {"shop.person": ["note"]}' "$(last '{statements,0,kind}') $(last '{row_count}') $(last '{statements,0,relations}') $(last '{read}')"
as_acme dg_sql -c "COPY shop.plain TO STDOUT" >/dev/null
dg_is "COPY of a table without tags" '10 ["shop.plain"]' "$(last '{row_count}') $(last '{statements,0,relations}')"
as_acme dg_sql -c "BEGIN; DECLARE c CURSOR FOR SELECT mail FROM shop.person; FETCH 3 FROM c; FETCH 4 FROM c; SELECT id FROM shop.plain; ROLLBACK" >/dev/null
dg_is "cursors, in a transaction that rolls back" 'uncommitted 17 [{"kind": "cursor", "rows": 7, "times": 2, "relations": ["shop.person"]}, {"kind": "select", "rows": 10, "times": 1, "relations": ["shop.plain"]}]' \
    "$(last '{outcome}') $(last '{row_count}') $(last '{statements}')"
as_acme dg_sql -c "BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT mail FROM shop.person; FETCH 3 FROM c; COMMIT" -c "FETCH ALL FROM c" -c "SELECT count(*) FROM pg_class" >/dev/null
dg_is "a cursor that outlives its transaction: all of it counts there" 'complete 100' "$(last '{outcome}') $(last '{row_count}')"
as_acme dg_sql -c "PREPARE p AS SELECT mail FROM shop.person LIMIT 1" -c "EXECUTE p" -c "EXECUTE p" >/dev/null
dg_is "a plan that was made before" 'mail 1' "$(last '{masked,0,column}') $(last '{row_count}')"
as_acme dg_sql -c "UPDATE shop.plain SET id = id WHERE id < 4 RETURNING id" >/dev/null
dg_is "RETURNING" '[{"kind": "returning", "rows": 3, "times": 1, "relations": ["shop.plain"]}]' "$(last '{statements}')"
as_acme dg_sql -c "DO 'BEGIN PERFORM mail FROM shop.person; END'" >/dev/null
dg_is "what a function reads and keeps" '0 mail' "$(last '{row_count}') $(last '{masked,0,column}')"
before=$(rows)
as_acme dg_sql -c "BEGIN; SELECT mail FROM shop.person; SELECT count(*) FROM governance.export_query('SELECT 5'); PREPARE TRANSACTION 'p'" >/dev/null
dg_sql -c "COMMIT PREPARED 'p'"
dg_is "a prepared transaction takes the rows along" $((before + 2)) "$(rows)"
as_acme dg_sql -c "EXPLAIN SELECT 1 FROM shop.person" -c "SELECT 1 FROM pg_class" -c "SELECT count(*) FROM governance.levels" >/dev/null
before=$(logged | wc -l)
as_acme dg_sql -c "EXPLAIN SELECT 1 FROM shop.person" >/dev/null
as_acme dg_sql -c "SELECT count(*) FROM pg_class" >/dev/null
dg_is "EXPLAIN and catalogs leave none" "$before" "$(logged | wc -l)"
as_acme "$DG_BIN/pg_dump" -n shop postgres >"$file"
dg_is "pg_dump: masked, and a line in the log" '0 110 uncommitted session pg_dump' "$(grep -c rawcanary "$file" || true) $(last '{row_count}') $(last '{outcome}') $(last '{kind}') $(last '{application}')"
as_acme "$DG_BIN/pg_dump" --inserts -n shop postgres >"$file"
dg_is "pg_dump --inserts" '0 110' "$(grep -c rawcanary "$file" || true) $(last '{row_count}')"
before=$(logged | wc -l)
dg_sql -c "SELECT count(*) FROM shop.person" >/dev/null
dg_is "a session without a recipient leaves none" "$before" "$(logged | wc -l)"
if command -v jq >/dev/null; then
    dg_is "the digest can be computed without the server" "$(logged | jq -r .digest)" \
        "$(logged | while read -r line; do printf '%s' "$line" | jq -cjS 'del(.digest)' | sha256sum | cut -d ' ' -f 1; done)"
fi
dg_is "no raw value in the log" 0 "$(grep -c rawcanary "$DG_WORK/$name/log" || true)"

dg_say "two million rows"
dg_sql >"$DG_WORK/$name.memory" <<'SQL'
CREATE FUNCTION peak() RETURNS bigint LANGUAGE sql AS $$SELECT substring(pg_read_file('/proc/self/status') FROM 'VmHWM:\s+(\d+)')::bigint$$;
SELECT count(*) FROM governance.export_query('SELECT 1');
SELECT peak() AS before \gset
\o /dev/null
\set FETCH_COUNT 1000
SELECT governance.export_query('SELECT g, ''a'' || g AS a, repeat(''x'', 40) AS x FROM generate_series(1, 2000000) g') AS line;
\unset FETCH_COUNT
\o
SELECT peak() - :before < 64 * 1024, peak() - :before;
SELECT row_count FROM governance.export_receipts ORDER BY id DESC LIMIT 1;
SQL
dg_is "the session grew by less than 64 MB" t "$(sed -n 2p "$DG_WORK/$name.memory" | cut -d '|' -f 1)"
printf 'it grew by %s kB\n' "$(sed -n 2p "$DG_WORK/$name.memory" | cut -d '|' -f 2)"
dg_is "all rows" 2000000 "$(sed -n 3p "$DG_WORK/$name.memory")"
dg_stop $name

dg_say "preloaded"
dg_start $name shared_preload_libraries=data_governance
setup
dg_sql -c "BEGIN; SELECT count(*) FROM governance.export_query('SELECT 1 AS rolled_back'); ROLLBACK" >/dev/null
dg_is "rolled back: the worker writes the row" 1 "$(wait_rows 1)"
dg_is "the line is that row" "stored=t digest=t complete=t policy=t content=" "$(verify "$(logged | tail -n 1)")"
dg_sql -c "BEGIN READ ONLY; SELECT count(*) FROM governance.export_query('SELECT 2 AS read_only'); COMMIT" >/dev/null
dg_is "READ ONLY" 2 "$(wait_rows 2)"
as_acme "$DG_BIN/pg_dump" -n shop postgres >"$file"
dg_is "pg_dump for a recipient" "3 110" "$(wait_rows 3) $(dg_sql -c "SELECT row_count FROM governance.export_receipts ORDER BY id DESC LIMIT 1")"
dg_sql -c "SELECT count(*) FROM governance.export_query('SELECT 3 AS committed')" >/dev/null
sleep 1
dg_is "a committed one has one row" 4 "$(rows)"
dg_sql -c "BEGIN; SAVEPOINT s; SELECT count(*) FROM governance.export_query('SELECT 4'); ROLLBACK TO s; COMMIT" >/dev/null
dg_is "so has one whose savepoint was rolled back" 5 "$(wait_rows 5)"
dg_sql -v long="SELECT '$(head -c 20000 /dev/zero | tr '\0' x)' AS long" <<<"BEGIN; SELECT count(*) FROM governance.export_query(:'long'); ROLLBACK" >/dev/null
for _ in $(seq 100); do
    lost=$(dg_sql -c "SELECT coalesce(sum(lost), 0) FROM governance.export_receipt_gap")
    [ "$lost" = 1 ] && break
    sleep 0.1
done
dg_is "one too long for the worker is a counted gap" "1 5" "$lost $(rows)"
dg_is "and status() says so" 1 "$(dg_sql -c "SELECT count(*) FROM governance.status() WHERE feature = 'privacy.receipts' AND detail LIKE '%1 are in the log only%'")"
dg_is "and it is whole in the log" "stored= digest=t complete=t policy=t content=" "$(verify "$(logged | tail -n 1)")"

dg_say "standby"
dg_as rm -rf "$DG_WORK/$standby"
dg_as mkdir -p "$DG_WORK/$standby"
dg_as "$DG_BIN/pg_basebackup" -h "$PGHOST" -U postgres -D "$DG_WORK/$standby/data" -R -c fast
echo "unix_socket_directories = '$DG_WORK/$standby'" | dg_as tee -a "$DG_WORK/$standby/data/postgresql.conf" >/dev/null
dg_up $standby
dg_is "an export on a standby is masked" 0 "$(dg_sql -c "SELECT governance.export_query('SELECT * FROM shop.person')" | grep -c rawcanary || true)"
dg_is "its receipt is in the log" "complete 100" "$(last '{outcome}' $standby) $(last '{row_count}' $standby)"
as_acme dg_sql -c "SELECT mail FROM shop.person" >/dev/null
dg_is "and of a session with a recipient" "complete 100" "$(last '{outcome}' $standby) $(last '{row_count}' $standby)"
