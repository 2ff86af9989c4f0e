-- Indexes, constraints and columns are added while clients work.
\set SHOW_CONTEXT never
CREATE ROLE change_add_owner;
CREATE ROLE change_add_app;
CREATE SCHEMA "Shop" AUTHORIZATION change_add_owner;
-- what a dump would show of a table and its partitions, and its rows
CREATE FUNCTION facts(t regclass) RETURNS TABLE (fact text) LANGUAGE sql AS $$ SELECT f FROM (
    WITH RECURSIVE tree AS (SELECT t::oid AS o UNION ALL SELECT i.inhrelid FROM tree JOIN pg_inherits i ON i.inhparent = o)
    SELECT format('%s column %s %s%s%s%s', o::regclass, a.attname, format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN ' not null' END,
                  ' default ' || pg_get_expr(d.adbin, d.adrelid), ' identity ' || nullif(a.attidentity::text, ''))
      FROM tree JOIN pg_attribute a ON a.attrelid = o LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
     WHERE a.attnum > 0 AND NOT a.attisdropped
    UNION ALL SELECT format('%s constraint %s %s%s', o::regclass, c.conname, pg_get_constraintdef(c.oid), CASE WHEN NOT c.convalidated THEN ' not valid' END)
      FROM tree JOIN pg_constraint c ON c.conrelid = o
    UNION ALL SELECT format('%s%s', pg_get_indexdef(i.indexrelid), CASE WHEN NOT i.indisvalid THEN ' invalid' END) FROM tree JOIN pg_index i ON i.indrelid = o
    UNION ALL SELECT format('%s trigger %s', o::regclass, g.tgname) FROM tree JOIN pg_trigger g ON g.tgrelid = o WHERE NOT g.tgisinternal
    UNION ALL SELECT format('%s acl %s comment %s', o::regclass, c.relacl, obj_description(o, 'pg_class')) FROM tree JOIN pg_class c ON c.oid = o
    UNION ALL SELECT format('sequence %s', s.objid::regclass) FROM tree JOIN pg_depend s ON s.refobjid = o AND s.deptype IN ('a', 'i') AND s.classid = 'pg_class'::regclass
      JOIN pg_class q ON q.oid = s.objid AND q.relkind = 'S') x (f)
    ORDER BY f COLLATE "C"
$$;
CREATE TABLE before_it (about text, fact text);
GRANT ALL ON before_it TO change_add_owner;
-- what differs from the time of the last call with keep => true
CREATE FUNCTION changed(t regclass, keep boolean DEFAULT false) RETURNS TABLE (difference text) LANGUAGE plpgsql AS $$
BEGIN
    IF keep THEN
        DELETE FROM before_it WHERE about = t::text;
        INSERT INTO before_it SELECT t::text, f.fact FROM facts(t) f;
    END IF;
    RETURN QUERY SELECT d FROM (
        SELECT '- ' || b.fact FROM before_it b WHERE about = t::text AND b.fact NOT IN (SELECT f.fact FROM facts(t) f)
        UNION ALL SELECT '+ ' || f.fact FROM facts(t) f WHERE f.fact NOT IN (SELECT b.fact FROM before_it b WHERE about = t::text)) x (d)
     ORDER BY d COLLATE "C";
