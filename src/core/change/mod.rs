//! change: what is wished, the steps to it, and where a change stands.
pub mod addition;
pub mod away;
pub mod expression;
mod fold;
pub mod part;
pub mod reads;
pub mod seen;
pub mod step;

/// Where a change stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Waits for approval.
    Proposed,
    /// Approved: at its gate where nothing has to be expanded.
    Approved,
    /// The new shape is made beside the old one.
    Expanding,
    /// At the gate: both shapes work, and what has to be proven is.
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

/// A name that still tells others apart when something is put before it: of a long one the beginning, and a digest (FNV-1a).
#[must_use]
pub fn short_name(name: &str) -> String {
    const LONG: usize = 40;
    if name.len() <= LONG {
        return name.to_string();
    }
    let digest = name.bytes().fold(0x811c_9dc5_u32, |d, b| (d ^ u32::from(b)).wrapping_mul(0x0100_0193));
    let cut = (0..=LONG - 9).rev().find(|i| name.is_char_boundary(*i)).unwrap_or(0);
    format!("{}_{digest:08x}", &name[..cut])
}

/// The change whose reserved name stands in a text.
#[must_use]
pub fn maker_of(text: &str) -> Option<i64> {
    let mut after = text.split("_dg").skip(1);
    after.find_map(|rest| {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        rest[digits..].starts_with('_').then(|| rest[..digits].parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_differ_where_long_ones_do() {
        assert_eq!(short_name("t_pkey"), "t_pkey");
        let long = |end: &str| short_name(&format!("{}{end}", "ä".repeat(28)));
        assert!(long("_idx").len() <= 40 && long("_idx") != long("_idx1"));
    }

    #[test]
    fn reserved_names_tell_their_change() {
        assert_eq!(maker_of("dependents: constraint _dg2_c_p_fkey on table public.c"), Some(2));
        assert_eq!(maker_of("dependents: view _dg_x, view my_dg12_y"), Some(12));
        assert_eq!(maker_of("dependents: view _dgx, _dg7"), None);
    }

    #[test]
    fn states_survive_storage() {
        for s in State::ALL {
            assert_eq!(State::parse(s.as_str()), Some(s));
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
