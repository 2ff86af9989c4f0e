//! Query trees that the catalogs keep: views, materialized views and generated columns.
use super::expression::Scope;
use super::levels::Walker;
use super::{Edge, Wanted, column_name, edges_of, items, nth};
use crate::core::lineage::Role;
use crate::core::lineage::resolve::Output;
use crate::pg::spi;
use pgrx::memcxt::PgMemoryContexts;
use pgrx::pg_sys;
use std::collections::HashMap;
use std::ffi::CString;

/// A generated column and the columns of the same row that it is computed from.
pub struct Generated {
    /// Its number.
    pub number: i16,
    /// Its name.
    pub name: String,
    /// What it reads.
    pub inputs: Vec<(i16, Role)>,
}

/// Edges into each of these views and materialized views from what they name directly: views are not expanded.
#[must_use]
pub fn view_edges(views: &[pg_sys::Oid]) -> Vec<(pg_sys::Oid, Vec<Edge>)> {
    edges(views, false)
}

/// The same, where what is only counted is no value that flows.
#[must_use]
pub fn value_edges(views: &[pg_sys::Oid]) -> Vec<(pg_sys::Oid, Vec<Edge>)> {
    edges(views, true)
}

fn edges(views: &[pg_sys::Oid], follows_values: bool) -> Vec<(pg_sys::Oid, Vec<Edge>)> {
    let trees = spi::select(
        "SELECT ev_class, ev_action::text FROM pg_catalog.pg_rewrite
          WHERE ev_class OPERATOR(pg_catalog.=) ANY ($1) AND ev_type OPERATOR(pg_catalog.=) '1' AND is_instead",
        &[views.to_vec().into()],
        |r| (r.must::<pg_sys::Oid>(1), r.must::<String>(2)),
    );
    trees
        .into_iter()
        .map(|(view, tree)| (view, in_scratch(|| one_view(view, &tree, follows_values))))
        .collect()
}

fn one_view(view: pg_sys::Oid, tree: &str, follows_values: bool) -> Vec<Edge> {
    let Ok(tree) = CString::new(tree) else { return Vec::new() };
    let mut walker = Walker::default();
    walker.follows_values = follows_values;
    // SAFETY: the text is a node tree that this server wrote: a list with one Query, the view's.
    let columns = unsafe {
        let query: *mut pg_sys::Query = nth(pg_sys::stringToNode(tree.as_ptr()).cast(), 0);
        if query.is_null() {
            return Vec::new();
        }
        walker.visit(query, None);
        // Columns of a view may have been renamed since; their numbers are those of the target list.
        items::<pg_sys::TargetEntry>((*query).targetList)
            .into_iter()
            .filter(|e| !(**e).resjunk)
            .filter_map(|e| Some(((*e).resno, column_name(view, (*e).resno)?)))
            .collect()
    };
    edges_of(&walker.steps, &Wanted { level: 0, columns })
}

/// The generated columns of a relation.
#[must_use]
pub fn generated_columns(relation: pg_sys::Oid) -> Vec<Generated> {
    let stored = spi::select(
        "SELECT a.attnum, a.attname::text, d.adbin::text
           FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_attrdef d
             ON d.adrelid OPERATOR(pg_catalog.=) a.attrelid AND d.adnum OPERATOR(pg_catalog.=) a.attnum
          WHERE a.attrelid OPERATOR(pg_catalog.=) $1 AND a.attgenerated OPERATOR(pg_catalog.<>) '' AND NOT a.attisdropped
          ORDER BY a.attnum",
        &[relation.into()],
        |r| (r.must::<i16>(1), r.must::<String>(2), r.must::<String>(3)),
    );
    stored
        .into_iter()
        .map(|(number, name, tree)| Generated {
            number,
            name,
            inputs: in_scratch(|| row_inputs(relation, &tree)),
        })
        .collect()
}

/// The columns that an expression stored with a relation reads.
fn row_inputs(relation: pg_sys::Oid, tree: &str) -> Vec<(i16, Role)> {
    let Ok(tree) = CString::new(tree) else { return Vec::new() };
    let mut walker = Walker::default();
    let at = Output(0, 1);
    let scope = Scope { query: std::ptr::null_mut(), relation, level: 0, parent: None };
    // SAFETY: the text is an expression tree that this server wrote, whose Vars are columns of the relation.
    unsafe { walker.trace(pg_sys::stringToNode(tree.as_ptr()).cast(), Role::Identity, at, &scope) };
    let origins = walker.steps.origins(at, &mut HashMap::new());
    origins.into_iter().flat_map(|((_, number), roles)| roles.iter().map(move |r| (number, r))).collect()
}

/// Columns of a constraint.
#[must_use]
pub fn constraint_columns(constraint: pg_sys::Oid) -> Vec<i16> {
    if constraint == pg_sys::InvalidOid {
        return Vec::new();
    }
    spi::select_one(
        "SELECT conkey FROM pg_catalog.pg_constraint WHERE oid OPERATOR(pg_catalog.=) $1",
        &[constraint.into()],
        |r| r.get::<Vec<i16>>(1),
    )
    .flatten()
    .unwrap_or_default()
}

/// Runs `f` in a memory context that is given back afterwards: the trees of thousands of views need not fit at once.
fn in_scratch<R>(f: impl FnOnce() -> R) -> R {
    let mut context = PgMemoryContexts::new("data_governance lineage");
    // SAFETY: `f` returns owned Rust values, which do not live in the context.
    unsafe { context.switch_to(|_| f()) }
}
