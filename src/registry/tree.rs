//! Trees of partitions and children: a member is governed by what is stated about it and about everything above it, and
//! takes that along when it leaves.
use super::strictness::{self, Strictness};
use super::{carry, dataset, identity, level};
use crate::core::registry::level::Resolved;
use crate::pg::catalog::{self, Name};
use crate::pg::ddl::Leave;
use crate::pg::{cache, owner, spi};
use crate::{audit, boundary};
use pgrx::pg_sys;
use std::cell::RefCell;

/// Declared datasets among a relation and all it is a partition or child of, nearest first.
#[must_use]
pub fn governors(relid: pg_sys::Oid) -> Vec<Name> {
    owner::run(|| {
        spi::select(
            "WITH RECURSIVE up AS (
                SELECT $1::oid AS relid, 0 AS distance
                UNION ALL SELECT i.inhparent, up.distance + 1 FROM pg_inherits i JOIN up ON up.relid = i.inhrelid)
             SELECT n.nspname::text, c.relname::text
               FROM up JOIN pg_class c ON c.oid = up.relid JOIN pg_namespace n ON n.oid = c.relnamespace
               JOIN governance._dataset d ON d.schema_name = n.nspname AND d.relation_name = c.relname
              GROUP BY 1, 2 ORDER BY min(up.distance), 1, 2",
            &[relid.into()],
            |r| Name { schema: r.must(1), relation: r.must(2) },
        )
    })
}

/// The dataset whose level of a feature is the strictest; the first of equals.
#[must_use]
pub fn strictest(feature: &str, mut of: Vec<Name>) -> Option<Name> {
    if of.len() < 2 {
        return of.pop();
    }
    let levels: Vec<_> = of.iter().map(|name| level::resolve(feature, name).level).collect();
    let highest = *levels.iter().max()?;
    let at = levels.iter().position(|l| *l == highest)?;
    Some(of.swap_remove(at))
}

/// The level of every feature for a relation and where it comes from; the guard's are the strictest of those of the tree
/// above it.
#[must_use]
pub fn effective_levels(relid: pg_sys::Oid, name: &Name) -> Vec<(String, Resolved)> {
    let mut levels = strictness::effective(name, false);
    for above in governors(relid).iter().filter(|a| *a != name) {
        for ((feature, own), (_, theirs)) in levels.iter_mut().zip(strictness::effective(above, false)) {
            if feature.starts_with("guard") && theirs.level > own.level {
                *own = Resolved { level: theirs.level, source: format!("{} of {above}", theirs.source) };
            }
        }
    }
    levels
}

/// A relation with all its ancestors and everything below any of them: masks hold for all by the tags of any.
fn members(relid: pg_sys::Oid) -> Vec<pg_sys::Oid> {
    owner::run(|| {
        spi::select(
            "WITH RECURSIVE tree(relid) AS (
                SELECT $1::oid
                UNION
                SELECT CASE WHEN i.inhrelid = t.relid THEN i.inhparent ELSE i.inhrelid END
                  FROM tree t JOIN pg_inherits i ON t.relid IN (i.inhrelid, i.inhparent))
             SELECT relid FROM tree",
            &[relid.into()],
            |r| r.must(1),
        )
    })
}

/// Tags that the members of a tree bear on columns that a relation has too.
fn tags_for(relid: pg_sys::Oid, members: &[pg_sys::Oid]) -> Vec<(String, String)> {
    let mut tags: Vec<(String, String)> = members
        .iter()
        .filter_map(|m| catalog::relation_name(*m))
        .flat_map(|name| carry::tags_of(&name))
        .filter(|(column, _)| catalog::column_number(relid, column).is_some())
        .collect();
    tags.sort();
    tags.dedup();
    tags
}

/// Called after DDL that may have taken a partition or child from its parent: it keeps what governed it there.
pub fn left(leave: &Leave) {
    let (Some(child), Some(parent)) = (leave.child.relid, leave.parent.relid) else { return };
    if catalog::is_temporary(child) || is_child(child, parent) {
        return; // a step of DETACH CONCURRENTLY, or not that parent
    }
    let (Some(name), Some(from)) = (catalog::relation_name(child), catalog::relation_name(parent)) else {
        return;
    };
    let of_child = members(child);
    let of_parent = members(parent);
    let is_apart = !of_child.contains(&parent);
    take_along(child, &name, parent, &from, is_apart.then_some(&of_parent));
    // Tags of a partition mask the whole tree, so they stay behind as well.
    if is_apart {
        leave_behind(parent, &from, &name, &tags_for(parent, &of_child));
    }
}

