//! What a value looks like: validators with check digits where there are any.

/// Whether it is an e-mail address, as people write them.
#[must_use]
pub fn is_email(value: &str) -> bool {
    let Some((local, domain)) = value.trim().rsplit_once('@') else { return false };
    let local_fine = !local.is_empty()
        && local.len() <= 64
        && !local.starts_with('.')
        && local.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(c));
    let labels: Vec<&str> = domain.split('.').collect();
    local_fine
        && labels.len() >= 2
        && domain.len() <= 253
        && labels.iter().all(|l| {
            !l.is_empty()
                && !l.starts_with('-')
                && !l.ends_with('-')
                && l.chars().all(|c| c.is_alphanumeric() || c == '-')
        })
        && labels.last().is_some_and(|l| l.len() >= 2 && l.chars().any(char::is_alphabetic))
}

/// Whether it is written like a telephone number: 7 to 15 digits, and a plus, brackets or gaps that numbers of other
/// kinds do not have.
#[must_use]
pub fn is_phone(value: &str) -> bool {
    let v = value.trim();
    let digits = v.chars().filter(char::is_ascii_digit).count();
    let formed = v.starts_with('+')
        || v.starts_with('(')
        || v.contains(") ")
        || v.matches([' ', '-', '.']).count() >= 2;
    (7..=15).contains(&digits)
        && formed
        && v.chars().all(|c| c.is_ascii_digit() || "+ -()./".contains(c))
        && !is_ip(v)
        && !is_date(v)
}

/// Whether it is a date as ISO writes it, or with dots or slashes.
fn is_date(value: &str) -> bool {
    let head = value.split([' ', 'T']).next().unwrap_or_default();
    let parts: Vec<&str> = head.split(['-', '/', '.']).collect();
    parts.len() == 3
        && parts.iter().all(|p| !p.is_empty() && p.chars().all(|c| c.is_ascii_digit()))
        && parts.iter().map(|p| p.len()).sum::<usize>() <= 8
        && parts.iter().any(|p| p.len() == 4)
}

/// Whether it is an IBAN: country, check digits, mod 97.
#[must_use]
pub fn is_iban(value: &str) -> bool {
    let v: Vec<u8> = value.bytes().filter(|b| *b != b' ').collect();
    if !(15..=34).contains(&v.len())
        || !v[..2].iter().all(u8::is_ascii_uppercase)
        || !v[2..4].iter().all(u8::is_ascii_digit)
        || !v[4..].iter().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
    {
        return false;
    }
    let rest = v[4..].iter().chain(&v[..4]).fold(0u32, |rest, b| {
        if b.is_ascii_digit() {
            (rest * 10 + u32::from(b - b'0')) % 97
        } else {
            (rest * 100 + u32::from(b - b'A') + 10) % 97
        }
    });
    rest == 1
}

/// Whether it is a payment card number: 13 to 19 digits, a first digit that schemes use, Luhn's check digit.
#[must_use]
pub fn is_card(value: &str) -> bool {
    if !value.chars().all(|c| c.is_ascii_digit() || c == ' ' || c == '-') {
        return false;
    }
    let digits: Vec<u32> = value.chars().filter_map(|c| c.to_digit(10)).collect();
    if !(13..=19).contains(&digits.len()) || !matches!(digits[0], 2..=6) {
        return false;
    }
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, d)| if i % 2 == 1 { if d * 2 > 9 { d * 2 - 9 } else { d * 2 } } else { *d })
        .sum();
    sum.is_multiple_of(10)
}

/// Whether it is an IP address, with or without a prefix length.
#[must_use]
pub fn is_ip(value: &str) -> bool {
    let host = value.split('/').next().unwrap_or_default();
    (host.contains('.') || host.contains(':')) && host.parse::<std::net::IpAddr>().is_ok()
}

/// Whether it is a date on which a living person can have been born, given this year.
#[must_use]
pub fn is_birth_date(value: &str, this_year: i32) -> bool {
    let year = value.get(..4).and_then(|y| y.parse::<i32>().ok());
    value.as_bytes().get(4) == Some(&b'-') && year.is_some_and(|y| (this_year - 115..=this_year).contains(&y))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert!(is_email("luisg@embraer.com.br") && is_email("o'neil+x@a-b.org"));
        assert!(!is_email("@handle") && !is_email("a@b") && !is_email("a b@c.de") && !is_email("x@1.2"));
        assert!(is_ip("10.0.0.1") && is_ip("10.0.0.1/32") && is_ip("2001:db8::1"));
        assert!(!is_ip("1.2.3") && !is_ip("12345") && !is_ip("10:30"));
    }

    #[test]
    fn numbers() {
        assert!(is_phone("+55 (12) 3923-5555") && is_phone("(206) 555-9857") && is_phone("030-0074-321"));
        assert!(
            !is_phone("12345678")
                && !is_phone("2020-01-02")
                && !is_phone("192.168.100.100")
                && !is_phone("1.5")
        );
        assert!(is_iban("DE89 3704 0044 0532 0130 00") && is_iban("GB82WEST12345698765432"));
        assert!(!is_iban("DE89370400440532013001") && !is_iban("DE"));
        assert!(is_card("4111 1111 1111 1111") && !is_card("4111111111111112") && !is_card("1234567890123"));
    }

    #[test]
    fn births() {
        assert!(is_birth_date("1962-02-18", 2026) && !is_birth_date("1896-01-01", 2026));
        assert!(!is_birth_date("2030-01-01", 2026) && !is_birth_date("x", 2026));
    }
}
