-- registry: parties, datasets, tags, levels, duties, proposals, decisions.
-- Order in every feature file: tables, views, triggers, grants, comments, configuration for pg_dump.
--
-- Relations are stored as text (schema_name, relation_name): a dumped regclass breaks COPY of the whole table as soon
-- as it points at a materialized view that groups by a primary key, and every declaration would be lost.
--
-- No foreign keys between tables that are dumped: pg_restore --jobs fills them in any order, and a key that is not there
-- yet loses the whole table. The functions that write see to it that what is named exists.

----------------------------------------------------------------------------------------------------------------- tables
CREATE TABLE governance.database_identity (
    system_identifier bigint NOT NULL,
    database_oid oid NOT NULL,
    arrived_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    confirmed_at timestamptz,
    PRIMARY KEY (system_identifier, database_oid)
);
COMMENT ON TABLE governance.database_identity IS 'which database these declarations were made in; a second row means they were restored from elsewhere';
COMMENT ON COLUMN governance.database_identity.system_identifier IS 'system identifier of the cluster (pg_control_system)';
COMMENT ON COLUMN governance.database_identity.database_oid IS 'oid of the database in that cluster';
COMMENT ON COLUMN governance.database_identity.arrived_at IS 'when the row was written here';
COMMENT ON COLUMN governance.database_identity.confirmed_at IS 'when an operator confirmed the restore, or the restoring state ran out';

