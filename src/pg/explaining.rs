//! Plain EXPLAIN: plans that are only shown are not judged. Functions that run meanwhile, those of constants say, are not
//! explained: so each plan, and each check of permissions after it, is passed over by itself.
use pgrx::pg_sys;
use std::cell::Cell;

/// What an EXPLAIN shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// A statement that stands in it.
    Statement,
    /// A prepared one, whose plan is kept.
    Prepared,
}

thread_local! {
    static EXPLAINING: Cell<bool> = const { Cell::new(false) };
    /// Whether plans are kept that nobody has judged.
    static KEEPS_PLANS: Cell<bool> = const { Cell::new(false) };
}

/// An EXPLAIN begins.
pub fn begin(of: Of) {
    EXPLAINING.set(true);
    KEEPS_PLANS.set(of == Of::Prepared);
}

/// Whether what is planned, or checked, now is only shown. What comes next is not, until [`go_on`].
#[inline]
pub fn take() -> bool {
    EXPLAINING.try_with(|e| e.replace(false)).unwrap_or(false)
}

/// After a plan: its permissions are checked next.
pub fn go_on() {
    EXPLAINING.set(true);
}

/// It has ended, or an error has ended it. Must not raise.
pub fn end() {
    let _ = EXPLAINING.try_with(|e| e.set(false));
    if KEEPS_PLANS.try_with(|k| k.replace(false)).unwrap_or(false) {
        // SAFETY: marks the plans of this session as invalid, and does nothing else.
        unsafe { pg_sys::ResetPlanCache() };
    }
}
