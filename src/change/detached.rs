//! What a partition must not lose, nor keep, when it leaves its table and comes back.
use super::quarantine::name;
use super::run::{refuse_to_queue_for, statements};
use super::store::{self, Change};
use crate::core::change::step::Action;
use crate::pg::catalog::{self, Name};
use crate::pg::{cache, owner, spi};
use pgrx::pg_sys;
use serde_json::{Value, json};

/// Tables that state something about a relation. Not the audit's: what was logged meanwhile is found by it.
const STATES: [&str; 5] = ["dataset", "column_tag", "consumer", "deprecation", "declared_writer"];

/// Notes what is stated about a partition itself. Once detached it bears all that held for it by the table above.
pub fn note(change: &Change, args: &Value) {
    let stated = stated(&name(args, "partition"));
    store::keep(change.id, "stated", json!(stated));
}

/// Forgets what was only copied to it: it holds by the table above again.
pub fn forget_copies(change: &Change, args: &Value) {
    let name = name(args, "partition");
    let before: Vec<&str> =
        change.kept["stated"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let key = [name.schema.as_str().into(), name.relation.as_str().into()];
    owner::run(|| {
        for table in STATES.into_iter().filter(|table| !before.contains(table)) {
            let sql = format!("DELETE FROM governance.{table} WHERE schema_name = $1 AND relation_name = $2");
            spi::execute(&sql, &key);
        }
        if !before.contains(&"level") {
            let scope = format!("dataset:{name}");
            spi::execute("DELETE FROM governance.level WHERE scope = $1", &[scope.into()]);
        }
        spi::execute(
            "DELETE FROM governance.proposal
              WHERE schema_name = $1 AND relation_name = $2 AND kind = 'identity' AND state = 'open'",
            &key,
        );
    });
    cache::touch();
}

fn stated(name: &Name) -> Vec<String> {
    let mut questions: Vec<String> = STATES
        .iter()
        .map(|table| {
            format!(
                "SELECT '{table}' WHERE EXISTS (SELECT FROM governance.{table} WHERE schema_name = $1 AND relation_name = $2)"
            )
        })
        .collect();
    questions
        .push("SELECT 'level' WHERE EXISTS (SELECT FROM governance.level WHERE scope = 'dataset:' || format('%I.%I', $1, $2))".into());
    owner::run(|| {
        spi::select_latest(
            &questions.join(" UNION ALL "),
            &[name.schema.as_str().into(), name.relation.as_str().into()],
            |r| r.must(1),
        )
    })
}

/// Runs the DETACH or (with `back`) the ATTACH with the rights of the owner.
pub fn run(change: &Change, args: &Value, back: bool) {
    let text = args[if back { "attach" } else { "detach" }].as_str().unwrap_or_default();
    // DROP TABLE of a partition locks the table above it too.
    if !back && let Some(parent) = catalog::relation_oid(&name(args, "parent")) {
        refuse_to_queue_for(change, parent, pg_sys::AccessExclusiveLock as pg_sys::LOCKMODE);
    }
    statements(change, Action::Sql, text, &Value::Null);
}