END $$;
SET ROLE change_add_owner;
CREATE TABLE "Shop".region (id int PRIMARY KEY);
INSERT INTO "Shop".region SELECT generate_series(0, 9);
CREATE TABLE "Shop"."Customer" (id int, "Name" text, email text, region int, touched int DEFAULT 0);
COMMENT ON TABLE "Shop"."Customer" IS 'who buys';
CREATE FUNCTION "Shop".touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.touched := OLD.touched + 1; RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON "Shop"."Customer" FOR EACH ROW EXECUTE FUNCTION "Shop".touch();
INSERT INTO "Shop"."Customer" (id, "Name", email, region) SELECT g, 'n' || g, CASE WHEN g % 3 > 0 THEN 'E' || g END, g % 10 FROM generate_series(1, 5000) g;
CREATE TABLE "Shop".event (id int, at date, region int) PARTITION BY RANGE (at);
CREATE TABLE "Shop".event_2020 PARTITION OF "Shop".event FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE "Shop".event_2021 PARTITION OF "Shop".event FOR VALUES FROM ('2021-01-01') TO ('2022-01-01') PARTITION BY RANGE (id);
CREATE TABLE "Shop"."event 2021 a" PARTITION OF "Shop".event_2021 FOR VALUES FROM (0) TO (2500);
CREATE TABLE "Shop".event_2021_b (region int, junk int, at date, id int);
ALTER TABLE "Shop".event_2021_b DROP COLUMN junk;
ALTER TABLE "Shop".event_2021 ATTACH PARTITION "Shop".event_2021_b FOR VALUES FROM (2500) TO (9999);
INSERT INTO "Shop".event SELECT g, date '2020-01-01' + g % 700, g % 10 FROM generate_series(1, 5000) g;
GRANT USAGE ON SCHEMA "Shop" TO change_add_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "Shop" TO change_add_app;
RESET ROLE;
SELECT governance.declare_party('sales', db_roles => '{change_add_owner}');
SELECT governance.declare_dataset('"Shop"."Customer"', 'sales', 'master');
SELECT governance.declare_dataset('"Shop".event', 'sales', 'transactional');
SET ROLE change_add_owner;

-- an index: no quarantine, since nothing is taken away
SELECT changed('"Shop"."Customer"', true);
SELECT governance.propose_change('CREATE INDEX ON "Shop"."Customer" (lower(email) text_pattern_ops DESC NULLS LAST, "Name" COLLATE "C") INCLUDE (region) WITH (fillfactor = 70) WHERE id > 7', 'x') AS c \gset
SELECT * FROM governance.change_plan(:c);
SELECT governance.approve_change(:c);
CALL governance.advance_change(:c);
SELECT state FROM governance.changes WHERE change = :c;
SELECT changed('"Shop"."Customer"');
-- the same statement of a migration tool, with its name and without
CREATE INDEX ON "Shop"."Customer" (lower(email) text_pattern_ops DESC NULLS LAST, "Name" COLLATE "C") INCLUDE (region) WITH (fillfactor = 70) WHERE id > 7;
SELECT count(*) FROM pg_index WHERE indrelid = '"Shop"."Customer"'::regclass;
SELECT indexrelid::regclass FROM pg_index WHERE indrelid = '"Shop"."Customer"'::regclass;

-- a unique index that cannot be built: what it left goes first when it is tried again, and with an abort
SELECT changed('"Shop"."Customer"', true);
UPDATE "Shop"."Customer" SET "Name" = 'n1' WHERE id = 2;
SELECT governance.propose_change('CREATE UNIQUE INDEX "Uni que" ON "Shop"."Customer" ("Name")', 'x') AS c \gset
SELECT governance.approve_change(:c);
CALL governance.advance_change(:c);
SELECT changed('"Shop"."Customer"');
SELECT state, last_error FROM governance.changes WHERE change = :c;
SELECT governance.abort_change(:c);
SELECT changed('"Shop"."Customer"');
SELECT governance.propose_change('CREATE UNIQUE INDEX "Uni que" ON "Shop"."Customer" ("Name")', 'x') AS c \gset
SELECT governance.approve_change(:c);
CALL governance.advance_change(:c);
UPDATE "Shop"."Customer" SET "Name" = 'n2' WHERE id = 2;
CALL governance.advance_change(:c);
SELECT changed('"Shop"."Customer"');
SELECT governance.propose_change('CREATE INDEX "Uni que" ON "Shop"."Customer" (region)', 'x');

-- on a partitioned table leaf by leaf
SELECT changed('"Shop".event', true);
SELECT governance.propose_change('CREATE INDEX event_region ON "Shop".event (region)', 'x') AS c \gset
SELECT phase, statement, lock_mode FROM governance.change_plan(:c);
SELECT governance.approve_change(:c);
CALL governance.advance_change(:c);
SELECT changed('"Shop".event');
CREATE INDEX event_region ON "Shop".event (region);
SELECT governance.propose_change('CREATE INDEX event_id ON "Shop".event (id)', 'x') AS c \gset
SELECT governance.approve_change(:c);
-- a partition made meanwhile has none: the plan is void
CREATE TABLE "Shop".event_2022 PARTITION OF "Shop".event FOR VALUES FROM ('2022-01-01') TO ('2023-01-01');
CALL governance.advance_change(:c);
SELECT governance.abort_change(:c);
SELECT changed('"Shop".event', true);

