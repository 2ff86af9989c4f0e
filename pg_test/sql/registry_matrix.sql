-- Who may call what: every act of every feature, called by a superuser, the owner (of the party), a steward, an operator, an
-- auditor, a plain role, pg_read_all_data and pg_monitor. Each call is rolled back. "yes": it worked; "42501": refused.
\set SHOW_CONTEXT never
SET client_min_messages = error;
CREATE ROLE matrix_owner;
CREATE ROLE matrix_steward;
CREATE ROLE matrix_operator;
CREATE ROLE matrix_auditor;
CREATE ROLE matrix_plain;
CREATE ROLE matrix_reader;
CREATE ROLE matrix_monitor;
CREATE ROLE matrix_victim;
GRANT pg_read_all_data TO matrix_reader;
GRANT pg_monitor TO matrix_monitor;
CREATE SCHEMA shop AUTHORIZATION matrix_owner;
GRANT USAGE ON SCHEMA shop TO PUBLIC;
SET ROLE matrix_owner;
CREATE TABLE shop.customer (id int PRIMARY KEY, email text, note text);
CREATE TABLE shop.other (id int PRIMARY KEY, email text, note text);
INSERT INTO shop.customer VALUES (1, 'a@example.org', 'x');
RESET ROLE;
SELECT governance.declare_party('owners', db_roles => '{matrix_owner}');
SELECT governance.declare_party('stewards', db_roles => '{matrix_steward}');
SELECT governance.declare_party('unused');
SELECT governance.declare_dataset('shop.customer', 'owners', 'master', steward => 'stewards');
SELECT governance.tag_column('shop.customer', 'email', 'pii.contact.email');
SELECT governance.declare_tag('mine', 'x');
SELECT governance.grant_duty('operator', 'matrix_operator');
SELECT governance.grant_duty('auditor', 'matrix_auditor');
SELECT governance.start_audit('shop.customer');
SELECT governance.declare_writer('shop.customer', 'matrix_owner');
SELECT governance.set_level('guard.availability', 'observe', reason => 'test');
SELECT governance.declare_flow('kafka://orders', 'shop.customer.note', 'test');
SELECT governance.declare_consumer('shop.customer', 'unused');
SELECT governance.record_decision('a decision');
SELECT governance.deprecate_column('shop.customer', 'note', '2100-01-01');
SELECT governance.propose_change('ALTER TABLE shop.customer DROP COLUMN note', 'test') AS one \gset
ALTER TABLE shop.other ADD COLUMN old text;
SELECT governance.propose_change('ALTER TABLE shop.other DROP COLUMN old', 'test') AS done \gset
SELECT governance.approve_change(:done, 'test', '{not_observed}');
CALL governance.advance_change(:done);
SELECT governance.propose_change('ALTER TABLE shop.other DROP COLUMN note', 'test') AS two \gset
SELECT governance.approve_change(:two, 'test', '{not_observed}');
SELECT fingerprint AS finding FROM governance.assess() WHERE schema_name = 'shop' AND relation_name = 'other' AND status IN ('fail', 'warn') ORDER BY check_id LIMIT 1 \gset

