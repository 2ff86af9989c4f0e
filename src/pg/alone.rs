//! A process for one step of a change: a statement that cannot run in a transaction block, or a copy.
//!
//! It is a dynamic background worker, which every mode has. It connects as superuser, since the table's owner need not be
//! allowed to log in, and becomes the owner for good before anything of the owner's runs.
use super::worker::die_on_sigterm;
use super::{list::items, roles};
use pgrx::bgworkers::{
    BackgroundWorker, BackgroundWorkerBuilder, BackgroundWorkerStatus, DynamicBackgroundWorker,
};
use pgrx::memcxt::PgMemoryContexts;
use pgrx::pg_sys::panic::CaughtError;
use pgrx::{PgTryBuilder, pg_guard, pg_sys};
use std::ffi::{CStr, CString};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

/// Name of the process in `pg_stat_activity.backend_type`.
const NAME: &str = "data_governance change";

/// A process that was started by this session.
pub struct Process(DynamicBackgroundWorker);

impl Process {
    /// Whether it has ended, or could not begin.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        matches!(self.0.pid(), Err(BackgroundWorkerStatus::Stopped | BackgroundWorkerStatus::PostmasterDied))
    }
}

/// Starts the process of a step; None where the server has no place for one.
#[must_use]
pub fn start(change: i64, step: i32) -> Option<Process> {
    // SAFETY: plain reads of this process's number and database.
    let (me, database) = unsafe { (pg_sys::MyProcPid, pg_sys::MyDatabaseId) };
    let builder = BackgroundWorkerBuilder::new(NAME)
        .set_type(NAME)
        .set_library(super::EXTENSION)
        .set_function("data_governance_alone")
        .enable_spi_access()
        .set_argument(Some(pg_sys::Datum::from(database)))
        .set_extra(&format!("{change} {step}"))
        .set_notify_pid(me);
    // SAFETY: the handle is asked in later transactions of the session.
    let started = unsafe { PgMemoryContexts::TopMemoryContext.switch_to(|_| builder.load_dynamic()) };
    started.ok().map(Process)
}

/// Sleeps, less when something happens; raises when the session is cancelled.
pub fn rest(time: Duration) {
    // SAFETY: the session's own latch; what set it is looked at by whoever waits for it next.
    unsafe {
        let events = pg_sys::WL_LATCH_SET | pg_sys::WL_TIMEOUT | pg_sys::WL_EXIT_ON_PM_DEATH;
        pg_sys::WaitLatch(pg_sys::MyLatch, events as i32, time.as_millis() as _, pg_sys::PG_WAIT_EXTENSION);
        pg_sys::ResetLatch(pg_sys::MyLatch);
    }
    pgrx::check_for_interrupts!();
}

/// Main function of the process; its argument is the database's oid.
#[pg_guard]
#[unsafe(no_mangle)]
pub extern "C-unwind" fn data_governance_alone(database: pg_sys::Datum) {
    die_on_sigterm();
    // SAFETY: this process has just begun; the settings are of the types they take.
    unsafe {
        pg_sys::BackgroundWorkerUnblockSignals();
        pg_sys::BackgroundWorkerInitializeConnectionByOid(
            pg_sys::Oid::from(database.value() as u32),
            pg_sys::InvalidOid,
            pg_sys::BGWORKER_BYPASS_ALLOWCONN,
        );
    }
    // No lock_timeout: it would end the wait for transactions that are older than the index, and the lock that is held
    // meanwhile keeps nobody from reading or writing.
    for (name, value) in [
        (c"search_path", c"pg_catalog, pg_temp"),
        (c"default_transaction_read_only", c"off"),
        (c"default_transaction_isolation", c"read committed"),
        (c"statement_timeout", c"0"),
        (c"lock_timeout", c"0"),
        (c"row_security", c"off"),
    ] {
        set(name, value);
    }
    let mut numbers = BackgroundWorker::get_extra().split(' ');
    let change = numbers.next().and_then(|n| n.parse().ok());
    let step = numbers.next().and_then(|n| n.parse().ok());
    if let (Some(change), Some(step)) = (change, step) {
        crate::change::work_alone(change, step);
    }
}

