//! Errors of the registry.
use super::{Code, Failure};
use crate::core::registry::manifest::{MOST_PROBLEMS, Problem};
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

/// A party that declarations still name; with a relation that it reads under a contract, if any.
pub fn party_in_use(name: &str, uses: &str, reads: Option<&str>) -> Failure {
    let party = pgrx::spi::quote_literal(name);
    let mut hint = format!(
        "All of it goes to another party with: SELECT * FROM governance.transfer_party({party}, 'another_party');"
    );
    if let Some(relation) = reads {
        let relation = pgrx::spi::quote_literal(relation);
        hint += &format!("\nA contract ends with: SELECT governance.forget_consumer({relation}, {party});");
    }
    Failure::new(Code::ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST, format!("party \"{name}\" is still in use"))
        .detail(uses)
        .hint(hint)
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

/// Texts that may be absent, but not empty: what is empty says nothing, and no manifest can bring it.
pub fn require_words(texts: &[(&str, Option<&str>)]) {
    for (what, text) in texts {
        if text.is_some_and(|t| t.trim().is_empty()) {
            empty(what).raise();
        }
    }
}

/// A party that governs datasets and would have nobody who acts for it.
pub fn party_needs_roles(name: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_INSUFFICIENT_PRIVILEGE,
        format!("party \"{name}\" needs roles that act for it"),
    )
    .detail("Without them what it owns falls to the owners of relations, and what it stewards to operators.")
    .hint(format!(
        "SELECT governance.declare_party({}, db_roles => '{{some_role}}');",
        pgrx::spi::quote_literal(name)
    ))
}

/// A time that has to be one.
pub fn not_a_date(what: &str) -> Failure {
    Failure::new(Code::ERRCODE_INVALID_PARAMETER_VALUE, format!("{what} must be a date, not infinity"))
}

/// A feature whose events nobody records, so that nothing can be replayed.
pub fn not_recorded(feature: &str, recorded: &[&str]) -> Failure {
    Failure::new(
        Code::ERRCODE_FEATURE_NOT_SUPPORTED,
        format!("what \"{feature}\" would have done is not recorded"),
    )
    .detail(format!("Recorded, and replayed, are: {}.", recorded.join(", ")))
    .hint("SELECT * FROM governance.effective_levels('some.relation');")
}

/// A party that is to take over from itself.
pub fn same_party(name: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_INVALID_PARAMETER_VALUE,
        format!("party \"{name}\" cannot take over from itself"),
    )
}

/// A column that is to be replaced by itself.
pub fn replaces_itself(name: &Name, column: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_INVALID_PARAMETER_VALUE,
        format!("column \"{column}\" of {name} cannot be its own replacement"),
    )
}

/// A column that is not deprecated.
pub fn not_deprecated(name: &Name, column: &str) -> Failure {
    Failure::new(Code::ERRCODE_UNDEFINED_OBJECT, format!("column \"{column}\" of {name} is not deprecated"))
        .hint("SELECT * FROM governance.deprecations;")
}

/// Contracts that promise a column for longer than it lives.
pub fn promised_beyond_sunset(name: &Name, column: &str, consumers: &[String]) -> Failure {
    Failure::new(
        Code::ERRCODE_SUCCESSFUL_COMPLETION,
        format!("column \"{column}\" of {name} is promised beyond its sunset"),
    )
    .detail(format!("Consumers: {}.", consumers.join(", ")))
    .hint(format!(
        "SELECT governance.declare_consumer({}, 'party', columns => '{{…}}', valid_until => '…');",
        pgrx::spi::quote_literal(name.to_string())
    ))
}

/// What the user of a deprecated column is told.
pub fn deprecated(name: &Name, column: &str, until: &str, over: bool, replacement: Option<&str>) -> Failure {
    let when = if over { "since" } else { "and goes away on" };
    replaced_by(
        Failure::new(
            Code::ERRCODE_WARNING_DEPRECATED_FEATURE,
            if over {
                format!("column \"{column}\" of {name} is past its sunset {when} {until}")
            } else {
                format!("column \"{column}\" of {name} is deprecated {when} {until}")
            },
        ),
        replacement,
    )
}

