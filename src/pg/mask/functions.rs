//! The masks as functions of the server: raw ones, since they run once per value.
use super::apply::{apply, bytes};
use super::session::is_query_worker;
use super::types::{self, Kind};
use super::{index, keys};
use crate::core::privacy::key::Keys;
use crate::core::privacy::mask::Mask;
use crate::core::privacy::masks::Context;
use crate::error;
use crate::pg::{catalog, roles, session};
use pgrx::pg_sys::{self, NodeTag};
use pgrx::{FromDatum, PgMemoryContexts, pg_guard};
use serde_json::{Map, Value};
use std::rc::Rc;

/// What a call of a mask needs, read once for each place in a plan where one stands.
struct Site {
    mask: Mask,
    kind: Kind,
    /// The keys, where the mask needs some and there are some: the same for as long as the plan runs.
    keys: Option<Rc<Keys>>,
    not_null: bool,
}

impl Site {
    /// A value under the mask.
    ///
    /// # Safety
    /// `value` must be a value of the site's type.
    unsafe fn apply(&self, value: pg_sys::Datum, subject: &[u8]) -> Option<pg_sys::Datum> {
        let with = Context { keys: self.keys.as_deref(), subject };
        // SAFETY: the caller vouches for the value.
        let made = unsafe { apply(&self.mask, self.kind, value, with) };
        made.or_else(|| {
            self.not_null.then(|| types::parse(self.kind, types::default_text(self.kind)?)).flatten()
        })
    }
}

crate::raw_function_info!(pg_finfo_data_governance_mask);
/// `_mask(anyelement, text, text, text)`: value, mask, key, subject. Everybody may execute it, since the server checks
/// that when a masked query runs; but who could call it with values of their own could look up a pseudonym by guessing,
/// so it wants a call that the planner hook made.
///
/// # Safety
/// The server calls it with arguments of the types declared in `sql/privacy.sql`, none of them NULL.
#[unsafe(no_mangle)]
#[pg_guard]
pub unsafe extern "C-unwind" fn data_governance_mask(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the server vouches for the arguments.
    unsafe {
        let flinfo = (*fcinfo).flinfo;
        if (*flinfo).fn_extra.is_null() {
            let call = (*flinfo).fn_expr.cast::<pg_sys::FuncExpr>();
            let is_call = !call.is_null() && (*call).xpr.type_ == NodeTag::T_FuncExpr;
            let planned_here = is_call && (*call).funcformat == pg_sys::CoercionForm::COERCE_SQL_SYNTAX;
            // What is stored has no place in a text; only indexes of ours store such a call. While one is made, by
            // us or by a dump, it has. A call whose arguments are constants has none either, once it is folded, and
            // none has in a plan that was sent to a parallel worker.
            let is_restored = session::runs_dump_script() && roles::is_superuser(roles::outer());
            let stored = is_call
                && !planned_here
                && is_of_a_column(call)
                && !is_query_worker()
                && ((*call).location == -1 || index::is_making() || is_restored);
            if !planned_here && !stored {
                error::privacy::not_for_callers().raise();
            }
            let spec = argument::<&str>(fcinfo, 1).unwrap_or_default();
            let key = argument::<&str>(fcinfo, 2).unwrap_or_default();
            let site = planned((*call).funcresulttype, spec, key);
            if stored && site.mask.is_keyed() && site.keys.is_none() {
                // An index without the value would not find it for whoever has the key again.
                error::privacy::index_without_key().raise();
            }
            keep(flinfo, site);
        }
        let site = &*(*flinfo).fn_extra.cast::<Site>();
        let subject = bytes(datum(fcinfo, 3));
        answer(fcinfo, site.apply(datum(fcinfo, 0), subject))
    }
}

/// Whether the value that a call masks is a column.
///
/// # Safety
/// `call` must be a valid FuncExpr.
unsafe fn is_of_a_column(call: *mut pg_sys::FuncExpr) -> bool {
    // SAFETY: the caller vouches for the node; the first argument is one, and so is what it relabels.
    unsafe {
        let mut value = pg_sys::list_nth((*call).args, 0).cast::<pg_sys::Node>();
        if (*value).type_ == NodeTag::T_RelabelType {
            value = (*value.cast::<pg_sys::RelabelType>()).arg.cast();
        }
        (*value).type_ == NodeTag::T_Var
    }
}

