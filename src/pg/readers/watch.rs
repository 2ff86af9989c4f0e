//! What is watched, cached per backend: loaded when a generation begins, and anew when a watched relation itself changes,
//! since a partition more or less is watched with it.
use crate::change;
use crate::pg::catalog::Name;
use crate::pg::{cache, loading, owner};
use pgrx::pg_sys;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// How often loading is tried for one state of the declarations.
const MOST_ATTEMPTS: u32 = 3;

/// What is watched.
#[derive(Default)]
pub struct Watch {
    /// Relations whose reads count, with the watched ones they count for: themselves, or what they are a part of.
    pub relations: HashMap<pg_sys::Oid, Vec<pg_sys::Oid>>,
    /// Columns that open changes are about, of every relation that has such; zero is the whole relation.
    pub contested: HashMap<pg_sys::Oid, Vec<i16>>,
    /// Watched relations that are not noted as such.
    pub unnoted: Vec<Name>,
    /// Noted ones that are watched no more.
    pub ended: Vec<Name>,
    /// When the first level of all this ends by itself, in microseconds.
    pub ends_at: Option<i64>,
}

thread_local! {
    static WATCH: RefCell<Rc<Watch>> = RefCell::default();
    static ANY: Cell<bool> = const { Cell::new(false) };
    static LOADED_AT: Cell<u64> = const { Cell::new(0) };
    static STALE: Cell<bool> = const { Cell::new(true) };
    static ENDS_AT: Cell<i64> = const { Cell::new(i64::MAX) };
    static LOADING: Cell<bool> = const { Cell::new(false) };
    static FAILED: Cell<u32> = const { Cell::new(0) };
    static CALLBACK: Cell<bool> = const { Cell::new(false) };
    /// Relations whose change makes it stale.
    static PARTS: RefCell<HashSet<pg_sys::Oid>> = RefCell::default();
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn on_relcache(_arg: pg_sys::Datum, relid: pg_sys::Oid) {
    let watched = relid == pg_sys::InvalidOid
        || PARTS.try_with(|p| p.try_borrow().map_or(true, |p| p.contains(&relid))).unwrap_or(true);
    if watched {
        STALE.set(true);
    }
}

/// Whether anything is watched in this database: one cached test.
#[inline]
#[must_use]
pub fn any() -> bool {
    if is_stale() {
        reload();
    }
    ANY.get()
}

/// The same, so far as it is known: loads nothing.
#[inline]
#[must_use]
pub fn any_known() -> bool {
    ANY.get()
}

#[inline]
fn is_stale() -> bool {
    LOADED_AT.get() != cache::generation() || STALE.get() || has_ended()
}

#[inline]
fn has_ended() -> bool {
    // SAFETY: reads the clock.
    ENDS_AT.get() != i64::MAX && unsafe { pg_sys::GetCurrentTimestamp() } >= ENDS_AT.get()
}

/// What is watched, as last loaded.
#[must_use]
pub fn current() -> Rc<Watch> {
    WATCH.with_borrow(Clone::clone)
}

/// A (sub)transaction was rolled back, and perhaps what was loaded in it.
pub fn forget_rolled_back() {
    if CALLBACK.get() {
        STALE.set(true);
    }
}

#[cold]
fn reload() {
    // SAFETY: plain reads of the transaction state.
    let cannot_read = unsafe { !pg_sys::IsTransactionState() || pg_sys::ParallelWorkerNumber >= 0 };
    if cannot_read || LOADING.get() || owner::is_acting() || loading::creating_extension() {
        return;
    }
    /// Ends the attempt. One that failed is made again, but not for ever: a hook that fails on its own would keep
    /// everybody from doing anything.
    struct Attempt(bool);
    impl Drop for Attempt {
        fn drop(&mut self) {
            LOADING.set(false);
            FAILED.set(if self.0 { 0 } else { FAILED.get() + 1 });
            if !self.0 && FAILED.get() < MOST_ATTEMPTS {
                STALE.set(true);
            }
        }
    }
    LOADING.set(true);
    let mut attempt = Attempt(false);
    cache::settle();
    let generation = cache::generation();
    // What changes meanwhile makes it stale again.
    STALE.set(false);
    LOADED_AT.set(generation);
    ENDS_AT.set(i64::MAX);
    // A library that is newer or older than the objects may ask for what is not there; whoever mends that has to get in.
    let watch = if loading::other_version().is_none() { change::ledger::watch() } else { Watch::default() };
    if !watch.relations.is_empty() {
        if !CALLBACK.replace(true) {
            // SAFETY: registers a static function, once per process, that only touches backend-local state.
            unsafe { pg_sys::CacheRegisterRelcacheCallback(Some(on_relcache), pg_sys::Datum::from(0)) };
        }
        super::hooks::install();
    }
    PARTS.set(watch.relations.keys().copied().collect());
    ANY.set(!watch.relations.is_empty());
    ENDS_AT.set(watch.ends_at.unwrap_or(i64::MAX));
    WATCH.set(Rc::new(watch));
    super::lock::renew();
    attempt.0 = true;
}
