//! Expressions that make the columns of one shape from those of the other, with the columns as `$1`, `$2`, …: they go by
//! other names before and after contraction.

/// The text with what stands for each column; `$1` is column 0. Literals and quoted names are left alone.
#[must_use]
pub fn fill(text: &str, column: impl Fn(usize) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.char_indices().peekable();
    let mut quote = None;
    let mut escapes = false;
    let mut before = ' ';
    while let Some((_, c)) = rest.next() {
        match quote {
            Some(q) => {
                out.push(c);
                if c == '\\' && escapes {
                    out.extend(rest.next().map(|(_, c)| c));
                } else if c == q {
                    // A doubled quote ends a literal and begins the next.
                    quote = None;
                }
            }
            None if c == '\'' || c == '"' => {
                // A literal that goes on after a doubled quote escapes as before.
                escapes = c == '\'' && (matches!(before, 'E' | 'e') || escapes && before == '\'');
                quote = Some(c);
                out.push(c);
            }
            None if c == '$' => {
                let mut digits = String::new();
                while let Some((_, d)) = rest.next_if(|(_, d)| d.is_ascii_digit()) {
                    digits.push(d);
                }
                match digits.parse::<usize>() {
                    Ok(n) if n > 0 && !is_word(before) => out.push_str(&column(n - 1)),
                    _ => {
                        out.push('$');
                        out.push_str(&digits);
                    }
                }
            }
            None => out.push(c),
        }
        before = c;
    }
    out
}

/// Whether a dollar sign after it belongs to a name.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}

/// Whether an expression is the column alone, or its cast to the type named.
#[must_use]
pub fn is_cast_to(text: &str, type_name: &str) -> bool {
    text == "$1" || text == format!("($1)::{type_name}")
}

/// The time zone of an expression that moves a timestamp to or from it, as a literal.
#[must_use]
pub fn zone(text: &str) -> Option<&str> {
    let literal = text.strip_prefix("($1 AT TIME ZONE ")?.strip_suffix("::text)")?;
    let inner = literal.strip_prefix('\'')?.strip_suffix('\'')?;
    (!inner.contains('\'')).then_some(literal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_filled_in() {
        let name = |n: usize| ["a", "\"b c\""][n].to_string();
        assert_eq!(fill("($1 || ' $2 ''$1'' ') || $2", name), "(a || ' $2 ''$1'' ') || \"b c\"");
        assert_eq!(fill("E'\\'$1' || $1", name), "E'\\'$1' || a");
        assert_eq!(fill("\"x$1\".f($1, x$2)", name), "\"x$1\".f(a, x$2)");
    }

    #[test]
    fn casts_are_known() {
        assert!(is_cast_to("$1", "bigint") && is_cast_to("($1)::bigint", "bigint"));
        assert!(!is_cast_to("(($1)::text)::bigint", "bigint"));
    }

    #[test]
    fn zones_are_read() {
        assert_eq!(zone("($1 AT TIME ZONE 'UTC'::text)"), Some("'UTC'"));
        assert_eq!(zone("$1"), None);
    }
}
