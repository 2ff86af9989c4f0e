-- Partitions that go, and come back.
\set SHOW_CONTEXT never
SET lock_timeout = '5s';
CREATE ROLE change_partition_owner;
CREATE ROLE change_partition_app;
CREATE SCHEMA shop AUTHORIZATION change_partition_owner;
GRANT USAGE ON SCHEMA shop TO change_partition_app;
SET ROLE change_partition_owner;
CREATE TABLE shop.customer (id int PRIMARY KEY);
INSERT INTO shop.customer SELECT generate_series(1, 100);
CREATE TABLE shop.event (id int, at date, customer int REFERENCES shop.customer, note text DEFAULT 'none', PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE INDEX ON shop.event (note);
CREATE TABLE shop.event_2020 PARTITION OF shop.event FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE shop."Event 2021" PARTITION OF shop.event FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
CREATE TABLE shop.event_rest PARTITION OF shop.event DEFAULT;
CREATE TABLE shop.bucket (id int) PARTITION BY HASH (id);
CREATE TABLE shop.bucket_0 PARTITION OF shop.bucket FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE shop.bucket_1 PARTITION OF shop.bucket FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE shop.referenced (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE shop.referenced_1 PARTITION OF shop.referenced FOR VALUES FROM (0) TO (10);
INSERT INTO shop.referenced SELECT generate_series(1, 9);
CREATE TABLE shop.refers (id int REFERENCES shop.referenced);
INSERT INTO shop.event SELECT g, date '2020-01-01' + g % 700, g % 100 + 1, 'note ' || g FROM generate_series(1, 5000) g;
INSERT INTO shop.bucket SELECT generate_series(1, 1000);
CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := upper(NEW.note); RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON shop.event FOR EACH ROW EXECUTE FUNCTION shop.touch();
GRANT SELECT, INSERT ON shop.event, shop."Event 2021" TO change_partition_app;
COMMENT ON TABLE shop."Event 2021" IS 'a good year';
RESET ROLE;
SELECT governance.declare_party('sales', db_roles => '{change_partition_owner}');
SELECT governance.declare_dataset('shop.event', 'sales', 'transactional');
SELECT governance.tag_column('shop.event', 'note', 'pii.free_text');
SELECT governance.start_audit('shop.event');
SELECT governance.set_level('guard', 'enforce');

-- what a dump would show of a relation
CREATE FUNCTION public.facts(relation regclass) RETURNS TABLE (fact text) LANGUAGE sql AS $$
    SELECT format('column %s %s%s %s %s', attname, format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN ' not null' END,
                  (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = attrelid AND adnum = attnum), attacl)
      FROM pg_attribute WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped
    UNION ALL SELECT format('constraint %s %s %s', conname, pg_get_constraintdef(oid), convalidated) FROM pg_constraint WHERE conrelid = relation
    UNION ALL SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = relation
    UNION ALL SELECT format('comment %s %s', objsubid, description) FROM pg_description WHERE classoid = 'pg_class'::regclass AND objoid = relation
    UNION ALL SELECT format('trigger %s', tgname) FROM pg_trigger WHERE tgrelid = relation AND NOT tgisinternal
    UNION ALL SELECT format('policy %s %s', polname, pg_get_expr(polqual, polrelid)) FROM pg_policy WHERE polrelid = relation
    UNION ALL SELECT format('acl %s', x) FROM pg_class, unnest(relacl) x WHERE oid = relation
    UNION ALL SELECT format('tag %s.%s %s', t.relation, t.column_name, t.tag) FROM governance.column_tags t WHERE t.relation = facts.relation
    UNION ALL SELECT format('owner %s, kind %s', pg_get_userbyid(relowner), relkind) FROM pg_class WHERE oid = relation
    UNION ALL SELECT format('bounds %s of %s', pg_get_expr(c.relpartbound, c.oid), i.inhparent::regclass) FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid WHERE c.oid = relation
    UNION ALL SELECT format('index %s of %s', i.inhrelid::regclass, i.inhparent::regclass) FROM pg_index x JOIN pg_inherits i ON i.inhrelid = x.indexrelid WHERE x.indrelid = relation
    ORDER BY 1 $$;
CREATE TABLE public.before AS SELECT fact FROM public.facts('shop."Event 2021"');
CREATE FUNCTION public.differs() RETURNS TABLE (how text, fact text) LANGUAGE sql SECURITY DEFINER AS $$
    (SELECT 'gone', fact FROM public.before EXCEPT SELECT 'gone', fact FROM public.facts('shop."Event 2021"'))
    UNION ALL (SELECT 'new', fact FROM public.facts('shop."Event 2021"') EXCEPT SELECT 'new', fact FROM public.before) ORDER BY 1, 2 $$;

-- bad wishes
SET ROLE change_partition_owner;
SELECT governance.propose_change('ALTER TABLE shop.event DETACH PARTITION shop.customer', 'x');
SELECT governance.propose_change('ALTER TABLE shop.event DETACH PARTITION shop.bucket_0', 'x');
SELECT governance.propose_change('ALTER TABLE shop.event DETACH PARTITION shop.nowhere', 'x');
SELECT governance.propose_change('ALTER TABLE shop.referenced DETACH PARTITION shop.referenced_1', 'x');
SELECT governance.propose_change('DROP TABLE shop.event', 'x');
CREATE TABLE shop.child () INHERITS (shop.customer);
INSERT INTO shop.child VALUES (101);
SELECT governance.propose_change('DROP TABLE shop.child', 'x');
DELETE FROM shop.child WHERE id = 101;
DROP TABLE shop.child;
ALTER TABLE shop.event DETACH PARTITION shop."Event 2021";
DROP TABLE shop."Event 2021";

-- detached by call, and brought back
SELECT governance.propose_change('ALTER TABLE shop.event DETACH PARTITION shop."Event 2021"', 'old');
SELECT governance.propose_change('ALTER TABLE shop.event DETACH PARTITION shop."Event 2021" CONCURRENTLY', 'old');
SELECT governance.propose_change('DROP TABLE shop."Event 2021"', 'x');
SELECT * FROM governance.change_plan(1);
SELECT governance.approve_change(1, 'yes');
CALL governance.advance_change(1);
SELECT * FROM public.differs();
SELECT count(*), (SELECT count(*) FROM shop."Event 2021") FROM shop.event;
INSERT INTO shop."Event 2021" (id, at, customer) VALUES (9000, '2021-05-05', 1);
INSERT INTO shop."Event 2021" (id, at, customer) VALUES (9001, '2025-05-05', 1);
ALTER TABLE shop.event DETACH PARTITION shop."Event 2021";
SELECT governance.undo_change(1);
SELECT * FROM public.differs();
SELECT count(*), (SELECT count(*) FROM shop."Event 2021") FROM shop.event;
RESET ROLE;
SELECT relation, owner, declared FROM governance.datasets WHERE relation::text ~ 'Event|event' ORDER BY 1;
SELECT relation, column_name, tag FROM governance.column_tags;
SELECT kind, object FROM governance.proposals WHERE kind = 'identity';
INSERT INTO shop.event (id, at, customer) VALUES (9002, '2021-05-06', 1);
SELECT relation, count(*) FROM governance.audit_log WHERE op = 'INSERT' AND key ->> 'id' = '9002' GROUP BY 1;
SELECT has_function_privilege('change_partition_owner', tgfoid, 'EXECUTE') FROM pg_trigger WHERE tgrelid = 'shop.event'::regclass AND tgname = 'data_governance_audit_row';
SET ROLE change_partition_owner;

-- given up; a tool's own statement
SELECT governance.propose_change('ALTER TABLE shop.event DETACH PARTITION shop."Event 2021"', 'old');
SELECT governance.abort_change(2);
SELECT * FROM public.differs();
SELECT governance.propose_change('ALTER TABLE shop.event DETACH PARTITION shop."Event 2021"', 'old');
SELECT governance.approve_change(3, 'yes');
ALTER TABLE shop.event DETACH PARTITION shop."Event 2021";
SELECT state FROM governance.changes WHERE change = 3;
CALL governance.advance_change(3);
SELECT governance.undo_change(3);
SELECT * FROM public.differs();
SELECT governance.propose_change('ALTER TABLE shop.bucket DETACH PARTITION shop.bucket_0', 'x');
SELECT governance.approve_change(4, 'yes');
ALTER TABLE shop.bucket DETACH PARTITION shop.bucket_0 CONCURRENTLY;
SELECT state FROM governance.changes WHERE change = 4;
SELECT count(*) > 0 FROM shop.bucket_0;
SELECT governance.undo_change(4);
SELECT count(*) FROM shop.bucket;

-- dropped by call, and brought back; a row in the way of that
SELECT governance.propose_change('DROP TABLE shop."Event 2021"', 'old');
SELECT governance.propose_change('ALTER TABLE shop.event DROP COLUMN note', 'not in the way') IS NOT NULL;
SELECT governance.abort_change(6);
SELECT * FROM governance.change_plan(5);
SELECT governance.approve_change(5, 'yes', '{not_observed}');
CALL governance.advance_change(5);
SELECT to_regclass('shop."Event 2021"'), count(*) FROM shop.event;
SELECT conname, convalidated FROM pg_constraint WHERE conrelid = 'shop."_dg5_Event 2021"'::regclass AND contype = 'c';
INSERT INTO shop.event (id, at, customer) VALUES (9003, '2021-05-05', 1);
SELECT governance.undo_change(5);
DELETE FROM shop.event WHERE id = 9003;
SELECT governance.undo_change(5);
SELECT * FROM public.differs();
SELECT count(*) FROM shop.event;
UPDATE shop.event SET note = 'touched' WHERE id = 9000 RETURNING note, tableoid::regclass;

-- two levels: the middle one leaves with all below it
CREATE TABLE shop.deep (id int, at date) PARTITION BY LIST (id);
CREATE TABLE shop.deep_1 PARTITION OF shop.deep FOR VALUES IN (1) PARTITION BY RANGE (at);
CREATE TABLE shop.deep_1_2020 PARTITION OF shop.deep_1 FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE shop.deep_1_null PARTITION OF shop.deep_1 DEFAULT;
INSERT INTO shop.deep SELECT 1, date '2020-01-01' + g FROM generate_series(1, 2000) g;
INSERT INTO shop.deep VALUES (1, NULL);
RESET ROLE;
SELECT governance.declare_dataset('shop.deep', 'sales', 'transactional');
SET ROLE change_partition_owner;
SELECT governance.propose_change('ALTER TABLE shop.deep DETACH PARTITION shop.deep_1', 'x') AS deep \gset
SELECT governance.approve_change(:deep, 'yes');
CALL governance.advance_change(:deep);
SELECT count(*), (SELECT count(*) FROM shop.deep_1) FROM shop.deep;
SELECT governance.undo_change(:deep);
SELECT count(*) FROM shop.deep;
SELECT governance.propose_change('ALTER TABLE shop.deep_1 DETACH PARTITION shop.deep_1_2020', 'x') AS deep \gset
SELECT phase, statement FROM governance.change_plan(:deep);
SELECT governance.approve_change(:deep, 'yes');
ALTER TABLE shop.deep_1 DETACH PARTITION shop.deep_1_2020;
SELECT count(*), (SELECT count(*) FROM shop.deep_1_2020) FROM shop.deep;
SELECT governance.undo_change(:deep);
SELECT count(*) FROM shop.deep;
SELECT governance.propose_change('DROP TABLE shop.deep_1_2020', 'x') AS deep \gset
SELECT governance.approve_change(:deep, 'yes', '{not_observed}');
CALL governance.advance_change(:deep);
SELECT governance.undo_change(:deep);
SELECT count(*) FROM shop.deep;
RESET ROLE;
SELECT relation, owner, declared FROM governance.datasets WHERE relation::text ~ 'deep' ORDER BY 1;
SET ROLE change_partition_owner;

-- dropped by a tool, and again; purged
SELECT governance.propose_change('DROP TABLE shop."Event 2021"', 'old') AS seven \gset
SELECT governance.approve_change(:seven, 'yes', '{not_observed}');
DROP TABLE shop."Event 2021";
DROP TABLE shop."Event 2021";
SELECT governance.undo_change(:seven);
SELECT * FROM public.differs();
SELECT governance.propose_change('DROP TABLE shop.event_2020', 'old') AS eight \gset
SELECT governance.approve_change(:eight, 'yes', '{not_observed}');
CALL governance.advance_change(:eight);
RESET ROLE;
UPDATE governance.change SET quarantine_until = now() - interval '1 s' WHERE id = :eight;
SET ROLE change_partition_owner;
CALL governance.advance_change(:eight);
SELECT relname FROM pg_class WHERE relnamespace = 'shop'::regnamespace AND relkind = 'r' ORDER BY 1;
RESET ROLE;
SELECT change, kind, state, ddl FROM governance.changes;
