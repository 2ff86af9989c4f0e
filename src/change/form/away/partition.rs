//! DETACH PARTITION, and DROP TABLE of a partition: plain DETACH, since it reads no row and contraction is one transaction;
//! CONCURRENTLY could stop half way and knows no default partition. A CHECK that proves the bounds is added just before,
//! and validated after it, so that the way back reads no row under a strong lock either.
use super::super::{Plan, Planning};
use crate::core::change::step::{Phase, SCHEMA, Step, TABLE, lock};
use crate::pg::catalog::{self, Name};
use crate::pg::{owner, spi};
use pgrx::pg_sys;
use pgrx::spi::{quote_identifier, quote_literal};
use serde_json::json;

/// A partition as the catalogs describe it.
struct Partition {
    name: Name,
    parent: Name,
    bounds: String,
    condition: Option<String>,
    same_owner: bool,
    is_referenced: bool,
    is_pending: bool,
}

fn partition(relid: pg_sys::Oid) -> Option<Partition> {
    owner::run(|| {
        spi::select_one(
            "SELECT i.inhparent, pg_get_expr(c.relpartbound, c.oid), pg_get_partition_constraintdef(c.oid),
                    c.relowner = p.relowner,
                    EXISTS (SELECT FROM pg_constraint k JOIN pg_partition_ancestors(p.oid) a ON a.relid = k.confrelid
                             WHERE k.contype = 'f'),
                    i.inhdetachpending
               FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid JOIN pg_class p ON p.oid = i.inhparent
              WHERE c.oid = $1 AND c.relispartition",
            &[relid.into()],
            |r| Partition {
                name: catalog::relation_name(relid).unwrap_or_else(nowhere),
                parent: catalog::relation_name(r.must(1)).unwrap_or_else(nowhere),
                bounds: r.must(2),
                condition: r.get(3),
                same_owner: r.must(4),
                is_referenced: r.must(5),
                is_pending: r.must(6),
            },
        )
    })
}

fn nowhere() -> Name {
    Name { schema: String::new(), relation: String::new() }
}

fn usable(p: &Planning, relid: pg_sys::Oid) -> Partition {
    let Some(facts) = partition(relid) else { p.no_form("the table is no partition") };
    if !facts.same_owner {
        p.no_form("the partition and the table above it belong to different roles");
    }
    if facts.is_referenced {
        p.no_form("foreign keys refer to the table above: PostgreSQL looks for rows that refer to the partition under a strong lock");
    }
    if facts.is_pending {
        p.no_form("the partition is half detached: ALTER TABLE … DETACH PARTITION … FINALIZE first");
    }
    facts
}

/// ALTER TABLE … DETACH PARTITION.
pub fn detach(p: &Planning, child: &str) -> Plan {
    let relid: Option<pg_sys::Oid> =
        owner::run(|| spi::select_one("SELECT to_regclass($1)::oid", &[child.into()], |r| r.get(1)))
            .flatten();
    let Some(relid) = relid else { p.no_form("there is no such partition") };
    let facts = usable(p, relid);
    if facts.parent != p.name {
        p.no_form("the table is a partition of another one");
    }
    let proof = quote_identifier(p.reserved("bounds"));
    let mut plan = Plan {
        aliases: vec![child.to_string()],
        probe: Some(format!(
            "EXISTS (SELECT FROM pg_inherits WHERE inhrelid = to_regclass({}))",
            quote_literal(child)
        )),
        ..Plan::default()
    };
    steps(&mut plan, &facts, child, TABLE, &proof);
    if facts.condition.is_some() {
        let unprove = format!("ALTER TABLE {child} DROP CONSTRAINT IF EXISTS {proof}");
        plan.step(validate(child, &proof));
        plan.step(Step::sql(Phase::Purge, lock::EXCLUSIVE, unprove, None));
    }
    plan
}

/// What DROP TABLE does first where the table is a partition: it ends as a table of its own, under the name `hidden`.
pub fn before_drop(p: &Planning, hidden: &str) -> Plan {
    let facts = usable(p, p.relid);
    let proof = quote_identifier(p.reserved("bounds"));
    let mut plan = Plan { aliases: vec![facts.parent.to_string()], ..Plan::default() };
    steps(&mut plan, &facts, TABLE, &facts.parent.to_string(), &proof);
    if facts.condition.is_some() {
        plan.step(validate(&format!("{SCHEMA}.{hidden}"), &proof));
    }
    plan
}

fn steps(plan: &mut Plan, facts: &Partition, child: &str, parent: &str, proof: &str) {
    let own = json!({"schema": facts.name.schema, "relation": facts.name.relation});
    let words = format!("note what is stated about {child} itself");
    plan.step(Step::routine(Phase::Contract, "note_stated", words, json!({"partition": own})));
    if let Some(condition) = &facts.condition {
        plan.step(Step::sql(
            Phase::Contract,
            lock::EXCLUSIVE,
            format!("ALTER TABLE {child} ADD CONSTRAINT {proof} CHECK ({condition}) NOT VALID"),
            Some(format!("ALTER TABLE {child} DROP CONSTRAINT IF EXISTS {proof}")),
        ));
    }
    let words = format!("ALTER TABLE {parent} DETACH PARTITION {child}");
    let names = json!({"schema": facts.parent.schema, "relation": facts.parent.relation});
    // A statement that detaches does it itself; before one that drops, the partition has to be out of the way.
    let args = json!({
        "own": parent == TABLE, "parent": names, "detach": words,
        "attach": format!("ALTER TABLE {parent} ATTACH PARTITION {child} {}", facts.bounds),
    });
    let detach = Step::routine(Phase::Contract, "detach", words, args);
    plan.step(Step { lock_mode: lock::EXCLUSIVE, ..detach });
}

fn validate(child: &str, proof: &str) -> Step {
    let statement = format!("ALTER TABLE {child} VALIDATE CONSTRAINT {proof}");
    Step::sql(Phase::Settle, lock::NO_DDL, statement, None)
}
