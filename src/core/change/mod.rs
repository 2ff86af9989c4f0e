//! change: kinds, states and plans.
pub mod plan;
pub mod reads;

/// What a change does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// ALTER TABLE … DROP COLUMN.
    DropColumn,
    /// DROP TABLE.
    DropTable,
    /// ALTER TABLE … RENAME COLUMN.
    RenameColumn,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 3] = [Kind::DropColumn, Kind::DropTable, Kind::RenameColumn];

    /// As stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::DropColumn => "drop_column",
            Kind::DropTable => "drop_table",
            Kind::RenameColumn => "rename_column",
        }
    }

    /// From its stored name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Kind> {
        Self::ALL.into_iter().find(|k| k.as_str() == text)
    }

    /// The DDL forms a change can plan, for messages.
    pub const FORMS: &'static str =
        "ALTER TABLE … DROP COLUMN, DROP TABLE, ALTER TABLE … RENAME COLUMN (one of them per change)";
}

/// Where a change stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Waits for approval.
    Proposed,
    /// Approved. Drops stand at their gate; renames have yet to expand.
    Approved,
    /// Both columns exist and are written together; old rows are being copied.
    Expanding,
    /// At the gate: the copy is complete and verified.
    Ready,
    /// Contracted; what it took away is in quarantine.
    Contracted,
    /// The quarantine has ended.
    Done,
    /// Given up before contraction.
    Aborted,
    /// Brought back after contraction.
    Undone,
}

impl State {
    /// All states.
    pub const ALL: [State; 8] = [
        State::Proposed,
        State::Approved,
        State::Expanding,
        State::Ready,
        State::Contracted,
        State::Done,
        State::Aborted,
        State::Undone,
    ];

    /// As stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            State::Proposed => "proposed",
            State::Approved => "approved",
            State::Expanding => "expanding",
            State::Ready => "ready",
            State::Contracted => "contracted",
            State::Done => "done",
            State::Aborted => "aborted",
            State::Undone => "undone",
        }
    }

    /// From its stored name.
    #[must_use]
    pub fn parse(text: &str) -> Option<State> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }

    /// Whether contraction may come next.
    #[must_use]
    pub fn is_gate(self, kind: Kind) -> bool {
        match kind {
            Kind::DropColumn | Kind::DropTable => self == State::Approved,
            Kind::RenameColumn => self == State::Ready,
        }
    }

    /// Whether it can still be given up.
    #[must_use]
    pub fn is_before_contraction(self) -> bool {
        matches!(self, State::Proposed | State::Approved | State::Expanding | State::Ready)
    }

    /// Whether nothing comes after it.
    #[must_use]
    pub fn has_ended(self) -> bool {
        matches!(self, State::Done | State::Aborted | State::Undone)
    }
}

/// The name under which a column or table stays in quarantine: reserved, unique per change, at most 63 bytes.
#[must_use]
pub fn quarantine_name(change: i64, name: &str) -> String {
    let mut quarantined = format!("_dg{change}_{name}");
    if quarantined.len() > 63 {
        let cut = (0..=63).rev().find(|i| quarantined.is_char_boundary(*i)).unwrap_or(0);
        quarantined.truncate(cut);
    }
    quarantined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_and_kinds_survive_storage() {
        for s in State::ALL {
            assert_eq!(State::parse(s.as_str()), Some(s));
        }
        for k in Kind::ALL {
            assert_eq!(Kind::parse(k.as_str()), Some(k));
        }
    }

    #[test]
    fn quarantine_names_fit() {
        assert_eq!(quarantine_name(7, "phone"), "_dg7_phone");
        let long = "ü".repeat(31);
        let name = quarantine_name(12345, &long);
        assert!(name.len() <= 63 && name.starts_with("_dg12345_ü"));
    }
}
