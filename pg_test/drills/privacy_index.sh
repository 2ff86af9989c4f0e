#!/usr/bin/env bash
# Equality on a masked column uses an index over the mask, tells nothing that the mask does not, and cannot be made or
# called by anybody who would find out by guessing.
. "$(dirname "$0")/../lib.sh"
dg_work
key=$DG_WORK/privacy_index.key
dg_as sh -c "head -c 32 /dev/urandom >'$key' && chmod 600 '$key'"
dg_start privacy_index "governance.key_file=$key" session_preload_libraries=data_governance
trap 'dg_stop privacy_index' EXIT
dg_sql -c "SET client_min_messages = warning; CREATE EXTENSION data_governance"
dg_sql >/dev/null <<'SQL'
CREATE ROLE masked LOGIN; CREATE ROLE plain LOGIN; GRANT CREATE ON SCHEMA public TO plain;
CREATE DOMAIN mail AS varchar(60);
CREATE TABLE person (id int PRIMARY KEY, gone int, ssn text, email varchar(60), "Odd mail" mail, n bigint, c char(12));
ALTER TABLE person DROP COLUMN gone;
INSERT INTO person SELECT g, 'RAWCANARY' || g, 'rawcanary' || g || '@x.org', 'rawcanary' || g || '@x.org', 700000000000 + g, 'raw' || g FROM generate_series(1, 20000) g;
CREATE TABLE visit (at int, ssn text) PARTITION BY RANGE (at);
CREATE TABLE visit_1 PARTITION OF visit FOR VALUES FROM (0) TO (10000);
CREATE TABLE visit_2 PARTITION OF visit FOR VALUES FROM (10000) TO (100000);
INSERT INTO visit SELECT id, ssn FROM person;
ANALYZE;
GRANT SELECT ON person, visit TO masked, plain;
SELECT governance.tag_column('person', c, 'pii.national_id') FROM unnest('{ssn,email,"Odd mail",n,c}'::text[]) c;
SELECT governance.tag_column('visit', 'ssn', 'pii.national_id'), governance.mask_role('masked');
SELECT governance.set_mask('pii.national_id', 'pseudonym', reason => 'test');
SQL
masked() { dg_sql -U masked -c "$1" 2>&1; }
plan() { masked "EXPLAIN (COSTS OFF) $1" | grep -c 'Index' || true; }
for c in ssn email '"Odd mail"' n c; do
    value=$(masked "SELECT $c FROM person WHERE id = 4711")
    dg_is "$c without an index" "0|4711" "$(plan "SELECT id FROM person WHERE $c = '$value'")|$(masked "SELECT id FROM person WHERE $c = '$value'")"
    dg_sql -c "SELECT governance.create_mask_index('person', '${c//\"/}')" >/dev/null
    dg_is "$c with one" "t|4711" "$([ "$(plan "SELECT id FROM person WHERE $c = '$value'")" -gt 0 ] && echo t)|$(masked "SELECT id FROM person WHERE $c = '$value'")"
    dg_is "$c: a raw value finds nothing" "" "$(masked "SELECT id FROM person WHERE $c::text = (SELECT 'RAWCANARY4711')")"
