//! Masks: total functions from a value's text to what may be shown of it. None ever fails, and none shows a value of
//! which it would have to show half or more.
use serde_json::Value;

/// What stands for hidden characters unless told otherwise. Its length says nothing about theirs.
pub const PAD: &str = "***";

/// Longest pad and constant: a mask that outgrows its column is cut, which is no use to anybody.
const ARGUMENT_MAX: usize = 1000;

/// How a value leaves.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mask {
    /// Both ends stay.
    Partial {
        /// Characters kept on the left.
        left: usize,
        /// Characters kept on the right.
        right: usize,
        /// What stands between.
        pad: String,
    },
    /// The form of a telephone number and its last two digits stay.
    Phone,
    /// The first letter stays, in a valid address of a reserved domain.
    Email,
    /// Equal values stay equal: a keyed hash.
    Pseudonym,
    /// The same for all.
    Constant(String),
    /// Nothing stays.
    Null,
}

/// The masks there are: name, arguments, what they do, column types. The order is that of strictness, mildest first:
/// where several tags apply, the strictest mask wins.
pub const KNOWN: [(&str, &str, &str, &str); 6] = [
    ("partial", r#"{"left": 1, "right": 0, "pad": "***"}"#, "keeps characters at both ends", "text"),
    ("phone", "{}", "keeps the form of a telephone number and its last two digits", "text"),
    ("email", "{}", "keeps the first letter, in a valid address of a reserved domain", "text"),
    ("pseudonym", "{}", "a keyed hash: equal values stay equal; NULL without a key", "text"),
    (
        "constant",
        r#"{"value": "[hidden]"}"#,
        "one value for all; NULL stays NULL",
        "text, and types the value parses as",
    ),
    ("null", "{}", "NULL", "any"),
];

impl Mask {
    /// A mask by name and arguments.
    ///
    /// # Errors
    /// What is wrong, as a sentence for DETAIL.
    pub fn parse(name: &str, args: &Value) -> Result<Mask, String> {
        let empty = serde_json::Map::new();
        let args = match args {
            Value::Object(map) => map,
            Value::Null => &empty,
            _ => return Err("The arguments of a mask are a JSON object.".into()),
        };
        let allowed: &[&str] = match name {
            "partial" => &["left", "right", "pad"],
            "constant" => &["value"],
            "phone" | "email" | "pseudonym" | "null" => &[],
            _ => return Err(format!("Masks: {}.", KNOWN.map(|k| k.0).join(", "))),
        };
        if let Some(unknown) = args.keys().find(|k| !allowed.contains(&k.as_str())) {
            return Err(format!("Mask {name} has no argument \"{unknown}\"."));
        }
        let count = |key: &str, default: usize| match args.get(key) {
            None => Ok(default),
            Some(v) => v
                .as_u64()
                .filter(|n| *n <= 1000)
                .map(|n| n as usize)
                .ok_or_else(|| format!("Argument {key} is a number from 0 to 1000.")),
        };
        let text = |key: &str| match args.get(key) {
            None => Ok(None),
            Some(Value::String(s)) if s.len() <= ARGUMENT_MAX => Ok(Some(s.clone())),
            Some(Value::Number(n)) => Ok(Some(n.to_string())),
            Some(Value::Bool(b)) => Ok(Some(b.to_string())),
            Some(_) => Err(format!("Argument {key} is a text of at most {ARGUMENT_MAX} bytes.")),
        };
        Ok(match name {
            "partial" => Mask::Partial {
                left: count("left", 1)?,
                right: count("right", 0)?,
                pad: text("pad")?.unwrap_or_else(|| PAD.into()),
            },
            "phone" => Mask::Phone,
            "email" => Mask::Email,
            "pseudonym" => Mask::Pseudonym,
            "constant" => Mask::Constant(text("value")?.ok_or("Mask constant needs the argument value.")?),
            _ => Mask::Null,
        })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Mask::Partial { .. } => "partial",
            Mask::Phone => "phone",
            Mask::Email => "email",
            Mask::Pseudonym => "pseudonym",
            Mask::Constant(_) => "constant",
            Mask::Null => "null",
        }
    }

    /// Name and arguments, from which [`Mask::parse`] makes it again.
    #[must_use]
    pub fn to_json(&self) -> (&'static str, Value) {
        let args = match self {
            Mask::Partial { left, right, pad } => {
                serde_json::json!({"left": left, "right": right, "pad": pad})
            }
            Mask::Constant(value) => serde_json::json!({"value": value}),
            _ => serde_json::json!({}),
        };
        (self.name(), args)
    }

    /// How little it shows, by mask first; of two partial masks the one that keeps less is stricter.
    #[must_use]
    pub fn strictness(&self) -> (usize, usize) {
        let rank = KNOWN.iter().position(|k| k.0 == self.name()).unwrap_or(KNOWN.len());
        match self {
            Mask::Partial { left, right, .. } => (rank, usize::MAX - left - right),
            _ => (rank, 0),
        }
    }

    /// The stricter of two.
    #[must_use]
    pub fn strictest(self, other: Mask) -> Mask {
        if other.strictness() > self.strictness() { other } else { self }
    }
}

