//! The column-read ledger as it is kept: what is watched, what is written, and how rows are merged.
use super::readers::{span, time};
use crate::core::registry::level::{Declared, Level};
use crate::pg::catalog::{self, Name};
use crate::pg::readers::lock;
use crate::pg::readers::scan::Row;
use crate::pg::readers::watch::Watch;
use crate::pg::{owner, spi};
use crate::registry::attach;
use crate::registry::ladder::Ladder;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys;

/// The feature whose level says whether reads of a relation are recorded.
pub const FEATURE: &str = "change.readers";

/// What is watched: relations whose level is not off, and whatever an open change is about.
#[must_use]
pub fn watch() -> Watch {
    let mut watch = Watch::default();
    let as_shipped = is_as_shipped();
    let (levelled, changing) = candidates(as_shipped);
    let mut names: Vec<Name> = levelled;
    if !as_shipped {
        let levels = Ladder::levels_of(FEATURE, &names, Declared::No);
        names.retain(|name| levels.get(name).is_some_and(|l| *l != Level::Off));
    }
    for (name, column) in changing {
        if let Some(relid) = catalog::relation_oid(&name) {
            let column = match column {
                None => Some(crate::core::change::reads::WHOLE_ROW),
                Some(column) => catalog::column_number(relid, &column),
            };
            watch.contested.entry(relid).or_default().extend(column);
        }
        names.push(name);
    }
    names.sort();
    names.dedup();
    for (relid, of) in trees(&names) {
        watch.relations.entry(relid).or_default().push(of);
    }
    let noted: Vec<Name> = owner::run(|| {
        spi::select_latest(
            "SELECT DISTINCT schema_name, relation_name FROM governance.read_watch",
            &[],
            |r| Name { schema: r.must(1), relation: r.must(2) },
        )
    });
    watch.ended = noted.iter().filter(|n| !names.contains(n)).cloned().collect();
    watch.unnoted = names.into_iter().filter(|n| !noted.contains(n)).collect();
    watch.ends_at = if as_shipped { None } else { first_end() };
    watch
}

/// Whether nobody has set a level, and all that is declared is watched. Every session asks when it begins, and the ladder takes as
/// long as its first statement does.
fn is_as_shipped() -> bool {
    owner::run(|| {
        spi::select_latest(
            "SELECT NOT EXISTS (SELECT FROM governance.level WHERE feature IN ('change', 'change.readers'))
                AND NOT EXISTS (SELECT FROM governance.feature WHERE feature = 'change.readers'
                                   AND 'off' IN (default_declared, default_bulk, default_analytical))",
            &[],
            |r| r.must(1),
        )
    })
    .into_iter()
    .next()
    .unwrap_or(false)
}

/// When the first level ends by itself.
fn first_end() -> Option<i64> {
    owner::run(|| {
        spi::select_latest(
            "SELECT min(valid_until) FROM governance.level
              WHERE feature IN ('change', 'change.readers') AND valid_until > clock_timestamp()",
            &[],
            |r| r.get::<TimestampWithTimeZone>(1).map(i64::from),
        )
    })
    .into_iter()
    .next()
    .flatten()
}

/// Relations that may have a level, and those that open changes are about with the column of each.
fn candidates(as_shipped: bool) -> (Vec<Name>, Vec<(Name, Option<String>)>) {
    let name = |r: &spi::Row| Name { schema: r.must(1), relation: r.must(2) };
    owner::run(|| {
        let declared = "SELECT schema_name, relation_name FROM governance._dataset";
        // Where no level is set the rest would find nothing, and takes its time to be planned.
        let set = "
             UNION
             SELECT n.nspname::text, c.relname::text
               FROM governance.level l JOIN pg_class c ON c.relkind IN ('r', 'p', 'f', 'm', 'v')
               JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE l.feature IN ('change', 'change.readers') AND c.relpersistence <> 't'
                AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'governance', 'pg_toast')
                AND (l.scope IN ('', 'schema:' || quote_ident(n.nspname), 'dataset:' || format('%I.%I', n.nspname, c.relname)))";
        let levelled =
            spi::select_latest(&format!("{declared}{}", if as_shipped { "" } else { set }), &[], name);
        let changing = spi::select_latest(
            "SELECT c.schema_name, c.relation_name, t FROM governance.change c LEFT JOIN LATERAL unnest(c.takes) t ON NOT c.whole
              WHERE c.ended_at IS NULL AND (c.whole OR c.takes <> '{}')",
            &[],
            |r| (name(r), r.get(3)),
        );
        (levelled, changing)
    })
}

/// Every relation with everything that is a part of it, and of what.
#[must_use]
pub fn trees(names: &[Name]) -> Vec<(pg_sys::Oid, pg_sys::Oid)> {
    let roots: Vec<pg_sys::Oid> = names.iter().filter_map(catalog::relation_oid).collect();
    if roots.is_empty() {
        return Vec::new();
    }
    owner::run(|| {
        spi::select_latest(
            "WITH RECURSIVE tree AS (
                SELECT r AS relid, r AS root FROM unnest($1::oid[]) AS r
                UNION SELECT i.inhrelid, t.root FROM tree t JOIN pg_inherits i ON i.inhparent = t.relid)
             SELECT relid, root FROM tree ORDER BY 1, 2",
            &[roots.into()],
            |r| (r.must(1), r.must(2)),
        )
    })
}

