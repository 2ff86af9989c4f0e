
-- ======================================================================================================================
-- 6. The same for a migration tool: its own file runs, once the change behind it is approved
-- ======================================================================================================================
\c - shop_migrator
SELECT governance.propose_change('ALTER TABLE people.customer DROP COLUMN fax', reason => 'no fax since 2024') AS change \gset
SELECT governance.approve_change(:change, 'no reader found in either application', waive => '{not_observed}');

-- Nothing has to grow first for a drop, so the change stands at its gate. What Flyway, Alembic, Rails or Django would send:
ALTER TABLE people.customer DROP COLUMN IF EXISTS fax;

SELECT change, kind, state, contracted_by, next_step FROM governance.changes WHERE change = :change;
--! drop.* contracted
SELECT count(*) AS columns_called_fax FROM pg_attribute
 WHERE attrelid = 'people.customer'::regclass AND attname = 'fax' AND NOT attisdropped;
--! ^ +0$
