//! Feeding `flows`: once per statement of an audited relation, and after DDL.
use super::flow;
use crate::core::audit::clip;
use crate::pg::lineage::{memo, statement, stored};
use crate::pg::regclass::Relation;
use crate::pg::{catalog, roles, settings_scope, spi, xact};
use pgrx::pg_sys;
use std::ffi::{CStr, CString};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Longest text that is kept with a flow, in bytes.
const STATEMENT_MAX: usize = 2000;

/// Longest wait for a lock of ours.
const PATIENCE: &str = "50ms";

/// Notes what a client's statement moves into a relation. For the audit triggers, once per statement: repeated
/// statements cost a look-up. Never fails: what cannot be analysed, or kept at this moment, is left out.
///
/// `search_path` is the client's own; None takes the one in force, which inside a function with a fixed path is not
/// the client's.
pub fn record_statement(relation: Relation, sql: &str, search_path: Option<&str>) {
    let path = search_path.map_or_else(current_search_path, String::from);
    let mut hasher = DefaultHasher::new();
    (relation.0.to_u32(), sql, &path, roles::current().to_u32()).hash(&mut hasher);
    let key = hasher.finish();
    if memo::knows(key) {
        return;
    }
    let done = xact::apart(|| {
        quietly(|| {
            // The trigger of a partition fires for statements that name the table it is part of.
            let targets = with_ancestors(relation);
            each_statement(sql, |text, i| {
                statement::lineage_of_writer(text, i, &path)
                    .into_iter()
                    .filter_map(|d| Some((d.relation?, d.edges)))
                    .filter(|(target, _)| targets.contains(target))
                    .all(|(target, edges)| {
                        flow::keep(Relation(target), &edges, "statement", &clip::within(sql, STATEMENT_MAX))
                    })
            })
        })
    });
    // A statement that fails once fails again; only what another transaction was in the way of is tried again.
    if done != Some(false) {
        memo::remember(key);
    }
}

/// Notes what a view, a materialized view or a table made from a query is made of; nothing for other relations. For
/// the event trigger at ddl_command_end. Never fails.
///
/// The parse tree of CREATE TABLE AS is no use at that moment, since planning it has changed it; the client's text is
/// analysed anew. Tables made inside functions are not seen.
pub fn record_ddl(relid: pg_sys::Oid, sql: &str, search_path: Option<&str>) {
    let path = search_path.map_or_else(current_search_path, String::from);
    let Some(name) = catalog::relation_name(relid) else { return };
    xact::apart(|| {
        quietly(|| match catalog::relation_kind(relid) {
            Some(b'v' | b'm') => stored::view_edges(&[relid]).into_iter().all(|(view, edges)| {
                flow::keep(Relation(view), &edges, "ddl", &clip::within(sql, STATEMENT_MAX))
            }),
            Some(b'r') => each_statement(sql, |text, i| {
                statement::lineage_of_writer(text, i, &path)
                    .into_iter()
                    .filter(|d| d.name.as_ref() == Some(&name.to_string()))
                    .all(|d| flow::keep(Relation(relid), &d.edges, "ddl", &clip::within(sql, STATEMENT_MAX)))
            }),
            _ => true,
        })
    });
}

/// Waits for no lock for long, and says nothing: the parser's notices were the client's already.
fn quietly<R>(f: impl FnOnce() -> R) -> R {
    settings_scope::with_setting(c"lock_timeout", PATIENCE, || {
        settings_scope::with_setting(c"client_min_messages", "error", f)
    })
}

/// Calls `f` for each statement of a text; a failing one does not keep the others from being followed. False when one
/// of them could not be kept now.
fn each_statement(sql: &str, f: impl Fn(&CStr, usize) -> bool) -> bool {
    let Ok(text) = CString::new(sql) else { return true };
    let count = statement::count(&text);
    if count == 1 {
        return f(&text, 0);
    }
    let text = text.as_c_str();
    let f = &f;
    (0..count).filter_map(|i| xact::apart(move || f(text, i))).all(|kept| kept)
}

fn current_search_path() -> String {
    settings_scope::current_setting(c"search_path")
}

/// A relation and what it is a partition or a child of.
fn with_ancestors(relation: Relation) -> Vec<pg_sys::Oid> {
    spi::select(
        "WITH RECURSIVE up AS (
            SELECT $1::pg_catalog.oid AS relid
            UNION SELECT i.inhparent FROM pg_catalog.pg_inherits i JOIN up ON i.inhrelid OPERATOR(pg_catalog.=) up.relid)
         SELECT relid FROM up",
        &[relation.0.into()],
        |r| r.must(1),
    )
}
