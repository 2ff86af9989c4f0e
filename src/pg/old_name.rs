//! COPY by the old name of a table that a change has renamed: PostgreSQL copies neither into a view nor out of one.
use super::catalog::{self, Name};
use super::guard::names;
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
        let relid = names::relation((*utility.cast::<pg_sys::CopyStmt>()).relation)?;
        if catalog::relation_kind(relid) != Some(b'v') {
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
