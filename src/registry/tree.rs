//! Trees of partitions and children: a member is governed by what is stated about it and about everything above it, and
//! takes that along when it leaves.
use super::strictness::{self, Strictness};
use super::{bare, carry, carry_deprecation, dataset, doubt, identity, ladder, stated};
use crate::core::registry::level::Resolved;
use crate::pg::catalog::{self, Name};
use crate::pg::ddl::Leave;
use crate::pg::{cache, owner, relation, spi};
use crate::{audit, boundary};
use pgrx::pg_sys;
use std::cell::RefCell;

/// Declared datasets among a relation and all it is a partition or child of, nearest first.
#[must_use]
pub fn governors(relid: pg_sys::Oid) -> Vec<Name> {
    if bare::has_no_datasets() {
        return Vec::new();
    }
    if !relation::has_parents(relid) {
        let name = catalog::relation_name(relid);
        return name.into_iter().filter(dataset::is_declared).collect();
    }
    upwards(relid, "JOIN governance._dataset d ON d.schema_name = n.nspname AND d.relation_name = c.relname")
}

/// Declared datasets below a relation: partitions and children. A statement on what is above them reaches their rows.
#[must_use]
pub fn governed_below(relid: pg_sys::Oid) -> Vec<(pg_sys::Oid, Name)> {
    if bare::has_no_datasets() || !relation::has_children(relid) {
        return Vec::new();
    }
    owner::run(|| {
        spi::select(
            "WITH RECURSIVE down AS (
                SELECT i.inhrelid AS relid FROM pg_inherits i WHERE i.inhparent = $1
                UNION SELECT i.inhrelid FROM pg_inherits i JOIN down ON down.relid = i.inhparent)
             SELECT c.oid, n.nspname::text, c.relname::text
               FROM down JOIN pg_class c ON c.oid = down.relid JOIN pg_namespace n ON n.oid = c.relnamespace
               JOIN governance._dataset d ON d.schema_name = n.nspname AND d.relation_name = c.relname
              ORDER BY 2, 3",
            &[relid.into()],
            |r| (r.must(1), Name { schema: r.must(2), relation: r.must(3) }),
        )
    })
}

