//! lineage
use crate::registry::status::StatusRow;

/// What `status()` says about lineage.
#[must_use]
pub fn status() -> Vec<StatusRow> {
    Vec::new()
}

/// Records what DDL says about flows.
pub fn record_ddl(_relid: pgrx::pg_sys::Oid, _tree: *mut pgrx::pg_sys::Node) {}
/// Told by the audit triggers once per statement and relation it changed.
pub fn record_statement(_: crate::pg::regclass::Relation, _: &str) {}
