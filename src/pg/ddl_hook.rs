//! The guard below the event triggers: victims seen by object_access_hook, judged when their statement is done.
//!
//! The server calls the hook once per victim, just before that victim goes. Raising at the first would hide the rest,
//! so victims are collected while their utility statement runs and judged when it is done: everything it did is still
//! undone by the error. Outside any utility statement each victim is judged at once.
use super::catalog;
use super::ddl;
use crate::guard::{self, Victim};
use pgrx::pg_sys;
use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_void};

/// Victims of one utility statement that is running.
struct Frame {
    /// The subtransaction it began in: an error leaves no chance to end the frame, so the abort does.
    sub: pg_sys::SubTransactionId,
    victims: Vec<Victim>,
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
}

/// Before a utility statement: judges what it renames and begins a frame for what it takes away.
///
/// # Safety
/// `statement` must be a valid utility statement.
#[must_use]
pub unsafe fn before(statement: *mut pg_sys::PlannedStmt) -> Begun {
    // SAFETY: the caller vouches for the statement.
    let tree = unsafe { (*statement).utilityStmt };
    // SAFETY: the tag decides; statements that end transactions run without one, and nothing may be read then.
    let is_ddl = unsafe {
        pg_sys::IsTransactionState()
            && matches!(
                (*tree).type_,
                pg_sys::NodeTag::T_RenameStmt
                    | pg_sys::NodeTag::T_AlterObjectSchemaStmt
                    | pg_sys::NodeTag::T_AlterTableStmt
                    | pg_sys::NodeTag::T_DropStmt
                    | pg_sys::NodeTag::T_DropOwnedStmt
                    | pg_sys::NodeTag::T_TruncateStmt
                    | pg_sys::NodeTag::T_AlterExtensionStmt
                    | pg_sys::NodeTag::T_AlterExtensionContentsStmt
            )
    };
    if !is_ddl {
        return Begun::Nothing;
    }
    // Names must be read before the statement runs: afterwards the old ones are gone.
    // SAFETY: the tree is valid and, though the statement may change its own copy, not touched by us.
    let wish = unsafe { ddl::read(tree) };
    if let ddl::Ddl::DropExtensions { names, .. } = &wish
        && names.iter().any(|n| n == "data_governance")
    {
        // Its own event trigger judges that. Here, asking what is declared would read what is about to go.
        LEAVING.set(true);
        return Begun::Leaving;
    }
    guard::judge(guard::victims_of_rename(&wish));
    // SAFETY: plain read of the transaction state.
    let sub = unsafe { pg_sys::GetCurrentSubTransactionId() };
    FRAMES.with_borrow_mut(|f| f.push(Frame { sub, victims: Vec::new() }));
    Begun::Frame
}

/// After a utility statement has run: judges what it took away.
pub fn after(begun: Begun) {
    match begun {
        Begun::Nothing => {}
        Begun::Leaving => LEAVING.set(false),
        Begun::Frame => {
            if let Some(frame) = FRAMES.with_borrow_mut(Vec::pop) {
                guard::judge(frame.victims);
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
    if LEAVING.get() {
        return;
    }
    let victim = match access {
        OAT_DROP if class == pg_sys::RelationRelationId => {
            // SAFETY: for OAT_DROP the argument is an ObjectAccessDrop.
            let flags = unsafe { (*arg.cast::<pg_sys::ObjectAccessDrop>()).dropflags } as u32;
            if flags & pg_sys::PERFORM_DELETION_INTERNAL != 0 {
                return; // a rewrite's own transient relation, ON COMMIT DROP
            }
            let Some(name) = catalog::relation_name(object) else { return };
            let Some(kind) = catalog::relation_kind(object) else { return };
            guard::victim_of_drop(object, name, kind, (sub != 0).then_some(sub as i16))
        }
        OAT_DROP if class == pg_sys::NamespaceRelationId => {
            catalog::schema_name(object).filter(|s| s != catalog::SCHEMA).map(guard::victim_of_schema_drop)
        }
        OAT_TRUNCATE if class == pg_sys::RelationRelationId => {
            catalog::relation_name(object).map(|name| guard::victim_of_truncate(object, name))
        }
        _ => None,
    };
    let Some(victim) = victim else { return };
    let alone = FRAMES.with_borrow_mut(|frames| match frames.last_mut() {
        Some(frame) => {
            frame.victims.push(victim.clone());
            false
        }
        None => true,
    });
    if alone {
        guard::judge(vec![victim]);
    }
}
