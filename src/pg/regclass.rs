//! `regclass` as an argument and a result: pgrx knows `oid` only, and opens relations given as `regclass`.
use super::catalog::{self, Name};
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
