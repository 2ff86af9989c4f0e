-- finalize: grants and comments on functions, event triggers. Runs after everything else.
--
-- Nobody may execute anything of ours but what is granted below, and those functions check rights themselves.
REVOKE ALL ON ALL ROUTINES IN SCHEMA governance FROM PUBLIC;
-- #[pg_trigger] takes no #[search_path].
ALTER FUNCTION governance._touch_cache() SET search_path = pg_catalog, pg_temp;

--------------------------------------------------------------------------------------------------------------- registry
GRANT EXECUTE ON FUNCTION
    governance.declare_party(text, text, text[], text), governance.forget_party(text),
    governance.declare_dataset(regclass, text, text, text, text, text, text, text, interval, text, text[]),
    governance.forget_dataset(regclass, text),
    governance.tag_column(regclass, text, text, text), governance.untag_column(regclass, text, text, text, text),
    governance.set_level(text, text, text, text, timestamptz, boolean), governance.reset_level(text, text, text),
    governance.effective_levels(regclass),
    governance.declare_consumer(regclass, text, text[], text, timestamptz), governance.forget_consumer(regclass, text),
    governance.deprecate_column(regclass, text, timestamptz, text, text), governance.undeprecate_column(regclass, text, text),
    governance.transfer_party(text, text), governance.preview_level(text, text, text, timestamptz),
    governance.record_decision(text, text, text[], text, jsonb, text, date, text), governance.forget_decision(text),
    governance.grant_duty(text, text, text), governance.revoke_duty(text, text, text, text),
    governance.accept_proposals(text, real, text, boolean), governance.accept_proposal(bigint),
    governance.reject_proposal(bigint, text),
    governance.manifest(text), governance.manifest_schema(), governance.apply_manifest(jsonb, boolean, boolean, text, text),
    governance.status(), governance.attach(), governance.detach(text), governance.confirm_restore(),
    governance._may_see(oid), governance._has_duty(text), governance._proposal_id(text, text, text, text, text),
    governance._words(text), governance._mode(), governance._restoring(), governance._workload(text[]), governance._table_workload(text[]), governance._drift(jsonb, jsonb)
    TO PUBLIC;
