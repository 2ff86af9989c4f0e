#!/usr/bin/env bash
# Opens psql in a fresh shop database of the demo's server, with the extension created.
DG_FLAVOUR=${DEMO_FLAVOUR:-release}
. "$(dirname "$0")/../lib.sh"
dg_work
if [ ! -d "$DG_WORK/demo/data" ]; then
    "$DG_ROOT/pg_test/demo/run.sh"
fi
if [ -f "$DG_WORK/demo/data/postmaster.pid" ] && dg_as "$DG_BIN/pg_ctl" -D "$DG_WORK/demo/data" status >/dev/null; then
    export PGHOST=$DG_WORK/demo PGPORT=5432 PGUSER=postgres
else
    dg_up demo
fi
export PGDATABASE=shop_shell
if [ -z "$(dg_sql -d postgres -c "SELECT 1 FROM pg_database WHERE datname = 'shop_shell'")" ]; then
    dg_say "making database shop_shell: the sample shop with the extension, attached"
    dg_sql -d postgres -c "CREATE DATABASE shop_shell"
    dg_sql -f "$DG_ROOT/pg_test/demo/shop.sql"
    dg_sql -c "SET client_min_messages = warning; CREATE EXTENSION data_governance; SELECT governance.attach()" >/dev/null
fi
dg_say "try: SELECT * FROM governance.findings;   SELECT * FROM governance.status();"
exec "$DG_BIN/psql" -X
