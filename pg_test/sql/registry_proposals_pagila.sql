-- needs: pagila
-- What is guessed about pagila, which has no rows here: compared with what people who know the database say.
-- Joining tables count as master, views as analytical. Partitions answer through their root.
\pset format unaligned
CREATE TEMP TABLE truth (relation_name text PRIMARY KEY, class text);
INSERT INTO truth VALUES
    ('category', 'reference'), ('city', 'reference'), ('country', 'reference'), ('language', 'reference'), ('actor', 'master'),
    ('address', 'master'), ('customer', 'master'), ('film', 'master'), ('film_actor', 'master'), ('film_category', 'master'),
    ('staff', 'master'), ('store', 'master'), ('inventory', 'transactional'), ('payment', 'transactional'), ('rental', 'transactional'),
    ('actor_info', 'analytical'), ('customer_list', 'analytical'), ('film_list', 'analytical'), ('nicer_but_slower_film_list', 'analytical'),
    ('rental_by_category', 'analytical'), ('sales_by_film_category', 'analytical'), ('sales_by_store', 'analytical'), ('staff_list', 'analytical');
-- every table has a truth and a guess
SELECT relation_name FROM governance.datasets FULL JOIN truth USING (relation_name)
 WHERE kind IS DISTINCT FROM 'partition' AND (truth.class IS NULL OR relation IS NULL);
CREATE TEMP VIEW guess AS SELECT replace(object, 'public.', '') AS relation_name, value, confidence, evidence FROM governance.proposals WHERE kind = 'class';
SELECT count(*) AS tables, count(*) FILTER (WHERE g.value = t.class) AS right, count(*) FILTER (WHERE g.value = t.class) >= 21 AS enough
  FROM truth t LEFT JOIN guess g USING (relation_name);
SELECT relation_name, t.class AS truth, g.value AS guess, g.confidence, g.evidence FROM truth t LEFT JOIN guess g USING (relation_name)
 WHERE g.value IS DISTINCT FROM t.class ORDER BY 1;
-- what is said to be sure is right
SELECT count(*) AS sure, count(*) FILTER (WHERE g.value <> t.class) AS wrong FROM truth t JOIN guess g USING (relation_name) WHERE g.confidence >= 0.8;
SELECT relation_name, value, confidence, evidence -> 'signals' AS signals FROM guess ORDER BY 1;
SELECT evidence FROM guess WHERE relation_name = 'payment';
-- by structure alone, were the tables called by names that say nothing
SELECT count(*) FILTER (WHERE s.class = t.class) AS right_without_nouns
  FROM (SELECT DISTINCT ON (relid) c.relname::text AS relation_name, s.class
          FROM governance._class_signal s JOIN pg_class c ON c.oid = s.relid
         WHERE s.signal NOT LIKE 'is called %' GROUP BY relid, c.relname, s.class ORDER BY relid, sum(weight) DESC, s.class) s
  JOIN truth t USING (relation_name);
-- the rest: everything belongs to one superuser, one schema, no grants
SELECT kind, value, confidence, count(*) FROM governance.proposals WHERE kind <> 'class' GROUP BY 1, 2, 3 ORDER BY 1, 2;
