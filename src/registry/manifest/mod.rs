//! The manifest: everything that is declared, as one JSON document that can be kept in version control, applied to
//! another database, and exported again unchanged.
//!
//! A section is described by a [`Section`]: its fields (checked in `core`), how it is read, and how one item is put or
//! taken away, through the same functions as the single acts. A feature that declares something adds its section to
//! `features.rs`.
//!
//! A manifest with a key `domain` is a part: the datasets of that domain and what is stated about them. Then prune takes
//! away nothing else.
mod features;
mod level_order;
mod missing;
mod part;
mod sections;

use crate::audit::{self, Act};
use crate::core::registry::manifest::{self as core, Field, Item, Sections, Server, Shape, Step};
use crate::error;
use crate::pg::{cache, catalog, owner, spi, xact};
use crate::registry::{duty, role};
use part::Part;
use pgrx::PgTryBuilder;
use pgrx::datum::DatumWithOid;
use pgrx::pg_sys::panic::CaughtError;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// A section of the manifest.
pub struct Section {
    /// Its key in the manifest.
    pub name: &'static str,
    /// What one item is called.
    pub one: &'static str,
    /// The fields of an item.
    pub fields: &'static [Field],
    /// A query that gives each item as jsonb without nulls, and its comment.
    pub export: &'static str,
    /// Where the comment of an item is kept.
    pub at: At,
    /// Makes an item be what it should; both are complete. Columns that it names may wait: those that must be there are.
    pub put: fn(before: Option<&Item>, after: &Item, reason: Option<&str>),
    /// Takes an item away, with the reason given, if any.
    pub remove: fn(item: &Item, reason: Option<&str>),
}

/// The row of an item: a table, and a condition on the fields of the key, in their order; a relation is two of them.
pub struct At {
    /// Table of schema governance.
    pub table: &'static str,
    /// The condition.
    pub key: &'static str,
}

/// A step as the caller sees it.
pub struct Line {
    /// add, change, remove or skip.
    pub action: String,
    /// What it is about.
    pub object: String,
    /// The item as it was.
    pub before: Option<Value>,
    /// The item as it will be.
    pub after: Option<Value>,
    /// What changes, in words.
    pub difference: String,
}

/// All sections, in the order in which they depend on each other.
fn all() -> impl Iterator<Item = &'static Section> {
    sections::REGISTRY.iter().chain(features::FEATURES)
}

fn shapes() -> Vec<Shape> {
    all().map(|s| (s.name, s.fields)).collect()
}

/// The shape of a manifest, as a JSON Schema.
#[must_use]
pub fn schema() -> Value {
    core::schema(&shapes())
}

/// Everything that is declared, or what is declared in one domain.
#[must_use]
pub fn export(domain: Option<&str>) -> Value {
    let part = Part::of(domain);
    let mut manifest = serde_json::Map::new();
    manifest.insert("format".into(), json!(core::FORMAT));
    manifest.insert("version".into(), json!(core::VERSION));
    if let Some(domain) = domain {
        manifest.insert("domain".into(), json!(domain));
    } else if let Some(comment) = comment() {
        manifest.insert("comment".into(), json!(comment));
    }
    for section in all().filter(|s| part.has_section(s)) {
        let mut items: Vec<(String, Value)> = items(section)
            .into_iter()
            .filter(|item| part.holds(item))
            .map(|mut item| {
                missing::mark(&mut item);
                item
            })
            .map(|item| (core::key_of(&item, section.fields), Value::Object(item)))
            .collect();
        items.sort_by(|a, b| a.0.cmp(&b.0));
        manifest.insert(section.name.into(), items.into_iter().map(|(_, item)| item).collect());
    }
    Value::Object(manifest)
}

fn items(section: &Section) -> Vec<Item> {
    let renamed = role::renamed();
    owner::run(|| {
        spi::select(section.export, &[], |r| {
            let Value::Object(mut item) = r.must::<pgrx::JsonB>(1).0 else { return Item::new() };
            if let Some(comment) = r.get::<String>(2) {
                item.insert(core::COMMENT.name.into(), json!(comment));
            }
            called_today(&mut item, &renamed);
            item
        })
    })
}