fn is_child(child: pg_sys::Oid, parent: pg_sys::Oid) -> bool {
    owner::run(|| {
        spi::select_one(
            "SELECT EXISTS (SELECT FROM pg_inherits WHERE (inhrelid, inhparent) = ($1, $2))",
            &[child.into(), parent.into()],
            |r| r.must(1),
        )
    })
    .unwrap_or(false)
}

fn take_along(
    child: pg_sys::Oid,
    name: &Name,
    parent: pg_sys::Oid,
    from: &Name,
    of_parent: Option<&Vec<pg_sys::Oid>>,
) {
    let above = governors(parent);
    let mut at_least: Vec<Strictness> = above.iter().map(strictness::of).collect();
    at_least.push(strictness::of(name));
    let why = format!("it was a part of {from}");
    let mut carried = match above.first() {
        Some(nearest) if !dataset::is_declared(name) => carry::copy_declaration(nearest, name),
        _ => carry::Carried::default(),
    };
    if let Some(members) = of_parent {
        carried.tags = carry::copy_tags(name, &tags_for(child, members));
    }
    // Of a tree the nearest boundary counts.
    if boundary::boundaries(child).is_empty()
        && let Some((bounded, _)) = boundary::boundaries(parent).first()
    {
        carried.writers = carry::copy_writers(bounded, name);
    }
    carried.add_levels(strictness::keep(name, &at_least, &why));
    let is_audited = audit::leave_tree(child, parent);
    if carried.is_empty() && !is_audited {
        return;
    }
    identity::bind(child, name);
    cache::touch();
    boundary::follow(child);
    carry::doubt(name, &why, &carried);
    carry::record("follow_detach", child, name, &from.to_string());
}

/// What is left of a tree keeps tags that only a part of it bore that is gone.
fn leave_behind(relid: pg_sys::Oid, name: &Name, gone: &Name, tags: &[(String, String)]) {
    let known = tags_for(relid, &members(relid));
    let missing: Vec<_> = tags.iter().filter(|t| !known.contains(t)).cloned().collect();
    let tags = carry::copy_tags(name, &missing);
    if tags.is_empty() {
        return;
    }
    identity::bind(relid, name);
    cache::touch();
    let carried = carry::Carried { tags, ..Default::default() };
    carry::doubt(name, &format!("{gone} was a part of it"), &carried);
    carry::record("follow_detach", relid, name, &gone.to_string());
}

/// A tagged partition or child, as it was before a statement that may drop it.
struct Part {
    relid: pg_sys::Oid,
    name: Name,
    /// What it is a part of, nearest first.
    above: Vec<pg_sys::Oid>,
    tags: Vec<(String, String)>,
}

thread_local! {
    static PARTS: RefCell<Vec<Part>> = const { RefCell::new(Vec::new()) };
}

/// Called before a statement that may drop relations: afterwards nothing says any more what they were a part of.
pub fn note_parts() {
    let parts = owner::run(|| {
        spi::select(
            "WITH RECURSIVE up AS (
                SELECT c.oid AS relid, i.inhparent AS above, 1 AS distance, t.schema_name, t.relation_name
                  FROM (SELECT DISTINCT schema_name, relation_name FROM governance._column_tag) t
                  JOIN pg_namespace n ON n.nspname = t.schema_name
                  JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.relation_name
                  JOIN pg_inherits i ON i.inhrelid = c.oid
                UNION ALL
                SELECT up.relid, i.inhparent, up.distance + 1, up.schema_name, up.relation_name
                  FROM up JOIN pg_inherits i ON i.inhrelid = up.above)
             SELECT up.relid, schema_name, relation_name, array_agg(up.above ORDER BY distance, n.nspname, c.relname)
               FROM up JOIN pg_class c ON c.oid = up.above JOIN pg_namespace n ON n.oid = c.relnamespace
              GROUP BY 1, 2, 3 ORDER BY 2, 3",
            &[],
            |r| {
                let name = Name { schema: r.must(2), relation: r.must(3) };
                Part { relid: r.must(1), name, above: r.must(4), tags: Vec::new() }
            },
        )
    });
    let tagged = parts.into_iter().map(|part| Part { tags: carry::tags_of(&part.name), ..part });
    PARTS.set(tagged.collect());
}

/// Called after a statement dropped relations: what is left of their trees stays masked.
pub fn dropped(gone: &[pg_sys::Oid]) {
    for part in PARTS.take().iter().filter(|part| gone.contains(&part.relid)) {
        for above in &part.above {
            if let Some(name) = catalog::relation_name(*above) {
                let tags = part.tags.iter().filter(|(c, _)| catalog::column_number(*above, c).is_some());
                leave_behind(*above, &name, &part.name, &tags.cloned().collect::<Vec<_>>());
            }
        }
    }
}
