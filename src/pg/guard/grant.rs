//! GRANT and REVOKE of privileges.
use super::{Hit, On, Sight, names, resolve, shadow};
use crate::pg::catalog::{self, text};
use crate::pg::list::items;
use crate::pg::object::Address;
use crate::pg::object::catalogs::PG_NAMESPACE;
use crate::pg::privileges::{self, Named};
use crate::pg::{relation, roles, xact};
use pgrx::pg_sys;
use pgrx::pg_sys::ObjectType::*;
use pgrx::spi::quote_identifier;

/// Who gets or loses a privilege: roles, and whether everybody does.
struct Grantees {
    /// Quoted; PUBLIC has no oid.
    names: Vec<(String, pg_sys::Oid)>,
}

/// GRANT and REVOKE of privileges on objects.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn grant(s: &pg_sys::GrantStmt, sight: &mut Sight) {
    use pg_sys::GrantTargetType::*;
    // SAFETY: the caller vouches for the tree; objects of tables are RangeVar, of schemas String nodes.
    unsafe {
        let grantees = Grantees {
            names: items::<pg_sys::RoleSpec>(s.grantees)
                .into_iter()
                .filter_map(|spec| match (*spec).roletype {
                    pg_sys::RoleSpecType::ROLESPEC_PUBLIC => Some(("PUBLIC".to_string(), pg_sys::InvalidOid)),
                    _ => resolve::role(spec).map(|role| (quote_identifier(roles::name(role)), role)),
                })
                .collect(),
        };
        let schemas = || -> Vec<String> {
            items::<pg_sys::String>(s.objects).into_iter().filter_map(|n| text((*n).sval)).collect()
        };
        match (s.targtype, s.objtype) {
            (ACL_TARGET_OBJECT, OBJECT_TABLE) => {
                let relations =
                    items::<pg_sys::RangeVar>(s.objects).into_iter().filter_map(|r| names::relation(r));
                let relations: Vec<pg_sys::Oid> = relations.collect();
                on_relations(s, &relations, &grantees, sight);
            }
            (ACL_TARGET_ALL_IN_SCHEMA, OBJECT_TABLE) => {
                let relations: Vec<pg_sys::Oid> =
                    schemas().iter().flat_map(|schema| relation::of_schema(schema)).collect();
                on_relations(s, &relations, &grantees, sight);
            }
            // USAGE of a schema shows no rows; without it nothing in the schema can be used.
            (ACL_TARGET_OBJECT, OBJECT_SCHEMA) if !s.is_grant => {
                for schema in schemas() {
                    let address = catalog::schema_oid(&schema).map(|oid| Address::of(PG_NAMESPACE, oid));
                    address.into_iter().for_each(|address| revoked_on(s, address, &grantees, sight));
                }
            }
            // Clients call functions, take numbers, name types and connect.
            (
                ACL_TARGET_OBJECT,
                kind @ (OBJECT_FUNCTION | OBJECT_PROCEDURE | OBJECT_ROUTINE | OBJECT_SEQUENCE | OBJECT_TYPE
                | OBJECT_DOMAIN | OBJECT_DATABASE),
            ) if !s.is_grant => {
                for object in items::<pg_sys::Node>(s.objects) {
                    let address = match kind {
                        OBJECT_SEQUENCE => names::relation(object.cast()).map(Address::relation),
                        OBJECT_DATABASE => resolve::by_name(kind, (*object.cast::<pg_sys::String>()).sval),
                        _ => resolve::object(kind, object),
                    };
                    address.into_iter().for_each(|address| revoked_on(s, address, &grantees, sight));
                }
            }
            (
                ACL_TARGET_ALL_IN_SCHEMA,
                kind @ (OBJECT_FUNCTION | OBJECT_PROCEDURE | OBJECT_ROUTINE | OBJECT_SEQUENCE),
            ) if !s.is_grant => {
                for schema in schemas() {
                    let members = match kind {
                        OBJECT_SEQUENCE => relation::sequences_of_schema(&schema),
                        _ => relation::routines_of_schema(&schema),
                    };
                    members.into_iter().for_each(|address| revoked_on(s, address, &grantees, sight));
                }
            }
            _ => {}
        }
    }
}

/// REVOKE on what is no table: clients that call it, take numbers from it, name it or connect fail.
///
/// # Safety
/// A valid parse tree.
unsafe fn revoked_on(s: &pg_sys::GrantStmt, address: Address, grantees: &Grantees, sight: &mut Sight) {
    if !names::may_alter_object(address) || xact::is_object_created_here(address) {
        return;
    }
    // SAFETY: the caller vouches for the tree.
    let named = unsafe { named(s) };
    for (role, oid) in &grantees.names {
        if !takes(s, named.as_deref(), address, *oid) {
            continue;
        }
        let Some(name) = address.describe() else { continue };
        let what = format!("revoking privileges on {name} from {role}");
        let on = match address.relation_of() {
            Some(relid) => On::Relation(relid),
            None => address.schema_of().map_or(On::Database, On::Schema),
        };
        // A schema that stays is not what goes.
        let object = Some(address).filter(|a| a.class != PG_NAMESPACE);
        sight.hits.push(Hit { rule: "ban-revoke", what, on, object });
    }
}

