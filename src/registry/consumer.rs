//! Consumers: parties that read a dataset under a contract.
use super::{dataset, identity, party, tagging};
use crate::audit::{self, Act};
use crate::error;
use crate::pg::catalog::Name;
use crate::pg::regclass::Relation;
use crate::pg::{owner, roles, spi};
use pgrx::datum::TimestampWithTimeZone;
use serde_json::Value;

/// Declares a consumer, or changes its contract: NULL leaves as it is.
pub fn declare(
    relation: Relation,
    party: &str,
    columns: Option<Vec<String>>,
    purpose: Option<&str>,
    valid_until: Option<TimestampWithTimeZone>,
) {
    if let Some(end) = valid_until
        && end <= pgrx::datum::datetime_support::now()
    {
        error::registry::end_in_the_past("valid_until").raise();
    }
    restate(relation, party, columns, purpose, valid_until, false);
}

/// The same for a contract whose end may be over, and whose columns may wait: a manifest brings it as it is.
pub fn restate(
    relation: Relation,
    party: &str,
    columns: Option<Vec<String>>,
    purpose: Option<&str>,
    valid_until: Option<TimestampWithTimeZone>,
    waits: bool,
) {
    let name = dataset::governable(relation);
    party::require(party);
    require_some_once(columns.as_deref());
    for column in columns.iter().flatten() {
        tagging::require_column_or_wait(relation, &name, column, waits);
    }
    error::registry::require_words(&[("purpose", purpose)]);
    let before = get(&name, party);
    let me = roles::name(roles::current());
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.consumer AS c (schema_name, relation_name, party, columns, purpose, valid_until, declared_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (schema_name, relation_name, party) DO UPDATE
                SET columns = coalesce(excluded.columns, c.columns), purpose = coalesce(excluded.purpose, c.purpose),
                    valid_until = coalesce(excluded.valid_until, c.valid_until), declared_at = now(),
                    declared_by = excluded.declared_by",
            &[
                name.schema.as_str().into(),
                name.relation.as_str().into(),
                party.into(),
                columns.into(),
                purpose.into(),
                valid_until.into(),
                me.as_str().into(),
            ],
        );
    });
    identity::bind(relation.0, &name);
    audit::act(Act {
        verb: "declare_consumer",
        object: &format!("{party} reads {name}"),
        relation: Some(relation),
        before,
        after: get(&name, party),
        reason: None,
    });
}

/// A contract on no column would promise nothing, and one twice is a slip.
fn require_some_once(columns: Option<&[String]>) {
    let Some(columns) = columns else { return };
    if columns.is_empty() {
        error::registry::empty("columns").detail("NULL stands for all columns.").raise();
    }
    if let Some((_, twice)) = columns.iter().enumerate().find(|(i, c)| columns[..*i].contains(c)) {
        error::registry::twice("columns", twice).raise();
    }
}

/// Forgets a consumer.
pub fn forget(relation: Relation, party: &str) {
    let name = relation.name();
    let Some(before) = get(&name, party) else { error::registry::not_a_consumer(&name, party).raise() };
    remove(relation, &name, party, before, None);
}

/// Forgets all consumers of a dataset that is forgotten: one row of the log each.
pub fn forget_all(relation: Relation, reason: &str) {
    let name = relation.name();
    let parties: Vec<String> = owner::run(|| {
        spi::select(
            "SELECT party FROM governance.consumer WHERE schema_name = $1 AND relation_name = $2 ORDER BY 1",
            &[name.schema.as_str().into(), name.relation.as_str().into()],
            |r| r.must(1),
        )
    });
    for party in parties {
        if let Some(before) = get(&name, &party) {
            remove(relation, &name, &party, before, Some(reason));
        }
    }
}

fn remove(relation: Relation, name: &Name, party: &str, before: Value, reason: Option<&str>) {
    owner::run(|| {
        spi::execute(
            "DELETE FROM governance.consumer WHERE schema_name = $1 AND relation_name = $2 AND party = $3",
            &[name.schema.as_str().into(), name.relation.as_str().into(), party.into()],
        )
    });
    audit::act(Act {
        verb: "forget_consumer",
        object: &format!("{party} reads {name}"),
        relation: Some(relation),
        before: Some(before),
        after: None,
        reason,
    });
}

/// The contract of a party, as JSON; None where it has none.
#[must_use]
pub fn get(name: &Name, party: &str) -> Option<Value> {
    owner::run(|| {
        spi::select_one(
            "SELECT jsonb_build_object('columns', columns, 'purpose', purpose, 'valid_until', valid_until)
               FROM governance.consumer WHERE schema_name = $1 AND relation_name = $2 AND party = $3",
            &[name.schema.as_str().into(), name.relation.as_str().into(), party.into()],
            |r| r.must::<pgrx::JsonB>(1).0,
        )
    })
}
