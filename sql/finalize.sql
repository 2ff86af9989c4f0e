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
    governance._may_see(oid), governance._has_duty(text), governance._proposal_id(text, text, text, text, text)
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
COMMENT ON FUNCTION governance._may_see(oid) IS 'whether the current user may see what is declared and recorded about a relation';
COMMENT ON FUNCTION governance._has_duty(text) IS 'whether the current user holds a duty';
COMMENT ON FUNCTION governance._proposal_id(text, text, text, text, text) IS 'the id of a proposal';
COMMENT ON FUNCTION governance._touch_cache() IS 'trigger: tells all backends that cached declarations are stale';

------------------------------------------------------------------------------------------------------------------ audit
COMMENT ON FUNCTION governance._uuid() IS 'a UUID of version 7: orders by time';

------------------------------------------------------------------------------------------------------------------ guard

----------------------------------------------------------------------------------------------------------------- change

---------------------------------------------------------------------------------------------------------------- privacy
GRANT EXECUTE ON FUNCTION
    governance._masks(), governance.set_mask(text, text, jsonb, text, text), governance.reset_mask(text, text, text),
    governance.mask_role(text), governance.unmask_role(text, text),
    governance.grant_unmask(text, text, text, timestamptz), governance.revoke_unmask(text, text), governance.create_key(),
    governance.export_query(text, text, text, text), governance.verify_receipt(uuid), governance.detect_pii(text, integer),
    governance.mask_null(text), governance.mask_constant(text, text), governance.mask_partial(text, integer, integer, text),
    governance.mask_email(text), governance.mask_phone(text), governance._pseudonym(text, text)
    TO PUBLIC;
COMMENT ON FUNCTION governance._masks() IS 'the masks there are, mildest first';
COMMENT ON FUNCTION governance.set_mask(text, text, jsonb, text, text) IS 'chooses how what a tag names leaves, for everybody or one recipient; weakening takes effect at commit';
COMMENT ON FUNCTION governance.reset_mask(text, text, text) IS 'takes such a choice back; takes effect at commit';
COMMENT ON FUNCTION governance.mask_role(text) IS 'masks a role and its members on SELECT, COPY and pg_dump; public masks everybody';
COMMENT ON FUNCTION governance.unmask_role(text, text) IS 'ends that; takes effect at commit';
COMMENT ON FUNCTION governance.grant_unmask(text, text, text, timestamptz) IS 'lets members of a role see what a tag masks, never the caller''s own; takes effect at commit';
COMMENT ON FUNCTION governance.revoke_unmask(text, text) IS 'takes leave to unmask back, at once';
COMMENT ON FUNCTION governance.create_key() IS 'makes the key of pseudonyms where there is none';
COMMENT ON FUNCTION governance.export_query(text, text, text, text) IS 'runs one SELECT as the caller with everything tagged masked, as lines of csv or jsonl, and leaves a receipt';
COMMENT ON FUNCTION governance.verify_receipt(uuid) IS 'not available yet';
COMMENT ON FUNCTION governance.detect_pii(text, integer) IS 'guesses which columns hold personal data and proposes their tags';
COMMENT ON FUNCTION governance.mask_null(text) IS 'NULL';
COMMENT ON FUNCTION governance.mask_constant(text, text) IS 'the same for all; NULL stays NULL';
COMMENT ON FUNCTION governance.mask_partial(text, integer, integer, text) IS 'keeps characters at both ends where at least as many stay hidden';
COMMENT ON FUNCTION governance.mask_email(text) IS 'keeps the first letter, in a valid address of a reserved domain';
COMMENT ON FUNCTION governance.mask_phone(text) IS 'keeps the form of a telephone number and, of eight digits or more, the last two';
COMMENT ON FUNCTION governance.mask_pseudonym(text, text) IS 'a keyed hash of 128 bits, of its own for each recipient; NULL without a key. Not for PUBLIC: who can call it can guess';
COMMENT ON FUNCTION governance._pseudonym(text, text) IS 'mask_pseudonym for masked queries; refuses other callers';

---------------------------------------------------------------------------------------------------------------- lineage

--------------------------------------------------------------------------------------------------------------- boundary

----------------------------------------------------------------------------------------------------------------- assess
