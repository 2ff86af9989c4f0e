//! guard
use crate::registry::status::StatusRow;

/// What `status()` says about guard.
#[must_use]
pub fn status() -> Vec<StatusRow> {
    Vec::new()
}

/// Asked by the BEFORE TRUNCATE trigger of audited relations, before the TRUNCATE is recorded.
pub fn on_truncate(_: pgrx::pg_sys::Oid) {}
