//! Payment card numbers.
use super::Context;
use crate::core::privacy::random::Draw;

/// Fewer digits than this are no card number, and none of them stays.
const LEAST: usize = 12;
/// Test cards of every payment network's documentation begin so.
const TEST_PREFIX: &[u8; 6] = b"411111";

/// Keeps spaces, hyphens, at most six digits on the left and four on the right. Synthetic ones have another number of the
/// same length instead, which begins as test cards do and passes Luhn's check.
pub fn card(
    value: &[u8],
    first: usize,
    last: usize,
    synthetic: bool,
    with: Context,
    out: &mut Vec<u8>,
) -> Option<()> {
    let count = value.iter().filter(|c| c.is_ascii_digit()).count();
    if synthetic && (LEAST..=19).contains(&count) {
        let mut draw = Draw::new(with.keys?.prf("card", &[value]));
        let mut made = [0_u8; 19];
        for (n, digit) in made[..count - 1].iter_mut().enumerate() {
            *digit = TEST_PREFIX.get(n).copied().unwrap_or_else(|| draw.digit());
        }
        made[count - 1] = check_digit(&made[..count - 1]);
        rewrite(value, out, |n| made.get(n).copied());
        return Some(());
    }
    let (first, last) = if count >= LEAST { (first.min(6), last.min(4)) } else { (0, 0) };
    rewrite(value, out, |n| (n >= first && n + last < count).then_some(b'X'));
    Some(())
}

/// The digits through a function of their place, None to keep one; separators stay, all else is hidden.
fn rewrite(value: &[u8], out: &mut Vec<u8>, digit: impl Fn(usize) -> Option<u8>) {
    let mut seen = 0;
    for c in value {
        if c.is_ascii_digit() {
            out.push(digit(seen).unwrap_or(*c));
            seen += 1;
        } else if b" -".contains(c) {
            out.push(*c);
        } else if c & 0xC0 != 0x80 {
            out.push(b'X');
        }
    }
}

/// The digit that makes these pass Luhn's check.
fn check_digit(digits: &[u8]) -> u8 {
    let sum: u32 = digits.iter().rev().enumerate().fold(0, |sum, (n, d)| {
        let d = u32::from(d - b'0') * if n % 2 == 0 { 2 } else { 1 };
        sum + d / 10 + d % 10
    });
    b'0' + ((10 - sum % 10) % 10) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::privacy::detect::valid::money;
    use crate::core::privacy::key::Keys;

    #[test]
    fn never_more_than_six_and_four() {
        let c = |s: &str, f, l| {
            let mut out = Vec::new();
            card(s.as_bytes(), f, l, false, Context::default(), &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(c("4111-1111-1111-1234", 0, 4), "XXXX-XXXX-XXXX-1234");
        assert_eq!(c("4929123412341234", 16, 16), "492912XXXXXX1234");
        assert_eq!(c("1234", 6, 4), "XXXX");
        assert_eq!(c("Alice 4111", 0, 4), "XXXXX XXXX");
    }

    #[test]
    fn synthetic_ones_pass_luhn() {
        let keys = Keys::new(&[1; 32]).unwrap();
        let with = Context { keys: Some(&keys), subject: b"" };
        let mut out = Vec::new();
        card(b"4929 1234 1234 1234", 0, 4, true, with, &mut out).unwrap();
        let made = String::from_utf8(out).unwrap();
        assert!(made.starts_with("4111 11") && money::is_card(&made), "{made}");
        assert!(card(b"4929123412341234", 0, 4, true, Context::default(), &mut Vec::new()).is_none());
    }
}
