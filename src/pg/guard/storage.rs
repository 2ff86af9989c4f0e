//! What keeps readers and writers waiting: indexes, rewrites, moves, locks.
use super::table::Target;
use super::{On, Sight, facts, names, resolve};
use crate::pg::catalog::{self, text};
use crate::pg::list::items;
use crate::pg::object::Address;
use crate::pg::relation;
use pgrx::pg_sys;
use pgrx::spi::quote_identifier;

/// CREATE INDEX.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn create_index(s: &pg_sys::IndexStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree.
    unsafe {
        let Some(relid) = names::relation(s.relation).filter(|r| names::may_alter(*r)) else { return };
        let name = text(s.idxname);
        if s.if_not_exists
            && let Some(name) = &name
            && let Some(index) = relation::index_named(relid, name)
        {
            if !relation::is_valid_index(index) {
                let what = format!("leaving the invalid index {} as it is", names::of(index));
                sight.hit("invalid-index", what, On::Relation(relid));
            }
            return;
        }
        let mode = if s.concurrent { pg_sys::ShareUpdateExclusiveLock } else { pg_sys::ShareLock };
        // ON ONLY a partitioned table makes an index without entries. That of a parent holds its own rows only.
        let is_partitioned = catalog::relation_kind(relid) == Some(b'p');
        let members = if is_partitioned && (*s.relation).inh { names::tree(relid) } else { vec![relid] };
        let full: Vec<pg_sys::Oid> = members.iter().copied().filter(|m| facts::has_own_rows(*m)).collect();
        sight.locks.extend(members.into_iter().map(|member| (member, mode as pg_sys::LOCKMODE)));
        full.iter().for_each(|member| sight.scan(*member));
        if !s.concurrent && !full.is_empty() {
            let named = name.map(|n| format!(" {}", quote_identifier(n))).unwrap_or_default();
            let what = format!("building index{named} on {} while nobody can write to it", names::of(relid));
            sight.hit("require-concurrent-index-creation", what, On::Relation(relid));
        }
    }
}

/// REINDEX.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn reindex(s: &pg_sys::ReindexStmt, sight: &mut Sight) {
    use pg_sys::ReindexObjectType::*;
    // SAFETY: the caller vouches for the tree.
    unsafe {
        let concurrently = has_option(s.params, "concurrently");
        let mode = if concurrently { pg_sys::ShareUpdateExclusiveLock } else { pg_sys::ShareLock };
        let tables: Vec<pg_sys::Oid> = match s.kind {
            REINDEX_OBJECT_INDEX | REINDEX_OBJECT_TABLE => names::relation(s.relation)
                .filter(|relid| names::may_alter(*relid))
                .and_then(|relid| Address::relation(relid).relation_of())
                .map(names::tree)
                .unwrap_or_default(),
            // Its owner builds the indexes of every table in it.
            REINDEX_OBJECT_SCHEMA => {
                let schema = text(s.name).unwrap_or_default();
                if names::may_alter_schema(&schema) { relation::of_schema(&schema) } else { Vec::new() }
            }
            _ => {
                if !concurrently {
                    sight.hit(
                        "require-concurrent-reindex",
                        "building every index of the database anew".into(),
                        On::Anything,
                    );
                }
                return;
            }
        };
        for table in tables {
            sight.lock(table, mode);
            if facts::has_rows(table) {
                sight.scan(table);
                if !concurrently {
                    let what = format!("building indexes of {} anew while it is locked", names::of(table));
                    sight.hit("require-concurrent-reindex", what, On::Relation(table));
                }
            }
        }
    }
}

/// CLUSTER.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn cluster(s: &pg_sys::ClusterStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree.
    match unsafe { names::relation(s.relation) } {
        Some(relid) => written_anew(relid, sight),
        // All that are marked and the caller's.
        None if s.relation.is_null() => {
            relation::clustered().into_iter().for_each(|relid| written_anew(relid, sight));
        }
        None => {}
    }
}

/// VACUUM FULL.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn vacuum(s: &pg_sys::VacuumStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree.
    unsafe {
        if !has_option(s.options, "full") {
            return;
        }
        if s.rels.is_null() {
            sight.hit("prefer-repack", "writing every table anew while it is locked".into(), On::Anything);
        }
        for relation in items::<pg_sys::VacuumRelation>(s.rels) {
            if let Some(relid) = names::relation((*relation).relation) {
                written_anew(relid, sight);
            }
        }
    }
}

fn written_anew(relid: pg_sys::Oid, sight: &mut Sight) {
    if !names::may_vacuum(relid) {
        return;
    }
    for member in names::tree(relid) {
        sight.lock(member, pg_sys::AccessExclusiveLock);
        if facts::has_rows(member) {
            sight.rewrite(member);
            let what = format!("writing {} anew while it is locked", names::of(member));
            sight.hit("prefer-repack", what, On::Relation(member));
        }
    }
}

