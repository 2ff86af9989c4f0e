//! What the table and the type of a column say.
use super::super::lexicon::{Hit, Strength};
use super::super::subject::Rows;
use super::super::{Case, Column, Kind};
use super::is_generic;

/// What the table says. Persons make vague names plain, things make them empty.
pub(super) fn context(case: &Case, tag: &str, hit: Option<&Hit>) -> f32 {
    let strong = hit.is_some_and(|h| h.strength == Strength::Strong);
    let kind = hit.map_or("", |h| h.kind);
    let own = hit.is_some_and(|h| h.of_person || (h.strength == Strength::Weak && !is_generic(&h.matched)));
    // Odds with persons, dealings, things, and where nothing is known.
    let (persons, dealings, things, unknown) = match tag {
        "pii.name" if strong => (0.5, 0.3, if own { -0.5 } else { -2.8 }, 0.0),
        "pii.name" => (1.6, 0.2, if own { -0.8 } else { -3.5 }, -0.5),
        "pii.name.user" => (0.3, 0.3, -0.8, 0.0),
        "pii.contact.address" => (1.0, 0.8, -4.0, if case.faceless { -2.0 } else { -0.3 }),
        "quasi" if kind == "city" => (1.0, 0.3, -3.5, -0.8),
        "quasi" if kind == "postal" => (1.2, 0.6, -3.5, if case.faceless { -1.5 } else { -0.2 }),
        "quasi" => (1.2, 0.4, -2.5, -0.3),
        "pii.location" => {
            (1.6, 1.2, if hit.is_some_and(|h| h.strength > Strength::Weak) { -1.0 } else { -3.0 }, -1.2)
        }
        // A description may be of anything.
        "pii.free_text" if kind == "any" => (0.6, 0.3, -3.5, -1.5),
        "pii.free_text" => (0.9, 0.7, -2.5, -0.4),
        "pii.contact.phone" => (0.4, 0.3, -1.2, 0.0),
        "pii.contact.email" => (0.4, 0.3, -0.5, 0.0),
        "pii.network.ip" => (0.3, 0.3, -5.0, 0.0),
        "pii.network.device" => (0.6, 0.3, -3.5, -0.3),
        "pii.financial" => (1.3, 0.2, -3.0, -0.2),
        "pii.financial.account" => (0.8, 0.6, -2.5, 0.0),
        "pii.birth_date" => (0.5, 0.3, -2.0, 0.0),
        "health" => (0.5, 0.3, -3.5, 0.0),
        "secret.credential" => (0.2, 0.0, -0.3, 0.0),
        _ => (0.3, 0.2, -1.0, 0.0),
    };
    let mut odds: f32 = match case.subject.rows {
        Rows::Persons => persons,
        Rows::Dealings => dealings,
        Rows::Things => things,
        Rows::Unknown => unknown,
    };
    // The driver's age is a person's in a table of stops.
    if hit.is_some_and(|h| h.of_person) && tag != "pii.name" {
        odds = odds.max(0.0);
    }
    if tag == "quasi" && case.personal >= 1 && case.subject.rows == Rows::Dealings {
        odds += 0.3;
    }
    if (tag == "pii.location" || kind == "city") && hit.is_some_and(|h| h.unknown && !h.of_person) {
        odds -= 1.2;
    }
    if tag == "health" && case.subject.medical && case.subject.rows != Rows::Things {
        odds += 1.0;
    }
    if case.personal >= 2 && odds < persons && case.subject.rows != Rows::Things {
        odds = f32::midpoint(odds, persons);
    }
    odds
}

/// Whether a column of this type can hold what a tag names.
pub(super) fn is_possible(tag: &str, column: &Column) -> bool {
    let kind = column.kind;
    let room = column.longest.unwrap_or(usize::MAX);
    let text = matches!(kind, Kind::Text | Kind::Other);
    if kind == Kind::Text && room < fewest_letters(tag) {
        return false;
    }
    match tag {
        "pii.birth_date" => text || matches!(kind, Kind::Date | Kind::Time | Kind::Number),
        "pii.network.ip" => text || kind == Kind::Network,
        "pii.network.device" => text || matches!(kind, Kind::Device | Kind::Uuid | Kind::Number),
        "pii.location" => text || matches!(kind, Kind::Number | Kind::Place),
        "secret.credential" => text || matches!(kind, Kind::Bytes | Kind::Uuid),
        "health" => matches!(kind, Kind::Text | Kind::Other | Kind::Number | Kind::Bool | Kind::Date),
        // A key tells rows apart by itself.
        "quasi" => (text || kind == Kind::Number) && !column.is_key,
        "pii.national_id" | "pii.financial.card" | "pii.financial.account" | "pii.contact.phone" => {
            (text || kind == Kind::Number) && !column.is_reference
        }
        "pii.financial" => text || kind == Kind::Number,
        _ => text,
    }
}

/// `varchar(2)` holds no name.
fn fewest_letters(tag: &str) -> usize {
    match tag {
        "pii.name" | "pii.name.user" | "pii.contact.address" => 3,
        "pii.contact.email" | "pii.birth_date" => 8,
        "pii.contact.phone" | "pii.network.ip" | "pii.national_id" => 7,
        "pii.financial.iban" => 15,
        "pii.financial.card" => 12,
        "pii.network.device" => 12,
        "pii.free_text" => 20,
        "pii.location" => 5,
        _ => 0,
    }
}
