//! Reading CREATE INDEX, and what constraints have in common with it.
use super::{Unread, tried};
use crate::core::change::addition::NewIndex;
use crate::core::change::part::Part;
use crate::pg::catalog::text;
use crate::pg::expression::{self, Use};
use crate::pg::list::items;
use crate::pg::{missing, owner, settings_scope, spi};
use pgrx::pg_sys;
use pgrx::spi::quote_identifier;
use std::ffi::CString;

/// CREATE INDEX.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn index(s: &pg_sys::IndexStmt, relid: pg_sys::Oid) -> Result<Part, Unread> {
    // SAFETY: the caller vouches for the tree.
    unsafe {
        if s.concurrent {
            return Err(None);
        }
        if !(*s.relation).inh {
            return Err(Some("CREATE INDEX … ON ONLY has no change form"));
        }
        tried(|| {
            let method = text(s.accessMethod).unwrap_or_else(|| "btree".into());
            let mut columns = Vec::new();
            let mut keys = Vec::new();
            let mut elements = Vec::new();
            for element in items::<pg_sys::IndexElem>(s.indexParams) {
                elements.push(index_element(&*element, relid, &method, &mut keys, &mut columns));
            }
            let included: Vec<String> = items::<pg_sys::IndexElem>(s.indexIncludingParams)
                .into_iter()
                .filter_map(|e| text((*e).name))
                .collect();
            columns.extend(included.clone());
            let mut definition = format!("USING {} ({})", quote_identifier(method), elements.join(", "));
            definition.push_str(&include(&included));
            definition.push_str(if s.nulls_not_distinct { " NULLS NOT DISTINCT" } else { "" });
            definition.push_str(&storage(s.options, text(s.tableSpace), "TABLESPACE"));
            if !s.whereClause.is_null() {
                let condition = expression::analyse(relid, s.whereClause, Use::Predicate);
                definition.push_str(&format!(" WHERE {}", condition.text));
                columns.extend(condition.columns);
            }
            columns.sort();
            columns.dedup();
            let name = text(s.idxname);
            Ok(Part::CreateIndex(NewIndex { name, unique: s.unique, definition, keys, columns }))
        })
    }
}

/// # Safety
/// A valid element of an index of this table.
unsafe fn index_element(
    e: &pg_sys::IndexElem,
    relid: pg_sys::Oid,
    method: &str,
    keys: &mut Vec<String>,
    columns: &mut Vec<String>,
) -> String {
    use pg_sys::{SortByDir::*, SortByNulls::*};
    // SAFETY: the caller vouches for the tree; collations and operator classes are lists of String nodes.
    unsafe {
        let mut written = if let Some(name) = text(e.name) {
            keys.push(name.clone());
            columns.push(name.clone());
            quote_identifier(name)
        } else {
            let found = expression::analyse(relid, e.expr, Use::Index);
            keys.push(missing::index_column_name(e.expr).unwrap_or_else(|| "expr".into()));
            columns.extend(found.columns);
            format!("({})", found.text)
        };
        if !e.collation.is_null() {
            written.push_str(&collation(e.collation));
        }
        if !e.opclass.is_null() {
            let method = CString::new(method).unwrap_or_default();
            let method = pg_sys::get_index_am_oid(method.as_ptr(), false);
            let class = pg_sys::get_opclass_oid(method, e.opclass, false);
            let name: Option<String> = owner::run(|| {
                spi::select_one(
                    "SELECT format('%I.%I', n.nspname, c.opcname) FROM pg_opclass c
                       JOIN pg_namespace n ON n.oid = c.opcnamespace WHERE c.oid = $1",
                    &[class.into()],
                    |r| r.must(1),
                )
            });
            written.push_str(&format!(" {}", name.unwrap_or_default()));
            let options = options(e.opclassopts);
            if !options.is_empty() {
                written.push_str(&format!(" ({})", options.join(", ")));
            }
        }
        written.push_str(match e.ordering {
            SORTBY_DESC => " DESC",
            _ => "",
        });
        written.push_str(match e.nulls_ordering {
            SORTBY_NULLS_FIRST => " NULLS FIRST",
            SORTBY_NULLS_LAST => " NULLS LAST",
            _ => "",
        });
        written
    }
}

pub fn include(columns: &[String]) -> String {
    let columns: Vec<String> = columns.iter().map(quote_identifier).collect();
    if columns.is_empty() { String::new() } else { format!(" INCLUDE ({})", columns.join(", ")) }
}

/// # Safety
/// A list of String nodes that name a collation.
pub unsafe fn collation(name: *mut pg_sys::List) -> String {
    // SAFETY: the caller vouches for the list; the result is palloc'd.
    let named = unsafe {
        let oid = pg_sys::get_collation_oid(name, false);
        settings_scope::with_fixed_path(|| text(pg_sys::generate_collation_name(oid)))
    };
    format!(" COLLATE {}", named.unwrap_or_default())
}

/// # Safety
/// NIL or a list of DefElem.
unsafe fn options(list: *const pg_sys::List) -> Vec<String> {
    // SAFETY: the caller vouches for the list.
    unsafe {
        let written = items::<pg_sys::DefElem>(list).into_iter().map(|o| {
            let name = quote_identifier(text((*o).defname).unwrap_or_default());
            let value = text(pg_sys::defGetString(o)).unwrap_or_default();
            format!("{name}={}", pgrx::spi::quote_literal(value))
        });
        written.collect()
    }
}

/// WITH and the tablespace.
///
/// # Safety
/// As [`options`].
pub unsafe fn storage(list: *const pg_sys::List, space: Option<String>, word: &str) -> String {
    // SAFETY: the caller vouches for the list.
    let options = unsafe { options(list) };
    let with = if options.is_empty() { String::new() } else { format!(" WITH ({})", options.join(", ")) };
    let space = space.map(|s| format!(" {word} {}", quote_identifier(s))).unwrap_or_default();
    format!("{with}{space}")
}
