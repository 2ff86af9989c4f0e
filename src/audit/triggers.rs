//! The triggers on audited relations.
//!
//! They are made by the extension's owner, and always fire: `session_replication_role = replica` and logical replication are no way
//! around them. PostgreSQL makes the row triggers of a new partition as whoever makes the partition, so everybody may execute that
//! function; under another name, or on a relation that is not audited, it does nothing.
use crate::pg::catalog::Name;
use crate::pg::{owner, spi};
use pgrx::pg_sys;

/// A trigger as it has to be.
pub struct Kind {
    /// Its name.
    pub name: &'static str,
    /// `pg_trigger.tgtype`: bits for ROW 1, BEFORE 2, INSERT 4, DELETE 8, UPDATE 16, TRUNCATE 32.
    pub bits: i16,
    /// The function it calls, in our schema.
    pub function: &'static str,
}

/// The bit of TRUNCATE in [`Kind::bits`].
const ON_TRUNCATE: i16 = 32;

/// After each row.
pub const ROW: Kind =
    Kind { name: "data_governance_audit_row", bits: 1 + 4 + 8 + 16, function: "_audit_row" };
/// Before each TRUNCATE.
pub const TRUNCATE: Kind =
    Kind { name: "data_governance_audit_truncate", bits: 2 + ON_TRUNCATE, function: "_audit_truncate" };

impl Kind {
    /// The bits it can have on a relation: foreign tables have no TRUNCATE triggers.
    fn bits_on(&self, foreign: bool) -> i16 {
        if foreign { self.bits & !ON_TRUNCATE } else { self.bits }
    }

    /// Whether it has these bits on some kind of relation.
    #[must_use]
    pub fn may_have(&self, bits: i16) -> bool {
        bits == self.bits_on(false) || bits == self.bits_on(true)
    }

    /// As in CREATE TRIGGER: `BEFORE INSERT OR UPDATE`.
    fn when(bits: i16) -> String {
        let events: Vec<&str> = [(4, "INSERT"), (16, "UPDATE"), (8, "DELETE"), (ON_TRUNCATE, "TRUNCATE")]
            .into_iter()
            .filter(|(bit, _)| bits & bit != 0)
            .map(|(_, event)| event)
            .collect();
        format!("{} {}", if bits & 2 != 0 { "BEFORE" } else { "AFTER" }, events.join(" OR "))
    }
}

/// A relation of a tree of partitions or children, and what it has of a trigger.
pub struct Branch {
    /// Its oid.
    pub relid: pg_sys::Oid,
    /// Its name.
    pub name: Name,
    /// Whether it has a trigger of that name.
    pub present: bool,
    /// Whether that is the trigger it has to be, and always fires. So is what can have none.
    pub sound: bool,
    /// Whether the trigger was cloned from a partitioned table, which takes it away again.
    pub cloned: bool,
    /// Whether it is a partition.
    pub is_partition: bool,
    /// Whether it is a foreign table.
    pub is_foreign: bool,
}

/// A relation and everything below it, parents first, with the state of one trigger.
#[must_use]
pub fn tree(relid: pg_sys::Oid, kind: &Kind) -> Vec<Branch> {
    let (bits, foreign_bits) = (kind.bits_on(false), kind.bits_on(true));
    owner::run(|| {
        spi::select_latest(
            "WITH RECURSIVE down AS (
                SELECT $1::oid AS relid, 0 AS depth
                UNION ALL SELECT i.inhrelid, down.depth + 1 FROM pg_inherits i JOIN down ON down.relid = i.inhparent),
             tree AS (SELECT relid, max(depth) AS depth FROM down GROUP BY relid)
             SELECT tree.relid, n.nspname::text, c.relname::text, t.oid IS NOT NULL,
                    want.bits & 60 = 0
                    OR coalesce(t.tgenabled = 'A' AND t.tgtype = want.bits AND t.tgqual IS NULL AND NOT t.tgdeferrable AND t.tgattr = ''::int2vector
                                AND t.tgfoid = to_regproc('governance.' || $3), false),
                    coalesce(t.tgparentid <> 0, false), c.relispartition, c.relkind = 'f'
               FROM tree JOIN pg_class c ON c.oid = tree.relid JOIN pg_namespace n ON n.oid = c.relnamespace
               LEFT JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgname = $2
              CROSS JOIN LATERAL (SELECT CASE c.relkind WHEN 'f' THEN $5 ELSE $4 END AS bits) want
              WHERE c.relkind IN ('r', 'p', 'f')
              ORDER BY tree.depth, n.nspname, c.relname",
            &[relid.into(), kind.name.into(), kind.function.into(), bits.into(), foreign_bits.into()],
            |r| Branch {
                relid: r.must(1),
                name: Name { schema: r.must(2), relation: r.must(3) },
                present: r.must(4),
                sound: r.must(5),
                cloned: r.must(6),
                is_partition: r.must(7),
                is_foreign: r.must(8),
            },
        )
    })
}

