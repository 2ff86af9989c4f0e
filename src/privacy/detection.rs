//! Detection: names, types and sampled values of columns, proposed as tags.
use crate::core::privacy::detect::{self, Guess, Kind, Sample};
use crate::core::registry::feature::Scope;
use crate::error;
use crate::pg::catalog::Name;
use crate::pg::regclass::Relation;
use crate::pg::{owner, spi};
use crate::registry;
use pgrx::{JsonB, pg_sys};

/// Most rows that are looked at.
const MOST_ROWS: i32 = 1_000_000;

/// A column and what it seems to hold.
pub struct Found {
    /// The relation.
    pub relation: Relation,
    /// The column.
    pub column: String,
    /// The guess.
    pub guess: Guess,
}

/// A column to look at.
struct Candidate {
    relid: pg_sys::Oid,
    name: Name,
    column: String,
    kind: Kind,
    readable: bool,
}

/// Looks at every column in a scope and proposes tags. Samples only what the caller may read, as the caller.
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
    let mut found = Vec::new();
    let candidates = candidates(&scope);
    for columns in candidates.chunk_by(|a, b| a.relid == b.relid) {
        let samples = samples(columns, sample_rows, this_year);
        for (c, sample) in columns.iter().zip(samples) {
            if let Some(guess) = detect::guess(&c.name.relation, &c.column, c.kind, &sample) {
                propose(c, &guess);
                found.push(Found { relation: Relation(c.relid), column: c.column.clone(), guess });
            }
        }
    }
    found.sort_by(|a, b| b.guess.confidence.total_cmp(&a.guess.confidence));
    found
}

/// Columns of tables and materialized views in scope that bear no tag yet and that the caller may know of. Partitions
/// are seen through their root.
fn candidates(scope: &Scope) -> Vec<Candidate> {
    let (kind, first, second) = match scope {
        Scope::Database => ("database", "", ""),
        Scope::Schema(s) => ("schema", s.as_str(), ""),
        Scope::Class(c) => ("class", c.as_str(), ""),
        Scope::Dataset(s, r) => ("dataset", s.as_str(), r.as_str()),
    };
    let me = crate::pg::roles::current();
    let all = owner::run(|| {
        spi::select(
            "SELECT u.relid, u.schema_name, u.relation_name, a.attname::text,
                    CASE WHEN b.typcategory = 'S' THEN 'text' WHEN b.typcategory = 'D' THEN 'date'
                         WHEN b.typcategory = 'N' THEN 'number' WHEN b.typcategory = 'I' THEN 'network'
                         WHEN b.typname = 'bytea' THEN 'bytes' ELSE 'other' END,
                    has_column_privilege($4, u.relid, a.attnum, 'SELECT')
                      AND has_schema_privilege($4, u.schema_name, 'USAGE')
               FROM governance._user_relation u
               JOIN pg_attribute a ON a.attrelid = u.relid AND a.attnum > 0 AND NOT a.attisdropped
               JOIN pg_type t ON t.oid = a.atttypid
               JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
              WHERE u.relkind IN ('r', 'p', 'm') AND NOT u.relispartition
                AND NOT EXISTS (SELECT FROM governance._column_tag g
                                 WHERE g.schema_name = u.schema_name AND g.relation_name = u.relation_name
                                   AND g.column_name = a.attname)
                AND CASE $1 WHEN 'database' THEN true WHEN 'schema' THEN u.schema_name = $2
                            WHEN 'dataset' THEN u.schema_name = $2 AND u.relation_name = $3
                            ELSE EXISTS (SELECT FROM governance._dataset d
                                          WHERE d.schema_name = u.schema_name AND d.relation_name = u.relation_name
                                            AND d.class = $2) END
              ORDER BY u.schema_name, u.relation_name, a.attnum",
            &[kind.into(), first.into(), second.into(), me.into()],
            |r| Candidate {
                relid: r.must(1),
                name: Name { schema: r.must(2), relation: r.must(3) },
                column: r.must(4),
                kind: match r.must::<String>(5).as_str() {
                    "text" => Kind::Text,
                    "date" => Kind::Date,
                    "number" => Kind::Number,
                    "network" => Kind::Network,
                    "bytes" => Kind::Bytes,
                    _ => Kind::Other,
                },
                readable: r.must(6),
            },
        )
    });
    all.into_iter().filter(|c| registry::sight::may_see(Some(c.relid))).collect()
}

/// Samples of the columns of one relation, read in one scan as the caller; empty where there is nothing to read.
fn samples(columns: &[Candidate], rows: i32, this_year: i32) -> Vec<Sample> {
    let mut samples: Vec<Sample> = columns.iter().map(|_| Sample::default()).collect();
    let read: Vec<usize> = (0..columns.len())
        .filter(|i| {
            columns[*i].readable && matches!(columns[*i].kind, Kind::Text | Kind::Date | Kind::Network)
        })
        .collect();
    let Some(first) = columns.first().filter(|c| rows > 0 && !read.is_empty() && is_populated(c.relid))
    else {
        return samples;
    };
    let list: Vec<String> =
        read.iter().map(|i| format!("{}::text", pgrx::spi::quote_identifier(&columns[*i].column))).collect();
    let sql = format!("SELECT {} FROM {} LIMIT {rows}", list.join(", "), first.name);
    spi::select(&sql, &[], |r| {
        for (n, i) in read.iter().enumerate() {
            if let Some(text) = r.get::<String>(n + 1) {
                samples[*i].add(&text, this_year);
            }
        }
    });
    samples
}

/// A materialized view made WITH NO DATA cannot be read.
fn is_populated(relid: pg_sys::Oid) -> bool {
    spi::select_one("SELECT relispopulated FROM pg_catalog.pg_class WHERE oid = $1", &[relid.into()], |r| {
        r.must::<bool>(1)
    })
    .unwrap_or(false)
}

/// Records the guess; one that was rejected stays so.
fn propose(c: &Candidate, guess: &Guess) {
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.proposal AS p
                    (id, kind, schema_name, relation_name, column_name, value, confidence, evidence)
             VALUES (governance._proposal_id('tag', $1, $2, $3, $4), 'tag', $1, $2, $3, $4, $5, $6)
             ON CONFLICT (id) DO UPDATE SET confidence = excluded.confidence, evidence = excluded.evidence,
                    state = 'open', proposed_at = now()
              WHERE p.state <> 'rejected'",
            &[
                c.name.schema.as_str().into(),
                c.name.relation.as_str().into(),
                c.column.as_str().into(),
                guess.tag.into(),
                guess.confidence.into(),
                JsonB(guess.evidence.clone()).into(),
            ],
        )
    });
}
