-- assess: checks of recovery, backups, replicas, connections and what leaves this server.

INSERT INTO governance.assess_check (check_id, item, title, severity, evidence_kind, scope, passes) VALUES
    ('DR-001', 'D10', 'restore of this quarter', 'high', 'receipt', 'server', 'a restore of the last 92 days has a receipt'),
    ('DR-006', 'D10', 'roll-back of a change', 'low', 'observed', 'server', 'a change was rolled back as an exercise'),
    ('DR-008', 'D10', 'crash safety switched off', 'critical', 'catalog', 'server', 'fsync and full_page_writes are on'),
    ('DR-002', 'P7', 'WAL is not archived', 'high', 'catalog', 'server', 'WAL is archived'),
    ('DR-005', 'P7', 'data checksums are off', 'medium', 'catalog', 'server', 'data checksums are on'),
    ('DR-007', 'P7', 'archiving fails', 'critical', 'statistics', 'server', 'the last attempt to archive WAL succeeded'),
    ('DR-009', 'P7', 'WAL says too little for a backup', 'high', 'catalog', 'server', 'wal_level is replica or logical'),
    ('DR-010', 'P7', 'proof of a backup', 'high', 'receipt', 'server', 'a verified backup has a receipt'),
    ('REP-001', 'P8', 'lag of standbys', 'medium', 'observed', 'server', 'no connected standby is behind by a minute'),
    ('REP-002', 'P8', 'slot that keeps WAL', 'high', 'observed', 'replication slots', 'no slot keeps back more than 1 GB of WAL'),
    ('REP-003', 'P8', 'standbys that commits do not wait for', 'medium', 'catalog', 'server', 'commits wait for a standby, or none is connected'),
    ('REP-004', 'P8', 'inactive slot', 'medium', 'observed', 'replication slots', 'every replication slot has a consumer'),
    ('REP-005', 'P8', 'slots may fill the disk', 'low', 'catalog', 'replication slots', 'max_slot_wal_keep_size bounds what slots keep, or there is no slot'),
    ('POOL-001', 'P9', 'role without connection limit', 'low', 'catalog', 'server', 'no role that can log in, superusers aside, lacks a connection limit'),
    ('POOL-002', 'P9', 'limits add up to more than there is', 'medium', 'catalog', 'server', 'the connection limits of all roles fit into max_connections'),
    ('POOL-003', 'P9', 'budget of connections', 'low', 'declaration', 'server', 'services have declared budgets'),
    ('POOL-004', 'P9', 'connections nearly used up', 'high', 'observed', 'server', 'less than 80 % of the connections are in use'),
    ('POOL-005', 'P9', 'no connection reserved for superusers', 'high', 'catalog', 'server', 'connections are reserved for superusers'),
    ('POOL-006', 'P9', 'idle transactions are never ended', 'low', 'catalog', 'server', 'idle_in_transaction_session_timeout is set'),
    ('XST-001', 'P10', 'hop to another store without contract', 'medium', 'declaration', 'server', 'every publication, subscription and foreign server has a contract'),
    ('XST-005', 'P10', 'subscription that fails', 'high', 'statistics', 'subscriptions', 'no subscription is disabled or has errors'),
    ('XST-006', 'P10', 'published table without replica identity', 'high', 'catalog', 'publications', 'every table published with UPDATE or DELETE has a replica identity');

--------------------------------------------------------------------------------------------------- recovery and backups
-- A restore happens elsewhere and leaves no trace here.
CREATE VIEW governance._check_dr_001 AS
    SELECT 'server' AS object, 'manual' AS status, 'no restore receipt: a restore leaves no trace on the server it was taken from' AS finding,
           CASE WHEN governance._offers('declare_recovery') THEN
               'SELECT governance.declare_recovery(rpo => ''1 hour'', rto => ''4 hours'', cadence => ''92 days'');' END AS remediation_sql
     WHERE NOT EXISTS (SELECT FROM governance._of_view('recovery_drills'));

