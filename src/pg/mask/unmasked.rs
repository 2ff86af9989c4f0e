//! Use of leave to unmask: said in the server log at once, and in the audit log by the transaction, where it can write.
use crate::audit::{self, Act};
use crate::error;
use crate::pg::regclass::Relation;
use crate::pg::{catalog, hooks, plain, refusals, roles, xact};
use pgrx::pg_sys;
use serde_json::json;
use std::cell::RefCell;
use std::collections::HashMap;

/// A column that is read again is said again after this long, in microseconds.
const AGAIN_AFTER: i64 = 3_600_000_000;

/// What was seen unmasked, by whom.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Use {
    role: pg_sys::Oid,
    relid: pg_sys::Oid,
    column: i16,
}

#[derive(Default)]
struct Uses {
    /// When each was last said.
    said: HashMap<Use, i64>,
    /// What no transaction has written yet, with the tags.
    unwritten: HashMap<Use, String>,
}

thread_local! {
    static USES: RefCell<Uses> = RefCell::default();
}

/// Notes that a plan shows a column because of a grant.
pub fn note(role: pg_sys::Oid, relid: pg_sys::Oid, column: i16, tags: &[String]) {
    let what = Use { role, relid, column };
    let now = plain::clock();
    let is_new = USES.with_borrow_mut(|uses| {
        let is_new = uses.said.get(&what).is_none_or(|at| now - at >= AGAIN_AFTER);
        if is_new {
            uses.said.insert(what, now);
            uses.unwritten.insert(what, tags.join(", "));
        }
        is_new
    });
    if is_new && let Some(object) = what.object() {
        error::privacy::unmasked(&object, &tags.join(", "), &roles::name(role)).log();
    }
}

impl Use {
    fn object(self) -> Option<String> {
        let column = catalog::column_name(self.relid, self.column)?;
        Some(format!("{}.{}", catalog::relation_name(self.relid)?, pgrx::spi::quote_identifier(column)))
    }
}

/// The transaction is about to commit: writes what is to be written, where it may. It must not be felt there, so what
/// fails stays for the next.
pub fn before_commit() {
    if USES.with_borrow(|uses| uses.unwritten.is_empty()) {
        return;
    }
    // SAFETY: plain reads of the transaction state.
    let forbidden = unsafe { pg_sys::XactReadOnly || pg_sys::IsInParallelMode() };
    if forbidden || refusals::in_recovery() || !hooks::active() {
        return;
    }
    let uses = USES.with_borrow_mut(|uses| std::mem::take(&mut uses.unwritten));
    let written = xact::tried(|| {
        for (what, tags) in &uses {
            let Some(object) = what.object() else { continue };
            audit::act(Act {
                verb: "use_unmask",
                object: &object,
                relation: Some(Relation(what.relid)),
                before: None,
                after: Some(json!({"role": roles::name(what.role), "tags": tags})),
                reason: None,
            });
        }
    });
    if written.is_err() {
        USES.with_borrow_mut(|now| now.unwritten.extend(uses));
    }
}
