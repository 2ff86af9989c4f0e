//! What the triggers need to know about a relation, cached per backend.
//!
//! Good while [`cache::generation`] stays the same and the relation itself was not altered. What is pending (an audit
//! stopped, columns excluded by the running transaction) is good for this transaction only.
use crate::pg::audit_row::TextArray;
use crate::pg::catalog::{self, Name};
use crate::pg::{cache, owner, spi, xact};
use crate::registry::identity;
use pgrx::{Uuid, pg_sys};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// A relation whose rows are logged.
pub struct Watched {
    /// The relation that has the trigger.
    pub relid: pg_sys::Oid,
    /// `audited_relation.id` of it, or of the topmost ancestor that is audited.
    pub id: Uuid,
    /// Name of the audited relation.
    pub name: Name,
    /// The relation that has the trigger where it is a partition or child of the audited one.
    pub partition: Option<String>,
    /// Columns that are not logged.
    pub excluded: Vec<String>,
    /// The same, for `jsonb - text[]`.
    pub excluded_array: Option<TextArray>,
    /// Primary key; empty where there is none, or where it is excluded.
    pub key_columns: Vec<String>,
    /// All other columns, for `jsonb - text[]`.
    pub other_columns_array: Option<TextArray>,
}

struct Cached {
    generation: u64,
    /// The only transaction it is good for, where something is pending.
    only_in: Option<u64>,
    watched: Option<Rc<Watched>>,
}

thread_local! {
    static CACHE: RefCell<HashMap<pg_sys::Oid, Cached>> = RefCell::new(HashMap::new());
}

/// An audited relation as it stands in the catalog: the relation itself, or one it is a partition or child of.
pub struct Entry {
    /// `audited_relation.id`
    pub id: Uuid,
    /// Oid of that relation.
    pub relid: pg_sys::Oid,
    /// Its name.
    pub name: Name,
    /// Columns not logged, as of this transaction.
    pub exclude_columns: Vec<String>,
    /// Stopped, and that has committed.
    pub stopped: bool,
    /// The running transaction stopped it or changed the columns.
    pub pending: bool,
}

/// Forgets one relation, or all: an invalidation arrived. It may do so while the cache is in use, never while it is
/// borrowed: nothing below calls the server inside a borrow.
pub fn forget(relid: Option<pg_sys::Oid>) {
    let _ = CACHE.try_with(|c| {
        c.try_borrow_mut().map(|mut c| match relid {
            Some(relid) => {
                c.remove(&relid);
            }
            None => c.clear(),
        })
    });
}

/// What is logged about a relation that has the trigger; None where its audit was stopped.
#[must_use]
pub fn watched(relid: pg_sys::Oid) -> Option<Rc<Watched>> {
    let mine = xact::id_if_assigned();
    let generation = cache::generation();
    let known = CACHE.with_borrow(|c| {
        c.get(&relid)
            .filter(|k| k.generation == generation && (k.only_in.is_none() || k.only_in == mine))
            .map(|k| k.watched.clone())
    });
    known.unwrap_or_else(|| {
        cache::settle();
        let generation = cache::generation();
        let (watched, pending) = owner::run(|| load(relid));
        let watched = watched.map(Rc::new);
        let cached =
            Cached { generation, only_in: if pending { mine } else { None }, watched: watched.clone() };
        CACHE.with_borrow_mut(|c| c.insert(relid, cached));
        watched
    })
}

fn load(relid: pg_sys::Oid) -> (Option<Watched>, bool) {
    let mut entries = entries(relid);
    if entries.is_empty() {
        // A trigger without an entry: renamed where no event trigger told us, or restored without our tables.
        identity::follow(relid);
        if let Some(name) = catalog::relation_name(relid) {
            super::relation::merge(&name);
        }
        entries = self::entries(relid);
        // One that does not always fire is not ours: whoever may make triggers on somebody's table has made it.
        if entries.is_empty() && super::triggers::always_fires(relid) {
            super::relation::adopt(relid);
            entries = self::entries(relid);
        }
    }
    let pending = entries.iter().any(|e| e.pending);
    let running: Vec<&Entry> = entries.iter().filter(|e| !e.stopped).collect();
    let Some(top) = running.first() else { return (None, pending) };
    let excluded: Vec<String> = running.iter().flat_map(|e| e.exclude_columns.iter().cloned()).collect();
    let mut key_columns = key_columns(relid);
    if key_columns.iter().any(|k| excluded.contains(k)) {
        key_columns.clear();
    }
    let others = columns(relid).into_iter().filter(|c| !key_columns.contains(c)).collect();
    let partition = (top.relid != relid).then(|| catalog::relation_name(relid)).flatten();
    let watched = Watched {
        relid,
        id: top.id,
        name: top.name.clone(),
        partition: partition.map(|p| p.to_string()),
        excluded_array: TextArray::new(excluded.clone()),
        excluded,
        other_columns_array: TextArray::new(others),
        key_columns,
    };
    (Some(watched), pending)
}

/// Entries of a relation and of what it is a partition or child of, topmost first; for each name the running one, else
/// the one stopped last. Read as of this moment: a cache is filled from it.
#[must_use]
pub fn entries(relid: pg_sys::Oid) -> Vec<Entry> {
    owner::run(|| {
        spi::select_latest(
            "WITH RECURSIVE up AS (
                SELECT $1::oid AS relid, 0 AS distance
                UNION ALL SELECT i.inhparent, up.distance + 1 FROM pg_inherits i JOIN up ON up.relid = i.inhrelid),
             found AS (
                SELECT DISTINCT ON (up.relid) up.relid, up.distance, n.nspname::text, c.relname::text, a.*
                  FROM up JOIN pg_class c ON c.oid = up.relid JOIN pg_namespace n ON n.oid = c.relnamespace
                  JOIN governance.audited_relation a ON a.schema_name = n.nspname AND a.relation_name = c.relname
                 ORDER BY up.relid, a.stopped_at DESC NULLS FIRST, a.started_at DESC)
             SELECT f.id, f.relid, f.nspname, f.relname,
                    CASE WHEN f.changed_by_xid = pg_current_xact_id_if_assigned()
                         THEN ARRAY(SELECT c FROM unnest(f.exclude_columns) c WHERE c = ANY (f.was_exclude_columns))
                         ELSE f.exclude_columns END,
                    f.stopped_at IS NOT NULL AND f.stopped_by_xid IS DISTINCT FROM pg_current_xact_id_if_assigned(),
                    coalesce(pg_current_xact_id_if_assigned() IN (f.changed_by_xid, f.stopped_by_xid), false)
               FROM found f ORDER BY f.distance DESC",
            &[relid.into()],
            |r| Entry {
                id: r.must(1),
                relid: r.must(2),
                name: Name { schema: r.must(3), relation: r.must(4) },
                exclude_columns: r.must(5),
                stopped: r.must(6),
                pending: r.must(7),
            },
        )
    })
}

/// Columns of the primary key, in its order.
#[must_use]
pub fn key_columns(relid: pg_sys::Oid) -> Vec<String> {
    owner::run(|| {
        spi::select_latest(
            "SELECT a.attname::text
               FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, n)
               JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
              WHERE i.indrelid = $1 AND i.indisprimary AND k.n <= i.indnkeyatts ORDER BY k.n",
            &[relid.into()],
            |r| r.must(1),
        )
    })
}

/// Live columns.
#[must_use]
pub fn columns(relid: pg_sys::Oid) -> Vec<String> {
    owner::run(|| {
        spi::select_latest(
            "SELECT attname::text FROM pg_attribute
              WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            &[relid.into()],
            |r| r.must(1),
        )
    })
}
