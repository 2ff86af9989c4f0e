//! Writes of rows that the guard is asked about.
use super::{Layer, foresee, judge};
use crate::pg::guard::{self, Hit, On, names};
use crate::pg::{catalog, owner, settings_scope};
use crate::registry::{restore, tree};
use pgrx::pg_sys;
use std::cell::Cell;

/// What kind of a write it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// To a catalog of PostgreSQL's.
    Catalog,
    /// To what the guard stands on: its event triggers, or a table of the product.
    Guard,
    /// To a table of the product, by what looks like the script of a dump.
    Dump,
    /// To a table while session_replication_role is replica.
    WithoutTriggers,
    /// DELETE without WHERE.
    DeleteAll,
    /// UPDATE without WHERE.
    UpdateAll,
}

thread_local! {
    /// Whether a write of all rows was let pass since there are none: a plan of it must not be kept for when there are.
    static NOTHING_YET: Cell<bool> = const { Cell::new(false) };
}

/// Whether a write of all rows passed only because there are none; asked once per plan.
#[must_use]
pub fn take_nothing_yet() -> bool {
    NOTHING_YET.take()
}

/// Whether a relation, or anything below it that a write reaches, is a declared dataset.
fn is_governed(relid: pg_sys::Oid) -> bool {
    !tree::governors(relid).is_empty() || !tree::governed_below(relid).is_empty()
}

/// Judges one write to a relation.
pub fn judge_write(relid: pg_sys::Oid, write: Write) {
    if !crate::settings::ENABLED.get() || owner::is_acting() {
        return;
    }
    // Hooks run under the caller's settings.
    settings_scope::with_fixed_path(|| {
        if write == Write::Dump && restore::takes_rows() {
            return;
        }
        let name = names::of(relid);
        let (rule, what, on) = match write {
            Write::Catalog => ("ban-catalog-dml", format!("writing to catalog {name}"), On::Anything),
            Write::Guard | Write::Dump => {
                ("disabling-guard", format!("writing to {name} by hand"), On::Database)
            }
            Write::WithoutTriggers => {
                let what = format!("writing to {name} while session_replication_role is replica");
                ("bypassing-triggers", what, On::Relation(relid))
            }
            Write::DeleteAll => {
                ("unbounded_write", format!("deleting every row of {name}"), On::Relation(relid))
            }
            Write::UpdateAll => {
                ("unbounded_write", format!("changing every row of {name}"), On::Relation(relid))
            }
        };
        if let On::Relation(relid) = on {
            // Only governed datasets; and who writes all rows of an empty table loses nothing.
            if catalog::is_temporary(relid) || !is_governed(relid) {
                return;
            }
            if rule == "unbounded_write" && !guard::has_rows(relid) {
                NOTHING_YET.set(true);
                return;
            }
        }
        let layer = if rule == "unbounded_write" { Layer::Planner } else { Layer::Permissions };
        judge(layer, foresee::victim(&Hit { rule, what, on, object: None }).into_iter().collect());
    });
}
