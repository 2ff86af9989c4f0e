//! Who may do what: grants, roles, owners, policies, triggers, labels.
use super::table::Target;
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
                on_relations(s.is_grant, &relations, &grantees, sight);
            }
            (ACL_TARGET_ALL_IN_SCHEMA, OBJECT_TABLE) => {
                let relations: Vec<pg_sys::Oid> =
                    schemas().iter().flat_map(|schema| relation::of_schema(schema)).collect();
                on_relations(s.is_grant, &relations, &grantees, sight);
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

/// One hit per relation and role: of a contract or owner it is judged one by one.
fn on_relations(is_grant: bool, relations: &[pg_sys::Oid], grantees: &Grantees, sight: &mut Sight) {
    let (rule, words) = words(is_grant);
    // The upper half of a mode are the options to grant.
    let may_grant = |relid: pg_sys::Oid| names::may_alter(relid) || names::holds(relid, 0xFFFF_0000);
    for relid in relations.iter().filter(|relid| may_grant(**relid)) {
        for (role, oid) in &grantees.names {
            if !is_grant && !relation::is_granted(*relid, *oid) {
                continue; // it holds nothing
            }
            let what = format!("{} {} {} {role}", words.0, names::of(*relid), words.1);
            let on = On::Grant(*relid, if role == "PUBLIC" { None } else { Some(role.clone()) });
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

/// GRANT of roles.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn grant_role(s: &pg_sys::GrantRoleStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree; granted roles are AccessPriv nodes.
    unsafe {
        let me = roles::current();
        let granted: Vec<pg_sys::Oid> = items::<pg_sys::AccessPriv>(s.granted_roles)
            .into_iter()
            .filter_map(|p| text((*p).priv_name).and_then(|name| roles::oid(&name)))
            .collect();
        if granted.is_empty()
            || !granted.iter().all(|role| may_make_roles() || pg_sys::is_admin_of_role(me, *role))
        {
            return;
        }
        if !s.is_grant {
            let lose = |member: &pg_sys::Oid| granted.iter().any(|role| roles::is_member_of(*member, *role));
            for member in resolve::roles(s.grantee_roles).iter().filter(|m| lose(m)) {
                let what = format!(
                    "taking {} out of {}",
                    quote_identifier(roles::name(*member)),
                    granted.iter().map(|r| quote_identifier(roles::name(*r))).collect::<Vec<_>>().join(", ")
                );
                sight.hit("ban-revoke", what, On::Database);
            }
            return;
        }
        let granted: Vec<String> =
            granted.into_iter().map(|role| quote_identifier(roles::name(role))).collect();
        let to: Vec<String> =
            resolve::roles(s.grantee_roles).into_iter().map(|r| quote_identifier(roles::name(r))).collect();
        let what = format!("making {} a member of {}", to.join(", "), granted.join(", "));
        sight.hit("granting-role", what, On::Database);
    }
}

/// Attributes of a role that let it pass what others are held by, as the grammar names them.
const POWERS: [(&str, &str); 4] = [
    ("superuser", "SUPERUSER"),
    ("bypassrls", "BYPASSRLS"),
    ("isreplication", "REPLICATION"),
    ("createrole", "CREATEROLE"),
];

/// # Safety
/// `options` must be NIL or a list of DefElem.
unsafe fn boolean_powers(options: *const pg_sys::List) -> Vec<&'static str> {
    // SAFETY: the caller vouches for the list; these options are booleans.
    unsafe {
        items::<pg_sys::DefElem>(options)
            .into_iter()
            .filter_map(|o| {
                let name = text((*o).defname)?;
                let power = POWERS.iter().find(|(option, _)| *option == name)?.1;
                (resolve::is_on(o) == Some(true)).then_some(power)
            })
            .collect()
    }
}

/// Whether the current role may make and alter roles.
pub fn may_make_roles() -> bool {
    // SAFETY: a syscache look-up by oid; true for superusers.
    names::is_rehearsal() || unsafe { pg_sys::has_createrole_privilege(roles::current()) }
}

/// Roles that an option makes members of others.
///
/// # Safety
/// `options` must be NIL or a list of DefElem, that of this name with a list of RoleSpec.
unsafe fn members(of: &[String], options: *const pg_sys::List, name: &str, sight: &mut Sight) {
    // SAFETY: the caller vouches for the list.
    unsafe {
        for option in items::<pg_sys::DefElem>(options) {
            if text((*option).defname).as_deref() == Some(name) {
                let new: Vec<String> = resolve::roles((*option).arg.cast())
                    .into_iter()
                    .map(|r| quote_identifier(roles::name(r)))
                    .collect();
                let what = format!("making {} a member of {}", new.join(", "), of.join(", "));
                sight.hit("granting-role", what, On::Database);
            }
        }
    }
}

/// ALTER ROLE.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn alter_role(s: &pg_sys::AlterRoleStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree.
    unsafe {
        let Some(role) = resolve::role(s.role).filter(|_| may_make_roles()) else { return };
        let role = quote_identifier(roles::name(role));
        // ALTER GROUP … ADD USER
        if s.action > 0 {
            members(std::slice::from_ref(&role), s.options, "rolemembers", sight);
        }
        let gets = boolean_powers(s.options);
        if !gets.is_empty() {
            sight.hit(
                "ban-alter-role-options",
                format!("giving role {role} {}", gets.join(", ")),
                On::Database,
            );
        }
    }
}

/// CREATE ROLE with such an attribute.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn create_role(s: &pg_sys::CreateRoleStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree.
    unsafe {
        if !may_make_roles() {
            return;
        }
        let role = quote_identifier(text(s.role).unwrap_or_default());
        for option in items::<pg_sys::DefElem>(s.options) {
            if text((*option).defname).as_deref() == Some("addroleto") {
                let of: Vec<String> = resolve::roles((*option).arg.cast())
                    .into_iter()
                    .map(|r| quote_identifier(roles::name(r)))
                    .collect();
                let what = format!("making {role} a member of {}", of.join(", "));
                sight.hit("granting-role", what, On::Database);
            }
        }
        let gets = boolean_powers(s.options);
        if !gets.is_empty() {
            sight.hit(
                "ban-alter-role-options",
                format!("making role {role} with {}", gets.join(", ")),
                On::Database,
            );
        }
    }
}

