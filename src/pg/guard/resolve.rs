//! From what a parse tree names to objects. Nothing is raised for what does not exist: PostgreSQL has its own errors.
use super::{names, shadow};
use crate::pg::list::items;
use crate::pg::object::Address;
use crate::pg::object::catalogs::{PG_AUTHID, PG_CONSTRAINT, PG_DATABASE, PG_TABLESPACE, PG_TYPE};
use crate::pg::{missing, spi, xact};
use pgrx::pg_sys;
use pgrx::pg_sys::NodeTag::*;
use std::ffi::{CString, c_char};

/// An object of a kind, as the grammar writes its name in DROP, COMMENT and the like.
///
/// # Safety
/// `object` must be null or what the grammar puts there for this kind.
pub unsafe fn object(kind: pg_sys::ObjectType::Type, object: *mut pg_sys::Node) -> Option<Address> {
    if object.is_null() {
        return None;
    }
    let is_type = matches!(kind, pg_sys::ObjectType::OBJECT_TYPE | pg_sys::ObjectType::OBJECT_DOMAIN);
    // SAFETY: the caller vouches for the node; the look-up takes a reader's lock. Types
    // are named by a TypeName in DROP and COMMENT, by a list of names in ALTER.
    let look = || unsafe {
        let object = if is_type && (*object).type_ == T_List {
            pg_sys::makeTypeNameFromNameList(object.cast()).cast()
        } else {
            object
        };
        let mut relation = std::ptr::null_mut();
        let lock = pg_sys::AccessShareLock as i32;
        let found = pg_sys::get_object_address(kind, object, &mut relation, lock, true);
        // A lock that is kept would have to be made stronger by the statement itself: two sessions that drop the same
        // object would then wait for each other.
        if !relation.is_null() {
            pg_sys::relation_close(relation, lock);
        } else if found.objectId != pg_sys::InvalidOid {
            if pg_sys::IsSharedRelation(found.classId) {
                pg_sys::UnlockSharedObject(found.classId, found.objectId, 0, lock);
            } else {
                pg_sys::UnlockDatabaseObject(found.classId, found.objectId, 0, lock);
            }
        }
        (found.objectId != pg_sys::InvalidOid).then(|| Address::from(found))
    };
    if !names::is_rehearsal() {
        return look();
    }
    match xact::apart_unless_locked(look) {
        Some(found) => found.filter(|address| !shadow::is_lost(*address)),
        None => {
            shadow::note_not_known();
            None
        }
    }
}

/// The same, where the current role may drop the object: its owner or its schema's.
///
/// # Safety
/// As [`object`].
pub unsafe fn droppable(kind: pg_sys::ObjectType::Type, named: *mut pg_sys::Node) -> Option<Address> {
    // SAFETY: the caller vouches for the node.
    unsafe { object(kind, named) }
        .filter(|address| names::may_alter_object(*address) || names::owns_schema_of(*address))
}

/// The same, where the current role may alter the object: else PostgreSQL's own error comes first.
///
/// # Safety
/// As [`object`].
pub unsafe fn own(kind: pg_sys::ObjectType::Type, named: *mut pg_sys::Node) -> Option<Address> {
    // SAFETY: the caller vouches for the node.
    unsafe { object(kind, named) }.filter(|address| names::may_alter_object(*address))
}

/// The same, where the object was not made by the running transaction: nobody else has seen it yet.
///
/// # Safety
/// As [`object`].
pub unsafe fn own_and_known(kind: pg_sys::ObjectType::Type, named: *mut pg_sys::Node) -> Option<Address> {
    // SAFETY: the caller vouches for the node.
    unsafe { own(kind, named) }.filter(|address| !xact::is_object_created_here(*address))
}

