
-- ======================================================================================================================
-- 5. A change: "mobile" is to be called "mobile_phone", while old and new clients work
-- ======================================================================================================================
\c - shop_migrator
SELECT governance.propose_change('ALTER TABLE people.customer RENAME COLUMN mobile TO mobile_phone',
                                 reason => 'one word for it everywhere') AS change \gset

SELECT step, phase, statement, lock_mode, reversible FROM governance.change_plan(:change);
--! expand
--! contract

-- Reads of columns are not observed yet, so the certificate says not_observed, and the approval must name that.
SELECT governance.approve_change(:change, 'both applications were searched for the old name', waive => '{not_observed}');
CALL governance.advance_change(:change);
SELECT change, kind, state, next_step FROM governance.changes WHERE change = :change;

-- Between expand and contract both names work. The web application is old, the back office new:
\c - shop_web
UPDATE people.customer SET mobile = '+49 176 04069099' WHERE id = 7;
\c - shop_backoffice
UPDATE people.customer SET mobile_phone = '+49 176 04069011' WHERE id = 8;
SELECT id, mobile, mobile_phone FROM people.customer WHERE id IN (7, 8) ORDER BY id;
--! 7 \| \+49 176 04069099 \| \+49 176 04069099
--! 8 \| \+49 176 04069011 \| \+49 176 04069011

-- Every older row was copied in batches.
SELECT count(*) AS rows_that_differ FROM people.customer WHERE mobile IS DISTINCT FROM mobile_phone;
--! ^ +0$

-- The new web application is out: the change goes on, and the old name ends.
\c - shop_migrator
SELECT max(change) AS change FROM governance.changes \gset
CALL governance.advance_change(:change);
SELECT change, kind, state, next_step FROM governance.changes WHERE change = :change;
SELECT attname FROM pg_attribute WHERE attrelid = 'people.customer'::regclass AND attname ~ 'mobile' AND NOT attisdropped;
--! mobile_phone
--! contracted
