//! The guard below the event triggers: every utility statement is judged before it runs, and what object_access_hook sees go
//! beyond what was foreseen when it is done.
//!
//! The server calls that hook once per victim, just before it goes. Raising at the first would hide the rest, so victims
//! are collected while their statement runs: everything it did is still undone by the error. Outside any utility
//! statement (`lo_unlink`) each victim is judged at once.
use super::object::Address;
use super::object::catalogs::{
    PG_AUTHID, PG_CLASS, PG_CONSTRAINT, PG_DATABASE, PG_EVENT_TRIGGER, PG_LARGEOBJECT, PG_NAMESPACE,
    PG_TABLESPACE,
};
use super::{catalog, ddl, explaining, guard as pg_guard, loading, owner, session, versions, xact};
use crate::guard::{self, Layer, Victim};
use pgrx::pg_sys;
use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_void};

/// One utility statement that is running.
struct Frame {
    /// The subtransaction it began in: an error leaves no chance to end the frame, so the abort does.
    sub: pg_sys::SubTransactionId,
    /// What was judged before it ran.
    foreseen: Vec<Address>,
    /// What it took away since.
    victims: Vec<Victim>,
    /// How it stands to the script of an extension.
    script: Script,
}

/// How a statement stands to the script of an extension. What a script does is its extension's business and passes. But an
/// event trigger, a trigger or a default that fires while a statement of the script runs is somebody else's, and the server
/// does not tell them apart: it is what runs inside a statement of the script that itself runs no other statements.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    /// No script is running.
    None,
    /// Of the script, and what it runs is so too: DO, CALL, EXECUTE.
    Passes,
    /// Of the script.
    Ends,
    /// Of somebody else.
    Foreign,
}

/// How a statement that is about to run stands to the script of an extension.
///
/// # Safety
/// `tree` must be a valid node.
unsafe fn script_of(tree: *mut pg_sys::Node) -> Script {
    use pg_sys::NodeTag::{T_CallStmt, T_DoStmt, T_ExecuteStmt};
    if !loading::creating_extension() {
        return Script::None;
    }
    match FRAMES.with_borrow(|frames| frames.last().map(|f| f.script)) {
        Some(Script::Ends | Script::Foreign) => Script::Foreign,
        // SAFETY: the caller vouches for the node.
        _ if matches!(unsafe { (*tree).type_ }, T_CallStmt | T_DoStmt | T_ExecuteStmt) => Script::Passes,
        _ => Script::Ends,
    }
}

/// How many utility statements are running inside each other, of those that are judged.
#[must_use]
pub fn depth() -> usize {
    FRAMES.with_borrow(Vec::len)
}

/// Whether rows that are written now are written by the script of an extension.
#[must_use]
pub fn is_in_script() -> bool {
    loading::creating_extension()
        && FRAMES.with_borrow(|frames| {
            frames.last().is_none_or(|f| !matches!(f.script, Script::Ends | Script::Foreign))
        })
}

thread_local! {
    /// One frame per nesting level of utility statements that may take something away.
    static FRAMES: RefCell<Vec<Frame>> = const { RefCell::new(Vec::new()) };
    /// Whether the extension itself is being dropped.
    static LEAVING: Cell<bool> = const { Cell::new(false) };
}

/// What [`before`] began and [`after`] has to end.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub enum Begun {
    /// Nothing.
    Nothing,
    /// A frame.
    Frame,
    /// The extension's own end.
    Leaving,
    /// A plain EXPLAIN.
    Explaining,
}

/// Before a utility statement: judges what it would do and begins a frame for what it takes away beyond that.
///
/// # Safety
/// `statement` must be a valid utility statement.
#[must_use]
pub unsafe fn before(
    statement: &mut *mut pg_sys::PlannedStmt,
    context: pg_sys::ProcessUtilityContext::Type,
) -> Begun {
    // SAFETY: the caller vouches for the statement.
    let tree = unsafe { (**statement).utilityStmt };
    // Statements that end transactions run without one, and nothing may be read then. What a statement runs as parts of
    // itself was judged with it.
    // SAFETY: plain read of the transaction state; the tag decides.
    let (runs_alone, is_ddl) = unsafe {
        (
            pg_sys::IsTransactionState()
                && context != pg_sys::ProcessUtilityContext::PROCESS_UTILITY_SUBCOMMAND,
            pg_guard::concerns(tree) || (*tree).type_ == pg_sys::NodeTag::T_AlterExtensionStmt,
        )
    };
    if !runs_alone || owner::is_acting() {
        return Begun::Nothing;
    }
    // SAFETY: as above.
    let script = unsafe { script_of(tree) };
    if matches!(script, Script::Passes | Script::Ends) {
        begin(Vec::new(), script);
        return Begun::Frame;
    }
    // SAFETY: as above.
    if let Some(of) = unsafe { pg_guard::only_explains(tree) } {
        explaining::begin(of);
        return Begun::Explaining;
    }
    // PostgreSQL has its own words for what may not write.
    // SAFETY: as above.
    if !is_ddl || session::is_read_only() && !unsafe { pg_guard::reads_only(tree) } {
        return Begun::Nothing;
    }
    // Names must be read before the statement runs: afterwards the old ones are gone.
    // SAFETY: the tree is valid and, though the statement may change its own copy, not touched by us.
    let wish = unsafe { ddl::read(tree) };
    if let ddl::Ddl::DropExtensions { names, .. } = &wish
        && names.iter().any(|n| n == super::EXTENSION)
    {
        // Its own event trigger judges that. Here, asking what is declared would read what is about to go.
        LEAVING.set(true);
        return Begun::Leaving;
    }
    // SAFETY: the tree is valid. Names in it are the caller's to resolve, all else runs under our own path.
    let there = crate::change::before_ddl(|| unsafe { super::wish::read(tree) });
    let tree = match there {
        // SAFETY: a private copy takes the statement's place; it may be scribbled on.
        Some(there) => unsafe {
            let copy: *mut pg_sys::PlannedStmt = pg_sys::copyObjectImpl((*statement).cast()).cast();
            super::addition::skip((*copy).utilityStmt, there.index.as_deref());
            *statement = copy;
            (*copy).utilityStmt
        },
        None => tree,
    };
    let seen = pg_guard::hold::Seen::now();
    // A change that it completes may have put something else under the names in it.
    // SAFETY: as above.
    let (wish, sight) = unsafe { (ddl::read(tree), pg_guard::look(tree)) };
    // SAFETY: as above.
    let postpones = unsafe { pg_guard::must_come_first(tree) };
    let mut foreseen = guard::later::within(postpones, || guard::before(Layer::Utility, &sight, &wish));
    // SAFETY: as above.
    if guard::may_refuse() && unsafe { pg_guard::hold::is_held(tree) } && seen.is_stale_once_held(&sight) {
        // SAFETY: as above.
        let (wish, sight) = unsafe { (ddl::read(tree), pg_guard::look(tree)) };
        foreseen = guard::again(Layer::Utility, &sight, &wish);
    }
    begin(foreseen, script);
    Begun::Frame
}

