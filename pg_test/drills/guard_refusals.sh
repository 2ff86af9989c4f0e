#!/usr/bin/env bash
# A refusal leaves a row in mode preloaded although its transaction rolls back, and a line of the server log in every mode.
. "$(dirname "$0")/../lib.sh"
name=guard_refusals
# Databases forbid or delay what they like: the writer is not a client of theirs.
dg_start $name shared_preload_libraries=data_governance "synchronous_standby_names=nobody" synchronous_commit=local
trap 'dg_stop $name immediate' EXIT
export PGOPTIONS='-c client_min_messages=warning'
log=$DG_WORK/$name/log
setup() {
    dg_sql -d "$1" >/dev/null <<'SQL'
CREATE EXTENSION data_governance;
CREATE SCHEMA shop;
CREATE TABLE shop.customer (id int PRIMARY KEY, phone text, mail text);
SELECT governance.declare_party('team', db_roles => '{postgres}');
SELECT governance.declare_dataset('shop.customer', owner => 'team', class => 'master');
SQL
}
# The number that a client was shown.
number() { sed -n 's/^.*Refusal \([0-9]*\) by rule.*$/\1/p' | head -n 1; }
# Waits until a query gives what is expected: wait_for SECONDS EXPECTED psql arguments. Prints what it gave.
wait_for() {
    local tries=$(($1 * 10)) expected=$2 got=
    shift 2
    for _ in $(seq "$tries"); do
        got=$(dg_sql "$@")
        [ "$got" = "$expected" ] && break
        sleep 0.1
    done
    printf '%s' "$got"
}
count="SELECT count(*) FROM governance.ddl_log WHERE verdict = 'refused'"
launcher() { dg_sql -d postgres -c "SELECT pid FROM pg_stat_activity WHERE backend_type = 'data_governance launcher'"; }
signal() { dg_as kill "-$1" "$2"; }
switch() { dg_sql -c "ALTER SYSTEM SET governance.enabled = $1" -c 'SELECT pg_reload_conf()' >/dev/null; }
refuse() { dg_sql "$@" -c 'ALTER TABLE shop.customer DROP COLUMN phone' 2>&1 || true; }

for db in one two without; do dg_sql -c "CREATE DATABASE $db"; done
setup one
setup two
dg_sql -d one -c 'CREATE ROLE migrator LOGIN' -c 'GRANT USAGE ON SCHEMA shop TO migrator' -c 'ALTER TABLE shop.customer OWNER TO migrator' -c 'GRANT CREATE ON SCHEMA shop TO migrator'

dg_say 'the row of a refusal'
got=$(PGUSER=migrator PGAPPNAME='flyway 9' refuse -d one)
n=$(number <<<"$got")
dg_is 'the row is there within two seconds' 1 "$(wait_for 2 1 -d one -c "$count AND refusal = ${n:-0}")"
dg_is 'it says who, from where, what and why' \
    "migrator|migrator|flyway 9|ALTER TABLE shop.customer DROP COLUMN phone|shop.customer|ban-drop-column|data_loss|enforce|dropping column shop.customer.phone|t" \
    "$(dg_sql -d one -c "SELECT db_role, session_role, application, statement, relation, rule, hazard, level, object, abs(extract(epoch FROM now() - occurred_at)) < 30 FROM governance.ddl_log WHERE refusal = $n")"
dg_is 'the server log has a line of it too' 1 "$(grep -c "governance refusal $n: rule ban-drop-column" "$log")"
dg_is 'the owner of the dataset sees it' 1 "$(PGUSER=migrator dg_sql -d one -c "$count AND refusal = $n")"

got=$(dg_sql -d one 2>&1 <<'SQL'
DO $$ DECLARE d text; BEGIN
    DROP TABLE shop.customer;
EXCEPTION WHEN object_not_in_prerequisite_state THEN
    GET STACKED DIAGNOSTICS d = PG_EXCEPTION_DETAIL;
    RAISE WARNING 'swallowed: %', d;
END $$;
SQL
)
n=$(number <<<"$got")
dg_is 'swallowed by an exception block' 'dropping table shop.customer' "$(wait_for 2 'dropping table shop.customer' -d one -c "SELECT object FROM governance.ddl_log WHERE refusal = ${n:-0}")"

