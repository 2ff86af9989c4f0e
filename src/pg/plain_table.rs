//! Whether a table is plain: asked of the relation cache, which knows, where a query would cost more than what it is asked for.
use super::{catalog, list};
use pgrx::pg_sys;

/// Whether an UPDATE of a table evaluates nothing that is stored about it: no checks, generated columns or bounds, no expressions
/// and conditions of indexes, no exclusions, and no triggers that fire in every replication role but such of our own that evaluate
/// nothing. The table must be locked.
#[must_use]
pub fn evaluates_nothing(relid: pg_sys::Oid) -> bool {
    let lock = pg_sys::NoLock as pg_sys::LOCKMODE;
    // SAFETY: the caller holds a lock; everything is read while the relation is open.
    unsafe {
        let relation = pg_sys::relation_open(relid, lock);
        let constraints = (*(*relation).rd_att).constr;
        let is_free =
            constraints.is_null() || (*constraints).num_check == 0 && !(*constraints).has_generated_stored;
        let is_plain = is_free
            && !(*(*relation).rd_rel).relispartition
            && triggers_evaluate_nothing((*relation).trigdesc)
            && list::oids(pg_sys::RelationGetIndexList(relation))
                .into_iter()
                .all(|index| is_plain_index(index));
        pg_sys::relation_close(relation, lock);
        is_plain
    }
}

/// # Safety
/// The triggers of an open relation, or NULL.
unsafe fn triggers_evaluate_nothing(triggers: *mut pg_sys::TriggerDesc) -> bool {
    // SAFETY: the caller vouches for them; there are as many as it says.
    unsafe {
        let Some(desc) = triggers.as_ref() else { return true };
        (0..desc.numtriggers as usize).map(|i| &*desc.triggers.add(i)).all(|t| {
            let fires = matches!(t.tgenabled as u8, b'A' | b'R') && !t.tgisinternal;
            !fires || pg_sys::get_func_namespace(t.tgfoid) == catalog::namespace() && !is_convert(t.tgfoid)
        })
    }
}

/// Whether it is the function that evaluates what its trigger says, of whoever made that.
///
/// # Safety
/// Inside a transaction.
unsafe fn is_convert(function: pg_sys::Oid) -> bool {
    // SAFETY: a catalog look-up; the name is a palloc'd copy, or NULL.
    unsafe {
        let name = pg_sys::get_func_name(function);
        !name.is_null() && std::ffi::CStr::from_ptr(name) == c"_convert"
    }
}

/// # Safety
/// An index of a table that is locked.
unsafe fn is_plain_index(index: pg_sys::Oid) -> bool {
    let lock = pg_sys::AccessShareLock as pg_sys::LOCKMODE;
    // SAFETY: an index that its table's list has just named.
    unsafe {
        let index = pg_sys::index_open(index, lock);
        let is_plain = !(*(*index).rd_index).indisexclusion
            && pg_sys::RelationGetIndexExpressions(index).is_null()
            && pg_sys::RelationGetIndexPredicate(index).is_null();
        pg_sys::index_close(index, lock);
        is_plain
    }
}
