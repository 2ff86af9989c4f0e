//! The background processes of mode preloaded. A launcher waits for refusals and receipts; for every database that has some
//! it starts a writer, which connects, writes the rows and ends: where nothing waits, nothing is connected to.
use super::{catalog, receipts, refusals};
use pgrx::bgworkers::{BackgroundWorker, BackgroundWorkerBuilder, BgWorkerStartTime, SignalWakeFlags};
use pgrx::{pg_guard, pg_sys};
use std::collections::HashMap;
use std::ffi::c_int;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

/// Name of both kinds of process in `pg_stat_activity.backend_type`.
const LAUNCHER: &str = "data_governance launcher";
const WRITER: &str = "data_governance writer";

/// Between two writers, so that a client that is refused in a loop does not make the server start processes in one.
const PAUSE: Duration = Duration::from_millis(250);
/// After so many writers of a database have failed, waiting twice as long each time, what waits is counted as lost.
const TRIES: u32 = 8;

/// Registers the launcher; called by the postmaster as it loads the library. It starts when recovery has finished: on a
/// standby nothing can be written, and nothing is refused.
pub fn register() {
    BackgroundWorkerBuilder::new(LAUNCHER)
        .set_library(super::EXTENSION)
        .set_function("data_governance_launcher")
        .enable_spi_access()
        .set_start_time(BgWorkerStartTime::RecoveryFinished)
        .set_restart_time(Some(Duration::from_secs(5)))
        .load();
}

unsafe extern "C-unwind" {
    /// The server's own handler of SIGTERM in sessions: pgrx's binding of the same name is no handler but a call.
    fn die(signal: c_int);
}

/// Lets SIGTERM end this process as it ends a session. Before signals are let through.
pub fn die_on_sigterm() {
    // SAFETY: this process has just begun; `die` is what sessions have.
    unsafe {
        #[cfg(not(feature = "pg18"))]
        pg_sys::pqsignal(pg_sys::SIGTERM as i32, Some(die));
        #[cfg(feature = "pg18")]
        pg_sys::pqsignal_be(pg_sys::SIGTERM as i32, Some(die));
    }
}

/// A database whose writer has failed.
struct Trouble {
    times: u32,
    again: Instant,
}

/// Main function of the launcher.
#[pg_guard]
#[unsafe(no_mangle)]
pub extern "C-unwind" fn data_governance_launcher(_arg: pg_sys::Datum) {
    // SIGINT (pg_cancel_backend) does no more than wake it.
    BackgroundWorker::attach_signal_handlers(
        SignalWakeFlags::SIGHUP | SignalWakeFlags::SIGTERM | SignalWakeFlags::SIGINT,
    );
    // No database: shared catalogs only.
    BackgroundWorker::connect_worker_to_spi(None, None);
    refusals::wake_me();
    let mut troubles = HashMap::new();
    let mut wait = Duration::from_millis(1);
    while BackgroundWorker::wait_latch(Some(wait)) {
        if BackgroundWorker::sighup_received() {
            // SAFETY: outside of any transaction, as in the main loop of every process of the server.
            unsafe { pg_sys::ProcessConfigFile(pg_sys::GucContext::PGC_SIGHUP) };
        }
        // The kill switch is the way out of whatever goes wrong here: what waits goes on waiting.
        if crate::settings::ENABLED.get() && serve(&mut troubles) {
            // SAFETY: sleeps, less when a signal comes; what sets the latch meanwhile is seen at the next round.
            unsafe { pg_sys::pg_usleep(PAUSE.as_micros() as _) };
            wait = Duration::from_millis(1);
            continue;
        }
        let idle = databases().is_empty();
        wait = Duration::from_secs(if idle { 60 } else { 1 });
    }
    refusals::wake_nobody();
    let (waiting, _) = refusals::with(|ring| ring.waiting()).unwrap_or_default();
    if waiting > 0 {
        crate::error::guard::refusals_unwritten(waiting as u64).log();
    }
    // SAFETY: ends this process. Not with 0, which would mean that it is not to be started again.
    unsafe { pg_sys::proc_exit(1) };
}

