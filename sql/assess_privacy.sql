-- assess: checks of provenance and of personal data.

INSERT INTO governance.assess_check (check_id, item, title, severity, evidence_kind, scope, passes) VALUES
    ('LIN-001', 'D8', 'tables whose row changes are not recorded', 'medium', 'observed', 'tables', 'the row changes of every table are recorded'),
    ('LIN-002', 'D8', 'data from outside without a declared source', 'low', 'catalog', 'foreign tables', 'no foreign table lacks a declared flow'),
    ('LIN-007', 'D8', 'commit times are not kept', 'low', 'catalog', 'server', 'track_commit_timestamp is on'),
    ('PII-001', 'D9', 'untagged column that is named like personal data', 'medium', 'catalog', 'tables', 'no untagged column is named like personal data'),
    ('PII-002', 'D9', 'tagged column in a publication', 'high', 'catalog', 'publications', 'no tagged column is published'),
    ('PII-003', 'D9', 'everybody may read personal data', 'high', 'catalog', 'tables', 'no column that is tagged or named like personal data is readable by PUBLIC'),
    ('PII-004', 'D9', 'statements with their values in the server log', 'medium', 'catalog', 'server', 'no setting prints statements with their values'),
    ('PII-005', 'D9', 'function with its owner''s rights that reads tagged columns', 'medium', 'catalog', 'tagged columns', 'no SECURITY DEFINER function that others may call names a tagged column'),
    ('PII-006', 'D9', 'role that reads the server''s files', 'high', 'catalog', 'server', 'where columns are tagged no role that can log in reads files or runs programs of the server'),
    ('PII-007', 'D9', 'new column that nobody has classified', 'medium', 'declaration', 'tagged columns', 'no column waits to be classified'),
    ('PII-008', 'D9', 'role that reads everything by replication', 'low', 'catalog', 'server', 'no role other than superusers has REPLICATION'),
    ('PII-009', 'D9', 'role that reads every table', 'medium', 'catalog', 'server', 'no role that can log in is in pg_read_all_data'),
    ('PII-010', 'D9', 'untagged copy of a tagged column', 'high', 'observed', 'tables', 'no column that was filled from a tagged one is untagged'),
    ('PII-011', 'D9', 'masked role that reaches servers with other credentials', 'medium', 'catalog', 'server', 'no masked role has a user mapping'),
    ('PII-013', 'D9', 'tags that nothing enforces', 'high', 'catalog', 'tagged columns', 'where columns are tagged the library is loaded at session start');

-------------------------------------------------------------------------------------------------------------- provenance
CREATE VIEW governance._check_lin_001 AS
    SELECT format('schema %I', t.schema_name) AS object, 'fail' AS status,
           format('row changes of %s of %s in schema %I are not recorded', count(*) FILTER (WHERE NOT a.audited), governance._count_of(count(*), 'table'), t.schema_name) AS finding,
           jsonb_build_object('tables', count(*), 'not_recorded', jsonb_agg(t.object ORDER BY t.object) FILTER (WHERE NOT a.audited)) AS evidence,
           CASE WHEN governance._offers('start_audit') THEN
               string_agg(format('SELECT governance.start_audit(%L);', t.object), ' ' ORDER BY t.object) FILTER (WHERE NOT a.audited) END AS remediation_sql,
           'SHARE ROW EXCLUSIVE on each table' AS remediation_lock
      FROM governance._seen_table t
      LEFT JOIN governance._audited u USING (relid)
     CROSS JOIN LATERAL (SELECT u.relid IS NOT NULL AS audited) a
     WHERE t.relkind <> 'f' AND NOT governance._hides('audited')
     GROUP BY t.schema_name HAVING count(*) FILTER (WHERE NOT a.audited) > 0
    UNION ALL
    SELECT 'database', 'not_assessed', 'what is audited is not shown to this role', NULL, NULL, NULL WHERE governance._hides('audited');

CREATE VIEW governance._check_lin_002 AS
    SELECT r.object, r.schema_name, r.relation_name, 'warn' AS status,
           format('foreign table %s reads server %I; no flow says where its rows come from', r.object, s.srvname) AS finding,
           jsonb_build_object('server', s.srvname) AS evidence
      FROM governance._seen_relation r JOIN pg_foreign_table f ON f.ftrelid = r.relid JOIN pg_foreign_server s ON s.oid = f.ftserver
     WHERE NOT EXISTS (SELECT FROM governance._of_view('flows') v WHERE v ->> 'target_relation' = r.object);

