#!/usr/bin/env bash
# Every form of dump and restore, on three published databases that are governed in every way there is: what was declared,
# decided and logged is the same in the copy, and after confirm_restore() the guard and the audit work there.
. "$(dirname "$0")/../lib.sh"
name=registry_dump_forms
corpora=$DG_SHARED/corpora
[ -d "$corpora" ] || { echo "MISSING the published databases"; exit 0; }
dg_start $name autovacuum=off max_prepared_transactions=0
trap 'dg_stop $name immediate; dg_stop ${name}_2 immediate' EXIT
export PGOPTIONS='-c client_min_messages=warning'
work=$(dg_as mktemp -d "$DG_WORK/dump.XXXXXX")
chmod 777 "$work"
dg_sql -c 'CREATE ROLE app' -c 'CREATE ROLE "odd role" LOGIN' -c 'CREATE ROLE nightly LOGIN' -c 'CREATE ROLE clerk LOGIN'

# govern DATABASE TABLE KEY LABEL: everything that can be declared, with names that need quotes.
govern() {
    dg_sql -d "$1" -v t="$2" -v key="$3" -v label="$4" >/dev/null 2>"$work/errors" <<'SQL' || { cat "$work/errors"; exit 1; }
-- It sorts before "governance", so that its rows come first in a dump of the data alone.
CREATE SCHEMA "Aa.Odd";
CREATE TABLE "Aa.Odd"."Or""der's" (id int PRIMARY KEY, "E Mail" text, gone int);
INSERT INTO "Aa.Odd"."Or""der's" SELECT i, 'x' || i || '@x.org', i FROM generate_series(1, 20) i;
CREATE SCHEMA sales;
CREATE TABLE sales."order" (id int PRIMARY KEY, customer int, note text);
CREATE TABLE sales.event (id int, at date, what text) PARTITION BY RANGE (at);
CREATE TABLE sales.event_1 PARTITION OF sales.event FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE VIEW sales.notes AS SELECT o.id, o.note FROM sales."order" o;
INSERT INTO sales."order" SELECT i, i, 'n' || i FROM generate_series(1, 30) i;
INSERT INTO sales.event SELECT i, '2020-03-01', 'w' FROM generate_series(1, 5) i;
-- pg_dump makes it after the data, since it groups by a primary key.
CREATE MATERIALIZED VIEW public.per_key AS SELECT t.:"key", t.:"label", count(*) FROM public.:"t" t GROUP BY t.:"key";
CREATE EXTENSION data_governance;
CREATE TABLE sales.copied AS SELECT * FROM sales."order";
SELECT governance.declare_party('sales', db_roles => '{app}', contact => 'a''b "c"');
SELECT governance.declare_party('stew''ards', 'person', '{odd role}');
SELECT governance.reject_proposal(id, 'no "reason"') FROM governance.proposals WHERE kind = 'class' ORDER BY id LIMIT 3;
SELECT count(*) FROM governance.detect_pii();
SELECT count(*) FROM governance.accept_proposals(min_confidence => 0.5, dry_run => false);
SELECT governance.declare_dataset('"Aa.Odd"."Or""der''s"', 'sales', 'transactional', steward => 'stew''ards',
    max_staleness => '1 mon 2 days 03:04:05.678', description => E'tab\there\nline');
SELECT governance.declare_dataset('sales."order"', 'sales', 'master');
SELECT governance.declare_dataset('sales.event', 'sales', 'transactional');
SELECT governance.declare_dataset('per_key', 'sales', 'reference');
SELECT governance.declare_dataset(:'t', 'sales', 'master');
SELECT count(*) FROM governance.apply_manifest('{"format": "data_governance manifest", "version": 1, "tags": [{"tag": "pii.custom", "description": "it''s ours", "mask": "null"}]}', dry_run => false);
SELECT governance.tag_column('"Aa.Odd"."Or""der''s"', 'E Mail', 'pii.contact.email');
SELECT governance.tag_column('per_key', :'label', 'pii.name');
SELECT governance.tag_column('sales."order"', 'note', 'pii.custom');
SELECT governance.declare_dataset('sales.copied', 'sales', 'transactional');
SELECT governance.untag_column('per_key', :'label', 'pii.name', 'not it');
SELECT governance.set_mask('pii.contact.email', 'constant', '{"value": "x"}', reason => 'r');
SELECT governance.set_mask('pii.custom', 'partial', '{"left": 1, "right": 1}', recipient => 'auditors', reason => 'r');
SELECT governance.grant_unmask('odd role', 'pii.custom', 'why', '2099-01-01');
SELECT governance.declare_consumer('per_key', 'stew''ards', ARRAY[:'label'], 'report', '2099-01-01');
SELECT governance.record_decision('why "PostgreSQL"', objects => '{sales.order}', alternatives => '[{"what": "x\\y"}]', owner => 'sales', review_by => '2099-01-01');
GRANT USAGE ON SCHEMA "Aa.Odd" TO clerk;
GRANT SELECT ON ALL TABLES IN SCHEMA "Aa.Odd" TO clerk;
CREATE VIEW sales.late AS SELECT id, note FROM sales.copied;
ALTER TABLE sales.copied RENAME TO "Copied";
ALTER TABLE sales.event RENAME COLUMN what TO "What";
SELECT governance.set_level('guard', 'enforce', 'dataset:"Aa.Odd"."Or""der''s"');
SELECT governance.set_level('guard.data_loss', 'warn', 'schema:sales', reason => 'r', floor => true);
SELECT governance.set_level('guard.breaks_clients', 'enforce', valid_until => '2099-01-01');
SELECT governance.set_level('guard.security', 'enforce', 'class:master');
SELECT governance.reset_level('guard.security', 'class:master', 'r');
SELECT governance.grant_duty('operator', 'app'), governance.grant_duty('auditor', 'odd role', 'schema:sales'),
       governance.grant_duty('backup', 'nightly');
SELECT governance.declare_writer('sales."order"', 'app'), governance.declare_writer('sales.event', 'odd role');
SELECT governance.start_audit('"Aa.Odd"."Or""der''s"', '{gone}'), governance.start_audit('sales."order"'), governance.start_audit('sales.event');
SELECT governance.declare_flow('sales.order.note', 'https://example.org/x', 'a "way" out');
INSERT INTO "Aa.Odd"."Or""der's" SELECT id + 100, note, 1 FROM sales."order";
UPDATE sales."order" SET note = E'it''s \\ "new"' WHERE id < 5;
DELETE FROM sales.event WHERE id = 1;
SELECT governance.propose_change('ALTER TABLE "Aa.Odd"."Or""der''s" DROP COLUMN gone', 'unused');
SELECT governance.propose_change('ALTER TABLE sales."order" RENAME COLUMN customer TO client', 'clearer');
SELECT governance.set_level('boundary.writers', 'enforce', 'dataset:sales.event');
SELECT governance.attach();
SQL
    # In a session that has the library from its start.
    dg_sql -d "$1" >/dev/null <<'SQL'
SELECT governance.mask_role('clerk');
SELECT governance.approve_change(2, 'why', waive => '{not_observed}');
CALL governance.advance_change(2);
SET application_name = 'drill';
SELECT count(note) FROM sales."order";
SQL
    for _ in $(seq 100); do [ "$(dg_sql -d "$1" -c "SELECT count(*) > 0 FROM governance.column_read WHERE application = 'drill'")" = t ] && break; sleep 0.1; done
}

