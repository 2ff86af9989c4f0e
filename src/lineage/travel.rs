//! `upstream()` and `downstream()`: the graph of views, generated columns and flows, built once per call.
use super::flow::{self, Kept};
use crate::core::lineage::graph::{self, Edge, Found, Node, Way};
use crate::error;
use crate::pg::catalog::{self, Name};
use crate::pg::lineage::stored;
use crate::pg::regclass::Relation;
use crate::pg::spi;
use crate::registry::{sight, tagging};
use pgrx::pg_sys;
use std::collections::{HashMap, HashSet};

/// Something that data flows through: a relation, or a name of something outside or gone.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Dataset {
    Relation(pg_sys::Oid),
    Named(String),
}

/// Numbers datasets as they come.
#[derive(Default)]
struct Datasets {
    numbers: HashMap<Dataset, usize>,
    list: Vec<Dataset>,
}

impl Datasets {
    fn number(&mut self, dataset: Dataset) -> usize {
        *self.numbers.entry(dataset.clone()).or_insert_with(|| {
            self.list.push(dataset);
            self.list.len() - 1
        })
    }

    fn name(&self, number: usize) -> String {
        match &self.list[number] {
            Dataset::Named(name) => name.clone(),
            Dataset::Relation(relid) => {
                catalog::relation_name(*relid).map_or_else(|| relid.to_u32().to_string(), |n| n.to_string())
            }
        }
    }

    fn relation(&self, number: usize) -> Option<Relation> {
        match &self.list[number] {
            Dataset::Relation(relid) => Some(Relation(*relid)),
            Dataset::Named(_) => None,
        }
    }
}

/// One row of the answer.
pub struct Step {
    relation: Option<Relation>,
    name: String,
    path: String,
    found: Found,
}

/// As the functions return it.
pub fn row(step: Step) -> (i32, Option<Relation>, Option<String>, String, String, String, String, String) {
    let Found { depth, node, role, via, .. } = step.found;
    (
        depth,
        step.relation,
        node.1,
        role.kind().to_string(),
        role.subtype().to_string(),
        via,
        step.path,
        step.name,
    )
}

/// Walks from a relation or a column.
#[must_use]
pub fn walk(relation: Relation, column: Option<&str>, max_depth: Option<i32>, way: Way) -> Vec<Step> {
    if let Some(depth) = max_depth.filter(|d| *d < 1) {
        error::lineage::depth_below_one(depth).raise();
    }
    let name = relation.name();
    if !sight::may_see(Some(relation.0)) {
        error::lineage::may_not_see(&name.to_string()).raise();
    }
    if let Some(column) = column {
        tagging::require_column(relation, &name, column);
    }
    let mut datasets = Datasets::default();
    let start: Node = (datasets.number(Dataset::Relation(relation.0)), column.map(String::from));
    let edges = edges(&mut datasets, start.0, way);
    let mut names: HashMap<usize, String> = HashMap::new();
    let mut name_of = |number: usize| names.entry(number).or_insert_with(|| datasets.name(number)).clone();
    graph::walk(&edges, &start, way, max_depth)
        .into_iter()
        .map(|found| {
            let hops: Vec<String> = found
                .path
                .iter()
                .map(|(number, column)| {
                    let column = column.as_ref().map(|c| format!(".{}", pgrx::spi::quote_identifier(c)));
                    format!("{}{}", name_of(*number), column.unwrap_or_default())
                })
                .collect();
            Step {
                relation: datasets.relation(found.node.0),
                name: name_of(found.node.0),
                path: hops.join(" → "),
                found,
            }
        })
        .collect()
}

