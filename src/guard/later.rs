//! What is written about statements that must come first in their transaction: LOCK TABLE and SET before its snapshot, DROP
//! INDEX CONCURRENTLY before its number. A row about them would take both, so it is written when the transaction commits.
use crate::pg::xact;
use pgrx::pg_sys;
use std::cell::{Cell, RefCell};

type Write = Box<dyn FnOnce()>;

thread_local! {
    static POSTPONING: Cell<bool> = const { Cell::new(false) };
    /// What waits, with the subtransaction it belongs to.
    static QUEUE: RefCell<Vec<(pg_sys::SubTransactionId, Write)>> = const { RefCell::new(Vec::new()) };
}

/// Runs `f`; what it writes waits where `postpones`.
pub fn within<R>(postpones: bool, f: impl FnOnce() -> R) -> R {
    struct End(bool);
    impl Drop for End {
        fn drop(&mut self) {
            POSTPONING.set(self.0);
        }
    }
    let _end = End(POSTPONING.replace(postpones));
    f()
}

/// Whether what is written now waits.
#[must_use]
pub fn is_postponing() -> bool {
    POSTPONING.get()
}

/// Writes now, after what waits, or when the transaction commits.
pub fn write(f: impl FnOnce() + 'static) {
    if POSTPONING.get() {
        QUEUE.with_borrow_mut(|q| q.push((xact::subtransaction(), Box::new(f))));
        return;
    }
    flush();
    f();
}

/// Writes what waits. Called before the transaction commits or is prepared.
pub fn flush() {
    for (_, write) in QUEUE.take() {
        write();
    }
}

/// Forgets what an aborted subtransaction has left, or everything. Must not raise.
pub fn forget(aborted: Option<pg_sys::SubTransactionId>) {
    if aborted.is_none() {
        let _ = POSTPONING.try_with(|p| p.set(false));
    }
    let _ = QUEUE.try_with(|q| {
        q.try_borrow_mut().map(|mut queue| match aborted {
            Some(sub) => queue.retain(|(of, _)| *of < sub),
            None => queue.clear(),
        })
    });
}
