//! Errors of data classes quote the row in their DETAIL; a masked session gets another.
use super::{policy, session, viewer};
use crate::pg::hooks;
use pgrx::pg_sys;
use std::ffi::{c_char, c_int, c_void};

unsafe extern "C" {
    /// Not in pg_sys: variadic.
    fn errdetail(format: *const c_char, ...) -> c_int;
}

/// Error context callback: replaces the DETAIL of classes 22, 23 and 44.
unsafe extern "C-unwind" fn redact(_arg: *mut c_void) {
    // SAFETY: called by errfinish, where the code can be read and the detail set.
    unsafe {
        let code = pg_sys::geterrcode();
        let character = |n: c_int| ((code >> (6 * n)) & 0x3f) as u8 + b'0';
        if matches!([character(0), character(1)], [b'2', b'2' | b'3'] | [b'4', b'4']) {
            errdetail(c"Details are hidden: they may quote masked values.".as_ptr());
        }
    }
}

/// A callback that is not pushed yet.
#[must_use]
pub const fn no_callback() -> pg_sys::ErrorContextCallback {
    pg_sys::ErrorContextCallback { previous: std::ptr::null_mut(), callback: None, arg: std::ptr::null_mut() }
}

/// Starts the redaction of error details where the session is masked, until whoever called takes the callback off
/// again. After an error nobody does: as in C, whoever catches it restores the stack of callbacks. Loads nothing: a
/// statement such as SET TRANSACTION may not be preceded by a snapshot.
///
/// # Safety
/// `callback` must live in the frame of the hook, until the hook ends.
#[inline]
#[must_use]
pub unsafe fn push_redaction(callback: *mut pg_sys::ErrorContextCallback) -> bool {
    if !session::is_forced() && !hooks::active() {
        return false;
    }
    let Some(policy) = policy::last() else { return false };
    // SAFETY: plain read of the transaction state; roles can be looked up only inside a transaction.
    if policy.relations.is_empty() || !unsafe { pg_sys::IsTransactionState() } {
        return false;
    }
    session::note_outer_role();
    policy::note_end();
    if viewer::now(&policy).is_none() {
        return false;
    }
    // SAFETY: the caller vouches for the callback's life.
    unsafe {
        (*callback).previous = pg_sys::error_context_stack;
        (*callback).callback = Some(redact);
        pg_sys::error_context_stack = callback;
    }
    true
}
