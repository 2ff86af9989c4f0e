//! E-mail addresses and telephone numbers.
use super::{dates, network};

/// Whether it is an e-mail address, as people write them.
#[must_use]
pub fn is_email(value: &str) -> bool {
    let value = value.trim();
    let Some((local, domain)) = value.rsplit_once('@') else { return false };
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
        && labels.last().is_some_and(|l| l.len() >= 2 && l.chars().all(char::is_alphabetic))
}

/// Boxes that nobody owns: `info@`, `noreply@`.
#[must_use]
pub fn is_role_box(email: &str) -> bool {
    const BOXES: [&str; 16] = [
        "info",
        "noreply",
        "no-reply",
        "support",
        "sales",
        "contact",
        "admin",
        "office",
        "hello",
        "billing",
        "help",
        "service",
        "kontakt",
        "mail",
        "webmaster",
        "postmaster",
    ];
    email
        .trim()
        .split_once('@')
        .is_some_and(|(local, _)| BOXES.contains(&local.to_ascii_lowercase().as_str()))
}

/// Whether it is written like a telephone number: the digits of one, and a plus, brackets or gaps that numbers of other
/// kinds do not have.
#[must_use]
pub fn is_phone(value: &str) -> bool {
    let v = bare(value);
    let digits = v.chars().filter(char::is_ascii_digit).count();
    if !(7..=15).contains(&digits)
        || !v.chars().all(|c| c.is_ascii_digit() || "+ -()./".contains(c))
        || network::is_ip(v)
        || dates::parse(v).is_some()
        || v.starts_with('-')
    {
        return false;
    }
    let groups: Vec<usize> =
        v.split(|c: char| !c.is_ascii_digit()).filter(|g| !g.is_empty()).map(str::len).collect();
    if let Some(international) = v.strip_prefix('+').or_else(|| v.strip_prefix("00")) {
        return has_calling_code(international, digits - if v.starts_with("00") { 2 } else { 0 });
    }
    if v.starts_with('(') || v.contains(") ") || v.contains(")") {
        return true;
    }
    // North America writes 3-3-4 with area codes and exchanges from 200; elsewhere trunks begin with 0.
    let american = groups == [3, 3, 4] || groups == [1, 3, 3, 4];
    let trunk = v.starts_with('0') && groups.len() >= 2 && (2..=6).contains(&groups[0]) && digits >= 8;
    let pairs =
        groups.len() >= 4 && groups.iter().all(|g| (1..=3).contains(g)) && !v.contains('.') && digits <= 11;
    american || (trunk && !v.contains('.')) || pairs
}

/// Whether it could be a telephone number written with digits alone: counts only where a name says so.
#[must_use]
pub fn is_bare_phone(value: &str) -> bool {
    let v = bare(value);
    let digits = v.trim_start_matches('+');
    (7..=15).contains(&digits.len())
        && digits.chars().all(|c| c.is_ascii_digit())
        && !digits.chars().all(|c| digits.starts_with(c))
}

/// Whether the digits are those of a mobile number of North America, India, China, … with nothing around: right length, and a
/// first digit that serial numbers rarely share.
#[must_use]
pub fn is_bare_mobile(value: &str) -> bool {
    let v = value.trim();
    if !v.chars().all(|c| c.is_ascii_digit()) {
        return false;
    }
    match v.len() {
        // China 13x to 19x, Russia 79x and 89x, United Kingdom 07, Germany 015 to 017.
        11 => {
            (v.starts_with('1') && matches!(v.as_bytes()[1], b'3'..=b'9'))
                || v.starts_with("79")
                || v.starts_with("89")
                || v.starts_with("07")
                || v.starts_with("015")
                || v.starts_with("017")
        }
        // India 6 to 9, France and others 06, 07.
        10 => matches!(v.as_bytes()[0], b'6'..=b'9') || v.starts_with("06") || v.starts_with("07"),
        12 => v.starts_with("919") || v.starts_with("491") || v.starts_with("447") || v.starts_with("380"),
        13 => v.starts_with("491") || v.starts_with("861") || v.starts_with("55"),
        _ => false,
    }
}

/// Without an extension or a prefix that says what it is.
fn bare(value: &str) -> &str {
    let v = value.trim();
    let v = v.strip_prefix("tel:").or_else(|| v.strip_prefix("Tel. ")).unwrap_or(v);
    match v.find(['x', 'X', 'e', '#']) {
        Some(at) if at >= 7 && v[at..].chars().filter(char::is_ascii_digit).count() <= 6 => {
            let rest = v[at..].trim_start_matches(|c: char| c.is_ascii_alphabetic() || "#. ".contains(c));
            if rest.chars().all(|c| c.is_ascii_digit()) { v[..at].trim_end() } else { v }
        }
        _ => v,
    }
}

/// Calling codes with two digits; 1 and 7 stand alone, all others that exist have three.
const TWO: &str = "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 \
                   84 86 90 91 92 93 94 95 98";

/// Whether the digits after the plus begin with a country and are as many as its numbers have.
fn has_calling_code(international: &str, digits: usize) -> bool {
    let d: String = international.chars().filter(char::is_ascii_digit).take(3).collect();
    if d.len() < 3 {
        return false;
    }
    match d.as_bytes()[0] {
        b'0' => false,
        b'1' => digits == 11 && d.as_bytes()[1] >= b'2',
        b'7' => digits == 11,
        _ if TWO.split_ascii_whitespace().any(|c| d.starts_with(c)) => (9..=14).contains(&digits),
        b'2' | b'3' | b'4' | b'5' | b'6' | b'8' | b'9' => (9..=13).contains(&digits),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert!(is_email("luisg@embraer.com.br") && is_email("o'neil+x@a-b.org"));
        assert!(!is_email("@handle") && !is_email("a@b") && !is_email("a b@c.de") && !is_email("x@1.2"));
        assert!(!is_email("lib@4.17.21") && is_role_box("Info@x.de") && !is_role_box("ann@x.de"));
    }

    #[test]
    fn numbers() {
        for good in [
            "+55 (12) 3923-5555",
            "(206) 555-9857",
            "030-0074-321",
            "+491701234567",
            "0049 170 1234567",
            "06 12 34 56 78",
            "415-555-0132",
            "1-800-555-0100",
            "+1 415 555 0132 x123",
            "020 7946 0958",
            "(5) 555-4729",
            "+86 138 0013 8000",
        ] {
            assert!(is_phone(good), "{good}");
        }
        for bad in [
            "12345678",
            "2020-01-02",
            "192.168.100.100",
            "1.5",
            "+12",
            "978-3-16-148410-0",
            "-1234567",
            "+0123456789",
            "2021-11",
            "12.345.678",
            "123-45-6789",
        ] {
            assert!(!is_phone(bad), "{bad}");
        }
        assert!(is_bare_phone("4155550132") && !is_bare_phone("0000000") && !is_bare_phone("12"));
        assert!(
            is_bare_mobile("13800138000") && is_bare_mobile("9876543210") && !is_bare_mobile("1000000001")
        );
    }
}