# Everything of ours that a dump carries, one line for each table: name, rows, digest. Of what the dump and the restore
# themselves add to the logs nothing is counted. `audit` says which logged rows count as old.
ours() {
    dg_sql -d "$1" -c "SELECT md5(governance.manifest()::text), (SELECT last_value FROM governance.change_id_seq)" -f - <<SQL
SELECT format('SELECT %L, count(*), md5(string_agg(%s::text, chr(10) ORDER BY r::text COLLATE "C")) FROM %s r %s', c.oid::regclass,
              CASE c.relname WHEN 'flow' THEN $\$(to_jsonb(r) - '{times,last_at,statement}'::text[])$\$ ELSE 'r' END, c.oid::regclass,
              CASE c.relname WHEN 'ddl_entry' THEN 'WHERE occurred_at <= ' || quote_literal('$until')
                             WHEN 'boundary_violation' THEN 'WHERE first_at <= ' || quote_literal('$until')
                             WHEN 'column_read' THEN 'WHERE application = ' || quote_literal('drill')
                             WHEN 'audit_entry' THEN 'WHERE occurred_at <= ' || quote_literal('$until')
                             WHEN 'audit_statement' THEN 'WHERE started_at <= ' || quote_literal('$until')
                             WHEN 'audited_relation' THEN 'WHERE started_at <= ' || quote_literal('$until') ELSE '' END)
  FROM pg_extension e CROSS JOIN LATERAL unnest(e.extconfig) AS t (relid) JOIN pg_class c ON c.oid = t.relid
 WHERE e.extname = 'data_governance' AND c.relkind = 'r' AND c.relname <> 'database_identity' ORDER BY c.relname \gexec
SQL
}
# The users' rows, one line for each table.
theirs() {
    dg_sql -d "$1" -f - <<'SQL'
SELECT format('SELECT %L, count(*), md5(string_agg(r::text, chr(10) ORDER BY r::text COLLATE "C")) FROM %s r', c.oid::regclass, c.oid::regclass)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'm') AND n.nspname !~ '^(pg_|information_schema$|governance$)'
 ORDER BY c.oid::regclass::text COLLATE "C" \gexec
