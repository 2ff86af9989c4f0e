//! The syntax of `session_preload_libraries`: names separated by commas, perhaps in double quotes, perhaps with a path.

/// Name of our library.
pub const LIBRARY: &str = "data_governance";

/// The entries of a library list, without quotes.
#[must_use]
pub fn split(list: &str) -> Vec<String> {
    let mut entries = Vec::new();
    let mut entry = String::new();
    let mut quoted = false;
    let mut chars = list.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                entry.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => entries.push(std::mem::take(&mut entry)),
            c if c.is_whitespace() && !quoted && entry.is_empty() => {}
            c => entry.push(c),
        }
    }
    entries.push(entry);
    entries.into_iter().map(|e| e.trim_end().to_string()).filter(|e| !e.is_empty()).collect()
}

/// Whether an entry is our library: by name, with `$libdir/`, a path, or the suffix `.so`.
#[must_use]
pub fn is_us(entry: &str) -> bool {
    let file = entry.rsplit('/').next().unwrap_or(entry);
    file.strip_suffix(".so").unwrap_or(file) == LIBRARY
}

/// Whether a list names our library.
#[must_use]
pub fn contains(list: &str) -> bool {
    split(list).iter().any(|e| is_us(e))
}

/// A list as one setting value: entries that need it in double quotes.
#[must_use]
pub fn join(entries: &[String]) -> String {
    let quote = |e: &String| {
        if e.chars().all(|c| c.is_ascii_alphanumeric() || "_$/.-".contains(c)) {
            e.clone()
        } else {
            format!("\"{}\"", e.replace('"', "\"\""))
        }
    };
    entries.iter().map(quote).collect::<Vec<_>>().join(", ")
}

/// The list with our library at its end; the same list when it is there already.
#[must_use]
pub fn with_us(list: &str) -> Vec<String> {
    let mut entries = split(list);
    if !entries.iter().any(|e| is_us(e)) {
        entries.push(LIBRARY.to_string());
    }
    entries
}

/// The list without our library.
#[must_use]
pub fn without_us(list: &str) -> Vec<String> {
    split(list).into_iter().filter(|e| !is_us(e)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_itself_however_it_is_written() {
        for list in [
            "data_governance",
            "auto_explain, data_governance",
            "\"$libdir/data_governance\"",
            "/x/data_governance.so",
        ] {
            assert!(contains(list), "{list}");
        }
        for list in ["", "data_governance_x", "auto_explain", "\"a,data_governance\""] {
            assert!(!contains(list), "{list}");
        }
    }

    #[test]
    fn merging_keeps_what_is_there_and_is_idempotent() {
        let merged = with_us("auto_explain,  pg_stat_statements");
        assert_eq!(merged, ["auto_explain", "pg_stat_statements", "data_governance"]);
        assert_eq!(with_us(&join(&merged)), merged);
        assert_eq!(without_us(&join(&merged)), ["auto_explain", "pg_stat_statements"]);
    }

    #[test]
    fn quoted_entries_survive() {
        let merged = with_us("\"odd, name\"");
        assert_eq!(merged, ["odd, name", "data_governance"]);
        assert_eq!(split(&join(&merged)), merged);
    }
}
