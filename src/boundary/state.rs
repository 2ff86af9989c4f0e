//! What `status()` says about boundary.
use super::writer::TRIGGER;
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
                "{name} has declared writers, but the trigger is missing, disabled or does not always fire"
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

/// Relations with declared writers, or partitions and children of them, without the trigger; with one writer each.
fn broken() -> Vec<(String, String)> {
    owner::run(|| {
        spi::select(
            "WITH RECURSIVE tree AS (
                SELECT c.oid AS relid, format('%I.%I', w.schema_name, w.relation_name) AS governed, w.role
                  FROM governance._declared_writer w JOIN pg_namespace n ON n.nspname = w.schema_name
                  JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.relation_name AND c.relkind IN ('r', 'p', 'f')
                UNION SELECT i.inhrelid, tree.governed, tree.role FROM pg_inherits i JOIN tree ON tree.relid = i.inhparent)
             SELECT governed, min(role) FROM tree
              WHERE NOT EXISTS (SELECT FROM pg_trigger t
                                 WHERE t.tgrelid = tree.relid AND t.tgname = $1 AND t.tgenabled = 'A')
              GROUP BY governed ORDER BY governed",
            &[TRIGGER.into()],
            |r| (r.must(1), r.must(2)),
        )
    })
}