COMMENT ON FUNCTION governance.declare_party(text, text, text[], text) IS 'declares a party (team, person or service) and the database roles that act for it, or changes it';
COMMENT ON FUNCTION governance.forget_party(text) IS 'forgets a party that nothing names any more';
COMMENT ON FUNCTION governance.declare_dataset(regclass, text, text, text, text, text, text, text, interval, text, text[]) IS 'declares owner, class and more of a relation; NULL leaves as it is, clear empties';
COMMENT ON FUNCTION governance.forget_dataset(regclass, text) IS 'forgets what is declared about a relation; takes effect at commit';
COMMENT ON FUNCTION governance.tag_column(regclass, text, text, text) IS 'says what a column holds';
COMMENT ON FUNCTION governance.untag_column(regclass, text, text, text, text) IS 'takes a tag from a column; takes effect at commit';
COMMENT ON FUNCTION governance.set_level(text, text, text, text, timestamptz, boolean) IS 'sets the level of a feature for the database, a schema, a class or a dataset; lowering takes effect at commit';
COMMENT ON FUNCTION governance.reset_level(text, text, text) IS 'takes a level away, so that wider ones and defaults apply again; takes effect at commit';
COMMENT ON FUNCTION governance.effective_levels(regclass) IS 'the level of every feature for a relation, and where it comes from';
COMMENT ON FUNCTION governance.declare_consumer(regclass, text, text[], text, timestamptz) IS 'declares that a party reads a dataset under a contract, or changes the contract';
COMMENT ON FUNCTION governance.forget_consumer(regclass, text) IS 'forgets a consumer';
COMMENT ON FUNCTION governance.deprecate_column(regclass, text, timestamptz, text, text) IS 'deprecates a column until its sunset; its users are told by the level of deprecation';
COMMENT ON FUNCTION governance.undeprecate_column(regclass, text, text) IS 'takes a deprecation back';
COMMENT ON FUNCTION governance.transfer_party(text, text) IS 'moves everything a party answers for to another one, and says what';
COMMENT ON FUNCTION governance.preview_level(text, text, text, timestamptz) IS 'who would have been refused or warned by a level, from what was observed since';
COMMENT ON FUNCTION governance.record_decision(text, text, text[], text, jsonb, text, date, text) IS 'records a decision: what was chosen, for which access pattern, and what was not';
COMMENT ON FUNCTION governance.forget_decision(text) IS 'forgets a decision';
COMMENT ON FUNCTION governance.grant_duty(text, text, text) IS 'grants a duty (operator, auditor, backup), never to oneself';
COMMENT ON FUNCTION governance.revoke_duty(text, text, text, text) IS 'revokes a duty';
COMMENT ON FUNCTION governance.accept_proposals(text, real, text, boolean) IS 'accepts open proposals in bulk, or says what that would do (dry_run)';
COMMENT ON FUNCTION governance.accept_proposal(bigint) IS 'accepts one proposal';
COMMENT ON FUNCTION governance.reject_proposal(bigint, text) IS 'rejects one proposal for good';
COMMENT ON FUNCTION governance.manifest(text) IS 'everything that is declared, or the part of one domain, as one JSON document in a stable order';
COMMENT ON FUNCTION governance.manifest_schema() IS 'the shape of a manifest, as a JSON Schema';
COMMENT ON FUNCTION governance.apply_manifest(jsonb, boolean, boolean, text, text) IS 'makes the declarations be those of a manifest, or says what that would do (dry_run); prune takes away what it does not name';
COMMENT ON FUNCTION governance.status() IS 'what is on, what is not held, and the statement that mends it';
COMMENT ON FUNCTION governance.attach() IS 'makes every new session of this database load the library, without a restart';
COMMENT ON FUNCTION governance.detach(text) IS 'the way back from attach(); sessions keep the library until they end';
COMMENT ON FUNCTION governance.confirm_restore() IS 'ends the restoring state of a database whose declarations came from another one';
COMMENT ON FUNCTION governance._mode() IS 'how the library is loaded in this session: installed, attached or preloaded';
COMMENT ON FUNCTION governance._restoring() IS 'whether declarations came from another database and nobody has confirmed them';
COMMENT ON FUNCTION governance._iso_interval(interval) IS 'an interval in ISO 8601';
COMMENT ON FUNCTION governance._may_see(oid) IS 'whether the current user may see what is declared and recorded about a relation';
COMMENT ON FUNCTION governance._has_duty(text) IS 'whether the current user holds a duty';
COMMENT ON FUNCTION governance._proposal_id(text, text, text, text, text) IS 'the id of a proposal';
COMMENT ON FUNCTION governance._words(text) IS 'the words of a name in lower case, the last one singular';
COMMENT ON FUNCTION governance._touch_cache() IS 'trigger: tells all backends that cached declarations are stale';

-- What this version does not have says so itself, to everybody.
DO $$
DECLARE
    declared record;
BEGIN
    FOR declared IN SELECT oid::regprocedure AS signature, prokind, proname FROM pg_proc
                     WHERE pronamespace = 'governance'::regnamespace AND prosrc = '_not_yet_wrapper' LOOP
        EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO PUBLIC', declared.signature);
        EXECUTE format('COMMENT ON ROUTINE %s IS %L', declared.signature, 'not in this version: raises 0A000');
    END LOOP;
END $$;

-- pg_dump by a role that is no superuser fails from tonight on, unless somebody reads this. CREATE EXTENSION silences
-- notices for its script, so what the session began with decides.
DO $$
BEGIN
    IF (SELECT reset_val FROM pg_settings WHERE name = 'client_min_messages') IN ('warning', 'error') THEN
        RETURN;
    END IF;
    SET LOCAL client_min_messages = notice;
    RAISE NOTICE 'data_governance: pg_dump by a role that is not a superuser needs the duty backup from now on'
        USING HINT = 'SELECT governance.grant_duty(''backup'', ''that_role'');';
    SET LOCAL client_min_messages = warning;
END $$;

