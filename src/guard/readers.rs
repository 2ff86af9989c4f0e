//! Who reads what a statement would break: what the catalogs say, and who has a contract.
use super::victim::Victim;
use crate::pg::object::Address;
use crate::pg::object::catalogs::{PG_CLASS, PG_PROC, PG_PUBLICATION_REL};
use crate::pg::{catalog, depends, owner, spi};
use pgrx::pg_sys;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Rules that take something away from readers.
fn breaks_readers(rule: &str) -> bool {
    rule.starts_with("ban-drop-")
        || rule.starts_with("renaming-")
        || matches!(
            rule,
            "ban-set-schema" | "changing-column-type" | "shrinking-column-type" | "ban-detach-inheritance"
        )
}

/// Views, functions, publications and consumers of what these victims are; None where they break no reader. Who read them
/// lately is known where reads of all of them are watched.
#[must_use]
pub fn of(victims: &[Victim]) -> Option<Value> {
    if !breaks_readers(victims.first()?.rule) {
        return None;
    }
    let mut recent = BTreeSet::new();
    let mut is_observed = true;
    let (mut views, mut functions, mut publications, mut consumers) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for victim in victims {
        let Some(relid) = victim.relid else { continue };
        let number = victim.column.as_deref().and_then(|c| catalog::column_number(relid, c));
        let at = number.map_or_else(|| Address::relation(relid), |n| Address::column(relid, n));
        for dependent in depends::victims(&[at], true).into_iter().skip(1).map(|v| v.address) {
            let kind = if dependent.class == PG_CLASS { catalog::relation_kind(dependent.id) } else { None };
            match (dependent.class, kind) {
                (PG_CLASS, Some(b'v' | b'm')) => views.extend(dependent.identity()),
                (PG_PROC, _) => functions.extend(dependent.identity()),
                (PG_PUBLICATION_REL, _) => publications.extend(dependent.identity()),
                _ => {}
            }
        }
        functions.extend(functions_by_text(relid, victim.column.as_deref()));
        publications.extend(publications_of(relid));
        consumers.extend(consumers_of(relid, victim.column.as_deref()));
        let observed = catalog::relation_name(relid)
            .map(|name| crate::change::observed(&name, victim.column.as_deref()));
        is_observed &= observed.as_ref().is_some_and(|o| o.since.is_some());
        recent.extend(
            observed.into_iter().flat_map(|o| o.readers).map(|r| (r.role, r.application, r.last_seen)),
        );
    }
    let recent = if is_observed {
        let reader = |(role, application, at): (String, String, i64)| {
            json!({
                "role": role, "application": application, "last_seen": crate::change::readers::moment(at),
            })
        };
        Value::Array(recent.into_iter().map(reader).collect())
    } else {
        json!("not_observed")
    };
    Some(json!({
        "views": views, "functions": functions, "publications": publications, "consumers": consumers, "recent": recent,
    }))
}

/// Functions whose body, which PostgreSQL keeps as a string, names the relation and the column.
fn functions_by_text(relid: pg_sys::Oid, column: Option<&str>) -> Vec<String> {
    let Some(name) = catalog::relation_name(relid) else { return Vec::new() };
    owner::run(|| {
        spi::select(
            "SELECT p.oid::regprocedure::text || ' (by its text)'
               FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang JOIN pg_namespace n ON n.oid = p.pronamespace
              WHERE l.lanname IN ('sql', 'plpgsql') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'governance')
                AND p.prosqlbody IS NULL AND strpos(lower(p.prosrc), lower($1)) > 0
                AND p.prosrc ~* ('\\m' || regexp_replace($1, '(\\W)', '\\\\\\1', 'g') || '\\M')
                AND ($2 IS NULL OR p.prosrc ~* ('\\m' || regexp_replace($2, '(\\W)', '\\\\\\1', 'g') || '\\M'))",
            &[name.relation.as_str().into(), column.into()],
            |r| r.must(1),
        )
    })
}

fn publications_of(relid: pg_sys::Oid) -> Vec<String> {
    owner::run(|| {
        spi::select(
            "SELECT quote_ident(p.pubname) FROM pg_publication p JOIN pg_class c ON c.oid = $1
              WHERE p.puballtables AND c.relkind IN ('r', 'p') AND c.relpersistence = 'p'
                 OR EXISTS (SELECT FROM pg_publication_rel r WHERE r.prpubid = p.oid AND r.prrelid = c.oid)
                 OR EXISTS (SELECT FROM pg_publication_namespace s WHERE s.pnpubid = p.oid AND s.pnnspid = c.relnamespace)",
            &[relid.into()],
            |r| r.must(1),
        )
    })
}

fn consumers_of(relid: pg_sys::Oid, column: Option<&str>) -> Vec<String> {
    let Some(name) = catalog::relation_name(relid) else { return Vec::new() };
    owner::run(|| {
        spi::select(
            "SELECT party FROM governance.consumer
              WHERE schema_name = $1 AND relation_name = $2 AND ($3 IS NULL OR columns IS NULL OR $3 = ANY (columns))
                AND (valid_until IS NULL OR valid_until > clock_timestamp())",
            &[name.schema.as_str().into(), name.relation.as_str().into(), column.into()],
            |r| r.must(1),
        )
    })
}
