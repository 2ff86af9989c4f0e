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
use crate::pg::catalog::{self, column_name, text as string};
use crate::pg::list::{items, nth};
use pgrx::pg_sys;
use std::collections::{HashMap, HashSet};

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

/// Numbers of the live columns of a relation.
fn live_columns(relid: pg_sys::Oid) -> Vec<i16> {
    (1..=i16::MAX)
        .map_while(|n| catalog::column(relid, n).map(|name| (n, name)))
        .filter_map(|(n, name)| name.map(|_| n))
        .collect()
}

/// Tag of a node.
///
/// # Safety
/// `node` must be a valid node.
unsafe fn tag(node: *const pg_sys::Node) -> pg_sys::NodeTag {
    // SAFETY: every node begins with its tag.
    unsafe { (*node).type_ }
}
