//! The indexes over a column whose type changes, as they are to be built for the column that takes its place.
use super::{Planning, rebuild};
use crate::change::part_index;
use crate::change::whole::{self, Member};
use crate::core::change::step::COLUMN;
use crate::pg::catalog::Name;
use crate::pg::formula::Column;
use crate::pg::{owner, retype, spi};
use pgrx::spi::quote_identifier;
use pgrx::{JsonB, pg_sys};
use serde::Deserialize;

/// An index over the column.
pub struct Index {
    /// Its name.
    pub name: String,
    /// Whether it is unique.
    pub is_unique: bool,
    /// The partition or heir that it is of; None for the table itself.
    pub member: Option<Name>,
    /// Whether its table is partitioned.
    pub is_partitioned: bool,
    /// How it is built with the new column in place of the old one. Other columns are placeholders.
    pub on: Definition,
    /// The same with the old column.
    pub on_old: Definition,
    /// `p` or `u` where a constraint owns it.
    pub constraint: Option<String>,
    /// Its comment.
    pub comment: Option<String>,
    /// That of the constraint.
    pub constraint_comment: Option<String>,
}

/// Everything behind the table's name.
#[derive(Default)]
pub struct Definition {
    /// Method, keys, included columns and NULLS NOT DISTINCT.
    pub keys: String,
    /// The same for a constraint.
    pub constraint: String,
    /// Its own options and tablespace.
    behind: Behind,
    /// Its condition.
    pub condition: String,
}

impl Definition {
    /// As in CREATE INDEX.
    #[must_use]
    pub fn as_index(&self) -> String {
        format!("{}{}{}{}", self.keys, self.behind.options, self.behind.space(""), self.condition)
    }

    /// As in ADD CONSTRAINT, behind UNIQUE or PRIMARY KEY.
    #[must_use]
    pub fn as_constraint(&self) -> String {
        format!("{}{}{}", self.constraint, self.behind.options, self.behind.space(" USING INDEX"))
    }
}

#[derive(Clone, Default)]
struct Behind {
    nulls: String,
    options: String,
    tablespace: Option<String>,
}

impl Behind {
    fn space(&self, before: &str) -> String {
        self.tablespace.as_ref().map(|t| format!("{before} TABLESPACE {t}")).unwrap_or_default()
    }
}

impl Index {
    /// Whether it is the primary key's.
    #[must_use]
    pub fn is_primary_key(&self) -> bool {
        self.constraint.as_deref() == Some("p")
    }

    /// Whether it is built and changes places by itself: of the table itself, where that holds its rows.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.member.is_none() && !self.is_partitioned
    }
}

/// What an index is made of, beside its keys.
struct Found {
    index: Index,
    method: String,
    method_oid: pg_sys::Oid,
    behind: Behind,
    relid: pg_sys::Oid,
    oid: pg_sys::Oid,
    condition: Option<String>,
    keys: Vec<Key>,
}

/// A key of an index, or a column that it includes.
#[derive(Deserialize)]
struct Key {
    /// The column; none for an expression.
    column: Option<String>,
    /// The expression.
    expression: Option<String>,
    /// Whether it is only included.
    included: bool,
    /// The collation, qualified, where it is not that of the column or the type.
    collation: Option<String>,
    /// The operator class, qualified, where it is not the default one of the key's type.
    class: Option<String>,
    /// Type that the operator class is for.
    class_type: Option<u32>,
    /// `DESC` and the place of nulls.
    order: String,
}

