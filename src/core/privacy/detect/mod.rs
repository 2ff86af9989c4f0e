//! From what the catalogs and a few values say of a column to a guess at what it holds.
//!
//! [`lexicon`] reads names, [`subject`] says what the rows of a table are, [`profile`] counts what values look like
//! ([`valid`]), [`weigh`] adds it all up as log-odds.
pub mod json;
pub mod lexicon;
pub mod profile;
pub mod subject;
pub mod valid;
pub mod weigh;
pub mod words;

use lexicon::Hit;
use profile::Profile;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use subject::{Rows, Subject};

/// What a column's type can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text of any length, enums too.
    Text,
    /// Dates without a time.
    Date,
    /// Dates with one.
    Time,
    /// Numbers.
    Number,
    /// `inet`, `cidr`.
    Network,
    /// `macaddr`.
    Device,
    /// `bytea`.
    Bytes,
    /// `json`, `jsonb`, `hstore`.
    Json,
    /// Points and geometries.
    Place,
    /// `uuid`.
    Uuid,
    /// `boolean`.
    Bool,
    /// Anything else.
    Other,
}

/// A column as the catalogs and its values describe it.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What its type can hold.
    pub kind: Kind,
    /// The name of its domain or composite type, where that says more than the type itself.
    pub domain: Option<String>,
    /// Longest text its type takes.
    pub longest: Option<usize>,
    /// Labels, where it is an enum.
    pub labels: Vec<String>,
    /// Its comment.
    pub comment: Option<String>,
    /// CHECK constraints that name it.
    pub checks: String,
    /// Whether it points to another table's key.
    pub is_reference: bool,
    /// Whether it is the primary key, alone.
    pub is_key: bool,
    /// What values looked like.
    pub profile: Profile,
    /// Leaves of JSON by path.
    pub leaves: BTreeMap<String, Profile>,
    /// Whether all there is to know from statistics is known.
    pub is_known: bool,
}

impl Column {
    /// A column of which nothing but name and type is known.
    #[must_use]
    pub fn new(name: &str, kind: Kind) -> Self {
        Column {
            name: name.to_string(),
            kind,
            domain: None,
            longest: None,
            labels: Vec::new(),
            comment: None,
            checks: String::new(),
            is_reference: false,
            is_key: false,
            profile: Profile::default(),
            leaves: BTreeMap::new(),
            is_known: false,
        }
    }

    /// Takes in a value.
    pub fn add(&mut self, value: &str, this_year: i32) {
        match self.kind {
            Kind::Json => json::add(self, value, this_year),
            _ => self.profile.add(value, this_year),
        }
    }
}

/// A guess at what a column holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Guess {
    /// The tag.
    pub tag: Cow<'static, str>,
    /// Between 0 and 1.
    pub confidence: f32,
    /// Why: names and counts, never values.
    pub evidence: Value,
}

/// Fewest values from which anything is concluded.
pub const ENOUGH: usize = 5;

/// Log-odds from which on something is proposed: more likely than not.
pub const THRESHOLD: f32 = 0.0;

/// What is weighed for one column: the table's part is the same for all of them.
struct Case<'a> {
    column: &'a Column,
    hits: Vec<Hit>,
    subject: Subject,
    personal: usize,
    /// Nothing in the table speaks of persons.
    faceless: bool,
    siblings: &'a [Vec<Hit>],
}

/// Guesses what the columns of a table hold; several guesses for one column only where it is JSON.
#[must_use]
pub fn guess(table: &str, comment: Option<&str>, columns: &[Column]) -> Vec<Vec<Guess>> {
    let hits = read(columns);
    let personal = columns.iter().zip(&hits).filter(|(c, h)| is_personal(c, h)).count();
    // Clothes are for a gender and an age, too; for married ones they are not.
    let traits = hits.iter().filter(|h| is_trait(h)).count();
    let only_persons = hits.iter().any(|h| is_trait(h) && !["gender", "age"].contains(&h[0].kind));
    let counted = if traits >= 2 && only_persons { personal.max(3) } else { personal };
    let keys = columns.iter().filter(|c| lexicon::is_key_of_person(&c.name)).count();
    let mut of_name = subject::of_name(table);
    if let (Rows::Unknown, Some(comment)) = (of_name.rows, comment) {
        of_name = subject::of_name(comment);
    }
    let places = hits.iter().filter(|h| h.first().is_some_and(|h| h.tag == "pii.location")).count();
    let firms = columns
        .iter()
        .filter(|c| c.profile.seen >= ENOUGH && c.profile.share(profile::Shape::Firm) >= 0.3)
        .count();
    let subject = subject::with_columns(of_name, counted, keys, places, firms);
    let faceless = personal == 0 && keys == 0 && matches!(subject.rows, Rows::Unknown | Rows::Things);
    columns
        .iter()
        .zip(&hits)
        .map(|(column, own)| {
            let case = Case { column, hits: own.clone(), subject, personal, faceless, siblings: &hits };
            if column.kind == Kind::Json {
                json::guess(&case)
            } else {
                weigh::best(&case).into_iter().collect()
            }
        })
        .collect()
}

