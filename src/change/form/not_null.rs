//! ALTER COLUMN … SET NOT NULL: proven by a CHECK, so that no row is read under the strong lock.
use super::{Plan, Planning};
use crate::change::table;
use crate::core::change::step::{Phase, Step, TABLE, lock};
use crate::pg::expression::{self, Expression};
use pgrx::spi::{quote_identifier, quote_literal};
use serde_json::{Value, json};

/// The plan.
pub fn plan(p: &Planning, column: &str) -> Plan {
    p.refuse_down();
    let _ = table::plain_column(p, column);
    let mut plan = Plan::default();
    if let Some(up) = p.up_of(column) {
        let Some(of_type) = expression::typed(p.relid, column) else {
            crate::error::change::column_gone(column).raise()
        };
        fill(&mut plan, p, column, &expression::of_text(p.relid, &up, of_type));
    }
    prove(&mut plan, p, column);
    plan
}

/// Proves that a column holds no NULL, and says so at the gate.
pub fn prove(plan: &mut Plan, p: &Planning, column: &str) {
    let quoted = quote_identifier(column);
    let name = p.reserved(&format!("{column}_not_null"));
    let check = quote_identifier(&name);
    let undo = format!("ALTER TABLE {TABLE} DROP CONSTRAINT IF EXISTS {check}");
    plan.step(Step::sql(
        Phase::Verify,
        lock::EXCLUSIVE,
        format!("ALTER TABLE {TABLE} ADD CONSTRAINT {check} CHECK ({quoted} IS NOT NULL) NOT VALID"),
        Some(undo.clone()),
    ));
    let words = format!("ALTER TABLE {TABLE} VALIDATE CONSTRAINT {check}");
    let args = json!({"table": TABLE, "constraint": name, "column": column});
    let validate = Step::routine(Phase::Verify, "validate", words, args);
    plan.step(Step { lock_mode: lock::NO_DDL, ..validate });
    plan.step(
        Step::sql(
            Phase::Contract,
            lock::EXCLUSIVE,
            format!("ALTER TABLE {TABLE} ALTER COLUMN {quoted} SET NOT NULL"),
            Some(format!("ALTER TABLE {TABLE} ALTER COLUMN {quoted} DROP NOT NULL")),
        )
        .making("not_null", column),
    );
    plan.step(Step::sql(Phase::Contract, lock::EXCLUSIVE, undo, None));
}

/// Gives old rows a value, and new ones of clients that give none, until the gate.
pub fn fill(plan: &mut Plan, p: &Planning, column: &str, up: &Expression) {
    let trigger = trigger(p, column);
    let meaning = up.stable.then_some(&p.meaning);
    let mut calls = vec![column.to_string(), up.text.clone()];
    calls.extend(meaning.iter().flat_map(|m| ["writer".to_string(), m.to_string()]));
    let quoted = quote_identifier(&trigger);
    let undo = format!("DROP TRIGGER IF EXISTS {quoted} ON {TABLE}");
    plan.step(
        Step::product(
            Phase::Expand,
            lock::NO_WRITES_OR_DDL,
            format!(
                "CREATE TRIGGER {quoted} BEFORE INSERT OR UPDATE ON {TABLE} FOR EACH ROW EXECUTE FUNCTION governance._fill_null({}); ALTER TABLE {TABLE} ENABLE ALWAYS TRIGGER {quoted}",
                literals(&calls)
            ),
            Some(undo.clone()),
        )
        .with(json!({"trigger": trigger, "calls": calls})),
    );
    copy(plan, column, &up.text, up.runs_users_code, meaning);
    plan.step(Step::product(Phase::Contract, lock::EXCLUSIVE, undo, None));
}

/// Arguments of a trigger as in its statement.
pub fn literals(calls: &[String]) -> String {
    calls.iter().map(quote_literal).collect::<Vec<_>>().join(", ")
}

fn trigger(p: &Planning, column: &str) -> String {
    let mut trigger = format!("{}_{column}", p.trigger());
    trigger.truncate((0..=63).rev().find(|at| trigger.is_char_boundary(*at)).unwrap_or(0));
    trigger
}

/// Gives old rows a value where new ones have a default; joined to the step before. An old row that is written moves, perhaps
/// to where the copy has been already: it gets its value then.
/// `stable`: what the expression gives depends on settings, so it is evaluated under those of the proposal.
pub fn copy_moving(
    plan: &mut Plan,
    p: &Planning,
    column: &str,
    expression: &str,
    runs_users_code: bool,
    stable: bool,
) {
    let meaning = stable.then_some(&p.meaning);
    let (quoted, name) = (quote_identifier(column), quote_identifier(trigger(p, column)));
    let undo = format!("DROP TRIGGER IF EXISTS {name} ON {TABLE}");
    let mut calls = vec![column.to_string(), expression.to_string(), "owner".to_string()];
    calls.extend(meaning.map(ToString::to_string));
    let make = Step::product(
        Phase::Expand,
        lock::NO_WRITES_OR_DDL,
        format!(
            "CREATE TRIGGER {name} BEFORE UPDATE ON {TABLE} FOR EACH ROW WHEN (OLD.{quoted} IS NULL AND NEW.{quoted} IS NULL) EXECUTE FUNCTION governance._fill_null({}); ALTER TABLE {TABLE} ENABLE ALWAYS TRIGGER {name}",
            literals(&calls)
        ),
        Some(undo.clone()),
    );
    plan.and(make.with(json!({"calls": calls})));
    copy(plan, column, expression, runs_users_code, meaning);
    plan.step(Step::product(Phase::Verify, lock::EXCLUSIVE, undo, None));
}

/// Gives old rows a value.
fn copy(plan: &mut Plan, column: &str, expression: &str, runs_users_code: bool, meaning: Option<&Value>) {
    let quoted = quote_identifier(column);
    plan.step(Step::copy(
        format!(
            "UPDATE {TABLE} SET {quoted} = {expression} WHERE {quoted} IS NULL in batches, a commit after each"
        ),
        json!({
            "set": {column: expression},
            "only": format!("{quoted} IS NULL"),
            "once": true,
            "runs_users_code": runs_users_code,
            "meaning": meaning,
        }),
    ));
}
