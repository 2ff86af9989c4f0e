//! Refusals on their way from the sessions that met them to the rows about them: a store of fixed size, since shared
//! memory cannot grow. What finds no place is counted, for a recorder that loses data records the gap.

/// How many refusals can wait.
pub const CAPACITY: usize = 256;
/// How many of them from one database: a storm in one must not hide what is refused in others.
const SHARE: usize = 192;
/// How many databases' losses are counted one by one.
const LOSSES: usize = 16;

/// A text in so many bytes, cut between characters.
#[derive(Clone, Copy)]
pub struct Text<const N: usize> {
    length: u16,
    bytes: [u8; N],
}

impl<const N: usize> Text<N> {
    /// No text.
    pub const EMPTY: Self = Text { length: 0, bytes: [0; N] };

    /// As much of the text as there is room for.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let kept = &text.as_bytes()[..text.floor_char_boundary(N.min(u16::MAX as usize))];
        let mut bytes = [0; N];
        bytes[..kept.len()].copy_from_slice(kept);
        Text { length: kept.len() as u16, bytes }
    }

    /// Takes as much of another text as there is room for, in place.
    pub fn set(&mut self, text: &str) {
        let kept = &text.as_bytes()[..text.floor_char_boundary(N.min(u16::MAX as usize))];
        self.bytes[..kept.len()].copy_from_slice(kept);
        self.length = kept.len() as u16;
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.bytes
            .get(..usize::from(self.length))
            .and_then(|b| std::str::from_utf8(b).ok())
            .unwrap_or_default()
    }
}

/// Room for names, as PostgreSQL limits them.
pub type ShortName = Text<64>;

/// One refusal. Names are those of the moment: nothing may be called so any more when the row is written.
#[derive(Clone, Copy)]
pub struct Entry {
    /// Place in the order of arrival; 0 where the place is free.
    pub order: u64,
    /// Database it belongs to.
    pub database: u32,
    /// Number in the message.
    pub number: u32,
    /// When, as the server counts.
    pub at: i64,
    /// Transaction; 0 where none was assigned.
    pub xid: u64,
    /// Schema of the first object's dataset.
    pub schema: ShortName,
    /// The dataset.
    pub relation: ShortName,
    /// Whose rights counted.
    pub role: ShortName,
    /// Who logged in.
    pub session_role: ShortName,
    /// The client.
    pub application: ShortName,
    /// Hazard class of the first rule.
    pub hazard: Text<16>,
    /// The rules, joined.
    pub rules: Text<256>,
    /// The objects, joined.
    pub objects: Text<384>,
    /// The client's statement.
    pub statement: Text<1024>,
}

impl Entry {
    /// A free place.
    pub const EMPTY: Self = Entry {
        order: 0,
        database: 0,
        number: 0,
        at: 0,
        xid: 0,
        schema: ShortName::EMPTY,
        relation: ShortName::EMPTY,
        role: ShortName::EMPTY,
        session_role: ShortName::EMPTY,
        application: ShortName::EMPTY,
        hazard: Text::EMPTY,
        rules: Text::EMPTY,
        objects: Text::EMPTY,
        statement: Text::EMPTY,
    };
}

/// Refusals of one database that will have no row of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The database; 0 where this is free.
    database: u32,
    /// How many.
    pub count: u64,
    /// The first.
    pub since: i64,
    /// The last.
    pub until: i64,
}

/// What waits, and what was lost. All zeros are a ring with nothing in it: so it begins in shared memory.
pub struct Ring {
    entries: [Entry; CAPACITY],
    losses: [Loss; LOSSES],
    /// Lost, of databases that have no place in `losses`.
    uncounted: u64,
    last: u64,
    /// What wakes the process that writes; 0 while there is none. Means nothing to this module.
    pub waker: usize,
}

impl Ring {
    /// Nothing waits: as the server makes one, all zeros.
    #[cfg(test)]
    fn new() -> Self {
        Ring {
            entries: [Entry::EMPTY; CAPACITY],
            losses: [Loss { database: 0, count: 0, since: 0, until: 0 }; LOSSES],
            uncounted: 0,
            last: 0,
            waker: 0,
        }
    }

    /// Takes a refusal, or counts it where there is no room.
    pub fn push(&mut self, entry: &Entry) {
        let waiting = self.entries.iter().filter(|e| e.order > 0 && e.database == entry.database).count();
        match self.entries.iter_mut().find(|e| e.order == 0) {
            Some(free) if waiting < SHARE => {
                self.last += 1;
                *free = Entry { order: self.last, ..*entry };
            }
            _ => self.lose(entry.database, entry.at),
        }
    }

    fn lose(&mut self, database: u32, at: i64) {
        let place = self.losses.iter().position(|l| l.database == database);
        match place.or_else(|| self.losses.iter().position(|l| l.database == 0)) {
            Some(place) => {
                let loss = &mut self.losses[place];
                if loss.database == 0 {
                    *loss = Loss { database, count: 0, since: at, until: at };
                }
                loss.count += 1;
                loss.since = loss.since.min(at);
                loss.until = loss.until.max(at);
            }
            None => self.uncounted += 1,
        }
    }

