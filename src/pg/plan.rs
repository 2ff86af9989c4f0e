//! Statements that are planned once per backend and then run often.
use pgrx::pg_sys;
use std::cell::Cell;
use std::ffi::{CStr, c_char};

/// A statement without a result, planned at its first run and kept.
pub struct KeptPlan {
    sql: &'static CStr,
    types: &'static [pg_sys::Oid],
    plan: Cell<pg_sys::SPIPlanPtr>,
}

impl KeptPlan {
    /// A plan to be. The statement must name everything with its schema: it may be planned anew under any search path.
    #[must_use]
    pub const fn new(sql: &'static CStr, types: &'static [pg_sys::Oid]) -> Self {
        KeptPlan { sql, types, plan: Cell::new(std::ptr::null_mut()) }
    }

    /// Runs it.
    ///
    /// # Safety
    /// `values` must have one datum of the declared type, or None for NULL, per parameter.
    pub unsafe fn run(&self, values: &[Option<pg_sys::Datum>]) {
        debug_assert_eq!(values.len(), self.types.len());
        let mut datums: Vec<pg_sys::Datum> =
            values.iter().map(|v| v.unwrap_or(pg_sys::Datum::from(0))).collect();
        let nulls: Vec<c_char> =
            values.iter().map(|v| if v.is_some() { b' ' } else { b'n' } as c_char).collect();
        let mut types = self.types.to_vec();
        // SAFETY: SPI is entered and left here; an error unwinds past it and the (sub)transaction abort cleans up. The
        // plan is kept outside SPI's memory as soon as it is made. The caller vouches for the values.
        let result = unsafe {
            pg_sys::SPI_connect();
            if self.plan.get().is_null() {
                let plan = pg_sys::SPI_prepare(self.sql.as_ptr(), types.len() as i32, types.as_mut_ptr());
                if plan.is_null() || pg_sys::SPI_keepplan(plan) != 0 {
                    pgrx::error!("governance: internal statement could not be planned");
                }
                self.plan.set(plan);
            }
            let result =
                pg_sys::SPI_execute_plan(self.plan.get(), datums.as_mut_ptr(), nulls.as_ptr(), false, 0);
            pg_sys::SPI_finish();
            result
        };
        if result < 0 {
            pgrx::error!("governance: internal statement failed with SPI code {result}");
        }
    }
}
