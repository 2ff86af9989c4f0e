//! Throttling: a copy gives way to replicas, slots, waiting sessions, autovacuum and WAL. The limits are shipped and an
//! operator sets others; what holds a copy is what `change_progress` says it waits for.
use super::store::Change;
use super::table;
use crate::audit::{self, Act};
use crate::error;
use crate::pg::{alone, owner, roles, spi};
use crate::registry::duty;
use pgrx::pg_sys;
use serde_json::json;
use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

/// How long a copy that is held waits before it asks again.
const PAUSE: Duration = Duration::from_millis(500);

thread_local! {
    /// Whether the last batch was held.
    static HELD: Cell<bool> = const { Cell::new(false) };
    /// How much WAL had been written, and when that was looked at.
    static WAL: RefCell<Option<(f64, Instant)>> = const { RefCell::new(None) };
}

/// Waits a little where the last batch was held. Called before anything is read or locked.
pub fn rest() {
    if HELD.take() {
        alone::rest(PAUSE);
    }
}

/// What holds a copy now, in words; None where it may go on. Notes it for `change_progress`.
#[must_use]
pub fn holds(change: &Change) -> Option<String> {
    let relid = change.relation().0;
    let reason = by_limits(relid).or_else(by_wal).or_else(by_query);
    owner::run(|| {
        spi::execute(
            "UPDATE governance.change SET waits_for = $2 WHERE id = $1 AND waits_for IS DISTINCT FROM $2",
            &[change.id.into(), reason.clone().into()],
        )
    });
    HELD.set(reason.is_some());
    reason
}

/// What the server's own views say.
fn by_limits(relid: pg_sys::Oid) -> Option<String> {
    let tree: Vec<pg_sys::Oid> =
        std::iter::once(relid).chain(table::leaves(relid).into_iter().map(|(leaf, _)| leaf)).collect();
    owner::run(|| {
        spi::select_latest(
            "WITH l AS (SELECT factor, value FROM governance.throttles WHERE value <> 'off'),
             wal AS (SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_lsn() END AS now)
             SELECT reason FROM (
                SELECT 1, format('replica %s is %s behind, limit %s', coalesce(nullif(r.application_name, ''), r.pid::text),
                                 pg_size_pretty(pg_wal_lsn_diff(wal.now, r.replay_lsn)), l.value)
                  FROM l, wal, pg_stat_replication r
                 WHERE l.factor = 'replica_lag_bytes' AND pg_wal_lsn_diff(wal.now, r.replay_lsn) > pg_size_bytes(l.value)
                UNION ALL
                SELECT 2, format('replica %s is %s late, limit %s', coalesce(nullif(r.application_name, ''), r.pid::text),
                                 date_trunc('second', r.replay_lag), l.value)
                  FROM l, pg_stat_replication r WHERE l.factor = 'replica_lag' AND r.replay_lag > l.value::interval
                UNION ALL
                SELECT 3, format('slot %s keeps %s, limit %s', s.slot_name, pg_size_pretty(pg_wal_lsn_diff(wal.now, s.restart_lsn)), l.value)
                  FROM l, wal, pg_replication_slots s
                 WHERE l.factor = 'slot_lag_bytes' AND pg_wal_lsn_diff(wal.now, s.restart_lsn) > pg_size_bytes(l.value)
                UNION ALL
                SELECT 4, format('%s sessions wait for locks on the table, limit %s', count(*), l.value)
                  FROM l, pg_locks k
                 WHERE l.factor = 'lock_waiters' AND NOT k.granted AND k.relation = ANY ($1)
                   AND k.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                 GROUP BY l.value HAVING count(*) > l.value::int
                UNION ALL
                SELECT 5, 'autovacuum works on the table'
                  FROM l, pg_stat_progress_vacuum v JOIN pg_stat_activity a USING (pid)
                 WHERE l.factor = 'autovacuum' AND a.backend_type = 'autovacuum worker'
                   AND v.relid = ANY ($1)
             ) r (rank, reason) ORDER BY rank LIMIT 1",
            &[tree.into()],
            |r| r.must::<String>(1),
        )
    })
    .pop()
}

