//! Looks that run nothing of the users'. What the server works out while it reads a statement, constants above all, may call
//! functions: those of users have effects, take long, or fail just while somebody looks.
use super::catalog;
use pgrx::pg_sys;
use std::cell::Cell;

thread_local! {
    static LOOKING: Cell<bool> = const { Cell::new(false) };
}

/// Whether a look is going on.
#[inline]
#[must_use]
pub fn is_on() -> bool {
    LOOKING.get()
}

/// Runs a look: every function that would be called is first seen by [`refuse`].
pub fn run<R>(f: impl FnOnce() -> R) -> R {
    struct End(bool);
    impl Drop for End {
        fn drop(&mut self) {
            LOOKING.set(self.0);
        }
    }
    let _end = End(LOOKING.replace(true));
    f()
}

/// Raises an error where a function is not one of PostgreSQL's own that only computes. Called for every function that the
/// server prepares to execute during a look.
pub fn refuse(function: pg_sys::Oid) {
    let is_own = function.to_u32() < pg_sys::FirstNormalObjectId;
    // SAFETY: a look-up by oid of a function that is about to be executed.
    if is_own && unsafe { pg_sys::func_volatile(function) } as u8 != b'v' {
        return;
    }
    // SAFETY: a look-up by oid; palloc'd or NULL.
    let name = unsafe { catalog::text(pg_sys::get_func_name(function)) }.unwrap_or_default();
    crate::error::guard::not_run_for_a_look(&name).raise();
}
