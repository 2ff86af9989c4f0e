//! What stands behind columns: domains, enums and sequences.
use super::shadow::{self, Fact};
use super::table::Target;
use super::{Hit, On, Sight, facts, names, resolve};
use crate::pg::catalog::{self, text};
use crate::pg::list::items;
use crate::pg::relation;
use pgrx::pg_sys;

/// ALTER DOMAIN: a constraint is checked in every table that uses the domain.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn alter_domain(s: &pg_sys::AlterDomainStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree; the definition of ADD is a Constraint.
    unsafe {
        let Some((domain, name)) = resolve::type_named(s.typeName, b'd') else { return };
        let scans = match s.subtype as u8 {
            b'O' => !is_not_null(domain),
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
                let has_default = shadow::holds(&Fact::DomainDefault(domain), || of.has_default);
                let is_there = if s.subtype as u8 == b'X' {
                    text(s.name).is_some_and(|name| of.constraints.contains(&name))
                } else {
                    has_default
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
            b'N' if !is_not_null(domain) => return,
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

fn is_not_null(domain: pg_sys::Oid) -> bool {
    shadow::holds(&Fact::DomainNotNull(domain), || resolve::domain(domain).not_null)
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
