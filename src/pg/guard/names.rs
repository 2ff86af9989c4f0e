//! What names mean, also after the statements before this one in a script that does not run.
use crate::pg::catalog::{self, Name, text};
use crate::pg::ddl::{Ddl, Target};
use crate::pg::object::Address;
use crate::pg::object::catalogs::{PG_AUTHID, PG_NAMESPACE, PG_TS_PARSER, PG_TS_TEMPLATE};
use crate::pg::relation;
use crate::pg::{list, roles, spi};
use pgrx::pg_sys;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// What earlier statements of a script would have done to names.
#[derive(Clone, Debug, Default)]
pub struct Shadow {
    /// Made by the script.
    made: HashSet<Name>,
    /// Relations of today under the names they would have.
    moved: HashMap<Name, pg_sys::Oid>,
    /// Names that would be free.
    gone: HashSet<Name>,
    /// Numbers of columns of today under the names they would have.
    columns: HashMap<(pg_sys::Oid, String), Option<i16>>,
    /// Checks that the script would have added.
    checks: Vec<Check>,
}

/// A check constraint that a script adds to a relation of today.
#[derive(Clone, Debug)]
pub struct Check {
    /// The relation.
    pub relid: pg_sys::Oid,
    /// Its name, where it has one.
    pub name: Option<String>,
    /// Its condition as the parser read it, as long as the call that explains the script.
    pub condition: *mut pg_sys::Node,
    /// Whether all rows were checked.
    pub valid: bool,
}

impl Shadow {
    /// A relation is made.
    pub fn make(&mut self, name: Name) {
        self.moved.remove(&name);
        self.made.insert(name);
    }

    /// A relation goes.
    pub fn drop(&mut self, name: &Name) {
        self.made.remove(name);
        self.moved.remove(name);
        self.gone.insert(name.clone());
    }

    /// A relation gets another name or schema.
    pub fn rename(&mut self, from: &Name, to: Name) {
        let made = self.made.contains(from);
        let relid = self.moved.get(from).copied().or_else(|| catalog::relation_oid(from));
        self.drop(from);
        match relid {
            Some(relid) if !made => {
                self.made.remove(&to);
                self.moved.insert(to, relid);
            }
            _ => self.make(to),
        }
    }

    /// A column gets another name; `to` is None where it goes.
    pub fn rename_column(&mut self, relid: pg_sys::Oid, from: &str, to: Option<&str>) {
        let number = self.column(relid, from);
        self.columns.insert((relid, from.to_string()), None);
        if let Some(to) = to {
            self.columns.insert((relid, to.to_string()), number);
        }
    }

    /// A check is added.
    pub fn check(&mut self, check: Check) {
        self.checks.push(check);
    }

    /// A check is validated, or goes.
    pub fn checked(&mut self, relid: pg_sys::Oid, name: &str, stays: bool) {
        let is_it = |c: &Check| c.relid == relid && c.name.as_deref() == Some(name);
        if stays {
            self.checks.iter_mut().filter(|c| is_it(c)).for_each(|c| c.valid = true);
        } else {
            self.checks.retain(|c| !is_it(c));
        }
    }

