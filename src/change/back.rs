//! The ways back: a change is given up before its gate, or taken back after it.
use super::steps::{end, is_before_gate, is_left};
use super::store::{self, Change, Stored};
use super::{added, alone, aside, ended, run, same};
use crate::core::change::step::{Phase, lock};
use crate::core::change::{State, quarantine_name};
use crate::error;
use crate::pg::regclass::Relation;
use crate::pg::{catalog, roles, settings_scope};
use crate::registry::duty;
use pgrx::spi::quote_identifier;

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
