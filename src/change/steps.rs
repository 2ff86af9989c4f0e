//! Where a change goes: `advance_change` step by step to the next gate, and the ways back.
use super::run::{self, Outcome};
use super::store::{self, Change, Stored};
use super::{alone, backfill, certificate, throttle, verify, window};
use crate::audit::{self, Act};
use crate::core::change::State;
use crate::core::change::step::{Phase, lock};
use crate::error;
use crate::pg::regclass::Relation;
use crate::pg::{kept_plan, owner, roles, settings_scope, spi};
use crate::registry::duty;
use serde_json::{Value, json};

/// Whether a step comes before the gate.
pub fn is_before_gate(phase: Phase) -> bool {
    matches!(phase, Phase::Expand | Phase::Backfill | Phase::Verify)
}

/// Whether a change stands at its gate: what comes next takes something away.
#[must_use]
pub fn is_at_gate(change: &Change, steps: &[Stored]) -> bool {
    let next = steps.iter().find(|s| !s.done).map(|s| s.step.phase);
    match change.state {
        State::Ready => true,
        State::Approved => next == Some(Phase::Contract),
        _ => false,
    }
}

/// One step; whether another one follows before the next gate.
pub fn advance(id: i64) -> bool {
    settings_scope::with_steady_constants(|| one_step(id))
}

fn one_step(id: i64) -> bool {
    if alone::rest(id) {
        return true;
    }
    throttle::rest();
    let change = store::lock(id);
    let approve =
        Some(format!("SELECT governance.approve_change({id}, 'why', waive => '{{not_observed}}');"));
    match change.state {
        State::Proposed => error::change::wrong_state(id, "advanced", "not approved yet", approve).raise(),
        State::Undone if to_restore(&store::steps(id)).is_some() => return restore(&change),
        State::Undone if alone::has_come_back(&change) => return false,
        s if s.has_ended() => error::change::wrong_state(id, "advanced", s.as_str(), None).raise(),
        _ => {}
    }
    if change.has_nothing_left() {
        duty::require_operator("ending a change whose table is gone");
        end(&change, State::Done, "advance_change", None, None);
        return false;
    }
    let relation = change.relation();
    duty::require_owner("advancing a change", relation, false);
    let steps = store::steps(id);
    let next = steps.iter().position(|s| !s.done);
    if change.state == State::Contracted {
        return match next {
            Some(at) if steps[at].step.phase == Phase::Settle => {
                let _ = step(&change, &steps, at);
                is_settling(id)
            }
            _ if alone::has_come_back(&change) => false,
            _ => {
                end_quarantine(&change, &steps);
                false
            }
        };
    }
    // Asked before each batch of a copy.
    if kept_plan::at_once(|| certificate::has_drifted(&change)) {
        error::change::drifted(id, &change.name).raise();
    }
    if change.state == State::Ready && verify::begins_again(&change, &steps) {
        alone::forget(&change);
        store::set_state(id, State::Expanding);
        note(&change, State::Expanding, relation);
        return true;
    }
    if is_at_gate(&change, &steps) {
        contract(&change, false);
        return is_settling(id);
    }
    match next {
        Some(at) if is_before_gate(steps[at].step.phase) => {
            if change.state == State::Approved {
                store::set_state(id, State::Expanding);
                note(&change, State::Expanding, relation);
            }
            step(&change, &steps, at)
        }
        Some(_) => {
            store::set_state(id, State::Ready);
            note(&change, State::Ready, relation);
            false
        }
        // Nothing is taken away, so nothing is kept.
        None => {
            store::set_state(id, State::Done);
            note(&change, State::Done, relation);
            false
        }
    }
}

/// Runs a step with those that belong to its transaction. There is always something after it: the gate at least.
fn step(change: &Change, steps: &[Stored], at: usize) -> bool {
    let together = steps[at + 1..].iter().take_while(|s| s.joined).count();
    for stored in &steps[at..=at + together] {
        // A step before may have renamed the relation.
        if run::forward(&store::get(change.id), stored) == Outcome::Again {
            return true;
        }
        store::mark(change.id, stored.number, true);
    }
    true
}

