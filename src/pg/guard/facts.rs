//! Live facts about tables, columns and expressions: what PostgreSQL itself would find when it runs the statement.
use super::names;
use crate::pg::{catalog, missing, relation};
use crate::pg::{owner, settings_scope, spi, xact};
use pgrx::pg_sys;
use std::ffi::CString;

/// Up to this many pages are looked through for a row: half a megabyte, which takes less than a millisecond. A table with
/// more pages counts as full, even where all its rows are dead: looking would take longer than the question is worth.
const PAGES_LOOKED_AT: u32 = 64;

/// Size of a page.
const PAGE: i64 = pg_sys::BLCKSZ as i64;

/// Whether a table, or anything below it, holds rows. Where another session keeps it locked nobody can look: then it
/// counts as full.
#[must_use]
pub fn has_rows(relid: pg_sys::Oid) -> bool {
    names::tree(relid).into_iter().any(has_own_rows)
}

/// The same for the table alone.
#[must_use]
pub fn has_own_rows(relid: pg_sys::Oid) -> bool {
    match catalog::relation_kind(relid) {
        Some(b'r' | b'm') => {}
        Some(b'f') => return true,
        _ => return false,
    }
    let Some(pages) = relation::pages(relid) else { return true };
    if pages == 0 || pages > PAGES_LOOKED_AT {
        return pages > 0;
    }
    let name = names::of(relid);
    // A lock that is kept would have to be made stronger by the statement itself: two sessions that alter the same table
    // would then wait for each other. What is looked at in a subtransaction that is taken back leaves none.
    xact::rehearse(|| {
        settings_scope::without_row_security(|| {
            owner::run(|| {
                spi::select_latest(&format!("SELECT EXISTS (SELECT FROM ONLY {name})"), &[], |r| r.must(1))
            })
        })
    })
    .pop()
    .unwrap_or(true)
}

/// Bytes of a table by itself, without its indexes.
#[must_use]
pub fn bytes(relid: pg_sys::Oid) -> i64 {
    relation::pages(relid).map_or(0, i64::from) * PAGE
}

/// An open relation in a parse state: what expressions about its columns are analysed with.
struct Scope {
    state: *mut pg_sys::ParseState,
    relation: pg_sys::Relation,
}

impl Scope {
    const LOCK: i32 = pg_sys::AccessShareLock as i32;

    fn of(relid: pg_sys::Oid) -> Option<Self> {
        // SAFETY: the relation stays open and locked until Drop; the entry is made for it.
        unsafe {
            let relation = pg_sys::try_relation_open(relid, Self::LOCK);
            if relation.is_null() {
                return None;
            }
            let state = pg_sys::make_parsestate(std::ptr::null_mut());
            let entry = pg_sys::addRangeTableEntryForRelation(
                state,
                relation,
                Self::LOCK,
                std::ptr::null_mut(),
                false,
                true,
            );
            pg_sys::addNSItemToQuery(state, entry, true, true, true);
            Some(Scope { state, relation })
        }
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        // After an error the transaction closes it.
        if !std::thread::panicking() {
            // SAFETY: opened above.
            unsafe { pg_sys::relation_close(self.relation, Self::LOCK) };
        }
    }
}

