//! Which level applies: the shipped rules and defaults, what is set, and what is declared.
use super::dataset;
use crate::core::registry::feature::{CLASSES, Scope};
use crate::core::registry::level::{self as core, Declared, Defaults, Facts, Level, Resolved, Setting};
use crate::pg::catalog::{self, Name};
use crate::pg::{loading, owner, spi, xact};
use pgrx::datum::DatumWithOid;
use pgrx::pg_sys;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// What the guard tells apart.
pub const HAZARDS: [(&str, &str); 4] = [
    ("guard.data_loss", "statements that lose its data"),
    ("guard.breaks_clients", "statements that break its readers and writers"),
    ("guard.availability", "statements that block it for long"),
    ("guard.security", "statements that expose it"),
];

/// The guard's own protection. A level for the guard as a whole is about datasets and does not reach it: it is lowered by
/// its name only.
const SELF_PROTECTION: &str = "guard.disabling-guard";

/// The shipped part: it changes with the extension's version only.
pub struct Shipped {
    /// Hazard of each rule of the guard.
    hazards: HashMap<String, String>,
    /// Features and rules with their rungs, by name.
    pub features: Vec<(String, Vec<String>)>,
    /// The least mode that holds each of them everywhere.
    pub modes: HashMap<String, String>,
    /// What a level of theirs refuses, in words; what refuses nothing is not among them.
    pub refuses: Vec<(String, String)>,
    pub(super) defaults: Vec<Defaults>,
}

thread_local! {
    /// With the oid of the schema it was read from.
    static SHIPPED: RefCell<Option<(pg_sys::Oid, Rc<Shipped>)>> = const { RefCell::new(None) };
}

/// The shipped rules, features and defaults; read once per session.
#[must_use]
pub fn shipped() -> Rc<Shipped> {
    let here = catalog::namespace();
    let known =
        SHIPPED.with_borrow(|s| s.as_ref().filter(|(schema, _)| *schema == here).map(|(_, s)| s.clone()));
    if let Some(known) = known {
        return known;
    }
    let shipped = Rc::new(Shipped::read());
    // While the extension's script runs, not all of it is there.
    if !loading::creating_extension() {
        SHIPPED.set(Some((here, shipped.clone())));
    }
    shipped
}

impl Shipped {
    fn read() -> Self {
        owner::run(|| {
            Shipped {
            hazards: spi::select("SELECT rule, hazard FROM governance.rule", &[], |r| (r.must(1), r.must(2)))
                .into_iter()
                .collect(),
            features: spi::select(
                "SELECT feature, rungs FROM governance.feature
                 UNION ALL SELECT 'guard.' || rule, '{off,observe,warn,enforce}' FROM governance.rule
                  WHERE 'guard.' || rule NOT IN (SELECT feature FROM governance.feature) ORDER BY 1",
                &[],
                |r| (r.must(1), r.must(2)),
            ),
            modes: spi::select(
                "SELECT feature, mode FROM governance.feature UNION ALL SELECT 'guard.' || rule, mode FROM governance.rule",
                &[],
                |r| (r.must(1), r.must(2)),
            )
            .into_iter()
            .collect(),
            refuses: spi::select(
                "SELECT feature, refuses FROM governance.feature WHERE refuses IS NOT NULL ORDER BY feature",
                &[],
                |r| (r.must(1), r.must(2)),
            ),
            defaults: spi::select(
                "SELECT feature, default_undeclared, default_declared, default_bulk, default_analytical
                   FROM governance.feature",
                &[],
                |r| Defaults {
                    feature: r.must(1),
                    levels: [2, 3, 4, 5]
                        .map(|i| Level::parse(&r.must::<String>(i)).unwrap_or(Level::Observe)),
                },
            ),
        }
        })
    }

    /// The path of a feature, narrowest first: `guard.ban-drop-column`, `guard.data_loss`, `guard`. A rule is below its
    /// hazard, anything else below the dots of its name.
    #[must_use]
    pub fn path(&self, feature: &str) -> Vec<String> {
        let mut path = vec![feature.to_string()];
        if feature == SELF_PROTECTION {
            return path;
        }
        if let Some(hazard) = feature.strip_prefix("guard.").and_then(|rule| self.hazards.get(rule)) {
            path.push(format!("guard.{hazard}"));
        }
        let mut rest = feature;
        while let Some((parent, _)) = rest.rsplit_once('.') {
            path.push(parent.to_string());
            rest = parent;
        }
        path
    }

