//! Grants that are expected: to the owner, and to whoever has a contract.
use crate::pg::catalog::{self, Name};
use crate::pg::{owner, roles, spi};
use pgrx::pg_sys;

/// Whether giving a role a privilege on a relation opens nothing new: it is the relation's owner, a role of the party that
/// owns the dataset, or one with the duty to make dumps; or it may read no more than the columns of its contract. `role` is
/// quoted; None stands for everybody.
#[must_use]
pub fn is_expected(relid: pg_sys::Oid, role: Option<&str>, reads: Option<&[String]>, rule: &str) -> bool {
    if rule != "granting-access" {
        return false;
    }
    let Some(role) = role.map(unquoted) else { return false };
    let owner_role = catalog::relation_owner(relid).map(roles::name);
    if owner_role.as_deref() == Some(role.as_str()) {
        return true;
    }
    let Some(Name { schema, relation }) = catalog::relation_name(relid) else { return false };
    owner::run(|| {
        spi::select_one(
            "SELECT EXISTS (SELECT FROM governance.duty WHERE duty = 'backup' AND role = $3) OR EXISTS (
                SELECT FROM governance.party p
                 WHERE $3 = ANY (p.db_roles)
                   AND (EXISTS (SELECT FROM governance._dataset d
                                 WHERE d.schema_name = $1 AND d.relation_name = $2 AND d.owner = p.name)
                     OR $4::text[] IS NOT NULL AND EXISTS (SELECT FROM governance.consumer c
                                 WHERE c.schema_name = $1 AND c.relation_name = $2 AND c.party = p.name
                                   AND (c.columns IS NULL OR $4 <> '{}' AND $4 <@ c.columns)
                                   AND (c.valid_until IS NULL OR c.valid_until > clock_timestamp()))))",
            &[
                schema.as_str().into(),
                relation.as_str().into(),
                role.as_str().into(),
                reads.map(<[String]>::to_vec).into(),
            ],
            |r| r.must(1),
        )
    })
    .unwrap_or(false)
}

fn unquoted(role: &str) -> String {
    match role.strip_prefix('"').and_then(|r| r.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => role.to_string(),
    }
}
