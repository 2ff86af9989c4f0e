//! Reading one SELECT under masks, batch by batch, in every mode, whoever calls.
use super::session::{Force, Noted};
use super::viewer::{self, Masked};
use super::{Seen, policy};
use crate::error;
use crate::pg::catalog::{self, text};
use crate::pg::roles;
use crate::pg::settings_scope::{As, Settings, with_search_path};
use pgrx::pg_sys::{self, NodeTag};
use pgrx::{PgList, Spi};
use std::ffi::{CStr, CString, c_int, c_void};

/// Under which circumstances an export runs, while it runs.
pub struct Forcing {
    /// For whom.
    pub recipient: String,
    /// The caller's.
    pub search_path: String,
    /// What was masked so far.
    pub seen: Noted,
}

impl Forcing {
    /// Runs `f` with masks on everybody. Nothing is written meanwhile, and there are no parallel workers: they would not
    /// know that masks are forced.
    fn hold<R>(&self, f: impl FnOnce() -> R) -> R {
        with_search_path(&self.search_path, || {
            let _force = Force::begin(&self.recipient, &self.seen);
            let settings = Settings::begin();
            settings.set(c"transaction_read_only", c"on", As::User);
            settings.set(c"max_parallel_workers_per_gather", c"0", As::User);
            f()
        })
    }
}

/// Checks that the text is exactly one SELECT that writes nothing, and returns that statement alone.
#[must_use]
pub fn require_select(query: &str) -> String {
    let Ok(source) = CString::new(query) else {
        error::privacy::not_exportable("It contains a zero byte.").raise();
    };
    // SAFETY: parses and analyses a valid C string; the results live in the current memory context.
    unsafe {
        let statements = PgList::<pg_sys::RawStmt>::from_pg(pg_sys::pg_parse_query(source.as_ptr()));
        let [statement] = statements.iter_ptr().collect::<Vec<_>>()[..] else {
            error::privacy::not_exportable(&format!("It has {} statements.", statements.len())).raise();
        };
        if (*(*statement).stmt).type_ != NodeTag::T_SelectStmt {
            error::privacy::not_exportable("It is not a SELECT.").raise();
        }
        let (start, length) = ((*statement).stmt_location.max(0) as usize, (*statement).stmt_len as usize);
        let end = if length == 0 { query.len() } else { (start + length).min(query.len()) };
        let analysed = pg_sys::parse_analyze_fixedparams(
            statement,
            source.as_ptr(),
            std::ptr::null(),
            0,
            std::ptr::null_mut(),
        );
        let plain =
            (*analysed).commandType == pg_sys::CmdType::CMD_SELECT && (*analysed).utilityStmt.is_null();
        if !plain || (*analysed).hasModifyingCTE || locks(analysed.cast(), std::ptr::null_mut()) {
            error::privacy::not_exportable("It writes, or locks rows.").raise();
        }
        query.get(start..end).unwrap_or(query).to_string()
    }
}

/// Whether a query locks rows, at any depth.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn locks(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    if node.is_null() {
        return false;
    }
    // SAFETY: nodes of an analysed query; the walkers call this with each of them.
    unsafe {
        if (*node).type_ != NodeTag::T_Query {
            return pg_sys::expression_tree_walker(node, Some(locks), context);
        }
        let query = node.cast::<pg_sys::Query>();
        !(*query).rowMarks.is_null() || pg_sys::query_tree_walker(query, Some(locks), context, 0)
    }
}

/// An open query. Known by name: the server may have closed it meanwhile.
pub struct Portal(CString);