    /// A feature and everything below it.
    #[must_use]
    pub fn below(&self, feature: &str) -> Vec<&str> {
        let all = self.features.iter().map(|(f, _)| f.as_str());
        all.filter(|f| self.path(f).iter().any(|p| p == feature)).collect()
    }

    /// Whether the guard has a rule of this name.
    #[must_use]
    pub fn is_rule(&self, rule: &str) -> bool {
        self.hazards.contains_key(rule)
    }

    /// The strictest of the defaults of a feature.
    #[must_use]
    pub fn strictest_default(&self, feature: &str) -> Option<Level> {
        self.path(feature)
            .iter()
            .find_map(|p| self.defaults.iter().find(|d| d.feature == *p))
            .and_then(|d| d.levels.iter().max().copied())
    }
}

/// What one relation's levels depend on, read at one moment.
pub struct Ladder {
    shipped: Rc<Shipped>,
    settings: Vec<Setting>,
    facts: Facts,
    /// As it was before the running transaction changed it: weakening counts only once that has committed.
    before: Option<Facts>,
}

impl Ladder {
    /// The ladder of a relation. Read as of this moment: caches are filled from it.
    #[must_use]
    pub fn of(name: &Name) -> Self {
        let (facts, before) = dataset::facts_and_before(name);
        Ladder { shipped: shipped(), settings: settings_covering(name), facts, before }
    }

    /// The same for a relation that bears tags or deprecations: they are declarations of their own, and hold on a
    /// relation that nobody declared as a dataset.
    #[must_use]
    pub fn of_tagged(name: &Name) -> Self {
        let mut ladder = Self::of(name);
        for facts in std::iter::once(&mut ladder.facts).chain(ladder.before.as_mut()) {
            if facts.declared == Declared::No {
                facts.declared = Declared::Single;
            }
        }
        ladder
    }

    /// The level of one feature for each of many relations that bear tags or deprecations, in as few looks as for one.
    #[must_use]
    pub fn levels_of_tagged(feature: &str, names: &[Name]) -> HashMap<Name, Level> {
        Self::levels_of(feature, names, Declared::Single)
    }

    /// The same for relations of any kind; those that nobody declared count as `otherwise`.
    #[must_use]
    pub fn levels_of(feature: &str, names: &[Name], otherwise: Declared) -> HashMap<Name, Level> {
        let shipped = shipped();
        let settings = settings_for(&shipped.path(feature));
        let mut facts = dataset::facts_of_many(names);
        names
            .iter()
            .map(|name| {
                let undeclared = || Facts {
                    schema: name.schema.clone(),
                    relation: name.relation.clone(),
                    class: None,
                    declared: otherwise,
                };
                let (facts, before) = facts.remove(name).unwrap_or_else(|| (undeclared(), None));
                let (shipped, settings) = (shipped.clone(), settings.clone());
                let ladder = Ladder { shipped, settings, facts, before };
                (name.clone(), ladder.level(feature).level)
            })
            .collect()
    }

    /// As it would be with one more level set, in place of the one that is set there now.
    #[must_use]
    pub fn with(mut self, setting: Setting) -> Self {
        self.settings.retain(|s| s.feature != setting.feature || s.scope != setting.scope);
        self.settings.push(setting);
        self
    }

    /// The level of a feature, and where it comes from: the stricter of what is declared, and was until commit.
    #[must_use]
    pub fn level(&self, feature: &str) -> Resolved {
        let now = self.for_facts(feature, &self.facts);
        match self.before.as_ref().map(|facts| self.for_facts(feature, facts)) {
            Some(b) if b.level > now.level => {
                Resolved { level: b.level, source: format!("{} (until commit)", b.source) }
            }
            _ => now,
        }
    }

    fn for_facts(&self, feature: &str, facts: &Facts) -> Resolved {
        let path = self.shipped.path(feature);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        core::resolve(&path, facts, &self.settings, &self.shipped.defaults)
    }

