//! What `status()` says about boundary.
use super::writer::TRIGGER;
use crate::audit::triggers;
use crate::pg::catalog::{self, Name};
use crate::pg::{owner, spi};
use crate::registry::status::StatusRow;

/// Rows of `status()`.
#[must_use]
pub fn status() -> Vec<StatusRow> {
    let datasets: i64 = owner::run(|| {
        spi::select_one(
            "SELECT count(DISTINCT (schema_name, relation_name)) FROM governance._declared_writer",
            &[],
            |r| r.must(1),
        )
    })
    .unwrap_or(0);
    let mut rows = vec![if datasets == 0 {
        StatusRow::off(
            "boundary.writers",
            "",
            "no dataset has declared writers",
            Some("SELECT governance.declare_writer('some.table', 'some_role');".to_string()),
        )
    } else {
        StatusRow::on("boundary.writers", "", format!("{datasets} datasets have declared writers"))
    }];
    rows.extend(broken().into_iter().map(|(name, role)| {
        StatusRow::off(
            "boundary.triggers",
            "",
            format!(
                "{name} has declared writers, but the trigger is missing, changed, disabled or does not always fire"
            ),
            Some(format!(
                "SELECT governance.declare_writer({}, {});",
                pgrx::spi::quote_literal(&name),
                pgrx::spi::quote_literal(&role)
            )),
        )
    }));
    rows.push(StatusRow::off(
        "boundary.aggregates",
        "",
        "aggregates, pipelines and causal tokens are not available in this version",
        None,
    ));
    rows
}

/// Relations with declared writers that lack the trigger, or of which a partition or child does; with one writer each.
fn broken() -> Vec<(String, String)> {
    let declared: Vec<(String, String, String)> = owner::run(|| {
        spi::select(
            "SELECT schema_name, relation_name, min(role) FROM governance._declared_writer GROUP BY 1, 2 ORDER BY 1, 2",
            &[],
            |r| (r.must(1), r.must(2), r.must(3)),
        )
    });
    declared
        .into_iter()
        .map(|(schema, relation, role)| (Name { schema, relation }, role))
        .filter(|(name, _)| {
            catalog::relation_oid(name)
                .is_some_and(|relid| triggers::tree(relid, &TRIGGER).iter().any(|b| !b.sound))
        })
        .map(|(name, role)| (name.to_string(), role))
        .collect()
}
