#!/usr/bin/env bash
# Create, use, leave, create again; what DROP EXTENSION refuses; the user's tables before and after.
. "$(dirname "$0")/../lib.sh"
dg_start install_drop
trap 'dg_stop install_drop immediate' EXIT
dg_sql -f "$DG_ROOT/pg_test/demo/shop.sql"
"$DG_BIN/pg_dump" | grep -vE '^\\(un)?restrict' >"$DG_WORK/install_drop.before"

quiet() { dg_sql -c "SET client_min_messages = warning" "$@" >/dev/null; }
# Prints the SQLSTATE of a statement that must fail; nothing when it succeeds.
refusal() { dg_sql -v VERBOSITY=sqlstate -c "$1" 2>&1 >/dev/null | sed -nE 's/^ERROR: +([0-9A-Z]{5}).*/\1/p'; }
hint() { dg_sql -c "$1" 2>&1 >/dev/null | sed -n 's/^HINT: *//p'; }

quiet -c "CREATE EXTENSION data_governance"
quiet -c "SELECT governance.attach()"
dg_is "a new session is attached" data_governance "$(dg_sql -c "SHOW session_preload_libraries")"
dg_is "DROP EXTENSION is refused while attached" 2BP01 "$(refusal "DROP EXTENSION data_governance")"
dg_is "CASCADE too" 2BP01 "$(refusal "DROP EXTENSION data_governance CASCADE")"
[[ $(hint "DROP EXTENSION data_governance") == *detach* ]] || dg_fail "the HINT does not name detach()"
printf 'ok: the HINT names detach()\n'
dg_is "dropping the schema is refused" yes "$(dg_sql -c "DROP SCHEMA governance CASCADE" >/dev/null 2>&1 && echo no || echo yes)"

quiet -c "SELECT governance.declare_party('shop team', db_roles => '{shop_migrator}')" \
    -c "SELECT governance.declare_dataset('people.customer', owner => 'shop team', class => 'master')" \
    -c "SELECT governance.start_audit('people.customer')"
quiet -c "UPDATE people.customer SET newsletter = newsletter WHERE id = 1"
quiet -c "SELECT governance.detach(reason => 'drill')"
dg_is "after detach() the list is empty" "" "$(dg_sql -c "SHOW session_preload_libraries")"
dg_is "a plain DROP EXTENSION is refused while the log holds rows" 2BP01 "$(refusal "DROP EXTENSION data_governance")"
quiet -c "DROP EXTENSION data_governance CASCADE"
dg_is "CASCADE after detach() is let through" 0 "$(dg_sql -c "SELECT count(*) FROM pg_extension WHERE extname = 'data_governance'")"
dg_is "and leaves a line in the server log" yes "$(grep -q 'data_governance.*\(dropped\|DROP EXTENSION\)' "$DG_WORK/install_drop/log" && echo yes || echo no)"
"$DG_BIN/pg_dump" | grep -vE '^\\(un)?restrict' >"$DG_WORK/install_drop.after"
# The one UPDATE moved a row and its trigger stamped it: compare sorted, without that row.
dg_is "the user's tables are as before" "" "$(diff \
    <(grep -vE '^1\s' "$DG_WORK/install_drop.before" | sort) <(grep -vE '^1\s' "$DG_WORK/install_drop.after" | sort))"
dg_is "nothing of the product is left" 0 "$(dg_sql -c "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'data_governance%'")"
dg_is "DDL is free again" "" "$(refusal "ALTER TABLE people.customer DROP COLUMN fax")"

quiet -c "CREATE EXTENSION data_governance"
dg_is "it can be created again, empty" 0 "$(dg_sql -c "SELECT count(*) FROM governance.datasets WHERE declared")"
rm -f "$DG_WORK"/install_drop.before "$DG_WORK"/install_drop.after