/// REASSIGN OWNED.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn reassign_owned(s: &pg_sys::ReassignOwnedStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree.
    unsafe {
        let Some(to) = resolve::role(s.newrole).filter(|to| names::may_act_for(*to)).map(roles::name) else {
            return;
        };
        for role in resolve::roles(s.roles).into_iter().filter(|role| names::may_act_for(*role)) {
            for address in crate::pg::depends::owned_by(role) {
                if let Some(relid) = address.relation_of().filter(|_| address.is_relation()) {
                    let what = format!("making {} the owner of {}", quote_identifier(&to), names::of(relid));
                    sight.hit("changing-owner", what, On::Relation(relid));
                }
            }
        }
    }
}

/// OWNER TO of a relation or of anything else.
///
/// # Safety
/// `owner` must be null or a valid RoleSpec.
pub unsafe fn change_owner(
    of: Address,
    on: On,
    name: &str,
    owner: *const pg_sys::RoleSpec,
    sight: &mut Sight,
) {
    // SAFETY: the caller vouches for the node.
    let Some(owner) = (unsafe { resolve::role(owner) }) else { return };
    if of.owner() == Some(owner) {
        return;
    }
    let what = format!("making {} the owner of {name}", quote_identifier(roles::name(owner)));
    sight.hit("changing-owner", what, on);
}

