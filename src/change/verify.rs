//! The proof that a copy is complete: chunk by chunk, a commit after each. Of every chunk the rows that differ are counted, and a
//! digest of the new values goes into one chain per table, which the certificate shows.
use super::backfill::{self, Copy};
use super::store::{self, Change, Stored};
use super::{culprit, table};
use crate::error;
use crate::pg::catalog::{self, Name};
use crate::pg::{own_statement, owner, settings_scope, spi};
use pgrx::pg_sys;
use serde_json::{Value, json};
use std::ops::RangeInclusive;
use std::time::Instant;

/// Time a chunk should take: nobody waits for its end.
const CHUNK_MILLIS: i64 = 200;
/// Bounds of a chunk, in blocks of 8 kB.
const CHUNK_BLOCKS: RangeInclusive<i64> = 64..=16_384;

/// What is left of one table.
struct Part {
    name: Name,
    relid: pg_sys::Oid,
    next: i64,
    end: i64,
    blocks: i64,
    digest: String,
}

/// Compares one chunk; false when nothing is left. Raises where rows differ: they are copied again.
#[must_use]
pub fn batch(change: &Change, args: &Value) -> bool {
    if is_new(change.id) {
        let triggers = triggers(change, &store::steps(change.id));
        store::keep(change.id, KEPT, json!(triggers));
    }
    // A partition that was attached after the copy is compared as well, and copied where it differs.
    let attached_since = || {
        backfill::begin(change, change.relation());
        next(change)
    };
    let Some(part) = next(change).or_else(attached_since) else {
        owner::run(|| {
            spi::execute(
                "UPDATE governance.change SET verified_at = clock_timestamp() WHERE id = $1",
                &[change.id.into()],
            )
        });
        return false;
    };
    let copy = Copy::of(args);
    let upto = (part.next + part.blocks).min(part.end);
    let started = Instant::now();
    let (rows, different, digest) = compare(change, &copy, &part, upto);
    if different > 0 {
        // Noted by a transaction of its own: this one is taken back by the error.
        let row = with_rights(change, &copy, || culprit::first(change, &copy.differs()));
        error::conversion::still_differs(change.id, different, &row).raise();
    }
    let done = (upto - part.next, started.elapsed());
    let blocks = backfill::next_size(part.blocks, done, CHUNK_MILLIS, &CHUNK_BLOCKS);
    owner::run(|| {
        spi::execute(
            "UPDATE governance.backfill SET verified_block = $4, verified_rows = verified_rows + $5, digest = $6, verify_blocks = $7,
                    updated_at = clock_timestamp()
              WHERE change = $1 AND schema_name = $2 AND relation_name = $3",
            &[
                change.id.into(),
                part.name.schema.as_str().into(),
                part.name.relation.as_str().into(),
                upto.into(),
                rows.into(),
                digest.into(),
                blocks.into(),
            ],
        )
    });
    true
}

/// What `kept` calls the triggers as they were when the comparison began.
const KEPT: &str = "compared under";

/// Whether nothing is compared yet.
fn is_new(id: i64) -> bool {
    let sql = "SELECT NOT EXISTS (SELECT FROM governance.backfill WHERE change = $1 AND verified_block > 0)";
    owner::run(|| spi::select_one(sql, &[id.into()], |r| r.must(1))).unwrap_or(true)
}

/// The triggers that write both shapes, on the relation, its partitions and its heirs; NULL where one is missing or does not fire. Switched
/// off and on again, a trigger is another row of the catalog.
#[must_use]
pub fn triggers(change: &Change, steps: &[Stored]) -> Option<String> {
    ask_triggers(
        change,
        steps,
        "CASE WHEN bool_and(t.tgenabled IS NOT DISTINCT FROM 'A') IS NOT FALSE
              THEN md5(coalesce(string_agg(format('%s %s', t.oid, t.xmin), ',' ORDER BY t.oid), '')) END",
    )
}

/// The first of these tables on which one is missing or does not fire.
#[must_use]
pub fn not_written(change: &Change, steps: &[Stored]) -> Option<String> {
    let first = "(array_agg(tree.relid::regclass::text ORDER BY tree.relid) FILTER (WHERE t.tgenabled IS DISTINCT FROM 'A'))[1]";
    ask_triggers(change, steps, first)
}

fn ask_triggers(change: &Change, steps: &[Stored], what: &str) -> Option<String> {
    let relid = catalog::relation_oid(&change.name)?;
    let done = || steps.iter().filter(|s| s.done);
    // A table that began to inherit since has none.
    let of_heirs = done().any(|s| s.step.args["of_heirs"] == true);
    let names: Vec<String> =
        done().filter_map(|s| s.step.args["trigger"].as_str().map(String::from)).collect();
    let sql = format!(
        "WITH RECURSIVE tree AS (
            SELECT $1::oid AS relid
            UNION ALL SELECT i.inhrelid FROM tree JOIN pg_inherits i ON i.inhparent = tree.relid JOIN pg_class c ON c.oid = i.inhrelid
                       WHERE c.relispartition OR $3)
         SELECT {what} FROM tree CROSS JOIN unnest($2) n (name) LEFT JOIN pg_trigger t ON t.tgrelid = tree.relid AND t.tgname = n.name"
    );
    owner::run(|| spi::select_latest(&sql, &[relid.into(), names.into(), of_heirs.into()], |r| r.get(1)))
        .pop()
        .flatten()
}