impl Portal {
    /// Plans a query under masks and opens it; returns the names of its columns, too.
    #[must_use]
    pub fn open(query: &str, forcing: &Forcing) -> (Self, Vec<String>) {
        let Ok(source) = CString::new(query) else {
            error::privacy::not_exportable("It contains a zero byte.").raise();
        };
        forcing.hold(|| {
            // SAFETY: inside SPI; the portal is read-only and forward-only and lives until it is closed, or until the
            // (sub)transaction ends.
            Spi::connect(|_| unsafe {
                let options = pg_sys::CURSOR_OPT_NO_SCROLL as c_int;
                let plan = pg_sys::SPI_prepare_cursor(source.as_ptr(), 0, std::ptr::null_mut(), options);
                if plan.is_null() {
                    error::privacy::not_exportable("It cannot be prepared.").raise();
                }
                let none = std::ptr::null_mut();
                let portal = pg_sys::SPI_cursor_open(std::ptr::null(), plan, none, std::ptr::null(), true);
                (*portal).visible = false;
                let descriptor = (*portal).tupDesc;
                let columns = (0..(*descriptor).natts as usize)
                    .map(|i| (*(*descriptor).attrs.as_ptr().add(i)).attname.data.as_ptr())
                    .map(|name| text(name).unwrap_or_default())
                    .collect();
                (Portal(CStr::from_ptr((*portal).name).to_owned()), columns)
            })
        })
    }

    /// Hands the next rows to `take`; returns how many there were.
    pub fn fetch(&self, count: usize, forcing: &Forcing, mut take: impl FnMut(&mut Row)) -> usize {
        forcing.hold(|| {
            // SAFETY: inside SPI; the rows and all that is made of them live until SPI ends, and are not kept beyond.
            Spi::connect(|_| unsafe {
                let portal = pg_sys::SPI_cursor_find(self.0.as_ptr());
                if portal.is_null() {
                    error::privacy::export_closed().raise();
                }
                pg_sys::SPI_cursor_fetch(portal, true, count as _);
                let (table, fetched) = (pg_sys::SPI_tuptable, pg_sys::SPI_processed as usize);
                let mut row = Row::of((*table).tupdesc);
                for i in 0..fetched {
                    row.load(*(*table).vals.add(i));
                    take(&mut row);
                }
                fetched
            })
        })
    }

    /// Closes it, where it is still open.
    pub fn close(&self) {
        // SAFETY: looked up by name; closing one that is not running is what CLOSE does.
        unsafe {
            let portal = pg_sys::SPI_cursor_find(self.0.as_ptr());
            if !portal.is_null() {
                pg_sys::SPI_cursor_close(portal);
            }
        }
    }
}

/// A row of the result. Its values become text only where they are asked for.
pub struct Row {
    tuple: pg_sys::HeapTuple,
    descriptor: pg_sys::TupleDesc,
    outputs: Vec<pg_sys::FmgrInfo>,
    values: Vec<pg_sys::Datum>,
    nulls: Vec<bool>,
}

impl Row {
    /// # Safety
    /// The descriptor must be a private copy that outlives the row.
    unsafe fn of(descriptor: pg_sys::TupleDesc) -> Self {
        // SAFETY: the caller vouches for the descriptor; look-ups of output functions of its types.
        unsafe {
            // Blessed, so that rows can be made values of type record.
            let descriptor = pg_sys::BlessTupleDesc(descriptor);
            let columns = (*descriptor).natts as usize;
            let output = |i| {
                let (mut function, mut varlena) = (pg_sys::InvalidOid, false);
                let attribute = (*descriptor).attrs.as_ptr().add(i);
                pg_sys::getTypeOutputInfo((*attribute).atttypid, &mut function, &mut varlena);
                let mut info = pg_sys::FmgrInfo::default();
                pg_sys::fmgr_info(function, &mut info);
                info
            };
            Row {
                tuple: std::ptr::null_mut(),
                descriptor,
                outputs: (0..columns).map(output).collect(),
                values: vec![pg_sys::Datum::from(0); columns],
                nulls: vec![true; columns],
            }
        }
    }

    /// # Safety
    /// The tuple must be of the descriptor and outlive its use here.
    unsafe fn load(&mut self, tuple: pg_sys::HeapTuple) {
        self.tuple = tuple;
        let (values, nulls) = (self.values.as_mut_ptr(), self.nulls.as_mut_ptr());
        // SAFETY: both arrays have one place for each column.
        unsafe { pg_sys::heap_deform_tuple(tuple, self.descriptor, values, nulls) };
    }

