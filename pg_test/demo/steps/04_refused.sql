
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

-- What would it have done? This runs nothing.
SELECT rule, hazard, level, verdict, object, lock_mode FROM governance.explain_ddl('ALTER TABLE people.customer DROP COLUMN fax');
--! data_loss
