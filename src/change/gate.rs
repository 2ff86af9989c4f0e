//! The gate for migration tools: an approved change lets the tool's own DDL through, and that completes the change
//! with the same quarantine as `advance_change`.
//!
//! An event trigger can neither replace nor skip a statement. So before a DROP runs, what it names is moved into
//! quarantine and an empty stand-in takes its name: the statement then drops the stand-in, which the running transaction
//! itself has made. A statement that renames or moves finds the old name again, and does it for good.
use super::acting::{as_change, by_text, is_acting};
use super::added::{self, There};
use super::store::{self, Change};
use super::{certificate, steps};
use crate::core::change::State;
use crate::core::change::away::Away;
use crate::core::change::part::{self, Part};
use crate::error;
use crate::guard::{Victim, later};
use crate::pg::catalog::{self, Name};
use crate::pg::wish::Wish;
use crate::pg::{owner, relation, settings_scope, spi, xact};
use crate::registry::{bare, tree};
use pgrx::spi::quote_identifier;
use std::cell::RefCell;

/// A statement that stands for a change, and the relation it is about.
type Passing = (i64, Vec<Name>);

thread_local! {
    /// The change that the running statement completes, or has completed already.
    static PASSING: RefCell<Option<Passing>> = const { RefCell::new(None) };
}

/// The change that lets the running statement do this.
#[must_use]
pub fn at_gate(victim: &Victim) -> Option<i64> {
    PASSING.with_borrow(|p| {
        p.as_ref().filter(|(_, names)| names.contains(&victim.dataset)).map(|(change, _)| *change)
    })
}

/// What a wish is in one spelling: as a whole, and part by part. The first is that of the statement itself; some tools write
/// CASCADE always, and a certificate tells whether something hangs on what goes, so it is the same wish with and without.
fn spellings(wish: &Wish) -> Vec<String> {
    let table = wish.name.to_string();
    let plain: Vec<Part> = wish.parts.iter().map(Part::without_cascade).collect();
    let cascading: Vec<Part> = plain.iter().map(Part::with_cascade).collect();
    [&wish.parts, &plain, &cascading]
        .into_iter()
        .flat_map(|parts| {
            let whole = part::text(parts, &table, |name| quote_identifier(name));
            let each = parts.iter().map(|p| p.text(&table, |name| quote_identifier(name)));
            std::iter::once(whole).filter(|_| wish.is_all).chain(each).collect::<Vec<_>>()
        })
        .collect()
}

/// The open changes that a wish stands for.
fn meant(wish: &Wish) -> Vec<Change> {
    if wish.parts.is_empty() {
        return Vec::new();
    }
    let spellings = spellings(wish);
    let mut open = store::open_on(&wish.name);
    open.extend(store::last_done(&wish.name, spellings.first().map_or("", String::as_str)));
    open.into_iter().filter(|c| spellings.contains(&c.ddl)).collect()
}

/// The change that a statement would complete, as [`before_ddl`] does when it runs, and its relation.
#[must_use]
pub fn would_complete(wishes: impl FnOnce() -> Vec<Wish>) -> Option<(i64, Name)> {
    if bare::has_no_changes() {
        return None;
    }
    let wishes = settings_scope::with_steady_constants(wishes);
    settings_scope::with_fixed_path(|| {
        let open = wishes.iter().flat_map(meant);
        open.into_iter()
            .find(|c| match c.state {
                State::Done => added::is_there(c),
                state => state == State::Contracted || steps::is_at_gate(c, &store::steps(c.id)),
            })
            .map(|c| (c.id, c.name))
    })
}

/// Called before any DDL: completes the changes it stands for. What it adds may be there by then: then it has to skip that.
pub fn before_ddl(wishes: impl FnOnce() -> Vec<Wish>) -> Option<There> {
    if is_acting() {
        return None;
    }
    PASSING.set(None);
    if bare::has_no_changes() {
        return None;
    }
    let wishes = settings_scope::with_steady_constants(wishes);
    settings_scope::with_fixed_path(|| {
        for wish in &wishes {
            for change in meant(wish) {
                complete(&change, wish);
            }
        }
        // One statement adds to one relation, and is a change as a whole.
        let [wish] = wishes.as_slice() else { return None };
        let spelling = spellings(wish).into_iter().next()?;
        let change = meant(wish).into_iter().find(|c| c.ddl == spelling)?;
        let is_past = matches!(change.state, State::Contracted | State::Done);
        (is_past && (added::is_there(&change) || is_gone(wish))).then(|| added::there(&change))
    })
}

