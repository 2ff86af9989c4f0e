//! Telling whoever uses a deprecated column, when the statement is planned.
//!
//! Once per session and column: a deprecation that fills logs is switched off by its readers. COPY of a whole table is
//! not planned and says nothing, so that a nightly pg_dump stays quiet.
use super::catalog::Name;
use super::{audit_log, cache, catalog, loading, own_statement, owner, roles, session};
use crate::change::{self, Screaming};
use crate::core::registry::level::Level;
use crate::error;
use crate::registry::deprecation::{self, Deprecated};
use pgrx::pg_sys;
use pgrx::pg_sys::NodeTag;
use pgrx::prelude::*;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::ffi::{c_char, c_void};
use std::rc::Rc;

/// How often loading is tried for one state of the declarations.
const MOST_ATTEMPTS: u32 = 3;

type Columns = HashMap<pg_sys::Oid, Vec<Deprecated>>;

thread_local! {
    static COLUMNS: RefCell<Rc<Columns>> = RefCell::default();
    static SCREAMS: RefCell<Rc<Vec<Screaming>>> = RefCell::default();
    static ANY: Cell<bool> = const { Cell::new(false) };
    static LOADED_AT: Cell<u64> = const { Cell::new(0) };
    static ENDS_AT: Cell<i64> = const { Cell::new(i64::MAX) };
    static LOADING: Cell<bool> = const { Cell::new(false) };
    static FAILED: Cell<u32> = const { Cell::new(0) };
    /// What was said: relation as declared, column and sunset.
    static SAID: RefCell<HashSet<(Name, String, i64)>> = RefCell::default();
}

/// Looks whether a query that is about to be planned uses deprecated columns: one cached test where nothing is.
///
/// # Safety
/// `query` must be an analysed and rewritten query, `source` its text, null or NUL-terminated.
#[inline]
pub unsafe fn look(query: *mut pg_sys::Query, source: *const c_char) {
    // SAFETY: the caller vouches for the text.
    if is_our_own() || unsafe { own_statement::is(source) } {
        return;
    }
    if LOADED_AT.get() != cache::generation() || has_ended() {
        reload();
    }
    if ANY.get() {
        // SAFETY: the caller vouches for the query.
        unsafe { look_into(query) };
    }
}

/// Queries of ours, of a foreign key's check, and of what has no client.
fn is_our_own() -> bool {
    // SAFETY: plain reads of backend globals. A parallel worker runs what a client sent.
    owner::is_acting()
        || crate::change::is_acting()
        || unsafe {
            pg_sys::InNoForceRLSOperation() || !(session::has_client() || pg_sys::ParallelWorkerNumber >= 0)
        }
}

fn has_ended() -> bool {
    // SAFETY: reads the clock.
    ENDS_AT.get() != i64::MAX && unsafe { pg_sys::GetCurrentTimestamp() } >= ENDS_AT.get()
}

#[cold]
fn reload() {
    // SAFETY: plain read of the transaction state.
    if LOADING.get() || loading::creating_extension() || unsafe { !pg_sys::IsTransactionState() } {
        return;
    }
    /// Ends the attempt. One that failed is made again with the next statement, but not for ever: a hook that fails on
    /// its own would keep everybody from doing anything.
    struct Attempt(bool);
    impl Drop for Attempt {
        fn drop(&mut self) {
            LOADING.set(false);
            FAILED.set(if self.0 { 0 } else { FAILED.get() + 1 });
            if !self.0 && FAILED.get() < MOST_ATTEMPTS {
                LOADED_AT.set(0);
            }
        }
    }
    LOADING.set(true);
    let mut attempt = Attempt(false);
    cache::settle();
    let generation = cache::generation();
    LOADED_AT.set(generation);
    ENDS_AT.set(i64::MAX);
    let (list, ends) = if deprecation::is_used() { deprecation::in_force() } else { (Vec::new(), None) };
    let mut columns = Columns::new();
    for column in list {
        columns.entry(column.relid).or_default().push(column);
    }
    let (screams, screams_end) =
        if change::screams() { change::screams_in_force() } else { (Vec::new(), None) };
    ANY.set(!columns.is_empty() || !screams.is_empty());
    COLUMNS.set(Rc::new(columns));
    SCREAMS.set(Rc::new(screams));
    ENDS_AT.set(ends.into_iter().chain(screams_end).min().unwrap_or(i64::MAX));
    attempt.0 = true;
}

