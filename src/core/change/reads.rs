//! Reads that a session has seen and not yet written: bounded, merged by who reads what, taken out in one piece and given
//! back when writing fails.
use super::fold::Fold;
use super::seen::{PAUSE, Seen};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::BuildHasherDefault;

/// How a read is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Evidence {
    /// A plan that was executed reads it.
    Plan,
    /// The statement that was executed names it, though its plan does without.
    Named,
    /// COPY of a table wrote it out.
    Copy,
}

impl Evidence {
    /// As stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Evidence::Plan => "plan",
            Evidence::Named => "named",
            Evidence::Copy => "copy",
        }
    }
}

/// So many closed bursts a session keeps beside what it reads now; it writes them with the next commit that may.
const MOST_BURSTS: usize = 1_000;

/// So many names of applications a session tells apart until it has written: anybody bears as many as he likes.
const MOST_APPLICATIONS: usize = 100;
/// Stands for those beyond.
const OTHERS: &str = "(others)";

/// Stands for every column of a relation.
pub const WHOLE_ROW: i16 = 0;
/// Stands for reading rows without any of their columns.
pub const NO_COLUMN: i16 = i16::MIN;

/// What is read, by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Oid of the relation.
    pub relid: u32,
    /// Number of the column, [`WHOLE_ROW`] or [`NO_COLUMN`].
    pub column: i16,
    /// How it is known.
    pub evidence: Evidence,
    /// Oid of the role.
    pub role: u32,
    /// The application, as [`Buffer::application`] numbers it.
    pub application: u16,
}

/// What became of a read that was noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// Nothing unwritten was known of it.
    New,
    /// It was counted with others.
    Known,
    /// There was no place for it.
    Lost,
}

type Entries = HashMap<Key, Seen, BuildHasherDefault<Fold>>;

/// The unwritten reads of a session.
pub struct Buffer {
    waiting: Entries,
    /// What was seen of a waiting key before a pause.
    earlier: Vec<(Key, Seen)>,
    /// Taken out to be written by a transaction that has not ended.
    in_flight: Vec<(Key, Seen)>,
    applications: Vec<String>,
    current: usize,
    most: usize,
    /// How many reads had no place.
    lost: i64,
}

impl Buffer {
    /// An empty one with room for so many keys.
    #[must_use]
    pub fn new(most: usize) -> Self {
        let waiting = Entries::default();
        let (earlier, in_flight) = (Vec::new(), Vec::new());
        Buffer { waiting, earlier, in_flight, applications: Vec::new(), current: 0, most, lost: 0 }
    }

    /// The number of an application.
    pub fn application(&mut self, name: &[u8]) -> u16 {
        if self.applications.get(self.current).is_some_and(|a| a.as_bytes() == name) {
            return self.current as u16;
        }
        let mut name = String::from_utf8_lossy(name);
        let known = |name: &str| self.applications.iter().position(|a| a == name);
        if self.applications.len() >= MOST_APPLICATIONS - 1 && known(&name).is_none() {
            name = OTHERS.into();
        }
        self.current = known(&name).unwrap_or_else(|| {
            self.applications.push(name.into_owned());
            self.applications.len() - 1
        });
        self.current as u16
    }

    /// The name of an application.
    #[must_use]
    pub fn name_of(&self, application: u16) -> &str {
        self.applications.get(usize::from(application)).map_or("", String::as_str)
    }

    /// Counts a read.
    pub fn note(&mut self, key: Key, now: i64) -> Noted {
        if let Some(seen) = self.waiting.get_mut(&key) {
            if now - seen.last > PAUSE && self.earlier.len() < MOST_BURSTS {
                self.earlier.push((key, std::mem::replace(seen, Seen::once(now))));
                return Noted::Known;
            }
            seen.longest = seen.longest.max(now - seen.last);
            seen.last = now;
            seen.reads += 1;
            return Noted::Known;
        }
        if self.waiting.len() + self.in_flight.len() >= self.most {
            self.lost += 1;
            return Noted::Lost;
        }
        self.waiting.insert(key, Seen::once(now));
        Noted::New
    }

