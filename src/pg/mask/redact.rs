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

/// While it lives, errors of data classes raised by a masked session carry no values in their DETAIL.
pub struct Redaction {
    /// Boxed: the server keeps its address.
    callback: Box<pg_sys::ErrorContextCallback>,
}

/// Starts the redaction of error details where the session is masked. Loads nothing: a statement such as SET
/// TRANSACTION may not be preceded by a snapshot.
#[inline]
#[must_use]
pub fn redact_errors() -> Option<Redaction> {
    if !session::is_forced() && !hooks::active() {
        return None;
    }
    let policy = policy::last()?;
    start(&policy)
}

fn start(policy: &policy::Policy) -> Option<Redaction> {
    // SAFETY: plain read of the transaction state; roles can be looked up only inside a transaction.
    if policy.relations.is_empty() || !unsafe { pg_sys::IsTransactionState() } {
        return None;
    }
    session::note_outer_role();
    policy::note_end();
    viewer::now(policy)?;
    // SAFETY: the callback is pushed on top and popped by Drop, on unwinding too.
    unsafe {
        let mut callback = Box::new(pg_sys::ErrorContextCallback {
            previous: pg_sys::error_context_stack,
            callback: Some(redact),
            arg: std::ptr::null_mut(),
        });
        pg_sys::error_context_stack = &mut *callback;
        Some(Redaction { callback })
    }
}

impl Drop for Redaction {
    fn drop(&mut self) {
        // SAFETY: restores what was on top before; without this the server would call into a freed callback.
        unsafe { pg_sys::error_context_stack = self.callback.previous };
    }
}
