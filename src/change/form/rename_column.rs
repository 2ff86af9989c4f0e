//! ALTER TABLE … RENAME COLUMN: a twin under the new name, written together; at the gate the old column takes the new name
//! natively, so that indexes, constraints, defaults, views and foreign keys stay.
use super::{Plan, Planning, below};
use crate::change::table;
use crate::core::change::step::{Phase, Step, TABLE, lock};
use crate::error;
use crate::pg::catalog;
use pgrx::spi::{quote_identifier, quote_literal};
use serde_json::json;

/// The plan.
pub fn plan(p: &Planning, column: &str, new_name: &str) -> Plan {
    let facts = table::root_column(p, column);
    if facts.generated {
        p.no_form("a generated column cannot be written together with its new name");
    }
    if facts.partition_key_of.is_some() {
        p.no_form("a partition key cannot be written together with its new name");
    }
    if catalog::column_number(p.relid, new_name).is_some() {
        error::change::name_taken(&p.name, new_name).raise();
    }
    let (old, new, reserved) = (quote_identifier(column), quote_identifier(new_name), p.reserved(new_name));
    let hidden = quote_identifier(&reserved);
    let mut plan = Plan {
        adds: vec![new_name.to_string()],
        takes: vec![column.to_string()],
        prelude: Some(format!("ALTER TABLE {TABLE} RENAME COLUMN {new} TO {old}")),
        ..Plan::default()
    };
    let collation = facts.collation.map(|c| format!(" COLLATE {c}")).unwrap_or_default();
    plan.step(Step::sql(
        Phase::Expand,
        lock::EXCLUSIVE,
        format!("ALTER TABLE {TABLE} ADD COLUMN {new} {}{collation}", facts.type_name),
        Some(format!("ALTER TABLE {TABLE} DROP COLUMN IF EXISTS {new}")),
    ));
    plan.and(Step::routine(
        Phase::Expand,
        "copy_column",
        format!("give {new} the grants and tags of {old}"),
        json!({"from": column, "to": new_name}),
    ));
    // Partitions get the trigger of the table above, heirs do not.
    let heirs = below::heirs(p, column, &[new_name]);
    let trigger = p.trigger();
    let (from, to) = (quote_literal(column), quote_literal(new_name));
    let make = below::of_each(&heirs, |table| {
        format!(
            "CREATE TRIGGER {trigger} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION governance._dual_write({from}, {to}); ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}"
        )
    });
    let unmake = below::of_each(&heirs, |table| format!("DROP TRIGGER IF EXISTS {trigger} ON {table}"));
    let args = json!({"trigger": trigger, "touches": heirs, "of_heirs": true});
    plan.and(
        Step::product(Phase::Expand, lock::NO_WRITES_OR_DDL, make.clone(), Some(unmake.clone()))
            .with(args.clone()),
    );
    let set = json!({"set": {new_name: old}});
    plan.step(Step::copy(
        format!("UPDATE {TABLE} SET {new} = {old} in batches, a commit after each"),
        set.clone(),
    ));
    plan.step(Step::compare(format!("SELECT count(*) FROM {TABLE} where {old} and {new} differ"), set));
    let args = json!({"touches": args["touches"]});
    plan.step(Step::product(Phase::Contract, lock::EXCLUSIVE, unmake, Some(make)).with(args));
    plan.step(Step::sql(
        Phase::Contract,
        lock::EXCLUSIVE,
        format!("ALTER TABLE {TABLE} RENAME COLUMN {new} TO {hidden}"),
        Some(format!("ALTER TABLE {TABLE} RENAME COLUMN {hidden} TO {new}")),
    ));
    plan.step(Step::sql(
        Phase::Contract,
        lock::EXCLUSIVE,
        format!("ALTER TABLE {TABLE} RENAME COLUMN {old} TO {new}"),
        Some(format!("ALTER TABLE {TABLE} RENAME COLUMN {new} TO {old}")),
    ));
    plan.purge_column(&reserved);
    plan
}
