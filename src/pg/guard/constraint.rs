//! Constraints of tables.
use super::table::Target;
use super::{On, Sight, drops, names, proof, resolve};
use crate::pg::catalog::{self, text};
use crate::pg::object::Address;
use crate::pg::object::catalogs::PG_CONSTRAINT;
use crate::pg::relation;
use pgrx::pg_sys;
use pgrx::pg_sys::ConstrType::*;
use pgrx::spi::quote_identifier;

/// ADD CONSTRAINT, alone or with a column. `is_checked`: whether there are values to check.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn add(t: &Target, c: &pg_sys::Constraint, is_checked: bool, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree.
    let (name, index) = unsafe { (text(c.conname), text(c.indexname)) };
    let named = name.map(|n| format!("constraint {} ", quote_identifier(n))).unwrap_or_default();
    let on = || On::Relation(t.relid);
    match c.contype {
        CONSTR_CHECK if !c.skip_validation && t.is_full => {
            let full = if c.is_no_inherit { t.full_parts() } else { t.full_members() };
            if full.is_empty() {
                return;
            }
            full.into_iter().for_each(|member| sight.scan(member));
            let what = format!("adding check {named}to {}, which reads every row", t.name);
            sight.hit("constraint-missing-not-valid", what, on());
        }
        CONSTR_FOREIGN => {
            // SAFETY: the referenced table of a foreign key.
            if let Some(referenced) = unsafe { names::relation(c.pktable) } {
                sight.lock(referenced, pg_sys::ShareRowExclusiveLock);
            }
            let full = if c.skip_validation || !is_checked { Vec::new() } else { t.full_parts() };
            if !full.is_empty() {
                full.into_iter().for_each(|member| sight.scan(member));
                let what = format!("adding foreign key {named}to {}, which reads every row", t.name);
                sight.hit("adding-foreign-key-constraint", what, on());
            }
        }
        CONSTR_UNIQUE | CONSTR_PRIMARY => {
            let word = match (c.contype == CONSTR_PRIMARY, named.is_empty()) {
                (true, _) => "primary key",
                (false, true) => "unique constraint",
                (false, false) => "unique",
            };
            match index {
                Some(index) if c.contype == CONSTR_PRIMARY => promote(t, &index, sight),
                Some(_) => {}
                None if !t.full_parts().is_empty() => {
                    t.full_parts().into_iter().for_each(|member| sight.scan(member));
                    let what = format!("adding {word} {named}to {}, which builds an index", t.name);
                    sight.hit("disallowed-unique-constraint", what, on());
                }
                None => {}
            }
        }
        CONSTR_EXCLUSION if !t.full_parts().is_empty() => {
            t.full_parts().into_iter().for_each(|member| sight.scan(member));
            let what = format!(
                "adding exclusion {}to {}, which builds an index",
                if named.is_empty() { "constraint ".to_string() } else { named },
                t.name
            );
            sight.hit("adding-exclusion-constraint", what, on());
        }
        _ => {}
    }
}

/// PRIMARY KEY USING INDEX: columns that may hold NULL are read once more.
fn promote(t: &Target, index: &str, sight: &mut Sight) {
    if !t.is_full {
        return;
    }
    for number in relation::columns_of_index(t.relid, index) {
        if relation::column_flags(t.relid, number).not_null || proof::is_proven_not_null(t.relid, number) {
            continue;
        }
        let column = catalog::column_name(t.relid, number).unwrap_or_default();
        sight.scan(t.relid);
        let what = format!("making column {} NOT NULL for a primary key", t.column(&column));
        sight.hit("adding-not-nullable-field", what, On::Column(t.relid, column));
    }
}

/// VALIDATE CONSTRAINT: reads every row, and keeps nobody from reading or writing.
pub fn validate(t: &Target, sight: &mut Sight) {
    if t.is_full {
        sight.scan(t.relid);
    }
}

/// DROP CONSTRAINT.
pub fn drop(t: &Target, name: &str, cascade: bool, sight: &mut Sight) {
    if let Some(constraint) = resolve::constraint(t.relid, name) {
        drops::along(&[Address::of(PG_CONSTRAINT, constraint)], cascade, sight);
    }
}
