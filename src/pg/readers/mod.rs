//! The column-read ledger inside a session: which columns of watched relations are read, by which role and application.
//!
//! `watch` says what is watched, `plan` finds what a plan reads and hangs it on the plan, here executions are counted, `flush`
//! writes the counts, `lock` tells other sessions that there are unwritten ones, `scan` reads the ledger, and `blind` knows when
//! the kill switch was off.
pub mod blind;
pub mod flush;
mod hooks;
pub mod lock;
pub mod plan;
pub mod scan;
pub mod watch;

use super::hooks::active;
use super::{catalog, own_statement, owner, plain, session};
use crate::core::change::reads::{Buffer, Evidence, Key, Noted, WHOLE_ROW};
use pgrx::pg_sys;
use std::cell::{Cell, RefCell};
use std::ffi::CStr;

/// So many different reads a session keeps; a reader of fifty tables with twenty columns each needs a thousand.
const MOST: usize = 10_000;

thread_local! {
    static BUFFER: RefCell<Buffer> = RefCell::new(Buffer::new(MOST));
    /// When the oldest unwritten read was seen, in microseconds; zero where there is none.
    static OLDEST: Cell<i64> = const { Cell::new(0) };
    /// When the last read was seen, since the last look.
    static NOTED: Cell<i64> = const { Cell::new(0) };
    /// What COPY is writing out; one may run inside another.
    static COPIED: RefCell<Vec<Copied>> = const { RefCell::new(Vec::new()) };
    static AT_EXIT: Cell<bool> = const { Cell::new(false) };
}

/// Whether what is planned now is to be looked at: also for work of our own, since a function of a user's may be planned in
/// the midst of it, and that plan is kept.
#[inline]
#[must_use]
pub fn looks_at_plans() -> bool {
    watch::any()
}

/// Work of the product itself, and of what nobody asked for.
#[inline]
fn is_our_own() -> bool {
    owner::is_acting()
        || crate::change::is_acting()
        // SAFETY: plain read of a backend global.
        || unsafe { pg_sys::MyBackendType } == pg_sys::BackendType::B_AUTOVAC_WORKER
}

/// Whether a statement is one by which PostgreSQL itself keeps up a foreign key. What triggers of users do on that occasion runs
/// in the same security context, but is written otherwise.
///
/// # Safety
/// `source` must be null or NUL-terminated.
unsafe fn keeps_up_foreign_key(source: *const std::ffi::c_char) -> bool {
    if !session::in_foreign_key_action() || source.is_null() {
        return false;
    }
    // SAFETY: the caller vouches.
    let text = unsafe { CStr::from_ptr(source) }.to_bytes();
    [&b"SELECT 1 FROM "[..], b"DELETE FROM ", b"UPDATE ", b"SELECT fk."]
        .iter()
        .any(|verb| text.starts_with(verb))
        && text.windows(10).any(|part| part == b" OPERATOR(")
}

/// A plan that carries reads has begun to be executed.
///
/// # Safety
/// `desc` must be a query that has been started, whose plan is marked.
pub unsafe fn executed(desc: *const pg_sys::QueryDesc) {
    // SAFETY: the caller vouches for the query.
    unsafe {
        let source = (*desc).sourceText;
        if !active() || is_our_own() || own_statement::is(source) || keeps_up_foreign_key(source) {
            return;
        }
        note(|note| plan::reads((*desc).plannedstmt, note));
    }
}

/// The table that a COPY is about to write out, with its columns by name; None for all.
type Copied = (pg_sys::Oid, Option<Vec<String>>);

