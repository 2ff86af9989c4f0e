#!/usr/bin/env bash
# Migration tools: the real Alembic and the real Django, each with unchanged files, as an owner without privileges, where
# the guard enforces; in mode installed and attached. Their files are in change_tools/.
. "$(dirname "$0")/../lib.sh"
files=$DG_ROOT/pg_test/drills/change_tools
tools=$DG_TARGET/tools
# A virtual environment that was moved does not run.
if ! cmp -s "$files/requirements.txt" "$tools/installed.txt" || ! "$tools/bin/alembic" --version >/dev/null 2>&1; then
    rm -rf "$tools"
    if ! { python3 -m venv "$tools" && "$tools/bin/pip" install -q --disable-pip-version-check -r "$files/requirements.txt"; } >"$DG_TARGET/tools.log" 2>&1; then
        printf 'MISSING  Alembic and Django could not be installed (%s): their drill is not run\n' "$(tail -n 1 "$DG_TARGET/tools.log")"
        exit 0
    fi
    cp "$files/requirements.txt" "$tools/installed.txt"
fi
dg_start change_tools
trap 'dg_stop change_tools immediate' EXIT
work=$(mktemp -d)
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$files/django DJANGO_SETTINGS_MODULE=settings
dg_sql -c 'CREATE ROLE tool LOGIN' -c 'CREATE ROLE app' -c 'CREATE ROLE reader'

# As the team's role, which owns the tables.
as_tool() { PGUSER=tool PGOPTIONS='-c search_path=shop -c lock_timeout=2s' "$@"; }
sql() { as_tool dg_sql -c "$1" 2>"$work/err" || { cat "$work/err" >&2; return 1; }; }
alembic() { as_tool "$tools/bin/alembic" -c "$files/alembic/alembic.ini" "$@"; }
django() { as_tool "$tools/bin/python" -m django "$@"; }
upgrade() { if [ "$tool" = alembic ]; then alembic upgrade "$1"; elif [ "$1" = head ]; then django migrate crm; else django migrate crm "$1"; fi; }
downgrade() { if [ "$tool" = alembic ]; then alembic downgrade "$1"; else django migrate crm "$1"; fi; }
# What the tool believes, without running anything.
stamp() { if [ "$tool" = alembic ]; then alembic stamp "$1"; else django migrate --fake crm "$1"; fi; }
at() {
    if [ "$tool" = alembic ]; then sql 'SELECT version_num FROM alembic_version'; else sql "SELECT left(max(name), 4) FROM django_migrations WHERE app = 'crm'"; fi
}
# How many different lines of its output match.
says() { grep -- "$1" "$work/out" | sort -u | wc -l; }
run() { "$@" >"$work/out" 2>&1; }
refused() { # WHAT COMMAND …
    local what=$1
    shift
    if run "$@"; then
        cat "$work/out"
        dg_fail "$where: $what was not refused"
    fi
}
passes() { # WHAT COMMAND …
    local what=$1
    shift
    run "$@" || { cat "$work/out"; dg_fail "$where: $what"; }
    printf 'ok: %s: %s\n' "$where" "$what"
}
# Runs a file; what its refusal says is pasted, approved and brought to the gate, until the file runs through.
through() {
    local id hint
    pasted=0
    until run upgrade "$1"; do
        hint=$(grep -oE 'SELECT governance\.propose_change\(.*\);' "$work/out" | head -n 1 || true)
        [ -n "$hint" ] && [ "$pasted" -lt 9 ] || { cat "$work/out"; dg_fail "$where: nothing to paste"; }
        id=$(sql "$hint")
        sql "SELECT governance.approve_change($id, 'drill', '{not_observed}')"
        if [ "$(sql "SELECT kind FROM governance.changes WHERE change = $id")" = rename_column ]; then
            sql "CALL governance.advance_change($id)"
        fi
        pasted=$((pasted + 1))
    done
}
# Grants, columns with NOT NULL, indexes, and the data.
shape() {
    sql "SELECT a.attrelid::regclass, a.attname, a.attnotnull, a.attacl FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
          WHERE c.relkind = 'r' AND c.relnamespace = 'shop'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
            AND c.relname NOT IN ('alembic_version', 'django_migrations') AND a.attname <> 'email' ORDER BY 1, 2"
    sql "SELECT relname, relacl FROM pg_class WHERE relnamespace = 'shop'::regnamespace AND relkind = 'r' ORDER BY 1"
    sql "SELECT indexdef FROM pg_indexes WHERE schemaname = 'shop' AND tablename NOT IN ('alembic_version', 'django_migrations') ORDER BY 1"
    sql "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'shop'::regnamespace ORDER BY 1, 2"
    sql "SELECT id, phone, name FROM $customer ORDER BY id"
    sql "SELECT * FROM $legacy ORDER BY id"
}
undo_all() {
    local id
    for id in $(sql "SELECT change FROM governance.changes WHERE state = 'contracted' ORDER BY change DESC"); do
        sql "SELECT governance.undo_change($id, 'drill')"
    done
}
undo_last() { # ENDING: of the wish
    local id next
    id=$(sql "SELECT max(change) FROM governance.changes WHERE state = 'contracted' AND ddl LIKE '%$1'")
    sql "SELECT governance.undo_change($id, 'drill')" >/dev/null
    [ "$(sql "SELECT state FROM governance.changes WHERE change = $id")" = undone ] || dg_fail "$where: change $id is not undone"
    next=$(sql "SELECT next_step FROM governance.changes WHERE change = $id")
    [ -z "$next" ] || sql "$next"
}
# What the file added beside; an operator lets it pass, since it is gone for good.
unmake_email() {
    dg_sql -c "SELECT governance.break_glass('drill', '{data_loss}', 'dataset:shop.$customer', 'tool')" >/dev/null
    sql "ALTER TABLE $customer DROP COLUMN email"
}
by_own_ddl() { sql "SELECT count(*) FROM governance.changes WHERE state = 'contracted' AND by_own_ddl AND contracted_by = 'tool'"; }

