//! Expressions about named columns: analysed as the server would, without a relation that has those columns.
use super::catalog::text as text_of;
use super::list::items;
use super::users_code::{Whose, is_called};
use super::{settings_scope, xact};
use crate::error;
use pgrx::pg_sys;
use std::ffi::CString;

/// A column as an expression sees it.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    pub of_type: pg_sys::Oid,
    /// Modifier of the type.
    pub modifier: i32,
    /// Its collation.
    pub collation: pg_sys::Oid,
}

/// What columns become in the analysed tree.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum As {
    /// `$1` for the first, and so on.
    Parameters,
    /// Columns of a tuple, by these numbers.
    Columns,
}

/// The columns that an expression may name.
pub struct Names<'a> {
    /// The columns.
    pub columns: &'a [Column],
    /// Their numbers in the tuple, for [`As::Columns`].
    pub numbers: &'a [i32],
    /// What they become.
    pub become_: As,
    /// The relation's own name, which may stand in front.
    pub relation: &'a str,
}

/// What an expression was found to be.
#[derive(Clone, Debug)]
pub struct Read {
    /// In one spelling, with `$1` for the first column.
    pub text: String,
    /// It gives another result each time.
    pub is_volatile: bool,
    /// It gives the same result for ever.
    pub is_immutable: bool,
    /// It calls functions that somebody wrote in SQL or a procedural language.
    pub runs_users_code: bool,
    /// It does nothing but cast a column.
    pub is_cast: bool,
}

/// A type with its modifier by its text, as the path in force resolves it.
#[must_use]
pub fn type_named(name: &str) -> Option<(pg_sys::Oid, i32)> {
    let name = CString::new(name).ok()?;
    xact::apart(|| {
        let (mut oid, mut modifier) = (pg_sys::InvalidOid, -1);
        // SAFETY: a valid C string and two places for the result.
        unsafe { pg_sys::parseTypeString(name.as_ptr(), &mut oid, &mut modifier, false) };
        (oid, modifier)
    })
}

/// Reads an expression under a search path, as the value of something of a type. The error is in PostgreSQL's words.
pub fn read(
    text: &str,
    path: &str,
    columns: &[Column],
    relation: &str,
    target: (pg_sys::Oid, i32),
) -> Result<Read, String> {
    xact::tried(|| {
        settings_scope::with_search_path(path, || {
            // SAFETY: a tree that the parser has just made.
            unsafe { read_raw(parse(text), columns, relation, target) }
        })
    })
}

/// The same for an expression that is parsed already. Raises PostgreSQL's own errors.
///
/// # Safety
/// `raw` must be a valid raw expression.
#[must_use]
pub unsafe fn read_raw(
    raw: *mut pg_sys::Node,
    columns: &[Column],
    relation: &str,
    target: (pg_sys::Oid, i32),
) -> Read {
    let names = Names { columns, numbers: &[], become_: As::Parameters, relation };
    // SAFETY: the caller vouches for the tree; what analysis makes of it is a valid tree.
    unsafe {
        let node = settings_scope::reading_intervals_as_caller(|| analyse(raw, &names, target));
        let deparsed = settings_scope::with_fixed_path(|| {
            text_of(pg_sys::deparse_expression(node, std::ptr::null_mut(), false, false))
        });
        Read {
            text: deparsed.unwrap_or_default(),
            is_volatile: pg_sys::contain_volatile_functions(node),
            is_immutable: !pg_sys::contain_mutable_functions(node),
            runs_users_code: is_called(node, Whose::NotTheServers),
            is_cast: is_cast(node),
        }
    }
}

/// One expression, and nothing beside it.
#[must_use]
pub fn parse(text: &str) -> *mut pg_sys::Node {
    let Ok(sql) = CString::new(format!("SELECT {text}")) else { error::conversion::one_expression().raise() };
    // SAFETY: a valid C string; each cast follows the node's tag.
    unsafe {
        let list = items::<pg_sys::RawStmt>(pg_sys::raw_parser(
            sql.as_ptr(),
            pg_sys::RawParseMode::RAW_PARSE_DEFAULT,
        ));
        let [raw] = list.as_slice() else { error::conversion::one_expression().raise() };
        let statement = (**raw).stmt;
        if (*statement).type_ != pg_sys::NodeTag::T_SelectStmt {
            error::conversion::one_expression().raise();
        }
        let s = &*statement.cast::<pg_sys::SelectStmt>();
        let has_more = [
            s.distinctClause,
            s.fromClause,
            s.groupClause,
            s.windowClause,
            s.valuesLists,
            s.sortClause,
            s.lockingClause,
        ]
        .iter()
        .any(|list| !list.is_null());
        let has_more = has_more
            || [s.whereClause, s.havingClause, s.limitOffset, s.limitCount].iter().any(|n| !n.is_null())
            || !s.intoClause.is_null()
            || !s.withClause.is_null()
            || s.op != pg_sys::SetOperation::SETOP_NONE;
        let targets = items::<pg_sys::ResTarget>(s.targetList);
        match targets.as_slice() {
            [target] if !has_more && (**target).name.is_null() => (**target).val,
            _ => error::conversion::one_expression().raise(),
        }
    }
}

