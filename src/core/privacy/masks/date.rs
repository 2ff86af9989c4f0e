//! Dates and times: days and microseconds since 1 January 2000, as PostgreSQL counts.
use super::Context;
use super::utf8;
use crate::core::privacy::mask::Mask;
use crate::core::privacy::random::Draw;

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// Days that a date can be.
const DAYS: (i64, i64) = (-2_451_545, 2_145_031_948);
/// Microseconds that a timestamp can be.
const TIMES: (i64, i64) = (-211_813_488_000_000_000, 9_223_371_331_199_999_999);

/// What a date is cut off to, the finest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// Hours; times only.
    Hour,
    /// Days; times only.
    Day,
    /// Weeks, from Monday.
    Week,
    /// Months.
    Month,
    /// Quarters.
    Quarter,
    /// Years.
    Year,
    /// Ten years.
    Decade,
}

impl Unit {
    /// All of them with their names.
    pub const ALL: [(&'static str, Unit); 7] = [
        ("hour", Unit::Hour),
        ("day", Unit::Day),
        ("week", Unit::Week),
        ("month", Unit::Month),
        ("quarter", Unit::Quarter),
        ("year", Unit::Year),
        ("decade", Unit::Decade),
    ];
}

/// Year, month and day of a day (Howard Hinnant's algorithm).
fn civil(day: i64) -> (i64, i64, i64) {
    let z = day + 730_425; // 1 March of the year 0
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let shifted = (5 * doy + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, doy - (153 * shifted + 2) / 5 + 1)
}

/// The day of a date; the month from 1, the day may be any.
fn day_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let yoe = year.rem_euclid(400);
    let doy = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 730_425
}

fn truncate(day: i64, unit: Unit) -> i64 {
    let (year, month, _) = civil(day);
    match unit {
        Unit::Hour | Unit::Day => day,
        Unit::Week => (day - 2).div_euclid(7) * 7 + 2, // 3 January 2000 was a Monday
        Unit::Month => day_of(year, month, 1),
        Unit::Quarter => day_of(year, (month - 1) / 3 * 3 + 1, 1),
        Unit::Year => day_of(year, 1, 1),
        Unit::Decade => day_of(year.div_euclid(10) * 10, 1, 1),
    }
}

/// A day under a mask; None where it has none.
#[must_use]
pub fn day(mask: &Mask, day: i64, with: Context) -> Option<i64> {
    let day = day.clamp(DAYS.0, DAYS.1);
    let made = match mask {
        // A day cut off to days would be itself.
        Mask::DateTrunc(unit) if *unit >= Unit::Week => truncate(day, *unit),
        Mask::DateTrunc(_) => return None,
        Mask::DateShift { days, .. } => day.checked_add(subject_shift(*days, with)?)?,
        Mask::Noise { days, .. } => day.checked_add(value_shift(*days, day, with)?)?,
        Mask::Bucket { size, .. } | Mask::Range { size, .. } => {
            let size = i64::try_from(size.rescale(0)?.mantissa).ok().filter(|n| *n > 1)?;
            day.checked_sub(day.rem_euclid(size))?
        }
        _ => return None,
    };
    Some(made.clamp(DAYS.0, DAYS.1))
}

/// A time under a mask; None where it has none.
#[must_use]
pub fn time(mask: &Mask, micros: i64, with: Context) -> Option<i64> {
    let (date, of_day) = (micros.div_euclid(DAY), micros.rem_euclid(DAY));
    let made = match mask {
        Mask::DateTrunc(Unit::Hour) => micros.checked_sub(of_day % (DAY / 24))?,
        Mask::DateTrunc(Unit::Day) => date.checked_mul(DAY)?,
        Mask::DateShift { days, .. } => micros.checked_add(subject_shift(*days, with)?.checked_mul(DAY)?)?,
        // The time of day would tell which row it was.
        Mask::Noise { days, .. } => {
            let mut draw = Draw::new(with.keys?.prf("time noise", &[with.subject, &micros.to_le_bytes()]));
            micros
                .checked_add(draw.days(*days).checked_mul(DAY)?)?
                .checked_sub((draw.number() % DAY as u64) as i64)?
        }
        _ => day(mask, date, with)?.checked_mul(DAY)?,
    };
    Some(made.clamp(TIMES.0, TIMES.1))
}

