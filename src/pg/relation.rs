//! What the catalogs say about a relation beyond its name: columns, indexes, size, storage.
use super::catalog::{Name, relation_kind, relation_oid, text};
use super::object::Address;
use super::object::catalogs::{PG_PROC, PG_REWRITE, PG_TRIGGER};
use super::{kept_plan, owner, spi};
use pgrx::pg_sys;
use std::ffi::CString;

/// Reads a relation's row of `pg_class`.
fn class_row<T>(relid: pg_sys::Oid, read: impl FnOnce(&pg_sys::FormData_pg_class) -> T) -> Option<T> {
    // SAFETY: SearchSysCache1 returns a pinned tuple or NULL; it is released before returning.
    unsafe {
        let cache = pg_sys::SysCacheIdentifier::RELOID as i32;
        let tuple = pg_sys::SearchSysCache1(cache, pg_sys::Datum::from(relid));
        if tuple.is_null() {
            return None;
        }
        let value = read(&*pg_sys::GETSTRUCT(tuple).cast());
        pg_sys::ReleaseSysCache(tuple);
        Some(value)
    }
}

/// Reads a column's row of `pg_attribute`, dropped columns left out.
fn column_row<T>(
    relid: pg_sys::Oid,
    number: i16,
    read: impl FnOnce(&pg_sys::FormData_pg_attribute) -> T,
) -> Option<T> {
    // SAFETY: SearchSysCache2 returns a pinned tuple or NULL; it is released before returning.
    unsafe {
        let cache = pg_sys::SysCacheIdentifier::ATTNUM as i32;
        let tuple = pg_sys::SearchSysCache2(cache, relid.into(), number.into());
        if tuple.is_null() {
            return None;
        }
        let row: &pg_sys::FormData_pg_attribute = &*pg_sys::GETSTRUCT(tuple).cast();
        let value = (!row.attisdropped).then(|| read(row));
        pg_sys::ReleaseSysCache(tuple);
        value
    }
}

/// Number of pages of a relation without waiting for anybody; None where it is locked against readers, or gone.
#[must_use]
pub fn pages(relid: pg_sys::Oid) -> Option<u32> {
    if !matches!(relation_kind(relid), Some(b'r' | b'm' | b'i' | b'S' | b't')) {
        return Some(0);
    }
    let lock = pg_sys::AccessShareLock as i32;
    // SAFETY: the relation is open and locked while it is asked for its size.
    unsafe {
        if !pg_sys::ConditionalLockRelationOid(relid, lock) {
            return None;
        }
        let relation = pg_sys::try_relation_open(relid, pg_sys::NoLock as i32);
        if relation.is_null() {
            pg_sys::UnlockRelationOid(relid, lock);
            return None;
        }
        let pages = pg_sys::RelationGetNumberOfBlocksInFork(relation, pg_sys::ForkNumber::MAIN_FORKNUM);
        pg_sys::relation_close(relation, lock);
        Some(pages)
    }
}

/// Whether it has, or had, partitions or children.
#[must_use]
pub fn has_children(relid: pg_sys::Oid) -> bool {
    class_row(relid, |row| row.relhassubclass).unwrap_or(false)
}

/// Whether it is a partition or child of anything.
#[must_use]
pub fn has_parents(relid: pg_sys::Oid) -> bool {
    /// From `catalog/pg_inherits.h`: the catalog, and its index by child.
    const PG_INHERITS: u32 = 2611;
    const BY_CHILD: u32 = 2680;
    let lock = pg_sys::AccessShareLock as i32;
    // SAFETY: a catalog scan with one key, initialised before the scan begins.
    unsafe {
        let mut key: pg_sys::ScanKeyData = std::mem::zeroed();
        let (equal, same) = (pg_sys::BTEqualStrategyNumber as u16, pg_sys::Oid::from(pg_sys::F_OIDEQ));
        pg_sys::ScanKeyInit(&mut key, 1, equal, same, relid.into());
        let catalog = pg_sys::table_open(pg_sys::Oid::from(PG_INHERITS), lock);
        let index = pg_sys::Oid::from(BY_CHILD);
        let scan = pg_sys::systable_beginscan(catalog, index, true, std::ptr::null_mut(), 1, &mut key);
        let found = !pg_sys::systable_getnext(scan).is_null();
        pg_sys::systable_endscan(scan);
        pg_sys::table_close(catalog, lock);
        found
    }
}

