-- The extension's own schema. A schema of that name that exists already is somebody else's: CREATE SCHEMA then fails
-- and nothing is installed.
CREATE SCHEMA governance;
COMMENT ON SCHEMA governance IS 'data_governance: declarations, guard, masks, audit log, lineage and assessment of this database';
GRANT USAGE ON SCHEMA governance TO PUBLIC;
