-- registry: what the catalogs and statistics say about relations, computed once for all guesses.
--
-- Everything is aggregated over the whole catalog and joined: a look at it costs the same for one relation as for all, and
-- grows with the number of columns, not with its square. Where nothing tells PostgreSQL how many rows to expect (expressions,
-- tables of ours that were just filled) guesses use NOT IN, which hashes its list, instead of joins that may turn into loops.
-- Names and counts only, never values.

------------------------------------------------------------------------------------------------------------------- views
-- Columns of user relations, and what their names and types make of them:
--   bookkeeping  when the row was written or changed, its version: says nothing about what the row is
--   event_time   a point in time that is neither bookkeeping nor part of a life or a validity (birth, hire, expiry)
--   contact      how to reach or pay somebody: only persons and organisations have that
--   amount       a number that counts or sums: only what happens has that, prices and rates belong to things
CREATE VIEW governance._column_fact AS
    SELECT r.relid, r.schema_name, r.relation_name, r.relkind, a.attnum, a.attname::text AS column_name, a.atttypid, a.atttypmod,
           n.bookkeeping, n.is_time AND NOT n.bookkeeping AND NOT n.of_a_life AS event_time,
           n.is_time AND NOT n.bookkeeping AND NOT n.of_a_life AND n.default_now AS event_time_now,
           n.contact, t.typcategory = 'N' AND n.counts AS amount,
           t.typcategory AS type_category
      FROM governance._user_relation r
      JOIN pg_attribute a ON a.attrelid = r.relid AND a.attnum > 0 AND NOT a.attisdropped
      JOIN pg_type t ON t.oid = a.atttypid
      LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
     CROSS JOIN LATERAL (
           SELECT t.typcategory = 'D' AND t.typname NOT IN ('time', 'timetz') AS is_time,
                  a.attname ~* '^(created?|creation|inserted|updated?|last_?(update|modified|change|seen|login)|modified|changed|deleted|valid_?(from|to|until)|sys_?(start|end)|row_?(guid|version)|version)(d|_?(at|on|by|date|time|ts|timestamp|user))*$' AS bookkeeping,
                  a.attname ~* '(birth|born|death|died|dob|hired?|joined|^(from|to|thru)_?date|expir|valid|until|founded|released?|established|effective|modified|updated?|created?|last_?login|since)' AS of_a_life,
                  a.attname ~* '(e_?mail|phone|mobile|(^|_)fax|first_?name|last_?name|sur_?name|given_?name|postal_?code|post_?code|zip_?code|contact_|iban)' AS contact,
                  a.attname ~* '^(amount|qty|quantity|total|sub_?total|balance|debit|credit|net|gross|tax_?amt|freight)$|(_|[a-z])(Amount|Qty|Quantity|Total|Balance)$|_(amount|qty|quantity|total|balance)$' AS counts,
                  t.typcategory = 'D' AND a.atthasdef AND pg_get_expr(f.adbin, f.adrelid) ~* 'now\(\)|current_|(clock|statement|transaction)_timestamp|localtime' AS default_now) n
     WHERE NOT r.relispartition;

-- Which relation refers to which, one row per pair, by foreign keys and by names where there are none: a column
-- customer_id in the schema of a table customer, or a column that bears the name of another table's primary key and no
-- third's. Keys of partitions count for the root. What matches by name is grouped and not joined: PostgreSQL cannot
-- estimate such a join, and would loop over thousands of columns for each of thousands.
CREATE VIEW governance._reference AS
    WITH root AS (
        SELECT r.relid, CASE WHEN r.relispartition THEN pg_partition_root(r.relid)::oid ELSE r.relid END AS root
          FROM governance._user_relation r
    ), declared AS (
        SELECT c.root AS child, p.root AS parent, a.attname::text AS column_name
          FROM pg_constraint k
          JOIN root c ON c.relid = k.conrelid
          JOIN root p ON p.relid = k.confrelid
         CROSS JOIN LATERAL unnest(k.conkey) u(attnum)
          JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum
         WHERE k.contype = 'f' AND k.conparentid = 0
    ), single_key AS (
        SELECT f.relid, f.schema_name, f.relation_name, f.column_name, f.atttypid,
               count(*) OVER (PARTITION BY f.schema_name, lower(f.column_name)) AS bearers
          FROM pg_constraint k
          JOIN governance._column_fact f ON f.relid = k.conrelid AND f.attnum = k.conkey[1]
         WHERE k.contype = 'p' AND cardinality(k.conkey) = 1
    ), said AS (
        SELECT schema_name, atttypid, array_to_string(governance._words(relation_name), '_') || '_id' AS key, relid AS target, NULL::oid AS child, NULL AS column_name
          FROM single_key
        UNION
        SELECT schema_name, atttypid, array_to_string(governance._words(column_name), '_'), relid, NULL, NULL FROM single_key
         WHERE bearers = 1 AND column_name ~* '.(id|key|code|no)$' AND lower(column_name) <> ALL ('{guid,uuid,rowid}')
        UNION ALL
        SELECT schema_name, atttypid, array_to_string(governance._words(column_name), '_'), NULL, relid, column_name
          FROM governance._column_fact WHERE relkind IN ('r', 'p', 'f') AND column_name ~* '.(id|key|code|no)$'
    ), named AS (
        SELECT (array_agg(target) FILTER (WHERE target IS NOT NULL))[1] AS parent,
               array_agg(child) FILTER (WHERE child IS NOT NULL) AS children,
               array_agg(column_name) FILTER (WHERE child IS NOT NULL) AS columns
          FROM said GROUP BY schema_name, atttypid, key HAVING count(target) = 1
    ), edge AS (
        SELECT child, parent, column_name, false AS by_name FROM declared
        UNION ALL
        SELECT u.child, n.parent, u.column_name, true FROM named n CROSS JOIN LATERAL unnest(n.children, n.columns) AS u(child, column_name)
         WHERE u.child <> n.parent
    )
    SELECT e.child, e.parent, array_agg(DISTINCT e.column_name) AS columns, bool_and(e.by_name) AS by_name
      FROM (SELECT x.*, bool_and(x.by_name) OVER (PARTITION BY x.child, x.column_name) AS no_key FROM edge x) e
     WHERE e.no_key OR NOT e.by_name
     GROUP BY e.child, e.parent;

