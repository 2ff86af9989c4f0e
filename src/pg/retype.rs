//! Reading what ALTER COLUMN … TYPE wishes.
use super::catalog::{column_number, text};
use super::formula::{self, Column};
use super::wish::Wish;
use super::{looking, relation, settings_scope, xact};
use crate::core::change::expression::{fill, is_cast_to};
use crate::core::change::part::{Part, Retype};
use pgrx::pg_sys;
use pgrx::spi::quote_identifier;

/// Why there is no form where a type is not known.
pub const NO_TYPE: &str = "the type does not exist";

/// # Safety
/// `definition` must be the valid ColumnDef of ALTER COLUMN … TYPE.
pub unsafe fn set_type(
    column: String,
    definition: *mut pg_sys::ColumnDef,
    of: &Wish,
) -> Result<Part, Option<&'static str>> {
    // SAFETY: the caller vouches for the tree.
    unsafe {
        let d = &*definition;
        let (target, type_name) = type_of(d)?;
        let using = (!d.raw_default.is_null()).then(|| {
            let relid = of.relid.unwrap_or(pg_sys::InvalidOid);
            let columns: Vec<Column> = column_of(relid, &column).into_iter().collect();
            let read = || formula::read_raw(d.raw_default, &columns, &of.name.relation, target).text;
            // Whoever asks what a statement would do reads it too.
            xact::tried(|| looking::run(read))
        });
        let is_plain = match &using {
            None => true,
            Some(using) => using.as_ref().is_ok_and(|text| is_cast_to(text, &type_name)),
        };
        // The same text for a column that has the type already, where nothing is left to cast.
        let canonical = |text: String| if is_plain { format!("($1)::{type_name}") } else { text };
        let using = using.map(|u| u.map(|text| fill(&canonical(text), |_| quote_identifier(&column))));
        Ok(Part::SetType(Retype { column, type_name, collation: collation(d), using, is_plain }))
    }
}

/// A type with its modifier, and its text in one spelling.
type Typed = ((pg_sys::Oid, i32), String);

/// # Safety
/// A valid ColumnDef.
unsafe fn type_of(d: &pg_sys::ColumnDef) -> Result<Typed, Option<&'static str>> {
    let found = xact::apart(|| {
        let (mut oid, mut modifier) = (pg_sys::InvalidOid, -1);
        // SAFETY: the caller vouches for the tree; what does not exist is an error, and taken back.
        unsafe { pg_sys::typenameTypeIdAndMod(std::ptr::null_mut(), d.typeName, &mut oid, &mut modifier) };
        (oid, modifier)
    });
    let Some((oid, modifier)) = found else { return Err(Some(NO_TYPE)) };
    let name = settings_scope::with_fixed_path(|| {
        // SAFETY: palloc'd.
        unsafe { text(pg_sys::format_type_with_typemod(oid, modifier)) }
    });
    Ok(((oid, modifier), name.unwrap_or_default()))
}

/// # Safety
/// A valid ColumnDef.
unsafe fn collation(d: &pg_sys::ColumnDef) -> String {
    // SAFETY: the caller vouches for the tree; a look-up that may miss, and a palloc'd name.
    let name = unsafe {
        let oid = d.collClause.as_ref().map(|clause| pg_sys::get_collation_oid(clause.collname, true));
        let known = oid.filter(|oid| *oid != pg_sys::InvalidOid);
        known.and_then(|oid| settings_scope::with_fixed_path(|| text(pg_sys::generate_collation_name(oid))))
    };
    name.map(|name| format!(" COLLATE {name}")).unwrap_or_default()
}

/// A column of a relation as an expression sees it.
#[must_use]
pub fn column_of(relid: pg_sys::Oid, name: &str) -> Option<Column> {
    let (of_type, modifier, collation) = relation::column_type(relid, column_number(relid, name)?)?;
    Some(Column { name: name.to_string(), of_type, modifier, collation })
}

/// The collation of a column that is not there yet, by its type.
#[must_use]
pub fn type_collation(of_type: pg_sys::Oid) -> pg_sys::Oid {
    // SAFETY: a syscache look-up.
    unsafe { pg_sys::get_typcollation(of_type) }
}

/// Whether the values of a column can be assigned to another type.
#[must_use]
pub fn can_cast(relid: pg_sys::Oid, column: &str, type_name: &str) -> bool {
    let from = column_of(relid, column);
    let to = settings_scope::with_fixed_path(|| formula::type_named(type_name));
    from.zip(to).is_some_and(|(from, (to, _))| formula::can_assign(from.of_type, to))
}

/// Whether an index can have a key of a type: by the operator class for `class_type`, or by the type's default one.
#[must_use]
pub fn has_class(of_type: pg_sys::Oid, class_type: Option<pg_sys::Oid>, method: pg_sys::Oid) -> bool {
    // SAFETY: catalog look-ups by oid.
    unsafe {
        match class_type {
            Some(wanted) => pg_sys::IsBinaryCoercible(pg_sys::getBaseType(of_type), wanted),
            None => pg_sys::GetDefaultOpClass(of_type, method) != pg_sys::InvalidOid,
        }
    }
}

/// The B-tree access method.
const BTREE: pg_sys::Oid = pg_sys::Oid::from_u32(403);

/// Whether a foreign key of a type can refer to a key: by the operator class of its index, or by that which an index over a
/// column of `key` would have. As PostgreSQL decides it.
#[must_use]
pub fn can_refer(referring: pg_sys::Oid, key: pg_sys::Oid, class: Option<pg_sys::Oid>) -> bool {
    // SAFETY: catalog look-ups by oid; two arrays of one type each.
    unsafe {
        let class = class.unwrap_or_else(|| pg_sys::GetDefaultOpClass(key, BTREE));
        if class == pg_sys::InvalidOid {
            return false;
        }
        let (family, input) = (pg_sys::get_opclass_family(class), pg_sys::get_opclass_input_type(class));
        let mut base = pg_sys::getBaseType(referring);
        let equal = pg_sys::BTEqualStrategyNumber as i16;
        if pg_sys::get_opfamily_member(family, input, base, equal) != pg_sys::InvalidOid {
            return true;
        }
        let (mut wanted, implicit) = (input, pg_sys::CoercionContext::COERCION_IMPLICIT);
        pg_sys::can_coerce_type(1, &raw mut base, &raw mut wanted, implicit)
    }
}
