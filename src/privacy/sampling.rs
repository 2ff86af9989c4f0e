//! Values of columns for detection: statistics first, which cost nothing, then a few blocks, then a few more, and only for
//! columns of which more values could change what is said. Read with the rights of the caller, row security in force.
use super::detection::Candidate;
use crate::core::privacy::detect::{self, Kind};
use crate::pg::{spi, xact};

/// Rows of the first look at blocks.
const FIRST: i32 = 100;
/// Values from statistics that are as good as a sample.
const ENOUGH: usize = 50;
/// Tables up to so many pages are read from their beginning; of larger ones, blocks all over them.
const FEW_PAGES: i64 = 20;
/// Between the elements of an array.
const BETWEEN: char = '\u{1f}';

/// Where the values of a column came from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scanned {
    statistics: bool,
    rows: bool,
    /// Policies hid rows, perhaps.
    pub policies: bool,
    /// Reading it failed.
    pub failed: bool,
}

impl Scanned {
    /// As the evidence says it.
    #[must_use]
    pub fn from(self) -> &'static str {
        match (self.statistics, self.rows) {
            (true, true) => "statistics and rows",
            (true, false) => "statistics",
            (false, true) => "rows",
            (false, false) => "labels",
        }
    }
}

/// Fills the profiles of a table's columns. Zero rows: statistics only.
pub fn look(table: &mut Candidate, sample_rows: i32, this_year: i32) -> Vec<Scanned> {
    let mut scanned = vec![Scanned::default(); table.columns.len()];
    for column in &mut table.columns {
        for label in std::mem::take(&mut column.labels) {
            column.add(&label, this_year);
            column.labels.push(label);
        }
        column.is_known = !column.labels.is_empty();
    }
    statistics(table, &mut scanned, this_year);
    if sample_rows == 0 || !table.populated {
        return scanned;
    }
    let policies = xact::apart(|| has_policies(table)).unwrap_or(false);
    let mut left = sample_rows;
    for (round, most) in [FIRST.min(sample_rows), sample_rows - FIRST].into_iter().enumerate() {
        if most <= 0 {
            break;
        }
        let wanted: Vec<usize> =
            detect::undecided(&table.name.relation, table.comment.as_deref(), &table.columns, round > 0)
                .into_iter()
                .enumerate()
                .filter(|(i, undecided)| {
                    *undecided && table.facts[*i].readable && table.facts[*i].tag.is_none()
                })
                .map(|(i, _)| i)
                .collect();
        if wanted.is_empty() {
            break;
        }
        let more = sample(table, &wanted, most, round, this_year);
        for i in &wanted {
            scanned[*i].rows = more.is_some();
            scanned[*i].failed = more.is_none();
            scanned[*i].policies = policies;
        }
        left -= most;
        if left <= 0 || more != Some(true) {
            break;
        }
    }
    scanned
}

fn has_policies(table: &Candidate) -> bool {
    spi::select_one("SELECT pg_catalog.row_security_active($1::oid)", &[table.relid.into()], |r| {
        r.must::<bool>(1)
    })
    .unwrap_or(false)
}

/// Most common values and histogram bounds, as far as the caller may see them.
fn statistics(table: &mut Candidate, scanned: &mut [Scanned], this_year: i32) {
    let known = spi::select(
        // The whole tree's before the root's own.
        "SELECT DISTINCT ON (s.attname) s.attname::text, s.most_common_vals::text::text[], s.histogram_bounds::text::text[],
                s.n_distinct >= 0
           FROM pg_catalog.pg_stats s WHERE s.schemaname = $1 AND s.tablename = $2 ORDER BY s.attname, s.inherited DESC",
        &[table.name.schema.as_str().into(), table.name.relation.as_str().into()],
        |r| {
            let values = |n: usize| r.get::<Vec<Option<String>>>(n).unwrap_or_default();
            (r.must::<String>(1), values(2), values(3), r.get::<bool>(4).unwrap_or(false))
        },
    );
    for (name, common, bounds, counted) in known {
        let Some(i) = table.columns.iter().position(|c| c.name == name) else { continue };
        if table.facts[i].array || table.facts[i].tag.is_some() {
            continue;
        }
        let column = &mut table.columns[i];
        let complete = counted && bounds.is_empty() && !common.is_empty();
        common.iter().chain(&bounds).flatten().for_each(|v| column.add(v, this_year));
        scanned[i].statistics = column.profile.seen > 0;
        column.is_known |= column.profile.seen >= ENOUGH || complete;
    }
}

/// Reads rows for some columns; whether there may be more, None where reading failed.
fn sample(table: &mut Candidate, wanted: &[usize], most: i32, round: usize, this_year: i32) -> Option<bool> {
    let blocks = blocks(table, most, round);
    let read = |from: &str| {
        let list: Vec<String> = wanted
            .iter()
            .map(|i| {
                let name = pgrx::spi::quote_identifier(&table.columns[*i].name);
                let longest = if table.columns[*i].kind == Kind::Json { 65_536 } else { 1000 };
                if table.facts[*i].array {
                    format!("pg_catalog.left(pg_catalog.array_to_string({name}, '{BETWEEN}'), {longest})")
                } else {
                    format!("pg_catalog.left({name}::pg_catalog.text, {longest})")
                }
            })
            .collect();
        let sql = format!("SELECT {} FROM {}{from} LIMIT {most}", list.join(", "), table.name);
        // A foreign server may be down, a policy may fail: then that table is not looked into.
        xact::apart(|| {
            spi::select(&sql, &[], |r| (1..=wanted.len()).map(|n| r.get::<String>(n)).collect::<Vec<_>>())
        })
    };
    let mut rows = blocks.as_deref().and_then(read).unwrap_or_default();
    if rows.is_empty() {
        if round > 0 && blocks.is_none() {
            // The same rows again would count twice: the second look goes past the first.
            rows = read(&format!(" OFFSET {FIRST}"))?;
        } else {
            rows = read("")?;
        }
    }
    for row in &rows {
        for (i, value) in wanted.iter().zip(row) {
            let column = &mut table.columns[*i];
            match value {
                Some(v) if table.facts[*i].array => {
                    v.split(BETWEEN).take(10).for_each(|e| column.add(e, this_year))
                }
                Some(v) => column.add(v, this_year),
                None => {}
            }
        }
    }
    Some(blocks.is_some() || rows.len() >= usize::try_from(most).unwrap_or(0))
}

/// The clause that picks blocks all over a large table: as many as hold the rows with some to spare, the same each time.
fn blocks(table: &Candidate, rows: i32, round: usize) -> Option<String> {
    let sampled = matches!(table.relkind as u8, b'r' | b'p' | b'm');
    if !sampled || table.pages <= FEW_PAGES || table.rows <= 0.0 {
        return None;
    }
    let pages = table.pages as f64;
    let wanted = (f64::from(rows) / (table.rows / pages) * 1.5).max(FEW_PAGES as f64);
    let percent = (wanted / pages * 100.0).min(100.0);
    Some(format!(" TABLESAMPLE SYSTEM ({percent}) REPEATABLE ({round})"))
}