-- One row per user relation that is no partition. What partitions hold and took counts for their root.
CREATE VIEW governance._relation_fact AS
    WITH mix AS (
        SELECT CASE WHEN r.relispartition THEN pg_partition_root(r.relid)::oid ELSE r.relid END AS relid,
               sum(pg_stat_get_tuples_inserted(r.relid))::bigint AS inserted,
               sum(pg_stat_get_tuples_updated(r.relid))::bigint AS updated,
               sum(pg_stat_get_tuples_deleted(r.relid))::bigint AS deleted,
               sum(greatest(pg_stat_get_live_tuples(r.relid), r.reltuples::bigint, 0))::bigint AS rows_now
          FROM governance._user_relation r WHERE r.relkind IN ('r', 'm', 'f') GROUP BY 1
    ), reference AS MATERIALIZED (
        SELECT * FROM governance._reference
    ), refers AS (
        SELECT child AS relid, count(*) FILTER (WHERE parent <> child)::int AS refers_to,
               count(*) FILTER (WHERE parent <> child AND by_name)::int AS by_name FROM reference GROUP BY child
    ), referred AS (
        SELECT parent AS relid, count(*)::int AS referenced_by FROM reference WHERE parent <> child GROUP BY parent
    ), linking AS (
        SELECT DISTINCT r.child AS relid, c.column_name FROM reference r CROSS JOIN LATERAL unnest(r.columns) c(column_name)
    ), key AS (
        SELECT conrelid AS relid, conkey FROM pg_constraint WHERE contype = 'p'
    ), shape AS (
        SELECT f.relid, count(*) FILTER (WHERE f.attnum = ANY (k.conkey))::int AS key_columns,
               count(*) FILTER (WHERE f.attnum = ANY (k.conkey) AND l.relid IS NOT NULL)::int AS linking_key_columns,
               bool_or(f.attnum = ANY (k.conkey) AND f.type_category = 'S' AND f.atttypmod BETWEEN 5 AND 7) AS short_code_key,
               count(*) FILTER (WHERE f.attnum <> ALL (coalesce(k.conkey, '{}')) AND l.relid IS NULL AND NOT f.bookkeeping)::int AS payload,
               count(*) FILTER (WHERE f.event_time)::int AS event_times, bool_or(f.event_time_now) AS event_time_now,
               count(*) FILTER (WHERE f.contact)::int AS contacts, bool_or(f.amount) AS has_amount
          FROM governance._column_fact f
          LEFT JOIN key k ON k.relid = f.relid
          LEFT JOIN linking l ON l.relid = f.relid AND l.column_name = f.column_name
         GROUP BY f.relid
    ), by_time AS (
        SELECT p.partrelid AS relid FROM pg_partitioned_table p
          JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = ANY (p.partattrs::int2[])
          JOIN pg_type t ON t.oid = a.atttypid AND t.typcategory = 'D'
         WHERE p.partstrat = 'r' GROUP BY 1
    )
    SELECT r.relid, r.schema_name, r.relation_name, r.relkind, r.relowner, governance._words(r.relation_name) AS words,
           coalesce(refers.refers_to, 0) AS refers_to, coalesce(refers.by_name, 0) AS by_name,
           coalesce(referred.referenced_by, 0) AS referenced_by,
           coalesce(mix.inserted, 0) AS inserted, coalesce(mix.updated, 0) AS updated, coalesce(mix.deleted, 0) AS deleted,
           coalesce(mix.rows_now, 0) AS rows_now,
           coalesce(shape.key_columns, 0) AS key_columns,
           coalesce(shape.key_columns = shape.linking_key_columns AND shape.key_columns > 0, false) AS key_is_linking,
           coalesce(shape.short_code_key AND shape.key_columns = 1, false) AS short_code_key,
           coalesce(shape.payload, 0) AS payload, coalesce(shape.event_times, 0) AS event_times,
           coalesce(shape.event_time_now, false) AS event_time_now, coalesce(shape.contacts, 0) AS contacts,
           coalesce(shape.has_amount, false) AS has_amount, by_time.relid IS NOT NULL AS partitioned_by_time
      FROM governance._user_relation r
      LEFT JOIN mix USING (relid) LEFT JOIN refers USING (relid) LEFT JOIN referred USING (relid)
      LEFT JOIN shape USING (relid) LEFT JOIN by_time USING (relid)
     WHERE NOT r.relispartition;

