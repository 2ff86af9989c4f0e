//! What becomes of a write by a role that is not a declared writer.
use crate::core::registry::level::Level;

/// What to do about a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Pass,
    /// A row in the record of violations.
    Record,
    /// The same, and a WARNING.
    Warn,
    /// The statement fails.
    Refuse,
}

/// The verdict on a write by a stranger, by the level that holds. What logical replication applies was already written
/// elsewhere: it is attributed, never refused.
#[must_use]
pub fn on_stranger(level: Level, applies_replication: bool) -> Verdict {
    match level {
        Level::Off => Verdict::Pass,
        Level::Observe => Verdict::Record,
        Level::Warn | Level::Enforce if applies_replication => Verdict::Record,
        Level::Warn => Verdict::Warn,
        Level::Enforce => Verdict::Refuse,
    }
}

#[cfg(test)]
mod tests {
    use super::{Verdict, on_stranger};
    use crate::core::registry::level::Level;

    #[test]
    fn the_ladder() {
        let ladder = [Level::Off, Level::Observe, Level::Warn, Level::Enforce];
        assert_eq!(
            ladder.map(|l| on_stranger(l, false)),
            [Verdict::Pass, Verdict::Record, Verdict::Warn, Verdict::Refuse]
        );
        assert_eq!(
            ladder.map(|l| on_stranger(l, true)),
            [Verdict::Pass, Verdict::Record, Verdict::Record, Verdict::Record]
        );
    }
}
