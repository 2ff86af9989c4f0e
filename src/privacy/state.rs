//! What `status()` says about privacy.
use super::key;
use crate::error;
use crate::pg::loading::{self, Mode};
use crate::pg::{mask, owner, spi};
use crate::registry::status::StatusRow;

fn texts(sql: &str) -> Vec<String> {
    owner::run(|| spi::select(sql, &[], |r| r.must(1)))
}

/// What `status()` says about privacy.
#[must_use]
pub fn status() -> Vec<StatusRow> {
    let attach = Some("SELECT * FROM governance.attach(); then reconnect".to_string());
    let mode = loading::mode();
    let masked = texts(
        "SELECT role FROM governance.masked_role
          WHERE unmasked_by_xid IS NULL OR unmasked_by_xid = pg_current_xact_id_if_assigned() ORDER BY role",
    );
    let mut rows = Vec::new();
    rows.push(StatusRow::on(
        "privacy.export_query",
        "enforce",
        "everything tagged is masked for everybody, in every mode",
    ));
    if mode == Mode::Installed {
        let detail = "SELECT, COPY and pg_dump are not masked in mode installed; export_query() is";
        rows.push(StatusRow::off("privacy.masks", "", detail, attach.clone()));
        if !masked.is_empty() {
            let detail = format!("masked roles see raw values in sessions like this: {}", masked.join(", "));
            rows.push(StatusRow::off("privacy.masked_roles", "", detail, attach.clone()));
        }
        let detail = "governance.recipient masks nothing where the library is not loaded at session start";
        rows.push(StatusRow::off("privacy.recipient", "", detail, attach));
    } else {
        let level = if mask::is_enforced_anywhere() { "enforce" } else { "off" };
        let detail = match masked.len() {
            0 => "no role is masked yet: SELECT, COPY and pg_dump show raw values".to_string(),
            _ => format!("SELECT, COPY and pg_dump are masked for: {}", masked.join(", ")),
        };
        rows.push(StatusRow::on("privacy.masks", level, detail));
    }
    if mode == Mode::Attached {
        let replication = texts(
            "SELECT rolname::text FROM pg_roles WHERE rolreplication AND NOT rolsuper AND rolcanlogin ORDER BY 1",
        );
        if !replication.is_empty() {
            let detail = format!(
                "replication sessions ignore session libraries, so these roles can stream raw values: {}",
                replication.join(", ")
            );
            let fix = "ALTER SYSTEM SET shared_preload_libraries = 'data_governance'; restart".to_string();
            rows.push(StatusRow::off("privacy.replication", "", detail, Some(fix)));
        }
    }
    rows.push(key_row());
    rows.push(receipts_row(mode));
    rows
}

/// Where receipts are of transactions that roll back or cannot write.
fn receipts_row(mode: Mode) -> StatusRow {
    let lost: i64 = owner::run(|| {
        spi::select_one(
            "SELECT coalesce(sum(lost), 0)::bigint FROM governance.export_receipt_gap",
            &[],
            |r| r.must(1),
        )
    })
    .unwrap_or_default();
    let kept = match mode {
        Mode::Preloaded => {
            "every receipt is a line in the server log and a row, also when its transaction rolls back"
        }
        _ => {
            "every receipt is a line in the server log; where its transaction rolls back or cannot write there is no row"
        }
    };
    let gaps =
        if lost > 0 { format!("; {lost} are in the log only, since too many waited") } else { String::new() };
    StatusRow::on("privacy.receipts", "", format!("{kept}{gaps}"))
}

fn key_row() -> StatusRow {
    let fix = || Some(error::privacy::KEY_FIX.to_string());
    match (key::wrapping().is_some(), key::exists()) {
        (true, true) if key::reference("").and_then(|r| key::open(&r)).is_none() => {
            let detail = "the wrapping key does not open the stored key: keyed masks give NULL";
            StatusRow::off("privacy.keys", "", detail, fix())
        }
        (true, true) => StatusRow::on("privacy.keys", "", "keyed masks have a key"),
        (true, false) => {
            let detail = "no key was made yet: keyed masks give NULL";
            StatusRow::off("privacy.keys", "", detail, Some("SELECT governance.create_key();".into()))
        }
        (false, _) => StatusRow::off("privacy.keys", "", "no wrapping key: keyed masks give NULL", fix()),
    }
}
