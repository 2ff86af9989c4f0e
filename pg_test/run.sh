#!/usr/bin/env bash
# All tests, the quickest to fail first. `make test` and .ci/run call it.
. "$(dirname "$0")/lib.sh"
cd "$DG_ROOT"
step() {
    local begin=$SECONDS
    dg_say "$1"
    shift
    "$@"
    printf '%s\n' "   $((SECONDS - begin)) s"
}
[ -d "$DG_SHARED/corpora" ] || printf 'MISSING  ../shared: suites on Chinook, Northwind and Pagila are not run\n'

step "set-up" pg_test/setup.sh
step "lint" pg_test/lint.sh
step "tests in Rust (cargo pgrx test)" pg_test/pgrx.sh
dg_install
step "SQL suites" pg_test/suites.sh
step "drills" pg_test/drills.sh
step "demo" pg_test/demo/run.sh --check
dg_say "all tests passed in $((SECONDS / 60)) min $((SECONDS % 60)) s"
