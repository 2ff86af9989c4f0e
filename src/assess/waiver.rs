//! Waivers and the baseline. Findings are looked up as the caller: nobody waives what they may not see.
use crate::audit::{self, Act};
use crate::core::assess::fingerprint;
use crate::error;
use crate::pg::catalog::{self, Name};
use crate::pg::regclass::Relation;
use crate::pg::{owner, roles, spi};
use crate::registry::duty;
use pgrx::datum::TimestampWithTimeZone;
use serde_json::json;

/// What a finding is about.
struct Subject {
    check: String,
    object: String,
    name: Option<Name>,
}

impl Subject {
    fn relation(&self) -> Option<Relation> {
        self.name.as_ref().and_then(catalog::relation_oid).map(Relation)
    }

    /// The steward decides where one dataset is concerned, else an operator.
    fn require_duty(&self, act: &str) {
        match self.relation() {
            Some(relation) => duty::require_steward(act, relation),
            None => duty::require_operator(act),
        }
    }
}

fn parse(text: &str) -> String {
    fingerprint::parse(text).unwrap_or_else(|| error::assess::not_a_fingerprint(text).raise())
}

fn subject(r: &spi::Row) -> Subject {
    let name = r.get(3).zip(r.get(4)).map(|(schema, relation)| Name { schema, relation });
    Subject { check: r.must(1), object: r.must(2), name }
}

/// Accepts a finding; it stays open until this transaction has committed.
pub fn waive(
    text: &str,
    reason: Option<&str>,
    answers: Option<&str>,
    valid_until: Option<TimestampWithTimeZone>,
) {
    let fingerprint = parse(text);
    let Some(valid_until) = valid_until else { error::argument_required("valid_until").raise() };
    let finding = spi::select_one(
        "SELECT check_id, object, schema_name, relation_name FROM governance.assess()
          WHERE fingerprint = $1 AND status IN ('fail', 'warn', 'waived')",
        &[fingerprint.as_str().into()],
        subject,
    )
    .unwrap_or_else(|| error::assess::no_such_finding(&fingerprint).raise());
    finding.require_duty("waiving a finding");
    let reason = duty::reason_for("waive_finding", reason);
    let (future, finite) =
        spi::select_one("SELECT $1 > now(), isfinite($1)", &[valid_until.into()], |r| (r.must(1), r.must(2)))
            .unwrap_or((false, false));
    if !future {
        error::registry::end_in_the_past("valid_until").raise();
    }
    if !finite {
        error::assess::endless_waiver().raise();
    }
    let me = roles::name(roles::current());
    let answers = answers.map_or_else(|| me.clone(), known_owner);
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.waiver AS w (fingerprint, check_id, object, schema_name, relation_name, reason, owner,
                    valid_until, waived_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (fingerprint) DO UPDATE
                SET reason = excluded.reason, owner = excluded.owner, valid_until = excluded.valid_until,
                    waived_at = now(), waived_by = excluded.waived_by, waived_by_xid = pg_current_xact_id()",
            &[
                fingerprint.as_str().into(),
                finding.check.as_str().into(),
                finding.object.as_str().into(),
                finding.name.as_ref().map(|n| n.schema.clone()).into(),
                finding.name.as_ref().map(|n| n.relation.clone()).into(),
                reason.as_str().into(),
                answers.as_str().into(),
                valid_until.into(),
                me.as_str().into(),
            ],
        )
    });
    audit::act(Act {
        verb: "waive_finding",
        object: &format!("{} on {}", finding.check, finding.object),
        relation: finding.relation(),
        before: None,
        after: Some(json!({"fingerprint": fingerprint, "owner": answers})),
        reason: Some(&reason),
    });
}

/// Who answers for a waiver: a declared party, or a role.
fn known_owner(name: &str) -> String {
    let parties: Vec<String> =
        owner::run(|| spi::select("SELECT name FROM governance.party ORDER BY name", &[], |r| r.must(1)));
    if !parties.iter().any(|p| p == name) && roles::oid(name).is_none() {
        error::registry::no_such_party(name, &parties).raise();
    }
    name.to_string()
}

/// Opens a waived finding again.
pub fn unwaive(text: &str) {
    let fingerprint = parse(text);
    let key = [fingerprint.as_str().into()];
    let waived = owner::run(|| {
        spi::select_one(
            "SELECT check_id, object, schema_name, relation_name FROM governance.waiver WHERE fingerprint = $1",
            &key,
            subject,
        )
    })
    .unwrap_or_else(|| error::assess::no_such_waiver(&fingerprint).raise());
    waived.require_duty("opening a waived finding");
    owner::run(|| spi::execute("DELETE FROM governance.waiver WHERE fingerprint = $1", &key));
    audit::act(Act {
        verb: "unwaive_finding",
        object: &format!("{} on {}", waived.check, waived.object),
        relation: waived.relation(),
        before: Some(json!({"fingerprint": fingerprint})),
        after: None,
        reason: None,
    });
}

/// Remembers the findings of today.
pub fn set_baseline() -> i32 {
    let found: Vec<String> = spi::select(
        "SELECT DISTINCT fingerprint FROM governance.assess() WHERE status IN ('fail', 'warn', 'waived') ORDER BY 1",
        &[],
        |r| r.must(1),
    );
    let me = roles::name(roles::current());
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.baseline (taken_by, fingerprints) VALUES ($1, $2)",
            &[me.as_str().into(), found.clone().into()],
        )
    });
    audit::act(Act {
        verb: "set_baseline",
        object: "database",
        relation: None,
        before: None,
        after: Some(json!({"findings": found.len()})),
        reason: None,
    });
    i32::try_from(found.len()).unwrap_or(i32::MAX)
}
