//! Receipts on their way to the worker that stores them: those of transactions that rolled back or could not write. A store
//! of fixed size, since shared memory cannot grow; what finds no place is counted, and the server log has it.
use crate::core::guard::ring::Text;

/// How many receipts can wait.
pub const CAPACITY: usize = 64;
/// Longest receipt, in bytes.
pub const LONGEST: usize = 16 * 1024;
/// How many databases' losses are counted one by one.
const LOSSES: usize = 16;

/// A receipt that waits.
#[derive(Clone, Copy)]
struct Entry {
    /// Place in the order of arrival; 0 where the place is free.
    order: u64,
    database: u32,
    text: Text<LONGEST>,
}

/// What waits, and what was lost. All zeros are a ring with nothing in it: so it begins in shared memory.
pub struct Ring {
    entries: [Entry; CAPACITY],
    losses: [(u32, u64); LOSSES],
    last: u64,
}

impl Ring {
    /// Takes a receipt, or counts it where it finds no place; whether it took it.
    pub fn push(&mut self, database: u32, text: &str) -> bool {
        let free = self.entries.iter_mut().find(|e| e.order == 0).filter(|_| text.len() <= LONGEST);
        if let Some(free) = free {
            self.last += 1;
            // In place: a receipt is too large to be moved over the stack for nothing.
            free.text.set(text);
            (free.order, free.database) = (self.last, database);
            return true;
        }
        self.lose(database, 1);
        false
    }

    fn lose(&mut self, database: u32, times: u64) {
        let known = self.losses.iter().position(|l| l.0 == database);
        if let Some(place) = known.or_else(|| self.losses.iter().position(|l| l.0 == 0)) {
            self.losses[place].0 = database;
            self.losses[place].1 += times;
        }
    }

    /// Databases for which something is to be written.
    #[must_use]
    pub fn databases(&self) -> Vec<u32> {
        let waiting = self.entries.iter().filter(|e| e.order > 0).map(|e| e.database);
        let mut all: Vec<u32> = waiting.chain(self.losses.iter().map(|l| l.0).filter(|d| *d > 0)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The first receipt of a database after one that was read before.
    #[must_use]
    pub fn next(&self, database: u32, after: u64) -> Option<(u64, String)> {
        let waiting = self.entries.iter().filter(|e| e.order > after && e.database == database);
        waiting.min_by_key(|e| e.order).map(|e| (e.order, e.text.as_str().to_string()))
    }

    /// The order of the first receipt of a database, 0 where none waits.
    #[must_use]
    pub fn first(&self, database: u32) -> u64 {
        let waiting = self.entries.iter().filter(|e| e.order > 0 && e.database == database);
        waiting.map(|e| e.order).min().unwrap_or(0)
    }

    /// How many a database has lost.
    #[must_use]
    pub fn lost(&self, database: u32) -> u64 {
        self.losses.iter().find(|l| l.0 == database).map_or(0, |l| l.1)
    }

    /// Rows about a database's receipts up to this one, and about a loss, have been committed.
    pub fn written(&mut self, database: u32, last: u64, lost: u64) {
        let written = |e: &&mut Entry| e.database == database && e.order <= last;
        self.entries.iter_mut().filter(written).for_each(|e| e.order = 0);
        if let Some(loss) = self.losses.iter_mut().find(|l| l.0 == database) {
            loss.1 = loss.1.saturating_sub(lost);
            if loss.1 == 0 {
                loss.0 = 0;
            }
        }
    }

    /// Forgets what belongs to a database, which is gone or has no place for it any more.
    pub fn forget(&mut self, database: u32) {
        self.entries.iter_mut().filter(|e| e.database == database).for_each(|e| e.order = 0);
        self.losses.iter_mut().filter(|l| l.0 == database).for_each(|l| *l = (0, 0));
    }

    /// Counts what waits for a database as lost, so that others have room.
    pub fn give_up(&mut self, database: u32) {
        let waiting = |e: &&mut Entry| e.order > 0 && e.database == database;
        let lost = self.entries.iter_mut().filter(waiting).map(|e| e.order = 0).count();
        self.lose(database, lost as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An empty ring is made on the stack, and a megabyte is more than a test has.
    fn with_ring(test: fn(&mut Ring)) {
        let run = move || {
            let entry = Entry { order: 0, database: 0, text: Text::EMPTY };
            test(&mut Ring { entries: [entry; CAPACITY], losses: [(0, 0); LOSSES], last: 0 });
        };
        std::thread::Builder::new().stack_size(16 << 20).spawn(run).unwrap().join().unwrap();
    }

    fn all(ring: &Ring, database: u32) -> Vec<String> {
        let (mut after, mut texts) = (0, Vec::new());
        while let Some((order, text)) = ring.next(database, after) {
            (after, texts) = (order, [texts, vec![text]].concat());
        }
        texts
    }

    #[test]
    fn in_order_by_database() {
        with_ring(keeps_order);
    }

    fn keeps_order(r: &mut Ring) {
        assert!(r.databases().is_empty());
        for (database, text) in [(1, "a"), (2, "b"), (1, "c")] {
            assert!(r.push(database, text));
        }
        assert_eq!(
            (all(r, 1), all(r, 2), r.databases()),
            (vec!["a".into(), "c".into()], vec!["b".into()], vec![1, 2])
        );
        r.written(1, 1, 0);
        assert_eq!((all(r, 1), r.first(1)), (vec!["c".into()], 3));
        r.forget(1);
        assert_eq!((r.first(1), r.databases()), (0, vec![2]));
    }

    #[test]
    fn what_finds_no_place_is_counted() {
        with_ring(counts_losses);
    }

    fn counts_losses(r: &mut Ring) {
        assert!(!r.push(1, &"x".repeat(LONGEST + 1)));
        assert!(r.push(1, &"x".repeat(LONGEST)));
        (0..CAPACITY).for_each(|_| _ = r.push(1, "y"));
        assert_eq!((r.lost(1), r.databases()), (2, vec![1]));
        r.give_up(1);
        assert_eq!((r.lost(1), r.first(1)), (2 + CAPACITY as u64, 0));
        r.written(1, 0, r.lost(1));
        assert!(r.databases().is_empty());
    }
}
