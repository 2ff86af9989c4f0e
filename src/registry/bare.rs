//! Whether anything is stated at all, or about one relation. Where nothing is, DDL has nothing to follow, and asking a dozen
//! tables by a query each would cost several times what the statement itself does.
use crate::pg::catalog::{self, Name};
use crate::pg::{owner, relation, spi};
use pgrx::pg_sys;
use std::cell::RefCell;
use std::collections::HashMap;

/// By schema and name.
const BY_NAME: &str = "(schema_name, relation_name) = ($2, $3)";
/// By a scope; `$4` is the quoted name.
const BY_SCOPE: &str = "scope = 'dataset:' || $4";

/// Tables that name relations, and how each does.
const STATED: [(&str, &str); 20] = [
    ("binding", "(relid = $1 OR (schema_name, relation_name) = ($2, $3))"),
    ("dataset", BY_NAME),
    ("column_tag", BY_NAME),
    ("level", BY_SCOPE),
    ("audited_name", BY_NAME),
    ("audited_relation", BY_NAME),
    ("backfill", BY_NAME),
    ("change", BY_NAME),
    ("column_read", BY_NAME),
    ("consumer", BY_NAME),
    ("decision", "$4 = ANY (objects)"),
    ("declared_writer", BY_NAME),
    ("deprecation", BY_NAME),
    ("duty", BY_SCOPE),
    (
        "flow",
        "((target_schema_name, target_relation_name) = ($2, $3) OR (source_schema_name, source_relation_name) = ($2, $3))",
    ),
    ("former_column", BY_NAME),
    ("former_name", BY_NAME),
    ("proposal", BY_NAME),
    ("read_watch", BY_NAME),
    ("waiver", BY_NAME),
];

thread_local! {
    /// Oids of our tables, with the oid of the schema they were looked up in.
    static TABLES: RefCell<(pg_sys::Oid, HashMap<&'static str, pg_sys::Oid>)> = RefCell::new((pg_sys::Oid::INVALID, HashMap::new()));
}

/// Whether nothing is stated about any relation.
#[must_use]
pub fn is_bare() -> bool {
    STATED.into_iter().all(|(table, _)| has_no_pages(table))
}

/// Whether something may be stated about a relation, by its oid, its name, or because it is a part of another or has parts.
#[must_use]
pub fn concerns(relid: pg_sys::Oid) -> bool {
    let Some(name) = catalog::relation_name(relid) else { return true };
    if relation::has_children(relid) || relation::has_parents(relid) {
        return true;
    }
    let asked: Vec<String> = STATED
        .into_iter()
        .filter(|(table, _)| !has_no_pages(table))
        .map(|(table, how)| format!("EXISTS (SELECT FROM governance.{table} WHERE {how})"))
        .collect();
    if asked.is_empty() {
        return false;
    }
    // Every argument has its type whichever tables are asked.
    let sql = format!("SELECT {} OR ($1::oid, $2::text, $3::text, $4::text) IS NULL", asked.join(" OR "));
    owner::run(|| {
        spi::select_one(
            &sql,
            &[
                relid.into(),
                name.schema.as_str().into(),
                name.relation.as_str().into(),
                name.to_string().into(),
            ],
            |r| r.must(1),
        )
    })
    .unwrap_or(true)
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

/// Whether no change was ever proposed.
#[must_use]
pub fn has_no_changes() -> bool {
    has_no_pages("change")
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
