//! From the name, the type and sampled values of a column to a guess at what it holds.
use super::{names, value};
use serde_json::{Value, json};

/// What a column's type can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text of any length.
    Text,
    /// Dates and times.
    Date,
    /// Numbers.
    Number,
    /// `inet`, `cidr`.
    Network,
    /// `bytea`.
    Bytes,
    /// Anything else.
    Other,
}

/// Counts over sampled values that are not NULL.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// How many were looked at.
    pub seen: usize,
    emails: usize,
    phones: usize,
    ibans: usize,
    cards: usize,
    ips: usize,
    births: usize,
    long: usize,
}

impl Sample {
    /// Takes in a value.
    pub fn add(&mut self, text: &str, this_year: i32) {
        self.seen += 1;
        self.emails += usize::from(value::is_email(text));
        self.phones += usize::from(value::is_phone(text));
        self.ibans += usize::from(value::is_iban(text));
        self.cards += usize::from(value::is_card(text));
        self.ips += usize::from(value::is_ip(text));
        self.births += usize::from(value::is_birth_date(text, this_year));
        self.long += usize::from(text.chars().count() > 20 && text.contains(' '));
    }

    /// How many of them fit a tag; None where values can tell nothing about it.
    fn fits(&self, tag: &str) -> Option<usize> {
        Some(match tag {
            "pii.contact.email" => self.emails,
            "pii.contact.phone" => self.phones,
            "pii.financial.iban" => self.ibans,
            "pii.financial.card" => self.cards,
            "pii.network.ip" => self.ips,
            "pii.birth_date" => self.births,
            "pii.free_text" => self.long,
            _ => return None,
        })
    }
}

/// A guess at what a column holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Guess {
    /// The tag.
    pub tag: &'static str,
    /// Between 0 and 1.
    pub confidence: f32,
    /// Why: names and counts, never values.
    pub evidence: Value,
}

/// Tags that values alone can prove, since they have a form that nothing else has.
const PROVABLE: [&str; 5] =
    ["pii.contact.email", "pii.financial.iban", "pii.financial.card", "pii.network.ip", "pii.contact.phone"];

/// Fewest values from which anything is concluded.
const ENOUGH: usize = 5;

/// Guesses what a column holds.
#[must_use]
pub fn guess(table: &str, column: &str, kind: Kind, sample: &Sample) -> Option<Guess> {
    let hint = names::hint(table, column).filter(|h| is_possible(h.tag, kind));
    if let Some(h) = hint {
        let mut confidence = h.confidence;
        let mut evidence = json!({"name": h.matched});
        if let Some(fits) = sample.fits(h.tag).filter(|_| sample.seen > 0) {
            let share = fits as f32 / sample.seen as f32;
            evidence["sampled"] = json!(sample.seen);
            evidence["matching"] = json!(fits);
            if share >= 0.5 {
                confidence = (confidence + 0.1).min(0.99);
            } else if fits == 0 && sample.seen >= ENOUGH {
                // Telephone numbers are written in more ways than the validator knows; the others are not.
                confidence -= if h.tag == "pii.contact.phone" { 0.2 } else { 0.4 };
            }
        }
        if confidence >= 0.4 {
            return Some(Guess { tag: h.tag, confidence: round(confidence), evidence });
        }
    }
    if sample.seen < ENOUGH || !matches!(kind, Kind::Text | Kind::Network) {
        return None;
    }
    PROVABLE.into_iter().find_map(|tag| {
        let fits = sample.fits(tag)?;
        let share = fits as f32 / sample.seen as f32;
        // Values alone: nearly all of them, and a weaker claim where the form is looser.
        let weight = if tag == "pii.contact.phone" { 0.6 } else { 0.85 };
        (share >= 0.8).then(|| Guess {
            tag,
            confidence: round(weight * share),
            evidence: json!({"sampled": sample.seen, "matching": fits}),
        })
    })
}

/// Two digits are all that is meant.
fn round(confidence: f32) -> f32 {
    (confidence * 100.0).round() / 100.0
}

/// Whether a column of this type can hold what its name says: a number named `phone_id` holds no telephone number, and
/// a time named `birthday_sent` no name.
fn is_possible(tag: &str, kind: Kind) -> bool {
    match tag {
        "pii.birth_date" => matches!(kind, Kind::Date | Kind::Text),
        "pii.network.ip" => matches!(kind, Kind::Network | Kind::Text),
        "pii.location" => matches!(kind, Kind::Number | Kind::Text | Kind::Other),
        "secret.credential" => matches!(kind, Kind::Text | Kind::Bytes),
        "health" | "quasi" => matches!(kind, Kind::Text | Kind::Other),
        _ => matches!(kind, Kind::Text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(values: &[&str]) -> Sample {
        let mut s = Sample::default();
        values.iter().for_each(|v| s.add(v, 2026));
        s
    }

    #[test]
    fn names_and_values_agree_or_not() {
        let good = sample(&["a.b@c.de", "x@y.org"]);
        assert_eq!(guess("customer", "email", Kind::Text, &good).unwrap().confidence, 0.99);
        let bad = sample(&["1", "2", "3", "4", "5"]);
        assert!(guess("customer", "email", Kind::Text, &bad).unwrap().confidence < 0.6);
        assert!(guess("customer", "phone_id", Kind::Number, &bad).is_none());
    }

    #[test]
    fn values_alone_need_nearly_all() {
        let ips = sample(&["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"]);
        assert_eq!(guess("t", "c", Kind::Text, &ips).unwrap().tag, "pii.network.ip");
        let few = sample(&["10.0.0.1"]);
        assert!(guess("t", "c", Kind::Text, &few).is_none());
        let mixed = sample(&["10.0.0.1", "a", "b", "c", "d", "e"]);
        assert!(guess("t", "c", Kind::Text, &mixed).is_none());
    }

    #[test]
    fn evidence_holds_no_values() {
        let g = guess("customer", "email", Kind::Text, &sample(&["canary@example.org"])).unwrap();
        assert!(!g.evidence.to_string().contains("canary"));
    }
}
