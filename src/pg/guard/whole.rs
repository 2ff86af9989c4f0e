//! A statement with several sub-commands as one wish: what a refusal says to propose, since a part of it would not let the
//! statement through.
use crate::core::change::part;
use crate::pg::list::items;
use crate::pg::wish;
use pgrx::pg_sys;
use pgrx::pg_sys::NodeTag::*;
use pgrx::spi::quote_identifier;

/// Whether reading a sub-command would analyse an expression, and with that run what users wrote.
///
/// # Safety
/// A valid parse tree.
unsafe fn has_expression(c: &pg_sys::AlterTableCmd) -> bool {
    use pg_sys::AlterTableType::*;
    // SAFETY: the cast follows the node's tag.
    unsafe {
        match c.subtype {
            AT_DropColumn | AT_DropConstraint | AT_DropNotNull | AT_SetNotNull => false,
            AT_ColumnDefault => !c.def.is_null(),
            AT_AddColumn | AT_AlterColumnType if !c.def.is_null() && (*c.def).type_ == T_ColumnDef => {
                let d = &*c.def.cast::<pg_sys::ColumnDef>();
                !d.raw_default.is_null() || !d.constraints.is_null()
            }
            _ => true,
        }
    }
}

/// The table and the wish; None where it has one sub-command, or is more than changes can plan.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn of(node: *mut pg_sys::Node) -> Option<(pg_sys::Oid, String)> {
    // SAFETY: the cast follows the node's tag.
    unsafe {
        if (*node).type_ != T_AlterTableStmt {
            return None;
        }
        let commands = items::<pg_sys::AlterTableCmd>((*node.cast::<pg_sys::AlterTableStmt>()).cmds);
        if commands.len() < 2 || commands.iter().any(|c| has_expression(&**c)) {
            return None;
        }
        let wish = wish::read(node).into_iter().next().filter(|w| w.is_all && w.parts.len() > 1)?;
        let text = part::text(&wish.parts, &wish.name.to_string(), |name| quote_identifier(name));
        Some((wish.relid?, text))
    }
}
