//! `export_query()` as the server calls it: once per line. A raw function, since it is called that often, and since it must
//! hear when nobody wants more lines.
//!
//! Between two calls nothing of an export holds: its portal is open, but masks are forced only while rows are fetched. So
//! other queries of the session, and other exports, can go on beside it.
use super::export::{Forcing, Portal, require_select};
use super::session::Noted;
use crate::error::{self, given};
use crate::pg::settings_scope::with_search_path;
use crate::pg::xact;
use crate::privacy::{Export, Outcome, Wish};
use pgrx::{pg_guard, pg_sys};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::ffi::c_void;

/// Rows fetched at first; then as many as are about so many bytes.
const FIRST_BATCH: usize = 16;
const BATCH_BYTES: usize = 256 * 1024;
const MOST_ROWS: usize = 1000;

/// An export that has begun.
struct Running {
    /// The subtransaction in which its portal was opened.
    sub: pg_sys::SubTransactionId,
    portal: Portal,
    forcing: Forcing,
    export: Export,
    /// Lines that wait to be handed out.
    lines: VecDeque<Vec<u8>>,
    batch: usize,
    at_end: bool,
    /// All lines, where they had to be checked before the first was handed out.
    spool: Option<Spool>,
    /// Whether an error came while rows were fetched.
    failed: bool,
}

thread_local! {
    static RUNNING: RefCell<BTreeMap<u64, Box<Running>>> = const { RefCell::new(BTreeMap::new()) };
    static LAST: Cell<u64> = const { Cell::new(0) };
    /// The export in use, while it is.
    static IN_USE: Cell<*const Running> = const { Cell::new(std::ptr::null()) };
}

/// An export in use: put back when dropped, and marked where that is by an error.
struct InUse(u64, Option<Box<Running>>);

impl InUse {
    fn take(id: u64) -> Option<Self> {
        RUNNING.with_borrow_mut(|all| all.remove(&id)).map(|r| InUse::new(id, r))
    }

    fn new(id: u64, running: Box<Running>) -> Self {
        IN_USE.set(std::ptr::from_ref(running.as_ref()));
        InUse(id, Some(running))
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        IN_USE.set(std::ptr::null());
        if let Some(mut running) = self.1.take() {
            running.failed |= std::thread::panicking();
            RUNNING.with_borrow_mut(|all| all.insert(self.0, running));
        }
    }
}

crate::raw_function_info!(pg_finfo_data_governance_export_query);
/// `export_query(text, text, text, text, integer)`.
///
/// # Safety
/// The server calls it with arguments of the types declared in `sql/privacy.sql`.
#[unsafe(no_mangle)]
#[pg_guard]
pub unsafe extern "C-unwind" fn data_governance_export_query(
    fcinfo: pg_sys::FunctionCallInfo,
) -> pg_sys::Datum {
    // SAFETY: the server vouches for the call; `init_MultiFuncCall` checks that it wants a set, and what is registered with
    // the expression's context ends with it.
    unsafe {
        if (*(*fcinfo).flinfo).fn_extra.is_null() {
            let context = pg_sys::init_MultiFuncCall(fcinfo);
            let before = pg_sys::MemoryContextSwitchTo((*context).multi_call_memory_ctx);
            let id = begin(fcinfo);
            pg_sys::MemoryContextSwitchTo(before);
            (*context).user_fctx = id as *mut c_void;
            let result = (*fcinfo).resultinfo.cast::<pg_sys::ReturnSetInfo>();
            pg_sys::RegisterExprContextCallback((*result).econtext, Some(stopped), pg_sys::Datum::from(id));
        }
        let context = pg_sys::per_MultiFuncCall(fcinfo);
        let id = (*context).user_fctx as u64;
        let result = (*fcinfo).resultinfo.cast::<pg_sys::ReturnSetInfo>();
        // A cursor outlives the savepoint in which its first line was fetched; the export does not.
        let mut in_use = InUse::take(id).unwrap_or_else(|| error::privacy::export_closed().raise());
        let line = in_use.1.as_mut().and_then(|r| r.next());
        drop(in_use);
        if let Some(line) = line {
            (*result).isDone = pg_sys::ExprDoneCond::ExprMultipleResult;
            return pg_sys::Datum::from(pg_sys::cstring_to_text_with_len(
                line.as_ptr().cast(),
                line.len() as i32,
            ));
        }
        pg_sys::UnregisterExprContextCallback((*result).econtext, Some(stopped), pg_sys::Datum::from(id));
        end(id, Outcome::Complete);
        pg_sys::end_MultiFuncCall(fcinfo, context);
        (*result).isDone = pg_sys::ExprDoneCond::ExprEndResult;
        (*fcinfo).isnull = true;
        pg_sys::Datum::from(0)
    }
}

/// Callback of the expression's context: nobody wants more lines, by a LIMIT or since a cursor was closed.
#[pg_guard]
unsafe extern "C-unwind" fn stopped(id: pg_sys::Datum) {
    end(id.value() as u64, Outcome::Stopped);
}

