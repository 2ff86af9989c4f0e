//! guard: destructive DDL only as a step of an expand/contract change.
mod break_glass;
mod dump_script;
mod events;
mod explain;
mod foresee;
mod grantee;
mod judge;
pub mod later;
mod log;
mod readers;
mod refusal;
mod self_protection;
mod self_test;
mod victim;
mod wish;
mod write;

pub use events::{forget as forget_events, running};
pub use foresee::victim_of_loss;
pub use judge::{Layer, judge};
pub use refusal::write_refusals;
pub use self_test::run as self_test;
pub use victim::{Victim, victim_of_truncate};
pub use write::{Write, judge_write, take_nothing_yet};

use crate::error::{given, whole};
use crate::pg::ddl::Ddl;
use crate::pg::guard::Sight;
use crate::pg::loading::Mode;
use crate::pg::object::Address;
use crate::pg::{catalog, hooks, loading};
use crate::registry::status::StatusRow;
use pgrx::prelude::*;
use pgrx::{JsonB, pg_sys};

/// Before a statement: judges what it would do. Returns the objects that were judged, so that what is seen when they go
/// is not judged again.
pub fn before(layer: Layer, sight: &Sight, ddl: &Ddl) -> Vec<Address> {
    judge::begin();
    again(layer, sight, ddl)
}

/// Whether anything is declared here that a statement could be refused for.
#[must_use]
pub fn may_refuse() -> bool {
    !crate::registry::bare::has_no_datasets()
}

/// The same once more, after it had to wait for its locks: what was said before is not said again.
pub fn again(layer: Layer, sight: &Sight, ddl: &Ddl) -> Vec<Address> {
    let victims = foresee::victims(sight, ddl);
    let judged = victims.iter().filter(|v| !v.harmless).filter_map(|v| v.object).collect();
    judge::judge_more(layer, victims);
    judged
}

/// Whether a statement does nothing that a rule is about, but that it may have to wait.
#[must_use]
pub fn has_no_victims(statement: &crate::pg::guard::Parsed) -> bool {
    foresee::victims(&statement.look(), &statement.ddl())
        .iter()
        .all(|v| v.harmless || foresee::WAITS.contains(&v.rule))
}

/// After a statement: judges what it took away beyond what was foreseen.
pub fn after(layer: Layer, mut victims: Vec<Victim>, foreseen: &[Address]) {
    let is_foreseen = |v: &Victim| {
        v.object.is_some_and(|o| foreseen.contains(&o) || foreseen.contains(&Address { sub: 0, ..o }))
    };
    victims.retain(|v| !is_foreseen(v));
    // A schema by itself holds nothing.
    if victims.iter().any(|v| v.rule != "ban-drop-schema") {
        judge(layer, victims);
    }
}

/// TRUNCATE seen by the audit trigger: the only place in mode installed that sees it.
pub fn on_truncate(relid: pg_sys::Oid) {
    if hooks::active() || !crate::settings::ENABLED.get() || loading::creating_extension() {
        return; // the hook sees every TRUNCATE, its cascades included
    }
    if let Some(name) = catalog::relation_name(relid) {
        judge(Layer::AuditTrigger, vec![victim_of_truncate(relid, name)]);
    }
}

/// What `status()` says about the guard.
#[must_use]
pub fn status() -> Vec<StatusRow> {
    let mut rows = vec![if crate::settings::ENABLED.get() {
        StatusRow::on(
            "guard",
            "",
            "every statement is judged by the objects it hits, before it runs; SELECT * FROM governance.rules",
        )
    } else {
        StatusRow::off(
            "guard",
            "",
            "governance.enabled is off: nothing is guarded",
            Some("ALTER SYSTEM SET governance.enabled = on; SELECT pg_reload_conf();".into()),
        )
    }];
    if loading::mode() == Mode::Installed {
        rows.push(StatusRow::off(
            "guard.below_event_triggers",
            "",
            "no event trigger fires for TRUNCATE (but on audited tables), DELETE and UPDATE, VACUUM FULL, CLUSTER, REINDEX, LOCK, SET, roles, databases, ALTER SYSTEM, large objects and writes to catalogs, and a superuser can disable event triggers: in mode installed nothing stands below them",
            Some("SELECT * FROM governance.attach();".to_string()),
        ));
    }
    rows.push(refusal::status());
    if crate::registry::restore::is_restoring() {
        rows.push(StatusRow::off(
            "guard.restoring",
            "observe",
            "this database is being restored: the guard only observes",
            Some("SELECT governance.confirm_restore();".into()),
        ));
    }
    rows.push(StatusRow::off(
        "guard.not_seen",
        "",
        "setval() and lo_truncate() are functions like any other, files of the server are out of reach, and so is a superuser who loads a library",
        None,
    ));
    rows
}

