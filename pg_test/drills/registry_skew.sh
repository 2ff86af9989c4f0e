#!/usr/bin/env bash
# What frightens about attaching: a library that is newer or older than the objects, one that is gone, the kill switch, a
# standby. Nobody is locked out for good, nothing that is masked shows, and status() says what is.
. "$(dirname "$0")/../lib.sh"
name=registry_skew
dg_start $name
trap 'dg_up() { :; }; dg_stop ${name}_standby immediate; dg_stop $name immediate; [ ! -e "$lib.away" ] || mv "$lib.away" "$lib"' EXIT
lib=$DG_PREFIX/lib/postgresql/$DG_PG_MAJOR/lib/data_governance.so
export PGOPTIONS='-c client_min_messages=warning'
dg_sql -c 'CREATE ROLE clerk LOGIN' -c 'CREATE DATABASE shop' -c 'CREATE DATABASE other'
dg_sql -d shop >/dev/null <<'SQL'
CREATE TABLE customer (id int PRIMARY KEY, email text, gone int);
CREATE TABLE free (id int);
INSERT INTO customer VALUES (1, 'raw', 1);
CREATE EXTENSION data_governance;
SELECT governance.declare_party('team', db_roles => '{postgres}');
SELECT governance.declare_dataset('customer', 'team', 'master');
SELECT governance.tag_column('customer', 'email', 'pii.contact.email');
SELECT governance.start_audit('customer');
SELECT governance.declare_writer('customer', 'postgres');
SELECT governance.set_level('guard.availability', 'warn', 'dataset:public.customer');
SELECT governance.attach();
GRANT SELECT ON customer, free TO clerk;
SQL
dg_sql -d shop -c "SELECT governance.mask_role('clerk')"
run() { dg_sql -d shop "$@" 2>&1 || true; }
conf() { echo "$1" | dg_as tee -a "$DG_WORK/$name/data/postgresql.conf" >/dev/null; dg_sql -c 'SELECT pg_reload_conf()' >/dev/null; sleep 0.5; }
fix() { run -c "SELECT fix FROM governance.status() WHERE feature = '$1' AND NOT active"; }

# Another version whose objects fit: everything works, status() says what to do.
# Without the library: the guard refuses to write to catalogs.
version() { PGOPTIONS='-c session_preload_libraries=' dg_sql -d shop -c "UPDATE pg_extension SET extversion = '$1' WHERE extname = 'data_governance'"; }
real=$(dg_sql -d shop -c "SELECT extversion FROM pg_extension WHERE extname = 'data_governance'")
for v in 0.0.1 99.0; do
    version $v
    dg_is "extension $v: status names the way" "ALTER EXTENSION data_governance UPDATE; then reconnect" "$(fix version)"
    dg_is "extension $v: masks hold" '***@example.com' "$(run -U clerk -c 'SELECT email FROM customer')"
    dg_is "extension $v: the guard refuses" 1 "$(run -c 'ALTER TABLE customer DROP COLUMN gone' | grep -c 'is refused')"
done

# Objects that do not fit: the library asks for what is not there.
misfit() {
    conf 'governance.enabled = off'
    dg_sql -d shop -c 'SET session_replication_role = replica' -c "$1"
    conf 'governance.enabled = on'
}
misfit 'ALTER TABLE governance.level RENAME was_floor TO later'
dg_is "misfit: a superuser gets in, and out of it" 1 "$(run -c 'SELECT 1')"
dg_is "misfit: nobody sees what may be masked" 'ERROR:  what is masked cannot be told: extension data_governance does not fit its library' "$(run -U clerk -c 'SELECT email FROM customer' | head -n 1)"
dg_is "misfit: with the statement that mends it" 1 "$(run -U clerk -c 'SELECT email FROM customer' | grep -c 'HINT: .*ALTER EXTENSION data_governance UPDATE')"
dg_is "misfit: nor by a recipient" 1 "$(run -c "SET governance.recipient = 'x'" -c 'SELECT email FROM customer' | grep -c 'what is masked cannot be told')"
dg_is "misfit: nothing is dropped unseen" 1 "$(run -c 'DROP TABLE customer' | grep -c ERROR)"
dg_is "misfit: status still answers" 't|ALTER EXTENSION data_governance UPDATE; then reconnect' "$(run -c "SELECT count(*) > 10 FROM governance.status()")|$(fix version)"
dg_is "misfit: detach still works" 1 "$(run -c "SELECT * FROM governance.detach('drill')" | grep -c '^detached')"
dg_is "misfit: and everybody reads as before the library" raw "$(run -U clerk -c 'SELECT email FROM customer')"
misfit 'ALTER TABLE governance.level RENAME later TO was_floor'
misfit 'ALTER FUNCTION governance._relation_named(text, text) RENAME TO later'
dg_is "a function that is missing: the rest goes on" "1|1" "$(run -c 'SELECT 1')|$(run -c 'ALTER TABLE customer DROP COLUMN gone' | grep -c 'is refused')"
misfit 'ALTER FUNCTION governance.later(text, text) RENAME TO _relation_named'
version "$real"
dg_is "mended: status is content" "" "$(fix version)"
back=$(dg_sql -d shop -F ': ' -c 'SELECT * FROM governance.attach()' | sed -n 's/^way back.*: //p')

