//! What an export lets out although everything tagged is masked: small classes of quasi-identifiers, and values that look
//! like personal data. Both are counted as rows pass by, in bounded memory, and neither keeps a value.
use super::detect::valid::{contact, money, network};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

/// Most classes that are counted; about 24 bytes each.
pub const MOST_CLASSES: usize = 500_000;
/// So many of the first rows are looked at, and as many again drawn from all that follow.
pub const SAMPLE: usize = 500;
/// Longest value that is looked at.
const LONGEST: usize = 500;

/// Rows by the values of their quasi-identifiers.
pub struct Classes {
    counts: HashMap<u64, u32>,
    hasher: RandomState,
    limit: usize,
    overflowed: bool,
}

/// What the classes of an export say.
#[derive(Debug, PartialEq, Eq)]
pub struct Anonymity {
    /// Rows in the smallest class.
    pub smallest: u64,
    /// Rows in classes that are smaller than the threshold.
    pub rows_below: u64,
    /// How many classes.
    pub classes: u64,
}

impl Classes {
    /// Counts up to so many classes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Classes { counts: HashMap::new(), hasher: RandomState::new(), limit, overflowed: false }
    }

    /// Takes in a row. The hash has a key of its own each time: nobody can make two classes fall together.
    pub fn add(&mut self, row: &[Option<Vec<u8>>]) {
        if self.overflowed {
            return;
        }
        *self.counts.entry(self.hasher.hash_one(row)).or_default() += 1;
        if self.counts.len() > self.limit {
            self.overflowed = true;
            self.counts = HashMap::new();
        }
    }

    /// What they say; None where there were too many to count.
    #[must_use]
    pub fn assess(&self, k: u32) -> Option<Anonymity> {
        let below = self.counts.values().filter(|n| **n < k).map(|n| u64::from(*n)).sum();
        (!self.overflowed).then(|| Anonymity {
            smallest: self.counts.values().min().map_or(0, |n| u64::from(*n)),
            rows_below: below,
            classes: self.counts.len() as u64,
        })
    }
}

/// Tags whose values have a form: recogniser, and from which share of values on it is no chance any more, in per cent.
type Form = (&'static str, fn(&str) -> bool, usize);
const FORMS: [Form; 5] = [
    ("pii.contact.email", is_real_email, 2),
    ("pii.financial.iban", money::is_iban, 2),
    ("pii.financial.card", money::is_card, 60),
    ("pii.network.ip", network::is_ip, 60),
    ("pii.contact.phone", contact::is_phone, 40),
];

/// Domains that belong to nobody (RFC 2606, 6761): masks and test data use them.
const RESERVED: [&str; 7] =
    ["example.com", "example.org", "example.net", "example", "test", "invalid", "localhost"];

fn is_real_email(value: &str) -> bool {
    let domain = value.trim().rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    let reserved =
        RESERVED.iter().any(|r| domain == *r || domain.strip_suffix(r).is_some_and(|d| d.ends_with('.')));
    !reserved && contact::is_email(value)
}

/// A sampled row: for each column the forms that its value has, and the highest bit where there is a value at all.
type Marks = Vec<u8>;
const A_VALUE: u8 = 1 << 7;

/// Looks at the first rows and at some of the others, each as likely as any.
pub struct Sampler {
    first: Vec<Marks>,
    others: Vec<Marks>,
    rows: u64,
    state: u64,
}

/// What was found in a column.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// Number of the column, from 0.
    pub column: usize,
    /// What its values look like.
    pub tag: &'static str,
    /// How many do.
    pub matching: usize,
    /// Of how many.
    pub sampled: usize,
    /// Whether that is more than chance.
    pub is_likely: bool,
}

