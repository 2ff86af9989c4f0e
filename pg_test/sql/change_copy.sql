-- needs: attached
-- A copy that calls functions of users is the product's own work: no reader, and a deprecation does not concern it. What the functions
-- read themselves is a read like any other.
\set VERBOSITY terse
CREATE SCHEMA shop;
CREATE TABLE shop.rate (code text PRIMARY KEY, factor int);
INSERT INTO shop.rate VALUES ('x', 3);
CREATE TABLE shop.item (id int PRIMARY KEY, price int NOT NULL);
INSERT INTO shop.item SELECT g, g FROM generate_series(1, 100) g;
-- a lie, as many a function is
CREATE FUNCTION shop.converted(int) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN ($1 * (SELECT factor FROM shop.rate))::text;
END $$;
SELECT governance.declare_party('team', db_roles => '{postgres}') \g /dev/null
SET client_min_messages = warning;
SELECT governance.declare_dataset('shop.item', 'team', 'transactional') \g /dev/null
SELECT governance.declare_dataset('shop.rate', 'team', 'reference') \g /dev/null
SELECT governance.deprecate_column('shop.item', 'price', now() + interval '1 day', 'ask for cost') \g /dev/null
RESET client_min_messages;
\c -
SET application_name = 'owner';
SELECT governance.propose_change('ALTER TABLE shop.item ALTER price TYPE text', 'suite',
    up => 'shop.converted(price)', down => 'price::int / 3') AS c \gset
SELECT governance.approve_change(:c, 'suite') \g /dev/null
CALL governance.advance_change(:c);
SELECT state FROM governance.changes WHERE change = :c;
SELECT relation, column_name, role, reads > 0 AS reads, evidence FROM governance.column_readers ORDER BY 1, 2;
-- nor is one that fails, and looks for its culprit
SELECT governance.abort_change(:c) \g /dev/null
UPDATE shop.rate SET factor = 1000000000;
SELECT governance.propose_change('ALTER TABLE shop.item ALTER price TYPE text', 'suite',
    up => 'shop.converted(price)', down => 'price::int / 3') AS c \gset
SELECT governance.approve_change(:c, 'suite') \g /dev/null
CALL governance.advance_change(:c);
SELECT relation, column_name, role, reads > 0 AS reads, evidence FROM governance.column_readers ORDER BY 1, 2;
