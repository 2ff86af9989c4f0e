-- change: expand/contract changes.

----------------------------------------------------------------------------------------------------------------- tables
CREATE TABLE governance.change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    schema_name text NOT NULL,
    relation_name text NOT NULL,
    ddl text NOT NULL,
    up text,
    down text,
    reason text NOT NULL,
    state text NOT NULL DEFAULT 'proposed'
        CHECK (state IN ('proposed', 'approved', 'expanding', 'ready', 'contracted', 'done', 'aborted', 'undone')),
    fingerprint text NOT NULL,
    proposed_by text NOT NULL,
    proposed_session text NOT NULL,
    proposed_at timestamptz NOT NULL DEFAULT now(),
    approved_by text,
    approved_session text,
    approved_at timestamptz,
    approved_until timestamptz,
    comment text,
    waived text[] NOT NULL DEFAULT '{}',
    columns text[] NOT NULL DEFAULT '{}',
    adds text[] NOT NULL DEFAULT '{}',
    takes text[] NOT NULL DEFAULT '{}',
    whole boolean NOT NULL DEFAULT false,
    quarantine_name text,
    aliases text[] NOT NULL DEFAULT '{}',
    prelude text,
    stand_in text,
    probe text,
    kept jsonb NOT NULL DEFAULT '{}',
    verified_at timestamptz,
    contracted_by text,
    contracted_at timestamptz,
    by_own_ddl boolean,
    quarantine_until timestamptz,
    ended_at timestamptz,
    waits_for text,
    last_error text
);
CREATE INDEX change_schema_name_relation_name_idx ON governance.change (schema_name, relation_name);
COMMENT ON SEQUENCE governance.change_id_seq IS 'numbers of changes';
COMMENT ON TABLE governance.change IS 'expand/contract changes and where they stand';
COMMENT ON COLUMN governance.change.id IS 'number of the change';
COMMENT ON COLUMN governance.change.kind IS 'the form in one word: drop_column, rename_column, …; several for a wish with several parts';
COMMENT ON COLUMN governance.change.schema_name IS 'schema of the relation';
COMMENT ON COLUMN governance.change.relation_name IS 'the relation, under the name it had when the change was proposed; followed through renames by the steps of the change, and by others once something is in quarantine';
COMMENT ON COLUMN governance.change.ddl IS 'the wish, in one spelling';
COMMENT ON COLUMN governance.change.up IS 'what new values are made from: an expression, or a JSON object of expressions by column';
COMMENT ON COLUMN governance.change.down IS 'what old values are made from: an expression, or a JSON object of expressions by column';
COMMENT ON COLUMN governance.change.reason IS 'why';
COMMENT ON COLUMN governance.change.state IS 'proposed, approved, expanding, ready, contracted, done, aborted or undone';
COMMENT ON COLUMN governance.change.fingerprint IS 'catalog state the plan was made for';
COMMENT ON COLUMN governance.change.proposed_by IS 'current_user who proposed it';
COMMENT ON COLUMN governance.change.proposed_session IS 'session_user of that';
COMMENT ON COLUMN governance.change.proposed_at IS 'when';
COMMENT ON COLUMN governance.change.approved_by IS 'current_user who approved it';
COMMENT ON COLUMN governance.change.approved_session IS 'session_user of that';
COMMENT ON COLUMN governance.change.approved_at IS 'when';
COMMENT ON COLUMN governance.change.approved_until IS 'until when the approval holds';
COMMENT ON COLUMN governance.change.comment IS 'what the approval says; the reason of its waivers';
COMMENT ON COLUMN governance.change.waived IS 'what the approval goes without: not_observed';
COMMENT ON COLUMN governance.change.columns IS 'columns it works on: no other change may';
COMMENT ON COLUMN governance.change.adds IS 'columns it makes beside those that were there';
COMMENT ON COLUMN governance.change.takes IS 'columns whose readers it takes something from';
COMMENT ON COLUMN governance.change.whole IS 'whether it works on the relation as a whole';
COMMENT ON COLUMN governance.change.quarantine_name IS 'name of the relation in quarantine, where it goes there as a whole';
COMMENT ON COLUMN governance.change.aliases IS 'further names under which somebody may wish the same, quoted';
COMMENT ON COLUMN governance.change.prelude IS 'what makes room for a statement of somebody''s own that wishes the same';
COMMENT ON COLUMN governance.change.stand_in IS 'what the prelude makes for that statement to take away: a column, empty for the relation';
COMMENT ON COLUMN governance.change.probe IS 'a condition that holds while what the wish takes away is there; null where the columns tell';
COMMENT ON COLUMN governance.change.kept IS 'what its routines keep for undo_change: grants, definitions';
COMMENT ON COLUMN governance.change.verified_at IS 'when the copy was last compared';
COMMENT ON COLUMN governance.change.contracted_by IS 'current_user whose call or statement contracted it';
COMMENT ON COLUMN governance.change.contracted_at IS 'when';
COMMENT ON COLUMN governance.change.by_own_ddl IS 'whether a statement of somebody''s own, as a migration tool''s, contracted it; otherwise advance_change';
COMMENT ON COLUMN governance.change.quarantine_until IS 'until when undo_change brings it back at least';
COMMENT ON COLUMN governance.change.ended_at IS 'when it was done, aborted or undone';
COMMENT ON COLUMN governance.change.waits_for IS 'what its copy gave way to last, null where it went on';
COMMENT ON COLUMN governance.change.last_error IS 'why the last step failed';

