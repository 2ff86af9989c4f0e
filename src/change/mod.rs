//! change: expand/contract changes. A wish in plain DDL, a safe plan, approval, the gate, and a way back.
mod acknowledgement;
mod acting;
mod added;
mod alone;
mod approval;
mod aside;
mod back;
mod backfill;
mod certificate;
mod culprit;
mod dependents;
mod detached;
mod ended;
mod form;
mod gate;
mod grants;
mod identity;
mod late;
pub mod ledger;
mod old_name;
mod part_index;
pub mod planned;
mod proof;
mod propose;
mod published;
mod quarantine;
pub mod readers;
mod routine;
mod run;
mod same;
mod scream;
mod soak;
mod stands;
mod steps;
mod store;
mod table;
mod throttle;
mod together;
mod verify;
mod whole;
mod window;

pub use acting::{acting, covers, is_acting, only_adds};
pub use added::There;
pub use alone::work as work_alone;
pub use gate::{at_gate, before_ddl, would_complete};
pub use old_name::behind as behind_old_name;
pub use readers::observed;
pub use scream::{Screaming, in_force as screams_in_force, is_used as screams};

use crate::error::{given, whole};
use crate::pg::regclass::Relation;
use crate::registry::status::StatusRow;
use pgrx::JsonB;
use pgrx::prelude::*;

/// What `status()` says about changes.
#[must_use]
pub fn status() -> Vec<StatusRow> {
    vec![
        StatusRow::on("change", "", format!("forms: {}", crate::core::change::part::FORMS)),
        readers::status(),
    ]
}

/// The SQL surface.
#[pg_schema]
pub mod governance {
    use super::*;
    use pgrx::datum::{Interval, TimestampWithTimeZone};

