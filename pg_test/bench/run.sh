#!/usr/bin/env bash
# What governing costs: ratios against an ungoverned twin database of the same private server. See docs/benchmarks.md.
#
#   pg_test/bench/run.sh [NAME ...]     QUICK=1: fewer pairs and smaller data, a rough answer; PAIRS=n: so many pairs
DG_FLAVOUR=${BENCH_FLAVOUR:-release}
. "$(dirname "$0")/../lib.sh"
command -v python3 >/dev/null || dg_fail "no python3"
dg_install
# Nothing else may use CPU in between; durability is not what is measured.
dg_work
dg_as sh -c "head -c 32 /dev/urandom >'$DG_WORK/bench.key' && chmod 600 '$DG_WORK/bench.key'"
dg_start bench "governance.key_file=$DG_WORK/bench.key" autovacuum=off shared_buffers=512MB max_wal_size=8GB checkpoint_timeout=1h jit=off \
    synchronous_commit=off max_parallel_workers_per_gather=0
trap 'dg_stop bench immediate; rm -rf "${DG_WORK:?}/bench"' EXIT
export PATH=$DG_BIN:$PATH DG_WORK
python3 "$DG_ROOT/pg_test/bench/bench.py" "$@"
