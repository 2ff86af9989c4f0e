//! Which columns a plan reads, found while it is made and carried by it.
//!
//! Two looks. The statement as it was written, with its functions and views unfolded but before anything is planned, tells
//! what it *names*: it breaks without these columns even where the plan does not need them. A view's own columns are no names of
//! the statement's. Then the planner's hook tells, for each relation it is about to scan, which columns are left to be *read*.
//!
//! The result hangs on the plan itself, as items of `PlannedStmt.invalItems`: the plan cache copies that list with the plan
//! and compares each item's cache with that of an invalidation; ours have numbers that no cache has, so that they match none. (Not
//! `utilityStmt`, which looks unused: `PortalRunMulti` and SPI take a plan that has one for a utility statement.) Parallel
//! workers are handed plans without that list, and so count nothing twice.
use super::watch::{self, Watch};
use crate::core::change::reads::{Evidence, NO_COLUMN};
use crate::pg::list::{items, nth};
use pgrx::pg_sys;
use pgrx::pg_sys::NodeTag;
use pgrx::prelude::*;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::{c_int, c_void};

/// Cache numbers of our items: one with the oid of a relation, and behind it one for each column of it.
const RELATION: c_int = -0x4447;
const COLUMN: c_int = -0x4448;

/// A relation, a column of it, and how that is known.
type Read = (u32, i16, Evidence);

thread_local! {
    /// What was found, by all planners at work: one may evaluate a function that calls another. An error may end a planner
    /// without a word; what it leaves behind goes to the one around it, which is one read too many rather than one too few.
    static FOUND: RefCell<Vec<Read>> = const { RefCell::new(Vec::new()) };
}

/// A planner begins; what it finds comes behind what is returned.
///
/// # Safety
/// `query` must be an analysed and rewritten query.
pub unsafe fn begin(query: *mut pg_sys::Query) -> usize {
    let base = FOUND.with_borrow(Vec::len);
    let watch = watch::current();
    let mut look = Look { watch: &watch, in_view: false };
    // SAFETY: the caller vouches for the query; the walker gets the Look it expects.
    unsafe { walk(query.cast(), std::ptr::from_mut(&mut look).cast()) };
    base
}

/// The planner has ended: its plan carries what was found.
///
/// # Safety
/// `plan` must be null or the plan just made, in the current memory context.
pub unsafe fn end(plan: *mut pg_sys::PlannedStmt, base: usize) {
    let found: BTreeSet<Read> = FOUND.with_borrow_mut(|f| f.drain(base.min(f.len())..).collect());
    if plan.is_null() {
        return;
    }
    let mut last = 0;
    // SAFETY: items are nodes made in the memory of the plan, whose list they are appended to.
    unsafe {
        let add = |cache: c_int, value: u32| {
            let item = pg_sys::palloc0(size_of::<pg_sys::PlanInvalItem>()).cast::<pg_sys::PlanInvalItem>();
            (*item).type_ = NodeTag::T_PlanInvalItem;
            (*item).cacheId = cache;
            (*item).hashValue = value;
            (*plan).invalItems = pg_sys::lappend((*plan).invalItems, item.cast());
        };
        for (relid, column, evidence) in &found {
            // What is read is not said to be named, too.
            if *evidence == Evidence::Named && found.contains(&(*relid, *column, Evidence::Plan)) {
                continue;
            }
            if *relid != last {
                last = *relid;
                add(RELATION, *relid);
            }
            add(COLUMN, u32::from(*column as u16) | (u32::from(*evidence == Evidence::Named) << 16));
        }
    }
}

/// Whether a plan carries anything of ours: items of ours are the last ones. Cannot raise.
///
/// # Safety
/// `plan` must be null or valid.
#[inline]
pub unsafe fn is_marked(plan: *const pg_sys::PlannedStmt) -> bool {
    // SAFETY: the caller vouches for the plan.
    unsafe {
        if plan.is_null() || (*plan).invalItems.is_null() {
            return false;
        }
        let list = (*plan).invalItems;
        let last = nth::<pg_sys::PlanInvalItem>(list, (*list).length as usize - 1);
        (*last).cacheId == COLUMN
    }
}

/// What a plan carries.
///
/// # Safety
/// `plan` must be valid and marked.
pub unsafe fn reads(plan: *const pg_sys::PlannedStmt, mut f: impl FnMut(pg_sys::Oid, i16, Evidence)) {
    // SAFETY: the caller vouches for the plan.
    unsafe {
        let list = (*plan).invalItems;
        let mut relid = pg_sys::InvalidOid;
        for i in 0..(*list).length as usize {
            let item = &*nth::<pg_sys::PlanInvalItem>(list, i);
            match item.cacheId {
                RELATION => relid = pg_sys::Oid::from(item.hashValue),
                COLUMN => {
                    let named = item.hashValue >> 16 != 0;
                    let evidence = if named { Evidence::Named } else { Evidence::Plan };
                    f(relid, item.hashValue as u16 as i16, evidence);
                }
                _ => {}
            }
        }
    }
}

/// Forgets what planners left behind that an error ended; no planner is at work.
pub fn forget() {
    let _ = FOUND.try_with(|f| f.try_borrow_mut().map(|mut f| f.clear()));
}

fn found(relid: pg_sys::Oid, columns: *const pg_sys::Bitmapset, evidence: Evidence) {
    let mut any = false;
    FOUND.with_borrow_mut(|found| {
        let mut member = -1;
        loop {
            // SAFETY: a set of the planner's or of a range table entry; NULL is the empty one.
            member = unsafe { pg_sys::bms_next_member(columns, member) };
            if member < 0 {
                break;
            }
            let column = member + pg_sys::FirstLowInvalidHeapAttributeNumber;
            if let Ok(column) = i16::try_from(column)
                && column >= 0
            {
                any = true;
                found.push((relid.to_u32(), column, evidence));
            }
        }
        if !any && evidence == Evidence::Plan {
            found.push((relid.to_u32(), NO_COLUMN, evidence));
        }
    });
}

