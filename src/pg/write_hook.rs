//! Writes that the guard is asked about: to the catalogs, to tables of the product, to any governed table while triggers do
//! not work, and without a WHERE.
//!
//! The server checks permissions once per execution, whichever way a statement comes: so that is where the first three are
//! seen. Whether there is a WHERE is known to the planner.
use super::list::{items, nth};
use super::object::catalogs::{PG_EVENT_TRIGGER, PG_EXTENSION};
use super::{cache, catalog, owner, session};
use crate::guard::{self, Write};
use pgrx::pg_sys;
use pgrx::pg_sys::NodeTag::{T_Const, T_JoinExpr, T_RangeTblRef};
use std::cell::Cell;

/// Privileges that a write needs.
const WRITES: pg_sys::AclMode =
    (pg_sys::ACL_INSERT | pg_sys::ACL_UPDATE | pg_sys::ACL_DELETE) as pg_sys::AclMode;

/// What adding rows needs.
const ONLY_INSERTS: pg_sys::AclMode = pg_sys::ACL_INSERT as pg_sys::AclMode;

/// A minute, the state of all declarations, and a relation.
type Passed = (i64, u64, pg_sys::Oid);

thread_local! {
    /// The table that was last seen to be neither a catalog nor ours.
    static LAST_FOREIGN: Cell<pg_sys::Oid> = const { Cell::new(pg_sys::Oid::INVALID) };
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
    let without_triggers = without_triggers();
    // SAFETY: the caller vouches for the range table; plain reads of it.
    unsafe {
        for i in 0..(*range_table).length as usize {
            let entry = &*nth::<pg_sys::RangeTblEntry>(range_table, i);
            let is_written =
                entry.rtekind == pg_sys::RTEKind::RTE_RELATION && entry.requiredPerms & WRITES != 0;
            // Statements come in rows, and most tables concern nobody here.
            if is_written && (without_triggers || entry.relid != LAST_FOREIGN.get()) {
                judge_one(entry.relid, without_triggers, entry.requiredPerms & WRITES == ONLY_INSERTS);
            }
        }
    }
}

/// Whether a row makes way for the one that a dump brings: see `_give_way()` in `sql/restore.sql`.
fn gives_way(relid: pg_sys::Oid) -> bool {
    session::trigger_depth() > 0
        && catalog::relation_name(relid)
            .is_some_and(|n| matches!(n.relation.as_str(), "flow" | "audited_name"))
}

fn judge_one(relid: pg_sys::Oid, without_triggers: bool, only_inserts: bool) {
    if owner::is_acting() || session::applies_replication() {
        return;
    }
    // Views of the catalogs, pg_settings say, are no tables.
    if relid.to_u32() < pg_sys::FirstNormalObjectId {
        if catalog::relation_kind(relid) == Some(b'r') {
            let is_ours = relid == PG_EVENT_TRIGGER || relid == PG_EXTENSION;
            guard::judge_write(relid, if is_ours { Write::Guard } else { Write::Catalog });
        }
    // SAFETY: a syscache look-up by oid.
    } else if unsafe { pg_sys::get_rel_namespace(relid) } == catalog::namespace() {
        // Only superusers can; everybody else was refused before.
        // A dump brings rows, and never changes or deletes any; but where it brings one that is there, the old one gives way.
        let is_dumps_own = session::runs_dump_script() && (only_inserts || gives_way(relid));
        if !is_dumps_own {
            guard::judge_write(relid, Write::Guard);
        }
    } else if without_triggers {
        let now = (session::statement_started() / 60_000_000, cache::generation(), relid);
        if WITHOUT_TRIGGERS.get() != now {
            guard::judge_write(relid, Write::WithoutTriggers);
            WITHOUT_TRIGGERS.set(now);
        }
    } else {
        LAST_FOREIGN.set(relid);
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
        is_no_condition((*tree).quals)
            && items::<pg_sys::Node>((*tree).fromlist).into_iter().all(|node| joins_everything(node))
    }
}

/// Whether a join is without a condition too.
///
/// # Safety
/// `node` must be an element of a join tree.
unsafe fn joins_everything(node: *mut pg_sys::Node) -> bool {
    // SAFETY: the caller vouches for the node; the cast follows the tag.
    unsafe {
        if (*node).type_ != T_JoinExpr {
            return (*node).type_ == T_RangeTblRef;
        }
        let join = &*node.cast::<pg_sys::JoinExpr>();
        is_no_condition(join.quals) && joins_everything(join.larg) && joins_everything(join.rarg)
    }
}

/// Whether a condition names no row: there is none, or it is a constant that is true, WHERE 1 = 1 say.
///
/// # Safety
/// `condition` must be null or an analysed expression.
unsafe fn is_no_condition(condition: *mut pg_sys::Node) -> bool {
    // SAFETY: the caller vouches for the expression, which is copied before it is folded; the cast follows the tag.
    unsafe {
        if condition.is_null() {
            return true;
        }
        if pg_sys::contain_vars_of_level(condition, 0) {
            return false;
        }
        let copy = pg_sys::copyObjectImpl(condition.cast()).cast();
        let folded = pg_sys::eval_const_expressions(std::ptr::null_mut(), copy);
        (*folded).type_ == T_Const && {
            let constant = &*folded.cast::<pg_sys::Const>();
            !constant.constisnull && constant.constvalue.value() != 0
        }
    }
}
