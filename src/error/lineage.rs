//! Errors of lineage.
use super::{Code, Failure};

/// Text without a statement.
pub fn no_statement() -> Failure {
    Failure::new(Code::ERRCODE_SYNTAX_ERROR, "there is no statement to follow")
        .hint("SELECT * FROM governance.lineage('SELECT 1');")
}

/// More than one statement at once.
pub fn several_statements(count: usize) -> Failure {
    Failure::new(Code::ERRCODE_SYNTAX_ERROR, format!("{count} statements were given where one is expected"))
        .detail("Later statements could depend on what earlier ones create, and nothing is run here.")
        .hint("Call governance.lineage() once for each.")
}

/// A statement that moves no column anywhere, or whose movements are not visible in it.
pub fn no_lineage(command: &str) -> Failure {
    Failure::new(Code::ERRCODE_FEATURE_NOT_SUPPORTED, format!("{command} has no lineage that can be followed"))
        .detail(
            "Followed are SELECT, INSERT, UPDATE, DELETE, MERGE, CREATE VIEW, CREATE MATERIALIZED VIEW, CREATE TABLE AS \
             and SELECT INTO, also inside EXPLAIN, PREPARE, DECLARE CURSOR and COPY (query) TO.",
        )
        .hint("Pass the query itself: SELECT * FROM governance.lineage('SELECT …');")
}

/// A walk of no steps.
pub fn depth_below_one(depth: i32) -> Failure {
    Failure::new(Code::ERRCODE_INVALID_PARAMETER_VALUE, format!("max_depth must be at least 1, not {depth}"))
        .hint("NULL walks as far as it goes.")
}

/// A relation that the caller has no privilege on.
pub fn may_not_see(relation: &str) -> Failure {
    Failure::new(Code::ERRCODE_INSUFFICIENT_PRIVILEGE, format!("permission denied for lineage of {relation}"))
        .detail("It is shown to roles with any privilege on the relation, and to operators and auditors.")
}

/// An end of a flow that says nothing or too much.
pub fn bad_end(which: &str, why: &str) -> Failure {
    Failure::new(Code::ERRCODE_INVALID_PARAMETER_VALUE, format!("the {which} of a flow is not valid")).detail(why).hint(
        "Examples: 'kafka://orders/customer_email' for something outside, 'sales.orders', 'sales.orders.total'.",
    )
}

/// A flow between two ends that the server sees by itself.
pub fn same_ends() -> Failure {
    Failure::new(Code::ERRCODE_INVALID_PARAMETER_VALUE, "source and target of a flow are the same")
}

/// A flow nobody declared.
pub fn no_such_flow(source: &str, target: &str) -> Failure {
    Failure::new(Code::ERRCODE_UNDEFINED_OBJECT, format!("no flow from {source} to {target} is declared"))
        .hint("SELECT * FROM governance.flows WHERE evidence = 'declared';")
}