/// The planner is about to choose how to scan a relation.
///
/// # Safety
/// Arguments of `set_rel_pathlist_hook`.
pub unsafe fn scanned(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    number: pg_sys::Index,
    entry: *mut pg_sys::RangeTblEntry,
) {
    // SAFETY: the caller vouches for the arguments. Whatever is used of the relation by the rest of the plan is in its
    // target, what only its own conditions use is in those; the target of a child is that of its parent, translated.
    unsafe {
        if (*entry).rtekind != pg_sys::RTEKind::RTE_RELATION {
            return;
        }
        let watch = watch::current();
        if !watch.relations.contains_key(&(*entry).relid) {
            return;
        }
        if (*rel).reloptkind == pg_sys::RelOptKind::RELOPT_OTHER_MEMBER_REL
            && !(*root).append_rel_array.is_null()
        {
            // A part of a tree that is watched as a whole was counted there. One of a UNION ALL was not.
            let member = *(*root).append_rel_array.add(number as usize);
            if !member.is_null() {
                let parent = *(*root).simple_rte_array.add((*member).parent_relid as usize);
                if (*parent).rtekind == pg_sys::RTEKind::RTE_RELATION
                    && watch.relations.contains_key(&(*parent).relid)
                {
                    return;
                }
            }
        }
        let mut columns = std::ptr::null_mut();
        pg_sys::pull_varattnos((*(*rel).reltarget).exprs.cast(), number, &mut columns);
        for clause in items::<pg_sys::RestrictInfo>((*rel).baserestrictinfo) {
            pg_sys::pull_varattnos((*clause).clause.cast(), number, &mut columns);
        }
        found((*entry).relid, columns, Evidence::Plan);
    }
}

/// Looking through a statement before it is planned.
struct Look<'a> {
    watch: &'a Watch,
    /// Inside the definition of a view, whose names are not the statement's.
    in_view: bool,
}

impl Look<'_> {
    /// # Safety
    /// `query` must be an analysed and rewritten query.
    unsafe fn at(&self, query: *const pg_sys::Query) {
        // SAFETY: the caller vouches for the query.
        unsafe {
            let entries = items::<pg_sys::RangeTblEntry>((*query).rtable);
            let is_view = |e: &pg_sys::RangeTblEntry| {
                e.rtekind == pg_sys::RTEKind::RTE_RELATION && e.relkind as u8 == b'v'
            };
            let target = (*query).resultRelation as usize;
            // The target of a statement that writes through a view is named by the view.
            let through_view =
                target > 0 && entries.iter().enumerate().any(|(i, e)| i + 1 != target && is_view(&**e));
            for (i, entry) in entries.iter().enumerate() {
                let entry = &**entry;
                if entry.rtekind != pg_sys::RTEKind::RTE_RELATION
                    || !self.watch.relations.contains_key(&entry.relid)
                {
                    continue;
                }
                // What is left of a view in the range table knows what was named of it, wherever that was.
                if is_view(entry) || !(self.in_view || i + 1 == target && through_view) {
                    found(entry.relid, entry.selectedCols, Evidence::Named);
                }
                if i + 1 == target {
                    found_in_target(query, entry.relid);
                }
            }
        }
    }
}

/// What a statement reads of the rows it writes and the planner's hook does not see: RETURNING, ON CONFLICT, MERGE.
///
/// # Safety
/// `query` must be one that writes to the relation.
unsafe fn found_in_target(query: *const pg_sys::Query, relid: pg_sys::Oid) {
    // SAFETY: the caller vouches for the query.
    unsafe {
        let mut columns = std::ptr::null_mut();
        for part in [
            (*query).returningList.cast(),
            (*query).onConflict.cast::<pg_sys::Node>(),
            (*query).mergeActionList.cast(),
        ] {
            pg_sys::pull_varattnos(part, (*query).resultRelation as pg_sys::Index, &mut columns);
        }
        if !columns.is_null() {
            found(relid, columns, Evidence::Plan);
        }
    }
}

/// Whether a query is the definition of a view: the rewriter leaves the view in it twice, as OLD and NEW.
///
/// # Safety
/// `query` must be an analysed and rewritten query.
unsafe fn defines_view(query: *const pg_sys::Query) -> bool {
    // SAFETY: the caller vouches for the query.
    unsafe {
        let (old, new) = (
            nth::<pg_sys::RangeTblEntry>((*query).rtable, 0),
            nth::<pg_sys::RangeTblEntry>((*query).rtable, 1),
        );
        !old.is_null()
            && !new.is_null()
            && (*old).rtekind == pg_sys::RTEKind::RTE_RELATION
            && (*old).relkind as u8 == b'v'
            && (*old).relid == (*new).relid
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn walk(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    if node.is_null() {
        return false;
    }
    // SAFETY: the context is the Look that every call of ours passes; nodes come from the query.
    unsafe {
        if (*node).type_ != NodeTag::T_Query {
            return pg_sys::expression_tree_walker(node, Some(walk), context);
        }
        let query = node.cast::<pg_sys::Query>();
        let look = &mut *context.cast::<Look>();
        let before = look.in_view;
        look.in_view = before || defines_view(query);
        look.at(query);
        pg_sys::query_tree_walker(query, Some(walk), context, 0);
        (*context.cast::<Look>()).in_view = before;
        false
    }
}
