//! The copy of old rows: block range by block range, a commit after each, bounded at its start.
//!
//! Block ranges need no key and no index. A row that moves while the copy runs was written by the trigger, so it is
//! equal already; rows added later lie behind the end or were written by the trigger too. A table that is rewritten
//! meanwhile has its rows elsewhere, so its copy starts over.
use super::acting::as_change;
use super::culprit;
use super::store::Change;
use super::table;
use crate::error;
use crate::pg::regclass::Relation;
use crate::pg::{catalog, convert, own_statement, owner, roles, settings_scope, spi, xact};
use pgrx::pg_sys;
use pgrx::spi::quote_identifier;
use serde_json::Value;
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

/// Time a batch should take: its size follows what the one before took. Whoever writes a row that was just copied waits for its
/// end, so it is short.
const BATCH_MILLIS: i64 = 50;
/// A batch is at most so many times as large as the one before: that may have met few rows.
const FASTER: i64 = 8;
/// Bounds of a batch, in blocks of 8 kB.
const BATCH_BLOCKS: RangeInclusive<i64> = 8..=4096;

/// What is copied: the arguments of a copy or a comparison.
pub struct Copy {
    /// Columns, quoted, with the expressions that say what they should be.
    pub set: Vec<(String, String)>,
    /// Types that the expressions are assigned to, where they have others.
    types: Value,
    /// Further condition on rows.
    only: Option<String>,
    /// Rows that are right although they differ: the other side was made from theirs.
    unless: Option<String>,
    /// Whether the expressions call functions of users.
    pub runs_users_code: bool,
    /// Whether the further condition says all: an expression that differs each time is not asked for twice.
    once: bool,
}

impl Copy {
    /// From the arguments of a step.
    #[must_use]
    pub fn of(args: &Value) -> Self {
        let set = args["set"].as_object().into_iter().flatten();
        Copy {
            set: set
                .map(|(c, e)| (quote_identifier(c), e.as_str().unwrap_or_default().to_string()))
                .collect(),
            types: args["types"].clone(),
            unless: args["unless"].as_str().map(String::from),
            only: args["only"].as_str().map(String::from),
            runs_users_code: args["runs_users_code"] == true,
            once: args["once"] == true,
        }
    }

    /// Rows that are not yet what they should be: compared by image, which needs no equality operator.
    #[must_use]
    pub fn differs(&self) -> String {
        self.said_by_only().unwrap_or_else(|| format!("{}{}", self.only(), self.is_unequal()))
    }

    /// The same for the copy, which mostly meets rows that have no new values yet: those are told by that alone.
    fn to_copy(&self) -> String {
        self.said_by_only().unwrap_or_else(|| {
            let blank: Vec<String> = self.set.iter().map(|(column, _)| format!("{column} IS NULL")).collect();
            let some: Vec<String> = self.should().iter().map(|e| format!("{e} IS NOT NULL")).collect();
            format!(
                "{}({} AND ({}) OR {})",
                self.only(),
                blank.join(" AND "),
                some.join(" OR "),
                self.is_unequal()
            )
        })
    }

    fn said_by_only(&self) -> Option<String> {
        self.only.as_ref().filter(|_| self.once).map(|only| format!("({only})"))
    }

    fn only(&self) -> String {
        self.only.as_deref().map(|c| format!("({c}) AND ")).unwrap_or_default()
    }

    /// What the columns should be, as values of their types.
    fn should(&self) -> Vec<String> {
        let of = |(column, expression): &(String, String)| {
            let of_type = self.types.get(column.as_str()).and_then(Value::as_str);
            of_type.map_or_else(|| format!("({expression})"), |of_type| format!("({expression})::{of_type}"))
        };
        self.set.iter().map(of).collect()
    }

    fn is_unequal(&self) -> String {
        let new: Vec<&str> = self.set.iter().map(|(column, _)| column.as_str()).collect();
        let equal = format!("record_image_eq(ROW({}), ROW({}))", new.join(", "), self.should().join(", "));
        match &self.unless {
            // In this order: the other side's expression need not suit rows that are right already.
            Some(unless) => format!("NOT CASE WHEN {equal} THEN true ELSE {unless} END"),
            None => format!("NOT {equal}"),
        }
    }

