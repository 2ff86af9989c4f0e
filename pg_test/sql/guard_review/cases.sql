COPY case_ (rule, kind, who, statement, setup) FROM stdin WITH (DELIMITER '|', NULL '');
a|passes|owner|ALTER TABLE t ADD COLUMN c int REFERENCES u(id)|
a|adding-foreign-key-constraint refused|owner|ALTER TABLE t ADD COLUMN c int DEFAULT 1 REFERENCES u(id)|
a|adding-foreign-key-constraint refused|owner|ALTER TABLE t ADD COLUMN c int DEFAULT NULL REFERENCES u(id)|
a|constraint-missing-not-valid refused|owner|ALTER TABLE t ADD COLUMN c int CHECK (c > 0) REFERENCES u(id)|
b|passes|owner|CREATE OR REPLACE FUNCTION nf() RETURNS int LANGUAGE sql AS 'SELECT 1'; DROP FUNCTION nf()|
b|passes|owner|CREATE OR REPLACE FUNCTION nf() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION nf() SECURITY DEFINER; ALTER FUNCTION nf() RENAME TO nf2; DROP FUNCTION nf2()|
b|passes|owner|DROP FUNCTION nf()|CREATE OR REPLACE FUNCTION nf() RETURNS int LANGUAGE sql AS 'SELECT 1'
b|passes|owner|CREATE OR REPLACE FUNCTION nf() RETURNS int LANGUAGE sql STABLE AS 'SELECT 2'|CREATE OR REPLACE FUNCTION nf() RETURNS int LANGUAGE sql AS 'SELECT 1'
b|passes|owner|DROP FUNCTION nf()|CREATE OR REPLACE FUNCTION nf() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE OR REPLACE FUNCTION nf() RETURNS int LANGUAGE sql AS 'SELECT 2'
b|ban-drop-function refused|owner|DROP FUNCTION solo()|CREATE OR REPLACE FUNCTION solo() RETURNS int LANGUAGE sql AS 'SELECT 2'
b|passes|owner|DROP FUNCTION lower(text)|CREATE OR REPLACE FUNCTION g.lower(text) RETURNS text LANGUAGE sql AS 'SELECT $1'
b|passes|super|CREATE OR REPLACE FUNCTION lower(text) RETURNS text LANGUAGE sql AS 'SELECT $1'|
b|passes|owner|DROP PROCEDURE np()|CREATE OR REPLACE PROCEDURE np() LANGUAGE sql AS 'SELECT 1'
b|passes|owner|DROP AGGREGATE nagg(int)|CREATE OR REPLACE AGGREGATE nagg(int) (SFUNC = int4pl, STYPE = int)
b|ban-drop-function refused|owner|DROP AGGREGATE agg(int)|CREATE OR REPLACE AGGREGATE agg(int) (SFUNC = int4mi, STYPE = int)
b|passes|owner|DROP TRIGGER ntrig ON t|CREATE OR REPLACE TRIGGER ntrig BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION trg()
b|passes|owner|CREATE OR REPLACE TRIGGER ntrig AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION trg()|CREATE OR REPLACE TRIGGER ntrig BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION trg()
b|ban-drop-trigger refused|owner|DROP TRIGGER trig ON t|CREATE OR REPLACE TRIGGER trig BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION trg()
b|passes|owner|DROP RULE nrul ON plain|CREATE OR REPLACE RULE nrul AS ON UPDATE TO plain WHERE old.id < 0 DO ALSO NOTHING
b|passes|owner|CREATE OR REPLACE RULE nrul AS ON DELETE TO plain WHERE old.id < 0 DO ALSO NOTHING|CREATE OR REPLACE RULE nrul AS ON UPDATE TO plain WHERE old.id < 0 DO ALSO NOTHING
b|ban-drop-rule refused|owner|DROP RULE asleep ON plain|CREATE OR REPLACE RULE asleep AS ON UPDATE TO plain WHERE old.id < 1 DO ALSO NOTHING
b|passes|owner|DROP VIEW nv|CREATE OR REPLACE VIEW nv AS SELECT 1 AS a
c|changing-column-type refused|owner|ALTER TABLE t ALTER n TYPE bigint USING n::bigint|
c|changing-column-type refused; shrinking-column-type refused|owner|ALTER TABLE t ALTER v TYPE varchar(2) USING v::varchar(2)|
c|changing-column-type refused; shrinking-column-type refused|owner|ALTER TABLE t ALTER v TYPE text USING NULL|
c|changing-column-type refused; shrinking-column-type refused|owner|ALTER TABLE t ALTER v TYPE text USING substring(v from 1 for 1)|
c|changing-column-type refused; shrinking-column-type refused|owner|ALTER TABLE t ALTER v TYPE text USING trim(both from v)|
c|changing-column-type refused; shrinking-column-type refused|owner|ALTER TABLE t ALTER v TYPE text USING t.w2|ALTER TABLE t ADD COLUMN w2 text
c|changing-column-type refused; shrinking-column-type refused|owner|ALTER TABLE t ALTER v TYPE text USING 'same'|
c|passes|owner|ALTER TABLE t ALTER v TYPE text USING v|
c|passes|owner|ALTER TABLE t ALTER v TYPE varchar USING v::varchar|
c|changing-column-collation refused|owner|ALTER TABLE t ALTER v TYPE text COLLATE "C" USING v COLLATE "C"|
c|changing-column-type refused; shrinking-column-type refused|owner|ALTER TABLE t ALTER n TYPE boolean USING n::boolean|
c|changing-column-type refused; shrinking-column-type refused|owner|ALTER TABLE t ALTER v TYPE text USING v::varchar(1)::text|
c|changing-column-type refused; shrinking-column-type refused|owner|ALTER TABLE t ALTER v TYPE word|
c|changing-column-type refused; shrinking-column-type refused|owner|ALTER TABLE t ALTER v TYPE name USING v::name|
c|changing-column-type refused; shrinking-column-type refused|owner|ALTER TABLE t ALTER tags TYPE varchar(1)[] USING tags::varchar(1)[]|
d|ban-drop-constraint refused|owner|ALTER TABLE t DROP CONSTRAINT t_n_key|ALTER TABLE t ALTER n TYPE int
d|ban-drop-constraint refused|owner|ALTER TABLE t DROP CONSTRAINT t_u_fkey|ALTER TABLE t ALTER u TYPE int
d|ban-drop-constraint refused|owner|ALTER TABLE t DROP CONSTRAINT t_u_fkey|ALTER TABLE u ALTER id TYPE int
d|ban-drop-constraint refused|owner|ALTER TABLE t DROP CONSTRAINT t_check|ALTER TABLE t ALTER n TYPE int, ADD CONSTRAINT fresh CHECK (n > -1) NOT VALID
d|passes|owner|ALTER TABLE t DROP CONSTRAINT fresh|ALTER TABLE t ALTER n TYPE int, ADD CONSTRAINT fresh CHECK (n > -1) NOT VALID
d|passes|owner|ALTER TABLE t ALTER n TYPE int, ADD CONSTRAINT fresh CHECK (n > -1) NOT VALID; ALTER TABLE t DROP CONSTRAINT fresh|
d|ban-drop-index refused; require-concurrent-index-deletion refused|owner|DROP INDEX t_v_idx|ALTER TABLE t ALTER v TYPE text
e|changing-column-type refused; shrinking-column-type refused|owner|ALTER TABLE t ALTER v TYPE varchar(1) USING g.flaky('q')|
e|changing-column-type refused; shrinking-column-type refused|owner|ALTER TABLE t ALTER v TYPE varchar(1) USING ('{q}'::g.flaky_word[])[1]|
e|adding-field-with-default refused|owner|ALTER TABLE t ADD COLUMN c text DEFAULT ('{q}'::g.flaky_word[])[1]|
e|passes|owner|ALTER TABLE t ADD COLUMN c int DEFAULT g.counted(1)|
e|adding-not-nullable-field refused|owner|ALTER TABLE checked ALTER v SET NOT NULL|
e|attaching-partition refused|super|ALTER TABLE part ATTACH PARTITION loose FOR VALUES FROM (g.counted(0)) TO (10)|
e|attaching-partition refused|super|ALTER TABLE part ATTACH PARTITION loose FOR VALUES FROM (nextval('g.tries') * 0) TO (10)|
e|attaching-partition refused|super|ALTER TABLE part ATTACH PARTITION loose FOR VALUES FROM (0 OPERATOR(g.<+>) 1) TO (10)|
e|passes|super|ALTER TABLE part ATTACH PARTITION loose FOR VALUES FROM (0) TO (5 + 5)|
f|ban-drop-column refused|owner|ALTER TYPE ct DROP ATTRIBUTE a|
f|renaming-column refused|owner|ALTER TYPE ct RENAME ATTRIBUTE a TO z|
f|passes|owner|ALTER TYPE lonely DROP ATTRIBUTE a|
f|ban-drop-column refused|owner|ALTER TABLE rt DROP COLUMN b|
f|passes|owner|ALTER TYPE ct ADD ATTRIBUTE fresh int|
f|passes|owner|ALTER TYPE ct DROP ATTRIBUTE IF EXISTS nosuch|
g|passes|owner|EXPLAIN DELETE FROM t|
g|passes|owner|EXPLAIN (VERBOSE, ANALYZE off) UPDATE t SET v = 'x'|
h|renaming-object refused|owner|ALTER SCHEMA g RENAME TO g2; DROP TABLE g2.t|
h|ban-drop-constraint refused|owner|ALTER TABLE t RENAME CONSTRAINT t_n_key TO t_key; ALTER TABLE t DROP CONSTRAINT t_key|
h|passes|owner|ALTER TABLE t RENAME CONSTRAINT t_n_key TO t_key; ALTER TABLE t DROP CONSTRAINT IF EXISTS t_n_key|
h|ban-drop-index refused; require-concurrent-index-deletion refused|owner|ALTER INDEX t_v_idx RENAME TO t_idx; DROP INDEX t_idx|
h|passes|owner|ALTER INDEX t_v_idx RENAME TO a1; ALTER INDEX a1 RENAME TO a2; CREATE INDEX a1 ON holds_none (id); DROP INDEX a1|
h|ban-drop-trigger refused|owner|ALTER TRIGGER trig ON t RENAME TO trig2; DROP TRIGGER trig2 ON t|
h|ban-disable-trigger refused|owner|ALTER TRIGGER trig ON t RENAME TO trig2; ALTER TABLE t DISABLE TRIGGER trig2|
h|ban-drop-constraint refused|owner|ALTER DOMAIN short RENAME CONSTRAINT short_check TO c2; ALTER DOMAIN short DROP CONSTRAINT c2|
h|ban-drop-policy refused|owner|ALTER POLICY pol ON t RENAME TO pol2; DROP POLICY pol2 ON t|
h|passes|owner|ALTER POLICY pol ON t RENAME TO pol2; DROP POLICY IF EXISTS pol ON t|
h|renaming-object refused|owner|ALTER SEQUENCE seq RENAME TO seq2; DROP SEQUENCE seq2|
h|ban-drop-function refused|owner|DROP FUNCTION f(int); DROP FUNCTION IF EXISTS f|
h|passes|owner|CREATE OR REPLACE FUNCTION nf() RETURNS int LANGUAGE sql AS 'SELECT 1'; DROP FUNCTION nf(); DROP FUNCTION IF EXISTS nf()|
h|ban-alter-row-level-security refused|owner|ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t DISABLE ROW LEVEL SECURITY|
h|ban-alter-row-level-security refused|owner|ALTER TABLE t FORCE ROW LEVEL SECURITY; ALTER TABLE t NO FORCE ROW LEVEL SECURITY|
h|ban-drop-default refused|owner|ALTER TABLE t ALTER n SET DEFAULT 3; ALTER TABLE t ALTER n DROP DEFAULT|
h|removing-label refused|owner|COMMENT ON TABLE t IS 'a'; COMMENT ON TABLE t IS NULL|
h|removing-label refused|owner|COMMENT ON COLUMN t.v IS 'a'; COMMENT ON COLUMN t.v IS NULL|
h|ban-drop-not-null refused|owner|ALTER TABLE holds_none ALTER c SET NOT NULL; ALTER TABLE holds_none ALTER c DROP NOT NULL|
h|ban-alter-identity refused|owner|ALTER TABLE t ALTER nn ADD GENERATED ALWAYS AS IDENTITY; ALTER TABLE t ALTER nn DROP IDENTITY|
h|ban-drop-default refused|owner|ALTER DOMAIN word SET DEFAULT 'x'; ALTER DOMAIN word DROP DEFAULT|
h|changing-column-type refused|owner|CREATE TYPE fresh AS ENUM ('1'); ALTER TABLE t ALTER v TYPE fresh USING v::fresh|
h|passes|owner|CREATE TABLE fresh (id int); COMMENT ON TABLE fresh IS 'a'; COMMENT ON TABLE fresh IS NULL; ALTER TABLE fresh ENABLE ROW LEVEL SECURITY; ALTER TABLE fresh DISABLE ROW LEVEL SECURITY|
j|granting-access refused|owner|GRANT ALL ON plain TO review_app WITH GRANT OPTION|
j|granting-access refused|owner|GRANT SELECT ON plain TO review_app WITH GRANT OPTION|
j|granting-access refused|owner|GRANT ALL ON plain TO review_app|
j|granting-access refused|owner|GRANT SELECT, INSERT ON plain TO review_app|
j|passes|owner|GRANT SELECT ON plain TO review_app|
j|passes|owner|GRANT SELECT (id, v) ON plain TO review_app|
j|passes|owner|GRANT SELECT (id) ON u TO review_narrow|
j|granting-access refused|owner|GRANT SELECT (n) ON u TO review_narrow|
j|granting-access refused|owner|GRANT SELECT ON u TO review_narrow|
j|passes|owner|REVOKE INSERT ON t FROM review_app|
j|ban-revoke refused|owner|REVOKE SELECT ON t FROM review_app|
j|ban-revoke refused|owner|REVOKE ALL ON t FROM review_app|
j|passes|owner|REVOKE SELECT (v) ON t FROM review_app|
j|passes|owner|REVOKE GRANT OPTION FOR SELECT ON t FROM review_app|
j|ban-revoke refused|owner|REVOKE INSERT (v) ON plain FROM review_app|
j|ban-revoke refused|owner|REVOKE INSERT ON plain FROM review_app|
j|passes|owner|REVOKE INSERT (w) ON plain FROM review_app|
j|passes|owner|REVOKE CREATE ON SCHEMA other FROM review_app|
j|ban-revoke refused|owner|REVOKE USAGE ON SCHEMA other FROM review_app|
j|ban-revoke refused|owner|REVOKE GRANT OPTION FOR EXECUTE ON FUNCTION solo() FROM review_app|
j|passes|owner|REVOKE GRANT OPTION FOR EXECUTE ON FUNCTION solo() FROM PUBLIC|
j|passes|super|DROP OWNED BY review_narrow|
j|ban-alter-policy-roles refused; ban-revoke refused|super|DROP OWNED BY review_app|
k|passes|owner|ALTER TABLE t SET SCHEMA g|
k|passes|owner|ALTER SEQUENCE seq SET SCHEMA g|
k|passes|owner|ALTER TYPE mood SET SCHEMA g|
k|passes|owner|ALTER FUNCTION solo() SET SCHEMA g|
k|passes|owner|ALTER POLICY pol ON t TO public|
k|ban-alter-policy-roles refused|owner|ALTER POLICY pol ON t TO review_app|
k|passes|owner|ALTER POLICY named ON t TO review_app|
k|ban-alter-policy-roles refused|owner|ALTER POLICY named ON t TO public|
k|ban-alter-role-options refused|super|ALTER ROLE review_app SET "SESSION_REPLICATION_ROLE" = replica|
k|ban-alter-role-options refused|super|ALTER ROLE review_app SET "Role" = 'postgres'|
k|ban-alter-role-options refused|super|ALTER ROLE review_app SET "row_Security" = off|
k|ban-revoke refused|super|ALTER GROUP review_group DROP USER review_member|
k|passes|super|ALTER GROUP review_group DROP USER review_app|
k|granting-role refused|super|ALTER GROUP review_group ADD USER review_app|
k|disabling-guard refused|super|ALTER DATABASE suite_guard_review RESET ALL|
k|passes|owner|DROP INDEX fresh|CREATE INDEX fresh ON holds_none (id)
k|passes|owner|DROP INDEX fresh|SET LOCAL lock_timeout = '1s'; CREATE INDEX fresh ON ONLY part (id)
\.
