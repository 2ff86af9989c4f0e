//! Walking a query: every Var of a masked column is replaced, wherever it stands, except where PostgreSQL itself needs
//! the raw value (row security, check options, ON CONFLICT's inference).
use super::policy::Policy;
use super::session;
use super::viewer::{self, Masked, Sight, Viewer};
use super::writes::{as_definer, read_ctes, refuse_masks_around, refuse_masks_as_data, returned};
use super::{expression, policy, unmasked};
use crate::pg::{catalog, roles};
use pgrx::pg_sys::{self, NodeTag};
use pgrx::{PgList, pg_guard};
use std::ffi::c_void;
use std::rc::Rc;

/// What a range-table entry means for Vars that refer to it.
pub enum Entry {
    /// Nothing is masked.
    Raw,
    /// Some columns are masked, or shown by a grant.
    Masked(pg_sys::Oid, Rc<Sight>),
    /// A join: the expressions its columns stand for.
    Join(*mut pg_sys::List),
    /// A subquery, CTE, function, …: masked inside.
    Derived,
}

pub struct Walk {
    pub policy: Rc<Policy>,
    pub viewer: Viewer,
    /// Range tables of the query and those around it.
    pub levels: Vec<Vec<Entry>>,
    /// The queries whose range tables those are.
    pub queries: Vec<*mut pg_sys::Query>,
    /// CTEs looked into while probing: they may refer to each other, and to themselves.
    pub ctes: Vec<*mut pg_sys::CommonTableExpr>,
    /// How many queries are around the statement that writes, and whether it reads anything masked in one of them.
    pub around: usize,
    pub reads_around: bool,
    /// Vars replaced so far.
    pub replaced: usize,
    /// Vars of this level seen that refer to something masked inside.
    pub derived: usize,
    /// Only counting: what a statement would write.
    pub probing: bool,
    /// Statements that write do so as the owner of the SECURITY DEFINER function that they run inside.
    pub is_definer: bool,
}

/// The query with masks in place of the Vars of masked columns.
///
/// # Safety
/// `query` must be an analysed and rewritten query.
pub unsafe fn mask_for(query: *mut pg_sys::Query, policy: Rc<Policy>, viewer: Viewer) -> *mut pg_sys::Query {
    let is_definer = matches!(viewer, Viewer::Role(_)) && roles::current() != roles::outer();
    // SAFETY: the caller vouches for the query.
    unsafe { mask(query, policy, viewer, is_definer) }
}

/// The same for somebody else, whether or not inside a SECURITY DEFINER function.
///
/// # Safety
/// `query` must be an analysed and rewritten query.
pub unsafe fn mask(
    query: *mut pg_sys::Query,
    policy: Rc<Policy>,
    viewer: Viewer,
    is_definer: bool,
) -> *mut pg_sys::Query {
    let mut walk = Walk::new(policy, viewer, is_definer);
    // SAFETY: the caller vouches for the query.
    unsafe { mask_query(query, &mut walk) }
}

impl Walk {
    fn new(policy: Rc<Policy>, viewer: Viewer, is_definer: bool) -> Self {
        Walk {
            policy,
            viewer,
            levels: Vec::new(),
            queries: Vec::new(),
            ctes: Vec::new(),
            around: 0,
            reads_around: false,
            replaced: 0,
            derived: 0,
            probing: false,
            is_definer,
        }
    }
}

type Mutator = unsafe extern "C-unwind" fn() -> *mut pg_sys::Node;

/// PostgreSQL 15 declares the mutator without arguments.
#[must_use]
pub fn as_mutator() -> Option<Mutator> {
    type Real = unsafe extern "C-unwind" fn(*mut pg_sys::Node, *mut c_void) -> *mut pg_sys::Node;
    // SAFETY: the server calls it with the two arguments that it really takes.
    Some(unsafe { std::mem::transmute::<Real, Mutator>(mutator) })
}

