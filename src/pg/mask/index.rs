//! Indexes over masks, so that a masked role finds a person by the pseudonym it knows.
//!
//! The planner uses an index whose expression is the very tree that takes the place of the column. What the index holds
//! is what the masked role is shown anyway. Whoever could make such an index over values of their own would find out by
//! guessing whom a pseudonym stands for: only the product makes them, for an operator, and nothing else that is stored
//! may call `_mask`.
use super::{expression, policy};
use crate::core::privacy::mask::Mask;
use crate::error;
use crate::pg::catalog::{self, text};
use crate::pg::{roles, spi};
use pgrx::pg_sys;
use std::cell::Cell;
use std::ffi::CString;

/// pg_depend, its columns refclassid and refobjid, and its index on both: pg_sys has no names for them.
const PG_DEPEND: u32 = 2608;
const REFCLASSID: i16 = 4;
const REFOBJID: i16 = 5;
const PG_DEPEND_REFERENCE_INDEX: u32 = 2674;

/// The first columns of pg_depend.
#[repr(C)]
struct Dependent {
    classid: pg_sys::Oid,
    objid: pg_sys::Oid,
}

thread_local! {
    static MAKING: Cell<bool> = const { Cell::new(false) };
    /// The oid of `_mask`, with that of the schema it was looked up in.
    static FUNCTION: Cell<(pg_sys::Oid, pg_sys::Oid)> =
        const { Cell::new((pg_sys::Oid::INVALID, pg_sys::Oid::INVALID)) };
}

fn function() -> pg_sys::Oid {
    let schema = catalog::namespace();
    let (of, known) = FUNCTION.get();
    if of == schema || schema == pg_sys::InvalidOid {
        return known;
    }
    let found = spi::select_one(
        "SELECT oid FROM pg_catalog.pg_proc WHERE proname = '_mask' AND pronamespace OPERATOR(pg_catalog.=) $1",
        &[schema.into()],
        |r| r.must(1),
    );
    let found = found.unwrap_or(pg_sys::InvalidOid);
    if found != pg_sys::InvalidOid {
        FUNCTION.set((schema, found));
    }
    found
}

/// The expression that stands for a column under a mask, as SQL; None where that is no call of `_mask`.
#[must_use]
pub fn expression_of(relid: pg_sys::Oid, number: i16, mask: &Mask, recipient: &str) -> Option<String> {
    let policy = policy::current();
    let name = CString::new(catalog::relation_name(relid)?.relation).ok()?;
    let (mut of_type, mut typmod, mut collation) = (pg_sys::InvalidOid, -1, pg_sys::InvalidOid);
    // SAFETY: the column exists, since it is tagged; nodes are made in the current memory context.
    unsafe {
        pg_sys::get_atttypetypmodcoll(relid, number, &mut of_type, &mut typmod, &mut collation);
        let var = pg_sys::makeVar(1, number, of_type, typmod, collation, 0);
        let made = expression::masked(var, relid, mask, policy.function, &policy.key(recipient));
        let inside = match (*made).type_ {
            pg_sys::NodeTag::T_RelabelType => (*made.cast::<pg_sys::RelabelType>()).arg,
            _ => made,
        };
        if (*inside).type_ != pg_sys::NodeTag::T_FuncExpr {
            return None;
        }
        let context = pg_sys::deparse_context_for(name.as_ptr(), relid);
        // The planner looks below relabelled types, and a cast to a domain would check its constraints.
        text(pg_sys::deparse_expression(inside.cast(), context, false, false))
    }
}

/// Whether masks for a recipient have a key.
#[must_use]
pub fn has_key(recipient: &str) -> bool {
    super::keys::of(&policy::current().key(recipient)).is_some()
}

/// Runs `f`, in which an index may be made.
pub fn making<R>(f: impl FnOnce() -> R) -> R {
    struct End(bool);
    impl Drop for End {
        fn drop(&mut self) {
            MAKING.set(self.0);
        }
    }
    let _end = End(MAKING.replace(true));
    f()
}

/// Whether an index of ours is being made.
#[must_use]
pub fn is_making() -> bool {
    MAKING.get()
}

/// How many stored things call `_mask`. The index of a partition is a part of one above it, and goes with it.
#[must_use]
pub fn dependents() -> usize {
    let mut found = 0;
    // SAFETY: a syscache look-up by oid.
    each_dependent(std::ptr::null_mut(), |class, object| unsafe {
        let is_part = class == pg_sys::RelationRelationId && pg_sys::get_rel_relispartition(object);
        found += usize::from(!is_part);
    });
    found
}

/// Refuses an object just made that calls `_mask`, unless the product makes it. At the end of the statement it is too late:
/// a table that is rewritten, or an index that is built concurrently, has shown the values by then.
pub fn refuse_new() {
    if MAKING.get() || roles::is_superuser(roles::current()) {
        return;
    }
    // SAFETY: the static snapshot that sees what this very command has written.
    let own = std::ptr::addr_of_mut!(pg_sys::SnapshotSelfData);
    let (mut before, mut now) = (0, 0);
    each_dependent(std::ptr::null_mut(), |_, _| before += 1);
    each_dependent(own, |_, _| now += 1);
    if now > before {
        error::privacy::not_for_callers().raise();
    }
}

fn each_dependent(snapshot: pg_sys::Snapshot, mut take: impl FnMut(pg_sys::Oid, pg_sys::Oid)) {
    let function = function();
    if function == pg_sys::InvalidOid {
        return;
    }
    // SAFETY: reads pg_depend by its index on what is referred to; scan and relation are closed again.
    unsafe {
        let depend = pg_sys::table_open(pg_sys::Oid::from(PG_DEPEND), pg_sys::AccessShareLock as i32);
        let mut keys: [pg_sys::ScanKeyData; 2] = std::mem::zeroed();
        for (key, (attribute, value)) in
            keys.iter_mut().zip([(REFCLASSID, pg_sys::ProcedureRelationId), (REFOBJID, function)])
        {
            pg_sys::ScanKeyInit(
                key,
                attribute,
                pg_sys::BTEqualStrategyNumber as u16,
                pg_sys::Oid::from(pg_sys::F_OIDEQ),
                pg_sys::Datum::from(value),
            );
        }
        let index = pg_sys::Oid::from(PG_DEPEND_REFERENCE_INDEX);
        let scan = pg_sys::systable_beginscan(depend, index, true, snapshot, 2, keys.as_mut_ptr());
        loop {
            let tuple = pg_sys::systable_getnext(scan);
            if tuple.is_null() {
                break;
            }
            let row = &*pg_sys::GETSTRUCT(tuple).cast::<Dependent>();
            take(row.classid, row.objid);
        }
        pg_sys::systable_endscan(scan);
        pg_sys::table_close(depend, pg_sys::AccessShareLock as i32);
    }
}

/// Refuses what calls `_mask` from now on, unless it is an index that the product makes.
pub fn refuse_more_than(before: usize) {
    if !MAKING.get() && dependents() > before {
        error::privacy::not_for_callers().raise();
    }
}