/// Whether a REVOKE takes anything of what a role holds. `named` is None for all privileges.
fn takes(s: &pg_sys::GrantStmt, named: Option<&[Named]>, of: Address, role: pg_sys::Oid) -> bool {
    let held = privileges::held(of, role);
    // GRANT OPTION FOR leaves the privilege itself.
    let mut lost = held.iter().filter(|h| h.grantable || !s.grant_option);
    let takes = lost.any(|h| named.is_none_or(|named| named.iter().any(|n| n.takes(h))));
    if !takes {
        shadow::note_nothing_taken();
    }
    takes
}

/// The privileges a statement names; None for all of an object.
///
/// # Safety
/// A valid parse tree.
unsafe fn named(s: &pg_sys::GrantStmt) -> Option<Vec<Named>> {
    /// ALL of columns.
    const OF_COLUMNS: [&str; 4] = ["SELECT", "INSERT", "UPDATE", "REFERENCES"];
    if s.privileges.is_null() {
        return None;
    }
    // SAFETY: the caller vouches for the tree; privileges are AccessPriv nodes, their columns String nodes.
    unsafe {
        let mut all = Vec::new();
        for privilege in items::<pg_sys::AccessPriv>(s.privileges) {
            let columns: Vec<String> = items::<pg_sys::String>((*privilege).cols)
                .into_iter()
                .filter_map(|c| text((*c).sval))
                .collect();
            let words = match text((*privilege).priv_name) {
                Some(name) => vec![name.to_ascii_uppercase()],
                None => OF_COLUMNS.map(String::from).to_vec(),
            };
            all.extend(words.into_iter().map(|privilege| Named { privilege, columns: columns.clone() }));
        }
        Some(all)
    }
}

/// Every privilege on a table.
const ALL: [&str; 7] = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"];

/// Whether a statement is about reading only.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn only_selects(s: &pg_sys::GrantStmt) -> bool {
    // SAFETY: the caller vouches for the tree.
    unsafe { named(s) }.is_some_and(|named| named.iter().all(|n| n.privilege == "SELECT"))
}

/// The columns that a statement lets somebody read, none for all; None where it is about more than reading.
fn reads(s: &pg_sys::GrantStmt, named: Option<&[Named]>) -> Option<Vec<String>> {
    let named = named.filter(|n| !s.grant_option && n.iter().all(|n| n.privilege == "SELECT"))?;
    if named.iter().any(|n| n.columns.is_empty()) {
        return Some(Vec::new());
    }
    Some(named.iter().flat_map(|n| n.columns.clone()).collect())
}

/// One hit per relation and role: of a contract or owner it is judged one by one.
///
/// # Safety
/// A valid parse tree.
unsafe fn on_relations(
    s: &pg_sys::GrantStmt,
    relations: &[pg_sys::Oid],
    grantees: &Grantees,
    sight: &mut Sight,
) {
    let (rule, doing, to) = if s.is_grant {
        ("granting-access", "granting privileges on", "to")
    } else {
        ("ban-revoke", "revoking privileges on", "from")
    };
    // SAFETY: the caller vouches for the tree.
    let named = unsafe { named(s) };
    let reads = reads(s, named.as_deref());
    // Migrations repeat what was granted before.
    let has_it_already = |of: Address, role: pg_sys::Oid| {
        let held = privileges::held(of, role);
        let has = |n: &Named| n.is_held(&held, s.grant_option);
        match &named {
            Some(named) => named.iter().all(has),
            None => ALL.iter().all(|p| has(&Named { privilege: (*p).into(), columns: Vec::new() })),
        }
    };
    // The upper half of a mode are the options to grant.
    let may_grant = |relid: pg_sys::Oid| names::may_alter(relid) || names::holds(relid, 0xFFFF_0000);
    for relid in relations.iter().filter(|relid| may_grant(**relid)) {
        let of = Address::relation(*relid);
        for (role, oid) in &grantees.names {
            let changes =
                if s.is_grant { !has_it_already(of, *oid) } else { takes(s, named.as_deref(), of, *oid) };
            if !changes {
                continue;
            }
            let what = format!("{doing} {} {to} {role}", names::of(*relid));
            let grantee = if role == "PUBLIC" { None } else { Some(role.clone()) };
            sight.hit(rule, what, On::Grant(*relid, grantee, reads.clone()));
        }
    }
}

/// ALTER DEFAULT PRIVILEGES … GRANT. Nobody has yet what REVOKE keeps from them.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn default_privileges(s: &pg_sys::AlterDefaultPrivilegesStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree.
    if unsafe { !(*s.action).is_grant } {
        return;
    }
    sight.hit(
        "ban-alter-default-privileges",
        "changing who gets privileges on what is made from now on".into(),
        On::Database,
    );
}
