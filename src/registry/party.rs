//! Parties: teams, persons and services, tied to database roles.
use crate::audit::{self, Act};
use crate::error;
use crate::pg::{cache, owner, roles, spi};
use serde_json::{Value, json};

/// What a party can be.
pub const KINDS: [&str; 3] = ["team", "person", "service"];

/// Declares or changes a party.
pub fn declare(name: &str, kind: Option<&str>, db_roles: Option<&[String]>, contact: Option<&str>) {
    if name.trim().is_empty() {
        error::registry::empty("the name of a party").raise();
    }
    if let Some(kind) = kind
        && !KINDS.contains(&kind)
    {
        error::not_one_of("kind of party", kind, &KINDS).raise();
    }
    error::registry::require_words(&[("contact", contact)]);
    for role in db_roles.unwrap_or_default() {
        if roles::oid(role).is_none() {
            error::registry::no_such_role(role).raise();
        }
    }
    super::role::follow();
    let before = get(name);
    let place = format!("party {name}");
    // Who belongs to a party has its duties. Superusers have all of them anyway.
    if !roles::is_superuser(roles::current()) {
        // A role of the name of one that is gone is somebody else.
        let had = |role: &str| {
            super::role::meant(&place, role) == roles::oid(role)
                && before
                    .as_ref()
                    .and_then(|b| b["db_roles"].as_array())
                    .is_some_and(|of| of.iter().any(|r| r == role))
        };
        let mut added = db_roles.unwrap_or_default().iter().filter(|role| !had(role));
        if added.any(|role| roles::oid(role).is_some_and(super::grant::is_oneself)) {
            error::registry::not_to_oneself(&format!("membership in party \"{name}\"")).raise();
        }
        // Without roles what it owns and stewards would fall to relation owners and operators.
        let is_emptied = db_roles.is_some_and(<[String]>::is_empty)
            && before.as_ref().and_then(|b| b["db_roles"].as_array()).is_some_and(|of| !of.is_empty());
        if is_emptied && governs(name) {
            error::registry::party_needs_roles(name).raise();
        }
    }
    let me = roles::name(roles::current());
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.party AS p (name, kind, db_roles, contact, declared_by)
             VALUES ($1, coalesce($2, 'team'), coalesce($3, '{}'), $4, $5)
             ON CONFLICT (name) DO UPDATE
                SET kind = coalesce($2, p.kind), db_roles = coalesce($3, p.db_roles), contact = coalesce($4, p.contact),
                    declared_at = now(), declared_by = excluded.declared_by",
            &[
                name.into(),
                kind.into(),
                db_roles.map(<[String]>::to_vec).into(),
                contact.into(),
                me.as_str().into(),
            ],
        )
    });
    let mut rebound = false;
    for role in db_roles.unwrap_or_default() {
        rebound |= super::role::bind(&place, role);
    }
    if rebound {
        cache::touch();
    }
    let after = get(name);
    if rebound || before != after {
        audit::act(Act { verb: "declare_party", object: name, relation: None, before, after, reason: None });
    }
}

/// Forgets a party that nothing names any more.
pub fn forget(name: &str) {
    let before = get(name);
    if before.is_none() {
        error::registry::no_such_party(name, &names()).raise();
    }
    let uses: Vec<String> = owner::run(|| {
        // Waits for those who are about to name it.
        spi::execute("SELECT FROM governance.party WHERE name = $1 FOR UPDATE", &[name.into()]);
        // As of now, whatever the transaction's snapshot is.
        spi::select_latest(
            "SELECT format('%I.%I', schema_name, relation_name) FROM governance._dataset
              WHERE $1 IN (owner, steward, arbiter)
             UNION SELECT 'consumer of ' || format('%I.%I', schema_name, relation_name) FROM governance.consumer WHERE party = $1
             UNION SELECT 'decision ' || title FROM governance.decision WHERE owner = $1
             UNION SELECT 'waiver of ' || object FROM governance.waiver WHERE owner = $1
             ORDER BY 1 LIMIT 10",
            &[name.into()],
            |r| r.must(1),
        )
    });
    if !uses.is_empty() {
        let reads = uses.iter().find_map(|u| u.strip_prefix("consumer of "));
        error::registry::party_in_use(name, &format!("Named by {}.", uses.join(", ")), reads).raise();
    }
    owner::run(|| {
        spi::execute(
            "DELETE FROM governance.dataset WHERE forgotten_by_xid IS NOT NULL AND $1 IN (owner, steward, arbiter)",
            &[name.into()],
        );
        spi::execute("DELETE FROM governance.party WHERE name = $1", &[name.into()])
    });
    audit::act(Act { verb: "forget_party", object: name, relation: None, before, after: None, reason: None });
}

/// Whether it owns or stewards a dataset.
fn governs(name: &str) -> bool {
    owner::run(|| {
        spi::select_one(
            "SELECT EXISTS (SELECT FROM governance._dataset WHERE $1 IN (owner, steward))",
            &[name.into()],
            |r| r.must::<bool>(1),
        )
    })
    .unwrap_or(true)
}

/// Empties the contact of a party.
pub fn forget_contact(name: &str) {
    let before = get(name);
    owner::run(|| spi::execute("UPDATE governance.party SET contact = NULL WHERE name = $1", &[name.into()]));
    audit::act(Act {
        verb: "declare_party",
        object: name,
        relation: None,
        before,
        after: get(name),
        reason: None,
    });
}

/// A party as JSON, None when it is not declared.
#[must_use]
pub fn get(name: &str) -> Option<Value> {
    owner::run(|| {
        spi::select_one(
            "SELECT kind, db_roles, contact FROM governance.party WHERE name = $1",
            &[name.into()],
            |r| json!({"kind": r.get::<String>(1), "db_roles": r.get::<Vec<String>>(2), "contact": r.get::<String>(3)}),
        )
    })
}

/// The database roles that act for a party.
#[must_use]
pub fn roles_of(name: &str) -> Vec<String> {
    owner::run(|| {
        spi::select_one("SELECT db_roles FROM governance.party WHERE name = $1", &[name.into()], |r| {
            r.must(1)
        })
    })
    .unwrap_or_default()
}

/// Names of all parties.
#[must_use]
pub fn names() -> Vec<String> {
    owner::run(|| spi::select("SELECT name FROM governance.party ORDER BY name", &[], |r| r.must(1)))
}

/// Raises when a party is not declared; keeps it from being forgotten until the transaction ends.
pub fn require(name: &str) {
    let kept = owner::run(|| {
        spi::execute("SELECT FROM governance.party WHERE name = $1 FOR KEY SHARE", &[name.into()])
    });
    if kept == 0 {
        error::registry::no_such_party(name, &names()).raise();
    }
}
