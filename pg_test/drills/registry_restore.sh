#!/usr/bin/env bash
# Dump and restore: the same declarations, whatever the format, under another name, in a copy; and a dump by a role that
# is not a superuser.
. "$(dirname "$0")/../lib.sh"
name=registry_restore
dg_start $name
trap 'dg_stop $name' EXIT
export PGOPTIONS='-c client_min_messages=warning'
dg_sql -c 'CREATE DATABASE origin' -c 'CREATE ROLE nightly LOGIN' -c 'CREATE ROLE app'
dg_sql -d origin <<'SQL'
CREATE SCHEMA "Sa.les";
CREATE TABLE "Sa.les"."Or""der" (id int PRIMARY KEY, customer int, "E Mail" text);
CREATE TABLE public.customer (id int PRIMARY KEY, name text);
INSERT INTO customer SELECT i, 'n' || i FROM generate_series(1, 100) i;
-- It groups by a primary key, so pg_dump makes it after the data: a dumped regclass of it would break every COPY.
CREATE MATERIALIZED VIEW public.per_customer AS SELECT c.id, c.name, count(*) FROM customer c GROUP BY c.id;
CREATE EXTENSION data_governance;
SELECT governance.declare_party('sales', db_roles => '{app}');
SELECT governance.declare_dataset('"Sa.les"."Or""der"', 'sales', 'transactional', max_staleness => '1 day 2 hours');
SELECT governance.declare_dataset('per_customer', 'sales', 'analytical');
SELECT governance.declare_dataset('customer', 'sales', 'master');
SELECT governance.tag_column('"Sa.les"."Or""der"', 'E Mail', 'pii.contact.email');
SELECT governance.tag_column('per_customer', 'name', 'pii.name');
SELECT governance.declare_consumer('per_customer', 'sales', '{name}', 'report');
SELECT governance.record_decision('d', alternatives => '[1]');
SELECT governance.set_level('guard', 'enforce', 'dataset:"Sa.les"."Or""der"');
SELECT governance.grant_duty('operator', 'app');
CREATE TABLE public.visit (id int PRIMARY KEY, customer int, visited_at timestamptz);
SELECT governance.reject_proposal(id, 'they are counted elsewhere') FROM governance.proposals WHERE object = 'public.visit';
SQL
manifest() { dg_sql -d "$1" -c 'SELECT governance.manifest()'; }
restoring() { dg_sql -d "$1" -c 'SELECT governance._restoring()'; }
proposed() { dg_sql -d "$1" -c "SELECT kind, value FROM governance.proposals WHERE object = 'public.visit' AND value IN ('transactional', 'postgres')"; }
dg_is "two proposals were rejected" 2 "$(dg_sql -d origin -c "SELECT count(*) FROM governance.proposal WHERE state = 'rejected'")"
want=$(manifest origin)
dg_is "origin is not restoring" f "$(restoring origin)"

# As a role without the duty the dump fails; with it, it is the same as a superuser's.
work=$(dg_as mktemp -d "$DG_WORK/dump.XXXXXX")
chmod 777 "$work"
dg_sql -d origin -c 'GRANT pg_read_all_data TO nightly' -c 'REVOKE pg_read_all_data FROM nightly' \
    -c 'GRANT USAGE ON SCHEMA "Sa.les" TO nightly'
# Everything on that table is enforced, a grant to whoever has neither contract nor duty as well.
if dg_sql -d origin -c 'GRANT SELECT ON ALL TABLES IN SCHEMA "Sa.les" TO nightly' 2>/dev/null; then dg_fail "granted to a stranger"; fi
dg_sql -d origin -c "SELECT governance.grant_duty('backup', 'nightly')" \
    -c 'GRANT SELECT ON ALL TABLES IN SCHEMA public, "Sa.les" TO nightly' -c "SELECT governance.revoke_duty('backup', 'nightly')" >/dev/null
if "$DG_BIN/pg_dump" -U nightly -d origin -f "$work/refused.sql" 2>"$work/refused"; then dg_fail "the dump by a role without the duty went through"; fi
dg_is "a dump without the duty fails" 1 "$(grep -c 'permission denied for' "$work/refused")"
dg_sql -d origin -c "SELECT governance.grant_duty('backup', 'nightly')"
want=$(manifest origin)
"$DG_BIN/pg_dump" -U nightly -d origin -f "$work/plain.sql"
"$DG_BIN/pg_dump" -U nightly -d origin -Fc -f "$work/custom.dump"
dg_is "a dump with the duty goes through" "" "$(grep -L 'COPY governance.dataset ' "$work/plain.sql")"