    /// The level of every feature and rule.
    #[must_use]
    pub fn all(&self) -> Vec<(String, Resolved)> {
        self.shipped.features.iter().map(|(feature, _)| (feature.clone(), self.level(feature))).collect()
    }

    /// The level of each hazard.
    #[must_use]
    pub fn of_hazards(&self) -> Vec<Level> {
        HAZARDS.iter().map(|(feature, _)| self.level(feature).level).collect()
    }

    /// Whether a class would make a level lower than it is now, by levels that are set for the class.
    #[must_use]
    pub fn class_would_lower(&self, class: &str) -> bool {
        let declared = if self.facts.declared == Declared::No { Declared::Bulk } else { self.facts.declared };
        let then = Facts { class: Some(class.to_string()), declared, ..self.facts.clone() };
        self.shipped.features.iter().any(|(feature, _)| {
            self.for_facts(feature, &then).level < self.for_facts(feature, &self.facts).level
        })
    }

    /// The level of every feature as the relation is declared now, whatever counts until commit.
    #[must_use]
    pub fn as_declared(&self) -> Vec<Level> {
        let features = self.shipped.features.iter();
        features.map(|(feature, _)| self.for_facts(feature, &self.facts).level).collect()
    }
}

/// The level of a feature for a relation, and where it comes from.
#[must_use]
pub fn resolve(feature: &str, name: &Name) -> Resolved {
    Ladder::of(name).level(feature)
}

// What has ended no longer counts. In the transaction that changed it, what was set before does, unless that has ended.
const SETTING: &str = "SELECT feature, scope, CASE WHEN valid_until <= clock_timestamp() THEN NULL ELSE level END, floor,
            CASE WHEN was_valid_until <= clock_timestamp() THEN NULL ELSE was_level END, was_floor,
            changed_by_xid::text, valid_until IS NOT NULL
       FROM governance.level
      WHERE (valid_until IS NULL OR valid_until > clock_timestamp() OR changed_by_xid = pg_current_xact_id_if_assigned()) AND ";

/// Levels that are set at any scope that can cover a relation.
fn settings_covering(name: &Name) -> Vec<Setting> {
    if super::bare::has_no_levels() {
        return Vec::new();
    }
    let mut scopes = vec![
        String::new(),
        format!("schema:{}", pgrx::spi::quote_identifier(&name.schema)),
        format!("dataset:{name}"),
    ];
    scopes.extend(CLASSES.map(|class| format!("class:{class}")));
    read_settings(&format!("{SETTING} scope = ANY ($1)"), &[scopes.into()])
}

/// Levels that are set for any feature of a path, wherever.
#[must_use]
pub fn settings_for(path: &[String]) -> Vec<Setting> {
    read_settings(&format!("{SETTING} feature = ANY ($1)"), &[path.to_vec().into()])
}

/// Levels that are set at a scope, or at wider ones.
#[must_use]
pub fn settings_around(scope: &Scope) -> Vec<Setting> {
    match scope {
        Scope::Dataset(schema, relation) => {
            settings_covering(&Name { schema: schema.clone(), relation: relation.clone() })
        }
        _ => read_settings(&format!("{SETTING} NOT starts_with(scope, 'dataset:')"), &[]),
    }
}

/// All levels that are set.
#[must_use]
pub fn all_settings() -> Vec<Setting> {
    read_settings(&format!("{SETTING} true"), &[])
}

fn read_settings(sql: &str, args: &[DatumWithOid]) -> Vec<Setting> {
    let mine = xact::id_if_assigned().map(|x| x.to_string());
    owner::run(|| {
        spi::select_latest(sql, args, |r| Setting {
            feature: r.must(1),
            scope: Scope::parse(&r.must::<String>(2)).unwrap_or(Scope::Database),
            level: r.get::<String>(3).and_then(|l| Level::parse(&l)),
            floor: r.must(4),
            was_level: r.get::<String>(5).and_then(|l| Level::parse(&l)),
            was_floor: r.must(6),
            pending: r.get::<String>(7) == mine,
            ends: r.must(8),
        })
    })
}