/// The SQL surface.
#[pg_schema]
pub mod governance {
    use super::*;
    use pgrx::datum::TimestampWithTimeZone;

    /// Lets one role pass one hazard for a short time; takes effect when the transaction has committed.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn break_glass(
        reason: Option<&str>,
        hazards: default!(Option<Vec<Option<String>>>, "'{data_loss}'"),
        scope: default!(Option<&str>, "NULL"),
        for_role: default!(Option<&str>, "session_user"),
        uses: default!(Option<i32>, "1"),
        valid_until: default!(
            Option<TimestampWithTimeZone>,
            "pg_catalog.now() + pg_catalog.interval '15 min'"
        ),
    ) -> pgrx::Uuid {
        let uses = given("uses", uses);
        crate::registry::duty::require_operator("break_glass");
        break_glass::open(reason, whole("hazards", hazards), scope, for_role, uses, valid_until)
    }

    /// What statements would do to the database as it is, and what the guard would say. Runs nothing and changes nothing.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    #[allow(clippy::type_complexity)] // the columns that the design lists
    fn explain_ddl(
        ddl: Option<&str>,
        search_path: default!(Option<&str>, "pg_catalog.current_setting('search_path')"),
    ) -> TableIterator<
        'static,
        (
            name!(statement, String),
            name!(rule, Option<String>),
            name!(hazard, Option<String>),
            name!(level, Option<String>),
            name!(verdict, String),
            name!(object, Option<String>),
            name!(lock_mode, Option<String>),
            name!(rewrites, bool),
            name!(scan_bytes, i64),
            name!(victims, Vec<String>),
            name!(readers, Option<JsonB>),
            name!(blocked_by, Vec<i32>),
            name!(advice, Option<String>),
        ),
    > {
        let rows = explain::explain(given("ddl", ddl), search_path.unwrap_or_default());
        TableIterator::new(rows.into_iter().map(|r| {
            let (rule, hazard, level) = match r.rule {
                Some((rule, hazard, level)) => (Some(rule), Some(hazard), Some(level)),
                None => (None, None, None),
            };
            (
                r.statement,
                rule,
                hazard,
                level,
                r.verdict,
                r.object,
                r.lock_mode,
                r.rewrites,
                r.scan_bytes,
                r.victims,
                r.readers.map(JsonB),
                r.blocked_by,
                r.advice,
            )
        }))
    }

    /// Ends every break-glass that is open; returns how many there were.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn end_break_glass() -> i64 {
        crate::registry::duty::require_operator("end_break_glass");
        break_glass::end_all()
    }

    /// Event trigger on ddl_command_start.
    #[pg_extern(sql = "CREATE FUNCTION governance._on_ddl_start() RETURNS event_trigger
        LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';")]
    pub fn _on_ddl_start(call: pg_sys::FunctionCallInfo) {
        events::on_start(call);
    }

    /// Event trigger on ddl_command_end.
    #[pg_extern(sql = "CREATE FUNCTION governance._on_ddl_end() RETURNS event_trigger
        LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';")]
    pub fn _on_ddl_end(call: pg_sys::FunctionCallInfo) {
        events::on_end(call);
    }

    /// Event trigger on sql_drop.
    #[pg_extern(sql = "CREATE FUNCTION governance._on_sql_drop() RETURNS event_trigger
        LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';")]
    pub fn _on_sql_drop(call: pg_sys::FunctionCallInfo) {
        events::on_drop(call);
    }
}
