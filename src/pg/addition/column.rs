//! Reading ADD COLUMN.
use super::constraint::constraint;
use super::index::collation;
use super::{Unread, tried};
use crate::core::change::addition::{Demand, NewColumn, Source};
use crate::core::change::part::Part;
use crate::pg::catalog::text;
use crate::pg::expression::{self, Typed, Use};
use crate::pg::list::items;
use pgrx::pg_sys;
use pgrx::pg_sys::ConstrType::*;

/// ADD COLUMN.
///
/// # Safety
/// A valid definition.
pub unsafe fn add_column(d: *const pg_sys::ColumnDef, relid: pg_sys::Oid) -> Result<Part, Unread> {
    // SAFETY: the caller vouches for the tree; constraints of a column are Constraint nodes.
    tried(|| unsafe { column(&*d, relid).map(Part::AddColumn) })
}

/// # Safety
/// A valid definition.
unsafe fn column(d: &pg_sys::ColumnDef, relid: pg_sys::Oid) -> Result<NewColumn, Unread> {
    // SAFETY: the caller vouches for the tree.
    unsafe {
        let name = text(d.colname).unwrap_or_default();
        let serial = serial(d.typeName);
        let (oid, modifier) = match serial {
            Some(oid) => (oid, -1),
            None => {
                let (mut oid, mut modifier) = (pg_sys::InvalidOid, -1);
                pg_sys::typenameTypeIdAndMod(std::ptr::null_mut(), d.typeName, &mut oid, &mut modifier);
                (oid, modifier)
            }
        };
        if pg_sys::get_typtype(oid) as u8 == b'd'
            && (pg_sys::DomainHasConstraints(oid) || !pg_sys::get_typdefault(oid).is_null())
        {
            return Err(Some(
                "a column of a domain with a constraint or a default has no change form: PostgreSQL writes every row anew for it, so add one of the base type with a CHECK",
            ));
        }
        let mut of_type = Typed { oid, modifier, collation: pg_sys::get_typcollation(oid) };
        let mut written = String::new();
        if !d.collClause.is_null() {
            of_type.collation = pg_sys::get_collation_oid((*d.collClause).collname, false);
            written = collation((*d.collClause).collname);
        }
        let mut new = NewColumn {
            type_name: expression::type_name(oid, modifier),
            collation: written,
            source: if serial.is_some() { Source::Serial } else { Source::Nothing },
            not_null: d.is_not_null || serial.is_some(),
            constraints: Vec::new(),
            name: name.clone(),
        };
        for c in items::<pg_sys::Constraint>(d.constraints) {
            match (*c).contype {
                CONSTR_NOTNULL => new.not_null = true,
                CONSTR_NULL | CONSTR_ATTR_NOT_DEFERRABLE | CONSTR_ATTR_IMMEDIATE => {}
                CONSTR_DEFAULT => new.source = default(relid, (*c).raw_expr, of_type),
                CONSTR_IDENTITY => {
                    new.not_null = true;
                    let always = (*c).generated_when as u8 == b'a';
                    new.source = Source::Identity { always, options: sequence_options((*c).options) };
                }
                CONSTR_GENERATED => {
                    return Err(Some(
                        "a stored generated column has no change form: PostgreSQL computes it for every row while nobody can read the table, and cannot make an ordinary column a generated one afterwards",
                    ));
                }
                CONSTR_CHECK | CONSTR_UNIQUE | CONSTR_PRIMARY | CONSTR_FOREIGN => {
                    let new_column = Some((name.as_str(), of_type));
                    new.constraints.push(constraint(&*c, relid, new_column)?);
                }
                _ => {
                    return Err(Some(
                        "a deferrable constraint written with a column has no change form: add it by itself",
                    ));
                }
            }
        }
        if new.constraints.iter().any(|c| c.demand == Demand::PrimaryKey) {
            new.not_null = true;
        }
        Ok(new)
    }
}

/// # Safety
/// A valid raw expression.
unsafe fn default(relid: pg_sys::Oid, raw: *mut pg_sys::Node, of_type: Typed) -> Source {
    // SAFETY: the caller vouches for the expression.
    let found = unsafe { expression::analyse(relid, raw, Use::Default(of_type)) };
    if found.volatile {
        Source::Volatile { expression: found.text, runs_users_code: found.runs_users_code }
    } else {
        Source::Stable(found.text)
    }
}

/// The integer type of a serial.
///
/// # Safety
/// A valid type name.
unsafe fn serial(name: *const pg_sys::TypeName) -> Option<pg_sys::Oid> {
    // SAFETY: names are lists of String nodes.
    unsafe {
        let words = items::<pg_sys::String>((*name).names);
        let [word] = words.as_slice() else { return None };
        match text((**word).sval)?.as_str() {
            "smallserial" | "serial2" => Some(pg_sys::INT2OID),
            "serial" | "serial4" => Some(pg_sys::INT4OID),
            "bigserial" | "serial8" => Some(pg_sys::INT8OID),
            _ => None,
        }
    }
}

/// Options of an identity's sequence, in parentheses with a leading space.
///
/// # Safety
/// NIL or a list of DefElem.
unsafe fn sequence_options(list: *const pg_sys::List) -> String {
    // SAFETY: the caller vouches for the list; an option without a value is NO … or CYCLE.
    let written: Vec<String> = unsafe {
        let all = items::<pg_sys::DefElem>(list).into_iter();
        all.filter_map(|o| {
            let name = text((*o).defname)?;
            let value = |o| text(pg_sys::defGetString(o)).unwrap_or_default();
            Some(match name.as_str() {
                "cycle" if pg_sys::defGetBoolean(o) => "CYCLE".to_string(),
                "cycle" => "NO CYCLE".to_string(),
                "maxvalue" | "minvalue" if (*o).arg.is_null() => format!("NO {}", name.to_uppercase()),
                "start" => format!("START WITH {}", value(o)),
                "increment" => format!("INCREMENT BY {}", value(o)),
                "cache" | "maxvalue" | "minvalue" => format!("{} {}", name.to_uppercase(), value(o)),
                _ => return None,
            })
        })
        .collect()
    };
    if written.is_empty() { String::new() } else { format!(" ({})", written.join(" ")) }
}
