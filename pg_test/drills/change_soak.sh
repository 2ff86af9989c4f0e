#!/usr/bin/env bash
# The gate asks the column-read ledger: who has read what goes within the window of its class closes it, whoever may hold
# unwritten reads does too, and a whole window without readers opens it without a waiver.
. "$(dirname "$0")/../lib.sh"
name=change_soak
dg_start $name autovacuum=off
trap 'dg_stop $name immediate' EXIT
export PGOPTIONS='-c client_min_messages=warning'
run() { dg_sql -d shop "$@" 2>&1 || true; }
dg_sql -c 'CREATE DATABASE shop'
run >/dev/null <<'SQL'
CREATE TABLE public.t (id int PRIMARY KEY, email text, phone text, fax text, pager text, spare text);
CREATE TABLE public.gone (id int PRIMARY KEY, note text);
INSERT INTO t SELECT i, 'e', 'p', 'f', 'g', 's' FROM generate_series(1, 100) i;
CREATE VIEW public.v AS SELECT id, phone FROM t;
CREATE EXTENSION data_governance;
SELECT governance.attach();
SQL
run -c "SELECT governance.declare_party('team'), governance.declare_dataset('t', 'team', 'transactional'), governance.declare_dataset('gone', 'team', 'transactional')" >/dev/null
window() { run -c "SELECT governance.set_change_window('transactional', soak => '$1', reason => 'drill')" >/dev/null; }
# Proposes and approves; prints the number.
approved() {
    local id
    id=$(run -c "SELECT governance.propose_change('$1', 'unused')")
    run -c "SELECT governance.approve_change($id, 'agreed')" >/dev/null
    echo "$id"
}
proof() { run -c "SELECT governance.certificate($1) ->> '${2:-readers}'"; }
state() { run -c "SELECT state FROM governance.change WHERE id = $1"; }
advance() { run -c "CALL governance.advance_change($1)"; }
turn=0
dir=$(mktemp -d)
say() {
    echo "$1;" >&10
    echo "\\echo done-$((++turn))" >&10
    for _ in $(seq 400); do
        grep -q "^done-$turn\$" "$dir/out" && return
        sleep 0.05
    done
    dg_fail "the session does not answer: $(tail -3 "$dir/out")"
}
open_session() {
    rm -f "$dir/in"
    mkfifo "$dir/in"
    "$DG_BIN/psql" -X -q -A -t -d shop <"$dir/in" >"$dir/out" 2>&1 &
    session=$!
    exec 10>"$dir/in"
}
close_session() {
    exec 10>&-
    wait $session || true
}

dg_say "a window that is not over"
window '1 day'
fax=$(approved 'ALTER TABLE t DROP COLUMN fax')
dg_is "approved without a waiver" approved "$(state "$fax")"
dg_is "watched, but not for long enough" not_observed "$(proof "$fax")"
dg_is "so the gate is closed" 1 "$(advance "$fax" | grep -c 'readers not observed for 1 day')"
dg_is "and the tool's own statement is refused" 1 "$(run -c 'ALTER TABLE t DROP COLUMN fax' | grep -c '^ERROR')"
dg_is "nothing has happened" approved "$(state "$fax")"

dg_say "a reader within the window"
window '4 s'
sleep 4.2
dg_is "a whole window without readers" none "$(proof "$fax")"
run -c "SELECT fax FROM t WHERE id = 1" >/dev/null
dg_is "somebody reads" read "$(proof "$fax")"
dg_is "the gate names who" 1 "$(advance "$fax" | grep -c 'read within 00:00:04.*postgres (psql)')"
dg_is "other columns are nobody's concern" none "$(proof "$(approved 'ALTER TABLE t DROP COLUMN pager')")"
sleep 4.2
dg_is "the window is over" none "$(proof "$fax")"

