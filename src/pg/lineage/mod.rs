//! Column lineage from the server's own query trees.
//!
//! `statement` has text analysed and rewritten, `stored` reads the trees of views and generated columns, `levels` walks
//! the levels of a query and `expression` what is inside one; the steps they note are joined in `core::lineage`.
mod expression;
mod levels;
pub mod memo;
pub mod statement;
pub mod stored;

use crate::core::lineage::Role;
use crate::core::lineage::resolve::{Origins, Output, ROWS, Steps, WHOLE};
use pgrx::pg_sys;
use std::collections::{HashMap, HashSet};
use std::ffi::CStr;

/// An edge from a column to a column, or to the rows as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Column of the output; None: the rows as a whole.
    pub output: Option<String>,
    /// Relation of the input.
    pub input: pg_sys::Oid,
    /// Column of the input; None: the relation only contributes its rows.
    pub column: Option<String>,
    /// How.
    pub role: Role,
}

/// A result that a statement delivers: rows to the client, or into a relation.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The relation written or (re)defined, where it exists.
    pub relation: Option<pg_sys::Oid>,
    /// The name of a relation that the statement would create.
    pub name: Option<String>,
    /// Where its columns come from.
    pub edges: Vec<Edge>,
}

/// A level's outputs to be reported, by number and name.
struct Wanted {
    level: usize,
    columns: Vec<(i16, String)>,
}

/// Works out the edges of some outputs.
fn edges_of(steps: &Steps, wanted: &Wanted) -> Vec<Edge> {
    let mut known = HashMap::new();
    let mut edges = Vec::new();
    for (number, name) in &wanted.columns {
        let origins = steps.origins(Output(wanted.level, *number), &mut known);
        collect(&mut edges, Some(name), &origins);
    }
    let rows = steps.origins(Output(wanted.level, ROWS), &mut known);
    collect(&mut edges, None, &rows);
    // A relation is named as a whole only where none of its columns is.
    let named: HashSet<pg_sys::Oid> = edges.iter().filter(|e| e.column.is_some()).map(|e| e.input).collect();
    edges.retain(|e| e.column.is_some() || !named.contains(&e.input));
    edges
}

fn collect(edges: &mut Vec<Edge>, output: Option<&String>, origins: &Origins) {
    for ((relation, number), roles) in origins {
        let input = pg_sys::Oid::from(*relation);
        let column = if *number == WHOLE { None } else { column_name(input, *number) };
        if column.is_none() && *number != WHOLE {
            continue; // dropped meanwhile
        }
        for role in roles.iter() {
            edges.push(Edge { output: output.cloned(), input, column: column.clone(), role });
        }
    }
}

/// Name of a live column, system columns included.
#[must_use]
pub fn column_name(relid: pg_sys::Oid, number: i16) -> Option<String> {
    column(relid, number).flatten()
}

/// Numbers of the live columns of a relation.
fn live_columns(relid: pg_sys::Oid) -> Vec<i16> {
    (1..=i16::MAX)
        .map_while(|n| column(relid, n).map(|name| (n, name)))
        .filter_map(|(n, name)| name.map(|_| n))
        .collect()
}

/// The name of a column, Some(None) where it was dropped, None where there is none of that number.
fn column(relid: pg_sys::Oid, number: i16) -> Option<Option<String>> {
    // SAFETY: SearchSysCache2 returns a pinned tuple or NULL; it is released before returning.
    unsafe {
        let tuple = pg_sys::SearchSysCache2(
            pg_sys::SysCacheIdentifier::ATTNUM as i32,
            pg_sys::Datum::from(relid),
            pg_sys::Datum::from(number),
        );
        if tuple.is_null() {
            return None;
        }
        let attribute = pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_attribute>();
        let name = if (*attribute).attisdropped { None } else { string((*attribute).attname.data.as_ptr()) };
        pg_sys::ReleaseSysCache(tuple);
        Some(name)
    }
}

/// Element `i` of a list of pointers, or null.
///
/// # Safety
/// `list` must be NIL or a valid List of pointers to T.
unsafe fn nth<T>(list: *const pg_sys::List, i: usize) -> *mut T {
    // SAFETY: bounds are checked against the list's own length.
    unsafe {
        if list.is_null() || i >= (*list).length as usize {
            return std::ptr::null_mut();
        }
        (*(*list).elements.add(i)).ptr_value.cast()
    }
}

/// All elements of a list of pointers.
///
/// # Safety
/// As [`nth`].
unsafe fn items<T>(list: *const pg_sys::List) -> Vec<*mut T> {
    // SAFETY: the caller vouches for the list.
    unsafe {
        let length = if list.is_null() { 0 } else { (*list).length as usize };
        (0..length).map(|i| nth(list, i)).filter(|p: &*mut T| !p.is_null()).collect()
    }
}

/// Tag of a node.
///
/// # Safety
/// `node` must be a valid node.
unsafe fn tag(node: *const pg_sys::Node) -> pg_sys::NodeTag {
    // SAFETY: every node begins with its tag.
    unsafe { (*node).type_ }
}

/// A C string of a tree, lossily as UTF-8.
///
/// # Safety
/// `s` must be null or NUL-terminated.
unsafe fn string(s: *const std::ffi::c_char) -> Option<String> {
    if s.is_null() {
        return None;
    }
    // SAFETY: not null; the caller vouches for the terminator.
    Some(unsafe { CStr::from_ptr(s) }.to_string_lossy().into_owned())
}