/// Raises for what cannot be built for another column while clients write.
fn require_buildable(p: &Planning, relid: pg_sys::Oid, column: &str) {
    let obstacle: Option<(String, String)> = owner::run(|| {
        spi::select_one(
            "SELECT c.relname::text,
                    CASE WHEN i.indisexclusion THEN 'belongs to an exclusion constraint'
                         WHEN i.indisreplident THEN 'is the replica identity'
                         WHEN i.indisclustered THEN 'is what the table is clustered by'
                         WHEN NOT i.indisvalid THEN 'is not valid'
                         WHEN NOT i.indimmediate THEN 'belongs to a deferrable constraint'
                         ELSE 'has an operator class with options' END
               FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
              WHERE i.indrelid = $1 AND c.relname !~ '^_dg[0-9]+_'
                AND (i.indisexclusion OR i.indisreplident OR i.indisclustered OR NOT i.indisvalid OR NOT i.indimmediate
                     OR EXISTS (SELECT FROM pg_attribute o WHERE o.attrelid = i.indexrelid AND o.attoptions IS NOT NULL))
                AND EXISTS (SELECT FROM pg_depend d
                              JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid AND a.attname = $2
                             WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1
                               AND d.objid IN (i.indexrelid)
                            UNION ALL SELECT FROM pg_attribute a
                             WHERE a.attrelid = $1 AND a.attname = $2 AND a.attnum = ANY (i.indkey))
              ORDER BY 1 LIMIT 1",
            &[relid.into(), column.into()],
            |r| (r.must(1), r.must(2)),
        )
    });
    if let Some((index, why)) = obstacle {
        p.no_form(&format!("index {index} over the column {why}, which is not built for another column"));
    }
}

fn found(relid: pg_sys::Oid, member: Option<&Name>, column: &str) -> Vec<Found> {
    owner::run(|| {
        spi::select(
            "SELECT c.relname::text, i.indisunique, m.amname::text, m.oid,
                    CASE WHEN i.indnullsnotdistinct THEN ' NULLS NOT DISTINCT' ELSE '' END,
                    coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', ''), quote_ident(s.spcname),
                    c.relkind = 'I', c.oid, pg_get_expr(i.indpred, i.indrelid), k.contype::text,
                    obj_description(i.indexrelid, 'pg_class'), obj_description(k.oid, 'pg_constraint'), keys.all_
               FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
               JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attname = $2
               LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
               LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u') AND k.conrelid = i.indrelid
              CROSS JOIN LATERAL (
                SELECT jsonb_agg(jsonb_build_object(
                         'column', e.attname, 'expression', CASE WHEN x.key = 0 THEN pg_get_indexdef(i.indexrelid, x.n::int, false) END,
                         'included', x.n > i.indnkeyatts,
                         'collation', (SELECT format('%I.%I', n.nspname, l.collname)
                                         FROM pg_collation l JOIN pg_namespace n ON n.oid = l.collnamespace
                                        WHERE l.oid = x.coll AND l.oid <> coalesce(e.attcollation, 'pg_catalog.default'::regcollation)),
                         'class', CASE WHEN NOT o.opcdefault THEN (SELECT format('%I.%I', n.nspname, o.opcname)
                                                                    FROM pg_namespace n WHERE n.oid = o.opcnamespace) END,
                         'class_type', o.opcintype::bigint,
                         'order', concat(CASE WHEN x.option & 1 = 1 THEN ' DESC' END,
                                         CASE x.option & 3 WHEN 1 THEN ' NULLS LAST' WHEN 2 THEN ' NULLS FIRST' END))
                       ORDER BY x.n) AS all_
                  FROM unnest(i.indkey::int2[], i.indcollation::oid[], i.indclass::oid[], i.indoption::int2[])
                       WITH ORDINALITY x (key, coll, class, option, n)
                  LEFT JOIN pg_attribute e ON e.attrelid = i.indrelid AND e.attnum = x.key AND x.key <> 0
                  LEFT JOIN pg_opclass o ON o.oid = x.class) keys
              WHERE i.indrelid = $1 AND c.relname !~ '^_dg[0-9]+_' AND NOT c.relispartition
                AND (a.attnum = ANY (i.indkey)
                     OR EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                                   AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1 AND d.refobjsubid = a.attnum))
              ORDER BY 1",
            &[relid.into(), column.into()],
            |r| Found {
                index: Index {
                    name: r.must(1),
                    is_unique: r.must(2),
                    member: member.cloned(),
                    is_partitioned: r.must(8),
                    on: Definition::default(),
                    on_old: Definition::default(),
                    constraint: r.get(11),
                    comment: r.get(12),
                    constraint_comment: r.get(13),
                },
                method: r.must(3),
                method_oid: r.must(4),
                behind: Behind { nulls: r.must(5), options: r.must(6), tablespace: r.get(7) },
                relid,
                oid: r.must(9),
                condition: r.get(10),
                keys: serde_json::from_value(r.must::<JsonB>(14).0).unwrap_or_default(),
            },
        )
    })
}

