//! Names that clients know: RENAME and SET SCHEMA of what is no relation or column. Those are read as
//! [`Ddl`](crate::pg::ddl::Ddl), which identity and changes follow too.
use super::{On, Sight, names, resolve};
use crate::pg::catalog::text;
use crate::pg::object::Address;
use pgrx::pg_sys;
use pgrx::pg_sys::ObjectType::*;
use pgrx::spi::quote_identifier;

/// Kinds whose name clients use. Those of indexes, triggers, policies and the like are the owner's business.
pub const NAMED_BY_CLIENTS: [pg_sys::ObjectType::Type; 12] = [
    OBJECT_AGGREGATE,
    OBJECT_COLLATION,
    OBJECT_DATABASE,
    OBJECT_DOMAIN,
    OBJECT_FOREIGN_SERVER,
    OBJECT_FUNCTION,
    OBJECT_PROCEDURE,
    OBJECT_PUBLICATION,
    OBJECT_ROLE,
    OBJECT_ROUTINE,
    OBJECT_SUBSCRIPTION,
    OBJECT_TYPE,
];

/// ALTER … RENAME.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn rename(s: &pg_sys::RenameStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree.
    unsafe {
        if matches!(
            s.renameType,
            OBJECT_TABLE
                | OBJECT_VIEW
                | OBJECT_MATVIEW
                | OBJECT_FOREIGN_TABLE
                | OBJECT_COLUMN
                | OBJECT_ATTRIBUTE
        ) {
            let relid = names::relation(s.relation).filter(|r| names::may_alter(*r));
            sight.locks.extend(relid.map(|r| (r, pg_sys::AccessExclusiveLock as _)));
        }
        // ALTER TABLE … RENAME takes sequences as well.
        if matches!(
            s.renameType,
            OBJECT_SEQUENCE
                | OBJECT_TABLE
                | OBJECT_VIEW
                | OBJECT_INDEX
                | OBJECT_MATVIEW
                | OBJECT_FOREIGN_TABLE
        ) {
            if let Some(relid) = names::relation(s.relation)
                && crate::pg::catalog::relation_kind(relid) == Some(b'S')
                && names::may_alter(relid)
            {
                let to = quote_identifier(text(s.newname).unwrap_or_default());
                let table = Address::relation(relid).relation_of();
                let what = format!("renaming sequence {} to {to}", names::of(relid));
                sight.hit("renaming-object", what, On::Relation(table.unwrap_or(relid)));
            }
            return;
        }
        if s.renameType == OBJECT_EVENT_TRIGGER {
            super::server::event_trigger_changes(text(s.subname).unwrap_or_default(), "renaming", sight);
            return;
        }
        if !NAMED_BY_CLIENTS.contains(&s.renameType) {
            return;
        }
        let address = if s.object.is_null() {
            resolve::by_name(s.renameType, s.subname)
                .filter(|a| names::may_alter_object(*a) && !crate::pg::xact::is_object_created_here(*a))
        } else {
            resolve::own_and_known(s.renameType, s.object)
        };
        if let Some(address) = address
            && let Some(old) = address.describe()
        {
            let to = quote_identifier(text(s.newname).unwrap_or_default());
            sight.hit("renaming-object", format!("renaming {old} to {to}"), of(address));
        }
    }
}

/// ALTER … SET SCHEMA.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn set_schema(s: &pg_sys::AlterObjectSchemaStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree.
    unsafe {
        if !s.relation.is_null() {
            let Some(relid) = names::relation(s.relation).filter(|r| names::may_alter(*r)) else { return };
            sight.lock(relid, pg_sys::AccessExclusiveLock);
            if crate::pg::catalog::relation_kind(relid) != Some(b'S') {
                return; // read as Ddl::SetSchema
            }
            let new = text(s.newschema).unwrap_or_default();
            if crate::pg::catalog::relation_name(relid).is_some_and(|name| name.schema == new) {
                return; // where it is already
            }
            let to = quote_identifier(new);
            let what = format!("moving sequence {} to schema {to}", names::of(relid));
            sight.hit("ban-set-schema", what, On::Relation(relid));
        } else if let Some(address) = resolve::own_and_known(s.objectType, s.object)
            && let Some(old) = address.describe()
        {
            let new = text(s.newschema).unwrap_or_default();
            if address.schema_of().as_deref() == Some(&new) {
                return;
            }
            let to = quote_identifier(new);
            sight.hit("ban-set-schema", format!("moving {old} to schema {to}"), of(address));
        }
    }
}

fn of(address: Address) -> On {
    address.schema_of().map_or(On::Database, On::Schema)
}
