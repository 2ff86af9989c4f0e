//! What hangs on a column and has to come along when another takes its place.
use super::Planning;
use crate::pg::{owner, spi};
use pgrx::pg_sys;

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

/// An index over the column.
pub struct Index {
    /// Its name.
    pub name: String,
    /// `UNIQUE ` where it is.
    pub unique: &'static str,
    /// Everything behind the table's name, with the new column in place of the old one. Other columns are placeholders.
    pub on: String,
    /// The same with the old column.
    pub on_old: String,
    /// `p` or `u` where a constraint owns it.
    pub constraint: Option<String>,
    /// Its comment.
    pub comment: Option<String>,
    /// That of the constraint.
    pub constraint_comment: Option<String>,
}

impl Index {
    /// Whether it is the primary key's.
    #[must_use]
    pub fn is_primary_key(&self) -> bool {
        self.constraint.as_deref() == Some("p")
    }
}

/// The indexes over a column, with `new` in its place, without those in quarantine; raises where one cannot be built for another column.
#[must_use]
pub fn indexes(p: &Planning, column: &str, new: &str) -> Vec<Index> {
    let obstacles: Vec<(String, String)> = owner::run(|| {
        spi::select(
            "SELECT c.relname::text,
                    CASE WHEN i.indexprs IS NOT NULL OR i.indpred IS NOT NULL THEN 'has an expression or a condition'
                         WHEN i.indisexclusion THEN 'belongs to an exclusion constraint'
                         WHEN i.indisreplident THEN 'is the replica identity'
                         WHEN i.indisclustered THEN 'is what the table is clustered by'
                         WHEN NOT i.indisvalid THEN 'is not valid'
                         WHEN NOT i.indimmediate THEN 'belongs to a deferrable constraint'
                         ELSE 'has an operator class of its own' END
               FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
               JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attname = $2
              WHERE i.indrelid = $1
                AND (a.attnum = ANY (i.indkey)
                     OR EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                                   AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1 AND d.refobjsubid = a.attnum))
                AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL OR i.indisexclusion OR i.indisreplident
                     OR i.indisclustered OR NOT i.indisvalid OR NOT i.indimmediate
                     OR EXISTS (SELECT FROM unnest(i.indclass, i.indkey) u (class, key) JOIN pg_opclass o ON o.oid = u.class
                                 WHERE u.key = a.attnum AND NOT o.opcdefault))
              ORDER BY 1 LIMIT 1",
            &[p.relid.into(), column.into()],
            |r| (r.must(1), r.must(2)),
        )
    });
    if let Some((index, why)) = obstacles.first() {
        p.no_form(&format!("index {index} over the column {why}, which is not built for another column"));
    }
    owner::run(|| {
        spi::select(
            "SELECT c.relname::text, i.indisunique,
                    format(' USING %I (%s)%s%s%s%s', m.amname, keys.new, keys.included,
                           CASE WHEN i.indnullsnotdistinct THEN ' NULLS NOT DISTINCT' ELSE '' END,
                           coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', ''),
                           coalesce(' TABLESPACE ' || quote_ident(s.spcname), '')),
                    format(' USING %I (%s)', m.amname, keys.old),
                    k.contype::text,
                    obj_description(i.indexrelid, 'pg_class'), obj_description(k.oid, 'pg_constraint')
               FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
               JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attname = $2
               LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
               LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u') AND k.conrelid = i.indrelid
              CROSS JOIN LATERAL (
                SELECT string_agg(CASE WHEN u.key = a.attnum THEN quote_ident($3) ELSE chr(3) || e.attname || chr(3) END || u.how, ', ' ORDER BY u.n)
                           FILTER (WHERE u.n <= i.indnkeyatts) AS new,
                       string_agg(CASE WHEN u.key = a.attnum THEN quote_ident($2) ELSE chr(3) || e.attname || chr(3) END || u.how, ', ' ORDER BY u.n) FILTER (WHERE u.n <= i.indnkeyatts) AS old,
                       coalesce(' INCLUDE (' || string_agg(CASE WHEN u.key = a.attnum THEN quote_ident($3) ELSE chr(3) || e.attname || chr(3) END, ', ' ORDER BY u.n)
                           FILTER (WHERE u.n > i.indnkeyatts) || ')', '') AS included
                  FROM (SELECT x.key, x.n,
                               CASE WHEN x.key <> a.attnum AND x.coll <> 0
                                     AND x.coll <> (SELECT attcollation FROM pg_attribute WHERE attrelid = $1 AND attnum = x.key)
                                    THEN (SELECT format(' COLLATE %I.%I', n.nspname, l.collname)
                                            FROM pg_collation l JOIN pg_namespace n ON n.oid = l.collnamespace WHERE l.oid = x.coll) ELSE '' END
                               || CASE WHEN NOT o.opcdefault THEN (SELECT format(' %I.%I', n.nspname, o.opcname) FROM pg_namespace n WHERE n.oid = o.opcnamespace) ELSE '' END
                               || CASE WHEN x.option & 1 = 1 THEN ' DESC' ELSE '' END
                               || CASE x.option & 3 WHEN 1 THEN ' NULLS LAST' WHEN 2 THEN ' NULLS FIRST' ELSE '' END AS how
                          FROM unnest(i.indkey::int2[], i.indcollation::oid[], i.indclass::oid[], i.indoption::int2[]) WITH ORDINALITY x (key, coll, class, option, n)
                          LEFT JOIN pg_opclass o ON o.oid = x.class) u
                  JOIN pg_attribute e ON e.attrelid = i.indrelid AND e.attnum = u.key) keys
              WHERE i.indrelid = $1 AND a.attnum = ANY (i.indkey) AND c.relname !~ '^_dg[0-9]+_' ORDER BY 1",
            &[p.relid.into(), column.into(), new.into()],
            |r| Index {
                name: r.must(1),
                unique: if r.must(2) { "UNIQUE " } else { "" },
                on: r.must(3),
                on_old: r.must(4),
                constraint: r.get(5),
                comment: r.get(6),
                constraint_comment: r.get(7),
            },
        )
    })
}

