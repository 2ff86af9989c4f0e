//! Datasets: governed relations and what people state about them.
use super::{duty, party};
use crate::audit::{self, Act};
use crate::core::registry::feature::CLASSES;
use crate::core::registry::level::{Declared, Facts};
use crate::error;
use crate::pg::catalog::{self, Name};
use crate::pg::regclass::Relation;
use crate::pg::{owner, roles, spi};
use pgrx::datum::Interval;
use serde_json::Value;
use std::collections::HashMap;

/// What consumers may rely on.
pub const CONSISTENCIES: [&str; 3] = ["strong", "causal", "eventual"];

/// What `clear` can empty.
pub const CLEARABLE: [&str; 9] = [
    "owner",
    "class",
    "steward",
    "domain",
    "concept",
    "arbiter",
    "consistency",
    "max_staleness",
    "description",
];

/// What is stated about a dataset; None leaves as it is.
#[derive(Default)]
pub struct Statement {
    /// Owning party.
    pub owner: Option<String>,
    /// Class.
    pub class: Option<String>,
    /// Steward party.
    pub steward: Option<String>,
    /// Business domain.
    pub domain: Option<String>,
    /// Business concept.
    pub concept: Option<String>,
    /// Party that decides when sources disagree.
    pub arbiter: Option<String>,
    /// strong, causal or eventual.
    pub consistency: Option<String>,
    /// Bound on staleness.
    pub max_staleness: Option<Interval>,
    /// Plain words.
    pub description: Option<String>,
    /// Fields to empty.
    pub clear: Vec<String>,
    /// Declared in bulk: softer defaults.
    pub in_bulk: bool,
}

/// Checks that a relation can be governed and returns its name.
pub fn governable(relation: Relation) -> Name {
    let name = relation.name();
    match catalog::relation_kind(relation.0) {
        Some(b'r' | b'p' | b'v' | b'm' | b'f') => {}
        _ => error::registry::cannot_govern(&name, "It is not a table, view or the like.").raise(),
    }
    if catalog::is_temporary(relation.0) {
        error::registry::cannot_govern(&name, "It is temporary.").raise();
    }
    if ["pg_catalog", "information_schema", catalog::SCHEMA].contains(&name.schema.as_str()) {
        error::registry::cannot_govern(&name, "It belongs to the system.").raise();
    }
    name
}

