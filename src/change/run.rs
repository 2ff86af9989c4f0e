//! Running one step, and taking it back.
use super::acting::{as_change, touching};
use super::form::away;
use super::store::{Change, Stored};
use super::{alone, backfill, certificate, part_index, quarantine, routine, table, throttle, verify, whole};
use crate::core::change::step::{Action, TABLE, lock};
use crate::error;
use crate::pg::{catalog, guard, kept_plan, owner, relation, settings_scope, spi};
use pgrx::pg_sys;
use serde_json::Value;

/// How long a step waits for its lock before it gives up, where the session has set nothing: a queue behind the request for a
/// strong lock stops everybody. Less than after what a deadlock is looked for: so the step gives way, and no client of either
/// shape is told of one.
const LOCK_TIMEOUT: &str = "(1000 * least(0.5, extract(epoch FROM current_setting('deadlock_timeout')::interval) / 2))::integer::text";

/// From this age on a transaction in front is not waited for at all.
const LONG_TRANSACTION_SECONDS: f64 = 1.0;

/// Bounds the wait for locks until the transaction ends.
pub fn bound_lock_wait() {
    let sql = format!(
        "SELECT set_config('lock_timeout', {LOCK_TIMEOUT}, true) WHERE current_setting('lock_timeout') = '0'"
    );
    spi::execute(&sql, &[]);
}

/// Refuses to queue behind a long transaction.
fn refuse_to_queue(change: &Change, mode: &str) {
    let mode = match mode {
        lock::EXCLUSIVE => pg_sys::AccessExclusiveLock,
        lock::NO_WRITES_OR_DDL => pg_sys::ShareRowExclusiveLock,
        lock::NO_WRITES => pg_sys::ShareLock,
        lock::NO_DDL => pg_sys::ShareUpdateExclusiveLock,
        _ => return,
    };
    if let Some(relid) = catalog::relation_oid(&change.current_name()) {
        refuse_to_queue_for(change, relid, mode as pg_sys::LOCKMODE);
    }
}

/// The same for a relation that the change works on beside its own.
pub fn refuse_to_queue_for(change: &Change, relid: pg_sys::Oid, mode: pg_sys::LOCKMODE) {
    let waits = owner::run(|| guard::waits_for(relid, mode));
    if let Some(waits) = waits.filter(|w| w.oldest >= LONG_TRANSACTION_SECONDS) {
        error::change::behind_long_transaction(change.id, &waits.pids, waits.oldest).raise();
    }
}

/// Clients lock a table before its partitions and heirs, and PostgreSQL drops triggers the other way round: the table first, and
/// before it the one that it leaves. Raises where that means a queue behind a long transaction.
pub fn lock_first(change: &Change, steps: &[Stored], with_partitions: bool) {
    bound_lock_wait();
    let name = change.current_name();
    let leaves = steps.iter().map(|s| &s.step.args).find(|args| args["routine"] == "detach");
    let above = leaves.map(|args| quarantine::name(args, "parent")).filter(|above| *above != name);
    for name in above.iter().chain(std::iter::once(&name)) {
        let Some(relid) = catalog::relation_oid(name) else { continue };
        refuse_to_queue_for(change, relid, pg_sys::AccessExclusiveLock as pg_sys::LOCKMODE);
        // What follows goes by the name, which stays from now on.
        if !relation::hold_name(relid, name) {
            error::change::drifted(change.id, &change.name).raise();
        }
        let shape = table::shape(relid);
        if with_partitions && (shape.partitioned || shape.has_children) {
            owner::run(|| spi::execute(&format!("LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE"), &[]));
        }
    }
}

/// What running a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Done,
    /// Part of it is; it wants to be run again.
    Again,
}

/// Runs a step, or a part of it.
#[must_use]
pub fn forward(change: &Change, stored: &Stored) -> Outcome {
    let step = &stored.step;
    match step.action {
        Action::Sql | Action::Product => {
            bound_lock_wait();
            refuse_to_queue(change, step.lock_mode);
            if step.lock_mode == lock::EXCLUSIVE && step.statement.contains(TABLE) {
                lock_first(change, &[], false);
            }
            certificate::keeping_others(change, || {
                statements(change, step.action, &step.statement, &step.args);
                // They go by their names, too, and get triggers with our rights.
                if step.args["of_heirs"] == true {
                    whole::require_below(change, &step.args["touches"]);
                }
            });
        }
        Action::Alone => match alone::forward(change, stored) {
            Some(outcome) => return outcome,
            None => error::change::no_process(change.id, &change.fill(&step.statement)).raise(),
        },
        Action::Copy | Action::Compare => {
            let elsewhere = if alone::takes_copies() { alone::forward(change, stored) } else { None };
            return elsewhere.unwrap_or_else(|| batch(change, stored));
        }
        Action::Routine => {
            bound_lock_wait();
            refuse_to_queue(change, step.lock_mode);
            certificate::keeping_others(change, || {
                as_change(change, || routine::forward(change, &step.args))
            });
        }
    }
    Outcome::Done
}

/// One batch of a copy or a comparison.
#[must_use]
pub fn batch(change: &Change, stored: &Stored) -> Outcome {
    bound_lock_wait();
    let (step, held) = (&stored.step, || throttle::holds(change).is_some());
    let _meaning = settings_scope::as_written(&settings_scope::meaning_of(&step.args["meaning"]));
    let is_left = kept_plan::at_once(|| match step.action {
        Action::Copy => held() || backfill::batch(change, &step.args),
        _ => verify::batch(change, &step.args),
    });
    if is_left { Outcome::Again } else { Outcome::Done }
}

/// Takes a step back.
pub fn back(change: &Change, stored: &Stored) {
    let step = &stored.step;
    let Some(undo) = &step.undo else { return };
    bound_lock_wait();
    certificate::keeping_others(change, || match step.action {
        Action::Routine => as_change(change, || routine::back(change, &step.args)),
        Action::Alone if step.args["each"].is_object() => {
            settings_scope::quietly(|| part_index::forget(change, &step.args["each"]));
        }
        // Steps take back what others may have taken back: nobody wants to hear of that.
        action => settings_scope::quietly(|| statements(change, action, undo, &step.args)),
    });
}

/// Statements of a step. Those of the wish run with the rights of the relation's owner, whoever advances it.
pub fn statements(change: &Change, action: Action, text: &str, args: &Value) {
    let text = change.fill(text);
    if text.is_empty() {
        return;
    }
    touching(change, args, || match action {
        Action::Product => {
            // With our rights, so the type has to be the one that its owner had when it was planned.
            if let Some(of) = args["type"].as_str()
                && away::owner_of_type(of).as_deref() != args["type_owner"].as_str()
            {
                error::change::drifted(change.id, &change.name).raise();
            }
            owner::run(|| {
                spi::execute(&text, &[]);
            });
        }
        _ => {
            let relid = change.relation().0;
            let role = catalog::relation_owner(relid).unwrap_or(pg_sys::InvalidOid);
            owner::as_role(role, || {
                spi::execute(&text, &[]);
            });
        }
    });
}
