//! Errors of privacy.
use super::{Code, Failure};

/// `governance.recipient` in a session whose library came too late.
pub fn recipient_not_held() -> Failure {
    Failure::new(
        Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        "governance.recipient is set, but this session cannot mask what it reads",
    )
    .detail(
        "The library was not loaded when the session started, so earlier statements were not masked either.",
    )
    .hint("RESET governance.recipient; SELECT * FROM governance.attach(); then reconnect.")
}

/// A statement that would write masks over the values they hide.
pub fn mask_as_data(relation: &str, role: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_INSUFFICIENT_PRIVILEGE,
        format!("a masked role cannot write what it reads from masked columns into {relation}"),
    )
    .detail(format!("Role \"{role}\" sees masks, and would store them over the values they stand for."))
    .hint("Write constants or parameters, or let a role that is not masked run the statement.")
}

/// RETURNING of a SECURITY DEFINER function's statement would give back what it read raw in a subquery.
pub fn raw_returned(role: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_INSUFFICIENT_PRIVILEGE,
        "RETURNING cannot give a masked role what the statement read from masked columns in a subquery",
    )
    .detail(format!(
        "Role \"{role}\" is masked; inside a SECURITY DEFINER function statements that write read raw values."
    ))
    .hint("Read the tagged table directly in FROM or USING, or read in a statement that does not write.")
}

/// `_mask` called by a query's author.
pub fn not_for_callers() -> Failure {
    Failure::new(Code::ERRCODE_INSUFFICIENT_PRIVILEGE, "_mask cannot be called in a query")
        .detail("Whoever could do so would find out by guessing whom a pseudonym stands for.")
        .hint("An operator can run: SELECT governance.mask_pseudonym('value');")
}

/// A query that cannot be exported.
pub fn not_exportable(why: &str) -> Failure {
    Failure::new(Code::ERRCODE_FEATURE_NOT_SUPPORTED, "only one SELECT that writes nothing can be exported")
        .detail(why)
        .hint("SELECT * FROM governance.export_query('SELECT …');")
}

/// A mask that does not exist, or arguments it does not take.
pub fn bad_mask(mask: &str, why: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_INVALID_PARAMETER_VALUE,
        format!("mask \"{mask}\" with these arguments is not valid"),
    )
    .detail(why)
    .hint("SELECT * FROM governance.masks;")
}

/// A mask that does not fit columns that bear the tag.
pub fn mask_does_not_fit(mask: &str, type_differs: bool, columns: &[String], hint: &str) -> Failure {
    let code =
        if type_differs { Code::ERRCODE_DATATYPE_MISMATCH } else { Code::ERRCODE_INVALID_PARAMETER_VALUE };
    Failure::new(code, format!("mask \"{mask}\" does not fit every column that bears the tag"))
        .detail(columns.join("\n"))
        .hint(hint)
}

/// A mask that was not set.
pub fn no_such_mask(tag: &str, recipient: &str) -> Failure {
    let whom = if recipient.is_empty() { String::new() } else { format!(" for recipient \"{recipient}\"") };
    Failure::new(Code::ERRCODE_UNDEFINED_OBJECT, format!("no mask is set for tag \"{tag}\"{whom}"))
        .hint("SELECT * FROM governance.tag_masks;")
}

/// A role that is not masked.
pub fn not_masked(role: &str) -> Failure {
    Failure::new(Code::ERRCODE_UNDEFINED_OBJECT, format!("role \"{role}\" is not masked"))
        .hint("SELECT * FROM governance.masked_roles;")
}

/// A grant that was not given.
pub fn no_such_grant(role: &str, tag: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_UNDEFINED_OBJECT,
        format!("role \"{role}\" has no unmask grant for tag \"{tag}\""),
    )
    .hint("SELECT * FROM governance.unmask_grants;")
}

/// Keys cannot be made.
pub fn no_wrapping_key() -> Failure {
    Failure::new(Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "there is no wrapping key")
        .detail("Keys are stored wrapped only. Until there is one, keyed masks give NULL.")
        .hint(KEY_FIX)
}

/// How to get a wrapping key.
pub const KEY_FIX: &str = "Put 32 random bytes into a file of the server's user (head -c 32 /dev/urandom), then: \
     ALTER SYSTEM SET governance.key_file = '/path/to/it'; SELECT pg_reload_conf(); SELECT governance.create_key();";

/// The receipt of an export in the server log, where no row can be written.
pub fn receipt_logged(receipt: &str) -> Failure {
    Failure::new(Code::ERRCODE_SUCCESSFUL_COMPLETION, format!("governance export receipt: {receipt}"))
}

/// What is masked cannot be read: the extension's objects are of another version than the library.
pub fn objects_do_not_fit(version: &str) -> Failure {
    let library = crate::pg::loading::LIBRARY_VERSION;
    Failure::new(
        Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        "what is masked cannot be told: extension data_governance does not fit its library",
    )
    .detail(format!("The extension is {version}, the library {library}."))
    .hint("A superuser can run: ALTER EXTENSION data_governance UPDATE;")
}