CREATE VIEW governance._check_dr_006 AS
    SELECT 'database' AS object, 'not_assessed' AS status, 'this version does not record roll-backs of changes yet' AS finding
     WHERE to_regclass('governance.changes') IS NULL
    UNION ALL
    SELECT 'database', 'manual', 'no change was aborted or undone through governance.abort_change() yet, not even as an exercise'
     WHERE to_regclass('governance.changes') IS NOT NULL
       AND NOT EXISTS (SELECT FROM governance._of_view('changes') c WHERE c ->> 'state' IN ('aborted', 'undone'));

CREATE VIEW governance._check_dr_008 AS
    SELECT 'setting ' || name AS object, format('%s is off: a crash of the machine can corrupt the whole cluster', name) AS finding,
           format('ALTER SYSTEM SET %I = on;', name) AS remediation_sql, 'none, outside a transaction block; then SELECT pg_reload_conf();' AS remediation_lock
      FROM pg_settings WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off';

CREATE VIEW governance._check_dr_002 AS
    SELECT 'setting archive_mode' AS object,
           'WAL is not archived here (archive_mode = off): recovery to a point in time needs it' AS finding,
           jsonb_build_object('streaming_receivers', (SELECT count(*) FROM pg_replication_slots WHERE slot_type = 'physical')) AS evidence
      FROM pg_settings WHERE name = 'archive_mode' AND setting = 'off';

CREATE VIEW governance._check_dr_005 AS
    SELECT 'setting data_checksums' AS object, 'data checksums are off: a damaged page is served; stop the server and run pg_checksums --enable' AS finding
      FROM pg_settings WHERE name = 'data_checksums' AND setting = 'off';

CREATE VIEW governance._check_dr_007 AS
    SELECT 'archiver' AS object, format('archiving of WAL fails: %s failures, the last at %s', failed_count, to_char(last_failed_time, 'YYYY-MM-DD HH24:MI')) AS finding,
           jsonb_build_object('failed_count', failed_count, 'last_failed_wal', last_failed_wal, 'last_archived_time', last_archived_time) AS evidence, stats_reset AS observed_since
      FROM pg_stat_archiver WHERE last_failed_time > coalesce(last_archived_time, '-infinity');

CREATE VIEW governance._check_dr_009 AS
    SELECT 'setting wal_level' AS object, 'wal_level is minimal: WAL cannot be archived nor replicated' AS finding,
           'ALTER SYSTEM SET wal_level = replica;' AS remediation_sql, 'none, outside a transaction block; then restart the server' AS remediation_lock
      FROM pg_settings WHERE name = 'wal_level' AND setting = 'minimal';

CREATE VIEW governance._check_dr_010 AS
    SELECT 'server' AS object, 'manual' AS status, 'no backup receipt: the server cannot see backups; run pg_verifybackup, restore one and keep the evidence' AS finding
     WHERE NOT EXISTS (SELECT FROM governance._of_view('recovery_drills'));

---------------------------------------------------------------------------------------------------------------- replicas
CREATE VIEW governance._check_rep_001 AS
    SELECT 'standby ' || quote_ident(coalesce(nullif(s.application_name, ''), '?')) AS object, 'fail' AS status,
           format('standby %I is %s behind', s.application_name, date_trunc('second', s.replay_lag)) AS finding,
           jsonb_build_object('replay_lag', s.replay_lag, 'sync_state', s.sync_state) AS evidence
      FROM pg_stat_replication s WHERE s.replay_lag > interval '1 minute'
    UNION ALL
    SELECT 'server', 'not_assessed', 'lag is shown to members of pg_read_all_stats only', NULL
     WHERE NOT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')
    UNION ALL
    SELECT 'server', 'not_assessed', 'no standby is connected, so there is no lag to see', NULL
     WHERE pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AND NOT EXISTS (SELECT FROM pg_stat_replication);

