#!/usr/bin/env bash
# Attaching and detaching: lists in force are kept, the way back works, other databases are not touched.
. "$(dirname "$0")/../lib.sh"
name=registry_attach
dg_start $name session_preload_libraries=auto_explain
trap 'dg_stop $name' EXIT
export PGOPTIONS='-c client_min_messages=warning'
list() { dg_sql -d "$1" -c "SHOW session_preload_libraries"; }
attach() { dg_sql -d "$1" -F ': ' -c "SELECT * FROM governance.attach()"; }
mode() { dg_sql -d "$1" -c "SELECT governance._mode()"; }
for db in one two three; do dg_sql -c "CREATE DATABASE $db"; done
dg_sql -d one -c 'CREATE EXTENSION data_governance'
dg_sql -d two -c 'CREATE EXTENSION data_governance'

dg_is "mode before" installed "$(mode one)"
dg_sql -c 'CREATE ROLE "Odd role" LOGIN' -c 'CREATE ROLE repl LOGIN REPLICATION' -c "ALTER ROLE \"Odd role\" SET session_preload_libraries = 'auto_explain'"
out=$(attach one)
echo "$out" | sed 's/^/    /'
dg_is "postgresql.conf's list is kept" "auto_explain, data_governance" "$(list one)"
dg_is "mode after" attached "$(mode one)"
dg_is "the overriding role is named" 1 "$(grep -c '"Odd role" loads auto_explain' <<<"$out")"
dg_is "the replication role is named" 1 "$(grep -c 'roles repl;' <<<"$out")"
dg_is "this session is named" 1 "$(grep -c '^this session: is older' <<<"$out")"
dg_is "the overridden role is not attached" installed "$(PGUSER='Odd role' mode one)"
dg_is "and status says so" 1 "$(dg_sql -d one -c "SELECT count(*) FROM governance.status() WHERE detail LIKE 'role \"Odd role\"%' AND fix = 'ALTER ROLE \"Odd role\" RESET session_preload_libraries;'")"
# A setting for this database only is taken back where it was made; one that names the library hides a wider one.
dg_sql -c "CREATE ROLE here LOGIN" -c "ALTER ROLE here IN DATABASE one SET session_preload_libraries = 'auto_explain'" \
    -c "CREATE ROLE elsewhere LOGIN" -c "ALTER ROLE elsewhere IN DATABASE two SET session_preload_libraries = 'auto_explain'" \
    -c "CREATE ROLE fine LOGIN" -c "ALTER ROLE fine SET session_preload_libraries = 'auto_explain'" -c "ALTER ROLE fine IN DATABASE one SET session_preload_libraries = 'data_governance'"
mend="ALTER ROLE here IN DATABASE one RESET session_preload_libraries;"
dg_is "a setting for this database: the mend names it" 1 "$(attach one | grep -c "role here loads auto_explain; mend with: $mend\$")"
dg_is "and in status" "$mend" "$(dg_sql -d one -c "SELECT fix FROM governance.status() WHERE detail LIKE 'role here %'")"
dg_is "others are covered, or not here" "installed attached" "$(PGUSER=here mode one) $(PGUSER=fine mode one)"
dg_is "and not named" 0 "$(attach one | grep -cE "role (fine|elsewhere) ")"
dg_sql -c "$(dg_sql -d one -c "SELECT fix FROM governance.status() WHERE detail LIKE 'role here %'")"
dg_is "the mend mends" "attached 0" "$(PGUSER=here mode one) $(attach one | grep -c "role here ")"
dg_sql -c "ALTER ROLE fine IN DATABASE one RESET session_preload_libraries" -c 'DROP ROLE fine'
dg_is "the other database is not" installed "$(mode two)"
dg_is "attaching twice changes nothing" "auto_explain, data_governance" "$(attach one >/dev/null; list one)"
dg_is "and says so" 1 "$(attach one | grep -c '^already attached')"
dg_is "one act in the log" 1 "$(dg_sql -d one -c "SELECT count(*) FROM governance.audit_entry WHERE op = 'attach'")"

# Older sessions keep their mode; they are listed until they reconnect, by attach() and by status().
dg_sql -d two >/dev/null <<'SQL'
CREATE ROLE reader LOGIN;
SQL
older() { dg_sql -d two -F ': ' -c "SELECT detail, fix FROM governance.status() WHERE detail LIKE 'sessions older%'"; }
PGAPPNAME=nightly dg_sql -d two -U 'Odd role' -c 'SELECT pg_sleep(60)' >/dev/null 2>&1 &
while [ "$(dg_sql -c "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'nightly'")" -lt 1 ]; do sleep 0.1; done
for ((i = 0; i < 22; i++)); do dg_sql -d two -c 'SELECT pg_sleep(60)' >/dev/null 2>&1 & done
while [ "$(dg_sql -c "SELECT count(*) FROM pg_stat_activity WHERE datname = 'two' AND wait_event = 'PgSleep'")" -lt 23 ]; do sleep 0.1; done
pid=$(dg_sql -c "SELECT pid FROM pg_stat_activity WHERE datname = 'two' AND application_name = 'nightly'")
out=$(attach two | grep '^not covered until they reconnect')
dg_is "older sessions are listed: pid, role, application, since" 1 "$(grep -cE "pid $pid, role \"Odd role\", application nightly, since 20" <<<"$out")"
dg_is "the first twenty of them" "20|; and 3 more (pg_stat_activity)" "$(grep -oE 'pid [0-9]+' <<<"$out" | grep -c .)|$(grep -oE '; and .*' <<<"$out")"
dg_is "status lists them too" 1 "$(older | grep -cE "pid $pid, role \"Odd role\".*: reconnect them, or: SELECT pg_terminate_backend")"
dg_is "to somebody without a duty it only counts them" "sessions older than attach() are not covered: 23" "$(PGUSER=reader older | sed 's/: reconnect.*//')"
dg_is "attaching again lists them again" 1 "$(attach two | grep -c '^not covered until they reconnect')"
dg_sql -c "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = 'two' AND wait_event = 'PgSleep'" >/dev/null
wait
dg_sql -d two -c 'SELECT pg_sleep(2)' >/dev/null &
sleep 0.5
dg_is "sessions that reconnected are not listed" "" "$(older; attach two | grep '^not covered until' || true)"
wait $!

