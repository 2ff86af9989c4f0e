//! FF1, format-preserving encryption (NIST SP 800-38G): another value of the same form for each value, never the same one
//! for two.
use crate::core::privacy::key::Keys;
use fpe::ff1::FlexibleNumeralString;

/// Fewer possible values than this could all be tried out (NIST SP 800-38G, revision 1).
const LEAST: u128 = 1_000_000;
/// The work grows with the square of the length.
const MOST_CHARACTERS: usize = 256;
/// Values are encrypted in pieces with at most so many possible ones.
const PIECE: u128 = 1 << 120;

/// Whether to encrypt or to go back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Encrypts.
    There,
    /// Decrypts.
    #[cfg_attr(not(test), expect(dead_code, reason = "for index conditions on encrypted columns"))]
    Back,
}

/// The number of possible values of a character's kind; 1 for what stays.
fn radix(c: u8) -> u128 {
    match c {
        b'0'..=b'9' => 10,
        b'a'..=b'z' | b'A'..=b'Z' => 26,
        _ => 1,
    }
}

fn first_of_kind(c: u8) -> u8 {
    match c {
        b'0'..=b'9' => b'0',
        b'a'..=b'z' => b'a',
        _ => b'A',
    }
}

/// How to write numbers below a size as strings that FF1 can encrypt: radix and length. Pure digits and letters as they are,
/// others in the power of two with the least work: the length, doubled for each bit by which the strings are too many,
/// since numbers beyond the size are encrypted again.
fn strings(size: u128) -> Option<(u32, u32)> {
    for radix in [10_u32, 26] {
        let length = size.ilog(u128::from(radix));
        if u128::from(radix).checked_pow(length) == Some(size) {
            return Some((radix, length));
        }
    }
    let bits = 128 - (size - 1).leading_zeros();
    let length = |k: u32| bits.div_ceil(k).max(2);
    let k = (1..=16)
        .filter(|k| length(*k) * k <= 127)
        .min_by_key(|k| length(*k) << (length(*k) * k - bits).min(16))?;
    Some((1 << k, length(k)))
}

/// A number below `size` for each number below `size`.
fn permute(keys: &Keys, tweak: &[u8], value: u128, size: u128, way: Way) -> Option<u128> {
    if size < LEAST || value >= size {
        return None;
    }
    let (radix, length) = strings(size)?;
    let ff1 = keys.ff1(radix)?;
    let base = u128::from(radix);
    let mut string = vec![0_u16; length as usize];
    let mut value = value;
    loop {
        for numeral in string.iter_mut().rev() {
            *numeral = (value % base) as u16;
            value /= base;
        }
        let given = FlexibleNumeralString::from(string);
        let made = match way {
            Way::There => ff1.encrypt(tweak, &given),
            Way::Back => ff1.decrypt(tweak, &given),
        };
        string = made.ok()?.into();
        value = string.iter().fold(0, |sum, numeral| sum * base + u128::from(*numeral));
        if value < size {
            return Some(value);
        }
    }
}

/// Digits and letters become others, in their places and of their kind; all else stays. None where there are too few
/// possible values, or characters that are not ASCII.
#[must_use]
pub fn text(keys: &Keys, domain: &str, value: &[u8], way: Way) -> Option<Vec<u8>> {
    if !value.is_ascii() || value.len() > MOST_CHARACTERS {
        return None;
    }
    let mut made = value.to_vec();
    let mut pieces: Vec<(usize, usize, u128)> = Vec::new(); // from, to, possible values
    for (n, c) in value.iter().enumerate() {
        match pieces.last_mut() {
            Some((_, to, size)) if *size * radix(*c) <= PIECE => (*to, *size) = (n + 1, *size * radix(*c)),
            _ => pieces.push((n, n + 1, radix(*c))),
        }
    }
    // A last piece that is too small by itself takes half of the one before it.
    if let [.., a, b] = pieces.as_mut_slice()
        && b.2 < LEAST
    {
        let size = |from: usize, to: usize| value[from..to].iter().map(|c| radix(*c)).product::<u128>();
        let middle = (a.0..a.1).find(|m| size(a.0, *m) >= 1 << 60)?;
        (*a, *b) = ((a.0, middle, size(a.0, middle)), (middle, b.1, size(middle, b.1)));
    }
    for (n, (from, to, size)) in pieces.iter().enumerate() {
        let piece = &mut made[*from..*to];
        let number = piece.iter().fold(0_u128, |sum, c| {
            sum * radix(*c) + u128::from((c - first_of_kind(*c).min(*c)) * u8::from(radix(*c) > 1))
        });
        let mut tweak = domain.as_bytes().to_vec();
        tweak.extend_from_slice(&[0, n as u8]);
        let mut number = permute(keys, &tweak, number, *size, way)?;
        for c in piece.iter_mut().rev().filter(|c| radix(**c) > 1) {
            let radix = radix(*c);
            *c = first_of_kind(*c) + (number % radix) as u8;
            number /= radix;
        }
    }
    if pieces.is_empty() { None } else { Some(made) }
}

