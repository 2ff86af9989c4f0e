#!/usr/bin/env bash
# Changes and logical replication: a subscription applies rows to tables that are in the middle of a change, and a table in the middle
# of a change is published to subscribers of the old shape.
. "$(dirname "$0")/../lib.sh"
name=change_replication
dg_start $name wal_level=logical max_worker_processes=20 max_replication_slots=20 max_wal_senders=20
trap 'dg_stop $name immediate' EXIT
export PGOPTIONS='-c client_min_messages=error'
on() { dg_sql -d "$1" -c "$2"; }
advance() { dg_sql -d "$1" -c "CALL governance.advance_change($2)" 2>&1 || true; }
approved() {
    local id
    id=$(dg_sql -d "$1" -v ddl="$2" -v up="${3:-}" -v down="${4:-}" <<<"SELECT governance.propose_change(:'ddl', 'drill', nullif(:'up', ''), nullif(:'down', ''))")
    on "$1" "SELECT governance.approve_change($id, 'drill', '{not_observed}')" >/dev/null
    echo "$id"
}
# Until the subscriber has all that the publisher has written by now.
caught_up() {
    local lsn
    lsn=$(on "$1" 'SELECT pg_current_wal_lsn()')
    for _ in $(seq 200); do
        [ "$(on "$1" "SELECT coalesce(bool_and(confirmed_flush_lsn >= '$lsn'), false) FROM pg_replication_slots WHERE slot_name = '$2'")" != t ] || return 0
        sleep 0.05
    done
    tail -5 "$DG_WORK/$name/log"
    dg_fail "the subscription of $2 does not catch up"
}
# subscribe PUBLISHER SUBSCRIBER NAME: the slot by hand, since both are of one cluster.
subscribe() {
    on "$1" "SELECT pg_create_logical_replication_slot('$3', 'pgoutput')" >/dev/null
    on "$2" "CREATE SUBSCRIPTION $3 CONNECTION 'host=$PGHOST port=$PGPORT user=postgres dbname=$1' PUBLICATION $3 WITH (create_slot = false, copy_data = false)"
}
for db in source target plain; do dg_sql -c "CREATE DATABASE $db"; done
on source 'CREATE EXTENSION data_governance'
on target 'CREATE EXTENSION data_governance'

dg_say "applied to tables in the middle of a change"
# Each: table, wish, up, down, what says that both shapes are right.
tables='name type_ text_ split merged filled serial_ part'
make() {
    cat <<'SQL'
CREATE TABLE name (id int PRIMARY KEY, a int);
CREATE TABLE type_ (id int PRIMARY KEY, a int);
CREATE TABLE text_ (id int PRIMARY KEY, a int);
CREATE TABLE split (id int PRIMARY KEY, a text);
CREATE TABLE merged (id int PRIMARY KEY, a text, z text);
CREATE TABLE filled (id int PRIMARY KEY, a int);
CREATE TABLE serial_ (id int PRIMARY KEY, a int);
CREATE TABLE part (id int PRIMARY KEY, a int) PARTITION BY RANGE (id);
CREATE TABLE part1 PARTITION OF part FOR VALUES FROM (0) TO (1000);
CREATE TABLE part2 PARTITION OF part FOR VALUES FROM (1000) TO (9000);
SQL
}
rows() {
    local t
    for t in $tables; do
        case $t in
            merged) echo "INSERT INTO $t SELECT g, 'f' || g, 'l' || g FROM generate_series(1, 2000) g;" ;;
            split) echo "INSERT INTO $t SELECT g, 'f' || g || ' l' || g FROM generate_series(1, 2000) g;" ;;
            filled) echo "INSERT INTO $t SELECT g, nullif(g % 3, 0) FROM generate_series(1, 2000) g;" ;;
            *) echo "INSERT INTO $t SELECT g, g FROM generate_series(1, 2000) g;" ;;
        esac
    done
}
writes() {
    local t old=$1
    for t in $tables; do
        case $t in
            merged) echo "INSERT INTO $t SELECT g, 'g' || g, 'm' || g FROM generate_series($old, $old + 99) g; UPDATE $t SET z = 'n' || id WHERE id % 7 = $old % 7;" ;;
            split) echo "INSERT INTO $t SELECT g, 'g' || g || ' m' || g FROM generate_series($old, $old + 99) g; UPDATE $t SET a = 'h' || id || ' n' || id WHERE id % 7 = $old % 7;" ;;
            filled) echo "INSERT INTO $t SELECT g, nullif(g % 3, 0) FROM generate_series($old, $old + 99) g; UPDATE $t SET a = NULL WHERE id % 7 = $old % 7;" ;;
            *) echo "INSERT INTO $t SELECT g, g FROM generate_series($old, $old + 99) g; UPDATE $t SET a = a + 100000 WHERE id % 7 = $old % 7;" ;;
        esac
        echo "DELETE FROM $t WHERE id % 11 = $old % 11; UPDATE $t SET id = id + 4000 WHERE id = $old + 50;"
    done
}
{ make && rows; } | dg_sql -d source
{ make && rows; } | dg_sql -d target
on source 'CREATE PUBLICATION whole FOR TABLES IN SCHEMA public'
subscribe source target whole
declare -A of
of[name]=$(approved target 'ALTER TABLE name RENAME COLUMN a TO b')
of[type_]=$(approved target 'ALTER TABLE type_ ALTER COLUMN a TYPE bigint')
of[text_]=$(approved target "ALTER TABLE text_ ALTER COLUMN a TYPE text USING 'x' || a" '' 'substr(a, 2)::int')
of[split]=$(approved target 'ALTER TABLE split ADD COLUMN b text, ADD COLUMN c text, DROP COLUMN a' \
    '{"b": "split_part(a, '"' '"', 1)", "c": "split_part(a, '"' '"', 2)"}' '{"a": "b || '"' '"' || c"}')
