//! What masks have to know of a type.
use crate::core::privacy::masks::fit::Family;
use pgrx::PgTryBuilder;
use pgrx::pg_sys;
use std::ffi::CString;

/// A base type, or an array of one.
#[derive(Clone, Copy)]
pub struct Kind {
    /// The base type below domains.
    pub base: pg_sys::Oid,
    /// Its length, for those that have one.
    pub typmod: i32,
    /// Type of the elements of an array.
    pub element: Option<pg_sys::Oid>,
    /// Family of the type, or of the elements.
    pub family: Family,
}

impl Kind {
    /// Of a type, which may be a domain.
    #[must_use]
    pub fn of(declared: pg_sys::Oid, typmod: i32) -> Self {
        let mut typmod = typmod;
        // SAFETY: look-ups in the syscache by the oid of a type that a column or an expression has.
        let (base, element) = unsafe {
            let base = pg_sys::getBaseTypeAndTypmod(declared, &mut typmod);
            let element = pg_sys::get_element_type(base);
            (base, (element != pg_sys::InvalidOid && pg_sys::get_typlen(base) == -1).then_some(element))
        };
        let family = match element {
            // SAFETY: as above.
            Some(element) => family(unsafe { pg_sys::getBaseType(element) }),
            None => family(base),
        };
        Kind { base, typmod, element, family }
    }

    /// Most characters that it may have.
    #[must_use]
    pub fn limit(self) -> Option<usize> {
        let of = self.element.unwrap_or(self.base);
        let limited = [pg_sys::VARCHAROID, pg_sys::BPCHAROID].contains(&of) && self.typmod > 4;
        limited.then_some((self.typmod - 4) as usize)
    }

    /// Whether it is text, not an array of it.
    #[must_use]
    pub fn is_text(self) -> bool {
        self.family == Family::Text && self.element.is_none()
    }
}

fn family(base: pg_sys::Oid) -> Family {
    match base {
        pg_sys::TEXTOID | pg_sys::VARCHAROID | pg_sys::BPCHAROID => Family::Text,
        pg_sys::INT2OID => Family::Integer(i64::from(i16::MAX)),
        pg_sys::INT4OID => Family::Integer(i64::from(i32::MAX)),
        pg_sys::INT8OID => Family::Integer(i64::MAX),
        pg_sys::NUMERICOID => Family::Numeric,
        pg_sys::FLOAT4OID | pg_sys::FLOAT8OID => Family::Float,
        pg_sys::DATEOID => Family::Date,
        pg_sys::TIMESTAMPOID | pg_sys::TIMESTAMPTZOID => Family::Time,
        pg_sys::UUIDOID => Family::Uuid,
        pg_sys::INETOID | pg_sys::CIDROID => Family::Network,
        pg_sys::JSONOID | pg_sys::JSONBOID => Family::Json,
        pg_sys::BYTEAOID => Family::Bytes,
        pg_sys::BOOLOID => Family::Boolean,
        pg_sys::INT2VECTOROID | pg_sys::OIDVECTOROID => Family::Other,
        // SAFETY: look-ups in the syscache by oid.
        _ => unsafe {
            if pg_sys::get_typtype(base) as u8 == pg_sys::TYPTYPE_ENUM {
                Family::Enum
            } else if pg_sys::get_typlen(base) == -1 && pg_sys::IsBinaryCoercible(base, pg_sys::TEXTOID) {
                Family::Text
            } else {
                Family::Other
            }
        },
    }
}

/// The default of a type as text; None where it has none.
#[must_use]
pub fn default_text(kind: Kind) -> Option<&'static str> {
    if kind.element.is_some() {
        return Some("{}");
    }
    match kind.family {
        Family::Text | Family::Bytes => Some(""),
        Family::Integer(_) | Family::Numeric | Family::Float => Some("0"),
        Family::Date | Family::Time => Some("1970-01-01 00:00:00+00"),
        Family::Uuid => Some("00000000-0000-0000-0000-000000000000"),
        Family::Network => Some("0.0.0.0"),
        Family::Json => Some("{}"),
        Family::Boolean => Some("false"),
        Family::Enum => None, // its first label, which the server knows
        Family::Other => match kind.base {
            pg_sys::TIMEOID => Some("00:00"),
            pg_sys::TIMETZOID => Some("00:00+00"),
            pg_sys::INTERVALOID | pg_sys::MONEYOID => Some("0"),
            pg_sys::MACADDROID => Some("00:00:00:00:00:00"),
            pg_sys::MACADDR8OID => Some("00:00:00:00:00:00:00:00"),
            pg_sys::NAMEOID | pg_sys::CHAROID | pg_sys::TSVECTOROID | pg_sys::VARBITOID => Some(""),
            pg_sys::POINTOID => Some("(0,0)"),
            _ => None,
        },
    }
}

/// Whether the input function of a type does nothing but parse; others might look things up, and are not tried.
fn only_parses(kind: Kind) -> bool {
    use pg_sys::{INT2VECTOROID, INTERVALOID, MONEYOID, OIDVECTOROID};
    let plain = [INTERVALOID, MONEYOID, pg_sys::TIMEOID, pg_sys::TIMETZOID].contains(&kind.base);
    let never = [INT2VECTOROID, OIDVECTOROID].contains(&kind.base);
    !never && (plain || (kind.family != Family::Other) || default_text(kind).is_some())
}

/// A value of a type from text; None where it does not parse. What is too long for its type is cut.
#[must_use]
pub fn parse(kind: Kind, text: &str) -> Option<pg_sys::Datum> {
    let cut: String;
    let text = match kind.limit().filter(|_| kind.element.is_none()) {
        Some(limit) if text.chars().count() > limit => {
            cut = text.chars().take(limit).collect();
            &cut
        }
        _ => text,
    };
    let text = CString::new(text).ok().filter(|_| only_parses(kind))?;
    // SAFETY: the type's own input function reads a valid C string; an error means that it does not parse.
    PgTryBuilder::new(|| unsafe {
        let (mut input, mut parameter) = (pg_sys::InvalidOid, pg_sys::InvalidOid);
        pg_sys::getTypeInputInfo(kind.base, &mut input, &mut parameter);
        Some(pg_sys::OidInputFunctionCall(input, text.as_ptr().cast_mut(), parameter, kind.typmod))
    })
    .catch_others(|_| None)
    .execute()
}