/// The indexes over a column, without those in quarantine, and the same over the one that takes its place, which goes by a reserved name until then;
/// raises where one cannot be built for it.
#[must_use]
pub fn of_column(p: &Planning, old: &Column, new: &Column, reserved: &str) -> Vec<Index> {
    let build = |f: Found| {
        if let Some(odd) = part_index::odd_one(f.oid) {
            p.no_form(&format!("index {odd} is a primary key, and the one above it is none"));
        }
        let (on_old, on) = (over(p, &f, old, &old.name), over(p, &f, new, reserved));
        Index { on, on_old, ..f.index }
    };
    let of_member = |m: Member| {
        require_buildable(p, m.relid, &old.name);
        let name = (m.relid != p.relid).then_some(&m.name);
        found(m.relid, name, &old.name).into_iter().map(build).collect::<Vec<_>>()
    };
    whole::tree(p.relid).into_iter().flat_map(of_member).collect()
}

/// What stands behind the table's name where the column is of a type and has a name.
fn over(p: &Planning, f: &Found, column: &Column, name: &str) -> Definition {
    let what = format!("index {}", f.index.name);
    let plain = |k: &Key| match &k.column {
        Some(other) if *other != column.name => format!("{COLUMN}{other}{COLUMN}"),
        _ => quote_identifier(name),
    };
    let key = |k: &Key| {
        let is_it = k.column.as_ref() == Some(&column.name);
        let key = match &k.column {
            Some(_) => plain(k),
            None => {
                let text = k.expression.as_deref().unwrap_or_default();
                format!("({})", rebuild::for_new_column(p, f.relid, &what, text, None, column, name))
            }
        };
        if k.included {
            return key;
        }
        let has_class =
            if is_it { retype::has_class(column.of_type, k.class_of(), f.method_oid) } else { true };
        if !has_class {
            p.no_form(&format!(
                "{what} needs an operator class that the new type does not have, drop it first"
            ));
        }
        let is_collatable = !is_it || column.collation != pg_sys::InvalidOid;
        let collation = k.collation.as_ref().filter(|_| is_collatable).map(|c| format!(" COLLATE {c}"));
        let class = k.class.as_ref().map(|c| format!(" {c}"));
        format!("{key}{}{}{}", collation.unwrap_or_default(), class.unwrap_or_default(), k.order)
    };
    let list = |included: bool, text: &dyn Fn(&Key) -> String| {
        f.keys.iter().filter(|k| k.included == included).map(text).collect::<Vec<_>>().join(", ")
    };
    let include = Some(list(true, &plain)).filter(|l| !l.is_empty()).map(|l| format!(" INCLUDE ({l})"));
    let include = include.unwrap_or_default();
    let condition = f.condition.as_deref().map(|text| {
        let boolean = Some((pg_sys::BOOLOID, -1));
        format!(" WHERE ({})", rebuild::for_new_column(p, f.relid, &what, text, boolean, column, name))
    });
    let nulls = &f.behind.nulls;
    Definition {
        keys: format!("USING {} ({}){include}{nulls}", quote_identifier(&f.method), list(false, &key)),
        constraint: format!("{nulls} ({}){include}", list(false, &plain)),
        behind: f.behind.clone(),
        condition: condition.unwrap_or_default(),
    }
}

impl Key {
    /// Type of the operator class that has to suit; none where the default one of the type is meant.
    fn class_of(&self) -> Option<pg_sys::Oid> {
        self.class.as_ref().and(self.class_type).map(pg_sys::Oid::from)
    }
}
