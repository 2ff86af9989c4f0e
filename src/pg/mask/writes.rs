//! What statements that write may read: raw values where they write for the owner of a SECURITY DEFINER function, and never
//! masks that they would store over the values they stand for. While probing, a walk only counts what would be masked.
use super::mutate::{Entry, Walk, as_mutator, mask, mutate};
use super::viewer::{self, Viewer};
use crate::error;
use crate::pg::{catalog, roles};
use pgrx::PgList;
use pgrx::pg_sys;
use std::ffi::CStr;
use std::rc::Rc;

/// A statement that writes as the owner of the function that it runs inside: raw, unless they are masked themselves.
///
/// # Safety
/// `query` must be one of the walk.
pub unsafe fn as_definer(query: *mut pg_sys::Query, walk: &Walk) -> *mut pg_sys::Query {
    let policy = Rc::clone(&walk.policy);
    // SAFETY: the caller passes a query of the tree; only modifying statements of the top level write, so that nothing
    // in it refers to a query around it but for CTEs, which were looked into.
    unsafe {
        match viewer::of_role(&policy, roles::current()) {
            Some(role) if !walk.probing => mask(query, policy, Viewer::Role(role), false),
            _ => pg_sys::copyObjectImpl(query.cast()).cast(),
        }
    }
}

/// What a statement that writes raw gives back, as whoever called the function may see it.
///
/// # Safety
/// `query` must stand on top of the walk.
pub unsafe fn returned(query: *mut pg_sys::Query, walk: &mut Walk) -> *mut pg_sys::List {
    // SAFETY: the caller passes a query of the tree, whose range table stands on top of the levels.
    unsafe {
        let list = pg_sys::copyObjectImpl((*query).returningList.cast()).cast::<pg_sys::Node>();
        if list.is_null() {
            return std::ptr::null_mut();
        }
        let list = pg_sys::flatten_join_alias_vars(query, list);
        let derived = std::mem::replace(&mut walk.derived, 0);
        let masked = mutate(list, walk).cast();
        if walk.derived > 0 && !walk.probing {
            // It comes out of a subquery or the like, which stays raw: is anything masked in one?
            let replaced = walk.replaced;
            walk.probing = true;
            read_inside(query, walk);
            walk.probing = false;
            walk.ctes.clear();
            if walk.replaced > replaced {
                error::privacy::raw_returned(&roles::name(roles::outer())).raise();
            }
        }
        walk.derived = derived;
        masked
    }
}

/// Walks what a query reads from.
unsafe fn read_inside(query: *mut pg_sys::Query, walk: &mut Walk) {
    // SAFETY: the caller passes a query of the tree.
    unsafe {
        mutate((*query).cteList.cast(), walk);
        read_ctes(query, walk);
        for e in PgList::<pg_sys::RangeTblEntry>::from_pg((*query).rtable).iter_ptr() {
            mutate((*e).subquery.cast(), walk);
            mutate((*e).functions.cast(), walk);
            mutate((*e).values_lists.cast(), walk);
        }
    }
}

/// Walks the CTEs of this query or of those around it that a query reads from.
///
/// # Safety
/// `query` must stand on top of the walk.
pub unsafe fn read_ctes(query: *mut pg_sys::Query, walk: &mut Walk) {
    // SAFETY: the caller passes a query of the tree, which stands on top of the queries; lists hold nodes of their kinds.
    unsafe {
        for entry in PgList::<pg_sys::RangeTblEntry>::from_pg((*query).rtable).iter_ptr() {
            if (*entry).rtekind != pg_sys::RTEKind::RTE_CTE {
                continue;
            }
            let holder = walk.queries.len().checked_sub(1 + (*entry).ctelevelsup as usize);
            let Some(holder) = holder else { continue };
            let list = PgList::<pg_sys::CommonTableExpr>::from_pg((*walk.queries[holder]).cteList);
            let name = CStr::from_ptr((*entry).ctename);
            let Some(cte) = list.iter_ptr().find(|c| CStr::from_ptr((**c).ctename) == name) else { continue };
            if walk.ctes.contains(&cte) {
                continue;
            }
            walk.ctes.push(cte);
            let (levels, queries) = (walk.levels.split_off(holder + 1), walk.queries.split_off(holder + 1));
            let replaced = walk.replaced;
            mutate((*cte).ctequery, walk);
            walk.reads_around |= holder < walk.around && walk.replaced > replaced;
            walk.levels.extend(levels);
            walk.queries.extend(queries);
        }
    }
}

