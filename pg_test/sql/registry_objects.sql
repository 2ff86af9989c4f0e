-- Every object of the product has a comment, every function a fixed search_path, every table that holds declarations is
-- dumped, and nothing is open to everybody that should not be.
\pset format unaligned
\pset tuples_only on

-- relations without a comment
SELECT c.oid::regclass FROM pg_class c
 WHERE c.relnamespace = 'governance'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND NOT c.relispartition
   AND obj_description(c.oid, 'pg_class') IS NULL ORDER BY 1;

-- columns of tables without a comment
SELECT a.attrelid::regclass || '.' || a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
 WHERE c.relnamespace = 'governance'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
   AND a.attnum > 0 AND NOT a.attisdropped AND col_description(a.attrelid, a.attnum) IS NULL ORDER BY 1;

-- functions, procedures, types (but those of tables), event triggers and the schema without a comment
SELECT p.oid::regprocedure FROM pg_proc p
 WHERE p.pronamespace = 'governance'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL ORDER BY p.oid::regprocedure::text;
SELECT t.oid::regtype FROM pg_type t
 WHERE t.typnamespace = 'governance'::regnamespace AND t.typrelid = 0 AND t.typcategory <> 'A' AND obj_description(t.oid, 'pg_type') IS NULL ORDER BY 1;
SELECT e.evtname FROM pg_event_trigger e JOIN pg_proc p ON p.oid = e.evtfoid
 WHERE p.pronamespace = 'governance'::regnamespace AND obj_description(e.oid, 'pg_event_trigger') IS NULL ORDER BY 1;
SELECT 'schema without comment' WHERE obj_description('governance'::regnamespace, 'pg_namespace') IS NULL;
SELECT 'extension without comment' FROM pg_extension WHERE extname = 'data_governance' AND obj_description(oid, 'pg_extension') IS NULL;

-- functions without a fixed search_path: C code called per value or row that looks nothing up by name (decision 4), and
-- nothing else (procedures that commit set it inside)
SELECT p.oid::regprocedure FROM pg_proc p
 WHERE p.pronamespace = 'governance'::regnamespace AND p.prokind <> 'p'
   AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (p.proconfig), false) ORDER BY 1;

-- SECURITY DEFINER functions: none
SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'governance'::regnamespace AND p.prosecdef ORDER BY 1;

-- tables that everybody may read or anybody but the owner may write: none; views that are not granted to anybody begin with _
SELECT c.oid::regclass, a.privilege_type, a.grantee::regrole FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a
 WHERE c.relnamespace = 'governance'::regnamespace AND a.grantee <> c.relowner
   AND (c.relkind IN ('r', 'p') OR a.privilege_type <> 'SELECT') ORDER BY 1, 2;
SELECT c.oid::regclass FROM pg_class c
 WHERE c.relnamespace = 'governance'::regnamespace AND c.relkind = 'v' AND c.relname NOT LIKE '\_%'
   AND NOT EXISTS (SELECT FROM aclexplode(c.relacl) a WHERE a.grantee <> c.relowner) ORDER BY 1;

-- views that filter by caller and let a cheap function of the caller's see rows first: none
SELECT c.oid::regclass FROM pg_class c
 WHERE c.relnamespace = 'governance'::regnamespace AND c.relkind = 'v'
   AND (pg_get_viewdef(c.oid) ~ '_(may_see|may_read_log|has_duty)\(' OR c.relname LIKE '\_check\_%')
   AND 'security_barrier=true' <> ALL (coalesce(c.reloptions, '{}')) ORDER BY 1;

-- tables with an identity or serial key: none that event triggers or workers write to
SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = 'governance'::regnamespace AND c.relkind = 'S' ORDER BY 1;

-- what this version does not have says so, by name
SELECT governance.as_of(NULL::pg_class, now());
SELECT governance.report_html();
CALL governance.apply_retention();
SELECT * FROM governance.openlineage_events();
-- and status() lists exactly these
SELECT count(*) FILTER (WHERE s.feature IS NULL) AS not_listed, count(*) > 20 AS some
  FROM pg_proc p LEFT JOIN governance.status() s ON s.feature = p.proname || '()' AND NOT s.active
 WHERE p.pronamespace = 'governance'::regnamespace AND p.prosrc = '_not_yet_wrapper';
