//! The certificate that opens the gate.
use super::dependents;
use super::store::{self, Change, Stored};
use super::{acknowledgement, aside, same, soak, table, verify};
use crate::core::change::State;
use crate::core::change::step::Action;
use crate::error;
use crate::pg::{catalog, owner, spi};
use pgrx::pg_sys;
use serde_json::{Value, json};

/// Whether the relation is no longer what the plan was made for.
#[must_use]
pub fn has_drifted(change: &Change) -> bool {
    catalog::relation_oid(&change.name)
        .is_none_or(|relid| same::is_another(change, relid) || beside(change, relid).is_none())
}

/// The columns that are there beside those that the plan was made for; None where it has drifted. What the running
/// transaction has added beside what goes is no drift: a file of a migration tool does both.
fn beside(change: &Change, relid: pg_sys::Oid) -> Option<Vec<String>> {
    let is_planned_for = |made: &Vec<String>| fingerprint(change, relid, made) == change.fingerprint;
    Some(Vec::new()).filter(is_planned_for).or_else(|| Some(made_here(change, relid)).filter(is_planned_for))
}

/// The columns that the running transaction has added, and that the change does not work on.
fn made_here(change: &Change, relid: pg_sys::Oid) -> Vec<String> {
    table::columns_made_here(relid).into_iter().filter(|column| !change.columns.contains(column)).collect()
}

/// The state of the relation's columns, as far as it is somebody else's: what the steps of a change have added is no drift
/// to it; before they have, anything of that name is.
fn fingerprint(change: &Change, relid: pg_sys::Oid, made_here: &[String]) -> String {
    let is_expanded = matches!(change.state, State::Expanding | State::Ready);
    let ours = if is_expanded { &change.adds[..] } else { &[] };
    table::fingerprint(relid, &[ours, made_here].concat())
}

/// Runs what one change does to its relation. It is no drift to other changes of the same relation.
pub fn keeping_others<R>(change: &Change, act: impl FnOnce() -> R) -> R {
    let others = store::open_on(&change.name).into_iter();
    let intact: Vec<(Change, Vec<String>)> = others
        .filter(|c| c.id != change.id && c.state.is_before_contraction())
        .filter_map(|c| {
            let beside = beside(&c, catalog::relation_oid(&c.name)?)?;
            Some((c, beside))
        })
        .collect();
    let columns = |relid| table::column_names(relid);
    let before = catalog::relation_oid(&change.current_name()).map(columns);
    let result = act();
    let after = catalog::relation_oid(&change.current_name()).map(columns);
    if let (Some(before), Some(after)) = (before, after) {
        note_renamed(change, &before, &after);
    }
    if let Some(relid) = catalog::relation_oid(&change.name) {
        for (other, beside) in intact {
            store::set_fingerprint(other.id, &fingerprint(&other, relid, &beside));
        }
    }
    result
}

/// Tells the other changes of the table which columns have other names now. One that another column has taken over in its
/// place is the same to them.
fn note_renamed(change: &Change, before: &[(i16, String)], after: &[(i16, String)]) {
    let renamed = before.iter().filter_map(|(number, old)| {
        let (_, new) = after.iter().find(|(n, _)| n == number)?;
        (new != old && !after.iter().any(|(_, name)| name == old)).then_some((old, new))
    });
    let renamed: Vec<(&String, &String)> = renamed.collect();
    if renamed.is_empty() {
        return;
    }
    for other in store::open_on(&change.name).into_iter().filter(|c| c.id != change.id) {
        let mut names = other.kept[store::RENAMED].as_object().cloned().unwrap_or_default();
        for (old, new) in &renamed {
            names.values_mut().filter(|now| *now == old.as_str()).for_each(|now| *now = json!(new));
            names.insert((*old).clone(), json!(new));
        }
        names.retain(|planned, now| now != planned);
        store::keep(other.id, store::RENAMED, Value::Object(names));
    }
}

