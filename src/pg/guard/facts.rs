//! Live facts about tables, columns and expressions: what PostgreSQL itself would find when it runs the statement.
use super::{names, shadow};
use crate::pg::{catalog, looking, relation};
use crate::pg::{owner, settings_scope, spi, xact};
use pgrx::pg_sys;
use std::ffi::CString;

/// Up to this many pages are looked through for a row: half a megabyte, which takes less than a millisecond. A table with
/// more pages counts as full, even where all its rows are dead: looking would take longer than the question is worth.
const PAGES_LOOKED_AT: u32 = 64;

/// Size of a page.
const PAGE: i64 = pg_sys::BLCKSZ as i64;

/// Whether a table, or anything below it, holds rows. Where another session keeps it locked nobody can look: then it
/// counts as full.
#[must_use]
pub fn has_rows(relid: pg_sys::Oid) -> bool {
    names::tree(relid).into_iter().any(has_own_rows)
}

/// The same for the table alone.
#[must_use]
pub fn has_own_rows(relid: pg_sys::Oid) -> bool {
    match catalog::relation_kind(relid) {
        Some(b'r' | b'm') => {}
        Some(b'f') => return true,
        _ => return false,
    }
    let Some(pages) = relation::pages(relid) else { return true };
    if pages == 0 || pages > PAGES_LOOKED_AT {
        return pages > 0;
    }
    let name = names::of(relid);
    // A lock that is kept would have to be made stronger by the statement itself: two sessions that alter the same table
    // would then wait for each other. What is looked at in a subtransaction that is taken back leaves none.
    xact::rehearse(|| {
        settings_scope::without_row_security(|| {
            owner::run(|| {
                spi::select_latest(&format!("SELECT EXISTS (SELECT FROM ONLY {name})"), &[], |r| r.must(1))
            })
        })
    })
    .pop()
    .unwrap_or(true)
}

/// Bytes of a table by itself, without its indexes.
#[must_use]
pub fn bytes(relid: pg_sys::Oid) -> i64 {
    relation::pages(relid).map_or(0, i64::from) * PAGE
}

/// An open relation in a parse state: what expressions about its columns are analysed with.
pub struct Scope {
    /// The parse state.
    pub state: *mut pg_sys::ParseState,
    /// The relation, locked against changes of its definition.
    pub relation: pg_sys::Relation,
}

impl Scope {
    const LOCK: i32 = pg_sys::AccessShareLock as i32;