/// Declares a dataset, or changes what is declared.
pub fn declare(relation: Relation, s: Statement) {
    let name = governable(relation);
    check(relation, &s);
    let before = get(&name);
    let me = roles::name(roles::current());
    let clears = |field: &str| s.clear.iter().any(|c| c == field);
    let changed = owner::run(|| {
        spi::execute(
            "INSERT INTO governance.dataset AS d (schema_name, relation_name, owner, class, steward, domain, concept,
                    arbiter, consistency, max_staleness, description, in_bulk, declared_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
             ON CONFLICT (schema_name, relation_name) DO UPDATE SET
                owner = coalesce($3, CASE WHEN $14 OR d.forgotten_by_xid IS NOT NULL THEN NULL ELSE d.owner END),
                class = coalesce($4, CASE WHEN $15 OR d.forgotten_by_xid IS NOT NULL THEN NULL ELSE d.class END),
                steward = coalesce($5, CASE WHEN $16 OR d.forgotten_by_xid IS NOT NULL THEN NULL ELSE d.steward END),
                domain = coalesce($6, CASE WHEN $17 OR d.forgotten_by_xid IS NOT NULL THEN NULL ELSE d.domain END),
                concept = coalesce($7, CASE WHEN $18 OR d.forgotten_by_xid IS NOT NULL THEN NULL ELSE d.concept END),
                arbiter = coalesce($8, CASE WHEN $19 OR d.forgotten_by_xid IS NOT NULL THEN NULL ELSE d.arbiter END),
                consistency = coalesce($9, CASE WHEN $20 OR d.forgotten_by_xid IS NOT NULL THEN NULL ELSE d.consistency END),
                max_staleness = coalesce($10, CASE WHEN $21 OR d.forgotten_by_xid IS NOT NULL THEN NULL ELSE d.max_staleness END),
                description = coalesce($11, CASE WHEN $22 OR d.forgotten_by_xid IS NOT NULL THEN NULL ELSE d.description END),
                in_bulk = $12 AND (d.in_bulk OR d.forgotten_by_xid IS NOT NULL),
                was_class = CASE WHEN d.changed_by_xid = pg_current_xact_id() THEN d.was_class ELSE d.class END,
                was_in_bulk = CASE WHEN d.changed_by_xid = pg_current_xact_id() THEN d.was_in_bulk ELSE d.in_bulk END,
                changed_by_xid = pg_current_xact_id(),
                declared_at = now(), declared_by = $13, forgotten_by_xid = NULL
              WHERE d.forgotten_by_xid IS NOT NULL
                 OR (d.owner, d.class, d.steward, d.domain, d.concept, d.arbiter, d.consistency, d.max_staleness, d.description, d.in_bulk)
                    IS DISTINCT FROM
                    (coalesce($3, CASE WHEN $14 THEN NULL ELSE d.owner END),
                        coalesce($4, CASE WHEN $15 THEN NULL ELSE d.class END),
                        coalesce($5, CASE WHEN $16 THEN NULL ELSE d.steward END),
                        coalesce($6, CASE WHEN $17 THEN NULL ELSE d.domain END),
                        coalesce($7, CASE WHEN $18 THEN NULL ELSE d.concept END),
                        coalesce($8, CASE WHEN $19 THEN NULL ELSE d.arbiter END),
                        coalesce($9, CASE WHEN $20 THEN NULL ELSE d.consistency END),
                        coalesce($10, CASE WHEN $21 THEN NULL ELSE d.max_staleness END),
                        coalesce($11, CASE WHEN $22 THEN NULL ELSE d.description END),
                        $12 AND d.in_bulk)",
            &[
                name.schema.as_str().into(),
                name.relation.as_str().into(),
                s.owner.clone().into(),
                s.class.clone().into(),
                s.steward.clone().into(),
                s.domain.clone().into(),
                s.concept.clone().into(),
                s.arbiter.clone().into(),
                s.consistency.clone().into(),
                s.max_staleness.into(),
                s.description.clone().into(),
                s.in_bulk.into(),
                me.as_str().into(),
                clears("owner").into(),
                clears("class").into(),
                clears("steward").into(),
                clears("domain").into(),
                clears("concept").into(),
                clears("arbiter").into(),
                clears("consistency").into(),
                clears("max_staleness").into(),
                clears("description").into(),
            ],
        )
    });
    super::identity::bind(relation.0, &name);
    if changed == 0 {
        return; // stated before, word for word
    }
    let after = get(&name);
    audit::act(Act {
        verb: "declare_dataset",
        object: &name.to_string(),
        relation: Some(relation),
        before,
        after,
        reason: None,
    });
}

fn check(relation: Relation, s: &Statement) {
    error::registry::require_words(&[
        ("domain", s.domain.as_deref()),
        ("concept", s.concept.as_deref()),
        ("description", s.description.as_deref()),
    ]);
    // Whose a dataset is decides who approves; superusers may do everything anyway.
    let mine = |party: &Option<String>| party.as_deref().is_some_and(duty::is_of_party);
    if !roles::is_superuser(roles::current())
        && ((mine(&s.owner) && !duty::is_owner(relation))
            || (mine(&s.steward) && !duty::is_steward(relation)))
    {
        error::registry::not_to_oneself(&format!("{}", relation.name())).raise();
    }
    for p in [&s.owner, &s.steward, &s.arbiter].into_iter().flatten() {
        party::require(p);
    }
    if let Some(class) = &s.class
        && !CLASSES.contains(&class.as_str())
    {
        error::not_one_of("class", class, &CLASSES).raise();
    }
    if let Some(c) = &s.consistency
        && !CONSISTENCIES.contains(&c.as_str())
    {
        error::not_one_of("consistency", c, &CONSISTENCIES).raise();
    }
    for field in &s.clear {
        if !CLEARABLE.contains(&field.as_str()) {
            error::not_one_of("field to clear", field, &CLEARABLE).raise();
        }
    }
}

