//! Acknowledgements: declared consumers say that they are ready for a change.
use super::store::{self, Change};
use crate::audit::{self, Act};
use crate::error;
use crate::pg::{owner, roles, spi};
use crate::registry::duty;
use serde_json::{Value, json};

/// A declared consumer of something that a change takes away.
pub struct Consumer {
    /// The party.
    pub party: String,
    /// Whether it said that it is ready.
    pub acknowledged: bool,
}

/// Declared consumers of what a change takes away, contracts that have ended not counted.
#[must_use]
pub fn consumers(change: &Change) -> Vec<Consumer> {
    owner::run(|| {
        spi::select_latest(
            "SELECT c.party, EXISTS (SELECT FROM governance.change_acknowledgement a
                                      WHERE a.change = $3 AND a.party = c.party)
               FROM governance.consumer c
              WHERE c.schema_name = $1 AND c.relation_name = $2 AND (c.valid_until IS NULL OR c.valid_until > clock_timestamp())
                AND (c.columns IS NULL OR $4 OR c.columns && $5::text[]) ORDER BY 1",
            &[
                change.name.schema.as_str().into(),
                change.name.relation.as_str().into(),
                change.id.into(),
                change.whole.into(),
                change.takes.clone().into(),
            ],
            |r| Consumer { party: r.must(1), acknowledged: r.must(2) },
        )
    })
}

/// Notes that a party is ready for a change.
pub fn acknowledge(id: i64, party: Option<&str>, comment: Option<&str>) {
    let change = store::get(id);
    let of: Vec<String> = consumers(&change).into_iter().map(|c| c.party).collect();
    let mine: Vec<String> = of.iter().filter(|p| duty::is_of_party(p)).cloned().collect();
    let party = match party {
        Some(party) if !of.iter().any(|p| p == party) => {
            error::change::no_such_consumer(id, party, &of).raise()
        }
        Some(party) if !mine.iter().any(|p| p == party) && !duty::is_operator() => {
            error::change::not_of_party(party, &roles::name(roles::current())).raise()
        }
        Some(party) => party.to_string(),
        None => match mine.as_slice() {
            [only] => only.clone(),
            _ => error::change::which_party(id, &of).raise(),
        },
    };
    let me = roles::name(roles::current());
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.change_acknowledgement (change, party, acknowledged_by, comment) VALUES ($1, $2, $3, $4)
             ON CONFLICT (change, party) DO NOTHING",
            &[id.into(), party.as_str().into(), me.into(), comment.into()],
        )
    });
    audit::act(Act {
        verb: "acknowledge_change",
        object: &format!("change {id}"),
        relation: None,
        before: None,
        after: Some(json!({"party": party})),
        reason: comment,
    });
}

/// As the certificate has them.
#[must_use]
pub fn as_json(consumers: &[Consumer]) -> Value {
    consumers.iter().map(|c| json!({"party": c.party, "acknowledged": c.acknowledged})).collect()
}