# The kill switch.
conf 'governance.enabled = off'
dg_is "kill switch: nothing is guarded or masked" "raw|" "$(run -U clerk -c 'SELECT email FROM customer')|$(run -c 'BEGIN' -c 'ALTER TABLE customer DROP COLUMN gone' -c 'ROLLBACK')"
dg_is "kill switch: status names the way" 1 "$(fix enabled | grep -c 'governance.enabled = on')"
dg_is "kill switch: it is a critical finding" critical "$(run -c "SELECT DISTINCT severity FROM governance.findings WHERE finding LIKE '%governance.enabled%'")"
dg_is "kill switch: it cannot be set in a session" 1 "$(run -c 'SET governance.enabled = on' | grep -c 'cannot be changed now')"
conf 'governance.enabled = on'
dg_is "on again: masks hold" '***@example.com' "$(run -U clerk -c 'SELECT email FROM customer')"

# A standby: it needs the library too, attach() says so, and it answers there.
dg_as rm -rf "$DG_WORK/${name}_standby"
dg_as mkdir -p "$DG_WORK/${name}_standby"
dg_as "$DG_BIN/pg_basebackup" -h "$DG_WORK/$name" -U postgres -D "$DG_WORK/${name}_standby/data" -R -c fast -d 'application_name=far_away'
printf "unix_socket_directories = '%s'\nhot_standby = on\n" "$DG_WORK/${name}_standby" | dg_as tee -a "$DG_WORK/${name}_standby/data/postgresql.conf" >/dev/null
dg_up ${name}_standby
export PGHOST=$DG_WORK/$name
standby() { PGHOST=$DG_WORK/${name}_standby run "$@"; }
for _ in $(seq 50); do [ "$(dg_sql -c 'SELECT count(*) FROM pg_stat_replication')" = 1 ] && break; sleep 0.1; done
dg_is "standby: attach names it" 1 "$(run -F ': ' -c 'SELECT * FROM governance.attach()' | grep -cE '^standbys: the library has to be installed there too.*: far_away')"
dg_is "standby: masks hold there" '***@example.com' "$(standby -U clerk -c 'SELECT email FROM customer')"
dg_is "standby: questions are answered" "t|t|f" "$(standby -c "SELECT (SELECT count(*) > 10 FROM governance.status()), (SELECT count(*) > 0 FROM governance.datasets), governance._restoring()")"
dg_is "standby: acts are refused as anything that writes" 1 "$(standby -c "SELECT governance.declare_party('x')" | grep -c 'cannot execute .* in a read-only transaction')"

# The library is gone: nobody gets in, on the standby neither; the printed way back, in another database, lets in again.
mv "$lib" "$lib.away"
gone=$(run -c 'SELECT 1')
gone_standby=$(standby -c 'SELECT 1')
dg_sql -d other -c "$back"
in=$(run -c 'SELECT count(*) FROM customer')
mended=$(for _ in $(seq 50); do out=$(standby -c 'SELECT count(*) FROM customer'); [ "$out" = 1 ] && break; sleep 0.1; done; echo "$out")
dml=$(run -c 'UPDATE customer SET gone = 2')
mv "$lib.away" "$lib"
dg_is "library gone: FATAL at login" 1 "$(grep -c 'FATAL.*data_governance' <<<"$gone")"
dg_is "library gone: on the standby too" 1 "$(grep -c 'FATAL.*data_governance' <<<"$gone_standby")"
dg_is "library gone: the way back lets in" 1 "$in"
dg_is "library gone: on the standby too, once it has arrived" 1 "$mended"
dg_is "library gone: an audited table is not written unseen" 1 "$(grep -c 'could not access file' <<<"$dml")"
dg_is "library back: everything goes on" "" "$(run -c 'UPDATE customer SET gone = 2')"
dg_is "no crash in the logs" "" "$(grep -hE 'PANIC|terminated by signal' "$DG_WORK/$name/log" "$DG_WORK/${name}_standby/log" || true)"
