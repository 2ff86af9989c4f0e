//! Errors of the registry.
use super::{Code, Failure};
use crate::pg::catalog::Name;

/// A relation that does not exist (any more).
pub fn no_such_relation(oid: u32) -> Failure {
    Failure::new(Code::ERRCODE_UNDEFINED_TABLE, format!("relation with oid {oid} does not exist"))
}

/// A relation that cannot be governed.
pub fn cannot_govern(name: &Name, why: &str) -> Failure {
    Failure::new(Code::ERRCODE_WRONG_OBJECT_TYPE, format!("{name} cannot be a dataset"))
        .detail(why)
        .hint("Tables, partitioned tables, views, materialized views and foreign tables of users can.")
}

/// A party nobody declared.
pub fn no_such_party(name: &str, known: &[String]) -> Failure {
    let known = if known.is_empty() { "none yet".to_string() } else { known.join(", ") };
    Failure::new(Code::ERRCODE_UNDEFINED_OBJECT, format!("party \"{name}\" is not declared"))
        .detail(format!("Declared parties: {known}."))
        .hint(format!(
            "SELECT governance.declare_party({}, db_roles => '{{some_role}}');",
            pgrx::spi::quote_literal(name)
        ))
}

/// A party that declarations still name.
pub fn party_in_use(name: &str, uses: &str) -> Failure {
    Failure::new(Code::ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST, format!("party \"{name}\" is still in use"))
        .detail(uses)
        .hint("Give those datasets another owner with governance.declare_dataset() first.")
}

/// A role that does not exist.
pub fn no_such_role(name: &str) -> Failure {
    Failure::new(Code::ERRCODE_UNDEFINED_OBJECT, format!("role \"{name}\" does not exist"))
}

/// A column that does not exist; names are matched exactly.
pub fn no_such_column(relation: &Name, column: &str, columns: &[String]) -> Failure {
    Failure::new(
        Code::ERRCODE_UNDEFINED_COLUMN,
        format!("column \"{column}\" of relation {relation} does not exist"),
    )
    .detail(format!("Columns: {}.", columns.join(", ")))
}

/// An identifier longer than PostgreSQL keeps.
pub fn identifier_too_long(what: &str, value: &str) -> Failure {
    Failure::new(Code::ERRCODE_NAME_TOO_LONG, format!("{what} \"{value}\" is longer than 63 bytes"))
        .detail("PostgreSQL would cut it, and it would name something else.")
}

/// A dataset nobody declared.
pub fn not_declared(name: &Name) -> Failure {
    Failure::new(Code::ERRCODE_UNDEFINED_OBJECT, format!("{name} is not declared")).hint(format!(
        "SELECT governance.declare_dataset({}, owner => 'some_party', class => 'transactional');",
        pgrx::spi::quote_literal(name.to_string())
    ))
}

/// A tag outside the vocabulary.
pub fn no_such_tag(tag: &str, known: &[String]) -> Failure {
    Failure::new(Code::ERRCODE_UNDEFINED_OBJECT, format!("tag \"{tag}\" is not in the vocabulary"))
        .detail(format!("Tags: {}.", known.join(", ")))
}

/// A column that does not bear the tag.
pub fn not_tagged(relation: &Name, column: &str, tag: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_UNDEFINED_OBJECT,
        format!("column \"{column}\" of {relation} is not tagged \"{tag}\""),
    )
    .hint("SELECT * FROM governance.column_tags;")
}

/// A feature that does not exist.
pub fn no_such_feature(feature: &str, known: &[String]) -> Failure {
    Failure::new(Code::ERRCODE_UNDEFINED_OBJECT, format!("feature \"{feature}\" is not known"))
        .detail(format!("Features: {}.", known.join(", ")))
        .hint("SELECT * FROM governance.features; SELECT * FROM governance.rules;")
}

/// A level the feature has no rung for.
pub fn no_such_rung(feature: &str, level: &str, rungs: &[String]) -> Failure {
    Failure::new(
        Code::ERRCODE_INVALID_PARAMETER_VALUE,
        format!("feature \"{feature}\" has no level \"{level}\""),
    )
    .detail(format!("Its levels: {}.", rungs.join(", ")))
}

/// A scope that does not parse, or names nothing.
pub fn bad_scope(scope: &str, why: &str) -> Failure {
    Failure::new(Code::ERRCODE_INVALID_PARAMETER_VALUE, format!("scope \"{scope}\" is not valid"))
        .detail(why)
        .hint("Examples: NULL, 'schema:sales', 'class:master', 'dataset:sales.orders'.")
}

/// An end that has passed already.
pub fn end_in_the_past(what: &str) -> Failure {
    Failure::new(Code::ERRCODE_INVALID_PARAMETER_VALUE, format!("{what} is in the past"))
}

/// Nobody grants a duty to themselves.
pub fn not_to_oneself(what: &str) -> Failure {
    Failure::new(Code::ERRCODE_INSUFFICIENT_PRIVILEGE, format!("nobody can grant {what} to themselves"))
        .hint("Ask another operator.")
}

/// A level that is not there to reset.
pub fn no_such_level(feature: &str, scope: Option<&str>) -> Failure {
    let on = scope.map(|s| format!(" on {s}")).unwrap_or_default();
    Failure::new(Code::ERRCODE_UNDEFINED_OBJECT, format!("no level is set for \"{feature}\"{on}"))
        .hint("SELECT * FROM governance.levels;")
}
