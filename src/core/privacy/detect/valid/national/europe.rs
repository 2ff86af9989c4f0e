//! Europe.
use super::super::{digits, is_day, luhn, number, weighted};
use super::is_shaped;

pub(super) fn uk_nino(v: &str) -> bool {
    let v: String = v.chars().filter(|c| *c != ' ').collect();
    is_shaped(&v, "AA999999A")
        && !v[..2].contains(['D', 'F', 'I', 'Q', 'U', 'V'])
        && v.as_bytes()[1] != b'O'
        && !["BG", "GB", "NK", "KN", "TN", "NT", "ZZ"].contains(&&v[..2])
        && matches!(v.as_bytes()[8], b'A'..=b'D')
}

pub(super) fn uk_nhs(v: &str) -> bool {
    let Some(d) = digits(v, " -").filter(|d| d.len() == 10) else { return false };
    let check = (11 - weighted(&d[..9], &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 11;
    check == d[9]
}

/// ISO 7064 mod 11, 10; one digit of the first ten stands twice or thrice.
pub(super) fn de_steuer_id(v: &str) -> bool {
    let Some(d) = digits(v, " ").filter(|d| d.len() == 11 && d[0] != 0) else { return false };
    let mut counts = [0u32; 10];
    d[..10].iter().for_each(|x| counts[*x as usize] += 1);
    if counts.iter().filter(|c| matches!(c, 2 | 3)).count() != 1 || counts.iter().any(|c| *c > 3) {
        return false;
    }
    let product = d[..10].iter().fold(10, |product, x| {
        let sum = (x + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10 == d[10]
}

/// Value of a letter or digit where letters go on after 9.
fn alphanumeric(b: u8) -> Option<u32> {
    match b {
        b'0'..=b'9' => Some(u32::from(b - b'0')),
        b'A'..=b'Z' => Some(u32::from(b - b'A') + 10),
        _ => None,
    }
}

/// Check digit with the weights 7, 3, 1 of travel documents.
pub(super) fn de_personalausweis(v: &str) -> bool {
    let b = v.as_bytes();
    if b.len() != 10 || !b[9].is_ascii_digit() || !"LMNPRTVWXYCFGHJK".contains(b[0] as char) {
        return false;
    }
    let sum: Option<u32> =
        b[..9].iter().zip([7, 3, 1].iter().cycle()).map(|(c, w)| alphanumeric(*c).map(|n| n * w)).sum();
    sum.is_some_and(|s| s % 10 == u32::from(b[9] - b'0'))
}

pub(super) fn de_rentenversicherung(v: &str) -> bool {
    let v: String = v.chars().filter(|c| *c != ' ').collect();
    if !is_shaped(&v, "99999999A999") {
        return false;
    }
    let letter = u32::from(v.as_bytes()[8] - b'A') + 1;
    let mut d: Vec<u32> = v[..8].bytes().map(|b| u32::from(b - b'0')).collect();
    d.extend([letter / 10, letter % 10]);
    d.extend(v[9..11].bytes().map(|b| u32::from(b - b'0')));
    let sum: u32 =
        d.iter().zip([2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1]).map(|(x, w)| x * w).map(|p| p / 10 + p % 10).sum();
    is_day((d[4] * 10 + d[5]).max(1), ((d[2] * 10 + d[3]) % 50).max(1))
        && sum % 10 == u32::from(v.as_bytes()[11] - b'0')
}

pub(super) fn fr_nir(v: &str) -> bool {
    let v: String = v.chars().filter(|c| !" -".contains(*c)).collect();
    if v.len() != 15 || !v.is_ascii() || !matches!(v.as_bytes()[0], b'1' | b'2' | b'7' | b'8') {
        return false;
    }
    // Corsica writes letters.
    let body = v[..13].replacen("2A", "19", 1).replacen("2B", "18", 1);
    let (Ok(n), Ok(key), Ok(month)) = (body.parse::<u64>(), v[13..].parse::<u64>(), v[3..5].parse::<u32>())
    else {
        return false;
    };
    matches!(month, 1..=12 | 20..=42 | 50..=99) && 97 - n % 97 == key
}

pub(super) fn es_dni(v: &str) -> bool {
    let v = v.replace(['-', ' ', '.'], "").to_ascii_uppercase();
    if !v.is_ascii() || v.len() != 9 {
        return false;
    }
    let body = match v.as_bytes()[0] {
        b'X' => format!("0{}", &v[1..8]),
        b'Y' => format!("1{}", &v[1..8]),
        b'Z' => format!("2{}", &v[1..8]),
        _ => v[..8].to_string(),
    };
    body.bytes().all(|b| b.is_ascii_digit())
        && body.parse::<usize>().is_ok_and(|n| b"TRWAGMYFPDXBNJZSQVHLCKE"[n % 23] == v.as_bytes()[8])
}

pub(super) fn it_codice_fiscale(v: &str) -> bool {
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let v = v.to_ascii_uppercase();
    let b = v.as_bytes();
    if b.len() != 16 || !b.iter().all(u8::is_ascii_alphanumeric) || !b[..6].iter().all(u8::is_ascii_uppercase)
    {
        return false;
    }
    let sum: u32 = b[..15]
        .iter()
        .enumerate()
        .map(|(i, c)| {
            let n = if c.is_ascii_digit() { u32::from(c - b'0') } else { u32::from(c - b'A') };
            if i % 2 == 0 { ODD[n as usize] } else { n }
        })
        .sum();
    b"ABCDEHLMPRST".contains(&b[8]) && u32::from(b[15].wrapping_sub(b'A')) == sum % 26
}

pub(super) fn pt_nif(v: &str) -> bool {
    let Some(d) = digits(v, " ").filter(|d| d.len() == 9 && matches!(d[0], 1..=3)) else { return false };
    let rest = weighted(&d[..8], &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    d[8] == if rest < 2 { 0 } else { 11 - rest }
}

pub(super) fn nl_bsn(v: &str) -> bool {
    let Some(d) = digits(v, ".").filter(|d| d.len() == 9 && number(d) > 0) else { return false };
    let sum = weighted(&d[..8], &[9, 8, 7, 6, 5, 4, 3, 2]);
    sum >= d[8] && (sum - d[8]).is_multiple_of(11)
}

pub(super) fn be_rrn(v: &str) -> bool {
    let Some(d) = digits(v, ".- ").filter(|d| d.len() == 11) else { return false };
    let (n, check) = (number(&d[..9]), number(&d[9..]));
    let day = is_day((d[2] * 10 + d[3]).max(1), (d[4] * 10 + d[5]).max(1));
    day && (97 - n % 97 == check || 97 - (2_000_000_000 + n) % 97 == check)
}

pub(super) fn pl_pesel(v: &str) -> bool {
    let Some(d) = digits(v, "").filter(|d| d.len() == 11) else { return false };
    let check = (10 - weighted(&d[..10], &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10) % 10;
    is_day((d[2] * 10 + d[3]) % 20, d[4] * 10 + d[5]) && check == d[10]
}

pub(super) fn se_personnummer(v: &str) -> bool {
    let formed = v.contains(['-', '+']);
    let Some(d) = digits(v, "-+") else { return false };
    let d = match d.len() {
        12 if matches!(number(&d[..2]), 18..=20) => &d[2..],
        10 if formed => &d[..],
        _ => return false,
    };
    is_day(d[2] * 10 + d[3], (d[4] * 10 + d[5]) % 60) && luhn(d)
}

/// No check digit any more; day, month, and the dash where it belongs.
pub(super) fn dk_cpr(v: &str) -> bool {
    is_shaped(v, "999999-9999") && digits(v, "-").is_some_and(|d| is_day(d[2] * 10 + d[3], d[0] * 10 + d[1]))
}

pub(super) fn no_fodselsnummer(v: &str) -> bool {
    let Some(d) = digits(v, " ").filter(|d| d.len() == 11) else { return false };
    let first = (11 - weighted(&d[..9], &[3, 7, 6, 1, 8, 9, 4, 5, 2]) % 11) % 11;
    let second = (11 - weighted(&d[..10], &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11;
    is_day((d[2] * 10 + d[3]) % 40, (d[0] * 10 + d[1]) % 40) && first == d[9] && second == d[10]
}

pub(super) fn fi_hetu(v: &str) -> bool {
    let b = v.as_bytes();
    if b.len() != 11 || !v.is_ascii() || !b"+-ABCDEFYXWVU".contains(&b[6]) {
        return false;
    }
    let Some(d) = digits(&format!("{}{}", &v[..6], &v[7..10]), "").filter(|d| d.len() == 9) else {
        return false;
    };
    is_day(d[2] * 10 + d[3], d[0] * 10 + d[1])
        && b"0123456789ABCDEFHJKLMNPRSTUVWXY"[(number(&d) % 31) as usize] == b[10].to_ascii_uppercase()
}

pub(super) fn ch_ahv(v: &str) -> bool {
    digits(v, ".").is_some_and(|d| d.len() == 13 && d[..3] == [7, 5, 6])
        && super::super::money::is_article_number(&v.replace('.', ""))
}