dg_say "a session that may hold unwritten reads"
open_session
say "SELECT fax FROM t WHERE id = 1"
dg_is "is no proof of absence" not_observed "$(proof "$fax")"
dg_is "and closes the gate" 1 "$(advance "$fax" | grep -c 'readers not observed')"
close_session
dg_is "when it ends its reads count" read "$(proof "$fax")"
sleep 4.2

dg_say "a reader that has stayed away for as long before"
dg_is "a silence like the one before is no proof" seldom "$(proof "$fax")"
dg_is "the gate says who and how long" 1 "$(advance "$fax" | grep -c 'window of 00:00:04 is not longer than the longest interval between reads of postgres (psql), 00:00:0[4-7], and')"
dg_is "and the tool's own statement is refused" 1 "$(run -c 'ALTER TABLE t DROP COLUMN fax' | grep -c '^ERROR.*longest interval')"
longest() { run -c "SELECT longest_interval > '4 s' FROM governance.column_readers WHERE column_name = 'fax' AND evidence = 'plan'"; }
dg_is "column_readers shows it" t "$(longest)"
run -c "SELECT governance._merge_reads()" >/dev/null
dg_is "merging keeps it" t "$(longest)"
dg_is "and the gate closed" seldom "$(proof "$fax")"
dg_is "another column's readers are others" none "$(proof "$(approved 'ALTER TABLE t DROP COLUMN spare')")"
dg_is "who approves is told" 1 "$(run -c "SELECT governance.abort_change($fax, 'again')" -c "SET client_min_messages = notice" \
    -c "SELECT governance.propose_change('ALTER TABLE t DROP COLUMN fax', 'unused')" -c "SELECT governance.approve_change(max(id), 'agreed') FROM governance.change" \
    | grep -c "^NOTICE.*not open as it is.*longest interval")"
fax=$(run -c "SELECT max(id) FROM governance.change")
window '9 s'
dg_is "in a longer one it was here" read "$(proof "$fax")"
sleep 5
dg_is "and a longer silence is one" none "$(proof "$fax")"
advance "$fax" >/dev/null
dg_is "the gate opens" contracted "$(state "$fax")"
dg_is "what was proven is in the record" none \
    "$(run -c "SELECT new_row #>> '{certificate,readers}' FROM governance.audit_log WHERE op = 'contract_change' AND object = 'change $fax'")"

dg_say "through a view, and as a whole"
window '4 s'
run -c "DROP VIEW v" >/dev/null
gone=$(approved 'DROP TABLE gone')
sleep 4.2
dg_is "an unread table" none "$(proof "$gone")"
run -c "SELECT count(*) FROM gone" >/dev/null
dg_is "a count is a read of the table" read "$(proof "$gone")"
sleep 4.2
run -c "DROP TABLE gone" >/dev/null
dg_is "the tool's own statement completes it" contracted "$(state "$gone")"

dg_say "a gap"
phone=$(approved 'ALTER TABLE t DROP COLUMN phone')
open_session
say "SELECT id FROM t WHERE id = 1"
dg_sql -d shop -c "ALTER SYSTEM SET governance.enabled = off" -c "SELECT pg_reload_conf()" >/dev/null
sleep 0.5
say "SELECT phone FROM t WHERE id = 1"
dg_sql -d shop -c "ALTER SYSTEM RESET governance.enabled" -c "SELECT pg_reload_conf()" >/dev/null
sleep 0.5
say "SELECT 1"
close_session
dg_is "what the kill switch hid is not observed" not_observed "$(proof "$phone")"
run -c "SELECT governance.abort_change($phone, 'again with a waiver')" >/dev/null
phone=$(run -c "SELECT governance.propose_change('ALTER TABLE t DROP COLUMN phone', 'unused')")
dg_is "a waiver needs its reason" 1 "$(run -c "SELECT governance.approve_change($phone, waive => '{not_observed}')" | grep -c '^ERROR')"
run -c "SELECT governance.approve_change($phone, 'no job ran today', '{not_observed}')" >/dev/null
advance "$phone" >/dev/null
dg_is "with it the gate opens" contracted "$(state "$phone")"