------------------------------------------------------------------------------------------------------------------ audit
GRANT EXECUTE ON FUNCTION
    governance.start_audit(regclass, text[], text), governance.stop_audit(regclass, text),
    governance.history(regclass, jsonb), governance._history(regclass, text),
    governance._may_read_log(text, text, boolean, text, text), governance._relation_named(text, text)
    TO PUBLIC;
COMMENT ON FUNCTION governance.start_audit(regclass, text[], text) IS 'starts logging every change of a relation''s rows, or changes which columns are left out';
COMMENT ON FUNCTION governance.stop_audit(regclass, text) IS 'stops logging the changes of a relation''s rows; takes effect at commit';
COMMENT ON FUNCTION governance.history(regclass, jsonb) IS 'everything the log holds about one row, oldest first';
COMMENT ON FUNCTION governance._history(regclass, text) IS 'ids of the log rows about one row';
COMMENT ON FUNCTION governance._may_read_log(text, text, boolean, text, text) IS 'whether the current user may read log rows about a relation';
COMMENT ON FUNCTION governance._relation_named(text, text) IS 'the relation of a name, NULL when there is none';
COMMENT ON FUNCTION governance._follow(regclass) IS 'lets everything declared about a relation follow it after DDL that event triggers did not see';
COMMENT ON FUNCTION governance._uuid() IS 'a UUID of version 7: orders by time';
COMMENT ON FUNCTION governance._audit_row() IS 'trigger: logs a changed row; no fixed search_path, since it resolves nothing by name';
-- pgrx has no way to say this about trigger functions.
ALTER FUNCTION governance._audit_truncate() SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION governance._append_only() SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION governance._audit_truncate() IS 'trigger: asks the guard about a TRUNCATE and logs it';
COMMENT ON FUNCTION governance._append_only() IS 'trigger: the log is neither changed nor emptied';

------------------------------------------------------------------------------------------------------------------ guard
GRANT EXECUTE ON FUNCTION
    governance.break_glass(text, text[], text, text, integer, timestamptz), governance.end_break_glass(),
    governance.explain_ddl(text, text)
    TO PUBLIC;
COMMENT ON FUNCTION governance.explain_ddl(text, text) IS 'what statements would do and what the guard would say; runs none of them';
COMMENT ON FUNCTION governance.break_glass(text, text[], text, text, integer, timestamptz) IS 'lets one role pass one hazard for a few statements and minutes; an operator''s act, in effect after commit';
COMMENT ON FUNCTION governance.end_break_glass() IS 'ends every open break-glass; returns how many there were';
COMMENT ON FUNCTION governance.explain_ddl(text, text) IS 'what statements would do to the database as it is, and what the guard would say; runs nothing and changes nothing';
COMMENT ON FUNCTION governance._on_ddl_start() IS 'event trigger: judges a statement before it runs, completes changes, protects the extension itself';
COMMENT ON FUNCTION governance._on_ddl_end() IS 'event trigger: declarations follow DDL, ddl_log records it';
COMMENT ON FUNCTION governance._on_sql_drop() IS 'event trigger: judges what was dropped beyond what was foreseen';

-- ENABLE ALWAYS: they fire under session_replication_role = replica too.
CREATE EVENT TRIGGER data_governance_ddl_start ON ddl_command_start EXECUTE FUNCTION governance._on_ddl_start();
CREATE EVENT TRIGGER data_governance_ddl_end ON ddl_command_end EXECUTE FUNCTION governance._on_ddl_end();
CREATE EVENT TRIGGER data_governance_sql_drop ON sql_drop EXECUTE FUNCTION governance._on_sql_drop();
ALTER EVENT TRIGGER data_governance_ddl_start ENABLE ALWAYS;
ALTER EVENT TRIGGER data_governance_ddl_end ENABLE ALWAYS;
ALTER EVENT TRIGGER data_governance_sql_drop ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER data_governance_ddl_start IS 'data_governance: before DDL';
COMMENT ON EVENT TRIGGER data_governance_ddl_end IS 'data_governance: after DDL';
COMMENT ON EVENT TRIGGER data_governance_sql_drop IS 'data_governance: after a drop';