dg_sql -c 'CREATE DATABASE plain' -c 'CREATE DATABASE custom' -c 'CREATE DATABASE "Other Name"'
dg_sql -d plain -f "$work/plain.sql" >/dev/null 2>"$work/errors" || true
dg_is "no error in the restore (plain)" "" "$(grep ERROR "$work/errors" || true)"
dg_is "the same manifest (plain)" "$want" "$(manifest plain)"
dg_is "what was rejected stays rejected" "" "$(proposed plain)"
"$DG_BIN/pg_restore" -d custom "$work/custom.dump" 2>"$work/errors" || true
dg_is "no error in the restore (custom)" "" "$(grep error "$work/errors" || true)"
dg_is "the same manifest (custom)" "$want" "$(manifest custom)"
"$DG_BIN/pg_restore" -j 2 -d "Other Name" "$work/custom.dump" 2>"$work/errors" || true
dg_is "no error in the restore (parallel)" "" "$(grep error "$work/errors" || true)"
dg_is "what was rejected stays rejected (parallel)" "" "$(proposed 'Other Name')"
dg_is "the same manifest (parallel, another name)" "$want" "$(manifest 'Other Name')"
dg_is "the restored database can be dumped by the same role" 0 "$("$DG_BIN/pg_dump" -U nightly -d plain -f "$work/again.sql" && echo 0)"
dg_sql -c 'CREATE DATABASE again'
dg_sql -d again -f "$work/again.sql" >/dev/null
dg_is "a dump of a restore: the same manifest" "$want" "$(manifest again)"

# The restoring state, and its end.
dg_is "a restored database is restoring" t "$(restoring plain)"
dg_is "status says so" "SELECT * FROM governance.confirm_restore();" "$(dg_sql -d plain -c "SELECT fix FROM governance.status() WHERE feature = 'restore'")"
dg_sql -d plain -c 'SELECT governance.declare_party($$x$$)'
dg_is "an act does not end it" t "$(restoring plain)"
dg_sql -d plain -c 'SELECT * FROM governance.confirm_restore()' | sed 's/^/    /'
dg_is "confirmed" f "$(restoring plain)"
dg_is "names are bound to their relations again, those of rejected proposals too" 4 "$(dg_sql -d plain -c 'SELECT count(*) FROM governance.binding b JOIN pg_class c ON c.oid = b.relid')"
dg_is "it is an act in the log" 1 "$(dg_sql -d plain -c "SELECT count(*) FROM governance.audit_entry WHERE op = 'confirm_restore'")"
dg_is "confirming twice is no error" 1 "$(dg_sql -d plain -c 'SELECT * FROM governance.confirm_restore()' | grep -c 'nothing to confirm')"
dg_sql -d custom -c "UPDATE governance.database_identity SET arrived_at = arrived_at - interval '2 hours'"
over=f
if [ "$(dg_sql -d custom -c "SELECT to_regclass('governance.ddl_log') IS NOT NULL AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('governance.ddl_log') AND attname = 'occurred_at')")" = t ]; then over=t; fi
dg_is "after an hour without rows and DDL it is over" $over "$(restoring custom)"
if [ $over = f ]; then
    dg_sql -d custom -c "SELECT governance.declare_dataset('customer', domain => 'x')"
    dg_is "which the next act records" 1 "$(dg_sql -d custom -c "SELECT count(*) FROM governance.audit_entry WHERE op = 'end_restore'")"
fi

# Two operators confirm at once: one does it, the other finds it done.
dg_sql -c 'CREATE DATABASE twice TEMPLATE custom'
for i in 1 2; do dg_sql -d twice -c 'SELECT * FROM governance.confirm_restore()' >"$work/confirm.$i" 2>&1 & done
wait
dg_is "confirmed by two at once" "1|1" "$(cat "$work"/confirm.? | grep -c 'confirmed: the guard')|$(cat "$work"/confirm.? | grep -c 'nothing to confirm')"

# A copy by TEMPLATE, and a database of its own.
dg_sql -c 'CREATE DATABASE copy TEMPLATE plain'
dg_is "a copy is restoring" t "$(restoring copy)"
dg_is "its origin is not" f "$(restoring plain)"
dg_sql -d copy -c 'SELECT * FROM governance.confirm_restore()' >/dev/null
dg_is "a confirmed copy is not" f "$(restoring copy)"
dg_sql -d copy -c "SELECT governance.declare_party('only here')"
dg_is "declarations of two databases are apart" "1|0" "$(dg_sql -d copy -c "SELECT count(*) FROM governance.parties WHERE name = 'only here'")|$(dg_sql -d plain -c "SELECT count(*) FROM governance.parties WHERE name = 'only here'")"
# Into a database whose own row the dump carries: CREATE EXTENSION writes that row first, and nothing collides.
"$DG_BIN/pg_dump" -d again -f "$work/own.sql"
dg_sql -d again -c 'DROP EXTENSION data_governance CASCADE' -c 'DROP SCHEMA public, "Sa.les" CASCADE'
dg_sql -d again -c 'CREATE SCHEMA public' -f "$work/own.sql" >/dev/null 2>"$work/errors" || true
dg_is "no collision where it came from" "" "$(grep ERROR "$work/errors" || true)"
dg_is "the same manifest where it came from" "$want" "$(manifest again)"
dg_is "known as such" 1 "$(dg_sql -d again -c "SELECT count(*) FROM governance.database_identity i, pg_database d WHERE d.datname = 'again' AND i.database_oid = d.oid")"
rm -rf "$work"
# The duty is taken back with what it gave.
dg_sql -d origin -c "SELECT governance.revoke_duty('backup', 'nightly')"
if "$DG_BIN/pg_dump" -U nightly -d origin -f /dev/null 2>/dev/null; then dg_fail "the dump went through after revoke_duty"; fi
echo "ok: the revoked duty is gone"
