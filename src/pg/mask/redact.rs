//! Errors of data classes quote the row in their DETAIL; a masked session gets another. Where PostgreSQL itself evaluates
//! raw values (constraints, generated columns, row security), what fails on one quotes it in the message, too: a cast of
//! a text to a date fails or not by the reader's own settings.
//!
//! While a statement runs, an error context callback replaces it, before PL/pgSQL can read it. Deferred constraints
//! fail when the transaction commits, outside of any statement: theirs is replaced when the error is reported.
use super::policy::{self, Policy};
use super::{session, viewer};
use crate::pg::{hooks, plain, relation};
use pgrx::{PgList, PgLogLevel, pg_sys};
use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int, c_void};

const HIDDEN_MESSAGE: &CStr = c"a value is not valid (the message is hidden: it may quote masked values)";
const HIDDEN: &CStr = c"Details are hidden: they may quote masked values.";

thread_local! {
    /// Whether the last statement was that of a masked session; no role can be looked up when an error is reported.
    static MASKED: Cell<bool> = const { Cell::new(false) };
    /// Of whom it was found that they are not masked: state of the policy, outer role, whether owners are.
    static UNMASKED: Cell<Option<(u64, pg_sys::Oid, bool)>> = const { Cell::new(None) };
}

static mut PREVIOUS_LOG: pg_sys::emit_log_hook_type = None;

unsafe extern "C" {
    /// Not in pg_sys: variadic.
    fn errdetail(format: *const c_char, ...) -> c_int;
    fn errmsg(format: *const c_char, ...) -> c_int;
}

/// The class of a packed SQLSTATE.
fn class(code: c_int) -> [u8; 2] {
    let character = |n: c_int| ((code >> (6 * n)) & 0x3f) as u8 + b'0';
    [character(0), character(1)]
}

/// Whether it is 22, 23 or 44: of values and constraints.
fn is_about_data(code: c_int) -> bool {
    matches!(class(code), [b'2', b'2' | b'3'] | [b'4', b'4'])
}

/// Error context callback: replaces the DETAIL.
unsafe extern "C-unwind" fn redact(_arg: *mut c_void) {
    // SAFETY: called by errfinish, where the code can be read and the detail set.
    unsafe {
        if is_about_data(pg_sys::geterrcode()) {
            errdetail(HIDDEN.as_ptr());
        }
    }
}

/// The same, and the message of class 22. What else fails on data does not quote it there.
unsafe extern "C-unwind" fn redact_message(arg: *mut c_void) {
    // SAFETY: called by errfinish, where the code can be read and the message set.
    unsafe {
        redact(arg);
        if class(pg_sys::geterrcode()) == *b"22" {
            errmsg(HIDDEN_MESSAGE.as_ptr());
        }
    }
}

/// Whether a statement evaluates raw values of tagged columns: it writes, or row security looks at them.
unsafe fn evaluates_raw(statement: *mut pg_sys::PlannedStmt, policy: &Policy) -> bool {
    // SAFETY: the caller passes NULL or the statement being run.
    unsafe {
        if statement.is_null() {
            return false;
        }
        let writes = (*statement).commandType != pg_sys::CmdType::CMD_SELECT || (*statement).hasModifyingCTE;
        let relations = PgList::<pg_sys::Oid>::from_pg((*statement).relationOids);
        let mut tagged = relations.iter_oid().filter(|relid| policy.relations.contains_key(relid));
        tagged.any(|relid| writes || relation::row_security(relid).0)
    }
}

/// Replaces the DETAIL of what is reported to the log and the client. A plain frame: neither allocates nor raises.
unsafe extern "C-unwind" fn on_report(error: *mut pg_sys::ErrorData) {
    // SAFETY: the server passes the error being reported. Texts of errors are never freed one by one, those of notices
    // are: so only errors get a text that was not allocated.
    unsafe {
        if MASKED.get() && (*error).elevel >= PgLogLevel::ERROR as c_int && is_about_data((*error).sqlerrcode)
        {
            for detail in [&mut (*error).detail, &mut (*error).detail_log] {
                if !detail.is_null() {
                    *detail = HIDDEN.as_ptr().cast_mut();
                }
            }
        }
        if let Some(previous) = PREVIOUS_LOG {
            previous(error);
        }
    }
}

/// Installs the hook of reports, once per process.
pub fn hook_reports() {
    // SAFETY: the server is single-threaded; the hook is saved before it is set.
    unsafe {
        PREVIOUS_LOG = pg_sys::emit_log_hook;
        pg_sys::emit_log_hook = Some(on_report);
    }
}

/// Whether details are hidden from what is reported now.
#[must_use]
pub fn hides() -> bool {
    MASKED.get()
}

/// The same as it was before an export read rows. Not after an error, which is reported only when all that is left.
pub fn hide_as_before(hidden: bool) {
    if !std::thread::panicking() {
        MASKED.set(hidden);
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
/// `callback` must live in the frame of the hook, until the hook ends; `statement` must be the one being run, or NULL.
#[inline]
#[must_use]
pub unsafe fn push_redaction(
    callback: *mut pg_sys::ErrorContextCallback,
    statement: *mut pg_sys::PlannedStmt,
) -> bool {
    MASKED.set(false);
    if !session::is_forced() && !hooks::active() {
        return false;
    }
    session::note_outer_role();
    policy::note_end();
    // Who is masked is the same for as long as nothing bears on it: most statements are told in a few comparisons.
    let asked = (policy::epoch(), plain::outer_user(), crate::settings::MASK_OWNERS.get());
    let may_be_told =
        !session::is_forced() && !session::recipient_is_set() && session::maintainer().is_none();
    if may_be_told && UNMASKED.get() == Some(asked) {
        return false;
    }
    let Some(policy) = policy::last() else { return false };
    // SAFETY: plain read of the transaction state; roles can be looked up only inside a transaction.
    if policy.relations.is_empty() || !unsafe { pg_sys::IsTransactionState() } {
        return false;
    }
    let masked = viewer::now(&policy).is_some();
    MASKED.set(masked);
    if !masked {
        UNMASKED.set(may_be_told.then_some(asked));
        return false;
    }
    // SAFETY: the caller vouches for the callback's life, and for the statement.
    unsafe {
        let raw = evaluates_raw(statement, &policy);
        (*callback).previous = pg_sys::error_context_stack;
        (*callback).callback = Some(if raw { redact_message } else { redact });
        pg_sys::error_context_stack = callback;
    }
    true
}
