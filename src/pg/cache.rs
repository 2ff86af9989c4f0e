//! Backend-local caches and how all backends learn that they are stale.
//!
//! Every write to a table whose content backends cache fires the trigger function behind [`touch`], which invalidates
//! the relcache entry of `governance.column_tag`. All backends get that message at commit (this one at once), and the
//! callback here raises the generation, which every cache compares with the one it was loaded at.
use super::catalog::{self, Name};
use pgrx::pg_sys;
use std::cell::Cell;

thread_local! {
    static GENERATION: Cell<u64> = const { Cell::new(1) };
    static BEACON: Cell<pg_sys::Oid> = const { Cell::new(pg_sys::Oid::INVALID) };
    /// Whether many writes belong together, and whether one of them has touched.
    static TOGETHER: Cell<bool> = const { Cell::new(false) };
    static TOUCHED: Cell<bool> = const { Cell::new(false) };
    /// Whether the transaction has touched: what was cached since may be rolled back.
    static TOUCHED_HERE: Cell<bool> = const { Cell::new(false) };
}

/// Rises whenever something that backends cache has changed. A cache loaded at generation g is good while this is g.
#[inline]
#[must_use]
pub fn generation() -> u64 {
    GENERATION.get()
}

/// Tells every backend, at commit, to load its caches anew; this one at once.
pub fn touch() {
    GENERATION.set(GENERATION.get() + 1);
    TOUCHED_HERE.set(true);
    if TOGETHER.get() {
        TOUCHED.set(true);
        return;
    }
    if let Some(relid) = beacon() {
        // SAFETY: queues an invalidation message; the oid was just resolved.
        unsafe { pg_sys::CacheInvalidateRelcacheByRelid(relid) };
    }
}

/// Runs many writes with one message to all backends after the last: each would make this session plan everything anew.
pub fn together<R>(f: impl FnOnce() -> R) -> R {
    struct End(bool);
    impl Drop for End {
        fn drop(&mut self) {
            TOGETHER.set(self.0);
            // After an error the writes are rolled back, and there is nothing to say.
            if !self.0 && TOUCHED.replace(false) && !std::thread::panicking() {
                touch();
            }
        }
    }
    let _end = End(TOGETHER.replace(true));
    f()
}

/// A (sub)transaction was rolled back, and perhaps what caches were loaded from. Must not raise.
pub fn forget_rolled_back() {
    if TOUCHED_HERE.get() {
        GENERATION.set(GENERATION.get() + 1);
    }
}

/// The transaction has ended.
pub fn end_transaction() {
    TOUCHED_HERE.set(false);
}

/// Makes every cached plan that reads a relation be made anew, in every backend, from commit on.
pub fn invalidate_relation(relid: pg_sys::Oid) {
    // SAFETY: queues an invalidation message; an unknown oid is ignored by the receivers.
    unsafe { pg_sys::CacheInvalidateRelcacheByRelid(relid) };
}

/// The relation whose invalidation stands for all our caches.
fn beacon() -> Option<pg_sys::Oid> {
    let known = BEACON.get();
    if known != pg_sys::InvalidOid {
        return Some(known);
    }
    let relid =
        catalog::relation_oid(&Name { schema: catalog::SCHEMA.into(), relation: "column_tag".into() })?;
    BEACON.set(relid);
    Some(relid)
}

/// Relcache callback. Before the beacon is resolved ([`settle`]) nothing of ours is cached, so nothing can be stale.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn on_relcache(_arg: pg_sys::Datum, relid: pg_sys::Oid) {
    let beacon = BEACON.get();
    if beacon != pg_sys::InvalidOid && (relid == pg_sys::InvalidOid || relid == beacon) {
        GENERATION.set(GENERATION.get() + 1);
        // Plans may have been made for other masks, masked roles or grants.
        // SAFETY: only marks saved plans as invalid; it may be called from an invalidation callback, as plancache.c's
        // own callbacks do the same.
        unsafe { pg_sys::ResetPlanCache() };
    }
}

/// Syscache callback: a schema changed, perhaps ours came or went.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn on_namespace(_arg: pg_sys::Datum, _cache: std::ffi::c_int, _hash: u32) {
    catalog::forget_namespace();
    BEACON.set(pg_sys::InvalidOid);
    GENERATION.set(GENERATION.get() + 1);
}

/// Registers the callbacks of this module; called once per process.
pub fn install() {
    // SAFETY: registers static functions; the callbacks only set backend-local cells and mark plans.
    unsafe {
        pg_sys::CacheRegisterRelcacheCallback(Some(on_relcache), pg_sys::Datum::from(0));
        pg_sys::CacheRegisterSyscacheCallback(
            pg_sys::SysCacheIdentifier::NAMESPACEOID as i32,
            Some(on_namespace),
            pg_sys::Datum::from(0),
        );
    }
}

/// Resolves the beacon. Must be called before anything is loaded into a cache, and before a plan is made that depends
/// on one.
pub fn settle() {
    let _ = beacon();
}
