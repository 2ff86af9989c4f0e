-- registry: what the product proposes. One view per kind; each gives at most one value per relation (consumers: per role), so
-- that accepting all of them never contradicts itself, and moves on to the next best when one was rejected.
--
-- Confidence of owners, domains, concepts and consumers: each signal is worth the share of cases in which it alone would be
-- right, and signals that agree are combined as independent ones, 1 - (1 - a)(1 - b)…, up to 0.95.

------------------------------------------------------------------------------------------------------------------- views
-- What people write into comments: "owner: crm", "@owner crm", "team = crm". Words that begin a sentence or say that nobody
-- knows are no names.
CREATE VIEW governance._comment_owner AS
    SELECT c.objoid, c.classoid, n.named
      FROM pg_description c
     CROSS JOIN LATERAL (SELECT rtrim((regexp_match(c.description,
           $$(?:^|[^[:alnum:]_])(?:@?(?:owner|team|owned by|maintainer)[ ]*[:=][ ]*|@(?:owner|team)[ ]+)["']?([[:alnum:]_][[:alnum:]_.@-]{0,62})$$,
           'i'))[1], '.-') AS named) n
     WHERE c.objsubid = 0 AND c.classoid IN ('pg_class'::regclass, 'pg_namespace'::regclass)
       AND n.named !~* '^(the|an?|our|my|this|tbd|todo|unknown|none|nobody|n|see|ask)$';

CREATE VIEW governance._owner_signal AS
    WITH relation AS MATERIALIZED (
        SELECT r.relid, r.schema_name, r.relation_name, r.relowner, n.oid AS schema_oid, n.nspowner
          FROM governance._user_relation r JOIN pg_namespace n ON n.nspname = r.schema_name WHERE NOT r.relispartition
    ), alone AS (
        -- Where one role owns every table, of several schemas or with the database, it says who makes tables, not who answers
        -- for them.
        SELECT min(r.relowner::text)::oid AS relowner FROM relation r
        HAVING count(DISTINCT r.relowner) = 1
           AND (count(DISTINCT r.schema_name) > 1
                OR min(r.relowner::text)::oid = (SELECT datdba FROM pg_database WHERE datname = current_database()))
    ), writing AS (
        SELECT relid, role, count(*) OVER (PARTITION BY relid) AS of FROM governance._relation_grant WHERE writes
    ), recorded AS (
        SELECT schema_name, relation_name, role, times, sum(times) OVER (PARTITION BY schema_name, relation_name) AS of
          FROM governance._recorded_writer
    ), candidate AS (
        -- The role that may drop it: right more often than not where teams have roles of their own.
        SELECT r.schema_name, r.relation_name, o.rolname::text AS value, CASE WHEN r.relowner IN (SELECT relowner FROM alone) THEN 0.3 ELSE 0.5 END AS weight,
               'relation_owner' AS signal, to_jsonb(true) AS detail
          FROM relation r JOIN pg_roles o ON o.oid = r.relowner
        UNION ALL
        -- The schema's owner may be whoever set the schema up.
        SELECT r.schema_name, r.relation_name, o.rolname::text, 0.3, 'schema_owner', to_jsonb(true)
          FROM relation r JOIN pg_roles o ON o.oid = r.nspowner
        UNION ALL
        -- A schema that bears the name of a role or a party was made for it.
        SELECT r.schema_name, r.relation_name, r.schema_name, 0.4, 'schema_name', to_jsonb(true)
          FROM relation r
         WHERE EXISTS (SELECT FROM pg_roles o WHERE o.rolname = r.schema_name) OR EXISTS (SELECT FROM governance.party p WHERE p.name = r.schema_name)
        UNION ALL
        -- Who may write answers for what is written; of several, each the less.
        SELECT r.schema_name, r.relation_name, w.role, 0.4 / w.of, 'writes_by_grant', jsonb_build_object('one_of', w.of)
          FROM relation r JOIN writing w USING (relid)
        UNION ALL
        -- Who does write, more so.
        SELECT r.schema_name, r.relation_name, w.role, 0.6 * w.times / w.of, 'recorded_writes', jsonb_build_object('times', w.times, 'of', w.of)
          FROM relation r JOIN recorded w USING (schema_name, relation_name)
        UNION ALL
        SELECT r.schema_name, r.relation_name, w.role, 0.5 / count(*) OVER (PARTITION BY r.relid), 'declared_writer', to_jsonb(true)
          FROM relation r JOIN governance._declared_writer w USING (schema_name, relation_name)
        UNION ALL
        -- Somebody wrote it down.
        SELECT r.schema_name, r.relation_name, c.named, 0.8, 'comment', to_jsonb(true)
          FROM relation r JOIN governance._comment_owner c ON c.classoid = 'pg_class'::regclass AND c.objoid = r.relid
        UNION ALL
        SELECT r.schema_name, r.relation_name, c.named, 0.6, 'comment_on_schema', to_jsonb(true)
          FROM relation r JOIN governance._comment_owner c ON c.classoid = 'pg_namespace'::regclass AND c.objoid = r.schema_oid
    )
    SELECT c.schema_name, c.relation_name, c.value, c.weight::float8, c.signal, c.detail, coalesce(o.rolsuper, false) AS superuser
      FROM candidate c LEFT JOIN pg_roles o ON o.rolname = c.value
     WHERE c.value !~ '^pg_';

-- A superuser owns what nobody was given: never more than a reminder that an owner is missing.
CREATE VIEW governance._guess_owner AS
    WITH combined AS (
        SELECT s.schema_name, s.relation_name, s.value, bool_or(s.superuser) AS superuser,
               1 - exp(sum(ln(1 - least(s.weight, 0.95)))) AS agreed,
               jsonb_object_agg(s.signal, s.detail ORDER BY s.signal) AS signals
          FROM governance._owner_signal s
         GROUP BY s.schema_name, s.relation_name, s.value
    ), rated AS (
        SELECT c.*, CASE WHEN c.superuser AND NOT c.signals ?| '{comment,comment_on_schema}' THEN least(c.agreed, 0.2) ELSE least(c.agreed, 0.95) END AS confidence
          FROM combined c
    ), ranked AS (
        SELECT r.*, row_number() OVER (PARTITION BY r.schema_name, r.relation_name ORDER BY r.confidence DESC, r.value) AS place,
               jsonb_object_agg(r.value, r.confidence::numeric(3, 2)) OVER (PARTITION BY r.schema_name, r.relation_name) AS candidates
          FROM rated r
         WHERE (r.schema_name, r.relation_name) NOT IN (SELECT d.schema_name, d.relation_name FROM governance._dataset d WHERE d.owner IS NOT NULL)
           AND (r.schema_name, r.relation_name, r.value) NOT IN (SELECT x.schema_name, x.relation_name, x.value FROM governance._rejected x WHERE x.kind = 'owner')
    )
    SELECT 'owner' AS kind, r.schema_name, r.relation_name, NULL::text AS column_name, r.value,
           r.confidence::numeric(3, 2)::real AS confidence,
           r.signals || CASE WHEN r.superuser THEN '{"superuser": true}' ELSE '{}' END::jsonb
                     || CASE WHEN r.candidates <> jsonb_build_object(r.value, r.confidence::numeric(3, 2))
                             THEN jsonb_build_object('others', r.candidates - r.value) ELSE '{}' END AS evidence
      FROM ranked r WHERE r.place = 1;

-- Schemas part domains where there are several and they are not the names of layers. Prefixes do where at least three tables
-- share one and most others do not; less so when one of the tables is called like it, which makes them parts of one thing.
-- What people declared for the neighbours, one by one, counts most: guesses that were accepted in bulk must not prove each other.
CREATE VIEW governance._guess_domain AS
    WITH relation AS MATERIALIZED (
        SELECT f.relid, f.schema_name, f.relation_name, f.relkind, f.words, cardinality(f.words) AS n_words,
               lower(substring(f.relation_name FROM '^([[:alnum:]]{2,})_')) AS prefix
          FROM governance._relation_fact f
    ), schemas AS (
        SELECT count(DISTINCT schema_name) AS n FROM relation WHERE schema_name <> 'public'
    ), per_schema AS (
        SELECT schema_name, count(*) AS n FROM relation WHERE relkind IN ('r', 'p', 'f') GROUP BY schema_name
    ), per_prefix AS (
        SELECT r.schema_name, r.prefix, count(*) AS n, s.n AS of,
               bool_or(r.words = governance._words(r.prefix)) OR EXISTS (
                   SELECT FROM relation x WHERE x.schema_name = r.schema_name AND x.words = governance._words(r.prefix)) AS is_thing
          FROM relation r JOIN per_schema s USING (schema_name)
         WHERE r.relkind IN ('r', 'p', 'f') AND r.prefix <> ALL ('{tbl,tb,vw,mv,fact,dim,agg,stg,staging,tmp,temp,old,new,ref,lkp,lu,lookup,mst,trx,txn,log,hist,audit,app,sys,data,raw,bak,backup,test}'::text[])
         GROUP BY r.schema_name, r.prefix, s.n HAVING count(*) >= 3 AND count(*) * 10 < s.n * 9
    ), of_schema AS (
        SELECT d.schema_name, min(d.domain) AS domain, count(*) AS n FROM governance._dataset d
         WHERE d.domain IS NOT NULL AND NOT d.in_bulk GROUP BY d.schema_name HAVING count(DISTINCT d.domain) = 1 AND count(*) >= 2
    ), neighbour AS (
        SELECT e.relid, min(d.domain) AS domain, count(*) AS n
          FROM (SELECT child AS relid, parent AS other FROM governance._reference WHERE child <> parent
                UNION SELECT parent, child FROM governance._reference WHERE child <> parent) e
          JOIN relation o ON o.relid = e.other
          JOIN governance._dataset d ON d.schema_name = o.schema_name AND d.relation_name = o.relation_name AND d.domain IS NOT NULL AND NOT d.in_bulk
         GROUP BY e.relid HAVING count(DISTINCT d.domain) = 1
    ), signal AS (
        SELECT r.schema_name, r.relation_name, r.schema_name AS value, 0.6::float8 AS weight, 'schemas' AS signal, s.n AS detail
          FROM relation r CROSS JOIN schemas s
         WHERE s.n >= 2 AND r.schema_name NOT IN ('public', 'dbo', 'app', 'api', 'data', 'main', 'core', 'internal', 'private', 'staging', 'stage', 'stg',
                                                  'raw', 'tmp', 'temp', 'test', 'util', 'utils', 'extensions', 'archive', 'backup', 'history', 'audit',
                                                  'reporting', 'reports', 'report', 'analytics', 'dwh', 'bi', 'mart')
        UNION ALL
        SELECT r.schema_name, r.relation_name, p.prefix, CASE WHEN p.is_thing THEN 0.3 ELSE 0.5 END, 'tables_with_prefix', p.n
          FROM relation r JOIN per_prefix p USING (schema_name, prefix)
        UNION ALL
        SELECT r.schema_name, r.relation_name, d.domain, CASE WHEN r.schema_name = 'public' THEN 0.3 ELSE 0.7 END, 'declared_in_schema', d.n FROM relation r JOIN of_schema d USING (schema_name)
        UNION ALL
        SELECT r.schema_name, r.relation_name, d.domain, CASE WHEN d.n >= 2 THEN 0.5 ELSE 0.3 END, 'declared_neighbours', d.n FROM relation r JOIN neighbour d USING (relid)
    ), combined AS (
        SELECT s.schema_name, s.relation_name, s.value, 1 - exp(sum(ln(1 - s.weight))) AS agreed, jsonb_object_agg(s.signal, s.detail ORDER BY s.signal) AS evidence
          FROM signal s GROUP BY s.schema_name, s.relation_name, s.value
    ), ranked AS (
        SELECT c.*, row_number() OVER (PARTITION BY c.schema_name, c.relation_name ORDER BY c.agreed DESC, c.value) AS place
          FROM combined c
         WHERE (c.schema_name, c.relation_name) NOT IN (SELECT d.schema_name, d.relation_name FROM governance._dataset d WHERE d.domain IS NOT NULL)
           AND (c.schema_name, c.relation_name, c.value) NOT IN (SELECT x.schema_name, x.relation_name, x.value FROM governance._rejected x WHERE x.kind = 'domain')
    )
    SELECT 'domain' AS kind, r.schema_name, r.relation_name, NULL::text AS column_name, r.value,
           least(r.agreed, 0.95)::numeric(3, 2)::real AS confidence, r.evidence
      FROM ranked r WHERE r.place = 1;

-- The same columns in several tables hold the same things. Columns that every table has (a surrogate key, bookkeeping) are
-- left out, and three others at least must remain: (code, name) is the shape of any list. Views are left out, since one
-- that shows a table is no second copy of it.
CREATE VIEW governance._guess_concept AS
    WITH bearing AS (
        SELECT f.relid, min(f.schema_name) AS schema_name, min(f.relation_name) AS relation_name,
               array_agg(lower(f.column_name) || ' ' || f.atttypid ORDER BY lower(f.column_name) || ' ' || f.atttypid) AS signature,
               array_agg(lower(f.column_name) ORDER BY lower(f.column_name)) AS names, count(*)::int AS n
          FROM governance._column_fact f
          LEFT JOIN pg_constraint k ON k.contype = 'p' AND k.conrelid = f.relid AND k.conkey = ARRAY[f.attnum]
         WHERE f.relkind IN ('r', 'p', 'm', 'f') AND NOT f.bookkeeping
           -- A lone key that is a number or a UUID is a surrogate more often than not.
           AND NOT (k.oid IS NOT NULL AND f.type_category IN ('N', 'U'))
           -- Ordinary inheritance gives children the columns of the parent.
           AND NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = f.relid)
         GROUP BY f.relid HAVING count(*) >= 3
    ), named AS (
        SELECT b.*, array_to_string(governance._words(b.relation_name), ' ') AS noun,
               count(*) OVER (PARTITION BY b.signature) AS alike, count(*) OVER (PARTITION BY b.names) AS alike_by_name FROM bearing b
    ), member AS (
        SELECT n.*, n.names AS shape FROM named n WHERE n.alike_by_name > 1
    ), shape AS (
        -- The name that most of them bear; then the shortest: customer before customer_archive.
        SELECT m.shape, (array_agg(m.noun ORDER BY m.bearers DESC, length(m.noun), m.noun))[1] AS value, max(m.bearers)::float8 / count(*) AS share,
               count(*) AS n, (array_agg(format('%I.%I', m.schema_name, m.relation_name) ORDER BY m.schema_name, m.relation_name))[1:11] AS some
          FROM (SELECT x.*, count(*) OVER (PARTITION BY x.shape, x.noun) AS bearers FROM member x) m
         GROUP BY m.shape HAVING count(*) > 1
    )
    SELECT 'concept' AS kind, m.schema_name, m.relation_name, NULL::text AS column_name, s.value,
           -- Equal types 0.6, equal names alone 0.4; tables that are called alike, or that share many columns, add to it.
           least(0.9, CASE WHEN m.alike > 1 THEN 0.6 ELSE 0.4 END + CASE WHEN s.share = 1 THEN 0.15 ELSE 0 END + CASE WHEN m.n >= 6 THEN 0.1 ELSE 0 END)::numeric(3, 2)::real AS confidence,
           -- A list for people: of many, the first ten.
           jsonb_build_object('same_columns', m.n, 'types', CASE WHEN m.alike > 1 THEN 'equal' ELSE 'differ' END, 'relations', s.n - 1,
                              'shared_with', to_jsonb((array_remove(s.some, format('%I.%I', m.schema_name, m.relation_name)))[1:10])) AS evidence
      FROM member m JOIN shape s ON s.shape = m.shape
     WHERE s.value <> ''
       AND (m.schema_name, m.relation_name) NOT IN (SELECT d.schema_name, d.relation_name FROM governance._dataset d WHERE d.concept IS NOT NULL);

