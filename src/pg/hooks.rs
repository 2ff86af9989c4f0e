//! The hook chain: installed once, chained behind whatever was there, dispatching to the features' halves in this
//! folder.
//!
//! Each hook asks first whether it may act at all ([`active`]), so that a database without the extension, a session
//! that merely called one of our functions, and the kill switch cost one cached test. Masks may be asked for in every
//! mode (`export_query`), so theirs ask [`mask::wanted`] instead.
//!
//! Errors of PostgreSQL pass through our hooks as if they were not there. pgrx would catch them, turn them into panics
//! and raise them anew, without CONTEXT, position and the names of constraint, table and column that clients rely on.
//! So the hooks around the executor and around utility statements are plain frames without destructors, over which an
//! error may jump, and call the next hook directly; what they do before and after stands in guarded functions of its
//! own. Only the planner of a session that masks concern is called inside `pg_guard_ffi_boundary`.
use super::object::catalogs::{PG_ATTRDEF, PG_CLASS, PG_CONSTRAINT};
use super::{
    audit_row, cache, catalog, compiled, ddl_hook, deprecated, explaining, loading, looking, mask, readers,
    session, write_hook,
};
use pgrx::pg_sys;
use pgrx::pg_sys::ffi::pg_guard_ffi_boundary;
use std::cell::Cell;
use std::ffi::{c_char, c_int, c_void};

/// The server's own functions: pgrx's bindings of the same names would catch their errors.
mod standard {
    use pgrx::pg_sys;
    use std::ffi::{c_char, c_int};

    unsafe extern "C-unwind" {
        pub fn standard_planner(
            query: *mut pg_sys::Query,
            source: *const c_char,
            options: c_int,
            params: pg_sys::ParamListInfo,
        ) -> *mut pg_sys::PlannedStmt;
        pub fn standard_ExecutorStart(desc: *mut pg_sys::QueryDesc, flags: c_int);
        pub fn standard_ExecutorRun(
            desc: *mut pg_sys::QueryDesc,
            direction: pg_sys::ScanDirection::Type,
            count: u64,
            once: bool,
        );
        pub fn standard_ExecutorFinish(desc: *mut pg_sys::QueryDesc);
        pub fn standard_ProcessUtility(
            statement: *mut pg_sys::PlannedStmt,
            source: *const c_char,
            read_only: bool,
            context: pg_sys::ProcessUtilityContext::Type,
            params: pg_sys::ParamListInfo,
            environment: *mut pg_sys::QueryEnvironment,
            dest: *mut pg_sys::DestReceiver,
            completion: *mut pg_sys::QueryCompletion,
        );
    }
}

thread_local! {
    static EXECUTOR_HOOKED: Cell<bool> = const { Cell::new(false) };
    /// Whether the utility statement that began last makes indexes anew that were there.
    static REINDEXES: Cell<bool> = const { Cell::new(false) };
}

static mut PREVIOUS_PLANNER: pg_sys::planner_hook_type = None;
static mut PREVIOUS_START: pg_sys::ExecutorStart_hook_type = None;
static mut PREVIOUS_RUN: pg_sys::ExecutorRun_hook_type = None;
static mut PREVIOUS_FINISH: pg_sys::ExecutorFinish_hook_type = None;
static mut PREVIOUS_UTILITY: pg_sys::ProcessUtility_hook_type = None;
static mut PREVIOUS_OBJECT_ACCESS: pg_sys::object_access_hook_type = None;
static mut PREVIOUS_CHECK_PERMS: pg_sys::ExecutorCheckPerms_hook_type = None;
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
    compiled::install();
    super::definitions::install();
    // SAFETY: the server is single-threaded and calls _PG_init once per process; each hook is saved before it is set.
    unsafe {
        PREVIOUS_PLANNER = pg_sys::planner_hook;
        pg_sys::planner_hook = Some(planner);
        PREVIOUS_UTILITY = pg_sys::ProcessUtility_hook;
        pg_sys::ProcessUtility_hook = Some(utility);
        PREVIOUS_OBJECT_ACCESS = pg_sys::object_access_hook;
        pg_sys::object_access_hook = Some(object_access);
        PREVIOUS_CHECK_PERMS = pg_sys::ExecutorCheckPerms_hook;
        pg_sys::ExecutorCheckPerms_hook = Some(check_perms);
        PREVIOUS_START = pg_sys::ExecutorStart_hook;
        pg_sys::ExecutorStart_hook = Some(executor_start);
        PREVIOUS_NEEDS_FMGR = pg_sys::needs_fmgr_hook;
        pg_sys::needs_fmgr_hook = Some(needs_fmgr);
    }
}

