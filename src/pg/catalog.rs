//! Look-ups in the system caches: no SPI, no locks, owned results.
use pgrx::pg_sys;
use std::cell::Cell;
use std::ffi::{CStr, CString, c_char, c_int};

/// Name of the extension's schema.
pub const SCHEMA: &str = "governance";

thread_local! {
    /// Oid of the extension's schema in this database: None unknown, Some(INVALID) absent.
    static NAMESPACE: Cell<Option<pg_sys::Oid>> = const { Cell::new(None) };
}

/// A schema-qualified name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name {
    /// The schema.
    pub schema: String,
    /// The relation.
    pub relation: String,
}

impl std::fmt::Display for Name {
    /// Quoted as PostgreSQL quotes, always with its schema.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&pgrx::spi::quote_qualified_identifier(&self.schema, &self.relation))
    }
}

/// Oid of the extension's schema, or invalid where the extension was not created: one cached test.
#[inline]
#[must_use]
pub fn namespace() -> pg_sys::Oid {
    match NAMESPACE.get() {
        Some(oid) => oid,
        None => look_up_namespace(),
    }
}

/// Whether the extension exists in this database.
#[inline]
#[must_use]
pub fn is_present() -> bool {
    namespace() != pg_sys::InvalidOid
}

#[cold]
fn look_up_namespace() -> pg_sys::Oid {
    // SAFETY: catalogs may be read inside a transaction that is not aborted and with a database chosen.
    unsafe {
        if !pg_sys::IsTransactionState() || pg_sys::MyDatabaseId == pg_sys::InvalidOid {
            return pg_sys::InvalidOid;
        }
        let mut oid = pg_sys::get_namespace_oid(c"governance".as_ptr(), true);
        // Preloaded, we meet databases in which a schema of this name is somebody else's.
        if oid != pg_sys::InvalidOid {
            let extension = pg_sys::getExtensionOfObject(pg_sys::NamespaceRelationId, oid);
            if text(pg_sys::get_extension_name(extension)).as_deref() != Some("data_governance") {
                oid = pg_sys::InvalidOid;
            }
        }
        NAMESPACE.set(Some(oid));
        oid
    }
}

/// Some schema changed: look again next time.
pub fn forget_namespace() {
    NAMESPACE.set(None);
}

/// Copies a palloc'd or cached C string.
///
/// # Safety
/// `s` must be null or NUL-terminated.
pub unsafe fn text(s: *const c_char) -> Option<String> {
    if s.is_null() {
        return None;
    }
    // SAFETY: not null; the caller vouches for the terminator.
    let text = unsafe { CStr::from_ptr(s) }.to_string_lossy().into_owned();
    super::for_plan::check(&text);
    Some(text)
}

/// Schema and name of a relation, None when it does not exist (any more).
#[must_use]
pub fn relation_name(relid: pg_sys::Oid) -> Option<Name> {
    // SAFETY: syscache look-ups by oid; results are palloc'd copies or NULL.
    unsafe {
        let relation = text(pg_sys::get_rel_name(relid))?;
        let schema = text(pg_sys::get_namespace_name(pg_sys::get_rel_namespace(relid)))?;
        Some(Name { schema, relation })
    }
}

/// Oid of a relation by name, None when there is none.
#[must_use]
pub fn relation_oid(name: &Name) -> Option<pg_sys::Oid> {
    let schema = CString::new(name.schema.as_str()).ok()?;
    let relation = CString::new(name.relation.as_str()).ok()?;
    // SAFETY: missing_ok look-ups with valid C strings.
    let oid = unsafe {
        let namespace = pg_sys::get_namespace_oid(schema.as_ptr(), true);
        if namespace == pg_sys::InvalidOid {
            return None;
        }
        pg_sys::get_relname_relid(relation.as_ptr(), namespace)
    };
    (oid != pg_sys::InvalidOid).then_some(oid)
}