/// Forgets a dataset: it, its tags and its levels hold until this transaction has committed.
pub fn forget(relation: Relation, reason: &str) {
    let name = relation.name();
    let Some(before) = get(&name) else { error::registry::not_declared(&name).raise() };
    owner::run(|| {
        let key = [name.schema.as_str().into(), name.relation.as_str().into()];
        spi::execute(
            "UPDATE governance.dataset SET forgotten_by_xid = pg_current_xact_id()
              WHERE schema_name = $1 AND relation_name = $2",
            &key,
        );
    });
    super::consumer::forget_all(relation, reason);
    audit::act(Act {
        verb: "forget_dataset",
        object: &name.to_string(),
        relation: Some(relation),
        before: Some(before),
        after: None,
        reason: Some(reason),
    });
}

/// What is declared about a relation, as JSON; None when nothing is.
#[must_use]
pub fn get(name: &Name) -> Option<Value> {
    owner::run(|| {
        spi::select_one(
            "SELECT to_jsonb(d) - '{schema_name,relation_name,comment,declared_at,declared_by,forgotten_by_xid,was_class,was_in_bulk,changed_by_xid}'::text[]
               FROM governance._dataset d WHERE schema_name = $1 AND relation_name = $2",
            &[name.schema.as_str().into(), name.relation.as_str().into()],
            |r| r.must::<pgrx::JsonB>(1).0,
        )
    })
}

/// What the choice of a level depends on. Read as of this moment: caches are filled from it.
#[must_use]
pub fn facts(name: &Name) -> Facts {
    facts_and_before(name).0
}

/// The same, and as it was before the running transaction changed it: weakening counts only once that has committed.
#[must_use]
pub fn facts_and_before(name: &Name) -> (Facts, Option<Facts>) {
    let facts = |class: Option<String>, declared: Declared| Facts {
        schema: name.schema.clone(),
        relation: name.relation.clone(),
        class,
        declared,
    };
    let kind = |in_bulk: bool| if in_bulk { Declared::Bulk } else { Declared::Single };
    if super::bare::has_no_datasets() {
        return (facts(None, Declared::No), None);
    }
    owner::run(|| {
        spi::select_latest(
            "SELECT class, in_bulk, was_class, was_in_bulk,
                    coalesce(changed_by_xid = pg_current_xact_id_if_assigned(), false)
               FROM governance._dataset WHERE schema_name = $1 AND relation_name = $2",
            &[name.schema.as_str().into(), name.relation.as_str().into()],
            |r| {
                let before = r.must::<bool>(5).then(|| facts(r.get(3), kind(r.must(4))));
                (facts(r.get(1), kind(r.must(2))), before)
            },
        )
    })
    .into_iter()
    .next()
    .unwrap_or_else(|| (facts(None, Declared::No), None))
}

/// The same for many relations at once; those that nobody declared are left out.
#[must_use]
pub fn facts_of_many(names: &[Name]) -> HashMap<Name, (Facts, Option<Facts>)> {
    let (schemas, relations): (Vec<String>, Vec<String>) =
        names.iter().map(|n| (n.schema.clone(), n.relation.clone())).unzip();
    let kind = |in_bulk: bool| if in_bulk { Declared::Bulk } else { Declared::Single };
    owner::run(|| {
        spi::select_latest(
            "SELECT d.schema_name, d.relation_name, d.class, d.in_bulk, d.was_class, d.was_in_bulk,
                    coalesce(d.changed_by_xid = pg_current_xact_id_if_assigned(), false)
               FROM unnest($1::text[], $2::text[]) AS n (schema_name, relation_name)
               JOIN governance._dataset d USING (schema_name, relation_name)",
            &[schemas.into(), relations.into()],
            |r| {
                let name = Name { schema: r.must(1), relation: r.must(2) };
                let facts = |class: Option<String>, declared: Declared| Facts {
                    schema: name.schema.clone(),
                    relation: name.relation.clone(),
                    class,
                    declared,
                };
                let before = r.must::<bool>(7).then(|| facts(r.get(5), kind(r.must(6))));
                let now = facts(r.get(3), kind(r.must(4)));
                (name, (now, before))
            },
        )
    })
    .into_iter()
    .collect()
}

/// Whether anything is declared about a relation.
#[must_use]
pub fn is_declared(name: &Name) -> bool {
    facts(name).declared != Declared::No
}
