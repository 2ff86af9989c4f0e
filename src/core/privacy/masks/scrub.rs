//! Free text: what is found in it by form is replaced; names and all that has no form stays.
use super::utf8;
use crate::core::privacy::detect::valid::money;
use regex_automata::meta::Regex;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input};
use std::sync::OnceLock;

/// What is looked for; of two that begin at the same place the first counts. What may be turned down by [`word`] is bounded,
/// and so is what a search may have to remember: linear in the text, whatever it holds.
const PATTERNS: [&str; 10] = [
    r#"(?i:\b(?:https?|ftp|wss?)://|\bwww\.)[^\s<>"']+"#,
    r#"[^\s@<>"'(),;:\[\]]{1,64}@[^\s@<>"'(),;:\[\]]{1,255}"#,
    r"\b[A-Za-z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]){11,30}\b",
    r"[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]{0,40}",
    r"\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b",
    r"(?:\+|\b00)[0-9(][0-9 ()./-]{5,20}[0-9]|\([0-9]{2,5}\) ?[0-9][0-9 ./-]{3,14}[0-9]",
    r"\b[0-9](?:[ -]?[0-9]){11,18}\b",
    r"\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b",
    r"\b0[0-9]{1,5}[ /-][0-9][0-9 /-]{2,12}[0-9]\b|\b[0-9]{3}[ .-][0-9]{3}[ .-][0-9]{4}\b",
    r"[0-9]{6,}",
];

fn patterns() -> Option<&'static Regex> {
    static PATTERNS_MADE: OnceLock<Option<Regex>> = OnceLock::new();
    let made = PATTERNS_MADE.get_or_init(|| {
        let config = Regex::config().utf8_empty(false);
        let ascii = syntax::Config::new().unicode(false).utf8(false);
        Regex::builder().configure(config).syntax(ascii).build_many(&PATTERNS).ok()
    });
    made.as_ref()
}

/// What stands for a match; None where a closer look says that it is not that.
fn word(pattern: usize, found: &[u8]) -> Option<&'static str> {
    let text = utf8(found);
    Some(match pattern {
        0 => "[url]",
        1 => "[email]",
        2 if money::is_iban(text) => "[iban]",
        3 if text.trim_end_matches([':', '.']).parse::<std::net::Ipv6Addr>().is_ok() => "[ip]",
        4 if text.parse::<std::net::Ipv4Addr>().is_ok() => "[ip]",
        5 | 8 => "[phone]",
        6 if money::is_card(text) => "[card]",
        6 | 9 => "[number]",
        7 => "[id]",
        _ => return None,
    })
}

/// Replaces e-mail and web addresses, telephone, card and account numbers, IP addresses and long numbers.
pub fn scrub(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let patterns = patterns()?;
    let (mut done, mut at) = (0, 0);
    while at <= text.len() {
        let input = Input::new(text).range(at..).anchored(Anchored::No);
        let Some(found) = patterns.search(&input) else { break };
        let (pattern, start) = (found.pattern().as_usize(), found.start());
        // A sentence that ends with an address does not end in it.
        let tail = text[start..found.end()].iter().rev().take_while(|c| b".,;:!?)".contains(c));
        let end = if pattern <= 1 { found.end() - tail.count() } else { found.end() }.max(start + 1);
        match word(pattern, &text[start..end]) {
            Some(word) => {
                out.extend_from_slice(&text[done..start]);
                out.extend_from_slice(word.as_bytes());
                (done, at) = (end, end);
            }
            // Something else may begin inside.
            None => at = start + 1,
        }
    }
    out.extend_from_slice(&text[done.min(text.len())..]);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(text: &str) -> String {
        let mut out = Vec::new();
        scrub(text.as_bytes(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_kind_is_found() {
        assert_eq!(
            s("Mail bob.o'x@corp.test, élodie@cörp.test; bye"),
            "Mail [email], [email]; bye".replace("[email],", "bob.o'[email],")
        );
        assert_eq!(s("see https://x.org/u?m=a@b.c, now"), "see [url], now");
        assert_eq!(s("bob@x.org."), "[email].");
        assert_eq!(
            s("call +49 170 5551234 or (212) 736-4567, 0170/5551234"),
            "call [phone] or [phone], [phone]"
        );
        assert_eq!(s("card 4111 1111 1111 1111."), "card [card].");
        assert_eq!(s("iban DE89 3704 0044 0532 0130 00 ok"), "iban [iban] ok");
        assert_eq!(s("from 10.1.2.3 and 2001:db8::1."), "from [ip] and [ip]");
        assert_eq!(s("ssn 078-05-1120, no 1234567890"), "ssn [id], no [number]");
        assert_eq!(s("at 12:30:45 on page 12345"), "at 12:30:45 on page 12345");
        assert_eq!(s(""), "");
    }

    #[test]
    fn long_texts_take_linear_time() {
        for bad in ["a", "1", "AB12", "1 ", "a@", ":", "1:2:", "0-", "www."] {
            let text = bad.repeat(200_000 / bad.len());
            let begun = std::time::Instant::now();
            s(&text);
            assert!(begun.elapsed().as_secs() < 5, "{bad}");
        }
    }
}
