//! Views that go into quarantine along with what they read.
use super::grants;
use super::store::{self, Change};
use crate::pg::catalog::{self, Name};
use crate::pg::regclass::Relation;
use crate::pg::{owner, spi};
use pgrx::pg_sys;
use pgrx::spi::quote_identifier;
use serde_json::Value;

/// A name in the arguments of a step.
#[must_use]
pub fn name(args: &Value, key: &str) -> Name {
    let part = |of: &str| args[key][of].as_str().unwrap_or_default().to_string();
    Name { schema: part("schema"), relation: part("relation") }
}

/// Puts a view under its reserved name, where nobody but its owner may use it. As the extension's owner: whoever owns a
/// table may take away the views of others that read it.
pub fn hide(change: &Change, args: &Value) {
    let (from, to) = (name(args, "from"), name(args, "to"));
    // Another view may bear its name by now.
    let Some(relid) = catalog::relation_oid(&from).filter(|view| reads(*view, change.relation().0)) else {
        return;
    };
    let given = grants::of(Relation(relid));
    owner::run(|| {
        rename(args, &from, &to);
        grants::take(&to, &given);
    });
    store::keep(change.id, args["key"].as_str().unwrap_or_default(), given);
}

/// Brings it back.
pub fn show(change: &Change, args: &Value) {
    let (from, to) = (name(args, "from"), name(args, "to"));
    if catalog::relation_oid(&to).is_none() {
        return; // another part of the wish has done it
    }
    owner::run(|| {
        rename(args, &to, &from);
        grants::give(&from, &change.kept[args["key"].as_str().unwrap_or_default()]);
    });
}

/// Whether a view reads a relation, directly or through others.
#[must_use]
pub fn reads(view: pg_sys::Oid, relid: pg_sys::Oid) -> bool {
    owner::run(|| {
        spi::select_latest(
            "WITH RECURSIVE read(relid) AS (
                SELECT $1::oid
                UNION SELECT d.refobjid
                  FROM read JOIN pg_rewrite w ON w.ev_class = read.relid
                  JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass)
             SELECT EXISTS (SELECT FROM read WHERE relid = $2)",
            &[view.into(), relid.into()],
            |r| r.must::<bool>(1),
        )
    })
    .contains(&true)
}

fn rename(args: &Value, from: &Name, to: &Name) {
    let word = args["word"].as_str().unwrap_or("VIEW");
    spi::execute(&format!("ALTER {word} {from} RENAME TO {}", quote_identifier(&to.relation)), &[]);
}

/// The views that the steps of a change put into quarantine, as long as they have their own names.
#[must_use]
pub fn planned(steps: &[store::Stored]) -> Vec<pg_sys::Oid> {
    steps
        .iter()
        .map(|s| &s.step.args)
        .filter(|args| args["routine"] == "hide_view")
        .filter_map(|args| catalog::relation_oid(&name(args, "from")))
        .collect()
}
