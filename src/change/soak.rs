//! What the ledger says about the readers of what a change takes away, against the window of the dataset's class.
use super::readers::{self, Observed};
use super::store::Change;
use super::window;
use crate::core::change::seen;
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
    /// `not_concerned`, `not_observed`, `read`, `seldom` or `none`.
    pub verdict: &'static str,
    /// Why that closes the gate.
    pub problems: Vec<String>,
    /// The one that no waiting mends: the window is too short; and how many days would do.
    pub too_short: Option<(String, i64)>,
    /// What the ledger says, column by column.
    pub reads: Value,
}

/// The proof for a change before contraction.
#[must_use]
pub fn proof(change: &Change) -> Proof {
    if !change.needs_readers() {
        return Proof { verdict: "not_concerned", problems: Vec::new(), too_short: None, reads: Value::Null };
    }
    let unknown = || Proof {
        verdict: "not_observed",
        problems: vec!["readers not observed and not waived".into()],
        too_short: None,
        reads: Value::Null,
    };
    if !can_observe() || !change.state.is_before_contraction() {
        return unknown();
    }
    let window = window::of(&change.name);
    let bounds: Option<(i64, i64)> = owner::run(|| {
        spi::select_one(
            "SELECT n - $1::interval, n FROM clock_timestamp() n",
            &[window.soak.as_str().into()],
            |r| (r.must::<TimestampWithTimeZone>(1).into(), r.must::<TimestampWithTimeZone>(2).into()),
        )
    });
    let Some((begins, now)) = bounds else { return unknown() };
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
    let readers = || observed.iter().flat_map(|o| &o.readers);
    let is_silent =
        |o: &Observed| o.unwritten.is_empty() && o.without_gap_since().is_some_and(|s| s <= begins);
    let mut found = Vec::new();
    if let Some(r) = readers().find(|r| r.last_seen >= begins) {
        let reader = format!("{} ({}) at {}", r.role, r.application, readers::moment(r.last_seen));
        found.push(("read", format!("read within {}, and that is not waived: {reader}", window.soak)));
    } else if !observed.iter().all(is_silent) {
        let problem = format!("readers not observed for {}, and that is not waived", window.soak);
        found.push(("not_observed", problem));
    }
    // A silence no longer than one that this reader has kept before says nothing.
    let seldom = readers().filter(|r| r.longest >= now - begins).max_by_key(|r| r.longest);
    let too_short = seldom.map(|r| {
        let problem = format!(
            "the window of {} is not longer than the longest interval between reads of {} ({}), {}, and that is not waived",
            window.soak,
            r.role,
            r.application,
            seen::span(r.longest)
        );
        (problem, r.longest / 86_400_000_000 + 1)
    });
    found.extend(too_short.clone().map(|(problem, _)| ("seldom", problem)));
    let verdict = found.first().map_or("none", |(verdict, _)| verdict);
    Proof { verdict, problems: found.into_iter().map(|(_, problem)| problem).collect(), too_short, reads }
}
