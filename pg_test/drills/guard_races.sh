#!/usr/bin/env bash
# What happens between the guard's look and the statement's lock: rows that arrive, a declaration, a swap of names. And what the
# guard's look must not do to the statement: keep a lock that has to be made stronger, take the transaction's snapshot.
. "$(dirname "$0")/../lib.sh"
dg_start guard_races
trap 'dg_stop guard_races immediate' EXIT
# both SQL SQL: the first in the background, the second half a second later; prints the second's answer.
both() {
    dg_sql -c 'SET client_min_messages = error' -c "$1" >/dev/null 2>&1 &
    sleep 0.5
    dg_sql -c 'SET client_min_messages = error' -c "$2" 2>&1 | grep -vE '^(DETAIL|HINT)' || true
    wait
}
fixture() {
    dg_sql >/dev/null 2>&1 <<'SQL'
CREATE SCHEMA r;
CREATE TABLE r.filling (a int);
CREATE TABLE r.later (a int, b int);
CREATE TABLE r.kept (id int PRIMARY KEY, note text);
CREATE TABLE r.decoy (id int PRIMARY KEY, note text);
CREATE TABLE r.st (a int, b int);
INSERT INTO r.later VALUES (1, 1);
INSERT INTO r.kept SELECT g, 'note' FROM generate_series(1, 10) g;
INSERT INTO r.st SELECT g, g FROM generate_series(1, 100) g;
SELECT governance.declare_dataset('r.filling'), governance.declare_dataset('r.kept'), governance.declare_dataset('r.st');
SELECT governance.set_level('guard', 'enforce', 'dataset:r.kept'), governance.set_level('guard.renaming-table', 'observe', 'dataset:r.kept', 'drill'),
       governance.set_level('guard', 'observe', 'dataset:r.st', 'drill');
SELECT governance.set_level('guard.' || rule, 'off', scope, 'drill')
  FROM unnest('{require-lock-timeout,waiting-for-lock}'::text[]) rule, unnest('{NULL,dataset:r.kept}'::text[]) scope;
SQL
}
for mode in installed attached; do
    dg_sql -d postgres -c "CREATE DATABASE $mode"
    export PGDATABASE=$mode
    dg_sql -c 'CREATE EXTENSION data_governance' >/dev/null 2>&1
    [ $mode = installed ] || dg_sql -c 'SELECT governance.attach()' >/dev/null 2>&1
    fixture
    if [ $mode = attached ]; then
        dg_is "$mode: TRUNCATE of a table that was empty when it began to wait" 'ERROR:  truncating r.filling is refused: the dataset is governed' \
            "$(both 'BEGIN; INSERT INTO r.filling SELECT generate_series(1, 100); SELECT pg_sleep(1.5); COMMIT' 'TRUNCATE r.filling')"
    fi
    dg_is "$mode: DROP COLUMN of a table that was declared while it waited" 'ERROR:  dropping column r.later.a is refused: the dataset is governed' \
        "$(both "BEGIN; SELECT governance.declare_dataset('r.later'); LOCK TABLE r.later IN SHARE MODE; SELECT pg_sleep(1.5); COMMIT" 'ALTER TABLE r.later DROP COLUMN a')"
    dg_is "$mode: a name that another table took while it waited" 'ERROR:  changing the type of column r.decoy.id from integer to bigint is refused: the dataset is governed' \
        "$(both 'BEGIN; ALTER TABLE r.decoy RENAME TO old; ALTER TABLE r.kept RENAME TO decoy; SELECT pg_sleep(1.5); COMMIT' 'ALTER TABLE r.decoy ALTER id TYPE bigint')"
    # Two that wait for the same table come one after the other.
    dg_sql -c 'BEGIN; LOCK TABLE r.st; SELECT pg_sleep(1.5); COMMIT' >/dev/null &
    sleep 0.5
    dg_sql -c 'ALTER TABLE r.st ALTER a TYPE bigint' >"$DG_WORK/races.1" 2>&1 &
    dg_sql -c 'ALTER TABLE r.st ALTER b TYPE bigint' >"$DG_WORK/races.2" 2>&1 || true
    wait
    dg_is "$mode: two that alter a table both do" "" "$(cat "$DG_WORK/races.1" "$DG_WORK/races.2")"
    # LOCK TABLE comes before the snapshot of its transaction.
    dg_is "$mode: what was committed while LOCK TABLE waited is seen" 101 \
        "$(both 'BEGIN; INSERT INTO r.st VALUES (0, 0); SELECT pg_sleep(1.5); COMMIT' 'BEGIN ISOLATION LEVEL REPEATABLE READ; LOCK TABLE r.st IN SHARE MODE; SELECT count(*) FROM r.st; COMMIT' | grep -E '^[0-9]+$')"
    # Renames of different tables have nothing to do with each other.
    dg_sql -c 'CREATE TABLE r.ta (x int); CREATE TABLE r.tb (x int)' >/dev/null
    dg_sql -c 'BEGIN ISOLATION LEVEL SERIALIZABLE; ALTER TABLE r.ta RENAME x TO xx; ALTER TABLE r.ta RENAME TO taa; SELECT pg_sleep(1.5); COMMIT' >/dev/null &
    sleep 0.5
    dg_is "$mode: renames of two tables, serializable" "" \
        "$(dg_sql -c 'BEGIN ISOLATION LEVEL SERIALIZABLE; ALTER TABLE r.tb RENAME x TO xx; ALTER TABLE r.tb RENAME TO tbb; COMMIT' 2>&1)"
    wait
    dg_is "$mode: both are renamed" 2 "$(dg_sql -c "SELECT count(*) FROM pg_class WHERE relname IN ('taa', 'tbb')")"
done
