//! Numbers that states give people.
use super::{Context, fpe};

/// Longer ones are no such number.
const MOST: usize = 40;

/// Keeps punctuation and which characters are digits and letters; they become 0 and X, or others of their own, never the
/// same for two, where that many are possible. Check digits do not fit on purpose.
pub fn national_id(value: &[u8], distinct: bool, with: Context, out: &mut Vec<u8>) -> Option<()> {
    if value.len() > MOST {
        return None;
    }
    if distinct && let Some(made) = fpe::text(with.keys?, "national_id", value, fpe::Way::There) {
        out.extend_from_slice(&made);
        return Some(());
    }
    out.extend(value.iter().filter(|c| **c & 0xC0 != 0x80).map(|c| match c {
        b'0'..=b'9' => b'0',
        b' ' | b'-' | b'.' | b'/' => *c,
        _ => b'X',
    }));
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::privacy::key::Keys;

    #[test]
    fn the_form_stays() {
        let keys = Keys::new(&[1; 32]).unwrap();
        let with = Context { keys: Some(&keys), subject: b"" };
        let n = |s: &str, distinct| {
            let mut out = Vec::new();
            national_id(s.as_bytes(), distinct, with, &mut out).map(|()| String::from_utf8(out).unwrap())
        };
        assert_eq!(n("078-05-1120", false).unwrap(), "000-00-0000");
        assert_eq!(n("QQ 12 34 56 c", false).unwrap(), "XX 00 00 00 X");
        let made = n("078-05-1120", true).unwrap();
        assert!(made != "078-05-1120" && made.as_bytes()[3] == b'-');
        assert_eq!(n("12-3", true).unwrap(), "00-0");
        assert_eq!(n("078-05-1120", true).unwrap(), made);
        assert_ne!(n("078-05-1121", true).unwrap(), made);
        assert_eq!(n(&"x".repeat(41), false), None);
        assert!(national_id(b"1", true, Context::default(), &mut Vec::new()).is_none());
    }
}
