#!/usr/bin/env bash
# Two sessions that declare, forget, tag, set levels, rename and drop at once, on the same and on different relations: what
# is there in the end is what one after the other would have made, nothing is lost, and nobody waits in a circle.
. "$(dirname "$0")/../lib.sh"
name=registry_concurrent
dg_start $name deadlock_timeout=200ms autovacuum=off
trap 'dg_stop $name immediate' EXIT
export PGOPTIONS='-c client_min_messages=error'
dg_sql -c 'CREATE ROLE app' -c 'CREATE EXTENSION data_governance' -c "SELECT governance.declare_party('sales')" >/dev/null
q() { dg_sql "$@" 2>&1 || true; }
# Each pair has a relation of its own, so that nothing of the others is in the way.
n=0
table() { n=$((n + 1)); t=t$n; dg_sql -c "CREATE TABLE $t (id int PRIMARY KEY, email text, phone text)"; }
# first SQL ...: runs in a transaction that stays open for a while; last: COMMIT or ROLLBACK. then SQL: at the same time.
first() {
    local ending=$1 args=()
    shift
    for sql in "$@"; do args+=(-c "$sql"); done
    (q -c BEGIN "${args[@]}" -c "SET application_name = 'waits'" -c 'SELECT pg_sleep(0.7)' -c "$ending" >"$DG_WORK/$name.first") &
    for _ in $(seq 100); do
        [ "$(dg_sql -c "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'waits' AND wait_event = 'PgSleep'")" = 1 ] && return
        sleep 0.05
    done
    dg_fail "the first session did not get there: $(cat "$DG_WORK/$name.first")"
}
then_() { second=$(q -c "$1"); wait; }
declared() { dg_sql -c "SELECT coalesce(string_agg(relation_name || ':' || coalesce(domain, '') || ':' || coalesce(concept, ''), ' ' ORDER BY relation_name), '') FROM governance.dataset WHERE relation_name LIKE '$t%' AND forgotten_by_xid IS NULL"; }
tagged() { dg_sql -c "SELECT coalesce(string_agg(relation_name || '.' || column_name || '=' || tag, ' ' ORDER BY 1), '') FROM governance._column_tag WHERE relation_name LIKE '$t%'"; }

table
first COMMIT "SELECT governance.declare_dataset('$t', domain => 'a')" "ALTER TABLE $t RENAME TO ${t}_new"
then_ "SELECT governance.declare_dataset('$t', concept => 'b')"
dg_is "declared under the old name while a rename is open: both under the new one" "${t}_new:a:b" "$(declared)"
table
first ROLLBACK "SELECT governance.declare_dataset('$t', domain => 'a')" "ALTER TABLE $t RENAME TO ${t}_new"
then_ "SELECT governance.declare_dataset('$t', concept => 'b')"
dg_is "the rename is rolled back: under the old one" "$t::b" "$(declared)"
table
first COMMIT "SELECT governance.declare_dataset('$t', domain => 'a')" "SELECT governance.tag_column('$t', 'email', 'pii.contact.email')"
then_ "ALTER TABLE $t RENAME TO ${t}_new"
dg_is "renamed while a declaration is open: it follows" "${t}_new:a: ${t}_new.email=pii.contact.email" "$(declared) $(tagged)"
table
first COMMIT "ALTER TABLE $t RENAME COLUMN email TO mail"
then_ "SELECT governance.tag_column('$t', 'email', 'pii.contact.email')"
dg_is "tagged under the old column name while its rename is open: an error, and nothing" "1|" "$(grep -c 'column "email" of relation .* does not exist' <<<"$second")|$(tagged)"
table
first COMMIT "SELECT governance.tag_column('$t', 'email', 'pii.contact.email')"
then_ "ALTER TABLE $t RENAME COLUMN email TO mail"
dg_is "a column renamed while its tag is open: the tag follows" "$t.mail=pii.contact.email" "$(tagged)"
table
first COMMIT "DROP TABLE $t"
then_ "SELECT governance.declare_dataset('$t', domain => 'a')"
dg_is "declared while a drop is open: an error, and nothing" "1|" "$(grep -c 'does not exist' <<<"$second")|$(declared)"
table
first COMMIT "SELECT governance.declare_dataset('$t', domain => 'a')" "ALTER TABLE $t RENAME TO ${t}_old" "CREATE TABLE $t (LIKE ${t}_old)"
then_ "SELECT governance.set_level('guard', 'enforce', 'dataset:public.$t')"
dg_is "a level for a name that is being swapped: the name's new relation has it" "dataset:public.$t" "$(dg_sql -c "SELECT scope FROM governance.levels WHERE scope LIKE 'dataset:public.$t%'")"

