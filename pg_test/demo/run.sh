#!/usr/bin/env bash
# The product on the sample shop, step by step: each steps/NN_name.sql is run by psql and printed with its results, long
# ones abbreviated.
#
#   pg_test/demo/run.sh            build in release, make a fresh private server, print everything
#   pg_test/demo/run.sh --check    the same, printing only the steps' names and what went wrong
#
# A line `--! REGEX` in a step is not printed: it says what the step's output must contain. An ERROR that no such line
# expects fails the demo. DEMO_FLAVOUR=debug runs it on the debug build.
DG_FLAVOUR=${DEMO_FLAVOUR:-release}
. "$(dirname "$0")/../lib.sh"
cd "$DG_ROOT/pg_test/demo"
check=
[ "${1:-}" = --check ] && check=yes

dg_install
dg_start demo fsync=on
export PATH=$DG_BIN:$PATH
# Files of the demo (dumps, the exported log) go here.
DEMO_FILES=$DG_WORK/demo/files
dg_as mkdir -p "$DEMO_FILES"
if [ "$(id -u)" != 0 ]; then chmod 700 "$DEMO_FILES"; fi
export DEMO_FILES
dg_sql -c "CREATE DATABASE shop"
export PGDATABASE=shop
dg_say "loading the sample shop"
dg_sql -f shop.sql
pg_dump --schema-only | grep -vE '^\\(un)?restrict' >"$DEMO_FILES/schema_before.sql"

# Prints at most 20 lines of each result, and nothing for functions that return nothing.
abbreviate() {
    awk '
        function flush_held() { if (have) print held; have = 0 }
        in_table && /^\([0-9]+ rows?\)$/ {
            in_table = 0
            if (n == 1 && line[1] ~ /^ *$/) { getline; next }
            print header; print rule
            for (i = 1; i <= n && i <= 20; i++) print line[i]
            if (n > 20) printf "  … %d more lines\n", n - 20
            print
            next
        }
        in_table { line[++n] = $0; next }
        have && /^-+(\+-+)*$/ { header = held; rule = $0; have = 0; in_table = 1; n = 0; next }
        { flush_held(); held = $0; have = 1 }
        END { flush_held() }'
}

failed=0
for file in steps/*.sql; do
    name=$(basename "$file" .sql)
    output=$DEMO_FILES/$name.out
    psql -X -a -q -v VERBOSITY=default -P pager=off -P linestyle=ascii -P format=wrapped -P columns=150 \
        < <(grep -v '^--! ' "$file") >"$output" 2>&1 || true
    if [ -z "$check" ]; then
        abbreviate <"$output"
    fi
    complaints=$(
        while read -r expected; do
            grep -qE -- "$expected" "$output" || printf '   missing: %s\n' "$expected"
        done < <(sed -n 's/^--! //p' "$file")
        grep -E '^(ERROR|FATAL|PANIC|psql: error)' "$output" | while read -r error; do
            found=
            while read -r expected; do
                [[ $expected == ERROR* ]] && grep -qE -- "$expected" <<<"$error" && found=yes
            done < <(sed -n 's/^--! //p' "$file")
            [ -n "$found" ] || printf '   not expected: %s\n' "$error"
        done || true
    )
    if [ -n "$complaints" ]; then
        failed=$((failed + 1))
        printf 'FAILED   %s\n%s\n' "$name" "$complaints"
        [ -z "$check" ] || tail -n 40 "$output"
    elif [ -n "$check" ]; then
        printf 'ok       %s\n' "$name"
    fi
done
if [ "$failed" -gt 0 ]; then
    dg_stop demo
    dg_fail "$failed steps of the demo did not show what they should"
fi
if [ -n "$check" ]; then
    dg_stop demo
else
    dg_say "the server is still running: make demo-shell opens psql in it, make clean stops it"
fi