/// Whether a type bears a name: a relation of that name could not be made.
#[must_use]
pub fn type_exists(name: &Name) -> bool {
    let (Ok(schema), Ok(relation)) =
        (CString::new(name.schema.as_str()), CString::new(name.relation.as_str()))
    else {
        return false;
    };
    // SAFETY: missing_ok look-ups with valid C strings.
    unsafe {
        let namespace = pg_sys::get_namespace_oid(schema.as_ptr(), true);
        pg_sys::GetSysCacheOid(
            pg_sys::SysCacheIdentifier::TYPENAMENSP as std::ffi::c_int,
            pg_sys::Anum_pg_type_oid as pg_sys::AttrNumber,
            pg_sys::Datum::from(relation.as_ptr()),
            pg_sys::Datum::from(namespace),
            pg_sys::Datum::from(0),
            pg_sys::Datum::from(0),
        ) != pg_sys::InvalidOid
    }
}

/// Whether the current role may use a schema.
#[must_use]
pub fn may_use_schema(schema: &str) -> bool {
    let Ok(schema) = CString::new(schema) else { return false };
    // SAFETY: missing_ok look-up with a valid C string, then a check by oid.
    unsafe {
        let oid = pg_sys::get_namespace_oid(schema.as_ptr(), true);
        oid != pg_sys::InvalidOid
            && pg_sys::pg_namespace_aclcheck(oid, pg_sys::GetUserId(), pg_sys::ACL_USAGE as pg_sys::AclMode)
                == pg_sys::AclResult::ACLCHECK_OK
    }
}

/// Whether a schema exists.
#[must_use]
pub fn schema_exists(schema: &str) -> bool {
    schema_oid(schema).is_some()
}

/// The oid of a schema, None when it does not exist.
#[must_use]
pub fn schema_oid(schema: &str) -> Option<pg_sys::Oid> {
    let schema = CString::new(schema).ok()?;
    // SAFETY: missing_ok look-up with a valid C string.
    let oid = unsafe { pg_sys::get_namespace_oid(schema.as_ptr(), true) };
    (oid != pg_sys::InvalidOid).then_some(oid)
}

/// The kind of a relation as in `pg_class.relkind`, None when it does not exist.
#[must_use]
pub fn relation_kind(relid: pg_sys::Oid) -> Option<u8> {
    // SAFETY: syscache look-up by oid.
    let kind = unsafe { pg_sys::get_rel_relkind(relid) } as u8;
    (kind != 0).then_some(kind)
}

/// Whether a relation has pages: one that never had a row has none.
#[must_use]
pub fn has_pages(relid: pg_sys::Oid) -> bool {
    let lock = pg_sys::AccessShareLock as i32;
    // SAFETY: the relation is open and locked while it is asked for its size.
    unsafe {
        let relation = pg_sys::try_relation_open(relid, lock);
        if relation.is_null() {
            return false;
        }
        let pages = pg_sys::RelationGetNumberOfBlocksInFork(relation, pg_sys::ForkNumber::MAIN_FORKNUM);
        pg_sys::relation_close(relation, lock);
        pages > 0
    }
}

/// Whether a query reads or writes a column of one of its relations, by name or as part of the whole row.
///
/// # Safety
/// `entry` must be a relation in the range table of an analysed query.
#[must_use]
pub unsafe fn uses_column(entry: *const pg_sys::RangeTblEntry, number: i16) -> bool {
    let member = |n: i16| i32::from(n) - pg_sys::FirstLowInvalidHeapAttributeNumber;
    // SAFETY: the caller vouches for the entry; its sets are NULL or valid.
    unsafe {
        pg_sys::bms_is_member(member(number), (*entry).selectedCols)
            || pg_sys::bms_is_member(member(0), (*entry).selectedCols)
            || pg_sys::bms_is_member(member(number), (*entry).insertedCols)
            || pg_sys::bms_is_member(member(number), (*entry).updatedCols)
    }
}

