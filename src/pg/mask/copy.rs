//! COPY relation TO reads no query that could be masked: it becomes COPY (SELECT …) TO.
use super::expression::{list_of, node};
use super::{policy, viewer};
use crate::pg::catalog;
use pgrx::PgList;
use pgrx::pg_sys::{self, NodeTag};
use std::ffi::{CString, c_char};

/// A copy of `COPY relation TO` that reads through a query, so that masks hold; None where nothing is masked.
///
/// # Safety
/// `statement` must be a valid utility statement.
pub unsafe fn rewrite_copy(statement: *mut pg_sys::PlannedStmt) -> Option<*mut pg_sys::PlannedStmt> {
    // SAFETY: the caller vouches for the statement; only the copy is changed.
    unsafe {
        let utility = (*statement).utilityStmt;
        if utility.is_null() || (*utility).type_ != NodeTag::T_CopyStmt {
            return None;
        }
        let copy = utility.cast::<pg_sys::CopyStmt>();
        if (*copy).is_from || (*copy).relation.is_null() || !super::wanted() {
            return None;
        }
        let lock = pg_sys::AccessShareLock as i32;
        let missing_ok = pg_sys::RVROption::RVR_MISSING_OK;
        let relid =
            pg_sys::RangeVarGetRelidExtended((*copy).relation, lock, missing_ok, None, std::ptr::null_mut());
        // Of anything but an ordinary table COPY complains itself.
        // From 18 on it copies materialized views, too.
        let copied: &[u8] = if cfg!(feature = "pg18") { b"rm" } else { b"r" };
        if !catalog::relation_kind(relid).is_some_and(|kind| copied.contains(&kind)) {
            return None;
        }
        if !crate::pg::hooks::active() {
            crate::error::privacy::recipient_not_held().raise();
        }
        let policy = policy::current();
        if viewer::now(&policy)?.sight(&policy, relid).is_plain() {
            return None;
        }
        let rewritten = pg_sys::copyObjectImpl(statement.cast()).cast::<pg_sys::PlannedStmt>();
        through_query((*rewritten).utilityStmt.cast(), relid);
        Some(rewritten)
    }
}

/// Whether a COPY, given as text, would read through a masked query now.
#[must_use]
pub fn copies_through_query(sql: &str) -> bool {
    let Ok(sql) = CString::new(sql) else { return false };
    // SAFETY: parses a valid C string; the statement is wrapped as the server wraps utility statements.
    unsafe {
        let parsed = PgList::<pg_sys::RawStmt>::from_pg(pg_sys::pg_parse_query(sql.as_ptr()));
        let Some(raw) = parsed.get_ptr(0) else { return false };
        let statement = node::<pg_sys::PlannedStmt>(NodeTag::T_PlannedStmt);
        (*statement).commandType = pg_sys::CmdType::CMD_UTILITY;
        (*statement).utilityStmt = (*raw).stmt;
        rewrite_copy(statement).is_some()
    }
}

/// Replaces the relation of a COPY by a query of the same columns.
unsafe fn through_query(copy: *mut pg_sys::CopyStmt, relid: pg_sys::Oid) {
    // SAFETY: the relation was locked above; nodes are made in the current memory context.
    unsafe {
        let relation = pg_sys::relation_open(relid, pg_sys::NoLock as i32);
        let mut columns = std::ptr::null_mut();
        let mut add = |name: *const c_char| {
            let column = node::<pg_sys::ColumnRef>(NodeTag::T_ColumnRef);
            (*column).fields = list_of(pg_sys::makeString(pg_sys::pstrdup(name)));
            (*column).location = -1;
            let target = node::<pg_sys::ResTarget>(NodeTag::T_ResTarget);
            (*target).val = column.cast();
            (*target).location = -1;
            columns = pg_sys::lappend(columns, target.cast());
        };
        if (*copy).attlist.is_null() {
            let descriptor = (*relation).rd_att;
            for i in 0..(*descriptor).natts as usize {
                let attribute = (*descriptor).attrs.as_ptr().add(i);
                if !(*attribute).attisdropped && (*attribute).attgenerated == 0 {
                    add((*attribute).attname.data.as_ptr());
                }
            }
        } else {
            for name in PgList::<pg_sys::String>::from_pg((*copy).attlist).iter_ptr() {
                add((*name).sval);
            }
        }
        let from = pg_sys::makeRangeVar(
            pg_sys::get_namespace_name((*(*relation).rd_rel).relnamespace),
            pg_sys::pstrdup((*(*relation).rd_rel).relname.data.as_ptr()),
            -1,
        );
        (*from).inh = false;
        pg_sys::relation_close(relation, pg_sys::NoLock as i32);
        let select = node::<pg_sys::SelectStmt>(NodeTag::T_SelectStmt);
        (*select).targetList = columns;
        (*select).fromClause = list_of(from);
        (*copy).relation = std::ptr::null_mut();
        (*copy).attlist = std::ptr::null_mut();
        (*copy).query = select.cast();
    }
}