CREATE TABLE governance.change_step (
    change bigint NOT NULL,
    step int NOT NULL,
    phase text NOT NULL CHECK (phase IN ('expand', 'backfill', 'verify', 'contract', 'settle', 'purge', 'restore')),
    action text NOT NULL CHECK (action IN ('sql', 'product', 'alone', 'copy', 'compare', 'routine')),
    statement text NOT NULL,
    undo text,
    lock_mode text NOT NULL,
    reversible boolean NOT NULL,
    args jsonb NOT NULL DEFAULT '{}',
    joined boolean NOT NULL DEFAULT false,
    started_at timestamptz,
    pid int,
    failure jsonb,
    done_at timestamptz,
    last_error text,
    PRIMARY KEY (change, step)
);
COMMENT ON TABLE governance.change_step IS 'the steps of each change';
COMMENT ON COLUMN governance.change_step.change IS 'the change';
COMMENT ON COLUMN governance.change_step.step IS 'number of the step, from 1';
COMMENT ON COLUMN governance.change_step.phase IS 'expand, backfill, verify, contract, settle, purge, or restore after undo_change';
COMMENT ON COLUMN governance.change_step.action IS 'how it is run: sql (rights of the relation''s owner), product (of the extension''s), alone (outside of a transaction block), copy, compare or routine';
COMMENT ON COLUMN governance.change_step.statement IS 'what is run, or in words what is done; U+0001 stands for the relation, U+0002 for its schema';
COMMENT ON COLUMN governance.change_step.undo IS 'what takes it back';
COMMENT ON COLUMN governance.change_step.lock_mode IS 'strongest lock it takes on the relation';
COMMENT ON COLUMN governance.change_step.reversible IS 'whether abort_change or undo_change takes it back';
COMMENT ON COLUMN governance.change_step.args IS 'arguments of a routine, the copy and the comparison';
COMMENT ON COLUMN governance.change_step.joined IS 'whether it belongs to the transaction of the step before';
COMMENT ON COLUMN governance.change_step.started_at IS 'when a process of its own began with it';
COMMENT ON COLUMN governance.change_step.pid IS 'that process';
COMMENT ON COLUMN governance.change_step.failure IS 'what it failed with: SQLSTATE, message, detail, hint';
COMMENT ON COLUMN governance.change_step.done_at IS 'when it was run';
COMMENT ON COLUMN governance.change_step.last_error IS 'why it failed last';

