//! How this backend came to load the library, which decides the mode.
use super::spi;
use pgrx::pg_sys;
use pgrx::{GucContext, GucFlags, GucRegistry};
use std::cell::Cell;
use std::ffi::{CStr, c_void};

/// How the library was loaded into this backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// By the first call of one of our functions: no hook may act, the session's earlier statements went unseen.
    Installed,
    /// At session start, by `session_preload_libraries`.
    Attached,
    /// By the postmaster, by `shared_preload_libraries`.
    Preloaded,
}

impl Mode {
    /// The word for it in `status()` and in messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Installed => "installed",
            Mode::Attached => "attached",
            Mode::Preloaded => "preloaded",
        }
    }
}

thread_local! {
    static MODE: Cell<Mode> = const { Cell::new(Mode::Installed) };
}

/// The mode of this session.
#[must_use]
pub fn mode() -> Mode {
    MODE.get()
}

/// Called by `_PG_init`. A library named in `session_preload_libraries` is always loaded before any function of the
/// session runs, so finding our name there means that we are being loaded at session start; a session older than
/// `attach()` still has the list it started with.
pub fn note() {
    // SAFETY: plain reads of server globals and of two settings, valid whenever a library is being loaded.
    let mode = unsafe {
        if pg_sys::process_shared_preload_libraries_in_progress {
            Mode::Preloaded
        } else if ["session_preload_libraries", "local_preload_libraries"].iter().any(|s| list_names_us(s)) {
            Mode::Attached
        } else {
            Mode::Installed
        }
    };
    MODE.set(mode);
}

/// Whether a library list setting names this library.
///
/// # Safety
/// Must run in a backend or the postmaster, where settings can be read.
unsafe fn list_names_us(setting: &str) -> bool {
    let Ok(name) = std::ffi::CString::new(setting) else { return false };
    // SAFETY: GetConfigOption returns NULL (missing_ok) or a string that lives until the setting changes.
    let value = unsafe { pg_sys::GetConfigOption(name.as_ptr(), true, false) };
    if value.is_null() {
        return false;
    }
    // SAFETY: not null, and NUL-terminated as every setting.
    let value = unsafe { CStr::from_ptr(value) };
    crate::core::registry::library_list::contains(&value.to_string_lossy())
}

/// Whether an extension script (ours or another's) is running in this backend.
#[must_use]
pub fn creating_extension() -> bool {
    // SAFETY: plain read of a server global.
    unsafe { pg_sys::creating_extension }
}

/// The library's version.
pub const LIBRARY_VERSION: &str = env!("CARGO_PKG_VERSION");

/// The version of the extension's objects in this database, where it is not the library's.
#[must_use]
pub fn other_version() -> Option<String> {
    spi::select_one(
        "SELECT extversion FROM pg_catalog.pg_extension WHERE extname OPERATOR(pg_catalog.=) 'data_governance'::pg_catalog.name",
        &[],
        |r| r.must::<String>(1),
    )
    .filter(|version| version != LIBRARY_VERSION)
}

/// Assign hook of `governance.enabled`: plans that were made while it was off know nothing of masks and reads, and until now
/// reads went unseen.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn assign_enabled(value: bool, _extra: *mut c_void) {
    super::readers::blind::switching(value);
    // SAFETY: only marks saved plans, of which there are none at start-up.
    unsafe { pg_sys::ResetPlanCache() };
}

/// Defines `governance.enabled`.
pub fn define_switch() {
    // SAFETY: the hook is guarded and lives as long as the process.
    unsafe {
        GucRegistry::define_bool_guc_with_hooks(
            c"governance.enabled",
            c"Switches data_governance off where it is loaded (kill switch).",
            c"While it is off nothing is guarded, masked or recorded.",
            &crate::settings::ENABLED,
            GucContext::Sighup,
            GucFlags::default(),
            None,
            Some(assign_enabled),
            None,
        );
    }
}

/// Makes any other setting that begins with `governance.` an error.
pub fn reserve_prefix() {
    // SAFETY: a valid C string; called once, after all settings are defined.
    unsafe { pg_sys::MarkGUCPrefixReserved(c"governance".as_ptr()) };
}
