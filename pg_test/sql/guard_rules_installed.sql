-- The cases of guard_rules in mode installed: what fires no event trigger is not seen, and explain_ddl() says so.
\set SHOW_CONTEXT never
\set ECHO none
\ir guard_rules/fixture.sql
\ir guard_rules/run.sql
\ir guard_rules/cases.sql
\ir guard_rules/judge.sql
