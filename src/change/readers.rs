//! The column-read ledger: what is watched, what is written, and what the gate is told.
use crate::core::registry::level::{Declared, Level};
use crate::pg::catalog::{self, Name};
use crate::pg::readers::scan::{self, Row};
use crate::pg::readers::watch::Watch;
use crate::pg::readers::{flush, lock};
use crate::pg::{loading, owner, spi};
use crate::registry::ladder::Ladder;
use crate::registry::status::StatusRow;
use crate::registry::{attach, overriding};
use pgrx::datum::{TimestampWithTimeZone, ToIsoString};
use pgrx::pg_sys;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// The feature whose level says whether reads of a relation are recorded.
const FEATURE: &str = "change.readers";

/// What is watched: relations whose level is not off, and whatever an open change is about.
#[must_use]
pub fn watch() -> Watch {
    let mut watch = Watch::default();
    let (levelled, changing) = candidates();
    let mut names: Vec<Name> = levelled;
    let levels = Ladder::levels_of(FEATURE, &names, Declared::No);
    names.retain(|name| levels.get(name).is_some_and(|l| *l != Level::Off));
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
    watch.ends_at = owner::run(|| {
        spi::select_latest(
            "SELECT min(valid_until) FROM governance.level
              WHERE feature IN ('change', 'change.readers') AND valid_until > clock_timestamp()",
            &[],
            |r| r.get::<TimestampWithTimeZone>(1).map(i64::from),
        )
    })
    .into_iter()
    .next()
    .flatten();
    watch
}

/// Relations that may have a level, and those that open changes are about with the column of each.
fn candidates() -> (Vec<Name>, Vec<(Name, Option<String>)>) {
    let name = |r: &spi::Row| Name { schema: r.must(1), relation: r.must(2) };
    owner::run(|| {
        let levelled = spi::select_latest(
            "SELECT schema_name, relation_name FROM governance._dataset
             UNION
             SELECT n.nspname::text, c.relname::text
               FROM governance.level l JOIN pg_class c ON c.relkind IN ('r', 'p', 'f', 'm', 'v')
               JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE l.feature IN ('change', 'change.readers') AND c.relpersistence <> 't'
                AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'governance', 'pg_toast')
                AND (l.scope IN ('', 'schema:' || quote_ident(n.nspname), 'dataset:' || format('%I.%I', n.nspname, c.relname)))",
            &[],
            name,
        );
        let changing = spi::select_latest(
            "SELECT schema_name, relation_name, column_name FROM governance.change WHERE ended_at IS NULL",
            &[],
            |r| (name(r), r.get(3)),
        );
        (levelled, changing)
    })
}

/// Every relation with everything that is a part of it, and of what.
fn trees(names: &[Name]) -> Vec<(pg_sys::Oid, pg_sys::Oid)> {
    let roots: Vec<pg_sys::Oid> = names.iter().filter_map(catalog::relation_oid).collect();
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

/// A moment as PostgreSQL counts it.
#[must_use]
pub fn time(at: i64) -> TimestampWithTimeZone {
    TimestampWithTimeZone::try_from(at).unwrap_or_else(|_| pgrx::datum::clock_timestamp())
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
                                                 first_seen, last_seen, reads, evidence)
             SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
                                  $7::timestamptz[], $8::bigint[], $9::text[])",
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
    if crate::pg::audit_log::refusal_number() % one_in == 0 {
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
                  merged AS (
                INSERT INTO governance.column_read
                SELECT schema_name, relation_name, column_name, role, application, min(first_seen), max(last_seen),
                       sum(reads)::bigint, evidence
                  FROM gone GROUP BY schema_name, relation_name, column_name, role, application, evidence)
             SELECT count(*) FROM gone",
            &[],
            |r| r.must::<i64>(1) as usize,
        )
    })
    .into_iter()
    .next()
    .unwrap_or(0)
}

/// All rows of the ledger that are wanted, with what this session has not written.
#[must_use]
pub fn rows(is_wanted: impl Fn(&Name) -> bool) -> Vec<Row> {
    let mut rows = scan::rows(&is_wanted);
    rows.extend(flush::own_unwritten().into_iter().filter(|r| is_wanted(&r.name)));
    rows
}

/// The rows that the current user may see.
#[must_use]
pub fn visible_rows() -> Vec<Row> {
    let mut known: HashMap<Name, bool> = HashMap::new();
    let mut rows = rows(|_| true);
    rows.retain(|row| {
        *known
            .entry(row.name.clone())
            .or_insert_with(|| crate::registry::sight::may_see(catalog::relation_oid(&row.name)))
    });
    rows
}

