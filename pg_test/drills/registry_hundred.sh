#!/usr/bin/env bash
# A hundred databases in a cluster of which one is governed, attached and then preloaded: the others are as ever.
. "$(dirname "$0")/../lib.sh"
name=registry_hundred
dg_start $name autovacuum=off
trap 'dg_stop $name immediate; dg_stop ${name}_2 immediate' EXIT
export PGOPTIONS='-c client_min_messages=warning'
dg_sql -c 'CREATE DATABASE seed'
dg_sql -d seed >/dev/null <<'SQL'
CREATE TABLE customer (id int PRIMARY KEY, email text, gone int);
INSERT INTO customer SELECT i, 'x' || i, i FROM generate_series(1, 100) i;
CREATE VIEW emails AS SELECT email FROM customer;
CREATE FUNCTION count_them() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM customer';
SQL
before=$("$DG_BIN/pg_dump" -d seed | grep -vE '^\\(un)?restrict')
seq -f 'CREATE DATABASE db%02g TEMPLATE seed STRATEGY wal_log;' 0 99 | dg_sql
echo "ok: a hundred databases"
dg_sql -c 'CREATE ROLE clerk LOGIN' -c 'CREATE ROLE app'
dg_sql -d db42 >/dev/null <<'SQL'
CREATE EXTENSION data_governance;
SELECT governance.declare_party('team', db_roles => '{app}');
SELECT governance.declare_dataset('customer', 'team', 'master');
SELECT governance.tag_column('customer', 'email', 'pii.contact.email');
SELECT governance.set_mask('pii.contact.email', 'constant', '{"value": "masked"}', reason => 'drill');
SELECT governance.start_audit('customer');
SELECT governance.attach();
GRANT SELECT ON customer TO clerk;
SQL
dg_sql -d db42 -c "SELECT governance.mask_role('clerk')"
dg_sql -d db07 -c 'GRANT SELECT ON customer TO clerk'

# Whether a database is as it always was; what is done is undone or made anew.
as_ever() {
    dg_is "$1: $2: no schema, setting or trigger of ours" "0|0|0" "$(dg_sql -d "$2" -c "SELECT (SELECT count(*) FROM pg_namespace WHERE nspname = 'governance'),
        (SELECT count(*) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase WHERE d.datname = current_database()), (SELECT count(*) FROM pg_event_trigger)")"
    dg_is "$1: $2: DDL, COPY, TRUNCATE, savepoints" "2|100" "$(dg_sql -d "$2" <<'SQL' | paste -sd '|'
BEGIN;
ALTER TABLE customer DROP COLUMN gone CASCADE;
DROP VIEW emails;
ALTER TABLE customer RENAME TO c2;
TRUNCATE c2;
SAVEPOINT s;
DROP TABLE c2;
ROLLBACK TO s;
COPY c2 FROM PROGRAM 'printf "1\tx\n2\ty\n"';
SELECT count(*) FROM c2;
ROLLBACK;
SELECT count_them();
SQL
)"
    dg_is "$1: $2: PREPARE, cursors, procedures" "x1/1" "$(dg_sql -d "$2" -c 'PREPARE p AS SELECT email FROM customer WHERE id = $1' -c 'EXECUTE p(1)' -c 'DO $$ BEGIN DELETE FROM customer WHERE id = 0; END $$' -c 'BEGIN; DECLARE c CURSOR FOR SELECT id FROM customer; FETCH c; COMMIT' | paste -sd /)"
    dg_is "$1: $2: nobody is masked" x1 "$(dg_sql -d db07 -U clerk -c 'SELECT email FROM customer WHERE id = 1')"
    dg_is "$1: $2: the dump is the same" "$(md5sum <<<"$before")" "$("$DG_BIN/pg_dump" -d "$2" | grep -vE '^\\(un)?restrict' | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' | md5sum)"
}
governed() {
    dg_is "$1: the governed one is guarded" 1 "$(dg_sql -d db42 -c 'ALTER TABLE customer DROP COLUMN gone' 2>&1 | grep -c 'is refused' || true)"
    dg_is "$1: and masked" masked "$(dg_sql -d db42 -U clerk -c 'SELECT email FROM customer WHERE id = 1')"
}
as_ever attached db06
governed attached
dg_is "attached: the library is in sessions of the governed database only" "data_governance,,,," "$(for db in db42 db07 db99 postgres; do printf '%s,' "$(dg_sql -d $db -c 'SHOW session_preload_libraries')"; done)"

echo "shared_preload_libraries = 'data_governance'" | dg_as tee -a "$DG_WORK/$name/data/postgresql.conf" >/dev/null
dg_stop $name
dg_up $name
as_ever preloaded db08
governed preloaded
dg_is "preloaded: databases come and go" "" "$(dg_sql -c 'CREATE DATABASE fresh TEMPLATE db09' -c 'ALTER DATABASE fresh RENAME TO other' -c 'ALTER DATABASE other SET work_mem = 4096' -c 'ALTER DATABASE other OWNER TO app' -c 'ALTER DATABASE other CONNECTION LIMIT 5' -c 'DROP DATABASE other')"
dg_is "preloaded: so does a copy of the governed one, restoring" t "$(dg_sql -c 'CREATE DATABASE copy TEMPLATE db42'; dg_sql -d copy -c 'SELECT governance._restoring()')"
dg_sql -c 'DROP DATABASE copy'
seq -f 'DROP DATABASE db%02g;' 20 99 | grep -v db42 | dg_sql
dg_is "preloaded: most of them are dropped" 21 "$(dg_sql -c "SELECT count(*) FROM pg_database WHERE datname LIKE 'db%'")"
dg_is "preloaded: and the governed one can be renamed" 1 "$(dg_sql -c 'ALTER DATABASE db42 RENAME TO "Gov.erned"'; dg_sql -d Gov.erned -c "SELECT count(*) FROM governance.datasets WHERE declared AND relation = 'customer'::regclass")"
dg_is "a renamed database is not restoring" f "$(dg_sql -d Gov.erned -c 'SELECT governance._restoring()')"

"$DG_BIN/pg_dumpall" -f "$DG_WORK/$name.sql"
dg_is "pg_dumpall: one extension in it" 1 "$(grep -c 'CREATE EXTENSION IF NOT EXISTS data_governance' "$DG_WORK/$name.sql")"
dg_is "pg_dumpall: one database with the setting" 1 "$(grep -c "SET session_preload_libraries TO 'data_governance'" "$DG_WORK/$name.sql")"
manifest=$(dg_sql -d Gov.erned -c 'SELECT governance.manifest()')
dg_start ${name}_2 autovacuum=off
"$DG_BIN/psql" -X -q -d postgres -f "$DG_WORK/$name.sql" >/dev/null 2>"$DG_WORK/$name.errors" || true
dg_is "pg_dumpall: all arrive" 22 "$(dg_sql -c "SELECT count(*) FROM pg_database WHERE datname LIKE 'db%' OR datname IN ('seed', 'Gov.erned')")"
dg_is "pg_dumpall: no error but one" 1 "$(grep -c ERROR "$DG_WORK/$name.errors")"
dg_is "pg_dumpall: the governed one is the same" "$manifest" "$(dg_sql -d Gov.erned -c 'SELECT governance.manifest()')"
as_ever 'another cluster' db11
dg_is "no crash in the logs" "" "$(grep -hE 'PANIC|terminated by signal' "$DG_WORK/$name/log" "$DG_WORK/${name}_2/log" || true)"
rm -f "$DG_WORK/$name.sql" "$DG_WORK/$name.errors"
