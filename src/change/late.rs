//! Tables that have come below the one of a change since its copy was compared: heirs without its trigger, and partitions that were
//! attached with rows. Before the old shape comes back, its values are made there.
use super::backfill;
use super::store::Change;
use super::table;
use crate::pg::catalog::Name;
use crate::pg::{owner, settings_scope, spi};
use pgrx::pg_sys;
use serde_json::Value;

/// The tables with rows that the copy did not know.
fn tables(change: &Change) -> Vec<(pg_sys::Oid, Name)> {
    let known: Vec<String> = owner::run(|| {
        spi::select(
            "SELECT format('%I.%I', schema_name, relation_name) FROM governance.backfill WHERE change = $1",
            &[change.id.into()],
            |r| r.must(1),
        )
    });
    table::leaves(change.relation().0)
        .into_iter()
        .filter(|(_, name)| !known.contains(&name.to_string()))
        .collect()
}

/// Makes old values from new ones where nothing has; those that `down` gives none for stay as they are.
pub fn fill(change: &Change, args: &Value) {
    let _meaning = settings_scope::as_written(&settings_scope::meaning_of(&args["meaning"]));
    for (relid, table) in tables(change) {
        for (column, down) in args["set"].as_object().into_iter().flatten() {
            let down = change.fill(down.as_str().unwrap_or_default());
            let sql = format!(
                "UPDATE ONLY {table} SET {column} = {down} WHERE {column} IS NULL AND ({down}) IS NOT NULL"
            );
            backfill::as_owner_of(change.relation(), || {
                backfill::lock(change, &table, relid, "ROW EXCLUSIVE");
                backfill::quietly(change, relid, args["runs_users_code"] == true, || {
                    spi::execute_unforced(&sql, &[])
                })
            });
        }
    }
}
