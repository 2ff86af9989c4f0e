//! What the column-read ledger tells: the gate, `explain_ddl()`, `status()` and whoever looks.
use super::ledger::{FEATURE, trees};
use crate::core::change::seen::{self, Seen};
use crate::pg::catalog::{self, Name};
use crate::pg::readers::scan::{self, Row};
use crate::pg::readers::{blind, flush, lock};
use crate::pg::{loading, owner, spi};
use crate::registry::status::StatusRow;
use crate::registry::{attach, overriding};
use pgrx::datum::{Interval, TimestampWithTimeZone, ToIsoString};
use pgrx::pg_sys;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// A moment as PostgreSQL counts it.
#[must_use]
pub fn time(at: i64) -> TimestampWithTimeZone {
    TimestampWithTimeZone::try_from(at).unwrap_or_else(|_| pgrx::datum::clock_timestamp())
}

/// The time between two reads as PostgreSQL has it; None where there was one.
#[must_use]
pub fn span(micros: i64) -> Option<Interval> {
    (micros > 0).then(|| Interval::from_micros(micros).justify_hours())
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
    /// The longest time between two reads, in microseconds; zero where none is known.
    pub longest: i64,
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
    let mut seen = Vec::new();
    for row in rows(|n| n == name) {
        if column.is_some_and(|c| c != row.column) {
            continue;
        }
        let when = Seen { first: row.first, last: row.last, reads: row.reads, longest: row.longest };
        seen.push(((row.role.clone(), row.application.clone()), (row.column, row.evidence), when));
        let reader = readers.entry((row.role.clone(), row.application.clone())).or_insert_with(|| Reader {
            role: row.role,
            application: row.application,
            first_seen: row.first,
            last_seen: row.last,
            reads: 0,
            longest: 0,
        });
        reader.first_seen = reader.first_seen.min(row.first);
        reader.last_seen = reader.last_seen.max(row.last);
        // One execution reads many columns.
        reader.reads = if column.is_some() { reader.reads + row.reads } else { reader.reads.max(row.reads) };
    }
    for (who, longest) in seen::longest(seen) {
        readers.entry(who).and_modify(|r| r.longest = longest);
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
                AND (whole OR $3 IS NULL OR $3 = ANY (columns))",
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
    if !attach::is_in_settings() || !crate::settings::ENABLED.get() || loading::other_version().is_some() {
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
    let switched_off = blind::until().filter(|until| *until > since);
    gaps.extend(
        switched_off.map(|until| Gap { ended: Some(until), text: "governance.enabled was off".into() }),
    );
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
               "last_seen": moment(r.last_seen), "reads": r.reads,
               "longest_interval": (r.longest > 0).then(|| seen::span(r.longest))})
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
