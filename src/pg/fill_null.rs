//! The trigger that gives a column its value where a client that does not know of it leaves it NULL.
use super::catalog::{self, text};
use super::dual_write::position;
use super::{expression, owner, settings_scope};
use crate::change::planned;
use pgrx::pg_sys;
use std::ffi::CString;

crate::raw_function_info!(pg_finfo_dg_fill_null);

/// What is prepared at the first row of a statement.
struct Prepared {
    column: i32,
    state: *mut pg_sys::ExprState,
    context: *mut pg_sys::ExprContext,
    slot: *mut pg_sys::TupleTableSlot,
    /// Whose rights it runs with; InvalidOid for those of the writer.
    role: pg_sys::Oid,
    /// The settings to evaluate it under, as JSON; null for those of the session.
    meaning: *const std::ffi::c_char,
}

/// BEFORE INSERT OR UPDATE row trigger with two arguments: the column, and the expression over the columns of the row.
/// The expression runs with the rights of the writer, as a default does; with a third argument, `owner`, with those of the
/// table's owner, as the copy does: it then stands in for the copy, for old rows that move out of its way. Those it has only for
/// what a plan says. A fourth one holds the settings that an expression which depends on settings is evaluated under.
///
/// # Safety
/// Called by the server only, as a raw V1 function.
#[unsafe(no_mangle)]
#[pgrx::pg_guard]
pub unsafe extern "C-unwind" fn dg_fill_null(call: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    const BEFORE_ROW: u32 = pg_sys::TRIGGER_EVENT_BEFORE | pg_sys::TRIGGER_EVENT_ROW;
    // SAFETY: the context is checked to be a TriggerData of a BEFORE ROW trigger for INSERT or UPDATE; its relation and
    // tuples are valid while the trigger runs. What is prepared lives as long as the call's FmgrInfo: a statement.
    unsafe {
        let context = (*call).context;
        if context.is_null() || (*context).type_ != pg_sys::NodeTag::T_TriggerData {
            crate::error::change::not_a_trigger().raise();
        }
        let data = &*context.cast::<pg_sys::TriggerData>();
        let operation = data.tg_event & pg_sys::TRIGGER_EVENT_OPMASK;
        let is_update = operation == pg_sys::TRIGGER_EVENT_UPDATE;
        if !matches!((*data.tg_trigger).tgnargs, 2..=4)
            || data.tg_event & (pg_sys::TRIGGER_EVENT_ROW | pg_sys::TRIGGER_EVENT_TIMINGMASK) != BEFORE_ROW
            || !(is_update || operation == pg_sys::TRIGGER_EVENT_INSERT)
        {
            crate::error::change::not_a_trigger().raise();
        }
        let tuple = if is_update { data.tg_newtuple } else { data.tg_trigtuple };
        let desc = (*data.tg_relation).rd_att;
        let flinfo = (*call).flinfo;
        if (*flinfo).fn_extra.is_null() {
            // Preparing costs ten times what the statement does, and most writers give a value.
            let column = text(*(*data.tg_trigger).tgargs).unwrap_or_default();
            let mut null = false;
            pg_sys::heap_getattr(tuple, position(desc, &column), desc, &mut null);
            if !null {
                return pg_sys::Datum::from(tuple);
            }
            let before = pg_sys::MemoryContextSwitchTo((*flinfo).fn_mcxt);
            (*flinfo).fn_extra = prepare(data).cast();
            pg_sys::MemoryContextSwitchTo(before);
        }
        let prepared = &*(*flinfo).fn_extra.cast::<Prepared>();
        let mut null = false;
        pg_sys::heap_getattr(tuple, prepared.column, desc, &mut null);
        if !null {
            return pg_sys::Datum::from(tuple);
        }
        pg_sys::ExecForceStoreHeapTuple(tuple, prepared.slot, false);
        (*prepared.context).ecxt_scantuple = prepared.slot;
        let before = pg_sys::MemoryContextSwitchTo((*prepared.context).ecxt_per_tuple_memory);
        let evaluate =
            (*prepared.state).evalfunc.unwrap_or_else(|| crate::error::change::not_a_trigger().raise());
        let _meaning = text(prepared.meaning).and_then(|json| {
            let settings = serde_json::from_str(&json).unwrap_or_default();
            settings_scope::as_written(&settings_scope::meaning_of(&settings))
        });
        let mut run = || evaluate(prepared.state, prepared.context, &mut null);
        let mut value =
            if prepared.role == pg_sys::InvalidOid { run() } else { owner::as_role(prepared.role, run) };
        pg_sys::MemoryContextSwitchTo(before);
        let mut column = prepared.column;
        let filled = pg_sys::heap_modify_tuple_by_cols(tuple, desc, 1, &mut column, &mut value, &mut null);
        (*(*prepared.slot).tts_ops).clear.inspect(|clear| clear(prepared.slot));
        pg_sys::MemoryContextReset((*prepared.context).ecxt_per_tuple_memory);
        pg_sys::Datum::from(filled)
    }
}

/// # Safety
/// `data` must be that of a row trigger with two to four arguments; the current memory must last as long as the result is used.
unsafe fn prepare(data: &pg_sys::TriggerData) -> *mut Prepared {
    // SAFETY: the caller vouches for the trigger; expression, state and slot are made for its very relation.
    unsafe {
        let arguments = (*data.tg_trigger).tgargs;
        let column = text(*arguments).unwrap_or_default();
        let wanted = text(*arguments.add(1)).unwrap_or_default();
        let (relid, desc) = ((*data.tg_relation).rd_id, (*data.tg_relation).rd_att);
        let name = CString::new(column.as_str()).unwrap_or_default();
        let number = pg_sys::SPI_fnumber(desc, name.as_ptr());
        let Some(of_type) = expression::typed(relid, &column).filter(|_| number > 0) else {
            crate::error::change::column_gone(&column).raise()
        };
        let executor = pg_sys::CreateExecutorState();
        let state = || {
            let expression = expression::of_text(relid, &wanted, of_type);
            pg_sys::ExecPrepareExpr(expression.node.cast(), executor)
        };
        let count = (*data.tg_trigger).tgnargs;
        let is_owners = count > 2 && text(*arguments.add(2)).as_deref() == Some("owner");
        // Whoever may make triggers on the table could say so.
        let plan = is_owners.then(|| planned::plan_of((*data.tg_trigger).tgoid)).flatten();
        let role = plan.and_then(|p| catalog::relation_owner(p.relid)).unwrap_or(pg_sys::InvalidOid);
        let prepared = Prepared {
            column: number,
            // Who may call its functions is asked here.
            state: if role == pg_sys::InvalidOid { state() } else { owner::as_role(role, state) },
            role,
            meaning: if count > 3 { pg_sys::pstrdup(*arguments.add(3)) } else { std::ptr::null() },
            context: pg_sys::CreateExprContext(executor),
            // Of a copy: a reference to the relation's own would have to be given back.
            slot: pg_sys::MakeSingleTupleTableSlot(
                pg_sys::CreateTupleDescCopy(desc),
                &raw const pg_sys::TTSOpsHeapTuple,
            ),
        };
        let place = pg_sys::palloc(size_of::<Prepared>()).cast::<Prepared>();
        place.write(prepared);
        place
    }
}