/// Refuses a statement of a SECURITY DEFINER function that would write what a query around it reads, which is masked,
/// while the statement itself reads raw values.
///
/// # Safety
/// `query` must stand on top of the walk.
pub unsafe fn refuse_masks_around(query: *mut pg_sys::Query, walk: &mut Walk) {
    let around = walk.queries.len() - 1;
    if around == 0 || walk.probing {
        return;
    }
    let before = (walk.replaced, walk.derived);
    (walk.probing, walk.around, walk.reads_around) = (true, around, false);
    // SAFETY: the caller passes a query of the tree, which stands on top of the queries.
    unsafe {
        read_ctes(query, walk);
        pg_sys::query_tree_mutator(query, as_mutator(), std::ptr::from_mut(walk).cast(), 0);
        (walk.replaced, walk.derived) = before;
        (walk.probing, walk.around) = (false, 0);
        walk.ctes.clear();
        if walk.reads_around {
            refuse(query);
        }
    }
}

unsafe fn refuse(query: *mut pg_sys::Query) -> ! {
    // SAFETY: the caller passes a query that writes, whose target is in its range table.
    let name = unsafe {
        let entries = PgList::<pg_sys::RangeTblEntry>::from_pg((*query).rtable);
        let target = usize::try_from((*query).resultRelation).ok().and_then(|n| n.checked_sub(1));
        let relid = target.and_then(|n| entries.get_ptr(n)).map(|e| (*e).relid);
        relid.and_then(catalog::relation_name).map(|n| n.to_string()).unwrap_or_default()
    };
    error::privacy::mask_as_data(&name, &roles::name(roles::outer())).raise()
}

/// Refuses what would write masks into a table that holds what they hide: the data would be lost.
///
/// # Safety
/// `query` must stand on top of the walk.
pub unsafe fn refuse_masks_as_data(query: *mut pg_sys::Query, walk: &mut Walk) {
    // SAFETY: a query that writes has a target in its range table.
    unsafe {
        let entries = PgList::<pg_sys::RangeTblEntry>::from_pg((*query).rtable);
        let target = usize::try_from((*query).resultRelation).ok().and_then(|n| n.checked_sub(1));
        let Some(target) = target else { return };
        let Some(entry) = entries.get_ptr(target) else { return };
        let through_view = catalog::relation_kind((*entry).relid) == Some(b'v');
        let tagged = matches!(walk.levels.last().and_then(|l| l.get(target)), Some(Entry::Masked(_, s)) if !s.masked.is_empty());
        let deletes = (*query).commandType == pg_sys::CmdType::CMD_DELETE;
        if !through_view && (deletes || !tagged) {
            return;
        }
        let before = (walk.replaced, walk.derived, std::mem::replace(&mut walk.probing, true));
        walk.derived = 0;
        mutate((*query).targetList.cast(), walk);
        for action in PgList::<pg_sys::MergeAction>::from_pg((*query).mergeActionList).iter_ptr() {
            mutate((*action).targetList.cast(), walk);
        }
        if !(*query).onConflict.is_null() {
            mutate((*(*query).onConflict).onConflictSet.cast(), walk);
        }
        let mut reads = walk.replaced > before.0;
        if !reads && walk.derived > 0 {
            // What is written comes out of a subquery or the like: is anything masked in one?
            read_inside(query, walk);
            reads = walk.replaced > before.0;
        }
        (walk.replaced, walk.derived, walk.probing) = before;
        walk.ctes.clear();
        if reads {
            refuse(query);
        }
    }
}
