//! The tables below the one of a change: its partitions, and the tables that inherit from it. A column that goes, or whose type
//! changes, does so in all of them.
use super::Planning;
use crate::change::table;
use crate::core::change::step::TABLE;
use crate::error;
use crate::pg::catalog::Name;
use crate::pg::{owner, spi};

/// The tables that inherit from it, however deep, partitions apart; quoted. Raises where one has a column of its own that would
/// be merged with a new one of these names, or has the column from elsewhere too.
#[must_use]
pub fn heirs(p: &Planning, column: &str, new_names: &[&str]) -> Vec<String> {
    if !table::shape(p.relid).has_children {
        return Vec::new();
    }
    let new_names: Vec<String> = new_names.iter().map(ToString::to_string).collect();
    let found: Vec<(Name, Option<String>, Option<String>)> = owner::run(|| {
        spi::select(
            "WITH RECURSIVE tree AS (
                SELECT inhrelid AS relid FROM pg_inherits WHERE inhparent = $1
                UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree t ON i.inhparent = t.relid)
             SELECT n.nspname::text, c.relname::text,
                    (SELECT min(a.attname::text) FROM pg_attribute a
                      WHERE a.attrelid = c.oid AND a.attname = ANY ($3) AND NOT a.attisdropped),
                    CASE WHEN c.relkind <> 'r' THEN 'is no ordinary table'
                         WHEN EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = $2 AND a.attinhcount > 1)
                         THEN 'inherits the column from another table too' END
               FROM tree t JOIN pg_class c ON c.oid = t.relid JOIN pg_namespace n ON n.oid = c.relnamespace ORDER BY c.oid",
            &[p.relid.into(), column.into(), new_names.into()],
            |r| (Name { schema: r.must(1), relation: r.must(2) }, r.get(3), r.get(4)),
        )
    });
    for (name, taken, obstacle) in &found {
        if let Some(taken) = taken {
            error::change::name_taken(name, taken).raise();
        }
        if let Some(obstacle) = obstacle {
            p.no_form(&format!("table {name}, which inherits from this one, {obstacle}"));
        }
    }
    found.into_iter().map(|(name, ..)| name.to_string()).collect()
}

/// A statement for the table of the change and each of its heirs.
#[must_use]
pub fn of_each(heirs: &[String], statement: impl Fn(&str) -> String) -> String {
    let tables = std::iter::once(TABLE).chain(heirs.iter().map(String::as_str));
    tables.map(statement).collect::<Vec<_>>().join("; ")
}

/// Raises where a table below says something of the column that it would keep, or that could not be brought back.
/// `is_replaced`: another column takes its place there, with the default of the table above.
pub fn require_same(p: &Planning, column: &str, is_replaced: bool) {
    let found: Option<(Name, String)> = owner::run(|| {
        spi::select_one(
            "WITH RECURSIVE tree AS (
                SELECT inhrelid AS relid FROM pg_inherits WHERE inhparent = $1
                UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree t ON i.inhparent = t.relid)
             SELECT n.nspname::text, c.relname::text, o.why
               FROM pg_attribute a CROSS JOIN tree t JOIN pg_class c ON c.oid = t.relid JOIN pg_namespace n ON n.oid = c.relnamespace
               JOIN pg_attribute b ON b.attrelid = c.oid AND b.attname = a.attname
               LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
               LEFT JOIN pg_attrdef e ON (e.adrelid, e.adnum) = (b.attrelid, b.attnum)
              CROSS JOIN LATERAL (SELECT
                CASE WHEN c.relkind = 'f' THEN 'is a foreign table'
                     WHEN b.attislocal THEN 'inherits the column and declares it too, so it would stay there: drop it from that table''s definition first'
                     WHEN b.attnotnull AND NOT a.attnotnull THEN 'has the column NOT NULL, and the one above does not'
                     WHEN $3 AND pg_get_expr(e.adbin, e.adrelid) IS DISTINCT FROM pg_get_expr(d.adbin, d.adrelid)
                     THEN 'has another default for the column than the one above'
                     ELSE (SELECT format('inherits constraint %I over the column and declares it too', min(k.conname))
                             FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c' AND k.coninhcount > 0 AND k.conislocal
                              AND b.attnum = ANY (k.conkey) HAVING count(*) > 0) END) o (why)
              WHERE a.attrelid = $1 AND a.attname = $2 AND NOT a.attisdropped AND o.why IS NOT NULL ORDER BY 1, 2 LIMIT 1",
            &[p.relid.into(), column.into(), is_replaced.into()],
            |r| (Name { schema: r.must(1), relation: r.must(2) }, r.must(3)),
        )
    });
    if let Some((name, why)) = found {
        p.no_form(&format!("table {name} {why}"));
    }
}
