//! Settings that hold for a moment, and what they were for the caller.
use super::catalog;
use pgrx::pg_sys;
use std::cell::Cell;
use std::ffi::{CStr, CString, c_int};

/// Whose rights count when a setting is set.
#[derive(Clone, Copy)]
pub enum As {
    /// What any user may set.
    User,
    /// What only superusers may.
    Superuser,
}

/// A nesting level of settings: what is set in it ends when it is dropped.
pub struct Settings(c_int);

impl Settings {
    /// Begins a level.
    #[must_use]
    pub fn begin() -> Self {
        // SAFETY: a new nesting level that Drop ends; a (sub)transaction abort ends it otherwise.
        Settings(unsafe { pg_sys::NewGUCNestLevel() })
    }

    /// Sets a setting until the level ends.
    pub fn set(&self, name: &CStr, value: &CStr, rights: As) {
        let context = match rights {
            As::User => pg_sys::GucContext::PGC_USERSET,
            As::Superuser => pg_sys::GucContext::PGC_SUSET,
        };
        // SAFETY: valid C strings; GUC_ACTION_SAVE ties the value to the nesting level.
        unsafe {
            pg_sys::set_config_option(
                name.as_ptr(),
                value.as_ptr(),
                context,
                pg_sys::GucSource::PGC_S_SESSION,
                pg_sys::GucAction::GUC_ACTION_SAVE,
                true,
                0,
                false,
            );
        }
    }
}

impl Settings {
    /// The same for a value that may be none: then the setting stays what it is.
    pub fn try_set(&self, name: &CStr, value: &str) {
        let Ok(value) = CString::new(value) else { return };
        // SAFETY: valid C strings; below ERROR a bad value is a message that nobody is sent.
        unsafe {
            pg_sys::set_config_option(
                name.as_ptr(),
                value.as_ptr(),
                pg_sys::GucContext::PGC_USERSET,
                pg_sys::GucSource::PGC_S_SESSION,
                pg_sys::GucAction::GUC_ACTION_SAVE,
                true,
                pg_sys::DEBUG5 as c_int,
                false,
            );
        }
    }
}

impl Drop for Settings {
    fn drop(&mut self) {
        // While unwinding the settings are left to the (sub)transaction abort, which resets them anyway: popping them
        // may raise.
        if !std::thread::panicking() {
            // SAFETY: ends the level that was begun.
            unsafe { pg_sys::AtEOXact_GUC(true, self.0) };
        }
    }
}

/// A nesting level of settings in which nothing is set for longer, not by SET without LOCAL either.
pub struct Undone(c_int);

impl Undone {
    /// Begins a level.
    #[must_use]
    pub fn begin() -> Self {
        // SAFETY: as in `Settings`.
        Undone(unsafe { pg_sys::NewGUCNestLevel() })
    }
}

impl Drop for Undone {
    fn drop(&mut self) {
        // While unwinding, as in `Settings`.
        if !std::thread::panicking() {
            // SAFETY: ends the level that was begun, and takes back what was set in it.
            unsafe { pg_sys::AtEOXact_GUC(false, self.0) };
        }
    }
}

thread_local! {
    /// The caller's IntervalStyle, while constants are spelt for every session.
    static CALLERS_INTERVALS: Cell<Option<c_int>> = const { Cell::new(None) };
}

/// Runs `f` while the server spells constants of definitions in a way that every session reads alike, as pg_dump does: what is
/// kept now is executed by others, later. The order of day and month in which the caller writes stays.
pub fn with_steady_constants<R>(f: impl FnOnce() -> R) -> R {
    struct Back(Option<c_int>);
    impl Drop for Back {
        fn drop(&mut self) {
            CALLERS_INTERVALS.set(self.0);
        }
    }
    let settings = Settings::begin();
    // SAFETY: reads backend globals.
    let (intervals, floats) = unsafe { (pg_sys::IntervalStyle, pg_sys::extra_float_digits) };
    let _back = Back(CALLERS_INTERVALS.get());
    CALLERS_INTERVALS.set(CALLERS_INTERVALS.get().or(Some(intervals)));
    settings.set(c"DateStyle", c"ISO", As::User);
    settings.set(c"IntervalStyle", c"postgres", As::User);
    if floats < 1 {
        settings.set(c"extra_float_digits", c"1", As::User);
    }
    f()
}

/// Runs `f`, which reads what the caller has written, inside of [`with_steady_constants`]: the style decides what the sign of an
/// interval belongs to.
pub fn reading_intervals_as_caller<R>(f: impl FnOnce() -> R) -> R {
    struct Back(c_int);
    impl Drop for Back {
        fn drop(&mut self) {
            // SAFETY: a backend global, set back to what it was, after an error too.
            unsafe { pg_sys::IntervalStyle = self.0 };
        }
    }
    // SAFETY: reads and sets a backend global.
    let _back = unsafe {
        let back = Back(pg_sys::IntervalStyle);
        pg_sys::IntervalStyle = CALLERS_INTERVALS.get().unwrap_or(back.0);
        back
    };
    f()
}

