-- health: what ends when, and one row about all features.

CREATE VIEW governance.expirations WITH (security_barrier) AS
    SELECT e.kind, e.object, e.valid_until, e.valid_until <= now() AS is_over
      FROM (SELECT 'level' AS kind, feature || coalesce(' on ' || nullif(scope, ''), '') AS object, valid_until
              FROM governance.level WHERE level IS NOT NULL
            UNION ALL
            SELECT 'consumer', party || ' reads ' || format('%I.%I', schema_name, relation_name), valid_until FROM governance.consumer
            UNION ALL
            SELECT 'decision', title, review_by::timestamptz FROM governance.decision
            UNION ALL
            SELECT 'deprecation', format('%I.%I.%I', schema_name, relation_name, column_name), sunset FROM governance.deprecation
            UNION ALL
            SELECT 'unmask grant', role || ' sees ' || tag, valid_until FROM governance.unmask_grant
            UNION ALL
            SELECT 'waiver', check_id || ' ' || object, valid_until FROM governance.waiver
            UNION ALL
            SELECT 'break-glass', for_role || ': ' || array_to_string(hazards, ', '), valid_until
              FROM governance.break_glass_entry WHERE uses_left > 0 AND valid_until > now()) e
     WHERE e.valid_until IS NOT NULL AND governance._may_see(NULL)
     ORDER BY e.valid_until;
COMMENT ON VIEW governance.expirations IS 'what ends when, and what is over already';
-- Its rows are for operators, auditors and pg_monitor.
GRANT SELECT ON governance.expirations TO PUBLIC;

-- Cheap to poll: no look at user relations, no guesses.
CREATE VIEW governance.health WITH (security_barrier) AS
    SELECT governance._mode() AS mode,
           current_setting('governance.enabled', true)::boolean AS enabled,
           governance._restoring() AS restoring,
           (SELECT count(*) FROM governance._dataset) AS declared,
           (SELECT count(*) FROM governance._column_tag) AS tags,
           (SELECT count(*) FROM governance.level WHERE level IS NOT NULL AND (valid_until IS NULL OR valid_until > now())) AS levels,
           (SELECT count(*) FROM governance.proposal WHERE state = 'open') AS open_proposals,
           (SELECT count(*) FROM governance.expirations WHERE valid_until <= now()) AS expired,
           (SELECT max(at) FROM (SELECT max(declared_at) AS at FROM governance.dataset
                                 UNION ALL SELECT max(tagged_at) FROM governance.column_tag
                                 UNION ALL SELECT max(set_at) FROM governance.level
                                 UNION ALL SELECT max(decided_at) FROM governance.proposal) AS acts) AS last_act_at
     WHERE governance._may_see(NULL);
COMMENT ON VIEW governance.health IS 'one row, cheap to poll: mode, restoring, how much is declared, what has ended';
-- Its row is for operators, auditors and pg_monitor.
GRANT SELECT ON governance.health TO PUBLIC;
