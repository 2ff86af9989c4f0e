//! Roles: who acts, and as whom.
use super::catalog::text;
use pgrx::pg_sys;
use std::ffi::CString;

/// The role whose rights count (`current_user`): inside a SECURITY DEFINER function its owner.
#[must_use]
pub fn current() -> pg_sys::Oid {
    // SAFETY: plain read of a backend global.
    unsafe { pg_sys::GetUserId() }
}

/// What SET ROLE chose, else the session user: not changed by SECURITY DEFINER.
#[must_use]
pub fn outer() -> pg_sys::Oid {
    // SAFETY: plain read of a backend global.
    unsafe { pg_sys::GetOuterUserId() }
}

/// The role that logged in.
#[must_use]
pub fn session() -> pg_sys::Oid {
    // SAFETY: plain read of a backend global.
    unsafe { pg_sys::GetSessionUserId() }
}

/// Name of a role, or its number when it was dropped.
#[must_use]
pub fn name(role: pg_sys::Oid) -> String {
    // SAFETY: noerr look-up; the result is palloc'd or NULL.
    unsafe { text(pg_sys::GetUserNameFromId(role, true)) }.unwrap_or_else(|| role.to_u32().to_string())
}

/// Oid of a role by name.
#[must_use]
pub fn oid(name: &str) -> Option<pg_sys::Oid> {
    let name = CString::new(name).ok()?;
    // SAFETY: missing_ok look-up.
    let oid = unsafe { pg_sys::get_role_oid(name.as_ptr(), true) };
    (oid != pg_sys::InvalidOid).then_some(oid)
}

/// Whether there is a role of this oid.
#[must_use]
pub fn exists(role: pg_sys::Oid) -> bool {
    // SAFETY: noerr look-up; the result is palloc'd or NULL.
    unsafe { !pg_sys::GetUserNameFromId(role, true).is_null() }
}

/// Whether a role is a superuser.
#[must_use]
pub fn is_superuser(role: pg_sys::Oid) -> bool {
    // SAFETY: syscache look-up by oid.
    unsafe { pg_sys::superuser_arg(role) }
}

/// Whether `member` has the rights of `role` (is it, inherits it, or is a superuser).
#[must_use]
pub fn has_rights_of(member: pg_sys::Oid, role: pg_sys::Oid) -> bool {
    // SAFETY: syscache look-ups by oid.
    unsafe { pg_sys::has_privs_of_role(member, role) }
}

/// Whether `member` is a member of `role`, superusers not counted: what masks follow.
#[must_use]
pub fn is_member_of(member: pg_sys::Oid, role: pg_sys::Oid) -> bool {
    // SAFETY: syscache look-ups by oid.
    unsafe { pg_sys::is_member_of_role_nosuper(member, role) }
}

/// Whether a role was granted to another by name, not only by way of a third.
#[must_use]
pub fn was_granted(role: pg_sys::Oid, member: pg_sys::Oid) -> bool {
    super::spi::select_one(
        "SELECT true FROM pg_catalog.pg_auth_members WHERE roleid OPERATOR(pg_catalog.=) $1 AND member OPERATOR(pg_catalog.=) $2",
        &[role.into(), member.into()],
        |r| r.must::<bool>(1),
    )
    .is_some()
}
