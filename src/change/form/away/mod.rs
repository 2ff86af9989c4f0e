//! Names, rules and places that go, and what harmlessly comes along.
mod name;

use super::{Plan, Planning};
use crate::core::change::away::Away;

/// Plans one of them; raises where something stands in its way.
#[must_use]
pub fn plan(p: &Planning, part: &Away) -> Plan {
    match part {
        Away::Rename { new_name } => name::rename(p, new_name),
        Away::SetSchema { new_schema } => name::set_schema(p, new_schema),
        _ => p.no_form("no change form exists for this statement yet"),
    }
}
