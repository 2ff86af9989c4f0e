//! Steps that a process of its own works on, while whoever advances the change waits without a snapshot: statements that
//! cannot run in a transaction block, in every mode, and the copy and its comparison where the library is preloaded, so
//! that they go on when the client has gone.
//!
//! Who works on a change holds the lock of its number, so there is one process at most, and everybody sees whether
//! it still lives. How it ended is kept in the step.
use super::acting::as_change;
use super::run::{self, Outcome, bound_lock_wait};
use super::store::{self, Change, Stored};
use super::{part_index, throttle};
use crate::core::change::State;
use crate::core::change::step::{Action, Phase};
use crate::error;
use crate::pg::alone::{self, Process};
use crate::pg::catalog::{self, Name};
use crate::pg::loading::{self, Mode};
use crate::pg::turn::Turn;
use crate::pg::{owner, relation, spi};
use pgrx::pg_sys;
use pgrx::pg_sys::panic::{CaughtError, ErrorReportWithLevel};
use serde_json::json;
use std::cell::{Cell, RefCell};
use std::time::Duration;

/// So often a batch is tried again that failed for what passes.
const TRIES: u32 = 5;
/// Between two looks at a process.
const PAUSE: Duration = Duration::from_millis(100);

/// The step whose process this session waits for, and the process where this session has started it.
struct Waiting {
    change: i64,
    step: i32,
    process: Option<Process>,
}

thread_local! {
    static WAITING: RefCell<Option<Waiting>> = const { RefCell::new(None) };
}

/// The process that works on a change.
fn worker(change: i64) -> Option<i32> {
    owner::run(|| {
        spi::select_latest(
            "SELECT pid FROM pg_locks
              WHERE locktype = 'advisory' AND objid = $1::bigint::oid AND objsubid = $2 AND granted
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            &[i64::from(key(change)).into(), (Turn::Change as i16).into()],
            |r| r.must(1),
        )
    })
    .pop()
}

fn key(change: i64) -> u32 {
    (change & i64::from(u32::MAX)) as u32
}

thread_local! {
    /// Whether this is such a process.
    static WORKING: Cell<bool> = const { Cell::new(false) };
}

/// Whether a copy is not this session's own work.
#[must_use]
pub fn takes_copies() -> bool {
    loading::mode() == Mode::Preloaded && !WORKING.get()
}

/// Whether such processes have half of the server's places: the rest is left to others, and a session can copy by itself.
fn is_crowded() -> bool {
    let sql = "SELECT 2 * count(*) >= current_setting('max_worker_processes')::integer FROM pg_locks
                WHERE locktype = 'advisory' AND objsubid = $1 AND granted";
    owner::run(|| spi::select_latest(sql, &[(Turn::Change as i16).into()], |r| r.must(1))).contains(&true)
}

/// Starts the process of a step, or looks how it stands; None where the server has no place for one.
pub fn forward(change: &Change, stored: &Stored) -> Option<Outcome> {
    let is_this = |w: &Waiting| w.change == change.id && w.step == stored.number;
    let waiting = WAITING.take().filter(is_this);
    let process = waiting.as_ref().and_then(|w| w.process.as_ref());
    if worker(change.id).is_some() || process.is_some_and(|p| !p.has_ended()) {
        let process = waiting.and_then(|w| w.process);
        WAITING.set(Some(Waiting { change: change.id, step: stored.number, process }));
        return Some(Outcome::Again);
    }
    // Nobody works on it: what it came to is there to be read.
    let stored = store::steps(change.id).into_iter().find(|s| s.number == stored.number);
    let Some(stored) = stored.filter(|s| !s.done) else { return Some(Outcome::Done) };
    let statement = change.fill(&stored.step.statement);
    if waiting.is_some() {
        let Some(failure) = &stored.failure else {
            error::change::process_gone(change.id, &statement).raise();
        };
        let code = failure["code"].as_i64().and_then(|c| i32::try_from(c).ok());
        let message = failure["message"].as_str().unwrap_or_default();
        let (detail, hint) = (failure["detail"].as_str(), failure["hint"].as_str());
        error::change::alone_failed(change.id, code, message, detail, hint).raise();
    }
    if stored.step.action != Action::Alone && is_crowded() {
        return None;
    }
    let process = alone::start(change.id, stored.number)?;
    WAITING.set(Some(Waiting { change: change.id, step: stored.number, process: Some(process) }));
    Some(Outcome::Again)
}

/// Whether this session has waited for a process of a change that has ended since, its work done; asked once.
pub fn has_come_back(change: &Change) -> bool {
    let waited = WAITING.with_borrow(|w| w.as_ref().is_some_and(|w| w.change == change.id));
    if waited {
        WAITING.set(None);
    }
    waited
}

/// What this session has waited for is behind it, though it never asked what that came to.
pub fn forget(change: &Change) {
    let _ = has_come_back(change);
}

/// Waits a little where there is something to wait for; whether there still is. It locks nothing, so that any number of
/// sessions can wait for one process.
pub fn rest(change: i64) -> bool {
    let mine = |w: &Waiting| w.change == change;
    if !WAITING.with_borrow(|w| w.as_ref().is_some_and(mine)) {
        return false;
    }
    alone::rest(PAUSE);
    worker(change).is_some()
}

/// Ends the process of a change, and lets no other begin until the transaction ends.
pub fn stop(change: i64) {
    if let Some(pid) = worker(change) {
        owner::run(|| spi::select("SELECT pg_terminate_backend($1)", &[pid.into()], |_| ()));
    }
    bound_lock_wait();
    Turn::Change.take(key(change));
}

/// What a process has to do.
struct Job {
    change: Change,
    stored: Stored,
    /// An index of the step's that an earlier try has left.
    leftover: Option<Leftover>,
}

