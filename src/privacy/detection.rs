//! Detection: what catalogs, statistics and sampled values say of columns, proposed as tags.
use super::sampling::{self, Scanned};
use crate::core::privacy::detect::{self, Column, Guess, Kind};
use crate::core::registry::feature::Scope;
use crate::error;
use crate::pg::catalog::Name;
use crate::pg::regclass::Relation;
use crate::pg::{owner, spi};
use crate::registry;
use pgrx::{JsonB, pg_sys};
use std::collections::HashMap;

/// Most rows that are looked at.
const MOST_ROWS: i32 = 1_000_000;
/// Tags that a key has when what points to it has them; a city is one in a table of persons and none in a list of cities.
const KEYS: [&str; 5] =
    ["pii.contact.email", "pii.contact.phone", "pii.national_id", "pii.financial.iban", "pii.name.user"];

/// A column and what it seems to hold.
pub struct Found {
    /// The relation.
    pub relation: Relation,
    /// The column.
    pub column: String,
    /// The guess.
    pub guess: Guess,
}

/// A relation to look at.
pub(super) struct Candidate {
    pub relid: pg_sys::Oid,
    pub name: Name,
    pub relkind: i8,
    pub comment: Option<String>,
    pub populated: bool,
    pub pages: i64,
    pub rows: f64,
    pub columns: Vec<Column>,
    pub facts: Vec<Facts>,
}

/// What of a column is no matter of guessing.
pub(super) struct Facts {
    pub number: i16,
    pub readable: bool,
    pub array: bool,
    /// A tag that it bears already.
    pub tag: Option<String>,
}

/// Looks at every column in a scope and proposes tags. Reads only what the caller may read, as the caller.
pub fn run(scope: Option<&str>, sample_rows: i32) -> Vec<Found> {
    if !(0..=MOST_ROWS).contains(&sample_rows) {
        error::not_one_of("sample_rows", &sample_rows.to_string(), &["0 to 1000000"]).raise();
    }
    let scope = registry::level::canonical_scope(scope);
    let scope = Scope::parse(&scope).unwrap_or(Scope::Database);
    let this_year =
        spi::select_one("SELECT pg_catalog.date_part('year', pg_catalog.now())::int4", &[], |r| {
            r.must::<i32>(1)
        })
        .unwrap_or(2000);
    let mut tables = candidates(&scope);
    let mut guesses: Vec<Vec<Vec<Guess>>> = Vec::with_capacity(tables.len());
    for table in &mut tables {
        let scanned = sampling::look(table, sample_rows, this_year);
        let mut of_table = detect::guess(&table.name.relation, table.comment.as_deref(), &table.columns);
        of_table
            .iter_mut()
            .zip(&scanned)
            .flat_map(|(gs, s)| gs.iter_mut().map(move |g| (g, s)))
            .for_each(|(g, s)| note(g, s));
        guesses.push(of_table);
    }
    imply(&tables, &mut guesses);
    let mut found = Vec::new();
    for (table, of_table) in tables.into_iter().zip(guesses) {
        for ((column, facts), of_column) in table.columns.into_iter().zip(table.facts).zip(of_table) {
            if facts.tag.is_some() {
                continue;
            }
            if !of_column.is_empty() {
                propose(&table.name, &column.name, &of_column);
            }
            let relation = Relation(table.relid);
            found.extend(of_column.into_iter().map(|guess| Found {
                relation,
                column: column.name.clone(),
                guess,
            }));
        }
    }
    found.sort_by(|a, b| b.guess.confidence.total_cmp(&a.guess.confidence));
    found
}

/// Says where the values came from.
fn note(guess: &mut Guess, scanned: &Scanned) {
    if guess.evidence.get("sampled").is_some() {
        guess.evidence["from"] = serde_json::json!(scanned.from());
        if scanned.policies {
            guess.evidence["row_security"] = serde_json::json!(true);
        }
    }
    if scanned.failed {
        guess.evidence["unreadable"] = serde_json::json!(true);
    }
}