/// Whether the triggers have fired ever since the comparison began.
#[must_use]
pub fn still_holds(change: &Change, steps: &[Stored]) -> bool {
    !change.verified || triggers(change, steps).is_some_and(|now| change.kept[KEPT] == now)
}

/// Where triggers did not fire for a while, but do now, all rows are copied where they differ, and compared again.
pub fn begins_again(change: &Change, steps: &[Stored]) -> bool {
    if triggers(change, steps).is_none() || still_holds(change, steps) {
        return false;
    }
    owner::run(|| {
        spi::execute(
            "UPDATE governance.backfill
                SET next_block = 0, verified_block = 0, verified_rows = 0, digest = '',
                    end_block = coalesce(pg_relation_size(to_regclass(format('%I.%I', schema_name, relation_name)))
                                         / current_setting('block_size')::bigint, 0)
              WHERE change = $1",
            &[change.id.into()],
        );
        spi::execute(
            "UPDATE governance.change_step SET done_at = NULL WHERE change = $1 AND (action IN ('copy', 'compare') OR args ? 'each')",
            &[change.id.into()],
        );
        spi::execute("UPDATE governance.change SET verified_at = NULL WHERE id = $1", &[change.id.into()]);
    });
    true
}

/// The first table that is not compared to its end, which is where it ends now: later rows are written by the trigger.
fn next(change: &Change) -> Option<Part> {
    let leaves = table::leaves(change.relation().0);
    owner::run(|| {
        spi::select_latest(
            "SELECT b.schema_name, b.relation_name, b.verified_block, s.blocks, b.verify_blocks, b.digest, l.relid
               FROM governance.backfill b
               JOIN unnest($2::oid[]) l (relid)
                 ON l.relid = to_regclass(format('%I.%I', b.schema_name, b.relation_name))
              CROSS JOIN LATERAL (SELECT pg_relation_size(l.relid) / current_setting('block_size')::bigint AS blocks) s
              WHERE b.change = $1 AND b.verified_block < s.blocks ORDER BY 1, 2 LIMIT 1",
            &[change.id.into(), leaves.iter().map(|(relid, _)| *relid).collect::<Vec<pg_sys::Oid>>().into()],
            |r| Part {
                name: Name { schema: r.must(1), relation: r.must(2) },
                next: r.must(3),
                end: r.must(4),
                blocks: r.must(5),
                digest: r.must(6),
                relid: r.must(7),
            },
        )
    })
    .pop()
}

/// Rows of a chunk, how many of them differ, and the chain with the chunk's digest.
fn compare(change: &Change, copy: &Copy, part: &Part, upto: i64) -> (i64, i64, String) {
    let new: Vec<&str> = copy.set.iter().map(|(column, _)| column.as_str()).collect();
    let sql = format!(
        "SELECT count(*), count(*) FILTER (WHERE {}),
                md5($1 || coalesce(string_agg(md5(ROW({})::text), '' ORDER BY ctid), ''))
           FROM ONLY {} WHERE ctid >= '({},0)'::tid AND ctid < '({upto},0)'::tid",
        copy.differs(),
        new.join(", "),
        part.name,
        part.next
    );
    let ask = || {
        backfill::lock(change, &part.name, part.relid, "ACCESS SHARE");
        let digest = [part.digest.as_str().into()];
        let ask = || spi::select_unforced(&sql, &digest, |r| (r.must(1), r.must(2), r.must(3)));
        own_statement::run(&sql, ask).into_iter().next().unwrap_or_default()
    };
    with_rights(change, copy, ask)
}

fn with_rights<R>(change: &Change, copy: &Copy, ask: impl FnOnce() -> R) -> R {
    backfill::as_owner_of(change.relation(), || {
        if copy.runs_users_code { ask() } else { settings_scope::quiet_copy(ask) }
    })
}

/// As the certificate has it.
#[must_use]
pub fn as_json(change: &Change) -> Value {
    let parts: Vec<Value> = owner::run(|| {
        spi::select(
            "SELECT format('%I.%I', schema_name, relation_name), verified_rows, digest FROM governance.backfill
              WHERE change = $1 ORDER BY 1",
            &[change.id.into()],
            |r| json!({"relation": r.must::<String>(1), "rows": r.must::<i64>(2), "digest": r.must::<String>(3)}),
        )
    });
    json!({"verified": change.verified, "chunks_of": parts})
}
