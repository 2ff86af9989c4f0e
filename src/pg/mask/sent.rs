//! What a session with `governance.recipient` sends, transaction by transaction: which relations and columns it reads, how
//! they are masked, how many rows leave. At the end of the transaction that is a receipt.
//!
//! Reads are seen where the server checks rights, rows where they have been sent; both hooks ask one cached test first.
use super::session::{self, Internal};
use super::{Seen, copy_hash, policy, viewer};
use crate::core::privacy::receipt::utc;
use crate::pg::list::items;
use crate::pg::{catalog, hooks, owner, plain};
use crate::privacy;
use pgrx::pg_sys::{self, CommandDest, NodeTag};
use serde_json::{Map, Value, json};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// Most kinds of statements that one receipt tells apart.
const MOST: usize = 1000;

/// What was sent to one recipient.
struct Sent {
    recipient: String,
    /// Who, since when, from which snapshot.
    begun: Map<String, Value>,
    masked: BTreeSet<Seen>,
    /// Columns read raw, by relation.
    read: BTreeMap<String, BTreeSet<String>>,
    /// How often and how many rows, by kind, relations and hash.
    statements: BTreeMap<(&'static str, Vec<String>, Option<String>), (u64, u64)>,
    /// Rows of statements beyond that.
    more: u64,
}

thread_local! {
    static SENT: RefCell<Vec<Sent>> = const { RefCell::new(Vec::new()) };
    /// What the running COPY, FETCH or EXECUTE reads.
    static READ_BY_UTILITY: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Whether what the session reads is to be noted.
#[inline]
#[must_use]
pub fn notes() -> bool {
    session::recipient_is_set()
        && !session::is_internal()
        && !session::is_forced()
        && hooks::active()
        && !owner::is_acting()
        && !is_worker()
}

fn is_worker() -> bool {
    // SAFETY: plain read of a backend global.
    unsafe { pg_sys::ParallelWorkerNumber >= 0 }
}

/// The entries of a range table through which rows of users' relations are read.
unsafe fn reads(range_table: *mut pg_sys::List) -> Vec<*mut pg_sys::RangeTblEntry> {
    // SAFETY: the caller passes a range table, of RangeTblEntry nodes only.
    let entries = unsafe { items::<pg_sys::RangeTblEntry>(range_table) };
    let of_users = |e: &*mut pg_sys::RangeTblEntry| {
        // SAFETY: as above.
        let e = unsafe { &**e };
        e.rtekind == pg_sys::RTEKind::RTE_RELATION
            && e.requiredPerms & pg_sys::ACL_SELECT as pg_sys::AclMode != 0
            && e.relid.to_u32() >= pg_sys::FirstNormalObjectId
            && e.relkind != pg_sys::RELKIND_VIEW as std::ffi::c_char
            // SAFETY: a syscache look-up.
            && unsafe { pg_sys::get_rel_namespace(e.relid) } != catalog::namespace()
    };
    entries.into_iter().filter(of_users).collect()
}

/// Names of the relations that a range table reads.
unsafe fn names(range_table: *mut pg_sys::List) -> Vec<String> {
    // SAFETY: as [`reads`].
    let relids: BTreeSet<u32> = unsafe { reads(range_table).iter().map(|e| (**e).relid.to_u32()).collect() };
    relids.into_iter().filter_map(|r| catalog::relation_name(r.into())).map(|n| n.to_string()).collect()
}

/// Notes what a statement is about to read.
///
/// # Safety
/// `range_table` must be NIL or a valid range table.
pub unsafe fn look(range_table: *mut pg_sys::List) {
    // SAFETY: the caller vouches for the range table.
    let entries = unsafe { reads(range_table) };
    if entries.is_empty() {
        return;
    }
    // Rows are counted there.
    hooks::hook_executor();
    let policy = policy::current();
    let Some(viewer) = viewer::now(&policy) else { return };
    let recipient = viewer.recipient().to_string();
    let begun = SENT.with_borrow(|all| all.iter().all(|s| s.recipient != recipient)).then(|| {
        let _internal = Internal::begin();
        privacy::receipt_begins("session", &recipient)
    });
    let (mut masked, mut read) = (Vec::new(), Vec::new());
    for entry in entries {
        // SAFETY: an entry of that range table.
        let (relid, uses) = unsafe { ((*entry).relid, |n| catalog::uses_column(entry, n)) };
        let Some(relation) = catalog::relation_name(relid).map(|n| n.to_string()) else { continue };
        let hidden = viewer.sight(&policy, relid).masked;
        for number in (1..=catalog::last_column_number(relid).unwrap_or(0)).filter(|n| uses(*n)) {
            match hidden.iter().find(|m| m.number == number) {
                Some(m) => masked.push(m.seen(relid)),
                None => read.extend(catalog::column_name(relid, number).map(|c| (relation.clone(), c))),
            }
        }
    }
    // SAFETY: the caller vouches for the range table.
    let relations = unsafe { names(range_table) };
    READ_BY_UTILITY.with_borrow_mut(|first| {
        if first.is_empty() {
            *first = relations;
        }
    });
    SENT.with_borrow_mut(|all| {
        if let Some(begun) = begun {
            all.push(Sent {
                recipient: recipient.clone(),
                begun,
                masked: BTreeSet::new(),
                read: BTreeMap::new(),
                statements: BTreeMap::new(),
                more: 0,
            });
        }
        if let Some(sent) = all.iter_mut().find(|s| s.recipient == recipient) {
            sent.masked.extend(masked);
            for (relation, column) in read {
                sent.read.entry(relation).or_default().insert(column);
            }
        }
    });
}

/// Counts rows that the executor has just sent to the client.
///
/// # Safety
/// `desc` must be a query that was just run.
pub unsafe fn ran(desc: *mut pg_sys::QueryDesc) {
    // SAFETY: the caller vouches for the query; the running portal is NULL or valid.
    let (relations, kind, rows) = unsafe {
        let to_client =
            [CommandDest::DestRemote, CommandDest::DestRemoteExecute, CommandDest::DestRemoteSimple];
        if (*desc).dest.is_null() || (*desc).estate.is_null() {
            return;
        }
        let dest = (*(*desc).dest).mydest;
        let mut rows = (*(*desc).estate).es_processed;
        if !to_client.contains(&dest) {
            let Some(given) =
                given_before((*desc).plannedstmt).filter(|_| dest == CommandDest::DestTuplestore)
            else {
                return;
            };
            rows = rows.saturating_sub(given);
        }
        let is_cursor = !pg_sys::ActivePortal.is_null() && *(*pg_sys::ActivePortal).name != 0;
        let kind = match (*desc).operation {
            pg_sys::CmdType::CMD_SELECT if is_cursor => "cursor",
            pg_sys::CmdType::CMD_SELECT => "select",
            _ => "returning",
        };
        (names((*(*desc).plannedstmt).rtable), kind, rows)
    };
    if !relations.is_empty() {
        count(kind, relations, None, rows);
    }
}

/// How much of what a query has put aside was given to the client before; None where it is put aside for somebody else. For the
/// client are RETURNING's rows, which are sent when the statement is done, and what a cursor WITH HOLD has not given yet as its
/// transaction commits: that counts as sent. One that scrolls begins anew.
unsafe fn given_before(plan: *mut pg_sys::PlannedStmt) -> Option<u64> {
    use pg_sys::PortalStrategy::{PORTAL_ONE_MOD_WITH, PORTAL_ONE_RETURNING};
    // SAFETY: the running portal is NULL or valid.
    let portal = unsafe { pg_sys::ActivePortal.as_ref() }?;
    let has = |option: u32| portal.cursorOptions & option as i32 != 0;
    // SAFETY: the statements of the portal.
    let is_its_own = unsafe { items::<pg_sys::PlannedStmt>(portal.stmts) }.contains(&plan);
    if is_its_own && matches!(portal.strategy, PORTAL_ONE_RETURNING | PORTAL_ONE_MOD_WITH) {
        return Some(0);
    }
    let is_held = has(pg_sys::CURSOR_OPT_HOLD) && !portal.holdStore.is_null();
    is_held.then(|| if has(pg_sys::CURSOR_OPT_SCROLL) { portal.portalPos } else { 0 })
}

fn count(kind: &'static str, relations: Vec<String>, hash: Option<String>, rows: u64) {
    let recipient = session::recipient().unwrap_or_default();
    SENT.with_borrow_mut(|all| {
        let Some(sent) = all.iter_mut().find(|s| s.recipient == recipient) else { return };
        let key = (kind, relations, hash);
        if sent.statements.len() >= MOST && !sent.statements.contains_key(&key) {
            sent.more += rows;
            return;
        }
        let (times, of) = sent.statements.entry(key).or_default();
        *times += 1;
        *of += rows;
    });
}

/// What a utility statement sends to the client: the kind of it, where it does. Its rows do not come from the executor, or
/// not straight.
///
/// # Safety
/// `statement` must be a valid utility statement.
#[must_use]
pub unsafe fn utility(statement: *mut pg_sys::PlannedStmt, is_top: bool) -> Option<&'static str> {
    // SAFETY: the caller vouches for the statement; a portal is looked up by its name.
    unsafe {
        let utility = (*statement).utilityStmt;
        if utility.is_null() {
            return None;
        }
        let mut relations = Vec::new();
        let kind = match (*utility).type_ {
            NodeTag::T_CopyStmt if !(*utility.cast::<pg_sys::CopyStmt>()).is_from => {
                if (*utility.cast::<pg_sys::CopyStmt>()).filename.is_null() {
                    copy_hash::begin();
                }
                "copy"
            }
            NodeTag::T_ExecuteStmt if is_top => "execute",
            NodeTag::T_FetchStmt if is_top && !(*utility.cast::<pg_sys::FetchStmt>()).ismove => {
                let portal = pg_sys::SPI_cursor_find((*utility.cast::<pg_sys::FetchStmt>()).portalname);
                let desc = portal.as_ref()?.queryDesc.as_ref()?;
                relations = names((*desc.plannedstmt).rtable);
                "cursor"
            }
            _ => return None,
        };
        READ_BY_UTILITY.set(relations);
        Some(kind)
    }
}

/// Such a statement has sent so many rows.
pub fn utility_sent(kind: &'static str, said: Option<(pg_sys::CommandTag::Type, u64)>) {
    let (relations, hash) = (READ_BY_UTILITY.take(), copy_hash::end());
    let Some((tag, rows)) = said else { return };
    let gives_rows = kind != "execute" || tag == pg_sys::CommandTag::CMDTAG_SELECT;
    if gives_rows && !relations.is_empty() {
        count(kind, relations, hash, rows);
    }
}

/// A (sub)transaction was aborted, perhaps in the middle of such a statement.
pub fn utility_aborted(sub: Option<pg_sys::SubTransactionId>) {
    copy_hash::aborted(sub);
}

impl Sent {
    fn receipt(self, committed: bool) -> Map<String, Value> {
        let mut fields = self.begun;
        let key_id = fields.remove("key_id");
        let masked: Vec<Value> =
            self.masked.iter().map(|m| privacy::masked_column(m, key_id.as_ref())).collect();
        let rows: u64 = self.statements.values().map(|s| s.1).sum();
        let hashes: Vec<&String> = self.statements.keys().filter_map(|(_, _, hash)| hash.as_ref()).collect();
        let hash = (self.statements.len() == 1).then(|| hashes.first().copied()).flatten();
        let statements: Vec<Value> = self
            .statements
            .iter()
            .map(|((kind, relations, hash), (times, rows))| {
                let mut of = json!({"kind": kind, "relations": relations, "times": times, "rows": rows});
                if let Some(hash) = hash {
                    of["sha256"] = json!(hash);
                }
                of
            })
            .collect();
        let more = json!({
            "recipient": (!self.recipient.is_empty()).then_some(self.recipient),
            "finished_at": utc(plain::clock()),
            "outcome": if committed { "complete" } else { "uncommitted" },
            // pg_dump does not commit either: whether its last statement came to its end is not known.
            "complete": committed.then_some(true),
            "row_count": rows + self.more,
            "statements": statements,
            "rows_of_more_statements": self.more,
            "policy_digest": privacy::policy_digest(&masked),
            "masked": masked,
            "read": self.read,
            "sha256": hash,
            "not_hashed": (hashes.len() < statements.len()).then_some("only COPY … TO STDOUT is hashed"),
        });
        if let Value::Object(more) = more {
            fields.extend(more);
        }
        fields
    }
}

/// The transaction is about to commit: leaves its receipts.
pub fn before_commit() {
    for sent in SENT.take() {
        privacy::leave_receipt_at_commit(sent.receipt(true));
    }
}

/// The transaction was aborted; what was sent was sent. Must not raise.
pub fn aborted() {
    let all = SENT.try_with(|all| all.try_borrow_mut().map(|mut all| std::mem::take(&mut *all)));
    for sent in all.into_iter().flatten().flatten() {
        privacy::leave_receipt_aborted(sent.receipt(false));
    }
}