enum Leftover {
    /// It was never finished.
    Invalid(Name),
    /// It was, only nobody noted it.
    Valid,
}

/// Everything the process of a step does.
pub fn work(id: i64, number: i32) {
    let job = match alone::transaction(|| claim(id, number)) {
        Ok(Some(job)) => job,
        Ok(None) => return,
        Err(caught) => {
            let _ = alone::transaction(|| note(id, number, &caught));
            return;
        }
    };
    WORKING.set(true);
    if job.stored.step.action != Action::Alone {
        return copy(&job);
    }
    let done = match &job.leftover {
        None if job.stored.step.args["each"].is_object() => each(&job),
        Some(Leftover::Valid) => Ok(()),
        Some(Leftover::Invalid(name)) => {
            execute(&job.change, &format!("DROP INDEX CONCURRENTLY {name}")).and_then(|()| build(&job))
        }
        None => build(&job),
    };
    let _ = alone::transaction(|| match &done {
        Ok(()) => store::mark(id, number, true),
        Err(caught) => note(id, number, caught),
    });
}

/// Every batch of a copy or a comparison, a commit after each.
fn copy(job: &Job) {
    let (id, number) = (job.change.id, job.stored.number);
    let mut tries = 0;
    loop {
        // A transaction too, so that a cancel while it rests is an error like any other.
        let batch = alone::transaction(throttle::rest).and_then(|()| {
            alone::transaction(|| {
                let change = store::get(id);
                alone::say(&change.fill(&job.stored.step.statement));
                let outcome = run::batch(&change, &job.stored);
                if outcome == Outcome::Done {
                    store::mark(id, number, true);
                }
                outcome
            })
        });
        match batch {
            Ok(Outcome::Again) => tries = 0,
            Ok(Outcome::Done) => return,
            // As in `advance_change`, which may have nobody left to call it.
            Err(caught) if passes(&caught) && tries < TRIES => {
                tries += 1;
                if let Err(caught) = alone::transaction(|| alone::rest(PAUSE * 2_u32.pow(tries))) {
                    let _ = alone::transaction(|| note(id, number, &caught));
                    return;
                }
            }
            Err(caught) => {
                let _ = alone::transaction(|| note(id, number, &caught));
                return;
            }
        }
    }
}

/// An index on every part of the table, also on those that came since.
fn each(job: &Job) -> Result<(), Box<CaughtError>> {
    let next = || part_index::next(&store::get(job.change.id), &job.stored.step.args["each"]);
    while let Some(next) = alone::transaction(next)? {
        if let Some(leftover) = next.leftover {
            execute(&job.change, &format!("DROP INDEX CONCURRENTLY {leftover}"))?;
        }
        execute(&job.change, &next.statement)?;
    }
    Ok(())
}

fn build(job: &Job) -> Result<(), Box<CaughtError>> {
    execute(&job.change, &job.change.fill(&job.stored.step.statement))
}

fn execute(change: &Change, sql: &str) -> Result<(), Box<CaughtError>> {
    alone::transaction(|| as_change(change, || alone::execute(sql)))
}

/// Makes the step this process's own; None where another process has it, or nothing is left to do.
fn claim(id: i64, number: i32) -> Option<Job> {
    if !catalog::is_present() {
        return None;
    }
    if !Turn::Change.keep(key(id)) {
        return None;
    }
    let change = store::get(id);
    let stored = store::steps(id).into_iter().find(|s| s.number == number)?;
    // What is left to do after undo_change comes when the change has ended.
    let is_over =
        change.state.has_ended() && !(change.state == State::Undone && stored.step.phase == Phase::Restore);
    if is_over || stored.done || !matches!(stored.step.action, Action::Alone | Action::Copy | Action::Compare)
    {
        return None;
    }
    let relid = change.relation().0;
    let leftover = leftover(&change, &stored);
    store::note_start(id, number);
    alone::become_role(catalog::relation_owner(relid).unwrap_or(pg_sys::InvalidOid));
    Some(Job { change, stored, leftover })
}

fn leftover(change: &Change, stored: &Stored) -> Option<Leftover> {
    if !stored.started {
        return None; // an index of that name is somebody else's
    }
    let relation = stored.step.args["index"].as_str()?.to_string();
    let schema = stored.step.args["schema"].as_str().unwrap_or(&change.name.schema).to_string();
    let name = Name { schema, relation };
    let index = catalog::relation_oid(&name)?;
    Some(if relation::is_valid_index(index) { Leftover::Valid } else { Leftover::Invalid(name) })
}

fn report(caught: &CaughtError) -> &ErrorReportWithLevel {
    match caught {
        CaughtError::PostgresError(report)
        | CaughtError::ErrorReport(report)
        | CaughtError::RustPanic { ereport: report, .. } => report,
    }
}

/// Whether an error passes by waiting: locks that others hold, deadlocks, serialization failures.
fn passes(caught: &CaughtError) -> bool {
    use pgrx::PgSqlErrorCode as Code;
    matches!(
        report(caught).sql_error_code(),
        Code::ERRCODE_LOCK_NOT_AVAILABLE
            | Code::ERRCODE_T_R_DEADLOCK_DETECTED
            | Code::ERRCODE_T_R_SERIALIZATION_FAILURE
    )
}

fn note(id: i64, number: i32, caught: &CaughtError) {
    let report = report(caught);
    let failure = json!({
        "code": report.sql_error_code() as i32,
        "message": report.message(),
        "detail": report.detail(),
        "hint": report.hint(),
    });
    store::note_failure(id, number, report.message(), failure);
    let (detail, hint) = (report.detail(), report.hint());
    error::change::alone_failed(id, Some(report.sql_error_code() as i32), report.message(), detail, hint)
        .log();
}
