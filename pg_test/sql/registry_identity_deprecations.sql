-- needs: attached
-- Deprecations and contracts that are carried: out of a tree, by a swap, from a name. A person is asked, and what was
-- carried goes when the answer is no.
\pset format unaligned
\pset null '-'
SET client_min_messages = error;
SET governance.reason = 'tests';
CREATE SCHEMA s;
SELECT governance.declare_party('team', db_roles => '{postgres}'), governance.declare_party('crm'), governance.declare_party('erp');
CREATE VIEW deprecated AS
    SELECT format('%I.%I', schema_name, relation_name) AS relation, column_name, sunset::date, own_sunset::date, replacement
      FROM governance.deprecation ORDER BY 1, 2;
CREATE VIEW asked AS SELECT object, evidence - 'why' AS carried FROM governance.proposals WHERE kind = 'identity' ORDER BY object;
CREATE VIEW contracts AS SELECT format('%I.%I', schema_name, relation_name) AS relation, party, columns FROM governance.consumer ORDER BY 1, 2;

------------------------------------------------------------------------------------------------ leaving a tree
CREATE TABLE s.p (id int, f text, g text, h text) PARTITION BY LIST (id);
CREATE TABLE s.p1 PARTITION OF s.p FOR VALUES IN (1);
CREATE TABLE s.p2 PARTITION OF s.p FOR VALUES IN (2);
SELECT governance.declare_dataset('s.p', 'team', 'transactional'), governance.set_level('deprecation', 'enforce', 'dataset:s.p');
SELECT governance.deprecate_column('s.p', 'f', '2100-01-01', 'g'), governance.deprecate_column('s.p', 'h', '2100-01-01'),
       governance.deprecate_column('s.p1', 'h', '2110-01-01');
SELECT governance.declare_consumer('s.p', 'crm', '{f,g}'), governance.declare_consumer('s.p', 'erp'), governance.declare_consumer('s.p1', 'crm', '{g}');
-- rows by hand, as if time had passed
SELECT governance.set_level('guard.disabling-guard', 'off', reason => 'suite');
UPDATE governance.deprecation SET sunset = '2001-01-01' WHERE relation_name = 'p';
SELECT f FROM s.p1;
ALTER TABLE s.p DETACH PARTITION s.p1;
SELECT f FROM s.p1;
SELECT h FROM s.p1;
SELECT g FROM s.p1;
TABLE deprecated;
TABLE contracts;
TABLE asked;
SELECT governance.reject_proposal(id, 'another thing') FROM governance.proposals WHERE kind = 'identity';
SELECT f FROM s.p1;
TABLE deprecated;
TABLE contracts;
-- of whatever is above, declared or not, children too; and concurrently
CREATE TABLE s.top (id int, f text);
CREATE TABLE s.mid () INHERITS (s.top);
CREATE TABLE s.low () INHERITS (s.mid);
SELECT governance.deprecate_column('s.top', 'f', '2100-01-01'), governance.set_level('deprecation', 'enforce', 'dataset:s.top');
UPDATE governance.deprecation SET sunset = '2001-01-01' WHERE relation_name = 'top';
ALTER TABLE s.low NO INHERIT s.mid;
SELECT f FROM s.low;
SELECT feature, level FROM governance.levels WHERE scope = 'dataset:s.low';
ALTER TABLE s.p DETACH PARTITION s.p2 CONCURRENTLY;
SELECT f FROM s.p2;
TABLE asked;
SELECT governance.accept_proposal(id) FROM governance.proposals WHERE kind = 'identity';

------------------------------------------------------------------------------------------------------------ swaps
CREATE TABLE s.a (id int, fax text, telex text);
CREATE TABLE s.a_new (id int, fax text, telex text);
SELECT governance.declare_dataset('s.a', 'team', 'reference'), governance.deprecate_column('s.a', 'fax', '2100-01-01', 'use mail'),
       governance.deprecate_column('s.a', 'telex', '2100-01-01');
SELECT governance.deprecate_column('s.a_new', 'telex', '2120-01-01');
BEGIN;
ALTER TABLE s.a RENAME TO a_old;
ALTER TABLE s.a_new RENAME TO a;
COMMIT;
SELECT * FROM deprecated WHERE relation ~ 's.a';
TABLE asked;
-- the column may have another name by then
ALTER TABLE s.a RENAME fax TO telefax;
SELECT governance.reject_proposal(id, 'another thing') FROM governance.proposals WHERE kind = 'identity';
SELECT * FROM deprecated WHERE relation ~ 's.a';
-- what was said since stays
BEGIN;
ALTER TABLE s.a RENAME TO a_other;
ALTER TABLE s.a_old RENAME TO a;
COMMIT;
SELECT governance.reject_proposal(id, 'as before') FROM governance.proposals WHERE kind = 'identity';
CREATE TABLE s.b (id int, fax text, telex text);
BEGIN;
ALTER TABLE s.a RENAME TO a_gone;
ALTER TABLE s.b RENAME TO a;
COMMIT;
SELECT * FROM deprecated WHERE relation = 's.a';
SELECT governance.deprecate_column('s.a', 'fax', '2100-01-01');
SELECT governance.reject_proposal(id, 'another thing') FROM governance.proposals WHERE kind = 'identity';
SELECT * FROM deprecated WHERE relation = 's.a';

----------------------------------------------------------------------------------------------- what waits under a name
CREATE TABLE s.q (id int, old text, older text);
SELECT governance.deprecate_column('s.q', 'old', '2100-01-01'), governance.deprecate_column('s.q', 'older', '2100-01-01');
DROP TABLE s.q;
CREATE TABLE s.r (id int, old text, older text);
SELECT governance.declare_dataset('s.r', 'team', 'reference'), governance.deprecate_column('s.r', 'older', '2130-01-01');
ALTER TABLE s.r RENAME TO q;
SELECT * FROM deprecated WHERE relation = 's.q';
TABLE asked;
SELECT governance.reject_proposal(id, 'another thing') FROM governance.proposals WHERE kind = 'identity';
SELECT * FROM deprecated WHERE relation = 's.q';
-- where both say the same nobody is asked
CREATE TABLE s.t (id int, old text, older text);
SELECT governance.declare_dataset('s.t', 'team', 'reference'), governance.deprecate_column('s.t', 'older', '2130-01-01');
SELECT governance.set_level('guard', 'warn', 'dataset:s.q');
SELECT governance.set_level('guard', 'warn', 'dataset:s.t');
DROP TABLE s.q;
ALTER TABLE s.t RENAME TO q;
TABLE asked;
