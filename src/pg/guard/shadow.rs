//! What the earlier statements of a script that does not run would have done: what names mean by now, and what holds.
pub use super::effect::{Check, Effect, Fact};
use crate::pg::catalog::{self, Name};
use crate::pg::ddl::{Ddl, Target};
use crate::pg::object::Address;
use pgrx::pg_sys;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// What earlier statements of a script would have done.
#[derive(Clone, Debug, Default)]
pub struct Shadow {
    /// Whether there are any.
    begun: bool,
    /// Relations made by the script.
    made: HashSet<Name>,
    /// Relations of today under the names they would have.
    moved: HashMap<Name, pg_sys::Oid>,
    /// The same the other way round.
    renamed: HashMap<pg_sys::Oid, Name>,
    /// Names of relations that would be free.
    gone: HashSet<Name>,
    /// Schemas in which the script makes or moves anything.
    schemas: HashSet<String>,
    /// Numbers of columns of today under the names they would have.
    columns: HashMap<(pg_sys::Oid, String), Option<i16>>,
    /// Objects of today that would be gone, or have another name.
    lost: HashSet<Address>,
    /// Names under which there would be something that is not followed.
    hidden: HashSet<String>,
    /// What would hold.
    facts: HashMap<Fact, bool>,
    /// Whether it would have granted anything.
    granted: bool,
    /// Checks that it would have added.
    checks: HashMap<pg_sys::Oid, Vec<Check>>,
}

impl Shadow {
    fn make(&mut self, name: Name) {
        self.moved.remove(&name);
        self.schemas.insert(name.schema.clone());
        self.made.insert(name);
    }

    fn drop(&mut self, name: &Name) {
        self.made.remove(name);
        if let Some(relid) = self.moved.remove(name) {
            self.renamed.remove(&relid);
        }
        self.gone.insert(name.clone());
    }

    fn rename(&mut self, from: &Name, to: Name) {
        let made = self.made.contains(from);
        let relid = self.moved.get(from).copied().or_else(|| catalog::relation_oid(from));
        self.drop(from);
        match relid {
            Some(relid) if !made => {
                self.made.remove(&to);
                self.schemas.insert(to.schema.clone());
                self.renamed.insert(relid, to.clone());
                self.moved.insert(to, relid);
            }
            _ => self.make(to),
        }
    }

    /// A column gets another name; `to` is None where it goes.
    fn rename_column(&mut self, relid: pg_sys::Oid, from: &str, to: Option<&str>) {
        let number = self.column(relid, from);
        self.columns.insert((relid, from.to_string()), None);
        if let Some(to) = to {
            self.columns.insert((relid, to.to_string()), number);
        }
    }

    /// What a statement does. `made` are the relations it makes.
    pub fn follow(&mut self, ddl: &Ddl, made: Vec<Name>, effects: Vec<Effect>) {
        self.begun = true;
        match ddl {
            Ddl::DropRelations { targets, .. } => {
                for target in targets {
                    self.drop(&self.now(target));
                }
            }
            Ddl::RenameRelation { target, new_name } => {
                let from = self.now(target);
                self.rename(&from, Name { relation: new_name.clone(), ..from.clone() });
            }
            Ddl::SetSchema { target, new_schema } => {
                let from = self.now(target);
                self.rename(&from, Name { schema: new_schema.clone(), ..from.clone() });
            }
            Ddl::RenameColumn { target: Target { relid: Some(relid), .. }, column, new_name } => {
                self.rename_column(*relid, column, Some(new_name));
            }
            Ddl::AlterTable { target: Target { relid: Some(relid), .. }, drops, .. } => {
                drops.iter().for_each(|drop| self.rename_column(*relid, &drop.column, None));
            }
            _ => {}
        }
        made.into_iter().for_each(|name| self.make(name));
        effects.into_iter().for_each(|effect| self.apply(effect));
    }

    fn apply(&mut self, effect: Effect) {
        match effect {
            Effect::Check(relid, check) => self.checks.entry(relid).or_default().push(check),
            Effect::Checked(relid, name, stays) => {
                let Some(checks) = self.checks.get_mut(&relid) else { return };
                let is_it = |c: &Check| c.name.as_deref() == Some(&name);
                if stays {
                    checks.iter_mut().filter(|c| is_it(c)).for_each(|c| c.valid = true);
                } else {
                    checks.retain(|c| !is_it(c));
                }
            }
            Effect::Holds(fact, holds) => {
                self.facts.insert(fact, holds);
            }
            Effect::Renamed(from, to) => {
                let to = Name { relation: to, ..from.clone() };
                self.rename(&from, to);
            }
            Effect::Lost(object) => {
                self.lost.insert(object);
            }
            Effect::Hidden(name) => {
                self.hidden.insert(name);
            }
            Effect::Granted => self.granted = true,
        }
    }

