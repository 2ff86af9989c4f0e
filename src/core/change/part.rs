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
    /// ALTER TABLE … ALTER COLUMN … TYPE.
    SetType(Retype),
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

/// A column that gets another type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retype {
    /// The column.
    pub column: String,
    /// The type, with modifier.
    pub type_name: String,
    /// Collation to name, quoted, with a leading COLLATE and space.
    pub collation: String,
    /// USING in one spelling, or why it cannot be analysed.
    pub using: Option<Result<String, String>>,
    /// Whether the statement does nothing to a column that has the type already.
    pub is_plain: bool,
}

impl Part {
    /// Name of the form in `changes.kind`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Part::DropColumn { .. } => "drop_column",
            Part::RenameColumn { .. } => "rename_column",
            Part::SetType(_) => "set_type",
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
            Part::SetType(r) => {
                let using = match &r.using {
                    Some(Ok(using)) => format!(" USING {using}"),
                    _ => String::new(),
                };
                let (column, of_type) = (quote(&r.column), &r.type_name);
                format!("ALTER TABLE {table} ALTER COLUMN {column} TYPE {of_type}{}{using}", r.collation)
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
            Part::SetType(r) => vec![r.column.clone()],
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
            Part::SetType(r) => vec![&r.column],
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
        matches!(self, Part::SetNotNull { .. } | Part::AddColumn(_) | Part::SetType(_))
    }

    /// The same without CASCADE.
    #[must_use]
    pub fn without_cascade(&self) -> Part {
        match self {
            Part::Away(Away::Cascade(part)) => (**part).clone(),
            part => part.clone(),
        }
    }

    /// The same with CASCADE, where there is such a form.
    #[must_use]
    pub fn with_cascade(&self) -> Part {
        match self {
            Part::DropColumn { .. } | Part::DropTable | Part::DropView { .. } => {
                Part::Away(Away::Cascade(Box::new(self.clone())))
            }
            part => part.clone(),
        }
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

/// Whether new columns are made from old ones that go: split, merged, or one from one. `has_expressions`: the proposal says
/// how; columns that merely come and go in one statement have nothing to do with each other.
#[must_use]
pub fn is_reshape(parts: &[Part], has_expressions: bool) -> bool {
    let added = parts.iter().any(|p| matches!(p, Part::AddColumn(_)));
    has_expressions && added && parts.iter().any(|p| matches!(p, Part::DropColumn { .. }))
}

/// The form in one word: that of the only part, `reshape` or `several`.
#[must_use]
pub fn kind(parts: &[Part], has_expressions: bool) -> &'static str {
    match parts {
        [part] => part.kind(),
        _ if is_reshape(parts, has_expressions) => "reshape",
        _ => "several",
    }
}

/// The DDL forms a change can plan, for messages.
pub const FORMS: &str = "ALTER TABLE … DROP COLUMN, RENAME COLUMN, ALTER COLUMN … TYPE, RENAME TO, SET SCHEMA, ADD COLUMN, ADD COLUMN … DROP COLUMN with up and down, ADD CONSTRAINT, SET NOT NULL, DROP CONSTRAINT, DROP NOT NULL, DROP DEFAULT, DETACH PARTITION, DROP TABLE, DROP VIEW, DROP INDEX, DROP POLICY, CREATE INDEX, ALTER TYPE … RENAME VALUE";

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
        assert_eq!(kind(&[drop("a"), drop("b")], true), "several");
        assert_eq!(text(&[Part::DropTable], "s.t", plain), "DROP TABLE s.t");
    }
}
