//! Locks: what a statement would wait for.
use crate::pg::spi;
use pgrx::pg_sys;
use std::ffi::c_int;

/// The name of a lock mode as `LOCK TABLE` writes it.
#[must_use]
pub fn mode_name(mode: pg_sys::LOCKMODE) -> &'static str {
    match mode as u32 {
        pg_sys::AccessShareLock => "ACCESS SHARE",
        pg_sys::RowShareLock => "ROW SHARE",
        pg_sys::RowExclusiveLock => "ROW EXCLUSIVE",
        pg_sys::ShareUpdateExclusiveLock => "SHARE UPDATE EXCLUSIVE",
        pg_sys::ShareLock => "SHARE",
        pg_sys::ShareRowExclusiveLock => "SHARE ROW EXCLUSIVE",
        pg_sys::ExclusiveLock => "EXCLUSIVE",
        pg_sys::AccessExclusiveLock => "ACCESS EXCLUSIVE",
        _ => "",
    }
}

/// Whether waiting for a lock ends by itself.
#[must_use]
pub fn has_lock_timeout() -> bool {
    // SAFETY: plain read of a setting.
    unsafe { pg_sys::LockTimeout > 0 }
}

/// What a statement would wait for on a relation.
pub struct Waits {
    /// Sessions that hold a lock in its way, or wait for one before it.
    pub pids: Vec<i32>,
    /// Age of the oldest of their transactions, in seconds.
    pub oldest: f64,
}

/// Whether any other transaction holds a lock that conflicts with a mode; a look into shared memory only.
fn is_contended(relid: pg_sys::Oid, mode: pg_sys::LOCKMODE) -> bool {
    // SAFETY: the tag is that of a relation of this database; the result is palloc'd.
    unsafe {
        let tag = pg_sys::LOCKTAG {
            locktag_field1: pg_sys::MyDatabaseId.to_u32(),
            locktag_field2: relid.to_u32(),
            locktag_field3: 0,
            locktag_field4: 0,
            locktag_type: pg_sys::LockTagType::LOCKTAG_RELATION as u8,
            locktag_lockmethodid: pg_sys::DEFAULT_LOCKMETHOD as u8,
        };
        let mut count: c_int = 0;
        let holders = pg_sys::GetLockConflicts(&tag, mode, &mut count);
        if !holders.is_null() {
            pg_sys::pfree(holders.cast());
        }
        count > 0
    }
}

/// Sessions that a lock of this mode would wait for.
#[must_use]
pub fn blockers(relid: pg_sys::Oid, mode: pg_sys::LOCKMODE) -> Vec<i32> {
    waits_for(relid, mode).map(|w| w.pids).unwrap_or_default()
}

/// What a lock of this mode would wait for; None where nothing is in its way.
#[must_use]
pub fn waits_for(relid: pg_sys::Oid, mode: pg_sys::LOCKMODE) -> Option<Waits> {
    if !is_contended(relid, mode) {
        return None;
    }
    let conflicting: Vec<String> = (1..=8)
        .filter(|other| conflicts(mode, *other))
        .map(|other| format!("{}Lock", pascal(mode_name(other))))
        .collect();
    spi::select_one(
        "SELECT pg_catalog.array_agg(DISTINCT l.pid), coalesce(max(extract(epoch FROM pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) a.xact_start)), 0)::pg_catalog.float8
           FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a USING (pid)
          WHERE l.locktype OPERATOR(pg_catalog.=) 'relation' AND l.relation OPERATOR(pg_catalog.=) $1
            AND l.database OPERATOR(pg_catalog.=) (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())
            AND l.mode OPERATOR(pg_catalog.=) ANY ($2) AND l.pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid()
         HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 0",
        &[relid.into(), conflicting.into()],
        |r| Waits { pids: r.must(1), oldest: r.must(2) },
    )
}

fn pascal(words: &str) -> String {
    words.split(' ').map(|w| format!("{}{}", &w[..1], w[1..].to_lowercase())).collect()
}

/// The server's own table of conflicts between lock modes, numbered 1 to 8 (lock.c).
fn conflicts(a: pg_sys::LOCKMODE, b: pg_sys::LOCKMODE) -> bool {
    const WITH: [&[pg_sys::LOCKMODE]; 9] = [
        &[],
        &[8],
        &[7, 8],
        &[5, 6, 7, 8],
        &[4, 5, 6, 7, 8],
        &[3, 4, 6, 7, 8],
        &[3, 4, 5, 6, 7, 8],
        &[2, 3, 4, 5, 6, 7, 8],
        &[1, 2, 3, 4, 5, 6, 7, 8],
    ];
    usize::try_from(a).ok().and_then(|a| WITH.get(a)).is_some_and(|with| with.contains(&b))
}
