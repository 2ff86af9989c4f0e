//! Which masks fit which types.
use super::Unit;
use crate::core::privacy::mask::Mask;

/// Types that masks treat alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Texts of any length.
    Text,
    /// Whole numbers; the most they hold.
    Integer(i64),
    /// Decimal numbers.
    Numeric,
    /// Binary floating-point numbers.
    Float,
    /// Days.
    Date,
    /// Points in time.
    Time,
    /// UUIDs.
    Uuid,
    /// IP addresses and networks.
    Network,
    /// JSON documents.
    Json,
    /// Bytes.
    Bytes,
    /// Enumerations.
    Enum,
    /// Truth values.
    Boolean,
    /// All others.
    Other,
}

/// Whether a mask gives a value for each value of the type. Constants and defaults are the server's to judge.
#[must_use]
pub fn fits(mask: &Mask, family: Family) -> bool {
    use Family::{Bytes, Date, Float, Integer, Json, Network, Numeric, Text, Time, Uuid};
    match mask {
        Mask::Null | Mask::Default | Mask::Constant(_) => true,
        Mask::Conditional(c) => fits(&c.then, family) && fits(&c.otherwise, family),
        Mask::Json(_) => matches!(family, Json | Text),
        Mask::Noise { .. } | Mask::Range { .. } | Mask::Bucket { .. } => {
            matches!(family, Integer(_) | Numeric | Float | Date | Time | Text)
        }
        Mask::DateShift { .. } => matches!(family, Date | Time | Text),
        Mask::DateTrunc(unit) => family == Time || (matches!(family, Date | Text) && *unit >= Unit::Week),
        Mask::Ip { .. } => matches!(family, Network | Text),
        Mask::Pseudonym { .. } => matches!(family, Text | Uuid | Integer(_) | Numeric | Float | Bytes),
        // Fewer digits than seven have less than a million values.
        Mask::Fpe { .. } => {
            matches!(family, Text | Numeric) || matches!(family, Integer(most) if most > 9_999_999)
        }
        _ => family == Text,
    }
}

/// A mask that fits a type and shows least of what a reader can use; for hints.
#[must_use]
pub fn fitting(family: Family) -> &'static str {
    match family {
        Family::Text
        | Family::Uuid
        | Family::Integer(_)
        | Family::Numeric
        | Family::Float
        | Family::Bytes => "pseudonym",
        Family::Date | Family::Time => "date_trunc",
        Family::Network => "ip",
        _ => "default",
    }
}
