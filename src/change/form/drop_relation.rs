//! DROP TABLE, DROP VIEW: the relation waits under a reserved name, where nobody but its owner may use it.
use super::{Plan, Planning, away};
use crate::change::dependents;
use crate::change::table;
use crate::core::change::part::Part;
use crate::core::change::step::{Phase, SCHEMA, Step, TABLE, lock};
use crate::error;
use crate::pg::{catalog, relation};
use pgrx::pg_sys;
use pgrx::spi::quote_identifier;
use serde_json::json;

/// The plan.
pub fn plan(p: &Planning, part: &Part) -> Plan {
    plan_but(p, part, &[])
}

/// The plan where these views go with it.
pub fn plan_but(p: &Planning, part: &Part, views: &[pg_sys::Oid]) -> Plan {
    let is_partition = *part == Part::DropTable && table::shape(p.relid).is_partition;
    if *part == Part::DropTable && !is_partition {
        table::require_plain(p);
        if table::shape(p.relid).partitioned {
            p.no_form("a partitioned table is dropped partition by partition");
        }
    }
    if !is_partition && relation::has_parents(p.relid) {
        p.no_form(
            "the table inherits from another one, which would go on showing its rows: ALTER TABLE … NO INHERIT first",
        );
    }
    let dependents = dependents::but(p.relid, None, views);
    if !dependents.is_empty() {
        error::change::dependents(&p.ddl, &dependents).raise();
    }
    let word = table::command_word(p.relid);
    let reserved = p.reserved(&p.name.relation);
    let hidden = quote_identifier(&reserved);
    let owner = catalog::relation_owner(p.relid).map(crate::pg::roles::name).unwrap_or_default();
    // As the extension's owner: the relation's owner need not be allowed to create any here. It is handed over at once.
    let empty = match part {
        Part::DropTable => format!("CREATE TABLE {TABLE} ()"),
        Part::DropView { materialized: true } => format!("CREATE MATERIALIZED VIEW {TABLE} AS SELECT 1 AS c"),
        _ => format!("CREATE VIEW {TABLE} AS SELECT 1 AS c"),
    };
    let mut plan = Plan {
        quarantine: Some(reserved.clone()),
        prelude: Some(format!("{empty}; ALTER {word} {TABLE} OWNER TO {}", quote_identifier(owner))),
        stand_in: Some(String::new()),
        ..Plan::default()
    };
    let hide = Step::routine(
        Phase::Contract,
        "hide",
        format!(
            "ALTER {word} {TABLE} RENAME TO {hidden}, its indexes and sequences too; REVOKE ALL ON {hidden} FROM everybody but its owner"
        ),
        json!({"name": reserved}),
    );
    if is_partition {
        plan.merge(away::partition::before_drop(p, &hidden));
    }
    plan.step(Step { lock_mode: lock::EXCLUSIVE, ..hide });
    plan.step(Step::sql(Phase::Purge, lock::EXCLUSIVE, format!("DROP {word} {SCHEMA}.{hidden}"), None));
    plan.sort();
    plan
}
