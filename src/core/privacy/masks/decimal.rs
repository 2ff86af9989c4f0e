//! Decimal numbers as they are written, without rounding.
use std::fmt;

/// Digits that are read at most; all of them fit.
const DIGITS: usize = 37;

/// `mantissa` divided by ten to the power of `scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decimal {
    /// All digits.
    pub mantissa: i128,
    /// How many of them stand behind the point.
    pub scale: u32,
}

impl Decimal {
    /// Zero.
    pub const ZERO: Decimal = Decimal::whole(0);

    /// A whole number.
    #[must_use]
    pub const fn whole(n: i128) -> Self {
        Decimal { mantissa: n, scale: 0 }
    }

    /// Reads a number, with an exponent too; None for what is none, or has too many digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_ascii();
        let (text, exponent) = match text.split_once(['e', 'E']) {
            Some((text, e)) => (text, e.parse::<i32>().ok().filter(|e| e.unsigned_abs() <= 60)?),
            None => (text, 0),
        };
        let (negative, digits) = match text.as_bytes() {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            all => (false, all),
        };
        let (mut mantissa, mut scale, mut seen, mut point) = (0_i128, 0_i32, 0, false);
        for c in digits {
            match c {
                b'0'..=b'9' => {
                    mantissa = mantissa.checked_mul(10)?.checked_add(i128::from(c - b'0'))?;
                    scale += i32::from(point);
                    seen += 1;
                }
                b'.' if !point => point = true,
                _ => return None,
            }
        }
        scale -= exponent;
        while scale < 0 {
            mantissa = mantissa.checked_mul(10)?;
            scale += 1;
        }
        let fits = seen > 0 && mantissa.checked_ilog10().unwrap_or(0) < DIGITS as u32 && scale <= 99;
        fits.then_some(Decimal { mantissa: if negative { -mantissa } else { mantissa }, scale: scale as u32 })
    }

    /// With so many digits behind the point; those beyond are cut off.
    #[must_use]
    pub fn rescale(self, scale: u32) -> Option<Self> {
        let mut mantissa = self.mantissa;
        for _ in self.scale..scale {
            mantissa = mantissa.checked_mul(10)?;
        }
        for _ in scale..self.scale {
            mantissa /= 10;
        }
        Some(Decimal { mantissa, scale })
    }

    /// Without zeros at the end, so that equal numbers look the same.
    #[must_use]
    pub fn normalize(self) -> Self {
        let Decimal { mut mantissa, mut scale } = self;
        while scale > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            scale -= 1;
        }
        Decimal { mantissa, scale }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let scale = self.scale as usize;
        if scale == 0 {
            return write!(f, "{}", self.mantissa);
        }
        let digits = format!("{:0>1$}", self.mantissa.unsigned_abs(), scale + 1);
        let (whole, rest) = digits.split_at(digits.len() - scale);
        write!(f, "{sign}{whole}.{rest}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_and_written() {
        for same in ["0", "-1.50", "0.05", "12345678901234567890.123456789"] {
            assert_eq!(Decimal::parse(same).unwrap().to_string(), same);
        }
        let of = |s: &str| Decimal::parse(s).map(|d| d.to_string());
        assert_eq!(of("1.5e3").unwrap(), "1500");
        assert_eq!(of("15e-3").unwrap(), "0.015");
        for bad in ["", ".", "-", "NaN", "Infinity", "1e999", "1x", "1e", "--1", "1.2.3", &"9".repeat(50)] {
            assert_eq!(of(bad), None, "{bad}");
        }
        assert_eq!(Decimal::parse("1.500").unwrap().normalize().to_string(), "1.5");
        assert_eq!(Decimal::parse("-1.59").unwrap().rescale(1).unwrap().to_string(), "-1.5");
    }
}
