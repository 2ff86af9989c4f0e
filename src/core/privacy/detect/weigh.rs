//! Evidence as log-odds, added up: each piece moves the odds by a factor that was set by judgement and checked on the development
//! half of the labelled set (docs/privacy.md). Pieces are treated as independent, so that none is given more than about five.
use super::lexicon::{self, Hit, Strength};
use super::profile::Shape;
use super::subject::Rows;
use super::{Case, Column, ENOUGH, Guess, Kind, THRESHOLD};
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
    "pii.contact.email", "pii.financial.iban", "pii.financial.card", "pii.network.ip", "pii.network.device", "pii.national_id",
    "secret.credential", "pii.contact.phone", "pii.contact.address", "pii.birth_date", "pii.name", "health", "quasi", "pii.location",
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
    let mut tags: Vec<&'static str> = case.hits.iter().chain(&comment).chain(&domain).map(|h| h.tag).collect();
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
    lexicon::read(comment).into_iter().filter(|h| h.strength > Strength::Weak && !h.deflected && !h.of_thing).collect()
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
        // Its name says something else, and plainly.
        sum.odds -= if other.tag.starts_with(tag) || tag.starts_with(other.tag) { 0.5 } else { 1.5 };
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
    values(case, tag, hit, &mut sum);
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
    ["name", "nm", "nom", "nombre", "nome", "naam", "navn", "namn", "nimi", "isim", "adi", "nume", "jmeno", "nev", "nazwa", "nombres"].contains(&words)
}

/// Beside a first name these are the last one.
fn is_family_in_french(words: &str) -> bool {
    ["nom", "name", "jmeno", "nume", "naam"].contains(&words)
}

/// Whether a sibling is a first or last name.
fn names_person_otherwise(case: &Case) -> bool {
    case.siblings.iter().any(|s| s.first().is_some_and(|h| h.tag == "pii.name" && h.strength == Strength::Strong && !h.deflected))
}

