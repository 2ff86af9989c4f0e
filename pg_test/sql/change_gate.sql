-- The gate: windows by class, a second person, approvals that end, consumers, deprecations.
\set SHOW_CONTEXT never
CREATE ROLE gate_owner;
CREATE ROLE gate_reader;
CREATE ROLE gate_anna LOGIN IN ROLE gate_owner;
CREATE ROLE gate_ben LOGIN IN ROLE gate_owner;
CREATE SCHEMA shop AUTHORIZATION gate_owner;
SET ROLE gate_owner;
CREATE TABLE shop.customer (id int PRIMARY KEY, phone text, fax text, note text, pager text);
INSERT INTO shop.customer SELECT g, 'p' || g, 'f', 'n' FROM generate_series(1, 10) g;
RESET ROLE;
SELECT governance.declare_party('sales', db_roles => '{gate_owner}'), governance.declare_party('reports', db_roles => '{gate_reader}');
SELECT governance.declare_dataset('shop.customer', 'sales', 'transactional');

-- windows
SELECT * FROM governance.change_windows;
SELECT governance.set_change_window('transactional', soak => '3 days', reason => 'the month is over');
SELECT governance.set_change_window('transactional', soak => '2 days');
SELECT governance.set_change_window('transactional', quarantine => '1 hour', reason => 'x');
SELECT governance.set_change_window('transactional', approval => '2 years', reason => 'x');
SELECT governance.set_change_window('nothing', soak => '1 day', reason => 'x');
SELECT governance.set_change_window(NULL, soak => '1 day', reason => 'x');
SET ROLE gate_owner;
SELECT governance.set_change_window('transactional', soak => '30 days');
SELECT governance.propose_change('ALTER TABLE shop.customer DROP COLUMN phone', 'unused') AS one \gset
SELECT phase, statement FROM governance.change_plan(:one);
RESET ROLE;
SELECT governance.reset_change_window('transactional', 'as shipped');
SELECT * FROM governance.change_windows WHERE class = 'transactional';

-- two persons: those of a team act by the same role, and are told apart by the role they connected as
SELECT governance.set_level('change.two_person', 'enforce', 'dataset:shop.customer');
SET SESSION AUTHORIZATION gate_anna;
SET ROLE gate_owner;
SELECT governance.propose_change('ALTER TABLE shop.customer DROP COLUMN fax', 'unused') AS two \gset
SELECT governance.approve_change(:two, 'I say so', '{not_observed}');
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION gate_ben;
SET ROLE gate_owner;
SELECT governance.approve_change(:two, 'agreed', '{not_observed}');
SELECT governance.approve_change(:two, 'again', '{not_observed}');
RESET SESSION AUTHORIZATION;
SELECT proposed_by, proposed_session, approved_by, approved_session, approved_until - approved_at AS holds FROM governance.change WHERE id = :two;

-- an approval ends, and can be given again
UPDATE governance.change SET approved_until = now() - interval '1 s' WHERE id = :two;
SELECT governance.certificate(:two) -> 'problems' AS problems;
CALL governance.advance_change(:two);
ALTER TABLE shop.customer DROP COLUMN fax;
SET SESSION AUTHORIZATION gate_ben;
SELECT governance.approve_change(:two, 'still', '{not_observed}');
RESET SESSION AUTHORIZATION;
SELECT governance.certificate(:two) -> 'valid' AS valid;
-- so does one whose role is gone
UPDATE governance.change SET approved_by = 'gate_nobody' WHERE id = :two;
SELECT governance.certificate(:two) -> 'problems' AS problems;
SET SESSION AUTHORIZATION gate_anna;
SELECT governance.approve_change(:two, 'mine', '{not_observed}');
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION gate_ben;
SELECT governance.approve_change(:two, 'still', '{not_observed}');
RESET SESSION AUTHORIZATION;
CALL governance.advance_change(:two);
SELECT state, date_trunc('minute', quarantine_until - contracted_at) AS quarantine FROM governance.change WHERE id = :two;
SELECT governance.reset_level('change.two_person', 'dataset:shop.customer', 'suite');

-- consumers: without the waiver they are waited for
SELECT governance.declare_consumer('shop.customer', 'reports', '{note}', 'monthly');
SELECT governance.propose_change('ALTER TABLE shop.customer DROP COLUMN note', 'unused') AS three \gset
SELECT governance.certificate(:three) -> 'consumers' AS consumers, governance.certificate(:three) -> 'problems' AS problems;
SELECT governance.acknowledge_change(:three, 'sales');
SET ROLE gate_owner;
SELECT governance.acknowledge_change(:three, 'reports');
SELECT governance.acknowledge_change(:three);
SET ROLE gate_reader;
SELECT governance.acknowledge_change(:three, comment => 'we read the new one');
RESET ROLE;
SELECT governance.certificate(:three) -> 'consumers' AS consumers, governance.certificate(:three) -> 'problems' AS problems;
SELECT governance.acknowledge_change(NULL), governance.acknowledge_change(99);

-- a deprecation promises until when it stays
SELECT governance.deprecate_column('shop.customer', 'pager', now() + interval '1 day');
SELECT governance.propose_change('ALTER TABLE shop.customer DROP COLUMN pager', 'unused') AS four \gset
SELECT governance.approve_change(:four, 'fine', '{not_observed}');
SELECT regexp_replace(p, '\d{4}-.*', '<time>') AS problem FROM jsonb_array_elements_text(governance.certificate(:four) -> 'problems') p;
SET client_min_messages = error;
SELECT governance.undeprecate_column('shop.customer', 'pager', 'sooner');
RESET client_min_messages;
SELECT governance.certificate(:four) -> 'valid' AS valid;
SELECT op, object, reason, new_row FROM governance.audit_entry WHERE op LIKE '%window%' OR op LIKE 'ack%' ORDER BY id;

-- a table that gets another name meanwhile: the plan is void, and what was done is taken back where it is now
RESET ROLE;
CREATE TABLE public.moved (id int PRIMARY KEY, c int);
INSERT INTO public.moved VALUES (1, 1);
SELECT governance.propose_change('ALTER TABLE public.moved ALTER c TYPE bigint', 'x') AS moved \gset
SELECT governance.approve_change(:moved, 'x', '{not_observed}');
CALL governance.advance_change(:moved);
ALTER TABLE public.moved RENAME TO moved_away;
CALL governance.advance_change(:moved);
SELECT governance.abort_change(:moved);
SELECT attname FROM pg_attribute WHERE attrelid = 'moved_away'::regclass AND attnum > 0 AND NOT attisdropped;
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'moved_away'::regclass;

-- a table that goes for good takes with it what other changes have in quarantine there: they can be ended
SELECT governance.propose_change('ALTER TABLE public.moved_away DROP COLUMN c', 'x') AS column_goes \gset
SELECT governance.approve_change(:column_goes, 'x', '{not_observed}');
CALL governance.advance_change(:column_goes);
SELECT governance.propose_change('DROP TABLE public.moved_away', 'x') AS table_goes \gset
SELECT governance.approve_change(:table_goes, 'x', '{not_observed}');
CALL governance.advance_change(:table_goes);
UPDATE governance.change SET quarantine_until = now() - interval '1 s' WHERE id = :table_goes;
CALL governance.advance_change(:table_goes);
SELECT governance.undo_change(:column_goes);
CALL governance.advance_change(:column_goes);
SELECT state FROM governance.changes WHERE change IN (:column_goes, :table_goes);
