//! The two hooks of the ledger. Plain frames, over which errors may jump, as in `pg/hooks.rs`.
use super::{plan, watch};
use pgrx::pg_sys;
use std::cell::Cell;
use std::ffi::c_int;

unsafe extern "C-unwind" {
    /// The server's own function: pgrx's binding of the same name would catch its errors.
    fn standard_ExecutorStart(desc: *mut pg_sys::QueryDesc, flags: c_int);
}

thread_local! {
    static HOOKED: Cell<bool> = const { Cell::new(false) };
}

static mut PREVIOUS_START: pg_sys::ExecutorStart_hook_type = None;
static mut PREVIOUS_PATHLIST: pg_sys::set_rel_pathlist_hook_type = None;

/// Installs the hooks of the column-read ledger, once something is watched in this database.
pub fn install() {
    if HOOKED.replace(true) {
        return;
    }
    // SAFETY: the server is single-threaded; each hook is saved before it is set, and that happens once per process.
    unsafe {
        PREVIOUS_START = pg_sys::ExecutorStart_hook;
        pg_sys::ExecutorStart_hook = Some(executor_start);
        PREVIOUS_PATHLIST = pg_sys::set_rel_pathlist_hook;
        pg_sys::set_rel_pathlist_hook = Some(rel_pathlist);
    }
}

unsafe extern "C-unwind" fn rel_pathlist(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    number: pg_sys::Index,
    entry: *mut pg_sys::RangeTblEntry,
) {
    // SAFETY: arguments are passed on as they came; a frame without destructors.
    unsafe {
        if watch::any_known() {
            rel_scanned(root, rel, number, entry);
        }
        if let Some(hook) = PREVIOUS_PATHLIST {
            hook(root, rel, number, entry);
        }
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn rel_scanned(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    number: pg_sys::Index,
    entry: *mut pg_sys::RangeTblEntry,
) {
    // SAFETY: arguments come from the planner.
    unsafe { plan::scanned(root, rel, number, entry) };
}

/// Counts what a plan reads once it has begun, so that a refused statement has read nothing.
unsafe extern "C-unwind" fn executor_start(desc: *mut pg_sys::QueryDesc, flags: c_int) {
    // SAFETY: arguments are passed on as they came; a frame without destructors.
    unsafe {
        match PREVIOUS_START {
            Some(hook) => hook(desc, flags),
            None => standard_ExecutorStart(desc, flags),
        }
        if flags & pg_sys::EXEC_FLAG_EXPLAIN_ONLY as c_int == 0 && plan::is_marked((*desc).plannedstmt) {
            executor_started(desc);
        }
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn executor_started(desc: *mut pg_sys::QueryDesc) {
    // SAFETY: a query that was just started, with a plan of ours.
    unsafe { super::executed(desc) };
}
