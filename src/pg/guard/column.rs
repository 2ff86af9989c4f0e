//! Columns, and the types, enums, domains and sequences behind them.
use super::table::Target;
use super::{Hit, On, Sight, constraint, facts, names, resolve};
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
                let volatile = written.default.and_then(|d| facts::is_volatile_default(d));
                volatile.filter(|v| *v).map(|_| "calls its default for every row")
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
            if matches!(c.contype, CONSTR_CHECK | CONSTR_UNIQUE | CONSTR_PRIMARY | CONSTR_FOREIGN) {
                constraint::add(t, c, sight);
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
    let has = names::column(t.relid, column).is_some_and(|n| relation::column_flags(t.relid, n).has_default);
    if has {
        let what = format!("dropping the default of column {}", t.column(column));
        sight.hits.push(Hit::on_column("ban-drop-default", what, t.relid, column));
    }
}

/// DROP NOT NULL.
pub fn drop_not_null(t: &Target, column: &str, sight: &mut Sight) {
    let is = names::column(t.relid, column).is_some_and(|n| relation::column_flags(t.relid, n).not_null);
    if is {
        let what = format!("letting column {} hold NULL", t.column(column));
        sight.hits.push(Hit::on_column("ban-drop-not-null", what, t.relid, column));
    }
}

/// SET NOT NULL.
pub fn set_not_null(t: &Target, column: &str, sight: &mut Sight) {
    let Some(number) = names::column(t.relid, column) else { return };
    if relation::column_flags(t.relid, number).not_null || !t.is_full {
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
            number.is_some_and(|n| !facts::is_proven_not_null(*member, n))
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
    let is = names::column(t.relid, column).is_some_and(|n| relation::column_flags(t.relid, n).generated);
    if is {
        let what = format!("making column {} an ordinary one, no longer generated", t.column(column));
        sight.hits.push(Hit::on_column("ban-drop-generated-expression", what, t.relid, column));
    }
}

/// DROP IDENTITY.
pub fn drop_identity(t: &Target, column: &str, sight: &mut Sight) {
    let is = names::column(t.relid, column).is_some_and(|n| relation::column_flags(t.relid, n).identity);
    if is {
        let what = format!("leaving column {} without its numbers", t.column(column));
        sight.hits.push(Hit::on_column("ban-alter-identity", what, t.relid, column));
    }
}

/// ALTER COLUMN … RESTART and the like: numbers of an identity that were given out already.
///
/// # Safety
/// `options` must be NIL or a list of DefElem.
pub unsafe fn set_identity(t: &Target, column: &str, options: *const pg_sys::List, sight: &mut Sight) {
    let sequence = names::column(t.relid, column).and_then(|n| relation::identity_sequence(t.relid, n));
    if let Some(sequence) = sequence {
        // SAFETY: the caller vouches for the list.
        unsafe { set_back(sequence, options, &On::Relation(t.relid), sight) };
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
    let Some(change) = (unsafe { facts::type_change(t.relid, number, d) }) else { return };
    if change.from == change.to && !change.rewrites && !change.recollates {
        return;
    }
    let from_to = format!("of column {} from {} to {}", t.column(column), change.from, change.to);
    if change.shrinks && t.is_full {
        let what = format!("shrinking the type {from_to}");
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

/// ALTER DOMAIN: a constraint is checked in every table that uses the domain.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn alter_domain(s: &pg_sys::AlterDomainStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree; the definition of ADD is a Constraint.
    unsafe {
        let Some((domain, name)) = resolve::type_named(s.typeName, b'd') else { return };
        let scans = match s.subtype as u8 {
            b'O' => !resolve::domain(domain).not_null,
            b'C' => !s.def.is_null() && !(*s.def.cast::<pg_sys::Constraint>()).skip_validation,
            b'V' => {
                domain_users(domain).into_iter().for_each(|(relid, _)| {
                    sight.scan(relid);
                    sight.lock(relid, pg_sys::ShareLock);
                });
                return;
            }
            b'X' | b'T' if s.subtype as u8 == b'X' || s.def.is_null() => {
                let schema = resolve::type_schema(domain);
                let of = resolve::domain(domain);
                let is_there = if s.subtype as u8 == b'X' {
                    text(s.name).is_some_and(|name| of.constraints.contains(&name))
                } else {
                    of.has_default
                };
                if !is_there {
                    return;
                }
                let (rule, what) = if s.subtype as u8 == b'X' {
                    ("ban-drop-constraint", format!("dropping a constraint of domain {name}"))
                } else {
                    ("ban-drop-default", format!("dropping the default of domain {name}"))
                };
                sight.hit(rule, what, On::Schema(schema));
                return;
            }
            b'N' if !resolve::domain(domain).not_null => return,
            b'N' => {
                let schema = resolve::type_schema(domain);
                sight.hit(
                    "ban-drop-not-null",
                    format!("letting domain {name} hold NULL"),
                    On::Schema(schema),
                );
                return;
            }
            _ => false,
        };
        if !scans {
            return;
        }
        let mut known = Vec::new();
        for (relid, column) in domain_users(domain) {
            if known.contains(&relid) {
                continue; // by another column
            }
            known.push(relid);
            sight.lock(relid, pg_sys::ShareLock);
            if facts::has_own_rows(relid) {
                sight.scan(relid);
                let what = format!("checking domain {name} in every row of {}", names::of(relid));
                sight.hits.push(Hit::on_column("ban-alter-domain-with-add-constraint", what, relid, &column));
            }
        }
    }
}

/// Columns of tables that are of a domain, or of one above it.
fn domain_users(domain: pg_sys::Oid) -> Vec<(pg_sys::Oid, String)> {
    crate::pg::spi::select(
        "WITH RECURSIVE d AS (
            SELECT $1::pg_catalog.oid AS oid
            UNION SELECT t.oid FROM pg_catalog.pg_type t JOIN d ON t.typbasetype OPERATOR(pg_catalog.=) d.oid
             WHERE t.typtype OPERATOR(pg_catalog.=) 'd')
         SELECT a.attrelid, a.attname::pg_catalog.text FROM pg_catalog.pg_attribute a JOIN d ON a.atttypid OPERATOR(pg_catalog.=) d.oid
           JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) a.attrelid
          WHERE NOT a.attisdropped AND c.relkind OPERATOR(pg_catalog.=) ANY ('{r,m}'::pg_catalog.\"char\"[])",
        &[domain.into()],
        |r| (r.must(1), r.must(2)),
    )
}

/// ALTER TYPE … ADD VALUE and RENAME VALUE.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn alter_enum(s: &pg_sys::AlterEnumStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree.
    unsafe {
        let Some((of, name)) = resolve::type_named(s.typeName, b'e') else { return };
        let on = On::Schema(resolve::type_schema(of));
        if let Some(old) = text(s.oldVal) {
            sight.hit("renaming-object", format!("renaming value {old:?} of enum {name}"), on);
        } else if s.newValNeighbor.is_null() {
            let value = text(s.newVal).unwrap_or_default();
            if !resolve::enum_has(of, &value) {
                let what = format!("adding value {value:?} to enum {name} without its place");
                sight.hit("require-enum-value-ordering", what, on);
            }
        }
    }
}

/// ALTER SEQUENCE: numbers that were given out already, or that no longer fit.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn alter_sequence(s: &pg_sys::AlterSeqStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree; options are DefElem nodes.
    unsafe {
        let Some(relid) = names::relation(s.sequence) else { return };
        if catalog::relation_kind(relid) != Some(b'S') || !names::may_alter(relid) {
            return;
        }
        let table = crate::pg::object::Address::relation(relid).relation_of();
        let on = table.map_or_else(|| On::Relation(relid), On::Relation);
        set_back(relid, s.options, &on, sight);
    }
}

