//! Holding a manifest against its shape.
use super::super::feature::{Scope, split_identifiers};
use super::{COMMENT, FORMAT, Field, Item, Kind, Problem, Sections, Server, Shape, VERSION, key_of};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

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
/// Everything that is wrong, up to a number of problems nobody reads on from.
pub fn check(manifest: &Value, shapes: &[Shape], server: &Server) -> Result<Sections, Vec<Problem>> {
    let top = check_head(manifest).map_err(|p| vec![p])?;
    let mut problems = Vec::new();
    let known = |k: &&String| {
        !shapes.iter().any(|s| s.0 == k.as_str())
            && !["format", "version", "domain", "comment"].contains(&k.as_str())
    };
    for name in ["domain", "comment"] {
        if let Some(value) = top.get(name)
            && !(value.is_null() && name == "comment")
            && value.as_str().is_none_or(|s| s.trim().is_empty())
        {
            let allowed = "a string that is not empty";
            note(&mut problems, problem::<()>(format!("$.{name}"), value.to_string(), allowed));
        }
    }
    for name in top.keys().filter(known) {
        let allowed: Vec<&str> = shapes.iter().map(|s| s.0).collect();
        note(&mut problems, problem::<()>(format!("$.{name}"), "an unknown section", allowed.join(", ")));
    }
    let mut sections = Sections::new();
    for (name, fields) in shapes {
        let Some(value) = top.get(*name) else { continue };
        let Value::Array(list) = value else {
            note(&mut problems, problem::<()>(format!("$.{name}"), type_of(value), "an array"));
            continue;
        };
        let mut items = BTreeMap::new();
        for (i, value) in list.iter().enumerate() {
            let path = format!("$.{name}[{i}]");
            let Some(item) = check_item(value, fields, &path, server, &mut problems) else { continue };
            if items.insert(key_of(&item, fields), (i, item)).is_some() {
                note(&mut problems, problem::<()>(path, "the same key a second time", "each key once"));
            }
        }
        sections.insert(name, items);
    }
    if problems.is_empty() { Ok(sections) } else { Err(problems) }
}

fn note<T>(problems: &mut Vec<Problem>, result: Result<T, Problem>) -> Option<T> {
    result.map_err(|p| problems.push(p)).ok()
}

/// What says that this is a manifest, and of which part.
fn check_head(manifest: &Value) -> Result<&Map<String, Value>, Problem> {
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
    Ok(top)
}

fn check_item(
    value: &Value,
    fields: &[Field],
    path: &str,
    server: &Server,
    problems: &mut Vec<Problem>,
) -> Option<Item> {
    let Value::Object(given) = value else {
        note(problems, problem::<()>(path.into(), type_of(value), "an object"));
        return None;
    };
    let before = problems.len();
    let mut item = Item::new();
    for (name, value) in given {
        let path = format!("{path}.{name}");
        let Some(field) = fields.iter().chain([&COMMENT]).find(|f| f.name == name) else {
            let known: Vec<&str> = fields.iter().chain([&COMMENT]).map(|f| f.name).collect();
            note(problems, problem::<()>(path, "an unknown key", known.join(", ")));
            continue;
        };
        if value.is_null() && !field.key && !field.required && field.default.is_empty() {
            item.insert(name.clone(), Value::Null);
        } else if let Some(value) = note(problems, check_value(value, field.kind, path, server)) {
            item.insert(name.clone(), value);
        }
    }
    for f in fields.iter().filter(|f| (f.key || f.required) && !given.contains_key(f.name)) {
        if f.default.is_empty() {
            let allowed = match f.kind {
                Kind::Choice(words) => words.join(", "),
                _ if f.required => "a value".to_string(),
                _ => "a value: it names the item".to_string(),
            };
            note(problems, problem::<()>(format!("{path}.{}", f.name), "nothing", allowed));
        } else {
            item.insert(f.name.into(), serde_json::from_str(f.default).unwrap_or(Value::Null));
        }
    }
    (problems.len() == before).then_some(item)
}

