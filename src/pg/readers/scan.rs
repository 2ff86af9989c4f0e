//! Reading the ledger as it is at this moment, without a trace.
//!
//! A query of it in a serializable transaction would leave predicate locks, and with them make transactions of others fail
//! that do no more than write down what they have read. A scan that looks at the rows themselves, and not at a snapshot of
//! them, leaves none.
use super::lock::Reading;
use crate::pg::catalog::{self, Name};
use pgrx::datum::Interval;
use pgrx::{FromDatum, pg_sys};

/// A row of the ledger.
#[derive(Clone, Debug)]
pub struct Row {
    /// The relation.
    pub name: Name,
    /// The column; empty where rows were read without any.
    pub column: String,
    /// Who.
    pub role: String,
    /// With which application.
    pub application: String,
    /// First read, in microseconds.
    pub first: i64,
    /// Last one.
    pub last: i64,
    /// How many.
    pub reads: i64,
    /// How it is known.
    pub evidence: String,
    /// The longest time between two of them, in microseconds; zero where there was one.
    pub longest: i64,
}

/// The rows that are wanted.
#[must_use]
pub fn rows(is_wanted: impl Fn(&Name) -> bool) -> Vec<Row> {
    let ours = Name { schema: catalog::SCHEMA.into(), relation: "column_read".into() };
    let Some(relid) = catalog::relation_oid(&ours) else { return Vec::new() };
    let _reading = Reading::begin();
    let mut rows = Vec::new();
    // SAFETY: the relation is open and locked during the scan; each row is copied out before the next one is fetched, and has
    // as many columns as its descriptor says.
    unsafe {
        let relation = pg_sys::table_open(relid, pg_sys::AccessShareLock as i32);
        let descriptor = (*relation).rd_att;
        let columns = (*descriptor).natts as usize;
        let (mut values, mut nulls) = (vec![pg_sys::Datum::from(0); columns], vec![false; columns]);
        let flags = pg_sys::ScanOptions::SO_TYPE_SEQSCAN | pg_sys::ScanOptions::SO_ALLOW_STRAT;
        let scan = pg_sys::heap_beginscan(
            relation,
            &raw mut pg_sys::SnapshotSelfData,
            0,
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            flags,
        );
        loop {
            let tuple = pg_sys::heap_getnext(scan, pg_sys::ScanDirection::ForwardScanDirection);
            if tuple.is_null() {
                break;
            }
            pgrx::check_for_interrupts!();
            pg_sys::heap_deform_tuple(tuple, descriptor, values.as_mut_ptr(), nulls.as_mut_ptr());
            let text = |i: usize| String::from_datum(values[i], nulls[i]).unwrap_or_default();
            let number = |i: usize| values[i].value() as i64;
            let span = |i: usize| {
                let interval = Interval::from_datum(values[i], nulls[i]);
                interval.and_then(|s| i64::try_from(s.as_micros()).ok()).unwrap_or(0)
            };
            let name = Name { schema: text(0), relation: text(1) };
            if columns >= 10 && is_wanted(&name) {
                rows.push(Row {
                    name,
                    column: text(2),
                    role: text(3),
                    application: text(4),
                    first: number(5),
                    last: number(6),
                    reads: number(7),
                    evidence: text(8),
                    longest: span(9),
                });
            }
        }
        pg_sys::heap_endscan(scan);
        pg_sys::table_close(relation, pg_sys::AccessShareLock as i32);
    }
    rows
}
