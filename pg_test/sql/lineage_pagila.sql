-- needs: pagila
-- Catalog bound: one-level edges of every view name exactly the columns that the server's own dependencies name.
WITH views AS (
    SELECT c.oid, c.oid::regclass AS view FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('v', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'governance')
), ours AS (
    SELECT DISTINCT v.view, u.relation, u.column_name FROM views v, governance.upstream(v.oid, max_depth => 1) u
     WHERE u.column_name IS NOT NULL
), servers AS (
    SELECT DISTINCT v.view, d.refobjid::regclass AS relation, a.attname::text AS column_name
      FROM views v JOIN pg_rewrite r ON r.ev_class = v.oid
      JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
                      AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.refobjid <> v.oid
      JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
)
SELECT 'missing' AS what, * FROM (TABLE servers EXCEPT TABLE ours) m
UNION ALL SELECT 'surplus', * FROM (TABLE ours EXCEPT TABLE servers) s
UNION ALL SELECT 'views: ' || count(DISTINCT view) || ', columns: ' || count(*), NULL, NULL, NULL FROM servers
ORDER BY 1, 2, 3, 4;
SELECT depth, relation, column_name, subtype, via, path FROM governance.upstream('sales_by_store', 'total_sales') WHERE kind = 'DIRECT';
SELECT DISTINCT relation FROM governance.downstream('customer', 'first_name') ORDER BY 1;
SELECT count(*) > 0 AS fed FROM governance.downstream('rental') WHERE relation = 'rental_by_category'::regclass;
