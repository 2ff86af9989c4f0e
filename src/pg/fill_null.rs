//! The trigger that gives a column its value where a client that does not know of it leaves it NULL.
use super::catalog::text;
use super::dual_write::position;
use super::{expression, settings_scope, written};
use pgrx::pg_sys;
use pgrx::pg_sys::ffi::pg_guard_ffi_boundary;
use std::ffi::CStr;

crate::raw_function_info!(pg_finfo_dg_fill_null);

/// What is prepared at the first row of a statement.
struct Prepared {
    column: i32,
    state: *mut pg_sys::ExprState,
    context: *mut pg_sys::ExprContext,
}

/// BEFORE INSERT OR UPDATE row trigger with two arguments: the column, and the expression over the columns of the row.
/// The expression runs with the rights of the writer, as a default does.
///
/// # Safety
/// Called by the server only, as a raw V1 function.
#[unsafe(no_mangle)]
#[pgrx::pg_guard]
pub unsafe extern "C-unwind" fn dg_fill_null(call: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: called by the server; relation and row are valid while the trigger runs. What is prepared lives as long as the
    // call's FmgrInfo: a statement.
    unsafe {
        let (data, trigger, row) = written::row(call, 2);
        let flinfo = (*call).flinfo;
        if (*flinfo).fn_extra.is_null() {
            let column = CStr::from_ptr(*trigger.tgargs).to_string_lossy();
            if !row.now(position(row.desc(), &column)).1 {
                return pg_sys::Datum::from(row.tuple());
            }
            let before = pg_sys::MemoryContextSwitchTo((*flinfo).fn_mcxt);
            (*flinfo).fn_extra = settings_scope::with_fixed_path(|| prepare(data)).cast();
            pg_sys::MemoryContextSwitchTo(before);
        }
        let prepared = &*(*flinfo).fn_extra.cast::<Prepared>();
        if !row.now(prepared.column).1 {
            return pg_sys::Datum::from(row.tuple());
        }
        let context = prepared.context;
        (*context).ecxt_scantuple = row.slot();
        let before = pg_sys::MemoryContextSwitchTo((*context).ecxt_per_tuple_memory);
        let evaluate =
            (*prepared.state).evalfunc.unwrap_or_else(|| crate::error::change::not_a_trigger().raise());
        let mut null = false;
        let value = pg_guard_ffi_boundary(|| evaluate(prepared.state, context, &mut null));
        pg_sys::MemoryContextSwitchTo(before);
        let filled = row.with(std::iter::once((prepared.column, (value, null))));
        pg_sys::MemoryContextReset((*context).ecxt_per_tuple_memory);
        pg_sys::Datum::from(filled)
    }
}

/// # Safety
/// `data` must be that of a row trigger with two arguments; the current memory must last as long as the result is used.
unsafe fn prepare(data: &pg_sys::TriggerData) -> *mut Prepared {
    // SAFETY: the caller vouches for the trigger; expression and state are made for its very relation.
    unsafe {
        let arguments = (*data.tg_trigger).tgargs;
        let column = text(*arguments).unwrap_or_default();
        let wanted = text(*arguments.add(1)).unwrap_or_default();
        let relid = (*data.tg_relation).rd_id;
        let number = position((*data.tg_relation).rd_att, &column);
        let Some(of_type) = expression::typed(relid, &column) else {
            crate::error::change::column_gone(&column).raise()
        };
        let expression = expression::of_text(relid, &wanted, of_type);
        let executor = pg_sys::CreateExecutorState();
        let prepared = Prepared {
            column: number,
            state: pg_sys::ExecPrepareExpr(expression.node.cast(), executor),
            context: pg_sys::CreateExprContext(executor),
        };
        let place = pg_sys::palloc(size_of::<Prepared>()).cast::<Prepared>();
        place.write(prepared);
        place
    }
}