/// The settings that decide what values mean as text and text as values, by name.
const MEANING: [&CStr; 8] = [
    c"DateStyle",
    c"IntervalStyle",
    c"TimeZone",
    c"bytea_output",
    c"extra_float_digits",
    c"lc_monetary",
    c"lc_numeric",
    c"lc_time",
];

/// What text and values mean to each other in this session: for expressions whose result depends on that.
#[must_use]
pub fn meaning() -> Vec<(String, String)> {
    MEANING.iter().map(|name| (name.to_string_lossy().into_owned(), current_setting(name))).collect()
}

/// Settings as they were when an expression was written; None where they are the same here.
#[must_use]
pub fn as_written(settings: &[(CString, String)]) -> Option<Settings> {
    let differs = |(name, value): &&(CString, String)| current_setting(name) != *value;
    let mut different = settings.iter().filter(differs).peekable();
    different.peek()?;
    let level = Settings::begin();
    different.for_each(|(name, value)| level.try_set(name, value));
    Some(level)
}

/// Such settings from JSON.
#[must_use]
pub fn meaning_of(json: &serde_json::Value) -> Vec<(CString, String)> {
    let known =
        |name: &&CStr| Some(((*name).to_owned(), json[&*name.to_string_lossy()].as_str()?.to_string()));
    MEANING.iter().filter_map(known).collect()
}

/// Runs without a word to the client: for what the server says once itself.
pub fn quietly<R>(f: impl FnOnce() -> R) -> R {
    let settings = Settings::begin();
    settings.set(c"client_min_messages", c"error", As::User);
    settings.set(c"log_min_messages", c"error", As::Superuser);
    f()
}

/// Runs the copy of a change: as the caller, but without the users' triggers (session_replication_role, which the
/// caller may not set) and with an error instead of silence where row security would hide rows.
///
/// The variable is set and not the setting, which throws away every kept plan of the session, with each batch anew: rules are
/// rewritten by it. Nothing that runs here keeps a plan, since nothing of the users' runs here.
pub fn quiet_copy<R>(f: impl FnOnce() -> R) -> R {
    struct Back(c_int);
    impl Drop for Back {
        fn drop(&mut self) {
            // SAFETY: a backend global, set back to what it was, after an error too.
            unsafe { pg_sys::SessionReplicationRole = self.0 };
        }
    }
    let settings = Settings::begin();
    settings.set(c"row_security", c"off", As::Superuser);
    // SAFETY: reads and sets a backend global.
    let _back = unsafe {
        let back = Back(pg_sys::SessionReplicationRole);
        pg_sys::SessionReplicationRole = pg_sys::SESSION_REPLICATION_ROLE_REPLICA as c_int;
        back
    };
    f()
}

/// The search path of everything that runs with the rights of the extension's owner: that of our functions, spelt as
/// their SET clauses store it.
pub const FIXED_PATH: &CStr = c"pg_catalog, pg_temp";

/// Whether the path in force is that of our functions.
#[must_use]
pub fn path_is_fixed() -> bool {
    // SAFETY: a server global, NULL or NUL-terminated, read at once.
    unsafe {
        !pg_sys::namespace_search_path.is_null()
            && CStr::from_ptr(pg_sys::namespace_search_path) == FIXED_PATH
    }
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
pub fn with_setting<R>(name: &CStr, value: &str, f: impl FnOnce() -> R) -> R {
    let settings = Settings::begin();
    settings.set(name, &CString::new(value).unwrap_or_default(), As::User);
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
            if CStr::from_ptr((*variable).name) == c"search_path" {
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
pub fn current_setting(name: &CStr) -> String {
    // SAFETY: GetConfigOption returns NULL (missing_ok) or a string that lives until the setting changes.
    unsafe { catalog::text(pg_sys::GetConfigOption(name.as_ptr(), true, false)) }.unwrap_or_default()
}

/// The value that RESET would give a setting.
#[must_use]
pub fn reset_value(name: &CStr) -> String {
    // SAFETY: a setting of the server, whose value lives until it changes.
    unsafe { catalog::text(pg_sys::GetConfigOptionResetString(name.as_ptr())) }.unwrap_or_default()
}

/// Runs `f` without row security: for questions about all rows, asked with rights that are not held by it.
pub fn without_row_security<R>(f: impl FnOnce() -> R) -> R {
    let settings = Settings::begin();
    settings.set(c"row_security", c"off", As::Superuser);
    f()
}
