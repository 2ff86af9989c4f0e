//! The way back of what has ended without a gate: an index, a check or a foreign key that was added is dropped again, as long
//! as a quarantine would last.
use super::store::{self, Change};
use super::{added, window};
use crate::core::change::State;
use crate::core::change::step::Phase;
use crate::error;
use crate::pg::{owner, spi};
use crate::registry::duty;
use pgrx::spi::{quote_identifier, quote_literal};

/// Whether a change that is done can still be taken back; raises with the statement to propose where it was too long ago.
#[must_use]
pub fn can_be_undone(change: &Change) -> bool {
    if change.state != State::Done || !added::adds(change) {
        return false;
    }
    let had_gate = store::steps(change.id).iter().any(|s| s.step.phase == Phase::Contract);
    let is_recent: bool = owner::run(|| {
        spi::select_one(
            "SELECT ended_at + $2::interval > clock_timestamp() FROM governance.change WHERE id = $1",
            &[change.id.into(), window::of(&change.name).quarantine.into()],
            |r| r.must(1),
        )
    })
    .unwrap_or(false);
    if had_gate || !is_recent {
        duty::require_owner("undoing a change", change.relation(), false);
        error::change::too_late(change.id, &way_back(change)).raise();
    }
    true
}

/// What to propose instead.
fn way_back(change: &Change) -> Vec<String> {
    let table = &change.name;
    let wish = |(what, name): (String, String)| {
        let quoted = quote_identifier(&name);
        match what.as_str() {
            "column" => format!("ALTER TABLE {table} DROP COLUMN {quoted}"),
            "constraint" => format!("ALTER TABLE {table} DROP CONSTRAINT {quoted}"),
            "not_null" => format!("ALTER TABLE {table} ALTER COLUMN {quoted} DROP NOT NULL"),
            _ => format!("DROP INDEX {}.{quoted}", quote_identifier(&table.schema)),
        }
    };
    let propose = |wish: String| format!("SELECT governance.propose_change({}, 'why');", quote_literal(wish));
    // What a column brought along goes with it.
    let made = added::made(change);
    let column = made.iter().find(|(what, _)| what == "column").cloned();
    column.map_or(made, |column| vec![column]).into_iter().map(wish).map(propose).collect()
}
