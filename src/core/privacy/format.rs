//! Forms of an export: CSV as in RFC 4180, lines of JSON, and the text that COPY FROM reads. Lines are bytes: the
//! encoding is the database's, and in every one of those what is special here is one byte.
use sha2::{Digest, Sha256};

/// How an export is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180, with a header.
    Csv,
    /// One JSON object per row.
    Jsonl,
    /// PostgreSQL's own: tabs, `\N` for NULL, escapes.
    Copy,
}

impl Format {
    /// The names there are.
    pub const NAMES: [&str; 3] = ["csv", "jsonl", "copy"];

    /// A format by name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "csv" => Format::Csv,
            "jsonl" => Format::Jsonl,
            "copy" => Format::Copy,
            _ => return None,
        })
    }
}

/// Adds one field of CSV to a line; `first` where nothing stands before it. NULL is empty, the empty text is `""`, as
/// PostgreSQL's COPY tells them apart.
pub fn csv_field(field: Option<&[u8]>, first: bool, line: &mut Vec<u8>) {
    if !first {
        line.push(b',');
    }
    let Some(field) = field else { return };
    let quoted =
        field.is_empty() || field == b"\\." || field.iter().any(|c| matches!(c, b'"' | b',' | b'\n' | b'\r'));
    if !quoted {
        return line.extend_from_slice(field);
    }
    line.push(b'"');
    for c in field {
        if *c == b'"' {
            line.push(b'"');
        }
        line.push(*c);
    }
    line.push(b'"');
}

/// Adds one field of COPY's text format to a line.
pub fn copy_field(field: Option<&[u8]>, first: bool, line: &mut Vec<u8>) {
    if !first {
        line.push(b'\t');
    }
    let Some(field) = field else { return line.extend_from_slice(b"\\N") };
    for c in field {
        let escaped = match c {
            b'\\' => b'\\',
            b'\x08' => b'b',
            b'\x0c' => b'f',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            b'\x0b' => b'v',
            plain => {
                line.push(*plain);
                continue;
            }
        };
        line.extend_from_slice(&[b'\\', escaped]);
    }
}

/// SHA-256 of bytes that come one after the other.
#[derive(Clone, Default)]
pub struct Bytes(Sha256);

impl Bytes {
    /// Takes in more.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash in hexadecimal digits.
    #[must_use]
    pub fn hash(&self) -> String {
        hex(&self.0.clone().finalize())
    }
}

/// SHA-256 of lines, each with a line feed behind it: what `sha256sum` says of the file.
#[derive(Clone, Default)]
pub struct Digester {
    hash: Bytes,
    bytes: u64,
}

impl Digester {
    /// Takes in a line.
    pub fn line(&mut self, line: &[u8]) {
        self.hash.add(line);
        self.hash.add(b"\n");
        self.bytes += line.len() as u64 + 1;
    }

    /// How long the file is.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The hash in hexadecimal digits.
    #[must_use]
    pub fn finish(&self) -> String {
        self.hash.hash()
    }
}

/// SHA-256 in hexadecimal digits.
#[must_use]
pub fn sha256(content: &[u8]) -> String {
    hex(&Sha256::digest(content))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(write: fn(Option<&[u8]>, bool, &mut Vec<u8>), fields: &[Option<&str>]) -> String {
        let mut out = Vec::new();
        for (i, f) in fields.iter().enumerate() {
            write(f.map(str::as_bytes), i == 0, &mut out);
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn csv_quotes_what_must_be_quoted() {
        assert_eq!(
            line(
                csv_field,
                &[Some("a"), None, Some(""), Some("x,y"), Some("say \"hi\""), Some("two\nlines")]
            ),
            "a,,\"\",\"x,y\",\"say \"\"hi\"\"\",\"two\nlines\""
        );
        assert_eq!(line(csv_field, &[Some("\\.")]), "\"\\.\"");
    }

    #[test]
    fn copy_escapes_what_copy_from_would_read_otherwise() {
        assert_eq!(
            line(
                copy_field,
                &[Some("a\tb"), None, Some(""), Some("c:\\N"), Some("two\nlines\r"), Some("\\.")]
            ),
            "a\\tb\t\\N\t\tc:\\\\N\ttwo\\nlines\\r\t\\\\."
        );
    }

    #[test]
    fn the_hash_is_that_of_the_file() {
        let mut d = Digester::default();
        d.line(b"abc");
        assert_eq!(d.finish(), "edeaaff3f1774ad2888673770c6d64097e391bc362d7d6fb34982ddf0efd18cb");
        assert_eq!(d.finish(), sha256(b"abc\n"));
        assert_eq!(d.bytes(), 4);
    }
}
