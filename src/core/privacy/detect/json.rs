//! JSON: its leaves are looked at as columns are, by their paths.
use super::{Case, Column, Guess, Kind, lexicon, weigh};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Most paths that are followed in one column.
const MOST_PATHS: usize = 200;
/// How deep they are followed.
const DEEPEST: usize = 8;
/// Longest text that is parsed.
const LONGEST: usize = 65_536;

/// Takes in a document.
pub fn add(column: &mut Column, text: &str, this_year: i32) {
    if text.len() > LONGEST {
        return;
    }
    let Ok(document) = serde_json::from_str::<Value>(text) else { return };
    column.profile.seen += 1;
    walk(&mut column.leaves, &mut String::new(), &document, this_year, 0);
}

fn walk(
    leaves: &mut BTreeMap<String, super::Profile>,
    path: &mut String,
    value: &Value,
    this_year: i32,
    depth: usize,
) {
    if depth > DEEPEST {
        return;
    }
    let mut leaf = |text: &str| {
        if leaves.len() < MOST_PATHS || leaves.contains_key(path.as_str()) {
            leaves.entry(path.clone()).or_default().add(text, this_year);
        }
    };
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                let before = path.len();
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key);
                walk(leaves, path, member, this_year, depth + 1);
                path.truncate(before);
            }
        }
        Value::Array(items) => {
            items.iter().take(20).for_each(|i| walk(leaves, path, i, this_year, depth + 1))
        }
        Value::String(s) => leaf(s),
        Value::Number(n) => leaf(&n.to_string()),
        Value::Bool(_) | Value::Null => {}
    }
}

/// Whether a key looks like data and not like a name: documents keyed by e-mail addresses or numbers must not show them.
fn is_name(key: &str) -> bool {
    key.len() <= 40 && key.chars().all(|c| c.is_alphabetic() || "_-".contains(c)) && !key.is_empty()
}

/// One guess for each tag among the leaves; paths are the evidence.
pub(super) fn guess(case: &Case) -> Vec<Guess> {
    let mut found: BTreeMap<std::borrow::Cow<'static, str>, (f32, Vec<String>)> = BTreeMap::new();
    for (path, profile) in &case.column.leaves {
        let name = path.rsplit('.').find(|k| is_name(k)).unwrap_or_default();
        let numeric = profile.share(super::profile::Shape::Number) > 0.9;
        let mut column = Column::new(name, if numeric { Kind::Number } else { Kind::Text });
        column.profile = profile.clone();
        // Numbers in JSON stand for texts as often as not.
        let inner = Case { column: &column, hits: lexicon::read(name), ..*case };
        let Some(guess) = weigh::best(&inner).filter(|g| g.confidence >= 0.6) else { continue };
        // A key that few documents have may be a value itself.
        let common = profile.seen * 5 >= case.column.profile.seen;
        let shown =
            path.split('.').map(|k| if common && is_name(k) { k } else { "*" }).collect::<Vec<_>>().join(".");
        let entry = found.entry(guess.tag).or_default();
        entry.0 = entry.0.max(guess.confidence);
        if entry.1.len() < 10 && !entry.1.contains(&shown) {
            entry.1.push(shown);
        }
    }
    found
        .into_iter()
        .map(|(tag, (confidence, paths))| Guess {
            tag,
            confidence: weigh::round(confidence * 0.95),
            evidence: json!({"paths": paths, "sampled": case.column.profile.seen}),
        })
        .collect()
}
