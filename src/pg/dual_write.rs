//! The trigger that keeps an old column and its new twin equal while clients of both shapes write.
use super::catalog::text;
use pgrx::pg_sys;
use std::ffi::CString;

crate::raw_function_info!(pg_finfo_dg_dual_write);

/// BEFORE INSERT OR UPDATE row trigger with two arguments: the old and the new column.
///
/// On INSERT the new column wins when it is given, else it takes the old one's value. On UPDATE the column that the
/// statement changed wins; when both changed, the new one. So a client that knows only one of them never notices the
/// other.
///
/// # Safety
/// Called by the server only, as a raw V1 function.
#[unsafe(no_mangle)]
#[pgrx::pg_guard]
pub unsafe extern "C-unwind" fn dg_dual_write(call: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    const BEFORE_ROW: u32 = pg_sys::TRIGGER_EVENT_BEFORE | pg_sys::TRIGGER_EVENT_ROW;
    // SAFETY: the context is checked to be a TriggerData of a BEFORE ROW trigger for INSERT or UPDATE; its relation and
    // tuples are valid while the trigger runs, and the columns are looked up by name in that very relation.
    unsafe {
        let context = (*call).context;
        if context.is_null() || (*context).type_ != pg_sys::NodeTag::T_TriggerData {
            crate::error::change::not_a_trigger().raise();
        }
        let data = &*context.cast::<pg_sys::TriggerData>();
        let trigger = &*data.tg_trigger;
        let operation = data.tg_event & pg_sys::TRIGGER_EVENT_OPMASK;
        let is_update = operation == pg_sys::TRIGGER_EVENT_UPDATE;
        if trigger.tgnargs != 2
            || data.tg_event & (pg_sys::TRIGGER_EVENT_ROW | pg_sys::TRIGGER_EVENT_TIMINGMASK) != BEFORE_ROW
            || !(is_update || operation == pg_sys::TRIGGER_EVENT_INSERT)
        {
            crate::error::change::not_a_trigger().raise();
        }
        let (old_column, new_column) =
            (text(*trigger.tgargs).unwrap_or_default(), text(*trigger.tgargs.add(1)).unwrap_or_default());
        let desc = (*data.tg_relation).rd_att;
        let (old_at, new_at) = (position(desc, &old_column), position(desc, &new_column));
        // Values are copied as they are. The table's owner may have given one of the columns another type since.
        if pg_sys::SPI_gettypeid(desc, old_at) != pg_sys::SPI_gettypeid(desc, new_at) {
            crate::error::change::types_differ(&old_column, &new_column).raise();
        }
        let tuple = if is_update { data.tg_newtuple } else { data.tg_trigtuple };

        let (old, new) = (value(tuple, old_at, desc), value(tuple, new_at, desc));
        let new_wins = if is_update {
            let before = value(data.tg_trigtuple, new_at, desc);
            !same(desc, new_at, new, before)
        } else {
            !new.1
        };
        let (source, sink) = if new_wins { (new, old_at) } else { (old, new_at) };
        let current = if new_wins { old } else { new };
        if same(desc, sink, source, current) {
            return pg_sys::Datum::from(tuple);
        }
        let mut at = sink;
        let mut datum = source.0;
        let mut null = source.1;
        pg_sys::Datum::from(pg_sys::heap_modify_tuple_by_cols(tuple, desc, 1, &mut at, &mut datum, &mut null))
    }
}

/// Number of a column in a tuple descriptor; raises 42703 when it is gone.
///
/// # Safety
/// `desc` must be valid.
#[must_use]
pub unsafe fn position(desc: pg_sys::TupleDesc, column: &str) -> i32 {
    let name = CString::new(column).unwrap_or_default();
    // SAFETY: a valid descriptor and C string.
    let at = unsafe { pg_sys::SPI_fnumber(desc, name.as_ptr()) };
    if at <= 0 {
        crate::error::change::column_gone(column).raise();
    }
    at
}

/// A column's value and whether it is NULL.
///
/// # Safety
/// `tuple` must match `desc`, and `at` be one of its columns.
#[must_use]
pub unsafe fn value(tuple: pg_sys::HeapTuple, at: i32, desc: pg_sys::TupleDesc) -> (pg_sys::Datum, bool) {
    let mut null = false;
    // SAFETY: the caller vouches for tuple and column.
    let datum = unsafe { pg_sys::heap_getattr(tuple, at, desc, &mut null) };
    (datum, null)
}

/// Whether two values of a column have the same image, TOAST resolved: needs no equality operator.
///
/// # Safety
/// The values must be of column `at` of `desc`.
#[must_use]
pub unsafe fn same(
    desc: pg_sys::TupleDesc,
    at: i32,
    a: (pg_sys::Datum, bool),
    b: (pg_sys::Datum, bool),
) -> bool {
    if a.1 || b.1 {
        return a.1 && b.1;
    }
    // SAFETY: attributes are stored behind the descriptor, from 1; the caller vouches for the values.
    unsafe {
        let attribute = &*(*desc).attrs.as_ptr().add(at as usize - 1);
        if attribute.attbyval {
            return a.0 == b.0;
        }
        super::missing::datum_image_eq(a.0, b.0, attribute.attbyval, i32::from(attribute.attlen))
    }
}
