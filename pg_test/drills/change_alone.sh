#!/usr/bin/env bash
# The process that runs a statement outside of a transaction block: cancelled, ended, crashed, without a place, with two
# sessions waiting for it, and given up while it works.
. "$(dirname "$0")/../lib.sh"
dg_start change_alone fsync=on
trap 'dg_stop change_alone immediate' EXIT

dg_sql <<'SQL' >/dev/null
SET client_min_messages = warning;
CREATE EXTENSION data_governance;
CREATE ROLE owner_of_big;
CREATE SCHEMA shop AUTHORIZATION owner_of_big;
SET ROLE owner_of_big;
CREATE TABLE shop.big (id int, name text);
INSERT INTO shop.big SELECT g, 'name ' || g FROM generate_series(1, 100000) g;
-- code of the owner's that runs while the index is built, and says who it is
CREATE FUNCTION shop.loud(int) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN RAISE EXCEPTION 'session %, current %', session_user, current_user; END $$;
CREATE FUNCTION shop.escape() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN RESET SESSION AUTHORIZATION; RAISE NOTICE 'now %', session_user; END $$;
RESET ROLE;
SELECT governance.declare_party('team', db_roles => '{postgres,owner_of_big}');
SELECT governance.declare_dataset('shop.big', 'team', 'transactional');
SQL

propose() {
    dg_sql -c "SELECT governance.propose_change('$1', 'drill')"
}
approve() { dg_sql -c "SELECT governance.approve_change($1, 'drill')" >/dev/null; }
advance() { dg_sql -c "CALL governance.advance_change($1)" 2>&1; }
state() { dg_sql -c "SELECT state FROM governance.changes WHERE change = $1"; }
worker() { dg_sql -c "SELECT pid FROM pg_stat_activity WHERE backend_type = 'data_governance change'"; }
indexes() {
    dg_sql -c "SELECT string_agg(c.relname || CASE WHEN i.indisvalid THEN '' ELSE ' invalid' END, ',' ORDER BY c.relname)
                 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = 'shop.big'::regclass"
}
# A transaction with an old snapshot, which an index that is built concurrently waits for.
holder=
hold() {
    dg_sql -c "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class; SELECT pg_sleep(60); COMMIT" >/dev/null 2>&1 &
    holder=$!
    sleep 0.3
}
release() {
    dg_sql -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()" >/dev/null
    wait "$holder" 2>/dev/null || true
}
# Waits until the process waits for the holder.
stuck() {
    for _ in $(seq 1 100); do
        [ "$(dg_sql -c "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'data_governance change' AND wait_event = 'virtualxid'")" = 1 ] && return
        sleep 0.05
    done
    dg_fail "the index does not wait for the old snapshot"
}

# the session is cancelled: the process works on, and whoever comes next waits for the same
one=$(propose 'CREATE INDEX big_name ON shop.big (name)')
approve "$one"
hold
dg_sql -c "SET statement_timeout = '1s'" -c "CALL governance.advance_change($one)" >/dev/null 2>&1 || true
stuck
dg_is 'the process runs as the owner, who cannot log in' owner_of_big \
    "$(dg_sql -c "SELECT DISTINCT pg_get_userbyid(refobjid) FROM pg_shdepend WHERE objid = 'shop.big_name'::regclass UNION SELECT rolname FROM pg_class c JOIN pg_roles r ON r.oid = relowner WHERE c.oid = 'shop.big_name'::regclass")"
first=$(worker)
advance "$one" >/dev/null &
waits=$!
advance "$one" >/dev/null &
waits_too=$!
sleep 0.5
dg_is 'two sessions wait for one process' "$first" "$(worker)"
dg_is 'writers go on' 1 "$(dg_sql -c "UPDATE shop.big SET name = 'written' WHERE id = 1 RETURNING id")"
release
wait "$waits" || printf 'one of them was told that the other advances\n'
wait "$waits_too" || printf 'one of them was told that the other advances\n'
dg_is 'the index is there' big_name "$(indexes)"
dg_is 'and the change is done' 'done' "$(state "$one")"

# the process is cancelled: its error is that of the session
two=$(propose 'CREATE INDEX big_id ON shop.big (id)')
approve "$two"
hold
advance "$two" >"$DG_WORK/cancelled" &
waits=$!
stuck
dg_sql -c "SELECT pg_cancel_backend($(worker))" >/dev/null
wait "$waits" && dg_fail 'a cancelled process was no error'
grep -q 'canceling statement due to user request' "$DG_WORK/cancelled" || dg_fail "$(cat "$DG_WORK/cancelled")"
printf 'ok: a cancelled process is an error of the session\n'
dg_is 'it left an index that is not valid' 'big_id invalid,big_name' "$(indexes)"
# the process is ended
advance "$two" >"$DG_WORK/ended" &
waits=$!
stuck
dg_sql -c "SELECT pg_terminate_backend($(worker))" >/dev/null
wait "$waits" && dg_fail 'a process that was ended was no error'
grep -q 'ended before its statement did' "$DG_WORK/ended" || dg_fail "$(cat "$DG_WORK/ended")"
printf 'ok: a process that is ended is an error of the session\n'
# given up while it works
advance "$two" >/dev/null &
waits=$!
stuck
dg_sql -c "SELECT governance.abort_change($two)" >/dev/null
wait "$waits" || true
dg_is 'given up while it works: nothing is left' big_name "$(indexes)"
dg_is 'nor is the process' '' "$(worker)"
release