/// What the names say. Where most columns of a table begin with the same letters (`cfname`, `clname`, `czip`), what follows
/// them is read where the whole says nothing.
fn read(columns: &[Column]) -> Vec<Vec<Hit>> {
    let names: Vec<String> = columns.iter().map(|c| c.name.to_lowercase()).collect();
    let shared = (1..=12).rev().find_map(|n| {
        let mut heads: BTreeMap<&str, usize> = BTreeMap::new();
        names.iter().filter_map(|name| name.get(..n)).for_each(|head| *heads.entry(head).or_default() += 1);
        heads
            .into_iter()
            .find(|(_, count)| *count >= 4 && *count * 10 >= names.len() * 7)
            .map(|(head, _)| head)
    });
    let of = |(c, name): (&Column, &String)| {
        let whole = lexicon::read(&c.name);
        let Some((head, rest)) = shared.and_then(|s| Some((s, name.strip_prefix(s)?))) else { return whole };
        if whole.is_empty() && rest.len() >= 3 {
            return lexicon::read(rest);
        }
        // What every column says says nothing of this one: `comment_` in a table of comments.
        let said = if head.ends_with('_') { lexicon::read(head) } else { Vec::new() };
        let of_rest = lexicon::read(rest);
        let own = |h: &Hit| {
            !said.iter().any(|s| s.tag == h.tag && s.matched == h.matched)
                || of_rest.iter().any(|r| r.tag == h.tag)
        };
        whole.into_iter().filter(own).collect()
    };
    columns.iter().zip(&names).map(of).collect()
}

/// Whether a column says that its table is about persons: what only they have, and not what a firm has too.
fn is_personal(column: &Column, hits: &[Hit]) -> bool {
    use lexicon::Strength::Strong;
    let by_name = hits.first().is_some_and(|h| {
        h.strength == Strong
            && !h.deflected
            && !h.of_thing
            && (["pii.name", "pii.birth_date", "pii.national_id"].contains(&h.tag)
                || (h.tag == "pii.contact.email"))
            && column.kind != Kind::Bool
            && !h.matched.contains("contact")
    }) || is_trait(hits);
    // Who to ask at a firm is not what its row is about.
    let of_contact = hits.first().is_some_and(|h| h.matched.contains("contact"));
    let p = &column.profile;
    let by_value = !of_contact
        && p.seen >= ENOUGH
        && p.distinct() >= ENOUGH
        && (p.share(profile::Shape::Given) >= 0.5 && p.share(profile::Shape::Firm) < 0.1
            || p.share(profile::Shape::Email) >= 0.8
            || p.national().is_some_and(|(_, n, strong)| strong && p.ratio(n) >= 0.9));
    by_name || by_value
}

/// Only persons are married, of a faith, or of age.
fn is_trait(hits: &[Hit]) -> bool {
    hits.first().is_some_and(|h| {
        let kind = ["gender", "age", "trait"].contains(&h.kind) && h.strength > lexicon::Strength::Weak;
        (kind || h.tag == "pii.birth_date") && !h.deflected && !h.of_thing
    })
}

/// Columns of a table of which more values could change what is proposed.
#[must_use]
pub fn undecided(table: &str, comment: Option<&str>, columns: &[Column], sampled: bool) -> Vec<bool> {
    let guesses = guess(table, comment, columns);
    columns
        .iter()
        .zip(guesses)
        .map(|(c, g)| {
            let values_tell = matches!(
                c.kind,
                Kind::Text
                    | Kind::Json
                    | Kind::Date
                    | Kind::Time
                    | Kind::Network
                    | Kind::Number
                    | Kind::Place
            );
            let close = g.first().is_some_and(|g| (0.3..0.85).contains(&g.confidence));
            values_tell && !c.is_known && (!sampled || close || c.profile.seen < 20)
        })
        .collect()
}

/// What a key holds its references hold, and the other way round: a guess for a column that has none of its own.
#[must_use]
pub fn implied(tag: &str, confidence: f32, by: &str) -> Guess {
    Guess {
        tag: Cow::Owned(tag.to_string()),
        // A step away is a little less sure.
        confidence: weigh::round(confidence * 0.95),
        evidence: serde_json::json!({"references": by}),
    }
}

#[cfg(test)]
mod tests;
