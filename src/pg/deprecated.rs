//! Telling whoever uses a deprecated column, when the statement is planned.
//!
//! Once per session and column: a deprecation that fills logs is switched off by its readers. COPY of a whole table is
//! not planned and says nothing, so that a nightly pg_dump stays quiet.
use super::{cache, catalog, loading, owner, session};
use crate::core::registry::level::Level;
use crate::error;
use crate::registry::deprecation::{self, Deprecated};
use pgrx::pg_sys;
use pgrx::pg_sys::NodeTag;
use pgrx::prelude::*;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::ffi::c_void;
use std::rc::Rc;

type Columns = HashMap<pg_sys::Oid, Vec<Deprecated>>;

thread_local! {
    static COLUMNS: RefCell<Rc<Columns>> = RefCell::default();
    static ANY: Cell<bool> = const { Cell::new(false) };
    static LOADED_AT: Cell<u64> = const { Cell::new(0) };
    static ENDS_AT: Cell<i64> = const { Cell::new(i64::MAX) };
    static LOADING: Cell<bool> = const { Cell::new(false) };
    /// What was said: relation, column and sunset.
    static SAID: RefCell<HashSet<(pg_sys::Oid, i16, i64)>> = RefCell::default();
}

/// Looks whether a query that is about to be planned uses deprecated columns: one cached test where nothing is.
///
/// # Safety
/// `query` must be an analysed and rewritten query.
#[inline]
pub unsafe fn look(query: *mut pg_sys::Query) {
    if LOADED_AT.get() != cache::generation() || has_ended() {
        reload();
    }
    if ANY.get() && !is_our_own() {
        // SAFETY: the caller vouches for the query.
        unsafe { look_into(query) };
    }
}

/// Queries of ours, of a foreign key's check, and of what has no client.
fn is_our_own() -> bool {
    // SAFETY: plain reads of backend globals.
    owner::is_acting() || unsafe { pg_sys::InNoForceRLSOperation() || !session::has_client() }
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
    struct Done;
    impl Drop for Done {
        fn drop(&mut self) {
            LOADING.set(false);
        }
    }
    LOADING.set(true);
    let _done = Done;
    cache::settle();
    let generation = cache::generation();
    let (list, ends) = if deprecation::is_used() { deprecation::in_force() } else { (Vec::new(), None) };
    let mut columns = Columns::new();
    for column in list {
        columns.entry(column.relid).or_default().push(column);
    }
    ANY.set(!columns.is_empty());
    COLUMNS.set(Rc::new(columns));
    ENDS_AT.set(ends.unwrap_or(i64::MAX));
    LOADED_AT.set(generation);
}

/// # Safety
/// As [`look`].
#[cold]
unsafe fn look_into(query: *mut pg_sys::Query) {
    let columns = COLUMNS.with_borrow(Clone::clone);
    let mut search = Search { columns: &columns, used: Vec::new() };
    let flags = pg_sys::QTW_EXAMINE_RTES_BEFORE as i32;
    // SAFETY: the caller vouches for the query; the walker gets the Search it expects.
    unsafe {
        pg_sys::query_tree_walker(query, Some(walk), std::ptr::from_mut(&mut search).cast(), flags);
    }
    // SAFETY: reads the clock.
    let now = unsafe { pg_sys::GetCurrentTimestamp() };
    for d in search.used {
        let over = now >= d.sunset;
        if over && d.level == Level::Enforce {
            error::registry::past_sunset(&d.name, &d.column, d.replacement.as_deref()).raise();
        }
        if SAID.with_borrow_mut(|s| s.insert((d.relid, d.number, d.sunset))) {
            let told =
                error::registry::deprecated(&d.name, &d.column, &d.until, over, d.replacement.as_deref());
            if over { told.warn() } else { told.notice() }
        }
    }
}

struct Search<'a> {
    columns: &'a Columns,
    used: Vec<&'a Deprecated>,
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
