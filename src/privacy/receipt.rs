//! Receipts: made, logged, stored; and stored by somebody else where the transaction that made them cannot.
use super::key;
use crate::audit::{self, Act};
use crate::core::privacy::format::sha256;
use crate::core::privacy::mask::Mask;
use crate::core::privacy::receipt::{canonical, sealed, utc};
use crate::core::privacy::ring::CAPACITY;
use crate::error;
use crate::pg::mask::Seen;
use crate::pg::mask::export::{can_write, moment, outer_role};
use crate::pg::{audit_log, owner, plain, receipts, roles, session, spi, xact};
use pgrx::{JsonB, pg_sys};
use serde_json::{Map, Value, json};
use std::cell::RefCell;

/// Most receipts of one transaction that are kept for the case that it rolls back; the server log has all.
const MOST_PENDING: usize = 1000;

/// A receipt of the running transaction.
struct Pending {
    text: String,
    /// The subtransaction that wrote the row; None where there is none.
    written_in: Option<pg_sys::SubTransactionId>,
}

thread_local! {
    static PENDING: RefCell<Vec<Pending>> = const { RefCell::new(Vec::new()) };
}

fn who(recipient: &str) -> Map<String, Value> {
    let fields = json!({
        "version": 1,
        "id": audit_log::new_id().to_string(),
        "database": session::database(),
        "exported_by": roles::name(roles::current()),
        "masked_as": outer_role(),
        "session_role": roles::name(roles::session()),
        "application": session::application(),
        "client_addr": session::client_address(),
        "key_id": key::id(recipient),
    });
    match fields {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// What a receipt says of a masked column; and of the columns of the output that show it, where that is known.
#[must_use]
pub fn masked(seen: &Seen, key_id: Option<&Value>, output: Option<Vec<&str>>) -> Value {
    let args: Value = serde_json::from_str(&seen.args).unwrap_or_default();
    let is_keyed = Mask::parse(seen.mask, &args).is_ok_and(|m| m.is_keyed());
    let key_id = key_id.filter(|_| is_keyed);
    let mut of = json!({"relation": seen.relation, "column": seen.column, "tags": seen.tags, "mask": seen.mask,
                        "args": args, "key_id": key_id});
    if let Some(output) = output {
        of["output"] = json!(output);
    }
    of
}

/// One hash for the tags, masks and keys that applied.
#[must_use]
pub fn policy_digest(masked: &[Value]) -> String {
    let policy: Vec<Value> = masked
        .iter()
        .map(|m| {
            let mut m = m.clone();
            if let Some(map) = m.as_object_mut() {
                map.remove("output");
            }
            m
        })
        .collect();
    sha256(canonical(&Value::Array(policy)).as_bytes())
}

fn log(text: &str) {
    error::privacy::receipt_logged(text).log();
}

fn keep(text: String, written_in: Option<pg_sys::SubTransactionId>) {
    let _ = PENDING.try_with(|all| {
        if let Ok(mut all) = all.try_borrow_mut()
            && all.len() < MOST_PENDING
        {
            all.push(Pending { text, written_in });
        }
    });
}

/// Leaves a receipt: a line in the server log, and a row where one can be written.
pub fn leave(fields: Map<String, Value>) {
    let receipt = sealed(fields);
    let text = canonical(&receipt);
    log(&text);
    let written = can_write();
    if written {
        store(&receipt);
        record(&receipt);
    }
    keep(text, written.then(xact::subtransaction));
}

/// The same while a (sub)transaction is being aborted: the row has to wait.
pub fn leave_aborted(fields: Map<String, Value>) {
    let text = canonical(&sealed(fields));
    log(&text);
    keep(text, None);
}

/// The same as the transaction commits, which must not fail for it.
pub fn leave_at_commit(fields: Map<String, Value>) {
    let receipt = sealed(fields);
    let text = canonical(&receipt);
    log(&text);
    let written = can_write()
        && xact::tried(|| {
            store(&receipt);
            record(&receipt);
        })
        .is_ok();
    keep(text, written.then(xact::subtransaction));
}

/// Who, since when, from which snapshot: how every receipt begins.
#[must_use]
pub fn begins(kind: &str, recipient: &str) -> Map<String, Value> {
    let mut begun = who(recipient);
    let (snapshot, lsn) = moment();
    begun.insert("kind".into(), kind.into());
    begun.insert("started_at".into(), utc(plain::clock()).into());
    begun.insert("snapshot".into(), snapshot.into());
    begun.insert("lsn".into(), lsn.into());
    begun
}

/// Writes the row.
fn store(receipt: &Value) {
    let text = |key: &str| receipt[key].as_str().unwrap_or_default().to_string();
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.export_receipt (id, exported_by, session_role, receipt)
             VALUES ($1::uuid, $2, $3, $4) ON CONFLICT (id) DO NOTHING",
            &[
                text("id").into(),
                text("exported_by").into(),
                text("session_role").into(),
                JsonB(receipt.clone()).into(),
            ],
        )
    });
}

