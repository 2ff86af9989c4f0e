#!/usr/bin/env bash
# A break-glass of one use: of two sessions that drop at the same time, one passes.
. "$(dirname "$0")/../lib.sh"
dg_start guard_break_glass
trap 'dg_stop guard_break_glass' EXIT

dg_sql <<'SQL' >/dev/null
SET client_min_messages = warning;
CREATE EXTENSION data_governance;
CREATE TABLE one (id int, a int);
CREATE TABLE two (id int, b int);
SELECT governance.declare_party('team', db_roles => '{postgres}');
SELECT governance.declare_dataset('one', 'team', 'master'), governance.declare_dataset('two', 'team', 'master');
SELECT governance.break_glass('drill', '{data_loss}', uses => 1);
SQL
dg_sql -c 'BEGIN' -c 'ALTER TABLE one DROP COLUMN a' -c 'SELECT pg_sleep(2)' -c 'COMMIT' >/dev/null &
first=$!
for _ in $(seq 100); do
    [ "$(dg_sql -c "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")" = 1 ] && break
    sleep 0.1
done
second=$(dg_sql -c 'ALTER TABLE two DROP COLUMN b' 2>&1 || true)
wait "$first"
case $second in
    *'dropping column public.two.b is refused'*) echo 'ok: the second is refused once the first has committed' ;;
    *) dg_fail "second: $second" ;;
esac
dg_is 'the first has passed' 0 "$(dg_sql -c "SELECT count(*) FROM pg_attribute WHERE attrelid = 'one'::regclass AND attname = 'a'")"
dg_is 'no use is left, none too many' 0 "$(dg_sql -c 'SELECT uses_left FROM governance.break_glass_entry')"
