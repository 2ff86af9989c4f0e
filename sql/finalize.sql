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

---------------------------------------------------------------------------------------------------------------- lineage

--------------------------------------------------------------------------------------------------------------- boundary

----------------------------------------------------------------------------------------------------------------- assess
GRANT EXECUTE ON FUNCTION
    governance.assess(text[]), governance.checklist(), governance.assess_export(text),
    governance.waive_finding(text, text, text, timestamptz), governance.unwaive_finding(text), governance.set_baseline(),
    governance._run_check(text), governance._offers(text), governance._hides(text), governance._of_view(text), governance._server_setting(text),
    governance._count_of(bigint, text)
    TO PUBLIC;
COMMENT ON FUNCTION governance.assess(text[]) IS 'looks at what the caller may see and says, check by check, what is right and what is not; only reads';
COMMENT ON FUNCTION governance.checklist() IS 'the twenty items: what is declared, observed, enforced and proven, and the next step';
COMMENT ON FUNCTION governance.assess_export(text) IS 'the assessment as a document: junit or prometheus';
COMMENT ON FUNCTION governance.waive_finding(text, text, text, timestamptz) IS 'accepts a finding until a date, for a reason; takes effect at commit';
COMMENT ON FUNCTION governance.unwaive_finding(text) IS 'opens a waived finding again';
COMMENT ON FUNCTION governance.set_baseline() IS 'remembers the findings of today, so that assess() tells new from known';
COMMENT ON FUNCTION governance._run_check(text) IS 'runs one check; a check that fails gives a row that says so';
COMMENT ON FUNCTION governance._offers(text) IS 'whether this version of the product has a function';
COMMENT ON FUNCTION governance._hides(text) IS 'whether another feature''s view is there, but not for the caller';
COMMENT ON FUNCTION governance._of_view(text) IS 'the rows of another feature''s view, none where this version has no such view';
COMMENT ON FUNCTION governance._server_setting(text) IS 'what a setting is where neither role, database nor client overrides it; NULL where that cannot be told';
COMMENT ON FUNCTION governance._count_of(bigint, text) IS 'a number with its noun';