/// A statement that uses a column past its sunset, where that is refused.
pub fn past_sunset(number: u32, name: &Name, column: &str, replacement: Option<&str>) -> Failure {
    let failure = Failure::new(
        Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("column \"{column}\" of {name} is past its sunset and may not be used any more"),
    )
    .detail(format!("Refusal {number}."));
    match replacement {
        Some(replacement) => failure.hint(format!("Use instead: {replacement}.")),
        None => failure.hint(format!(
            "A steward can open it: SELECT governance.undeprecate_column({}, {}, reason => 'why');",
            pgrx::spi::quote_literal(name.to_string()),
            pgrx::spi::quote_literal(column)
        )),
    }
}

/// The same for who may not know what is below the view or function.
pub fn past_sunset_below(number: u32) -> Failure {
    Failure::new(
        Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        "the statement uses a column that is past its sunset",
    )
    .detail(format!("Refusal {number}."))
    .hint("Ask the owner of what it reads.")
}

/// The line of the server log about it.
pub fn past_sunset_logged(number: u32, name: &Name, column: &str, role: &str, statement: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!(
            "governance refusal {number}: role \"{role}\" used column \"{column}\" of {name} past its sunset"
        ),
    )
    .detail(format!("Statement: {statement}"))
}

fn replaced_by(failure: Failure, replacement: Option<&str>) -> Failure {
    match replacement {
        Some(replacement) => failure.hint(format!("Use instead: {replacement}.")),
        None => failure.detail("No replacement is declared."),
    }
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

/// A text that must not be empty.
pub fn empty(what: &str) -> Failure {
    Failure::new(Code::ERRCODE_INVALID_PARAMETER_VALUE, format!("{what} must not be empty"))
}

/// A JSON value that must be an array.
pub fn not_an_array(what: &str) -> Failure {
    Failure::new(Code::ERRCODE_INVALID_PARAMETER_VALUE, format!("{what} must be a JSON array"))
        .detail("Example: [{\"what\": \"MongoDB\", \"why_not\": \"joins\"}].")
}

/// A party that does not read this dataset.
pub fn not_a_consumer(name: &Name, party: &str) -> Failure {
    Failure::new(Code::ERRCODE_UNDEFINED_OBJECT, format!("party \"{party}\" is not a consumer of {name}"))
        .hint("SELECT * FROM governance.consumers;")
}

/// A decision nobody recorded.
pub fn no_such_decision(title: &str) -> Failure {
    Failure::new(Code::ERRCODE_UNDEFINED_OBJECT, format!("decision \"{title}\" is not recorded"))
        .hint("SELECT title FROM governance.decisions;")
}

/// A duty that cannot be limited to a scope.
pub fn duty_has_no_scope(duty: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_INVALID_PARAMETER_VALUE,
        format!("the duty {duty} cannot be limited to a scope"),
    )
    .detail("Only auditor can: it then sees what lies within the scope.")
}

/// A duty nobody granted.
pub fn duty_not_granted(duty: &str, role: &str) -> Failure {
    Failure::new(Code::ERRCODE_UNDEFINED_OBJECT, format!("role \"{role}\" does not hold the duty {duty}"))
        .hint("SELECT * FROM governance.duties;")
}

/// An act that PostgreSQL itself reserves to superusers.
pub fn superuser_required(act: &str, statement: &str) -> Failure {
    Failure::new(Code::ERRCODE_INSUFFICIENT_PRIVILEGE, format!("{act} needs a superuser"))
        .detail("PostgreSQL lets nobody else change session_preload_libraries.")
        .hint(format!("A superuser can run: {statement}"))
}

/// A proposal that does not exist, or is not the caller's to see.
pub fn no_such_proposal(id: i64) -> Failure {
    Failure::new(Code::ERRCODE_UNDEFINED_OBJECT, format!("proposal {id} does not exist"))
        .hint("SELECT * FROM governance.proposals;")
}

