//! DROP … CASCADE where only views depend: they keep their definition, which follows the table or column by its identity,
//! and wait beside it.
use super::super::{Plan, Planning, drop_column, drop_relation};
use crate::change::dependents;
use crate::change::table;
use crate::core::change::part::Part;
use crate::core::change::step::{Phase, Step, lock};
use crate::error;
use crate::pg::catalog::{self, Name};
use crate::pg::{owner, spi};
use pgrx::pg_sys;
use pgrx::spi::quote_identifier;
use serde_json::json;

/// The plan.
pub fn plan(p: &Planning, part: &Part) -> Plan {
    let column = match part {
        Part::DropColumn { column } => Some(column.as_str()),
        _ => None,
    };
    let views = views(p.relid, column);
    for view in &views {
        let others = dependents::but(*view, None, &views);
        if !others.is_empty() {
            error::change::dependents(&p.ddl, &others).raise();
        }
    }
    let mut plan = Plan::default();
    for view in &views {
        let Some(name) = catalog::relation_name(*view) else { continue };
        // Long names may share what is left of them: the identity tells them apart.
        let reserved = match name.relation.len() {
            0..=40 => p.reserved(&name.relation),
            _ => p.reserved(&format!("{}_{}", view.to_u32(), name.relation)),
        };
        let hidden = Name { schema: name.schema.clone(), relation: reserved };
        let word = table::command_word(*view);
        let args = json!({
            "key": format!("grants on {name}"), "word": word,
            "from": {"schema": name.schema, "relation": name.relation},
            "to": {"schema": hidden.schema, "relation": hidden.relation},
        });
        let words = format!(
            "ALTER {word} {name} RENAME TO {}; REVOKE ALL ON {hidden} FROM everybody but its owner",
            quote_identifier(&hidden.relation)
        );
        let hide = Step::routine(Phase::Contract, "hide_view", words, args);
        plan.step(Step { lock_mode: lock::EXCLUSIVE, ..hide });
        plan.aliases.push(name.to_string());
        // Two parts of a wish may take the same view along.
        plan.step(Step::product(Phase::Purge, lock::NONE, format!("DROP {word} IF EXISTS {hidden}"), None));
    }
    plan.merge(match part {
        Part::DropColumn { column } => drop_column::plan_but(p, column, &views),
        part => drop_relation::plan_but(p, part, &views),
    });
    plan
}

/// Views that read a relation or column, directly or through others, those first that nothing reads.
fn views(relid: pg_sys::Oid, column: Option<&str>) -> Vec<pg_sys::Oid> {
    owner::run(|| {
        spi::select(
            "WITH RECURSIVE reads(reader, relid, number) AS (
                SELECT w.ev_class, d.refobjid, d.refobjsubid
                  FROM pg_depend d JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
                  JOIN pg_class c ON c.oid = w.ev_class
                 WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid <> w.ev_class AND c.relkind IN ('v', 'm')),
             v(relid, depth) AS (
                SELECT reader, 1 FROM reads
                 WHERE relid = $1 AND ($2::text IS NULL OR number = (SELECT attnum FROM pg_attribute WHERE attrelid = $1 AND attname = $2))
                UNION SELECT r.reader, v.depth + 1 FROM v JOIN reads r ON r.relid = v.relid)
             SELECT relid FROM v GROUP BY relid ORDER BY max(depth) DESC, relid",
            &[relid.into(), column.into()],
            |r| r.must(1),
        )
    })
}
