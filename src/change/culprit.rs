//! Which row an expression fails on: found by halves, after a batch has failed.
use super::store::Change;
use crate::error;
use crate::pg::catalog::Name;
use crate::pg::{spi, xact};

/// What was copied when it failed: blocks of one table.
pub struct Batch<'a> {
    /// The table.
    pub name: &'a Name,
    /// First block, and the one behind the last.
    pub blocks: (i64, i64),
    /// The expressions.
    pub expressions: Vec<&'a str>,
    /// Which rows.
    pub only: &'a str,
}

/// Says which row it is, where one of the expressions fails by itself and not something that the update calls.
pub fn name(change: &Change, batch: &Batch) {
    let value = format!("(ROW({}))::text", batch.expressions.join(", "));
    let fails = |of: &str| {
        let sql = format!("SELECT count({value}) FROM ONLY {} WHERE {of} AND {}", batch.name, batch.only);
        xact::apart(|| spi::select(&sql, &[], |_| ())).is_none()
    };
    let within = |(from, to): (i64, i64)| format!("ctid >= '({from},0)'::tid AND ctid < '({to},0)'::tid");
    let mut blocks = batch.blocks;
    if !fails(&within(blocks)) {
        return;
    }
    while blocks.1 - blocks.0 > 1 {
        let middle = blocks.0 + (blocks.1 - blocks.0) / 2;
        blocks = if fails(&within((blocks.0, middle))) { (blocks.0, middle) } else { (middle, blocks.1) };
    }
    let sql = format!("SELECT ctid::text FROM ONLY {} WHERE {}", batch.name, within(blocks));
    let rows: Vec<String> = spi::select(&sql, &[], |r| r.must(1));
    if let Some(row) = rows.iter().find(|row| fails(&format!("ctid = '{row}'::tid"))) {
        error::change::fails_on_row(change.id, batch.name, row).warn();
    }
}
