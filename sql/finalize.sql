-- finalize: grants and comments on functions, event triggers. Runs after everything else.
--
-- Nobody may execute anything of ours but what is granted below, and those functions check rights themselves.
REVOKE ALL ON ALL ROUTINES IN SCHEMA governance FROM PUBLIC;

--------------------------------------------------------------------------------------------------------------- registry
GRANT EXECUTE ON FUNCTION
    governance.declare_party(text, text, text[], text), governance.forget_party(text),
    governance.declare_dataset(regclass, text, text, text, text, text, text, text, interval, text, text[]),
    governance.forget_dataset(regclass, text),
    governance.tag_column(regclass, text, text, text), governance.untag_column(regclass, text, text, text),
    governance.set_level(text, text, text, text, timestamptz, boolean), governance.reset_level(text, text, text),
    governance.effective_levels(regclass),
    governance.declare_consumer(regclass, text, text[], text, timestamptz), governance.forget_consumer(regclass, text),
    governance.record_decision(text, text, text[], text, jsonb, text, date), governance.forget_decision(text),
    governance.grant_duty(text, text, text), governance.revoke_duty(text, text, text, text),
    governance.accept_proposals(text, real, text, boolean), governance.accept_proposal(bigint),
    governance.reject_proposal(bigint, text),
    governance.manifest(), governance.apply_manifest(jsonb, boolean, boolean, text, text),
    governance.status(), governance.attach(), governance.detach(text), governance.confirm_restore(),
    governance._may_see(oid), governance._has_duty(text), governance._proposal_id(text, text, text, text, text),
    governance._mode(), governance._restoring()
    TO PUBLIC;
COMMENT ON FUNCTION governance.declare_party(text, text, text[], text) IS 'declares a party (team, person or service) and the database roles that act for it, or changes it';
COMMENT ON FUNCTION governance.forget_party(text) IS 'forgets a party that nothing names any more';
COMMENT ON FUNCTION governance.declare_dataset(regclass, text, text, text, text, text, text, text, interval, text, text[]) IS 'declares owner, class and more of a relation; NULL leaves as it is, clear empties';
COMMENT ON FUNCTION governance.forget_dataset(regclass, text) IS 'forgets what is declared about a relation; takes effect at commit';
COMMENT ON FUNCTION governance.tag_column(regclass, text, text, text) IS 'says what a column holds';
COMMENT ON FUNCTION governance.untag_column(regclass, text, text, text) IS 'takes a tag from a column; takes effect at commit';
COMMENT ON FUNCTION governance.set_level(text, text, text, text, timestamptz, boolean) IS 'sets the level of a feature for the database, a schema, a class or a dataset; lowering takes effect at commit';
COMMENT ON FUNCTION governance.reset_level(text, text, text) IS 'takes a level away, so that wider ones and defaults apply again; takes effect at commit';
COMMENT ON FUNCTION governance.effective_levels(regclass) IS 'the level of every feature for a relation, and where it comes from';
COMMENT ON FUNCTION governance.declare_consumer(regclass, text, text[], text, timestamptz) IS 'declares that a party reads a dataset under a contract, or changes the contract';
COMMENT ON FUNCTION governance.forget_consumer(regclass, text) IS 'forgets a consumer';
COMMENT ON FUNCTION governance.record_decision(text, text, text[], text, jsonb, text, date) IS 'records a decision: what was chosen, for which access pattern, and what was not';
COMMENT ON FUNCTION governance.forget_decision(text) IS 'forgets a decision';
COMMENT ON FUNCTION governance.grant_duty(text, text, text) IS 'grants a duty (operator, auditor, backup), never to oneself';
COMMENT ON FUNCTION governance.revoke_duty(text, text, text, text) IS 'revokes a duty';
COMMENT ON FUNCTION governance.accept_proposals(text, real, text, boolean) IS 'accepts open proposals in bulk, or says what that would do (dry_run)';
COMMENT ON FUNCTION governance.accept_proposal(bigint) IS 'accepts one proposal';
COMMENT ON FUNCTION governance.reject_proposal(bigint, text) IS 'rejects one proposal for good';
COMMENT ON FUNCTION governance.manifest() IS 'everything that is declared, as one JSON document in a stable order';
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
COMMENT ON FUNCTION governance._uuid() IS 'a UUID of version 7: orders by time';

------------------------------------------------------------------------------------------------------------------ guard

----------------------------------------------------------------------------------------------------------------- change

---------------------------------------------------------------------------------------------------------------- privacy

---------------------------------------------------------------------------------------------------------------- lineage

--------------------------------------------------------------------------------------------------------------- boundary

----------------------------------------------------------------------------------------------------------------- assess