/// Whether rows survive a crash.
#[must_use]
pub fn is_logged(relid: pg_sys::Oid) -> bool {
    class_row(relid, |row| row.relpersistence as u8 == b'p').unwrap_or(false)
}

/// Whether row level security is on, and whether it is forced on the owner.
#[must_use]
pub fn row_security(relid: pg_sys::Oid) -> (bool, bool) {
    class_row(relid, |row| (row.relrowsecurity, row.relforcerowsecurity)).unwrap_or((false, false))
}

/// Name of the table access method.
#[must_use]
pub fn access_method(relid: pg_sys::Oid) -> Option<String> {
    let method = class_row(relid, |row| row.relam)?;
    // SAFETY: a look-up by oid; palloc'd or NULL.
    unsafe { text(pg_sys::get_am_name(method)) }
}

/// Type, modifier and collation of a column.
#[must_use]
pub fn column_type(relid: pg_sys::Oid, number: i16) -> Option<(pg_sys::Oid, i32, pg_sys::Oid)> {
    column_row(relid, number, |row| (row.atttypid, row.atttypmod, row.attcollation))
}

/// What a column is.
#[derive(Clone, Copy, Debug, Default)]
pub struct ColumnFlags {
    /// NOT NULL.
    pub not_null: bool,
    /// It has a default.
    pub has_default: bool,
    /// GENERATED ALWAYS AS (expression).
    pub generated: bool,
    /// GENERATED … AS IDENTITY.
    pub identity: bool,
    /// Inherited from one parent and not declared here.
    pub only_inherited: bool,
}

/// What a column is.
#[must_use]
pub fn column_flags(relid: pg_sys::Oid, number: i16) -> ColumnFlags {
    column_row(relid, number, |row| ColumnFlags {
        not_null: row.attnotnull,
        has_default: row.atthasdef && row.attgenerated == 0,
        generated: row.attgenerated != 0,
        identity: row.attidentity != 0,
        only_inherited: row.attinhcount == 1 && !row.attislocal,
    })
    .unwrap_or_default()
}

/// Whether an index is built on a column.
#[must_use]
pub fn is_indexed(relid: pg_sys::Oid, number: i16) -> bool {
    spi::select_one(
        "SELECT true FROM pg_catalog.pg_index WHERE indrelid OPERATOR(pg_catalog.=) $1
            AND $2 OPERATOR(pg_catalog.=) ANY (indkey::pg_catalog.int2[]) LIMIT 1",
        &[relid.into(), number.into()],
        |r| r.must::<bool>(1),
    )
    .is_some()
}

/// An index of a table by its name; indexes are in their table's schema.
#[must_use]
pub fn index_named(relid: pg_sys::Oid, name: &str) -> Option<pg_sys::Oid> {
    let name = CString::new(name).ok()?;
    // SAFETY: look-ups by oid and name.
    let index = unsafe { pg_sys::get_relname_relid(name.as_ptr(), pg_sys::get_rel_namespace(relid)) };
    let is_index = matches!(relation_kind(index), Some(b'i' | b'I'));
    // SAFETY: a missing_ok look-up by oid.
    (is_index && unsafe { pg_sys::IndexGetRelation(index, true) } == relid).then_some(index)
}

/// Numbers of the key columns of an index of a table.
#[must_use]
pub fn columns_of_index(relid: pg_sys::Oid, index: &str) -> Vec<i16> {
    let Some(index) = index_named(relid, index) else { return Vec::new() };
    spi::select(
        "SELECT k FROM pg_catalog.pg_index, pg_catalog.unnest(indkey[0:indnkeyatts OPERATOR(pg_catalog.-) 1]) k
          WHERE indexrelid OPERATOR(pg_catalog.=) $1",
        &[index.into()],
        |r| r.must(1),
    )
}

/// Whether an index can be used: one that CONCURRENTLY left half-built cannot.
#[must_use]
pub fn is_valid_index(index: pg_sys::Oid) -> bool {
    // SAFETY: SearchSysCache1 returns a pinned tuple or NULL; it is released before returning.
    unsafe {
        let cache = pg_sys::SysCacheIdentifier::INDEXRELID as i32;
        let tuple = pg_sys::SearchSysCache1(cache, index.into());
        if tuple.is_null() {
            return false;
        }
        let valid = (*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_index>()).indisvalid;
        pg_sys::ReleaseSysCache(tuple);
        valid
    }
}

