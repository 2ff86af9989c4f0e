//! Forms of an export: CSV as in RFC 4180, and lines of JSON.
use sha2::{Digest, Sha256};

/// One line of CSV. NULL is empty, the empty text is `""`, as PostgreSQL's COPY tells them apart.
#[must_use]
pub fn csv_line(fields: &[Option<String>]) -> String {
    let mut line = String::new();
    for (i, field) in fields.iter().enumerate() {
        if i > 0 {
            line.push(',');
        }
        let Some(field) = field else { continue };
        if field.is_empty() || field.contains(['"', ',', '\n', '\r']) || field == "\\." {
            line.push('"');
            line.push_str(&field.replace('"', "\"\""));
            line.push('"');
        } else {
            line.push_str(field);
        }
    }
    line
}

/// SHA-256 of lines, each with a line feed behind it: what `sha256sum` says of the file.
#[derive(Default)]
pub struct Digester(Sha256);

impl Digester {
    /// Takes in a line.
    pub fn line(&mut self, line: &str) {
        self.0.update(line.as_bytes());
        self.0.update(b"\n");
    }

    /// The hash in hexadecimal digits.
    #[must_use]
    pub fn finish(self) -> String {
        self.0.finalize().iter().map(|b| format!("{b:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_quotes_what_must_be_quoted() {
        let f = |s: &str| Some(s.to_string());
        assert_eq!(
            csv_line(&[f("a"), None, f(""), f("x,y"), f("say \"hi\""), f("two\nlines")]),
            "a,,\"\",\"x,y\",\"say \"\"hi\"\"\",\"two\nlines\""
        );
    }

    #[test]
    fn the_hash_is_that_of_the_file() {
        let mut d = Digester::default();
        d.line("abc");
        assert_eq!(d.finish(), "edeaaff3f1774ad2888673770c6d64097e391bc362d7d6fb34982ddf0efd18cb");
    }
}