got=$("$DG_BIN/psql" -X -q -A -t -d one 2>&1 <<'SQL'
BEGIN;
CREATE TABLE shop.kept (id int);
SAVEPOINT a;
ALTER TABLE shop.customer DROP COLUMN mail;
ROLLBACK TO a;
SELECT 'xid ' || pg_current_xact_id();
COMMIT;
SQL
)
n=$(number <<<"$got")
xid=$(sed -n 's/^xid //p' <<<"$got")
dg_is 'in a savepoint that was rolled back, with its transaction' "$xid" "$(wait_for 2 "$xid" -d one -c "SELECT xid FROM governance.ddl_log WHERE refusal = ${n:-0}")"
dg_is 'what the transaction did otherwise is there' t "$(dg_sql -d one -c "SELECT to_regclass('shop.kept') IS NOT NULL")"
long=$(printf 'é%.0s' $(seq 3000))
got=$(dg_sql -d one -c "DROP TABLE shop.customer /* $long */" 2>&1 || true)
n=$(number <<<"$got")
dg_is 'a long statement is cut between characters, and says so' t "$(wait_for 2 t -d one -c "SELECT statement ~ 'é … \(60[0-9]+ bytes in all\)\$' AND octet_length(statement) <= 1024 FROM governance.ddl_log WHERE refusal = ${n:-0}")"
dg_is 'one row each, no more' 4 "$(dg_sql -d one -c "$count")"
dg_is 'nothing of it is user activity' 0 "$(dg_sql -d one -c "SELECT count(*) FROM governance.audit_log WHERE kind = 'row'")"
dg_is 'status() says so' 't|refused attempts are rows of ddl_log, although their statements roll back|' \
    "$(dg_sql -d one -c "SELECT active, detail, fix FROM governance.status() WHERE feature = 'guard.refusals'")"

dg_say 'databases'
dg_sql -c "ALTER DATABASE two SET default_transaction_read_only = on" -c "ALTER DATABASE two SET synchronous_commit = on" \
    -c "ALTER DATABASE two SET default_transaction_isolation = serializable"
n=$(PGOPTIONS='-c client_min_messages=warning -c default_transaction_read_only=off' refuse -d two | number)
dg_is 'each database has its own, whatever its settings' "1 4" "$(wait_for 2 1 -d two -c "$count AND refusal = ${n:-0}") $(dg_sql -d one -c "$count")"
dg_sql -c 'ALTER DATABASE two RESET ALL'
dg_is 'nothing is started for one without the extension' 0 "$(
    dg_sql -d without -c 'CREATE TABLE t (id int, gone int)' -c 'ALTER TABLE t DROP COLUMN gone' -c 'TRUNCATE t' -c 'DROP TABLE t' >/dev/null
    sleep 0.5
    dg_sql -c "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'data_governance writer'")"

dg_say 'a writer that cannot write'
{ echo 'BEGIN; LOCK governance.ddl_entry IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(4); COMMIT;' | dg_sql -d one >/dev/null; } &
holder=$!
sleep 0.5
n=$(refuse -d one | number)
m=$(refuse -d two | number)
dg_is 'one database does not hold up another' 1 "$(wait_for 2 1 -d two -c "$count AND refusal = ${m:-0}")"
wait $holder
dg_is 'the row comes when it can' 1 "$(wait_for 10 1 -d one -c "$count AND refusal = ${n:-0}")"