    /// None where there is no such relation.
    pub fn of(relid: pg_sys::Oid) -> Option<Self> {
        // SAFETY: the relation stays open and locked until Drop; the entry is made for it.
        unsafe {
            let relation = pg_sys::try_relation_open(relid, Self::LOCK);
            if relation.is_null() {
                return None;
            }
            let state = pg_sys::make_parsestate(std::ptr::null_mut());
            let entry = pg_sys::addRangeTableEntryForRelation(
                state,
                relation,
                Self::LOCK,
                std::ptr::null_mut(),
                false,
                true,
            );
            pg_sys::addNSItemToQuery(state, entry, true, true, true);
            Some(Scope { state, relation })
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

/// Whether the WHEN of a trigger means what the catalog has already.
///
/// # Safety
/// `condition` must be a valid raw expression.
pub unsafe fn is_same_condition(relid: pg_sys::Oid, stored: &str, condition: *mut pg_sys::Node) -> bool {
    let Ok(stored) = CString::new(stored) else { return false };
    tried(|| {
        let scope = Scope::of(relid)?;
        // SAFETY: the parser's node is copied, since analysis scribbles on it; names as CREATE TRIGGER gives them to a
        // state of their own; the stored text is what the server wrote.
        unsafe {
            let state = pg_sys::make_parsestate(std::ptr::null_mut());
            for name in [c"old", c"new"] {
                let alias = pg_sys::makeAlias(name.as_ptr(), std::ptr::null_mut());
                let entry = pg_sys::addRangeTableEntryForRelation(
                    state,
                    scope.relation,
                    Scope::LOCK,
                    alias,
                    false,
                    false,
                );
                pg_sys::addNSItemToQuery(state, entry, false, true, true);
            }
            let copy = pg_sys::copyObjectImpl(condition.cast()).cast();
            let kind = pg_sys::ParseExprKind::EXPR_KIND_TRIGGER_WHEN;
            let analysed = pg_sys::transformExpr(state, copy, kind);
            let analysed = pg_sys::coerce_to_boolean(state, analysed, c"WHEN".as_ptr());
            pg_sys::assign_expr_collations(state, analysed);
            Some(pg_sys::equal(pg_sys::stringToNode(stored.as_ptr()), analysed.cast()))
        }
    })
    .known()
    .unwrap_or(false)
}

/// What an analysis comes to.
pub enum Found<R> {
    /// This.
    Known(R),
    /// An error that PostgreSQL itself raises in the same way when it runs the statement. In a script that does not run, an
    /// earlier statement may make what is missing.
    Fails,
    /// Nobody can tell without running the statement: then the worst is assumed.
    Unknown,
}

/// Runs an analysis that may fail. It runs nothing of the users'.
pub fn tried<R>(f: impl FnOnce() -> Option<R>) -> Found<R> {
    /// Classes of errors in what is written, which do not depend on when it is read: 42, and values that are none: 22.
    fn is_written_wrong(code: pgrx::PgSqlErrorCode) -> bool {
        let class = |text: [u8; 2]| i32::from(text[0] - b'0') | i32::from(text[1] - b'0') << 6;
        [class(*b"42"), class(*b"22")].contains(&(code as i32 & 0xFFF))
    }
    match xact::analysed(|| looking::run(f)) {
        Ok(Some(known)) => Found::Known(known),
        Err(code) if !is_written_wrong(code) => Found::Unknown,
        Ok(None) | Err(_) => {
            shadow::note_not_known();
            Found::Fails
        }
    }
}

impl<R> Found<R> {
    /// What is known.
    pub fn known(self) -> Option<R> {
        match self {
            Found::Known(known) => Some(known),
            Found::Fails | Found::Unknown => None,
        }
    }
}

/// Whether the default of a new column calls something volatile, so that every row must be written.
///
/// # Safety
/// `default` must be a valid raw expression.
pub unsafe fn is_volatile_default(default: *mut pg_sys::Node) -> bool {
    // SAFETY: the casts follow the tags.
    let is_constant = unsafe {
        match (*default).type_ {
            pg_sys::NodeTag::T_A_Const => true,
            pg_sys::NodeTag::T_TypeCast => {
                (*(*default.cast::<pg_sys::TypeCast>()).arg).type_ == pg_sys::NodeTag::T_A_Const
            }
            _ => false,
        }
    };
    if is_constant {
        return false;
    }
    let found = tried(|| {
        // SAFETY: the parser's node is copied, since analysis scribbles on it; a parse state without relations.
        unsafe {
            let state = pg_sys::make_parsestate(std::ptr::null_mut());
            let copy = pg_sys::copyObjectImpl(default.cast()).cast();
            let kind = pg_sys::ParseExprKind::EXPR_KIND_COLUMN_DEFAULT;
            let expression = pg_sys::transformExpr(state, copy, kind);
            Some(pg_sys::contain_volatile_functions(expression))
        }
    });
    matches!(found, Found::Known(true) | Found::Unknown)
}

/// A type as `format_type()` writes it.
#[must_use]
pub fn type_name(oid: pg_sys::Oid, modifier: i32) -> String {
    // SAFETY: palloc'd; an unknown type is written as ???.
    unsafe { catalog::text(pg_sys::format_type_with_typemod(oid, modifier)) }.unwrap_or_default()
}
