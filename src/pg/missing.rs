//! Server functions that pgrx 0.18.1 does not bind for PostgreSQL 15, and what raw V1 functions need.
use pgrx::pg_sys;
use pgrx::pg_sys::ffi::pg_guard_ffi_boundary;

mod raw {
    use pgrx::pg_sys;
    use std::ffi::c_int;

    unsafe extern "C-unwind" {
        pub fn datum_image_eq(a: pg_sys::Datum, b: pg_sys::Datum, by_value: bool, length: c_int) -> bool;
        pub fn get_partition_parent(relid: pg_sys::Oid, even_if_detached: bool) -> pg_sys::Oid;
    }
}

/// utils/datum.h: whether two values of a type have the same image, TOAST resolved.
///
/// # Safety
/// Both values must be of a type with this `by_value` and `length`, and not NULL.
#[must_use]
pub unsafe fn datum_image_eq(a: pg_sys::Datum, b: pg_sys::Datum, by_value: bool, length: i32) -> bool {
    // SAFETY: the caller vouches for the values; the boundary turns errors into unwinding.
    unsafe { pg_guard_ffi_boundary(|| raw::datum_image_eq(a, b, by_value, length)) }
}

/// catalog/partition.h: the parent of a partition, invalid when there is none.
///
/// # Safety
/// Must run inside a transaction.
#[must_use]
pub unsafe fn get_partition_parent(relid: pg_sys::Oid) -> pg_sys::Oid {
    // SAFETY: a catalog scan by oid; the boundary turns errors into unwinding.
    unsafe { pg_guard_ffi_boundary(|| raw::get_partition_parent(relid, true)) }
}

/// Declares the info function that the server looks for beside a raw V1 function.
#[macro_export]
macro_rules! raw_function_info {
    ($info:ident) => {
        // SAFETY: the name is unique in this library, as the server expects it.
        #[unsafe(no_mangle)]
        #[doc(hidden)]
        pub extern "C" fn $info() -> &'static pgrx::pg_sys::Pg_finfo_record {
            const INFO: pgrx::pg_sys::Pg_finfo_record = pgrx::pg_sys::Pg_finfo_record { api_version: 1 };
            &INFO
        }
    };
}