# kill -9 in the middle
three=$(propose 'CREATE INDEX big_code ON shop.big (abs(id))')
approve "$three"
hold
advance "$three" >/dev/null 2>&1 &
waits=$!
stuck
postmaster=$(head -n 1 "$DG_WORK/change_alone/data/postmaster.pid")
mapfile -t backends < <(pgrep -P "$postmaster")
kill -9 "$postmaster" "${backends[@]}"
wait "$waits" || true
wait "$holder" 2>/dev/null || true
for _ in $(seq 1 100); do
    pgrep -f "$DG_WORK/change_alone/data" >/dev/null || break
    sleep 0.1
done
rm -f "$DG_WORK/change_alone/data/postmaster.pid" "$DG_WORK/change_alone/.s.PGSQL.5432.lock"
dg_up change_alone
dg_is 'after the crash an index that is not valid' 'big_code invalid,big_name' "$(indexes)"
advance "$three"
dg_is 'is built anew' big_code,big_name "$(indexes)"

# code of the owner's runs as the owner, and finds no way to become more
loud=$(propose 'CREATE INDEX big_loud ON shop.big (shop.loud(id))')
approve "$loud"
advance "$loud" >"$DG_WORK/loud" && dg_fail 'an expression that fails was no error'
dg_is 'code runs as the owner' 'ERROR:  session owner_of_big, current owner_of_big' "$(head -n 1 "$DG_WORK/loud")"
dg_sql -c 'CREATE EVENT TRIGGER escape ON ddl_command_start EXECUTE FUNCTION shop.escape()'
advance "$loud" >"$DG_WORK/loud" && dg_fail 'code of the owner became somebody else'
dg_is 'who stays the owner' 'ERROR:  parameter "session_authorization" cannot be changed' "$(head -n 1 "$DG_WORK/loud")"
dg_sql -c 'DROP EVENT TRIGGER escape' -c "SELECT governance.abort_change($loud)" >/dev/null

# a tool's DROP INDEX CONCURRENTLY completes its change; stopped while it waits for others, it can be run again
dg_sql -c 'CREATE INDEX big_gone ON shop.big (id)' -c 'SET client_min_messages = error' -c "SELECT governance.set_level('guard', 'enforce', 'dataset:shop.big')" >/dev/null 2>&1
drop_index() { PGOPTIONS='-c lock_timeout=10s -c statement_timeout=2s' dg_sql -c 'DROP INDEX CONCURRENTLY shop.big_gone' >"$DG_WORK/drop" 2>&1; }
drop_index && dg_fail 'an index was dropped without its change'
grep -q "propose_change('DROP INDEX shop.big_gone', 'why')" "$DG_WORK/drop" || dg_fail "$(cat "$DG_WORK/drop")"
gone=$(propose 'DROP INDEX shop.big_gone')
approve "$gone"
dg_sql -c "BEGIN; LOCK TABLE shop.big IN ROW EXCLUSIVE MODE; SELECT pg_sleep(60); COMMIT" >/dev/null 2>&1 &
holder=$!
sleep 0.5
drop_index && dg_fail 'nobody was waited for'
dg_is 'a DROP INDEX CONCURRENTLY that is stopped has contracted its change, and leaves an index that is not valid' 'contracted t' "$(state "$gone") $(dg_sql -c "SELECT NOT indisvalid FROM pg_index WHERE indexrelid = 'shop.big_gone'::regclass")"
release
drop_index || dg_fail "$(cat "$DG_WORK/drop")"
dg_is 'and can be run again' '' "$(dg_sql -c "SELECT to_regclass('shop.big_gone')")"
dg_sql -c "SELECT governance.undo_change($gone)" >/dev/null 2>&1
advance "$gone"
dg_is 'its way back builds the index' t "$(dg_sql -c "SELECT indisvalid FROM pg_index WHERE indexrelid = 'shop.big_gone'::regclass")"

# no place for a process
dg_stop change_alone
printf 'max_worker_processes = 0\n' | dg_as tee -a "$DG_WORK/change_alone/data/postgresql.conf" >/dev/null
dg_up change_alone
four=$(propose 'CREATE INDEX big_both ON shop.big (id, name)')
approve "$four"
advance "$four" >"$DG_WORK/full" && dg_fail 'no place was no error'
grep -q 'no free place for the background process' "$DG_WORK/full" || dg_fail "$(cat "$DG_WORK/full")"
printf 'ok: no place for a process is said\n'
dg_stop change_alone
printf 'max_worker_processes = 4\n' | dg_as tee -a "$DG_WORK/change_alone/data/postgresql.conf" >/dev/null
dg_up change_alone
advance "$four"
dg_is 'and goes on when there is one' 'done' "$(state "$four")"
