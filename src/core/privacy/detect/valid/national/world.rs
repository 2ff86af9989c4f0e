//! The other continents.
use super::super::{digits, is_day, luhn, number, weighted};
use super::is_shaped;

pub(super) fn is_ssn(d: &[u32]) -> bool {
    d.len() == 9
        && d.iter().any(|x| *x != d[0])
        && !matches!(number(&d[..3]), 0 | 666 | 900..)
        && number(&d[3..5]) != 0
        && number(&d[5..]) != 0
        && number(d) != 78_051_120
}

pub(super) fn us_ssn_formed(v: &str) -> bool {
    is_shaped(v, "999-99-9999") && digits(v, "-").is_some_and(|d| is_ssn(&d))
}

pub(super) fn us_ssn_plain(v: &str) -> bool {
    is_shaped(v, "999999999") && digits(v, "").is_some_and(|d| is_ssn(&d))
}

pub(super) fn us_itin(v: &str) -> bool {
    is_shaped(v, "999-99-9999")
        && v.starts_with('9')
        && v[4..6].parse::<u32>().is_ok_and(|n| matches!(n, 50..=65 | 70..=88 | 90..=92 | 94..=99))
}

pub(super) fn br_cpf(v: &str) -> bool {
    let Some(d) = digits(v, ".-").filter(|d| d.len() == 11 && d.iter().any(|x| *x != d[0])) else {
        return false;
    };
    let check = |n: usize| {
        let sum: u32 = d[..n].iter().zip((2..=n as u32 + 1).rev()).map(|(x, w)| x * w).sum();
        sum * 10 % 11 % 10
    };
    check(9) == d[9] && check(10) == d[10]
}

/// Verhoeff's check digit: the dihedral group of order ten.
pub(super) fn in_aadhaar(v: &str) -> bool {
    const PERMUTED: [u32; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let Some(d) = digits(v, " -").filter(|d| d.len() == 12 && d[0] >= 2) else { return false };
    let times = |a: u32, b: u32| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => (a + b - 5) % 5 + 5,
        (false, true) => (a + 5 - b) % 5 + 5,
        (false, false) => (a + 5 - b) % 5,
    };
    let check = d
        .iter()
        .rev()
        .enumerate()
        .fold(0, |c, (i, x)| times(c, (0..i % 8).fold(*x, |p, _| PERMUTED[p as usize])));
    check == 0
}

pub(super) fn in_pan(v: &str) -> bool {
    is_shaped(v, "AAAAA9999A") && "PCHABGJLFT".contains(v.as_bytes()[3] as char)
}

pub(super) fn cn_resident_id(v: &str) -> bool {
    let v = v.to_ascii_uppercase();
    if v.len() != 18 || !v.is_ascii() {
        return false;
    }
    let Some(d) = digits(&v[..17], "") else { return false };
    let sum = weighted(&d, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    matches!(number(&d[6..10]), 1900..=2100)
        && is_day(number(&d[10..12]) as u32, number(&d[12..14]) as u32)
        && b"10X98765432"[(sum % 11) as usize] == v.as_bytes()[17]
}

pub(super) fn tr_tckn(v: &str) -> bool {
    let Some(d) = digits(v, "").filter(|d| d.len() == 11 && d[0] != 0) else { return false };
    let odd: u32 = d[..9].iter().step_by(2).sum();
    let even: u32 = d[1..8].iter().step_by(2).sum();
    (odd * 7 + 10 * 9 - even) % 10 == d[9] && d[..10].iter().sum::<u32>() % 10 == d[10]
}

pub(super) fn kr_rrn(v: &str) -> bool {
    let Some(d) = digits(v, "-").filter(|d| d.len() == 13 && matches!(d[6], 1..=8)) else { return false };
    let check = (11 - weighted(&d[..12], &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11) % 10;
    is_day(d[2] * 10 + d[3], d[4] * 10 + d[5]) && check == d[12]
}

pub(super) fn za_id(v: &str) -> bool {
    digits(v, " ").is_some_and(|d| {
        d.len() == 13 && is_day(d[2] * 10 + d[3], d[4] * 10 + d[5]) && d[10] <= 2 && luhn(&d)
    })
}

pub(super) fn au_tfn(v: &str) -> bool {
    digits(v, " ").is_some_and(|d| {
        d.len() == 9 && number(&d) > 0 && weighted(&d, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11)
    })
}

pub(super) fn ca_sin(v: &str) -> bool {
    digits(v, " -").is_some_and(|d| d.len() == 9 && !matches!(d[0], 0 | 8) && luhn(&d))
}

pub(super) fn mx_curp(v: &str) -> bool {
    let b = v.as_bytes();
    b.len() == 18
        && b[..4].iter().all(u8::is_ascii_uppercase)
        && b[4..10].iter().all(u8::is_ascii_digit)
        && matches!(b[10], b'H' | b'M' | b'X')
        && b[11..16].iter().all(u8::is_ascii_uppercase)
        && b[16].is_ascii_alphanumeric()
        && b[17].is_ascii_digit()
}
