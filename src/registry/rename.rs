//! What moves when a relation, a column or a schema gets another name.
use super::identity::{bind, doubt, is_governed, take_over_former_name};
use crate::audit::{self, Act};
use crate::pg::catalog::{self, Name};
use crate::pg::regclass::Relation;
use crate::pg::{cache, owner, spi};
use pgrx::pg_sys;
use serde_json::json;

/// Tables whose rows name a relation by `schema_name` and `relation_name` and follow it through renames: table, prefix
/// of those columns, and whether they name a column too, as `column_name`. A feature that stores relations by name adds
/// its table here, once for each relation that a row names.
const FOLLOWERS: &[(&str, &str, bool)] = &[
    ("dataset", "", false),
    ("column_tag", "", true),
    ("consumer", "", false),
    ("deprecation", "", true),
    ("proposal", "", true),
    ("audited_relation", "", false),
    ("declared_writer", "", false),
    ("boundary_violation", "", false),
    ("waiver", "", false),
    ("flow", "source_", true),
    ("flow", "target_", true),
];

/// A governed relation got another name or schema.
pub fn renamed(relid: pg_sys::Oid, before: &Name, now: &Name) {
    let doubtful = is_governed(now);
    move_rows(before, now);
    owner::run(|| {
        spi::execute(
            "UPDATE governance.former_name SET now_schema_name = $3, now_relation_name = $4
              WHERE now_schema_name = $1 AND now_relation_name = $2",
            &rename_args(before, now),
        );
        spi::execute(
            "INSERT INTO governance.former_name (schema_name, relation_name, now_schema_name, now_relation_name)
             VALUES ($1, $2, $3, $4)
             ON CONFLICT (schema_name, relation_name) DO UPDATE
                SET now_schema_name = excluded.now_schema_name, now_relation_name = excluded.now_relation_name,
                    renamed_at = now()",
            &rename_args(before, now),
        );
    });
    bind(relid, now);
    cache::touch();
    if doubtful {
        doubt(now, &format!("{before} was renamed to a name that was governed already"));
    }
    take_over_former_name(relid, now);
    audit::act(Act {
        verb: "follow_rename",
        object: &now.to_string(),
        relation: Some(Relation(relid)),
        before: Some(json!({"relation": before.to_string()})),
        after: Some(json!({"relation": now.to_string()})),
        reason: None,
    });
}

/// Everything that names a relation names it anew. Where the name was taken already, by what was stated about a relation
/// that is gone, the stricter of both stays.
fn move_rows(before: &Name, now: &Name) {
    owner::run(|| {
        // What was forgotten or untagged says nothing any more; then a declaration made singly wins over one in bulk,
        // and tags of both are kept.
        for merge in [
            "DELETE FROM governance.dataset n USING governance.dataset o WHERE {same} AND n.forgotten_by_xid IS NOT NULL",
            "DELETE FROM governance.dataset o USING governance.dataset n
              WHERE {same} AND (o.forgotten_by_xid IS NOT NULL OR o.in_bulk AND NOT n.in_bulk)",
            "DELETE FROM governance.dataset n USING governance.dataset o WHERE {same}",
            "DELETE FROM governance.column_tag n USING governance.column_tag o
              WHERE {same} AND (o.column_name, o.tag, o.path) = (n.column_name, n.tag, n.path)
                AND n.untagged_by_xid IS NOT NULL",
            "DELETE FROM governance.column_tag o USING governance.column_tag n
              WHERE {same} AND (o.column_name, o.tag, o.path) = (n.column_name, n.tag, n.path)",
            "DELETE FROM governance.consumer o USING governance.consumer n WHERE {same} AND o.party = n.party",
            "DELETE FROM governance.deprecation o USING governance.deprecation n
              WHERE {same} AND o.column_name = n.column_name",
        ] {
            let same = "(o.schema_name, o.relation_name, n.schema_name, n.relation_name) = ($1, $2, $3, $4)";
            spi::execute(&merge.replace("{same}", same), &rename_args(before, now));
        }
        // Flows of a relation that bore the name before say nothing about this one.
        spi::execute(
            "DELETE FROM governance.flow
              WHERE ((source_schema_name, source_relation_name) = ($3, $4)
                  OR (target_schema_name, target_relation_name) = ($3, $4))
                AND evidence <> 'declared' AND ($1, $2) <> ($3, $4)",
            &rename_args(before, now),
        );
        // Declared ones wait under the name; the same one comes once.
        for (end, other) in [("source", "target"), ("target", "source")] {
            spi::execute(
                &format!(
                    "DELETE FROM governance.flow o USING governance.flow n
                      WHERE (o.{end}_schema_name, o.{end}_relation_name, n.{end}_schema_name, n.{end}_relation_name)
                            = ($1, $2, $3, $4)
                        AND (o.{end}_column_name, o.{other}_schema_name, o.{other}_relation_name,
                             o.{other}_column_name, o.subtype, o.evidence)
                            = (n.{end}_column_name, n.{other}_schema_name, n.{other}_relation_name,
                               n.{other}_column_name, n.subtype, n.evidence)"
                ),
                &rename_args(before, now),
            );
        }
        for (table, prefix, _) in FOLLOWERS {
            spi::execute(
                &format!(
                    "UPDATE governance.{table} SET {prefix}schema_name = $3, {prefix}relation_name = $4
                      WHERE {prefix}schema_name = $1 AND {prefix}relation_name = $2"
                ),
                &rename_args(before, now),
            );
        }
        rehash_proposals(now, None);
        // What is in quarantine has to be found again. Before that a rename voids the plan; and a table in quarantine
        // has left its name to others.
        spi::execute(
            "UPDATE governance.change SET schema_name = $3, relation_name = $4
              WHERE schema_name = $1 AND relation_name = $2 AND state = 'contracted'
                AND (kind <> 'drop_table' OR $2 = $4)",
            &rename_args(before, now),
        );
        spi::execute(
            "UPDATE governance.level l SET scope = 'dataset:' || format('%I.%I', $3, $4)
              WHERE scope = 'dataset:' || format('%I.%I', $1, $2)
                AND NOT EXISTS (SELECT FROM governance.level x
                                 WHERE x.feature = l.feature AND x.scope = 'dataset:' || format('%I.%I', $3, $4))",
            &rename_args(before, now),
        );
    });
}

