//! ALTER TABLE … DROP COLUMN: the column waits under a reserved name, and gives no writer trouble there.
use super::{Plan, Planning, aside, below};
use crate::change::dependents;
use crate::change::table;
use crate::core::change::step::{Phase, Step, TABLE, lock};
use crate::error;
use pgrx::pg_sys;
use pgrx::spi::quote_identifier;
use serde_json::json;

/// The plan.
pub fn plan(p: &Planning, column: &str) -> Plan {
    plan_but(p, column, &[])
}

/// The plan where these views go with it.
pub fn plan_but(p: &Planning, column: &str, views: &[pg_sys::Oid]) -> Plan {
    let facts = table::root_column(p, column);
    let _ = below::heirs(p, column, &[]);
    below::require_same(p, column, false);
    if facts.in_primary_key {
        p.no_form("the column is part of the primary key");
    }
    table::require_no_partition_key(p, column, &facts);
    if table::refuses_null(p.relid, column) {
        p.no_form("the column's domain takes no NULL, so it cannot be left without a value: give it a default first");
    }
    let dependents = dependents::but(p.relid, Some(column), views);
    if !dependents.is_empty() {
        error::change::dependents(&p.ddl, &dependents).raise();
    }
    let (old, reserved) = (quote_identifier(column), p.reserved(column));
    let hidden = quote_identifier(&reserved);
    let mut plan = Plan {
        takes: vec![column.to_string()],
        prelude: Some(format!("ALTER TABLE {TABLE} ADD COLUMN {old} boolean")),
        stand_in: Some(column.to_string()),
        ..Plan::default()
    };
    let without = aside::constraints(p, column, &mut plan);
    aside::indexes(p, column, &mut plan);
    let hide = Step::sql(
        Phase::Contract,
        lock::EXCLUSIVE,
        format!("ALTER TABLE {TABLE} RENAME COLUMN {old} TO {hidden}"),
        Some(format!("ALTER TABLE {TABLE} RENAME COLUMN {hidden} TO {old}")),
    );
    plan.step(hide.with(json!({"without": without})));
    let words = format!("give the indexes of {hidden}, and its sequence, reserved names");
    let step = Step::routine(Phase::Contract, "hide_indexes", words, json!({"column": reserved}));
    plan.step(Step { lock_mode: lock::EXCLUSIVE, ..step });
    // An identity has a value whoever writes.
    if facts.not_null && facts.stays_not_null.is_none() {
        aside::not_null(p, column, &reserved, false, &mut plan);
    }
    plan.purge_column(&reserved);
    plan
}
