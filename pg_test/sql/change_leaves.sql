-- needs: attached
-- A partition that is a declared dataset of its own, stricter than the table above it: a change of the whole works on it too.
\set SHOW_CONTEXT never
CREATE ROLE leaves_owner;
CREATE SCHEMA shop AUTHORIZATION leaves_owner;
SET ROLE leaves_owner;
SET lock_timeout = '2 s';
CREATE TABLE shop.rep (id int PRIMARY KEY);
INSERT INTO shop.rep SELECT generate_series(0, 9);
CREATE TABLE shop.log (id int NOT NULL, part int NOT NULL, size int, note text, rep int) PARTITION BY LIST (part);
CREATE TABLE shop.log_1 PARTITION OF shop.log FOR VALUES IN (1);
CREATE TABLE shop.log_2 PARTITION OF shop.log FOR VALUES IN (2) PARTITION BY LIST (id);
CREATE TABLE shop.log_3 PARTITION OF shop.log_2 DEFAULT;
INSERT INTO shop.log SELECT g, 1 + g % 2, g, 'n', g % 10 FROM generate_series(1, 3000) g;
RESET ROLE;
SET client_min_messages = error;
SELECT governance.declare_party('sales', db_roles => '{leaves_owner}'), governance.declare_party('archive');
SELECT governance.declare_dataset('shop.log', 'sales', 'analytical'), governance.declare_dataset('shop.log_1', 'sales', 'master'), governance.declare_dataset('shop.log_3', 'sales', 'master');
SELECT governance.set_level('guard', 'enforce', 'dataset:shop.' || t) FROM unnest('{log_1,log_3}'::text[]) t;
SELECT governance.set_level('guard', 'observe', 'dataset:shop.log', reason => 'x');
RESET client_min_messages;
SET ROLE leaves_owner;
-- what the owner may not do by hand there
DROP TABLE shop.log_3;
ALTER TABLE shop.log_1 DROP CONSTRAINT nothing;
CREATE PROCEDURE shop.through(wish text, up text DEFAULT NULL, INOUT change bigint DEFAULT NULL) LANGUAGE plpgsql AS $$
BEGIN
    change := governance.propose_change(wish, 'suite', up => up);
    PERFORM governance.approve_change(change, 'suite', '{not_observed}');
END $$;

-- a copy, and the way back
CALL shop.through('ALTER TABLE shop.log RENAME COLUMN note TO remark') \gset
CALL governance.advance_change(:change);
SELECT state, last_error FROM governance.changes WHERE change = :change;
SELECT count(*) FROM shop.log WHERE remark = 'n';
CALL governance.advance_change(:change);
SELECT governance.undo_change(:change);
CALL shop.through('ALTER TABLE shop.log ALTER COLUMN size TYPE bigint') \gset
CALL governance.advance_change(:change);
CALL governance.advance_change(:change);
SELECT sum(size), pg_typeof(max(size)) FROM shop.log;
SELECT governance.undo_change(:change);
CALL shop.through('ALTER TABLE shop.log ADD COLUMN region int NOT NULL', '1 + id % 2') \gset
CALL governance.advance_change(:change);
CALL governance.advance_change(:change);
SELECT region, count(*) FROM shop.log GROUP BY 1 ORDER BY 1;
SELECT governance.undo_change(:change);

-- what is made and dropped partition by partition
CALL shop.through('ALTER TABLE shop.log ADD CONSTRAINT log_rep FOREIGN KEY (rep) REFERENCES shop.rep') \gset
CALL governance.advance_change(:change);
SELECT governance.abort_change(:change);
CALL shop.through('ALTER TABLE shop.log ADD CONSTRAINT log_rep FOREIGN KEY (rep) REFERENCES shop.rep') \gset
CALL governance.advance_change(:change);
CALL governance.advance_change(:change);
SELECT conrelid::regclass, convalidated FROM pg_constraint WHERE conname = 'log_rep' ORDER BY 1;
CALL shop.through('ALTER TABLE shop.log DROP COLUMN rep') \gset
\set drop :change
ALTER TABLE shop.log DROP COLUMN rep;
SELECT governance.undo_change(:drop);
CALL governance.advance_change(:drop);
SELECT conrelid::regclass, convalidated FROM pg_constraint WHERE conname = 'log_rep' ORDER BY 1;
CALL shop.through('CREATE INDEX log_size ON shop.log (size)') \gset
CALL governance.advance_change(:change);
SELECT count(*) FROM pg_index WHERE indrelid IN (SELECT relid FROM pg_partition_tree('shop.log')) AND indisvalid;
SELECT governance.undo_change(:change);
CALL shop.through('ALTER TABLE shop.log ADD UNIQUE (id, part)') \gset
CALL governance.advance_change(:change);
CALL governance.advance_change(:change);
SELECT governance.undo_change(:change);
SELECT count(*) FROM pg_index WHERE indrelid IN (SELECT relid FROM pg_partition_tree('shop.log'));

-- DDL hidden in what users wrote is judged all the same, also on partitions
CREATE TABLE shop.secret (id int);
RESET ROLE;
SET client_min_messages = error;
SELECT governance.declare_dataset('shop.secret', 'sales', 'master'), governance.set_level('guard', 'enforce', 'dataset:shop.secret');
RESET client_min_messages;
SET ROLE leaves_owner;
CREATE FUNCTION shop.bad(int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN DROP TABLE shop.secret; RETURN 1; END $$;
CALL shop.through('ALTER TABLE shop.log ADD COLUMN worse int NOT NULL', 'shop.bad(id)') \gset
\set VERBOSITY sqlstate
CALL governance.advance_change(:change);
\set VERBOSITY default
SELECT last_error LIKE '%: dropping table shop.secret is refused: the dataset is governed' FROM governance.changes WHERE change = :change;
SELECT governance.abort_change(:change);
SELECT count(*) FROM shop.secret;
