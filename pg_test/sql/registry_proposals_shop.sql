-- needs: shop
-- What is guessed about the sample shop, compared with what its makers meant. Here rows, grants, schemas and an owner are
-- real ones: all five kinds.
\pset format unaligned
CREATE TEMP TABLE truth (relation_name text PRIMARY KEY, class text);
INSERT INTO truth VALUES
    ('catalog.category', 'reference'), ('people.customer', 'master'), ('people.staff', 'master'), ('people.login', 'master'),
    ('catalog.supplier', 'master'), ('catalog.product', 'master'), ('billing.payment_method', 'master'),
    ('sales.orders', 'transactional'), ('sales.order_line', 'transactional'), ('sales.shipment', 'transactional'),
    ('billing.invoice', 'transactional'), ('billing."Dunning.Letters"', 'transactional'), ('ops.stock', 'transactional'),
    ('ops.web_event', 'transactional'), ('reporting.order_value', 'analytical'), ('reporting.revenue_by_month', 'analytical'),
    ('reporting.best_customers', 'analytical'), ('reporting.mailing', 'analytical'), ('reporting.product_sales', 'analytical');
-- every table has a truth and a guess
SELECT coalesce(relation::text, t.relation_name) FROM governance.datasets d FULL JOIN truth t ON t.relation_name = d.relation::text
 WHERE d.kind IS DISTINCT FROM 'partition' AND (t.class IS NULL OR d.relation IS NULL);
CREATE TEMP VIEW guess AS SELECT object AS relation_name, value, confidence, evidence FROM governance.proposals WHERE kind = 'class';
SELECT count(*) AS tables, count(*) FILTER (WHERE g.value = t.class) AS right, count(*) FILTER (WHERE g.value = t.class) >= 18 AS enough
  FROM truth t LEFT JOIN guess g USING (relation_name);
SELECT relation_name, t.class AS truth, g.value AS guess, g.confidence, g.evidence FROM truth t LEFT JOIN guess g USING (relation_name)
 WHERE g.value IS DISTINCT FROM t.class ORDER BY 1;
-- what is said to be sure is right
SELECT count(*) AS sure, count(*) FILTER (WHERE g.value <> t.class) AS wrong FROM truth t JOIN guess g USING (relation_name) WHERE g.confidence >= 0.8;
SELECT relation_name, value, confidence, evidence -> 'signals' AS signals FROM guess ORDER BY 1;
SELECT evidence FROM guess WHERE relation_name = 'sales.orders';
-- by structure alone, were the tables called by names that say nothing
SELECT count(*) FILTER (WHERE s.class = t.class) AS right_without_nouns
  FROM (SELECT DISTINCT ON (relid) s.relid::regclass::text AS relation_name, s.class
          FROM governance._class_signal s
         WHERE s.signal NOT LIKE 'is called %' GROUP BY relid, s.class ORDER BY relid, sum(weight) DESC, s.class) s
  JOIN truth t USING (relation_name);
-- the rest: one role makes all tables, two applications write, two others read
SELECT kind, value, confidence, count(*) FROM governance.proposals WHERE kind <> 'class' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
SELECT object, value, confidence, evidence FROM governance.proposals WHERE kind = 'owner' AND object IN ('billing.invoice', 'sales.orders', 'reporting.mailing') ORDER BY 1;
SELECT object, value, confidence, evidence FROM governance.proposals WHERE kind = 'consumer' AND object ~ '^(catalog|reporting)' ORDER BY 1, 2;
-- all of it at once: no level above warn comes of it
SELECT kind, count(*), count(*) FILTER (WHERE action LIKE 'skip%') AS skipped FROM governance.accept_proposals(min_confidence => 0, dry_run => false) GROUP BY 1 ORDER BY 1;
SELECT level, count(*) FROM governance.datasets d, governance.effective_levels(d.relation) l WHERE NOT l.feature ~ '^privacy|^guard.disabling-guard$' GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM governance.proposals;
SELECT name, db_roles, owns FROM governance.parties;
SELECT class, count(*), bool_and(in_bulk) AS in_bulk, count(owner) AS owned, count(domain) AS in_a_domain FROM governance.datasets WHERE declared GROUP BY 1 ORDER BY 1;