done
value=$(masked "SELECT ssn FROM visit WHERE at = 4711")
dg_sql -c "SELECT governance.create_mask_index('visit', 'ssn')" >/dev/null
dg_is "a partitioned table" "t|4711" "$([ "$(plan "SELECT at FROM visit WHERE ssn = '$value'")" -gt 1 ] && echo t)|$(masked "SELECT at FROM visit WHERE ssn = '$value'")"
dg_is "what is written later is found" "30000" "$(dg_sql -c "INSERT INTO visit VALUES (30000, 'RAWCANARY30000')" -c "INSERT INTO person (id, ssn) VALUES (30000, 'RAWCANARY30000')"; masked "SELECT v.at FROM visit v WHERE v.ssn = (SELECT ssn FROM person WHERE id = 30000)")"
dg_is "a join of masks by the index" t "$([ "$(masked "SET enable_hashjoin = off; SET enable_mergejoin = off; EXPLAIN (COSTS OFF) SELECT * FROM person p JOIN visit v ON v.ssn = p.ssn WHERE p.id = 1" | grep -c "Index Cond: .*_mask")" -gt 0 ] && echo t)"
dg_is "plans show no raw value" 0 "$(masked "EXPLAIN (VERBOSE) SELECT id FROM person WHERE ssn = '$value'" | grep -ci rawcanary || true)"
dg_is "they keep no statistics" 0 "$(dg_sql -c "ANALYZE person" -c "SELECT count(*) FROM pg_stats WHERE tablename IN (SELECT index::text FROM governance.mask_indexes)")"
dg_is "the list" "person|5|t
visit|1|t
visit_1|1|t
visit_2|1|t" "$(dg_sql -c "SELECT relation, count(*), bool_and(usable) FROM governance.mask_indexes GROUP BY 1 ORDER BY 1")"
# Guessing.
call=$(dg_sql -c "SELECT expression FROM governance.mask_indexes WHERE expression LIKE '%(ssn,%' LIMIT 1")
refused() { dg_is "$1" "_mask cannot be called in a query" "$(dg_sql -U plain -c "$2" 2>&1 | grep -o '_mask cannot be called in a query' | head -1)"; }
dg_sql -U plain -c "CREATE TABLE guess (ssn text); INSERT INTO guess VALUES ('RAWCANARY4711')" >/dev/null
refused "a guess in a query" "SELECT $call FROM guess"
refused "a guess in a query, as a constant" "SELECT ${call/(ssn,/(\'RAWCANARY4711\'::text,}"
refused "a guess in an aggregate" "CREATE AGGREGATE guessed(text, text, text) (sfunc = governance._mask, stype = text, initcond = 'RAWCANARY4711')"
refused "a guess behind the settings of a dump" "SET row_security = off; SET check_function_bodies = off; SELECT $call FROM guess"
refused "in a view" "CREATE VIEW guess_v AS SELECT $call AS v FROM guess"
refused "in an index of one's own" "CREATE INDEX ON guess (($call))"
refused "in a generated column" "ALTER TABLE guess ADD COLUMN g text GENERATED ALWAYS AS ($call) STORED"
refused "in a constraint" "ALTER TABLE guess ADD CHECK ($call <> '$value')"
refused "in a policy" "CREATE POLICY p ON guess USING ($call = 'x')"
refused "in a default" "ALTER TABLE guess ADD COLUMN g text DEFAULT governance._mask('RAWCANARY4711'::text, '', '', '')"
refused "in a function's body" "CREATE FUNCTION g() RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT $call FROM guess; END"
refused "by copying the indexes of a table" "CREATE TABLE guess2 (LIKE person INCLUDING INDEXES)"
refused "in a temporary table" "CREATE TEMP TABLE guess3 (ssn text, g text GENERATED ALWAYS AS ($call) STORED)"
refused "in a DO block" "DO \$\$ BEGIN EXECUTE \$q\$CREATE INDEX ON guess (($call))\$q\$; END \$\$"
dg_is "making one is the operator's" "ERROR:  indexing a mask needs the duty operator" "$(dg_sql -U plain -c "SELECT governance.create_mask_index('person', 'ssn')" 2>&1 | head -1)"
for bad in "'person', 'id'" "'person', 'none'"; do
    dg_is "refused: $bad" 1 "$(dg_sql -c "SELECT governance.create_mask_index($bad)" 2>&1 | grep -c '^ERROR' || true)"
done
# A partition that comes later, a type that changes, and rotation.
dg_is "a new partition has its part" 1 "$(dg_sql -c "ALTER TABLE visit OWNER TO plain" -c "GRANT SELECT ON visit TO masked" && dg_sql -U plain -c "CREATE TABLE visit_3 PARTITION OF visit FOR VALUES FROM (100000) TO (200000)" && dg_sql -c "SELECT count(*) FROM governance.mask_indexes WHERE relation = 'visit_3'::regclass")"
dg_sql -c "SELECT governance.rotate_key()" >/dev/null
value=$(masked "SELECT ssn FROM person WHERE id = 4711")
dg_is "after rotation the index is not used, and says so" "0|4711|f" "$(plan "SELECT id FROM person WHERE ssn = '$value'")|$(masked "SELECT id FROM person WHERE ssn = '$value'")|$(dg_sql -c "SELECT bool_or(usable) FROM governance.mask_indexes WHERE relation = 'person'::regclass")"
dg_as mv "$key" "$key.away"
dg_is "without the wrapping key a row that would not be found later is refused" "ERROR:  an index over a keyed mask cannot be kept without its key" "$(dg_sql -c "INSERT INTO person (id, ssn) VALUES (40000, 'x')" 2>&1 | head -1)"
dg_as mv "$key.away" "$key"
dg_is "with it the row goes in" "" "$(dg_sql -c "INSERT INTO person (id, ssn) VALUES (40000, 'x')" 2>&1)"
"$DG_BIN/pg_dump" postgres >"$DG_WORK/privacy_index.dump"
dg_sql -c "CREATE DATABASE other"
dg_is "dump and restore bring the indexes" "5" "$(dg_sql -d other -f "$DG_WORK/privacy_index.dump" >/dev/null 2>&1; dg_sql -d other -c "SELECT count(*) FROM governance.mask_indexes WHERE relation = 'person'::regclass")"
