//! Invented values, the same for the same value. There are fewer of them than values, so that they collide.
use super::Context;
use super::dictionary::words;
use crate::core::privacy::random::Draw;

/// Language of the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Locale {
    /// English.
    En,
    /// German.
    De,
    /// French.
    Fr,
    /// Spanish.
    Es,
}

impl Locale {
    /// All of them with their names.
    pub const ALL: [(&'static str, Locale); 4] =
        [("en", Locale::En), ("de", Locale::De), ("fr", Locale::Fr), ("es", Locale::Es)];
}

/// What is invented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// First and last name.
    Name,
    /// First name.
    FirstName,
    /// Last name.
    LastName,
    /// City.
    City,
    /// Company.
    Company,
    /// Street and number.
    Street,
}

impl Kind {
    /// All of them with their names.
    pub const ALL: [(&'static str, Kind); 6] = [
        ("name", Kind::Name),
        ("first_name", Kind::FirstName),
        ("last_name", Kind::LastName),
        ("city", Kind::City),
        ("company", Kind::Company),
        ("street", Kind::Street),
    ];
}

/// Invents a value.
pub fn fake(value: &[u8], kind: Kind, locale: Locale, with: Context, out: &mut Vec<u8>) -> Option<()> {
    let mut draw = Draw::new(with.keys?.prf("fake", &[value]));
    let words = words(locale);
    let mut word = |of: &[&'static str]| of[draw.below(of.len())];
    let mut add = |parts: &[&str]| parts.iter().for_each(|p| out.extend_from_slice(p.as_bytes()));
    match kind {
        Kind::Name => add(&[word(words.first), " ", word(words.last)]),
        Kind::FirstName => add(&[word(words.first)]),
        Kind::LastName => add(&[word(words.last)]),
        Kind::City => add(&[word(words.city)]),
        Kind::Company => add(&[word(words.last), " ", word(words.company)]),
        Kind::Street => {
            let street = word(words.street);
            let number = (1 + draw.below(200)).to_string();
            match locale {
                Locale::En | Locale::Fr => add(&[&number, " ", street]),
                Locale::De => add(&[street, " ", &number]),
                Locale::Es => add(&[street, ", ", &number]),
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::privacy::key::Keys;

    #[test]
    fn the_same_for_the_same() {
        let keys = Keys::new(&[1; 32]).unwrap();
        let with = Context { keys: Some(&keys), subject: b"" };
        for (_, kind) in Kind::ALL {
            for (_, locale) in Locale::ALL {
                let f = |value: &str| {
                    let mut out = Vec::new();
                    fake(value.as_bytes(), kind, locale, with, &mut out).unwrap();
                    String::from_utf8(out).unwrap()
                };
                assert_eq!(f("Alice"), f("Alice"));
                let all: std::collections::HashSet<_> = (0..100).map(|n| f(&n.to_string())).collect();
                assert!(all.len() > 8);
            }
        }
        assert!(fake(b"x", Kind::Name, Locale::En, Context::default(), &mut Vec::new()).is_none());
    }
}
