//! What takes the place of a Var: an expression of the same type, length and collation, and NULL where the Var is NULL.
use super::policy::Policy;
use super::viewer::Masked;
use crate::core::privacy::mask::Mask;
use pgrx::pg_sys::{self, NodeTag};
use pgrx::{IntoDatum, PgTryBuilder};
use std::ffi::{CString, c_void};

/// Built-in functions that pg_sys has no names for: text(bpchar), bpchar(bpchar, int4, bool), varchar(varchar, int4,
/// bool). Their oids are fixed.
const TEXT_OF_BPCHAR: u32 = 401;
const BPCHAR_LENGTH: u32 = 668;
const VARCHAR_LENGTH: u32 = 669;

type Expr = *mut pg_sys::Expr;

/// What an expression has to look like from outside.
#[derive(Clone, Copy)]
struct Shape {
    declared: pg_sys::Oid,
    base: pg_sys::Oid,
    declared_typmod: i32,
    typmod: i32,
    collation: pg_sys::Oid,
}

impl Shape {
    /// Text, or what is stored as such.
    fn is_text(self) -> bool {
        // SAFETY: both look up the syscache by oid.
        [pg_sys::TEXTOID, pg_sys::VARCHAROID, pg_sys::BPCHAROID].contains(&self.base)
            || unsafe {
                pg_sys::get_typlen(self.base) == -1 && pg_sys::IsBinaryCoercible(self.base, pg_sys::TEXTOID)
            }
    }

    /// Most characters it may have.
    fn limit(self) -> Option<usize> {
        let limited = [pg_sys::VARCHAROID, pg_sys::BPCHAROID].contains(&self.base) && self.typmod > 4;
        limited.then_some((self.typmod - 4) as usize)
    }
}

/// What takes the place of a Var.
///
/// # Safety
/// `var` must be a Var of a column.
pub unsafe fn masked(var: *mut pg_sys::Var, masked: &Masked, policy: &Policy, recipient: &str) -> Expr {
    // SAFETY: the caller vouches for the Var; all nodes are made in the current memory context.
    unsafe {
        let mut typmod = (*var).vartypmod;
        let base = pg_sys::getBaseTypeAndTypmod((*var).vartype, &mut typmod);
        let shape = Shape {
            declared: (*var).vartype,
            base,
            declared_typmod: (*var).vartypmod,
            typmod,
            collation: (*var).varcollid,
        };
        let value = pg_sys::copyObjectImpl(var.cast()).cast::<pg_sys::Expr>();
        let by_function = |function: pg_sys::Oid, arguments: &[Expr]| {
            if !shape.is_text() || function == pg_sys::InvalidOid {
                return null(shape);
            }
            let mut list = list_of(as_text(value, shape));
            for a in arguments {
                list = pg_sys::lappend(list, a.cast());
            }
            from_text(call(function, pg_sys::TEXTOID, list, shape.collation), shape)
        };
        match &masked.mask {
            Mask::Null => null(shape),
            Mask::Constant(text) => match constant(text, shape) {
                Some(constant) => unless_null(value, constant, shape),
                None => null(shape),
            },
            Mask::Partial { left, right, pad } => {
                by_function(policy.functions.partial, &[number(*left), number(*right), text(pad)])
            }
            Mask::Email => by_function(policy.functions.email, &[]),
            Mask::Phone => by_function(policy.functions.phone, &[]),
            Mask::Pseudonym => by_function(policy.functions.pseudonym, &[text(recipient)]),
        }
    }
}

/// NULL of the right type.
unsafe fn null(shape: Shape) -> Expr {
    // SAFETY: makes a node; the type exists, since a column has it.
    unsafe { pg_sys::makeNullConst(shape.declared, shape.declared_typmod, shape.collation).cast() }
}