    /// Databases for which something is to be written.
    #[must_use]
    pub fn databases(&self) -> Vec<u32> {
        let waiting = self.entries.iter().filter(|e| e.order > 0).map(|e| e.database);
        let lost = self.losses.iter().map(|l| l.database).filter(|&d| d > 0);
        let mut all: Vec<u32> = waiting.chain(lost).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The first refusal of a database after one that was read before.
    #[must_use]
    pub fn next(&self, database: u32, after: u64) -> Option<Entry> {
        let waiting = self.entries.iter().filter(|e| e.order > after && e.database == database);
        waiting.min_by_key(|e| e.order).copied()
    }

    /// What a database has lost.
    #[must_use]
    pub fn loss(&self, database: u32) -> Option<Loss> {
        self.losses.iter().find(|l| l.database == database).copied()
    }

    /// Rows about a database's refusals up to this one, and about a loss, have been committed.
    pub fn written(&mut self, database: u32, last: u64, loss: Option<Loss>) {
        self.entries
            .iter_mut()
            .filter(|e| e.database == database && e.order <= last)
            .for_each(|e| e.order = 0);
        let Some(written) = loss else { return };
        if let Some(loss) = self.losses.iter_mut().find(|l| l.database == database) {
            loss.count = loss.count.saturating_sub(written.count);
            if loss.count == 0 {
                loss.database = 0;
            }
            loss.since = written.until;
        }
    }

    /// Forgets what belongs to a database, which is gone or has no place for it any more.
    pub fn forget(&mut self, database: u32) {
        self.entries.iter_mut().filter(|e| e.database == database).for_each(|e| e.order = 0);
        self.losses.iter_mut().filter(|l| l.database == database).for_each(|l| l.database = 0);
    }

    /// Counts what waits for a database as lost, so that others have room.
    pub fn give_up(&mut self, database: u32) {
        for place in 0..CAPACITY {
            let Entry { order, at, .. } = self.entries[place];
            if order > 0 && self.entries[place].database == database {
                self.entries[place].order = 0;
                self.lose(database, at);
            }
        }
    }

    /// How many wait, and since when.
    #[must_use]
    pub fn waiting(&self) -> (usize, Option<i64>) {
        let waiting = || self.entries.iter().filter(|e| e.order > 0);
        (waiting().count(), waiting().map(|e| e.at).min())
    }

    /// How many were lost without a place to count them by database; counts anew.
    pub fn take_uncounted(&mut self) -> u64 {
        std::mem::take(&mut self.uncounted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(database: u32, number: u32) -> Entry {
        Entry { database, number, at: i64::from(number), ..Entry::EMPTY }
    }

    /// Numbers of what waits for a database.
    fn numbers(ring: &Ring, database: u32) -> Vec<u32> {
        let (mut after, mut numbers) = (0, Vec::new());
        while let Some(e) = ring.next(database, after) {
            after = e.order;
            numbers.push(e.number);
        }
        numbers
    }

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(Text::<4>::of("abc").as_str(), "abc");
        assert_eq!(Text::<4>::of("aöäx").as_str(), "aö");
        assert_eq!(Text::<4>::of("öäö").as_str(), "öä");
        assert_eq!(Text::<4>::EMPTY.as_str(), "");
    }

    #[test]
    fn databases_are_kept_apart_and_in_order() {
        let mut ring = Box::new(Ring::new());
        for number in 1..=6 {
            ring.push(&entry(1 + number % 2, number));
        }
        assert_eq!(ring.databases(), [1, 2]);
        assert_eq!(numbers(&ring, 1), [2, 4, 6]);
        let second = ring.next(1, ring.next(1, 0).unwrap().order).unwrap();
        ring.written(1, second.order, None);
        ring.push(&entry(1, 7));
        assert_eq!(numbers(&ring, 1), [6, 7]);
        assert_eq!(ring.waiting(), (5, Some(1)));
        ring.forget(2);
        assert_eq!(ring.databases(), [1]);
    }

    #[test]
    fn what_finds_no_room_is_counted_by_database() {
        let mut ring = Box::new(Ring::new());
        (1..=300).for_each(|n| ring.push(&entry(1, n)));
        ring.push(&entry(2, 301));
        let loss = ring.loss(1).unwrap();
        assert_eq!((loss.count, loss.since, loss.until), (108, 193, 300));
        assert_eq!((ring.databases(), numbers(&ring, 2)), (vec![1, 2], vec![301]));
        // More is lost while the row about it is written.
        ring.push(&entry(1, 302));
        let last = (0..300).fold(0, |after, _| ring.next(1, after).map_or(after, |e| e.order));
        ring.written(1, last, Some(loss));
        assert_eq!(ring.loss(1).unwrap().count, 1);
        let rest = ring.loss(1);
        ring.written(1, 0, rest);
        assert_eq!((ring.loss(1), ring.databases()), (None, vec![2]));
    }

    #[test]
    fn giving_up_makes_room_and_counts() {
        let mut ring = Box::new(Ring::new());
        (1..=190).for_each(|n| ring.push(&entry(1, n)));
        ring.push(&entry(2, 201));
        ring.give_up(1);
        assert_eq!(ring.loss(1).unwrap().count, 190);
        assert_eq!(ring.waiting(), (1, Some(201)));
    }

    #[test]
    fn losses_of_too_many_databases_are_counted_together() {
        let mut ring = Box::new(Ring::new());
        (1..=256).for_each(|n| ring.push(&entry(1 + n % 2, n)));
        (1..=20).for_each(|d| ring.push(&entry(d, 1)));
        assert_eq!((ring.take_uncounted(), ring.take_uncounted()), (4, 0));
    }
}
