//! Approval, and the certificate that opens the gate.
use super::store::{self, Change, Stored};
use super::table;
use crate::audit::{self, Act};
use crate::core::change::State;
use crate::core::change::step::Action;
use crate::error;
use crate::pg::{catalog, owner, roles, spi};
use crate::registry::duty;
use pgrx::pg_sys;
use serde_json::{Value, json};

/// What an approval can go without.
const WAIVERS: [&str; 1] = ["not_observed"];

/// Approves a change.
pub fn approve(id: i64, comment: Option<&str>, waive: Vec<String>) {
    let change = store::lock(id);
    let relation = change.relation();
    duty::require_owner("approving a change", relation, true);
    if change.state != State::Proposed {
        error::change::wrong_state(id, "approved", change.state.as_str(), None).raise();
    }
    if let Some(unknown) = waive.iter().find(|w| !WAIVERS.contains(&w.as_str())) {
        error::change::no_such_waiver(unknown).raise();
    }
    if has_drifted(&change) {
        error::change::drifted(id, &change.name).raise();
    }
    let missing: Vec<String> = WAIVERS
        .iter()
        .filter(|_| change.needs_readers())
        .filter(|w| !waive.iter().any(|x| x == *w))
        .map(ToString::to_string)
        .collect();
    if !missing.is_empty() {
        error::change::waiver_required(id, &missing).raise();
    }
    let comment = comment.map(str::trim).filter(|c| !c.is_empty());
    if comment.is_none() && !waive.is_empty() {
        error::change::comment_required().raise();
    }
    let me = roles::name(roles::current());
    owner::run(|| {
        spi::execute(
            "UPDATE governance.change SET state = 'approved', approved_by = $2, approved_at = now(), comment = $3, waived = $4
              WHERE id = $1",
            &[id.into(), me.into(), comment.into(), waive.clone().into()],
        )
    });
    audit::act(Act {
        verb: "approve_change",
        object: &format!("change {id}"),
        relation: Some(relation),
        before: Some(json!({"state": "proposed"})),
        after: Some(json!({"state": "approved", "ddl": change.ddl, "waived": waive})),
        reason: comment,
    });
}

/// Whether the relation is no longer what the plan was made for.
#[must_use]
pub fn has_drifted(change: &Change) -> bool {
    let Some(relid) = catalog::relation_oid(&change.name) else { return true };
    // What its own steps have added is no drift; before they have, anything of that name is.
    let ours = if matches!(change.state, State::Expanding | State::Ready) { &change.adds[..] } else { &[] };
    table::fingerprint(relid, ours) != change.fingerprint
}

/// What is proven about a change, what is not, and whether that opens the gate.
#[must_use]
pub fn of(change: &Change) -> Value {
    let steps = store::steps(change.id);
    let mut problems = Vec::new();
    if change.approved_by.is_none() {
        problems.push("not approved".to_string());
    }
    if change.needs_readers() && !change.waived.iter().any(|w| w == "not_observed") {
        problems.push("readers not observed and not waived".to_string());
    }
    let dependents = match catalog::relation_oid(&change.name) {
        Some(relid) if change.state.is_before_contraction() => dependents(change, relid, &steps),
        _ => Vec::new(),
    };
    if !dependents.is_empty() {
        problems.push(format!("dependents: {}", dependents.join(", ")));
    }
    if change.state.is_before_contraction() && has_drifted(change) {
        problems.push("the table has changed since the proposal".to_string());
    }
    let copies = steps.iter().any(|s| s.step.action == Action::Compare);
    if copies && !change.verified {
        problems.push("the copy is not verified".to_string());
    }
    if change.state == State::Ready && !writes_both(change, &steps) {
        problems.push("the trigger that writes both columns is missing or disabled".to_string());
    }
    if !super::steps::is_at_gate(change, &steps) {
        problems.push(format!("the change is {}", change.state.as_str()));
    }
    json!({
        "change": change.id,
        "ddl": change.ddl,
        "state": change.state.as_str(),
        "readers": if change.needs_readers() { "not_observed" } else { "not_concerned" },
        "waived": change.waived,
        "proposed_by": change.proposed_by,
        "approved_by": change.approved_by,
        "dependents": dependents,
        "backfill": copies.then(|| json!({"verified": change.verified})),
        "catalog": change.fingerprint,
        "valid": problems.is_empty(),
        "problems": problems,
    })
}

/// What stands in the way of what goes, where it goes for good: a column that is only renamed takes its dependents along.
fn dependents(change: &Change, relid: pg_sys::Oid, steps: &[Stored]) -> Vec<String> {
    let views = super::quarantine::planned(steps);
    let mut all: Vec<String> =
        views.iter().flat_map(|view| table::dependents_but(*view, None, &views)).collect();
    if change.quarantine.is_some() {
        all.extend(table::dependents_but(relid, None, &views));
        return all;
    }
    if let Some(end) = steps.iter().find(|s| s.step.args["routine"] == "end_old_name") {
        return super::old_name::dependents(&end.step.args);
    }
    if steps.iter().any(|s| s.step.action == Action::Copy) {
        return Vec::new();
    }
    all.extend(change.takes.iter().flat_map(|column| table::dependents_but(relid, Some(column), &views)));
    all.dedup();
    all
}

/// Whether the triggers of a change still fire for everybody: without them the shapes may have come apart since they were
/// compared.
fn writes_both(change: &Change, steps: &[Stored]) -> bool {
    let Some(relid) = catalog::relation_oid(&change.name) else { return false };
    let triggers: Vec<String> = steps
        .iter()
        .filter(|s| s.done)
        .filter_map(|s| s.step.args["trigger"].as_str().map(String::from))
        .collect();
    owner::run(|| {
        spi::select_one(
            "SELECT NOT EXISTS (SELECT FROM unnest($2) t WHERE NOT EXISTS (
                SELECT FROM pg_trigger WHERE tgrelid = $1 AND tgname = t AND tgenabled = 'A'))",
            &[relid.into(), triggers.into()],
            |r| r.must(1),
        )
    })
    .unwrap_or(false)
}

/// The certificate; raises unless it opens the gate.
pub fn require(change: &Change) -> Value {
    if has_drifted(change) {
        error::change::drifted(change.id, &change.name).raise();
    }
    let certificate = of(change);
    if certificate["valid"] != true {
        let problems: Vec<String> = certificate["problems"]
            .as_array()
            .map(|p| p.iter().filter_map(|v| v.as_str().map(String::from)).collect())
            .unwrap_or_default();
        error::change::gate_closed(change.id, &problems.join("; ")).raise();
    }
    certificate
}
