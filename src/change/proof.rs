//! Proves what `undo_change` has brought back without reading a row.
use super::aside::{add, members, text};
use super::store::Change;
use super::{acting, culprit, table, whole};
use crate::error;
use crate::pg::{catalog, owner, settings_scope, spi, xact};
use pgrx::pg_sys;
use pgrx::spi::quote_identifier;
use serde_json::{Value, json};

/// Proves a constraint that came back, or the one that a column is to be NOT NULL by; where rows violate it, says which.
pub fn validate(change: &Change, args: &Value) {
    let (table, name) = (change.fill(text(args, "table")), text(args, "constraint"));
    let kept = &change.kept[text(args, "aside")];
    let definition = kept["definition"].as_str().unwrap_or_default();
    let members = members(&table, definition);
    let of_partitions = members != [table.clone()];
    for member in &members {
        let is_there = table::named(member).is_some_and(|relid| whole::has_constraint(relid, name));
        if !is_there && of_partitions {
            // A partition that came meanwhile.
            add(change, member, name, &format!("{definition} NOT VALID"), kept);
        }
        // Somebody may have dropped it since it came back.
        if is_there || of_partitions {
            prove(change, member, name, args["column"].as_str());
        }
    }
    if of_partitions {
        add(change, &table, name, definition, kept);
    }
}

fn prove(change: &Change, table: &str, name: &str, column: Option<&str>) {
    let statement = format!("ALTER TABLE {table} VALIDATE CONSTRAINT {}", quote_identifier(name));
    // The table may be somebody else's, and what is looked up for its rows is its owner's code.
    let of = table::named(table).and_then(catalog::relation_owner).unwrap_or(pg_sys::InvalidOid);
    let proven = acting::touching(change, &json!({"touches": [table]}), || {
        owner::as_role(of, || {
            xact::unless_violated(|| {
                spi::execute(&statement, &[]);
            })
        })
    });
    let Err(raised) = proven else { return };
    let rows = xact::apart(|| owner::as_role(of, || violators(table, name))).flatten();
    match column {
        Some(column) => error::change::nulls(change.id, table, column, rows.as_ref()).raise(),
        None => error::change::still_violated(&raised, change.id, table, name, rows.as_ref()).raise(),
    }
}

/// How many rows violate a constraint, and which is the first.
fn violators(table: &str, name: &str) -> Option<(i64, String)> {
    let relid = table::named(table)?;
    let condition: String = owner::run(|| {
        spi::select_one(
            "SELECT CASE k.contype WHEN 'c' THEN format('NOT (%s)', pg_get_expr(k.conbin, k.conrelid))
                    ELSE format('(%s) AND NOT EXISTS (SELECT FROM %s _other WHERE %s)', keys.given, k.confrelid::regclass, keys.same) END
               FROM pg_constraint k
              CROSS JOIN LATERAL (
                SELECT string_agg(format('%s.%I IS NOT NULL', $3, a.attname), CASE k.confmatchtype WHEN 'f' THEN ' OR ' ELSE ' AND ' END) AS given,
                       string_agg(format('_other.%I OPERATOR(%I.%s) %s.%I', b.attname, n.nspname, o.oprname, $3, a.attname), ' AND ') AS same
                  FROM unnest(k.conkey, k.confkey, k.conpfeqop) u (own, other, op)
                  JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.own
                  JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = u.other
                  JOIN pg_operator o ON o.oid = u.op JOIN pg_namespace n ON n.oid = o.oprnamespace) keys
              WHERE k.conrelid = $1 AND k.conname = $2",
            &[relid.into(), name.into(), table.into()],
            |r| r.get(1),
        )
    })
    .flatten()?;
    settings_scope::with_fixed_path(|| {
        let count = format!("SELECT count(*) FROM {table} WHERE {condition}");
        let rows: i64 = spi::select_one(&count, &[], |r| r.must(1))?;
        Some((rows, culprit::first_of(table, &condition)))
    })
}
