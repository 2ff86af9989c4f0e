#!/usr/bin/env bash
# The process that copies and compares in mode preloaded: its client goes, it is held, cancelled, ended, given up, without a
# place; a row it fails on is its caller's error.
. "$(dirname "$0")/../lib.sh"
dg_start change_worker shared_preload_libraries=data_governance max_worker_processes=6
trap 'dg_stop change_worker immediate' EXIT

dg_sql <<'SQL' >/dev/null
SET client_min_messages = warning;
CREATE EXTENSION data_governance;
CREATE ROLE owner_of_big;
CREATE SCHEMA shop AUTHORIZATION owner_of_big;
SET ROLE owner_of_big;
CREATE TABLE shop.big (id int PRIMARY KEY, name text, amount int, pad text);
INSERT INTO shop.big SELECT g, 'name ' || g, g, repeat('x', 200) FROM generate_series(1, 100000) g;
CREATE FUNCTION shop.who(int) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF $1 = 70000 THEN RAISE EXCEPTION 'session %, current %', session_user, current_user USING ERRCODE = 'XX999'; END IF;
    RETURN $1::text;
END $$;
RESET ROLE;
CREATE TABLE public.go (on_ bool);
INSERT INTO public.go VALUES (false);
SELECT governance.declare_party('team', db_roles => '{postgres,owner_of_big}');
SELECT governance.declare_dataset('shop.big', 'team', 'transactional');
-- after its first batch a copy is held for as long as we like
SELECT governance.set_throttle('query', 'SELECT on_ OR NOT EXISTS (SELECT FROM governance.backfill WHERE next_block > 0) FROM public.go');
SQL

propose() { dg_sql -c "SELECT governance.propose_change('$1', 'drill' ${2-})"; }
approve() { dg_sql -c "SELECT governance.approve_change($1, 'drill', '{not_observed}')" >/dev/null; }
advance() { dg_sql -c "CALL governance.advance_change($1)" 2>&1; }
state() { dg_sql -c "SELECT state FROM governance.changes WHERE change = $1"; }
worker() { dg_sql -c "SELECT pid FROM pg_stat_activity WHERE backend_type = 'data_governance change'"; }
go() { dg_sql -c "UPDATE public.go SET on_ = $1" >/dev/null; }
# Waits until an expression is true.
until_true() {
    for _ in $(seq 1 200); do
        [ "$(dg_sql -c "SELECT $1")" = t ] && return
        sleep 0.05
    done
    dg_fail "never: $1"
}
is_held="EXISTS (SELECT FROM governance.change_progress WHERE waits_for LIKE 'query says no%')"
has_ended="NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'data_governance change')"

# the client goes while the copy is held
one=$(propose 'ALTER TABLE shop.big RENAME COLUMN name TO full_name')
approve "$one"
dg_sql -c "SET statement_timeout = '2s'" -c "CALL governance.advance_change($one)" >/dev/null 2>&1 || true
until_true "$is_held"
first=$(worker)
dg_is 'the client is gone, the process works on, and says at what' "$first|UPDATE shop.big SET full_name = name in batches, a commit after each" \
    "$(dg_sql -c "SELECT pid, query FROM pg_stat_activity WHERE backend_type = 'data_governance change'")"
dg_is 'the change shows what it is held by, and how far it is' 't|t' \
    "$(dg_sql -c "SELECT waits_for LIKE 'query says no%', rows_done BETWEEN 1 AND 99999 FROM governance.change_progress WHERE change = $one")"
advance "$one" >/dev/null &
waits=$!
sleep 0.5
dg_is 'whoever calls again waits for the same one' "$first" "$(worker)"
dg_sql -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CALL%' AND pid <> pg_backend_pid()" >/dev/null
wait "$waits" || true
go true
until_true "$has_ended"
dg_is 'with nobody waiting all rows are copied' '100000|expanding' \
    "$(dg_sql -c "SELECT count(*), (SELECT state FROM governance.changes WHERE change = $one) FROM shop.big WHERE name = full_name")"
advance "$one"
dg_is 'the next call takes it to its gate' ready "$(state "$one")"
dg_is 'compared by a process too: the session itself has read nothing of the table' 100000 \
    "$(dg_sql -c "SELECT (governance.certificate($one) -> 'backfill' -> 'chunks_of' -> 0 ->> 'rows')")"
advance "$one"

