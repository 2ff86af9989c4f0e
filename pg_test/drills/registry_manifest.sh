#!/usr/bin/env bash
# The manifest as a file in version control: exported here, applied to an empty copy, exported there: the same file. A
# small change is a small difference, and the file is valid by its own JSON Schema.
. "$(dirname "$0")/../lib.sh"
dg_start registry_manifest
trap 'dg_stop registry_manifest' EXIT
export PGOPTIONS='-c client_min_messages=error'
work=$(mktemp -d)
pretty() { dg_sql -d "$1" -c "SELECT jsonb_pretty(governance.manifest(${2:-}))"; }
apply() { # DATABASE FILE [ARGUMENTS]
    dg_sql -d "$1" -v "m=$(cat "$2")" -f - <<<"SELECT action, object, difference FROM governance.apply_manifest(:'m', dry_run => false${3:-});"
}

fill() { # DATABASE CORPUS
    case $2 in
        shop) dg_sql -d "$1" -f "$DG_ROOT/pg_test/demo/shop.sql" >/dev/null 2>&1 ;;
        pagila) dg_sql -d "$1" -f "$DG_SHARED/corpora/pagila-schema.sql" >/dev/null 2>&1 ;;
        *) "$DG_BIN/psql" -X -q -d "$1" -f "$DG_SHARED/corpora/$2.sql" >/dev/null 2>&1 ;;
    esac
}
dg_sql -c 'CREATE ROLE manifest_app' -c 'CREATE ROLE manifest_other'
for corpus in shop chinook northwind pagila; do
    if [ $corpus != shop ] && [ ! -d "$DG_SHARED/corpora" ]; then
        printf 'MISSING  %s: ../shared/corpora is not on this machine\n' $corpus
        continue
    fi
    for side in here there; do
        dg_sql -c "CREATE DATABASE ${corpus}_$side"
        fill ${corpus}_$side $corpus
        dg_sql -d ${corpus}_$side -c 'CREATE EXTENSION data_governance'
    done
    here=${corpus}_here there=${corpus}_there
    dg_sql -d $here -f - >/dev/null <<'SQL'
SELECT governance.declare_party('risk', db_roles => '{manifest_other}', contact => 'risk@example.org');
SELECT governance.accept_proposals(min_confidence => 0, dry_run => false);
SELECT governance.detect_pii();
SELECT governance.accept_proposals('tag', 0.5, dry_run => false);
SELECT relation AS one FROM governance.datasets WHERE kind = 'table' ORDER BY 1::text LIMIT 1 \gset
SELECT governance.declare_dataset(:'one', domain => 'risk', steward => 'risk', description => 'first "of" all');
SELECT governance.declare_consumer(:'one', 'risk', purpose => 'audit', valid_until => '2100-01-01');
SELECT governance.start_audit(:'one');
SELECT governance.declare_writer(:'one', 'manifest_app');
SELECT governance.set_level('guard', 'enforce', 'dataset:' || (SELECT format('%I.%I', schema_name, relation_name) FROM governance.datasets WHERE relation = :'one'::regclass));
SELECT governance.set_level('guard.availability', 'observe', reason => 'why', floor => true);
SELECT governance.set_mask('pii.name', 'default');
SELECT governance.grant_duty('auditor', 'manifest_app');
SELECT governance.record_decision('why PostgreSQL', access_pattern => 'by key', alternatives => '[{"what": "files"}]');
SQL
    pretty $here >"$work/here.json"
    apply $there "$work/here.json" >"$work/log"
    pretty $there >"$work/there.json"
    dg_is "$corpus: exported, applied elsewhere, exported: the same $(wc -l <"$work/here.json") lines" "" "$(diff "$work/here.json" "$work/there.json")"
    dg_is "$corpus: applied again it changes nothing, pruning too" "" "$(apply $there "$work/here.json" ", prune => true")"
    # One field changes: one line goes, one comes.
    sed 's/"first \\"of\\" all"/"the first"/' "$work/here.json" >"$work/edited.json"
    dg_is "$corpus: one edit is one step, said in words" 'description: first "of" all → the first' "$(apply $there "$work/edited.json" | cut -d '|' -f 3)"
    dg_is "$corpus: and one line of difference" 2 "$(diff "$work/here.json" <(pretty $there) | grep -c '^[<>]')"
    pretty $here "'risk'" >"$work/risk.json"
    dg_is "$corpus: the part of a domain brings back what it had" 'description: the first → first "of" all' "$(apply $there "$work/risk.json" ", prune => true" | cut -d '|' -f 3)"
    dg_is "$corpus: the same again" "" "$(diff "$work/here.json" <(pretty $there))"
