//! Whether anything is stated at all. In a database where nothing is, DDL has nothing to follow, and asking a dozen tables by
//! queries would cost several times what the statement itself does.
use crate::pg::catalog::{self, Name};
use crate::pg::relation;
use pgrx::pg_sys;
use std::cell::RefCell;
use std::collections::HashMap;

/// Tables that name relations.
const STATED: [&str; 17] = [
    "binding",
    "dataset",
    "column_tag",
    "level",
    "audited_name",
    "audited_relation",
    "backfill",
    "change",
    "consumer",
    "decision",
    "declared_writer",
    "deprecation",
    "duty",
    "flow",
    "former_column",
    "former_name",
    "proposal",
];

thread_local! {
    /// Oids of our tables, with the oid of the schema they were looked up in.
    static TABLES: RefCell<(pg_sys::Oid, HashMap<&'static str, pg_sys::Oid>)> = RefCell::new((pg_sys::Oid::INVALID, HashMap::new()));
}

/// Whether nothing is stated about any relation.
#[must_use]
pub fn is_bare() -> bool {
    STATED.into_iter().all(has_no_pages)
}

/// Whether no dataset is declared.
#[must_use]
pub fn has_no_datasets() -> bool {
    has_no_pages("dataset")
}

/// Whether no level is set.
#[must_use]
pub fn has_no_levels() -> bool {
    has_no_pages("level")
}

/// Whether no column is tagged.
#[must_use]
pub fn has_no_tags() -> bool {
    has_no_pages("column_tag")
}

/// Whether no table of ours that gives others triggers has rows.
#[must_use]
pub fn has_no_triggers() -> bool {
    ["audited_relation", "declared_writer", "change"].into_iter().all(has_no_pages)
}

/// A table without pages has no rows, not even such as another transaction has not committed yet. One that had rows once
/// keeps its pages: then the rows are asked for.
fn has_no_pages(table: &'static str) -> bool {
    let schema = catalog::namespace();
    let known =
        TABLES.with_borrow(|(of, tables)| if *of == schema { tables.get(table).copied() } else { None });
    let relid = known.or_else(|| {
        let relid = catalog::relation_oid(&Name { schema: catalog::SCHEMA.into(), relation: table.into() })?;
        TABLES.with_borrow_mut(|(of, tables)| {
            if *of != schema {
                (*of, *tables) = (schema, HashMap::new());
            }
            tables.insert(table, relid);
        });
        Some(relid)
    });
    relid.and_then(relation::pages) == Some(0)
}