/// A number with as many digits, at most `most`; the sign stays.
#[must_use]
pub fn integer(keys: &Keys, domain: &str, value: i128, most: i128, way: Way) -> Option<i128> {
    let absolute = value.unsigned_abs();
    let digits = absolute.checked_ilog10()?;
    let (low, all) = (10_u128.checked_pow(digits)?, 10_u128.checked_pow(digits + 1)?);
    let high = all.min(most.unsigned_abs() + 1);
    if absolute >= high || high - low < LEAST {
        return None;
    }
    let tweak = [domain.as_bytes(), b"\0number"].concat();
    let mut made = absolute;
    // Those with fewer digits, and those beyond the type, are encrypted again.
    loop {
        made = permute(keys, &tweak, made, all, way)?;
        if (low..high).contains(&made) {
            break;
        }
    }
    Some(if value < 0 { -(made as i128) } else { made as i128 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn forms_stay_and_nothing_collides() {
        let keys = Keys::new(&[1; 32]).unwrap();
        let long = "1aB-".repeat(60);
        for value in [
            "123456",
            "AB123456C",
            "a-b-c-d-e-f@1.2",
            "4111 1111 1111 1111",
            "abcdefghijklmnopqrstuvwxyz0123456789Z",
            &long,
        ] {
            let made = text(&keys, "d", value.as_bytes(), Way::There).unwrap();
            assert_ne!(made, value.as_bytes());
            for (a, b) in made.iter().zip(value.bytes()) {
                assert_eq!(first_of_kind(*a) == b'0', first_of_kind(b) == b'0');
                assert!(radix(b) > 1 || *a == b);
            }
            assert_ne!(text(&keys, "e", value.as_bytes(), Way::There).unwrap(), made);
            assert_eq!(text(&keys, "d", &made, Way::Back).unwrap(), value.as_bytes());
        }
        let all: HashSet<_> =
            (0..2000).map(|n| text(&keys, "", format!("{n:06}").as_bytes(), Way::There)).collect();
        assert_eq!(all.len(), 2000);
    }

    #[test]
    fn strings_hold_all_numbers() {
        for size in [
            LEAST,
            LEAST + 1,
            10_u128.pow(9),
            26_u128.pow(8),
            26_u128.pow(5) * 1000,
            PIECE,
            PIECE - 1,
            1 << 64,
        ] {
            let (radix, length) = strings(size).unwrap();
            let all = u128::from(radix).checked_pow(length).unwrap();
            assert!(all >= size && (all / size < 32 || length < 4), "{size}: {radix}^{length}");
        }
    }

    #[test]
    fn small_domains_are_refused() {
        let keys = Keys::new(&[1; 32]).unwrap();
        for value in ["", "12345", "abcd", "---", "Émile123456", &"1".repeat(257)] {
            assert_eq!(text(&keys, "", value.as_bytes(), Way::There), None, "{value}");
        }
        assert_eq!(integer(&keys, "", 123_456, i128::from(i64::MAX), Way::There), None);
        assert_eq!(integer(&keys, "", 0, i128::from(i64::MAX), Way::There), None);
    }

    #[test]
    fn integers_keep_sign_and_digits() {
        let keys = Keys::new(&[1; 32]).unwrap();
        let mut seen = HashSet::new();
        let many = (1_000_000..1_001_000).chain(2_147_483_000..2_147_483_648).chain(-1_000_500..=-1_000_000);
        for n in many {
            let made = integer(&keys, "", n, i128::from(i32::MAX), Way::There).unwrap();
            assert_eq!(made.to_string().len(), n.to_string().len());
            assert!(made.abs() <= i128::from(i32::MAX) && made.signum() == n.signum());
            assert_eq!(integer(&keys, "", made, i128::from(i32::MAX), Way::Back), Some(n));
            assert!(seen.insert(made));
        }
        assert_eq!(integer(&keys, "", i128::from(i32::MIN), i128::from(i32::MAX), Way::There), None);
    }
}
