//! ALTER COLUMN … DROP NOT NULL, DROP DEFAULT, and ADD COLUMN beside something else.
use super::super::{Plan, Planning};
use crate::change::table;
use crate::core::change::step::{Phase, Step, TABLE, lock};
use crate::error;
use crate::pg::{catalog, owner, spi};
use pgrx::spi::{quote_identifier, quote_literal};

/// DROP NOT NULL. It comes back by a CHECK that proves it, so that no row is read under a strong lock.
pub fn drop_not_null(p: &Planning, column: &str) -> Plan {
    let facts = table::plain_column(p, column);
    if facts.in_primary_key {
        p.no_form("the column is part of the primary key");
    }
    if !facts.not_null {
        p.no_form("the column takes NULL already");
    }
    if let Some(why) = facts.stays_not_null {
        p.no_form(&why);
    }
    let (quoted, proof) = (quote_identifier(column), quote_identifier(p.reserved(column)));
    let mut plan = Plan { probe: Some(attribute(p, column, "attnotnull")), ..Plan::default() };
    plan.step(Step::sql(
        Phase::Contract,
        lock::EXCLUSIVE,
        format!("ALTER TABLE {TABLE} ALTER COLUMN {quoted} DROP NOT NULL"),
        Some(format!("ALTER TABLE {TABLE} ADD CONSTRAINT {proof} CHECK ({quoted} IS NOT NULL) NOT VALID")),
    ));
    plan.step(Step::sql(
        Phase::Restore,
        lock::NO_DDL,
        format!("ALTER TABLE {TABLE} VALIDATE CONSTRAINT {proof}"),
        None,
    ));
    plan.step(Step::sql(
        Phase::Restore,
        lock::EXCLUSIVE,
        format!(
            "ALTER TABLE {TABLE} ALTER COLUMN {quoted} SET NOT NULL; ALTER TABLE {TABLE} DROP CONSTRAINT {proof}"
        ),
        None,
    ));
    plan
}

/// DROP DEFAULT.
pub fn drop_default(p: &Planning, column: &str) -> Plan {
    let facts = table::plain_column(p, column);
    if facts.generated {
        p.no_form("a generated column has no default");
    }
    // Partitions may have defaults of their own, and lose them with that of the table above.
    let defaults: Vec<Option<String>> = owner::run(|| {
        spi::select(
            "SELECT DISTINCT pg_get_expr(d.adbin, d.adrelid)
               FROM (SELECT $1::oid AS relid UNION SELECT relid FROM pg_partition_tree($1)) t
               JOIN pg_attribute a ON a.attrelid = t.relid AND a.attname = $2
               LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum",
            &[p.relid.into(), column.into()],
            |r| r.get(1),
        )
    });
    let default = match defaults.as_slice() {
        [Some(default)] => default,
        [_] => p.no_form("the column has no default"),
        _ => p.no_form("partitions have defaults of their own for the column"),
    };
    let quoted = quote_identifier(column);
    let mut plan = Plan { probe: Some(attribute(p, column, "atthasdef")), ..Plan::default() };
    plan.step(Step::sql(
        Phase::Contract,
        lock::EXCLUSIVE,
        format!("ALTER TABLE {TABLE} ALTER COLUMN {quoted} DROP DEFAULT"),
        Some(format!("ALTER TABLE {TABLE} ALTER COLUMN {quoted} SET DEFAULT {default}")),
    ));
    plan
}

/// ADD COLUMN, which nobody has to wait for: both shapes work from its first moment.
pub fn add(p: &Planning, column: &str, definition: &str) -> Plan {
    table::require_plain(p);
    if catalog::column_number(p.relid, column).is_some() {
        error::change::name_taken(&p.name, column).raise();
    }
    let quoted = quote_identifier(column);
    let mut plan = Plan { adds: vec![column.to_string()], ..Plan::default() };
    plan.step(Step::sql(
        Phase::Expand,
        lock::EXCLUSIVE,
        format!("ALTER TABLE {TABLE} ADD COLUMN {quoted} {definition}"),
        Some(format!("ALTER TABLE {TABLE} DROP COLUMN IF EXISTS {quoted}")),
    ));
    plan
}

/// A condition on a column's row in the catalog.
fn attribute(p: &Planning, column: &str, condition: &str) -> String {
    format!(
        "EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass({}) AND attname = {} AND {condition})",
        quote_literal(p.name.to_string()),
        quote_literal(column)
    )
}
