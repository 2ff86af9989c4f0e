//! A number that rises whenever the definition of a table, a function or an operator has changed: what was found out about a
//! table holds while it stays.
use pgrx::pg_sys;
use std::cell::Cell;

thread_local! {
    static CHANGES: Cell<u64> = const { Cell::new(0) };
}

/// The number now. Messages of others are read when a lock is taken: of a table that is locked it is up to date.
#[must_use]
pub fn changes() -> u64 {
    CHANGES.get()
}

/// Relcache callback.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn on_relcache(_arg: pg_sys::Datum, _relid: pg_sys::Oid) {
    CHANGES.set(CHANGES.get() + 1);
}

/// Syscache callback.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn on_syscache(_arg: pg_sys::Datum, _cache: std::ffi::c_int, _hash: u32) {
    CHANGES.set(CHANGES.get() + 1);
}

/// Registers the callbacks; called once per process.
pub fn install() {
    use pg_sys::SysCacheIdentifier::{OPEROID, PROCOID};
    // SAFETY: registers static functions that only touch a backend-local cell.
    unsafe {
        pg_sys::CacheRegisterRelcacheCallback(Some(on_relcache), pg_sys::Datum::from(0));
        for cache in [PROCOID, OPEROID] {
            pg_sys::CacheRegisterSyscacheCallback(cache as i32, Some(on_syscache), pg_sys::Datum::from(0));
        }
    }
}
