\pset format unaligned
\pset footer off
\pset tuples_only on
SET lock_timeout = '2 s';
SET client_min_messages = error;
\o /dev/null
SELECT governance.set_level('guard', 'enforce', reason => 'suite');
\o
\echo '== whether looking ran anything of the users, or took a transaction id'
SELECT count(pg_temp.says(statement, true)) > 0 FROM case_ WHERE rule = 'e';
SELECT last_value <> 2, pg_current_xact_id_if_assigned() IS NOT NULL FROM g.tries;
\o /dev/null
SELECT pg_temp.run();
\o
\echo '== letter | expected | case | what the guard did | what explain_ddl() said, where that is something else'
SELECT rule, kind, statement || coalesce(' (after ' || setup || ')', ''), did, CASE WHEN split_part(explained, '|', 1) <> did THEN explained END FROM case_ ORDER BY n;
\echo '== what was expected otherwise'
SELECT rule, statement, kind, did FROM case_ WHERE kind <> did ORDER BY n;
\echo '== explained otherwise than what was done'
SELECT rule, statement, split_part(explained, '|', 1), did FROM case_
 WHERE split_part(explained, '|', 1) <> did AND split_part(explained, '|', 1) <> 'not explained' ORDER BY n;
