//! Approvals: who agrees to a change, what it goes without, and until when that holds.
use super::store::{self, Change};
use super::{certificate, soak, window};
use crate::audit::{self, Act};
use crate::core::change::State;
use crate::core::registry::level::Level;
use crate::error;
use crate::pg::{owner, roles, spi};
use crate::registry::{duty, ladder};
use serde_json::json;

/// What an approval can go without: proof that nobody reads what goes.
pub const WAIVERS: [&str; 1] = ["not_observed"];

/// Approves a change.
pub fn approve(id: i64, comment: Option<&str>, waive: Vec<String>) {
    let change = store::lock(id);
    let relation = change.relation();
    duty::require_owner("approving a change", relation, true);
    let renews = matches!(change.state, State::Approved | State::Expanding | State::Ready)
        && (is_over(id) || approver_has_gone(&change));
    if change.state != State::Proposed && !renews {
        error::change::wrong_state(id, "approved", change.state.as_str(), None).raise();
    }
    if let Some(unknown) = waive.iter().find(|w| !WAIVERS.contains(&w.as_str())) {
        error::change::no_such_waiver(unknown).raise();
    }
    if certificate::has_drifted(&change) {
        error::change::drifted(id, &change.name).raise();
    }
    require_second_person(&change);
    let comment = comment.map(str::trim).filter(|c| !c.is_empty());
    if change.needs_readers() && waive.is_empty() && !soak::can_observe() {
        let missing: Vec<String> = WAIVERS.iter().map(ToString::to_string).collect();
        error::change::waiver_required(id, &missing).raise();
    }
    if comment.is_none() && !waive.is_empty() {
        error::change::comment_required().raise();
    }
    let (me, session) = (roles::name(roles::current()), roles::name(roles::session()));
    owner::run(|| {
        spi::execute(
            "UPDATE governance.change
                SET state = CASE state WHEN 'proposed' THEN 'approved' ELSE state END, approved_by = $2, approved_session = $3,
                    approved_at = t.now, approved_until = t.now + $4::interval, comment = $5, waived = $6
               FROM (SELECT clock_timestamp() AS now) t
              WHERE id = $1",
            &[
                id.into(),
                me.into(),
                session.into(),
                window::of(&change.name).approval.into(),
                comment.into(),
                waive.clone().into(),
            ],
        )
    });
    if change.needs_readers()
        && waive.is_empty()
        && let Some((problem, days)) = soak::proof(&change).too_short
    {
        error::change::window_too_short(id, &problem, &window::of(&change.name).class, days).notice();
    }
    audit::act(Act {
        verb: "approve_change",
        object: &format!("change {id}"),
        relation: Some(relation),
        before: Some(json!({"state": change.state.as_str()})),
        after: Some(json!({"state": "approved", "ddl": change.ddl, "waived": waive})),
        reason: comment,
    });
}

/// Where two persons are asked for, the proposer's own approval does not count. Persons are told apart by the role they
/// connected as: those of a team act by the same role.
fn require_second_person(change: &Change) {
    let level = ladder::resolve("change.two_person", &change.name).level;
    if level < Level::Warn {
        return;
    }
    let session = roles::name(roles::session());
    let proposed_by: Option<String> = owner::run(|| {
        spi::select_one(
            "SELECT proposed_session FROM governance.change WHERE id = $1",
            &[change.id.into()],
            |r| r.get(1),
        )
    })
    .flatten();
    if proposed_by.as_deref() == Some(session.as_str()) {
        let told = error::change::second_person_needed(change.id, &session);
        if level == Level::Enforce { told.raise() } else { told.warn() }
    }
}

/// Whether the approval of a change holds no longer.
#[must_use]
pub fn is_over(id: i64) -> bool {
    owner::run(|| {
        spi::select_one(
            "SELECT coalesce(approved_until <= clock_timestamp(), false) FROM governance.change WHERE id = $1",
            &[id.into()],
            |r| r.must::<bool>(1),
        )
    })
    .unwrap_or(false)
}

/// Whether the role that approved is gone: nobody can be asked any more.
#[must_use]
pub fn approver_has_gone(change: &Change) -> bool {
    change.approved_by.as_deref().is_some_and(|approver| roles::oid(approver).is_none())
}
