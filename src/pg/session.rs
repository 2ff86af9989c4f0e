//! What the session is doing: the client's statement and where it comes from.
use super::catalog::text;
use pgrx::pg_sys;
use std::cell::RefCell;
use std::ffi::CStr;

/// The statement the client sent, in full; None in background workers without one.
#[must_use]
pub fn statement() -> Option<String> {
    // SAFETY: NULL or a string that lives as long as the statement runs.
    unsafe { text(pg_sys::debug_query_string) }
}

/// The DDL of what the client sent: where it sent several statements at once, those that write or read rows are nobody's
/// business who looks for DDL, and are left out.
#[must_use]
pub fn ddl_of_statement() -> Option<String> {
    let key = (statement_started(), statement_length());
    if let Some(known) =
        DDL.with_borrow(|ddl| ddl.as_ref().filter(|(k, _)| *k == key).map(|(_, t)| t.clone()))
    {
        return Some(known);
    }
    let text = read_ddl_of_statement()?;
    DDL.set(Some((key, text.clone())));
    Some(text)
}

thread_local! {
    /// The last answer, by when the text arrived and how long it is: a script of a thousand statements is read once.
    static DDL: RefCell<Option<((i64, usize), String)>> = const { RefCell::new(None) };
}

fn statement_length() -> usize {
    // SAFETY: NULL or a string that lives as long as the statement runs.
    unsafe {
        let text = pg_sys::debug_query_string;
        if text.is_null() { 0 } else { CStr::from_ptr(text).to_bytes().len() }
    }
}

fn read_ddl_of_statement() -> Option<String> {
    use pg_sys::NodeTag::*;
    let text = statement()?;
    if !text.trim_end().trim_end_matches(';').contains(';') {
        return Some(text);
    }
    let parsed = super::guard::parse(&text);
    if parsed.len() < 2 {
        return Some(text);
    }
    let is_ddl = |tag| {
        !matches!(
            tag,
            T_SelectStmt
                | T_InsertStmt
                | T_UpdateStmt
                | T_DeleteStmt
                | T_MergeStmt
                | T_CopyStmt
                | T_ExecuteStmt
        )
    };
    let kept: Vec<&str> =
        parsed.iter().map(|s| if is_ddl(s.tag()) { s.text.as_str() } else { "…" }).collect();
    Some(kept.join("; "))
}

/// Whether the session looks like one that runs what `pg_dump` wrote: every such script begins with these settings, and
/// hardly anything else sets either.
#[must_use]
pub fn runs_dump_script() -> bool {
    // SAFETY: plain reads of settings.
    unsafe { !pg_sys::row_security && !pg_sys::check_function_bodies }
}

/// Whether the extension acts for itself, as its owner.
#[must_use]
pub fn acts_as_owner() -> bool {
    // SAFETY: plain read of the security context.
    unsafe { pg_sys::InLocalUserIdChange() }
}

/// When the client's statement arrived: tells statements of a session apart.
#[must_use]
pub fn statement_started() -> i64 {
    // SAFETY: plain read of the transaction state.
    unsafe { pg_sys::GetCurrentStatementStartTimestamp() }
}

/// Whether a client is connected to this process.
#[must_use]
pub fn has_client() -> bool {
    // SAFETY: plain read of a backend global.
    unsafe { !pg_sys::MyProcPort.is_null() }
}

/// `application_name`; None when empty.
#[must_use]
pub fn application() -> Option<String> {
    // SAFETY: a setting's string, never NULL after start-up.
    unsafe { text(pg_sys::application_name) }.filter(|s| !s.is_empty())
}

/// Address of the client; None over a local socket, or where there is no client.
#[must_use]
pub fn client_address() -> Option<String> {
    super::spi::select_one("SELECT pg_catalog.host(pg_catalog.inet_client_addr())", &[], |r| r.get(1))
        .flatten()
}

/// Name of the database; empty outside of transactions.
#[must_use]
pub fn database() -> String {
    // SAFETY: a look-up in a transaction; the result is palloc'd or NULL.
    unsafe {
        if !pg_sys::IsTransactionState() {
            return String::new();
        }
        text(pg_sys::get_database_name(pg_sys::MyDatabaseId)).unwrap_or_default()
    }
}

/// Whether the running change is the action of a foreign key: done as the table's owner, on behalf of whoever changed
/// the referenced row.
#[must_use]
pub fn in_foreign_key_action() -> bool {
    super::plain::is_unforced()
}

/// Whether this process applies logical replication.
#[must_use]
pub fn applies_replication() -> bool {
    // SAFETY: MyBgworkerEntry is NULL or points to this worker's entry, whose names are NUL-terminated.
    unsafe {
        let worker = pg_sys::MyBgworkerEntry;
        !worker.is_null()
            && [c"ApplyWorkerMain", c"TablesyncWorkerMain", c"ParallelApplyWorkerMain"]
                .contains(&CStr::from_ptr((*worker).bgw_function_name.as_ptr()))
    }
}

/// Whether the transaction keeps one snapshot: updating a row that another has updated meanwhile would then fail.
#[must_use]
pub fn keeps_snapshot() -> bool {
    // SAFETY: plain read of the transaction state.
    unsafe { pg_sys::XactIsoLevel >= pg_sys::XACT_REPEATABLE_READ as i32 }
}

/// Whether the transaction may not write: read only, or on a standby.
#[must_use]
pub fn is_read_only() -> bool {
    // SAFETY: plain reads of the transaction state.
    unsafe { pg_sys::XactReadOnly || pg_sys::RecoveryInProgress() }
}

/// How many triggers deep the running code is.
#[must_use]
pub fn trigger_depth() -> i32 {
    // SAFETY: a function of no arguments that reads a backend variable.
    unsafe { pgrx::direct_function_call::<i32>(pg_sys::pg_trigger_depth, &[]) }.unwrap_or(0)
}

/// Number of this session's process.
#[must_use]
pub fn pid() -> i32 {
    // SAFETY: plain read of a backend global.
    unsafe { pg_sys::MyProcPid }
}
