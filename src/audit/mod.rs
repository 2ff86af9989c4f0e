//! audit: the log of row changes and of the product's own acts.
mod act;

pub use act::{Act, act};

use pgrx::prelude::*;

/// The SQL surface.
#[pg_schema]
pub mod governance {
    use super::*;

    /// A UUID of version 7: orders by time, exactly so within a session.
    #[pg_extern(volatile, parallel_safe)]
    #[search_path(pg_catalog, pg_temp)]
    pub fn _uuid() -> pgrx::Uuid {
        pgrx::Uuid::from_bytes(*uuid::Uuid::now_v7().as_bytes())
    }
}

/// What `status()` says about audit.
#[must_use]
pub fn status() -> Vec<crate::registry::status::StatusRow> {
    Vec::new()
}

/// Audit follows a name to its new relation.
pub fn follow(_relid: pgrx::pg_sys::Oid) {}
