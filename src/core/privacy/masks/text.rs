//! A text under a mask.
use super::decimal::Decimal;
use super::{
    Context, address, card, date, fake, fpe, iban, ip, name, national_id, number, partial, phone, scrub, url,
};
use crate::core::privacy::mask::{Mask, NameForm};
use std::io::Write;

/// Keeps the first letter of an address whose local part is longer than two; the domain becomes a reserved one.
fn email(value: &[u8], out: &mut Vec<u8>) {
    let local = value.iter().position(|c| *c == b'@').unwrap_or(0);
    if local > 2 && value[0].is_ascii_alphanumeric() {
        out.push(value[0]);
    }
    out.extend_from_slice(b"***@example.com");
}

/// Writes what may be shown of a text. None, with nothing to be read in `out`, where that is nothing, or a key is missing:
/// the column's NULL or default stands there.
pub fn text(mask: &Mask, value: &[u8], with: Context, out: &mut Vec<u8>) -> Option<()> {
    match mask {
        Mask::Email => email(value, out),
        Mask::Phone => phone::phone(value, out),
        Mask::Partial { left, right, pad } => partial::partial(value, *left, *right, pad.as_bytes(), out),
        Mask::Constant(text) => out.extend_from_slice(text.as_bytes()),
        Mask::Pseudonym { digits, domain } => with.keys?.pseudonym(domain, value, *digits, out),
        Mask::Card { first, last, synthetic } => {
            return card::card(value, *first, *last, *synthetic, with, out);
        }
        Mask::Iban { distinct } => return iban::iban(value, *distinct, with, out),
        Mask::NationalId { distinct } => return national_id::national_id(value, *distinct, with, out),
        Mask::Name(NameForm::Initials) => name::initials(value, out),
        Mask::Name(NameForm::Fake(locale)) => return fake::fake(value, fake::Kind::Name, *locale, with, out),
        Mask::Fake { kind, locale } => return fake::fake(value, *kind, *locale, with, out),
        Mask::Address => address::address(value, out),
        Mask::Ip { v4, v6 } => ip::ip(value, *v4, *v6, out),
        Mask::Url { host } => return url::url(value, *host, out),
        Mask::DateTrunc(_) | Mask::DateShift { .. } => return date::text(mask, value, with, out),
        Mask::Bucket { size, max } => {
            let (lower, _) = number::lower_bound(Decimal::parse(super::utf8(value))?, *size, *max)?;
            write!(out, "{lower}").ok()?;
        }
        Mask::Range { size, max } => {
            let (lower, upper) = number::lower_bound(Decimal::parse(super::utf8(value))?, *size, *max)?;
            match upper {
                Some(upper) => write!(out, "[{lower},{upper})").ok()?,
                None => write!(out, "[{lower},)").ok()?,
            }
        }
        Mask::Noise { .. } => {
            let made = number::number(mask, Decimal::parse(super::utf8(value))?, number::Room::ANY, with)?;
            write!(out, "{made}").ok()?;
        }
        Mask::Fpe { domain } => out.extend(fpe::text(with.keys?, domain, value, fpe::Way::There)?),
        Mask::Scrub => return scrub::scrub(value, out),
        Mask::Json(paths) => return super::json::document(value, paths, with, out),
        // The server decides which of both holds, where it knows the other column.
        Mask::Conditional(_) | Mask::Default | Mask::Null => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emails() {
        let e = |s: &str| {
            let mut out = Vec::new();
            email(s.as_bytes(), &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(e("alice@corp.test"), "a***@example.com");
        assert_eq!(e("al@corp.test"), "***@example.com");
        assert_eq!(e("no address at all"), "***@example.com");
        assert_eq!(e(""), "***@example.com");
        assert_eq!(e("élodie@corp.test"), "***@example.com");
    }
}