/// Keeps characters at both ends where at least as many stay hidden.
pub fn partial(value: &[u8], left: usize, right: usize, pad: &[u8], out: &mut Vec<u8>) {
    let kept = left.saturating_add(right);
    let whole = std::str::from_utf8(value).ok();
    let length = whole.map_or(0, |s| s.chars().count());
    match whole {
        Some(text) if kept > 0 && length >= kept.saturating_mul(2) => {
            let at = |n: usize| text.char_indices().nth(n).map_or(text.len(), |(i, _)| i);
            out.extend_from_slice(&value[..at(left)]);
            out.extend_from_slice(pad);
            out.extend_from_slice(&value[at(length - right)..]);
        }
        _ => out.extend_from_slice(pad),
    }
}

/// Keeps the first letter of an address whose local part is longer than two; the domain becomes a reserved one.
pub fn email(value: &[u8], out: &mut Vec<u8>) {
    let local = value.iter().position(|c| *c == b'@').unwrap_or(0);
    if local > 2 && value[0].is_ascii_alphanumeric() {
        out.push(value[0]);
    }
    out.extend_from_slice(b"***@example.com");
}

/// Keeps punctuation and, of eight digits or more, the last two.
pub fn phone(value: &[u8], out: &mut Vec<u8>) {
    let digits = value.iter().filter(|c| c.is_ascii_digit()).count();
    let hidden = if digits >= 8 { digits - 2 } else { digits };
    let mut seen = 0;
    for c in value {
        if c.is_ascii_digit() {
            seen += 1;
            out.push(if seen > hidden { *c } else { b'X' });
        } else if b"+ -()./".contains(c) {
            out.push(*c);
        } else if c & 0xC0 != 0x80 {
            // One X for each character of another kind: letters, and what only looks like a digit.
            out.push(b'X');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn run(f: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        f(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn partial_never_shows_half() {
        let p = |s: &str, l, r| run(|o| partial(s.as_bytes(), l, r, b"***", o));
        assert_eq!(p("Alice", 1, 0), "A***");
        assert_eq!(p("Al", 1, 0), "A***");
        assert_eq!(p("A", 1, 0), "***");
        assert_eq!(p("", 1, 0), "***");
        assert_eq!(p("Émile", 1, 1), "É***e");
        assert_eq!(p("4111111111111111", 0, 4), "***1111");
        assert_eq!(p("1234567", 0, 4), "***");
        assert_eq!(p("whatever", usize::MAX, usize::MAX), "***");
        assert_eq!(run(|o| partial(&[0xff, 0xfe, 0xfd, 0xfc], 1, 0, b"#", o)), "#");
    }

    #[test]
    fn emails_and_phones() {
        let e = |s: &str| run(|o| email(s.as_bytes(), o));
        assert_eq!(e("alice@corp.test"), "a***@example.com");
        assert_eq!(e("al@corp.test"), "***@example.com");
        assert_eq!(e("no address at all"), "***@example.com");
        assert_eq!(e(""), "***@example.com");
        assert_eq!(e("élodie@corp.test"), "***@example.com");
        let p = |s: &str| run(|o| phone(s.as_bytes(), o));
        assert_eq!(p("+1 (555) 123-4567"), "+X (XXX) XXX-XX67");
        assert_eq!(p("12345"), "XXXXX");
        assert_eq!(p("call Bob"), "XXXX XXX");
        assert_eq!(p("٣٤٥ é"), "XXX X");
    }

    #[test]
    fn arguments_are_checked() {
        assert!(Mask::parse("partial", &json!({"left": -1})).is_err());
        assert!(Mask::parse("partial", &json!({"middle": 1})).is_err());
        assert!(Mask::parse("constant", &json!({})).is_err());
        assert!(Mask::parse("rot13", &json!({})).is_err());
        assert!(Mask::parse("null", &json!([1])).is_err());
        assert_eq!(Mask::parse("constant", &json!({"value": 0})), Ok(Mask::Constant("0".into())));
    }

    #[test]
    fn the_strictest_wins() {
        let some = |left| Mask::Partial { left, right: 0, pad: "*".into() };
        assert_eq!(some(1).strictest(some(3)), some(1));
        assert_eq!(some(1).strictest(Mask::Pseudonym), Mask::Pseudonym);
        assert_eq!(Mask::Null.strictest(Mask::Email), Mask::Null);
        for (name, args, _, _) in KNOWN {
            assert_eq!(Mask::parse(name, &serde_json::from_str(args).unwrap()).unwrap().name(), name);
        }
    }
}
