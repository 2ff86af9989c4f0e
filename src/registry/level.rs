//! Levels: setting and resetting them, and saying what that changes.
use super::ladder::{self, HAZARDS, Ladder};
use super::level_effect;
use crate::audit::{self, Act};
use crate::core::registry::feature::Scope;
use crate::core::registry::level::Level;
use crate::error;
use crate::pg::catalog::{self, Name};
use crate::pg::regclass::Relation;
use crate::pg::turn::Turn;
use crate::pg::{owner, roles, spi};
use pgrx::datum::TimestampWithTimeZone;
use serde_json::{Value, json};

/// A level as JSON for the audit log.
fn get(feature: &str, scope: &str) -> Option<Value> {
    owner::run(|| {
        spi::select_one(
            "SELECT level, floor, valid_until::text FROM governance.level
              WHERE feature = $1 AND scope = $2 AND level IS NOT NULL
                AND (valid_until IS NULL OR valid_until > clock_timestamp())",
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

/// Checks that a feature can take a level there, and brings the scope into the form it is stored in.
#[must_use]
pub fn check(feature: &str, level: &str, scope: Option<&str>) -> String {
    let shipped = ladder::shipped();
    let Some((_, rungs)) = shipped.features.iter().find(|(f, _)| f == feature) else {
        let names: Vec<String> = shipped.features.iter().map(|(f, _)| f.clone()).collect();
        error::registry::no_such_feature(feature, &names).raise();
    };
    if !rungs.iter().any(|r| r == level) {
        error::registry::no_such_rung(feature, level, rungs).raise();
    }
    let scope = canonical_scope(scope);
    level_effect::require_mode(feature, level, &scope);
    scope
}

/// Holds a scope's relation under its name, and all levels, until the transaction ends.
fn hold(scope: Option<&str>) {
    if let Ok(Scope::Dataset(schema, relation)) = Scope::parse(scope.unwrap_or_default()) {
        let _ = Relation::held_by_name(&Name { schema, relation });
    }
    spi::require_writable();
    Turn::Level.take(0);
}

/// Sets a level. `kept` is stored as the reason where nothing is weakened and no other is given.
pub fn set(
    feature: &str,
    level: &str,
    scope: Option<&str>,
    reason: Option<&str>,
    kept: Option<&str>,
    valid_until: Option<TimestampWithTimeZone>,
    floor: bool,
) {
    hold(scope);
    let scope = check(feature, level, scope);
    if let Some(end) = valid_until
        && end <= pgrx::datum::datetime_support::now()
    {
        error::registry::end_in_the_past("valid_until").raise();
    }
    let before = get(feature, &scope);
    let was = before.as_ref().and_then(|b| b["level"].as_str()).and_then(Level::parse);
    let wish = level_effect::wish(
        feature,
        level,
        &Scope::parse(&scope).unwrap_or(Scope::Database),
        floor,
        valid_until.is_some(),
    );
    let weaker = was.is_some_and(|w| wish.level.is_some_and(|l| l < w))
        || (was.is_none() && below_default(feature, level))
        || ends_sooner(feature, &scope, valid_until)
        || (!floor && before.as_ref().is_some_and(|b| b["floor"] == true));
    let given = super::duty::reason_given(reason);
    let fall = level_effect::falling(&wish, &level_effect::around(&wish.scope));
    let reason = match (weaker, fall) {
        (false, None) => reason.or(kept).map(str::trim).filter(|r| !r.is_empty()).map(String::from),
        (false, Some(fall)) if fall.feature != feature => Some(given.unwrap_or_else(|| {
            let (from, to) = (fall.from.as_str(), fall.to.as_str());
            error::registry::lowers_below(feature, &fall.feature, from, to).raise()
        })),
        _ => Some(super::duty::reason_for("lowering a level", reason)),
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

/// The same, and says what is refused from now on, how to soften it, and what this mode does not hold.
pub fn set_and_say(
    feature: &str,
    level: &str,
    scope: Option<&str>,
    reason: Option<&str>,
    valid_until: Option<TimestampWithTimeZone>,
    floor: bool,
) {
    let shown = stored_scope(scope);
    let at = Scope::parse(&shown).unwrap_or(Scope::Database);
    hold(scope);
    let before = level_effect::around(&at);
    set(feature, level, scope, reason, None, valid_until, floor);
    let wish = level_effect::wish(feature, level, &at, floor, valid_until.is_some());
    level_effect::say_what_changed(&wish, &shown, &before, &level_effect::around(&at));
    let was = before.iter().find(|s| s.feature == feature && s.scope == at).and_then(|s| s.level);
    level_effect::say_what_is_not_held(std::iter::once((
        feature,
        shown.as_str(),
        was.map(Level::as_str),
        level,
    )));
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

/// Whether a level is below what the shipped defaults give somewhere.
fn below_default(feature: &str, level: &str) -> bool {
    Level::parse(level).is_some_and(|l| ladder::shipped().strictest_default(feature).is_some_and(|s| l < s))
}

/// Takes a level away, so that wider ones and defaults apply again.
pub fn reset(feature: &str, scope: Option<&str>, reason: Option<&str>) {
    let shown = scope;
    hold(scope);
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
                was_valid_until = CASE WHEN l.changed_by_xid = pg_current_xact_id() THEN l.was_valid_until ELSE l.valid_until END,
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

/// Whether a declaration made a level lower than it was before it; the class analytical does. The session then has to
/// say why.
pub fn require_reason_if_lower(before: &Ladder, now: &Ladder) -> bool {
    let lower = before.as_declared().into_iter().zip(now.as_declared()).any(|(b, now)| now < b);
    if lower {
        let _ = super::duty::reason_for("a declaration that lowers levels", None);
    }
    lower
}

/// Says what is refused or warned about since a declaration, and the call that softens it.
pub fn say_what_changed(name: &Name, before: &Ladder, now: &Ladder) {
    let (before, now) = (before.of_hazards(), now.of_hazards());
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