/// Serves every database that has something to write and no trouble; returns whether there was one.
fn serve(troubles: &mut HashMap<u32, Trouble>) -> bool {
    let uncounted = refusals::with(|ring| ring.take_uncounted()).unwrap_or_default();
    if uncounted > 0 {
        crate::error::guard::refusals_unwritten(uncounted).log();
    }
    let databases = databases();
    troubles.retain(|database, _| databases.contains(database));
    let due: Vec<u32> = databases
        .into_iter()
        .filter(|database| troubles.get(database).is_none_or(|t| t.again <= Instant::now()))
        .collect();
    let mut served = false;
    for database in due {
        if !BackgroundWorker::transaction(AssertUnwindSafe(|| exists(database))) {
            forget(database);
            continue;
        }
        if write(database) {
            troubles.remove(&database);
            served = true;
            continue;
        }
        let trouble = troubles.entry(database).or_insert(Trouble { times: 0, again: Instant::now() });
        trouble.times = (trouble.times + 1).min(TRIES);
        trouble.again = Instant::now() + Duration::from_secs(1 << (trouble.times - 1));
        if trouble.times == TRIES {
            refusals::with(|ring| ring.give_up(database));
            receipts::with(|ring| ring.give_up(database));
        }
    }
    served
}

/// Databases for which something waits.
fn databases() -> Vec<u32> {
    let mut all = refusals::with(|ring| ring.databases()).unwrap_or_default();
    all.extend(receipts::with(|ring| ring.databases()).unwrap_or_default());
    all.sort_unstable();
    all.dedup();
    all
}

fn forget(database: u32) {
    refusals::with(|ring| ring.forget(database));
    receipts::with(|ring| ring.forget(database));
}

/// What waits for a database first, and what it has lost: where that stays the same, nothing was written.
fn waiting(database: u32) -> impl PartialEq {
    let refused = refusals::with(|ring| (ring.next(database, 0).map(|e| e.order), ring.loss(database)));
    (refused, receipts::with(|ring| (ring.first(database), ring.lost(database))))
}

/// Lets a writer write what waits for a database; returns whether it did.
fn write(database: u32) -> bool {
    // SAFETY: plain read of this process's number.
    let me = unsafe { pg_sys::MyProcPid };
    let before = waiting(database);
    let writer = BackgroundWorkerBuilder::new(WRITER)
        .set_library(super::EXTENSION)
        .set_function("data_governance_writer")
        .enable_spi_access()
        .set_argument(Some(pg_sys::Datum::from(database)))
        .set_notify_pid(me)
        .load_dynamic();
    // Without a free place it is tried again like after any failure.
    let Ok(writer) = writer else {
        crate::error::guard::no_writer().log();
        return false;
    };
    if writer.wait_for_shutdown().is_err() {
        return false;
    }
    waiting(database) != before
}

/// Main function of a writer; its argument is the database's oid.
#[pg_guard]
#[unsafe(no_mangle)]
pub extern "C-unwind" fn data_governance_writer(database: pg_sys::Datum) {
    let database = database.value() as u32;
    die_on_sigterm();
    // SAFETY: this process has just begun; the settings are of the types they take.
    unsafe {
        pg_sys::BackgroundWorkerUnblockSignals();
        pg_sys::BackgroundWorkerInitializeConnectionByOid(
            pg_sys::Oid::from(database),
            pg_sys::InvalidOid,
            pg_sys::BGWORKER_BYPASS_ALLOWCONN,
        );
        // The database's own settings may forbid to write, or make it wait for a standby or for a lock that somebody
        // keeps, and the others' refusals wait behind.
        for (name, value) in [
            (c"default_transaction_read_only", c"off"),
            (c"default_transaction_isolation", c"read committed"),
            (c"synchronous_commit", c"local"),
            (c"lock_timeout", c"500ms"),
        ] {
            pg_sys::SetConfigOption(
                name.as_ptr(),
                value.as_ptr(),
                pg_sys::GucContext::PGC_SUSET,
                pg_sys::GucSource::PGC_S_OVERRIDE,
            );
        }
        pg_sys::pgstat_report_activity(
            pg_sys::BackendState::STATE_RUNNING,
            c"writing refusals and receipts".as_ptr(),
        );
    }
    // What comes meanwhile is for the next one: others wait for their turn.
    let written = BackgroundWorker::transaction(AssertUnwindSafe(|| {
        catalog::is_present()
            .then(|| (crate::guard::write_refusals(database), crate::privacy::write_receipts(database)))
    }));
    match written {
        Some(((last, loss), (receipt, lost))) => {
            refusals::with(|ring| ring.written(database, last, loss));
            receipts::with(|ring| ring.written(database, receipt, lost));
        }
        None => forget(database), // the extension has gone
    };
}

/// Whether there is a database of this oid.
fn exists(database: u32) -> bool {
    // SAFETY: inside a transaction; the result is palloc'd or NULL.
    !unsafe { pg_sys::get_database_name(pg_sys::Oid::from(database)) }.is_null()
}