CREATE TABLE governance.change_acknowledgement (
    change bigint NOT NULL,
    party text NOT NULL,
    acknowledged_by text NOT NULL,
    acknowledged_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    comment text,
    PRIMARY KEY (change, party)
);
COMMENT ON TABLE governance.change_acknowledgement IS 'declared consumers that are ready for a change';
COMMENT ON COLUMN governance.change_acknowledgement.change IS 'the change';
COMMENT ON COLUMN governance.change_acknowledgement.party IS 'the consumer';
COMMENT ON COLUMN governance.change_acknowledgement.acknowledged_by IS 'current_user who said so';
COMMENT ON COLUMN governance.change_acknowledgement.acknowledged_at IS 'when';
COMMENT ON COLUMN governance.change_acknowledgement.comment IS 'in their words';

CREATE TABLE governance.change_scream (
    change bigint NOT NULL,
    level text NOT NULL CHECK (level IN ('warn', 'enforce')),
    roles text[] NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    valid_until timestamptz NOT NULL,
    started_by text NOT NULL
);
COMMENT ON TABLE governance.change_scream IS 'scream tests: readers of what a change takes away are warned, or fail, for a short while';
COMMENT ON COLUMN governance.change_scream.change IS 'the change';
COMMENT ON COLUMN governance.change_scream.level IS 'warn or enforce';
COMMENT ON COLUMN governance.change_scream.roles IS 'whom it concerns; empty: everybody';
COMMENT ON COLUMN governance.change_scream.started_at IS 'when it began';
COMMENT ON COLUMN governance.change_scream.valid_until IS 'when it ends';
COMMENT ON COLUMN governance.change_scream.started_by IS 'current_user who began it';

CREATE TABLE governance.change_window (
    class text PRIMARY KEY,
    soak interval NOT NULL,
    approval interval NOT NULL,
    quarantine interval NOT NULL
);
COMMENT ON TABLE governance.change_window IS 'shipped windows of changes, one row for each class of dataset';
COMMENT ON COLUMN governance.change_window.class IS 'class of the dataset; empty where none is declared';
COMMENT ON COLUMN governance.change_window.soak IS 'nobody may have read what goes for so long';
COMMENT ON COLUMN governance.change_window.approval IS 'so long an approval holds';
COMMENT ON COLUMN governance.change_window.quarantine IS 'so long at least what went can be brought back';
-- Master and reference data are read by jobs that run once a month; analytical tables are built anew from others.
INSERT INTO governance.change_window (class, soak, approval, quarantine) VALUES
    ('master', '35 days', '30 days', '14 days'),
    ('reference', '35 days', '30 days', '14 days'),
    ('transactional', '14 days', '30 days', '7 days'),
    ('analytical', '7 days', '30 days', '7 days'),
    ('', '7 days', '30 days', '7 days');

CREATE TABLE governance.change_window_set (
    class text PRIMARY KEY,
    soak interval,
    approval interval,
    quarantine interval
);
COMMENT ON TABLE governance.change_window_set IS 'windows of changes that an operator set';
COMMENT ON COLUMN governance.change_window_set.class IS 'class of the dataset; empty where none is declared';
COMMENT ON COLUMN governance.change_window_set.soak IS 'as in change_window, null for the shipped one';
COMMENT ON COLUMN governance.change_window_set.approval IS 'as in change_window, null for the shipped one';
COMMENT ON COLUMN governance.change_window_set.quarantine IS 'as in change_window, null for the shipped one';

