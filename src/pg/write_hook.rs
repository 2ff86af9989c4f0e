//! Writes that the guard is asked about: to the catalogs, to tables of the product, to any governed table while triggers do
//! not work, and without a WHERE.
//!
//! The server checks permissions once per execution, whichever way a statement comes: so that is where the first three are
//! seen. Whether there is a WHERE is known to the planner.
use super::list::{items, nth};
use super::object::catalogs::{PG_EVENT_TRIGGER, PG_EXTENSION};
use super::{cache, catalog, owner, roles, session};
use crate::guard::{self, Write};
use pgrx::pg_sys;
use pgrx::pg_sys::NodeTag::{T_Const, T_RangeTblRef};
use std::cell::Cell;

/// Privileges that a write needs.
const WRITES: pg_sys::AclMode =
    (pg_sys::ACL_INSERT | pg_sys::ACL_UPDATE | pg_sys::ACL_DELETE) as pg_sys::AclMode;

/// A minute, the state of all declarations, and a relation.
type Passed = (i64, u64, pg_sys::Oid);

thread_local! {
    /// The last write that was let pass although triggers do not work: a load of a million rows by single statements is
    /// one event a minute.
    static WITHOUT_TRIGGERS: Cell<Passed> = const { Cell::new((0, 0, pg_sys::Oid::INVALID)) };
}

/// Whether a statement that is about to be executed writes anything. Runs for every execution, so it only reads memory; it
/// cannot raise.
///
/// # Safety
/// `range_table` must be NIL or a valid range table.
#[inline]
#[must_use]
pub unsafe fn writes(range_table: *const pg_sys::List) -> bool {
    // SAFETY: the caller vouches for the range table; plain reads of it.
    unsafe {
        let length = if range_table.is_null() { 0 } else { (*range_table).length as usize };
        (0..length).any(|i| (*nth::<pg_sys::RangeTblEntry>(range_table, i)).requiredPerms & WRITES != 0)
    }
}

/// Whether triggers and foreign keys do not work in this session.
fn without_triggers() -> bool {
    // SAFETY: plain read of a setting.
    unsafe { pg_sys::SessionReplicationRole == pg_sys::SESSION_REPLICATION_ROLE_REPLICA as i32 }
}

/// Judges the writes of a statement that is about to be executed.
///
/// # Safety
/// As [`writes`].
pub unsafe fn judge(range_table: *const pg_sys::List) {
    if owner::is_acting() || session::applies_replication() {
        return;
    }
    // Tables of the product can be written to by superusers only.
    let asks_for_ours = roles::is_superuser(roles::current());
    let without_triggers = without_triggers();
    // SAFETY: the caller vouches for the range table.
    let written = unsafe {
        items::<pg_sys::RangeTblEntry>(range_table)
            .into_iter()
            .filter(|e| (**e).rtekind == pg_sys::RTEKind::RTE_RELATION && (**e).requiredPerms & WRITES != 0)
            .map(|e| (*e).relid)
            .collect::<Vec<_>>()
    };
    for relid in written {
        // Views of the catalogs, pg_settings say, are no tables.
        if relid.to_u32() < pg_sys::FirstNormalObjectId {
            if catalog::relation_kind(relid) == Some(b'r') {
                let is_ours = relid == PG_EVENT_TRIGGER || relid == PG_EXTENSION;
                guard::judge_write(relid, if is_ours { Write::Guard } else { Write::Catalog });
            }
        // SAFETY: a syscache look-up by oid.
        } else if asks_for_ours && unsafe { pg_sys::get_rel_namespace(relid) } == catalog::namespace() {
            if !session::runs_dump_script() {
                guard::judge_write(relid, Write::Guard);
            }
        } else if without_triggers {
            let now = (session::statement_started() / 60_000_000, cache::generation(), relid);
            if WITHOUT_TRIGGERS.get() != now {
                guard::judge_write(relid, Write::WithoutTriggers);
                WITHOUT_TRIGGERS.set(now);
            }
        }
    }
}

/// Judges a DELETE or UPDATE without WHERE that is about to be planned.
///
/// # Safety
/// `query` must be an analysed and rewritten query.
#[inline]
pub unsafe fn look(query: *mut pg_sys::Query) {
    use pg_sys::CmdType::{CMD_DELETE, CMD_UPDATE};
    // SAFETY: the caller vouches for the query.
    unsafe {
        if matches!((*query).commandType, CMD_DELETE | CMD_UPDATE) && is_unbounded(query) {
            let entry = nth::<pg_sys::RangeTblEntry>((*query).rtable, (*query).resultRelation as usize - 1);
            if !entry.is_null() && !owner::is_acting() && !session::in_foreign_key_action() {
                let what =
                    if (*query).commandType == CMD_DELETE { Write::DeleteAll } else { Write::UpdateAll };
                guard::judge_write((*entry).relid, what);
            }
        }
        if (*query).hasModifyingCTE {
            for expression in items::<pg_sys::CommonTableExpr>((*query).cteList) {
                look((*expression).ctequery.cast());
            }
        }
    }
}

/// # Safety
/// As [`look`].
unsafe fn is_unbounded(query: *mut pg_sys::Query) -> bool {
    // SAFETY: the caller vouches for the query.
    unsafe {
        let tree = (*query).jointree;
        if tree.is_null() {
            return false;
        }
        let condition = (*tree).quals;
        // WHERE true is none.
        let is_true = |node: *mut pg_sys::Node| {
            (*node).type_ == T_Const && {
                let constant = &*node.cast::<pg_sys::Const>();
                !constant.constisnull && constant.constvalue.value() != 0
            }
        };
        (condition.is_null() || is_true(condition))
            && items::<pg_sys::Node>((*tree).fromlist).into_iter().all(|node| (*node).type_ == T_RangeTblRef)
    }
}
