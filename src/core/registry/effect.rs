//! What setting a level changes: in every situation that its scope covers, whatever is declared there now or later.
//!
//! A setting decides only where nothing narrower is set, so what is set below its scope does not matter: one relation
//! that nothing names stands for all.
use super::feature::{CLASSES, Scope};
use super::level::{Declared, Defaults, Facts, Level, Setting, resolve};

/// Settings before and after a change at one scope.
pub struct Change<'a> {
    /// Where.
    pub scope: &'a Scope,
    /// As they stood.
    pub before: &'a [Setting],
    /// As they stand.
    pub after: &'a [Setting],
    /// The shipped ones.
    pub defaults: &'a [Defaults],
}

impl Change<'_> {
    /// The level of a feature before and after, in every situation; the path as for [`resolve()`].
    pub fn levels(&self, path: &[&str]) -> Vec<(Level, Level)> {
        situations(self.scope, self.after).iter().map(|facts| self.levels_of(path, facts)).collect()
    }

    /// The same for one relation.
    #[must_use]
    pub fn levels_of(&self, path: &[&str], facts: &Facts) -> (Level, Level) {
        let level = |settings| resolve(path, facts, settings, self.defaults).level;
        (level(self.before), level(self.after))
    }
}

/// Everything that a relation within a scope can be. Nothing is called "", so that is what nobody names.
fn situations(scope: &Scope, settings: &[Setting]) -> Vec<Facts> {
    let named = settings.iter().filter_map(|s| match &s.scope {
        Scope::Schema(name) => Some(name.as_str()),
        _ => None,
    });
    let schemas: Vec<&str> = match scope {
        Scope::Schema(name) | Scope::Dataset(name, _) => vec![name],
        Scope::Class(_) => named.chain([""]).collect(),
        Scope::Database => vec![""],
    };
    let relation = if let Scope::Dataset(_, name) = scope { name.as_str() } else { "" };
    let classes: Vec<&str> = match scope {
        Scope::Class(class) => vec![class],
        _ => CLASSES.to_vec(),
    };
    let mut all = Vec::new();
    for schema in schemas {
        let facts = |class: Option<&str>, declared| Facts {
            schema: schema.to_string(),
            relation: relation.to_string(),
            class: class.map(String::from),
            declared,
        };
        if !matches!(scope, Scope::Class(_)) {
            all.push(facts(None, Declared::No));
        }
        for declared in [Declared::Single, Declared::Bulk] {
            if !matches!(scope, Scope::Class(_)) {
                all.push(facts(None, declared));
            }
            all.extend(classes.iter().map(|class| facts(Some(class), declared)));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: [&str; 3] = ["guard.renaming-table", "guard.breaks_clients", "guard"];
    const LOSS: [&str; 2] = ["guard.data_loss", "guard"];

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

    fn falls(path: &[&str], before: &[Setting], new: Setting) -> bool {
        let defaults = [
            Defaults { feature: "guard".into(), levels: [Level::Observe; 4] },
            Defaults {
                feature: "guard.data_loss".into(),
                levels: [Level::Observe, Level::Enforce, Level::Warn, Level::Observe],
            },
        ];
        let scope = new.scope.clone();
        let mut after = before.to_vec();
        after.push(new);
        let change = Change { scope: &scope, before, after: &after, defaults: &defaults };
        change.levels(path).iter().any(|(before, after)| after < before)
    }

    #[test]
    fn a_coarse_feature_undercuts_a_finer_default() {
        assert!(falls(&LOSS, &[], set("guard", Scope::Database, Level::Warn)));
        assert!(!falls(&LOSS, &[], set("guard", Scope::Database, Level::Enforce)));
        let kept = [set("guard.data_loss", Scope::Database, Level::Enforce)];
        assert!(!falls(&LOSS, &kept, set("guard", Scope::Database, Level::Warn)));
    }

    #[test]
    fn a_narrow_coarse_one_undercuts_a_wide_fine_one() {
        let s = || "s".to_string();
        let rule = [set("guard.renaming-table", Scope::Schema(s()), Level::Enforce)];
        let narrow = |scope| set("guard.breaks_clients", scope, Level::Warn);
        assert!(falls(&RULE, &rule, narrow(Scope::Dataset(s(), "b".into()))));
        assert!(!falls(&RULE, &rule, narrow(Scope::Dataset("other".into(), "b".into()))));
        assert!(falls(&RULE, &rule, narrow(Scope::Class("master".into()))));
        assert!(!falls(&RULE, &rule, narrow(Scope::Schema(s()))));
    }

    #[test]
    fn a_class_is_undercut_by_a_dataset() {
        let class = [set("guard", Scope::Class("master".into()), Level::Enforce)];
        assert!(falls(&RULE, &class, set("guard", Scope::Dataset("s".into(), "b".into()), Level::Warn)));
    }
}
