//! Tables that are published as a whole: subscribers stop at a column that they do not have.
use super::form::Plan;
use crate::core::change::quarantine_name;
use crate::error;
use crate::pg::catalog::Name;
use crate::pg::{owner, spi};
use pgrx::pg_sys;
use pgrx::spi::quote_identifier;

/// Says which columns subscribers need, where publications name no columns.
pub fn tell(id: i64, relid: pg_sys::Oid, name: &Name, plan: &Plan) {
    let columns = columns(id, plan);
    if columns.is_empty() {
        return;
    }
    let publications = publications(relid);
    if !publications.is_empty() {
        error::change::published(name, &publications, &columns).notice();
    }
}

/// The columns that a plan makes, and those that go by a reserved name until the quarantine ends.
fn columns(id: i64, plan: &Plan) -> Vec<String> {
    let mut columns = plan.adds.clone();
    for column in plan.takes.iter().chain(&plan.adds) {
        let reserved = quarantine_name(id, column);
        let quoted = quote_identifier(&reserved);
        let is_used = |s: &str| s.contains("RENAME COLUMN") && s.contains(&format!("TO {quoted}"));
        if plan.steps.iter().any(|(step, _)| is_used(&step.statement)) && !columns.contains(&reserved) {
            columns.push(reserved);
        }
    }
    columns
}

/// Publications that publish every column of a table, of one above it or of its partitions.
fn publications(relid: pg_sys::Oid) -> Vec<String> {
    owner::run(|| {
        spi::select(
            "WITH RECURSIVE below AS (
                SELECT $1::oid AS relid UNION SELECT i.inhrelid FROM below JOIN pg_inherits i ON i.inhparent = below.relid),
             above AS (
                SELECT $1::oid AS relid UNION SELECT i.inhparent FROM above JOIN pg_inherits i ON i.inhrelid = above.relid),
             related AS (SELECT relid FROM below UNION SELECT relid FROM above)
             SELECT p.pubname::text FROM pg_publication p
              WHERE (p.puballtables
                     OR EXISTS (SELECT FROM pg_publication_rel r JOIN related ON related.relid = r.prrelid WHERE r.prpubid = p.oid)
                     OR EXISTS (SELECT FROM pg_publication_namespace n JOIN pg_class c ON c.relnamespace = n.pnnspid
                                  JOIN related ON related.relid = c.oid WHERE n.pnpubid = p.oid))
                AND NOT EXISTS (SELECT FROM pg_publication_rel r JOIN related ON related.relid = r.prrelid
                                 WHERE r.prpubid = p.oid AND r.prattrs IS NOT NULL)
              ORDER BY 1",
            &[relid.into()],
            |r| r.must(1),
        )
    })
}