/// What the planner hook wrote down about a mask.
#[must_use]
pub fn spec(mask: &Mask, typmod: i32, not_null: bool) -> String {
    serde_json::json!([mask.spec(), typmod, not_null]).to_string()
}

fn planned(base: pg_sys::Oid, spec: &str, key: &str) -> Site {
    let spec: Value = serde_json::from_str(spec).unwrap_or_default();
    let mask = Mask::from_spec(&spec[0]).unwrap_or(Mask::Null);
    let typmod = spec[1].as_i64().and_then(|n| i32::try_from(n).ok()).unwrap_or(-1);
    let kind = Kind { typmod, ..Kind::of(base, typmod) };
    let keys = if mask.is_keyed() { keys::of(key) } else { None };
    Site { kind, keys, not_null: spec[2] == true, mask }
}

crate::raw_function_info!(pg_finfo_data_governance_mask_call);
/// `mask_…(value, …)`: the mask is the function's name, its arguments are those of the function, by name; `recipient` and
/// `subject` are what they say.
///
/// # Safety
/// The server calls it with arguments of the types declared in `sql/privacy.sql`.
#[unsafe(no_mangle)]
#[pg_guard]
pub unsafe extern "C-unwind" fn data_governance_mask_call(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the server vouches for the arguments, which have the types that the catalog says.
    unsafe {
        let flinfo = (*fcinfo).flinfo;
        if (*(*fcinfo).args.as_ptr()).isnull {
            return answer(fcinfo, None);
        }
        if (*flinfo).fn_extra.is_null() {
            keep(flinfo, Called { signature: Signature::read(flinfo), given: None });
        }
        let called = &mut *(*flinfo).fn_extra.cast::<Called>();
        let fixed = (1..called.signature.names.len())
            .all(|n| !(*flinfo).fn_expr.is_null() && pg_sys::get_fn_expr_arg_stable(flinfo, n as i32));
        if called.given.is_none() || !fixed {
            called.given = Some(called.signature.site(fcinfo));
        }
        let Some((site, subject)) = &called.given else { return answer(fcinfo, None) };
        let value = datum(fcinfo, 0);
        let value = match called.signature.output {
            Some(output) => {
                let written = pg_sys::OidOutputFunctionCall(output, value);
                pg_sys::Datum::from(pg_sys::cstring_to_text(written))
            }
            None => value,
        };
        answer(fcinfo, site.apply(value, subject))
    }
}

/// A call of a function for users.
struct Called {
    signature: Signature,
    given: Option<(Site, Vec<u8>)>,
}

/// What the catalog says about a function.
struct Signature {
    mask: String,
    names: Vec<String>,
    types: Vec<pg_sys::Oid>,
    result: pg_sys::Oid,
    /// Writes the value as text, where the result is text and the value is not.
    output: Option<pg_sys::Oid>,
}

impl Signature {
    unsafe fn read(flinfo: *mut pg_sys::FmgrInfo) -> Self {
        // SAFETY: the function being called exists; its arrays are allocated and have as many elements as it says.
        unsafe {
            let function = (*flinfo).fn_oid;
            let name = catalog::text(pg_sys::get_func_name(function)).unwrap_or_default();
            let tuple = pg_sys::SearchSysCache1(
                pg_sys::SysCacheIdentifier::PROCOID as i32,
                pg_sys::Datum::from(function),
            );
            if tuple.is_null() {
                return Signature {
                    mask: name,
                    names: Vec::new(),
                    types: Vec::new(),
                    result: pg_sys::TEXTOID,
                    output: None,
                };
            }
            let (mut types, mut names, mut modes) =
                (std::ptr::null_mut(), std::ptr::null_mut(), std::ptr::null_mut());
            let count = pg_sys::get_func_arg_info(tuple, &mut types, &mut names, &mut modes);
            let count = if names.is_null() { 0 } else { usize::try_from(count).unwrap_or(0) };
            let names = (0..count).map(|n| catalog::text(*names.add(n)).unwrap_or_default()).collect();
            let mut types: Vec<_> = (0..count).map(|n| *types.add(n)).collect();
            let mut result = (*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_proc>()).prorettype;
            pg_sys::ReleaseSysCache(tuple);
            if result == pg_sys::ANYELEMENTOID {
                result = pg_sys::get_fn_expr_rettype(flinfo);
                types[0] = result;
            }
            let (mut output, mut is_varlena) = (pg_sys::InvalidOid, false);
            let differs = types.first().is_some_and(|t| *t != result);
            if differs {
                pg_sys::getTypeOutputInfo(types[0], &mut output, &mut is_varlena);
            }
            let mask = name.strip_prefix("mask_").unwrap_or_default().to_string();
            Signature { mask, names, types, result, output: differs.then_some(output) }
        }
    }

