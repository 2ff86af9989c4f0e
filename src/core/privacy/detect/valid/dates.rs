//! Dates as tables hold them.

/// The year, month and day of a value that begins with a date: ISO, dots, slashes, or eight digits.
#[must_use]
pub fn parse(value: &str) -> Option<(i32, u32, u32)> {
    let head = value.trim().split([' ', 'T']).next().unwrap_or_default();
    if head.len() == 8 && head.bytes().all(|b| b.is_ascii_digit()) {
        let n: i32 = head.parse().ok()?;
        return valid(n / 10_000, (n / 100 % 100) as u32, (n % 100) as u32);
    }
    let parts: Vec<&str> = head.split(['-', '/', '.']).collect();
    let [a, b, c] = parts[..] else { return None };
    if ![a, b, c].iter().all(|p| !p.is_empty() && p.len() <= 4 && p.bytes().all(|b| b.is_ascii_digit())) {
        return None;
    }
    let n = |p: &str| p.parse::<u32>().unwrap_or(0);
    if a.len() == 4 && b.len() <= 2 && c.len() <= 2 {
        valid(n(a) as i32, n(b), n(c))
    } else if c.len() == 4 && a.len() <= 2 && b.len() <= 2 {
        valid(n(c) as i32, n(b), n(a)).or_else(|| valid(n(c) as i32, n(a), n(b)))
    } else {
        None
    }
}

fn valid(year: i32, month: u32, day: u32) -> Option<(i32, u32, u32)> {
    ((1000..=9999).contains(&year) && super::is_day(month, day)).then_some((year, month, day))
}

/// Whether somebody alive can have been born then.
#[must_use]
pub fn is_birth_year(year: i32, this_year: i32) -> bool {
    (this_year - 115..=this_year).contains(&year)
}

/// Whether a value has a time of day other than midnight.
#[must_use]
pub fn has_time(value: &str) -> bool {
    let time = value.trim().split_once([' ', 'T']).map_or("", |(_, t)| t);
    time.get(..5).is_some_and(|t| t.as_bytes()[2] == b':' && t != "00:00")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        assert_eq!(parse("1962-02-18"), Some((1962, 2, 18)));
        assert_eq!(parse("1962-02-18 00:00:00"), Some((1962, 2, 18)));
        assert_eq!(parse("18.02.1962"), Some((1962, 2, 18)));
        assert_eq!(parse("2/18/1962"), Some((1962, 2, 18)));
        assert_eq!(parse("19620218"), Some((1962, 2, 18)));
        assert_eq!(parse("x"), None);
        assert_eq!(parse("12.345.678"), None);
        assert!(is_birth_year(1962, 2026) && !is_birth_year(1896, 2026) && !is_birth_year(2030, 2026));
        assert!(
            has_time("2020-01-01 12:30:00+00") && !has_time("2020-01-01 00:00:00") && !has_time("2020-01-01")
        );
    }
}
