
-- ======================================================================================================================
-- 4. A migration at five on a Friday: nobody uses fax any more, or do they?
-- ======================================================================================================================
\c - shop_migrator
ALTER TABLE people.customer DROP COLUMN fax;
--! ERROR: .*people\.customer
--! HINT: .*propose_change

-- Nothing happened.
SELECT count(fax) AS fax_numbers FROM people.customer;
--! ^ +300

-- The rules, and what each says for a dataset that was declared one by one.
SELECT rule, hazard, level, safe_alternative FROM governance.rules;
--! ban-drop-column +\| data_loss +\| enforce
