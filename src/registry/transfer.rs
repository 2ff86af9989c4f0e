//! `transfer_party()`: everything one party answers for goes to another, as in a reorganisation.
use super::{grant, party, role};
use crate::audit::{self, Act};
use crate::error;
use crate::pg::catalog::{self, Name};
use crate::pg::regclass::Relation;
use crate::pg::{owner, roles, spi};
use pgrx::datum::DatumWithOid;
use serde_json::json;

/// What a party can be to a dataset.
const PARTS: [&str; 3] = ["owner", "steward", "arbiter"];

/// Moves everything from one declared party to another and says what moved: kind and object. The party itself stays,
/// with its roles, until somebody forgets it.
pub fn transfer(from: &str, to: &str) -> Vec<(String, String)> {
    if from == to {
        error::registry::same_party(from).raise();
    }
    party::require(from);
    party::require(to);
    // Waits for those who are naming it.
    owner::run(|| spi::execute("SELECT FROM governance.party WHERE name = $1 FOR UPDATE", &[from.into()]));
    let superuser = roles::is_superuser(roles::current());
    // Without roles what it gets would fall to relation owners and operators.
    if !superuser && party::roles_of(to).is_empty() {
        error::registry::party_needs_roles(to).raise();
    }
    // What a party owns its members may approve.
    if !superuser
        && party::roles_of(to)
            .iter()
            .filter_map(|r| role::meant(&format!("party {to}"), r))
            .any(grant::is_oneself)
    {
        error::registry::not_to_oneself(&format!("what party \"{from}\" owns")).raise();
    }
    let moved = owner::run(|| {
        let mut moved = datasets(from, to);
        moved.extend(consumers(from, to));
        for (kind, table, title) in [("decision", "decision", "title"), ("waiver", "waiver", "object")] {
            let titles: Vec<String> = spi::execute_returning(
                &format!("UPDATE governance.{table} SET owner = $2 WHERE owner = $1 RETURNING {title}"),
                &[from.into(), to.into()],
                |r| r.must(1),
            );
            moved.extend(titles.into_iter().map(|t| (kind.to_string(), t)));
        }
        moved
    });
    if moved.is_empty() {
        return moved;
    }
    audit::act(Act {
        verb: "transfer_party",
        object: &format!("{from} to {to}"),
        relation: None,
        before: Some(json!({"party": from})),
        after: Some(json!({"party": to, "moved": moved.len()})),
        reason: None,
    });
    moved
}

/// Datasets: one row of the log each, which their new owners may read.
fn datasets(from: &str, to: &str) -> Vec<(String, String)> {
    let touched: Vec<(Name, Vec<bool>)> = spi::execute_returning(
        "WITH was AS (
            SELECT d.schema_name, d.relation_name, d.forgotten_by_xid IS NULL AS lives,
                   array_replace(ARRAY[d.owner = $1, d.steward = $1, d.arbiter = $1], NULL, false) AS parts
              FROM governance.dataset d WHERE $1 IN (d.owner, d.steward, d.arbiter) FOR UPDATE)
         UPDATE governance.dataset d
            SET owner = CASE WHEN d.owner = $1 THEN $2 ELSE d.owner END,
                steward = CASE WHEN d.steward = $1 THEN $2 ELSE d.steward END,
                arbiter = CASE WHEN d.arbiter = $1 THEN $2 ELSE d.arbiter END
           FROM was WHERE (d.schema_name, d.relation_name) = (was.schema_name, was.relation_name)
         RETURNING was.schema_name, was.relation_name, was.parts, was.lives",
        &[from.into(), to.into()],
        |r| {
            let name = Name { schema: r.must(1), relation: r.must(2) };
            let parts: Vec<bool> = if r.must(4) { r.must(3) } else { Vec::new() };
            (name, parts)
        },
    );
    let mut moved = Vec::new();
    for (name, parts) in touched {
        let parts: Vec<&str> = PARTS.into_iter().zip(parts).filter(|(_, is)| *is).map(|(p, _)| p).collect();
        if parts.is_empty() {
            continue; // forgotten already
        }
        let all = |party: &str| parts.iter().map(|p| ((*p).to_string(), json!(party))).collect();
        audit::act(Act {
            verb: "transfer_party",
            object: &name.to_string(),
            relation: catalog::relation_oid(&name).map(Relation),
            before: Some(serde_json::Value::Object(all(from))),
            after: Some(serde_json::Value::Object(all(to))),
            reason: None,
        });
        moved.extend(parts.iter().map(|p| (format!("{p} of"), name.to_string())));
    }
    moved.sort();
    moved
}

/// Contracts. Where the other party has one for the same dataset already, the wider of both stays: what either was
/// promised.
fn consumers(from: &str, to: &str) -> Vec<(String, String)> {
    let both: [DatumWithOid; 2] = [from.into(), to.into()];
    spi::execute(
        "UPDATE governance.consumer n
            SET columns = CASE WHEN n.columns IS NULL OR o.columns IS NULL THEN NULL
                               ELSE ARRAY(SELECT DISTINCT c FROM unnest(n.columns || o.columns) AS c ORDER BY c) END,
                purpose = CASE WHEN n.purpose = o.purpose THEN n.purpose ELSE nullif(concat_ws('; ', n.purpose, o.purpose), '') END,
                valid_until = CASE WHEN n.valid_until IS NULL OR o.valid_until IS NULL THEN NULL
                                   ELSE greatest(n.valid_until, o.valid_until) END
           FROM governance.consumer o
          WHERE o.party = $1 AND n.party = $2 AND (o.schema_name, o.relation_name) = (n.schema_name, n.relation_name)
            AND (o.valid_until IS NULL OR o.valid_until > now())",
        &both,
    );
    let merged: Vec<String> = spi::execute_returning(
        "DELETE FROM governance.consumer o USING governance.consumer n
          WHERE o.party = $1 AND n.party = $2 AND (o.schema_name, o.relation_name) = (n.schema_name, n.relation_name)
         RETURNING format('%I.%I', o.schema_name, o.relation_name)",
        &both,
        |r| r.must(1),
    );
    let renamed: Vec<String> = spi::execute_returning(
        "UPDATE governance.consumer SET party = $2 WHERE party = $1 RETURNING format('%I.%I', schema_name, relation_name)",
        &both,
        |r| r.must(1),
    );
    let mut moved: Vec<(String, String)> =
        merged.into_iter().chain(renamed).map(|d| ("consumer of".to_string(), d)).collect();
    moved.sort();
    moved
}