fn complete(change: &Change, wish: &Wish) {
    let exists = still_there(change);
    let at_gate = matches!(change.state, State::Approved | State::Ready)
        && steps::is_at_gate(change, &store::steps(change.id));
    require_that_it_can_follow(change, wish, at_gate);
    match change.state {
        State::Approved | State::Ready if exists => {
            if !at_gate {
                return;
            }
            if wish.comes_first {
                return complete_later(change, wish);
            }
            let change = store::lock(change.id);
            steps::contract(&change, true);
            error::change::completed(change.id).notice();
        }
        // An earlier try was stopped while it waited for others.
        State::Contracted if exists && is_half_gone(wish) => return pass(change, wish),
        State::Done if !exists => {
            error::change::already_done(change.id, &change.ddl).notice();
            return;
        }
        State::Contracted if !exists => {
            error::change::already_contracted(change.id, &change.ddl).notice();
        }
        _ => return,
    }
    let change = store::get(change.id);
    prelude(&change);
    note_stand_in(&change);
    pass(&change, wish);
}

/// What must come first in its transaction does, and the change is contracted when that commits.
fn complete_later(change: &Change, wish: &Wish) {
    let _ = certificate::require(change);
    let id = change.id;
    later::within(true, || {
        later::write(move || settings_scope::with_fixed_path(|| steps::contract(&store::lock(id), true)));
    });
    error::change::completed(id).notice();
    pass(change, wish);
}

/// Whether the index that goes is what DROP INDEX CONCURRENTLY has left.
fn is_half_gone(wish: &Wish) -> bool {
    wish.parts.iter().any(|part| match part {
        Part::Away(Away::DropIndex { index }) => {
            by_text(index).is_some_and(|index| !relation::is_valid_index(index))
        }
        _ => false,
    })
}

/// Whether the index that the statement drops is not there: it has to skip that.
fn is_gone(wish: &Wish) -> bool {
    wish.relid.is_none() && matches!(wish.parts.as_slice(), [Part::Away(Away::DropIndex { .. })])
}

/// The running statement stands for a change: the guard lets it pass.
fn pass(change: &Change, wish: &Wish) {
    let mut names = vec![wish.name.clone(), change.name.clone()];
    names.extend(wish.also.iter().cloned());
    // A partition is judged by what is declared above it.
    let others: Vec<_> = change.aliases.iter().filter_map(|alias| by_text(alias)).collect();
    names.extend(others.iter().filter_map(|relid| catalog::relation_name(*relid)));
    names.extend(others.into_iter().chain(wish.relid).flat_map(tree::governors));
    // What it does to a table it does to its partitions, which may be declared by themselves.
    let below = wish.relid.map(tree::governed_below).unwrap_or_default();
    names.extend(below.into_iter().map(|(_, name)| name));
    PASSING.set(Some((change.id, names)));
}

/// The statement runs after the change: it must not do again what the change did. Where nothing went by its name, the
/// column has its new type already.
fn require_that_it_can_follow(change: &Change, wish: &Wish, at_gate: bool) {
    let done = change.state == State::Contracted;
    if !at_gate && !done {
        return;
    }
    // The statement may do more than the change did.
    for part in &wish.parts {
        match part {
            Part::SetType(r) if !r.is_plain && change.takes.contains(&r.column) => {
                error::conversion::applies_twice(change.id, done).raise();
            }
            Part::AddColumn(new)
                if wish.adds_anew && !change.takes.is_empty() && change.adds.contains(&new.name) =>
            {
                error::conversion::adds_again(change.id, &change.name).raise();
            }
            _ => {}
        }
    }
}

/// Whether what the wish takes away is there under its own name.
fn still_there(change: &Change) -> bool {
    if let Some(probe) = &change.probe
        && holds(&change.fill(probe))
    {
        return true;
    }
    if change.whole && change.probe.is_none() {
        return catalog::relation_oid(&change.name).is_some();
    }
    if added::adds(change) {
        // Nothing is taken away: as long as it is not all there, there is something to do.
        return change.state.is_before_contraction() || !added::is_there(change);
    }
    let Some(relid) = catalog::relation_oid(&change.current_name()) else { return false };
    if change.state == State::Contracted && has_changed_names(change) {
        return false;
    }
    change.takes.iter().any(|column| catalog::column_number(relid, column).is_some())
}

/// Whether a new column has taken the very name of the old one.
fn has_changed_names(change: &Change) -> bool {
    store::steps(change.id).iter().any(|s| s.step.args["retypes"] == true)
}

/// Whether a condition of the plan holds.
fn holds(condition: &str) -> bool {
    owner::run(|| spi::select_latest(&format!("SELECT {condition}"), &[], |r| r.get::<bool>(1)))
        .first()
        .is_some_and(|held| *held == Some(true))
}

/// What the prelude made is nobody's loss.
fn note_stand_in(change: &Change) {
    let Some(stand_in) = &change.stand_in else { return };
    let Some(relid) = catalog::relation_oid(&change.name) else { return };
    if stand_in.is_empty() {
        xact::note_created(relid, None);
    } else if let Some(number) = catalog::column_number(relid, stand_in) {
        xact::note_created(relid, Some(number));
    }
}

/// Makes room for a statement of somebody's own that wishes the same.
fn prelude(change: &Change) {
    if let Some(prelude) = &change.prelude {
        let text = change.fill(prelude);
        as_change(change, || {
            owner::run(|| {
                spi::execute(&text, &[]);
            });
        });
    }
}
