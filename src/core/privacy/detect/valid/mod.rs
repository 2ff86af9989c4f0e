//! What a value looks like: validators, with check digits where the form has any. None allocates more than the value
//! needs, none fails.
pub mod contact;
pub mod dates;
pub mod health;
pub mod money;
pub mod national;
pub mod network;
pub mod people;
pub mod place;
pub mod secret;

/// The digits of a value that is written with digits and these separators only; None where there is anything else.
#[must_use]
pub fn digits(value: &str, separators: &str) -> Option<Vec<u32>> {
    let mut digits = Vec::with_capacity(value.len());
    for c in value.chars() {
        match c.to_digit(10) {
            Some(d) => digits.push(d),
            None if separators.contains(c) => {}
            None => return None,
        }
    }
    Some(digits)
}

/// Luhn's check digit.
#[must_use]
pub fn luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, d)| match (i % 2, d * 2) {
            (0, _) => *d,
            (_, doubled) if doubled > 9 => doubled - 9,
            (_, doubled) => doubled,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// The sum of digits, each times its weight.
#[must_use]
pub fn weighted(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(d, w)| d * w).sum()
}

/// Digits as a number.
#[must_use]
pub fn number(digits: &[u32]) -> u64 {
    digits.iter().fold(0, |n, d| n.wrapping_mul(10).wrapping_add(u64::from(*d)))
}

/// Whether these can be a month and a day of it.
#[must_use]
pub fn is_day(month: u32, day: u32) -> bool {
    const LONGEST: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    (1..=12).contains(&month) && (1..=LONGEST[month as usize - 1]).contains(&day)
}

/// Whether it is a UUID.
#[must_use]
pub fn is_uuid(value: &str) -> bool {
    let v = value.trim();
    v.len() == 36
        && v.bytes()
            .enumerate()
            .all(|(i, b)| if matches!(i, 8 | 13 | 18 | 23) { b == b'-' } else { b.is_ascii_hexdigit() })
}