/// Options of a sequence after which it gives out numbers again, or none that fit.
///
/// # Safety
/// `options` must be NIL or a list of DefElem.
unsafe fn set_back(relid: pg_sys::Oid, options: *const pg_sys::List, on: &On, sight: &mut Sight) {
    let name = names::of(relid);
    // SAFETY: the caller vouches for the list.
    unsafe {
        for option in items::<pg_sys::DefElem>(options).into_iter().map(|o| &*o) {
            match text(option.defname).as_deref() {
                Some("restart") => {
                    let Some((start, last)) = relation::sequence_state(relid) else { continue };
                    let to = if option.arg.is_null() {
                        start
                    } else {
                        pg_sys::defGetInt64(option as *const _ as *mut _)
                    };
                    if last.is_some_and(|last| to <= last) {
                        let what = format!("setting sequence {name} back to {to}");
                        sight.hit("ban-alter-sequence-values", what, on.clone());
                    }
                }
                Some("as") if !option.arg.is_null() => {
                    let to = resolve::type_of_option(option.arg);
                    let bytes = |t: pg_sys::Oid| pg_sys::get_typlen(t);
                    let from = relation::sequence_type(relid);
                    if let (Some(to), Some(from)) = (to, from)
                        && bytes(to) < bytes(from)
                    {
                        let what = format!("giving sequence {name} a smaller type");
                        sight.hit("ban-alter-sequence-values", what, on.clone());
                    }
                }
                _ => {}
            }
        }
    }
}
