#!/usr/bin/env bash
# What no SQL suite can show about the column-read ledger: several sessions, the end of a session, crashes, standbys, dumps.
. "$(dirname "$0")/../lib.sh"
name=change_readers
dg_start $name max_prepared_transactions=10 wal_level=replica max_wal_senders=5 hot_standby=on autovacuum=off
trap 'dg_stop ${name}_standby immediate; dg_stop $name immediate' EXIT
export PGOPTIONS='-c client_min_messages=warning'
run() { dg_sql -d shop "$@" 2>&1 || true; }
dg_sql -c 'CREATE DATABASE shop'
run >/dev/null <<'SQL'
CREATE TABLE public.t (id int PRIMARY KEY, email text, name text, phone text);
CREATE TABLE public.u (id int PRIMARY KEY, note text);
INSERT INTO t SELECT i, 'e', 'n', 'p' FROM generate_series(1, 100) i;
INSERT INTO u SELECT i, 'u' FROM generate_series(1, 100) i;
CREATE EXTENSION data_governance;
SELECT governance.attach();
SQL
run -c "SELECT governance.declare_party('team'), governance.declare_dataset('t', 'team')" >/dev/null
# Of a column: how often it was read, as the ledger has it written.
written() { run -c "SELECT coalesce(sum(reads), 0) FROM governance.column_read WHERE column_name = '$1'"; }
observed() { run -c "SELECT o ->> '$2' FROM governance._reads_observed('public.t', '$1') o"; }
# A session that stays: say_N sends to it, and returns when it has answered.
open_session() {
    local n=$1
    shift
    mkfifo "$dir/in$n"
    : >"$dir/out$n"
    "$DG_BIN/psql" -X -q -A -t -d shop "$@" <"$dir/in$n" >"$dir/out$n" 2>&1 &
    eval "pid$n=$!"
    eval "exec $((n + 10))>$dir/in$n"
}
say() {
    local n=$1
    echo "$2;" >&$((n + 10))
    echo "\\echo done-$((++turn))" >&$((n + 10))
    for _ in $(seq 400); do
        grep -q "^done-$turn\$" "$dir/out$n" && return
        sleep 0.05
    done
    dg_fail "session $n does not answer: $(tail -3 "$dir/out$n")"
}
close_session() {
    eval "exec $(($1 + 10))>&-"
    eval "wait \$pid$1" || true
}
turn=0
dir=$(mktemp -d)

dg_say "the end of a session"
dg_is "it was watched from the commit of the declaration" 1 "$(run -c 'SELECT count(*) FROM governance.read_watch')"
run -c "SELECT email FROM t WHERE id = 1" >/dev/null
dg_is "written at the end" 1 "$(written email)"
run -c "BEGIN" -c "SELECT email FROM t WHERE id = 1" >/dev/null
dg_is "in an open transaction too" 2 "$(written email)"
run -c "SET default_transaction_read_only = on" -c "SELECT email FROM t WHERE id = 1" >/dev/null
dg_is "in a read-only session too" 3 "$(written email)"
run -c "SET default_transaction_isolation = serializable" -c "SELECT email FROM t WHERE id = 1" -c "SELECT 1/0" >/dev/null
dg_is "after an error too" 4 "$(written email)"
open_session 1
say 1 "SELECT name FROM t WHERE id = 1"
say 1 "BEGIN; UPDATE u SET note = 'z' WHERE id = 1"
backend=$(run -c "SELECT pid FROM pg_stat_activity WHERE state = 'idle in transaction'")
dg_is "others see who holds unwritten reads" "[$backend]" "$(observed name unwritten)"
dg_is "by relation" "[$backend]" "$(observed email unwritten)"
dg_is "nobody does of another" "[]" "$(run -c "SELECT o ->> 'unwritten' FROM governance._reads_observed('public.u') o")"
run -c "SELECT pg_terminate_backend($backend, 5000)" >/dev/null
dg_is "when it is terminated" 1 "$(written name)"
dg_is "and nobody holds any more" "[]" "$(observed name unwritten)"
close_session 1

