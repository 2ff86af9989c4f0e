#!/usr/bin/env bash
# What no SQL suite can show about audit: prepared transactions, a crash, logical replication, dump and restore.
. "$(dirname "$0")/../lib.sh"
dg_start audit_twophase max_prepared_transactions=10 wal_level=logical
trap 'dg_stop audit_twophase immediate' EXIT
rows() { dg_sql "$@" -c "SELECT string_agg(op || ' ' || coalesce(new_row ->> 'id', old_row ->> 'id', ''), ', ' ORDER BY id) FROM governance.audit_log WHERE kind = 'row'"; }

dg_say "prepared transactions"
dg_sql >/dev/null <<'SQL'
SET client_min_messages = warning;
CREATE EXTENSION data_governance;
CREATE TABLE t (id int PRIMARY KEY, v text);
SELECT governance.start_audit('t');
BEGIN; INSERT INTO t VALUES (1, 'kept'); PREPARE TRANSACTION 'one';
BEGIN; INSERT INTO t VALUES (2, 'lost'); PREPARE TRANSACTION 'two';
SQL
dg_is "nothing is seen before the second phase" "" "$(rows)"
dg_sql -c "INSERT INTO t VALUES (3, 'other session')" -c "COMMIT PREPARED 'one'" -c "ROLLBACK PREPARED 'two'"
dg_is "what was committed is logged, what was rolled back is not" "INSERT 1, INSERT 3" "$(rows)"

dg_say "stopping in a prepared transaction"
dg_sql -c "BEGIN" -c "SELECT governance.stop_audit('t', 'drill')" -c "INSERT INTO t VALUES (4, 'still logged')" -c "PREPARE TRANSACTION 'three'" >/dev/null
dg_sql -c "INSERT INTO t VALUES (5, 'still logged')"
dg_sql -c "ROLLBACK PREPARED 'three'" -c "INSERT INTO t VALUES (6, 'logged')"
dg_is "a stop that was rolled back never was" "INSERT 1, INSERT 3, INSERT 5, INSERT 6" "$(rows)"
dg_sql -c "BEGIN" -c "SELECT governance.stop_audit('t', 'drill')" -c "PREPARE TRANSACTION 'four'" >/dev/null
dg_sql -c "COMMIT PREPARED 'four'" -c "INSERT INTO t VALUES (7, 'not logged')" -c "SELECT governance.start_audit('t')" >/dev/null
dg_is "a stop that was committed holds" "INSERT 1, INSERT 3, INSERT 5, INSERT 6" "$(rows)"

dg_say "stopped by another session: a session that has cached the relation sees it"
{
    echo "INSERT INTO t VALUES (8, 'logged');"
    echo "\\! $DG_BIN/psql -X -q -A -t -c \"SELECT governance.stop_audit('t', 'drill')\" >/dev/null"
    echo "INSERT INTO t VALUES (9, 'not logged');"
    echo "\\! $DG_BIN/psql -X -q -A -t -c \"SELECT governance.start_audit('t', '{v}', 'drill')\" >/dev/null"
    echo "INSERT INTO t VALUES (10, 'logged without v');"
} | dg_sql >/dev/null
dg_is "caches of other sessions follow" "INSERT 1, INSERT 3, INSERT 5, INSERT 6, INSERT 8, INSERT 10" "$(rows)"
dg_is "so do excluded columns" '{"id": 10}' "$(dg_sql -c "SELECT new_row FROM governance.history('t', '10')")"

dg_say "crash with a prepared transaction"
dg_sql -c "BEGIN" -c "DELETE FROM t WHERE id = 1" -c "PREPARE TRANSACTION 'five'"
dg_stop audit_twophase immediate
dg_up audit_twophase
dg_sql -c "COMMIT PREPARED 'five'"
dg_is "it is logged when it commits after recovery" "DELETE 1" "$(rows | sed 's/.*, //')"

