//! What guards rows and who owns them: owners, policies, triggers, labels.
use super::shadow::{self, Fact};
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
        let named = items::<pg_sys::RoleSpec>(s.roles);
        let mut roles: Vec<pg_sys::Oid> = named.iter().filter_map(|r| resolve::role(*r)).collect();
        if named.iter().any(|r| (**r).roletype == pg_sys::RoleSpecType::ROLESPEC_PUBLIC) {
            roles = vec![pg_sys::InvalidOid];
        }
        roles.sort_unstable_by_key(|r| r.to_u32());
        let name = text(s.policy_name).unwrap_or_default();
        if !s.roles.is_null() && relation::policy_roles(relid, &name) != roles {
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
    let is_on =
        |name: &String| shadow::holds(&Fact::Trigger(t.relid, name.clone()), || enabled.contains(name));
    let named: Vec<String> = named.into_iter().filter(is_on).collect();
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
    let has = if what == "the comment" {
        shadow::holds(&Fact::Comment(address), || relation::has_comment(address))
    } else {
        shadow::holds(&Fact::Label(address), || relation::has_label(address))
    };
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
