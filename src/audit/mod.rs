//! audit: the log of row changes and of the product's own acts.
mod act;
mod history;
mod reading;
mod relation;
mod state;
mod statement;
mod tree;
pub mod triggers;
mod watched;

pub use act::{Act, act};
pub use relation::{ensure_all, follow, keep_triggers, start, stop};
pub use state::status;
pub use statement::current as current_statement;
pub use tree::{leave_tree, make_way, schema_renamed};
pub use triggers::sees_truncate;
pub use watched::{Watched, forget as forget_cached, watched};

use crate::error::{given, whole};
use crate::pg::catalog::{self, Name};
use crate::pg::regclass::Relation;
use crate::registry::duty;
use pgrx::prelude::*;
use reading::Then;

/// The SQL surface.
#[pg_schema]
pub mod governance {
    use super::*;

    /// A UUID of version 7: orders by time, exactly so within a session.
    #[pg_extern(volatile, parallel_safe)]
    #[search_path(pg_catalog, pg_temp)]
    pub fn _uuid() -> pgrx::Uuid {
        crate::pg::audit_log::new_id()
    }

    /// Starts logging every change of a relation's rows, or changes which columns are left out.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn start_audit(
        relation: Option<Relation>,
        exclude_columns: default!(Option<Vec<Option<String>>>, "'{}'"),
        reason: default!(Option<&str>, "NULL"),
    ) {
        let relation = given("relation", relation);
        let relation = relation.held();
        duty::require_owner("starting an audit", relation, false);
        let exclude = whole("exclude_columns", Some(given("exclude_columns", exclude_columns)));
        super::relation::start(relation, exclude.unwrap_or_default(), reason, false);
    }

    /// Stops logging; takes effect when the transaction has committed.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn stop_audit(relation: Option<Relation>, reason: default!(Option<&str>, "NULL")) {
        let relation = given("relation", relation);
        let relation = relation.held();
        duty::require_steward("stopping an audit", relation);
        super::relation::stop(relation, &duty::reason_for("stop_audit", reason));
    }

    /// Ids of the log rows about one row; `history()` shows them.
    #[pg_extern(name = "_history", stable)]
    #[search_path(pg_catalog, pg_temp)]
    pub fn _history_ids(relation: Option<Relation>, key: Option<&str>) -> SetOfIterator<'static, pgrx::Uuid> {
        let relation = given("relation", relation);
        SetOfIterator::new(super::history::ids(relation, key.unwrap_or("null")))
    }

    /// Whether the current user may read log rows about a relation; NULLs stand for acts that concern none. Where `then`,
    /// owning the relation or dataset of that name today is no right, but for the owner or party of that moment.
    #[pg_extern(stable)]
    #[search_path(pg_catalog, pg_temp)]
    pub fn _may_read_log(
        schema_name: Option<&str>,
        relation_name: Option<&str>,
        then: default!(bool, "false"),
        owned_by: default!(Option<&str>, "NULL"),
        party: default!(Option<&str>, "NULL"),
    ) -> bool {
        let name = schema_name
            .zip(relation_name)
            .map(|(s, r)| Name { schema: s.to_string(), relation: r.to_string() });
        let then =
            then.then(|| Then { owned_by: owned_by.map(String::from), party: party.map(String::from) });
        super::reading::may_read(name, then)
    }

    /// The relation of a name, NULL when there is none; unlike `to_regclass` it asks for no privilege on the schema.
    #[pg_extern(stable)]
    #[search_path(pg_catalog, pg_temp)]
    pub fn _relation_named(schema_name: Option<&str>, relation_name: Option<&str>) -> Option<Relation> {
        let (schema, relation) = schema_name.zip(relation_name)?;
        catalog::relation_oid(&Name { schema: schema.to_string(), relation: relation.to_string() })
            .map(Relation)
    }

    /// What event triggers call after DDL, by hand: lets everything declared about a relation follow it. Nobody has
    /// EXECUTE on it; superusers may need it where event triggers were off.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn _follow(relation: Relation) {
        let is_new_here = !crate::registry::identity::is_bound(relation.0);
        crate::registry::identity::follow(relation.0);
        super::follow(relation.0, is_new_here);
        crate::boundary::follow(relation.0);
    }

    /// Trigger: asks the guard and records a TRUNCATE.
    #[pg_trigger]
    pub fn _audit_truncate<'a>(
        trigger: &'a pgrx::PgTrigger<'a>,
    ) -> Result<Option<PgHeapTuple<'a, impl WhoAllocated>>, pgrx::heap_tuple::PgHeapTupleError> {
        super::truncated(trigger);
        Ok(None::<PgHeapTuple<'a, AllocatedByRust>>)
    }

    /// Trigger: the log is append-only.
    #[pg_trigger]
    pub fn _append_only<'a>(
        trigger: &'a pgrx::PgTrigger<'a>,
    ) -> Result<Option<PgHeapTuple<'a, impl WhoAllocated>>, pgrx::heap_tuple::PgHeapTupleError> {
        super::refuse_change(trigger);
        Ok(None::<PgHeapTuple<'a, AllocatedByRust>>)
    }
}

fn truncated(trigger: &pgrx::PgTrigger) {
    let Ok(relid) = trigger.relid() else { return };
    if !crate::settings::ENABLED.get() {
        return;
    }
    if let Some(watched) = watched(relid) {
        crate::guard::on_truncate(relid);
        crate::pg::audit_log::write_truncate(&watched);
    }
}

fn refuse_change(trigger: &pgrx::PgTrigger) {
    let relid = trigger.relid().unwrap_or(pgrx::pg_sys::Oid::INVALID);
    crate::error::audit::append_only(&Relation(relid).name()).raise();
}

/// A (sub)transaction was rolled back, and perhaps what was cached from its writes.
pub fn forget_rolled_back() {
    watched::forget(None);
    statement::forget();
}
