#!/usr/bin/env bash
# Dump and restore of the sample shop with the extension: rows, triggers, declarations, with no manual step. The shop holds a
# materialized view that groups by a primary key, which is created after the data.
. "$(dirname "$0")/../lib.sh"
dg_start dump_restore
trap 'dg_stop dump_restore immediate' EXIT
export PATH=$DG_BIN:$PATH
quiet() { dg_sql -c "SET client_min_messages = warning" "$@" >/dev/null; }
dg_sql -c "CREATE DATABASE origin"
dg_sql -d origin -f "$DG_ROOT/pg_test/demo/shop.sql"
quiet -d origin -c "CREATE EXTENSION data_governance"
quiet -d origin -c "SELECT governance.declare_party('shop team', db_roles => '{shop_migrator}')" \
    -c "SELECT governance.declare_dataset('people.customer', owner => 'shop team', class => 'master')" \
    -c "SELECT governance.declare_dataset('billing.\"Dunning.Letters\"', owner => 'shop team', class => 'transactional')" \
    -c "SELECT governance.declare_dataset('reporting.product_sales', owner => 'shop team', class => 'analytical')" \
    -c "SELECT governance.tag_column('people.customer', 'email', 'pii.contact.email')" \
    -c "SELECT governance.set_level('guard', 'enforce', 'schema:billing')"
audited=
if dg_sql -d origin -c "SELECT 'governance.start_audit'::regproc" >/dev/null 2>&1; then
    audited=yes
    quiet -d origin -c "SELECT governance.start_audit('people.customer')"
    quiet -d origin -c "UPDATE people.customer SET city = 'Kiel' WHERE id = 42"
fi

# What the declarations say, without oids.
declarations() {
    dg_sql -d "$1" -c "SELECT schema_name, relation_name, owner, class, declared FROM governance.datasets" \
        -c "SELECT schema_name, relation_name, column_name, tag FROM governance.column_tags" \
        -c "SELECT feature, scope, level FROM governance.levels" -c "SELECT name, db_roles FROM governance.parties"
}
# Every user table's rows, as one digest each, in an order of their own.
contents() {
    dg_sql -d "$1" -f - <<'SQL'
SELECT format('SELECT %L, count(*), md5(string_agg(r::text, chr(10) ORDER BY r::text COLLATE "C")) FROM %s r',
              c.oid::regclass, c.oid::regclass)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'm') AND n.nspname IN ('people', 'catalog', 'sales', 'billing', 'ops', 'reporting')
 ORDER BY c.oid::regclass::text COLLATE "C" \gexec
SQL
}

for format in plain custom; do
    dg_sql -c "CREATE DATABASE copy_$format"
    if [ $format = plain ]; then
        pg_dump origin | dg_sql -d copy_plain >/dev/null
    else
        pg_dump -Fc -f "$DG_WORK/dump_restore.dump" origin
        pg_restore --exit-on-error -j 2 -d copy_custom "$DG_WORK/dump_restore.dump"
    fi
    dg_is "$format: declarations are the same" "$(declarations origin)" "$(declarations copy_$format)"
    contents origin >"$DG_WORK/dump_restore.rows"
    dg_is "$format: rows are the same, in $(wc -l <"$DG_WORK/dump_restore.rows") relations" "" \
        "$(contents copy_$format | diff "$DG_WORK/dump_restore.rows" -)"
    dg_is "$format: user objects are the same" "" "$(diff \
        <(pg_dump -s origin | grep -vE '^\\(un)?restrict') <(pg_dump -s copy_$format | grep -vE '^\\(un)?restrict'))"
    if [ -n "$audited" ]; then
        dg_is "$format: the history came along" "$(dg_sql -d origin -c "SELECT op, key, new_row->>'city' FROM governance.history('people.customer', '42')")" \
            "$(dg_sql -d copy_$format -c "SELECT op, key, new_row->>'city' FROM governance.history('people.customer', '42')")"
        quiet -d copy_$format -c "UPDATE people.customer SET city = 'Ulm' WHERE id = 42"
        dg_is "$format: the audit goes on in the copy" 2 "$(dg_sql -d copy_$format -c "SELECT count(*) FROM governance.history('people.customer', '42')")"
    fi
done
rm -f "$DG_WORK/dump_restore.dump" "$DG_WORK/dump_restore.rows"
pg_dumpall >/dev/null
printf 'ok: pg_dumpall\n'
