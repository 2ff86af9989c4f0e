//! Paths inside JSON documents: the part of SQL/JSON's path language that names places. Read as in its lax mode, so that a
//! path meets what it names whether or not an array stands between.
use std::fmt;

/// One step down.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// `.key` or `."odd key"`.
    Key(String),
    /// `.*`: any member of an object.
    AnyKey,
    /// `[0]`.
    Index(u32),
    /// `[*]`: any element of an array.
    AnyIndex,
    /// `.**`: any number of steps, also none.
    Deep,
}

/// A place, or many, in a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(Vec<Step>);

/// Longest path in steps; more could not be followed in a small set of states.
const STEPS: usize = 60;

impl Path {
    /// Its steps from the root.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Reads a path.
    ///
    /// # Errors
    /// What is wrong and at which character, as a sentence for DETAIL.
    pub fn parse(text: &str) -> Result<Path, String> {
        let mut reader = Reader { text, at: 0 };
        reader.expect("$", "A path begins with $")?;
        let mut steps = Vec::new();
        while reader.at < text.len() {
            steps.push(reader.step()?);
            if steps.len() > STEPS {
                return Err(reader.wrong(&format!("A path has at most {STEPS} steps")));
            }
        }
        Ok(Path(steps))
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn wrong(&self, what: &str) -> String {
        format!("{what}, at character {} of {:?}.", self.text[..self.at].chars().count() + 1, self.text)
    }

    fn accept(&mut self, token: &str) -> bool {
        let found = self.text[self.at..].starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    fn expect(&mut self, token: &str, what: &str) -> Result<(), String> {
        if self.accept(token) { Ok(()) } else { Err(self.wrong(what)) }
    }

    fn step(&mut self) -> Result<Step, String> {
        if self.accept("[") {
            let step = if self.accept("*") {
                Step::AnyIndex
            } else {
                let digits = self.text[self.at..].bytes().take_while(u8::is_ascii_digit).count();
                let index = self.text[self.at..self.at + digits].parse();
                let index = index.map_err(|_| self.wrong("In brackets stands a number or *"))?;
                self.at += digits;
                Step::Index(index)
            };
            self.expect("]", "A bracket is not closed")?;
            return Ok(step);
        }
        self.expect(".", "A step begins with . or [")?;
        if self.accept("**") {
            return Ok(Step::Deep);
        }
        if self.accept("*") {
            return Ok(Step::AnyKey);
        }
        if self.accept("\"") {
            return self.quoted();
        }
        let rest = &self.text[self.at..];
        let length =
            rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(rest.len());
        if length == 0 || rest.starts_with(|c: char| c.is_numeric()) {
            return Err(self.wrong("After the point stands a name, a quoted name, * or **"));
        }
        self.at += length;
        Ok(Step::Key(rest[..length].to_string()))
    }

    fn quoted(&mut self) -> Result<Step, String> {
        let mut key = String::new();
        let mut escaped = false;
        for (n, c) in self.text[self.at..].char_indices() {
            match c {
                _ if escaped && (c == '"' || c == '\\') => {
                    key.push(c);
                    escaped = false;
                }
                _ if escaped => return Err(self.wrong("In a quoted name only \\\" and \\\\ are escapes")),
                '\\' => escaped = true,
                '"' => {
                    self.at += n + 1;
                    return Ok(Step::Key(key));
                }
                c => key.push(c),
            }
        }
        Err(self.wrong("A quoted name does not end"))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        for step in &self.0 {
            match step {
                Step::AnyKey => f.write_str(".*")?,
                Step::AnyIndex => f.write_str("[*]")?,
                Step::Deep => f.write_str(".**")?,
                Step::Index(n) => write!(f, "[{n}]")?,
                Step::Key(key) => {
                    let plain = key.chars().all(|c| c.is_alphanumeric() || c == '_')
                        && key.starts_with(|c: char| !c.is_numeric());
                    match plain {
                        true => write!(f, ".{key}")?,
                        false => write!(f, ".\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""))?,
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_and_written() {
        for same in [
            "$",
            "$.contact.email",
            "$.\"odd key\"",
            "$.items[*].phone",
            "$.items[0]",
            "$.**.email",
            "$.*",
            "$.\"a\\\"b\\\\\"",
            "$.née",
        ] {
            assert_eq!(Path::parse(same).unwrap().to_string(), same);
        }
        assert_eq!(Path::parse("$.\"plain\"").unwrap().to_string(), "$.plain");
    }

    #[test]
    fn errors_name_the_place() {
        for (bad, place) in [
            ("", 1),
            ("a", 1),
            ("$a", 2),
            ("$.", 3),
            ("$.a..b", 5),
            ("$[x]", 3),
            ("$[99999999999]", 3),
            ("$[0", 4),
            ("$.\"a", 4),
            ("$.\"a\\n\"", 4),
            ("$.1", 3),
            ("$.é-x", 4),
            ("$ .a", 2),
            ("$.a ? (@ > 1)", 4),
        ] {
            let why = Path::parse(bad).unwrap_err();
            assert!(why.contains(&format!("at character {place} ")), "{bad}: {why}");
        }
        assert!(Path::parse(&format!("${}", ".a".repeat(61))).is_err());
    }
}
