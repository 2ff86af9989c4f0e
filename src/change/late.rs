//! Tables that have come below the one of a change since its copy was compared: heirs without its trigger, and partitions that were
//! attached with rows. Before the old shape comes back, its values are made there.
use super::backfill;
use super::store::Change;
use super::table;
use crate::pg::catalog::Name;
use crate::pg::{owner, settings_scope, spi};
use serde_json::Value;

/// The tables with rows that the copy did not know.
fn tables(change: &Change) -> Vec<Name> {
    let known: Vec<String> = owner::run(|| {
        spi::select(
            "SELECT format('%I.%I', schema_name, relation_name) FROM governance.backfill WHERE change = $1",
            &[change.id.into()],
            |r| r.must(1),
        )
    });
    let leaves = table::leaves(change.relation().0).into_iter().map(|(_, name)| name);
    leaves.filter(|name| !known.contains(&name.to_string())).collect()
}

/// Makes old values from new ones where nothing has; those that `down` gives none for stay as they are.
pub fn fill(change: &Change, args: &Value) {
    for table in tables(change) {
        for (column, down) in args["set"].as_object().into_iter().flatten() {
            let down = change.fill(down.as_str().unwrap_or_default());
            let sql = format!(
                "UPDATE ONLY {table} SET {column} = {down} WHERE {column} IS NULL AND ({down}) IS NOT NULL"
            );
            let update = || spi::execute_unforced(&sql, &[]);
            backfill::as_owner_of(change.relation(), || match args["runs_users_code"] == true {
                true => update(),
                false => settings_scope::quiet_copy(update),
            });
        }
    }
}