/// # Safety
/// As [`data_governance_export_query`]; what is made in the current memory context lives as long as the call.
unsafe fn begin(fcinfo: pg_sys::FunctionCallInfo) -> u64 {
    // SAFETY: arguments of the types that the function is declared with.
    let (query, format, recipient, search_path, min_k) = unsafe {
        (
            pgrx::pg_getarg::<String>(fcinfo, 0),
            pgrx::pg_getarg::<String>(fcinfo, 1),
            pgrx::pg_getarg::<String>(fcinfo, 2).unwrap_or_default(),
            pgrx::pg_getarg::<String>(fcinfo, 3),
            pgrx::pg_getarg::<i32>(fcinfo, 4),
        )
    };
    let (query, format) = (given("query", query), given("format", format));
    let search_path = given("search_path", search_path);
    let wish = Wish::new(query, &format, recipient.clone(), min_k);
    let statement = with_search_path(&search_path, || require_select(&wish.query));
    let seen = Noted::default();
    let forcing = Forcing { recipient, search_path, seen: seen.clone() };
    let (portal, columns) = Portal::open(&statement, &forcing);
    let export = Export::begin(wish, &statement, columns, &forcing.search_path, seen);
    let id = LAST.get() + 1;
    LAST.set(id);
    let running = Running {
        sub: xact::subtransaction(),
        portal,
        forcing,
        lines: export.header().into_iter().collect(),
        export,
        batch: FIRST_BATCH,
        at_end: false,
        spool: None,
        failed: false,
    };
    let mut in_use = InUse::new(id, Box::new(running));
    if let Some(running) = in_use.1.as_mut().filter(|r| r.export.is_checked_first()) {
        running.check_first();
    }
    drop(in_use);
    id
}

/// An export ends, and leaves its receipt.
fn end(id: u64, outcome: Outcome) {
    let Some(running) = RUNNING.with_borrow_mut(|all| all.remove(&id)) else { return };
    running.portal.close();
    if let Some(spool) = running.spool {
        spool.close();
    }
    running.export.end(outcome);
}

/// A (sub)transaction was aborted, the whole one where None: exports that were begun in it or failed in it have ended. Must
/// not raise.
pub fn aborted(sub: Option<pg_sys::SubTransactionId>) {
    let ended: Vec<Box<Running>> = RUNNING
        .try_with(|all| {
            let Ok(mut all) = all.try_borrow_mut() else { return Vec::new() };
            let is_over = |r: &Running| r.failed || sub.is_none_or(|sub| r.sub >= sub);
            let ids: Vec<u64> = all.iter().filter(|(_, r)| is_over(r)).map(|(id, _)| *id).collect();
            ids.into_iter().filter_map(|id| all.remove(&id)).collect()
        })
        .unwrap_or_default();
    // A subtransaction may be one of a function that the query calls.
    let in_use = if sub.is_none() { IN_USE.replace(std::ptr::null()) } else { std::ptr::null() };
    // SAFETY: set only while the export lives in a frame of this process. An error would have left that frame; so the session
    // ends in the middle of it, as on SIGTERM, and never comes back to it.
    if let Some(running) = unsafe { in_use.as_ref() } {
        running.export.end_aborted();
    }
    for running in ended {
        running.export.end_aborted();
    }
}

impl Running {
    /// The next line; None where there is no more.
    fn next(&mut self) -> Option<Vec<u8>> {
        let line = match &self.spool {
            Some(spool) => spool.read(),
            None => {
                while self.lines.is_empty() && !self.at_end {
                    self.fetch();
                }
                self.lines.pop_front()
            }
        };
        if let Some(line) = &line {
            self.export.handed_out(line);
        }
        line
    }

    fn fetch(&mut self) {
        let (lines, export) = (&mut self.lines, &mut self.export);
        let mut bytes = 0;
        let fetched = self.portal.fetch(self.batch, &self.forcing, |row| {
            let line = export.line(row);
            bytes += line.len();
            lines.push_back(line);
        });
        self.at_end = fetched < self.batch;
        self.batch = (fetched * BATCH_BYTES / bytes.max(1)).clamp(1, MOST_ROWS).min(self.batch * 4);
    }

    /// Runs the query to its end and keeps the lines in a temporary file, so that what is refused has shown nothing.
    fn check_first(&mut self) {
        self.spool = Some(Spool::new());
        loop {
            while let Some(line) = self.lines.pop_front() {
                self.spool.iter().for_each(|s| s.write(&line));
            }
            if self.at_end {
                break;
            }
            self.fetch();
        }
        if let Some(why) = self.export.is_refused() {
            error::privacy::export_refused(&why).raise();
        }
        self.spool.iter().for_each(Spool::rewind);
    }
}

/// Lines in a temporary file of the server's, within `temp_file_limit`. The server closes it at the end of the transaction.
struct Spool(*mut pg_sys::BufFile);

impl Spool {
    /// In the current memory context, which must live as long.
    fn new() -> Self {
        // SAFETY: a temporary file of this transaction.
        Spool(unsafe { pg_sys::BufFileCreateTemp(false) })
    }

    fn write(&self, line: &[u8]) {
        let length = (line.len() as u64).to_ne_bytes();
        for part in [&length, line] {
            // SAFETY: writes so many bytes and keeps none.
            unsafe { pg_sys::BufFileWrite(self.0, part.as_ptr().cast_mut().cast(), part.len()) };
        }
    }

    fn rewind(&self) {
        // SAFETY: seeks to the begin of the file.
        unsafe { pg_sys::BufFileSeek(self.0, 0, 0, 0) };
    }

    fn read(&self) -> Option<Vec<u8>> {
        let mut length = [0; 8];
        // SAFETY: reads at most so many bytes into an array as large.
        if unsafe { pg_sys::BufFileRead(self.0, length.as_mut_ptr().cast(), length.len()) } < length.len() {
            return None;
        }
        let mut line = vec![0; u64::from_ne_bytes(length) as usize];
        // SAFETY: as above.
        unsafe { pg_sys::BufFileRead(self.0, line.as_mut_ptr().cast(), line.len()) };
        Some(line)
    }

    fn close(self) {
        // SAFETY: the file is open: an abort would have ended the export.
        unsafe { pg_sys::BufFileClose(self.0) };
    }
}
