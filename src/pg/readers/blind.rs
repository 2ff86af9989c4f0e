//! The mark that the kill switch leaves: while it is off nothing is recorded, and nothing may be written to tables either.
//!
//! A file beside the server's own statistics, whose time is that at which a session that has the library last saw the switch off: when
//! a transaction ended, or when it was switched on. So the gap is known although no session lasted across it, also after a restart,
//! on a standby, and in a physical copy.
use crate::pg::loading::{self, Mode};
use crate::settings;
use pgrx::pg_sys;
use std::cell::Cell;
use std::ffi::{CStr, OsStr};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// A session marks no more often, so the mark may be so old when a read of it ends.
const SELDOM: Duration = Duration::from_secs(1);
/// From 1970 to 2000.
const EPOCH: Duration = Duration::from_secs(946_684_800);

thread_local! {
    /// When this session last did.
    static MARKED: Cell<Option<Instant>> = const { Cell::new(None) };
    static FAILED: Cell<bool> = const { Cell::new(false) };
}

fn path() -> PathBuf {
    // SAFETY: set before any library is loaded, and NUL-terminated.
    let data = unsafe { CStr::from_ptr(pg_sys::DataDir) };
    Path::new(OsStr::from_bytes(data.to_bytes())).join("pg_stat/data_governance.off")
}

/// A transaction has ended. Must not raise.
#[inline]
pub fn transaction_ended() {
    if !settings::ENABLED.get() {
        mark_now_and_then();
    }
}

#[cold]
fn mark_now_and_then() {
    if loading::mode() > Mode::Installed
        && MARKED.try_with(|m| m.get().is_none_or(|at| at.elapsed() >= SELDOM)).unwrap_or(false)
    {
        mark();
    }
}

/// The switch is being set. Must not raise.
pub fn switching(on: bool) {
    if on && !settings::ENABLED.get() && loading::mode() > Mode::Installed {
        mark();
    }
}

fn mark() {
    let _ = MARKED.try_with(|m| m.set(Some(Instant::now())));
    let touched = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path())
        .and_then(|file| file.set_modified(SystemTime::now()));
    if let Err(cause) = touched
        && !FAILED.try_with(|f| f.replace(true)).unwrap_or(true)
    {
        let words =
            "data_governance: it could not be noted that governance.enabled was off, so reads went unseen";
        let _ = writeln!(io::stderr(), "{words}: {cause}");
    }
}

/// Until when the switch was seen off, in microseconds since 2000; None where it never was.
#[must_use]
pub fn until() -> Option<i64> {
    let seen = std::fs::metadata(path()).and_then(|file| file.modified()).ok()?;
    let since = (seen + SELDOM).duration_since(SystemTime::UNIX_EPOCH + EPOCH).ok()?;
    i64::try_from(since.as_micros()).ok()
}
