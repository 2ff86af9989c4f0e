//! Reading what a statement adds: indexes, constraints, columns.
#![expect(non_upper_case_globals, reason = "names of the server's enums in patterns")]
mod column;
mod constraint;
mod index;

pub use column::add_column;
pub use constraint::add_constraint;
pub use index::index;

use super::catalog::{self, text};
use super::list::items;
use super::{looking, xact};
use pgrx::pg_sys;
use std::cell::Cell;
use std::ffi::CString;

thread_local! {
    /// Whether PostgreSQL's own errors are raised.
    static STRICT: Cell<bool> = const { Cell::new(false) };
}

/// What a statement that cannot be read by itself is told.
type Unread = Option<&'static str>;

/// Said where an expression needs what the statement itself makes.
const UNREADABLE: &str = "an expression of this statement cannot be read by itself: what another part of it adds comes first, in a change of its own";

/// Puts back what was there.
struct End(bool);

impl Drop for End {
    fn drop(&mut self) {
        STRICT.set(self.0);
    }
}

/// Reads wishes so that what is wrong in them is raised as PostgreSQL would: for a proposal. A statement that runs fails
/// by itself, or works since an earlier part of it makes what a later one uses.
pub fn strictly<R>(f: impl FnOnce() -> R) -> R {
    let _end = End(STRICT.replace(true));
    f()
}

/// One command reads nothing that another one of its statement makes; of several that cannot be told.
pub fn by_itself<R>(alone: bool, f: impl FnOnce() -> R) -> R {
    if alone {
        return f();
    }
    let _end = End(STRICT.replace(false));
    f()
}

fn tried<R>(f: impl FnOnce() -> Result<R, Unread>) -> Result<R, Unread> {
    if STRICT.get() {
        return f();
    }
    // Somebody asks what the statement would do, or it is about to run the users' functions itself.
    xact::apart_unless_locked(|| looking::run(f)).unwrap_or(Err(Some(UNREADABLE)))
}

/// The name the server would choose: free among the relations of a schema, and among the constraints where it is one's.
#[must_use]
pub fn free_name(relation: &str, keys: &[String], label: &str, schema: &str, is_constraint: bool) -> String {
    let c = |s: &str| CString::new(s).unwrap_or_default();
    let (relation, label) = (c(relation), c(label));
    let keys = (!keys.is_empty()).then(|| c(&keys.join("_")));
    let Some(schema) = catalog::schema_oid(schema) else { return String::new() };
    // SAFETY: valid C strings and an existing schema; the result is palloc'd.
    unsafe {
        let keys = keys.as_ref().map_or(std::ptr::null(), |k| k.as_ptr());
        let name = pg_sys::ChooseRelationName(relation.as_ptr(), keys, label.as_ptr(), schema, is_constraint);
        text(name).unwrap_or_default()
    }
}

/// Makes a statement skip what is there already, or gone, so that it ends well: what it adds was added by a change. `index` is the
/// name of an index where the statement leaves it to the server.
///
/// # Safety
/// `node` must be the tree that is about to be executed, and may be scribbled on.
pub unsafe fn skip(node: *mut pg_sys::Node, index: Option<&str>) {
    use pg_sys::AlterTableType::{AT_AddColumn, AT_AddConstraint};
    // SAFETY: the caller vouches for the tree; casts follow the tags.
    unsafe {
        match (*node).type_ {
            pg_sys::NodeTag::T_IndexStmt => {
                let s = &mut *node.cast::<pg_sys::IndexStmt>();
                if s.idxname.is_null()
                    && let Ok(name) = CString::new(index.unwrap_or_default())
                {
                    s.idxname = pg_sys::pstrdup(name.as_ptr());
                }
                s.if_not_exists = true;
            }
            pg_sys::NodeTag::T_DropStmt => (*node.cast::<pg_sys::DropStmt>()).missing_ok = true,
            pg_sys::NodeTag::T_AlterTableStmt => {
                let s = &mut *node.cast::<pg_sys::AlterTableStmt>();
                for command in items::<pg_sys::AlterTableCmd>(s.cmds) {
                    match (*command).subtype {
                        AT_AddColumn => (*command).missing_ok = true,
                        AT_AddConstraint => s.cmds = pg_sys::list_delete_ptr(s.cmds, command.cast()),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
}