/// All edges that can matter: first which datasets can be reached at all, then the trees of only those.
fn edges(datasets: &mut Datasets, start: usize, way: Way) -> Vec<Edge> {
    let views = views();
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    let mut kind: HashMap<usize, &'static str> = HashMap::new();
    for (view, materialized, input) in views {
        let pair = (datasets.number(Dataset::Relation(input)), datasets.number(Dataset::Relation(view)));
        kind.insert(pair.1, if materialized { "materialized view" } else { "view" });
        pairs.push(pair);
    }
    let mut edges = Vec::new();
    for kept in flow::all() {
        let (Some(source), Some(target)) = (end(datasets, &kept.source), end(datasets, &kept.target)) else {
            continue;
        };
        // The definition that holds now is read from the catalogs.
        if kept.evidence == "ddl" && kind.contains_key(&target.0) {
            continue;
        }
        pairs.push((source.0, target.0));
        let Kept { role, evidence, .. } = kept;
        edges.push(Edge { source, target, role, via: evidence });
    }
    let reached = reached(&pairs, start, way);
    let relations: Vec<pg_sys::Oid> =
        reached.iter().filter_map(|n| datasets.relation(*n)).map(|r| r.0).collect();
    for (view, inputs) in stored::view_edges(&relations) {
        let target = datasets.number(Dataset::Relation(view));
        for edge in inputs {
            edges.push(Edge {
                source: (datasets.number(Dataset::Relation(edge.input)), edge.column),
                target: (target, edge.output),
                role: edge.role,
                via: kind.get(&target).copied().unwrap_or("view").to_string(),
            });
        }
    }
    for relation in with_generated(&relations) {
        let number = datasets.number(Dataset::Relation(relation));
        for column in stored::generated_columns(relation) {
            for (input, role) in column.inputs {
                let Some(input) = catalog::column_name(relation, input) else { continue };
                edges.push(Edge {
                    source: (number, Some(input)),
                    target: (number, Some(column.name.clone())),
                    role,
                    via: "generated column".to_string(),
                });
            }
        }
    }
    edges
}

/// An end of a recorded flow; None where the caller may not see it.
fn end(datasets: &mut Datasets, [schema, relation, column]: &[String; 3]) -> Option<Node> {
    let column = (!column.is_empty()).then(|| column.clone());
    if schema.is_empty() {
        return Some((datasets.number(Dataset::Named(relation.clone())), column));
    }
    let name = Name { schema: schema.clone(), relation: relation.clone() };
    let relid = catalog::relation_oid(&name);
    if !sight::may_see(relid) {
        return None;
    }
    let dataset = relid.map_or_else(|| Dataset::Named(name.to_string()), Dataset::Relation);
    Some((datasets.number(dataset), column))
}

/// Datasets that can be reached from `start`, itself included.
fn reached(pairs: &[(usize, usize)], start: usize, way: Way) -> HashSet<usize> {
    let mut next: HashMap<usize, Vec<usize>> = HashMap::new();
    for (source, target) in pairs {
        match way {
            Way::Up => next.entry(*target).or_default().push(*source),
            Way::Down => next.entry(*source).or_default().push(*target),
        }
    }
    let mut reached = HashSet::from([start]);
    let mut stack = vec![start];
    while let Some(at) = stack.pop() {
        for far in next.get(&at).into_iter().flatten() {
            if reached.insert(*far) {
                stack.push(*far);
            }
        }
    }
    reached
}

/// Every view and materialized view with each relation it names.
fn views() -> Vec<(pg_sys::Oid, bool, pg_sys::Oid)> {
    spi::select(
        "SELECT DISTINCT r.ev_class, c.relkind = 'm', d.refobjid
           FROM pg_rewrite r
           JOIN pg_class c ON c.oid = r.ev_class AND c.relkind IN ('v', 'm')
           JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
                           AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.ev_class",
        &[],
        |r| (r.must(1), r.must(2), r.must(3)),
    )
}

/// Those that have generated columns.
fn with_generated(relations: &[pg_sys::Oid]) -> Vec<pg_sys::Oid> {
    spi::select(
        "SELECT DISTINCT attrelid FROM pg_attribute
          WHERE attrelid = ANY ($1) AND attnum > 0 AND attgenerated <> '' AND NOT attisdropped",
        &[relations.to_vec().into()],
        |r| r.must(1),
    )
}
