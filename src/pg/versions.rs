//! What was there before the running transaction. What it replaces or makes anew is in the catalogs as a second version of a
//! row, and the first one stays until the transaction has ended: so nothing has to be remembered from before a statement.
use super::object::Address;
use super::object::catalogs::PG_CONSTRAINT;
use pgrx::pg_sys;

/// Oids that pgrx does not bind, from `catalog/pg_constraint.h`: the index by relation, domain and name, and the one by oid.
const CONSTRAINTS_BY_NAME: u32 = 2665;
const CONSTRAINTS_BY_OID: u32 = 2667;

/// The first columns of a row of `pg_constraint`, which pgrx does not bind.
#[repr(C)]
struct Constraint {
    _oid: pg_sys::Oid,
    name: pg_sys::NameData,
    _schema: pg_sys::Oid,
    _kind: std::ffi::c_char,
    _flags: [bool; 3],
    relation: pg_sys::Oid,
    domain: pg_sys::Oid,
}

/// What a key of an index is compared with: number of the column, the function, the value.
type Key = (i16, u32, pg_sys::Datum);

/// Whether an object of a catalog whose rows have oids was there before the running transaction.
#[must_use]
pub fn was_there(object: Address) -> bool {
    // SAFETY: looks only; the numbers of a class that it supports.
    unsafe {
        if !pg_sys::is_objectclass_supported(object.class) {
            return false;
        }
        let index = pg_sys::get_object_oid_index(object.class);
        let number = pg_sys::get_object_attnum_oid(object.class);
        index != pg_sys::InvalidOid
            && any_version(object.class, index, &[(number, pg_sys::F_OIDEQ, object.id.into())], is_older)
    }
}

/// Whether a constraint has the name of one that was there before the running transaction: ALTER TABLE drops constraints on a
/// column whose type it changes, and adds them again.
#[must_use]
pub fn had_such_constraint(constraint: pg_sys::Oid) -> bool {
    let mut like = None;
    let read = |tuple: pg_sys::HeapTuple| {
        // SAFETY: a tuple of pg_constraint, read while the scan is open.
        let row = unsafe { &*pg_sys::GETSTRUCT(tuple).cast::<Constraint>() };
        like = Some((row.relation, row.domain, row.name));
        true
    };
    let by_oid: Key = (1, pg_sys::F_OIDEQ, constraint.into());
    // SAFETY: columns of pg_constraint and functions for their types.
    unsafe { any_version(PG_CONSTRAINT, CONSTRAINTS_BY_OID.into(), &[by_oid], read) };
    let Some((relation, domain, name)) = like else { return false };
    let keys: [Key; 3] = [
        (8, pg_sys::F_OIDEQ, relation.into()),
        (9, pg_sys::F_OIDEQ, domain.into()),
        (2, pg_sys::F_NAMEEQ, pg_sys::Datum::from(name.data.as_ptr())),
    ];
    // SAFETY: as above; the name outlives the scan.
    unsafe { any_version(PG_CONSTRAINT, CONSTRAINTS_BY_NAME.into(), &keys, is_older) }
}

/// Whether any version of a row with these keys, dead ones too, is what is looked for.
///
/// # Safety
/// `index` must be one of the catalog, and the keys its leading columns.
unsafe fn any_version(
    catalog: pg_sys::Oid,
    index: pg_sys::Oid,
    wanted: &[Key],
    mut is_it: impl FnMut(pg_sys::HeapTuple) -> bool,
) -> bool {
    let lock = pg_sys::AccessShareLock as i32;
    // SAFETY: the caller vouches for index and keys, which are initialised before the scan begins; tuples are read while it
    // is open.
    unsafe {
        let mut keys: [pg_sys::ScanKeyData; 3] = std::mem::zeroed();
        for (key, (number, function, value)) in keys.iter_mut().zip(wanted) {
            let equal = pg_sys::BTEqualStrategyNumber as u16;
            pg_sys::ScanKeyInit(key, *number, equal, pg_sys::Oid::from(*function), *value);
        }
        let relation = pg_sys::table_open(catalog, lock);
        let any = &raw mut pg_sys::SnapshotAnyData;
        let count = wanted.len() as i32;
        let scan = pg_sys::systable_beginscan(relation, index, true, any, count, keys.as_mut_ptr());
        let mut found = false;
        while !found {
            let tuple = pg_sys::systable_getnext(scan);
            if tuple.is_null() {
                break;
            }
            found = is_it(tuple);
        }
        pg_sys::systable_endscan(scan);
        pg_sys::table_close(relation, lock);
        found
    }
}

/// Whether a version was there when the running transaction began: what made it has committed, what deleted it has not.
fn is_older(tuple: pg_sys::HeapTuple) -> bool {
    // SAFETY: a tuple that the scan has pinned; the union is that of a heap tuple. Looks at the state of transactions.
    unsafe {
        let header = &*(*tuple).t_data;
        let (flags, by) = (u32::from(header.t_infomask), header.t_choice.t_heap);
        let frozen = pg_sys::HEAP_XMIN_COMMITTED | pg_sys::HEAP_XMIN_INVALID;
        let is_made = flags & frozen == frozen
            || (flags & pg_sys::HEAP_XMIN_INVALID == 0 && pg_sys::TransactionIdDidCommit(by.t_xmin));
        let is_locked_only = flags & (pg_sys::HEAP_XMAX_IS_MULTI | pg_sys::HEAP_XMAX_LOCK_ONLY) != 0;
        let is_gone = flags & pg_sys::HEAP_XMAX_INVALID == 0
            && !is_locked_only
            && pg_sys::TransactionIdDidCommit(by.t_xmax);
        is_made && !is_gone
    }
}
