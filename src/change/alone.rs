//! Steps that cannot run in a transaction block.
use super::run::Outcome;
use super::store::{Change, Stored};
use crate::error;

/// Runs such a step.
pub fn forward(change: &Change, stored: &Stored) -> Outcome {
    error::change::cannot_run_alone(change.id, &change.fill(&stored.step.statement)).raise()
}