table
first COMMIT "SELECT governance.declare_dataset('$t', domain => 'a')"
then_ "SELECT governance.declare_dataset('$t', concept => 'b')"
dg_is "two declare the same relation: both fields stay" "$t:a:b" "$(declared)"
dg_is "and the log shows each what the other had done" a "$(dg_sql -c "SELECT old_row->>'domain' FROM governance.audit_log WHERE object = 'public.$t' AND new_row->>'concept' = 'b'")"
table
first COMMIT "SELECT governance.declare_dataset('$t', class => 'master')"
then_ "SELECT governance.declare_dataset('$t', class => 'analytical')"
dg_is "the class that lowers what the other is raising needs a reason" "1|master" "$(grep -c 'needs a reason' <<<"$second")|$(dg_sql -c "SELECT class FROM governance.dataset WHERE relation_name = '$t'")"
table
first COMMIT "SELECT governance.set_level('guard', 'enforce', 'dataset:public.$t')"
then_ "SELECT governance.set_level('guard', 'warn', 'dataset:public.$t')"
dg_is "a level below the one that the other is setting needs a reason" "1|enforce" "$(grep -c 'needs a reason' <<<"$second")|$(dg_sql -c "SELECT level FROM governance.levels WHERE scope = 'dataset:public.$t'")"
table
dg_sql -c "SELECT governance.tag_column('$t', 'email', 'pii.contact.email')"
first COMMIT "SELECT governance.untag_column('$t', 'email', 'pii.contact.email', 'r')"
then_ "SELECT governance.tag_column('$t', 'email', 'pii.contact.email')"
dg_is "untagged and tagged at once: the later one counts" "$t.email=pii.contact.email" "$(tagged)"
table
first COMMIT "SELECT governance.start_audit('$t')"
then_ "SELECT governance.start_audit('$t')"
dg_is "two start the same audit: one entry, one pair of triggers" "1|2" "$(dg_sql -c "SELECT (SELECT count(*) FROM governance.audited_relation WHERE relation_name = '$t'), (SELECT count(*) FROM pg_trigger WHERE tgrelid = '$t'::regclass)")"
table
first COMMIT "SELECT governance.declare_writer('$t', 'app')"
then_ "SELECT governance.declare_writer('$t', 'app')"
dg_is "two declare the same writer: one row" 1 "$(dg_sql -c "SELECT count(*) FROM governance.declared_writer WHERE relation_name = '$t'")"