# cancelled, ended, given up
go false
two=$(propose 'ALTER TABLE shop.big RENAME COLUMN pad TO padding')
approve "$two"
advance "$two" >"$DG_WORK/cancelled" &
waits=$!
until_true "$is_held"
dg_sql -c "SELECT pg_cancel_backend($(worker))" >/dev/null
wait "$waits" && dg_fail 'a cancelled process was no error'
grep -q 'canceling statement due to user request' "$DG_WORK/cancelled" || dg_fail "$(cat "$DG_WORK/cancelled")"
printf 'ok: a cancelled process is an error of the session\n'
advance "$two" >"$DG_WORK/ended" &
waits=$!
until_true "NOT $has_ended"
sleep 0.5
dg_sql -c "SELECT pg_terminate_backend($(worker))" >/dev/null
wait "$waits" && dg_fail 'a process that was ended was no error'
grep -q 'ended before its statement did' "$DG_WORK/ended" || dg_fail "$(cat "$DG_WORK/ended")"
printf 'ok: a process that is ended is an error of the session\n'
advance "$two" >/dev/null 2>&1 &
waits=$!
until_true "NOT $has_ended"
sleep 0.5
dg_sql -c "SELECT governance.abort_change($two)" >/dev/null
wait "$waits" || true
dg_is 'given up while it copies: nothing is left' 'aborted|id,full_name,amount,pad' \
    "$(dg_sql -c "SELECT (SELECT state FROM governance.changes WHERE change = $two), string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'shop.big'::regclass AND attnum > 0 AND NOT attisdropped AND attname !~ '^_dg'")"
dg_is 'nor is the process' '' "$(worker)"
go true

# a row that up fails on
three=$(propose 'ALTER TABLE shop.big ALTER COLUMN amount TYPE text' ", up => 'shop.who(amount)', down => 'amount::int'")
approve "$three"
advance "$three" >"$DG_WORK/row" && dg_fail 'a row that cannot be converted was no error'
dg_is 'the row is named, and code of the owner ran as the owner' \
    "ERROR:  change $three cannot make column \"amount\" of the row with (id)=(70000): session owner_of_big, current owner_of_big" \
    "$(grep '^ERROR' "$DG_WORK/row" | sed 's/_dg[0-9]*_//')"
dg_is 'what was copied is kept' t "$(dg_sql -c "SELECT rows_done > 0 FROM governance.change_progress WHERE change = $three")"
dg_sql -c "UPDATE shop.big SET id = -70000, amount = 0 WHERE id = 70000"
advance "$three"
dg_is 'mended, it goes on to its gate' ready "$(state "$three")"
dg_sql -c "SELECT governance.abort_change($three)" >/dev/null

# kill -9 in the middle
go false
four=$(propose 'ALTER TABLE shop.big RENAME COLUMN pad TO filling')
approve "$four"
advance "$four" >/dev/null 2>&1 &
waits=$!
until_true "$is_held"
postmaster=$(head -n 1 "$DG_WORK/change_worker/data/postmaster.pid")
mapfile -t backends < <(pgrep -P "$postmaster")
kill -9 "$postmaster" "${backends[@]}"
wait "$waits" || true
for _ in $(seq 1 100); do
    pgrep -f "$DG_WORK/change_worker/data" >/dev/null || break
    sleep 0.1
done
rm -f "$DG_WORK/change_worker/data/postmaster.pid" "$DG_WORK/change_worker/.s.PGSQL.5432.lock"
dg_up change_worker
go true
advance "$four"
dg_is 'after a crash the next call starts another one' 'ready|0' \
    "$(dg_sql -c "SELECT (SELECT state FROM governance.changes WHERE change = $four), count(*) FROM shop.big WHERE pad IS DISTINCT FROM filling")"
advance "$four"

# many copies at once: others find half of the places free, and the rest copy in their sessions
dg_sql -c "SELECT governance.set_throttle('query', 'SELECT on_ FROM public.go')" >/dev/null
go false
many=()
for i in 1 2 3 4; do
    dg_sql -c "CREATE TABLE shop.small_$i (id int PRIMARY KEY, a text); ALTER TABLE shop.small_$i OWNER TO owner_of_big; INSERT INTO shop.small_$i VALUES (1, 'a')"
    many+=("$(propose "ALTER TABLE shop.small_$i RENAME COLUMN a TO b")")
    approve "${many[-1]}"
    advance "${many[-1]}" >/dev/null &
    until_true "(SELECT waits_for IS NOT NULL FROM governance.change_progress WHERE change = ${many[-1]})"
done
dg_is 'four copies at once take three of six places' 3 "$(worker | wc -l)"
go true
wait
for change in "${many[@]}"; do
    dg_is 'and all come to their gates' ready "$(state "$change")"
done

# no place for a process: the session copies by itself
dg_stop change_worker
printf 'max_worker_processes = 0\n' | dg_as tee -a "$DG_WORK/change_worker/data/postgresql.conf" >/dev/null
dg_up change_worker
five=$(propose 'ALTER TABLE shop.big RENAME COLUMN filling TO stuffing')
approve "$five"
advance "$five"
dg_is 'without a place for a process the session copies' ready "$(state "$five")"