/// How fast WAL was written since the last batch, by everybody.
fn by_wal() -> Option<String> {
    let row: Option<(f64, Option<String>, Option<f64>)> = owner::run(|| {
        spi::select_latest(
            "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8, value, pg_size_bytes(nullif(value, 'off'))::float8
               FROM governance.throttles WHERE factor = 'wal_rate'",
            &[],
            |r| (r.must(1), r.get(2), r.get(3)),
        )
    })
    .pop();
    let (now, limit, bytes) = row?;
    let before = WAL.replace(Some((now, Instant::now())));
    let ((written, at), bytes) = before.zip(bytes)?;
    let rate = (now - written) / at.elapsed().as_secs_f64().max(0.001);
    (rate > bytes).then(|| {
        format!("{:.0} MB of WAL per second, limit {}", rate / 1_048_576.0, limit.unwrap_or_default())
    })
}

/// What a query of an operator's says, with the rights of whoever set it.
fn by_query() -> Option<String> {
    let (query, role) = owner::run(|| {
        spi::select_one(
            "SELECT value, set_by FROM governance.throttles WHERE factor = 'query' AND value <> 'off'",
            &[],
            |r| (r.must::<String>(1), r.get::<String>(2)),
        )
    })?;
    let role = role.as_deref().and_then(roles::oid)?;
    let sql = format!("SELECT ({query})::pg_catalog.bool");
    let may = owner::as_role(role, || spi::select_one(&sql, &[], |r| r.get::<bool>(1))).flatten();
    (may != Some(true)).then(|| format!("query says no: {query}"))
}

/// Sets a limit: a size, a time, a number, `on`, a query; `off` for none.
pub fn set(factor: &str, value: &str, reason: Option<&str>) {
    duty::require_operator("throttling changes");
    let known: Vec<String> =
        owner::run(|| spi::select("SELECT factor FROM governance.throttle ORDER BY 1", &[], |r| r.must(1)));
    if !known.iter().any(|f| f == factor) {
        error::change::no_such_throttle(factor, &known).raise();
    }
    let value = value.trim();
    if value != "off" && !is_valid(factor, value) {
        error::change::bad_limit(factor, value).raise();
    }
    let before: Option<String> = current(factor);
    let reason = if value == "off" {
        Some(duty::reason_for("taking a limit off", reason))
    } else {
        duty::reason_given(reason)
    };
    let me = roles::name(roles::current());
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.throttle_set (factor, value, set_by) VALUES ($1, $2, $3)
             ON CONFLICT (factor) DO UPDATE SET value = excluded.value, set_by = excluded.set_by",
            &[factor.into(), value.into(), me.into()],
        )
    });
    note("set_throttle", factor, before, reason.as_deref());
}

/// Back to the shipped limit.
pub fn reset(factor: &str, reason: Option<&str>) {
    duty::require_operator("throttling changes");
    let before = current(factor);
    owner::run(|| {
        spi::execute("DELETE FROM governance.throttle_set WHERE factor = $1", &[factor.into()]);
    });
    note("reset_throttle", factor, before, duty::reason_given(reason).as_deref());
}

/// Whether the server can read a limit.
fn is_valid(factor: &str, value: &str) -> bool {
    let check = match factor {
        "replica_lag_bytes" | "slot_lag_bytes" | "wal_rate" => "SELECT pg_size_bytes($1) > 0",
        "replica_lag" => "SELECT $1::interval > interval '0'",
        "lock_waiters" => "SELECT $1::int >= 0",
        "autovacuum" => return value == "on",
        _ => {
            let sql = format!("SELECT ({value})::pg_catalog.bool");
            return crate::pg::xact::apart(|| spi::select_one(&sql, &[], |r| r.get::<bool>(1))).is_some();
        }
    };
    let ask = || spi::select_one(check, &[value.into()], |r| r.must::<bool>(1));
    crate::pg::xact::apart(ask).flatten() == Some(true)
}

fn current(factor: &str) -> Option<String> {
    owner::run(|| {
        spi::select_one("SELECT value FROM governance.throttles WHERE factor = $1", &[factor.into()], |r| {
            r.must(1)
        })
    })
}

fn note(verb: &str, factor: &str, before: Option<String>, reason: Option<&str>) {
    audit::act(Act {
        verb,
        object: factor,
        relation: None,
        before: before.map(|v| json!({"value": v})),
        after: current(factor).map(|v| json!({"value": v})),
        reason,
    });
}
