-- audit: one log for row changes and for the product's own acts.

----------------------------------------------------------------------------------------------------------------- tables
-- No sequence key: rows written while a dump is restored would collide with those it brings. The id is a UUID of
-- version 7 (RFC 9562): it orders by time, and the rows of one session exactly.
CREATE TABLE governance.audit_entry (
    id uuid PRIMARY KEY DEFAULT governance._uuid(),
    kind text NOT NULL CHECK (kind IN ('row', 'act')),
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    op text NOT NULL,
    object text,
    schema_name text,
    relation_name text,
    key jsonb,
    old_row jsonb,
    new_row jsonb,
    changed_columns text[],
    db_role text NOT NULL,
    session_role text NOT NULL,
    actor text,
    application text,
    client_addr inet,
    reason text,
    statement text
);
