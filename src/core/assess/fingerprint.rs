//! Fingerprints of findings, as people paste them.

/// Digits of a fingerprint: 64 bits of a hash that SQL computes over check, object and salient facts.
const DIGITS: usize = 16;

/// A fingerprint as it is stored, whatever its case and the spaces around it; None when the text is none.
#[must_use]
pub fn parse(text: &str) -> Option<String> {
    let text = text.trim();
    (text.len() == DIGITS && text.bytes().all(|b| b.is_ascii_hexdigit())).then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn pasted_text_is_tidied_and_anything_else_refused() {
        assert_eq!(parse(" 0123456789ABCDEF\n").as_deref(), Some("0123456789abcdef"));
        for bad in ["", "0123456789abcde", "0123456789abcdef0", "0123456789abcdeg", "0123456789abcdé"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