    fn now(&self, target: &Target) -> Name {
        target.relid.and_then(|relid| self.name_of(relid)).unwrap_or_else(|| target.name.clone())
    }

    /// The name of a relation of today that was given it by the script.
    pub fn name_of(&self, relid: pg_sys::Oid) -> Option<Name> {
        self.renamed.get(&relid).cloned()
    }

    /// Number of a column.
    pub fn column(&self, relid: pg_sys::Oid, name: &str) -> Option<i16> {
        match self.columns.get(&(relid, name.to_string())) {
            Some(known) => *known,
            None => catalog::column_number(relid, name),
        }
    }

    /// Whether the script makes or moves anything in a schema.
    pub fn knows(&self, schema: &str) -> bool {
        self.schemas.contains(schema)
    }

    /// Whether the script makes a relation.
    pub fn makes(&self, name: &Name) -> bool {
        self.made.contains(name)
    }

    /// None where the script has nothing to do with the name.
    pub fn relation(&self, name: &Name) -> Option<Option<pg_sys::Oid>> {
        if let Some(relid) = self.moved.get(name) {
            return Some(Some(*relid));
        }
        (self.made.contains(name) || self.gone.contains(name)).then_some(None)
    }

    /// Whether a text names something that is not followed.
    #[must_use]
    pub fn hides(&self, text: &str) -> bool {
        !self.hidden.is_empty()
            && crate::core::guard::identifiers::of(text).any(|name| self.hidden.contains(&name))
    }
}

thread_local! {
    static SHADOW: RefCell<Option<Rc<Shadow>>> = const { RefCell::new(None) };
    /// Whether something that a statement names could not be found.
    static NOT_KNOWN: Cell<bool> = const { Cell::new(false) };
    /// What a statement takes away.
    static LOST: RefCell<Vec<Address>> = const { RefCell::new(Vec::new()) };
}

/// Reads everything as it would be after what a shadow has seen.
pub fn with_shadow<R>(shadow: &Rc<Shadow>, f: impl FnOnce() -> R) -> R {
    struct End(Option<Rc<Shadow>>);
    impl Drop for End {
        fn drop(&mut self) {
            SHADOW.set(self.0.take());
        }
    }
    let _end = End(SHADOW.replace(Some(shadow.clone())));
    LOST.take();
    NOT_KNOWN.set(false);
    f()
}

/// The shadow of the statements before this one, where a script is read that does not run.
#[must_use]
pub fn current() -> Option<Rc<Shadow>> {
    SHADOW.with_borrow(Clone::clone)
}

/// Whether something holds; `live` asks the catalogs.
pub fn holds(fact: &Fact, live: impl FnOnce() -> bool) -> bool {
    current().and_then(|s| s.facts.get(fact).copied()).unwrap_or_else(live)
}

/// Whether the script has dropped an object, or given it another name.
#[must_use]
pub fn is_lost(object: Address) -> bool {
    SHADOW.with_borrow(|s| s.as_ref().is_some_and(|s| s.lost.contains(&object)))
}

/// Notes what a statement of a script takes away.
pub fn note_lost(objects: impl Iterator<Item = Address>) {
    if SHADOW.with_borrow(Option::is_some) {
        LOST.with_borrow_mut(|lost| lost.extend(objects));
    }
}

/// What was noted since this was asked before.
pub fn take_lost() -> Vec<Address> {
    LOST.take()
}

/// Notes that what a statement of a script names is not there: an earlier one may make it.
pub fn note_not_known() {
    if SHADOW.with_borrow(|s| s.as_ref().is_some_and(|s| s.begun)) {
        NOT_KNOWN.set(true);
    }
}

/// Notes the same where a statement takes nothing, but an earlier one of the script may have granted it.
pub fn note_nothing_taken() {
    if SHADOW.with_borrow(|s| s.as_ref().is_some_and(|s| s.granted)) {
        note_not_known();
    }
}

/// Whether that was noted since this was asked before.
#[must_use]
pub fn take_not_known() -> bool {
    NOT_KNOWN.replace(false)
}

/// Conditions that the script before this statement would have made hold for every row of a relation.
#[must_use]
pub fn proofs(relid: pg_sys::Oid) -> Vec<*mut pg_sys::Node> {
    let Some(shadow) = current() else { return Vec::new() };
    shadow.checks.get(&relid).into_iter().flatten().filter(|c| c.valid).map(|c| c.condition).collect()
}
