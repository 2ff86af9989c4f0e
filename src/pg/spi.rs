//! SPI without its traps: errors are raised, results are owned, reads take no transaction id.
use super::{kept_plan, owner};
use pgrx::datum::DatumWithOid;
use pgrx::pg_sys;
use pgrx::prelude::*;
use pgrx::spi::{SpiError, SpiHeapTupleData};

/// One row of a result.
pub struct Row<'a>(SpiHeapTupleData<'a>);

impl Row<'_> {
    /// The value of column `n` (from 1), None for NULL.
    ///
    /// # Panics
    /// Raises XX000 when the column's type is not `T`: a mistake of ours, never of the caller.
    #[must_use]
    pub fn get<T: FromDatum + IntoDatum + 'static>(&self, n: usize) -> Option<T> {
        let value: Option<T> = self.0.get(n).unwrap_or_else(|e| internal(&e));
        if let Some(value) = &value {
            super::for_plan::check_value(value);
        }
        value
    }

    /// The value of a column that is never NULL.
    ///
    /// # Panics
    /// Raises XX000 when it is NULL after all.
    #[must_use]
    pub fn must<T: FromDatum + IntoDatum + 'static>(&self, n: usize) -> T {
        self.get(n).unwrap_or_else(|| pgrx::error!("governance: column {n} of an internal query is null"))
    }
}

fn internal(e: &SpiError) -> ! {
    pgrx::error!("governance: internal query failed: {e}")
}

/// Runs a query that only reads and maps its rows. Works on a standby and takes no transaction id; sees the writes of
/// the running transaction once it has made any.
pub fn select<T>(sql: &str, args: &[DatumWithOid], f: impl FnMut(&Row) -> T) -> Vec<T> {
    let _snapshot = Snapshot::if_none();
    // SAFETY: plain reads of the transaction state. In parallel mode no command may begin, and before the first write
    // none needs to; read-only means the active snapshot as it is.
    let read_only = unsafe {
        pg_sys::IsInParallelMode() || pg_sys::GetTopTransactionIdIfAny() == pg_sys::InvalidTransactionId
    };
    run(sql, args, read_only, Policies::Hold, f).1
}

/// Like [`select`], of all rows: what FORCE ROW LEVEL SECURITY hides from the owner of a table is not hidden. The query's own
/// tables only: functions that it calls see what they would see otherwise.
pub fn select_unforced<T>(sql: &str, args: &[DatumWithOid], f: impl FnMut(&Row) -> T) -> Vec<T> {
    let _snapshot = Snapshot::if_none();
    run(sql, args, false, Policies::HoldForOthers, f).1
}

/// Like [`execute`], of all rows, as [`select_unforced`].
pub fn execute_unforced(sql: &str, args: &[DatumWithOid]) -> usize {
    require_writable();
    let _snapshot = Snapshot::if_none();
    run(sql, args, false, Policies::HoldForOthers, |_| ()).0
}

/// Whether policies put on owners by FORCE ROW LEVEL SECURITY hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Policies {
    Hold,
    HoldForOthers,
}

/// Runs one statement and maps the rows it gives; returns how many rows it touched, too.
fn run<T>(
    sql: &str,
    args: &[DatumWithOid],
    read_only: bool,
    policies: Policies,
    mut f: impl FnMut(&Row) -> T,
) -> (usize, Vec<T>) {
    let sql = std::ffi::CString::new(sql).unwrap_or_default();
    let mut types: Vec<pg_sys::Oid> = args.iter().map(DatumWithOid::oid).collect();
    let given: Vec<Option<pg_sys::Datum>> =
        args.iter().map(|a| a.datum().map(|d| d.sans_lifetime())).collect();
    let mut datums: Vec<pg_sys::Datum> = given.iter().map(|d| d.unwrap_or(pg_sys::Datum::from(0))).collect();
    let nulls: Vec<std::ffi::c_char> =
        given.iter().map(|d| if d.is_some() { b' ' } else { b'n' } as std::ffi::c_char).collect();
    // SAFETY: inside SPI; the arrays have one entry for each argument and live until the call returns, the rows until
    // SPI ends.
    Spi::connect(|_| unsafe {
        let plan = match policies {
            Policies::Hold => kept_plan::of(&sql, &mut types),
            // Policies are put into the query when it is analysed, and only then: a plan that is not kept is not made anew, as
            // long as user, row_security and search_path stay the same. So nothing that it calls runs without them.
            Policies::HoldForOthers => {
                let _unforced = owner::unforced();
                let (count, options) = (args.len() as i32, pg_sys::CURSOR_OPT_PARALLEL_OK as i32);
                Some(pg_sys::SPI_prepare_cursor(sql.as_ptr(), count, types.as_mut_ptr(), options))
            }
        };
        let code = match plan {
            Some(plan) if plan.is_null() => pg_sys::SPI_result,
            Some(plan) => pg_sys::SPI_execute_plan(plan, datums.as_mut_ptr(), nulls.as_ptr(), read_only, 0),
            None => pg_sys::SPI_execute_with_args(
                sql.as_ptr(),
                args.len() as i32,
                types.as_mut_ptr(),
                datums.as_mut_ptr(),
                nulls.as_ptr(),
                read_only,
                0,
            ),
        };
        let (table, touched) = (pg_sys::SPI_tuptable, pg_sys::SPI_processed as usize);
        if code < 0 {
            pgrx::error!("governance: internal query failed with SPI code {code}");
        }
        if table.is_null() {
            return (touched, Vec::new());
        }
        let rows = (0..touched)
            .filter_map(|i| SpiHeapTupleData::new((*table).tupdesc, *(*table).vals.add(i)).ok().flatten())
            .map(|tuple| f(&Row(tuple)))
            .collect();
        (touched, rows)
    })
}

