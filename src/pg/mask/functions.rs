//! The masks as functions of the server: raw ones, since they run once per value.
use crate::core::privacy::key::Pseudonymizer;
use crate::core::privacy::mask;
use crate::error;
use crate::pg::cache;
use pgrx::pg_sys::{self, NodeTag};
use pgrx::{FromDatum, pg_guard};
use std::cell::RefCell;

crate::raw_function_info!(pg_finfo_data_governance_mask_email);
/// `mask_email(text)`.
///
/// # Safety
/// The server calls it with arguments of the types declared in `sql/privacy.sql`, the first not NULL.
#[unsafe(no_mangle)]
#[pg_guard]
pub unsafe extern "C-unwind" fn data_governance_mask_email(
    fcinfo: pg_sys::FunctionCallInfo,
) -> pg_sys::Datum {
    // SAFETY: the server vouches for the arguments.
    unsafe {
        with_text(fcinfo, |value, out| {
            mask::email(value, out);
            true
        })
    }
}

crate::raw_function_info!(pg_finfo_data_governance_mask_phone);
/// `mask_phone(text)`.
///
/// # Safety
/// The server calls it with arguments of the types declared in `sql/privacy.sql`, the first not NULL.
#[unsafe(no_mangle)]
#[pg_guard]
pub unsafe extern "C-unwind" fn data_governance_mask_phone(
    fcinfo: pg_sys::FunctionCallInfo,
) -> pg_sys::Datum {
    // SAFETY: the server vouches for the arguments.
    unsafe {
        with_text(fcinfo, |value, out| {
            mask::phone(value, out);
            true
        })
    }
}

crate::raw_function_info!(pg_finfo_data_governance_mask_partial);
/// `mask_partial(text, int, int, text)`.
///
/// # Safety
/// The server calls it with arguments of the types declared in `sql/privacy.sql`, the first not NULL.
#[unsafe(no_mangle)]
#[pg_guard]
pub unsafe extern "C-unwind" fn data_governance_mask_partial(
    fcinfo: pg_sys::FunctionCallInfo,
) -> pg_sys::Datum {
    // SAFETY: the server vouches for the arguments.
    unsafe {
        let count = |n| usize::try_from(argument::<i32>(fcinfo, n).unwrap_or(0)).unwrap_or(0);
        let pad = argument::<&str>(fcinfo, 3).unwrap_or(mask::PAD);
        with_text(fcinfo, |value, out| {
            mask::partial(value, count(1), count(2), pad.as_bytes(), out);
            true
        })
    }
}

crate::raw_function_info!(pg_finfo_data_governance_mask_pseudonym);
/// `mask_pseudonym(text, text)`, for operators.
///
/// # Safety
/// The server calls it with arguments of the types declared in `sql/privacy.sql`, the first not NULL.
#[unsafe(no_mangle)]
#[pg_guard]
pub unsafe extern "C-unwind" fn data_governance_mask_pseudonym(
    fcinfo: pg_sys::FunctionCallInfo,
) -> pg_sys::Datum {
    // SAFETY: the server vouches for the arguments.
    unsafe {
        with_text(fcinfo, |value, out| pseudonym(argument::<&str>(fcinfo, 1).unwrap_or(""), value, out))
    }
}

crate::raw_function_info!(pg_finfo_data_governance_pseudonym);
/// `_pseudonym(text, text)`: everybody may execute it, since the server checks that when a masked query runs; but who
/// could call it with values of their own could look up a pseudonym by guessing, so it wants a call that the planner
/// hook made.
///
/// # Safety
/// The server calls it with arguments of the types declared in `sql/privacy.sql`, the first not NULL.
#[unsafe(no_mangle)]
#[pg_guard]
pub unsafe extern "C-unwind" fn data_governance_pseudonym(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the server vouches for the arguments.
    unsafe {
        let call = (*(*fcinfo).flinfo).fn_expr.cast::<pg_sys::FuncExpr>();
        let ours = !call.is_null()
            && (*call).xpr.type_ == NodeTag::T_FuncExpr
            && (*call).funcformat == pg_sys::CoercionForm::COERCE_SQL_SYNTAX;
        if !ours {
            error::privacy::not_for_callers().raise();
        }
        with_text(fcinfo, |value, out| pseudonym(argument::<&str>(fcinfo, 1).unwrap_or(""), value, out))
    }
}

/// An argument, None when it is NULL.
unsafe fn argument<T: FromDatum>(fcinfo: pg_sys::FunctionCallInfo, n: usize) -> Option<T> {
    // SAFETY: the caller names an argument that the function was declared with, and its type.
    unsafe {
        let argument = &*(*fcinfo).args.as_ptr().add(n);
        T::from_datum(argument.value, argument.isnull)
    }
}

thread_local! {
    /// Reused from call to call.
    static OUTPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Runs a mask over the bytes of the first argument; NULL where it gives none.
unsafe fn with_text(
    fcinfo: pg_sys::FunctionCallInfo,
    f: impl FnOnce(&[u8], &mut Vec<u8>) -> bool,
) -> pg_sys::Datum {
    // SAFETY: the first argument is a text that is not NULL; the result is a text of exactly the bytes written.
    unsafe {
        let packed = pg_sys::pg_detoast_datum_packed((*(*fcinfo).args.as_ptr()).value.cast_mut_ptr());
        let bytes: &[u8] = std::slice::from_raw_parts(
            pgrx::varlena::vardata_any(packed).cast(),
            pgrx::varlena::varsize_any_exhdr(packed),
        );
        let mut out = OUTPUT.take();
        out.clear();
        let made = f(bytes, &mut out);
        let datum = made.then(|| {
            pg_sys::Datum::from(pg_sys::cstring_to_text_with_len(out.as_ptr().cast(), out.len() as i32))
        });
        OUTPUT.set(out);
        (*fcinfo).isnull = !made;
        datum.unwrap_or(pg_sys::Datum::from(0))
    }
}

/// The key made ready, by recipient; good for one generation of caches, and a missing one for one statement.
struct Ready {
    generation: u64,
    statement: i64,
    recipient: String,
    key: Option<Pseudonymizer>,
}

thread_local! {
    static READY: RefCell<Option<Ready>> = const { RefCell::new(None) };
}

/// Forgets the key: another was made.
pub fn forget_key() {
    READY.set(None);
}

fn pseudonym(recipient: &str, value: &[u8], out: &mut Vec<u8>) -> bool {
    // SAFETY: plain read of a backend global.
    let statement = unsafe { pg_sys::GetCurrentStatementStartTimestamp() };
    let good = READY.with_borrow(|ready| {
        ready.as_ref().is_some_and(|r| {
            r.recipient == recipient
                && r.generation == cache::generation()
                && (r.key.is_some() || r.statement == statement)
        })
    });
    if !good {
        // Not inside a borrow: reading the key runs a query.
        cache::settle();
        let key = crate::privacy::key::reference(recipient)
            .and_then(|reference| crate::privacy::key::open(&reference))
            .and_then(|k| Pseudonymizer::new(&k, ""));
        let generation = cache::generation();
        READY.set(Some(Ready { generation, statement, recipient: recipient.to_string(), key }));
    }
    READY.with_borrow(|ready| match ready.as_ref().and_then(|r| r.key.as_ref()) {
        Some(key) => {
            key.pseudonym(value, out);
            true
        }
        None => false,
    })
}