/// By how many days all dates of the row's subject are moved.
fn subject_shift(days: u32, with: Context) -> Option<i64> {
    Some(Draw::new(with.keys?.prf("date shift", &[with.subject])).days(days))
}

fn value_shift(days: u32, day: i64, with: Context) -> Option<i64> {
    Some(Draw::new(with.keys?.prf("date noise", &[with.subject, &day.to_le_bytes()])).days(days))
}

/// A date kept as text, YYYY-MM-DD with or without a time behind it: the day under a mask.
pub fn text(mask: &Mask, value: &[u8], with: Context, out: &mut Vec<u8>) -> Option<()> {
    let value = utf8(value).trim();
    let (date, rest) = (value.get(..10)?, &value[10..]);
    let part = |from: usize, to: usize| {
        let part = &date[from..to];
        part.bytes().all(|c| c.is_ascii_digit()).then(|| part.parse::<i64>().ok())?
    };
    let separated = date.is_ascii() && date.as_bytes()[4] == b'-' && date.as_bytes()[7] == b'-';
    if !separated || !(rest.is_empty() || rest.starts_with([' ', 'T'])) {
        return None;
    }
    let (y, m, d) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
    let number = day_of(y, m, d);
    if !(1..=12).contains(&m) || civil(number) != (y, m, d) {
        return None;
    }
    let (y, m, d) = civil(day(mask, number, with)?);
    if !(0..=9999).contains(&y) {
        return None;
    }
    out.extend_from_slice(format!("{y:04}-{m:02}-{d:02}").as_bytes());
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::privacy::key::Keys;

    #[test]
    fn the_calendar_is_right() {
        assert_eq!(civil(0), (2000, 1, 1));
        assert_eq!(day_of(1970, 1, 1), -10_957);
        for day in (DAYS.0..DAYS.1).step_by(9973) {
            let (y, m, d) = civil(day);
            assert_eq!(day_of(y, m, d), day);
        }
        assert_eq!(truncate(day_of(1987, 6, 5), Unit::Year), day_of(1987, 1, 1));
        assert_eq!(truncate(day_of(1987, 6, 5), Unit::Quarter), day_of(1987, 4, 1));
        assert_eq!(truncate(day_of(1987, 6, 5), Unit::Week), day_of(1987, 6, 1));
        assert_eq!(truncate(day_of(1987, 6, 5), Unit::Decade), day_of(1980, 1, 1));
    }

    #[test]
    fn days_and_hours_are_for_times_only() {
        assert_eq!(day(&Mask::DateTrunc(Unit::Day), 5, Context::default()), None);
        assert_eq!(time(&Mask::DateTrunc(Unit::Day), 5, Context::default()), Some(0));
        assert_eq!(time(&Mask::DateTrunc(Unit::Hour), -5, Context::default()), Some(-DAY / 24));
    }

    #[test]
    fn intervals_of_one_subject_stay_true() {
        let keys = Keys::new(&[1; 32]).unwrap();
        let shift = Mask::DateShift { subject: "id".into(), days: 30 };
        for subject in 0..200_u8 {
            let subject = [subject];
            let with = Context { keys: Some(&keys), subject: &subject };
            let (a, b) = (day(&shift, 100, with).unwrap(), day(&shift, 177, with).unwrap());
            assert_eq!(b - a, 77);
            assert!(a != 100 && (70..=130).contains(&a));
            assert_eq!(time(&shift, 100 * DAY + 7, with).unwrap(), a * DAY + 7);
        }
        assert_eq!(day(&shift, 100, Context::default()), None);
    }

    #[test]
    fn dates_kept_as_text() {
        let t = |s: &str| {
            let mut out = Vec::new();
            text(&Mask::DateTrunc(Unit::Year), s.as_bytes(), Context::default(), &mut out)
                .map(|()| String::from_utf8(out).unwrap())
        };
        assert_eq!(t("1987-06-05").unwrap(), "1987-01-01");
        assert_eq!(t("1987-06-05T10:00:00Z").unwrap(), "1987-01-01");
        for bad in ["1987-02-30", "1987-6-5", "05.06.1987", "", "1987-06-055", "198é-06-05", "+987-06-05"] {
            assert_eq!(t(bad), None, "{bad}");
        }
    }
}
