//! Features and scopes: dotted paths, and where a level applies.

/// Where a level applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The whole database.
    Database,
    /// All relations of a schema.
    Schema(String),
    /// All datasets of a class.
    Class(String),
    /// One relation, as schema and name.
    Dataset(String, String),
}

/// The classes a dataset can have.
pub const CLASSES: [&str; 4] = ["master", "reference", "transactional", "analytical"];

impl Scope {
    /// Parses `schema:sales`, `class:master`, `dataset:sales.orders`; empty is the database. Identifiers follow SQL's
    /// rules: folded to lower case unless in double quotes.
    ///
    /// # Errors
    /// What is wrong, as a sentence for DETAIL.
    pub fn parse(text: &str) -> Result<Scope, String> {
        if text.is_empty() {
            return Ok(Scope::Database);
        }
        let Some((kind, rest)) = text.split_once(':') else {
            return Err(
                "A scope is schema:name, class:name or dataset:schema.name; NULL is the database.".into()
            );
        };
        let parts = split_identifiers(rest)?;
        match (kind, parts.as_slice()) {
            ("schema", [schema]) => Ok(Scope::Schema(schema.clone())),
            ("class", [class]) if CLASSES.contains(&class.as_str()) => Ok(Scope::Class(class.clone())),
            ("class", _) => Err(format!("Classes: {}.", CLASSES.join(", "))),
            ("dataset", [schema, relation]) => Ok(Scope::Dataset(schema.clone(), relation.clone())),
            ("dataset", _) => Err("A dataset is named with its schema: dataset:sales.orders.".into()),
            _ => {
                Err("A scope is schema:name, class:name or dataset:schema.name; NULL is the database.".into())
            }
        }
    }

    /// Whether a relation lies within the scope.
    #[must_use]
    pub fn covers(&self, schema: &str, relation: &str, class: Option<&str>) -> bool {
        match self {
            Scope::Database => true,
            Scope::Schema(s) => s == schema,
            Scope::Class(c) => class == Some(c.as_str()),
            Scope::Dataset(s, r) => s == schema && r == relation,
        }
    }

    /// Narrower scopes rank higher.
    #[must_use]
    pub fn rank(&self) -> u8 {
        match self {
            Scope::Database => 0,
            Scope::Schema(_) => 1,
            Scope::Class(_) => 2,
            Scope::Dataset(..) => 3,
        }
    }
}

/// Splits a dotted SQL identifier: `sales."Odd.Name"` gives `sales` and `Odd.Name`.
///
/// # Errors
/// What is wrong, as a sentence for DETAIL.
pub fn split_identifiers(text: &str) -> Result<Vec<String>, String> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    loop {
        if let Some(tail) = rest.strip_prefix('"') {
            let mut name = String::new();
            let mut tail = tail;
            loop {
                let Some(end) = tail.find('"') else {
                    return Err(format!("A quote in {text} is not closed."));
                };
                name.push_str(&tail[..end]);
                tail = &tail[end + 1..];
                let Some(more) = tail.strip_prefix('"') else { break };
                name.push('"');
                tail = more;
            }
            parts.push(name);
            rest = tail;
        } else {
            let end = rest.find(['.', '"']).unwrap_or(rest.len());
            parts.push(rest[..end].trim().to_lowercase());
            rest = &rest[end..];
        }
        if parts.last().is_none_or(String::is_empty) {
            return Err(format!("A name in \"{text}\" is empty."));
        }
        rest = rest.trim_start();
        match rest.strip_prefix('.') {
            Some(tail) => rest = tail.trim_start(),
            None if rest.is_empty() => return Ok(parts),
            None => return Err(format!("\"{text}\" is not a dotted name.")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_parse() {
        assert_eq!(Scope::parse(""), Ok(Scope::Database));
        assert_eq!(Scope::parse("schema:Sales"), Ok(Scope::Schema("sales".into())));
        assert_eq!(
            Scope::parse("dataset:sales.\"Odd.\"\"N\""),
            Ok(Scope::Dataset("sales".into(), "Odd.\"N".into()))
        );
        for bad in ["sales", "class:gold", "dataset:orders", "table:a.b", "dataset:a.", "dataset:\"a.b"] {
            assert!(Scope::parse(bad).is_err(), "{bad}");
        }
    }
}
