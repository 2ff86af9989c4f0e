//! What hangs on a column and has to come along when another takes its place.
use crate::core::change::step::COLUMN;
use crate::pg::{owner, spi};
use pgrx::pg_sys;
use pgrx::spi::quote_identifier;

/// The column's own settings.
pub struct Settings {
    /// Its default.
    pub default: Option<String>,
    /// `ALWAYS` or `BY DEFAULT` for an identity.
    pub identity: Option<String>,
    /// Its sequence, where the column owns it, quoted.
    pub sequence: Option<String>,
    /// Type of the values of that sequence.
    pub sequence_type: Option<String>,
    /// Statistics target; -1 for the default.
    pub statistics: i32,
    /// Options as in SET (…).
    pub options: Option<String>,
    /// Its comment.
    pub comment: Option<String>,
}

/// The settings of a column. PostgreSQL keeps a version of its own among the options (pg_attver), which is not to be copied.
#[must_use]
pub fn settings(relid: pg_sys::Oid, column: &str) -> Option<Settings> {
    owner::run(|| {
        spi::select_one(
            "SELECT pg_get_expr(f.adbin, f.adrelid),
                    CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END,
                    s.seqrelid::regclass::text, format_type(s.seqtypid, NULL),
                    coalesce(a.attstattarget, -1)::int, (SELECT string_agg(o, ', ') FROM unnest(a.attoptions) o WHERE o NOT LIKE 'pg_attver=%'), col_description(a.attrelid, a.attnum)
               FROM pg_attribute a
               LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
               LEFT JOIN (SELECT d.refobjsubid, s.* FROM pg_depend d JOIN pg_sequence s ON s.seqrelid = d.objid
                           WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
                             AND d.refobjid = $1 AND d.deptype IN ('a', 'i')) s ON s.refobjsubid = a.attnum
              WHERE a.attrelid = $1 AND a.attname = $2 AND NOT a.attisdropped",
            &[relid.into(), column.into()],
            |r| Settings {
                default: r.get(1),
                identity: r.get(2),
                sequence: r.get(3),
                sequence_type: r.get(4),
                statistics: r.must(5),
                options: r.get(6),
                comment: r.get(7),
            },
        )
    })
}

/// A check or a foreign key over the column.
pub struct Constraint {
    /// The table it is of, quoted; a placeholder for the table itself.
    pub table: String,
    /// Its name.
    pub name: String,
    /// Whether it is a check.
    pub is_check: bool,
    /// The condition of a check; everything behind the columns of a foreign key.
    pub text: String,
    /// Columns of a foreign key, quoted, with the new one in place of the old.
    pub columns: String,
    /// Whether it is proven for all rows.
    pub is_valid: bool,
    /// ` NO INHERIT` where a check says so.
    pub no_inherit: String,
    /// Its comment.
    pub comment: Option<String>,
}

/// The checks and foreign keys of a table over a column that it does not have from above. `table`: its name in the plan.
#[must_use]
pub fn constraints(relid: pg_sys::Oid, table: &str, column: &str, new: &str) -> Vec<Constraint> {
    owner::run(|| {
        spi::select(
            "SELECT k.conname::text, k.contype = 'c',
                    CASE k.contype WHEN 'c' THEN pg_get_expr(k.conbin, k.conrelid)
                         ELSE regexp_replace(regexp_replace(pg_get_constraintdef(k.oid), '^.*?\\) REFERENCES', ' REFERENCES'), ' NOT VALID$', '') END,
                    (SELECT array_agg(e.attname::text ORDER BY u.n)
                       FROM unnest(k.conkey) WITH ORDINALITY u (key, n) JOIN pg_attribute e ON e.attrelid = k.conrelid AND e.attnum = u.key),
                    k.convalidated, CASE WHEN k.connoinherit AND k.contype = 'c' THEN ' NO INHERIT' ELSE '' END,
                    obj_description(k.oid, 'pg_constraint')
               FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attname = $2
              WHERE k.conrelid = $1 AND a.attnum = ANY (k.conkey) AND k.contype IN ('c', 'f')
                AND k.coninhcount = 0 AND k.conparentid = 0 AND k.conname !~ '^_dg[0-9]+_' ORDER BY 1",
            &[relid.into(), column.into()],
            |r| Constraint {
                table: table.to_string(),
                name: r.must(1),
                is_check: r.must(2),
                text: r.must(3),
                columns: listed(r.must(4), |name| match name == column {
                    true => quote_identifier(new),
                    false => format!("{COLUMN}{name}{COLUMN}"),
                }),
                is_valid: r.must(5),
                no_inherit: r.must(6),
                comment: r.get(7),
            },
        )
    })
}

/// Columns as a list.
pub fn listed(names: Vec<String>, text: impl Fn(&str) -> String) -> String {
    names.iter().map(|name| text(name)).collect::<Vec<_>>().join(", ")
}

/// Statistics objects over a column, of tables below as well.
#[must_use]
pub fn statistics_objects(relid: pg_sys::Oid, column: &str) -> Vec<String> {
    owner::run(|| {
        spi::select(
            "WITH RECURSIVE tree AS (
                SELECT $1::oid AS relid UNION SELECT i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.relid)
             SELECT DISTINCT pg_describe_object(d.classid, d.objid, 0) FROM pg_depend d
               JOIN tree ON tree.relid = d.refobjid
               JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
              WHERE d.classid = 'pg_statistic_ext'::regclass AND d.refclassid = 'pg_class'::regclass AND a.attname = $2",
            &[relid.into(), column.into()],
            |r| r.must(1),
        )
    })
}
