//! privacy: detection, masks, exports.
mod detection;
mod evidence;
mod export;
mod grant;
pub mod key;
mod mask_index;
mod masked;
mod masking;
mod receipt;
mod sampling;
mod self_test;
mod state;
mod threshold;
pub mod unclassified;
mod verify;
pub mod vocabulary;

pub use export::{Export, Outcome, Wish};

pub use masked::{mask as mask_role, unmask as unmask_role};
pub use masking::{MaskFor, choices, reset as reset_mask, set as set_mask};
pub use receipt::{
    before_commit as receipts_before_commit, begins as receipt_begins,
    forget_rolled_back as receipts_rolled_back, leave_aborted as leave_receipt_aborted,
    leave_at_commit as leave_receipt_at_commit, policy_digest,
    transaction_ended as receipts_transaction_ended, write_waiting as write_receipts,
};
pub use self_test::run as self_test;
pub use state::status;

/// What a receipt says of a masked column.
#[must_use]
pub fn masked_column(seen: &crate::pg::mask::Seen, key_id: Option<&serde_json::Value>) -> serde_json::Value {
    receipt::masked(seen, key_id, None)
}

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

    /// Chooses how few rows may share their quasi-identifiers in an export; a lower one takes effect at commit.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn set_export_threshold(
        min_k: Option<i32>,
        recipient: default!(Option<&str>, "NULL"),
        reason: default!(Option<&str>, "NULL"),
    ) {
        let min_k = given("min_k", min_k);
        duty::require_operator("setting an export's threshold");
        threshold::set(Some(min_k), recipient.unwrap_or_default(), reason);
    }

    /// Takes such a choice back.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn reset_export_threshold(
        recipient: default!(Option<&str>, "NULL"),
        reason: default!(Option<&str>, "NULL"),
    ) {
        duty::require_operator("resetting an export's threshold");
        threshold::set(None, recipient.unwrap_or_default(), reason);
    }

    /// Checks a stored receipt, and a file against it: its content or what `sha256sum` says of it.
    #[pg_extern(stable)]
    #[search_path(pg_catalog, pg_temp)]
    fn verify_receipt(
        id: Option<pgrx::Uuid>,
        content: default!(Option<&str>, "NULL"),
    ) -> TableIterator<'static, (name!(check, String), name!(ok, Option<bool>), name!(detail, String))> {
        TableIterator::new(verify::by_id(&given("id", id).to_string(), content))
    }

    /// The same for a receipt as it was copied from the server log, or for an id.
    #[pg_extern(stable, name = "verify_receipt")]
    #[search_path(pg_catalog, pg_temp)]
    fn verify_receipt_text(
        receipt: Option<&str>,
        content: default!(Option<&str>, "NULL"),
    ) -> TableIterator<'static, (name!(check, String), name!(ok, Option<bool>), name!(detail, String))> {
        TableIterator::new(verify::by_text(given("receipt", receipt), content))
    }

    /// The same for the lines of an export.
    #[pg_extern(stable, name = "verify_receipt")]
    #[search_path(pg_catalog, pg_temp)]
    fn verify_receipt_lines(
        id: Option<pgrx::Uuid>,
        lines: Option<Vec<Option<String>>>,
    ) -> TableIterator<'static, (name!(check, String), name!(ok, Option<bool>), name!(detail, String))> {
        let lines = given("lines", crate::error::whole("lines", lines));
        let content: String = lines.into_iter().map(|l| l + "\n").collect();
        TableIterator::new(verify::by_id(&given("id", id).to_string(), Some(&content)))
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
