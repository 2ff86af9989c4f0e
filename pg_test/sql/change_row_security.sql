-- The copy of old rows where policies hide rows from the table's owner: FORCE ROW LEVEL SECURITY. No row is left out, and what
-- the copy calls sees no more than the owner does.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE ROLE rls_owner NOLOGIN;
CREATE ROLE rls_other NOLOGIN;
CREATE SCHEMA shop;
GRANT ALL ON SCHEMA shop TO PUBLIC;
SELECT governance.declare_party('team', db_roles => '{rls_owner}');
SET ROLE rls_owner;
CREATE TABLE shop.t (id int PRIMARY KEY, tenant text, n text, m text, a text, b text);
INSERT INTO shop.t SELECT i, CASE WHEN i % 3 = 0 THEN 'mine' ELSE 'theirs' END, i::text, i::text, 'a' || i, 'b' || i FROM generate_series(1, 3000) i;
ALTER TABLE shop.t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY mine ON shop.t USING (tenant = 'mine');
SELECT count(*) FROM shop.t;
-- What a function of the copy sees, it sees as the owner.
CREATE TABLE shop.rate (tenant text, factor int);
INSERT INTO shop.rate VALUES ('mine', 1), ('theirs', 7);
ALTER TABLE shop.rate ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY mine ON shop.rate USING (tenant = 'mine');
CREATE FUNCTION shop.rated(n text) RETURNS int LANGUAGE plpgsql STABLE AS
    $$ BEGIN RETURN n::int * (SELECT sum(factor) FROM shop.rate); END $$;
CREATE FUNCTION shop.who() RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN current_user; END $$;

\echo -- a renamed column, advanced by the owner
SELECT governance.propose_change('ALTER TABLE shop.t RENAME COLUMN a TO aa', 'clearer') AS one \gset
SELECT governance.approve_change(:one, 'yes', '{not_observed}');
CALL governance.advance_change(:one);
SELECT state, (SELECT sum((c ->> 'rows')::int) FROM jsonb_array_elements(governance.certificate(:one) #> '{backfill,chunks_of}') c)
  FROM governance.changes WHERE change = :one;
RESET ROLE;
SELECT count(*), count(*) FILTER (WHERE a IS DISTINCT FROM aa) FROM shop.t;
CALL governance.advance_change(:one);
SELECT count(aa) FROM shop.t;

\echo -- a change of type with a cast, then one with a function of users, advanced by a superuser
SET ROLE rls_owner;
SELECT governance.propose_change('ALTER TABLE shop.t ALTER COLUMN n TYPE bigint USING n::bigint', 'numbers', down => 'n::text') AS two \gset
SELECT governance.approve_change(:two, 'yes', '{not_observed}');
RESET ROLE;
CALL governance.advance_change(:two);
CALL governance.advance_change(:two);
SELECT sum(n) FROM shop.t;
SET ROLE rls_owner;
SELECT governance.propose_change('ALTER TABLE shop.t ADD COLUMN rated int, ADD COLUMN by_whom text, DROP COLUMN m', 'rates',
    up => '{"rated": "shop.rated(m)", "by_whom": "shop.who()"}', down => '{"m": "rated::text"}') AS three \gset
SELECT governance.approve_change(:three, 'yes', '{not_observed}');
RESET ROLE;
CALL governance.advance_change(:three);
SELECT state FROM governance.changes WHERE change = :three;
SELECT count(*), count(rated), count(*) FILTER (WHERE rated::text = m), array_agg(DISTINCT by_whom) FROM shop.t;
CALL governance.advance_change(:three);
SELECT count(*), sum(rated) FROM shop.t;

\echo -- NOT NULL, whose values are made
UPDATE shop.t SET b = NULL WHERE id < 10;
SET ROLE rls_owner;
SELECT governance.propose_change('ALTER TABLE shop.t ALTER COLUMN b SET NOT NULL', 'always there', up => 'shop.who()') AS four \gset
SELECT governance.approve_change(:four, 'yes');
CALL governance.advance_change(:four);
CALL governance.advance_change(:four);
RESET ROLE;
SELECT count(*) FILTER (WHERE b = 'rls_owner'), count(*) FILTER (WHERE b IS NULL) FROM shop.t;

\echo -- a row that it fails on is named although the owner does not see it
UPDATE shop.t SET aa = 'none' WHERE id = 2000;
UPDATE shop.t SET aa = id WHERE id <> 2000;
SET ROLE rls_owner;
SELECT governance.propose_change('ALTER TABLE shop.t ALTER COLUMN aa TYPE int USING aa::int', 'numbers', down => 'aa::text') AS five \gset
SELECT governance.approve_change(:five, 'yes', '{not_observed}');
CALL governance.advance_change(:five);
RESET ROLE;
UPDATE shop.t SET aa = 2000 WHERE id = 2000;
SET ROLE rls_owner;
CALL governance.advance_change(:five);
CALL governance.advance_change(:five);
RESET ROLE;
SELECT sum(aa) FROM shop.t;

\echo -- partitions with policies of their own
SET ROLE rls_owner;
CREATE TABLE shop.p (id int, kind text) PARTITION BY RANGE (id);
CREATE TABLE shop.p1 PARTITION OF shop.p FOR VALUES FROM (0) TO (10);
CREATE TABLE shop.p2 PARTITION OF shop.p FOR VALUES FROM (10) TO (20);
INSERT INTO shop.p SELECT i, 'k' || i FROM generate_series(1, 19) i;
ALTER TABLE shop.p ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE shop.p1 ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE shop.p2 ENABLE ROW LEVEL SECURITY;
SELECT governance.propose_change('ALTER TABLE shop.p RENAME COLUMN kind TO sort', 'clearer') AS six \gset
SELECT governance.approve_change(:six, 'yes', '{not_observed}');
CALL governance.advance_change(:six);
CALL governance.advance_change(:six);
RESET ROLE;
SELECT count(sort) FROM shop.p;
\echo -- but no table of somebody else is read or written past its policies
UPDATE shop.p SET sort = id;
UPDATE shop.p SET sort = 'none' WHERE id = 17;
SET ROLE rls_owner;
SELECT governance.propose_change('ALTER TABLE shop.p ALTER COLUMN sort TYPE int USING sort::int', 'numbers', down => 'sort::text') AS seven \gset
SELECT governance.approve_change(:seven, 'yes', '{not_observed}');
CALL governance.advance_change(:seven);
RESET ROLE;
UPDATE shop.p SET sort = 17 WHERE id = 17;
ALTER TABLE shop.p2 OWNER TO rls_other;
GRANT ALL ON shop.p2 TO rls_owner;
CREATE POLICY few ON shop.p2 USING (id < 15);
\set VERBOSITY default
\set SHOW_CONTEXT never
CALL governance.advance_change(:seven);
\set VERBOSITY terse
SELECT state, last_error FROM governance.changes WHERE change = :seven;
ALTER TABLE shop.p2 OWNER TO rls_owner;
CALL governance.advance_change(:seven);
CALL governance.advance_change(:seven);
SELECT state FROM governance.changes WHERE change = :seven;
SELECT count(*), sum(sort) FROM shop.p;
\echo -- undone, nothing is lost either
SELECT governance.undo_change(:three);
SELECT count(*), sum(m::int) FROM shop.t;
DROP SCHEMA shop CASCADE;
