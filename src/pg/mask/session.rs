//! What is special for this session: the recipient it set, an export that forces masks, the query being planned.
use super::redact;
use crate::error;
use crate::pg::plain;
use crate::settings;
use pgrx::pg_sys;
use pgrx::{GucContext, GucFlags, GucRegistry};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::ffi::{c_char, c_void};
use std::rc::Rc;

/// A column that was masked, and how.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    /// The relation, as it is written.
    pub relation: String,
    /// The column.
    pub column: String,
    /// Why.
    pub tags: Vec<String>,
    /// The mask.
    pub mask: &'static str,
    /// Its arguments, as JSON.
    pub args: String,
}

/// Columns that were masked: shared by whoever began and the planner, so that it outlives an error.
pub type Noted = Rc<RefCell<BTreeSet<Seen>>>;

/// What an export asked for.
struct Forced {
    recipient: String,
    seen: Noted,
}

thread_local! {
    static RECIPIENT_SET: Cell<bool> = const { Cell::new(false) };
    static IS_FORCED: Cell<bool> = const { Cell::new(false) };
    static FORCED: RefCell<Option<Forced>> = const { RefCell::new(None) };
    static PLANNING_MASKED: Cell<bool> = const { Cell::new(false) };
    static OUTER_ROLE: Cell<pg_sys::Oid> = const { Cell::new(pg_sys::Oid::INVALID) };
    static INTERNAL: Cell<bool> = const { Cell::new(false) };
    static INSIDE_CHECK: Cell<bool> = const { Cell::new(false) };
    /// Whether the executor has started in this process.
    static RUNS_QUERY: Cell<bool> = const { Cell::new(false) };
    /// As whom the maintenance runs that the frame is a part of.
    static MAINTAINS_AS: Cell<pg_sys::Oid> = const { Cell::new(pg_sys::Oid::INVALID) };
}

/// Assign hook of `governance.recipient`: plans of this session were made for another recipient.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn assign_recipient(value: *const c_char, _extra: *mut c_void) {
    // SAFETY: the server passes NULL or a C string.
    RECIPIENT_SET.set(!value.is_null() && unsafe { *value } != 0);
    // SAFETY: only marks saved plans; an abort may call it, too.
    unsafe { pg_sys::ResetPlanCache() };
}

/// Defines `governance.recipient`, with the hook that hears of each change: reading a string setting allocates.
pub fn define_recipient() {
    // SAFETY: the hook is guarded and lives as long as the process.
    unsafe {
        GucRegistry::define_string_guc_with_hooks(
            c"governance.recipient",
            c"Who will receive what this session reads; masks everything tagged.",
            c"Tightens only. Needs the library loaded at session start.",
            &settings::RECIPIENT,
            GucContext::Userset,
            GucFlags::default(),
            None,
            Some(assign_recipient),
            None,
        );
    }
}

/// Whether the session set `governance.recipient`.
#[inline]
#[must_use]
pub fn recipient_is_set() -> bool {
    RECIPIENT_SET.get()
}

/// Whether an export forces masks on everybody.
#[inline]
#[must_use]
pub fn is_forced() -> bool {
    IS_FORCED.get()
}

/// For whom masks are forced on everybody: by an export, else by the setting.
#[must_use]
pub fn recipient() -> Option<String> {
    let forced = FORCED.with_borrow(|f| f.as_ref().map(|f| f.recipient.clone()));
    forced.or_else(|| recipient_is_set().then(|| settings::text(&settings::RECIPIENT).unwrap_or_default()))
}

/// Notes a column that an export masked.
pub fn note(seen: impl FnOnce() -> Seen) {
    if is_forced() {
        let noted = FORCED.with_borrow(|f| f.as_ref().map(|f| Rc::clone(&f.seen)));
        if let Some(noted) = noted {
            let seen = seen();
            noted.borrow_mut().insert(seen);
        }
    }
}

/// Masks on everybody until dropped, whatever the mode. Holds whether details were hidden before.
pub struct Force(bool);

impl Force {
    /// Begins; plans cached before must not leak, plans cached meanwhile must not stay masked. What is masked is noted.
    #[must_use]
    pub fn begin(recipient: &str, seen: &Noted) -> Self {
        if is_forced() {
            // The inner one would end the masks of the outer.
            error::privacy::not_exportable("It runs inside another export.").raise();
        }
        FORCED.set(Some(Forced { recipient: recipient.to_string(), seen: Rc::clone(seen) }));
        IS_FORCED.set(true);
        // SAFETY: only marks saved plans.
        unsafe { pg_sys::ResetPlanCache() };
        Force(redact::hides())
    }
}

impl Drop for Force {
    fn drop(&mut self) {
        redact::hide_as_before(self.0);
        IS_FORCED.set(false);
        FORCED.set(None);
        // SAFETY: only marks saved plans.
        unsafe { pg_sys::ResetPlanCache() };
    }
}