    /// Whether nothing waits and nothing is being written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.earlier.is_empty() && self.in_flight.is_empty() && self.lost == 0
    }

    /// Everything unwritten, what is being written included.
    pub fn unwritten(&self) -> impl Iterator<Item = (&Key, &Seen)> {
        let others = self.earlier.iter().chain(&self.in_flight).map(|(k, s)| (k, s));
        self.waiting.iter().chain(others)
    }

    /// How many of them are being written.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Takes out what waits and passes the test, until the transaction that writes it has ended.
    pub fn take(&mut self, is_writable: impl Fn(&Key) -> bool) -> Vec<(Key, Seen)> {
        let (mut taken, kept): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.earlier).into_iter().partition(|(k, _)| is_writable(k));
        self.earlier = kept;
        taken.extend(self.waiting.iter().filter(|(k, _)| is_writable(k)).map(|(k, s)| (*k, *s)));
        for (key, _) in &taken {
            self.waiting.remove(key);
        }
        self.in_flight.extend(&taken);
        taken
    }

    /// How many reads had no place, where any had none; they are said once.
    pub fn take_lost(&mut self) -> Option<i64> {
        Some(std::mem::take(&mut self.lost)).filter(|n| *n > 0)
    }

    /// The transaction has committed: what it wrote is written.
    pub fn written(&mut self) {
        self.in_flight.clear();
        if self.waiting.is_empty() {
            self.applications.clear();
            self.current = 0;
        }
    }

    /// It has not: all of it waits again.
    pub fn give_back(&mut self) {
        let mut given = std::mem::take(&mut self.in_flight);
        given.sort_by_key(|(_, seen)| std::cmp::Reverse(seen.first));
        for (key, seen) in given {
            match self.waiting.entry(key) {
                Entry::Vacant(place) => {
                    place.insert(seen);
                }
                Entry::Occupied(now)
                    if now.get().first - seen.last > PAUSE && self.earlier.len() < MOST_BURSTS =>
                {
                    self.earlier.push((key, seen));
                }
                Entry::Occupied(mut now) => {
                    let later = now.insert(seen);
                    now.get_mut().merge(later);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(column: i16, application: u16) -> Key {
        Key { relid: 1, column, evidence: Evidence::Plan, role: 10, application }
    }

    #[test]
    fn reads_are_merged_taken_and_given_back() {
        let mut buffer = Buffer::new(3);
        let app = buffer.application(b"app");
        assert_eq!(buffer.name_of(app), "app");
        assert_eq!(buffer.note(key(1, app), 5), Noted::New);
        assert_eq!(buffer.note(key(1, app), 7), Noted::Known);
        assert_eq!(buffer.note(key(2, app), 8), Noted::New);
        let taken = buffer.take(|k| k.column == 1);
        assert_eq!(taken, vec![(key(1, app), Seen { first: 5, last: 7, reads: 2, longest: 2 })]);
        assert_eq!(buffer.note(key(1, app), 9), Noted::New);
        buffer.give_back();
        let mut all: Vec<_> = buffer.unwritten().map(|(k, s)| (k.column, *s)).collect();
        all.sort_by_key(|(c, _)| *c);
        assert_eq!(all[0], (1, Seen { first: 5, last: 9, reads: 3, longest: 2 }));
        assert_eq!(all.len(), 2);
        buffer.take(|_| true);
        buffer.written();
        assert!(buffer.is_empty());
    }

    #[test]
    fn a_pause_keeps_reads_apart() {
        let mut buffer = Buffer::new(3);
        for now in [0, 5, PAUSE + 6, PAUSE + 9] {
            buffer.note(key(1, 0), now);
        }
        let (early, late) = (
            Seen { first: 0, last: 5, reads: 2, longest: 5 },
            Seen { first: PAUSE + 6, last: PAUSE + 9, reads: 2, longest: 3 },
        );
        assert_eq!(buffer.take(|_| false), vec![]);
        assert_eq!(buffer.take(|_| true), vec![(key(1, 0), early), (key(1, 0), late)]);
        assert!(!buffer.is_empty());
        buffer.give_back();
        assert_eq!(buffer.unwritten().map(|(_, s)| *s).collect::<Vec<_>>(), vec![late, early]);
        assert_eq!(buffer.take(|_| true).len(), 2, "given back, they are still apart");
        buffer.written();
        assert!(buffer.is_empty());
    }

    #[test]
    fn pauses_have_no_end_of_room() {
        let mut buffer = Buffer::new(1);
        let times = MOST_BURSTS as i64 + 10;
        for i in 0..times {
            buffer.note(key(1, 0), i * 2 * PAUSE);
        }
        let taken = buffer.take(|_| true);
        assert_eq!(taken.len(), MOST_BURSTS + 1);
        assert_eq!(taken.iter().map(|(_, s)| s.reads).sum::<i64>(), times);
        assert_eq!(taken.iter().map(|(_, s)| s.longest).max(), Some(2 * PAUSE));
    }

    #[test]
    fn what_has_no_place_is_counted() {
        let mut buffer = Buffer::new(1);
        buffer.note(key(1, 0), 1);
        assert_eq!(buffer.note(key(2, 0), 2), Noted::Lost);
        assert_eq!(buffer.note(key(3, 0), 3), Noted::Lost);
        assert_eq!(buffer.note(key(1, 0), 4), Noted::Known);
        assert_eq!(buffer.take_lost(), Some(2));
        assert_eq!(buffer.take_lost(), None);
    }

    #[test]
    fn applications_have_numbers() {
        let mut buffer = Buffer::new(2);
        let (a, b) = (buffer.application(b"a"), buffer.application(b"b"));
        assert_ne!(a, b);
        assert_eq!(buffer.application(b"a"), a);
        let many: Vec<u16> = (0..1_000).map(|i| buffer.application(format!("x{i}").as_bytes())).collect();
        assert_eq!(usize::from(*many.iter().max().unwrap()), MOST_APPLICATIONS - 1);
        assert_eq!(buffer.name_of(many[999]), OTHERS);
        assert_eq!(buffer.application(b"x3"), many[3], "those that are known are told apart");
        assert_eq!(buffer.application(OTHERS.as_bytes()), many[999]);
    }
}
