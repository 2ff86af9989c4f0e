#!/usr/bin/env bash
# How long detect_pii() takes over 1,000 columns of tables of 100,000 rows: with statistics, without them, and by names alone.
#
#   pg_test/bench/detect.sh            TABLES=20 ROWS=100000: other sizes
DG_FLAVOUR=${BENCH_FLAVOUR:-release}
. "$(dirname "$0")/../lib.sh"
tables=${TABLES:-20} rows=${ROWS:-100000}
dg_install
dg_start bench_detect autovacuum=off shared_buffers=512MB max_wal_size=8GB wal_level=minimal max_wal_senders=0 jit=off
trap 'dg_stop bench_detect immediate; rm -rf "${DG_WORK:?}/bench_detect"' EXIT
dg_sql -c 'SET client_min_messages = error' -c 'CREATE EXTENSION data_governance'
# Fifty columns each: ten that hold personal data, half of these without a name that says so, and forty that do not.
for ((t = 0; t < tables; t++)); do
    dg_sql <<SQL
CREATE UNLOGGED TABLE t$t AS
    SELECT n AS id, 'user' || n || '@example.org' AS email, 'user' || n || '@example.com' AS c1, '+49 30 ' || 1000000 + n AS phone, '+49 89 ' || 1000000 + n AS c2,
           (ARRAY['Anna','Peter','Maria','John','Olga','Hans'])[n % 6 + 1] AS first_name, (ARRAY['Anna','Peter','Maria','John','Olga','Hans'])[n % 6 + 1] AS c3,
           date '1940-01-01' + n % 22000 AS birth_date, '10.' || n % 250 || '.' || n % 99 || '.7' AS c4, n || ' Main Street' AS c5, 'Hauptstr. ' || n AS address
           $(for ((c = 0; c < 13; c++)); do printf ", n * %s AS amount_%s, 'AB-' || n %% %s AS code_%s, timestamptz '2024-01-01' + n * interval '1 min' AS at_%s" $((c + 2)) $c $((c * 900 + 10)) $c $c; done)
      FROM generate_series(1, $rows) n;
SQL
done
ask() { # WHAT SAMPLE_ROWS
    local columns
    columns=$(dg_sql -c "SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE c.relname ~ '^t[0-9]+\$' AND a.attnum > 0")
    dg_sql -c '\timing on' -c "SELECT count(*) AS proposed FROM governance.detect_pii(NULL, $2)" |
        sed -n -e "s/^Time: \([0-9.]* ms\).*/$1: $columns columns, \1/p" -e 's/^[0-9]*$/&  proposed/p'
}
ask "names alone, no statistics yet" 0
ask "blocks sampled, no statistics yet" 1000
dg_sql -c ANALYZE
ask "statistics alone" 0
ask "statistics, and samples where they do not decide" 1000
