//! Errors of changes.
use super::{Code, Failure};
use crate::core::change::Kind;
use crate::pg::catalog::Name;

/// The dual-write trigger called by hand.
pub fn not_a_trigger() -> Failure {
    Failure::new(
        Code::ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED,
        "this function can only be called by a trigger that a change made",
    )
}

/// The two columns of a rename have come to differ in type.
pub fn types_differ(old: &str, new: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("columns \"{old}\" and \"{new}\" of a running change differ in type"),
    )
    .detail("They are written together, so they need the same type.")
    .hint("Give both the same type again, or: SELECT governance.abort_change(…); with the number in governance.changes.")
}

/// A column that a change writes is gone.
pub fn column_gone(column: &str) -> Failure {
    Failure::new(Code::ERRCODE_UNDEFINED_COLUMN, format!("column \"{column}\" of a running change is gone"))
        .hint("SELECT * FROM governance.changes; SELECT governance.abort_change(…);")
}

/// A text that is not exactly one statement.
pub fn one_statement(count: usize) -> Failure {
    Failure::new(Code::ERRCODE_SYNTAX_ERROR, format!("a change is one statement, but {count} were given"))
}

/// A DDL no change form exists for.
pub fn no_form(why: &str, wish: &str) -> Failure {
    Failure::new(Code::ERRCODE_FEATURE_NOT_SUPPORTED, why)
        .detail(format!("Forms there are: {}.", Kind::FORMS))
        .hint(format!(
            "Where the guard refuses it, an operator can let it pass once: SELECT governance.break_glass('why'); for: {wish}"
        ))
}

/// `up` or `down` where the form needs none.
pub fn no_expressions() -> Failure {
    Failure::new(Code::ERRCODE_FEATURE_NOT_SUPPORTED, "this form of change takes neither up nor down")
        .detail(format!("Forms there are: {}.", Kind::FORMS))
}

/// A table that does not exist.
pub fn no_such_table(name: &Name) -> Failure {
    Failure::new(Code::ERRCODE_UNDEFINED_TABLE, format!("relation {name} does not exist"))
}

/// Somebody PostgreSQL would not let run the statement.
pub fn not_owner(name: &Name, role: &str) -> Failure {
    Failure::new(Code::ERRCODE_INSUFFICIENT_PRIVILEGE, format!("must be owner of table {name}"))
        .detail(format!("Role \"{role}\" could not run the statement itself."))
}

/// Objects that depend on what is to go.
pub fn dependents(what: &str, dependents: &[String]) -> Failure {
    Failure::new(
        Code::ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST,
        format!("cannot plan {what} because other objects depend on it"),
    )
    .detail(format!("Dependents: {}.", dependents.join(", ")))
    .hint("Change or drop them first; CASCADE would take them away from their readers unseen.")
}

/// A new name that exists.
pub fn name_taken(name: &Name, column: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_DUPLICATE_COLUMN,
        format!("column \"{column}\" of relation {name} already exists"),
    )
}

/// A change that does not exist, or not for this user.
pub fn no_such_change(id: i64) -> Failure {
    Failure::new(Code::ERRCODE_UNDEFINED_OBJECT, format!("change {id} does not exist"))
        .hint("SELECT * FROM governance.changes;")
}

/// Another open change works on the same thing.
pub fn busy(id: i64, state: &str) -> Failure {
    Failure::new(Code::ERRCODE_OBJECT_IN_USE, format!("change {id} already works on this, and is {state}"))
        .hint(format!(
            "SELECT * FROM governance.change_plan({id}); or: SELECT governance.abort_change({id});"
        ))
}

/// Somebody else advances it right now.
pub fn being_advanced(id: i64) -> Failure {
    Failure::new(
        Code::ERRCODE_LOCK_NOT_AVAILABLE,
        format!("change {id} is being worked on by another session"),
    )
}

/// An act that does not fit the state.
pub fn wrong_state(id: i64, act: &str, state: &str, hint: Option<String>) -> Failure {
    let failure = Failure::new(
        Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("change {id} is {state}, so it cannot be {act}"),
    );
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// The table is no longer what the plan was made for.
pub fn drifted(id: i64, name: &Name) -> Failure {
    Failure::new(
        Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("{name} has changed since change {id} was proposed, so its plan is void"),
    )
    .hint(format!("SELECT governance.abort_change({id}); then propose the change again."))
}

/// An approval that must name the waiver.
pub fn waiver_required(id: i64, missing: &[String]) -> Failure {
    Failure::new(
        Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("change {id} cannot be approved as it is: {}", missing.join(", ")),
    )
    .detail(
        "Nothing shows who still reads what it takes away, so the approval must say that it goes without.",
    )
    .hint(format!(
        "SELECT governance.approve_change({id}, 'why nobody needs it any more', waive => '{{{}}}');",
        missing.join(",")
    ))
}

/// A waiver that does not exist.
pub fn no_such_waiver(waiver: &str) -> Failure {
    super::not_one_of("waiver", waiver, &["not_observed"])
}

/// A waiver without its reason.
pub fn comment_required() -> Failure {
    Failure::new(Code::ERRCODE_INVALID_PARAMETER_VALUE, "an approval with a waiver needs a comment")
        .detail("The comment is the reason of the waiver.")
}

/// A procedure that commits, called inside a transaction block.
pub fn in_transaction_block() -> Failure {
    Failure::new(Code::ERRCODE_ACTIVE_SQL_TRANSACTION, "advance_change cannot run inside a transaction block")
        .detail("It commits after each step.")
        .hint("COMMIT first, then: CALL governance.advance_change(…);")
}

/// A certificate that does not open the gate.
pub fn gate_closed(id: i64, problems: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("the gate of change {id} is closed: {problems}"),
    )
    .hint(format!("SELECT governance.certificate({id}); or: SELECT governance.abort_change({id});"))
}

/// Rows that still differ after the copy.
pub fn not_equal(id: i64, rows: i64) -> Failure {
    Failure::new(
        Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("change {id}: {rows} rows still differ between the old and the new column"),
    )
    .hint(format!("CALL governance.advance_change({id}); copies them again."))
}

/// Still in quarantine.
pub fn in_quarantine(id: i64, until: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("change {id} is contracted; what it took away stays in quarantine until {until}"),
    )
    .hint(format!("To bring it back: SELECT governance.undo_change({id}); to end the quarantine call advance_change after that time."))
}

/// Reads that could not be written to the ledger.
pub fn reads_unwritten(message: &str) -> Failure {
    Failure::new(Code::ERRCODE_WARNING, format!("the column-read ledger could not be written: {message}"))
        .detail("The session keeps what it has seen and tries again.")
}

/// Something dropped that is in quarantine already.
pub fn already_in_quarantine(id: i64, what: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_SUCCESSFUL_COMPLETION,
        format!("{what} is in quarantine already, by change {id}"),
    )
}

/// A statement that completed a change.
pub fn completed(id: i64) -> Failure {
    Failure::new(Code::ERRCODE_SUCCESSFUL_COMPLETION, format!("this statement completes change {id}"))
        .hint(format!("It can be taken back: SELECT governance.undo_change({id});"))
}
