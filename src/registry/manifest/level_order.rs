//! In which order the levels of a manifest are set.
//!
//! One by one, in the order of their names, a coarse level may lower what a finer one is about to protect, and a narrow
//! one may be below what a wider one is about to raise: each would need a reason, though nothing falls in the end.
use super::Step;
use super::sections::text;
use crate::core::registry::feature::{CLASSES, Scope};
use crate::core::registry::level::Setting;
use crate::registry::{duty, ladder, level_effect};
use std::collections::HashMap;

/// What is set, by scope.
struct Settings(HashMap<String, Vec<Setting>>);

impl Settings {
    fn read() -> Self {
        let mut all = Settings(HashMap::new());
        for setting in ladder::all_settings() {
            all.set(Setting { pending: false, ..setting });
        }
        all
    }

    fn set(&mut self, setting: Setting) {
        let there = self.0.entry(key(&setting.scope)).or_default();
        there.retain(|s| s.feature != setting.feature);
        there.push(setting);
    }

    /// Those that decide about a wish: at its scope, and at wider ones.
    fn around(&self, scope: &Scope) -> Vec<Setting> {
        if let Scope::Dataset(schema, _) = scope {
            let wider = [Scope::Database, Scope::Schema(schema.clone()), scope.clone()];
            let classes = CLASSES.map(|c| Scope::Class(c.into()));
            let all = wider.iter().chain(&classes).filter_map(|s| self.0.get(&key(s)));
            return all.flatten().cloned().collect();
        }
        let all = self.0.values().filter(|list| !list.iter().any(|s| matches!(s.scope, Scope::Dataset(..))));
        all.flatten().cloned().collect()
    }
}

fn key(scope: &Scope) -> String {
    format!("{scope:?}")
}

/// Puts the levels among the steps in an order in which only those need a reason that lower something in the end: what
/// lowers nothing first, narrow before wide and fine before coarse; then what has a reason, the widest; and so on.
pub fn arrange(steps: Vec<Step>, reason: Option<&str>) -> Vec<Step> {
    let sets = |s: &Step| s.section == "levels" && s.after.is_some();
    // With a reason for all of them any order will do.
    if duty::reason_given(reason).is_some() || steps.iter().filter(|s| sets(s)).count() < 2 {
        return steps;
    }
    let at = steps.iter().position(sets).unwrap_or_default();
    let (levels, mut others): (Vec<Step>, Vec<Step>) = steps.into_iter().partition(sets);
    let mut left: Vec<(Setting, Step)> = levels.into_iter().map(|s| (wish(&s), s)).collect();
    let shipped = ladder::shipped();
    let depth = |s: &Setting| (s.scope.rank(), shipped.path(&s.feature).len());
    left.sort_by_key(|(s, _)| std::cmp::Reverse(depth(s)));
    let mut settings = Settings::read();
    let mut done: Vec<Step> = Vec::new();
    while !left.is_empty() {
        let before = left.len();
        let mut take = |settings: &mut Settings, ready: &dyn Fn(&Settings, &Setting, &Step) -> bool| {
            for (wish, step) in std::mem::take(&mut left) {
                if ready(settings, &wish, &step) {
                    settings.set(wish);
                    done.push(step);
                } else {
                    left.push((wish, step));
                }
            }
            left.iter().filter(|(_, step)| has_reason(step)).map(|(wish, _)| depth(wish)).min()
        };
        let widest = take(&mut settings, &|settings, wish, _| {
            level_effect::falling(wish, &settings.around(&wish.scope)).is_none()
        });
        take(&mut settings, &|_, wish, step| has_reason(step) && Some(depth(wish)) == widest);
        if left.len() == before {
            done.extend(left.drain(..).map(|(_, step)| step));
        }
    }
    let rest = others.split_off(at);
    others.into_iter().chain(done).chain(rest).collect()
}

fn wish(step: &Step) -> Setting {
    let field = |name: &str| step.after.as_ref().and_then(|item| text(item, name));
    let scope = Scope::parse(field("scope").unwrap_or_default()).unwrap_or(Scope::Database);
    let floor = step.after.as_ref().is_some_and(|item| item.get("floor") == Some(&true.into()));
    let (feature, level) = (field("feature").unwrap_or_default(), field("level").unwrap_or_default());
    level_effect::wish(feature, level, &scope, floor, field("valid_until").is_some())
}

/// Whether a level brings a reason of its own, and not that of the one before it.
fn has_reason(step: &Step) -> bool {
    let reason = |item: &Option<super::Item>| item.as_ref().and_then(|i| text(i, "reason")).map(String::from);
    let own = reason(&step.after);
    own.is_some() && own != reason(&step.before)
}
