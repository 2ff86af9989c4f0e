//! Facts about a table that a change needs.
use super::form::Planning;
use super::planned;
use crate::pg::catalog::{self, Name};
use crate::pg::regclass::Relation;
use crate::pg::{definitions, owner, plain_table, spi, xact};
use pgrx::pg_sys;
use std::cell::Cell;

/// A column as the catalogs describe it.
pub struct Column {
    /// Type with its modifier, as in DDL.
    pub type_name: String,
    /// Collation to name in DDL, quoted; None for the type's own.
    pub collation: Option<String>,
    /// NOT NULL.
    pub not_null: bool,
    /// Inherited from a parent.
    pub inherited: bool,
    /// Generated.
    pub generated: bool,
    /// Part of the primary key.
    pub in_primary_key: bool,
    /// The partitioned table, it or one below it, whose key it is part of; quoted.
    pub partition_key_of: Option<String>,
    /// Why PostgreSQL keeps it NOT NULL, where it does for another reason than a primary key.
    pub stays_not_null: Option<String>,
}

/// A column, None when there is none of that name.
#[must_use]
pub fn column(relid: pg_sys::Oid, name: &str) -> Option<Column> {
    owner::run(|| {
        spi::select_one(
            "SELECT format_type(a.atttypid, a.atttypmod),
                    (SELECT format('%I.%I', n.nspname, c.collname) FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
                      WHERE c.oid = a.attcollation AND a.attcollation <> t.typcollation),
                    a.attnotnull, a.attinhcount > 0, a.attgenerated <> '',
                    EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary AND a.attnum = ANY (i.indkey)),
                    -- PostgreSQL keeps a column of a key, or of an expression in one, by what it depends on.
                    (WITH RECURSIVE tree AS (
                        SELECT a.attrelid AS relid UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree ON i.inhparent = tree.relid)
                     SELECT format('%I.%I', n.nspname, c.relname)
                       FROM tree JOIN pg_class c ON c.oid = tree.relid AND c.relkind = 'p' JOIN pg_namespace n ON n.oid = c.relnamespace
                       JOIN pg_attribute b ON b.attrelid = c.oid AND b.attname = a.attname
                       JOIN pg_depend d ON (d.classid, d.objid, d.objsubid) = ('pg_class'::regclass, c.oid, b.attnum)
                        AND (d.refclassid, d.refobjid, d.refobjsubid, d.deptype) = ('pg_class'::regclass, c.oid, 0, 'i')
                      ORDER BY c.oid LIMIT 1),
                    CASE WHEN a.attidentity <> '' THEN 'the column is an identity: ALTER COLUMN … DROP IDENTITY first'
                         WHEN EXISTS (WITH RECURSIVE tree AS (
                                        SELECT a.attrelid AS relid UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree ON i.inhparent = tree.relid)
                                      SELECT FROM tree t JOIN pg_index i ON i.indrelid = t.relid AND i.indisreplident
                                        JOIN pg_attribute r ON r.attrelid = t.relid AND r.attname = a.attname AND r.attnum = ANY (i.indkey))
                         THEN 'the column is part of the replica identity' END
               FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
              WHERE a.attrelid = $1 AND a.attname = $2 AND a.attnum > 0 AND NOT a.attisdropped",
            &[relid.into(), name.into()],
            |r| Column {
                type_name: r.must(1),
                collation: r.get(2),
                not_null: r.must(3),
                inherited: r.must(4),
                generated: r.must(5),
                in_primary_key: r.must(6),
                partition_key_of: r.get(7),
                stays_not_null: r.get(8),
            },
        )
    })
}

/// Whether a column that is given no value refuses the row by its domain: NOT NULL of the column itself is not meant.
#[must_use]
pub fn refuses_null(relid: pg_sys::Oid, name: &str) -> bool {
    let domain: Option<String> = owner::run(|| {
        spi::select_one(
            "SELECT format_type(a.atttypid, a.atttypmod) FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
              WHERE a.attrelid = $1 AND a.attname = $2 AND t.typtype = 'd' AND NOT a.atthasdef AND t.typdefault IS NULL",
            &[relid.into(), name.into()],
            |r| r.must(1),
        )
    });
    let Some(domain) = domain else { return false };
    let role = catalog::relation_owner(relid).unwrap_or(pg_sys::InvalidOid);
    let cast = || owner::as_role(role, || spi::select(&format!("SELECT NULL::{domain}"), &[], |_| ()));
    xact::apart(cast).is_none()
}