/// Whether a relation is a partition or child of another one, at once.
#[must_use]
pub fn is_child(child: pg_sys::Oid, parent: pg_sys::Oid) -> bool {
    spi::select_one(
        "SELECT true FROM pg_catalog.pg_inherits
          WHERE inhrelid OPERATOR(pg_catalog.=) $1 AND inhparent OPERATOR(pg_catalog.=) $2",
        &[child.into(), parent.into()],
        |r| r.must::<bool>(1),
    )
    .is_some()
}

/// Tables, partitioned tables, views and materialized views of a schema.
#[must_use]
pub fn of_schema(schema: &str) -> Vec<pg_sys::Oid> {
    spi::select(
        "SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
          WHERE n.nspname OPERATOR(pg_catalog.=) $1::pg_catalog.name
            AND c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p,v,m,f}'::pg_catalog.\"char\"[]) ORDER BY c.relname",
        &[schema.into()],
        |r| r.must(1),
    )
}

/// Whether a function sets a search path for itself.
#[must_use]
pub fn has_search_path(function: pg_sys::Oid) -> bool {
    spi::select_one(
        "SELECT true FROM pg_catalog.pg_proc p, pg_catalog.unnest(p.proconfig) c
          WHERE p.oid OPERATOR(pg_catalog.=) $1 AND pg_catalog.starts_with(c, 'search_path=')",
        &[function.into()],
        |r| r.must::<bool>(1),
    )
    .is_some()
}

/// Whether a function is compiled, of PostgreSQL's own or a library, which only superusers can make.
#[must_use]
pub fn is_of_library(function: pg_sys::Oid) -> bool {
    spi::select_one(
        "SELECT l.lanname IN ('c', 'internal') FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid OPERATOR(pg_catalog.=) p.prolang
          WHERE p.oid OPERATOR(pg_catalog.=) $1",
        &[function.into()],
        |r| r.must(1),
    )
    .unwrap_or(false)
}

/// Functions, procedures and aggregates of a schema.
#[must_use]
pub fn routines_of_schema(schema: &str) -> Vec<Address> {
    spi::select(
        "SELECT p.oid FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace
          WHERE n.nspname OPERATOR(pg_catalog.=) $1::pg_catalog.name ORDER BY p.proname, p.oid",
        &[schema.into()],
        |r| Address::of(PG_PROC, r.must(1)),
    )
}

/// Sequences of a schema.
#[must_use]
pub fn sequences_of_schema(schema: &str) -> Vec<Address> {
    spi::select(
        "SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
          WHERE n.nspname OPERATOR(pg_catalog.=) $1::pg_catalog.name AND c.relkind OPERATOR(pg_catalog.=) 'S' ORDER BY c.relname",
        &[schema.into()],
        |r| Address::relation(r.must(1)),
    )
}

/// Start value and last value of a sequence; no last value where none was given out.
#[must_use]
pub fn sequence_state(relid: pg_sys::Oid) -> Option<(i64, Option<i64>)> {
    let name: Name = super::catalog::relation_name(relid)?;
    super::owner::run(|| {
        spi::select_one(
            &format!(
                "SELECT s.seqstart, CASE WHEN q.is_called THEN q.last_value END FROM pg_sequence s, {name} q WHERE s.seqrelid = $1"
            ),
            &[relid.into()],
            |r| (r.must(1), r.get(2)),
        )
    })
}

/// The sequence behind an identity column.
#[must_use]
pub fn identity_sequence(relid: pg_sys::Oid, number: i16) -> Option<pg_sys::Oid> {
    // SAFETY: a missing_ok look-up by oid and number.
    let sequence = unsafe { pg_sys::getIdentitySequence(relid, number, true) };
    (sequence != pg_sys::InvalidOid).then_some(sequence)
}

/// Type of a sequence.
#[must_use]
pub fn sequence_type(relid: pg_sys::Oid) -> Option<pg_sys::Oid> {
    spi::select_one(
        "SELECT seqtypid FROM pg_catalog.pg_sequence WHERE seqrelid OPERATOR(pg_catalog.=) $1",
        &[relid.into()],
        |r| r.must(1),
    )
}

/// Tables that a publication names.
#[must_use]
pub fn published_by(publication: &str) -> Vec<pg_sys::Oid> {
    spi::select(
        "SELECT r.prrelid FROM pg_catalog.pg_publication_rel r JOIN pg_catalog.pg_publication p ON p.oid OPERATOR(pg_catalog.=) r.prpubid
          WHERE p.pubname OPERATOR(pg_catalog.=) $1::pg_catalog.name ORDER BY 1",
        &[publication.into()],
        |r| r.must(1),
    )
}

