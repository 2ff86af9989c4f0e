//! The restoring state.

/// Whether this database is being restored.
#[must_use]
pub fn is_restoring() -> bool {
    false
}
