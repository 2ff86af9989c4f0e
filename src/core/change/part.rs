//! What one DDL statement wishes, part by part.
use super::addition::{NewColumn, NewConstraint, NewIndex};
use super::away::Away;

/// One sub-command of a statement, or the statement itself. Names are as stored, not quoted, unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// ALTER TABLE … DROP COLUMN.
    DropColumn {
        /// The column.
        column: String,
    },
    /// ALTER TABLE … RENAME COLUMN.
    RenameColumn {
        /// The column.
        column: String,
        /// Its new name.
        new_name: String,
    },
    /// DROP TABLE.
    DropTable,
    /// DROP VIEW and DROP MATERIALIZED VIEW.
    DropView {
        /// A materialized one.
        materialized: bool,
    },
    /// CREATE INDEX.
    CreateIndex(NewIndex),
    /// ALTER TABLE … ALTER COLUMN … SET NOT NULL.
    SetNotNull {
        /// The column.
        column: String,
    },
    /// ALTER TABLE … ADD CONSTRAINT.
    AddConstraint(NewConstraint),
    /// ALTER TABLE … ADD COLUMN.
    AddColumn(NewColumn),
    /// A name, a rule or a place that goes.
    Away(Away),
}

impl Part {
    /// Name of the form in `changes.kind`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Part::DropColumn { .. } => "drop_column",
            Part::RenameColumn { .. } => "rename_column",
            Part::DropTable => "drop_table",
            Part::DropView { .. } => "drop_view",
            Part::CreateIndex(_) => "create_index",
            Part::SetNotNull { .. } => "set_not_null",
            Part::AddConstraint(new) => new.demand.kind(),
            Part::AddColumn(_) => "add_column",
            Part::Away(away) => away.kind(),
        }
    }

    /// The part in one spelling, so that the same wish is the same text. `table` is quoted; `quote` quotes an identifier.
    #[must_use]
    pub fn text(&self, table: &str, quote: impl Fn(&str) -> String + Copy) -> String {
        match self {
            Part::DropColumn { column } => format!("ALTER TABLE {table} DROP COLUMN {}", quote(column)),
            Part::RenameColumn { column, new_name } => {
                format!("ALTER TABLE {table} RENAME COLUMN {} TO {}", quote(column), quote(new_name))
            }
            Part::DropTable => format!("DROP TABLE {table}"),
            Part::DropView { materialized: false } => format!("DROP VIEW {table}"),
            Part::DropView { materialized: true } => format!("DROP MATERIALIZED VIEW {table}"),
            Part::CreateIndex(new) => new.text(table, quote),
            Part::SetNotNull { column } => {
                format!("ALTER TABLE {table} ALTER COLUMN {} SET NOT NULL", quote(column))
            }
            Part::AddConstraint(new) => format!("ALTER TABLE {table} ADD {}", new.text(quote)),
            Part::AddColumn(new) => format!("ALTER TABLE {table} {}", new.text(quote)),
            Part::Away(away) => away.text(table, quote),
        }
    }

    /// Columns it takes away, renames or makes: two changes must not work on the same.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        match self {
            Part::DropColumn { column } => vec![column.clone()],
            Part::RenameColumn { column, new_name } => vec![column.clone(), new_name.clone()],
            Part::SetNotNull { column } => vec![column.clone()],
            Part::CreateIndex(NewIndex { columns, .. })
            | Part::AddConstraint(NewConstraint { columns, .. }) => columns.clone(),
            Part::AddColumn(new) => vec![new.name.clone()],
            Part::DropTable | Part::DropView { .. } => Vec::new(),
            Part::Away(away) => away.columns(),
        }
    }

    /// Columns that have to be there.
    #[must_use]
    pub fn needs(&self) -> Vec<&str> {
        match self {
            Part::DropColumn { column } | Part::RenameColumn { column, .. } | Part::SetNotNull { column } => {
                vec![column]
            }
            Part::CreateIndex(NewIndex { columns, .. })
            | Part::AddConstraint(NewConstraint { columns, .. }) => {
                columns.iter().map(String::as_str).collect()
            }
            Part::DropTable | Part::DropView { .. } | Part::AddColumn(_) => Vec::new(),
            Part::Away(away) => away.needs(),
        }
    }

    /// Whether it can be told how to make new values from old ones, or old ones from new.
    #[must_use]
    pub fn takes_expressions(&self) -> bool {
        matches!(self, Part::SetNotNull { .. } | Part::AddColumn(_))
    }

    /// Whether it works on the relation as a whole.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        match self {
            Part::DropTable | Part::DropView { .. } => true,
            Part::Away(away) => away.is_whole(),
            _ => false,
        }
    }
}

/// A statement in one spelling: the sub-commands of an ALTER TABLE one after the other.
#[must_use]
pub fn text(parts: &[Part], table: &str, quote: impl Fn(&str) -> String + Copy) -> String {
    let prefix = format!("ALTER TABLE {table} ");
    let mut texts = parts.iter().map(|p| p.text(table, quote));
    let first = texts.next().unwrap_or_default();
    texts.fold(first, |all, next| format!("{all}, {}", next.strip_prefix(&prefix).unwrap_or(&next)))
}

/// The form in one word: that of the only part, or `several`.
#[must_use]
pub fn kind(parts: &[Part]) -> &'static str {
    match parts {
        [part] => part.kind(),
        _ => "several",
    }
}

/// The DDL forms a change can plan, for messages.
pub const FORMS: &str = "ALTER TABLE … DROP COLUMN, RENAME COLUMN, RENAME TO, SET SCHEMA, ADD COLUMN, ADD CONSTRAINT, SET NOT NULL, DROP CONSTRAINT, DROP NOT NULL, DROP DEFAULT, DETACH PARTITION, DROP TABLE, DROP VIEW, DROP INDEX, DROP POLICY, CREATE INDEX, ALTER TYPE … RENAME VALUE";

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(name: &str) -> String {
        name.to_string()
    }

    #[test]
    fn sub_commands_make_one_statement() {
        let drop = |c: &str| Part::DropColumn { column: c.into() };
        assert_eq!(
            text(&[drop("a"), drop("b")], "s.t", plain),
            "ALTER TABLE s.t DROP COLUMN a, DROP COLUMN b"
        );
        assert_eq!(kind(&[drop("a"), drop("b")]), "several");
        assert_eq!(text(&[Part::DropTable], "s.t", plain), "DROP TABLE s.t");
    }
}
