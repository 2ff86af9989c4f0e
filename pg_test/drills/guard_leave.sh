#!/usr/bin/env bash
# How to leave: DROP EXTENSION is refused while attached and while the log holds rows; after detach() a superuser's
# CASCADE passes, leaves a line in the server log, and the users' tables are as before.
. "$(dirname "$0")/../lib.sh"
dg_start guard_leave
trap 'dg_stop guard_leave' EXIT
# A digest of the whole dump: sorted, since an updated row moves, and without pg_dump's random token.
dump() { "$DG_BIN/pg_dump" -d leave | grep -vE '^.(un)?restrict ' | sort | md5sum; }
q() { dg_sql -d "$1" -c "$2" 2>&1 || true; }

dg_sql -c 'CREATE DATABASE leave' -c 'CREATE ROLE leave_plain LOGIN CREATEDB'
dg_sql -d leave <<'SQL' >/dev/null
SET client_min_messages = warning;
CREATE SCHEMA shop;
CREATE TABLE shop.customer (id int PRIMARY KEY, name text, phone text);
CREATE VIEW shop.names AS SELECT id, name FROM shop.customer;
CREATE TABLE shop.event (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE shop.event_1 PARTITION OF shop.event FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
INSERT INTO shop.customer SELECT g, 'n' || g, 'p' || g FROM generate_series(1, 100) g;
SQL
before=$(dump)

# nothing happened yet: a plain DROP is fine, and so is a second CREATE
dg_sql -d leave -c 'SET client_min_messages = warning' -c 'CREATE EXTENSION data_governance' -c 'DROP EXTENSION data_governance'
dg_is 'installed and dropped again: the dump is as before' "$before" "$(dump)"

dg_sql -d leave <<'SQL' >/dev/null
SET client_min_messages = warning;
CREATE EXTENSION data_governance;
SELECT governance.declare_party('team', db_roles => '{postgres}');
SELECT governance.declare_dataset('shop.customer', 'team', 'master');
SELECT governance.declare_writer('shop.event', 'postgres');
SELECT governance.start_audit('shop.customer');
SELECT governance.start_audit('shop.event');
UPDATE shop.customer SET name = 'changed' WHERE id = 1;
UPDATE shop.customer SET name = 'n1' WHERE id = 1;
CREATE VIEW shop.ours AS SELECT relation FROM governance.datasets;
SELECT governance.attach();
SQL
for how in 'DROP EXTENSION data_governance' 'DROP EXTENSION data_governance CASCADE' 'DROP EXTENSION IF EXISTS data_governance CASCADE'; do
    case $(q leave "$how") in
        *'while it is attached'*'governance.detach'*) echo "ok: refused while attached: $how" ;;
        *) dg_fail "while attached: $how: $(q leave "$how")" ;;
    esac
done
case $(q leave 'DROP SCHEMA governance CASCADE') in
    *'extension data_governance requires it'* | *'is refused: the dataset is governed'*) echo 'ok: its schema cannot be dropped from under it' ;;
    *) dg_fail 'DROP SCHEMA governance' ;;
esac
dg_sql -d leave -c "SELECT governance.detach(reason => 'leaving')" >/dev/null
case $(q leave 'DROP EXTENSION data_governance') in
    *'its audit log holds rows'*'CASCADE'*) echo 'ok: plain DROP refused while the log holds rows' ;;
    *) dg_fail "plain DROP: $(q leave 'DROP EXTENSION data_governance')" ;;
esac
rows=$(dg_sql -d leave -c 'SELECT count(*) FROM governance.audit_log')
copied=$(dg_sql -d leave -c '\copy (SELECT * FROM governance.audit_log) TO STDOUT CSV' | grep -c . || true)
[ "$copied" -ge "$rows" ] || dg_fail "copied $copied of $rows rows of the log"
echo "ok: the log can be copied out ($rows rows)"
case $(PGUSER=leave_plain q leave 'DROP EXTENSION data_governance CASCADE') in
    *'must be owner of extension'* | *'only a superuser'*) echo 'ok: a plain role cannot' ;;
    *) dg_fail 'plain role' ;;
esac
dg_is 'still there' 1 "$(dg_sql -d leave -c "SELECT count(*) FROM pg_extension WHERE extname = 'data_governance'")"
dg_sql -d leave -c 'SET client_min_messages = warning' -c 'DROP EXTENSION data_governance CASCADE'
dg_is "the users' tables, data and partitions are as before" "$before" "$(dump)"
grep -q 'extension data_governance is dropped by "postgres" with' "$DG_WORK/guard_leave/log" || dg_fail 'no line in the server log'
echo 'ok: one line in the server log'
dg_is 'nothing of it is left in the settings' 0 "$(dg_sql -c "SELECT count(*) FROM pg_db_role_setting WHERE setconfig::text LIKE '%data_governance%'")"
dg_is 'DDL works as before' 'DROP TABLE' "$("$DG_BIN/psql" -X -A -t -d leave -c 'DROP TABLE shop.event')"
dg_sql -d leave -c 'SET client_min_messages = warning' -c 'CREATE EXTENSION data_governance'
dg_is 'and it can come again' 0 "$(dg_sql -d leave -c 'SELECT count(*) FROM governance.audit_log')"
