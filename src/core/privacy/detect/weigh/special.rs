//! The same for tags that need more than a share: names, dates of birth, telephones, secrets, what identifies with others.
use super::super::lexicon::{self, Hit, Strength};
use super::super::profile::Shape;
use super::super::subject::Rows;
use super::super::{Case, ENOUGH, Kind};
use super::values::between;
use super::{PROVEN, REFUTED};

pub(super) fn is_house_number(words: &str) -> bool {
    [
        "number",
        " no",
        "nummer",
        "nr",
        "numero",
        "civico",
        "num",
        "dom",
        "kvartira",
        "apartment",
        "flat",
        "house",
    ]
    .iter()
    .any(|w| words.contains(w))
}

pub(super) fn phone(case: &Case, named: bool) -> (Option<usize>, f32) {
    let p = &case.column.profile;
    let (formed, bare) = (p.share(Shape::Phone), p.ratio(p.of(Shape::Phone) + p.of(Shape::BarePhone)));
    let odds = match formed {
        _ if p.share(Shape::Date) > 0.5 => REFUTED,
        f if f >= 0.5 => {
            if named {
                2.5
            } else {
                between(f, 0.5, 0.9, 1.5, 4.0)
            }
        }
        _ if named => between(bare, 0.05, 0.6, if p.seen >= ENOUGH { -3.0 } else { -1.0 }, 1.5),
        _ if p.share(Shape::BareMobile) >= 0.95
            && p.distinct() >= 10
            && case.subject.rows != Rows::Things =>
        {
            2.4
        }
        _ => 0.0,
    };
    // The check digits of something else.
    let other = !named
        && (p.national().is_some_and(|(_, n, strong)| strong && p.ratio(n) > 0.9)
            || p.share(Shape::Article) > 0.9);
    (Some(p.of(Shape::Phone)), if other { REFUTED } else { odds })
}

pub(super) fn secret(case: &Case, hit: Option<&Hit>) -> (Option<usize>, f32) {
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

pub(super) fn birth(case: &Case, named: bool) -> (Option<usize>, f32) {
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
        let spread = p.years().is_some_and(|(first, last)| {
            last - first >= 25 && last <= p.this_year - 12 && first > p.this_year - 110
        });
        let dated = matches!(kind, Kind::Date) || (kind == Kind::Text && p.share(Shape::Date) > 0.9);
        let other = !lexicon::read(&case.column.name).is_empty() || says_other_date(&case.column.name);
        if dated
            && spread
            && !other
            && case.subject.rows == Rows::Persons
            && p.distinct() >= 8
            && timed < 0.05
        {
            2.9
        } else {
            0.0
        }
    };
    (Some(p.of(Shape::Birth)), odds)
}

fn says_other_date(name: &str) -> bool {
    const OTHERS: [&str; 30] = [
        "hire",
        "hired",
        "start",
        "release",
        "released",
        "founded",
        "established",
        "built",
        "publish",
        "published",
        "signed",
        "joined",
        "join",
        "entry",
        "death",
        "died",
        "graduation",
        "license",
        "since",
        "from",
        "to",
        "end",
        "begin",
        "eintritt",
        "alta",
        "embauche",
        "created",
        "order",
        "manufacture",
        "production",
    ];
    lexicon::words_of(name).iter().any(|w| OTHERS.contains(&w.as_str()))
}

pub(super) fn name(case: &Case, hit: Option<&Hit>) -> (Option<usize>, f32) {
    let p = &case.column.profile;
    let (given, listed, shaped, firm) =
        (p.share(Shape::Given), p.share(Shape::Listed), p.share(Shape::Shaped), p.share(Shape::Firm));
    let strong = hit.is_some_and(|h| h.strength == Strength::Strong);
    let odds = match hit {
        _ if p.share(Shape::Number) > 0.5 || p.share(Shape::Date) > 0.5 => -5.0,
        _ if firm >= 0.3 => -3.5,
        _ if p.share(Shape::Long) > 0.5 => -3.0,
        // Initials are short.
        Some(_) if p.share(Shape::Short) > 0.8 => {
            if strong {
                -0.5
            } else {
                -2.5
            }
        }
        Some(_) if shaped < 0.4 && listed < 0.2 => {
            if strong {
                -2.0
            } else {
                -3.5
            }
        }
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

pub(super) fn quasi(case: &Case, hit: Option<&Hit>) -> (Option<usize>, f32) {
    let p = &case.column.profile;
    let Some(h) = hit else {
        // Words for genders are plain; letters are not.
        let words = p.share(Shape::GenderWord);
        let odds = if words >= 0.9 && (2..=6).contains(&p.distinct()) {
            3.0
        } else if p.share(Shape::FormedPostcode) >= 0.9
            && p.distinct() >= 10
            && case.subject.rows == Rows::Persons
        {
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
            (
                Some(p.of(Shape::Gender)),
                if coded { 0.0 } else { between(s, 0.1, 0.7, if few { 0.0 } else { -2.5 }, 1.5) },
            )
        }
        "age" => {
            let s = p.share(Shape::Age);
            let numeric = p.share(Shape::Number) > 0.8;
            (Some(p.of(Shape::Age)), if numeric { between(s, 0.8, 1.0, -3.0, 0.5) } else { 0.0 })
        }
        "city" => {
            let wrong =
                p.share(Shape::Long) > 0.3 || p.share(Shape::Number) > 0.5 || p.share(Shape::Firm) > 0.5;
            (None, if wrong { -3.0 } else { 0.3 })
        }
        _ if p.share(Shape::Long) > 0.5 => (None, -2.0),
        // Years of schooling, a number of jobs.
        _ if case.column.kind == Kind::Number && h.strength == Strength::Weak => (None, -1.5),
        _ => (None, 0.0),
    }
}
