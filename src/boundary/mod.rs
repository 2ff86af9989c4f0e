//! boundary: who may write what.
mod state;
mod violation;
mod writer;

pub use state::status;
pub use violation::forget_rolled_back;
pub use writer::{TRIGGER, boundaries, declare, ensure_all, follow, forget};

use crate::error::given;
use crate::pg::regclass::Relation;
use crate::registry::duty;
use pgrx::prelude::*;

/// The SQL surface.
#[pg_schema]
pub mod governance {
    use super::*;

    /// Declares that a role writes a dataset: from now on writes by others are recorded, warned about or refused. Added
    /// to other writers it counts when the transaction has committed.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn declare_writer(relation: Option<Relation>, role: Option<&str>) {
        let relation = given("relation", relation);
        let role = given("role", role);
        let relation = relation.held();
        duty::require_owner("declaring a writer", relation, false);
        super::writer::declare(relation, role);
    }

    /// Forgets a declared writer; for the last one it takes effect when the transaction has committed.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn forget_writer(relation: Option<Relation>, role: Option<&str>, reason: default!(Option<&str>, "NULL")) {
        let relation = given("relation", relation);
        let role = given("role", role);
        super::writer::forget(relation.held(), role, reason);
    }

    /// Trigger: judges who writes.
    #[pg_trigger]
    pub fn _boundary_write<'a>(
        trigger: &'a pgrx::PgTrigger<'a>,
    ) -> Result<Option<PgHeapTuple<'a, impl WhoAllocated>>, pgrx::heap_tuple::PgHeapTupleError> {
        if crate::settings::ENABLED.get()
            && let (Ok(relid), Ok(op)) = (trigger.relid(), trigger.op())
        {
            super::violation::judge(relid, &op.to_string());
        }
        Ok(None::<PgHeapTuple<'a, AllocatedByRust>>)
    }
}
