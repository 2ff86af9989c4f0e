//! When a reader was seen: how often, first, last, and with which longest time in between.
use std::collections::BTreeMap;

/// Reads that are further apart are kept apart, in microseconds: others of the same reader may have read in between, and what is
/// merged cannot be parted again.
pub const PAUSE: i64 = 3_600_000_000;

/// When and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// First time, in microseconds.
    pub first: i64,
    /// Last time.
    pub last: i64,
    /// How often.
    pub reads: i64,
    /// The longest time between two of these reads; zero where there was one. Of what overlaps it is the longer one's, so it
    /// is never too short.
    pub longest: i64,
}

impl Seen {
    /// One read.
    #[must_use]
    pub fn once(now: i64) -> Self {
        Seen { first: now, last: now, reads: 1, longest: 0 }
    }

    /// Merges what began at the same time or later.
    pub fn merge(&mut self, later: Seen) {
        self.longest = self.longest.max(later.longest).max(later.first - self.last);
        self.first = self.first.min(later.first);
        self.last = self.last.max(later.last);
        self.reads += later.reads;
    }
}

/// Merges what was seen of one reader, in the order of time, and keeps apart what lies further apart than `pause`.
#[must_use]
pub fn merged(mut seen: Vec<Seen>, pause: i64) -> Vec<Seen> {
    seen.sort_by_key(|s| (s.first, s.last));
    let mut bursts: Vec<Seen> = Vec::new();
    for next in seen {
        match bursts.last_mut() {
            Some(burst) if next.first - burst.last <= pause => burst.merge(next),
            _ => bursts.push(next),
        }
    }
    bursts
}

/// A role and an application.
pub type Who = (String, String);

/// The longest time between two reads of each reader. What one reads of one column, and knows in one way, is a habit of its own:
/// a report of each year is one although the same program reads something else each day. The applications of a role are also
/// taken together: some call themselves otherwise each time.
#[must_use]
pub fn longest<Habit: Ord>(reads: Vec<(Who, Habit, Seen)>) -> BTreeMap<Who, i64> {
    let mut habits: BTreeMap<(Who, Habit), Vec<Seen>> = BTreeMap::new();
    let mut roles: BTreeMap<String, Vec<(Seen, String)>> = BTreeMap::new();
    for (who, habit, seen) in reads {
        roles.entry(who.0.clone()).or_default().push((seen, who.1.clone()));
        habits.entry((who, habit)).or_default().push(seen);
    }
    let mut longest: BTreeMap<Who, i64> = BTreeMap::new();
    let mut note = |who: Who, time: i64| {
        let known = longest.entry(who).or_default();
        *known = time.max(*known);
    };
    for ((who, _), seen) in habits {
        merged(seen, i64::MAX).into_iter().for_each(|all| note(who.clone(), all.longest));
    }
    for (role, mut seen) in roles {
        seen.sort_by_key(|(s, _)| s.first);
        let mut until = i64::MAX;
        for (s, application) in seen {
            note((role.clone(), application), s.first.saturating_sub(until));
            until = if until == i64::MAX { s.last } else { until.max(s.last) };
        }
    }
    longest
}

/// A time for people, in days and a time of day: what is less than a second is left out of what is more.
#[must_use]
pub fn span(micros: i64) -> String {
    let seconds = micros / 1_000_000;
    let days = seconds / 86_400;
    let time = format!("{:02}:{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let days_text = format!("{days} day{}", if days == 1 { "" } else { "s" });
    match (days, seconds % 86_400) {
        (0, 0) => format!("{} ms", micros / 1000),
        (0, _) => time,
        (_, 0) => days_text,
        _ => format!("{days_text} {time}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(first: i64, last: i64, longest: i64) -> Seen {
        Seen { first, last, reads: 2, longest }
    }

    fn who(role: &str, application: &str) -> Who {
        (role.into(), application.into())
    }

    #[test]
    fn what_lies_between_cuts_an_interval() {
        let apart = vec![seen(90, 100, 5), seen(0, 10, 3), seen(50, 60, 4)];
        assert_eq!(
            merged(apart.clone(), i64::MAX),
            vec![Seen { first: 0, last: 100, reads: 6, longest: 40 }]
        );
        assert_eq!(merged(apart.clone(), 29), vec![seen(0, 10, 3), seen(50, 60, 4), seen(90, 100, 5)]);
        let between = vec![seen(0, 10, 3), seen(5, 95, 7), seen(90, 100, 5)];
        assert_eq!(merged(between, i64::MAX)[0].longest, 7, "none is longer than that of the longest");
        assert_eq!(merged(vec![], 1), vec![]);
    }

    #[test]
    fn the_order_of_merging_makes_no_difference_where_nothing_overlaps() {
        let all = vec![seen(0, 1, 1), seen(50, 51, 1), seen(70, 71, 1)];
        let first = merged(all[..2].to_vec(), i64::MAX);
        assert_eq!(merged([&first[..], &all[2..]].concat(), i64::MAX), merged(all, i64::MAX));
    }

    #[test]
    fn each_habit_of_a_reader_counts() {
        let daily = |column: &'static str| (who("app", "shop"), column, seen(0, 1000, 10));
        let yearly = [(who("app", "shop"), "b", Seen::once(0)), (who("app", "shop"), "b", Seen::once(400))];
        let reads = [vec![daily("a")], yearly.to_vec()].concat();
        assert_eq!(longest(reads), BTreeMap::from([(who("app", "shop"), 400)]));
        assert_eq!(longest(vec![daily("a")])[&who("app", "shop")], 10);
    }

    #[test]
    fn who_was_seen_once_has_no_interval() {
        let reads = vec![(who("a", "x"), "c", Seen::once(5)), (who("b", "x"), "c", Seen::once(900))];
        assert!(longest(reads).values().all(|l| *l == 0));
    }

    #[test]
    fn a_role_under_another_name_of_its_application_is_the_same_role() {
        let reads = vec![
            (who("a", "job 1"), "c", Seen::once(5)),
            (who("a", "job 3"), "c", Seen::once(905)),
            (who("a", "job 2"), "c", Seen::once(105)),
        ];
        let longest = longest(reads);
        assert_eq!(longest[&who("a", "job 3")], 800);
        assert_eq!(longest[&who("a", "job 2")], 100);
        assert_eq!(longest[&who("a", "job 1")], 0);
    }

    #[test]
    fn spans_are_for_people() {
        let hour = 3_600_000_000;
        for (micros, text) in [
            (7, "0 ms"),
            (250_000, "250 ms"),
            (4_100_000, "00:00:04"),
            (24 * hour, "1 day"),
            (31 * 24 * hour + 2 * hour, "31 days 02:00:00"),
        ] {
            assert_eq!(span(micros), text);
        }
    }
}
