//! Masks on whatever reads: substituting the Vars of tagged columns when a query is planned.
//!
//! `policy` says which columns are tagged and whom masks concern, `spread` where a tag holds beyond its column, `viewer` who is reading, `mutate` walks the query, `writes` keeps masks out of what is stored,
//! `expression` builds what takes the place of a Var, `copy` turns COPY into a query, `copy_hash` hashes what it sends,
//! `redact` keeps values out of error details, `session` holds what is special for this session, `unmasked` remembers the
//! use of grants, `functions` are what the server calls, `apply` puts a value of any type (`types`) under a mask with
//! `keys`, `fits` says which mask fits which column, `index` makes masks searchable, `export` reads a query under masks in
//! every mode, `stream` hands out its lines, and `sent` notes what a session with a recipient sends.
mod apply;
mod copy;
mod copy_hash;
pub mod export;
mod expression;
mod fits;
mod functions;
pub mod index;
mod keys;
mod mutate;
mod policy;
mod redact;
pub mod sent;
mod session;
mod spread;
mod stream;
mod types;
mod unmasked;
mod viewer;
mod writes;

pub use copy::{copies_through_query, rewrite_copy};
pub use fits::{Misfit, fits_column};
pub use keys::forget as forget_key;
pub use policy::{forget_rolled_back, is_enforced_anywhere, keep, tagged_columns, tagged_tables};
pub use redact::{hook_reports, no_callback, push_redaction};
pub use session::{
    Noted, Seen, define_recipient, executor_begins, frame_aborted, frame_begins, frame_ends, is_forced,
    note_outer_role, recipient_is_set,
};
pub use spread::{Columns, reached_through};
pub use stream::aborted as export_aborted;
pub use unmasked::before_commit;

use super::{hooks, loading};
use crate::error;
use pgrx::pg_sys;
use session::{InsideFrame, Planning};
use std::rc::Rc;

/// Whether masks may have to be applied in this session now: one cached test where they need not.
#[inline]
#[must_use]
pub fn wanted() -> bool {
    if session::is_forced() {
        return true;
    }
    if !hooks::active() {
        return session::recipient_is_set() && is_unheld();
    }
    policy::concerns_anybody()
}

/// Whether the session set a recipient that it cannot hold: the library came too late.
#[cold]
fn is_unheld() -> bool {
    crate::settings::ENABLED.get()
        && super::catalog::is_present()
        && !loading::creating_extension()
        && loading::mode() == loading::Mode::Installed
        && !session::is_internal()
}

/// Plans a query with the masks of whoever reads it.
///
/// # Safety
/// `query` must be an analysed and rewritten query.
pub unsafe fn plan(
    query: *mut pg_sys::Query,
    next: impl FnOnce(*mut pg_sys::Query) -> *mut pg_sys::PlannedStmt,
) -> *mut pg_sys::PlannedStmt {
    if !session::is_forced() && !hooks::active() {
        error::privacy::recipient_not_held().raise();
    }
    let policy = policy::current();
    // The planner may evaluate functions, whose plans may be another role's.
    session::note_outer_role();
    // SAFETY: the caller vouches for the query; the plan is the planner's own result.
    unsafe {
        // Foreign keys are checked with raw values, or valid rows would be refused.
        let viewer = if session::is_foreign_key_check() { None } else { viewer::now(&policy) };
        let _frame = InsideFrame::begin();
        let reads_tagged = mutate::reads_tagged(query, &policy);
        let (plan, limited) = match viewer {
            Some(viewer) => {
                let limited = policy.is_limited();
                let query =
                    if reads_tagged { mutate::mask_for(query, Rc::clone(&policy), viewer) } else { query };
                // A query that names no tagged table may still inline a function that does.
                let _planning = Planning::begin(true);
                (next(query), limited)
            }
            None => {
                let _planning = Planning::begin(false);
                (next(query), false)
            }
        };
        // A function that was inlined may read what the query did not name.
        if !plan.is_null() && (reads_tagged || policy.has_any_of((*plan).relationOids)) {
            (*plan).dependsOnRole = true;
            if limited {
                // A grant that ends by itself sends no message when it does.
                (*plan).transientPlan = true;
            }
        }
        plan
    }
}

/// Whether the planner must not inline a function: set-returning SQL functions are inlined after the planner hook, and
/// their bodies would escape the masks.
#[inline]
#[must_use]
pub fn refuses_inlining(function: pg_sys::Oid) -> bool {
    session::is_planning_masked() && function.to_u32() >= pg_sys::FirstNormalObjectId
}
