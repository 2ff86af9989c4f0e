//! Transactions: ids, and what must be forgotten at their end.
use super::object::Address;
use super::object::catalogs::PG_CLASS;
use pgrx::pg_sys::panic::CaughtError;
use pgrx::{PgTryBuilder, pg_sys};
use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::panic::AssertUnwindSafe;

/// An object made by the running transaction, with the subtransaction that made it.
struct Created {
    /// The catalog it is in.
    class: pg_sys::Oid,
    relid: pg_sys::Oid,
    /// Number of the column, None for the relation itself. Not its name: that may be another column's by now.
    column: Option<i16>,
    sub: pg_sys::SubTransactionId,
}

thread_local! {
    static CREATED: RefCell<Vec<Created>> = const { RefCell::new(Vec::new()) };
    /// Whether what the transaction made counts as there before.
    static AS_IF_OLD: Cell<bool> = const { Cell::new(false) };
}

/// The top-level transaction id if one was assigned, as `pg_current_xact_id_if_assigned()`.
#[must_use]
pub fn id_if_assigned() -> Option<u64> {
    let xid = super::plain::transaction_id();
    // The low half is the 32-bit id; zero means that none was assigned.
    (xid as u32 != 0).then_some(xid)
}

/// A subtransaction of ours, ended on every way out: the server would take one that is left over for a savepoint of the
/// user's. Memory context and resource owner are those of before afterwards, as after PL/pgSQL's exception blocks.
struct Sub {
    context: pg_sys::MemoryContext,
    owner: pg_sys::ResourceOwner,
}

impl Sub {
    fn begin() -> Self {
        // SAFETY: inside a transaction; both are put back when it ends.
        unsafe {
            let sub = Sub { context: pg_sys::CurrentMemoryContext, owner: pg_sys::CurrentResourceOwner };
            pg_sys::BeginInternalSubTransaction(std::ptr::null());
            pg_sys::MemoryContextSwitchTo(sub.context);
            sub
        }
    }

    fn end(&self, how: unsafe fn()) {
        // SAFETY: ends the subtransaction begun above, which is the current one again: what was nested in it has ended.
        unsafe {
            pg_sys::MemoryContextSwitchTo(self.context);
            how();
            pg_sys::MemoryContextSwitchTo(self.context);
            pg_sys::CurrentResourceOwner = self.owner;
        }
    }
}

/// What was raised.
pub struct Raised {
    /// SQLSTATE.
    pub code: pgrx::PgSqlErrorCode,
    /// Message.
    pub message: String,
    /// DETAIL.
    pub detail: Option<String>,
}

/// Runs `f` and takes back what it wrote: a rehearsal. Must be called outside of SPI.
pub fn rehearse<R>(f: impl FnOnce() -> R) -> R {
    let sub = Sub::begin();
    let take_back = || sub.end(pg_sys::RollbackAndReleaseCurrentSubTransaction);
    let result = PgTryBuilder::new(AssertUnwindSafe(f))
        .catch_others(|caught| {
            take_back();
            caught.rethrow()
        })
        .execute();
    take_back();
    result
}

/// Runs `f` in a subtransaction of its own; whatever it raises is undone with everything it did, and None is returned.
/// Cancellation and shutdown are passed on.
pub fn apart<R>(f: impl FnOnce() -> R) -> Option<R> {
    tried(f).ok()
}

/// The same with the code of what was raised, and that a lock cannot be had is passed on too: not to know is not to know of
/// nothing.
pub fn analysed<R>(f: impl FnOnce() -> R) -> Result<R, pgrx::PgSqlErrorCode> {
    use pgrx::PgSqlErrorCode::ERRCODE_LOCK_NOT_AVAILABLE;
    tried_but(f, |code| code == ERRCODE_LOCK_NOT_AVAILABLE).map_err(|raised| raised.code)
}

/// The same for what is asked of the catalogs only.
pub fn apart_unless_locked<R>(f: impl FnOnce() -> R) -> Option<R> {
    analysed(f).ok()
}

/// The same as [`apart`], with the message of what was raised.
pub fn tried<R>(f: impl FnOnce() -> R) -> Result<R, String> {
    tried_but(f, |_| false).map_err(|raised| raised.message)
}

