//! Roles: who is a member of what, and what they may.
use super::{On, Sight, names, resolve, shadow};
use crate::pg::catalog::text;
use crate::pg::list::items;
use crate::pg::roles;
use pgrx::pg_sys;
use pgrx::spi::quote_identifier;

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
            lose(resolve::roles(s.grantee_roles), &granted, sight);
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

/// Those of the roles that are members of one of these, and would be no longer.
fn lose(members: Vec<pg_sys::Oid>, of: &[pg_sys::Oid], sight: &mut Sight) {
    for member in members {
        let lost: Vec<String> = of
            .iter()
            .filter(|role| roles::was_granted(**role, member))
            .map(|role| quote_identifier(roles::name(*role)))
            .collect();
        if lost.is_empty() {
            shadow::note_nothing_taken();
        } else {
            let what = format!("taking {} out of {}", quote_identifier(roles::name(member)), lost.join(", "));
            sight.hit("ban-revoke", what, On::Database);
        }
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
        let Some(oid) = resolve::role(s.role).filter(|_| may_make_roles()) else { return };
        let role = quote_identifier(roles::name(oid));
        // ALTER GROUP … ADD USER, DROP USER
        if s.action > 0 {
            members(std::slice::from_ref(&role), s.options, "rolemembers", sight);
        } else {
            let named = items::<pg_sys::DefElem>(s.options)
                .into_iter()
                .filter(|o| text((**o).defname).as_deref() == Some("rolemembers"))
                .flat_map(|o| resolve::roles((*o).arg.cast()));
            lose(named.collect(), &[oid], sight);
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