/// Writes reads to the ledger.
pub fn write(rows: &[Row]) {
    if rows.is_empty() {
        return;
    }
    let texts = |f: fn(&Row) -> &String| rows.iter().map(|r| f(r).clone()).collect::<Vec<String>>();
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.column_read (schema_name, relation_name, column_name, role, application,
                                                 first_seen, last_seen, reads, evidence, longest_interval)
             SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
                                  $7::timestamptz[], $8::bigint[], $9::text[], $10::interval[])",
            &[
                texts(|r| &r.name.schema).into(),
                texts(|r| &r.name.relation).into(),
                texts(|r| &r.column).into(),
                texts(|r| &r.role).into(),
                texts(|r| &r.application).into(),
                rows.iter().map(|r| time(r.first)).collect::<Vec<_>>().into(),
                rows.iter().map(|r| time(r.last)).collect::<Vec<_>>().into(),
                rows.iter().map(|r| r.reads).collect::<Vec<_>>().into(),
                texts(|r| &r.evidence).into(),
                rows.iter().map(|r| span(r.longest)).collect::<Vec<_>>().into(),
            ],
        )
    });
}

/// Notes that relations are watched from now on, and that others are no more.
pub fn write_notes(begun: &[Name], ended: &[Name]) {
    // While somebody is not covered, nothing is watched without a gap: not yet.
    if !attach::older_sessions().is_empty() {
        return;
    }
    let split = |names: &[Name]| -> (Vec<String>, Vec<String>) {
        names.iter().map(|n| (n.schema.clone(), n.relation.clone())).unzip()
    };
    owner::run(|| {
        let (schemas, relations) = split(ended);
        spi::execute(
            "DELETE FROM governance.read_watch w USING unnest($1::text[], $2::text[]) AS n (schema_name, relation_name)
              WHERE (w.schema_name, w.relation_name) = (n.schema_name, n.relation_name)",
            &[schemas.into(), relations.into()],
        );
        let (schemas, relations) = split(begun);
        spi::execute(
            "INSERT INTO governance.read_watch (schema_name, relation_name, since)
             SELECT n.schema_name, n.relation_name, clock_timestamp()
               FROM unnest($1::text[], $2::text[]) AS n (schema_name, relation_name)
              WHERE NOT EXISTS (SELECT FROM governance.read_watch w
                                 WHERE (w.schema_name, w.relation_name) = (n.schema_name, n.relation_name))",
            &[schemas.into(), relations.into()],
        );
    });
}

/// Notes that reads went unseen up to this moment.
pub fn note_gap(scope: &str, cause: &str) {
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.read_gap (scope, at, cause) VALUES ($1, clock_timestamp(), $2)",
            &[scope.into(), cause.into()],
        )
    });
}

/// Merges the rows of each reader, seldom, where that is worth it: one session in many, in a transaction of its own that nobody
/// waits for. Rows are only added by others, and such as another transaction holds are left alone.
pub fn merge_now_and_then() {
    let ours = Name { schema: catalog::SCHEMA.into(), relation: "column_read".into() };
    let pages = catalog::relation_oid(&ours).and_then(crate::pg::relation::pages).unwrap_or(0);
    let one_in = match pages {
        0..256 => return,
        256..2560 => 128,
        _ => 16,
    };
    if crate::pg::audit_log::refusal_number().is_multiple_of(one_in) {
        merge();
    }
}

/// Merges the rows of each reader, unless somebody reads or merges them at this moment; returns how many rows there were.
pub fn merge() -> usize {
    if !lock::try_merging() {
        return 0;
    }
    owner::run(|| {
        spi::execute_returning(
            "WITH picked AS MATERIALIZED (SELECT ctid FROM governance.column_read FOR UPDATE SKIP LOCKED),
                  gone AS (DELETE FROM governance.column_read r USING picked WHERE r.ctid = picked.ctid RETURNING r.*),
                  spaced AS (
                SELECT g.*, max(last_seen) OVER (
                            PARTITION BY schema_name, relation_name, column_name, role, application, evidence
                            ORDER BY first_seen, last_seen ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
                  FROM gone g),
                  merged AS (
                INSERT INTO governance.column_read
                SELECT schema_name, relation_name, column_name, role, application, min(first_seen), max(last_seen),
                       sum(reads)::bigint, evidence,
                       max(greatest(longest_interval, CASE WHEN before < first_seen THEN first_seen - before END))
                  FROM spaced GROUP BY schema_name, relation_name, column_name, role, application, evidence)
             SELECT count(*) FROM gone",
            &[],
            |r| r.must::<i64>(1) as usize,
        )
    })
    .into_iter()
    .next()
    .unwrap_or(0)
}