-- Of this database, not of what is declared in it: never dumped.
CREATE TABLE governance.attachment (
    attached_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX attachment_one_idx ON governance.attachment ((true));
COMMENT ON TABLE governance.attachment IS 'since when new sessions of this database load the library; not dumped';
COMMENT ON COLUMN governance.attachment.attached_at IS 'when attach() ran; sessions that began before are not covered';

CREATE TABLE governance.party (
    name text PRIMARY KEY CHECK (name <> ''),
    kind text NOT NULL DEFAULT 'team' CHECK (kind = ANY ('{team,person,service}')),
    db_roles text[] NOT NULL DEFAULT '{}',
    contact text,
    declared_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    declared_by text NOT NULL DEFAULT current_user,
    comment text
);
COMMENT ON TABLE governance.party IS 'a team, person or service that owns, stewards or reads datasets';
COMMENT ON COLUMN governance.party.comment IS 'comment that the manifest keeps';
COMMENT ON COLUMN governance.party.name IS 'unique name';
COMMENT ON COLUMN governance.party.kind IS 'team, person or service';
COMMENT ON COLUMN governance.party.db_roles IS 'database roles whose members act for the party';
COMMENT ON COLUMN governance.party.contact IS 'how to reach it: e-mail, channel, page';
COMMENT ON COLUMN governance.party.declared_at IS 'when it was declared or last changed';
COMMENT ON COLUMN governance.party.declared_by IS 'current_user of that moment';

CREATE TABLE governance.dataset (
    schema_name text NOT NULL,
    relation_name text NOT NULL,
    owner text,
    class text CHECK (class = ANY ('{master,reference,transactional,analytical}')),
    steward text,
    domain text,
    concept text,
    arbiter text,
    consistency text CHECK (consistency = ANY ('{strong,causal,eventual}')),
    max_staleness interval,
    description text,
    in_bulk boolean NOT NULL DEFAULT false,
    declared_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    declared_by text NOT NULL DEFAULT current_user,
    forgotten_by_xid xid8,
    was_class text,
    was_in_bulk boolean NOT NULL DEFAULT false,
    changed_by_xid xid8,
    comment text,
    PRIMARY KEY (schema_name, relation_name)
);
COMMENT ON TABLE governance.dataset IS 'a governed relation and what people state about it';
COMMENT ON COLUMN governance.dataset.comment IS 'comment that the manifest keeps';
COMMENT ON COLUMN governance.dataset.schema_name IS 'schema of the relation, followed through renames';
COMMENT ON COLUMN governance.dataset.relation_name IS 'name of the relation, followed through renames';
COMMENT ON COLUMN governance.dataset.owner IS 'the party that answers for it';
COMMENT ON COLUMN governance.dataset.class IS 'master, reference, transactional or analytical';
COMMENT ON COLUMN governance.dataset.steward IS 'the party that decides about content and tags';
COMMENT ON COLUMN governance.dataset.domain IS 'business domain';
COMMENT ON COLUMN governance.dataset.concept IS 'business concept it is the source of truth for';
COMMENT ON COLUMN governance.dataset.arbiter IS 'the party that decides when sources disagree';
COMMENT ON COLUMN governance.dataset.consistency IS 'what readers may rely on: strong, causal or eventual';
COMMENT ON COLUMN governance.dataset.max_staleness IS 'bound on the age of what readers see, for causal and eventual';
COMMENT ON COLUMN governance.dataset.description IS 'what it holds, in plain words';
COMMENT ON COLUMN governance.dataset.in_bulk IS 'declared by accepted proposals or a manifest without levels: softer default levels';
COMMENT ON COLUMN governance.dataset.declared_at IS 'when it was declared or last changed';
COMMENT ON COLUMN governance.dataset.declared_by IS 'current_user of that moment';
COMMENT ON COLUMN governance.dataset.forgotten_by_xid IS 'transaction that forgot it; until that commits the declaration still holds';
COMMENT ON COLUMN governance.dataset.was_class IS 'class before the last change; until that commits the stricter of both counts';
COMMENT ON COLUMN governance.dataset.was_in_bulk IS 'in_bulk before the last change';
COMMENT ON COLUMN governance.dataset.changed_by_xid IS 'transaction of the last change; NULL where there was none';

-- Which relation bears a governed name right now. Oids mean nothing in another database, so this is never dumped: it
-- is filled when a dataset is declared and whenever DDL touches a governed name, and exists to recognise renames.
CREATE TABLE governance.binding (
    relid oid PRIMARY KEY,
    schema_name text NOT NULL,
    relation_name text NOT NULL
);
CREATE INDEX binding_schema_name_relation_name_idx ON governance.binding (schema_name, relation_name);
COMMENT ON TABLE governance.binding IS 'lazily resolved oids of governed relations; not dumped';
COMMENT ON COLUMN governance.binding.relid IS 'oid in pg_class';
COMMENT ON COLUMN governance.binding.schema_name IS 'schema it had when last seen';
COMMENT ON COLUMN governance.binding.relation_name IS 'name it had when last seen';

-- Names that were governed and then vanished by a rename. When another relation takes such a name (rename-swap), the
-- declaration, tags and levels of the relation that bore it are copied, and a proposal asks which of both is meant.
CREATE TABLE governance.former_name (
    schema_name text NOT NULL,
    relation_name text NOT NULL,
    now_schema_name text NOT NULL,
    now_relation_name text NOT NULL,
    renamed_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    PRIMARY KEY (schema_name, relation_name)
);
COMMENT ON TABLE governance.former_name IS 'names that governed relations bore before a rename';
COMMENT ON COLUMN governance.former_name.schema_name IS 'schema of the former name';
COMMENT ON COLUMN governance.former_name.relation_name IS 'the former name';
COMMENT ON COLUMN governance.former_name.now_schema_name IS 'schema of the dataset today';
COMMENT ON COLUMN governance.former_name.now_relation_name IS 'name of the dataset today';
COMMENT ON COLUMN governance.former_name.renamed_at IS 'when it was renamed';

-- The same for columns: expand and contract by hand renames the old column away and another one to its name.
CREATE TABLE governance.former_column (
    schema_name text NOT NULL,
    relation_name text NOT NULL,
    column_name text NOT NULL,
    now_column_name text NOT NULL,
    renamed_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    PRIMARY KEY (schema_name, relation_name, column_name)
);
COMMENT ON TABLE governance.former_column IS 'names that tagged columns bore before a rename';
COMMENT ON COLUMN governance.former_column.schema_name IS 'schema of the relation, followed through renames';
COMMENT ON COLUMN governance.former_column.relation_name IS 'name of the relation, followed through renames';
COMMENT ON COLUMN governance.former_column.column_name IS 'the former name';
COMMENT ON COLUMN governance.former_column.now_column_name IS 'name of the column today';
COMMENT ON COLUMN governance.former_column.renamed_at IS 'when it was renamed';

CREATE TABLE governance.tag (
    name text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$'),
    description text NOT NULL,
    mask text NOT NULL,
    mask_args jsonb NOT NULL DEFAULT '{}',
    shipped boolean NOT NULL DEFAULT false,
    comment text
);
COMMENT ON TABLE governance.tag IS 'the vocabulary of what a column can hold, each tag with its default mask';
COMMENT ON COLUMN governance.tag.comment IS 'comment that the manifest keeps';
COMMENT ON COLUMN governance.tag.name IS 'dotted path: pii.contact.email is below pii.contact';
COMMENT ON COLUMN governance.tag.description IS 'what a column with this tag holds';
COMMENT ON COLUMN governance.tag.mask IS 'default mask';
COMMENT ON COLUMN governance.tag.mask_args IS 'arguments of the default mask';
COMMENT ON COLUMN governance.tag.shipped IS 'part of the product''s vocabulary';

CREATE TABLE governance.column_tag (
    schema_name text NOT NULL,
    relation_name text NOT NULL,
    column_name text NOT NULL,
    tag text NOT NULL,
    path text NOT NULL DEFAULT '',
    source text NOT NULL DEFAULT 'declared' CHECK (source = ANY ('{declared,proposal,manifest,copied,added}')),
    tagged_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    tagged_by text NOT NULL DEFAULT current_user,
    untagged_by_xid xid8,
    comment text,
    PRIMARY KEY (schema_name, relation_name, column_name, tag, path)
);
COMMENT ON TABLE governance.column_tag IS 'which column holds what';
COMMENT ON COLUMN governance.column_tag.comment IS 'comment that the manifest keeps';
COMMENT ON COLUMN governance.column_tag.schema_name IS 'schema of the relation, followed through renames';
COMMENT ON COLUMN governance.column_tag.relation_name IS 'name of the relation, followed through renames';
COMMENT ON COLUMN governance.column_tag.column_name IS 'name of the column, followed through renames';
COMMENT ON COLUMN governance.column_tag.tag IS 'what it holds';
COMMENT ON COLUMN governance.column_tag.path IS 'path inside a JSON column; empty for the whole column';
COMMENT ON COLUMN governance.column_tag.source IS 'how the tag came here: declared, proposal, manifest, copied or added (with the column, until it is classified)';
COMMENT ON COLUMN governance.column_tag.tagged_at IS 'when';
COMMENT ON COLUMN governance.column_tag.tagged_by IS 'current_user of that moment';
COMMENT ON COLUMN governance.column_tag.untagged_by_xid IS 'transaction that removed it; until that commits the tag still holds';

CREATE TABLE governance.consumer (
    schema_name text NOT NULL,
    relation_name text NOT NULL,
    party text NOT NULL,
    columns text[],
    purpose text,
    valid_until timestamptz,
    declared_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    declared_by text NOT NULL DEFAULT current_user,
    comment text,
    PRIMARY KEY (schema_name, relation_name, party)
);
COMMENT ON TABLE governance.consumer IS 'parties that read a dataset under a contract';
COMMENT ON COLUMN governance.consumer.comment IS 'comment that the manifest keeps';
COMMENT ON COLUMN governance.consumer.schema_name IS 'schema of the relation';
COMMENT ON COLUMN governance.consumer.relation_name IS 'name of the relation';
COMMENT ON COLUMN governance.consumer.party IS 'who reads';
COMMENT ON COLUMN governance.consumer.columns IS 'which columns; NULL for all';
COMMENT ON COLUMN governance.consumer.purpose IS 'what for';
COMMENT ON COLUMN governance.consumer.valid_until IS 'end of the contract';
COMMENT ON COLUMN governance.consumer.declared_at IS 'when';
COMMENT ON COLUMN governance.consumer.declared_by IS 'current_user of that moment';

-- Which role a name means, like binding for relations: oids mean nothing elsewhere, so it is not dumped.
CREATE TABLE governance.role_binding (
    place text NOT NULL,
    role text NOT NULL,
    role_oid oid NOT NULL,
    PRIMARY KEY (place, role)
);
COMMENT ON TABLE governance.role_binding IS 'which role was meant where a declaration names one; not dumped';
COMMENT ON COLUMN governance.role_binding.place IS 'where it is named: a duty, a party, writers, leave to unmask a tag';
COMMENT ON COLUMN governance.role_binding.role IS 'the name there';
COMMENT ON COLUMN governance.role_binding.role_oid IS 'the role that bore it when it was named';

CREATE TABLE governance.manifest_comment (
    is_whole boolean PRIMARY KEY DEFAULT true CHECK (is_whole),
    comment text NOT NULL
);
COMMENT ON TABLE governance.manifest_comment IS 'the comment on the manifest as a whole: one row';
COMMENT ON COLUMN governance.manifest_comment.is_whole IS 'always true';
COMMENT ON COLUMN governance.manifest_comment.comment IS 'words for whoever reads the file';

CREATE TABLE governance.decision (
    title text PRIMARY KEY,
    kind text NOT NULL DEFAULT 'store',
    objects text[] NOT NULL DEFAULT '{}',
    access_pattern text,
    alternatives jsonb NOT NULL DEFAULT '[]',
    owner text,
    review_by date,
    status text NOT NULL DEFAULT 'accepted' CHECK (status = ANY ('{proposed,accepted,rejected,superseded}')),
    workload jsonb,
    recorded_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    recorded_by text NOT NULL DEFAULT current_user,
    comment text
);
COMMENT ON TABLE governance.decision IS 'recorded decisions (ADRs): which store for which access pattern, and why';
COMMENT ON COLUMN governance.decision.comment IS 'comment that the manifest keeps';
COMMENT ON COLUMN governance.decision.title IS 'unique title';
COMMENT ON COLUMN governance.decision.kind IS 'store, graph, consistency, …';
COMMENT ON COLUMN governance.decision.objects IS 'what it is about: extensions, servers, publications, relations';
COMMENT ON COLUMN governance.decision.access_pattern IS 'the access pattern it was made for';
COMMENT ON COLUMN governance.decision.alternatives IS 'alternatives and why they were rejected';
COMMENT ON COLUMN governance.decision.owner IS 'the party that answers for it';
COMMENT ON COLUMN governance.decision.review_by IS 'when it has to be looked at again';
COMMENT ON COLUMN governance.decision.status IS 'proposed, accepted, rejected or superseded, as in MADR; only accepted ones count';
COMMENT ON COLUMN governance.decision.workload IS 'what the database did until then, to see whether it still does';
COMMENT ON COLUMN governance.decision.recorded_at IS 'when';
COMMENT ON COLUMN governance.decision.recorded_by IS 'current_user of that moment';

CREATE TABLE governance.duty (
    duty text NOT NULL CHECK (duty = ANY ('{operator,auditor,backup}')),
    role text NOT NULL,
    scope text NOT NULL DEFAULT '',
    granted_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    granted_by text NOT NULL DEFAULT current_user,
    comment text,
    PRIMARY KEY (duty, role, scope)
);
COMMENT ON TABLE governance.duty IS 'roles that hold a duty: operator, auditor, backup';
COMMENT ON COLUMN governance.duty.comment IS 'comment that the manifest keeps';
COMMENT ON COLUMN governance.duty.duty IS 'operator, auditor or backup';
COMMENT ON COLUMN governance.duty.role IS 'role name; its members hold the duty too';
COMMENT ON COLUMN governance.duty.scope IS 'where; empty for the whole database';
COMMENT ON COLUMN governance.duty.granted_at IS 'when';
COMMENT ON COLUMN governance.duty.granted_by IS 'current_user of that moment';

CREATE TABLE governance.feature (
    feature text PRIMARY KEY,
    default_undeclared text NOT NULL,
    default_declared text NOT NULL,
    default_bulk text NOT NULL,
    default_analytical text NOT NULL,
    rungs text[] NOT NULL DEFAULT '{off,observe,warn,enforce}',
    mode text NOT NULL DEFAULT 'installed',
    description text NOT NULL,
    refuses text
);
COMMENT ON TABLE governance.feature IS 'what has a level, its shipped defaults, rungs and the mode it needs';
COMMENT ON COLUMN governance.feature.feature IS 'dotted path';
COMMENT ON COLUMN governance.feature.default_undeclared IS 'default for relations nobody declared';
COMMENT ON COLUMN governance.feature.default_declared IS 'default for datasets declared one by one';
COMMENT ON COLUMN governance.feature.default_bulk IS 'default for datasets declared in bulk';
COMMENT ON COLUMN governance.feature.default_analytical IS 'default for class analytical, wins over the other three';
COMMENT ON COLUMN governance.feature.rungs IS 'levels it can take';
COMMENT ON COLUMN governance.feature.mode IS 'least mode that holds it';
COMMENT ON COLUMN governance.feature.description IS 'what it does';
COMMENT ON COLUMN governance.feature.refuses IS 'what warn warns about and enforce refuses, in words; NULL where others below it do, or nothing is';

-- A level as it is (level), as it was before the last change (was_level, with its floor) and the transaction that
-- changed it. Weakening takes effect only after commit: while changed_by_xid is the reader's own transaction, the
-- stricter of both states holds. level NULL: reset; was_level NULL: there was none.
CREATE TABLE governance.level (
    feature text NOT NULL,
    scope text NOT NULL DEFAULT '',
    level text CHECK (level = ANY ('{off,observe,warn,enforce}')),
    floor boolean NOT NULL DEFAULT false,
    was_level text,
    was_floor boolean NOT NULL DEFAULT false,
    was_valid_until timestamptz,
    changed_by_xid xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id(),
    reason text,
    valid_until timestamptz,
    set_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    set_by text NOT NULL DEFAULT current_user,
    comment text,
    PRIMARY KEY (feature, scope)
);
CREATE INDEX level_scope_idx ON governance.level (scope);
COMMENT ON TABLE governance.level IS 'levels that somebody set; defaults are in governance.feature';
COMMENT ON COLUMN governance.level.comment IS 'comment that the manifest keeps';
COMMENT ON COLUMN governance.level.feature IS 'feature, hazard (guard.data_loss) or rule (guard.ban-drop-column)';
COMMENT ON COLUMN governance.level.scope IS 'empty for the database, else schema:…, class:… or dataset:…';
COMMENT ON COLUMN governance.level.level IS 'off, observe, warn or enforce; NULL once reset';
COMMENT ON COLUMN governance.level.floor IS 'narrower scopes cannot go below it';
COMMENT ON COLUMN governance.level.was_level IS 'level before the last change';
COMMENT ON COLUMN governance.level.was_floor IS 'floor before the last change';
COMMENT ON COLUMN governance.level.was_valid_until IS 'end before the last change: what had ended by itself counts no more';
COMMENT ON COLUMN governance.level.changed_by_xid IS 'transaction of the last change';
COMMENT ON COLUMN governance.level.reason IS 'why';
COMMENT ON COLUMN governance.level.valid_until IS 'end; after it the level no longer counts';
COMMENT ON COLUMN governance.level.set_at IS 'when';
COMMENT ON COLUMN governance.level.set_by IS 'current_user of that moment';

CREATE TABLE governance.proposal (
    id bigint PRIMARY KEY,
    kind text NOT NULL,
    schema_name text,
    relation_name text,
    column_name text,
    value text NOT NULL,
    confidence real NOT NULL CHECK (confidence >= 0 AND confidence <= 1),
    evidence jsonb NOT NULL DEFAULT '{}',
    state text NOT NULL DEFAULT 'open' CHECK (state = ANY ('{open,accepted,rejected}')),
    proposed_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    decided_at timestamptz,
    decided_by text,
    reason text
);
CREATE INDEX proposal_schema_name_relation_name_idx ON governance.proposal (schema_name, relation_name);
COMMENT ON TABLE governance.proposal IS 'declarations the product guesses, and what became of them';
COMMENT ON COLUMN governance.proposal.id IS 'hash of kind, object and value: the same guess has the same id, so what was rejected stays rejected';
COMMENT ON COLUMN governance.proposal.kind IS 'owner, class, domain, concept, consumer, tag or identity';
COMMENT ON COLUMN governance.proposal.schema_name IS 'schema of the relation';
COMMENT ON COLUMN governance.proposal.relation_name IS 'name of the relation';
COMMENT ON COLUMN governance.proposal.column_name IS 'column, for tags';
COMMENT ON COLUMN governance.proposal.value IS 'what is proposed';
COMMENT ON COLUMN governance.proposal.confidence IS 'between 0 and 1';
COMMENT ON COLUMN governance.proposal.evidence IS 'why, as counts and names, never values';
COMMENT ON COLUMN governance.proposal.state IS 'open, accepted or rejected';
COMMENT ON COLUMN governance.proposal.proposed_at IS 'when it was guessed';
COMMENT ON COLUMN governance.proposal.decided_at IS 'when it was accepted or rejected';
COMMENT ON COLUMN governance.proposal.decided_by IS 'by whom';
COMMENT ON COLUMN governance.proposal.reason IS 'why it was rejected';

------------------------------------------------------------------------------------------------------------ shipped rows
INSERT INTO governance.database_identity (system_identifier, database_oid)
    SELECT system_identifier, (SELECT oid FROM pg_database WHERE datname = current_database()) FROM pg_control_system();

INSERT INTO governance.feature
    (feature, default_undeclared, default_declared, default_bulk, default_analytical, rungs, mode, description) VALUES
    ('guard', 'observe', 'warn', 'observe', 'observe', '{off,observe,warn,enforce}', 'installed', 'DDL guard as a whole: all hazards below it'),
    ('guard.data_loss', 'observe', 'enforce', 'warn', 'observe', '{off,observe,warn,enforce}', 'installed', 'statements that lose data'),
    ('guard.breaks_clients', 'observe', 'warn', 'observe', 'observe', '{off,observe,warn,enforce}', 'installed', 'statements that break readers and writers'),
    ('guard.availability', 'observe', 'warn', 'observe', 'observe', '{off,observe,warn,enforce}', 'installed', 'statements that block or rewrite for long'),
    ('guard.security', 'observe', 'warn', 'observe', 'observe', '{off,observe,warn,enforce}', 'installed', 'statements that expose rows or switch protection off'),
    ('privacy', 'off', 'enforce', 'enforce', 'enforce', '{off,observe,enforce}', 'installed', 'tags and masks as a whole'),
    ('privacy.masks', 'off', 'enforce', 'enforce', 'enforce', '{off,observe,enforce}', 'installed', 'masks on tagged columns: export_query() in every mode, SELECT, COPY and pg_dump of masked roles when attached'),
    ('privacy.unclassified', 'off', 'off', 'off', 'off', '{off,observe,warn,enforce}', 'installed', 'new columns of declared or tagged relations: tagged unclassified (observe), said (warn), masked until classified (enforce)'),
    ('privacy.exports', 'observe', 'observe', 'observe', 'observe', '{off,observe,warn,enforce}', 'installed', 'exports with small classes of quasi-identifiers, or with what looks like personal data: recorded in the receipt, warned about, refused before the first line'),
    ('lineage.tags', 'off', 'observe', 'observe', 'observe', '{off,observe,warn,enforce}', 'installed', 'flows that move a tagged column into an untagged one'),
    ('boundary', 'off', 'observe', 'observe', 'observe', '{off,observe,warn,enforce}', 'installed', 'boundaries as a whole'),
    ('boundary.writers', 'off', 'observe', 'observe', 'observe', '{off,observe,warn,enforce}', 'installed', 'writes by roles that are not declared writers');

UPDATE governance.feature f SET refuses = w.words
  FROM (VALUES ('guard.data_loss', 'statements that lose data'),
               ('guard.breaks_clients', 'statements that break readers and writers'),
               ('guard.availability', 'statements that block or rewrite for long'),
               ('guard.security', 'statements that expose rows or switch protection off'),
               ('privacy.exports', 'exports that may identify persons'),
               ('boundary.writers', 'writes by roles that are not declared writers')) w (feature, words)
 WHERE f.feature = w.feature;

INSERT INTO governance.tag (name, description, mask, mask_args, shipped) VALUES
    ('pii', 'data about a person', 'null', '{}', true),
    ('pii.name', 'name of a person', 'name', '{}', true),
    ('pii.name.user', 'name under which a person logs in or is known to others', 'partial', '{"left": 1, "right": 0}', true),
    ('pii.contact', 'how to reach a person', 'null', '{}', true),
    ('pii.contact.email', 'e-mail address', 'email', '{}', true),
    ('pii.contact.phone', 'telephone or fax number', 'phone', '{}', true),
    ('pii.contact.address', 'postal address or part of it', 'address', '{}', true),
    ('pii.birth_date', 'date of birth', 'date_trunc', '{"unit": "year"}', true),
    ('pii.national_id', 'number that a state gave a person: social security, passport, tax', 'national_id', '{"distinct": true}', true),
    ('pii.financial', 'accounts and payments of a person', 'null', '{}', true),
    ('pii.financial.account', 'account number of a person that is no IBAN', 'partial', '{"left": 0, "right": 2}', true),
    ('pii.financial.card', 'payment card number', 'card', '{}', true),
    ('pii.financial.iban', 'bank account number', 'iban', '{}', true),
    ('pii.network', 'network identifiers of a person', 'null', '{}', true),
    ('pii.network.ip', 'IP address', 'ip', '{}', true),
    ('pii.network.device', 'identifies a device of a person: MAC address, IMEI, advertising id', 'pseudonym', '{}', true),
    ('pii.location', 'position of a person', 'null', '{}', true),
    ('pii.free_text', 'free text that may name persons', 'constant', '{"value": "[text]"}', true),
    ('secret', 'what must not be known', 'null', '{}', true),
    ('secret.credential', 'password, token, key or their hash', 'null', '{}', true),
    ('health', 'data about health', 'null', '{}', true),
    ('unclassified', 'new column that nobody has classified yet', 'null', '{}', true),
    ('quasi', 'identifies a person together with other columns: postcode, age, profession', 'null', '{}', true);

------------------------------------------------------------------------------------------------------------------- views
-- Live declarations: what was forgotten or untagged holds until that transaction has committed.
CREATE VIEW governance._dataset AS
    SELECT * FROM governance.dataset d
     WHERE d.forgotten_by_xid IS NULL OR d.forgotten_by_xid = pg_current_xact_id_if_assigned();
CREATE VIEW governance._column_tag AS
    SELECT * FROM governance.column_tag t
     WHERE t.untagged_by_xid IS NULL OR t.untagged_by_xid = pg_current_xact_id_if_assigned();

-- Every relation of the users: not the catalogs, not temporary, not ours, not another extension's.
CREATE VIEW governance._user_relation AS
    SELECT c.oid AS relid, n.nspname::text AS schema_name, c.relname::text AS relation_name, c.relkind, c.relowner,
           c.relispartition, c.reltuples, c.relpages, c.relpersistence
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
       AND c.relpersistence <> 't'
       AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'governance')
       AND NOT EXISTS (SELECT FROM pg_depend e
                        WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.objsubid = 0 AND e.deptype = 'e');

