#!/usr/bin/env bash
# Two databases of one cluster, with and without the extension; preloaded where it was not created.
. "$(dirname "$0")/../lib.sh"
dg_start two_databases
trap 'dg_stop two_databases immediate' EXIT
quiet() { dg_sql -c "SET client_min_messages = warning" "$@" >/dev/null; }
for db in with_one with_two without; do
    dg_sql -c "CREATE DATABASE $db"
    dg_sql -d $db -c "CREATE TABLE t (id int PRIMARY KEY, gone int); INSERT INTO t VALUES (1, 1)"
done
for db in with_one with_two; do
    quiet -d $db -c "CREATE EXTENSION data_governance" -c "SELECT governance.declare_party('team', db_roles => '{postgres}')"
done
quiet -d with_one -c "SELECT governance.declare_dataset('t', owner => 'team', class => 'master')"

allowed() { dg_sql -d "$1" -c "BEGIN; $2; ROLLBACK" >/dev/null 2>&1 && echo yes || echo no; }
drop="ALTER TABLE t DROP COLUMN gone"
dg_is "declared: refused" no "$(allowed with_one "$drop")"
dg_is "declared nothing in the other database: let through" yes "$(allowed with_two "$drop")"
dg_is "no extension: let through" yes "$(allowed without "$drop")"
dg_is "declarations stay in their database" "1 0" "$(for db in with_one with_two; do
    dg_sql -d $db -c "SELECT count(*) FROM governance.datasets WHERE declared"; done | xargs)"

quiet -d with_one -c "SELECT governance.attach()"
dg_is "attach() is for one database" "data_governance//" "$(for db in with_one with_two without; do
    dg_sql -d $db -c "SHOW session_preload_libraries"; done | paste -sd /)"

echo "shared_preload_libraries = 'data_governance'" | dg_as tee -a "$DG_WORK/two_databases/data/postgresql.conf" >/dev/null
dg_stop two_databases
dg_up two_databases
dg_is "preloaded, no extension: everything as ever" yes "$(allowed without "$drop; CREATE TABLE u AS SELECT * FROM t; DROP TABLE u")"
dg_is "preloaded, no extension: TRUNCATE, COPY, views, procedures" yes "$(allowed without "
    CREATE VIEW v AS SELECT id FROM t; COPY (SELECT * FROM v) TO STDOUT; TRUNCATE t; DROP VIEW v;
    DO \$\$ BEGIN DELETE FROM t; END \$\$; PREPARE p AS SELECT * FROM t; EXECUTE p")"
dg_is "preloaded, no extension: a schema called governance of somebody else" yes "$(allowed without "
    CREATE SCHEMA governance; CREATE TABLE governance.column_tag (x int); $drop")"
dg_is "preloaded, created: refused" no "$(allowed with_one "$drop")"
dg_is "mode preloaded is what status() says" yes "$(dg_sql -d with_one -c "SELECT count(*) > 0 FROM governance.status() s WHERE s::text ~ 'preloaded'" | sed 's/t/yes/;s/f/no/')"
quiet -d without -c "CREATE EXTENSION data_governance"
dg_is "created while preloaded" yes "$(dg_sql -d without -c "SELECT count(*) > 0 FROM governance.features" | sed 's/t/yes/')"
