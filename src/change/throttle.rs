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

/// A limit that is in force.
struct Limit {
    factor: String,
    value: String,
    set_by: Option<String>,
}

/// What holds a copy now, in words; None where it may go on. Notes it for `change_progress`.
#[must_use]
pub fn holds(change: &Change) -> Option<String> {
    let relid = change.relation().0;
    let limits = owner::run(|| {
        spi::select_latest(
            "SELECT t.factor, coalesce(s.value, t.value), s.set_by
               FROM governance.throttle t LEFT JOIN governance.throttle_set s USING (factor)
              WHERE coalesce(s.value, t.value) <> 'off'",
            &[],
            |r| Limit { factor: r.must(1), value: r.must(2), set_by: r.get(3) },
        )
    });
    let of = |factor: &str| limits.iter().find(|l| l.factor == factor);
    let reason = by_limits(relid, &of).or_else(|| by_wal(of("wal_rate"))).or_else(|| by_query(of("query")?));
    owner::run(|| {
        spi::execute(
            "UPDATE governance.change SET waits_for = $2 WHERE id = $1 AND waits_for IS DISTINCT FROM $2",
            &[change.id.into(), reason.clone().into()],
        )
    });
    HELD.set(reason.is_some());
    reason
}

/// What the server itself says. Of its functions, not of its views: the joins of these cost more to plan than all else here.
fn by_limits<'a>(relid: pg_sys::Oid, of: &impl Fn(&str) -> Option<&'a Limit>) -> Option<String> {
    let tree: Vec<pg_sys::Oid> =
        std::iter::once(relid).chain(table::leaves(relid).into_iter().map(|(leaf, _)| leaf)).collect();
    let value = |factor: &str| of(factor).map(|l| l.value.clone());
    owner::run(|| {
        spi::select_latest(
            "WITH wal AS MATERIALIZED (SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_lsn() END AS now)
             SELECT reason FROM (
                SELECT 1, format('replica %s is %s behind, limit %s',
                                 coalesce((SELECT nullif(a.application_name, '') FROM pg_stat_get_activity(r.pid) a), r.pid::text),
                                 pg_size_pretty(pg_wal_lsn_diff((SELECT now FROM wal), r.replay_lsn)), $2::text)
                  FROM pg_stat_get_wal_senders() r
                 WHERE pg_wal_lsn_diff((SELECT now FROM wal), r.replay_lsn) > pg_size_bytes($2)
                UNION ALL
                SELECT 2, format('replica %s is %s late, limit %s',
                                 coalesce((SELECT nullif(a.application_name, '') FROM pg_stat_get_activity(r.pid) a), r.pid::text),
                                 date_trunc('second', r.replay_lag), $3::text)
                  FROM pg_stat_get_wal_senders() r WHERE r.replay_lag > $3::interval
                UNION ALL
                SELECT 3, format('slot %s keeps %s, limit %s', s.slot_name,
                                 pg_size_pretty(pg_wal_lsn_diff((SELECT now FROM wal), s.restart_lsn)), $4::text)
                  FROM pg_get_replication_slots() s
                 WHERE pg_wal_lsn_diff((SELECT now FROM wal), s.restart_lsn) > pg_size_bytes($4)
                UNION ALL
                SELECT 4, format('%s sessions wait for locks on the table, limit %s', count(*), $5::text)
                  FROM pg_lock_status() k
                 WHERE $5 IS NOT NULL AND NOT k.granted AND k.relation = ANY ($1)
                   AND k.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                HAVING count(*) > $5::int
                UNION ALL
                SELECT 5, 'autovacuum works on the table'
                  FROM pg_stat_get_progress_info('VACUUM') v
                 WHERE $6::text IS NOT NULL AND v.datid = (SELECT oid FROM pg_database WHERE datname = current_database())
                   AND v.relid = ANY ($1)
                   AND EXISTS (SELECT FROM pg_stat_get_activity(v.pid) a WHERE a.backend_type = 'autovacuum worker')
             ) r (rank, reason) ORDER BY rank LIMIT 1",
            &[
                tree.into(),
                value("replica_lag_bytes").into(),
                value("replica_lag").into(),
                value("slot_lag_bytes").into(),
                value("lock_waiters").into(),
                value("autovacuum").into(),
            ],
            |r| r.must::<String>(1),
        )
    })
    .pop()
}

/// How fast WAL was written since the last batch, by everybody.
fn by_wal(limit: Option<&Limit>) -> Option<String> {
    let Some(limit) = limit else {
        WAL.take();
        return None;
    };
    let (now, bytes): (f64, f64) = owner::run(|| {
        spi::select_latest(
            "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8, pg_size_bytes($1)::float8",
            &[limit.value.as_str().into()],
            |r| (r.must(1), r.must(2)),
        )
    })
    .pop()?;
    let (written, at) = WAL.replace(Some((now, Instant::now())))?;
    let rate = (now - written) / at.elapsed().as_secs_f64().max(0.001);
    (rate > bytes).then(|| format!("{:.0} MB of WAL per second, limit {}", rate / 1_048_576.0, limit.value))
}

/// What a query of an operator's says, with the rights of whoever set it.
fn by_query(limit: &Limit) -> Option<String> {
    let (query, role) = (&limit.value, limit.set_by.as_deref().and_then(roles::oid)?);
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
