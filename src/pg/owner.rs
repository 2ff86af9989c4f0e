//! Acting as the extension's owner for a moment.
//!
//! Our tables belong to the extension's owner and nobody else may write them. Functions are SECURITY INVOKER on
//! purpose, so that `current_user` is the caller and rights can be judged by it; around the statements that touch our
//! own tables they switch the user here, and back when the guard is dropped, on errors too.
use super::catalog;
use super::settings_scope::{As, FIXED_PATH, Settings, Undone, path_is_fixed};
use pgrx::pg_sys;
use std::cell::Cell;
use std::ffi::{CStr, c_int};

/// What pg_dump sets, from 15.8 on.
const RESTRICTED: &CStr = c"restrict_nonsystem_relation_kind";

thread_local! {
    /// How many scopes are open in this session.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Whether the session acts as the extension's owner, with the fixed search path.
#[must_use]
pub fn is_acting() -> bool {
    DEPTH.get() > 0 && path_is_fixed()
}

/// Switches to the extension's owner until dropped.
pub struct OwnerScope {
    user: pg_sys::Oid,
    context: c_int,
    /// Holds the search path where it was not fixed already.
    settings: Option<Settings>,
}

impl OwnerScope {
    /// Switches the user, and the search path where it is not fixed already. Views of ours can be read by whoever forbids
    /// himself those of others, as pg_dump does. Hooks run under the caller's path, and with
    /// the rights of the owner nothing may be found by it: an operator of the caller's would run as superuser.
    #[must_use]
    pub fn enter() -> Self {
        let is_restricted = views_are_restricted();
        let settings = (is_restricted || !path_is_fixed()).then(|| {
            let settings = Settings::begin();
            settings.set(c"search_path", FIXED_PATH, As::User);
            if is_restricted {
                settings.set(RESTRICTED, c"", As::User);
            }
            settings
        });
        let mut user = pg_sys::InvalidOid;
        let mut context = 0;
        // SAFETY: reads and sets backend globals; Drop sets them back. SECURITY_LOCAL_USERID_CHANGE forbids SET ROLE
        // meanwhile.
        unsafe {
            pg_sys::GetUserIdAndSecContext(&mut user, &mut context);
            let scope = OwnerScope { user, context, settings };
            DEPTH.set(DEPTH.get() + 1);
            pg_sys::SetUserIdAndSecContext(
                schema_owner(),
                context | pg_sys::SECURITY_LOCAL_USERID_CHANGE as c_int,
            );
            scope
        }
    }
}

impl Drop for OwnerScope {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
        drop(self.settings.take());
        // SAFETY: restores what `enter` saved.
        unsafe { pg_sys::SetUserIdAndSecContext(self.user, self.context) };
    }
}

/// Whether the session forbids itself views that are none of the server's.
fn views_are_restricted() -> bool {
    // SAFETY: a look-up by a valid C string, NULL where the server has no such setting; read at once.
    unsafe {
        let value = pg_sys::GetConfigOption(RESTRICTED.as_ptr(), true, false);
        !value.is_null() && !CStr::from_ptr(value).is_empty()
    }
}

/// Owner of schema `governance`; the bootstrap superuser should the schema be gone meanwhile.
fn schema_owner() -> pg_sys::Oid {
    // SAFETY: SearchSysCache1 returns a pinned tuple or NULL; it is released before returning.
    unsafe {
        let tuple = pg_sys::SearchSysCache1(
            pg_sys::SysCacheIdentifier::NAMESPACEOID as c_int,
            pg_sys::Datum::from(catalog::namespace()),
        );
        if tuple.is_null() {
            return pg_sys::Oid::from(pg_sys::BOOTSTRAP_SUPERUSERID);
        }
        let owner = (*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_namespace>()).nspowner;
        pg_sys::ReleaseSysCache(tuple);
        owner
    }
}

/// Runs `f` as the extension's owner, with a fixed search path.
pub fn run<R>(f: impl FnOnce() -> R) -> R {
    let _scope = OwnerScope::enter();
    f()
}

/// The user and security context that are set back when dropped.
pub struct Back(pg_sys::Oid, c_int);

impl Back {
    fn remember() -> Self {
        let mut back = Back(pg_sys::InvalidOid, 0);
        // SAFETY: reads backend globals.
        unsafe { pg_sys::GetUserIdAndSecContext(&mut back.0, &mut back.1) };
        back
    }
}

impl Drop for Back {
    fn drop(&mut self) {
        // SAFETY: restores what was there before.
        unsafe { pg_sys::SetUserIdAndSecContext(self.0, self.1) };
    }
}

/// Runs `f` with the rights of a role, where the session's own may be greater. Code of the role's may run, and can leave nothing
/// behind that would run at the commit, with the session's rights, or lead its next statement astray: no deferred trigger, no
/// cursor WITH HOLD and no setting, as in PostgreSQL's own maintenance commands.
pub fn as_role<R>(role: pg_sys::Oid, f: impl FnOnce() -> R) -> R {
    let back = Back::remember();
    let _settings = Undone::begin();
    let context = pg_sys::SECURITY_LOCAL_USERID_CHANGE | pg_sys::SECURITY_RESTRICTED_OPERATION;
    // SAFETY: sets backend globals, as [`OwnerScope::enter`].
    unsafe { pg_sys::SetUserIdAndSecContext(role, back.1 | context as c_int) };
    f()
}

/// Until dropped, FORCE ROW LEVEL SECURITY does not hold for owners of tables, as in checks of foreign keys. Nobody's code may run
/// meanwhile.
#[must_use]
pub fn unforced() -> Back {
    let back = Back::remember();
    // SAFETY: sets backend globals; Drop sets them back.
    unsafe { pg_sys::SetUserIdAndSecContext(back.0, back.1 | pg_sys::SECURITY_NOFORCE_RLS as c_int) };
    back
}

/// Whether policies hide rows of a table from the current user, were it not for FORCE ROW LEVEL SECURITY.
#[must_use]
pub fn is_held_by_policies(relid: pg_sys::Oid) -> bool {
    let _unforced = unforced();
    // SAFETY: looks into the catalogs; without an error.
    unsafe {
        let held = pg_sys::check_enable_rls(relid, pg_sys::InvalidOid, true);
        held == pg_sys::CheckEnableRlsResult::RLS_ENABLED as c_int
    }
}
