//! What a wish adds to a table. Texts are deparsed, so that the same wish is the same text; names are as stored.

/// An index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewIndex {
    /// Its name, None where the server chooses one.
    pub name: Option<String>,
    /// UNIQUE.
    pub unique: bool,
    /// What stands behind the table: method, elements and options.
    pub definition: String,
    /// Key columns by name, `expr` for expressions.
    pub keys: Vec<String>,
    /// All columns it uses.
    pub columns: Vec<String>,
}

impl NewIndex {
    /// The statement.
    #[must_use]
    pub fn text(&self, table: &str, quote: impl Fn(&str) -> String) -> String {
        let unique = if self.unique { "UNIQUE " } else { "" };
        let name = self.name.as_deref().map(|n| format!("{} ", quote(n))).unwrap_or_default();
        format!("CREATE {unique}INDEX {name}ON {table} {}", self.definition)
    }
}

/// What a constraint demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// CHECK.
    Check,
    /// FOREIGN KEY.
    ForeignKey,
    /// UNIQUE.
    Unique,
    /// PRIMARY KEY.
    PrimaryKey,
}

impl Demand {
    /// As a word of `changes.kind`, and in names.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Demand::Check => "add_check",
            Demand::ForeignKey => "add_foreign_key",
            Demand::Unique => "add_unique",
            Demand::PrimaryKey => "add_primary_key",
        }
    }

    /// How the server ends the names it chooses.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Demand::Check => "check",
            Demand::ForeignKey => "fkey",
            Demand::Unique => "key",
            Demand::PrimaryKey => "pkey",
        }
    }
}

/// A constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewConstraint {
    /// Its name, None where the server chooses one.
    pub name: Option<String>,
    /// What it demands.
    pub demand: Demand,
    /// The constraint itself, with all its options.
    pub definition: String,
    /// For UNIQUE and PRIMARY KEY what stands behind the table in CREATE UNIQUE INDEX.
    pub index: String,
    /// How it may be deferred, with a leading space.
    pub deferrable: String,
    /// Columns it is about.
    pub columns: Vec<String>,
}

impl NewConstraint {
    /// As in ADD COLUMN and ADD CONSTRAINT.
    #[must_use]
    pub fn text(&self, quote: impl Fn(&str) -> String) -> String {
        let name = self.name.as_deref().map(|n| format!("CONSTRAINT {} ", quote(n))).unwrap_or_default();
        format!("{name}{}", self.definition)
    }
}

/// Where the values of a column come from where none is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nowhere.
    Nothing,
    /// A default that is the same for all rows of a statement.
    Stable(String),
    /// A default that differs from row to row.
    Volatile {
        /// The expression.
        expression: String,
        /// Whether it calls functions that users wrote.
        runs_users_code: bool,
    },
    /// A sequence of its own: serial.
    Serial,
    /// A sequence of its own: identity.
    Identity {
        /// ALWAYS, not BY DEFAULT.
        always: bool,
        /// Options of the sequence, in parentheses.
        options: String,
    },
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewColumn {
    /// Its name.
    pub name: String,
    /// Its type, with modifier.
    pub type_name: String,
    /// Collation to name, quoted, with a leading COLLATE and space.
    pub collation: String,
    /// Where its values come from.
    pub source: Source,
    /// NOT NULL.
    pub not_null: bool,
    /// Constraints written with it.
    pub constraints: Vec<NewConstraint>,
}

impl NewColumn {
    /// As in ADD COLUMN.
    #[must_use]
    pub fn text(&self, quote: impl Fn(&str) -> String + Copy) -> String {
        let source = match &self.source {
            Source::Nothing => String::new(),
            Source::Stable(expression) | Source::Volatile { expression, .. } => {
                format!(" DEFAULT {expression}")
            }
            Source::Serial => " SERIAL".to_string(),
            Source::Identity { always, options } => format!(" {}", identity(*always, options)),
        };
        let not_null = if self.not_null { " NOT NULL" } else { "" };
        let constraints: String = self.constraints.iter().map(|c| format!(" {}", c.text(quote))).collect();
        let (name, of_type) = (quote(&self.name), &self.type_name);
        format!("ADD COLUMN {name} {of_type}{}{source}{not_null}{constraints}", self.collation)
    }
}

/// GENERATED … AS IDENTITY.
#[must_use]
pub fn identity(always: bool, options: &str) -> String {
    format!("GENERATED {} AS IDENTITY{options}", if always { "ALWAYS" } else { "BY DEFAULT" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling() {
        let quote = |name: &str| name.to_string();
        let index = NewIndex {
            name: Some("i".into()),
            unique: true,
            definition: "USING btree (a)".into(),
            keys: vec!["a".into()],
            columns: vec!["a".into()],
        };
        assert_eq!(index.text("s.t", quote), "CREATE UNIQUE INDEX i ON s.t USING btree (a)");
        let check = NewConstraint {
            name: None,
            demand: Demand::Check,
            definition: "CHECK ((c > 0))".into(),
            index: String::new(),
            deferrable: String::new(),
            columns: vec!["c".into()],
        };
        let column = NewColumn {
            name: "c".into(),
            type_name: "integer".into(),
            collation: String::new(),
            source: Source::Identity { always: true, options: String::new() },
            not_null: true,
            constraints: vec![check],
        };
        assert_eq!(
            column.text(quote),
            "ADD COLUMN c integer GENERATED ALWAYS AS IDENTITY NOT NULL CHECK ((c > 0))"
        );
    }
}
