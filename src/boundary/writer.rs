//! Declared writers.
use crate::audit::{self, Act, triggers};
use crate::error;
use crate::pg::catalog::{self, Name};
use crate::pg::regclass::Relation;
use crate::pg::{cache, owner, roles, spi};
use crate::registry::{dataset, duty, identity, restore, role};
use pgrx::pg_sys;
use serde_json::json;

/// Before each writing statement.
pub const TRIGGER: triggers::Kind = triggers::Kind {
    name: "data_governance_boundary_write",
    bits: 2 + 4 + 8 + 16 + 32,
    function: "_boundary_write",
};

/// Declares a writer. Declaring twice is no error.
pub fn declare(relation: Relation, writer: &str) {
    let name = dataset::governable(relation);
    identity::follow(relation.0);
    if !can_be_written(relation.0) {
        error::boundary::cannot_have_writers(&name).raise();
    }
    if roles::oid(writer).is_none() {
        error::registry::no_such_role(writer).raise();
    }
    role::follow();
    let before = declared(&name);
    let me = roles::name(roles::current());
    if !before.iter().any(|w| w == writer) {
        owner::run(|| {
            spi::execute(
                "INSERT INTO governance.declared_writer (schema_name, relation_name, role, declared_by, widens_by_xid)
                 VALUES ($1, $2, $3, $4, CASE WHEN $5 THEN pg_current_xact_id() END)",
                &[
                    name.schema.as_str().into(),
                    name.relation.as_str().into(),
                    writer.into(),
                    me.as_str().into(),
                    (!counting(&name).is_empty()).into(),
                ],
            )
        });
        audit::act(Act {
            verb: "declare_writer",
            object: &name.to_string(),
            relation: Some(relation),
            before: Some(json!({"writers": before})),
            after: Some(json!({"writers": declared(&name)})),
            reason: None,
        });
    }
    if role::bind("writer", writer) {
        cache::touch();
    }
    install(relation.0);
    identity::bind(relation.0, &name);
}

/// Forgets a writer. The last one takes the boundary with it, which weakens.
pub fn forget(relation: Relation, role: &str, reason: Option<&str>) {
    let name = relation.name();
    // Of those that count now: a writer added by this transaction does not replace one.
    let last = counting(&name).iter().all(|w| w == role);
    // Without any writer everybody may write again: that weakens, so it is the steward's.
    if last {
        duty::require_steward("forgetting the last writer", relation);
    } else {
        duty::require_owner("forgetting a writer", relation, false);
    }
    identity::follow(relation.0);
    let before = declared(&name);
    if !before.iter().any(|w| w == role) {
        error::boundary::not_a_writer(&name, role, &before).raise();
    }
    let reason =
        if last { Some(duty::reason_for("forget_writer", reason)) } else { reason.map(String::from) };
    owner::run(|| {
        let key = [name.schema.as_str().into(), name.relation.as_str().into(), role.into()];
        spi::execute(
            if last {
                "UPDATE governance.declared_writer SET forgotten_by_xid = pg_current_xact_id()
                  WHERE schema_name = $1 AND relation_name = $2 AND role = $3 AND forgotten_by_xid IS NULL"
            } else {
                "DELETE FROM governance.declared_writer
                  WHERE schema_name = $1 AND relation_name = $2 AND role = $3"
            },
            &key,
        )
    });
    audit::act(Act {
        verb: "forget_writer",
        object: &name.to_string(),
        relation: Some(relation),
        before: Some(json!({"writers": before})),
        after: Some(json!({"writers": declared(&name)})),
        reason: reason.as_deref(),
    });
}

/// Called after DDL with each relation it made or altered, when declarations have followed: new partitions and
/// children of a relation with declared writers get the trigger, and so does a new relation under its name. Not while a dump is restored, which brings them itself.
pub fn follow(relid: pg_sys::Oid) {
    if restore::is_restoring() {
        return;
    }
    if can_be_written(relid) && !catalog::is_temporary(relid) && !boundaries(relid).is_empty() {
        install(relid);
    }
}

/// Gives every relation with declared writers the trigger it lacks: after a restore.
pub fn ensure_all() {
    let bounded = owner::run(|| {
        spi::select(
            "SELECT DISTINCT c.oid FROM governance._declared_writer w JOIN pg_class c
                 ON c.oid = to_regclass(format('%I.%I', w.schema_name, w.relation_name))
              WHERE c.relkind IN ('r', 'p', 'f')",
            &[],
            |r| r.must::<pg_sys::Oid>(1),
        )
    });
    bounded.into_iter().for_each(install);
}

fn can_be_written(relid: pg_sys::Oid) -> bool {
    matches!(catalog::relation_kind(relid), Some(b'r' | b'p' | b'f'))
}

fn install(relid: pg_sys::Oid) {
    triggers::put(relid, &TRIGGER);
}

/// Roles declared and not forgotten, the running transaction's own included.
fn declared(name: &Name) -> Vec<String> {
    roles_in("governance.declared_writer WHERE forgotten_by_xid IS NULL AND", name)
}

/// Roles that count now.
fn counting(name: &Name) -> Vec<String> {
    roles_in("governance._declared_writer WHERE", name)
}

fn roles_in(source: &str, name: &Name) -> Vec<String> {
    owner::run(|| {
        spi::select(
            &format!(
                "SELECT DISTINCT role FROM {source} schema_name = $1 AND relation_name = $2 ORDER BY role"
            ),
            &[name.schema.as_str().into(), name.relation.as_str().into()],
            |r| r.must(1),
        )
    })
}

/// Relations with declared writers among a relation and what it is a partition or child of, nearest first, with those
/// that count. Read as of this moment: a cache is filled from it.
#[must_use]
pub fn boundaries(relid: pg_sys::Oid) -> Vec<(Name, Vec<String>)> {
    owner::run(|| {
        spi::select_latest(
            "WITH RECURSIVE up AS (
                SELECT $1::oid AS relid, 0 AS distance
                UNION ALL SELECT i.inhparent, up.distance + 1 FROM pg_inherits i JOIN up ON up.relid = i.inhrelid)
             SELECT n.nspname::text, c.relname::text, array_agg(DISTINCT w.role ORDER BY w.role)
               FROM up JOIN pg_class c ON c.oid = up.relid JOIN pg_namespace n ON n.oid = c.relnamespace
               JOIN governance._declared_writer w ON w.schema_name = n.nspname AND w.relation_name = c.relname
              GROUP BY 1, 2 ORDER BY min(up.distance), 1, 2",
            &[relid.into()],
            |r| (Name { schema: r.must(1), relation: r.must(2) }, r.must(3)),
        )
    })
}