for mode in installed attached; do
    for tool in alembic django; do
        where="$tool, $mode"
        prefix=
        [ $tool = alembic ] || prefix=crm_
        customer=${prefix}customer legacy=${prefix}legacy
        export PGDATABASE=postgres
        dg_sql -c "CREATE DATABASE ${tool}_$mode"
        export PGDATABASE=${tool}_$mode
        dg_sql -c 'SET client_min_messages = error' -c 'CREATE EXTENSION data_governance' -c 'CREATE SCHEMA shop AUTHORIZATION tool' >/dev/null
        if [ $mode = attached ]; then
            dg_sql -c 'SET client_min_messages = error' -c 'SELECT governance.attach()' >/dev/null
        fi
        passes "its first file" upgrade 0001
        sql "INSERT INTO $customer (name, phone, note, pager, age) SELECT 'n' || g, 'p' || g, 'x', 'y', g FROM generate_series(1, 500) g"
        sql "INSERT INTO $legacy (code) SELECT g FROM generate_series(1, 5) g"
        sql "GRANT SELECT ON $customer, $legacy TO app; GRANT SELECT (phone), UPDATE (phone) ON $customer TO reader"
        dg_sql -v c="shop.$customer" -v l="shop.$legacy" >/dev/null 2>&1 <<'SQL'
