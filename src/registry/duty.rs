//! Duties: who may do what. Rights are judged by `current_user`.
use super::role;
use crate::core::registry::feature::Scope;
use crate::error;
use crate::pg::catalog::Name;
use crate::pg::regclass::Relation;
use crate::pg::{catalog, owner, roles, spi};
use std::collections::HashSet;

/// Whether a role holds a granted duty for the whole database, itself or through membership.
fn is_granted(duty: &str, member: pgrx::pg_sys::Oid) -> bool {
    let holders: Vec<String> = owner::run(|| {
        spi::select("SELECT role FROM governance.duty WHERE duty = $1 AND scope = ''", &[duty.into()], |r| {
            r.must(1)
        })
    });
    let place = format!("duty {duty}");
    holders.iter().filter_map(|h| role::meant(&place, h)).any(|h| roles::has_rights_of(member, h))
}

/// Whether the current user is an operator: superuser, or granted.
#[must_use]
pub fn is_operator() -> bool {
    roles::is_superuser(roles::current()) || is_granted("operator", roles::current())
}

/// Whether the current user is an auditor: superuser, or granted.
#[must_use]
pub fn is_auditor() -> bool {
    roles::is_superuser(roles::current()) || is_granted("auditor", roles::current())
}

/// Scopes for which the current user is an auditor, where it is none for the whole database.
#[must_use]
pub fn auditor_scopes() -> Vec<Scope> {
    let granted: Vec<(String, String)> = owner::run(|| {
        spi::select(
            "SELECT role, scope FROM governance.duty WHERE duty = 'auditor' AND scope <> ''",
            &[],
            |r| (r.must(1), r.must(2)),
        )
    });
    granted
        .iter()
        .filter(|(name, _)| {
            role::meant("duty auditor", name).is_some_and(|r| roles::has_rights_of(roles::current(), r))
        })
        .filter_map(|(_, scope)| Scope::parse(scope).ok())
        .collect()
}

/// Whether the current user is an auditor of a relation, which may be gone: of the whole database or of a scope that it
/// lies within.
#[must_use]
pub fn audits(name: &Name) -> bool {
    is_auditor() || {
        let scopes = auditor_scopes();
        !scopes.is_empty() && {
            let facts = super::dataset::facts(name);
            scopes.iter().any(|s| s.covers(&facts.schema, &facts.relation, facts.class.as_deref()))
        }
    }
}

/// Datasets that a party of the current user owns or stewards.
#[must_use]
pub fn own_datasets() -> HashSet<Name> {
    let parties: Vec<(String, Vec<String>)> = owner::run(|| {
        spi::select("SELECT name, db_roles FROM governance.party WHERE db_roles <> '{}'", &[], |r| {
            (r.must(1), r.must(2))
        })
    });
    let parties: Vec<String> =
        parties.into_iter().filter(|(name, of)| acts_for(name, of)).map(|(name, _)| name).collect();
    if parties.is_empty() {
        return HashSet::new();
    }
    let names: Vec<Name> = owner::run(|| {
        spi::select(
            "SELECT schema_name, relation_name FROM governance._dataset WHERE owner = ANY ($1) OR steward = ANY ($1)",
            &[parties.into()],
            |r| Name { schema: r.must(1), relation: r.must(2) },
        )
    });
    names.into_iter().collect()
}

/// Whether the current user holds a duty by name.
#[must_use]
pub fn holds(duty: &str) -> bool {
    match duty {
        "operator" => is_operator(),
        "auditor" => is_auditor(),
        _ => roles::is_superuser(roles::current()) || is_granted(duty, roles::current()),
    }
}

/// Whether the current user belongs to a party.
#[must_use]
pub fn is_of_party(party: &str) -> bool {
    let of: Vec<Vec<String>> = owner::run(|| {
        spi::select("SELECT db_roles FROM governance.party WHERE name = $1", &[party.into()], |r| r.must(1))
    });
    of.first().is_some_and(|of| acts_for(party, of))
}

/// Whether the current user is one of the roles of a party, or a member of one.
fn acts_for(party: &str, of: &[String]) -> bool {
    let place = format!("party {party}");
    of.iter().filter_map(|r| role::meant(&place, r)).any(|r| roles::has_rights_of(roles::current(), r))
}