/// While it lives, the planner is at work on a query of a masked session, or of another.
pub struct Planning(bool);

impl Planning {
    /// Begins; planning may nest, since the planner evaluates functions.
    #[must_use]
    pub fn begin(masked: bool) -> Self {
        Planning(PLANNING_MASKED.replace(masked))
    }
}

impl Drop for Planning {
    fn drop(&mut self) {
        PLANNING_MASKED.set(self.0);
    }
}

/// Whether the query being planned is that of a masked session.
#[inline]
#[must_use]
pub fn is_planning_masked() -> bool {
    PLANNING_MASKED.get()
}

/// While it lives, our own queries are not masked and load nothing.
pub struct Internal(bool);

impl Internal {
    /// Begins.
    #[must_use]
    pub fn begin() -> Self {
        Internal(INTERNAL.replace(true))
    }
}

impl Drop for Internal {
    fn drop(&mut self) {
        INTERNAL.set(self.0);
    }
}

/// Whether a query of our own is running.
#[inline]
#[must_use]
pub fn is_internal() -> bool {
    INTERNAL.get()
}

/// While it lives, the query is being planned: functions that the planner evaluates, such as a cast of the key's type, run
/// inside a check of a foreign key that is being planned.
pub struct InsideFrame(Frame);

impl InsideFrame {
    /// Begins.
    #[must_use]
    pub fn begin() -> Self {
        InsideFrame(frame_begins())
    }
}

impl Drop for InsideFrame {
    fn drop(&mut self) {
        frame_ends(self.0);
    }
}

/// What was noted before a frame began.
#[derive(Clone, Copy)]
pub struct Frame {
    inside_check: bool,
    maintains_as: pg_sys::Oid,
}

/// The planner, the executor or a utility statement begins; notes whether it runs inside the check of a foreign key
/// already, or inside maintenance, and gives what was noted before, for [`frame_ends`]. Neither can panic: both are called
/// in frames without a guard.
#[inline]
#[must_use]
pub fn frame_begins() -> Frame {
    let (_, context) = plain::security();
    let inside_check = INSIDE_CHECK.replace(context & pg_sys::SECURITY_NOFORCE_RLS != 0);
    Frame { inside_check, maintains_as: MAINTAINS_AS.replace(maintainer().unwrap_or(pg_sys::InvalidOid)) }
}

/// The executor starts.
#[inline]
#[must_use]
pub fn executor_begins() -> Frame {
    RUNS_QUERY.set(true);
    frame_begins()
}

/// Whether this is a parallel worker that runs a query, not one that builds an index.
#[must_use]
pub fn is_query_worker() -> bool {
    // SAFETY: plain read of a backend global.
    unsafe { pg_sys::ParallelWorkerNumber >= 0 && RUNS_QUERY.get() }
}

/// It has ended.
#[inline]
pub fn frame_ends(before: Frame) {
    INSIDE_CHECK.set(before.inside_check);
    MAINTAINS_AS.set(before.maintains_as);
}

/// A (sub)transaction was aborted, and frames ended without saying so. The security context is again the one of the
/// frame in which it began.
pub fn frame_aborted() {
    // SAFETY: plain read of a backend global.
    INSIDE_CHECK.set(unsafe { pg_sys::InNoForceRLSOperation() });
    MAINTAINS_AS.set(maintainer().unwrap_or(pg_sys::InvalidOid));
}

/// For whom the server maintains an object now (REFRESH, ANALYZE, REINDEX): its owner, whoever asked for it, and whatever
/// SECURITY DEFINER functions are called on the way.
#[inline]
#[must_use]
pub fn maintainer() -> Option<pg_sys::Oid> {
    let (user, context) = plain::security();
    (context & pg_sys::SECURITY_RESTRICTED_OPERATION != 0).then(|| match MAINTAINS_AS.get() {
        pg_sys::Oid::INVALID => user,
        known => known,
    })
}

/// Whether the query being planned is one by which PostgreSQL itself checks a foreign key. Triggers and casts that such a
/// query runs inherit its security context, but run inside a planner or an executor that was started in it: theirs are not.
#[must_use]
pub fn is_foreign_key_check() -> bool {
    // SAFETY: plain read of a backend global.
    unsafe { pg_sys::InNoForceRLSOperation() && !INSIDE_CHECK.get() }
}

/// Plans made inside SECURITY DEFINER functions depend on the outer role, which the plan cache does not compare.
pub fn note_outer_role() {
    let now = plain::outer_user();
    if OUTER_ROLE.replace(now) != now {
        // SAFETY: only marks saved plans.
        unsafe { pg_sys::ResetPlanCache() };
    }
}
