
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

-- What a statement would do can be asked before it is run: nothing is run.
SELECT rule, verdict, lock_mode, rewrites FROM governance.explain_ddl('ALTER TABLE people.customer ALTER id TYPE bigint');
--! changing-column-type +\| warned +\| ACCESS EXCLUSIVE +\| t

-- The rules, and what each says for a dataset that was declared one by one.
SELECT rule, hazard, level, safe_alternative FROM governance.rules;
--! ban-drop-column +\| data_loss +\| enforce