CREATE VIEW governance.datasets WITH (security_barrier) AS
    SELECT r.relid::regclass AS relation,
           CASE r.relkind WHEN 'r' THEN CASE WHEN r.relispartition THEN 'partition' ELSE 'table' END
                          WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view'
                          WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' END AS kind,
           d.owner, d.class, d.schema_name IS NOT NULL AS declared,
           d.steward, d.domain, d.concept, d.arbiter, d.consistency, d.max_staleness, d.description,
           d.in_bulk, d.declared_at, d.declared_by, r.schema_name, r.relation_name
      FROM governance._user_relation r
      LEFT JOIN governance._dataset d ON d.schema_name = r.schema_name AND d.relation_name = r.relation_name
     WHERE governance._may_see(r.relid)
     ORDER BY r.schema_name, r.relation_name;

CREATE VIEW governance.parties AS
    SELECT p.name, p.kind, p.db_roles, p.contact,
           (SELECT count(*) FROM governance._dataset d WHERE d.owner = p.name) AS owns,
           (SELECT count(*) FROM governance._dataset d WHERE d.steward = p.name) AS stewards,
           p.declared_at, p.declared_by
      FROM governance.party p
     ORDER BY p.name;

CREATE VIEW governance.column_tags WITH (security_barrier) AS
    SELECT governance._relation_named(t.schema_name, t.relation_name) AS relation, t.column_name, t.tag,
           nullif(t.path, '') AS path, t.source, t.tagged_at, t.tagged_by, t.schema_name, t.relation_name
      FROM governance._column_tag t
     WHERE governance._may_see(governance._relation_named(t.schema_name, t.relation_name))
     ORDER BY t.schema_name, t.relation_name, t.column_name, t.tag;

