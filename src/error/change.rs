//! Errors of changes.
pub use super::change_away::*;
use super::{Code, Failure};
use crate::core::change::part::FORMS;
use crate::pg::catalog::Name;
use pgrx::spi::quote_literal;

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
        .detail(format!("Forms there are: {}.", FORMS))
        .hint(format!(
            "Where the guard refuses it, an operator can let it pass once: SELECT governance.break_glass('why'); for: {wish}"
        ))
}

/// A column that says in which partition a row is.
pub fn partition_key(column: &str, keyed: &str, table: &Name) -> Failure {
    let new = Name { schema: table.schema.clone(), relation: format!("{}_new", table.relation) };
    Failure::new(
        Code::ERRCODE_FEATURE_NOT_SUPPORTED,
        format!("column \"{column}\" is part of the partition key of {keyed}"),
    )
    .detail("It says in which partition a row is, and PostgreSQL keeps it as it is.")
    .hint(format!(
        "Make a table with another key, copy the rows, and let both change names: CREATE TABLE {new} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS);"
    ))
}

/// `up` or `down` where the form needs none.
pub fn no_expressions() -> Failure {
    Failure::new(Code::ERRCODE_FEATURE_NOT_SUPPORTED, "this form of change takes neither up nor down")
        .detail(format!("Forms there are: {}.", FORMS))
}

/// An `up` or `down` that is no expression.
pub fn not_an_expression(text: &str) -> Failure {
    Failure::new(Code::ERRCODE_SYNTAX_ERROR, format!("\"{text}\" is not one expression"))
        .detail("It stands for a value made from the columns of the same row.")
}

/// An expression whose type does not fit its column.
pub fn no_such_cast(from: &str, to: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_DATATYPE_MISMATCH,
        format!("up gives values of type {from}, but the column is of type {to}"),
    )
    .hint("Write the cast into the expression.")
}

/// A constraint or index of a name that exists.
pub fn name_exists(name: &str, table: &Name) -> Failure {
    Failure::new(Code::ERRCODE_DUPLICATE_OBJECT, format!("{name} already exists in the schema or on {table}"))
        .hint("Choose another name, or write IF NOT EXISTS where the statement has it.")
}

/// NOT NULL for a column without a value.
pub fn needs_up(name: &Name, column: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_INVALID_PARAMETER_VALUE,
        format!("column \"{column}\" of {name} is to be NOT NULL, but nothing says what old rows get"),
    )
    .hint("Give up => 'an expression over the columns of the same row' to propose_change.")
}

/// `down` where nothing goes back.
pub fn no_down() -> Failure {
    Failure::new(
        Code::ERRCODE_FEATURE_NOT_SUPPORTED,
        "this form of change takes no down: there are no old values that new ones could be written to",
    )
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
    let can_cascade =
        !what.ends_with("CASCADE") && (what.starts_with("DROP ") || what.contains(" DROP COLUMN "));
    let are_views = dependents.iter().all(|d| d.starts_with("view ") || d.starts_with("materialized view "));
    Failure::new(
        Code::ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST,
        format!("cannot plan {what} because other objects depend on it"),
    )
    .detail(format!("Dependents: {}.", dependents.join(", ")))
    .hint(match can_cascade && are_views {
        true => {
            "Change or drop them first, or propose it with CASCADE: then they go into quarantine with it."
        }
        false => "Change or drop them first.",
    })
}

/// A name or an expression that cannot be written into a plan.
pub fn control_character() -> Failure {
    Failure::new(
        Code::ERRCODE_INVALID_NAME,
        "a name or an expression that the change would have to write holds one of the control characters 1 to 3",
    )
    .hint("Rename what has such a name, or write the character as chr(1).")
}

/// A new name that exists.
pub fn name_taken(name: &Name, column: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_DUPLICATE_COLUMN,
        format!("column \"{column}\" of relation {name} already exists"),
    )
}

/// Something else has the name of what would come back.
pub fn name_in_use(id: i64, what: &str, quarantine: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_DUPLICATE_OBJECT,
        format!("{what} exists again, so change {id} cannot bring back the one before"),
    )
    .hint(format!("The data is in {quarantine}: copy it from there, or give what has the name now another one, as a change, and undo then."))
}

