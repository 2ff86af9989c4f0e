//! JSON documents: what paths name is masked, all else is copied byte by byte, numbers too.
use super::decimal::Decimal;
use super::number::Room;
use super::{Context, number, text};
use crate::core::privacy::mask::Mask;
use crate::core::privacy::path::{Path, Step};
use std::borrow::Cow;

/// Deeper documents are not looked through; nothing of them is shown.
const DEPTH: usize = 500;

/// A path that has been followed so far: which, and how many of its steps.
type State = (usize, usize);

struct Walk<'a> {
    document: &'a [u8],
    at: usize,
    paths: &'a [(Path, Mask)],
    with: Context<'a>,
    out: &'a mut Vec<u8>,
}

/// Writes a document with masks where paths lead; the type of each value stays, objects and arrays that a path names become
/// empty. None for what is no JSON.
pub fn document(document: &[u8], paths: &[(Path, Mask)], with: Context, out: &mut Vec<u8>) -> Option<()> {
    std::str::from_utf8(document).ok()?;
    let mut walk = Walk { document, at: 0, paths, with, out };
    let mut states: Vec<State> = (0..paths.len()).map(|n| (n, 0)).collect();
    walk.space();
    walk.settle(&mut states);
    walk.value(&states, 0)?;
    walk.space();
    (walk.at == document.len()).then_some(())
}