/// Whether the WHEN of a trigger means what the catalog has already.
///
/// # Safety
/// `condition` must be a valid raw expression.
pub unsafe fn is_same_condition(relid: pg_sys::Oid, stored: &str, condition: *mut pg_sys::Node) -> bool {
    let Ok(stored) = CString::new(stored) else { return false };
    tried(|| {
        let scope = Scope::of(relid)?;
        // SAFETY: the parser's node is copied, since analysis scribbles on it; names as CREATE TRIGGER gives them to a
        // state of their own; the stored text is what the server wrote.
        unsafe {
            let state = pg_sys::make_parsestate(std::ptr::null_mut());
            for name in [c"old", c"new"] {
                let alias = pg_sys::makeAlias(name.as_ptr(), std::ptr::null_mut());
                let entry = pg_sys::addRangeTableEntryForRelation(
                    state,
                    scope.relation,
                    Scope::LOCK,
                    alias,
                    false,
                    false,
                );
                pg_sys::addNSItemToQuery(state, entry, false, true, true);
            }
            let copy = pg_sys::copyObjectImpl(condition.cast()).cast();
            let kind = pg_sys::ParseExprKind::EXPR_KIND_TRIGGER_WHEN;
            let analysed = pg_sys::transformExpr(state, copy, kind);
            let analysed = pg_sys::coerce_to_boolean(state, analysed, c"WHEN".as_ptr());
            pg_sys::assign_expr_collations(state, analysed);
            Some(pg_sys::equal(pg_sys::stringToNode(stored.as_ptr()), analysed.cast()))
        }
    })
    .unwrap_or(false)
}

/// Runs an analysis that may fail. A statement that runs fails in the same way, and says where in its text; in a script
/// that does not run, a function or type may be missing that an earlier statement makes. Then nothing is known.
fn tried<R>(f: impl FnOnce() -> Option<R>) -> Option<R> {
    xact::apart_unless_locked(f).flatten()
}

/// Whether the default of a new column calls something volatile, so that every row must be written. None where that
/// cannot be told.
///
/// # Safety
/// `default` must be a valid raw expression.
pub unsafe fn is_volatile_default(default: *mut pg_sys::Node) -> Option<bool> {
    // SAFETY: the casts follow the tags.
    let is_constant = unsafe {
        match (*default).type_ {
            pg_sys::NodeTag::T_A_Const => true,
            pg_sys::NodeTag::T_TypeCast => {
                (*(*default.cast::<pg_sys::TypeCast>()).arg).type_ == pg_sys::NodeTag::T_A_Const
            }
            _ => false,
        }
    };
    if is_constant {
        return Some(false);
    }
    tried(|| {
        // SAFETY: the parser's node is copied, since analysis scribbles on it; a parse state without relations.
        unsafe {
            let state = pg_sys::make_parsestate(std::ptr::null_mut());
            let copy = pg_sys::copyObjectImpl(default.cast()).cast();
            let kind = pg_sys::ParseExprKind::EXPR_KIND_COLUMN_DEFAULT;
            let expression = pg_sys::transformExpr(state, copy, kind);
            Some(pg_sys::contain_volatile_functions(expression))
        }
    })
}

/// What changing a column's type would do.
pub struct TypeChange {
    /// The type it has.
    pub from: String,
    /// The type it gets.
    pub to: String,
    /// Whether every row is written anew.
    pub rewrites: bool,
    /// Whether values may be cut or rounded, or the statement fail on them.
    pub shrinks: bool,
    /// Whether USING makes other values of them, instead of only casting them.
    pub replaces: bool,
    /// Whether only the collation changes, so that indexes are built anew.
    pub recollates: bool,
}