/// A relation by its quoted name.
#[must_use]
pub fn named(name: &str) -> Option<pg_sys::Oid> {
    owner::run(|| spi::select_one("SELECT to_regclass($1)::oid", &[name.into()], |r| r.get(1))).flatten()
}

/// Whether other tables inherit from it (partitions not counted), and whether it is a partition or typed itself.
pub struct Shape {
    /// Plain inheritance children.
    pub has_children: bool,
    /// Partitioned.
    pub partitioned: bool,
    /// A partition.
    pub is_partition: bool,
    /// Made `OF` a type.
    pub typed: bool,
}

/// The shape of a table.
#[must_use]
pub fn shape(relid: pg_sys::Oid) -> Shape {
    owner::run(|| {
        spi::select_one(
            "SELECT c.relkind <> 'p' AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid),
                    c.relkind = 'p', c.relispartition, c.reloftype <> 0
               FROM pg_class c WHERE c.oid = $1",
            &[relid.into()],
            |r| Shape {
                has_children: r.must(1),
                partitioned: r.must(2),
                is_partition: r.must(3),
                typed: r.must(4),
            },
        )
    })
    .unwrap_or(Shape { has_children: false, partitioned: false, is_partition: false, typed: false })
}

thread_local! {
    /// What [`runs_users_code`] found last, and how many definitions had changed by then.
    static KNOWN: Cell<Option<(pg_sys::Oid, u64, bool)>> = const { Cell::new(None) };
}

/// Whether an UPDATE of a table that fires no ordinary triggers still calls functions that users wrote: in checks,
/// generated columns, indexes, the bounds of partitions, and triggers and rules of every replication role. The table must be
/// locked: what was found out before a definition changed is asked anew.
#[must_use]
pub fn runs_users_code(relid: pg_sys::Oid) -> bool {
    let now = definitions::changes();
    if let Some((_, _, known)) = KNOWN.get().filter(|(r, at, _)| (*r, *at) == (relid, now)) {
        return known;
    }
    // Those of a change say what its plan says.
    let evaluates = |trigger| planned::plan_of(trigger).is_none_or(|plan| plan.runs_users_code);
    let found = plain_table::calls_users_code(relid, evaluates);
    KNOWN.set(Some((relid, now, found)));
    found
}

/// A digest of the columns of a table, without those that changes have added.
#[must_use]
pub fn fingerprint(relid: pg_sys::Oid, without: &[String]) -> String {
    owner::run(|| {
        spi::select_latest(
            "SELECT md5(string_agg(format('%s %s %s %s', attname, format_type(atttypid, atttypmod), attnotnull, attgenerated), ',' ORDER BY attnum))
               FROM pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped AND attname <> ALL ($2)",
            &[relid.into(), without.to_vec().into()],
            |r| r.get::<String>(1),
        )
    })
    .into_iter()
    .next()
    .flatten()
    .unwrap_or_default()
}

/// The columns by number.
#[must_use]
pub fn column_names(relid: pg_sys::Oid) -> Vec<(i16, String)> {
    owner::run(|| {
        spi::select_latest(
            "SELECT attnum, attname::text FROM pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped",
            &[relid.into()],
            |r| (r.must(1), r.must(2)),
        )
    })
}

/// The columns that the running transaction has added.
#[must_use]
pub fn columns_made_here(relid: pg_sys::Oid) -> Vec<String> {
    let columns: Vec<(String, i16)> = owner::run(|| {
        spi::select_latest(
            "SELECT attname::text, attnum FROM pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped",
            &[relid.into()],
            |r| (r.must(1), r.must(2)),
        )
    });
    let made = columns.into_iter().filter(|(_, number)| xact::is_created_here(relid, Some(*number)));
    made.map(|(name, _)| name).collect()
}