impl<'a> Walk<'a> {
    fn step(&self, state: State) -> Option<&'a Step> {
        self.paths[state.0].0.steps().get(state.1)
    }

    /// Steps that may be none: `.**` may end here.
    fn settle(&self, states: &mut Vec<State>) {
        let mut n = 0;
        while n < states.len() {
            let state = states[n];
            if self.step(state) == Some(&Step::Deep) && !states.contains(&(state.0, state.1 + 1)) {
                states.push((state.0, state.1 + 1));
            }
            n += 1;
        }
    }

    /// The masks of a value: those of paths that end at it.
    fn mask(&self, states: &[State]) -> Option<Cow<'a, Mask>> {
        let mut masks = states.iter().filter(|s| self.step(**s).is_none()).map(|s| &self.paths[s.0].1);
        let first = Cow::Borrowed(masks.next()?);
        Some(masks.fold(first, |strictest, m| Cow::Owned(strictest.into_owned().strictest(m.clone()))))
    }

    /// The states inside a member of an object.
    fn member(&self, states: &[State], key: &str) -> Vec<State> {
        let mut inside = Vec::new();
        for s in states {
            match self.step(*s) {
                Some(Step::Key(k)) if k == key => inside.push((s.0, s.1 + 1)),
                Some(Step::AnyKey) => inside.push((s.0, s.1 + 1)),
                Some(Step::Deep) => inside.push(*s),
                _ => {}
            }
        }
        self.settle(&mut inside);
        inside
    }

    /// The states inside an element of an array; names of members go through arrays.
    fn element(&self, states: &[State], index: u32) -> Vec<State> {
        let mut inside = Vec::new();
        for s in states {
            match self.step(*s) {
                Some(Step::Index(n)) if *n == index => inside.push((s.0, s.1 + 1)),
                Some(Step::AnyIndex) => inside.push((s.0, s.1 + 1)),
                Some(Step::Deep | Step::Key(_) | Step::AnyKey) => inside.push(*s),
                _ => {}
            }
        }
        self.settle(&mut inside);
        inside
    }

    /// What is no array counts as one of a single element.
    fn unwrapped(&self, states: &[State]) -> Vec<State> {
        let mut all = states.to_vec();
        let mut n = 0;
        while n < all.len() {
            let s = all[n];
            if matches!(self.step(s), Some(Step::Index(0) | Step::AnyIndex)) && !all.contains(&(s.0, s.1 + 1))
            {
                all.push((s.0, s.1 + 1));
            }
            n += 1;
        }
        self.settle(&mut all);
        all
    }

    fn peek(&self) -> Option<u8> {
        self.document.get(self.at).copied()
    }

    fn space(&mut self) {
        let from = self.at;
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        self.out.extend_from_slice(&self.document[from..self.at]);
    }

    fn token(&mut self, token: u8) -> Option<()> {
        (self.peek()? == token).then(|| {
            self.at += 1;
            self.out.push(token);
        })
    }

    fn value(&mut self, states: &[State], depth: usize) -> Option<()> {
        let first = self.peek()?;
        let owned;
        let states = if first == b'[' || states.is_empty() {
            states
        } else {
            owned = self.unwrapped(states);
            &owned
        };
        let mask = self.mask(states);
        match (first, mask) {
            _ if depth > DEPTH => None,
            (b'{' | b'[', Some(mask)) => {
                let from = self.out.len();
                self.container(&[], depth)?;
                self.out.truncate(from);
                let empty: &[u8] = match (&*mask, first) {
                    (Mask::Null, _) => b"null",
                    (_, b'{') => b"{}",
                    _ => b"[]",
                };
                self.out.extend_from_slice(empty);
                Some(())
            }
            (b'{' | b'[', None) => self.container(states, depth),
            (b'"', mask) => {
                let raw = self.string()?;
                match mask {
                    None => self.out.extend_from_slice(raw),
                    Some(mask) => self.masked_string(raw, &mask),
                }
                Some(())
            }
            (_, mask) => {
                let raw = self.scalar()?;
                match mask {
                    None => self.out.extend_from_slice(raw),
                    Some(mask) => self.masked_scalar(raw, &mask),
                }
                Some(())
            }
        }
    }

    fn container(&mut self, states: &[State], depth: usize) -> Option<()> {
        let object = self.peek()? == b'{';
        self.token(if object { b'{' } else { b'[' })?;
        let end = if object { b'}' } else { b']' };
        self.space();
        if self.token(end).is_some() {
            return Some(());
        }
        let mut index = 0_u32;
        loop {
            let inside = if object {
                let raw = self.string()?;
                self.out.extend_from_slice(raw);
                let inside = if states.is_empty() { Vec::new() } else { self.member(states, &unescape(raw)) };
                self.space();
                self.token(b':')?;
                self.space();
                inside
            } else if states.is_empty() {
                Vec::new()
            } else {
                self.element(states, index)
            };
            self.value(&inside, depth + 1)?;
            self.space();
            if self.token(b',').is_none() {
                return self.token(end);
            }
            self.space();
            index = index.saturating_add(1);
        }
    }

    /// A string with its quotes; the place moves behind it.
    fn string(&mut self) -> Option<&'a [u8]> {
        let from = self.at;
        if self.peek()? != b'"' {
            return None;
        }
        self.at += 1;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        self.document.get(from..self.at)
    }

    /// A number, true, false or null.
    fn scalar(&mut self) -> Option<&'a [u8]> {
        let from = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9' | b'a'..=b'z' | b'E' | b'-' | b'+' | b'.')) {
            self.at += 1;
        }
        let raw = &self.document[from..self.at];
        let known = [&b"true"[..], b"false", b"null"].contains(&raw);
        let numeric =
            raw.iter().any(u8::is_ascii_digit) && !raw.iter().any(|c| c.is_ascii_lowercase() && *c != b'e');
        (known || numeric).then_some(raw)
    }

    fn masked_string(&mut self, raw: &[u8], mask: &Mask) {
        if *mask == Mask::Null {
            return self.out.extend_from_slice(b"null");
        }
        let mut made = Vec::new();
        let shown = text::text(mask, unescape(raw).as_bytes(), self.with, &mut made);
        let made = shown.and_then(|()| std::str::from_utf8(&made).ok()).unwrap_or("");
        self.out.push(b'"');
        for c in made.bytes() {
            match c {
                b'"' | b'\\' => self.out.extend_from_slice(&[b'\\', c]),
                0..0x20 => self.out.extend_from_slice(format!("\\u{c:04x}").as_bytes()),
                _ => self.out.push(c),
            }
        }
        self.out.push(b'"');
    }

    fn masked_scalar(&mut self, raw: &[u8], mask: &Mask) {
        let constant = |of: &[&str]| match mask {
            Mask::Constant(text) => of.iter().find(|o| *o == text).map(ToString::to_string),
            _ => None,
        };
        let made = match raw {
            b"null" => "null".to_string(),
            _ if *mask == Mask::Null => "null".to_string(),
            b"true" | b"false" => constant(&["true", "false"]).unwrap_or_else(|| "false".to_string()),
            _ => {
                let made = match mask {
                    Mask::Constant(text) => Decimal::parse(text),
                    _ => Decimal::parse(super::utf8(raw))
                        .and_then(|value| number::number(mask, value, Room::ANY, self.with)),
                };
                made.unwrap_or(Decimal::ZERO).to_string()
            }
        };
        self.out.extend_from_slice(made.as_bytes());
    }
}

