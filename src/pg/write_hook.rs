//! Writes that the guard is asked about: to the catalogs, to tables of the product, to any governed table while triggers do
//! not work, and without a WHERE.
//!
//! The server checks permissions once per execution, whichever way a statement comes: so that is where the first three are
//! seen. Whether there is a WHERE is known to the planner.
use super::list::{items, nth};
use super::object::catalogs::{PG_EVENT_TRIGGER, PG_EXTENSION};
use super::{cache, catalog, ddl_hook, owner, relation, session};
use crate::guard::{self, Write};
use pgrx::pg_sys;
use pgrx::pg_sys::NodeTag::{
    T_BoolExpr, T_BooleanTest, T_CaseExpr, T_CoalesceExpr, T_Const, T_FromExpr, T_JoinExpr, T_NullTest,
    T_OpExpr, T_RangeTblRef, T_Var,
};
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
    // The copy of a change is the only thing of its that runs without triggers.
    let is_copy = without_triggers && crate::change::is_acting();
    if is_copy || owner::is_acting() || session::applies_replication() || ddl_hook::is_in_script() {
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
        guard::judge_write(relid, if is_dumps_own { Write::Dump } else { Write::Guard });
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

/// Judges a DELETE, UPDATE or MERGE about to be planned that hits every row. Returns whether it passed only because there
/// are no rows yet.
///
/// # Safety
/// `query` must be an analysed and rewritten query.
#[inline]
pub unsafe fn look(query: *mut pg_sys::Query) -> bool {
    use pg_sys::CmdType::{CMD_DELETE, CMD_MERGE, CMD_UPDATE};
    let mut nothing_yet = false;
    // SAFETY: the caller vouches for the query.
    unsafe {
        if matches!((*query).commandType, CMD_DELETE | CMD_UPDATE | CMD_MERGE) {
            nothing_yet = look_at_write(query);
        }
        if (*query).hasModifyingCTE {
            for expression in items::<pg_sys::CommonTableExpr>((*query).cteList) {
                nothing_yet |= look((*expression).ctequery.cast());
            }
        }
    }
    nothing_yet
}

/// # Safety
/// As [`look`], of a query that changes or deletes rows.
unsafe fn look_at_write(query: *mut pg_sys::Query) -> bool {
    // SAFETY: the caller vouches for the query.
    unsafe {
        let entry = nth::<pg_sys::RangeTblEntry>((*query).rtable, (*query).resultRelation as usize - 1);
        if entry.is_null() || owner::is_acting() || ddl_hook::is_in_script() {
            return false;
        }
        let Some(write) = unbounded(query) else { return false };
        guard::judge_write((*entry).relid, write);
        if write == Write::DeleteAll {
            // What refers to every row goes with it.
            for referring in relation::deleted_with((*entry).relid) {
                guard::judge_write(referring, write);
            }
        }
        guard::take_nothing_yet()
    }
}

/// What a query does to every row of its table.
///
/// # Safety
/// As [`look`].
unsafe fn unbounded(query: *mut pg_sys::Query) -> Option<Write> {
    use pg_sys::CmdType::{CMD_DELETE, CMD_MERGE, CMD_UPDATE};
    // SAFETY: the caller vouches for the query; actions of MERGE are MergeAction nodes.
    unsafe {
        let tree = (*query).jointree;
        if tree.is_null() || !selects_everything(tree.cast(), query) {
            return None;
        }
        let write = |command| match command {
            CMD_DELETE => Some(Write::DeleteAll),
            CMD_UPDATE => Some(Write::UpdateAll),
            _ => None,
        };
        if (*query).commandType != CMD_MERGE {
            return write((*query).commandType);
        }
        items::<pg_sys::MergeAction>((*query).mergeActionList)
            .into_iter()
            .filter(|action| (**action).matched && always_holds((**action).qual, query))
            .find_map(|action| write((*action).commandType))
    }
}

/// Whether a part of a join tree is without a condition on the rows that are written.
///
/// # Safety
/// `node` must be the join tree of the query, or an element of it.
unsafe fn selects_everything(node: *mut pg_sys::Node, query: *mut pg_sys::Query) -> bool {
    // SAFETY: the caller vouches for the node; the casts follow the tag.
    unsafe {
        match (*node).type_ {
            T_FromExpr => {
                let from = &*node.cast::<pg_sys::FromExpr>();
                always_holds(from.quals, query)
                    && items::<pg_sys::Node>(from.fromlist).into_iter().all(|n| selects_everything(n, query))
            }
            T_JoinExpr => {
                let join = &*node.cast::<pg_sys::JoinExpr>();
                always_holds(join.quals, query)
                    && selects_everything(join.larg, query)
                    && selects_everything(join.rarg, query)
            }
            tag => tag == T_RangeTblRef,
        }
    }
}

/// Whether a condition holds for every row: there is none, it folds to true (`1 = 1`, `id > 0 OR true`), or it says of a
/// column that is never null that it is itself or is not null. What only the data makes true is a condition. Runs for every
/// UPDATE and DELETE that is planned, so an ordinary condition is told by its first node. One that does not name the table
/// that is written hits all of its rows or none, and holds unless it is false.
///
/// # Safety
/// `condition` must be null or an analysed expression of the query.
unsafe fn always_holds(condition: *mut pg_sys::Node, query: *mut pg_sys::Query) -> bool {
    use pg_sys::BoolExprType::{AND_EXPR, OR_EXPR};
    // SAFETY: the caller vouches for the expression; each cast follows the tag.
    unsafe {
        if condition.is_null() {
            return true;
        }
        match (*condition).type_ {
            T_BoolExpr => {
                let of = &*condition.cast::<pg_sys::BoolExpr>();
                let mut args = items::<pg_sys::Node>(of.args).into_iter();
                match of.boolop {
                    AND_EXPR => args.all(|arg| always_holds(arg, query)),
                    OR_EXPR => args.any(|arg| always_holds(arg, query)),
                    _ => !names_target(condition, query) && !folds_to_false(condition),
                }
            }
            T_NullTest => {
                let test = &*condition.cast::<pg_sys::NullTest>();
                test.nulltesttype == pg_sys::NullTestType::IS_NOT_NULL
                    && !test.argisrow
                    && (is_never_null(test.arg.cast(), query) || folds_to_true(condition))
                    || !names_target(condition, query) && !folds_to_false(condition)
            }
            T_OpExpr => {
                let of = &*condition.cast::<pg_sys::OpExpr>();
                let (left, right) = (nth::<pg_sys::Node>(of.args, 0), nth::<pg_sys::Node>(of.args, 1));
                if !right.is_null() && pg_sys::equal(left.cast(), right.cast()) && is_never_null(left, query)
                {
                    return is_equality(of.opno);
                }
                !names_target(condition, query) && !folds_to_false(condition)
            }
            T_BooleanTest | T_CaseExpr | T_CoalesceExpr => {
                !names_target(condition, query) && !folds_to_false(condition) || folds_to_true(condition)
            }
            _ => !names_target(condition, query) && !folds_to_false(condition),
        }
    }
}

/// Whether a condition names a column of the table that is written.
///
/// # Safety
/// An analysed expression of the query.
unsafe fn names_target(condition: *mut pg_sys::Node, query: *mut pg_sys::Query) -> bool {
    // SAFETY: the caller vouches for the expression; the result is palloc'd or NULL.
    unsafe {
        let named = pg_sys::pull_varnos_of_level(std::ptr::null_mut(), condition, 0);
        pg_sys::bms_is_member((*query).resultRelation, named)
    }
}

/// # Safety
/// An analysed expression.
unsafe fn folds_to_true(condition: *mut pg_sys::Node) -> bool {
    // SAFETY: as for the caller.
    unsafe { folded(condition) == Some(true) }
}

/// False or NULL: no row.
///
/// # Safety
/// An analysed expression.
unsafe fn folds_to_false(condition: *mut pg_sys::Node) -> bool {
    // SAFETY: as for the caller.
    unsafe { folded(condition) == Some(false) }
}

/// What a condition comes to, where that does not depend on any row.
///
/// # Safety
/// An analysed expression.
unsafe fn folded(condition: *mut pg_sys::Node) -> Option<bool> {
    // SAFETY: the caller vouches for the expression, which is copied before it is folded; the cast follows the tag.
    unsafe {
        let copy = pg_sys::copyObjectImpl(condition.cast()).cast();
        let folded = pg_sys::eval_const_expressions(std::ptr::null_mut(), copy);
        ((*folded).type_ == T_Const).then(|| {
            let constant = &*folded.cast::<pg_sys::Const>();
            !constant.constisnull && constant.constvalue.value() != 0
        })
    }
}

/// Whether an operator is the equality of some ordering: what equals itself.
fn is_equality(operator: pg_sys::Oid) -> bool {
    // SAFETY: look-ups by oid; the result is a palloc'd list.
    unsafe {
        items::<pg_sys::OpBtreeInterpretation>(pg_sys::get_op_btree_interpretation(operator))
            .into_iter()
            .any(|i| (*i).strategy == pg_sys::BTEqualStrategyNumber as i32)
    }
}

/// Whether an expression is a column that is declared NOT NULL.
///
/// # Safety
/// An analysed expression of the query.
unsafe fn is_never_null(expression: *mut pg_sys::Node, query: *mut pg_sys::Query) -> bool {
    // SAFETY: the caller vouches for the expression; the cast follows the tag.
    unsafe {
        if (*expression).type_ != T_Var {
            return false;
        }
        let var = &*expression.cast::<pg_sys::Var>();
        let entry = nth::<pg_sys::RangeTblEntry>((*query).rtable, var.varno as usize - 1);
        var.varlevelsup == 0
            && var.varno == (*query).resultRelation
            && !entry.is_null()
            && relation::column_flags((*entry).relid, var.varattno).not_null
    }
}