/// Number of a live column, None when the relation has no such column. Names are matched exactly.
#[must_use]
pub fn column_number(relid: pg_sys::Oid, column: &str) -> Option<i16> {
    let name = CString::new(column).ok()?;
    // SAFETY: get_attnum skips dropped columns and returns InvalidAttrNumber for unknown ones.
    let number = unsafe { pg_sys::get_attnum(relid, name.as_ptr()) };
    (number != 0).then_some(number)
}

/// The highest number a column of a relation has or had: numbers are not used again.
#[must_use]
pub fn last_column_number(relid: pg_sys::Oid) -> Option<i16> {
    // SAFETY: SearchSysCache1 returns a pinned tuple or NULL; it is released before returning.
    unsafe {
        let tuple =
            pg_sys::SearchSysCache1(pg_sys::SysCacheIdentifier::RELOID as c_int, pg_sys::Datum::from(relid));
        if tuple.is_null() {
            return None;
        }
        let last = (*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_class>()).relnatts;
        pg_sys::ReleaseSysCache(tuple);
        Some(last)
    }
}

/// Owner of a relation, None when it does not exist.
#[must_use]
pub fn relation_owner(relid: pg_sys::Oid) -> Option<pg_sys::Oid> {
    // SAFETY: SearchSysCache1 returns a pinned tuple or NULL; it is released before returning.
    unsafe {
        let tuple =
            pg_sys::SearchSysCache1(pg_sys::SysCacheIdentifier::RELOID as c_int, pg_sys::Datum::from(relid));
        if tuple.is_null() {
            return None;
        }
        let class = pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_class>();
        let owner = (*class).relowner;
        pg_sys::ReleaseSysCache(tuple);
        Some(owner)
    }
}

/// Whether a relation is temporary, or gone.
#[must_use]
pub fn is_temporary(relid: pg_sys::Oid) -> bool {
    // SAFETY: syscache look-up by oid.
    unsafe { pg_sys::get_rel_persistence(relid) as u8 == b't' }
}

/// Whether a role holds any privilege on a relation or one of its columns.
#[must_use]
pub fn has_any_privilege(relid: pg_sys::Oid, role: pg_sys::Oid) -> bool {
    const ANY: pg_sys::AclMode = (pg_sys::ACL_INSERT
        | pg_sys::ACL_SELECT
        | pg_sys::ACL_UPDATE
        | pg_sys::ACL_DELETE
        | pg_sys::ACL_TRUNCATE
        | pg_sys::ACL_REFERENCES
        | pg_sys::ACL_TRIGGER) as pg_sys::AclMode;
    if relation_kind(relid).is_none() {
        return false;
    }
    // SAFETY: the relation exists; both checks read the syscache only.
    unsafe {
        pg_sys::pg_class_aclmask(relid, role, ANY, pg_sys::AclMaskHow::ACLMASK_ANY) != 0
            || pg_sys::pg_attribute_aclcheck_all(relid, role, ANY, pg_sys::AclMaskHow::ACLMASK_ANY)
                == pg_sys::AclResult::ACLCHECK_OK
    }
}

/// Name of a live column by its number, system columns included.
#[must_use]
pub fn column_name(relid: pg_sys::Oid, number: i16) -> Option<String> {
    column(relid, number).flatten()
}

/// The name of a column, Some(None) where it was dropped, None where there is none of that number.
#[must_use]
pub fn column(relid: pg_sys::Oid, number: i16) -> Option<Option<String>> {
    // SAFETY: SearchSysCache2 returns a pinned tuple or NULL; it is released before returning.
    unsafe {
        let tuple = pg_sys::SearchSysCache2(
            pg_sys::SysCacheIdentifier::ATTNUM as c_int,
            pg_sys::Datum::from(relid),
            pg_sys::Datum::from(number),
        );
        if tuple.is_null() {
            return None;
        }
        let attribute = pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_attribute>();
        let name = if (*attribute).attisdropped { None } else { text((*attribute).attname.data.as_ptr()) };
        pg_sys::ReleaseSysCache(tuple);
        Some(name)
    }
}

