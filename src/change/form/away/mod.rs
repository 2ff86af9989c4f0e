//! Names, rules and places that go, and what harmlessly comes along.
mod cascade;
mod column;
mod name;
pub mod partition;
mod rule;
mod value;

pub use value::owner_of as owner_of_type;

use super::{Plan, Planning};
use crate::core::change::away::Away;
use crate::error;
use crate::pg::catalog::Name;
use crate::pg::{owner, spi};
use pgrx::pg_sys;

/// Raises where a part names what the relation does not have.
pub fn require(relid: pg_sys::Oid, name: &Name, part: &Away) {
    let (kind, rule) = match part {
        Away::DropConstraint { constraint } => ("constraint", constraint),
        Away::DropPolicy { policy } => ("policy", policy),
        Away::Detach { partition } => ("partition", partition),
        _ => return,
    };
    let is_there: bool = owner::run(|| {
        spi::select_one(
            "SELECT EXISTS (SELECT FROM pg_constraint WHERE $2 = 'constraint' AND conrelid = $1 AND conname = $3)
                 OR EXISTS (SELECT FROM pg_policy WHERE $2 = 'policy' AND polrelid = $1 AND polname = $3)
                 OR EXISTS (SELECT FROM pg_inherits WHERE $2 = 'partition' AND inhparent = $1 AND inhrelid = to_regclass($3))",
            &[relid.into(), kind.into(), rule.as_str().into()],
            |r| r.must(1),
        )
    })
    .unwrap_or(false);
    if !is_there {
        error::change::no_such_rule(kind, rule, name).raise();
    }
}

/// Plans one of them; raises where something stands in its way.
#[must_use]
pub fn plan(p: &Planning, part: &Away) -> Plan {
    match part {
        Away::Rename { new_name } => name::rename(p, new_name),
        Away::SetSchema { new_schema } => name::set_schema(p, new_schema),
        Away::RenameValue { type_name, value, new_value } => value::rename(p, type_name, value, new_value),
        Away::Detach { partition } => partition::detach(p, partition),
        Away::DropConstraint { constraint } => rule::drop_constraint(p, constraint),
        Away::DropPolicy { policy } => rule::drop_policy(p, policy),
        Away::DropIndex { index } => rule::drop_index(p, index),
        Away::DropNotNull { column } => column::drop_not_null(p, column),
        Away::DropDefault { column } => column::drop_default(p, column),
        Away::AddColumn { column, definition } => column::add(p, column, definition),
        Away::Cascade(part) => cascade::plan(p, part),
    }
}