----------------------------------------------------------------------------------------------------------------- change
GRANT EXECUTE ON FUNCTION
    governance.propose_change(text, text, text, text, text), governance.change_plan(bigint),
    governance.approve_change(bigint, text, text[]), governance.abort_change(bigint, text),
    governance.undo_change(bigint, text), governance.certificate(bigint),
    governance._advance_step(bigint), governance._require_no_block(), governance._say_where(bigint), governance._step_failed(bigint, text),
    governance.acknowledge_change(bigint, text, text), governance.set_change_window(text, interval, interval, interval, text),
    governance.start_scream_test(bigint, text, text[], timestamptz, text), governance.stop_scream_test(bigint, text),
    governance.reset_change_window(text, text), governance.set_throttle(text, text, text), governance.reset_throttle(text, text),
    governance._column_reads(), governance._reads_observed(regclass, text)
    TO PUBLIC;
GRANT EXECUTE ON PROCEDURE governance.advance_change(bigint) TO PUBLIC;
-- A table's owner makes partitions, and PostgreSQL gives them the row triggers of the table as if the owner made these. They run
-- with the rights of whoever writes, so they lend nobody anything; _fill_null() does as the table's owner only what a plan says.
GRANT EXECUTE ON FUNCTION governance._dual_write(), governance._convert(), governance._fill_null(), governance._audit_row() TO PUBLIC;
COMMENT ON FUNCTION governance.propose_change(text, text, text, text, text) IS 'plans a wish given as plain DDL; whoever may run the statement may propose it';
COMMENT ON FUNCTION governance.change_plan(bigint) IS 'the statements of a change with their locks';
COMMENT ON FUNCTION governance.approve_change(bigint, text, text[]) IS 'approves a change; waive names what the approval goes without, the comment is the reason';
COMMENT ON FUNCTION governance.abort_change(bigint, text) IS 'gives a change up before it is contracted';
COMMENT ON FUNCTION governance.undo_change(bigint, text) IS 'brings back what a contracted change took away, or drops what one has added';
COMMENT ON FUNCTION governance.certificate(bigint) IS 'what is proven about a change, and whether that opens its gate';
COMMENT ON FUNCTION governance.acknowledge_change(bigint, text, text) IS 'says for a declared consumer that it is ready for a change';
COMMENT ON FUNCTION governance.set_change_window(text, interval, interval, interval, text) IS 'sets how long nobody may have read what a change takes away, an approval holds, and the quarantine lasts; by class';
COMMENT ON FUNCTION governance.reset_change_window(text, text) IS 'back to the shipped windows of a class';
COMMENT ON FUNCTION governance.set_throttle(text, text, text) IS 'sets what copies give way to: a size, a time, a number, a query; off for nothing';
COMMENT ON FUNCTION governance.reset_throttle(text, text) IS 'back to the shipped limit of a factor';
COMMENT ON FUNCTION governance.start_scream_test(bigint, text, text[], timestamptz, text) IS 'warns readers of what a change takes away, or fails them, for a short while';
COMMENT ON FUNCTION governance.stop_scream_test(bigint, text) IS 'ends the scream tests of a change';
COMMENT ON FUNCTION governance._step_failed(bigint, text) IS 'notes why a step of a change failed, for those who may advance it';
COMMENT ON FUNCTION governance._advance_step(bigint) IS 'one step of advance_change; checks rights itself';
COMMENT ON FUNCTION governance._column_reads() IS 'rows of the column-read ledger as they are at this moment, with what the session itself has not written yet, of relations that the current user may see';
COMMENT ON FUNCTION governance._merge_reads() IS 'merges the rows of each reader in the column-read ledger; returns how many rows there were, 0 where somebody reads or merges them';
COMMENT ON FUNCTION governance._reads_observed(regclass, text) IS 'what the column-read ledger knows about a relation or one of its columns: since when, its gaps, sessions that may hold unwritten reads, readers';
COMMENT ON FUNCTION governance._require_no_block() IS 'raises inside a transaction block, and where the caller may not commit';
COMMENT ON FUNCTION governance._say_where(bigint) IS 'says where a change stands, and what it waits for';

