//! Statements as text: analysed as the server would, rewritten, checked for the caller's rights, never run.
use super::levels::{Walker, selected};
use super::{Delivery, edges_of, items, nth, string, tag};
use crate::error;
use crate::pg::settings_scope;
use pgrx::pg_sys;
use pgrx::pg_sys::NodeTag::*;
use std::ffi::{CStr, CString, c_void};

/// What a statement would create.
struct Creation {
    relation: Option<pg_sys::Oid>,
    name: String,
    /// Column names that replace the query's own.
    columns: Vec<String>,
}

/// What becomes of a statement that cannot be followed.
enum Otherwise {
    Raise,
    Skip,
}

/// Where the results of one statement come from. Raises what the server raises, and what it would raise for rights.
#[must_use]
pub fn lineage(sql: &str, search_path: &str) -> Vec<Delivery> {
    let text = CString::new(sql).unwrap_or_default();
    // SAFETY: the text is NUL-terminated; the result is a list of RawStmt.
    let statements = unsafe { items::<pg_sys::RawStmt>(pg_sys::pg_parse_query(text.as_ptr())) };
    match statements.as_slice() {
        [] => error::lineage::no_statement().raise(),
        // SAFETY: a raw statement of this text.
        [one] => unsafe { follow(*one, &text, search_path, &Otherwise::Raise) },
        more => error::lineage::several_statements(more.len()).raise(),
    }
}

/// Number of statements in a text; what does not parse has none.
#[must_use]
pub fn count(text: &CStr) -> usize {
    // SAFETY: as above.
    unsafe { items::<pg_sys::RawStmt>(pg_sys::pg_parse_query(text.as_ptr())).len() }
}

/// The same for statement `i` of a client's text, as far as it writes; nothing for others.
#[must_use]
pub fn lineage_of_writer(text: &CStr, i: usize, search_path: &str) -> Vec<Delivery> {
    // SAFETY: as above. The text is parsed anew for each: analysis may scribble on the tree.
    unsafe {
        let statement: *mut pg_sys::RawStmt = nth(pg_sys::pg_parse_query(text.as_ptr()), i);
        if statement.is_null() {
            return Vec::new();
        }
        let writes = match tag((*statement).stmt) {
            T_InsertStmt | T_UpdateStmt | T_DeleteStmt | T_MergeStmt | T_CreateTableAsStmt
            | T_ExplainStmt | T_PrepareStmt => true,
            T_SelectStmt => {
                let select = (*statement).stmt.cast::<pg_sys::SelectStmt>();
                !(*select).withClause.is_null() || !(*select).intoClause.is_null()
            }
            _ => false,
        };
        if !writes {
            return Vec::new();
        }
        follow(statement, text, search_path, &Otherwise::Skip)
    }
}

/// # Safety
/// `statement` must be a raw statement of `text`.
unsafe fn follow(
    statement: *mut pg_sys::RawStmt,
    text: &CStr,
    search_path: &str,
    otherwise: &Otherwise,
) -> Vec<Delivery> {
    // SAFETY: the raw statement is analysed once; the results are Query trees.
    let (queries, creation) = unsafe {
        let analysed = settings_scope::with_search_path(search_path, || analyse(statement, text));
        let Some((query, creation)) = analysed else {
            if matches!(otherwise, Otherwise::Skip) {
                return Vec::new();
            }
            let command = pg_sys::GetCommandTagName(pg_sys::CreateCommandTag((*statement).stmt));
            error::lineage::no_lineage(&string(command).unwrap_or_default()).raise()
        };
        (items::<pg_sys::Query>(pg_sys::pg_rewrite_query(query)), creation)
    };
    let mut deliveries = Vec::new();
    for query in queries {
        let mut walker = Walker::default();
        // SAFETY: an analysed and rewritten Query.
        unsafe {
            check_rights(query);
            walker.visit(query, None);
            if (*query).commandType == pg_sys::CmdType::CMD_SELECT {
                let renamed = creation.as_ref().map_or(&[][..], |c| &c.columns);
                let wanted = selected(&mut walker, query, renamed);
                deliveries.push(Delivery {
                    relation: creation.as_ref().and_then(|c| c.relation),
                    name: creation.as_ref().map(|c| c.name.clone()),
                    edges: edges_of(&walker.steps, &wanted),
                });
            }
        }
        for write in &walker.writes {
            deliveries.push(Delivery {
                relation: Some(write.relation),
                name: None,
                edges: edges_of(&walker.steps, &write.wanted),
            });
        }
    }
    deliveries
}

