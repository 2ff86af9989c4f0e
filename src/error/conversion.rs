//! Errors of changes that make new columns from old ones.
use super::{Code, Failure};
use crate::pg::catalog::Name;

/// A text that is not exactly one expression.
pub fn one_expression() -> Failure {
    Failure::new(Code::ERRCODE_SYNTAX_ERROR, "what a column is made from is one expression")
}

/// A star, or a row as a whole.
pub fn whole_row() -> Failure {
    Failure::new(Code::ERRCODE_FEATURE_NOT_SUPPORTED, "a column cannot be made from whole rows")
}

/// A column that is not of the other shape.
pub fn unknown_column(name: &str, known: &[&str]) -> Failure {
    Failure::new(
        Code::ERRCODE_UNDEFINED_COLUMN,
        format!("\"{name}\" is not among the columns it is made from: {}", known.join(", ")),
    )
}

/// An expression of the wrong type.
pub fn cannot_assign(given: &str, wanted: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_DATATYPE_MISMATCH,
        format!("an expression of type {given} is no value for a column of type {wanted}"),
    )
}

/// `up` or `down` that cannot be used. `why` is what PostgreSQL says about it.
pub fn bad_expression(which: &str, column: &str, text: &str, why: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_INVALID_PARAMETER_VALUE,
        format!("{which} for column \"{column}\" cannot be used: {why}"),
    )
    .detail(format!("It reads: {text}"))
}

/// A type that PostgreSQL does not know.
pub fn no_such_type() -> Failure {
    Failure::new(Code::ERRCODE_UNDEFINED_OBJECT, "the type does not exist")
        .detail("It is looked for under the search_path of the proposal.")
}

/// A type change that PostgreSQL cannot do by itself.
pub fn cannot_cast(column: &str, type_name: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_DATATYPE_MISMATCH,
        format!("column \"{column}\" cannot be cast automatically to type {type_name}"),
    )
    .hint(format!("Write USING in the statement, or pass up => '{{\"{column}\": \"expression\"}}'."))
}

/// A foreign key that cannot be between a type and that of the other column.
pub fn cannot_refer(constraint: &str, column: &str, type_name: &str, other: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_DATATYPE_MISMATCH,
        format!("foreign key \"{constraint}\" cannot be implemented with column \"{column}\" of type {type_name}"),
    )
    .detail(format!("It would compare {type_name} with {other}."))
    .hint("Drop the foreign key first, as a change of its own, or choose a type that the other column can be compared with.")
}

/// An expression that gives another value each time.
pub fn is_volatile(which: &str, column: &str, text: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_INVALID_PARAMETER_VALUE,
        format!("{which} for column \"{column}\" is not deterministic"),
    )
    .detail(format!(
        "Expression: {text}. What it gives could never be compared with what was written: use IMMUTABLE functions."
    ))
}

/// No way to make new values.
pub fn needs_up(column: &str, ddl: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_INVALID_PARAMETER_VALUE,
        format!("nothing says what column \"{column}\" is made from"),
    )
    .hint(format!(
        "Pass up => '{{\"{column}\": \"expression of the old columns\"}}' to propose_change for: {ddl}"
    ))
}

/// No way back.
pub fn needs_down(column: &str, ddl: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_INVALID_PARAMETER_VALUE,
        format!("nothing says what old column \"{column}\" is made from once new values are written"),
    )
    .detail("Without it old clients would read what is no longer true, and undo_change could not bring the old shape back.")
    .hint(format!("Pass down => '{{\"{column}\": \"expression of the new columns\"}}' to propose_change for: {ddl}"))
}

/// An expression for a column the wish does not make.
pub fn no_such_side(which: &str, column: &str, known: &[&str]) -> Failure {
    Failure::new(
        Code::ERRCODE_UNDEFINED_COLUMN,
        format!("{which} names column \"{column}\", but this change makes: {}", known.join(", ")),
    )
}

/// One expression where there are several columns.
pub fn one_for_several(which: &str, known: &[&str]) -> Failure {
    let example: Vec<String> = known.iter().map(|c| format!("\"{c}\": \"…\"")).collect();
    Failure::new(
        Code::ERRCODE_INVALID_PARAMETER_VALUE,
        format!("{which} is one expression, but {} columns are made", known.len()),
    )
    .hint(format!("Pass {which} => '{{{}}}'.", example.join(", ")))
}

