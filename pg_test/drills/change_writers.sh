#!/usr/bin/env bash
# Every kind of plan with writers of both shapes (change_writers/plans.sh says which) through all its phases: once contracted and
# purged, once given up before contraction, once contracted and taken back. No writer of a shape in force fails, what they wrote is
# all there, the shapes say the same, and the catalogs are as before, or as the plain statement leaves them.
#
#   PLANS='split merge' LANES=undone pg_test/drills.sh change_writers
. "$(dirname "$0")/../lib.sh"
. "$DG_ROOT/pg_test/drills/change_writers/plans.sh"
name=change_writers
dg_start $name max_connections=200 max_worker_processes=20
dir=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; dg_stop $name immediate; rm -rf "$dir"' EXIT
export PGOPTIONS='-c client_min_messages=error'

dg_sql -c 'CREATE ROLE team_owner' -c 'CREATE ROLE app LOGIN' -c 'CREATE ROLE counter LOGIN' -c 'CREATE ROLE watcher' -c 'CREATE DATABASE plain' -c 'CREATE DATABASE model'
dg_sql -d plain -c 'CREATE SCHEMA elsewhere AUTHORIZATION team_owner' -c 'GRANT USAGE ON SCHEMA elsewhere TO app, counter'
dg_sql -d model >/dev/null <<'SQL'
CREATE SCHEMA elsewhere AUTHORIZATION team_owner;
GRANT USAGE ON SCHEMA elsewhere TO app, counter;
CREATE EXTENSION data_governance;
SELECT governance.declare_party('team', db_roles => '{postgres,team_owner}');
-- A copy stops after its first batch while this says so.
CREATE TABLE public.hold (since timestamptz DEFAULT now());
SELECT governance.set_throttle('query', 'SELECT NOT EXISTS (SELECT FROM public.hold) OR NOT EXISTS (SELECT FROM governance.backfill WHERE next_block > 0)');
SQL

