//! The ladder of levels and which one applies.
//!
//! Precedence: narrowest scope, then narrowest feature; then the shipped default, unless anybody set that feature or
//! one above it at a scope that covers the relation. A floor cannot be undercut. A change that weakens counts only
//! once its transaction has committed: within it, the stricter of the states before and after holds.
use super::feature::Scope;

/// A rung of the ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing happens.
    Off,
    /// It is recorded; the client hears nothing.
    Observe,
    /// It is recorded and the client gets a WARNING.
    Warn,
    /// It is refused.
    Enforce,
}

impl Level {
    /// All rungs, weakest first.
    pub const ALL: [Level; 4] = [Level::Off, Level::Observe, Level::Warn, Level::Enforce];

    /// The rung by its name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Level> {
        Self::ALL.into_iter().find(|l| l.as_str() == text)
    }

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Off => "off",
            Level::Observe => "observe",
            Level::Warn => "warn",
            Level::Enforce => "enforce",
        }
    }
}

/// How a relation is declared, which chooses its column of the defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declared {
    /// Not at all.
    No,
    /// One by one.
    Single,
    /// By accepted proposals or a manifest without levels.
    Bulk,
}

/// What the choice depends on.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Schema of the relation.
    pub schema: String,
    /// Its name.
    pub relation: String,
    /// Its class, if declared.
    pub class: Option<String>,
    /// How it is declared.
    pub declared: Declared,
}

/// A level that somebody set, before and after its last change.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Feature, hazard or rule.
    pub feature: String,
    /// Where.
    pub scope: Scope,
    /// As it is; None once reset, or ended.
    pub level: Option<Level>,
    /// Whether narrower scopes cannot go below it.
    pub floor: bool,
    /// Whether it has an end: what holds then counts too.
    pub ends: bool,
    /// As it was before its last change; None when it was not set, or has ended.
    pub was_level: Option<Level>,
    /// Whether it was a floor.
    pub was_floor: bool,
    /// Whether the last change belongs to the transaction that asks.
    pub pending: bool,
}

/// The shipped defaults of one feature.
#[derive(Clone, Debug)]
pub struct Defaults {
    /// Which feature they belong to.
    pub feature: String,
    /// Undeclared, declared one by one, in bulk, class analytical.
    pub levels: [Level; 4],
}

/// A level and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The level.
    pub level: Level,
    /// In words: `default`, `set for guard on schema:sales`, `floor of …`.
    pub source: String,
}

/// The level of the feature whose path is given, narrowest first: `guard.ban-drop-column`, `guard.data_loss`, `guard`.
#[must_use]
pub fn resolve(path: &[&str], facts: &Facts, settings: &[Setting], defaults: &[Defaults]) -> Resolved {
    let now = state(path, facts, settings, defaults, false);
    if settings.iter().any(|s| s.pending) {
        let before = state(path, facts, settings, defaults, true);
        if before.level > now.level {
            return Resolved { level: before.level, source: format!("{} (until commit)", before.source) };
        }
    }
    now
}

/// The level as the settings stand now, or as they stood before the changes of the asking transaction.
fn state(
    path: &[&str],
    facts: &Facts,
    settings: &[Setting],
    defaults: &[Defaults],
    before: bool,
) -> Resolved {
    let mut best: Option<((u8, usize), Resolved)> = None;
    let mut floor: Option<Resolved> = None;
    for s in settings.iter().filter(|s| covers(&s.scope, facts)) {
        let Some(position) = path.iter().position(|p| *p == s.feature) else { continue };
        let (level, is_floor) =
            if before && s.pending { (s.was_level, s.was_floor) } else { (s.level, s.floor) };
        let Some(level) = level else { continue };
        if is_floor && floor.as_ref().is_none_or(|f| level > f.level) {
            floor = Some(Resolved { level, source: format!("floor of {}{}", s.feature, on(&s.scope)) });
        }
        let rank = (s.scope.rank(), path.len() - position);
        if best.as_ref().is_none_or(|(r, _)| rank > *r) {
            best = Some((rank, Resolved { level, source: source_of(&s.feature, &s.scope) }));
        }
    }
    let chosen = best.map(|(_, r)| r).unwrap_or_else(|| default(path, facts, defaults));
    match floor {
        Some(f) if f.level > chosen.level => f,
        _ => chosen,
    }
}

