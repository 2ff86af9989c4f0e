//! Counts over the values of a column, each looked at once and forgotten.
use super::valid::{self, contact, dates, health, money, national, network, people, place, secret};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// What a value can look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Shape {
    Email,
    RoleBox,
    Phone,
    BarePhone,
    BareMobile,
    Iban,
    Card,
    MaskedCard,
    Article,
    Ip,
    Version,
    Mac,
    Uuid,
    Hash,
    Token,
    Digest,
    Random,
    Url,
    Birth,
    Date,
    Time,
    Number,
    Coordinate,
    Pair,
    Age,
    Given,
    Listed,
    Shaped,
    Words,
    Firm,
    Street,
    Postcode,
    FormedPostcode,
    Icd,
    Blood,
    Illness,
    Gender,
    GenderWord,
    Long,
    Contact,
    Short,
    CardLength,
}

/// How many shapes there are.
const SHAPES: usize = Shape::CardLength as usize + 1;

/// Counts over values that are not NULL.
#[derive(Clone, Debug)]
pub struct Profile {
    /// How many were looked at.
    pub seen: usize,
    counts: [usize; SHAPES],
    national: [usize; national::FORMS.len()],
    distinct: HashSet<u64>,
    /// The year that ages are counted from.
    pub this_year: i32,
    youngest: Option<i32>,
    oldest: Option<i32>,
}

impl Default for Profile {
    fn default() -> Self {
        Profile {
            seen: 0,
            counts: [0; SHAPES],
            national: [0; national::FORMS.len()],
            distinct: HashSet::new(),
            this_year: 0,
            youngest: None,
            oldest: None,
        }
    }
}

/// Longest part of a value that is looked at.
const LONGEST: usize = 1000;

impl Profile {
    /// Takes in a value. The empty text counts as none: it is how NULL is often written.
    pub fn add(&mut self, value: &str, this_year: i32) {
        let value = value.trim();
        if value.is_empty() {
            return;
        }
        let value = value.char_indices().nth(LONGEST).map_or(value, |(at, _)| &value[..at]);
        self.seen += 1;
        self.this_year = this_year;
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        self.distinct.insert(hasher.finish());
        let digits = value.bytes().filter(u8::is_ascii_digit).count();
        if value.contains('@') && !value.contains(' ') {
            self.count(Shape::Email, contact::is_email(value));
            self.count(Shape::RoleBox, contact::is_role_box(value));
        }
        if digits >= 6 && value.len() <= 40 {
            self.numbers(value);
        }
        if digits > 0 {
            self.amounts(value, this_year);
        }
        self.codes(value);
        self.texts(value, digits);
    }

    fn numbers(&mut self, v: &str) {
        self.count(Shape::Phone, contact::is_phone(v));
        self.count(Shape::BarePhone, contact::is_bare_phone(v));
        self.count(Shape::BareMobile, contact::is_bare_mobile(v));
        self.count(Shape::Iban, money::is_iban(v));
        self.count(Shape::Card, money::is_card(v));
        self.count(Shape::Article, money::is_article_number(v));
        for (n, form) in self.national.iter_mut().zip(&national::FORMS) {
            *n += usize::from((form.fits)(v));
        }
    }

    fn amounts(&mut self, v: &str, this_year: i32) {
        let date = dates::parse(v);
        if let Some((year, ..)) = date {
            self.youngest = Some(self.youngest.map_or(year, |y| y.max(year)));
            self.oldest = Some(self.oldest.map_or(year, |y| y.min(year)));
        }
        let born = date.map(|d| d.0).or_else(|| if v.len() == 4 { v.parse().ok() } else { None });
        self.count(Shape::Birth, born.is_some_and(|y| dates::is_birth_year(y, this_year)));
        self.count(Shape::Date, date.is_some());
        self.count(Shape::Time, date.is_some() && dates::has_time(v));
        self.count(Shape::Number, v.parse::<f64>().is_ok());
        self.count(Shape::Coordinate, place::is_coordinate(v, 180.0));
        self.count(Shape::Pair, place::is_pair(v));
        self.count(Shape::Age, v.parse::<f64>().is_ok_and(|n| (0.0..=120.0).contains(&n)));
        self.count(Shape::Postcode, place::is_postcode(v));
        self.count(Shape::FormedPostcode, place::is_formed_postcode(v));
        self.count(Shape::Icd, health::is_icd(v));
        self.count(Shape::Ip, network::is_ip(v));
        self.count(Shape::Version, network::is_version_like(v));
    }