/// The same for what rows may violate; anything else that is raised is passed on.
pub fn unless_violated<R>(f: impl FnOnce() -> R) -> Result<R, Raised> {
    use pgrx::PgSqlErrorCode::{ERRCODE_CHECK_VIOLATION, ERRCODE_FOREIGN_KEY_VIOLATION};
    tried_but(f, |code| code != ERRCODE_CHECK_VIOLATION && code != ERRCODE_FOREIGN_KEY_VIOLATION)
}

fn tried_but<R>(f: impl FnOnce() -> R, passed_on: fn(pgrx::PgSqlErrorCode) -> bool) -> Result<R, Raised> {
    use pgrx::PgSqlErrorCode::{ERRCODE_ADMIN_SHUTDOWN, ERRCODE_QUERY_CANCELED};
    let sub = Sub::begin();
    PgTryBuilder::new(AssertUnwindSafe(|| {
        let result = f();
        sub.end(pg_sys::ReleaseCurrentSubTransaction);
        Ok(result)
    }))
    .catch_others(|cause| {
        sub.end(pg_sys::RollbackAndReleaseCurrentSubTransaction);
        let raised = match &cause {
            CaughtError::PostgresError(report)
            | CaughtError::ErrorReport(report)
            | CaughtError::RustPanic { ereport: report, .. } => Raised {
                code: report.sql_error_code(),
                message: report.message().to_string(),
                detail: report.detail().map(String::from),
            },
        };
        let code = raised.code;
        if code == ERRCODE_QUERY_CANCELED || code == ERRCODE_ADMIN_SHUTDOWN || passed_on(code) {
            cause.rethrow();
        }
        Err(raised)
    })
    .execute()
}

/// Whether the session is inside BEGIN … COMMIT or a subtransaction: where a procedure cannot commit.
#[must_use]
pub fn in_block() -> bool {
    // SAFETY: plain reads of the transaction state.
    unsafe { pg_sys::IsTransactionBlock() || pg_sys::IsSubTransaction() }
}

/// Runs `f` as if everything that the running transaction has made had been there before it.
pub fn as_if_old<R>(f: impl FnOnce() -> R) -> R {
    struct End(bool);
    impl Drop for End {
        fn drop(&mut self) {
            AS_IF_OLD.set(self.0);
        }
    }
    let _end = End(AS_IF_OLD.replace(true));
    f()
}

/// Whether a self-test runs: see [`as_if_old`].
#[must_use]
pub fn is_as_if_old() -> bool {
    AS_IF_OLD.get()
}

/// Whether the running transaction made this relation (`rd_createSubid`; 0 is InvalidSubTransactionId).
#[must_use]
pub fn is_made_here(relid: pg_sys::Oid) -> bool {
    !AS_IF_OLD.get() && super::catalog::is_created_in_transaction(relid)
}

/// The running subtransaction.
#[must_use]
pub fn subtransaction() -> pg_sys::SubTransactionId {
    // SAFETY: plain read of the transaction state.
    unsafe { pg_sys::GetCurrentSubTransactionId() }
}

/// Remembers that the running transaction made a relation, or added a column to one.
pub fn note_created(relid: pg_sys::Oid, column: Option<i16>) {
    // SAFETY: plain read of the transaction state.
    let sub = unsafe { pg_sys::GetCurrentSubTransactionId() };
    CREATED.with_borrow_mut(|list| list.push(Created { class: PG_CLASS, relid, column, sub }));
}

/// Whether the running transaction itself made this relation, or this column of it. Losing such an object loses
/// nothing that anybody else ever saw.
#[must_use]
pub fn is_created_here(relid: pg_sys::Oid, column: Option<i16>) -> bool {
    if AS_IF_OLD.get() {
        return false;
    }
    CREATED.with_borrow(|list| {
        list.iter()
            .any(|c| c.class == PG_CLASS && c.relid == relid && (c.column.is_none() || c.column == column))
    })
}

/// Remembers that the running transaction made an object that is no relation.
pub fn note_object_created(object: Address) {
    // SAFETY: plain read of the transaction state.
    let sub = unsafe { pg_sys::GetCurrentSubTransactionId() };
    CREATED.with_borrow_mut(|list| {
        list.push(Created { class: object.class, relid: object.id, column: None, sub });
    });
}