CREATE VIEW governance._check_lin_007 AS
    SELECT 'setting track_commit_timestamp' AS object, 'warn' AS status,
           'track_commit_timestamp is off: when a row was committed cannot be told' AS finding,
           'ALTER SYSTEM SET track_commit_timestamp = on;' AS remediation_sql, 'none, outside a transaction block; then restart the server' AS remediation_lock
      FROM pg_settings WHERE name = 'track_commit_timestamp' AND setting = 'off';

----------------------------------------------------------------------------------------------------------- personal data
-- Whole words of the column's name, and a type that can hold it: customer_email is, email_template is not.
CREATE VIEW governance._lookalike AS
    SELECT t.relid, t.object AS relation, t.schema_name, t.relation_name, t.object || '.' || quote_ident(c.attname) AS object,
           c.attname::text AS column_name, c.attnum, n.tag, n.noun, n.confidence, n.severity
      FROM governance._seen_table t
      JOIN LATERAL (
           SELECT a.attname, a.attnum, lower(regexp_replace(a.attname, '([a-z0-9])([A-Z])', '\1_\2', 'g')) AS words,
                  CASE WHEN y.typcategory = 'S' THEN 'S' WHEN y.typcategory = 'D' THEN 'D' WHEN y.typcategory = 'I' THEN 'I'
                       WHEN y.typcategory = 'N' THEN 'N' WHEN y.typname = 'bytea' THEN 'B' WHEN y.typname = 'citext' THEN 'S' END AS sort
             FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid
            WHERE a.attrelid = t.relid AND a.attnum > 0 AND NOT a.attisdropped) c ON true
      JOIN LATERAL (
           SELECT * FROM (VALUES
               ('(^|_)e_?mail(_addr(ess)?)?$', 'S', 'pii.contact.email', 'an e-mail address', 0.9, 'high'),
               ('(^|_)(phone|telephone|tel|fax|mobile)(_?(no|nr|num|number))?$', 'SN', 'pii.contact.phone', 'a telephone number', 0.8, 'medium'),
               ('(^|_)(ssn|social_security(_(no|nr|num|number))?|national_id(_(no|nr|num|number))?|passport_(no|nr|num|number))$', 'SN', 'pii.national_id', 'a national id', 0.9, 'high'),
               ('(^|_)iban$', 'S', 'pii.financial.iban', 'a bank account number', 0.9, 'high'),
               ('(^|_)(credit_?card|card|cc)_?(no|nr|num|number)$', 'SN', 'pii.financial.card', 'a payment card number', 0.8, 'high'),
               ('(^|_)(birth_?date|date_of_birth|dob|birthday)$', 'SD', 'pii.birth_date', 'a date of birth', 0.9, 'medium'),
               ('(^|_)(pass_?word|passwd|pwd)(_(hash|digest))?$|(^|_)(encrypted|hashed)_password$|(^|_)(api_key|private_key|secret_key|access_token|refresh_token|auth_token)$', 'SB', 'secret.credential', 'a credential', 0.9, 'high'),
               ('(^|_)(ip|ip_?addr(ess)?)$', 'SI', 'pii.network.ip', 'an IP address', 0.8, 'medium'),
               ('^(first|last|middle|maiden|given|family)_?name$|^sur_?name$', 'S', 'pii.name', 'the name of a person', 0.8, 'medium'),
               ('^((home|street|postal|billing|shipping)_)?address(_?(line_?)?[0-9])?$|^street$', 'S', 'pii.contact.address', 'a postal address', 0.6, 'medium')
           ) AS v(pattern, sorts, tag, noun, confidence, severity)
            WHERE strpos(v.sorts, c.sort) > 0 AND c.words ~ v.pattern
            ORDER BY v.confidence DESC LIMIT 1) n ON true;

CREATE VIEW governance._check_pii_001 AS
    SELECT l.object, l.schema_name, l.relation_name, l.severity, l.tag AS facts, l.confidence,
           format('column %s is named like %s and bears no tag', l.object, l.noun) AS finding,
           jsonb_build_object('tag', l.tag) AS evidence,
           format('SELECT governance.tag_column(%L, %L, %L);', l.relation, l.column_name, l.tag) AS remediation_sql, 'none' AS remediation_lock
      FROM governance._lookalike l
     WHERE NOT EXISTS (SELECT FROM governance._column_tag g
                        WHERE (g.schema_name, g.relation_name, g.column_name) = (l.schema_name, l.relation_name, l.column_name))
       AND NOT EXISTS (SELECT FROM governance.proposal p WHERE p.kind = 'tag' AND p.state = 'rejected'
                          AND (p.schema_name, p.relation_name, p.column_name, p.value) = (l.schema_name, l.relation_name, l.column_name, l.tag));

