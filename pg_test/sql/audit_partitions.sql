-- Partitions and children: present ones, new ones, written through the root or directly.
CREATE VIEW log AS
    SELECT op, relation_name, partition_name, key, old_row, new_row FROM governance.audit_log WHERE kind = 'row' ORDER BY id;
CREATE TABLE event (id int, at date, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE event_2023 PARTITION OF event FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE event_2024 PARTITION OF event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (id);
CREATE TABLE "Event 2024 a" PARTITION OF event_2024 FOR VALUES IN (1, 2);
-- columns in another order, with one dropped
CREATE TABLE event_2025 (gone int, note text, at date, id int, PRIMARY KEY (id, at));
ALTER TABLE event_2025 DROP COLUMN gone;
SELECT governance.start_audit('event_2025');
INSERT INTO event_2025 VALUES ('before', '2025-05-05', 9);
ALTER TABLE event ATTACH PARTITION event_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
SELECT governance.start_audit('event', '{note}');
SELECT tgrelid::regclass, tgname, tgenabled, tgparentid <> 0 AS cloned FROM pg_trigger WHERE tgname LIKE 'data_governance%' AND tgrelid::regclass::text ILIKE '%event%' ORDER BY tgrelid::regclass::text COLLATE "C", tgname;

INSERT INTO event VALUES (1, '2023-05-05', 'x'), (1, '2024-05-05', 'x'), (1, '2025-05-05', 'x');
INSERT INTO event_2023 VALUES (2, '2023-06-06', 'direct');
UPDATE event SET at = '2024-07-07' WHERE id = 2;
UPDATE "Event 2024 a" SET note = 'y' WHERE id = 2;
DELETE FROM event WHERE at = '2025-05-05' AND id = 1;
SELECT * FROM log;
SELECT op, partition_name, old_row, new_row FROM governance.history('event', '{"id": 2, "at": "2023-06-06"}');
SELECT op, partition_name FROM governance.history('"Event 2024 a"', '{"id": 2, "at": "2024-07-07"}');
-- what was logged before it became a partition
SELECT op, partition_name, new_row FROM governance.history('event_2025', '{"id": 9, "at": "2025-05-05"}');
SELECT op, partition_name, new_row FROM governance.history('event', '{"id": 9, "at": "2025-05-05"}');

-- a new partition has the row trigger at once and the truncate trigger when DDL is followed
CREATE TABLE event_2026 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
SELECT governance._follow('event_2026');
SET session_replication_role = replica;
INSERT INTO event VALUES (3, '2026-01-01', 'x');
RESET session_replication_role;
TRUNCATE event_2026;
TRUNCATE event;
SELECT op, relation_name, partition_name, key FROM log OFFSET 9;

-- parts are started and stopped with the whole
SELECT governance.start_audit('event_2023');
SELECT governance.stop_audit('event_2023', 'no');
SELECT governance.stop_audit('event', 'enough');
INSERT INTO event VALUES (4, '2023-01-01', 'not logged');
TRUNCATE event;
SELECT count(*) FROM log WHERE key ->> 'id' = '4' OR op = 'TRUNCATE';
-- again: takes the triggers away
SELECT governance.stop_audit('event', 'enough');
SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgname LIKE 'data_governance%' AND tgrelid::regclass::text ILIKE '%event%' ORDER BY 1::text, 2;
SELECT governance.stop_audit('event', 'enough');
SELECT governance.start_audit('event');
INSERT INTO event VALUES (5, '2023-01-01', 'logged again');
SELECT op, key, new_row FROM log WHERE key ->> 'id' = '5';

-- a partition that leaves: the truncate trigger stays, and what fires is logged
ALTER TABLE event DETACH PARTITION event_2023;
TRUNCATE event_2023;
SELECT op, relation_name, partition_name FROM log WHERE relation_name = 'public.event_2023';
SELECT relation, exclude_columns FROM governance.audited;

-- inheritance
CREATE TABLE animal (id int PRIMARY KEY, name text);
CREATE TABLE dog (breed text, PRIMARY KEY (id)) INHERITS (animal);
SELECT governance.start_audit('animal');
INSERT INTO dog VALUES (1, 'rex', 'collie');
INSERT INTO animal VALUES (2, 'tom');
UPDATE animal SET name = upper(name);
SELECT op, relation_name, partition_name, key, new_row FROM log WHERE relation_name = 'public.animal';
SELECT op, partition_name, new_row FROM governance.history('dog', '1');

-- what cannot be audited
CREATE VIEW a_view AS SELECT 1 AS x;
CREATE MATERIALIZED VIEW a_matview AS SELECT 1 AS x;
CREATE TEMP TABLE a_temp (x int);
SELECT governance.start_audit('a_view');
SELECT governance.start_audit('a_matview');
SELECT governance.start_audit('a_temp');
SELECT governance.start_audit('pg_class');
SELECT governance.start_audit('governance.party');
SELECT governance.start_audit('animal', '{nope}');
SELECT governance.start_audit('animal', '{id}');
SELECT governance.start_audit('animal', NULL);
SELECT governance.start_audit('animal', '{NULL}');
SELECT governance.start_audit(424242::regclass);

-- foreign tables
CREATE EXTENSION postgres_fdw;
DO $$ BEGIN EXECUTE format('CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname %L, host %L, port %L)',
    current_database(), split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port')); END $$;
CREATE USER MAPPING FOR CURRENT_USER SERVER loop;
CREATE FOREIGN TABLE far (id int, name text) SERVER loop OPTIONS (table_name 'animal');
SELECT governance.start_audit('far');
INSERT INTO far VALUES (7, 'far');
UPDATE far SET name = 'farther' WHERE id = 7;
DELETE FROM far WHERE id = 7;
SELECT op, relation_name, key, old_row, new_row FROM log WHERE relation_name = 'public.far';
-- a foreign partition
CREATE TABLE spread (id int, name text) PARTITION BY LIST (id);
CREATE FOREIGN TABLE spread_far PARTITION OF spread FOR VALUES IN (8) SERVER loop OPTIONS (table_name 'animal');
SELECT governance.start_audit('spread');
INSERT INTO spread VALUES (8, 'routed');
SELECT op, relation_name, partition_name, new_row FROM log WHERE relation_name = 'public.spread';
