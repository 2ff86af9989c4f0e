//! COPY by the old name of a table that a change has renamed: PostgreSQL copies neither into a view nor out of one.
use super::catalog::{self, Name};
use pgrx::pg_sys::{self, NodeTag};
use std::ffi::CString;

/// A copy of `COPY old_name …` that names the table; None where it is anything else. The caller needs the same rights on
/// both.
///
/// # Safety
/// `statement` must be a valid utility statement.
pub unsafe fn rewrite_copy(statement: *mut pg_sys::PlannedStmt) -> Option<*mut pg_sys::PlannedStmt> {
    // SAFETY: the caller vouches for the statement; only the copy is changed.
    unsafe {
        let utility = (*statement).utilityStmt;
        if utility.is_null() || (*utility).type_ != NodeTag::T_CopyStmt || !catalog::is_present() {
            return None;
        }
        let given = &*utility.cast::<pg_sys::CopyStmt>();
        if given.relation.is_null() || crate::registry::bare::has_no_changes() {
            return None;
        }
        // As COPY itself will: behind whoever renames the table just now, the name is that of the view.
        let lock = if given.is_from { pg_sys::RowExclusiveLock } else { pg_sys::AccessShareLock };
        let relid = pg_sys::RangeVarGetRelidExtended(
            given.relation,
            lock as pg_sys::LOCKMODE,
            pg_sys::RVROption::RVR_MISSING_OK,
            None,
            std::ptr::null_mut(),
        );
        if relid == pg_sys::InvalidOid || catalog::relation_kind(relid) != Some(b'v') {
            return None;
        }
        let table = crate::change::behind_old_name(&catalog::relation_name(relid)?)?;
        let rewritten = pg_sys::copyObjectImpl(statement.cast()).cast::<pg_sys::PlannedStmt>();
        let copy = (*rewritten).utilityStmt.cast::<pg_sys::CopyStmt>();
        (*copy).relation = range_of(&table)?;
        Some(rewritten)
    }
}

/// A reference to a relation, made in the current memory context.
fn range_of(name: &Name) -> Option<*mut pg_sys::RangeVar> {
    let (schema, relation) =
        (CString::new(name.schema.as_str()).ok()?, CString::new(name.relation.as_str()).ok()?);
    // SAFETY: valid C strings, copied.
    unsafe {
        Some(pg_sys::makeRangeVar(pg_sys::pstrdup(schema.as_ptr()), pg_sys::pstrdup(relation.as_ptr()), -1))
    }
}
