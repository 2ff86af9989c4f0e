//! From the manifest that is to the one that is wanted.
use super::{COMMENT, Field, Item, Sections, Shape};
use serde_json::Value;
use std::collections::BTreeMap;

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
    for f in fields.iter().chain([&COMMENT]) {
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

/// What a step changes, in words: `owner: sales → crm, class: none → master`.
#[must_use]
pub fn difference(before: Option<&Item>, after: Option<&Item>, fields: &[Field]) -> String {
    let show = |v: Option<&Value>| match v {
        None | Some(Value::Null) => "none".to_string(),
        Some(Value::String(s)) if s.is_empty() => "none".to_string(),
        Some(Value::String(s)) => s.clone(),
        Some(other) => other.to_string(),
    };
    let (Some(after), named) = (after, fields.iter().chain([&COMMENT]).filter(|f| !f.key)) else {
        return String::new();
    };
    let parts: Vec<String> = named
        .filter_map(|f| {
            let (was, is) = (before.and_then(|b| b.get(f.name)), after.get(f.name));
            match before {
                None => is.filter(|v| !v.is_null()).map(|v| format!("{}: {}", f.name, show(Some(v)))),
                Some(_) if was == is => None,
                Some(_) => Some(format!("{}: {} → {}", f.name, show(was), show(is))),
            }
        })
        .collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::example::{SHAPES, read};
    use super::*;
    use serde_json::json;

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
    fn comments_are_kept_and_emptied_like_fields() {
        let have = read(json!({"parties": [{"name": "a", "kind": "team", "comment": "x"}]})).unwrap();
        assert!(steps(SHAPES, &have, &read(json!({"parties": [{"name": "a"}]})).unwrap(), false).is_empty());
        let other = read(json!({"parties": [{"name": "a", "comment": "y"}]})).unwrap();
        let list = steps(SHAPES, &have, &other, false);
        assert_eq!(
            difference(list[0].before.as_ref(), list[0].after.as_ref(), SHAPES[0].1),
            "comment: x → y"
        );
    }

    #[test]
    fn differences_name_fields() {
        let item = |v: Value| v.as_object().cloned().unwrap();
        let (a, b) = (
            item(json!({"name": "a", "kind": "team"})),
            item(json!({"name": "a", "kind": "team", "contact": "x"})),
        );
        assert_eq!(difference(Some(&a), Some(&b), SHAPES[0].1), "contact: none → x");
        assert_eq!(difference(Some(&b), Some(&a), SHAPES[0].1), "contact: x → none");
        assert_eq!(difference(None, Some(&b), SHAPES[0].1), "kind: team, contact: x");
        assert_eq!(difference(Some(&b), None, SHAPES[0].1), "");
    }
}
