//! Where a change goes: `advance_change` step by step to the next gate, and the ways back.
use super::run::{self, Outcome};
use super::store::{self, Change, Stored};
use super::{added, alone, aside, backfill, certificate, ended, same, throttle, verify, window};
use crate::audit::{self, Act};
use crate::core::change::step::{Phase, lock};
use crate::core::change::{State, quarantine_name};
use crate::error;
use crate::pg::regclass::Relation;
use crate::pg::{catalog, kept_plan, owner, roles, settings_scope, spi};
use crate::registry::duty;
use pgrx::spi::quote_identifier;
use serde_json::{Value, json};

/// Whether a step comes before the gate.
fn is_before_gate(phase: Phase) -> bool {
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
    if left().any(|s| s.step.lock_mode == lock::EXCLUSIVE) {
        run::lock_first(change, &steps, false);
    }
    for stored in left() {
        // What somebody's statement could not do a second time is left to it.
        if !(by_own_ddl && stored.step.args["own"] == true) {
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

fn is_left(stored: &Stored) -> bool {
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

/// Takes back the steps that were run, the last one first.
fn take_back(id: i64, phases: &dyn Fn(Phase) -> bool) {
    alone::stop(id);
    // What a process of its own has begun with may have left something, too.
    let steps = store::steps(id);
    let mut is_locked = false;
    let (counts, others): (Vec<&Stored>, Vec<&Stored>) = steps
        .iter()
        .rev()
        .filter(|s| (s.done || s.started) && phases(s.step.phase))
        .partition(|s| s.step.args["counts"] == true);
    for stored in counts.into_iter().chain(others) {
        // Not before rows are counted.
        if !is_locked && stored.step.undo.is_some() && stored.step.lock_mode != lock::NONE {
            run::lock_first(&store::get(id), &steps, true);
            is_locked = true;
        }
        run::back(&store::get(id), stored);
        store::mark(id, stored.number, false);
    }
}

/// Gives a change up; the old shape is as it was before.
pub fn abort(id: i64, reason: Option<&str>) {
    let change = store::lock(id);
    if !change.state.is_before_contraction() {
        // Where it is too late to take back what was added, undo_change says what to propose.
        let can_be_undone =
            change.state == State::Contracted || change.state == State::Done && added::adds(&change);
        let hint = can_be_undone.then(|| format!("SELECT governance.undo_change({id});"));
        error::change::wrong_state(id, "aborted", change.state.as_str(), hint).raise();
    }
    let relid = catalog::relation_oid(&change.name);
    match relid {
        Some(relid) => {
            let mine = change.state == State::Proposed && change.proposed_by == roles::name(roles::current());
            if !mine {
                duty::require_owner("aborting a change", Relation(relid), false);
            }
            // Of another table of that name nothing is taken back.
            if !same::is_another(&change, relid) {
                take_back(id, &is_before_gate);
            }
        }
        None => duty::require_operator("aborting a change whose table is gone"),
    }
    end(&change, State::Aborted, "abort_change", relid.map(Relation), reason);
}

/// Brings back what a contracted change took away; the old shape is as it was before.
pub fn undo(id: i64, reason: Option<&str>) {
    settings_scope::with_steady_constants(|| bring_back(id, reason));
}

fn bring_back(id: i64, reason: Option<&str>) {
    let change = store::lock(id);
    if change.state != State::Contracted && !ended::can_be_undone(&change) {
        let hint =
            change.state.is_before_contraction().then(|| format!("SELECT governance.abort_change({id});"));
        error::change::wrong_state(id, "undone", change.state.as_str(), hint).raise();
    }
    let relation = change.relation();
    duty::require_owner("undoing a change", relation, false);
    require_free_names(&change, relation);
    take_back(id, &|_| true);
    end(&change, State::Undone, "undo_change", Some(relation), reason);
    let (kept, steps) = (store::get(id), store::steps(id));
    for stored in steps.iter().filter(|s| is_left(s) && aside::is_void(&kept, &s.step.args)) {
        store::mark(id, stored.number, true);
    }
    let steps = store::steps(id);
    let left: Vec<String> =
        steps.iter().filter(|s| is_left(s)).map(|s| change.fill(&s.step.statement)).collect();
    if !left.is_empty() {
        error::change::not_all_back(id, &left).notice();
    }
}

/// Raises where somebody has made anew what would come back, as the way back of a migration tool does.
fn require_free_names(change: &Change, relation: Relation) {
    let now = change.current_name();
    if now != change.name && catalog::relation_oid(&change.name).is_some() {
        error::change::name_in_use(change.id, &change.name.to_string(), &now.to_string()).raise();
    }
    let exists = |column: &str| catalog::column_number(relation.0, column).is_some();
    let reserved = |column: &String| quarantine_name(change.id, column);
    // What changed its type has its name itself.
    let has_left = |column: &&String| !change.adds.contains(&reserved(column));
    if let Some(column) = change.takes.iter().filter(has_left).find(|c| exists(c)) {
        let what = format!("column {}.{}", change.name, quote_identifier(column));
        // A renamed column waits under its new name.
        let mut waiting = std::iter::once(column).chain(&change.adds).map(reserved);
        let hidden = waiting.find(|c| exists(c)).unwrap_or_else(|| column.clone());
        let quarantine = format!("{}.{}", change.name, quote_identifier(hidden));
        error::change::name_in_use(change.id, &what, &quarantine).raise();
    }
}

fn end(change: &Change, to: State, verb: &str, relation: Option<Relation>, reason: Option<&str>) {
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