/// Roles by the names they have today.
fn called_today(item: &mut Item, renamed: &HashMap<String, String>) {
    let today = |role: &mut Value| {
        if let Some(now) = role.as_str().and_then(|r| renamed.get(r)) {
            *role = json!(now);
        }
    };
    item.get_mut("role").into_iter().for_each(today);
    if let Some(Value::Array(list)) = item.get_mut("db_roles") {
        list.iter_mut().for_each(today);
    }
}

/// What is there of the sections that are wanted.
fn current(wanted: &Sections, part: &Part) -> Sections {
    let by_key = |section: &Section| -> BTreeMap<String, (usize, Item)> {
        let items = items(section).into_iter().filter(|item| part.holds(item));
        items.map(|i| (core::key_of(&i, section.fields), (0, i))).collect()
    };
    all().filter(|s| wanted.contains_key(s.name)).map(|s| (s.name, by_key(s))).collect()
}

/// The comment on the manifest as a whole.
fn comment() -> Option<String> {
    owner::run(|| spi::select_one("SELECT comment FROM governance.manifest_comment", &[], |r| r.must(1)))
}

/// An absent comment leaves it as it is, null takes it away.
fn keep_comment(manifest: &Value) {
    let Some(wanted) = manifest.get("comment") else { return };
    let before = comment();
    if wanted.as_str() == before.as_deref() {
        return;
    }
    owner::run(|| {
        spi::execute("DELETE FROM governance.manifest_comment", &[]);
        if let Some(text) = wanted.as_str() {
            spi::execute("INSERT INTO governance.manifest_comment (comment) VALUES ($1)", &[text.into()]);
        }
    });
    commented("manifest", before.map(Value::from), wanted.as_str().map(Value::from));
}

fn commented(object: &str, before: Option<Value>, after: Option<Value>) {
    audit::act(Act { verb: "comment", object, relation: None, before, after, reason: None });
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
    let server = Server {
        quote: &|s| pgrx::spi::quote_identifier(s),
        quote_both: &|s, r| pgrx::spi::quote_qualified_identifier(s, r),
        reads: &|sql_type, text| xact::apart(|| sections::can_cast(text, sql_type)).is_some(),
    };
    let invalid = |problems: Vec<core::Problem>| -> ! { error::registry::bad_manifest(&problems).raise() };
    let wanted = core::check(manifest, &shapes(), &server).unwrap_or_else(|p| invalid(p));
    super::hold_if_many(wanted.values().map(BTreeMap::len).sum());
    role::follow();
    let mut part = Part::of(manifest.get("domain").and_then(Value::as_str));
    let wanted = part.fit(wanted).unwrap_or_else(|p| invalid(p));
    let wanted = sections::with_defaults(wanted, manifest.get("levels").is_some());
    let mut steps = core::steps(&shapes(), &current(&wanted, &part), &wanted, prune);
    missing::settle(&mut steps);
    let (steps, skipped): (Vec<Step>, Vec<Step>) =
        steps.into_iter().partition(|s| !(skip_missing && missing::prevents(s)));
    let steps = level_order::arrange(steps, reason);
    if dry_run {
        xact::rehearse(|| cache::together(|| carry_out(&steps, reason)));
    } else {
        cache::together(|| carry_out(&steps, reason));
        if !part.is_part() {
            keep_comment(manifest);
        }
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
    say_what_is_not_held(&steps);
    let lines = steps.into_iter().map(|s| (action(&s), s));
    let skipped = skipped.into_iter().map(|s| ("skip".to_string(), s));
    lines.chain(skipped).map(|(action, s)| describe(action, s)).collect()
}

/// Of the levels that were raised, what the mode of this session does not hold, in one notice.
fn say_what_is_not_held(steps: &[Step]) {
    let levels = steps.iter().filter(|s| s.section == "levels");
    super::level_effect::say_what_is_not_held(levels.filter_map(|s| {
        let field = |name| s.after.as_ref().and_then(|item| sections::text(item, name));
        let was = s.before.as_ref().and_then(|item| sections::text(item, "level"));
        Some((field("feature")?, field("scope")?, was, field("level")?))
    }));
}

fn section(name: &str) -> Option<&'static Section> {
    all().find(|s| s.name == name)
}