/// Whether the current user owns a dataset: belongs to its party, or owns the relation where no party that has roles
/// is declared. Superusers own everything.
#[must_use]
pub fn is_owner(relation: Relation) -> bool {
    if roles::is_superuser(roles::current()) {
        return true;
    }
    match party_of(relation, "owner") {
        Some(party) if has_roles(&party) => is_of_party(&party),
        _ => owns_relation(relation),
    }
}

/// The party that is declared to own a dataset.
#[must_use]
pub fn owning_party(relation: Relation) -> Option<String> {
    party_of(relation, "owner")
}

/// Whether the current user is the steward of a dataset: of its steward party; where none is declared, an operator.
#[must_use]
pub fn is_steward(relation: Relation) -> bool {
    if roles::is_superuser(roles::current()) {
        return true;
    }
    match party_of(relation, "steward") {
        Some(party) if has_roles(&party) => is_of_party(&party),
        _ => is_operator(),
    }
}

fn owns_relation(relation: Relation) -> bool {
    catalog::relation_owner(relation.0).is_some_and(|o| roles::has_rights_of(roles::current(), o))
}

fn party_of(relation: Relation, column: &str) -> Option<String> {
    let name = catalog::relation_name(relation.0)?;
    let sql =
        format!("SELECT {column} FROM governance._dataset WHERE schema_name = $1 AND relation_name = $2");
    owner::run(|| {
        spi::select_one(&sql, &[name.schema.as_str().into(), name.relation.as_str().into()], |r| {
            r.get::<String>(1)
        })
    })
    .flatten()
}

fn has_roles(party: &str) -> bool {
    owner::run(|| {
        spi::select_one(
            "SELECT cardinality(db_roles) > 0 FROM governance.party WHERE name = $1",
            &[party.into()],
            |r| r.must(1),
        )
    })
    .unwrap_or(false)
}

/// Requires the duty operator.
pub fn require_operator(act: &str) {
    if !is_operator() {
        let me = roles::name(roles::current());
        let hint = format!(
            "A superuser can run: SELECT governance.grant_duty('operator', {});",
            pgrx::spi::quote_literal(&me)
        );
        error::duty_required(act, "operator", &me, hint).raise();
    }
}

/// Requires the duty owner of a dataset. Operators act for every owner, except where `strictly` (approvals).
pub fn require_owner(act: &str, relation: Relation, strictly: bool) {
    if is_owner(relation) || (!strictly && is_operator()) {
        return;
    }
    let me = roles::name(roles::current());
    let hint = match party_of(relation, "owner") {
        Some(party) => format!("Ask party \"{party}\", which owns {}.", relation.name()),
        None => format!("Ask the owner of relation {}.", relation.name()),
    };
    error::duty_required(act, "owner", &me, hint).raise();
}

/// Whether the caller may advance a change to a dataset.
#[must_use]
pub fn is_owner_or_operator(relation: Relation) -> bool {
    is_owner(relation) || is_operator()
}

/// Requires the duty steward of a dataset.
pub fn require_steward(act: &str, relation: Relation) {
    if is_steward(relation) {
        return;
    }
    let me = roles::name(roles::current());
    let hint = match party_of(relation, "steward") {
        Some(party) => format!("Ask party \"{party}\", the steward of {}.", relation.name()),
        None => "No steward is declared, so an operator decides.".to_string(),
    };
    error::duty_required(act, "steward", &me, hint).raise();
}

/// Requires what it takes to give a dataset another steward, or none: the duty steward, since that is who may weaken.
/// Where it has none, its owner may appoint a party of others.
pub fn require_may_appoint(relation: Relation, steward: Option<&str>, clears: bool) {
    let now = party_of(relation, "steward");
    let changes = steward.map_or(clears, |s| now.as_deref() != Some(s));
    if !changes || is_operator() {
        return;
    }
    if now.is_some() || steward.is_some_and(is_of_party) {
        require_steward("appointing the steward", relation);
    }
}

/// The reason of a weakening act: the argument, else `governance.reason`; refused without either.
#[must_use]
pub fn reason_for(act: &str, given: Option<&str>) -> String {
    reason_given(given).unwrap_or_else(|| error::reason_required(act).raise())
}

/// The same, None without either.
#[must_use]
pub fn reason_given(given: Option<&str>) -> Option<String> {
    let given = given.map(str::trim).filter(|r| !r.is_empty()).map(String::from);
    given.or_else(|| crate::settings::text(&crate::settings::REASON))
}
