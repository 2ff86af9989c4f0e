//! The steps of a change: what is run, with which lock, and how it is taken back.

/// Stands for the table of the change, under the name it has when the step runs.
pub const TABLE: &str = "\u{1}";
/// Stands for the schema of the table.
pub const SCHEMA: &str = "\u{2}";

/// Around the name of a column that the change itself leaves alone: another one of the table may rename it meanwhile.
pub const COLUMN: char = '\u{3}';

/// Where in a change a step belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Makes the new shape beside the old one, a transaction each.
    Expand,
    /// Copies old rows, in batches.
    Backfill,
    /// Proves that the copy is complete, or that a constraint holds.
    Verify,
    /// What has to be proven before anything is taken away; nothing is run.
    Gate,
    /// Takes the old shape away; all of these in one transaction.
    Contract,
    /// What is left to do after that, a transaction each.
    Settle,
    /// Ends the quarantine.
    Purge,
    /// What is left to do after it was taken back, a transaction each.
    Restore,
}

impl Phase {
    /// All phases, in order.
    pub const ALL: [Phase; 8] = [
        Phase::Expand,
        Phase::Backfill,
        Phase::Verify,
        Phase::Gate,
        Phase::Contract,
        Phase::Settle,
        Phase::Purge,
        Phase::Restore,
    ];

    /// As stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Expand => "expand",
            Phase::Backfill => "backfill",
            Phase::Verify => "verify",
            Phase::Gate => "gate",
            Phase::Contract => "contract",
            Phase::Settle => "settle",
            Phase::Purge => "purge",
            Phase::Restore => "restore",
        }
    }

    /// From its stored name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Phase> {
        Self::ALL.into_iter().find(|p| p.as_str() == text)
    }
}

/// How a step is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Statements, with the rights of the table's owner: what a proposal says must not run with those of whoever advances.
    Sql,
    /// Statements, with the rights of the extension's owner: they name what is not for everybody.
    Product,
    /// A statement that cannot run in a transaction block: by a process of its own.
    Alone,
    /// The copy of old rows.
    Copy,
    /// The count of rows that differ.
    Compare,
    /// A routine of the product, by the name in the step's arguments.
    Routine,
}

impl Action {
    /// All actions.
    pub const ALL: [Action; 6] =
        [Action::Sql, Action::Product, Action::Alone, Action::Copy, Action::Compare, Action::Routine];

    /// As stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Action::Sql => "sql",
            Action::Product => "product",
            Action::Alone => "alone",
            Action::Copy => "copy",
            Action::Compare => "compare",
            Action::Routine => "routine",
        }
    }

    /// From its stored name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Action> {
        Self::ALL.into_iter().find(|a| a.as_str() == text)
    }
}

/// Lock modes as `pg_locks.mode` writes them.
pub mod lock {
    /// ALTER TABLE and DROP.
    pub const EXCLUSIVE: &str = "AccessExclusiveLock";
    /// Triggers and foreign keys.
    pub const NO_WRITES_OR_DDL: &str = "ShareRowExclusiveLock";
    /// Plain CREATE INDEX.
    pub const NO_WRITES: &str = "ShareLock";
    /// VALIDATE CONSTRAINT, CREATE INDEX CONCURRENTLY.
    pub const NO_DDL: &str = "ShareUpdateExclusiveLock";
    /// Writers.
    pub const WRITE: &str = "RowExclusiveLock";
    /// Readers.
    pub const READ: &str = "AccessShareLock";
    /// None.
    pub const NONE: &str = "none";
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where it belongs.
    pub phase: Phase,
    /// How it is run.
    pub action: Action,
    /// What is run, or in words what is done. [`TABLE`] and [`SCHEMA`] stand for the names of that moment.
    pub statement: String,
    /// What takes it back: run by `abort_change` and `undo_change`, last step first. For a routine its own inverse.
    pub undo: Option<String>,
    /// Strongest lock it takes on the table.
    pub lock_mode: &'static str,
    /// Whether it can be taken back.
    pub reversible: bool,
    /// Arguments of a routine, the copy and the comparison.
    pub args: serde_json::Value,
}

impl Step {
    /// Statements with the rights of the table's owner.
    #[must_use]
    pub fn sql(phase: Phase, lock_mode: &'static str, statement: String, undo: Option<String>) -> Step {
        Step::of(Action::Sql, phase, lock_mode, statement, undo)
    }

    /// Statements with the rights of the extension's owner.
    #[must_use]
    pub fn product(phase: Phase, lock_mode: &'static str, statement: String, undo: Option<String>) -> Step {
        Step::of(Action::Product, phase, lock_mode, statement, undo)
    }

