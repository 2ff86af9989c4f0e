//! Numbers.
use super::Context;
use super::decimal::Decimal;
use super::fpe;
use crate::core::privacy::mask::Mask;
use crate::core::privacy::random::Draw;

/// What a number's type can hold.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Digits behind the point; None for as many as there are.
    pub scale: Option<u32>,
    /// The largest mantissa at that scale.
    pub most: i128,
}

impl Room {
    /// For whole numbers.
    #[must_use]
    pub const fn whole(most: i128) -> Self {
        Room { scale: Some(0), most }
    }

    /// Without limits of note.
    pub const ANY: Room = Room { scale: None, most: i64::MAX as i128 };

    /// The number as the type can hold it, at its end where it is beyond; cut off, never rounded.
    fn fit(self, n: Decimal) -> Option<Decimal> {
        let Some(scale) = self.scale else { return Some(n) };
        let n = n.rescale(scale)?;
        Some(Decimal { mantissa: n.mantissa.clamp(-self.most, self.most), scale })
    }
}

/// A number under a mask; None where it has none, for which the type's default stands.
#[must_use]
pub fn number(mask: &Mask, value: Decimal, room: Room, with: Context) -> Option<Decimal> {
    let made = match mask {
        Mask::Noise { ratio, subject: _, days: _ } => noise(value, *ratio, with)?,
        Mask::Bucket { size, max } | Mask::Range { size, max } => lower_bound(value, *size, *max)?.0,
        Mask::Pseudonym { domain, .. } => {
            let text = value.normalize().to_string();
            let drawn =
                Draw::new(with.keys?.prf("number", &[domain.as_bytes(), text.as_bytes()])).wide() >> 1;
            // One above the largest is a power of two or of ten.
            Decimal { mantissa: (drawn % (room.most as u128 + 1)) as i128, scale: room.scale.unwrap_or(0) }
        }
        Mask::Fpe { domain } => {
            let mantissa = fpe::integer(with.keys?, domain, value.mantissa, room.most, fpe::Way::There)?;
            Decimal { mantissa, scale: value.scale }
        }
        _ => return None,
    };
    room.fit(made)
}

/// Adds or takes away at most a part of the number, at least one and at most two units of its last digit where that part
/// is smaller; the sign stays. The same number gets the same noise, so that averaging does not reveal it.
fn noise(value: Decimal, millionths: u32, with: Context) -> Option<Decimal> {
    let text = value.to_string();
    let drawn = Draw::new(with.keys?.prf("noise", &[with.subject, text.as_bytes()])).wide();
    let size = value.mantissa.unsigned_abs();
    let most = (size / 1_000_000)
        .checked_mul(u128::from(millionths))?
        .checked_add(size % 1_000_000 * u128::from(millionths) / 1_000_000)?
        .max(2);
    let n = drawn % most.checked_mul(2)?;
    let delta = if n < most { (n + 1) as i128 } else { -((n - most + 1) as i128) };
    let made = value.mantissa.checked_add(delta)?;
    let crossed = made != 0 && value.mantissa != 0 && (made < 0) != (value.mantissa < 0);
    let below = value.mantissa == 0 && made < 0;
    let mantissa = if crossed || below { value.mantissa.checked_sub(delta)? } else { made };
    Some(Decimal { mantissa, scale: value.scale })
}

/// Lower bound of the interval that a number is in, and its upper one; none above where the tail is cut off.
#[must_use]
pub fn lower_bound(
    value: Decimal,
    size: Decimal,
    max: Option<Decimal>,
) -> Option<(Decimal, Option<Decimal>)> {
    let scale = value.scale.max(size.scale);
    let (v, s) = (value.rescale(scale)?.mantissa, size.rescale(scale)?.mantissa);
    if let Some(max) = max {
        let deeper = scale.max(max.scale);
        if value.rescale(deeper)?.mantissa >= max.rescale(deeper)?.mantissa {
            return Some((max, None));
        }
    }
    let lower = v.checked_div_euclid(s)?.checked_mul(s)?;
    let at = |mantissa| Decimal { mantissa, scale }.rescale(size.scale);
    Some((at(lower)?, Some(at(lower.checked_add(s)?)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::privacy::key::Keys;

    fn d(s: &str) -> Decimal {
        Decimal::parse(s).unwrap()
    }

    #[test]
    fn noise_is_never_none() {
        let keys = Keys::new(&[1; 32]).unwrap();
        let with = Context { keys: Some(&keys), subject: b"" };
        for n in (-300..300).chain([i128::from(i64::MAX), i128::from(i64::MIN), 10_i128.pow(36)]) {
            let made = noise(Decimal::whole(n), 100_000, with).unwrap().mantissa;
            assert_ne!(made, n);
            assert!(n <= 0 || made >= 0, "{n} became {made}");
            assert!(n >= 0 || made <= 0, "{n} became {made}");
            assert!((made - n).abs() <= (n.abs() / 10).max(2));
            assert_eq!(noise(Decimal::whole(n), 100_000, with).unwrap().mantissa, made);
        }
        assert_eq!(noise(d("1"), 1, Context::default()), None);
    }

    #[test]
    fn intervals_are_closed_below() {
        let l = |v: &str, s: &str, m: Option<&str>| {
            let (lower, upper) = lower_bound(d(v), d(s), m.map(d)).unwrap();
            format!("[{lower},{})", upper.map(|u| u.to_string()).unwrap_or_default())
        };
        assert_eq!(l("37", "10", None), "[30,40)");
        assert_eq!(l("30", "10", None), "[30,40)");
        assert_eq!(l("-0.01", "10", None), "[-10,0)");
        assert_eq!(l("0.30", "0.1", None), "[0.3,0.4)");
        assert_eq!(l("95", "10", Some("90")), "[90,)");
        assert_eq!(l("89.99", "10", Some("90")), "[80,90)");
    }

    #[test]
    fn results_fit_the_type() {
        let keys = Keys::new(&[1; 32]).unwrap();
        let with = Context { keys: Some(&keys), subject: b"" };
        let pseudonym = Mask::Pseudonym { digits: 32, domain: String::new() };
        for n in 0..1000 {
            let small = number(&pseudonym, Decimal::whole(n), Room::whole(32767), with).unwrap();
            assert!((0..=32767).contains(&small.mantissa));
        }
        let bucket = Mask::Bucket { size: d("1000"), max: None };
        let low = number(&bucket, Decimal::whole(-32768), Room::whole(32767), with).unwrap();
        assert_eq!(low.mantissa, -32767);
        assert_eq!(
            number(&pseudonym, d("1.0"), Room::ANY, with),
            number(&pseudonym, d("1.00"), Room::ANY, with)
        );
    }
}