---------------------------------------------------------------------------------------------------------------- privacy
GRANT EXECUTE ON FUNCTION
    governance._masks(), governance.set_mask(text, text, jsonb, text, text, text), governance.reset_mask(text, text, text, text),
    governance.declare_tag(text, text, text, jsonb), governance.forget_tag(text, text),
    governance.mask_role(text), governance.unmask_role(text, text), governance.create_mask_index(regclass, text, text, text),
    governance.grant_unmask(text, text, text, timestamptz), governance.revoke_unmask(text, text), governance.create_key(text),
    governance.rotate_key(text, text), governance.destroy_key(uuid, text),
    governance.export_query(text, text, text, text, integer), governance.verify_receipt(uuid, text),
    governance.verify_receipt(text, text), governance.verify_receipt(uuid, text[]),
    governance.set_export_threshold(integer, text, text), governance.reset_export_threshold(text, text), governance.detect_pii(text, integer),
    governance.mask_null(text), governance.mask_constant(text, text), governance._mask(anyelement, text, text, text),
    governance.mask_partial(text, integer, integer, text),
    governance.mask_email(text),
    governance.mask_phone(text),
    governance.mask_card(text, integer, integer),
    governance.mask_iban(text),
    governance.mask_national_id(text),
    governance.mask_name(text),
    governance.mask_address(text),
    governance.mask_ip(text, integer, integer),
    governance.mask_ip(inet, integer, integer),
    governance.mask_url(text, boolean),
    governance.mask_date_trunc(date, text),
    governance.mask_date_trunc(timestamp, text),
    governance.mask_date_trunc(timestamptz, text),
    governance.mask_date_trunc(text, text),
    governance.mask_bucket(bigint, numeric, numeric),
    governance.mask_bucket(numeric, numeric, numeric),
    governance.mask_bucket(double precision, numeric, numeric),
    governance.mask_bucket(date, integer, numeric),
    governance.mask_bucket(text, numeric, numeric),
    governance.mask_range(numeric, numeric, numeric),
    governance.mask_range(text, numeric, numeric),
    governance.mask_scrub(text),
    governance.mask_default(anyelement)
    TO PUBLIC;
