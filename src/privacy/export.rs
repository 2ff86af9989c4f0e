//! Exports: one masked SELECT, its lines and a receipt.
use crate::audit::{self, Act};
use crate::core::privacy::format::{Digester, csv_line};
use crate::error;
use crate::pg::mask::{Seen, export};
use crate::pg::{owner, roles, settings_scope, spi};
use pgrx::JsonB;
use serde_json::{Value, json};

/// The formats there are.
const FORMATS: [&str; 2] = ["csv", "jsonl"];

/// Runs a query as the caller with everything tagged masked, and returns its lines.
pub fn run(query: &str, format: &str, recipient: &str, search_path: &str) -> Vec<String> {
    if !FORMATS.contains(&format) {
        error::not_one_of("format", format, &FORMATS).raise();
    }
    super::key::ensure("");
    let (mut lines, mut digest) = (Vec::new(), Digester::default());
    let outcome = settings_scope::with_search_path(search_path, || {
        let statement = export::require_select(query);
        let statement = match format {
            // The line feed ends a comment that the query may end with.
            "jsonl" => format!("SELECT pg_catalog.row_to_json(q) FROM (\n{statement}\n) q"),
            _ => statement,
        };
        let mut header = true;
        export::run(&statement, recipient, |fields| {
            let line = match format {
                "jsonl" if std::mem::replace(&mut header, false) => return,
                "jsonl" => fields.into_iter().next().flatten().unwrap_or_default(),
                _ => csv_line(&fields),
            };
            digest.line(&line);
            lines.push(line);
        })
    });
    receipt(query, format, recipient, outcome.rows, &digest.finish(), &outcome.seen);
    lines
}

/// Leaves evidence: a row, or where none can be written a line in the server log.
fn receipt(query: &str, format: &str, recipient: &str, rows: i64, sha256: &str, seen: &[Seen]) {
    let masked: Vec<Value> = seen
        .iter()
        .map(|(relation, column, tags, mask)| {
            json!({"relation": relation, "column": column, "tags": tags, "mask": mask})
        })
        .collect();
    let masked = Value::Array(masked);
    let (me, session) = (roles::name(roles::current()), roles::name(roles::session()));
    if !export::can_write() {
        let line = json!({"by": me, "session_role": session, "query": query, "format": format, "recipient": recipient,
                          "rows": rows, "sha256": sha256, "masked": masked});
        error::privacy::receipt_logged(&line.to_string()).log();
        return;
    }
    let id = owner::run(|| {
        spi::execute_returning(
            "INSERT INTO governance.export_receipt
                    (exported_by, session_role, query, format, recipient, row_count, sha256, masked)
             VALUES ($1, $2, $3, $4, nullif($5, ''), $6, $7, $8) RETURNING id::text",
            &[
                me.into(),
                session.into(),
                query.into(),
                format.into(),
                recipient.into(),
                rows.into(),
                sha256.into(),
                JsonB(masked.clone()).into(),
            ],
            |r| r.must::<String>(1),
        )
    });
    audit::act(Act {
        verb: "export_query",
        object: id.first().map_or("", String::as_str),
        relation: None,
        before: None,
        after: Some(
            json!({"format": format, "recipient": recipient, "rows": rows, "sha256": sha256, "masked": masked}),
        ),
        reason: None,
    });
}