-- NOT NULL: rows without a value are named, and what proves it is gone afterwards
SELECT changed('"Shop"."Customer"', true);
SELECT governance.propose_change('ALTER TABLE "Shop"."Customer" ALTER email SET NOT NULL', 'x') AS c \gset
SELECT phase, statement, lock_mode FROM governance.change_plan(:c);
SELECT governance.approve_change(:c);
CALL governance.advance_change(:c);
SELECT governance.abort_change(:c);
SELECT changed('"Shop"."Customer"');
-- with up: old rows get it, and clients that give none
SELECT governance.propose_change('ALTER TABLE "Shop"."Customer" ALTER email SET NOT NULL', 'x', up => '1 FROM x');
SELECT governance.propose_change('ALTER TABLE "Shop"."Customer" ALTER email SET NOT NULL', 'x', up => '(SELECT ''x'')');
SELECT governance.propose_change('ALTER TABLE "Shop"."Customer" ALTER region SET NOT NULL', 'x', up => 'current_date');
SELECT governance.propose_change('ALTER TABLE "Shop"."Customer" ALTER email SET NOT NULL', 'x', up => 'lower("Name") || ''@example.com''') AS c \gset
SELECT governance.approve_change(:c);
CALL governance.advance_change(:c);
SELECT count(*) FILTER (WHERE email IS NULL) AS nulls, count(*) FILTER (WHERE touched > 1) AS touched FROM "Shop"."Customer";
SET ROLE change_add_app;
INSERT INTO "Shop"."Customer" (id, "Name") VALUES (9001, 'Insert');
UPDATE "Shop"."Customer" SET email = NULL WHERE id = 1;
COPY "Shop"."Customer" (id, "Name") FROM stdin;
9002	Copy
\.
MERGE INTO "Shop"."Customer" c USING (VALUES (9003, 'Merge')) v (id, name) ON c.id = v.id WHEN NOT MATCHED THEN INSERT (id, "Name") VALUES (v.id, v.name);
INSERT INTO "Shop"."Customer" (id, "Name") VALUES (9004, 'n2') ON CONFLICT ("Name") DO UPDATE SET email = NULL;
DO $$ BEGIN INSERT INTO "Shop"."Customer" (id, "Name") SELECT 9005 + g, 'Plpgsql' || g FROM generate_series(0, 1) g; END $$;
INSERT INTO "Shop"."Customer" (id, "Name", email) VALUES (9010, 'New', 'given');
INSERT INTO "Shop"."Customer" (id) VALUES (9011);
RESET ROLE;
SET session_replication_role = replica;
INSERT INTO "Shop"."Customer" (id, "Name") VALUES (9012, 'Applied');
RESET session_replication_role;
SELECT id, "Name", email FROM "Shop"."Customer" WHERE id > 9000 OR id < 3 ORDER BY id;
SET ROLE change_add_owner;
CALL governance.advance_change(:c);
SELECT state FROM governance.changes WHERE change = :c;
SELECT changed('"Shop"."Customer"');
INSERT INTO "Shop"."Customer" (id, "Name") VALUES (9013, 'none');
SELECT governance.undo_change(:c);
SELECT changed('"Shop"."Customer"');
-- completed by a migration tool
SELECT governance.propose_change('ALTER TABLE "Shop".event ALTER region SET NOT NULL', 'x') AS c \gset
SELECT governance.approve_change(:c);
CALL governance.advance_change(:c);
ALTER TABLE "Shop".event ALTER region SET NOT NULL;
SELECT changed('"Shop".event');
ALTER TABLE "Shop".event ALTER region SET NOT NULL;
SELECT governance.undo_change(:c);
SELECT changed('"Shop".event');

