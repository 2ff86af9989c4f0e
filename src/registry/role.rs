//! Roles that declarations name, and who is meant by such a name.
//!
//! Declarations store roles by name, so that they survive a dump. But a name is not a person: a role that is renamed would
//! lose its duties, and whoever creates a role under the name of a dropped one would get them. So each place that
//! names a role remembers which role that was, and only that one counts, under whatever name it has today. After a
//! restore nothing is remembered, and the name counts until `confirm_restore()` binds it.
use crate::audit::{self, Act};
use crate::pg::{owner, roles, spi};
use pgrx::datum::DatumWithOid;
use pgrx::pg_sys;
use serde_json::json;
use std::collections::HashMap;

/// Where roles are named: the kind of place, and the query that gives place and role.
const PLACES: &str = "SELECT 'duty ' || duty AS place, role FROM governance.duty
    UNION SELECT 'party ' || name, unnest(db_roles) FROM governance.party
    UNION SELECT 'writer', role FROM governance.declared_writer
    UNION SELECT 'unmask ' || tag, role FROM governance.unmask_grant
    UNION SELECT 'mask ' || tag, role FROM governance.mask WHERE role <> ''";

/// Remembers which role a place means by a name, from now on; whether that is another one than before.
pub fn bind(place: &str, role: &str) -> bool {
    let Some(oid) = roles::oid(role) else { return false };
    let bound = owner::run(|| {
        spi::execute(
            "INSERT INTO governance.role_binding AS b (place, role, role_oid) VALUES ($1, $2, $3)
             ON CONFLICT (place, role) DO UPDATE SET role_oid = excluded.role_oid
              WHERE b.role_oid <> excluded.role_oid",
            &[place.into(), role.into(), oid.into()],
        )
    });
    bound > 0
}

/// The role that a place means by a name; None where that is gone, even if another one has its name today.
#[must_use]
pub fn meant(place: &str, role: &str) -> Option<pg_sys::Oid> {
    let bound: Option<pg_sys::Oid> = owner::run(|| {
        spi::select_latest(
            "SELECT role_oid FROM governance.role_binding WHERE place = $1 AND role = $2",
            &[place.into(), role.into()],
            |r| r.must(1),
        )
    })
    .into_iter()
    .next();
    match bound {
        Some(oid) => roles::exists(oid).then_some(oid),
        None => roles::oid(role),
    }
}

/// Binds every name that is not bound yet to the role that bears it: after a restore.
pub fn bind_all() {
    owner::run(|| {
        spi::execute(
            &format!(
                "INSERT INTO governance.role_binding (place, role, role_oid)
                 SELECT p.place, p.role, r.oid FROM ({PLACES}) p JOIN pg_roles r ON r.rolname = p.role
                 ON CONFLICT DO NOTHING"
            ),
            &[],
        )
    });
}

/// Names that mean a role which is gone: place and role.
#[must_use]
pub fn gone() -> Vec<(String, String)> {
    owner::run(|| {
        spi::select(
            &format!(
                "SELECT p.place, p.role FROM ({PLACES}) p LEFT JOIN governance.role_binding b USING (place, role)
                  WHERE NOT EXISTS (SELECT FROM pg_roles r
                                     WHERE CASE WHEN b.role_oid IS NULL THEN r.rolname = p.role ELSE r.oid = b.role_oid END)
                  ORDER BY 1, 2"
            ),
            &[],
            |r| (r.must(1), r.must(2)),
        )
    })
}

/// Roles that have another name today than where they are named, by that name; not where the name is another role's.
#[must_use]
pub fn renamed() -> HashMap<String, String> {
    let moved = moved().into_iter().map(|(_, before, now)| (before, now));
    moved.filter(|(before, _)| roles::oid(before).is_none()).collect()
}

/// Place, name and name of today of renamed roles.
fn moved() -> Vec<(String, String, String)> {
    owner::run(|| {
        spi::select(
            "SELECT b.place, b.role, r.rolname::text FROM governance.role_binding b JOIN pg_roles r ON r.oid = b.role_oid
              WHERE r.rolname <> b.role ORDER BY 1, 2",
            &[],
            |r| (r.must(1), r.must(2), r.must(3)),
        )
    })
}

/// Calls renamed roles by the names they have today. Called by acts that name roles: ALTER ROLE fires no event trigger,
/// and may have been run from another database.
pub fn follow() {
    for (place, before, now) in moved() {
        let (kind, what) = place.split_once(' ').unwrap_or((&place, ""));
        // Where the new name is there already, the rows are two for one role.
        let statements: &[&str] = match kind {
            "duty" => &[
                "DELETE FROM governance.duty o USING governance.duty n
                  WHERE (o.duty, n.duty, o.role, n.role) = ($3, $3, $1, $2) AND n.scope = o.scope",
                "UPDATE governance.duty SET role = $2 WHERE duty = $3 AND role = $1",
            ],
            "party" => &["UPDATE governance.party SET db_roles =
                  CASE WHEN $2 = ANY (db_roles) THEN array_remove(db_roles, $1) ELSE array_replace(db_roles, $1, $2) END
                  WHERE name = $3 AND $1 = ANY (db_roles)"],
            "unmask" => &[
                "DELETE FROM governance.unmask_grant o USING governance.unmask_grant n
                  WHERE (o.tag, n.tag, o.role, n.role) = ($3, $3, $1, $2)",
                "UPDATE governance.unmask_grant SET role = $2 WHERE tag = $3 AND role = $1",
            ],
            "mask" => &[
                "DELETE FROM governance.mask o USING governance.mask n
                  WHERE (o.tag, n.tag, o.role, n.role, o.recipient, n.recipient) = ($3, $3, $1, $2, '', '')",
                "UPDATE governance.mask SET role = $2 WHERE tag = $3 AND role = $1",
            ],
            _ => &["UPDATE governance.declared_writer SET role = $2 WHERE role = $1 AND $3 = ''"],
        };
        let moved: [DatumWithOid; 3] = [before.as_str().into(), now.as_str().into(), what.into()];
        owner::run(|| {
            statements.iter().for_each(|sql| {
                spi::execute(sql, &moved);
            });
            spi::execute(
                "DELETE FROM governance.role_binding WHERE place = $3 AND role = $1",
                &[before.as_str().into(), now.as_str().into(), place.as_str().into()],
            );
        });
        bind(&place, &now);
        audit::act(Act {
            verb: "follow_role",
            object: &now,
            relation: None,
            before: Some(json!({"place": place, "role": before})),
            after: Some(json!({"place": place, "role": now})),
            reason: None,
        });
    }
}
