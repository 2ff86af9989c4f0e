#!/usr/bin/env bash
# explain_ddl() and the guard never disagree: over every statement of guard_grammar.txt, in both modes and at each level, what
# it says is what the guard then does. Statements that PostgreSQL itself refuses have no verdict to compare, unless the
# guard was first. (The rules' own cases are compared in the suites guard_rules and guard_rules_installed.)
. "$(dirname "$0")/../lib.sh"
dg_start guard_explain wal_level=logical
trap 'dg_stop guard_explain' EXIT
here=$DG_ROOT/pg_test/drills
dg_sql -c 'CREATE ROLE grammar_role; CREATE ROLE grammar_other; CREATE ROLE guard_rules_owner'
for mode in installed attached; do
    export PGDATABASE=$mode
    dg_sql -d postgres -c "CREATE DATABASE $mode"
    dg_sql -f "$here/guard_grammar_fixture.sql" >/dev/null
    dg_sql -c 'SET client_min_messages = error' -c 'CREATE EXTENSION data_governance' >/dev/null
    [ "$mode" = installed ] || dg_sql -c 'SET client_min_messages = error' -c 'SELECT governance.attach()' >/dev/null
    for level in enforce warn observe; do
        out=$(dg_sql 2>&1 <<SQL | sed "/^INFO/,/^DETAIL/d"
SET client_min_messages = error;
SET lock_timeout = '2 s';
\o /dev/null
SELECT governance.set_level('guard', '$level', reason => 'drill');
\ir $DG_ROOT/pg_test/sql/guard_rules/run.sql
\copy case_ (statement) FROM '$here/guard_grammar.txt' WITH (FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02')
SELECT pg_temp.run();
\o
SELECT count(*) || ' compared' FROM case_ WHERE did = 'passes' OR did ~ '(refused|warned|recorded)';
-- What code and queries do shows only when they run, and it says so.
SELECT statement, split_part(explained, '|', 1), did FROM case_ WHERE split_part(explained, '|', 1) <> did AND (did = 'passes' OR did ~ '(refused|warned|recorded)') AND split_part(explained, '|', 1) <> 'not explained' ORDER BY n;
SQL

)
        case $out in
            *[0-9]' compared') echo "ok: $mode, level $level: ${out% compared} statements, no disagreement" ;;
            *) printf '%s\n' "$out"; dg_fail "$mode, level $level: explain_ddl() and the guard disagree" ;;
        esac
    done
done