SQL
}
# same FORM DATABASE: nothing was lost, and after confirm_restore() guard and audit work.
same() {
    dg_is "$1: what is declared, decided and logged" "" "$(ours "$2" | diff "$work/ours" - || true)"
    dg_is "$1: the users' rows" "" "$(theirs "$2" | diff "$work/theirs" - || true)"
    works "$1" "$2"
}
works() {
    dg_is "$1: restoring" t "$(dg_sql -d "$2" -c 'SELECT governance._restoring()')"
    dg_sql -d "$2" -c 'SELECT * FROM governance.confirm_restore()' >/dev/null
    holds "$1" "$2"
}
holds() {
    local out
    out=$(dg_sql -d "$2" -c "DROP TABLE \"Aa.Odd\".\"Or\"\"der's\"" 2>&1 || true)
    dg_is "$1: the guard refuses" 1 "$(grep -c 'is refused' <<<"$out")"
    dg_sql -d "$2" -c "UPDATE sales.\"order\" SET note = 'logged in the copy' WHERE id = 7" >/dev/null
    out=$(dg_sql -d "$2" -c "INSERT INTO sales.event VALUES (99, '2020-05-05', 'x')" 2>&1 || true)
    dg_is "$1: a boundary refuses" 1 "$(grep -c 'is not a declared writer' <<<"$out")"
    dg_is "$1: the audit goes on" 1 "$(dg_sql -d "$2" -c "SELECT count(*) FROM governance.history('sales.order', '7') WHERE new_row->>'note' = 'logged in the copy'")"
    dg_is "$1: every trigger is in place" "" "$(dg_sql -d "$2" -c "SELECT detail FROM governance.status() WHERE feature IN ('audit.triggers', 'boundary.triggers')")"
    dg_is "$1: the open change can be planned" t "$(dg_sql -d "$2" -c "SELECT count(*) > 0 FROM governance.change_plan(1)")"
    out=$(dg_sql -d "$2" -c 'SET ROLE app' -c 'SELECT count(*) FROM governance.duties' 2>&1 || true)
    dg_is "$1: duties hold" 3 "$out"
}
new() { dg_sql -c "DROP DATABASE IF EXISTS \"$1\"" -c "CREATE DATABASE \"$1\""; }
errors() { grep -E 'ERROR|error|FATAL' "$work/errors" || true; }

