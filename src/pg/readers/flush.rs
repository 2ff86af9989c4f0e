//! Writing what a session has seen: in transactions that write anyway, after a while in any, and when the session ends.
//!
//! It is part of a user's transaction and must not be felt there: it waits for nobody, it runs in a subtransaction, and what
//! cannot be written waits. What a transaction wrote counts as written when that has committed.
use super::scan::Row;
use super::{BUFFER, NOTED, OLDEST, lock, watch};
use crate::change;
use crate::core::change::reads::{Key, NO_COLUMN, WHOLE_ROW};
use crate::core::change::seen::{self, Seen};
use crate::error;
use crate::pg::catalog::{self, Name};
use crate::pg::{hooks, owner, plain, refusals, roles, xact};
use crate::settings;
use pgrx::pg_sys;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A transaction that writes anyway takes reads along that are older than this part of `governance.read_flush_after`: a session
/// that reads and writes in each of its transactions is to write reads in few of them.
const SOONER: i64 = 6;

thread_local! {
    /// Whether the running transaction has written reads.
    static WRITTEN: Cell<bool> = const { Cell::new(false) };
    /// No attempt before this moment, after one that failed.
    static NOT_BEFORE: Cell<i64> = const { Cell::new(0) };
    /// The state of the declarations whose notes are written.
    static NOTED_AT: Cell<u64> = const { Cell::new(0) };
    /// Whether the running transaction has written notes.
    static NOTED_HERE: Cell<bool> = const { Cell::new(false) };
}

/// Whether the running transaction has written reads.
#[must_use]
pub fn has_written() -> bool {
    WRITTEN.get()
}

/// The transaction has ended.
pub fn ended(committed: bool) {
    WRITTEN.set(false);
    if NOTED_HERE.replace(false) && !committed {
        NOTED_AT.set(0);
    }
}

/// The transaction is about to commit.
pub fn before_commit() {
    if !watch::any_known() && OLDEST.get() == 0 {
        // A relation may have been declared just now.
        if xact::id_if_assigned().is_none() || !hooks::active() || owner::is_acting() || !watch::any() {
            return;
        }
    }
    lock::renew();
    let has_id = xact::id_if_assigned().is_some();
    let oldest = OLDEST.get();
    if oldest == 0 && !has_id {
        return;
    }
    // That of the statement may be long ago: a block commits many times.
    let now = Some(NOTED.replace(0)).filter(|at| *at != 0).unwrap_or_else(plain::clock);
    let patience = i64::from(settings::READ_FLUSH_AFTER.get()) * 1_000_000 / if has_id { SOONER } else { 1 };
    let is_due = oldest != 0 && now - oldest >= patience;
    if !(is_due || has_id) || WRITTEN.get() || !may_write() {
        return;
    }
    let has_notes = has_id && watch::any() && notes_are_due();
    if (is_due || has_notes) && now >= NOT_BEFORE.get() {
        match xact::tried(|| write(is_due, false)) {
            Ok(()) => NOT_BEFORE.set(0),
            Err(message) => {
                BUFFER.with_borrow_mut(super::Buffer::give_back);
                NOT_BEFORE.set(now + 60_000_000);
                error::change::reads_unwritten(&message).log();
            }
        }
    }
}

fn notes_are_due() -> bool {
    let watch = watch::current();
    NOTED_AT.get() != crate::pg::cache::generation() && !(watch.unnoted.is_empty() && watch.ended.is_empty())
}

/// Whether anything may be written by this transaction.
fn may_write() -> bool {
    // SAFETY: plain reads of the transaction state.
    let forbidden = unsafe { pg_sys::XactReadOnly || pg_sys::IsInParallelMode() };
    !forbidden && !refusals::in_recovery() && hooks::active() && !owner::is_acting()
}

/// Writes everything that may be written now; `at_last`, what may not is written as a gap.
fn write(with_reads: bool, at_last: bool) {
    let ours = Name { schema: catalog::SCHEMA.into(), relation: "column_read".into() };
    // The ledger may be being rebuilt.
    if !catalog::relation_oid(&ours).is_some_and(|ledger| can_lock(ledger, pg_sys::RowExclusiveLock)) {
        if at_last {
            change::ledger::note_gap("", "a session ended while the ledger was locked");
        }
        return;
    }
    if with_reads {
        write_reads(at_last);
    }
    if notes_are_due() && !is_serializable() {
        let watch = watch::current();
        change::ledger::write_notes(&watch.unnoted, &watch.ended);
        NOTED_AT.set(crate::pg::cache::generation());
        NOTED_HERE.set(true);
    }
}

fn write_reads(at_last: bool) {
    let relids: BTreeSet<u32> = BUFFER.with_borrow(|b| b.unwritten().map(|(k, _)| k.relid).collect());
    let (settled, unsettled): (BTreeSet<u32>, BTreeSet<u32>) =
        relids.into_iter().partition(|relid| is_settled(pg_sys::Oid::from(*relid)));
    if at_last {
        // Somebody who is renaming it will not take along what is written under the old name.
        for name in unsettled.iter().filter_map(|r| catalog::relation_name(pg_sys::Oid::from(*r))) {
            let scope = format!("dataset:{name}");
            change::ledger::note_gap(&scope, "a session ended while the relation was locked");
        }
    }
    let taken = BUFFER.with_borrow_mut(|b| b.take(|k| at_last || settled.contains(&k.relid)));
    WRITTEN.set(true);
    change::ledger::write(&resolved(taken.into_iter()));
    if let Some(times) = BUFFER.with_borrow_mut(super::Buffer::take_lost) {
        change::ledger::note_gap("", &format!("a session had no room for {times} reads"));
    }
    let waits = BUFFER.with_borrow(|b| b.unwritten().count() > b.in_flight());
    if waits {
        OLDEST.set(plain::clock());
    }
}

