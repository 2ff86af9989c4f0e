//! Evidence as log-odds, added up: each piece moves the odds by a factor that was set by judgement and checked on the development
//! half of the labelled set (docs/privacy.md). Pieces are treated as independent, so that none is given more than about five.
mod context;
mod special;
mod values;

use super::lexicon::{self, Hit, Strength};
use super::{Case, ENOUGH, Guess, Kind, THRESHOLD};
use context::{context, is_possible};
use serde_json::{Map, Value, json};

/// Before any evidence: about one column in ten holds what a tag names.
const PRIOR: f32 = -2.2;
/// A name that means nothing else, one that mostly does, one that may.
const STRONG: f32 = 4.5;
const MEDIUM: f32 = 3.0;
const WEAK: f32 = 1.5;
/// `email_count` holds no e-mail: more than the strongest name, less than name and values together.
const DEFLECTED: f32 = -5.5;
/// Comments are prose, and prose mentions things.
const COMMENTED: f32 = 0.75;
/// The name of a domain is chosen once for all its columns.
const DOMAIN: f32 = 3.5;
/// Most that values of a form with check digits, or of an unmistakable one, add.
const PROVEN: f32 = 6.0;
/// What values that do not fit at all take.
const REFUTED: f32 = -4.0;
/// Short of certainty: nobody has looked yet.
const MOST: f32 = 0.99;

/// Tags that are weighed by values even where no name hints at them.
const BY_VALUE: [&str; 15] = [
    "pii.contact.email",
    "pii.financial.iban",
    "pii.financial.card",
    "pii.network.ip",
    "pii.network.device",
    "pii.national_id",
    "secret.credential",
    "pii.contact.phone",
    "pii.contact.address",
    "pii.birth_date",
    "pii.name",
    "health",
    "quasi",
    "pii.location",
    "pii.free_text",
];

/// Two digits are all that is meant.
#[must_use]
pub fn round(confidence: f32) -> f32 {
    (confidence * 100.0).round() / 100.0
}

/// What speaks for one tag.
struct Sum {
    odds: f32,
    evidence: Map<String, Value>,
}

impl Sum {
    fn note(&mut self, odds: f32, key: &str, value: Value) {
        self.odds += odds;
        self.evidence.insert(key.to_string(), value);
    }
}

