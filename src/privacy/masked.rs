//! Masked roles.
use crate::audit::{self, Act};
use crate::error;
use crate::pg::{loading, owner, roles, spi};
use crate::registry::attach;

/// Masks a role. Masking twice is no error.
pub fn mask(role: &str) {
    let mode = loading::mode();
    if mode == loading::Mode::Installed {
        error::mode_cannot_hold("masking a role", mode.as_str()).raise();
    }
    let oid = roles::oid(role);
    if oid.is_none() && role != "public" {
        error::registry::no_such_role(role).raise();
    }
    super::key::ensure("");
    let me = roles::name(roles::current());
    let new = owner::run(|| {
        spi::execute_returning(
            "INSERT INTO governance.masked_role AS m (role, role_oid, by) VALUES ($1, $2, $3)
             ON CONFLICT (role) DO UPDATE SET unmasked_by_xid = NULL, role_oid = excluded.role_oid,
                    since = CASE WHEN m.unmasked_by_xid IS NULL THEN m.since ELSE now() END,
                    by = CASE WHEN m.unmasked_by_xid IS NULL THEN m.by ELSE excluded.by END
              WHERE m.unmasked_by_xid IS NOT NULL OR m.role_oid IS DISTINCT FROM excluded.role_oid
             RETURNING true",
            &[role.into(), oid.into(), me.into()],
            |r| r.must::<bool>(1),
        )
    });
    if new.is_empty() {
        return;
    }
    act("mask_role", role, None);
    // In mode preloaded every session has the library.
    let older = if mode == loading::Mode::Attached { attach::older_sessions() } else { Vec::new() };
    if !older.is_empty() {
        error::privacy::raw_sessions(role, &older).warn();
    }
}

/// Unmasks a role; it stays masked until this transaction has committed.
pub fn unmask(role: &str, reason: &str) {
    let done = owner::run(|| {
        spi::execute_returning(
            "UPDATE governance.masked_role SET unmasked_by_xid = pg_current_xact_id()
              WHERE role = $1 AND unmasked_by_xid IS NULL RETURNING true",
            &[role.into()],
            |r| r.must::<bool>(1),
        )
    });
    if done.is_empty() {
        error::privacy::not_masked(role).raise();
    }
    act("unmask_role", role, Some(reason));
}

fn act(verb: &str, role: &str, reason: Option<&str>) {
    audit::act(Act { verb, object: role, relation: None, before: None, after: None, reason });
}