-- Tagged columns of relations the caller may see.
CREATE VIEW governance._seen_tag AS
    SELECT r.relid, r.object AS relation, r.schema_name, r.relation_name, r.object || '.' || quote_ident(a.attname) AS object,
           a.attname::text AS column_name, a.attnum, g.tag
      FROM governance._column_tag g JOIN governance._seen_relation r USING (schema_name, relation_name)
      JOIN pg_attribute a ON a.attrelid = r.relid AND a.attname = g.column_name AND a.attnum > 0 AND NOT a.attisdropped;

CREATE VIEW governance._check_pii_002 AS
    SELECT g.object || ' in publication ' || quote_ident(p.pubname) AS object, g.schema_name, g.relation_name,
           format('publication %I sends column %s (%s) to its subscribers unmasked', p.pubname, g.object, g.tag) AS finding,
           jsonb_build_object('publication', p.pubname, 'tag', g.tag) AS evidence
      FROM governance._seen_tag g
      JOIN pg_publication_tables p ON (p.schemaname, p.tablename) = (g.schema_name, g.relation_name) AND g.column_name::name = ANY (p.attnames);

CREATE VIEW governance._check_pii_003 AS
    SELECT x.object, x.schema_name, x.relation_name, format('everybody may read column %s (%s)', x.object, x.what) AS finding,
           CASE WHEN x.by_table THEN format('REVOKE SELECT ON %s FROM PUBLIC;', x.relation) ELSE '' END
             || CASE WHEN x.by_table AND x.by_column THEN ' ' ELSE '' END
             || CASE WHEN x.by_column THEN format('REVOKE SELECT (%I) ON %s FROM PUBLIC;', x.column_name, x.relation) ELSE '' END AS remediation_sql,
           'none' AS remediation_lock
      FROM (SELECT s.*, EXISTS (SELECT FROM pg_class c, aclexplode(c.relacl) e WHERE c.oid = s.relid AND e.grantee = 0 AND e.privilege_type = 'SELECT') AS by_table,
                   EXISTS (SELECT FROM pg_attribute a, aclexplode(a.attacl) e WHERE a.attrelid = s.relid AND a.attnum = s.attnum AND e.grantee = 0 AND e.privilege_type = 'SELECT') AS by_column
              FROM (SELECT relid, relation, schema_name, relation_name, object, column_name, attnum, string_agg(tag, ', ' ORDER BY tag) AS what
                      FROM governance._seen_tag GROUP BY 1, 2, 3, 4, 5, 6, 7
                    UNION ALL
                    SELECT relid, relation, schema_name, relation_name, object, column_name, attnum, 'named like ' || noun FROM governance._lookalike l
                     WHERE NOT EXISTS (SELECT FROM governance._seen_tag g WHERE g.relid = l.relid AND g.attnum = l.attnum)) s) x
     WHERE x.by_table OR x.by_column;

CREATE VIEW governance._check_pii_004 AS
    SELECT 'setting ' || v.name AS object, format('%s = %s puts statements with their values into the server log', v.name, v.value) AS finding,
           jsonb_build_object('value', v.value) AS evidence, format('ALTER SYSTEM RESET %I;', v.name) AS remediation_sql,
           'none, outside a transaction block; remove it from postgresql.conf, then SELECT pg_reload_conf();' AS remediation_lock
      FROM (SELECT n AS name, governance._server_setting(n) AS value FROM unnest('{log_statement,log_min_duration_statement,log_min_duration_sample,log_transaction_sample_rate}'::text[]) n) v
     WHERE v.name = 'log_statement' AND v.value IN ('mod', 'all') OR v.name LIKE 'log_min_duration%' AND v.value <> '-1'
        OR v.name = 'log_transaction_sample_rate' AND v.value <> '0'
    UNION ALL
    SELECT 'setting ' || s.name || ' of ' || coalesce('role ' || quote_ident(s.role), 'all roles') || CASE WHEN s.database IS NOT NULL THEN ' in the database' ELSE '' END,
           format('%s = %s of %s puts statements with their values into the server log', s.name, s.value,
                  coalesce('role ' || quote_ident(s.role), 'database ' || quote_ident(s.database), 'all roles')),
           jsonb_build_object('value', s.value), format('%s RESET %I;', s.alter_it, s.name), 'none'
      FROM governance._role_setting s
     WHERE s.name = 'log_statement' AND s.value IN ('mod', 'all') OR s.name LIKE 'log_min_duration_s%' AND s.value !~ '^-1'
        OR s.name = 'log_transaction_sample_rate' AND s.value !~ '^0*\.?0*$';

