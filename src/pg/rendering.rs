//! Values as JSON in one spelling, whatever the session's settings are: else the same value would be logged in several
//! ways, and keys would not be found again.
use pgrx::pg_sys;
use std::ffi::c_int;

unsafe extern "C" {
    static mut bytea_output: c_int;
}

/// `BYTEA_OUTPUT_HEX`
const HEX: c_int = 1;
/// Shortest spelling that reads back as the same number.
const EXACT_FLOATS: c_int = 1;

/// While it lives, times are in UTC, intervals in PostgreSQL's style, bytea in hex and floats exact.
pub struct Canonical {
    timezone: *mut pg_sys::pg_tz,
    intervals: c_int,
    bytes: c_int,
    floats: c_int,
}

impl Canonical {
    /// Sets the variables behind the settings directly: setting the settings would cost more than the row.
    #[must_use]
    pub fn enter() -> Self {
        // SAFETY: the server is single-threaded; Drop puts the values back, on errors too, and nothing in between sets
        // these settings. pg_tzset returns a zone that lives as long as the process.
        unsafe {
            let before = Canonical {
                timezone: pg_sys::session_timezone,
                intervals: pg_sys::IntervalStyle,
                bytes: bytea_output,
                floats: pg_sys::extra_float_digits,
            };
            let utc = pg_sys::pg_tzset(c"UTC".as_ptr());
            if !utc.is_null() {
                pg_sys::session_timezone = utc;
            }
            pg_sys::IntervalStyle = pg_sys::INTSTYLE_POSTGRES as c_int;
            bytea_output = HEX;
            if before.floats < EXACT_FLOATS {
                pg_sys::extra_float_digits = EXACT_FLOATS;
            }
            before
        }
    }
}

impl Drop for Canonical {
    fn drop(&mut self) {
        // SAFETY: as in `enter`.
        unsafe {
            pg_sys::session_timezone = self.timezone;
            pg_sys::IntervalStyle = self.intervals;
            bytea_output = self.bytes;
            pg_sys::extra_float_digits = self.floats;
        }
    }
}

/// Runs `f` with canonical spellings.
pub fn canonical<R>(f: impl FnOnce() -> R) -> R {
    let _scope = Canonical::enter();
    f()
}