dg_say "a while later, and with a transaction that writes"
open_session 2
say 2 "SET governance.read_flush_after = 2"
say 2 "SELECT phone FROM t WHERE id = 1"
say 2 "SELECT phone FROM t WHERE id = 1"
dg_is "not at once" 0 "$(written phone)"
sleep 2.2
say 2 "SELECT 1"
dg_is "a while later, with any statement" 2 "$(written phone)"
say 2 "SET governance.read_flush_after = 600"
say 2 "SELECT phone FROM t WHERE id = 1"
say 2 "UPDATE u SET note = 'y' WHERE id = 2"
dg_is "not with each transaction that writes" 2 "$(written phone)"
say 2 "SET governance.read_flush_after = 6"
sleep 1.1
say 2 "UPDATE u SET note = 'x' WHERE id = 2"
dg_is "but with one that does after a sixth of that time" 3 "$(written phone)"
say 2 "SET governance.read_flush_after = 0"

dg_say "in nobody's way"
open_session 3
say 3 "BEGIN; LOCK TABLE governance.column_read IN ACCESS EXCLUSIVE MODE"
say 2 "SELECT phone FROM t WHERE id = 1"
say 2 "UPDATE u SET note = 'w' WHERE id = 2"
dg_is "a locked ledger holds up nobody" "w" "$(run -c 'SELECT note FROM u WHERE id = 2')"
say 3 "COMMIT"
say 2 "SELECT 1"
dg_is "and gets its rows afterwards" 4 "$(written phone)"
say 3 "BEGIN; ALTER TABLE t RENAME phone TO tel"
say 2 "SET governance.read_flush_after = 600"
say 3 "ROLLBACK"
say 2 "SELECT phone FROM t WHERE id = 1"
say 3 "BEGIN; ALTER TABLE t RENAME phone TO tel"
say 2 "SET governance.read_flush_after = 0"
say 2 "UPDATE u SET note = 'v' WHERE id = 2"
dg_is "what is being renamed waits" 4 "$(written phone)"
say 3 "COMMIT"
say 2 "SELECT 1"
dg_is "and is written by its new name" "0 5" "$(written phone) $(written tel)"
run -c "ALTER TABLE t RENAME tel TO phone" >/dev/null

dg_say "prepared transactions, procedures that commit"
say 2 "BEGIN; SELECT name FROM t WHERE id = 2; UPDATE u SET note = 'p' WHERE id = 3"
before=$(written name)
say 2 "PREPARE TRANSACTION 'one'"
say 2 "SELECT 1"
dg_is "a prepared transaction keeps nothing back" $((before + 1)) "$(written name)"
run -c "ROLLBACK PREPARED 'one'" >/dev/null
say 2 "DO \$\$ BEGIN FOR i IN 1..3 LOOP PERFORM name FROM t WHERE id = i; UPDATE u SET note = 'q' WHERE id = i; COMMIT; END LOOP; END \$\$"
dg_is "commits inside a block" $((before + 4)) "$(written name)"
dg_is "without a word in the log" 0 "$(grep -c 'ledger could not be written' "$DG_WORK/$name/log" || true)"
close_session 3

dg_say "serializable and repeatable read, the same keys, readers of the ledger among them"
before=$(written email)
cat >"$dir/ser.sql" <<'SQL'
SET governance.read_flush_after = 0;
SELECT set_config('governance.reason', 'x', false) \gset
BEGIN ISOLATION LEVEL :level;
SELECT count(email) FROM t WHERE id < 20 \gset
SELECT count(*) FROM governance.column_readers \gset
SELECT count(*) FROM u WHERE id = :me \gset
UPDATE u SET note = note || 'x' WHERE id = :me;
SELECT count(*) FROM governance.column_readers \gset
COMMIT;
SQL
for me in 11 12 13 14; do
    level=SERIALIZABLE
    [ $me = 14 ] && level='REPEATABLE READ'
    for _ in $(seq 25); do cat "$dir/ser.sql"; done | "$DG_BIN/psql" -X -q -A -t -d shop -v level="$level" -v me=$me >"$dir/ser$me.out" 2>&1 &
    eval "ser$me=$!"
done
for me in 11 12 13 14; do eval "wait \$ser$me"; done
dg_is "nobody failed" "" "$(grep -h ERROR "$dir"/ser*.out | sort | uniq -c || true)"
dg_is "nothing is lost" $((before + 100)) "$(written email)"

dg_say "merging"
rows=$(run -c 'SELECT count(*) FROM governance.column_read')
sums() { run -c 'SELECT md5(string_agg(r::text, chr(10) ORDER BY r::text)) FROM governance.column_readers r'; }
sum=$(sums)
dg_is "merging takes all rows" "$rows" "$(run -c 'SELECT governance._merge_reads()')"
dg_is "and changes no answer" "$sum" "$(sums)"
dg_is "but leaves one row for each reader" t "$(run -c "SELECT count(*) = (SELECT count(*) FROM governance.column_readers) FROM governance.column_read")"
open_session 4
say 4 "BEGIN; SELECT governance._merge_reads()"
say 2 "UPDATE u SET note = email FROM t WHERE u.id = 5 AND t.id = 5"
dg_is "writers do not wait for it" e "$(run -c 'SELECT note FROM u WHERE id = 5')"
say 4 "COMMIT"
close_session 4

