-- needs: northwind
-- What is found in northwind: every row must be plausible.
SELECT relation, column_name, tag, confidence, evidence FROM governance.detect_pii() ORDER BY relation::text, column_name;
SELECT count(*) = (SELECT count(*) FROM governance.proposals WHERE kind = 'tag') AS all_proposed FROM governance.detect_pii() x;
