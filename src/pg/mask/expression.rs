//! What takes the place of a Var: an expression of the same type, length and collation, and NULL where the Var is NULL.
use super::functions;
use super::types::{self, Kind};
use crate::core::privacy::mask::{Conditional, Mask, Test};
use crate::core::privacy::masks::fit::{self, Family};
use crate::pg::catalog;
use pgrx::IntoDatum;
use pgrx::pg_sys::{self, NodeTag};
use std::ffi::c_void;

/// text(bpchar), texteq and its operator: pg_sys has no names for them in every version. Their oids are fixed.
const TEXT_OF_BPCHAR: u32 = 401;
const TEXT_EQ: u32 = 67;
const TEXT_EQ_OPERATOR: u32 = 98;
const ENUM_FIRST: u32 = 3528;

type Expr = *mut pg_sys::Expr;

/// A Var that is to be replaced, and what its place has to look like from outside.
struct Place<'a> {
    var: *mut pg_sys::Var,
    relid: pg_sys::Oid,
    kind: Kind,
    declared: pg_sys::Oid,
    typmod: i32,
    collation: pg_sys::Oid,
    /// NULL must not stand here: the column's type default does where a mask has nothing to show.
    not_null: bool,
    function: pg_sys::Oid,
    /// What names the keys.
    key: &'a str,
}

/// What takes the place of a Var of a column of a relation.
///
/// # Safety
/// `var` must be a Var of a column of that relation.
pub unsafe fn masked(
    var: *mut pg_sys::Var,
    relid: pg_sys::Oid,
    mask: &Mask,
    function: pg_sys::Oid,
    key: &str,
) -> Expr {
    // SAFETY: the caller vouches for the Var; all nodes are made in the current memory context.
    unsafe {
        let place = Place {
            var,
            relid,
            kind: Kind::of((*var).vartype, (*var).vartypmod),
            declared: (*var).vartype,
            typmod: (*var).vartypmod,
            collation: (*var).varcollid,
            not_null: catalog::is_not_null(relid, (*var).varattno),
            function,
            key,
        };
        place.build(mask).unwrap_or_else(|| place.nothing())
    }
}

