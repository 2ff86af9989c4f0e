//! The triggers on audited relations.
//!
//! They are made by the extension's owner, since nobody else may execute their functions, and always fire:
//! `session_replication_role = replica` and logical replication are no way around them.
use crate::pg::catalog::Name;
use crate::pg::{owner, spi};
use pgrx::pg_sys;

/// After each row.
pub const ROW: &str = "data_governance_audit_row";
/// Before each TRUNCATE.
pub const TRUNCATE: &str = "data_governance_audit_truncate";

/// A relation of a tree of partitions or children, and what it has of a trigger.
pub struct Branch {
    /// Its oid.
    pub relid: pg_sys::Oid,
    /// Its name.
    pub name: Name,
    /// Whether it has the trigger.
    pub present: bool,
    /// Whether the trigger always fires.
    pub always: bool,
    /// Whether the trigger was cloned from a partitioned table, which takes it away again.
    pub cloned: bool,
    /// Whether it is a partition.
    pub is_partition: bool,
}

/// A relation and everything below it, parents first, with the state of one trigger.
#[must_use]
pub fn tree(relid: pg_sys::Oid, trigger: &str) -> Vec<Branch> {
    owner::run(|| {
        spi::select_latest(
            "WITH RECURSIVE down AS (
                SELECT $1::oid AS relid, 0 AS depth
                UNION ALL SELECT i.inhrelid, down.depth + 1 FROM pg_inherits i JOIN down ON down.relid = i.inhparent),
             tree AS (SELECT relid, max(depth) AS depth FROM down GROUP BY relid)
             SELECT tree.relid, n.nspname::text, c.relname::text, t.oid IS NOT NULL, coalesce(t.tgenabled = 'A', false),
                    coalesce(t.tgparentid <> 0, false), c.relispartition
               FROM tree JOIN pg_class c ON c.oid = tree.relid JOIN pg_namespace n ON n.oid = c.relnamespace
               LEFT JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgname = $2
              WHERE c.relkind IN ('r', 'p', 'f')
              ORDER BY tree.depth, n.nspname, c.relname",
            &[relid.into(), trigger.into()],
            |r| Branch {
                relid: r.must(1),
                name: Name { schema: r.must(2), relation: r.must(3) },
                present: r.must(4),
                always: r.must(5),
                cloned: r.must(6),
                is_partition: r.must(7),
            },
        )
    })
}

/// Gives a relation and everything below it both triggers, as far as they are missing; says whether any was.
pub fn ensure(relid: pg_sys::Oid) -> bool {
    let rows = tree(relid, ROW);
    // A partition with a trigger of its own stops PostgreSQL from cloning its parent's.
    if rows.first().is_some_and(|root| !root.present) {
        for own in rows.iter().skip(1).filter(|b| b.is_partition && b.present && !b.cloned) {
            drop_one(&own.name, ROW);
        }
    }
    let made = put(relid, ROW, "AFTER INSERT OR UPDATE OR DELETE", "ROW", "_audit_row");
    put(relid, TRUNCATE, "BEFORE TRUNCATE", "STATEMENT", "_audit_truncate") || made
}

/// Gives a relation and everything below it one trigger, as far as it is missing or does not always fire.
pub fn put(relid: pg_sys::Oid, trigger: &str, when: &str, each: &str, function: &str) -> bool {
    let mut changed = false;
    let mut seen: Vec<pg_sys::Oid> = Vec::new();
    // Anew after each step: a trigger on a partitioned table appears on its partitions by itself.
    while let Some(next) =
        tree(relid, trigger).into_iter().find(|b| !(b.present && b.always) && !seen.contains(&b.relid))
    {
        seen.push(next.relid);
        changed = true;
        owner::run(|| {
            if !next.present {
                spi::execute(
                    &format!(
                        "CREATE TRIGGER {trigger} {when} ON {} FOR EACH {each} EXECUTE FUNCTION governance.{function}()",
                        next.name
                    ),
                    &[],
                );
            }
            spi::execute(&format!("ALTER TABLE {} ENABLE ALWAYS TRIGGER {trigger}", next.name), &[]);
        });
    }
    changed
}

/// Takes a trigger from a relation and everything below it; says whether there was any.
pub fn remove(relid: pg_sys::Oid, trigger: &str) -> bool {
    let own: Vec<Branch> = tree(relid, trigger).into_iter().filter(|b| b.present && !b.cloned).collect();
    own.iter().for_each(|b| drop_one(&b.name, trigger));
    !own.is_empty()
}

fn drop_one(name: &Name, trigger: &str) {
    owner::run(|| spi::execute(&format!("DROP TRIGGER {trigger} ON {name}"), &[]));
}
