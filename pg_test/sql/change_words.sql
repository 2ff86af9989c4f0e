-- What advance_change says: where it has stopped and what it waits for, and why it cannot run where it was called.
\set SHOW_CONTEXT never
CREATE TABLE t (id int PRIMARY KEY, a text, b text);
INSERT INTO t VALUES (1,'a','b');
SELECT governance.propose_change('ALTER TABLE t RENAME COLUMN a TO c', ' ');
SELECT governance.propose_change('ALTER TABLE t RENAME COLUMN a TO c', 'x') AS c \gset
SELECT governance.approve_change(:c, 'x', '{not_observed}');
CREATE FUNCTION f(bigint) RETURNS void LANGUAGE plpgsql AS $$ BEGIN CALL governance.advance_change($1); END $$;
SELECT f(:c);
CREATE PROCEDURE p(bigint) LANGUAGE plpgsql AS $$ BEGIN CALL governance.advance_change($1); END $$;
CREATE PROCEDURE ps(bigint) LANGUAGE plpgsql SET search_path = public AS $$ BEGIN CALL governance.advance_change($1); END $$;
CALL ps(:c);
BEGIN; CALL governance.advance_change(:c); ROLLBACK;
DO $$ BEGIN BEGIN CALL governance.advance_change(1); EXCEPTION WHEN division_by_zero THEN NULL; END; END $$;
SET default_transaction_read_only = on;
CALL governance.advance_change(:c);
SELECT governance.propose_change('ALTER TABLE t DROP COLUMN b', 'x');
SET default_transaction_read_only = off;
BEGIN READ ONLY;
SELECT governance.propose_change('ALTER TABLE t DROP COLUMN b', 'x');
ROLLBACK;
CALL p(:c);
CALL governance.advance_change(:c);
CALL governance.advance_change(:c);
SELECT governance.undo_change(:c);
CALL governance.advance_change(:c);
DO $$ BEGIN PERFORM 1; END $$;
SELECT governance.propose_change('ALTER TABLE t DROP COLUMN b', 'x') AS d \gset
SELECT governance.approve_change(:d, 'x', '{not_observed}');
CREATE VIEW v AS SELECT b FROM t;
CALL governance.advance_change(:d);
DROP VIEW v;
DO $$ BEGIN CALL governance.advance_change(2); END $$;
ALTER TABLE t ADD e int;
SELECT governance.propose_change('ALTER TABLE t ALTER e SET NOT NULL', 'x', up => '1') AS d \gset
SELECT governance.approve_change(:d, 'x', '{not_observed}');
CALL governance.advance_change(:d);
CALL governance.advance_change(:d);
