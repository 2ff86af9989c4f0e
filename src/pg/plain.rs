//! Functions of the server that cannot raise, called as they are: pgrx guards every call against errors, which for these costs
//! many times what they do, and they run in each transaction of everybody.
use pgrx::pg_sys;

mod server {
    use pgrx::pg_sys;
    use std::ffi::c_int;

    unsafe extern "C-unwind" {
        pub fn GetCurrentTimestamp() -> pg_sys::TimestampTz;
        pub fn GetTopFullTransactionIdIfAny() -> pg_sys::FullTransactionId;
        pub fn GetUserId() -> pg_sys::Oid;
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
