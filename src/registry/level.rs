//! Levels: what is set, and which one applies.
use crate::audit::{self, Act};
use crate::core::registry::feature::Scope;
use crate::core::registry::level::{self as ladder, Declared, Defaults, Facts, Level, Resolved, Setting};
use crate::error;
use crate::pg::catalog::{self, Name};
use crate::pg::{owner, roles, spi, xact};
use pgrx::datum::TimestampWithTimeZone;
use serde_json::{Value, json};

/// The path of a feature, narrowest first: `guard.ban-drop-column`, `guard.data_loss`, `guard`. A rule is below its
/// hazard, anything else below the dots of its name.
#[must_use]
pub fn path(feature: &str) -> Vec<String> {
    let mut path = vec![feature.to_string()];
    if let Some(rule) = feature.strip_prefix("guard.")
        && let Some(hazard) = hazard_of(rule)
    {
        path.push(format!("guard.{hazard}"));
    }
    let mut rest = feature;
    while let Some((parent, _)) = rest.rsplit_once('.') {
        path.push(parent.to_string());
        rest = parent;
    }
    path
}

/// The hazard of a guard rule.
fn hazard_of(rule: &str) -> Option<String> {
    owner::run(|| {
        spi::select_one("SELECT hazard FROM governance.rule WHERE rule = $1", &[rule.into()], |r| r.must(1))
    })
}

/// The level of a feature for a relation, and where it comes from.
#[must_use]
pub fn resolve(feature: &str, name: &Name) -> Resolved {
    resolve_by(feature, name, false)
}

/// The stricter of the levels for what is declared and for what was declared before the running transaction.
fn resolve_by(feature: &str, name: &Name, tagged: bool) -> Resolved {
    let path = path(feature);
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let (settings, defaults) = (settings(&path), defaults(&path));
    let for_facts = |mut facts: Facts| {
        if tagged && facts.declared == Declared::No {
            facts.declared = Declared::Single;
        }
        ladder::resolve(&path, &facts, &settings, &defaults)
    };
    let (facts, before) = super::dataset::facts_and_before(name);
    let now = for_facts(facts);
    match before.map(for_facts) {
        Some(b) if b.level > now.level => {
            Resolved { level: b.level, source: format!("{} (until commit)", b.source) }
        }
        _ => now,
    }
}

/// Like [`resolve`] for a relation that bears tags: a tag is a declaration of its own, so that masks hold on a
/// relation that nobody declared as a dataset.
#[must_use]
pub fn resolve_tagged(feature: &str, name: &Name) -> Resolved {
    resolve_by(feature, name, true)
}

/// Levels that are set for any feature of a path. Read as of this moment: caches are filled from it.
pub(super) fn settings(path: &[&str]) -> Vec<Setting> {
    let mine = xact::id_if_assigned().map(|x| x.to_string());
    let features: Vec<String> = path.iter().map(|p| (*p).to_string()).collect();
    owner::run(|| {
        spi::select_latest(
            "SELECT feature, scope, level, floor, was_level, was_floor, changed_by_xid::text
               FROM governance.level
              WHERE feature = ANY ($1) AND (valid_until IS NULL OR valid_until > now())",
            &[features.into()],
            |r| Setting {
                feature: r.must(1),
                scope: Scope::parse(&r.must::<String>(2)).unwrap_or(Scope::Database),
                level: r.get::<String>(3).and_then(|l| Level::parse(&l)),
                floor: r.must(4),
                was_level: r.get::<String>(5).and_then(|l| Level::parse(&l)),
                was_floor: r.must(6),
                pending: r.get::<String>(7) == mine,
            },
        )
    })
}

/// Shipped defaults of the features of a path.
pub(super) fn defaults(path: &[&str]) -> Vec<Defaults> {
    let features: Vec<String> = path.iter().map(|p| (*p).to_string()).collect();
    owner::run(|| {
        spi::select(
            "SELECT feature, default_undeclared, default_declared, default_bulk, default_analytical
               FROM governance.feature WHERE feature = ANY ($1)",
            &[features.into()],
            |r| Defaults {
                feature: r.must(1),
                levels: [2, 3, 4, 5].map(|i| Level::parse(&r.must::<String>(i)).unwrap_or(Level::Observe)),
            },
        )
    })
}

/// All features and rules with their rungs.
#[must_use]
pub fn known() -> Vec<(String, Vec<String>)> {
    owner::run(|| {
        spi::select(
            "SELECT feature, rungs FROM governance.feature
             UNION ALL SELECT 'guard.' || rule, '{off,observe,warn,enforce}' FROM governance.rule ORDER BY 1",
            &[],
            |r| (r.must(1), r.must(2)),
        )
    })
}

/// A level as JSON for the audit log.
fn get(feature: &str, scope: &str) -> Option<Value> {
    owner::run(|| {
        spi::select_one(
            "SELECT level, floor, valid_until::text FROM governance.level
              WHERE feature = $1 AND scope = $2 AND level IS NOT NULL",
            &[feature.into(), scope.into()],
            |r| json!({"level": r.get::<String>(1), "floor": r.get::<bool>(2), "valid_until": r.get::<String>(3)}),
        )
    })
}