/// # Safety
/// `list` must be NIL or a list of DefElem.
unsafe fn has_option(list: *const pg_sys::List, name: &str) -> bool {
    // SAFETY: the caller vouches for the list.
    unsafe {
        items::<pg_sys::DefElem>(list)
            .into_iter()
            .any(|o| text((*o).defname).as_deref() == Some(name) && resolve::is_on(o) == Some(true))
    }
}

/// REFRESH MATERIALIZED VIEW.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn refresh(s: &pg_sys::RefreshMatViewStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree.
    let relid = unsafe { names::relation(s.relation) };
    let Some(relid) = relid.filter(|r| names::may_alter(*r) && catalog::relation_kind(*r) == Some(b'm'))
    else {
        return;
    };
    let mode = if s.concurrent { pg_sys::ExclusiveLock } else { pg_sys::AccessExclusiveLock };
    sight.lock(relid, mode);
    if !s.concurrent && facts::has_rows(relid) {
        sight.rewrite(relid);
        let what = format!("filling {} anew while nobody can read it", names::of(relid));
        sight.hit("require-concurrent-refresh", what, On::Relation(relid));
    }
}

/// SET LOGGED and SET UNLOGGED.
pub fn set_logged(t: &Target, logged: bool, sight: &mut Sight) {
    if relation::is_logged(t.relid) == logged {
        return;
    }
    if t.is_full {
        sight.rewrite(t.relid);
    }
    if logged {
        if t.is_full {
            let what = format!("writing {} anew while it is locked", t.name);
            sight.hit("moving-table-storage", what, On::Relation(t.relid));
        }
    } else {
        let what = format!("making {} unlogged, so that a crash empties it", t.name);
        sight.hit("ban-set-unlogged", what, On::Relation(t.relid));
    }
}

/// SET TABLESPACE of a table.
pub fn set_tablespace(t: &Target, name: &str, sight: &mut Sight) {
    if t.is_full && matches!(t.kind, b'r' | b'm') && !relation::is_in_tablespace(t.relid, name) {
        sight.rewrite(t.relid);
        let what = format!("copying {} to tablespace {} while it is locked", t.name, quote_identifier(name));
        sight.hit("moving-table-storage", what, On::Relation(t.relid));
    }
}

/// SET ACCESS METHOD.
pub fn set_access_method(t: &Target, name: &str, sight: &mut Sight) {
    if t.is_full && relation::access_method(t.relid).as_deref() != Some(name) {
        sight.rewrite(t.relid);
        let what =
            format!("writing {} anew by access method {} while it is locked", t.name, quote_identifier(name));
        sight.hit("moving-table-storage", what, On::Relation(t.relid));
    }
}

/// ALTER TABLE ALL IN TABLESPACE … SET TABLESPACE.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn move_all(s: &pg_sys::AlterTableMoveAllStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree.
    let (from, to, owners) =
        unsafe { (text(s.orig_tablespacename), text(s.new_tablespacename), resolve::roles(s.roles)) };
    let (from, to) = (from.unwrap_or_default(), to.unwrap_or_default());
    let kind = match s.objtype {
        pg_sys::ObjectType::OBJECT_TABLE => b'r',
        pg_sys::ObjectType::OBJECT_MATVIEW => b'm',
        _ => return, // indexes
    };
    if from == to || !relation::tablespace_exists(&to) {
        return;
    }
    let is_meant = |relid: &pg_sys::Oid| {
        owners.is_empty() || crate::pg::catalog::relation_owner(*relid).is_some_and(|o| owners.contains(&o))
    };
    for relid in relation::in_tablespace(&from, kind).into_iter().filter(is_meant) {
        if names::may_alter(relid) {
            sight.lock(relid, pg_sys::AccessExclusiveLock);
            if facts::has_own_rows(relid) {
                sight.rewrite(relid);
                let what = format!(
                    "copying {} to tablespace {} while it is locked",
                    names::of(relid),
                    quote_identifier(&to)
                );
                sight.hit("moving-table-storage", what, On::Relation(relid));
            }
        }
    }
}

/// LOCK TABLE.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn lock(s: &pg_sys::LockStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree.
    unsafe {
        let writes = pg_sys::ACL_UPDATE | pg_sys::ACL_DELETE | pg_sys::ACL_TRUNCATE;
        for relid in items::<pg_sys::RangeVar>(s.relations).into_iter().filter_map(|r| names::relation(r)) {
            if !names::holds(relid, writes) {
                continue;
            }
            sight.locks.extend(names::tree(relid).into_iter().map(|member| (member, s.mode)));
        }
    }
}