/// Whether the running transaction itself made an object, or the relation that it is a part of.
#[must_use]
pub fn is_object_created_here(object: Address) -> bool {
    !AS_IF_OLD.get()
        && CREATED.with_borrow(|list| list.iter().any(|c| c.class == object.class && c.relid == object.id))
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn on_xact(event: pg_sys::XactEvent::Type, _arg: *mut c_void) {
    use pg_sys::XactEvent::*;
    if matches!(event, XACT_EVENT_PRE_COMMIT | XACT_EVENT_PRE_PREPARE) {
        crate::guard::later::flush();
    }
    if matches!(event, XACT_EVENT_PRE_COMMIT | XACT_EVENT_PRE_PREPARE) {
        super::mask::sent::before_commit();
        crate::privacy::receipts_before_commit();
    }
    if event == XACT_EVENT_PRE_COMMIT {
        super::mask::before_commit();
        super::readers::flush::before_commit();
    }
    if matches!(event, XACT_EVENT_COMMIT | XACT_EVENT_ABORT | XACT_EVENT_PREPARE) {
        // Nothing here may raise: an error in a commit or abort callback restarts the cluster.
        let _ = CREATED.try_with(|list| list.try_borrow_mut().map(|mut list| list.clear()));
        crate::registry::proposal::forget_guesses();
        crate::guard::forget_events(None);
        super::readers::transaction_ended(event == XACT_EVENT_COMMIT);
        super::mask::export_aborted(None);
        if event == XACT_EVENT_ABORT {
            super::mask::sent::utility_aborted(None);
        }
        super::mask::sent::aborted();
        crate::privacy::receipts_transaction_ended(event != XACT_EVENT_ABORT);
        if event != XACT_EVENT_ABORT {
            super::cache::end_transaction();
        }
    }
    if event == XACT_EVENT_COMMIT {
        super::mask::keep();
    }
    if matches!(event, XACT_EVENT_ABORT | XACT_EVENT_PREPARE) {
        // What a prepared transaction did is not visible yet.
        super::mask::forget_rolled_back(None);
    }
    if event == XACT_EVENT_ABORT {
        super::cache::forget_rolled_back();
        super::readers::watch::forget_rolled_back();
        super::mask::frame_aborted();
        super::ddl_hook::forget(None);
        crate::guard::later::forget(None);
        crate::guard::forget_events(None);
        crate::audit::forget_rolled_back();
        crate::boundary::forget_rolled_back();
        super::cache::end_transaction();
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn on_subxact(
    event: pg_sys::SubXactEvent::Type,
    my: pg_sys::SubTransactionId,
    parent: pg_sys::SubTransactionId,
    _arg: *mut c_void,
) {
    use pg_sys::SubXactEvent::*;
    if event == SUBXACT_EVENT_ABORT_SUB {
        super::cache::forget_rolled_back();
        super::mask::export_aborted(Some(my));
        super::mask::sent::utility_aborted(Some(my));
        crate::privacy::receipts_rolled_back(my);
        super::mask::forget_rolled_back(Some(my));
        super::mask::frame_aborted();
        super::ddl_hook::forget(Some(my));
        crate::guard::later::forget(Some(my));
        crate::guard::forget_events(Some(my));
        crate::audit::forget_rolled_back();
        crate::boundary::forget_rolled_back();
        crate::registry::proposal::forget_guesses();
    }
    let _ = CREATED.try_with(|list| {
        list.try_borrow_mut().map(|mut list| match event {
            SUBXACT_EVENT_ABORT_SUB => list.retain(|c| c.sub != my),
            SUBXACT_EVENT_COMMIT_SUB => {
                list.iter_mut().filter(|c| c.sub == my).for_each(|c| c.sub = parent);
            }
            _ => {}
        })
    });
}

/// Registers the callbacks; called once per process.
pub fn install() {
    // SAFETY: registers static functions that only touch backend-local state.
    unsafe {
        pg_sys::RegisterXactCallback(Some(on_xact), std::ptr::null_mut());
        pg_sys::RegisterSubXactCallback(Some(on_subxact), std::ptr::null_mut());
    }
}