COMMENT ON FUNCTION governance._masks() IS 'the masks there are, mildest first';
COMMENT ON FUNCTION governance.set_mask(text, text, jsonb, text, text, text) IS 'chooses how what a tag names leaves, for everybody, for one recipient or for the members of a role; it holds for the tags below that have no choice of their own; weakening takes effect at commit';
COMMENT ON FUNCTION governance.reset_mask(text, text, text, text) IS 'takes such a choice back; takes effect at commit';
COMMENT ON FUNCTION governance.declare_tag(text, text, text, jsonb) IS 'adds a tag of one''s own to the vocabulary, with its default mask; again changes the description';
COMMENT ON FUNCTION governance.forget_tag(text, text) IS 'takes a tag of one''s own from the vocabulary; not while a column bears it';
COMMENT ON FUNCTION governance.create_mask_index(regclass, text, text, text) IS 'makes an index by which masked roles find rows by the masked value of a column, for everybody, for a recipient or for members of a role; DROP INDEX is its inverse';
COMMENT ON FUNCTION governance.mask_role(text) IS 'masks a role and its members on SELECT, COPY and pg_dump; public masks everybody';
COMMENT ON FUNCTION governance.unmask_role(text, text) IS 'ends that; takes effect at commit';
COMMENT ON FUNCTION governance.grant_unmask(text, text, text, timestamptz) IS 'lets members of a role see what a tag masks, never the caller''s own; takes effect at commit';
COMMENT ON FUNCTION governance.revoke_unmask(text, text) IS 'takes leave to unmask back, at once';
COMMENT ON FUNCTION governance.create_key(text) IS 'makes the key of keyed masks where there is none, for a recipient or for everybody';
COMMENT ON FUNCTION governance.rotate_key(text, text) IS 'begins a new epoch of keyed masks for a recipient or for everybody; returns the new key''s id';
COMMENT ON FUNCTION governance.destroy_key(uuid, text) IS 'destroys a key for good: what left under it can no longer be linked to anybody';
COMMENT ON FUNCTION governance.export_query(text, text, text, text, integer) IS 'runs one SELECT as the caller with everything tagged masked, streams it as lines of csv, jsonl or copy, and leaves a receipt';
COMMENT ON FUNCTION governance.set_export_threshold(integer, text, text) IS 'chooses how few rows may share their quasi-identifiers in an export, for everybody or for one recipient; a lower one takes effect at commit';
COMMENT ON FUNCTION governance.reset_export_threshold(text, text) IS 'takes such a choice back; takes effect at commit where it weakens';
COMMENT ON FUNCTION governance.verify_receipt(uuid, text) IS 'checks a stored receipt, and a file against it: its content or its SHA-256';
COMMENT ON FUNCTION governance.verify_receipt(text, text) IS 'checks a receipt copied from the server log, or a stored one by its id, and a file against it';
COMMENT ON FUNCTION governance.verify_receipt(uuid, text[]) IS 'checks a stored receipt, and the lines of an export against it';
COMMENT ON FUNCTION governance.detect_pii(text, integer) IS 'guesses which columns hold personal data and proposes their tags';
COMMENT ON FUNCTION governance.mask_null(text) IS 'NULL';
COMMENT ON FUNCTION governance.mask_constant(text, text) IS 'the same for all; NULL stays NULL';
COMMENT ON FUNCTION governance.mask_partial(text, integer, integer, text) IS 'keeps characters at both ends where at least as many stay hidden';
COMMENT ON FUNCTION governance.mask_email(text) IS 'keeps the first letter, in a valid address of a reserved domain';
COMMENT ON FUNCTION governance.mask_phone(text) IS 'keeps form, country code and, of eight digits or more, the last two; nobody has the result';
COMMENT ON FUNCTION governance.mask_card(text, integer, integer) IS 'keeps at most six and four digits of a card number';
COMMENT ON FUNCTION governance.mask_iban(text) IS 'keeps country and length of an IBAN, with check digits that fit';
COMMENT ON FUNCTION governance.mask_national_id(text) IS 'keeps the form of a number that a state gave a person';
COMMENT ON FUNCTION governance.mask_name(text) IS 'initials';
COMMENT ON FUNCTION governance.mask_address(text) IS 'keeps nothing but a country at the end';
COMMENT ON FUNCTION governance.mask_ip(text, integer, integer) IS 'keeps the network of an address; 0.0.0.0 for what is none';
COMMENT ON FUNCTION governance.mask_ip(inet, integer, integer) IS 'keeps the network of an address';
COMMENT ON FUNCTION governance.mask_url(text, boolean) IS 'keeps scheme and host of a web address; NULL for what is none';
COMMENT ON FUNCTION governance.mask_date_trunc(date, text) IS 'beginning of the week, month, quarter, year or decade';
COMMENT ON FUNCTION governance.mask_date_trunc(timestamp, text) IS 'beginning of the week, month, quarter, year or decade; of the hour or day, too; in UTC';
COMMENT ON FUNCTION governance.mask_date_trunc(timestamptz, text) IS 'beginning of the week, month, quarter, year or decade; of the hour or day, too; in UTC';
COMMENT ON FUNCTION governance.mask_date_trunc(text, text) IS 'beginning of the week, month, quarter, year or decade';
COMMENT ON FUNCTION governance.mask_bucket(bigint, numeric, numeric) IS 'lower bound of the interval that a value is in; all from max on are alike';
COMMENT ON FUNCTION governance.mask_bucket(numeric, numeric, numeric) IS 'lower bound of the interval that a value is in; all from max on are alike';
COMMENT ON FUNCTION governance.mask_bucket(double precision, numeric, numeric) IS 'lower bound of the interval that a value is in; all from max on are alike';
COMMENT ON FUNCTION governance.mask_bucket(date, integer, numeric) IS 'lower bound of the interval that a value is in; all from max on are alike';
COMMENT ON FUNCTION governance.mask_bucket(text, numeric, numeric) IS 'lower bound of the interval that a value is in; all from max on are alike';
COMMENT ON FUNCTION governance.mask_range(numeric, numeric, numeric) IS 'the interval that a value is in, closed below: [30,40)';
COMMENT ON FUNCTION governance.mask_range(text, numeric, numeric) IS 'the interval that a value is in, closed below: [30,40)';
COMMENT ON FUNCTION governance.mask_scrub(text) IS 'replaces what is found by its form in free text: addresses, numbers; names stay';
COMMENT ON FUNCTION governance.mask_default(anyelement) IS 'the default of the type: empty text, 0, 1970-01-01, {}';
COMMENT ON FUNCTION governance.mask_pseudonym(text, text, integer, text) IS 'a keyed hash, of its own for each recipient. Keyed, NULL without a key; not for PUBLIC: who can call it can guess';
COMMENT ON FUNCTION governance.mask_pseudonym(uuid, text, integer, text) IS 'a keyed hash, of its own for each recipient. Keyed, NULL without a key; not for PUBLIC: who can call it can guess';
COMMENT ON FUNCTION governance.mask_pseudonym(bigint, text, integer, text) IS 'a keyed hash, of its own for each recipient. Keyed, NULL without a key; not for PUBLIC: who can call it can guess';
COMMENT ON FUNCTION governance.mask_pseudonym(numeric, text, integer, text) IS 'a keyed hash, of its own for each recipient. Keyed, NULL without a key; not for PUBLIC: who can call it can guess';
COMMENT ON FUNCTION governance.mask_pseudonym(bytea, text, integer, text) IS 'a keyed hash, of its own for each recipient. Keyed, NULL without a key; not for PUBLIC: who can call it can guess';
COMMENT ON FUNCTION governance.mask_fpe(text, text, text) IS 'FF1: another value of the same form, never the same for two; NULL where fewer than a million are possible. Keyed, NULL without a key; not for PUBLIC: who can call it can guess';
COMMENT ON FUNCTION governance.mask_fpe(bigint, text, text) IS 'FF1: another value of the same form, never the same for two; NULL where fewer than a million are possible. Keyed, NULL without a key; not for PUBLIC: who can call it can guess';
COMMENT ON FUNCTION governance.mask_fake(text, text, text, text) IS 'an invented name, city, company or street, the same for the same value. Keyed, NULL without a key; not for PUBLIC: who can call it can guess';
COMMENT ON FUNCTION governance.mask_date_shift(date, text, integer, text) IS 'moves all dates of a subject alike. Keyed, NULL without a key; not for PUBLIC: who can call it can guess';
COMMENT ON FUNCTION governance.mask_date_shift(timestamp, text, integer, text) IS 'moves all dates of a subject alike. Keyed, NULL without a key; not for PUBLIC: who can call it can guess';
COMMENT ON FUNCTION governance.mask_date_shift(timestamptz, text, integer, text) IS 'moves all dates of a subject alike. Keyed, NULL without a key; not for PUBLIC: who can call it can guess';
COMMENT ON FUNCTION governance.mask_noise(bigint, numeric, text, text) IS 'noise that is the same for the same value and subject; the sign stays. Keyed, NULL without a key; not for PUBLIC: who can call it can guess';
COMMENT ON FUNCTION governance.mask_noise(numeric, numeric, text, text) IS 'noise that is the same for the same value and subject; the sign stays. Keyed, NULL without a key; not for PUBLIC: who can call it can guess';
COMMENT ON FUNCTION governance.mask_noise(double precision, numeric, text, text) IS 'noise that is the same for the same value and subject; the sign stays. Keyed, NULL without a key; not for PUBLIC: who can call it can guess';
COMMENT ON FUNCTION governance.mask_noise(date, integer, text, text) IS 'noise that is the same for the same value and subject. Keyed, NULL without a key; not for PUBLIC: who can call it can guess';
COMMENT ON FUNCTION governance.mask_noise(timestamp, integer, text, text) IS 'noise that is the same for the same value and subject. Keyed, NULL without a key; not for PUBLIC: who can call it can guess';
COMMENT ON FUNCTION governance.mask_noise(timestamptz, integer, text, text) IS 'noise that is the same for the same value and subject. Keyed, NULL without a key; not for PUBLIC: who can call it can guess';
COMMENT ON FUNCTION governance.mask_json(jsonb, jsonb, text) IS 'masks places inside a document: {"$.contact.email": {"mask": "email"}}. Not for PUBLIC: the masks may be keyed';
COMMENT ON FUNCTION governance._mask(anyelement, text, text, text) IS 'a value under a mask, for masked queries; refuses other callers';

