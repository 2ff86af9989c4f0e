//! Who was granted what, as access control lists say it.
use super::object::Address;
use super::object::catalogs::{PG_CLASS, PG_DATABASE, PG_NAMESPACE, PG_PROC, PG_TYPE};
use super::{catalog, spi};
use pgrx::pg_sys;

/// A privilege that a role was granted by name, or has by default.
pub struct Held {
    /// `SELECT`.
    pub privilege: String,
    /// The column, where it is on one only.
    pub column: Option<String>,
    /// Whether it may be passed on.
    pub grantable: bool,
}

/// A privilege that a statement names.
pub struct Named {
    /// `SELECT`.
    pub privilege: String,
    /// The columns; none for all.
    pub columns: Vec<String>,
}

impl Named {
    /// Whether REVOKE takes this from who holds that: of a table it takes that of each column too, but not the other way round.
    #[must_use]
    pub fn takes(&self, held: &Held) -> bool {
        self.privilege == held.privilege
            && (self.columns.is_empty() || held.column.as_ref().is_some_and(|c| self.columns.contains(c)))
    }

    /// Whether GRANT gives nothing to who holds these.
    #[must_use]
    pub fn is_held(&self, held: &[Held], grantable: bool) -> bool {
        let holds = |column: Option<&String>| {
            held.iter().any(|h| {
                h.privilege == self.privilege
                    && (h.column.is_none() || h.column.as_ref() == column)
                    && (h.grantable || !grantable)
            })
        };
        if self.columns.is_empty() { holds(None) } else { self.columns.iter().all(|c| holds(Some(c))) }
    }
}

/// What a role (InvalidOid: everybody) holds on an object of a kind that has privileges, and on the columns of a relation.
#[must_use]
pub fn held(object: Address, role: pg_sys::Oid) -> Vec<Held> {
    let (catalog, prefix, kind) = match object.class {
        PG_PROC => ("pg_proc", "pro", "f"),
        PG_TYPE => ("pg_type", "typ", "T"),
        PG_DATABASE => ("pg_database", "dat", "d"),
        PG_NAMESPACE => ("pg_namespace", "nsp", "n"),
        PG_CLASS if catalog::relation_kind(object.id) == Some(b'S') => ("pg_class", "rel", "s"),
        PG_CLASS => ("pg_class", "rel", "r"),
        _ => return Vec::new(),
    };
    let owner = if object.class == PG_DATABASE { "datdba".to_string() } else { format!("{prefix}owner") };
    let columns = "UNION ALL SELECT a.attacl, a.attname::pg_catalog.text FROM pg_catalog.pg_attribute a
                    WHERE a.attrelid OPERATOR(pg_catalog.=) $1 AND NOT a.attisdropped";
    spi::select(
        &format!(
            "SELECT x.privilege_type, g.of_column, x.is_grantable
               FROM (SELECT coalesce(o.{prefix}acl, pg_catalog.acldefault('{kind}', o.{owner})) AS acl, NULL::pg_catalog.text AS of_column
                       FROM pg_catalog.{catalog} o WHERE o.oid OPERATOR(pg_catalog.=) $1
                     {}) g, pg_catalog.aclexplode(g.acl) x
              WHERE x.grantee::pg_catalog.int8 OPERATOR(pg_catalog.=) $2",
            if kind == "r" { columns } else { "" }
        ),
        &[object.id.into(), i64::from(role.to_u32()).into()], // no oid is no parameter
        |r| Held { privilege: r.must(1), column: r.get(2), grantable: r.must(3) },
    )
}
