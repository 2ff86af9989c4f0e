//! What names mean, also after the statements before this one in a script that does not run.
use super::shadow;
use crate::pg::catalog::{self, Name, text};
use crate::pg::object::Address;
use crate::pg::object::catalogs::{PG_AUTHID, PG_CLASS, PG_NAMESPACE, PG_TS_PARSER, PG_TS_TEMPLATE};
use crate::pg::relation;
use crate::pg::{list, roles, spi};
use pgrx::pg_sys;

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
        if let Some(shadow) = shadow::current() {
            let relation = text((*range).relname)?;
            let schemas = text((*range).schemaname).map_or_else(search_path, |s| vec![s]);
            // Who may not use a schema is told the same whether the name is there or not.
            let schemas = schemas.into_iter().filter(|s| catalog::may_use_schema(s) || shadow.knows(s));
            let candidates = schemas.map(|schema| Name { schema, relation: relation.clone() });
            for name in candidates {
                match shadow.relation(&name) {
                    Some(None) if shadow.makes(&name) => return None,
                    Some(None) => {}
                    Some(known) => return known,
                    None => {
                        let relid = catalog::relation_oid(&name);
                        let relid = relid.filter(|relid| !is_out_of_reach(&name, *relid));
                        if relid.is_some() {
                            return relid;
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

/// Whether a script has dropped a relation, or given its schema another name.
fn is_out_of_reach(name: &Name, relid: pg_sys::Oid) -> bool {
    let is_lost = |class, oid| shadow::is_lost(Address::of(class, oid));
    is_lost(PG_CLASS, relid)
        || catalog::schema_oid(&name.schema).is_some_and(|oid| is_lost(PG_NAMESPACE, oid))
}

/// The name that a relation of today has after the statements before.
#[must_use]
pub fn name_now(relid: pg_sys::Oid) -> Option<Name> {
    shadow::current().and_then(|s| s.name_of(relid)).or_else(|| catalog::relation_name(relid))
}

/// Whether a script is read that does not run.
#[must_use]
pub fn is_rehearsal() -> bool {
    shadow::current().is_some()
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
    match shadow::current() {
        Some(shadow) => shadow.column(relid, name),
        None => catalog::column_number(relid, name),
    }
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