impl Place<'_> {
    /// The mask as an expression; None where it does not fit.
    unsafe fn build(&self, mask: &Mask) -> Option<Expr> {
        // SAFETY: makes nodes of the types that the column has.
        unsafe {
            match mask {
                Mask::Null => (!self.not_null).then(|| self.null()),
                Mask::Default => self.default(),
                Mask::Constant(text) => match types::parse(self.kind, text) {
                    Some(datum) => Some(self.unless_null(self.constant(datum))),
                    None if self.kind.family == Family::Text && self.kind.element.is_some() => {
                        self.call(mask)
                    }
                    None => None,
                },
                Mask::Conditional(c) => self.conditional(c),
                _ => self.call(mask),
            }
        }
    }

    /// Where there is nothing to show.
    unsafe fn nothing(&self) -> Expr {
        // SAFETY: makes nodes of the types that the column has.
        unsafe { if self.not_null { self.default().unwrap_or_else(|| self.null()) } else { self.null() } }
    }

    /// NULL of the right type.
    unsafe fn null(&self) -> Expr {
        // SAFETY: makes a node; the type exists, since a column has it.
        unsafe { pg_sys::makeNullConst(self.declared, self.typmod, self.collation).cast() }
    }

    /// The default of the type.
    unsafe fn default(&self) -> Option<Expr> {
        // SAFETY: makes nodes; enum_first(anyenum) takes the type from its argument, which may be NULL.
        unsafe {
            if self.kind.family == Family::Enum && self.kind.element.is_none() {
                let none = pg_sys::makeNullConst(self.kind.base, -1, pg_sys::InvalidOid);
                let first =
                    call(pg_sys::Oid::from(ENUM_FIRST), self.kind.base, list_of(none), pg_sys::InvalidOid);
                return Some(self.unless_null(self.as_declared(first)));
            }
            let datum = types::parse(self.kind, types::default_text(self.kind)?)?;
            Some(self.unless_null(self.constant(datum)))
        }
    }

    /// A value of the base type as a node.
    unsafe fn constant(&self, datum: pg_sys::Datum) -> Expr {
        // SAFETY: makes nodes; length and passing of the type come from the catalog.
        unsafe {
            let (mut length, mut by_value) = (0, false);
            pg_sys::get_typlenbyval(self.kind.base, &mut length, &mut by_value);
            let (base, typmod, length) = (self.kind.base, self.kind.typmod, i32::from(length));
            let made = pg_sys::makeConst(base, typmod, self.collation, length, datum, false, by_value).cast();
            if base == self.declared {
                made
            } else {
                relabel(made, self.declared, self.typmod, self.collation)
            }
        }
    }

    /// The column itself; every place of an expression tree has a copy of its own, since the planner changes nodes.
    unsafe fn value(&self) -> Expr {
        // SAFETY: the caller vouched for the Var.
        unsafe { pg_sys::copyObjectImpl(self.var.cast()).cast() }
    }

    /// A call of the function that masks; None where the mask does not fit the type or names a column that is not there.
    unsafe fn call(&self, mask: &Mask) -> Option<Expr> {
        let fits = fit::fits(mask, self.kind.family)
            && (self.kind.element.is_none() || self.kind.family == Family::Text);
        if !fits || self.function == pg_sys::InvalidOid {
            return None;
        }
        // SAFETY: makes nodes of the types that the function takes.
        unsafe {
            let subject = match mask.subject() {
                Some(column) => or_empty(self.other(column)?),
                None => text(""),
            };
            let value = match self.declared == self.kind.base {
                true => self.value(),
                // As a cast is read that is written in SQL: indexes have the same.
                false => relabel(self.value(), self.kind.base, -1, self.collation),
            };
            let mut list = list_of(value);
            for argument in [
                text(&functions::spec(mask, self.kind.typmod, self.not_null)),
                text(if mask.is_keyed() { self.key } else { "" }),
                subject,
            ] {
                list = pg_sys::lappend(list, argument.cast());
            }
            Some(self.as_declared(call(self.function, self.kind.base, list, self.collation)))
        }
    }

    /// A value of the base type as one of the declared type. A domain's constraints are not checked anew: a mask never fails.
    unsafe fn as_declared(&self, value: Expr) -> Expr {
        if self.declared == self.kind.base && self.typmod == -1 {
            return value;
        }
        // SAFETY: the declared type is the base type or a domain over it.
        unsafe { relabel(value, self.declared, self.typmod, self.collation) }
    }

    /// Another column of the same row as text; None where there is none of that name.
    unsafe fn other(&self, column: &str) -> Option<Expr> {
        let number = catalog::column_number(self.relid, column).filter(|n| *n > 0)?;
        // SAFETY: the relation has a column of that number; the copy is a Var of the same row.
        unsafe {
            let var = self.value().cast::<pg_sys::Var>();
            (*var).varattno = number;
            (*var).varnosyn = 0;
            (*var).varattnosyn = 0;
            pg_sys::get_atttypetypmodcoll(
                self.relid,
                number,
                &mut (*var).vartype,
                &mut (*var).vartypmod,
                &mut (*var).varcollid,
            );
            Some(as_text(var.cast(), (*var).vartype, (*var).varcollid))
        }
    }

    unsafe fn conditional(&self, c: &Conditional) -> Option<Expr> {
        // SAFETY: makes nodes from valid nodes.
        unsafe {
            let other = self.other(&c.column)?;
            let then = self.build(&c.then).unwrap_or_else(|| self.nothing());
            let otherwise = self.build(&c.otherwise).unwrap_or_else(|| self.nothing());
            let test = match &c.test {
                Test::IsNull => null_test(other, pg_sys::NullTestType::IS_NULL),
                Test::In(list) => is_one_of(other, list),
            };
            Some(when(test, then, otherwise, self.declared, self.collation))
        }
    }

    /// `CASE WHEN value IS NOT NULL THEN result END`: keeps NULLs, those of outer joins too.
    unsafe fn unless_null(&self, result: Expr) -> Expr {
        let not_null = pg_sys::NullTestType::IS_NOT_NULL;
        // SAFETY: makes a node from valid nodes.
        unsafe { case(self.value(), not_null, result, self.null(), self.declared, self.collation) }
    }
}

/// A call of a function; the call form is one that no query text yields for it, by which `_mask` knows that the planner
/// hook made the call.
unsafe fn call(
    function: pg_sys::Oid,
    result: pg_sys::Oid,
    list: *mut pg_sys::List,
    collation: pg_sys::Oid,
) -> Expr {
    let form = pg_sys::CoercionForm::COERCE_SQL_SYNTAX;
    // As the parser sees it, since an index over a mask was parsed: the texts among the arguments have a collation.
    let input = if collation == pg_sys::InvalidOid { pg_sys::DEFAULT_COLLATION_OID } else { collation };
    // SAFETY: makes a node from valid nodes.
    unsafe { pg_sys::makeFuncExpr(function, result, list, collation, input, form).cast() }
}