-- Roles that were granted reading and not writing. A grant on some columns was made with somebody in mind; one on the whole
-- relation may be one of many. The role of the owning party reads its own, the role that makes dumps reads for nobody.
CREATE VIEW governance._guess_consumer AS
    WITH declared AS (
        SELECT c.schema_name, c.relation_name, p.name, p.db_roles
          FROM governance.consumer c JOIN governance.party p ON p.name = c.party
        UNION ALL
        SELECT d.schema_name, d.relation_name, p.name, p.db_roles
          FROM governance._dataset d JOIN governance.party p ON p.name IN (d.owner, d.steward)
    ), taken AS (
        SELECT schema_name, relation_name, unnest(db_roles || name) AS role FROM declared
    )
    SELECT 'consumer' AS kind, r.schema_name, r.relation_name, NULL::text AS column_name, g.role AS value,
           (CASE WHEN g.reads_all THEN 0.5 ELSE 0.7 END)::real AS confidence,
           jsonb_build_object('reads', CASE WHEN g.reads_all THEN 'all columns' ELSE 'some columns' END)
             || CASE WHEN g.reads_all THEN '{}' ELSE jsonb_build_object('columns', to_jsonb(g.columns)) END AS evidence
      FROM governance._relation_grant g
      JOIN governance._user_relation r ON r.relid = g.relid
     WHERE g.reads AND NOT g.writes
       AND (r.schema_name, r.relation_name, g.role) NOT IN (SELECT t.schema_name, t.relation_name, t.role FROM taken t)
       AND g.role NOT IN (SELECT u.role FROM governance.duty u WHERE u.duty = 'backup');

