#!/usr/bin/env bash
# A copy gives way, and says to what; what differs after it is copied again; a step that cannot have its lock is tried again, and does
# not queue behind a long transaction.
. "$(dirname "$0")/../lib.sh"
dg_start change_throttle wal_level=logical
trap 'dg_stop change_throttle immediate' EXIT
dg_sql <<'SQL' >/dev/null
SET client_min_messages = error;
CREATE EXTENSION data_governance;
CREATE TABLE big (id int PRIMARY KEY, name text, pad text);
INSERT INTO big SELECT g, 'name ' || g, repeat('x', 200) FROM generate_series(1, 50000) g;
SELECT governance.propose_change('ALTER TABLE big RENAME COLUMN name TO full_name', 'drill');
SELECT governance.approve_change(1, 'drill', '{not_observed}');
CREATE TABLE go (on_ boolean);
INSERT INTO go VALUES (false);
SELECT governance.set_throttle('query', 'SELECT on_ FROM public.go');
SQL
out=$(dg_sql -c "SELECT governance.set_throttle('replica_lag', 'much')" 2>&1 || true)
dg_is "a limit that cannot be read" 1 "$(grep -c 'is no limit for factor' <<<"$out")"
out=$(dg_sql -c "SELECT governance.set_throttle('moon', '1')" 2>&1 || true)
dg_is "a factor that is not known" 1 "$(grep -c 'Allowed: autovacuum, lock_waiters' <<<"$out")"
waits_for() { dg_sql -c 'SELECT waits_for FROM governance.change_progress WHERE change = 1'; }
# held REASON: until the copy says that it waits for this.
held() {
    local now=
    for _ in $(seq 1 100); do
        now=$(waits_for)
        [ "$now" = "$1" ] && break
        sleep 0.1
    done
    dg_is "held, and it says by what" "$1" "$now"
}
dg_sql -c 'CALL governance.advance_change(1)' >/dev/null 2>&1 &
client=$!
held 'query says no: SELECT on_ FROM public.go'
dg_is "nothing is copied meanwhile" 0 "$(dg_sql -c 'SELECT count(full_name) FROM big')"
dg_sql -c "SELECT pg_create_logical_replication_slot('slow', 'test_decoding')" -c "SELECT governance.set_throttle('slot_lag_bytes', '1 kB')" \
    -c "INSERT INTO go VALUES (NULL); DELETE FROM go WHERE on_ IS NULL" -c 'UPDATE go SET on_ = true' >/dev/null
now=$(for _ in $(seq 1 100); do waits_for; sleep 0.1; done | grep -m 1 '^slot slow keeps .*, limit 1 kB$' | sed 's/keeps .*,/keeps …,/')
dg_is "a slot holds it" 'slot slow keeps …, limit 1 kB' "$now"
dg_sql -c "SELECT pg_drop_replication_slot('slow')" -c "SELECT governance.reset_throttle('slot_lag_bytes')" >/dev/null
wait "$client"
dg_is "then it goes on to its gate" ready "$(dg_sql -c 'SELECT state FROM governance.changes')"
dg_is "the certificate has the digest of every row" 50000 "$(dg_sql -c "SELECT governance.certificate(1) #>> '{backfill,chunks_of,0,rows}'")"
dg_is "as anybody can work it out" t "$(dg_sql -c "SELECT length(governance.certificate(1) #>> '{backfill,chunks_of,0,digest}') = 32")"
dg_sql -c 'SELECT governance.abort_change(1)' >/dev/null

# Something writes one column alone while the copy is compared.
dg_sql >/dev/null 2>&1 <<'SQL'
SELECT governance.propose_change('ALTER TABLE big RENAME COLUMN name TO other', 'drill');
SELECT governance.approve_change(2, 'drill', '{not_observed}');
-- It stops after its first batch.
SELECT governance.set_throttle('query', 'SELECT on_ OR NOT EXISTS (SELECT FROM governance.backfill WHERE change = 2 AND next_block > 0) FROM public.go');
UPDATE go SET on_ = false;
SQL
dg_sql -c 'CALL governance.advance_change(2)' >/dev/null 2>"$DG_WORK/throttle.err" &
client=$!
for _ in $(seq 1 100); do [ "$(dg_sql -c 'SELECT count(*) FROM governance.change_progress WHERE change = 2 AND waits_for IS NOT NULL')" = 1 ] && break; sleep 0.1; done
dg_sql -c 'SET client_min_messages = error' -c 'ALTER TABLE big DISABLE TRIGGER zz_data_governance_change_2' -c "INSERT INTO big (id, name, other, pad) SELECT g, 'a', 'b', repeat('x', 200) FROM generate_series(100001, 101000) g" \
    -c 'ALTER TABLE big ENABLE ALWAYS TRIGGER zz_data_governance_change_2' -c 'UPDATE go SET on_ = true' >/dev/null
wait "$client" || true
dg_is "a row that differs is found" 1 "$(grep -cE '[0-9]+ rows still differ between the two shapes, such as the row with \(id\)=\(1[0-9]{5}\)' "$DG_WORK/throttle.err")"
dg_is "and noted" 1 "$(dg_sql -c "SELECT count(*) FROM governance.changes WHERE change = 2 AND last_error LIKE '%still differ%'")"
dg_sql -c "UPDATE big SET name = 'c' WHERE id > 100000" -c 'CALL governance.advance_change(2)'
dg_is "once it is mended the change stands at its gate" 'ready|c' "$(dg_sql -c "SELECT c.state, b.other FROM governance.changes c, big b WHERE c.change = 2 AND b.id = 101000")"

# A reader that stays: the step does not queue, is tried again, and gives up in the end with the reader's number.
dg_sql -c "BEGIN; SELECT count(*) FROM big; SELECT pg_sleep(6); COMMIT" >/dev/null &
sleep 1.5
began=$(date +%s%N)
dg_sql -c 'CALL governance.advance_change(2)' >"$DG_WORK/throttle.out" 2>&1
dg_is "tried again until the reader has gone" contracted "$(dg_sql -c 'SELECT state FROM governance.changes WHERE change = 2')"
took=$((($(date +%s%N) - began) / 1000000))
[ $took -gt 2000 ] || dg_fail "it should have waited for the reader, took $took ms"
dg_is "without a queue behind it: others read meanwhile" 51000 "$(dg_sql -c 'SELECT count(*) FROM big')"
wait
