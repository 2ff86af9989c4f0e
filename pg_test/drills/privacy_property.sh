#!/usr/bin/env bash
# Random queries. For a masked role they answer exactly as they do over a copy of the tables in which the masks are the
# data, so nothing raw decides about anything; for everybody else as they do without the extension.
. "$(dirname "$0")/../lib.sh"
dg_work
count=${QUERIES:-600}
key=$DG_WORK/privacy_property.key
dg_as sh -c "head -c 32 /dev/urandom >'$key' && chmod 600 '$key'"
dg_start privacy_property "governance.key_file=$key"
trap 'dg_stop privacy_property' EXIT
dg_sql >/dev/null <<'SQL'
CREATE ROLE masked LOGIN; CREATE ROLE plain LOGIN;
CREATE DATABASE governed; CREATE DATABASE ungoverned; CREATE DATABASE premasked;
SQL
cat >"$DG_WORK/privacy_property.sql" <<'SQL'
CREATE TABLE person (id int PRIMARY KEY, name text, email varchar(40), birth date, city text);
CREATE TABLE orders (id int PRIMARY KEY, person_id int REFERENCES person, note text);
CREATE TABLE part (who text, gone int, k int) PARTITION BY RANGE (k);
CREATE TABLE part_old PARTITION OF part FOR VALUES FROM (0) TO (20);
CREATE TABLE part_new (k int, who text, gone int);
ALTER TABLE part ATTACH PARTITION part_new FOR VALUES FROM (20) TO (100);
ALTER TABLE part DROP COLUMN gone;
INSERT INTO person SELECT g, CASE WHEN g % 7 > 0 THEN 'Rawcanary ' || g % 5 END, 'raw' || g % 9 || '@canary.test', CASE WHEN g % 4 > 0 THEN date '1950-01-01' + g * 100 END, (ARRAY['Rome', 'Oslo', 'Riga'])[1 + g % 3] FROM generate_series(1, 30) g;
INSERT INTO orders SELECT g, 1 + g % 30, CASE WHEN g % 3 > 0 THEN 'Rawcanary ' || g % 5 END FROM generate_series(1, 40) g;
INSERT INTO part (k, who) SELECT g, 'raw' || g % 9 || '@canary.test' FROM generate_series(1, 40) g;
SQL
cat >"$DG_WORK/privacy_property.views.sql" <<'SQL'
CREATE VIEW person_v AS SELECT p.id, p.name AS called, p.birth AS born, o.note FROM person p LEFT JOIN orders o ON o.person_id = p.id;
ANALYZE;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC;
SQL
load() { dg_sql -d "$1" -f "$2" >/dev/null; }
for db in governed ungoverned; do
    load $db "$DG_WORK/privacy_property.sql"
done
dg_sql -d governed -c "ALTER DATABASE governed SET session_preload_libraries = data_governance"
dg_sql -d governed >/dev/null 2>&1 <<'SQL'
CREATE EXTENSION data_governance;
SELECT governance.tag_column('person', 'name', 'pii.name'), governance.tag_column('person', 'email', 'pii.contact.email'), governance.tag_column('person', 'birth', 'pii.birth_date'),
       governance.tag_column('orders', 'note', 'secret'), governance.tag_column('part_old', 'who', 'pii.national_id');
SELECT governance.set_mask('secret', 'pseudonym', reason => 'test'), governance.mask_role('masked');
SQL
load governed "$DG_WORK/privacy_property.views.sql"
"$DG_BIN/pg_dump" -U masked -n public -t person -t orders -t part -t part_old -t part_new governed >"$DG_WORK/privacy_property.dump"
load premasked "$DG_WORK/privacy_property.dump"
for db in ungoverned premasked; do load $db "$DG_WORK/privacy_property.views.sql"; done
for db in governed ungoverned premasked; do load $db "$DG_ROOT/pg_test/privacy/random_queries.sql"; done
dg_is "the copy holds nothing raw" 0 "$(grep -ci canary "$DG_WORK/privacy_property.dump" || true)"
answers() {
    dg_sql -U "$2" -d "$1" >"$DG_WORK/privacy_property.$1.$2" <<SQL
SET statement_timeout = '5 s'; $3;
SELECT format('SELECT %s || '' '' || gen.answer(%1\$s)', n) FROM generate_series(1, $count) n \gexec
SQL
}
answers governed masked "SELECT"
answers premasked plain "SELECT"
answers governed plain "SELECT"
answers ungoverned plain "SELECT"
# The masks of a query cost time: what ends in neither is compared.
differ() {
    join <(sort "$DG_WORK/privacy_property.$1") <(sort "$DG_WORK/privacy_property.$2") -o 0,1.2,1.3,2.2,2.3 |
        awk '!/timeout/ && ($2 != $4 || $3 != $5)' | head -4
}
dg_is "$count random queries answer a masked role as over masked data" "" "$(differ governed.masked premasked.plain)"
dg_is "and everybody else as without the extension" "" "$(differ governed.plain ungoverned.plain)"
useful=$(grep -cv 'error\|timeout\| 0 ' "$DG_WORK/privacy_property.governed.plain" || true)
dg_is "most of them find rows" t "$([ "$useful" -gt $((count / 3)) ] && echo t || echo "$useful of $count")"
dg_is "and show others what they hide from the masked role" t "$([ "$(diff "$DG_WORK/privacy_property.governed.masked" "$DG_WORK/privacy_property.governed.plain" | grep -c '^<')" -gt $((count / 4)) ] && echo t)"
answers governed masked "SET max_parallel_workers_per_gather = 2; SET force_parallel_mode = on; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0"
dg_is "in parallel workers too" "" "$(differ governed.masked premasked.plain)"