/// Tables, foreign tables and materialized views in scope that the caller may know of. Partitions are seen through their root.
fn candidates(scope: &Scope) -> Vec<Candidate> {
    let (kind, first, second) = match scope {
        Scope::Database => ("database", "", ""),
        Scope::Schema(s) => ("schema", s.as_str(), ""),
        Scope::Class(c) => ("class", c.as_str(), ""),
        Scope::Dataset(s, r) => ("dataset", s.as_str(), r.as_str()),
    };
    let me = crate::pg::roles::current();
    let rows = owner::run(|| {
        spi::select(
            include_str!("detection.sql"),
            &[kind.into(), first.into(), second.into(), me.into()],
            |r| {
                let mut column = Column::new(&r.must::<String>(8), kind_of(&r.must::<String>(9)));
                column.domain = r.get(10);
                column.longest = r.get::<i32>(11).and_then(|n| usize::try_from(n).ok());
                column.labels =
                    r.get::<Vec<Option<String>>>(12).unwrap_or_default().into_iter().flatten().collect();
                column.comment = r.get(13);
                column.checks = r.get(14).unwrap_or_default();
                column.is_reference = r.must(15);
                column.is_key = r.must(16);
                let facts =
                    Facts { number: r.must(7), readable: r.must(17), array: r.must(18), tag: r.get(19) };
                let table = Candidate {
                    relid: r.must(1),
                    name: Name { schema: r.must(2), relation: r.must(3) },
                    relkind: r.must(4),
                    comment: r.get(5),
                    populated: r.must(6),
                    pages: r.must(20),
                    rows: r.must(21),
                    columns: Vec::new(),
                    facts: Vec::new(),
                };
                (table, column, facts)
            },
        )
    });
    let mut tables: Vec<Candidate> = Vec::new();
    for (table, column, facts) in rows {
        if tables.last().is_none_or(|t| t.relid != table.relid) {
            tables.push(table);
        }
        if let Some(last) = tables.last_mut() {
            last.columns.push(column);
            last.facts.push(facts);
        }
    }
    tables.retain(|t| registry::sight::may_see(Some(t.relid)));
    tables
}

fn kind_of(word: &str) -> Kind {
    match word {
        "text" => Kind::Text,
        "date" => Kind::Date,
        "time" => Kind::Time,
        "number" => Kind::Number,
        "network" => Kind::Network,
        "device" => Kind::Device,
        "bytes" => Kind::Bytes,
        "json" => Kind::Json,
        "place" => Kind::Place,
        "uuid" => Kind::Uuid,
        "bool" => Kind::Bool,
        _ => Kind::Other,
    }
}

/// One end of a foreign key.
struct End {
    relid: pg_sys::Oid,
    number: i16,
    name: String,
    /// The tag that people gave it, in scope or not.
    tag: Option<String>,
}

/// What a key holds its references hold; what a reference holds its key holds, where that can be so.
fn imply(tables: &[Candidate], guesses: &mut [Vec<Vec<Guess>>]) {
    let links = links();
    let places: HashMap<(pg_sys::Oid, i16), (usize, usize)> = tables
        .iter()
        .enumerate()
        .flat_map(|(t, table)| {
            table.facts.iter().enumerate().map(move |(c, f)| ((table.relid, f.number), (t, c)))
        })
        .collect();
    // Twice, so that a key passes on what one of its references has told it.
    for _ in 0..2 {
        for (child, parent) in &links {
            for (given, taker, upwards) in [(parent, child, false), (child, parent, true)] {
                let Some((t, c)) = places.get(&(taker.relid, taker.number)) else { continue };
                if !guesses[*t][*c].is_empty() {
                    continue;
                }
                let guessed =
                    places.get(&(given.relid, given.number)).and_then(|(t, c)| guesses[*t][*c].first());
                let (tag, confidence) = match (&given.tag, guessed) {
                    (Some(tag), _) if registry::sight::may_see(Some(given.relid)) => (tag.clone(), 1.0),
                    (None, Some(g)) if g.confidence >= 0.6 => (g.tag.to_string(), g.confidence),
                    _ => continue,
                };
                if !upwards || KEYS.contains(&tag.as_str()) {
                    guesses[*t][*c].push(detect::implied(&tag, confidence, &given.name));
                }
            }
        }
    }
}

