//! Expressions of DDL: analysed without running them, and written in one spelling.
use super::users_code::{Whose, is_called};
use super::{catalog, list::items, looking, settings_scope};
use pgrx::pg_sys;
use pgrx::pg_sys::ParseExprKind;
use pgrx::spi::quote_identifier;
use std::ffi::CString;

/// Stands for a column that does not exist yet: no statement has so many parameters.
const NEW_COLUMN: i32 = 60_913;

/// An analysed expression.
pub struct Expression {
    /// Deparsed, with all names qualified.
    pub text: String,
    /// Columns of the table that it uses.
    pub columns: Vec<String>,
    /// Whether it differs from row to row.
    pub volatile: bool,
    /// Whether it calls functions that users wrote.
    pub runs_users_code: bool,
    /// It gives the same result for the same row, as long as settings stay as they are.
    pub stable: bool,
    /// The tree, in the memory of the moment.
    pub node: *mut pg_sys::Node,
}

/// A type with its modifier and collation.
#[derive(Clone, Copy)]
pub struct Typed {
    /// The type.
    pub oid: pg_sys::Oid,
    /// Its modifier.
    pub modifier: i32,
    /// The collation.
    pub collation: pg_sys::Oid,
}

/// What an expression is for.
#[derive(Clone, Copy)]
pub enum Use<'a> {
    /// Element of an index.
    Index,
    /// WHERE of an index.
    Predicate,
    /// CHECK, which may be about a column that does not exist yet.
    Check(Option<(&'a str, Typed)>),
    /// Default of a column of this type.
    Default(Typed),
    /// What values of a column of this type are made from.
    Value(Typed),
}

/// A table that expressions are about.
struct Scope {
    state: *mut pg_sys::ParseState,
    relation: pg_sys::Relation,
}

impl Scope {
    const LOCK: i32 = pg_sys::AccessShareLock as i32;

    /// Raises where the relation is gone.
    fn of(relid: pg_sys::Oid) -> Self {
        // SAFETY: the relation stays open and locked until Drop; the entry is made for it.
        unsafe {
            let relation = pg_sys::relation_open(relid, Self::LOCK);
            let state = pg_sys::make_parsestate(std::ptr::null_mut());
            let none = std::ptr::null_mut();
            let entry = pg_sys::addRangeTableEntryForRelation(state, relation, Self::LOCK, none, false, true);
            pg_sys::addNSItemToQuery(state, entry, false, true, true);
            Scope { state, relation }
        }
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        // After an error the transaction closes it.
        if !std::thread::panicking() {
            // SAFETY: opened above.
            unsafe { pg_sys::relation_close(self.relation, Self::LOCK) };
        }
    }
}

/// Analyses an expression about a table; raises PostgreSQL's own error where it is wrong.
///
/// # Safety
/// `raw` must be a valid raw expression.
#[must_use]
pub unsafe fn analyse(relid: pg_sys::Oid, raw: *mut pg_sys::Node, what_for: Use) -> Expression {
    use ParseExprKind::*;
    let scope = Scope::of(relid);
    let state = scope.state;
    // SAFETY: the parser's node is copied, since analysis scribbles on it; the state knows the table, and the new column
    // as long as this call lasts.
    unsafe {
        let copy: *mut pg_sys::Node = pg_sys::copyObjectImpl(raw.cast()).cast();
        let read = || match what_for {
            Use::Index => pg_sys::transformExpr(state, copy, EXPR_KIND_INDEX_EXPRESSION),
            Use::Predicate => {
                let node = pg_sys::transformExpr(state, copy, EXPR_KIND_INDEX_PREDICATE);
                pg_sys::coerce_to_boolean(state, node, c"WHERE".as_ptr())
            }
            Use::Check(new) => {
                let new = new.and_then(|(name, of_type)| Some((CString::new(name).ok()?, of_type)));
                if let Some(new) = &new {
                    (*state).p_ref_hook_state = std::ptr::from_ref(new).cast_mut().cast();
                    (*state).p_post_columnref_hook = Some(new_column);
                }
                let node = pg_sys::transformExpr(state, copy, EXPR_KIND_CHECK_CONSTRAINT);
                pg_sys::coerce_to_boolean(state, node, c"CHECK".as_ptr())
            }
            Use::Default(to) => {
                let blank = pg_sys::make_parsestate(std::ptr::null_mut());
                pg_sys::cookDefault(blank, copy, to.oid, to.modifier, c"".as_ptr(), 0)
            }
            Use::Value(to) => {
                let node = pg_sys::transformExpr(state, copy, EXPR_KIND_ALTER_COL_TRANSFORM);
                let from = pg_sys::exprType(node);
                let coerced = pg_sys::coerce_to_target_type(
                    state,
                    node,
                    from,
                    to.oid,
                    to.modifier,
                    pg_sys::CoercionContext::COERCION_ASSIGNMENT,
                    pg_sys::CoercionForm::COERCE_IMPLICIT_CAST,
                    -1,
                );
                if coerced.is_null() {
                    crate::error::change::no_such_cast(&type_name(from, -1), &type_name(to.oid, to.modifier))
                        .raise();
                }
                coerced
            }
        };
        // Values of an array, a row or a range are read as such already here, and their domains checked.
        let runs_nothing = !matches!(what_for, Use::Value(_));
        let node = settings_scope::reading_intervals_as_caller(|| {
            if runs_nothing { looking::run(read) } else { read() }
        });
        pg_sys::assign_expr_collations(state, node);
        let mut columns = columns_of(relid, node);
        let mut text = settings_scope::with_fixed_path(|| {
            let name = catalog::relation_name(relid).map(|n| n.relation).unwrap_or_default();
            let name = CString::new(name).unwrap_or_default();
            let context = pg_sys::deparse_context_for(name.as_ptr(), relid);
            catalog::text(pg_sys::deparse_expression(node, context, false, false)).unwrap_or_default()
        });
        if let Use::Check(Some((name, _))) = what_for {
            let parameter = format!("${NEW_COLUMN}");
            if text.contains(&parameter) {
                text = text.replace(&parameter, &quote_identifier(name));
                columns.push(name.to_string());
            }
        }
        let volatile = pg_sys::contain_volatile_functions(node);
        let stable = !volatile && pg_sys::contain_mutable_functions(node);
        Expression { text, columns, volatile, runs_users_code: is_called(node, Whose::Written), stable, node }
    }
}

/// Resolves what no table has to the column that is to be.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn new_column(
    state: *mut pg_sys::ParseState,
    reference: *mut pg_sys::ColumnRef,
    found: *mut pg_sys::Node,
) -> *mut pg_sys::Node {
    // SAFETY: the state is that of `analyse`, whose frame holds what its hook state points to; fields of a column
    // reference are String nodes, or a star.
    unsafe {
        let (name, of_type) = &*(*state).p_ref_hook_state.cast::<(CString, Typed)>();
        let fields = items::<pg_sys::Node>((*reference).fields);
        let [field] = fields.as_slice() else { return std::ptr::null_mut() };
        if !found.is_null() || (**field).type_ != pg_sys::NodeTag::T_String {
            return std::ptr::null_mut();
        }
        let written = catalog::text((*field.cast::<pg_sys::String>()).sval);
        if written.as_deref() != name.to_str().ok() {
            return std::ptr::null_mut();
        }
        let node = pg_sys::palloc0(size_of::<pg_sys::Param>()).cast::<pg_sys::Param>();
        (*node).xpr.type_ = pg_sys::NodeTag::T_Param;
        (*node).paramkind = pg_sys::ParamKind::PARAM_EXTERN;
        (*node).paramid = NEW_COLUMN;
        (*node).paramtype = of_type.oid;
        (*node).paramtypmod = of_type.modifier;
        (*node).paramcollid = of_type.collation;
        (*node).location = -1;
        node.cast()
    }
}

