#!/usr/bin/env bash
# Runs the drills: scripts in drills/ that need more than one session, database or server. Each prints `ok:` lines and
# fails with a message.
#
#   pg_test/drills.sh [NAME ...]
. "$(dirname "$0")/lib.sh"
cd "$DG_ROOT/pg_test"
mkdir -p results
names=("$@")
if [ ${#names[@]} = 0 ]; then
    for f in drills/*.sh; do names+=("$(basename "$f" .sh)"); done
fi
failed=()
for name in "${names[@]}"; do
    if "drills/$name.sh" >"results/drill_$name.out" 2>&1; then
        printf 'ok       %s (%s checks)\n' "$name" "$(grep -c '^ok:' "results/drill_$name.out" || true)"
        grep '^MISSING' "results/drill_$name.out" || true
    else
        printf 'FAILED   %s\n' "$name"
        tail -n 40 "results/drill_$name.out"
        failed+=("$name")
    fi
done
if [ ${#failed[@]} -gt 0 ]; then
    dg_fail "drills: ${failed[*]} (see pg_test/results)"
fi