    /// The mask with the arguments given, and the subject.
    unsafe fn site(&self, fcinfo: pg_sys::FunctionCallInfo) -> (Site, Vec<u8>) {
        let (mut args, mut recipient, mut subject) = (Map::new(), String::new(), Vec::new());
        for (n, (name, of)) in self.names.iter().zip(&self.types).enumerate().skip(1) {
            // SAFETY: the function has such an argument, of that type.
            let Some(text) = (unsafe { written(fcinfo, n, *of) }) else { continue };
            match name.as_str() {
                "recipient" => recipient = text,
                "subject" => {
                    subject = text.into_bytes();
                    args.insert("subject".into(), "subject".into());
                }
                _ => {
                    let plain = [pg_sys::TEXTOID, pg_sys::VARCHAROID].contains(of);
                    let flag = match (*of == pg_sys::BOOLOID, text.as_str()) {
                        (true, "t") => Some(Value::Bool(true)),
                        (true, _) => Some(Value::Bool(false)),
                        _ => None,
                    };
                    let value = flag
                        .or_else(|| if plain { None } else { serde_json::from_str(&text).ok() })
                        .unwrap_or(Value::String(text));
                    args.insert(name.clone(), value);
                }
            }
        }
        let mask = Mask::parse(&self.mask, &Value::Object(args));
        let mask = mask.unwrap_or_else(|why| error::privacy::bad_mask(&self.mask, &why).raise());
        let kind = Kind::of(self.result, -1);
        let keys = if mask.is_keyed() { keys::of(&keys::in_use(&recipient)) } else { None };
        let site = Site { kind, keys, not_null: mask == Mask::Default, mask };
        (site, subject)
    }
}

/// An argument as text, None when it is NULL.
unsafe fn written(fcinfo: pg_sys::FunctionCallInfo, n: usize, of: pg_sys::Oid) -> Option<String> {
    // SAFETY: the caller names an argument that the function was declared with, and its type.
    unsafe {
        if (*(*fcinfo).args.as_ptr().add(n)).isnull {
            return None;
        }
        let (mut output, mut is_varlena) = (pg_sys::InvalidOid, false);
        pg_sys::getTypeOutputInfo(of, &mut output, &mut is_varlena);
        let text = pg_sys::OidOutputFunctionCall(output, datum(fcinfo, n));
        Some(std::ffi::CStr::from_ptr(text).to_string_lossy().into_owned())
    }
}

/// Keeps something for as long as the place of the call in its plan.
unsafe fn keep<T>(flinfo: *mut pg_sys::FmgrInfo, what: T) {
    // SAFETY: the context outlives the FmgrInfo, and drops what was leaked into it.
    unsafe {
        (*flinfo).fn_extra = PgMemoryContexts::For((*flinfo).fn_mcxt).leak_and_drop_on_delete(what).cast();
    }
}

unsafe fn answer(fcinfo: pg_sys::FunctionCallInfo, made: Option<pg_sys::Datum>) -> pg_sys::Datum {
    // SAFETY: the caller passes the server's own structure.
    unsafe { (*fcinfo).isnull = made.is_none() };
    made.unwrap_or(pg_sys::Datum::from(0))
}

unsafe fn datum(fcinfo: pg_sys::FunctionCallInfo, n: usize) -> pg_sys::Datum {
    // SAFETY: the caller names an argument that the function was declared with.
    unsafe { (*(*fcinfo).args.as_ptr().add(n)).value }
}

/// An argument, None when it is NULL.
unsafe fn argument<T: FromDatum>(fcinfo: pg_sys::FunctionCallInfo, n: usize) -> Option<T> {
    // SAFETY: the caller names an argument that the function was declared with, and its type.
    unsafe {
        let argument = &*(*fcinfo).args.as_ptr().add(n);
        T::from_datum(argument.value, argument.isnull)
    }
}