dg_say 'a storm'
{ for _ in 1 2 3 4 5 6; do echo "DO \$\$ BEGIN FOR i IN 1 .. 1500 LOOP BEGIN DROP TABLE shop.customer;
    EXCEPTION WHEN object_not_in_prerequisite_state THEN NULL; END; END LOOP; END \$\$;"; done; } | PGAPPNAME=storm dg_sql -d one >/dev/null &
storm=$!
sleep 0.5
m=$(refuse -d two | number)
dg_is 'in one database does not hold up another' 1 "$(wait_for 3 1 -d two -c "$count AND refusal = ${m:-0}")"
wait $storm
sleep 1
dg_is 'every refusal of it is a row or in a gap' 9000 "$(wait_for 5 9000 -d one -c "
    SELECT (SELECT count(*) FROM governance.ddl_log WHERE application = 'storm')
         + (SELECT coalesce(sum(substring(object FROM '^\d+')::int), 0) FROM governance.ddl_log WHERE verdict = 'gap')")"
dg_sql -d one -c "SELECT governance.set_level('guard.disabling-guard', 'off', reason => 'the drill edits its log')" >/dev/null
dg_sql -d one -c 'DELETE FROM governance.ddl_entry WHERE verdict = '"'gap'"

dg_say 'more than there is room for'
pid=$(launcher)
signal STOP "$pid"
dg_sql -d one >/dev/null <<'SQL'
SET application_name = 'flood';
DO $$ BEGIN
    FOR i IN 1 .. 300 LOOP
        BEGIN DROP TABLE shop.customer;
        EXCEPTION WHEN object_not_in_prerequisite_state THEN NULL; END;
    END LOOP;
END $$;
SQL
m=$(refuse -d two | number)
dg_is 'refusing goes on as ever' 1 "$(grep -c "governance refusal ${m:-none}:" "$log")"
signal CONT "$pid"
dg_is 'what there was room for has rows' 192 "$(wait_for 5 192 -d one -c "$count AND application = 'flood'")"
dg_is 'the rest is a gap' '108 refusals' "$(wait_for 5 '108 refusals' -d one -c "SELECT substring(object FROM '^\d+ refusals') FROM governance.ddl_log WHERE verdict = 'gap'")"
dg_is 'which leaves room for another database' 1 "$(wait_for 5 1 -d two -c "$count AND refusal = ${m:-0}")"
n=$(refuse -d one | number)
dg_is 'then all is as before' 1 "$(wait_for 2 1 -d one -c "$count AND refusal = ${n:-0}")"

dg_say 'kill switch, dropped extension, dropped database'
signal STOP "$(launcher)"
n=$(refuse -d one | number)
m=$(refuse -d two | number)
switch off
signal CONT "$(launcher)"
sleep 1.5
dg_is 'switched off, it waits' 0 "$(dg_sql -d one -c "$count AND refusal = ${n:-0}")"
dg_sql -d two -c 'DROP EXTENSION data_governance CASCADE'
switch on
dg_is 'on again, it is written' 1 "$(wait_for 3 1 -d one -c "$count AND refusal = ${n:-0}")"
dg_sql -d two -c 'CREATE EXTENSION data_governance'
sleep 1
dg_is 'what belonged to a dropped extension is forgotten' 0 "$(dg_sql -d two -c "$count")"
dg_sql -c 'CREATE DATABASE three'
setup three
signal STOP "$(launcher)"
refuse -d three >/dev/null
switch off
signal CONT "$(launcher)"
dg_sql -c 'DROP DATABASE three'
switch on
n=$(refuse -d one | number)
dg_is 'dropped databases are in nobody'"'"'s way' 1 "$(wait_for 3 1 -d one -c "$count AND refusal = ${n:-0}")"
dg_is 'and no process dies of it' 0 "$(grep -c 'FATAL:  database "*[0-9]* does not exist' "$log" || true)"

dg_say 'processes that end'
pid=$(launcher)
dg_sql -c "SELECT pg_cancel_backend($pid)" >/dev/null
n=$(refuse -d one | number)
dg_is 'a cancelled launcher goes on' "1 $pid" "$(wait_for 3 1 -d one -c "$count AND refusal = ${n:-0}") $(launcher)"
dg_sql -c "SELECT pg_terminate_backend($pid)" >/dev/null
n=$(refuse -d one | number)
dg_is 'a terminated one is started again' 1 "$(wait_for 10 1 -d one -c "$count AND refusal = ${n:-0}")"
signal KILL "$(launcher)"
for _ in $(seq 100); do dg_sql -c 'SELECT 1' >/dev/null 2>&1 && break; sleep 0.2; done
n=$(refuse -d one | number)
dg_is 'after a crash of one process' 1 "$(wait_for 10 1 -d one -c "$count AND refusal = ${n:-0}")"
dg_stop $name immediate
dg_up $name
n=$(refuse -d one | number)
dg_is 'after a crash of the server' 1 "$(wait_for 10 1 -d one -c "$count AND refusal = ${n:-0}")"
pid=$(launcher)
signal STOP "$pid"
refuse -d one >/dev/null
{ sleep 1; signal CONT "$pid"; } &
dg_stop $name fast
wait $!
dg_is 'a shutdown that leaves some unwritten says so' 1 "$(tail -n 30 "$log" | grep -c '1 governance refusals have no row in ddl_log')"

dg_say 'without a process to write'
dg_stop $name
echo 'max_worker_processes = 0' | dg_as tee -a "$DG_WORK/$name/data/postgresql.conf" >/dev/null
dg_up $name
n=$(refuse -d one | number)
dg_is 'it is refused as ever, and status() says what is missing' "1 f" "$(grep -c "governance refusal ${n:-none}:" "$log") $(
    dg_sql -d one -c "SELECT active FROM governance.status() WHERE feature = 'guard.refusals' AND fix LIKE 'raise max_worker_processes%'")"
dg_stop $name
dg_as sed -i 's/^max_worker_processes = 0/max_worker_processes = 2/' "$DG_WORK/$name/data/postgresql.conf"
dg_up $name
n=$(refuse -d one | number)
sleep 12 # longer than a row may take
dg_is 'with a place for the launcher only, too' "f 0" "$(
    dg_sql -d one -c "SELECT active FROM governance.status() WHERE feature = 'guard.refusals' AND detail LIKE '1 refused attempts of this server have waited%'") $(
    dg_sql -d one -c "$count AND refusal = ${n:-0}")"
dg_is 'and a line of the server log' t "$(grep -q 'no process could be started to write governance refusals' "$log" && echo t)"

dg_say 'mode attached'
dg_stop $name
dg_as sed -i "/shared_preload_libraries/d" "$DG_WORK/$name/data/postgresql.conf"
dg_up $name
dg_sql -d one -c 'SELECT governance.attach()' >/dev/null
before=$(dg_sql -d one -c "$count")
n=$(refuse -d one | number)
sleep 2
dg_is 'no row' "$before" "$(dg_sql -d one -c "$count")"
dg_is 'the line of the server log' 1 "$(grep -c "governance refusal ${n:-none}: rule ban-drop-column" "$log")"
dg_is 'status() says so' "attached|f|shared_preload_libraries = 'data_governance' in postgresql.conf, then restart" \
    "$(dg_sql -d one -c "SELECT governance._mode(), active, fix FROM governance.status() WHERE feature = 'guard.refusals'")"
