//! What the ledger says about the readers of what a change takes away, against the window of the dataset's class.
use super::readers::{self, Observed};
use super::store::Change;
use super::window;
use crate::pg::loading::{self, Mode};
use crate::pg::{owner, spi};
use pgrx::datum::TimestampWithTimeZone;
use serde_json::{Value, json};

/// Whether reads are recorded in this session's mode: an approval need not go without proof then.
#[must_use]
pub fn can_observe() -> bool {
    loading::mode() > Mode::Installed
}

/// What is proven about readers.
pub struct Proof {
    /// `not_concerned`, `not_observed`, `read` or `none`.
    pub verdict: &'static str,
    /// Why that closes the gate.
    pub problem: Option<String>,
    /// What the ledger says, column by column.
    pub reads: Value,
}

/// The proof for a change before contraction.
#[must_use]
pub fn proof(change: &Change) -> Proof {
    if !change.needs_readers() {
        return Proof { verdict: "not_concerned", problem: None, reads: Value::Null };
    }
    let unknown = || Proof {
        verdict: "not_observed",
        problem: Some("readers not observed and not waived".into()),
        reads: Value::Null,
    };
    if !can_observe() || !change.state.is_before_contraction() {
        return unknown();
    }
    let window = window::of(&change.name);
    let begins: Option<i64> = owner::run(|| {
        spi::select_one("SELECT clock_timestamp() - $1::interval", &[window.soak.as_str().into()], |r| {
            r.must::<TimestampWithTimeZone>(1).into()
        })
    });
    let Some(begins) = begins else { return unknown() };
    let columns: Vec<Option<&str>> = if change.whole {
        vec![None]
    } else {
        change.takes.iter().map(|column| Some(column.as_str())).collect()
    };
    let observed: Vec<Observed> =
        columns.iter().map(|column| readers::observed(&change.name, *column)).collect();
    let reads: Value = columns
        .iter()
        .zip(&observed)
        .map(|(column, o)| json!({"column": column, "observed": readers::as_json(o)}))
        .collect();
    let late: Vec<String> = observed
        .iter()
        .flat_map(|o| &o.readers)
        .filter(|r| r.last_seen >= begins)
        .map(|r| format!("{} ({}) at {}", r.role, r.application, readers::moment(r.last_seen)))
        .collect();
    if let Some(reader) = late.first() {
        let problem = format!("read within {}, and that is not waived: {reader}", window.soak);
        return Proof { verdict: "read", problem: Some(problem), reads };
    }
    let is_whole =
        |o: &Observed| o.unwritten.is_empty() && o.without_gap_since().is_some_and(|s| s <= begins);
    if observed.iter().all(is_whole) {
        return Proof { verdict: "none", problem: None, reads };
    }
    let problem = format!("readers not observed for {}, and that is not waived", window.soak);
    Proof { verdict: "not_observed", problem: Some(problem), reads }
}
