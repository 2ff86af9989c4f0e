//! Windows: how long nobody may have read what goes, how long an approval holds, and how long what went can be brought
//! back. One row per class is shipped; an operator sets others.
use crate::audit::{self, Act};
use crate::error;
use crate::pg::catalog::Name;
use crate::pg::{owner, spi};
use crate::registry::duty;
use pgrx::JsonB;
use pgrx::datum::Interval;
use serde_json::Value;

/// The windows that hold for a dataset.
#[derive(Clone, Debug)]
pub struct Window {
    /// Its class; empty where none is declared.
    pub class: String,
    /// Nobody may have read what goes for so long.
    pub soak: String,
    /// So long after it was given an approval holds.
    pub approval: String,
    /// So long at least what went can be brought back.
    pub quarantine: String,
}

/// The windows of a dataset's class.
#[must_use]
pub fn of(name: &Name) -> Window {
    owner::run(|| {
        spi::select_one(
            "SELECT w.class, w.soak::text, w.approval::text, w.quarantine::text
               FROM governance.change_windows w
              WHERE w.class IN (coalesce((SELECT d.class FROM governance._dataset d
                                           WHERE d.schema_name = $1 AND d.relation_name = $2), ''), '')
              ORDER BY w.class DESC LIMIT 1",
            &[name.schema.as_str().into(), name.relation.as_str().into()],
            |r| Window { class: r.must(1), soak: r.must(2), approval: r.must(3), quarantine: r.must(4) },
        )
    })
    .unwrap_or_else(|| error::change::no_windows().raise())
}

/// What is set by hand for a class, as the log says it.
fn state(class: &str) -> Option<Value> {
    owner::run(|| {
        spi::select_one(
            "SELECT jsonb_build_object('soak', soak, 'approval', approval, 'quarantine', quarantine)
               FROM governance.change_windows WHERE class = $1",
            &[class.into()],
            |r| r.must::<JsonB>(1).0,
        )
    })
}

/// Sets the windows of a class; None leaves as it is.
pub fn set(
    class: &str,
    soak: Option<Interval>,
    approval: Option<Interval>,
    quarantine: Option<Interval>,
    reason: Option<&str>,
) {
    duty::require_operator("setting the windows of changes");
    let before = state(class).unwrap_or_else(|| error::change::no_such_class(class).raise());
    let bounds = owner::run(|| {
        spi::select_one(
            "SELECT ARRAY(SELECT n FROM (VALUES ('soak', $1::interval, interval '0', interval '2 years'),
                                                ('approval', $2, interval '1 hour', interval '1 year'),
                                                ('quarantine', $3, interval '1 day', interval '1 year')) v (n, given, least, most)
                           WHERE given NOT BETWEEN least AND most),
                    (coalesce($1 < w.soak, false) OR coalesce($3 < w.quarantine, false) OR coalesce($2 > w.approval, false))
               FROM governance.change_windows w WHERE class = $4",
            &[soak.into(), approval.into(), quarantine.into(), class.into()],
            |r| (r.must::<Vec<String>>(1), r.must::<bool>(2)),
        )
    });
    let Some((outside, weakens)) = bounds else { error::change::no_such_class(class).raise() };
    if let Some(window) = outside.first() {
        error::change::window_out_of_bounds(window).raise();
    }
    let reason = if weakens {
        Some(duty::reason_for("weakening a window of changes", reason))
    } else {
        duty::reason_given(reason)
    };
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.change_window_set AS s (class, soak, approval, quarantine) VALUES ($1, $2, $3, $4)
             ON CONFLICT (class) DO UPDATE SET soak = coalesce(excluded.soak, s.soak),
                approval = coalesce(excluded.approval, s.approval), quarantine = coalesce(excluded.quarantine, s.quarantine)",
            &[class.into(), soak.into(), approval.into(), quarantine.into()],
        )
    });
    note("set_change_window", class, before, reason.as_deref());
}

/// Back to the shipped windows of a class.
pub fn reset(class: &str, reason: Option<&str>) {
    duty::require_operator("setting the windows of changes");
    let before = state(class).unwrap_or_else(|| error::change::no_such_class(class).raise());
    let reason = duty::reason_for("resetting the windows of changes", reason);
    owner::run(|| {
        spi::execute("DELETE FROM governance.change_window_set WHERE class = $1", &[class.into()]);
    });
    note("reset_change_window", class, before, Some(&reason));
}

fn note(verb: &str, class: &str, before: Value, reason: Option<&str>) {
    let object = if class.is_empty() { "no class".to_string() } else { format!("class {class}") };
    audit::act(Act {
        verb,
        object: &object,
        relation: None,
        before: Some(before),
        after: state(class),
        reason,
    });
}