-- A body in a string is searched for the names of relation and column as words: what it builds dynamically is not seen.
CREATE VIEW governance._check_pii_005 AS
    SELECT 'function ' || p.oid::regprocedure AS object,
           format('function %s runs with the rights of %I and reads %s', p.oid::regprocedure, pg_get_userbyid(p.proowner), string_agg(DISTINCT g.object, ', ' ORDER BY g.object)) AS finding,
           jsonb_build_object('columns', jsonb_agg(DISTINCT g.object ORDER BY g.object), 'owner', pg_get_userbyid(p.proowner)) AS evidence,
           format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC;', p.oid::regprocedure) AS remediation_sql, 'none' AS remediation_lock
      FROM pg_proc p
      JOIN governance._seen_tag g
        ON EXISTS (SELECT FROM pg_depend d
                    WHERE (d.classid, d.objid, d.refclassid, d.refobjid) = ('pg_proc'::regclass, p.oid, 'pg_class'::regclass, g.relid)
                      AND d.refobjsubid IN (0, g.attnum))
        OR strpos(lower(p.prosrc), lower(g.relation_name)) > 0 AND strpos(lower(p.prosrc), lower(g.column_name)) > 0
           AND lower(p.prosrc) ~ ('\m' || regexp_replace(lower(g.relation_name), '(\W)', '\\\1', 'g') || '\M')
           AND (lower(p.prosrc) ~ ('\m' || regexp_replace(lower(g.column_name), '(\W)', '\\\1', 'g') || '\M'))
     WHERE p.prosecdef AND p.pronamespace NOT IN ('governance'::regnamespace, 'pg_catalog'::regnamespace)
       AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) e WHERE e.grantee <> p.proowner AND e.privilege_type = 'EXECUTE')
     GROUP BY p.oid, p.proowner;

CREATE VIEW governance._check_pii_006 AS
    SELECT format('role %I', o.rolname) AS object, format('role %I can read what the server stores, past every mask (%s)', o.rolname, g.rolname) AS finding,
           format('REVOKE %I FROM %I;', g.rolname, o.rolname) AS remediation_sql, 'none' AS remediation_lock
      FROM pg_roles o JOIN pg_auth_members m ON m.member = o.oid JOIN pg_roles g ON g.oid = m.roleid
     WHERE g.rolname IN ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')
       AND o.rolcanlogin AND NOT o.rolsuper AND EXISTS (SELECT FROM governance._seen_tag);

CREATE VIEW governance._check_pii_007 AS
    SELECT g.object, g.schema_name, g.relation_name, format('column %s was added and nobody has said what it holds', g.object) AS finding,
           format('SELECT * FROM governance.detect_pii(%L);', 'dataset:' || g.relation) AS remediation_sql, 'none' AS remediation_lock
      FROM governance._seen_tag g WHERE g.tag = 'unclassified';

CREATE VIEW governance._check_pii_008 AS
    SELECT format('role %I', rolname) AS object, 'warn' AS status, format('role %I can copy every row unmasked by replication', rolname) AS finding,
           format('ALTER ROLE %I NOREPLICATION;', rolname) AS remediation_sql, 'none; its standbys and backups stop' AS remediation_lock
      FROM pg_roles WHERE rolreplication AND rolcanlogin AND NOT rolsuper;

CREATE VIEW governance._check_pii_009 AS
    SELECT format('role %I', o.rolname) AS object, 'warn' AS status, format('role %I may read every table (pg_read_all_data)', o.rolname) AS finding,
           format('REVOKE pg_read_all_data FROM %I;', o.rolname) AS remediation_sql, 'none' AS remediation_lock
      FROM pg_roles o JOIN pg_auth_members m ON m.member = o.oid JOIN pg_roles g ON g.oid = m.roleid AND g.rolname = 'pg_read_all_data'
     WHERE o.rolcanlogin AND NOT o.rolsuper
       AND NOT EXISTS (SELECT FROM governance.duty d WHERE d.duty = 'backup' AND d.role = o.rolname);