-- CHECK
SELECT governance.propose_change('ALTER TABLE "Shop"."Customer" ADD CHECK (length("Name") > 2)', 'x') AS c \gset
SELECT phase, statement, lock_mode FROM governance.change_plan(:c);
SELECT governance.approve_change(:c);
CALL governance.advance_change(:c);
INSERT INTO "Shop"."Customer" (id, "Name") VALUES (9014, 'x');
SELECT state FROM governance.changes WHERE change = :c;
SELECT governance.abort_change(:c);
SELECT changed('"Shop"."Customer"');
SELECT governance.propose_change('ALTER TABLE "Shop"."Customer" ADD CONSTRAINT "long name" CHECK (length("Name") > 1) NO INHERIT', 'x') AS c \gset
SELECT governance.approve_change(:c);
CALL governance.advance_change(:c);
SELECT changed('"Shop"."Customer"');
ALTER TABLE "Shop"."Customer" ADD CONSTRAINT "long name" CHECK (length("Name") > 1) NO INHERIT;
SELECT governance.propose_change('ALTER TABLE "Shop"."Customer" ADD CONSTRAINT "long name" CHECK (id > 0)', 'x');
SELECT governance.propose_change('ALTER TABLE "Shop"."Customer" ADD CHECK (nonsense > 0)', 'x');

-- FOREIGN KEY, also of a partitioned table
SELECT changed('"Shop"."Customer"', true);
SELECT governance.propose_change('ALTER TABLE "Shop"."Customer" ADD FOREIGN KEY (region) REFERENCES "Shop".region ON DELETE SET NULL DEFERRABLE', 'x') AS c \gset
SELECT phase, statement, lock_mode FROM governance.change_plan(:c);
SELECT governance.approve_change(:c);
CALL governance.advance_change(:c);
SELECT changed('"Shop"."Customer"');
SELECT governance.propose_change('ALTER TABLE "Shop".event ADD CONSTRAINT event_region FOREIGN KEY (region) REFERENCES "Shop".region (id)', 'x') AS c \gset
SELECT phase, statement, lock_mode FROM governance.change_plan(:c);
SELECT governance.approve_change(:c);
CALL governance.advance_change(:c);
SET ROLE change_add_app;
INSERT INTO "Shop".event VALUES (1, '2020-05-05', 77);
SET ROLE change_add_owner;
CALL governance.advance_change(:c);
SELECT changed('"Shop".event');
ALTER TABLE "Shop".event ADD CONSTRAINT event_region FOREIGN KEY (region) REFERENCES "Shop".region (id);
SELECT governance.undo_change(:c);
SELECT changed('"Shop".event');
SELECT governance.propose_change('ALTER TABLE "Shop".event ADD FOREIGN KEY (region) REFERENCES "Shop".nothing', 'x');

-- UNIQUE and PRIMARY KEY
SELECT governance.propose_change('ALTER TABLE "Shop"."Customer" ADD PRIMARY KEY (id), ADD CONSTRAINT "u n" UNIQUE (email) INCLUDE ("Name")', 'x') AS c \gset
SELECT phase, statement, lock_mode FROM governance.change_plan(:c);
SELECT changed('"Shop"."Customer"', true);
SELECT governance.approve_change(:c);
CALL governance.advance_change(:c);
SELECT governance.abort_change(:c);
SELECT changed('"Shop"."Customer"');
UPDATE "Shop"."Customer" SET email = NULL WHERE id > 9000;
SELECT governance.propose_change('ALTER TABLE "Shop"."Customer" ADD PRIMARY KEY (id), ADD CONSTRAINT "u n" UNIQUE (email) INCLUDE ("Name")', 'x') AS c \gset
SELECT governance.approve_change(:c);
CALL governance.advance_change(:c);
ALTER TABLE "Shop"."Customer" ADD PRIMARY KEY (id), ADD CONSTRAINT "u n" UNIQUE (email) INCLUDE ("Name");
SELECT changed('"Shop"."Customer"');
SELECT governance.undo_change(:c);
SELECT changed('"Shop"."Customer"');
SELECT governance.propose_change('ALTER TABLE "Shop".event ADD PRIMARY KEY (id)', 'x');
SELECT governance.propose_change('ALTER TABLE "Shop".event ADD PRIMARY KEY (id, at)', 'x') AS c \gset
SELECT phase, statement, lock_mode FROM governance.change_plan(:c);
SELECT governance.approve_change(:c);
CALL governance.advance_change(:c);
INSERT INTO "Shop".event VALUES (1, '2020-01-02', 1);
CALL governance.advance_change(:c);
SELECT changed('"Shop".event');
SELECT governance.undo_change(:c);
SELECT changed('"Shop".event');

