-- needs: chinook
-- What is guessed about chinook, compared with what people who know the database say. Joining tables count as master.
-- playlist is as much a list to choose from as a thing.
\pset format unaligned
CREATE TEMP TABLE truth (relation_name text PRIMARY KEY, class text);
INSERT INTO truth VALUES
    ('genre', 'reference'), ('media_type', 'reference'), ('artist', 'master'), ('album', 'master'), ('track', 'master'),
    ('customer', 'master'), ('employee', 'master'), ('playlist', 'master'), ('playlist_track', 'master'),
    ('invoice', 'transactional'), ('invoice_line', 'transactional');
-- every table has a truth and a guess
SELECT relation_name FROM governance.datasets FULL JOIN truth USING (relation_name) WHERE truth.class IS NULL OR relation IS NULL;
CREATE TEMP VIEW guess AS SELECT replace(object, 'public.', '') AS relation_name, value, confidence, evidence FROM governance.proposals WHERE kind = 'class';
SELECT count(*) AS tables, count(*) FILTER (WHERE g.value = t.class) AS right, count(*) FILTER (WHERE g.value = t.class) >= 10 AS enough
  FROM truth t LEFT JOIN guess g USING (relation_name);
SELECT relation_name, t.class AS truth, g.value AS guess, g.confidence, g.evidence FROM truth t LEFT JOIN guess g USING (relation_name)
 WHERE g.value IS DISTINCT FROM t.class ORDER BY 1;
-- what is said to be sure is right
SELECT count(*) AS sure, count(*) FILTER (WHERE g.value <> t.class) AS wrong FROM truth t JOIN guess g USING (relation_name) WHERE g.confidence >= 0.8;
SELECT relation_name, value, confidence, evidence -> 'signals' AS signals FROM guess ORDER BY 1;
SELECT evidence FROM guess WHERE relation_name = 'invoice';
-- by structure alone, were the tables called by names that say nothing
SELECT count(*) FILTER (WHERE s.class = t.class) AS right_without_nouns
  FROM (SELECT DISTINCT ON (relid) c.relname::text AS relation_name, s.class
          FROM governance._class_signal s JOIN pg_class c ON c.oid = s.relid
         WHERE s.signal NOT LIKE 'is called %' GROUP BY relid, c.relname, s.class ORDER BY relid, sum(weight) DESC, s.class) s
  JOIN truth t USING (relation_name);
-- the rest: everything belongs to one superuser, one schema, no grants
SELECT kind, value, confidence, count(*) FROM governance.proposals WHERE kind <> 'class' GROUP BY 1, 2, 3 ORDER BY 1, 2;
-- and with no key at all, by names: what refers to what
CREATE TEMP TABLE by_key AS SELECT child::regclass::text, parent::regclass::text FROM governance._reference;
DO $$
DECLARE
    k record;
BEGIN
    FOR k IN SELECT conrelid::regclass AS t, conname FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', k.t, k.conname);
    END LOOP;
END $$;
SELECT count(*) AS by_name, count(*) FILTER (WHERE k.child IS NULL) AS invented
  FROM governance._reference r LEFT JOIN by_key k ON (k.child, k.parent) = (r.child::regclass::text, r.parent::regclass::text) WHERE r.by_name;
SELECT k.child || ' -> ' || k.parent AS not_seen FROM by_key k
 WHERE NOT EXISTS (SELECT FROM governance._reference r WHERE (r.child::regclass::text, r.parent::regclass::text) = (k.child, k.parent)) ORDER BY 1;
SELECT count(*) FILTER (WHERE g.value = t.class) AS right_without_keys FROM truth t LEFT JOIN guess g USING (relation_name);