fn check_value(value: &Value, kind: Kind, path: String, server: &Server) -> Result<Value, Problem> {
    let what = value.to_string();
    match (kind, value) {
        (Kind::Text, Value::String(s)) if !s.trim().is_empty() => Ok(value.clone()),
        (Kind::Text, _) => problem(path, what, "a string that is not empty"),
        (Kind::Choice(words), Value::String(s)) if words.contains(&s.as_str()) => Ok(value.clone()),
        (Kind::Choice(words), _) => problem(path, what, words.join(", ")),
        (Kind::TextOrEmpty, Value::String(_)) => Ok(value.clone()),
        (Kind::TextOrEmpty, _) => problem(path, what, "a string, which may be empty"),
        (Kind::TextList, Value::Array(list)) if list.iter().all(Value::is_string) => Ok(value.clone()),
        (Kind::TextList, _) => problem(path, what, "an array of strings"),
        (Kind::Time | Kind::Date | Kind::Interval, _) => {
            let (sql_type, allowed) = kind.read_by().unwrap_or_default();
            match value {
                Value::String(s) if !s.trim().is_empty() && (server.reads)(sql_type, s) => Ok(value.clone()),
                _ => problem(path, what, allowed),
            }
        }
        (Kind::Bool, Value::Bool(_)) => Ok(value.clone()),
        (Kind::Bool, _) => problem(path, what, "true, false"),
        (Kind::Object, Value::Object(_)) => Ok(value.clone()),
        (Kind::Object, _) => problem(path, what, "an object"),
        (Kind::Array, Value::Array(_)) => Ok(value.clone()),
        (Kind::Array, _) => problem(path, what, "an array"),
        (Kind::Relation, Value::String(s)) => match split_identifiers(s).as_deref() {
            Ok([schema, relation]) => Ok(json!((server.quote_both)(schema, relation))),
            _ => problem(path, what, "a relation with its schema, quoted as in SQL: sales.\"Odd.Name\""),
        },
        (Kind::Relation, _) => problem(path, what, "a relation with its schema, quoted as in SQL"),
        (Kind::Scope, Value::String(s)) => match Scope::parse(s) {
            Ok(Scope::Database) => Ok(json!("")),
            Ok(Scope::Schema(s)) => Ok(json!(format!("schema:{}", (server.quote)(&s)))),
            Ok(Scope::Class(c)) => Ok(json!(format!("class:{c}"))),
            Ok(Scope::Dataset(s, r)) => Ok(json!(format!("dataset:{}", (server.quote_both)(&s, &r)))),
            Err(why) => problem(path, what, why.trim_end_matches('.')),
        },
        (Kind::Scope, _) => {
            problem(path, what, "an empty string, schema:name, class:name, dataset:schema.name")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::example::{SERVER, SHAPES, read};
    use super::*;

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
            (json!({"datasets": [{"relation": "s.r", "until": "soon"}]}), "$.datasets[0].until"),
        ] {
            assert_eq!(read(value).unwrap_err()[0].path, path);
        }
        assert_eq!(check(&json!([]), SHAPES, &SERVER).unwrap_err()[0].path, "$");
        assert_eq!(check(&json!({"format": "x"}), SHAPES, &SERVER).unwrap_err()[0].path, "$.format");
        assert_eq!(
            check(&json!({"format": FORMAT, "version": 2}), SHAPES, &SERVER).unwrap_err()[0].path,
            "$.version"
        );
    }

    #[test]
    fn names_all_problems_at_once() {
        let all = read(
            json!({"comment": 7, "partys": [], "parties": [{"name": "a", "kind": "gang", "color": "red"}, 7, {"kind": "x"}]}),
        );
        let paths: Vec<String> = all.unwrap_err().into_iter().map(|p| p.path).collect();
        assert_eq!(
            paths,
            [
                "$.comment",
                "$.partys",
                "$.parties[0].color",
                "$.parties[0].kind",
                "$.parties[1]",
                "$.parties[2].kind",
                "$.parties[2].name"
            ]
        );
    }

    #[test]
    fn comments_are_allowed_everywhere() {
        let read = read(json!({"comment": "x", "parties": [{"name": "a", "comment": "who"}]})).unwrap();
        assert_eq!(read["parties"]["a"].1["comment"], "who");
    }
}