/// Options of a view that protect rows and are on: `security_barrier`, `security_invoker`, `check_option`.
#[must_use]
pub fn view_options(relid: pg_sys::Oid) -> Vec<String> {
    spi::select(
        "SELECT o.option_name FROM pg_catalog.pg_class c, pg_catalog.pg_options_to_table(c.reloptions) o
          WHERE c.oid OPERATOR(pg_catalog.=) $1 AND c.relkind OPERATOR(pg_catalog.=) 'v'
            AND (o.option_name OPERATOR(pg_catalog.=) 'check_option' OR o.option_value OPERATOR(pg_catalog.=) ANY ('{true,on,1,yes}'::pg_catalog.text[]))",
        &[relid.into()],
        |r| r.must(1),
    )
}

/// Names of triggers that are not disabled; those behind constraints on request.
#[must_use]
pub fn triggers(relid: pg_sys::Oid, internal_too: bool) -> Vec<String> {
    spi::select(
        "SELECT tgname::pg_catalog.text FROM pg_catalog.pg_trigger
          WHERE tgrelid OPERATOR(pg_catalog.=) $1 AND (NOT tgisinternal OR $2) AND tgenabled OPERATOR(pg_catalog.<>) 'D' ORDER BY tgisinternal, tgname",
        &[relid.into(), internal_too.into()],
        |r| r.must(1),
    )
}

/// What a trigger does, and when.
pub struct Trigger {
    /// It.
    pub address: Address,
    /// Its function.
    pub function: pg_sys::Oid,
    /// `pg_trigger.tgtype`: level, timing and events.
    pub kind: i16,
    /// What the function is given.
    pub arguments: Vec<String>,
    /// Columns that it waits for, sorted; none where any will do.
    pub columns: Vec<String>,
    /// Its WHEN as the catalog has it.
    pub condition: Option<String>,
}

/// A trigger of a relation that is no part of a constraint.
#[must_use]
pub fn trigger_named(relid: pg_sys::Oid, name: &str) -> Option<Trigger> {
    spi::select_one(
        "SELECT t.oid, t.tgfoid, t.tgtype, t.tgargs, t.tgqual::pg_catalog.text,
                ARRAY(SELECT a.attname::pg_catalog.text FROM pg_catalog.pg_attribute a
                       WHERE a.attrelid OPERATOR(pg_catalog.=) t.tgrelid AND a.attnum OPERATOR(pg_catalog.=) ANY (t.tgattr)
                       ORDER BY a.attname::pg_catalog.text COLLATE pg_catalog.\"C\")
           FROM pg_catalog.pg_trigger t
          WHERE t.tgrelid OPERATOR(pg_catalog.=) $1 AND t.tgname OPERATOR(pg_catalog.=) $2::pg_catalog.name AND NOT t.tgisinternal",
        &[relid.into(), name.into()],
        |r| {
            let arguments: Vec<u8> = r.must(4);
            let mut arguments: Vec<String> =
                arguments.split(|byte| *byte == 0).map(|a| String::from_utf8_lossy(a).into_owned()).collect();
            arguments.pop(); // each ends with a zero
            Trigger {
                address: Address::of(PG_TRIGGER, r.must(1)),
                function: r.must(2),
                kind: r.must(3),
                arguments,
                condition: r.get(5),
                columns: r.must(6),
            }
        },
    )
}

/// Tables whose rows go when those of a relation are deleted: by foreign keys ON DELETE CASCADE, however far that goes.
#[must_use]
pub fn deleted_with(relid: pg_sys::Oid) -> Vec<pg_sys::Oid> {
    spi::select(
        "WITH RECURSIVE gone AS (
            SELECT c.conrelid AS relid FROM pg_catalog.pg_constraint c
             WHERE c.confrelid OPERATOR(pg_catalog.=) $1 AND c.contype OPERATOR(pg_catalog.=) 'f' AND c.confdeltype OPERATOR(pg_catalog.=) 'c'
            UNION SELECT c.conrelid FROM pg_catalog.pg_constraint c JOIN gone ON c.confrelid OPERATOR(pg_catalog.=) gone.relid
             WHERE c.contype OPERATOR(pg_catalog.=) 'f' AND c.confdeltype OPERATOR(pg_catalog.=) 'c')
         SELECT relid FROM gone WHERE relid OPERATOR(pg_catalog.<>) $1",
        &[relid.into()],
        |r| r.must(1),
    )
}

