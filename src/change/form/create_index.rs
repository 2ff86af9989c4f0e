//! CREATE INDEX: concurrently, so that writers go on. On a partitioned table leaf by leaf, under one index above them.
use super::{Plan, Planning};
use crate::change::{table, whole};
use crate::core::change::addition::NewIndex;
use crate::core::change::step::{Phase, SCHEMA, Step, TABLE, lock};
use crate::error;
use crate::pg::addition::free_name;
use crate::pg::catalog::{self, Name};
use pgrx::spi::quote_identifier;
use serde_json::json;

/// The plan.
pub fn plan(p: &Planning, new: &NewIndex) -> Plan {
    table::require_stored(p, true);
    let name = match &new.name {
        Some(name) => {
            require_free(p, name);
            name.clone()
        }
        None => free_name(&p.name.relation, &new.keys, "idx", &p.name.schema, false),
    };
    let mut plan = Plan::default();
    if !table::shape(p.relid).partitioned {
        plan.step(of_table(Phase::Expand, &name, new.unique, &new.definition).making("index", &name));
        return plan;
    }
    let unique = if new.unique { "UNIQUE " } else { "" };
    let mut names: Vec<(Option<Name>, Name)> = Vec::new();
    for member in whole::tree(p.relid) {
        let is_top = member.relid == p.relid;
        let index = if is_top {
            name.clone()
        } else {
            free_name(&member.name.relation, &new.keys, "idx", &member.name.schema, false)
        };
        let index = Name { schema: member.name.schema.clone(), relation: index };
        let above = member.above.and_then(|above| names.get(above)).map(|(_, index)| index.clone());
        if member.partitioned {
            let quoted = quote_identifier(&index.relation);
            let on = if is_top { TABLE.to_string() } else { member.name.to_string() };
            let only = Step::sql(
                Phase::Expand,
                lock::NO_WRITES,
                format!("CREATE {unique}INDEX {quoted} ON ONLY {on} {}", new.definition),
                Some(format!("DROP INDEX IF EXISTS {index}")),
            );
            plan.step(if is_top { only.making("index", &name) } else { only });
        } else {
            plan.step(of_leaf(Phase::Expand, &member.name, &index, new.unique, &new.definition));
        }
        names.push((above, index));
    }
    // From the top: when the last leaf is attached, everything above it is valid.
    for (above, index) in names {
        let Some(above) = above else { continue };
        let undo = format!("DROP INDEX IF EXISTS {SCHEMA}.{}", quote_identifier(&name));
        plan.step(Step::sql(
            Phase::Expand,
            lock::READ,
            format!("ALTER INDEX {above} ATTACH PARTITION {index}"),
            Some(undo),
        ));
    }
    plan.step(whole::valid_index(&name));
    plan
}

/// An index of the table itself.
#[must_use]
pub fn of_table(phase: Phase, name: &str, unique: bool, definition: &str) -> Step {
    let quoted = quote_identifier(name);
    let unique = if unique { "UNIQUE " } else { "" };
    Step::alone(
        phase,
        lock::NO_DDL,
        format!("CREATE {unique}INDEX CONCURRENTLY {quoted} ON {TABLE} {definition}"),
        Some(format!("DROP INDEX IF EXISTS {SCHEMA}.{quoted}")),
    )
    .with(json!({"index": name}))
}

/// An index of one of its partitions.
#[must_use]
pub fn of_leaf(phase: Phase, leaf: &Name, index: &Name, unique: bool, definition: &str) -> Step {
    let quoted = quote_identifier(&index.relation);
    let unique = if unique { "UNIQUE " } else { "" };
    Step::alone(
        phase,
        lock::NO_DDL,
        format!("CREATE {unique}INDEX CONCURRENTLY {quoted} ON {leaf} {definition}"),
        Some(format!("DROP INDEX IF EXISTS {index}")),
    )
    .with(json!({"index": index.relation, "schema": index.schema}))
}

/// Raises where a relation of that name is in the table's schema.
pub fn require_free(p: &Planning, name: &str) {
    let taken = Name { schema: p.name.schema.clone(), relation: name.to_string() };
    if catalog::relation_oid(&taken).is_some() {
        error::change::name_exists(&taken.to_string(), &p.name).raise();
    }
}
