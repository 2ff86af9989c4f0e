//! What constraints that are valid already prove, so that PostgreSQL reads no row.
use super::facts::{Scope, tried};
use super::shadow;
use crate::pg::{missing, relation};
use pgrx::pg_sys;

/// Whether constraints that are valid already prove that a column holds no NULL.
#[must_use]
pub fn is_proven_not_null(relid: pg_sys::Oid, number: i16) -> bool {
    let Some(scope) = Scope::of(relid) else { return false };
    let Some((of_type, modifier, collation)) = relation::column_type(relid, number) else { return false };
    tried(|| {
        // SAFETY: nodes are made for an open relation, which the function only reads.
        unsafe {
            let test = pg_sys::palloc0(size_of::<pg_sys::NullTest>()).cast::<pg_sys::NullTest>();
            (*test).xpr.type_ = pg_sys::NodeTag::T_NullTest;
            (*test).arg = pg_sys::makeVar(1, number, of_type, modifier, collation, 0).cast();
            (*test).nulltesttype = pg_sys::NullTestType::IS_NOT_NULL;
            (*test).location = -1;
            let tests = pg_sys::lappend(std::ptr::null_mut(), test.cast());
            let is_proven = pg_sys::PartConstraintImpliedByRelConstraint(scope.relation, tests)
                || shadow::proofs(relid).into_iter().any(|condition| implies(&scope, condition, tests));
            Some(is_proven)
        }
    })
    .known()
    .unwrap_or(false)
}

/// Whether a condition that a script adds as a check proves the tests.
///
/// # Safety
/// A raw expression and a list of analysed ones about the relation of the scope.
unsafe fn implies(scope: &Scope, condition: *mut pg_sys::Node, tests: *mut pg_sys::List) -> bool {
    // As the server reads check constraints of a relation.
    tried(|| {
        // SAFETY: the caller vouches for the nodes; the parser's is copied.
        unsafe {
            let copy = pg_sys::copyObjectImpl(condition.cast()).cast();
            let kind = pg_sys::ParseExprKind::EXPR_KIND_CHECK_CONSTRAINT;
            let analysed = pg_sys::transformExpr(scope.state, copy, kind);
            let folded = pg_sys::eval_const_expressions(std::ptr::null_mut(), analysed);
            let proof = pg_sys::make_ands_implicit(pg_sys::canonicalize_qual(folded.cast(), true));
            Some(pg_sys::predicate_implied_by(tests, proof, true))
        }
    })
    .known()
    .unwrap_or(false)
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
    let _scopes = (Scope::of(parent), Scope::of(child));
    // SAFETY: the caller vouches for the bounds; both relations stay locked.
    tried(|| Some(unsafe { missing::partition_condition(parent, child, bounds) }))
        .known()
        .unwrap_or(std::ptr::null_mut())
}

/// Whether constraints of a table that are valid already prove what a condition about its columns says.
///
/// # Safety
/// `condition` must be NIL or a list of analysed expressions about this relation as number 1 of the range table.
pub unsafe fn is_proven(relid: pg_sys::Oid, condition: *mut pg_sys::List) -> bool {
    let Some(scope) = Scope::of(relid) else { return false };
    // SAFETY: the caller vouches for the condition; the relation is open.
    tried(|| Some(unsafe { pg_sys::PartConstraintImpliedByRelConstraint(scope.relation, condition) }))
        .known()
        .unwrap_or(false)
}
