//! ALTER TABLE … RENAME TO, SET SCHEMA: the relation gets its new name at once, and an updatable view bears the old one
//! until nobody uses it any more.
use super::super::{Plan, Planning};
use crate::change::old_name;
use crate::core::change::step::{Phase, Step, lock};
use crate::error;
use crate::pg::catalog::{self, Name};
use pgrx::spi::{quote_identifier, quote_literal};
use serde_json::{Value, json};

/// ALTER TABLE … RENAME TO.
pub fn rename(p: &Planning, new_name: &str) -> Plan {
    plan(
        p,
        Name { schema: p.name.schema.clone(), relation: new_name.to_string() },
        &format!("RENAME TO {}", quote_identifier(new_name)),
        &format!("RENAME TO {}", quote_identifier(&p.name.relation)),
    )
}

/// ALTER TABLE … SET SCHEMA.
pub fn set_schema(p: &Planning, new_schema: &str) -> Plan {
    if !catalog::schema_exists(new_schema) {
        error::change::no_such_schema(new_schema).raise();
    }
    plan(
        p,
        Name { schema: new_schema.to_string(), relation: p.name.relation.clone() },
        &format!("SET SCHEMA {}", quote_identifier(new_schema)),
        &format!("SET SCHEMA {}", quote_identifier(&p.name.schema)),
    )
}

fn plan(p: &Planning, to: Name, forth: &str, back: &str) -> Plan {
    let from = &p.name;
    if !matches!(catalog::relation_kind(p.relid), Some(b'r' | b'p' | b'v' | b'm' | b'f')) {
        p.no_form("only tables and views keep their old name as a view");
    }
    if catalog::relation_oid(&to).is_some() || catalog::type_exists(&to) {
        error::change::relation_taken(&to).raise();
    }
    // One spelling for every kind: ALTER TABLE takes views too.
    let names = json!({"from": named(from), "to": named(&to), "forth": forth, "back": back});
    let mut plan = Plan {
        aliases: vec![from.to_string(), to.to_string()],
        prelude: Some(format!("ALTER TABLE {to} {back}")),
        probe: Some(format!("to_regclass({}) IS NOT NULL", quote_literal(from.to_string()))),
        ..Plan::default()
    };
    let moving = Step::routine(Phase::Expand, "move", format!("ALTER TABLE {from} {forth}"), names.clone());
    plan.step(Step { lock_mode: lock::EXCLUSIVE, ..moving });
    plan.and(Step::routine(
        Phase::Expand,
        "old_name",
        format!(
            "{}; with the owner, grants and comments of {to}",
            old_name::definition(from, &to, &old_name::columns(p.relid))
        ),
        names.clone(),
    ));
    let end = Step::routine(Phase::Contract, "end_old_name", format!("DROP VIEW {from}"), names);
    plan.step(Step { lock_mode: lock::EXCLUSIVE, ..end });
    plan
}

fn named(name: &Name) -> Value {
    json!({"schema": name.schema, "relation": name.relation})
}