#[pg_guard]
unsafe extern "C-unwind" fn mutator(node: *mut pg_sys::Node, context: *mut c_void) -> *mut pg_sys::Node {
    if node.is_null() {
        return node;
    }
    // SAFETY: the context is the Walk that every call of ours passes; nodes come from the query.
    unsafe {
        let walk = &mut *context.cast::<Walk>();
        match (*node).type_ {
            NodeTag::T_Var => replace(node.cast(), walk).cast(),
            NodeTag::T_Query => mask_query(node.cast(), walk).cast(),
            _ => pg_sys::expression_tree_mutator(node, as_mutator(), context),
        }
    }
}

/// A Var, or what takes its place.
unsafe fn replace(var: *mut pg_sys::Var, walk: &mut Walk) -> *mut pg_sys::Node {
    // SAFETY: a Var of the query being walked.
    unsafe {
        let raw = pg_sys::copyObjectImpl(var.cast()).cast::<pg_sys::Node>();
        let up = (*var).varlevelsup as usize;
        let number = usize::try_from((*var).varno).unwrap_or(0);
        if number == 0 || up >= walk.levels.len() {
            return raw;
        }
        let top = walk.levels.len() - 1;
        match walk.levels[top - up].get(number - 1) {
            Some(Entry::Masked(relid, sight)) => {
                let (relid, sight) = (*relid, Rc::clone(sight));
                if !walk.probing {
                    note_granted(relid, &sight, (*var).varattno, walk);
                }
                if (*var).varattno == 0 && !sight.masked.is_empty() {
                    walk.replaced += 1;
                    sight.masked.iter().for_each(|c| note(relid, c));
                    return whole_row(var, relid, &sight.masked, walk).cast();
                }
                match sight.masked.iter().find(|c| c.number == (*var).varattno) {
                    Some(column) => {
                        walk.replaced += 1;
                        note(relid, column);
                        let (function, key) =
                            (walk.policy.function, walk.policy.key(walk.viewer.recipient()));
                        expression::masked(var, relid, &column.mask, function, &key).cast()
                    }
                    None => raw,
                }
            }
            Some(Entry::Join(aliases)) if walk.probing => {
                let aliases = PgList::<pg_sys::Node>::from_pg(*aliases);
                match usize::try_from((*var).varattno).ok().and_then(|n| n.checked_sub(1)) {
                    Some(n) if up == 0 => {
                        if let Some(alias) = aliases.get_ptr(n) {
                            mutator(alias, std::ptr::from_mut(walk).cast());
                        }
                    }
                    // A whole row, or a join of an outer query: rare enough to be taken for the worst.
                    _ => walk.derived += 1,
                }
                raw
            }
            Some(Entry::Derived) => {
                walk.derived += 1;
                raw
            }
            _ => raw,
        }
    }
}

fn note(relid: pg_sys::Oid, column: &Masked) {
    session::note(|| column.seen(relid));
}

/// Notes the use of a grant: of a whole row for each column that one shows.
fn note_granted(relid: pg_sys::Oid, sight: &Sight, number: i16, walk: &Walk) {
    let Some(role) = walk.viewer.role() else { return };
    for (column, tags) in sight.granted.iter().filter(|(n, _)| number == 0 || *n == number) {
        unmasked::note(role, relid, *column, tags);
    }
}

