//! What setting a level does to everything below the feature it names, and saying so.
use super::dataset;
use super::ladder;
use crate::core::registry::effect::Change;
use crate::core::registry::feature::Scope;
use crate::core::registry::level::{Level, Setting};
use crate::error;
use crate::pg::catalog::Name;
use crate::pg::loading::{self, Mode};
use crate::pg::{owner, spi};

/// A feature or rule that falls, and from what to what.
pub struct Fall {
    /// Which.
    pub feature: String,
    /// As it is.
    pub from: Level,
    /// As it would be.
    pub to: Level,
}

/// A level that somebody wishes to set.
#[must_use]
pub fn wish(feature: &str, level: &str, scope: &Scope, floor: bool, ends: bool) -> Setting {
    Setting {
        feature: feature.to_string(),
        scope: scope.clone(),
        level: Level::parse(level),
        floor,
        ends,
        was_level: None,
        was_floor: false,
        pending: false,
    }
}

/// The settings at a scope and around it as they stand, whatever counts until commit: each change answers for itself.
#[must_use]
pub fn around(scope: &Scope) -> Vec<Setting> {
    ladder::settings_around(scope).into_iter().map(|s| Setting { pending: false, ..s }).collect()
}

/// What a wish makes fall: the feature that it names, one that only a coarser or wider setting protected, a rule that
/// has a level of its own at a wider scope. Counted twice: as it is, and as it is once everything that has an end is over.
#[must_use]
pub fn falling(wish: &Setting, settings: &[Setting]) -> Option<Fall> {
    let others = |s: &&Setting| s.feature != wish.feature || s.scope != wish.scope;
    let lasting: Vec<Setting> = settings.iter().filter(|s| !s.ends).cloned().collect();
    let after = |before: &[Setting], with: bool| -> Vec<Setting> {
        let kept = before.iter().filter(others).cloned();
        kept.chain(with.then(|| wish.clone())).collect()
    };
    let now = (settings, after(settings, true));
    let then = (lasting.as_slice(), after(&lasting, !wish.ends));
    let shipped = ladder::shipped();
    // The coarsest is what people know.
    let mut below = shipped.below(&wish.feature);
    below.sort_by_key(|f| shipped.path(f).len());
    below.into_iter().find_map(|feature| {
        let path = shipped.path(feature);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        [&now, &then].into_iter().find_map(|(before, after)| {
            let change = Change { scope: &wish.scope, before, after, defaults: &shipped.defaults };
            let worst = change.levels(&path).into_iter().filter(|(from, to)| to < from).max();
            worst.map(|(from, to)| Fall { feature: feature.to_string(), from, to })
        })
    })
}

/// Says what is refused or warned about since a level was set, and the call that softens it.
pub fn say_what_changed(wish: &Setting, scope: &str, before: &[Setting], after: &[Setting]) {
    let shipped = ladder::shipped();
    let raised = |to: Level| -> String {
        let mut what: Vec<&str> = Vec::new();
        let rule = wish.feature.strip_prefix("guard.").filter(|r| shipped.is_rule(r));
        let rule = rule.map(|r| (wish.feature.clone(), format!("statements that fall under rule {r}")));
        let named = shipped.refuses.iter().filter(|(f, _)| shipped.path(f).contains(&wish.feature));
        let named: Vec<&(String, String)> = named.chain(rule.as_ref()).collect();
        for (feature, words) in named {
            let path = shipped.path(feature);
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            let change = Change { scope: &wish.scope, before, after, defaults: &shipped.defaults };
            let levels = match &wish.scope {
                Scope::Dataset(schema, relation) => {
                    let name = Name { schema: schema.clone(), relation: relation.clone() };
                    vec![change.levels_of(&path, &dataset::facts(&name))]
                }
                _ => change.levels(&path),
            };
            if levels.into_iter().any(|(from, now)| now == to && from < to) {
                what.push(words);
            }
        }
        what.join(", ")
    };
    let (refused, warned) = (raised(Level::Enforce), raised(Level::Warn));
    if !refused.is_empty() || !warned.is_empty() {
        error::registry::level_refuses(&wish.feature, scope, &refused, &warned).notice();
    }
}

/// Raising a feature to what the mode of this session cannot hold is an error, not a silent gap.
pub fn require_mode(feature: &str, level: &str, scope: &str) {
    if is_loud(level) && !held(feature, scope) {
        error::mode_cannot_hold(&format!("level {level} of {feature}"), loading::mode().as_str()).raise();
    }
}

/// A level that was set: feature, scope, what was set there before, and what is.
pub type Step<'a> = (&'a str, &'a str, Option<&'a str>, &'a str);

/// Says what the mode of this session does not hold of the features that were raised: most of what is below them is held.
pub fn say_what_is_not_held<'a>(steps: impl Iterator<Item = Step<'a>>) {
    let shipped = ladder::shipped();
    let mut open: Vec<&str> = Vec::new();
    let is_raised =
        |was: Option<&str>, is: &str| was.and_then(Level::parse) < Level::parse(is) && is_loud(is);
    for (feature, scope, ..) in steps.filter(|(_, _, was, is)| is_raised(*was, is)) {
        open.extend(shipped.below(feature).into_iter().filter(|f| *f != feature && !held(f, scope)));
    }
    open.sort_unstable();
    open.dedup();
    if !open.is_empty() {
        error::registry::not_held_below(&open, loading::mode().as_str()).notice();
    }
}

/// Whether clients hear of a level.
fn is_loud(level: &str) -> bool {
    Level::parse(level).is_some_and(|l| l >= Level::Warn)
}

/// Whether the mode of this session holds a feature or rule at a scope. TRUNCATE of an audited dataset is held in every
/// mode, by the audit's own trigger.
fn held(feature: &str, scope: &str) -> bool {
    let shipped = ladder::shipped();
    let needed = match shipped.modes.get(feature).map(String::as_str) {
        Some("attached") => Mode::Attached,
        Some("preloaded") => Mode::Preloaded,
        _ => return true,
    };
    loading::mode() >= needed
        || (feature == "guard.ban-truncate"
            && owner::run(|| {
                spi::select_one(
                    "SELECT EXISTS (SELECT FROM governance.audited_relation
                                     WHERE stopped_at IS NULL AND $1 = 'dataset:' || format('%I.%I', schema_name, relation_name))",
                    &[scope.into()],
                    |r| r.must::<bool>(1),
                )
            }) == Some(true))
}
