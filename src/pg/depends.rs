//! Dependencies, as `pg_depend` records them: what goes when something goes.
use super::object::Address;
use pgrx::pg_sys;
use std::collections::{HashSet, VecDeque};

/// Oids that pgrx does not bind, from `catalog/pg_depend.h`: the catalog, its index by what depends, its index by what it
/// depends on.
const PG_DEPEND: u32 = 2608;
const BY_DEPENDER: u32 = 2673;
const BY_REFERENCE: u32 = 2674;

/// A row of `pg_depend`.
#[repr(C)]
struct Row {
    classid: pg_sys::Oid,
    objid: pg_sys::Oid,
    objsubid: i32,
    refclassid: pg_sys::Oid,
    refobjid: pg_sys::Oid,
    refobjsubid: i32,
    deptype: std::ffi::c_char,
}

/// Kind of a dependency, as in `pg_depend.deptype`.
pub type Kind = u8;

/// Only CASCADE follows it.
const NORMAL: Kind = b'n';
/// Its owner goes when it goes.
const INTERNAL: Kind = b'i';
/// A member of an extension.
const EXTENSION: Kind = b'e';

/// What depends on an object, or on any part of it.
#[must_use]
pub fn dependents(on: Address) -> Vec<(Address, Kind)> {
    scan(BY_REFERENCE, on, |row| Address { class: row.classid, id: row.objid, sub: row.objsubid })
}

/// What an object depends on.
#[must_use]
pub fn owners(of: Address) -> Vec<(Address, Kind)> {
    scan(BY_DEPENDER, of, |row| Address { class: row.refclassid, id: row.refobjid, sub: row.refobjsubid })
}

fn scan(index: u32, key: Address, read: impl Fn(&Row) -> Address) -> Vec<(Address, Kind)> {
    /// Both indexes begin with class, object and part, which are columns 1 to 3 or 4 to 6.
    const FIRST: [(u32, i16); 2] = [(BY_DEPENDER, 1), (BY_REFERENCE, 4)];
    let first = FIRST.iter().find(|(i, _)| *i == index).map_or(1, |(_, column)| *column);
    let lock = pg_sys::AccessShareLock as i32;
    let mut found = Vec::new();
    // SAFETY: a catalog scan with up to three keys, initialised before the scan begins; tuples are read while it is open.
    unsafe {
        let mut keys: [pg_sys::ScanKeyData; 3] = std::mem::zeroed();
        let equal = pg_sys::BTEqualStrategyNumber as u16;
        let oid = pg_sys::Oid::from(pg_sys::F_OIDEQ);
        pg_sys::ScanKeyInit(&mut keys[0], first, equal, oid, key.class.into());
        pg_sys::ScanKeyInit(&mut keys[1], first + 1, equal, oid, key.id.into());
        let number = pg_sys::Oid::from(pg_sys::F_INT4EQ);
        pg_sys::ScanKeyInit(&mut keys[2], first + 2, equal, number, key.sub.into());
        let count = if key.sub == 0 { 2 } else { 3 };
        let relation = pg_sys::table_open(pg_sys::Oid::from(PG_DEPEND), lock);
        let scan = pg_sys::systable_beginscan(
            relation,
            pg_sys::Oid::from(index),
            true,
            std::ptr::null_mut(),
            count,
            keys.as_mut_ptr(),
        );
        loop {
            let tuple = pg_sys::systable_getnext(scan);
            if tuple.is_null() {
                break;
            }
            let row = &*pg_sys::GETSTRUCT(tuple).cast::<Row>();
            found.push((read(row), row.deptype as u8));
        }
        pg_sys::systable_endscan(scan);
        pg_sys::table_close(relation, lock);
    }
    found
}

/// An object that goes.
#[derive(Clone, Copy, Debug)]
pub struct Victim {
    /// Which.
    pub address: Address,
    /// Whether the statement names it, or only CASCADE takes it; else it is a part of what goes.
    pub is_named_or_cascaded: bool,
}

/// Everything that goes when these objects go, they themselves first. Follows `findDependentObjects()` in the server's
/// dependency.c: what an object is an internal part of goes as a whole, and so does the extension of a member.
#[must_use]
pub fn victims(roots: &[Address], cascade: bool) -> Vec<Victim> {
    let mut seen: HashSet<Address> = HashSet::new();
    let mut order = Vec::new();
    let mut queue: VecDeque<(Address, bool)> = roots.iter().map(|root| (*root, true)).collect();
    while let Some((at, is_named_or_cascaded)) = queue.pop_front() {
        if seen.contains(&Address { sub: 0, ..at }) || !seen.insert(at) {
            continue;
        }
        order.push(Victim { address: at, is_named_or_cascaded });
        for (dependent, kind) in dependents(at) {
            // A part of the object itself: a column's own collation, an index of another column.
            if dependent.class == at.class && dependent.id == at.id {
                continue;
            }
            if kind == NORMAL && !cascade {
                continue; // the server refuses the statement
            }
            queue.push_back((whole(dependent, at), kind == NORMAL));
        }
    }
    order
}

/// What goes as a whole when `part` is reached from `from`.
fn whole(part: Address, from: Address) -> Address {
    owners(part)
        .into_iter()
        .find(|(owner, kind)| {
            matches!(*kind, INTERNAL | EXTENSION) && (owner.class, owner.id) != (from.class, from.id)
        })
        .map_or(part, |(owner, _)| owner)
}

/// Objects that a role owns in this database: what DROP OWNED takes.
#[must_use]
pub fn owned_by(role: pg_sys::Oid) -> Vec<Address> {
    super::spi::select(
        "SELECT classid, objid, objsubid FROM pg_catalog.pg_shdepend
          WHERE refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_authid'::pg_catalog.regclass
            AND refobjid OPERATOR(pg_catalog.=) $1 AND deptype OPERATOR(pg_catalog.=) 'o'
            AND dbid OPERATOR(pg_catalog.=) (SELECT d.oid FROM pg_catalog.pg_database d
                 WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())",
        &[role.into()],
        |r| Address { class: r.must(1), id: r.must(2), sub: r.must(3) },
    )
}

/// What a role holds a privilege on in this database, and the policies that name it.
#[must_use]
pub fn granted_to(role: pg_sys::Oid) -> Vec<(Address, bool)> {
    super::spi::select(
        "SELECT classid, objid, 0, deptype OPERATOR(pg_catalog.=) 'r' FROM pg_catalog.pg_shdepend
          WHERE refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_authid'::pg_catalog.regclass
            AND refobjid OPERATOR(pg_catalog.=) $1 AND deptype OPERATOR(pg_catalog.=) ANY ('{a,r}'::pg_catalog.\"char\"[])
            AND dbid OPERATOR(pg_catalog.=) (SELECT d.oid FROM pg_catalog.pg_database d
                 WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())",
        &[role.into()],
        |r| (Address { class: r.must(1), id: r.must(2), sub: r.must(3) }, r.must(4)),
    )
}