CREATE VIEW governance.consumers WITH (security_barrier) AS
    SELECT governance._relation_named(c.schema_name, c.relation_name) AS relation, c.party, c.columns, c.purpose,
           c.valid_until, c.declared_at, c.declared_by
      FROM governance.consumer c
     WHERE governance._may_see(governance._relation_named(c.schema_name, c.relation_name))
     ORDER BY c.schema_name, c.relation_name, c.party;

CREATE VIEW governance.decisions AS
    SELECT title, kind, objects, access_pattern, alternatives, owner, review_by, recorded_at, recorded_by, status, workload
      FROM governance.decision ORDER BY title;

CREATE VIEW governance.tags AS
    SELECT name AS tag, description, mask, mask_args, shipped FROM governance.tag ORDER BY name;

CREATE VIEW governance.features AS
    SELECT feature, default_declared AS "default", rungs, mode, description,
           default_undeclared, default_bulk, default_analytical
      FROM governance.feature ORDER BY feature;

CREATE VIEW governance.levels AS
    SELECT feature, nullif(scope, '') AS scope, level, floor, reason, valid_until, set_at, set_by
      FROM governance.level
     WHERE level IS NOT NULL AND (valid_until IS NULL OR valid_until > now())
     ORDER BY feature, scope;

CREATE VIEW governance.duties WITH (security_barrier) AS
    SELECT duty, role, nullif(scope, '') AS scope, granted_at, granted_by
      FROM governance.duty WHERE governance._may_see(NULL) ORDER BY duty, role, scope;