/// Pairs of columns that foreign keys join: the reference and its key.
fn links() -> Vec<(End, End)> {
    owner::run(|| {
        spi::select(
            "SELECT c.conrelid, k.from_number, format('%I.%I.%I', fn.nspname, f.relname, fa.attname), ft.tag,
                    c.confrelid, k.to_number, format('%I.%I.%I', tn.nspname, t.relname, ta.attname), tt.tag
               FROM pg_constraint c
              CROSS JOIN LATERAL ROWS FROM (unnest(c.conkey), unnest(c.confkey)) AS k (from_number, to_number)
               JOIN pg_class f ON f.oid = c.conrelid
               JOIN pg_namespace fn ON fn.oid = f.relnamespace
               JOIN pg_attribute fa ON fa.attrelid = f.oid AND fa.attnum = k.from_number
               JOIN pg_class t ON t.oid = c.confrelid
               JOIN pg_namespace tn ON tn.oid = t.relnamespace
               JOIN pg_attribute ta ON ta.attrelid = t.oid AND ta.attnum = k.to_number
               LEFT JOIN LATERAL (SELECT min(g.tag) AS tag FROM governance._column_tag g
                     WHERE g.schema_name = fn.nspname AND g.relation_name = f.relname AND g.column_name = fa.attname) ft ON true
               LEFT JOIN LATERAL (SELECT min(g.tag) AS tag FROM governance._column_tag g
                     WHERE g.schema_name = tn.nspname AND g.relation_name = t.relname AND g.column_name = ta.attname) tt ON true
              WHERE c.contype = 'f' AND c.conparentid = 0
              ORDER BY c.oid, k.from_number",
            &[],
            |r| {
                let end = |n: usize| End {
                    relid: r.must(n),
                    number: r.must(n + 1),
                    name: r.must(n + 2),
                    tag: r.get(n + 3),
                };
                (end(1), end(5))
            },
        )
    })
}

/// Records the guesses for a column; one that was rejected stays so, and what was guessed otherwise before is open no more.
fn propose(name: &Name, column: &str, guesses: &[Guess]) {
    let (schema, relation) = (name.schema.as_str(), name.relation.as_str());
    let tags: Vec<String> = guesses.iter().map(|g| g.tag.to_string()).collect();
    owner::run(|| {
        spi::execute(
            "DELETE FROM governance.proposal
              WHERE kind = 'tag' AND schema_name = $1 AND relation_name = $2 AND column_name = $3 AND state = 'open'
                AND value <> ALL ($4)",
            &[schema.into(), relation.into(), column.into(), tags.into()],
        );
        for guess in guesses {
            spi::execute(
                "INSERT INTO governance.proposal AS p
                        (id, kind, schema_name, relation_name, column_name, value, confidence, evidence)
                 VALUES (governance._proposal_id('tag', $1, $2, $3, $4), 'tag', $1, $2, $3, $4, $5, $6)
                 ON CONFLICT (id) DO UPDATE SET confidence = excluded.confidence, evidence = excluded.evidence,
                        state = 'open', proposed_at = now()
                  WHERE p.state <> 'rejected'",
                &[
                    schema.into(),
                    relation.into(),
                    column.into(),
                    guess.tag.as_ref().into(),
                    guess.confidence.into(),
                    JsonB(guess.evidence.clone()).into(),
                ],
            );
        }
    });
}
