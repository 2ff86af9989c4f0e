//! privacy: detection, masks, exports.
mod detection;
mod export;
mod grant;
pub mod key;
mod mask_index;
mod masked;
mod masking;
mod sampling;
mod self_test;
mod state;
pub mod unclassified;
pub mod vocabulary;

pub use masked::{mask as mask_role, unmask as unmask_role};
pub use masking::{MaskFor, choices, reset as reset_mask, set as set_mask};
pub use self_test::run as self_test;
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
        role: default!(Option<&str>, "NULL"),
    ) {
        let tag = given("tag", tag);
        let mask = given("mask", mask);
        let args = given("args", args);
        duty::require_operator("setting a mask");
        masking::set(MaskFor::new(tag, recipient, role), mask, args.0, reason);
    }

    /// Takes such a choice back; takes effect at commit where it weakens.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn reset_mask(
        tag: Option<&str>,
        recipient: default!(Option<&str>, "NULL"),
        reason: default!(Option<&str>, "NULL"),
        role: default!(Option<&str>, "NULL"),
    ) {
        let tag = given("tag", tag);
        duty::require_operator("resetting a mask");
        masking::reset(MaskFor::new(tag, recipient, role), &duty::reason_for("reset_mask", reason));
    }

    /// Adds a tag of one's own to the vocabulary, with its default mask; again changes the description.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn declare_tag(
        tag: Option<&str>,
        description: Option<&str>,
        mask: default!(Option<&str>, "'null'"),
        args: default!(Option<JsonB>, "'{}'"),
    ) {
        let tag = given("tag", tag);
        let description = given("description", description);
        let mask = given("mask", mask);
        let args = given("args", args);
        duty::require_operator("declaring a tag");
        vocabulary::declare(tag, description, mask, args.0);
    }

    /// Takes a tag of one's own from the vocabulary, with the masks and leave to unmask that name it.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn forget_tag(tag: Option<&str>, reason: default!(Option<&str>, "NULL")) {
        let tag = given("tag", tag);
        duty::require_operator("forgetting a tag");
        vocabulary::forget(tag, reason);
    }

    /// Masks a role and its members; `public` masks everybody.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn mask_role(role: Option<&str>) {
        duty::require_operator("masking a role");
        let role = given("role", role);
        masked::mask(role);
    }

    /// Makes an index by which masked roles find rows by the masked value of a column; returns its name.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn create_mask_index(
        relation: Option<Relation>,
        column_name: Option<&str>,
        recipient: default!(Option<&str>, "NULL"),
        role: default!(Option<&str>, "NULL"),
    ) -> String {
        let relation = given("relation", relation);
        let column_name = given("column_name", column_name);
        duty::require_operator("indexing a mask");
        mask_index::create(relation.held(), column_name, recipient, role)
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

    /// Makes the key of a recipient, or of everybody, where there is none; whether it did.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn create_key(recipient: default!(Option<&str>, "NULL")) -> bool {
        duty::require_operator("making a key");
        if key::wrapping().is_none() {
            crate::error::privacy::no_wrapping_key().raise();
        }
        key::ensure(recipient.unwrap_or_default())
    }

    /// Begins a new epoch with a new key: what was masked before and what is from now on cannot be joined.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn rotate_key(
        recipient: default!(Option<&str>, "NULL"),
        reason: default!(Option<&str>, "NULL"),
    ) -> pgrx::Uuid {
        duty::require_operator("rotating a key");
        key::rotate(recipient.unwrap_or_default(), reason)
    }

    /// Destroys a key for good, and with it the link between what left under it and whom it was about.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn destroy_key(id: Option<pgrx::Uuid>, reason: default!(Option<&str>, "NULL")) {
        let id = given("id", id);
        duty::require_operator("destroying a key");
        key::destroy(id, &duty::reason_for("destroy_key", reason));
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
