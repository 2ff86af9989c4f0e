//! Acting as the extension's owner for a moment.
//!
//! Our tables belong to the extension's owner and nobody else may write them. Functions are SECURITY INVOKER on
//! purpose, so that `current_user` is the caller and rights can be judged by it; around the statements that touch our
//! own tables they switch the user here, and back when the guard is dropped, on errors too.
use super::catalog;
use pgrx::pg_sys;
use std::ffi::c_int;

/// Switches to the extension's owner until dropped.
pub struct OwnerScope {
    user: pg_sys::Oid,
    context: c_int,
    /// Nesting level of settings when the search path was fixed as well.
    guc_level: Option<c_int>,
}

impl OwnerScope {
    /// Switches the user, and the search path where it is not fixed already. Hooks run under the caller's path, and with
    /// the rights of the owner nothing may be found by it: an operator of the caller's would run as superuser.
    #[must_use]
    pub fn enter() -> Self {
        let mut user = pg_sys::InvalidOid;
        let mut context = 0;
        // SAFETY: reads and sets backend globals; Drop sets them back. SECURITY_LOCAL_USERID_CHANGE forbids SET ROLE
        // meanwhile. The path is set first, at a new nesting level that Drop ends; a transaction abort ends it
        // otherwise.
        unsafe {
            pg_sys::GetUserIdAndSecContext(&mut user, &mut context);
            let guc_level = (!path_is_fixed()).then(|| {
                let level = pg_sys::NewGUCNestLevel();
                set_local(c"search_path", FIXED_PATH);
                level
            });
            let scope = OwnerScope { user, context, guc_level };
            pg_sys::SetUserIdAndSecContext(
                schema_owner(),
                context | pg_sys::SECURITY_LOCAL_USERID_CHANGE as c_int,
            );
            scope
        }
    }
}

/// The search path of everything that runs with the rights of the extension's owner: that of our functions, spelt as
/// their SET clauses store it.
const FIXED_PATH: &std::ffi::CStr = c"pg_catalog, pg_temp";

/// Whether the path in force is that of our functions.
fn path_is_fixed() -> bool {
    // SAFETY: a server global, NULL or NUL-terminated, read at once.
    unsafe {
        !pg_sys::namespace_search_path.is_null()
            && std::ffi::CStr::from_ptr(pg_sys::namespace_search_path) == FIXED_PATH
    }
}

impl Drop for OwnerScope {
    fn drop(&mut self) {
        // SAFETY: restores what `enter` saved. While unwinding the settings are left to the (sub)transaction abort,
        // which resets them anyway, since popping them may raise.
        unsafe {
            if let Some(level) = self.guc_level
                && !std::thread::panicking()
            {
                pg_sys::AtEOXact_GUC(true, level);
            }
            pg_sys::SetUserIdAndSecContext(self.user, self.context);
        }
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

/// Sets a setting until the current nesting level ends.
///
/// # Safety
/// Must run inside a level made by `NewGUCNestLevel`.
unsafe fn set_local(name: &std::ffi::CStr, value: &std::ffi::CStr) {
    // SAFETY: valid C strings; GUC_ACTION_SAVE ties the value to the nesting level.
    unsafe {
        pg_sys::set_config_option(
            name.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            pg_sys::GucSource::PGC_S_SESSION,
            pg_sys::GucAction::GUC_ACTION_SAVE,
            true,
            0,
            false,
        );
    }
}

/// Runs `f` as the extension's owner, with a fixed search path.
pub fn run<R>(f: impl FnOnce() -> R) -> R {
    let _scope = OwnerScope::enter();
    f()
}

/// Runs `f` as the caller with a fixed search path.
pub fn with_fixed_path<R>(f: impl FnOnce() -> R) -> R {
    with_search_path("pg_catalog, pg_temp", f)
}

/// Runs `f` under the given search path: for functions that resolve the caller's own SQL text, whose definition
/// fixes the path for everything else.
pub fn with_search_path<R>(path: &str, f: impl FnOnce() -> R) -> R {
    with_setting(c"search_path", path, f)
}

/// Runs `f` with a setting that any user may change set to a value.
pub fn with_setting<R>(name: &std::ffi::CStr, value: &str, f: impl FnOnce() -> R) -> R {
    struct Level(c_int);
    impl Drop for Level {
        fn drop(&mut self) {
            if !std::thread::panicking() {
                // SAFETY: ends the level begun below; an abort ends it otherwise.
                unsafe { pg_sys::AtEOXact_GUC(true, self.0) };
            }
        }
    }
    let value = std::ffi::CString::new(value).unwrap_or_default();
    // SAFETY: a new nesting level that the guard ends.
    let _level = unsafe {
        let level = Level(pg_sys::NewGUCNestLevel());
        set_local(name, &value);
        level
    };
    f()
}

/// The search path that the caller of the running SQL function had, where the function's definition fixes its own:
/// names in a statement that is not ours must be resolved under it.
#[must_use]
pub fn callers_search_path() -> String {
    // SAFETY: settings are defined once and never move; a function's SET clause pushes the value before it onto the
    // setting's stack, so the top entry's prior value is the caller's. Nothing is kept beyond this call.
    unsafe {
        let variables = pg_sys::get_guc_variables();
        let mut at = variables;
        // The array has no terminator on 15, but search_path is always in it.
        loop {
            let variable = *at;
            if std::ffi::CStr::from_ptr((*variable).name) == c"search_path" {
                let stack = (*variable).stack;
                if stack.is_null() {
                    return catalog::text(pg_sys::namespace_search_path).unwrap_or_default();
                }
                return catalog::text((*stack).prior.val.stringval).unwrap_or_default();
            }
            at = at.add(1);
        }
    }
}

/// The value of a setting of the server, as it is at this moment.
#[must_use]
pub fn current_setting(name: &std::ffi::CStr) -> String {
    // SAFETY: GetConfigOption returns NULL (missing_ok) or a string that lives until the setting changes.
    unsafe { catalog::text(pg_sys::GetConfigOption(name.as_ptr(), true, false)) }.unwrap_or_default()
}