unsafe fn relabel(expr: Expr, to: pg_sys::Oid, typmod: i32, collation: pg_sys::Oid) -> Expr {
    let form = pg_sys::CoercionForm::COERCE_IMPLICIT_CAST;
    // SAFETY: makes a node from a valid node of a binary-compatible type.
    unsafe { pg_sys::makeRelabelType(expr, to, typmod, collation, form).cast() }
}

/// A column of any type as text; trailing blanks of char(n) do not count.
unsafe fn as_text(value: Expr, declared: pg_sys::Oid, collation: pg_sys::Oid) -> Expr {
    let kind = Kind::of(declared, -1);
    // SAFETY: the types were found to be compatible; palloc0 gives zeroed memory of the node's size.
    unsafe {
        if declared == pg_sys::TEXTOID {
            value
        } else if kind.is_text() && kind.base == pg_sys::BPCHAROID {
            let value = if declared == kind.base { value } else { relabel(value, kind.base, -1, collation) };
            call(pg_sys::Oid::from(TEXT_OF_BPCHAR), pg_sys::TEXTOID, list_of(value), collation)
        } else if kind.is_text() {
            relabel(value, pg_sys::TEXTOID, -1, collation)
        } else {
            let made = node::<pg_sys::CoerceViaIO>(NodeTag::T_CoerceViaIO);
            (*made).arg = value;
            (*made).resulttype = pg_sys::TEXTOID;
            (*made).resultcollid = pg_sys::DEFAULT_COLLATION_OID;
            (*made).coerceformat = pg_sys::CoercionForm::COERCE_IMPLICIT_CAST;
            (*made).location = -1;
            made.cast()
        }
    }
}

/// `coalesce(value, '')`.
unsafe fn or_empty(value: Expr) -> Expr {
    // SAFETY: palloc0 gives zeroed memory of the node's size; all fields that are not zero are set.
    unsafe {
        let made = node::<pg_sys::CoalesceExpr>(NodeTag::T_CoalesceExpr);
        (*made).coalescetype = pg_sys::TEXTOID;
        (*made).coalescecollid = pg_sys::DEFAULT_COLLATION_OID;
        (*made).args = pg_sys::lappend(list_of(value), text("").cast());
        (*made).location = -1;
        made.cast()
    }
}

/// `value = ANY (texts)`, byte by byte.
unsafe fn is_one_of(value: Expr, texts: &[String]) -> Expr {
    // SAFETY: makes nodes; the datum is an array in the current memory context.
    unsafe {
        let datum = texts.to_vec().into_datum().unwrap_or(pg_sys::Datum::from(0));
        let list = pg_sys::makeConst(
            pg_sys::TEXTARRAYOID,
            -1,
            pg_sys::DEFAULT_COLLATION_OID,
            -1,
            datum,
            false,
            false,
        );
        let made = node::<pg_sys::ScalarArrayOpExpr>(NodeTag::T_ScalarArrayOpExpr);
        (*made).opno = pg_sys::Oid::from(TEXT_EQ_OPERATOR);
        (*made).opfuncid = pg_sys::Oid::from(TEXT_EQ);
        (*made).useOr = true;
        (*made).inputcollid = pg_sys::C_COLLATION_OID;
        (*made).args = pg_sys::lappend(list_of(value), list.cast());
        (*made).location = -1;
        made.cast()
    }
}

unsafe fn null_test(value: Expr, test: pg_sys::NullTestType::Type) -> Expr {
    // SAFETY: palloc0 gives zeroed memory of the node's size; all fields that are not zero are set.
    unsafe {
        let made = node::<pg_sys::NullTest>(NodeTag::T_NullTest);
        (*made).arg = value;
        (*made).nulltesttype = test;
        (*made).argisrow = false;
        (*made).location = -1;
        made.cast()
    }
}

/// `CASE WHEN test THEN result ELSE otherwise END`.
unsafe fn when(
    test: Expr,
    result: Expr,
    otherwise: Expr,
    of_type: pg_sys::Oid,
    collation: pg_sys::Oid,
) -> Expr {
    // SAFETY: palloc0 gives zeroed memory of the node's size; all fields that are not zero are set.
    unsafe {
        let when = node::<pg_sys::CaseWhen>(NodeTag::T_CaseWhen);
        (*when).expr = test;
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
    // SAFETY: the caller vouches for the nodes.
    unsafe { when(null_test(value, test), result, otherwise, of_type, collation) }
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

unsafe fn text(value: &str) -> Expr {
    // SAFETY: makes a node; the datum is allocated in the current memory context.
    unsafe {
        let datum = value.into_datum().unwrap_or(pg_sys::Datum::from(0));
        let collation = pg_sys::DEFAULT_COLLATION_OID;
        pg_sys::makeConst(pg_sys::TEXTOID, -1, collation, -1, datum, false, false).cast()
    }
}