dg_say "logical replication"
dg_sql -c "CREATE DATABASE target"
dg_sql -d target >/dev/null <<'SQL'
SET client_min_messages = warning;
CREATE EXTENSION data_governance;
CREATE TABLE t (id int PRIMARY KEY, v text);
SELECT governance.start_audit('t');
CREATE ROLE audit_twophase_app;
SELECT governance.declare_writer('t', 'audit_twophase_app');
SELECT governance.set_level('boundary.writers', 'enforce');
SQL
dg_sql -c "CREATE PUBLICATION p FOR TABLE t" -c "SELECT pg_create_logical_replication_slot('s', 'pgoutput')" >/dev/null
dg_sql -d target -c "CREATE SUBSCRIPTION s CONNECTION 'host=$PGHOST port=$PGPORT user=postgres dbname=postgres' PUBLICATION p WITH (create_slot = false, slot_name = s, copy_data = false)"
dg_sql -c "INSERT INTO t VALUES (11, 'replicated')" -c "UPDATE t SET v = 'again' WHERE id = 11" -c "TRUNCATE t"
for _ in $(seq 100); do
    [ "$(dg_sql -d target -c "SELECT count(*) FROM governance.audit_log WHERE kind = 'row'")" = 3 ] && break
    sleep 0.1
done
dg_is "what is applied is logged, and never refused" "INSERT 11, UPDATE 11, TRUNCATE " "$(rows -d target)"
dg_is "and attributed: TRUNCATE is what fires the boundary there" "TRUNCATE postgres enforce" \
    "$(dg_sql -d target -c "SELECT op || ' ' || role || ' ' || level FROM governance.boundary_violations")"
dg_sql -d target -c "ALTER SUBSCRIPTION s DISABLE" -c "ALTER SUBSCRIPTION s SET (slot_name = NONE)" -c "DROP SUBSCRIPTION s"
dg_sql -c "SELECT pg_drop_replication_slot('s')" >/dev/null

dg_say "dump and restore"
dg_sql >/dev/null <<'SQL'
SET client_min_messages = warning;
CREATE TABLE part (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (1) TO (10);
SELECT governance.start_audit('part', '{v}');
SELECT governance.declare_writer('part', 'audit_twophase_app');
INSERT INTO part VALUES (1, 'x');
INSERT INTO t VALUES (20, 'before the dump');
SQL
log="SELECT md5(string_agg(l::text, E'\n' ORDER BY id)) FROM governance.audit_log l"
state="SELECT string_agg(tgrelid::regclass::text || ' ' || tgname || ' ' || tgenabled::text, ', ' ORDER BY tgrelid::regclass::text, tgname) FROM pg_trigger WHERE tgname LIKE 'data\\_governance\\_%' AND tgrelid::regclass::text NOT LIKE 'governance.%'"
before=$(dg_sql -c "$log")
triggers=$(dg_sql -c "$state")
dump=$(mktemp)
"$DG_BIN/pg_dump" -Fc >"$dump"
dg_sql -c "CREATE DATABASE copy"
"$DG_BIN/pg_restore" --exit-on-error -d copy "$dump"
rm -f "$dump"
dg_is "the log is the same" "$before" "$(dg_sql -d copy -c "$log")"
dg_is "so are the triggers" "$triggers" "$(dg_sql -d copy -c "$state")"
dg_sql -d copy -c "INSERT INTO part VALUES (2, 'y')" -c "UPDATE t SET v = 'after the restore' WHERE id = 20"
dg_is "and it goes on under the same relations" "INSERT 20, UPDATE 20" \
    "$(dg_sql -d copy -c "SELECT string_agg(op || ' ' || (key ->> 'id'), ', ' ORDER BY id) FROM governance.history('t', '20')")"
dg_is "excluded columns stay so" '{"id": 2}' "$(dg_sql -d copy -c "SELECT new_row FROM governance.history('part', '2')")"
dg_is "no audit was adopted" "0" "$(dg_sql -d copy -c "SELECT count(*) FROM governance.audit_log WHERE op = 'adopt_audit'")"