of[merged]=$(approved target 'ALTER TABLE merged ADD COLUMN b text, DROP COLUMN a, DROP COLUMN z' '{"b": "a || '"' '"' || z"}' \
    '{"a": "split_part(b, '"' '"', 1)", "z": "split_part(b, '"' '"', 2)"}')
of[filled]=$(approved target 'ALTER TABLE filled ALTER COLUMN a SET NOT NULL' 'id % 100')
of[serial_]=$(approved target 'ALTER TABLE serial_ ADD COLUMN b serial')
of[part]=$(approved target 'ALTER TABLE part RENAME COLUMN a TO b')
# Copies stop after their first batch while this says so.
dg_sql -d target >/dev/null <<'SQL'
CREATE TABLE hold (since timestamptz DEFAULT now());
INSERT INTO hold DEFAULT VALUES;
SELECT governance.set_throttle('query', 'SELECT NOT EXISTS (SELECT FROM public.hold)');
SQL
clients=()
for t in $tables; do
    advance target "${of[$t]}" >"$DG_WORK/$name.$t" &
    clients+=($!)
    for _ in $(seq 200); do
        [ "$(on target "SELECT waits_for IS NOT NULL FROM governance.change_progress WHERE change = ${of[$t]}")" != t ] || break
        sleep 0.05
    done
done
agrees() {
    local type_=_dg${of[type_]}_a text_=_dg${of[text_]}_a
    on target "SELECT format('%s %s %s %s %s %s', (SELECT count(*) FROM name WHERE b IS DISTINCT FROM a $1), (SELECT count(*) FROM type_ WHERE $type_ IS DISTINCT FROM a $1),
        (SELECT count(*) FROM text_ WHERE $text_ IS DISTINCT FROM 'x' || a $1), (SELECT count(*) FROM split WHERE b || ' ' || c IS DISTINCT FROM a $1),
        (SELECT count(*) FROM merged WHERE b IS DISTINCT FROM a || ' ' || z $1), (SELECT count(*) FROM part WHERE b IS DISTINCT FROM a $1))"
}
writes 2001 | dg_sql -d source
caught_up source whole
dg_is 'before the copy: what was applied is written in both shapes' '0 0 0 0 0 0' "$(agrees 'AND id BETWEEN 2001 AND 2200')"
dg_is 'and the rows that were updated' '0 0 0 0 0 0' "$(agrees 'AND id % 7 = 2001 % 7')"
on target 'DELETE FROM hold'
writes 2201 | dg_sql -d source
for pid in "${clients[@]}"; do wait "$pid"; done
caught_up source whole
for t in $tables; do
    [ ! -s "$DG_WORK/$name.$t" ] || advance target "${of[$t]}"
    dg_is "$t: it comes to its gate" ready "$(on target "SELECT state FROM governance.change WHERE id = ${of[$t]}")"
