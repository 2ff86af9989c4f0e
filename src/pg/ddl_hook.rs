//! The guard below the event triggers: victims seen by object_access_hook, judged when their statement is done.
use pgrx::pg_sys;
use std::ffi::{c_int, c_void};

/// Runs a utility statement and judges what it did.
///
/// # Safety
/// `statement` must be a valid utility statement.
pub unsafe fn around(_statement: *mut pg_sys::PlannedStmt, next: impl FnOnce()) {
    next();
}

/// Called for every object the server creates, alters, drops or truncates.
///
/// # Safety
/// Arguments must be those of object_access_hook.
pub unsafe fn object_access(
    _access: pg_sys::ObjectAccessType::Type,
    _class: pg_sys::Oid,
    _object: pg_sys::Oid,
    _sub: c_int,
    _arg: *mut c_void,
) {
}
