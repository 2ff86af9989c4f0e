//! Errors of the guard.
use super::{Code, Failure};

/// Called by hand instead of by an event trigger.
pub fn not_an_event_trigger() -> Failure {
    Failure::new(
        Code::ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED,
        "this function can only be called as an event trigger",
    )
}

/// With the kill switch off: what is declared could not follow DDL, which goes on all the same.
pub fn not_followed(why: &str) -> Failure {
    Failure::new(Code::ERRCODE_WARNING, "what is declared did not follow this statement")
        .detail(format!("governance.enabled is off, and following failed: {why}."))
        .hint("Once that is mended, a superuser can run, for each relation: SELECT governance._follow('some.relation');")
}

/// A statement that the guard refuses. `number` finds its line in the server log.
pub fn refused(
    number: u32,
    victims: &[String],
    reason: &str,
    rules: &str,
    governed: &str,
    hint: String,
) -> Failure {
    let what = match victims {
        [one] => one.clone(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
        [] => "this statement".into(),
    };
    let mut detail = format!("Refusal {number} by rule {rules}: {reason}.");
    if victims.len() > 1 {
        detail.push_str(&format!(" Objects: {}.", listing(victims)));
    }
    Failure::new(
        Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("{what} is refused: the {governed} is governed"),
    )
    .detail(detail)
    .hint(hint)
}

/// The line that a refusal leaves in the server log.
pub fn refusal_logged(number: u32, victims: &[String], rules: &str, role: &str, statement: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_SUCCESSFUL_COMPLETION,
        format!("governance refusal {number}: rule {rules}, role \"{role}\", objects: {}", listing(victims)),
    )
    .detail(format!("Statement: {statement}"))
}

/// Refusals that no row will be written about.
pub fn refusals_unwritten(count: u64) -> Failure {
    Failure::new(
        Code::ERRCODE_SUCCESSFUL_COMPLETION,
        format!("{count} governance refusals have no row in ddl_log"),
    )
    .detail("This log has a line of each.")
}

/// The server has no place for the process that writes rows about refusals.
pub fn no_writer() -> Failure {
    Failure::new(
        Code::ERRCODE_CONFIGURATION_LIMIT_EXCEEDED,
        "no process could be started to write governance refusals to ddl_log",
    )
    .hint("Raise max_worker_processes in postgresql.conf, then restart.")
}

/// A statement that the guard lets pass with a warning.
pub fn warned(victim: &str, rule: &str, reason: &str, alternative: &str) -> Failure {
    Failure::new(Code::ERRCODE_WARNING, format!("{victim}: rule {rule}"))
        .detail(format!("{reason}."))
        .hint(alternative)
}

/// A function that a look at a statement would have to run. Only the guard itself sees it.
pub fn not_run_for_a_look(function: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_INTERNAL_ERROR,
        format!("function {function} is not run to find out what a statement would do"),
    )
}

/// `explain_ddl()` without a statement.
pub fn nothing_to_explain() -> Failure {
    Failure::new(Code::ERRCODE_INVALID_PARAMETER_VALUE, "there is no statement to explain")
        .hint("SELECT * FROM governance.explain_ddl('ALTER TABLE some_table DROP COLUMN some_column');")
}

/// At most this many objects are listed in a message.
const LISTED: usize = 20;

fn listing(victims: &[String]) -> String {
    let mut text = victims.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ");
    if victims.len() > LISTED {
        text.push_str(&format!(" and {} more", victims.len() - LISTED));
    }
    text
}

/// A script of `pg_dump --clean` outside one transaction where drops would be refused.
pub fn dump_over_governed(held: &crate::pg::catalog::Name) -> Failure {
    Failure::new(
        Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        "a dump made with --clean cannot be restored statement by statement over a governed database",
    )
    .detail(format!(
        "Dropping {held} would be refused, what comes before and after it would not, and its rows would be there twice. Nothing was changed."
    ))
    .hint(
        "Restore into an empty database, or with --create, which replaces the whole database; or in one transaction (pg_restore --single-transaction, psql -1 -v ON_ERROR_STOP=1), which a refusal undoes.",
    )
}

/// DROP EXTENSION while the library is attached.
pub fn extension_attached() -> Failure {
    Failure::new(
        Code::ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST,
        "cannot drop extension data_governance while it is attached to this database",
    )
    .hint(
        "SELECT * FROM governance.detach(reason => 'why'); then, as a superuser: DROP EXTENSION data_governance CASCADE;",
    )
}

/// Plain DROP EXTENSION while the log holds rows.
pub fn extension_has_log(rows: i64) -> Failure {
    Failure::new(
        Code::ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST,
        "cannot drop extension data_governance because its audit log holds rows",
    )
    .detail(format!("{rows} rows would be lost."))
    .hint(
        "\\copy (SELECT * FROM governance.audit_log) TO 'audit_log.csv' CSV HEADER, then SELECT * FROM governance.detach(reason => 'why'); and, as a superuser: DROP EXTENSION data_governance CASCADE;",
    )
}

/// DROP EXTENSION … CASCADE by somebody who is no superuser.
pub fn extension_needs_superuser() -> Failure {
    Failure::new(
        Code::ERRCODE_INSUFFICIENT_PRIVILEGE,
        "only a superuser can drop extension data_governance together with its audit log",
    )
}

/// The line that DROP EXTENSION … CASCADE leaves in the server log.
pub fn extension_dropped(role: &str, rows: i64) -> Failure {
    Failure::new(
        Code::ERRCODE_SUCCESSFUL_COMPLETION,
        format!("extension data_governance is dropped by \"{role}\" with {rows} rows of its audit log"),
    )
}

/// A hazard that does not exist.
pub fn no_such_hazard(hazard: &str) -> Failure {
    super::not_one_of("hazard", hazard, &["data_loss", "breaks_clients", "availability", "security"])
}

/// A break-glass beyond what is allowed.
pub fn break_glass_too_long(max_hours: i64) -> Failure {
    Failure::new(Code::ERRCODE_INVALID_PARAMETER_VALUE, "a break-glass must end soon")
        .detail(format!("It must end in the future and at most {max_hours} hours from now."))
}

/// A number of uses out of range.
pub fn break_glass_uses(uses: i32) -> Failure {
    Failure::new(Code::ERRCODE_INVALID_PARAMETER_VALUE, format!("{uses} is not a number of uses"))
        .detail("A break-glass allows 1 to 100 statements.")
}

/// The self-test makes a role and tables of its own and takes them back.
pub fn self_test_needs_superuser() -> Failure {
    Failure::new(Code::ERRCODE_INSUFFICIENT_PRIVILEGE, "only a superuser can test the guard")
        .detail("The test makes a role, tables and levels, attacks them, and takes everything back.")
}
