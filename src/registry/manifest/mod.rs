//! The manifest: everything that is declared, as one JSON document that can be kept in version control, applied to
//! another database, and exported again unchanged.
//!
//! A section is described by a [`Section`]: its fields (checked in `core`), how it is read, and how one item is put or
//! taken away, through the same functions as the single acts. A feature that declares something adds its section to
//! [`sections::ALL`].
mod sections;

use crate::audit::{self, Act};
use crate::core::registry::manifest::{self as core, Field, Item, Quoting, Sections, Shape, Step};
use crate::error;
use crate::pg::{catalog, owner, spi, xact};
use pgrx::PgTryBuilder;
use pgrx::pg_sys::panic::CaughtError;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A section of the manifest.
pub struct Section {
    /// Its key in the manifest.
    pub name: &'static str,
    /// What one item is called.
    pub one: &'static str,
    /// The fields of an item.
    pub fields: &'static [Field],
    /// A query that gives the items as jsonb, without nulls.
    pub export: &'static str,
    /// Makes an item be what it should; both are complete.
    pub put: fn(before: Option<&Item>, after: &Item),
    /// Takes an item away, with the reason given, if any.
    pub remove: fn(item: &Item, reason: Option<&str>),
}

/// A step as the caller sees it: action, object, before, after.
pub type Line = (String, String, Option<Value>, Option<Value>);

fn shapes() -> Vec<Shape> {
    sections::ALL.iter().map(|s| (s.name, s.fields)).collect()
}

/// Everything that is declared.
#[must_use]
pub fn export() -> Value {
    let mut manifest = serde_json::Map::new();
    manifest.insert("format".into(), json!(core::FORMAT));
    manifest.insert("version".into(), json!(core::VERSION));
    for section in sections::ALL {
        let mut items: Vec<(String, Value)> = items(section)
            .into_iter()
            .map(|item| (core::key_of(&item, section.fields), Value::Object(item)))
            .collect();
        items.sort_by(|a, b| a.0.cmp(&b.0));
        manifest.insert(section.name.into(), items.into_iter().map(|(_, item)| item).collect());
    }
    Value::Object(manifest)
}

fn items(section: &Section) -> Vec<Item> {
    owner::run(|| {
        spi::select(section.export, &[], |r| match r.must::<pgrx::JsonB>(1).0 {
            Value::Object(item) => item,
            _ => Item::new(),
        })
    })
}

fn current() -> Sections {
    let by_key = |section: &Section| -> BTreeMap<String, (usize, Item)> {
        items(section).into_iter().map(|i| (core::key_of(&i, section.fields), (0, i))).collect()
    };
    sections::ALL.iter().map(|s| (s.name, by_key(s))).collect()
}

/// Makes the declarations be those of a manifest, or says what that would do. A rehearsal does everything and takes it
/// back, so that it finds what a real run would find.
pub fn apply(
    manifest: &Value,
    dry_run: bool,
    prune: bool,
    reason: Option<&str>,
    skip_missing: bool,
) -> Vec<Line> {
    super::one_at_a_time();
    let quoting = Quoting {
        one: &|s| pgrx::spi::quote_identifier(s),
        two: &|s, r| pgrx::spi::quote_qualified_identifier(s, r),
    };
    let wanted = core::check(manifest, &shapes(), &quoting)
        .unwrap_or_else(|p| error::registry::bad_manifest(&p.path, &p.what, &p.allowed).raise());
    let wanted = sections::with_defaults(wanted, manifest.get("levels").is_some());
    let steps = core::steps(&shapes(), &current(), &wanted, prune);
    let (steps, skipped): (Vec<Step>, Vec<Step>) =
        steps.into_iter().partition(|s| !(skip_missing && is_missing(s)));
    if dry_run {
        xact::rehearse(|| carry_out(&steps, reason));
    } else {
        carry_out(&steps, reason);
        if !steps.is_empty() {
            audit::act(Act {
                verb: "apply_manifest",
                object: "manifest",
                relation: None,
                before: None,
                after: Some(json!({"steps": steps.len(), "prune": prune})),
                reason,
            });
        }
    }
    let lines = steps.into_iter().map(|s| (action(&s), s));
    let skipped = skipped.into_iter().map(|s| ("skip".to_string(), s));
    lines.chain(skipped).map(|(action, s)| describe(action, s)).collect()
}

fn section(name: &str) -> Option<&'static Section> {
    sections::ALL.iter().find(|s| s.name == name)
}

fn is_missing(step: &Step) -> bool {
    step.after
        .as_ref()
        .and_then(|a| a.get("relation"))
        .and_then(Value::as_str)
        .is_some_and(|r| sections::name_of(r).is_none_or(|n| catalog::relation_oid(&n).is_none()))
}

fn action(step: &Step) -> String {
    match (&step.before, &step.after) {
        (_, None) => "remove",
        (None, _) => "add",
        _ => "change",
    }
    .to_string()
}

fn describe(action: String, step: Step) -> Line {
    let item = step.after.as_ref().or(step.before.as_ref());
    let object = section(step.section).map_or(String::new(), |s| {
        let parts = s.fields.iter().filter(|f| f.key).filter_map(|f| item?.get(f.name)?.as_str());
        let parts: Vec<&str> = parts.filter(|p| !p.is_empty()).collect();
        format!("{} {}", s.one, parts.join(" "))
    });
    (action, object, step.before.map(Value::Object), step.after.map(Value::Object))
}

/// Does every step. An error says where in the manifest it came from; the statement then does nothing at all.
fn carry_out(steps: &[Step], reason: Option<&str>) {
    for step in steps {
        let Some(section) = section(step.section) else { continue };
        PgTryBuilder::new(std::panic::AssertUnwindSafe(|| match (&step.before, &step.after) {
            (before, Some(after)) => (section.put)(before.as_ref(), after),
            (Some(before), None) => (section.remove)(before, reason),
            (None, None) => {}
        }))
        .catch_others(|caught| match caught {
            CaughtError::PostgresError(e) | CaughtError::ErrorReport(e) => {
                let place = match &step.path {
                    Some(path) => format!("In the manifest: {path}."),
                    None => format!("Missing in the manifest: {}.", describe(String::new(), clone(step)).1),
                };
                let detail = e.detail().map_or(place.clone(), |d| format!("{d}\n{place}"));
                let mut failure =
                    error::Failure::new(e.sql_error_code(), e.message().to_string()).detail(detail);
                if let Some(hint) = e.hint() {
                    failure = failure.hint(hint.to_string());
                }
                failure.raise()
            }
            caught @ CaughtError::RustPanic { .. } => caught.rethrow(),
        })
        .execute();
    }
}

fn clone(step: &Step) -> Step {
    Step {
        section: step.section,
        path: step.path.clone(),
        before: step.before.clone(),
        after: step.after.clone(),
    }
}