/// The type of a column, of a domain the one below it; InvalidOid where there is no such column.
#[must_use]
pub fn base_type(relid: pg_sys::Oid, number: i16) -> pg_sys::Oid {
    // SAFETY: syscache look-ups by oid and number; the first gives InvalidOid for what does not exist.
    unsafe {
        let declared = pg_sys::get_atttype(relid, number);
        if declared == pg_sys::InvalidOid { declared } else { pg_sys::getBaseType(declared) }
    }
}

/// Whether a column, or the domain that is its type, forbids NULL.
#[must_use]
pub fn is_not_null(relid: pg_sys::Oid, number: i16) -> bool {
    // SAFETY: SearchSysCache returns a pinned tuple or NULL; each is released before the next.
    unsafe {
        let tuple = pg_sys::SearchSysCache2(
            pg_sys::SysCacheIdentifier::ATTNUM as c_int,
            pg_sys::Datum::from(relid),
            pg_sys::Datum::from(number),
        );
        if tuple.is_null() {
            return false;
        }
        let attribute = pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_attribute>();
        let (mut not_null, mut of) = ((*attribute).attnotnull, (*attribute).atttypid);
        pg_sys::ReleaseSysCache(tuple);
        while !not_null && of != pg_sys::InvalidOid {
            let tuple = pg_sys::SearchSysCache1(
                pg_sys::SysCacheIdentifier::TYPEOID as c_int,
                pg_sys::Datum::from(of),
            );
            if tuple.is_null() {
                break;
            }
            let typ = pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_type>();
            (not_null, of) = ((*typ).typnotnull, (*typ).typbasetype);
            pg_sys::ReleaseSysCache(tuple);
        }
        not_null
    }
}

/// Name of a schema.
#[must_use]
pub fn schema_name(namespace: pg_sys::Oid) -> Option<String> {
    // SAFETY: syscache look-up; the result is palloc'd or NULL.
    unsafe { text(pg_sys::get_namespace_name(namespace)) }
}

/// Tables made of a composite type (`CREATE TABLE … OF`).
#[must_use]
pub fn typed_tables(composite: pg_sys::Oid) -> Vec<pg_sys::Oid> {
    super::spi::select(
        "SELECT t.oid FROM pg_catalog.pg_class t JOIN pg_catalog.pg_class c ON c.reltype OPERATOR(pg_catalog.=) t.reloftype
          WHERE c.oid OPERATOR(pg_catalog.=) $1",
        &[composite.into()],
        |r| r.must(1),
    )
}

/// Tables, views and the like that belong to an extension.
#[must_use]
pub fn members_of_extension(extension: &str) -> Vec<pg_sys::Oid> {
    super::owner::run(|| {
        super::spi::select(
            "SELECT c.oid FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid JOIN pg_class c ON c.oid = d.objid
              WHERE e.extname = $1 AND d.refclassid = 'pg_extension'::regclass AND d.classid = 'pg_class'::regclass
                AND d.deptype = 'e' AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY c.oid",
            &[extension.into()],
            |r| r.must(1),
        )
    })
}

/// The topmost partitioned table above a partition; None for anything that is no partition.
#[must_use]
pub fn partition_root(relid: pg_sys::Oid) -> Option<pg_sys::Oid> {
    let mut root = None;
    let mut at = relid;
    // SAFETY: syscache look-up, then catalog scans by oid.
    unsafe {
        while pg_sys::get_rel_relispartition(at) {
            let parent = super::missing::get_partition_parent(at);
            if parent == pg_sys::InvalidOid {
                break;
            }
            root = Some(parent);
            at = parent;
        }
    }
    root
}

/// Whether the running transaction made this relation (`rd_createSubid`; 0 is InvalidSubTransactionId).
#[must_use]
pub fn is_created_in_transaction(relid: pg_sys::Oid) -> bool {
    // SAFETY: the relcache entry is pinned while it is read. It outlives invalidations while its creation is pending.
    unsafe {
        let relation = pg_sys::RelationIdGetRelation(relid);
        if relation.is_null() {
            return false;
        }
        let created = (*relation).rd_createSubid != 0;
        pg_sys::RelationClose(relation);
        created
    }
}
