//! registry: parties, datasets, consumers, tags, levels, duties, proposals, decisions, the manifest.
pub mod attach;
pub mod bare;
pub mod carry;
pub mod carry_deprecation;
pub mod consumer;
pub mod dataset;
pub mod decision;
pub mod deprecation;
pub mod doubt;
pub mod duty;
pub mod former_column;
pub mod grant;
pub mod identity;
pub mod ladder;
pub mod level;
pub mod level_effect;
pub mod manifest;
pub mod mention;
pub mod overriding;
pub mod party;
pub mod preview;
pub mod proposal;
pub mod rename;
pub mod rename_column;
pub mod rename_proposal;
mod rename_schema;
pub mod restore;
pub mod role;
pub mod sight;
pub mod stated;
pub mod status;
pub mod strictness;
pub mod surface;
pub mod tagging;
pub mod transfer;
pub mod tree;

use crate::error::{given, whole};
use crate::pg::regclass::Relation;
use crate::pg::spi;
use crate::pg::turn::Turn;
use ladder::Ladder;
use pgrx::prelude::*;
use tagging::Tag;

/// Lets no other act on many relations run until the transaction ends: they would wait for each other in a circle.
pub fn one_at_a_time() {
    spi::require_writable();
    Turn::Many.take(0);
}

/// More relations than this are not held one by one.
const MANY_RELATIONS: usize = 500;

/// Holds the names of all relations where an act concerns very many: DDL waits until it has committed.
pub fn hold_if_many(relations: usize) {
    if relations > MANY_RELATIONS {
        crate::pg::regclass::hold_all(true);
    }
}

/// The SQL surface.
#[pg_schema]
pub mod governance {
    use super::*;
    use pgrx::datum::{Interval, TimestampWithTimeZone};

