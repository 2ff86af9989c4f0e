//! lineage: flows from query trees, and walking them up and down the stream.
mod flow;
mod record;
mod travel;

pub use record::{record_ddl, record_statement};

use crate::core::lineage::graph::Way;
use crate::error::given;
use crate::pg::regclass::Relation;
use crate::registry::status::StatusRow;
use pgrx::prelude::*;

/// The SQL surface.
#[pg_schema]
pub mod governance {
    use super::*;

    /// Where the columns that a statement delivers come from. Runs nothing.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn lineage(
        sql: &str,
        search_path: default!(&str, "pg_catalog.current_setting('search_path')"),
    ) -> TableIterator<
        'static,
        (
            name!(output_relation, Option<Relation>),
            name!(output_column, Option<String>),
            name!(input_relation, Relation),
            name!(input_column, Option<String>),
            name!(kind, String),
            name!(subtype, String),
            name!(output_name, Option<String>),
        ),
    > {
        let mut rows = Vec::new();
        for delivery in crate::pg::lineage::statement::lineage(sql, search_path) {
            for edge in delivery.edges {
                rows.push((
                    delivery.relation.map(Relation),
                    edge.output,
                    Relation(edge.input),
                    edge.column,
                    edge.role.kind().to_string(),
                    edge.role.subtype().to_string(),
                    delivery.name.clone(),
                ));
            }
        }
        TableIterator::new(rows)
    }

    /// Everything a relation, or one of its columns, comes from.
    #[pg_extern(stable)]
    #[search_path(pg_catalog, pg_temp)]
    fn upstream(
        relation: Option<Relation>,
        column_name: default!(Option<&str>, "NULL"),
        max_depth: default!(Option<i32>, "NULL"),
    ) -> TableIterator<
        'static,
        (
            name!(depth, i32),
            name!(relation, Option<Relation>),
            name!(column_name, Option<String>),
            name!(kind, String),
            name!(subtype, String),
            name!(via, String),
            name!(path, String),
            name!(relation_name, String),
        ),
    > {
        let relation = given("relation", relation);
        TableIterator::new(
            travel::walk(relation, column_name, max_depth, Way::Up).into_iter().map(travel::row),
        )
    }

    /// Everything that comes from a relation, or from one of its columns.
    #[pg_extern(stable)]
    #[search_path(pg_catalog, pg_temp)]
    fn downstream(
        relation: Option<Relation>,
        column_name: default!(Option<&str>, "NULL"),
        max_depth: default!(Option<i32>, "NULL"),
    ) -> TableIterator<
        'static,
        (
            name!(depth, i32),
            name!(relation, Option<Relation>),
            name!(column_name, Option<String>),
            name!(kind, String),
            name!(subtype, String),
            name!(via, String),
            name!(path, String),
            name!(relation_name, String),
        ),
    > {
        let relation = given("relation", relation);
        TableIterator::new(
            travel::walk(relation, column_name, max_depth, Way::Down).into_iter().map(travel::row),
        )
    }

    /// Declares a flow that the server cannot see.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn declare_flow(source: Option<&str>, target: Option<&str>, description: default!(Option<&str>, "NULL")) {
        let source = given("source", source);
        let target = given("target", target);
        flow::declare(source, target, description);
    }

    /// Forgets a declared flow.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn forget_flow(source: Option<&str>, target: Option<&str>, reason: default!(Option<&str>, "NULL")) {
        let source = given("source", source);
        let target = given("target", target);
        flow::forget(source, target, reason);
    }

    /// Records what a statement moves into a relation, as the audit triggers do.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn _record_statement(
        relation: Relation,
        sql: &str,
        search_path: default!(&str, "pg_catalog.current_setting('search_path')"),
    ) {
        record_statement(relation, sql, Some(search_path));
    }

    /// Records what a relation is made of, as the event trigger does.
    #[pg_extern]
    #[search_path(pg_catalog, pg_temp)]
    fn _record_ddl(
        relation: Relation,
        sql: &str,
        search_path: default!(&str, "pg_catalog.current_setting('search_path')"),
    ) {
        record_ddl(relation.0, sql, Some(search_path));
    }
}

/// What `status()` says about lineage.
#[must_use]
pub fn status() -> Vec<StatusRow> {
    vec![
        StatusRow::on(
            "lineage",
            "",
            "lineage(), upstream() and downstream() read query trees; flows holds what audited statements and DDL moved, \
             and what was declared",
        ),
        StatusRow::off(
            "lineage.functions",
            "",
            "statements inside functions are not followed, and a function's result counts as computed from its arguments; \
             declare_flow() names what they move",
            None,
        ),
        StatusRow::off(
            "lineage.runtime",
            "",
            "only statements that write audited relations are recorded; COPY FROM, reads and replication are not",
            None,
        ),
        StatusRow::off(
            "lineage.tags",
            "",
            "tags are not yet carried along flows; openlineage_events(), blame() and lineage_coverage() are not there yet",
            None,
        ),
    ]
}
