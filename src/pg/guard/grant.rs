//! GRANT and REVOKE of privileges.
use super::{Hit, On, Sight, names, resolve};
use crate::pg::catalog::text;
use crate::pg::list::items;
use crate::pg::object::Address;
use crate::pg::relation;
use crate::pg::roles;
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
                for schema in schemas().into_iter().filter(|schema| names::may_alter_schema(schema)) {
                    let (rule, words) = words(s.is_grant);
                    let what = format!(
                        "{} schema {} {} {}",
                        words.0,
                        quote_identifier(&schema),
                        words.1,
                        grantees.names.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
                    );
                    sight.hit(rule, what, On::Schema(schema));
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
                    address.into_iter().for_each(|address| revoked_on(address, &grantees, sight));
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
                    members.into_iter().for_each(|address| revoked_on(address, &grantees, sight));
                }
            }
            _ => {}
        }
    }
}

/// REVOKE on what is no table: clients that call it, take numbers from it, name it or connect fail.
fn revoked_on(address: Address, grantees: &Grantees, sight: &mut Sight) {
    if !names::may_alter_object(address) {
        return;
    }
    for (role, oid) in &grantees.names {
        if !relation::is_granted_on(address, *oid) {
            continue;
        }
        let Some(name) = address.describe() else { continue };
        let what = format!("revoking privileges on {name} from {role}");
        let on = match address.relation_of() {
            Some(relid) => On::Relation(relid),
            None => address.schema_of().map_or(On::Database, On::Schema),
        };
        sight.hits.push(Hit { rule: "ban-revoke", what, on, object: Some(address) });
    }
}

fn words(is_grant: bool) -> (&'static str, (&'static str, &'static str)) {
    if is_grant {
        ("granting-access", ("granting privileges on", "to"))
    } else {
        ("ban-revoke", ("revoking privileges on", "from"))
    }
}

/// Every privilege on a table.
const ALL: [&str; 7] = ["select", "insert", "update", "delete", "truncate", "references", "trigger"];

/// The privileges a statement names; None where it names columns.
///
/// # Safety
/// A valid parse tree.
unsafe fn privileges(s: &pg_sys::GrantStmt) -> Option<Vec<String>> {
    if s.privileges.is_null() {
        return Some(ALL.map(String::from).to_vec());
    }
    // SAFETY: the caller vouches for the tree; privileges are AccessPriv nodes.
    unsafe {
        items::<pg_sys::AccessPriv>(s.privileges)
            .into_iter()
            .map(|p| if (*p).cols.is_null() { text((*p).priv_name) } else { None })
            .collect()
    }
}

/// Whether a statement is about reading only.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn only_selects(s: &pg_sys::GrantStmt) -> bool {
    // SAFETY: the caller vouches for the tree; privileges are AccessPriv nodes.
    unsafe {
        !s.privileges.is_null()
            && items::<pg_sys::AccessPriv>(s.privileges)
                .into_iter()
                .all(|p| text((*p).priv_name).is_some_and(|name| name.eq_ignore_ascii_case("select")))
    }
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
    let is_grant = s.is_grant;
    let (rule, words) = words(is_grant);
    // SAFETY: the caller vouches for the tree.
    let privileges = unsafe { privileges(s) };
    // SAFETY: as above.
    let reads_only = !s.grant_option && unsafe { only_selects(s) };
    // Migrations repeat what was granted before.
    let has_it_already = |relid: pg_sys::Oid, role: pg_sys::Oid| {
        is_grant
            && privileges.as_ref().is_some_and(|p| relation::holds_already(relid, role, p, s.grant_option))
    };
    // The upper half of a mode are the options to grant.
    let may_grant = |relid: pg_sys::Oid| names::may_alter(relid) || names::holds(relid, 0xFFFF_0000);
    for relid in relations.iter().filter(|relid| may_grant(**relid)) {
        for (role, oid) in &grantees.names {
            let loses = || match &privileges {
                Some(named) => relation::holds_any(*relid, *oid, named),
                None => relation::is_granted(*relid, *oid),
            };
            if !is_grant && !loses() {
                continue; // it holds none of them
            }
            if has_it_already(*relid, *oid) {
                continue;
            }
            let what = format!("{} {} {} {role}", words.0, names::of(*relid), words.1);
            let on = On::Grant(*relid, if role == "PUBLIC" { None } else { Some(role.clone()) }, reads_only);
            sight.hit(rule, what, on);
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