    /// What a statement does to names. `made` are the relations it makes.
    pub fn follow(&mut self, ddl: &Ddl, made: Vec<Name>) {
        match ddl {
            Ddl::DropRelations { targets, .. } => targets.iter().for_each(|t| self.drop(&t.name)),
            Ddl::RenameRelation { target, new_name } => {
                let to = Name { relation: new_name.clone(), ..target.name.clone() };
                self.rename(&target.name, to);
            }
            Ddl::SetSchema { target, new_schema } => {
                let to = Name { schema: new_schema.clone(), ..target.name.clone() };
                self.rename(&target.name, to);
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
    }

    fn column(&self, relid: pg_sys::Oid, name: &str) -> Option<i16> {
        match self.columns.get(&(relid, name.to_string())) {
            Some(known) => *known,
            None => catalog::column_number(relid, name),
        }
    }

    /// Whether the script makes or moves anything in a schema.
    fn knows(&self, schema: &str) -> bool {
        self.made.iter().chain(self.moved.keys()).any(|name| name.schema == schema)
    }

    /// None where the script has nothing to do with the name.
    fn relation(&self, name: &Name) -> Option<Option<pg_sys::Oid>> {
        if let Some(relid) = self.moved.get(name) {
            return Some(Some(*relid));
        }
        (self.made.contains(name) || self.gone.contains(name)).then_some(None)
    }
}

thread_local! {
    static SHADOW: RefCell<Option<Rc<Shadow>>> = const { RefCell::new(None) };
}

/// Reads names as they would be after what a shadow has seen.
pub fn with_shadow<R>(shadow: &Rc<Shadow>, f: impl FnOnce() -> R) -> R {
    struct End(Option<Rc<Shadow>>);
    impl Drop for End {
        fn drop(&mut self) {
            SHADOW.set(self.0.take());
        }
    }
    let _end = End(SHADOW.replace(Some(shadow.clone())));
    f()
}

/// Conditions that the script before this statement would have made hold for every row of a relation.
#[must_use]
pub fn proofs(relid: pg_sys::Oid) -> Vec<*mut pg_sys::Node> {
    SHADOW.with_borrow(|shadow| {
        let checks = shadow.iter().flat_map(|s| &s.checks);
        checks.filter(|c| c.relid == relid && c.valid).map(|c| c.condition).collect()
    })
}

/// Whether a script is read that does not run.
#[must_use]
pub fn is_rehearsal() -> bool {
    SHADOW.with_borrow(Option::is_some)
}

/// The relation that a statement names; None where there is none, or where the script itself would have made it.
///
/// # Safety
/// `range` must be null or a valid RangeVar.
pub unsafe fn relation(range: *const pg_sys::RangeVar) -> Option<pg_sys::Oid> {
    if range.is_null() {
        return None;
    }
    // SAFETY: the caller vouches for the tree; a missing_ok look-up without a lock.
    unsafe {
        if let Some(shadow) = SHADOW.with_borrow(Clone::clone) {
            let relation = text((*range).relname)?;
            let schemas = text((*range).schemaname).map_or_else(search_path, |s| vec![s]);
            // Who may not use a schema is told the same whether the name is there or not.
            let schemas = schemas.into_iter().filter(|s| catalog::may_use_schema(s) || shadow.knows(s));
            let candidates = schemas.map(|schema| Name { schema, relation: relation.clone() });
            for name in candidates {
                match shadow.relation(&name) {
                    Some(None) if shadow.made.contains(&name) => return None,
                    Some(None) => {}
                    Some(known) => return known,
                    None => {
                        if let Some(relid) = catalog::relation_oid(&name) {
                            return Some(relid);
                        }
                    }
                }
            }
            return None;
        }
        let relid = pg_sys::RangeVarGetRelidExtended(
            range,
            pg_sys::NoLock as pg_sys::LOCKMODE,
            pg_sys::RVROption::RVR_MISSING_OK,
            None,
            std::ptr::null_mut(),
        );
        (relid != pg_sys::InvalidOid).then_some(relid)
    }
}

/// Whether PostgreSQL lets the current role alter a relation. Where it does not, its own error comes first, and the
/// guard keeps what it knows to itself. Who asks what a statement would do is told in any case.
#[must_use]
pub fn may_alter(relid: pg_sys::Oid) -> bool {
    let me = roles::current();
    is_rehearsal() || catalog::relation_owner(relid).is_none_or(|owner| roles::has_rights_of(me, owner))
}

/// Whether it lets the current role vacuum a relation: as its owner or the database's.
#[must_use]
pub fn may_vacuum(relid: pg_sys::Oid) -> bool {
    // SAFETY: a look-up by oid.
    may_alter(relid) || unsafe { pg_sys::pg_database_ownercheck(pg_sys::MyDatabaseId, roles::current()) }
}

/// Whether the schema of an object is the current role's, which may drop the object then.
#[must_use]
pub fn owns_schema_of(object: Address) -> bool {
    let schema = object.schema_oid().map(|schema| Address::of(PG_NAMESPACE, schema));
    schema.and_then(Address::owner).is_some_and(|owner| roles::has_rights_of(roles::current(), owner))
}

/// The same for an object of any kind.
#[must_use]
pub fn may_alter_object(object: Address) -> bool {
    if let Some(relid) = object.relation_of() {
        return may_alter(relid);
    }
    if object.class == PG_AUTHID {
        return super::role::may_make_roles();
    }
    let me = roles::current();
    is_rehearsal()
        || roles::is_superuser(me)
        || match object.owner() {
            Some(owner) => roles::has_rights_of(me, owner),
            None => ![PG_TS_PARSER, PG_TS_TEMPLATE].contains(&object.class), // superusers only
        }
}

/// Whether the current role may do with what is a role's as that role may.
#[must_use]
pub fn may_act_for(role: pg_sys::Oid) -> bool {
    is_rehearsal() || roles::has_rights_of(roles::current(), role)
}

/// The same for a schema that exists.
#[must_use]
pub fn may_alter_schema(schema: &str) -> bool {
    catalog::schema_oid(schema).is_some_and(|oid| may_alter_object(Address::of(PG_NAMESPACE, oid)))
}

/// Whether the current role holds one of these privileges on a relation.
#[must_use]
pub fn holds(relid: pg_sys::Oid, privileges: pg_sys::AclMode) -> bool {
    // SAFETY: a look-up by oid.
    is_rehearsal()
        || unsafe { pg_sys::pg_class_aclcheck(relid, roles::current(), privileges) }
            == pg_sys::AclResult::ACLCHECK_OK
}

/// Number of a column by its name.
#[must_use]
pub fn column(relid: pg_sys::Oid, name: &str) -> Option<i16> {
    SHADOW.with_borrow(|shadow| match shadow {
        Some(shadow) => shadow.column(relid, name),
        None => catalog::column_number(relid, name),
    })
}

/// Schemas of the search path in force, in order.
fn search_path() -> Vec<String> {
    // SAFETY: fetch_search_path returns a palloc'd list of oids.
    let schemas = unsafe { list::oids(pg_sys::fetch_search_path(true)) };
    schemas.into_iter().filter_map(catalog::schema_name).collect()
}

/// Quoted name of a relation with its schema; its number where it is gone.
#[must_use]
pub fn of(relid: pg_sys::Oid) -> String {
    catalog::relation_name(relid).map_or_else(|| relid.to_u32().to_string(), |n| n.to_string())
}

/// A relation and everything below it: partitions and children.
#[must_use]
pub fn tree(relid: pg_sys::Oid) -> Vec<pg_sys::Oid> {
    if !relation::has_children(relid) {
        return vec![relid];
    }
    spi::select(
        "WITH RECURSIVE tree AS (
            SELECT $1::pg_catalog.oid AS relid
            UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN tree t ON t.relid OPERATOR(pg_catalog.=) i.inhparent)
         SELECT relid FROM tree",
        &[relid.into()],
        |r| r.must(1),
    )
}
