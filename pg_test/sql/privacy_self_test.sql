-- The self-test of masks: as a role made for it, as a masked and as an unmasked role; nothing of it stays.
-- needs: attached
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE privacy_self_test_masked; CREATE ROLE privacy_self_test_raw;
SELECT governance.mask_role('privacy_self_test_masked');
SELECT attempt, caught, layer, detail FROM governance.self_test('privacy');
SELECT count(*) FILTER (WHERE NOT caught) AS leaks FROM governance.self_test('privacy', 'privacy_self_test_masked');
SELECT count(*) FILTER (WHERE NOT caught) > 30 AS leaks FROM governance.self_test('privacy', 'privacy_self_test_raw');
SELECT feature, count(*) FROM governance.self_test_result GROUP BY 1;
SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'governance_bait%';
SELECT governance.self_test('privacy', 'nobody');
SELECT governance.self_test('guard', 'privacy_self_test_raw');
SET governance.mask_owners = on;
SELECT count(*) FILTER (WHERE NOT caught) AS leaks FROM governance.self_test('privacy');
