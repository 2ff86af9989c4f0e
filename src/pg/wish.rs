//! Reading what a statement wishes, as far as changes can plan it.
#![expect(non_upper_case_globals, reason = "names of the server's enums in patterns")]
use super::catalog::{self, Name, text};
use super::guard::names;
use super::list::items;
use super::{addition, ddl, retype, wish_away};
use crate::core::change::away::Away;
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
    /// Whether a column is added without IF NOT EXISTS.
    pub adds_anew: bool,
    /// Why there is no form, where that can be said better than by a list of those there are.
    pub why_not: Option<&'static str>,
    /// Further names by which the guard judges the statement.
    pub also: Vec<Name>,
    /// Whether the statement must be the first thing that its transaction does.
    pub comes_first: bool,
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
                    let commands = items::<pg_sys::AlterTableCmd>(s.cmds);
                    let alone = commands.len() == 1;
                    for command in commands {
                        w.adds_anew |= (*command).subtype == pg_sys::AlterTableType::AT_AddColumn
                            && !(*command).missing_ok;
                        let part = addition::by_itself(alone, || sub_command(&*command, w));
                        part_or_why(w, part);
                    }
                })
            }
            T_RenameStmt => rename(&*node.cast::<pg_sys::RenameStmt>()),
            T_IndexStmt => {
                let s = &*node.cast::<pg_sys::IndexStmt>();
                wish(s.relation, |w| {
                    let part = w.relid.ok_or(None).and_then(|relid| addition::index(s, relid));
                    part_or_why(w, part);
                })
            }
            T_AlterObjectSchemaStmt => set_schema(&*node.cast::<pg_sys::AlterObjectSchemaStmt>()),
            T_AlterEnumStmt => wish_away::alter_enum(&*node.cast::<pg_sys::AlterEnumStmt>()),
            T_DropStmt => drop(&*node.cast::<pg_sys::DropStmt>()),
            _ => Vec::new(),
        }
    }
}

fn part_or_why(w: &mut Wish, part: Result<Part, Option<&'static str>>) {
    match part {
        Ok(part) => w.parts.push(part),
        Err(why) => {
            w.is_all = false;
            w.why_not = w.why_not.or(why);
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
    let mut wish = Wish {
        name,
        relid,
        parts: Vec::new(),
        is_all: true,
        adds_anew: false,
        why_not: None,
        also: Vec::new(),
        comes_first: false,
    };
    fill(&mut wish);
    vec![wish]
}

/// # Safety
/// A valid parse tree.
unsafe fn sub_command(c: &pg_sys::AlterTableCmd, of: &Wish) -> Result<Part, Option<&'static str>> {
    use pg_sys::AlterTableType::*;
    let cascades = c.behavior == pg_sys::DropBehavior::DROP_CASCADE;
    // SAFETY: the caller vouches for the tree.
    let name = unsafe { text(c.name) }.unwrap_or_default();
    match c.subtype {
        AT_DropColumn if !cascades => Ok(Part::DropColumn { column: name }),
        // SAFETY: as above.
        AT_AlterColumnType => unsafe { retype::set_type(name, c.def.cast(), of) },
        AT_SetNotNull => Ok(Part::SetNotNull { column: name }),
        // SAFETY: the definition of what is added, by the kind of the command.
        AT_AddConstraint => unsafe {
            of.relid.ok_or(None).and_then(|relid| addition::add_constraint(c.def.cast(), relid))
        },
        // SAFETY: as above.
        AT_AddColumn => unsafe {
            of.relid.ok_or(None).and_then(|relid| addition::add_column(c.def.cast(), relid))
        },
        // SAFETY: as above.
        _ => unsafe { wish_away::sub_command(c) }.unwrap_or(Err(None)),
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
            // ALTER INDEX and ALTER SEQUENCE take tables and views as well.
            (
                OBJECT_TABLE | OBJECT_VIEW | OBJECT_MATVIEW | OBJECT_FOREIGN_TABLE | OBJECT_INDEX
                | OBJECT_SEQUENCE,
                None,
            ) => wish(s.relation, |w| w.parts.push(Part::Away(Away::Rename { new_name }))),
            _ => Vec::new(),
        }
    }
}

/// # Safety
/// A valid parse tree.
unsafe fn set_schema(s: &pg_sys::AlterObjectSchemaStmt) -> Vec<Wish> {
    // SAFETY: the caller vouches for the tree.
    unsafe {
        match text(s.newschema) {
            Some(new_schema) => {
                wish(s.relation, |w| w.parts.push(Part::Away(Away::SetSchema { new_schema })))
            }
            None => Vec::new(),
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
        // SAFETY: the caller vouches for the tree.
        _ => return unsafe { wish_away::drop(s) }.unwrap_or_default(),
    };
    let cascades = s.behavior == pg_sys::DropBehavior::DROP_CASCADE;
    // SAFETY: the caller vouches for the tree: names of relations are lists of String nodes.
    unsafe {
        items::<pg_sys::List>(s.objects)
            .into_iter()
            .flat_map(|names| {
                wish(pg_sys::makeRangeVarFromNameList(names), |w| {
                    w.parts.push(if cascades {
                        Part::Away(Away::Cascade(Box::new(part.clone())))
                    } else {
                        part.clone()
                    })
                })
            })
            .collect()
    }
}
