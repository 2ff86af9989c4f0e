//! attach() and detach().

/// Whether this database's settings name the library.
#[must_use]
pub fn is_attached_in_settings() -> bool {
    false
}