/// Whether an option of a statement is on; None where its value is no boolean, which PostgreSQL will say in its own words.
///
/// # Safety
/// `option` must be a valid DefElem.
pub unsafe fn is_on(option: *mut pg_sys::DefElem) -> Option<bool> {
    // SAFETY: the caller vouches for the node; values that are written out are of one of these kinds.
    unsafe {
        let value = (*option).arg;
        if value.is_null() {
            return Some(true);
        }
        if !matches!((*value).type_, T_Integer | T_Boolean | T_String | T_TypeName) {
            return None;
        }
        let mut on = false;
        pg_sys::parse_bool(pg_sys::defGetString(option), &mut on).then_some(on)
    }
}

/// An object of a kind that has no schema, by its bare name.
///
/// # Safety
/// `name` must be null or a C string.
pub unsafe fn by_name(kind: pg_sys::ObjectType::Type, name: *mut c_char) -> Option<Address> {
    use pg_sys::ObjectType::*;
    if name.is_null() {
        return None;
    }
    // SAFETY: missing_ok look-ups; not null.
    unsafe {
        let (class, oid) = match kind {
            OBJECT_DATABASE => (PG_DATABASE, pg_sys::get_database_oid(name, true)),
            OBJECT_ROLE => (PG_AUTHID, pg_sys::get_role_oid(name, true)),
            OBJECT_TABLESPACE => (PG_TABLESPACE, pg_sys::get_tablespace_oid(name, true)),
            _ => return object(kind, pg_sys::makeString(name).cast()),
        };
        (oid != pg_sys::InvalidOid).then(|| Address::of(class, oid))
    }
}

/// Roles of a list of RoleSpec; PUBLIC is not one.
///
/// # Safety
/// `list` must be NIL or a list of RoleSpec.
pub unsafe fn roles(list: *const pg_sys::List) -> Vec<pg_sys::Oid> {
    // SAFETY: the caller vouches for the list.
    unsafe { items::<pg_sys::RoleSpec>(list).into_iter().filter_map(|r| role(r)).collect() }
}

/// A role that exists.
///
/// # Safety
/// `spec` must be null or a valid RoleSpec.
pub unsafe fn role(spec: *const pg_sys::RoleSpec) -> Option<pg_sys::Oid> {
    // SAFETY: the caller vouches for the node; a missing_ok look-up, which raises for PUBLIC only.
    unsafe {
        if spec.is_null() || (*spec).roletype == pg_sys::RoleSpecType::ROLESPEC_PUBLIC {
            return None;
        }
        let oid = pg_sys::get_rolespec_oid(spec, true);
        (oid != pg_sys::InvalidOid && !shadow::is_lost(Address::of(PG_AUTHID, oid))).then_some(oid)
    }
}

/// A constraint, trigger, policy or rule of a relation.
///
/// # Safety
/// `name` must be null or a C string.
pub unsafe fn part(kind: pg_sys::ObjectType::Type, of: pg_sys::Oid, name: *mut c_char) -> Option<Address> {
    let relation = crate::pg::catalog::relation_name(of)?;
    // SAFETY: the caller vouches for the name; a list of String nodes, as the grammar writes it.
    unsafe {
        let word = |text: *mut c_char| pg_sys::makeString(text).cast::<std::ffi::c_void>();
        let mut list = std::ptr::null_mut();
        for part in [&relation.schema, &relation.relation] {
            let part = CString::new(part.as_str()).ok()?;
            list = pg_sys::lappend(list, word(pg_sys::pstrdup(part.as_ptr())));
        }
        if name.is_null() { None } else { object(kind, pg_sys::lappend(list, word(name)).cast()) }
    }
}

