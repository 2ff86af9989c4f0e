//! Server functions that pgrx 0.18.1 does not bind for PostgreSQL 15, and what raw V1 functions need.
use pgrx::pg_sys;
use pgrx::pg_sys::ffi::pg_guard_ffi_boundary;

mod raw {
    use pgrx::pg_sys;
    use std::ffi::{c_char, c_int};

    unsafe extern "C-unwind" {
        pub fn datum_image_eq(a: pg_sys::Datum, b: pg_sys::Datum, by_value: bool, length: c_int) -> bool;
        pub fn get_partition_parent(relid: pg_sys::Oid, even_if_detached: bool) -> pg_sys::Oid;
        pub fn transformPartitionBound(
            state: *mut pg_sys::ParseState,
            parent: pg_sys::Relation,
            spec: *mut pg_sys::PartitionBoundSpec,
        ) -> *mut pg_sys::PartitionBoundSpec;
        pub fn map_partition_varattnos(
            expression: *mut pg_sys::List,
            from_number: c_int,
            to: pg_sys::Relation,
            from: pg_sys::Relation,
        ) -> *mut pg_sys::List;
        pub fn RelationGetPartitionQual(relation: pg_sys::Relation) -> *mut pg_sys::List;
        pub fn FigureIndexColname(expression: *mut pg_sys::Node) -> *mut c_char;
        pub fn get_relation_constraint_oid(
            relid: pg_sys::Oid,
            name: *const c_char,
            missing_ok: bool,
        ) -> pg_sys::Oid;
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

/// What rows of a relation must fulfil to be a partition with these bounds: a list of expressions about the relation.
///
/// # Safety
/// `spec` must be a valid raw PartitionBoundSpec of a partition of `parent`, a partitioned table.
#[must_use]
pub unsafe fn partition_condition(
    parent: pg_sys::Oid,
    child: pg_sys::Oid,
    spec: *mut pg_sys::PartitionBoundSpec,
) -> *mut pg_sys::List {
    let lock = pg_sys::AccessShareLock as i32;
    // SAFETY: both relations are open and locked; the bounds are copied, since they are transformed in place.
    unsafe {
        let parent = pg_sys::relation_open(parent, lock);
        let child = pg_sys::relation_open(child, lock);
        let copy = pg_sys::copyObjectImpl(spec.cast()).cast();
        let condition = pg_guard_ffi_boundary(|| {
            let state = pg_sys::make_parsestate(std::ptr::null_mut());
            let bounds = raw::transformPartitionBound(state, parent, copy);
            let condition = pg_sys::get_qual_from_partbound(parent, bounds);
            raw::map_partition_varattnos(condition, 1, child, parent)
        });
        pg_sys::relation_close(child, lock);
        pg_sys::relation_close(parent, lock);
        condition
    }
}

/// catalog/pg_constraint.h: a constraint of a relation by its name.
#[must_use]
pub fn relation_constraint(relid: pg_sys::Oid, name: &std::ffi::CStr) -> Option<pg_sys::Oid> {
    // SAFETY: a missing_ok look-up; the boundary turns errors into unwinding.
    let oid =
        unsafe { pg_guard_ffi_boundary(|| raw::get_relation_constraint_oid(relid, name.as_ptr(), true)) };
    (oid != pg_sys::InvalidOid).then_some(oid)
}

/// parser/parse_target.h: what the server calls an index column that is this expression.
///
/// # Safety
/// `expression` must be a valid raw expression.
#[must_use]
pub unsafe fn index_column_name(expression: *mut pg_sys::Node) -> Option<String> {
    // SAFETY: the caller vouches for the tree; the result is a string of the tree or NULL.
    unsafe { super::catalog::text(pg_guard_ffi_boundary(|| raw::FigureIndexColname(expression))) }
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

/// utils/partcache.h: what the bounds of a partition, and of those above it, ask of a row.
///
/// # Safety
/// An open partition, locked.
#[must_use]
pub unsafe fn partition_qual(relation: pg_sys::Relation) -> *mut pg_sys::List {
    // SAFETY: the caller vouches for the relation; the boundary turns errors into unwinding.
    unsafe { pg_guard_ffi_boundary(|| raw::RelationGetPartitionQual(relation)) }
}
