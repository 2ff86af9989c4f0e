//! Grants that are kept for the way back, or hold for what stands in for a relation.
use crate::error;
use crate::pg::catalog::Name;
use crate::pg::regclass::Relation;
use crate::pg::{owner, spi};
use pgrx::JsonB;
use pgrx::spi::quote_identifier;
use serde_json::{Value, json};

/// Grants on a relation and its columns to anybody but its owner: grantee (NULL: public), column (NULL: the relation),
/// privilege, with grant option.
#[must_use]
pub fn of(relation: Relation) -> Value {
    owner::run(|| {
        spi::select_one(
            "SELECT coalesce(jsonb_agg(jsonb_build_object(
                        'grantee', CASE WHEN x.grantee <> 0 THEN pg_get_userbyid(x.grantee) END, 'column', g.attname,
                        'privilege', x.privilege_type, 'grantable', x.is_grantable) ORDER BY g.attname NULLS FIRST), '[]')
               FROM pg_class c
              CROSS JOIN LATERAL (SELECT NULL::name AS attname, c.relacl AS acl
                                  UNION ALL SELECT a.attname, a.attacl FROM pg_attribute a
                                             WHERE a.attrelid = c.oid AND NOT a.attisdropped) g
              CROSS JOIN LATERAL aclexplode(g.acl) x
              WHERE c.oid = $1 AND x.grantee <> c.relowner",
            &[relation.0.into()],
            |r| r.must::<JsonB>(1).0,
        )
    })
    .unwrap_or_else(|| json!([]))
}

/// Gives them, as the current user; whoever is gone meanwhile is named.
pub fn give(name: &Name, grants: &Value) {
    for g in grants.as_array().into_iter().flatten() {
        let option = if g["grantable"] == true { " WITH GRANT OPTION" } else { "" };
        let privilege = g["privilege"].as_str().unwrap_or("SELECT");
        let column = g["column"].as_str().map(|c| format!(" ({})", quote_identifier(c))).unwrap_or_default();
        if let Some(role) = g["grantee"].as_str().filter(|role| !has_role(role)) {
            error::change::grantee_gone(name, role).warn();
            continue;
        }
        spi::execute(&format!("GRANT {privilege}{column} ON {name} TO {}{option}", grantee(g)), &[]);
    }
}

/// Takes them away, as the current user. Takes grants on columns too; CASCADE, since who had the grant option may have
/// passed it on.
pub fn take(name: &Name, grants: &Value) {
    let mut grantees: Vec<String> = grants.as_array().into_iter().flatten().map(grantee).collect();
    grantees.sort();
    grantees.dedup();
    for grantee in grantees {
        spi::execute(&format!("REVOKE ALL ON {name} FROM {grantee} CASCADE"), &[]);
    }
}

fn has_role(role: &str) -> bool {
    owner::run(|| {
        spi::select_one("SELECT true FROM pg_roles WHERE rolname = $1", &[role.into()], |r| r.must::<bool>(1))
    })
    .is_some()
}

fn grantee(grant: &Value) -> String {
    grant["grantee"].as_str().map_or_else(|| "PUBLIC".to_string(), quote_identifier)
}