/// Columns of tables whose values are rows of a relation or composite type, or arrays, domains or ranges of them, however
/// deep. By `pg_depend`, as PostgreSQL itself does it: its index is asked once per type, however many tables there are.
#[must_use]
pub fn columns_of_rows(relid: pg_sys::Oid) -> Vec<(pg_sys::Oid, String)> {
    let sql = "WITH RECURSIVE holds (type, relid, number) AS (
            SELECT c.reltype, 0::pg_catalog.oid, 0 FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) $1
            UNION SELECT CASE WHEN d.classid OPERATOR(pg_catalog.=) 1247 THEN d.objid
                              WHEN c.relkind OPERATOR(pg_catalog.=) 'c' THEN c.reltype ELSE 0::pg_catalog.oid END,
                         CASE WHEN c.relkind IN ('r', 'p', 'm') THEN c.oid ELSE 0::pg_catalog.oid END, d.objsubid
              FROM holds h JOIN pg_catalog.pg_depend d ON d.refclassid OPERATOR(pg_catalog.=) 1247 AND d.refobjid OPERATOR(pg_catalog.=) h.type
              LEFT JOIN pg_catalog.pg_class c ON d.classid OPERATOR(pg_catalog.=) 1259 AND c.oid OPERATOR(pg_catalog.=) d.objid
             WHERE h.type OPERATOR(pg_catalog.<>) 0
               AND (d.classid OPERATOR(pg_catalog.=) 1247 OR d.classid OPERATOR(pg_catalog.=) 1259 AND d.objsubid OPERATOR(pg_catalog.>) 0))
         SELECT a.attrelid, a.attname::pg_catalog.text
           FROM holds h JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) h.relid AND a.attnum OPERATOR(pg_catalog.=) h.number
          WHERE h.relid OPERATOR(pg_catalog.<>) 0 AND NOT a.attisdropped
          ORDER BY a.attrelid, a.attnum";
    // As the extension's owner, for whom the plan is kept: making it costs ten times what it finds.
    owner::run(|| kept_plan::at_once(|| spi::select(sql, &[relid.into()], |r| (r.must(1), r.must(2)))))
}

/// Whether a trigger is one that the product made: by its name and the function it calls.
#[must_use]
pub fn is_our_trigger(trigger: pg_sys::Oid) -> bool {
    spi::select_one(
        "SELECT p.pronamespace FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) t.tgfoid
          WHERE t.oid OPERATOR(pg_catalog.=) $1 AND t.tgname OPERATOR(pg_catalog.~~) '%data_governance%'",
        &[trigger.into()],
        |r| r.must::<pg_sys::Oid>(1),
    ) == Some(super::catalog::namespace())
}

/// Constraints of a relation.
#[must_use]
pub fn constraints(relid: pg_sys::Oid) -> Vec<pg_sys::Oid> {
    spi::select(
        "SELECT oid FROM pg_catalog.pg_constraint WHERE conrelid OPERATOR(pg_catalog.=) $1",
        &[relid.into()],
        |r| r.must(1),
    )
}

/// Whether a relation has a policy of this name.
#[must_use]
pub fn has_policy(relid: pg_sys::Oid, policy: &str) -> bool {
    spi::select_one(
        "SELECT true FROM pg_catalog.pg_policy WHERE polrelid OPERATOR(pg_catalog.=) $1 AND polname OPERATOR(pg_catalog.=) $2::pg_catalog.name",
        &[relid.into(), policy.into()],
        |r| r.must::<bool>(1),
    )
    .is_some()
}

/// The roles that a policy is for, sorted; InvalidOid stands for everybody.
#[must_use]
pub fn policy_roles(relid: pg_sys::Oid, policy: &str) -> Vec<pg_sys::Oid> {
    let mut roles: Vec<pg_sys::Oid> = spi::select(
        "SELECT r FROM pg_catalog.pg_policy p, pg_catalog.unnest(p.polroles) r
          WHERE p.polrelid OPERATOR(pg_catalog.=) $1 AND p.polname OPERATOR(pg_catalog.=) $2::pg_catalog.name",
        &[relid.into(), policy.into()],
        |r| r.must(1),
    );
    roles.sort_unstable_by_key(|r| r.to_u32());
    roles
}

/// A rule of a relation by its name.
#[must_use]
pub fn rule_named(relid: pg_sys::Oid, rule: &str) -> Option<Address> {
    spi::select_one(
        "SELECT oid FROM pg_catalog.pg_rewrite WHERE ev_class OPERATOR(pg_catalog.=) $1 AND rulename OPERATOR(pg_catalog.=) $2::pg_catalog.name",
        &[relid.into(), rule.into()],
        |r| Address::of(PG_REWRITE, r.must(1)),
    )
}

