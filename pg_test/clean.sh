#!/usr/bin/env bash
# Stops the private servers and removes everything that was built.
. "$(dirname "$0")/lib.sh"
dg_work
for cluster in "$DG_WORK"/*/; do
    [ -d "$cluster" ] && dg_stop "$(basename "$cluster")" immediate
done
rm -rf "$DG_WORK" "$DG_TARGET" "$DG_BASE" "$DG_ROOT/pg_test/results"
