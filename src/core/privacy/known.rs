//! The masks there are.

/// Name, arguments with their defaults or an example, what they do, column types. The order is that of strictness, mildest
/// first: where several tags apply, the strictest mask wins.
pub const KNOWN: [(&str, &str, &str, &str); 24] = [
    (
        "json",
        r#"{"paths": {"$.contact.email": {"mask": "email"}}}"#,
        "masks places inside a document; the rest stays, bit for bit",
        "json, jsonb, text",
    ),
    (
        "conditional",
        r#"{"when": {"column": "country", "in": ["DE"]}, "then": {"mask": "null"}, "else": {"mask": "default"}}"#,
        "one mask or the other, by another column of the row: in (texts), equals (a text), is_null (true)",
        "what both masks fit",
    ),
    (
        "scrub",
        "{}",
        "replaces e-mail and web addresses, telephone, card and account numbers, IP addresses and long numbers in free text; names stay",
        "text",
    ),
    (
        "noise",
        r#"{"ratio": 0.1, "days": 30}"#,
        "keyed noise, the same for the same value (and subject column); numbers keep their sign; NULL without a key",
        "numbers, dates, text of numbers",
    ),
    (
        "date_shift",
        r#"{"subject": "customer_id", "days": 30}"#,
        "moves all dates of a subject alike, so that intervals stay true; NULL without a key",
        "dates, text of dates",
    ),
    (
        "bucket",
        r#"{"size": 10, "max": null}"#,
        "lower bound of the interval; all from max on are alike; days for dates",
        "numbers, dates, text of numbers",
    ),
    (
        "range",
        r#"{"size": 10, "max": null}"#,
        "the interval as text: [30,40); its lower bound for numbers and dates",
        "text of numbers, numbers, dates",
    ),
    (
        "date_trunc",
        r#"{"unit": "year"}"#,
        "beginning of the week, month, quarter, year or decade; of the hour or day for timestamps; in UTC",
        "dates, text of dates",
    ),
    (
        "partial",
        r#"{"left": 1, "right": 0, "pad": "***"}"#,
        "keeps characters at both ends where at least as many stay hidden",
        "text",
    ),
    ("url", r#"{"host": true}"#, "keeps scheme and host of a web address", "text"),
    ("ip", r#"{"v4": 24, "v6": 48}"#, "keeps the network of an address", "inet, cidr, text"),
    (
        "phone",
        "{}",
        "keeps form, country code and the last two digits of a telephone number; nobody has the result",
        "text",
    ),
    (
        "card",
        r#"{"first": 0, "last": 4, "synthetic": false}"#,
        "keeps at most six and four digits of a card number; synthetic: a valid test card number instead, NULL without a key",
        "text",
    ),
    (
        "iban",
        r#"{"distinct": false}"#,
        "keeps country and length, with check digits that fit; distinct: equal ones stay equal, NULL without a key",
        "text",
    ),
    (
        "name",
        r#"{"form": "initials", "locale": "en"}"#,
        "initials; form fake: an invented name, NULL without a key",
        "text",
    ),
    ("email", "{}", "keeps the first letter, in a valid address of a reserved domain", "text"),
    ("address", "{}", "keeps nothing but a country at the end", "text"),
    (
        "national_id",
        r#"{"distinct": false}"#,
        "keeps the form; distinct: FF1, so that equal ones stay equal and others differ, NULL without a key",
        "text",
    ),
    (
        "fpe",
        r#"{"domain": ""}"#,
        "FF1: another value of the same form, never the same for two; the default where fewer than a million are possible; NULL without a key",
        "text, integers, numeric",
    ),
    (
        "pseudonym",
        r#"{"digits": 32, "domain": ""}"#,
        "a keyed hash: equal values stay equal; NULL without a key",
        "text, uuid, numbers, bytea",
    ),
    (
        "fake",
        r#"{"kind": "name", "locale": "en"}"#,
        "invented, the same for the same value: name, first_name, last_name, city, company, street in en, de, fr, es; NULL without a key",
        "text",
    ),
    (
        "default",
        "{}",
        "the type's default: empty text, 0, 1970-01-01, {}, first label of an enum; NULL stays NULL",
        "any with such a default",
    ),
    (
        "constant",
        r#"{"value": "[hidden]"}"#,
        "one value for all; NULL stays NULL",
        "text, and types the value parses as",
    ),
    ("null", "{}", "NULL", "any; not for NOT NULL columns, which get the type's default"),
];