# The printed way back, run from another database, when the library is gone: nobody can log in.
back=$(attach one | sed -n 's/^way back.*: //p')
dg_is "the way back" "ALTER DATABASE one RESET session_preload_libraries;" "$back"
lib=$DG_PREFIX/lib/postgresql/$DG_PG_MAJOR/lib/data_governance.so
mv "$lib" "$lib.away"
out=$(dg_sql -d one -c 'SELECT 1' 2>&1 || true)
after=$(dg_sql -d three -c "$back" && dg_sql -d one -c 'SELECT 1')
mv "$lib.away" "$lib"
dg_is "a missing library locks out" 1 "$(grep -c 'FATAL.*data_governance' <<<"$out")"
dg_is "the way back lets in" 1 "$after"
dg_sql -d three -c "ALTER DATABASE two RESET session_preload_libraries"

# detach: only our entry goes; a database's own list stays.
dg_sql -c "ALTER DATABASE one SET session_preload_libraries = 'auto_explain', 'passwordcheck'"
attach one >/dev/null
dg_is "a database's own list is kept" "auto_explain, passwordcheck, data_governance" "$(list one)"
out=$(dg_sql -d one -c "SELECT * FROM governance.detach()" 2>&1 || true)
dg_is "detach needs a reason" 1 "$(grep -c 'detach() needs a reason' <<<"$out")"
dg_is "and did nothing" attached "$(mode one)"
dg_sql -d one -c "SELECT * FROM governance.detach('drill')" >/dev/null
dg_is "only our entry is gone" "auto_explain, passwordcheck" "$(list one)"
dg_is "detaching twice is no error" 1 "$(dg_sql -d one -c "SELECT * FROM governance.detach('drill')" | grep -c 'nothing was changed')"
dg_sql -c 'ALTER DATABASE one RESET session_preload_libraries'
attach one >/dev/null
dg_sql -d one -c "SELECT * FROM governance.detach('drill')" >/dev/null
dg_is "back to postgresql.conf's list" "" "$(dg_sql -c "SELECT setconfig FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase WHERE datname = 'one'")"
dg_is "its reason is in the log" "drill" "$(dg_sql -d one -c "SELECT DISTINCT reason FROM governance.audit_entry WHERE op = 'detach'")"
dg_is "a rolled-back attach leaves nothing" "auto_explain" "$(dg_sql -d one -c 'BEGIN' -c 'SELECT * FROM governance.attach()' -c 'ROLLBACK' >/dev/null; list one)"
# A list that is only ours leaves no empty name behind, which no session could load.
dg_sql -c "ALTER DATABASE one SET session_preload_libraries = 'data_governance'"
dg_sql -d one -c "SELECT * FROM governance.detach('drill')" >/dev/null
dg_is "logins still work" 1 "$(dg_sql -d one -c 'SELECT 1')"

# Preloaded: nothing to attach; databases without the extension are not disturbed.
dg_stop $name
echo "shared_preload_libraries = 'data_governance'" | dg_as tee -a "$DG_WORK/$name/data/postgresql.conf" >/dev/null
dg_up $name
dg_is "preloaded" preloaded "$(mode one)"
dg_is "attach says so" 1 "$(attach one | grep -c '^preloaded: ')"
dg_is "and leaves the list alone" auto_explain "$(list one)"
dg_is "without the extension all goes on" "1|t" "$(dg_sql -d three -c 'CREATE TABLE t (id int)' -c 'INSERT INTO t VALUES (1)' -c 'ALTER TABLE t ADD c text' -c 'TRUNCATE t' -c 'INSERT INTO t VALUES (1)' -c "PREPARE p AS SELECT id, c IS NULL FROM t" -c 'EXECUTE p' -c 'DROP TABLE t')"
"$DG_BIN/pg_dump" -d three >/dev/null
dg_is "and can be created and dropped" "" "$(dg_sql -d three -c 'CREATE EXTENSION data_governance' -c 'DROP EXTENSION data_governance' -c 'CREATE TABLE t (id int)' -c 'DROP TABLE t')"
dg_is "no errors in the server's log but those drilled" "" "$(grep -E 'PANIC|terminated by signal' "$DG_WORK/$name/log" || true)"
