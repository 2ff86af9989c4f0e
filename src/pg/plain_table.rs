//! Whether a table calls code of users when its rows are written: asked of the relation cache, which knows.
use super::users_code::{Whose, is_called, is_called_by_index};
use super::{catalog, list, missing};
use pgrx::pg_sys;
use std::ffi::CStr;

/// Whether an UPDATE of a table, in which ordinary triggers do not fire, calls functions that users wrote: in checks, generated
/// columns, indexes, the bounds of partitions, and triggers and rules that are in force in every replication role. The table must
/// be locked. `evaluates`: whether a trigger of ours, that evaluates what it says itself, is one that does.
#[must_use]
pub fn calls_users_code(relid: pg_sys::Oid, evaluates: impl Fn(pg_sys::Oid) -> bool) -> bool {
    let lock = pg_sys::NoLock as pg_sys::LOCKMODE;
    // SAFETY: the caller holds a lock; everything is read while the relation is open.
    unsafe {
        let relation = pg_sys::relation_open(relid, lock);
        let found = rules(&*relation)
            || columns(&*relation)
            || (*(*relation).rd_rel).relispartition && any(missing::partition_qual(relation))
            || triggers((*relation).trigdesc, &evaluates)
            || list::oids(pg_sys::RelationGetIndexList(relation)).into_iter().any(|i| index(i));
        pg_sys::relation_close(relation, lock);
        found
    }
}

/// # Safety
/// A list of analysed expressions, or NULL.
unsafe fn any(expressions: *mut pg_sys::List) -> bool {
    // SAFETY: the caller vouches; the walker takes lists.
    unsafe { is_called(expressions.cast(), Whose::Written) }
}

/// # Safety
/// An expression as the catalogs store it.
unsafe fn stored(text: *const std::ffi::c_char) -> bool {
    // SAFETY: the caller vouches.
    unsafe { is_called(pg_sys::stringToNode(text).cast(), Whose::Written) }
}

/// What a rule does is anybody's.
///
/// # Safety
/// An open relation.
unsafe fn rules(relation: &pg_sys::RelationData) -> bool {
    // SAFETY: there are as many rules as it says.
    unsafe {
        let Some(lock) = relation.rd_rules.as_ref() else { return false };
        (0..lock.numLocks as usize).map(|i| &**lock.rules.add(i)).any(|rule| {
            rule.event == pg_sys::CmdType::CMD_UPDATE && matches!(rule.enabled as u8, b'A' | b'R')
        })
    }
}

/// # Safety
/// An open relation.
unsafe fn columns(relation: &pg_sys::RelationData) -> bool {
    // SAFETY: there are as many checks, defaults and columns as it says.
    unsafe {
        let desc = &*relation.rd_att;
        let Some(constraints) = desc.constr.as_ref() else { return false };
        let generated = |number: i16| {
            constraints.has_generated_stored
                && (*desc.attrs.as_ptr().add(number as usize - 1)).attgenerated != 0
        };
        (0..usize::from(constraints.num_check)).any(|i| stored((*constraints.check.add(i)).ccbin))
            || (0..usize::from(constraints.num_defval))
                .map(|i| &*constraints.defval.add(i))
                .any(|d| generated(d.adnum) && stored(d.adbin))
    }
}

/// # Safety
/// The triggers of an open relation, or NULL.
unsafe fn triggers(triggers: *mut pg_sys::TriggerDesc, evaluates: impl Fn(pg_sys::Oid) -> bool) -> bool {
    // SAFETY: the caller vouches for them; there are as many as it says.
    unsafe {
        let Some(desc) = triggers.as_ref() else { return false };
        (0..desc.numtriggers as usize)
            .map(|i| &*desc.triggers.add(i))
            .filter(|t| matches!(t.tgenabled as u8, b'A' | b'R') && !t.tgisinternal)
            .any(|t| {
                pg_sys::get_func_namespace(t.tgfoid) != catalog::namespace()
                    || evaluates_arguments(t.tgfoid) && evaluates(t.tgoid)
                    || !t.tgqual.is_null() && stored(t.tgqual)
            })
    }
}

/// Whether it is a function that evaluates what its trigger says, of whoever made that.
///
/// # Safety
/// Inside a transaction.
unsafe fn evaluates_arguments(function: pg_sys::Oid) -> bool {
    // SAFETY: a catalog look-up; the name is a palloc'd copy, or NULL.
    unsafe {
        let name = pg_sys::get_func_name(function);
        !name.is_null() && matches!(CStr::from_ptr(name).to_bytes(), b"_convert" | b"_fill_null")
    }
}

/// # Safety
/// An index of a table that is locked.
unsafe fn index(index: pg_sys::Oid) -> bool {
    let lock = pg_sys::AccessShareLock as pg_sys::LOCKMODE;
    // SAFETY: an index that its table's list has just named.
    unsafe {
        let index = pg_sys::index_open(index, lock);
        let found = any(pg_sys::RelationGetIndexExpressions(index))
            || any(pg_sys::RelationGetIndexPredicate(index))
            || is_called_by_index(&*index);
        pg_sys::index_close(index, lock);
        found
    }
}
