-- The masks as functions for users.
SET client_min_messages = warning;
\pset null NULL
-- text
SELECT governance.mask_partial('Alice'), governance.mask_partial('Alice Smith', 2, 1, '…'), governance.mask_partial('Al', 2), governance.mask_partial(NULL);
SELECT governance.mask_email('alice@corp.test'), governance.mask_email('al@x'), governance.mask_email('');
SELECT governance.mask_phone('+1 (212) 736-4567'), governance.mask_phone('0170/5551234'), governance.mask_phone('+49 170 5551234'), governance.mask_phone('none');
SELECT governance.mask_card('4929 1234 1234 1234'), governance.mask_card('4929123412341234', 6, 4), governance.mask_card('1234');
SELECT governance.mask_card('4929123412341234', 9);
SELECT governance.mask_iban('DE89 3704 0044 0532 0130 00'), governance.mask_iban('GB82WEST12345698765432'), governance.mask_iban('x');
SELECT governance.mask_national_id('078-05-1120'), governance.mask_name('Alice B. Émile'), governance.mask_address('12 Main St, Springfield, USA');
SELECT governance.mask_ip('192.168.17.99'), governance.mask_ip('2001:db8:1:2::3'), governance.mask_ip('none'), governance.mask_ip('10.1.2.3'::inet), governance.mask_ip('10.1.2.3/30'::inet, 16), governance.mask_ip('2001:db8:1:2::3'::inet), governance.mask_ip('10.1.2.0/25'::cidr::inet);
SELECT governance.mask_url('https://bob:pw@shop.test:8443/u/bob?x=1'), governance.mask_url('https://shop.test/', false), governance.mask_url('none');
SELECT governance.mask_scrub('Mail bob@x.org or +49 170 5551234, card 4111 1111 1111 1111, from 10.1.2.3, see https://x.org/bob, ssn 078-05-1120, DE89 3704 0044 0532 0130 00. Thanks, Bob');
-- dates
SELECT governance.mask_date_trunc('1987-06-05'::date), governance.mask_date_trunc('1987-06-05'::date, 'quarter'), governance.mask_date_trunc('infinity'::date), governance.mask_date_trunc('4713-11-25 BC'::date), governance.mask_date_trunc('1987-06-05'::text, 'month'), governance.mask_date_trunc('5 June'::text);
SELECT governance.mask_date_trunc(t, 'hour') = '1987-06-05 10:00' AS hour, governance.mask_date_trunc(t, 'day') = '1987-06-05' AS day, governance.mask_date_trunc(t AT TIME ZONE 'UTC', 'year') = '1987-01-01 UTC' AS year FROM (SELECT '1987-06-05 10:11:12'::timestamp AS t) x;
SELECT governance.mask_date_trunc('1987-06-05'::date, 'day');
SELECT governance.mask_date_trunc('1987-06-05'::date, 'second');
SELECT bool_and(governance.mask_date_trunc(d::date, u) = date_trunc(u, d)::date) FROM generate_series('0001-01-01'::timestamp, '2400-01-01', '97 days') d, unnest('{week,month,quarter,year,decade}'::text[]) u;
-- numbers
SELECT governance.mask_bucket(37, 10), governance.mask_bucket(-1, 10), governance.mask_bucket(95, 10, 90), governance.mask_bucket(37.55, 0.5), governance.mask_bucket(1.5::float8, 1), governance.mask_bucket('NaN'::numeric, 1), governance.mask_bucket('2024-02-29'::date, 30), governance.mask_bucket('37'::text, 10), governance.mask_bucket('x'::text, 10);
SELECT governance.mask_range(37, 10), governance.mask_range(95, 10, 90), governance.mask_range('37'::text, 10), governance.mask_range('x'::text, 10), governance.mask_range(NULL::numeric, 10);
SELECT governance.mask_bucket(37, 0);
-- of any type
SELECT governance.mask_default('x'::text), governance.mask_default(5), governance.mask_default(now()) = '1970-01-01+00', governance.mask_default('{"a":1}'::jsonb), governance.mask_default(true), governance.mask_default('{a,b}'::text[]), governance.mask_default('10.1.2.3'::inet), governance.mask_default(NULL::text);
-- arguments that differ from row to row
SELECT governance.mask_partial('Alexander', n) FROM generate_series(0, 5) n;
-- keyed ones give NULL without a key
SELECT governance.mask_pseudonym('a'), governance.mask_fpe('123456789'), governance.mask_fake('a'), governance.mask_date_shift('2000-01-01'::date, 'a'), governance.mask_noise(5), governance.mask_json('{"a": "x", "b": "y"}', '{"$.a": {"mask": "pseudonym"}}');
COPY (SELECT repeat('0a', 32)) TO '/tmp/data_governance_mask_functions.key';
ALTER SYSTEM SET governance.key_file = '/tmp/data_governance_mask_functions.key'; SELECT pg_reload_conf(); SELECT pg_sleep(0.2);
SELECT governance.create_key();
SELECT governance.mask_pseudonym('a') ~ '^[0-9a-f]{32}$', governance.mask_pseudonym('a', digits => 64) ~ '^[0-9a-f]{64}$', governance.mask_pseudonym('a') = governance.mask_pseudonym('a'), governance.mask_pseudonym('a') <> governance.mask_pseudonym('a', 'acme'), governance.mask_pseudonym('a') <> governance.mask_pseudonym('a', domain => 'd');
SELECT governance.mask_pseudonym('a', digits => 33);
SELECT substr(governance.mask_pseudonym('11111111-2222-3333-4444-555555555555'::uuid)::text, 15, 1) AS version, governance.mask_pseudonym(5::bigint) >= 0, governance.mask_pseudonym(1.0) = governance.mask_pseudonym(1.00), length(governance.mask_pseudonym('\x01'::bytea));
SELECT governance.mask_fpe('AB-123.456-x') ~ '^[A-Z]{2}-[0-9]{3}\.[0-9]{3}-[a-z]$', governance.mask_fpe('123456789') <> '123456789', governance.mask_fpe('12345'), governance.mask_fpe('1234567'::bigint) BETWEEN 1000000 AND 9999999, governance.mask_fpe(-1234567::bigint) < 0, governance.mask_fpe('123456789', 'd') <> governance.mask_fpe('123456789');
SELECT count(DISTINCT governance.mask_fpe(lpad(n::text, 6, '0'))), count(DISTINCT governance.mask_fpe(n + 1000000::bigint)) FROM generate_series(1, 3000) n;
SELECT governance.mask_fake('a') = governance.mask_fake('a'), governance.mask_fake('a', 'city', 'de') <> '', governance.mask_fake('a', 'street', 'es') ~ ', [0-9]+$';
SELECT governance.mask_fake('a', 'planet');
SELECT bool_and(governance.mask_date_shift(d, s) - governance.mask_date_shift(d + 77, s) = -77), bool_and(governance.mask_date_shift(d, s) <> d), max(abs(governance.mask_date_shift(d, s) - d)) <= 30, count(DISTINCT governance.mask_date_shift(d, s) - d) > 5 FROM (SELECT '2000-01-01'::date + n AS d, (n % 40)::text AS s FROM generate_series(1, 400) n) x;
SELECT bool_and(governance.mask_noise(n::bigint) <> n), bool_and(abs(governance.mask_noise(n::bigint) - n) <= greatest(n / 10, 2)), bool_and(governance.mask_noise(n::numeric / 100) >= 0), count(DISTINCT governance.mask_noise(5.5::float8)) FROM generate_series(0, 1000) n;
SELECT governance.mask_json('{"n": 12345678901234567890.10, "who": {"email": "bob@x.org", "tel": ["+49 170 5551234", 5, null, true]}}', '{"$.who.email": {"mask": "email"}, "$.**.tel[*]": {"mask": "phone"}}');
SELECT governance.mask_json('{}', '{"$.a.": {"mask": "email"}}');
-- who may
CREATE ROLE mask_functions_plain; SET ROLE mask_functions_plain;
SELECT governance.mask_card('4929123412341234'), governance.mask_scrub('a@b.cd');
SELECT governance.mask_fpe('123456789');
SELECT governance.mask_json('{}', '{}');
SELECT governance._mask('a'::text, '[{"mask":"pseudonym"},-1,false]', '', '');
RESET ROLE;
SELECT governance._mask('a'::text, '[{"mask":"pseudonym"},-1,false]', '', '');
-- nor with the key's name, by constants that the planner folds, or in parallel workers
SELECT id || '/' AS key FROM governance.keys \gset
SELECT governance._mask('a'::text, '[{"mask":"pseudonym"},-1,false]', :'key', '');
CREATE TABLE guesses AS SELECT 'a'::text AS a; SET force_parallel_mode = on; SET parallel_leader_participation = off;
SELECT governance._mask(a, '[{"mask":"pseudonym"},-1,false]', :'key', '') FROM guesses;
RESET force_parallel_mode; RESET parallel_leader_participation;
SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'governance'::regnamespace AND p.proname ~ '^_?mask_?' AND (p.proleakproof OR p.proparallel <> 's') AND p.proname <> 'mask_role' AND p.proname <> '_masks';
SELECT mask, arguments, types FROM governance.masks;
ALTER SYSTEM RESET governance.key_file; SELECT pg_reload_conf();
DROP ROLE mask_functions_plain;
