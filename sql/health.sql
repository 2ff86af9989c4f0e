-- health: one row about all features, cheap to poll: no look at user relations, no guesses.
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
