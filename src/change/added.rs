//! What a change adds, and whether it is there.
use super::store::{self, Change};
use super::{table, whole};
use crate::pg::catalog::{self, Name};

/// What a statement adds is there already.
pub struct There {
    /// Name of an index, where the statement may have left it to the server.
    pub index: Option<String>,
}

/// What the steps of a change make of the wish: kind and name.
#[must_use]
pub fn made(change: &Change) -> Vec<(String, String)> {
    store::steps(change.id)
        .iter()
        .filter_map(|s| {
            let makes = &s.step.args["makes"];
            Some((makes[0].as_str()?.to_string(), makes[1].as_str()?.to_string()))
        })
        .collect()
}

/// Whether a change only adds.
#[must_use]
pub fn adds(change: &Change) -> bool {
    change.takes.is_empty() && !made(change).is_empty()
}

/// Whether all that a change adds is there.
#[must_use]
pub fn is_there(change: &Change) -> bool {
    let Some(relid) = catalog::relation_oid(&change.name) else { return false };
    let made = made(change);
    !made.is_empty()
        && made.into_iter().all(|(what, name)| match what.as_str() {
            "column" => catalog::column_number(relid, &name).is_some(),
            "constraint" => whole::has_constraint(relid, &name),
            "not_null" => table::column(relid, &name).is_some_and(|c| c.not_null),
            _ => {
                let index = Name { schema: change.name.schema.clone(), relation: name };
                catalog::relation_oid(&index).is_some()
            }
        })
}

/// How a statement that adds the same skips it.
#[must_use]
pub fn there(change: &Change) -> There {
    There { index: made(change).into_iter().find(|(what, _)| what == "index").map(|(_, name)| name) }
}