/// What is proven about a change, what is not, and whether that opens the gate.
#[must_use]
pub fn of(change: &Change) -> Value {
    let steps = store::steps(change.id);
    let mut problems = Vec::new();
    if change.approved_by.is_none() {
        problems.push("not approved".to_string());
    }
    if super::approval::is_over(change.id) {
        problems.push("the approval has expired".to_string());
    }
    if super::approval::approver_has_gone(change) {
        problems.push("the role that approved is gone".to_string());
    }
    let waived = change.waived.iter().any(|w| w == "not_observed");
    let consumers = if change.needs_readers() { acknowledgement::consumers(change) } else { Vec::new() };
    let silent: Vec<&str> = consumers.iter().filter(|c| !c.acknowledged).map(|c| c.party.as_str()).collect();
    if !silent.is_empty() && !waived {
        problems.push(format!("consumers that have not acknowledged it: {}", silent.join(", ")));
    }
    let promised = if change.state.is_before_contraction() { promised_until(change) } else { None };
    if let Some(date) = &promised {
        problems.push(format!("its deprecation says that it stays until {date}"));
    }
    let proof = soak::proof(change);
    problems.extend(proof.problems.into_iter().filter(|_| !waived));
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
    let later = later_rules(change, &steps);
    if !later.is_empty() {
        problems.push(format!("constraints that came after the proposal: {}", later.join(", ")));
    }
    let lost = lost_references(change, &steps);
    if !lost.is_empty() {
        problems.push(format!("foreign keys that the plan makes anew are gone: {}", lost.join(", ")));
    }
    let copies = steps.iter().any(|s| s.step.action == Action::Compare);
    if copies && !change.verified {
        problems.push("the copy is not verified".to_string());
    }
    // Without them the shapes may have come apart since they were compared.
    if change.state == State::Ready && verify::triggers(change, &steps).is_none() {
        let on = verify::not_written(change, &steps).unwrap_or_default();
        problems.push(format!("the trigger that writes both columns is missing or disabled on {on}"));
    } else if change.state == State::Ready && !verify::still_holds(change, &steps) {
        problems.push("the trigger that writes both columns was switched off since the copy was verified, or a partition has come; advance_change verifies it again".to_string());
    }
    if !super::steps::is_at_gate(change, &steps) {
        problems.push(format!("the change is {}", change.state.as_str()));
    }
    json!({
        "change": change.id,
        "ddl": change.ddl,
        "state": change.state.as_str(),
        "readers": proof.verdict,
        "reads": proof.reads,
        "waived": change.waived,
        "consumers": acknowledgement::as_json(&consumers),
        "not_before": promised,
        "scream_tests": super::scream::as_json(change),
        "proposed_by": change.proposed_by,
        "approved_by": change.approved_by,
        "dependents": dependents,
        "backfill": copies.then(|| verify::as_json(change)),
        "catalog": change.fingerprint,
        "valid": problems.is_empty(),
        "problems": problems,
    })
}

/// Until when a deprecation promises that what goes stays.
fn promised_until(change: &Change) -> Option<String> {
    owner::run(|| {
        spi::select_one(
            "SELECT max(d.sunset)::text FROM governance.deprecation d
              WHERE d.schema_name = $1 AND d.relation_name = $2 AND (d.column_name = ANY ($3) OR $4) AND d.sunset > clock_timestamp()",
            &[
                change.name.schema.as_str().into(),
                change.name.relation.as_str().into(),
                change.takes.clone().into(),
                change.whole.into(),
            ],
            |r| r.get(1),
        )
    })
    .flatten()
}

/// What stands in the way of what goes, where it goes for good: a column that is only renamed takes its dependents along.
fn dependents(change: &Change, relid: pg_sys::Oid, steps: &[Stored]) -> Vec<String> {
    let views = super::quarantine::planned(steps);
    let mut all: Vec<String> = views.iter().flat_map(|view| dependents::but(*view, None, &views)).collect();
    if change.quarantine.is_some() {
        all.extend(dependents::but(relid, None, &views));
        return all;
    }
    if let Some(end) = steps.iter().find(|s| s.step.args["routine"] == "end_old_name") {
        return super::old_name::dependents(&end.step.args);
    }
    let leaves = steps.iter().any(|s| s.step.args["leaves"].is_array());
    if !leaves && steps.iter().any(|s| s.step.action == Action::Copy) {
        return Vec::new();
    }
    all.extend(change.takes.iter().flat_map(|column| dependents::but(relid, Some(column), &views)));
    all.dedup();
    let carried: Vec<&str> = steps
        .iter()
        .filter_map(|s| s.step.args["carries"].as_array())
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    all.retain(|d| !carried.contains(&d.as_str()));
    all
}

/// Constraints of what goes that the plan does not know: it could not bring them back.
fn later_rules(change: &Change, steps: &[Stored]) -> Vec<String> {
    let planned: Vec<&Value> =
        steps.iter().map(|s| &s.step.args["without"]).filter(|w| w.is_array()).collect();
    if planned.is_empty() || !change.state.is_before_contraction() {
        return Vec::new();
    }
    let known: Vec<&str> =
        planned.iter().filter_map(|w| w.as_array()).flatten().filter_map(Value::as_str).collect();
    let Some(relid) = catalog::relation_oid(&change.name) else { return Vec::new() };
    let rules = aside::rules(relid, &change.takes).into_iter().map(|rule| rule.label());
    rules.filter(|label| !known.contains(&label.as_str())).collect()
}

/// Foreign keys of other tables that the plan makes anew, with the rights of the extension's owner, and that refer to the table no
/// longer: another table may bear the name of theirs by now.
fn lost_references(change: &Change, steps: &[Stored]) -> Vec<String> {
    let carried = steps.iter().filter_map(|s| s.step.args["carries"].as_array()).flatten();
    let carried: Vec<String> = carried.filter_map(|d| d.as_str().map(String::from)).collect();
    if carried.is_empty() || !change.state.is_before_contraction() {
        return Vec::new();
    }
    owner::run(|| {
        spi::select(
            "SELECT DISTINCT c.description FROM unnest($2::text[]) c (description)
              WHERE NOT EXISTS (SELECT FROM pg_constraint k
                                 WHERE k.confrelid = $1 AND k.contype = 'f'
                                   AND pg_describe_object('pg_constraint'::regclass, k.oid, 0) = c.description)
              ORDER BY 1",
            &[catalog::relation_oid(&change.name).into(), carried.into()],
            |r| r.must(1),
        )
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
