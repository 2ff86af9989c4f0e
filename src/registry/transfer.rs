//! `transfer_party()`: everything one party answers for goes to another, as in a reorganisation.
use super::{consumer, grant, party, role};
use crate::audit::{self, Act};
use crate::error;
use crate::pg::catalog::{self, Name};
use crate::pg::regclass::Relation;
use crate::pg::{owner, roles, spi};
use pgrx::datum::DatumWithOid;
use serde_json::{Value, json};

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
        let decisions =
            "UPDATE governance.decision SET owner = $2 WHERE owner = $1 RETURNING title, NULL, NULL";
        let waivers = "UPDATE governance.waiver SET owner = $2 WHERE owner = $1 RETURNING object, schema_name, relation_name";
        for (kind, sql) in [("decision", decisions), ("waiver", waivers)] {
            let titles = spi::execute_returning(sql, &[from.into(), to.into()], |r| {
                let of = r.get(2).zip(r.get(3)).map(|(schema, relation)| Name { schema, relation });
                (r.must::<String>(1), of)
            });
            for (title, of) in titles {
                let owner = |party: &str| json!({"kind": kind, "owner": party});
                record(&title, of.as_ref(), owner(from), owner(to));
                moved.push((kind.to_string(), title));
            }
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
        record(&name.to_string(), Some(&name), Value::Object(all(from)), Value::Object(all(to)));
        moved.extend(parts.iter().map(|p| (format!("{p} of"), name.to_string())));
    }
    moved.sort();
    moved
}

/// One row of the log for each thing that moves, which those may read whose it is.
fn record(object: &str, of: Option<&Name>, before: Value, after: Value) {
    audit::act(Act {
        verb: "transfer_party",
        object,
        relation: of.and_then(catalog::relation_oid).map(Relation),
        before: Some(before),
        after: Some(after),
        reason: None,
    });
}

/// Contracts. Where the other party has one for the same dataset already, the wider of both stays: what either was
/// promised.
fn consumers(from: &str, to: &str) -> Vec<(String, String)> {
    let both: [DatumWithOid; 2] = [from.into(), to.into()];
    let names = spi::select(
        "SELECT schema_name, relation_name FROM governance.consumer WHERE party = $1 ORDER BY 1, 2",
        &[from.into()],
        |r| Name { schema: r.must(1), relation: r.must(2) },
    );
    let contracts = |name: &Name| {
        let of = |party: &str| consumer::get(name, party).map(|contract| (party.to_string(), contract));
        Value::Object([from, to].into_iter().filter_map(of).collect())
    };
    let before: Vec<Value> = names.iter().map(contracts).collect();
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
    spi::execute(
        "DELETE FROM governance.consumer o USING governance.consumer n
          WHERE o.party = $1 AND n.party = $2 AND (o.schema_name, o.relation_name) = (n.schema_name, n.relation_name)",
        &both,
    );
    spi::execute("UPDATE governance.consumer SET party = $2 WHERE party = $1", &both);
    let mut moved = Vec::new();
    for (name, before) in names.iter().zip(before) {
        record(&format!("{to} reads {name}"), Some(name), before, contracts(name));
        moved.push(("consumer of".to_string(), name.to_string()));
    }
    moved.sort();
    moved
}