/// A proposal that was decided the other way.
pub fn proposal_decided(id: i64, state: &str) -> Failure {
    Failure::new(Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, format!("proposal {id} was {state} already"))
        .detail("A decision about a proposal stands.")
        .hint("State it directly: governance.declare_dataset(), governance.tag_column() or their inverses.")
}

/// A proposal that cannot be accepted as it is.
pub fn proposal_not_acceptable(id: i64, why: &str) -> Failure {
    Failure::new(Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, format!("proposal {id} cannot be accepted"))
        .detail(why)
        .hint(
            "State it directly with governance.declare_dataset(), or governance.reject_proposal(id, reason).",
        )
}

/// Things in a manifest that cannot be, each with its path.
pub fn bad_manifest(problems: &[Problem]) -> Failure {
    let (first, others) =
        (problems.first().map_or("$", |p| p.path.as_str()), problems.len().saturating_sub(1));
    let message = match others {
        0 => format!("the manifest is not valid at {first}"),
        1 => format!("the manifest is not valid at {first} and one more place"),
        _ => format!("the manifest is not valid at {first} and {others} more places"),
    };
    let detail: Vec<String> = problems
        .iter()
        .take(MOST_PROBLEMS)
        .map(|p| {
            let place = if others == 0 { String::new() } else { format!("{}: ", p.path) };
            format!("{place}There is {}. Allowed: {}.", p.what, p.allowed)
        })
        .collect();
    Failure::new(Code::ERRCODE_INVALID_PARAMETER_VALUE, message)
        .detail(detail.join("\n"))
        .hint("SELECT jsonb_pretty(governance.manifest_schema());")
}

/// A manifest that names a relation which is not here.
pub fn manifest_relation_missing(relation: &str) -> Failure {
    Failure::new(Code::ERRCODE_UNDEFINED_TABLE, format!("relation {relation} does not exist")).hint(
        "Create it first, or leave it out: SELECT * FROM governance.apply_manifest(:'m', missing => 'skip');",
    )
}

/// A manifest that names a column which is not here, and does not say so.
pub fn manifest_column_missing(relation: &str, column: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_UNDEFINED_COLUMN,
        format!("column \"{column}\" of relation {relation} does not exist"),
    )
    .hint(
        "Correct it, state that it waits (\"waits\": true), or leave it out: \
         SELECT * FROM governance.apply_manifest(:'m', missing => 'skip');",
    )
}

/// A manifest that wants softer levels for a dataset that was declared one by one.
pub fn stays_single(name: &Name) -> Failure {
    Failure::new(
        Code::ERRCODE_SUCCESSFUL_COMPLETION,
        format!("{name} stays declared one by one, although the manifest says in_bulk"),
    )
    .hint("Softer levels are set with governance.set_level().")
}

/// What a manifest cannot change.
pub fn mask_by_manifest(tag: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_FEATURE_NOT_SUPPORTED,
        format!("the mask of tag \"{tag}\" is changed by set_mask() only"),
    )
    .detail("A changed mask weakens protection and takes effect only after commit.")
    .hint(format!("SELECT governance.set_mask({}, 'null', reason => 'why');", pgrx::spi::quote_literal(tag)))
}

/// A confidence outside of 0 to 1.
pub fn not_a_confidence(value: f32) -> Failure {
    Failure::new(
        Code::ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
        format!("min_confidence {value} is not between 0 and 1"),
    )
}

/// A party that a manifest takes away together with its datasets.
pub fn party_waits(name: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_SUCCESSFUL_COMPLETION,
        format!(
            "party \"{name}\" stays: its datasets are forgotten only once this transaction has committed"
        ),
    )
    .hint("Apply the manifest again afterwards.")
}