/// Installs the executor's hooks, once a session needs them: where something is masked, error details are redacted. The
/// two cost about 0.1 µs per statement, so a session in a database without masks goes without.
pub fn hook_executor() {
    if EXECUTOR_HOOKED.replace(true) {
        return;
    }
    // SAFETY: the server is single-threaded; each hook is saved before it is set, and that happens once per process.
    unsafe {
        PREVIOUS_RUN = pg_sys::ExecutorRun_hook;
        pg_sys::ExecutorRun_hook = Some(executor_run);
        PREVIOUS_FINISH = pg_sys::ExecutorFinish_hook;
        pg_sys::ExecutorFinish_hook = Some(executor_finish);
    }
    mask::hook_reports();
}

/// What is to be done around a planner.
#[derive(Clone, Copy)]
#[repr(C)]
struct Wanted {
    /// Masks are put into the query.
    masks: bool,
    /// The plan holds for this transaction only: what was judged may be different in the next.
    transient: bool,
    /// The plan is only shown.
    explains: bool,
    /// What it reads is noted.
    reads: bool,
    /// How many reads others have found before.
    base: usize,
}

/// The planner; masks are put into the query on the way, and reads are found.
unsafe extern "C-unwind" fn planner(
    query: *mut pg_sys::Query,
    source: *const c_char,
    options: c_int,
    params: pg_sys::ParamListInfo,
) -> *mut pg_sys::PlannedStmt {
    // SAFETY: arguments come from the server; a frame without destructors.
    unsafe {
        let wanted = planner_begins(query, source);
        let plan = match PREVIOUS_PLANNER {
            _ if wanted.masks => planner_with_masks(query, source, options, params),
            Some(hook) => hook(query, source, options, params),
            None => standard::standard_planner(query, source, options, params),
        };
        if wanted.transient {
            (*plan).transientPlan = true;
        }
        if wanted.explains {
            planner_explains();
        }
        if wanted.reads {
            planner_ends(plan, wanted.base);
        }
        plan
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn planner_begins(query: *mut pg_sys::Query, source: *const c_char) -> Wanted {
    let mut wanted = Wanted { masks: false, transient: false, explains: false, reads: false, base: 0 };
    if active() {
        // SAFETY: `query` is the analysed, rewritten query that the server asks to plan.
        unsafe {
            deprecated::look(query, source);
            wanted.explains = explaining::take();
            wanted.transient = !wanted.explains && write_hook::look(query);
            if readers::looks_at_plans() {
                (wanted.reads, wanted.base) = (true, readers::plan::begin(query));
            }
        }
    }
    wanted.masks = mask::wanted();
    wanted
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn planner_explains() {
    explaining::go_on();
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn planner_ends(plan: *mut pg_sys::PlannedStmt, base: usize) {
    // SAFETY: the plan that was just made, in the memory of its caller.
    unsafe { readers::plan::end(plan, base) };
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn planner_with_masks(
    query: *mut pg_sys::Query,
    source: *const c_char,
    options: c_int,
    params: pg_sys::ParamListInfo,
) -> *mut pg_sys::PlannedStmt {
    // Workers would not know that an export forces masks.
    let parallel = if mask::is_forced() { pg_sys::CURSOR_OPT_PARALLEL_OK as c_int } else { 0 };
    let options = options & !parallel;
    // SAFETY: arguments come from the server; the next planner gets the same, perhaps with another query.
    let next = |query: *mut pg_sys::Query| unsafe {
        match PREVIOUS_PLANNER {
            Some(hook) => pg_guard_ffi_boundary(|| hook(query, source, options, params)),
            None => pg_sys::standard_planner(query, source, options, params),
        }
    };
    // SAFETY: `query` is the analysed, rewritten query that the server asks to plan.
    unsafe { mask::plan(query, next) }
}

/// Partitions are pruned when the executor starts: that evaluates functions. Installed in every process: a parallel worker
/// begins with it.
unsafe extern "C-unwind" fn executor_start(desc: *mut pg_sys::QueryDesc, flags: c_int) {
    // SAFETY: arguments are passed on as they came; a frame without destructors.
    unsafe {
        let before = mask::executor_begins();
        match PREVIOUS_START {
            Some(hook) => hook(desc, flags),
            None => standard::standard_ExecutorStart(desc, flags),
        }
        mask::frame_ends(before);
    }
}

unsafe extern "C-unwind" fn executor_run(
    desc: *mut pg_sys::QueryDesc,
    direction: pg_sys::ScanDirection::Type,
    count: u64,
    once: bool,
) {
    let mut callback = mask::no_callback();
    // SAFETY: arguments are passed on as they came; a frame without destructors, which outlives the callback.
    unsafe {
        let before = mask::frame_begins();
        let pushed = redaction_begins(&mut callback, (*desc).plannedstmt);
        match PREVIOUS_RUN {
            Some(hook) => hook(desc, direction, count, once),
            None => standard::standard_ExecutorRun(desc, direction, count, once),
        }
        if pushed {
            pg_sys::error_context_stack = callback.previous;
        }
        mask::frame_ends(before);
        if mask::recipient_is_set() {
            rows_sent(desc);
        }
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn rows_sent(desc: *mut pg_sys::QueryDesc) {
    if mask::sent::notes() {
        // SAFETY: the query that was just run.
        unsafe { mask::sent::ran(desc) };
    }
}

unsafe extern "C-unwind" fn executor_finish(desc: *mut pg_sys::QueryDesc) {
    let mut callback = mask::no_callback();
    // SAFETY: the argument is passed on as it came; a frame without destructors, which outlives the callback.
    unsafe {
        let before = mask::frame_begins();
        let pushed = redaction_begins(&mut callback, (*desc).plannedstmt);
        match PREVIOUS_FINISH {
            Some(hook) => hook(desc),
            None => standard::standard_ExecutorFinish(desc),
        }
        if pushed {
            pg_sys::error_context_stack = callback.previous;
        }
        mask::frame_ends(before);
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn redaction_begins(
    callback: *mut pg_sys::ErrorContextCallback,
    statement: *mut pg_sys::PlannedStmt,
) -> bool {
    // SAFETY: the callback is in the frame of the hook that calls this, and the statement is what it runs.
    unsafe { mask::push_redaction(callback, statement) }
}

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
    let mut callback = mask::no_callback();
    let (mut statement, mut read_only) = (statement, read_only);
    // SAFETY: arguments are passed on as they came, but for a statement that was rewritten; a frame without destructors,
    // which outlives the callback.
    unsafe {
        let mut copied = None;
        let begun = utility_begins(&mut statement, &mut read_only, context, &mut copied);
        let mut sends = None;
        if mask::recipient_is_set() {
            utility_sends(statement, context, &mut sends);
        }
        let before = mask::frame_begins();
        let pushed = redaction_begins(&mut callback, std::ptr::null_mut());
        match PREVIOUS_UTILITY {
            Some(hook) => hook(statement, source, read_only, context, params, environment, dest, completion),
            None => standard::standard_ProcessUtility(
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
        if pushed {
            pg_sys::error_context_stack = callback.previous;
        }
        mask::frame_ends(before);
        role_may_differ();
        if begun != ddl_hook::Begun::Nothing {
            utility_ends(begun);
        }
        if let Some(copied) = copied {
            copy_ended(copied);
        }
        if let Some(kind) = sends {
            utility_sent(&kind, completion);
        }
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn utility_sends(
    statement: *mut pg_sys::PlannedStmt,
    context: pg_sys::ProcessUtilityContext::Type,
    kind: *mut Option<&'static str>,
) {
    let is_top = context == pg_sys::ProcessUtilityContext::PROCESS_UTILITY_TOPLEVEL;
    if mask::sent::notes() {
        // SAFETY: the utility statement that the server is about to run; `kind` is in the frame of the hook that calls this.
        unsafe { *kind = mask::sent::utility(statement, is_top) };
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn utility_sent(
    kind: *const &'static str,
    completion: *const pg_sys::QueryCompletion,
) {
    // SAFETY: what the server was told of the statement that has just run; `kind` is in the frame of the hook that calls this.
    unsafe {
        let said = completion.as_ref().map(|c| (c.commandTag, c.nprocessed));
        mask::sent::utility_sent(*kind, said);
    }
}

/// After SET ROLE a saved plan may be used before the planner, the executor or a utility statement is called again.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn role_may_differ() {
    mask::note_outer_role();
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn utility_begins(
    statement: *mut *mut pg_sys::PlannedStmt,
    read_only: *mut bool,
    context: pg_sys::ProcessUtilityContext::Type,
    copied: *mut Option<usize>,
) -> ddl_hook::Begun {
    // SAFETY: all point into the frame of the hook that calls this. A rewritten statement is a private copy, which may
    // be scribbled on.
    unsafe {
        let utility = (**statement).utilityStmt;
        REINDEXES.set(!utility.is_null() && (*utility).type_ == pg_sys::NodeTag::T_ReindexStmt);
        if active()
            && let Some(copy) = super::old_name::rewrite_copy(*statement)
        {
            *statement = copy;
            *read_only = false;
        }
        if let Some(copy) = mask::rewrite_copy(*statement) {
            *statement = copy;
            *read_only = false;
        }
        *copied = readers::copied(*statement);
        if !active() {
            return ddl_hook::Begun::Nothing;
        }
        let given = *statement;
        let begun = ddl_hook::before(&mut *statement, context);
        // Another statement than the one given is a private copy as well.
        *read_only &= *statement == given;
        begun
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn utility_ends(begun: ddl_hook::Begun) {
    ddl_hook::after(begun);
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn copy_ended(copied: usize) {
    readers::was_copied(copied);
}

/// The server calls this for every function it prepares to execute and every schema it searches. Those concern nobody
/// here, and entering Rust with a guard costs more than looking: they return at once.
unsafe extern "C-unwind" fn object_access(
    access: pg_sys::ObjectAccessType::Type,
    class: pg_sys::Oid,
    object: pg_sys::Oid,
    sub: c_int,
    arg: *mut c_void,
) {
    use pg_sys::ObjectAccessType::{OAT_FUNCTION_EXECUTE, OAT_NAMESPACE_SEARCH};
    // SAFETY: reads a static that is set once; arguments are passed on as they came. Nothing before the guarded call can
    // panic.
    unsafe {
        let frequent = access == OAT_FUNCTION_EXECUTE || access == OAT_NAMESPACE_SEARCH;
        let previous = PREVIOUS_OBJECT_ACCESS;
        if frequent && previous.is_none() && !looking::is_on() {
            return;
        }
        object_access_guarded(access, class, object, sub, arg);
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn object_access_guarded(
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
        if looking::is_on() && access == pg_sys::ObjectAccessType::OAT_FUNCTION_EXECUTE {
            looking::refuse(object);
        }
        if active() {
            refuse_calls_of_mask(access, class, arg);
            ddl_hook::object_access(access, class, object, sub, arg);
        }
    }
}

/// What is evaluated while the statement that makes it still runs: indexes, constraints, generated columns.
unsafe fn refuse_calls_of_mask(access: pg_sys::ObjectAccessType::Type, class: pg_sys::Oid, arg: *mut c_void) {
    let evaluated = [PG_CLASS, PG_CONSTRAINT, PG_ATTRDEF];
    if access == pg_sys::ObjectAccessType::OAT_POST_CREATE && evaluated.contains(&class) {
        // SAFETY: for OAT_POST_CREATE the argument is an ObjectAccessPostCreate.
        let anew = REINDEXES.get()
            || !arg.is_null() && unsafe { (*arg.cast::<pg_sys::ObjectAccessPostCreate>()).is_internal };
        if !anew {
            mask::index::refuse_new();
        }
    }
}

/// Called once per execution, COPY included, after the server's own check has passed.
unsafe extern "C-unwind" fn check_perms(range_table: *mut pg_sys::List, raises: bool) -> bool {
    // SAFETY: arguments are passed on as they came; a frame without destructors, and what looks here cannot raise.
    unsafe {
        if let Some(hook) = PREVIOUS_CHECK_PERMS
            && !hook(range_table, raises)
        {
            return false;
        }
        let is_shown = explaining::take();
        if !is_shown && write_hook::writes(range_table) {
            check_writes(range_table);
        }
        if !is_shown && mask::recipient_is_set() {
            note_reads(range_table);
        }
        true
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn check_writes(range_table: *mut pg_sys::List) {
    // COPY asks this before it says that it may not write.
    if active() && !session::is_read_only() {
        // SAFETY: the range table that the server is about to execute.
        unsafe { write_hook::judge(range_table) };
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn note_reads(range_table: *mut pg_sys::List) {
    if mask::sent::notes() {
        // SAFETY: the range table that the server is about to execute.
        unsafe { mask::sent::look(range_table) };
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
