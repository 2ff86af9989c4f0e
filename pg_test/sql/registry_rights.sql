-- Who may call what: superuser, operator, the relation's owner, a member of the owning party, a plain role,
-- pg_read_all_data, pg_monitor, an auditor. Each cell is what one call gives, taken back at once.
\pset format unaligned
\pset tuples_only on
SET client_min_messages = error;
CREATE ROLE registry_rights_owner;
CREATE ROLE registry_rights_member;
CREATE ROLE registry_rights_plain;
CREATE ROLE registry_rights_reader; GRANT pg_read_all_data TO registry_rights_reader;
CREATE ROLE registry_rights_monitor; GRANT pg_monitor TO registry_rights_monitor;
CREATE ROLE registry_rights_auditor;
CREATE ROLE registry_rights_operator;
CREATE ROLE registry_rights_other;
GRANT CREATE ON SCHEMA public TO registry_rights_owner;
SET ROLE registry_rights_owner;
CREATE TABLE public.of_party (id int, email text);
CREATE TABLE public.undeclared (id int, email text);
RESET ROLE;
SELECT governance.declare_party('team', db_roles => '{registry_rights_member}');
SELECT governance.declare_party('reader');
SELECT governance.declare_dataset('of_party', 'team', 'master');
SELECT governance.tag_column('of_party', 'email', 'pii');
SELECT governance.declare_consumer('of_party', 'reader');
SELECT governance.record_decision('ours', owner => 'team');
SELECT governance.set_level('guard', 'enforce');
SELECT governance.grant_duty('operator', 'registry_rights_operator');
SELECT governance.grant_duty('auditor', 'registry_rights_auditor');

CREATE FUNCTION public.try(role text, call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role);
    BEGIN
        EXECUTE call INTO answer;
        RAISE EXCEPTION 'taken back' USING ERRCODE = 'P0999';
    EXCEPTION WHEN SQLSTATE 'P0999' THEN answer := 'ok';
              WHEN insufficient_privilege THEN answer := '-';
              WHEN OTHERS THEN answer := SQLSTATE || ' ' || SQLERRM;
    END;
    RESET ROLE;
    RETURN answer;
END $$;

\pset tuples_only off
SELECT c AS call, public.try('postgres', c) AS super, public.try('registry_rights_operator', c) AS operator,
       public.try('registry_rights_owner', c) AS owner, public.try('registry_rights_member', c) AS member,
       public.try('registry_rights_auditor', c) AS auditor, public.try('registry_rights_plain', c) AS plain,
       public.try('registry_rights_reader', c) AS reads_all, public.try('registry_rights_monitor', c) AS monitor
  FROM unnest(ARRAY[
    $$SELECT governance.declare_party('p')$$,
    $$SELECT governance.forget_party('nobody')$$,
    $$SELECT governance.declare_dataset('undeclared', class => 'master')$$,
    $$SELECT governance.declare_dataset('of_party', class => 'reference')$$,
    $$SELECT governance.forget_dataset('of_party', 'why')$$,
    $$SELECT governance.tag_column('undeclared', 'email', 'pii')$$,
    $$SELECT governance.tag_column('of_party', 'email', 'pii.name')$$,
    $$SELECT governance.untag_column('of_party', 'email', 'pii', 'why')$$,
    $$SELECT governance.declare_consumer('of_party', 'reader', purpose => 'x')$$,
    $$SELECT governance.forget_consumer('of_party', 'reader')$$,
    $$SELECT governance.record_decision('ours')$$,
    $$SELECT governance.record_decision('new')$$,
    $$SELECT governance.forget_decision('ours')$$,
    $$SELECT governance.set_level('guard', 'warn', reason => 'why')$$,
    $$SELECT governance.reset_level('guard', reason => 'why')$$,
    $$SELECT count(*) FROM governance.effective_levels('of_party')$$,
    $$SELECT governance.grant_duty('auditor', 'registry_rights_other')$$,
    $$SELECT governance.revoke_duty('auditor', 'registry_rights_auditor')$$,
    $$SELECT count(*) FROM governance.accept_proposals()$$,
    $$SELECT count(*) FROM governance.accept_proposals(min_confidence => 0, dry_run => false)$$,
    $$SELECT governance.accept_proposal(governance._proposal_id('class', 'public', 'undeclared', NULL, 'master'))$$,
    $$SELECT governance.reject_proposal(governance._proposal_id('class', 'public', 'undeclared', NULL, 'master'), 'why')$$,
    $$SELECT governance.manifest()$$,
    $$SELECT count(*) FROM governance.apply_manifest('{"format": "data_governance manifest", "version": 1}')$$,
    $$SELECT count(*) FROM governance.status()$$,
    $$SELECT count(*) FROM governance.attach()$$,
    $$SELECT count(*) FROM governance.detach('why')$$,
    $$SELECT count(*) FROM governance.confirm_restore()$$,
    $$SELECT governance._iso_interval('1 day')$$,
    $$SELECT governance._uuid()$$
  ]) WITH ORDINALITY AS t(c, n) ORDER BY n;