/// An expression given as text.
#[must_use]
pub fn of_text(relid: pg_sys::Oid, text: &str, to: Typed) -> Expression {
    // SAFETY: the tree is the parser's.
    unsafe { analyse(relid, parse(text), Use::Value(to)) }
}

/// The same for a type by its name in DDL.
#[must_use]
pub fn of_type_named(relid: pg_sys::Oid, text: &str, type_name: &str) -> Expression {
    let (mut oid, mut modifier) = (pg_sys::InvalidOid, -1);
    let name = CString::new(type_name).unwrap_or_default();
    // SAFETY: a valid C string; raises where there is no such type.
    unsafe { pg_sys::parseTypeString(name.as_ptr(), &mut oid, &mut modifier, false) };
    // SAFETY: a plain look-up.
    let collation = unsafe { pg_sys::get_typcollation(oid) };
    of_text(relid, text, Typed { oid, modifier, collation })
}

/// The raw tree of one expression; raises where the text is more than that.
fn parse(text: &str) -> *mut pg_sys::Node {
    let not_one = || -> ! { crate::error::change::not_an_expression(text).raise() };
    let Ok(query) = CString::new(format!("SELECT (\n{text}\n)")) else { not_one() };
    // SAFETY: a valid C string; casts follow the tags, and a SELECT's targets are ResTarget nodes.
    unsafe {
        let statements = items::<pg_sys::RawStmt>(pg_sys::pg_parse_query(query.as_ptr()));
        let [statement] = statements.as_slice() else { not_one() };
        if (*(**statement).stmt).type_ != pg_sys::NodeTag::T_SelectStmt {
            not_one();
        }
        let select = &*(**statement).stmt.cast::<pg_sys::SelectStmt>();
        let targets = items::<pg_sys::ResTarget>(select.targetList);
        let [target] = targets.as_slice() else { not_one() };
        let bare = select.op == pg_sys::SetOperation::SETOP_NONE
            && select.fromClause.is_null()
            && select.whereClause.is_null()
            && select.groupClause.is_null()
            && select.sortClause.is_null()
            && select.limitCount.is_null()
            && select.limitOffset.is_null()
            && select.intoClause.is_null()
            && select.withClause.is_null()
            && (**target).name.is_null();
        if !bare {
            not_one();
        }
        (**target).val
    }
}