/// A row of masked columns in place of a whole-row Var; a row that is NULL (outer joins) stays so.
unsafe fn whole_row(
    var: *mut pg_sys::Var,
    relid: pg_sys::Oid,
    columns: &[Masked],
    walk: &Walk,
) -> *mut pg_sys::Expr {
    // SAFETY: the relation is locked, since the query names it; nodes are made in the current memory context.
    unsafe {
        let relation = pg_sys::relation_open(relid, pg_sys::NoLock as i32);
        let descriptor = (*relation).rd_att;
        let (mut args, mut names) = (std::ptr::null_mut(), std::ptr::null_mut());
        for i in 0..(*descriptor).natts as usize {
            let attribute = (*descriptor).attrs.as_ptr().add(i);
            let value: *mut pg_sys::Expr = if (*attribute).attisdropped {
                pg_sys::makeNullConst(pg_sys::INT4OID, -1, pg_sys::InvalidOid).cast()
            } else {
                let column = pg_sys::makeVar(
                    (*var).varno,
                    (*attribute).attnum,
                    (*attribute).atttypid,
                    (*attribute).atttypmod,
                    (*attribute).attcollation,
                    (*var).varlevelsup,
                );
                match columns.iter().find(|c| c.number == (*attribute).attnum) {
                    Some(c) => {
                        let (function, key) =
                            (walk.policy.function, walk.policy.key(walk.viewer.recipient()));
                        expression::masked(column, relid, &c.mask, function, &key)
                    }
                    None => column.cast(),
                }
            };
            args = pg_sys::lappend(args, value.cast());
            let name = pg_sys::makeString(pg_sys::pstrdup((*attribute).attname.data.as_ptr()));
            names = pg_sys::lappend(names, name.cast());
        }
        let row = expression::node::<pg_sys::RowExpr>(NodeTag::T_RowExpr);
        (*row).args = args;
        (*row).row_typeid = (*(*relation).rd_rel).reltype;
        (*row).row_format = pg_sys::CoercionForm::COERCE_IMPLICIT_CAST;
        (*row).colnames = names;
        (*row).location = -1;
        pg_sys::relation_close(relation, pg_sys::NoLock as i32);
        let itself = pg_sys::copyObjectImpl(var.cast()).cast::<pg_sys::Expr>();
        let none = pg_sys::makeNullConst((*var).vartype, -1, pg_sys::InvalidOid).cast();
        let is_null = pg_sys::NullTestType::IS_NULL;
        expression::case(itself, is_null, none, row.cast(), (*var).vartype, pg_sys::InvalidOid)
    }
}

/// What the entries of a query's range table mean for this viewer.
unsafe fn entries(query: *mut pg_sys::Query, walk: &Walk) -> Vec<Entry> {
    // SAFETY: the range table holds RangeTblEntry nodes only.
    unsafe {
        let excluded = if (*query).onConflict.is_null() { 0 } else { (*(*query).onConflict).exclRelIndex };
        let table = PgList::<pg_sys::RangeTblEntry>::from_pg((*query).rtable);
        let kinds = table.iter_ptr().enumerate().map(|(i, entry)| match (*entry).rtekind {
            pg_sys::RTEKind::RTE_RELATION if i as i32 + 1 != excluded => {
                let sight = walk.viewer.sight(&walk.policy, (*entry).relid);
                if sight.is_plain() { Entry::Raw } else { Entry::Masked((*entry).relid, Rc::new(sight)) }
            }
            pg_sys::RTEKind::RTE_RELATION => Entry::Raw,
            pg_sys::RTEKind::RTE_JOIN => Entry::Join((*entry).joinaliasvars),
            _ => Entry::Derived,
        });
        kinds.collect()
    }
}

/// One query level.
unsafe fn mask_query(query: *mut pg_sys::Query, walk: &mut Walk) -> *mut pg_sys::Query {
    let writes = |q: *mut pg_sys::Query| {
        use pg_sys::CmdType::*;
        // SAFETY: a query of the tree being walked.
        unsafe { matches!((*q).commandType, CMD_INSERT | CMD_UPDATE | CMD_DELETE | CMD_MERGE) }
    };
    // SAFETY: the query is a valid tree; the lists taken out before the walk are put back after it.
    unsafe {
        let level = entries(query, walk);
        walk.levels.push(level);
        walk.queries.push(query);
        if walk.probing {
            read_ctes(query, walk);
        }
        if writes(query) && walk.is_definer {
            refuse_masks_around(query, walk);
            let returning = returned(query, walk);
            walk.levels.pop();
            walk.queries.pop();
            let copy = as_definer(query, walk);
            (*copy).returningList = returning;
            return copy;
        }
        if writes(query) && !walk.probing {
            refuse_masks_as_data(query, walk);
        }
        let entries = PgList::<pg_sys::RangeTblEntry>::from_pg((*query).rtable);
        let security: Vec<*mut pg_sys::List> = entries.iter_ptr().map(|e| (*e).securityQuals).collect();
        entries.iter_ptr().for_each(|e| (*e).securityQuals = std::ptr::null_mut());
        let options = std::mem::replace(&mut (*query).withCheckOptions, std::ptr::null_mut());
        let masked = pg_sys::query_tree_mutator(query, as_mutator(), std::ptr::from_mut(walk).cast(), 0);
        let author = masked_author(query, walk);
        (*query).withCheckOptions = options;
        (*masked).withCheckOptions = as_author(options, query, author, walk);
        let copies = PgList::<pg_sys::RangeTblEntry>::from_pg((*masked).rtable);
        for ((original, copy), quals) in entries.iter_ptr().zip(copies.iter_ptr()).zip(security) {
            (*original).securityQuals = quals;
            (*copy).securityQuals = as_author(quals, query, author, walk);
        }
        if !(*query).onConflict.is_null() {
            (*(*masked).onConflict).arbiterElems = (*(*query).onConflict).arbiterElems;
            (*(*masked).onConflict).arbiterWhere = (*(*query).onConflict).arbiterWhere;
        }
        walk.levels.pop();
        walk.queries.pop();
        masked
    }
}