-- who may read what: every table and view
SELECT c.relkind AS kind, c.relname,
       has_table_privilege('registry_rights_operator', c.oid, 'SELECT') AS operator,
       has_table_privilege('registry_rights_owner', c.oid, 'SELECT') AS owner,
       has_table_privilege('registry_rights_auditor', c.oid, 'SELECT') AS auditor,
       has_table_privilege('registry_rights_plain', c.oid, 'SELECT') AS plain,
       has_table_privilege('registry_rights_monitor', c.oid, 'SELECT') AS monitor,
       has_table_privilege('registry_rights_plain', c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER') AS plain_writes
  FROM pg_class c
 WHERE c.relnamespace = 'governance'::regnamespace AND c.relkind IN ('r', 'v')
   AND c.relname IN ('database_identity', 'party', 'dataset', 'binding', 'former_name', 'former_column', 'tag', 'column_tag', 'consumer', 'decision',
                     'duty', 'feature', 'level', 'proposal', 'datasets', 'parties', 'column_tags', 'consumers', 'decisions', 'tags',
                     'features', 'levels', 'duties', 'proposals', 'expirations', 'health', '_dataset', '_column_tag', '_user_relation',
                     '_guess', '_proposal', '_column_fact', '_reference', '_relation_fact', '_relation_grant', '_recorded_writer', '_rejected',
                     '_owner_signal', '_class_signal', '_guess_owner', '_guess_class', '_guess_domain', '_guess_concept', '_guess_consumer')
 ORDER BY 1, 2;

-- what each sees of the two tables
CREATE FUNCTION public.count_as(role text, view text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role);
    BEGIN
        EXECUTE format('SELECT count(*) FROM governance.%I', view) INTO answer;
    EXCEPTION WHEN insufficient_privilege THEN answer := '-';
    END;
    RESET ROLE;
    RETURN answer;
END $$;
SELECT v AS view, public.count_as('postgres', v) AS super, public.count_as('registry_rights_operator', v) AS operator,
       public.count_as('registry_rights_owner', v) AS owner, public.count_as('registry_rights_member', v) AS member,
       public.count_as('registry_rights_auditor', v) AS auditor, public.count_as('registry_rights_plain', v) AS plain,
       public.count_as('registry_rights_reader', v) AS reads_all, public.count_as('registry_rights_monitor', v) AS monitor
  FROM unnest('{datasets,column_tags,consumers,proposals,parties,decisions,levels,duties,expirations,health}'::text[]) AS v;

-- nothing of the caller can be slipped in: a search path with twins of what we call
CREATE SCHEMA registry_rights_trap;
GRANT ALL ON SCHEMA registry_rights_trap TO PUBLIC;
SET ROLE registry_rights_plain;
CREATE FUNCTION registry_rights_trap.now() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped as %', current_user; END $$;
CREATE FUNCTION registry_rights_trap.count(text) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped as %', current_user; END $$;
CREATE FUNCTION registry_rights_trap.to_regclass(text) RETURNS regclass LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped as %', current_user; END $$;
RESET ROLE;
SET search_path = registry_rights_trap, pg_catalog, public;
SELECT count(*) > 0 FROM governance.status();
SELECT governance.declare_dataset('public.undeclared', class => 'master');
SELECT pg_catalog.count(*) FROM governance.datasets WHERE declared;
RESET search_path;

-- a function that costs next to nothing sees no row that its caller may not
CREATE TABLE public.nobody_knows (id int);
CREATE FUNCTION public.peek(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001
    AS $$ BEGIN RAISE NOTICE 'seen: %', $1; RETURN true; END $$;
GRANT EXECUTE ON FUNCTION public.peek TO registry_rights_plain;
SET ROLE registry_rights_plain;
SELECT count(*) FROM governance.ddl_log WHERE public.peek(statement);
SELECT count(*) FROM governance.datasets WHERE declared AND public.peek(owner || class);
SELECT count(*) FROM governance.column_tags WHERE public.peek(column_name);
SELECT count(*) FROM governance.changes WHERE public.peek(ddl);
SELECT count(*) FROM governance.flows WHERE public.peek(statement);
SELECT count(*) FROM governance.duties WHERE public.peek(role);
RESET ROLE;
-- nobody appoints themselves: owners as stewards, operators as members of a party
\pset tuples_only on
SELECT public.try(r, c) FROM (VALUES
    (1, 'registry_rights_member', $$SELECT governance.declare_dataset('public.of_party', steward => 'team')$$),
    (2, 'registry_rights_member', $$SELECT governance.declare_dataset('public.of_party', steward => 'reader')$$),
    (3, 'registry_rights_operator', $$SELECT governance.declare_dataset('public.of_party', steward => 'team')$$),
    (4, 'registry_rights_operator', $$SELECT governance.declare_party('team', db_roles => '{registry_rights_member,registry_rights_operator}')$$),
    (5, 'registry_rights_operator', $$SELECT governance.declare_party('team', db_roles => '{registry_rights_member,registry_rights_other}')$$)
  ) AS t (n, r, c) ORDER BY n;
SELECT governance.declare_dataset('public.of_party', steward => 'reader');
SELECT governance.declare_party('reader', db_roles => '{registry_rights_reader}');
SELECT public.try('registry_rights_member', $$SELECT governance.declare_dataset('public.of_party', clear => '{steward}')$$);

-- acts without what they are to act on
SELECT governance.mask_role(NULL);
SELECT governance.revoke_unmask(NULL, 'pii');
SELECT governance.forget_party(NULL);
SELECT governance.unwaive_finding(NULL);
