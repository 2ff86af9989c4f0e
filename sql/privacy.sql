-- privacy: masks, masked roles, grants to unmask, keys, receipts.

----------------------------------------------------------------------------------------------------------------- tables
-- A mask as it is and as it was before the last change: while changed_by_xid is the reader's own transaction, the
-- stricter of both holds. mask NULL: reset.
CREATE TABLE governance.mask (
    tag text NOT NULL,
    recipient text NOT NULL DEFAULT '',
    role text NOT NULL DEFAULT '',
    mask text,
    args jsonb,
    was_mask text NOT NULL,
    was_args jsonb NOT NULL DEFAULT '{}',
    changed_by_xid xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id(),
    reason text,
    set_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    set_by text NOT NULL DEFAULT current_user,
    comment text,
    PRIMARY KEY (tag, recipient, role),
    CHECK (recipient = '' OR role = '')
);
COMMENT ON TABLE governance.mask IS 'masks that somebody chose; defaults are in governance.tag';
COMMENT ON COLUMN governance.mask.comment IS 'comment that the manifest keeps';
COMMENT ON COLUMN governance.mask.tag IS 'the tag';
COMMENT ON COLUMN governance.mask.recipient IS 'for whom; empty for everybody';
COMMENT ON COLUMN governance.mask.role IS 'for members of which role; empty for everybody';
COMMENT ON COLUMN governance.mask.mask IS 'the mask; NULL once reset';
COMMENT ON COLUMN governance.mask.args IS 'its arguments';
COMMENT ON COLUMN governance.mask.was_mask IS 'the mask that held before the last change';
COMMENT ON COLUMN governance.mask.was_args IS 'its arguments';
COMMENT ON COLUMN governance.mask.changed_by_xid IS 'transaction of the last change';
COMMENT ON COLUMN governance.mask.reason IS 'why';
COMMENT ON COLUMN governance.mask.set_at IS 'when';
COMMENT ON COLUMN governance.mask.set_by IS 'current_user of that moment';

CREATE TABLE governance.masked_role (
    role text PRIMARY KEY,
    role_oid oid,
    since timestamptz NOT NULL DEFAULT pg_catalog.now(),
    by text NOT NULL DEFAULT current_user,
    unmasked_by_xid xid8,
    comment text
);
COMMENT ON TABLE governance.masked_role IS 'roles whose members see masks';
COMMENT ON COLUMN governance.masked_role.comment IS 'comment that the manifest keeps';
COMMENT ON COLUMN governance.masked_role.role IS 'role name; public is everybody';
COMMENT ON COLUMN governance.masked_role.role_oid IS 'by which the role is found when it was renamed';
COMMENT ON COLUMN governance.masked_role.since IS 'when';
COMMENT ON COLUMN governance.masked_role.by IS 'current_user of that moment';
COMMENT ON COLUMN governance.masked_role.unmasked_by_xid IS 'transaction that unmasked it; until that commits it is masked';

CREATE TABLE governance.unmask_grant (
    role text NOT NULL,
    tag text NOT NULL,
    reason text NOT NULL,
    valid_until timestamptz,
    granted_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    granted_by text NOT NULL DEFAULT current_user,
    granted_by_xid xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id(),
    PRIMARY KEY (role, tag)
);
COMMENT ON TABLE governance.unmask_grant IS 'leave for members of a role to see what a tag masks';
COMMENT ON COLUMN governance.unmask_grant.role IS 'role name';
COMMENT ON COLUMN governance.unmask_grant.tag IS 'the tag, and all below it';
COMMENT ON COLUMN governance.unmask_grant.reason IS 'why';
COMMENT ON COLUMN governance.unmask_grant.valid_until IS 'end; NULL for none';
COMMENT ON COLUMN governance.unmask_grant.granted_at IS 'when';
COMMENT ON COLUMN governance.unmask_grant.granted_by IS 'current_user of that moment';
COMMENT ON COLUMN governance.unmask_grant.granted_by_xid IS 'transaction that granted it; until that commits it does not count';

