//! Locks by which others see that this session holds unwritten reads, and one that keeps merging and reading the ledger apart.
//!
//! They are advisory locks of a class of their own: nobody waits for them, and they are not taken when the lock table is full.
//! `DISCARD ALL` and `pg_advisory_unlock_all()` take them away, so they are renewed at the end of each transaction.
use super::watch;
use crate::core::change::reads::WHOLE_ROW;
use crate::pg::{plain, spi};
use pgrx::pg_sys;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// The last part of the key of all our locks; PostgreSQL's own are 1 and 2.
const CLASS: u16 = 18_533;
/// In place of a column: columns that open changes are not about.
const UNCONTESTED: u32 = u32::MAX;
/// In place of a column: any.
const ANY: u32 = 0;
/// More than that, and a session says that it may have read anything.
const MOST: usize = 32;

/// Relation (0 is any) and column.
type Tag = (u32, u32);

thread_local! {
    static HELD: RefCell<BTreeSet<Tag>> = const { RefCell::new(BTreeSet::new()) };
}

fn locktag((relid, column): Tag) -> pg_sys::LOCKTAG {
    pg_sys::LOCKTAG {
        // SAFETY: plain read of a backend global.
        locktag_field1: unsafe { pg_sys::MyDatabaseId }.to_u32(),
        locktag_field2: relid,
        locktag_field3: column,
        locktag_field4: CLASS,
        locktag_type: pg_sys::LockTagType::LOCKTAG_ADVISORY as u8,
        locktag_lockmethodid: pg_sys::USER_LOCKMETHOD as u8,
    }
}

/// Takes a lock if it can be had at once.
fn try_lock(tag: Tag, mode: u32, session: bool) -> bool {
    // SAFETY: a valid tag; it neither waits nor complains about memory.
    unsafe {
        pg_sys::LockAcquireExtended(&locktag(tag), mode as i32, session, true, false, std::ptr::null_mut())
            != pg_sys::LockAcquireResult::LOCKACQUIRE_NOT_AVAIL
    }
}

fn holds(tag: Tag, mode: u32) -> bool {
    plain::holds_lock(&locktag(tag), mode)
}

/// What tells others of an unwritten read.
fn tag_for(relid: pg_sys::Oid, column: i16) -> Tag {
    let watch = watch::current();
    let contested: Vec<i16> = watch
        .relations
        .get(&relid)
        .into_iter()
        .flatten()
        .chain([&relid])
        .filter_map(|of| watch.contested.get(of))
        .flatten()
        .copied()
        .collect();
    let tag = if contested.is_empty() || column == WHOLE_ROW || contested.contains(&WHOLE_ROW) {
        ANY
    } else if contested.contains(&column) && watch.contested.contains_key(&relid) {
        u32::from(column as u16)
    } else if watch.contested.contains_key(&relid) {
        UNCONTESTED
    } else {
        // A part has numbers of its own for the columns of the whole.
        ANY
    };
    (relid.to_u32(), tag)
}

/// Tells others that this session holds an unwritten read.
pub fn announce(relid: pg_sys::Oid, column: i16) {
    let mut tag = tag_for(relid, column);
    HELD.with_borrow_mut(|held| {
        if held.contains(&tag) {
            return;
        }
        if held.len() >= MOST {
            tag = (0, ANY);
        }
        if held.insert(tag) {
            try_lock(tag, pg_sys::ShareLock, true);
        }
    });
}

/// Takes again what was taken away.
pub fn renew() {
    HELD.with_borrow(|held| {
        for tag in held {
            if !holds(*tag, pg_sys::ShareLock) {
                try_lock(*tag, pg_sys::ShareLock, true);
            }
        }
    });
}

/// Keeps only what tells of these unwritten reads.
pub fn keep_for(unwritten: impl Iterator<Item = (pg_sys::Oid, i16)>) {
    let held = HELD.take();
    if held.is_empty() {
        return;
    }
    let mut kept: BTreeSet<Tag> = unwritten.map(|(relid, column)| tag_for(relid, column)).collect();
    if kept.len() >= MOST || kept.iter().any(|tag| !held.contains(tag)) {
        // What was announced in other words still holds.
        kept.extend(&held);
    }
    for tag in held.iter().filter(|tag| !kept.contains(*tag)) {
        if holds(*tag, pg_sys::ShareLock) {
            // SAFETY: this session holds the lock, as the line above found.
            unsafe { pg_sys::LockRelease(&locktag(*tag), pg_sys::ShareLock as i32, true) };
        }
    }
    HELD.set(kept.intersection(&held).copied().collect());
}

/// Other sessions that may hold unwritten reads of a relation, or of one column of it. `opened`: since when a change about that
/// column has been open; who was active later would have said that it reads that very column.
#[must_use]
pub fn holders(relids: &[pg_sys::Oid], column: Option<i16>, opened: Option<i64>) -> Vec<i32> {
    let numbers: Vec<i64> = relids.iter().map(|r| i64::from(r.to_u32())).collect();
    spi::select(
        "SELECT DISTINCT l.pid FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
          WHERE l.locktype = 'advisory' AND l.objsubid = $1 AND l.granted AND l.pid <> pg_backend_pid()
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND (l.classid = 0 AND l.objid = 0
              OR l.classid::bigint = ANY ($2)
             AND ($3 IS NULL OR l.objid::bigint IN (0, $3)
               OR l.objid::bigint = 4294967295
                  AND ($4 IS NULL OR a.state_change IS NULL OR a.state_change < to_timestamp($4))))
          ORDER BY 1",
        &[
            i16::try_from(CLASS).unwrap_or(i16::MAX).into(),
            numbers.into(),
            column.map(i64::from).into(),
            opened.map(|at| at as f64 / 1e6 + 946_684_800.0).into(),
        ],
        |r| r.must(1),
    )
}

/// Reading the ledger, during which its rows are not merged; ends with the value.
pub struct Reading;

impl Reading {
    /// Begins, after a merging that is under way.
    #[must_use]
    pub fn begin() -> Self {
        // SAFETY: waits at most for a merging, which is short, and like for any lock.
        unsafe {
            pg_sys::LockAcquire(&locktag((0, UNCONTESTED)), pg_sys::ShareLock as i32, false, false);
        }
        Reading
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        // While unwinding it is left to the (sub)transaction abort.
        if !std::thread::panicking() {
            // SAFETY: taken by `begin` in this transaction.
            unsafe { pg_sys::LockRelease(&locktag((0, UNCONTESTED)), pg_sys::ShareLock as i32, false) };
        }
    }
}

/// Takes the lock under which rows are merged until the transaction ends; false where somebody reads or merges.
pub fn try_merging() -> bool {
    try_lock((0, UNCONTESTED), pg_sys::ExclusiveLock, false)
}
