//! Leave to see what a tag masks.
use crate::audit::{self, Act};
use crate::error;
use crate::pg::{cache, owner, roles, spi};
use crate::registry::{role, tagging};
use pgrx::datum::TimestampWithTimeZone;
use serde_json::json;

/// Lets members of a role see what a tag masks, from commit on. Never the caller's own role.
pub fn give(to: &str, tag: &str, reason: &str, valid_until: Option<TimestampWithTimeZone>) {
    let Some(oid) = roles::oid(to) else { error::registry::no_such_role(to).raise() };
    let mine = [roles::current(), roles::session()];
    if mine.iter().any(|me| *me == oid || roles::is_member_of(*me, oid)) {
        error::registry::not_to_oneself("leave to unmask").raise();
    }
    role::follow();
    tagging::require_tag(tag);
    if valid_until.is_some_and(|end| end <= pgrx::datum::datetime_support::now()) {
        error::registry::end_in_the_past("valid_until").raise();
    }
    let me = roles::name(roles::current());
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.unmask_grant (role, tag, reason, valid_until, granted_by)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (role, tag) DO UPDATE SET reason = excluded.reason, valid_until = excluded.valid_until,
                    granted_by = excluded.granted_by, granted_at = now(), granted_by_xid = pg_current_xact_id()",
            &[to.into(), tag.into(), reason.into(), valid_until.into(), me.into()],
        )
    });
    if role::bind(&format!("unmask {tag}"), to) {
        cache::touch();
    }
    audit::act(Act {
        verb: "grant_unmask",
        object: &format!("{tag} to {to}"),
        relation: None,
        before: None,
        after: Some(json!({"role": to, "tag": tag})),
        reason: Some(reason),
    });
}

/// Takes it back.
pub fn take(role: &str, tag: &str) {
    let done = owner::run(|| {
        spi::execute_returning(
            "DELETE FROM governance.unmask_grant WHERE role = $1 AND tag = $2 RETURNING true",
            &[role.into(), tag.into()],
            |r| r.must::<bool>(1),
        )
    });
    if done.is_empty() {
        error::privacy::no_such_grant(role, tag).raise();
    }
    audit::act(Act {
        verb: "revoke_unmask",
        object: &format!("{tag} to {role}"),
        relation: None,
        before: Some(json!({"role": role, "tag": tag})),
        after: None,
        reason: None,
    });
}
