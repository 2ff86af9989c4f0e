//! boundary
use crate::registry::status::StatusRow;

/// What `status()` says about boundary.
#[must_use]
pub fn status() -> Vec<StatusRow> {
    Vec::new()
}

/// Writers follow a name to its new relation.
pub fn follow(_relid: pgrx::pg_sys::Oid) {}