-- Privileges on relations that were granted to roles, not to PUBLIC, the owner, superusers or PostgreSQL's own roles: one
-- row per relation and role. A role that was granted a group is not looked into: the grant says group, and so does the row.
CREATE VIEW governance._relation_grant AS
    WITH item AS (
        SELECT r.relid, r.relowner, a.grantee, a.privilege_type, NULL::text AS column_name
          FROM governance._user_relation r JOIN pg_class c ON c.oid = r.relid
         CROSS JOIN LATERAL aclexplode(c.relacl) a WHERE NOT r.relispartition AND c.relacl IS NOT NULL
        UNION ALL
        SELECT r.relid, r.relowner, a.grantee, a.privilege_type, t.attname::text
          FROM governance._user_relation r
          JOIN pg_attribute t ON t.attrelid = r.relid AND t.attnum > 0 AND NOT t.attisdropped AND t.attacl IS NOT NULL
         CROSS JOIN LATERAL aclexplode(t.attacl) a WHERE NOT r.relispartition
    )
    SELECT i.relid, o.rolname::text AS role,
           bool_or(i.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')) AS writes,
           bool_or(i.privilege_type = 'SELECT') AS reads,
           coalesce(bool_or(i.privilege_type = 'SELECT' AND i.column_name IS NULL), false) AS reads_all,
           array_agg(i.column_name ORDER BY i.column_name) FILTER (WHERE i.privilege_type = 'SELECT' AND i.column_name IS NOT NULL) AS columns
      FROM item i JOIN pg_roles o ON o.oid = i.grantee
     WHERE i.grantee <> i.relowner AND NOT o.rolsuper AND o.rolname !~ '^pg_'
     GROUP BY i.relid, o.rolname;

-- Who was recorded writing: row changes in the audit log, and writes by roles that are no declared writers. Of the log the
-- last 20,000 entries are looked at: shares are what counts, who wrote last counts most, and a log may be large.
CREATE VIEW governance._recorded_writer AS
    SELECT w.schema_name, w.relation_name, w.role, sum(w.times)::bigint AS times
      FROM (SELECT a.schema_name, a.relation_name, s.db_role AS role, count(*) AS times
              FROM (SELECT relation_id, statement_id FROM governance.audit_entry ORDER BY id DESC LIMIT 20000) e
              JOIN governance.audited_relation a ON a.id = e.relation_id
              JOIN governance.audit_statement s ON s.id = e.statement_id
             GROUP BY a.schema_name, a.relation_name, s.db_role
            UNION ALL
            SELECT v.schema_name, v.relation_name, v.role, sum(v.times)
              FROM governance.boundary_violation v GROUP BY v.schema_name, v.relation_name, v.role) w
     GROUP BY w.schema_name, w.relation_name, w.role;

-- What people said no to: by name, so that it holds after a rename as well.
CREATE VIEW governance._rejected AS
    SELECT p.kind, p.schema_name, p.relation_name, p.column_name, p.value FROM governance.proposal p
     WHERE p.state = 'rejected' AND p.schema_name IS NOT NULL AND p.relation_name IS NOT NULL;

---------------------------------------------------------------------------------------------------------------- comments
COMMENT ON VIEW governance._column_fact IS 'columns of user relations, and what their names and types make of them';
COMMENT ON VIEW governance._reference IS 'which relation refers to which, by foreign keys and by names';
COMMENT ON VIEW governance._relation_fact IS 'shape, references and write mix of user relations: what guesses go by';
COMMENT ON VIEW governance._relation_grant IS 'roles that were granted reading or writing on user relations';
COMMENT ON VIEW governance._recorded_writer IS 'roles that were recorded writing to user relations, and how often';
COMMENT ON VIEW governance._rejected IS 'proposals that were rejected';
