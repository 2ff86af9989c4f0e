//! What a session has recorded already.
use pgrx::pg_sys;
use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::c_void;

/// Beyond this many statements a session starts over.
const CAPACITY: usize = 10_000;

thread_local! {
    static MEMO: RefCell<Memo> = RefCell::new(Memo::default());
}

#[derive(Default)]
struct Memo {
    installed: bool,
    generation: u64,
    /// The subtransaction that recorded it; None once its transaction has committed.
    known: HashMap<u64, Option<pg_sys::SubTransactionId>>,
}

/// Whether this was recorded, by a transaction that committed or by the running one.
#[must_use]
pub fn knows(key: u64) -> bool {
    let generation = crate::pg::cache::generation();
    MEMO.with_borrow_mut(|memo| {
        if memo.generation != generation {
            memo.generation = generation;
            memo.known.clear();
        }
        memo.known.contains_key(&key)
    })
}

/// Remembers that the running (sub)transaction has recorded this.
pub fn remember(key: u64) {
    // SAFETY: plain read of the transaction state; the callbacks are registered once and only touch the memo.
    unsafe {
        let sub = pg_sys::GetCurrentSubTransactionId();
        MEMO.with_borrow_mut(|memo| {
            if !memo.installed {
                pg_sys::RegisterXactCallback(Some(on_xact), std::ptr::null_mut());
                pg_sys::RegisterSubXactCallback(Some(on_subxact), std::ptr::null_mut());
                memo.installed = true;
            }
            if memo.known.len() >= CAPACITY {
                memo.known.clear();
            }
            memo.known.insert(key, Some(sub));
        });
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn on_xact(event: pg_sys::XactEvent::Type, _arg: *mut c_void) {
    use pg_sys::XactEvent::*;
    // Nothing here may raise. A prepared transaction may still roll back: what it recorded is forgotten.
    let _ = MEMO.try_with(|memo| {
        memo.try_borrow_mut().map(|mut memo| match event {
            XACT_EVENT_COMMIT => memo.known.values_mut().for_each(|sub| *sub = None),
            XACT_EVENT_ABORT | XACT_EVENT_PREPARE => memo.known.retain(|_, sub| sub.is_none()),
            _ => {}
        })
    });
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn on_subxact(
    event: pg_sys::SubXactEvent::Type,
    my: pg_sys::SubTransactionId,
    parent: pg_sys::SubTransactionId,
    _arg: *mut c_void,
) {
    use pg_sys::SubXactEvent::*;
    let _ = MEMO.try_with(|memo| {
        memo.try_borrow_mut().map(|mut memo| match event {
            SUBXACT_EVENT_ABORT_SUB => memo.known.retain(|_, sub| *sub != Some(my)),
            SUBXACT_EVENT_COMMIT_SUB => {
                memo.known.values_mut().filter(|sub| **sub == Some(my)).for_each(|sub| *sub = Some(parent));
            }
            _ => {}
        })
    });
}
