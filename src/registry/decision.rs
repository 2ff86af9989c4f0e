//! Decisions: what was chosen, for which access pattern, and what was not.
use super::{duty, party};
use crate::audit::{self, Act};
use crate::error;
use crate::pg::{owner, roles, spi};
use pgrx::datum::Date;
use serde_json::Value;

/// What a decision can be, as in MADR (Markdown Any Decision Records) 4.0; only accepted ones count.
pub const STATUSES: [&str; 4] = ["proposed", "accepted", "rejected", "superseded"];

/// Records a decision, or changes it: NULL leaves as it is.
pub fn record(
    title: &str,
    kind: Option<&str>,
    objects: Option<Vec<String>>,
    access_pattern: Option<&str>,
    alternatives: Option<Value>,
    by: Option<&str>,
    review_by: Option<Date>,
    status: Option<&str>,
) {
    let past = owner::run(|| {
        spi::select_one("SELECT $1 < current_date", &[review_by.into()], |r| r.get::<bool>(1)).flatten()
    });
    if past == Some(true) {
        error::registry::end_in_the_past("review_by").raise();
    }
    restate(title, kind, objects, access_pattern, alternatives, by, review_by, status);
}

/// The same for one whose review may be overdue: a manifest brings it as it is.
pub fn restate(
    title: &str,
    kind: Option<&str>,
    objects: Option<Vec<String>>,
    access_pattern: Option<&str>,
    alternatives: Option<Value>,
    by: Option<&str>,
    review_by: Option<Date>,
    status: Option<&str>,
) {
    error::registry::require_words(&[("kind", kind), ("access_pattern", access_pattern)]);
    if let Some(status) = status
        && !STATUSES.contains(&status)
    {
        error::not_one_of("status of a decision", status, &STATUSES).raise();
    }
    error::registry::require_words(&[("title", Some(title))]);
    if let Some(a) = &alternatives
        && !a.is_array()
    {
        error::registry::not_an_array("alternatives").raise();
    }
    if let Some(party) = by {
        party::require(party);
    }
    let before = get(title);
    let me = roles::name(roles::current());
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.decision AS d (title, kind, objects, access_pattern, alternatives, owner, review_by, recorded_by,
                    status, workload)
             VALUES ($1, coalesce($2, 'store'), coalesce($3, '{}'), $4, coalesce($5, '[]'), $6, $7, $8, coalesce($9, 'accepted'),
                     governance._workload(coalesce($3, '{}')))
             ON CONFLICT (title) DO UPDATE
                SET kind = coalesce($2, d.kind), objects = coalesce($3, d.objects),
                    access_pattern = coalesce($4, d.access_pattern), alternatives = coalesce($5, d.alternatives),
                    owner = coalesce($6, d.owner), review_by = coalesce($7, d.review_by), recorded_at = now(),
                    recorded_by = excluded.recorded_by, status = coalesce($9, d.status),
                    workload = governance._workload(coalesce($3, d.objects))",
            &[
                title.into(),
                kind.into(),
                objects.into(),
                access_pattern.into(),
                alternatives.map(pgrx::JsonB).into(),
                by.into(),
                review_by.into(),
                me.as_str().into(),
                status.into(),
            ],
        )
    });
    audit::act(Act {
        verb: "record_decision",
        object: title,
        relation: None,
        before,
        after: get(title),
        reason: None,
    });
}

/// Forgets a decision.
pub fn forget(title: &str) {
    let Some(before) = get(title) else { error::registry::no_such_decision(title).raise() };
    owner::run(|| spi::execute("DELETE FROM governance.decision WHERE title = $1", &[title.into()]));
    audit::act(Act {
        verb: "forget_decision",
        object: title,
        relation: None,
        before: Some(before),
        after: None,
        reason: None,
    });
}

/// Operators, and members of the party that answers for the decision: the one it has, and the one it gets.
pub fn require_duty(act: &str, title: &str, by: Option<&str>) {
    let now = get(title).map(|d| d["owner"].as_str().map(String::from));
    let held = |p: &str| duty::is_of_party(p);
    let of_now = now.as_ref().is_none_or(|o| o.as_deref().is_some_and(held));
    let of_next = match by {
        Some(party) => held(party),
        None => now.is_some(),
    };
    if !(of_now && of_next) {
        duty::require_operator(act);
    }
}

fn get(title: &str) -> Option<Value> {
    owner::run(|| {
        spi::select_one(
            "SELECT to_jsonb(d) - '{title,comment,recorded_at,recorded_by,workload}'::text[] FROM governance.decision d WHERE title = $1",
            &[title.into()],
            |r| r.must::<pgrx::JsonB>(1).0,
        )
    })
}
