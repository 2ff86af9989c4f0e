-- needs: attached
-- The guard by hooks, mode attached: it stands below the event triggers.
\set SHOW_CONTEXT never
CREATE SCHEMA shop;
CREATE TABLE shop.customer (id int PRIMARY KEY, name text, phone text);
CREATE TABLE shop.orders (id int PRIMARY KEY, customer int REFERENCES shop.customer);
CREATE TABLE shop.event (id int, at date, note text) PARTITION BY RANGE (at);
CREATE TABLE shop.event_2020 PARTITION OF shop.event FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
INSERT INTO shop.customer VALUES (1, 'Ada', '1');
INSERT INTO shop.orders VALUES (1, 1);
INSERT INTO shop.event VALUES (1, '2020-05-01', 'n');
SELECT governance.declare_party('sales', db_roles => '{postgres}');
SELECT governance.declare_dataset('shop.customer', 'sales', 'master');
SELECT governance.declare_dataset('shop.event', 'sales', 'transactional');

ALTER TABLE shop.customer DROP COLUMN phone;
DROP TABLE shop.customer CASCADE;
DROP SCHEMA shop CASCADE;
DROP TABLE shop.event_2020;
ALTER TABLE shop.event DROP COLUMN note;
TRUNCATE shop.customer CASCADE;
BEGIN;
TRUNCATE shop.orders;
ROLLBACK;
TRUNCATE shop.event;
ALTER TABLE shop.customer RENAME COLUMN name TO full_name;
ALTER TABLE shop.customer RENAME COLUMN full_name TO name;
DO $$ BEGIN
    TRUNCATE shop.customer CASCADE;
EXCEPTION WHEN object_not_in_prerequisite_state THEN
    RAISE NOTICE 'caught: %', SQLERRM;
END $$;
BEGIN;
CREATE TABLE shop.fresh (id int);
TRUNCATE shop.fresh;
DROP TABLE shop.fresh;
CREATE TEMP TABLE t (id int) ON COMMIT DROP;
TRUNCATE t;
COMMIT;
REFRESH MATERIALIZED VIEW shop.nothing;
CREATE MATERIALIZED VIEW shop.mv AS SELECT id FROM shop.customer;
SELECT governance.declare_dataset('shop.mv', 'sales', 'transactional');
REFRESH MATERIALIZED VIEW shop.mv;
VACUUM FULL shop.customer;

-- the event triggers cannot be switched off; where they are, it is still refused
ALTER EVENT TRIGGER data_governance_ddl_start DISABLE;
SELECT governance.set_level('guard.disabling-guard', 'off', reason => 'suite');
ALTER EVENT TRIGGER data_governance_ddl_start DISABLE;
ALTER EVENT TRIGGER data_governance_sql_drop DISABLE;
ALTER TABLE shop.customer DROP COLUMN phone;
DROP TABLE shop.customer CASCADE;
ALTER TABLE shop.customer RENAME COLUMN name TO full_name;
ALTER EVENT TRIGGER data_governance_ddl_start ENABLE ALWAYS;
ALTER EVENT TRIGGER data_governance_sql_drop ENABLE ALWAYS;
SELECT governance.reset_level('guard.disabling-guard', reason => 'suite');
SELECT relation, owner FROM governance.datasets WHERE declared;

-- nothing of the caller's runs with the rights of the extension's owner, whatever comes first in the search path
CREATE ROLE guard_attached_trap;
CREATE SCHEMA guard_attached_trap AUTHORIZATION guard_attached_trap;
CREATE TABLE guard_attached_trap.bait (id int, v text);
INSERT INTO guard_attached_trap.bait VALUES (1, 'v');
ALTER TABLE guard_attached_trap.bait OWNER TO guard_attached_trap;
SELECT governance.declare_dataset('guard_attached_trap.bait', class => 'master');
SET ROLE guard_attached_trap;
CREATE FUNCTION guard_attached_trap.trap(text, text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RAISE WARNING 'trapped as %', current_user;
    RETURN $1 OPERATOR(pg_catalog.=) $2;
END $$;
CREATE OPERATOR guard_attached_trap.= (LEFTARG = text, RIGHTARG = text, FUNCTION = guard_attached_trap.trap);
SET search_path = guard_attached_trap, pg_catalog;
ALTER TABLE bait DROP COLUMN v;
TRUNCATE bait;
DROP TABLE bait;
ALTER TABLE bait RENAME TO other;
RESET search_path;
RESET ROLE;
