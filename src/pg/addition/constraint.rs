//! Reading constraints.
use super::index::{include, storage};
use super::{STRICT, Unread, tried};
use crate::core::change::addition::{Demand, NewConstraint};
use crate::core::change::part::Part;
use crate::pg::catalog::{self, text};
use crate::pg::expression::{self, Typed, Use};
use crate::pg::guard::names;
use crate::pg::list::items;
use pgrx::pg_sys;
use pgrx::pg_sys::ConstrType::*;
use pgrx::spi::quote_identifier;

/// ADD CONSTRAINT.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn add_constraint(c: *const pg_sys::Constraint, relid: pg_sys::Oid) -> Result<Part, Unread> {
    // SAFETY: the caller vouches for the tree.
    tried(|| unsafe { constraint(&*c, relid, None).map(Part::AddConstraint) })
}

/// # Safety
/// A valid constraint; `new` is the column that it was written with.
pub unsafe fn constraint(
    c: &pg_sys::Constraint,
    relid: pg_sys::Oid,
    new: Option<(&str, Typed)>,
) -> Result<NewConstraint, Unread> {
    // SAFETY: the caller vouches for the tree; keys are lists of String nodes.
    unsafe {
        let listed = |list| -> Vec<String> {
            items::<pg_sys::String>(list).into_iter().filter_map(|k| text((*k).sval)).collect()
        };
        let own = |columns: Vec<String>| match new {
            Some((name, _)) if columns.is_empty() => vec![name.to_string()],
            _ => columns,
        };
        let quoted = |columns: &[String]| columns.iter().map(quote_identifier).collect::<Vec<_>>().join(", ");
        let mut deferrable = String::new();
        if c.deferrable {
            deferrable.push_str(" DEFERRABLE");
        }
        if c.initdeferred {
            deferrable.push_str(" INITIALLY DEFERRED");
        }
        let name = text(c.conname);
        let (demand, definition, index, columns) = match c.contype {
            CONSTR_CHECK if c.skip_validation => return Err(None),
            CONSTR_CHECK => {
                let found = expression::analyse(relid, c.raw_expr, Use::Check(new));
                let alone = if c.is_no_inherit { " NO INHERIT" } else { "" };
                let definition = format!("CHECK ({}){alone}", found.text);
                (Demand::Check, definition, String::new(), found.columns)
            }
            CONSTR_FOREIGN if c.skip_validation => return Err(None),
            CONSTR_FOREIGN => {
                let columns = own(listed(c.fk_attrs));
                let definition = format!("FOREIGN KEY ({}) {}{deferrable}", quoted(&columns), references(c)?);
                (Demand::ForeignKey, definition, String::new(), columns)
            }
            CONSTR_UNIQUE | CONSTR_PRIMARY if !c.indexname.is_null() => return Err(None),
            CONSTR_UNIQUE | CONSTR_PRIMARY => {
                let columns = own(listed(c.keys));
                let (word, demand) = match c.contype {
                    CONSTR_PRIMARY => ("PRIMARY KEY", Demand::PrimaryKey),
                    _ => ("UNIQUE", Demand::Unique),
                };
                let nulls = if c.nulls_not_distinct { " NULLS NOT DISTINCT" } else { "" };
                let included = include(&listed(c.including));
                let space = text(c.indexspace);
                let key = quoted(&columns);
                let index = format!(
                    "USING btree ({key}){included}{nulls}{}",
                    storage(c.options, space.clone(), "TABLESPACE")
                );
                let storage = storage(c.options, space, "USING INDEX TABLESPACE");
                (demand, format!("{word}{nulls} ({key}){included}{storage}{deferrable}"), index, columns)
            }
            CONSTR_EXCLUSION => {
                return Err(Some(
                    "an exclusion constraint has no change form: PostgreSQL cannot build its index without keeping writers out",
                ));
            }
            _ => return Err(None),
        };
        Ok(NewConstraint { name, demand, definition, index, deferrable, columns })
    }
}

/// REFERENCES and what stands behind it.
///
/// # Safety
/// A valid foreign key.
unsafe fn references(c: &pg_sys::Constraint) -> Result<String, Unread> {
    let action = |word: &str, code: std::ffi::c_char| match code as u8 {
        b'r' => format!(" ON {word} RESTRICT"),
        b'c' => format!(" ON {word} CASCADE"),
        b'n' => format!(" ON {word} SET NULL"),
        b'd' => format!(" ON {word} SET DEFAULT"),
        _ => String::new(),
    };
    // SAFETY: the caller vouches for the tree; columns are lists of String nodes.
    unsafe {
        let Some(name) = names::relation(c.pktable).and_then(catalog::relation_name) else {
            if STRICT.get()
                && let Some(missing) = crate::pg::ddl::name_of(c.pktable)
            {
                crate::error::change::no_such_table(&missing).raise();
            }
            return Err(None);
        };
        let columns = |list| -> String {
            let columns: Vec<String> = items::<pg_sys::String>(list)
                .into_iter()
                .filter_map(|k| text((*k).sval))
                .map(quote_identifier)
                .collect();
            if columns.is_empty() { String::new() } else { format!(" ({})", columns.join(", ")) }
        };
        let full = if c.fk_matchtype as u8 == b'f' { " MATCH FULL" } else { "" };
        let (update, delete) = (action("UPDATE", c.fk_upd_action), action("DELETE", c.fk_del_action));
        let some = columns(c.fk_del_set_cols);
        Ok(format!("REFERENCES {name}{}{full}{update}{delete}{some}", columns(c.pk_attrs)))
    }
}
