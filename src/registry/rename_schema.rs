//! What moves when a schema gets another name.
use super::identity::take_over_former_name;
use super::mention;
use super::rename::{FOLLOWERS, Move, has_levels};
use super::strictness;
use crate::audit::{self, Act};
use crate::pg::catalog::{self, Name};
use crate::pg::{cache, owner, spi};
use pgrx::pg_sys;
use serde_json::json;

/// A schema got another name, and with it every relation in it. Returns those that anything is stated about now, and
/// whether they did not bear their name before.
pub fn schema_renamed(before: &str, now: &str) -> Vec<(pg_sys::Oid, bool)> {
    let in_schema =
        |schema: &str, relation: &String| Name { schema: schema.into(), relation: relation.clone() };
    let scopes_differ = has_levels(now);
    let moves: Vec<Move> = relations_named_in(before)
        .iter()
        .map(|relation| Move::prepare(&in_schema(before, relation), &in_schema(now, relation), scopes_differ))
        .collect();
    moves.iter().for_each(Move::carry_out);
    owner::run(|| {
        spi::execute(
            "UPDATE governance.binding SET schema_name = $2 WHERE schema_name = $1",
            &[before.into(), now.into()],
        );
        // Names that relations of the schema left are names of both schemas now.
        spi::execute(
            "INSERT INTO governance.former_name (schema_name, relation_name, now_schema_name, now_relation_name)
             SELECT $2, relation_name, now_schema_name, now_relation_name
               FROM governance.former_name
              WHERE schema_name = $1 AND (now_schema_name, now_relation_name) <> ($2, relation_name)
             ON CONFLICT DO NOTHING",
            &[before.into(), now.into()],
        );
    });
    let quoted = |schema: &str| format!("schema:{}", pgrx::spi::quote_identifier(schema));
    let is_named = has_levels(before) || mention::is_scope(&quoted(before));
    strictness::move_levels(&quoted(before), &quoted(now));
    mention::scope_renamed(&quoted(before), &quoted(now));
    if is_named || !moves.is_empty() {
        audit::act(Act {
            verb: "follow_rename",
            object: &quoted(now),
            relation: None,
            before: Some(json!({"scope": quoted(before)})),
            after: Some(json!({"scope": quoted(now), "relations": moves.len()})),
            reason: None,
        });
    }
    let mut stated = Vec::new();
    for step in moves {
        let relid = catalog::relation_oid(&step.now);
        stated.extend(relid.map(|relid| (relid, false)));
        step.finish(relid);
    }
    // Another schema of that name may have left names to relations that nothing is stated about.
    let named: Vec<Name> = owner::run(|| {
        spi::select(
            "SELECT schema_name, relation_name FROM governance.former_name WHERE schema_name = $1",
            &[now.into()],
            |r| Name { schema: r.must(1), relation: r.must(2) },
        )
    });
    for name in named {
        if let Some(relid) = catalog::relation_oid(&name) {
            take_over_former_name(relid, &name);
            if stated.iter().all(|(known, _)| *known != relid) {
                stated.push((relid, true));
            }
        }
    }
    cache::touch();
    stated
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
    let mut names: Vec<String> =
        owner::run(|| spi::select(&named.join(" UNION "), &[schema.into()], |r| r.must(1)));
    names.extend(mention::relations_of(schema));
    names.sort();
    names.dedup();
    names
}
