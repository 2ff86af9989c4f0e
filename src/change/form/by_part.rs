//! An index that is built for the new column part by part: on each partition of a partitioned table, or on the partition or
//! heir that it is of.
use super::indexes::{Definition, Index};
use crate::core::change::step::{Phase, SCHEMA, Step, TABLE, lock};
use pgrx::spi::quote_identifier;
use serde_json::json;

fn unique(i: &Index) -> &'static str {
    if i.is_unique { "UNIQUE " } else { "" }
}

fn table(i: &Index) -> String {
    i.member.as_ref().map_or_else(|| TABLE.to_string(), ToString::to_string)
}

/// Its name with the schema, which is its table's.
fn full(i: &Index) -> String {
    let schema = i.member.as_ref().map_or_else(|| SCHEMA.to_string(), |m| quote_identifier(&m.schema));
    format!("{schema}.{}", quote_identifier(&i.name))
}

/// Builds it, whichever parts there are by then. `before`: what its reserved names begin with.
#[must_use]
pub fn build(i: &Index, before: &str, on: &Definition) -> Step {
    let (unique, table, each) =
        (unique(i), table(i), if i.is_partitioned { "each partition of " } else { "" });
    let words = format!("CREATE {unique}INDEX CONCURRENTLY ON {each}{table} {}", on.as_index());
    let each = json!({
        "index": full(i), "before": before, "unique": unique, "keys": on.keys, "condition": on.condition,
    });
    Step::alone(Phase::Verify, lock::NO_DDL, words, Some(String::new())).with(json!({"each": each}))
}

/// It takes the place of the old one.
#[must_use]
pub fn take_over(i: &Index) -> Step {
    let each = if i.is_partitioned { ", and that of each partition," } else { "" };
    let words = format!("index {} on the new column{each} takes the place of the old one", full(i));
    let args = json!({
        "index": full(i), "unique": unique(i), "as_index": i.on.as_index(), "as_constraint": i.on.as_constraint(),
        "as_before": i.on_old.as_constraint(), "kept": format!("index {}", full(i)), "touches": [table(i)],
    });
    Step { lock_mode: lock::EXCLUSIVE, ..Step::routine(Phase::Contract, "take_over", words, args) }
}