---------------------------------------------------------------------------------------------------------------- lineage
GRANT EXECUTE ON FUNCTION
    governance.lineage(text, text), governance.upstream(regclass, text, integer),
    governance.downstream(regclass, text, integer),
    governance.declare_flow(text, text, text), governance.forget_flow(text, text, text)
    TO PUBLIC;
COMMENT ON FUNCTION governance.lineage(text, text) IS 'where the columns that a statement delivers come from, through views down to base relations; runs nothing';
COMMENT ON FUNCTION governance.upstream(regclass, text, integer) IS 'everything a relation or a column comes from, over views, generated columns and flows';
COMMENT ON FUNCTION governance.downstream(regclass, text, integer) IS 'everything that comes from a relation or a column, over views, generated columns and flows';
COMMENT ON FUNCTION governance.declare_flow(text, text, text) IS 'declares a flow that the server cannot see: relations, columns, or names of things outside';
COMMENT ON FUNCTION governance.forget_flow(text, text, text) IS 'forgets a declared flow';
COMMENT ON FUNCTION governance._record_statement(regclass, text, text) IS 'records what a statement moves into a relation';
COMMENT ON FUNCTION governance._record_ddl(regclass, text, text) IS 'records what a view, materialized view or table made from a query is made of';

--------------------------------------------------------------------------------------------------------------- boundary
GRANT EXECUTE ON FUNCTION
    governance.declare_writer(regclass, text), governance.forget_writer(regclass, text, text)
    TO PUBLIC;