done
writes 2401 | dg_sql -d source
caught_up source whole
dg_is 'at the gate both shapes are the same' '0 0 0 0 0 0' "$(agrees '')"
dg_is 'no row is left without a value' '0 0' "$(on target 'SELECT format('"'%s %s'"', (SELECT count(*) FROM filled WHERE a IS NULL), (SELECT count(*) FROM serial_ WHERE b IS NULL))')"
digest() {
    local t columns
    for t in $tables; do
        columns='id, a'
        [ $t = merged ] && columns='id, a, z'
        [ $t = filled ] && columns='id, coalesce(a, id % 100)'
        on "$1" "SELECT '$t', count(*), md5(string_agg(ROW($columns)::text, ',' ORDER BY id)) FROM $t"
    done
}
dg_is 'and what the publisher has' "$(digest source)" "$(digest target)"
for t in type_ filled serial_; do advance target "${of[$t]}" >/dev/null; done
on source 'INSERT INTO type_ VALUES (8000, 1); UPDATE type_ SET a = 77 WHERE id = 8000; INSERT INTO serial_ VALUES (8000, 1)'
caught_up source whole
dg_is 'after contraction the old shape stays current' '77|77' "$(on target "SELECT a, _dg${of[type_]}_a FROM type_ WHERE id = 8000")"
dg_is 'and new rows have what they need' t "$(on target 'SELECT b IS NOT NULL FROM serial_ WHERE id = 8000')"
on target 'ALTER SUBSCRIPTION whole DISABLE; ALTER SUBSCRIPTION whole SET (slot_name = NONE); DROP SUBSCRIPTION whole'
on source "SELECT pg_drop_replication_slot('whole')" >/dev/null
on source 'DROP PUBLICATION whole'

dg_say "published in the middle of a change"
make | dg_sql -d plain
rows | dg_sql -d plain
on source "TRUNCATE $(tr ' ' ',' <<<"$tables")"
rows | dg_sql -d source
on source 'CREATE PUBLICATION columns FOR TABLE name (id, a), type_ (id, a)'
subscribe source plain columns
told=$(on source "SELECT governance.propose_change('ALTER TABLE type_ ALTER COLUMN a TYPE bigint', 'drill')" 2>&1 || true)
dg_is 'a column list names the column: its type is not changed' 1 "$(grep -c '^ERROR' <<<"$told")"
id=$(approved source 'ALTER TABLE name RENAME COLUMN a TO b')
advance source "$id"
on source 'UPDATE name SET a = 5 WHERE id = 1; UPDATE name SET b = 6 WHERE id = 2; INSERT INTO name (id, b) VALUES (5000, 7)'
caught_up source columns
dg_is 'with a list of columns subscribers of the old shape see nothing of it' '1 5,2 6,5000 7' \
    "$(on plain "SELECT string_agg(format('%s %s', id, a), ',' ORDER BY id) FROM name WHERE id IN (1, 2, 5000)")"
on plain 'ALTER SUBSCRIPTION columns DISABLE; ALTER SUBSCRIPTION columns SET (slot_name = NONE); DROP SUBSCRIPTION columns'
on source "SELECT pg_drop_replication_slot('columns')" >/dev/null
on source "SELECT governance.abort_change($id, 'drill')" >/dev/null
on source 'DROP PUBLICATION columns'

# All columns: then those of the change too.
on source 'CREATE PUBLICATION whole FOR TABLES IN SCHEMA public'
told=$(PGOPTIONS='' on source "SELECT governance.propose_change('ALTER TABLE name RENAME COLUMN a TO b', 'drill')" 2>&1)
id=$(on source "SELECT max(id) FROM governance.change")
dg_is 'all columns: the proposal says what subscribers need' 1 "$(grep -c "ALTER TABLE public.name ADD COLUMN b …, ADD COLUMN _dg${id}_b …; or publish a list" <<<"$told")"
dg_is 'a column that goes is named too' 1 "$(PGOPTIONS='' on source "SELECT governance.propose_change('ALTER TABLE merged DROP COLUMN z', 'drill')" 2>&1 | grep -c "ADD COLUMN _dg[0-9]*_z …;")"
on source "SELECT governance.approve_change($id, 'drill', '{not_observed}')" >/dev/null
subscribe source plain whole
on plain "ALTER TABLE name ADD COLUMN b int, ADD COLUMN _dg${id}_b int"
advance source "$id"
on source 'UPDATE name SET a = 8 WHERE id = 3; UPDATE name SET b = 9 WHERE id = 4'
caught_up source whole
dg_is 'subscribers that have them get both' '3 8 8,4 9 9' "$(on plain "SELECT string_agg(format('%s %s %s', id, a, b), ',' ORDER BY id) FROM name WHERE id IN (3, 4)")"
advance source "$id"
on source 'UPDATE name SET b = 10 WHERE id = 3'
caught_up source whole
dg_is 'after contraction too' '3 10' "$(on plain "SELECT format('%s %s', id, b) FROM name WHERE id = 3")"
on source "SELECT governance.undo_change($id, 'drill')" >/dev/null
on source 'UPDATE name SET a = 11 WHERE id = 3'
caught_up source whole
dg_is 'and after it was taken back' '3 11' "$(on plain "SELECT format('%s %s', id, a) FROM name WHERE id = 3")"