/// Notes what a COPY of a table reads, before it runs; None where it is no such statement, or nothing is watched. What is
/// returned is for [`was_copied`]: an error may jump over the frame that keeps it.
///
/// # Safety
/// `statement` must be a valid utility statement.
pub unsafe fn copied(statement: *const pg_sys::PlannedStmt) -> Option<usize> {
    // SAFETY: the caller vouches for the statement.
    unsafe {
        let utility = (*statement).utilityStmt;
        if utility.is_null() || (*utility).type_ != pg_sys::NodeTag::T_CopyStmt {
            return None;
        }
        let copy = utility.cast::<pg_sys::CopyStmt>();
        if (*copy).is_from || (*copy).relation.is_null() || !active() || is_our_own() || !watch::any() {
            return None;
        }
        let (lock, missing_ok) = (pg_sys::AccessShareLock as i32, pg_sys::RVROption::RVR_MISSING_OK);
        let relid =
            pg_sys::RangeVarGetRelidExtended((*copy).relation, lock, missing_ok, None, std::ptr::null_mut());
        if !watch::current().relations.contains_key(&relid) {
            return None;
        }
        let names = super::list::items::<pg_sys::String>((*copy).attlist);
        let names: Vec<String> = names.into_iter().filter_map(|n| catalog::text((*n).sval)).collect();
        Some(COPIED.with_borrow_mut(|copied| {
            copied.push((relid, (!names.is_empty()).then_some(names)));
            copied.len() - 1
        }))
    }
}

/// A COPY has ended well.
pub fn was_copied(at: usize) {
    let copied = COPIED.with_borrow_mut(|copied| copied.drain(at.min(copied.len())..).next());
    let Some((relid, columns)) = copied else { return };
    note(|note| match columns {
        None => note(relid, WHOLE_ROW, Evidence::Copy),
        Some(columns) => {
            columns
                .iter()
                .filter_map(|c| catalog::column_number(relid, c))
                .for_each(|column| note(relid, column, Evidence::Copy));
        }
    });
}

/// Counts reads of the current role and application.
fn note(reads: impl FnOnce(&mut dyn FnMut(pg_sys::Oid, i16, Evidence))) {
    let (role, now) = (plain::user().to_u32(), plain::clock());
    // SAFETY: a backend global, never NULL after start-up, and NUL-terminated.
    let name = unsafe {
        let name = pg_sys::application_name;
        if name.is_null() { &[][..] } else { CStr::from_ptr(name).to_bytes() }
    };
    NOTED.set(now);
    let mut news = Vec::new();
    BUFFER.with_borrow_mut(|buffer| {
        let application = buffer.application(name);
        reads(&mut |relid, column, evidence| {
            let key = Key { relid: relid.to_u32(), column, evidence, role, application };
            if buffer.note(key, now) == Noted::New {
                news.push((relid, column));
            }
        });
    });
    if OLDEST.get() == 0 {
        OLDEST.set(now);
    }
    if !news.is_empty() {
        flush_at_exit();
        news.into_iter().for_each(|(relid, column)| lock::announce(relid, column));
    }
}

/// Sees to it that what is unwritten when the session ends gets written.
fn flush_at_exit() {
    // SAFETY: plain read of a backend global. What ends in a parallel worker cannot be written by it.
    if unsafe { pg_sys::ParallelWorkerNumber } < 0 && !AT_EXIT.replace(true) {
        // SAFETY: registers a static function, once per process.
        unsafe { pg_sys::before_shmem_exit(Some(flush::at_exit), pg_sys::Datum::from(0)) };
    }
}

/// The transaction has ended. Must not raise.
pub fn transaction_ended(committed: bool) {
    plan::forget();
    blind::transaction_ended();
    let _ = COPIED.try_with(|copied| copied.try_borrow_mut().map(|mut copied| copied.clear()));
    if !flush::has_written() {
        // Nothing was taken out to be written.
        flush::ended(committed);
        return;
    }
    let emptied = BUFFER.try_with(|buffer| {
        buffer.try_borrow_mut().is_ok_and(|mut buffer| {
            if committed {
                buffer.written()
            } else {
                buffer.give_back()
            }
            buffer.is_empty()
        })
    });
    if committed {
        if emptied.unwrap_or(false) {
            OLDEST.set(0);
        }
        let left: Vec<(pg_sys::Oid, i16)> = BUFFER
            .try_with(|buffer| {
                buffer.try_borrow().map_or(Vec::new(), |buffer| {
                    buffer.unwritten().map(|(k, _)| (pg_sys::Oid::from(k.relid), k.column)).collect()
                })
            })
            .unwrap_or_default();
        lock::keep_for(left.into_iter());
    }
    flush::ended(committed);
}
