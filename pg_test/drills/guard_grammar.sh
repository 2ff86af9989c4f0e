#!/usr/bin/env bash
# Every form of ALTER, DROP, COMMENT, SECURITY LABEL, GRANT and their like that the grammar of PostgreSQL 15 has, on an
# object of every kind (guard_grammar.txt, guard_grammar_fixture.sql): the guard crashes on none; while it only observes,
# each ends as in a database without it, to the last line of its error; at level enforce, who may not do a thing is
# told so by PostgreSQL; and explain_ddl() reads each without an error of its own.
. "$(dirname "$0")/../lib.sh"
dg_start guard_grammar wal_level=logical
trap 'dg_stop guard_grammar' EXIT
here=$DG_ROOT/pg_test/drills
out=$DG_ROOT/pg_test/results/guard_grammar
mkdir -p "$out"
dg_sql -c 'CREATE ROLE grammar_role; CREATE ROLE grammar_other; CREATE ROLE grammar_plain; CREATE ROLE grammar_schema'
make() {
    dg_sql -c "CREATE DATABASE $1"
    dg_sql -d "$1" -f "$here/guard_grammar_fixture.sql" >/dev/null
    dg_sql -d "$1" -c 'ALTER SCHEMA g OWNER TO grammar_schema' -c 'GRANT USAGE ON SCHEMA g TO grammar_plain' -c 'GRANT CREATE ON SCHEMA public TO grammar_plain' -c "GRANT CREATE ON DATABASE $1 TO grammar_schema"
}
level() { # DATABASE LEVEL
    dg_sql -d "$1" -c 'SET client_min_messages = error' \
        -c "SELECT governance.set_level('guard', '$2', reason => 'drill')" >/dev/null
}
# Each statement in a transaction of its own that is rolled back, with all it says.
run() { # DATABASE [SETTING]
    { echo "SET search_path = g; SET lock_timeout = '5 s';"
      while IFS= read -r statement; do
          printf "\\\\echo >> %s\nBEGIN;\n%s\n%s;\nROLLBACK;\n" "${statement//\'/\'\'}" "${2:-}" "$statement"
      done <"$here/guard_grammar.txt"
      echo '\echo END'; } | "$DG_BIN/psql" -X -q -A -t -d "$1" 2>&1 | sed -E -e 's/[Rr]efusal [0-9]+/refusal N/' -e 's/pg_toast_[0-9]+/pg_toast_N/' -e 's/database (plain|installed|attached)/database DB/' -e '/data_governance depends on/d'
}
explain() { # DATABASE
    { echo "SET search_path = g;"
      while IFS= read -r statement; do
          printf "\\\\echo >> %s\nBEGIN;\nSELECT coalesce(rule, '-') || ' ' || verdict FROM governance.explain_ddl(\$ddl\$%s\$ddl\$);\nROLLBACK;\n" "${statement//\'/\'\'}" "$statement"
      done <"$here/guard_grammar.txt"
      echo '\echo END'; } | "$DG_BIN/psql" -X -q -A -t -d "$1" 2>&1
}
# What PostgreSQL says to who may not.
DENIED='permission denied\|must be \|must have \|must own'
# One line for each statement that fails: itself and the error.
errors() { awk '/^>> /{s=$0} /^ERROR:/{print s " | " $0}' "$1"; }
make plain
make installed
make attached
dg_sql -d installed -c 'SET client_min_messages = error' -c 'CREATE EXTENSION data_governance'
dg_sql -d attached -c 'SET client_min_messages = error' -c 'CREATE EXTENSION data_governance' -c 'SELECT governance.attach()' >/dev/null
run plain >"$out/plain"
for role in plain schema; do run plain "SET LOCAL ROLE grammar_$role;" >"$out/plain.$role"; done
for mode in installed attached; do
    level "$mode" observe
    run "$mode" >"$out/$mode"
    dg_is "$mode: no statement ended the session" END "$(tail -n 1 "$out/$mode")"
    diff "$out/plain" "$out/$mode" >"$out/$mode.diff" || { cat "$out/$mode.diff"; dg_fail "$mode: statements end differently than without the guard"; }
    echo "ok: $mode: $(wc -l <"$here/guard_grammar.txt") statements end as without the guard"
    explain "$mode" >"$out/$mode.explain"
    dg_is "$mode: explaining ended no session" END "$(tail -n 1 "$out/$mode.explain")"
    level "$mode" enforce
    # One that owns nothing, and one that owns the schema of everything.
    for role in plain schema; do
        run "$mode" "SET LOCAL ROLE grammar_$role;" >"$out/$mode.$role"
        dg_is "$mode: as grammar_$role, none ended the session" END "$(tail -n 1 "$out/$mode.$role")"
        errors "$out/plain.$role" >"$out/plain.$role.errors"
        errors "$out/$mode.$role" >"$out/$mode.$role.errors"
        lost=$(grep -vxFf "$out/$mode.$role.errors" "$out/plain.$role.errors" | grep "$DENIED" || true)
        [ -z "$lost" ] || { printf '%s\n' "$lost"; dg_fail "$mode: who may not (grammar_$role) is told so by the guard, not by PostgreSQL"; }
    done
    echo "ok: $mode: who may not is told so by PostgreSQL"
done