/// # Safety
/// As [`look`].
#[cold]
unsafe fn look_into(query: *mut pg_sys::Query) {
    let columns = COLUMNS.with_borrow(Clone::clone);
    let screams = SCREAMS.with_borrow(Clone::clone);
    let mut search = Search { columns: &columns, screams: &screams, used: Vec::new(), screaming: Vec::new() };
    let flags = pg_sys::QTW_EXAMINE_RTES_BEFORE as i32;
    // SAFETY: the caller vouches for the query; the walker gets the Search it expects.
    unsafe {
        pg_sys::query_tree_walker(query, Some(walk), std::ptr::from_mut(&mut search).cast(), flags);
    }
    search.screaming.iter().for_each(|s| scream(s));
    // SAFETY: reads the clock.
    let now = unsafe { pg_sys::GetCurrentTimestamp() };
    for d in search.used {
        let over = now >= d.sunset;
        // Below views and functions there are names that are not everybody's.
        let known = catalog::has_any_privilege(d.relid, roles::outer());
        if over && d.level == Level::Enforce {
            refuse(d, known);
        }
        if known && SAID.with_borrow_mut(|s| s.insert((d.name.clone(), d.column.clone(), d.sunset))) {
            let told =
                error::registry::deprecated(&d.name, &d.column, &d.until, over, d.replacement.as_deref());
            if over { told.warn() } else { told.notice() }
        }
    }
}

/// Raises the refusal; its number is in a line of the server log, since a row would roll back with the statement.
fn refuse(d: &Deprecated, known: bool) -> ! {
    let number = audit_log::refusal_number();
    let role = roles::name(roles::outer());
    let statement = session::statement().unwrap_or_default();
    error::registry::past_sunset_logged(number, &d.name, &d.column, &role, &statement).log();
    if !known {
        error::registry::past_sunset_below(number).raise();
    }
    error::registry::past_sunset(number, &d.name, &d.column, d.replacement.as_deref()).raise()
}

/// A reader of what a change takes away, during its test: warned once per session, or refused.
fn scream(s: &Screaming) {
    if !s.concerns(roles::outer()) {
        return;
    }
    if s.level == Level::Enforce {
        let number = audit_log::refusal_number();
        let role = roles::name(roles::outer());
        let statement = session::statement().unwrap_or_default();
        error::change::scream_logged(number, s.change, &s.name, &s.column, &role, &statement).log();
        error::change::scream_refused(number, s.change, &s.name, &s.column, &s.until).raise();
    }
    if SAID.with_borrow_mut(|said| said.insert((s.name.clone(), s.column.clone(), s.began))) {
        error::change::scream(s.change, &s.name, &s.column, &s.until).warn();
    }
}

struct Search<'a> {
    columns: &'a Columns,
    screams: &'a [Screaming],
    used: Vec<&'a Deprecated>,
    screaming: Vec<&'a Screaming>,
}

#[pg_guard]
unsafe extern "C-unwind" fn walk(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    if node.is_null() {
        return false;
    }
    let flags = pg_sys::QTW_EXAMINE_RTES_BEFORE as i32;
    // SAFETY: the context is the Search that every call of ours passes; nodes come from the query.
    unsafe {
        match (*node).type_ {
            NodeTag::T_RangeTblEntry => {
                let entry = node.cast::<pg_sys::RangeTblEntry>();
                let search = &mut *context.cast::<Search>();
                if (*entry).rtekind == pg_sys::RTEKind::RTE_RELATION {
                    let screams = search.screams.iter().filter(|s| s.relid == (*entry).relid);
                    search.screaming.extend(screams.filter(|s| catalog::uses_column(entry, s.number)));
                }
                if (*entry).rtekind == pg_sys::RTEKind::RTE_RELATION
                    && let Some(columns) = search.columns.get(&(*entry).relid)
                {
                    search.used.extend(columns.iter().filter(|d| catalog::uses_column(entry, d.number)));
                }
                false
            }
            NodeTag::T_Query => pg_sys::query_tree_walker(node.cast(), Some(walk), context, flags),
            _ => pg_sys::expression_tree_walker(node, Some(walk), context),
        }
    }
}