/// A node, or what takes its place.
///
/// # Safety
/// `node` must be a node or list of the query on top of the walk.
pub unsafe fn mutate(node: *mut pg_sys::Node, walk: &mut Walk) -> *mut pg_sys::Node {
    // SAFETY: the caller passes a node or list of the tree.
    unsafe { mutator(node, std::ptr::from_mut(walk).cast()) }
}

/// A masked role that wrote row security or the conditions of a view written through: owners of the relations named.
unsafe fn masked_author(query: *mut pg_sys::Query, walk: &Walk) -> Option<pg_sys::Oid> {
    // SAFETY: the caller passes a query of the tree. A view written through stays in its range table.
    unsafe {
        let entries = PgList::<pg_sys::RangeTblEntry>::from_pg((*query).rtable);
        let relations = entries.iter_ptr().filter(|e| (**e).rtekind == pg_sys::RTEKind::RTE_RELATION);
        let owners = relations.filter_map(|e| catalog::relation_owner((*e).relid));
        let mut authors = owners.filter(|o| !roles::is_superuser(*o));
        authors.find_map(|o| viewer::of_role(&walk.policy, o))
    }
}

/// Conditions that PostgreSQL itself needs raw, unless a masked role wrote them: then as that role may see.
unsafe fn as_author(
    conditions: *mut pg_sys::List,
    query: *mut pg_sys::Query,
    author: Option<pg_sys::Oid>,
    walk: &Walk,
) -> *mut pg_sys::List {
    let Some(author) = author.filter(|_| !conditions.is_null()) else { return conditions };
    let mut inner = Walk::new(Rc::clone(&walk.policy), Viewer::Role(author), false);
    // SAFETY: the caller passes conditions of the query; they refer to nothing around it.
    unsafe {
        let level = entries(query, &inner);
        inner.levels.push(level);
        inner.queries.push(query);
        mutate(conditions.cast(), &mut inner).cast()
    }
}

struct Search<'a> {
    policy: &'a policy::Policy,
}

#[pg_guard]
unsafe extern "C-unwind" fn search(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    if node.is_null() {
        return false;
    }
    let flags = pg_sys::QTW_EXAMINE_RTES_BEFORE as i32;
    // SAFETY: the context is the Search that every call of ours passes; nodes come from the query.
    unsafe {
        match (*node).type_ {
            NodeTag::T_RangeTblEntry => {
                let entry = node.cast::<pg_sys::RangeTblEntry>();
                let policy = (*context.cast::<Search>()).policy;
                (*entry).rtekind == pg_sys::RTEKind::RTE_RELATION
                    && (policy.relations.contains_key(&(*entry).relid)
                        || viewer::is_statistics((*entry).relid))
            }
            NodeTag::T_Query => pg_sys::query_tree_walker(node.cast(), Some(search), context, flags),
            _ => pg_sys::expression_tree_walker(node, Some(search), context),
        }
    }
}

/// Whether a query reads anything tagged, at any depth.
///
/// # Safety
/// `query` must be an analysed query.
pub unsafe fn reads_tagged(query: *mut pg_sys::Query, policy: &Policy) -> bool {
    let mut search_for = Search { policy };
    let flags = pg_sys::QTW_EXAMINE_RTES_BEFORE as i32;
    // SAFETY: the caller vouches for the query.
    unsafe {
        pg_sys::query_tree_walker(query, Some(search), std::ptr::from_mut(&mut search_for).cast(), flags)
    }
}