CREATE TABLE governance.throttle (
    factor text PRIMARY KEY,
    value text NOT NULL,
    description text NOT NULL
);
COMMENT ON TABLE governance.throttle IS 'shipped limits of copies';
COMMENT ON COLUMN governance.throttle.factor IS 'what a copy gives way to';
COMMENT ON COLUMN governance.throttle.value IS 'from where on; off for never';
COMMENT ON COLUMN governance.throttle.description IS 'in words';
INSERT INTO governance.throttle (factor, value, description) VALUES
    ('replica_lag_bytes', '256 MB', 'WAL that the slowest replica has not replayed'),
    ('replica_lag', '10 s', 'how late the slowest replica replays'),
    ('slot_lag_bytes', '4 GB', 'WAL that a replication slot keeps'),
    ('lock_waiters', '0', 'sessions that wait for a lock on the table'),
    ('autovacuum', 'on', 'autovacuum works on the table'),
    ('wal_rate', 'off', 'WAL written per second, by everybody'),
    ('query', 'off', 'a query that is true where the copy may go on; run with the rights of whoever set it');

CREATE TABLE governance.throttle_set (
    factor text PRIMARY KEY,
    value text NOT NULL,
    set_by text NOT NULL
);
COMMENT ON TABLE governance.throttle_set IS 'limits of copies that an operator set';
COMMENT ON COLUMN governance.throttle_set.factor IS 'what a copy gives way to';
COMMENT ON COLUMN governance.throttle_set.value IS 'from where on; off for never';
COMMENT ON COLUMN governance.throttle_set.set_by IS 'current_user who set it';

INSERT INTO governance.feature
    (feature, default_undeclared, default_declared, default_bulk, default_analytical, rungs, mode, description) VALUES
    ('change.two_person', 'off', 'off', 'off', 'off', '{off,warn,enforce}', 'installed', 'changes need the approval of another person than the one who proposed them');

CREATE TABLE governance.backfill (
    change bigint NOT NULL,
    schema_name text NOT NULL,
    relation_name text NOT NULL,
    filenode bigint NOT NULL,
    next_block bigint NOT NULL DEFAULT 0,
    end_block bigint NOT NULL,
    batch_blocks bigint NOT NULL DEFAULT 64,
    rows_done bigint NOT NULL DEFAULT 0,
    verified_block bigint NOT NULL DEFAULT 0,
    verify_blocks bigint NOT NULL DEFAULT 256,
    verified_rows bigint NOT NULL DEFAULT 0,
    digest text NOT NULL DEFAULT '',
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (change, schema_name, relation_name)
);
COMMENT ON TABLE governance.backfill IS 'how far the copy of a change has come, per table or partition';
COMMENT ON COLUMN governance.backfill.change IS 'the change';
COMMENT ON COLUMN governance.backfill.schema_name IS 'schema of the table or partition';
COMMENT ON COLUMN governance.backfill.relation_name IS 'table or partition';
COMMENT ON COLUMN governance.backfill.filenode IS 'its file: a rewrite moves rows, so the copy starts over';
COMMENT ON COLUMN governance.backfill.next_block IS 'first block not yet copied';
COMMENT ON COLUMN governance.backfill.end_block IS 'size at the start: later rows are written together by the trigger';
COMMENT ON COLUMN governance.backfill.batch_blocks IS 'blocks per batch, adapted to a time budget';
COMMENT ON COLUMN governance.backfill.rows_done IS 'rows copied';
COMMENT ON COLUMN governance.backfill.verified_block IS 'first block not yet compared';
COMMENT ON COLUMN governance.backfill.verify_blocks IS 'blocks per comparison, adapted to a time budget';
COMMENT ON COLUMN governance.backfill.verified_rows IS 'rows compared';
COMMENT ON COLUMN governance.backfill.digest IS 'md5 of the digest before and of the new values of each chunk';
COMMENT ON COLUMN governance.backfill.started_at IS 'when it began';
COMMENT ON COLUMN governance.backfill.updated_at IS 'when the last batch ended';