CREATE TABLE call (n int GENERATED ALWAYS AS IDENTITY, what text, sql text);
INSERT INTO call (what, sql) VALUES
    ('declare_party', $$SELECT governance.declare_party('new')$$),
    ('forget_party', $$SELECT governance.forget_party('new')$$),
    ('declare_dataset own', $$SELECT governance.declare_dataset('shop.customer', description => 'd')$$),
    ('declare_dataset undeclared', $$SELECT governance.declare_dataset('shop.other', class => 'reference')$$),
    ('forget_dataset', $$SELECT governance.forget_dataset('shop.customer', 'why')$$),
    ('declare_consumer', $$SELECT governance.declare_consumer('shop.customer', 'stewards')$$),
    ('forget_consumer', $$SELECT governance.forget_consumer('shop.customer', 'unused')$$),
    ('tag_column', $$SELECT governance.tag_column('shop.customer', 'note', 'pii.free_text')$$),
    ('deprecate_column', $$SELECT governance.deprecate_column('shop.customer', 'email', '2100-01-01')$$),
    ('undeprecate_column', $$SELECT governance.undeprecate_column('shop.customer', 'note')$$),
    ('transfer_party', $$SELECT * FROM governance.transfer_party('unused', 'stewards')$$),
    ('preview_level', $$SELECT * FROM governance.preview_level('guard', 'enforce')$$),
    ('effective_levels', $$SELECT * FROM governance.effective_levels('shop.customer')$$),
    ('untag_column', $$SELECT governance.untag_column('shop.customer', 'email', 'pii.contact.email', 'why')$$),
    ('set_level', $$SELECT governance.set_level('guard', 'enforce')$$),
    ('reset_level', $$SELECT governance.reset_level('guard.availability', NULL, 'why')$$),
    ('grant_duty', $$SELECT governance.grant_duty('auditor', 'matrix_victim')$$),
    ('revoke_duty', $$SELECT governance.revoke_duty('auditor', 'matrix_auditor', reason => 'why')$$),
    ('record_decision', $$SELECT governance.record_decision('another')$$),
    ('accept_proposals dry run', $$SELECT count(*) FROM governance.accept_proposals('class', 0.1)$$),
    ('accept_proposals', $$SELECT count(*) FROM governance.accept_proposals('class', 0.1, dry_run => false)$$),
    ('manifest', $$SELECT governance.manifest()$$),
    ('manifest_schema', $$SELECT governance.manifest_schema()$$),
    ('apply_manifest', $$SELECT * FROM governance.apply_manifest(governance.manifest())$$),
    ('confirm_restore', $$SELECT governance.confirm_restore()$$),
    ('attach', $$SELECT * FROM governance.attach()$$),
    ('detach', $$SELECT * FROM governance.detach('why')$$),
    ('break_glass', $$SELECT governance.break_glass('why', for_role => 'matrix_victim')$$),
    ('end_break_glass', $$SELECT governance.end_break_glass()$$),
    ('explain_ddl', $$SELECT * FROM governance.explain_ddl('ALTER TABLE shop.customer DROP COLUMN email')$$),
    ('self_test', $$SELECT * FROM governance.self_test('guard')$$),
    ('propose_change', $$SELECT governance.propose_change('ALTER TABLE shop.customer DROP COLUMN email', 'why')$$),
    ('acknowledge_change', format($$SELECT governance.acknowledge_change(%s)$$, :one)),
    ('set_change_window', $$SELECT governance.set_change_window('master', '1 day', reason => 'test')$$),
    ('start_scream_test', format($$SELECT governance.start_scream_test(%s)$$, :one)),
    ('stop_scream_test', format($$SELECT governance.stop_scream_test(%s)$$, :one)),
    ('set_throttle', $$SELECT governance.set_throttle('wal_rate', '1 GB')$$),
    ('reset_throttle', $$SELECT governance.reset_throttle('wal_rate')$$),
    ('reset_change_window', $$SELECT governance.reset_change_window('master', 'test')$$),
    ('approve_change', format($$SELECT governance.approve_change(%s, 'why', '{not_observed}')$$, :one)),
    ('advance_change', format($$SELECT governance._advance_step(%s)$$, :two)),
    ('abort_change', format($$SELECT governance.abort_change(%s, 'why')$$, :two)),
    ('certificate', format($$SELECT governance.certificate(%s)$$, :one)),
    ('declare_tag', $$SELECT governance.declare_tag('pii.contact.fax', 'fax number')$$),
    ('forget_tag', $$SELECT governance.forget_tag('mine', 'why')$$),
    ('set_mask', $$SELECT governance.set_mask('pii.contact.email', 'null')$$),
    ('reset_mask', $$SELECT governance.reset_mask('pii.contact.email', reason => 'why')$$),
    ('mask_role (not in this mode)', $$SELECT governance.mask_role('matrix_victim')$$),
    ('unmask_role', $$SELECT governance.unmask_role('matrix_victim', 'why')$$),
    ('grant_unmask', $$SELECT governance.grant_unmask('matrix_victim', 'pii.contact.email', 'why', now() + '1 hour'::interval)$$),
    ('export_query', $$SELECT * FROM governance.export_query('SELECT email FROM shop.customer')$$),
    ('detect_pii', $$SELECT * FROM governance.detect_pii()$$),
    ('start_audit', $$SELECT governance.start_audit('shop.other')$$),
    ('stop_audit', $$SELECT governance.stop_audit('shop.customer', 'why')$$),
    ('history', $$SELECT * FROM governance.history('shop.customer', '1')$$),
    ('declare_writer', $$SELECT governance.declare_writer('shop.other', 'matrix_owner')$$),
    ('forget_writer', $$SELECT governance.forget_writer('shop.customer', 'matrix_owner', 'why')$$),
    ('declare_flow', $$SELECT governance.declare_flow('kafka://a', 'shop.customer.email', 'x')$$),
    ('forget_flow', $$SELECT governance.forget_flow('kafka://orders', 'shop.customer.note', 'why')$$),
    ('lineage', $$SELECT * FROM governance.lineage('SELECT email FROM shop.customer')$$),
    ('upstream', $$SELECT * FROM governance.upstream('shop.customer')$$),
    ('downstream', $$SELECT * FROM governance.downstream('shop.customer')$$),
    ('change_plan', format($$SELECT * FROM governance.change_plan(%s)$$, :one)),
    ('masks', $$SELECT governance.mask_null('a'), governance.mask_constant('a', 'b'), governance.mask_partial('abc', 1, 1, '*'), governance.mask_email('a@b.c'), governance.mask_phone('+49 1'),
        governance.mask_card('4'), governance.mask_iban('DE'), governance.mask_national_id('1'), governance.mask_name('x'), governance.mask_address('x'),
        governance.mask_ip('x'), governance.mask_url('x'), governance.mask_date_trunc('2000-01-01'::date), governance.mask_bucket(1, 10),
        governance.mask_range(1, 10), governance.mask_scrub('x'), governance.mask_default('x'::text)$$),
    ('undo_change', format($$SELECT governance.undo_change(%s, 'why')$$, :done)),
    ('revoke_unmask', $$SELECT governance.revoke_unmask('matrix_victim', 'pii.contact.email')$$),
    ('create_key (no wrapping key)', $$SELECT governance.create_key()$$),
    ('rotate_key (no wrapping key)', $$SELECT governance.rotate_key()$$),
    ('create_mask_index', $$SELECT governance.create_mask_index('shop.customer', 'note')$$),
    ('destroy_key', $$SELECT governance.destroy_key('00000000-0000-0000-0000-000000000000', 'why')$$),
    ('accept_proposal', $$SELECT governance.accept_proposal((SELECT governance._proposal_id('class', 'shop', 'other', NULL, 'master')))$$),
    ('reject_proposal', $$SELECT governance.reject_proposal((SELECT governance._proposal_id('class', 'shop', 'other', NULL, 'master')), 'why')$$),
    ('forget_decision', $$SELECT governance.forget_decision('a decision')$$),
    ('waive_finding of a dataset', format($$SELECT governance.waive_finding(%L, 'why', 'matrix_owner', now() + '1 day'::interval)$$, :'finding')),
    ('unwaive_finding', format($$SELECT governance.unwaive_finding(%L)$$, :'finding')),
    ('assess_export', $$SELECT governance.assess_export('junit')$$),
    ('set_export_threshold', $$SELECT governance.set_export_threshold(2, reason => 'drill')$$),
    ('reset_export_threshold', $$SELECT governance.reset_export_threshold(reason => 'drill')$$),
    ('verify_receipt', $$SELECT governance.verify_receipt('01a1fcf3-c174-77a6-a989-611f7535a317')$$),
    ('status', $$SELECT * FROM governance.status()$$),
    ('assess', $$SELECT * FROM governance.assess()$$),
    ('checklist', $$SELECT * FROM governance.checklist()$$),
    ('set_baseline', $$SELECT governance.set_baseline()$$),
    ('read the log', $$SELECT * FROM governance.audit_log$$),
    ('write a table of ours', $$INSERT INTO governance.level (feature, level) VALUES ('guard', 'off')$$),
    ('change the log', $$DELETE FROM governance.audit_entry$$);

