//! Numbers that states give people.
use super::Context;
use crate::core::privacy::random::Draw;

/// Longer ones are no such number.
const MOST: usize = 40;

/// Keeps punctuation and which characters are digits and letters; they become 0 and X, or others of their own. Check
/// digits do not fit on purpose.
pub fn national_id(value: &[u8], distinct: bool, with: Context, out: &mut Vec<u8>) -> Option<()> {
    if value.len() > MOST {
        return None;
    }
    let mut draw = match distinct {
        true => Some(Draw::new(with.keys?.prf("national_id", &[value]))),
        false => None,
    };
    // No US social security number begins with a nine.
    let american = value.len() == 11 && value[3] == b'-' && value[6] == b'-';
    for (n, c) in value.iter().enumerate() {
        let made = match (c, draw.as_mut()) {
            (b'0'..=b'9', Some(_)) if american && n == 0 => b'9',
            (b'0'..=b'9', Some(draw)) => draw.digit(),
            (b'0'..=b'9', None) => b'0',
            (b'A'..=b'Z', Some(draw)) => draw.letter(),
            (b'a'..=b'z', Some(draw)) => draw.letter().to_ascii_lowercase(),
            (b' ' | b'-' | b'.' | b'/', _) => *c,
            _ if c & 0xC0 == 0x80 => continue,
            _ => b'X',
        };
        out.push(made);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::privacy::key::Keys;

    #[test]
    fn the_form_stays() {
        let keys = Keys::new(&[1; 32], "").unwrap();
        let with = Context { keys: Some(&keys), subject: b"" };
        let n = |s: &str, distinct| {
            let mut out = Vec::new();
            national_id(s.as_bytes(), distinct, with, &mut out).map(|()| String::from_utf8(out).unwrap())
        };
        assert_eq!(n("078-05-1120", false).unwrap(), "000-00-0000");
        assert_eq!(n("QQ 12 34 56 c", false).unwrap(), "XX 00 00 00 X");
        let made = n("078-05-1120", true).unwrap();
        assert!(made.starts_with('9') && made.as_bytes()[3] == b'-');
        assert_eq!(n("078-05-1120", true).unwrap(), made);
        assert_ne!(n("078-05-1121", true).unwrap(), made);
        assert_eq!(n(&"x".repeat(41), false), None);
        assert!(national_id(b"1", true, Context::default(), &mut Vec::new()).is_none());
    }
}
