//! Names of persons.
use super::utf8;
use unicode_segmentation::UnicodeSegmentation;

/// Words that are shown at most.
const WORDS: usize = 4;

/// Initials; of a word of one or two letters, a star.
pub fn initials(value: &[u8], out: &mut Vec<u8>) {
    for (n, word) in
        utf8(value).split([' ', ',', '\t', '\n']).filter(|w| !w.is_empty()).take(WORDS).enumerate()
    {
        if n > 0 {
            out.push(b' ');
        }
        let long = word.graphemes(true).take(3).count() == 3;
        match word.graphemes(true).next().filter(|g| long && g.starts_with(char::is_alphabetic)) {
            Some(first) => out.extend_from_slice(first.as_bytes()),
            None => out.push(b'*'),
        }
        out.push(b'.');
    }
    if out.is_empty() {
        out.extend_from_slice(b"*.");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_of_long_words() {
        let i = |s: &str| {
            let mut out = Vec::new();
            initials(s.as_bytes(), &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(i("Alice B. Émile"), "A. *. É.");
        assert_eq!(i("Li"), "*.");
        assert_eq!(i("  "), "*.");
        assert_eq!(i("123 456"), "*. *.");
        assert_eq!(i("Ana Bel Cid Dom Eva"), "A. B. C. D.");
    }
}
