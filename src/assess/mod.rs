//! assess: what the product finds, what people accept for a while, and documents for other tools. The checks and the
//! answers themselves are SQL, in `sql/assess*.sql`.
mod export;
mod waiver;

use crate::error::{self, given};
use crate::registry::duty;
use crate::registry::status::StatusRow;
use pgrx::prelude::*;

/// Features that a self-test can be asked for.
const FEATURES: [&str; 5] = ["guard", "change", "privacy", "audit", "lineage"];

/// The SQL surface.
#[pg_schema]
pub mod governance {
    use super::*;
    use pgrx::datum::TimestampWithTimeZone;

    /// Accepts a finding until a date; takes effect when the transaction has committed.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn waive_finding(
        fingerprint: Option<&str>,
        reason: default!(Option<&str>, "NULL"),
        owner: default!(Option<&str>, "NULL"),
        valid_until: default!(
            Option<TimestampWithTimeZone>,
            "pg_catalog.now() + '90 days'::pg_catalog.interval"
        ),
    ) {
        let fingerprint = given("fingerprint", fingerprint);
        waiver::waive(fingerprint, reason, owner, valid_until);
    }

    /// Opens a waived finding again.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn unwaive_finding(fingerprint: Option<&str>) {
        let fingerprint = given("fingerprint", fingerprint);
        waiver::unwaive(fingerprint);
    }

    /// Remembers the findings of today; returns how many there are.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn set_baseline() -> i32 {
        duty::require_operator("setting a baseline");
        waiver::set_baseline()
    }

    /// Attacks a feature in this very database and takes everything back; without one, every feature that has such a test.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn self_test(
        feature: default!(Option<&str>, "NULL"),
        role: default!(Option<&str>, "NULL"),
    ) -> TableIterator<
        'static,
        (
            name!(feature, String),
            name!(attempt, String),
            name!(caught, Option<bool>),
            name!(layer, Option<String>),
            name!(detail, String),
        ),
    > {
        duty::require_operator("self_test");
        if let Some(other) = feature.filter(|f| !["guard", "privacy"].contains(f)) {
            if !FEATURES.contains(&other) {
                error::not_one_of("feature", other, &FEATURES).raise();
            }
            error::not_yet(&format!("self_test('{other}')")).raise();
        }
        if role.is_some() && feature != Some("privacy") {
            error::not_yet("self_test() as another role, except of privacy,").raise();
        }
        let mut rows = Vec::new();
        if feature != Some("privacy") {
            rows.extend(
                crate::guard::self_test()
                    .into_iter()
                    .map(|o| ("guard".to_string(), o.attempt.to_string(), Some(o.caught), o.layer, o.detail)),
            );
        }
        if feature != Some("guard") {
            rows.extend(
                crate::privacy::self_test(role).into_iter().map(|o| {
                    ("privacy".to_string(), o.attempt, o.caught, o.layer.map(String::from), o.detail)
                }),
            );
        }
        TableIterator::new(rows)
    }

    /// The assessment as a document.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn assess_export(format: &str) -> SetOfIterator<'static, String> {
        SetOfIterator::new(export::document(format))
    }
}

/// What `status()` says about assess.
#[must_use]
pub fn status() -> Vec<StatusRow> {
    vec![
        StatusRow::on(
            "assess",
            "",
            "assess(), findings and checklist() look at catalogs, statistics, settings and declarations",
        ),
        StatusRow::off("assess.export", "", "assess_export() has junit and prometheus, not yet sarif", None),
        StatusRow::off("assess.report", "", "report_html() is not available in this version", None),
        StatusRow::off(
            "assess.contract",
            "",
            "export_contract() and import_contract() are not available in this version",
            None,
        ),
    ]
}
