//! Running one read-only SELECT under masks, in every mode, whoever calls.
use super::session::{Force, Seen};
use crate::error;
use crate::pg::catalog::text;
use crate::pg::settings_scope::{As, Settings};
use pgrx::pg_sys::{self, NodeTag};
use pgrx::{PgList, Spi};
use std::ffi::{CString, c_int};

/// Rows fetched at a time.
const BATCH: i64 = 1000;

/// What an export found.
pub struct Outcome {
    /// Number of rows.
    pub rows: i64,
    /// Columns that were masked.
    pub seen: Vec<Seen>,
}

/// Checks that the text is exactly one SELECT that writes nothing, and returns that statement alone.
#[must_use]
pub fn require_select(query: &str) -> String {
    let Ok(source) = CString::new(query) else {
        error::privacy::not_exportable("It contains a zero byte.").raise();
    };
    // SAFETY: parses and analyses a valid C string; the results live in the current memory context.
    unsafe {
        let statements = PgList::<pg_sys::RawStmt>::from_pg(pg_sys::pg_parse_query(source.as_ptr()));
        let [statement] = statements.iter_ptr().collect::<Vec<_>>()[..] else {
            error::privacy::not_exportable(&format!("It has {} statements.", statements.len())).raise();
        };
        if (*(*statement).stmt).type_ != NodeTag::T_SelectStmt {
            error::privacy::not_exportable("It is not a SELECT.").raise();
        }
        let (start, length) = ((*statement).stmt_location.max(0) as usize, (*statement).stmt_len as usize);
        let end = if length == 0 { query.len() } else { (start + length).min(query.len()) };
        let analysed = pg_sys::parse_analyze_fixedparams(
            statement,
            source.as_ptr(),
            std::ptr::null(),
            0,
            std::ptr::null_mut(),
        );
        let plain =
            (*analysed).commandType == pg_sys::CmdType::CMD_SELECT && (*analysed).utilityStmt.is_null();
        if !plain || (*analysed).hasModifyingCTE || !(*analysed).rowMarks.is_null() {
            error::privacy::not_exportable("It writes, or locks rows.").raise();
        }
        query.get(start..end).unwrap_or(query).to_string()
    }
}

/// Runs a query as the caller under masks for a recipient, and hands its column names and then its rows, as text, to
/// `take`.
pub fn run(query: &str, recipient: &str, mut take: impl FnMut(Vec<Option<String>>)) -> Outcome {
    let Ok(source) = CString::new(query) else {
        error::privacy::not_exportable("It contains a zero byte.").raise();
    };
    let force = Force::begin(recipient);
    // Nothing is written, and workers would not know that masks are forced.
    let settings = Settings::begin();
    settings.set(c"transaction_read_only", c"on", As::User);
    settings.set(c"max_parallel_workers_per_gather", c"0", As::User);
    let mut rows = 0;
    Spi::connect(|_| {
        // SAFETY: inside SPI; the portal is read-only, forward-only and closed at the end, or by the abort.
        unsafe {
            let plan = pg_sys::SPI_prepare_cursor(
                source.as_ptr(),
                0,
                std::ptr::null_mut(),
                pg_sys::CURSOR_OPT_NO_SCROLL as c_int,
            );
            if plan.is_null() {
                error::privacy::not_exportable("It cannot be prepared.").raise();
            }
            let portal =
                pg_sys::SPI_cursor_open(std::ptr::null(), plan, std::ptr::null_mut(), std::ptr::null(), true);
            let mut described = false;
            loop {
                pg_sys::SPI_cursor_fetch(portal, true, BATCH as _);
                let table = pg_sys::SPI_tuptable;
                let fetched = pg_sys::SPI_processed as usize;
                let descriptor = (*table).tupdesc;
                let columns = 1..=(*descriptor).natts;
                if !std::mem::replace(&mut described, true) {
                    take(columns.clone().map(|n| text(pg_sys::SPI_fname(descriptor, n))).collect());
                }
                for i in 0..fetched {
                    let tuple = *(*table).vals.add(i);
                    let value = |n| text(pg_sys::SPI_getvalue(tuple, descriptor, n));
                    take(columns.clone().map(value).collect());
                }
                rows += fetched as i64;
                pg_sys::SPI_freetuptable(table);
                if fetched < BATCH as usize {
                    break;
                }
            }
            pg_sys::SPI_cursor_close(portal);
        }
    });
    Outcome { rows, seen: force.seen() }
}

/// Whether rows can be written now.
#[must_use]
pub fn can_write() -> bool {
    // SAFETY: plain reads of the transaction state.
    unsafe { !pg_sys::XactReadOnly && !pg_sys::RecoveryInProgress() && pg_sys::ParallelWorkerNumber < 0 }
}

/// Bytes that nobody can guess; None where the server has none.
#[must_use]
pub fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    // SAFETY: writes N bytes into an array of N.
    unsafe { pg_sys::pg_strong_random(bytes.as_mut_ptr().cast(), N) }.then_some(bytes)
}
