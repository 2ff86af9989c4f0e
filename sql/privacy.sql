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
    purpose text PRIMARY KEY,
    nonce bytea NOT NULL,
    wrapped bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    created_by text NOT NULL DEFAULT current_user
);
COMMENT ON TABLE governance.key IS 'keys of masks, wrapped (XChaCha20-Poly1305) by the key that governance.key_file or governance.key_command gives';
COMMENT ON COLUMN governance.key.purpose IS 'what it is for: pseudonym';
COMMENT ON COLUMN governance.key.nonce IS 'nonce of the wrapping';
COMMENT ON COLUMN governance.key.wrapped IS 'the wrapped key';
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
-- STRICT keeps NULLs. Not IMMUTABLE where a key decides. The raw functions run once per value and resolve no name, so
-- they have no SET clause: it would cost many times the mask.
CREATE FUNCTION governance.mask_email(value text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_email';
CREATE FUNCTION governance.mask_phone(value text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_phone';
CREATE FUNCTION governance.mask_partial(value text, "left" integer DEFAULT 1, "right" integer DEFAULT 0, pad text DEFAULT '***') RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_partial';
CREATE FUNCTION governance.mask_pseudonym(value text, recipient text DEFAULT '') RETURNS text
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_mask_pseudonym';
CREATE FUNCTION governance._pseudonym(value text, recipient text) RETURNS text
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'data_governance_pseudonym';
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
GRANT SELECT ON governance.masks, governance.tag_masks, governance.masked_roles, governance.unmask_grants,
                governance.export_receipts TO PUBLIC;

---------------------------------------------------------------------------------------------------------------- comments
COMMENT ON VIEW governance.masks IS 'the masks there are, mildest first';
COMMENT ON VIEW governance.tag_masks IS 'which mask each tag has, for everybody, for recipients and for members of roles';
COMMENT ON VIEW governance.masked_roles IS 'roles whose members see masks';
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