---------------------------------------------------------------------------------------------------------------- triggers
ALTER FUNCTION governance._touch_cache() SET search_path = pg_catalog, pg_temp;
-- Backends cache tags, masks, masked roles and levels; any write to these tables tells them all to look again.
CREATE TRIGGER data_governance_touch AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON governance.column_tag
    FOR EACH STATEMENT EXECUTE FUNCTION governance._touch_cache();
CREATE TRIGGER data_governance_touch AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON governance.tag
    FOR EACH STATEMENT EXECUTE FUNCTION governance._touch_cache();
CREATE TRIGGER data_governance_touch AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON governance.level
    FOR EACH STATEMENT EXECUTE FUNCTION governance._touch_cache();
CREATE TRIGGER data_governance_touch AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON governance.dataset
    FOR EACH STATEMENT EXECUTE FUNCTION governance._touch_cache();
CREATE TRIGGER data_governance_touch AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON governance.duty
    FOR EACH STATEMENT EXECUTE FUNCTION governance._touch_cache();
CREATE TRIGGER data_governance_touch AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON governance.role_binding
    FOR EACH STATEMENT EXECUTE FUNCTION governance._touch_cache();
ALTER TABLE governance.role_binding ENABLE ALWAYS TRIGGER data_governance_touch;
CREATE TRIGGER data_governance_touch AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON governance.party
    FOR EACH STATEMENT EXECUTE FUNCTION governance._touch_cache();
