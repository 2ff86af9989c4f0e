//! Errors of privacy.
use super::{Code, Failure};
use crate::core::privacy::receipt::PREFIX;
use crate::pg::catalog::Name;

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

/// A path inside JSON that leads nowhere.
pub fn bad_path(path: &str, why: &str) -> Failure {
    Failure::new(Code::ERRCODE_INVALID_PARAMETER_VALUE, format!("path \"{path}\" is not valid"))
        .detail(why)
        .hint("Write it like $.contact.email, $.\"odd key\", $.items[*].phone or $.**.email.")
}

/// A path for a column that is no JSON.
pub fn no_json(name: &Name, column: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_WRONG_OBJECT_TYPE,
        format!("column \"{column}\" of {name} is no JSON and has no paths"),
    )
    .hint("Leave the argument path out to tag the whole column.")
}

/// A new column of a governed dataset, and how to classify it.
pub fn unclassified(name: &Name, column: &str, masked: bool) -> Failure {
    let [relation, quoted] = [&name.to_string(), column].map(pgrx::spi::quote_literal);
    let what = if masked { "is masked until it is classified" } else { "is not classified" };
    Failure::new(Code::ERRCODE_WARNING, format!("column \"{column}\" of {name} {what}"))
        .hint(format!("SELECT governance.tag_column({relation}, {quoted}, 'what it holds'); or, where that is nobody's secret: SELECT governance.untag_column({relation}, {quoted}, 'unclassified', 'why');"))
}

/// Somebody saw what a grant let them see.
pub fn unmasked(column: &str, tags: &str, role: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_SUCCESSFUL_COMPLETION,
        format!("governance: column {column} ({tags}) is shown unmasked to role \"{role}\" by a grant"),
    )
}

/// Sessions that a mask does not reach, since they have no library.
pub fn raw_sessions(role: &str, sessions: &[String]) -> Failure {
    Failure::new(
        Code::ERRCODE_WARNING,
        format!(
            "role \"{role}\" is masked, but not in {} that began before attach()",
            match sessions.len() {
                1 => "1 session".to_string(),
                n => format!("{n} sessions"),
            }
        ),
    )
    .detail(sessions.join("; "))
    .hint("They see raw values until they reconnect: SELECT pg_terminate_backend(pid).")
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
pub fn no_such_mask(of: &str) -> Failure {
    Failure::new(Code::ERRCODE_UNDEFINED_OBJECT, format!("no mask is set for {of}"))
        .hint("SELECT * FROM governance.tag_masks;")
}

/// A mask for a recipient and a role at once.
pub fn recipient_and_role() -> Failure {
    Failure::new(
        Code::ERRCODE_INVALID_PARAMETER_VALUE,
        "a mask is for a recipient or for a role, not for both",
    )
    .detail("Where a masked role reads for a recipient, the stricter of both masks holds.")
}

/// A tag that is no dotted path of lower-case words.
pub fn bad_tag(tag: &str) -> Failure {
    Failure::new(Code::ERRCODE_INVALID_NAME, format!("\"{tag}\" cannot be a tag"))
        .detail("A tag is a dotted path of lower-case words of at most 200 bytes, like pii.contact.fax; each tag is below the one without its last word.")
}

/// A tag of the product's own vocabulary.
pub fn shipped_tag(tag: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_WRONG_OBJECT_TYPE,
        format!("tag \"{tag}\" is part of the product's vocabulary"),
    )
    .hint(format!(
        "Choose another mask for it: SELECT governance.set_mask({}, 'null');",
        pgrx::spi::quote_literal(tag)
    ))
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

/// A key that does not exist, or no longer.
pub fn no_such_key(id: &str) -> Failure {
    Failure::new(Code::ERRCODE_UNDEFINED_OBJECT, format!("there is no key {id}"))
        .detail("It never was, or it was destroyed before.")
        .hint("SELECT * FROM governance.keys;")
}

/// The key in use was destroyed.
pub fn no_key_left(recipient: &str) -> Failure {
    let (whose, call) = match recipient {
        "" => (String::new(), "SELECT governance.rotate_key();".to_string()),
        r => (
            format!(" of recipient \"{r}\""),
            format!("SELECT governance.rotate_key({});", pgrx::spi::quote_literal(r)),
        ),
    };
    Failure::new(
        Code::ERRCODE_SUCCESSFUL_COMPLETION,
        format!("the key in use{whose} was destroyed: keyed masks give NULL until there is another"),
    )
    .hint(call)
}

/// An index over a keyed mask that cannot be kept.
pub fn index_without_key() -> Failure {
    Failure::new(
        Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        "an index over a keyed mask cannot be kept without its key",
    )
    .detail("The wrapping key does not open it, or it was destroyed. A row without an entry would not be found later.")
    .hint("Drop the index (SELECT * FROM governance.mask_indexes;), or bring the wrapping key back.")
}

/// A column whose mask no index can be made for.
pub fn no_index_for(column: &str, why: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_FEATURE_NOT_SUPPORTED,
        format!("no index can be made for the mask of {column}"),
    )
    .detail(why)
    .hint("SELECT * FROM governance.tag_masks;")
}

/// How to get a wrapping key.
pub const KEY_FIX: &str = "Put 32 random bytes into a file of the server's user (head -c 32 /dev/urandom), then: \
     ALTER SYSTEM SET governance.key_file = '/path/to/it'; SELECT pg_reload_conf(); SELECT governance.create_key();";

/// The receipt of an export in the server log, which no rollback takes back.
pub fn receipt_logged(receipt: &str) -> Failure {
    Failure::new(Code::ERRCODE_SUCCESSFUL_COMPLETION, format!("{PREFIX}{receipt}"))
}

/// The query of an export was closed while lines were still wanted.
pub fn export_closed() -> Failure {
    Failure::new(Code::ERRCODE_INVALID_CURSOR_STATE, "the query of this export was closed")
        .detail("CLOSE ALL closes it, and ROLLBACK TO a savepoint before its first line.")
}

/// A threshold below the least.
pub fn bad_min_k(least: u32) -> Failure {
    Failure::new(Code::ERRCODE_INVALID_PARAMETER_VALUE, format!("min_k must be at least {least}"))
        .detail("The argument only tightens.")
}

/// What an export lets out although everything tagged is masked.
pub fn export_risk(why: &str) -> Failure {
    Failure::new(Code::ERRCODE_WARNING, "the export may identify persons")
        .detail(why)
        .hint("Tag what it shows, or generalise it; the receipt has the numbers: SELECT * FROM governance.export_receipts;")
}

/// The same, refused.
pub fn export_refused(why: &str) -> Failure {
    Failure::new(Code::ERRCODE_INSUFFICIENT_PRIVILEGE, "the export is refused: it may identify persons")
        .detail(why)
        .hint("Tag what it shows, or generalise it; an operator can lower the level: SELECT governance.set_level('privacy.exports', 'warn', reason => 'why');")
}

/// Something that is no receipt.
pub fn no_receipt_text() -> Failure {
    Failure::new(Code::ERRCODE_INVALID_PARAMETER_VALUE, "this is no receipt")
        .detail("A receipt is the JSON object behind \"governance export receipt:\" in the server log, or the id of a stored one.")
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