COMMENT ON FUNCTION governance.declare_writer(regclass, text) IS 'declares that a role writes a dataset: writes by others are recorded, warned about or refused, by level';
COMMENT ON FUNCTION governance.forget_writer(regclass, text, text) IS 'forgets a declared writer; for the last one it takes effect at commit';
ALTER FUNCTION governance._boundary_write() SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION governance._boundary_write() IS 'trigger: judges who writes';

----------------------------------------------------------------------------------------------------------------- assess
GRANT EXECUTE ON FUNCTION
    governance.assess(text[]), governance.checklist(), governance.assess_export(text),
    governance.waive_finding(text, text, text, timestamptz), governance.unwaive_finding(text), governance.set_baseline(),
    governance.self_test(text, text),
    governance._run_check(text), governance._offers(text), governance._hides(text), governance._of_view(text), governance._server_setting(text),
    governance._count_of(bigint, text)
    TO PUBLIC;
COMMENT ON FUNCTION governance.assess(text[]) IS 'looks at what the caller may see and says, check by check, what is right and what is not; only reads';
COMMENT ON FUNCTION governance.checklist() IS 'the twenty items: what is declared, observed, enforced and proven, and the next step';
COMMENT ON FUNCTION governance.assess_export(text) IS 'the assessment as a document: junit or prometheus';
COMMENT ON FUNCTION governance.waive_finding(text, text, text, timestamptz) IS 'accepts a finding until a date, for a reason; takes effect at commit';
COMMENT ON FUNCTION governance.unwaive_finding(text) IS 'opens a waived finding again';
COMMENT ON FUNCTION governance.set_baseline() IS 'remembers the findings of today, so that assess() tells new from known';
COMMENT ON FUNCTION governance.self_test(text, text) IS 'attacks a feature in this very database and takes everything back; the outcomes are kept for the assessment';
COMMENT ON FUNCTION governance._run_check(text) IS 'runs one check; a check that fails gives a row that says so';
COMMENT ON FUNCTION governance._offers(text) IS 'whether this version of the product has a function';
COMMENT ON FUNCTION governance._hides(text) IS 'whether another feature''s view is there, but not for the caller';
COMMENT ON FUNCTION governance._of_view(text) IS 'the rows of another feature''s view, none where this version has no such view';
COMMENT ON FUNCTION governance._server_setting(text) IS 'what a setting is where neither role, database nor client overrides it; NULL where that cannot be told';
COMMENT ON FUNCTION governance._count_of(bigint, text) IS 'a number with its noun';