CREATE TRIGGER data_governance_touch AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON governance.database_identity
    FOR EACH STATEMENT EXECUTE FUNCTION governance._touch_cache();
ALTER TABLE governance.column_tag ENABLE ALWAYS TRIGGER data_governance_touch;
ALTER TABLE governance.tag ENABLE ALWAYS TRIGGER data_governance_touch;
ALTER TABLE governance.level ENABLE ALWAYS TRIGGER data_governance_touch;
ALTER TABLE governance.dataset ENABLE ALWAYS TRIGGER data_governance_touch;
ALTER TABLE governance.database_identity ENABLE ALWAYS TRIGGER data_governance_touch;
ALTER TABLE governance.party ENABLE ALWAYS TRIGGER data_governance_touch;
ALTER TABLE governance.duty ENABLE ALWAYS TRIGGER data_governance_touch;

-- A dump carries the identity of the database it was made in; the time it arrived here is ours to say.
CREATE FUNCTION governance._stamp_arrival() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM governance.database_identity i
                WHERE i.system_identifier = NEW.system_identifier AND i.database_oid = NEW.database_oid) THEN
        RETURN NULL;    -- restored into the database it came from: CREATE EXTENSION has written this row already
    END IF;
    NEW.arrived_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER data_governance_arrival BEFORE INSERT ON governance.database_identity
    FOR EACH ROW EXECUTE FUNCTION governance._stamp_arrival();