for corpus in "chinook artist artist_id name" "northwind customers customer_id company_name" "pagila actor actor_id first_name"; do
    read -r db table key label <<<"$corpus"
    dg_say "$db"
    dg_sql -c "CREATE DATABASE $db"
    file=$corpora/$db.sql
    [ -f "$file" ] || file=$corpora/$db-schema.sql
    "$DG_BIN/psql" -X -q -d "$db" -f "$file" >/dev/null 2>&1
    if [ "$db" = pagila ]; then
        dg_sql -d pagila -c "INSERT INTO actor (first_name, last_name) SELECT 'a' || i, 'b' FROM generate_series(1, 50) i" -c 'REFRESH MATERIALIZED VIEW rental_by_category'
    fi
    govern "$db" "$table" "$key" "$label"
    until=$(dg_sql -d "$db" -c 'SELECT clock_timestamp()')
    ours "$db" >"$work/ours"
    theirs "$db" >"$work/theirs"
    cat "$work/ours"
    # One dump by the role with the duty backup and the rights of a reader, the others by the superuser.
    dg_sql -c 'GRANT pg_read_all_data TO nightly'
    "$DG_BIN/pg_dump" -U nightly -d "$db" -f "$work/plain.sql"
    "$DG_BIN/pg_dump" -d "$db" -Fc -f "$work/custom.dump"
    "$DG_BIN/pg_dump" -d "$db" -Fd -j 2 -f "$work/$db.dir"

    new copy
    dg_sql -d copy -f "$work/plain.sql" >/dev/null 2>"$work/errors" || true
    dg_is "$db, psql: no error" "" "$(errors)"
    dg_is "$db, psql: status asks for attach(), and names who sees raw values" "t|t" "$(dg_sql -d copy -c "SELECT bool_or(feature = 'mode' AND fix LIKE '%attach()%'), bool_or(feature = 'privacy.masked_roles' AND detail LIKE '%clerk%' AND fix LIKE '%attach()%') FROM governance.status()")"
    same "$db, psql" copy

    new copy
    "$DG_BIN/pg_restore" -d copy "$work/custom.dump" 2>"$work/errors" || true
    dg_is "$db, -Fc: no error" "" "$(errors)"
    same "$db, -Fc" copy

    new "Other Name"
    "$DG_BIN/pg_restore" -j 2 -d 'Other Name' "$work/$db.dir" 2>"$work/errors" || true
    dg_is "$db, -Fd -j: no error" "" "$(errors)"
    same "$db, -Fd -j" 'Other Name'

    # The data alone, into a database whose schema is there already, with a fresh extension and the triggers of the dump;
    # once with the way that switches triggers off, which leaves them not always firing.
    "$DG_BIN/pg_dump" -d "$db" --schema-only -f "$work/schema.sql"
    for disable in "" --disable-triggers; do
        new copy
        dg_sql -d copy -f "$work/schema.sql" >/dev/null
        # shellcheck disable=SC2086
        "$DG_BIN/pg_dump" -d "$db" --data-only $disable -f "$work/data.sql" 2>/dev/null
        dg_sql -d copy -f "$work/data.sql" >/dev/null 2>"$work/errors" || true
        dg_is "$db, --data-only $disable: no error" "" "$(errors)"
        dg_sql -d copy <<<"SELECT format('REFRESH MATERIALIZED VIEW %s', oid::regclass) FROM pg_class WHERE relkind = 'm' \gexec"
        same "$db, --data-only $disable" copy
    done

    # One schema, into a database where it was declared and is gone: what is declared waits under the name.
    [ -n "$disable" ] && new copy && dg_sql -d copy -f "$work/plain.sql" >/dev/null
    dg_sql -d copy -c 'SELECT * FROM governance.confirm_restore()' >/dev/null
    dg_sql -d copy -c "SELECT governance.break_glass('restore of one schema', '{data_loss,breaks_clients}', uses => 100)" >/dev/null
    dg_sql -d copy -c 'DROP SCHEMA sales CASCADE' -c 'SELECT governance.end_break_glass()' >/dev/null 2>"$work/errors"
    before=$(dg_sql -d copy -c 'SELECT clock_timestamp()')
    "$DG_BIN/pg_dump" -d "$db" -n sales -f "$work/schema.sql"
    dg_sql -d copy -f "$work/schema.sql" >/dev/null 2>"$work/errors" || true
    dg_is "$db, -n: no error" "" "$(errors)"
    dg_is "$db, -n: the users' rows" "" "$(theirs copy | diff "$work/theirs" - || true)"
    dg_is "$db, -n: what is declared" "$(dg_sql -d "$db" -c 'SELECT governance.manifest()')" "$(dg_sql -d copy -c 'SELECT governance.manifest()')"
    dg_is "$db, -n: the rows of audited tables are logged" 34 "$(dg_sql -d copy -c "SELECT count(*) FROM governance.audit_log WHERE op = 'INSERT' AND occurred_at > '$before'")"
    dg_is "$db, -n: not restoring" f "$(dg_sql -d copy -c 'SELECT governance._restoring()')"
    holds "$db, -n" copy
    # Where the extension is not, the rows arrive all the same.
    new copy
    "$DG_BIN/psql" -X -q -d copy -f "$work/schema.sql" >/dev/null 2>"$work/errors" || true
    dg_is "$db, -n without the extension: only our triggers fail" "" "$(errors | grep -vE 'schema "governance" does not exist|trigger "data_governance_[a-z_]*" for table .* does not exist|trigger "zz_data_governance_change_2"' || true)"
    dg_is "$db, -n without the extension: the rows" "$(theirs "$db" | grep '^sales')" "$(theirs copy)"
