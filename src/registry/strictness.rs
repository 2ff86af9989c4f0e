//! How strict a relation is governed, feature by feature, and keeping the strictest where two declarations meet.
use super::ladder::{self, Ladder};
use crate::core::registry::level::{Level, Resolved};
use crate::pg::catalog::Name;
use crate::pg::{owner, roles, spi};
use serde_json::Value;

/// The level of each feature that stands for itself, coarse ones first.
pub type Strictness = Vec<(String, Level)>;

/// The level of every feature for a relation and where it comes from, in the order of their names. What bears tags counts
/// as declared where masks are concerned, and what has deprecated columns where those are: see [`Ladder::of_tagged`].
#[must_use]
pub fn effective(name: &Name) -> Vec<(String, Resolved)> {
    let plain = Ladder::of(name).all();
    let [tagged, deprecates] = ["_column_tag", "deprecation"].map(|table| is_named_in(table, name));
    if !tagged && !deprecates {
        return plain;
    }
    let counts = |f: &str| (tagged && f.starts_with("privacy")) || (deprecates && f == "deprecation");
    let declared = Ladder::of_tagged(name).all();
    plain.into_iter().zip(declared).map(|(p, d)| if counts(&p.0) { d } else { p }).collect()
}

/// How strict a relation is governed. Features that only sum up others (guard) say nothing by themselves.
#[must_use]
pub fn of(name: &Name) -> Strictness {
    let shipped = ladder::shipped();
    let sums_up =
        |f: &str| shipped.features.iter().any(|(g, _)| g.strip_prefix(f).is_some_and(|r| r.starts_with('.')));
    let all = effective(name).into_iter().filter(|(f, _)| !sums_up(f));
    let mut all: Strictness = all.map(|(f, r)| (f, r.level)).collect();
    all.sort_by_key(|(f, _)| shipped.path(f).len());
    all
}

fn is_named_in(table: &str, name: &Name) -> bool {
    owner::run(|| {
        spi::select_one(
            &format!(
                "SELECT EXISTS (SELECT FROM governance.{table} WHERE schema_name = $1 AND relation_name = $2)"
            ),
            &[name.schema.as_str().into(), name.relation.as_str().into()],
            |r| r.must(1),
        )
    })
    .unwrap_or(false)
}

/// Sees to it that a relation is governed as strictly as any of these, by levels of its own where it is not; returns
/// those with what was set for them before.
pub fn keep(name: &Name, at_least: &[Strictness], why: &str) -> Vec<(String, Option<Value>)> {
    let mut want = of(name);
    for other in at_least {
        for ((_, level), (_, other)) in want.iter_mut().zip(other) {
            *level = (*level).max(*other);
        }
    }
    let mut kept: Vec<(String, Option<Value>)> = Vec::new();
    // One at a time: a level that is set for a hazard counts for its rules too.
    while let Some((feature, level)) = of(name)
        .into_iter()
        .zip(&want)
        .find(|((feature, have), (_, want))| have < want && !kept.iter().any(|(k, _)| k == feature))
        .map(|((feature, _), (_, want))| (feature, *want))
    {
        let before = raise(&feature, name, level, why);
        kept.push((feature, before));
    }
    kept
}

