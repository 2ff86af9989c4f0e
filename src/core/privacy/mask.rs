//! Masks: how a value leaves, and which of two shows less.
use super::known::KNOWN;
use super::masks::decimal::Decimal;
use super::masks::{FakeKind, Locale, Unit};
use super::path::Path;
use serde_json::Value;

/// How a value leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mask {
    /// Places inside a JSON document have masks, the rest stays.
    Json(Vec<(Path, Mask)>),
    /// One mask or the other, by another column of the row.
    Conditional(Box<Conditional>),
    /// What is found in a text by its form goes.
    Scrub,
    /// Numbers and dates are a little off.
    Noise {
        /// By how much at most, in millionths.
        ratio: u32,
        /// Days at most, for dates.
        days: u32,
        /// Column that identifies the person, where equal values of two persons shall differ.
        subject: Option<String>,
    },
    /// All dates of a person are moved alike.
    DateShift {
        /// Column that identifies the person.
        subject: String,
        /// Days at most.
        days: u32,
    },
    /// The lower bound of an interval.
    Bucket {
        /// Its size.
        size: Decimal,
        /// From here on all are alike.
        max: Option<Decimal>,
    },
    /// The interval as text.
    Range {
        /// Its size.
        size: Decimal,
        /// From here on all are alike.
        max: Option<Decimal>,
    },
    /// Beginning of the month, year, ….
    DateTrunc(Unit),
    /// Both ends stay.
    Partial {
        /// Characters kept on the left.
        left: usize,
        /// Characters kept on the right.
        right: usize,
        /// What stands between.
        pad: String,
    },
    /// Scheme and host stay.
    Url {
        /// Whether the host does.
        host: bool,
    },
    /// The network stays.
    Ip {
        /// Bits kept of an IPv4 address.
        v4: u8,
        /// Bits kept of an IPv6 address.
        v6: u8,
    },
    /// Form, country code and the last two digits of a telephone number stay.
    Phone,
    /// The last digits of a card number stay.
    Card {
        /// Digits kept on the left, at most six.
        first: usize,
        /// Digits kept on the right, at most four.
        last: usize,
        /// Another number in place of all that.
        synthetic: bool,
    },
    /// The country of an IBAN stays.
    Iban {
        /// Whether equal ones stay equal and others differ.
        distinct: bool,
    },
    /// Initials, or an invented name.
    Name(NameForm),
    /// The first letter stays, in a valid address of a reserved domain.
    Email,
    /// At most the country of an address stays.
    Address,
    /// The form stays.
    NationalId {
        /// Whether equal ones stay equal and others differ.
        distinct: bool,
    },
    /// Format-preserving encryption.
    Fpe {
        /// Columns of the same domain get the same.
        domain: String,
    },
    /// Equal values stay equal: a keyed hash.
    Pseudonym {
        /// Hexadecimal digits.
        digits: usize,
        /// Columns of the same domain get the same.
        domain: String,
    },
    /// Invented.
    Fake {
        /// What.
        kind: FakeKind,
        /// Its language.
        locale: Locale,
    },
    /// The same for all: nothing of the type.
    Default,
    /// The same for all.
    Constant(String),
    /// Nothing stays.
    Null,
}

/// Masks that depend on another column of the row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conditional {
    /// The other column.
    pub column: String,
    /// What it must be.
    pub test: Test,
    /// The mask where it is.
    pub then: Mask,
    /// The mask where it is not.
    pub otherwise: Mask,
}

/// What a column must be; compared as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// One of these.
    In(Vec<String>),
    /// NULL.
    IsNull,
}

/// What a name becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameForm {
    /// Its initials.
    Initials,
    /// Another name.
    Fake(Locale),
}

