//! The second half of the SQL surface: consumers, decisions, duties, proposals, manifest, status, attach, restore.
use super::*;
use crate::error::{self, given, whole};

/// Deprecations are the owner's. Opening a column whose use is refused weakens: that is the steward's, and needs a reason.
fn may_change_deprecation(
    act: &str,
    relation: Relation,
    column: &str,
    reason: Option<&str>,
) -> Option<String> {
    if !deprecation::is_refused(relation, column) {
        duty::require_owner(act, relation, false);
        return reason.map(String::from);
    }
    duty::require_steward("opening a column past its sunset", relation);
    Some(duty::reason_for("opening a column past its sunset", reason))
}

/// The SQL surface.
#[pg_schema]
pub mod governance {
    use super::*;
    use pgrx::JsonB;
    use pgrx::datum::{Date, Interval, TimestampWithTimeZone};

    /// Declares that a party reads a dataset, or changes its contract: NULL leaves as it is.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn declare_consumer(
        relation: Option<Relation>,
        party: Option<&str>,
        columns: default!(Option<Vec<Option<String>>>, "NULL"),
        purpose: default!(Option<&str>, "NULL"),
        valid_until: default!(Option<TimestampWithTimeZone>, "NULL"),
    ) {
        let (relation, party) = (given("relation", relation).held(), given("party", party));
        duty::require_owner("declaring a consumer", relation, false);
        consumer::declare(relation, party, whole("columns", columns), purpose, valid_until);
    }

    /// Forgets a consumer.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn forget_consumer(relation: Option<Relation>, party: Option<&str>) {
        let relation = given("relation", relation).held();
        duty::require_owner("forgetting a consumer", relation, false);
        consumer::forget(relation, given("party", party));
    }

    /// Deprecates a column from now until its sunset, or changes that.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn deprecate_column(
        relation: Option<Relation>,
        column_name: Option<&str>,
        sunset: Option<TimestampWithTimeZone>,
        replacement: default!(Option<&str>, "NULL"),
        reason: default!(Option<&str>, "NULL"),
    ) {
        let relation = given("relation", relation).held();
        let (column, sunset) = (given("column_name", column_name), given("sunset", sunset));
        let reason = may_change_deprecation("deprecating a column", relation, column, reason);
        deprecation::deprecate(relation, column, sunset, replacement, reason.as_deref());
    }

    /// Takes a deprecation back.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn undeprecate_column(
        relation: Option<Relation>,
        column_name: Option<&str>,
        reason: default!(Option<&str>, "NULL"),
    ) {
        let relation = given("relation", relation).held();
        let column = given("column_name", column_name);
        let reason = may_change_deprecation("taking a deprecation back", relation, column, reason);
        deprecation::undeprecate(relation, column, reason.as_deref());
    }

    /// Moves everything a party answers for to another one.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn transfer_party(
        from_party: Option<&str>,
        to_party: Option<&str>,
    ) -> TableIterator<'static, (name!(kind, String), name!(object, String))> {
        duty::require_operator("transferring a party");
        let (from, to) = (given("from_party", from_party), given("to_party", to_party));
        TableIterator::new(super::transfer::transfer(from, to))
    }

    /// Records a decision, or changes it: NULL leaves as it is.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn record_decision(
        title: Option<&str>,
        kind: default!(Option<&str>, "NULL"),
        objects: default!(Option<Vec<Option<String>>>, "NULL"),
        access_pattern: default!(Option<&str>, "NULL"),
        alternatives: default!(Option<JsonB>, "NULL"),
        owner: default!(Option<&str>, "NULL"),
        review_by: default!(Option<Date>, "NULL"),
        status: default!(Option<&str>, "NULL"),
    ) {
        let title = given("title", title);
        decision::require_duty("recording a decision", title, owner);
        let (objects, alternatives) = (whole("objects", objects), alternatives.map(|a| a.0));
        decision::record(title, kind, objects, access_pattern, alternatives, owner, review_by, status);
    }

    /// Forgets a decision.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn forget_decision(title: Option<&str>) {
        let title = given("title", title);
        decision::require_duty("forgetting a decision", title, None);
        decision::forget(title);
    }

    /// Grants a duty: operator, auditor or backup.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn grant_duty(duty: Option<&str>, role: Option<&str>, scope: default!(Option<&str>, "NULL")) {
        let (duty, role) = (given("duty", duty), given("role", role));
        duty::require_operator("granting a duty");
        grant::grant(duty, role, scope);
    }

    /// Revokes a duty.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn revoke_duty(
        duty: Option<&str>,
        role: Option<&str>,
        scope: default!(Option<&str>, "NULL"),
        reason: default!(Option<&str>, "NULL"),
    ) {
        let (duty, role) = (given("duty", duty), given("role", role));
        duty::require_operator("revoking a duty");
        grant::revoke(duty, role, scope, reason);
    }

    /// Accepts open proposals, or says what accepting them would do.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn accept_proposals(
        kind: default!(Option<&str>, "NULL"),
        min_confidence: default!(Option<f32>, "0.8"),
        scope: default!(Option<&str>, "NULL"),
        dry_run: default!(Option<bool>, "true"),
    ) -> TableIterator<
        'static,
        (
            name!(id, i64),
            name!(kind, String),
            name!(object, String),
            name!(value, String),
            name!(action, String),
        ),
    > {
        let min_confidence = given("min_confidence", min_confidence);
        TableIterator::new(proposal::accept_many(kind, min_confidence, scope, dry_run.unwrap_or(true)))
    }

    /// Accepts one proposal and says what was done.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn accept_proposal(id: Option<i64>) -> String {
        proposal::accept(given("id", id))
    }

    /// Rejects one proposal for good.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn reject_proposal(id: Option<i64>, reason: Option<&str>) {
        let reason = given("reason", reason);
        if reason.trim().is_empty() {
            error::registry::empty("reason").raise();
        }
        proposal::reject(given("id", id), reason);
    }

    /// Everything that is declared, or the part of one domain, as one JSON document.
    #[pg_extern(stable)]
    #[search_path(pg_catalog, pg_temp)]
    fn manifest(domain: default!(Option<&str>, "NULL")) -> JsonB {
        if !duty::is_auditor() {
            duty::require_operator("reading the manifest");
        }
        JsonB(super::manifest::export(domain))
    }

    /// The shape of a manifest, as a JSON Schema (2020-12).
    #[pg_extern(stable)]
    #[search_path(pg_catalog, pg_temp)]
    fn manifest_schema() -> JsonB {
        JsonB(super::manifest::schema())
    }

    /// Makes the declarations be those of a manifest, or says what that would do.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn apply_manifest(
        manifest: Option<JsonB>,
        dry_run: default!(Option<bool>, "true"),
        prune: default!(Option<bool>, "false"),
        reason: default!(Option<&str>, "NULL"),
        missing: default!(Option<&str>, "'error'"),
    ) -> TableIterator<
        'static,
        (
            name!(action, String),
            name!(object, String),
            name!(before, Option<JsonB>),
            name!(after, Option<JsonB>),
            name!(difference, String),
        ),
    > {
        duty::require_operator("applying a manifest");
        let missing = missing.unwrap_or("error");
        if !["error", "skip"].contains(&missing) {
            error::not_one_of("argument missing", missing, &["error", "skip"]).raise();
        }
        let (dry_run, prune) = (dry_run.unwrap_or(true), prune.unwrap_or(false));
        let manifest = given("manifest", manifest).0;
        let lines = super::manifest::apply(&manifest, dry_run, prune, reason, missing == "skip");
        TableIterator::new(
            lines
                .into_iter()
                .map(|l| (l.action, l.object, l.before.map(JsonB), l.after.map(JsonB), l.difference)),
        )
    }

    /// What is on, what is not held, and the statement that mends it.
    #[pg_extern(stable)]
    #[search_path(pg_catalog, pg_temp)]
    fn status() -> TableIterator<
        'static,
        (
            name!(feature, String),
            name!(level, Option<String>),
            name!(active, bool),
            name!(detail, String),
            name!(fix, Option<String>),
        ),
    > {
        let some = |text: String| Some(text).filter(|t| !t.is_empty());
        let rows = super::status::rows();
        TableIterator::new(
            rows.into_iter().map(move |r| (r.feature, some(r.level), r.active, r.detail, r.fix)),
        )
    }

    /// Makes every new session of this database load the library, without a restart.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn attach() -> TableIterator<'static, (name!(item, String), name!(detail, String))> {
        TableIterator::new(super::attach::attach())
    }

    /// The way back from attach(); sessions keep the library until they end.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn detach(
        reason: default!(Option<&str>, "NULL"),
    ) -> TableIterator<'static, (name!(item, String), name!(detail, String))> {
        TableIterator::new(super::attach::detach(reason))
    }

    /// Ends the restoring state.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn confirm_restore() -> TableIterator<'static, (name!(item, String), name!(detail, String))> {
        duty::require_operator("confirming a restore");
        TableIterator::new(restore::confirm())
    }

    /// How the library is loaded in this session.
    #[pg_extern(stable)]
    #[search_path(pg_catalog, pg_temp)]
    pub fn _mode() -> &'static str {
        crate::pg::loading::mode().as_str()
    }

    /// Whether the declarations came from another database and nobody has confirmed them.
    #[pg_extern(stable)]
    #[search_path(pg_catalog, pg_temp)]
    pub fn _restoring() -> bool {
        restore::is_restoring()
    }

    /// An interval in ISO 8601.
    #[pg_extern(immutable, strict, parallel_safe)]
    #[search_path(pg_catalog, pg_temp)]
    pub fn _iso_interval(value: Interval) -> String {
        crate::core::registry::manifest::iso_interval(value.months(), value.days(), value.micros())
    }
}