/// A check or a foreign key over the column.
pub struct Constraint {
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

/// The checks and foreign keys of the table over a column.
#[must_use]
pub fn constraints(relid: pg_sys::Oid, column: &str, new: &str) -> Vec<Constraint> {
    owner::run(|| {
        spi::select(
            "SELECT k.conname::text, k.contype = 'c',
                    CASE k.contype WHEN 'c' THEN pg_get_expr(k.conbin, k.conrelid)
                         ELSE regexp_replace(regexp_replace(pg_get_constraintdef(k.oid), '^.*?\\) REFERENCES', ' REFERENCES'), ' NOT VALID$', '') END,
                    (SELECT string_agg(CASE WHEN e.attname = $2 THEN quote_ident($3) ELSE chr(3) || e.attname || chr(3) END, ', ' ORDER BY u.n)
                       FROM unnest(k.conkey) WITH ORDINALITY u (key, n) JOIN pg_attribute e ON e.attrelid = k.conrelid AND e.attnum = u.key),
                    k.convalidated, CASE WHEN k.connoinherit AND k.contype = 'c' THEN ' NO INHERIT' ELSE '' END,
                    obj_description(k.oid, 'pg_constraint')
               FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attname = $2
              WHERE k.conrelid = $1 AND a.attnum = ANY (k.conkey) AND k.contype IN ('c', 'f')
                AND k.conname !~ '^_dg[0-9]+_' ORDER BY 1",
            &[relid.into(), column.into(), new.into()],
            |r| Constraint {
                name: r.must(1),
                is_check: r.must(2),
                text: r.must(3),
                columns: r.must(4),
                is_valid: r.must(5),
                no_inherit: r.must(6),
                comment: r.get(7),
            },
        )
    })
}

/// Statistics objects over a column.
#[must_use]
pub fn statistics_objects(relid: pg_sys::Oid, column: &str) -> Vec<String> {
    owner::run(|| {
        spi::select(
            "SELECT DISTINCT pg_describe_object(d.classid, d.objid, 0) FROM pg_depend d
               JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
              WHERE d.classid = 'pg_statistic_ext'::regclass AND d.refclassid = 'pg_class'::regclass
                AND d.refobjid = $1 AND a.attname = $2",
            &[relid.into(), column.into()],
            |r| r.must(1),
        )
    })
}