CREATE FUNCTION try(sql text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        EXECUTE sql;
        RAISE EXCEPTION USING ERRCODE = 'DG000', MESSAGE = 'rolled back';
    EXCEPTION WHEN SQLSTATE 'DG000' THEN RETURN 'yes';
              WHEN OTHERS THEN RETURN SQLSTATE;
    END;
END $$;
GRANT SELECT ON call TO PUBLIC;
CREATE TABLE answer (n int, role text, says text);
GRANT INSERT ON answer TO PUBLIC;
INSERT INTO answer SELECT n, 'superuser', try(sql) FROM call ORDER BY n;
SET ROLE matrix_owner;
INSERT INTO answer SELECT n, 'owner', public.try(sql) FROM public.call ORDER BY n;
SET ROLE matrix_steward;
INSERT INTO answer SELECT n, 'steward', try(sql) FROM call ORDER BY n;
SET ROLE matrix_operator;
INSERT INTO answer SELECT n, 'operator', try(sql) FROM call ORDER BY n;
SET ROLE matrix_auditor;
INSERT INTO answer SELECT n, 'auditor', try(sql) FROM call ORDER BY n;
SET ROLE matrix_plain;
INSERT INTO answer SELECT n, 'plain', try(sql) FROM call ORDER BY n;
SET ROLE matrix_reader;
INSERT INTO answer SELECT n, 'reader', try(sql) FROM call ORDER BY n;
SET ROLE matrix_monitor;
INSERT INTO answer SELECT n, 'monitor', try(sql) FROM call ORDER BY n;
RESET ROLE;
SELECT c.what, max(says) FILTER (WHERE role = 'superuser') AS superuser, max(says) FILTER (WHERE role = 'owner') AS owner,
       max(says) FILTER (WHERE role = 'steward') AS steward, max(says) FILTER (WHERE role = 'operator') AS operator,
       max(says) FILTER (WHERE role = 'auditor') AS auditor, max(says) FILTER (WHERE role = 'plain') AS plain,
       max(says) FILTER (WHERE role = 'reader') AS reader, max(says) FILTER (WHERE role = 'monitor') AS monitor
  FROM call c JOIN answer a USING (n) GROUP BY c.n, c.what ORDER BY c.n;
-- Functions that the matrix does not name: none. (Helpers, triggers and what is not in this version are left out.)
SELECT p.oid::regprocedure FROM pg_proc p
 WHERE p.pronamespace = 'governance'::regnamespace AND p.prorettype <> 'trigger'::regtype
   AND p.proname NOT LIKE '\_%' AND p.prosrc <> '_not_yet_wrapper' AND has_function_privilege('matrix_plain', p.oid, 'EXECUTE')
   AND NOT EXISTS (SELECT FROM call c WHERE c.sql LIKE '%' || p.proname || '(%' OR c.what = p.proname) ORDER BY 1;
