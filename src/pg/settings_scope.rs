//! Settings that hold for one statement of ours, whoever runs it.
use pgrx::pg_sys;
use std::ffi::{CStr, c_int};

/// Runs the copy of a change: as the caller, but without the users' triggers (session_replication_role, which the
/// caller may not set) and with an error instead of silence where row security would hide rows.
pub fn quiet_copy<R>(f: impl FnOnce() -> R) -> R {
    struct Level(c_int);
    impl Drop for Level {
        fn drop(&mut self) {
            if !std::thread::panicking() {
                // SAFETY: ends the level begun below; an abort ends it otherwise.
                unsafe { pg_sys::AtEOXact_GUC(true, self.0) };
            }
        }
    }
    // SAFETY: a new nesting level that the guard ends.
    let _level = unsafe {
        let level = Level(pg_sys::NewGUCNestLevel());
        set(c"session_replication_role", c"replica");
        set(c"row_security", c"off");
        level
    };
    f()
}

/// Sets a setting until the current nesting level ends, as a superuser could.
///
/// # Safety
/// Must run inside a level made by `NewGUCNestLevel`.
unsafe fn set(name: &CStr, value: &CStr) {
    // SAFETY: valid C strings; GUC_ACTION_SAVE ties the value to the nesting level.
    unsafe {
        pg_sys::set_config_option(
            name.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_SUSET,
            pg_sys::GucSource::PGC_S_SESSION,
            pg_sys::GucAction::GUC_ACTION_SAVE,
            true,
            0,
            false,
        );
    }
}
