//! A row that a BEFORE ROW trigger is about to see written, where the executor left it: in its slots. A column that is
//! taken from a slot was taken apart for everybody who reads the slot later, and once for all the columns before it.
use super::missing;
use pgrx::pg_sys;
use pgrx::varlena;
use std::ops::RangeInclusive;

/// A value and whether it is NULL.
pub type Value = (pg_sys::Datum, bool);

/// A row that is written.
#[derive(Clone, Copy)]
pub struct Written {
    desc: pg_sys::TupleDesc,
    /// As it was; null for a new row.
    before: *mut pg_sys::TupleTableSlot,
    /// As it is to be.
    now: *mut pg_sys::TupleTableSlot,
    /// The same as the server wants it back.
    tuple: pg_sys::HeapTuple,
}

/// The data of a BEFORE INSERT OR UPDATE row trigger with so many arguments, and its row; raises for any other call.
///
/// # Safety
/// A call by the server. Both are good while the trigger runs.
#[must_use]
pub unsafe fn row<'a>(
    call: pg_sys::FunctionCallInfo,
    arguments: RangeInclusive<i16>,
) -> (&'a pg_sys::TriggerData, &'a pg_sys::Trigger, Written) {
    const BEFORE_ROW: u32 = pg_sys::TRIGGER_EVENT_BEFORE | pg_sys::TRIGGER_EVENT_ROW;
    // SAFETY: the context is a TriggerData when its tag says so. A row trigger for INSERT has its row in the first slot, one
    // for UPDATE the new row in the second.
    unsafe {
        let context = (*call).context;
        if context.is_null() || (*context).type_ != pg_sys::NodeTag::T_TriggerData {
            crate::error::change::not_a_trigger().raise();
        }
        let data = &*context.cast::<pg_sys::TriggerData>();
        let trigger = &*data.tg_trigger;
        let operation = data.tg_event & pg_sys::TRIGGER_EVENT_OPMASK;
        let is_update = operation == pg_sys::TRIGGER_EVENT_UPDATE;
        if !arguments.contains(&trigger.tgnargs)
            || data.tg_event & (pg_sys::TRIGGER_EVENT_ROW | pg_sys::TRIGGER_EVENT_TIMINGMASK) != BEFORE_ROW
            || !(is_update || operation == pg_sys::TRIGGER_EVENT_INSERT)
        {
            crate::error::change::not_a_trigger().raise();
        }
        let desc = (*data.tg_relation).rd_att;
        let row = if is_update {
            Written { desc, before: data.tg_trigslot, now: data.tg_newslot, tuple: data.tg_newtuple }
        } else {
            Written { desc, before: std::ptr::null_mut(), now: data.tg_trigslot, tuple: data.tg_trigtuple }
        };
        (data, trigger, row)
    }
}

/// # Safety
/// A slot that holds a row with that many columns at least.
unsafe fn column(slot: *mut pg_sys::TupleTableSlot, at: i32) -> Value {
    // SAFETY: the caller vouches for the slot; after the columns up to this one are there, so are their values.
    unsafe {
        if i32::from((*slot).tts_nvalid) < at {
            pg_sys::slot_getsomeattrs_int(slot, at);
        }
        let i = at as usize - 1;
        (*(*slot).tts_values.add(i), *(*slot).tts_isnull.add(i))
    }
}

impl Written {
    /// Whether it is a new row.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.before.is_null()
    }

    /// The columns of its table.
    #[must_use]
    pub fn desc(&self) -> pg_sys::TupleDesc {
        self.desc
    }

    /// The slot with the row as it is to be.
    #[must_use]
    pub fn slot(&self) -> *mut pg_sys::TupleTableSlot {
        self.now
    }

    /// The row as it is to be.
    #[must_use]
    pub fn tuple(&self) -> pg_sys::HeapTuple {
        self.tuple
    }

    /// A column as it is to be.
    ///
    /// # Safety
    /// `at` must be a column of the table.
    #[must_use]
    pub unsafe fn now(&self, at: i32) -> Value {
        // SAFETY: the slot holds a row of the table.
        unsafe { column(self.now, at) }
    }

    /// Whether the statement gives a column of a row that was there another value.
    ///
    /// # Safety
    /// `at` must be a column of the table; not for a new row.
    #[must_use]
    pub unsafe fn has_changed(&self, at: i32) -> bool {
        // SAFETY: both slots hold rows of the table.
        unsafe { !self.same(at, self.now(at), column(self.before, at)) }
    }

    /// Whether two values of a column have the same image, TOAST resolved: needs no equality operator.
    ///
    /// # Safety
    /// The values must be of that column.
    #[must_use]
    pub unsafe fn same(&self, at: i32, a: Value, b: Value) -> bool {
        if a.1 || b.1 {
            return a.1 && b.1;
        }
        // SAFETY: attributes are stored behind the descriptor, from 1; the caller vouches for the values.
        unsafe {
            let attribute = &*(*self.desc).attrs.as_ptr().add(at as usize - 1);
            if attribute.attbyval {
                return a.0 == b.0;
            }
            if attribute.attlen == -1
                && let (Some(a), Some(b)) = (plain(a.0), plain(b.0))
            {
                return a == b;
            }
            missing::datum_image_eq(a.0, b.0, attribute.attbyval, i32::from(attribute.attlen))
        }
    }

    /// The row with other values in some columns.
    ///
    /// # Safety
    /// The values must be of these columns.
    #[must_use]
    pub unsafe fn with(&self, changes: impl Iterator<Item = (i32, Value)>) -> pg_sys::HeapTuple {
        // SAFETY: the slot holds a row of the table, whose columns are all taken out, so a row can be formed of copies of its
        // arrays; they are of the memory that is reset with every row. The new tuple takes the place of the one before.
        unsafe {
            let columns = (*self.desc).natts;
            if columns > 0 {
                column(self.now, columns);
            }
            let columns = columns as usize;
            let values = pg_sys::palloc(columns * (size_of::<pg_sys::Datum>() + size_of::<bool>()))
                .cast::<pg_sys::Datum>();
            let nulls = values.add(columns).cast::<bool>();
            values.copy_from_nonoverlapping((*self.now).tts_values, columns);
            nulls.copy_from_nonoverlapping((*self.now).tts_isnull, columns);
            for (at, (datum, null)) in changes {
                let i = at as usize - 1;
                values.add(i).write(datum);
                nulls.add(i).write(null);
            }
            let formed = pg_sys::heap_form_tuple(self.desc, values, nulls);
            (*(*formed).t_data).t_ctid = (*(*self.tuple).t_data).t_ctid;
            (*formed).t_self = (*self.tuple).t_self;
            (*formed).t_tableOid = (*self.tuple).t_tableOid;
            formed
        }
    }
}

/// The bytes of a value of variable length that is stored as it is: neither compressed, nor elsewhere, nor expanded.
///
/// # Safety
/// A value of variable length that outlives the result.
unsafe fn plain<'a>(value: pg_sys::Datum) -> Option<&'a [u8]> {
    // SAFETY: the caller vouches for the value; its header says how long it is.
    unsafe {
        let value = value.cast_mut_ptr::<pg_sys::varlena>().cast_const();
        let is_here =
            varlena::varatt_is_4b_u(value) || varlena::varatt_is_1b(value) && !varlena::varatt_is_1b_e(value);
        is_here.then(|| varlena::varlena_to_byte_slice(value))
    }
}