/// Checks a scope and brings it into the form it is stored in.
#[must_use]
pub fn canonical_scope(scope: Option<&str>) -> String {
    let text = scope.unwrap_or_default();
    match Scope::parse(text) {
        Ok(Scope::Schema(s)) if !catalog::schema_exists(&s) => error::registry::bad_scope(
            text,
            &format!("There is no schema {}.", pgrx::spi::quote_identifier(s)),
        )
        .raise(),
        Ok(Scope::Dataset(s, r)) => {
            let name = Name { schema: s, relation: r };
            if catalog::relation_oid(&name).is_none() && !super::dataset::is_declared(&name) {
                error::registry::bad_scope(text, &format!("There is no relation {name}.")).raise();
            }
            format!("dataset:{name}")
        }
        _ => stored_scope(scope),
    }
}

/// The form in which a scope is stored, also of what is gone: to take away what was set for it.
#[must_use]
pub fn stored_scope(scope: Option<&str>) -> String {
    let text = scope.unwrap_or_default();
    match Scope::parse(text) {
        Ok(Scope::Database) => String::new(),
        Ok(Scope::Schema(s)) => format!("schema:{}", pgrx::spi::quote_identifier(s)),
        Ok(Scope::Class(c)) => format!("class:{c}"),
        Ok(Scope::Dataset(s, r)) => format!("dataset:{}", Name { schema: s, relation: r }),
        Err(why) => error::registry::bad_scope(text, &why).raise(),
    }
}

/// Sets a level.
pub fn set(
    feature: &str,
    level: &str,
    scope: Option<&str>,
    reason: Option<&str>,
    valid_until: Option<TimestampWithTimeZone>,
    floor: bool,
) {
    let known = known();
    let Some((_, rungs)) = known.iter().find(|(f, _)| f == feature) else {
        let names: Vec<String> = known.into_iter().map(|(f, _)| f).collect();
        error::registry::no_such_feature(feature, &names).raise();
    };
    if !rungs.iter().any(|r| r == level) {
        error::registry::no_such_rung(feature, level, rungs).raise();
    }
    let scope = canonical_scope(scope);
    require_mode(feature, level, &scope);
    if let Some(end) = valid_until
        && end <= pgrx::datum::datetime_support::now()
    {
        error::registry::end_in_the_past("valid_until").raise();
    }
    let before = get(feature, &scope);
    let was = before.as_ref().and_then(|b| b["level"].as_str()).and_then(Level::parse);
    let weaker = was.is_some_and(|w| Level::parse(level).is_some_and(|l| l < w))
        || (was.is_none() && (below_default(feature, level) || below_wider(feature, level, &scope)))
        || ends_sooner(feature, &scope, valid_until)
        || (!floor && before.as_ref().is_some_and(|b| b["floor"] == true));
    let reason = if weaker {
        Some(super::duty::reason_for("lowering a level", reason))
    } else {
        reason.map(String::from)
    };
    store(feature, &scope, Some(level), floor, reason.as_deref(), valid_until);
    audit::act(Act {
        verb: "set_level",
        object: &object(feature, &scope),
        relation: None,
        before,
        after: get(feature, &scope),
        reason: reason.as_deref(),
    });
}

/// Whether a level in force would end before it does now: what it protects is then open without anybody saying so.
fn ends_sooner(feature: &str, scope: &str, valid_until: Option<TimestampWithTimeZone>) -> bool {
    owner::run(|| {
        spi::select_one(
            "SELECT $3 < coalesce(valid_until, 'infinity') FROM governance.level
              WHERE feature = $1 AND scope = $2 AND level <> 'off' AND (valid_until IS NULL OR valid_until > now())",
            &[feature.into(), scope.into(), valid_until.into()],
            |r| r.get::<bool>(1),
        )
    })
    .flatten()
    .unwrap_or(false)
}

/// Raising a feature to what the mode of this session cannot hold is an error, not a silent gap.
/// TRUNCATE of an audited dataset is held in every mode, by the audit's own trigger.
fn require_mode(feature: &str, level: &str, scope: &str) {
    if level == "off" || level == "observe" {
        return;
    }
    let needs: Option<String> = owner::run(|| {
        spi::select_one(
            "SELECT mode FROM governance.feature WHERE feature = $1
             UNION ALL
             SELECT mode FROM governance.rule
              WHERE 'guard.' || rule = $1
                AND NOT EXISTS (SELECT FROM governance.audited_relation a
                                 WHERE a.stopped_at IS NULL AND $2 = 'dataset:' || format('%I.%I', a.schema_name, a.relation_name))",
            &[feature.into(), scope.into()],
            |r| r.must(1),
        )
    });
    let mode = crate::pg::loading::mode();
    let held = match needs.as_deref() {
        Some("attached") => mode >= crate::pg::loading::Mode::Attached,
        Some("preloaded") => mode >= crate::pg::loading::Mode::Preloaded,
        _ => true,
    };
    if !held {
        error::mode_cannot_hold(&format!("level {level} of {feature}"), mode.as_str()).raise();
    }
}

