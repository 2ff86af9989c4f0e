//! Reading what a statement wishes, as far as changes can plan it.
#![expect(non_upper_case_globals, reason = "names of the server's enums in patterns")]
use super::catalog::{self, Name, text};
use super::ddl;
use super::guard::names;
use super::list::items;
use crate::core::change::part::Part;
use pgrx::pg_sys;
use pgrx::pg_sys::NodeTag::*;

/// What a statement wishes of one relation.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The relation: as resolved, or as written where there is no such relation.
    pub name: Name,
    /// The relation, None when it does not exist.
    pub relid: Option<pg_sys::Oid>,
    /// What is wished, as far as there are forms.
    pub parts: Vec<Part>,
    /// Whether that is all of it.
    pub is_all: bool,
    /// Why there is no form, where that can be said better than by a list of those there are.
    pub why_not: Option<&'static str>,
}

/// What a statement wishes, one entry per relation it names; empty where it is nothing that changes know.
///
/// # Safety
/// `node` must be null or a valid raw parse tree of a utility statement.
#[must_use]
pub unsafe fn read(node: *mut pg_sys::Node) -> Vec<Wish> {
    if node.is_null() {
        return Vec::new();
    }
    // SAFETY: every cast follows the node's tag; strings are NUL-terminated as the parser makes them.
    unsafe {
        match (*node).type_ {
            T_AlterTableStmt => {
                let s = &*node.cast::<pg_sys::AlterTableStmt>();
                wish(s.relation, |w| {
                    if !(*s.relation).inh {
                        w.why_not = Some("ALTER TABLE ONLY has no change form");
                        w.is_all = false;
                        return;
                    }
                    for command in items::<pg_sys::AlterTableCmd>(s.cmds) {
                        match sub_command(&*command, w) {
                            Ok(part) => w.parts.push(part),
                            Err(why) => {
                                w.is_all = false;
                                w.why_not = w.why_not.or(why);
                            }
                        }
                    }
                })
            }
            T_RenameStmt => rename(&*node.cast::<pg_sys::RenameStmt>()),
            T_DropStmt => drop(&*node.cast::<pg_sys::DropStmt>()),
            _ => Vec::new(),
        }
    }
}

/// # Safety
/// `range` must be null or a valid RangeVar.
unsafe fn wish(range: *mut pg_sys::RangeVar, fill: impl FnOnce(&mut Wish)) -> Vec<Wish> {
    if range.is_null() {
        return Vec::new();
    }
    // SAFETY: the caller vouches for the tree.
    let (relid, written) = unsafe { (names::relation(range), ddl::name_of(range)) };
    let Some(name) = relid.and_then(catalog::relation_name).or(written) else { return Vec::new() };
    let mut wish = Wish { name, relid, parts: Vec::new(), is_all: true, why_not: None };
    fill(&mut wish);
    vec![wish]
}

/// # Safety
/// A valid parse tree.
unsafe fn sub_command(c: &pg_sys::AlterTableCmd, _of: &Wish) -> Result<Part, Option<&'static str>> {
    use pg_sys::AlterTableType::*;
    // SAFETY: the caller vouches for the tree.
    let name = unsafe { text(c.name) }.unwrap_or_default();
    match c.subtype {
        // Some tools write CASCADE always. It is the same wish: where something depends on it there is no plan, and no
        // certificate.
        AT_DropColumn => Ok(Part::DropColumn { column: name }),
        _ => Err(None),
    }
}

/// # Safety
/// A valid parse tree.
unsafe fn rename(s: &pg_sys::RenameStmt) -> Vec<Wish> {
    use pg_sys::ObjectType::*;
    // SAFETY: the caller vouches for the tree.
    let (Some(new_name), old) = (unsafe { text(s.newname) }, unsafe { text(s.subname) }) else {
        return Vec::new();
    };
    // SAFETY: as above.
    unsafe {
        match (s.renameType, old) {
            (OBJECT_COLUMN, Some(column)) => {
                wish(s.relation, |w| w.parts.push(Part::RenameColumn { column, new_name }))
            }
            _ => Vec::new(),
        }
    }
}

/// # Safety
/// A valid parse tree.
unsafe fn drop(s: &pg_sys::DropStmt) -> Vec<Wish> {
    use pg_sys::ObjectType::*;
    let part = match s.removeType {
        OBJECT_TABLE => Part::DropTable,
        OBJECT_VIEW => Part::DropView { materialized: false },
        OBJECT_MATVIEW => Part::DropView { materialized: true },
        _ => return Vec::new(),
    };
    // CASCADE is the same wish, as with columns.
    // SAFETY: the caller vouches for the tree: names of relations are lists of String nodes.
    unsafe {
        items::<pg_sys::List>(s.objects)
            .into_iter()
            .flat_map(|names| wish(pg_sys::makeRangeVarFromNameList(names), |w| w.parts.push(part.clone())))
            .collect()
    }
}
