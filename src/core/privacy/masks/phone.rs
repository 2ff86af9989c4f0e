//! Telephone numbers that nobody has, written as the real ones are.

/// Country codes of two digits; 1 and 7 have one, all others three.
const TWO: [u8; 44] = [
    20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54, 55, 56, 57, 58,
    60, 61, 62, 63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98,
];

/// Digits of the country code at the beginning of digits.
fn country_code(digits: &[u8]) -> usize {
    match digits {
        [b'1' | b'7', ..] => 1,
        [a, b, ..] if TWO.contains(&((a - b'0') * 10 + (b - b'0'))) => 2,
        _ => 3,
    }
}

/// Keeps punctuation and, of eight digits or more, the country code and the last two digits. What comes between becomes
/// 555-01 where numbers are reserved for fiction (+1), else zeros, with which no subscriber's number begins.
pub fn phone(value: &[u8], out: &mut Vec<u8>) {
    let mut first = [0_u8; 5];
    let mut count = 0;
    for c in value.iter().filter(|c| c.is_ascii_digit()) {
        if count < first.len() {
            first[count] = *c;
        }
        count += 1;
    }
    let long = count >= 8;
    let begin = value.iter().position(|c| !c.is_ascii_whitespace()).unwrap_or(0);
    let plus = value.get(begin) == Some(&b'+');
    let zeros = value[begin..].starts_with(b"00");
    let code = match (long, plus, zeros) {
        (true, true, _) => country_code(&first[..]),
        (true, false, true) => 2 + country_code(&first[2..]),
        _ => 0,
    };
    let start = if plus { 0 } else { 2 };
    let reserved = code == start + 1 && first[start] == b'1' && count == code + 10;
    let mut seen = 0;
    for c in value {
        if c.is_ascii_digit() {
            let shown = match seen {
                n if n < code || (long && n + 2 >= count) => *c,
                n if reserved => b"55555501"[(n - code).min(7)],
                _ => b'0',
            };
            out.push(shown);
            seen += 1;
        } else if b"+ -()./".contains(c) {
            out.push(*c);
        } else if c & 0xC0 != 0x80 {
            // One X for each character of another kind: letters, and what only looks like a digit.
            out.push(b'X');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn style_and_country_stay() {
        let p = |s: &str| {
            let mut out = Vec::new();
            phone(s.as_bytes(), &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(p("+1 (212) 736-4567"), "+1 (555) 555-0167");
        assert_eq!(p("001 212 736 4567"), "001 555 555 0167");
        assert_eq!(p("+49 170 5551234"), "+49 000 0000034");
        assert_eq!(p("0049 170 5551234"), "0049 000 0000034");
        assert_eq!(p("+420 601 123 456"), "+420 000 000 056");
        assert_eq!(p("0170/5551234"), "0000/0000034");
        assert_eq!(p("12345"), "00000");
        assert_eq!(p("+49"), "+00");
        assert_eq!(p("call Bob"), "XXXX XXX");
        assert_eq!(p("٣٤٥ é"), "XXX X");
        assert_eq!(p(""), "");
    }
}
