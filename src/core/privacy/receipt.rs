//! Receipts: one JSON object with a hash over everything else in it, so that a line copied from a log can be checked.
use super::format::sha256;
use serde_json::{Map, Value};

/// What stands before a receipt in the server log.
pub const PREFIX: &str = "governance export receipt: ";

/// The name of the hash.
const DIGEST: &str = "digest";

/// The one spelling of a document: keys in order, no white space. Receipts hold no fractions, which could be spelt in
/// several ways.
#[must_use]
pub fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_unstable();
            text.push('{');
            for (i, key) in keys.into_iter().enumerate() {
                if i > 0 {
                    text.push(',');
                }
                text.push_str(&Value::String(key.clone()).to_string());
                text.push(':');
                write(&map[key], text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    text.push(',');
                }
                write(item, text);
            }
            text.push(']');
        }
        other => text.push_str(&other.to_string()),
    }
}

/// The hash over everything but itself.
#[must_use]
pub fn digest(fields: &Map<String, Value>) -> String {
    let rest = fields.iter().filter(|(key, _)| *key != DIGEST);
    let rest: Map<String, Value> = rest.map(|(k, v)| (k.clone(), v.clone())).collect();
    sha256(canonical(&Value::Object(rest)).as_bytes())
}

/// Seals a receipt: adds its hash.
#[must_use]
pub fn sealed(mut fields: Map<String, Value>) -> Value {
    let digest = digest(&fields);
    fields.insert(DIGEST.into(), digest.into());
    Value::Object(fields)
}

/// Whether a receipt is as it was sealed.
#[must_use]
pub fn is_whole(fields: &Map<String, Value>) -> bool {
    fields.get(DIGEST).and_then(Value::as_str) == Some(digest(fields).as_str())
}

/// The receipt in a line of the server log of any form, or in what was copied from one.
#[must_use]
pub fn parse(text: &str) -> Option<Map<String, Value>> {
    let from = text.find(PREFIX).map_or(0, |at| at + PREFIX.len());
    let object = &text[from..][text[from..].find('{')?..];
    let unescaped = if object.starts_with("{\"\"") {
        object.replace("\"\"", "\"") // csvlog
    } else if object.starts_with("{\\\"") {
        first::<String>(&format!("\"{object}"))? // jsonlog: the rest of a string
    } else {
        object.to_string()
    };
    match first(&unescaped)? {
        Value::Object(map) => Some(map),
        _ => None,
    }
}

/// The first document in a text: whatever stands behind it belongs to the log.
fn first<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::Deserializer::from_str(text).into_iter::<T>().next()?.ok()
}

/// Whether a file is what a hash was taken of: its content, perhaps without the last line feed, as psql's backticks cut
/// it off, or itself only a hash.
#[must_use]
pub fn is_content(hash: &str, content: &str) -> bool {
    let given = content.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    if given.len() == 64
        && given.bytes().all(|b| b.is_ascii_hexdigit())
        && content.trim_end().lines().count() == 1
    {
        return given == hash;
    }
    sha256(content.as_bytes()) == hash || sha256(format!("{content}\n").as_bytes()) == hash
}

/// A moment as PostgreSQL counts it (microseconds since 2000-01-01 00:00 UTC), as ISO 8601 in UTC.
#[must_use]
pub fn utc(micros: i64) -> String {
    let (day, rest) = (micros.div_euclid(86_400_000_000), micros.rem_euclid(86_400_000_000));
    let (seconds, micros) = (rest / 1_000_000, rest % 1_000_000);
    // Days since 0000-03-01, in eras of 400 years: a year that begins in March ends with its leap day.
    let days = day + 730_425;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let (month, day) =
        (if shifted < 10 { shifted + 3 } else { shifted - 9 }, of_year - (153 * shifted + 2) / 5 + 1);
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn receipt() -> Map<String, Value> {
        let fields = json!({"b": 1, "a": {"z": "two\nlines {\"", "y": [null, true]}});
        sealed(fields.as_object().unwrap().clone()).as_object().unwrap().clone()
    }

    #[test]
    fn the_spelling_is_one() {
        assert_eq!(
            canonical(&json!({"b": [1, {"d": null, "c": "x"}], "a": "é\n"})),
            r#"{"a":"é\n","b":[1,{"c":"x","d":null}]}"#
        );
    }

    #[test]
    fn changes_are_noticed() {
        let mut r = receipt();
        assert!(is_whole(&r));
        r.insert("b".into(), 2.into());
        assert!(!is_whole(&r));
        r.remove("digest");
        assert!(!is_whole(&r));
    }

    #[test]
    fn log_lines_are_read() {
        let line = canonical(&Value::Object(receipt()));
        for text in [
            line.clone(),
            format!("2026-01-01 UTC [1] {{x}}@db LOG:  {PREFIX}{line}"),
            format!("{PREFIX}{line}\n2026-01-01 STATEMENT:  SELECT"),
            format!("2026-01-01,LOG,00000,\"{PREFIX}{}\",,", line.replace('"', "\"\"")),
            json!({"error_severity": "LOG", "message": format!("{PREFIX}{line}"), "pid": 1}).to_string(),
        ] {
            assert_eq!(parse(&text), Some(receipt()), "{text}");
        }
        for text in ["", "no receipt", "{", "[1]", "{broken"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn files_are_known_by_content_or_hash() {
        let hash = sha256(b"id\n1\n");
        assert!(is_content(&hash, "id\n1\n"));
        assert!(is_content(&hash, "id\n1"));
        assert!(is_content(&hash, &format!("{}  file.csv\n", hash.to_uppercase())));
        assert!(!is_content(&hash, "id\n2\n"));
        assert!(!is_content(&hash, &sha256(b"")));
    }

    #[test]
    fn moments_in_utc() {
        assert_eq!(utc(0), "2000-01-01T00:00:00.000000Z");
        assert_eq!(utc(-1), "1999-12-31T23:59:59.999999Z");
        assert_eq!(utc(5_097_600_000_000), "2000-02-29T00:00:00.000000Z");
        assert_eq!(utc(820_540_800_000_000 + 3_661_000_001), "2026-01-01T01:01:01.000001Z");
    }
}