/// The name of an index or sequence that comes back belongs to another one by now.
pub fn index_name_taken(name: &Name, hidden: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_WARNING,
        format!("{name} exists already, so the one from before keeps the name {hidden}"),
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

/// A column that a change in quarantine makes the old values from.
pub fn kept_from(id: i64, column: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_OBJECT_IN_USE,
        format!("change {id} is contracted, and keeps what it took away current from column \"{column}\""),
    )
    .detail("It can be taken back until its quarantine ends, which it could not be without the column as it is.")
    .hint(format!(
        "SELECT quarantine_until FROM governance.changes WHERE change = {id}; then: CALL governance.advance_change({id}); or: SELECT governance.undo_change({id});"
    ))
}

/// A rule over columns of two changes.
pub fn shares(id: i64, state: &str, rule: &str) -> Failure {
    Failure::new(Code::ERRCODE_OBJECT_IN_USE, format!("change {id} already works on {rule}, and is {state}"))
        .detail("It is about columns of both changes, and one of them gets another type.")
        .hint(format!(
            "SELECT * FROM governance.change_plan({id}); or: SELECT governance.abort_change({id});"
        ))
}

/// Somebody else advances it right now.
pub fn being_advanced(id: i64) -> Failure {
    Failure::new(Code::ERRCODE_OBJECT_IN_USE, format!("change {id} is being worked on by another session"))
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

/// A contracted change whose table is gone, with what it had in quarantine.
pub fn nothing_left(id: i64, name: &Name) -> Failure {
    Failure::new(
        Code::ERRCODE_UNDEFINED_TABLE,
        format!("{name} is gone, and with it what change {id} took away"),
    )
    .hint(format!("An operator ends the change: CALL governance.advance_change({id});"))
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

/// A wish without its reason.
pub fn reason_required() -> Failure {
    Failure::new(Code::ERRCODE_INVALID_PARAMETER_VALUE, "a change needs a reason")
        .hint("SELECT governance.propose_change('…', 'why');")
}

/// The same as for a block, called where nothing may commit.
pub fn in_function() -> Failure {
    Failure::new(Code::ERRCODE_ACTIVE_SQL_TRANSACTION, "advance_change cannot run inside a function")
        .detail("It commits after each step, which functions, and procedures with SET or SECURITY DEFINER, do not allow.")
        .hint("Call it by itself: CALL governance.advance_change(…);")
}

/// advance_change has come to the gate.
pub fn stands_at_gate(id: i64, problems: &[&str]) -> Failure {
    let (is, hint) = if problems.is_empty() {
        let hint =
            format!("Once clients are ready for what comes next: CALL governance.advance_change({id});");
        ("open".to_string(), hint)
    } else {
        (format!("closed: {}", problems.join("; ")), format!("SELECT governance.certificate({id});"))
    };
    Failure::new(
        Code::ERRCODE_SUCCESSFUL_COMPLETION,
        format!("change {id} stands at its gate, which is {is}"),
    )
    .hint(hint)
}

/// advance_change has contracted a change.
pub fn is_contracted(id: i64, until: Option<&str>) -> Failure {
    let until = until.map(|u| format!(", until {u} at least")).unwrap_or_default();
    Failure::new(
        Code::ERRCODE_SUCCESSFUL_COMPLETION,
        format!("change {id} is contracted, and can be taken back{until}"),
    )
    .hint(format!("SELECT governance.undo_change({id});"))
}

/// advance_change has come to the end.
pub fn has_come_to(id: i64, state: &str) -> Failure {
    Failure::new(Code::ERRCODE_SUCCESSFUL_COMPLETION, format!("change {id} is {state}"))
}

/// A certificate that does not open the gate.
pub fn gate_closed(id: i64, problems: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("the gate of change {id} is closed: {problems}"),
    )
    .hint(match crate::core::change::maker_of(problems).filter(|other| *other != id) {
        Some(other) => format!("Change {other} made that. CALL governance.advance_change({other}); first; or: SELECT governance.abort_change({id});"),
        None => format!("SELECT governance.certificate({id}); or: SELECT governance.abort_change({id});"),
    })
}

/// An approval that asks for proof of absence from a window in which a reader may just stay away as before.
pub fn window_too_short(id: i64, problem: &str, class: &str, days: i64) -> Failure {
    Failure::new(Code::ERRCODE_SUCCESSFUL_COMPLETION, format!("the gate of change {id} will not open as it is: {problem}"))
        .hint(format!(
            "SELECT governance.set_change_window({}, soak => '{days} days'); or: SELECT governance.abort_change({id}); then propose it again and approve it with waive => '{{not_observed}}'.",
            quote_literal(class)
        ))
}

/// A partition or heir with rules of its own that the plan is about is no longer below the table.
pub fn has_left(id: i64, member: &Name, table: &Name) -> Failure {
    Failure::new(
        Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!(
            "{member} no longer belongs to {table}, and change {id} was planned for what it has of its own"
        ),
    )
    .hint(format!("SELECT governance.abort_change({id}); then propose it again."))
}

/// Somebody has dropped what the change has built.
pub fn index_gone(id: i64, index: &Name) -> Failure {
    Failure::new(
        Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("index {index}, which change {id} has built, is gone or not valid"),
    )
    .hint(format!("SELECT governance.abort_change({id}); then propose it again."))
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

/// A wish that was fulfilled before.
pub fn already_contracted(id: i64, ddl: &str) -> Failure {
    Failure::new(Code::ERRCODE_SUCCESSFUL_COMPLETION, format!("change {id} did that already: {ddl}"))
        .hint(format!("It can be taken back: SELECT governance.undo_change({id});"))
}

/// A wish that was fulfilled for good.
pub fn already_done(id: i64, ddl: &str) -> Failure {
    Failure::new(Code::ERRCODE_SUCCESSFUL_COMPLETION, format!("change {id} did that already: {ddl}"))
}

/// A statement that needs no change.
pub fn not_needed(statement: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_SUCCESSFUL_COMPLETION,
        "this needs no change: the statement is safe as it is, and nothing was run",
    )
    .hint(format!("{statement};"))
}

/// A step that would wait behind a long transaction, and everybody behind it.
pub fn behind_long_transaction(id: i64, pids: &[i32], seconds: f64) -> Failure {
    let pids: Vec<String> = pids.iter().map(i32::to_string).collect();
    Failure::new(
        Code::ERRCODE_LOCK_NOT_AVAILABLE,
        format!("change {id} does not queue behind a transaction that has run for {seconds:.0} s"),
    )
    .detail(format!("Whoever came after would wait too. In front: process {}.", pids.join(", ")))
    .hint(format!("CALL governance.advance_change({id}); tries again."))
}

/// No place for a process.
pub fn no_process(id: i64, statement: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_CONFIGURATION_LIMIT_EXCEEDED,
        format!("the server has no free place for the background process that change {id} needs"),
    )
    .detail(format!("It cannot run in a transaction block: {statement}."))
    .hint(format!(
        "CALL governance.advance_change({id}); tries again. Where it never works: ALTER SYSTEM SET max_worker_processes = …; and restart the server."
    ))
}

