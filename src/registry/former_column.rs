//! Names that tagged columns left by a rename: a column that takes one gets the tags too, and a person is asked.
use super::carry::{self, Carried};
use super::{doubt, stated};
use crate::pg::catalog::{self, Name};
use crate::pg::{cache, owner, spi};
use pgrx::pg_sys;

/// A relation and all that inherits from it.
const TREE: &str = "WITH RECURSIVE tree AS (
        SELECT $1::oid AS relid UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree t ON t.relid = i.inhparent)";

/// A column got another name, in the relation and in everything that inherits from it, and its tags have followed.
pub fn left(relid: pg_sys::Oid, before: &str, now: &str) {
    owner::run(|| {
        spi::execute(
            &format!(
                "{TREE} UPDATE governance.former_column f SET now_column_name = $3
                   FROM tree JOIN pg_class c ON c.oid = tree.relid JOIN pg_namespace n ON n.oid = c.relnamespace
                  WHERE (f.schema_name, f.relation_name, f.now_column_name) = (n.nspname, c.relname, $2)"
            ),
            &[relid.into(), before.into(), now.into()],
        );
        spi::execute(
            &format!(
                "{TREE} INSERT INTO governance.former_column (schema_name, relation_name, column_name, now_column_name)
                 SELECT n.nspname, c.relname, $2, $3
                   FROM tree JOIN pg_class c ON c.oid = tree.relid JOIN pg_namespace n ON n.oid = c.relnamespace
                  WHERE EXISTS (SELECT FROM governance._column_tag t
                                 WHERE (t.schema_name, t.relation_name, t.column_name) = (n.nspname, c.relname, $3))
                 ON CONFLICT (schema_name, relation_name, column_name) DO UPDATE
                    SET now_column_name = excluded.now_column_name, renamed_at = now()"
            ),
            &[relid.into(), before.into(), now.into()],
        );
    });
}

/// Called after DDL with each relation it made or altered: columns that bear left names, there and in what inherits from
/// it, are tagged as those that left them. A change's own steps see to their tags themselves.
pub fn taken(relid: pg_sys::Oid) {
    if crate::change::is_acting() {
        return;
    }
    let taken = owner::run(|| {
        spi::select(
            &format!(
                "{TREE} SELECT c.oid, f.column_name, f.now_column_name
                   FROM tree JOIN pg_class c ON c.oid = tree.relid JOIN pg_namespace n ON n.oid = c.relnamespace
                   JOIN governance.former_column f ON (f.schema_name, f.relation_name) = (n.nspname, c.relname)
                   JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = f.column_name AND NOT a.attisdropped
                  ORDER BY n.nspname, c.relname, f.column_name"
            ),
            &[relid.into()],
            |r| (r.must::<pg_sys::Oid>(1), r.must::<String>(2), r.must::<String>(3)),
        )
    });
    for (relid, column, heir) in taken {
        if let Some(name) = catalog::relation_name(relid) {
            take(relid, &name, &column, &heir);
        }
    }
}

fn take(relid: pg_sys::Oid, name: &Name, column: &str, heir: &str) {
    owner::run(|| {
        spi::execute(
            "DELETE FROM governance.former_column WHERE (schema_name, relation_name, column_name) = ($1, $2, $3)",
            &[name.schema.as_str().into(), name.relation.as_str().into(), column.into()],
        )
    });
    // It came back to its own name, or was untagged since.
    let tags: Vec<_> = carry::tags_of(name)
        .into_iter()
        .filter(|(c, _)| c == heir && heir != column)
        .map(|(_, tag)| (column.to_string(), tag))
        .collect();
    let was = stated::of(name);
    let tags = carry::copy_tags(name, &tags);
    if tags.is_empty() {
        return;
    }
    super::identity::bind(relid, name);
    cache::touch();
    let why = format!("it took the name that column {} bore before", pgrx::spi::quote_identifier(heir));
    doubt::ask_about_column(name, Some(column), &why, &Carried { tags, ..Carried::default() });
    stated::record("follow_name", relid, name, was, ("column", heir));
}