    /// Rows that are meant at all.
    #[must_use]
    pub fn which(&self) -> String {
        self.only.as_deref().map_or_else(|| "true".to_string(), |only| format!("({only})"))
    }

    fn assignments(&self) -> String {
        self.set.iter().map(|(c, e)| format!("{c} = {e}")).collect::<Vec<_>>().join(", ")
    }
}

/// How many blocks the next batch should have to take so many milliseconds, when this many took so long.
#[must_use]
pub fn next_size(
    planned: i64,
    (done, took): (i64, Duration),
    millis: i64,
    bounds: &RangeInclusive<i64>,
) -> i64 {
    let took = i64::try_from(took.as_millis()).unwrap_or(i64::MAX).max(1);
    let fits = (millis / 2..=millis * 2).contains(&took);
    let next = if fits { planned } else { (done * millis / took).min(planned * FASTER) };
    next.clamp(*bounds.start(), *bounds.end())
}

/// Notes the size of every table to copy.
pub fn begin(change: &Change, relation: Relation) {
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.backfill (change, schema_name, relation_name, filenode, end_block)
             WITH RECURSIVE tree AS (
                SELECT $2::oid AS relid UNION ALL SELECT i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.relid)
             SELECT $1, n.nspname, c.relname, pg_relation_filenode(c.oid)::bigint,
                    pg_relation_size(c.oid) / current_setting('block_size')::bigint
               FROM tree t JOIN pg_class c ON c.oid = t.relid JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE c.relkind = 'r'
                AND NOT EXISTS (SELECT FROM governance.backfill b
                                 WHERE b.change = $1 AND (b.schema_name, b.relation_name) = (n.nspname, c.relname))
             ON CONFLICT DO NOTHING",
            &[change.id.into(), relation.0.into()],
        )
    });
}

/// Tables that were rewritten have their rows elsewhere.
fn start_rewritten_over(change: &Change) {
    owner::run(|| {
        spi::execute(
            "UPDATE governance.backfill b
                SET next_block = 0, verified_block = 0, verified_rows = 0, digest = '', filenode = pg_relation_filenode(r.relid)::bigint,
                    end_block = pg_relation_size(r.relid) / current_setting('block_size')::bigint
               FROM (SELECT schema_name, relation_name, to_regclass(format('%I.%I', schema_name, relation_name)) AS relid
                       FROM governance.backfill WHERE change = $1) r
              WHERE b.change = $1 AND b.schema_name = r.schema_name AND b.relation_name = r.relation_name
                AND r.relid IS NOT NULL AND b.filenode <> pg_relation_filenode(r.relid)::bigint",
            &[change.id.into()],
        )
    });
}

/// Nothing is left to copy.
pub fn forget(change: i64) {
    owner::run(|| spi::execute("DELETE FROM governance.backfill WHERE change = $1", &[change.into()]));
}

/// What was found to differ is copied again.
pub fn start_over(change: i64) {
    owner::run(|| {
        spi::execute(
            "UPDATE governance.backfill SET next_block = least(next_block, verified_block) WHERE change = $1",
            &[change.into()],
        );
        spi::execute(
            "UPDATE governance.change_step SET done_at = NULL WHERE change = $1 AND action = 'copy'",
            &[change.into()],
        )
    });
}

/// What is left of one table.
struct Part {
    name: catalog::Name,
    relid: pg_sys::Oid,
    next: i64,
    end: i64,
    blocks: i64,
}