fn set(name: &CStr, value: &CStr) {
    // SAFETY: valid C strings; a setting of this process.
    unsafe {
        pg_sys::SetConfigOption(
            name.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_SUSET,
            pg_sys::GucSource::PGC_S_OVERRIDE,
        );
    }
}

/// Makes this process that of a role until it ends. Must run inside a transaction.
pub fn become_role(role: pg_sys::Oid) {
    let name = CString::new(roles::name(role)).unwrap_or_default();
    set(c"session_authorization", &name);
    // Code of the owner's must not find its way back: as a setting of the server's own it can no longer be set.
    // SAFETY: settings are defined once and never move; session_authorization is always among them.
    unsafe {
        let mut at = pg_sys::get_guc_variables();
        while CStr::from_ptr((**at).name) != c"session_authorization" {
            at = at.add(1);
        }
        (**at).context = pg_sys::GucContext::PGC_INTERNAL;
    }
}

/// Runs `f` in a transaction of this process; what it raises is undone and returned.
pub fn transaction<R>(f: impl FnOnce() -> R) -> Result<R, Box<CaughtError>> {
    PgTryBuilder::new(AssertUnwindSafe(|| {
        // SAFETY: outside of any transaction, as in the main loop of a session.
        unsafe {
            pg_sys::SetCurrentStatementStartTimestamp();
            pg_sys::StartTransactionCommand();
        }
        let result = f();
        // SAFETY: ends what was begun, or what a statement has begun since.
        unsafe { pg_sys::CommitTransactionCommand() };
        Ok(result)
    }))
    .catch_others(|caught| {
        // SAFETY: the error has been copied out of the server's stack.
        unsafe { pg_sys::AbortCurrentTransaction() };
        Err(Box::new(caught))
    })
    .execute()
}

/// Shows in `pg_stat_activity` what this process does.
pub fn say(what: &str) {
    let Ok(text) = CString::new(what) else { return };
    // SAFETY: a valid C string, which is copied.
    unsafe { pg_sys::pgstat_report_activity(pg_sys::BackendState::STATE_RUNNING, text.as_ptr()) };
}

/// Runs a statement as one that a client has sent by itself, through a portal as the server does it: the statement ends
/// the transaction it finds and begins others. Must be the only thing in its transaction.
pub fn execute(sql: &str) {
    let Ok(text) = CString::new(sql) else { return };
    // SAFETY: inside a transaction; trees and text live in a context that no transaction's end empties, and the text
    // outlives the portal.
    unsafe {
        say(sql);
        let context = pg_sys::AllocSetContextCreateInternal(
            pg_sys::TopMemoryContext,
            c"data_governance statement".as_ptr(),
            pg_sys::ALLOCSET_DEFAULT_MINSIZE as usize,
            pg_sys::ALLOCSET_DEFAULT_INITSIZE as usize,
            pg_sys::ALLOCSET_DEFAULT_MAXSIZE as usize,
        );
        pg_sys::MemoryContextSwitchTo(context);
        for raw in items::<pg_sys::RawStmt>(pg_sys::pg_parse_query(text.as_ptr())) {
            let tag = pg_sys::CreateCommandTag((*raw).stmt);
            pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
            let none = std::ptr::null_mut();
            let queries =
                pg_sys::pg_analyze_and_rewrite_fixedparams(raw, text.as_ptr(), std::ptr::null(), 0, none);
            let plans = pg_sys::pg_plan_queries(queries, text.as_ptr(), 0, std::ptr::null_mut());
            pg_sys::PopActiveSnapshot();
            let portal = pg_sys::CreatePortal(c"".as_ptr(), true, true);
            (*portal).visible = false;
            let nothing = std::ptr::null_mut();
            pg_sys::PortalDefineQuery(portal, std::ptr::null(), text.as_ptr(), tag, plans, nothing);
            pg_sys::PortalStart(portal, std::ptr::null_mut(), 0, std::ptr::null_mut());
            let receiver = pg_sys::None_Receiver;
            let done = std::ptr::null_mut();
            pg_sys::PortalRun(portal, std::ffi::c_long::MAX, true, true, receiver, receiver, done);
            pg_sys::PortalDrop(portal, false);
        }
    }
}
