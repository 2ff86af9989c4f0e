//! Functions of the server that cannot raise, called as they are: pgrx guards every call against errors, which for these costs
//! many times what they do, and they run in each transaction of everybody.
use pgrx::pg_sys;

mod server {
    use pgrx::pg_sys;
    use std::ffi::c_int;

    unsafe extern "C-unwind" {
        pub fn GetCurrentTimestamp() -> pg_sys::TimestampTz;
        pub fn GetTopFullTransactionIdIfAny() -> pg_sys::FullTransactionId;
        pub fn GetOuterUserId() -> pg_sys::Oid;
        pub fn GetUserId() -> pg_sys::Oid;
        pub fn GetUserIdAndSecContext(user: *mut pg_sys::Oid, context: *mut c_int);
        pub fn InNoForceRLSOperation() -> bool;
        pub fn LockHeldByMe(tag: *const pg_sys::LOCKTAG, mode: c_int) -> bool;
    }
}

/// The time of this moment, in microseconds.
#[inline]
#[must_use]
pub fn clock() -> i64 {
    // SAFETY: reads the clock.
    unsafe { server::GetCurrentTimestamp() }
}

/// The id of the running transaction; its low half is zero where it has none.
#[inline]
#[must_use]
pub fn transaction_id() -> u64 {
    // SAFETY: plain read of the transaction state.
    unsafe { server::GetTopFullTransactionIdIfAny() }.value
}

/// The current user.
#[inline]
#[must_use]
pub fn user() -> pg_sys::Oid {
    // SAFETY: plain read of a backend global; a user is always set once a transaction runs, which is all that it asserts.
    unsafe { server::GetUserId() }
}

/// What SET ROLE chose, else the session user.
#[inline]
#[must_use]
pub fn outer_user() -> pg_sys::Oid {
    // SAFETY: plain read of a backend global; a user is always set once a transaction runs, which is all that it asserts.
    unsafe { server::GetOuterUserId() }
}

/// The current user, and in which security context it acts: bits of `SECURITY_…`.
#[inline]
#[must_use]
pub fn security() -> (pg_sys::Oid, u32) {
    let (mut user, mut context) = (pg_sys::InvalidOid, 0);
    // SAFETY: plain reads of two backend globals into places of ours.
    unsafe { server::GetUserIdAndSecContext(&mut user, &mut context) };
    (user, context as u32)
}

/// Whether FORCE ROW LEVEL SECURITY does not hold for owners, as in checks of foreign keys.
#[inline]
#[must_use]
pub fn is_unforced() -> bool {
    // SAFETY: plain read of a backend global.
    unsafe { server::InNoForceRLSOperation() }
}

/// Whether this session holds a lock in this mode.
#[inline]
#[must_use]
pub fn holds_lock(tag: &pg_sys::LOCKTAG, mode: u32) -> bool {
    // SAFETY: looks into this session's own table of locks.
    unsafe { server::LockHeldByMe(tag, mode as i32) }
}
