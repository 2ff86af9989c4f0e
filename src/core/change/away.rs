//! Wishes that take a name, a rule or a place away, and what harmlessly comes along with them.
use super::part::Part;

/// One of them. Names are as stored, not quoted, unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Away {
    /// ALTER TABLE … RENAME TO, for every kind of relation.
    Rename {
        /// The new name.
        new_name: String,
    },
    /// ALTER TABLE … SET SCHEMA, for every kind of relation.
    SetSchema {
        /// The new schema.
        new_schema: String,
    },
    /// ALTER TYPE … RENAME VALUE, of a type that the relation uses.
    RenameValue {
        /// The type, quoted.
        type_name: String,
        /// The value.
        value: String,
        /// Its new spelling.
        new_value: String,
    },
    /// ALTER TABLE … DETACH PARTITION.
    Detach {
        /// The partition, quoted.
        partition: String,
    },
    /// ALTER TABLE … DROP CONSTRAINT.
    DropConstraint {
        /// The constraint.
        constraint: String,
    },
    /// DROP POLICY.
    DropPolicy {
        /// The policy.
        policy: String,
    },
    /// DROP INDEX.
    DropIndex {
        /// The index, quoted.
        index: String,
    },
    /// ALTER TABLE … ALTER COLUMN … DROP NOT NULL.
    DropNotNull {
        /// The column.
        column: String,
    },
    /// ALTER TABLE … ALTER COLUMN … DROP DEFAULT.
    DropDefault {
        /// The column.
        column: String,
    },
    /// ALTER TABLE … ADD COLUMN beside something else: harmless by itself.
    AddColumn {
        /// The column.
        column: String,
        /// Its type and what else is said of it, in SQL.
        definition: String,
    },
    /// A DROP with CASCADE.
    Cascade(Box<Part>),
}

impl Away {
    /// Name of the form in `changes.kind`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Away::Rename { .. } => "rename",
            Away::SetSchema { .. } => "set_schema",
            Away::RenameValue { .. } => "rename_value",
            Away::Detach { .. } => "detach_partition",
            Away::DropConstraint { .. } => "drop_constraint",
            Away::DropPolicy { .. } => "drop_policy",
            Away::DropIndex { .. } => "drop_index",
            Away::DropNotNull { .. } => "drop_not_null",
            Away::DropDefault { .. } => "drop_default",
            Away::AddColumn { .. } => "add_column",
            Away::Cascade(part) => part.kind(),
        }
    }

    /// The part in one spelling: see [`Part::text`].
    #[must_use]
    pub fn text(&self, table: &str, quote: impl Fn(&str) -> String + Copy) -> String {
        match self {
            Away::Rename { new_name } => format!("ALTER TABLE {table} RENAME TO {}", quote(new_name)),
            Away::SetSchema { new_schema } => {
                format!("ALTER TABLE {table} SET SCHEMA {}", quote(new_schema))
            }
            Away::RenameValue { type_name, value, new_value } => {
                format!("ALTER TYPE {type_name} RENAME VALUE {} TO {}", literal(value), literal(new_value))
            }
            Away::Detach { partition } => format!("ALTER TABLE {table} DETACH PARTITION {partition}"),
            Away::DropConstraint { constraint } => {
                format!("ALTER TABLE {table} DROP CONSTRAINT {}", quote(constraint))
            }
            Away::DropPolicy { policy } => format!("DROP POLICY {} ON {table}", quote(policy)),
            Away::DropIndex { index } => format!("DROP INDEX {index}"),
            Away::DropNotNull { column } => {
                format!("ALTER TABLE {table} ALTER COLUMN {} DROP NOT NULL", quote(column))
            }
            Away::DropDefault { column } => {
                format!("ALTER TABLE {table} ALTER COLUMN {} DROP DEFAULT", quote(column))
            }
            Away::AddColumn { column, definition } => {
                format!("ALTER TABLE {table} ADD COLUMN {} {definition}", quote(column))
            }
            Away::Cascade(part) => format!("{} CASCADE", part.text(table, quote)),
        }
    }

    /// Columns it works on: see [`Part::columns`].
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        match self {
            Away::DropNotNull { column } | Away::DropDefault { column } | Away::AddColumn { column, .. } => {
                vec![column.clone()]
            }
            Away::Cascade(part) => part.columns(),
            _ => Vec::new(),
        }
    }

    /// Columns that have to be there.
    #[must_use]
    pub fn needs(&self) -> Vec<&str> {
        match self {
            Away::DropNotNull { column } | Away::DropDefault { column } => vec![column],
            Away::Cascade(part) => part.needs(),
            _ => Vec::new(),
        }
    }

    /// Whether it works on the relation as a whole. Who reads a value of a type cannot be told from who reads the type.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        match self {
            Away::Rename { .. } | Away::SetSchema { .. } | Away::RenameValue { .. } => true,
            Away::Cascade(part) => part.is_whole(),
            _ => false,
        }
    }
}

/// A string in SQL.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(name: &str) -> String {
        name.to_string()
    }

    #[test]
    fn one_spelling() {
        let text = |part: Away| part.text("s.t", plain);
        assert_eq!(text(Away::Rename { new_name: "u".into() }), "ALTER TABLE s.t RENAME TO u");
        assert_eq!(
            text(Away::RenameValue {
                type_name: "s.mood".into(),
                value: "it's".into(),
                new_value: "b".into()
            }),
            "ALTER TYPE s.mood RENAME VALUE 'it''s' TO 'b'"
        );
        let cascade = Away::Cascade(Box::new(Part::DropTable));
        assert_eq!(cascade.kind(), "drop_table");
        assert!(cascade.is_whole());
        assert_eq!(text(cascade), "DROP TABLE s.t CASCADE");
    }
}
