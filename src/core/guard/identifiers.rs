//! Names in a text of SQL, without reading what it says.

/// Everything in a text that may be a name: words in lower case, and what stands in double quotes as it is. Words of SQL and of
/// literals are among them.
pub fn of(text: &str) -> impl Iterator<Item = String> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find(|c: char| c == '"' || is_part(c))?;
            rest = &rest[start..];
            if let Some(quoted) = rest.strip_prefix('"') {
                let (name, after) = in_quotes(quoted);
                rest = after;
                if !name.is_empty() {
                    return Some(name);
                }
                continue;
            }
            let end = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            rest = after;
            return Some(word.to_lowercase());
        }
    })
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// A name whose opening quote is read, and what comes after it. Two quotes stand for one.
fn in_quotes(text: &str) -> (String, &str) {
    let mut name = String::new();
    let mut rest = text;
    loop {
        let Some((before, after)) = rest.split_once('"') else { return (name + rest, "") };
        name.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                name.push('"');
                rest = more;
            }
            None => return (name, after),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn words_and_quotes() {
        let all: Vec<String> = of(r#"DROP Table g."Order Items", "a""b"; 'x' é_1 "open"#).collect();
        assert_eq!(all, ["drop", "table", "g", "Order Items", "a\"b", "x", "é_1", "open"]);
        assert_eq!(of("").count() + of(r#" "" ;"#).count(), 0);
    }
}
