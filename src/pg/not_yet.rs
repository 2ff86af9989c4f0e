//! What the design names and this version does not have: one C function that bears all those names.
//!
//! `sql/not_yet.sql` declares them; `status()` lists the functions whose C symbol is this one, so that the list cannot
//! drift from what is declared.
use super::catalog::text;
use pgrx::pg_sys;
use pgrx::prelude::*;

/// The C symbol behind every declaration.
pub const SYMBOL: &str = "_not_yet_wrapper";

/// Says that the function it was called as is not in this version.
#[pg_extern(sql = false)]
fn _not_yet(fcinfo: pg_sys::FunctionCallInfo) {
    // SAFETY: the server passes a valid call frame, whose flinfo names the function that was called.
    let name = unsafe { text(pg_sys::get_func_name((*(*fcinfo).flinfo).fn_oid)) };
    crate::error::not_yet(&format!("{}()", name.unwrap_or_default())).raise();
}
