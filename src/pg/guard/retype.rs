//! ALTER COLUMN … TYPE: whether every row is written anew, and whether values are lost on the way.
use super::facts::{Found, Scope, tried, type_name};
use crate::core::guard::shrink::shrinks;
use crate::pg::relation;
use pgrx::pg_sys;
use std::cell::RefCell;

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
    let wanted = RefCell::new(String::from("another"));
    let found = tried(|| {
        // SAFETY: a missing_ok look-up of a type name; trees are copied before they are analysed.
        unsafe {
            let mut new_mod = -1;
            let tuple = pg_sys::LookupTypeName(scope.state, definition.typeName, &mut new_mod, true);
            if tuple.is_null() {
                return None;
            }
            let new = (*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_type>()).oid;
            pg_sys::ReleaseSysCache(tuple);
            wanted.replace(type_name(new, new_mod));
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
            // With a function of users in it, it is no plain cast.
            let rewrites = calls_users_code(coerced)
                || needs_rewrite(pg_sys::expression_planner(coerced.cast()).cast(), number);
            let to_collation = collation(definition, new);
            Some(TypeChange {
                from: type_name(old, old_mod),
                to: type_name(new, new_mod),
                rewrites,
                shrinks: casts(coerced, number)
                    .is_none_or(|steps| loses_on_the_way(&steps, &type_name(new, new_mod))),
                replaces: !using.is_null() && casts(coerced, number).is_none(),
                recollates: !rewrites && to_collation != old_collation,
            })
        }
    });
    match found {
        Found::Known(change) => Some(change),
        Found::Fails => None,
        Found::Unknown => Some(TypeChange {
            from: type_name(old, old_mod),
            to: wanted.take(),
            rewrites: true,
            shrinks: true,
            replaces: !definition.raw_default.is_null(),
            recollates: false,
        }),
    }
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
                T_CollateExpr => (*expression.cast::<pg_sys::CollateExpr>()).arg.cast(),
                T_FuncExpr if is_cast(&*expression.cast()) => {
                    crate::pg::list::nth((*expression.cast::<pg_sys::FuncExpr>()).args, 0)
                }
                _ => return None,
            };
        }
    }
}

/// Whether a call is written as a cast, not in the words that SQL has for some functions (`substring(v FROM 1)`), and its
/// function is of a library: what users have written may do anything.
///
/// # Safety
/// An analysed call.
unsafe fn is_cast(call: &pg_sys::FuncExpr) -> bool {
    use pg_sys::CoercionForm::{COERCE_EXPLICIT_CAST, COERCE_IMPLICIT_CAST};
    matches!(call.funcformat, COERCE_EXPLICIT_CAST | COERCE_IMPLICIT_CAST)
        && (call.funcid.to_u32() < pg_sys::FirstNormalObjectId || relation::is_of_library(call.funcid))
}

/// Whether a value may be cut or rounded at one of the casts, the last of which gives the column's new type.
fn loses_on_the_way(types: &[String], last: &str) -> bool {
    let all: Vec<&str> = types.iter().map(String::as_str).chain([last]).collect();
    // A length is given by a cast of its own: between the two the type is as wide as before.
    all.windows(2).any(|pair| shrinks(pair[0], pair[1])) || shrinks(all[0], last)
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