# Parties and tags are not forgotten while somebody is naming them.
table
dg_sql -c "SELECT governance.declare_party('p1')" >/dev/null
first COMMIT "SELECT governance.declare_dataset('$t', owner => 'p1')"
then_ "SELECT governance.forget_party('p1')"
dg_is "a party that is being named stays" "1|1" "$(grep -c 'is named\|in use\|still' <<<"$second")|$(dg_sql -c "SELECT count(*) FROM governance.party WHERE name = 'p1'")"
table
dg_sql -c "SELECT governance.declare_party('p2')" >/dev/null
first COMMIT "SELECT governance.declare_dataset('$t', owner => 'p2')"
second=$(q -c 'BEGIN ISOLATION LEVEL REPEATABLE READ' -c 'SELECT 1' -c "SELECT governance.forget_party('p2')" -c COMMIT)
wait
dg_is "nor under REPEATABLE READ" "1" "$(dg_sql -c "SELECT count(*) FROM governance.party WHERE name = 'p2'")"
table
dg_sql -c "SELECT governance.declare_party('p3')" >/dev/null
first COMMIT "SELECT governance.forget_party('p3')"
then_ "SELECT governance.declare_dataset('$t', owner => 'p3')"
dg_is "a party that is being forgotten cannot be named" "1|" "$(grep -c 'party "p3"' <<<"$second")|$(declared)"
tags='{"format": "data_governance manifest", "version": 1, "tags": []}'
table
dg_sql -c "SELECT count(*) FROM governance.apply_manifest('{\"format\": \"data_governance manifest\", \"version\": 1, \"tags\": [{\"tag\": \"own.tag\", \"description\": \"d\", \"mask\": \"null\"}]}', dry_run => false)" >/dev/null
first COMMIT "SELECT governance.tag_column('$t', 'email', 'own.tag')"
then_ "SELECT count(*) FROM governance.apply_manifest('$tags', dry_run => false, prune => true, reason => 'r')"
dg_is "a tag that a column is getting stays in the vocabulary" "1|1" "$(grep -c ERROR <<<"$second")|$(dg_sql -c "SELECT count(*) FROM governance.tags WHERE tag = 'own.tag'")"
dg_sql -c "SELECT governance.untag_column('$t', 'email', 'own.tag', 'r')"
first COMMIT "SELECT count(*) FROM governance.apply_manifest('$tags', dry_run => false, prune => true, reason => 'r')"
then_ "SELECT governance.tag_column('$t', 'email', 'own.tag')"
dg_is "one that is being taken from it cannot be given" "1|" "$(grep -c 'tag "own.tag"' <<<"$second")|$(tagged)"

# Acts on many relations at once, in opposite orders.
for i in $(seq 20); do echo "CREATE TABLE many_$i (id int PRIMARY KEY);"; done | dg_sql
ordered() { dg_sql -c "SELECT jsonb_build_object('format', 'data_governance manifest', 'version', 1, 'datasets', jsonb_agg(jsonb_build_object('relation', 'public.many_' || i, 'domain', '$1') ORDER BY i $2)) FROM generate_series(1, 20) i"; }
up=$(ordered up ASC)
down=$(ordered down DESC)
(q -c "SELECT count(*) FROM governance.apply_manifest('$up', dry_run => false)" >"$DG_WORK/$name.up") &
(q -c "SELECT count(*) FROM governance.apply_manifest('$down', dry_run => false)" >"$DG_WORK/$name.down") &
(q -c "SELECT count(*) FROM governance.accept_proposals(min_confidence => 0, dry_run => false)" >"$DG_WORK/$name.accept") &
wait
dg_is "manifests in opposite orders and proposals at once: no error" "" "$(grep -h ERROR "$DG_WORK/$name".{up,down,accept} || true)"
dg_is "and the datasets are those of one manifest" 1 "$(dg_sql -c "SELECT count(DISTINCT domain) FROM governance.dataset WHERE relation_name LIKE 'many%'")"

