//! What moves when a column gets another name.
use super::rename::FOLLOWERS;
use super::stated::{self, Stated};
use super::{former_column, rename_proposal};
use crate::pg::catalog::Name;
use crate::pg::{cache, catalog, owner, spi};
use pgrx::pg_sys;

/// A column got another name, in the relation and in everything that inherits from it.
pub fn column_renamed(relid: pg_sys::Oid, before: &str, now: &str) {
    let was = naming(relid, before, now);
    owner::run(|| {
        for (table, prefix, has_column) in FOLLOWERS {
            // A column in quarantine has left its name: should it come back, so does what was said about its end.
            if *has_column && !(*table == "deprecation" && crate::change::is_acting()) {
                if *table == "flow" {
                    clear_flows(relid, prefix, now);
                }
                if *table == "column_tag" {
                    merge_tags(relid, before, now);
                }
                if *table == "deprecation" {
                    merge_deprecations(relid, before, now);
                }
                if *table == "proposal" {
                    rename_proposal::make_way_for_column(relid, before, now);
                }
                spi::execute(
                    &format!(
                        "WITH RECURSIVE tree AS (
                            SELECT $1::oid AS relid
                            UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree t ON t.relid = i.inhparent)
                         UPDATE governance.{table} f SET {prefix}column_name = $3
                           FROM tree JOIN pg_class c ON c.oid = tree.relid JOIN pg_namespace n ON n.oid = c.relnamespace
                          WHERE f.{prefix}schema_name = n.nspname AND f.{prefix}relation_name = c.relname
                            AND f.{prefix}column_name = $2"
                    ),
                    &[relid.into(), before.into(), now.into()],
                );
            }
        }
        for (table, list) in [
            ("consumer", "columns"),
            ("audited_relation", "exclude_columns"),
            ("audited_relation", "was_exclude_columns"),
        ] {
            spi::execute(
                &format!(
                    "WITH RECURSIVE tree AS (
                        SELECT $1::oid AS relid
                        UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree t ON t.relid = i.inhparent)
                     UPDATE governance.{table} f SET {list} = array_replace({list}, $2, $3)
                       FROM tree JOIN pg_class c ON c.oid = tree.relid JOIN pg_namespace n ON n.oid = c.relnamespace
                      WHERE f.schema_name = n.nspname AND f.relation_name = c.relname AND $2 = ANY ({list})"
                ),
                &[relid.into(), before.into(), now.into()],
            );
        }
        rename_proposal::name_anew();
    });
    let object = |name: &Name| format!("{name}.{}", pgrx::spi::quote_identifier(now));
    stated::record_changes("follow_rename", was, object, (Some(("column", before)), Some(("column", now))));
    former_column::left(relid, before, now);
    former_column::taken(relid);
    cache::touch();
}

/// What is stated about the relation, and about each that inherits from it, where that names the column by either name.
fn naming(relid: pg_sys::Oid, before: &str, now: &str) -> Vec<(Name, Stated)> {
    let names = owner::run(|| {
        spi::select(
            "WITH RECURSIVE tree AS (
                SELECT $1::oid AS relid
                UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree t ON t.relid = i.inhparent),
             named AS (
                SELECT schema_name, relation_name FROM governance.column_tag WHERE column_name = ANY ($2)
                UNION SELECT schema_name, relation_name FROM governance.deprecation
                       WHERE column_name = ANY ($2) OR replacement = ANY ($2)
                UNION SELECT schema_name, relation_name FROM governance.consumer WHERE columns && $2
                UNION SELECT schema_name, relation_name FROM governance.audited_relation WHERE exclude_columns && $2)
             SELECT schema_name, relation_name
               FROM tree JOIN pg_class c ON c.oid = tree.relid JOIN pg_namespace n ON n.oid = c.relnamespace
               JOIN named ON (schema_name, relation_name) = (n.nspname, c.relname) ORDER BY 1, 2",
            &[relid.into(), vec![before.to_string(), now.to_string()].into()],
            |r| Name { schema: r.must(1), relation: r.must(2) },
        )
    });
    names.into_iter().map(|name| (name.clone(), stated::of(&name))).collect()
}

/// Tags that a column of the new name left behind: both are kept, each once, and what was untagged says nothing.
fn merge_tags(relid: pg_sys::Oid, before: &str, now: &str) {
    for (loser, dead) in [("n", "AND n.untagged_by_xid IS NOT NULL"), ("o", "")] {
        let other = if loser == "n" { "o" } else { "n" };
        spi::execute(
            &format!(
                "WITH RECURSIVE tree AS (
                    SELECT $1::oid AS relid
                    UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree t ON t.relid = i.inhparent)
                 DELETE FROM governance.column_tag {loser}
                  USING governance.column_tag {other}, tree
                   JOIN pg_class c ON c.oid = tree.relid JOIN pg_namespace s ON s.oid = c.relnamespace
                  WHERE (o.schema_name, o.relation_name, o.column_name) = (s.nspname, c.relname, $2)
                    AND (n.schema_name, n.relation_name, n.column_name) = (s.nspname, c.relname, $3)
                    AND (o.tag, o.path) = (n.tag, n.path) {dead}"
            ),
            &[relid.into(), before.into(), now.into()],
        );
    }
}

/// A deprecation that a dropped column left under the new name says nothing about this one; a replacement that is renamed
/// is still the replacement.
fn merge_deprecations(relid: pg_sys::Oid, before: &str, now: &str) {
    let of_this = "(d.schema_name, d.relation_name) = (SELECT n.nspname, c.relname FROM pg_class c
                         JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1)";
    spi::execute(
        &format!(
            "DELETE FROM governance.deprecation d WHERE {of_this} AND d.column_name = $3 AND EXISTS
                (SELECT FROM governance.deprecation o WHERE (o.schema_name, o.relation_name, o.column_name)
                    = (d.schema_name, d.relation_name, $2))"
        ),
        &[relid.into(), before.into(), now.into()],
    );
    spi::execute(
        &format!(
            "UPDATE governance.deprecation d SET replacement = $3 WHERE {of_this} AND d.replacement = $2"
        ),
        &[relid.into(), before.into(), now.into()],
    );
}

/// Flows of a column that bore a name before say nothing about the column that takes it.
fn clear_flows(relid: pg_sys::Oid, prefix: &str, column: &str) {
    spi::execute(
        &format!(
            "WITH RECURSIVE tree AS (
                SELECT $1::oid AS relid
                UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree t ON t.relid = i.inhparent)
             DELETE FROM governance.flow f
              USING tree JOIN pg_class c ON c.oid = tree.relid JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE f.{prefix}schema_name = n.nspname AND f.{prefix}relation_name = c.relname
                AND f.{prefix}column_name = $2"
        ),
        &[relid.into(), column.into()],
    );
}

/// An attribute of a composite type got another name, and with it columns of the tables made of the type.
pub fn attribute_renamed(composite: pg_sys::Oid, before: &str, now: &str) {
    catalog::typed_tables(composite).into_iter().for_each(|relid| column_renamed(relid, before, now));
}