/// Contracts a change whose certificate is valid: all of it, in this transaction. `by_own_ddl`: somebody's own statement
/// completes it.
pub fn contract(change: &Change, by_own_ddl: bool) {
    settings_scope::with_steady_constants(|| take_away(change, by_own_ddl));
}

fn take_away(change: &Change, by_own_ddl: bool) {
    alone::forget(change);
    let certificate = certificate::require(change);
    let relation = change.relation();
    let steps = store::steps(change.id);
    let left = || steps.iter().filter(|s| s.step.phase == Phase::Contract && !s.done);
    // What somebody's statement could not do a second time is left to it.
    let is_run = |s: &Stored| !(by_own_ddl && s.step.args["own"] == true);
    if left().any(|s| is_run(s) && s.step.lock_mode == lock::EXCLUSIVE) {
        run::lock_first(change, &steps, false);
    }
    for stored in left() {
        if is_run(stored) {
            let _ = run::forward(&store::get(change.id), stored);
        }
        store::mark(change.id, stored.number, true);
    }
    let me = roles::name(roles::current());
    owner::run(|| {
        spi::execute(
            "UPDATE governance.change SET state = 'contracted', contracted_by = $2,
                    contracted_at = t.now, by_own_ddl = $4, quarantine_until = t.now + $3::interval,
                    last_error = NULL
               FROM (SELECT clock_timestamp() AS now) t
              WHERE id = $1",
            &[change.id.into(), me.into(), window::of(&change.name).quarantine.into(), by_own_ddl.into()],
        )
    });
    audit::act(Act {
        verb: "contract_change",
        object: &format!("change {}", change.id),
        relation: Some(relation),
        before: Some(json!({"state": change.state.as_str()})),
        after: Some(json!({
            "state": State::Contracted.as_str(), "ddl": change.ddl, "by_own_ddl": by_own_ddl, "certificate": certificate,
        })),
        reason: None,
    });
}

/// Whether something is left to do after contraction.
fn is_settling(id: i64) -> bool {
    store::steps(id).iter().any(|s| !s.done && s.step.phase == Phase::Settle)
}

pub fn is_left(stored: &Stored) -> bool {
    stored.step.phase == Phase::Restore && !stored.done
}

/// The next step that is left to do after a change was taken back.
fn to_restore(steps: &[Stored]) -> Option<usize> {
    steps.iter().position(is_left)
}

/// Runs that step; whether another one follows.
fn restore(change: &Change) -> bool {
    duty::require_owner("advancing a change", change.relation(), false);
    let steps = store::steps(change.id);
    if let Some(at) = to_restore(&steps) {
        let _ = step(change, &steps, at);
    }
    to_restore(&store::steps(change.id)).is_some()
}

fn end_quarantine(change: &Change, steps: &[Stored]) {
    let until: Option<String> = owner::run(|| {
        spi::select_one(
            "SELECT quarantine_until::text FROM governance.change WHERE id = $1 AND quarantine_until > now()",
            &[change.id.into()],
            |r| r.must(1),
        )
    });
    if let Some(until) = until {
        error::change::in_quarantine(change.id, &until).raise();
    }
    note(change, State::Done, change.relation());
    for stored in steps.iter().filter(|s| s.step.phase == Phase::Purge && !s.done) {
        let _ = run::forward(change, stored);
        store::mark(change.id, stored.number, true);
    }
    store::set_state(change.id, State::Done);
}

pub fn end(change: &Change, to: State, verb: &str, relation: Option<Relation>, reason: Option<&str>) {
    store::set_state(change.id, to);
    backfill::forget(change.id);
    audit::act(Act {
        verb,
        object: &format!("change {}", change.id),
        relation,
        before: Some(json!({"state": change.state.as_str()})),
        after: Some(json!({"state": to.as_str()})),
        reason,
    });
}

fn note(change: &Change, to: State, relation: Relation) {
    let of = |state: State| -> Value { json!({"state": state.as_str(), "ddl": change.ddl}) };
    audit::act(Act {
        verb: "advance_change",
        object: &format!("change {}", change.id),
        relation: Some(relation),
        before: Some(json!({"state": change.state.as_str()})),
        after: Some(of(to)),
        reason: None,
    });
}