    /// Number of columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.values.len()
    }

    /// The text of a value, None for NULL.
    pub fn bytes(&mut self, column: usize) -> Option<&[u8]> {
        if self.nulls[column] {
            return None;
        }
        // SAFETY: the output function of the value's type; its result lives as long as the batch.
        unsafe {
            let text = pg_sys::OutputFunctionCall(&mut self.outputs[column], self.values[column]);
            Some(CStr::from_ptr(text).to_bytes())
        }
    }

    /// The whole row as a JSON object.
    pub fn json(&mut self) -> &[u8] {
        // SAFETY: the descriptor is blessed; `row_to_json(record)` takes a composite value and returns text.
        unsafe {
            let row = pg_sys::heap_copy_tuple_as_datum(self.tuple, self.descriptor);
            let function = pg_sys::Oid::from(pg_sys::F_ROW_TO_JSON_RECORD);
            let json = pg_sys::OidFunctionCall1Coll(function, pg_sys::InvalidOid, row);
            CStr::from_ptr(pg_sys::text_to_cstring(json.cast_mut_ptr())).to_bytes()
        }
    }
}

impl Masked {
    /// What a receipt says of it.
    #[must_use]
    pub fn seen(&self, relid: pg_sys::Oid) -> Seen {
        let (mask, args) = self.mask.to_json();
        Seen {
            relation: catalog::relation_name(relid).map(|n| n.to_string()).unwrap_or_default(),
            column: catalog::column_name(relid, self.number).unwrap_or_default(),
            tags: self.tags.clone(),
            mask,
            args: args.to_string(),
        }
    }
}

/// The masked columns of a relation as a role would see it now that reads for a recipient.
#[must_use]
pub fn masks_now(relid: pg_sys::Oid, role: Option<pg_sys::Oid>, recipient: &str) -> Vec<Seen> {
    let policy = policy::current();
    let role = role.and_then(|r| viewer::of_role(&policy, r));
    let viewer = viewer::Viewer::Recipient(recipient.to_string(), role);
    viewer.sight(&policy, relid).masked.iter().map(|m| m.seen(relid)).collect()
}

/// The snapshot in force as `pg_current_snapshot()` writes it, and how far the WAL was written or, on a standby, replayed.
#[must_use]
pub fn moment() -> (Option<String>, String) {
    // SAFETY: reads the active snapshot, where there is one, and the server's state.
    unsafe {
        let snapshot = pg_sys::ActiveSnapshotSet().then(|| {
            let current = pgrx::direct_function_call_as_datum(pg_sys::pg_current_snapshot, &[]);
            let written = pgrx::direct_function_call_as_datum(pg_sys::pg_snapshot_out, &[current]);
            written.and_then(|w| text(w.cast_mut_ptr())).unwrap_or_default()
        });
        let lsn = if pg_sys::RecoveryInProgress() {
            pg_sys::GetXLogReplayRecPtr(std::ptr::null_mut())
        } else {
            pg_sys::GetXLogInsertRecPtr()
        };
        (snapshot, format!("{:X}/{:X}", lsn >> 32, lsn as u32))
    }
}

/// Whether rows can be written now.
#[must_use]
pub fn can_write() -> bool {
    // SAFETY: plain reads of the transaction state.
    unsafe { !pg_sys::XactReadOnly && !pg_sys::RecoveryInProgress() && pg_sys::ParallelWorkerNumber < 0 }
}

/// Name of the role that decides about masks.
#[must_use]
pub fn outer_role() -> String {
    roles::name(roles::outer())
}

/// Bytes that nobody can guess; None where the server has none.
#[must_use]
pub fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    // SAFETY: writes N bytes into an array of N.
    unsafe { pg_sys::pg_strong_random(bytes.as_mut_ptr().cast(), N) }.then_some(bytes)
}
