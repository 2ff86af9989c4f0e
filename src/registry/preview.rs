//! `preview_level()`: what was observed, replayed against a level that nobody has set yet.
use super::ladder::{self, Ladder};
use super::{duty, level, sight};
use crate::core::registry::feature::Scope;
use crate::core::registry::level::{Level, Setting, source_of};
use crate::error;
use crate::pg::catalog::{self, Name};
use crate::pg::regclass::Relation;
use crate::pg::{owner, spi};
use pgrx::datum::TimestampWithTimeZone;
use std::collections::HashMap;

/// Features whose events are recorded, and can be replayed.
const RECORDED: [&str; 2] = ["guard", "boundary"];

/// What happened to one object by one role and application, and what would have become of it.
pub struct Line {
    /// What was hit.
    pub object: String,
    /// Who did it.
    pub role: String,
    /// With what application.
    pub application: Option<String>,
    /// How often.
    pub times: i64,
    /// The last time.
    pub last_at: TimestampWithTimeZone,
    /// The last statement.
    pub example: Option<String>,
    /// refused, warned, recorded or not recorded.
    pub verdict: &'static str,
}

/// An observed event that passed: the feature that judged it, the relation, and its line.
struct Event {
    feature: String,
    name: Name,
    line: Line,
}

/// Replays what was observed since a time against a level. Only what that level would decide is listed: where a
/// narrower one holds, or a floor, it changes nothing.
pub fn preview(
    feature: &str,
    level: &str,
    scope: Option<&str>,
    since: Option<TimestampWithTimeZone>,
) -> Vec<Line> {
    let scope = Scope::parse(&level::check(feature, level, scope)).unwrap_or(Scope::Database);
    if !RECORDED.contains(&feature.split('.').next().unwrap_or_default()) {
        error::registry::not_recorded(feature, &RECORDED).raise();
    }
    let wished = Setting {
        feature: feature.to_string(),
        scope: scope.clone(),
        level: Level::parse(level),
        floor: false,
        ends: false,
        was_level: None,
        was_floor: false,
        pending: false,
    };
    let decides = source_of(feature, &scope);
    let shipped = ladder::shipped();
    let mut ladders: HashMap<Name, Ladder> = HashMap::new();
    let mut lines = Vec::new();
    let holds_duty = duty::is_operator();
    for event in events(since) {
        let relation = catalog::relation_oid(&event.name);
        if !shipped.path(&event.feature).iter().any(|f| f == feature) || !sight::may_see(relation) {
            continue;
        }
        let ladder =
            ladders.entry(event.name.clone()).or_insert_with(|| Ladder::of(&event.name).with(wished.clone()));
        let resolved = ladder.level(&event.feature);
        if resolved.source != decides {
            continue;
        }
        let verdict = match resolved.level {
            Level::Enforce => "refused",
            Level::Warn => "warned",
            Level::Observe => "recorded",
            Level::Off => "not recorded",
        };
        // Statements hold values: they are for those who answer for the relation, or for the database.
        let all = holds_duty
            || duty::audits(&event.name)
            || relation.is_some_and(|r| duty::is_owner(Relation(r)) || duty::is_steward(Relation(r)));
        let example = event.line.example.filter(|_| all);
        lines.push(Line { verdict, example, ..event.line });
    }
    lines
}

/// What the guard and the boundaries recorded and let pass, most recent first. What an approved change or a break-glass
/// let pass would pass again.
fn events(since: Option<TimestampWithTimeZone>) -> Vec<Event> {
    owner::run(|| {
        spi::select(
            "WITH event AS (
                SELECT 'guard.' || e.rule AS feature, e.schema_name, e.relation_name, e.object, e.db_role AS role,
                       nullif(e.application, '') AS application, count(*) AS times, max(e.occurred_at) AS last_at,
                       (array_agg(e.statement ORDER BY e.occurred_at DESC))[1] AS example
                  FROM governance.ddl_entry e
                 WHERE e.rule IS NOT NULL AND e.verdict IN ('recorded', 'warned')
                   AND ($1 IS NULL OR e.occurred_at >= $1)
                 GROUP BY 1, 2, 3, 4, 5, 6
                UNION ALL
                SELECT 'boundary.writers', v.schema_name, v.relation_name,
                       lower(v.op) || ' ' || format('%I.%I', v.schema_name, v.relation_name), v.role,
                       nullif(v.application, ''), sum(v.times)::bigint, max(v.last_at), NULL
                  FROM governance.boundary_violation v
                 WHERE $1 IS NULL OR v.last_at >= $1
                 GROUP BY 2, 3, 4, 5, 6)
             SELECT e.feature, coalesce(f.now_schema_name, e.schema_name), coalesce(f.now_relation_name, e.relation_name),
                    e.object, e.role, e.application, e.times, e.last_at, e.example
               FROM event e
               -- The log keeps the name of the day; what is declared follows the relation.
               LEFT JOIN governance.former_name f ON (f.schema_name, f.relation_name) = (e.schema_name, e.relation_name)
                     AND governance._relation_named(e.schema_name, e.relation_name) IS NULL
              WHERE e.schema_name IS NOT NULL AND e.relation_name IS NOT NULL
              ORDER BY e.last_at DESC, e.object, e.role, e.application",
            &[since.into()],
            |r| Event {
                feature: r.must(1),
                name: Name { schema: r.must(2), relation: r.must(3) },
                line: Line {
                    object: r.must(4),
                    role: r.must(5),
                    application: r.get(6),
                    times: r.must(7),
                    last_at: r.must(8),
                    example: r.get(9),
                    verdict: "",
                },
            },
        )
    })
}