/// What ALTER COLUMN … TYPE would do to a table, as `ATColumnChangeRequiresRewrite()` in the server's tablecmds.c decides
/// it: by the conversion that the planner leaves, under this session's time zone.
///
/// # Safety
/// `definition` must be a valid ColumnDef of ALTER COLUMN TYPE.
pub unsafe fn type_change(
    relid: pg_sys::Oid,
    number: i16,
    definition: &pg_sys::ColumnDef,
) -> Option<TypeChange> {
    // Outside of what may fail: where the lock is not to be had, the statement must not go on unjudged.
    let scope = Scope::of(relid)?;
    let (old, old_mod, old_collation) = relation::column_type(relid, number)?;
    tried(|| {
        // SAFETY: a missing_ok look-up of a type name; trees are copied before they are analysed.
        unsafe {
            let mut new_mod = -1;
            let tuple = pg_sys::LookupTypeName(scope.state, definition.typeName, &mut new_mod, true);
            if tuple.is_null() {
                return None;
            }
            let new = (*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_type>()).oid;
            pg_sys::ReleaseSysCache(tuple);
            let using = definition.raw_default;
            let expression = if using.is_null() {
                pg_sys::makeVar(1, number, old, old_mod, old_collation, 0).cast()
            } else {
                let copy = pg_sys::copyObjectImpl(using.cast()).cast();
                let kind = pg_sys::ParseExprKind::EXPR_KIND_ALTER_COL_TRANSFORM;
                pg_sys::transformExpr(scope.state, copy, kind)
            };
            let coerced = pg_sys::coerce_to_target_type(
                scope.state,
                expression,
                pg_sys::exprType(expression),
                new,
                new_mod,
                pg_sys::CoercionContext::COERCION_ASSIGNMENT,
                pg_sys::CoercionForm::COERCE_IMPLICIT_CAST,
                -1,
            );
            if coerced.is_null() {
                return None; // PostgreSQL has its own error for that
            }
            // Folding would run users' functions, and nobody has asked for that yet. With one in it, it is no plain cast.
            let rewrites = calls_users_code(coerced)
                || needs_rewrite(pg_sys::expression_planner(coerced.cast()).cast(), number);
            let to_collation = collation(definition, new);
            Some(TypeChange {
                from: type_name(old, old_mod),
                to: type_name(new, new_mod),
                rewrites,
                shrinks: match casts(coerced, number) {
                    Some(steps) => loses_on_the_way(&steps, &type_name(new, new_mod)),
                    None => true,
                },
                replaces: !using.is_null() && casts(coerced, number).is_none(),
                recollates: !rewrites && to_collation != old_collation,
            })
        }
    })
}

/// Whether an expression calls a function that is not PostgreSQL's own.
///
/// # Safety
/// An analysed expression.
unsafe fn calls_users_code(expression: *mut pg_sys::Node) -> bool {
    #[pgrx::pg_guard]
    unsafe extern "C-unwind" fn is_users(function: pg_sys::Oid, _context: *mut std::ffi::c_void) -> bool {
        function.to_u32() >= pg_sys::FirstNormalObjectId
    }
    #[pgrx::pg_guard]
    unsafe extern "C-unwind" fn walk(node: *mut pg_sys::Node, context: *mut std::ffi::c_void) -> bool {
        // SAFETY: nodes come from the expression.
        unsafe {
            !node.is_null()
                && (pg_sys::check_functions_in_node(node, Some(is_users), context)
                    || pg_sys::expression_tree_walker(node, Some(walk), context))
        }
    }
    // SAFETY: the caller vouches for the expression.
    unsafe { walk(expression, std::ptr::null_mut()) }
}

/// The types that casts alone lead a column through, the column's own first; None where an expression is more than that.
///
/// # Safety
/// An analysed expression.
unsafe fn casts(mut expression: *mut pg_sys::Node, number: i16) -> Option<Vec<String>> {
    use pg_sys::NodeTag::*;
    let mut types = Vec::new();
    // SAFETY: each cast follows the node's tag.
    unsafe {
        loop {
            types.push(type_name(pg_sys::exprType(expression), pg_sys::exprTypmod(expression)));
            expression = match (*expression).type_ {
                T_Var if (*expression.cast::<pg_sys::Var>()).varattno == number => {
                    types.reverse();
                    return Some(types);
                }
                T_RelabelType => (*expression.cast::<pg_sys::RelabelType>()).arg.cast(),
                T_CoerceViaIO => (*expression.cast::<pg_sys::CoerceViaIO>()).arg.cast(),
                T_ArrayCoerceExpr => (*expression.cast::<pg_sys::ArrayCoerceExpr>()).arg.cast(),
                T_CoerceToDomain => (*expression.cast::<pg_sys::CoerceToDomain>()).arg.cast(),
                T_FuncExpr
                    if (*expression.cast::<pg_sys::FuncExpr>()).funcformat
                        != pg_sys::CoercionForm::COERCE_EXPLICIT_CALL =>
                {
                    crate::pg::list::nth((*expression.cast::<pg_sys::FuncExpr>()).args, 0)
                }
                _ => return None,
            };
        }
    }
}

