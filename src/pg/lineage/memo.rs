//! What a session has recorded already, and doing something that must not harm the caller's transaction.
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

/// Runs `f` in a subtransaction of its own; whatever it raises is undone with everything it did, and None is returned.
/// Cancellation and shutdown are passed on.
pub fn apart<R>(f: impl FnOnce() -> R + std::panic::UnwindSafe) -> Option<R> {
    use pgrx::PgSqlErrorCode::{ERRCODE_ADMIN_SHUTDOWN, ERRCODE_QUERY_CANCELED};
    // SAFETY: the pattern of PL/pgSQL's EXCEPTION: memory context and resource owner are those of before afterwards,
    // on both ways out.
    unsafe {
        let (context, owner) = (pg_sys::CurrentMemoryContext, pg_sys::CurrentResourceOwner);
        pg_sys::BeginInternalSubTransaction(std::ptr::null());
        pg_sys::MemoryContextSwitchTo(context);
        pgrx::PgTryBuilder::new(|| {
            let result = f();
            pg_sys::ReleaseCurrentSubTransaction();
            pg_sys::MemoryContextSwitchTo(context);
            pg_sys::CurrentResourceOwner = owner;
            Some(result)
        })
        .catch_others(|cause| {
            pg_sys::MemoryContextSwitchTo(context);
            pg_sys::RollbackAndReleaseCurrentSubTransaction();
            pg_sys::MemoryContextSwitchTo(context);
            pg_sys::CurrentResourceOwner = owner;
            let code = match &cause {
                pg_sys::panic::CaughtError::PostgresError(report)
                | pg_sys::panic::CaughtError::ErrorReport(report)
                | pg_sys::panic::CaughtError::RustPanic { ereport: report, .. } => report.sql_error_code(),
            };
            if code == ERRCODE_QUERY_CANCELED || code == ERRCODE_ADMIN_SHUTDOWN {
                cause.rethrow();
            }
            None
        })
        .execute()
    }
}