/// OWNER TO of anything else.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn alter_owner(s: &pg_sys::AlterOwnerStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree.
    unsafe {
        if s.objectType == OBJECT_EVENT_TRIGGER {
            let name = text((*s.object.cast::<pg_sys::String>()).sval).unwrap_or_default();
            super::server::event_trigger_changes(name, "changing the owner of", sight);
            return;
        }
        // A large object's name is a number, which needs no look-up.
        if s.objectType == OBJECT_LARGEOBJECT {
            return;
        }
        let Some(address) = resolve::own_and_known(s.objectType, s.object) else { return };
        let Some(name) = address.describe() else { return };
        let on = address.schema_of().map_or(On::Database, On::Schema);
        change_owner(address, on, &name, s.newowner, sight);
    }
}

/// ALTER POLICY.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn alter_policy(s: &pg_sys::AlterPolicyStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree.
    unsafe {
        let Some(relid) = names::relation(s.table).filter(|r| names::may_alter(*r)) else { return };
        if !relation::has_policy(relid, &text(s.policy_name).unwrap_or_default()) {
            return;
        }
        sight.lock(relid, pg_sys::AccessExclusiveLock);
        let policy = quote_identifier(text(s.policy_name).unwrap_or_default());
        let of = format!("of policy {policy} on {}", names::of(relid));
        if !s.roles.is_null() {
            sight.hit("ban-alter-policy-roles", format!("changing the roles {of}"), On::Relation(relid));
        }
        if !s.qual.is_null() || !s.with_check.is_null() {
            sight.hit(
                "ban-alter-policy-condition",
                format!("changing the condition {of}"),
                On::Relation(relid),
            );
        }
    }
}

/// ALTER TABLE … DISABLE TRIGGER and ENABLE REPLICA TRIGGER.
pub fn disable_trigger(
    t: &Target,
    trigger: Option<&String>,
    how: pg_sys::AlterTableType::Type,
    sight: &mut Sight,
) {
    let ours = |name: &str| name.starts_with("data_governance_");
    let named = match trigger {
        Some(name) => vec![name.clone()],
        None => relation::triggers(t.relid, how == pg_sys::AlterTableType::AT_DisableTrigAll),
    };
    let enabled = relation::triggers(t.relid, true);
    let named: Vec<String> = named.into_iter().filter(|name| enabled.contains(name)).collect();
    for name in named {
        let rule = if ours(&name) { "disabling-guard" } else { "ban-disable-trigger" };
        let what = format!("disabling trigger {} on {}", quote_identifier(&name), t.name);
        sight.hit(rule, what, On::Relation(t.relid));
    }
}

/// COMMENT … IS NULL.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn comment(s: &pg_sys::CommentStmt, sight: &mut Sight) {
    if s.comment.is_null() {
        // SAFETY: the caller vouches for the tree.
        unsafe { removed(s.objtype, s.object, "the comment", sight) };
    }
}

/// SECURITY LABEL … IS NULL.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn security_label(s: &pg_sys::SecLabelStmt, sight: &mut Sight) {
    if s.label.is_null() {
        // SAFETY: the caller vouches for the tree.
        unsafe { removed(s.objtype, s.object, "the security label", sight) };
    }
}

/// # Safety
/// `object` must be what the grammar puts there for this kind.
unsafe fn removed(kind: pg_sys::ObjectType::Type, object: *mut pg_sys::Node, what: &str, sight: &mut Sight) {
    if matches!(kind, OBJECT_LARGEOBJECT | OBJECT_TABLESPACE | OBJECT_ROLE | OBJECT_DATABASE) {
        return;
    }
    // SAFETY: the caller vouches for the node.
    let Some(address) = (unsafe { resolve::own_and_known(kind, object) }) else { return };
    let has =
        if what == "the comment" { relation::has_comment(address) } else { relation::has_label(address) };
    if let Some(name) = address.describe().filter(|_| has) {
        let on = match address.relation_of() {
            Some(relid) => On::Relation(relid),
            None => address.schema_of().map_or(On::Database, On::Schema),
        };
        let hit =
            Hit { rule: "removing-label", what: format!("removing {what} of {name}"), on, object: None };
        sight.hits.push(hit);
    }
}