/// Whether a value may be cut or rounded at one of the casts, the last of which gives the column's new type.
fn loses_on_the_way(types: &[String], last: &str) -> bool {
    let all: Vec<&str> = types.iter().map(String::as_str).chain([last]).collect();
    // A length is given by a cast of its own: between the two the type is as wide as before.
    all.windows(2).any(|pair| crate::core::guard::shrink::shrinks(pair[0], pair[1]))
        || crate::core::guard::shrink::shrinks(all[0], last)
}

/// # Safety
/// `definition` must be valid.
unsafe fn collation(definition: &pg_sys::ColumnDef, of_type: pg_sys::Oid) -> pg_sys::Oid {
    // SAFETY: a missing_ok look-up of a name that the parser made.
    unsafe {
        if definition.collClause.is_null() {
            pg_sys::get_typcollation(of_type)
        } else {
            pg_sys::get_collation_oid((*definition.collClause).collname, true)
        }
    }
}

/// # Safety
/// `expression` must be a planned expression about one relation.
unsafe fn needs_rewrite(mut expression: *mut pg_sys::Node, number: i16) -> bool {
    use pg_sys::NodeTag::*;
    /// pg_proc.dat: timestamptz(timestamp) and timestamp(timestamptz).
    const BETWEEN_TIMESTAMPS: [u32; 2] = [2028, 2027];
    // SAFETY: each cast follows the node's tag.
    unsafe {
        loop {
            match (*expression).type_ {
                T_Var => return (*expression.cast::<pg_sys::Var>()).varattno != number,
                T_RelabelType => expression = (*expression.cast::<pg_sys::RelabelType>()).arg.cast(),
                T_CoerceToDomain => {
                    let to = &*expression.cast::<pg_sys::CoerceToDomain>();
                    if pg_sys::DomainHasConstraints(to.resulttype) {
                        return true;
                    }
                    expression = to.arg.cast();
                }
                T_FuncExpr => {
                    let call = &*expression.cast::<pg_sys::FuncExpr>();
                    if !BETWEEN_TIMESTAMPS.contains(&call.funcid.to_u32())
                        || pg_sys::TimestampTimestampTzRequiresRewrite()
                    {
                        return true;
                    }
                    expression = crate::pg::list::nth(call.args, 0);
                }
                _ => return true,
            }
        }
    }
}

/// A type as `format_type()` writes it.
#[must_use]
pub fn type_name(oid: pg_sys::Oid, modifier: i32) -> String {
    // SAFETY: palloc'd; an unknown type is written as ???.
    unsafe { catalog::text(pg_sys::format_type_with_typemod(oid, modifier)) }.unwrap_or_default()
}

/// Whether constraints that are valid already prove that a column holds no NULL.
#[must_use]
pub fn is_proven_not_null(relid: pg_sys::Oid, number: i16) -> bool {
    let Some(scope) = Scope::of(relid) else { return false };
    let Some((of_type, modifier, collation)) = relation::column_type(relid, number) else { return false };
    // SAFETY: nodes are made for an open relation, which the function only reads.
    unsafe {
        let test = pg_sys::palloc0(size_of::<pg_sys::NullTest>()).cast::<pg_sys::NullTest>();
        (*test).xpr.type_ = pg_sys::NodeTag::T_NullTest;
        (*test).arg = pg_sys::makeVar(1, number, of_type, modifier, collation, 0).cast();
        (*test).nulltesttype = pg_sys::NullTestType::IS_NOT_NULL;
        (*test).location = -1;
        let tests = pg_sys::lappend(std::ptr::null_mut(), test.cast());
        pg_sys::PartConstraintImpliedByRelConstraint(scope.relation, tests)
            || names::proofs(relid).into_iter().any(|condition| implies(&scope, condition, tests))
    }
}

