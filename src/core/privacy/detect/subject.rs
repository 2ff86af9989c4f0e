//! What the rows of a table are: persons, dealings of persons, or things that anybody may know.
use super::lexicon;

/// What the rows of a table are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Persons, or what belongs to one.
    Persons,
    /// What persons do or get: orders, payments, visits.
    Dealings,
    /// Things, firms, codes.
    Things,
    /// The names do not say.
    Unknown,
}

impl Rows {
    /// As the evidence says it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Rows::Persons => "persons",
            Rows::Dealings => "dealings",
            Rows::Things => "things",
            Rows::Unknown => "unknown",
        }
    }
}

/// A table as far as its names say what it is about.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// What its rows are.
    pub rows: Rows,
    /// Whether it is about health.
    pub medical: bool,
}

/// Words that make a list of codes of whatever stands beside them.
const LISTS: [&str; 14] = [
    "type",
    "status",
    "category",
    "categories",
    "group",
    "role",
    "permission",
    "setting",
    "config",
    "template",
    "lookup",
    "level",
    "segment",
    "dim",
];

/// What the name of a table says.
#[must_use]
pub fn of_name(table: &str) -> Subject {
    let words = lexicon::words_of(table);
    let place = |class: &str| lexicon::class_in(class, &words);
    let medical = place("medical").is_some();
    let (person, party, thing) = (place("person"), place("party"), place("thing"));
    let listed = words.last().is_some_and(|w| LISTS.iter().any(|l| super::words::is_form_of(w, l)));
    let rows = match (person, party, thing) {
        _ if listed => Rows::Things,
        // The head of a name stands at its end: customer_segment is no customer.
        (Some(p), _, Some(t)) if t > p => Rows::Things,
        (_, Some(p), Some(t)) if t > p && person.is_none() => Rows::Things,
        (Some(_), ..) => Rows::Persons,
        (None, Some(_), _) => Rows::Dealings,
        (None, None, Some(_)) => Rows::Things,
        (None, None, None) => Rows::Unknown,
    };
    Subject { rows, medical }
}

/// The same, with what the columns say: strong names of persons beside each other, and keys that point to one.
#[must_use]
pub fn with_columns(subject: Subject, personal: usize, keys: usize, places: usize, firms: usize) -> Subject {
    let rows = match subject.rows {
        // Addresses with coordinates and nobody in sight: a list of places.
        Rows::Unknown if personal == 0 && keys == 0 && places >= 2 => Rows::Things,
        // Firms and at most their manager: a register of firms.
        Rows::Unknown if personal <= 1 && keys == 0 && firms >= 1 => Rows::Things,
        Rows::Unknown | Rows::Dealings if personal >= 3 => Rows::Persons,
        Rows::Unknown if personal == 2 || keys > 0 => Rows::Dealings,
        // A table of things that says so much of persons is one of persons.
        Rows::Things if personal >= 4 => Rows::Persons,
        Rows::Things if personal >= 3 => Rows::Dealings,
        rows => rows,
    };
    Subject { rows, ..subject }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables() {
        for (table, rows) in [
            ("customers", Rows::Persons),
            ("hr_employee", Rows::Persons),
            ("orders", Rows::Dealings),
            ("warehouse", Rows::Things),
            ("customer_segment", Rows::Things),
            ("customer_types", Rows::Things),
            ("kunden", Rows::Persons),
            ("t001", Rows::Unknown),
            ("product_reviews", Rows::Dealings),
            ("user_roles", Rows::Things),
            ("airport", Rows::Things),
            ("Mitarbeiter", Rows::Persons),
        ] {
            assert_eq!(of_name(table).rows, rows, "{table}");
        }
        assert!(of_name("patient_visit").medical);
        assert_eq!(with_columns(of_name("t001"), 3, 0, 0, 1).rows, Rows::Persons);
    }
}
