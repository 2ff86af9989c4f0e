//! Column tags: which column holds what.
use crate::audit::{self, Act};
use crate::error;
use crate::pg::catalog::{self, Name};
use crate::pg::regclass::Relation;
use crate::pg::{cache, owner, roles, spi};
use serde_json::json;

/// Longest identifier PostgreSQL keeps, in bytes.
const NAME_MAX: usize = 63;

/// Checks that a column exists under exactly this name. System columns hold nothing of the users'.
pub fn require_column(relation: Relation, name: &Name, column: &str) {
    require_column_or_wait(relation, name, column, false);
}

/// The same; what waits may be about a column that is not there.
pub fn require_column_or_wait(relation: Relation, name: &Name, column: &str, waits: bool) {
    if column.len() > NAME_MAX {
        error::registry::identifier_too_long("column name", column).raise();
    }
    let number = catalog::column_number(relation.0, column);
    if number.is_some_and(|n| n < 0) {
        error::registry::system_column(name, column).raise();
    }
    if number.is_none() && !waits {
        let columns: Vec<String> = owner::run(|| {
            spi::select(
                "SELECT attname::text FROM pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
                &[relation.0.into()],
                |r| r.must(1),
            )
        });
        error::registry::no_such_column(name, column, &columns).raise();
    }
}

/// Checks that a tag is in the vocabulary, and keeps it there until the transaction ends.
pub fn require_tag(tag: &str) {
    let kept = owner::run(|| {
        spi::execute("SELECT FROM governance.tag WHERE name = $1 FOR KEY SHARE", &[tag.into()])
    });
    if kept == 0 {
        let known: Vec<String> =
            owner::run(|| spi::select("SELECT name FROM governance.tag ORDER BY name", &[], |r| r.must(1)));
        error::registry::no_such_tag(tag, &known).raise();
    }
}

/// Tags a column. Tagging twice is no error.
pub fn tag(relation: Relation, column: &str, tag: &str, path: Option<&str>, source: &str) {
    if path.is_some_and(|p| !p.is_empty()) {
        error::not_yet("tagging a path inside a JSON column").raise();
    }
    restate(relation, column, tag, source, false);
}

/// The same for a tag that may wait for its column: a manifest brings it as it is.
pub fn restate(relation: Relation, column: &str, tag: &str, source: &str, waits: bool) {
    let name = super::dataset::governable(relation);
    require_column_or_wait(relation, &name, column, waits);
    require_tag(tag);
    let me = roles::name(roles::current());
    let new = owner::run(|| {
        spi::execute_returning(
            "INSERT INTO governance.column_tag AS t (schema_name, relation_name, column_name, tag, source, tagged_by)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (schema_name, relation_name, column_name, tag, path) DO UPDATE
                SET untagged_by_xid = NULL, source = excluded.source, tagged_at = now(), tagged_by = excluded.tagged_by
              WHERE t.untagged_by_xid IS NOT NULL OR t.source = 'copied'
             RETURNING true",
            &[
                name.schema.as_str().into(),
                name.relation.as_str().into(),
                column.into(),
                tag.into(),
                source.into(),
                me.as_str().into(),
            ],
            |r| r.must::<bool>(1),
        )
    });
    super::identity::bind(relation.0, &name);
    cache::invalidate_relation(relation.0);
    if !new.is_empty() {
        audit::act(Act {
            verb: "tag_column",
            object: &format!("{name}.{}", pgrx::spi::quote_identifier(column)),
            relation: Some(relation),
            before: None,
            after: Some(json!({"tag": tag, "source": source})),
            reason: None,
        });
    }
}

/// Takes a tag away; it holds until this transaction has committed.
pub fn untag(relation: Relation, column: &str, tag: &str, reason: &str) {
    let name = relation.name();
    let done = owner::run(|| {
        spi::execute_returning(
            "UPDATE governance.column_tag SET untagged_by_xid = pg_current_xact_id()
              WHERE schema_name = $1 AND relation_name = $2 AND column_name = $3 AND tag = $4
                AND untagged_by_xid IS NULL
             RETURNING true",
            &[name.schema.as_str().into(), name.relation.as_str().into(), column.into(), tag.into()],
            |r| r.must::<bool>(1),
        )
    });
    if done.is_empty() {
        error::registry::not_tagged(&name, column, tag).raise();
    }
    cache::invalidate_relation(relation.0);
    audit::act(Act {
        verb: "untag_column",
        object: &format!("{name}.{}", pgrx::spi::quote_identifier(column)),
        relation: Some(relation),
        before: Some(json!({"tag": tag})),
        after: None,
        reason: Some(reason),
    });
}
