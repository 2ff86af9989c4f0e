//! Columns of tables.
use super::shadow::{self, Fact};
use super::table::Target;
use super::{Hit, Sight, constraint, facts, names, proof, retype};
use crate::pg::catalog::{self, text};
use crate::pg::list::items;
use crate::pg::relation;
use pgrx::pg_sys;
use pgrx::pg_sys::ConstrType::*;
use pgrx::pg_sys::NodeTag::*;

/// The constraints that stand with a column's definition, and what follows from them.
#[derive(Default)]
struct Written {
    not_null: bool,
    default: Option<*mut pg_sys::Node>,
    identity: bool,
    stored_generated: bool,
    primary: bool,
}

/// ADD COLUMN.
///
/// # Safety
/// A valid definition.
pub unsafe fn add(t: &Target, d: &pg_sys::ColumnDef, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree; constraints of a column are Constraint nodes.
    unsafe {
        let Some(name) = text(d.colname) else { return };
        if names::column(t.relid, &name).is_some() {
            return; // there already: an error, or IF NOT EXISTS
        }
        let mut written = Written { not_null: d.is_not_null, ..Written::default() };
        if !d.raw_default.is_null() {
            written.default = Some(d.raw_default);
        }
        let constraints = items::<pg_sys::Constraint>(d.constraints);
        for c in constraints.iter().map(|c| &**c) {
            match c.contype {
                CONSTR_NOTNULL => written.not_null = true,
                CONSTR_DEFAULT => written.default = Some(c.raw_expr),
                CONSTR_IDENTITY => written.identity = true,
                CONSTR_GENERATED => written.stored_generated = true,
                CONSTR_PRIMARY => written.primary = true,
                _ => {}
            }
        }
        let of_type = type_of(d.typeName);
        let is_serial = of_type.serial;
        if of_type.is_json {
            let what = format!("giving column {} type json", t.column(&name));
            sight.hits.push(Hit::on_column("prefer-jsonb", what, t.relid, &name));
        }
        if t.is_full {
            let reason = if is_serial || written.identity {
                Some("numbers every row")
            } else if written.stored_generated {
                Some("computes a value for every row")
            } else if of_type.is_constrained_domain {
                Some("checks its domain in every row")
            } else {
                let is_volatile = written.default.is_some_and(|d| facts::is_volatile_default(d));
                is_volatile.then_some("calls its default for every row")
            };
            if let Some(reason) = reason {
                let rule = if written.primary && (is_serial || written.identity) {
                    "adding-serial-primary-key-field"
                } else {
                    "adding-field-with-default"
                };
                names::tree(t.relid).into_iter().for_each(|member| sight.rewrite(member));
                let what = format!("adding column {}, which {reason}", t.column(&name));
                sight.hits.push(Hit::on_column(rule, what, t.relid, &name));
            }
            let has_value = is_serial || written.identity || written.stored_generated;
            let is_null = written.default.is_none_or(|d| is_null_constant(d)) && !of_type.has_default;
            if (written.not_null || written.primary) && !has_value && is_null {
                let what = format!("adding column {} NOT NULL without a default", t.column(&name));
                sight.hits.push(Hit::on_column("adding-required-field", what, t.relid, &name));
            }
        }
        for c in constraints.iter().map(|c| &**c) {
            // PostgreSQL reads no row for the reference of a column that is written without a default, not even NULL.
            let is_checked = c.contype != CONSTR_FOREIGN
                || is_serial
                || written.stored_generated
                || written.default.is_some();
            if matches!(c.contype, CONSTR_CHECK | CONSTR_UNIQUE | CONSTR_PRIMARY | CONSTR_FOREIGN) {
                constraint::add(t, c, is_checked, sight);
            }
        }
    }
}

/// # Safety
/// A valid expression.
unsafe fn is_null_constant(node: *mut pg_sys::Node) -> bool {
    // SAFETY: the cast follows the tag.
    unsafe { (*node).type_ == T_A_Const && (*node.cast::<pg_sys::A_Const>()).isnull }
}

/// What matters of a column's type.
#[derive(Default)]
struct OfType {
    serial: bool,
    is_json: bool,
    is_constrained_domain: bool,
    has_default: bool,
}

/// # Safety
/// A valid type name.
unsafe fn type_of(name: *mut pg_sys::TypeName) -> OfType {
    // SAFETY: names are lists of String nodes; a missing_ok look-up.
    unsafe {
        if name.is_null() {
            return OfType::default();
        }
        let words: Vec<String> =
            items::<pg_sys::String>((*name).names).into_iter().filter_map(|n| text((*n).sval)).collect();
        if let [word] = words.as_slice()
            && ["serial", "serial2", "serial4", "serial8", "smallserial", "bigserial"]
                .contains(&word.as_str())
        {
            return OfType { serial: true, ..OfType::default() };
        }
        let mut modifier = -1;
        let tuple = pg_sys::LookupTypeName(std::ptr::null_mut(), name, &mut modifier, true);
        if tuple.is_null() {
            return OfType::default();
        }
        let row = &*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_type>();
        let (oid, is_domain) = (row.oid, row.typtype as u8 == b'd');
        pg_sys::ReleaseSysCache(tuple);
        OfType {
            serial: false,
            is_json: oid == pg_sys::JSONOID,
            is_constrained_domain: is_domain && pg_sys::DomainHasConstraints(oid),
            has_default: is_domain && !pg_sys::get_typdefault(oid).is_null(),
        }
    }
}