/// A process that ended before its statement did.
pub fn process_gone(id: i64, statement: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_OPERATOR_INTERVENTION,
        format!("the background process of change {id} ended before its statement did"),
    )
    .detail(format!("The server's log says why. The statement was: {statement}."))
    .hint(format!("CALL governance.advance_change({id}); tries again."))
}

/// What a statement in a process of its own failed with.
pub fn alone_failed(
    id: i64,
    code: Option<i32>,
    message: &str,
    detail: Option<&str>,
    hint: Option<&str>,
) -> Failure {
    let code = code.map_or(Code::ERRCODE_INTERNAL_ERROR, Code::from);
    let failure = Failure::new(code, message);
    let failure = match detail {
        Some(detail) => failure.detail(detail),
        None => failure,
    };
    let again = format!("CALL governance.advance_change({id}); tries again.");
    failure.hint(hint.map_or(again.clone(), |hint| format!("{hint} {again}")))
}

/// A plan of another version.
pub fn no_such_routine(name: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("this version does not know the step \"{name}\""),
    )
    .hint("Abort the change and propose it again.")
}

/// NOT NULL that could not come back.
pub fn not_null_lost(name: &Name, column: &str, rows: i64) -> Failure {
    Failure::new(
        Code::ERRCODE_WARNING,
        format!("column \"{column}\" of {name} is back, but not NOT NULL: {rows} rows have no value in it"),
    )
    .detail("They were written while it was in quarantine.")
}

/// Somebody whose grant could not come back.
pub fn grantee_gone(name: &Name, role: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_WARNING,
        format!("role \"{role}\" does not exist any more, so its grants on {name} are not back"),
    )
}

/// A statement that completed a change.
pub fn completed(id: i64) -> Failure {
    Failure::new(Code::ERRCODE_SUCCESSFUL_COMPLETION, format!("this statement completes change {id}"))
        .hint(format!("It can be taken back: SELECT governance.undo_change({id});"))
}

