//! ALTER TYPE … RENAME VALUE: a value has one spelling at a time, so it changes at the gate; what is stored names the value
//! by its oid and needs no writing.
use super::super::{Plan, Planning};
use crate::core::change::away::Away;
use crate::core::change::step::{Phase, Step, lock};
use crate::error;
use crate::pg::{owner, spi};
use pgrx::spi::quote_literal;
use serde_json::json;

/// The plan.
pub fn rename(p: &Planning, type_name: &str, value: &str, new_value: &str) -> Plan {
    if !has(type_name, value) {
        error::change::no_such_value(type_name, value).raise();
    }
    if has(type_name, new_value) {
        error::change::value_taken(type_name, new_value).raise();
    }
    let text = |from: &str, to: &str| {
        let type_name = type_name.to_string();
        Away::RenameValue { type_name, value: from.into(), new_value: to.into() }.text("", str::to_string)
    };
    let back = text(new_value, value);
    let mut plan =
        Plan { prelude: Some(back.clone()), probe: Some(probe(type_name, value)), ..Plan::default() };
    // The type may belong to somebody else than the table, and has its own lock.
    let step = Step::product(Phase::Contract, lock::NONE, text(value, new_value), Some(back));
    plan.step(step.with(json!({"type": type_name, "type_owner": owner_of(type_name)})));
    if p.id != 0 {
        let used = used(type_name, value);
        if !used.is_empty() {
            error::change::value_used(type_name, value, &used).notice();
        }
    }
    plan
}

/// The role that owns a type. It may bear another one's name by the time a step runs.
#[must_use]
pub fn owner_of(type_name: &str) -> Option<String> {
    let sql = "SELECT pg_get_userbyid(typowner)::text FROM pg_type WHERE oid = to_regtype($1)";
    owner::run(|| spi::select_one(sql, &[type_name.into()], |r| r.must(1)))
}

fn probe(type_name: &str, value: &str) -> String {
    format!(
        "EXISTS (SELECT FROM pg_enum WHERE enumtypid = to_regtype({}) AND enumlabel = {})",
        quote_literal(type_name),
        quote_literal(value)
    )
}

fn has(type_name: &str, value: &str) -> bool {
    owner::run(|| spi::select_one(&format!("SELECT {}", probe(type_name, value)), &[], |r| r.must(1)))
        .unwrap_or(false)
}

/// Columns of the type, and functions whose text spells the value: it is not changed there.
fn used(type_name: &str, value: &str) -> Vec<String> {
    owner::run(|| {
        spi::select(
            "WITH RECURSIVE t(oid) AS (
                SELECT to_regtype($1)::oid
                UNION SELECT x.oid FROM t JOIN pg_type x ON x.typbasetype = t.oid OR x.typelem = t.oid AND x.typcategory = 'A')
             SELECT format('column %s.%I', a.attrelid::regclass, a.attname)
               FROM pg_attribute a JOIN t ON t.oid = a.atttypid JOIN pg_class c ON c.oid = a.attrelid
              WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
             UNION
             SELECT format('function %s', p.oid::regprocedure) FROM pg_proc p
              WHERE p.pronamespace NOT IN ('pg_catalog'::regnamespace, 'governance'::regnamespace)
                AND strpos(p.prosrc, quote_literal($2)) > 0
              ORDER BY 1",
            &[type_name.into(), value.into()],
            |r| r.must(1),
        )
    })
}
