//! The row trigger of audit: from a trigger call to the images that are logged.
//!
//! A raw trigger function, since it runs once per row: it reads the rows where the executor left them and makes JSON of
//! them as the caller, whose types may come with functions of their own. Only the log is written as the extension's
//! owner.
use super::audit_log::{self, Images};
use super::catalog;
use super::missing::datum_image_eq;
use super::rendering::Canonical;
use crate::audit::Watched;
use pgrx::{IntoDatum, pg_sys};
use std::cell::Cell;
use std::ffi::{CStr, c_int};

thread_local! {
    /// `to_jsonb(record)`, looked up once.
    static TO_JSONB: Cell<*mut pg_sys::FmgrInfo> = const { Cell::new(std::ptr::null_mut()) };
}

/// `to_jsonb(anyelement)` in pg_proc.dat, the same in every version.
const TO_JSONB_OID: u32 = 3787;

/// A text array that lives in Rust's memory, ready to be an argument of PostgreSQL's functions.
pub struct TextArray(Box<[u64]>);

impl TextArray {
    /// None for an empty list: nothing is to be done with it.
    #[must_use]
    pub fn new(items: Vec<String>) -> Option<Self> {
        if items.is_empty() {
            return None;
        }
        let datum = items.into_datum()?;
        // SAFETY: a text[] just made: an untoasted varlena of that many bytes. u64 aligns it as arrays need.
        unsafe {
            let bytes = pgrx::varlena::varsize_any(datum.cast_mut_ptr());
            let mut copy = vec![0u64; bytes.div_ceil(8)];
            std::ptr::copy_nonoverlapping(datum.cast_mut_ptr::<u8>(), copy.as_mut_ptr().cast::<u8>(), bytes);
            Some(TextArray(copy.into_boxed_slice()))
        }
    }

    fn datum(&self) -> pg_sys::Datum {
        pg_sys::Datum::from(self.0.as_ptr())
    }
}

/// Name of the trigger, as [`crate::audit::triggers::ROW`] has it.
const ROW_NAME: &CStr = c"data_governance_audit_row";

crate::raw_function_info!(pg_finfo_data_governance_audit_row);

/// Trigger `data_governance_audit_row`.
///
/// # Safety
/// Called by the server only; anything but a row trigger call is refused.
#[unsafe(no_mangle)]
#[pgrx::pg_guard]
pub unsafe extern "C-unwind" fn data_governance_audit_row(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    const AFTER_ROW: u32 = pg_sys::TRIGGER_EVENT_AFTER | pg_sys::TRIGGER_EVENT_ROW;
    // SAFETY: the context is a TriggerData when its tag says so; relation and slots are valid while the trigger runs.
    unsafe {
        let data = (*fcinfo).context.cast::<pg_sys::TriggerData>();
        if data.is_null() || (*data).type_ != pg_sys::NodeTag::T_TriggerData {
            crate::error::audit::not_a_trigger_call().raise();
        }
        let event = (*data).tg_event;
        if event & (pg_sys::TRIGGER_EVENT_ROW | pg_sys::TRIGGER_EVENT_TIMINGMASK) != AFTER_ROW {
            crate::error::audit::not_a_trigger_call().raise();
        }
        // Everybody may make triggers with it. A table has one of a name, so no row is logged twice.
        if crate::settings::ENABLED.get()
            && CStr::from_ptr((*(*data).tg_trigger).tgname) == ROW_NAME
            && let Some(watched) = crate::audit::watched((*(*data).tg_relation).rd_id)
        {
            let (op, images) = images(&*data, &watched);
            audit_log::write_entry(&watched, op, images);
        }
    }
    pg_sys::Datum::from(0)
}

/// The operation and what it did.
///
/// # Safety
/// `data` must be that of a row trigger that is running.
unsafe fn images(data: &pg_sys::TriggerData, watched: &Watched) -> (&'static str, Images) {
    // SAFETY: for UPDATE the old row is in the trigger slot and the new one in the new slot; else the trigger slot has
    // the only row.
    unsafe {
        let _scope = Canonical::enter();
        let first = image(data, data.tg_trigslot);
        match data.tg_event & pg_sys::TRIGGER_EVENT_OPMASK {
            pg_sys::TRIGGER_EVENT_UPDATE => {
                let second = image(data, data.tg_newslot);
                let changed = changed(data, watched);
                let rekeyed = watched.key_columns.iter().any(|k| changed.contains(k));
                let images = Images {
                    key: key(first, watched),
                    new_key: rekeyed.then(|| key(second, watched)).flatten(),
                    old: Some(without_excluded(first, watched)),
                    new: Some(without_excluded(second, watched)),
                    changed: Some(changed),
                };
                ("UPDATE", images)
            }
            pg_sys::TRIGGER_EVENT_DELETE => {
                let old = Some(without_excluded(first, watched));
                ("DELETE", Images { key: key(first, watched), old, ..Images::default() })
            }
            _ => {
                let new = Some(without_excluded(first, watched));
                ("INSERT", Images { key: key(first, watched), new, ..Images::default() })
            }
        }
    }
}

