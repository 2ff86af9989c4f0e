#!/usr/bin/env bash
# pg_upgrade of a governed, attached and audited database, by copy and by link, from one cluster into a fresh one of the same
# major version: nothing is lost, bindings included; and since the system identifier is another one it is restoring.
. "$(dirname "$0")/../lib.sh"
name=registry_pg_upgrade
trap 'dg_stop $name immediate; dg_stop ${name}_new immediate' EXIT
export PGOPTIONS='-c client_min_messages=warning'
for other in /usr/lib/postgresql/*/bin/pg_upgrade; do
    [ "$other" -ef "/usr/lib/postgresql/$DG_PG_MAJOR/bin/pg_upgrade" ] || [ ! -e "$other" ] ||
        echo "MISSING an upgrade with $other: the extension is built for $DG_PG_MAJOR only"
done

govern() {
    dg_sql -c 'CREATE ROLE app' -c 'CREATE ROLE clerk LOGIN' -c 'CREATE DATABASE governed' -c 'CREATE DATABASE plain'
    dg_sql -d governed >/dev/null <<'SQL'
CREATE SCHEMA "Sa.les";
CREATE TABLE "Sa.les"."Or""der" (id int PRIMARY KEY, "E Mail" text, gone int);
INSERT INTO "Sa.les"."Or""der" SELECT i, 'x' || i, i FROM generate_series(1, 50) i;
CREATE TABLE event (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE MATERIALIZED VIEW per_key AS SELECT id, "E Mail", count(*) FROM "Sa.les"."Or""der" GROUP BY id;
CREATE EXTENSION data_governance;
SELECT governance.declare_party('sales', db_roles => '{app}');
SELECT governance.declare_dataset('"Sa.les"."Or""der"', 'sales', 'master');
SELECT governance.declare_dataset('per_key', 'sales', 'analytical');
SELECT governance.tag_column('"Sa.les"."Or""der"', 'E Mail', 'pii.contact.email');
SELECT governance.set_mask('pii.contact.email', 'constant', '{"value": "masked"}', reason => 'drill');
SELECT governance.set_level('guard.breaks_clients', 'warn', 'schema:"Sa.les"', floor => true);
SELECT governance.start_audit('"Sa.les"."Or""der"'), governance.start_audit('event');
SELECT governance.declare_writer('event', 'app');
SELECT governance.reject_proposal(id, 'no') FROM governance.proposals ORDER BY id LIMIT 1;
UPDATE "Sa.les"."Or""der" SET gone = 0 WHERE id < 10;
INSERT INTO event VALUES (1, '2020-05-05');
SELECT governance.propose_change('ALTER TABLE "Sa.les"."Or""der" DROP COLUMN gone', 'unused');
GRANT USAGE ON SCHEMA "Sa.les" TO clerk;
GRANT SELECT ON ALL TABLES IN SCHEMA "Sa.les" TO clerk;
SELECT governance.attach();
SQL
    dg_sql -d governed -c "SELECT governance.mask_role('clerk')"
}
# Every row of ours, and of which relations it is known which name they bear.
ours() {
    dg_sql -d governed -c 'SELECT governance.manifest()' -f - <<'SQL'
SELECT format('SELECT %L, count(*), md5(string_agg(r::text, chr(10) ORDER BY r::text COLLATE "C")) FROM %s r', c.oid::regclass, c.oid::regclass)
  FROM pg_class c WHERE c.relnamespace = 'governance'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
SELECT b.relid::regclass, b.schema_name, b.relation_name FROM governance.binding b ORDER BY 1;
SQL
}

for how in --copy --link; do
    dg_start $name
    [ $how = --copy ] || dg_sql -c 'CREATE TABLE padding ()' # other oids
    govern
    ours >"$DG_WORK/$name.ours"
    dg_stop $name
    dg_start ${name}_new
    dg_stop ${name}_new
    dg_as mkdir "$DG_WORK/${name}_new/run"
    # It writes where it stands.
    # shellcheck disable=SC2016
    if ! dg_as bash -c 'cd "$1" && exec "$2/pg_upgrade" -b "$2" -B "$2" -d "$3" -D "$4" -U postgres -s "$1" $5' - "$DG_WORK/${name}_new/run" "$DG_BIN" \
        "$DG_WORK/$name/data" "$DG_WORK/${name}_new/data" "${how#--copy}" >"$DG_WORK/$name.out" 2>&1; then
        cat "$DG_WORK/$name.out"
        find "$DG_WORK/${name}_new/data/pg_upgrade_output.d" -name '*.log' -exec tail -n 20 {} +
        dg_fail "pg_upgrade $how"
    fi
    dg_up ${name}_new
    echo "ok: pg_upgrade $how"
    dg_is "$how: everything declared, decided, logged and bound" "" "$(ours | diff "$DG_WORK/$name.ours" - || true)"
    dg_is "$how: the mode" attached "$(dg_sql -d governed -c 'SELECT governance._mode()')"
    dg_is "$how: the other database has nothing of it" 0 "$(dg_sql -d plain -c "SELECT count(*) FROM pg_namespace WHERE nspname = 'governance'")"
    # The system identifier is another one. A server cannot tell this from a copy that was made independent, so it is restoring.
    dg_is "$how: restoring, and status says how to end it" 'SELECT * FROM governance.confirm_restore();' \
        "$(dg_sql -d governed -c "SELECT fix FROM governance.status() WHERE feature = 'restore'")"
    dg_is "$how: masks hold meanwhile" masked "$(PGUSER=clerk dg_sql -d governed -c 'SELECT DISTINCT "E Mail" FROM "Sa.les"."Or""der"')"
    dg_sql -d governed -c 'UPDATE "Sa.les"."Or""der" SET gone = 1 WHERE id = 40'
    dg_is "$how: and so does the audit" 1 "$(dg_sql -d governed -c "SELECT count(*) FROM governance.history('\"Sa.les\".\"Or\"\"der\"', '40')")"
    "$DG_BIN/vacuumdb" --all --analyze-only --jobs 2 -q
    dg_sql -d governed -c 'SELECT * FROM governance.confirm_restore()' >/dev/null
    dg_is "$how: confirmed" f "$(dg_sql -d governed -c 'SELECT governance._restoring()')"
    out=$(dg_sql -d governed -c 'DROP TABLE "Sa.les"."Or""der" CASCADE' 2>&1 || true)
    dg_is "$how: the guard refuses" 1 "$(grep -c 'is refused' <<<"$out")"
    dg_sql -d governed -c 'ALTER MATERIALIZED VIEW per_key RENAME TO per_id'
    dg_is "$how: declarations follow a rename" 1 "$(dg_sql -d governed -c "SELECT count(*) FROM governance.datasets WHERE relation = 'per_id'::regclass AND declared")"
    dg_is "$how: it can be dumped and leave" "" "$("$DG_BIN/pg_dump" governed -f /dev/null 2>&1; dg_sql -d governed -c "SELECT governance.detach('drill')" >/dev/null; dg_sql -d governed -c 'DROP EXTENSION data_governance CASCADE')"
    dg_stop ${name}_new
done
rm -f "$DG_WORK/$name.ours" "$DG_WORK/$name.out"