/// The id of a proposal says what it is about: what was rejected is known again only by it. Of two that say the same, the
/// rejected one stays.
fn rehash_proposals(of: &Name, column: Option<&str>) {
    let right = "governance._proposal_id(o.kind, o.schema_name, o.relation_name, o.column_name, o.value)";
    let moved = format!(
        "(o.schema_name, o.relation_name) = ($1, $2) AND ($3 IS NULL OR o.column_name = $3) AND o.id <> {right}"
    );
    let key = [of.schema.as_str().into(), of.relation.as_str().into(), column.map(String::from).into()];
    for statement in [
        "DELETE FROM governance.proposal n USING governance.proposal o WHERE {moved} AND n.id = {right} AND n.state <> 'rejected'",
        "DELETE FROM governance.proposal o WHERE {moved} AND EXISTS (SELECT FROM governance.proposal n WHERE n.id = {right})",
        "UPDATE governance.proposal o SET id = {right} WHERE {moved}",
    ] {
        spi::execute(&statement.replace("{moved}", &moved).replace("{right}", right), &key);
    }
}

/// Both names as the arguments $1 to $4.
pub fn rename_args<'a>(before: &Name, now: &Name) -> [pgrx::datum::DatumWithOid<'a>; 4] {
    [
        before.schema.clone().into(),
        before.relation.clone().into(),
        now.schema.clone().into(),
        now.relation.clone().into(),
    ]
}

/// A column got another name, in the relation and in everything that inherits from it.
pub fn column_renamed(relid: pg_sys::Oid, before: &str, now: &str) {
    owner::run(|| {
        for (table, prefix, has_column) in FOLLOWERS {
            if *has_column {
                if *table == "flow" {
                    clear_flows(relid, prefix, now);
                }
                if *table == "column_tag" {
                    merge_tags(relid, before, now);
                }
                if *table == "deprecation" {
                    merge_deprecations(relid, before, now);
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
        if let Some(name) = catalog::relation_name(relid) {
            rehash_proposals(&name, Some(now));
        }
        spi::execute(
            "UPDATE governance.consumer f SET columns = array_replace(columns, $2, $3)
               FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE c.oid = $1 AND f.schema_name = n.nspname AND f.relation_name = c.relname AND $2 = ANY (columns)",
            &[relid.into(), before.into(), now.into()],
        );
    });
    cache::touch();
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

/// A schema got another name, and with it every relation in it.
pub fn schema_renamed(before: &str, now: &str) {
    for relation in relations_named_in(before) {
        move_rows(
            &Name { schema: before.into(), relation: relation.clone() },
            &Name { schema: now.into(), relation },
        );
    }
    owner::run(|| {
        spi::execute(
            "DELETE FROM governance.former_name n USING governance.former_name o
              WHERE (o.schema_name, n.schema_name) = ($1, $2) AND o.relation_name = n.relation_name",
            &[before.into(), now.into()],
        );
        for (table, prefix) in [("binding", ""), ("former_name", ""), ("former_name", "now_")] {
            spi::execute(
                &format!(
                    "UPDATE governance.{table} SET {prefix}schema_name = $2 WHERE {prefix}schema_name = $1"
                ),
                &[before.into(), now.into()],
            );
        }
        // Of relations that nothing else is stated about, too.
        spi::execute(
            "WITH renamed AS (
                SELECT feature, scope,
                       CASE WHEN scope = 'schema:' || quote_ident($1) THEN 'schema:' || quote_ident($2)
                            ELSE 'dataset:' || quote_ident($2) || substr(scope, length('dataset:' || quote_ident($1)) + 1) END AS now
                  FROM governance.level
                 WHERE scope = 'schema:' || quote_ident($1) OR starts_with(scope, 'dataset:' || quote_ident($1) || '.'))
             UPDATE governance.level l SET scope = r.now FROM renamed r
              WHERE (l.feature, l.scope) = (r.feature, r.scope)
                AND NOT EXISTS (SELECT FROM governance.level x WHERE (x.feature, x.scope) = (r.feature, r.now))",
            &[before.into(), now.into()],
        );
    });
    cache::touch();
}

/// Relations of a schema that anything is stated or recorded about, whether they exist or not.
fn relations_named_in(schema: &str) -> Vec<String> {
    let named: Vec<String> = FOLLOWERS
        .iter()
        .chain(&[("change", "", false)])
        .map(|(table, prefix, _)| {
            format!(
                "SELECT {prefix}relation_name FROM governance.{table}
                  WHERE {prefix}schema_name = $1 AND {prefix}relation_name <> ''"
            )
        })
        .collect();
    owner::run(|| spi::select(&named.join(" UNION "), &[schema.into()], |r| r.must(1)))
}