/// Analyses an expression as a value to be assigned to something of a type, or of whatever type it has where that is 0;
/// raises PostgreSQL's own errors.
///
/// # Safety
/// `raw` must be a valid raw expression.
#[must_use]
pub unsafe fn analyse(
    raw: *mut pg_sys::Node,
    names: &Names,
    target: (pg_sys::Oid, i32),
) -> *mut pg_sys::Node {
    // SAFETY: the tree is copied, since analysis scribbles on it; the names outlive the parse state.
    unsafe {
        let state = pg_sys::make_parsestate(std::ptr::null_mut());
        (*state).p_pre_columnref_hook = Some(column_ref);
        (*state).p_ref_hook_state = std::ptr::from_ref(names).cast_mut().cast();
        let copy = pg_sys::copyObjectImpl(raw.cast()).cast();
        let kind = pg_sys::ParseExprKind::EXPR_KIND_ALTER_COL_TRANSFORM;
        let node = pg_sys::transformExpr(state, copy, kind);
        let given = pg_sys::exprType(node);
        if target.0 == pg_sys::InvalidOid {
            pg_sys::assign_expr_collations(state, node);
            pg_sys::free_parsestate(state);
            return node;
        }
        let coerced = pg_sys::coerce_to_target_type(
            state,
            node,
            given,
            target.0,
            target.1,
            pg_sys::CoercionContext::COERCION_ASSIGNMENT,
            pg_sys::CoercionForm::COERCE_IMPLICIT_CAST,
            -1,
        );
        if coerced.is_null() {
            let name = |t, m| text_of(pg_sys::format_type_with_typemod(t, m)).unwrap_or_default();
            error::conversion::cannot_assign(&name(given, -1), &name(target.0, target.1)).raise();
        }
        pg_sys::assign_expr_collations(state, coerced);
        pg_sys::free_parsestate(state);
        coerced
    }
}

/// The parser's hook: what a name stands for.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn column_ref(
    state: *mut pg_sys::ParseState,
    reference: *mut pg_sys::ColumnRef,
) -> *mut pg_sys::Node {
    // SAFETY: the state was set up by `analyse`; fields are String nodes, or a star.
    unsafe {
        let names = &*(*state).p_ref_hook_state.cast::<Names>();
        let mut path: Vec<String> = Vec::new();
        for field in items::<pg_sys::Node>((*reference).fields) {
            if (*field).type_ != pg_sys::NodeTag::T_String {
                error::conversion::whole_row().raise();
            }
            path.push(text_of((*field.cast::<pg_sys::String>()).sval).unwrap_or_default());
        }
        let name = path.pop().unwrap_or_default();
        let at = names.columns.iter().position(|c| c.name == name);
        let ours = path.last().is_none_or(|prefix| prefix == names.relation);
        let Some(at) = at.filter(|_| ours) else {
            let known: Vec<&str> = names.columns.iter().map(|c| c.name.as_str()).collect();
            error::conversion::unknown_column(&name, &known).raise();
        };
        let column = &names.columns[at];
        if names.become_ == As::Columns {
            let number = names.numbers[at] as i16;
            return pg_sys::makeVar(1, number, column.of_type, column.modifier, column.collation, 0).cast();
        }
        let parameter = pg_sys::palloc0(size_of::<pg_sys::Param>()).cast::<pg_sys::Param>();
        (*parameter).xpr.type_ = pg_sys::NodeTag::T_Param;
        (*parameter).paramkind = pg_sys::ParamKind::PARAM_EXTERN;
        (*parameter).paramid = at as i32 + 1;
        (*parameter).paramtype = column.of_type;
        (*parameter).paramtypmod = column.modifier;
        (*parameter).paramcollid = column.collation;
        (*parameter).location = -1;
        parameter.cast()
    }
}

/// Whether a tree is a column under nothing but casts.
///
/// # Safety
/// A valid analysed tree.
unsafe fn is_cast(mut node: *mut pg_sys::Node) -> bool {
    use pg_sys::NodeTag::*;
    // SAFETY: each cast follows the node's tag.
    unsafe {
        loop {
            node = match (*node).type_ {
                T_Param => return true,
                T_RelabelType => (*node.cast::<pg_sys::RelabelType>()).arg.cast(),
                T_CoerceViaIO => (*node.cast::<pg_sys::CoerceViaIO>()).arg.cast(),
                T_CoerceToDomain => (*node.cast::<pg_sys::CoerceToDomain>()).arg.cast(),
                T_ArrayCoerceExpr => (*node.cast::<pg_sys::ArrayCoerceExpr>()).arg.cast(),
                T_FuncExpr => {
                    let call = &*node.cast::<pg_sys::FuncExpr>();
                    let casts = matches!(
                        call.funcformat,
                        pg_sys::CoercionForm::COERCE_EXPLICIT_CAST
                            | pg_sys::CoercionForm::COERCE_IMPLICIT_CAST
                    );
                    if !casts {
                        return false;
                    }
                    super::list::nth(call.args, 0)
                }
                _ => return false,
            };
        }
    }
}

/// Whether values of a type are those of another as they are.
#[must_use]
pub fn is_same_inside(from: pg_sys::Oid, to: pg_sys::Oid) -> bool {
    // SAFETY: looks types up by their numbers.
    unsafe { pg_sys::IsBinaryCoercible(from, to) }
}

/// Whether a value of one type may be assigned to a column of another.
#[must_use]
pub fn can_assign(from: pg_sys::Oid, to: pg_sys::Oid) -> bool {
    let (mut given, mut wanted) = (from, to);
    // SAFETY: two arrays of one type each.
    unsafe {
        pg_sys::can_coerce_type(
            1,
            &raw mut given,
            &raw mut wanted,
            pg_sys::CoercionContext::COERCION_ASSIGNMENT,
        )
    }
}
