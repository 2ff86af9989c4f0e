//! DDL on what is the product's own, or PostgreSQL's: it would take the guard's feet away whatever it is.
use super::{Hit, On, Sight, names, resolve};
use crate::pg::catalog::{self, text};
use crate::pg::list::items;
use crate::pg::object::Address;
use crate::pg::object::catalogs::{PG_EVENT_TRIGGER, PG_EXTENSION, PG_NAMESPACE};
use crate::pg::{EXTENSION, owner};
use crate::registry::restore;
use pgrx::pg_sys;
use pgrx::pg_sys::NodeTag::*;

/// Rules about how long something takes: nobody is kept from maintaining our tables.
const MAINTENANCE: [&str; 6] = [
    "prefer-repack",
    "require-concurrent-reindex",
    "require-concurrent-refresh",
    "require-concurrent-index-creation",
    "require-lock-timeout",
    "waiting-for-lock",
];

/// What a statement is about, where it is ours or PostgreSQL's own: then that is all there is to say of it.
///
/// # Safety
/// `node` must be a valid raw parse tree of a utility statement.
pub unsafe fn look(node: *mut pg_sys::Node, sight: &mut Sight) {
    if owner::is_acting() {
        return;
    }
    // SAFETY: the caller vouches for the node.
    for address in unsafe { targets(node) } {
        if let Some(hit) = hit(address) {
            sight.hits.retain(|h| MAINTENANCE.contains(&h.rule));
            // SAFETY: as above.
            if unsafe { switches_triggers(node) } && restore::takes_rows() {
                return;
            }
            sight.hits.push(hit);
            return;
        }
    }
}

/// Whether it is what a dump of the data alone says before and after the rows of a table.
///
/// # Safety
/// As [`look`].
unsafe fn switches_triggers(node: *mut pg_sys::Node) -> bool {
    use pg_sys::AlterTableType::{AT_DisableTrigAll, AT_EnableTrigAll};
    // SAFETY: the caller vouches for the node; its commands are AlterTableCmd.
    unsafe {
        (*node).type_ == T_AlterTableStmt
            && items::<pg_sys::AlterTableCmd>((*node.cast::<pg_sys::AlterTableStmt>()).cmds)
                .into_iter()
                .all(|c| matches!((*c).subtype, AT_DisableTrigAll | AT_EnableTrigAll))
    }
}

fn hit(address: Address) -> Option<Hit> {
    let relid = address.relation_of();
    let is_ours = match relid {
        Some(relid) => catalog::relation_name(relid).is_some_and(|name| name.schema == catalog::SCHEMA),
        None if address.class == PG_NAMESPACE => address.id == catalog::namespace(),
        None => address.extension().as_deref() == Some(EXTENSION),
    };
    let is_catalog = relid.is_some_and(|relid| {
        relid.to_u32() < pg_sys::FirstNormalObjectId
            && catalog::relation_name(relid).is_some_and(|name| name.schema == "pg_catalog")
    });
    if !(is_ours || is_catalog) || !names::may_alter_object(address) {
        return None;
    }
    let what = format!("altering {} by hand", address.describe()?);
    let guards = is_ours || relid.is_some_and(|r| r == PG_EVENT_TRIGGER || r == PG_EXTENSION);
    let (rule, on) =
        if guards { ("disabling-guard", On::Database) } else { ("ban-catalog-dml", On::Anything) };
    Some(Hit { rule, what, on, object: None })
}

