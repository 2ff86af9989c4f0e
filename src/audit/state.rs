//! What `status()` says about audit.
use super::triggers;
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
            format!("{name} is audited, but a trigger is missing, disabled or does not always fire"),
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

/// Audited relations, or partitions and children of them, without both triggers firing always.
fn broken() -> Vec<String> {
    owner::run(|| {
        spi::select(
            "WITH RECURSIVE tree AS (
                SELECT c.oid AS relid, format('%I.%I', a.schema_name, a.relation_name) AS audited
                  FROM governance._audited_relation a JOIN pg_namespace n ON n.nspname = a.schema_name
                  JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = a.relation_name AND c.relkind IN ('r', 'p', 'f')
                UNION SELECT i.inhrelid, tree.audited FROM pg_inherits i JOIN tree ON tree.relid = i.inhparent)
             SELECT DISTINCT audited FROM tree
              WHERE 2 > (SELECT count(*) FROM pg_trigger t
                          WHERE t.tgrelid = tree.relid AND t.tgname = ANY ($1::text[]) AND t.tgenabled = 'A')
              ORDER BY audited",
            &[vec![triggers::ROW.to_string(), triggers::TRUNCATE.to_string()].into()],
            |r| r.must(1),
        )
    })
}
