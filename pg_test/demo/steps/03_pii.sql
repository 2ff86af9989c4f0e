
-- ======================================================================================================================
-- 3. Personal data: found by name and by value, accepted by people
-- ======================================================================================================================
SELECT relation, column_name, tag, confidence FROM governance.detect_pii() ORDER BY confidence DESC, 1, 2;
--! people\.customer +\| email +\| pii\.contact\.email
--! billing\.payment_method +\| iban +\| pii\.financial\.iban
--! billing\.payment_method +\| card_number +\| pii\.financial\.card

-- What it found are proposals, with evidence that is counts, never values.
SELECT object, value, evidence FROM governance.proposals WHERE kind = 'tag' AND object LIKE 'people.customer%' LIMIT 3;
--! people\.customer

SELECT count(*) AS tagged FROM governance.accept_proposals('tag', 0.7, dry_run => false);
--! ^ +2[0-9]$

SELECT relation, column_name, tag FROM governance.column_tags WHERE schema_name = 'people';
--! people\.customer +\| email +\| pii\.contact\.email