-- What statements moved from tagged columns into untagged ones, as far as it was recorded. Of many values one number is
-- made: what is counted or summed up is left out.
CREATE VIEW governance._check_pii_010 AS
    SELECT t.object || '.' || quote_ident(a.attname) AS object, t.schema_name, t.relation_name,
           format('column %s.%I was filled from %s (%s) and bears no tag', t.object, a.attname, string_agg(DISTINCT g.object, ', ' ORDER BY g.object), string_agg(DISTINCT g.tag, ', ' ORDER BY g.tag)) AS finding,
           jsonb_build_object('sources', jsonb_agg(DISTINCT g.object ORDER BY g.object), 'tags', jsonb_agg(DISTINCT g.tag ORDER BY g.tag)) AS evidence,
           string_agg(DISTINCT format('SELECT governance.tag_column(%L, %L, %L);', t.object, a.attname, g.tag), ' ') AS remediation_sql, 'none' AS remediation_lock
      FROM governance._of_view('flows') v
      JOIN governance._seen_tag g ON g.relation = v ->> 'source_relation' AND g.column_name = v ->> 'source_column'
      JOIN governance._seen_relation t ON t.object = v ->> 'target_relation' AND t.relkind IN ('r', 'p', 'f')
      JOIN pg_attribute a ON a.attrelid = t.relid AND a.attname = v ->> 'target_column' AND a.attnum > 0 AND NOT a.attisdropped
     WHERE v ->> 'kind' = 'DIRECT' AND v ->> 'subtype' <> 'AGGREGATION' AND v ->> 'evidence' <> 'declared'
       AND NOT EXISTS (SELECT FROM governance._seen_tag x WHERE x.relid = t.relid AND x.attnum = a.attnum)
     GROUP BY t.object, t.schema_name, t.relation_name, a.attname;

CREATE VIEW governance._check_pii_011 AS
    SELECT format('role %I on server %I', r.rolname, u.srvname) AS object, 'warn' AS status,
           format('masked role %I reaches server %I with credentials that are not masked there', r.rolname, u.srvname) AS finding,
           format('DROP USER MAPPING FOR %I SERVER %I;', r.rolname, u.srvname) AS remediation_sql, 'none' AS remediation_lock
      FROM pg_user_mappings u JOIN pg_roles r ON CASE WHEN u.umuser = 0 THEN r.rolcanlogin AND has_server_privilege(r.oid, u.srvid, 'USAGE') ELSE r.oid = u.umuser END
     WHERE NOT r.rolsuper
       AND EXISTS (SELECT FROM governance.masked_role m LEFT JOIN pg_roles g ON g.rolname = m.role
                    WHERE m.unmasked_by_xid IS NULL AND (m.role = 'public' OR pg_has_role(r.oid, g.oid, 'MEMBER')));

-- The lists of libraries are shown to superusers and pg_read_all_settings only. The attached list is the database's.
CREATE VIEW governance._check_pii_013 AS
    WITH lists AS (
        SELECT s.setting FROM pg_settings s WHERE s.name IN ('shared_preload_libraries')
        UNION ALL SELECT s.reset_val FROM pg_settings s WHERE s.name = 'session_preload_libraries'
        UNION ALL SELECT r.value FROM governance._role_setting r WHERE r.name = 'session_preload_libraries' AND r.setrole = 0)
    SELECT 'database' AS object, 'fail' AS status,
           format('%s tagged, but the library is not loaded at session start: SELECT shows raw values', governance._count_of(count(DISTINCT g.object), 'column') || CASE count(DISTINCT g.object) WHEN 1 THEN ' is' ELSE ' are' END) AS finding,
           CASE WHEN governance._offers('attach') THEN 'SELECT * FROM governance.attach();' END AS remediation_sql, 'none; new sessions are covered' AS remediation_lock
      FROM governance._seen_tag g
     WHERE EXISTS (SELECT FROM pg_settings WHERE name = 'shared_preload_libraries')
       AND NOT EXISTS (SELECT FROM lists WHERE setting LIKE '%data_governance%')
    HAVING count(*) > 0
    UNION ALL
    SELECT 'server', 'not_assessed', 'the lists of preloaded libraries are shown to members of pg_read_all_settings only', NULL, NULL
     WHERE NOT EXISTS (SELECT FROM pg_settings WHERE name = 'shared_preload_libraries');