CREATE VIEW governance._slot AS
    SELECT s.slot_name::text AS name, 'slot ' || quote_ident(s.slot_name) AS object, s.slot_type, s.active, s.wal_status,
           pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, s.restart_lsn)::bigint AS kept
      FROM pg_replication_slots s WHERE NOT s.temporary;

CREATE VIEW governance._check_rep_002 AS
    SELECT object, CASE WHEN wal_status = 'lost' THEN 'critical' END AS severity,
           CASE WHEN wal_status = 'lost' THEN format('slot %I has lost WAL that its consumer needs', name)
                ELSE format('slot %I keeps back %s of WAL', name, pg_size_pretty(kept)) END AS finding,
           jsonb_build_object('kept_bytes', kept, 'wal_status', wal_status) AS evidence
      FROM governance._slot WHERE kept > 1073741824 OR wal_status IN ('unreserved', 'lost');

CREATE VIEW governance._check_rep_003 AS
    SELECT 'setting synchronous_standby_names' AS object, 'warn' AS status,
           format('%s connected and no commit waits for it: what it has is not durable', governance._count_of(count(*), 'standby')) AS finding,
           jsonb_build_object('standbys', count(*)) AS evidence
      FROM pg_stat_replication HAVING count(*) > 0 AND governance._server_setting('synchronous_standby_names') = '';

CREATE VIEW governance._check_rep_004 AS
    SELECT object, format('slot %I has no consumer and keeps WAL back; drop it once nobody needs it', name) AS finding,
           jsonb_build_object('kept_bytes', kept, 'slot_type', slot_type) AS evidence
      FROM governance._slot WHERE NOT active;

CREATE VIEW governance._check_rep_005 AS
    SELECT 'setting max_slot_wal_keep_size' AS object, 'warn' AS status, 'max_slot_wal_keep_size is -1: a slot without consumer fills the disk' AS finding,
           'ALTER SYSTEM SET max_slot_wal_keep_size = ''10GB'';' AS remediation_sql, 'none, outside a transaction block; then SELECT pg_reload_conf();' AS remediation_lock
     WHERE governance._server_setting('max_slot_wal_keep_size') = '-1' AND EXISTS (SELECT FROM governance._slot);

------------------------------------------------------------------------------------------------------------- connections
CREATE VIEW governance._connection_limit AS
    SELECT o.oid, o.rolname::text AS role, o.rolconnlimit AS own_limit, u.usable,
           greatest(1, u.usable / greatest(1, count(*) OVER ()))::int AS share
      FROM pg_roles o,
           (SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS usable) u
     WHERE o.rolcanlogin AND NOT o.rolsuper AND has_database_privilege(o.oid, (SELECT oid FROM pg_database WHERE datname = current_database()), 'CONNECT');

CREATE VIEW governance._check_pool_001 AS
    SELECT format('role %I', role) AS object, 'warn' AS status,
           format('role %I may take all %s connections (CONNECTION LIMIT -1)', role, usable) AS finding,
           jsonb_build_object('usable_connections', usable) AS evidence,
           format('ALTER ROLE %I CONNECTION LIMIT %s;', role, share) AS remediation_sql, 'none; an equal share, give it what its service needs' AS remediation_lock
      FROM governance._connection_limit WHERE own_limit = -1;

CREATE VIEW governance._check_pool_002 AS
    SELECT 'setting max_connections' AS object, 'warn' AS status, format('the limits of %s add up to %s connections; there are %s', governance._count_of(count(*), 'role'), sum(own_limit), max(usable)) AS finding,
           jsonb_build_object('sum', sum(own_limit), 'usable', max(usable)) AS evidence
      FROM governance._connection_limit WHERE own_limit >= 0 HAVING sum(own_limit) > max(usable);

CREATE VIEW governance._check_pool_003 AS
    SELECT 'database' AS object, 'manual' AS status, 'no service states how many connections it needs; pools outside the server cannot be seen' AS finding
     WHERE NOT EXISTS (SELECT FROM governance._of_view('pools'));

