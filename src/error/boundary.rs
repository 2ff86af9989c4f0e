//! Errors of boundary.
use super::{Code, Failure};
use crate::pg::catalog::Name;
use pgrx::spi::quote_literal;

/// A write that crosses the boundary of a dataset.
pub struct Crossing<'a> {
    /// The dataset.
    pub name: &'a Name,
    /// INSERT, UPDATE, DELETE or TRUNCATE.
    pub op: &'a str,
    /// Who wrote.
    pub role: &'a str,
    /// Who may.
    pub writers: &'a [String],
}

impl Crossing<'_> {
    fn message(&self) -> String {
        format!("role \"{}\" is not a declared writer of {}", self.role, self.name)
    }

    fn facts(&self) -> String {
        format!("Statement: {}. Declared writers: {}.", self.op, self.writers.join(", "))
    }

    fn way_out(&self) -> String {
        let relation = quote_literal(self.name.to_string());
        let scope = quote_literal(format!("dataset:{}", self.name));
        format!(
            "Its owner can run: SELECT governance.declare_writer({relation}, {}); an operator: SELECT governance.set_level('boundary.writers', 'observe', {scope}, 'why');",
            quote_literal(self.role)
        )
    }
}

/// A write that is let through with a warning.
pub fn stranger(crossing: &Crossing) -> Failure {
    Failure::new(Code::ERRCODE_WARNING, crossing.message()).detail(crossing.facts()).hint(crossing.way_out())
}

/// A write that is refused.
pub fn refused(crossing: &Crossing, number: u32) -> Failure {
    Failure::new(Code::ERRCODE_INSUFFICIENT_PRIVILEGE, crossing.message())
        .detail(format!("{} This is refusal {number} in the server log.", crossing.facts()))
        .hint(crossing.way_out())
}

/// The record of a refusal, which survives when the statement does not.
pub fn refusal(crossing: &Crossing, number: u32, session: &str, application: &str) -> Failure {
    Failure::new(Code::ERRCODE_INSUFFICIENT_PRIVILEGE, format!("refusal {number}: {}", crossing.message()))
        .detail(format!("{} Session user: {session}. Application: {application}.", crossing.facts()))
}

/// A relation that nothing is written to.
pub fn cannot_have_writers(name: &Name) -> Failure {
    Failure::new(Code::ERRCODE_WRONG_OBJECT_TYPE, format!("{name} cannot have declared writers"))
        .detail("Its rows are those of other relations.")
        .hint("Tables, partitioned tables and foreign tables can: declare writers of the tables below it.")
}

/// A role that was not declared.
pub fn not_a_writer(name: &Name, role: &str, writers: &[String]) -> Failure {
    let writers = if writers.is_empty() { "none".to_string() } else { writers.join(", ") };
    Failure::new(
        Code::ERRCODE_UNDEFINED_OBJECT,
        format!("role \"{role}\" is not a declared writer of {name}"),
    )
    .detail(format!("Declared writers: {writers}."))
    .hint("SELECT * FROM governance.writers;")
}
