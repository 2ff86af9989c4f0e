\pset format unaligned
\pset footer off
SET lock_timeout = '2 s';
SET client_min_messages = error;
\o /dev/null
SELECT governance.set_level('guard', 'enforce', reason => 'suite');
SELECT pg_temp.run();
\o
\echo '== level enforce: rule | case | as | statement (after what, in the same transaction) | explain_ddl() | what the guard did, where it is not the same'
\pset tuples_only on
SELECT rule, kind, who, statement || coalesce(' (after ' || setup || ')', ''), split_part(explained, '|', 2),
       CASE WHEN split_part(explained, '|', 1) <> did THEN did END
  FROM case_ ORDER BY n;
\echo '== bad cases in which the rule is not among those that refused, and good ones that were refused or failed'
SELECT rule, statement, did FROM case_ WHERE rule <> 'several' AND (kind = 'bad') <> (did ~ ('(^|; )' || rule || ' refused')) OR kind = 'good' AND did <> 'passes' ORDER BY n;
\echo '== rules that no bad case here hit, and why'
SELECT r.rule, coalesce(e.why, CASE WHEN r.mode = 'attached' AND current_database() = 'suite_guard_rules_installed' THEN 'mode attached' END, 'NOT PROVEN ANYWHERE')
  FROM governance.rules r
  LEFT JOIN (VALUES ('ban-alter-system-options', 'cannot run in a function: below in suite guard_rules'), ('ban-drop-database', 'the same'), ('ban-drop-tablespace', 'the same'),
                    ('waiting-for-lock', 'needs other sessions: drill guard_waits'), ('unbounded_write', 'no DDL: at use'), ('ban-catalog-dml', 'no DDL: at use'),
                    ('bypassing-triggers', 'at use')) e (rule, why) USING (rule)
 WHERE NOT EXISTS (SELECT FROM case_ c WHERE c.kind = 'bad' AND c.did ~ ('(^|; )' || r.rule || ' refused')) ORDER BY 1;
\echo '== level warn: cases in which explain_ddl() said something else than what the guard did'
\o /dev/null
SELECT governance.set_level('guard', 'warn', reason => 'suite');
SELECT pg_temp.run();
\o
SELECT rule, statement, split_part(explained, '|', 1), did FROM case_ WHERE split_part(explained, '|', 1) <> did ORDER BY n;
\echo '== level observe: the same'
\o /dev/null
SELECT governance.set_level('guard', 'observe', reason => 'suite');
SELECT pg_temp.run();
\o
SELECT rule, statement, split_part(explained, '|', 1), did FROM case_ WHERE split_part(explained, '|', 1) <> did ORDER BY n;