/// What the table says. Persons make vague names plain, things make them empty.
fn context(case: &Case, tag: &str, hit: Option<&Hit>) -> f32 {
    let strong = hit.is_some_and(|h| h.strength == Strength::Strong);
    let kind = hit.map_or("", |h| h.kind);
    let own = hit.is_some_and(|h| h.of_person || (h.strength == Strength::Weak && !is_generic(&h.matched)));
    // Odds with persons, dealings, things, and where nothing is known.
    let (persons, dealings, things, unknown) = match tag {
        "pii.name" if strong => (0.5, 0.3, if own { -0.5 } else { -2.8 }, 0.0),
        "pii.name" => (1.6, 0.2, if own { -0.8 } else { -3.5 }, -0.5),
        "pii.name.user" => (0.3, 0.3, -0.8, 0.0),
        "pii.contact.address" => (1.0, 0.8, -4.0, if case.faceless { -2.0 } else { -0.3 }),
        "quasi" if kind == "city" => (1.5, 0.3, -3.5, -0.8),
        "quasi" if kind == "postal" => (1.2, 0.6, -3.5, if case.faceless { -1.5 } else { -0.2 }),
        "quasi" => (1.2, 0.4, -2.5, -0.3),
        "pii.location" => (1.6, 1.2, if hit.is_some_and(|h| h.strength > Strength::Weak) { -1.0 } else { -3.0 }, -1.2),
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
    if tag == "pii.location" && hit.is_some_and(|h| h.unknown && !h.of_person) {
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
fn is_possible(tag: &str, column: &Column) -> bool {
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
        "quasi" => text || kind == Kind::Number,
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

/// What the values say.
fn values(case: &Case, tag: &str, hit: Option<&Hit>, sum: &mut Sum) {
    let (p, column) = (&case.column.profile, case.column);
    if p.seen == 0 {
        return;
    }
    let (fits, odds) = judge(case, tag, hit);
    // A handful of values moves the odds by less.
    let trust = if p.seen < ENOUGH && column.labels.is_empty() { 0.5 } else { 1.0 };
    // Where all are equal they say what one says.
    let trust = if p.distinct() < 2 && p.seen >= ENOUGH && odds > 0.0 && column.labels.is_empty() { 0.5 } else { trust };
    sum.odds += odds * trust;
    sum.evidence.insert("sampled".into(), json!(p.seen));
    if let Some(fits) = fits {
        sum.evidence.insert("matching".into(), json!(fits));
    }
    if tag == "pii.national_id" {
        if let Some((form, n, _)) = p.national().filter(|(_, n, _)| p.ratio(*n) >= 0.5) {
            sum.evidence.insert("form".into(), json!(form));
            sum.evidence.insert("matching".into(), json!(n));
        }
    }
}

/// Linear between two shares.
fn between(share: f32, low: f32, high: f32, at_low: f32, at_high: f32) -> f32 {
    at_low + (at_high - at_low) * ((share - low) / (high - low)).clamp(0.0, 1.0)
}

/// How many values fit and by what they move the odds.
fn judge(case: &Case, tag: &str, hit: Option<&Hit>) -> (Option<usize>, f32) {
    let (p, kind) = (&case.column.profile, case.column.kind);
    let named = hit.is_some();
    let share = |s: Shape| p.share(s);
    let several = p.distinct() >= ENOUGH;
    // What has another form that cannot be mistaken is nothing else.
    let taken = [Shape::Url, Shape::Uuid, Shape::Hash, Shape::Token].iter().any(|s| share(*s) >= 0.6)
        || (share(Shape::Email) >= 0.6 && tag != "pii.contact.email");
    if taken && !matches!(tag, "secret.credential" | "pii.contact.email" | "pii.network.device") {
        return (None, REFUTED - 1.5);
    }
    match tag {
        "pii.contact.email" => {
            let s = share(Shape::Email);
            let odds = match s {
                s if s >= 0.3 => between(s, 0.3, 0.9, 3.0, PROVEN),
                s if named => between(s, 0.0, 0.3, REFUTED, 0.0),
                _ => 0.0,
            };
            // `info@` belongs to nobody.
            let boxes = if share(Shape::RoleBox) > 0.6 { -3.0 } else { 0.0 };
            (Some(p.of(Shape::Email)), odds + boxes)
        }
        "pii.contact.phone" => phone(case, named),
        "pii.financial.iban" => {
            let s = share(Shape::Iban);
            (Some(p.of(Shape::Iban)), if s >= 0.5 { PROVEN } else if named && s == 0.0 { -3.0 } else { 0.0 })
        }
        "pii.financial.card" => {
            let fits = p.of(Shape::Card).max(p.of(Shape::MaskedCard));
            let s = p.ratio(fits);
            let articles = share(Shape::Article) >= 0.8;
            let odds = match s {
                _ if articles => REFUTED,
                s if s >= 0.8 && (named || several) => between(s, 0.8, 1.0, 4.5, PROVEN),
                // Cards of shops and libraries have other lengths; numbers made up for tests have no check digit.
                _ if named && p.ratio(fits.max(p.of(Shape::CardLength))) < 0.3 => REFUTED - 1.0,
                s if named => between(s, 0.0, 0.8, -1.0, 2.0),
                _ => 0.0,
            };
            (Some(fits), odds)
        }
        "pii.network.ip" => {
            let s = share(Shape::Ip);
            let versions = share(Shape::Version) > 0.6 && kind != Kind::Network;
            let odds = match s {
                _ if kind == Kind::Network => 1.5,
                _ if versions => REFUTED,
                // That it is an address says nothing of whose.
                s if s >= 0.8 => if case.subject.rows == Rows::Things { 1.0 } else { 5.0 },
                s if named => between(s, 0.0, 0.5, REFUTED, 0.5),
                _ => 0.0,
            };
            (Some(p.of(Shape::Ip)), odds)
        }
        "pii.network.device" => {
            let s = share(Shape::Mac);
            let identifier = share(Shape::Uuid).max(share(Shape::Random)).max(share(Shape::Digest));
            let odds = if s >= 0.8 { if case.faceless { 1.0 } else { 3.5 } } else if named && identifier > 0.6 { 0.5 } else { 0.0 };
            (Some(p.of(Shape::Mac)), odds)
        }
        "pii.national_id" => {
            let Some((_, fits, strong)) = p.national() else { return (Some(0), if named { -0.4 } else { 0.0 }) };
            let s = p.ratio(fits);
            let odds = match (s >= 0.8, strong, named) {
                (true, true, _) if several && share(Shape::Article) < 0.8 => between(s, 0.8, 1.0, 4.0, PROVEN),
                (true, _, true) => 2.0,
                (false, _, true) => -0.2,
                _ => 0.0,
            };
            (Some(fits), odds)
        }
        "secret.credential" => secret(case, hit),
        "pii.birth_date" => birth(case, named),
        "pii.name" => name(case, hit),
        "pii.name.user" => {
            let wrong = share(Shape::Long) > 0.2 || share(Shape::Number) > 0.8;
            (None, if wrong { -3.0 } else { 0.3 })
        }
        "pii.contact.address" => {
            let s = share(Shape::Street);
            let odds = match s {
                s if s >= 0.4 && case.faceless => 0.5,
                s if s >= 0.4 => if named { between(s, 0.4, 0.8, 1.5, 2.5) } else { between(s, 0.4, 0.8, 2.5, 4.2) },
                _ if named && (share(Shape::Ip) > 0.5 || share(Shape::Firm) > 0.5) => REFUTED,
                // House numbers are numbers.
                _ if named && share(Shape::Number) > 0.9 && !hit.is_some_and(|h| is_house_number(&h.matched)) => -2.0,
                _ => 0.0,
            };
            (Some(p.of(Shape::Street)), odds)
        }
        "quasi" => quasi(case, hit),
        "health" => {
            let (icd, blood, ill) = (share(Shape::Icd), share(Shape::Blood), share(Shape::Illness));
            let odds = match (icd >= 0.8, blood >= 0.9, ill >= 0.3) {
                // A list of codes and what they mean is nobody's.
                _ if case.subject.rows == Rows::Things => 0.0,
                (true, ..) if several || named => 4.0,
                (_, true, _) if p.distinct() >= 4 || named => 4.0,
                (_, _, true) if p.distinct() >= 3 || named => if named { 2.0 } else { 2.8 },
                _ => 0.0,
            };
            (Some(p.of(Shape::Icd).max(p.of(Shape::Blood)).max(p.of(Shape::Illness))), odds)
        }
        "pii.location" => {
            let s = p.ratio(p.of(Shape::Coordinate).max(p.of(Shape::Pair)));
            let odds = match kind {
                Kind::Place => 0.8,
                _ if named => between(s, 0.2, 0.7, -2.0, 1.0),
                _ => 0.0,
            };
            (Some(p.of(Shape::Coordinate).max(p.of(Shape::Pair))), odds)
        }
        "pii.free_text" => {
            let (long, contact) = (share(Shape::Long), share(Shape::Contact));
            let mut odds = match long {
                l if named => between(l, 0.05, 0.4, if p.seen >= 10 { -2.5 } else { -1.0 }, 1.3),
                l if l >= 0.7 && matches!(case.subject.rows, Rows::Persons | Rows::Dealings) => 1.0,
                _ => 0.0,
            };
            // Few texts again and again are choices from a list.
            if p.seen >= 30 && p.distinct() * 4 < p.seen && p.distinct() < 20 {
                odds -= 2.0;
            }
            if contact >= 0.05 && long >= 0.3 && several {
                odds += 2.0;
            }
            (Some(p.of(Shape::Long)), odds)
        }
        "pii.financial" => (None, if share(Shape::Long) > 0.3 || share(Shape::Date) > 0.5 { REFUTED } else { 0.2 }),
        "pii.financial.account" => {
            let numeric = p.seen > 0 && share(Shape::Long) < 0.1 && share(Shape::Short) < 0.5 && share(Shape::Shaped) < 0.5;
            (None, if numeric { 0.3 } else { -2.5 })
        }
        _ => (None, 0.0),
    }
}

fn is_house_number(words: &str) -> bool {
    ["number", " no", "nummer", "nr", "numero", "civico", "num", "dom", "kvartira", "apartment", "flat", "house"].iter().any(|w| words.contains(w))
}

fn phone(case: &Case, named: bool) -> (Option<usize>, f32) {
    let p = &case.column.profile;
    let (formed, bare) = (p.share(Shape::Phone), p.ratio(p.of(Shape::Phone) + p.of(Shape::BarePhone)));
    let odds = match formed {
        _ if p.share(Shape::Date) > 0.5 => REFUTED,
        f if f >= 0.5 => if named { 2.5 } else { between(f, 0.5, 0.9, 1.5, 4.0) },
        _ if named => between(bare, 0.05, 0.6, if p.seen >= ENOUGH { -3.0 } else { -1.0 }, 1.5),
        _ if p.share(Shape::BareMobile) >= 0.95 && p.distinct() >= 10 && case.subject.rows != Rows::Things => 2.4,
        _ => 0.0,
    };
    // The check digits of something else.
    let other = !named && (p.national().is_some_and(|(_, n, strong)| strong && p.ratio(n) > 0.9) || p.share(Shape::Article) > 0.9);
    (Some(p.of(Shape::Phone)), if other { REFUTED } else { odds })
}

fn secret(case: &Case, hit: Option<&Hit>) -> (Option<usize>, f32) {
    let p = &case.column.profile;
    let plain = p.of(Shape::Hash) + p.of(Shape::Token);
    let drawn = p.of(Shape::Random).max(p.of(Shape::Digest)).max(p.of(Shape::Uuid));
    let odds = match (p.ratio(plain), p.ratio(drawn)) {
        (s, _) if s >= 0.4 => PROVEN,
        (_, s) if hit.is_some() && s >= 0.5 => 1.5,
        _ if hit.is_some_and(|h| h.strength < Strength::Strong) => {
            if p.share(Shape::Long) > 0.2 || p.share(Shape::Words) > 0.5 { -4.0 } else { -0.8 }
        }
        _ if p.share(Shape::Long) > 0.5 => -2.0,
        _ => 0.0,
    };
    (Some(plain.max(drawn)), odds)
}

fn birth(case: &Case, named: bool) -> (Option<usize>, f32) {
    let (p, kind) = (&case.column.profile, case.column.kind);
    let (fits, timed) = (p.share(Shape::Birth), p.share(Shape::Time));
    let month = case.hits.iter().any(|h| h.matched.contains("month"));
    let odds = if named {
        match fits {
            _ if month => 0.0,
            _ if timed > 0.3 => REFUTED,
            f => between(f, 0.2, 0.8, -3.0, 1.0),
        }
    } else {
        // Dates of birth spread over generations and end years ago; nothing else in a table of persons does.
        let spread = p.years().is_some_and(|(first, last)| last - first >= 25 && last <= p.this_year - 12 && first > p.this_year - 110);
        let dated = matches!(kind, Kind::Date) || (kind == Kind::Text && p.share(Shape::Date) > 0.9);
        let other = !lexicon::read(&case.column.name).is_empty() || says_other_date(&case.column.name);
        if dated && spread && !other && case.subject.rows == Rows::Persons && p.distinct() >= 8 && timed < 0.05 { 2.9 } else { 0.0 }
    };
    (Some(p.of(Shape::Birth)), odds)
}

fn says_other_date(name: &str) -> bool {
    const OTHERS: [&str; 30] = [
        "hire", "hired", "start", "release", "released", "founded", "established", "built", "publish", "published", "signed", "joined", "join",
        "entry", "death", "died", "graduation", "license", "since", "from", "to", "end", "begin", "eintritt", "alta", "embauche", "created", "order",
        "manufacture", "production",
    ];
    lexicon::words_of(name).iter().any(|w| OTHERS.contains(&w.as_str()))
}

fn name(case: &Case, hit: Option<&Hit>) -> (Option<usize>, f32) {
    let p = &case.column.profile;
    let (given, listed, shaped, firm) = (p.share(Shape::Given), p.share(Shape::Listed), p.share(Shape::Shaped), p.share(Shape::Firm));
    let strong = hit.is_some_and(|h| h.strength == Strength::Strong);
    let odds = match hit {
        _ if p.share(Shape::Number) > 0.5 || p.share(Shape::Date) > 0.5 => -5.0,
        _ if firm >= 0.3 => -3.5,
        _ if p.share(Shape::Long) > 0.5 => -3.0,
        // Initials are short.
        Some(_) if p.share(Shape::Short) > 0.8 => if strong { -0.5 } else { -2.5 },
        Some(_) if shaped < 0.4 && listed < 0.2 => if strong { -2.0 } else { -3.5 },
        Some(_) if listed >= 0.2 => between(listed, 0.2, 0.6, 1.0, 3.0),
        // Hardly one of them in any list: not the names of many persons, unless of a culture that the lists do not know.
        Some(_) if p.distinct() >= 15 => {
            let least = match strong {
                true => -1.0,
                false if case.subject.rows == Rows::Persons && shaped >= 0.9 => -0.8,
                false => -3.0,
            };
            between(listed, 0.05, 0.2, least, 0.5)
        }
        Some(_) => 0.0,
        None if case.column.is_reference => 0.0,
        None if p.distinct() < ENOUGH => 0.0,
        None if shaped >= 0.7 => {
            // Of two words one is often in the lists; of single ones, cities and brands are in them too.
            if p.share(Shape::Words) >= 0.7 {
                between(listed, 0.25, 0.5, 0.0, 3.8) + between(listed, 0.6, 0.8, 0.0, 1.5)
            } else {
                between(given.max(listed - 0.1), 0.45, 0.75, 0.0, 3.4)
            }
        }
        None => 0.0,
    };
    (Some(p.of(Shape::Listed)), odds)
}

fn quasi(case: &Case, hit: Option<&Hit>) -> (Option<usize>, f32) {
    let p = &case.column.profile;
    let Some(h) = hit else {
        // Words for genders are plain; letters are not.
        let words = p.share(Shape::GenderWord);
        let odds = if words >= 0.9 && (2..=6).contains(&p.distinct()) {
            3.0
        } else if p.share(Shape::FormedPostcode) >= 0.9 && p.distinct() >= 10 && case.subject.rows == Rows::Persons {
            2.0
        } else {
            0.0
        };
        return (Some(p.of(Shape::Gender).max(p.of(Shape::FormedPostcode))), odds);
    };
    let few = p.seen < ENOUGH;
    match h.kind {
        "postal" => {
            let s = p.ratio(p.of(Shape::Postcode).max(p.of(Shape::FormedPostcode)));
            (Some(p.of(Shape::Postcode)), between(s, 0.1, 0.6, if few { 0.0 } else { -2.5 }, 0.8))
        }
        "gender" => {
            let s = p.share(Shape::Gender);
            // Gender is coded with numbers too.
            let coded = p.share(Shape::Number) > 0.9 && p.distinct() <= 4;
            (Some(p.of(Shape::Gender)), if coded { 0.0 } else { between(s, 0.1, 0.7, if few { 0.0 } else { -2.5 }, 1.5) })
        }
        "age" => {
            let s = p.share(Shape::Age);
            let numeric = p.share(Shape::Number) > 0.8;
            (Some(p.of(Shape::Age)), if numeric { between(s, 0.8, 1.0, -3.0, 0.5) } else { 0.0 })
        }
        "city" => {
            let wrong = p.share(Shape::Long) > 0.3 || p.share(Shape::Number) > 0.5 || p.share(Shape::Firm) > 0.5;
            (None, if wrong { -3.0 } else { 0.3 })
        }
        _ if p.share(Shape::Long) > 0.5 => (None, -2.0),
        // Years of schooling, a number of jobs.
        _ if case.column.kind == Kind::Number && h.strength == Strength::Weak => (None, -1.5),
        _ => (None, 0.0),
    }
}
