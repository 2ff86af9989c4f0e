//! The trigger that makes the columns of one shape from those of the other while clients of both write: after a type
//! change, and for columns that are split or merged.
//!
//! Its expressions are compiled once per session, trigger and user, and again when the table or a function has changed.
use super::catalog::text;
use super::compiled::{Compiled, Sink};
use super::dual_write::{same, value};
use crate::error;
use crate::error::conversion::While;
use pgrx::pg_sys;
use pgrx::pg_sys::panic::CaughtError;
use pgrx::prelude::*;
use std::cell::Cell;
use std::panic::AssertUnwindSafe;

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
/// old columns, each a JSON object by column.
///
/// On INSERT the new side wins when any of its columns is given, on UPDATE the side that the statement changed, the new
/// one when both did. After contraction only the new side counts.
///
/// # Safety
/// Called by the server only, as a raw V1 function.
#[unsafe(no_mangle)]
#[pgrx::pg_guard]
pub unsafe extern "C-unwind" fn dg_convert(call: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    const BEFORE_ROW: u32 = pg_sys::TRIGGER_EVENT_BEFORE | pg_sys::TRIGGER_EVENT_ROW;
    // SAFETY: the context is checked to be a TriggerData of a BEFORE ROW trigger for INSERT or UPDATE with four arguments;
    // its relation and tuples are valid while the trigger runs.
    unsafe {
        let context = (*call).context;
        if context.is_null() || (*context).type_ != pg_sys::NodeTag::T_TriggerData {
            error::change::not_a_trigger().raise();
        }
        let data = &*context.cast::<pg_sys::TriggerData>();
        let operation = data.tg_event & pg_sys::TRIGGER_EVENT_OPMASK;
        let is_update = operation == pg_sys::TRIGGER_EVENT_UPDATE;
        if (*data.tg_trigger).tgnargs != 4
            || data.tg_event & (pg_sys::TRIGGER_EVENT_ROW | pg_sys::TRIGGER_EVENT_TIMINGMASK) != BEFORE_ROW
            || !(is_update || operation == pg_sys::TRIGGER_EVENT_INSERT)
        {
            error::change::not_a_trigger().raise();
        }
        let compiled = Compiled::of(data);
        let row = Row {
            compiled: &compiled,
            desc: (*data.tg_relation).rd_att,
            before: if is_update { data.tg_trigtuple } else { std::ptr::null_mut() },
            now: if is_update { data.tg_newtuple } else { data.tg_trigtuple },
        };
        pg_sys::Datum::from(row.convert())
    }
}

/// A row that is written.
struct Row<'a> {
    compiled: &'a Compiled,
    desc: pg_sys::TupleDesc,
    /// As it was; null for a new row.
    before: pg_sys::HeapTuple,
    /// As it is to be.
    now: pg_sys::HeapTuple,
}

/// A value and whether it is NULL.
type Value = (pg_sys::Datum, bool);

impl Row<'_> {
    /// The row with both shapes saying the same.
    ///
    /// # Safety
    /// The tuples must match the descriptor, which is that of the compiled relation.
    unsafe fn convert(&self) -> pg_sys::HeapTuple {
        let c = self.compiled;
        // SAFETY: the caller vouches for the tuples.
        unsafe {
            if self.before.is_null() {
                return if c.after || c.up.iter().any(|s| !self.now(s).1) {
                    self.put(&c.down)
                } else {
                    self.put(&c.up)
                };
            }
            if c.up.iter().any(|s| self.has_changed(s)) {
                if COPYING.get() == c.change && !c.down.iter().any(|s| self.has_changed(s)) {
                    return self.now;
                }
                // What a subscription applies was converted where it was written, perhaps from what `down` cannot give.
                if c.after || !self.agrees(&c.down) && !self.agrees(&c.up) {
                    return self.put(&c.down);
                }
                return self.now;
            }
            // A row that no copy has reached yet moves out of its way.
            let is_behind = || c.up.iter().all(|s| self.now(s).1);
            if !c.after && (c.down.iter().any(|s| self.has_changed(s)) || is_behind()) {
                return self.put(&c.up);
            }
            self.now
        }
    }

    /// # Safety
    /// As [`Row::convert`].
    unsafe fn now(&self, sink: &Sink) -> Value {
        // SAFETY: the caller vouches for the tuple.
        unsafe { value(self.now, sink.at, self.desc) }
    }

    /// # Safety
    /// As [`Row::convert`]; not for a new row.
    unsafe fn has_changed(&self, sink: &Sink) -> bool {
        // SAFETY: the caller vouches for the tuples.
        unsafe { !same(self.desc, sink.at, self.now(sink), value(self.before, sink.at, self.desc)) }
    }

    /// Whether columns are what their expressions say.
    ///
    /// # Safety
    /// As [`Row::convert`].
    unsafe fn agrees(&self, sinks: &[Sink]) -> bool {
        // SAFETY: the caller vouches for the tuple.
        unsafe {
            let values = self.evaluate(sinks);
            sinks.iter().zip(values).all(|(s, v)| same(self.desc, s.at, self.now(s), v))
        }
    }

    /// The row with columns made from their expressions.
    ///
    /// # Safety
    /// As [`Row::convert`].
    unsafe fn put(&self, sinks: &[Sink]) -> pg_sys::HeapTuple {
        // SAFETY: the caller vouches for the tuple; the values are copied into the new one.
        unsafe {
            let values = self.evaluate(sinks);
            if sinks.iter().zip(&values).all(|(s, v)| same(self.desc, s.at, self.now(s), *v)) {
                return self.now;
            }
            let mut at: Vec<i32> = sinks.iter().map(|s| s.at).collect();
            let mut datums: Vec<pg_sys::Datum> = values.iter().map(|v| v.0).collect();
            let mut nulls: Vec<bool> = values.iter().map(|v| v.1).collect();
            pg_sys::heap_modify_tuple_by_cols(
                self.now,
                self.desc,
                at.len() as i32,
                at.as_mut_ptr(),
                datums.as_mut_ptr(),
                nulls.as_mut_ptr(),
            )
        }
    }

    /// What expressions give for the row; they live until the next evaluation. An error names the row.
    ///
    /// # Safety
    /// As [`Row::convert`].
    unsafe fn evaluate(&self, sinks: &[Sink]) -> Vec<Value> {
        // SAFETY: reads a backend global.
        let context = unsafe { pg_sys::CurrentMemoryContext };
        let this = AssertUnwindSafe(self);
        let _use = self.compiled.enter();
        self.compiled.store(self.now);
        sinks
            .iter()
            .map(|sink| {
                let blamed = AssertUnwindSafe(sink);
                PgTryBuilder::new(AssertUnwindSafe(|| self.compiled.run(sink)))
                    .catch_others(|cause| {
                        // SAFETY: back to the context that the error left.
                        unsafe { pg_sys::MemoryContextSwitchTo(context) };
                        this.blame(&blamed, &cause)
                    })
                    .execute()
            })
            .collect()
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
                let value = text(pg_sys::SPI_getvalue(self.now, self.desc, *at));
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