CREATE TABLE governance.key (
    id uuid PRIMARY KEY DEFAULT governance._uuid(),
    recipient text NOT NULL DEFAULT '',
    epoch integer NOT NULL,
    nonce bytea,
    wrapped bytea,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    created_by text NOT NULL DEFAULT current_user,
    reason text,
    destroyed_at timestamptz,
    destroyed_by text,
    UNIQUE (recipient, epoch),
    CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL) AND (wrapped IS NULL) = (nonce IS NULL))
);
COMMENT ON TABLE governance.key IS 'keys of masks, wrapped (XChaCha20-Poly1305) by the key that governance.key_file or governance.key_command gives';
COMMENT ON COLUMN governance.key.id IS 'what receipts and plans call it by';
COMMENT ON COLUMN governance.key.recipient IS 'whose key it is; empty for everybody without one of their own';
COMMENT ON COLUMN governance.key.epoch IS 'counts the keys of a recipient; the last one is in use';
COMMENT ON COLUMN governance.key.nonce IS 'nonce of the wrapping';
COMMENT ON COLUMN governance.key.wrapped IS 'the wrapped key; NULL once destroyed';
COMMENT ON COLUMN governance.key.reason IS 'why it was made or destroyed';
COMMENT ON COLUMN governance.key.destroyed_at IS 'when it was destroyed';
COMMENT ON COLUMN governance.key.destroyed_by IS 'current_user of that moment';
COMMENT ON COLUMN governance.key.created_at IS 'when it was made';
COMMENT ON COLUMN governance.key.created_by IS 'current_user of that moment';

CREATE TABLE governance.export_threshold (
    recipient text PRIMARY KEY,
    min_k integer,
    was_k integer NOT NULL,
    changed_by_xid xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id(),
    reason text,
    set_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    set_by text NOT NULL DEFAULT current_user
);
COMMENT ON TABLE governance.export_threshold IS 'how few rows may share their quasi-identifiers in an export, where somebody chose; 5 otherwise';
COMMENT ON COLUMN governance.export_threshold.recipient IS 'for whom; empty for everybody';
COMMENT ON COLUMN governance.export_threshold.min_k IS 'how few; NULL once reset';
COMMENT ON COLUMN governance.export_threshold.was_k IS 'what held before the last change';
COMMENT ON COLUMN governance.export_threshold.changed_by_xid IS 'transaction of the last change: in it the greater of both holds';
COMMENT ON COLUMN governance.export_threshold.reason IS 'why';
COMMENT ON COLUMN governance.export_threshold.set_at IS 'when';
COMMENT ON COLUMN governance.export_threshold.set_by IS 'current_user of that moment';

CREATE TABLE governance.export_receipt (
    id uuid PRIMARY KEY,
    recorded_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    exported_by text NOT NULL,
    session_role text NOT NULL,
    receipt jsonb NOT NULL
);
COMMENT ON TABLE governance.export_receipt IS 'evidence of each export; where its transaction rolled back or could not write, a line in the server log, and a row of the background worker''s in mode preloaded';
COMMENT ON COLUMN governance.export_receipt.id IS 'orders by time';
COMMENT ON COLUMN governance.export_receipt.recorded_at IS 'when the row was written';
COMMENT ON COLUMN governance.export_receipt.exported_by IS 'current_user of the export';
COMMENT ON COLUMN governance.export_receipt.session_role IS 'who had logged in';
COMMENT ON COLUMN governance.export_receipt.receipt IS 'the receipt; its field digest is SHA-256 over all others';

CREATE TABLE governance.export_receipt_gap (
    id uuid PRIMARY KEY DEFAULT governance._uuid(),
    recorded_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    lost bigint NOT NULL
);
COMMENT ON TABLE governance.export_receipt_gap IS 'receipts that the background worker could not store, since too many waited or one was too long: they are in the server log only';
COMMENT ON COLUMN governance.export_receipt_gap.id IS 'orders by time';
COMMENT ON COLUMN governance.export_receipt_gap.recorded_at IS 'when that was noticed';
COMMENT ON COLUMN governance.export_receipt_gap.lost IS 'how many';

