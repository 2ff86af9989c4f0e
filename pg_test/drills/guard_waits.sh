#!/usr/bin/env bash
# Waits as hazards, with other sessions about: waiting-for-lock and require-lock-timeout, what explain_ddl() says of them, that
# it takes a reader's lock only and keeps none, and that two sessions that drop the same object do not wait for each other.
. "$(dirname "$0")/../lib.sh"
dg_start guard_waits
trap 'dg_stop guard_waits' EXIT
for mode in installed attached; do
    dg_sql -c "CREATE DATABASE $mode"
    export PGDATABASE=$mode
    dg_sql -c 'SET client_min_messages = error' -c 'CREATE EXTENSION data_governance' >/dev/null
    [ "$mode" = installed ] || dg_sql -c 'SET client_min_messages = error' -c 'SELECT governance.attach()' >/dev/null
    dg_sql >/dev/null <<'SQL'
CREATE TABLE t (id int PRIMARY KEY, v text);
INSERT INTO t SELECT i, 'v' FROM generate_series(1, 100) i;
CREATE TABLE other (id int);
INSERT INTO other VALUES (1);
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
SELECT governance.declare_dataset('t', class => 'master');
SQL
    # Another session in the middle of a transaction that read the tables.
    PGAPPNAME=reader "$DG_BIN/psql" -X -q -A -t -c 'BEGIN; SELECT count(*) FROM t, other; SELECT pg_sleep(60)' >/dev/null 2>&1 &
    reader=$!
    for _ in $(seq 100); do
        pid=$(dg_sql -c "SELECT pid FROM pg_stat_activity WHERE application_name = 'reader' AND wait_event = 'PgSleep'")
        [ -z "$pid" ] || break
        sleep 0.05
    done
    say() { dg_sql -c "SET lock_timeout = '$1'" -c "SELECT rule, verdict, blocked_by FROM governance.explain_ddl('$2') ORDER BY 1"; }
    dg_is "$mode: explain_ddl() names who is in front, and the missing limit" "require-lock-timeout|recorded|{$pid}
waiting-for-lock|warned|{$pid}" "$(say 0 'ALTER TABLE t ADD COLUMN w int')"
    dg_is "$mode: with a limit it gives way" "|passes|{$pid}" "$(say '2 s' 'ALTER TABLE t ADD COLUMN w int')"
    dg_is "$mode: a weaker lock waits for nobody" "|passes|{}" "$(say 0 'ALTER TABLE t ALTER COLUMN v SET STATISTICS 10')"
    dg_is "$mode: what nobody declared is nobody's wait" "|passes|{$pid}" "$(say 0 'ALTER TABLE other ADD COLUMN w int')"
    dg_sql -c 'SET client_min_messages = error' -c "SELECT governance.set_level('guard.waiting-for-lock', 'enforce')" >/dev/null
    dg_is "$mode: the guard refuses at level enforce" "ERROR:  locking public.t (ACCESS EXCLUSIVE) behind $pid, in transaction for N s is refused: the dataset is governed" \
        "$(dg_sql -c 'ALTER TABLE t ADD COLUMN w int' 2>&1 | sed -E 's/for [0-9]+ s/for N s/' | head -n 1)"
    sleep 1.5
    dg_is "$mode: a long transaction in front is refused with a limit too" 1 \
        "$(dg_sql -c "SET lock_timeout = '2 s'" -c 'ALTER TABLE t ADD COLUMN w int' 2>&1 | grep -c 'by rule waiting-for-lock' || true)"
    dg_is "$mode: explain_ddl() says the same" "waiting-for-lock|refused|{$pid}" "$(say '2 s' 'ALTER TABLE t ADD COLUMN w int')"
    # While the catalogs are looked at, nothing stronger than a reader's lock is taken, and none is left.
    dg_is "$mode: explain_ddl() keeps no lock on what it explains" "0" "$(dg_sql -c "BEGIN" \
        -c "SELECT count(*) FROM governance.explain_ddl('ALTER TABLE t ALTER COLUMN id TYPE bigint, ALTER COLUMN v SET NOT NULL; DROP TABLE t CASCADE; DROP FUNCTION f()') HAVING false" \
        -c "SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND (relation IN ('t'::regclass, 't_pkey'::regclass) OR classid = 'pg_proc'::regclass)")"
    dg_is "$mode: nor a transaction id" "t" "$(dg_sql -c "BEGIN" -c "SELECT FROM governance.explain_ddl('DROP TABLE t CASCADE; ALTER TABLE t ADD COLUMN c float DEFAULT random()') HAVING false" \
        -c 'SELECT pg_current_xact_id_if_assigned() IS NULL')"
    kill "$reader" 2>/dev/null || true
    dg_sql -c "SELECT pg_terminate_backend($pid)" >/dev/null
    wait "$reader" 2>/dev/null || true
    # Two sessions that drop the same function: the second finds it gone.
    "$DG_BIN/psql" -X -q -A -t -c 'BEGIN; DROP FUNCTION f(); SELECT pg_sleep(1); COMMIT' >/dev/null 2>&1 &
    first=$!
    sleep 0.4
    dg_is "$mode: who drops the same function finds it gone" 'NOTICE:  function f() does not exist, skipping' \
        "$(dg_sql -c 'DROP FUNCTION IF EXISTS f()' 2>&1 | sed -E '/WARNING|DETAIL|HINT/d')"
    wait "$first" || true
done
