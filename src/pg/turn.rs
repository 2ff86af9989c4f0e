//! Advisory locks that no SQL function can take: those are everybody's, and a role without any right could keep an owner from his
//! change with one, or everybody from every act. What tells them apart is the last part of the key, where PostgreSQL's own have 1 or 2.
use pgrx::pg_sys;

/// What is locked; `objsubid` in `pg_locks`.
#[derive(Clone, Copy)]
#[repr(u16)]
pub enum Turn {
    /// Work on a change, by its number.
    Change = 0x6467,
    /// Proposals for a relation.
    Proposal = 0x6470,
    /// Acts on a relation.
    Relation = 0x6472,
    /// Acts that concern many relations, in an order of their own.
    Many = 0x646d,
    /// Levels: whether one weakens is judged by those that are set.
    Level = 0x646c,
    /// Flows, so that recorders never wait for each other's rows.
    Flow = 0x6466,
}

const MODE: pg_sys::LOCKMODE = pg_sys::ExclusiveLock as pg_sys::LOCKMODE;

impl Turn {
    fn tag(self, number: u32) -> pg_sys::LOCKTAG {
        pg_sys::LOCKTAG {
            // SAFETY: plain read of this process's database.
            locktag_field1: unsafe { pg_sys::MyDatabaseId }.to_u32(),
            locktag_field2: 0,
            locktag_field3: number,
            locktag_field4: self as u16,
            locktag_type: pg_sys::LockTagType::LOCKTAG_ADVISORY as u8,
            locktag_lockmethodid: pg_sys::USER_LOCKMETHOD as u8,
        }
    }

    /// Waits for it, as long as `lock_timeout` allows; held until the transaction ends.
    pub fn take(self, number: u32) {
        // SAFETY: a valid tag, which is copied; inside a transaction.
        unsafe { pg_sys::LockAcquire(&self.tag(number), MODE, false, false) };
    }

    /// Whether it is free; then it is held until the transaction ends.
    #[must_use]
    pub fn take_if_free(self, number: u32) -> bool {
        self.try_take(number, false)
    }

    /// Whether it is free; then this process holds it until it ends.
    #[must_use]
    pub fn keep(self, number: u32) -> bool {
        self.try_take(number, true)
    }

    fn try_take(self, number: u32, is_sessions: bool) -> bool {
        // SAFETY: as above.
        let found = unsafe { pg_sys::LockAcquire(&self.tag(number), MODE, is_sessions, true) };
        found != pg_sys::LockAcquireResult::LOCKACQUIRE_NOT_AVAIL
    }
}