CREATE VIEW governance._check_pool_004 AS
    SELECT 'server' AS object, format('%s of %s connections are in use', sum(numbackends), current_setting('max_connections')) AS finding,
           jsonb_build_object('in_use', sum(numbackends)) AS evidence
      FROM pg_stat_database HAVING sum(numbackends) > 0.8 * current_setting('max_connections')::int;

CREATE VIEW governance._check_pool_005 AS
    SELECT 'setting superuser_reserved_connections' AS object, 'no connection is reserved for superusers: a full server locks them out' AS finding,
           'ALTER SYSTEM SET superuser_reserved_connections = 3;' AS remediation_sql, 'none, outside a transaction block; then restart the server' AS remediation_lock
     WHERE current_setting('superuser_reserved_connections')::int = 0;

CREATE VIEW governance._check_pool_006 AS
    SELECT 'setting idle_in_transaction_session_timeout' AS object, 'warn' AS status,
           'nothing ends a session idle in a transaction (idle_in_transaction_session_timeout 0)' AS finding,
           format('ALTER DATABASE %I SET idle_in_transaction_session_timeout = ''15min'';', current_database()) AS remediation_sql, 'none' AS remediation_lock
     WHERE coalesce((SELECT s.value FROM governance._role_setting s WHERE s.name = 'idle_in_transaction_session_timeout' AND s.setrole = 0
                      ORDER BY s.setdatabase = 0 LIMIT 1), governance._server_setting('idle_in_transaction_session_timeout')) ~ '^0+ *[a-z]*$';

------------------------------------------------------------------------------------------------------------ other stores
CREATE VIEW governance._check_xst_001 AS
    SELECT s.kind || ' ' || quote_ident(s.name) AS object, 'fail' AS status,
           format('%s %I leads to another store and has no contract', s.kind, s.name) AS finding
      FROM governance._store s
     -- A physical slot leads to a copy of this store.
     WHERE s.kind NOT IN ('extension', 'physical slot')
       AND NOT EXISTS (SELECT FROM governance._decision d WHERE d.kind = 'contract' AND d.objects && ARRAY[s.name, s.kind || ' ' || s.name])
    UNION ALL
    SELECT 'database', 'manual', 'no publication, subscription or foreign server; hops outside the server cannot be seen'
     WHERE NOT EXISTS (SELECT FROM governance._store WHERE kind NOT IN ('extension', 'physical slot'));

CREATE VIEW governance._check_xst_005 AS
    SELECT format('subscription %I', s.subname) AS object,
           CASE WHEN s.subenabled THEN format('subscription %I failed %s times', s.subname, t.apply_error_count + t.sync_error_count)
                ELSE format('subscription %I is disabled', s.subname) END AS finding,
           jsonb_build_object('apply_errors', t.apply_error_count, 'sync_errors', t.sync_error_count) AS evidence, t.stats_reset AS observed_since
      FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid LEFT JOIN pg_stat_subscription_stats t ON t.subid = s.oid
     WHERE d.datname = current_database() AND (NOT s.subenabled OR t.apply_error_count + t.sync_error_count > 0);

CREATE VIEW governance._check_xst_006 AS
    SELECT DISTINCT r.object, r.schema_name, r.relation_name,
           format('%s is published without replica identity: each UPDATE and DELETE fails', r.object) AS finding,
           format('SET lock_timeout = ''5s''; ALTER TABLE %s REPLICA IDENTITY FULL;', r.object) AS remediation_sql, 'ACCESS EXCLUSIVE, short' AS remediation_lock
      FROM governance._seen_relation r JOIN pg_class c ON c.oid = r.relid
      JOIN pg_publication_tables t ON (t.schemaname, t.tablename) = (r.schema_name, r.relation_name)
      JOIN pg_publication p ON p.pubname = t.pubname AND (p.pubupdate OR p.pubdelete)
     WHERE r.relkind = 'r'
       AND (c.relreplident = 'n' OR c.relreplident = 'd' AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = r.relid AND i.indisprimary));
