#!/usr/bin/env bash
# The kill switch: while governance.enabled is off nothing is refused, masked or recorded, but what is declared follows
# renames, swaps and drops, so that it is in the right place when the switch is on again.
. "$(dirname "$0")/../lib.sh"
name=registry_switch
dg_start $name
trap 'dg_stop $name immediate' EXIT
export PGOPTIONS='-c client_min_messages=warning'
conf() { echo "$1" | dg_as tee -a "$DG_WORK/$name/data/postgresql.conf" >/dev/null; dg_sql -c 'SELECT pg_reload_conf()' >/dev/null; sleep 0.5; }
run() { dg_sql -d shop "$@" 2>&1 || true; }
dg_sql -c 'CREATE ROLE clerk LOGIN' -c 'CREATE DATABASE shop'
dg_sql -d shop >/dev/null <<'SQL'
CREATE SCHEMA s;
CREATE TABLE s.c (id int PRIMARY KEY, email text, gone int);
CREATE TABLE s.sw (id int PRIMARY KEY, email text);
CREATE TABLE s.sw_new (id int PRIMARY KEY, email text);
CREATE TABLE s.dropped (id int PRIMARY KEY, email text);
CREATE TABLE s.m (id int PRIMARY KEY, at date);
CREATE TABLE s.m_p (k int, email text) PARTITION BY LIST (k);
CREATE TABLE s.m_p1 PARTITION OF s.m_p FOR VALUES IN (1);
INSERT INTO s.c VALUES (1, 'raw@example.com', 1);
INSERT INTO s.sw_new VALUES (1, 'swapped@example.com');
CREATE EXTENSION data_governance;
SELECT governance.declare_dataset(r::regclass) FROM unnest('{s.c,s.sw,s.dropped,s.m,s.m_p}'::text[]) r;
SELECT governance.tag_column('s.c', 'email', 'pii.contact.email');
SELECT governance.tag_column('s.sw', 'email', 'pii.contact.email');
SELECT governance.tag_column('s.m_p', 'email', 'pii.contact.email');
SELECT governance.declare_consumer('s.c', 'team', columns => '{gone}') FROM governance.declare_party('team');
SELECT governance.start_audit('s.c');
SELECT governance.attach();
GRANT USAGE ON SCHEMA s TO clerk;
GRANT SELECT ON ALL TABLES IN SCHEMA s TO clerk;
ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT SELECT ON TABLES TO clerk;
SQL
dg_sql -d shop -c "SELECT governance.mask_role('clerk')"
logged() { run -c 'SELECT count(*) FROM governance.ddl_log'; }
before=$(logged)
conf 'governance.enabled = off'
dg_is "off: nothing is refused" "" "$(run <<'SQL'
ALTER TABLE s.c RENAME email TO mail;
ALTER TABLE s.c RENAME gone TO went;
ALTER TABLE s.c RENAME TO customer;
UPDATE s.customer SET mail = 'raw@example.org';
BEGIN;
ALTER TABLE s.sw RENAME TO sw_old;
ALTER TABLE s.sw_new RENAME TO sw;
COMMIT;
DROP TABLE s.dropped;
CREATE TABLE s.dropped (id int PRIMARY KEY, email text);
ALTER TABLE s.m_p DETACH PARTITION s.m_p1;
CREATE SCHEMA t;
ALTER TABLE s.m SET SCHEMA t;
SQL
)"
dg_is "off: nothing is masked" "raw@example.org" "$(run -U clerk -c 'SELECT mail FROM s.customer')"
dg_is "off: the guard records nothing" "$before" "$(logged)"
dg_is "off: rows are not logged" 0 "$(run -c "SELECT count(*) FROM governance.audit_log WHERE kind = 'row'")"
dg_is "off: declarations follow" "s.customer s.dropped s.m_p s.m_p1 s.sw s.sw_old t.m" "$(run -c "SELECT string_agg(relation::text, ' ' ORDER BY relation::text) FROM governance.datasets")"
dg_is "off: tags follow" "s.customer.mail s.m_p.email s.m_p1.email s.sw.email s.sw_old.email" "$(run -c "SELECT string_agg(concat_ws('.', schema_name, relation_name, column_name), ' ' ORDER BY 1) FROM (SELECT * FROM governance.column_tag ORDER BY 1, 2, 3) t" | sed 's/ $//')"
dg_is "off: so do contracts" "{went}" "$(run -c "SELECT columns FROM governance.consumer WHERE relation_name = 'customer'")"
dg_is "off: and people are asked" "s.m_p1 s.sw" "$(run -c "SELECT string_agg(object, ' ' ORDER BY object) FROM governance.proposals WHERE kind = 'identity'")"
dg_is "off: statements that end transactions of their own" "" "$(run -c 'CREATE INDEX CONCURRENTLY i ON s.customer (mail)'; run -c 'REINDEX TABLE CONCURRENTLY s.customer'; run -c 'DROP INDEX CONCURRENTLY s.i'
    run -c 'CREATE TABLE s.m_p2 PARTITION OF s.m_p FOR VALUES IN (2)'; run -c 'ALTER TABLE s.m_p DETACH PARTITION s.m_p2 CONCURRENTLY'; run -c 'DROP TABLE s.m_p2')"
dg_is "off: DDL in functions, with and without an error" "" "$(run <<'SQL'
DO $$ BEGIN
    ALTER TABLE s.customer RENAME TO passing;
    BEGIN
        ALTER TABLE s.passing RENAME TO never;
        RAISE division_by_zero;
    EXCEPTION WHEN division_by_zero THEN NULL; END;
    ALTER TABLE s.passing RENAME TO customer;
END $$;
SQL
)"
conf 'governance.enabled = on'
dg_is "on again: masks hold where the column is now" "r***@example.com s***@example.com" "$(run -U clerk -c 'SELECT mail FROM s.customer') $(run -U clerk -c 'SELECT email FROM s.sw')"
dg_is "on again: the guard knows the new names" "1 1 1" "$(for t in s.customer s.sw t.m; do run -c "DROP TABLE $t" | grep -c 'is refused'; done | xargs)"
dg_is "on again: rows are logged" 1 "$(run -c "UPDATE s.customer SET mail = 'x@example.org'" -c "SELECT count(*) FROM governance.audit_log WHERE kind = 'row'")"

# The switch is the way out of whatever goes wrong: what fails in following fails no statement.
conf 'governance.enabled = off'
dg_sql -d shop -c 'ALTER TABLE governance.former_name RENAME renamed_at TO later'
out=$(run -c 'ALTER TABLE s.sw RENAME TO swop')
dg_is "off: following that fails is a warning" 1 "$(grep -c 'WARNING:  what is declared did not follow this statement' <<<"$out")"
dg_is "off: and the statement is done" 1 "$(run -c 'SELECT count(*) FROM s.swop')"
run -c 'ALTER TABLE governance.former_name RENAME later TO renamed_at' >/dev/null
dg_is "off: mended, it follows by hand" "" "$(run -c "SELECT governance._follow('s.swop')")"
dg_is "off: to the new name" 1 "$(run -c "SELECT count(*) FROM governance.datasets WHERE relation::text = 's.swop'")"
dg_is "off: the extension can be left" "" "$(run -c "SELECT * FROM governance.detach('drill')" >/dev/null; run -c 'DROP EXTENSION data_governance CASCADE' | grep -v '^NOTICE\|^DETAIL\|^drop cascades')"
dg_is "no crash" "" "$(grep -E 'PANIC|terminated by signal' "$DG_WORK/$name/log" || true)"
