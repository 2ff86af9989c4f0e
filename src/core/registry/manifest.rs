//! The manifest's shape: sections of items, each item an object with known fields; checking one against it, and the
//! steps that lead from one manifest to another.
use super::feature::{Scope, split_identifiers};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What the key `format` says.
pub const FORMAT: &str = "data_governance manifest";

/// Version of the format.
pub const VERSION: i64 = 1;

/// An item of a section.
pub type Item = Map<String, Value>;

/// What a field can hold.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Text that is not empty.
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A list of texts.
    TextList,
    /// true or false.
    Bool,
    /// An object of any content.
    Object,
    /// An array of any content.
    Array,
    /// A relation with its schema, quoted as in SQL.
    Relation,
    /// A scope as in `set_level`.
    Scope,
}

/// A field of an item.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it belongs to the key of the item; keys must be given.
    pub key: bool,
    /// What a new item has when the field is absent, as JSON text; empty for nothing.
    pub default: &'static str,
}

/// A field that belongs to the key.
#[must_use]
pub const fn key(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, key: true, default: "" }
}

/// A field that may be absent.
#[must_use]
pub const fn field(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, key: false, default: "" }
}

/// A field that has a default.
#[must_use]
pub const fn with_default(name: &'static str, kind: Kind, default: &'static str) -> Field {
    Field { name, kind, key: false, default }
}

/// A field of the key that may be absent.
#[must_use]
pub const fn key_with_default(name: &'static str, kind: Kind, default: &'static str) -> Field {
    Field { name, kind, key: true, default }
}

/// A section's name and fields.
pub type Shape = (&'static str, &'static [Field]);

/// What is wrong with a manifest, and where.
#[derive(Debug, PartialEq, Eq)]
pub struct Problem {
    /// Path as in JSON path: `$.datasets[3].class`.
    pub path: String,
    /// What is there.
    pub what: String,
    /// What may be there.
    pub allowed: String,
}

/// How identifiers are quoted: PostgreSQL's business, not ours.
pub struct Quoting<'a> {
    /// One identifier.
    pub one: &'a dyn Fn(&str) -> String,
    /// Schema and name.
    pub two: &'a dyn Fn(&str, &str) -> String,
}

/// The items of every section that is present, by key, with their position.
pub type Sections = BTreeMap<&'static str, BTreeMap<String, (usize, Item)>>;

