//! How few rows may share their quasi-identifiers in an export.
use crate::audit::{self, Act};
use crate::error;
use crate::pg::{owner, roles, spi};
use crate::registry::{duty, one_at_a_time};
use serde_json::json;

/// Unless somebody chose another.
const DEFAULT: i32 = 5;
/// Two rows are the fewest that hide one another.
const LEAST: i32 = 2;

/// The threshold for a recipient: chosen for them, else for everybody. While a lower one belongs to the running transaction, what
/// held before it holds.
#[must_use]
pub fn of(recipient: &str) -> u32 {
    let chosen = owner::run(|| {
        spi::select_one(
            "SELECT CASE WHEN changed_by_xid = pg_current_xact_id_if_assigned() THEN greatest(min_k, was_k) ELSE min_k END
               FROM governance.export_threshold
              WHERE recipient IN ($1, '')
                AND (min_k IS NOT NULL OR changed_by_xid = pg_current_xact_id_if_assigned())
              ORDER BY recipient DESC LIMIT 1",
            &[recipient.into()],
            |r| r.must::<i32>(1),
        )
    });
    chosen.unwrap_or(DEFAULT).unsigned_abs()
}

/// Chooses one, for a recipient or (empty) for everybody; None takes the choice back.
pub fn set(min_k: Option<i32>, recipient: &str, reason: Option<&str>) {
    if let Some(k) = min_k.filter(|k| *k < LEAST) {
        error::not_one_of("min_k", &k.to_string(), &["2 or more"]).raise();
    }
    one_at_a_time(); // whether it weakens is judged by what holds
    let verb = if min_k.is_some() { "set_export_threshold" } else { "reset_export_threshold" };
    let before = of(recipient);
    let after = min_k.map_or_else(
        || if recipient.is_empty() { DEFAULT.unsigned_abs() } else { of("") },
        i32::unsigned_abs,
    );
    let reason = if after < before { Some(duty::reason_for(verb, reason)) } else { reason.map(String::from) };
    let me = roles::name(roles::current());
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.export_threshold AS t (recipient, min_k, was_k, reason, set_by) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (recipient) DO UPDATE SET min_k = $2, was_k = $3, reason = $4, set_by = $5, set_at = now(),
                    changed_by_xid = pg_current_xact_id()",
            &[
                recipient.into(),
                min_k.into(),
                (before as i32).into(),
                reason.as_deref().into(),
                me.into(),
            ],
        )
    });
    audit::act(Act {
        verb,
        object: recipient,
        relation: None,
        before: Some(json!({"min_k": before})),
        after: Some(json!({"min_k": after})),
        reason: reason.as_deref(),
    });
}
