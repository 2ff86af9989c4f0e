
-- ======================================================================================================================
-- 7. Personal data leaves masked
-- ======================================================================================================================
-- What a partner gets: the query's result through the masks of the tags, with a receipt.
SELECT governance.export_query('SELECT id, full_name, email, phone, city, birth_date FROM people.customer WHERE id <= 3', recipient => 'partner');
--! ^ *1,
SELECT exported_by, recipient, row_count, left(sha256, 16) AS sha256, jsonb_array_length(masked) AS masked_columns FROM governance.export_receipts;
--! postgres +\| partner +\| +3

-- Masks on everything a role reads need the library in its sessions. No restart.
SELECT * FROM governance.attach();
--! attached
\c -
SELECT governance.mask_role('shop_analyst');

\c - shop_analyst
SELECT id, full_name, email, phone, city, birth_date FROM people.customer WHERE id <= 3 ORDER BY id;
COPY (SELECT id, email, phone FROM people.customer WHERE id <= 3 ORDER BY id) TO STDOUT;
-- A view on the table, a function in front of the column, a condition on it: the same.
SELECT full_name, email, round(revenue) AS revenue FROM reporting.best_customers ORDER BY revenue DESC LIMIT 3;
SELECT count(*) AS found FROM people.customer WHERE email LIKE 'dmitri.arnold1@%';
--! ^ +0$

-- And the table dumped by that role.
\! pg_dump -U shop_analyst -t people.customer --data-only -f $DEMO_FILES/customer.sql && grep -A 3 ^COPY $DEMO_FILES/customer.sql
\! grep -c arnold1@ $DEMO_FILES/customer.sql
--! ^0$

-- The applications are not touched.
\c - shop_backoffice
SELECT id, email FROM people.customer WHERE id = 1;
--! dmitri\.arnold1@example\.org
