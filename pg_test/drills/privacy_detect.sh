#!/usr/bin/env bash
# How good detection is on the labelled set (pg_test/privacy): precision and recall for each tag on the half of the tables that
# weights were not set on, with values sampled, with statistics alone, and by names alone; then on tables after public schemas.
. "$(dirname "$0")/../lib.sh"
command -v python3 >/dev/null || { printf 'MISSING  python3\n'; exit 0; }
here=$DG_ROOT/pg_test/privacy
dg_start privacy_detect
trap 'dg_stop privacy_detect immediate' EXIT
load() { # DATABASE FILE ROWS
    dg_sql -c "CREATE DATABASE $1"
    dg_sql -d "$1" -c 'SET client_min_messages = error' -c 'CREATE EXTENSION data_governance'
    python3 "$here/labels.py" sql "$here/$2.txt" "$3" | dg_sql -d "$1"
}
ask() { # DATABASE SAMPLE_ROWS
    dg_sql -d "$1" -c "SELECT concat_ws('|', n.nspname || '.' || c.relname, x.column_name, x.tag, x.confidence)
                         FROM governance.detect_pii(NULL, $2) x JOIN pg_class c ON c.oid = x.relation JOIN pg_namespace n ON n.oid = c.relnamespace"
}
score() { # WHAT DATABASE SAMPLE_ROWS FILE HALF PRECISION RECALL
    ask "$2" "$3" | python3 "$here/labels.py" score "$here/$4.txt" "$5" "$6" "$7" 2>&1 || dg_fail "$1"
    printf 'ok: %s: precision at least %s, recall at least %s, for each tag of four columns or more\n' "$1" "$6" "$7"
}
load labels labels 300
score 'hold-out half, rows sampled' labels 1000 labels hold 0.85 0.85
dg_sql -d labels -c ANALYZE
score 'hold-out half, statistics alone' labels 0 labels hold 0.85 0.85
load bare labels 0
score 'hold-out half, names alone' bare 0 labels hold 0.75 0.60
for name in public public2 public3 public4 public5; do
    load "$name" "$name" 300
    score "$name" "$name" 1000 "$name" all 0.80 0.75
done
# The evidence of none of them holds a value: no e-mail address, no long number.
dg_is 'evidence is names and counts' 0 "$(dg_sql -d labels -c "SELECT count(*) FROM governance.proposals WHERE kind = 'tag' AND evidence::text ~ '@|[0-9]{5}'")"