/// Whether a level is below one that is set for a wider scope and would apply without it.
fn below_wider(feature: &str, level: &str, scope: &str) -> bool {
    let path = path(feature);
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let Ok(scope) = Scope::parse(scope) else { return false };
    settings(&path).into_iter().any(|s| s.level > Level::parse(level) && s.scope.may_cover(&scope))
}

/// Whether a level is below what the shipped defaults give somewhere.
fn below_default(feature: &str, level: &str) -> bool {
    let path = path(feature);
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let defaults = defaults(&path);
    let strictest = path
        .iter()
        .find_map(|p| defaults.iter().find(|d| d.feature == *p))
        .map(|d| d.levels.iter().max().copied());
    matches!((Level::parse(level), strictest.flatten()), (Some(l), Some(s)) if l < s)
}

/// Takes a level away, so that wider ones and defaults apply again.
pub fn reset(feature: &str, scope: Option<&str>, reason: Option<&str>) {
    let shown = scope;
    let scope = stored_scope(scope);
    let Some(before) = get(feature, &scope) else { error::registry::no_such_level(feature, shown).raise() };
    let reason = super::duty::reason_for("reset_level", reason);
    store(feature, &scope, None, false, Some(&reason), None);
    audit::act(Act {
        verb: "reset_level",
        object: &object(feature, &scope),
        relation: None,
        before: Some(before),
        after: None,
        reason: Some(&reason),
    });
}

/// Writes a level, keeping what held before this transaction touched it.
fn store(
    feature: &str,
    scope: &str,
    level: Option<&str>,
    floor: bool,
    reason: Option<&str>,
    valid_until: Option<TimestampWithTimeZone>,
) {
    let me = roles::name(roles::current());
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.level AS l (feature, scope, level, floor, reason, valid_until, set_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (feature, scope) DO UPDATE SET
                was_level = CASE WHEN l.changed_by_xid = pg_current_xact_id() THEN l.was_level ELSE l.level END,
                was_floor = CASE WHEN l.changed_by_xid = pg_current_xact_id() THEN l.was_floor ELSE l.floor END,
                level = $3, floor = $4, reason = $5, valid_until = $6, set_by = $7, set_at = now(),
                changed_by_xid = pg_current_xact_id()",
            &[
                feature.into(),
                scope.into(),
                level.into(),
                floor.into(),
                reason.into(),
                valid_until.into(),
                me.as_str().into(),
            ],
        )
    });
}

fn object(feature: &str, scope: &str) -> String {
    if scope.is_empty() { feature.to_string() } else { format!("{feature} on {scope}") }
}

/// What the guard tells apart.
const HAZARDS: [(&str, &str); 4] = [
    ("guard.data_loss", "statements that lose its data"),
    ("guard.breaks_clients", "statements that break its readers and writers"),
    ("guard.availability", "statements that block it for long"),
    ("guard.security", "statements that expose it"),
];

/// The level of each hazard for a relation.
#[must_use]
pub fn of_hazards(name: &Name) -> Vec<Level> {
    HAZARDS.iter().map(|(feature, _)| resolve(feature, name).level).collect()
}

/// The level of every feature for a relation as it is declared now, whatever counts until commit.
#[must_use]
pub fn as_declared(name: &Name) -> Vec<Level> {
    let facts = super::dataset::facts(name);
    known()
        .into_iter()
        .map(|(feature, _)| {
            let path = path(&feature);
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            ladder::resolve(&path, &facts, &settings(&path), &defaults(&path)).level
        })
        .collect()
}

/// Whether a declaration made a level lower than [`as_declared`] said before it; the class analytical does. The session
/// then has to say why.
pub fn require_reason_if_lower(name: &Name, before: &[Level]) -> bool {
    let lower = before.iter().zip(as_declared(name)).any(|(b, now)| now < *b);
    if lower {
        let _ = super::duty::reason_for("a declaration that lowers levels", None);
    }
    lower
}

/// Says what is refused or warned about since these levels, and the call that softens it.
pub fn say_what_changed(name: &Name, before: &[Level]) {
    let now = of_hazards(name);
    let raised = |to: Level| -> String {
        let rows = HAZARDS.iter().zip(before.iter().zip(&now));
        let raised = rows.filter(|(_, (b, n))| **n == to && **b < to).map(|((_, what), _)| *what);
        raised.collect::<Vec<_>>().join(", ")
    };
    let (refused, warned) = (raised(Level::Enforce), raised(Level::Warn));
    if !refused.is_empty() || !warned.is_empty() {
        error::registry::now_refused(name, &refused, &warned).notice();
    }
}
