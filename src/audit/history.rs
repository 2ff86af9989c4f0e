//! The history of one row.
use super::watched;
use crate::core::audit::key::{self, Misfit};
use crate::error;
use crate::pg::regclass::Relation;
use crate::pg::{owner, rendering, roles, spi};
use pgrx::Uuid;
use serde_json::Value;

/// A column of the primary key, with its type as SQL.
struct KeyColumn {
    name: String,
    type_sql: String,
    is_json: bool,
}

/// Ids of the log rows about one row: changes of it, and every TRUNCATE of its table since its first.
#[must_use]
pub fn ids(relation: Relation, key: &str) -> Vec<Uuid> {
    let name = relation.name();
    if !super::reading::may_read(Some(name.clone()), None) {
        error::audit::may_not_read(&name, &roles::name(roles::current())).raise();
    }
    let key = canonical_key(relation, key);
    owner::run(|| {
        spi::select(
            "WITH RECURSIVE up AS (
                SELECT $1::oid AS relid UNION SELECT i.inhparent FROM pg_inherits i JOIN up ON up.relid = i.inhrelid),
             down AS (
                SELECT $1::oid AS relid UNION SELECT i.inhrelid FROM pg_inherits i JOIN down ON down.relid = i.inhparent),
             here AS (
                SELECT n.nspname, c.relname FROM (SELECT relid FROM up UNION SELECT relid FROM down) t
                  JOIN pg_class c ON c.oid = t.relid JOIN pg_namespace n ON n.oid = c.relnamespace),
             of AS (
                SELECT a.id FROM governance.audited_relation a JOIN here h
                    ON h.nspname = a.schema_name AND h.relname = a.relation_name
                UNION SELECT k.relation_id FROM governance.audited_name k JOIN here h
                    ON h.nspname = k.schema_name AND h.relname = k.relation_name),
             hits AS (
                SELECT e.id, e.relation_id, e.partition_name FROM of JOIN governance.audit_entry e ON e.relation_id = of.id
                 WHERE jsonb_hash_extended(e.key, 0) = jsonb_hash_extended($2::jsonb, 0) AND e.key = $2::jsonb
                UNION ALL
                SELECT e.id, e.relation_id, e.partition_name FROM of JOIN governance.audit_entry e ON e.relation_id = of.id
                 WHERE e.new_key IS NOT NULL
                   AND jsonb_hash_extended(e.new_key, 0) = jsonb_hash_extended($2::jsonb, 0) AND e.new_key = $2::jsonb)
             SELECT id FROM hits
             UNION
             SELECT e.id FROM governance.audit_entry e JOIN hits h ON h.relation_id = e.relation_id AND e.id > h.id
              WHERE e.op = 'TRUNCATE' AND (e.partition_name IS NULL OR e.partition_name = h.partition_name)",
            &[relation.0.into(), key.as_str().into()],
            |r| r.must(1),
        )
    })
}

/// The key as the log spells it: each value goes through the type of its column, so that `1` and `"1"` are the same
/// number. Types may have functions of their own, so this runs as the caller.
fn canonical_key(relation: Relation, key: &str) -> String {
    let name = relation.name();
    let columns = key_columns(relation);
    let names: Vec<String> = columns.iter().map(|c| c.name.clone()).collect();
    if columns.is_empty() {
        error::audit::no_key(&name).raise();
    }
    let given: Value = serde_json::from_str(key).unwrap_or(Value::Null);
    let holds_json = columns.len() == 1 && columns[0].is_json;
    if let Err(misfit) = key::values(&given, &names, holds_json) {
        error::audit::key_misfit(&name, &names, &explain(&misfit)).raise();
    }
    // The values are taken from the text as PostgreSQL reads it: numbers keep all their digits.
    let by_name = given.as_object().is_some_and(|o| names.iter().all(|n| o.contains_key(n)));
    let fields: Vec<String> = columns
        .iter()
        .map(|c| {
            let literal = pgrx::spi::quote_literal(&c.name);
            let value = if by_name { format!("$1::jsonb -> {literal}") } else { "$1::jsonb".to_string() };
            format!(
                "{literal}, (SELECT to_jsonb(x.c) FROM jsonb_to_record(jsonb_build_object('c', {value})) AS x(c {}))",
                c.type_sql
            )
        })
        .collect();
    let sql = format!("SELECT jsonb_build_object({})::text", fields.join(", "));
    rendering::canonical(|| spi::select_one(&sql, &[key.into()], |r| r.must::<String>(1))).unwrap_or_default()
}

fn key_columns(relation: Relation) -> Vec<KeyColumn> {
    let names = watched::key_columns(relation.0);
    let mut columns: Vec<KeyColumn> = owner::run(|| {
        spi::select(
            "SELECT attname::text, format_type(atttypid, atttypmod), atttypid IN ('json'::regtype, 'jsonb'::regtype)
               FROM pg_attribute WHERE attrelid = $1 AND attname = ANY ($2::text[]) AND NOT attisdropped",
            &[relation.0.into(), names.clone().into()],
            |r| KeyColumn { name: r.must(1), type_sql: r.must(2), is_json: r.must(3) },
        )
    });
    columns.sort_by_key(|c| names.iter().position(|n| *n == c.name));
    columns
}

fn explain(misfit: &Misfit) -> String {
    match misfit {
        Misfit::NeedsObject => "a bare value fits a key of one column only".to_string(),
        Misfit::Missing(c) => format!("column \"{c}\" is missing"),
        Misfit::Foreign(c) => format!("column \"{c}\" is not part of it"),
        Misfit::Null(c) => format!("column \"{c}\" is never null"),
    }
}