    fn codes(&mut self, v: &str) {
        self.count(Shape::Ip, !v.bytes().any(|b| b.is_ascii_digit()) && network::is_ip(v));
        self.count(Shape::MaskedCard, money::is_masked_card(v));
        self.count(Shape::CardLength, (13..=23).contains(&v.len()) && valid::digits(v, " -").is_some());
        self.count(Shape::Mac, network::is_mac(v));
        self.count(Shape::Uuid, valid::is_uuid(v));
        self.count(Shape::Hash, secret::is_password_hash(v));
        self.count(Shape::Token, secret::is_token(v));
        self.count(Shape::Digest, secret::is_digest(v));
        self.count(Shape::Random, secret::is_random(v));
        self.count(
            Shape::Url,
            v.starts_with("http://") || v.starts_with("https://") || v.starts_with("www."),
        );
        self.count(Shape::Blood, health::is_blood_type(v));
    }

    fn texts(&mut self, v: &str, digits: usize) {
        let words = v.split_whitespace().count();
        self.count(Shape::Long, words >= 6 || (!v.is_ascii() && words <= 2 && v.chars().count() >= 25));
        self.count(Shape::Short, v.chars().count() <= 2);
        self.count(Shape::Contact, words >= 4 && (v.contains('@') || (digits >= 9 && has_phone(v))));
        self.count(Shape::Illness, health::is_illness(v));
        self.count(Shape::Street, place::is_street(v));
        if v.len() <= 160 {
            let p = people::person(v);
            self.count(Shape::Given, p.given);
            self.count(Shape::Listed, p.given || p.family);
            self.count(Shape::Shaped, p.shaped);
            self.count(Shape::Words, p.words >= 2);
            self.count(Shape::Firm, p.firm);
        }
        if v.len() <= 24 {
            let gender = people::is_gender(v);
            self.count(Shape::Gender, gender);
            self.count(Shape::GenderWord, gender && v.chars().count() > 2);
        }
    }

    fn count(&mut self, shape: Shape, is: bool) {
        self.counts[shape as usize] += usize::from(is);
    }

    /// How many had a shape.
    #[must_use]
    pub fn of(&self, shape: Shape) -> usize {
        self.counts[shape as usize]
    }

    /// Which share of all had it.
    #[must_use]
    pub fn share(&self, shape: Shape) -> f32 {
        self.ratio(self.of(shape))
    }

    /// A count as a share of all.
    #[must_use]
    pub fn ratio(&self, count: usize) -> f32 {
        if self.seen == 0 { 0.0 } else { count as f32 / self.seen as f32 }
    }

    /// How many different ones there were.
    #[must_use]
    pub fn distinct(&self) -> usize {
        self.distinct.len()
    }

    /// The form of a national number that most have: its name, how many, and whether it proves itself.
    #[must_use]
    pub fn national(&self) -> Option<(&'static str, usize, bool)> {
        let best = |strong: bool| {
            (0..self.national.len())
                .filter(|i| self.national[*i] > 0 && (!strong || national::FORMS[*i].strong))
                .max_by_key(|i| self.national[*i])
                .map(|i| (national::FORMS[i].name, self.national[i], national::FORMS[i].strong))
        };
        // A form that proves itself before one that fits more by chance.
        best(true).filter(|(_, n, _)| self.ratio(*n) >= 0.8).or_else(|| best(false))
    }

    /// The first and last year among dates.
    #[must_use]
    pub fn years(&self) -> Option<(i32, i32)> {
        self.oldest.zip(self.youngest)
    }
}

/// Whether a text has a telephone number in it.
fn has_phone(text: &str) -> bool {
    text.split(|c: char| !(c.is_ascii_digit() || "+ -()./".contains(c)))
        .any(|run| run.bytes().filter(u8::is_ascii_digit).count() >= 9 && contact::is_phone(run))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        let mut p = Profile::default();
        for v in ["a.b@c.de", "", "x@y.org", "x@y.org", "none"] {
            p.add(v, 2026);
        }
        assert_eq!((p.seen, p.of(Shape::Email), p.distinct()), (4, 3, 3));
        let mut p = Profile::default();
        for v in ["44051401359", "02070803628"] {
            p.add(v, 2026);
        }
        assert_eq!(p.national(), Some(("pl_pesel", 2, true)));
        p.add("🎂", 2026);
        p.add(&"é".repeat(5000), 2026);
    }
}
