//! User-visible errors: one constructor each, with SQLSTATE, message, DETAIL and HINT.
//!
//! Messages are lower case without a full stop; DETAIL states facts, HINT is a statement the reader can run. What a
//! single feature raises stands in the file of its name here.
pub mod assess;
pub mod audit;
pub mod boundary;
pub mod change;
mod change_away;
pub mod conversion;
pub mod guard;
pub mod lineage;
pub mod privacy;
pub mod registry;

use pgrx::PgSqlErrorCode as Code;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::{PgLogLevel, PgSqlErrorCode};

/// An error that is about to be raised.
#[must_use = "an error that is not raised is lost"]
pub struct Failure {
    code: PgSqlErrorCode,
    message: String,
    detail: Option<String>,
    hint: Option<String>,
}

impl Failure {
    /// An error with a SQLSTATE and a message.
    pub fn new(code: PgSqlErrorCode, message: impl Into<String>) -> Self {
        Failure { code, message: message.into(), detail: None, hint: None }
    }

    /// Adds facts.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds a statement the reader can run, or what to do.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Raises it.
    pub fn raise(self) -> ! {
        self.report(PgLogLevel::ERROR);
        unreachable!("an ERROR report does not return")
    }

    /// Raises it and ends the session with it.
    pub fn end_session(self) -> ! {
        self.report(PgLogLevel::FATAL);
        unreachable!("a FATAL report does not return")
    }

    /// Says it as a WARNING and goes on.
    pub fn warn(self) {
        self.report(PgLogLevel::WARNING);
    }

    /// Says it as a NOTICE and goes on.
    pub fn notice(self) {
        self.report(PgLogLevel::NOTICE);
    }

    /// Writes it to the server log only: the record that survives when the transaction does not.
    pub fn log(self) {
        self.report(PgLogLevel::LOG_SERVER_ONLY);
    }

    fn report(self, level: PgLogLevel) {
        let mut report = ErrorReport::new(self.code, self.message, "governance");
        if let Some(detail) = self.detail {
            report = report.set_detail(detail);
        }
        if let Some(hint) = self.hint {
            report = report.set_hint(hint);
        }
        report.report(level);
    }
}

/// The value of an argument that must not be NULL. Arguments of functions that are not strict are `Option` for this:
/// pgrx would otherwise report NULL by the argument's number and as an internal error.
pub fn given<T>(name: &str, value: Option<T>) -> T {
    value.unwrap_or_else(|| argument_required(name).raise())
}

/// A list that must not hold NULLs.
pub fn whole(name: &str, list: Option<Vec<Option<String>>>) -> Option<Vec<String>> {
    list.map(|l| l.into_iter().map(|e| e.unwrap_or_else(|| null_in_list(name).raise())).collect())
}

/// A list that holds a NULL.
pub fn null_in_list(argument: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_NULL_VALUE_NOT_ALLOWED,
        format!("argument \"{argument}\" must not contain nulls"),
    )
}

/// An argument that must not be NULL.
pub fn argument_required(name: &str) -> Failure {
    Failure::new(Code::ERRCODE_NULL_VALUE_NOT_ALLOWED, format!("argument \"{name}\" must not be null"))
}

/// Something is to be written where transactions are read-only by a setting. The words are PostgreSQL's own.
pub fn read_only_by_default() -> Failure {
    Failure::new(
        Code::ERRCODE_READ_ONLY_SQL_TRANSACTION,
        "cannot execute what data_governance has to write in a read-only transaction",
    )
    .hint("SET default_transaction_read_only = off;")
}

/// A value that is not one of those allowed.
pub fn not_one_of(what: &str, value: &str, allowed: &[&str]) -> Failure {
    Failure::new(Code::ERRCODE_INVALID_PARAMETER_VALUE, format!("{what} \"{value}\" is not known"))
        .detail(format!("Allowed: {}.", allowed.join(", ")))
}

/// An act by somebody who lacks the duty.
pub fn duty_required(act: &str, duty: &str, who: &str, hint: String) -> Failure {
    Failure::new(Code::ERRCODE_INSUFFICIENT_PRIVILEGE, format!("{act} needs the duty {duty}"))
        .detail(format!("Role \"{who}\" does not hold it."))
        .hint(hint)
}

/// A weakening act without a reason.
pub fn reason_required(act: &str) -> Failure {
    Failure::new(Code::ERRCODE_INVALID_PARAMETER_VALUE, format!("{act} needs a reason"))
        .detail("It weakens protection, so the audit log has to say why.")
        .hint("Pass the argument reason, or: SET governance.reason = 'why';")
}

/// Something the design names and this version cannot do yet.
pub fn not_yet(what: &str) -> Failure {
    Failure::new(Code::ERRCODE_FEATURE_NOT_SUPPORTED, format!("{what} is not available in this version"))
        .hint("SELECT * FROM governance.status() lists what is.")
}

/// Something the mode of this session cannot hold.
pub fn mode_cannot_hold(what: &str, mode: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("{what} cannot be held in mode {mode}"),
    )
    .detail("The library must be loaded when a session starts.")
    .hint("SELECT * FROM governance.attach(); then reconnect.")
}
