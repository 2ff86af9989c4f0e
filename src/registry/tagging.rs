//! Column tags: which column holds what.
use crate::audit::{self, Act};
use crate::core::privacy::path::Path;
use crate::error;
use crate::pg::catalog::{self, Name};
use crate::pg::regclass::Relation;
use crate::pg::{cache, mask, owner, roles, spi};
use crate::privacy::unclassified;
use crate::registry::duty;
use pgrx::pg_sys;
use serde_json::{Value, json};

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
        unknown(tag);
    }
}

/// Refuses a tag that is not in the vocabulary.
pub fn unknown(tag: &str) -> ! {
    let known: Vec<String> =
        owner::run(|| spi::select("SELECT name FROM governance.tag ORDER BY name", &[], |r| r.must(1)));
    error::registry::no_such_tag(tag, &known).raise();
}

/// What a column holds: a tag, and where in it, for JSON.
#[derive(Clone, Copy)]
pub struct Tag<'a> {
    /// A tag of the vocabulary.
    pub tag: &'a str,
    /// A path inside a JSON column; empty for all of it.
    pub path: &'a str,
}

impl Tag<'_> {
    fn json(self, source: &str) -> Value {
        let mut said = json!({"tag": self.tag, "source": source});
        if !self.path.is_empty() {
            said["path"] = self.path.into();
        }
        said
    }
}

/// Tags a column. Tagging twice is no error. What is classified is no longer unclassified.
pub fn tag(relation: Relation, column: &str, tag: Tag, source: &str) {
    restate(relation, column, tag, source, false);
}

/// The same for a tag that may wait for its column: a manifest brings it as it is.
pub fn restate(relation: Relation, column: &str, tag: Tag, source: &str, waits: bool) {
    let name = super::dataset::governable(relation);
    require_column_or_wait(relation, &name, column, waits);
    require_tag(tag.tag);
    require_path(relation, &name, column, tag);
    if tag.tag != unclassified::TAG {
        take(&name, column, Tag { tag: unclassified::TAG, path: "" });
    }
    mark(relation, &name, column, tag, source);
}

/// What a view's column is tagged as, the columns bear that it shows: so that takes the duty of their owners. The same
/// where a view that bears tags is made to show something else.
pub fn require_reach(view: pg_sys::Oid, tags: impl IntoIterator<Item = (String, String)>) {
    if catalog::relation_kind(view) != Some(b'v') {
        return;
    }
    let mut columns = mask::Columns::new();
    for (column, tag) in tags {
        columns.entry(column).or_default().insert(tag);
    }
    if !columns.is_empty() {
        for relid in mask::reached_through(view, columns) {
            duty::require_owner("tagging what a view shows", Relation(relid), false);
        }
    }
}

/// Checks a path, and that the column can have one.
fn require_path(relation: Relation, name: &Name, column: &str, tag: Tag) {
    if tag.path.is_empty() {
        return;
    }
    if let Err(why) = Path::parse(tag.path) {
        error::privacy::bad_path(tag.path, &why).raise();
    }
    if catalog::column_number(relation.0, column).is_some() && !may_have_paths(relation, column) {
        error::privacy::no_json(name, column).raise();
    }
}

/// Whether a column is JSON, inside of which paths lead somewhere.
#[must_use]
pub fn may_have_paths(relation: Relation, column: &str) -> bool {
    let of_type = catalog::column_number(relation.0, column).map(|n| catalog::base_type(relation.0, n));
    of_type.is_some_and(|t| [pg_sys::JSONOID, pg_sys::JSONBOID].contains(&t))
}

/// Writes a tag, whoever it is that has it written.
pub fn mark(relation: Relation, name: &Name, column: &str, tag: Tag, source: &str) {
    let me = roles::name(roles::current());
    let new = owner::run(|| {
        spi::execute_returning(
            "INSERT INTO governance.column_tag AS t
                    (schema_name, relation_name, column_name, tag, path, source, tagged_by)
             VALUES ($1, $2, $3, $4, $7, $5, $6)
             ON CONFLICT (schema_name, relation_name, column_name, tag, path) DO UPDATE
                SET untagged_by_xid = NULL, source = excluded.source, tagged_at = now(), tagged_by = excluded.tagged_by
              WHERE t.untagged_by_xid IS NOT NULL OR t.source = 'copied'
             RETURNING true",
            &[
                name.schema.as_str().into(),
                name.relation.as_str().into(),
                column.into(),
                tag.tag.into(),
                source.into(),
                me.as_str().into(),
                tag.path.into(),
            ],
            |r| r.must::<bool>(1),
        )
    });
    super::identity::bind(relation.0, name);
    cache::invalidate_relation(relation.0);
    if !new.is_empty() {
        audit::act(Act {
            verb: "tag_column",
            object: &format!("{name}.{}", pgrx::spi::quote_identifier(column)),
            relation: Some(relation),
            before: None,
            after: Some(tag.json(source)),
            reason: None,
        });
    }
}

/// Takes a tag away; it holds until this transaction has committed.
pub fn untag(relation: Relation, column: &str, tag: Tag, reason: &str) {
    let name = relation.name();
    if !take(&name, column, tag) {
        error::registry::not_tagged(&name, column, tag.tag).raise();
    }
    cache::invalidate_relation(relation.0);
    audit::act(Act {
        verb: "untag_column",
        object: &format!("{name}.{}", pgrx::spi::quote_identifier(column)),
        relation: Some(relation),
        before: Some(json!({"tag": tag.tag, "path": tag.path})),
        after: None,
        reason: Some(reason),
    });
}

/// Marks a tag as taken by the running transaction; whether there was one.
fn take(name: &Name, column: &str, tag: Tag) -> bool {
    let taken = owner::run(|| {
        spi::execute(
            "UPDATE governance.column_tag SET untagged_by_xid = pg_current_xact_id()
              WHERE schema_name = $1 AND relation_name = $2 AND column_name = $3 AND tag = $4 AND path = $5
                AND untagged_by_xid IS NULL",
            &[
                name.schema.as_str().into(),
                name.relation.as_str().into(),
                column.into(),
                tag.tag.into(),
                tag.path.into(),
            ],
        )
    });
    taken > 0
}