/// First row of a query that only reads.
pub fn select_one<T>(sql: &str, args: &[DatumWithOid], f: impl FnMut(&Row) -> T) -> Option<T> {
    select(sql, args, f).into_iter().next()
}

/// Like [`select`], but with a snapshot of this moment: what a cache must be loaded with, since a transaction's own
/// snapshot may be older than the change that emptied the cache. Sees what the transaction itself has written.
pub fn select_latest<T>(sql: &str, args: &[DatumWithOid], f: impl FnMut(&Row) -> T) -> Vec<T> {
    let _snapshot = Snapshot::latest();
    run(sql, args, true, Policies::Hold, f).1
}

/// Runs a statement that writes; returns the number of rows it touched.
pub fn execute(sql: &str, args: &[DatumWithOid]) -> usize {
    require_writable();
    let _snapshot = Snapshot::if_none();
    run(sql, args, false, Policies::Hold, |_| ()).0
}

/// Raises 25006 in a read-only transaction, which on a standby every one is. Else takes the transaction's id: from now on
/// [`select`] reads with a snapshot of its own, and so sees what others did while this act waited for them.
pub fn require_writable() {
    // SAFETY: reads backend globals; both calls raise where nothing may be written, before anything is.
    unsafe {
        if pg_sys::XactReadOnly && pg_sys::DefaultXactReadOnly && !pg_sys::RecoveryInProgress() {
            crate::error::read_only_by_default().raise();
        }
        pg_sys::PreventCommandIfReadOnly(c"what data_governance has to write".as_ptr());
        let _ = pg_sys::GetTopTransactionId();
    }
}

/// Whether the SQL code that has called us may commit: a procedure or DO block that was itself called where it may.
#[must_use]
pub fn caller_may_commit() -> bool {
    // SAFETY: reads the stack of SPI connections, of which the innermost is the caller's.
    unsafe { pg_sys::SPI_inside_nonatomic_context() }
}

/// Runs a statement that writes and maps the rows it returns.
pub fn execute_returning<T>(sql: &str, args: &[DatumWithOid], f: impl FnMut(&Row) -> T) -> Vec<T> {
    require_writable();
    let _snapshot = Snapshot::if_none();
    run(sql, args, false, Policies::Hold, f).1
}

/// An active snapshot that is popped when dropped.
struct Snapshot(bool);

impl Snapshot {
    /// Hooks around utility statements run without a snapshot; SPI would then read with none.
    fn if_none() -> Self {
        // SAFETY: pushes a snapshot of the running transaction; Drop pops it.
        unsafe {
            let none = !pg_sys::ActiveSnapshotSet();
            if none && pg_sys::FirstSnapshotSet {
                pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
            } else if none {
                Self::push_first();
            }
            Snapshot(none)
        }
    }

    fn latest() -> Self {
        // SAFETY: plain read of the transaction state; inside a parallel operation all processes share a snapshot.
        if unsafe { pg_sys::IsInParallelMode() } {
            return Self::if_none();
        }
        // SAFETY: as above, with a snapshot of this moment, in which the commands so far are done.
        unsafe {
            pg_sys::CommandCounterIncrement();
            if pg_sys::FirstSnapshotSet {
                pg_sys::PushActiveSnapshot(pg_sys::GetLatestSnapshot());
            } else {
                Self::push_first();
            }
        }
        Snapshot(true)
    }

    /// A snapshot of this moment where the transaction has none yet. Its own is taken by its first query, not by us: LOCK
    /// TABLE comes before that, and so does SET TRANSACTION ISOLATION LEVEL.
    fn push_first() {
        // SAFETY: what is pushed is a copy of the snapshot that catalogs are read with.
        unsafe {
            pg_sys::InvalidateCatalogSnapshot();
            pg_sys::PushActiveSnapshot(pg_sys::GetCatalogSnapshot(pg_sys::InvalidOid));
        }
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        // While unwinding, the (sub)transaction abort pops it.
        if self.0 && !std::thread::panicking() {
            // SAFETY: pops what the constructor pushed.
            unsafe { pg_sys::PopActiveSnapshot() };
        }
    }
}
