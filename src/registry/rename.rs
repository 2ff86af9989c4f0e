//! What moves when a relation, a column or a schema gets another name.
use super::identity::{self, bind, take_over_former_name};
pub use super::rename_schema::schema_renamed;
use super::stated::{self, Stated};
use super::strictness::{self, Strictness};
use super::{carry, carry_deprecation, doubt, mention, rename_proposal};
use crate::audit::{self, Act};
use crate::pg::catalog::Name;
use crate::pg::regclass::Relation;
use crate::pg::{cache, owner, spi};
use pgrx::pg_sys;
use serde_json::{Value, json};

/// Tables whose rows name a relation by `schema_name` and `relation_name` and follow it through renames: table, prefix
/// of those columns, and whether they name a column too, as `column_name`. A feature that stores relations by name adds
/// its table here, once for each relation that a row names.
pub(super) const FOLLOWERS: &[(&str, &str, bool)] = &[
    ("dataset", "", false),
    ("column_tag", "", true),
    ("former_column", "", false),
    ("consumer", "", false),
    ("deprecation", "", true),
    ("proposal", "", true),
    ("audited_relation", "", false),
    ("declared_writer", "", false),
    ("boundary_violation", "", false),
    ("waiver", "", false),
    ("column_read", "", true),
    ("read_watch", "", false),
    ("flow", "source_", true),
    ("flow", "target_", true),
];

/// A relation that gets another name, and how strictly it and what waits under that name are governed until then.
pub(super) struct Move {
    before: Name,
    pub(super) now: Name,
    /// Anything is stated about it, and not only remembered of what was forgotten.
    is_stated: bool,
    /// Something else is stated under the new name already, about a relation that is gone.
    doubtful: bool,
    at_least: Vec<Strictness>,
    waiting: carry::Carried,
    /// What is stated about it, and under the new name.
    was: Stated,
    waited: Stated,
}

impl Move {
    /// Looks before anything moves. `scopes_differ`: levels of the schema, not its own, may make a difference.
    pub(super) fn prepare(before: &Name, now: &Name, scopes_differ: bool) -> Move {
        let is_stated = identity::is_stated(before);
        let meets = is_stated && identity::is_stated(now);
        let mut at_least = Vec::new();
        if meets || scopes_differ && is_stated {
            at_least.push(strictness::of(before));
        }
        let mut waiting = None;
        if meets {
            at_least.push(strictness::of(now));
            waiting = carry::waiting(before, now);
        }
        let doubtful = waiting.is_some();
        let waiting = waiting.unwrap_or_default();
        let (was, waited) = (stated::of(before), stated::of(now));
        Move { before: before.clone(), now: now.clone(), is_stated, doubtful, at_least, waiting, was, waited }
    }

    /// Moves what names it, and remembers the name it leaves.
    pub(super) fn carry_out(&self) {
        move_rows(&self.before, &self.now);
        owner::run(|| {
            spi::execute(
                "UPDATE governance.former_name SET now_schema_name = $3, now_relation_name = $4
                  WHERE now_schema_name = $1 AND now_relation_name = $2",
                &rename_args(&self.before, &self.now),
            );
            if self.is_stated {
                spi::execute(
                    "INSERT INTO governance.former_name (schema_name, relation_name, now_schema_name, now_relation_name)
                     VALUES ($1, $2, $3, $4)
                     ON CONFLICT (schema_name, relation_name) DO UPDATE
                        SET now_schema_name = excluded.now_schema_name, now_relation_name = excluded.now_relation_name,
                            renamed_at = now()",
                    &rename_args(&self.before, &self.now),
                );
            }
        });
    }

