//! Cards and accounts, and the numbers of things that look like them.
use super::{digits, luhn, weighted};

/// Length of an IBAN by country, as the registry has them.
const LENGTHS: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 \
    FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 \
    LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 \
    ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20";

/// Whether it is an IBAN: country, its length, mod 97.
#[must_use]
pub fn is_iban(value: &str) -> bool {
    let v: Vec<u8> = value.trim().bytes().filter(|b| *b != b' ').map(|b| b.to_ascii_uppercase()).collect();
    if !(15..=34).contains(&v.len()) || !v.iter().all(u8::is_ascii_alphanumeric) {
        return false;
    }
    let country = std::str::from_utf8(&v[..2]).unwrap_or_default();
    let known =
        LENGTHS.split_ascii_whitespace().find_map(|l| l.strip_prefix(country)).and_then(|l| l.parse().ok());
    if known != Some(v.len()) || !v[2..4].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let rest = v[4..].iter().chain(&v[..4]).fold(0u32, |rest, b| {
        if b.is_ascii_digit() {
            (rest * 10 + u32::from(b - b'0')) % 97
        } else {
            (rest * 100 + u32::from(b - b'A') + 10) % 97
        }
    });
    rest == 1
}

/// Whether it is a payment card number: a scheme's first digits and length, Luhn's check digit.
#[must_use]
pub fn is_card(value: &str) -> bool {
    let Some(d) = digits(value.trim(), " -") else { return false };
    if !(13..=19).contains(&d.len()) || !luhn(&d) || d[1..].iter().all(|x| *x == d[0]) {
        return false;
    }
    let four = d[..4].iter().fold(0, |n, x| n * 10 + x);
    match d.len() {
        14 => matches!(four, 3000..=3059 | 3600..=3699 | 3800..=3999),
        15 => matches!(four, 3400..=3499 | 3700..=3799),
        16 => {
            matches!(four, 2200..=2720 | 3528..=3589 | 4000..=4999 | 5000..=5999 | 6011 | 6200..=6299 | 6440..=6599 | 8100..=8171)
        }
        13 => d[0] == 4,
        17..=19 => matches!(four, 5000..=5099 | 5600..=5999 | 6000..=6999),
        _ => false,
    }
}

/// Whether a card's number was masked already: at least the last four digits, stars or crosses before them.
#[must_use]
pub fn is_masked_card(value: &str) -> bool {
    let v = value.trim();
    let hidden = v.chars().filter(|c| "*xX•".contains(*c)).count();
    hidden >= 6
        && v.chars().filter(char::is_ascii_digit).count() >= 4
        && v.chars().all(|c| c.is_ascii_digit() || "*xX• -".contains(c))
}

/// Whether it is the number of a trade item or a book: EAN-8, -12, -13, -14 or ISBN-10 with their check digit.
#[must_use]
pub fn is_article_number(value: &str) -> bool {
    let v = value.trim();
    if let Some((at, last)) = v.char_indices().last()
        && let Some(d) = digits(&v[..at], "- ").filter(|d| d.len() == 9)
    {
        let check = if matches!(last, 'X' | 'x') { Some(10) } else { last.to_digit(10) };
        if check.is_some_and(|c| (weighted(&d, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) + c).is_multiple_of(11)) {
            return true;
        }
    }
    let Some(d) = digits(v, "- ") else { return false };
    let sum: u32 = d.iter().rev().enumerate().map(|(i, x)| if i % 2 == 0 { *x } else { x * 3 }).sum();
    matches!(d.len(), 8 | 12 | 13 | 14) && sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts() {
        assert!(is_iban("DE89 3704 0044 0532 0130 00") && is_iban("GB82WEST12345698765432"));
        assert!(is_iban("NO9386011117947") && is_iban("FR1420041010050500013M02606"));
        assert!(!is_iban("DE89370400440532013001") && !is_iban("DE") && !is_iban("ZZ89370400440532013000"));
        assert!(!is_iban("DE8937040044053201300"));
    }

    #[test]
    fn cards() {
        assert!(is_card("4111 1111 1111 1111") && is_card("378282246310005") && is_card("6011111111111117"));
        assert!(!is_card("4111111111111112") && !is_card("1234567890123") && !is_card("0000000000000000"));
        // An IMEI has Luhn's digit and no scheme.
        assert!(!is_card("490154203237518"));
        assert!(
            is_masked_card("************1234")
                && is_masked_card("XXXX-XXXX-XXXX-4242")
                && !is_masked_card("1234")
        );
    }

    #[test]
    fn articles() {
        assert!(
            is_article_number("978-3-16-148410-0")
                && is_article_number("0-306-40615-2")
                && is_article_number("4006381333931")
        );
        assert!(is_article_number("080442957X") && !is_article_number("4006381333932"));
    }
}