SELECT governance.declare_party('crm', db_roles => '{tool}');
SELECT governance.declare_dataset(:'c', 'crm', 'master'), governance.declare_dataset(:'l', 'crm', 'master');
SELECT governance.set_level('guard', 'enforce', 'dataset:' || d) FROM unnest(ARRAY[:'c', :'l']) d;
SQL
        shape >"$work/shape"
        refused "the file" upgrade 0002
        dg_is "$where: refused, with the way forward in its own output" 1 "$(says "^HINT:.*SELECT governance.propose_change('ALTER TABLE shop.$customer DROP COLUMN phone', 'why');")"
        dg_is "$where: its own record stays" 0001 "$(at)"
        dg_is "$where: nothing of the file is left" "" "$(shape | diff "$work/shape" -)"
        if [ $tool = alembic ]; then plan=$(alembic upgrade 0001:0002 --sql 2>/dev/null); else plan=$(django sqlmigrate crm 0002); fi
        dg_is "$where: what it would run says all of it at once" "drop_column drop_table rename_column" "$(
            as_tool dg_sql -v p="$plan" <<<"SELECT string_agg(DISTINCT CASE WHEN advice ~ 'DROP COLUMN' THEN 'drop_column' WHEN advice ~ 'RENAME' THEN 'rename_column' ELSE 'drop_table' END, ' ' ORDER BY CASE WHEN advice ~ 'DROP COLUMN' THEN 'drop_column' WHEN advice ~ 'RENAME' THEN 'rename_column' ELSE 'drop_table' END) FROM governance.explain_ddl(:'p') WHERE advice LIKE '%propose_change%'"
        )"
        through 0002
        dg_is "$where: three pastes, and the unchanged file runs through" "3 0002" "$pasted $(at)"
        dg_is "$where: contracted by its own DDL" 3 "$(by_own_ddl)"
        dg_is "$where: it hears what its statements do" 3 "$(says 'this statement completes change')"
        dg_is "$where: clients write the new shape" 1 "$(sql "INSERT INTO $customer (full_name, email) VALUES ('new', 'e')"; sql "DELETE FROM $customer WHERE full_name = 'new' RETURNING 1")"
        undo_all
        unmake_email
        stamp 0001 >/dev/null 2>&1
        dg_is "$where: data, grants, indexes, constraints and NOT NULL come back" "" "$(shape | diff "$work/shape" -)"

        # The file comes after the change: in a second database, say, or when the record was set back.
        for wish in "ALTER TABLE $customer DROP COLUMN phone" "ALTER TABLE $customer RENAME COLUMN name TO full_name" "DROP TABLE $legacy"; do
            id=$(sql "SELECT governance.propose_change('$wish', 'drill')")
            sql "SELECT governance.approve_change($id, 'drill', '{not_observed}')"
            sql "CALL governance.advance_change($id)"
            [ "$(sql "SELECT state FROM governance.changes WHERE change = $id")" = contracted ] || sql "CALL governance.advance_change($id)"
        done
        passes "a file whose changes are contracted already" upgrade 0002
        dg_is "$where: each statement says so" "3 0002" "$(says 'did that already') $(at)"
        unmake_email
        stamp 0001 >/dev/null 2>&1
        passes "and once more" upgrade 0002
        dg_is "$where: the same again" "3 0002" "$(says 'did that already') $(at)"

        # Two columns of one table; in Django with a transaction for each statement.
        through 0003
        dg_is "$where: two columns of one table" "2 0003" "$pasted $(at)"

        # The way back of the tool makes empty columns beside those in quarantine.
        passes "its way back" downgrade 0002
        dg_is "$where: its columns are empty, those with the data are in quarantine" "0 500" "$(sql "SELECT count(note) FROM $customer") $(
            column=$(sql "SELECT attname FROM pg_attribute WHERE attrelid = '$customer'::regclass AND attname LIKE '\_dg%\_note'")
            sql "SELECT count($column) FROM $customer"
        )"
        id=$(sql "SELECT max(change) FROM governance.changes WHERE state = 'contracted' AND ddl LIKE '%note'")
        refused "undo_change" sql "SELECT governance.undo_change($id)"
        cp "$work/err" "$work/out"
        dg_is "$where: the change cannot be undone while the name is taken" 1 "$(says 'exists again, so change')"
        refused "the file after its way back" upgrade 0003
        dg_is "$where: what it would drop is not the same column any more" "1 0002" "$(says "^HINT:.*propose_change.*DROP COLUMN note'") $(at)"
        through 0003
        dg_is "$where: it is a change of its own" "2 0003" "$pasted $(at)"

        # Names of tables, indexes and columns in quarantine are free again; a rename has no silent way back.
        stamp 0002 >/dev/null 2>&1
        refused "a way back with a rename" downgrade 0001
        dg_is "$where: its way back comes as far as the rename, which is a change too" "1 0002" "$(says "^HINT:.*propose_change('ALTER TABLE shop.$customer RENAME COLUMN full_name TO name', 'why');") $(at)"
        stamp 0003 >/dev/null 2>&1

        # What needs no change, and what has none yet.
        passes "additions" upgrade "$([ $tool = alembic ] && echo 0004 || echo 0005)"
        dg_is "$where: column, constraint and index are there" "t t t" "$(sql "SELECT
            (SELECT count(country) = 500 FROM $customer), (SELECT convalidated FROM pg_constraint WHERE conname = 'ck_customer_age'),
            (SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_customer_age'::regclass)" | tr '|' ' ')"

        # An index before its column, in one transaction; and one that goes CONCURRENTLY, outside of any.
        through "$([ $tool = alembic ] && echo 0005 || echo 0006)"
        dg_is "$where: the index and its column are a change each, and the file completes both" "2 2 t t" "$pasted $(says 'this statement completes change') $(sql "SELECT to_regclass('ix_customer_fax') IS NULL, NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = '$customer'::regclass AND attname = 'fax')" | tr '|' ' ')"
        undo_last fax
        undo_last ix_customer_fax
        dg_is "$where: both come back" 1 "$(sql "SELECT count(*) FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] WHERE i.indexrelid = 'ix_customer_fax'::regclass AND i.indisvalid AND a.attname = 'fax'")"
        through "$([ $tool = alembic ] && echo 0006 || echo 0007)"
        dg_is "$where: so is one that goes CONCURRENTLY" "1 1 t" "$pasted $(says 'this statement completes change') $(sql "SELECT to_regclass('ix_customer_age') IS NULL")"
        undo_last ix_customer_age
        before=$(at)
        refused "a type change" upgrade head
        dg_is "$where: a type change is refused with a HINT" "1 $before" "$(says '^HINT:  .*SELECT governance\.') $(at)"
    done
done
rm -rf "$work"