impl Mask {
    /// A mask by name and arguments.
    ///
    /// # Errors
    /// What is wrong, as a sentence for DETAIL.
    pub fn parse(name: &str, args: &Value) -> Result<Mask, String> {
        super::arguments::parse(name, args, 0)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Mask::Json(_) => "json",
            Mask::Conditional(_) => "conditional",
            Mask::Scrub => "scrub",
            Mask::Noise { .. } => "noise",
            Mask::DateShift { .. } => "date_shift",
            Mask::Bucket { .. } => "bucket",
            Mask::Range { .. } => "range",
            Mask::DateTrunc(_) => "date_trunc",
            Mask::Partial { .. } => "partial",
            Mask::Url { .. } => "url",
            Mask::Ip { .. } => "ip",
            Mask::Phone => "phone",
            Mask::Card { .. } => "card",
            Mask::Iban { .. } => "iban",
            Mask::Name(_) => "name",
            Mask::Email => "email",
            Mask::Address => "address",
            Mask::NationalId { .. } => "national_id",
            Mask::Fpe { .. } => "fpe",
            Mask::Pseudonym { .. } => "pseudonym",
            Mask::Fake { .. } => "fake",
            Mask::Default => "default",
            Mask::Constant(_) => "constant",
            Mask::Null => "null",
        }
    }

    /// Name and arguments, from which [`Mask::parse`] makes it again.
    #[must_use]
    pub fn to_json(&self) -> (&'static str, Value) {
        let mut args = self.spec();
        if let Some(map) = args.as_object_mut() {
            map.remove("mask");
        }
        (self.name(), args)
    }

    /// Whether it needs a key.
    #[must_use]
    pub fn is_keyed(&self) -> bool {
        match self {
            Mask::Json(paths) => paths.iter().any(|(_, m)| m.is_keyed()),
            Mask::Conditional(c) => c.then.is_keyed() || c.otherwise.is_keyed(),
            Mask::Card { synthetic, .. } => *synthetic,
            Mask::Iban { distinct } | Mask::NationalId { distinct } => *distinct,
            Mask::Name(form) => *form != NameForm::Initials,
            Mask::Noise { .. }
            | Mask::DateShift { .. }
            | Mask::Fpe { .. }
            | Mask::Pseudonym { .. }
            | Mask::Fake { .. } => true,
            _ => false,
        }
    }

    /// The column that identifies the person whom a row is about, where the mask goes by it.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        match self {
            Mask::DateShift { subject, .. } | Mask::Noise { subject: Some(subject), .. } => Some(subject),
            _ => None,
        }
    }

    /// How little it shows, by mask first; of two of the same kind the one that keeps less is stricter. A conditional one
    /// counts as the milder of its two, one of paths as milder than all others.
    #[must_use]
    pub fn strictness(&self) -> (usize, usize) {
        let rank = KNOWN.iter().position(|k| k.0 == self.name()).unwrap_or(KNOWN.len());
        let size =
            |d: &Decimal| (0..=d.scale).rev().find_map(|s| d.rescale(s)).map_or(0, |d| d.mantissa as usize);
        match self {
            Mask::Conditional(c) => c.then.strictness().min(c.otherwise.strictness()),
            Mask::Noise { ratio, days, .. } => (rank, *ratio as usize + *days as usize),
            Mask::DateShift { days, .. } => (rank, *days as usize),
            Mask::Bucket { size: s, .. } | Mask::Range { size: s, .. } => (rank, size(s)),
            Mask::DateTrunc(unit) => (rank, *unit as usize),
            Mask::Partial { left, right, .. } => (rank, usize::MAX - left - right),
            Mask::Url { host } => (rank, usize::from(!host)),
            Mask::Ip { v4, v6 } => (rank, usize::from(u8::MAX - v4) * 256 + usize::from(u8::MAX - v6)),
            Mask::Card { synthetic: true, .. } => (rank, usize::MAX),
            Mask::Card { first, last, .. } => (rank, 10 - first - last),
            Mask::Iban { distinct } | Mask::NationalId { distinct } => (rank, usize::from(!distinct)),
            Mask::Name(form) => (rank, usize::from(*form != NameForm::Initials)),
            _ => (rank, 0),
        }
    }

    /// Masks by path; of several for one path the strictest.
    #[must_use]
    pub fn json(paths: impl IntoIterator<Item = (Path, Mask)>) -> Mask {
        let mut all: Vec<(Path, Mask)> = Vec::new();
        for (path, mask) in paths {
            match all.iter_mut().find(|(p, _)| *p == path) {
                Some((_, known)) => *known = std::mem::replace(known, Mask::Null).strictest(mask),
                None => all.push((path, mask)),
            }
        }
        Mask::Json(all)
    }

    /// Whether it may show what another hides: changing that one for it weakens. Where the two cannot be compared, it does.
    #[must_use]
    pub fn weakens(&self, other: &Mask) -> bool {
        match (self, other) {
            _ if self == other => false,
            (Mask::Json(new), Mask::Json(old)) => {
                let kept =
                    |(path, mask): &(Path, Mask)| new.iter().any(|(p, m)| p == path && !m.weakens(mask));
                !old.iter().all(kept)
            }
            (Mask::Conditional(new), Mask::Conditional(old))
                if new.column == old.column && new.test == old.test =>
            {
                new.then.weakens(&old.then) || new.otherwise.weakens(&old.otherwise)
            }
            (new, Mask::Conditional(old)) => new.weakens(&old.then) || new.weakens(&old.otherwise),
            (Mask::Conditional(new), old) => new.then.weakens(old) || new.otherwise.weakens(old),
            (new, old) => new.strictness() < old.strictness(),
        }
    }

    /// The stricter of two. Where one depends on a condition, that goes into its branches; paths of two join.
    #[must_use]
    pub fn strictest(self, other: Mask) -> Mask {
        match (self, other) {
            (Mask::Conditional(c), other) | (other, Mask::Conditional(c)) => {
                let Conditional { column, test, then, otherwise } = *c;
                let (then, otherwise) = (then.strictest(other.clone()), otherwise.strictest(other));
                if then == otherwise {
                    return then;
                }
                Mask::Conditional(Box::new(Conditional { column, test, then, otherwise }))
            }
            (Mask::Json(a), Mask::Json(b)) => Mask::json(a.into_iter().chain(b)),
            (a, b) if b.strictness() > a.strictness() => b,
            (a, _) => a,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_strictest_wins() {
        let some = |left| Mask::Partial { left, right: 0, pad: "*".into() };
        let pseudonym = Mask::parse("pseudonym", &json!({})).unwrap();
        assert_eq!(some(1).strictest(some(3)), some(1));
        assert_eq!(some(1).strictest(pseudonym.clone()), pseudonym);
        assert_eq!(Mask::Null.strictest(Mask::Email), Mask::Null);
        let year = Mask::DateTrunc(Unit::Year);
        assert_eq!(Mask::DateTrunc(Unit::Month).strictest(year.clone()), year);
    }

    #[test]
    fn conditions_keep_the_stricter_mask_in_both_branches() {
        let conditional = Mask::parse(
            "conditional",
            &json!({"when": {"column": "c", "in": ["DE"]}, "then": {"mask": "null"}, "else": {"mask": "partial"}}),
        )
        .unwrap();
        for both in [conditional.clone().strictest(Mask::Email), Mask::Email.strictest(conditional.clone())] {
            let Mask::Conditional(c) = both else { panic!("{both:?}") };
            assert_eq!((c.then, c.otherwise), (Mask::Null, Mask::Email));
        }
        assert_eq!(conditional.clone().strictest(Mask::Null), Mask::Null);
        assert!(
            conditional.weakens(&Mask::Null)
                && Mask::Email.weakens(&conditional)
                && !Mask::Null.weakens(&conditional)
        );
        assert!(!conditional.weakens(&conditional.clone()));
        assert_eq!(conditional.strictness().0, Mask::parse("partial", &json!({})).unwrap().strictness().0);
    }

    #[test]
    fn paths_join() {
        let of = |path: &str, mask| Mask::Json(vec![(Path::parse(path).unwrap(), mask)]);
        let both = of("$.a", Mask::Email).strictest(of("$.b", Mask::Null)).strictest(of("$.a", Mask::Email));
        assert!(matches!(&both, Mask::Json(p) if p.len() == 2));
        let stricter = both.clone().strictest(of("$.a", Mask::Null));
        assert_eq!(stricter, of("$.a", Mask::Null).strictest(of("$.b", Mask::Null)));
        assert!(both.weakens(&stricter) && !stricter.weakens(&both) && of("$.b", Mask::Null).weakens(&both));
        assert_eq!(both.strictest(Mask::Null), Mask::Null);
    }
}
