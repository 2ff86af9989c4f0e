#!/usr/bin/env bash
# A transaction that keeps one snapshot and has written: what others declare meanwhile holds in it at once, and in its
# session afterwards. Caches must not be filled from the old snapshot.
. "$(dirname "$0")/../lib.sh"
dg_start registry_snapshot
trap 'dg_stop registry_snapshot' EXIT

dg_sql -c 'CREATE DATABASE snap' -c 'CREATE ROLE snap_app LOGIN'
dg_sql -d snap <<'SQL' >/dev/null
SET client_min_messages = warning;
CREATE EXTENSION data_governance;
CREATE TABLE person (id int PRIMARY KEY, phone text);
CREATE TABLE other (id int);
CREATE TABLE logged (id int PRIMARY KEY);
CREATE TABLE bounded (id int);
INSERT INTO person VALUES (1, '+41 79 123 45 67');
GRANT ALL ON person, other, logged, bounded TO snap_app;
SELECT governance.attach();
SQL
dg_sql -d snap -c "SELECT governance.mask_role('snap_app')" >/dev/null
export DG_BIN
out=$(PGUSER=snap_app "$DG_BIN/psql" -X -q -A -t -d snap <<'SQL' 2>&1
\set SHOW_CONTEXT never
BEGIN ISOLATION LEVEL REPEATABLE READ;
INSERT INTO other VALUES (1);
SELECT 'before: ' || phone FROM person;
\! "$DG_BIN/psql" -X -q -A -t -U postgres -d snap -c "SELECT governance.tag_column('person', 'phone', 'pii.contact.phone'), governance.start_audit('logged'), governance.declare_writer('bounded', 'postgres'), governance.set_level('boundary.writers', 'enforce')" >/dev/null
SELECT 'inside: ' || phone FROM person;
INSERT INTO logged VALUES (1);
SAVEPOINT s;
INSERT INTO bounded VALUES (1);
ROLLBACK TO s;
COMMIT;
SELECT 'after: ' || phone FROM person;
INSERT INTO logged VALUES (2);
INSERT INTO bounded VALUES (2);
SQL
)
has() {
    case $out in
        *"$2"*) echo "ok: $1" ;;
        *) dg_fail "$1: $out" ;;
    esac
}
has 'nothing was tagged' 'before: +41 79 123 45 67'
has 'masked inside the transaction' 'inside: +41 00 000 00 67'
has 'masked in the session afterwards' 'after: +41 00 000 00 67'
dg_is 'a write by a stranger is refused inside and afterwards' 2 "$(grep -c 'is not a declared writer of public.bounded' <<<"$out")"
dg_is 'and nothing else failed' 2 "$(grep -c 'ERROR' <<<"$out")"
dg_is 'both rows are logged, under one entry' '2|1' "$(dg_sql -d snap -c "
    SELECT count(*), count(DISTINCT relation_id) FROM governance.audit_entry WHERE kind = 'row' AND relation_name = 'logged'")"
dg_is 'nothing was adopted' 0 "$(dg_sql -d snap -c "SELECT count(*) FROM governance.audit_entry WHERE op = 'adopt_audit'")"