------------------------------------------------------------------------------------------------------------------- views
CREATE VIEW governance.changes WITH (security_barrier) AS
    SELECT c.id AS change, c.kind,
           governance._relation_named(c.schema_name, c.relation_name) AS relation,
           c.columns[1] AS column_name, c.ddl, c.state,
           CASE c.state
               WHEN 'proposed' THEN format('SELECT governance.approve_change(%s, ''why'', waive => ''{not_observed}'');', c.id)
               WHEN 'approved' THEN format('CALL governance.advance_change(%s);', c.id)
               WHEN 'expanding' THEN format('CALL governance.advance_change(%s);', c.id)
               WHEN 'ready' THEN format('CALL governance.advance_change(%s);', c.id)
               WHEN 'contracted' THEN format('SELECT governance.undo_change(%s);', c.id)
               WHEN 'undone' THEN (SELECT format('CALL governance.advance_change(%s);', c.id) FROM governance.change_step s
                                    WHERE s.change = c.id AND s.phase = 'restore' AND s.done_at IS NULL LIMIT 1)
           END AS next_step,
           c.reason, c.proposed_by, c.proposed_at, c.approved_by, c.approved_at, c.comment, c.waived,
           c.contracted_by, c.contracted_at, c.quarantine_until, c.ended_at, c.last_error, c.by_own_ddl
      FROM governance.change c
     WHERE governance._may_see(governance._relation_named(c.schema_name, c.relation_name)) OR c.proposed_by = current_user
     ORDER BY c.id;

CREATE VIEW governance.change_windows AS
    SELECT w.class, coalesce(s.soak, w.soak) AS soak, coalesce(s.approval, w.approval) AS approval,
           coalesce(s.quarantine, w.quarantine) AS quarantine, s.class IS NOT NULL AS set
      FROM governance.change_window w LEFT JOIN governance.change_window_set s USING (class)
     ORDER BY w.class;

CREATE VIEW governance.throttles AS
    SELECT t.factor, coalesce(s.value, t.value) AS value, s.factor IS NOT NULL AS set, s.set_by, t.description
      FROM governance.throttle t LEFT JOIN governance.throttle_set s USING (factor)
     ORDER BY t.factor;

CREATE VIEW governance.change_progress WITH (security_barrier) AS
    SELECT c.id AS change, c.state AS phase,
           sum(b.rows_done) AS rows_done,
           sum(nullif(p.reltuples, -1))::bigint AS rows_total,
           round(100.0 * sum(least(b.next_block, b.end_block)) / nullif(sum(b.end_block), 0), 1) AS pct,
           round((sum(b.rows_done) / nullif(extract(epoch FROM max(b.updated_at) - min(b.started_at)), 0))::numeric) AS rows_per_second,
           CASE WHEN c.state = 'expanding' AND sum(b.next_block) > 0 THEN
               (max(b.updated_at) - min(b.started_at)) * ((sum(b.end_block) - sum(least(b.next_block, b.end_block)))::float8 / sum(b.next_block))
           END AS eta,
           CASE c.state WHEN 'proposed' THEN 'approval' WHEN 'ready' THEN 'advance_change' WHEN 'approved' THEN 'advance_change'
               ELSE c.waits_for END AS waits_for,
           c.last_error
      FROM governance.change c
      LEFT JOIN governance.backfill b ON b.change = c.id
      LEFT JOIN pg_class p ON p.oid = governance._relation_named(b.schema_name, b.relation_name)
     WHERE c.ended_at IS NULL
       AND (governance._may_see(governance._relation_named(c.schema_name, c.relation_name)) OR c.proposed_by = current_user)
     GROUP BY c.id
     ORDER BY c.id;

------------------------------------------------------------------------------------------------ functions and procedures
-- Two of these run for every row that is written, and a SET clause would cost more than all else they do: what they look up by
-- name they look up under a path that they fix themselves, once (decision 4).
CREATE FUNCTION governance._dual_write() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'dg_dual_write';
COMMENT ON FUNCTION governance._dual_write() IS 'trigger of a renaming change: keeps the old and the new column equal';

