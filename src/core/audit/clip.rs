//! Statements in the log: whole, unless they are very long.

/// Longest statement kept, in bytes: a bulk INSERT may carry megabytes of literals that the rows show anyway.
pub const STATEMENT_MAX: usize = 64 * 1024;

/// The statement, or its beginning with a note of how long it was.
#[must_use]
pub fn statement(text: &str) -> String {
    within(text, STATEMENT_MAX)
}

/// Commands that may carry a password, in lower case.
const WITH_PASSWORDS: [&str; 6] =
    ["user mapping", "subscription", "create role", "alter role", "create user", "alter user"];

/// The same for a bound of so many bytes. A text that may hold a password of the server's is not kept at all.
#[must_use]
pub fn within(text: &str, max: usize) -> String {
    if text.as_bytes().windows(8).any(|word| word.eq_ignore_ascii_case(b"password")) {
        let lower = text.to_lowercase();
        let words = lower.split_whitespace().collect::<Vec<_>>().join(" ");
        if WITH_PASSWORDS.iter().any(|command| words.contains(command)) {
            return format!("(not kept, since it may hold a password: {} bytes)", text.len());
        }
    }
    if text.len() <= max {
        return text.to_string();
    }
    let mut end = max;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{} … ({} bytes in all)", &text[..end], text.len())
}

#[cfg(test)]
mod tests {
    use super::{STATEMENT_MAX, statement};

    #[test]
    fn passwords_are_not_kept() {
        for text in [
            "CREATE USER\n MAPPING FOR a SERVER s OPTIONS (password 'x')",
            "SELECT 1; alter role a PASSWORD 'x'",
            "CREATE SUBSCRIPTION s CONNECTION 'password=x' PUBLICATION p",
        ] {
            assert!(statement(text).starts_with("(not kept"), "{text}");
        }
        let plain = "ALTER TABLE account DROP COLUMN password";
        assert_eq!(statement(plain), plain);
    }

    #[test]
    fn short_ones_are_kept_and_long_ones_cut_between_characters() {
        assert_eq!(statement("SELECT 1"), "SELECT 1");
        let exact = "x".repeat(STATEMENT_MAX);
        assert_eq!(statement(&exact), exact);
        let long = "ä".repeat(STATEMENT_MAX);
        let cut = statement(&long);
        assert!(cut.ends_with(&format!("({} bytes in all)", long.len())));
        assert!(cut.starts_with("ää"));
        assert_eq!(statement(&format!("x{long}")).chars().nth(1), Some('ä'));
    }
}
