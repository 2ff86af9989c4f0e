//! What a manifest states about columns that are not there.
//!
//! A tag of a dropped column waits under its name, and so does what a contract says about it. Exported, such an item says
//! `waits`, so that it is stated elsewhere too, where the column may be missing as well. A name that is not there and does
//! not say so is an error: it is rather mistyped.
use super::sections::{list, name_of, text};
use crate::core::registry::manifest::{Item, Step};
use crate::error;
use crate::pg::catalog;
use crate::registry::deprecation;
use serde_json::json;

/// The field that says it.
pub const WAITS: &str = "waits";

/// The columns that an item names and its relation does not have. Nothing where the relation itself is missing.
fn columns(item: &Item) -> Vec<String> {
    let replacement = text(item, "replacement").filter(|r| deprecation::names_a_column(r));
    let named = text(item, "column").into_iter().chain(replacement).map(String::from);
    let lists = ["columns", "exclude_columns"].into_iter().filter_map(|field| list(item, field)).flatten();
    let named: Vec<String> = named.chain(lists).collect();
    if named.is_empty() {
        return named;
    }
    let relation = text(item, "relation").and_then(name_of).and_then(|n| catalog::relation_oid(&n));
    let Some(relid) = relation else { return Vec::new() };
    named.into_iter().filter(|c| catalog::column_number(relid, c).is_none()).collect()
}

/// Marks an item that is exported, where it names such a column.
pub fn mark(item: &mut Item) {
    if !columns(item).is_empty() {
        item.insert(WAITS.into(), json!(true));
    }
}

/// The columns of a step that are not there, though nobody says so: neither the manifest, nor what is stated here already.
fn unknown(step: &Step) -> Vec<String> {
    let Some(after) = step.after.as_ref().filter(|a| a.get(WAITS) != Some(&json!(true))) else {
        return Vec::new();
    };
    let known = step.before.as_ref().map(columns).unwrap_or_default();
    columns(after).into_iter().filter(|c| !known.contains(c)).collect()
}

/// Raises where a step names a column that is not there, though nobody says so.
pub fn require(step: &Step) {
    if let Some(column) = unknown(step).first() {
        let relation = step.after.as_ref().and_then(|a| text(a, "relation")).unwrap_or_default();
        error::registry::manifest_column_missing(relation, column).raise();
    }
}

/// Whether a step cannot be done, since a relation or a column is missing.
pub fn prevents(step: &Step) -> bool {
    step.after.is_some() && (super::is_missing(step) || !unknown(step).is_empty())
}

/// Leaves out steps that only say what is missing, and what is said about columns that are there.
pub fn settle(steps: &mut Vec<Step>) {
    steps.retain_mut(|step| {
        let Some(after) = &mut step.after else { return true };
        let stated = after.remove(WAITS) == Some(json!(true));
        if step.before.as_ref() == Some(&*after) {
            return false;
        }
        if stated && !columns(after).is_empty() {
            after.insert(WAITS.into(), json!(true));
        }
        true
    });
}