done

db=chinook
until=$(dg_sql -d $db -c 'SELECT clock_timestamp()')
ours $db >"$work/ours"
theirs $db >"$work/theirs"
"$DG_BIN/pg_dump" -d $db -f "$work/plain.sql"
"$DG_BIN/pg_dump" -d $db --clean --if-exists -f "$work/clean.sql"
"$DG_BIN/pg_dump" -d $db -Fc -f "$work/custom.dump"
objects() { "$DG_BIN/pg_dump" -d "$1" -s | grep -vE '^\\(un)?restrict'; }

# --clean over a database that holds the same and is governed: its tables may not be dropped, and the script does not
# stop at an error. Nothing is done, whatever runs it.
new copy
dg_sql -d copy -f "$work/plain.sql" >/dev/null
dg_sql -d copy -c 'SELECT * FROM governance.confirm_restore()' >/dev/null
ours copy >"$work/ours.copy"
objects copy >"$work/objects.copy"
unharmed() {
    dg_is "--clean over a governed database, $1: what is declared, decided and logged" "" "$(ours copy | diff "$work/ours.copy" - || true)"
    dg_is "--clean over a governed database, $1: the users' rows" "" "$(theirs copy | diff "$work/theirs" - || true)"
    dg_is "--clean over a governed database, $1: every object" "" "$(objects copy | diff "$work/objects.copy" - || true)"
}
"$DG_BIN/psql" -X -q -d copy -f "$work/clean.sql" >/dev/null 2>"$work/errors" || true
dg_is "--clean, psql: it says why and what to do" 2 "$(grep -cE 'FATAL:  a dump made with --clean cannot|HINT: .*--create' "$work/errors")"
unharmed psql
"$DG_BIN/pg_restore" --clean --if-exists -d copy "$work/custom.dump" 2>"$work/errors" || true
dg_is "--clean, pg_restore: it says why" 1 "$(grep -c 'FATAL:  a dump made with --clean cannot' "$work/errors")"
unharmed pg_restore
# Without --exit-on-error the workers go on with connections of their own.
"$DG_BIN/pg_restore" --clean --if-exists -j 2 --exit-on-error -d copy "$work/custom.dump" 2>"$work/errors" || true
unharmed 'pg_restore -j'
"$DG_BIN/pg_restore" --clean --if-exists --single-transaction -d copy "$work/custom.dump" 2>"$work/errors" || true
dg_is "--clean, one transaction: the guard refuses" 1 "$(grep -c 'is refused: the dataset is governed' "$work/errors")"
unharmed 'one transaction'
# Of something that is not declared it works in one transaction.
dg_sql -d copy -c 'CREATE TABLE loose (id int PRIMARY KEY)' -c 'INSERT INTO loose VALUES (1)' \
    -c "SELECT governance.set_level('guard', 'observe', 'dataset:public.loose', 'drill')" >/dev/null
