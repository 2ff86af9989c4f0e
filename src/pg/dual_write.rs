//! The trigger that keeps an old column and its new twin equal while clients of both shapes write.
use super::catalog::text;
use super::written;
use pgrx::pg_sys;
use std::cell::Cell;
use std::ffi::{CStr, CString, c_char};

thread_local! {
    /// Where the two columns were the last time: where to look first.
    static LAST: Cell<(i32, i32)> = const { Cell::new((0, 0)) };
}

crate::raw_function_info!(pg_finfo_dg_dual_write);

/// BEFORE INSERT OR UPDATE row trigger with two arguments: the old and the new column.
///
/// On INSERT the new column wins when it is given, else it takes the old one's value. On UPDATE the column that the
/// statement changed wins; when both changed, the new one. So a client that knows only one of them never notices the
/// other. It calls nothing that looks anything up by name, so it needs no search path of its own (decision 4).
///
/// # Safety
/// Called by the server only, as a raw V1 function.
#[unsafe(no_mangle)]
#[pgrx::pg_guard]
pub unsafe extern "C-unwind" fn dg_dual_write(call: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: called by the server; the columns are looked up by name in the very relation that the row is of.
    unsafe {
        let (_, trigger, row) = written::row(call, 2..=2);
        let names = [*trigger.tgargs, *trigger.tgargs.add(1)];
        let last = LAST.get();
        let at = (find(row.desc(), names[0], last.0), find(row.desc(), names[1], last.1));
        LAST.set(at);
        let (old_at, new_at) = at;
        // Values are copied as they are. The table's owner may have given one of the columns another type since.
        if type_of(row.desc(), old_at) != type_of(row.desc(), new_at) {
            let [old, new] = names.map(|n| text(n).unwrap_or_default());
            crate::error::change::types_differ(&old, &new).raise();
        }
        let (old, new) = (row.now(old_at), row.now(new_at));
        let new_wins = if row.is_new() { !new.1 } else { row.has_changed(new_at) };
        if row.same(new_at, old, new) {
            return pg_sys::Datum::from(row.tuple());
        }
        let change = if new_wins { (old_at, new) } else { (new_at, old) };
        pg_sys::Datum::from(row.with(std::iter::once(change)))
    }
}

/// # Safety
/// A valid descriptor and one of its columns.
unsafe fn attribute<'a>(desc: pg_sys::TupleDesc, at: i32) -> &'a pg_sys::FormData_pg_attribute {
    // SAFETY: attributes are stored behind the descriptor, from 1.
    unsafe { &*(*desc).attrs.as_ptr().add(at as usize - 1) }
}

/// # Safety
/// A valid descriptor and one of its columns.
unsafe fn type_of(desc: pg_sys::TupleDesc, at: i32) -> pg_sys::Oid {
    // SAFETY: the caller vouches for both.
    unsafe { attribute(desc, at).atttypid }
}

/// Number of a column, looked for at one place first; raises 42703 when it is gone.
///
/// # Safety
/// `desc` must be valid, and `name` a C string.
unsafe fn find(desc: pg_sys::TupleDesc, name: *const c_char, first: i32) -> i32 {
    // SAFETY: the caller vouches for both; names of columns are C strings.
    unsafe {
        let name = CStr::from_ptr(name);
        let is_it = |at: i32| {
            let attribute = attribute(desc, at);
            !attribute.attisdropped && CStr::from_ptr(attribute.attname.data.as_ptr()) == name
        };
        let columns = (*desc).natts;
        if first > 0 && first <= columns && is_it(first) {
            return first;
        }
        (1..=columns)
            .find(|at| is_it(*at))
            .unwrap_or_else(|| crate::error::change::column_gone(&name.to_string_lossy()).raise())
    }
}

/// Whether a tuple descriptor has a column.
///
/// # Safety
/// `desc` must be valid.
#[must_use]
pub unsafe fn exists(desc: pg_sys::TupleDesc, column: &str) -> bool {
    let name = CString::new(column).unwrap_or_default();
    // SAFETY: the caller vouches for the descriptor; names of columns are C strings.
    unsafe {
        (1..=(*desc).natts).map(|at| attribute(desc, at)).any(|attribute| {
            !attribute.attisdropped && CStr::from_ptr(attribute.attname.data.as_ptr()) == name.as_c_str()
        })
    }
}

/// Number of a column in a tuple descriptor; raises 42703 when it is gone.
///
/// # Safety
/// `desc` must be valid.
#[must_use]
pub unsafe fn position(desc: pg_sys::TupleDesc, column: &str) -> i32 {
    let name = CString::new(column).unwrap_or_default();
    // SAFETY: the caller vouches for the descriptor.
    unsafe { find(desc, name.as_ptr(), 0) }
}
