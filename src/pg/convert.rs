//! The trigger that makes the columns of one shape from those of the other while clients of both write: after a type
//! change, and for columns that are split or merged.
//!
//! Its expressions are compiled once per session, trigger and user, and again when the table or a function has changed.
use super::catalog::text;
use super::compiled::{Compiled, Sink, Use};
use super::written::{self, Value, Written};
use crate::error;
use crate::error::conversion::While;
use pgrx::pg_sys;
use pgrx::pg_sys::panic::CaughtError;
use pgrx::prelude::*;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

thread_local! {
    /// The change whose old rows are being copied in this session, or 0.
    static COPYING: Cell<i64> = const { Cell::new(0) };
}

/// Runs the copy of old rows: it writes new values, and the old ones they come from stay as they are.
pub fn copying<R>(change: i64, f: impl FnOnce() -> R) -> R {
    struct Back(i64);
    impl Drop for Back {
        fn drop(&mut self) {
            COPYING.set(self.0);
        }
    }
    let _back = Back(COPYING.replace(change));
    f()
}

crate::raw_function_info!(pg_finfo_dg_convert);

/// BEFORE INSERT OR UPDATE row trigger: number of the change, `both` or `down`, and the expressions of the new and of the
/// old columns, each a JSON object by column; where these depend on settings, the settings to evaluate them under.
///
/// On INSERT the new side wins when any of its columns is given, on UPDATE the side that the statement changed, the new
/// one when both did. After contraction only the new side counts.
///
/// # Safety
/// Called by the server only, as a raw V1 function.
#[unsafe(no_mangle)]
#[pgrx::pg_guard]
pub unsafe extern "C-unwind" fn dg_convert(call: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: called by the server; relation and row are valid while the trigger runs.
    unsafe {
        let (data, _, row) = written::row(call, 4..=5);
        let compiled = Compiled::of(data);
        pg_sys::Datum::from(Row { compiled: &compiled, row }.convert())
    }
}

/// A row that is written, and what is made of it.
struct Row<'a> {
    compiled: &'a Compiled,
    row: Written,
}

impl Row<'_> {
    /// The row with both shapes saying the same.
    ///
    /// # Safety
    /// The row must be of the compiled relation.
    unsafe fn convert(&self) -> pg_sys::HeapTuple {
        let (c, row) = (self.compiled, &self.row);
        // SAFETY: the caller vouches for the row; sinks are its columns.
        unsafe {
            if row.is_new() {
                let is_given = c.after || c.up.iter().any(|s| !row.now(s.at).1);
                return self.put(if is_given { &c.down } else { &c.up });
            }
            let has_changed = |side: &[Sink]| side.iter().any(|s| row.has_changed(s.at));
            if has_changed(&c.up) {
                if c.after {
                    return self.put(&c.down);
                }
                if COPYING.get() == c.change && !has_changed(&c.down) {
                    return row.tuple();
                }
                let evaluation = c.enter(row.slot());
                let old = self.evaluate(&evaluation, &c.down);
                // What a subscription applies was converted where it was written, perhaps from what `down` cannot give.
                if self.agree(&c.down, &old) || self.agree(&c.up, &self.evaluate(&evaluation, &c.up)) {
                    return row.tuple();
                }
                return self.with(&c.down, &old);
            }
            // A row that no copy has reached yet moves out of its way.
            let is_behind = || c.up.iter().all(|s| row.now(s.at).1);
            if !c.after && (has_changed(&c.down) || is_behind()) {
                return self.put(&c.up);
            }
            row.tuple()
        }
    }

    /// Whether columns are what their expressions gave.
    ///
    /// # Safety
    /// As [`Row::convert`].
    unsafe fn agree(&self, sinks: &[Sink], values: &[Value]) -> bool {
        // SAFETY: the caller vouches for the row.
        unsafe { sinks.iter().zip(values).all(|(s, v)| self.row.same(s.at, self.row.now(s.at), *v)) }
    }

    /// The row with columns that are what their expressions gave.
    ///
    /// # Safety
    /// As [`Row::convert`].
    unsafe fn with(&self, sinks: &[Sink], values: &[Value]) -> pg_sys::HeapTuple {
        // SAFETY: the caller vouches for the row; the values are copied into the new one.
        unsafe { self.row.with(sinks.iter().map(|s| s.at).zip(values.iter().copied())) }
    }

    /// The row with columns made from their expressions.
    ///
    /// # Safety
    /// As [`Row::convert`].
    unsafe fn put(&self, sinks: &[Sink]) -> pg_sys::HeapTuple {
        // SAFETY: the caller vouches for the row.
        unsafe {
            let values = self.evaluate(&self.compiled.enter(self.row.slot()), sinks);
            if self.agree(sinks, &values) { self.row.tuple() } else { self.with(sinks, &values) }
        }
    }

    /// What expressions give for the row; they live until the next row. An error names the row. Costs nothing beside the
    /// expressions where none fails.
    fn evaluate(&self, evaluation: &Use, sinks: &[Sink]) -> Vec<Value> {
        // SAFETY: reads a backend global.
        let context = unsafe { pg_sys::CurrentMemoryContext };
        let at = Cell::new(0);
        let caught = match catch_unwind(AssertUnwindSafe(|| evaluation.run(sinks, &at))) {
            Ok(values) => return values,
            Err(caught) => caught,
        };
        let (this, sink) = (AssertUnwindSafe(self), AssertUnwindSafe(&sinks[at.get()]));
        PgTryBuilder::new(AssertUnwindSafe(|| resume_unwind(caught)))
            .catch_others(|cause| {
                // SAFETY: back to the context that the error left.
                unsafe { pg_sys::MemoryContextSwitchTo(context) };
                this.blame(&sink, &cause)
            })
            .execute()
    }

    /// Raises what an expression has raised, with the row named.
    fn blame(&self, sink: &Sink, cause: &CaughtError) -> ! {
        let (CaughtError::PostgresError(report)
        | CaughtError::ErrorReport(report)
        | CaughtError::RustPanic { ereport: report, .. }) = cause;
        // SAFETY: the row is the one that was evaluated.
        let row = unsafe { self.name() };
        error::conversion::fails_on_row(
            report.sql_error_code(),
            self.compiled.change,
            &sink.name,
            &row,
            report.message(),
            if self.compiled.after { While::Afterwards } else { While::Writing },
        )
        .raise()
    }

    /// The row by its primary key.
    ///
    /// # Safety
    /// As [`Row::convert`].
    unsafe fn name(&self) -> String {
        // SAFETY: the numbers are columns of the relation; the strings are palloc'd.
        let (columns, values): (Vec<String>, Vec<String>) = unsafe {
            let key = self.compiled.key.iter();
            key.map(|(at, name)| {
                let value = text(pg_sys::SPI_getvalue(self.row.tuple(), self.row.desc(), *at));
                (name.clone(), value.unwrap_or_else(|| "null".into()))
            })
            .unzip()
        };
        if columns.is_empty() {
            return "a row (the table has no primary key)".into();
        }
        format!("the row with ({})=({})", columns.join(", "), values.join(", "))
    }
}