dg_say "other libraries, EXPLAIN"
dg_is "auto_explain copes" "e 1" "$(run -c "LOAD 'auto_explain'" -c "SET auto_explain.log_min_duration = 0" -c "SET auto_explain.log_analyze = on" -c "PREPARE p AS SELECT email FROM t WHERE id = 1" -c "SET plan_cache_mode = force_generic_plan" -c "EXECUTE p" -c "SELECT reads FROM governance.column_readers WHERE column_name = 'email' AND application = 'x'" -c "SET application_name = 'x'" -c "EXECUTE p" -c "SELECT reads FROM governance.column_readers WHERE column_name = 'email' AND application = 'x'" | tail -2 | tr '\n' ' ' | sed 's/ $//')"

dg_say "the kill switch"
conf() { echo "$1" | dg_as tee -a "$DG_WORK/$name/data/postgresql.conf" >/dev/null; run -c 'SELECT pg_reload_conf()' >/dev/null; sleep 0.5; }
say 2 "PREPARE q AS SELECT name FROM t WHERE id = 1; EXECUTE q"
conf 'governance.enabled = off'
say 2 "EXECUTE q"
dg_is "off: nothing is observed" "" "$(observed name since)"
conf 'governance.enabled = on'
before=$(written name)
say 2 "EXECUTE q"
dg_is "on: what was planned meanwhile counts again" $((before + 1)) "$(written name)"
off_until() { run -c "SELECT g ->> 'ended' FROM governance._reads_observed('public.t') o, jsonb_array_elements(o -> 'gaps') g WHERE g ->> 'cause' = 'governance.enabled was off'"; }
dg_is "and there is a gap, which is told" t "$(run -c "SELECT o -> 'gaps' @> '[{\"cause\": \"governance.enabled was off\"}]' FROM governance._reads_observed('public.t') o")"

close_session 2
# By the server alone, so that no session is there when it changes.
switch() {
    echo "governance.enabled = $1" | dg_as tee -a "$DG_WORK/$name/data/postgresql.conf" >/dev/null
    dg_as "$DG_BIN/pg_ctl" -D "$DG_WORK/$name/data" reload >/dev/null
    sleep 0.5
}
first=$(off_until)
switch off
run -c "SELECT phone FROM t WHERE id = 1" >/dev/null
read=$(run -c 'SELECT clock_timestamp()')
switch on
until=$(off_until)
dg_is "no session lasted, and it is told until when" t "$(run -c "SELECT '$until'::timestamptz > '$first' AND '$until'::timestamptz BETWEEN '$read'::timestamptz - interval '1 s' AND '$read'::timestamptz + interval '2 s'")"
dg_is "once only" "$until" "$(off_until)"
switch off
run -c "SET default_transaction_read_only = on" -c "BEGIN" -c "SELECT phone FROM t WHERE id = 1" -c "SELECT 1/0" >/dev/null
dg_stop $name
echo 'governance.enabled = on' | dg_as tee -a "$DG_WORK/$name/data/postgresql.conf" >/dev/null
dg_up $name
dg_is "across a restart too, and of a transaction that only read and failed" t "$(run -c "SELECT '$(off_until)'::timestamptz > '$until'")"

dg_say "older sessions"
dg_sql -d shop -c "SELECT governance.detach('drill')" >/dev/null
dg_is "detached: nothing is observed" "" "$(observed name since)"
open_session 5
say 5 "SELECT 1"
dg_sql -d shop -c "SELECT governance.attach()" >/dev/null
dg_is "sessions older than attach() are a gap" t "$(run -c "SELECT (o -> 'gaps')::text LIKE '%older than attach()%' AND o ->> 'without_gap_since' IS NULL FROM governance._reads_observed('public.t') o")"
close_session 5
dg_is "until they have gone" t "$(run -c "SELECT (o ->> 'without_gap_since')::timestamptz >= (SELECT attached_at FROM governance.attachment) FROM governance._reads_observed('public.t') o")"