/// Gives a relation and everything below it both triggers, as far as they are missing; says whether any was.
pub fn ensure(relid: pg_sys::Oid) -> bool {
    let rows = tree(relid, &ROW);
    // A partition with a trigger of its own stops PostgreSQL from cloning its parent's.
    if rows.first().is_some_and(|root| !root.present) {
        rows.iter()
            .skip(1)
            .filter(|b| b.is_partition && b.present && !b.cloned)
            .for_each(|b| drop_one(&b.name, &ROW));
    }
    let made = put(relid, &ROW);
    put(relid, &TRUNCATE) || made
}

/// Gives a relation and everything below it one trigger, as far as it is missing or not as it has to be.
pub fn put(relid: pg_sys::Oid, kind: &Kind) -> bool {
    let mut seen: Vec<pg_sys::Oid> = Vec::new();
    // Anew after each step: a trigger on a partitioned table appears on its partitions by itself.
    while let Some(next) = tree(relid, kind).into_iter().find(|b| !b.sound && !seen.contains(&b.relid)) {
        seen.push(next.relid);
        let (name, trigger, function) = (&next.name, kind.name, kind.function);
        let bits = kind.bits_on(next.is_foreign);
        let each = if bits & 1 != 0 { "ROW" } else { "STATEMENT" };
        owner::run(|| {
            if !next.cloned {
                spi::execute(
                    &format!(
                        "CREATE OR REPLACE TRIGGER {trigger} {} ON {name} FOR EACH {each} EXECUTE FUNCTION governance.{function}()",
                        Kind::when(bits)
                    ),
                    &[],
                );
            }
            spi::execute(&format!("ALTER TABLE {name} ENABLE ALWAYS TRIGGER {trigger}"), &[]);
        });
    }
    !seen.is_empty()
}

/// Takes a trigger from a relation and everything below it but what is to `keep` it; says whether there was any.
pub fn remove(relid: pg_sys::Oid, kind: &Kind, keep: &[pg_sys::Oid]) -> bool {
    let own: Vec<Branch> = tree(relid, kind)
        .into_iter()
        .filter(|b| b.present && !b.cloned && !keep.contains(&b.relid))
        .collect();
    own.iter().for_each(|b| drop_one(&b.name, kind));
    !own.is_empty()
}

/// Takes a trigger from a relation and its partitions, which get it back with the relation: it is about to be made anew.
pub fn make_way(relid: pg_sys::Oid, kind: &Kind) {
    let others: Vec<pg_sys::Oid> = tree(relid, kind)
        .into_iter()
        .filter(|b| b.relid != relid && !b.is_partition)
        .map(|b| b.relid)
        .collect();
    remove(relid, kind, &others);
}

/// Whether a relation's row trigger fires in every replication role: to say so takes its owner.
#[must_use]
pub fn always_fires(relid: pg_sys::Oid) -> bool {
    let sql = "SELECT true FROM pg_trigger WHERE tgrelid = $1 AND tgname = $2 AND tgenabled = 'A'";
    spi::select_one(sql, &[relid.into(), ROW.name.into()], |_| ()).is_some()
}

/// Whether a TRUNCATE of a relation is seen by our trigger on it.
#[must_use]
pub fn sees_truncate(relid: pg_sys::Oid) -> bool {
    crate::pg::relation::triggers(relid, false).iter().any(|name| name == TRUNCATE.name)
}

/// Takes away triggers that call our functions under a name of somebody else's: rows would be logged twice.
pub fn drop_renamed(relid: pg_sys::Oid, name: &Name) {
    owner::run(|| {
        let renamed = spi::select_latest(
            "SELECT quote_ident(tgname) FROM pg_trigger
              WHERE tgrelid = $1 AND tgparentid = 0
                AND tgfoid IN ('governance._audit_row'::regproc, 'governance._audit_truncate'::regproc)
                AND tgname NOT IN ($2, $3)",
            &[relid.into(), ROW.name.into(), TRUNCATE.name.into()],
            |r| r.must::<String>(1),
        );
        for trigger in renamed {
            spi::execute(&format!("DROP TRIGGER {trigger} ON {name}"), &[]);
        }
    });
}

fn drop_one(name: &Name, kind: &Kind) {
    owner::run(|| spi::execute(&format!("DROP TRIGGER {} ON {name}", kind.name), &[]));
}