# Whatever comes: acts drawn by lot in three sessions. First without renames, so that the last act the log has about
# something says what is there.
for i in 1 2 3; do echo "CREATE TABLE s$i (id int PRIMARY KEY, email text, phone text);"; done | dg_sql
acts() { # acts SEED COUNT KINDS
    RANDOM=$1
    for ((i = 0; i < $2; i++)); do
        r=s$((RANDOM % 3 + 1))
        [ $((RANDOM % 4)) != 0 ] || [ "$3" = 7 ] || r=${r}x
        case $((RANDOM % $3)) in
            0) echo "SELECT governance.declare_dataset('$r', domain => 'd$1.$i');" ;;
            1) echo "SELECT governance.forget_dataset('$r', 'r');" ;;
            2) echo "SELECT governance.tag_column('$r', 'email', 'pii.contact.email');" ;;
            3) echo "SELECT governance.untag_column('$r', 'email', 'pii.contact.email', 'r');" ;;
            4) echo "SELECT governance.set_level('guard.availability', '$([ $((RANDOM % 2)) = 0 ] && echo warn || echo observe)', 'dataset:public.$r', 'r');" ;;
            5) echo "SELECT governance.declare_consumer('$r', 'sales', purpose => 'p$1.$i');" ;;
            6) echo "SELECT governance.forget_consumer('$r', 'sales');" ;;
            7) echo "ALTER TABLE ${r%x}x RENAME TO ${r%x};" ;;
            8) echo "ALTER TABLE ${r%x} RENAME TO ${r%x}x;" ;;
            9) echo "DROP TABLE $r; CREATE TABLE $r (id int PRIMARY KEY, email text, phone text);" ;;
            10) echo "BEGIN; SELECT governance.declare_dataset('$r', concept => 'c$1.$i'); ALTER TABLE $r ADD COLUMN IF NOT EXISTS more int; ROLLBACK;" ;;
        esac
    done
}
lot() { # lot COUNT KINDS: runs three sessions and shows what must not happen
    for seed in 1 2 3; do
        acts $seed "$1" "$2" >"$DG_WORK/$name.lot.$seed"
        ("$DG_BIN/psql" -X -q -A -t -f "$DG_WORK/$name.lot.$seed" >"$DG_WORK/$name.out.$seed" 2>&1 || true) &
    done
    wait
    deadlocks "$DG_WORK/$name".out.?
    grep -hE 'ERROR|FATAL' "$DG_WORK/$name".out.? | grep -E 'concurrently|duplicate key|internal|XX000|FATAL|panic' | grep -vE 'pg_(class|type)_' || true
}
# Deadlocks, but for PostgreSQL's own: CREATE TABLE enters a name into pg_type and then into pg_class, RENAME the other way
# round, so one that creates and one that renames to the same name can wait for each other with no extension anywhere.
# CONTEXT then names the index of that catalog.
deadlocks() {
    awk '/ERROR:.*deadlock detected/ { held = FILENAME ": " $0; lines = 8; next }
         held != "" && /CONTEXT:.*while inserting index tuple .* in relation "pg_(class_relname|type_typname)_nsp_index"/ { held = "" }
         held != "" && --lines == 0 { print held; held = "" }
         END { if (held != "") print held }' "$@"
}
dg_is "three sessions, 600 acts: no deadlock, no collision" "" "$(lot 200 7)"
dg_is "what the log says last about a dataset is there" 0 "$(dg_sql -c "
    WITH last AS (SELECT DISTINCT ON (object) object, op, new_row->>'domain' AS domain FROM governance.audit_entry
                   WHERE op IN ('declare_dataset', 'forget_dataset') AND object LIKE 'public.s_' ORDER BY object, occurred_at DESC)
    SELECT count(*) FROM last l FULL JOIN (SELECT * FROM governance._dataset WHERE relation_name LIKE 's_') d ON l.object = 'public.' || d.relation_name
     WHERE (l.op = 'declare_dataset') IS DISTINCT FROM (d.relation_name IS NOT NULL) OR l.op = 'declare_dataset' AND l.domain IS DISTINCT FROM d.domain")"
dg_is "about a tag" 0 "$(dg_sql -c "
    WITH last AS (SELECT DISTINCT ON (object) object, op FROM governance.audit_entry
                   WHERE op IN ('tag_column', 'untag_column') AND object LIKE 'public.s_.email' ORDER BY object, occurred_at DESC)
    SELECT count(*) FROM last l FULL JOIN (SELECT * FROM governance._column_tag WHERE relation_name LIKE 's_') d ON l.object = 'public.' || d.relation_name || '.email'
     WHERE (l.op = 'tag_column') IS DISTINCT FROM (d.relation_name IS NOT NULL)")"
dg_is "about a level" 0 "$(dg_sql -c "
    WITH last AS (SELECT DISTINCT ON (object) object, new_row->>'level' AS level FROM governance.audit_entry
                   WHERE op = 'set_level' AND object LIKE '%public.s_' ORDER BY object, occurred_at DESC)
    SELECT count(*) FROM last l LEFT JOIN governance.levels v ON l.object = v.feature || ' on ' || v.scope WHERE v.level IS DISTINCT FROM l.level")"