/// Whether a relation has a rule of this name that is not disabled.
#[must_use]
pub fn has_active_rule(relid: pg_sys::Oid, rule: &str) -> bool {
    spi::select_one(
        "SELECT true FROM pg_catalog.pg_rewrite WHERE ev_class OPERATOR(pg_catalog.=) $1 AND rulename OPERATOR(pg_catalog.=) $2::pg_catalog.name
            AND ev_enabled OPERATOR(pg_catalog.<>) 'D'",
        &[relid.into(), rule.into()],
        |r| r.must::<bool>(1),
    )
    .is_some()
}

/// Whether a table is stored in a tablespace.
#[must_use]
pub fn is_in_tablespace(relid: pg_sys::Oid, name: &str) -> bool {
    // 0 stands for the database's own.
    // SAFETY: plain read of the database's tablespace.
    let own = unsafe { pg_sys::MyDatabaseTableSpace };
    let of = class_row(relid, |row| row.reltablespace).map(|s| if s == pg_sys::InvalidOid { own } else { s });
    // SAFETY: a look-up by oid; palloc'd or NULL.
    of.and_then(|of| unsafe { text(pg_sys::get_tablespace_name(of)) }).as_deref() == Some(name)
}

/// Whether there is such a tablespace.
#[must_use]
pub fn tablespace_exists(name: &str) -> bool {
    let Ok(name) = CString::new(name) else { return false };
    // SAFETY: a missing_ok look-up with a valid C string.
    unsafe { pg_sys::get_tablespace_oid(name.as_ptr(), true) != pg_sys::InvalidOid }
}

/// Relations of a kind that are stored in a tablespace, those of the server's own left out.
#[must_use]
pub fn in_tablespace(name: &str, kind: u8) -> Vec<pg_sys::Oid> {
    spi::select(
        "SELECT c.oid FROM pg_catalog.pg_class c
           JOIN pg_catalog.pg_database d ON d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
           JOIN pg_catalog.pg_tablespace t
             ON t.oid OPERATOR(pg_catalog.=) CASE WHEN c.reltablespace OPERATOR(pg_catalog.=) 0::pg_catalog.oid THEN d.dattablespace ELSE c.reltablespace END
          WHERE t.spcname OPERATOR(pg_catalog.=) $1::pg_catalog.name AND c.relkind OPERATOR(pg_catalog.=) $2::pg_catalog.\"char\"
            AND NOT c.relisshared AND c.relnamespace OPERATOR(pg_catalog.<>) ALL ('{pg_catalog,pg_toast}'::pg_catalog.regnamespace[]) ORDER BY c.oid",
        &[name.into(), char::from(kind).to_string().into()],
        |r| r.must(1),
    )
}

/// Tables and materialized views that CLUSTER without a name writes anew.
#[must_use]
pub fn clustered() -> Vec<pg_sys::Oid> {
    spi::select("SELECT indrelid FROM pg_catalog.pg_index WHERE indisclustered ORDER BY 1", &[], |r| {
        r.must(1)
    })
}

/// Whether an object has a comment.
#[must_use]
pub fn has_comment(address: Address) -> bool {
    described_in("pg_description", address)
}

/// Whether an object has a security label.
#[must_use]
pub fn has_label(address: Address) -> bool {
    described_in("pg_seclabel", address)
}

fn described_in(catalog: &str, address: Address) -> bool {
    spi::select_one(
        &format!(
            "SELECT true FROM pg_catalog.{catalog} WHERE objoid OPERATOR(pg_catalog.=) $1 AND classoid OPERATOR(pg_catalog.=) $2
                AND objsubid OPERATOR(pg_catalog.=) $3"
        ),
        &[address.id.into(), address.class.into(), address.sub.into()],
        |r| r.must::<bool>(1),
    )
    .is_some()
}

/// Locks a relation so that nobody can rename or drop it until the transaction ends; whether it still bears its name by then.
#[must_use]
pub fn hold_name(relid: pg_sys::Oid, name: &Name) -> bool {
    // SAFETY: waits for a lock, as long as `lock_timeout` allows; released when the transaction ends.
    unsafe { pg_sys::LockRelationOid(relid, pg_sys::AccessExclusiveLock as pg_sys::LOCKMODE) };
    relation_oid(name) == Some(relid)
}