/// Sets a level of a dataset that is stricter than what holds; returns the one that was set, with its end. One that has
/// ended was not.
fn raise(feature: &str, name: &Name, level: Level, why: &str) -> Option<Value> {
    let scope = format!("dataset:{name}");
    let me = roles::name(roles::current());
    owner::run(|| {
        let before = spi::select_one(
            "SELECT jsonb_strip_nulls(jsonb_build_object('level', level, 'valid_until', governance._iso_time(valid_until)))
               FROM governance.level
              WHERE feature = $1 AND scope = $2 AND level IS NOT NULL
                AND (valid_until IS NULL OR valid_until > clock_timestamp())",
            &[feature.into(), scope.as_str().into()],
            |r| r.must::<pgrx::JsonB>(1).0,
        );
        spi::execute(
            "INSERT INTO governance.level AS l (feature, scope, level, reason, set_by) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (feature, scope) DO UPDATE SET
                was_level = CASE WHEN l.changed_by_xid = pg_current_xact_id() THEN l.was_level ELSE l.level END,
                was_floor = CASE WHEN l.changed_by_xid = pg_current_xact_id() THEN l.was_floor ELSE l.floor END,
                was_valid_until = CASE WHEN l.changed_by_xid = pg_current_xact_id() THEN l.was_valid_until ELSE l.valid_until END,
                floor = l.floor AND l.level IS NOT NULL AND (l.valid_until IS NULL OR l.valid_until > clock_timestamp()),
                level = excluded.level, reason = excluded.reason, valid_until = NULL, set_by = excluded.set_by,
                set_at = now(), changed_by_xid = pg_current_xact_id()",
            &[
                feature.into(),
                scope.as_str().into(),
                level.as_str().into(),
                format!("kept: {why}").into(),
                me.as_str().into(),
            ],
        );
        before
    })
}

/// Levels of one scope become levels of another. Of two for the same feature the stricter stays, as a floor if either
/// was one, and for as long as either.
pub fn move_levels(before: &str, now: &str) {
    const RANK: &str = "coalesce(array_position('{off,observe,warn,enforce}', CASE WHEN {x}.valid_until <= now() THEN NULL ELSE {x}.level END), 0)";
    let (o, n) = (RANK.replace("{x}", "o"), RANK.replace("{x}", "n"));
    owner::run(|| {
        let both = [before.into(), now.into()];
        spi::execute(
            &format!(
                "WITH both_set AS (
                    SELECT o.feature, o.floor OR n.floor AS floor,
                           CASE WHEN o.valid_until IS NULL OR n.valid_until IS NULL THEN NULL
                                ELSE greatest(o.valid_until, n.valid_until) END AS valid_until
                      FROM governance.level o JOIN governance.level n ON n.feature = o.feature
                     WHERE (o.scope, n.scope) = ($1, $2) AND {o} > 0 AND {n} > 0)
                 UPDATE governance.level l SET floor = b.floor, valid_until = b.valid_until
                   FROM both_set b WHERE l.feature = b.feature AND l.scope IN ($1, $2)"
            ),
            &both,
        );
        for (loser, condition) in [("n", format!("{n} < {o}")), ("o", format!("{o} <= {n}"))] {
            let other = if loser == "n" { "o" } else { "n" };
            spi::execute(
                &format!(
                    "DELETE FROM governance.level {loser} USING governance.level {other}
                      WHERE (o.scope, n.scope) = ($1, $2) AND o.feature = n.feature AND {condition}"
                ),
                &both,
            );
        }
        spi::execute("UPDATE governance.level SET scope = $2 WHERE scope = $1", &both);
    });
}

/// Sets a level that was carried back to what it was, end included, unless somebody has set it since the proposal.
pub fn put_back(feature: &str, name: &Name, before: &Value, reason: &str, proposal: i64) {
    let me = roles::name(roles::current());
    owner::run(|| {
        spi::execute(
            "UPDATE governance.level l SET
                was_level = CASE WHEN l.changed_by_xid = pg_current_xact_id() THEN l.was_level ELSE l.level END,
                was_floor = CASE WHEN l.changed_by_xid = pg_current_xact_id() THEN l.was_floor ELSE l.floor END,
                was_valid_until = CASE WHEN l.changed_by_xid = pg_current_xact_id() THEN l.was_valid_until ELSE l.valid_until END,
                level = $3, floor = l.floor AND $3 IS NOT NULL, reason = $4, valid_until = $7::text::timestamptz, set_by = $5,
                set_at = now(), changed_by_xid = pg_current_xact_id()
              WHERE feature = $1 AND scope = $2
                AND set_at <= (SELECT proposed_at FROM governance.proposal WHERE id = $6)",
            &[
                feature.into(),
                format!("dataset:{name}").into(),
                before["level"].as_str().into(),
                reason.into(),
                me.as_str().into(),
                proposal.into(),
                before["valid_until"].as_str().into(),
            ],
        )
    });
}
