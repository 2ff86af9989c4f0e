-- Indexed columns of partitioned tables get another type, while clients of both shapes write.
\set SHOW_CONTEXT never
CREATE ROLE part_index_owner;
CREATE ROLE part_index_app;
CREATE SCHEMA shop AUTHORIZATION part_index_owner;
GRANT USAGE ON SCHEMA shop TO part_index_app;
SET ROLE part_index_owner;
CREATE TABLE shop.event (id int, at date, customer int NOT NULL DEFAULT 7, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE shop.event_1 PARTITION OF shop.event FOR VALUES FROM ('2024-01-01') TO ('2024-07-01');
CREATE TABLE shop."Event 2" (note text, junk int, customer int NOT NULL DEFAULT 7, at date NOT NULL, id int NOT NULL);
ALTER TABLE shop."Event 2" DROP COLUMN junk;
ALTER TABLE shop.event ATTACH PARTITION shop."Event 2" FOR VALUES FROM ('2024-07-01') TO ('2025-01-01');
CREATE TABLE shop.event_rest PARTITION OF shop.event DEFAULT PARTITION BY LIST (id);
CREATE TABLE shop.event_rest_1 PARTITION OF shop.event_rest FOR VALUES IN (1, 2, 3);
CREATE TABLE shop.event_rest_others PARTITION OF shop.event_rest DEFAULT;
ALTER TABLE shop.event ADD CONSTRAINT event_customer_at UNIQUE (customer, id, at) INCLUDE (note);
CREATE INDEX event_customer ON shop.event (customer DESC NULLS LAST) WHERE customer > 0;
CREATE UNIQUE INDEX event_note ON shop.event (abs(customer), id, at);
CREATE INDEX own ON shop.event_1 (customer, note);
ALTER TABLE shop."Event 2" ADD CONSTRAINT own_check CHECK (customer < 1000000);
ALTER TABLE shop.event ADD CONSTRAINT all_check CHECK (customer > -1000000);
COMMENT ON INDEX shop.event_customer IS 'who';
COMMENT ON CONSTRAINT event_customer_at ON shop.event IS 'once';
COMMENT ON INDEX shop.own IS 'mine';
GRANT SELECT, INSERT, UPDATE, DELETE ON shop.event, shop.event_1, shop."Event 2" TO part_index_app;
INSERT INTO shop.event SELECT g, date '2024-01-01' + g % 500, g % 40 + 1, 'note ' || g FROM generate_series(1, 3000) g;
CREATE TABLE shop.refers (event int, at date, FOREIGN KEY (event, at) REFERENCES shop.event);
INSERT INTO shop.refers VALUES (1, '2024-01-02');
RESET ROLE;
SELECT governance.declare_party('sales', db_roles => '{part_index_owner}');
SELECT governance.declare_dataset('shop.event', 'sales', 'transactional');

-- what a dump would show of all of it
CREATE FUNCTION public.facts() RETURNS TABLE (fact text) LANGUAGE sql SECURITY DEFINER AS $$
    SELECT format('%s column %s %s%s %s %s', c.relname, attname, format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN ' not null' END,
                  (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = attrelid AND adnum = attnum), attacl)
      FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
     WHERE c.relnamespace = 'shop'::regnamespace AND c.relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped
    UNION ALL SELECT format('%s constraint %s %s %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated, conislocal, coninhcount)
      FROM pg_constraint WHERE connamespace = 'shop'::regnamespace AND conrelid <> 0 AND (contype <> 'f' OR conparentid = 0)
    UNION ALL SELECT format('%s%s below %s', pg_get_indexdef(indexrelid), CASE WHEN NOT indisvalid THEN ' invalid' END, i.inhparent::regclass)
      FROM pg_index x LEFT JOIN pg_inherits i ON i.inhrelid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid WHERE c.relnamespace = 'shop'::regnamespace
    UNION ALL SELECT format('comment on %s: %s', pg_describe_object(classoid, objoid, objsubid), description)
      FROM pg_description WHERE pg_describe_object(classoid, objoid, objsubid) ~ 'shop'
    UNION ALL SELECT format('%s trigger %s', tgrelid::regclass, tgname) FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
      WHERE c.relnamespace = 'shop'::regnamespace AND NOT tgisinternal $$;
CREATE TABLE public.before AS SELECT fact FROM public.facts();
CREATE FUNCTION public.differs() RETURNS TABLE (how text, fact text) LANGUAGE sql SECURITY DEFINER AS $$
    (SELECT 'gone', fact FROM public.before EXCEPT SELECT 'gone', fact FROM public.facts())
    UNION ALL (SELECT 'new', fact FROM public.facts() EXCEPT SELECT 'new', fact FROM public.before) ORDER BY 1 DESC, 2 $$;
SET ROLE part_index_owner;

-- what is not planned
SELECT governance.propose_change('ALTER TABLE shop.event ALTER at TYPE timestamp', 'x');
CREATE TABLE shop.by_expression (at timestamp, id int) PARTITION BY RANGE ((at::date));
SELECT governance.propose_change('ALTER TABLE shop.by_expression ALTER at TYPE timestamptz', 'x');
DROP TABLE shop.by_expression;
SELECT governance.propose_change('ALTER TABLE shop.event ALTER id TYPE bigint', 'x');
CREATE VIEW shop.seen AS SELECT customer FROM shop.event_1;
SELECT governance.propose_change('ALTER TABLE shop.event ALTER customer TYPE bigint', 'x');
DROP VIEW shop.seen;
ALTER TABLE shop.event_1 ALTER customer SET DEFAULT 8;
SELECT governance.propose_change('ALTER TABLE shop.event ALTER customer TYPE bigint', 'x');
ALTER TABLE shop.event_1 ALTER customer SET DEFAULT 7;
ALTER TABLE shop.event_1 REPLICA IDENTITY USING INDEX event_1_pkey;
ALTER TABLE shop.event_1 CLUSTER ON own;
SELECT governance.propose_change('ALTER TABLE shop.event ALTER customer TYPE bigint', 'x');
ALTER TABLE shop.event_1 SET WITHOUT CLUSTER;
ALTER TABLE shop.event_1 REPLICA IDENTITY DEFAULT;

-- contracted, and taken back
SELECT governance.propose_change('ALTER TABLE shop.event ALTER customer TYPE bigint', 'more') AS one \gset
SELECT phase, statement, lock_mode FROM governance.change_plan(:one);
SELECT governance.approve_change(:one, 'yes', '{not_observed}');
CALL governance.advance_change(:one);
SELECT state FROM governance.changes WHERE change = :one;
SET ROLE part_index_app;
INSERT INTO shop.event (id, at, customer) VALUES (5001, '2024-02-01', 41);
INSERT INTO shop.event_1 (id, at, customer) VALUES (5002, '2024-02-01', 42);
INSERT INTO shop.event_1 (id, at) VALUES (5003, '2024-02-01');
INSERT INTO shop."Event 2" (id, at, _dg1_customer) VALUES (5004, '2024-08-01', 44);
UPDATE shop.event SET customer = 45 WHERE id = 1;
UPDATE shop.event_1 SET _dg1_customer = 46 WHERE id = 2;
INSERT INTO shop.event (id, at, customer) VALUES (5001, '2024-02-01', 41) ON CONFLICT (id, at) DO UPDATE SET customer = 47;
COPY shop.event_1 (id, at, customer) FROM stdin;
5005	2024-03-01	48
\.
UPDATE shop.event SET at = '2024-09-01' WHERE id = 5002;
SELECT tableoid::regclass, id, customer, _dg1_customer FROM shop.event WHERE id IN (1, 2) OR id > 5000 ORDER BY id;
SELECT count(*) FROM shop.event WHERE customer IS DISTINCT FROM _dg1_customer;
SET ROLE part_index_owner;
-- a partition that comes between gets its indexes before the gate opens again
CREATE TABLE shop.event_3 PARTITION OF shop.event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO shop.event SELECT g, '2026-03-04', g % 7 + 1 FROM generate_series(6001, 6100) g;
-- one that is attached needs what the table has by then, as with any ATTACH
CREATE TABLE shop.event_5 (LIKE shop.event INCLUDING CONSTRAINTS);
INSERT INTO shop.event_5 (id, at, customer, _dg1_customer) SELECT g, '2028-03-04', g % 7 + 1, g % 7 + 1 FROM generate_series(6201, 6300) g;
ALTER TABLE shop.event ATTACH PARTITION shop.event_5 FOR VALUES FROM ('2028-01-01') TO ('2029-01-01');
SELECT governance.certificate(:one) -> 'problems';
CALL governance.advance_change(:one);
SELECT state FROM governance.changes WHERE change = :one;
CALL governance.advance_change(:one);
SELECT fact FROM public.differs() WHERE how = 'gone';
SELECT fact FROM public.differs() WHERE how = 'new' AND fact !~ '_dg1_|column customer|event_5' ORDER BY 1;
SET ROLE part_index_app;
INSERT INTO shop.event (id, at, customer) VALUES (7001, '2024-02-01', 900001);
INSERT INTO shop.event_1 (id, at, customer) VALUES (7002, '2024-02-01', 900002);
UPDATE shop.event SET customer = 900003 WHERE id = 3;
INSERT INTO shop.event (id, at, customer) VALUES (7001, '2024-02-01', 1);
INSERT INTO shop."Event 2" (id, at, customer) VALUES (7003, '2024-08-01', 2000000);
SELECT tableoid::regclass, id, customer, _dg1_customer FROM shop.event WHERE id = 3 OR id > 7000 ORDER BY id;
SET ROLE part_index_owner;
CREATE TABLE shop.event_4 PARTITION OF shop.event FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
SELECT governance.undo_change(:one);
CALL governance.advance_change(:one);
SELECT * FROM public.differs() WHERE fact !~ 'event_[345]';
SELECT tableoid::regclass, id, customer FROM shop.event WHERE id IN (1, 2, 3) OR id > 7000 ORDER BY id;

-- given up; a check that does not fit the new type, of one partition
SELECT governance.propose_change('ALTER TABLE shop.event ALTER customer TYPE text', 'x', down => 'customer::int');
SELECT governance.propose_change('ALTER TABLE shop.event ALTER customer TYPE numeric(12,2)', 'x') AS two \gset
SELECT governance.approve_change(:two, 'yes', '{not_observed}');
CALL governance.advance_change(:two);
SELECT governance.abort_change(:two);
SELECT * FROM public.differs() WHERE fact !~ 'event_[345]';

-- contracted by a tool's statement, and purged; what is left is the types, and PostgreSQL's own statement repeats comments on partitions
SELECT governance.propose_change('ALTER TABLE shop.event ALTER customer TYPE bigint', 'x') AS three \gset
SELECT governance.approve_change(:three, 'yes', '{not_observed}');
CALL governance.advance_change(:three);
ALTER TABLE shop.event ALTER customer TYPE bigint;
RESET ROLE;
UPDATE governance.change SET quarantine_until = now() - interval '1 s' WHERE id = :three;
SET ROLE part_index_owner;
CALL governance.advance_change(:three);
SELECT * FROM public.differs() WHERE fact !~ 'event_[345]';
SELECT relname FROM pg_class WHERE relnamespace = 'shop'::regnamespace AND relname ~ '_dg';

-- the primary key: its index is built on every partition, too, and comes back at once
CREATE TABLE shop.ledger (id int GENERATED BY DEFAULT AS IDENTITY, at date, v int, CONSTRAINT ledger_key PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE shop.ledger_1 PARTITION OF shop.ledger FOR VALUES FROM ('2024-01-01') TO ('2024-07-01');
CREATE TABLE shop.ledger_a_very_long_name_for_the_second_half_of_the_year_2024_ PARTITION OF shop.ledger FOR VALUES FROM ('2024-07-01') TO ('2025-01-01') PARTITION BY RANGE (at);
CREATE TABLE shop.ledger_a_very_long_name_for_the_second_half_of_the_year_2024_1 PARTITION OF shop.ledger_a_very_long_name_for_the_second_half_of_the_year_2024_ FOR VALUES FROM ('2024-07-01') TO ('2025-01-01');
COMMENT ON CONSTRAINT ledger_key ON shop.ledger IS 'the key';
INSERT INTO shop.ledger (at, v) SELECT date '2024-01-01' + g % 360, g FROM generate_series(1, 3000) g;
CREATE TABLE shop.entry (ledger int, at date, CONSTRAINT entry_of FOREIGN KEY (ledger, at) REFERENCES shop.ledger);
INSERT INTO shop.entry SELECT id, at FROM shop.ledger WHERE id < 50;
GRANT SELECT, INSERT, UPDATE ON shop.ledger TO part_index_app;
RESET ROLE;
TRUNCATE public.before;
INSERT INTO public.before SELECT fact FROM public.facts();
SET ROLE part_index_owner;
SELECT governance.propose_change('ALTER TABLE shop.ledger ALTER id TYPE bigint', 'soon over') AS four \gset
SELECT phase, statement, lock_mode FROM governance.change_plan(:four);
SELECT governance.approve_change(:four, 'yes', '{not_observed}');
CALL governance.advance_change(:four);
CALL governance.advance_change(:four);
SELECT fact FROM public.facts() WHERE fact ~ 'ledger' AND fact ~ 'key|ledger column id|entry_of' ORDER BY 1;
SET ROLE part_index_app;
INSERT INTO shop.ledger (at, v) VALUES ('2024-02-02', 1);
INSERT INTO shop.ledger (id, at, v) VALUES (3, '2024-01-04', 1);
INSERT INTO shop.ledger (id, at, v) VALUES (3000000000, '2024-01-04', 1);
SET ROLE part_index_owner;
INSERT INTO shop.entry VALUES (999999, '2024-01-04');
-- a partition that came since gets the index of the old key when that comes back
CREATE TABLE shop.ledger_2025 PARTITION OF shop.ledger FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO shop.ledger (at, v) VALUES ('2025-02-02', 1);
SELECT governance.undo_change(:four);
DELETE FROM shop.ledger WHERE id = 3000000000;
SELECT governance.undo_change(:four);
CALL governance.advance_change(:four);
SELECT * FROM public.differs();
SELECT id > 0 FROM shop.ledger_2025;
INSERT INTO shop.ledger (id, at, v) VALUES (3, '2024-01-04', 1);
SELECT relname FROM pg_class WHERE relnamespace = 'shop'::regnamespace AND relname ~ '_dg';

-- partitions that go in the middle: dropped, detached, detached with a rule of its own; an index that cannot be unique
CREATE TABLE shop.part (id int, at date, k int, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE shop.part_1 PARTITION OF shop.part FOR VALUES FROM ('2024-01-01') TO ('2024-07-01');
CREATE TABLE shop.part_2 PARTITION OF shop.part FOR VALUES FROM ('2024-07-01') TO ('2025-01-01');
CREATE TABLE shop.part_3 PARTITION OF shop.part FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE shop.part_4 PARTITION OF shop.part FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE UNIQUE INDEX part_k ON shop.part (k, at) NULLS NOT DISTINCT WITH (fillfactor = 70);
ALTER INDEX shop.part_1_k_at_idx SET (fillfactor = 60);
CREATE INDEX own_2 ON shop.part_2 (k);
CREATE INDEX own_3 ON shop.part_3 (k);
ALTER TABLE shop.part_4 ADD CONSTRAINT own_4 CHECK (k < 100000000);
INSERT INTO shop.part SELECT g, date '2024-01-01' + g % 700, g FROM generate_series(1, 3000) g;
SELECT governance.propose_change('ALTER TABLE shop.part ALTER k TYPE int USING k / 3000', 'x', down => 'k * 3000') AS five \gset
SELECT governance.approve_change(:five, 'yes', '{not_observed}');
CALL governance.advance_change(:five);
SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid;
CALL governance.advance_change(:five);
UPDATE shop.part SET k = id * 3000;
CALL governance.advance_change(:five);
SELECT state FROM governance.changes WHERE change = :five;
SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid;
SELECT governance.abort_change(:five);
UPDATE shop.part SET k = id;
SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid;
SELECT governance.propose_change('ALTER TABLE shop.part ALTER k TYPE bigint', 'x') AS six \gset
SELECT governance.approve_change(:six, 'yes', '{not_observed}');
CALL governance.advance_change(:six);
RESET ROLE;
DROP TABLE shop.part_2;
ALTER TABLE shop.part DETACH PARTITION shop.part_3;
SET ROLE part_index_owner;
CALL governance.advance_change(:six);
CALL governance.advance_change(:six);
SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid::regclass::text ~ 'shop.part' ORDER BY 1;
SELECT governance.undo_change(:six);
CALL governance.advance_change(:six);
SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid::regclass::text ~ 'shop.part' AND indrelid <> 'shop.part_3'::regclass ORDER BY 1;
SELECT governance.propose_change('ALTER TABLE shop.part ALTER k TYPE bigint', 'x') AS seven \gset
SELECT governance.approve_change(:seven, 'yes', '{not_observed}');
CALL governance.advance_change(:seven);
ALTER TABLE shop.part DETACH PARTITION shop.part_4;
CALL governance.advance_change(:seven);
CALL governance.advance_change(:seven);
DROP INDEX shop._dg7_part_1_k_at_idx;
ALTER TABLE shop.part ATTACH PARTITION shop.part_4 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CALL governance.advance_change(:seven);
CALL governance.advance_change(:seven);
SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid::regclass::text ~ 'shop.part' AND indrelid <> 'shop.part_3'::regclass ORDER BY 1;
SELECT governance.undo_change(:seven);
CALL governance.advance_change(:seven);
SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid::regclass::text ~ 'shop.part' AND indrelid <> 'shop.part_3'::regclass ORDER BY 1;
