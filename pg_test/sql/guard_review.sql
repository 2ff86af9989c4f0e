-- needs: attached
-- Edges that two reviews of the guard found. Each case is explained, then run: both must say the same. The cases are run one by one
-- in a subtransaction that is rolled back.
\set SHOW_CONTEXT never
\set ECHO none
\ir guard_review/fixture.sql
\ir guard_rules/run.sql
\ir guard_review/cases.sql
\ir guard_review/judge.sql

\set ECHO all
\set VERBOSITY terse
\pset format aligned
\pset tuples_only off
SET search_path = g, public;
-- plain EXPLAIN, in a transaction that may not write too; what runs while a plan is made is no EXPLAIN
SELECT governance.set_level('guard.unbounded_write', 'enforce', reason => 'suite') \g /dev/null
EXPLAIN (COSTS off) DELETE FROM plain;
EXPLAIN (COSTS off) DELETE FROM pg_description;
EXPLAIN ANALYZE DELETE FROM plain;
CREATE FUNCTION empties() RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM g.plain; RETURN 1; END';
CREATE FUNCTION hides(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN g.empties(); END';
EXPLAIN (COSTS off) SELECT hides(1);
PREPARE p AS DELETE FROM plain;
EXPLAIN (COSTS off) EXECUTE p;
EXECUTE p;
PREPARE q(int) AS DELETE FROM plain WHERE id = $1;
EXPLAIN (COSTS off) EXECUTE q(empties());
SELECT count(*) FROM plain;
BEGIN READ ONLY;
EXPLAIN (COSTS off) DELETE FROM plain;
SAVEPOINT s;
DROP TABLE plain;
ROLLBACK TO s;
TRUNCATE plain;
ROLLBACK TO s;
COPY plain FROM '/dev/null';
ROLLBACK TO s;
DELETE FROM plain WHERE id = 1;
ROLLBACK;
-- what is rolled back did not happen, what is committed did
SELECT left(statement, 40) AS statement, rule, verdict FROM governance.explain_ddl($$
    BEGIN; DROP INDEX plain_v_idx; ROLLBACK; DROP INDEX plain_v_idx;
    BEGIN; SAVEPOINT a; ALTER TABLE t ENABLE ROW LEVEL SECURITY; ROLLBACK TO a; ALTER TABLE t DISABLE ROW LEVEL SECURITY; COMMIT;
    BEGIN; DROP TABLE plain CASCADE; COMMIT; DROP INDEX plain_v_idx; DROP RULE IF EXISTS rul ON plain; DROP VIEW IF EXISTS seen;
    ALTER SCHEMA other RENAME TO another; CREATE TABLE another.x (id int); DROP TABLE another.y; DROP TABLE g.rt
    $$, 'g');
SELECT left(statement, 40) AS statement, rule, verdict FROM governance.explain_ddl($$
    ALTER SCHEMA g RENAME TO g9; SET search_path = g9; DROP TABLE t; DROP TABLE g.t $$, 'g');
SELECT left(statement, 40) AS statement, rule, verdict FROM governance.explain_ddl($$
    GRANT INSERT ON t TO review_app; REVOKE INSERT ON t FROM review_app; REVOKE SELECT ON t FROM review_narrow $$, 'g');
SELECT count(*) FROM governance.explain_ddl('-- nothing but a comment');
SELECT count(*) FROM governance.explain_ddl('/* nothing */ ; -- but comments');
SELECT count(*) FROM governance.explain_ddl('');
-- a long text takes no longer per statement than a short one: each finds its own names only
SELECT count(*), count(*) FILTER (WHERE verdict <> 'passes') AS others FROM governance.explain_ddl(
    (SELECT string_agg(format('CREATE TABLE g.x%1$s (id int); ALTER TABLE g.x%1$s RENAME TO y%1$s; DROP TABLE g.y%1$s', i), ';') FROM generate_series(1, 3000) i));
-- what a break-glass is for
SELECT governance.break_glass('x', '{security}', NULL, 'postgres') IS NOT NULL AS opened;
SELECT rule, verdict, advice FROM governance.explain_ddl('ALTER EVENT TRIGGER data_governance_ddl_start DISABLE');
ALTER EVENT TRIGGER data_governance_ddl_start DISABLE;
SELECT governance.end_break_glass();
CREATE ROLE review_once;
SELECT governance.break_glass('x', '{data_loss}', NULL, 'review_once') IS NOT NULL AS opened;
SELECT for_role, open FROM governance.break_glasses WHERE for_role = 'review_once';
SELECT governance.set_level('guard.ban-drop-role', 'off', reason => 'suite') \g /dev/null
DROP ROLE review_once;
CREATE ROLE review_once;
SELECT for_role, open FROM governance.break_glasses WHERE for_role = 'review_once';
DROP ROLE review_once;
SELECT governance.break_glass('x', '{}');
SELECT governance.break_glass('x', NULL);
SELECT governance.break_glass('x', '{security}', '');
-- the words
SELECT victims FROM governance.explain_ddl('ALTER TABLE t ADD CONSTRAINT uq UNIQUE (v); ALTER TABLE t ADD UNIQUE (v); ALTER TABLE t ADD CONSTRAINT ex EXCLUDE USING btree (v WITH =)', 'g') WHERE rule LIKE '%constraint';
-- nor does it run what is the users' where a change is open, whose wish the statement could be
SELECT governance.propose_change('CREATE INDEX ON g.plain (id)', 'suite') IS NOT NULL AS proposed;
SELECT last_value AS before FROM g.tries \gset
SELECT count(*) > 0 AS explained FROM governance.explain_ddl($$
    ALTER TABLE g.plain ADD COLUMN w g.flaky_word[] DEFAULT '{q}';
    ALTER TABLE g.plain ALTER v TYPE varchar(1) USING ('{q}'::g.flaky_word[])[1];
    CREATE INDEX ON g.plain (id) WHERE v = ANY ('{q}'::g.flaky_word[]);
    ALTER TABLE g.plain ADD CHECK (v = ANY ('{q}'::g.flaky_word[])) $$);
SELECT last_value = :before AS ran_nothing FROM g.tries;
