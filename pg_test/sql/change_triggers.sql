-- Everybody may execute the functions of the product's row triggers, since partitions get them as whoever makes the partition. So
-- anybody makes triggers with them, with arguments of their own: nobody runs code as somebody else by that, reads what is
-- somebody else's, switches triggers off, or ends the server.
\set VERBOSITY terse
\set SHOW_CONTEXT never
CREATE ROLE change_triggers_owner;
CREATE ROLE change_triggers_guest;
CREATE ROLE change_triggers_nobody;
CREATE SCHEMA shop AUTHORIZATION change_triggers_owner;
CREATE SCHEMA den AUTHORIZATION change_triggers_nobody;
GRANT USAGE ON SCHEMA den TO PUBLIC;
SELECT governance.declare_party('owners', db_roles => '{change_triggers_owner}') \g /dev/null
SELECT p.oid::regprocedure FROM pg_proc p
 WHERE pronamespace = 'governance'::regnamespace AND prorettype = 'trigger'::regtype AND has_function_privilege('change_triggers_nobody', oid, 'EXECUTE') ORDER BY 1;
-- wrong events, wrong arguments, wrong tables: an error that has a name, and the server lives
SET ROLE change_triggers_nobody;
CREATE TABLE den.t (id int PRIMARY KEY, a int, b text, c int GENERATED ALWAYS AS (id + 1) STORED, d int[], e int);
ALTER TABLE den.t DROP COLUMN e;
CREATE VIEW den.v AS SELECT id, a FROM den.t;
CREATE PROCEDURE den.try(head text, tail text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER x %s EXECUTE FUNCTION governance.%s', head, tail);
    INSERT INTO den.t VALUES (1, 1, 'b');
    UPDATE den.t SET a = 2, b = 'c';
    INSERT INTO den.v VALUES (2, 2);
    UPDATE den.v SET a = 3;
    DELETE FROM den.t;
    RAISE NOTICE 'passed: %', left(tail, 99);
    RAISE EXCEPTION 'undo' USING ERRCODE = 'ZZZZZ';
EXCEPTION WHEN SQLSTATE 'ZZZZZ' THEN NULL;
    WHEN OTHERS THEN RAISE NOTICE '% %', SQLSTATE, left(SQLERRM, 99);
END $$;
SELECT format('CALL den.try(%L, %L)', head, tail)
  FROM unnest('{BEFORE INSERT ON den.t FOR EACH STATEMENT,AFTER INSERT OR UPDATE ON den.t FOR EACH ROW,BEFORE DELETE ON den.t FOR EACH ROW,INSTEAD OF INSERT OR UPDATE ON den.v FOR EACH ROW}'::text[]) WITH ORDINALITY h (head, n),
       unnest(ARRAY['_dual_write(''a'', ''b'')', '_convert(1, ''both'', ''{}'', ''{}'')', '_fill_null(''a'', ''1'', ''owner'')', '_audit_row()']) WITH ORDINALITY t (tail, m) ORDER BY n, m \gexec
\set row 'BEFORE INSERT OR UPDATE ON den.t FOR EACH ROW'
SELECT format('CALL den.try(%L, %L)', :'row', tail)
  FROM unnest(ARRAY['_dual_write()', '_dual_write(''a'', ''b'')', '_dual_write(''a'', ''c'')', '_dual_write(''a'', ''........pg.dropped.6........'')', '_dual_write(''ctid'', ''a'')', '_dual_write('''', '''')', '_dual_write(''a'', ''a'')',
    '_convert()', '_convert(1, 2, 3, 4)', '_convert(''x'', '''', ''[]'', ''{}'')', '_convert(99999999999999999999999, ''both'', ''{"a": "1"}'', ''{}'')', '_convert(-1, ''both'', ''{"a": null}'', ''{"b": 7}'')',
    '_convert(1, ''both'', ''{"a": "(SELECT count(*) FROM governance.change)"}'', ''{"b": "''''x''''"}'')', '_convert(1, ''both'', ''{"a": "sum(1)"}'', ''{"b": "b"}'')', '_convert(1, ''both'', ''{"a": "row_number() OVER ()"}'', ''{"b": "1"}'')',
    '_convert(1, ''both'', ''{"a": "generate_series(1, 2)"}'', ''{"b": "1"}'')', '_convert(1, ''both'', ''{"a": "$1"}'', ''{"b": "1"}'')', '_convert(1, ''both'', ''{"a": "DEFAULT"}'', ''{"b": "1"}'')', '_convert(1, ''both'', ''{"a": "1; DROP TABLE den.t"}'', ''{"b": "1"}'')',
    '_convert(1, ''both'', ''{"a": "t.*"}'', ''{"b": "1"}'')', '_convert(1, ''both'', ''{"a": "ctid"}'', ''{"b": "1"}'')', '_convert(1, ''both'', ''{"c": "length(b)"}'', ''{"b": "c::text"}'')', '_convert(1, ''both'', ''{"d": "ARRAY[length(b)]"}'', ''{"b": "d[1]::text"}'')',
    '_convert(1, ''both'', ''{"a": "length(b)", "d": "array_fill(1, ARRAY[2147483647])"}'', ''{"b": "a::text"}'')', '_convert(1, ''both'', ''{"a": "length(b)"}'', ''{"b": "a::text"}'', ''{"TimeZone": "nowhere", "DateStyle": 7}'')', '_convert(1, ''both'', ''{"a": "length(b)"}'', ''{"b": "a::text"}'', ''not json'')',
    '_convert(1, ''down'', ''["a", 1]'', ''{"zz": "1"}'')', '_convert(1, ''both'', ''{"a": "merge_action()"}'', ''{"b": "grouping(1)"}'')', '_convert(1, ''both'', ''{"a": "lastval() + nextval(''''none'''')"}'', ''{"b": "1"}'')',
    '_fill_null()', '_fill_null(''zz'', ''1'')', '_fill_null(''d'', ''(SELECT ARRAY[1])'')', '_fill_null(''d'', ''ARRAY[sum(1)]'')', '_fill_null(''d'', ''generate_series(1, 2)'')', '_fill_null(''d'', ''$1'')', '_fill_null(''d'', ''1) ; DROP TABLE den.t; --'')', '_fill_null(''c'', ''7'')', '_fill_null(''ctid'', ''7'')', '_fill_null(''d'', ''ARRAY[id]'', ''owner'', ''[]'', ''x'')', '_fill_null(''d'', ''ARRAY[id]'', ''owner'', ''nonsense'')', '_fill_null(''d'', '''')', '_fill_null(''d'', ''t'')',
    '_audit_row()']) WITH ORDINALITY t (tail, m) ORDER BY m \gexec
CALL den.try(:'row', format('_convert(1, ''both'', ''{"a": "%s1%s"}'', ''{"b": "1"}'')', repeat('(', 1000), repeat(')', 1000)));
CALL den.try(:'row', format('_convert(1, ''both'', ''{"a": "%s1%s"}'', ''{"b": "1"}'')', repeat('(', 100000), repeat(')', 100000)));
CALL den.try(:'row', format('_convert(1, ''both'', ''{"a": "1%s"}'', ''{"b": "1"}'')', repeat('+1', 100000)));
CALL den.try(:'row', format('_convert(1, ''both'', ''%s'', ''{"b": "1"}'')', repeat('[', 100000)));
CALL den.try(:'row', format('_fill_null(''d'', ''ARRAY[1%s]'')', repeat('+1', 100000)));
CALL den.try(:'row', format('_dual_write(''a'', ''%s'')', repeat('a', 1000000)));
-- an expression that writes the same table, and so fires its own trigger
CREATE FUNCTION den.again() RETURNS int LANGUAGE plpgsql AS $$ BEGIN UPDATE den.t SET b = b || 'x'; RETURN 1; END $$;
CALL den.try(:'row', '_convert(1, ''both'', ''{"a": "den.again()"}'', ''{"b": "''''y''''"}'')');
-- code of somebody who may make triggers on another one's table runs as whoever writes, as any trigger does, and never as the owner
RESET ROLE;
CREATE FUNCTION den.who() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN current_user; END $$;
SET ROLE change_triggers_owner;
CREATE TABLE shop.deal (id int PRIMARY KEY, note text);
GRANT ALL ON shop.deal TO change_triggers_guest;
GRANT USAGE ON SCHEMA shop TO change_triggers_guest;
SET ROLE change_triggers_guest;
CREATE TRIGGER zz_data_governance_change_1_note BEFORE INSERT ON shop.deal FOR EACH ROW EXECUTE FUNCTION governance._fill_null('note', 'den.who()', 'owner');
INSERT INTO shop.deal VALUES (1);
SELECT * FROM shop.deal;
DROP TRIGGER zz_data_governance_change_1_note ON shop.deal;
-- nothing is logged by it where it is not the product's own trigger
CREATE TRIGGER mine AFTER INSERT ON shop.deal FOR EACH ROW EXECUTE FUNCTION governance._audit_row();
CREATE TRIGGER data_governance_audit_row AFTER INSERT ON shop.deal FOR EACH ROW EXECUTE FUNCTION governance._audit_row();
INSERT INTO shop.deal VALUES (2, 'x');
RESET ROLE;
SELECT count(*) FROM governance.audit_log WHERE relation::text = 'shop.deal' AND op IN ('INSERT', 'UPDATE', 'DELETE');
SET ROLE change_triggers_owner;
DROP TRIGGER data_governance_audit_row ON shop.deal;
SELECT governance.start_audit('shop.deal');
INSERT INTO shop.deal VALUES (3, 'x');
RESET ROLE;
SELECT count(*) FROM governance.audit_log WHERE relation::text = 'shop.deal' AND op = 'INSERT';
-- a deferred one in its place is refused
SET ROLE change_triggers_owner;
DROP TRIGGER data_governance_audit_row ON shop.deal;
CREATE CONSTRAINT TRIGGER data_governance_audit_row AFTER INSERT OR UPDATE OR DELETE ON shop.deal DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION governance._audit_row();
SELECT tgname, tgdeferrable FROM pg_trigger WHERE tgrelid = 'shop.deal'::regclass AND tgname LIKE 'data%' ORDER BY 1;

-- the owner of an audited partitioned table, and of one in the middle of a change, makes partitions
CREATE TABLE shop.day (id int, at date, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE shop.day_1 PARTITION OF shop.day FOR VALUES FROM ('2026-01-01') TO ('2026-01-02');
SELECT governance.start_audit('shop.day');
CREATE TABLE shop.day_2 PARTITION OF shop.day FOR VALUES FROM ('2026-01-02') TO ('2026-01-03');
CREATE TABLE shop.day_3 (LIKE shop.day);
ALTER TABLE shop.day_3 ALTER id SET NOT NULL, ALTER at SET NOT NULL;
ALTER TABLE shop.day ATTACH PARTITION shop.day_3 FOR VALUES FROM ('2026-01-03') TO ('2026-01-04');
INSERT INTO shop.day VALUES (1, '2026-01-01'), (2, '2026-01-02'), (3, '2026-01-03');
SELECT c.relname, t.tgname, t.tgenabled FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relname LIKE 'day%' AND t.tgname LIKE 'data%' ORDER BY 1, 2;
SELECT relation::text, op, key FROM governance.audit_log WHERE op = 'INSERT' AND relation::text LIKE 'shop.day%' ORDER BY key::text;
SELECT governance.propose_change('ALTER TABLE shop.day ALTER note SET NOT NULL', 'every day has one', up => '''none''') AS fill \gset
SELECT governance.approve_change(:fill, 'x', '{not_observed}') \g /dev/null
SELECT governance._advance_step(:fill);
CREATE TABLE shop.day_4 PARTITION OF shop.day FOR VALUES FROM ('2026-01-04') TO ('2026-01-05');
INSERT INTO shop.day VALUES (4, '2026-01-04') RETURNING note;
CREATE TABLE shop.day_5 PARTITION OF shop.day FOR VALUES FROM ('2026-01-05') TO ('2026-01-06') PARTITION BY RANGE (at);
CREATE TABLE shop.day_5a PARTITION OF shop.day_5 FOR VALUES FROM ('2026-01-05') TO ('2026-01-06');
INSERT INTO shop.day VALUES (5, '2026-01-05') RETURNING note;
CALL governance.advance_change(:fill);
CALL governance.advance_change(:fill);
SELECT state FROM governance.changes WHERE change = :fill;
SELECT relname, attnotnull FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE attname = 'note' AND relname LIKE 'day__' ORDER BY 1;

-- what a copy does with triggers switched off calls nothing of the owner's, by whatever way it is found
RESET ROLE;
CREATE TABLE shop.seen (what text, role text);
GRANT ALL ON shop.seen TO PUBLIC;
SET ROLE change_triggers_owner;
CREATE FUNCTION shop.spy(what text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN INSERT INTO shop.seen VALUES (what, current_setting('session_replication_role')); RETURN true; END $$;
CREATE DOMAIN shop.nosy AS text CHECK (shop.spy('domain'));
CREATE TYPE shop.mood AS ENUM ('low', 'high');
CREATE FUNCTION shop.mood_json(shop.mood) RETURNS json LANGUAGE plpgsql AS $$ BEGIN PERFORM shop.spy('cast'); RETURN '{}'; END $$;
CREATE CAST (shop.mood AS json) WITH FUNCTION shop.mood_json(shop.mood);
CREATE TYPE shop.pair AS (x int, y shop.nosy);
CREATE FUNCTION shop.distance(text, text) RETURNS float8 IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM shop.spy('range'); RETURN 1; END $$;
CREATE TYPE shop.span AS RANGE (subtype = text, subtype_diff = shop.distance);
CREATE TABLE shop.rows (id int PRIMARY KEY, plain text, kind text, note text) WITH (fillfactor = 50);
INSERT INTO shop.rows SELECT i, i::text, 'k', 'n' FROM generate_series(1, 500) i;
CREATE PROCEDURE shop.copy(prepare text, cleanup text) LANGUAGE plpgsql AS $$
DECLARE id bigint; found text;
BEGIN
    EXECUTE prepare;
    id := governance.propose_change('ALTER TABLE shop.rows RENAME COLUMN plain TO fancy', 'x');
    PERFORM governance.approve_change(id, 'x', '{not_observed}');
    DELETE FROM shop.seen;
    FOR i IN 1..9 LOOP EXIT WHEN NOT governance._advance_step(id); END LOOP;
    SELECT string_agg(DISTINCT format('%s as %s', what, role), ', ') INTO found FROM shop.seen;
    RAISE NOTICE '% -> %', prepare, coalesce(found, 'nothing');
    PERFORM governance.abort_change(id, 'x');
    EXECUTE cleanup;
EXCEPTION WHEN OTHERS THEN RAISE NOTICE '% -> % %', prepare, SQLSTATE, SQLERRM;
END $$;
CALL shop.copy('ALTER TABLE shop.rows ADD CONSTRAINT k CHECK (note::shop.nosy IS NOT NULL)', 'ALTER TABLE shop.rows DROP CONSTRAINT k');
CALL shop.copy('ALTER TABLE shop.rows ADD CONSTRAINT k CHECK (format(''{%s}'', note)::shop.nosy[] IS NOT NULL)', 'ALTER TABLE shop.rows DROP CONSTRAINT k');
CALL shop.copy('ALTER TABLE shop.rows ADD CONSTRAINT k CHECK (format(''(1,%s)'', note)::shop.pair::text IS NOT NULL)', 'ALTER TABLE shop.rows DROP CONSTRAINT k');
CALL shop.copy('ALTER TABLE shop.rows ADD COLUMN p shop.mood DEFAULT ''low'', ADD CONSTRAINT k CHECK (to_jsonb(p) IS NOT NULL)', 'ALTER TABLE shop.rows DROP COLUMN p');
CALL shop.copy('ALTER TABLE shop.rows ADD COLUMN g text GENERATED ALWAYS AS (note::shop.nosy) STORED', 'ALTER TABLE shop.rows DROP COLUMN g');
CALL shop.copy('ALTER TABLE shop.rows ADD COLUMN s shop.span; UPDATE shop.rows SET s = shop.span(id::text, NULL); CREATE INDEX spans ON shop.rows USING gist (s)', 'ALTER TABLE shop.rows DROP COLUMN s');
CALL shop.copy('CREATE RULE r AS ON UPDATE TO shop.rows DO ALSO SELECT shop.spy(''rule''); ALTER TABLE shop.rows ENABLE ALWAYS RULE r', 'DROP RULE r ON shop.rows');
CALL shop.copy('UPDATE shop.rows SET note = NULL; CREATE TRIGGER zz_data_governance_change_1 BEFORE UPDATE ON shop.rows FOR EACH ROW EXECUTE FUNCTION governance._fill_null(''note'', ''shop.spy(''''fill'''')::text''); ALTER TABLE shop.rows ENABLE ALWAYS TRIGGER zz_data_governance_change_1', 'DROP TRIGGER zz_data_governance_change_1 ON shop.rows; UPDATE shop.rows SET note = ''n''');
CALL shop.copy('UPDATE shop.rows SET note = NULL; CREATE TRIGGER zz_data_governance_change_1 BEFORE UPDATE ON shop.rows FOR EACH ROW EXECUTE FUNCTION governance._convert(1, ''both'', ''{"note": "shop.spy(kind)::text"}'', ''{"kind": "note"}''); ALTER TABLE shop.rows ENABLE ALWAYS TRIGGER zz_data_governance_change_1', 'DROP TRIGGER zz_data_governance_change_1 ON shop.rows; UPDATE shop.rows SET note = ''n''');
-- another change's trigger that calls its owner's code, while a plain change copies
CREATE FUNCTION shop.guess(int) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM shop.spy('other change'); RETURN 'g'; END $$;
ALTER TABLE shop.rows ADD COLUMN late text;
SELECT governance.propose_change('ALTER TABLE shop.rows ALTER late SET NOT NULL', 'x', up => 'shop.guess(id)') AS other \gset
SELECT governance.approve_change(:other, 'x', '{not_observed}') \g /dev/null
SELECT governance._advance_step(:other);
CALL shop.copy('SELECT', 'SELECT');
SELECT governance.abort_change(:other, 'x');
-- expressions of the wish that do so by a type alone
SELECT governance.propose_change('ALTER TABLE shop.rows ADD COLUMN made text', 'x', up => 'note::shop.nosy') AS made \gset
SELECT governance.approve_change(:made, 'x', '{not_observed}') \g /dev/null
TRUNCATE shop.seen;
CALL governance.advance_change(:made);
SELECT DISTINCT what, role FROM shop.seen;
SELECT governance.abort_change(:made, 'x');
-- tables that come later get old values on the way back, in the same way
CREATE TABLE shop.base (id int PRIMARY KEY, plain int);
CREATE TABLE shop.heir () INHERITS (shop.base);
INSERT INTO shop.base VALUES (1, 1);
SELECT governance.propose_change('ALTER TABLE shop.base ALTER plain TYPE bigint', 'x') AS wide \gset
SELECT governance.approve_change(:wide, 'x', '{not_observed}') \g /dev/null
CALL governance.advance_change(:wide);
CALL governance.advance_change(:wide);
CREATE TABLE shop.later (CHECK (shop.spy('heir'))) INHERITS (shop.base);
INSERT INTO shop.later (id, plain) VALUES (2, 2);
TRUNCATE shop.seen;
SELECT governance.undo_change(:wide);
SELECT DISTINCT what, role FROM shop.seen;
SELECT * FROM shop.base ORDER BY 1;
DROP TABLE shop.later;
-- a table that has taken an heir's name gets no trigger by the plan
SELECT governance.propose_change('ALTER TABLE shop.base RENAME COLUMN plain TO fancy', 'x') AS named \gset
SELECT governance.approve_change(:named, 'x', '{not_observed}') \g /dev/null
DROP TABLE shop.heir;
RESET ROLE;
CREATE TABLE shop.heir (id int, plain int, fancy int);
SET ROLE change_triggers_owner;
CALL governance.advance_change(:named);
SELECT tgname FROM pg_trigger WHERE tgrelid = 'shop.heir'::regclass;

-- and another table's index that has taken the name of a hidden one keeps it
CREATE TABLE shop.shown (id int PRIMARY KEY, a int);
CREATE INDEX shown_a ON shop.shown (a);
SELECT governance.propose_change('ALTER TABLE shop.shown DROP COLUMN a', 'x') AS shown \gset
SELECT governance.approve_change(:shown, 'x', '{not_observed}') \g /dev/null
CALL governance.advance_change(:shown);
SELECT indexrelid::regclass AS hidden FROM pg_index WHERE indrelid = 'shop.shown'::regclass AND NOT indisprimary \gset
DROP INDEX :hidden;
CREATE TABLE shop.other (id int);
SELECT format('CREATE INDEX %I ON shop.other (id)', split_part(:'hidden', '.', 2)) \gexec
RESET ROLE;
SELECT governance.undo_change(:shown);
SELECT indexrelid::regclass = :'hidden'::regclass AS keeps_its_name FROM pg_index WHERE indrelid = 'shop.other'::regclass;

RESET ROLE;
SET client_min_messages = error;
SELECT governance.stop_audit('shop.deal', 'over'), governance.stop_audit('shop.day', 'over') \g /dev/null
DROP TABLE shop.heir;
DROP OWNED BY change_triggers_owner, change_triggers_guest, change_triggers_nobody CASCADE;
