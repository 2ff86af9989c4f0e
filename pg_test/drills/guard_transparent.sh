#!/usr/bin/env bash
# A database where nothing is declared behaves as without the extension: the corpora load to the same dump, in both
# modes, and so do a restore and DDL by a plain role.
. "$(dirname "$0")/../lib.sh"
if [ ! -d "$DG_SHARED/corpora" ]; then
    echo 'MISSING  ../shared/corpora is not on this machine: guard_transparent did not run'
    exit 0
fi
dg_start guard_transparent
trap 'dg_stop guard_transparent' EXIT
# A digest of the users' objects and rows: without comments, pg_dump's random token and the extension itself.
digest() {
    "$DG_BIN/pg_dump" -d "$1" --exclude-schema=governance | grep -vE '^$|^--|^.(un)?restrict |data_governance' | sort | md5sum
}
for corpus in chinook northwind pagila; do
    file=$DG_SHARED/corpora/$corpus.sql
    [ -f "$file" ] || file=$DG_SHARED/corpora/$corpus-schema.sql
    dg_sql -c "CREATE DATABASE plain_$corpus" -c "CREATE DATABASE installed_$corpus" -c "CREATE DATABASE attached_$corpus"
    dg_sql -d "plain_$corpus" -f "$file" >/dev/null 2>&1
    dg_sql -d "installed_$corpus" -c 'SET client_min_messages = warning' -c 'CREATE EXTENSION data_governance'
    dg_sql -d "installed_$corpus" -f "$file" >/dev/null 2>&1
    dg_sql -d "attached_$corpus" -c 'SET client_min_messages = warning' -c 'CREATE EXTENSION data_governance' -c 'SELECT governance.attach()' >/dev/null
    dg_sql -d "attached_$corpus" -f "$file" >/dev/null 2>&1
    want=$(digest "plain_$corpus")
    dg_is "$corpus loads the same in mode installed" "$want" "$(digest "installed_$corpus")"
    dg_is "$corpus loads the same in mode attached" "$want" "$(digest "attached_$corpus")"
done