done

# What waits under the names of columns that are gone, and levels that were set in another order than that of their names.
for side in here there; do
    dg_sql -c "CREATE DATABASE worn_$side"
    dg_sql -d worn_$side -c 'CREATE EXTENSION data_governance' -c 'CREATE TABLE customer (id int PRIMARY KEY, mail text, fax text, phone text)'
done
dg_sql -d worn_here -f - >/dev/null <<'SQL'
SELECT governance.declare_party('crm');
SELECT governance.tag_column('customer', 'mail', 'pii.contact.email');
SELECT governance.declare_consumer('customer', 'crm', '{id,mail}');
SELECT governance.start_audit('customer', '{mail}');
SELECT governance.deprecate_column('customer', 'fax', '2100-01-01', 'phone');
ALTER TABLE customer DROP COLUMN mail, DROP COLUMN phone;
SELECT governance.set_level('guard.data_loss', 'enforce');
SELECT governance.set_level('guard', 'warn');
SELECT governance.set_level('guard.security', 'warn', 'dataset:public.customer');
SELECT governance.set_level('guard.security', 'enforce', 'schema:public');
SELECT governance.set_level('boundary', 'off', reason => 'later');
SELECT governance.set_level('boundary.writers', 'off', 'class:master', reason => 'later');
SELECT governance.set_level('boundary.writers', 'observe', 'class:master');
SQL
dg_sql -d worn_there -c 'ALTER TABLE customer DROP COLUMN mail, DROP COLUMN phone'
pretty worn_here >"$work/worn.json"
apply worn_there "$work/worn.json" >"$work/log"
dg_is "columns that are gone on both sides: the same $(wc -l <"$work/worn.json") lines" "" "$(diff "$work/worn.json" <(pretty worn_there))"
dg_is "four items say that they wait" 4 "$(grep -c '"waits": true' "$work/worn.json")"
dg_sql -d worn_there -c 'ALTER TABLE customer ADD COLUMN mail text'
dg_is "the column comes, and the tag holds" "mail" "$(dg_sql -d worn_there -c "SELECT column_name FROM governance.column_tags JOIN pg_attribute ON attrelid = relation AND attname = column_name")"

dg_sql -d shop_here -c 'SELECT governance.manifest_schema()' >"$work/schema.json"
if python3 -c 'import jsonschema' 2>/dev/null; then
    dg_is "manifests are valid by their JSON Schema, a wrong one is not" "valid valid wrong" "$(
        python3 -W ignore - "$work" <<'PY'
import json, sys
import jsonschema

work = sys.argv[1]
read = lambda name: json.load(open(f"{work}/{name}.json", encoding="utf8"))
validator = jsonschema.Draft202012Validator(read("schema"))
validator.check_schema(read("schema"))
wrong = read("here")
wrong["datasets"][0]["colour"] = "red"
print(*("valid" if validator.is_valid(m) else "wrong" for m in (read("here"), read("risk"), wrong)))
PY
    )"
else
    printf 'MISSING  python3-jsonschema: the manifest was not held against its JSON Schema\n'
fi
rm -rf "$work"
