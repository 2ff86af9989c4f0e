//! Proposals about relations and columns that get other names.
use crate::pg::spi;

/// Which of two proposals that become the same goes: of two guesses the one nobody decided, of two doubts about an
/// identity the one that was decided, since the other is about something else.
const LOSES: &str = "CASE o.kind WHEN 'identity' THEN n.state <> 'open' OR o.state = 'open' ELSE n.state = 'open' OR o.state <> 'open' END";

/// A relation gets the name of another: of proposals about both that say the same, one stays.
pub fn make_way(names: &[pgrx::datum::DatumWithOid]) {
    for (loser, other, condition) in [("n", "o", LOSES), ("o", "n", "true")] {
        spi::execute(
            &format!(
                "DELETE FROM governance.proposal {loser} USING governance.proposal {other}
                  WHERE (o.schema_name, o.relation_name, n.schema_name, n.relation_name) = ($1, $2, $3, $4)
                    AND (o.schema_name, o.relation_name) <> (n.schema_name, n.relation_name)
                    AND (o.kind, o.value) = (n.kind, n.value) AND o.column_name IS NOT DISTINCT FROM n.column_name
                    AND {condition}"
            ),
            names,
        );
    }
}

/// The same for a column, in a relation and all that inherits from it.
pub fn make_way_for_column(relid: pgrx::pg_sys::Oid, before: &str, now: &str) {
    for (loser, other, condition) in [("n", "o", LOSES), ("o", "n", "true")] {
        spi::execute(
            &format!(
                "WITH RECURSIVE tree AS (
                    SELECT $1::oid AS relid
                    UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree t ON t.relid = i.inhparent)
                 DELETE FROM governance.proposal {loser}
                  USING governance.proposal {other}, tree
                   JOIN pg_class c ON c.oid = tree.relid JOIN pg_namespace s ON s.oid = c.relnamespace
                  WHERE (o.schema_name, o.relation_name, o.column_name) = (s.nspname, c.relname, $2)
                    AND (n.schema_name, n.relation_name, n.column_name) = (s.nspname, c.relname, $3)
                    AND (o.kind, o.value) = (n.kind, n.value) AND {condition}"
            ),
            &[relid.into(), before.into(), now.into()],
        );
    }
}

/// The id of a proposal is a hash of its object: after a rename another, lest the next guess or doubt about the old name
/// takes the row of this one.
pub fn name_anew() {
    spi::execute(
        "UPDATE governance.proposal p SET id = n.id
           FROM (SELECT p.id AS was, governance._proposal_id(kind, schema_name, relation_name, column_name, value) AS id
                   FROM governance.proposal p) n
          WHERE p.id = n.was AND n.id <> n.was AND NOT EXISTS (SELECT FROM governance.proposal x WHERE x.id = n.id)",
        &[],
    );
}