"$DG_BIN/pg_dump" -d copy -t loose --clean | dg_sql -1 -d copy >/dev/null
dg_is "--clean of one table that is not declared, in one transaction" 1 "$(dg_sql -d copy -c 'SELECT count(*) FROM loose')"

# The way out of the product leads into the dump.
dg_sql -d copy -c 'DROP TABLE loose' -c "SELECT governance.detach('drill')" -c 'DROP EXTENSION data_governance CASCADE'  >/dev/null
"$DG_BIN/psql" -X -q -d copy -f "$work/clean.sql" >/dev/null 2>"$work/errors" || true
dg_is "--clean after DROP EXTENSION … CASCADE: no error" "" "$(errors)"
same "--clean after DROP EXTENSION … CASCADE" copy

# Over a database where nothing is held above warn the tables are the dump's; declarations and log stay what they are here.
new soft
dg_sql -d soft -c 'CREATE EXTENSION data_governance' -c 'CREATE TABLE t (id int PRIMARY KEY)' -c 'CREATE TABLE u (id int)' -c 'INSERT INTO t VALUES (1)' -c 'INSERT INTO u VALUES (1)' \
    -c "SELECT count(*) FROM governance.accept_proposals(min_confidence => 0, dry_run => false)" -c "SELECT governance.start_audit('t')" >/dev/null
"$DG_BIN/pg_dump" -d soft --clean --if-exists -f "$work/soft.sql"
dg_sql -d soft -c 'INSERT INTO t VALUES (2)' -c 'INSERT INTO u VALUES (2)'
manifest=$(dg_sql -d soft -c 'SELECT governance.manifest()')
logged=$(dg_sql -d soft -c 'SELECT count(*) FROM governance.audit_entry')
"$DG_BIN/psql" -X -q -d soft -f "$work/soft.sql" >/dev/null 2>"$work/errors" || true
dg_is "--clean over soft levels: DROP EXTENSION is refused" 1 "$(grep -c 'cannot drop extension data_governance' "$work/errors")"
dg_is "--clean over soft levels: the rows are the dump's" "1|1" "$(dg_sql -d soft -c 'SELECT (SELECT string_agg(id::text, chr(32)) FROM t), (SELECT string_agg(id::text, chr(32)) FROM u)')"
dg_is "--clean over soft levels: the declarations stay" "$manifest" "$(dg_sql -d soft -c 'SELECT governance.manifest()')"
dg_is "--clean over soft levels: the log stays, and says what came" "$((logged + 1))" "$(dg_sql -d soft -c "SELECT count(*) FROM governance.audit_entry")"
dg_is "--clean over soft levels: the audit goes on" "" "$(dg_sql -d soft -c "SELECT detail FROM governance.status() WHERE feature = 'audit.triggers'")"

# Another cluster: all databases with their settings, and one of them with --create, which replaces what is there.
"$DG_BIN/pg_dumpall" -f "$work/all.sql"
"$DG_BIN/pg_dump" -d $db -C --clean -Fc -f "$work/create.dump"
dg_start ${name}_2
"$DG_BIN/psql" -X -q -d postgres -f "$work/all.sql" >/dev/null 2>"$work/errors" || true
dg_is "pg_dumpall: no error but one" 'ERROR:  role "postgres" already exists' "$(errors | sed 's/^.*: ERROR/ERROR/')"
settings() {
    dg_is "$1: the mode came along" attached "$(dg_sql -d $db -c 'SELECT governance._mode()')"
    dg_is "$1: masks hold while it is restoring" "t|x" "$(PGUSER=clerk dg_sql -d $db -c 'SELECT governance._restoring(), "E Mail" FROM "Aa.Odd"."Or""der'"'"'s" LIMIT 1')"
}
settings pg_dumpall
same pg_dumpall $db
dg_is "pg_dumpall: the other databases too" t "$(dg_sql -d northwind -c 'SELECT governance._restoring()')"
"$DG_BIN/pg_restore" -C --clean --if-exists -d postgres "$work/create.dump" 2>"$work/errors" || true
dg_is "--create --clean over a governed database: no error" "" "$(errors)"
settings --create
same --create $db