/// What a declaration changes for those who change the relation, and how to soften it.
pub fn now_refused(name: &Name, refused: &str, warned: &str) -> Failure {
    let mut what = Vec::new();
    if !refused.is_empty() {
        what.push(format!("refused from now on: {refused}"));
    }
    if !warned.is_empty() {
        what.push(format!("warned about: {warned}"));
    }
    Failure::new(Code::ERRCODE_SUCCESSFUL_COMPLETION, format!("{name} is declared; {}", what.join("; ")))
        .hint(format!(
            "An operator softens it: SELECT governance.set_level('guard', 'warn', {}, reason => 'why');",
            pgrx::spi::quote_literal(format!("dataset:{name}"))
        ))
}

/// A relation on which the caller has neither a privilege nor a duty.
pub fn not_to_be_seen(name: &Name) -> Failure {
    Failure::new(Code::ERRCODE_INSUFFICIENT_PRIVILEGE, format!("permission denied for relation {name}"))
        .detail("Asking about a relation takes any privilege on it, or a duty.")
}

/// A tag that columns still bear.
pub fn tag_in_use(tag: &str, columns: &str) -> Failure {
    Failure::new(Code::ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST, format!("tag \"{tag}\" is still in use"))
        .detail(format!("Borne by {columns}."))
        .hint(format!(
            "SELECT relation, column_name FROM governance.column_tags WHERE tag = {};",
            pgrx::spi::quote_literal(tag)
        ))
}

/// A level that lowers something below the feature it names, without a reason.
pub fn lowers_below(feature: &str, below: &str, from: &str, to: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_INVALID_PARAMETER_VALUE,
        format!("this level of {feature} lowers {below} and needs a reason"),
    )
    .detail(format!("{below} would fall from {from} to {to}. The audit log has to say why."))
    .hint("Pass the argument reason, or: SET governance.reason = 'why';")
}

/// What a level refuses from now on, and how to soften it.
pub fn level_refuses(feature: &str, scope: &str, refused: &str, warned: &str) -> Failure {
    let softer = if refused.is_empty() { "observe" } else { "warn" };
    let what = [("refused from now on: ", refused), ("warned about: ", warned)];
    let what = what.iter().filter(|(_, list)| !list.is_empty()).map(|(how, list)| format!("{how}{list}"));
    let (on, scope) = match scope {
        "" => (String::new(), String::new()),
        _ => (format!(" on {scope}"), format!(", {}", pgrx::spi::quote_literal(scope))),
    };
    Failure::new(
        Code::ERRCODE_SUCCESSFUL_COMPLETION,
        format!("{feature} is raised{on}; {}", what.collect::<Vec<_>>().join("; ")),
    )
    .hint(format!(
        "An operator softens it: SELECT governance.set_level('{feature}', '{softer}'{scope}, reason => 'why');"
    ))
}

/// What is below a feature that was raised, and the mode of this session does not hold.
pub fn not_held_below(features: &[&str], mode: &str) -> Failure {
    /// At most this many are named; `status()` and `rules` list all.
    const NAMED: usize = 4;
    let mut named = features.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    if features.len() > NAMED {
        named.push_str(&format!(" and {} more", features.len() - NAMED));
    }
    Failure::new(Code::ERRCODE_SUCCESSFUL_COMPLETION, format!("not held in mode {mode}: {named}"))
        .detail(
            "Sessions that begin after attach() hold it; everything else that was raised is held already.",
        )
        .hint("SELECT * FROM governance.attach();")
}

/// A column that PostgreSQL keeps in every table for itself.
pub fn system_column(relation: &Name, column: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_INVALID_COLUMN_REFERENCE,
        format!("column \"{column}\" of {relation} is a system column"),
    )
    .detail("System columns hold nothing of the users', and cannot be governed.")
}

/// A value that a list names twice.
pub fn twice(what: &str, value: &str) -> Failure {
    Failure::new(Code::ERRCODE_INVALID_PARAMETER_VALUE, format!("{what} names \"{value}\" twice"))
}

/// A replacement that reads like a column and is none.
pub fn no_such_replacement(relation: &Name, replacement: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_UNDEFINED_COLUMN,
        format!("replacement \"{replacement}\" is no column of {relation}"),
    )
    .detail("A replacement is a column of the same relation, or words: more than one.")
}
