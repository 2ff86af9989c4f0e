//! The hook chain: installed once, chained behind whatever was there, dispatching to the features' halves in this
//! folder.
//!
//! Each hook asks first whether it may act at all ([`active`]), so that a database without the extension, a session
//! that merely called one of our functions, and the kill switch cost one cached test. Masks may be asked for in every
//! mode (`export_query`), so theirs ask [`mask::wanted`] instead.
//!
//! Other hooks are called inside `pg_guard_ffi_boundary`, and nothing with a destructor is created inside it.
use super::{audit_row, cache, catalog, ddl_hook, loading, mask};
use pgrx::pg_sys;
use pgrx::pg_sys::ffi::pg_guard_ffi_boundary;
use std::ffi::{c_char, c_int, c_void};

static mut PREVIOUS_PLANNER: pg_sys::planner_hook_type = None;
static mut PREVIOUS_RUN: pg_sys::ExecutorRun_hook_type = None;
static mut PREVIOUS_FINISH: pg_sys::ExecutorFinish_hook_type = None;
static mut PREVIOUS_UTILITY: pg_sys::ProcessUtility_hook_type = None;
static mut PREVIOUS_OBJECT_ACCESS: pg_sys::object_access_hook_type = None;
static mut PREVIOUS_NEEDS_FMGR: pg_sys::needs_fmgr_hook_type = None;

/// Whether hooks act in this session: loaded at session start or preloaded, not switched off, extension present.
#[inline]
#[must_use]
pub fn active() -> bool {
    loading::mode() > loading::Mode::Installed && crate::settings::ENABLED.get() && catalog::is_present()
}

/// Installs callbacks and hooks; called once per process by `_PG_init`.
pub fn install() {
    // SAFETY: plain read of a server global.
    if unsafe { pg_sys::IsBinaryUpgrade } {
        return; // pg_upgrade restores catalogs that are not consistent yet
    }
    cache::install();
    audit_row::install();
    // SAFETY: the server is single-threaded and calls _PG_init once per process; each hook is saved before it is set.
    unsafe {
        PREVIOUS_PLANNER = pg_sys::planner_hook;
        pg_sys::planner_hook = Some(planner);
        PREVIOUS_RUN = pg_sys::ExecutorRun_hook;
        pg_sys::ExecutorRun_hook = Some(executor_run);
        PREVIOUS_FINISH = pg_sys::ExecutorFinish_hook;
        pg_sys::ExecutorFinish_hook = Some(executor_finish);
        PREVIOUS_UTILITY = pg_sys::ProcessUtility_hook;
        pg_sys::ProcessUtility_hook = Some(utility);
        PREVIOUS_OBJECT_ACCESS = pg_sys::object_access_hook;
        pg_sys::object_access_hook = Some(object_access);
        PREVIOUS_NEEDS_FMGR = pg_sys::needs_fmgr_hook;
        pg_sys::needs_fmgr_hook = Some(needs_fmgr);
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn planner(
    query: *mut pg_sys::Query,
    source: *const c_char,
    options: c_int,
    params: pg_sys::ParamListInfo,
) -> *mut pg_sys::PlannedStmt {
    // SAFETY: arguments come from the server; the next planner gets the same, perhaps with another query.
    let next = |query: *mut pg_sys::Query| unsafe {
        match PREVIOUS_PLANNER {
            Some(hook) => pg_guard_ffi_boundary(|| hook(query, source, options, params)),
            None => pg_sys::standard_planner(query, source, options, params),
        }
    };
    if mask::wanted() {
        // SAFETY: `query` is the analysed, rewritten query that the server asks to plan.
        return unsafe { mask::plan(query, next) };
    }
    next(query)
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn executor_run(
    desc: *mut pg_sys::QueryDesc,
    direction: pg_sys::ScanDirection::Type,
    count: u64,
    once: bool,
) {
    let _frame = mask::Frame::begin();
    let _redaction = mask::redact_errors();
    // SAFETY: arguments are passed on as they came.
    unsafe {
        match PREVIOUS_RUN {
            Some(hook) => pg_guard_ffi_boundary(|| hook(desc, direction, count, once)),
            None => pg_sys::standard_ExecutorRun(desc, direction, count, once),
        }
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn executor_finish(desc: *mut pg_sys::QueryDesc) {
    let _frame = mask::Frame::begin();
    let _redaction = mask::redact_errors();
    // SAFETY: the argument is passed on as it came.
    unsafe {
        match PREVIOUS_FINISH {
            Some(hook) => pg_guard_ffi_boundary(|| hook(desc)),
            None => pg_sys::standard_ExecutorFinish(desc),
        }
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn utility(
    statement: *mut pg_sys::PlannedStmt,
    source: *const c_char,
    read_only: bool,
    context: pg_sys::ProcessUtilityContext::Type,
    params: pg_sys::ParamListInfo,
    environment: *mut pg_sys::QueryEnvironment,
    dest: *mut pg_sys::DestReceiver,
    completion: *mut pg_sys::QueryCompletion,
) {
    // SAFETY: the statement comes from the server. A rewritten one is a private copy, which may be scribbled on.
    let (statement, read_only) = unsafe {
        match mask::rewrite_copy(statement) {
            Some(copy) => (copy, false),
            None => (statement, read_only),
        }
    };
    let _frame = mask::Frame::begin();
    let _redaction = mask::redact_errors();
    // SAFETY: arguments are passed on as they came, but for the statement above.
    let next = || unsafe {
        match PREVIOUS_UTILITY {
            Some(hook) => pg_guard_ffi_boundary(|| {
                hook(statement, source, read_only, context, params, environment, dest, completion)
            }),
            None => pg_sys::standard_ProcessUtility(
                statement,
                source,
                read_only,
                context,
                params,
                environment,
                dest,
                completion,
            ),
        }
    };
    if active() {
        // SAFETY: the statement is valid for the duration of the call.
        unsafe { ddl_hook::around(statement, next) };
    } else {
        next();
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn object_access(
    access: pg_sys::ObjectAccessType::Type,
    class: pg_sys::Oid,
    object: pg_sys::Oid,
    sub: c_int,
    arg: *mut c_void,
) {
    // SAFETY: arguments are passed on as they came.
    unsafe {
        if let Some(hook) = PREVIOUS_OBJECT_ACCESS {
            pg_guard_ffi_boundary(|| hook(access, class, object, sub, arg));
        }
        if active() {
            ddl_hook::object_access(access, class, object, sub, arg);
        }
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn needs_fmgr(function: pg_sys::Oid) -> bool {
    if mask::refuses_inlining(function) {
        return true;
    }
    // SAFETY: the argument is passed on as it came.
    unsafe {
        match PREVIOUS_NEEDS_FMGR {
            Some(hook) => pg_guard_ffi_boundary(|| hook(function)),
            None => false,
        }
    }
}
