#!/usr/bin/env bash
# A break-glass for one statement lets one statement pass, also when two sessions use it at once.
. "$(dirname "$0")/../lib.sh"
dg_start guard_break_glass
trap 'dg_stop guard_break_glass' EXIT
dg_sql >/dev/null <<'SQL'
SET client_min_messages = warning;
CREATE EXTENSION data_governance;
CREATE TABLE first (id int);
CREATE TABLE second (id int);
SELECT governance.declare_dataset('first', class => 'master');
SELECT governance.declare_dataset('second', class => 'master');
SELECT governance.break_glass('one table', '{data_loss}');
SQL
dg_sql -c "BEGIN; DROP TABLE first; SELECT pg_sleep(2); COMMIT" >/dev/null &
first=$!
sleep 1
second=$(dg_sql -c "DROP TABLE second" 2>&1 | head -n 1 || true)
wait "$first"
dg_is 'the first statement passed' '' "$(dg_sql -c "SELECT to_regclass('first')")"
dg_is 'the second was refused' 'ERROR:  dropping table public.second is refused: the dataset is governed' "$second"
dg_is 'no use is left' 0 "$(dg_sql -c 'SELECT uses_left FROM governance.break_glasses')"