fn is_missing(step: &Step) -> bool {
    step.after
        .as_ref()
        .or(step.before.as_ref())
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
    let fields = section(step.section).map_or(&[][..], |s| s.fields);
    Line {
        action,
        object: object(&step),
        difference: core::difference(step.before.as_ref(), step.after.as_ref(), fields),
        before: step.before.map(Value::Object),
        after: step.after.map(Value::Object),
    }
}

/// What a step is about, in words.
fn object(step: &Step) -> String {
    let item = step.after.as_ref().or(step.before.as_ref());
    section(step.section).map_or(String::new(), |s| {
        let parts = s.fields.iter().filter(|f| f.key).filter_map(|f| item?.get(f.name)?.as_str());
        let parts: Vec<&str> = parts.filter(|p| !p.is_empty()).collect();
        format!("{} {}", s.one, parts.join(" "))
    })
}

fn comment_of(item: &Item) -> Option<&str> {
    item.get(core::COMMENT.name).and_then(Value::as_str)
}

fn differ_in_comment_only(before: &Item, after: &Item) -> bool {
    let (mut before, mut after) = (before.clone(), after.clone());
    before.remove(core::COMMENT.name);
    after.remove(core::COMMENT.name);
    before == after
}

/// Takes away what is stated about a relation that is gone: nothing is left that could hold it, but the next relation of
/// the name would be governed by it.
fn forget_missing(section: &Section, step: &Step, before: &Item, reason: Option<&str>) {
    let reason = duty::reason_for("forgetting what is stated about a relation that is gone", reason);
    let Some(key) = key_of_row(section, before) else { return };
    let sql = format!("DELETE FROM governance.{} WHERE {}", section.at.table, section.at.key);
    owner::run(|| spi::execute(&sql, &key));
    audit::act(Act {
        verb: "forget_missing",
        object: &object(step),
        relation: None,
        before: Some(Value::Object(before.clone())),
        after: None,
        reason: Some(&reason),
    });
}

/// The row of an item: arguments for the condition of its section.
fn key_of_row<'a>(section: &Section, item: &Item) -> Option<Vec<DatumWithOid<'a>>> {
    let mut key: Vec<DatumWithOid> = Vec::new();
    for field in section.fields.iter().filter(|f| f.key) {
        let value = item.get(field.name).and_then(Value::as_str).unwrap_or_default();
        match field.kind {
            core::Kind::Relation => {
                let name = sections::name_of(value)?;
                key.extend([name.schema.into(), name.relation.into()]);
            }
            _ => key.push(value.to_string().into()),
        }
    }
    Some(key)
}

/// Keeps the comment of an item that was put.
fn keep_item_comment(section: &Section, step: &Step, after: &Item) {
    let (was, is) = (step.before.as_ref().and_then(comment_of), comment_of(after));
    if was == is {
        return;
    }
    let Some(mut key) = key_of_row(section, after) else { return };
    let n = key.len() + 1;
    key.push(is.map(String::from).into());
    let sql = format!("UPDATE governance.{} SET comment = ${n} WHERE {}", section.at.table, section.at.key);
    owner::run(|| spi::execute(&sql, &key));
    commented(&object(step), was.map(Value::from), is.map(Value::from));
}

/// Does every step. An error says where in the manifest it came from; the statement then does nothing at all.
fn carry_out(steps: &[Step], reason: Option<&str>) {
    for step in steps {
        let Some(section) = section(step.section) else { continue };
        PgTryBuilder::new(std::panic::AssertUnwindSafe(|| match (&step.before, &step.after) {
            (before, Some(after)) => {
                missing::require(step);
                if !before.as_ref().is_some_and(|b| differ_in_comment_only(b, after)) {
                    (section.put)(before.as_ref(), after, reason);
                }
                keep_item_comment(section, step, after);
            }
            (Some(before), None) if is_missing(step) => forget_missing(section, step, before, reason),
            (Some(before), None) => (section.remove)(before, reason),
            (None, None) => {}
        }))
        .catch_others(|caught| match caught {
            CaughtError::PostgresError(e) | CaughtError::ErrorReport(e) => {
                let place = match &step.path {
                    Some(path) => format!("In the manifest: {path}."),
                    None => format!("Missing in the manifest: {}.", object(step)),
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
