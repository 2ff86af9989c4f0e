//! The product's own removal: never in silence, never while attached.
use crate::error;
use crate::pg::ddl::Ddl;
use crate::pg::{EXTENSION, owner, roles, spi};

/// Whether a statement drops the extension itself.
#[must_use]
pub fn is_our_end(ddl: &Ddl) -> bool {
    matches!(ddl, Ddl::DropExtensions { names, .. } if names.iter().any(|n| n == EXTENSION))
}

/// Called before DROP EXTENSION: refused while attached, and a plain one while the log holds rows.
pub fn before_drop_extension(names: &[String], cascade: bool) {
    if !names.iter().any(|n| n == EXTENSION) {
        return;
    }
    if crate::registry::attach::is_in_database_setting() {
        error::guard::extension_attached().raise();
    }
    let rows: i64 =
        owner::run(|| spi::select_one("SELECT count(*) FROM governance.audit_entry", &[], |r| r.must(1)))
            .unwrap_or(0);
    if rows == 0 {
        return;
    }
    if !cascade {
        error::guard::extension_has_log(rows).raise();
    }
    if !roles::is_superuser(roles::current()) {
        error::guard::extension_needs_superuser().raise();
    }
    error::guard::extension_dropped(&roles::name(roles::current()), rows).log();
}
