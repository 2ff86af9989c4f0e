//! What kind of a statement it is, beside what it does to objects.
use super::resolve;
use crate::pg::{catalog, explaining, list};
use pgrx::pg_sys;
use pgrx::pg_sys::NodeTag::*;

/// What a statement explains, where it is an EXPLAIN that runs nothing: neither ANALYZE, nor EXECUTE with arguments, which are
/// computed.
///
/// # Safety
/// `node` must be a valid node.
#[must_use]
pub unsafe fn only_explains(node: *mut pg_sys::Node) -> Option<explaining::Of> {
    // SAFETY: the caller vouches for the node; the casts follow the tags.
    unsafe {
        if (*node).type_ != T_ExplainStmt {
            return None;
        }
        let s = &*node.cast::<pg_sys::ExplainStmt>();
        let runs = list::items::<pg_sys::DefElem>(s.options).into_iter().any(|option| {
            catalog::text((*option).defname).as_deref() == Some("analyze")
                && resolve::is_on(option) != Some(false)
        });
        // The server wraps what it has analysed.
        let mut query = s.query;
        loop {
            query = match (*query).type_ {
                T_Query if !(*query.cast::<pg_sys::Query>()).utilityStmt.is_null() => {
                    (*query.cast::<pg_sys::Query>()).utilityStmt
                }
                T_CreateTableAsStmt => (*query.cast::<pg_sys::CreateTableAsStmt>()).query,
                _ => break,
            };
        }
        if (*query).type_ != T_ExecuteStmt {
            return (!runs).then_some(explaining::Of::Statement);
        }
        let computes = !(*query.cast::<pg_sys::ExecuteStmt>()).params.is_null();
        (!runs && !computes).then_some(explaining::Of::Prepared)
    }
}

/// Whether PostgreSQL lets a statement run in a transaction that may not write.
///
/// # Safety
/// `node` must be a valid node.
#[must_use]
pub unsafe fn reads_only(node: *mut pg_sys::Node) -> bool {
    // SAFETY: the caller vouches for the node.
    let tag = unsafe { (*node).type_ };
    matches!(
        tag,
        T_AlterSystemStmt | T_ClusterStmt | T_LockStmt | T_ReindexStmt | T_VacuumStmt | T_VariableSetStmt
    )
}