    /// Declares a party, or changes it: NULL leaves as it is.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn declare_party(
        name: Option<&str>,
        kind: default!(Option<&str>, "NULL"),
        db_roles: default!(Option<Vec<Option<String>>>, "NULL"),
        contact: default!(Option<&str>, "NULL"),
    ) {
        let name = given("name", name);
        duty::require_operator("declaring a party");
        party::declare(name, kind, whole("db_roles", db_roles).as_deref(), contact);
    }

    /// Forgets a party that nothing names any more.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn forget_party(name: Option<&str>) {
        duty::require_operator("forgetting a party");
        let name = given("name", name);
        party::forget(name);
    }

    /// Declares a dataset, or changes what is declared: NULL leaves as it is, `clear` empties the fields it names.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn declare_dataset(
        relation: Option<Relation>,
        owner: default!(Option<String>, "NULL"),
        class: default!(Option<String>, "NULL"),
        steward: default!(Option<String>, "NULL"),
        domain: default!(Option<String>, "NULL"),
        concept: default!(Option<String>, "NULL"),
        arbiter: default!(Option<String>, "NULL"),
        consistency: default!(Option<String>, "NULL"),
        max_staleness: default!(Option<Interval>, "NULL"),
        description: default!(Option<String>, "NULL"),
        clear: default!(Option<Vec<Option<String>>>, "NULL"),
    ) {
        let relation = given("relation", relation);
        let relation = relation.held();
        duty::require_owner("declaring a dataset", relation, false);
        restore::end_if_over();
        let clear = whole("clear", clear).unwrap_or_default();
        duty::require_may_appoint(relation, steward.as_deref(), clear.iter().any(|c| c == "steward"));
        let may_weaken = duty::is_steward(relation) || duty::is_operator();
        let name = relation.name();
        let before = Ladder::of(&name);
        dataset::declare(
            relation,
            dataset::Statement {
                owner,
                class,
                steward,
                domain,
                concept,
                arbiter,
                consistency,
                max_staleness,
                description,
                clear,
                in_bulk: false,
            },
        );
        let now = Ladder::of(&name);
        if super::level::require_reason_if_lower(&before, &now) && !may_weaken {
            duty::require_steward("a declaration that lowers levels", relation);
        }
        super::level::say_what_changed(&name, &before, &now);
    }

    /// Forgets a dataset; takes effect when the transaction has committed.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn forget_dataset(relation: Option<Relation>, reason: default!(Option<&str>, "NULL")) {
        let relation = given("relation", relation);
        let relation = relation.held();
        duty::require_steward("forgetting a dataset", relation);
        dataset::forget(relation, &duty::reason_for("forget_dataset", reason));
    }

    /// Tags a column with what it holds.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn tag_column(
        relation: Option<Relation>,
        column_name: Option<&str>,
        tag: Option<&str>,
        path: default!(Option<&str>, "NULL"),
    ) {
        let relation = given("relation", relation);
        let column_name = given("column_name", column_name);
        let tag = given("tag", tag);
        let relation = relation.held();
        duty::require_owner("tagging a column", relation, false);
        tagging::require_reach(relation.0, [(column_name.to_string(), tag.to_string())]);
        tagging::tag(relation, column_name, Tag { tag, path: path.unwrap_or_default() }, "declared");
    }

    /// Takes a tag from a column; takes effect when the transaction has committed.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn untag_column(
        relation: Option<Relation>,
        column_name: Option<&str>,
        tag: Option<&str>,
        reason: default!(Option<&str>, "NULL"),
        path: default!(Option<&str>, "NULL"),
    ) {
        let relation = given("relation", relation);
        let column_name = given("column_name", column_name);
        let tag = given("tag", tag);
        let relation = relation.held();
        duty::require_steward("untagging a column", relation);
        let tag = Tag { tag, path: path.unwrap_or_default() };
        tagging::untag(relation, column_name, tag, &duty::reason_for("untag_column", reason));
    }

    /// Sets the level of a feature.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn set_level(
        feature: Option<&str>,
        level: Option<&str>,
        scope: default!(Option<&str>, "NULL"),
        reason: default!(Option<&str>, "NULL"),
        valid_until: default!(Option<TimestampWithTimeZone>, "NULL"),
        floor: default!(Option<bool>, "false"),
    ) {
        let feature = given("feature", feature);
        let level = given("level", level);
        let floor = given("floor", floor);
        duty::require_operator("setting a level");
        restore::end_if_over();
        super::level::set_and_say(feature, level, scope, reason, valid_until, floor);
    }

    /// Takes a level away; takes effect when the transaction has committed.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn reset_level(
        feature: Option<&str>,
        scope: default!(Option<&str>, "NULL"),
        reason: default!(Option<&str>, "NULL"),
    ) {
        let feature = given("feature", feature);
        duty::require_operator("resetting a level");
        super::level::reset(feature, scope, reason);
    }

    /// What was observed since a time, replayed against a level that is not set yet.
    #[pg_extern(stable)]
    #[search_path(pg_catalog, pg_temp)]
    fn preview_level(
        feature: Option<&str>,
        level: Option<&str>,
        scope: default!(Option<&str>, "NULL"),
        since: default!(Option<TimestampWithTimeZone>, "NULL"),
    ) -> TableIterator<
        'static,
        (
            name!(object, String),
            name!(role, String),
            name!(application, Option<String>),
            name!(times, i64),
            name!(last_at, TimestampWithTimeZone),
            name!(example, Option<String>),
            name!(verdict, String),
        ),
    > {
        let feature = given("feature", feature);
        let level = given("level", level);
        let lines = super::preview::preview(feature, level, scope, since);
        TableIterator::new(
            lines.into_iter().map(|l| {
                (l.object, l.role, l.application, l.times, l.last_at, l.example, l.verdict.to_string())
            }),
        )
    }

    /// The level of every feature for a relation and where it comes from.
    #[pg_extern(stable)]
    #[search_path(pg_catalog, pg_temp)]
    fn effective_levels(
        relation: Relation,
    ) -> TableIterator<'static, (name!(feature, String), name!(level, String), name!(source, String))> {
        let name = relation.name();
        if !sight::may_see(Some(relation.0)) {
            crate::error::registry::not_to_be_seen(&name).raise();
        }
        let rows = tree::effective_levels(relation.0, &name);
        TableIterator::new(rows.into_iter().map(|(f, r)| (f, r.level.as_str().to_string(), r.source)))
    }

    /// Whether the current user may see what is declared and recorded about a relation: any privilege on it, or a
    /// duty. NULL (the relation is gone) only with a duty.
    #[pg_extern(stable, parallel_safe)]
    #[search_path(pg_catalog, pg_temp)]
    pub fn _may_see(relation: Option<pgrx::pg_sys::Oid>) -> bool {
        super::sight::may_see(relation)
    }

    /// Whether the current user holds a duty.
    #[pg_extern(stable, parallel_safe)]
    #[search_path(pg_catalog, pg_temp)]
    pub fn _has_duty(duty: &str) -> bool {
        duty::holds(duty)
    }

    /// The id of a proposal: the same guess has the same id.
    #[pg_extern(immutable, parallel_safe)]
    #[search_path(pg_catalog, pg_temp)]
    pub fn _proposal_id(
        kind: &str,
        schema_name: Option<&str>,
        relation_name: Option<&str>,
        column_name: Option<&str>,
        value: &str,
    ) -> i64 {
        crate::core::registry::proposal_id::of(kind, schema_name, relation_name, column_name, value)
    }

    /// The words of a name in lower case, the last one singular: what guesses go by.
    #[pg_extern(immutable, parallel_safe)]
    #[search_path(pg_catalog, pg_temp)]
    pub fn _words(name: &str) -> Vec<String> {
        crate::core::registry::words::of(name)
    }

    /// Trigger: tells all backends that cached declarations are stale.
    #[pg_trigger]
    pub fn _touch_cache<'a>(
        _trigger: &'a pgrx::PgTrigger<'a>,
    ) -> Result<Option<PgHeapTuple<'a, impl WhoAllocated>>, pgrx::heap_tuple::PgHeapTupleError> {
        crate::pg::cache::touch();
        Ok(None::<PgHeapTuple<'a, AllocatedByRust>>)
    }

    /// Trigger: declarations that a dump brings begin the restoring state.
    #[pg_trigger]
    pub fn _note_restore<'a>(
        _trigger: &'a pgrx::PgTrigger<'a>,
    ) -> Result<Option<PgHeapTuple<'a, impl WhoAllocated>>, pgrx::heap_tuple::PgHeapTupleError> {
        super::restore::begin();
        Ok(None::<PgHeapTuple<'a, AllocatedByRust>>)
    }
}