    /// The strictest of all that was stated stays, and a person is asked where that is in doubt.
    pub(super) fn finish(mut self, relid: Option<pg_sys::Oid>) {
        let (before, now) = (&self.before.clone(), &self.now.clone());
        if let Some(relid) = relid {
            bind(relid, now);
        }
        cache::touch();
        let why = if self.doubtful {
            format!("{before} was renamed to a name that was governed already")
        } else {
            format!("it was {before}, where stricter levels hold")
        };
        if !self.at_least.is_empty() {
            self.waiting.add_levels(strictness::keep(now, &self.at_least, &why));
        }
        if self.doubtful || !self.waiting.is_empty() {
            doubt::ask(now, &why, &self.waiting);
        }
        record(relid, before, now, self.was, self.waited);
        if let Some(relid) = relid {
            take_over_former_name(relid, now);
        }
    }
}

/// The act of the log, where anything is stated: both names, what waited under the new one, and what is otherwise now.
fn record(relid: Option<pg_sys::Oid>, before: &Name, now: &Name, was: Stated, waited: Stated) {
    if was.is_empty() && waited.is_empty() {
        return;
    }
    let (mut old, mut new) = was.differences(now);
    old.insert("relation".into(), json!(before.to_string()));
    new.insert("relation".into(), json!(now.to_string()));
    if !waited.is_empty() {
        old.insert("waiting".into(), waited.into_json());
    }
    audit::act(Act {
        verb: "follow_rename",
        object: &now.to_string(),
        relation: relid.map(Relation),
        before: Some(Value::Object(old)),
        after: Some(Value::Object(new)),
        reason: None,
    });
}

/// A governed relation got another name or schema.
pub fn renamed(relid: pg_sys::Oid, before: &Name, now: &Name) {
    let schemas_differ = before.schema != now.schema
        && [&before.schema, &now.schema].into_iter().any(|schema| has_levels(schema));
    let step = Move::prepare(before, now, schemas_differ);
    step.carry_out();
    step.finish(Some(relid));
}

/// Whether levels are set for a schema.
pub(super) fn has_levels(schema: &str) -> bool {
    owner::run(|| {
        spi::select_one(
            "SELECT EXISTS (SELECT FROM governance.level WHERE scope = 'schema:' || quote_ident($1))",
            &[schema.into()],
            |r| r.must(1),
        )
    })
    .unwrap_or(false)
}

/// Everything that names a relation names it anew. Where the name was taken already, by what was stated about a relation
/// that is gone, the stricter of both stays.
fn move_rows(before: &Name, now: &Name) {
    carry_deprecation::unite(before, now);
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
            "DELETE FROM governance.former_column n USING governance.former_column o
              WHERE {same} AND o.column_name = n.column_name",
            "DELETE FROM governance.consumer n USING governance.consumer o WHERE {same} AND o.party = n.party",
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
        rename_proposal::make_way(&rename_args(before, now));
        for (table, prefix, _) in FOLLOWERS {
            spi::execute(
                &format!(
                    "UPDATE governance.{table} SET {prefix}schema_name = $3, {prefix}relation_name = $4
                      WHERE {prefix}schema_name = $1 AND {prefix}relation_name = $2"
                ),
                &rename_args(before, now),
            );
        }
        spi::execute(
            "UPDATE governance.read_gap SET scope = 'dataset:' || format('%I.%I', $3::text, $4::text)
              WHERE scope = 'dataset:' || format('%I.%I', $1::text, $2::text)",
            &rename_args(before, now),
        );
        rename_proposal::name_anew();
        // What is in quarantine has to be found again; and a table in quarantine has left its name to others. Before that a
        // rename voids the plan, and what has been done by then has to be found to be taken back.
        spi::execute(
            "UPDATE governance.change SET schema_name = $3, relation_name = $4,
                    fingerprint = CASE state WHEN 'contracted' THEN fingerprint ELSE 'renamed' END
              WHERE schema_name = $1 AND relation_name = $2
                AND CASE WHEN state = 'contracted' THEN quarantine_name IS NULL OR $2 = $4
                         ELSE state IN ('proposed', 'approved', 'expanding', 'ready') AND NOT whole END",
            &rename_args(before, now),
        );
    });
    strictness::move_levels(&format!("dataset:{before}"), &format!("dataset:{now}"));
    mention::relation_renamed(before, now);
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