/// DROP DEFAULT.
pub fn drop_default(t: &Target, column: &str, sight: &mut Sight) {
    let has = names::column(t.relid, column).is_some_and(|n| {
        shadow::holds(&Fact::Default(t.relid, n), || relation::column_flags(t.relid, n).has_default)
    });
    if has {
        let what = format!("dropping the default of column {}", t.column(column));
        sight.hits.push(Hit::on_column("ban-drop-default", what, t.relid, column));
    }
}

/// DROP NOT NULL.
pub fn drop_not_null(t: &Target, column: &str, sight: &mut Sight) {
    let is = names::column(t.relid, column).is_some_and(|n| {
        shadow::holds(&Fact::NotNull(t.relid, n), || relation::column_flags(t.relid, n).not_null)
    });
    if is {
        let what = format!("letting column {} hold NULL", t.column(column));
        sight.hits.push(Hit::on_column("ban-drop-not-null", what, t.relid, column));
    }
}

/// SET NOT NULL.
pub fn set_not_null(t: &Target, column: &str, sight: &mut Sight) {
    let Some(number) = names::column(t.relid, column) else { return };
    let is_so = || relation::column_flags(t.relid, number).not_null;
    if !t.is_full || shadow::holds(&Fact::NotNull(t.relid, number), is_so) {
        return;
    }
    // Members know it by the name it has today, whatever a script called it before.
    let name_now = catalog::column_name(t.relid, number).unwrap_or_else(|| column.to_string());
    let unproven: Vec<_> = t
        .full_members()
        .into_iter()
        .filter(|member| {
            let number =
                if *member == t.relid { Some(number) } else { catalog::column_number(*member, &name_now) };
            number.is_some_and(|n| !proof::is_proven_not_null(*member, n))
        })
        .collect();
    if !unproven.is_empty() {
        unproven.into_iter().for_each(|member| sight.scan(member));
        let what = format!("making column {} NOT NULL", t.column(column));
        sight.hits.push(Hit::on_column("adding-not-nullable-field", what, t.relid, column));
    }
}

/// DROP EXPRESSION.
pub fn drop_expression(t: &Target, column: &str, sight: &mut Sight) {
    let is = names::column(t.relid, column).is_some_and(|n| {
        shadow::holds(&Fact::Generated(t.relid, n), || relation::column_flags(t.relid, n).generated)
    });
    if is {
        let what = format!("making column {} an ordinary one, no longer generated", t.column(column));
        sight.hits.push(Hit::on_column("ban-drop-generated-expression", what, t.relid, column));
    }
}

/// DROP IDENTITY.
pub fn drop_identity(t: &Target, column: &str, sight: &mut Sight) {
    let is = names::column(t.relid, column).is_some_and(|n| {
        shadow::holds(&Fact::Identity(t.relid, n), || relation::column_flags(t.relid, n).identity)
    });
    if is {
        let what = format!("leaving column {} without its numbers", t.column(column));
        sight.hits.push(Hit::on_column("ban-alter-identity", what, t.relid, column));
    }
}

/// ALTER COLUMN … TYPE.
///
/// # Safety
/// A valid definition.
pub unsafe fn change_type(t: &Target, column: &str, d: &pg_sys::ColumnDef, sight: &mut Sight) {
    let Some(number) = names::column(t.relid, column) else { return };
    if !matches!(t.kind, b'r' | b'p') {
        return;
    }
    // SAFETY: the caller vouches for the definition.
    let Some(change) = (unsafe { retype::type_change(t.relid, number, d) }) else { return };
    if change.from == change.to && !change.rewrites && !change.recollates {
        return;
    }
    let from_to = format!("of column {} from {} to {}", t.column(column), change.from, change.to);
    if change.shrinks && t.is_full {
        let what = if change.replaces {
            format!("making other values {from_to} by USING")
        } else {
            format!("shrinking the type {from_to}")
        };
        sight.hits.push(Hit::on_column("shrinking-column-type", what, t.relid, column));
    }
    if change.rewrites {
        if t.is_full {
            names::tree(t.relid).into_iter().for_each(|member| sight.rewrite(member));
        }
        let what = format!("changing the type {from_to}");
        sight.hits.push(Hit::on_column("changing-column-type", what, t.relid, column));
    } else if change.recollates && t.is_full && relation::is_indexed(t.relid, number) {
        let what = format!("changing the collation of column {}", t.column(column));
        sight.hits.push(Hit::on_column("changing-column-collation", what, t.relid, column));
    }
}