/// A time when reads may have gone unseen.
#[derive(Clone, Debug)]
pub struct Gap {
    /// When it ended, in microseconds since 2000; None where it has not.
    pub ended: Option<i64>,
    /// Why.
    pub text: String,
}

/// Somebody who read what was asked about.
#[derive(Clone, Debug)]
pub struct Reader {
    /// Who.
    pub role: String,
    /// With which application.
    pub application: String,
    /// First time, in microseconds since 2000.
    pub first_seen: i64,
    /// Last time.
    pub last_seen: i64,
    /// How often.
    pub reads: i64,
}

/// What the ledger knows about a relation or one of its columns.
#[derive(Clone, Debug)]
pub struct Observed {
    /// Since when reads are watched, in microseconds since 2000; None where they are not.
    pub since: Option<i64>,
    /// When they were not, since then.
    pub gaps: Vec<Gap>,
    /// Sessions that may hold unwritten reads.
    pub unwritten: Vec<i32>,
    /// Who read it, last reader first.
    pub readers: Vec<Reader>,
}

impl Observed {
    /// Since when nothing can have gone unseen; None where something may right now.
    #[must_use]
    pub fn without_gap_since(&self) -> Option<i64> {
        self.gaps.iter().try_fold(self.since?, |since, gap| Some(since.max(gap.ended?)))
    }
}

/// What is known about who reads a relation, or one of its columns.
pub fn observed(name: &Name, column: Option<&str>) -> Observed {
    let relid = catalog::relation_oid(name);
    let mut readers: BTreeMap<(String, String), Reader> = BTreeMap::new();
    for row in rows(|n| n == name) {
        if column.is_some_and(|c| c != row.column) {
            continue;
        }
        let reader = readers.entry((row.role.clone(), row.application.clone())).or_insert_with(|| Reader {
            role: row.role,
            application: row.application,
            first_seen: row.first,
            last_seen: row.last,
            reads: 0,
        });
        reader.first_seen = reader.first_seen.min(row.first);
        reader.last_seen = reader.last_seen.max(row.last);
        // One execution reads many columns.
        reader.reads = if column.is_some() { reader.reads + row.reads } else { reader.reads.max(row.reads) };
    }
    let mut readers: Vec<Reader> = readers.into_values().collect();
    readers.sort_by_key(|r| std::cmp::Reverse(r.last_seen));
    let since = since(name);
    let gaps = since.map_or_else(Vec::new, |since| gaps(name, since));
    let unwritten = relid.map_or_else(Vec::new, |relid| {
        let number = column.and_then(|c| catalog::column_number(relid, c));
        let parts: Vec<pg_sys::Oid> =
            trees(std::slice::from_ref(name)).into_iter().map(|(part, _)| part).collect();
        owner::run(|| lock::holders(&parts, number, opened(name, column)))
    });
    Observed { since, gaps, unwritten, readers }
}

/// Since when a change about the column has been open.
fn opened(name: &Name, column: Option<&str>) -> Option<i64> {
    owner::run(|| {
        spi::select_latest(
            "SELECT max(proposed_at) FROM governance.change
              WHERE (schema_name, relation_name) = ($1, $2) AND ended_at IS NULL
                AND (column_name IS NULL OR column_name = $3)",
            &[name.schema.as_str().into(), name.relation.as_str().into(), column.into()],
            |r| r.get::<TimestampWithTimeZone>(1).map(i64::from),
        )
    })
    .into_iter()
    .next()
    .flatten()
}

/// Since when a relation is watched: noted as such, and neither declared nor attached later.
fn since(name: &Name) -> Option<i64> {
    if !attach::is_in_settings() || !crate::settings::ENABLED.get() {
        return None;
    }
    owner::run(|| {
        spi::select_latest(
            "SELECT greatest(w.since, a.attached_at, least(
                        (SELECT d.declared_at FROM governance._dataset d
                          WHERE (d.schema_name, d.relation_name) = ($1, $2)),
                        (SELECT min(c.proposed_at) FROM governance.change c
                          WHERE (c.schema_name, c.relation_name) = ($1, $2) AND c.ended_at IS NULL)))
               FROM (SELECT min(since) AS since FROM governance.read_watch
                      WHERE (schema_name, relation_name) = ($1, $2)) w
               LEFT JOIN governance.attachment a ON NOT $3
              WHERE w.since IS NOT NULL",
            &[
                name.schema.as_str().into(),
                name.relation.as_str().into(),
                (loading::mode() == loading::Mode::Preloaded).into(),
            ],
            |r| r.get::<TimestampWithTimeZone>(1).map(i64::from),
        )
    })
    .into_iter()
    .next()
    .flatten()
}

