//! Granting and revoking duties.
use super::{level, role};
use crate::audit::{self, Act};
use crate::error;
use crate::pg::{owner, roles, spi};
use pgrx::pg_sys;
use serde_json::{Value, json};

/// Duties that are granted; the others follow from ownership.
pub const DUTIES: [&str; 3] = ["operator", "auditor", "backup"];

/// Grants a duty. Granting twice is no error.
pub fn grant(duty: &str, name: &str, scope: Option<&str>) {
    let (oid, scope) = check(duty, name, scope);
    if is_oneself(oid) {
        error::registry::not_to_oneself(&format!("the duty {duty}")).raise();
    }
    role::follow();
    let me = roles::name(roles::current());
    let new = owner::run(|| {
        spi::execute(
            "INSERT INTO governance.duty (duty, role, scope, granted_by) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            &[duty.into(), name.into(), scope.as_str().into(), me.as_str().into()],
        )
    });
    let rebound = role::bind(&format!("duty {duty}"), name);
    if duty == "backup" {
        let_dump(name);
    }
    if new > 0 || rebound {
        act("grant_duty", duty, name, None, Some(json!({"scope": scope})), None);
    }
}

/// Revokes a duty.
pub fn revoke(duty: &str, role: &str, scope: Option<&str>, reason: Option<&str>) {
    if !DUTIES.contains(&duty) {
        error::not_one_of("duty", duty, &DUTIES).raise();
    }
    // A role or a scope that was dropped since may still be named in a row.
    let scope = level::stored_scope(scope);
    let gone = owner::run(|| {
        spi::execute(
            "DELETE FROM governance.duty WHERE duty = $1 AND role = $2 AND scope = $3",
            &[duty.into(), role.into(), scope.as_str().into()],
        )
    });
    if gone == 0 {
        error::registry::duty_not_granted(duty, role).raise();
    }
    if duty == "backup" && roles::oid(role).is_some() {
        for table in dumped_tables() {
            owner::run(|| {
                spi::execute(&format!("REVOKE SELECT ON {table} FROM {}", quoted(role)), &[]);
            });
        }
    }
    act("revoke_duty", duty, role, Some(json!({"scope": scope})), None, reason);
}

/// Gives every role with the duty backup the tables that a dump reads: those of a new version, or of a restore.
pub fn renew_backup() {
    let holders: Vec<String> = owner::run(|| {
        spi::select("SELECT role FROM governance.duty WHERE duty = 'backup' ORDER BY role", &[], |r| {
            r.must(1)
        })
    });
    holders.iter().filter(|h| roles::oid(h).is_some()).for_each(|h| let_dump(h));
}

fn check(duty: &str, role: &str, scope: Option<&str>) -> (pg_sys::Oid, String) {
    if !DUTIES.contains(&duty) {
        error::not_one_of("duty", duty, &DUTIES).raise();
    }
    let Some(oid) = roles::oid(role) else { error::registry::no_such_role(role).raise() };
    let scope = level::canonical_scope(scope);
    if duty != "auditor" && !scope.is_empty() {
        error::registry::duty_has_no_scope(duty).raise();
    }
    (oid, scope)
}

/// The caller under any of its names, and roles it is a member of. Superusers hold every duty already, so for them only
/// their own name counts.
#[must_use]
pub fn is_oneself(role: pg_sys::Oid) -> bool {
    [roles::current(), roles::outer(), roles::session()]
        .into_iter()
        .any(|me| me == role || (!roles::is_superuser(roles::session()) && roles::is_member_of(me, role)))
}

fn let_dump(role: &str) {
    for table in dumped_tables() {
        owner::run(|| {
            spi::execute(&format!("GRANT SELECT ON {table} TO {}", quoted(role)), &[]);
        });
    }
}

/// The tables of the extension whose rows `pg_dump` takes, quoted.
fn dumped_tables() -> Vec<String> {
    owner::run(|| {
        spi::select(
            "SELECT format('%I.%I', n.nspname, c.relname)
               FROM pg_extension e CROSS JOIN LATERAL unnest(e.extconfig) AS t (relid)
               JOIN pg_class c ON c.oid = t.relid JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE e.extname = 'data_governance' ORDER BY 1",
            &[],
            |r| r.must(1),
        )
    })
}

fn quoted(role: &str) -> String {
    pgrx::spi::quote_identifier(role)
}

fn act(
    verb: &str,
    duty: &str,
    role: &str,
    before: Option<Value>,
    after: Option<Value>,
    reason: Option<&str>,
) {
    audit::act(Act { verb, object: &format!("{duty} of {role}"), relation: None, before, after, reason });
}
