//! The old name of a relation that got another one: an updatable view, as long as somebody may use it.
use super::dependents;
use super::grants;
use super::quarantine::{name, reads};
use super::store::{self, Change};
use crate::error;
use crate::pg::catalog::{self, Name};
use crate::pg::{owner, roles, spi};
use pgrx::pg_sys;
use pgrx::spi::{quote_identifier, quote_literal};
use serde_json::Value;

/// Gives the relation its new name (or with `back` its old one), with the rights of its owner.
pub fn rename(change: &Change, args: &Value, back: bool) {
    let (to, how) = if back { (name(args, "from"), "back") } else { (name(args, "to"), "forth") };
    if catalog::relation_oid(&to).is_some() {
        error::change::relation_taken(&to).raise();
    }
    let relation = change.relation();
    let role = catalog::relation_owner(relation.0).unwrap_or(pg_sys::InvalidOid);
    let text = format!("ALTER TABLE {} {}", change.name, args[how].as_str().unwrap_or_default());
    owner::as_role(role, || {
        spi::execute(&text, &[]);
    });
    store::set_name(change.id, &to);
}

/// Columns of a relation with their comments.
#[must_use]
pub fn columns(relid: pg_sys::Oid) -> Vec<(String, Option<String>)> {
    owner::run(|| {
        spi::select(
            "SELECT attname::text, col_description(attrelid, attnum) FROM pg_attribute
              WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            &[relid.into()],
            |r| (r.must(1), r.get(2)),
        )
    })
}

/// The view in DDL.
#[must_use]
pub fn definition(from: &Name, to: &Name, columns: &[(String, Option<String>)]) -> String {
    let quoted: Vec<String> = columns.iter().map(|(c, _)| quote_identifier(c)).collect();
    format!("CREATE VIEW {from} WITH (security_invoker = true) AS SELECT {} FROM {to}", quoted.join(", "))
}

/// Makes the view: whoever uses it needs the same rights on it and, since it runs with the rights of its invoker, on the
/// relation. Row security, masks, defaults and triggers are the relation's.
pub fn make(change: &Change, args: &Value) {
    let (from, to, relation) = (name(args, "from"), name(args, "to"), change.relation());
    let owner = catalog::relation_owner(relation.0).map(roles::name).unwrap_or_default();
    let given = grants::of(relation);
    // The relation's owner need not be allowed to create anything in the schema that it leaves.
    owner::run(|| {
        let columns = columns(relation.0);
        run(&definition(&from, &to, &columns));
        run(&format!("ALTER VIEW {from} OWNER TO {}", quote_identifier(&owner)));
        grants::give(&from, &given);
        let comment: Option<String> =
            spi::select_one("SELECT obj_description($1, 'pg_class')", &[relation.0.into()], |r| r.get(1))
                .flatten();
        if let Some(comment) = comment {
            run(&format!("COMMENT ON VIEW {from} IS {}", quote_literal(comment)));
        }
        for (column, comment) in columns {
            if let Some(comment) = comment {
                let column = quote_identifier(column);
                run(&format!("COMMENT ON COLUMN {from}.{column} IS {}", quote_literal(comment)));
            }
        }
    });
}

/// Drops the view, unless something was built on it.
pub fn end(args: &Value) {
    let (from, to) = (name(args, "from"), name(args, "to"));
    let Some(relid) = view(&from, &to) else { return };
    let dependents = dependents::of(relid, None);
    if !dependents.is_empty() {
        error::change::old_name_used(&from, &to, &dependents).raise();
    }
    owner::run(|| run(&format!("DROP VIEW {from}")));
}

/// What was built on the view under the old name since the plan was made.
#[must_use]
pub fn dependents(args: &Value) -> Vec<String> {
    view(&name(args, "from"), &name(args, "to")).map(|relid| dependents::of(relid, None)).unwrap_or_default()
}

/// The view under the old name: somebody may have put something else there, which is dropped with nobody's rights but theirs.
fn view(from: &Name, to: &Name) -> Option<pg_sys::Oid> {
    let relation = catalog::relation_oid(to)?;
    catalog::relation_oid(from)
        .filter(|relid| catalog::relation_kind(*relid) == Some(b'v') && reads(*relid, relation))
}

fn run(statement: &str) {
    spi::execute(statement, &[]);
}

/// The relation behind a view under an old name; None where the view is anything else.
#[must_use]
pub fn behind(view: &Name) -> Option<Name> {
    if crate::registry::bare::has_no_changes() {
        return None;
    }
    owner::run(|| {
        // The statement's own snapshot may be older than what it has waited for.
        spi::select_latest(
            "SELECT schema_name, relation_name FROM governance.change
              WHERE kind IN ('rename', 'set_schema') AND state IN ('expanding', 'ready') AND aliases[1] = $1
                AND (schema_name, relation_name) <> ($2, $3)",
            &[view.to_string().into(), view.schema.as_str().into(), view.relation.as_str().into()],
            |r| Name { schema: r.must(1), relation: r.must(2) },
        )
    })
    .pop()
}
