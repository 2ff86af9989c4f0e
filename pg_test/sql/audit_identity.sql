-- The log follows names: renames, schema moves, drop and create, rename-swap. governance._follow() stands for the event
-- triggers of the guard.
CREATE VIEW log AS
    SELECT op, relation, relation_name, key, new_row FROM governance.audit_log WHERE kind = 'row' ORDER BY id;
CREATE SCHEMA sales;
CREATE TABLE orders (id int PRIMARY KEY, total int, secret text);
SELECT governance.start_audit('orders', '{secret}');
INSERT INTO orders VALUES (1, 10, 's');
ALTER TABLE orders RENAME TO purchase;
SELECT governance._follow('purchase');
UPDATE purchase SET total = 11, secret = 't';
ALTER TABLE purchase SET SCHEMA sales;
SELECT governance._follow('sales.purchase');
UPDATE sales.purchase SET total = 12;
SELECT op, relation, relation_name, new_row FROM governance.history('sales.purchase', '1');
SELECT relation, exclude_columns FROM governance.audited;

-- a rename that no event trigger saw: the trigger itself notices
ALTER TABLE sales.purchase RENAME TO buy;
UPDATE sales.buy SET total = 13;
SELECT op, relation, relation_name, new_row FROM governance.history('sales.buy', '1');

-- drop and create under the same name
DROP TABLE sales.buy;
SELECT op, relation, relation_name FROM log;
CREATE TABLE sales.buy (id int PRIMARY KEY, secret text);
SELECT governance._follow('sales.buy');
INSERT INTO sales.buy VALUES (1, 'u');
SELECT op, relation, relation_name, new_row FROM governance.history('sales.buy', '1');

-- rename-swap
CREATE TABLE stock (id int PRIMARY KEY, n int, hidden int);
SELECT governance.start_audit('stock', '{hidden}');
INSERT INTO stock VALUES (1, 1, 1);
CREATE TABLE stock_new (id int PRIMARY KEY, n bigint);
INSERT INTO stock_new VALUES (1, 1);
BEGIN;
ALTER TABLE stock RENAME TO stock_old;
SELECT governance._follow('stock_old');
ALTER TABLE stock_new RENAME TO stock;
SELECT governance._follow('stock');
COMMIT;
UPDATE stock SET n = 2;
UPDATE stock_old SET n = 3;
SELECT op, relation, relation_name, new_row FROM log WHERE relation_name LIKE 'public.stock%';
SELECT op, relation, new_row FROM governance.history('stock', '1');
SELECT relation, exclude_columns FROM governance.audited WHERE relation_name LIKE 'stock%';
SELECT op, object, old_row, new_row FROM governance.audit_log WHERE kind = 'act' AND op LIKE '%follow%' ORDER BY id;

-- renamed onto a name that was audited and is free: two entries, one stop
DROP TABLE stock;
ALTER TABLE stock_old RENAME TO stock;
SELECT governance._follow('stock');
UPDATE stock SET n = 4;
SELECT governance.stop_audit('stock', 'both');
UPDATE stock SET n = 5;
SELECT op, relation, new_row FROM governance.history('stock', '1');

-- a trigger without an entry (restored without our tables): logged all the same
CREATE TABLE orphan (id int PRIMARY KEY);
CREATE TRIGGER data_governance_audit_row AFTER INSERT ON orphan FOR EACH ROW EXECUTE FUNCTION governance._audit_row();
ALTER TABLE orphan ENABLE ALWAYS TRIGGER data_governance_audit_row;
INSERT INTO orphan VALUES (1);
SELECT op, relation_name, key FROM log WHERE relation_name = 'public.orphan';
-- and start_audit mends what is missing: this one fired on INSERT only
SELECT governance.start_audit('orphan');
DELETE FROM orphan;
SELECT op, relation_name, key FROM log WHERE relation_name = 'public.orphan';
ALTER TABLE orphan DISABLE TRIGGER data_governance_audit_row;
SELECT governance.set_level('guard.disabling-guard', 'off', reason => 'suite');
ALTER TABLE orphan DISABLE TRIGGER data_governance_audit_row;
SELECT governance.start_audit('orphan');
INSERT INTO orphan VALUES (2);
SELECT op, relation_name, key FROM log WHERE relation_name = 'public.orphan';
-- not a trigger call
SELECT governance._audit_row();
CREATE TABLE misuse (id int);
CREATE TRIGGER misuse BEFORE INSERT ON misuse FOR EACH ROW EXECUTE FUNCTION governance._audit_row();
INSERT INTO misuse VALUES (1);
