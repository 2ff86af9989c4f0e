//! International bank account numbers.
use super::Context;
use crate::core::privacy::random::Draw;

/// Keeps country, length and spaces; the account becomes zeros, or digits of its own behind a bank code of zeros, and
/// the check digits fit again. What is no IBAN becomes X and 0.
pub fn iban(value: &[u8], distinct: bool, with: Context, out: &mut Vec<u8>) -> Option<()> {
    let mut letters = [0_u8; 34];
    let mut count = 0;
    for c in value.iter().filter(|c| c.is_ascii_alphanumeric()) {
        *letters.get_mut(count).unwrap_or(&mut 0) = c.to_ascii_uppercase();
        count += 1;
    }
    let fits = (15..=34).contains(&count)
        && letters[..2].iter().all(u8::is_ascii_uppercase)
        && letters[2..4].iter().all(u8::is_ascii_digit)
        && value.iter().all(|c| c.is_ascii_alphanumeric() || b" -".contains(c));
    if !fits {
        return hidden(value, out);
    }
    let mut draw = match distinct {
        true => Some(Draw::new(with.keys?.prf("iban", &[&letters[..count]]))),
        false => None,
    };
    for (n, c) in letters[4..count].iter_mut().enumerate() {
        let drawn = draw.as_mut().filter(|_| n >= 4);
        *c = match (c.is_ascii_digit(), drawn) {
            (true, Some(draw)) => draw.digit(),
            (true, None) => b'0',
            (false, Some(draw)) => draw.letter(),
            (false, None) => b'X',
        };
    }
    letters[2..4].copy_from_slice(b"00");
    let check = 98 - remainder(&letters[..count]);
    letters[2..4].copy_from_slice(&[b'0' + check / 10, b'0' + check % 10]);
    let mut made = letters[..count].iter();
    out.extend(value.iter().filter_map(|c| if c.is_ascii_alphanumeric() { made.next() } else { Some(c) }));
    Some(())
}

/// What is no IBAN: nothing of it but its form.
fn hidden(value: &[u8], out: &mut Vec<u8>) -> Option<()> {
    out.extend(value.iter().filter(|c| **c & 0xC0 != 0x80).map(|c| match c {
        b' ' | b'-' => *c,
        b'0'..=b'9' => b'0',
        _ => b'X',
    }));
    Some(())
}

/// The number modulo 97, its first four characters moved to the end.
fn remainder(letters: &[u8]) -> u8 {
    let (head, tail) = letters.split_at(4);
    let of = tail.iter().chain(head).fold(0_u32, |sum, c| match c {
        b'0'..=b'9' => (sum * 10 + u32::from(c - b'0')) % 97,
        _ => (sum * 100 + u32::from(c - b'A') + 10) % 97,
    });
    of as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::privacy::detect::valid::money;
    use crate::core::privacy::key::Keys;

    #[test]
    fn country_stays_and_check_digits_fit() {
        let keys = Keys::new(&[1; 32]).unwrap();
        let with = Context { keys: Some(&keys), subject: b"" };
        for real in ["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "NO9386011117947"] {
            for distinct in [false, true] {
                let mut out = Vec::new();
                iban(real.as_bytes(), distinct, with, &mut out).unwrap();
                let made = String::from_utf8(out).unwrap();
                assert!(money::is_iban(&made), "{made}");
                assert_eq!(made.len(), real.len());
                assert_eq!(made[..2], real[..2]);
                assert_ne!(made, real);
            }
        }
        let mut out = Vec::new();
        iban(b"DE89", false, with, &mut out).unwrap();
        assert_eq!(out, b"XX00");
        assert!(iban(b"DE89370400440532013000", true, Context::default(), &mut Vec::new()).is_none());
    }
}
