-- restore: rows that a dump brings where the database has written its own meanwhile.
--
-- A restore makes views before it fills tables, and data alone comes to tables that are audited already. Both leave rows in
-- tables without a key of our making, and one row that is there twice would lose all rows of that table. The dump's row wins:
-- what it says includes what happened where it was made. Scripts of pg_dump run without a search path, and nothing of ours does.
CREATE FUNCTION governance._give_way() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_TABLE_NAME = 'flow' THEN
        DELETE FROM governance.flow f
         WHERE (f.target_schema_name, f.target_relation_name, f.target_column_name) = (NEW.target_schema_name, NEW.target_relation_name, NEW.target_column_name)
           AND (f.source_schema_name, f.source_relation_name, f.source_column_name) = (NEW.source_schema_name, NEW.source_relation_name, NEW.source_column_name)
           AND (f.subtype, f.evidence) = (NEW.subtype, NEW.evidence);
    ELSE
        DELETE FROM governance.audited_name k
         WHERE (k.schema_name, k.relation_name) = (NEW.schema_name, NEW.relation_name);
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION governance._give_way() IS 'trigger: a row that a dump brings takes the place of the one that is there';
REVOKE ALL ON FUNCTION governance._give_way() FROM PUBLIC;

CREATE TRIGGER data_governance_give_way BEFORE INSERT ON governance.flow FOR EACH ROW
    WHEN (pg_catalog.current_setting('search_path') IN ('', '""')) EXECUTE FUNCTION governance._give_way();
CREATE TRIGGER data_governance_give_way BEFORE INSERT ON governance.audited_name FOR EACH ROW
    WHEN (pg_catalog.current_setting('search_path') IN ('', '""')) EXECUTE FUNCTION governance._give_way();
ALTER TABLE governance.flow ENABLE ALWAYS TRIGGER data_governance_give_way;
ALTER TABLE governance.audited_name ENABLE ALWAYS TRIGGER data_governance_give_way;

-- pg_restore --jobs builds the keys of a table as soon as that table is filled, perhaps before the row arrives that says where
-- all of this was made. So the first declaration that a dump brings says that a restore is under way.
ALTER FUNCTION governance._note_restore() SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION governance._note_restore() IS 'trigger: the first declaration that a dump brings says that a restore is under way';
REVOKE ALL ON FUNCTION governance._note_restore() FROM PUBLIC;
COMMENT ON FUNCTION governance._note_restore() IS 'trigger: declarations that a dump brings begin the restoring state';
CREATE TRIGGER data_governance_note_restore AFTER INSERT ON governance.dataset FOR EACH STATEMENT
    WHEN (pg_catalog.current_setting('search_path') IN ('', '""')) EXECUTE FUNCTION governance._note_restore();
CREATE TRIGGER data_governance_note_restore AFTER INSERT ON governance.level FOR EACH STATEMENT
    WHEN (pg_catalog.current_setting('search_path') IN ('', '""')) EXECUTE FUNCTION governance._note_restore();
ALTER TABLE governance.dataset ENABLE ALWAYS TRIGGER data_governance_note_restore;
ALTER TABLE governance.level ENABLE ALWAYS TRIGGER data_governance_note_restore;
