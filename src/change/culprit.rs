//! Which row it is that an expression fails on: found by halves, after a batch has failed.
use super::backfill::Copy;
use super::store::Change;
use crate::error;
use crate::pg::catalog::Name;
use crate::pg::{own_statement, owner, spi, xact};
use pgrx::PgSqlErrorCode;

/// Rows of a table by their place: from a block and number to another, the end not included.
type Range = ((i64, i64), (i64, i64));

/// More rows than this fit in no block.
const ROWS_OF_BLOCK: i64 = 2048;

/// Raises with the row named, where one of the expressions fails on a row of these blocks; returns where none does. Halves
/// the range until one row is left.
pub fn find(change: &Change, copy: &Copy, table: &Name, (from, upto): (i64, i64)) {
    let fails = |(a, b): Range| {
        let (column, expression) =
            copy.set.iter().find(|(_, expression)| why(table, copy, expression, (a, b)).is_some())?;
        Some((column.clone(), why(table, copy, expression, (a, b))?))
    };
    let (mut low, mut high) = ((from, 0), (upto, 0));
    if fails((low, high)).is_none() {
        return;
    }
    loop {
        let middle = if high.0 - low.0 > 1 {
            ((low.0 + high.0) / 2, 0)
        } else {
            let end = if high.0 > low.0 { ROWS_OF_BLOCK } else { high.1 };
            if end - low.1 <= 1 {
                break;
            }
            (low.0, (low.1 + end) / 2)
        };
        if fails((low, middle)).is_some() { high = middle } else { low = middle }
    }
    let Some((column, why)) = fails((low, high)) else { return };
    let row = name(&table.to_string(), low);
    error::conversion::fails_on_row(
        PgSqlErrorCode::ERRCODE_DATA_EXCEPTION,
        change.id,
        column.trim_matches('"'),
        &row,
        &why,
        error::conversion::While::Copying,
    )
    .raise()
}

/// What PostgreSQL says about an expression on these rows, where it fails on one.
fn why(table: &Name, copy: &Copy, expression: &str, ((a, b), (c, d)): Range) -> Option<String> {
    let sql = format!(
        "SELECT count(({expression})::text) FROM ONLY {table}
          WHERE ctid >= '({a},{b})'::tid AND ctid < '({c},{d})'::tid AND {}",
        copy.which()
    );
    xact::tried(|| own_statement::run(&sql, || spi::select_unforced(&sql, &[], |r| r.must::<i64>(1)))).err()
}

/// The first row of the change's table that fulfils a condition.
#[must_use]
pub fn first(change: &Change, condition: &str) -> String {
    first_of(&change.name.to_string(), condition)
}

/// The first row of a table that fulfils a condition. The table is quoted.
#[must_use]
pub fn first_of(table: &str, condition: &str) -> String {
    let sql = format!(
        "SELECT tableoid::regclass::text, (ctid::text::point)[0]::bigint, (ctid::text::point)[1]::bigint
           FROM {table} WHERE {condition} LIMIT 1"
    );
    let ask = || spi::select_unforced(&sql, &[], |r| (r.must::<String>(1), r.must(2), r.must(3)));
    let found = own_statement::run(&sql, ask).pop();
    found.map_or_else(|| "a row".into(), |(table, block, number)| name(&table, (block, number)))
}

/// A row by its primary key, or by its place where there is none. The table is quoted.
fn name(table: &str, (block, number): (i64, i64)) -> String {
    let key: Option<(String, String)> = owner::run(|| {
        spi::select_one(
            "SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY u.n),
                    string_agg(format('%I::text', a.attname), ', ' ORDER BY u.n)
               FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY u (key, n)
               JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.key
              WHERE i.indisprimary AND i.indrelid = to_regclass($1) AND u.n <= i.indnkeyatts
             HAVING count(*) > 0",
            &[table.into()],
            |r| (r.must(1), r.must(2)),
        )
    });
    let place = format!("the row at ({block},{number})");
    let Some((columns, values)) = key else { return place };
    let sql =
        format!("SELECT concat_ws(', ', {values}) FROM ONLY {table} WHERE ctid = '({block},{number})'::tid");
    own_statement::run(&sql, || spi::select_unforced(&sql, &[], |r| r.must::<String>(1)))
        .pop()
        .map_or(place, |values| format!("the row with ({columns})=({values})"))
}