fn default(path: &[&str], facts: &Facts, defaults: &[Defaults]) -> Resolved {
    let column = match (facts.class.as_deref(), facts.declared) {
        (Some("analytical"), _) => 3,
        (_, Declared::No) => 0,
        (_, Declared::Single) => 1,
        (_, Declared::Bulk) => 2,
    };
    let level = path
        .iter()
        .find_map(|p| defaults.iter().find(|d| d.feature == *p))
        .map_or(Level::Observe, |d| d.levels[column]);
    let how = ["undeclared", "declared", "declared in bulk", "class analytical"][column];
    Resolved { level, source: format!("default ({how})") }
}

fn covers(scope: &Scope, facts: &Facts) -> bool {
    scope.covers(&facts.schema, &facts.relation, facts.class.as_deref())
}

/// What [`Resolved::source`] says where a setting of this feature and scope decides.
#[must_use]
pub fn source_of(feature: &str, scope: &Scope) -> String {
    format!("set for {feature}{}", on(scope))
}

fn on(scope: &Scope) -> String {
    match scope {
        Scope::Database => String::new(),
        Scope::Schema(s) => format!(" on schema:{s}"),
        Scope::Class(c) => format!(" on class:{c}"),
        Scope::Dataset(s, r) => format!(" on dataset:{s}.{r}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: [&str; 3] = ["guard.ban-drop-column", "guard.data_loss", "guard"];

    fn facts(declared: Declared) -> Facts {
        Facts { schema: "sales".into(), relation: "orders".into(), class: Some("master".into()), declared }
    }

    fn defaults() -> Vec<Defaults> {
        vec![
            Defaults {
                feature: "guard".into(),
                levels: [Level::Observe, Level::Warn, Level::Observe, Level::Observe],
            },
            Defaults {
                feature: "guard.data_loss".into(),
                levels: [Level::Observe, Level::Enforce, Level::Warn, Level::Observe],
            },
        ]
    }

    fn set(feature: &str, scope: Scope, level: Level) -> Setting {
        Setting {
            feature: feature.into(),
            scope,
            level: Some(level),
            floor: false,
            ends: false,
            was_level: None,
            was_floor: false,
            pending: false,
        }
    }

    fn level(facts: &Facts, settings: &[Setting]) -> Level {
        resolve(&PATH, facts, settings, &defaults()).level
    }

    #[test]
    fn defaults_follow_the_declaration() {
        assert_eq!(level(&facts(Declared::No), &[]), Level::Observe);
        assert_eq!(level(&facts(Declared::Single), &[]), Level::Enforce);
        assert_eq!(level(&facts(Declared::Bulk), &[]), Level::Warn);
        let analytical = Facts { class: Some("analytical".into()), ..facts(Declared::Single) };
        assert_eq!(level(&analytical, &[]), Level::Observe);
    }

    #[test]
    fn setting_a_feature_replaces_all_defaults_below_it() {
        let s = [set("guard", Scope::Database, Level::Off)];
        assert_eq!(level(&facts(Declared::Single), &s), Level::Off);
    }

    #[test]
    fn narrowest_scope_wins_before_narrowest_feature() {
        let s = [
            set("guard.ban-drop-column", Scope::Database, Level::Off),
            set("guard", Scope::Schema("sales".into()), Level::Warn),
        ];
        assert_eq!(level(&facts(Declared::Single), &s), Level::Warn);
        let s = [
            set("guard", Scope::Database, Level::Enforce),
            set("guard.ban-drop-column", Scope::Database, Level::Off),
        ];
        assert_eq!(level(&facts(Declared::Single), &s), Level::Off);
        let s = [set("guard", Scope::Schema("other".into()), Level::Off)];
        assert_eq!(level(&facts(Declared::Single), &s), Level::Enforce);
    }

    #[test]
    fn a_floor_cannot_be_undercut() {
        let mut floor = set("guard", Scope::Database, Level::Enforce);
        floor.floor = true;
        let s = [floor, set("guard", Scope::Dataset("sales".into(), "orders".into()), Level::Off)];
        assert_eq!(level(&facts(Declared::Single), &s), Level::Enforce);
    }

    #[test]
    fn weakening_counts_only_after_commit() {
        let mut weak = set("guard", Scope::Database, Level::Off);
        weak.pending = true;
        assert_eq!(level(&facts(Declared::Single), &[weak.clone()]), Level::Enforce);
        weak.pending = false;
        assert_eq!(level(&facts(Declared::Single), &[weak]), Level::Off);
        let mut reset = set("guard", Scope::Database, Level::Off);
        reset.level = None;
        reset.was_level = Some(Level::Enforce);
        reset.pending = true;
        assert_eq!(level(&facts(Declared::Bulk), &[reset]), Level::Enforce);
        let mut strong = set("guard", Scope::Database, Level::Enforce);
        strong.pending = true;
        assert_eq!(level(&facts(Declared::No), &[strong]), Level::Enforce);
    }
}
