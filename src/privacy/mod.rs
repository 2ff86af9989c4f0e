//! privacy: detection, masks, exports.
mod detection;
mod export;
mod grant;
pub mod key;
mod masked;
mod masking;
mod sampling;
mod state;

pub use masked::{mask as mask_role, unmask as unmask_role};
pub use masking::{reset as reset_mask, set as set_mask};
pub use state::status;

use crate::error::given;
use crate::pg::regclass::Relation;
use crate::registry::duty;
use pgrx::prelude::*;

/// The SQL surface.
#[pg_schema]
pub mod governance {
    use super::*;
    use pgrx::JsonB;
    use pgrx::datum::TimestampWithTimeZone;

    /// The masks there are.
    #[pg_extern(immutable, parallel_safe)]
    #[search_path(pg_catalog, pg_temp)]
    pub fn _masks() -> TableIterator<
        'static,
        (name!(mask, String), name!(arguments, JsonB), name!(description, String), name!(types, String)),
    > {
        TableIterator::new(masking::known())
    }

    /// Chooses how what a tag names leaves, for everybody or for one recipient. Takes effect at commit where it weakens.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn set_mask(
        tag: Option<&str>,
        mask: Option<&str>,
        args: default!(Option<JsonB>, "'{}'"),
        recipient: default!(Option<&str>, "NULL"),
        reason: default!(Option<&str>, "NULL"),
    ) {
        let tag = given("tag", tag);
        let mask = given("mask", mask);
        let args = given("args", args);
        duty::require_operator("setting a mask");
        masking::set(tag, mask, args.0, recipient.unwrap_or_default(), reason);
    }

    /// Takes such a choice back; takes effect at commit where it weakens.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn reset_mask(
        tag: Option<&str>,
        recipient: default!(Option<&str>, "NULL"),
        reason: default!(Option<&str>, "NULL"),
    ) {
        let tag = given("tag", tag);
        duty::require_operator("resetting a mask");
        masking::reset(tag, recipient.unwrap_or_default(), &duty::reason_for("reset_mask", reason));
    }

    /// Masks a role and its members; `public` masks everybody.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn mask_role(role: Option<&str>) {
        duty::require_operator("masking a role");
        let role = given("role", role);
        masked::mask(role);
    }

    /// Ends that; takes effect when the transaction has committed.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn unmask_role(role: Option<&str>, reason: default!(Option<&str>, "NULL")) {
        let role = given("role", role);
        duty::require_operator("unmasking a role");
        masked::unmask(role, &duty::reason_for("unmask_role", reason));
    }

    /// Lets members of a role see what a tag masks; takes effect when the transaction has committed.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn grant_unmask(
        role: Option<&str>,
        tag: Option<&str>,
        reason: default!(Option<&str>, "NULL"),
        valid_until: default!(Option<TimestampWithTimeZone>, "NULL"),
    ) {
        let role = given("role", role);
        let tag = given("tag", tag);
        duty::require_operator("granting to unmask");
        grant::give(role, tag, &duty::reason_for("grant_unmask", reason), valid_until);
    }

    /// Takes such leave back, at once.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn revoke_unmask(role: Option<&str>, tag: Option<&str>) {
        duty::require_operator("revoking a grant to unmask");
        let role = given("role", role);
        let tag = given("tag", tag);
        grant::take(role, tag);
    }

    /// Makes the key of pseudonyms where there is none; whether it did.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn create_key() -> bool {
        duty::require_operator("making a key");
        if key::wrapping().is_none() {
            crate::error::privacy::no_wrapping_key().raise();
        }
        key::ensure()
    }

    /// Runs one SELECT as the caller with everything tagged masked, and returns its lines.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn export_query(
        query: Option<&str>,
        format: default!(Option<&str>, "'csv'"),
        recipient: default!(Option<&str>, "NULL"),
        search_path: default!(Option<&str>, "pg_catalog.current_setting('search_path')"),
    ) -> SetOfIterator<'static, String> {
        let query = given("query", query);
        let format = given("format", format);
        let search_path = given("search_path", search_path);
        SetOfIterator::new(export::run(query, format, recipient.unwrap_or_default(), search_path))
    }

    /// Proves an export by its receipt: not there yet.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn verify_receipt(id: pgrx::Uuid) {
        let _ = id;
        crate::error::not_yet("verifying an export receipt").raise();
    }

    /// Guesses which columns hold personal data, from names, types and sampled values, and proposes their tags.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn detect_pii(
        scope: default!(Option<&str>, "NULL"),
        sample_rows: default!(Option<i32>, "1000"),
    ) -> TableIterator<
        'static,
        (
            name!(relation, Relation),
            name!(column_name, String),
            name!(tag, String),
            name!(confidence, f32),
            name!(evidence, JsonB),
        ),
    > {
        let sample_rows = given("sample_rows", sample_rows);
        let found = detection::run(scope, sample_rows);
        TableIterator::new(found.into_iter().map(|f| {
            (f.relation, f.column, f.guess.tag.to_string(), f.guess.confidence, JsonB(f.guess.evidence))
        }))
    }
}