impl Sampler {
    /// Begins; the seed decides which rows are drawn.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Sampler { first: Vec::new(), others: Vec::new(), rows: 0, state: seed | 1 }
    }

    /// Takes in a row, whose values are asked for only where they are looked at.
    pub fn add(&mut self, columns: usize, mut value: impl FnMut(usize) -> Option<String>) {
        self.rows += 1;
        let place = if self.first.len() < SAMPLE {
            None
        } else {
            let later = self.rows - SAMPLE as u64;
            let place = if later <= SAMPLE as u64 { later - 1 } else { self.draw() % later };
            if place >= SAMPLE as u64 {
                return;
            }
            Some(place as usize)
        };
        let marks = (0..columns).map(|n| value(n).map_or(0, |v| marks_of(&v))).collect();
        match place {
            None => self.first.push(marks),
            Some(place) if place < self.others.len() => self.others[place] = marks,
            Some(_) => self.others.push(marks),
        }
    }

    /// xorshift64*: good enough for sampling.
    fn draw(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11
    }

    /// How many rows were looked at.
    #[must_use]
    pub fn sampled(&self) -> usize {
        self.first.len() + self.others.len()
    }

    /// What was found, by column and form.
    #[must_use]
    pub fn found(&self) -> Vec<Found> {
        let columns = self.first.first().map_or(0, Vec::len);
        let mut found = Vec::new();
        for column in 0..columns {
            let marks = || self.first.iter().chain(&self.others).map(move |m| m[column]);
            let sampled = marks().filter(|m| m & A_VALUE != 0).count();
            for (i, (tag, _, percent)) in FORMS.iter().enumerate() {
                let matching = marks().filter(|m| m & (1 << i) != 0).count();
                if matching > 0 {
                    let is_likely = matching * 100 >= sampled * percent;
                    found.push(Found { column, tag, matching, sampled, is_likely });
                }
            }
        }
        found
    }
}

fn marks_of(value: &str) -> u8 {
    if value.len() > LONGEST {
        return A_VALUE;
    }
    FORMS.iter().enumerate().fold(A_VALUE, |marks, (i, (_, fits, _))| marks | u8::from(fits(value)) << i)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: &[&str]) -> Vec<Option<Vec<u8>>> {
        values.iter().map(|v| Some(v.as_bytes().to_vec())).collect()
    }

    #[test]
    fn classes_are_counted() {
        let mut c = Classes::new(10);
        assert_eq!(c.assess(5), Some(Anonymity { smallest: 0, rows_below: 0, classes: 0 }));
        for _ in 0..6 {
            c.add(&row(&["10115", "30"]));
        }
        c.add(&row(&["10115", "31"]));
        c.add(&[Some(b"10115".to_vec()), None]);
        assert_eq!(c.assess(5), Some(Anonymity { smallest: 1, rows_below: 2, classes: 3 }));
        assert_eq!(c.assess(1), Some(Anonymity { smallest: 1, rows_below: 0, classes: 3 }));
    }

    #[test]
    fn too_many_classes_are_not_assessed() {
        let mut c = Classes::new(3);
        (0..4).for_each(|i| c.add(&row(&[&i.to_string()])));
        c.add(&row(&["0"]));
        assert_eq!(c.assess(5), None);
    }

    fn sample(rows: usize, value: impl Fn(usize) -> &'static str) -> Sampler {
        let mut s = Sampler::new(42);
        (0..rows).for_each(|i| s.add(1, |_| Some(value(i).to_string())));
        s
    }

    #[test]
    fn masks_that_look_like_addresses_are_none() {
        for masked in ["a***@example.com", "a@example.com", "bob@mail.example.test", "x@localhost.test"] {
            assert!(sample(10, |_| masked).found().is_empty(), "{masked}");
        }
        let found = sample(10, |i| if i == 0 { "bob@corp.de" } else { "x" }).found();
        assert_eq!(
            found[0],
            Found { column: 0, tag: "pii.contact.email", matching: 1, sampled: 10, is_likely: true }
        );
        assert!(!sample(100, |i| if i == 0 { "bob@corp.de" } else { "x" }).found()[0].is_likely);
    }

    #[test]
    fn the_sample_is_bounded_and_reaches_the_end() {
        // Nothing in the first rows, everything in the last quarter.
        let s = sample(40_000, |i| if i < 30_000 { "x" } else { "10.0.0.1" });
        assert_eq!(s.sampled(), 2 * SAMPLE);
        let matching = s.found()[0].matching;
        assert!((75..175).contains(&matching), "about a quarter of {SAMPLE}, not {matching}");
    }
}
