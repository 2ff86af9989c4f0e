-- Columns of the relations in a scope, with what the catalogs say of each. $1 to $3: the scope; $4: who asks.
SELECT u.relid, u.schema_name, u.relation_name, u.relkind, pg_catalog.obj_description(u.relid, 'pg_class'), c.relispopulated,
       a.attnum, a.attname::text,
       CASE WHEN e.typname IN ('json', 'jsonb') THEN 'json'
            WHEN e.typname IN ('macaddr', 'macaddr8') THEN 'device'
            WHEN e.typname IN ('point', 'geometry', 'geography') THEN 'place'
            WHEN e.typname IN ('uuid', 'bool') THEN e.typname::text
            WHEN e.typname = 'bytea' THEN 'bytes'
            WHEN e.typname = 'date' THEN 'date'
            WHEN e.typname IN ('timestamp', 'timestamptz') THEN 'time'
            WHEN e.typcategory IN ('S', 'E') THEN 'text'
            WHEN e.typcategory = 'N' THEN 'number'
            WHEN e.typcategory = 'I' THEN 'network'
            ELSE 'other' END,
       CASE WHEN t.typtype IN ('d', 'e') THEN t.typname::text END,
       CASE WHEN e.typname IN ('varchar', 'bpchar') AND m.typmod > 4 THEN m.typmod - 4 END,
       (SELECT pg_catalog.array_agg(l.enumlabel::text ORDER BY l.enumsortorder) FROM pg_catalog.pg_enum l WHERE l.enumtypid = e.oid),
       pg_catalog.col_description(u.relid, a.attnum),
       (SELECT pg_catalog.string_agg(pg_catalog.pg_get_constraintdef(k.oid), ' ' ORDER BY k.oid) FROM pg_catalog.pg_constraint k
         WHERE k.contype = 'c' AND ((k.conrelid = u.relid AND k.conkey = ARRAY[a.attnum]) OR k.contypid = t.oid)),
       EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.contype = 'f' AND k.conrelid = u.relid AND a.attnum = ANY (k.conkey)),
       EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.contype = 'p' AND k.conrelid = u.relid AND k.conkey = ARRAY[a.attnum]),
       pg_catalog.has_column_privilege($4, u.relid, a.attnum, 'SELECT') AND pg_catalog.has_schema_privilege($4, u.schema_name, 'USAGE'),
       b.typcategory = 'A',
       (SELECT pg_catalog.min(g.tag) FROM governance._column_tag g
         WHERE g.schema_name = u.schema_name AND g.relation_name = u.relation_name AND g.column_name = a.attname),
       -- A partitioned table has no pages of its own.
       CASE WHEN u.relkind = 'p' THEN (SELECT coalesce(pg_catalog.sum(greatest(l.relpages, 0)), 0)::int8 FROM pg_catalog.pg_partition_tree(u.relid) p
                                         JOIN pg_catalog.pg_class l ON l.oid = p.relid AND p.isleaf)
            ELSE u.relpages::int8 END,
       CASE WHEN u.relkind = 'p' THEN (SELECT coalesce(pg_catalog.sum(greatest(l.reltuples, 0)), 0)::float8 FROM pg_catalog.pg_partition_tree(u.relid) p
                                         JOIN pg_catalog.pg_class l ON l.oid = p.relid AND p.isleaf)
            ELSE u.reltuples::float8 END
  FROM governance._user_relation u
  JOIN pg_catalog.pg_class c ON c.oid = u.relid
  JOIN pg_catalog.pg_attribute a ON a.attrelid = u.relid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  -- Below a domain, and the elements of an array.
  JOIN pg_catalog.pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
  JOIN pg_catalog.pg_type e ON e.oid = CASE WHEN b.typcategory = 'A' AND b.typelem <> 0 THEN b.typelem ELSE b.oid END
 CROSS JOIN LATERAL (SELECT CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END AS typmod) m
 WHERE u.relkind IN ('r', 'p', 'm', 'f') AND NOT u.relispartition
   AND CASE $1 WHEN 'database' THEN true WHEN 'schema' THEN u.schema_name = $2
               WHEN 'dataset' THEN u.schema_name = $2 AND u.relation_name = $3
               ELSE EXISTS (SELECT FROM governance._dataset d
                             WHERE d.schema_name = u.schema_name AND d.relation_name = u.relation_name AND d.class = $2) END
 ORDER BY u.schema_name, u.relation_name, a.attnum