-- a materialized view, and a table that others inherit from
CREATE MATERIALIZED VIEW "Shop".regions AS SELECT id FROM "Shop".region;
CREATE TABLE "Shop".parent (id int);
CREATE TABLE "Shop".child () INHERITS ("Shop".parent);
INSERT INTO "Shop".parent VALUES (1);
INSERT INTO "Shop".child VALUES (1);
SELECT governance.propose_change('CREATE UNIQUE INDEX ON "Shop".regions (id)', 'x') AS m \gset
SELECT governance.propose_change('ALTER TABLE "Shop".parent ADD UNIQUE (id)', 'x') AS p \gset
SELECT governance.approve_change(:m), governance.approve_change(:p);
CALL governance.advance_change(:m);
CALL governance.advance_change(:p);
CALL governance.advance_change(:p);
SELECT fact FROM facts('"Shop".regions') WHERE fact LIKE 'CREATE%';
SELECT fact FROM facts('"Shop".parent') WHERE fact LIKE '%constraint%';

-- what ended without a gate has the same way back, as long as a quarantine would last
SELECT governance.undo_change(:m);
SELECT fact FROM facts('"Shop".regions') WHERE fact LIKE 'CREATE%';
SELECT governance.undo_change(:m);
SELECT changed('"Shop".event', true);
SELECT governance.propose_change('CREATE INDEX event_again ON "Shop".event (region)', 'x') AS m \gset
SELECT governance.propose_change('ALTER TABLE "Shop".event ADD CONSTRAINT "id is" CHECK (id > -5)', 'x') AS p \gset
SELECT governance.approve_change(:m), governance.approve_change(:p);
CALL governance.advance_change(:m);
CALL governance.advance_change(:p);
SELECT change, state FROM governance.changes WHERE change IN (:m, :p);
RESET ROLE;
UPDATE governance.change SET ended_at = now() - interval '7 days 1 s' WHERE id = :m;
SET ROLE change_add_app;
SELECT governance.undo_change(:m);
RESET ROLE;
SET ROLE change_add_owner;
SELECT governance.undo_change(:m);
RESET ROLE;
UPDATE governance.change SET ended_at = now() - interval '6 days' WHERE id = :m;
SET ROLE change_add_owner;
SELECT governance.undo_change(:m), governance.undo_change(:p, 'not needed');
SELECT changed('"Shop".event');
SELECT change, state FROM governance.changes WHERE change IN (:m, :p);
ALTER TABLE "Shop".event ADD CONSTRAINT "id is" CHECK (id > -5);

-- no form
SELECT governance.propose_change('ALTER TABLE "Shop".parent ADD PRIMARY KEY (id)', 'x');
SELECT governance.propose_change('ALTER TABLE "Shop"."Customer" ADD EXCLUDE USING btree (id WITH =)', 'x');
SELECT governance.propose_change('CREATE INDEX ON ONLY "Shop".event_2020 (id)', 'x');
SELECT governance.propose_change('CREATE INDEX CONCURRENTLY ON "Shop".event_2020 (id)', 'x');
SELECT governance.propose_change('ALTER TABLE "Shop"."Customer" ADD CHECK (id > 0) NOT VALID', 'x');
-- two changes on one column
SELECT governance.propose_change('CREATE INDEX ON "Shop".event (id)', 'x') AS c \gset
SELECT governance.propose_change('CREATE INDEX ON "Shop".event (id)', 'x') = :c AS same;
SELECT governance.propose_change('ALTER TABLE "Shop".event ALTER id SET NOT NULL', 'x');
RESET ROLE;
