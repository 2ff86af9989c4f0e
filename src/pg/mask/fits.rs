//! Which mask fits which column, for those who want to refuse one that does not. A query never fails for it: such a column
//! shows NULL, or its type's default where it is NOT NULL.
use super::types::{self, Kind};
use crate::core::privacy::mask::Mask;
use crate::core::privacy::masks::fit::{self, Family};
use crate::pg::catalog;
use pgrx::pg_sys;

/// Why a mask does not fit.
pub struct Misfit {
    /// In words, without a full stop.
    pub reason: String,
    /// Whether that is the type, not NOT NULL or a column that is missing.
    pub type_differs: bool,
    /// A mask that fits.
    pub fitting: &'static str,
}

/// Whether a mask fits a type.
///
/// # Errors
/// Why it does not.
pub fn fits(mask: &Mask, declared: pg_sys::Oid, typmod: i32, not_null: bool) -> Result<(), Misfit> {
    let kind = Kind::of(declared, typmod);
    let fitting = match kind.element {
        Some(_) if kind.family == Family::Text => "pseudonym",
        Some(_) => "default",
        None => fit::fitting(kind.family),
    };
    let of_type = || {
        // SAFETY: gives a palloc'd copy of the name of a type that exists.
        let name = unsafe { catalog::text(pg_sys::format_type_be(declared)) }.unwrap_or_default();
        Misfit {
            reason: format!("mask {} does not fit type {name}", mask.name()),
            type_differs: true,
            fitting,
        }
    };
    let fits_type = match mask {
        Mask::Null if not_null => {
            let reason = "the column is NOT NULL".to_string();
            return Err(Misfit { reason, type_differs: false, fitting: "default" });
        }
        Mask::Null => true,
        Mask::Default => {
            (kind.family == Family::Enum && kind.element.is_none()) || types::default_text(kind).is_some()
        }
        Mask::Constant(text) => {
            types::parse(kind, text).is_some() || (kind.family == Family::Text && kind.element.is_some())
        }
        Mask::Conditional(c) => {
            fits(&c.then, declared, typmod, not_null)?;
            return fits(&c.otherwise, declared, typmod, not_null);
        }
        _ => fit::fits(mask, kind.family) && (kind.element.is_none() || kind.family == Family::Text),
    };
    if fits_type { Ok(()) } else { Err(of_type()) }
}

/// Whether a mask fits a column, and the columns that it goes by are there.
///
/// # Errors
/// Why it does not.
pub fn fits_column(mask: &Mask, relid: pg_sys::Oid, number: i16) -> Result<(), Misfit> {
    let (mut declared, mut typmod, mut collation) = (pg_sys::InvalidOid, -1, pg_sys::InvalidOid);
    // SAFETY: the caller names a live column.
    unsafe { pg_sys::get_atttypetypmodcoll(relid, number, &mut declared, &mut typmod, &mut collation) };
    fits(mask, declared, typmod, catalog::is_not_null(relid, number))?;
    match other_columns(mask).into_iter().find(|c| catalog::column_number(relid, c).is_none()) {
        Some(missing) => Err(Misfit {
            reason: format!(
                "mask {} goes by column \"{missing}\", which the relation does not have",
                mask.name()
            ),
            type_differs: false,
            fitting: "default",
        }),
        None => Ok(()),
    }
}

fn other_columns(mask: &Mask) -> Vec<&str> {
    match mask {
        Mask::Conditional(c) => {
            let inner = other_columns(&c.then).into_iter().chain(other_columns(&c.otherwise));
            std::iter::once(c.column.as_str()).chain(inner).collect()
        }
        _ => mask.subject().into_iter().collect(),
    }
}