# Forgetting a dataset takes its consumers with it.
dg_is "about a consumer" 0 "$(dg_sql -c "
    WITH last AS (SELECT DISTINCT ON (1) replace(object, 'sales reads ', '') AS object, op, new_row->>'purpose' AS purpose FROM governance.audit_entry
                   WHERE op IN ('declare_consumer', 'forget_consumer', 'forget_dataset') AND object LIKE '%public.s_' ORDER BY 1, occurred_at DESC)
    SELECT count(*) FROM last l FULL JOIN (SELECT * FROM governance.consumer WHERE relation_name LIKE 's_') c ON l.object = 'public.' || c.relation_name
     WHERE (l.op = 'declare_consumer') IS DISTINCT FROM (c.relation_name IS NOT NULL) OR c.purpose IS DISTINCT FROM CASE l.op WHEN 'declare_consumer' THEN l.purpose END")"
dg_is "with renames, drops and rollbacks: no deadlock, no collision" "" "$(lot 200 11)"
dg_is "every name that is known is borne by that relation" 0 "$(dg_sql -c "SELECT count(*) FROM governance.binding b LEFT JOIN pg_class c ON c.oid = b.relid LEFT JOIN pg_namespace s ON s.oid = c.relnamespace WHERE (b.schema_name, b.relation_name) IS DISTINCT FROM (s.nspname::text, c.relname::text)")"
dg_is "everything declared about a relation that exists is bound to it" 0 "$(dg_sql -c "SELECT count(*) FROM (SELECT schema_name, relation_name FROM governance._dataset UNION SELECT schema_name, relation_name FROM governance._column_tag UNION SELECT schema_name, relation_name FROM governance.consumer) d
    JOIN pg_class c ON c.oid = to_regclass(format('%I.%I', d.schema_name, d.relation_name))
    WHERE NOT EXISTS (SELECT FROM governance.binding b WHERE b.relid = c.oid AND (b.schema_name, b.relation_name) = (d.schema_name, d.relation_name))")"
dg_is "tags are on columns that exist" 0 "$(dg_sql -c "SELECT count(*) FROM governance._column_tag t WHERE to_regclass(format('%I.%I', t.schema_name, t.relation_name)) IS NOT NULL AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = to_regclass(format('%I.%I', t.schema_name, t.relation_name)) AND a.attname = t.column_name AND NOT a.attisdropped)")"
dg_is "the manifest can be read and applied to itself" 0 "$(dg_sql -c "SELECT count(*) FROM governance.apply_manifest(governance.manifest(), missing => 'skip') WHERE action <> 'skip'")"
# What anybody may take keeps nobody from an act: these are the locks that acts once took.
table
dg_sql -c 'CREATE ROLE nobody'
(q -c 'SET ROLE nobody' -c "SELECT pg_advisory_lock(x'0064675f6d616e79'::bigint), pg_advisory_lock(x'0064675f6c65766c'::bigint), pg_advisory_lock(x'0064675f666c6f77'::bigint), pg_advisory_lock(x'64670001'::int, oid::int) FROM pg_class WHERE relname = '$t'" \
    -c "SET application_name = 'holds'" -c 'SELECT pg_sleep(5)' >/dev/null) &
for _ in $(seq 100); do
    [ "$(dg_sql -c "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'holds'")" = 1 ] && break
    sleep 0.05
done
dg_is "locks of a role without any right keep nobody from acts on relations, levels, flows and proposals" "" "$(PGOPTIONS="$PGOPTIONS -c lock_timeout=1s" dg_sql \
    -c "SELECT governance.declare_dataset('$t', domain => 'free')" -c "SELECT governance.set_level('guard', 'enforce', 'dataset:public.$t')" \
    -c "SELECT governance.declare_flow('kafka://orders/total', 'public.$t.email', 'x')" -c "SELECT count(*) FROM governance.accept_proposals('owner') WHERE false" 2>&1 | grep ERROR || true)"
wait
dg_is "no crash in the log" "" "$(grep -E 'PANIC|terminated by signal' "$DG_WORK/$name/log" || true; deadlocks "$DG_WORK/$name/log")"
rm -f "$DG_WORK/$name".{first,up,down,accept} "$DG_WORK/$name".lot.? "$DG_WORK/$name".out.?
