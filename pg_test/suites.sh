#!/usr/bin/env bash
# Runs SQL suites: each pg_test/sql/NAME.sql in a fresh database with the extension, compared with expected/NAME.out.
#
#   pg_test/suites.sh [NAME ...]           run some suites, or all
#   pg_test/suites.sh --accept NAME ...    take today's output as the expected one (then read the difference!)
#
# A suite's first lines may say what its database needs:
#   -- needs: attached          governance.attach() was called; the suite's session loads the library at its start
#   -- needs: shop              the project's own sample shop is loaded (pg_test/demo/shop.sql)
#   -- needs: chinook           a database of ../shared/corpora is loaded, before the extension is created
# Roles that a suite makes are dropped after it.
. "$(dirname "$0")/lib.sh"
cd "$DG_ROOT/pg_test"

accept=
if [ "${1:-}" = --accept ]; then
    accept=yes
    shift
fi
names=("$@")
if [ ${#names[@]} = 0 ]; then
    for f in sql/*.sql; do names+=("$(basename "$f" .sql)"); done
fi

mkdir -p results
dg_start suites
trap 'dg_stop suites' EXIT
failed=()
for name in "${names[@]}"; do
    db=suite_$name
    dg_sql -c "CREATE DATABASE $db"
    needs=$(sed -n 's/^-- needs: //p' "sql/$name.sql")
    skip=
    for need in $needs; do
        case $need in
            attached) ;;
            shop) dg_sql -d "$db" -f demo/shop.sql >/dev/null ;;
            *)
                file=$DG_SHARED/corpora/$need.sql
                [ -f "$file" ] || file=$DG_SHARED/corpora/$need-schema.sql
                if [ -f "$file" ]; then
                    dg_sql -d "$db" -f "$file" >/dev/null 2>&1
                else
                    skip=$need
                fi
                ;;
        esac
    done
    if [ -n "$skip" ]; then
        printf 'MISSING  %s: needs ../shared/corpora/%s.sql, which is not on this machine\n' "$name" "$skip"
        continue
    fi
    made=$(dg_sql -d "$db" -c "CREATE EXTENSION data_governance" 2>&1) || dg_fail "CREATE EXTENSION in $db: $made"
    case " $needs " in
        *" attached "*) dg_sql -d "$db" -c "SET client_min_messages = warning; SELECT governance.attach()" >/dev/null ;;
    esac
    # Times, transaction ids, oids, UUIDs, places of rows and refusal numbers differ from run to run.
    "$DG_BIN/psql" -X -a -q -d "$db" -f "sql/$name.sql" 2>&1 |
        sed -E -e 's/^psql:[^ ]*:[0-9]+: //' \
            -e 's/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/<uuid>/g' \
            -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([+-][0-9]{2})?/<time>/g' \
            -e 's/row at \([0-9]+,[0-9]+\)/row at <place>/g' \
            -e "s/ctid = '\([0-9]+,[0-9]+\)'/ctid = '<place>'/g" \
            -e 's/([Rr]efusal )[0-9]+/\1<number>/g' >"results/$name.out" || true
    if [ -n "$accept" ]; then
        mkdir -p expected
        cp "results/$name.out" "expected/$name.out"
        printf 'accepted %s\n' "$name"
    elif diff -u "expected/$name.out" "results/$name.out" >"results/$name.diff" 2>&1; then
        printf 'ok       %s\n' "$name"
    else
        printf 'FAILED   %s\n' "$name"
        head -n 60 "results/$name.diff"
        failed+=("$name")
    fi
    dg_sql -c "DROP DATABASE $db"
    # Roles are the cluster's: those of one suite would be seen by the next.
    dg_sql -c "SELECT format('DROP ROLE %I;', rolname) FROM pg_roles WHERE oid >= 16384" | dg_sql -f -
    dg_sql -c 'ALTER ROLE postgres CONNECTION LIMIT -1'
done
if [ ${#failed[@]} -gt 0 ]; then
    dg_fail "suites that differ: ${failed[*]} (see pg_test/results)"
fi