fn begin(foreseen: Vec<Address>, script: Script) {
    // SAFETY: plain read of the transaction state.
    let sub = unsafe { pg_sys::GetCurrentSubTransactionId() };
    FRAMES.with_borrow_mut(|f| f.push(Frame { sub, foreseen, victims: Vec::new(), script }));
}

/// After a utility statement has run: judges what it took away.
pub fn after(begun: Begun) {
    match begun {
        Begun::Nothing => {}
        Begun::Leaving => LEAVING.set(false),
        Begun::Explaining => explaining::end(),
        Begun::Frame => {
            if let Some(frame) = FRAMES.with_borrow_mut(Vec::pop)
                && !matches!(frame.script, Script::Passes | Script::Ends)
            {
                guard::after(Layer::ObjectAccess, frame.victims, &frame.foreseen);
            }
        }
    }
}

/// Ends the frames that an error left behind: those begun in an aborted subtransaction or below it, or all. Must not
/// raise.
pub fn forget(aborted: Option<pg_sys::SubTransactionId>) {
    let _ = FRAMES.try_with(|f| {
        f.try_borrow_mut().map(|mut frames| match aborted {
            Some(sub) => frames.retain(|f| f.sub < sub),
            None => frames.clear(),
        })
    });
    let _ = LEAVING.try_with(|l| l.set(false));
    explaining::end();
}

/// Called for every object the server creates, alters, drops or truncates.
///
/// # Safety
/// Arguments must be those of object_access_hook.
pub unsafe fn object_access(
    access: pg_sys::ObjectAccessType::Type,
    class: pg_sys::Oid,
    object: pg_sys::Oid,
    sub: c_int,
    arg: *mut c_void,
) {
    use pg_sys::ObjectAccessType::*;
    // What a publisher has done already is not refused here: replication would stop.
    if LEAVING.get() || session::applies_replication() {
        return;
    }
    let victim = match access {
        OAT_DROP => {
            // SAFETY: for OAT_DROP the argument is an ObjectAccessDrop.
            let flags = unsafe { (*arg.cast::<pg_sys::ObjectAccessDrop>()).dropflags } as u32;
            if flags & pg_sys::PERFORM_DELETION_INTERNAL != 0 {
                return; // a rewrite's own transient relation, ON COMMIT DROP
            }
            let object = Address { class, id: object, sub };
            // What goes with a relation, its indexes and sequences too, is part of it; the rest was foreseen, or comes
            // without any statement.
            let is_row_holder = class == PG_CLASS
                && matches!(catalog::relation_kind(object.id), Some(b'r' | b'p' | b'f' | b'v' | b'm'));
            if !is_row_holder && ![PG_NAMESPACE, PG_LARGEOBJECT, PG_EVENT_TRIGGER].contains(&class) {
                return;
            }
            guard::victim_of_loss(object)
        }
        // No event trigger says that these were made.
        OAT_POST_CREATE
            if [PG_AUTHID, PG_CONSTRAINT, PG_DATABASE, PG_TABLESPACE, PG_LARGEOBJECT].contains(&class) =>
        {
            if class == PG_CONSTRAINT && versions::had_such_constraint(object) {
                return; // made anew
            }
            xact::note_object_created(Address { class, id: object, sub: 0 });
            None
        }
        OAT_TRUNCATE if class == PG_CLASS => {
            catalog::relation_name(object).map(|name| guard::victim_of_truncate(object, name))
        }
        _ => None,
    };
    let Some(victim) = victim else { return };
    if is_in_script() {
        return; // a query of the script
    }
    let alone = FRAMES.with_borrow_mut(|frames| match frames.last_mut() {
        Some(frame) => {
            frame.victims.push(victim.clone());
            false
        }
        None => true,
    });
    if alone {
        guard::judge(Layer::ObjectAccess, vec![victim]);
    }
}