# Makes the tables of a plan, with rows that the log knows.
make_tables() {
    local number='g * 1000'
    [ -z "$most" ] || number="1 + g % $most"
    {
        echo "CREATE SCHEMA s_$plan AUTHORIZATION team_owner; SET search_path = s_$plan; SET ROLE team_owner;"
        echo "GRANT USAGE ON SCHEMA s_$plan TO app, counter; $make; GRANT SELECT, INSERT, UPDATE, DELETE ON t TO app; GRANT SELECT, UPDATE ON t TO counter;"
        echo "CREATE TABLE log (seq bigserial, id int, v int, w text DEFAULT current_setting('application_name')); GRANT SELECT, INSERT ON log TO app, counter; GRANT USAGE ON SEQUENCE log_seq_seq TO app, counter;"
        shape_function w_old "$old_t" "$old" "$old_v"
        shape_function w_new "$new_t" "$new" "$new_v"
        [ "$1" = empty ] || cat <<SQL
INSERT INTO t (id, $old) SELECT g, ${old_v//:v/v} FROM (SELECT g, $number AS v FROM generate_series(1, $to) g) s;
INSERT INTO log (id, v) SELECT g, CASE '$old_logs' WHEN ':v' THEN $number ELSE g % 100 END FROM generate_series(1, $to) g;
$fill
SQL
    } | dg_sql >/dev/null
}
shape_function() {
    local v=${4//:v/x}
    cat <<SQL
CREATE FUNCTION $1(i int, x int) RETURNS void LANGUAGE plpgsql AS \$\$
BEGIN
    UPDATE $2 SET ($3) = ROW($v) WHERE id = i;
    IF NOT FOUND THEN INSERT INTO $2 (id, $3) VALUES (i, $v); END IF;
END \$\$;
SQL
}
# A script for pgbench: table, columns, values, what the log has, function.
shape_script() {
    local v="$3" number=':id * 1000 + random(0, 999)' ops=6
    [ -z "$most" ] || number="random(1, $most)"
    [[ $none = *MERGE* ]] && ops=5
    cat <<SQL
\\set id random($from, $to)
\\set v $number
\\set op random(1, $ops)
BEGIN;
\\if :op = 1
WITH u AS (UPDATE $1 SET ($2) = ROW($v) WHERE id = :id RETURNING id) INSERT INTO log (id, v) SELECT id, $4 FROM u;
\\elif :op = 2
WITH d AS (DELETE FROM $1 WHERE id = :id RETURNING id) INSERT INTO log (id, v) SELECT id, NULL FROM d;
\\else
SELECT pg_advisory_xact_lock(:id);
\\if :op = 3
INSERT INTO $1 (id, $2) VALUES (:id, $v) ON CONFLICT (id) DO UPDATE SET ($2) = ROW($v);
\\elif :op = 4
DELETE FROM $1 WHERE id = :id;
INSERT INTO $1 (id, $2) VALUES (:id, $v);
\\elif :op = 5
SELECT $5(:id, :v);
\\else
MERGE INTO $1 USING (SELECT :id::int AS i) s ON id = i WHEN MATCHED THEN UPDATE SET ($2) = ROW($v) WHEN NOT MATCHED THEN INSERT (id, $2) VALUES (i, $v);
\\endif
INSERT INTO log (id, v) VALUES (:id, $4);
\\endif
COMMIT;
SQL
}
# COPY in small transactions: table, columns, a line, what the log has, the first key.
copy_script() {
    local number='id * 1000'
    [ -z "$most" ] || number="1 + id % $most"
    awk -v t="$1" -v cols="$2" -v line="$3" -v logs="$4" -v from="$5" -v most="${most:-0}" 'BEGIN {
        gsub(/\\N/, "\\\\N", line)
        for (k = 0; k < 400; k++) {
            id = from + k; v = most ? 1 + id % most : id * 1000
            l = line; gsub(/V/, sprintf("%d", v), l)
            g = logs; gsub(/:id/, id, g); gsub(/:v/, sprintf("%d", v), g)
            printf "BEGIN;\nCOPY %s (id, %s) FROM STDIN;\n%d\t%s\n\\.\nINSERT INTO log (id, v) VALUES (%d, %s);\nCOMMIT;\nSELECT pg_sleep(0.03);\n", t, cols, id, l, id, g
        } }'
}
# writers SHAPE: starts them. neutral, old, new, hidden.
writers() {
    local t cols v line logs=:v first
    running=$1
    if [ "$1" = neutral ]; then
        [ -n "$neutral" ] || return 0
        {
            printf '\\set id random(1, %s)\nBEGIN;\n' "$((from - 1))"
            echo "WITH u AS (UPDATE ${neutral%% *} SET n = n + 1 WHERE id = :id RETURNING id) INSERT INTO log (id, v) SELECT -id, 1 FROM u;"
            [ "$neutral" = "${neutral#* }" ] || echo "INSERT INTO ${neutral#* } (t_id) VALUES (:id);"
            echo 'COMMIT;'
        } >"$lane/$1.sql"
        start_writer "$DG_BIN/pgbench" -n -M prepared -c 1 -R 40 -T 600 --max-tries 5 -f "$lane/$1.sql"
        return
    fi
    case $1 in
        old) t=$old_t cols=$old v=$old_v line=$old_c logs=$old_logs first=1000000 ;;
        hidden) t=$new_t cols=$(reserved "$hidden") v=$new_v line=$new_c first=1100000 ;;
        new) t=$new_t cols=$new v=$new_v line=$new_c first=1200000 ;;
    esac
    started=$((started + 1))
    shape_script "$t" "$cols" "$v" "$logs" "w_${1/hidden/old}" >"$lane/$1.sql"
    start_writer "$DG_BIN/pgbench" -n -M prepared -c 2 -R 80 -T 600 --max-tries 5 -f "$lane/$1.sql"
    [[ $none = *COPY* ]] && return
    copy_script "$t" "$cols" "$line" "$logs" $((first + started * 1000)) >"$lane/$1.copy"
    start_writer "$DG_BIN/psql" -X -q -A -t -v ON_ERROR_STOP=1 -f "$lane/$1.copy"
}
start_writer() {
    local user=app
    # Who only updates draws from no sequence and calls no default.
    [ "$running" != neutral ] || user=counter
    PGUSER=$user PGAPPNAME=$running "$@" >>"$lane/out" 2>>"$lane/$running.err" &
    echo $! >>"$lane/$running.pids"
}
# Ends them, and waits until the server has ended them too.
end_writers() {
    local shape pid
    for shape in "$@"; do
        [ -f "$lane/$shape.pids" ] || continue
        while read -r pid; do
            kill -0 "$pid" 2>/dev/null || [ -s "$lane/$shape.err" ] || echo "a writer has ended by itself" >>"$lane/$shape.err"
            kill "$pid" 2>/dev/null || true
            wait "$pid" 2>/dev/null || true
        done <"$lane/$shape.pids"
        rm -f "$lane/$shape.pids"
        for _ in $(seq 200); do
            [ "$(ask "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = '$shape'")" != 0 ] || break
            sleep 0.02
        done
    done
}
reserved() { echo "${1//ID/$change}"; }
ask() { dg_sql -c "$1"; }
state() { ask "SELECT state FROM governance.change WHERE id = $change"; }
dump() {
    "$DG_BIN/pg_dump" -s -n "s_$plan" ${also:+-n "$also"} ${1:+-d "$1"} | grep -Ev '^(--|.(un)?restrict )' | sed '/^$/d' >"$lane/$2"
    [ -z "${3:-}" ] || sed -i -e 's/,$//' -e "s/_dg${change}_//g" "$lane/$2"
    [ -z "${3:-}" ] || sort -o "$lane/$2" "$lane/$2"
}
advance() { dg_sql -c "CALL governance.advance_change($change)" >>"$lane/out" 2>>"$lane/advance.err" || return 1; }
# A way back that cannot have its locks among the writers is tried again.
insist() {
    local told
    for _ in $(seq 10); do
        ! told=$(ask "$1" 2>&1) || return 0
        case $told in *'lock timeout'* | *'deadlock'*) sleep 0.2 ;; *) break ;; esac
    done
    fail "$1: $told"
}
count_log() { ask "SELECT count(*) FROM log WHERE id >= $from"; }
# Raises where writers of a shape have not written, or taken away, a good deal.
wrote() {
    [ "$(ask "SELECT count(*) FROM log WHERE w = '$1'")" -ge 20 ] || fail "the $1 shape is not written"
}
# What has gone wrong by now. told WHERE NUMBER TABLE
told() {
    local lost wrong torn=0 counted=0
    lost=$(ask "WITH last AS (SELECT DISTINCT ON (id) id, v FROM log WHERE id > 0 ORDER BY id, seq DESC)
                SELECT count(*) FROM last l FULL JOIN (SELECT id, $2 AS v FROM $3) t USING (id)
                 WHERE l.v IS DISTINCT FROM t.v OR (t.id IS NULL) <> (l.v IS NULL)")
    wrong=0
    [ "$1" = old ] || wrong=$(ask "SELECT count(*) FROM $3 WHERE ($sane) IS NOT TRUE")
    [ -z "$neutral" ] || counted=$(ask "SELECT (SELECT coalesce(sum(n), 0) FROM $3 WHERE id < $from) - (SELECT count(*) FROM log WHERE id < 0)")
    echo "lost $lost, wrong $wrong, miscounted $counted"
}
# Rows of which one shape says something else: before or after contraction.
torn() {
    local column old_side=$is_old new_side=$is_new
    [ -n "$both" ] || { echo 0; return; }
    if [ "$1" = before ]; then
        [ -z "$hidden" ] || new_side=$(sed "s/\ba\b/$(reserved "$hidden")/g" <<<"$new_side")
    else
        [ -n "$stays" ] || { echo 0; return; }
        for column in $both; do old_side=$(sed "s/\b$column\b/_dg${change}_$column/g" <<<"$old_side"); done
    fi
    ask "SELECT count(*) FROM $new_t WHERE ($old_side) IS DISTINCT FROM ($new_side)"
}
fail() { dg_fail "$plan, $how: $*"; }
is() { dg_is "$plan, $how: $1" "$2" "$3"; }
same_as() { diff "$lane/$1" "$lane/$2" >"$lane/diff" || { cat "$lane/diff"; fail "$3"; }; }

run_plan() {
    local before after
    defaults
    "$plan"
    started=0
    rm -f "$lane"/*
    export PGOPTIONS="-c client_min_messages=error -c search_path=s_$plan"
    make_tables full
    ask "SELECT governance.declare_dataset('t', 'team', 'transactional')" >/dev/null
    dump '' before
    change=$(dg_sql -v ddl="$ddl" -v up="$up" -v down="$down" <<<"SELECT governance.propose_change(:'ddl', 'drill', nullif(:'up', ''), nullif(:'down', ''))")
    local waive=', waive => '"'{not_observed}'"
    ask "SELECT governance.approve_change($change, 'drill'$waive)" >/dev/null
    writers neutral
    writers old
    [ $new_from = start ] && writers new
    sleep 0.3
    local copies
    copies=$(ask "SELECT count(*) FROM governance.change_step WHERE change = $change AND action = 'copy'")
    if [ $steps = 'done' ] && [ "$how" = 'given up' ]; then
        # Given up after its first step, or while its process works.
        ask "SELECT governance._advance_step($change)" >/dev/null
    elif [ "$(ask "SELECT count(*) FROM governance.change_step WHERE change = $change AND phase IN ('expand', 'backfill', 'verify')")" != 0 ]; then
        [ "$copies" = 0 ] || ask 'INSERT INTO public.hold DEFAULT VALUES'
        advance &
        local client=$!
        if [ $new_from = expand ]; then
            for _ in $(seq 400); do
                [ "$(state)" = approved ] || break
                sleep 0.02
            done
            if [ -n "$hidden" ]; then writers hidden; else writers new; fi
            sleep 0.5
        fi
        [ "$copies" = 0 ] || ask 'DELETE FROM public.hold'
        wait $client || fail "it does not come to its gate: $(cat "$lane/advance.err")"
    fi
    before=$(count_log)
    sleep 0.3
    no_errors
    [ "$(torn before)" = 0 ] || fail "$(torn before) rows differ at the gate"
    [ "$(count_log)" -gt "$before" ] || fail "nobody writes at the gate"
    wrote old
    [ $new_from != start ] || wrote new
    { [ $steps = 'done' ] || [ $new_from != expand ]; } || if [ -n "$hidden" ]; then wrote hidden; else wrote new; fi
    if [ "$how" = 'given up' ]; then
        end_writers hidden
        [ $new_to = end ] && [ $old_to = gate ] && [ $new_from != start ] && end_writers new
        [ $new_to = back ] && end_writers new
        insist "SELECT governance.abort_change($change, 'drill')"
        finish_old aborted
        return
    fi
    if [ $steps = 'done' ]; then
        [ "$(state)" = 'done' ] || fail "it is $(state)"
        if [ "$how" = contracted ]; then
            finish_new
            return
        fi
        insist "SELECT governance.undo_change($change, 'drill')"
        finish_old undone
        return
    fi
    end_writers hidden
    [ $old_to = end ] || end_writers old
    [ $old_to = end ] || [ "$plan" != drop_table ] || [ -z "$neutral" ] || end_writers neutral
    advance || fail "its gate stays closed: $(cat "$lane/advance.err")"
    [ "$(state)" = contracted ] || fail "after its gate it is $(state)"
    { [ -n "$hidden" ] && [ $new_from = expand ]; } || [ $new_from = gate ] && writers new
    before=$(count_log)
    sleep 0.4
    if [ "$plan" != drop_table ]; then
        [ "$(torn after)" = 0 ] || fail "$(torn after) rows differ after contraction"
        [ "$(count_log)" -gt "$before" ] || fail "nobody writes after contraction"
        if [ $new_from = never ]; then wrote old; else wrote new; fi
    fi
    if [ "$how" = 'taken back' ]; then
        [ $new_to = end ] || end_writers new
        insist "SELECT governance.undo_change($change, 'drill')"
        [ $old_to = end ] || writers old
        if [ "$(ask "SELECT count(*) FROM governance.change_step WHERE change = $change AND phase = 'restore' AND done_at IS NULL")" != 0 ]; then
            advance || fail "the rest does not come back: $(cat "$lane/advance.err")"
        fi
        finish_old undone
        return
    fi
    ask "UPDATE governance.change SET quarantine_until = now() - interval '1 s' WHERE id = $change"
    if [ "$plan" = drop_table ]; then
        is 'no writer fails, all that was written is there' 'lost 0, wrong 0, miscounted 0' "$(told new "$is_old" "_dg${change}_t")"
        advance || fail "its quarantine does not end: $(cat "$lane/advance.err")"
        no_errors
        return
    fi
    advance || fail "its quarantine does not end: $(cat "$lane/advance.err")"
    finish_new
}
# The old shape is in force again.
finish_old() {
    local before
    before=$(count_log)
    sleep 0.3
    [ "$(count_log)" -gt "$before" ] || fail "nobody writes afterwards"
    [ "$(state)" = "$1" ] || fail "at last it is $(state)"
    end_writers old new neutral
    no_errors
    is 'no writer fails, all that was written is there' 'lost 0, wrong 0, miscounted 0' "$(told old "$is_old" "$old_t")"
    dump '' after
    same_as before after 'the catalogs are not as before'
}
# The new shape is there for good.
finish_new() {
    local before rows=$new_t
    before=$(count_log)
    sleep 0.3
    [ "$(count_log)" -gt "$before" ] || fail "nobody writes afterwards"
    [ "$(state)" = 'done' ] || fail "at last it is $(state)"
    end_writers old new neutral
    no_errors
    [ "$plan" != detach_partition ] || rows='(SELECT * FROM t UNION ALL SELECT * FROM t2) t'
    is 'no writer fails, all that was written is there' 'lost 0, wrong 0, miscounted 0' "$(told new "$is_new" "$rows")"
    dump '' after sorted
    dump plain plainly sorted
    same_as plainly after 'it is not as the plain statement leaves it'
}
# Whoever meets a deadlock may try again; COPY by psql does not.
no_errors() {
    local shape
    for shape in neutral old hidden new; do
        [ ! -s "$lane/$shape.err" ] || ! grep -v '^pgbench (15' "$lane/$shape.err" >"$lane/errors" || fail "writers of the $shape shape: $(head -3 "$lane/errors")"
    done
}

plans=${PLANS:-$every}
# What the plain statement leaves.
for plan in $plans; do
    defaults
    "$plan"
    PGDATABASE=plain
    make_tables empty
    dg_sql -d plain -c "SET search_path = s_$plan" -c "$ddl" -c "$plainly" >/dev/null
done
export PGDATABASE=postgres
lanes=()
for how in ${LANES:-contracted aborted undone}; do
    dg_sql -c "CREATE DATABASE lane_$how TEMPLATE model"
    # A copy of a database does not have its settings.
    dg_sql -d "lane_$how" -c 'SELECT governance.attach()' >/dev/null
    (
        trap - EXIT
        lane=$dir/$how PGDATABASE=lane_$how
        mkdir -p "$lane"
        export PGDATABASE
        case $how in aborted) how='given up' ;; undone) how='taken back' ;; esac
        bad=0
        set +e
        for plan in $plans; do
            # Writers of a plan that fails end with it.
            (
                trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
                set -e
                run_plan
            )
            [ $? = 0 ] || bad=1
        done
        exit $bad
    ) &
    lanes+=($!)
done
status=0
for pid in "${lanes[@]}"; do wait "$pid" || status=1; done
[ $status = 0 ] || dg_fail 'see above'
