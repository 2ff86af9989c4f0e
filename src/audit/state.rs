//! What `status()` says about audit.
use super::triggers;
use crate::pg::catalog::{self, Name};
use crate::pg::{owner, spi};
use crate::registry::status::StatusRow;

/// Rows of `status()`.
#[must_use]
pub fn status() -> Vec<StatusRow> {
    let (relations, entries) = owner::run(|| {
        spi::select_one(
            "SELECT (SELECT count(*) FROM governance._audited_relation),
                    greatest((SELECT reltuples::bigint FROM pg_class WHERE oid = 'governance.audit_entry'::regclass), 0)",
            &[],
            |r| (r.must::<i64>(1), r.must::<i64>(2)),
        )
    })
    .unwrap_or((0, 0));
    let mut rows = vec![if relations == 0 {
        StatusRow::off(
            "audit",
            "",
            "no relation is audited; the product's own acts are recorded",
            Some("SELECT governance.start_audit('some.table');".to_string()),
        )
    } else {
        StatusRow::on("audit", "", format!("{relations} relations audited, about {entries} rows in the log"))
    }];
    rows.extend(broken().into_iter().map(|name| {
        StatusRow::off(
            "audit.triggers",
            "",
            format!("{name} is audited, but a trigger is missing, changed, disabled or does not always fire"),
            Some(format!("SELECT governance.start_audit({});", pgrx::spi::quote_literal(&name))),
        )
    }));
    rows.push(StatusRow::off(
        "audit.truncate",
        "",
        "in mode installed TRUNCATE is recorded, and guarded, on audited relations only",
        None,
    ));
    rows.push(StatusRow::off(
        "audit.chain",
        "",
        "the log is append-only but not yet chained: seal_audit, verify_audit, as_of and erase_subject are not available",
        None,
    ));
    rows
}

/// Audited relations that lack a trigger, or of which a partition or child does.
fn broken() -> Vec<String> {
    let audited: Vec<(String, String)> = owner::run(|| {
        spi::select(
            "SELECT schema_name, relation_name FROM governance._audited_relation ORDER BY 1, 2",
            &[],
            |r| (r.must(1), r.must(2)),
        )
    });
    audited
        .into_iter()
        .map(|(schema, relation)| Name { schema, relation })
        .filter(|name| {
            catalog::relation_oid(name).is_some_and(|relid| {
                [triggers::ROW, triggers::TRUNCATE]
                    .iter()
                    .any(|k| triggers::tree(relid, k).iter().any(|b| !b.sound))
            })
        })
        .map(|name| name.to_string())
        .collect()
}
