#!/usr/bin/env bash
# Identity as a property: random schemas and random DDL against a model of what should be governed. What it says is in
# registry_identity_model.py; a failure prints its seed and the fewest steps that show it.
#
#   SEED=7 ROUNDS=12 STEPS=60 pg_test/drills/registry_identity_random.sh
. "$(dirname "$0")/../lib.sh"
command -v python3 >/dev/null || dg_fail "no python3"
dg_start registry_identity_random
trap 'dg_stop registry_identity_random' EXIT
here=$DG_ROOT/pg_test/drills
export PATH=$DG_BIN:$PATH PYTHONDONTWRITEBYTECODE=1
# The same in every run, unless a seed is given.
SEED=${SEED:-1} python3 "$here/registry_identity_random.py"