/// A type of a kind (`pg_type.typtype`) that the current role may alter, by the list of its names, and as written out.
///
/// # Safety
/// `list` must be NIL or a list of String nodes.
pub unsafe fn type_named(list: *mut pg_sys::List, kind: u8) -> Option<(pg_sys::Oid, String)> {
    // SAFETY: the caller vouches for the list; a missing_ok look-up.
    unsafe {
        let name = pg_sys::makeTypeNameFromNameList(list);
        let tuple = pg_sys::LookupTypeName(std::ptr::null_mut(), name, std::ptr::null_mut(), true);
        if tuple.is_null() {
            return None;
        }
        let oid = (*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_type>()).oid;
        pg_sys::ReleaseSysCache(tuple);
        let address = Address::of(PG_TYPE, oid);
        if type_kind(oid) != Some(kind)
            || shadow::is_lost(address)
            || !names::may_alter_object(address)
            || xact::is_object_created_here(address)
        {
            return None;
        }
        Some((oid, address.identity()?))
    }
}

/// The type that an option names: `AS bigint`.
///
/// # Safety
/// `node` must be a valid node.
pub unsafe fn type_of_option(node: *mut pg_sys::Node) -> Option<pg_sys::Oid> {
    // SAFETY: the cast follows the tag; a missing_ok look-up.
    unsafe {
        if (*node).type_ != T_TypeName {
            return None;
        }
        let tuple = pg_sys::LookupTypeName(std::ptr::null_mut(), node.cast(), std::ptr::null_mut(), true);
        if tuple.is_null() {
            return None;
        }
        let oid = (*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_type>()).oid;
        pg_sys::ReleaseSysCache(tuple);
        Some(oid)
    }
}

/// `pg_type.typtype`.
#[must_use]
pub fn type_kind(of: pg_sys::Oid) -> Option<u8> {
    // SAFETY: a syscache look-up by oid; 0 where there is none.
    let kind = unsafe { pg_sys::get_typtype(of) } as u8;
    (kind != 0).then_some(kind)
}

/// Whether a type was made by CREATE TYPE … AS, not by a table.
#[must_use]
pub fn is_composite(of: pg_sys::Oid) -> bool {
    // SAFETY: a syscache look-up by oid; InvalidOid where it has no relation.
    let relid = unsafe { pg_sys::get_typ_typrelid(of) };
    crate::pg::catalog::relation_kind(relid) == Some(b'c')
}

/// What a domain asks for.
#[derive(Default)]
pub struct Domain {
    /// NOT NULL.
    pub not_null: bool,
    /// It has a default of its own.
    pub has_default: bool,
    /// Names of its constraints.
    pub constraints: Vec<String>,
}

/// What a domain asks for.
#[must_use]
pub fn domain(of: pg_sys::Oid) -> Domain {
    spi::select_one(
        "SELECT typnotnull, typdefault IS NOT NULL,
                ARRAY(SELECT c.conname::pg_catalog.text FROM pg_catalog.pg_constraint c WHERE c.contypid OPERATOR(pg_catalog.=) t.oid)
           FROM pg_catalog.pg_type t WHERE t.oid OPERATOR(pg_catalog.=) $1",
        &[of.into()],
        |r| Domain { not_null: r.must(1), has_default: r.must(2), constraints: r.must(3) },
    )
    .unwrap_or_default()
}

/// The schema of a type.
#[must_use]
pub fn type_schema(of: pg_sys::Oid) -> String {
    Address::of(PG_TYPE, of).schema_of().unwrap_or_default()
}

/// Whether an enum has a value.
#[must_use]
pub fn enum_has(of: pg_sys::Oid, value: &str) -> bool {
    spi::select_one(
        "SELECT true FROM pg_catalog.pg_enum WHERE enumtypid OPERATOR(pg_catalog.=) $1 AND enumlabel OPERATOR(pg_catalog.=) $2::pg_catalog.name",
        &[of.into(), value.into()],
        |r| r.must::<bool>(1),
    )
    .is_some()
}

/// A constraint of a relation by its name.
#[must_use]
pub fn constraint(relid: pg_sys::Oid, name: &str) -> Option<pg_sys::Oid> {
    let oid = missing::relation_constraint(relid, &CString::new(name).ok()?)?;
    (!shadow::is_lost(Address::of(PG_CONSTRAINT, oid))).then_some(oid)
}