-------------------------------------------------------------------------------------------------------------- functions
-- STRICT keeps NULLs. Not IMMUTABLE where a key decides; _mask names its key, and is. The raw functions run once per value and resolve no name, so
-- they have no SET clause: it would cost many times the mask. _mask is what the planner hook puts in place of a column
-- of any type; the others are for users, with the arguments of the mask whose name they bear. Those that are keyed are
-- not for PUBLIC: who can call them can find out by guessing.
CREATE FUNCTION governance._mask(value anyelement, spec text, key text, subject text) RETURNS anyelement
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask';
CREATE FUNCTION governance.mask_partial(value text, "left" integer DEFAULT 1, "right" integer DEFAULT 0, pad text DEFAULT '***') RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_email(value text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_phone(value text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_card(value text, first integer DEFAULT 0, last integer DEFAULT 4) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_iban(value text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_national_id(value text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_name(value text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_address(value text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_ip(value text, v4 integer DEFAULT 24, v6 integer DEFAULT 48) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_ip(value inet, v4 integer DEFAULT 24, v6 integer DEFAULT 48) RETURNS inet
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_url(value text, host boolean DEFAULT true) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_date_trunc(value date, unit text DEFAULT 'year') RETURNS date
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_date_trunc(value timestamp, unit text DEFAULT 'year') RETURNS timestamp
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_date_trunc(value timestamptz, unit text DEFAULT 'year') RETURNS timestamptz
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_date_trunc(value text, unit text DEFAULT 'year') RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_bucket(value bigint, size numeric, max numeric DEFAULT NULL) RETURNS bigint
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_bucket(value numeric, size numeric, max numeric DEFAULT NULL) RETURNS numeric
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_bucket(value double precision, size numeric, max numeric DEFAULT NULL) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_bucket(value date, size integer, max numeric DEFAULT NULL) RETURNS date
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_bucket(value text, size numeric, max numeric DEFAULT NULL) RETURNS text
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_range(value numeric, size numeric, max numeric DEFAULT NULL) RETURNS text
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_range(value text, size numeric, max numeric DEFAULT NULL) RETURNS text
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_scrub(value text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_default(value anyelement) RETURNS anyelement
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_pseudonym(value text, recipient text DEFAULT '', digits integer DEFAULT 32, domain text DEFAULT '') RETURNS text
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_pseudonym(value uuid, recipient text DEFAULT '', digits integer DEFAULT 32, domain text DEFAULT '') RETURNS uuid
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_pseudonym(value bigint, recipient text DEFAULT '', digits integer DEFAULT 32, domain text DEFAULT '') RETURNS bigint
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_pseudonym(value numeric, recipient text DEFAULT '', digits integer DEFAULT 32, domain text DEFAULT '') RETURNS numeric
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_pseudonym(value bytea, recipient text DEFAULT '', digits integer DEFAULT 32, domain text DEFAULT '') RETURNS bytea
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_fpe(value text, domain text DEFAULT '', recipient text DEFAULT '') RETURNS text
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_fpe(value bigint, domain text DEFAULT '', recipient text DEFAULT '') RETURNS bigint
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_fake(value text, kind text DEFAULT 'name', locale text DEFAULT 'en', recipient text DEFAULT '') RETURNS text
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_date_shift(value date, subject text, days integer DEFAULT 30, recipient text DEFAULT '') RETURNS date
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_date_shift(value timestamp, subject text, days integer DEFAULT 30, recipient text DEFAULT '') RETURNS timestamp
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_date_shift(value timestamptz, subject text, days integer DEFAULT 30, recipient text DEFAULT '') RETURNS timestamptz
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_noise(value bigint, ratio numeric DEFAULT 0.1, subject text DEFAULT '', recipient text DEFAULT '') RETURNS bigint
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_noise(value numeric, ratio numeric DEFAULT 0.1, subject text DEFAULT '', recipient text DEFAULT '') RETURNS numeric
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_noise(value double precision, ratio numeric DEFAULT 0.1, subject text DEFAULT '', recipient text DEFAULT '') RETURNS double precision
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_noise(value date, days integer DEFAULT 30, subject text DEFAULT '', recipient text DEFAULT '') RETURNS date
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_noise(value timestamp, days integer DEFAULT 30, subject text DEFAULT '', recipient text DEFAULT '') RETURNS timestamp
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_noise(value timestamptz, days integer DEFAULT 30, subject text DEFAULT '', recipient text DEFAULT '') RETURNS timestamptz
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
CREATE FUNCTION governance.mask_json(value jsonb, paths jsonb, recipient text DEFAULT '') RETURNS jsonb
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_call';
-- Called once per line; sets the search path itself, as long as the query runs.
CREATE FUNCTION governance.export_query(query text, format text DEFAULT 'csv', recipient text DEFAULT NULL,
        search_path text DEFAULT pg_catalog.current_setting('search_path'), min_k integer DEFAULT NULL) RETURNS SETOF text
    LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 1000 AS 'MODULE_PATHNAME', 'data_governance_export_query';
CREATE FUNCTION governance.mask_null(value text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$SELECT NULL::text$$;
CREATE FUNCTION governance.mask_constant(value text, constant text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$SELECT CASE WHEN value IS NOT NULL THEN constant END$$;

------------------------------------------------------------------------------------------------------------------- views
CREATE VIEW governance.masks AS
    SELECT mask, arguments, description, types FROM governance._masks();

CREATE VIEW governance.tag_masks AS
    SELECT t.name AS tag, NULL::text AS recipient, coalesce(m.mask, t.mask) AS mask,
           CASE WHEN m.mask IS NULL THEN t.mask_args ELSE m.args END AS args, m.set_at, m.set_by, NULL::text AS role,
           m.tag AS chosen_at
      FROM governance.tag t
      LEFT JOIN LATERAL (
           SELECT * FROM governance.mask m
            WHERE (m.tag = t.name OR starts_with(t.name, m.tag || '.')) AND (m.recipient, m.role) = ('', '') AND m.mask IS NOT NULL
            ORDER BY length(m.tag) DESC LIMIT 1) m ON true
    UNION ALL
    SELECT m.tag, nullif(m.recipient, ''), m.mask, m.args, m.set_at, m.set_by, nullif(m.role, ''), m.tag
      FROM governance.mask m WHERE (m.recipient <> '' OR m.role <> '') AND m.mask IS NOT NULL
     ORDER BY tag, recipient NULLS FIRST, role NULLS FIRST;

CREATE VIEW governance.masked_roles AS
    SELECT role, since, by FROM governance.masked_role m
     WHERE m.unmasked_by_xid IS NULL OR m.unmasked_by_xid = pg_current_xact_id_if_assigned()
     ORDER BY role;

CREATE VIEW governance.keys AS
    SELECT id, nullif(recipient, '') AS recipient, epoch,
           CASE WHEN wrapped IS NULL THEN 'destroyed'
                WHEN epoch = max(epoch) OVER (PARTITION BY recipient) THEN 'in use' ELSE 'retired' END AS state,
           created_at, created_by, destroyed_at, destroyed_by, reason
      FROM governance.key
     ORDER BY key.recipient, epoch;

-- Where the key is another than the one in use, or the mask was changed, no query uses the index any more.
CREATE VIEW governance.mask_indexes WITH (security_barrier) AS
    SELECT i.indrelid::regclass AS relation, i.indexrelid::regclass AS index, pg_get_indexdef(i.indexrelid, 1, true) AS expression,
           k.id AS key_id, i.indisvalid AND (k.id IS NULL AND x.key IS NULL OR k.state = 'in use') AS usable
      FROM pg_depend d
      JOIN pg_index i ON i.indexrelid = d.objid
      LEFT JOIN LATERAL (SELECT (regexp_match(pg_get_indexdef(i.indexrelid, 1, true), '''([0-9a-f-]{36})/'))[1] AS key) x ON true
      LEFT JOIN governance.keys k ON k.id::text = x.key
     WHERE d.refclassid = 'pg_proc'::regclass AND d.refobjid = 'governance._mask(anyelement,text,text,text)'::regprocedure
       AND d.classid = 'pg_class'::regclass AND governance._may_see(i.indrelid)
     ORDER BY i.indrelid::regclass::text, i.indexrelid::regclass::text;

CREATE VIEW governance.unmask_grants AS
    SELECT role, tag, reason, valid_until, granted_at, granted_by FROM governance.unmask_grant
     WHERE valid_until IS NULL OR valid_until > now()
     ORDER BY role, tag;

-- The query's text may hold values, so only those see it who ran it or have a duty.
CREATE VIEW governance.export_receipts WITH (security_barrier) AS
    SELECT id, (receipt ->> 'finished_at')::timestamptz AS exported_at, exported_by, session_role, receipt ->> 'kind' AS kind,
           receipt ->> 'query' AS query, receipt ->> 'format' AS format, receipt ->> 'recipient' AS recipient,
           (receipt ->> 'row_count')::bigint AS row_count, (receipt ->> 'byte_count')::bigint AS byte_count,
           receipt ->> 'sha256' AS sha256, (receipt ->> 'complete')::boolean AS complete, receipt -> 'masked' AS masked,
           receipt -> 'k_anonymity' AS k_anonymity, receipt -> 'found' AS found, receipt
      FROM governance.export_receipt
     WHERE exported_by = current_user OR governance._has_duty('operator') OR governance._has_duty('auditor')
     ORDER BY id;

---------------------------------------------------------------------------------------------------------------- triggers
CREATE TRIGGER data_governance_touch AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON governance.mask
    FOR EACH STATEMENT EXECUTE FUNCTION governance._touch_cache();
CREATE TRIGGER data_governance_touch AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON governance.masked_role
    FOR EACH STATEMENT EXECUTE FUNCTION governance._touch_cache();
CREATE TRIGGER data_governance_touch AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON governance.unmask_grant
    FOR EACH STATEMENT EXECUTE FUNCTION governance._touch_cache();
CREATE TRIGGER data_governance_touch AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON governance.key
    FOR EACH STATEMENT EXECUTE FUNCTION governance._touch_cache();
ALTER TABLE governance.mask ENABLE ALWAYS TRIGGER data_governance_touch;
ALTER TABLE governance.masked_role ENABLE ALWAYS TRIGGER data_governance_touch;
ALTER TABLE governance.unmask_grant ENABLE ALWAYS TRIGGER data_governance_touch;
ALTER TABLE governance.key ENABLE ALWAYS TRIGGER data_governance_touch;

------------------------------------------------------------------------------------------------------------------ grants
GRANT SELECT ON governance.masks, governance.tag_masks, governance.masked_roles, governance.keys, governance.mask_indexes, governance.unmask_grants,
                governance.export_receipts TO PUBLIC;

---------------------------------------------------------------------------------------------------------------- comments
COMMENT ON VIEW governance.masks IS 'the masks there are, mildest first';
COMMENT ON VIEW governance.tag_masks IS 'which mask each tag has, for everybody, for recipients and for members of roles';
COMMENT ON VIEW governance.masked_roles IS 'roles whose members see masks';
COMMENT ON VIEW governance.keys IS 'keys of keyed masks: whose, of which epoch, and whether they are in use; never the keys themselves';
COMMENT ON VIEW governance.mask_indexes IS 'indexes over masks, by which masked roles find rows by masked values, and whether queries can use them now'
;
COMMENT ON VIEW governance.unmask_grants IS 'leave to see what a tag masks';
COMMENT ON VIEW governance.export_receipts IS 'evidence of exports: the caller''s own, or all with a duty';

------------------------------------------------------------------------------------------- configuration data for pg_dump
SELECT pg_extension_config_dump('governance.mask', '');
SELECT pg_extension_config_dump('governance.masked_role', '');
SELECT pg_extension_config_dump('governance.unmask_grant', '');
SELECT pg_extension_config_dump('governance.key', '');
SELECT pg_extension_config_dump('governance.export_threshold', '');
SELECT pg_extension_config_dump('governance.export_receipt', '');
SELECT pg_extension_config_dump('governance.export_receipt_gap', '');