/// The objects that a statement alters, drops or empties, as far as they are named in it.
///
/// # Safety
/// As [`look`].
unsafe fn targets(node: *mut pg_sys::Node) -> Vec<Address> {
    // SAFETY: every cast follows the node's tag; names of relations in DROP are lists of String nodes.
    unsafe {
        let relation = |range| names::relation(range).map(Address::relation).into_iter().collect();
        match (*node).type_ {
            T_AlterTableStmt => relation((*node.cast::<pg_sys::AlterTableStmt>()).relation),
            T_AlterSeqStmt => relation((*node.cast::<pg_sys::AlterSeqStmt>()).sequence),
            T_CreatePolicyStmt => relation((*node.cast::<pg_sys::CreatePolicyStmt>()).table),
            T_AlterPolicyStmt => relation((*node.cast::<pg_sys::AlterPolicyStmt>()).table),
            T_CreateTrigStmt => relation((*node.cast::<pg_sys::CreateTrigStmt>()).relation),
            T_RuleStmt => relation((*node.cast::<pg_sys::RuleStmt>()).relation),
            T_ViewStmt => {
                let s = &*node.cast::<pg_sys::ViewStmt>();
                if s.replace { relation(s.view) } else { Vec::new() }
            }
            T_IndexStmt => {
                // What makes a value unique refuses rows that are written.
                let s = &*node.cast::<pg_sys::IndexStmt>();
                if s.unique { relation(s.relation) } else { Vec::new() }
            }
            T_TruncateStmt => items::<pg_sys::RangeVar>((*node.cast::<pg_sys::TruncateStmt>()).relations)
                .into_iter()
                .filter_map(|range| names::relation(range))
                .map(Address::relation)
                .collect(),
            T_RenameStmt => {
                let s = &*node.cast::<pg_sys::RenameStmt>();
                match s.renameType {
                    pg_sys::ObjectType::OBJECT_SCHEMA => schema(s.subname),
                    _ if !s.relation.is_null() => relation(s.relation),
                    kind => of_kind(kind, s.object),
                }
            }
            T_AlterObjectSchemaStmt => {
                let s = &*node.cast::<pg_sys::AlterObjectSchemaStmt>();
                if s.relation.is_null() { of_kind(s.objectType, s.object) } else { relation(s.relation) }
            }
            T_AlterOwnerStmt => {
                let s = &*node.cast::<pg_sys::AlterOwnerStmt>();
                if s.relation.is_null() { of_kind(s.objectType, s.object) } else { relation(s.relation) }
            }
            T_AlterFunctionStmt => {
                let s = &*node.cast::<pg_sys::AlterFunctionStmt>();
                of_kind(s.objtype, s.func.cast())
            }
            T_GrantStmt => granted(&*node.cast()),
            // What belongs to the extension itself PostgreSQL does not drop.
            T_DropStmt if is_part((*node.cast::<pg_sys::DropStmt>()).removeType) => {
                let s = &*node.cast::<pg_sys::DropStmt>();
                if s.removeType == pg_sys::ObjectType::OBJECT_INDEX {
                    // What is no index is PostgreSQL's own error.
                    return items::<pg_sys::List>(s.objects)
                        .into_iter()
                        .filter_map(|names| names::relation(pg_sys::makeRangeVarFromNameList(names)))
                        .map(Address::relation)
                        .collect();
                }
                items::<pg_sys::Node>(s.objects)
                    .into_iter()
                    .filter_map(|object| resolve::object(s.removeType, object))
                    .collect()
            }
            _ => Vec::new(),
        }
    }
}

/// An object that has no relation, of the kinds that an extension of ours has.
///
/// # Safety
/// `object` must be null or what the grammar puts there for this kind.
unsafe fn of_kind(kind: pg_sys::ObjectType::Type, object: *mut pg_sys::Node) -> Vec<Address> {
    use pg_sys::ObjectType::*;
    let ours =
        [OBJECT_FUNCTION, OBJECT_PROCEDURE, OBJECT_ROUTINE, OBJECT_AGGREGATE, OBJECT_TYPE, OBJECT_DOMAIN];
    // SAFETY: the caller vouches for the node.
    let found = if ours.contains(&kind) { unsafe { resolve::object(kind, object) } } else { None };
    let schema = if kind == OBJECT_SCHEMA && !object.is_null() {
        // SAFETY: a schema is named by a String node.
        unsafe { schema((*object.cast::<pg_sys::String>()).sval) }
    } else {
        Vec::new()
    };
    found.into_iter().chain(schema).collect()
}

/// Whether objects of a kind are parts of a table.
fn is_part(kind: pg_sys::ObjectType::Type) -> bool {
    use pg_sys::ObjectType::{OBJECT_INDEX, OBJECT_POLICY, OBJECT_RULE, OBJECT_TRIGGER};
    matches!(kind, OBJECT_INDEX | OBJECT_POLICY | OBJECT_RULE | OBJECT_TRIGGER)
}

/// Tables of ours that a GRANT or REVOKE names. Reading the views is for everybody as it is, and catalogs have grants.
/// GRANT SELECT is what a dump says of the duty `backup`: a restore of the schema alone must not stop at it.
///
/// # Safety
/// A valid parse tree.
unsafe fn granted(s: &pg_sys::GrantStmt) -> Vec<Address> {
    if s.objtype != pg_sys::ObjectType::OBJECT_TABLE
        || s.targtype != pg_sys::GrantTargetType::ACL_TARGET_OBJECT
    {
        return Vec::new();
    }
    // SAFETY: the caller vouches for the tree.
    if s.is_grant && unsafe { super::grant::only_selects(s) } {
        return Vec::new();
    }
    // SAFETY: the caller vouches for the tree; objects of tables are RangeVar.
    let relations = unsafe { items::<pg_sys::RangeVar>(s.objects) };
    relations
        .into_iter()
        // SAFETY: as above.
        .filter_map(|range| unsafe { names::relation(range) })
        .filter(|relid| relid.to_u32() >= pg_sys::FirstNormalObjectId)
        .map(Address::relation)
        .collect()
}

/// # Safety
/// `name` must be null or a C string.
unsafe fn schema(name: *const std::ffi::c_char) -> Vec<Address> {
    // SAFETY: the caller vouches for the string.
    let name = unsafe { text(name) };
    name.and_then(|name| catalog::schema_oid(&name))
        .map(|oid| Address::of(PG_NAMESPACE, oid))
        .into_iter()
        .collect()
}