/// A call of a function; the call form is one that no query text yields for it, by which `_pseudonym` knows that the
/// planner hook made the call.
unsafe fn call(
    function: pg_sys::Oid,
    result: pg_sys::Oid,
    list: *mut pg_sys::List,
    collation: pg_sys::Oid,
) -> Expr {
    // SAFETY: makes a node from valid nodes.
    unsafe {
        pg_sys::makeFuncExpr(
            function,
            result,
            list,
            collation,
            collation,
            pg_sys::CoercionForm::COERCE_SQL_SYNTAX,
        )
        .cast()
    }
}

unsafe fn relabel(expr: Expr, to: pg_sys::Oid, typmod: i32, collation: pg_sys::Oid) -> Expr {
    // SAFETY: makes a node from a valid node of a binary-compatible type.
    unsafe {
        pg_sys::makeRelabelType(expr, to, typmod, collation, pg_sys::CoercionForm::COERCE_IMPLICIT_CAST)
            .cast()
    }
}

/// The value as text; trailing blanks of char(n) do not count.
unsafe fn as_text(value: Expr, shape: Shape) -> Expr {
    // SAFETY: the types were found to be compatible.
    unsafe {
        if shape.declared == pg_sys::TEXTOID {
            value
        } else if shape.base == pg_sys::BPCHAROID {
            let value = if shape.declared == shape.base {
                value
            } else {
                relabel(value, shape.base, shape.typmod, shape.collation)
            };
            call(pg_sys::Oid::from(TEXT_OF_BPCHAR), pg_sys::TEXTOID, list_of(value), shape.collation)
        } else {
            relabel(value, pg_sys::TEXTOID, -1, shape.collation)
        }
    }
}

/// A text back in the column's type, cut where the column is shorter.
unsafe fn from_text(value: Expr, shape: Shape) -> Expr {
    // SAFETY: the types were found to be compatible.
    unsafe {
        let mut value = value;
        if let Some(_limit) = shape.limit() {
            let cut = if shape.base == pg_sys::BPCHAROID { BPCHAR_LENGTH } else { VARCHAR_LENGTH };
            let mut list = list_of(relabel(value, shape.base, -1, shape.collation));
            list = pg_sys::lappend(list, number(shape.typmod as usize).cast());
            list = pg_sys::lappend(list, pg_sys::makeBoolConst(true, false).cast());
            value = pg_sys::makeFuncExpr(
                pg_sys::Oid::from(cut),
                shape.base,
                list,
                shape.collation,
                shape.collation,
                pg_sys::CoercionForm::COERCE_IMPLICIT_CAST,
            )
            .cast();
        }
        if shape.declared == pg_sys::TEXTOID {
            return value;
        }
        // A domain's constraints are not checked anew: a mask never fails.
        relabel(value, shape.declared, shape.declared_typmod, shape.collation)
    }
}

/// The same value for all; None where the text does not parse as the column's type.
unsafe fn constant(value: &str, shape: Shape) -> Option<Expr> {
    let cut: String;
    let value = match shape.limit() {
        Some(limit) if value.chars().count() > limit => {
            cut = value.chars().take(limit).collect();
            &cut
        }
        _ => value,
    };
    // Input functions of these types do nothing but parse; others might look things up, and are not tried.
    let parses = shape.is_text()
        || [
            pg_sys::BOOLOID,
            pg_sys::INT2OID,
            pg_sys::INT4OID,
            pg_sys::INT8OID,
            pg_sys::NUMERICOID,
            pg_sys::FLOAT4OID,
            pg_sys::FLOAT8OID,
            pg_sys::DATEOID,
            pg_sys::TIMEOID,
            pg_sys::TIMESTAMPOID,
            pg_sys::TIMESTAMPTZOID,
            pg_sys::UUIDOID,
            pg_sys::JSONOID,
            pg_sys::JSONBOID,
            pg_sys::INETOID,
            pg_sys::CIDROID,
            pg_sys::INTERVALOID,
        ]
        .contains(&shape.base);
    let value = CString::new(value).ok().filter(|_| parses)?;
    // SAFETY: the type's own input function reads a valid C string; an error means that it does not parse.
    let datum = PgTryBuilder::new(|| unsafe {
        let (mut input, mut parameter) = (pg_sys::InvalidOid, pg_sys::InvalidOid);
        pg_sys::getTypeInputInfo(shape.base, &mut input, &mut parameter);
        Some(pg_sys::OidInputFunctionCall(input, value.as_ptr().cast_mut(), parameter, shape.typmod))
    })
    .catch_others(|_| None)
    .execute()?;
    // SAFETY: makes nodes; length and passing of the type come from the catalog.
    unsafe {
        let (mut length, mut by_value) = (0, false);
        pg_sys::get_typlenbyval(shape.base, &mut length, &mut by_value);
        let made: Expr = pg_sys::makeConst(
            shape.base,
            shape.typmod,
            shape.collation,
            i32::from(length),
            datum,
            false,
            by_value,
        )
        .cast();
        let same = shape.base == shape.declared;
        Some(if same { made } else { relabel(made, shape.declared, shape.declared_typmod, shape.collation) })
    }
}

