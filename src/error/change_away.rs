//! Errors of changes that take a name, a rule or a place away.
use super::{Code, Failure};
use crate::pg::catalog::Name;
use crate::pg::xact::Raised;

/// Objects built on the view that bears an old name.
pub fn old_name_used(from: &Name, to: &Name, dependents: &[String]) -> Failure {
    Failure::new(
        Code::ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST,
        format!("cannot drop view {from}, the old name of {to}, because other objects depend on it"),
    )
    .detail(format!("Dependents: {}.", dependents.join(", ")))
    .hint(format!("Make them read {to} first."))
}

/// A name that something else bears.
pub fn relation_taken(name: &Name) -> Failure {
    Failure::new(Code::ERRCODE_DUPLICATE_TABLE, format!("relation or type {name} already exists"))
        .hint(format!("Something else bears that name; give it another one: ALTER TABLE {name} RENAME TO …"))
}

/// A constraint, policy or partition that does not exist.
pub fn no_such_rule(kind: &str, rule: &str, name: &Name) -> Failure {
    Failure::new(Code::ERRCODE_UNDEFINED_OBJECT, format!("{name} has no {kind} {rule}"))
}

/// A value that an enum does not have.
pub fn no_such_value(type_name: &str, value: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_INVALID_PARAMETER_VALUE,
        format!("\"{value}\" is not a value of enum {type_name}"),
    )
}

/// A value that an enum has already.
pub fn value_taken(type_name: &str, value: &str) -> Failure {
    Failure::new(Code::ERRCODE_DUPLICATE_OBJECT, format!("enum {type_name} has a value \"{value}\" already"))
}

/// Who may know a value that gets another spelling.
pub fn value_used(type_name: &str, value: &str, used: &[String]) -> Failure {
    Failure::new(
        Code::ERRCODE_SUCCESSFUL_COMPLETION,
        format!("a value of enum {type_name} has one spelling at a time: \"{value}\" changes at the gate"),
    )
    .detail(format!("Whoever reads or writes these may know it: {}.", used.join(", ")))
}

/// A table that is published with all its columns, those of a change too.
pub fn published(name: &Name, publications: &[String], columns: &[String]) -> Failure {
    let add: Vec<String> =
        columns.iter().map(|c| format!("ADD COLUMN {} …", pgrx::spi::quote_identifier(c))).collect();
    Failure::new(
        Code::ERRCODE_SUCCESSFUL_COMPLETION,
        format!("all columns of {name} are published, by {}, those of this change too", publications.join(", ")),
    )
    .detail("A subscription stops at a column that its table does not have.")
    .hint(format!(
        "On every subscriber, before the change is advanced: ALTER TABLE {name} {}; or publish a list of columns.",
        add.join(", ")
    ))
}

/// What a change that was taken back has left to do.
pub fn not_all_back(id: i64, statements: &[String]) -> Failure {
    Failure::new(
        Code::ERRCODE_SUCCESSFUL_COMPLETION,
        format!("change {id} is taken back, but for what must not run under a strong lock"),
    )
    .detail(format!("Left: {}.", statements.join("; ")))
    .hint(format!("CALL governance.advance_change({id});"))
}

/// A schema that does not exist.
pub fn no_such_schema(schema: &str) -> Failure {
    Failure::new(Code::ERRCODE_INVALID_SCHEMA_NAME, format!("schema \"{schema}\" does not exist"))
}

/// A rule over several columns, one of which another change has put aside.
pub fn other_in_quarantine(id: i64, rule: &str, column: &str, other: i64) -> Failure {
    Failure::new(
        Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("change {id} cannot be undone before change {other}"),
    )
    .detail(format!(
        "Constraint {rule} is about column {column} too, which change {other} has put into quarantine."
    ))
    .hint(format!("SELECT governance.undo_change({other}); SELECT governance.undo_change({id});"))
}

/// A rule that has nothing to come back to.
pub fn constraint_not_back(table: &str, rule: &str, why: &str, definition: &str) -> Failure {
    let rule = pgrx::spi::quote_identifier(rule);
    Failure::new(Code::ERRCODE_WARNING, format!("constraint {rule} of {table} has not come back: {why}"))
        .hint(format!("It was: ALTER TABLE {table} ADD CONSTRAINT {rule} {definition} NOT VALID;"))
}

/// Rows that a rule does not allow, which has come back.
pub fn still_violated(
    raised: &Raised,
    id: i64,
    table: &str,
    rule: &str,
    rows: Option<&(i64, String)>,
) -> Failure {
    let detail = raised.detail.as_ref().map(|detail| format!(" {detail}")).unwrap_or_default();
    let which = match rows {
        Some((1, row)) => format!("One row violates it: {row}.{detail}"),
        Some((rows, first)) => format!("{rows} rows violate it, the first is {first}.{detail}"),
        None if detail.is_empty() => format!("PostgreSQL says: {}.", raised.message),
        None => detail.trim_start().to_string(),
    };
    Failure::new(
        raised.code,
        format!(
            "constraint {} is back for what is written from now on, but rows of {table} violate it",
            pgrx::spi::quote_identifier(rule)
        ),
    )
    .detail(which)
    .hint(format!("Mend them, then: CALL governance.advance_change({id});"))
}

/// A column that is to be NOT NULL, and rows without a value: how many, and the first.
pub fn nulls(id: i64, table: &str, column: &str, rows: Option<&(i64, String)>) -> Failure {
    let failure = Failure::new(
        Code::ERRCODE_NOT_NULL_VIOLATION,
        format!("column \"{column}\" of {table} contains null values"),
    )
    .hint(format!(
        "Give them a value, then: CALL governance.advance_change({id}); or give it up and propose it with up => 'an expression', which fills them: SELECT governance.abort_change({id});"
    ));
    match rows {
        Some((1, row)) => failure.detail(format!("One row has none: {row}.")),
        Some((rows, first)) => failure.detail(format!("{rows} rows have none, the first is {first}.")),
        None => failure,
    }
}

/// What was added too long ago to be taken back by itself.
pub fn too_late(id: i64, proposals: &[String]) -> Failure {
    Failure::new(
        Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("change {id} is done, and too long ago to be undone"),
    )
    .hint(format!("The way back is a change of its own: {}", proposals.join(" ")))
}
