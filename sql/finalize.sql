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
GRANT EXECUTE ON FUNCTION
    governance.start_audit(regclass, text[], text), governance.stop_audit(regclass, text),
    governance.history(regclass, jsonb), governance._history(regclass, text),
    governance._may_read_log(text, text), governance._relation_named(text, text)
    TO PUBLIC;
COMMENT ON FUNCTION governance.start_audit(regclass, text[], text) IS 'starts logging every change of a relation''s rows, or changes which columns are left out';
COMMENT ON FUNCTION governance.stop_audit(regclass, text) IS 'stops logging the changes of a relation''s rows; takes effect at commit';
COMMENT ON FUNCTION governance.history(regclass, jsonb) IS 'everything the log holds about one row, oldest first';
COMMENT ON FUNCTION governance._history(regclass, text) IS 'ids of the log rows about one row';
COMMENT ON FUNCTION governance._may_read_log(text, text) IS 'whether the current user may read log rows about a relation';
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

----------------------------------------------------------------------------------------------------------------- change

---------------------------------------------------------------------------------------------------------------- privacy

---------------------------------------------------------------------------------------------------------------- lineage

--------------------------------------------------------------------------------------------------------------- boundary
GRANT EXECUTE ON FUNCTION
    governance.declare_writer(regclass, text), governance.forget_writer(regclass, text, text)
    TO PUBLIC;
COMMENT ON FUNCTION governance.declare_writer(regclass, text) IS 'declares that a role writes a dataset: writes by others are recorded, warned about or refused, by level';
COMMENT ON FUNCTION governance.forget_writer(regclass, text, text) IS 'forgets a declared writer; for the last one it takes effect at commit';
ALTER FUNCTION governance._boundary_write() SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION governance._boundary_write() IS 'trigger: judges who writes';

----------------------------------------------------------------------------------------------------------------- assess
