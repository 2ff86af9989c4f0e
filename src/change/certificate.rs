//! Approval, and the certificate that opens the gate.
use super::store::{self, Change};
use super::table;
use crate::audit::{self, Act};
use crate::core::change::{Kind, State};
use crate::error;
use crate::pg::{catalog, owner, roles, spi};
use crate::registry::duty;
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
    let missing: Vec<String> =
        WAIVERS.iter().filter(|w| !waive.iter().any(|x| x == *w)).map(ToString::to_string).collect();
    if !missing.is_empty() {
        error::change::waiver_required(id, &missing).raise();
    }
    let comment = comment.map(str::trim).filter(|c| !c.is_empty());
    let Some(comment) = comment else { error::change::comment_required().raise() };
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
        reason: Some(comment),
    });
}

/// Whether the table is no longer what the plan was made for.
#[must_use]
pub fn has_drifted(change: &Change) -> bool {
    let Some(relid) = catalog::relation_oid(&change.name) else { return true };
    let mut ours = Vec::new();
    if change.kind == Kind::RenameColumn && matches!(change.state, State::Expanding | State::Ready) {
        ours.extend(change.new_name.clone());
    }
    table::fingerprint(relid, &ours) != change.fingerprint
}

/// What is proven about a change, what is not, and whether that opens the gate.
#[must_use]
pub fn of(change: &Change) -> Value {
    let mut problems = Vec::new();
    if change.approved_by.is_none() {
        problems.push("not approved".to_string());
    }
    if !change.waived.iter().any(|w| w == "not_observed") {
        problems.push("readers not observed and not waived".to_string());
    }
    let dependents = match (catalog::relation_oid(&change.name), change.kind) {
        (Some(relid), Kind::DropColumn | Kind::DropTable) if change.state.is_before_contraction() => {
            table::dependents(relid, change.column.as_deref())
        }
        _ => Vec::new(),
    };
    if !dependents.is_empty() {
        problems.push(format!("dependents: {}", dependents.join(", ")));
    }
    if change.state.is_before_contraction() && has_drifted(change) {
        problems.push("the table has changed since the proposal".to_string());
    }
    let backfill = (change.kind == Kind::RenameColumn).then(|| {
        if !change.verified {
            problems.push("the copy is not verified".to_string());
        }
        if change.state == State::Ready && !super::steps::dual_write_is_intact(change) {
            problems.push("the trigger that writes both columns is missing or disabled".to_string());
        }
        json!({"verified": change.verified})
    });
    if !change.state.is_gate(change.kind) {
        problems.push(format!("the change is {}", change.state.as_str()));
    }
    json!({
        "change": change.id,
        "ddl": change.ddl,
        "state": change.state.as_str(),
        "readers": "not_observed",
        "waived": change.waived,
        "proposed_by": change.proposed_by,
        "approved_by": change.approved_by,
        "dependents": dependents,
        "backfill": backfill,
        "catalog": change.fingerprint,
        "valid": problems.is_empty(),
        "problems": problems,
    })
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