ALTER TABLE governance.database_identity ENABLE ALWAYS TRIGGER data_governance_arrival;
COMMENT ON FUNCTION governance._stamp_arrival() IS 'stamps rows of database_identity with the time they arrive';

-- A time in one form, whatever DateStyle and TimeZone are: for the manifest.
CREATE FUNCTION governance._iso_time(at timestamptz) RETURNS text LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN CASE WHEN isfinite(at) THEN to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') ELSE at::text END;
COMMENT ON FUNCTION governance._iso_time(timestamptz) IS 'a time in ISO 8601, in UTC';

------------------------------------------------------------------------------------------------------------------ grants
GRANT SELECT ON governance.datasets, governance.column_tags, governance.consumers, governance.parties, governance.tags,
                governance.features, governance.levels, governance.decisions TO PUBLIC;
-- It shows its rows to operators, auditors and pg_monitor only.
GRANT SELECT ON governance.duties TO PUBLIC;

---------------------------------------------------------------------------------------------------------------- comments
COMMENT ON VIEW governance._dataset IS 'declarations that hold now';
COMMENT ON VIEW governance._column_tag IS 'column tags that hold now';
COMMENT ON VIEW governance._user_relation IS 'relations of the users';
COMMENT ON VIEW governance.datasets IS 'every user relation the caller may see, declared or not';
COMMENT ON VIEW governance.parties IS 'declared parties and how much they own';
COMMENT ON VIEW governance.column_tags IS 'which column holds what';
COMMENT ON VIEW governance.consumers IS 'declared consumers of datasets';
COMMENT ON VIEW governance.decisions IS 'recorded decisions';
COMMENT ON VIEW governance.tags IS 'the vocabulary of tags with their default masks';
COMMENT ON VIEW governance.features IS 'what has a level, with the shipped default for a dataset declared one by one';
COMMENT ON VIEW governance.levels IS 'levels that somebody set';
COMMENT ON VIEW governance.duties IS 'roles that hold a duty';

------------------------------------------------------------------------------------------- configuration data for pg_dump
-- Not the mark of a restore that is under way (restore.sql).
SELECT pg_extension_config_dump('governance.database_identity', 'WHERE system_identifier <> 0');
SELECT pg_extension_config_dump('governance.party', '');
SELECT pg_extension_config_dump('governance.dataset', '');
SELECT pg_extension_config_dump('governance.former_name', '');
SELECT pg_extension_config_dump('governance.former_column', '');
SELECT pg_extension_config_dump('governance.tag', 'WHERE NOT shipped');
SELECT pg_extension_config_dump('governance.column_tag', '');
SELECT pg_extension_config_dump('governance.consumer', '');
SELECT pg_extension_config_dump('governance.decision', '');
SELECT pg_extension_config_dump('governance.manifest_comment', '');
SELECT pg_extension_config_dump('governance.duty', '');
SELECT pg_extension_config_dump('governance.level', '');
SELECT pg_extension_config_dump('governance.proposal', '');
