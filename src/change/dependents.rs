//! What depends on a table or a column from outside.
use crate::pg::{owner, spi};
use pgrx::pg_sys;

/// What else would go, or stand in the way, if a column (or with None the table) were dropped: views, foreign keys of
/// other tables, policies, functions that use the row type, and the like. Not its own indexes, defaults and constraints.
/// A column goes from the tables below as well.
#[must_use]
pub fn of(relid: pg_sys::Oid, column: Option<&str>) -> Vec<String> {
    but(relid, column, &[])
}

/// The same without these views.
#[must_use]
pub fn but(relid: pg_sys::Oid, column: Option<&str>, views: &[pg_sys::Oid]) -> Vec<String> {
    owner::run(|| {
        spi::select(
            "WITH RECURSIVE tree AS (
                SELECT $1::oid AS relid
                UNION SELECT i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.relid WHERE $2::text IS NOT NULL)
             SELECT DISTINCT CASE WHEN w.oid IS NOT NULL THEN format('view %s', w.ev_class::regclass)
                                  ELSE pg_describe_object(d.classid, d.objid, d.objsubid) END
               FROM pg_depend d
               LEFT JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
               LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
              WHERE d.deptype IN ('n', 'P', 'S')
                AND (d.refclassid = 'pg_class'::regclass AND d.refobjid IN (SELECT relid FROM tree)
                     AND ($2::text IS NULL
                          OR d.refobjsubid = (SELECT attnum FROM pg_attribute WHERE attrelid = d.refobjid AND attname = $2))
                  OR $2::text IS NULL AND d.refclassid = 'pg_type'::regclass
                     AND d.refobjid IN (SELECT reltype FROM pg_class WHERE oid = $1
                                        UNION SELECT typarray FROM pg_type WHERE typrelid = $1))
                -- Its own constraints go with the column, but for foreign keys from another of its columns.
                AND (k.conrelid IS NULL OR k.conrelid NOT IN (SELECT relid FROM tree)
                     OR k.contype = 'f' AND $2::text IS NOT NULL
                        AND d.refobjsubid = ANY (k.confkey) AND d.refobjsubid <> ALL (k.conkey))
                -- What partitions have from above is known there.
                AND ($2::text IS NULL OR k.conparentid IS NULL OR k.conparentid = 0)
                AND ($2::text IS NULL OR NOT EXISTS (
                     SELECT FROM pg_trigger t WHERE d.classid = 'pg_trigger'::regclass AND t.oid = d.objid AND t.tgparentid <> 0))
                AND NOT (d.classid = 'pg_class'::regclass AND d.objid IN (SELECT relid FROM tree))
                AND (w.ev_class IS NULL OR w.ev_class NOT IN (SELECT relid FROM tree) AND w.ev_class <> ALL ($3))
                AND NOT EXISTS (SELECT FROM pg_index x WHERE d.classid = 'pg_class'::regclass AND x.indexrelid = d.objid
                                   AND x.indrelid IN (SELECT relid FROM tree))
                AND NOT EXISTS (SELECT FROM pg_publication_rel p WHERE $2::text IS NULL AND d.classid = 'pg_publication_rel'::regclass AND (p.oid, p.prrelid) = (d.objid, $1))
                AND NOT EXISTS (SELECT FROM pg_policy p WHERE $2::text IS NULL AND d.classid = 'pg_policy'::regclass AND (p.oid, p.polrelid) = (d.objid, $1))
                AND NOT EXISTS (SELECT FROM pg_trigger t WHERE $2::text IS NULL AND d.classid = 'pg_trigger'::regclass AND (t.oid, t.tgrelid) = (d.objid, $1))
                AND NOT (d.classid = 'pg_attrdef'::regclass
                         AND EXISTS (SELECT FROM pg_attrdef f WHERE f.oid = d.objid AND f.adrelid IN (SELECT relid FROM tree)
                                        AND ($2::text IS NULL OR NOT EXISTS (SELECT FROM pg_attribute g WHERE g.attrelid = f.adrelid
                                                         AND g.attnum = f.adnum AND g.attgenerated <> ''))))
              ORDER BY 1 LIMIT 20",
            &[relid.into(), column.into(), views.to_vec().into()],
            |r| r.must(1),
        )
    })
}
