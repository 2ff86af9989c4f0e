//! The wish behind a hit, in the spelling of changes: what a refusal says to propose.
use crate::pg::catalog::{self, Name};
use crate::pg::guard::{Hit, On};
use crate::pg::{owner, spi};
use pgrx::spi::quote_identifier;

/// The wish; None where no change form exists.
#[must_use]
pub fn of(hit: &Hit) -> Option<String> {
    match (hit.rule, &hit.on, hit.object) {
        ("ban-drop-not-null", On::Column(relid, column), _) => {
            let (name, column) = (catalog::relation_name(*relid)?, quote_identifier(column));
            Some(format!("ALTER TABLE {name} ALTER COLUMN {column} DROP NOT NULL"))
        }
        ("ban-drop-default", On::Column(relid, column), _) => {
            let (name, column) = (catalog::relation_name(*relid)?, quote_identifier(column));
            Some(format!("ALTER TABLE {name} ALTER COLUMN {column} DROP DEFAULT"))
        }
        ("ban-detach-inheritance", On::Relation(child), _) => {
            let parent = catalog::relation_name(
                named(
                    "SELECT inhparent, '' FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                  WHERE c.oid = $1 AND c.relispartition",
                    *child,
                )?
                .0,
            )?;
            Some(format!("ALTER TABLE {parent} DETACH PARTITION {}", catalog::relation_name(*child)?))
        }
        // Tables that are no partitions have theirs already.
        ("ban-drop-table" | "ban-drop-view", _, Some(object)) => {
            let word = match catalog::relation_kind(object.id)? {
                b'r' => "TABLE",
                b'v' => "VIEW",
                b'm' => "MATERIALIZED VIEW",
                _ => return None,
            };
            Some(format!("DROP {word} {}", catalog::relation_name(object.id)?))
        }
        ("ban-drop-constraint", _, Some(object)) => {
            let (table, name) =
                on_table("SELECT conrelid, conname::text FROM pg_constraint WHERE oid = $1", object.id)?;
            Some(format!("ALTER TABLE {table} DROP CONSTRAINT {}", quote_identifier(name)))
        }
        ("ban-drop-policy", _, Some(object)) => {
            let (table, name) =
                on_table("SELECT polrelid, polname::text FROM pg_policy WHERE oid = $1", object.id)?;
            Some(format!("DROP POLICY {} ON {table}", quote_identifier(name)))
        }
        ("ban-drop-index", _, Some(object)) => {
            Some(format!("DROP INDEX {}", catalog::relation_name(object.id)?))
        }
        _ => None,
    }
}

fn on_table(sql: &str, object: pgrx::pg_sys::Oid) -> Option<(Name, String)> {
    let (table, name) = named(sql, object)?;
    Some((catalog::relation_name(table)?, name))
}

fn named(sql: &str, object: pgrx::pg_sys::Oid) -> Option<(pgrx::pg_sys::Oid, String)> {
    owner::run(|| spi::select_one(sql, &[object.into()], |r| (r.must(1), r.must(2))))
}