    /// Plans a wish, given as plain DDL; returns the number of the change. The same wish on the same state returns the
    /// open change. NULL where none is needed: then a NOTICE says so, and nothing is run.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn propose_change(
        ddl: Option<&str>,
        reason: Option<&str>,
        up: default!(Option<&str>, "NULL"),
        down: default!(Option<&str>, "NULL"),
        search_path: default!(Option<&str>, "pg_catalog.current_setting('search_path')"),
    ) -> Option<i64> {
        let sql = given("ddl", ddl);
        let path = search_path.unwrap_or_default();
        let meaning = crate::pg::settings_scope::meaning();
        propose::propose(&propose::Proposal { sql, reason, up, down, path, meaning })
    }

    /// The statements of a change with their locks.
    #[pg_extern(stable)]
    #[search_path(pg_catalog, pg_temp)]
    fn change_plan(
        change: Option<i64>,
    ) -> TableIterator<
        'static,
        (
            name!(step, i32),
            name!(phase, String),
            name!(statement, String),
            name!(lock_mode, String),
            name!(reversible, bool),
        ),
    > {
        let steps = propose::plan(&store::visible(given("change", change)));
        TableIterator::new(steps.into_iter().enumerate().map(|(i, s)| {
            (i as i32 + 1, s.phase.as_str().to_string(), s.statement, s.lock_mode.to_string(), s.reversible)
        }))
    }

    /// Approves a change; `waive` names what the approval goes without.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn approve_change(
        change: Option<i64>,
        comment: default!(Option<&str>, "NULL"),
        waive: default!(Option<Vec<Option<String>>>, "'{}'"),
    ) {
        approval::approve(given("change", change), comment, whole("waive", waive).unwrap_or_default());
    }

    /// Says for a declared consumer that it is ready for a change; the caller's own party by default.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn acknowledge_change(
        change: Option<i64>,
        party: default!(Option<&str>, "NULL"),
        comment: default!(Option<&str>, "NULL"),
    ) {
        acknowledgement::acknowledge(given("change", change), party, comment);
    }

    /// Sets the windows of changes to datasets of a class ('': of none): NULL leaves as it is.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn set_change_window(
        class: Option<&str>,
        soak: default!(Option<Interval>, "NULL"),
        approval: default!(Option<Interval>, "NULL"),
        quarantine: default!(Option<Interval>, "NULL"),
        reason: default!(Option<&str>, "NULL"),
    ) {
        window::set(given("class", class), soak, approval, quarantine, reason);
    }

    /// Back to the shipped windows of a class.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn reset_change_window(class: Option<&str>, reason: default!(Option<&str>, "NULL")) {
        window::reset(given("class", class), reason);
    }

    /// Sets what a copy gives way to: a size, a time, a number, a query; 'off' for nothing.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn set_throttle(factor: Option<&str>, value: Option<&str>, reason: default!(Option<&str>, "NULL")) {
        throttle::set(given("factor", factor), given("value", value), reason);
    }

    /// Back to the shipped limit of a factor.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn reset_throttle(factor: Option<&str>, reason: default!(Option<&str>, "NULL")) {
        throttle::reset(given("factor", factor), reason);
    }

    /// Warns readers of what a change takes away, or fails them, for a short while; returns nothing. Needs mode attached.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn start_scream_test(
        change: Option<i64>,
        level: default!(Option<&str>, "'warn'"),
        roles: default!(Option<Vec<Option<String>>>, "'{}'"),
        valid_until: default!(
            Option<TimestampWithTimeZone>,
            "pg_catalog.now() + pg_catalog.interval '1 hour'"
        ),
        reason: default!(Option<&str>, "NULL"),
    ) {
        let (id, until) = (given("change", change), given("valid_until", valid_until));
        scream::start(id, given("level", level), whole("roles", roles).unwrap_or_default(), until, reason);
    }

    /// Ends the scream tests of a change; returns how many there were.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn stop_scream_test(change: Option<i64>, reason: default!(Option<&str>, "NULL")) -> i64 {
        scream::stop(given("change", change), reason)
    }

    /// Notes why a step failed.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn _step_failed(change: Option<i64>, message: Option<&str>) {
        store::failed(given("change", change), message.unwrap_or_default());
    }

    /// Gives a change up before it is contracted; the old shape is as before.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn abort_change(change: Option<i64>, reason: default!(Option<&str>, "NULL")) {
        back::abort(given("change", change), reason);
    }

    /// Brings back what a contracted change took away.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn undo_change(change: Option<i64>, reason: default!(Option<&str>, "NULL")) {
        back::undo(given("change", change), reason);
    }

    /// What is proven about a change, and whether that opens its gate.
    #[pg_extern(stable)]
    #[search_path(pg_catalog, pg_temp)]
    fn certificate(change: Option<i64>) -> JsonB {
        JsonB(certificate::of(&store::visible(given("change", change))))
    }

    /// One step of advance_change; whether another one follows before the next gate.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn _advance_step(change: Option<i64>) -> bool {
        steps::advance(given("change", change))
    }

    /// Rows of the ledger.
    #[pg_extern(volatile)]
    #[search_path(pg_catalog, pg_temp)]
    pub fn _column_reads() -> TableIterator<
        'static,
        (
            name!(schema_name, String),
            name!(relation_name, String),
            name!(column_name, String),
            name!(role, String),
            name!(application, String),
            name!(first_seen, TimestampWithTimeZone),
            name!(last_seen, TimestampWithTimeZone),
            name!(reads, i64),
            name!(evidence, String),
            name!(longest_interval, Option<Interval>),
        ),
    > {
        TableIterator::new(readers::visible_rows().into_iter().map(|r| {
            let (first, last) = (readers::time(r.first), readers::time(r.last));
            (
                r.name.schema,
                r.name.relation,
                r.column,
                r.role,
                r.application,
                first,
                last,
                r.reads,
                r.evidence,
                readers::span(r.longest),
            )
        }))
    }

    /// Merges the rows of each reader; returns how many rows there were.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn _merge_reads() -> i64 {
        ledger::merge() as i64
    }

    /// What the ledger knows about a relation, or one of its columns.
    #[pg_extern(volatile)]
    #[search_path(pg_catalog, pg_temp)]
    fn _reads_observed(
        relation: Option<Relation>,
        column_name: default!(Option<&str>, "NULL"),
    ) -> Option<JsonB> {
        let relid = given("relation", relation).0;
        let name = crate::pg::catalog::relation_name(relid)?;
        crate::registry::sight::may_see(Some(relid))
            .then(|| JsonB(readers::as_json(&readers::observed(&name, column_name))))
    }

    /// Raises 25001 inside a transaction block.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn _require_no_block() {
        if crate::pg::xact::in_block() {
            crate::error::change::in_transaction_block().raise();
        }
        if !crate::pg::spi::caller_may_commit() {
            crate::error::change::in_function().raise();
        }
    }

    /// Says where a change stands, as a NOTICE.
    #[pg_extern(volatile)]
    #[search_path(pg_catalog, pg_temp)]
    fn _say_where(change: Option<i64>) {
        stands::tell(store::visible(given("change", change)).id);
    }
}