CREATE FUNCTION governance._fill_null() RETURNS trigger
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'dg_fill_null';
COMMENT ON FUNCTION governance._fill_null() IS 'trigger of a change: gives a column its value where a client leaves it NULL';

CREATE FUNCTION governance._convert() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'dg_convert';
COMMENT ON FUNCTION governance._convert() IS 'trigger of a change that makes columns from others: keeps both shapes saying the same';

-- A procedure that commits may have neither a SET clause nor SECURITY DEFINER, so the path is set inside, anew in each
-- transaction. The first COMMIT comes before anything is done: where a caller does not allow it, nothing has happened.
CREATE PROCEDURE governance.advance_change(change bigint) LANGUAGE plpgsql AS $$
DECLARE
    again boolean := true;
    tries int := 0;
    code text;
    message text;
    detail text;
    hint text;
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    PERFORM governance._require_no_block();
    COMMIT;
    WHILE again LOOP
        PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
        code := NULL;
        BEGIN
            again := governance._advance_step(change);
            tries := 0;
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
                                    hint = PG_EXCEPTION_HINT;
            -- That somebody else works on it is no failure of the step, and must not get in that one's way.
            IF code <> '55006' THEN
                PERFORM governance._step_failed(change, message);
            END IF;
        END;
        COMMIT;
        IF code IS NOT NULL THEN
            tries := tries + 1;
            -- Locks that others hold, deadlocks and serialization failures pass; nothing else does by waiting.
            IF code NOT IN ('55P03', '40P01', '40001') OR tries > 5 THEN
                IF detail <> '' AND hint <> '' THEN
                    RAISE EXCEPTION USING ERRCODE = code, MESSAGE = message, DETAIL = detail, HINT = hint;
                ELSIF detail <> '' THEN
                    RAISE EXCEPTION USING ERRCODE = code, MESSAGE = message, DETAIL = detail;
                ELSIF hint <> '' THEN
                    RAISE EXCEPTION USING ERRCODE = code, MESSAGE = message, HINT = hint;
                END IF;
                RAISE EXCEPTION USING ERRCODE = code, MESSAGE = message;
            END IF;
            -- Twice as long each time, and never in step with others that wait for the same.
            PERFORM pg_catalog.pg_sleep(0.25 * 2 ^ tries * (0.5 + pg_catalog.random()));
        END IF;
    END LOOP;
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    PERFORM governance._say_where(change);
END $$;
COMMENT ON PROCEDURE governance.advance_change(bigint) IS 'takes a change to its next gate, a commit after each step; resumable';

------------------------------------------------------------------------------------------------------------------ grants
GRANT SELECT ON governance.changes, governance.change_progress, governance.change_windows, governance.throttles TO PUBLIC;

---------------------------------------------------------------------------------------------------------------- comments
COMMENT ON VIEW governance.changes IS 'changes and the next step of each';
COMMENT ON VIEW governance.throttles IS 'what copies give way to, and from where on';
COMMENT ON VIEW governance.change_windows IS 'how long nobody may have read what goes, an approval holds, and what went can be brought back: by class of dataset';
COMMENT ON VIEW governance.change_progress IS 'how far the open changes have come';

------------------------------------------------------------------------------------------- configuration data for pg_dump
SELECT pg_extension_config_dump('governance.change', '');
SELECT pg_extension_config_dump('governance.change_id_seq', '');
SELECT pg_extension_config_dump('governance.change_step', '');
SELECT pg_extension_config_dump('governance.change_acknowledgement', '');
SELECT pg_extension_config_dump('governance.change_scream', '');
SELECT pg_extension_config_dump('governance.change_window_set', '');
SELECT pg_extension_config_dump('governance.throttle_set', '');
SELECT pg_extension_config_dump('governance.backfill', '');