/// `CASE WHEN value IS NOT NULL THEN result END`: keeps NULLs, those of outer joins too.
unsafe fn unless_null(value: Expr, result: Expr, shape: Shape) -> Expr {
    // SAFETY: makes a node from valid nodes.
    unsafe {
        case(value, pg_sys::NullTestType::IS_NOT_NULL, result, null(shape), shape.declared, shape.collation)
    }
}

/// `CASE WHEN value IS [NOT] NULL THEN result ELSE otherwise END`.
///
/// # Safety
/// All nodes must be valid expressions, `result` and `otherwise` of the given type.
pub unsafe fn case(
    value: Expr,
    test: pg_sys::NullTestType::Type,
    result: Expr,
    otherwise: Expr,
    of_type: pg_sys::Oid,
    collation: pg_sys::Oid,
) -> Expr {
    // SAFETY: palloc0 gives zeroed memory of the node's size; all fields that are not zero are set.
    unsafe {
        let is_null = node::<pg_sys::NullTest>(NodeTag::T_NullTest);
        (*is_null).arg = value;
        (*is_null).nulltesttype = test;
        (*is_null).argisrow = false;
        (*is_null).location = -1;
        let when = node::<pg_sys::CaseWhen>(NodeTag::T_CaseWhen);
        (*when).expr = is_null.cast();
        (*when).result = result;
        (*when).location = -1;
        let case = node::<pg_sys::CaseExpr>(NodeTag::T_CaseExpr);
        (*case).casetype = of_type;
        (*case).casecollid = collation;
        (*case).args = list_of(when);
        (*case).defresult = otherwise;
        (*case).location = -1;
        case.cast()
    }
}

/// A zeroed node.
///
/// # Safety
/// `T` must be the struct of `tag`.
pub unsafe fn node<T>(tag: NodeTag) -> *mut T {
    // SAFETY: every node struct begins with its tag.
    unsafe {
        let made = pg_sys::palloc0(std::mem::size_of::<T>());
        (*made.cast::<pg_sys::Node>()).type_ = tag;
        made.cast()
    }
}

/// A list of one.
///
/// # Safety
/// `item` must be a valid node.
pub unsafe fn list_of<T>(item: *mut T) -> *mut pg_sys::List {
    // SAFETY: appends to an empty list.
    unsafe { pg_sys::lappend(std::ptr::null_mut(), item.cast::<c_void>()) }
}

unsafe fn number(n: usize) -> Expr {
    let n = i32::try_from(n).unwrap_or(i32::MAX);
    // SAFETY: makes a node.
    unsafe {
        let datum = pg_sys::Datum::from(n);
        pg_sys::makeConst(pg_sys::INT4OID, -1, pg_sys::InvalidOid, 4, datum, false, true).cast()
    }
}

unsafe fn text(value: &str) -> Expr {
    // SAFETY: makes a node; the datum is allocated in the current memory context.
    unsafe {
        let datum = value.into_datum().unwrap_or(pg_sys::Datum::from(0));
        let collation = pg_sys::DEFAULT_COLLATION_OID;
        pg_sys::makeConst(pg_sys::TEXTOID, -1, collation, -1, datum, false, false).cast()
    }
}
