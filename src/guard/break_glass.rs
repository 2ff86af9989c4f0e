//! Break-glass: an operator lets one role pass one hazard, for a few statements and minutes.
use super::later;
use crate::audit::{self, Act};
use crate::core::registry::feature::Scope;
use crate::error;
use crate::pg::catalog::Name;
use crate::pg::{owner, roles, spi, xact};
use crate::registry::{dataset, duty, level};
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys;
use serde_json::json;

/// Hazard classes.
const HAZARDS: [&str; 4] = ["data_loss", "breaks_clients", "availability", "security"];

/// Longest time a break-glass may be open.
const MAX_HOURS: i64 = 24;

/// Opens a break-glass. It takes effect when this transaction has committed.
pub fn open(
    reason: Option<&str>,
    hazards: Option<Vec<String>>,
    scope: Option<&str>,
    for_role: Option<&str>,
    uses: i32,
    valid_until: Option<TimestampWithTimeZone>,
) -> pgrx::Uuid {
    let reason = duty::reason_for("break_glass", reason);
    let hazards = error::given("hazards", hazards);
    if hazards.is_empty() {
        error::registry::empty("hazards").raise();
    }
    if scope.is_some_and(|s| s.trim().is_empty()) {
        error::registry::empty("scope").raise();
    }
    for hazard in &hazards {
        if !HAZARDS.contains(&hazard.as_str()) {
            error::guard::no_such_hazard(hazard).raise();
        }
    }
    let role = error::given("for_role", for_role);
    if roles::oid(role).is_none() {
        error::registry::no_such_role(role).raise();
    }
    if !(1..=100).contains(&uses) {
        error::guard::break_glass_uses(uses).raise();
    }
    let scope = level::canonical_scope(scope);
    let Some(valid_until) = valid_until else { error::argument_required("valid_until").raise() };
    let soon: bool = owner::run(|| {
        spi::select_one(
            "SELECT $1 > now() AND $1 <= now() + make_interval(hours => $2)",
            &[valid_until.into(), (MAX_HOURS as i32).into()],
            |r| r.must(1),
        )
    })
    .unwrap_or(false);
    if !soon {
        error::guard::break_glass_too_long(MAX_HOURS).raise();
    }
    let me = roles::name(roles::current());
    let ids = owner::run(|| {
        spi::execute_returning(
            "INSERT INTO governance.break_glass_entry (hazards, scope, for_role, role_oid, uses_left, valid_until, reason, opened_by)
             VALUES ($1, $2, $3, to_regrole(quote_ident($3)), $4, $5, $6, $7) RETURNING id",
            &[
                hazards.clone().into(),
                scope.as_str().into(),
                role.into(),
                uses.into(),
                valid_until.into(),
                reason.as_str().into(),
                me.into(),
            ],
            |r| r.must::<pgrx::Uuid>(1),
        )
    });
    audit::act(Act {
        verb: "break_glass",
        object: role,
        relation: None,
        before: None,
        after: Some(json!({"hazards": hazards, "scope": scope, "uses": uses})),
        reason: Some(&reason),
    });
    ids.into_iter().next().unwrap_or_else(|| pgrx::Uuid::from_bytes([0; 16]))
}

/// Ends every open break-glass.
pub fn end_all() -> i64 {
    let ended = owner::run(|| {
        spi::execute(
            "UPDATE governance.break_glass_entry SET uses_left = 0 WHERE uses_left > 0 AND valid_until > now()",
            &[],
        )
    });
    audit::act(Act {
        verb: "end_break_glass",
        object: "all",
        relation: None,
        before: None,
        after: Some(json!({"ended": ended})),
        reason: None,
    });
    ended as i64
}

/// One that is open, as it concerns a victim.
struct Open {
    id: pgrx::Uuid,
    reason: String,
}

/// Those that cover a hazard on a relation for the session's or current role, oldest first. `used` are counted as open.
fn covering(hazard: &str, name: &Name, used: &[pgrx::Uuid]) -> Vec<Open> {
    let mine = xact::id_if_assigned().map(|x| x.to_string());
    let candidates: Vec<(pgrx::Uuid, String, pg_sys::Oid, String, Option<String>)> = owner::run(|| {
        spi::select(
            "SELECT id, scope, role_oid, reason, opened_by_xid::text FROM governance.break_glass_entry
              WHERE (uses_left > 0 OR id = ANY ($2)) AND valid_until > clock_timestamp() AND $1 = ANY (hazards)
              ORDER BY opened_at",
            &[hazard.into(), used.to_vec().into()],
            |r| (r.must(1), r.must(2), r.must(3), r.must(4), r.get(5)),
        )
    });
    if candidates.is_empty() {
        return Vec::new();
    }
    let facts = dataset::facts(name);
    let covers = |scope: &str| match Scope::parse(scope) {
        Ok(Scope::Database) => true,
        Ok(Scope::Schema(s)) => s == name.schema,
        Ok(Scope::Class(c)) => facts.class.as_deref() == Some(&c),
        Ok(Scope::Dataset(s, r)) => s == name.schema && r == name.relation,
        Err(_) => false,
    };
    // By its number: another role of the same name is another role.
    let is_theirs = |role: pg_sys::Oid| role == roles::session() || role == roles::current();
    candidates
        .into_iter()
        // Weakening takes effect after commit.
        .filter(|(_, scope, role, _, opened)| *opened != mine && covers(scope) && is_theirs(*role))
        .map(|(id, _, _, reason, _)| Open { id, reason })
        .collect()
}

/// The reason of a break-glass that would let a hazard pass.
#[must_use]
pub fn would_pass(hazard: &str, name: &Name) -> Option<String> {
    covering(hazard, name, &[]).into_iter().next().map(|open| open.reason)
}

/// Uses up one statement of a break-glass that covers this hazard on this relation for the session's or current role;
/// returns its reason. `used` holds those this statement has used already: its other victims cost nothing more.
#[must_use]
pub fn pass(hazard: &str, name: &Name, used: &mut Vec<pgrx::Uuid>) -> Option<String> {
    for Open { id, reason } in covering(hazard, name, used) {
        if used.contains(&id) {
            return Some(reason);
        }
        if later::is_postponing() {
            later::write(move || {
                let _ = use_up(id);
            });
            used.push(id);
            return Some(reason);
        }
        // Another session may have used it up since: waiting for it shows the row as it is now.
        if use_up(id) {
            used.push(id);
            return Some(reason);
        }
    }
    None
}

/// Uses up one statement; whether there was one left.
fn use_up(id: pgrx::Uuid) -> bool {
    let left = owner::run(|| {
        spi::execute(
            "UPDATE governance.break_glass_entry SET uses_left = uses_left - 1, last_used_at = clock_timestamp()
              WHERE id = $1 AND uses_left > 0 AND valid_until > clock_timestamp()",
            &[id.into()],
        )
    });
    left > 0
}
