
-- ======================================================================================================================
-- 6. The same for a migration tool: its own file runs, once the change behind it is approved
-- ======================================================================================================================
\c - shop_migrator
SELECT governance.propose_change('ALTER TABLE people.customer DROP COLUMN fax', reason => 'no fax since 2024') AS change \gset
SELECT governance.approve_change(:change, 'no reader found in either application', waive => '{not_observed}');
CALL governance.advance_change(:change);

-- What Flyway, Alembic, Rails or Django would send:
ALTER TABLE people.customer DROP COLUMN IF EXISTS fax;

SELECT id, state FROM governance.changes WHERE id = :change;
SELECT count(*) AS columns_called_fax FROM pg_attribute
 WHERE attrelid = 'people.customer'::regclass AND attname = 'fax' AND NOT attisdropped;
--! ^ +0$