/// The proposer's own approval where a second person has to agree.
pub fn second_person_needed(id: i64, role: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_INSUFFICIENT_PRIVILEGE,
        format!("change {id} needs the approval of a second person"),
    )
    .detail(format!(
        "Role \"{role}\" is connected, as it was when the change was proposed: level change.two_person."
    ))
    .hint(format!(
        "Let another member of the owner's party run: SELECT governance.approve_change({id}, 'why');"
    ))
}

/// A class without windows.
pub fn no_such_class(class: &str) -> Failure {
    super::not_one_of("class", class, &["master", "reference", "transactional", "analytical", ""])
}

/// The shipped windows are gone.
pub fn no_windows() -> Failure {
    Failure::new(
        Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        "the shipped windows of changes are missing from governance.change_window",
    )
    .hint("SELECT * FROM governance.change_windows;")
}

/// A window that is too short or too long.
pub fn window_out_of_bounds(window: &str) -> Failure {
    Failure::new(Code::ERRCODE_INVALID_PARAMETER_VALUE, format!("window \"{window}\" is out of bounds"))
        .detail("soak: 0 to 2 years; approval: 1 hour to 1 year; quarantine: 1 day to 1 year.")
}

/// Somebody acknowledges for a party that is no consumer.
pub fn no_such_consumer(id: i64, party: &str, of: &[String]) -> Failure {
    Failure::new(
        Code::ERRCODE_UNDEFINED_OBJECT,
        format!("party \"{party}\" is no declared consumer of what change {id} takes away"),
    )
    .detail(if of.is_empty() {
        "There is none.".to_string()
    } else {
        format!("Consumers: {}.", of.join(", "))
    })
}

/// Somebody acknowledges for a party of others.
pub fn not_of_party(party: &str, role: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_INSUFFICIENT_PRIVILEGE,
        format!("role \"{role}\" does not belong to party \"{party}\""),
    )
    .hint("A member of the party, or an operator, can acknowledge for it.")
}

/// It is not clear for whom somebody acknowledges.
pub fn which_party(id: i64, of: &[String]) -> Failure {
    Failure::new(
        Code::ERRCODE_INVALID_PARAMETER_VALUE,
        format!("argument \"party\" is needed: you do not belong to exactly one consumer of change {id}"),
    )
    .detail(if of.is_empty() {
        "It has no declared consumer.".to_string()
    } else {
        format!("Consumers: {}.", of.join(", "))
    })
}

/// A factor that is not known.
pub fn no_such_throttle(factor: &str, known: &[String]) -> Failure {
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    super::not_one_of("factor", factor, &known)
}

/// A limit that cannot be read.
pub fn bad_limit(factor: &str, value: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_INVALID_PARAMETER_VALUE,
        format!("\"{value}\" is no limit for factor \"{factor}\""),
    )
    .detail("Sizes are written as '256 MB', times as '10 s', waiters as a number, autovacuum as 'on'; a query gives true where the copy may go on; 'off' takes the limit away.")
    .hint("SELECT * FROM governance.throttles;")
}

/// A scream test of a change that readers do not notice.
pub fn takes_nothing(id: i64) -> Failure {
    Failure::new(
        Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("change {id} takes nothing from readers"),
    )
}

/// Another level.
pub fn no_such_scream(level: &str) -> Failure {
    super::not_one_of("level", level, &["warn", "enforce"])
}

/// A test without an end, or a long one.
pub fn scream_too_long() -> Failure {
    Failure::new(Code::ERRCODE_INVALID_PARAMETER_VALUE, "a scream test ends within 24 hours")
        .detail("Argument valid_until must be in the future, and at most 24 hours away.")
}

/// A reader of something that goes, during a test.
pub fn scream(id: i64, name: &Name, column: &str, until: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_WARNING_DEPRECATED_FEATURE,
        format!("column \"{column}\" of {name} goes away with change {id}"),
    )
    .detail(format!("A test warns its readers until {until}."))
}

/// The same where readers fail; with the number of the line in the server log.
pub fn scream_refused(number: u32, id: i64, name: &Name, column: &str, until: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("reading column \"{column}\" of {name} is refused: it goes away with change {id}"),
    )
    .detail(format!("Refusal {number}: a test fails its readers until {until}."))
    .hint(format!("Stop using it, or ask its owner: SELECT governance.stop_scream_test({id});"))
}

/// The line in the server log.
pub fn scream_logged(
    number: u32,
    id: i64,
    name: &Name,
    column: &str,
    role: &str,
    statement: &str,
) -> Failure {
    Failure::new(
        Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!(
            "refusal {number}: column \"{column}\" of {name} by role \"{role}\", scream test of change {id}"
        ),
    )
    .detail(statement.to_string())
}
