#!/usr/bin/env bash
# kill -9 of the server in the middle of a copy: after recovery the change goes on where it was, and nothing is lost.
. "$(dirname "$0")/../lib.sh"
dg_start change_crash fsync=on
trap 'dg_stop change_crash immediate' EXIT

dg_sql <<'SQL' >/dev/null
SET client_min_messages = warning;
CREATE EXTENSION data_governance;
CREATE TABLE big (id int PRIMARY KEY, name text, pad text);
INSERT INTO big SELECT g, 'name ' || g, repeat('x', 200) FROM generate_series(1, 1000000) g;
SELECT governance.declare_party('team', db_roles => '{postgres}');
SELECT governance.declare_dataset('big', 'team', 'transactional');
SELECT governance.propose_change('ALTER TABLE big RENAME COLUMN name TO full_name', 'drill');
SELECT governance.approve_change(1, 'drill', '{not_observed}');
SQL

dg_sql -c 'CALL governance.advance_change(1)' >/dev/null 2>&1 &
client=$!
done_rows=0
for _ in $(seq 1 400); do
    done_rows=$(dg_sql -c 'SELECT coalesce(sum(rows_done), 0) FROM governance.backfill' 2>/dev/null || echo 0)
    [ "$done_rows" -gt 20000 ] && break
    sleep 0.01
done
[ "$done_rows" -gt 20000 ] || dg_fail "the copy did not start"
postmaster=$(head -n 1 "$DG_WORK/change_crash/data/postmaster.pid")
# Backends first: a busy one works on when only the postmaster is gone.
mapfile -t backends < <(pgrep -P "$postmaster")
kill -9 "$postmaster" "${backends[@]}"
wait "$client" || true
# Backends notice that their postmaster is gone and leave; only then may a new one start.
for _ in $(seq 1 100); do
    pgrep -f "$DG_WORK/change_crash/data" >/dev/null || break
    sleep 0.1
done
# A machine whose init does not reap keeps the dead as zombies, and their lock files would look alive.
rm -f "$DG_WORK/change_crash/data/postmaster.pid" "$DG_WORK/change_crash/.s.PGSQL.5432.lock"
dg_up change_crash

before=$(dg_sql -c 'SELECT sum(rows_done) FROM governance.backfill')
state=$(dg_sql -c 'SELECT state FROM governance.changes WHERE change = 1')
dg_is 'after the crash the change still expands' expanding "$state"
[ "$before" -gt 0 ] && [ "$before" -lt 1000000 ] || dg_fail "expected a part of the rows, got $before"
printf 'ok: %s rows had been copied and committed\n' "$before"
dg_is 'writers of both shapes work meanwhile' 'both|both' \
    "$(dg_sql -c "UPDATE big SET full_name = 'both' WHERE id = 1 RETURNING name, full_name")"
dg_sql -c 'CALL governance.advance_change(1)'
dg_is 'the copy went on from there' ready "$(dg_sql -c 'SELECT state FROM governance.changes WHERE change = 1')"
dg_is 'no row differs' 0 "$(dg_sql -c 'SELECT count(*) FROM big WHERE name IS DISTINCT FROM full_name')"
dg_sql -c 'CALL governance.advance_change(1)'
dg_is 'contracted with every row' 1000000 "$(dg_sql -c 'SELECT count(full_name) FROM big')"

# cancelled in the middle, then given up
# (sequences skip numbers after a crash)
two=$(dg_sql -c "SELECT governance.propose_change('ALTER TABLE big RENAME COLUMN pad TO padding', 'drill')")
dg_sql -c "SELECT governance.approve_change($two, 'drill', '{not_observed}')" >/dev/null
dg_sql -c "SET statement_timeout = '700ms'" -c "CALL governance.advance_change($two)" 2>/dev/null || true
state=$(dg_sql -c "SELECT state FROM governance.changes WHERE change = $two")
[ "$state" = expanding ] || [ "$state" = ready ] || dg_fail "after cancel: $state"
dg_sql -c "SELECT governance.abort_change($two, 'drill')" >/dev/null
dg_is 'given up: the old shape is back' 'id,full_name,pad,_dg1_full_name' \
    "$(dg_sql -c "SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'big'::regclass AND attnum > 0 AND NOT attisdropped")"
dg_is 'no trigger is left' 0 "$(dg_sql -c "SELECT count(*) FROM pg_trigger WHERE tgrelid = 'big'::regclass AND NOT tgisinternal")"

# two sessions at once: the second is told, and waits for nothing
three=$(dg_sql -c "SELECT governance.propose_change('ALTER TABLE big DROP COLUMN pad', 'drill')")
dg_sql -c "SELECT governance.approve_change($three, 'drill', '{not_observed}')" >/dev/null
dg_sql -c "BEGIN; SELECT id FROM governance.change WHERE id = $three FOR UPDATE; SELECT pg_sleep(2); COMMIT" >/dev/null &
sleep 0.7
message=$(dg_sql -c "CALL governance.advance_change($three)" 2>&1 || true)
wait
case $message in
    *"change $three is being worked on by another session"*) echo 'ok: a second session is told' ;;
    *) dg_fail "two sessions: $message" ;;
esac
# a lock held by somebody: the step tries a few times, gives up and leaves everything as it was
dg_sql -c "BEGIN; SELECT count(*) FROM big; SELECT pg_sleep(60); COMMIT" >/dev/null 2>&1 &
sleep 0.7
message=$(dg_sql -c "CALL governance.advance_change($three)" 2>&1 || true)
case $message in
    *"change $three does not queue behind a transaction"*) echo 'ok: a step does not queue behind a long transaction' ;;
    *) dg_fail "lock timeout: $message" ;;
esac
dg_sql -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()" >/dev/null
wait
dg_is 'and the change still stands at its gate' approved "$(dg_sql -c "SELECT state FROM governance.changes WHERE change = $three")"
dg_sql -c "CALL governance.advance_change($three)"
dg_is 'later it passes' contracted "$(dg_sql -c "SELECT state FROM governance.changes WHERE change = $three")"

# a NOT NULL column of a large table comes back without a row being read under the strong lock
dg_sql -c 'ALTER TABLE big ADD COLUMN code int NOT NULL DEFAULT 1' >/dev/null
three=$(dg_sql -c "SELECT governance.propose_change('ALTER TABLE big DROP COLUMN code', 'drill')")
dg_sql -c "SELECT governance.approve_change($three, 'drill', '{not_observed}')" -c "CALL governance.advance_change($three)" >/dev/null
not_null() { dg_sql -c "SELECT attnotnull FROM pg_attribute WHERE attrelid = 'big'::regclass AND attname = 'code'"; }
dg_sql -c "SELECT governance.undo_change($three)" >/dev/null 2>"$DG_WORK/undo.err"
dg_is 'what is left is said' 1 "$(grep -c "VALIDATE CONSTRAINT _dg${three}_code_not_null" "$DG_WORK/undo.err")"
dg_is 'back, not yet NOT NULL' f "$(not_null)"
dg_sql -c 'INSERT INTO big (id, code) VALUES (-1, NULL)' 2>"$DG_WORK/null.err" && dg_fail 'a NULL was taken'
dg_is 'but no NULL is taken any more' 1 "$(grep -c "_dg${three}_code_not_null\"" "$DG_WORK/null.err")"
dg_sql -c "CALL governance.advance_change($three)"
dg_is 'then it is NOT NULL, and the proof is gone' 't|0' \
    "$(not_null)|$(dg_sql -c "SELECT count(*) FROM pg_constraint WHERE conrelid = 'big'::regclass AND contype = 'c'")"