/// What a JSON string with its quotes means.
fn unescape(raw: &[u8]) -> String {
    let inner = super::utf8(raw.get(1..raw.len().saturating_sub(1)).unwrap_or(b""));
    if !inner.contains('\\') {
        return inner.to_string();
    }
    let mut units: Vec<u16> = Vec::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        let c = if c == '\\' {
            chars.next().unwrap_or('\\')
        } else {
            units.extend(c.encode_utf16(&mut [0; 2]).iter());
            continue;
        };
        let c = match c {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'u' => {
                let digits: String = chars.by_ref().take(4).collect();
                units.push(u16::from_str_radix(&digits, 16).unwrap_or(0xfffd));
                continue;
            }
            c => c,
        };
        units.extend(c.encode_utf16(&mut [0; 2]).iter());
    }
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(json: &str, paths: &[(&str, Mask)]) -> Option<String> {
        let paths: Vec<_> = paths.iter().map(|(p, m)| (Path::parse(p).unwrap(), m.clone())).collect();
        let mut out = Vec::new();
        document(json.as_bytes(), &paths, Context::default(), &mut out)?;
        Some(String::from_utf8(out).unwrap())
    }

    #[test]
    fn only_what_paths_name_changes() {
        let json = r#"{"contact": {"email": "alice@x.org", "n": 1.50e3}, "items": [{"phone": "+49 170 5551234"}, 7], "big": 12345678901234567890.10}"#;
        assert_eq!(run(json, &[]).unwrap(), json);
        assert_eq!(run(json, &[("$.no.such[3].path", Mask::Null)]).unwrap(), json);
        assert_eq!(
            run(
                json,
                &[
                    ("$.contact.email", Mask::Email),
                    ("$.items[*].phone", Mask::Phone),
                    ("$.contact.n", Mask::Default)
                ]
            )
            .unwrap(),
            r#"{"contact": {"email": "a***@example.com", "n": 0}, "items": [{"phone": "+49 000 0000034"}, 7], "big": 12345678901234567890.10}"#
        );
        assert_eq!(
            run(json, &[("$.contact", Mask::Email), ("$.items", Mask::Email), ("$.big", Mask::Null)])
                .unwrap(),
            r#"{"contact": {}, "items": [], "big": null}"#
        );
    }

    #[test]
    fn lax_paths_meet_both_forms() {
        for (json, path) in [
            (r#"{"a":[{"b":"secret"}]}"#, "$.a.b"),
            (r#"{"a":{"b":"secret"}}"#, "$.a[*].b"),
            (r#"{"a":{"b":"secret"}}"#, "$.a[0].b"),
            (r#"[[{"a":"secret"}]]"#, "$.a"),
            (r#"{"x":[{"y":{"b":"secret"}}]}"#, "$.**.b"),
            (r#"{"b":"secret"}"#, "$.**.b"),
            (r#"{"x":"secret"}"#, "$.*"),
            (r#""secret""#, "$"),
            (r#"["x","secret"]"#, "$[1]"),
            (r#"{"\u0061":"secret"}"#, "$.a"),
            (r#"{"a\"b":"secret"}"#, "$.\"a\\\"b\""),
            (r#"{"a":1,"a":"secret"}"#, "$.a"),
        ] {
            let made = run(json, &[(path, Mask::Constant("\"\u{1}é\\".into()))]).unwrap();
            assert!(
                !made.contains("secret") && serde_json::from_str::<serde_json::Value>(&made).is_ok(),
                "{made}"
            );
        }
    }

    #[test]
    fn the_strictest_mask_of_a_place_wins() {
        let both = [("$.a", Mask::Email), ("$.**", Mask::Null)];
        assert_eq!(run(r#"{"a":"x@y.z"}"#, &both).unwrap(), "null");
        let both = [("$.*", Mask::Constant("c".into())), ("$.a", Mask::Email)];
        assert_eq!(
            run(r#"{"a":"x@y.z","b":true,"c":null,"d":5}"#, &both).unwrap(),
            r#"{"a":"c","b":false,"c":null,"d":0}"#
        );
    }

    #[test]
    fn what_is_no_json_gives_nothing() {
        for bad in [
            "",
            "{",
            "[1",
            "{\"a\"}",
            "{\"a\":}",
            "\"x",
            "\"x\\",
            "nul",
            "[1,]x",
            "{a:1}",
            "1 2",
            "'x'",
            "[1 2]",
            "\u{feff}1",
        ] {
            assert_eq!(run(bad, &[("$.a", Mask::Email)]), None, "{bad}");
        }
        assert_eq!(run(&"[".repeat(100_000), &[("$.a", Mask::Email)]), None);
        assert!(document(b"\"\xff\"", &[], Context::default(), &mut Vec::new()).is_none());
    }
}