/// A row as jsonb.
///
/// # Safety
/// `slot` must hold a row of the trigger's relation.
unsafe fn image(data: &pg_sys::TriggerData, slot: *mut pg_sys::TupleTableSlot) -> pg_sys::Datum {
    // SAFETY: the tuple belongs to the slot; the datum made of it is a copy with all values inline.
    unsafe {
        let mut should_free = false;
        let tuple = pg_sys::ExecFetchSlotHeapTuple(slot, false, &mut should_free);
        let row = pg_sys::heap_copy_tuple_as_datum(tuple, (*data.tg_relation).rd_att);
        pg_sys::FunctionCall1Coll(to_jsonb(), pg_sys::InvalidOid, row)
    }
}

/// `to_jsonb` with a record as its argument: it asks the call expression for the type.
fn to_jsonb() -> *mut pg_sys::FmgrInfo {
    if TO_JSONB.get().is_null() {
        // SAFETY: allocates for the life of the process and switches the memory context back.
        unsafe {
            let before = pg_sys::MemoryContextSwitchTo(pg_sys::TopMemoryContext);
            let function = pg_sys::Oid::from(TO_JSONB_OID);
            let info = pg_sys::palloc0(size_of::<pg_sys::FmgrInfo>()).cast::<pg_sys::FmgrInfo>();
            pg_sys::fmgr_info_cxt(function, info, pg_sys::TopMemoryContext);
            let argument = pg_sys::makeNullConst(pg_sys::RECORDOID, -1, pg_sys::InvalidOid);
            let call = pg_sys::makeFuncExpr(
                function,
                pg_sys::JSONBOID,
                pg_sys::lappend(std::ptr::null_mut(), argument.cast()),
                pg_sys::InvalidOid,
                pg_sys::InvalidOid,
                pg_sys::CoercionForm::COERCE_EXPLICIT_CALL,
            );
            (*info).fn_expr = call.cast();
            pg_sys::MemoryContextSwitchTo(before);
            TO_JSONB.set(info);
        }
    }
    TO_JSONB.get()
}

/// An image less some columns.
///
/// # Safety
/// `row` must be a jsonb object.
unsafe fn minus(row: pg_sys::Datum, columns: Option<&TextArray>) -> pg_sys::Datum {
    match columns {
        // SAFETY: jsonb - text[], both valid for the duration of the call, gives a jsonb.
        Some(columns) => unsafe {
            pgrx::direct_function_call_as_datum(
                pg_sys::jsonb_delete_array,
                &[Some(row), Some(columns.datum())],
            )
            .unwrap_or(row)
        },
        None => row,
    }
}

/// # Safety
/// `row` must be a jsonb object.
unsafe fn without_excluded(row: pg_sys::Datum, watched: &Watched) -> pg_sys::Datum {
    // SAFETY: the caller vouches.
    unsafe { minus(row, watched.excluded_array.as_ref()) }
}

/// # Safety
/// `row` must be a jsonb object with all columns.
unsafe fn key(row: pg_sys::Datum, watched: &Watched) -> Option<pg_sys::Datum> {
    if watched.key_columns.is_empty() {
        return None;
    }
    // SAFETY: the caller vouches.
    Some(unsafe { minus(row, watched.other_columns_array.as_ref()) })
}

/// Names of the columns that an UPDATE changed, less the excluded ones.
///
/// # Safety
/// `data` must be that of a row trigger for UPDATE.
unsafe fn changed(data: &pg_sys::TriggerData, watched: &Watched) -> Vec<String> {
    // SAFETY: both slots hold rows of the relation; after the columns are fetched values and nulls have one entry per
    // column.
    unsafe {
        let columns = pgrx::PgTupleDesc::from_pg_unchecked((*data.tg_relation).rd_att);
        let (old, new) = (&mut *data.tg_trigslot, &mut *data.tg_newslot);
        for slot in [&mut *old, &mut *new] {
            if usize::from(slot.tts_nvalid as u16) < columns.len() {
                pg_sys::slot_getsomeattrs_int(slot, columns.len() as c_int);
            }
        }
        let differs = |i: usize, column: &pg_sys::FormData_pg_attribute| {
            let (was_null, is_null) = (*old.tts_isnull.add(i), *new.tts_isnull.add(i));
            was_null != is_null
                || (!is_null
                    && !datum_image_eq(
                        *old.tts_values.add(i),
                        *new.tts_values.add(i),
                        column.attbyval,
                        i32::from(column.attlen),
                    ))
        };
        (0..columns.len())
            .filter_map(|i| columns.get(i).map(|c| (i, c)))
            .filter(|(i, c)| !c.attisdropped && differs(*i, c))
            .filter_map(|(_, c)| catalog::text(c.attname.data.as_ptr()))
            .filter(|name| !watched.excluded.contains(name))
            .collect()
    }
}

/// Relcache callback: forget what is cached about a relation.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn on_relcache(_arg: pg_sys::Datum, relid: pg_sys::Oid) {
    crate::audit::forget_cached((relid != pg_sys::InvalidOid).then_some(relid));
}

/// Registers the callbacks; called once per process.
pub fn install() {
    // SAFETY: registers a static function that only touches backend-local state.
    unsafe { pg_sys::CacheRegisterRelcacheCallback(Some(on_relcache), pg_sys::Datum::from(0)) };
}