/// A relation and all it is a partition or child of, nearest first, where they are what a join says.
fn upwards(relid: pg_sys::Oid, join: &str) -> Vec<Name> {
    owner::run(|| {
        spi::select(
            &format!(
                "WITH RECURSIVE up AS (
                    SELECT $1::oid AS relid, 0 AS distance
                    UNION ALL SELECT i.inhparent, up.distance + 1 FROM pg_inherits i JOIN up ON up.relid = i.inhrelid)
                 SELECT n.nspname::text, c.relname::text
                   FROM up JOIN pg_class c ON c.oid = up.relid JOIN pg_namespace n ON n.oid = c.relnamespace {join}
                  GROUP BY 1, 2 ORDER BY min(up.distance), 1, 2"
            ),
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
    let levels: Vec<_> = of.iter().map(|name| ladder::resolve(feature, name).level).collect();
    let highest = *levels.iter().max()?;
    let at = levels.iter().position(|l| *l == highest)?;
    Some(of.swap_remove(at))
}

/// The level of every feature for a relation and where it comes from; the guard's are the strictest of those of the tree
/// above it.
#[must_use]
pub fn effective_levels(relid: pg_sys::Oid, name: &Name) -> Vec<(String, Resolved)> {
    let mut levels = strictness::effective(name);
    for above in governors(relid).iter().filter(|a| *a != name) {
        for ((feature, own), (_, theirs)) in levels.iter_mut().zip(strictness::effective(above)) {
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

/// Tags that any of these relations bears.
fn tags_of(members: &[pg_sys::Oid]) -> Vec<(String, String)> {
    owner::run(|| {
        spi::select(
            "SELECT DISTINCT t.column_name, t.tag || t.path
               FROM governance._column_tag t
               JOIN pg_namespace n ON n.nspname = t.schema_name
               JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.relation_name
              WHERE c.oid = ANY ($1) ORDER BY 1, 2",
            &[members.to_vec().into()],
            |r| (r.must(1), r.must(2)),
        )
    })
}

/// These relations first, then the others in the order of their names.
fn ordered(first: &[pg_sys::Oid], members: &[pg_sys::Oid]) -> Vec<pg_sys::Oid> {
    let mut others: Vec<(Name, pg_sys::Oid)> = members
        .iter()
        .filter(|m| !first.contains(m))
        .filter_map(|m| catalog::relation_name(*m).map(|name| (name, *m)))
        .collect();
    others.sort_by(|a, b| a.0.cmp(&b.0));
    first.iter().copied().chain(others.into_iter().map(|(_, relid)| relid)).collect()
}

/// Tags that held for a tree and that no member of it bears, each for the first member that has the column.
fn missing(tree: &[pg_sys::Oid], tags: &[(String, String)]) -> Vec<(pg_sys::Oid, Vec<(String, String)>)> {
    let known = tags_of(tree);
    let mut by_member: Vec<(pg_sys::Oid, Vec<(String, String)>)> = Vec::new();
    for tag in tags.iter().filter(|t| !known.contains(t)) {
        let Some(member) = tree.iter().find(|m| catalog::column_number(**m, &tag.0).is_some()) else {
            continue;
        };
        match by_member.iter_mut().find(|(m, _)| m == member) {
            Some((_, tags)) => tags.push(tag.clone()),
            None => by_member.push((*member, vec![tag.clone()])),
        }
    }
    by_member
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
    let of_child = ordered(&[child], &members(child));
    let of_parent = ordered(&[parent], &members(parent));
    // Tags of any member mask the whole tree: each part keeps them.
    let mut tags = Vec::new();
    if !of_child.contains(&parent) {
        let (theirs, ours) = (tags_of(&of_parent), tags_of(&of_child));
        tags = missing(&of_child, &theirs);
        leave_behind(missing(&of_parent, &ours), &name);
    }
    let own = tags.iter().position(|(m, _)| *m == child).map(|at| tags.remove(at).1).unwrap_or_default();
    leave_behind(tags, &from);
    take_along(child, &name, parent, &from, &own);
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

fn take_along(child: pg_sys::Oid, name: &Name, parent: pg_sys::Oid, from: &Name, tags: &[(String, String)]) {
    let was = stated::of(name);
    let above = governors(parent);
    let mut at_least: Vec<Strictness> = above.iter().map(strictness::of).collect();
    at_least.push(strictness::of(name));
    let all_above = upwards(parent, "");
    at_least.extend(all_above.iter().filter_map(carry_deprecation::strictness_of));
    let why = format!("it was a part of {from}");
    let mut carried = match above.first() {
        Some(nearest) if !dataset::is_declared(name) => carry::copy_declaration(nearest, name),
        _ => carry::Carried::default(),
    };
    carried.tags = carry::copy_tags(name, tags);
    // Of a tree the nearest boundary counts.
    if boundary::boundaries(child).is_empty()
        && let Some((bounded, _)) = boundary::boundaries(parent).first()
    {
        carried.writers = carry::copy_writers(bounded, name);
    }
    for above in &all_above {
        carried.consumers.extend(carry::copy_consumers(above, name));
        carried.deprecations.extend(carry_deprecation::copy(above, name));
    }
    carried.deprecations.sort();
    carried.deprecations.dedup();
    carried.add_levels(strictness::keep(name, &at_least, &why));
    let is_audited = audit::leave_tree(child, parent);
    if carried.is_empty() && !is_audited {
        return;
    }
    identity::bind(child, name);
    cache::touch();
    boundary::follow(child);
    doubt::ask(name, &why, &carried);
    stated::record("follow_detach", child, name, was, ("from", &from.to_string()));
}

/// What is left of a tree keeps tags that only a part of it bore that is gone.
fn leave_behind(tags: Vec<(pg_sys::Oid, Vec<(String, String)>)>, gone: &Name) {
    for (relid, tags) in tags {
        let Some(name) = catalog::relation_name(relid) else { continue };
        let was = stated::of(&name);
        let carried = carry::Carried { tags: carry::copy_tags(&name, &tags), ..Default::default() };
        identity::bind(relid, &name);
        cache::touch();
        doubt::ask(&name, &format!("{gone} was a part of it"), &carried);
        stated::record("follow_detach", relid, &name, was, ("from", &gone.to_string()));
    }
}

/// A tagged member of a tree, as it was before a statement that may drop it.
struct Part {
    relid: pg_sys::Oid,
    name: Name,
    /// The tree: what it is a part of first, nearest first.
    tree: Vec<pg_sys::Oid>,
    tags: Vec<(String, String)>,
}

thread_local! {
    static PARTS: RefCell<Vec<Part>> = const { RefCell::new(Vec::new()) };
}

/// Called before a statement that may drop relations: afterwards nothing says any more what they were a part of.
pub fn note_parts() {
    if bare::has_no_tags() {
        return;
    }
    let parts = owner::run(|| {
        spi::select(
            "WITH RECURSIVE tagged AS (
                SELECT DISTINCT c.oid AS relid, t.schema_name, t.relation_name
                  FROM governance._column_tag t
                  JOIN pg_namespace n ON n.nspname = t.schema_name
                  JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.relation_name
                  JOIN pg_inherits i ON c.oid IN (i.inhrelid, i.inhparent)),
             up AS (
                SELECT relid, relid AS above, 0 AS distance FROM tagged
                UNION ALL
                SELECT up.relid, i.inhparent, up.distance + 1 FROM up JOIN pg_inherits i ON i.inhrelid = up.above)
             SELECT relid, schema_name, relation_name,
                    ARRAY(SELECT up.above FROM up JOIN pg_class c ON c.oid = up.above
                            JOIN pg_namespace n ON n.oid = c.relnamespace
                           WHERE up.relid = tagged.relid AND distance > 0 ORDER BY distance, n.nspname, c.relname)
               FROM tagged ORDER BY schema_name COLLATE \"C\", relation_name COLLATE \"C\"",
            &[],
            |r| {
                let name = Name { schema: r.must(2), relation: r.must(3) };
                Part { relid: r.must(1), name, tree: r.must(4), tags: Vec::new() }
            },
        )
    });
    let mut trees: Vec<Vec<pg_sys::Oid>> = Vec::new();
    let mut noted = Vec::new();
    for part in parts {
        // One of a thousand partitions has the same tree as the others.
        if !trees.iter().any(|t| t.contains(&part.relid)) {
            trees.push(members(part.relid));
        }
        let tree = trees.iter().find(|t| t.contains(&part.relid)).map(|t| ordered(&part.tree, t));
        noted.push(Part { tree: tree.unwrap_or_default(), tags: carry::tags_of(&part.name), ..part });
    }
    PARTS.set(noted);
}

/// Called after a statement dropped relations: what is left of their trees stays masked.
pub fn dropped(gone: &[pg_sys::Oid]) {
    for part in PARTS.take().iter().filter(|part| gone.contains(&part.relid)) {
        let mut rest: Vec<pg_sys::Oid> =
            part.tree.iter().copied().filter(|m| catalog::relation_kind(*m).is_some()).collect();
        // It may have held together what is several trees now.
        while let Some(first) = rest.first() {
            let now = members(*first);
            let (tree, others) = rest.into_iter().partition(|m| now.contains(m));
            rest = others;
            leave_behind(missing(&tree, &part.tags), &part.name);
        }
    }
}
