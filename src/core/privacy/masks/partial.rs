//! Both ends stay.
use unicode_segmentation::UnicodeSegmentation;

/// Keeps characters, as people see them, at both ends where at least as many stay hidden.
pub fn partial(value: &[u8], left: usize, right: usize, pad: &[u8], out: &mut Vec<u8>) {
    let kept = left.saturating_add(right);
    let ends = if kept == 0 || value.len() / 2 < kept {
        None
    } else if value.is_ascii() {
        Some((left, value.len() - right))
    } else {
        ends(super::utf8(value), left, right)
    };
    match ends {
        Some((start, end)) => {
            out.extend_from_slice(&value[..start]);
            out.extend_from_slice(pad);
            out.extend_from_slice(&value[end..]);
        }
        None => out.extend_from_slice(pad),
    }
}

fn ends(text: &str, left: usize, right: usize) -> Option<(usize, usize)> {
    let length = text.graphemes(true).count();
    if length / 2 < left + right {
        return None;
    }
    let at = |n: usize| text.grapheme_indices(true).nth(n).map_or(text.len(), |(i, _)| i);
    Some((at(left), at(length - right)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_shows_half() {
        let p = |s: &str, l, r| {
            let mut out = Vec::new();
            partial(s.as_bytes(), l, r, b"***", &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(p("Alice", 1, 0), "A***");
        assert_eq!(p("Al", 1, 0), "A***");
        assert_eq!(p("A", 1, 0), "***");
        assert_eq!(p("", 1, 0), "***");
        assert_eq!(p("Émile", 1, 1), "É***e");
        assert_eq!(p("E\u{301}mile", 1, 1), "E\u{301}***e");
        assert_eq!(p("👨‍👩‍👧", 1, 0), "***");
        assert_eq!(p("👨‍👩‍👧 x", 1, 0), "👨‍👩‍👧***");
        assert_eq!(p("4111111111111111", 0, 4), "***1111");
        assert_eq!(p("1234567", 0, 4), "***");
        assert_eq!(p("whatever", usize::MAX, usize::MAX), "***");
        let mut out = Vec::new();
        partial(&[0xff, 0xfe, 0xfd, 0xfc], 1, 0, b"#", &mut out);
        assert_eq!(out, b"#");
    }
}