CREATE VIEW governance._guess AS
    SELECT * FROM governance._guess_owner
    UNION ALL SELECT * FROM governance._guess_class
    UNION ALL SELECT * FROM governance._guess_domain
    UNION ALL SELECT * FROM governance._guess_concept
    UNION ALL SELECT * FROM governance._guess_consumer;

-- Guesses are computed anew at each look and have a row in the table only once somebody decided about one. What was
-- accepted and forgotten since may be guessed again; what was rejected stays rejected.
CREATE VIEW governance._proposal AS
    SELECT p.id, p.kind, p.schema_name, p.relation_name, p.column_name, p.value, p.confidence, p.evidence
      FROM governance.proposal p WHERE p.state = 'open'
    UNION ALL
    SELECT i.id, g.kind, g.schema_name, g.relation_name, g.column_name, g.value, g.confidence, g.evidence
      FROM governance._guess g
     CROSS JOIN LATERAL (SELECT governance._proposal_id(g.kind, g.schema_name, g.relation_name, g.column_name, g.value) AS id) i
     WHERE i.id NOT IN (SELECT p.id FROM governance.proposal p WHERE p.state <> 'accepted');

-- Who wrote how often is for those who may read the log; that somebody did is for whoever sees the relation.
CREATE VIEW governance.proposals WITH (security_barrier) AS
    SELECT p.id, p.kind,
           format('%I.%I', p.schema_name, p.relation_name) || coalesce('.' || quote_ident(p.column_name), '') AS object,
           p.value, p.confidence,
           CASE WHEN p.evidence ? 'recorded_writes' AND NOT (SELECT governance._has_duty('auditor') OR governance._has_duty('operator'))
                THEN p.evidence || '{"recorded_writes": true}' ELSE p.evidence END AS evidence
      FROM governance._proposal p
     WHERE governance._may_see(governance._relation_named(p.schema_name, p.relation_name))
     ORDER BY p.confidence DESC, p.kind, 3, p.value;

------------------------------------------------------------------------------------------------------------------ grants
GRANT SELECT ON governance.proposals TO PUBLIC;

---------------------------------------------------------------------------------------------------------------- comments
COMMENT ON VIEW governance._comment_owner IS 'owners that comments on relations and schemas name';
COMMENT ON VIEW governance._owner_signal IS 'what speaks for an owner of a relation, one row per signal';
COMMENT ON VIEW governance._guess_owner IS 'owner guessed from ownership, grants, names, recorded writes and comments';
COMMENT ON VIEW governance._guess_domain IS 'domain guessed from schemas, prefixes and what is declared nearby';
COMMENT ON VIEW governance._guess_concept IS 'concept guessed from equal columns in several relations';
COMMENT ON VIEW governance._guess_consumer IS 'consumers guessed from grants';
COMMENT ON VIEW governance._guess IS 'all guesses: owner, class, domain, concept and consumer';
COMMENT ON VIEW governance._proposal IS 'open proposals, unfiltered';
COMMENT ON VIEW governance.proposals IS 'declarations the product guesses, to accept or reject';
