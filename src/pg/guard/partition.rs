//! Partitions and children: attached, detached, made.
use super::table::Target;
use super::{On, Sight, facts, names, proof};
use crate::pg::{catalog, relation};
use pgrx::pg_sys;

/// ATTACH PARTITION: the rows of the new partition are checked against its bounds, those of the default partition against
/// the new ones, unless constraints prove both.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn attach(t: &Target, c: &pg_sys::PartitionCmd, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree.
    unsafe {
        let Some(child) = names::relation(c.name) else { return };
        sight.lock(child, pg_sys::AccessExclusiveLock);
        if !facts::has_rows(child) && default_partition_with_rows(t.relid).is_none() {
            return;
        }
        if c.bound.is_null() || t.kind != b'p' {
            return; // an index
        }
        // A default partition is checked by what all others take, which constraints hardly ever say.
        let condition = if (*c.bound).is_default {
            std::ptr::null_mut()
        } else {
            proof::partition_condition(t.relid, child, c.bound)
        };
        let mut scanned = Vec::new();
        for member in names::tree(child) {
            if facts::has_rows(member) && (condition.is_null() || !proof::is_proven(member, condition)) {
                scanned.push(member);
            }
        }
        if !(*c.bound).is_default {
            scanned.extend(default_partition_with_rows(t.relid));
        }
        for member in scanned {
            sight.scan(member);
            sight.lock(member, pg_sys::AccessExclusiveLock);
            let what = format!(
                "attaching {} to {}, which reads every row of {}",
                names::of(child),
                t.name,
                names::of(member)
            );
            sight.hit("attaching-partition", what, On::Relation(t.relid));
        }
    }
}

/// The default partition of a table, where it holds rows that a new partition's bounds must be held against.
fn default_partition_with_rows(relid: pg_sys::Oid) -> Option<pg_sys::Oid> {
    let default = crate::pg::spi::select_one(
        "SELECT partdefid FROM pg_catalog.pg_partitioned_table
          WHERE partrelid OPERATOR(pg_catalog.=) $1 AND partdefid OPERATOR(pg_catalog.<>) 0::pg_catalog.oid",
        &[relid.into()],
        |r| r.must(1),
    )?;
    facts::has_rows(default).then_some(default)
}

/// DETACH PARTITION.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn detach(t: &Target, c: &pg_sys::PartitionCmd, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree.
    let Some(child) = (unsafe { names::relation(c.name) }) else { return };
    if catalog::relation_kind(child).is_none_or(|k| matches!(k, b'i' | b'I'))
        || !relation::is_child(child, t.relid)
    {
        return;
    }
    sight.lock(child, pg_sys::AccessExclusiveLock);
    leave(child, &t.name, sight);
    if !c.concurrent && t.is_full {
        let what = format!("detaching {} while {} is locked", names::of(child), t.name);
        sight.hit("require-concurrent-partition-detach", what, On::Relation(t.relid));
    }
}

/// NO INHERIT.
///
/// # Safety
/// `parent` must be null or a valid RangeVar.
pub unsafe fn no_inherit(t: &Target, parent: *const pg_sys::RangeVar, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree.
    if let Some(parent) = unsafe { names::relation(parent) }
        && relation::is_child(t.relid, parent)
    {
        leave(t.relid, &names::of(parent), sight);
    }
}

fn leave(child: pg_sys::Oid, parent: &str, sight: &mut Sight) {
    if facts::has_rows(child) {
        let what = format!("taking the rows of {} out of {parent}", names::of(child));
        sight.hit("ban-detach-inheritance", what, On::Relation(child));
    }
}

/// CREATE TABLE … PARTITION OF: locks the parent, and reads a default partition that holds rows.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn create_table(s: &pg_sys::CreateStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree; the parent of a partition is the only one.
    unsafe {
        if s.partbound.is_null() {
            return;
        }
        let parent = names::relation(crate::pg::list::nth(s.inhRelations, 0));
        let Some(parent) = parent.filter(|p| names::may_alter(*p)) else { return };
        sight.lock(parent, pg_sys::AccessExclusiveLock);
        if !(*s.partbound).is_default
            && let Some(default) = default_partition_with_rows(parent)
        {
            sight.scan(default);
            let what = format!(
                "making a partition of {}, which reads every row of {}",
                names::of(parent),
                names::of(default)
            );
            sight.hit("attaching-partition", what, On::Relation(parent));
        }
    }
}
