//! Who changed a row and by which statement: one row of `audit_statement` per statement.
use crate::core::audit::clip;
use crate::pg::audit_log::{self, Sender};
use crate::pg::regclass::Relation;
use crate::pg::{roles, session, xact};
use crate::settings;
use pgrx::{Uuid, pg_sys};
use std::cell::RefCell;

/// What tells one statement from the next.
#[derive(Clone, PartialEq, Eq)]
struct Origin {
    xid: Option<u64>,
    started: i64,
    role: pg_sys::Oid,
    session: pg_sys::Oid,
    actor: Option<String>,
    reason: Option<String>,
    application: Option<String>,
}

struct Recorded {
    origin: Origin,
    id: Uuid,
    /// Relations whose flows were recorded for it.
    relations: Vec<pg_sys::Oid>,
}

thread_local! {
    static CURRENT: RefCell<Option<Recorded>> = const { RefCell::new(None) };
}

/// The row may have been rolled back with its savepoint: the next change writes another.
pub fn forget() {
    let _ = CURRENT.try_with(|c| c.try_borrow_mut().map(|mut c| *c = None));
}

/// The id of the row for the running statement, which is written when the statement changes its first row. The
/// lineage of the statement is recorded once per relation it changes.
#[must_use]
pub fn current(relid: pg_sys::Oid) -> Uuid {
    let origin = Origin {
        xid: xact::id_if_assigned(),
        started: session::statement_started(),
        role: roles::current(),
        session: roles::session(),
        actor: settings::text(&settings::ACTOR),
        reason: settings::text(&settings::REASON),
        application: session::application(),
    };
    let known = CURRENT.with_borrow(|c| {
        c.as_ref().filter(|r| r.origin == origin).map(|r| (r.id, r.relations.contains(&relid)))
    });
    if let Some((id, true)) = known {
        return id;
    }
    let text = session::statement();
    let id = known.map_or_else(|| record(&origin, text.as_deref()), |k| k.0);
    CURRENT.with_borrow_mut(|c| match c {
        Some(recorded) if recorded.id == id => recorded.relations.push(relid),
        _ => *c = Some(Recorded { origin, id, relations: vec![relid] }),
    });
    if let Some(text) = text {
        crate::lineage::record_statement(Relation(relid), &text, None);
    }
    id
}

fn record(origin: &Origin, text: Option<&str>) -> Uuid {
    let id = audit_log::new_id();
    audit_log::write_statement(
        id,
        Sender {
            db_role: roles::name(origin.role),
            session_role: roles::name(origin.session),
            actor: origin.actor.as_deref(),
            application: origin.application.as_deref(),
            reason: origin.reason.as_deref(),
            statement: text.map(clip::statement),
        },
    );
    id
}