/// Copies one batch; false when nothing is left.
#[must_use]
pub fn batch(change: &Change, args: &Value) -> bool {
    // Partitions made since, and tables that were rewritten.
    begin(change, change.relation());
    start_rewritten_over(change);
    let parts = owner::run(|| {
        spi::select(
            "SELECT schema_name, relation_name, to_regclass(format('%I.%I', schema_name, relation_name))::oid,
                    next_block, end_block, batch_blocks
               FROM governance.backfill
              WHERE change = $1 AND next_block < end_block
                AND to_regclass(format('%I.%I', schema_name, relation_name)) IS NOT NULL
              ORDER BY schema_name, relation_name LIMIT 2",
            &[change.id.into()],
            |r| Part {
                name: catalog::Name { schema: r.must(1), relation: r.must(2) },
                relid: r.must(3),
                next: r.must(4),
                end: r.must(5),
                blocks: r.must(6),
            },
        )
    });
    let Some(part) = parts.first() else { return false };
    let upto = (part.next + part.blocks).min(part.end);
    let started = Instant::now();
    let rows = copy(change, &Copy::of(args), part, upto);
    let blocks = next_size(part.blocks, (upto - part.next, started.elapsed()), BATCH_MILLIS, &BATCH_BLOCKS);
    owner::run(|| {
        spi::execute(
            "UPDATE governance.backfill SET next_block = $4, rows_done = rows_done + $5, batch_blocks = $6,
                    updated_at = clock_timestamp()
              WHERE change = $1 AND schema_name = $2 AND relation_name = $3",
            &[
                change.id.into(),
                part.name.schema.as_str().into(),
                part.name.relation.as_str().into(),
                upto.into(),
                (rows as i64).into(),
                blocks.into(),
            ],
        )
    });
    upto < part.end || parts.len() > 1
}

/// Copies the rows of a block range, with the rights of the table's owner.
fn copy(change: &Change, copy: &Copy, part: &Part, upto: i64) -> usize {
    debug_assert!(catalog::relation_kind(part.relid).is_some());
    let sql = format!(
        "UPDATE ONLY {} SET {} WHERE ctid >= '({},0)'::tid AND ctid < '({upto},0)'::tid AND {}",
        part.name,
        copy.assignments(),
        part.next,
        copy.to_copy()
    );
    as_owner_of(change.relation(), || {
        lock(change, &part.name, part.relid, "ROW EXCLUSIVE");
        let update =
            || convert::copying(change.id, || own_statement::run(&sql, || spi::execute_unforced(&sql, &[])));
        let run = || quietly(change, part.relid, copy.runs_users_code, update);
        // Apart, so that the row can still be looked for; where none is found the error is PostgreSQL's own.
        if let Some(rows) = xact::apart(run) {
            return rows;
        }
        culprit::find(change, copy, &part.name, (part.next, upto));
        run()
    })
}

/// Updates a table, which is locked, without firing the users' triggers: the rows do not change for them. Where the update calls
/// functions of users (checks, generated columns, triggers that always fire, the wish's own expressions), they must not run
/// with foreign keys and everybody's triggers switched off: then all triggers fire.
pub fn quietly<R>(
    change: &Change,
    relid: pg_sys::Oid,
    runs_users_code: bool,
    update: impl FnOnce() -> R,
) -> R {
    if runs_users_code || table::runs_users_code(relid) {
        // Nothing may wait for the commit, which has the rights of whoever advances the change.
        spi::execute("SET CONSTRAINTS ALL IMMEDIATE", &[]);
        return update();
    }
    as_change(change, || settings_scope::quiet_copy(update))
}

/// Locks a table, so that what is known of it holds until the transaction ends. Raises where policies would hide rows: from owners
/// they do not, but a partition may be somebody else's.
pub fn lock(change: &Change, table: &catalog::Name, relid: pg_sys::Oid, mode: &str) {
    spi::execute(&format!("LOCK TABLE ONLY {table} IN {mode} MODE"), &[]);
    if owner::is_held_by_policies(relid) {
        let owner = catalog::relation_owner(change.relation().0).map(roles::name).unwrap_or_default();
        error::conversion::hidden_rows(change.id, table, &owner).raise();
    }
}

/// Runs `f` with the rights of the table's owner.
pub fn as_owner_of<R>(relation: Relation, f: impl FnOnce() -> R) -> R {
    owner::as_role(catalog::relation_owner(relation.0).unwrap_or(pg_sys::InvalidOid), f)
}