/// Where an expression failed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum While {
    /// Old rows were copied.
    Copying,
    /// Somebody wrote, before contraction.
    Writing,
    /// Somebody wrote, after it.
    Afterwards,
}

/// An expression that fails on a row. `row` names it.
pub fn fails_on_row(code: Code, change: i64, column: &str, row: &str, why: &str, at: While) -> Failure {
    let column = column.strip_prefix(&format!("_dg{change}_")).unwrap_or(column);
    let hint = match at {
        While::Copying => format!(
            "Mend the row and go on: CALL governance.advance_change({change}); or: SELECT governance.abort_change({change});"
        ),
        While::Writing => {
            format!("Write a value that fits both shapes, or: SELECT governance.abort_change({change});")
        }
        While::Afterwards => {
            format!("Write a value that fits both shapes, or: SELECT governance.undo_change({change});")
        }
    };
    Failure::new(code, format!("change {change} cannot make column \"{column}\" of {row}: {why}")).hint(hint)
}

/// Rows whose old and new columns do not say the same. `row` is one of them.
pub fn still_differs(change: i64, rows: i64, row: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        if rows == 1 {
            format!("change {change}: one row still differs between the two shapes: {row}")
        } else {
            format!("change {change}: {rows} rows still differ between the two shapes, such as {row}")
        },
    )
    .detail("They were written past the trigger, or up gives another value each time.")
    .hint(format!(
        "CALL governance.advance_change({change}); copies them again; or: SELECT governance.abort_change({change});"
    ))
}

/// A type change that is at its gate or behind it, and a statement whose USING must not be applied to new values.
pub fn applies_twice(id: i64, done: bool) -> Failure {
    let failure = Failure::new(
        Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("the statement would apply its USING to values that change {id} has converted already"),
    );
    if done {
        failure.detail("The change is contracted: nothing is left to do.").hint(format!(
            "Mark the migration as done; to take it back: SELECT governance.undo_change({id});"
        ))
    } else {
        failure.hint(format!(
            "CALL governance.advance_change({id}); completes the change, then mark the migration as done."
        ))
    }
}

/// A statement that adds columns which a change has made already.
pub fn adds_again(id: i64, name: &Name) -> Failure {
    Failure::new(
        Code::ERRCODE_DUPLICATE_COLUMN,
        format!("change {id} has added the columns to {name} already, so the statement would fail"),
    )
    .hint(format!(
        "Write ADD COLUMN IF NOT EXISTS in the statement, or: CALL governance.advance_change({id}); and mark the migration as done."
    ))
}

/// Values that an old type cannot hold.
pub fn values_lost(name: &Name, column: &str, rows: i64) -> Failure {
    Failure::new(
        Code::ERRCODE_WARNING,
        format!("the old type of column \"{column}\" of {name} cannot hold the values of {rows} rows: they are NULL in it"),
    )
    .detail("They were written in the new type after the contraction, and go with the new column.")
}

/// Somebody took away what old values are made from, or the old column itself, past the guard: writers go on.
pub fn no_longer_kept(id: i64, column: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_WARNING,
        format!("column \"{column}\" is gone, so change {id} no longer keeps the old shape current"),
    )
    .hint(format!(
        "SELECT governance.undo_change({id}); would bring back what was there before, if anything; CALL governance.advance_change({id}); ends it after its quarantine."
    ))
}

/// A partition of another owner, whose policies hold for the copy too.
pub fn hidden_rows(id: i64, table: &Name, owner: &str) -> Failure {
    let owner = pgrx::spi::quote_identifier(owner);
    Failure::new(
        Code::ERRCODE_INSUFFICIENT_PRIVILEGE,
        format!("row security of {table} hides rows from {owner}, so change {id} cannot copy them all"),
    )
    .detail("The copy runs with the rights of the owner of the table that is changed. Its own policies do not hold for it, those of others do.")
    .hint(format!("ALTER TABLE {table} OWNER TO {owner}; then: CALL governance.advance_change({id});"))
}
