//! Checking receipts: whether they are what was sealed, stored, still the policy of today, and those of a file.
use super::receipt::{masked, policy_digest};
use crate::core::privacy::receipt::{is_content, is_whole, parse};
use crate::error;
use crate::pg::mask::{self, Seen};
use crate::pg::{owner, roles, session, spi};
use crate::registry::{duty, sight};
use pgrx::{JsonB, pg_sys};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Check, whether it passed (NULL: cannot be told), and why.
type Check = (String, Option<bool>, String);

/// A stored receipt and a file.
pub fn by_id(id: &str, content: Option<&str>) -> Vec<Check> {
    match stored(id) {
        Some(receipt) => {
            let mut checks = vec![check("stored", true, "the receipt is in governance.export_receipts")];
            checks.extend(of(&receipt, content));
            checks
        }
        None => vec![check(
            "stored",
            false,
            "no receipt of this id, or not one of yours; one that was left by a transaction that rolled back or could not \
             write is in the server log",
        )],
    }
}

/// A receipt as it was copied from the log, or an id, and a file.
pub fn by_text(text: &str, content: Option<&str>) -> Vec<Check> {
    let trimmed = text.trim();
    if trimmed.len() == 36 && trimmed.chars().all(|c| c.is_ascii_hexdigit() || c == '-') {
        return by_id(trimmed, content);
    }
    let receipt = parse(text).unwrap_or_else(|| error::privacy::no_receipt_text().raise());
    let id = receipt.get("id").and_then(Value::as_str).unwrap_or_default();
    let mut checks = vec![match stored(id) {
        Some(same) if same == receipt => {
            check("stored", true, "the same receipt is in governance.export_receipts")
        }
        Some(_) => check("stored", false, "governance.export_receipts has another receipt under this id"),
        None => unknown(
            "stored",
            "no row that you may see: of a transaction that rolled back or could not write there is none, unless the library \
             was preloaded",
        ),
    }];
    checks.extend(of(&receipt, content));
    checks
}

fn check(name: &str, ok: bool, detail: impl Into<String>) -> Check {
    (name.into(), Some(ok), detail.into())
}

fn unknown(name: &str, detail: impl Into<String>) -> Check {
    (name.into(), None, detail.into())
}

/// A receipt that the caller may see.
fn stored(id: &str) -> Option<Map<String, Value>> {
    let sees_all = duty::is_operator() || duty::is_auditor();
    let me = roles::name(roles::current()); // not the owner, as whom the row is read
    let found = owner::run(|| {
        spi::select_one(
            "SELECT receipt FROM governance.export_receipt WHERE id::text = lower($1) AND ($2 OR exported_by = $3)",
            &[id.into(), sees_all.into(), me.as_str().into()],
            |r| r.must::<JsonB>(1).0,
        )
    });
    match found {
        Some(Value::Object(map)) => Some(map),
        _ => None,
    }
}

fn of(receipt: &Map<String, Value>, content: Option<&str>) -> Vec<Check> {
    let text = |key: &str| receipt.get(key).and_then(Value::as_str).unwrap_or_default();
    let digest = match is_whole(receipt) {
        true => check("digest", true, "every field is as it was sealed"),
        false => check("digest", false, "a field is not what it was when the receipt was sealed"),
    };
    let complete = match receipt.get("complete").and_then(Value::as_bool) {
        Some(true) => check("complete", true, "all rows were handed out"),
        None => unknown(
            "complete",
            "the transaction did not commit, as pg_dump never does; what it had sent was sent",
        ),
        _ => check(
            "complete",
            false,
            format!("the export was {}: the hash is of what had been handed out", text("outcome")),
        ),
    };
    vec![digest, complete, policy(receipt), content_of(receipt, content)]
}

fn content_of(receipt: &Map<String, Value>, content: Option<&str>) -> Check {
    let of_statements = receipt.get("statements").and_then(Value::as_array).into_iter().flatten();
    let mut hashes = of_statements.filter_map(|s| s.get("sha256").and_then(Value::as_str));
    let hash = receipt.get("sha256").and_then(Value::as_str);
    match (hash, content) {
        (None, Some(content)) if hashes.any(|hash| is_content(hash, content)) => {
            check("content", true, "the file is what one COPY of this receipt sent")
        }
        (None, _) => {
            let why = receipt.get("not_hashed").and_then(Value::as_str).unwrap_or("the receipt has no hash");
            unknown("content", why)
        }
        (Some(hash), None) => {
            unknown("content", format!("no file was given; sha256sum FILE has to say {hash}"))
        }
        (Some(hash), Some(content)) if is_content(hash, content) => {
            check("content", true, "the file is the one of this receipt")
        }
        (Some(hash), Some(_)) => {
            check("content", false, format!("another file: sha256sum has to say {hash}"))
        }
    }
}

/// Whether the tags, masks and keys that applied would apply today.
fn policy(receipt: &Map<String, Value>) -> Check {
    let then = receipt.get("masked").and_then(Value::as_array).cloned().unwrap_or_default();
    if receipt.get("policy_digest").and_then(Value::as_str) != Some(policy_digest(&then).as_str()) {
        return check("policy", false, "the policy digest is not that of the masked columns");
    }
    if receipt.get("database").and_then(Value::as_str) != Some(session::database().as_str()) {
        return unknown("policy", "the receipt is of another database");
    }
    let text = |of: &Value, key: &str| of.get(key).and_then(Value::as_str).unwrap_or_default().to_string();
    let recipient = receipt.get("recipient").and_then(Value::as_str).unwrap_or_default();
    let role = receipt.get("masked_as").and_then(Value::as_str).and_then(roles::oid);
    let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    then.iter().for_each(|m| columns.entry(text(m, "relation")).or_default().push(text(m, "column")));
    if let Some(read) = receipt.get("read").and_then(Value::as_object) {
        for (relation, names) in read {
            let names = names.as_array().into_iter().flatten().filter_map(Value::as_str).map(String::from);
            columns.entry(relation.clone()).or_default().extend(names);
        }
    }
    let mut now = Vec::new();
    for (relation, columns) in &columns {
        let found = relation_named(relation);
        let Some(relid) = found.filter(|r| sight::may_see(Some(*r))) else {
            return unknown("policy", format!("{relation} is gone, or you hold no privilege on it"));
        };
        now.extend(
            mask::export::masks_now(relid, role, recipient)
                .into_iter()
                .filter(|s| columns.contains(&s.column)),
        );
    }
    now.sort();
    let key_id = super::key::id(recipient).map(|id| json!(id));
    let now: Vec<Value> = now.iter().map(|s: &Seen| masked(s, key_id.as_ref(), None)).collect();
    if policy_digest(&now) == policy_digest(&then) {
        return check("policy", true, "the same tags, masks and keys apply today");
    }
    let names = |of: &[Value], but: &[Value]| -> Vec<String> {
        let without_output = |v: &Value| policy_digest(std::slice::from_ref(v));
        let known: Vec<String> = but.iter().map(without_output).collect();
        let differ = of.iter().filter(|v| !known.contains(&without_output(v)));
        differ.map(|v| format!("{}.{}", text(v, "relation"), text(v, "column"))).collect()
    };
    let mut differ = names(&now, &then);
    differ.extend(names(&then, &now));
    differ.sort();
    differ.dedup();
    check("policy", false, format!("other tags, masks or keys apply today: {}", differ.join(", ")))
}

fn relation_named(name: &str) -> Option<pg_sys::Oid> {
    spi::select_one("SELECT pg_catalog.to_regclass($1)::oid", &[name.into()], |r| r.get::<pg_sys::Oid>(1))
        .flatten()
}
