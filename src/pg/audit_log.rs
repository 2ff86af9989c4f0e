//! The writer of the log: one entry per changed row, at once and in its (sub)transaction, so that savepoints, PREPARE
//! TRANSACTION and what the transaction itself sees are right without further ado.
use super::{owner, plan::KeptPlan, session};
use crate::audit::Watched;
use pgrx::{IntoDatum, Uuid, pg_sys};

thread_local! {
    static INSERT: KeptPlan = const { KeptPlan::new(
        c"INSERT INTO governance.audit_entry (kind, id, op, relation_id, schema_name, relation_name, partition_name, key,
                 new_key, old_row, new_row, changed_columns, depth, statement_id)
          VALUES ('row', $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        &[
            pg_sys::UUIDOID, pg_sys::TEXTOID, pg_sys::UUIDOID, pg_sys::TEXTOID, pg_sys::TEXTOID, pg_sys::TEXTOID,
            pg_sys::JSONBOID, pg_sys::JSONBOID, pg_sys::JSONBOID, pg_sys::JSONBOID, pg_sys::TEXTARRAYOID,
            pg_sys::INT4OID, pg_sys::UUIDOID,
        ],
    ) };

    static INSERT_STATEMENT: KeptPlan = const { KeptPlan::new(
        c"INSERT INTO governance.audit_statement (id, db_role, session_role, actor, application, reason, statement)
          VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            pg_sys::UUIDOID, pg_sys::TEXTOID, pg_sys::TEXTOID, pg_sys::TEXTOID, pg_sys::TEXTOID, pg_sys::TEXTOID,
            pg_sys::TEXTOID,
        ],
    ) };
}

/// What is written to the log about one row, or about a TRUNCATE.
#[derive(Default)]
pub struct Images {
    /// Primary key of the row, before the change where there was one.
    pub key: Option<pg_sys::Datum>,
    /// Primary key afterwards where an UPDATE changed it.
    pub new_key: Option<pg_sys::Datum>,
    /// The row before.
    pub old: Option<pg_sys::Datum>,
    /// The row after.
    pub new: Option<pg_sys::Datum>,
    /// Columns that an UPDATE changed.
    pub changed: Option<Vec<String>>,
}

/// Who changed rows, and by which statement.
pub struct Sender<'a> {
    /// current_user.
    pub db_role: String,
    /// Role that logged in.
    pub session_role: String,
    /// `governance.actor`.
    pub actor: Option<&'a str>,
    /// `application_name`.
    pub application: Option<&'a str>,
    /// `governance.reason`.
    pub reason: Option<&'a str>,
    /// The client's statement.
    pub statement: Option<String>,
}

/// A new id: orders by time.
#[must_use]
pub fn new_id() -> Uuid {
    Uuid::from_bytes(*uuid::Uuid::now_v7().as_bytes())
}

/// A number that a person can read out and find again in the server log.
#[must_use]
pub fn refusal_number() -> u32 {
    // The last bytes of a version 7 UUID are random.
    uuid::Uuid::now_v7().as_u128() as u32
}

/// Writes one entry about a row.
///
/// # Safety
/// The images must be jsonb values.
pub unsafe fn write_entry(watched: &Watched, op: &str, images: Images) {
    let statement = crate::audit::current_statement(watched.relid);
    let values = [
        new_id().into_datum(),
        op.into_datum(),
        watched.id.into_datum(),
        watched.name.schema.as_str().into_datum(),
        watched.name.relation.as_str().into_datum(),
        watched.partition.as_deref().into_datum(),
        images.key,
        images.new_key,
        images.old,
        images.new,
        images.changed.into_datum(),
        session::trigger_depth().into_datum(),
        statement.into_datum(),
    ];
    // SAFETY: datums of the declared types; the caller vouches for the images.
    owner::run(|| INSERT.with(|insert| unsafe { insert.run(&values) }));
}

/// Writes an entry about the relation as a whole.
pub fn write_truncate(watched: &Watched) {
    // SAFETY: there are no images.
    unsafe { write_entry(watched, "TRUNCATE", Images::default()) };
}

/// Writes the row about a statement that entries refer to.
pub fn write_statement(id: Uuid, sender: Sender) {
    let values = [
        id.into_datum(),
        sender.db_role.into_datum(),
        sender.session_role.into_datum(),
        sender.actor.into_datum(),
        sender.application.into_datum(),
        sender.reason.into_datum(),
        sender.statement.into_datum(),
    ];
    // SAFETY: datums of the declared types.
    owner::run(|| INSERT_STATEMENT.with(|insert| unsafe { insert.run(&values) }));
}