/// Whether a condition that a script adds as a check proves the tests.
///
/// # Safety
/// A raw expression and a list of analysed ones about the relation of the scope.
unsafe fn implies(scope: &Scope, condition: *mut pg_sys::Node, tests: *mut pg_sys::List) -> bool {
    // As the server reads check constraints of a relation.
    let proof = tried(|| {
        // SAFETY: the caller vouches for the nodes; the parser's is copied.
        unsafe {
            let copy = pg_sys::copyObjectImpl(condition.cast()).cast();
            let kind = pg_sys::ParseExprKind::EXPR_KIND_CHECK_CONSTRAINT;
            let analysed = pg_sys::transformExpr(scope.state, copy, kind);
            if calls_users_code(analysed) {
                return None; // not run for a look
            }
            let folded = pg_sys::eval_const_expressions(std::ptr::null_mut(), analysed);
            Some(pg_sys::make_ands_implicit(pg_sys::canonicalize_qual(folded.cast(), true)))
        }
    });
    // SAFETY: lists of analysed expressions.
    proof.is_some_and(|proof| unsafe { pg_sys::predicate_implied_by(tests, proof, true) })
}

/// What rows of a relation must fulfil to be a partition with these bounds; null where that cannot be told, as for a
/// relation that cannot be one.
///
/// # Safety
/// `bounds` must be valid and `parent` a partitioned table.
pub unsafe fn partition_condition(
    parent: pg_sys::Oid,
    child: pg_sys::Oid,
    bounds: *mut pg_sys::PartitionBoundSpec,
) -> *mut pg_sys::List {
    // SAFETY: the caller vouches for the bounds.
    if names::is_rehearsal() && unsafe { calls_anything(bounds) } {
        return std::ptr::null_mut(); // bounds are computed, and nothing is run for a look
    }
    let _scopes = (Scope::of(parent), Scope::of(child));
    // SAFETY: the caller vouches for the bounds; both relations stay locked.
    tried(|| Some(unsafe { missing::partition_condition(parent, child, bounds) }))
        .unwrap_or(std::ptr::null_mut())
}

/// Whether bounds of a partition call a function.
///
/// # Safety
/// `bounds` must be valid.
unsafe fn calls_anything(bounds: *mut pg_sys::PartitionBoundSpec) -> bool {
    #[pgrx::pg_guard]
    unsafe extern "C-unwind" fn walk(node: *mut pg_sys::Node, context: *mut std::ffi::c_void) -> bool {
        // SAFETY: nodes come from the bounds as the parser made them.
        unsafe {
            !node.is_null()
                && ((*node).type_ == pg_sys::NodeTag::T_FuncCall
                    || pg_sys::raw_expression_tree_walker(node, Some(walk), context))
        }
    }
    // SAFETY: the caller vouches for the bounds, whose values are lists of expressions.
    unsafe {
        [(*bounds).listdatums, (*bounds).lowerdatums, (*bounds).upperdatums].into_iter().any(|list| {
            crate::pg::list::items::<pg_sys::Node>(list).into_iter().any(|node| {
                // Values of ranges may be MINVALUE and MAXVALUE, which are no expressions by now.
                !matches!((*node).type_, pg_sys::NodeTag::T_PartitionRangeDatum)
                    && walk(node, std::ptr::null_mut())
            })
        })
    }
}

/// Whether constraints of a table that are valid already prove what a condition about its columns says.
///
/// # Safety
/// `condition` must be NIL or a list of analysed expressions about this relation as number 1 of the range table.
pub unsafe fn is_proven(relid: pg_sys::Oid, condition: *mut pg_sys::List) -> bool {
    let Some(scope) = Scope::of(relid) else { return false };
    // SAFETY: the caller vouches for the condition; the relation is open.
    unsafe { pg_sys::PartConstraintImpliedByRelConstraint(scope.relation, condition) }
}
