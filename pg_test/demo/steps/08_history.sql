
-- ======================================================================================================================
-- 8. Who changed this row, when, from what, and why
-- ======================================================================================================================
\c - shop_migrator
SELECT governance.start_audit('people.customer');

\c - shop_backoffice
SET governance.actor = 'lena@support';
SET governance.reason = 'ticket 4711: customer moved';
UPDATE people.customer SET street = 'Uferpromenade 5', city = 'Kiel' WHERE id = 42;
\c - shop_web
UPDATE people.customer SET newsletter = NOT newsletter WHERE id = 42;

\c - postgres
SELECT op, changed_columns, db_role, actor, reason FROM governance.history('people.customer', '42');
--! shop_backoffice +\| lena@support +\| ticket 4711
--! shop_web

SELECT old_row -> 'city' AS was, new_row -> 'city' AS became, statement FROM governance.history('people.customer', '42') LIMIT 1;

-- The product's own acts are in the same log.
SELECT occurred_at, op, object, db_role FROM governance.audit_log WHERE relation IS NULL OR op NOT IN ('INSERT', 'UPDATE', 'DELETE') ORDER BY occurred_at DESC LIMIT 8;