/// The tables that hold the rows: the table itself, or the leaves of a partitioned one.
#[must_use]
pub fn leaves(relid: pg_sys::Oid) -> Vec<(pg_sys::Oid, Name)> {
    owner::run(|| {
        spi::select(
            "WITH RECURSIVE tree AS (
                SELECT $1::oid AS relid UNION ALL SELECT i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.relid)
             SELECT c.oid, n.nspname::text, c.relname::text
               FROM tree t JOIN pg_class c ON c.oid = t.relid JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE c.relkind = 'r' ORDER BY c.oid",
            &[relid.into()],
            |r| (r.must(1), Name { schema: r.must(2), relation: r.must(3) }),
        )
    })
}

/// Raises unless it is a table that a constraint or an index can be built for by itself. `with_rows`: or a materialized
/// view, which has rows, but no constraints.
pub fn require_stored(p: &Planning, with_rows: bool) {
    match catalog::relation_kind(p.relid) {
        Some(b'r' | b'p') => {}
        Some(b'm') if with_rows => {}
        _ => p.no_form("this form works on tables only"),
    }
    let shape = shape(p.relid);
    if shape.is_partition && shape.partitioned {
        p.no_form("it is a partition that is partitioned itself: propose it for the table above, or for its partitions");
    }
}

/// Raises unless it is a table that has its columns from nowhere else, and gives them to no other.
pub fn require_plain(p: &Planning) {
    require_root(p);
    if shape(p.relid).has_children {
        p.no_form("other tables inherit from this one");
    }
}

/// Raises unless it is a table that has its columns from nowhere else.
fn require_root(p: &Planning) {
    if !matches!(catalog::relation_kind(p.relid), Some(b'r' | b'p')) {
        p.no_form("this form works on tables only");
    }
    let shape = shape(p.relid);
    if shape.typed {
        p.no_form("a typed table gets its columns from its type");
    }
    if shape.is_partition {
        p.no_form("a partition has its columns and its place from the table above it");
    }
}

/// Raises where a column is part of a partition key: rows would have to move.
pub fn require_no_partition_key(p: &Planning, column: &str, facts: &Column) {
    if let Some(table) = &facts.partition_key_of {
        crate::error::change::partition_key(column, table, &p.name).raise();
    }
}

/// A column of such a table; raises where there is none, or where it is inherited.
#[must_use]
pub fn plain_column(p: &Planning, name: &str) -> Column {
    require_plain(p);
    root_column(p, name)
}

/// The same, where other tables may inherit it.
#[must_use]
pub fn root_column(p: &Planning, name: &str) -> Column {
    require_root(p);
    crate::registry::tagging::require_column(Relation(p.relid), &p.name, name);
    let Some(facts) = column(p.relid, name) else { crate::error::change::column_gone(name).raise() };
    if facts.inherited {
        p.no_form("the column is inherited from another table");
    }
    facts
}

/// The word for a relation in ALTER and DROP.
#[must_use]
pub fn command_word(relid: pg_sys::Oid) -> &'static str {
    match catalog::relation_kind(relid) {
        Some(b'v') => "VIEW",
        Some(b'm') => "MATERIALIZED VIEW",
        Some(b'f') => "FOREIGN TABLE",
        _ => "TABLE",
    }
}

/// More than this is not read while a strong lock is held: some hundredths of a second where it is cached.
const LARGE: i64 = 64 * 1024 * 1024;

/// Whether a table with all its parts is too large to be read under a strong lock.
#[must_use]
pub fn is_large(relid: pg_sys::Oid) -> bool {
    let leaves: Vec<pg_sys::Oid> = leaves(relid).into_iter().map(|(leaf, _)| leaf).collect();
    let bytes: Option<i64> = owner::run(|| {
        spi::select_one(
            "SELECT coalesce(sum(pg_relation_size(l)), 0)::bigint FROM unnest($1::oid[]) l",
            &[leaves.into()],
            |r| r.must(1),
        )
    });
    bytes.is_some_and(|bytes| bytes > LARGE)
}
