-- Masks on every way a masked role can read, in mode attached. RAWCANARY stands in every value that must not appear.
\set SHOW_CONTEXT never
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET session_preload_libraries = data_governance', current_database()); END $$;
\c
SET client_min_messages = warning;
CREATE ROLE privacy_masks_app; CREATE ROLE privacy_masks_m; CREATE ROLE privacy_masks_raw; CREATE ROLE privacy_masks_owner;
GRANT privacy_masks_m TO privacy_masks_app;
CREATE SCHEMA "Odd.S";
CREATE TABLE "Odd.S"."T.1" (id int PRIMARY KEY, gone int, "E mail" varchar(20), phone char(24), nick text CHECK (nick <> 'bad'), n int, note text, tail text DEFAULT 'x');
ALTER TABLE "Odd.S"."T.1" DROP COLUMN gone;
INSERT INTO "Odd.S"."T.1" VALUES (1, 'rawcanary@RAWCAN.org', '+49 170 55501', 'RAWCANARY', 42, 'RAWCANARY note'), (2, NULL, NULL, NULL, NULL, NULL);
GRANT USAGE ON SCHEMA "Odd.S" TO PUBLIC; GRANT ALL ON "Odd.S"."T.1" TO PUBLIC;
SELECT governance.tag_column('"Odd.S"."T.1"', 'E mail', 'pii.contact.email');
SELECT governance.tag_column('"Odd.S"."T.1"', 'phone', 'pii.contact.phone');
SELECT governance.tag_column('"Odd.S"."T.1"', 'nick', 'pii.name');
SELECT governance.tag_column('"Odd.S"."T.1"', 'n', 'pii.contact.phone');
SELECT governance.tag_column('"Odd.S"."T.1"', 'note', 'pii.free_text');
-- nobody is masked yet
SET ROLE privacy_masks_app;
SELECT "E mail" FROM "Odd.S"."T.1" WHERE id = 1;
RESET ROLE;
SELECT governance.mask_role('privacy_masks_m');
SELECT governance.mask_role('privacy_masks_m');
SELECT role FROM governance.masked_roles;
-- a member of the masked role
SET ROLE privacy_masks_app;
SELECT * FROM "Odd.S"."T.1" ORDER BY id;
SELECT t FROM "Odd.S"."T.1" t ORDER BY id;
SELECT to_jsonb(t) FROM "Odd.S"."T.1" t WHERE id = 1;
SELECT count(*) FROM "Odd.S"."T.1" WHERE "E mail" LIKE 'rawcanary%';
WITH c AS MATERIALIZED (SELECT "E mail" e FROM "Odd.S"."T.1") SELECT * FROM c UNION ALL SELECT nick FROM (SELECT nick FROM "Odd.S"."T.1") s ORDER BY 1;
SELECT (SELECT max(nick) FROM "Odd.S"."T.1"), ARRAY(SELECT nick FROM "Odd.S"."T.1" ORDER BY id);
SELECT a.id, b FROM (VALUES (1), (9)) a(id) LEFT JOIN "Odd.S"."T.1" b USING (id) ORDER BY 1;
SELECT id, nick, count(*) FROM "Odd.S"."T.1" GROUP BY id ORDER BY nick NULLS LAST;
COPY "Odd.S"."T.1" TO STDOUT;
COPY "Odd.S"."T.1" ("E mail", id) TO STDOUT (FORMAT csv, HEADER);
COPY (SELECT nick FROM "Odd.S"."T.1") TO STDOUT;
BEGIN; DECLARE c CURSOR FOR SELECT nick FROM "Odd.S"."T.1" ORDER BY id; FETCH 1 FROM c; COMMIT;
BEGIN; UPDATE "Odd.S"."T.1" SET tail = 'y' WHERE id = 1 RETURNING nick, tail; ROLLBACK;
CREATE TEMP TABLE copy_of AS SELECT * FROM "Odd.S"."T.1"; SELECT nick, note FROM copy_of ORDER BY id; DROP TABLE copy_of;
RESET ROLE; INSERT INTO "Odd.S"."T.1" (id, nick) SELECT g, 'RAWCANARY' FROM generate_series(100, 200) g; ANALYZE "Odd.S"."T.1"; DELETE FROM "Odd.S"."T.1" WHERE id >= 100;
SELECT most_common_vals FROM pg_stats WHERE tablename = 'T.1' AND attname = 'nick'; SET ROLE privacy_masks_app;
SELECT most_common_vals, histogram_bounds FROM pg_stats WHERE tablename = 'T.1' AND attname = 'nick';
SELECT query_to_xml('SELECT nick FROM "Odd.S"."T.1" WHERE id = 1', false, true, '');
-- details of errors quote rows
UPDATE "Odd.S"."T.1" SET nick = 'bad' WHERE id = 1;
INSERT INTO "Odd.S"."T.1" (id) VALUES (1);
DO $$ DECLARE d text; BEGIN UPDATE "Odd.S"."T.1" SET nick = 'bad' WHERE id = 1; EXCEPTION WHEN check_violation THEN GET STACKED DIAGNOSTICS d = PG_EXCEPTION_DETAIL; RAISE NOTICE 'detail: %', d; RAISE WARNING 'detail: %', d; END $$;
-- deferred constraints fail outside of any statement
RESET ROLE; CREATE TABLE later (id int PRIMARY KEY, who text UNIQUE DEFERRABLE INITIALLY DEFERRED); INSERT INTO later VALUES (1, 'RAWCANARY'); GRANT ALL ON later TO PUBLIC;
SELECT governance.tag_column('later', 'who', 'pii.name');
SET ROLE privacy_masks_app;
INSERT INTO later VALUES (2, 'RAWCANARY');
BEGIN; INSERT INTO later VALUES (3, 'RAWCANARY'); COMMIT;
BEGIN; INSERT INTO later VALUES (3, 'RAWCANARY'); SET CONSTRAINTS ALL IMMEDIATE; ROLLBACK;
RESET ROLE; INSERT INTO later VALUES (4, 'RAWCANARY'); SET ROLE privacy_masks_app;
-- masks are not data
UPDATE "Odd.S"."T.1" SET nick = nick;
UPDATE "Odd.S"."T.1" SET note = nick || 'x' WHERE id = 1;
UPDATE "Odd.S"."T.1" t SET nick = s.k FROM (SELECT id, nick k FROM "Odd.S"."T.1") s WHERE s.id = t.id;
UPDATE "Odd.S"."T.1" t SET nick = (SELECT max(nick) FROM "Odd.S"."T.1");
INSERT INTO "Odd.S"."T.1" (id, nick) SELECT id + 10, nick FROM "Odd.S"."T.1";
INSERT INTO "Odd.S"."T.1" AS t (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET nick = t.nick;
MERGE INTO "Odd.S"."T.1" t USING "Odd.S"."T.1" s ON s.id = t.id WHEN MATCHED THEN UPDATE SET nick = s.nick;
BEGIN; UPDATE "Odd.S"."T.1" SET nick = 'new', n = id WHERE id = 1; INSERT INTO "Odd.S"."T.1" (id, nick) VALUES (3, 'three') ON CONFLICT (id) DO UPDATE SET nick = excluded.nick; DELETE FROM "Odd.S"."T.1" WHERE id = 3; ROLLBACK;
SELECT governance._pseudonym('guess', '');
SELECT governance.mask_pseudonym('guess');
RESET ROLE;
SELECT nick, note FROM "Odd.S"."T.1" WHERE id = 1;
-- prepared statements follow SET ROLE both ways
PREPARE p AS SELECT nick FROM "Odd.S"."T.1" WHERE id = 1;
SET plan_cache_mode = force_generic_plan;
EXECUTE p; SET ROLE privacy_masks_app; EXECUTE p; RESET ROLE; EXECUTE p; SET ROLE privacy_masks_m; EXECUTE p; SET ROLE privacy_masks_raw; EXECUTE p; RESET ROLE;
-- membership granted later
GRANT privacy_masks_m TO privacy_masks_raw; SET ROLE privacy_masks_raw; EXECUTE p; RESET ROLE; REVOKE privacy_masks_m FROM privacy_masks_raw; SET ROLE privacy_masks_raw; EXECUTE p; RESET ROLE;
-- functions: inlined SQL functions, PL/pgSQL static and dynamic, SECURITY DEFINER
CREATE FUNCTION srf() RETURNS SETOF text LANGUAGE sql STABLE AS 'SELECT nick FROM "Odd.S"."T.1"';
CREATE FUNCTION scalar(int) RETURNS text LANGUAGE sql STABLE AS 'SELECT nick FROM "Odd.S"."T.1" WHERE id = $1';
CREATE FUNCTION plp() RETURNS text LANGUAGE plpgsql AS 'DECLARE a text; b text; BEGIN SELECT nick INTO a FROM "Odd.S"."T.1" WHERE id = 1; EXECUTE ''SELECT nick FROM "Odd.S"."T.1" WHERE id = 1'' INTO b; RETURN a || b; END';
CREATE FUNCTION definer() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS 'DECLARE a text; BEGIN SELECT nick INTO a FROM "Odd.S"."T.1" WHERE id = 1; RETURN a; END';
SELECT definer(), plp(), scalar(1);
SET ROLE privacy_masks_app;
SELECT * FROM srf(); SELECT scalar(1), plp(), definer(); SELECT s FROM (VALUES (1)) v, LATERAL srf() s;
DO $$ BEGIN RAISE WARNING 'in a DO block: %', (SELECT nick FROM "Odd.S"."T.1" WHERE id = 1); END $$;
RESET ROLE;
SELECT definer(), plp(), scalar(1);
-- a definer function that writes keeps the data whole, and returns masks
CREATE FUNCTION definer_write() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS 'DECLARE a text; BEGIN UPDATE "Odd.S"."T.1" SET nick = nick WHERE id = 1 RETURNING nick INTO a; RETURN a; END';
SET ROLE privacy_masks_app; SELECT definer_write(); RESET ROLE;
SELECT nick FROM "Odd.S"."T.1" WHERE id = 1;
-- views
CREATE VIEW v AS SELECT id, nick FROM "Odd.S"."T.1"; CREATE VIEW vv WITH (security_barrier) AS SELECT * FROM v; CREATE VIEW inv WITH (security_invoker) AS SELECT * FROM v;
GRANT SELECT, UPDATE ON v, vv, inv TO PUBLIC;
CREATE VIEW io AS SELECT id, nick, tail FROM "Odd.S"."T.1"; GRANT ALL ON io TO PUBLIC;
CREATE FUNCTION io_write() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN UPDATE "Odd.S"."T.1" SET nick = NEW.nick, tail = NEW.tail WHERE id = NEW.id; RETURN NEW; END';
CREATE TRIGGER io_write INSTEAD OF UPDATE ON io FOR EACH ROW EXECUTE FUNCTION io_write();
SET ROLE privacy_masks_app;
SELECT * FROM v UNION ALL SELECT * FROM vv UNION ALL SELECT * FROM inv ORDER BY 1, 2;
UPDATE v SET nick = nick;
UPDATE io SET tail = 'z' WHERE id = 1;
RESET ROLE;
SELECT nick FROM "Odd.S"."T.1" WHERE id = 1;
-- row security reads raw values
CREATE TABLE rls (id int, who text); INSERT INTO rls VALUES (1, 'privacy_masks_app'), (2, 'RAWCANARY');
ALTER TABLE rls ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON rls USING (who = current_user); GRANT ALL ON rls TO PUBLIC;
SELECT governance.tag_column('rls', 'who', 'secret');
SET ROLE privacy_masks_app; SELECT * FROM rls; COPY rls TO STDOUT; RESET ROLE;
-- foreign keys over a tagged column
CREATE TABLE ref (who text PRIMARY KEY); INSERT INTO ref VALUES ('RAWCANARY'); CREATE TABLE refby (who text REFERENCES ref); GRANT ALL ON ref, refby TO PUBLIC;
SELECT governance.tag_column('ref', 'who', 'secret');
SET ROLE privacy_masks_app; INSERT INTO refby VALUES ('RAWCANARY'); INSERT INTO refby VALUES ('nobody'); RESET ROLE;
-- partitions and inheritance: a tag on any member counts for the tree
CREATE TABLE part (k int, who text) PARTITION BY LIST (k); CREATE TABLE part1 PARTITION OF part FOR VALUES IN (1); CREATE TABLE part2 (who text, x int, k int); ALTER TABLE part2 DROP COLUMN x; ALTER TABLE part ATTACH PARTITION part2 FOR VALUES IN (2);
INSERT INTO part VALUES (1, 'RAWCANARY'), (2, 'RAWCANARY'); GRANT ALL ON part, part1, part2 TO PUBLIC;
SELECT governance.tag_column('part1', 'who', 'pii.birth_date');
SET ROLE privacy_masks_app; SELECT * FROM part; SELECT * FROM part1; SELECT * FROM part2; COPY part2 TO STDOUT; RESET ROLE;
CREATE TABLE part3 PARTITION OF part FOR VALUES IN (3); INSERT INTO part VALUES (3, 'RAWCANARY'); GRANT ALL ON part3 TO PUBLIC;
SET ROLE privacy_masks_app; SELECT * FROM part3; RESET ROLE;
-- owners and superusers see raw values, unless governance.mask_owners
GRANT privacy_masks_m TO privacy_masks_owner; ALTER TABLE ref OWNER TO privacy_masks_owner;
SET ROLE privacy_masks_owner; SELECT * FROM ref; SELECT * FROM rls; RESET ROLE;
SET governance.mask_owners = on; SET ROLE privacy_masks_owner; SELECT * FROM ref; RESET ROLE; RESET governance.mask_owners;
-- a recipient masks everything for everybody
SET governance.recipient = 'acme'; SELECT nick FROM "Odd.S"."T.1" ORDER BY id; EXECUTE p; RESET governance.recipient; EXECUTE p;
BEGIN; SET LOCAL governance.recipient = 'acme'; EXECUTE p; ROLLBACK; EXECUTE p;
-- weakening holds only after commit
BEGIN; SELECT governance.unmask_role('privacy_masks_m', 'test'); SET LOCAL ROLE privacy_masks_app; SELECT nick FROM "Odd.S"."T.1" WHERE id = 1; ROLLBACK;
BEGIN; SAVEPOINT a; SELECT governance.mask_role('privacy_masks_raw'); ROLLBACK TO a; SET LOCAL ROLE privacy_masks_raw; SELECT nick FROM "Odd.S"."T.1" WHERE id = 1; ROLLBACK;
BEGIN; SAVEPOINT a; SELECT governance.mask_role('privacy_masks_raw'); SET LOCAL ROLE privacy_masks_raw; SELECT nick FROM "Odd.S"."T.1" WHERE id = 1; ROLLBACK TO a; SELECT nick FROM "Odd.S"."T.1" WHERE id = 1; ROLLBACK;
BEGIN; SELECT governance.untag_column('"Odd.S"."T.1"', 'nick', 'pii.name', 'test'); SET LOCAL ROLE privacy_masks_app; SELECT nick FROM "Odd.S"."T.1" WHERE id = 1; ROLLBACK;
BEGIN; SELECT governance.set_level('privacy.masks', 'off', reason => 'test'); SET LOCAL ROLE privacy_masks_app; SELECT nick FROM "Odd.S"."T.1" WHERE id = 1; ROLLBACK;
BEGIN; SELECT governance.grant_unmask('privacy_masks_app', 'pii', 'test'); SET LOCAL ROLE privacy_masks_app; SELECT nick FROM "Odd.S"."T.1" WHERE id = 1; ROLLBACK;
BEGIN; SELECT governance.set_mask('pii.name', 'partial', '{"left": 2}', reason => 'test'); SET LOCAL ROLE privacy_masks_app; SELECT nick FROM "Odd.S"."T.1" WHERE id = 1; COMMIT;
SET ROLE privacy_masks_app; SELECT nick FROM "Odd.S"."T.1" WHERE id = 1; RESET ROLE;
SELECT governance.reset_mask('pii.name', reason => 'test'); SET ROLE privacy_masks_app; SELECT nick FROM "Odd.S"."T.1" WHERE id = 1; RESET ROLE;
-- grants show what they name, and only to whom
SELECT governance.grant_unmask('privacy_masks_app', 'pii.name', 'support case', now() + interval '1 hour');
SET ROLE privacy_masks_app; SELECT nick, "E mail" FROM "Odd.S"."T.1" WHERE id = 1; SET ROLE privacy_masks_m; SELECT nick FROM "Odd.S"."T.1" WHERE id = 1; RESET ROLE;
SELECT role, tag, reason FROM governance.unmask_grants;
-- its use is in the audit log: not that of columns which were not read, once an hour, and not what rolled back
SELECT op, object, new_row FROM governance.audit_log WHERE op = 'use_unmask';
SET ROLE privacy_masks_app; SELECT nick FROM "Odd.S"."T.1" WHERE id = 1; BEGIN READ ONLY; SELECT nick FROM "Odd.S"."T.1" WHERE id = 1; COMMIT; RESET ROLE;
SELECT count(*) FROM governance.audit_log WHERE op = 'use_unmask';
SELECT governance.revoke_unmask('privacy_masks_app', 'pii.name'); SET ROLE privacy_masks_app; SELECT nick FROM "Odd.S"."T.1" WHERE id = 1; RESET ROLE;
SELECT governance.grant_unmask('privacy_masks_app', 'pii.name', 'brief', clock_timestamp() + interval '300 ms');
SET ROLE privacy_masks_app; PREPARE brief AS SELECT nick FROM "Odd.S"."T.1" WHERE id = 1; EXECUTE brief;
\! sleep 0.5
EXECUTE brief; RESET ROLE;
-- joins, and what a masked role may write
SET ROLE privacy_masks_app;
SELECT x.nick, y.who FROM "Odd.S"."T.1" x FULL JOIN part y ON x.id = y.k JOIN rls z ON true ORDER BY 1, 2;
INSERT INTO refby SELECT NULL FROM "Odd.S"."T.1" x JOIN part y ON x.id = y.k WHERE x.nick = 'R***' AND false;
WITH u AS (UPDATE "Odd.S"."T.1" SET tail = 'w' WHERE id = 1 RETURNING *) SELECT nick, tail FROM u;
WITH u AS (UPDATE "Odd.S"."T.1" SET nick = nick WHERE id = 1 RETURNING *) SELECT nick, tail FROM u;
EXPLAIN (VERBOSE, COSTS OFF) SELECT nick FROM "Odd.S"."T.1";
RESET ROLE;
-- domains, arrays, types a mask cannot apply to, materialized views, empty tables
CREATE DOMAIN mail AS varchar(12) CHECK (VALUE LIKE '%@%'); CREATE TABLE kinds (m mail, a text[], j jsonb, i inet, u uuid, b bpchar(3), c "char", nm name);
GRANT ALL ON kinds TO PUBLIC;
SELECT count(governance.tag_column('kinds', c, t)) FROM (VALUES ('m', 'pii.contact.email'), ('a', 'pii.name'), ('j', 'secret'), ('i', 'pii.network.ip'), ('u', 'pii.national_id'), ('b', 'pii.contact.address'), ('c', 'pii.name'), ('nm', 'pii.name')) x(c, t);
SET ROLE privacy_masks_app; SELECT * FROM kinds; COPY kinds TO STDOUT; RESET ROLE;
INSERT INTO kinds VALUES ('rawcanary@x', '{RAWCANARY}', '"RAWCANARY"', '10.1.2.3', '11111111-2222-3333-4444-555555555555', 'RAW', 'R', 'RAWCANARY');
CREATE MATERIALIZED VIEW mv AS SELECT m AS held FROM kinds; GRANT SELECT ON mv TO PUBLIC; SELECT governance.tag_column('mv', 'held', 'secret');
SET ROLE privacy_masks_app; SELECT * FROM kinds; SELECT k FROM kinds k; COPY kinds TO STDOUT; SELECT * FROM mv; RESET ROLE;
-- two tags: the strictest mask wins
SELECT governance.tag_column('kinds', 'm', 'secret'); SET ROLE privacy_masks_app; SELECT m FROM kinds; RESET ROLE;
-- refusals
SELECT governance.grant_unmask(current_user, 'pii', 'me');
SELECT governance.unmask_role('privacy_masks_m');
SELECT governance.mask_role('privacy_masks_nobody');
SELECT governance.set_mask('pii.name', 'rot13');
SELECT governance.set_mask('pii.name', 'partial', '{"left": -1}');
SET ROLE privacy_masks_app; SELECT governance.mask_role('privacy_masks_raw'); SELECT governance.unmask_role('privacy_masks_m', 'x'); RESET ROLE;
-- deny by default, and back
SELECT governance.mask_role('public'); SET ROLE privacy_masks_raw; SELECT nick FROM "Odd.S"."T.1" WHERE id = 1; RESET ROLE;
SELECT governance.unmask_role('public', 'test'); SET ROLE privacy_masks_raw; SELECT nick FROM "Odd.S"."T.1" WHERE id = 1; RESET ROLE;
-- a trigger that a cascade fires is not the foreign key's check, though it inherits its security context
GRANT CREATE ON SCHEMA public TO privacy_masks_app; SET ROLE privacy_masks_app;
CREATE TABLE loot (x text); CREATE TABLE loot_p (id int PRIMARY KEY); CREATE TABLE loot_c (id int REFERENCES loot_p ON DELETE CASCADE);
CREATE FUNCTION steal() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO loot SELECT nick FROM "Odd.S"."T.1" WHERE id = 1; RETURN OLD; END';
CREATE TRIGGER steal BEFORE DELETE ON loot_c FOR EACH ROW EXECUTE FUNCTION steal();
INSERT INTO loot_p VALUES (1); INSERT INTO loot_c VALUES (1); DELETE FROM loot_p; SELECT * FROM loot;
-- a SECURITY DEFINER function of a masked role writes what its owner may see
CREATE FUNCTION masked_definer() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'INSERT INTO loot SELECT nick FROM "Odd.S"."T.1" WHERE id = 1';
SET ROLE privacy_masks_m; SELECT masked_definer(); SET ROLE privacy_masks_app; SELECT * FROM loot; RESET ROLE;
-- what a definer's statement gives back holds no raw value, wherever RETURNING takes it from
CREATE FUNCTION back1() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'UPDATE loot SET x = x FROM (SELECT nick FROM "Odd.S"."T.1" WHERE id = 1) s RETURNING s.nick';
CREATE FUNCTION back2() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'WITH s AS (SELECT nick FROM "Odd.S"."T.1" WHERE id = 1) UPDATE loot SET x = x FROM s RETURNING s.nick';
CREATE FUNCTION back3() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'UPDATE loot SET x = x FROM "Odd.S"."T.1" a FULL JOIN "Odd.S"."T.1" b USING (nick) WHERE a.id = 1 RETURNING nick';
CREATE FUNCTION back4() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'UPDATE loot SET x = x RETURNING (SELECT nick FROM "Odd.S"."T.1" WHERE id = 1)';
CREATE FUNCTION back5() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'WITH s AS (SELECT 1 AS n FROM "Odd.S"."T.1" WHERE nick = ''RAWCANARY'') UPDATE loot SET x = x FROM s RETURNING s.n';
SET ROLE privacy_masks_app; SELECT back1(); SELECT back2(); SELECT back3(); SELECT back4(); SELECT back5(); RESET ROLE; SELECT back1(), back2(), back5();
-- a recipient tightens only: a mask that is milder for them is not for a masked role
SELECT governance.set_mask('pii.free_text', 'partial', '{"left": 4}', recipient => 'acme', reason => 'test');
SET governance.recipient = 'acme'; SELECT note FROM "Odd.S"."T.1" WHERE id = 1; SET ROLE privacy_masks_app; SELECT note FROM "Odd.S"."T.1" WHERE id = 1; RESET governance.recipient;
SELECT * FROM governance.export_query('SELECT note FROM "Odd.S"."T.1" WHERE id = 1', recipient => 'acme'); RESET ROLE;
DROP OWNED BY privacy_masks_app CASCADE;
-- conditions that a masked role wrote itself see masks: its views written through, its row security
GRANT CREATE ON SCHEMA public TO privacy_masks_app; SET ROLE privacy_masks_app;
CREATE FUNCTION peek(text) RETURNS bool LANGUAGE plpgsql IMMUTABLE COST 0.0001 AS 'BEGIN RAISE WARNING ''peeked at %'', $1; RETURN true; END';
CREATE VIEW checked AS SELECT * FROM "Odd.S"."T.1" WHERE peek(nick) WITH CHECK OPTION; CREATE VIEW checked2 AS SELECT * FROM checked;
CREATE VIEW barrier WITH (security_barrier) AS SELECT * FROM "Odd.S"."T.1" WHERE peek(nick);
CREATE TABLE mine (x int); INSERT INTO mine VALUES (1); ALTER TABLE mine ENABLE ROW LEVEL SECURITY; ALTER TABLE mine FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON mine USING (EXISTS (SELECT 1 FROM "Odd.S"."T.1" WHERE id = 1 AND peek(nick)));
BEGIN; UPDATE checked SET tail = 'c' WHERE id = 1; UPDATE checked2 SET tail = 'c' WHERE id = 1; UPDATE barrier SET tail = 'b' WHERE id = 1; ROLLBACK;
SELECT * FROM mine; UPDATE mine SET x = 2; COPY mine TO STDOUT; RESET ROLE;
DROP OWNED BY privacy_masks_app CASCADE;
-- those of others need what they were written for
CREATE VIEW theirs AS SELECT * FROM "Odd.S"."T.1" WHERE nick = 'RAWCANARY' WITH CHECK OPTION; GRANT ALL ON theirs TO PUBLIC;
SET ROLE privacy_masks_m; BEGIN; INSERT INTO theirs (id, nick) VALUES (50, 'RAWCANARY'); INSERT INTO theirs (id, nick) VALUES (51, 'other'); ROLLBACK; RESET ROLE; DROP VIEW theirs;
CREATE VIEW tails AS SELECT * FROM "Odd.S"."T.1" WHERE tail <> 'no' WITH CHECK OPTION; GRANT ALL ON tails TO PUBLIC;
SET ROLE privacy_masks_m; UPDATE tails SET tail = 'no' WHERE id = 1; RESET ROLE; DROP VIEW tails;
ALTER ROLE privacy_masks_m RENAME TO privacy_masks_m2; SET ROLE privacy_masks_app; SELECT nick FROM "Odd.S"."T.1" WHERE id = 1; RESET ROLE;
DROP TABLE ref CASCADE; DROP ROLE privacy_masks_app, privacy_masks_m2, privacy_masks_raw, privacy_masks_owner;