/// Whether the transaction is serializable: what it reads of ours would bear on others.
fn is_serializable() -> bool {
    // SAFETY: plain read of the transaction state.
    unsafe { pg_sys::XactIsoLevel == pg_sys::XACT_SERIALIZABLE as i32 }
}

fn can_lock(relid: pg_sys::Oid, mode: u32) -> bool {
    // SAFETY: does not wait; the lock is released at the end of the transaction.
    unsafe { pg_sys::ConditionalLockRelationOid(relid, mode as i32) }
}

/// Whether nobody renames or drops a relation, or what it counts for, at this moment: names are resolved now, and who renames
/// takes along the rows that are there.
fn is_settled(relid: pg_sys::Oid) -> bool {
    let watch = watch::current();
    can_lock(relid, pg_sys::AccessShareLock)
        && watch
            .relations
            .get(&relid)
            .is_none_or(|of| of.iter().all(|r| can_lock(*r, pg_sys::AccessShareLock)))
}

/// Reads by name: every column for a whole row, and what a partition or child has counts for what it is a part of. A relation or a
/// column that is gone is left out.
#[must_use]
pub fn resolved(reads: impl Iterator<Item = (Key, Seen)>) -> Vec<Row> {
    let watch = watch::current();
    let mut readers: BTreeMap<(Name, String, u32, u16, &'static str), Vec<Seen>> = BTreeMap::new();
    for (key, seen) in reads {
        let relid = pg_sys::Oid::from(key.relid);
        let itself = vec![relid];
        let counts_for = watch.relations.get(&relid).unwrap_or(&itself);
        let columns: Vec<String> = match key.column {
            NO_COLUMN => vec![String::new()],
            WHOLE_ROW => (1..=catalog::last_column_number(relid).unwrap_or(0))
                .filter_map(|n| catalog::column_name(relid, n))
                .collect(),
            number => catalog::column_name(relid, number).into_iter().collect(),
        };
        for of in counts_for {
            let Some(name) = catalog::relation_name(*of) else { continue };
            for column in &columns {
                let is_there =
                    *of == relid || column.is_empty() || catalog::column_number(*of, column).is_some();
                if is_there {
                    let key =
                        (name.clone(), column.clone(), key.role, key.application, key.evidence.as_str());
                    readers.entry(key).or_default().push(seen);
                }
            }
        }
    }
    let mut names: HashMap<u32, String> = HashMap::new();
    readers
        .into_iter()
        .flat_map(|(key, seen)| seen::merged(seen, seen::PAUSE).into_iter().map(move |s| (key.clone(), s)))
        .map(|((name, column, role, application, evidence), seen)| Row {
            name,
            column,
            role: names.entry(role).or_insert_with(|| roles::name(pg_sys::Oid::from(role))).clone(),
            application: BUFFER.with_borrow(|b| b.name_of(application).to_string()),
            first: seen.first,
            last: seen.last,
            reads: seen.reads,
            longest: seen.longest,
            evidence: evidence.to_string(),
        })
        .collect()
}

/// What this session has not written, by name.
#[must_use]
pub fn own_unwritten() -> Vec<Row> {
    let all: Vec<(Key, Seen)> = BUFFER.with_borrow(|b| b.unwritten().map(|(k, s)| (*k, *s)).collect());
    resolved(all.into_iter())
}

/// Callback of the end of the session, before it leaves the server's shared memory: writes in a transaction of its own, where it
/// can be seen beforehand that this will not fail. An error here would be one of the session.
#[pgrx::pg_guard]
pub unsafe extern "C-unwind" fn at_exit(code: std::ffi::c_int, _arg: pg_sys::Datum) {
    if OLDEST.get() == 0 || BUFFER.with_borrow(super::Buffer::is_empty) || refusals::in_recovery() {
        return;
    }
    let _ = code;
    // SAFETY: as the server's own callback that drops temporary tables: whatever runs is aborted, and a new transaction made.
    unsafe {
        pg_sys::AbortOutOfAnyTransaction();
        pg_sys::StartTransactionCommand();
        // The session's own wishes are not about this transaction.
        pg_sys::XactReadOnly = false;
        pg_sys::XactIsoLevel = pg_sys::XACT_READ_COMMITTED as i32;
        for (name, value) in [(c"synchronous_commit", c"off"), (c"statement_timeout", c"0")] {
            pg_sys::SetConfigOption(
                name.as_ptr(),
                value.as_ptr(),
                pg_sys::GucContext::PGC_USERSET,
                pg_sys::GucSource::PGC_S_SESSION,
            );
        }
        pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
        if hooks::active() {
            write(true, true);
            change::ledger::merge_now_and_then();
        }
        pg_sys::PopActiveSnapshot();
        pg_sys::CommitTransactionCommand();
    }
}