fn problem<T>(path: String, what: impl Into<String>, allowed: impl Into<String>) -> Result<T, Problem> {
    Err(Problem { path, what: what.into(), allowed: allowed.into() })
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Checks a manifest and returns its items in canonical form.
///
/// # Errors
/// The first thing that is wrong.
pub fn check(manifest: &Value, shapes: &[Shape], quoting: &Quoting) -> Result<Sections, Problem> {
    let Value::Object(top) = manifest else {
        return problem("$".into(), type_of(manifest), "an object");
    };
    if top.get("format").and_then(Value::as_str) != Some(FORMAT) {
        let what = top.get("format").map_or("nothing".to_string(), Value::to_string);
        return problem("$.format".into(), what, format!("\"{FORMAT}\""));
    }
    if top.get("version").and_then(Value::as_i64) != Some(VERSION) {
        let what = top.get("version").map_or("nothing".to_string(), Value::to_string);
        return problem("$.version".into(), what, VERSION.to_string());
    }
    let names: Vec<&str> = shapes.iter().map(|s| s.0).collect();
    let unknown = |k: &&String| !names.contains(&k.as_str()) && *k != "format" && *k != "version";
    if let Some(name) = top.keys().find(unknown) {
        return problem(format!("$.{name}"), "an unknown section", names.join(", "));
    }
    let mut sections = Sections::new();
    for (name, fields) in shapes {
        let Some(value) = top.get(*name) else { continue };
        let Value::Array(list) = value else {
            return problem(format!("$.{name}"), type_of(value), "an array");
        };
        let mut items = BTreeMap::new();
        for (i, value) in list.iter().enumerate() {
            let path = format!("$.{name}[{i}]");
            let item = check_item(value, fields, &path, quoting)?;
            if items.insert(key_of(&item, fields), (i, item)).is_some() {
                return problem(path, "the same key a second time", "each key once");
            }
        }
        sections.insert(name, items);
    }
    Ok(sections)
}

fn check_item(value: &Value, fields: &[Field], path: &str, quoting: &Quoting) -> Result<Item, Problem> {
    let Value::Object(given) = value else { return problem(path.into(), type_of(value), "an object") };
    let mut item = Item::new();
    for (name, value) in given {
        let path = format!("{path}.{name}");
        let Some(field) = fields.iter().find(|f| f.name == name) else {
            let known: Vec<&str> = fields.iter().map(|f| f.name).collect();
            return problem(path, "an unknown key", known.join(", "));
        };
        if value.is_null() && !field.key && field.default.is_empty() {
            item.insert(name.clone(), Value::Null);
            continue;
        }
        item.insert(name.clone(), check_value(value, field.kind, path, quoting)?);
    }
    for f in fields.iter().filter(|f| f.key) {
        if item.contains_key(f.name) {
            continue;
        }
        if f.default.is_empty() {
            return problem(format!("{path}.{}", f.name), "nothing", "a value: it names the item");
        }
        item.insert(f.name.into(), serde_json::from_str(f.default).unwrap_or(Value::Null));
    }
    Ok(item)
}

fn check_value(value: &Value, kind: Kind, path: String, quoting: &Quoting) -> Result<Value, Problem> {
    let what = value.to_string();
    match (kind, value) {
        (Kind::Text, Value::String(s)) if !s.trim().is_empty() => Ok(value.clone()),
        (Kind::Text, _) => problem(path, what, "a string that is not empty"),
        (Kind::Choice(words), Value::String(s)) if words.contains(&s.as_str()) => Ok(value.clone()),
        (Kind::Choice(words), _) => problem(path, what, words.join(", ")),
        (Kind::TextList, Value::Array(list)) if list.iter().all(Value::is_string) => Ok(value.clone()),
        (Kind::TextList, _) => problem(path, what, "an array of strings"),
        (Kind::Bool, Value::Bool(_)) => Ok(value.clone()),
        (Kind::Bool, _) => problem(path, what, "true, false"),
        (Kind::Object, Value::Object(_)) => Ok(value.clone()),
        (Kind::Object, _) => problem(path, what, "an object"),
        (Kind::Array, Value::Array(_)) => Ok(value.clone()),
        (Kind::Array, _) => problem(path, what, "an array"),
        (Kind::Relation, Value::String(s)) => match split_identifiers(s).as_deref() {
            Ok([schema, relation]) => Ok(json!((quoting.two)(schema, relation))),
            _ => problem(path, what, "a relation with its schema, quoted as in SQL: sales.\"Odd.Name\""),
        },
        (Kind::Relation, _) => problem(path, what, "a relation with its schema, quoted as in SQL"),
        (Kind::Scope, Value::String(s)) => match Scope::parse(s) {
            Ok(Scope::Database) => Ok(json!("")),
            Ok(Scope::Schema(s)) => Ok(json!(format!("schema:{}", (quoting.one)(&s)))),
            Ok(Scope::Class(c)) => Ok(json!(format!("class:{c}"))),
            Ok(Scope::Dataset(s, r)) => Ok(json!(format!("dataset:{}", (quoting.two)(&s, &r)))),
            Err(why) => problem(path, what, why.trim_end_matches('.')),
        },
        (Kind::Scope, _) => {
            problem(path, what, "an empty string, schema:name, class:name, dataset:schema.name")
        }
    }
}

/// The key of an item as text; absent key fields of an exported item count as empty.
#[must_use]
pub fn key_of(item: &Item, fields: &[Field]) -> String {
    let parts: Vec<String> = fields
        .iter()
        .filter(|f| f.key)
        .map(|f| item.get(f.name).and_then(Value::as_str).unwrap_or_default().to_string())
        .collect();
    parts.join("\u{1f}")
}

/// One step from the state that is to the state that is wanted.
#[derive(Debug, PartialEq)]
pub struct Step {
    /// Which section.
    pub section: &'static str,
    /// Where the wanted item stands in the manifest; None for what is taken away.
    pub path: Option<String>,
    /// The item as it is.
    pub before: Option<Item>,
    /// The item as it is wanted; None for what is taken away.
    pub after: Option<Item>,
}

/// The steps that lead from `current` to `wanted`, in the order of the sections, then what is taken away in the opposite
/// order. A section that `wanted` does not have is left alone. Without `prune` an absent field is left as it is, and
/// so are items that `wanted` does not name; null empties a field.
#[must_use]
pub fn steps(shapes: &[Shape], current: &Sections, wanted: &Sections, prune: bool) -> Vec<Step> {
    let mut steps = Vec::new();
    let none = BTreeMap::new();
    for (name, fields) in shapes {
        let Some(items) = wanted.get(name) else { continue };
        let have = current.get(name).unwrap_or(&none);
        for (key, (i, item)) in items {
            let before = have.get(key).map(|(_, item)| item);
            let after = merge(before, item, fields, prune);
            if before != Some(&after) {
                steps.push(Step {
                    section: name,
                    path: Some(format!("$.{name}[{i}]")),
                    before: before.cloned(),
                    after: Some(after),
                });
            }
        }
    }
    for (name, _) in shapes.iter().rev().filter(|_| prune) {
        let (Some(items), Some(have)) = (wanted.get(name), current.get(name)) else { continue };
        for (_, (_, item)) in have.iter().filter(|(key, _)| !items.contains_key(*key)) {
            steps.push(Step { section: name, path: None, before: Some(item.clone()), after: None });
        }
    }
    steps
}

fn merge(before: Option<&Item>, wanted: &Item, fields: &[Field], prune: bool) -> Item {
    let mut after = before.filter(|_| !prune).cloned().unwrap_or_default();
    for f in fields {
        match wanted.get(f.name) {
            Some(Value::Null) => {
                after.remove(f.name);
            }
            Some(value) => {
                after.insert(f.name.to_string(), value.clone());
            }
            None if !f.default.is_empty() && !after.contains_key(f.name) => {
                let default = serde_json::from_str(f.default).unwrap_or(Value::Null);
                after.insert(f.name.to_string(), default);
            }
            None => {}
        }
    }
    after
}

/// An interval in ISO 8601, whatever the session's `IntervalStyle` is.
#[must_use]
pub fn iso_interval(months: i32, days: i32, micros: i64) -> String {
    let mut text = String::from("P");
    for (n, unit) in [(months / 12, 'Y'), (months % 12, 'M'), (days, 'D')] {
        if n != 0 {
            text.push_str(&format!("{n}{unit}"));
        }
    }
    let (hours, minutes) = (micros / 3_600_000_000, micros / 60_000_000 % 60);
    let (seconds, rest) = (micros / 1_000_000 % 60, micros % 1_000_000);
    if micros != 0 || text.len() == 1 {
        text.push('T');
        for (n, unit) in [(hours, 'H'), (minutes, 'M')] {
            if n != 0 {
                text.push_str(&format!("{n}{unit}"));
            }
        }
        if rest != 0 {
            let sign = if micros < 0 { "-" } else { "" };
            text.push_str(&format!("{sign}{}.{:06}S", seconds.abs(), rest.abs()));
        } else if seconds != 0 || text.ends_with('T') {
            text.push_str(&format!("{seconds}S"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPES: &[Shape] = &[
        (
            "parties",
            &[
                key("name", Kind::Text),
                with_default("kind", Kind::Choice(&["team", "person"]), "\"team\""),
                field("contact", Kind::Text),
            ],
        ),
        ("datasets", &[key("relation", Kind::Relation), field("owner", Kind::Text)]),
    ];

    fn read(value: Value) -> Result<Sections, Problem> {
        let mut value = value;
        value["format"] = json!(FORMAT);
        value["version"] = json!(VERSION);
        let quoting = Quoting { one: &|s| s.to_string(), two: &|s, r| format!("{s}.{r}") };
        check(&value, SHAPES, &quoting)
    }

    #[test]
    fn says_where_something_is_wrong() {
        for (value, path) in [
            (json!({"partys": []}), "$.partys"),
            (json!({"parties": {}}), "$.parties"),
            (json!({"parties": [{"kind": "team"}]}), "$.parties[0].name"),
            (json!({"parties": [{"name": "a"}, {"name": "b", "kind": "gang"}]}), "$.parties[1].kind"),
            (json!({"parties": [{"name": "a", "color": "red"}]}), "$.parties[0].color"),
            (json!({"parties": [{"name": "a"}, {"name": "a"}]}), "$.parties[1]"),
            (json!({"parties": [{"name": ""}]}), "$.parties[0].name"),
            (json!({"datasets": [{"relation": "orders"}]}), "$.datasets[0].relation"),
        ] {
            assert_eq!(read(value).unwrap_err().path, path);
        }
        let bare = Quoting { one: &|s| s.to_string(), two: &|s, r| format!("{s}.{r}") };
        assert_eq!(check(&json!([]), SHAPES, &bare).unwrap_err().path, "$");
        assert_eq!(check(&json!({"format": "x"}), SHAPES, &bare).unwrap_err().path, "$.format");
        assert_eq!(
            check(&json!({"format": FORMAT, "version": 2}), SHAPES, &bare).unwrap_err().path,
            "$.version"
        );
    }

    #[test]
    fn the_same_manifest_needs_no_step() {
        let m = read(json!({"parties": [{"name": "a", "kind": "team", "contact": "x"}]})).unwrap();
        assert!(steps(SHAPES, &m, &m, true).is_empty());
    }

    #[test]
    fn absent_leaves_null_empties_and_prune_takes_away() {
        let have = read(
            json!({"parties": [{"name": "a", "kind": "team", "contact": "x"}, {"name": "b", "kind": "team"}],
                               "datasets": [{"relation": "s.r"}]}),
        )
        .unwrap();
        let leave = read(json!({"parties": [{"name": "a"}]})).unwrap();
        assert!(steps(SHAPES, &have, &leave, false).is_empty());
        let empty = read(json!({"parties": [{"name": "a", "contact": null}]})).unwrap();
        let list = steps(SHAPES, &have, &empty, false);
        assert_eq!(list.len(), 1);
        assert!(!list[0].after.as_ref().unwrap().contains_key("contact"));
        let pruned = steps(SHAPES, &have, &leave, true);
        assert_eq!(pruned.len(), 2, "contact of a emptied, b taken away, datasets left alone");
        assert!(pruned[1].after.is_none());
    }

    #[test]
    fn new_items_get_defaults() {
        let list =
            steps(SHAPES, &Sections::new(), &read(json!({"parties": [{"name": "a"}]})).unwrap(), false);
        assert_eq!(list[0].after.as_ref().unwrap()["kind"], "team");
    }

    #[test]
    fn intervals_are_written_one_way() {
        assert_eq!(iso_interval(0, 0, 0), "PT0S");
        assert_eq!(iso_interval(14, 3, 0), "P1Y2M3D");
        assert_eq!(iso_interval(0, 0, 3_723_500_000), "PT1H2M3.500000S");
        assert_eq!(iso_interval(0, -1, -500_000), "P-1DT-0.500000S");
        assert_eq!(iso_interval(0, 0, 300_000_000), "PT5M");
    }
}
