//! Where a tag holds beyond the column that bears it: in the whole inheritance tree, below a view, in the generated
//! columns and materialized views that are computed from it. What a plain view shows needs no tag: it is read through.
use crate::core::lineage::Role;
use crate::pg::lineage::{Edge, stored};
use crate::pg::{catalog, spi};
use pgrx::pg_sys;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Tags by column, each with its path behind it.
pub type Columns = BTreeMap<String, BTreeSet<String>>;
/// Tags by relation and column.
pub type Tags = HashMap<pg_sys::Oid, Columns>;

/// The relation with all its ancestors and everything below any of them.
#[must_use]
pub fn tree_of(relid: pg_sys::Oid) -> Vec<pg_sys::Oid> {
    spi::select_latest(
        "WITH RECURSIVE tree(relid) AS (
             SELECT $1::oid
             UNION
             SELECT CASE WHEN i.inhrelid = t.relid THEN i.inhparent ELSE i.inhrelid END
               FROM tree t JOIN pg_inherits i ON t.relid IN (i.inhrelid, i.inhparent))
         SELECT relid FROM tree",
        &[relid.into()],
        |r| r.must(1),
    )
}

/// Spreads tags to wherever they hold.
pub fn spread(tags: &mut Tags) {
    if tags.is_empty() {
        return;
    }
    below_views(tags);
    over_trees(tags);
    into_generated_columns(tags);
    into_materialized_views(tags);
}

/// The relations whose columns bear what is tagged in a view.
#[must_use]
pub fn reached_through(view: pg_sys::Oid, columns: Columns) -> Vec<pg_sys::Oid> {
    let mut tags = Tags::from([(view, columns)]);
    below_views(&mut tags);
    tags.into_keys().filter(|relid| *relid != view).collect()
}

fn add(tags: &mut Tags, relid: pg_sys::Oid, column: &str, more: &BTreeSet<String>) -> bool {
    let known = tags.entry(relid).or_default().entry(column.to_string()).or_default();
    let before = known.len();
    known.extend(more.iter().cloned());
    known.len() > before
}

/// After rewriting nothing of a view is left in a query: its tags are those of the columns it shows.
fn below_views(tags: &mut Tags) {
    let mut views: Vec<pg_sys::Oid> = kinds(tags, b'v');
    while !views.is_empty() {
        let mut next = HashSet::new();
        for (view, edges) in stored::view_edges(&views) {
            for (column, borne) in tags.remove(&view).unwrap_or_default() {
                for edge in edges.iter().filter(|e| e.output.as_deref() == Some(&column)) {
                    // The catalogs are the server's: nothing of theirs is governed.
                    if !edge.role.is_direct() || edge.input.to_u32() < pg_sys::FirstNormalObjectId {
                        continue;
                    }
                    let borne = after(edge.role, &borne);
                    each_input(edge, |input| {
                        add(tags, edge.input, input, &borne);
                    });
                    if catalog::relation_kind(edge.input) == Some(b'v') {
                        next.insert(edge.input);
                    }
                }
            }
        }
        views = next.into_iter().collect();
    }
}

/// The input columns of an edge: all of them where the relation is used as a whole.
fn each_input(edge: &Edge, mut take: impl FnMut(&str)) {
    match &edge.column {
        Some(column) => take(column),
        None => {
            let last = catalog::last_column_number(edge.input).unwrap_or(0);
            (1..=last).filter_map(|n| catalog::column_name(edge.input, n)).for_each(|c| take(&c));
        }
    }
}

fn kinds(tags: &Tags, kind: u8) -> Vec<pg_sys::Oid> {
    tags.keys().copied().filter(|r| catalog::relation_kind(*r) == Some(kind)).collect()
}

fn over_trees(tags: &mut Tags) {
    let in_trees: Vec<pg_sys::Oid> = spi::select_latest(
        "SELECT DISTINCT r FROM unnest($1::oid[]) r JOIN pg_inherits i ON r IN (i.inhrelid, i.inhparent)",
        &[tags.keys().copied().collect::<Vec<_>>().into()],
        |r| r.must(1),
    );
    for relid in in_trees {
        let columns = tags[&relid].clone();
        for member in tree_of(relid).into_iter().filter(|m| *m != relid) {
            for (column, borne) in &columns {
                add(tags, member, column, borne);
            }
        }
    }
}

fn into_generated_columns(tags: &mut Tags) {
    let with_generated: Vec<pg_sys::Oid> = spi::select_latest(
        "SELECT DISTINCT attrelid FROM pg_attribute
          WHERE attrelid = ANY ($1) AND attgenerated <> '' AND NOT attisdropped",
        &[tags.keys().copied().collect::<Vec<_>>().into()],
        |r| r.must(1),
    );
    for relid in with_generated {
        for generated in stored::generated_columns(relid) {
            for (input, role) in generated.inputs.iter().filter(|(_, role)| role.is_direct()) {
                let Some(input) = catalog::column_name(relid, *input) else { continue };
                if let Some(borne) = tags.get(&relid).and_then(|c| c.get(&input)).cloned() {
                    add(tags, relid, &generated.name, &after(*role, &borne));
                }
            }
        }
    }
}

/// Materialized views hold copies. Views between them and the tagged tables are looked through.
fn into_materialized_views(tags: &mut Tags) {
    let sources: Vec<pg_sys::Oid> = tags.keys().copied().collect();
    let below: Vec<(pg_sys::Oid, bool)> = spi::select_latest(
        "WITH RECURSIVE below(relid, kind) AS (
             SELECT r, 'r'::\"char\" FROM unnest($1::oid[]) r
             UNION
             SELECT c.oid, c.relkind
               FROM below b
               JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = b.relid
                               AND d.classid = 'pg_rewrite'::regclass
               JOIN pg_rewrite w ON w.oid = d.objid
               JOIN pg_class c ON c.oid = w.ev_class AND c.relkind IN ('v', 'm'))
         SELECT relid, kind = 'm' FROM below WHERE kind <> 'r'",
        &[sources.into()],
        |r| (r.must(1), r.must(2)),
    );
    if !below.iter().any(|b| b.1) {
        return;
    }
    let edges = stored::value_edges(&below.iter().map(|b| b.0).collect::<Vec<_>>());
    // Each pass carries the tags one view further; there are no cycles.
    loop {
        let mut grew = false;
        for (view, edges) in &edges {
            for edge in edges.iter().filter(|e| e.role.is_direct()) {
                let Some(output) = &edge.output else { continue };
                let mut borne = BTreeSet::new();
                each_input(edge, |input| {
                    if let Some(known) = tags.get(&edge.input).and_then(|c| c.get(input)) {
                        borne.extend(after(edge.role, known));
                    }
                });
                if !borne.is_empty() {
                    grew |= add(tags, *view, output, &borne);
                }
            }
        }
        if !grew {
            break;
        }
    }
    for (view, is_materialized) in below {
        if !is_materialized {
            tags.remove(&view);
        }
    }
}

/// What tags become of: a path leads nowhere in what is made of a document.
fn after(role: Role, tags: &BTreeSet<String>) -> BTreeSet<String> {
    match role {
        Role::Identity => tags.clone(),
        _ => tags.iter().map(|t| t[..t.find('$').unwrap_or(t.len())].to_string()).collect(),
    }
}
