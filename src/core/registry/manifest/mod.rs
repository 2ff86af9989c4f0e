//! The manifest's shape: sections of items, each item an object with known fields. [`check()`] holds one against it, [`steps()`]
//! lead from one manifest to another, [`schema()`] is the shape as a JSON Schema.
mod check;
mod schema;
mod steps;

pub use check::check;
pub use schema::schema;
pub use steps::{Step, difference, key_of, steps};

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What the key `format` says.
pub const FORMAT: &str = "data_governance manifest";

/// Version of the format.
pub const VERSION: i64 = 1;

/// An item of a section.
pub type Item = Map<String, Value>;

/// What a field can hold.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Text that is not empty.
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A list of texts.
    TextList,
    /// true or false.
    Bool,
    /// An object of any content.
    Object,
    /// An array of any content.
    Array,
    /// A relation with its schema, quoted as in SQL.
    Relation,
    /// A scope as in `set_level`.
    Scope,
    /// A text that may be empty: nobody in particular.
    TextOrEmpty,
    /// A point in time.
    Time,
    /// A day.
    Date,
    /// A length of time.
    Interval,
}

impl Kind {
    /// The type of PostgreSQL's that reads a text of this kind, and an example of each.
    #[must_use]
    pub fn read_by(self) -> Option<(&'static str, &'static str)> {
        match self {
            Kind::Time => Some(("timestamptz", "a point in time: 2030-01-31T12:00:00Z")),
            Kind::Date => Some(("date", "a day: 2030-01-31")),
            Kind::Interval => Some(("interval", "a length of time: PT5M")),
            _ => None,
        }
    }
}

/// A field of an item.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it belongs to the key of the item; keys must be given.
    pub key: bool,
    /// Whether it must be given although it is no key.
    pub required: bool,
    /// What a new item has when the field is absent, as JSON text; empty for nothing.
    pub default: &'static str,
}

/// A field that belongs to the key.
#[must_use]
pub const fn key(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, key: true, required: false, default: "" }
}

/// A field that may be absent.
#[must_use]
pub const fn field(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, key: false, required: false, default: "" }
}

/// A field that must be given.
#[must_use]
pub const fn required(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, key: false, required: true, default: "" }
}

/// A field that has a default.
#[must_use]
pub const fn with_default(name: &'static str, kind: Kind, default: &'static str) -> Field {
    Field { name, kind, key: false, required: false, default }
}

/// A field of the key that may be absent.
#[must_use]
pub const fn key_with_default(name: &'static str, kind: Kind, default: &'static str) -> Field {
    Field { name, kind, key: true, required: false, default }
}

/// What every item may have besides its fields: words for whoever reads the file, kept as they are.
pub const COMMENT: Field = field("comment", Kind::Text);

/// A section's name and fields.
pub type Shape = (&'static str, &'static [Field]);

/// What is wrong with a manifest, and where.
#[derive(Debug, PartialEq, Eq)]
pub struct Problem {
    /// Path as in JSON path: `$.datasets[3].class`.
    pub path: String,
    /// What is there.
    pub what: String,
    /// What may be there.
    pub allowed: String,
}

/// Most problems that one error names.
pub const MOST_PROBLEMS: usize = 20;

/// What only PostgreSQL can say.
pub struct Server<'a> {
    /// Quotes an identifier.
    pub quote: &'a dyn Fn(&str) -> String,
    /// Quotes schema and name.
    pub quote_both: &'a dyn Fn(&str, &str) -> String,
    /// Whether it reads a text as a value of a type.
    pub reads: &'a dyn Fn(&str, &str) -> bool,
}

/// The items of every section that is present, by key, with their position.
pub type Sections = BTreeMap<&'static str, BTreeMap<String, (usize, Item)>>;

/// An interval in ISO 8601, whatever the session's `IntervalStyle` is.
#[must_use]
pub fn iso_interval(months: i32, days: i32, micros: i64) -> String {
    let mut text = String::from("P");
    for (n, unit) in [(months / 12, 'Y'), (months % 12, 'M'), (days, 'D')] {
        if n != 0 {
            text.push_str(&format!("{n}{unit}"));
        }
    }
    let (hours, minutes) = (micros / 3_600_000_000, micros / 60_000_000 % 60);
    let (seconds, rest) = (micros / 1_000_000 % 60, micros % 1_000_000);
    if micros != 0 || text.len() == 1 {
        text.push('T');
        for (n, unit) in [(hours, 'H'), (minutes, 'M')] {
            if n != 0 {
                text.push_str(&format!("{n}{unit}"));
            }
        }
        if rest != 0 {
            let sign = if micros < 0 { "-" } else { "" };
            text.push_str(&format!("{sign}{}.{:06}S", seconds.abs(), rest.abs()));
        } else if seconds != 0 || text.ends_with('T') {
            text.push_str(&format!("{seconds}S"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_written_one_way() {
        assert_eq!(iso_interval(0, 0, 0), "PT0S");
        assert_eq!(iso_interval(14, 3, 0), "P1Y2M3D");
        assert_eq!(iso_interval(0, 0, 3_723_500_000), "PT1H2M3.500000S");
        assert_eq!(iso_interval(0, -1, -500_000), "P-1DT-0.500000S");
        assert_eq!(iso_interval(0, 0, 300_000_000), "PT5M");
    }
}

#[cfg(test)]
pub mod example {
    //! A small manifest for the tests of this folder.
    use super::*;
    use serde_json::json;

    pub const SHAPES: &[Shape] = &[
        (
            "parties",
            &[
                key("name", Kind::Text),
                with_default("kind", Kind::Choice(&["team", "person"]), "\"team\""),
                field("contact", Kind::Text),
            ],
        ),
        (
            "datasets",
            &[key("relation", Kind::Relation), field("owner", Kind::Text), field("until", Kind::Time)],
        ),
    ];

    pub const SERVER: Server<'static> = Server {
        quote: &|s| s.to_string(),
        quote_both: &|s, r| format!("{s}.{r}"),
        reads: &|_, text| text != "soon",
    };

    pub fn read(value: Value) -> Result<Sections, Vec<Problem>> {
        let mut value = value;
        value["format"] = json!(FORMAT);
        value["version"] = json!(VERSION);
        check(&value, SHAPES, &SERVER)
    }
}
