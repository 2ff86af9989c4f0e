//! Audits of partitions and children that join or leave a tree, and of schemas that are renamed.
use super::relation::store;
use super::triggers;
use super::watched::{self, Entry};
use crate::pg::regclass::Relation;
use crate::pg::{owner, spi};
use crate::registry::restore;
use pgrx::pg_sys;

/// A schema got another name: relations that take names of audited ones in it are audited under either.
pub fn schema_renamed(before: &str, now: &str) {
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.audited_name AS k (schema_name, relation_name, relation_id)
             SELECT $2, relation_name, relation_id FROM governance.audited_name WHERE schema_name = $1
             ON CONFLICT (schema_name, relation_name) DO UPDATE SET relation_id = excluded.relation_id
              WHERE k.relation_id <> excluded.relation_id",
            &[before.into(), now.into()],
        )
    });
}

/// Tables are about to become partitions of another. Where that is audited PostgreSQL clones its row trigger, and would fail
/// on tables that have one of that name.
pub fn make_way(parent: pg_sys::Oid, children: impl Iterator<Item = pg_sys::Oid>) {
    for child in children {
        if watched::entries(parent).iter().any(|e| !e.stopped) {
            triggers::remove(child, &triggers::ROW, &[]);
        }
    }
}

/// A relation that was a partition or child of an audited one goes on being logged by itself, without the columns that
/// were left out there; says whether that is so.
pub fn leave_tree(relid: pg_sys::Oid, parent: pg_sys::Oid) -> bool {
    let above: Vec<Entry> = watched::entries(parent).into_iter().filter(|e| !e.stopped).collect();
    if above.is_empty() || restore::is_restoring() {
        return false;
    }
    let name = Relation(relid).name();
    let own = watched::entries(relid).into_iter().find(|e| e.relid == relid);
    let is_new = own.as_ref().is_none_or(|e| e.stopped);
    // What was left out there is not to be logged now either.
    let of_own = own.iter().filter(|e| !e.stopped);
    let mut exclude: Vec<String> =
        above.iter().chain(of_own).flat_map(|e| e.exclude_columns.clone()).collect();
    exclude.sort();
    exclude.dedup();
    store(&name, own.as_ref(), &exclude);
    // What was cloned from the parent is gone.
    triggers::ensure(relid);
    is_new
}
