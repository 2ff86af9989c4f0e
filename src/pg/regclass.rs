//! `regclass` as an argument and a result: pgrx knows `oid` only, and opens relations given as `regclass`.
use super::catalog::{self, Name};
use super::spi;
use super::turn::Turn;
use pgrx::callconv::{Arg, ArgAbi, BoxRet, FcInfo};
use pgrx::datum::{Datum, UnboxDatum};
use pgrx::pg_sys;
use pgrx::pgrx_sql_entity_graph::metadata::{
    ArgumentError, ReturnsError, ReturnsRef, SqlMappingRef, SqlTranslatable, TypeOrigin,
};
use pgrx::{FromDatum, IntoDatum};

/// A relation, as SQL's `regclass`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Relation(pub pg_sys::Oid);

impl Relation {
    /// Schema and name; raises 42P01 when the relation does not exist (a number was given, or it was just dropped).
    #[must_use]
    pub fn name(self) -> Name {
        catalog::relation_name(self.0)
            .unwrap_or_else(|| crate::error::registry::no_such_relation(self.0.to_u32()).raise())
    }
}

/// The lock that keeps every name as it is while an act on very many relations runs: one lock each would exhaust the
/// server's lock table. Shared among DDL, exclusive for such an act; released when the transaction ends.
pub fn hold_all(exclusive: bool) {
    let table = Name { schema: catalog::SCHEMA.into(), relation: "dataset".into() };
    let mode = if exclusive { pg_sys::ShareRowExclusiveLock } else { pg_sys::RowExclusiveLock };
    if let Some(relid) = catalog::relation_oid(&table) {
        // SAFETY: a relation of ours, locked as LOCK TABLE would.
        unsafe { pg_sys::LockRelationOid(relid, mode as pg_sys::LOCKMODE) };
    }
}

/// Whether this transaction holds all names.
#[must_use]
pub fn holds_all() -> bool {
    let table = Name { schema: catalog::SCHEMA.into(), relation: "dataset".into() };
    let mode = pg_sys::ShareRowExclusiveLock as pg_sys::LOCKMODE;
    // SAFETY: looks into the backend's own locks.
    catalog::relation_oid(&table)
        .is_some_and(|r| unsafe { pg_sys::CheckRelationOidLockedByMe(r, mode, false) })
}

impl Relation {
    /// Holds the relation until the transaction ends, for an act on it: its name stays (a rename that is under way is
    /// waited for), and other acts on it wait. So whatever two sessions do at once is what they would have done one
    /// after the other, and each sees what the other did. Raises 42P01 where it is gone.
    #[must_use]
    pub fn held(self) -> Self {
        if !self.hold() {
            crate::error::registry::no_such_relation(self.0.to_u32()).raise();
        }
        self
    }

    /// The relation that bears a name, held under it.
    #[must_use]
    pub fn held_by_name(name: &Name) -> Option<Self> {
        // Waiting for a rename may have left the name to another.
        while let Some(relation) = catalog::relation_oid(name).map(Relation) {
            if relation.hold() && catalog::relation_oid(name) == Some(relation.0) {
                return Some(relation);
            }
        }
        None
    }

    /// Like [`Relation::held`]; false where it is gone.
    pub fn hold(self) -> bool {
        if holds_all() {
            return catalog::relation_name(self.0).is_some();
        }
        // First the lock among acts: whoever waits for it keeps nobody from altering the relation afterwards. A
        // transaction that has altered it must not wait for it either: others may, with the lock, wait for that.
        spi::require_writable();
        if !self.is_altered_here() {
            Turn::Relation.take(self.0.to_u32());
        }
        // SAFETY: the weakest lock, as reading takes it; released when the transaction ends.
        unsafe { pg_sys::LockRelationOid(self.0, pg_sys::AccessShareLock as pg_sys::LOCKMODE) };
        catalog::relation_name(self.0).is_some()
    }

    /// Whether the transaction has the relation to itself.
    fn is_altered_here(self) -> bool {
        let mode = pg_sys::AccessExclusiveLock as pg_sys::LOCKMODE;
        // SAFETY: looks into the backend's own locks.
        unsafe { pg_sys::CheckRelationOidLockedByMe(self.0, mode, true) }
    }
}

impl FromDatum for Relation {
    unsafe fn from_polymorphic_datum(
        datum: pg_sys::Datum,
        is_null: bool,
        typoid: pg_sys::Oid,
    ) -> Option<Self> {
        // SAFETY: regclass is an oid with another name; the caller vouches for the datum.
        unsafe { pg_sys::Oid::from_polymorphic_datum(datum, is_null, typoid) }.map(Relation)
    }
}

impl IntoDatum for Relation {
    fn into_datum(self) -> Option<pg_sys::Datum> {
        self.0.into_datum()
    }

    fn type_oid() -> pg_sys::Oid {
        pg_sys::REGCLASSOID
    }

    fn is_compatible_with(other: pg_sys::Oid) -> bool {
        other == pg_sys::REGCLASSOID || other == pg_sys::OIDOID
    }
}

// SAFETY: an oid is passed by value and read back as such.
unsafe impl UnboxDatum for Relation {
    type As<'src> = Relation;
    unsafe fn unbox<'src>(datum: Datum<'src>) -> Self::As<'src>
    where
        Self: 'src,
    {
        // SAFETY: the caller vouches for the datum; an oid needs no lifetime.
        Relation(unsafe { pg_sys::Oid::unbox(datum) })
    }
}

// SAFETY: regclass and oid share their representation.
unsafe impl<'fcx> ArgAbi<'fcx> for Relation {
    unsafe fn unbox_arg_unchecked(arg: Arg<'_, 'fcx>) -> Self {
        // SAFETY: the caller vouches for the argument.
        Relation(unsafe { pg_sys::Oid::unbox_arg_unchecked(arg) })
    }

    unsafe fn unbox_nullable_arg(arg: Arg<'_, 'fcx>) -> pgrx::nullable::Nullable<Self> {
        // SAFETY: the caller vouches for the argument.
        match unsafe { pg_sys::Oid::unbox_nullable_arg(arg) } {
            pgrx::nullable::Nullable::Valid(oid) => pgrx::nullable::Nullable::Valid(Relation(oid)),
            pgrx::nullable::Nullable::Null => pgrx::nullable::Nullable::Null,
        }
    }
}

// SAFETY: an oid is returned by value.
unsafe impl BoxRet for Relation {
    unsafe fn box_into<'fcx>(self, fcinfo: &mut FcInfo<'fcx>) -> Datum<'fcx> {
        // SAFETY: the caller vouches for fcinfo.
        unsafe { self.0.box_into(fcinfo) }
    }
}

// SAFETY: the SQL name of the type, which every server has.
unsafe impl SqlTranslatable for Relation {
    const TYPE_IDENT: &'static str = pgrx::pgrx_sql_entity_graph::pgrx_resolved_type!(Relation);
    const TYPE_ORIGIN: TypeOrigin = TypeOrigin::External;
    const ARGUMENT_SQL: Result<SqlMappingRef, ArgumentError> = Ok(SqlMappingRef::literal("regclass"));
    const RETURN_SQL: Result<ReturnsRef, ReturnsError> =
        Ok(ReturnsRef::One(SqlMappingRef::literal("regclass")));
}