/// When reads may have gone unseen since a moment.
fn gaps(name: &Name, since: i64) -> Vec<Gap> {
    let mut gaps: Vec<Gap> = owner::run(|| {
        spi::select_latest(
            "SELECT g.at, g.cause FROM governance.read_gap g
              WHERE g.at > $3 AND (g.scope IN ('', 'schema:' || quote_ident($1), 'dataset:' || format('%I.%I', $1::text, $2::text))
                 OR starts_with(g.scope, 'class:'))
             UNION ALL
             SELECT s.at, 'the server crashed, or its statistics were reset: sessions may have held unwritten reads'
               FROM pg_stat_get_bgwriter_stat_reset_time() AS s (at) WHERE s.at > $3
              ORDER BY 1",
            &[name.schema.as_str().into(), name.relation.as_str().into(), time(since).into()],
            |r| Gap { ended: r.get::<TimestampWithTimeZone>(1).map(i64::from), text: r.must(2) },
        )
    });
    gaps.extend(open_gaps().into_iter().map(|text| Gap { ended: None, text }));
    gaps
}

/// Who reads unseen at this moment, whatever they read.
#[must_use]
pub fn open_gaps() -> Vec<String> {
    let mut gaps = Vec::new();
    if loading::mode() != loading::Mode::Preloaded {
        let older = attach::older_sessions();
        if !older.is_empty() {
            gaps.push(format!("{} sessions are older than attach()", older.len()));
        }
        let overriding: Vec<String> = overriding::roles().into_iter().map(|o| o.role).collect();
        if !overriding.is_empty() {
            gaps.push(format!("roles load a list of libraries of their own: {}", overriding.join(", ")));
        }
    }
    let standbys: i64 = owner::run(|| {
        spi::select_latest(
            "SELECT count(*) FROM pg_stat_replication r JOIN pg_stat_activity a ON a.pid = r.pid
              WHERE a.datname IS NULL AND r.application_name <> 'pg_basebackup'",
            &[],
            |r| r.must(1),
        )
    })
    .into_iter()
    .next()
    .unwrap_or(0);
    if standbys > 0 {
        gaps.push(format!("{standbys} standbys: what is read there cannot be recorded"));
    }
    gaps
}

/// A moment as JSON has it.
#[must_use]
pub fn moment(at: i64) -> String {
    time(at).to_iso_string()
}

/// The same for people and programs.
#[must_use]
pub fn as_json(observed: &Observed) -> Value {
    let reader = |r: &Reader| {
        json!({"role": r.role, "application": r.application, "first_seen": moment(r.first_seen),
               "last_seen": moment(r.last_seen), "reads": r.reads})
    };
    let gap = |g: &Gap| json!({"ended": g.ended.map(moment), "cause": g.text});
    json!({
        "since": observed.since.map(moment),
        "without_gap_since": observed.without_gap_since().map(moment),
        "gaps": observed.gaps.iter().map(gap).collect::<Vec<_>>(),
        "unwritten": observed.unwritten,
        "readers": observed.readers.iter().map(reader).collect::<Vec<_>>(),
    })
}

/// What `status()` says about the ledger.
#[must_use]
pub fn status() -> StatusRow {
    if loading::mode() == loading::Mode::Installed && !attach::is_in_settings() {
        return StatusRow::off(
            FEATURE,
            "",
            "reads are not observed in mode installed: every certificate says not_observed and its approval carries the waiver",
            Some("SELECT * FROM governance.attach();".into()),
        );
    }
    let noted: Vec<(i64, Option<String>)> = owner::run(|| {
        spi::select(
            "SELECT count(DISTINCT (schema_name, relation_name)), max(since)::timestamptz(0)::text FROM governance.read_watch",
            &[],
            |r| (r.must(1), r.get(2)),
        )
    });
    let (noted, latest) = noted.into_iter().next().unwrap_or_default();
    let mut detail = match (noted, latest) {
        (0, _) => "no relation is watched yet".to_string(),
        (n, Some(since)) => format!("{n} relations are watched, all of them since {since}"),
        (n, None) => format!("{n} relations are watched"),
    };
    let gaps = open_gaps();
    if !gaps.is_empty() {
        detail = format!("{detail}; not seen: {}", gaps.join("; "));
    }
    StatusRow::on(FEATURE, "observe", detail)
}
