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

----------------------------------------------------------------------------------------------------------------- assess