    /// A statement that runs outside of any transaction block.
    #[must_use]
    pub fn alone(phase: Phase, lock_mode: &'static str, statement: String, undo: Option<String>) -> Step {
        Step::of(Action::Alone, phase, lock_mode, statement, undo)
    }

    /// A routine of the product; it takes itself back.
    #[must_use]
    pub fn routine(phase: Phase, name: &str, words: String, args: serde_json::Value) -> Step {
        let mut args = args;
        if !args.is_object() {
            args = serde_json::json!({});
        }
        args["routine"] = name.into();
        Step { args, ..Step::of(Action::Routine, phase, lock::NONE, words, Some(String::new())) }
    }

    /// What the gate asks for, in words.
    #[must_use]
    pub fn gate(words: String) -> Step {
        Step::of(Action::Routine, Phase::Gate, lock::NONE, words, None)
    }

    /// The copy of old rows.
    #[must_use]
    pub fn copy(words: String, args: serde_json::Value) -> Step {
        Step::of(Action::Copy, Phase::Backfill, lock::WRITE, words, None).with(args)
    }

    /// The comparison after it.
    #[must_use]
    pub fn compare(words: String, args: serde_json::Value) -> Step {
        Step::of(Action::Compare, Phase::Verify, lock::READ, words, None).with(args)
    }

    fn of(
        action: Action,
        phase: Phase,
        lock_mode: &'static str,
        statement: String,
        undo: Option<String>,
    ) -> Step {
        let reversible = phase != Phase::Purge;
        Step { phase, action, statement, undo, lock_mode, reversible, args: serde_json::json!({}) }
    }

    /// The same, saying what of the wish it makes: a `column`, a `constraint`, an `index`, or a column `not_null`.
    #[must_use]
    pub fn making(mut self, what: &str, name: &str) -> Step {
        self.args["makes"] = serde_json::json!([what, name]);
        self
    }

    /// The same with arguments.
    #[must_use]
    pub fn with(self, args: serde_json::Value) -> Step {
        Step { args, ..self }
    }
}

/// Whether a text holds what stands for a name: then it cannot be part of a step.
#[must_use]
pub fn has_placeholder(text: &str) -> bool {
    text.contains(TABLE) || text.contains(SCHEMA) || text.contains(COLUMN)
}

/// A text of a step with the names of this moment, columns under those they have by now. What is filled in is not looked at
/// again: it may hold anything.
#[must_use]
pub fn fill(text: &str, table: &str, schema: &str, column_now: impl Fn(&str) -> String) -> String {
    let parts = text.split(COLUMN).enumerate();
    let mut filled = String::with_capacity(text.len() + table.len());
    for (i, part) in parts {
        if i % 2 == 1 {
            filled.push_str(&column_now(part));
            continue;
        }
        for (i, part) in part.split(TABLE).enumerate() {
            if i > 0 {
                filled.push_str(table);
            }
            filled.push_str(&part.split(SCHEMA).collect::<Vec<_>>().join(schema));
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_the_names_of_the_moment() {
        let text = format!("({COLUMN}a b{COLUMN}, x) WHERE {COLUMN}c{COLUMN}");
        assert_eq!(fill(&text, "", "", |name| format!("<{name}>")), "(<a b>, x) WHERE <c>");
        assert_eq!(fill("plain", "t", "s", str::to_string), "plain");
    }

    #[test]
    fn what_is_filled_in_is_not_filled_again() {
        let text = format!("{TABLE} {SCHEMA} {COLUMN}c{COLUMN} {TABLE}");
        let (table, schema) = (format!("t{SCHEMA}{COLUMN}"), format!("s{TABLE}"));
        let filled = fill(&text, &table, &schema, |name| format!("{name}{TABLE}{SCHEMA}"));
        assert_eq!(filled, format!("{table} {schema} c{TABLE}{SCHEMA} {table}"));
    }

    #[test]
    fn words_survive_storage() {
        for p in Phase::ALL {
            assert_eq!(Phase::parse(p.as_str()), Some(p));
        }
        for a in Action::ALL {
            assert_eq!(Action::parse(a.as_str()), Some(a));
        }
    }

    #[test]
    fn names_are_those_of_the_moment() {
        let text = format!("ALTER TABLE {TABLE} RENAME TO x; DROP VIEW {SCHEMA}.x");
        assert_eq!(
            fill(&text, "s.\"a b\"", "s", str::to_string),
            "ALTER TABLE s.\"a b\" RENAME TO x; DROP VIEW s.x"
        );
    }

    #[test]
    fn only_the_end_of_the_quarantine_cannot_be_taken_back() {
        assert!(!Step::sql(Phase::Purge, lock::EXCLUSIVE, String::new(), None).reversible);
        assert!(Step::routine(Phase::Contract, "x", String::new(), serde_json::Value::Null).reversible);
    }
}
