#!/usr/bin/env bash
# Runs `cargo pgrx test`: the pure tests and the ones inside a server. Arguments are passed on.
#
# It builds with flags of its own, so it has its own target folder and installation, and rebuilds nothing of the others.
DG_FLAVOUR=test
. "$(dirname "$0")/lib.sh"
cd "$DG_ROOT"
dg_prefix
export CARGO_TARGET_DIR=$DG_TARGET/test
# Without --runas the test framework wants to know who we are; containers often do not say.
USER=$(id -un)
export USER
if [ "$(id -u)" = 0 ]; then
    # PostgreSQL refuses to run as root. The folder holds a socket, whose path must be short.
    data=$(mktemp -d /tmp/dg.XXXXXX)
    trap 'rm -rf "$data"' EXIT
    chown postgres "$data"
    cargo pgrx test "pg$DG_PG_MAJOR" --runas postgres --pgdata "$data" "$@"
else
    cargo pgrx test "pg$DG_PG_MAJOR" "$@"
fi