/// The best guess, if it is more likely right than wrong.
pub(super) fn best(case: &Case) -> Option<Guess> {
    let comment = case.column.comment.as_deref().map(|c| said_in(c, 12)).unwrap_or_default();
    let domain = case.column.domain.as_deref().map(lexicon::read).unwrap_or_default();
    let mut tags: Vec<&'static str> =
        case.hits.iter().chain(&comment).chain(&domain).map(|h| h.tag).collect();
    let complete = case.column.profile.seen >= ENOUGH || !case.column.labels.is_empty();
    if complete && !case.column.is_reference {
        tags.extend(BY_VALUE);
    }
    tags.sort_unstable();
    tags.dedup();
    let mut sums: Vec<(&'static str, Sum)> = tags
        .into_iter()
        .filter(|tag| is_possible(tag, case.column))
        .map(|tag| (tag, weigh(case, tag, &comment, &domain)))
        .collect();
    sums.sort_by(|a, b| b.1.odds.total_cmp(&a.1.odds));
    let (tag, sum) = sums.into_iter().next()?;
    (sum.odds >= THRESHOLD).then(|| Guess {
        tag: tag.into(),
        confidence: round((1.0 / (1.0 + (-sum.odds).exp())).min(MOST)),
        evidence: Value::Object(sum.evidence),
    })
}

/// What a short comment says: in a long one words stand for something else.
fn said_in(comment: &str, most: usize) -> Vec<Hit> {
    if lexicon::words_of(comment).len() > most {
        return Vec::new();
    }
    lexicon::read(comment)
        .into_iter()
        .filter(|h| h.strength > Strength::Weak && !h.deflected && !h.of_thing)
        .collect()
}

fn worth(strength: Strength) -> f32 {
    match strength {
        Strength::Strong => STRONG,
        Strength::Medium => MEDIUM,
        Strength::Weak => WEAK,
    }
}

fn weigh(case: &Case, tag: &'static str, comment: &[Hit], domain: &[Hit]) -> Sum {
    let mut sum = Sum { odds: PRIOR, evidence: Map::new() };
    let hit = case.hits.iter().find(|h| h.tag == tag && !(h.is_id && case.column.kind != Kind::Text));
    let said = comment.iter().find(|h| h.tag == tag);
    let typed = domain.iter().find(|h| h.tag == tag);
    if let Some(h) = hit {
        sum.note(named(h, case), "name", json!(h.matched));
        if h.deflected {
            sum.note(DEFLECTED, "name_tells_about_it", json!(true));
        }
    } else if let Some(other) = case.hits.first().filter(|h| h.strength == Strength::Strong && !h.deflected) {
        // Its name says something else, and plainly; check digits do not care.
        let related = other.tag.split('.').nth(1).is_some_and(|family| tag.split('.').nth(1) == Some(family));
        sum.odds -= if related { 0.3 } else { 1.5 };
    }
    if let Some(h) = said {
        sum.note(COMMENTED * worth(h.strength), "comment", json!(h.matched));
    }
    if let Some(h) = typed.filter(|h| h.strength == Strength::Strong && !h.deflected) {
        sum.note(DOMAIN, "domain", json!(h.matched));
    }
    let hit = hit.or(said).or(typed);
    let context = context(case, tag, hit);
    if context != 0.0 {
        sum.note(context, "rows", json!(case.subject.rows.word()));
    }
    if tag == "pii.contact.email" && case.column.checks.contains('@') {
        sum.note(1.5, "check", json!(true));
    }
    values::values(case, tag, hit, &mut sum);
    sum
}

/// What the name alone says.
fn named(h: &Hit, case: &Case) -> f32 {
    let mut odds = worth(h.strength);
    if h.tag == "pii.name" {
        // `name` is anybody's: whose, the words beside it say, or the table.
        odds += match (h.strength, h.of_thing, h.of_person) {
            (Strength::Strong, true, _) => -2.5,
            (_, true, false) => -4.0,
            (_, true, true) => -1.5,
            (Strength::Weak, false, true) => 1.8,
            (Strength::Medium, false, true) => 0.7,
            _ => 0.0,
        };
        if h.unknown && h.strength < Strength::Strong && !h.of_person {
            odds -= 1.2;
        }
        // `customer`, `driver`, `manager` are as often the key or the code of one: values must say it.
        if h.strength == Strength::Weak && !is_generic(&h.matched) {
            odds -= 1.5;
        }
        if is_generic(&h.matched) && h.alone && names_person_otherwise(case) {
            odds += if is_family_in_french(&h.matched) { 1.5 } else { -0.3 };
        }
    } else if h.of_thing {
        odds += match h.tag {
            "pii.contact.email" => -0.8,
            "pii.contact.phone" | "pii.free_text" | "secret.credential" | "health" => -1.5,
            "pii.network.ip" | "pii.network.device" => -2.5,
            _ => -3.0,
        };
    } else if h.of_person {
        odds += 0.6;
    }
    if h.followed && !h.of_person {
        odds -= if h.tag == "pii.free_text" { 3.0 } else { 0.8 };
    }
    odds
}

fn is_generic(words: &str) -> bool {
    [
        "name", "nm", "nom", "nombre", "nome", "naam", "navn", "namn", "nimi", "isim", "adi", "nume",
        "jmeno", "nev", "nazwa", "nombres",
    ]
    .contains(&words)
}

/// Beside a first name these are the last one.
fn is_family_in_french(words: &str) -> bool {
    ["nom", "name", "jmeno", "nume", "naam"].contains(&words)
}

/// Whether a sibling is a first or last name.
fn names_person_otherwise(case: &Case) -> bool {
    case.siblings.iter().any(|s| {
        s.first().is_some_and(|h| h.tag == "pii.name" && h.strength == Strength::Strong && !h.deflected)
    })
}
