//! A new column of a governed dataset is masked until somebody says what it holds.
use crate::change;
use crate::core::registry::level::Level;
use crate::error;
use crate::pg::catalog;
use crate::pg::regclass::Relation;
use crate::registry::tagging::{self, Tag};
use crate::registry::{carry, dataset, ladder::Ladder};
use pgrx::pg_sys;

/// What a column bears that nobody has classified.
pub const TAG: &str = "unclassified";
/// The feature that says whether new columns bear it, and whether it masks.
pub const FEATURE: &str = "privacy.unclassified";

/// Called when a statement has added columns to a relation.
///
/// What a change copies is classified as what it copies; only a column that a change was asked to add is new.
pub fn added(relid: pg_sys::Oid, columns: &[String]) {
    if columns.is_empty() || change::acting().is_some_and(|id| !change::only_adds(id)) {
        return;
    }
    let Some(name) = catalog::relation_name(relid) else { return };
    let tags = carry::tags_of(&name);
    if tags.is_empty() && !dataset::is_declared(&name) {
        return;
    }
    let level = Ladder::of_tagged(&name).level(FEATURE).level;
    if level == Level::Off {
        return;
    }
    for column in columns.iter().filter(|c| !tags.iter().any(|(tagged, _)| tagged == *c)) {
        tagging::mark(Relation(relid), &name, column, Tag { tag: TAG, path: "" }, "added");
        match level {
            Level::Warn => error::privacy::unclassified(&name, column, false).warn(),
            Level::Enforce => error::privacy::unclassified(&name, column, true).notice(),
            _ => {}
        }
    }
}