dg_say "dump and restore"
run -c "SELECT email FROM t WHERE id = 1" >/dev/null
sum=$(sums)
"$DG_BIN/pg_dump" -d shop -f "$dir/dump.sql"
dg_is "pg_dump is a reader like others" "email id name phone" "$(run -c "SELECT string_agg(column_name, ' ' ORDER BY 1) FROM (SELECT column_name FROM governance.column_readers WHERE application = 'pg_dump' AND evidence = 'copy' ORDER BY 1) x")"
dg_sql -c 'CREATE DATABASE copy'
dg_sql -d copy -f "$dir/dump.sql" >/dev/null 2>"$dir/restore.err"
dg_is "restored without errors" "" "$(grep -i error "$dir/restore.err" || true)"
dg_is "what was read is known in the copy" "$sum" "$(dg_sql -d copy -c "SELECT md5(string_agg(r::text, chr(10) ORDER BY r::text)) FROM governance.column_readers r WHERE application <> 'pg_dump'")"
dg_is "but it is not observed there" "" "$(dg_sql -d copy -c "SELECT o ->> 'since' FROM governance._reads_observed('public.t') o")"

dg_say "a standby"
dg_as rm -rf "$DG_WORK/${name}_standby"
dg_as mkdir -p "$DG_WORK/${name}_standby"
dg_as "$DG_BIN/pg_basebackup" -h "$DG_WORK/$name" -U postgres -D "$DG_WORK/${name}_standby/data" -R -c fast -d 'application_name=far_away'
printf "unix_socket_directories = '%s'\n" "$DG_WORK/${name}_standby" | dg_as tee -a "$DG_WORK/${name}_standby/data/postgresql.conf" >/dev/null
primary=$PGHOST
dg_up ${name}_standby
standby=$PGHOST
export PGHOST=$primary
there() { PGHOST=$standby run "$@"; }
dg_is "reading works there" "e" "$(there -c 'SET governance.read_flush_after = 0' -c 'SELECT email FROM t WHERE id = 1')"
dg_is "the ledger can be asked there" "t" "$(there -c 'SELECT count(*) > 0 FROM governance.column_readers')"
dg_is "a session sees its own reads" "1" "$(there -c "SET application_name = 'far'" -c "SELECT count(email) FROM t" -c "SELECT reads FROM governance.column_readers WHERE application = 'far' AND column_name = 'email'" | tail -1)"
dg_is "the primary names the gap" t "$(run -c "SELECT (o -> 'gaps')::text LIKE '%standbys%' FROM governance._reads_observed('public.t') o")"
dg_is "nothing failed there" "" "$(grep -E 'ERROR|FATAL|PANIC' "$DG_WORK/${name}_standby/log" || true)"
dg_stop ${name}_standby immediate

dg_say "kill -9"
before=$(run -c "SELECT (o ->> 'without_gap_since') FROM governance._reads_observed('public.t') o")
open_session 6
say 6 "SELECT email FROM t WHERE id = 1"
killed=$(run -c "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")
dg_as kill -9 "$killed"
close_session 6
for _ in $(seq 100); do [ "$(run -c 'SELECT 1')" = 1 ] && break || sleep 0.1; done
dg_is "a crash is a gap" t "$(run -c "SELECT (o -> 'gaps')::text LIKE '%crashed%' AND (o ->> 'without_gap_since')::timestamptz > '$before' FROM governance._reads_observed('public.t') o")"

dg_say "preloaded, and a database without the extension"
conf "shared_preload_libraries = 'pg_stat_statements, data_governance'"
dg_stop $name
dg_up $name
run -c "SET application_name = 'pre'" -c "SELECT email FROM t WHERE id = 1" >/dev/null
dg_is "preloaded, beside pg_stat_statements" 1 "$(run -c "SELECT reads FROM governance.column_readers WHERE application = 'pre' AND column_name = 'email'")"
dg_is "nothing where nothing is governed" 1 "$(dg_sql -c 'CREATE TABLE x AS SELECT 1 AS a' -c 'SELECT a FROM x' -c 'DROP TABLE x')"
dg_is "after DROP EXTENSION all goes on" "e" "$(run -c "SELECT email FROM t WHERE id = 1" -c "SELECT governance.detach('drill')" -c "DROP EXTENSION data_governance CASCADE" -c "SELECT email FROM t WHERE id = 1" | tail -1)"
dg_is "nothing crashed but what was killed" 1 "$(grep -cE 'PANIC|terminated by signal' "$DG_WORK/$name/log" || true)"
dg_is "no assertion of ours, no warning about locks" "" "$(grep -E 'you don.t own a lock|XX000|panicked' "$DG_WORK/$name/log" || true)"