/// Records the export as an act.
fn record(receipt: &Value) {
    let mut after = Map::new();
    for key in ["kind", "format", "recipient", "row_count", "sha256", "outcome", "policy_digest", "digest"] {
        if let Some(value) = receipt.get(key) {
            after.insert(key.into(), value.clone());
        }
    }
    audit::act(Act {
        verb: if receipt["kind"] == "session" { "read_for_recipient" } else { "export_query" },
        object: receipt["id"].as_str().unwrap_or_default(),
        relation: None,
        before: None,
        after: Some(Value::Object(after)),
        reason: None,
    });
}

/// The transaction is about to commit: rows that a savepoint took back are written again.
pub fn before_commit() {
    let waiting: Vec<(usize, String)> = PENDING.with_borrow(|all| {
        let waiting = all.iter().enumerate().filter(|(_, p)| p.written_in.is_none());
        waiting.map(|(i, p)| (i, p.text.clone())).collect()
    });
    if waiting.is_empty() || !can_write() {
        return;
    }
    for (i, text) in waiting {
        let Ok(receipt) = serde_json::from_str(&text) else { continue };
        if xact::tried(|| store(&receipt)).is_ok() {
            PENDING.with_borrow_mut(|all| all[i].written_in = Some(xact::subtransaction()));
        }
    }
}

/// A subtransaction was aborted, and the rows that it wrote are gone. Must not raise.
pub fn forget_rolled_back(sub: pg_sys::SubTransactionId) {
    let _ = PENDING.try_with(|all| {
        if let Ok(mut all) = all.try_borrow_mut() {
            all.iter_mut()
                .filter(|p| p.written_in.is_some_and(|s| s >= sub))
                .for_each(|p| p.written_in = None);
        }
    });
}

/// The transaction has ended: what it could not store is handed to the worker, where there is one. Must not raise.
pub fn transaction_ended(stored: bool) {
    let _ = PENDING.try_with(|all| {
        let Ok(mut all) = all.try_borrow_mut() else { return };
        for p in all.drain(..).filter(|p| !(stored && p.written_in.is_some())) {
            receipts::enqueue(&p.text);
        }
    });
}

/// Writes what waits for this database, as the worker; gives what is needed to say that it was written.
pub fn write_waiting(database: u32) -> (u64, u64) {
    let mut last = 0;
    for _ in 0..CAPACITY {
        let next = receipts::with(|ring| ring.next(database, last)).flatten();
        let Some((order, text)) = next else { break };
        if let Ok(receipt) = serde_json::from_str::<Value>(&text) {
            store(&receipt);
        }
        last = order;
    }
    let lost = receipts::with(|ring| ring.lost(database)).unwrap_or_default();
    if lost > 0 {
        owner::run(|| {
            spi::execute(
                "INSERT INTO governance.export_receipt_gap (lost) VALUES ($1)",
                &[(lost as i64).into()],
            )
        });
    }
    (last, lost)
}