/// Type, modifier and collation of a column.
#[must_use]
pub fn typed(relid: pg_sys::Oid, column: &str) -> Option<Typed> {
    let number = catalog::column_number(relid, column)?;
    let (oid, modifier, collation) = super::relation::column_type(relid, number)?;
    Some(Typed { oid, modifier, collation })
}

/// A type as in DDL, qualified.
#[must_use]
pub fn type_name(oid: pg_sys::Oid, modifier: i32) -> String {
    settings_scope::with_fixed_path(|| {
        // SAFETY: the result is palloc'd.
        unsafe { catalog::text(pg_sys::format_type_with_typemod(oid, modifier)) }.unwrap_or_default()
    })
}

/// # Safety
/// An analysed expression about the relation as number 1.
unsafe fn columns_of(relid: pg_sys::Oid, node: *mut pg_sys::Node) -> Vec<String> {
    // SAFETY: the caller vouches for the tree.
    unsafe {
        let mut members = std::ptr::null_mut();
        pg_sys::pull_varattnos(node, 1, &mut members);
        let mut columns = Vec::new();
        let mut member = pg_sys::bms_next_member(members, -1);
        while member >= 0 {
            let number = member + pg_sys::FirstLowInvalidHeapAttributeNumber;
            columns.extend(catalog::column_name(relid, number as i16));
            member = pg_sys::bms_next_member(members, member);
        }
        columns
    }
}
