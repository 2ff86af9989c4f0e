//! Errors of audit.
use super::{Code, Failure};
use crate::pg::catalog::Name;
use pgrx::spi::quote_literal;

/// A relation whose rows are not kept in it.
pub fn cannot_audit(name: &Name) -> Failure {
    Failure::new(Code::ERRCODE_WRONG_OBJECT_TYPE, format!("{name} cannot be audited"))
        .detail("Its rows are those of other relations.")
        .hint("Tables, partitioned tables and foreign tables can: audit the tables below it.")
}

/// A column of the key among the columns to leave out.
pub fn key_column_excluded(name: &Name, column: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_INVALID_PARAMETER_VALUE,
        format!("column \"{column}\" of {name} cannot be excluded"),
    )
    .detail("It belongs to the primary key, by which history() finds rows.")
}

/// A partition or child of an audited relation.
pub fn audited_as_part_of(name: &Name, above: &Name) -> Failure {
    Failure::new(
        Code::ERRCODE_SUCCESSFUL_COMPLETION,
        format!("{name} is audited already, as a part of {above}"),
    )
}

/// Triggers that somebody took from an audited relation.
pub fn triggers_put_back(name: &Name) -> Failure {
    Failure::new(
        Code::ERRCODE_SUCCESSFUL_COMPLETION,
        format!("{name} is audited: the triggers of data_governance were put back"),
    )
    .hint(format!(
        "A steward can run: SELECT governance.stop_audit({}, 'why');",
        quote_literal(name.to_string())
    ))
}

/// The audit of a part cannot be stopped alone.
pub fn stop_the_whole(name: &Name, above: &Name) -> Failure {
    Failure::new(
        Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("{name} is audited as a part of {above}"),
    )
    .hint(format!("SELECT governance.stop_audit({}, 'why');", quote_literal(above.to_string())))
}

/// A relation that is not audited.
pub fn not_audited(name: &Name) -> Failure {
    Failure::new(Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, format!("{name} is not audited"))
        .hint(format!("SELECT governance.start_audit({});", quote_literal(name.to_string())))
}

/// The history of a row in a relation without a primary key.
pub fn no_key(name: &Name) -> Failure {
    Failure::new(
        Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("{name} has no primary key, so its rows have no history of their own"),
    )
    .hint(format!(
        "SELECT * FROM governance.audit_log WHERE relation = {}::regclass ORDER BY id;",
        quote_literal(name.to_string())
    ))
}

/// A key that does not fit the relation.
pub fn key_misfit(name: &Name, columns: &[String], why: &str) -> Failure {
    let fields: Vec<String> =
        columns.iter().map(|c| format!("{}: \"value\"", serde_json::Value::from(c.as_str()))).collect();
    Failure::new(Code::ERRCODE_INVALID_PARAMETER_VALUE, format!("the key does not fit {name}"))
        .detail(format!("Its primary key is ({}); {why}.", columns.join(", ")))
        .hint(format!(
            "SELECT * FROM governance.history({}, '{{{}}}');",
            quote_literal(name.to_string()),
            fields.join(", ")
        ))
}

/// Somebody who may not read the log of a relation.
pub fn may_not_read(name: &Name, who: &str) -> Failure {
    Failure::new(Code::ERRCODE_INSUFFICIENT_PRIVILEGE, format!("permission denied for the history of {name}"))
        .detail("Its owner, auditors and operators may read it; privileges on the relation are not enough.")
        .hint(format!(
            "An operator can run: SELECT governance.grant_duty('auditor', {});",
            quote_literal(who)
        ))
}

/// An attempt to change the log.
pub fn append_only(name: &Name) -> Failure {
    Failure::new(Code::ERRCODE_INSUFFICIENT_PRIVILEGE, format!("{name} is append-only"))
        .detail("What was recorded is neither changed nor removed, by superusers neither.")
}

/// A trigger function called as something else.
pub fn not_a_trigger_call() -> Failure {
    Failure::new(
        Code::ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED,
        "governance._audit_row() must be called by an AFTER ROW trigger",
    )
    .hint("SELECT governance.start_audit('some.table'); makes the triggers.")
}