/// Analyses a statement; None for those without lineage. Parameters take whatever type their place asks for.
unsafe fn analyse(
    statement: *mut pg_sys::RawStmt,
    text: &CStr,
) -> Option<(*mut pg_sys::Query, Option<Creation>)> {
    // SAFETY: nodes are cast to what their tag says; types and names stay valid during the call.
    unsafe {
        let node = (*statement).stmt;
        match tag(node) {
            T_ViewStmt => {
                let view = node.cast::<pg_sys::ViewStmt>();
                let query = transform((*view).query, statement, text);
                let creation = creation((*view).view, (*view).aliases);
                ((*query).commandType == pg_sys::CmdType::CMD_SELECT).then_some((query, Some(creation)))
            }
            T_PrepareStmt => plain(transform((*node.cast::<pg_sys::PrepareStmt>()).query, statement, text)),
            T_CopyStmt => {
                let copy = node.cast::<pg_sys::CopyStmt>();
                if (*copy).query.is_null() { None } else { plain(transform((*copy).query, statement, text)) }
            }
            _ => plain(transform(node, statement, text)),
        }
    }
}

/// The query of an analysed statement, which may be wrapped in a utility statement.
unsafe fn plain(query: *mut pg_sys::Query) -> Option<(*mut pg_sys::Query, Option<Creation>)> {
    // SAFETY: an analysed Query; nodes are cast to what their tag says.
    unsafe {
        if (*query).commandType != pg_sys::CmdType::CMD_UTILITY {
            return Some((query, None));
        }
        let utility = (*query).utilityStmt;
        match tag(utility) {
            T_ExplainStmt => plain((*utility.cast::<pg_sys::ExplainStmt>()).query.cast()),
            T_DeclareCursorStmt => plain((*utility.cast::<pg_sys::DeclareCursorStmt>()).query.cast()),
            T_CreateTableAsStmt => {
                let create = utility.cast::<pg_sys::CreateTableAsStmt>();
                let (inner, _) = plain((*create).query.cast())?;
                Some((inner, Some(creation((*(*create).into).rel, (*(*create).into).colNames))))
            }
            _ => None,
        }
    }
}

/// Parse analysis of a statement inside `text`.
unsafe fn transform(
    node: *mut pg_sys::Node,
    outer: *const pg_sys::RawStmt,
    text: &CStr,
) -> *mut pg_sys::Query {
    let (mut types, mut count) = (std::ptr::null_mut(), 0);
    // SAFETY: a node of its own in the server's memory; the parameter arrays are the server's to grow.
    unsafe {
        let raw = pg_sys::palloc0(size_of::<pg_sys::RawStmt>()).cast::<pg_sys::RawStmt>();
        (*raw).type_ = T_RawStmt;
        (*raw).stmt = node;
        (*raw).stmt_location = (*outer).stmt_location;
        (*raw).stmt_len = (*outer).stmt_len;
        pg_sys::parse_analyze_varparams(raw, text.as_ptr(), &mut types, &mut count, std::ptr::null_mut())
    }
}

/// Where a new relation would be made, and whether one bears that name already.
unsafe fn creation(relation: *mut pg_sys::RangeVar, columns: *mut pg_sys::List) -> Creation {
    // SAFETY: a RangeVar of the statement; names are NUL-terminated.
    unsafe {
        let name = string((*relation).relname).unwrap_or_default();
        let names =
            items::<pg_sys::Node>(columns).into_iter().filter_map(|n| string(value(n))).collect::<Vec<_>>();
        let schema = string((*relation).schemaname);
        let temporary = (*relation).relpersistence as u8 == b't' || schema.as_deref() == Some("pg_temp");
        if temporary {
            // Asking for the schema of temporary objects would create it.
            let name = pgrx::spi::quote_qualified_identifier("pg_temp", &name);
            return Creation { relation: None, name, columns: names };
        }
        let namespace = pg_sys::RangeVarGetCreationNamespace(relation);
        let existing = pg_sys::get_relname_relid((*relation).relname, namespace);
        let schema = string(pg_sys::get_namespace_name(namespace)).unwrap_or_default();
        Creation {
            relation: (existing != pg_sys::InvalidOid).then_some(existing),
            name: pgrx::spi::quote_qualified_identifier(&schema, &name),
            columns: names,
        }
    }
}

/// The text of a String node.
unsafe fn value(node: *mut pg_sys::Node) -> *const std::ffi::c_char {
    // SAFETY: lists of column names hold String nodes.
    unsafe { (*node.cast::<pg_sys::String>()).sval }
}

/// Raises what running the query would raise for missing privileges, in all its levels.
unsafe fn check_rights(query: *mut pg_sys::Query) {
    // SAFETY: a rewritten Query, which carries the privileges that the executor would ask for.
    unsafe {
        #[cfg(feature = "pg15")]
        pg_sys::ExecCheckRTPerms((*query).rtable, true);
        #[cfg(not(feature = "pg15"))]
        pg_sys::ExecCheckPermissions((*query).rtable, (*query).rteperminfos, true);
        pg_sys::query_tree_walker(query, Some(inner_rights), std::ptr::null_mut(), 0);
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn inner_rights(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    if node.is_null() {
        return false;
    }
    // SAFETY: the server's walker passes valid nodes.
    unsafe {
        if tag(node) == T_Query {
            check_rights(node.cast());
            return false;
        }
        pg_sys::expression_tree_walker(node, Some(inner_rights), context)
    }
}
